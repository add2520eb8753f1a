/*
 * derive: new columns, in place; rows that have no value.
 */
#include "support/pipe.h"
#include "support/test.h"

/* what is declared does not depend on how much is looked at */
#define PARSE "csv.parse schema=\"a:int64,b:int64,s:string\""
#define TABLE "a,b,s\n7,2,x\n-3,,\"y \"\"z\"\"\"\n10,5,\n"

/* The table with the columns that a list makes, in small and large chunks. */
static void
derives(const char *list, const char *rows)
{
	char stages[512];
	struct pipe_case c = {.stages = stages, .input = TABLE, .output = rows};

	snprintf(stages, sizeof(stages), PARSE " ! derive %s ! csv.format",
		list);
	pipe_check_chunks(&c, 5);
	pipe_check_chunks(&c, 64);
}

static void
fails(const char *stages, const char *error)
{
	struct pipe_case c = {.stages = stages, .input = TABLE, .error = error};

	pipe_check_chunks(&c, 7);
	pipe_check_chunks(&c, 64);
}

START_TEST(a_column_is_added_at_the_end)
{
	pipe_gives(PARSE " ! derive x=b+1 ! csv.format", "a,b,s\n7,2,x\n",
		"a,b,s,x\n7,2,x,3\n");
	derives("\"x=a + b\"",
		"a,b,s,x\n7,2,x,9\n-3,,\"y \"\"z\"\"\",\n10,5,,15\n");
	derives("big=a>5",
		"a,b,s,big\n7,2,x,true\n-3,,\"y \"\"z\"\"\",false\n"
		"10,5,,true\n");
}
END_TEST

START_TEST(a_column_of_the_name_is_replaced_at_its_place)
{
	derives("a=a*2", "a,b,s\n14,2,x\n-6,,\"y \"\"z\"\"\"\n20,5,\n");
	derives("`b`=coalesce(b,0)",
		"a,b,s\n7,2,x\n-3,0,\"y \"\"z\"\"\"\n10,5,\n");
}
END_TEST

START_TEST(each_sees_the_columns_before_it)
{
	derives("\"x=a+1, y=x*2, x=y-1\" ",
		"a,b,s,x,y\n7,2,x,15,16\n-3,,\"y \"\"z\"\"\",-5,-4\n"
		"10,5,,21,22\n");
	derives("x=a y=x+1 z=y+1",
		"a,b,s,x,y,z\n7,2,x,7,8,9\n-3,,\"y \"\"z\"\"\",-3,-2,-1\n"
		"10,5,,10,11,12\n");
}
END_TEST

START_TEST(commas_in_calls_and_texts_part_nothing)
{
	derives("\"x=concat(a, ',', b), y=','\"",
		"a,b,s,x,y\n7,2,x,\"7,2\",\",\"\n"
		"-3,,\"y \"\"z\"\"\",\"-3,\",\",\"\n10,5,,\"10,5\",\",\"\n");
}
END_TEST

START_TEST(texts_of_fields_are_decoded)
{
	derives("\"u=upper(s), n=length(s)\"",
		"a,b,s,u,n\n7,2,x,X,1\n-3,,\"y \"\"z\"\"\",\"Y "
		"\"\"Z\"\"\",5\n10,5,,,\n");
}
END_TEST

START_TEST(every_type_is_written)
{
	pipe_gives(
		"csv.parse schema=a:int64 ! derive \"x=a/2.0, c=a::decimal(2), "
		"d=date '2024-01-31'+a, t=(date '2024-01-31')::timestamp, "
		"o=a>1, n=null\" ! csv.format",
		"a\n1\n",
		"a,x,c,d,t,o,n\n1,0.5,1.00,2024-02-01,"
		"2024-01-31T00:00:00Z,false,\n");
	pipe_gives(
		"csv.parse schema=a:int64 ! derive \"x=a/2.0, c=a::decimal(2), "
		"d=date '2024-01-31'+a, o=a>1, n=null, s='a'\" ! "
		"json.format",
		"a\n1\n",
		"{\"a\":1,\"x\":0.5,\"c\":1.00,\"d\":\"2024-02-01\","
		"\"o\":false,\"n\":null,\"s\":\"a\"}\n");
}
END_TEST

START_TEST(columns_that_were_made_can_be_filtered_and_made_again)
{
	pipe_gives(PARSE " ! derive x=a*2 ! where \"x > 0\" ! derive y=x+1 "
			 "! select y,x ! csv.format",
		TABLE, "y,x\n15,14\n21,20\n");
}
END_TEST

START_TEST(a_row_without_a_value_fails_with_its_place)
{
	fails(PARSE " ! derive x=9223372036854775800+a ! csv.format",
		"pipe:4:1: '9223372036854775800+a': the result does not fit "
		"int64");
	fails(PARSE " ! derive x=a/(b-2) ! csv.format",
		"pipe:2:1: 'a/(b-2)': division by zero");
}
END_TEST

START_TEST(a_row_without_a_value_can_be_skipped)
{
	pipe_gives(PARSE " ! derive x=a/(b-2) on_error=skip ! csv.format",
		TABLE, "a,b,s,x\n-3,,\"y \"\"z\"\"\",\n10,5,,3\n");
	pipe_gives(PARSE " ! derive x=1 y=a/(b-2) z=a on_error=skip(1) ! "
			 "select x,y,z ! csv.format",
		TABLE, "x,y,z\n1,,-3\n1,3,10\n");
	fails(PARSE " ! derive x=1/0 on_error=skip(1) ! csv.format",
		"more than the 1 that may be skipped");
}
END_TEST

START_TEST(where_the_frame_is_full_a_view_goes_on)
{
	static char input[200000], output[400000];
	size_t n_in = 0, n_out = 0;
	struct pipe_case c = {.stages = "csv.parse schema=a:string ! derive "
					"\"x=lpad(a, 400, 'x'), y=a, z=x\" ! "
					"select y,z ! csv.format",
		.input = input,
		.output = output};

	n_in += (size_t)sprintf(input, "a\n");
	n_out += (size_t)sprintf(output, "y,z\n");
	for (int k = 100; k < 900; k++) {
		n_in += (size_t)sprintf(input + n_in, "%d\n", k);
		n_out += (size_t)sprintf(output + n_out, "%d,", k);
		memset(output + n_out, 'x', 397);
		n_out += 397;
		n_out += (size_t)sprintf(output + n_out, "%d\n", k);
	}
	pipe_check_chunks(&c, 65536);
}
END_TEST

START_TEST(values_that_no_frame_can_hold_are_an_error)
{
	static char input[200000];
	size_t n_in = 0;
	struct pipe_case c = {.stages = "csv.parse schema=a:string ! derive "
					"\"x=lpad(a, 40000, 'x')\" ! "
					"csv.format",
		.input = input,
		.error = "the values of 'x' for 900 rows do not fit into a "
			 "frame of"};

	n_in += (size_t)sprintf(input, "a\n");
	for (int k = 100; k < 1000; k++)
		n_in += (size_t)sprintf(input + n_in, "%d\n", k);
	pipe_check_chunks(&c, 65536);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	fails(PARSE " ! derive x ! csv.format",
		"name=expression is wanted here");
	fails(PARSE " ! derive \"=a\" ! csv.format",
		"name=expression is wanted here");
	fails(PARSE " ! derive \",\" ! csv.format",
		"there is no column; for example");
	pipe_fails(
		PARSE " ! derive x=c+1 ! csv.format", TABLE, "no column 'c'");
	fails(PARSE " ! derive x=a+ ! csv.format", "missing at the end");
	fails(PARSE " ! derive x=uper(s) ! csv.format", "did you mean 'upper'");
	fails(PARSE " ! derive x=s+1 ! csv.format",
		"'+' wants numbers, not string");
}
END_TEST

TEST_MAIN("stages/derive", a_column_is_added_at_the_end,
	a_column_of_the_name_is_replaced_at_its_place,
	each_sees_the_columns_before_it, commas_in_calls_and_texts_part_nothing,
	texts_of_fields_are_decoded, every_type_is_written,
	columns_that_were_made_can_be_filtered_and_made_again,
	a_row_without_a_value_fails_with_its_place,
	a_row_without_a_value_can_be_skipped,
	where_the_frame_is_full_a_view_goes_on,
	values_that_no_frame_can_hold_are_an_error, what_is_wrong_is_said)
