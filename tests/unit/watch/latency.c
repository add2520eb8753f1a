/*
 * unit/watch/latency.c -- what is told of calls whose length is known, and of
 * the age of frames.
 */
#include "unit/watch/clock.h"

#define N_FRAMES 400u
#define SLOW_NS  INT64_C(1000000)

static struct leat_latency
read_latency(const struct leat_graph *graph, uint32_t stage, uint32_t what)
{
	struct leat_latency l;

	ck_assert_int_eq(leat_latency_read(graph, stage, what, &l), LEAT_OK);
	ck_assert_uint_eq(l.size, sizeof(l));
	return l;
}

static void
check_about(uint64_t ns, double wanted_ns)
{
	ck_assert_double_ge((double)ns, 0.98 * wanted_ns);
	ck_assert_double_le((double)ns, 1.02 * wanted_ns);
}

/* All but the first, for which it was not known that they are. */
START_TEST(of_slow_stages_every_call_is_timed)
{
	struct fail_env world;
	struct leat_graph *graph;
	struct leat_latency l;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, SLOW_NS, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	l = read_latency(graph, 1, LEAT_LATENCY_CALL);
	ck_assert_uint_eq(l.n, N_FRAMES - 1);
	ck_assert_uint_eq(l.longest_ns, 4 * SLOW_NS);
	check_about(l.p50_ns, SLOW_NS);
	check_about(l.p90_ns, 4 * SLOW_NS);
	check_about(l.p9999_ns, 4 * SLOW_NS);
	ck_assert_uint_eq(l.sum_ns,
		(N_FRAMES * 7 / 4) * (uint64_t)SLOW_NS - (uint64_t)SLOW_NS);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(of_quick_stages_samples_stand_for_all)
{
	struct fail_env world;
	struct leat_graph *graph;
	struct leat_latency l;

	clock_world(&world);
	graph = clock_graph(&world.env, 100 * N_FRAMES, 1000, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	l = read_latency(graph, 1, LEAT_LATENCY_CALL);
	ck_assert_uint_gt(l.n, 80 * N_FRAMES);
	ck_assert_uint_lt(l.n, 120 * N_FRAMES);
	/* by chance, so not in step with each fourth call */
	ck_assert_double_gt((double)l.sum_ns / (double)l.n, 1500);
	ck_assert_double_lt((double)l.sum_ns / (double)l.n, 2000);
	check_about(l.p50_ns, 1000);
	check_about(l.p99_ns, 4000);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_sink_tells_how_old_frames_are_that_it_is_through_with)
{
	struct fail_env world;
	struct leat_graph *graph;
	struct leat_latency l, all;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, SLOW_NS, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	l = read_latency(graph, 2, LEAT_LATENCY_ARRIVAL);
	/* both stages have it, one after the other */
	ck_assert_uint_eq(l.n, N_FRAMES - 1);
	check_about(l.p50_ns, 2 * SLOW_NS);
	check_about(l.longest_ns, 8 * SLOW_NS);
	check_about(l.p99_ns, 8 * SLOW_NS);
	all = read_latency(graph, LEAT_LATENCY_ALL, LEAT_LATENCY_ARRIVAL);
	ck_assert_mem_eq(&all, &l, sizeof(l));
	leat_graph_destroy(graph);
}
END_TEST

static void
add_bucket(void *user, uint64_t low_ns, uint64_t high_ns, uint64_t n)
{
	struct leat_latency *sum = user;

	ck_assert_uint_lt(low_ns, high_ns);
	ck_assert_uint_ge(low_ns, sum->longest_ns);
	ck_assert_uint_gt(n, 0);
	sum->longest_ns = high_ns;
	sum->n += n;
}

START_TEST(buckets_are_told_in_order_and_add_up)
{
	struct leat_latency sum = {0}, l;
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, N_FRAMES, SLOW_NS, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	l = read_latency(graph, LEAT_LATENCY_ALL, LEAT_LATENCY_CALL);
	ck_assert_int_eq(leat_latency_each(graph, LEAT_LATENCY_ALL,
				 LEAT_LATENCY_CALL, add_bucket, &sum),
		LEAT_OK);
	ck_assert_uint_eq(sum.n, l.n);
	ck_assert_uint_ge(sum.longest_ns, l.longest_ns);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_is_not_kept_is_refused_and_takes_no_memory)
{
	struct fail_env world;
	struct leat_graph *with, *without;
	struct leat_latency l;

	clock_world(&world);
	with = clock_graph(&world.env, 1, 1, 0);
	without = clock_graph(&world.env, 1, 1, LEAT_GRAPH_NO_LATENCY);
	ck_assert_int_eq(leat_graph_run(with, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(without, NULL), LEAT_OK);
	/* one for each stage, and one for the sink */
	ck_assert_uint_ge(leat_graph_bound_bytes(with),
		leat_graph_bound_bytes(without) +
			4 * sizeof(struct leat__histogram));
	ck_assert_int_eq(leat_latency_read(without, 0, 0, &l), LEAT_ENOTSUP);
	ck_assert_int_eq(leat_latency_read(with, 3, 0, &l), LEAT_EINVAL);
	ck_assert_int_eq(leat_latency_read(with, 0, 2, &l), LEAT_EINVAL);
	ck_assert_int_eq(leat_latency_read(with, 1, LEAT_LATENCY_ARRIVAL, &l),
		LEAT_EINVAL);
	leat_graph_destroy(with);
	leat_graph_destroy(without);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

TEST_MAIN("watch/latency", of_slow_stages_every_call_is_timed,
	of_quick_stages_samples_stand_for_all,
	a_sink_tells_how_old_frames_are_that_it_is_through_with,
	buckets_are_told_in_order_and_add_up,
	what_is_not_kept_is_refused_and_takes_no_memory)
