/*
 * unit/env/virtual.c -- a clock that goes on only while all threads wait.
 */
#include "env/virtual.h"
#include "support/test.h"
#include <leat/graph.h>

#define HOUR_NS INT64_C(3600000000000)

static struct leat__virtual *v;
static const struct leat__env *env;

static void
begin(void)
{
	ck_assert_int_eq(leat__virtual_create(leat__env_posix(), &v), 0);
	env = leat__virtual_env(v);
}

START_TEST(who_waits_alone_comes_to_its_moment_at_once)
{
	int64_t began_ns, real_ns = leat_now_ns();
	uint32_t word = 0;

	begin();
	began_ns = env->now_ns(env);
	env->park(env, &word, 0, began_ns + HOUR_NS);
	ck_assert_int_ge(env->now_ns(env) - began_ns, HOUR_NS);
	ck_assert_int_lt(env->now_ns(env) - began_ns, HOUR_NS + HOUR_NS / 60);
	ck_assert_int_lt(leat_now_ns() - real_ns, HOUR_NS / 60);
	leat__virtual_destroy(v);
}
END_TEST

static uint32_t gate, order[3], n_order;

static void
sleeper(void *arg)
{
	uint32_t word = 0, k = *(const uint32_t *)arg;
	int64_t until_ns = (int64_t)leat__load_relaxed(&gate);

	until_ns = env->now_ns(env) + (until_ns + 3 - k) * HOUR_NS;
	while (env->now_ns(env) < until_ns)
		env->park(env, &word, 0, until_ns);
	order[leat__add_relaxed(&n_order, 1u)] = k;
}

/* The first begins with the longest wait. */
START_TEST(moments_come_in_their_order)
{
	static const uint32_t numbers[] = {0, 1, 2};
	struct leat__thread threads[3] = {{0}};

	begin();
	n_order = 0;
	for (uint32_t k = 0; k < 3; k++) {
		threads[k].fn = sleeper;
		threads[k].arg = (void *)(uintptr_t)&numbers[k];
		ck_assert_int_eq(env->thread_start(env, &threads[k]), 0);
	}
	for (uint32_t k = 0; k < 3; k++)
		env->thread_join(env, &threads[k]);
	ck_assert_uint_eq(n_order, 3);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_uint_eq(order[k], 2 - k);
	leat__virtual_destroy(v);
}
END_TEST

static uint32_t woken;

static void
waker(void *arg)
{
	(void)arg;
	leat__store_release(&woken, 1);
	env->wake(env, &woken);
}

/* While somebody works, the clock stands still. */
START_TEST(a_wake_comes_before_any_moment)
{
	struct leat__thread thread = {.fn = waker};
	int64_t began_ns;

	begin();
	woken = 0;
	began_ns = env->now_ns(env);
	ck_assert_int_eq(env->thread_start(env, &thread), 0);
	while (!leat__load_acquire(&woken))
		env->park(env, &woken, 0, began_ns + HOUR_NS);
	ck_assert_int_lt(env->now_ns(env) - began_ns, HOUR_NS);
	env->thread_join(env, &thread);
	leat__virtual_destroy(v);
}
END_TEST

START_TEST(a_wait_for_files_ends_at_its_moment)
{
	struct leat__poll poll = {.want = LEAT__POLL_READ};
	int64_t began_ns;

	begin();
	ck_assert_int_eq(env->event_create(env, &poll.fd), 0);
	began_ns = env->now_ns(env);
	ck_assert_int_eq(env->poll(env, &poll, 1, began_ns + HOUR_NS), 0);
	ck_assert_int_ge(env->now_ns(env) - began_ns, HOUR_NS);
	env->event_set(env, poll.fd);
	ck_assert_int_eq(env->poll(env, &poll, 1, LEAT_NEVER), 1);
	ck_assert_int_eq(env->close(env, poll.fd), 0);
	leat__virtual_destroy(v);
}
END_TEST

static void
ran(const char *text, uint64_t n_written)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.flags = LEAT_GRAPH_VIRTUAL_TIME, .workers = 2};
	struct leat_graph_stats stats = {0};
	int64_t real_ns = leat_now_ns();
	struct leat_error err = {0};
	struct leat_graph *g;

	ck_assert_int_eq(leat_graph_create(&opts, &g, &err), 0);
	ck_assert_msg(leat_graph_parse(g, text, &err) == 0, "%s", err.text);
	ck_assert_msg(leat_graph_run(g, &err) == 0, "%s", err.text);
	leat_graph_stats(g, &stats);
	ck_assert_uint_eq(stats.written, n_written);
	ck_assert_uint_eq(stats.is_balanced, 1);
	leat_graph_destroy(g);
	ck_assert_int_lt(leat_now_ns() - real_ns, HOUR_NS / 60);
}

/* 100 rows at 1 a second are 100 s. */
START_TEST(a_graph_that_waits_for_long_is_done_at_once)
{
	ran("gen 1 count=100 pace=on ! csv.format ! write /dev/null", 100);
	ran("gen 10 count=20 ! @rate(items=1, burst=1s) csv.format ! "
	    "write /dev/null",
		20);
}
END_TEST

START_TEST(a_graph_below_another_context_has_no_clock_of_its_own)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.flags = LEAT_GRAPH_VIRTUAL_TIME};
	struct leat_error err = {0};
	struct leat_graph *g;

	ck_assert_int_eq(leat_ctx_create(&opts.parent, &err), 0);
	ck_assert_int_eq(leat_graph_create(&opts, &g, &err), LEAT_EINVAL);
	leat_ctx_destroy(opts.parent);
}
END_TEST

TEST_MAIN("env/virtual", who_waits_alone_comes_to_its_moment_at_once,
	moments_come_in_their_order, a_wake_comes_before_any_moment,
	a_wait_for_files_ends_at_its_moment,
	a_graph_that_waits_for_long_is_done_at_once,
	a_graph_below_another_context_has_no_clock_of_its_own)
