/*
 * unit/run/timesheet.c -- the time of a task: sums, what goes on, a reader at
 * the same time.
 */
#include "support/test.h"

#include <pthread.h>

#include "run/timesheet.h"

#define N_CHANGES 300000

static void
check_sums(const struct leat__timesheet *sheet, int64_t now_ns,
	const uint64_t expected[LEAT__DOINGS])
{
	uint64_t sums[LEAT__DOINGS] = {0};

	leat__timesheet_read(sheet, now_ns, sums);
	for (int d = 0; d < LEAT__DOINGS; d++)
		ck_assert_uint_eq(sums[d], expected[d]);
}

START_TEST(sums_are_what_was_noted_and_what_goes_on)
{
	struct leat__timesheet sheet = {0};

	check_sums(&sheet, 1000, (uint64_t[4]){0, 0, 0, 0});
	leat__timesheet_begin(&sheet, 100);
	check_sums(&sheet, 100, (uint64_t[4]){0, 0, 0, 0});
	check_sums(&sheet, 110, (uint64_t[4]){10, 0, 0, 0});
	leat__timesheet_note(&sheet, LEAT__DOING_WORK, 120);
	check_sums(&sheet, 125, (uint64_t[4]){20, 5, 0, 0});
	leat__timesheet_note(&sheet, LEAT__DOING_STARVE, 130);
	leat__timesheet_note(&sheet, LEAT__DOING_BLOCK, 137);
	leat__timesheet_note(&sheet, LEAT__DOING_WORK, 140);
	check_sums(&sheet, 150, (uint64_t[4]){20, 20, 7, 3});
	/* of a moment before the last change: what was noted by then */
	check_sums(&sheet, 139, (uint64_t[4]){20, 10, 7, 3});
}
END_TEST

START_TEST(sums_of_several_are_added)
{
	struct leat__timesheet sheets[2] = {{0}, {0}};
	uint64_t sums[LEAT__DOINGS] = {0};

	for (int k = 0; k < 2; k++) {
		leat__timesheet_begin(&sheets[k], 10);
		leat__timesheet_note(&sheets[k], LEAT__DOING_WORK, 20);
		leat__timesheet_read(&sheets[k], 25 + k, sums);
	}
	ck_assert_uint_eq(sums[LEAT__DOING_NOTHING], 20);
	ck_assert_uint_eq(sums[LEAT__DOING_WORK], 11);
}
END_TEST

static void *
change(void *arg)
{
	struct leat__timesheet *sheet = arg;

	for (int64_t k = 1; k <= N_CHANGES; k++)
		leat__timesheet_note(
			sheet, (enum leat__doing)(k % LEAT__DOINGS), 10 * k);
	return NULL;
}

/* Whatever it is read at, the sums are a multiple of a change's time, and never
 * less than before: none is seen without the change that made it. */
START_TEST(a_reader_sees_no_half_of_a_change)
{
	struct leat__timesheet sheet = {0};
	uint64_t before = 0, sum = 0;
	pthread_t thread;

	leat__timesheet_begin(&sheet, 0);
	sheet.entry = 1u << 2; /* at 1 */
	ck_assert_int_eq(pthread_create(&thread, NULL, change, &sheet), 0);
	while (sum < 10 * N_CHANGES - 1) {
		uint64_t sums[LEAT__DOINGS] = {0};

		leat__timesheet_read(&sheet, 0, sums);
		sum = sums[0] + sums[1] + sums[2] + sums[3];
		ck_assert_uint_ge(sum, before);
		ck_assert(sum == 0 || sum % 10 == 9);
		before = sum;
	}
	pthread_join(thread, NULL);
}
END_TEST

TEST_MAIN("run/timesheet", sums_are_what_was_noted_and_what_goes_on,
	sums_of_several_are_added, a_reader_sees_no_half_of_a_change)
