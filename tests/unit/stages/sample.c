/*
 * sample: every n-th record, across frames, of rows and of tables.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(the_first_and_then_every_nth_record_stays)
{
	pipe_gives("lines.parse ! sample 3 ! lines.format",
		"1\n2\n3\n4\n5\n6\n7\n8\n", "1\n4\n7\n");
}
END_TEST

START_TEST(ten_is_the_default)
{
	pipe_gives("lines.parse ! sample ! lines.format",
		"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "1\n11\n");
}
END_TEST

START_TEST(one_keeps_all)
{
	pipe_gives("lines.parse ! sample every=1 ! lines.format", "a\nb\n",
		"a\nb\n");
}
END_TEST

START_TEST(tables_are_sampled_by_row)
{
	pipe_gives("csv.parse ! sample 2 ! csv.format",
		"k,v\n1,a\n2,b\n3,\"c\nc\"\n4,d\n", "k,v\n1,a\n3,\"c\nc\"\n");
}
END_TEST

START_TEST(rows_that_are_filtered_already_do_not_count)
{
	pipe_gives("csv.parse ! where \"k > 1\" ! sample 2 ! csv.format",
		"k\n1\n2\n3\n1\n4\n", "k\n2\n4\n");
}
END_TEST

START_TEST(a_negative_number_is_refused)
{
	pipe_fails("lines.parse ! sample -1 ! lines.format", "a\n", "every");
}
END_TEST

TEST_MAIN("stages/sample", the_first_and_then_every_nth_record_stays,
	ten_is_the_default, one_keeps_all, tables_are_sampled_by_row,
	rows_that_are_filtered_already_do_not_count,
	a_negative_number_is_refused)
