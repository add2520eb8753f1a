/*
 * unit/ctx/leaks.c -- what was not given back is counted.
 */
#include "unit/ctx/tree.h"

static void
after_nothing(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	(void)user;
}

static struct leat_ctx *
child_at(struct leat_ctx *parent, const char *where)
{
	struct leat_ctx *ctx = NULL;

	ck_assert_int_eq(
		leat_ctx_child_at(parent, LEAT_NEVER, &ctx, NULL, where),
		LEAT_OK);
	return ctx;
}

START_TEST(a_tree_that_was_taken_down_has_no_leaks)
{
	struct leat_ctx_after after = {.fn = after_nothing};
	struct leat_ctx *a;

	setup();
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_OK);
	a = child_until(root, leat_now_ns() + 3600 * SECOND_NS);
	leat_ctx_after(root, &after);
	leat_ctx_destroy(a);
	ck_assert(leat_ctx_after_stop(root, &after));
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_OK);
	teardown();
}
END_TEST

START_TEST(contexts_are_counted_by_where_they_were_created)
{
	struct leat_ctx *a[5];

	setup();
	a[0] = child_at(root, "main.c:7");
	a[1] = child_at(a[0], "/src/job.c:41");
	a[2] = child_at(root, "/elsewhere/job.c:41");
	a[3] = child_at(a[2], NULL);
	a[4] = child_at(a[2], "job.c:41");
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL); /* is not destroy */
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_ESTATE);
	ck_assert_int_eq(err.code, LEAT_ESTATE);
	ck_assert_str_eq(err.text,
		"not released: 3 contexts created at job.c:41; 1 at ?; "
		"1 at main.c:7");
	ck_assert_int_eq(leat_ctx_leaks(a[0], &err), LEAT_ESTATE);
	ck_assert_str_eq(
		err.text, "not released: 1 context created at job.c:41");
	ck_assert_int_eq(leat_ctx_leaks(a[3], NULL), LEAT_OK);
	for (int k = 0; k < 5; k++)
		leat_ctx_destroy(a[k]);
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_OK);
	teardown();
}
END_TEST

START_TEST(one_that_stays_for_its_children_is_no_leak)
{
	struct leat_ctx *a, *a1;

	setup();
	a = child_at(root, "a.c:1");
	a1 = child_at(a, "b.c:2");
	leat_ctx_destroy(a);
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_ESTATE);
	ck_assert_str_eq(err.text, "not released: 1 context created at b.c:2");
	leat_ctx_destroy(a1);
	teardown();
}
END_TEST

START_TEST(callbacks_and_timers_are_counted_too)
{
	struct leat_ctx_after after[2] = {
		{.fn = after_nothing}, {.fn = after_nothing}};
	struct leat_ctx *a;

	setup();
	leat_ctx_after(root, &after[0]);
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_ESTATE);
	ck_assert_str_eq(err.text, "not released: 1 callback not taken back");
	a = child_until(root, leat_now_ns() + 3600 * SECOND_NS);
	leat_ctx_after(a, &after[1]);
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_ESTATE);
	ck_assert_str_eq(err.text,
		"not released: 1 context created at tree.c:1; 2 callbacks not "
		"taken back; 1 timer armed");
	leat_ctx_cancel(a, LEAT_ECANCELED, NULL); /* takes the timer back */
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_ESTATE);
	ck_assert_str_eq(err.text,
		"not released: 1 context created at tree.c:1; 1 callback not "
		"taken back");
	leat_ctx_destroy(a);
	ck_assert(leat_ctx_after_stop(root, &after[0]));
	teardown();
}
END_TEST

#define N_SITES 30

START_TEST(the_text_is_bounded_and_counts_all)
{
	static char sites[N_SITES][200];
	struct leat_ctx *a[N_SITES];

	setup();
	for (int k = 0; k < N_SITES; k++) {
		memset(sites[k], 'x', sizeof(sites[k]) - 1);
		sites[k][0] = (char)('A' + k);
		a[k] = child_at(root, sites[k]);
	}
	ck_assert_int_eq(leat_ctx_leaks(root, &err), LEAT_ESTATE);
	ck_assert_uint_lt(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_ptr_nonnull(strstr(err.text, "; 22 elsewhere"));
	for (int k = 0; k < N_SITES; k++)
		leat_ctx_destroy(a[k]);
	teardown();
}
END_TEST

TEST_MAIN("ctx/leaks", a_tree_that_was_taken_down_has_no_leaks,
	contexts_are_counted_by_where_they_were_created,
	one_that_stays_for_its_children_is_no_leak,
	callbacks_and_timers_are_counted_too,
	the_text_is_bounded_and_counts_all)
