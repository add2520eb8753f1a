/*
 * unit/chan/nest.c -- numbers of nested branches and the stamps they stand for.
 */
#include "chan/nest.h"

#include "support/fail.h"
#include "support/test.h"

static struct fail_env world;
static struct leat__nest nest;
static uint32_t n_wakes;
static void *last_hint;

static void
note_wake(struct leat__waker *waker, void *hint)
{
	(void)waker;
	n_wakes++;
	last_hint = hint;
}

static struct leat__waker waker = {note_wake};

static void
setup(uint32_t n_entries)
{
	fail_env_init(&world);
	ck_assert_int_eq(
		leat__nest_init(&nest, &world.env, n_entries), LEAT_OK);
	nest.beginning = &waker;
	n_wakes = 0;
	last_hint = NULL;
}

static void
teardown(void)
{
	leat__nest_fini(&nest);
	leat__nest_fini(&nest);
	ck_assert_uint_eq(world.alloc_live, 0);
}

START_TEST(there_are_two_entries_or_more_and_a_power_of_two)
{
	static const uint64_t frames[] = {0, 1, 2, 3, 5, 1024, 1025};
	static const uint32_t entries[] = {2, 2, 2, 4, 8, 1024, 2048};

	for (uint32_t k = 0; k < leat__array_len(frames); k++)
		ck_assert_uint_eq(leat__nest_n_entries(frames[k]), entries[k]);
	ck_assert_uint_eq(leat__nest_bytes(8) - leat__nest_bytes(4),
		4 * sizeof(struct leat__nest_entry));
}
END_TEST

START_TEST(without_memory_nothing_is_left)
{
	fail_env_init(&world);
	world.alloc_fail_at = 1;
	ck_assert_int_eq(leat__nest_init(&nest, &world.env, 2), LEAT_ENOMEM);
	teardown();
}
END_TEST

START_TEST(a_number_stands_for_the_stamp_of_the_last_entry_at_or_below_it)
{
	setup(4);
	ck_assert_uint_eq(leat__nest_find(&nest, 1, NULL), 0);
	leat__nest_put(&nest, 2, 10);
	leat__nest_put(&nest, 5, 20);
	leat__nest_put(&nest, 6, 21);
	ck_assert_uint_eq(leat__nest_find(&nest, 1, NULL), 0);
	ck_assert_uint_eq(leat__nest_find(&nest, 2, NULL), 10);
	ck_assert_uint_eq(leat__nest_find(&nest, 4, NULL), 10);
	ck_assert_uint_eq(leat__nest_find(&nest, 5, NULL), 20);
	ck_assert_uint_eq(leat__nest_find(&nest, 900, NULL), 21);
	teardown();
}
END_TEST

START_TEST(a_stamp_that_does_not_rise_takes_no_entry)
{
	setup(2);
	leat__nest_put(&nest, 1, 7);
	leat__nest_put(&nest, 2, 7);
	leat__nest_put(&nest, 3, 6);
	leat__nest_put(&nest, 4, 8);
	ck_assert(leat__nest_has_room(&nest, 8));
	ck_assert(!leat__nest_has_room(&nest, 9));
	ck_assert_uint_eq(leat__nest_find(&nest, 3, NULL), 7);
	ck_assert_uint_eq(leat__nest_find(&nest, 4, NULL), 8);
	teardown();
}
END_TEST

START_TEST(two_entries_are_enough_for_any_number_of_stamps)
{
	setup(2);
	leat__nest_put(&nest, 1, 100);
	for (uint64_t n = 2; n < 1000; n++) {
		ck_assert(leat__nest_has_room(&nest, 100 * n));
		leat__nest_put(&nest, n, 100 * n);
		ck_assert(!leat__nest_has_room(&nest, 100 * n + 1));
		ck_assert_uint_eq(
			leat__nest_find(&nest, n - 1, NULL), 100 * (n - 1));
		ck_assert(!leat__nest_has_room(&nest, 100 * n + 1));
		ck_assert_uint_eq(leat__nest_find(&nest, n, NULL), 100 * n);
	}
	teardown();
}
END_TEST

START_TEST(who_finds_no_room_is_woken_once_there_is_some)
{
	int hint;

	setup(2);
	leat__nest_put(&nest, 1, 1);
	ck_assert(!leat__nest_arm(&nest, 2));
	leat__nest_put(&nest, 2, 2);
	ck_assert(leat__nest_arm(&nest, 3));
	ck_assert_uint_eq(leat__nest_find(&nest, 1, &hint), 1);
	ck_assert_uint_eq(n_wakes, 0); /* nothing has gone */
	ck_assert_uint_eq(leat__nest_find(&nest, 2, &hint), 2);
	ck_assert_uint_eq(n_wakes, 1);
	ck_assert_ptr_eq(last_hint, &hint);
	leat__nest_put(&nest, 3, 3);
	ck_assert_uint_eq(leat__nest_find(&nest, 3, NULL), 3);
	ck_assert_uint_eq(n_wakes, 1); /* not asked again */
	teardown();
}
END_TEST

START_TEST(a_merge_that_has_gone_holds_nobody_up)
{
	setup(2);
	leat__nest_put(&nest, 1, 1);
	leat__nest_put(&nest, 2, 2);
	ck_assert(leat__nest_arm(&nest, 3));
	leat__nest_close(&nest, NULL);
	ck_assert_uint_eq(n_wakes, 1);
	ck_assert(!leat__nest_arm(&nest, 3));
	for (uint64_t n = 3; n < 10; n++)
		leat__nest_put(&nest, n, n);
	ck_assert_uint_eq(nest.last, 9);
	teardown();
}
END_TEST

TEST_MAIN("chan/nest", there_are_two_entries_or_more_and_a_power_of_two,
	without_memory_nothing_is_left,
	a_number_stands_for_the_stamp_of_the_last_entry_at_or_below_it,
	a_stamp_that_does_not_rise_takes_no_entry,
	two_entries_are_enough_for_any_number_of_stamps,
	who_finds_no_room_is_woken_once_there_is_some,
	a_merge_that_has_gone_holds_nobody_up)
