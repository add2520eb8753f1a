/*
 * drop: all columns but these.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(the_other_columns_stay_in_their_order)
{
	pipe_gives("csv.parse ! drop b ! csv.format", "a,b,c\n1,2,3\n4,5,6\n",
		"a,c\n1,3\n4,6\n");
	pipe_gives("csv.parse ! drop c,a ! csv.format", "a,b,c\n1,2,3\n",
		"b\n2\n");
	pipe_gives("csv.parse ! drop \"`a b`\" ! csv.format", "a b,c\n1,2\n",
		"c\n2\n");
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	pipe_fails("csv.parse ! drop orgin ! csv.format", "origin,b\n1,2\n",
		"no column 'orgin'; did you mean 'origin'?");
	pipe_fails("csv.parse ! drop a,b ! csv.format", "a,b\n1,2\n",
		"no column would be left");
	pipe_fails("csv.parse ! drop x=a ! csv.format", "a,b\n1,2\n",
		"a column that is dropped gets no new name");
	pipe_fails("csv.parse ! drop a,a ! csv.format", "a,b\n1,2\n",
		"in the list already");
}
END_TEST

TEST_MAIN("stages/drop", the_other_columns_stay_in_their_order,
	what_is_wrong_is_said)
