/*
 * unit/env/timer.c -- many deadlines on one thread.
 */
#include <errno.h>

#include "env/env.h"
#include "support/fail.h"
#include "support/test.h"

#define N_TIMERS 500
#define S        1000000000

static struct fail_env world;
static struct leat__timers *timers;
static struct leat__parker fired;
static uint32_t n_fired;
static struct leat__timer *order[N_TIMERS];

static void
setup(void)
{
	fail_env_init(&world);
	leat__parker_init(&fired, &world.env);
	ck_assert_int_eq(leat__timers_create(&world.env, &timers), 0);
}

static void
teardown(void)
{
	leat__timers_destroy(timers);
	ck_assert_uint_eq(world.alloc_live, 0);
}

static void
note(struct leat__timer *timer)
{
	uint32_t n = leat__load_relaxed(&n_fired);

	order[n] = timer;
	/* release: pairs with the acquire in wait_for */
	leat__store_release(&n_fired, n + 1);
	leat__parker_wake(&fired);
}

static void
wait_for(uint32_t n)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&fired);

		/* acquire: pairs with the release in note */
		if (leat__load_acquire(&n_fired) >= n)
			return;
		leat__parker_wait(&fired, ticket, LEAT_NEVER);
	}
}

START_TEST(no_thread_runs_before_the_first_timer)
{
	setup();
	ck_assert_uint_eq(world.thread.n, 0);
	teardown();
	leat__timers_destroy(NULL);
}
END_TEST

START_TEST(a_timer_fires_at_its_deadline_not_before)
{
	struct leat__timer timer = {.fn = note};

	setup();
	timer.deadline_ns = leat_now_ns() + 2000000;
	ck_assert_int_eq(leat__timer_start(timers, &timer), 0);
	wait_for(1);
	ck_assert_int_ge(leat_now_ns(), timer.deadline_ns);
	ck_assert(!leat__timer_stop(timers, &timer));
	ck_assert_uint_eq(world.thread.n, 1);
	teardown();
}
END_TEST

START_TEST(a_stopped_timer_does_not_fire)
{
	struct leat__timer far = {.fn = note}, near = {.fn = note};

	setup();
	far.deadline_ns = leat_now_ns() + 3600ll * S;
	near.deadline_ns = leat_now_ns();
	ck_assert_int_eq(leat__timer_start(timers, &far), 0);
	ck_assert(leat__timer_stop(timers, &far));
	ck_assert(!leat__timer_stop(timers, &far));
	ck_assert_int_eq(leat__timer_start(timers, &near), 0);
	wait_for(1);
	ck_assert_ptr_eq(order[0], &near);
	teardown();
}
END_TEST

START_TEST(an_earlier_timer_overtakes_the_one_that_is_waited_for)
{
	struct leat__timer far = {.fn = note}, near = {.fn = note};

	setup();
	far.deadline_ns = leat_now_ns() + 3600ll * S;
	ck_assert_int_eq(leat__timer_start(timers, &far), 0);
	near.deadline_ns = leat_now_ns() + 1000000;
	ck_assert_int_eq(leat__timer_start(timers, &near), 0);
	wait_for(1);
	ck_assert_ptr_eq(order[0], &near);
	ck_assert(leat__timer_stop(timers, &far));
	teardown();
}
END_TEST

/* A clock that stands still until it is told otherwise. */
static int64_t still_ns;

static int64_t
still_clock(const struct leat__env *env)
{
	(void)env;
	return leat__load_relaxed(&still_ns);
}

START_TEST(many_timers_fire_in_the_order_of_their_deadlines)
{
	static struct leat__timer many[N_TIMERS];
	static struct leat__timer first = {.deadline_ns = -1, .fn = note};
	uint32_t seed = 12345, n_left = 0;

	fail_env_init(&world);
	world.env.now_ns = still_clock;
	leat__parker_init(&fired, &world.env);
	ck_assert_int_eq(leat__timers_create(&world.env, &timers), 0);
	for (int k = 0; k < N_TIMERS; k++) {
		seed = seed * 1664525 + 1013904223;
		many[k] = (struct leat__timer){seed % 1000 + 1, note, 0};
		ck_assert_int_eq(leat__timer_start(timers, &many[k]), 0);
	}
	for (int k = 0; k < N_TIMERS; k += 3)
		ck_assert(leat__timer_stop(timers, &many[k]));
	for (int k = 0; k < N_TIMERS; k++)
		n_left += k % 3 != 0;
	leat__store_relaxed(&still_ns, 5000);
	ck_assert_int_eq(leat__timer_start(timers, &first), 0); /* wakes it */
	wait_for(n_left + 1);
	ck_assert_ptr_eq(order[0], &first);
	for (uint32_t k = 1; k <= n_left; k++) {
		ck_assert_int_le(
			order[k - 1]->deadline_ns, order[k]->deadline_ns);
		ck_assert_int_ne((order[k] - many) % 3, 0);
	}
	teardown();
}
END_TEST

/* ---- stopping one that runs ----------------------------------------------- */

static uint32_t entered, may_return, returned;

static void
hold(struct leat__timer *timer)
{
	(void)timer;
	leat__store_release(&entered, 1); /* pairs with the acquires below */
	while (!leat__load_acquire(&may_return))
		world.env.yield(&world.env);
	leat__store_relaxed(&returned, 1);
}

static void
let_return(void *arg)
{
	(void)arg;
	leat__store_release(&may_return, 1); /* pairs with that in hold */
}

START_TEST(stopping_a_running_timer_waits_for_it)
{
	struct leat__timer timer = {.fn = hold};
	struct leat__thread thread = {.fn = let_return};

	setup();
	ck_assert_int_eq(leat__timer_start(timers, &timer), 0);
	while (!leat__load_acquire(&entered))
		world.env.yield(&world.env);
	ck_assert_int_eq(world.env.thread_start(&world.env, &thread), 0);
	ck_assert(!leat__timer_stop(timers, &timer));
	ck_assert_uint_eq(leat__load_relaxed(&returned), 1);
	world.env.thread_join(&world.env, &thread);
	teardown();
}
END_TEST

START_TEST(timers_that_never_fired_may_be_left_behind)
{
	struct leat__timer timer = {.fn = note};

	setup();
	timer.deadline_ns = LEAT_NEVER - 1;
	ck_assert_int_eq(leat__timer_start(timers, &timer), 0);
	teardown();
	ck_assert_uint_eq(n_fired, 0);
}
END_TEST

START_TEST(what_the_world_refuses_is_reported)
{
	struct leat__timer timer = {.deadline_ns = LEAT_NEVER - 1, .fn = note};

	fail_env_init(&world);
	world.alloc_fail_at = 1;
	ck_assert_int_eq(leat__timers_create(&world.env, &timers), ENOMEM);
	setup();
	world.alloc_fail_at = 2;
	ck_assert_int_eq(leat__timer_start(timers, &timer), ENOMEM);
	world.thread.fail_at = 1;
	ck_assert_int_eq(leat__timer_start(timers, &timer), EAGAIN);
	ck_assert_int_eq(leat__timer_start(timers, &timer), 0);
	ck_assert(leat__timer_stop(timers, &timer));
	teardown();
}
END_TEST

TEST_MAIN("env/timer", no_thread_runs_before_the_first_timer,
	a_timer_fires_at_its_deadline_not_before, a_stopped_timer_does_not_fire,
	an_earlier_timer_overtakes_the_one_that_is_waited_for,
	many_timers_fire_in_the_order_of_their_deadlines,
	stopping_a_running_timer_waits_for_it,
	timers_that_never_fired_may_be_left_behind,
	what_the_world_refuses_is_reported)
