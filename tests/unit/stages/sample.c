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

/* How many of the numbers from 1 to 9999 stay. */
static uint32_t
count_sampled(const char *options, char **out)
{
	struct leat_error err;
	char text[100];
	uint32_t n = 0;
	FILE *file = fopen("in.txt", "w");

	for (uint32_t k = 1; k < 10000; k++)
		fprintf(file, "%u\n", k);
	fclose(file);
	snprintf(text, sizeof(text), "read in.txt ! sample %s ! write out.txt",
		options);
	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
	*out = pipe_get_file("out.txt", NULL);
	for (char *at = *out; *at; at++)
		n += *at == '\n';
	return n;
}

START_TEST(a_fraction_stays_and_the_seed_says_which)
{
	char *a, *b, *c;
	uint32_t n;

	pipe_enter_folder();
	n = count_sampled("fraction=0.1 seed=1", &a);
	ck_assert_uint_ge(n, 900);
	ck_assert_uint_le(n, 1100);
	ck_assert_uint_eq(count_sampled("fraction=0.1 seed=1", &b), n);
	ck_assert_str_eq(a, b);
	count_sampled("fraction=0.1 seed=2", &c);
	ck_assert_str_ne(a, c);
	free(a);
	free(b);
	free(c);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_fraction_of_one_is_all)
{
	char *out;

	pipe_enter_folder();
	ck_assert_uint_eq(count_sampled("fraction=1", &out), 9999);
	free(out);
	pipe_leave_folder();
}
END_TEST

START_TEST(the_same_fraction_stays_however_the_input_is_cut)
{
	pipe_gives("lines.parse ! sample fraction=0.5 seed=3 ! lines.format",
		"1\n2\n3\n4\n5\n6\n7\n8\n", "2\n3\n4\n6\n8\n");
}
END_TEST

START_TEST(a_fraction_that_is_none_is_refused)
{
	pipe_fails("lines.parse ! sample fraction=0 ! lines.format", "a\n",
		"above 0 and at most 1");
	pipe_fails("lines.parse ! sample fraction=1.01 ! lines.format", "a\n",
		"above 0 and at most 1");
	pipe_fails("lines.parse ! sample fraction=x ! lines.format", "a\n",
		"above 0 and at most 1");
	pipe_fails("lines.parse ! sample 3 fraction=0.5 ! lines.format", "a\n",
		"either every or fraction");
}
END_TEST

TEST_MAIN("stages/sample", the_first_and_then_every_nth_record_stays,
	ten_is_the_default, one_keeps_all, tables_are_sampled_by_row,
	rows_that_are_filtered_already_do_not_count,
	a_negative_number_is_refused, a_fraction_stays_and_the_seed_says_which,
	a_fraction_of_one_is_all,
	the_same_fraction_stays_however_the_input_is_cut,
	a_fraction_that_is_none_is_refused)
