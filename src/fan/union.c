/*
 * fan/union.c -- union: tables of all ins, one after the other as they come,
 * with the columns of the first by their names.
 *
 * Frames get another schema, and nothing else of them is touched. Fields may
 * have different types on different ins: a type is what is read out of a text,
 * so one is taken that holds for all.
 * Keeps: all schemas that go out have the same names and types in the same
 * order. Threads: the one that steps the stage's task.
 */
#include <string.h>

#include "graph/graph.h"
#include <leat/stages.h>
#include <leat/table.h>

#define UNION_SIDE_BYTES (1u << 20) /* for an in's columns, by replica */

/* What belongs to a schema of an in. Frames with it may still be on their way,
 * and replicas have one each, so it stays. */
struct union_bound {
	struct union_bound *next;
	const struct leat_schema *from;
	struct leat_schema *to;
};

struct union_state {
	struct leat_schema *like; /* names and types; NULL = not known */
	uint32_t first;           /* whose in it is */
	struct union_bound *all;
	struct union_bound *bound; /* of the frame in work */
};

/* ---- columns ---------------------------------------------------------------- */

static int
union_copy(struct leat_stage *st, const struct leat_schema *from,
	const struct leat_schema *like, struct leat_schema **to_out)
{
	size_t n_columns = like->n_columns * sizeof(struct leat_column);
	struct leat_schema *to;
	void *memory;
	int rc = leat_stage_alloc(st, sizeof(*to) + n_columns, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	to = memory;
	*to = *from;
	to->n_columns = like->n_columns;
	to->columns = memcpy(to + 1, like->columns, n_columns);
	*to_out = to;
	return LEAT_OK;
}

static struct leat_column *
union_columns(struct leat_schema *schema)
{
	return (struct leat_column *)(void *)(schema + 1);
}

static const char *
union_in_name(const struct leat_stage *st, uint32_t in)
{
	return st->ins[in]->from->name;
}

static int
union_fail_type(struct leat_stage *st, const struct union_state *s, uint32_t in,
	const struct leat_column *a, const struct leat_column *b)
{
	return leat_stage_fail(st, LEAT_EINVAL,
		"union: column '%.64s' is %s from '%s' and %s from '%s'; cast "
		"makes them alike",
		a->name, leat_type_name(a->type), union_in_name(st, s->first),
		leat_type_name(b->type), union_in_name(st, in));
}

static bool
union_is_alike(const struct leat_column *a, const struct leat_column *b)
{
	return a->type == b->type && a->scale == b->scale;
}

/* A type that both can be read as. */
static void
union_widen(struct leat_column *a, const struct leat_column *b)
{
	bool is_number =
		(a->type == LEAT_TYPE_INT64 || a->type == LEAT_TYPE_FLOAT64) &&
		(b->type == LEAT_TYPE_INT64 || b->type == LEAT_TYPE_FLOAT64);

	if (union_is_alike(a, b))
		return;
	if (a->type != b->type)
		a->type = is_number ? LEAT_TYPE_FLOAT64 : LEAT_TYPE_TEXT;
	if (a->scale < b->scale)
		a->scale = b->scale;
}

/* Has b a column that a has not? */
static const char *
union_missing(const struct leat_schema *a, const struct leat_schema *b)
{
	for (uint32_t k = 0; k < b->n_columns; k++) {
		const char *name = b->columns[k].name;

		if (leat_schema_find(a, name, strlen(name)) < 0)
			return name;
	}
	return NULL;
}

static int
union_check_names(struct leat_stage *st, const struct union_state *s,
	uint32_t in, const struct leat_schema *schema)
{
	const char *less = union_missing(schema, s->like);
	const char *more = union_missing(s->like, schema);

	if (!less && !more)
		return LEAT_OK;
	return leat_stage_fail(st, LEAT_EINVAL,
		"union: '%s' has %s column '%.64s', which '%s' has%s; select "
		"makes them alike",
		union_in_name(st, in), less ? "no" : "a", less ? less : more,
		union_in_name(st, s->first), less ? "" : " not");
}

/* Of an in that is known before the start. */
static int
union_learn(struct leat_stage *st, struct union_state *s, uint32_t in,
	const struct leat_schema *schema)
{
	int rc;

	if (!s->like) {
		s->first = in;
		return union_copy(st, schema, schema, &s->like);
	}
	rc = union_check_names(st, s, in, schema);
	for (uint32_t k = 0; !rc && k < s->like->n_columns; k++) {
		struct leat_column *a = &union_columns(s->like)[k];
		const struct leat_column *b = &schema->columns[leat_schema_find(
			schema, a->name, strlen(a->name))];

		if (a->field != LEAT_FIELD_NONE && b->field != LEAT_FIELD_NONE)
			union_widen(a, b);
		else if (!union_is_alike(a, b))
			rc = union_fail_type(st, s, in, a, b);
	}
	return rc;
}

static int
union_set_columns(struct leat_stage *st, const struct union_state *s,
	uint32_t in, struct union_bound *bound)
{
	struct leat_column *columns = union_columns(bound->to);

	for (uint32_t k = 0; k < s->like->n_columns; k++) {
		const struct leat_column *like = &s->like->columns[k];

		columns[k] = bound->from->columns[leat_schema_find(
			bound->from, like->name, strlen(like->name))];
		if (columns[k].field == LEAT_FIELD_NONE &&
			!union_is_alike(like, &columns[k]))
			return union_fail_type(st, s, in, like, &columns[k]);
		columns[k].name = like->name;
		columns[k].type = like->type;
		columns[k].scale = like->scale;
	}
	return LEAT_OK;
}

/* The schema for tables of an in: its columns, in the order of all. */
static int
union_bind_new(struct leat_stage *st, struct union_state *s, uint32_t in,
	const struct leat_schema *from)
{
	struct union_bound *bound;
	void *memory;
	int rc = LEAT_OK;

	if (!s->like)
		rc = union_learn(st, s, in, from);
	if (!rc)
		rc = union_check_names(st, s, in, from);
	if (rc)
		return rc;
	rc = leat_stage_alloc(st, sizeof(*bound), &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	bound = memory;
	*bound = (struct union_bound){s->all, from, NULL};
	rc = union_copy(st, from, s->like, &bound->to);
	if (!rc)
		rc = union_set_columns(st, s, in, bound);
	if (!rc)
		s->all = s->bound = bound;
	return rc;
}

static int
union_bind(struct leat_stage *st, struct union_state *s, uint32_t in,
	const struct leat_schema *from)
{
	struct union_bound *bound = s->bound;

	if (!bound || bound->from != from)
		for (bound = s->all; bound && bound->from != from;)
			bound = bound->next;
	s->bound = bound;
	return bound ? LEAT_OK : union_bind_new(st, s, in, from);
}

/* ---- the stage -------------------------------------------------------------- */

static int
union_init(struct leat_stage *st, const void *opts)
{
	uint64_t n = leat_stage_n_ins(st);

	(void)opts;
	leat_stage_needs(st)->side_bytes = UNION_SIDE_BYTES * (n + 1);
	return LEAT_OK;
}

static int
union_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct union_state *s = leat_stage_state(st);
	int rc = LEAT_OK;

	(void)in;
	for (uint32_t k = 0; !rc && k < leat_stage_n_ins(st); k++) {
		const struct leat_schema *schema =
			st->ins[k]->from->out_shape.schema;

		if (schema)
			rc = union_learn(st, s, k, schema);
	}
	out->schema = s->like;
	return rc;
}

static int
union_process(struct leat_stage *st, struct leat_frame *in)
{
	struct union_state *s = leat_stage_state(st);
	uint32_t from = leat_stage_in(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = union_bind(st, s, from, t.schema);
	if (rc)
		return rc;
	leat_table_set_schema(&t, s->bound->to);
	return leat_stage_emit(st, 0, in);
}

const struct leat_stage_ops leat_union_ops = {
	LEAT_STAGE_OPS_INIT("union"),
	.flags = LEAT_STAGE_IN_PLACE,
	.summary = "tables with the same columns, one after the other",
	.help = "Rows of all ins as they come, with the columns in the order "
		"of the\n"
		"first; those of the others are found by name. An in that has "
		"more or\n"
		"less columns is an error. Where types of fields differ, "
		"int64 and\n"
		"float64 are float64, all else is string.\n"
		"\n"
		"    leat run 'read a.csv ! u.   read b.csv ! u.\n"
		"        union name=u ! write c.csv'\n",
	.state_bytes = sizeof(struct union_state),
	.n_ins = LEAT_ENDS_ANY,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = union_init,
	.negotiate = union_negotiate,
	.process = union_process,
};
