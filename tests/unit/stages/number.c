/*
 * number: a column that counts the rows alive, from any start.
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

START_TEST(rows_are_numbered_from_one)
{
	gives("csv.parse ! number ! csv.format", "s\na\n\"b,\"\nc\n",
		"s,n\na,1\n\"b,\",2\nc,3\n");
}
END_TEST

static void
fails(const char *stages, const char *input, const char *error)
{
	const struct pipe_case c = {
		.stages = stages, .input = input, .error = error};

	pipe_check_chunks(&c, 64);
}

START_TEST(the_column_has_the_name_and_start_that_were_asked_for)
{
	gives("csv.parse ! number column=row start=0 ! csv.format", "n\na\nb\n",
		"n,row\na,0\nb,1\n");
	gives("csv.parse ! number row start=-1 ! csv.format", "n\na\nb\n",
		"n,row\na,-1\nb,0\n");
}
END_TEST

START_TEST(rows_that_were_dropped_have_no_number)
{
	gives("csv.parse ! where \"k > 1\" ! number ! where \"n > 1\" ! "
	      "csv.format",
		"k\n1\n2\n3\n", "k,n\n3,2\n");
}
END_TEST

START_TEST(two_numbers_stand_beside_each_other)
{
	gives("csv.parse ! number a ! number b start=7 ! select b,k,a ! "
	      "csv.format",
		"k\nx\ny\n", "b,k,a\n7,x,1\n8,y,2\n");
}
END_TEST

START_TEST(numbers_are_sorted_by_value)
{
	gives("csv.parse ! number start=9 ! sort \"n desc\" memory=64k ! "
	      "csv.format",
		"k\nx\n\"y,\"\n", "k,n\n\"y,\",10\nx,9\n");
}
END_TEST

START_TEST(a_name_that_is_there_is_refused)
{
	fails("csv.parse ! number ! csv.format", "n\na\n",
		"there is a column 'n' already");
}
END_TEST

START_TEST(a_start_that_is_no_number_is_refused)
{
	fails("csv.parse ! number start=x ! csv.format", "k\na\n",
		"a whole number of 64 bits is wanted");
	fails("csv.parse ! number start=9223372036854775807 ! csv.format",
		"k\na\n", "there is no greater number");
}
END_TEST

TEST_MAIN("stages/number", rows_are_numbered_from_one,
	the_column_has_the_name_and_start_that_were_asked_for,
	rows_that_were_dropped_have_no_number,
	two_numbers_stand_beside_each_other, numbers_are_sorted_by_value,
	a_name_that_is_there_is_refused, a_start_that_is_no_number_is_refused)
