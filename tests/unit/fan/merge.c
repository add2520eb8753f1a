#include "stages.h"

#include "run/run.h"
#include <leat/table.h>

/* n sources into one merge, and a sink that does not look at the order. */
static void
merge_open(struct fan *fan, uint32_t n_ins, uint64_t n, uint32_t capacity)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = n, .per_frame = 1};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};

	memset(fan, 0, sizeof(*fan));
	sink.seen = &fan->seen[0];
	ck_assert_int_eq(
		leat_graph_create(&opts, &fan->graph, &fan->err), LEAT_OK);
	fan->out = fan_add(fan, &leat_merge_ops, NULL);
	for (uint32_t k = 0; k < n_ins; k++)
		fan_link(fan, fan_add(fan, &numbers_ops, &numbers), 0, fan->out,
			k, capacity);
	fan->sinks[0] = fan_add(fan, &sink_ops, &sink);
	fan_link(fan, fan->out, 0, fan->sinks[0], 0, capacity);
}

START_TEST(everything_from_every_branch_arrives)
{
	for (uint32_t n_ins = 1; n_ins <= 9; n_ins += 4) {
		struct fan fan;

		merge_open(&fan, n_ins, 1000, 1);
		fan_run(&fan);
		ck_assert_uint_eq(fan.seen[0].n, n_ins * 1000);
		ck_assert_uint_eq(
			fan.seen[0].sum, n_ins * (1000ull * 1001 / 2));
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

START_TEST(a_split_and_a_merge_lose_nothing)
{
	struct leat_split_opts opts = {
		LEAT_OPTS_INIT(leat_split_opts), .by = LEAT_SPLIT_CREDIT};
	struct leat_step step = {&leat_split_ops, &opts};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct leat_stage *merge;
	struct fan fan;

	fan_open(&fan, 3000, &step, 0, NULL);
	merge = fan_add(&fan, &leat_merge_ops, NULL);
	for (uint32_t k = 0; k < 4; k++) {
		struct leat_stage *st = fan_add(&fan, &add_ops, NULL);

		fan_link(&fan, fan.out, k, st, 0, 1);
		fan_link(&fan, st, 0, merge, k, 1);
	}
	sink.seen = &fan.seen[0];
	fan_link(&fan, merge, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 3000);
	ck_assert_uint_eq(fan.seen[0].sum, 3000ull * 3001 / 2 + 3000);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(nobody_waits_for_a_branch_that_has_nothing)
{
	/* a source without end and one that has ended; the sink stops both */
	struct numbers_opts none = {LEAT_OPTS_INIT(numbers_opts), .n = 1};
	struct numbers_opts endless = {LEAT_OPTS_INIT(numbers_opts)};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .enough = 500};
	struct fan fan;

	memset(&fan, 0, sizeof(fan));
	sink.seen = &fan.seen[0];
	ck_assert_int_eq(
		leat_graph_create(NULL, &fan.graph, &fan.err), LEAT_OK);
	fan.out = fan_add(&fan, &leat_merge_ops, NULL);
	fan_link(&fan, fan_add(&fan, &numbers_ops, &none), 0, fan.out, 0, 1);
	fan_link(&fan, fan_add(&fan, &numbers_ops, &endless), 0, fan.out, 1, 1);
	fan_link(&fan, fan.out, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	fan_run(&fan);
	ck_assert_uint_ge(fan.seen[0].n, 500);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(a_merge_into_which_nothing_flows_is_refused)
{
	struct fan fan;

	merge_open(&fan, 0, 1, 1);
	fan_refused(&fan, "nothing flows into stage 'merge'");
}
END_TEST

/* ---- tables ------------------------------------------------------------- */

static const struct leat_column columns_ab[] = {{.name = "a"}, {.name = "b"}};
static const struct leat_column columns_ac[] = {{.name = "a"}, {.name = "c"}};
static const struct leat_column columns_again[] = {
	{.name = "a"}, {.name = "b"}};
static const struct leat_schema schemas[] = {
	{.n_columns = 2, .columns = columns_ab},
	{.n_columns = 2, .columns = columns_ac},
	{.n_columns = 1, .columns = columns_ab},
	{.n_columns = 2, .columns = columns_again},
};

struct none_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t schema;
	uint32_t reserved;
};

static int
none_init(struct leat_stage *st, const void *opts)
{
	const struct none_opts **o = leat_stage_state(st);

	*o = opts;
	return LEAT_OK;
}

static int
none_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	const struct none_opts **o = leat_stage_state(st);

	(void)in;
	out->schema = &schemas[(*o)->schema];
	return LEAT_OK;
}

static int
none_produce(struct leat_stage *st)
{
	(void)st;
	return LEAT_EOS;
}

static const struct leat_stage_ops none_ops = {LEAT_STAGE_OPS_INIT("none"),
	.state_bytes = sizeof(void *), .opts_bytes = sizeof(struct none_opts),
	.out_layout = LEAT_LAYOUT_TABLE, .init = none_init,
	.negotiate = none_negotiate, .produce = none_produce};

static int
drop_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops drop_ops = {LEAT_STAGE_OPS_INIT("drop"),
	.flags = LEAT_STAGE_SINK, .process = drop_process};

static void
tables_open(struct fan *fan, uint32_t a, uint32_t b)
{
	struct none_opts opts = {LEAT_OPTS_INIT(none_opts), .schema = a};

	memset(fan, 0, sizeof(*fan));
	ck_assert_int_eq(
		leat_graph_create(NULL, &fan->graph, &fan->err), LEAT_OK);
	fan->out = fan_add(fan, &leat_merge_ops, NULL);
	fan_link(fan, fan_add(fan, &none_ops, &opts), 0, fan->out, 0, 1);
	opts.schema = b;
	fan_link(fan, fan_add(fan, &none_ops, &opts), 0, fan->out, 1, 1);
	fan_link(fan, fan->out, 0, fan_add(fan, &drop_ops, NULL), 0, 1);
}

START_TEST(tables_of_the_same_columns_are_merged_and_others_refused)
{
	struct fan fan;

	tables_open(&fan, 0, 0);
	fan_run(&fan);
	leat_graph_destroy(fan.graph);
	tables_open(&fan, 0, 3);
	fan_run(&fan);
	leat_graph_destroy(fan.graph);
	tables_open(&fan, 0, 1);
	fan_refused(&fan, "the columns of 'none' and 'none2' differ");
	tables_open(&fan, 0, 2);
	fan_refused(&fan, "the columns of 'none' and 'none2' differ");
}
END_TEST

/* ---- in order ------------------------------------------------------------ */

/* Each branch drops what its kind drops; slow ones wait now and then. */
static int
late_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t item = *(const uint64_t *)(const void *)in->data;

	if (item % 7 == 0)
		(void)!leat_ctx_wait(leat_stage_ctx(st), leat_now_ns() + 20000);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops late_ops = {LEAT_STAGE_OPS_INIT("late"),
	.flags = LEAT_STAGE_BLOCKING, .process = late_process};

/* A split or a tee, n branches of these stages, an ordered merge, a sink. */
static void
ordered_open(struct fan *fan, uint64_t n, const struct leat_step *step,
	const struct leat_stage_ops *const *branches, uint32_t n_branches)
{
	struct leat_merge_opts order = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct leat_stage *merge;

	fan_open(fan, n, step, 0, NULL);
	merge = fan_add(fan, &leat_merge_ops, &order);
	for (uint32_t k = 0; k < n_branches; k++) {
		struct leat_stage *st = fan_add(fan, branches[k], NULL);

		fan_link(fan, fan->out, k, st, 0, 1);
		fan_link(fan, st, 0, merge, k, 1);
	}
	sink.seen = &fan->seen[0];
	fan->sinks[0] = fan_add(fan, &sink_ops, &sink);
	fan_link(fan, merge, 0, fan->sinks[0], 0, 1);
}

START_TEST(the_order_before_the_split_is_restored)
{
	static const struct leat_stage_ops *const branches[] = {
		&late_ops, &pass_ops, &late_ops, &pass_ops};

	for (uint32_t by = LEAT_SPLIT_ROUND; by <= LEAT_SPLIT_CREDIT; by++) {
		struct leat_split_opts opts = {
			LEAT_OPTS_INIT(leat_split_opts), .by = by};
		struct leat_step step = {&leat_split_ops, &opts};
		struct fan fan;

		ordered_open(&fan, 600, &step, branches, 4);
		fan_run(&fan);
		ck_assert_uint_eq(fan.seen[0].n, 600);
		ck_assert_uint_eq(fan.seen[0].n_back, 0);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

START_TEST(a_branch_that_drops_everything_holds_nobody_up)
{
	/* all odd numbers go to branch 0, which drops even ones: none; all even
	 * ones to branch 1, which drops them all */
	static const struct leat_stage_ops *const branches[] = {
		&odd_ops, &odd_ops};
	struct leat_split_opts opts = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_step step = {&leat_split_ops, &opts};
	struct fan fan;

	ordered_open(&fan, 3000, &step, branches, 2);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 1500);
	ck_assert_uint_eq(fan.seen[0].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(copies_of_a_tee_stand_side_by_side)
{
	static const struct leat_stage_ops *const branches[] = {
		&late_ops, &pass_ops};
	struct leat_tee_opts opts = {
		LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};
	struct leat_step step = {&leat_tee_ops, &opts};
	struct fan fan;

	ordered_open(&fan, 500, &step, branches, 2);
	fan_run(&fan);
	/* 1 1 2 2 3 3: each second one is not greater than the one before */
	ck_assert_uint_eq(fan.seen[0].n, 1000);
	ck_assert_uint_eq(fan.seen[0].sum, 500ull * 501);
	ck_assert_uint_eq(fan.seen[0].n_back, 500);
	ck_assert_uint_eq(fan.seen[0].last, 500);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(frames_shared_above_are_numbered_in_copies_of_their_own)
{
	static const struct leat_stage_ops *const branches[] = {
		&pass_ops, &pass_ops};
	struct leat_split_opts by = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_tee_opts slow = {
		LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};
	struct leat_merge_opts order = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct leat_step step = {&leat_tee_ops, &slow};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct fan fan;

	fan_open(&fan, 1000, &step, 1, NULL);
	for (uint32_t d = 1; d <= 2; d++) { /* two diamonds below one tee */
		struct leat_stage *split = fan_add(&fan, &leat_split_ops, &by);
		struct leat_stage *merge =
			fan_add(&fan, &leat_merge_ops, &order);

		fan_link(&fan, fan.out, d, split, 0, 1);
		for (uint32_t k = 0; k < 2; k++) {
			struct leat_stage *st =
				fan_add(&fan, branches[k], NULL);

			fan_link(&fan, split, k, st, 0, 1);
			fan_link(&fan, st, 0, merge, k, 1);
		}
		sink.seen = &fan.seen[d];
		fan_link(&fan, merge, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	}
	fan_run(&fan);
	for (uint32_t k = 0; k < 3; k++) {
		ck_assert_uint_eq(fan.seen[k].n, 1000);
		ck_assert_uint_eq(fan.seen[k].n_back, 0);
	}
	leat_graph_destroy(fan.graph);
}
END_TEST

/* Between two ends: dealt in turn to two branches, merged in order. On one of
 * them, or in its place, there is another such block, down to this depth. */
static void
block_add(struct fan *fan, struct leat_stage *from, uint32_t out,
	struct leat_stage **end_out, uint32_t depth)
{
	struct leat_split_opts by = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_merge_opts order = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct leat_stage *split = fan_add(fan, &leat_split_ops, &by);
	struct leat_stage *merge = fan_add(fan, &leat_merge_ops, &order);

	fan_link(fan, from, out, split, 0, 1);
	for (uint32_t k = 0; k < 2; k++) {
		struct leat_stage *st = split;
		uint32_t at = k;

		if (depth > 0 && k == 0) {
			block_add(fan, split, 0, &st, depth - 1);
			at = 0;
		}
		if (depth == 0 || k == 1) {
			st = fan_add(fan, k ? &odd_ops : &late_ops, NULL);
			fan_link(fan, split, k, st, 0, 1);
			at = 0;
		}
		fan_link(fan, st, at, merge, k, 1);
	}
	*end_out = merge;
}

START_TEST(branches_on_branches_keep_the_order_of_all)
{
	for (uint32_t depth = 1; depth <= 4; depth++) {
		struct leat_tee_opts slow = {
			LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};
		struct leat_step step = {&leat_tee_ops, &slow};
		struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
		struct leat_stage *end;
		struct fan fan;

		fan_open(&fan, 800, &step, 1, NULL);
		sink.seen = &fan.seen[1];
		block_add(&fan, fan.out, 1, &end, depth);
		fan_link(&fan, end, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
		fan_run(&fan);
		ck_assert_uint_ge(fan.seen[1].n, 400);
		ck_assert_uint_le(fan.seen[1].n, 800);
		ck_assert_uint_eq(fan.seen[1].n_back, 0);
		ck_assert_uint_eq(fan.seen[0].n, 800);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

/* A split of two branches; on the first these stages and an inner block. */
struct inner {
	const struct leat_stage_ops *before;
	struct leat_step begin;
	uint64_t n, per_frame;
};

static void
inner_open(struct fan *fan, const struct inner *inner)
{
	struct leat_split_opts by = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_merge_opts order = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
		.n = inner->n, .per_frame = inner->per_frame};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct leat_stage *split, *merge, *before, *begin, *end;

	memset(fan, 0, sizeof(*fan));
	sink.seen = &fan->seen[0];
	ck_assert_int_eq(
		leat_graph_create(NULL, &fan->graph, &fan->err), LEAT_OK);
	split = fan_add(fan, &leat_split_ops, &by);
	merge = fan_add(fan, &leat_merge_ops, &order);
	before = fan_add(fan, inner->before, NULL);
	begin = fan_add(fan, inner->begin.ops, inner->begin.opts);
	end = fan_add(fan, &leat_merge_ops, &order);
	fan_link(fan, fan_add(fan, &numbers_ops, &numbers), 0, split, 0, 4);
	fan_link(fan, split, 0, before, 0, 4);
	fan_link(fan, before, 0, begin, 0, 1);
	for (uint32_t k = 0; k < 2; k++) {
		struct leat_stage *st = fan_add(fan, &pass_ops, NULL);

		fan_link(fan, begin, k, st, 0, 1);
		fan_link(fan, st, 0, end, k, 4);
	}
	fan_link(fan, end, 0, merge, 0, 1);
	fan_link(fan, split, 1, merge, 1, 4);
	fan_link(fan, merge, 0, fan_add(fan, &sink_ops, &sink), 0, 1);
}

START_TEST(frames_made_before_inner_branches_keep_their_place)
{
	struct leat_split_opts by = {LEAT_OPTS_INIT(leat_split_opts)};
	struct inner inner = {.before = &single_ops,
		.begin = {&leat_split_ops, &by},
		.n = 7000,
		.per_frame = 7};
	struct fan fan;

	inner_open(&fan, &inner);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 7000);
	ck_assert_uint_eq(fan.seen[0].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(copies_of_an_inner_tee_stand_side_by_side)
{
	struct leat_tee_opts slow = {
		LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};
	struct inner inner = {.before = &pass_ops,
		.begin = {&leat_tee_ops, &slow},
		.n = 1000,
		.per_frame = 1};
	struct fan fan;

	inner_open(&fan, &inner);
	fan_run(&fan);
	/* 1 1 2 3 3 4 */
	ck_assert_uint_eq(fan.seen[0].n, 1500);
	ck_assert_uint_eq(fan.seen[0].sum, 500500 + 500ull * 500);
	ck_assert_uint_eq(fan.seen[0].n_back, 500);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(a_sink_that_has_enough_ends_branches_on_branches)
{
	struct leat_split_opts by = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_step step = {&leat_split_ops, &by};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .enough = 50};
	struct leat_stage *end;
	struct fan fan;

	fan_open(&fan, 0, &step, 0, NULL);
	sink.seen = &fan.seen[1];
	block_add(&fan, fan.out, 0, &end, 2);
	fan_link(&fan, end, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	fan_run(&fan);
	ck_assert_uint_ge(fan.seen[1].n, 50);
	ck_assert_uint_eq(fan.seen[1].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* ---- numbers that come to their end ------------------------------------- */

struct twin {
	uint64_t n;
};

/* A source with two outs: to each of them in turn. */
static int
twin_produce(struct leat_stage *st)
{
	struct twin *twin = leat_stage_state(st);
	struct leat_frame *frame;
	int rc;

	if (twin->n == 400)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc)
		return rc;
	*(uint64_t *)(void *)frame->data = ++twin->n;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, twin->n % 3 == 0, frame);
}

static const struct leat_stage_ops twin_ops = {LEAT_STAGE_OPS_INIT("twin"),
	.n_outs = 2, .state_bytes = sizeof(struct twin),
	.out_layout = LEAT_LAYOUT_ITEMS, .item_bytes = 8,
	.needs = {.frame_bytes = 4096}, .produce = twin_produce};

START_TEST(branches_may_begin_at_a_source)
{
	struct leat_merge_opts order = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct leat_stage *source, *merge;
	struct fan fan;

	memset(&fan, 0, sizeof(fan));
	sink.seen = &fan.seen[0];
	ck_assert_int_eq(
		leat_graph_create(NULL, &fan.graph, &fan.err), LEAT_OK);
	source = fan_add(&fan, &twin_ops, NULL);
	merge = fan_add(&fan, &leat_merge_ops, &order);
	for (uint32_t k = 0; k < 2; k++) {
		struct leat_stage *st = fan_add(&fan, &pass_ops, NULL);

		fan_link(&fan, source, k, st, 0, 1);
		fan_link(&fan, st, 0, merge, k, 1);
	}
	fan_link(&fan, merge, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 400);
	ck_assert_uint_eq(fan.seen[0].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* Of the stage behind it, all numbers but some have been used up. */
static int
spend_open(struct leat_stage *st)
{
	struct leat__task *task = st->outs[0]->to->task;

	task->fork_stamp = LEAT__STAMP_LAST - 10;
	return LEAT_OK;
}

static int
spend_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops spend_ops = {LEAT_STAGE_OPS_INIT("spend"),
	.flags = LEAT_STAGE_BLOCKING, .open = spend_open,
	.process = spend_process};

/* Of its own. */
static int
late_twin_open(struct leat_stage *st)
{
	struct leat__task *task = st->task;

	task->next_stamp = LEAT__STAMP_LAST - 10;
	return LEAT_OK;
}

START_TEST(a_source_without_stamps_says_so)
{
	struct leat_stage_ops ops = twin_ops;
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct leat_stage *source;
	struct fan fan;

	memset(&fan, 0, sizeof(fan));
	ops.open = late_twin_open;
	ck_assert_int_eq(
		leat_graph_create(NULL, &fan.graph, &fan.err), LEAT_OK);
	source = fan_add(&fan, &ops, NULL);
	for (uint32_t k = 0; k < 2; k++) {
		sink.seen = &fan.seen[k];
		fan_link(
			&fan, source, k, fan_add(&fan, &sink_ops, &sink), 0, 1);
	}
	ck_assert_int_eq(leat_graph_run(fan.graph, &fan.err), LEAT_ELIMIT);
	ck_assert_str_eq(fan.err.stage, "twin");
	ck_assert_msg(strstr(fan.err.text, "used up its stamps") != NULL, "%s",
		fan.err.text);
	ck_assert_uint_le(fan.seen[0].n + fan.seen[1].n, 9);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(a_split_without_numbers_says_so)
{
	struct leat_split_opts by = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_merge_opts order = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct leat_step step = {&spend_ops, NULL};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct leat_stage *split, *merge;
	struct fan fan;

	fan_open(&fan, 100, &step, 0, NULL);
	sink.seen = &fan.seen[0];
	split = fan_add(&fan, &leat_split_ops, &by);
	merge = fan_add(&fan, &leat_merge_ops, &order);
	fan_link(&fan, fan.out, 0, split, 0, 1);
	fan_link(&fan, split, 0, merge, 0, 1);
	fan_link(&fan, split, 1, merge, 1, 1);
	fan_link(&fan, merge, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	ck_assert_int_eq(leat_graph_run(fan.graph, &fan.err), LEAT_ELIMIT);
	ck_assert_str_eq(fan.err.stage, "split");
	ck_assert_msg(strstr(fan.err.text, "used up its stamps") != NULL, "%s",
		fan.err.text);
	ck_assert_uint_le(fan.seen[0].n, 10);
	ck_assert_uint_eq(fan.seen[0].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(an_ordered_merge_of_one_branch_passes_on)
{
	static const struct leat_stage_ops *const branches[] = {&pass_ops};
	struct leat_split_opts opts = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_step step = {&leat_split_ops, &opts};
	struct fan fan;

	ordered_open(&fan, 300, &step, branches, 1);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 300);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(branches_that_begin_apart_are_refused)
{
	struct leat_merge_opts order = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = 1};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct fan fan;

	memset(&fan, 0, sizeof(fan));
	sink.seen = &fan.seen[0];
	ck_assert_int_eq(
		leat_graph_create(NULL, &fan.graph, &fan.err), LEAT_OK);
	fan.out = fan_add(&fan, &leat_merge_ops, &order);
	for (uint32_t k = 0; k < 2; k++)
		fan_link(&fan, fan_add(&fan, &numbers_ops, &numbers), 0,
			fan.out, k, 1);
	fan_link(&fan, fan.out, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	fan_refused(&fan, "they must all begin at one tee or split");
}
END_TEST

START_TEST(a_stage_that_holds_frames_is_emptied_after_each)
{
	static const struct leat_stage_ops *const branches[] = {
		&pass_ops, &hold_ops, &late_ops};
	struct leat_split_opts opts = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_step step = {&leat_split_ops, &opts};
	struct fan fan;

	ordered_open(&fan, 900, &step, branches, 3);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 900);
	ck_assert_uint_eq(fan.seen[0].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(one_that_cannot_be_emptied_is_refused)
{
	struct leat_stage_ops ops = hold_ops;
	const struct leat_stage_ops *branches[] = {&pass_ops, &ops};
	struct leat_split_opts opts = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_step step = {&leat_split_ops, &opts};
	struct fan fan;

	ops.flush = NULL;
	ordered_open(&fan, 10, &step, branches, 2);
	fan_refused(&fan, "keeps frames back");
}
END_TEST

static int
lazy_flush(struct leat_stage *st)
{
	(void)st;
	return LEAT_OK;
}

START_TEST(one_that_holds_frames_after_a_flush_is_told_so)
{
	struct leat_stage_ops ops = hold_ops;
	const struct leat_stage_ops *branches[] = {&pass_ops, &ops};
	struct leat_split_opts opts = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_step step = {&leat_split_ops, &opts};
	struct fan fan;

	ops.flush = lazy_flush;
	ordered_open(&fan, 10, &step, branches, 2);
	ck_assert_int_eq(leat_graph_run(fan.graph, &fan.err), LEAT_EBUG);
	ck_assert_msg(strstr(fan.err.text, "left behind by a flush") != NULL,
		"%s", fan.err.text);
	ck_assert_str_eq(fan.err.stage, "hold");
	leat_graph_destroy(fan.graph);
}
END_TEST

TEST_MAIN("fan/merge", everything_from_every_branch_arrives,
	a_split_and_a_merge_lose_nothing,
	nobody_waits_for_a_branch_that_has_nothing,
	a_merge_into_which_nothing_flows_is_refused,
	tables_of_the_same_columns_are_merged_and_others_refused,
	the_order_before_the_split_is_restored,
	a_branch_that_drops_everything_holds_nobody_up,
	copies_of_a_tee_stand_side_by_side,
	frames_shared_above_are_numbered_in_copies_of_their_own,
	branches_on_branches_keep_the_order_of_all,
	frames_made_before_inner_branches_keep_their_place,
	copies_of_an_inner_tee_stand_side_by_side,
	a_sink_that_has_enough_ends_branches_on_branches,
	branches_may_begin_at_a_source, a_source_without_stamps_says_so,
	a_split_without_numbers_says_so,
	an_ordered_merge_of_one_branch_passes_on,
	branches_that_begin_apart_are_refused,
	a_stage_that_holds_frames_is_emptied_after_each,
	one_that_cannot_be_emptied_is_refused,
	one_that_holds_frames_after_a_flush_is_told_so)
