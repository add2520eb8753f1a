/*
 * csv.parse: RFC 4180 and what people write instead, at every split.
 */
#include "support/pipe.h"
#include "support/test.h"

#define JSON "csv.parse ! json.format strings=on"

/* A few runs only: in chunks of 5 bytes, and all in one. */
static void
gives_briefly(const char *stages, const char *input, const char *output)
{
	struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	pipe_check_chunks(&c, 5);
	pipe_check_chunks(&c, 1000);
}

static void
fails_briefly(const char *stages, const char *input, const char *error)
{
	struct pipe_case c = {.stages = stages, .input = input, .error = error};

	pipe_check_chunks(&c, 1000);
}

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
	pipe_gives("csv.parse ! csv.format", "a\n1\n\n2\n", "a\n1\n\"\"\n2\n");
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

#define SKIP "csv.parse on_error=skip ! csv.format"

START_TEST(rows_of_another_length_are_skipped_and_the_others_kept)
{
	pipe_gives(SKIP, "a,b\n1,2\n3\n4,5\n6,7,8\n\n9,0\n",
		"a,b\n1,2\n4,5\n9,0\n");
	pipe_gives(SKIP, "a,b\n1\n2\n3\n", "a,b\n");
}
END_TEST

START_TEST(a_row_with_text_behind_a_quote_is_skipped_alone)
{
	pipe_gives(SKIP, "a,b\n1,2\n3,\"x\"y\n4,5\n\"6\"7,8\n9,0\n",
		"a,b\n1,2\n4,5\n9,0\n");
}
END_TEST

START_TEST(behind_a_quote_left_open_the_next_right_line_is_read)
{
	pipe_gives(SKIP, "a,b\n1,2\n3,\"x\n4,5\n6,7\n", "a,b\n1,2\n4,5\n6,7\n");
	pipe_gives(SKIP, "a,b\n1,\"x\ny\n4,5", "a,b\n4,5\n");
	/* the next quote seems to close it, and is text behind it */
	pipe_gives(SKIP, "a,b\n1,\"x\n2,3\n4,\"y\"\n5,6\n",
		"a,b\n2,3\n4,\"y\"\n5,6\n");
	/* lines between, that are not right, are lost with the bad row: one */
	pipe_gives("csv.parse on_error=\"skip(1)\" ! csv.format",
		"a,b\n1,\"x\ny\nz\n4,5\n", "a,b\n4,5\n");
}
END_TEST

START_TEST(a_quote_left_open_costs_no_more_than_the_limit)
{
	pipe_gives("csv.parse on_error=skip max_record_bytes=16 ! csv.format",
		"a,b\n1,\"x\n22,33\n44,55\n66,77\n88,99\n00,11\n",
		"a,b\n22,33\n44,55\n66,77\n88,99\n00,11\n");
	pipe_gives("csv.parse on_error=skip max_record_bytes=16 ! csv.format",
		"a,b\n1,\"0123456789012345678901234567890123456789\n2,3\n",
		"a,b\n2,3\n");
	pipe_gives("csv.parse on_error=skip max_record_bytes=16 ! csv.format",
		"a,b\n1,0123456789012345678901234567890123456789\n2,3\n4,5\n",
		"a,b\n2,3\n4,5\n");
}
END_TEST

START_TEST(more_bad_rows_than_may_be_skipped_fail)
{
	pipe_fails("csv.parse on_error=\"skip(1)\" ! csv.format",
		"a,b\n1\n2,3\n4\n", "more than the 1 that may be skipped");
}
END_TEST

/* Where nobody looks at values the answer is that of a full read. */
START_TEST(counting_gives_what_reading_gives)
{
	static const char *const inputs[] = {"a,b\n1,2\n3,4\n",
		"a,b\n1,\"2\n2\"\n\n3,x\"y\n", "a\n\n1\n\n", "a,b\n",
		"a,b\r\n1,2\r\n\r\n3,4"};
	static const char *const counts[] = {"2", "2", "3", "0", "2"};

	for (size_t k = 0; k < 5; k++) {
		char wanted[32];

		sprintf(wanted, "count\n%s\n", counts[k]);
		gives_briefly(
			"csv.parse ! count ! csv.format", inputs[k], wanted);
		gives_briefly("csv.parse strict=on ! count ! csv.format",
			inputs[k], wanted);
	}
	pipe_gives("csv.parse ! count ! csv.format", inputs[1], "count\n2\n");
}
END_TEST

START_TEST(counting_finds_the_bad_rows_that_reading_finds)
{
	pipe_fails("csv.parse ! count ! csv.format", "a,b\n1,2\n3\n",
		"pipe:3:1: row has 1 field");
	fails_briefly("csv.parse ! count ! csv.format", "a,b\n1,2\n3,\"4\"x\n",
		"pipe:3:6:");
	gives_briefly("csv.parse on_error=skip ! count ! csv.format",
		"a,b\n1\n1,2\n\"x\"y,2\n3,4\n", "count\n2\n");
}
END_TEST

START_TEST(a_declared_type_is_checked_if_it_is_strict)
{
	const char *const input = "a,b\n1,x\n,y\nz,z\n3,\n";

	gives_briefly("csv.parse schema=a:int64 ! csv.format", input, input);
	pipe_fails("csv.parse schema=a:int64 strict=on ! csv.format", input,
		"pipe:4:1: column 'a' has 'z', where its type is int64");
	pipe_gives("csv.parse schema=a:int64 strict=on on_error=skip ! "
		   "csv.format",
		input, "a,b\n1,x\n,y\n3,\n");
	gives_briefly("csv.parse schema=a:int64 strict=on on_error=skip ! "
		      "count ! csv.format",
		input, "count\n3\n");
}
END_TEST

START_TEST(every_type_can_be_strict)
{
	static const char *const types[] = {
		"int64", "float64", "bool", "date", "timestamp", "decimal(2)"};
	static const char *const values[] = {"-7", "1e3", "true", "2024-02-29",
		"2024-02-29 10:11:12", "1.25"};

	for (size_t k = 0; k < 6; k++) {
		char stage[100], input[100];

		sprintf(stage,
			"csv.parse schema=\"a:%s\" strict=on ! "
			"csv.format",
			types[k]);
		sprintf(input, "a,b\n%s,1\n\"%s\",2\n", values[k], values[k]);
		pipe_gives(stage, input, input);
		sprintf(input, "a,b\n%s,1\n?,2\n", values[k]);
		fails_briefly(stage, input, "pipe:3:1: column 'a' has '?'");
	}
}
END_TEST

START_TEST(a_declared_column_that_is_not_there_fails)
{
	pipe_fails("csv.parse schema=delai:int64 ! csv.format",
		"delay,b\n1,2\n", "did you mean 'delay'?");
	pipe_fails("csv.parse schema=a:date,a:int64 ! csv.format", "a,b\n1,2\n",
		"column 'a' is declared twice");
	pipe_fails("csv.parse schema=a:number ! csv.format", "a,b\n1,2\n",
		"number");
}
END_TEST

START_TEST(digits_that_a_decimal_has_not_are_told)
{
	pipe_fails("csv.parse schema=a:decimal(1) ! derive b=a+1 ! csv.format",
		"a\n1.25\n",
		"column 'a' has '1.25', where a decimal(1), of at most 1 "
		"digits "
		"behind the point, is wanted");
	pipe_fails("csv.parse schema=a:decimal(1) strict=on ! csv.format",
		"a\n1.25\n",
		"column 'a' has '1.25', where its type is decimal(1)");
}
END_TEST

START_TEST(another_separator_or_encoding_is_thought_of)
{
	struct leat_error err;

	pipe_fails("csv.parse ! csv.format", "a;b\n1,5;2\n",
		"sep= names another separator, sniff=on finds it");
	pipe_enter_folder();
	pipe_put_file("in.csv", "\xff\xfe\x61\0,\0b\0\n\0", 10);
	ck_assert_int_eq(
		pipe_run("read in.csv ! write o.csv", NULL, &err), LEAT_EDATA);
	ck_assert_msg(strstr(err.text, "this is UTF-16; UTF-8 is wanted"), "%s",
		err.text);
	pipe_leave_folder();
}
END_TEST

START_TEST(the_dialect_can_be_guessed)
{
	static const char *const inputs[] = {"a;b\n1,5;2\n3,5;4\n",
		"a\tb\n1\t2\n3\t4", "a|b\n1|'2|2'\n3|4\n",
		"\xef\xbb\xbf;a;b\n;1;2\n", "a\n1\n2\n",
		"a,b\n\"1;2;3\",4\n\"5;6;7\",8\n"};
	static const char *const outputs[] = {"a,b\n\"1,5\",2\n\"3,5\",4\n",
		"a,b\n1,2\n3,4\n", "a,b\n1,\"2|2\"\n3,4\n", ",a,b\n,1,2\n",
		"a\n1\n2\n", "a,b\n\"1;2;3\",4\n\"5;6;7\",8\n"};

	for (size_t k = 0; k < 6; k++)
		gives_briefly("csv.parse sniff=on ! csv.format", inputs[k],
			outputs[k]);
	pipe_gives("csv.parse sniff=on ! csv.format", inputs[0], outputs[0]);
	gives_briefly("csv.parse sniff=on ! csv.format", "", "");
	gives_briefly("csv.parse sniff=on ! csv.format", "a;b", "a,b\n");
}
END_TEST

START_TEST(what_comes_behind_enough_rows_is_not_looked_at)
{
	pipe_gives("csv.parse ! head 2 ! csv.format",
		"a,b\n1,2\n3,4\n5\n6,\"7\"8\n", "a,b\n1,2\n3,4\n");
}
END_TEST

TEST_MAIN("stages/csv_parse", the_dialect_can_be_guessed,
	what_comes_behind_enough_rows_is_not_looked_at,
	rows_of_another_length_are_skipped_and_the_others_kept,
	a_row_with_text_behind_a_quote_is_skipped_alone,
	behind_a_quote_left_open_the_next_right_line_is_read,
	a_quote_left_open_costs_no_more_than_the_limit,
	more_bad_rows_than_may_be_skipped_fail,
	counting_gives_what_reading_gives,
	counting_finds_the_bad_rows_that_reading_finds,
	a_declared_type_is_checked_if_it_is_strict, every_type_can_be_strict,
	a_declared_column_that_is_not_there_fails,
	digits_that_a_decimal_has_not_are_told,
	another_separator_or_encoding_is_thought_of,
	the_first_record_names_the_columns,
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
