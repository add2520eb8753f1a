/*
 * head: the first n records, and then the stages before it end.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(the_first_n_records_pass)
{
	pipe_gives("lines.parse ! head 2 ! lines.format", "a\nb\nc\nd\n",
		"a\nb\n");
	pipe_gives("csv.parse ! head n=2 ! csv.format", "k\n1\n\"2\n\"\n3\n4\n",
		"k\n1\n\"2\n\"\n");
}
END_TEST

START_TEST(ten_is_the_default)
{
	pipe_gives("lines.parse ! head ! lines.format",
		"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n",
		"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
}
END_TEST

START_TEST(fewer_records_than_asked_for_all_pass)
{
	pipe_gives("lines.parse ! head 5 ! lines.format", "a\nb", "a\nb\n");
}
END_TEST

START_TEST(what_comes_after_is_not_looked_at)
{
	/* in a chunk that is never parsed the third line may be too long */
	struct pipe_case c = {
		.stages = "lines.parse max_record_bytes=3 ! head 2 ! "
			  "lines.format",
		.input = "a\nb\nabcdefgh\n",
		.output = "a\nb\n"};

	pipe_check_chunks(&c, 2);
}
END_TEST

START_TEST(rows_that_are_filtered_already_do_not_count)
{
	pipe_gives("csv.parse ! where \"k > 1\" ! head 2 ! csv.format",
		"k\n1\n2\n1\n3\n4\n", "k\n2\n3\n");
}
END_TEST

START_TEST(two_heads_give_the_smaller)
{
	pipe_gives("lines.parse ! head 3 ! head 2 ! lines.format",
		"a\nb\nc\nd\n", "a\nb\n");
	pipe_gives("lines.parse ! head 2 ! head 3 ! lines.format",
		"a\nb\nc\nd\n", "a\nb\n");
}
END_TEST

/* Whoever counts before it has them first. */
START_TEST(a_bad_row_behind_those_that_are_wanted_does_no_harm)
{
	pipe_gives("csv.parse ! head 2 ! csv.format", "a,b\n1,2\n3,4\n5\n6,7\n",
		"a,b\n1,2\n3,4\n");
	pipe_gives("csv.parse ! number ! head 2 ! csv.format",
		"a,b\n1,2\n3,4\n5\n6,7\n", "a,b,n\n1,2,1\n3,4,2\n");
}
END_TEST

/* A file of so many rows, all but the first ones bad for `where`. */
static int
run_where(uint32_t n_good, uint32_t n_bad, const char *options,
	struct leat_error *err)
{
	char text[256], *file = malloc(16 * (size_t)(n_good + n_bad) + 16);
	size_t n = 0;

	ck_assert_ptr_nonnull(file);
	n += (size_t)sprintf(file, "k\n");
	for (uint32_t k = 0; k < n_good; k++)
		n += (size_t)sprintf(file + n, "%u\n", 1000000 + k);
	for (uint32_t k = 0; k < n_bad; k++)
		n += (size_t)sprintf(file + n, "bad\n");
	pipe_put_file("in.csv", file, n);
	free(file);
	snprintf(text, sizeof(text),
		"read in.csv chunk_bytes=4096 ! csv.parse schema=k:int64 ! "
		"where \"k > 0\" %s ! head 2 ! csv.format ! "
		"write out sync=off",
		options);
	return pipe_run(text, NULL, err);
}

/* However many workers are at them already. */
START_TEST(bad_values_of_later_frames_do_no_harm)
{
	struct leat_error err;

	pipe_enter_folder();
	for (uint32_t k = 0; k < 20; k++) {
		ck_assert_msg(run_where(600, 9000, "", &err) == LEAT_OK, "%s",
			err.text);
		pipe_file_holds("out", "k\n1000000\n1000001\n");
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_bad_value_of_the_same_frame_is_an_error)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_int_eq(run_where(3, 1, "", &err), LEAT_EDATA);
	ck_assert_msg(strstr(err.text, "bad") != NULL, "%s", err.text);
	ck_assert_msg(run_where(3, 1, "on_error=skip", &err) == LEAT_OK, "%s",
		err.text);
	pipe_file_holds("out", "k\n1000000\n1000001\n");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/head", the_first_n_records_pass, ten_is_the_default,
	fewer_records_than_asked_for_all_pass,
	what_comes_after_is_not_looked_at,
	rows_that_are_filtered_already_do_not_count, two_heads_give_the_smaller,
	a_bad_row_behind_those_that_are_wanted_does_no_harm,
	bad_values_of_later_frames_do_no_harm,
	a_bad_value_of_the_same_frame_is_an_error)
