/*
 * fixed.parse: columns of a fixed width.
 */
#include "support/pipe.h"
#include "support/test.h"

#define LINES  "lines.parse ! fixed.parse "
#define TO_CSV " ! csv.format"

START_TEST(columns_are_as_wide_as_they_are_said_to_be)
{
	pipe_gives(LINES "widths=3,2,4" TO_CSV, "abc12wxyz\r\nd  3 v\n",
		"c1,c2,c3\nabc,12,wxyz\nd,3,v\n");
	pipe_gives(LINES "widths=3,-2,4 names=a,b" TO_CSV, "abc12wxyz\n",
		"a,b\nabc,wxyz\n");
	pipe_gives(LINES "widths=2,* names=a,rest" TO_CSV, "abcdef\nx\n",
		"a,rest\nab,cdef\nx,\n");
	pipe_gives(LINES "widths=1" TO_CSV, "", "c1\n");
}
END_TEST

START_TEST(spaces_around_values_go_or_stay)
{
	pipe_gives(LINES "widths=4,4" TO_CSV, " a b  c \n        \n",
		"c1,c2\na b,c\n,\n");
	pipe_gives(LINES "widths=4,4 trim=off" TO_CSV, " a b  c \n",
		"c1,c2\n a b,  c \n");
}
END_TEST

START_TEST(a_line_that_ends_early_has_nulls_at_its_end)
{
	pipe_gives(LINES "widths=2,2,2 ! json.format", "ab\nabc\n\n",
		"{\"c1\":\"ab\",\"c2\":null,\"c3\":null}\n"
		"{\"c1\":\"ab\",\"c2\":\"c\",\"c3\":null}\n"
		"{\"c1\":null,\"c2\":null,\"c3\":null}\n");
}
END_TEST

START_TEST(a_line_that_goes_on_is_rejected_where_it_does)
{
	pipe_fails(LINES "widths=2,2" TO_CSV, "abcd  \nabcde\n",
		"pipe:2:5: the line goes on behind the last column");
	pipe_gives(LINES "widths=2,2 on_error=skip" TO_CSV, "abcd\nabcde\nxy\n",
		"c1,c2\nab,cd\nxy,\n");
}
END_TEST

START_TEST(the_place_of_a_line_that_goes_on_is_that_in_its_file)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("1.txt", "ab\n");
	pipe_put_text("2.txt", "ab\ncd\nefg\n");
	ck_assert_int_eq(pipe_run("read *.txt ! lines.parse ! "
				  "fixed.parse widths=2 ! write o.csv",
				 NULL, &err),
		LEAT_EDATA);
	ck_assert_msg(strstr(err.text, "2.txt:3:3: "), "%s", err.text);
	ck_assert_str_eq(err.origin, "2.txt");
	ck_assert_uint_eq(err.line, 3);
	ck_assert_uint_eq(err.offset, 8);
	pipe_leave_folder();
}
END_TEST

START_TEST(widths_count_bytes_or_characters)
{
	pipe_gives(LINES "widths=2,1 unit=characters" TO_CSV,
		"\xc3\xa4\xe2\x82\xacx\n", "c1,c2\n\xc3\xa4\xe2\x82\xac,x\n");
	pipe_gives(LINES "widths=2,4" TO_CSV, "\xc3\xa4\xe2\x82\xacx\n",
		"c1,c2\n\xc3\xa4,\xe2\x82\xacx\n");
}
END_TEST

START_TEST(wrong_widths_and_names_are_refused)
{
	static const char *const cases[][2] = {
		{"widths=\"\"", "needs option 'widths'"},
		{"widths=0", "accepted are widths"},
		{"widths=1,", "accepted are widths"},
		{"widths=1,,2", "accepted are widths"},
		{"widths=*,1", "accepted are widths"},
		{"widths=1x", "accepted are widths"},
		{"widths=1000001", "accepted are widths"},
		{"widths=-3", "make 0 columns"},
		{"widths=1,2 names=a", "2 columns, and names= has 1"},
		{"widths=1,2 names=a,b,c", "2 columns, and names= has 3"},
		{"names=a", "widths"},
	};
	char graph[100];
	struct leat_error err;

	for (uint32_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		snprintf(graph, sizeof(graph),
			"read /dev/null ! lines.parse ! fixed.parse %s ! "
			"write /dev/null",
			cases[k][0]);
		ck_assert_int_lt(pipe_run(graph, NULL, &err), 0);
		ck_assert_msg(strstr(err.text, cases[k][1]) != NULL, "%s: %s",
			cases[k][0], err.text);
	}
}
END_TEST

TEST_MAIN("stages/fixed_parse", columns_are_as_wide_as_they_are_said_to_be,
	spaces_around_values_go_or_stay,
	a_line_that_ends_early_has_nulls_at_its_end,
	a_line_that_goes_on_is_rejected_where_it_does,
	the_place_of_a_line_that_goes_on_is_that_in_its_file,
	widths_count_bytes_or_characters, wrong_widths_and_names_are_refused)
