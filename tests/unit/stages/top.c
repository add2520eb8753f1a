/*
 * top: what sort and head would give, from memory that is bounded.
 */
#include "support/pipe.h"
#include "support/test.h"

/* In chunks of a few sizes. */
static void
gives(const char *stages, const char *input, const char *output)
{
	const struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	pipe_check_chunks(&c, 5);
	pipe_check_chunks(&c, 64);
}

static void
fails(const char *stages, const char *input, const char *error)
{
	const struct pipe_case c = {
		.stages = stages, .input = input, .error = error};

	pipe_check_chunks(&c, 7);
}

START_TEST(the_first_rows_in_an_order_are_given)
{
	gives("csv.parse ! top 2 by=s memory=64k ! csv.format",
		"s,n\nc,1\na,2\n\"d\n\",3\nb,4\n", "s,n\na,2\nb,4\n");
}
END_TEST

START_TEST(desc_gives_the_greatest)
{
	gives("csv.parse ! top 2 by=\"s desc, n\" memory=64k ! csv.format",
		"s,n\nc,2\na,2\nc,1\nc,3\n", "s,n\nc,1\nc,2\n");
}
END_TEST

START_TEST(of_equal_rows_the_first_that_came_stay)
{
	gives("csv.parse ! top 3 by=s memory=64k ! csv.format",
		"s,n\nb,1\nb,2\nb,3\na,4\nb,5\na,6\n", "s,n\na,4\na,6\nb,1\n");
}
END_TEST

START_TEST(nulls_come_last_or_first)
{
	gives("csv.parse ! top 2 by=s memory=64k ! csv.format",
		"s,n\n,1\nb,2\n,3\n", "s,n\nb,2\n,1\n");
	gives("csv.parse ! top 2 by=s nulls=first memory=64k ! csv.format",
		"s,n\na,0\n,1\nb,2\n,3\n", "s,n\n,1\n,3\n");
}
END_TEST

START_TEST(fewer_rows_than_wanted_are_all_given)
{
	gives("csv.parse ! top by=s memory=64k ! csv.format", "s\nb\na\n",
		"s\na\nb\n");
	gives("csv.parse ! top by=s memory=64k ! csv.format", "s\n", "s\n");
}
END_TEST

START_TEST(what_is_wrong_with_the_options_is_said)
{
	fails("csv.parse ! top 2 ! csv.format", "s\nb\n", "by");
	fails("csv.parse ! top 2 by=t ! csv.format", "s\nb\n",
		"no column 't'; there are: s");
	fails("csv.parse ! top 0 by=s ! csv.format", "s\nb\n", "n");
}
END_TEST

#define MANY_ROWS 30000u

static uint32_t
mix(uint32_t k)
{
	k = (k + 1) * 2654435769u;
	return k ^ k >> 15;
}

static void
put_rows(const char *path, uint32_t n, int is_falling)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs("key,at\n", file);
	for (uint32_t k = 0; k < n; k++)
		fprintf(file, "%05u,%u\n", is_falling ? n - k : mix(k) % 5000,
			k);
	fclose(file);
}

static void
run(const char *text)
{
	struct leat_error err;

	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
}

START_TEST(what_it_gives_is_what_sort_and_head_give)
{
	char *a, *b;

	pipe_enter_folder();
	put_rows("in.csv", MANY_ROWS, 0);
	run("read in.csv ! top 1000 by=key memory=128k ! write a.csv");
	run("read in.csv ! sort key memory=1M ! head 1000 ! write b.csv");
	a = pipe_get_file("a.csv", NULL);
	b = pipe_get_file("b.csv", NULL);
	ck_assert_str_eq(a, b);
	free(a);
	free(b);
	pipe_leave_folder();
}
END_TEST

START_TEST(rows_that_are_let_go_leave_room)
{
	pipe_enter_folder();
	put_rows("in.csv", MANY_ROWS, 1);
	run("read in.csv ! top 3 by=key memory=64k ! write a.csv");
	pipe_file_holds(
		"a.csv", "key,at\n00001,29999\n00002,29998\n00003,29997\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(more_than_memory_holds_is_an_error)
{
	struct leat_error err;

	pipe_enter_folder();
	put_rows("in.csv", MANY_ROWS, 0);
	ck_assert_int_eq(pipe_run("read in.csv ! top 20000 by=key memory=64k "
				  "! write a.csv",
				 NULL, &err),
		LEAT_ELIMIT);
	ck_assert_msg(strstr(err.text, "memory=N") != NULL, "%s", err.text);
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/top", the_first_rows_in_an_order_are_given,
	desc_gives_the_greatest, of_equal_rows_the_first_that_came_stay,
	nulls_come_last_or_first, fewer_rows_than_wanted_are_all_given,
	what_is_wrong_with_the_options_is_said,
	what_it_gives_is_what_sort_and_head_give,
	rows_that_are_let_go_leave_room, more_than_memory_holds_is_an_error)
