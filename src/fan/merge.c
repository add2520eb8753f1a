/*
 * fan/merge.c -- merge: all branches into one, as their frames come, in the
 * order of their stamps, or sorted (merge_key.c).
 *
 * Keeps: the order of each branch. As they come: the branches take turns, so
 * none that has frames waits for more than one frame of each other. By stamps:
 * the task (src/run) takes the least head, once no other in can bring a lesser
 * one. Tables of all branches have the same columns.
 * Threads: the one that steps the stage's task.
 */
#include <stddef.h>

#include "fan/merge_key.h"
#include "graph/graph.h"
#include <leat/stages.h>
#include <leat/table.h>

struct merge {
	bool is_by_key;
	struct leat__merge_key key;
};

static int
merge_end_in(struct leat_stage *st, uint32_t in)
{
	struct merge *merge = leat_stage_state(st);

	return leat__merge_key_end_in(st, &merge->key, in);
}

static int
merge_flush(struct leat_stage *st)
{
	struct merge *merge = leat_stage_state(st);

	return leat__merge_key_flush(st, &merge->key);
}

static int
merge_init(struct leat_stage *st, const void *opts)
{
	const struct leat_merge_opts *o = opts;
	struct merge *merge = leat_stage_state(st);

	st->is_ordered_merge = o->order == LEAT_MERGE_STAMP;
	merge->is_by_key = o->order == LEAT_MERGE_KEY;
	/* as if it had never been negotiated */
	st->ops.flags &= ~LEAT_STAGE_GATHERS;
	st->ops.out_layout = 0;
	st->ops.flush = NULL;
	st->ops.end_in = NULL;
	if (o->key[0] && !merge->is_by_key)
		return leat_stage_fail_at(st, LEAT_EINVAL, "key", 0, 0,
			"merge: a key is for order=key");
	if (!merge->is_by_key)
		return LEAT_OK;
	st->ops.flags |= LEAT_STAGE_GATHERS;
	st->ops.flush = merge_flush;
	st->ops.end_in = merge_end_in;
	return leat__merge_key_init(st, &merge->key, o->key);
}

static int
merge_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct merge *merge = leat_stage_state(st);

	for (uint32_t k = 1; k < st->n_ins; k++) {
		const struct leat_stage *from = st->ins[k]->from;
		const struct leat_shape *shape = leat__link_shape(st->ins[k]);

		if (!leat__merge_is_alike(in->schema, shape->schema))
			return leat_stage_fail(st, LEAT_EINVAL,
				"merge: the columns of '%s' and '%s' differ; "
				"put select before one of them",
				st->ins[0]->from->name, from->name);
	}
	return merge->is_by_key
		? leat__merge_key_negotiate(st, &merge->key, in, out)
		: LEAT_OK;
}

static int
merge_process(struct leat_stage *st, struct leat_frame *in)
{
	struct merge *merge = leat_stage_state(st);

	if (merge->is_by_key)
		return leat__merge_key_process(st, &merge->key, in);
	return leat_stage_emit(st, 0, in);
}

static void
merge_fini(struct leat_stage *st)
{
	struct merge *merge = leat_stage_state(st);

	if (merge->is_by_key)
		leat__merge_key_fini(st, &merge->key);
}

static uint32_t
merge_promises(struct leat_stage *st, uint32_t out)
{
	struct merge *merge = leat_stage_state(st);

	(void)out;
	if (merge->is_by_key)
		return LEAT_PROMISE_SORTS;
	return st->is_ordered_merge ? 0 : LEAT_PROMISE_MIXES;
}

static const struct leat_option merge_options[] = {
	{.name = "order",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_merge_opts, order),
		.fallback = "coming",
		.values = "coming|stamp|key",
		.help = "as they come, as before the tee, or key:COLUMNS"},
	{.name = "key",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_merge_opts, key),
		.help = "columns that all ins are sorted by: date desc,origin"},
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
		"order=key:COLUMNS merges branches that are sorted by these: "
		"nulls\n"
		"first, then numbers, then text by its bytes, and equal rows "
		"by\n"
		"the number of the branch. A column may be followed by desc "
		"(all\n"
		"the other way round) or text (numbers too by their bytes); "
		"more\n"
		"are separated by commas. Items have the key:item. A branch "
		"that\n"
		"is not sorted is an error, with the place and both values. "
		"The\n"
		"branches may hang together nowhere else in the graph.\n"
		"\n"
		"    leat run 'read a.csv ! m.  read b.csv ! m.\n"
		"        merge order=key:date name=m ! write c.csv'\n"
		"\n"
		"    leat run 'read a.csv ! m.  read b.csv ! m.\n"
		"        merge name=m ! write c.csv'\n",
	.state_bytes = sizeof(struct merge),
	.opts_bytes = sizeof(struct leat_merge_opts),
	.options = merge_options,
	.n_ins = LEAT_ENDS_ANY,
	.init = merge_init,
	.negotiate = merge_negotiate,
	.process = merge_process,
	.fini = merge_fini,
	.promises = merge_promises,
};
