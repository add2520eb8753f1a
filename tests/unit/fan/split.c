#include "stages.h"

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
			LEAT_ECANCELED)
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
}
END_TEST

TEST_MAIN("fan/split", in_turn_each_branch_gets_its_share_whatever_the_schedule,
	weights_are_frames_in_a_turn,
	by_credit_nothing_is_lost_and_each_branch_keeps_its_order,
	by_credit_a_branch_that_is_stuck_holds_nobody_up,
	a_branch_that_wants_no_more_is_left_out,
	when_no_branch_wants_more_the_source_ends,
	weights_that_are_not_such_are_refused,
	weights_without_by_weight_are_refused)
