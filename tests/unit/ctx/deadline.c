/*
 * unit/ctx/deadline.c -- deadlines of contexts, given, inherited and moved.
 */
#include <pthread.h>

#include "ctx/node.h"
#include "unit/ctx/tree.h"

START_TEST(a_deadline_is_the_earlier_of_both)
{
	int64_t now = leat_now_ns();
	int64_t soon = now + 1000 * SECOND_NS, late = now + 2000 * SECOND_NS;
	struct leat_ctx *a, *b, *c, *d;

	setup();
	a = child_until(root, soon);
	b = child_until(a, late);
	c = child(a);
	d = child_until(b, soon - 1);
	ck_assert_int_eq(leat_ctx_deadline_ns(a), soon);
	ck_assert_int_eq(leat_ctx_deadline_ns(b), soon);
	ck_assert_int_eq(leat_ctx_deadline_ns(c), soon);
	ck_assert_int_eq(leat_ctx_deadline_ns(d), soon - 1);
	ck_assert_int_eq(leat_ctx_deadline_ns(root), LEAT_NEVER);
	leat_ctx_destroy(d);
	leat_ctx_destroy(c);
	leat_ctx_destroy(b);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_deadline_ends_a_context_and_all_below)
{
	int64_t deadline_ns = leat_now_ns() + 2000000;
	struct leat_ctx *a, *a1;

	setup();
	a = child_until(root, deadline_ns);
	a1 = child(a);
	ck_assert_int_eq(leat_ctx_wait(a1, LEAT_NEVER), LEAT_OK);
	ck_assert_int_ge(leat_now_ns(), deadline_ns);
	ck_assert_int_eq(leat_ctx_cause(a1, &err), LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_ctx_cause(a, NULL), LEAT_ETIMEDOUT);
	ck_assert(!leat_ctx_is_done(root));
	leat_ctx_destroy(a1);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_deadline_that_has_passed_ends_it_at_once)
{
	struct leat_ctx *a, *b;

	setup();
	a = child_until(root, leat_now_ns());
	b = child_until(root, INT64_MIN);
	ck_assert_int_eq(leat_ctx_cause(a, NULL), LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_ctx_cause(b, NULL), LEAT_ETIMEDOUT);
	ck_assert_uint_eq(world.thread.n, 0);
	leat_ctx_destroy(a);
	leat_ctx_destroy(b);
	teardown();
}
END_TEST

START_TEST(without_deadlines_there_is_no_thread)
{
	setup();
	leat_ctx_destroy(child(root));
	ck_assert_uint_eq(world.thread.n, 0);
	leat_ctx_destroy(child_until(root, leat_now_ns() + 9 * SECOND_NS));
	leat_ctx_destroy(child_until(root, leat_now_ns() + 9 * SECOND_NS));
	ck_assert_uint_eq(world.thread.n, 1);
	teardown();
}
END_TEST

/* ---- moved ---------------------------------------------------------------- */

static int64_t
hours_ahead(int64_t n)
{
	return leat_now_ns() + n * 3600 * SECOND_NS;
}

START_TEST(a_deadline_may_be_moved_either_way)
{
	int64_t early = hours_ahead(1), late = hours_ahead(2);
	struct leat_ctx *a;

	setup();
	a = child_until(root, early);
	ck_assert_int_eq(leat_ctx_set_deadline(a, late), LEAT_OK);
	ck_assert_int_eq(leat_ctx_deadline_ns(a), late);
	ck_assert_int_eq(leat_ctx_set_deadline(a, early), LEAT_OK);
	ck_assert_int_eq(leat_ctx_deadline_ns(a), early);
	ck_assert_int_eq(leat_ctx_set_deadline(a, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_deadline(a, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(leat_ctx_deadline_ns(a), LEAT_NEVER);
	ck_assert_int_eq(leat_ctx_set_deadline(a, late), LEAT_OK);
	ck_assert_int_eq(leat_ctx_deadline_ns(a), late);
	ck_assert(!leat_ctx_is_done(a));
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_deadline_that_was_moved_later_does_not_pass_before)
{
	int64_t first_ns, second_ns;
	struct leat_ctx *a;

	setup();
	first_ns = leat_now_ns() + 200000000;
	second_ns = first_ns + 2000000;
	a = child_until(root, first_ns);
	ck_assert_int_eq(leat_ctx_set_deadline(a, second_ns), LEAT_OK);
	ck_assert_int_eq(leat_ctx_wait(a, LEAT_NEVER), LEAT_OK);
	ck_assert_int_ge(leat_now_ns(), second_ns);
	ck_assert_int_eq(leat_ctx_cause(a, NULL), LEAT_ETIMEDOUT);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_deadline_moved_earlier_passes_then)
{
	struct leat_ctx *a;

	setup();
	a = child_until(root, hours_ahead(1));
	ck_assert_int_eq(
		leat_ctx_set_deadline(a, leat_now_ns() + 1000000), LEAT_OK);
	ck_assert_int_eq(leat_ctx_wait(a, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(leat_ctx_cause(a, NULL), LEAT_ETIMEDOUT);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_root_may_be_given_a_deadline)
{
	struct leat_ctx *a;

	setup();
	a = child(root);
	ck_assert_int_eq(
		leat_ctx_set_deadline(root, leat_now_ns() + 1000000), LEAT_OK);
	ck_assert_int_eq(leat_ctx_wait(a, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(leat_ctx_cause(root, NULL), LEAT_ETIMEDOUT);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_deadline_moved_into_the_past_ends_the_context_at_once)
{
	struct leat_ctx *a, *b, *a1;

	setup();
	a = child_until(root, hours_ahead(1));
	a1 = child(a);
	b = child(root); /* has had none */
	ck_assert_int_eq(leat_ctx_set_deadline(a, leat_now_ns()), LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_deadline(b, INT64_MIN), LEAT_OK);
	ck_assert_int_eq(leat_ctx_cause(a, NULL), LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_ctx_cause(a1, NULL), LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_ctx_cause(b, NULL), LEAT_ETIMEDOUT);
	leat_ctx_destroy(a1);
	leat_ctx_destroy(a);
	leat_ctx_destroy(b);
	teardown();
}
END_TEST

START_TEST(those_below_follow_the_earliest_on_their_way_up)
{
	int64_t h1 = hours_ahead(1), h2 = hours_ahead(2), h3 = hours_ahead(3);
	struct leat_ctx *a, *plain, *own;

	setup();
	a = child_until(root, h1);
	plain = child(a);
	own = child_until(a, h2); /* later than its parent's */
	ck_assert_int_eq(leat_ctx_deadline_ns(own), h1);
	ck_assert_int_eq(leat_ctx_set_deadline(a, h3), LEAT_OK);
	ck_assert_int_eq(leat_ctx_deadline_ns(plain), h3);
	ck_assert_int_eq(leat_ctx_deadline_ns(own), h2);
	ck_assert_int_eq(leat_ctx_set_deadline(a, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(leat_ctx_deadline_ns(plain), LEAT_NEVER);
	ck_assert_int_eq(leat_ctx_deadline_ns(own), h2);
	leat_ctx_destroy(own);
	leat_ctx_destroy(plain);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_later_own_deadline_counts_once_the_parents_is_moved)
{
	int64_t own_ns = leat_now_ns() + 20000000;
	struct leat_ctx *a, *own;

	setup();
	a = child_until(root, own_ns - 1000000);
	own = child_until(a, own_ns);
	if (leat_ctx_set_deadline(a, LEAT_NEVER) == LEAT_OK) {
		ck_assert_int_eq(leat_ctx_wait(own, LEAT_NEVER), LEAT_OK);
		ck_assert_int_ge(leat_now_ns(), own_ns);
		ck_assert(!leat_ctx_is_done(a));
	}
	leat_ctx_destroy(own);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(the_deadline_of_an_ended_context_stays)
{
	struct leat_ctx *a;

	setup();
	a = child(root);
	leat_ctx_cancel(a, LEAT_EDATA, NULL);
	ck_assert_int_eq(leat_ctx_set_deadline(a, LEAT_NEVER), LEAT_ESTATE);
	ck_assert_int_eq(leat_ctx_set_deadline(a, hours_ahead(1)), LEAT_ESTATE);
	ck_assert_int_eq(leat_ctx_set_deadline(a, 0), LEAT_ESTATE);
	ck_assert_int_eq(leat_ctx_deadline_ns(a), LEAT_NEVER);
	ck_assert_int_eq(leat_ctx_cause(a, NULL), LEAT_EDATA);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(no_memory_for_a_deadline_is_said_and_changes_nothing)
{
	struct leat_ctx *a;

	setup();
	a = child(root);
	world.alloc_fail_at = world.alloc_n + 1;
	ck_assert_int_eq(leat_ctx_set_deadline(a, hours_ahead(1)), LEAT_ENOMEM);
	world.thread.fail_at = 1;
	ck_assert_int_eq(leat_ctx_set_deadline(a, hours_ahead(1)), LEAT_ENOMEM);
	ck_assert_int_eq(leat_ctx_deadline_ns(a), LEAT_NEVER);
	ck_assert_int_eq(leat_ctx_set_deadline(a, hours_ahead(1)), LEAT_OK);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_deadline_refused_costs_no_memory)
{
	struct leat_ctx *a;
	uint64_t n;

	setup();
	a = child(root);
	leat_ctx_destroy(child_until(root, hours_ahead(1)));
	leat_ctx_cancel(a, LEAT_EDATA, NULL);
	n = world.alloc_n;
	for (int k = 0; k < 1000; k++)
		ck_assert_int_eq(
			leat_ctx_set_deadline(a, hours_ahead(1)), LEAT_ESTATE);
	ck_assert_uint_eq(world.alloc_n, n);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(an_ended_context_leaves_no_timer)
{
	struct leat_ctx *a, *b;

	setup();
	a = child_until(root, hours_ahead(1));
	b = child_until(a, hours_ahead(2));
	ck_assert_uint_eq(leat__timers_count(root->root->timers), 2);
	leat_ctx_cancel(a, LEAT_ECANCELED, NULL);
	ck_assert_uint_eq(leat__timers_count(root->root->timers), 0);
	leat_ctx_destroy(b);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

static uint32_t entered, may_return, has_returned, was_late;

/* Not on the thread that registers it: there the deadline has passed before
 * that, and nobody could let it go. */
static void
hold(struct leat_ctx *ctx, void *user)
{
	pthread_t *test = user;

	(void)ctx;
	if (pthread_equal(pthread_self(), *test)) {
		was_late = 1;
		return;
	}
	leat__store_release(&entered, 1); /* pairs with the acquires below */
	while (!leat__load_acquire(&may_return))
		world.env.yield(&world.env);
	leat__store_relaxed(&has_returned, 1);
}

static void
let_return(void *arg)
{
	(void)arg;
	leat__store_release(&may_return, 1); /* pairs with that in hold */
}

START_TEST(destroy_waits_for_a_deadline_that_is_passing)
{
	pthread_t test = pthread_self();
	struct leat_ctx_after node = {.fn = hold, .user = &test};
	struct leat__thread releaser = {.fn = let_return};
	int64_t wait_ns = 1000000;
	struct leat_ctx *a;

	setup();
	a = child_until(root, leat_now_ns() + wait_ns);
	leat_ctx_after(a, &node);
	while (was_late) {
		was_late = 0;
		leat_ctx_destroy(a);
		wait_ns *= 2;
		a = child_until(root, leat_now_ns() + wait_ns);
		leat_ctx_after(a, &node);
	}
	while (!leat__load_acquire(&entered))
		world.env.yield(&world.env);
	ck_assert_int_eq(world.env.thread_start(&world.env, &releaser), 0);
	leat_ctx_destroy(a);
	ck_assert_uint_eq(leat__load_relaxed(&has_returned), 1);
	world.env.thread_join(&world.env, &releaser);
	teardown();
}
END_TEST

TEST_MAIN("ctx/deadline", a_deadline_is_the_earlier_of_both,
	a_deadline_ends_a_context_and_all_below,
	a_deadline_that_has_passed_ends_it_at_once,
	without_deadlines_there_is_no_thread,
	a_deadline_may_be_moved_either_way,
	a_deadline_that_was_moved_later_does_not_pass_before,
	a_deadline_moved_earlier_passes_then, a_root_may_be_given_a_deadline,
	a_deadline_moved_into_the_past_ends_the_context_at_once,
	those_below_follow_the_earliest_on_their_way_up,
	a_later_own_deadline_counts_once_the_parents_is_moved,
	the_deadline_of_an_ended_context_stays,
	no_memory_for_a_deadline_is_said_and_changes_nothing,
	a_deadline_refused_costs_no_memory, an_ended_context_leaves_no_timer,
	destroy_waits_for_a_deadline_that_is_passing)
