/*
 * union: columns by name, types that hold for all, what differs is said.
 */
#include "support/pipe.h"
#include "support/test.h"

/* The rows of a.csv and b.csv, which come in any order. */
static int
unite(const char *a, const char *b, const char *stages, struct leat_error *err)
{
	char text[256];

	pipe_put_text("a.csv", a);
	pipe_put_text("b.csv", b);
	snprintf(text, sizeof(text),
		"read a.csv ! u.  read b.csv ! u.  union name=u ! %s write "
		"o.csv",
		stages);
	return pipe_run(text, NULL, err);
}

static void
gives(const char *a, const char *b, const char *stages, const char *output)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_msg(unite(a, b, stages, &err) == LEAT_OK, "%s", err.text);
	pipe_file_holds("o.csv", output);
	pipe_leave_folder();
}

static void
fails(const char *a, const char *b, const char *stages, const char *what)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_int_eq(unite(a, b, stages, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, what) != NULL, "%s", err.text);
	pipe_leave_folder();
}

START_TEST(columns_are_found_by_their_names)
{
	gives("k,v\n3,c\n1,a\n", "v,k\n\"b,\",2\n", "sort k memory=64k !",
		"k,v\n1,a\n2,\"b,\"\n3,c\n");
}
END_TEST

START_TEST(an_in_without_rows_adds_none)
{
	gives("k,v\n", "v,k\nb,2\n", "", "k,v\n2,b\n");
	gives("k,v\n", "v,k\n", "", "k,v\n");
}
END_TEST

START_TEST(columns_that_are_missing_or_more_are_named)
{
	fails("k,v\n", "k\n", "",
		"'csv.parse2' has no column 'v', which 'csv.parse' has");
	fails("k\n", "k,v\n", "",
		"'csv.parse2' has a column 'v', which 'csv.parse' has not");
}
END_TEST

START_TEST(three_ins_may_have_values_that_are_no_fields)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("a.csv", "k\nx\n");
	ck_assert_msg(
		pipe_run("read a.csv ! number n start=3 ! u.  "
			 "read a.csv ! number n start=1 ! select n,k ! u.  "
			 "read a.csv ! number n start=2 ! u.  "
			 "union name=u ! sort n memory=64k ! write o.csv",
			NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv", "k,n\nx,1\nx,2\nx,3\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_number_that_is_no_field_is_not_a_text)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("a.csv", "k\nx\n");
	pipe_put_text("b.csv", "k,n\ny,z\n");
	ck_assert_int_eq(pipe_run("read a.csv ! number n ! u.  read b.csv ! u. "
				  "union name=u ! write o.csv",
				 NULL, &err),
		LEAT_EINVAL);
	ck_assert_msg(strstr(err.text,
			      "column 'n' is int64 from 'number' and "
			      "string from 'csv.parse2'") != NULL,
		"%s", err.text);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("fan/union", columns_are_found_by_their_names,
	an_in_without_rows_adds_none,
	columns_that_are_missing_or_more_are_named,
	three_ins_may_have_values_that_are_no_fields,
	a_number_that_is_no_field_is_not_a_text)
