/*
 * select: columns by name, in order, renamed; mistakes with their place.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(columns_come_in_the_order_of_the_list)
{
	pipe_gives("csv.parse ! select c,a ! csv.format",
		"a,b,c\n1,2,3\n4,5,6\n", "c,a\n3,1\n6,4\n");
}
END_TEST

START_TEST(columns_can_be_renamed)
{
	pipe_gives("csv.parse ! select late=delay,to ! csv.format",
		"to,delay\nOSL,5\n", "late,to\n5,OSL\n");
}
END_TEST

START_TEST(a_column_can_be_taken_twice_under_two_names)
{
	pipe_gives("csv.parse ! select a,again=a ! csv.format", "a\n1\n",
		"a,again\n1,1\n");
}
END_TEST

START_TEST(a_list_may_stand_in_several_words)
{
	pipe_gives("csv.parse ! select c a ! csv.format", "a,b,c\n1,2,3\n",
		"c,a\n3,1\n");
}
END_TEST

START_TEST(a_selection_of_a_selection_is_one)
{
	pipe_gives("csv.parse ! select x=a,b ! select b,y=x ! csv.format",
		"a,b\n1,2\n", "b,y\n2,1\n");
}
END_TEST

START_TEST(where_sees_the_new_names)
{
	pipe_gives("csv.parse ! select x=b ! where \"x > 2\" ! csv.format",
		"a,b\n1,2\n3,4\n", "x\n4\n");
}
END_TEST

START_TEST(names_in_quotes_may_hold_anything)
{
	pipe_gives("csv.parse ! select \"`a,b`,c\" ! csv.format",
		"c,\"a,b\"\n1,2\n", "\"a,b\",c\n2,1\n");
}
END_TEST

START_TEST(a_column_that_is_not_there_fails_with_a_suggestion)
{
	pipe_fails("csv.parse ! select deley ! csv.format", "delay,x\n1,2\n",
		"did you mean 'delay'?");
}
END_TEST

START_TEST(a_name_that_comes_twice_fails)
{
	pipe_fails("csv.parse ! select a,a ! csv.format", "a\n1\n", "'a'");
}
END_TEST

START_TEST(an_empty_entry_fails)
{
	pipe_fails("csv.parse ! select a,,b ! csv.format", "a,b\n1,2\n",
		"a column name is missing");
}
END_TEST

TEST_MAIN("stages/select", columns_come_in_the_order_of_the_list,
	columns_can_be_renamed, a_column_can_be_taken_twice_under_two_names,
	a_list_may_stand_in_several_words, a_selection_of_a_selection_is_one,
	where_sees_the_new_names, names_in_quotes_may_hold_anything,
	a_column_that_is_not_there_fails_with_a_suggestion,
	a_name_that_comes_twice_fails, an_empty_entry_fails)
