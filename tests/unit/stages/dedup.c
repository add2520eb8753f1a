/*
 * dedup: the first of each key, in order, and what it refuses.
 */
#include "support/typed.h"

START_TEST(the_first_row_of_each_key_passes)
{
	pipe_gives("csv.parse ! dedup k ! csv.format",
		"k,x\na,1\nb,2\na,3\n\"b\",4\nc,5\n", "k,x\na,1\nb,2\nc,5\n");
}
END_TEST

START_TEST(without_by_rows_are_compared)
{
	pipe_gives("csv.parse ! dedup ! csv.format",
		"k,x\na,1\na,2\na,1\n,\n,\n", "k,x\na,1\na,2\n,\n");
}
END_TEST

START_TEST(null_is_a_key_and_no_empty_prefix_of_another)
{
	typed_gives("dedup j,k", "j,k,x\n,a,1\na,,2\n,a,3\n,,4\n",
		"j,k,x\n,a,1\na,,2\n,,4\n");
}
END_TEST

START_TEST(values_are_compared_by_type)
{
	typed_gives("dedup x", "x:float64,y\n1.0,a\n1,b\n1e0,c\n-0,d\n0,e\n",
		"x,y\n1.0,a\n-0,d\n");
	typed_gives("dedup x", "x:string,y\n1.0,a\n1,b\n", "x,y\n1.0,a\n1,b\n");
}
END_TEST

START_TEST(if_nothing_is_new_the_columns_still_arrive)
{
	typed_gives("where \"x > 5\" ! dedup x", "x\n1\n", "x\n");
}
END_TEST

START_TEST(a_value_that_does_not_convert_can_be_skipped)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv", "x:int64,y\n1,a\nz,b\n01,c\n2,d\n");
	ck_assert_int_eq(
		typed_run_stages("dedup x on_error=skip", 131072, &stats, &err),
		LEAT_OK);
	pipe_file_holds("out.csv", "x,y\n1,a\n2,d\n");
	ck_assert_uint_eq(stats.failed, 1);
	ck_assert_uint_eq(stats.filtered, 1);
	pipe_leave_folder();
}
END_TEST

/* n rows, of which every second has a key that was there. */
static void
dedup_put(uint32_t n)
{
	char *text = malloc(n * 32 + 64), *at = text;

	ck_assert_ptr_nonnull(text);
	at += sprintf(at, "k,x\n");
	for (uint32_t k = 0; k < n; k++)
		at += sprintf(at, "key%u,%u\n", k / 2 * 7919u % n, k);
	pipe_put_file("in.csv", text, (size_t)(at - text));
	free(text);
}

START_TEST(many_keys_are_all_told_apart)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	pipe_enter_folder();
	dedup_put(100003);
	ck_assert_int_eq(
		typed_run_stages("dedup k", 131072, &stats, &err), LEAT_OK);
	ck_assert_uint_eq(stats.written, 50002);
	ck_assert_uint_eq(stats.filtered, 50001);
	pipe_leave_folder();
}
END_TEST

START_TEST(too_many_keys_fail_and_say_what_would_help)
{
	struct leat_error err;

	pipe_enter_folder();
	dedup_put(100003);
	ck_assert_int_eq(
		typed_run_stages("dedup k memory=256k", 131072, NULL, &err),
		LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "give more by memory="));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_column_that_is_not_there_fails_with_a_suggestion)
{
	typed_fails("dedup deley", "delay,x\n1,2\n", "did you mean 'delay'?");
	typed_fails("dedup \"delay,,x\"", "delay,x\n1,2\n", "is missing");
}
END_TEST

START_TEST(more_columns_than_can_be_compared_are_refused)
{
	char text[4096];
	size_t n = 0;

	for (uint32_t k = 0; k < 300; k++)
		n += (size_t)sprintf(
			text + n, "c%u%s", k, k < 299 ? "," : "\n");
	typed_fails("dedup", text, "at most 256; name some by by=");
	typed_gives("dedup c299 ! select c1", text, "c1\n");
}
END_TEST

TEST_MAIN("stages/dedup", the_first_row_of_each_key_passes,
	without_by_rows_are_compared,
	null_is_a_key_and_no_empty_prefix_of_another,
	values_are_compared_by_type, if_nothing_is_new_the_columns_still_arrive,
	a_value_that_does_not_convert_can_be_skipped,
	many_keys_are_all_told_apart,
	too_many_keys_fail_and_say_what_would_help,
	a_column_that_is_not_there_fails_with_a_suggestion,
	more_columns_than_can_be_compared_are_refused)
