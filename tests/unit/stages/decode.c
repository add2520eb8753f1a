/*
 * Decoders and encoders: what comes back is what went in, or there is an error.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/pipe.h"
#include "support/test.h"

static const char *const codecs[] = {"gzip", "zstd", "lz4", "bzip2"};
static const char *const suffixes[] = {"gz", "zst", "lz4", "bz2"};
#define N_CODECS 4

static const char text[] = "a,b\n1,2\n33,44\na line that comes twice,x\n"
			   "a line that comes twice,x\n";

struct bytes {
	char *data;
	size_t n;
};

/* What an encoder makes of some bytes; to be freed. */
static struct bytes
encoded(const char *codec, const void *data, size_t n)
{
	struct leat_error err;
	struct bytes b;
	char graph[100];

	snprintf(graph, sizeof(graph),
		"read plain decode=off ! %s.encode ! write made sync=off",
		codec);
	pipe_put_file("plain", data, n);
	ck_assert_msg(pipe_run(graph, NULL, &err) == LEAT_OK, "%s", err.text);
	b.data = pipe_get_file("made", &b.n);
	unlink("plain");
	unlink("made");
	return b;
}

/* Two of them behind each other. */
static struct bytes
twice(struct bytes b)
{
	b.data = realloc(b.data, 2 * b.n);
	memcpy(b.data + b.n, b.data, b.n);
	b.n *= 2;
	return b;
}

/* Decode bytes in chunks of 4096 into the file `out`. */
static int
decode(const char *stages, const void *data, size_t n, struct leat_error *err)
{
	char graph[200];

	snprintf(graph, sizeof(graph),
		"read packed decode=off ! %s ! write out sync=off", stages);
	pipe_put_file("packed", data, n);
	unlink("out");
	return pipe_run(graph, NULL, err);
}

static void
decode_fails(const char *stages, struct bytes b, int code, const char *wanted)
{
	struct leat_error err;

	ck_assert_int_eq(decode(stages, b.data, b.n, &err), code);
	ck_assert_msg(strstr(err.text, wanted) != NULL, "%s", err.text);
}

/* In chunks of few bytes, so that every place is split. */
static void
check_chunks(const struct pipe_case *c)
{
	for (uint32_t n = 1; n < 8; n++)
		pipe_check_chunks(c, n);
	pipe_check_chunks(c, 4096);
}

START_TEST(what_was_encoded_comes_back_at_every_split)
{
	char stages[100];
	struct pipe_case c = {.stages = stages, .input = text, .output = text};

	for (uint32_t k = 0; k < N_CODECS; k++) {
		snprintf(stages, sizeof(stages), "%s.encode ! %s.decode",
			codecs[k], codecs[k]);
		check_chunks(&c);
	}
	pipe_gives("gzip.encode ! gzip.decode", text, text);
	pipe_gives("gzip.encode ! gzip.decode", "", "");
}
END_TEST

START_TEST(members_are_decoded_at_every_split_of_the_input)
{
	char stages[100], both[2 * sizeof(text)];

	snprintf(both, sizeof(both), "%s%s", text, text);
	pipe_enter_folder();
	for (uint32_t k = 0; k < N_CODECS; k++) {
		struct bytes b = twice(encoded(codecs[k], text, strlen(text)));
		struct pipe_case c = {.stages = stages,
			.input = b.data,
			.input_bytes = b.n,
			.output = both};

		snprintf(stages, sizeof(stages), "%s.decode chunk_bytes=4096",
			codecs[k]);
		check_chunks(&c);
		snprintf(stages, sizeof(stages), "decode");
		check_chunks(&c);
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(what_is_not_compressed_passes_as_it_is)
{
	pipe_gives("decode", text, text);
	pipe_gives("decode", "", "");
	pipe_gives("decode", "\x1f", "\x1f");
	pipe_gives("decode", "\x1fgh", "\x1fgh");
	pipe_gives("decode", "BZ", "BZ");
	pipe_gives("decode", "(\xb5/x", "(\xb5/x");
}
END_TEST

START_TEST(input_that_ends_too_early_is_an_error_wherever_it_ends)
{
	struct leat_error err;
	char stages[100];

	pipe_enter_folder();
	for (uint32_t k = 0; k < N_CODECS; k++) {
		struct bytes b = encoded(codecs[k], text, strlen(text));

		snprintf(stages, sizeof(stages), "%s.decode", codecs[k]);
		for (size_t n = 0; n < b.n; n++) {
			ck_assert_int_eq(
				decode(stages, b.data, n, &err), LEAT_EDATA);
			ck_assert_msg(
				strstr(err.text, "packed: truncated:") != NULL,
				"%s", err.text);
		}
		b = twice(b);
		decode_fails(stages, (struct bytes){b.data, b.n - 1},
			LEAT_EDATA, "truncated: it ends after");
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_flipped_bit_is_an_error_or_changes_nothing)
{
	struct leat_error err;
	char stages[100];
	uint32_t n_failed = 0;

	pipe_enter_folder();
	for (uint32_t k = 0; k < N_CODECS; k++) {
		struct bytes b = encoded(codecs[k], text, strlen(text));

		snprintf(stages, sizeof(stages), "%s.decode", codecs[k]);
		for (size_t n = 0; n < b.n; n++) {
			b.data[n] ^= (char)(1 << n % 8);
			if (decode(stages, b.data, b.n, &err) == LEAT_OK)
				pipe_file_holds("out", text);
			else
				n_failed++;
			b.data[n] ^= (char)(1 << n % 8);
		}
		ck_assert_uint_gt(n_failed, b.n / 2);
		n_failed = 0;
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_wrong_checksum_is_said_to_be_one)
{
	static const struct {
		const char *codec;
		size_t from_end;
	} cases[] = {{"gzip", 8}, {"gzip", 1}, {"zstd", 1}, {"lz4", 1},
		{"bzip2", 3}};
	char stages[100];

	pipe_enter_folder();
	for (uint32_t k = 0; k < 5; k++) {
		struct bytes b = encoded(cases[k].codec, text, strlen(text));

		b.data[b.n - cases[k].from_end] ^= 0x10;
		snprintf(stages, sizeof(stages), "%s.decode", cases[k].codec);
		decode_fails(stages, b, LEAT_EDATA, "checksum is wrong");
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(bytes_behind_the_last_member_are_an_error)
{
	static const char garbage[] = "0123456789abcdef";
	char stages[100], wanted[100];

	pipe_enter_folder();
	for (uint32_t k = 0; k < N_CODECS; k++) {
		struct bytes b = encoded(codecs[k], text, strlen(text));
		size_t n = b.n;

		b.data = realloc(b.data, n + sizeof(garbage));
		memcpy(b.data + n, garbage, sizeof(garbage));
		b.n += sizeof(garbage);
		snprintf(stages, sizeof(stages), "%s.decode", codecs[k]);
		snprintf(wanted, sizeof(wanted),
			"packed: at byte %zu: the %s data have ended, and what "
			"follows is not %s",
			n, codecs[k], codecs[k]);
		decode_fails(stages, b, LEAT_EDATA, wanted);
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(zeros_behind_gzip_are_padding)
{
	struct bytes b;
	struct leat_error err;

	pipe_enter_folder();
	b = encoded("gzip", text, strlen(text));
	b.data = realloc(b.data, b.n + 1000);
	memset(b.data + b.n, 0, 1000);
	b.n += 1000;
	ck_assert_msg(decode("gzip.decode", b.data, b.n, &err) == LEAT_OK, "%s",
		err.text);
	pipe_file_holds("out", text);
	b.data[b.n - 1] = 'x';
	decode_fails("gzip.decode", b, LEAT_EDATA, "what follows is not gzip");
	free(b.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(another_format_is_said_to_be_one)
{
	static const char other[] = "date,delay\n2001,7\n0123456789\n";
	char stages[100], wanted[100];

	for (uint32_t k = 0; k < N_CODECS; k++) {
		snprintf(stages, sizeof(stages), "%s.decode", codecs[k]);
		snprintf(wanted, sizeof(wanted), "this is not %s", codecs[k]);
		pipe_fails(stages, other, wanted);
	}
}
END_TEST

START_TEST(what_grows_too_much_ends_early)
{
	size_t n = 8 << 20;
	uint8_t *zeros = calloc(1, n);
	struct bytes b;
	struct leat_error err;

	pipe_enter_folder();
	b = encoded("zstd", zeros, n);
	decode_fails("zstd.decode", b, LEAT_ELIMIT, "max_ratio=N allows more");
	decode_fails("zstd.decode max_ratio=1000000 max_bytes=8388607", b,
		LEAT_ELIMIT, "max_bytes=N allows more");
	ck_assert_msg(decode("zstd.decode max_ratio=1000000 max_bytes=8M",
			      b.data, b.n, &err) == LEAT_OK,
		"%s", err.text);
	free(b.data);
	b = encoded("gzip", zeros, n);
	decode_fails("gzip.decode max_ratio=100", b, LEAT_ELIMIT, "100 times");
	free(b.data);
	free(zeros);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_window_that_is_too_large_is_refused)
{
	uint8_t *data = calloc(1, 1 << 20);
	struct bytes b;

	pipe_enter_folder();
	b = encoded("zstd", data, 1 << 20);
	decode_fails("zstd.decode window=64k max_ratio=1000000", b, LEAT_EDATA,
		"window=N");
	free(b.data);
	free(data);
	pipe_leave_folder();
}
END_TEST

/* A megabyte that does and one that does not get smaller. */
START_TEST(large_inputs_come_back_whatever_the_chunks)
{
	size_t n = 2 << 20;
	char *data = malloc(n), *got;
	uint64_t random = 88172645463325252ull;
	char stages[100];
	struct leat_error err;
	size_t n_got;

	for (size_t k = 0; k < n; k++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		data[k] = (char)(k < n / 2 ? random : k / 100);
	}
	pipe_enter_folder();
	for (uint32_t k = 0; k < N_CODECS; k++) {
		struct bytes b = encoded(codecs[k], data, n);

		snprintf(stages, sizeof(stages), "%s.decode chunk_bytes=5000",
			codecs[k]);
		ck_assert_msg(decode(stages, b.data, b.n, &err) == LEAT_OK,
			"%s", err.text);
		got = pipe_get_file("out", &n_got);
		ck_assert_uint_eq(n_got, n);
		ck_assert_mem_eq(got, data, n);
		free(got);
		free(b.data);
	}
	free(data);
	pipe_leave_folder();
}
END_TEST

START_TEST(records_are_counted_through_an_encoder)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n1,2\n3,4\n5,6\n");
	for (uint32_t k = 0; k < N_CODECS; k++) {
		char graph[100];

		snprintf(graph, sizeof(graph), "read in.csv ! write out.csv.%s",
			suffixes[k]);
		ck_assert_msg(pipe_run(graph, &stats, &err) == LEAT_OK, "%s",
			err.text);
		ck_assert_uint_eq(stats.written, 3);
		snprintf(graph, sizeof(graph),
			"read out.csv.%s ! write back.csv", suffixes[k]);
		ck_assert_msg(pipe_run(graph, &stats, &err) == LEAT_OK, "%s",
			err.text);
		ck_assert_uint_eq(stats.written, 3);
		pipe_file_holds("back.csv", "a,b\n1,2\n3,4\n5,6\n");
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(levels_outside_the_range_are_refused)
{
	static const char *const bad[] = {"gzip.encode level=10",
		"zstd.encode level=20", "lz4.encode level=13",
		"bzip2.encode level=10", "zstd.encode level=-1",
		"zstd.decode window=1000", "zstd.decode chunk_bytes=4095"};
	char graph[100];
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in", "x");
	for (uint32_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		snprintf(graph, sizeof(graph), "read in ! %s ! write out",
			bad[k]);
		ck_assert_int_lt(pipe_run(graph, NULL, &err), 0);
	}
	pipe_check_chunks(&(struct pipe_case){.stages = "zstd.encode level=19 "
							"! zstd.decode",
				  .input = text,
				  .output = text},
		100);
	pipe_check_chunks(&(struct pipe_case){.stages = "lz4.encode 12 ! "
							"lz4.decode",
				  .input = text,
				  .output = text},
		100);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_compressed_file_without_its_name_is_known_by_its_content)
{
	struct leat_graph_stats stats;
	struct leat_error err;
	struct bytes b;
	char graph[100];

	pipe_enter_folder();
	for (uint32_t k = 0; k < N_CODECS; k++) {
		b = encoded(codecs[k], text, strlen(text));
		pipe_put_file("in.csv", b.data, b.n);
		ck_assert_msg(pipe_run("read in.csv ! write out.csv", &stats,
				      &err) == LEAT_OK,
			"%s", err.text);
		ck_assert_uint_eq(stats.written, 4);
		pipe_file_holds("out.csv", text);
		ck_assert_int_lt(pipe_run("read in.csv decode=off ! csv.parse "
					  "! csv.format ! write no.csv",
					 NULL, &err),
			0);
		snprintf(graph, sizeof(graph), "put %s.decode between",
			codecs[k]);
		ck_assert_msg(strstr(err.text, graph) != NULL, "%s", err.text);
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(columns_of_a_compressed_file_are_known_before_the_start)
{
	struct leat_graph *graph;
	struct leat_error err;
	struct bytes b;

	pipe_enter_folder();
	for (uint32_t k = 0; k < N_CODECS; k++) {
		b = encoded(codecs[k], text, strlen(text));
		pipe_put_file("in.csv", b.data, b.n);
		ck_assert_int_eq(
			leat_graph_create(NULL, &graph, &err), LEAT_OK);
		ck_assert_int_eq(leat_graph_parse(graph,
					 "read in.csv ! where \"c > 1\" ! "
					 "write out.csv",
					 &err),
			LEAT_OK);
		ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_EINVAL);
		ck_assert_msg(strstr(err.text, "'c'") != NULL, "%s", err.text);
		leat_graph_destroy(graph);
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_drained_input_is_cut_and_not_truncated)
{
	struct leat_graph_stats stats;
	struct leat_graph *graph;
	struct leat_error err;
	struct bytes b;
	int fd;

	pipe_enter_folder();
	b = encoded("gzip", text, strlen(text));
	ck_assert_int_eq(mkfifo("in", 0600), 0);
	fd = open("in", O_RDWR);
	ck_assert_int_eq(leat_graph_create(NULL, &graph, &err), LEAT_OK);
	ck_assert_msg(leat_graph_parse(graph,
			      "read in ! decode ! lines.parse ! "
			      "lines.format ! write out on_drain=commit",
			      &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	ck_assert_int_eq(write(fd, b.data, b.n - 1), (ssize_t)b.n - 1);
	do {
		sched_yield();
		leat_graph_stats(graph, &stats);
	} while (stats.source_bytes < b.n - 1);
	leat_graph_drain(graph);
	ck_assert_msg(leat_graph_wait(graph, LEAT_NEVER, &err) == LEAT_OK, "%s",
		err.text);
	leat_graph_destroy(graph);
	close(fd);
	free(b.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(with_flush_what_has_come_goes_on)
{
	struct leat_graph_stats stats;
	struct leat_graph *graph;
	struct leat_error err;
	int fd;

	pipe_enter_folder();
	ck_assert_int_eq(mkfifo("in", 0600), 0);
	fd = open("in", O_RDWR);
	for (uint32_t k = 0; k < N_CODECS; k++) {
		char line[200];

		snprintf(line, sizeof(line),
			"read in ! %s.encode flush=on ! %s.decode ! "
			"lines.parse ! lines.format ! write /dev/null",
			codecs[k], codecs[k]);
		ck_assert_int_eq(
			leat_graph_create(NULL, &graph, &err), LEAT_OK);
		ck_assert_int_eq(leat_graph_parse(graph, line, &err), LEAT_OK);
		ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
		ck_assert_int_eq(write(fd, "a\nb\n", 4), 4);
		do {
			sched_yield();
			leat_graph_stats(graph, &stats);
		} while (stats.written < (k == 3 ? 0 : 2));
		leat_graph_drain(graph);
		ck_assert_msg(
			leat_graph_wait(graph, LEAT_NEVER, &err) == LEAT_OK,
			"%s", err.text);
		leat_graph_destroy(graph);
	}
	close(fd);
	pipe_leave_folder();
}
END_TEST

/* Only what a block follows, or the end, is bzip2. */
START_TEST(text_that_begins_as_bzip2_does_is_text)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("a.csv", "BZh9,b\n1,2\n");
	ck_assert_msg(pipe_run("read a.csv ! write o.csv sync=off", NULL,
			      &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv", "BZh9,b\n1,2\n");
	ck_assert_msg(pipe_run("read {a,n}.csv ! csv.parse ! "
			       "write o.csv sync=off",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv", "BZh9,b\n1,2\n");
	pipe_put_text("b.csv", "BZh");
	ck_assert_msg(pipe_run("read b.csv ! write o.csv sync=off", NULL,
			      &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv", "BZh\n");
	ck_assert_msg(pipe_run("read a.csv ! csv.format ! bzip2.encode ! "
			       "write packed sync=off",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_msg(pipe_run("read packed ! csv.parse ! write o.csv sync=off",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("o.csv", "BZh9,b\n1,2\n");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/decode", text_that_begins_as_bzip2_does_is_text,
	what_was_encoded_comes_back_at_every_split,
	members_are_decoded_at_every_split_of_the_input,
	what_is_not_compressed_passes_as_it_is,
	input_that_ends_too_early_is_an_error_wherever_it_ends,
	a_flipped_bit_is_an_error_or_changes_nothing,
	a_wrong_checksum_is_said_to_be_one,
	bytes_behind_the_last_member_are_an_error,
	zeros_behind_gzip_are_padding, another_format_is_said_to_be_one,
	what_grows_too_much_ends_early, a_window_that_is_too_large_is_refused,
	large_inputs_come_back_whatever_the_chunks,
	records_are_counted_through_an_encoder,
	levels_outside_the_range_are_refused,
	a_compressed_file_without_its_name_is_known_by_its_content,
	columns_of_a_compressed_file_are_known_before_the_start,
	a_drained_input_is_cut_and_not_truncated,
	with_flush_what_has_come_goes_on)
