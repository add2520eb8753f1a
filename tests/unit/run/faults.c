/*
 * unit/run/faults.c -- whole runs in a failing world: every allocation fails
 * once, then all from it on; threads that cannot be started.
 *
 * After each: the right code, no leak, and the same graph runs in a sound
 * world.
 */
#include "support/test.h"

#include "graph/graph.h"
#include "support/fail.h"
#include "support/numbers.h"

#define N_ITEMS 500

/* Build, run and destroy one graph in this world. */
static int
whole_run(const struct leat__env *env, struct sink_seen *seen)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 2, .capacity_frames = 2};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = N_ITEMS};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {{&numbers_blocking_ops, &numbers},
		{&single_ops, NULL}, {&hold_ops, NULL}, {&add_ops, NULL},
		{&sink_blocking_ops, &sink}};
	struct leat_graph *graph;
	struct leat_error err;
	int rc;

	memset(seen, 0, sizeof(*seen));
	rc = leat__graph_create(env, &opts, &graph, &err);
	if (rc < 0)
		return rc;
	rc = leat_graph_chain(graph, steps, 5, &err);
	if (rc == LEAT_OK)
		rc = leat_graph_run(graph, &err);
	if (rc < 0)
		ck_assert_msg(err.text[0] != 0, "an error without a text");
	leat_graph_destroy(graph);
	return rc;
}

static void
sweep_allocations(bool is_for_ever)
{
	struct sink_seen seen;
	int rc = LEAT_ENOMEM;
	uint64_t n;

	for (n = 1; rc != LEAT_OK; n++) {
		struct fail_env world;

		ck_assert_uint_lt(n, 5000);
		fail_env_init(&world);
		world.alloc_fail_at = n;
		world.alloc_fail_for_ever = is_for_ever;
		rc = whole_run(&world.env, &seen);
		ck_assert_msg(
			rc == LEAT_OK || rc == LEAT_ENOMEM || rc == LEAT_ELIMIT,
			"allocation %llu: code %d", (unsigned long long)n, rc);
		ck_assert_msg(world.alloc_live == 0,
			"allocation %llu: %llu blocks leak",
			(unsigned long long)n,
			(unsigned long long)world.alloc_live);
	}
	ck_assert_uint_eq(seen.n, N_ITEMS);
	ck_assert_uint_gt(n, 20); /* there were some to fail */
}

START_TEST(every_allocation_of_a_run_may_fail_once)
{
	sweep_allocations(false);
}
END_TEST

START_TEST(every_allocation_of_a_run_may_fail_from_then_on)
{
	sweep_allocations(true);
}
END_TEST

static struct fail_env poor; /* of the stage below */

/* From its first frame on there is no memory, and so it fails. */
static int
broke_process(struct leat_stage *st, struct leat_frame *in)
{
	(void)in;
	poor.alloc_fail_for_ever = true;
	poor.alloc_fail_at = poor.alloc_n + 1;
	return leat_stage_fail(st, LEAT_EIO, "frame %u is wrong", 1u);
}

static const struct leat_stage_ops broke_ops = {LEAT_STAGE_OPS_INIT("broke"),
	.flags = LEAT_STAGE_SINK, .process = broke_process};

START_TEST(a_failure_without_memory_for_its_words_is_told_with_them)
{
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = N_ITEMS};
	struct leat_step steps[] = {
		{&numbers_ops, &numbers}, {&broke_ops, NULL}};
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct leat_graph *graph;
	struct leat_error err;

	fail_env_init(&poor);
	ck_assert_int_eq(
		leat__graph_create(&poor.env, &opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "frame 1 is wrong"));
	ck_assert_uint_ge(poor.alloc_n, poor.alloc_fail_at);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(poor.alloc_live, 0);
}
END_TEST

struct thread_world {
	struct leat__env env;
	int n_left; /* threads that may be started */
};

static int
few_threads(const struct leat__env *env, struct leat__thread *thread)
{
	struct thread_world *w = env->self;

	if (w->n_left-- <= 0)
		return 11; /* EAGAIN */
	return leat__env_posix()->thread_start(leat__env_posix(), thread);
}

START_TEST(a_thread_that_cannot_be_started_ends_the_run_with_a_limit)
{
	for (int n = 0; n < 5; n++) {
		struct thread_world w = {*leat__env_posix(), n};
		struct sink_seen seen;
		int rc;

		w.env.self = &w;
		w.env.thread_start = few_threads;
		rc = whole_run(&w.env, &seen);
		if (rc == LEAT_OK) /* there were enough */
			ck_assert_uint_eq(seen.n, N_ITEMS);
		else
			ck_assert_int_eq(rc, LEAT_ELIMIT);
		if (n == 0)
			ck_assert_int_eq(rc, LEAT_ELIMIT);
	}
}
END_TEST

TEST_MAIN("run/faults", every_allocation_of_a_run_may_fail_once,
	every_allocation_of_a_run_may_fail_from_then_on,
	a_failure_without_memory_for_its_words_is_told_with_them,
	a_thread_that_cannot_be_started_ends_the_run_with_a_limit)
