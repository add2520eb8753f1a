/*
 * count: one row, whatever came.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(records_of_a_table_are_counted)
{
	pipe_gives("csv.parse ! count ! csv.format", "a\n1\n\"2\n2\"\n3",
		"count\n3\n");
}
END_TEST

START_TEST(rows_are_counted)
{
	pipe_gives(
		"lines.parse ! count ! csv.format", "a\n\nb\n", "count\n3\n");
}
END_TEST

START_TEST(only_what_is_selected_counts)
{
	pipe_gives("csv.parse ! where \"a > 1\" ! count ! csv.format",
		"a\n1\n2\n3\n", "count\n2\n");
	pipe_gives("csv.parse ! head 2 ! count ! csv.format", "a\n1\n2\n3\n",
		"count\n2\n");
}
END_TEST

START_TEST(nothing_counts_as_zero)
{
	pipe_gives("lines.parse ! count ! csv.format", "", "count\n0\n");
	pipe_gives("csv.parse ! count ! csv.format", "a\n", "count\n0\n");
}
END_TEST

START_TEST(the_result_can_be_counted_again)
{
	pipe_gives("lines.parse ! count ! count ! csv.format", "a\nb\n",
		"count\n1\n");
}
END_TEST

START_TEST(the_result_is_a_number)
{
	pipe_gives("lines.parse ! count ! where \"count = 2\" ! csv.format",
		"a\nb\n", "count\n2\n");
}
END_TEST

TEST_MAIN("stages/count", records_of_a_table_are_counted, rows_are_counted,
	only_what_is_selected_counts, nothing_counts_as_zero,
	the_result_can_be_counted_again, the_result_is_a_number)
