/*
 * unit/env/parker.c -- the event count.
 */
#include "env/env.h"
#include "support/test.h"

static struct leat__env world;
static struct leat__parker parker;

/* ---- a world whose time moves only while somebody is parked --------------- */

static int64_t fake_now_ns;
static int64_t parked_until_ns;
static uint32_t n_parked, n_woken;
static bool wakes_while_parked;

static int64_t
fake_clock(const struct leat__env *env)
{
	(void)env;
	return fake_now_ns;
}

static void
fake_park(const struct leat__env *env, const uint32_t *word, uint32_t expected,
	int64_t deadline_ns)
{
	(void)env;
	ck_assert_uint_eq(*word, expected);
	n_parked++;
	parked_until_ns = deadline_ns;
	if (wakes_while_parked)
		leat__parker_wake(&parker);
	else
		fake_now_ns = deadline_ns;
}

static void
fake_wake(const struct leat__env *env, const uint32_t *word)
{
	(void)env;
	(void)word;
	n_woken++;
}

static void
fake_world(void)
{
	world = *leat__env_posix();
	world.now_ns = fake_clock;
	world.park = fake_park;
	world.wake = fake_wake;
	leat__parker_init(&parker, &world);
}

START_TEST(a_wake_after_the_ticket_ends_the_wait_at_once)
{
	uint32_t ticket;

	fake_world();
	ticket = leat__parker_ticket(&parker);
	leat__parker_wake(&parker);
	ck_assert_int_eq(leat__parker_wait(&parker, ticket, LEAT_NEVER), 0);
	ck_assert_uint_eq(n_parked, 0);
}
END_TEST

START_TEST(a_wake_before_the_ticket_does_not_count)
{
	uint32_t ticket;

	fake_world();
	leat__parker_wake(&parker);
	ticket = leat__parker_ticket(&parker);
	ck_assert_int_eq(leat__parker_wait(&parker, ticket, 5), -1);
}
END_TEST

START_TEST(a_wake_with_nobody_parked_costs_no_call)
{
	fake_world();
	leat__parker_wake(&parker);
	leat__parker_wake(&parker);
	ck_assert_uint_eq(n_woken, 0);
}
END_TEST

START_TEST(a_wake_while_parked_ends_the_wait)
{
	fake_world();
	wakes_while_parked = true;
	fake_now_ns = 1;
	ck_assert_int_eq(leat__parker_wait(&parker,
				 leat__parker_ticket(&parker), LEAT_NEVER),
		0);
	ck_assert_uint_eq(n_parked, 1);
	ck_assert_uint_eq(n_woken, 1);
	ck_assert_int_eq(parked_until_ns, LEAT_NEVER);
}
END_TEST

START_TEST(the_deadline_reaches_the_world_unchanged)
{
	static const int64_t deadlines_ns[] = {
		1, 999999999, 1000000000, 1000000001, 123456789012345};

	for (size_t k = 0; k < leat__array_len(deadlines_ns); k++) {
		fake_world();
		fake_now_ns = deadlines_ns[k] - 1;
		ck_assert_int_eq(
			leat__parker_wait(&parker, leat__parker_ticket(&parker),
				deadlines_ns[k]),
			-1);
		ck_assert_int_eq(parked_until_ns, deadlines_ns[k]);
		ck_assert_uint_eq(n_parked, k + 1);
	}
}
END_TEST

START_TEST(a_deadline_that_has_passed_does_not_park)
{
	fake_world();
	fake_now_ns = 50;
	ck_assert_int_eq(
		leat__parker_wait(&parker, leat__parker_ticket(&parker), 50),
		-1);
	ck_assert_int_eq(leat__parker_wait(&parker,
				 leat__parker_ticket(&parker), INT64_MIN),
		-1);
	ck_assert_uint_eq(n_parked, 0);
}
END_TEST

/* ck_ec polls where a wake might be lost; here none can. */
START_TEST(a_long_wait_is_one_wait_not_many)
{
	fake_world();
	ck_assert_int_eq(leat__parker_wait(&parker,
				 leat__parker_ticket(&parker), 3600000000000),
		-1);
	ck_assert_uint_eq(n_parked, 1);
}
END_TEST

/* ---- the real world ------------------------------------------------------- */

#define N_TURNS 5000

static struct leat__parker sides[2];
static uint32_t turn; /* whose it is */

static void
play(uint32_t side)
{
	for (int k = 0; k < N_TURNS; k++) {
		for (;;) {
			uint32_t ticket = leat__parker_ticket(&sides[side]);

			/* acquire: pairs with the release below */
			if (leat__load_acquire(&turn) == side)
				break;
			leat__parker_wait(&sides[side], ticket, LEAT_NEVER);
		}
		/* release: pairs with the acquire above */
		leat__store_release(&turn, 1 - side);
		leat__parker_wake(&sides[1 - side]);
	}
}

static void
play_second(void *arg)
{
	(void)arg;
	play(1);
}

START_TEST(two_threads_take_turns_and_lose_no_wake)
{
	const struct leat__env *env = leat__env_posix();
	struct leat__thread thread = {.fn = play_second, .name = "second"};

	leat__parker_init(&sides[0], env);
	leat__parker_init(&sides[1], env);
	ck_assert_int_eq(env->thread_start(env, &thread), 0);
	play(0);
	env->thread_join(env, &thread);
	ck_assert_uint_eq(turn, 0);
}
END_TEST

START_TEST(the_real_clock_ends_a_wait)
{
	int64_t deadline_ns = leat_now_ns() + 3000000;

	leat__parker_init(&parker, leat__env_posix());
	ck_assert_int_eq(leat__parker_wait(&parker,
				 leat__parker_ticket(&parker), deadline_ns),
		-1);
	ck_assert_int_ge(leat_now_ns(), deadline_ns);
}
END_TEST

TEST_MAIN("env/parker", a_wake_after_the_ticket_ends_the_wait_at_once,
	a_wake_before_the_ticket_does_not_count,
	a_wake_with_nobody_parked_costs_no_call,
	a_wake_while_parked_ends_the_wait,
	the_deadline_reaches_the_world_unchanged,
	a_deadline_that_has_passed_does_not_park,
	a_long_wait_is_one_wait_not_many,
	two_threads_take_turns_and_lose_no_wake, the_real_clock_ends_a_wait)
