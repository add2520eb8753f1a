/*
 * where: conditions over typed columns, nulls, faults with their place.
 */
#include "support/typed.h"

/* The rows of one table that a condition keeps. */
static void
keeps(const char *condition, const char *rows)
{
	char stages[512], output[512];

	snprintf(stages, sizeof(stages),
		"csv.parse ! where \"%s\" ! csv.format", condition);
	snprintf(output, sizeof(output), "n,s\n%s", rows);
	pipe_gives(stages, "n,s\n1,a\n-2,b\n3.5,a\n,c\n1e2,\n", output);
}

START_TEST(numbers_are_compared_as_numbers)
{
	keeps("n > 1", "3.5,a\n1e2,\n");
	keeps("n >= 1", "1,a\n3.5,a\n1e2,\n");
	keeps("n < 1", "-2,b\n");
	keeps("n <= 1", "1,a\n-2,b\n");
	keeps("n = 100", "1e2,\n");
	keeps("n == 100.0", "1e2,\n");
	keeps("n != 1", "-2,b\n3.5,a\n1e2,\n");
	keeps("n <> 1", "-2,b\n3.5,a\n1e2,\n");
}
END_TEST

START_TEST(texts_are_compared_as_texts)
{
	keeps("s = 'a'", "1,a\n3.5,a\n");
	keeps("s > 'a'", "-2,b\n,c\n");
}
END_TEST

START_TEST(and_or_not_and_parentheses_join)
{
	keeps("n > 0 and s = 'a'", "1,a\n3.5,a\n");
	keeps("s = 'b' or s = 'c'", "-2,b\n,c\n");
	keeps("not (s = 'a' or s = 'c') and n < 0", "-2,b\n");
	keeps("n < 0 or n > 3 and s = 'a'", "-2,b\n3.5,a\n");
}
END_TEST

START_TEST(an_empty_field_is_neither_true_nor_false)
{
	keeps("n > 0 or n <= 0", "1,a\n-2,b\n3.5,a\n1e2,\n");
	keeps("not n > 0", "-2,b\n");
	keeps("n is null", ",c\n");
	keeps("s is not null and n is not null", "1,a\n-2,b\n3.5,a\n");
}
END_TEST

START_TEST(if_nothing_is_kept_the_columns_still_arrive)
{
	keeps("n > 1000", "");
}
END_TEST

START_TEST(a_value_that_does_not_convert_fails_with_its_place)
{
	pipe_fails("csv.parse ! where \"n > 1\" ! csv.format",
		"s,n\nx,1\n\"y\ny\",2\nx,n/a\n", "pipe:5:3:");
	pipe_fails("csv.parse ! where \"n > 1\" ! csv.format", "s,n\nx,n/a\n",
		"n/a");
}
END_TEST

START_TEST(a_column_that_is_not_there_fails_with_a_suggestion)
{
	pipe_fails("csv.parse ! where \"deley > 1\" ! csv.format", "delay\n1\n",
		"delay");
}
END_TEST

START_TEST(a_condition_that_is_none_fails)
{
	pipe_fails("csv.parse ! where \"n >\" ! csv.format", "n\n1\n", "");
	pipe_fails("csv.parse ! where \"n > 'x\" ! csv.format", "n\n1\n", "");
	pipe_fails("csv.parse ! where \"(n > 1\" ! csv.format", "n\n1\n", "");
}
END_TEST

START_TEST(two_conditions_in_a_row_both_hold)
{
	pipe_gives("csv.parse ! where \"n > 1\" ! where \"n < 4\" ! csv.format",
		"n\n1\n2\n3\n4\n5\n", "n\n2\n3\n");
}
END_TEST

#define NUMBERS_OF_JSON                                                        \
	"{\"n\":1}\n{\"n\":-2}\n{\"n\":123456789012}\n{\"n\":null}\n{}\n"      \
	"{\"n\":-12345678}\n{\"n\":7}\n"

static void
json_gives(const char *condition, const char *input, const char *output)
{
	struct leat_error err = {0};
	char text[256];

	snprintf(text, sizeof(text),
		"read in.ndjson ! json.parse ! where \"%s\" ! csv.format ! "
		"write out.csv",
		condition);
	pipe_enter_folder();
	pipe_put_text("in.ndjson", input);
	ck_assert_msg(typed_run(text, NULL, &err) == LEAT_OK, "%s: %s", text,
		err.text);
	pipe_file_holds("out.csv", output);
	pipe_leave_folder();
}

START_TEST(numbers_of_json_are_compared_as_they_stand)
{
	static const char floats[] =
		"{\"n\":0.25}\n{\"n\":1}\n{\"n\":-0.75}\n{\"n\":-3}\n";

	json_gives("n > 1", NUMBERS_OF_JSON, "n\n123456789012\n7\n");
	json_gives("n < 1", NUMBERS_OF_JSON, "n\n-2\n-12345678\n");
	json_gives("n != 1", NUMBERS_OF_JSON,
		"n\n-2\n123456789012\n-12345678\n7\n");
	json_gives("n >= 1 and n <= 7", NUMBERS_OF_JSON, "n\n1\n7\n");
	json_gives("n > 0", floats, "n\n0.25\n1\n");
	json_gives("n > 0.5", floats, "n\n1\n");
	pipe_fails("json.parse schema=\"n:int64\" ! where \"n > 0\" ! "
		   "csv.format",
		"{\"n\":1}\n{\"n\":\"2\"}\n", "'2'");
}
END_TEST

TEST_MAIN("stages/where", numbers_are_compared_as_numbers,
	texts_are_compared_as_texts, and_or_not_and_parentheses_join,
	an_empty_field_is_neither_true_nor_false,
	if_nothing_is_kept_the_columns_still_arrive,
	a_value_that_does_not_convert_fails_with_its_place,
	a_column_that_is_not_there_fails_with_a_suggestion,
	a_condition_that_is_none_fails,
	numbers_of_json_are_compared_as_they_stand,
	two_conditions_in_a_row_both_hold)
