/*
 * rename: some columns under a new name.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(columns_get_new_names_at_their_places)
{
	pipe_gives("csv.parse ! rename x=a,\"`y z`=c\" ! csv.format",
		"a,b,c\n1,2,3\n", "x,b,y z\n1,2,3\n");
	pipe_gives("csv.parse ! rename x=a ! where \"x > 1\" ! csv.format",
		"a,b\n1,2\n2,3\n", "x,b\n2,3\n");
}
END_TEST

START_TEST(two_columns_exchange_their_names)
{
	pipe_gives("csv.parse ! rename a=b,b=a ! csv.format", "a,b\n1,2\n",
		"b,a\n1,2\n");
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	pipe_fails("csv.parse ! rename x=origi ! csv.format", "origin\n1\n",
		"no column 'origi'; did you mean 'origin'?");
	pipe_fails("csv.parse ! rename origin=x ! csv.format", "origin\n1\n",
		"no column 'x'; there are: origin (the new name stands first: "
		"new=old)");
	pipe_fails("csv.parse ! rename b=a ! csv.format", "a,b\n1,2\n",
		"there is a column 'b' already");
	pipe_fails("csv.parse ! rename a ! csv.format", "a,b\n1,2\n",
		"the new name is missing: new=a");
	pipe_fails("csv.parse ! rename x=a,x=b ! csv.format", "a,b\n1,2\n",
		"there is a column 'x' in the list already");
	pipe_fails("csv.parse ! rename x=a,y=a ! csv.format", "a,b\n1,2\n",
		"column 'a' has got the name 'x' already");
}
END_TEST

TEST_MAIN("stages/rename", columns_get_new_names_at_their_places,
	two_columns_exchange_their_names, what_is_wrong_is_said)
