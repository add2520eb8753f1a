/*
 * stress/mem_recycle.c -- few slots, many hands.
 *
 * Threads take, pass on, tie, copy and release frames of a pool that is too
 * small for all of them, with magazines of several sizes. Each slot has a mark
 * outside the pool: whoever takes it must find none, and whoever gives it back
 * must find the taker's. At the end all slots are free.
 */
#include "ctx/ctx.h"
#include "mem/mem.h"

#include "support/stress.h"
#include "support/test.h"

#define N_THREADS 4u
#define N_SLOTS   10u
#define N_BOXES   4u

static const struct leat__env *env;
static struct leat_pool *pool;
static uint32_t marks[2 * N_SLOTS]; /* by slot: 0 or who took it; atomic */
static struct leat_frame *boxes[N_BOXES]; /* on their way; atomic */
static uint32_t n_steps;
static uint64_t seed;

struct hand {
	struct leat__thread thread;
	struct leat__cache cache;
	uint32_t id; /* from 1 */
	uint64_t random;
	uint64_t n_taken;
};

/* Sign a frame that is now this hand's alone. */
static void
sign(struct hand *hand, struct leat_frame *frame)
{
	uint64_t stamp = (uint64_t)hand->id << 32 | frame->slot;

	must(leat__swap_acq_rel(&marks[frame->slot], hand->id) == 0);
	memcpy(frame->data, &stamp, sizeof(stamp));
	frame->stamp = stamp;
	frame->len_bytes = sizeof(stamp);
	hand->n_taken++;
}

static void
check_signature(const struct leat_frame *frame)
{
	uint64_t stamp;

	memcpy(&stamp, frame->data, sizeof(stamp));
	must(stamp == frame->stamp);
	must((uint32_t)stamp == frame->slot);
	must(leat__load_relaxed(&marks[frame->slot]) == stamp >> 32);
}

static void
drop(struct hand *hand, struct leat_frame *frame)
{
	struct leat_frame *base = leat_frame_base(frame);

	check_signature(frame);
	must(leat_frame_is_sole(frame));
	leat__swap_acq_rel(&marks[frame->slot], 0);
	if (base)
		check_signature(base);
	if (base && leat_frame_is_sole(base))
		leat__swap_acq_rel(&marks[base->slot], 0);
	leat__frame_release(&hand->cache, frame);
}

static struct leat_frame *
take(struct hand *hand)
{
	uint32_t class_ = stress_below(&hand->random, 2);
	struct leat_frame *frame = leat__pool_take(pool, &hand->cache, class_);

	if (!frame)
		return NULL;
	must(frame->len_bytes == 0);
	must(leat_frame_base(frame) == NULL);
	sign(hand, frame);
	return frame;
}

/* Put a frame into a box and take out what was there. */
static struct leat_frame *
swap_box(struct hand *hand, struct leat_frame *frame)
{
	uint32_t k = stress_below(&hand->random, N_BOXES);

	return leat__swap_acq_rel(&boxes[k], frame);
}

/* A copy in place of the frame; for a moment both hold its base. */
static struct leat_frame *
make_copy(struct hand *hand, struct leat_frame *frame)
{
	struct leat_frame *copy = leat__frame_copy(&hand->cache, frame);

	if (!copy)
		return frame;
	must(memcmp(copy->data, frame->data, sizeof(uint64_t)) == 0);
	must(leat_frame_base(copy) == leat_frame_base(frame));
	sign(hand, copy);
	drop(hand, frame);
	return copy;
}

static struct leat_frame *
make_view(struct hand *hand, struct leat_frame *base)
{
	struct leat_frame *view = take(hand);

	if (!view)
		return base;
	leat_frame_set_base(view, base);
	return view;
}

static void
step(struct hand *hand)
{
	struct leat_frame *frame = take(hand);

	switch (stress_below(&hand->random, 5)) {
	case 0:
		frame = swap_box(hand, frame);
		break;
	case 1:
		if (frame)
			frame = make_view(hand, frame);
		frame = swap_box(hand, frame);
		break;
	case 2:
		frame = swap_box(hand, frame);
		if (frame)
			frame = make_copy(hand, frame);
		break;
	default:
		break;
	}
	if (frame)
		drop(hand, frame);
}

static void
hand_main(void *arg)
{
	struct hand *hand = arg;

	for (uint32_t k = 0; k < n_steps; k++)
		step(hand);
	leat__cache_fini(&hand->cache);
}

static void
check_all_free(void)
{
	struct leat_pool_stats stats;

	leat_pool_stats(pool, &stats);
	ck_assert_uint_eq(stats.n_free, stats.n_slots);
	for (uint32_t k = 0; k < leat__array_len(marks); k++)
		ck_assert_uint_eq(marks[k], 0);
}

START_TEST(no_slot_is_ever_in_two_hands)
{
	struct leat_pool_class classes[2] = {{4096, N_SLOTS}, {8192, N_SLOTS}};
	struct hand hands[N_THREADS];
	uint64_t n_taken = 0;

	env = leat__env_posix();
	seed = stress_seed("mem_recycle");
	n_steps = stress_rounds(100000);
	ck_assert_int_eq(
		leat__pool_create(env, classes, 2, &pool, NULL), LEAT_OK);
	for (uint32_t k = 0; k < N_THREADS; k++) {
		hands[k] = (struct hand){.thread = {.fn = hand_main},
			.id = k + 1,
			.random = seed + k};
		hands[k].thread.arg = &hands[k];
		leat__cache_init(&hands[k].cache, pool,
			stress_below(&hands[k].random, 4));
		ck_assert_int_eq(env->thread_start(env, &hands[k].thread), 0);
	}
	for (uint32_t k = 0; k < N_THREADS; k++) {
		env->thread_join(env, &hands[k].thread);
		n_taken += hands[k].n_taken;
	}
	leat__cache_init(&hands[0].cache, pool, 0);
	for (uint32_t k = 0; k < N_BOXES; k++)
		if (boxes[k])
			drop(&hands[0], boxes[k]);
	check_all_free();
	ck_assert_uint_gt(n_taken, n_steps);
	leat_pool_destroy(pool);
}
END_TEST

/* ---- the depot alone ------------------------------------------------------ */

/*
 * Take two, give back the first, then the second: in between the old head is
 * back with another slot below it, which a swap without a tag would not notice.
 */
static void
juggle(struct hand *hand)
{
	struct leat_frame *a = leat__pool_take(pool, NULL, 0);
	struct leat_frame *b = leat__pool_take(pool, NULL, 0);

	if (a)
		sign(hand, a);
	if (b)
		sign(hand, b);
	if (a)
		drop(hand, a);
	if (b)
		drop(hand, b);
}

/* Take many at once, which reads a long way down the stack first. */
static void
scoop(struct hand *hand)
{
	struct leat_frame *frames[LEAT__MAGAZINE_MAX / 2];
	uint32_t n = 0;

	do {
		frames[n] = leat__pool_take(pool, &hand->cache, 0);
		if (frames[n])
			sign(hand, frames[n++]);
	} while (hand->cache.magazines[0].n > 0);
	while (n > 0)
		drop(hand, frames[--n]);
	leat__cache_fini(&hand->cache);
}

static bool
is_juggler(const struct hand *hand)
{
	return hand->id % 2 == 1;
}

static void
juggler_main(void *arg)
{
	struct hand *hand = arg;

	for (uint32_t k = 0; k < n_steps; k++) {
		if (is_juggler(hand))
			juggle(hand);
		else
			scoop(hand);
	}
}

START_TEST(a_head_that_comes_back_is_not_taken_for_the_old_one)
{
	struct leat_pool_class class_ = {4096, 2 * N_SLOTS};
	struct hand hands[N_THREADS];

	env = leat__env_posix();
	n_steps = stress_rounds(200000);
	ck_assert_int_eq(
		leat__pool_create(env, &class_, 1, &pool, NULL), LEAT_OK);
	for (uint32_t k = 0; k < N_THREADS; k++) {
		hands[k] = (struct hand){
			.thread = {.fn = juggler_main}, .id = k + 1};
		hands[k].thread.arg = &hands[k];
		leat__cache_init(&hands[k].cache, pool,
			is_juggler(&hands[k]) ? 0 : LEAT__MAGAZINE_MAX);
		ck_assert_int_eq(env->thread_start(env, &hands[k].thread), 0);
	}
	for (uint32_t k = 0; k < N_THREADS; k++)
		env->thread_join(env, &hands[k].thread);
	check_all_free();
	leat_pool_destroy(pool);
}
END_TEST

/* ---- readers of one frame ------------------------------------------------- */

static struct leat_frame *shared;
static uint32_t n_arrived; /* threads at the start line; atomic */
static uint32_t n_rounds;
static uint32_t n_released; /* atomic */

/* All hold it, all let go at once; then one takes it anew. */
static void
reader_main(void *arg)
{
	(void)arg;
	for (uint32_t k = 0; k < n_rounds; k++) {
		uint64_t stamp;

		leat__add_acq_rel(&n_arrived, 1);
		while (leat__load_acquire(&n_arrived) <
			(k + 1) * (N_THREADS + 1))
			env->yield(env);
		memcpy(&stamp, shared->data, sizeof(stamp));
		must(stamp == k);
		leat_frame_release(shared);
		leat__add_acq_rel(&n_released, 1);
	}
}

START_TEST(the_last_of_many_readers_frees_the_slot_once)
{
	struct leat_pool_class class_ = {4096, 1};
	struct leat__thread threads[N_THREADS];

	env = leat__env_posix();
	n_rounds = stress_rounds(2000);
	ck_assert_int_eq(
		leat__pool_create(env, &class_, 1, &pool, NULL), LEAT_OK);
	for (uint32_t k = 0; k < N_THREADS; k++) {
		threads[k] = (struct leat__thread){.fn = reader_main};
		ck_assert_int_eq(env->thread_start(env, &threads[k]), 0);
	}
	for (uint64_t k = 0; k < n_rounds; k++) {
		while (leat__load_acquire(&n_released) < k * N_THREADS)
			env->yield(env);
		must(leat_pool_try_acquire(pool, &shared) == LEAT_OK);
		must(shared->generation == (uint32_t)k);
		memcpy(shared->data, &k, sizeof(k));
		for (uint32_t j = 1; j < N_THREADS; j++)
			leat_frame_retain(shared);
		leat__add_acq_rel(&n_arrived, 1);
	}
	for (uint32_t k = 0; k < N_THREADS; k++)
		env->thread_join(env, &threads[k]);
	leat_pool_destroy(pool);
}
END_TEST

/* ---- waiting for slots ---------------------------------------------------- */

/* One slot, several threads that wait for it in turn: a lost wake hangs. */
static void
waiter_main(void *arg)
{
	struct hand *hand = arg;
	struct leat_frame *frame;

	for (uint32_t k = 0; k < n_rounds;) {
		bool is_short = stress_below(&hand->random, 4) == 0;
		int64_t deadline_ns = is_short
			? leat_now_ns() + stress_below(&hand->random, 50000)
			: LEAT_NEVER;
		int rc = leat_pool_acquire(pool, NULL, deadline_ns, &frame);

		must(rc == LEAT_OK || (is_short && rc == LEAT_ETIMEDOUT));
		if (rc != LEAT_OK)
			continue;
		sign(hand, frame);
		if (stress_below(&hand->random, 2))
			env->yield(env);
		drop(hand, frame);
		k++;
	}
}

START_TEST(no_waiter_misses_the_slot_that_comes_free)
{
	struct leat_pool_class class_ = {4096, 1};
	struct hand hands[N_THREADS];

	env = leat__env_posix();
	seed = stress_seed("mem_recycle");
	n_rounds = stress_rounds(5000);
	ck_assert_int_eq(
		leat__pool_create(env, &class_, 1, &pool, NULL), LEAT_OK);
	for (uint32_t k = 0; k < N_THREADS; k++) {
		hands[k] = (struct hand){.thread = {.fn = waiter_main},
			.id = k + 1,
			.random = seed + k};
		hands[k].thread.arg = &hands[k];
		ck_assert_int_eq(env->thread_start(env, &hands[k].thread), 0);
	}
	for (uint32_t k = 0; k < N_THREADS; k++)
		env->thread_join(env, &hands[k].thread);
	check_all_free();
	leat_pool_destroy(pool);
}
END_TEST

TEST_MAIN("stress/mem_recycle", no_slot_is_ever_in_two_hands,
	a_head_that_comes_back_is_not_taken_for_the_old_one,
	the_last_of_many_readers_frees_the_slot_once,
	no_waiter_misses_the_slot_that_comes_free)
