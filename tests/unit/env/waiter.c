/*
 * unit/env/waiter.c -- tokens: claimed once, parked, woken.
 */
#include "env/waiter.h"

#include "support/chan_world.h"
#include "support/test.h"

static struct chan_world world;
static const struct leat__env *env;
static struct leat__waiter waiters[2];

static void
setup(void)
{
	chan_world_init(&world);
	env = &world.fail.env;
	leat__waiter_init(&waiters[0], env);
	leat__waiter_init(&waiters[1], env);
}

static void
teardown(void)
{
	chan_world_fini(&world);
}

static uint32_t
token(uint32_t k)
{
	return waiters[k].token;
}

START_TEST(a_token_is_claimed_once)
{
	struct leat__wakeup wakeup;

	setup();
	ck_assert_uint_eq(token(0), LEAT__TOKEN_OPEN);
	ck_assert(leat__waiter_claim(&waiters[0], LEAT__TOKEN_HINT | 7));
	ck_assert(!leat__waiter_claim(&waiters[0], LEAT__TOKEN_CANCEL));
	ck_assert(!leat__waiter_claim_quietly(
		&waiters[0], LEAT__TOKEN_DONE, &wakeup));
	ck_assert_uint_eq(token(0), LEAT__TOKEN_HINT | 7);
	ck_assert_uint_eq(
		leat__waiter_leave(&waiters[0]), LEAT__TOKEN_HINT | 7);
	teardown();
}
END_TEST

START_TEST(one_who_leaves_is_not_claimed_any_more)
{
	setup();
	ck_assert_uint_eq(leat__waiter_leave(&waiters[0]), LEAT__TOKEN_LEFT);
	ck_assert(!leat__waiter_claim(&waiters[0], LEAT__TOKEN_CANCEL));
	teardown();
}
END_TEST

/* Else a fiber would be made ready twice. */
START_TEST(a_claim_that_came_too_late_wakes_nobody)
{
	struct leat__wakeup wakeup;

	setup();
	ck_assert(leat__waiter_park(&waiters[0]));
	ck_assert(leat__waiter_claim_quietly(
		&waiters[0], LEAT__TOKEN_DEADLINE, &wakeup));
	ck_assert_ptr_nonnull(wakeup.word);
	ck_assert(!leat__waiter_claim_quietly(
		&waiters[0], LEAT__TOKEN_DONE, &wakeup));
	ck_assert_ptr_null(wakeup.word);
	teardown();
}
END_TEST

START_TEST(only_one_that_is_parked_is_woken)
{
	struct leat__wakeup wakeup;

	setup();
	ck_assert(leat__waiter_claim_quietly(
		&waiters[0], LEAT__TOKEN_CANCEL, &wakeup));
	ck_assert_ptr_null(wakeup.word);
	leat__wakeup_do(&wakeup);
	ck_assert(!leat__waiter_park(&waiters[0]));
	ck_assert(leat__waiter_park(&waiters[1]));
	ck_assert_uint_eq(token(1), LEAT__TOKEN_PARKED);
	ck_assert(leat__waiter_claim_quietly(
		&waiters[1], LEAT__TOKEN_CANCEL, &wakeup));
	ck_assert_ptr_eq(wakeup.word, &waiters[1].token);
	leat__wakeup_do(&wakeup);
	teardown();
}
END_TEST

/* Who was parked learns how long ago it was woken; others did not wait. */
START_TEST(only_one_that_was_parked_is_late)
{
	setup();
	ck_assert_int_eq(leat__waiter_late_ns(&waiters[0]), -1);
	ck_assert(leat__waiter_claim(&waiters[0], LEAT__TOKEN_CANCEL));
	ck_assert_int_eq(leat__waiter_late_ns(&waiters[0]), -1);
	ck_assert(leat__waiter_park(&waiters[1]));
	ck_assert_int_eq(leat__waiter_late_ns(&waiters[1]), -1);
	ck_assert(leat__waiter_claim(&waiters[1], LEAT__TOKEN_CANCEL));
	ck_assert_int_ge(leat__waiter_late_ns(&waiters[1]), 0);
	teardown();
}
END_TEST

START_TEST(a_wait_ends_at_once_if_it_was_claimed_before)
{
	setup();
	leat__waiter_claim(&waiters[0], LEAT__TOKEN_HINT);
	ck_assert_uint_eq(
		leat__waiter_wait(&waiters[0], LEAT_NEVER), LEAT__TOKEN_HINT);
	ck_assert_uint_eq(world.n_parks, 0);
	teardown();
}
END_TEST

START_TEST(a_wait_ends_itself_at_the_deadline)
{
	setup();
	ck_assert_uint_eq(
		leat__waiter_wait(&waiters[0], 0), LEAT__TOKEN_DEADLINE);
	ck_assert_uint_eq(world.n_parks, 0);
	ck_assert_uint_eq(
		leat__waiter_wait(&waiters[1], env->now_ns(env) + 200000),
		LEAT__TOKEN_DEADLINE);
	ck_assert_uint_ge(world.n_parks, 1);
	teardown();
}
END_TEST

static void
claim_main(void *arg)
{
	chan_world_await_parks(&world, 1);
	leat__waiter_claim(arg, LEAT__TOKEN_DONE | 3);
}

START_TEST(a_claim_wakes_the_sleeper)
{
	struct leat__thread thread = {.fn = claim_main, .arg = &waiters[0]};

	setup();
	env->thread_start(env, &thread);
	ck_assert_uint_eq(leat__waiter_wait(&waiters[0], LEAT_NEVER),
		LEAT__TOKEN_DONE | 3);
	env->thread_join(env, &thread);
	teardown();
}
END_TEST

/* A strand that notes what it is asked to do. */
struct fake_strand {
	struct leat__strand strand;
	struct leat__waiter *parked;
	int64_t deadline_ns;
	int n_ready;
	const char *waits_for; /* while it was parked */
};

static void
fake_park(struct leat__strand *strand, struct leat__waiter *waiter,
	int64_t deadline_ns)
{
	struct fake_strand *fake = (struct fake_strand *)strand;

	fake->deadline_ns = deadline_ns;
	fake->waits_for = strand->waits_for;
	if (leat__waiter_park(waiter))
		fake->parked = waiter;
	leat__waiter_claim(waiter, LEAT__TOKEN_HINT | 5);
}

static void
fake_ready(struct leat__strand *strand)
{
	((struct fake_strand *)strand)->n_ready++;
}

START_TEST(a_fiber_parks_and_is_made_ready_by_its_own_means)
{
	struct fake_strand fake = {
		.strand = {.park = fake_park, .ready = fake_ready}};
	struct leat__waiter waiter;

	setup();
	*leat__thread_slot() = &fake.strand;
	leat__waiter_init(&waiter, env);
	*leat__thread_slot() = NULL;
	ck_assert_ptr_eq(waiter.strand, &fake.strand);
	waiter.what = "waits for nothing";
	ck_assert_uint_eq(leat__waiter_wait(&waiter, 77), LEAT__TOKEN_HINT | 5);
	/* what a dump says of it, then and now */
	ck_assert_ptr_eq(fake.waits_for, waiter.what);
	ck_assert_ptr_null(fake.strand.waits_for);
	ck_assert_ptr_eq(fake.parked, &waiter);
	ck_assert_int_eq(fake.deadline_ns, 77);
	ck_assert_int_eq(fake.n_ready, 1);
	ck_assert_uint_eq(world.n_parks, 0);
	teardown();
}
END_TEST

START_TEST(a_fiber_that_was_claimed_before_it_parks_is_not_made_ready)
{
	struct fake_strand fake = {.strand = {.ready = fake_ready}};
	struct leat__waiter waiter;

	setup();
	leat__waiter_init(&waiter, env);
	waiter.strand = &fake.strand;
	ck_assert(leat__waiter_claim(&waiter, LEAT__TOKEN_CANCEL));
	ck_assert(!leat__waiter_park(&waiter));
	ck_assert_int_eq(fake.n_ready, 0);
	teardown();
}
END_TEST

TEST_MAIN("env/waiter", a_token_is_claimed_once,
	one_who_leaves_is_not_claimed_any_more,
	a_claim_that_came_too_late_wakes_nobody,
	only_one_that_is_parked_is_woken, only_one_that_was_parked_is_late,
	a_wait_ends_at_once_if_it_was_claimed_before,
	a_wait_ends_itself_at_the_deadline, a_claim_wakes_the_sleeper,
	a_fiber_parks_and_is_made_ready_by_its_own_means,
	a_fiber_that_was_claimed_before_it_parks_is_not_made_ready)
