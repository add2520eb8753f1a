/*
 * pass: what comes in goes out, in any layout.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(bytes_pass)
{
	pipe_gives("pass", "Hello,\nworld", "Hello,\nworld");
}
END_TEST

START_TEST(rows_pass)
{
	pipe_gives("lines.parse ! pass ! pass ! lines.format", "a\n\nb\n",
		"a\n\nb\n");
}
END_TEST

START_TEST(tables_pass_with_the_columns_that_are_looked_at)
{
	pipe_gives("csv.parse ! pass ! where \"b > 1\" ! pass ! select b ! "
		   "csv.format",
		"a,b,c\n1,1,x\n2,2,y\n", "b\n2\n");
}
END_TEST

TEST_MAIN("fan/pass", bytes_pass, rows_pass,
	tables_pass_with_the_columns_that_are_looked_at)
