#include <stdio.h>
#include <stdlib.h>

#include "fan/hash_ring.h"
#include "fan/split.h"
#include "graph/graph.h"
#include "stages.h"
#include "support/pipe.h"

static struct leat_step
split_step(struct leat_split_opts *opts, uint32_t by, const char *weights)
{
	*opts = (struct leat_split_opts){
		LEAT_OPTS_INIT(leat_split_opts), .by = by, .weights = weights};
	return (struct leat_step){&leat_split_ops, opts};
}

static uint64_t
seen_sum(const struct fan *fan, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < n; k++)
		sum += fan->seen[k].sum;
	return sum;
}

START_TEST(in_turn_each_branch_gets_its_share_whatever_the_schedule)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_ROUND, NULL);
	struct fan fan;

	fan_open(&fan, 3001, &step, 3, NULL);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 1001);
	ck_assert_uint_eq(fan.seen[1].n, 1000);
	ck_assert_uint_eq(fan.seen[2].n, 1000);
	/* 1, 4, 7, ... */
	ck_assert_uint_eq(fan.seen[0].sum, 1001 + 3ull * 1000 * 1001 / 2);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(weights_are_frames_in_a_turn)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_WEIGHT, "3,1");
	struct fan fan;

	fan_open(&fan, 4000, &step, 2, NULL);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 3000);
	ck_assert_uint_eq(fan.seen[1].n, 1000);
	ck_assert_uint_eq(fan.seen[0].n_back + fan.seen[1].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(by_credit_nothing_is_lost_and_each_branch_keeps_its_order)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_CREDIT, NULL);
	struct fan fan;

	fan_open(&fan, 5000, &step, 4, NULL);
	fan_run(&fan);
	ck_assert_uint_eq(seen_sum(&fan, 4), 5000ull * 5001 / 2);
	for (uint32_t k = 0; k < 4; k++)
		ck_assert_uint_eq(fan.seen[k].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* Takes a frame, and no other before the run has nothing left to do. */
struct stuck_opts {
	uint32_t size;
	uint32_t flags;
	const struct sink_seen *until;
	uint64_t n;
};

static int
stuck_init(struct leat_stage *st, const void *opts)
{
	const struct stuck_opts **o = leat_stage_state(st);

	*o = opts;
	return LEAT_OK;
}

static int
stuck_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct stuck_opts **o = leat_stage_state(st);

	while (__atomic_load_n(&(*o)->until->n, __ATOMIC_ACQUIRE) < (*o)->n)
		if (leat_ctx_wait(leat_stage_ctx(st), leat_now_ns() + 100000) ==
			LEAT_OK)
			return LEAT_ECANCELED;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops stuck_ops = {LEAT_STAGE_OPS_INIT("stuck"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(void *), .opts_bytes = sizeof(struct stuck_opts),
	.init = stuck_init, .process = stuck_process};

START_TEST(by_credit_a_branch_that_is_stuck_holds_nobody_up)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_CREDIT, NULL);
	struct stuck_opts stuck = {
		LEAT_OPTS_INIT(stuck_opts), .n = 997}; /* all but 3 */
	struct fan fan;

	stuck.until = &fan.seen[0];
	fan_open(&fan, 1000, &step, 1, NULL);
	fan_link(&fan, fan.out, 1, fan_add(&fan, &stuck_ops, &stuck), 0, 2);
	fan_run(&fan);
	ck_assert_uint_ge(fan.seen[0].n, 997);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(a_branch_that_wants_no_more_is_left_out)
{
	static const uint64_t enough[] = {1, 0, 1};

	for (uint32_t by = LEAT_SPLIT_ROUND; by <= LEAT_SPLIT_CREDIT; by++) {
		struct leat_split_opts opts;
		struct leat_step step = split_step(&opts, by, NULL);
		struct leat_graph_stats stats;
		struct fan fan;

		fan_open(&fan, 2000, &step, 3, enough);
		fan_run(&fan);
		leat_graph_stats(fan.graph, &stats);
		/* each of the two that closed has had what was on its way */
		ck_assert_uint_ge(fan.seen[1].n, 2000 - 2 * 3 - 2);
		ck_assert_uint_eq(stats.read, 2000);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

START_TEST(when_no_branch_wants_more_the_source_ends)
{
	static const uint64_t enough[] = {5, 5};

	for (uint32_t by = LEAT_SPLIT_ROUND; by <= LEAT_SPLIT_CREDIT; by++) {
		struct leat_split_opts opts;
		struct leat_step step = split_step(&opts, by, NULL);
		struct fan fan;

		fan_open(&fan, 0, &step, 2, enough);
		fan_run(&fan);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

/* ---- by key -------------------------------------------------------------- */

/* What each branch should get of the numbers 1 to n. */
struct shares {
	uint64_t n[FAN_BRANCHES_MAX];
	uint64_t sum[FAN_BRANCHES_MAX];
};

static void
shares_add(struct shares *shares, uint32_t out, uint64_t number)
{
	shares->n[out]++;
	shares->sum[out] += number;
}

static void
shares_by_ring(struct shares *shares, uint64_t n, uint32_t n_branches)
{
	struct leat__fan_branch branches[FAN_BRANCHES_MAX];
	struct leat__fan_hash_ring ring;

	memset(shares, 0, sizeof(*shares));
	for (uint32_t k = 0; k < n_branches; k++)
		branches[k] = (struct leat__fan_branch){k, 1};
	ck_assert_int_eq(leat__fan_hash_ring_init(&ring, leat__env_posix(),
				 branches, n_branches),
		LEAT_OK);
	for (uint64_t k = 1; k <= n; k++)
		shares_add(shares,
			leat__fan_hash_ring_lookup(
				&ring, leat__fan_hash(&k, sizeof(k))),
			k);
	leat__fan_hash_ring_fini(&ring);
}

static void
expect_share(const struct fan *fan, const struct shares *shares, uint32_t out)
{
	ck_assert_uint_eq(fan->seen[out].n, shares->n[out]);
	ck_assert_uint_eq(fan->seen[out].sum, shares->sum[out]);
	ck_assert_uint_eq(fan->seen[out].n_back, 0);
}

static void
run_by_key(uint64_t per_frame, uint32_t n_branches)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_KEY, NULL);
	struct shares shares;
	struct fan fan;

	shares_by_ring(&shares, 20000, n_branches);
	fan_open_wide(&fan, 20000, per_frame, &step, n_branches, NULL);
	fan_run(&fan);
	for (uint32_t k = 0; k < n_branches; k++)
		expect_share(&fan, &shares, k);
	leat_graph_destroy(fan.graph);
}

START_TEST(by_key_each_item_goes_where_its_key_belongs_in_order)
{
	for (uint32_t n = 1; n <= FAN_BRANCHES_MAX; n += 2) {
		run_by_key(1, n);
		run_by_key(3, n);
		run_by_key(100, n);
		run_by_key(512, n);
	}
}
END_TEST

START_TEST(by_hash_range_weights_are_parts_of_all_hashes)
{
	struct leat_split_opts opts;
	struct leat_step step =
		split_step(&opts, LEAT_SPLIT_HASH_RANGE, "1,2,1");
	struct shares shares = {{0}, {0}};
	struct fan fan;

	for (uint64_t k = 1; k <= 20000; k++) {
		uint64_t quarter = leat__fan_hash(&k, sizeof(k)) >> 62;

		shares_add(&shares, quarter == 0 ? 0 : quarter == 3 ? 2 : 1, k);
	}
	fan_open_wide(&fan, 20000, 64, &step, 3, NULL);
	fan_run(&fan);
	for (uint32_t k = 0; k < 3; k++)
		expect_share(&fan, &shares, k);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(keys_of_a_branch_that_wants_no_more_are_filtered)
{
	static const uint64_t enough[] = {0, 7, 0};
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_KEY, NULL);
	struct leat_graph_stats stats;
	struct shares shares;
	struct fan fan;

	shares_by_ring(&shares, 5000, 3);
	fan_open_wide(&fan, 5000, 20, &step, 3, enough);
	fan_run(&fan);
	leat_graph_stats(fan.graph, &stats);
	expect_share(&fan, &shares, 0);
	expect_share(&fan, &shares, 2);
	ck_assert_uint_lt(fan.seen[1].n, shares.n[1]);
	ck_assert_uint_ge(stats.filtered, shares.n[1] - fan.seen[1].n);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* Writes into each item which frame it came in. */
static int
self_process(struct leat_stage *st, struct leat_frame *in)
{
	*(uintptr_t *)(void *)in->data = (uintptr_t)in;
	return leat_stage_emit(st, 0, in);
}

static int
itself_process(struct leat_stage *st, struct leat_frame *in)
{
	ck_assert_uint_eq(*(const uintptr_t *)(void *)in->data, (uintptr_t)in);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops self_ops = {LEAT_STAGE_OPS_INIT("self"),
	.flags = LEAT_STAGE_IN_PLACE, .in_layouts = LEAT_LAYOUT_ITEMS,
	.process = self_process};
static const struct leat_stage_ops itself_ops = {LEAT_STAGE_OPS_INIT("itself"),
	.flags = LEAT_STAGE_SINK, .process = itself_process};

START_TEST(a_frame_of_one_branch_passes_as_it_is)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_KEY, NULL);
	struct leat_step self = {&self_ops, NULL};
	struct leat_stage *split;
	struct fan fan;

	fan_open(&fan, 2000, &self, 0, NULL);
	split = fan_add(&fan, step.ops, step.opts);
	fan_link(&fan, fan.out, 0, split, 0, 1);
	for (uint32_t k = 0; k < 3; k++)
		fan_link(
			&fan, split, k, fan_add(&fan, &itself_ops, NULL), 0, 1);
	fan_run(&fan);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* ---- rows of tables and lines --------------------------------------------- */

static void
run_text(const char *text, struct leat_graph_stats *stats)
{
	struct leat_error err;

	ck_assert_msg(pipe_run(text, stats, &err) == LEAT_OK, "%s", err.text);
}

START_TEST(rows_of_a_table_follow_their_key_however_it_is_quoted)
{
	pipe_enter_folder();
	pipe_put_text(
		"in.csv", "i,k\n1,x\n2,y\n3,\"x\"\n4,z\n5,y\n6,x\n7,\"y\"\n");
	run_text("read in.csv ! split key=k name=s "
		 "s. ! write a.csv s. ! write b.csv",
		NULL);
	pipe_file_holds("a.csv", "i,k\n1,x\n3,\"x\"\n6,x\n");
	pipe_file_holds("b.csv", "i,k\n2,y\n4,z\n5,y\n7,\"y\"\n");
	run_text("read in.csv ! split hash-range key=i name=s "
		 "s. ! write a.csv s. ! write b.csv",
		NULL);
	pipe_file_holds("b.csv", "i,k\n1,x\n4,z\n5,y\n7,\"y\"\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(lines_follow_their_text)
{
	pipe_enter_folder();
	pipe_put_text("in.txt", "x\ny\nx\nz\ny\n");
	run_text("read in.txt ! split key name=s "
		 "s. ! write a.txt s. ! write b.txt",
		NULL);
	pipe_file_holds("a.txt", "x\nx\n");
	pipe_file_holds("b.txt", "y\nz\ny\n");
	pipe_leave_folder();
}
END_TEST

/* 3 000 rows of 50 keys, every tenth without one. */
static void
put_rows(void)
{
	static char text[3000 * 20];
	char *at = text + sprintf(text, "i,k\n");

	for (uint32_t k = 0; k < 3000; k++)
		at += k % 10 ? sprintf(at, "%u,key%u\n", k, k * k % 50)
			     : sprintf(at, "%u,\n", k);
	pipe_put_text("in.csv", text);
}

START_TEST(behind_an_ordered_merge_every_run_gives_the_same)
{
	static const char text[] =
		"read in.csv chunk_bytes=4k ! csv.parse ! split key=k name=s "
		"s. ! m. s. ! m. s. ! m. "
		"merge stamp name=m ! csv.format ! write out.csv";
	char *first, *again;
	size_t n;

	pipe_enter_folder();
	put_rows();
	run_text(text, NULL);
	first = pipe_get_file("out.csv", &n);
	ck_assert_uint_gt(n, 20000);
	for (uint32_t k = 0; k < 20; k++) {
		run_text(text, NULL);
		again = pipe_get_file("out.csv", &n);
		ck_assert_str_eq(again, first);
		free(again);
	}
	free(first);
	pipe_leave_folder();
}
END_TEST

START_TEST(on_ordered_branches_rows_without_a_key_go_with_the_most)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "i,k\n1,x\n2,y\n3,y\n4,\n");
	run_text("read in.csv ! split key=k name=s s. ! m. s. ! m. "
		 "merge stamp name=m ! write out.csv",
		NULL);
	pipe_file_holds("out.csv", "i,k\n1,x\n2,y\n3,y\n4,\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(rows_without_a_key_go_where_there_is_room)
{
	pipe_enter_folder();
	put_rows();
	run_text("read in.csv chunk_bytes=4k ! csv.parse ! "
		 "split key=k name=s s. ! where \"k is null\" ! m. "
		 "s. ! where \"k is null\" ! m. "
		 "merge name=m ! count ! csv.format ! write n.csv",
		NULL);
	pipe_file_holds("n.csv", "count\n300\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(branches_of_branches_have_their_rows_once)
{
	pipe_enter_folder();
	put_rows();
	run_text("read in.csv chunk_bytes=4k ! csv.parse ! "
		 "split key=k name=s s. ! m. "
		 "s. ! where \"i > 5\" ! split key=i name=r "
		 "r. ! where \"i > 5\" ! m. r. ! m. "
		 "merge name=m ! where \"i > 5\" ! count ! csv.format ! "
		 "write n.csv",
		NULL);
	pipe_file_holds("n.csv", "count\n2994\n");
	pipe_leave_folder();
}
END_TEST

/* ---- how many branches are active ------------------------------------------ */

static void
run_active(uint32_t by, uint32_t n)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(
		&opts, by, by == LEAT_SPLIT_WEIGHT ? "1,2,3,4" : NULL);
	uint32_t n_active = n < 1 ? 1 : n < 4 ? n : 4;
	struct fan fan;

	fan_open_wide(&fan, 3000, 5, &step, 4, NULL);
	ck_assert_int_eq(leat_graph_check(fan.graph, NULL), LEAT_OK);
	leat__split_set_active(fan.out, n);
	fan_run(&fan);
	for (uint32_t k = n_active; k < 4; k++)
		ck_assert_uint_eq(fan.seen[k].n, 0);
	/* by credit it may be that one has room each time */
	for (uint32_t k = 0; k < n_active && by != LEAT_SPLIT_CREDIT; k++)
		ck_assert_uint_gt(fan.seen[k].n, 0);
	/* two halves of all hashes */
	if (by == LEAT_SPLIT_HASH_RANGE && n == 2)
		ck_assert_uint_lt(fan.seen[1].n, 1700);
	ck_assert_uint_eq(seen_sum(&fan, 4), 3000ull * 3001 / 2);
	leat_graph_destroy(fan.graph);
}

START_TEST(only_active_branches_get_frames_however_it_splits)
{
	for (uint32_t by = LEAT_SPLIT_ROUND; by <= LEAT_SPLIT_HASH_RANGE; by++)
		for (uint32_t n = 0; n <= 5; n++)
			run_active(by, n);
}
END_TEST

/* Passes items on; at one of them the split behind it is changed. */
struct changer {
	struct leat_stage *split;
	uint64_t at;
	uint32_t n_active;
};

struct changer_opts {
	uint32_t size;
	uint32_t flags;
	const struct changer *changer;
};

static int
changer_init(struct leat_stage *st, const void *opts)
{
	const struct changer **changer = leat_stage_state(st);

	*changer = ((const struct changer_opts *)opts)->changer;
	return LEAT_OK;
}

static int
changer_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct changer *changer =
		*(const struct changer **)leat_stage_state(st);
	const uint64_t *items = (const uint64_t *)(void *)in->data;

	if (items[0] == changer->at)
		leat__split_set_active(changer->split, changer->n_active);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops changer_ops = {
	LEAT_STAGE_OPS_INIT("changer"), .flags = LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct changer_opts), .init = changer_init,
	.process = changer_process};

/* From 3 branches to 1 at item 1000, on another thread. */
static void
change_midway(uint32_t by)
{
	struct changer changer = {.at = 1000, .n_active = 1};
	struct changer_opts changer_opts = {
		LEAT_OPTS_INIT(changer_opts), .changer = &changer};
	struct leat_step step = {&changer_ops, &changer_opts};
	struct leat_split_opts opts;
	struct leat_step split = split_step(&opts, by, NULL);
	struct fan fan;

	fan_open(&fan, 2000, &step, 0, NULL);
	changer.split = fan_add(&fan, split.ops, split.opts);
	fan_link(&fan, fan.out, 0, changer.split, 0, 1);
	for (uint32_t k = 0; k < 3; k++) {
		struct sink_opts sink = {
			LEAT_OPTS_INIT(sink_opts), .seen = &fan.seen[k]};

		fan_link(&fan, changer.split, k,
			fan_add(&fan, &sink_ops, &sink), 0, 1);
	}
	fan_run(&fan);
	ck_assert_uint_eq(seen_sum(&fan, 3), 2000ull * 2001 / 2);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_uint_eq(fan.seen[k].n_back, 0);
	ck_assert_uint_eq(fan.seen[0].last, 2000);
	ck_assert_uint_lt(fan.seen[1].last, 1000);
	ck_assert_uint_lt(fan.seen[2].last, 1000);
	ck_assert_uint_gt(fan.seen[1].n + fan.seen[2].n, 0);
	leat_graph_destroy(fan.graph);
}

START_TEST(a_change_midway_holds_from_the_next_frame_on)
{
	change_midway(LEAT_SPLIT_ROUND);
	change_midway(LEAT_SPLIT_KEY);
	change_midway(LEAT_SPLIT_HASH_RANGE);
}
END_TEST

/* ---- what is refused ------------------------------------------------------- */

START_TEST(a_key_where_none_is_wanted_or_none_can_be_is_refused)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_CREDIT, NULL);
	struct fan fan;

	opts.key = "a";
	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "key is for by=key and hash-range");
	opts.by = LEAT_SPLIT_KEY;
	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "only tables have columns");
	opts.by = LEAT_SPLIT_ROUND; /* a key alone says by=key */
	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "only tables have columns");
}
END_TEST

START_TEST(a_column_that_is_not_there_is_named_before_the_start)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv", "city,n\nx,1\n");
	ck_assert_int_eq(pipe_run("read in.csv ! split key=citty name=s "
				  "s. ! write a.csv s. ! write b.csv",
				 NULL, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'city'?"));
	ck_assert_int_eq(pipe_run("read in.csv ! split hash-range name=s "
				  "s. ! write a.csv s. ! write b.csv",
				 NULL, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "needs the column"));
	pipe_leave_folder();
}
END_TEST

START_TEST(weights_beyond_the_ring_are_refused)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_KEY, "104857,1");
	struct fan fan;

	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "at most 104857 together");
	opts.weights = "1000,1";
	fan_open(&fan, 1, &step, 2, NULL);
	fan_run(&fan);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(weights_that_are_not_such_are_refused)
{
	static const char *const bad[] = {"", "3", "3,", "3,1,1", "0,1", "-1,1",
		"3,x", "3;1", "1000001,1"};

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		struct leat_split_opts opts;
		struct leat_step step =
			split_step(&opts, LEAT_SPLIT_WEIGHT, bad[k]);
		struct fan fan;

		fan_open(&fan, 1, &step, 2, NULL);
		fan_refused(&fan, "a weight is a whole number from 1");
	}
}
END_TEST

START_TEST(weights_without_by_weight_are_refused)
{
	struct leat_split_opts opts;
	struct leat_step step = split_step(&opts, LEAT_SPLIT_ROUND, "1,1");
	struct fan fan;

	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "weights are for by=weight");
	step = split_step(&opts, LEAT_SPLIT_CREDIT, "1,1");
	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "weights are for by=weight, key and hash-range");
}
END_TEST

TEST_MAIN("fan/split", in_turn_each_branch_gets_its_share_whatever_the_schedule,
	weights_are_frames_in_a_turn,
	by_credit_nothing_is_lost_and_each_branch_keeps_its_order,
	by_credit_a_branch_that_is_stuck_holds_nobody_up,
	a_branch_that_wants_no_more_is_left_out,
	when_no_branch_wants_more_the_source_ends,
	by_key_each_item_goes_where_its_key_belongs_in_order,
	by_hash_range_weights_are_parts_of_all_hashes,
	keys_of_a_branch_that_wants_no_more_are_filtered,
	a_frame_of_one_branch_passes_as_it_is,
	rows_of_a_table_follow_their_key_however_it_is_quoted,
	lines_follow_their_text,
	behind_an_ordered_merge_every_run_gives_the_same,
	on_ordered_branches_rows_without_a_key_go_with_the_most,
	rows_without_a_key_go_where_there_is_room,
	branches_of_branches_have_their_rows_once,
	only_active_branches_get_frames_however_it_splits,
	a_change_midway_holds_from_the_next_frame_on,
	a_key_where_none_is_wanted_or_none_can_be_is_refused,
	a_column_that_is_not_there_is_named_before_the_start,
	weights_beyond_the_ring_are_refused,
	weights_that_are_not_such_are_refused,
	weights_without_by_weight_are_refused)
