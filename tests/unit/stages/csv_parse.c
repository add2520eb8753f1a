/*
 * csv.parse: RFC 4180 and what people write instead, at every split.
 */
#include "support/pipe.h"
#include "support/test.h"

#define JSON "csv.parse ! json.format strings=on"

START_TEST(the_first_record_names_the_columns)
{
	pipe_gives(JSON, "a,b\n1,2\n3,4\n",
		"{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n");
}
END_TEST

START_TEST(a_last_line_without_newline_is_a_record)
{
	pipe_gives(JSON, "a,b\n1,2", "{\"a\":\"1\",\"b\":\"2\"}\n");
	pipe_gives(JSON, "a,b\n1,\"2\"", "{\"a\":\"1\",\"b\":\"2\"}\n");
}
END_TEST

START_TEST(quotes_hold_separators_and_newlines)
{
	pipe_gives(JSON, "a,b\n\"1,1\",\"x\ny\"\n",
		"{\"a\":\"1,1\",\"b\":\"x\\ny\"}\n");
}
END_TEST

START_TEST(a_doubled_quote_is_one)
{
	pipe_gives(JSON, "a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n",
		"{\"a\":\"say \\\"hi\\\"\",\"b\":\"\\\"\"}\n");
}
END_TEST

START_TEST(empty_fields_stay_empty)
{
	pipe_gives(JSON, "a,b,c\n,,\n\"\",x,\n",
		"{\"a\":\"\",\"b\":\"\",\"c\":\"\"}\n"
		"{\"a\":\"\",\"b\":\"x\",\"c\":\"\"}\n");
}
END_TEST

START_TEST(cr_lf_ends_a_record)
{
	pipe_gives(JSON, "a,b\r\n1,2\r\n\"3\",\"4\"\r\n",
		"{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n");
}
END_TEST

START_TEST(a_cr_inside_is_data)
{
	pipe_gives(JSON, "a,b\n1\r1,2\n\"x\r\ny\",z\n",
		"{\"a\":\"1\\r1\",\"b\":\"2\"}\n"
		"{\"a\":\"x\\r\\ny\",\"b\":\"z\"}\n");
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped)
{
	pipe_gives(JSON,
		"\xef\xbb\xbf"
		"a,b\n1,2\n",
		"{\"a\":\"1\",\"b\":\"2\"}\n");
	pipe_gives(JSON,
		"\xef\xbb\xbf"
		"\"a\",b\n1,2\n",
		"{\"a\":\"1\",\"b\":\"2\"}\n");
}
END_TEST

START_TEST(blank_lines_are_skipped)
{
	pipe_gives(JSON, "\n\na,b\n\n1,2\n\r\n\n3,4\n\n",
		"{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n");
}
END_TEST

START_TEST(a_blank_line_of_one_column_is_an_empty_value)
{
	pipe_gives(JSON, "a\n1\n\n2\n",
		"{\"a\":\"1\"}\n{\"a\":\"\"}\n{\"a\":\"2\"}\n");
}
END_TEST

START_TEST(without_header_columns_are_numbered)
{
	pipe_gives("csv.parse header=off ! json.format strings=on",
		"1,2\n3,4\n",
		"{\"c1\":\"1\",\"c2\":\"2\"}\n{\"c1\":\"3\",\"c2\":\"4\"}\n");
}
END_TEST

START_TEST(the_separator_and_the_quote_can_be_chosen)
{
	pipe_gives("csv.parse sep=tab ! json.format strings=on",
		"a\tb\n1,1\t\"x\ty\"\n", "{\"a\":\"1,1\",\"b\":\"x\\ty\"}\n");
	pipe_gives("csv.parse sep=; quote=' ! json.format strings=on",
		"a;b\n'1;1';\"2\"\n", "{\"a\":\"1;1\",\"b\":\"\\\"2\\\"\"}\n");
}
END_TEST

START_TEST(a_lone_quote_in_a_field_is_data)
{
	pipe_gives(JSON, "a,b\n5\" disk,x\"y\"z\n",
		"{\"a\":\"5\\\" disk\",\"b\":\"x\\\"y\\\"z\"}\n");
}
END_TEST

START_TEST(names_that_come_twice_are_told_apart)
{
	pipe_gives(JSON, "a,a\n1,2\n", "{\"a\":\"1\",\"a_2\":\"2\"}\n");
}
END_TEST

START_TEST(a_header_alone_is_a_table_without_rows)
{
	pipe_gives("csv.parse ! csv.format", "a,b\n", "a,b\n");
	pipe_gives("csv.parse ! csv.format", "a,b", "a,b\n");
	pipe_gives(
		"csv.parse ! count ! json.format", "a,b\n", "{\"count\":0}\n");
}
END_TEST

START_TEST(nothing_at_all_gives_nothing)
{
	pipe_gives(JSON, "", "");
}
END_TEST

START_TEST(a_row_of_another_length_fails_and_says_where)
{
	pipe_fails(JSON, "a,b\n1,2\n3\n", "pipe:3:1:");
	pipe_fails(JSON, "a,b\n1,2,3\n", "pipe:2:1:");
	pipe_fails(JSON, "a,b\n\"x\ny\",2\n3,4,5\n", "pipe:4:1:");
}
END_TEST

START_TEST(a_quote_that_is_not_closed_fails_where_it_opens)
{
	pipe_fails(JSON, "a,b\n1,2\n3,\"x\ny\n", "pipe:3:3:");
}
END_TEST

START_TEST(text_behind_a_closing_quote_fails)
{
	pipe_fails(JSON, "a,b\n1,\"2\"x\n", "pipe:2:");
}
END_TEST

START_TEST(a_record_over_the_limit_fails)
{
	pipe_fails("csv.parse max_record_bytes=16 ! json.format",
		"a,b\n1,2\n0123456789,0123456789\n", "pipe:3:1:");
	pipe_gives("csv.parse max_record_bytes=16 ! json.format strings=on",
		"a,b\n12345678,1234567\n",
		"{\"a\":\"12345678\",\"b\":\"1234567\"}\n");
}
END_TEST

START_TEST(nul_bytes_are_data)
{
	struct pipe_case c = {.stages = "csv.parse ! csv.format",
		.input = "a,b\n1\0,\"\0\"\n",
		.input_bytes = 11,
		.output = "a,b\n1\0,\"\0\"\n",
		.output_bytes = 11};

	pipe_check(&c);
}
END_TEST

START_TEST(records_longer_than_chunks_pass)
{
	static char text[80000];
	struct pipe_case c = {.stages = "csv.parse ! csv.format",
		.input = text,
		.output = text};
	size_t n = (size_t)sprintf(text, "a,b\n");

	for (size_t k = 0; k < 12; k++) {
		n += (size_t)sprintf(text + n, "%zu,\"", k);
		memset(text + n, k % 2 ? '\n' : 'x', k * 1000);
		n += k * 1000;
		n += (size_t)sprintf(text + n, "\"\"\"\n");
	}
	pipe_check_chunks(&c, 100);
	pipe_check_chunks(&c, 4095);
	pipe_check_chunks(&c, 65536);
}
END_TEST

TEST_MAIN("stages/csv_parse", the_first_record_names_the_columns,
	a_last_line_without_newline_is_a_record,
	quotes_hold_separators_and_newlines, a_doubled_quote_is_one,
	empty_fields_stay_empty, cr_lf_ends_a_record, a_cr_inside_is_data,
	a_byte_order_mark_is_skipped, blank_lines_are_skipped,
	a_blank_line_of_one_column_is_an_empty_value,
	without_header_columns_are_numbered,
	the_separator_and_the_quote_can_be_chosen,
	a_lone_quote_in_a_field_is_data, names_that_come_twice_are_told_apart,
	a_header_alone_is_a_table_without_rows, nothing_at_all_gives_nothing,
	a_row_of_another_length_fails_and_says_where,
	a_quote_that_is_not_closed_fails_where_it_opens,
	text_behind_a_closing_quote_fails, a_record_over_the_limit_fails,
	nul_bytes_are_data, records_longer_than_chunks_pass)
