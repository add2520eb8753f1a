/*
 * unit/env/timer.c -- many deadlines on one thread.
 */
#include <errno.h>

#include "env/env.h"
#include "support/fail.h"
#include "support/test.h"

#define N_TIMERS 2000u
#define S        1000000000

static struct fail_env world;
static struct leat__timers *timers;
static struct leat__parker fired;
static uint32_t n_fired;
static uint32_t n_early; /* fired before their time */
static struct leat__timer many[N_TIMERS];
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
	ck_assert_uint_eq(leat__load_relaxed(&n_early), 0);
	ck_assert_uint_eq(world.alloc_live, 0);
}

static void
note(struct leat__timer *timer)
{
	uint32_t n = leat__load_relaxed(&n_fired);

	if (world.env.now_ns(&world.env) < timer->deadline_ns)
		leat__add_relaxed(&n_early, 1);
	if (n < N_TIMERS)
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

/* ---- on a clock that stands still until it is told otherwise ---------------- */

static int64_t still_ns;

static int64_t
still_clock(const struct leat__env *env)
{
	(void)env;
	return leat__load_relaxed(&still_ns);
}

static void
setup_still(int64_t now_ns)
{
	leat__store_relaxed(&still_ns, now_ns);
	fail_env_init(&world);
	world.env.now_ns = still_clock;
	leat__parker_init(&fired, &world.env);
	ck_assert_int_eq(leat__timers_create(&world.env, &timers), 0);
}

static void
arm(struct leat__timer *timer, int64_t deadline_ns)
{
	*timer = (struct leat__timer){.deadline_ns = deadline_ns, .fn = note};
	ck_assert_int_eq(leat__timer_start(timers, timer), 0);
}

static uint32_t has_looked;

static void
look(struct leat__timer *timer)
{
	(void)timer;
	leat__store_release(&has_looked, 1); /* pairs with that in jump_to */
}

/* The clock shows a later time, and the thread looks at it. */
static void
jump_to(int64_t now_ns)
{
	struct leat__timer now = {.deadline_ns = INT64_MIN, .fn = look};

	leat__store_relaxed(&still_ns, now_ns);
	leat__store_relaxed(&has_looked, 0);
	ck_assert_int_eq(leat__timer_start(timers, &now), 0);
	while (!leat__load_acquire(&has_looked)) /* pairs with look */
		world.env.yield(&world.env);
}

static uint64_t
draw(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* 1 to 2^n_bits, each size of number as often as another. */
static int64_t
draw_ns(uint64_t *state, uint32_t n_bits)
{
	uint32_t n = (uint32_t)(draw(state) % n_bits) + 1;

	return (int64_t)(draw(state) >> (64 - n)) + 1;
}

START_TEST(timers_fire_in_the_order_of_their_deadlines)
{
	uint64_t state = 12345;

	setup_still(0);
	for (uint32_t k = 0; k < N_TIMERS; k++)
		arm(&many[k], draw_ns(&state, 62));
	ck_assert_uint_eq(leat__timers_count(timers), N_TIMERS);
	ck_assert_uint_eq(world.alloc_live, 1);
	jump_to(LEAT_NEVER - 1);
	wait_for(N_TIMERS);
	for (uint32_t k = 1; k < N_TIMERS; k++)
		ck_assert_int_le(
			order[k - 1]->deadline_ns, order[k]->deadline_ns);
	ck_assert_uint_eq(leat__timers_count(timers), 0);
	teardown();
}
END_TEST

START_TEST(equal_deadlines_fire_in_the_order_of_starting)
{
	setup_still(77);
	for (uint32_t k = 0; k < N_TIMERS; k++)
		arm(&many[k], k % 2 ? 1000000 : 5);
	jump_to(1000000);
	wait_for(N_TIMERS);
	for (uint32_t k = 0; k < N_TIMERS; k++)
		ck_assert_ptr_eq(order[k],
			&many[k < N_TIMERS / 2 ? 2 * k : 2 * k - N_TIMERS + 1]);
	teardown();
}
END_TEST

static uint32_t
count_due(int64_t now_ns)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < N_TIMERS; k++)
		n += k % 3 != 0 && many[k].deadline_ns <= now_ns;
	return n;
}

/* A third stopped, a third moved; the clock goes in steps of every size. */
START_TEST(at_each_step_of_the_clock_those_fire_that_are_due)
{
	int64_t now_ns = 1000;
	uint64_t state = 54321;

	setup_still(now_ns);
	for (uint32_t k = 0; k < N_TIMERS; k++)
		arm(&many[k], now_ns + draw_ns(&state, 45));
	for (uint32_t k = 0; k < N_TIMERS; k += 3)
		ck_assert(leat__timer_stop(timers, &many[k]));
	for (uint32_t k = 1; k < N_TIMERS; k += 3)
		ck_assert(leat__timer_reset(
			timers, &many[k], now_ns + draw_ns(&state, 40)));
	for (uint32_t step = 0; step < 46; step++) {
		now_ns += INT64_C(1) << step;
		jump_to(now_ns);
		wait_for(count_due(now_ns));
	}
	ck_assert_uint_eq(leat__load_relaxed(&n_fired), count_due(now_ns));
	ck_assert_uint_eq(leat__timers_count(timers), 0);
	teardown();
}
END_TEST

START_TEST(those_whose_time_has_come_fire_at_once)
{
	setup_still(5000);
	arm(&many[0], 4999);
	arm(&many[1], 5000);
	arm(&many[2], 0);
	arm(&many[3], INT64_MIN);
	wait_for(4);
	for (uint32_t k = 0; k < 4; k++)
		ck_assert_ptr_eq(order[k], &many[k]);
	teardown();
}
END_TEST

/* ---- moving --------------------------------------------------------------- */

START_TEST(a_moved_timer_fires_at_its_new_deadline_only)
{
	setup_still(0);
	arm(&many[0], 1000);
	arm(&many[1], 2000);
	arm(&many[2], 3000);
	ck_assert(leat__timer_reset(timers, &many[0], 5000)); /* later */
	ck_assert(leat__timer_reset(timers, &many[2], 500));  /* earlier */
	jump_to(4000);
	wait_for(2);
	ck_assert_ptr_eq(order[0], &many[2]);
	ck_assert_ptr_eq(order[1], &many[1]);
	ck_assert_uint_eq(leat__timers_count(timers), 1);
	jump_to(5000);
	wait_for(3);
	ck_assert_ptr_eq(order[2], &many[0]);
	teardown();
}
END_TEST

START_TEST(moving_a_timer_into_the_past_wakes_the_thread)
{
	setup();
	arm(&many[0], leat_now_ns() + 3600ll * S);
	ck_assert(leat__timer_reset(timers, &many[0], 1));
	wait_for(1);
	teardown();
}
END_TEST

START_TEST(moving_a_timer_to_never_takes_it_back)
{
	setup_still(0);
	arm(&many[0], 10);
	ck_assert(leat__timer_reset(timers, &many[0], LEAT_NEVER));
	ck_assert_uint_eq(leat__timers_count(timers), 0);
	ck_assert(!leat__timer_reset(timers, &many[0], 20));
	ck_assert(!leat__timer_stop(timers, &many[0]));
	arm(&many[0], 20); /* its place is free again */
	jump_to(20);
	wait_for(1);
	ck_assert(!leat__timer_reset(timers, &many[0], 30)); /* it has run */
	ck_assert_int_eq(many[0].deadline_ns, 20);
	teardown();
}
END_TEST

#define N_CROWD 257u /* one more than the thread moves at a time */

/* Their slot begins, and while the thread spreads them the last is moved. */
static void
play_crowd(int64_t begin_ns)
{
	static struct leat__timer crowd[N_CROWD];
	const int64_t due_ns = begin_ns + (INT64_C(1) << 30);

	for (uint32_t k = 0; k < N_CROWD; k++)
		arm(&crowd[k], due_ns + k);
	jump_to(begin_ns);
	for (uint32_t k = 0; k < 100; k++)
		ck_assert(leat__timer_reset(
			timers, &crowd[N_CROWD - 1], due_ns + k));
	ck_assert_uint_eq(leat__timers_count(timers), N_CROWD);
	for (uint32_t k = 0; k < N_CROWD; k++)
		ck_assert(leat__timer_stop(timers, &crowd[k]));
	ck_assert_uint_eq(leat__timers_count(timers), 0);
}

START_TEST(timers_may_be_moved_while_their_slot_is_opened)
{
	setup_still(0);
	for (int64_t k = 1; k <= 60; k++)
		play_crowd(k << 40);
	arm(&many[0], 1000);
	wait_for(1);
	teardown();
}
END_TEST

/* ---- cost ----------------------------------------------------------------- */

static uint32_t n_parks;
static void (*real_park)(
	const struct leat__env *, const uint32_t *, uint32_t, int64_t);

static void
count_park(const struct leat__env *env, const uint32_t *word, uint32_t expected,
	int64_t deadline_ns)
{
	leat__add_relaxed(&n_parks, word != &fired.count.counter);
	real_park(env, word, expected, deadline_ns);
}

/* A periodic tick of a millisecond would need thirty. */
START_TEST(the_thread_sleeps_until_the_deadline)
{
	setup();
	real_park = world.env.park;
	world.env.park = count_park;
	arm(&many[0], leat_now_ns() + 30000000);
	wait_for(1);
	ck_assert_uint_lt(leat__load_relaxed(&n_parks), 10);
	teardown();
}
END_TEST

START_TEST(stopped_timers_leave_nothing_behind)
{
	setup();
	for (uint32_t k = 0; k < 100 * N_TIMERS; k++) {
		arm(&many[0], leat_now_ns() + 3600ll * S);
		ck_assert(leat__timer_stop(timers, &many[0]));
	}
	ck_assert_uint_eq(leat__timers_count(timers), 0);
	ck_assert_uint_eq(world.alloc_n, 1);
	teardown();
}
END_TEST

/* ---- what fn may do ------------------------------------------------------- */

static void
note_and_rearm(struct leat__timer *timer)
{
	uint32_t n = leat__load_relaxed(&n_fired) + 1;

	timer->deadline_ns += 10;
	ck_assert(n > 3 || leat__timer_start(timers, timer) == 0);
	ck_assert(!leat__timer_stop(timers, &many[7]));
	note(&many[7]);
}

START_TEST(a_timer_may_start_itself_again_and_stop_others)
{
	setup_still(100);
	many[0] = (struct leat__timer){10, note_and_rearm, {NULL, NULL}};
	ck_assert_int_eq(leat__timer_start(timers, &many[0]), 0);
	wait_for(4);
	ck_assert(!leat__timer_stop(timers, &many[0]));
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
	world.thread.fail_at = 1;
	ck_assert_int_eq(leat__timer_start(timers, &timer), EAGAIN);
	ck_assert_uint_eq(leat__timers_count(timers), 0);
	ck_assert_int_eq(leat__timer_start(timers, &timer), 0);
	ck_assert(leat__timer_stop(timers, &timer));
	teardown();
}
END_TEST

TEST_MAIN("env/timer", no_thread_runs_before_the_first_timer,
	a_timer_fires_at_its_deadline_not_before, a_stopped_timer_does_not_fire,
	an_earlier_timer_overtakes_the_one_that_is_waited_for,
	timers_fire_in_the_order_of_their_deadlines,
	equal_deadlines_fire_in_the_order_of_starting,
	at_each_step_of_the_clock_those_fire_that_are_due,
	those_whose_time_has_come_fire_at_once,
	a_moved_timer_fires_at_its_new_deadline_only,
	moving_a_timer_into_the_past_wakes_the_thread,
	moving_a_timer_to_never_takes_it_back,
	timers_may_be_moved_while_their_slot_is_opened,
	the_thread_sleeps_until_the_deadline,
	stopped_timers_leave_nothing_behind,
	a_timer_may_start_itself_again_and_stop_others,
	stopping_a_running_timer_waits_for_it,
	timers_that_never_fired_may_be_left_behind,
	what_the_world_refuses_is_reported)
