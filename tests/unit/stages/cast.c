/*
 * cast: columns as another type.
 */
#include "support/pipe.h"
#include "support/test.h"

static void
fails(const char *stages, const char *input, const char *error)
{
	struct pipe_case c = {.stages = stages, .input = input, .error = error};

	pipe_check_chunks(&c, 64);
}

START_TEST(columns_become_another_type_at_their_places)
{
	pipe_gives("csv.parse ! cast a:float64,p:decimal(1),d:timestamp ! "
		   "csv.format",
		"a,p,d\n7,1.25,2024-02-29\n,,\n-1e2,-0.05,0001-01-01\n",
		"a,p,d\n7,1.3,2024-02-29T00:00:00Z\n,,\n"
		"-100,-0.1,0001-01-01T00:00:00Z\n");
	pipe_gives("csv.parse ! cast \"`a b`:string\" ! json.format",
		"a b\n7\n", "{\"a b\":\"7\"}\n");
}
END_TEST

START_TEST(a_value_that_is_none_of_the_type_fails_with_its_place)
{
	pipe_fails("csv.parse ! cast b:int64 ! csv.format",
		"a,b\n1,2\n2,x\n3,4\n",
		"pipe:3:3: column 'b' has 'x', where a whole number (int64) is "
		"wanted");
	pipe_fails("csv.parse ! cast b:date ! csv.format",
		"a,b\n1,2024-02-30\n",
		"pipe:2:3: column 'b' has '2024-02-30', where a date "
		"(YYYY-MM-DD) is wanted");
	pipe_fails("csv.parse ! cast b:int64 ! csv.format",
		"a,b\n1,92233720368547758070\n",
		"pipe:2:3: column 'b' has '92233720368547758070', where");
}
END_TEST

START_TEST(such_a_row_can_be_skipped)
{
	pipe_gives("csv.parse ! cast b:int64 on_error=skip ! csv.format",
		"a,b\n1,2\n2,x\n3,\n4,9\n", "a,b\n1,2\n3,\n4,9\n");
	pipe_gives("csv.parse ! cast a:int64,b:int64 on_error=skip ! "
		   "csv.format",
		"a,b\nx,x\ny,1\n2,z\n", "a,b\n");
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	fails("csv.parse ! cast b:int64 ! csv.format", "a\n1\n",
		"no column 'b'");
	fails("csv.parse ! cast a:int ! csv.format", "a\n1\n", "no type 'int'");
	fails("csv.parse ! cast a ! csv.format", "a\n1\n",
		"the type of 'a' is missing");
	fails("csv.parse ! cast a:decimal ! csv.format", "a\n1\n",
		"decimal needs one number");
	fails("csv.parse schema=a:int64 ! cast a:date ! csv.format", "a\n1\n",
		"int64 cannot become date");
	fails("csv.parse ! cast \" \" ! csv.format", "a\n1\n",
		"there is no column; for example");
}
END_TEST

TEST_MAIN("stages/cast", columns_become_another_type_at_their_places,
	a_value_that_is_none_of_the_type_fails_with_its_place,
	such_a_row_can_be_skipped, what_is_wrong_is_said)
