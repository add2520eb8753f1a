/*
 * fan/merge.c -- merge: all branches into one, as their frames come, or in the
 * order of their stamps.
 *
 * Keeps: the order of each branch. As they come: the branches take turns, so
 * none that has frames waits for more than one frame of each other. By stamps:
 * the task (src/run) takes the least head, once no other in can bring a lesser
 * one. Tables of all branches have the same columns.
 * Threads: the one that steps the stage's task.
 */
#include <stddef.h>
#include <string.h>

#include "graph/graph.h"
#include <leat/stages.h>
#include <leat/table.h>

static bool
schema_is_alike(const struct leat_schema *a, const struct leat_schema *b)
{
	if (!a || !b || a == b)
		return true; /* known at run time */
	if (a->n_columns != b->n_columns)
		return false;
	for (uint32_t k = 0; k < a->n_columns; k++)
		if (strcmp(a->columns[k].name, b->columns[k].name) != 0)
			return false;
	return true;
}

static int
merge_init(struct leat_stage *st, const void *opts)
{
	const struct leat_merge_opts *o = opts;

	st->is_ordered_merge = o->order == LEAT_MERGE_STAMP;
	return LEAT_OK;
}

static int
merge_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)out;
	for (uint32_t k = 1; k < st->n_ins; k++) {
		const struct leat_stage *from = st->ins[k]->from;

		if (!schema_is_alike(in->schema, from->out_shape.schema))
			return leat_stage_fail(st, LEAT_EINVAL,
				"merge: the columns of '%s' and '%s' differ; "
				"put select before one of them",
				st->ins[0]->from->name, from->name);
	}
	return LEAT_OK;
}

static int
merge_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static const struct leat_option merge_options[] = {
	{.name = "order",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_merge_opts, order),
		.fallback = "coming",
		.values = "coming|stamp",
		.help = "as they come, or as before the tee or split"},
	{.name = NULL},
};

const struct leat_stage_ops leat_merge_ops = {
	LEAT_STAGE_OPS_INIT("merge"),
	.summary = "all branches into one",
	.help = "The order of each branch is kept; between branches it is that "
		"of\n"
		"their coming, or, with order=stamp, that in which frames came "
		"to\n"
		"the tee or split at which all of them begin. All have the "
		"same\n"
		"layout, and tables the same columns.\n"
		"\n"
		"    leat run 'read a.csv ! m.  read b.csv ! m.\n"
		"        merge name=m ! write c.csv'\n",
	.opts_bytes = sizeof(struct leat_merge_opts),
	.options = merge_options,
	.n_ins = LEAT_ENDS_ANY,
	.init = merge_init,
	.negotiate = merge_negotiate,
	.process = merge_process,
};
