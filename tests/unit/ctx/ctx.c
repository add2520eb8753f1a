/*
 * unit/ctx/ctx.c -- the context tree: life, end, causes, memory.
 */
#include "unit/ctx/tree.h"

/* ---- life and end --------------------------------------------------------- */

START_TEST(a_new_root_lives_without_deadline_or_cause)
{
	ck_assert_int_eq(leat_ctx_create_at(&root, NULL, "main.c:1"), LEAT_OK);
	leat_ctx_destroy(root);
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
		.text = "disk full",
		.time_ns = 5,
		.line = 6,
		.column = 7,
		.offset = 8,
		.origin = "out.csv"};

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
	ck_assert_int_ne(err.time_ns, 0); /* and its time */
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

#define WIDE 1000

static void
count_end(struct leat_ctx *ctx, void *user)
{
	ck_assert(leat_ctx_is_done(ctx));
	++*(uint32_t *)user;
}

/* More than are ended under one lock; some gone, some with more below them. */
START_TEST(all_of_many_children_end)
{
	static struct leat_ctx *wide[WIDE], *below[WIDE];
	static struct leat_ctx_after afters[WIDE];
	uint32_t n_ended = 0;

	setup();
	for (int k = 0; k < WIDE; k++)
		wide[k] = child(root);
	for (int k = 0; k < WIDE; k += 2)
		below[k] = child(wide[k]);
	for (int k = 0; k < WIDE; k += 3) {
		afters[k] = (struct leat_ctx_after){
			.fn = count_end, .user = &n_ended};
		leat_ctx_after(below[k] ? below[k] : wide[k], &afters[k]);
	}
	for (int k = 1; k < WIDE; k += 4)
		leat_ctx_destroy(wide[k]);
	leat_ctx_cancel(root, LEAT_EDATA, NULL);
	ck_assert_uint_eq(n_ended, WIDE / 3 + 1);
	for (int k = 0; k < WIDE; k++) {
		if (k % 4 == 1)
			continue;
		ck_assert(leat_ctx_is_done(wide[k]));
		leat_ctx_destroy(wide[k]);
		if (below[k])
			ck_assert_int_eq(
				leat_ctx_cause(below[k], NULL), LEAT_EDATA);
		leat_ctx_destroy(below[k]);
	}
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
	a_deep_chain_ends_without_recursion, all_of_many_children_end,
	contexts_are_recycled, siblings_may_go_in_any_order,
	no_memory_is_said_and_leaks_nothing,
	a_cancel_without_memory_keeps_its_code)
