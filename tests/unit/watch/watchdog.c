/*
 * unit/watch/watchdog.c -- life, and what is told before the start, after the
 * end, and in a short buffer. Stalls are in tests/sim/scenario_watch.c.
 */
#include "support/test.h"

#include "support/fail.h"
#include "support/numbers.h"

#include "graph/graph.h"

static struct leat_graph *
graph_make(const struct leat__env *env, struct sink_seen *seen, uint64_t n)
{
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = n};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {
		{&numbers_blocking_ops, &numbers}, {&sink_ops, &sink}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat__graph_create(env, NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	return graph;
}

START_TEST(before_the_start_there_is_nothing_to_watch)
{
	struct sink_seen seen = {0};
	struct leat_watchdog *dog = NULL;
	struct leat_error err;
	struct leat_graph *graph = graph_make(leat__env_posix(), &seen, 10);
	char why[32] = "x";

	ck_assert_int_eq(leat_watchdog_create(graph, &dog, &err), LEAT_ESTATE);
	ck_assert_ptr_nonnull(strstr(err.text, "has not been started"));
	ck_assert_ptr_null(dog);
	ck_assert_uint_eq(leat_graph_why(graph, why, sizeof(why)), 0);
	ck_assert_str_eq(why, "");
	leat_watchdog_destroy(NULL);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(after_the_end_nothing_stands_still)
{
	struct sink_seen seen = {0};
	struct leat_watchdog *dog;
	struct leat_graph *graph = graph_make(leat__env_posix(), &seen, 10);
	struct leat_stall stall;
	char why[64], brief[10];

	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_watchdog_create(graph, &dog, NULL), LEAT_OK);
	for (int64_t k = 1; k < 4; k++) {
		leat_watchdog_tick(
			dog, leat_now_ns() + k * INT64_C(1000000000), &stall);
		ck_assert_uint_eq(stall.size, sizeof(stall));
		ck_assert_uint_eq(stall.ns, 0);
		ck_assert_uint_eq(stall.n_stages, 0);
	}
	ck_assert_uint_eq(leat_watchdog_why(dog, why, sizeof(why)),
		strlen("all stages have ended"));
	ck_assert_str_eq(why, "all stages have ended");
	ck_assert_uint_eq(leat_graph_why(graph, brief, sizeof(brief)),
		strlen("all stages have ended"));
	ck_assert_str_eq(brief, "all stage");
	leat_watchdog_destroy(dog);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(while_a_graph_runs_looks_do_not_disturb_it)
{
	struct sink_seen seen = {0};
	struct leat_watchdog *dog;
	struct leat_graph *graph = graph_make(leat__env_posix(), &seen, 100000);
	struct leat_stall stall;
	char why[1024];

	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_watchdog_create(graph, &dog, NULL), LEAT_OK);
	while (leat_graph_wait(graph, leat_now_ns(), NULL) == LEAT_ETIMEDOUT) {
		leat_watchdog_tick(dog, leat_now_ns(), &stall);
		ck_assert_uint_le(stall.n_stages, 2);
		ck_assert_uint_gt(leat_graph_why(graph, why, sizeof(why)), 0);
	}
	ck_assert_uint_eq(seen.n, 100000);
	leat_watchdog_destroy(dog);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(without_memory_there_is_no_watchdog)
{
	struct fail_env world;
	struct sink_seen seen = {0};
	struct leat_watchdog *dog = NULL;
	struct leat_graph *graph;

	fail_env_init(&world);
	graph = graph_make(&world.env, &seen, 10);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	world.alloc_fail_at = world.alloc_n + 1;
	ck_assert_int_eq(leat_watchdog_create(graph, &dog, NULL), LEAT_ENOMEM);
	ck_assert_int_eq(leat_watchdog_create(graph, &dog, NULL), LEAT_OK);
	leat_watchdog_destroy(dog);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

TEST_MAIN("watch/watchdog", before_the_start_there_is_nothing_to_watch,
	after_the_end_nothing_stands_still,
	while_a_graph_runs_looks_do_not_disturb_it,
	without_memory_there_is_no_watchdog)
