/*
 * json.format: numbers, strings, escapes, rows.
 */
#include "support/pipe.h"
#include "support/test.h"

#define JSON    "csv.parse ! json.format"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

START_TEST(numbers_are_numbers_and_the_rest_strings)
{
	pipe_gives("csv.parse schema=\"a:int64,b:float64\" ! json.format",
		"a,b,c\n1,-2.5e+3,x\n",
		"{\"a\":1,\"b\":-2.5e+3,\"c\":\"x\"}\n");
}
END_TEST

START_TEST(what_json_does_not_take_is_converted_or_a_string)
{
	pipe_gives("csv.parse schema=\"b:int64,c:float64,d:float64\" ! "
		   "json.format",
		"a,b,c,d,e\n007,+1,.5,1.,1e\n",
		"{\"a\":\"007\",\"b\":1,\"c\":0.5,\"d\":1,\"e\":\"1e\"}\n");
	pipe_gives(JSON, "a,b,c,d\n-,NaN,0x1,\n",
		"{\"a\":\"-\",\"b\":\"NaN\",\"c\":\"0x1\",\"d\":null}\n");
	pipe_gives("csv.parse schema=\"a:int64,b:bool,c:decimal(2)\" ! "
		   "json.format",
		"a,b,c\nn/a,true,1.5\n+2,x,+1\n,,\n",
		"{\"a\":\"n/a\",\"b\":true,\"c\":1.5}\n"
		"{\"a\":2,\"b\":\"x\",\"c\":1.00}\n"
		"{\"a\":null,\"b\":null,\"c\":null}\n");
}
END_TEST

START_TEST(all_values_can_be_strings)
{
	pipe_gives("csv.parse ! json.format strings=on", "a\n1\n",
		"{\"a\":\"1\"}\n");
}
END_TEST

START_TEST(special_characters_are_escaped)
{
	struct pipe_case c = {.stages = JSON,
		.input = "a,b\n\"\\\"\"/\b\f\n\r\t\",\x01\x1f\0\x7f\n",
		.input_bytes = 21,
		.output = "{\"a\":\"\\\\\\\"/\\b\\f\\n\\r\\t\","
			  "\"b\":\"\\u0001\\u001f\\u0000\x7f\"}\n"};

	pipe_check(&c);
}
END_TEST

START_TEST(utf8_passes_and_other_bytes_are_replaced)
{
	pipe_gives(JSON, "a\n\xc3\xa6\xe2\x82\xac\xf0\x9f\x98\x80\n",
		"{\"a\":\"\xc3\xa6\xe2\x82\xac\xf0\x9f\x98\x80\"}\n");
	pipe_gives(JSON, "a\nx\xffy\n", "{\"a\":\"x\xef\xbf\xbdy\"}\n");
	/* an encoded surrogate, an overlong slash */
	pipe_gives(JSON, "a\n\xc0\xaf\n",
		"{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\"}\n");
}
END_TEST

START_TEST(names_are_escaped)
{
	pipe_gives(JSON, "\"a\"\"b\",\"c\nd\"\nx,y\n",
		"{\"a\\\"b\":\"x\",\"c\\nd\":\"y\"}\n");
}
END_TEST

START_TEST(rows_become_objects_with_a_line)
{
	pipe_gives("lines.parse ! json.format", "a\n\n1\"\n",
		"{\"line\":\"a\"}\n{\"line\":\"\"}\n{\"line\":\"1\\\"\"}\n");
}
END_TEST

START_TEST(typed_columns_are_numbers)
{
	pipe_gives("csv.parse ! count ! json.format", "a\n1\n2\n",
		"{\"count\":2}\n");
	pipe_gives("csv.parse ! count ! json.format strings=on", "a\n1\n2\n",
		"{\"count\":\"2\"}\n");
}
END_TEST

START_TEST(a_record_longer_than_a_frame_passes)
{
	size_t n = 300000;
	char *input = malloc(n + 8), *output = malloc(n + 32);
	struct pipe_case c = {.stages = JSON, .input = input, .output = output};

	ck_assert_ptr_nonnull(input);
	ck_assert_ptr_nonnull(output);
	memset(input, 'x', n + 7);
	memcpy(input, "a\n", 2);
	strcpy(input + n, "\n");
	strcpy(output, "{\"a\":\"");
	memset(output + 6, 'x', n - 2);
	strcpy(output + 6 + n - 2, "\"}\n");
	pipe_check_chunks(&c, 65536);
	free(input);
	free(output);
}
END_TEST

/* Rows of all lengths, plain and not, over the ends of many frames. */
START_TEST(rows_are_the_same_wherever_a_frame_ends)
{
	size_t n = 12000, n_in = 0, n_out = 0;
	char *input = malloc(n * 100), *output = malloc(n * 160);
	struct pipe_case c = {
		.stages = "csv.parse schema=\"k:int64,t:string\" ! json.format",
		.input = input,
		.output = output};

	ck_assert_ptr_nonnull(input);
	ck_assert_ptr_nonnull(output);
	n_in += (size_t)sprintf(input, "k,t,u\n");
	for (size_t k = 0; k < n; k++) {
		int len = (int)(k * 7 % 50);
		const char *end = k % 97 ? "" : "\"\"\t\"\"";
		const char *escaped = k % 97 ? "" : "\\\"\\t\\\"";

		n_in += (size_t)sprintf(input + n_in, "%zu,\"%.*s%s\",x%zu\n",
			k, len, LETTERS, end, k);
		n_out += (size_t)sprintf(output + n_out,
			len || k % 97 == 0 ? "{\"k\":%zu,\"t\":\"%.*s%s\","
					     "\"u\":\"x%zu\"}\n"
					   : "{\"k\":%zu,\"t\":null%.*s%s,"
					     "\"u\":\"x%zu\"}\n",
			k, len, LETTERS, escaped, k);
	}
	pipe_check_chunks(&c, 50000);
	free(input);
	free(output);
}
END_TEST

START_TEST(values_that_were_made_are_written_by_their_type)
{
	pipe_gives("csv.parse schema=\"a:int64\" ! derive i=a+1,f=a/2.0,b=a>1,"
		   "s=a||'x' ! derive \"d=date '2024-01-31'\" ! json.format",
		"a\n1\n2\n",
		"{\"a\":1,\"i\":2,\"f\":0.5,\"b\":false,\"s\":\"1x\","
		"\"d\":\"2024-01-31\"}\n"
		"{\"a\":2,\"i\":3,\"f\":1,\"b\":true,\"s\":\"2x\","
		"\"d\":\"2024-01-31\"}\n");
}
END_TEST

/* A byte that may be unusual, as JSON has it between quotes. */
static void
put_byte(char *out, uint8_t c)
{
	if (c == '\t')
		strcat(out, "\\t");
	else if (c == '\\')
		strcat(out, "\\\\");
	else if (c < 0x20)
		sprintf(out + strlen(out), "\\u%04x", c);
	else if (c > 0x7f)
		strcat(out, "\xef\xbf\xbd");
	else
		sprintf(out + strlen(out), "%c", c);
}

/* One row of a long string, a number, a string; a byte of the strings is
 * another one, so that what is written fast has it at every place. */
static void
check_place(uint32_t at, uint8_t c)
{
	char input[200] = "s,n,t\nfirst,1,row that is usual\n";
	char wanted[400] = "{\"s\":\"first\",\"n\":1,"
			   "\"t\":\"row that is usual\"}\n{\"s\":\"";
	static const char long_text[] = "a text that is longer than 32 bytes";
	static const char short_text[] = "0123456789abcdef!";
	uint32_t n = (uint32_t)strlen(long_text);
	size_t start = strlen(input);
	struct pipe_case x = {
		.stages = "csv.parse schema=n:int64 ! json.format",
		.input = input,
		.output = wanted};

	sprintf(input + start, "%s,12,%s\n", long_text, short_text);
	input[start + at + (at < n ? 0 : 4)] = (char)c;
	for (uint32_t k = 0; k < n; k++)
		put_byte(wanted, k == at ? c : (uint8_t)long_text[k]);
	strcat(wanted, "\",\"n\":12,\"t\":\"");
	for (uint32_t k = 0; k < sizeof(short_text) - 1; k++)
		put_byte(wanted, k + n == at ? c : (uint8_t)short_text[k]);
	strcat(wanted, "\"}\n");
	pipe_check_chunks(&x, 4096);
}

START_TEST(what_is_unusual_is_seen_at_every_place_of_a_row)
{
	static const uint8_t bytes[] = {'\\', '\t', 1, 0x1f, ' ', 0x7f, 0xff};

	for (uint32_t at = 0; at < 52; at++)
		check_place(at, bytes[at % 7]);
	for (uint32_t k = 0; k < 7; k++)
		check_place(k * 8, bytes[k]);
}
END_TEST

START_TEST(rows_without_escapes_are_written_as_all_others)
{
	pipe_gives("csv.parse schema=\"a:bool,b:float64,c:int64\" ! "
		   "json.format",
		"a,b,c,d\r\ntrue,-1.25,1234567890123456789,x\r\n"
		"\r\nfalse,,007,some longer text\r\n"
		"yes,1e5,-0,\r\n,0.5,12345678901,\"q,\"\"\"\r\n",
		"{\"a\":true,\"b\":-1.25,\"c\":1234567890123456789,"
		"\"d\":\"x\"}\n"
		"{\"a\":false,\"b\":null,\"c\":7,\"d\":\"some longer text\"}\n"
		"{\"a\":\"yes\",\"b\":1e5,\"c\":-0,\"d\":null}\n"
		"{\"a\":null,\"b\":0.5,\"c\":12345678901,\"d\":\"q,\\\"\"}\n");
	pipe_gives("csv.parse sep=tab quote=\"'\" ! select b,a ! json.format",
		"a\tb\n'some ''longer'' text'\tanother text\n"
		"a text without quotes\tx\n",
		"{\"b\":\"another text\",\"a\":\"some 'longer' text\"}\n"
		"{\"b\":\"x\",\"a\":\"a text without quotes\"}\n");
}
END_TEST

/* Of one frame come several, and each row is as long as there is room, or not.
 */
START_TEST(rows_end_with_their_frame_whatever_their_length)
{
	static char in[1000000];
	struct leat_error err;
	size_t n = 0, n_out;
	char *out;

	for (uint32_t k = 0; n + 4096 < sizeof(in); k++) {
		int n_text = 1000 + (int)(k * 977 % 2000);

		n += (size_t)sprintf(
			in + n, "{\"a\":\"%0*u\",\"b\":%u}\n", n_text, k, k);
	}
	pipe_enter_folder();
	pipe_put_file("in.json", in, n);
	ck_assert_msg(pipe_run("read in.json chunk_bytes=1M ! json.parse ! "
			       "json.format ! write out.json",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	out = pipe_get_file("out.json", &n_out);
	ck_assert_uint_eq(n_out, n);
	ck_assert_mem_eq(out, in, n);
	free(out);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/json_format", numbers_are_numbers_and_the_rest_strings,
	what_json_does_not_take_is_converted_or_a_string,
	all_values_can_be_strings, special_characters_are_escaped,
	utf8_passes_and_other_bytes_are_replaced, names_are_escaped,
	rows_are_the_same_wherever_a_frame_ends,
	values_that_were_made_are_written_by_their_type,
	rows_become_objects_with_a_line, typed_columns_are_numbers,
	a_record_longer_than_a_frame_passes,
	what_is_unusual_is_seen_at_every_place_of_a_row,
	rows_without_escapes_are_written_as_all_others,
	rows_end_with_their_frame_whatever_their_length)
