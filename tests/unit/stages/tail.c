/*
 * tail: the last rows, from memory that is bounded.
 */
#include "support/pipe.h"
#include "support/test.h"

static void
gives(const char *stages, const char *input, const char *output)
{
	const struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	pipe_check_chunks(&c, 5);
	pipe_check_chunks(&c, 64);
}

START_TEST(the_last_rows_are_given_in_their_order)
{
	gives("csv.parse ! tail 2 memory=64k ! csv.format",
		"s,n\na,1\n\"b\n\",2\n,3\n", "s,n\n\"b\n\",2\n,3\n");
}
END_TEST

START_TEST(fewer_rows_than_wanted_are_all_given)
{
	gives("csv.parse ! tail memory=64k ! csv.format", "s\nb\na\n",
		"s\nb\na\n");
	gives("csv.parse ! tail memory=64k ! csv.format", "s\n", "s\n");
}
END_TEST

START_TEST(rows_that_were_dropped_do_not_count)
{
	gives("csv.parse ! where \"n < 4\" ! tail 2 memory=64k ! csv.format",
		"n\n1\n2\n3\n4\n5\n", "n\n2\n3\n");
}
END_TEST

static void
put_rows(const char *path, uint32_t n)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs("k\n", file);
	for (uint32_t k = 0; k < n; k++)
		fprintf(file, "%08u\n", k);
	fclose(file);
}

START_TEST(rows_that_are_let_go_leave_room)
{
	struct leat_error err;
	char *out;

	pipe_enter_folder();
	put_rows("in.csv", 50000);
	ck_assert_msg(
		pipe_run("read in.csv ! tail 900 memory=64k ! write out.csv",
			NULL, &err) == LEAT_OK,
		"%s", err.text);
	out = pipe_get_file("out.csv", NULL);
	ck_assert_uint_eq(strlen(out), 2 + 900 * 9);
	ck_assert(strncmp(out + 2, "00049100\n", 9) == 0);
	ck_assert_str_eq(out + 2 + 899 * 9, "00049999\n");
	free(out);
	pipe_leave_folder();
}
END_TEST

/* In frames of few rows, so that nearly all rows are held for a while. */
START_TEST(nothing_gets_lost_of_the_room_however_many_rows_pass)
{
	struct leat_error err;
	char *out;

	pipe_enter_folder();
	put_rows("in.csv", 50000);
	ck_assert_msg(
		pipe_run("read in.csv chunk_bytes=4k ! tail 900 memory=64k ! "
			 "write out.csv",
			NULL, &err) == LEAT_OK,
		"%s", err.text);
	out = pipe_get_file("out.csv", NULL);
	ck_assert_uint_eq(strlen(out), 2 + 900 * 9);
	ck_assert(strncmp(out + 2, "00049100\n", 9) == 0);
	free(out);
	pipe_leave_folder();
}
END_TEST

START_TEST(more_than_memory_holds_is_an_error)
{
	struct leat_error err;

	pipe_enter_folder();
	put_rows("in.csv", 20000);
	ck_assert_int_eq(pipe_run("read in.csv ! tail 20000 memory=64k ! "
				  "write out.csv",
				 NULL, &err),
		LEAT_ELIMIT);
	ck_assert_msg(strstr(err.text, "memory=N") != NULL, "%s", err.text);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/tail", the_last_rows_are_given_in_their_order,
	fewer_rows_than_wanted_are_all_given,
	rows_that_were_dropped_do_not_count, rows_that_are_let_go_leave_room,
	nothing_gets_lost_of_the_room_however_many_rows_pass,
	more_than_memory_holds_is_an_error)
