/*
 * unit/env/lock.c -- the lock of one word.
 */
#include "env/env.h"
#include "support/test.h"

#define N_THREADS 4
#define N_ROUNDS  20000

static const struct leat__env *env;
static struct leat__lock lock;
static uint64_t sum; /* guarded by lock, and not atomic on purpose */

static void
add_many(void *arg)
{
	(void)arg;
	for (int k = 0; k < N_ROUNDS; k++) {
		leat__lock_take(&lock, env);
		sum++;
		leat__lock_drop(&lock, env);
	}
}

START_TEST(only_one_thread_holds_it)
{
	struct leat__thread threads[N_THREADS] = {0};

	env = leat__env_posix();
	for (int k = 0; k < N_THREADS; k++) {
		threads[k].fn = add_many;
		ck_assert_int_eq(env->thread_start(env, &threads[k]), 0);
	}
	for (int k = 0; k < N_THREADS; k++)
		env->thread_join(env, &threads[k]);
	ck_assert_uint_eq(sum, (uint64_t)N_THREADS * N_ROUNDS);
	ck_assert_uint_eq(lock.word, 0);
}
END_TEST

/* ---- who parks, and who is woken ------------------------------------------ */

static struct leat__env world;
static uint32_t n_parked, n_woken;

/* The holder drops the lock while the other is parked. */
static void
park_and_drop(const struct leat__env *e, const uint32_t *word,
	uint32_t expected, int64_t deadline_ns)
{
	ck_assert_uint_eq(expected, 2);
	ck_assert_uint_eq(*word, 2);
	ck_assert_int_eq(deadline_ns, LEAT_NEVER);
	n_parked++;
	leat__lock_drop(&lock, e);
}

static void
count_wake(const struct leat__env *e, const uint32_t *word)
{
	(void)e;
	ck_assert_ptr_eq(word, &lock.word);
	n_woken++;
}

static void
fake_world(void)
{
	world = *leat__env_posix();
	world.park = park_and_drop;
	world.wake = count_wake;
}

START_TEST(without_a_second_thread_nobody_parks_or_wakes)
{
	fake_world();
	for (int k = 0; k < 3; k++) {
		leat__lock_take(&lock, &world);
		ck_assert_uint_eq(lock.word, 1);
		leat__lock_drop(&lock, &world);
	}
	ck_assert_uint_eq(n_parked + n_woken, 0);
}
END_TEST

START_TEST(who_finds_it_held_parks_and_is_woken)
{
	fake_world();
	leat__lock_take(&lock, &world);
	leat__lock_take(&lock, &world); /* as another thread would */
	ck_assert_uint_eq(n_parked, 1);
	ck_assert_uint_eq(n_woken, 1);
	ck_assert_uint_eq(lock.word, 2); /* there may be a third */
	leat__lock_drop(&lock, &world);
	ck_assert_uint_eq(n_woken, 2);
	ck_assert_uint_eq(lock.word, 0);
}
END_TEST

TEST_MAIN("env/lock", only_one_thread_holds_it,
	without_a_second_thread_nobody_parks_or_wakes,
	who_finds_it_held_parks_and_is_woken)
