/*
 * lines.format: rows to bytes; strings over several frames.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(every_row_gets_a_newline)
{
	pipe_gives("lines.parse ! lines.format", "a\n\nb", "a\n\nb\n");
}
END_TEST

START_TEST(rows_that_were_dropped_leave_no_line)
{
	pipe_gives("lines.parse ! sample 2 ! lines.format", "a\nb\nc\nd\ne\n",
		"a\nc\ne\n");
}
END_TEST

/* One line of n bytes, so that its newline falls around a frame's end. */
static void
check_line(size_t n)
{
	char *text = malloc(2 * n + 4);
	struct pipe_case c = {.stages = "lines.parse ! lines.format",
		.input = text,
		.input_bytes = 2 * n + 4,
		.output = text,
		.output_bytes = 2 * n + 4};

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', 2 * n + 4);
	text[n] = '\n';
	text[2 * n + 1] = '\n';
	text[2 * n + 3] = '\n';
	pipe_check_chunks(&c, 50000);
	pipe_check_chunks(&c, 1000000);
	free(text);
}

START_TEST(a_string_longer_than_a_frame_goes_on_in_the_next)
{
	check_line(65534);
	check_line(65535);
	check_line(65536);
	check_line(65537);
	check_line(200000);
}
END_TEST

START_TEST(a_table_is_refused_before_the_start)
{
	pipe_fails("csv.parse ! lines.format", "a\n1\n", "table");
}
END_TEST

TEST_MAIN("stages/lines_format", every_row_gets_a_newline,
	rows_that_were_dropped_leave_no_line,
	a_string_longer_than_a_frame_goes_on_in_the_next,
	a_table_is_refused_before_the_start)
