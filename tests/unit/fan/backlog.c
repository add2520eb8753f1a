/*
 * unit/fan/backlog.c -- what is kept for a slow branch, and what goes.
 */
#include "fan/backlog.h"
#include "unit/table/fake.h"

#define N_MAX 3u

static struct leat__fan_backlog backlog;
static struct fake f;

/* A pool for all frames of a test: more than fit. */
static struct leat_frame *
frame_of(uint64_t number, uint32_t priority)
{
	struct leat_frame *frame = fake_frame(&f);

	frame->source_offset = number;
	leat_frame_set_priority(frame, priority);
	return frame;
}

static void
setup(bool by_priority)
{
	fake_init(&f, 65536, 4096);
	ck_assert_int_eq(
		leat__fan_backlog_init(&f.st, &backlog, N_MAX, by_priority),
		LEAT_OK);
}

static void
teardown(void)
{
	leat__fan_backlog_fini(&f.st, &backlog);
	fake_fini(&f);
}

/* @return the number of what went; 0 = nothing. */
static uint64_t
put(uint64_t number, uint32_t priority)
{
	struct leat_frame *dropped =
		leat__fan_backlog_put(&backlog, frame_of(number, priority));
	uint64_t gone = dropped ? dropped->source_offset : 0;

	leat_frame_release(dropped);
	return gone;
}

static uint64_t
take(void)
{
	struct leat_frame *frame = leat__fan_backlog_take(&backlog);
	uint64_t number = frame ? frame->source_offset : 0;

	leat_frame_release(frame);
	return number;
}

START_TEST(frames_come_out_as_they_came_in)
{
	setup(false);
	ck_assert_uint_eq(take(), 0);
	ck_assert_uint_eq(put(1, 0), 0);
	ck_assert_uint_eq(put(2, 7), 0);
	ck_assert_uint_eq(leat__fan_backlog_n(&backlog), 2);
	ck_assert_uint_eq(take(), 1);
	ck_assert_uint_eq(put(3, 0), 0);
	ck_assert_uint_eq(take(), 2);
	ck_assert_uint_eq(take(), 3);
	ck_assert_uint_eq(take(), 0);
	teardown();
}
END_TEST

START_TEST(when_it_is_full_the_oldest_goes_whatever_it_is_worth)
{
	setup(false);
	for (uint64_t k = 1; k <= N_MAX; k++)
		ck_assert_uint_eq(put(k, 7), 0);
	ck_assert_uint_eq(put(4, 0), 1);
	ck_assert_uint_eq(put(5, 0), 2);
	ck_assert_uint_eq(take(), 3);
	teardown(); /* releases the rest */
}
END_TEST

START_TEST(by_priority_the_oldest_of_the_least_goes)
{
	setup(true);
	ck_assert_uint_eq(put(1, 5), 0);
	ck_assert_uint_eq(put(2, 1), 0);
	ck_assert_uint_eq(put(3, 1), 0);
	ck_assert_uint_eq(put(4, 1), 2); /* of equals the oldest */
	ck_assert_uint_eq(put(5, 0), 5); /* itself is worth least */
	ck_assert_uint_eq(put(6, 7), 3);
	ck_assert_uint_eq(put(7, 7), 4);
	ck_assert_uint_eq(put(8, 7), 1);
	ck_assert_uint_eq(put(9, 7), 6);
	ck_assert_uint_eq(take(), 7);
	ck_assert_uint_eq(take(), 8);
	ck_assert_uint_eq(take(), 9);
	teardown();
}
END_TEST

START_TEST(without_side_memory_there_is_no_backlog)
{
	fake_init(&f, 64, 4096);
	ck_assert_int_eq(leat__fan_backlog_init(&f.st, &backlog, 1024, false),
		LEAT_ELIMIT);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("fan/backlog", frames_come_out_as_they_came_in,
	when_it_is_full_the_oldest_goes_whatever_it_is_worth,
	by_priority_the_oldest_of_the_least_goes,
	without_side_memory_there_is_no_backlog)
