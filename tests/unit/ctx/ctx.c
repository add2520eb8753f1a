/*
 * unit/ctx/ctx.c -- the context tree.
 */
#include "ctx/ctx.h"

#include "support/fail.h"
#include "support/test.h"

#define SECOND_NS 1000000000ll

static struct leat_ctx *root;
static struct leat_error err;
static struct fail_env world;

static void
setup(void)
{
	fail_env_init(&world);
	ck_assert_int_eq(leat__ctx_create(&world.env, &root, &err), LEAT_OK);
}

static void
teardown(void)
{
	leat_ctx_destroy(root);
	ck_assert_uint_eq(world.alloc_live, 0);
}

static struct leat_ctx *
child_until(struct leat_ctx *parent, int64_t deadline_ns)
{
	struct leat_ctx *ctx = NULL;

	ck_assert_int_eq(
		leat_ctx_child(parent, deadline_ns, &ctx, &err), LEAT_OK);
	return ctx;
}

static struct leat_ctx *
child(struct leat_ctx *parent)
{
	return child_until(parent, LEAT_NEVER);
}

/* ---- life and end --------------------------------------------------------- */

START_TEST(a_new_root_lives_without_deadline_or_cause)
{
	ck_assert_int_eq(leat_ctx_create(&root, NULL), LEAT_OK);
	ck_assert_ptr_eq(leat__ctx_env(root), leat__env_posix());
	ck_assert(!leat_ctx_is_done(root));
	ck_assert_int_eq(leat_ctx_cause(root, &err), LEAT_OK);
	ck_assert_int_eq(leat_ctx_deadline_ns(root), LEAT_NEVER);
	leat_ctx_destroy(root);
	leat_ctx_destroy(NULL);
}
END_TEST

START_TEST(cancel_ends_all_below_and_nothing_beside)
{
	struct leat_ctx *a, *b, *a1, *a11, *a2;

	setup();
	a = child(root);
	b = child(root);
	a1 = child(a);
	a11 = child(a1);
	a2 = child(a);
	ck_assert_ptr_eq(leat__ctx_env(a11), &world.env);
	leat_ctx_cancel(a, LEAT_EDATA, "line 7");
	ck_assert(!leat_ctx_is_done(root));
	ck_assert(!leat_ctx_is_done(b));
	ck_assert(leat_ctx_is_done(a));
	ck_assert(leat_ctx_is_done(a1));
	ck_assert(leat_ctx_is_done(a2));
	ck_assert_int_eq(leat_ctx_cause(a11, &err), LEAT_EDATA);
	ck_assert_int_eq(err.code, LEAT_EDATA);
	ck_assert_str_eq(err.text, "line 7");
	leat_ctx_destroy(a11);
	leat_ctx_destroy(a);
	leat_ctx_destroy(a2);
	leat_ctx_destroy(b);
	leat_ctx_destroy(a1);
	teardown();
}
END_TEST

START_TEST(the_first_cause_wins)
{
	struct leat_ctx *a;

	setup();
	a = child(root);
	leat_ctx_cancel(a, LEAT_EDATA, "first");
	leat_ctx_cancel(a, LEAT_EIO, "second");
	leat_ctx_cancel(root, LEAT_ECANCELED, "third");
	ck_assert_int_eq(leat_ctx_cause(a, &err), LEAT_EDATA);
	ck_assert_str_eq(err.text, "first");
	ck_assert_int_eq(leat_ctx_cause(root, &err), LEAT_ECANCELED);
	ck_assert_str_eq(err.text, "third");
	ck_assert_int_eq(leat_ctx_cause(a, NULL), LEAT_EDATA);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(every_code_can_be_a_cause_without_a_text)
{
	setup();
#define CHECK_CAUSE(name, number, class_, words)                               \
	{                                                                      \
		struct leat_ctx *a = child(root);                              \
                                                                               \
		leat_ctx_cancel(a, name, NULL);                                \
		ck_assert_int_eq(leat_ctx_cause(a, &err), name);               \
		ck_assert_str_eq(err.text, words);                             \
		leat_ctx_destroy(a);                                           \
	}
	LEAT_CODES(CHECK_CAUSE)
#undef CHECK_CAUSE
	teardown();
}
END_TEST

START_TEST(a_whole_error_can_be_the_cause)
{
	struct leat_error cause = {.code = LEAT_EIO,
		.sys_errno = 28,
		.at_offset = 3,
		.at_bytes = 4,
		.stage = "write",
		.text = "disk full"};

	setup();
	leat_ctx_fail(root, &cause);
	ck_assert_int_eq(leat_ctx_cause(root, &err), LEAT_EIO);
	ck_assert_mem_eq(&err, &cause, sizeof(cause));
	teardown();
}
END_TEST

START_TEST(a_cause_without_a_text_gets_that_of_its_code)
{
	struct leat_error cause = {
		.code = LEAT_EIO, .sys_errno = 28, .stage = "write"};

	setup();
	leat_ctx_fail(root, &cause);
	ck_assert_int_eq(leat_ctx_cause(root, &err), LEAT_EIO);
	ck_assert_str_eq(err.text, leat_err_text(LEAT_EIO));
	ck_assert_str_eq(err.stage, "write");
	ck_assert_int_eq(err.sys_errno, 28);
	teardown();
}
END_TEST

START_TEST(a_child_of_an_ended_parent_has_ended_with_its_cause)
{
	struct leat_ctx *a;

	setup();
	leat_ctx_cancel(root, LEAT_EDATA, "early");
	a = child_until(root, leat_now_ns() + 3600 * SECOND_NS);
	ck_assert(leat_ctx_is_done(a));
	ck_assert_int_eq(leat_ctx_cause(a, &err), LEAT_EDATA);
	ck_assert_str_eq(err.text, "early");
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(destroying_a_context_cancels_what_is_below)
{
	struct leat_ctx *a, *a1;

	setup();
	a = child(root);
	a1 = child(a);
	leat_ctx_destroy(a);
	ck_assert_int_eq(leat_ctx_cause(a1, &err), LEAT_ECANCELED);
	ck_assert(!leat_ctx_is_done(root));
	leat_ctx_destroy(a1);
	teardown();
}
END_TEST

START_TEST(a_parent_stays_until_its_last_child_goes)
{
	struct leat_ctx *a, *a1;

	setup();
	a = child(root);
	a1 = child(a);
	leat_ctx_destroy(root);
	leat_ctx_destroy(a);
	ck_assert_uint_gt(world.alloc_live, 0);
	ck_assert_int_eq(leat_ctx_cause(a1, NULL), LEAT_ECANCELED);
	leat_ctx_destroy(a1);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

static void
destroy_twice(void *arg)
{
	leat_ctx_destroy(arg);
	leat_ctx_destroy(arg);
}

START_TEST(destroying_twice_is_noticed)
{
	struct leat_ctx *a;

	setup();
	a = child(root);
	ck_assert(fail_aborts(destroy_twice, a));
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

#define DEEP 100000

START_TEST(a_deep_chain_ends_without_recursion)
{
	static struct leat_ctx *chain[DEEP];

	setup();
	for (int k = 0; k < DEEP; k++)
		chain[k] = child(k ? chain[k - 1] : root);
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	for (int k = 0; k < DEEP; k++)
		ck_assert(leat_ctx_is_done(chain[k]));
	for (int k = 0; k < DEEP; k++) /* the last holds all the others */
		leat_ctx_destroy(chain[k]);
	teardown();
}
END_TEST

START_TEST(contexts_are_recycled)
{
	uint64_t n;

	setup();
	leat_ctx_destroy(child(root));
	n = world.alloc_n;
	for (int k = 0; k < 10000; k++)
		leat_ctx_destroy(child(root));
	ck_assert_uint_eq(world.alloc_n, n);
	teardown();
}
END_TEST

START_TEST(siblings_may_go_in_any_order)
{
	struct leat_ctx *a[4];

	for (int first = 0; first < 4; first++) {
		setup();
		for (int k = 0; k < 4; k++)
			a[k] = child(root);
		leat_ctx_destroy(a[first]);
		leat_ctx_cancel(root, LEAT_EDATA, NULL);
		for (int k = 0; k < 4; k++) {
			if (k == first)
				continue;
			ck_assert_int_eq(
				leat_ctx_cause(a[k], NULL), LEAT_EDATA);
			leat_ctx_destroy(a[k]);
		}
		teardown();
	}
}
END_TEST

/* ---- deadlines ------------------------------------------------------------ */

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

/* ---- values --------------------------------------------------------------- */

static const struct leat_ctx_key key_a = {"a"}, key_b = {"b"};
static int n_ended;

static void
end_value(void *value)
{
	++*(int *)value;
	n_ended++;
}

START_TEST(a_value_is_seen_below_and_hides_the_one_above)
{
	struct leat_ctx *a, *a1;
	int one = 0, two = 0, three = 0;

	setup();
	a = child(root);
	a1 = child(a);
	ck_assert_ptr_null(leat_ctx_value(a1, &key_a));
	ck_assert_int_eq(leat_ctx_set_value(root, &key_a, &one, NULL), LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_value(a, &key_a, &two, NULL), LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_value(a, &key_b, &three, NULL), LEAT_OK);
	ck_assert_ptr_eq(leat_ctx_value(root, &key_a), &one);
	ck_assert_ptr_eq(leat_ctx_value(a, &key_a), &two);
	ck_assert_ptr_eq(leat_ctx_value(a1, &key_a), &two);
	ck_assert_ptr_eq(leat_ctx_value(a1, &key_b), &three);
	ck_assert_ptr_null(leat_ctx_value(root, &key_b));
	leat_ctx_destroy(a1);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(a_value_is_set_once)
{
	int one = 0, two = 0;

	setup();
	ck_assert_int_eq(leat_ctx_set_value(root, &key_a, &one, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_ctx_set_value(root, &key_a, &two, NULL), LEAT_ESTATE);
	ck_assert_ptr_eq(leat_ctx_value(root, &key_a), &one);
	teardown();
}
END_TEST

START_TEST(a_value_ends_when_its_context_is_freed)
{
	struct leat_ctx *a, *a1;
	int one = 0;

	setup();
	a = child(root);
	ck_assert_int_eq(
		leat_ctx_set_value(a, &key_a, &one, end_value), LEAT_OK);
	a1 = child(a);
	leat_ctx_cancel(a, LEAT_ECANCELED, NULL);
	leat_ctx_destroy(a);
	ck_assert_int_eq(n_ended, 0); /* a1 may still ask for it */
	ck_assert_ptr_eq(leat_ctx_value(a1, &key_a), &one);
	leat_ctx_destroy(a1);
	ck_assert_int_eq(n_ended, 1);
	ck_assert_int_eq(one, 1);
	teardown();
}
END_TEST

/* ---- after-callbacks ------------------------------------------------------ */

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

/* ---- no memory ------------------------------------------------------------ */

START_TEST(no_memory_is_said_and_leaks_nothing)
{
	struct leat_ctx *a = NULL;

	fail_env_init(&world);
	world.alloc_fail_at = 1;
	ck_assert_int_eq(
		leat__ctx_create(&world.env, &root, &err), LEAT_ENOMEM);
	ck_assert_int_eq(err.code, LEAT_ENOMEM);
	setup();
	world.alloc_fail_at = 2; /* the slab */
	ck_assert_int_eq(
		leat_ctx_child(root, LEAT_NEVER, &a, &err), LEAT_ENOMEM);
	ck_assert_ptr_null(a);
	world.alloc_fail_at = 4; /* timers */
	ck_assert_int_eq(
		leat_ctx_child(root, LEAT_NEVER - 1, &a, &err), LEAT_ENOMEM);
	world.thread.fail_at = 1;
	world.alloc_fail_at = 0;
	ck_assert_int_eq(
		leat_ctx_child(root, LEAT_NEVER - 1, &a, &err), LEAT_ENOMEM);
	ck_assert_int_eq(err.sys_errno, 11);
	ck_assert_int_eq(
		leat_ctx_child(root, LEAT_NEVER - 1, &a, &err), LEAT_OK);
	leat_ctx_destroy(a);
	world.alloc_fail_at = world.alloc_n + 1;
	ck_assert_int_eq(
		leat_ctx_set_value(root, &key_a, NULL, NULL), LEAT_ENOMEM);
	teardown();
}
END_TEST

START_TEST(a_cancel_without_memory_keeps_its_code)
{
	setup();
	world.alloc_fail_at = world.alloc_n + 1;
	leat_ctx_cancel(root, LEAT_EDATA, "line 7");
	ck_assert_int_eq(leat_ctx_cause(root, &err), LEAT_EDATA);
	ck_assert_str_eq(err.text, leat_err_text(LEAT_EDATA));
	teardown();
}
END_TEST

TEST_MAIN("ctx/ctx", a_new_root_lives_without_deadline_or_cause,
	cancel_ends_all_below_and_nothing_beside, the_first_cause_wins,
	every_code_can_be_a_cause_without_a_text,
	a_whole_error_can_be_the_cause,
	a_cause_without_a_text_gets_that_of_its_code,
	a_child_of_an_ended_parent_has_ended_with_its_cause,
	destroying_a_context_cancels_what_is_below,
	a_parent_stays_until_its_last_child_goes, destroying_twice_is_noticed,
	a_deep_chain_ends_without_recursion, contexts_are_recycled,
	siblings_may_go_in_any_order, a_deadline_is_the_earlier_of_both,
	a_deadline_ends_a_context_and_all_below,
	a_deadline_that_has_passed_ends_it_at_once,
	without_deadlines_there_is_no_thread,
	a_value_is_seen_below_and_hides_the_one_above, a_value_is_set_once,
	a_value_ends_when_its_context_is_freed,
	callbacks_run_once_in_the_order_they_came,
	a_callback_on_an_ended_context_runs_at_once,
	a_stopped_callback_does_not_run, destroy_calls_back_too,
	a_callback_may_cancel_other_contexts, a_callback_may_stop_another,
	stopping_a_running_callback_waits_for_it,
	waiting_for_an_ended_context_returns_at_once,
	waiting_ends_at_its_own_deadline, a_cancel_wakes_who_waits,
	no_memory_is_said_and_leaks_nothing,
	a_cancel_without_memory_keeps_its_code)
