/*
 * length.parse and length.format: records with their length before them.
 */
#include "support/pipe.h"
#include "support/test.h"

static void
gives(const char *stages, const char *in, size_t n_in, const char *out,
	size_t n_out)
{
	struct pipe_case c = {.stages = stages,
		.input = in,
		.input_bytes = n_in,
		.output = out,
		.output_bytes = n_out};

	pipe_check(&c);
}

#define PARSE(prefix) "length.parse " prefix " ! lines.format"
#define BYTES(text)   (text), sizeof(text) - 1

START_TEST(every_prefix_is_read_at_every_split)
{
	gives(PARSE("u8"), BYTES("\3abc\0\1x"), BYTES("abc\n\nx\n"));
	gives(PARSE("u16le"), BYTES("\3\0abc\0\0\1\0x"), BYTES("abc\n\nx\n"));
	gives(PARSE("u16be"), BYTES("\0\3abc\0\0\0\1x"), BYTES("abc\n\nx\n"));
	gives(PARSE("u32le"), BYTES("\3\0\0\0abc\1\0\0\0x"), BYTES("abc\nx\n"));
	gives(PARSE("prefix=u32be"), BYTES("\0\0\0\3abc\0\0\0\1x"),
		BYTES("abc\nx\n"));
	gives(PARSE(""), BYTES("\0\0\0\3abc"), BYTES("abc\n"));
	gives(PARSE("varint"), BYTES("\3abc\203\200\0xyz\0"),
		BYTES("abc\nxyz\n\n"));
}
END_TEST

START_TEST(what_was_written_is_read_again)
{
	static const char *const prefixes[] = {
		"u8", "u16le", "u16be", "u32le", "u32be", "varint"};
	char stages[200], text[700];

	memset(text, 'x', sizeof(text));
	text[200] = '\n';
	text[201] = '\n';
	text[454] = '\n';
	text[600] = '\n';
	text[601] = '\0';
	for (uint32_t k = 0; k < 6; k++) {
		struct pipe_case c = {
			.stages = stages, .input = text, .output = text};

		snprintf(stages, sizeof(stages),
			"lines.parse ! length.format %s ! length.parse %s ! "
			"lines.format",
			prefixes[k], prefixes[k]);
		pipe_check_chunks(&c, 1);
		pipe_check_chunks(&c, 100);
		pipe_check_chunks(&c, 1000);
	}
}
END_TEST

/* Also at every split. */
START_TEST(with_a_filename_records_are_a_table)
{
	gives("length.parse u8 filename=f ! csv.format", BYTES("\3abc\0\1x"),
		BYTES("record,f\nabc,pipe\n,pipe\nx,pipe\n"));
	gives("length.parse varint filename=f ! select record ! csv.format",
		BYTES("\3abc\203\200\0xyz"), BYTES("record\nabc\nxyz\n"));
	pipe_fails("length.parse u8 filename=f ! csv.format", "\3abc\4abc",
		"pipe: truncated: it ends 4 bytes into the record that begins "
		"at byte 4");
}
END_TEST

#define MANY       20000
#define LONG_BYTES 300000
#define N_LONG     8

/* More rows than an array holds, and more text than a table does. */
START_TEST(a_table_holds_so_many_records_or_so_much_text)
{
	char *in = malloc(MANY * 5 + N_LONG * (LONG_BYTES + 4));
	char *at = in;
	struct leat_error err;

	pipe_enter_folder();
	for (uint32_t k = 0; k < MANY; k++, at += 5)
		memcpy(at, "\0\0\0\1x", 5);
	for (uint32_t k = 0; k < N_LONG; k++, at += LONG_BYTES + 4) {
		memcpy(at, "\0\4\223\340", 4);
		memset(at + 4, 'y', LONG_BYTES);
	}
	pipe_put_file("a.bin", in, (size_t)(at - in));
	ck_assert_msg(pipe_run("read a.bin chunk_bytes=4M ! length.parse "
			       "max_record_bytes=300000 filename=f ! "
			       "derive \"m = length(record)\" ! "
			       "group n=count() most=max(m) ! "
			       "csv.format ! write out sync=off",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("out", "n,most\n20008,300000\n");
	pipe_leave_folder();
	free(in);
}
END_TEST

START_TEST(every_prefix_is_written_as_it_should_be)
{
	gives("lines.parse ! length.format u16le", BYTES("ab\n\n"),
		BYTES("\2\0ab\0\0"));
	gives("lines.parse ! length.format u32be", BYTES("ab\n"),
		BYTES("\0\0\0\2ab"));
	gives("lines.parse ! length.format varint", BYTES("ab\n"),
		BYTES("\2ab"));
}
END_TEST

START_TEST(input_that_ends_inside_a_record_is_an_error)
{
	struct leat_error err;

	pipe_fails("length.parse u8 ! lines.format", "\3abc\4abc",
		"pipe: truncated: it ends 4 bytes into the record that begins "
		"at byte 4");
	pipe_enter_folder();
	pipe_put_file("1.bin", "\3abc", 4);
	pipe_put_file("2.bin", "\1a\2b", 4);
	ck_assert_int_eq(pipe_run("read *.bin ! length.parse u8 ! lines.format "
				  "! write o",
				 NULL, &err),
		LEAT_EDATA);
	ck_assert_msg(strstr(err.text, "2.bin: truncated: "), "%s", err.text);
	pipe_leave_folder();
	pipe_fails("length.parse u16be ! lines.format", "a",
		"truncated: it ends 1 bytes into");
	pipe_fails("length.parse varint ! lines.format", "\200\200",
		"truncated: it ends 2 bytes into");
}
END_TEST

START_TEST(lengths_that_cannot_be_are_errors)
{
	pipe_fails("length.parse u32be max_record_bytes=8 ! lines.format",
		"abcd", "a record of 1633837924 bytes is longer than 8");
	pipe_fails("length.parse varint ! lines.format",
		"\377\377\377\377\377\1", "no varint up to 2^32");
	pipe_gives("length.parse u8 max_record_bytes=3 ! lines.format", "\3abc",
		"abc\n");
	pipe_fails("length.parse u8 max_record_bytes=2 ! lines.format", "\3abc",
		"at byte 0: a record of 3 bytes");
}
END_TEST

/* In a few chunks; output NULL: it fails. */
static void
check(const char *stages, const char *input, const char *output,
	const char *error)
{
	struct pipe_case c = {.stages = stages,
		.input = input,
		.output = output,
		.error = error};

	pipe_check_chunks(&c, 100);
	pipe_check_chunks(&c, 1000);
}

START_TEST(a_record_too_long_for_its_prefix_is_rejected)
{
	char text[300];

	memset(text, 'x', 256);
	memcpy(text + 256, "\nab\n", 5);
	check("lines.parse ! length.format u8", text, NULL,
		"record 1 has 256 bytes; with this prefix at most 255");
	check("lines.parse ! length.format u8 on_error=skip", text, "\2ab",
		NULL);
	text[255] = '\n';
	text[256] = '\0';
	check("lines.parse ! length.format u8 ! length.parse u8 ! lines.format",
		text, text, NULL);
}
END_TEST

TEST_MAIN("stages/length", every_prefix_is_read_at_every_split,
	what_was_written_is_read_again, with_a_filename_records_are_a_table,
	a_table_holds_so_many_records_or_so_much_text,
	every_prefix_is_written_as_it_should_be,
	input_that_ends_inside_a_record_is_an_error,
	lengths_that_cannot_be_are_errors,
	a_record_too_long_for_its_prefix_is_rejected)
