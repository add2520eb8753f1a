/*
 * profile: types, counts, extremes, quantiles, and what comes most often.
 */
#include "support/typed.h"

#define HEADER                                                                 \
	"column,type,rows,nulls,distinct,min,max,mean,p25,p50,p75,shortest,"   \
	"longest,top\n"

START_TEST(a_column_of_numbers_is_measured_by_value)
{
	typed_gives("profile", "n\n10\n9\n-3\n\n9\n",
		HEADER
		"n,int64,5,1,3,-3,10,6.25,6,9,9.25,1,2,\"9 2, 10 1, -3 1\"\n");
	typed_gives("profile", "n\n1.5\n2\n1e1\n",
		HEADER "n,float64,3,0,3,1.5,1e1,4.5,1.75,2,6,1,3,"
		       "\"1.5 1, 2 1, 1e1 1\"\n");
}
END_TEST

START_TEST(whole_numbers_are_compared_exactly)
{
	typed_gives("profile ! select min,max",
		"n\n9223372036854775806\n9223372036854775807\n"
		"9223372036854775805\n",
		"min,max\n9223372036854775805,9223372036854775807\n");
}
END_TEST

START_TEST(a_column_that_holds_more_than_numbers_is_text)
{
	typed_gives("profile", "s\n10\n9\nabc\n",
		HEADER "s,string,3,0,3,10,abc,,,,,1,3,\"10 1, 9 1, abc 1\"\n");
	typed_gives("profile ! select type,min,max,mean",
		"s\nx\n2001-01-01\n5\n",
		"type,min,max,mean\nstring,2001-01-01,x,\n");
}
END_TEST

START_TEST(times_are_measured_by_value)
{
	typed_gives("profile ! select type,min,max,mean",
		"t\n2001-01-01T10:00:00+02:00\n2001-01-01T09:00:00Z\n",
		"type,min,max,mean\n"
		"timestamp,2001-01-01T10:00:00+02:00,2001-01-01T09:00:00Z,\n");
	typed_gives("profile ! select type,min,max",
		"d\n2001-02-01\n1999-12-31\n",
		"type,min,max\ndate,1999-12-31,2001-02-01\n");
	typed_gives("profile ! select type,min,max", "b\ntrue\nfalse\n",
		"type,min,max\nbool,false,true\n");
}
END_TEST

START_TEST(types_that_were_declared_are_told)
{
	typed_gives("profile ! select column,type,mean",
		"d:decimal2\n1.50\n2\n", "column,type,mean\nd,decimal,1.75\n");
	typed_gives("group n=count() ! profile ! select column,type,rows,top",
		"x\n1\n", "column,type,rows,top\nn,int64,1,1 1\n");
}
END_TEST

START_TEST(columns_of_no_value_have_no_extremes)
{
	typed_gives("profile", "a,b\n,\n,\n",
		HEADER "a,string,2,2,0,,,,,,,,,\nb,string,2,2,0,,,,,,,,,\n");
	typed_gives("profile", "a\n", HEADER "a,string,0,0,0,,,,,,,,,\n");
}
END_TEST

START_TEST(profiles_do_not_depend_on_frames)
{
	pipe_gives("csv.parse ! profile ! select column,rows,top ! csv.format",
		"a,b\n1,x\n1,\"y\"\"\"\n2,x\n",
		"column,rows,top\na,3,\"1 2, 2 1\"\nb,3,\"x 2, y\"\" 1\"\n");
}
END_TEST

/* 40 of 100 rows are "often", 20 "now and then", all others different. */
START_TEST(what_comes_often_is_found_among_many)
{
	char *text = malloc(100000 * 16), *at = text, *out, *found;
	struct leat_error err;
	size_t n;

	pipe_enter_folder();
	at += sprintf(at, "s,n\n");
	for (uint32_t k = 0; k < 100000; k++)
		if (k % 5 < 2)
			at += sprintf(at, "often,%u\n", k);
		else if (k % 5 == 2)
			at += sprintf(at, "at times,%u\n", k);
		else
			at += sprintf(at, "x%u,%u\n", k, k);
	pipe_put_file("in.csv", text, (size_t)(at - text));
	ck_assert_int_eq(typed_run_stages("profile ! select distinct,p50,top",
				 131072, NULL, &err),
		LEAT_OK);
	out = pipe_get_file("out.csv", &n);
	ck_assert_msg(
		strstr(out, "often 40000, at times 20000") != NULL, "%s", out);
	/* 40 002 different ones, 3 standard errors of 1.6 % */
	found = strchr(out, '\n') + 1;
	ck_assert_double_eq_tol(atof(found), 40002, 40002 * 0.049);
	/* the median of the numbers, within 1 in 256 */
	found = strchr(strchr(found, '\n') + 1, ',') + 1;
	ck_assert_double_eq_tol(atof(found), 49999.5, 49999.5 / 256);
	free(out);
	free(text);
	pipe_leave_folder();
}
END_TEST

START_TEST(long_values_are_cut_between_characters)
{
	char text[2000] = "s\n";
	char want[2000];
	size_t n = 2;

	for (uint32_t k = 0; k < 200; k++)
		n += (size_t)sprintf(text + n, "\xc3\xa4%s", k ? "" : "b");
	strcpy(text + n, "\n");
	n = (size_t)sprintf(want, "min,longest,top\n%.*s,401,%.*s... 1\n", 255,
		text + 2, 63, text + 2);
	ck_assert_uint_gt(n, 300);
	typed_gives("profile ! select min,longest,top", text, want);
}
END_TEST

START_TEST(more_columns_than_memory_holds_fail)
{
	char text[4096];
	size_t n = 0;

	for (uint32_t k = 0; k < 300; k++)
		n += (size_t)sprintf(
			text + n, "c%u%s", k, k < 299 ? "," : "\n");
	typed_fails("profile memory=256k", text, "give more by memory=");
}
END_TEST

TEST_MAIN("stages/profile", a_column_of_numbers_is_measured_by_value,
	whole_numbers_are_compared_exactly,
	a_column_that_holds_more_than_numbers_is_text,
	times_are_measured_by_value, types_that_were_declared_are_told,
	columns_of_no_value_have_no_extremes, profiles_do_not_depend_on_frames,
	what_comes_often_is_found_among_many,
	long_values_are_cut_between_characters,
	more_columns_than_memory_holds_fail)
