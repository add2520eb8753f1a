/*
 * graph/wanted.c -- which columns of a table is anybody going to look at?
 *
 * Asked by who makes tables, of the stages behind it, each of which says what
 * it looks at and whether the rest goes on. Who does not say looks at all; so
 * does one with hooks, which may be anybody's.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "base/atomic.h"
#include "graph/graph.h"
#include <leat/table.h>

static bool wanted_behind(const struct leat_stage *st,
	const struct leat_schema *schema, bool *wanted);

/* false: all of them, or nobody knows. */
static bool
wanted_by(struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	if (!st->ops.wants || st->has_fallback || st->isolation ||
		leat__load_relaxed(&st->hooks))
		return false;
	switch (st->ops.wants(st, schema, wanted)) {
	case LEAT_WANTS_THESE:
		return true;
	case LEAT_WANTS_REST_PASSES:
		return wanted_behind(st, schema, wanted);
	default:
		return false;
	}
}

/* No circle is without a stage that does not say: one of two ins. */
static bool
wanted_behind(const struct leat_stage *st, const struct leat_schema *schema,
	bool *wanted)
{
	for (uint32_t k = 0; k < st->n_outs; k++)
		if (!wanted_by(st->outs[k]->to, schema, wanted))
			return false;
	return st->n_outs > 0;
}

uint32_t
leat_stage_columns_wanted(const struct leat_stage *st,
	const struct leat_schema *schema, bool *wanted)
{
	uint32_t n = 0;

	memset(wanted, 0, schema->n_columns * sizeof(*wanted));
	if (st->has_fallback || !wanted_behind(st, schema, wanted))
		memset(wanted, 1, schema->n_columns * sizeof(*wanted));
	for (uint32_t k = 0; k < schema->n_columns; k++)
		n += wanted[k];
	return n;
}
