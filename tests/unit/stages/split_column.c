/*
 * split-column: parts, too few and too many of them.
 */
#include "support/pipe.h"
#include "support/test.h"

#define SPLIT(more) "csv.parse ! split-column x sep=\";\" " more " ! csv.format"

static void
gives(const char *stages, const char *input, const char *output)
{
	struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	pipe_check_chunks(&c, 5);
}

static void
fails(const char *stages, const char *input, const char *error)
{
	struct pipe_case c = {.stages = stages, .input = input, .error = error};

	pipe_check_chunks(&c, 64);
}

START_TEST(a_value_is_split_into_columns_behind_the_others)
{
	pipe_gives(SPLIT("into=\"a, b\""), "x,y\np;q,1\n;,2\n",
		"x,y,a,b\np;q,1,p,q\n;,2,,\n");
}
END_TEST

START_TEST(parts_that_are_missing_are_null)
{
	gives("csv.parse ! split-column x sep=\";\" into=a,b,c ! json.format",
		"x,y\np,z\n,z\nq;;,z\n",
		"{\"x\":\"p\",\"y\":\"z\",\"a\":\"p\",\"b\":null,\"c\":null}\n"
		"{\"x\":null,\"y\":\"z\",\"a\":null,\"b\":null,\"c\":null}\n"
		"{\"x\":\"q;;\",\"y\":\"z\",\"a\":\"q\",\"b\":\"\","
		"\"c\":\"\"}\n");
}
END_TEST

START_TEST(more_parts_are_kept_dropped_or_an_error)
{
	gives(SPLIT("into=a,b"), "x\np;q;r;s\n", "x,a,b\np;q;r;s,p,q;r;s\n");
	gives(SPLIT("into=a,b rest=drop"), "x\np;q;r\n", "x,a,b\np;q;r,p,q\n");
	fails(SPLIT("into=a,b rest=error"), "x\np;q\np;q;r\n",
		"pipe:3:1: this value has more parts than into=");
	gives(SPLIT("into=a,b rest=error on_error=skip"),
		"x\np;q\np;q;r\ns;t\n", "x,a,b\np;q,p,q\ns;t,s,t\n");
}
END_TEST

START_TEST(a_separator_may_be_long)
{
	gives("csv.parse ! split-column x sep=\" - \" into=a,b ! csv.format",
		"x\np - q\np- q\n", "x,a,b\np - q,p,q\np- q,p- q,\n");
}
END_TEST

START_TEST(a_value_in_quotes_is_split_as_its_text)
{
	gives(SPLIT("into=a,b"), "x\n\"p\"\"1;q\"\n\"r;s\"\n",
		"x,a,b\n\"p\"\"1;q\",\"p\"\"1\",q\n\"r;s\",r,s\n");
}
END_TEST

START_TEST(it_can_be_split_again)
{
	gives("csv.parse ! split-column x sep=\";\" into=a,b ! "
	      "split-column b sep=\"-\" into=c,d ! select d,c,a ! csv.format",
		"x\np;q-r\n", "d,c,a\nr,q,p\n");
}
END_TEST

START_TEST(many_rows_and_columns_find_room)
{
	size_t n = 8000;
	char *input = malloc(n * 4 + 3), *output = malloc(n * 8 + 20);
	struct pipe_case c = {
		.stages = "csv.parse ! split-column x sep=\";\" "
			  "into=a,b,c,d,e,f,g,h ! select a,b,h ! csv.format",
		.input = input,
		.output = output};

	ck_assert_ptr_nonnull(input);
	ck_assert_ptr_nonnull(output);
	strcpy(input, "x\n");
	strcpy(output, "a,b,h\n");
	for (size_t k = 0; k < n; k++) {
		memcpy(input + 2 + 4 * k, "p;q\n", 5);
		memcpy(output + 6 + 5 * k, "p,q,\n", 6);
	}
	pipe_check_chunks(&c, 65536);
	free(input);
	free(output);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	fails(SPLIT("into=a,,b"), "x\n1;2\n", "a column name is missing");
	fails(SPLIT("into=a,a"), "x\n1;2\n", "in the list already");
	fails(SPLIT("into=x"), "x\n1;2\n", "there is a column 'x' already");
	fails("csv.parse ! split-column z sep=\";\" into=a ! csv.format",
		"x\n1\n", "no column 'z'");
	fails("csv.parse ! split-column x sep=\"\" into=a ! csv.format",
		"x\n1\n", "needs option 'sep'");
	fails("csv.parse ! count ! split-column count sep=\";\" into=a ! "
	      "csv.format",
		"x\n1\n", "is no text");
}
END_TEST

TEST_MAIN("stages/split_column",
	a_value_is_split_into_columns_behind_the_others,
	parts_that_are_missing_are_null,
	more_parts_are_kept_dropped_or_an_error, a_separator_may_be_long,
	a_value_in_quotes_is_split_as_its_text, it_can_be_split_again,
	many_rows_and_columns_find_room, what_cannot_be_is_refused)
