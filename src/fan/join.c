/*
 * fan/join.c -- join stamp: what the branches of one tee made of a frame is
 * brought together again, row by row. join by=key is in join_key.c.
 *
 * Frames come by (stamp, in), as to an ordered merge. Those of one stamp are
 * kept until each in has rows for them; when a frame with another stamp comes,
 * or the end, what is left has no partner.
 * Keeps: kept frames all have the stamp that is worked on, and each has rows
 * left; of an in there are as many as were declared.
 * Threads: the one that steps the stage's task.
 */
#include <stddef.h>
#include <string.h>

#include "fan/beside.h"
#include "fan/join_key.h"
#include "graph/graph.h"
#include <leat/stages.h>

#define JOIN_HOLD_DEFAULT 4u
#define JOIN_SIDE_BYTES   64u /* an allocator rounds up */

/* Frames of the stamp that is worked on, a ring. */
struct join_in {
	struct leat__head *heads; /* join->hold of them */
	uint32_t at;
	uint32_t n;
};

struct join {
	const struct leat_join_opts *opts;
	uint32_t hold;
	struct join_in *ins;
	struct leat__head **nexts; /* by in; NULL = nothing */
	uint64_t stamp;            /* that is worked on */
	struct leat__beside beside;
	bool is_by_key;
	struct leat__join_key key;
};

static int
join_end_in(struct leat_stage *st, uint32_t in)
{
	struct join *join = leat_stage_state(st);

	return leat__join_key_end_in(st, &join->key, in);
}

/* ---- before the run ------------------------------------------------------- */

static int
join_init(struct leat_stage *st, const void *opts)
{
	struct join *join = leat_stage_state(st);

	join->opts = opts;
	join->hold = join->opts->hold ? (uint32_t)join->opts->hold
				      : JOIN_HOLD_DEFAULT;
	join->is_by_key = join->opts->by == LEAT_JOIN_KEY ||
		(join->opts->on && *join->opts->on);
	st->is_ordered_merge = !join->is_by_key;
	/* as if it had never been negotiated */
	st->ops.out_layout = 0;
	st->ops.flags &= ~LEAT_STAGE_GATHERS;
	st->ops.end_in = NULL;
	if (join->is_by_key) {
		st->ops.flags |= LEAT_STAGE_GATHERS;
		st->ops.end_in = join_end_in;
		return leat__join_key_init(st, &join->key, opts);
	}
	if (join->opts->kind)
		return leat_stage_fail_at(st, LEAT_EINVAL, "by", 0, 0,
			"join: kind= is for by=key; by=stamp has missing=");
	/* and the open frame */
	leat_stage_needs(st)->holds = 1 + join->hold * leat_stage_n_ins(st);
	return LEAT_OK;
}

static int
join_alloc(struct leat_stage *st, struct join *join)
{
	uint32_t n = leat_stage_n_ins(st);
	size_t n_heads = (size_t)n * join->hold * sizeof(struct leat__head);
	size_t n_bytes =
		n_heads + n * (sizeof(*join->ins) + sizeof(*join->nexts));
	struct leat__head *heads;
	void *memory;
	int rc;

	leat_stage_needs(st)->side_bytes = JOIN_SIDE_BYTES + 2 * n_bytes;
	rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the ins");
	memset(memory, 0, n_bytes);
	heads = memory;
	join->ins = (struct join_in *)(void *)((uint8_t *)memory + n_heads);
	join->nexts = (struct leat__head **)(void *)(join->ins + n);
	for (uint32_t k = 0; k < n; k++)
		join->ins[k].heads = heads + (size_t)k * join->hold;
	return LEAT_OK;
}

static int
join_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct join *join = leat_stage_state(st);
	int rc;

	if (join->is_by_key)
		return leat__join_key_negotiate(st, &join->key, out);
	rc = join_alloc(st, join);
	if (rc)
		return rc;
	if (in->layout == LEAT_LAYOUT_ITEMS &&
		join->opts->missing == LEAT_JOIN_NULL)
		return leat_stage_fail_at(st, LEAT_EINVAL, "missing", 0, 0,
			"join: items have no nulls; accepted: drop, error");
	return leat__beside_negotiate(st, &join->beside, out);
}

/* ---- frames of one stamp --------------------------------------------------- */

static struct leat__head *
join_head(const struct join *join, uint32_t in)
{
	struct join_in *from = &join->ins[in];

	return from->n ? &from->heads[from->at] : NULL;
}

/* On to the next row of an in. */
static void
join_step(struct leat_stage *st, struct join *join, uint32_t in)
{
	struct join_in *from = &join->ins[in];
	struct leat__head *head = &from->heads[from->at];

	head->at++;
	if (!leat__head_is_used_up(head))
		return;
	leat_stage_release(st, head->frame);
	*head = (struct leat__head){0};
	from->at = (from->at + 1) % join->hold;
	from->n--;
}

/* The next row of each in; how many have one. */
static uint32_t
join_look(struct leat_stage *st, struct join *join)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++) {
		join->nexts[k] = join_head(join, k);
		n += join->nexts[k] != NULL;
	}
	return n;
}

/* One row of what is there. */
static int
join_row(struct leat_stage *st, struct join *join, uint32_t n_there)
{
	int rc = leat__beside_put(st, &join->beside, join->nexts);

	if (rc)
		return rc;
	leat_stage_count(st, LEAT_COUNT_MADE, 1);
	leat_stage_count(st, LEAT_COUNT_FOLDED, n_there);
	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++)
		if (join->nexts[k])
			join_step(st, join, k);
	return LEAT_OK;
}

/* As long as each in has a row. */
static int
join_pair(struct leat_stage *st, struct join *join)
{
	uint32_t n_ins = leat_stage_n_ins(st);
	int rc = LEAT_OK;

	while (!rc && join_look(st, join) == n_ins)
		rc = join_row(st, join, n_ins);
	return rc;
}

static int
join_fail(struct leat_stage *st, const struct join *join)
{
	uint32_t in = 0;

	while (join->nexts[in])
		in++;
	return leat_stage_fail(st, LEAT_EDATA,
		"join: in %u ('%s') has fewer rows than others for a frame of "
		"'%s'; missing=drop or missing=null would go on",
		in, st->ins[in]->from->name,
		st->begin ? st->begin->name : st->name);
}

/* Rows without a partner. */
static int
join_one_left(struct leat_stage *st, struct join *join, uint32_t n_there)
{
	if (join->opts->missing == LEAT_JOIN_ERROR)
		return join_fail(st, join);
	if (join->opts->missing == LEAT_JOIN_NULL)
		return join_row(st, join, n_there);
	leat_stage_count(st, LEAT_COUNT_FILTERED, n_there);
	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++)
		if (join->nexts[k])
			join_step(st, join, k);
	return LEAT_OK;
}

/* No more comes with this stamp. */
static int
join_settle(struct leat_stage *st, struct join *join)
{
	uint32_t n_there;
	int rc = LEAT_OK;

	while (!rc && (n_there = join_look(st, join)) > 0)
		rc = join_one_left(st, join, n_there);
	return rc;
}

/* ---- the stage ------------------------------------------------------------- */

static int
join_add(struct leat_stage *st, struct join *join, struct leat_frame *frame)
{
	uint32_t in = leat_stage_in(st);
	struct join_in *from = &join->ins[in];
	struct leat__head *head;

	if (from->n == join->hold)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"join: '%s' makes more than %u frames of one, and "
			"another branch has none for them; say hold=%u or more",
			st->ins[in]->from->name, join->hold, 2 * join->hold);
	head = &from->heads[(from->at + from->n++) % join->hold];
	leat__head_take(head, frame);
	leat__beside_note(&join->beside, frame);
	join->stamp = frame->stamp;
	return leat__beside_learn(st, &join->beside, in, head);
}

/* Is the frame in hand one that was added in an earlier call? */
static bool
join_has(const struct join *join, uint32_t in, const struct leat_frame *frame)
{
	const struct join_in *from = &join->ins[in];
	uint32_t last = (from->at + from->n - 1) % join->hold;

	return from->n && from->heads[last].frame == frame &&
		!from->heads[last].is_held;
}

/* What was in hand is the stage's now, if there is something left of it. */
static void
join_keep(struct join *join, uint32_t in)
{
	struct join_in *from = &join->ins[in];

	if (from->n)
		from->heads[(from->at + from->n - 1) % join->hold].is_held =
			true;
}

static int
join_process(struct leat_stage *st, struct leat_frame *in)
{
	struct join *join = leat_stage_state(st);
	uint32_t from = leat_stage_in(st);
	int rc = LEAT_OK;

	if (join->is_by_key)
		return leat__join_key_process(st, &join->key, in);
	if (in->n_items == 0) {
		leat_stage_release(st, in);
		return LEAT_OK;
	}
	leat__beside_enter(&join->beside);
	if (!join_has(join, from, in)) {
		if (in->stamp != join->stamp)
			rc = join_settle(st, join);
		if (!rc)
			rc = join_add(st, join, in);
	}
	if (!rc)
		rc = join_pair(st, join);
	if (!rc)
		join_keep(join, from);
	return rc;
}

static int
join_flush(struct leat_stage *st)
{
	struct join *join = leat_stage_state(st);

	if (join->is_by_key)
		return leat__join_key_flush(st, &join->key);
	leat__beside_enter(&join->beside);
	return leat__beside_flush(st, &join->beside);
}

/* The last stamp; then what that has made. */
static int
join_finish(struct leat_stage *st)
{
	struct join *join = leat_stage_state(st);
	int rc;

	if (join->is_by_key)
		return leat__join_key_finish(st, &join->key);
	leat__beside_enter(&join->beside);
	rc = join_settle(st, join);
	if (rc)
		return rc;
	return leat__beside_has_emitted(&join->beside) ? LEAT_MORE
						       : join_flush(st);
}

static void
join_fini(struct leat_stage *st)
{
	struct join *join = leat_stage_state(st);

	if (join->is_by_key)
		leat__join_key_fini(st, &join->key);
	for (uint32_t k = 0; join->ins && k < leat_stage_n_ins(st); k++)
		for (uint32_t n = 0; n < join->hold; n++)
			leat__head_fini(st, &join->ins[k].heads[n]);
	if (join->ins)
		leat_stage_free(st, join->ins[0].heads);
	join->ins = NULL;
	leat__beside_fini(st, &join->beside);
}

/* By stamps in the order of the tee, by a key in that of the key. */
static uint32_t
join_promises(struct leat_stage *st, uint32_t out)
{
	const struct join *join = leat_stage_state(st);

	(void)out;
	return join->is_by_key ? LEAT_PROMISE_SORTS : 0;
}

static const struct leat_option join_options[] = {
	{.name = "by",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_join_opts, by),
		.fallback = "stamp",
		.values = "stamp|key",
		.help = "what belongs together: rows of the same frame, or "
			"with the same key"},
	{.name = "on",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_join_opts, on),
		.help = "the key: columns that both are sorted by; says "
			"by=key"},
	{.name = "kind",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_join_opts, kind),
		.fallback = "inner",
		.values = "inner|left|anti",
		.help = "by=key: rows that meet one; all of the first; those "
			"that meet none"},
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_join_opts, memory_bytes),
		.min = 4096,
		.max = INT64_C(1) << 32,
		.fallback = "64M",
		.unit = "bytes",
		.help = "by=key: most that rows of one key may take; more is "
			"an error"},
	{.name = "missing",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_join_opts, missing),
		.fallback = "drop",
		.values = "drop|null|error",
		.help = "what rows without a partner are: filtered, with "
			"nulls"},
	{.name = "hold",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_join_opts, hold),
		.min = 1,
		.max = 256,
		.fallback = "4",
		.unit = "frames",
		.help = "most that a branch makes of one"},
	{.name = NULL},
};

const struct leat_stage_ops leat_join_ops = {
	LEAT_STAGE_OPS_INIT("join"),
	.summary = "the branches of a tee side by side, or two by a key",
	.help = "join stamp: what each branch made of a frame of the tee is "
		"brought "
		"together:\n"
		"the first row of each makes one row, then the second, and so "
		"on,\n"
		"with the columns of all of them, and where a name is there "
		"already\n"
		"it gets _2. A row for which a branch has none is dropped, or "
		"gets\n"
		"nulls, or is an error.\n"
		"\n"
		"    leat run 'read a.csv ! tee block name=t\n"
		"        t. ! select id,delay ! j.   t. ! select origin ! j.\n"
		"        join stamp name=j ! write c.csv'\n"
		"\n"
		"join on=KEY: each row of the first branch with every row of "
		"the second\n"
		"that has the same key; both are sorted by it, as by `sort`, "
		"and one\n"
		"that is not is an error. The key stands once in what comes "
		"out. A null\n"
		"meets nothing. kind=left keeps rows that meet none, with "
		"nulls;\n"
		"kind=anti only those. Rows of the second with one key are "
		"held "
		"in\n"
		"memory. A file that fits into memory need not be sorted: see "
		"lookup.\n"
		"\n"
		"    leat run 'read a.csv ! sort id ! j.  read b.csv ! sort id "
		"! j.\n"
		"        join on=id name=j ! write c.csv'\n",
	.state_bytes = sizeof(struct join),
	.opts_bytes = sizeof(struct leat_join_opts),
	.options = join_options,
	.n_ins = LEAT_ENDS_ANY,
	.in_layouts = LEAT_LAYOUT_TABLE | LEAT_LAYOUT_ITEMS,
	.init = join_init,
	.negotiate = join_negotiate,
	.process = join_process,
	.flush = join_flush,
	.finish = join_finish,
	.fini = join_fini,
	.promises = join_promises,
};
