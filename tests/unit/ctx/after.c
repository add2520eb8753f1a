/*
 * unit/ctx/after.c -- what is called when a context ends, and who waits.
 */
#include "unit/ctx/tree.h"

static int n_calls;
static struct leat_ctx_after *called[8];

static void
count_call(struct leat_ctx *ctx, void *user)
{
	ck_assert(leat_ctx_is_done(ctx));
	called[n_calls++] = user;
}

static void
add_after(struct leat_ctx *ctx, struct leat_ctx_after *node)
{
	*node = (struct leat_ctx_after){.fn = count_call, .user = node};
	leat_ctx_after(ctx, node);
}

START_TEST(callbacks_run_once_in_the_order_they_came)
{
	struct leat_ctx_after nodes[3];

	setup();
	for (int k = 0; k < 3; k++)
		add_after(root, &nodes[k]);
	ck_assert_int_eq(n_calls, 0);
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(n_calls, 3);
	for (int k = 0; k < 3; k++)
		ck_assert_ptr_eq(called[k], &nodes[k]);
	ck_assert(!leat_ctx_after_stop(root, &nodes[0]));
	teardown();
	ck_assert_int_eq(n_calls, 3);
}
END_TEST

START_TEST(a_callback_on_an_ended_context_runs_at_once)
{
	struct leat_ctx_after node;

	setup();
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	add_after(root, &node);
	ck_assert_int_eq(n_calls, 1);
	ck_assert(!leat_ctx_after_stop(root, &node));
	teardown();
}
END_TEST

START_TEST(a_stopped_callback_does_not_run)
{
	struct leat_ctx_after nodes[4];

	setup();
	for (int k = 0; k < 4; k++)
		add_after(root, &nodes[k]);
	ck_assert(leat_ctx_after_stop(root, &nodes[0])); /* first, */
	ck_assert(leat_ctx_after_stop(root, &nodes[3])); /* last, */
	ck_assert(!leat_ctx_after_stop(root, &nodes[3]));
	add_after(root, &nodes[3]); /* its place is free again, */
	ck_assert(leat_ctx_after_stop(root, &nodes[2])); /* and the middle */
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(n_calls, 2);
	ck_assert_ptr_eq(called[0], &nodes[1]);
	ck_assert_ptr_eq(called[1], &nodes[3]);
	teardown();
}
END_TEST

START_TEST(destroy_calls_back_too)
{
	struct leat_ctx_after node;
	struct leat_ctx *a;

	setup();
	a = child(root);
	add_after(a, &node);
	leat_ctx_destroy(a);
	ck_assert_int_eq(n_calls, 1);
	teardown();
}
END_TEST

static void
cancel_other(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	leat_ctx_cancel(user, LEAT_EDATA, "dragged along");
}

START_TEST(a_callback_may_cancel_other_contexts)
{
	struct leat_ctx_after node = {.fn = cancel_other};
	struct leat_ctx *a, *b;

	setup();
	a = child(root);
	b = child(root);
	node.user = b;
	leat_ctx_after(a, &node);
	leat_ctx_cancel(a, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(leat_ctx_cause(b, NULL), LEAT_EDATA);
	leat_ctx_destroy(a);
	leat_ctx_destroy(b);
	teardown();
}
END_TEST

static void
stop_other(struct leat_ctx *ctx, void *user)
{
	struct leat_ctx_after *second = user;

	ck_assert(leat_ctx_after_stop(ctx, second));
	n_calls++;
}

START_TEST(a_callback_may_stop_another)
{
	struct leat_ctx_after first = {.fn = stop_other}, second;

	setup();
	first.user = &second;
	leat_ctx_after(root, &first);
	add_after(root, &second);
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(n_calls, 1);
	teardown();
}
END_TEST

static uint32_t entered, may_return, has_returned;

static void
hold(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	(void)user;
	leat__store_release(&entered, 1); /* pairs with the acquires below */
	while (!leat__load_acquire(&may_return))
		world.env.yield(&world.env);
	leat__store_relaxed(&has_returned, 1);
}

static void
cancel_root(void *arg)
{
	(void)arg;
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
}

static void
let_return(void *arg)
{
	(void)arg;
	leat__store_release(&may_return, 1); /* pairs with that in hold */
}

START_TEST(stopping_a_running_callback_waits_for_it)
{
	struct leat_ctx_after node = {.fn = hold};
	struct leat__thread canceller = {.fn = cancel_root};
	struct leat__thread releaser = {.fn = let_return};

	setup();
	leat_ctx_after(root, &node);
	ck_assert_int_eq(world.env.thread_start(&world.env, &canceller), 0);
	while (!leat__load_acquire(&entered))
		world.env.yield(&world.env);
	ck_assert_int_eq(world.env.thread_start(&world.env, &releaser), 0);
	ck_assert(!leat_ctx_after_stop(root, &node));
	ck_assert_uint_eq(leat__load_relaxed(&has_returned), 1);
	world.env.thread_join(&world.env, &canceller);
	world.env.thread_join(&world.env, &releaser);
	teardown();
}
END_TEST

/* ---- waiting -------------------------------------------------------------- */

START_TEST(waiting_for_an_ended_context_returns_at_once)
{
	setup();
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(leat_ctx_wait(root, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(leat_ctx_wait(root, 0), LEAT_OK);
	teardown();
}
END_TEST

START_TEST(waiting_ends_at_its_own_deadline)
{
	int64_t deadline_ns = leat_now_ns() + 2000000;

	setup();
	ck_assert_int_eq(leat_ctx_wait(root, 0), LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_ctx_wait(root, deadline_ns), LEAT_ETIMEDOUT);
	ck_assert_int_ge(leat_now_ns(), deadline_ns);
	ck_assert(!leat_ctx_is_done(root));
	teardown();
}
END_TEST

START_TEST(a_cancel_wakes_who_waits)
{
	struct leat__thread canceller = {.fn = cancel_root};

	setup();
	ck_assert_int_eq(world.env.thread_start(&world.env, &canceller), 0);
	ck_assert_int_eq(leat_ctx_wait(root, LEAT_NEVER), LEAT_OK);
	world.env.thread_join(&world.env, &canceller);
	teardown();
}
END_TEST

START_TEST(a_wait_is_called_back_or_taken_back_as_any)
{
	struct leat__ctx_wait waits[2] = {{.describe = NULL}};

	setup();
	for (int k = 0; k < 2; k++) {
		waits[k].after.fn = count_call;
		waits[k].after.user = &waits[k].after;
		leat__ctx_wait_begin(root, &waits[k]);
	}
	ck_assert(leat__ctx_wait_end(root, &waits[0]));
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(n_calls, 1);
	ck_assert_ptr_eq(called[0], &waits[1].after);
	ck_assert(!leat__ctx_wait_end(root, &waits[1]));
	leat__ctx_wait_begin(root, &waits[0]); /* at once, for it has ended */
	ck_assert_int_eq(n_calls, 2);
	teardown();
}
END_TEST

TEST_MAIN("ctx/after", callbacks_run_once_in_the_order_they_came,
	a_callback_on_an_ended_context_runs_at_once,
	a_stopped_callback_does_not_run, destroy_calls_back_too,
	a_callback_may_cancel_other_contexts, a_callback_may_stop_another,
	stopping_a_running_callback_waits_for_it,
	waiting_for_an_ended_context_returns_at_once,
	waiting_ends_at_its_own_deadline, a_cancel_wakes_who_waits,
	a_wait_is_called_back_or_taken_back_as_any)
