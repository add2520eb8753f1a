/*
 * unit/env/side.c -- arms and sides: both halves driven by hand.
 */
#include "env/side.h"

#include "support/chan_world.h"
#include "support/test.h"

static struct chan_world world;
static const struct leat__env *env;
static struct leat__waiter waiters[40];
static struct leat__arm arms[40];
static struct leat__side side;

static void
setup(bool is_many, bool is_fenced)
{
	chan_world_init(&world);
	env = &world.fail.env;
	leat__side_init(&side, env, is_many, is_fenced, NULL);
	world.n_barriers = 0;
	for (uint32_t k = 0; k < leat__array_len(arms); k++) {
		leat__waiter_init(&waiters[k], env);
		arms[k] = (struct leat__arm){
			.waiter = &waiters[k], .index = k, .is_off = 1};
	}
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

/* ---- one arm ------------------------------------------------------------------ */

START_TEST(telling_nobody_claims_nobody)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, true);
		leat__side_tell(&side, 1);
		leat__side_wake(&side, 1);
		leat__side_wake_all(&side);
		ck_assert_uint_eq(side.waiting, 0);
		teardown();
	}
}
END_TEST

START_TEST(who_is_told_is_claimed_with_its_index)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, true);
		leat__side_arm(&side, &arms[3], 0);
		ck_assert_uint_ne(side.waiting, 0);
		ck_assert_uint_eq(arms[3].is_off, 0);
		leat__side_tell(&side, 1);
		ck_assert_uint_eq(token(3), LEAT__TOKEN_HINT | 3);
		ck_assert_uint_eq(side.waiting, 0);
		ck_assert_uint_eq(arms[3].is_off, 1);
		leat__side_disarm(&side, &arms[3]);
		teardown();
	}
}
END_TEST

START_TEST(what_was_taken_off_is_not_told)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, true);
		leat__side_arm(&side, &arms[0], 0);
		leat__side_disarm(&side, &arms[0]);
		leat__side_tell(&side, 1);
		leat__side_wake_all(&side);
		ck_assert_uint_eq(token(0), LEAT__TOKEN_OPEN);
		/* and may be put on again */
		leat__side_arm(&side, &arms[0], 0);
		leat__side_tell(&side, 1);
		ck_assert_uint_eq(token(0), LEAT__TOKEN_HINT);
		teardown();
	}
}
END_TEST

START_TEST(an_arm_that_was_never_on_can_be_taken_off)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, true);
		leat__side_disarm(&side, &arms[0]);
		leat__side_arm(&side, &arms[1], 0);
		leat__side_disarm(&side, &arms[0]);
		leat__side_tell(&side, 1);
		ck_assert_uint_eq(token(1), LEAT__TOKEN_HINT | 1);
		teardown();
	}
}
END_TEST

START_TEST(a_second_arm_of_the_one_end_stays_off)
{
	setup(false, true);
	leat__side_arm(&side, &arms[0], 0);
	leat__side_arm(&side, &arms[1], 0);
	ck_assert_uint_eq(arms[1].is_off, 1);
	leat__side_disarm(&side, &arms[1]);
	leat__side_tell(&side, 1);
	ck_assert_uint_eq(token(0), LEAT__TOKEN_HINT);
	ck_assert_uint_eq(token(1), LEAT__TOKEN_OPEN);
	teardown();
}
END_TEST

/* A teller has taken the arm and not let go: the second half by a thread. */
struct teller {
	struct leat__thread thread;
	struct leat__arm *arm;
	uint32_t is_let_go; /* atomic */
};

static uint32_t n_yields; /* atomic */

static void
yield_and_count(const struct leat__env *e)
{
	(void)e;
	leat__add_acq_rel(&n_yields, 1u);
	leat__env_posix()->yield(leat__env_posix());
}

static void
let_go_main(void *arg)
{
	struct teller *teller = arg;

	while (leat__load_acquire(&n_yields) < 3)
		leat__env_posix()->yield(leat__env_posix());
	leat__waiter_claim(teller->arm->waiter, LEAT__TOKEN_HINT);
	leat__store_relaxed(&teller->is_let_go, 1u);
	leat__store_release(&teller->arm->is_off, 1u);
}

START_TEST(taking_off_waits_for_a_teller_that_holds_the_arm)
{
	struct teller teller = {.thread = {.fn = let_go_main}};
	struct leat__arm *arm = &arms[0];
	uint64_t word;

	n_yields = 0;
	setup(false, true);
	world.fail.env.yield = yield_and_count;
	leat__side_arm(&side, arm, 0);
	word = leat__swap_seq(&side.waiting, (uint64_t)0);
	ck_assert_ptr_eq((void *)(uintptr_t)word, arm);
	teller.arm = arm;
	teller.thread.arg = &teller;
	env->thread_start(env, &teller.thread);
	leat__side_disarm(&side, arm);
	ck_assert_uint_eq(leat__load_relaxed(&teller.is_let_go), 1);
	ck_assert_uint_eq(token(0), LEAT__TOKEN_HINT);
	env->thread_join(env, &teller.thread);
	teardown();
}
END_TEST

/* ---- many arms ------------------------------------------------------------------ */

static uint32_t
count_claimed(void)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < leat__array_len(waiters); k++)
		n += token(k) > LEAT__TOKEN_PARKED;
	return n;
}

START_TEST(of_many_the_oldest_are_told_first)
{
	setup(true, true);
	for (uint32_t k = 0; k < 5; k++)
		leat__side_arm(&side, &arms[k], 0);
	ck_assert_uint_eq(side.waiting, 5);
	leat__side_disarm(&side, &arms[1]);
	leat__side_tell(&side, 2);
	ck_assert_uint_eq(token(0), LEAT__TOKEN_HINT);
	ck_assert_uint_eq(token(2), LEAT__TOKEN_HINT | 2);
	ck_assert_uint_eq(count_claimed(), 2);
	ck_assert_uint_eq(side.waiting, 2);
	leat__side_disarm(&side, &arms[4]);
	leat__side_tell(&side, 2);
	ck_assert_uint_eq(token(3), LEAT__TOKEN_HINT | 3);
	ck_assert_uint_eq(count_claimed(), 3);
	ck_assert_ptr_null(side.first);
	ck_assert_ptr_null(side.last);
	teardown();
}
END_TEST

START_TEST(one_that_was_claimed_elsewhere_is_passed_over)
{
	setup(true, true);
	for (uint32_t k = 0; k < 3; k++)
		leat__side_arm(&side, &arms[k], 0);
	leat__waiter_claim(&waiters[0], LEAT__TOKEN_CANCEL);
	leat__waiter_leave(&waiters[1]);
	leat__side_tell(&side, 1);
	ck_assert_uint_eq(token(2), LEAT__TOKEN_HINT | 2);
	for (uint32_t k = 0; k < 3; k++)
		leat__side_disarm(&side, &arms[k]);
	ck_assert_uint_eq(side.waiting, 0);
	teardown();
}
END_TEST

START_TEST(all_are_told_however_many)
{
	static const uint32_t some[] = {1, 15, 16, 17, 32, 40};

	for (size_t s = 0; s < leat__array_len(some); s++) {
		setup(true, true);
		for (uint32_t k = 0; k < some[s]; k++)
			leat__side_arm(&side, &arms[k], 0);
		leat__side_wake_all(&side);
		ck_assert_uint_eq(count_claimed(), some[s]);
		ck_assert_uint_eq(side.waiting, 0);
		teardown();
	}
}
END_TEST

START_TEST(as_many_are_told_as_things_are_there)
{
	for (uint32_t n = 1; n <= 40; n++) {
		setup(true, true);
		for (uint32_t k = 0; k < 40; k++)
			leat__side_arm(&side, &arms[k], 0);
		leat__side_tell(&side, n);
		ck_assert_uint_eq(count_claimed(), n);
		teardown();
	}
}
END_TEST

START_TEST(two_sides_may_share_a_lock)
{
	struct leat__lock lock = {0};
	struct leat__side other;

	setup(true, true);
	leat__side_init(&side, env, true, true, &lock);
	leat__side_init(&other, env, true, true, &lock);
	ck_assert_ptr_eq(side.lock, other.lock);
	leat__side_arm(&side, &arms[0], 0);
	leat__side_arm(&other, &arms[1], 0);
	leat__side_tell(&other, 1);
	ck_assert_uint_eq(token(0), LEAT__TOKEN_OPEN);
	ck_assert_uint_eq(token(1), LEAT__TOKEN_HINT | 1);
	leat__side_disarm(&side, &arms[0]);
	ck_assert_uint_eq(lock.word, 0);
	teardown();
}
END_TEST

START_TEST(a_locked_claim_takes_the_oldest_that_is_open)
{
	struct leat__wakeup wakeup;

	setup(true, true);
	for (uint32_t k = 0; k < 3; k++)
		leat__side_push_locked(&side, &arms[k]);
	leat__waiter_leave(&waiters[0]);
	ck_assert_ptr_eq(
		leat__side_claim_locked(&side, LEAT__TOKEN_DONE, &wakeup),
		&arms[1]);
	ck_assert_uint_eq(token(1), LEAT__TOKEN_DONE | 1);
	leat__side_remove_locked(&side, &arms[2]);
	ck_assert_ptr_null(
		leat__side_claim_locked(&side, LEAT__TOKEN_DONE, &wakeup));
	ck_assert_uint_eq(token(2), LEAT__TOKEN_OPEN);
	teardown();
}
END_TEST

/* ---- how fences are paid -------------------------------------------------------- */

static uint32_t
mode(void)
{
	return side.is_fenced & LEAT__SIDE_MODE;
}

/* One wait, when so much has passed. */
static void
wait_at(uint64_t position)
{
	leat__side_arm(&side, &arms[0], position);
	leat__side_disarm(&side, &arms[0]);
}

START_TEST(a_side_begins_unfenced_where_barriers_work)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, false);
		ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
		ck_assert(!side.is_always_fenced);
		teardown();
	}
}
END_TEST

START_TEST(waits_that_are_seldom_pay_by_a_barrier_each)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, false);
		for (uint32_t k = 1; k <= 10; k++) {
			wait_at(k * 64);
			ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
			ck_assert_uint_eq(world.n_barriers, k);
		}
		teardown();
	}
}
END_TEST

START_TEST(waits_that_are_frequent_switch_fences_on)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, false);
		wait_at(1000);
		ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
		wait_at(1063);
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
		ck_assert_uint_eq(world.n_barriers, 2);
		for (uint64_t at = 1063; at < 3000; at += 256)
			wait_at(at);
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
		ck_assert_uint_eq(world.n_barriers, 2);
		teardown();
	}
}
END_TEST

START_TEST(waits_that_become_seldom_switch_fences_off)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, false);
		wait_at(1);
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
		wait_at(258);
		ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
		ck_assert_uint_eq(world.n_barriers, 2);
		wait_at(258 + 63);
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
		ck_assert_uint_eq(world.n_barriers, 3);
		teardown();
	}
}
END_TEST

/* Of those who find nothing together the later ones see that nothing passed. */
START_TEST(many_that_wait_together_switch_no_fences_on)
{
	setup(true, false);
	for (uint32_t round = 1; round <= 5; round++) {
		for (uint32_t k = 0; k < 4; k++) {
			leat__side_arm(&side, &arms[k], round * 1024);
			ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
			ck_assert_uint_eq(
				world.n_barriers, 4 * (round - 1) + k + 1);
		}
		for (uint32_t k = 0; k < 4; k++)
			leat__side_disarm(&side, &arms[k]);
	}
	teardown();
}
END_TEST

START_TEST(of_many_that_are_never_alone_some_choose)
{
	setup(true, false);
	leat__side_arm(&side, &arms[1], 1000);
	for (uint32_t k = 1; k <= 8; k++) {
		ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
		wait_at(1000 + k);
	}
	ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
	for (uint32_t k = 1; k <= 8; k++) {
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
		wait_at(1008 + 257 * k);
	}
	ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
	leat__side_disarm(&side, &arms[1]);
	teardown();
}
END_TEST

START_TEST(fences_are_switched_off_without_a_wait_too)
{
	setup(false, false);
	leat__side_relax(&side, 10000);
	ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
	wait_at(1);
	leat__side_relax(&side, 257);
	ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
	ck_assert_uint_eq(world.n_barriers, 1);
	leat__side_relax(&side, 258);
	ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
	ck_assert_uint_eq(world.n_barriers, 1);
	wait_at(300); /* the one that pays for that */
	ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
	ck_assert_uint_eq(world.n_barriers, 2);
	teardown();
}
END_TEST

START_TEST(without_barriers_a_side_is_always_fenced)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, true);
		world.barrier_errno = 38;
		leat__side_init(&side, env, is_many, false, NULL);
		world.n_barriers = 0;
		ck_assert(side.is_always_fenced);
		for (uint64_t at = 0; at < 100000; at += 1000)
			wait_at(at);
		if (!is_many)
			leat__side_relax(&side, 200000);
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
		ck_assert_uint_eq(world.n_barriers, 0);
		teardown();
	}
}
END_TEST

START_TEST(a_side_that_is_to_be_fenced_asks_for_no_barrier)
{
	setup(false, true);
	leat__side_init(&side, env, false, true, NULL);
	wait_at(100000);
	ck_assert_uint_eq(world.n_barriers, 0);
	ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
	teardown();
}
END_TEST

/* ---- barriers that are under way ------------------------------------------------ */

/* The arm is on and the mode set before the barrier; FENCED only after it. */
static uint32_t mode_in_barrier;
static bool is_on_in_barrier;

static int
barrier_and_look(const struct leat__env *e)
{
	(void)e;
	mode_in_barrier = mode();
	is_on_in_barrier = side.waiting != 0;
	return 0;
}

START_TEST(the_barrier_comes_after_the_arm_and_before_fences_count)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		setup(is_many, false);
		world.fail.env.barrier = barrier_and_look;
		wait_at(1);
		ck_assert_uint_eq(mode_in_barrier, LEAT__SIDE_FENCING);
		ck_assert(is_on_in_barrier);
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
		wait_at(1000);
		ck_assert_uint_eq(mode_in_barrier, LEAT__SIDE_UNFENCED);
		ck_assert(is_on_in_barrier);
		teardown();
	}
}
END_TEST

static int n_deep;

/* While the first waiter's barrier is under way another one waits. */
static int
barrier_and_wait(const struct leat__env *e)
{
	(void)e;
	world.n_barriers++;
	if (n_deep++ == 0) {
		leat__side_arm(&side, &arms[1], 2);
		/* its own barrier was complete */
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
	}
	return 0;
}

START_TEST(who_waits_while_fences_are_switched_on_pays_too)
{
	n_deep = 0;
	setup(true, false);
	world.fail.env.barrier = barrier_and_wait;
	leat__side_arm(&side, &arms[0], 1);
	ck_assert_uint_eq(world.n_barriers, 2);
	ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
	leat__side_disarm(&side, &arms[0]);
	leat__side_disarm(&side, &arms[1]);
	teardown();
}
END_TEST

/* Though others wait, as after some such waits. */
static void
the_next_one_chooses(void)
{
	side.n_waits = 7;
}

static uint32_t is_in_barrier; /* atomic */
static uint32_t may_go_on;     /* atomic */

static void
late_main(void *arg)
{
	(void)arg;
	leat__side_arm(&side, &arms[3], 100002);
}

static struct leat__thread late = {.fn = late_main};

/*
 * The first waiter's barrier takes so long that fences are on, off, and being
 * switched on again when it ends; the barrier of that is not complete.
 */
static int
barrier_that_is_late(const struct leat__env *e)
{
	const struct leat__env *real = leat__env_posix();
	uint32_t n = leat__add_acq_rel(&world.n_barriers, 1u);

	if (n == 0) {
		leat__side_arm(&side, &arms[1], 2);
		ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
		the_next_one_chooses();
		leat__side_arm(&side, &arms[2], 100001);
		ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
		the_next_one_chooses();
		e->thread_start(e, &late);
		while (!leat__load_acquire(&is_in_barrier))
			real->yield(real);
	} else if (n == 3) {
		leat__store_release(&is_in_barrier, 1u);
		while (!leat__load_acquire(&may_go_on))
			real->yield(real);
	}
	return 0;
}

START_TEST(a_late_barrier_does_not_end_a_later_switching)
{
	is_in_barrier = may_go_on = 0;
	setup(true, false);
	world.fail.env.barrier = barrier_that_is_late;
	leat__side_arm(&side, &arms[0], 1);
	ck_assert_uint_eq(leat__load_seq(&side.is_fenced) & LEAT__SIDE_MODE,
		LEAT__SIDE_FENCING);
	leat__store_release(&may_go_on, 1u);
	env->thread_join(env, &late);
	ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
	for (uint32_t k = 0; k < 4; k++)
		leat__side_disarm(&side, &arms[k]);
	teardown();
}
END_TEST

/* ---- strands that rest ------------------------------------------------------------ */

static struct leat__strand strand;
static uint32_t n_ready;

static void
strand_ready(struct leat__strand *self)
{
	ck_assert_ptr_eq(self, &strand);
	n_ready++;
}

static void
strand_rest(struct leat__strand *self)
{
	(void)self;
	ck_abort_msg("who puts a strand on leaves by itself");
}

static void
setup_strand(bool is_many, bool is_fenced)
{
	setup(is_many, is_fenced);
	n_ready = 0;
	strand = (struct leat__strand){
		.ready = strand_ready, .rest = strand_rest, .is_away = 1};
}

static void
tell_once(struct leat__side *s)
{
	leat__side_tell(s, 1);
}

static void
wake_once(struct leat__side *s)
{
	leat__side_wake(s, 1);
}

START_TEST(a_strand_that_rests_is_made_ready_once)
{
	static void (*const ways[])(struct leat__side *) = {
		tell_once, wake_once, leat__side_wake_all};

	for (size_t k = 0; k < leat__array_len(ways); k++)
		for (int is_fenced = 0; is_fenced < 2; is_fenced++) {
			setup_strand(false, is_fenced);
			ck_assert(leat__side_rest(&side, &strand, 1000));
			ck_assert_uint_ne(side.waiting, 0);
			ways[k](&side);
			ck_assert_uint_eq(n_ready, 1);
			ck_assert_uint_eq(side.waiting, 0);
			ways[k](&side);
			ck_assert_uint_eq(n_ready, 1);
			/* somebody has, so it must leave */
			ck_assert(!leat__side_unrest(&side, &strand));
			teardown();
		}
}
END_TEST

/* Who makes it ready may be faster than who leaves. */
START_TEST(a_strand_that_rests_says_first_that_it_is_on_its_stack)
{
	setup_strand(false, true);
	ck_assert(leat__side_rest(&side, &strand, 0));
	ck_assert_uint_eq(strand.is_away, 0);
	teardown();
}
END_TEST

START_TEST(a_strand_that_took_itself_off_is_not_made_ready)
{
	setup_strand(false, true);
	ck_assert(leat__side_rest(&side, &strand, 0));
	ck_assert(leat__side_unrest(&side, &strand));
	ck_assert_uint_eq(side.waiting, 0);
	leat__side_tell(&side, 1);
	leat__side_wake_all(&side);
	ck_assert_uint_eq(n_ready, 0);
	/* and rests again */
	ck_assert(leat__side_rest(&side, &strand, 0));
	leat__side_tell(&side, 1);
	ck_assert_uint_eq(n_ready, 1);
	teardown();
}
END_TEST

START_TEST(many_do_not_rest_nor_who_can_only_park)
{
	setup_strand(true, true);
	ck_assert(!leat__side_rest(&side, &strand, 0));
	ck_assert_uint_eq(side.waiting, 0);
	ck_assert_uint_eq(strand.is_away, 1);
	teardown();
	setup_strand(false, true);
	strand.rest = NULL;
	ck_assert(!leat__side_rest(&side, &strand, 0));
	ck_assert_uint_eq(side.waiting, 0);
	ck_assert_uint_eq(strand.is_away, 1);
	teardown();
}
END_TEST

/* As a select does that has the channel twice. */
START_TEST(where_an_arm_is_on_nobody_rests)
{
	setup_strand(false, true);
	leat__side_arm(&side, &arms[2], 0);
	ck_assert(!leat__side_rest(&side, &strand, 0));
	ck_assert(!leat__side_unrest(&side, &strand));
	leat__side_tell(&side, 1);
	ck_assert_uint_eq(token(2), LEAT__TOKEN_HINT | 2);
	ck_assert_uint_eq(n_ready, 0);
	teardown();
}
END_TEST

START_TEST(an_arm_finds_no_place_where_a_strand_rests)
{
	setup_strand(false, true);
	ck_assert(leat__side_rest(&side, &strand, 0));
	leat__side_arm(&side, &arms[0], 0);
	ck_assert_uint_eq(arms[0].is_off, 1);
	leat__side_disarm(&side, &arms[0]);
	leat__side_tell(&side, 1);
	ck_assert_uint_eq(n_ready, 1);
	ck_assert_uint_eq(token(0), LEAT__TOKEN_OPEN);
	teardown();
}
END_TEST

static void
rest_at(uint64_t position)
{
	ck_assert(leat__side_rest(&side, &strand, position));
	ck_assert(leat__side_unrest(&side, &strand));
}

START_TEST(who_rests_pays_as_who_arms)
{
	setup_strand(false, false);
	for (uint32_t k = 1; k <= 10; k++) {
		rest_at(k * 64);
		ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
		ck_assert_uint_eq(world.n_barriers, k);
	}
	rest_at(641);
	ck_assert_uint_eq(mode(), LEAT__SIDE_FENCED);
	ck_assert_uint_eq(world.n_barriers, 11);
	rest_at(642);
	ck_assert_uint_eq(world.n_barriers, 11);
	rest_at(1000);
	ck_assert_uint_eq(mode(), LEAT__SIDE_UNFENCED);
	ck_assert_uint_eq(world.n_barriers, 12);
	teardown();
}
END_TEST

START_TEST(the_barrier_comes_after_the_strand)
{
	setup_strand(false, false);
	world.fail.env.barrier = barrier_and_look;
	rest_at(1);
	ck_assert_uint_eq(mode_in_barrier, LEAT__SIDE_FENCING);
	ck_assert(is_on_in_barrier);
	is_on_in_barrier = false;
	rest_at(1000);
	ck_assert_uint_eq(mode_in_barrier, LEAT__SIDE_UNFENCED);
	ck_assert(is_on_in_barrier);
	teardown();
}
END_TEST

/* ---- a thread's mark ---------------------------------------------------------- */

static const uint32_t *parked_at, *woken_at;
static uint32_t n_parked, n_woken;

/* Woken for no reason twice, then told. */
static void
park_noted(const struct leat__env *e, const uint32_t *word, uint32_t expected,
	int64_t deadline_ns)
{
	(void)e;
	ck_assert_uint_eq(*word, expected);
	ck_assert_int_eq(deadline_ns, LEAT_NEVER);
	parked_at = word;
	if (++n_parked == 3)
		leat__side_tell(&side, 1);
}

static void
wake_noted(const struct leat__env *e, const uint32_t *word)
{
	(void)e;
	woken_at = word;
	n_woken++;
}

static void
setup_mark(bool is_many, bool is_fenced)
{
	setup(is_many, is_fenced);
	world.fail.env.park = park_noted;
	world.fail.env.wake = wake_noted;
	n_parked = n_woken = 0;
	parked_at = woken_at = NULL;
}

START_TEST(a_thread_that_dozes_is_told_once)
{
	static void (*const ways[])(struct leat__side *) = {
		tell_once, wake_once, leat__side_wake_all};

	for (size_t k = 0; k < leat__array_len(ways); k++)
		for (int is_fenced = 0; is_fenced < 2; is_fenced++) {
			setup_mark(false, is_fenced);
			ck_assert(leat__side_doze(&side, 1000));
			ck_assert_uint_ne(side.waiting, 0);
			ways[k](&side);
			ck_assert_uint_eq(n_woken, 1);
			ck_assert_uint_eq(side.waiting, 0);
			ways[k](&side);
			ck_assert_uint_eq(n_woken, 1);
			/* somebody has, so it does not sleep */
			ck_assert_int_eq(leat__side_sleep(&side), -1);
			leat__side_undoze(&side);
			ck_assert_uint_eq(n_parked, 0);
			teardown();
		}
}
END_TEST

START_TEST(a_thread_sleeps_where_it_is_woken_until_it_is_told)
{
	setup_mark(false, true);
	ck_assert(leat__side_doze(&side, 0));
	ck_assert_int_eq(leat__side_sleep(&side), -1);
	ck_assert_uint_eq(n_parked, 3);
	ck_assert_uint_eq(n_woken, 1);
	ck_assert_ptr_eq(parked_at, woken_at);
	teardown();
}
END_TEST

START_TEST(a_mark_that_was_taken_off_is_not_told)
{
	setup_mark(false, true);
	ck_assert(leat__side_doze(&side, 0));
	leat__side_undoze(&side);
	ck_assert_uint_eq(side.waiting, 0);
	leat__side_tell(&side, 1);
	leat__side_wake_all(&side);
	ck_assert_uint_eq(n_woken, 0);
	teardown();
}
END_TEST

START_TEST(a_side_has_one_mark_or_arm_and_many_none)
{
	setup_mark(true, true);
	ck_assert(!leat__side_doze(&side, 0));
	ck_assert_uint_eq(side.waiting, 0);
	teardown();
	setup_mark(false, true);
	leat__side_arm(&side, &arms[2], 0);
	ck_assert(!leat__side_doze(&side, 0));
	leat__side_undoze(&side);
	leat__side_tell(&side, 1);
	ck_assert_uint_eq(token(2), LEAT__TOKEN_HINT | 2);
	ck_assert(leat__side_doze(&side, 0));
	leat__side_arm(&side, &arms[3], 0);
	ck_assert_uint_eq(arms[3].is_off, 1);
	leat__side_tell(&side, 1);
	ck_assert_uint_eq(token(3), LEAT__TOKEN_OPEN);
	ck_assert_uint_eq(n_woken, 1);
	teardown();
}
END_TEST

START_TEST(who_dozes_pays_as_who_arms)
{
	setup_mark(false, false);
	world.fail.env.barrier = barrier_and_look;
	is_on_in_barrier = false;
	ck_assert(leat__side_doze(&side, 1000));
	ck_assert(is_on_in_barrier);
	leat__side_undoze(&side);
	/* soon again: who tells is to fence from now on */
	ck_assert(leat__side_doze(&side, 1001));
	ck_assert_uint_eq(mode_in_barrier, LEAT__SIDE_FENCING);
	ck_assert_uint_eq(side.is_fenced, LEAT__SIDE_FENCED);
	teardown();
}
END_TEST

START_TEST(how_late_a_sleeper_was_woken_is_known_where_it_is_asked_for)
{
	setup_mark(false, true);
	world.now_ns = 1000;
	world.tick_ns = 7;
	side.is_timed = 1;
	ck_assert(leat__side_doze(&side, 0));
	/* a look by who tells, and one by who wakes up */
	ck_assert_int_eq(leat__side_sleep(&side), 7);
	/* nobody tells of this one */
	ck_assert(leat__side_doze(&side, 0));
	leat__side_undoze(&side);
	ck_assert_int_eq(leat__side_sleep(&side), -1);
	side.is_timed = 0;
	ck_assert(leat__side_doze(&side, 0));
	leat__side_tell(&side, 1);
	ck_assert_int_eq(leat__side_sleep(&side), -1);
	ck_assert_int_eq(world.now_ns, 1000 + 2 * 7);
	teardown();
}
END_TEST

TEST_MAIN("env/side", telling_nobody_claims_nobody,
	who_is_told_is_claimed_with_its_index, what_was_taken_off_is_not_told,
	an_arm_that_was_never_on_can_be_taken_off,
	a_second_arm_of_the_one_end_stays_off,
	taking_off_waits_for_a_teller_that_holds_the_arm,
	of_many_the_oldest_are_told_first,
	one_that_was_claimed_elsewhere_is_passed_over,
	all_are_told_however_many, as_many_are_told_as_things_are_there,
	two_sides_may_share_a_lock,
	a_locked_claim_takes_the_oldest_that_is_open,
	a_side_begins_unfenced_where_barriers_work,
	waits_that_are_seldom_pay_by_a_barrier_each,
	waits_that_are_frequent_switch_fences_on,
	waits_that_become_seldom_switch_fences_off,
	many_that_wait_together_switch_no_fences_on,
	of_many_that_are_never_alone_some_choose,
	fences_are_switched_off_without_a_wait_too,
	without_barriers_a_side_is_always_fenced,
	a_side_that_is_to_be_fenced_asks_for_no_barrier,
	the_barrier_comes_after_the_arm_and_before_fences_count,
	who_waits_while_fences_are_switched_on_pays_too,
	a_late_barrier_does_not_end_a_later_switching,
	a_strand_that_rests_is_made_ready_once,
	a_strand_that_rests_says_first_that_it_is_on_its_stack,
	a_strand_that_took_itself_off_is_not_made_ready,
	many_do_not_rest_nor_who_can_only_park, where_an_arm_is_on_nobody_rests,
	an_arm_finds_no_place_where_a_strand_rests, who_rests_pays_as_who_arms,
	the_barrier_comes_after_the_strand, a_thread_that_dozes_is_told_once,
	a_thread_sleeps_where_it_is_woken_until_it_is_told,
	a_mark_that_was_taken_off_is_not_told,
	a_side_has_one_mark_or_arm_and_many_none, who_dozes_pays_as_who_arms,
	how_late_a_sleeper_was_woken_is_known_where_it_is_asked_for)
