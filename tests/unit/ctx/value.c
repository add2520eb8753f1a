/*
 * unit/ctx/value.c -- what contexts carry, and their names.
 */
#include "unit/ctx/tree.h"

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

START_TEST(a_name_is_copied_and_given_once)
{
	char name[] = "loader";
	struct leat_ctx *a;

	setup();
	a = child(root);
	ck_assert_int_eq(leat_ctx_set_name(a, name), LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_name(a, "other"), LEAT_ESTATE);
	ck_assert_int_eq(leat_ctx_set_name(root, ""), LEAT_OK);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(no_memory_for_a_value_or_a_name_is_said)
{
	setup();
	world.alloc_fail_at = world.alloc_n + 1;
	ck_assert_int_eq(
		leat_ctx_set_value(root, &key_a, NULL, NULL), LEAT_ENOMEM);
	world.alloc_fail_at = world.alloc_n + 1;
	ck_assert_int_eq(leat_ctx_set_name(root, "root"), LEAT_ENOMEM);
	world.alloc_fail_at = world.alloc_n + 2;
	ck_assert_int_eq(leat_ctx_set_name(root, "root"), LEAT_ENOMEM);
	ck_assert_int_eq(leat_ctx_set_name(root, "root"), LEAT_OK);
	teardown();
}
END_TEST

TEST_MAIN("ctx/value", a_value_is_seen_below_and_hides_the_one_above,
	a_value_is_set_once, a_value_ends_when_its_context_is_freed,
	a_name_is_copied_and_given_once,
	no_memory_for_a_value_or_a_name_is_said)
