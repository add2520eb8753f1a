/*
 * lines.parse: lines at every split, long ones, line ends, limits.
 */
#include "support/pipe.h"
#include "support/test.h"

#define LINES "lines.parse ! lines.format"

START_TEST(every_line_is_a_record)
{
	pipe_gives("lines.parse ! count ! json.format", "a\nbb\n\nccc\n",
		"{\"count\":4}\n");
	pipe_gives(LINES, "a\nbb\n\nccc\n", "a\nbb\n\nccc\n");
}
END_TEST

START_TEST(a_last_line_without_newline_is_a_record)
{
	pipe_gives(LINES, "one\ntwo", "one\ntwo\n");
	pipe_gives(LINES, "x", "x\n");
}
END_TEST

START_TEST(no_bytes_are_no_records)
{
	pipe_gives(LINES, "", "");
	pipe_gives("lines.parse ! count ! json.format", "", "{\"count\":0}\n");
}
END_TEST

START_TEST(one_cr_before_the_newline_is_stripped)
{
	pipe_gives(LINES, "a\r\n\r\nb\r\r\nc\rd\n", "a\n\nb\r\nc\rd\n");
}
END_TEST

START_TEST(a_cr_at_the_end_of_the_input_is_kept)
{
	pipe_gives(LINES, "a\r", "a\r\n");
}
END_TEST

START_TEST(all_other_bytes_are_kept)
{
	struct pipe_case c = {.stages = LINES,
		.input = "a\0b\n\xff\xfe\x80\n\t \n",
		.input_bytes = 11,
		.output = "a\0b\n\xff\xfe\x80\n\t \n",
		.output_bytes = 11};

	pipe_check(&c);
}
END_TEST

START_TEST(a_line_of_the_longest_length_passes)
{
	pipe_gives("lines.parse max_record_bytes=5 ! lines.format",
		"12345\nabcde\r\n54321", "12345\nabcde\n54321\n");
}
END_TEST

START_TEST(a_longer_line_fails_and_says_where)
{
	pipe_fails("lines.parse max_record_bytes=5 ! lines.format",
		"1\n22\n123456\n4\n", "pipe:3:1: line longer than 5 bytes");
	pipe_fails("lines.parse max_record_bytes=5 ! lines.format",
		"12345\n123456", "pipe:2:1:");
	pipe_fails("lines.parse max_record_bytes=5 ! lines.format", "12345\r",
		"pipe:1:1:");
}
END_TEST

/* Lines of 0 to 9999 bytes: over many chunks, and many in one. */
static char *
long_lines(size_t *n_out)
{
	size_t n = 0;
	char *text = malloc(400000);

	ck_assert_ptr_nonnull(text);
	for (size_t k = 0; k < 60; k++) {
		size_t len = (k * 7919) % 10000;

		memset(text + n, 'a' + (int)(k % 26), len);
		n += len;
		text[n++] = '\n';
	}
	*n_out = n;
	return text;
}

START_TEST(lines_longer_than_chunks_and_headroom_pass)
{
	size_t n;
	char *text = long_lines(&n);
	struct pipe_case c = {.stages = LINES,
		.input = text,
		.input_bytes = n,
		.output = text,
		.output_bytes = n};

	pipe_check_chunks(&c, 100);
	pipe_check_chunks(&c, 4096);
	pipe_check_chunks(&c, 4097);
	pipe_check_chunks(&c, 65536);
	pipe_check_chunks(&c, 500000);
	free(text);
}
END_TEST

START_TEST(more_lines_than_an_array_holds_pass)
{
	size_t n = 40000;
	char *text = malloc(n);
	struct pipe_case c = {.stages = LINES,
		.input = text,
		.input_bytes = n,
		.output = text,
		.output_bytes = n};

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', n);
	pipe_check_chunks(&c, 16384);
	pipe_check_chunks(&c, 40000);
	c.stages = "lines.parse ! count ! json.format";
	c.output = "{\"count\":40000}\n";
	c.output_bytes = 0;
	pipe_check_chunks(&c, 40000);
	free(text);
}
END_TEST

START_TEST(records_that_come_in_are_folded)
{
	/* two made-up records in every frame become two lines in all */
	struct pipe_case c = {.stages = LINES,
		.input = "a\nb\n",
		.output = "a\nb\n",
		.items_in = 2};

	pipe_check(&c);
}
END_TEST

/* Then what is written of them is a table, too. */
START_TEST(with_the_name_of_their_file_they_are_a_table)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.txt", "a\nb\n");
	ck_assert_msg(pipe_run("read in.txt filename=f ! write out.txt", NULL,
			      &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("out.txt", "line,f\na,in.txt\nb,in.txt\n");
	ck_assert_msg(
		pipe_run("read in.txt ! write out.txt", NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("out.txt", "a\nb\n");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/lines_parse", every_line_is_a_record,
	a_last_line_without_newline_is_a_record, no_bytes_are_no_records,
	one_cr_before_the_newline_is_stripped,
	a_cr_at_the_end_of_the_input_is_kept, all_other_bytes_are_kept,
	a_line_of_the_longest_length_passes, a_longer_line_fails_and_says_where,
	lines_longer_than_chunks_and_headroom_pass,
	more_lines_than_an_array_holds_pass, records_that_come_in_are_folded,
	with_the_name_of_their_file_they_are_a_table)
