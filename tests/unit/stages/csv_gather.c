/*
 * csv.gather: one header, and small frames together; large ones in their place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/pipe.h"
#include "support/test.h"

START_TEST(there_is_one_header_however_many_take_turns)
{
	pipe_gives("csv.parse ! csv.format sep=;", "a,b\n1,2\n3,4\n5,6\n",
		"a;b\n1;2\n3;4\n5;6\n");
	pipe_gives("csv.parse ! csv.format header=off", "a,b\n1,2\n3,4\n",
		"1,2\n3,4\n");
}
END_TEST

START_TEST(without_a_row_there_still_is_a_header)
{
	pipe_gives("csv.parse ! where \"b > 9\" ! csv.format crlf=on",
		"a,b\n1,2\n3,4\n", "a,b\r\n");
	pipe_gives("csv.parse ! where \"b > 9\" ! csv.format header=off",
		"a,b\n1,2\n3,4\n", "");
	pipe_gives("csv.parse ! csv.format", "a,b\n", "a,b\n");
	pipe_gives("csv.parse ! count ! csv.format", "", "count\n0\n");
}
END_TEST

START_TEST(what_is_wrong_with_an_option_is_said_of_the_formatter)
{
	pipe_fails("csv.parse ! csv.format sep=\"\\n\"", "a,b\n1,2\n",
		"neither a line end nor a quote can separate fields");
}
END_TEST

START_TEST(it_may_stand_there)
{
	pipe_gives("csv.parse ! csv.format sep=; ! csv.gather sep=;",
		"a,b\n1,2\n", "a;b\n1;2\n");
}
END_TEST

/* Numbers from 0 on, most of which are left in some parts and few in others. */
static char *
numbers(uint32_t n, bool is_result, size_t *n_out)
{
	char *text = malloc(n * 24u + 16);
	size_t at = (size_t)sprintf(text, "n,kept\n");

	for (uint32_t k = 0; k < n; k++) {
		uint32_t is_kept = k / 30000 % 2 || k % 100 == 0;

		if (is_kept || !is_result)
			at += (size_t)sprintf(
				text + at, "%u,%u\n", k * 7919, is_kept);
	}
	*n_out = at;
	return text;
}

START_TEST(small_frames_and_large_ones_keep_their_order)
{
	static const uint32_t chunks[] = {5000, 100000, 262144, 2000000};
	struct pipe_case c = {
		.stages = "csv.parse ! where \"kept = 1\" ! csv.format"};
	char *input = numbers(200000, false, &c.input_bytes);
	char *output = numbers(200000, true, &c.output_bytes);

	c.input = input;
	c.output = output;
	for (uint32_t k = 0; k < sizeof(chunks) / sizeof(chunks[0]); k++)
		pipe_check_chunks(&c, chunks[k]);
	free(input);
	free(output);
}
END_TEST

START_TEST(a_record_longer_than_a_frame_passes)
{
	uint32_t n = 700000;
	char *text = malloc(n + 64);
	struct pipe_case c = {.stages = "csv.parse ! csv.format",
		.input = text,
		.output = text};
	size_t at = (size_t)sprintf(text, "a,b\n1,2\n");

	memset(text + at, 'x', n);
	sprintf(text + at + n, ",3\n4,5\n");
	pipe_check_chunks(&c, 100000);
	pipe_check_chunks(&c, 1000000);
	free(text);
}
END_TEST

/* Written as JSON has it, and as it is to come out. */
static void
put_value(char *json, char *csv, uint32_t n, uint32_t at, char special)
{
	char text[64], *quoted = csv;

	memset(text, 'v', n);
	text[n] = '\0';
	json += sprintf(json, "{\"a\":1,\"b\":\"");
	if (at < n && special != 'v')
		*quoted++ = '"';
	for (uint32_t k = 0; k < n; k++) {
		char byte = k == at ? special : 'v';

		json += sprintf(json,
			byte == '"'            ? "\\\""
				: byte == '\n' ? "\\n"
				: byte == '\r' ? "\\r"
					       : "%c",
			byte);
		quoted += sprintf(quoted, byte == '"' ? "\"\"" : "%c", byte);
	}
	if (at < n && special != 'v')
		*quoted++ = '"';
	strcpy(json, "\",\"c\":2}\n");
	strcpy(quoted, ",2\n");
}

START_TEST(a_byte_that_asks_for_quotes_is_found_wherever_it_stands)
{
	static const char specials[] = {',', '"', '\n', '\r', 'v'};
	char *json = malloc(1u << 20), *csv = malloc(1u << 20);
	size_t n_json = 0, n_csv = (size_t)sprintf(csv, "a,b,c\n");
	struct pipe_case c = {.stages = "json.parse ! csv.format",
		.input = json,
		.output = csv};

	for (uint32_t n = 1; n < 50; n++)
		for (uint32_t at = 0; at < n; at++)
			for (uint32_t k = 0; k < sizeof(specials); k++) {
				n_csv += (size_t)sprintf(csv + n_csv, "1,");
				put_value(json + n_json, csv + n_csv, n, at,
					specials[k]);
				n_json += strlen(json + n_json);
				n_csv += strlen(csv + n_csv);
			}
	pipe_check_chunks(&c, 1u << 20);
	pipe_check_chunks(&c, 10000);
	free(json);
	free(csv);
}
END_TEST

TEST_MAIN("stages/csv_gather", there_is_one_header_however_many_take_turns,
	without_a_row_there_still_is_a_header,
	what_is_wrong_with_an_option_is_said_of_the_formatter,
	it_may_stand_there, small_frames_and_large_ones_keep_their_order,
	a_record_longer_than_a_frame_passes,
	a_byte_that_asks_for_quotes_is_found_wherever_it_stands)
