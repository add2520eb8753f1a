/*
 * csv.format: as it stands where possible, quoted where necessary.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(what_was_not_changed_passes_as_it_stands)
{
	pipe_gives("csv.parse ! csv.format",
		"a,b\n1,\"2\"\n\"x,\"\"y\"\"\",\"\n\"\n,\n",
		"a,b\n1,\"2\"\n\"x,\"\"y\"\"\",\"\n\"\n,\n");
}
END_TEST

START_TEST(line_ends_become_newlines_or_cr_lf)
{
	pipe_gives("csv.parse ! csv.format", "a,b\r\n1,2\r\n", "a,b\n1,2\n");
	pipe_gives("csv.parse ! csv.format crlf=on", "a,b\n1,2\n",
		"a,b\r\n1,2\r\n");
}
END_TEST

START_TEST(the_header_can_be_left_out)
{
	pipe_gives("csv.parse ! csv.format header=off", "a,b\n1,2\n", "1,2\n");
}
END_TEST

START_TEST(another_separator_is_quoted_anew)
{
	pipe_gives("csv.parse ! csv.format sep=tab",
		"a,b\n\"x,y\",z\n\"p\tq\",r\n",
		"a\tb\n\"x,y\"\tz\n\"p\tq\"\tr\n");
	pipe_gives("csv.parse sep=; ! csv.format", "a;b\nx,y;z\n",
		"a,b\n\"x,y\",z\n");
}
END_TEST

START_TEST(a_lone_quote_in_a_field_is_quoted)
{
	pipe_gives("csv.parse ! csv.format", "a,b\n5\" disk,x\n",
		"a,b\n\"5\"\" disk\",x\n");
}
END_TEST

START_TEST(names_are_quoted_where_they_must_be)
{
	pipe_gives("csv.parse ! csv.format", "\"a,1\",\"b\"\"\"\n1,2\n",
		"\"a,1\",\"b\"\"\"\n1,2\n");
}
END_TEST

START_TEST(an_empty_value_alone_in_a_row_is_quoted)
{
	pipe_gives("csv.parse ! csv.format", "a\n1\n\n2\n", "a\n1\n\"\"\n2\n");
}
END_TEST

START_TEST(typed_columns_are_printed)
{
	pipe_gives("csv.parse ! where \"n > 1\" ! count ! csv.format",
		"n\n1\n2\n3\n", "count\n2\n");
}
END_TEST

START_TEST(columns_may_change_their_places)
{
	pipe_gives("csv.parse ! select c,a ! csv.format",
		"a,b,c\n1,2,\"3,\"\n4,5,6\n", "c,a\n\"3,\",1\n6,4\n");
}
END_TEST

START_TEST(more_than_a_frame_passes)
{
	size_t n = 400000, at = 4;
	char *text = malloc(n + 64);
	struct pipe_case c = {.stages = "csv.parse ! csv.format",
		.input = text,
		.output = text};

	ck_assert_ptr_nonnull(text);
	strcpy(text, "a,b\n");
	for (size_t k = 0; at < n; k++)
		at += (size_t)sprintf(text + at, "%zu,\"v%zu\"\n", k, k * k);
	pipe_check_chunks(&c, 100000);
	pipe_check_chunks(&c, 1000000);
	free(text);
}
END_TEST

TEST_MAIN("stages/csv_format", what_was_not_changed_passes_as_it_stands,
	line_ends_become_newlines_or_cr_lf, the_header_can_be_left_out,
	another_separator_is_quoted_anew, a_lone_quote_in_a_field_is_quoted,
	names_are_quoted_where_they_must_be,
	an_empty_value_alone_in_a_row_is_quoted, typed_columns_are_printed,
	columns_may_change_their_places, more_than_a_frame_passes)
