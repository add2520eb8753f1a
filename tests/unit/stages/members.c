/*
 * Members that all workers decode: what comes out, and every error, is what one
 * decoder alone gives.
 */
#include <stdlib.h>
#include <unistd.h>

#include "support/packed.h"
#include "support/pipe.h"
#include "support/test.h"

#define N_PARTS 3

static void
add_number(struct bytes *b, uint64_t number, uint32_t n_bytes)
{
	for (uint32_t k = 0; k < n_bytes; k++, number >>= 8)
		add(b, &(uint8_t){(uint8_t)number}, 1);
}

/* ---- members ------------------------------------------------------------ */

/* A frame of blocks that are not compressed, which says how long it is. */
static void
add_zstd(struct bytes *b, const char *data, size_t n)
{
	add_number(b, 0xfd2fb528, 4);
	add_number(b, 0xa0, 1);
	add_number(b, n, 4);
	do {
		size_t part = n < 131072 ? n : 131072;

		add_number(b, part << 3 | (n == part), 3);
		add(b, data, part);
		data += part;
		n -= part;
	} while (n);
}

static uint32_t
crc32_of(const char *data, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t k = 0; k < n; k++) {
		crc ^= (uint8_t)data[k];
		for (uint32_t bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

/* As bgzip writes them, of blocks that are not compressed; longer data make
 * several. */
static void
add_bgzf(struct bytes *b, const char *data, size_t n)
{
	do {
		size_t part = n < 65000 ? n : 65000;

		add(b, "\x1f\x8b\x08\4\0\0\0\0\0\xff\6\0BC\2\0", 16);
		add_number(b, part + 30, 2);
		add_number(b, 1, 1);
		add_number(b, part, 2);
		add_number(b, ~part, 2);
		add(b, data, part);
		add_number(b, crc32_of(data, part), 4);
		add_number(b, part, 4);
		data += part;
		n -= part;
	} while (n);
}

/* By the encoder. */
static void
add_encoded(struct bytes *b, const char *codec, const char *data, size_t n)
{
	struct leat_error err;
	struct bytes made;
	char graph[100];

	snprintf(graph, sizeof(graph),
		"read plain decode=off ! %s.encode ! write made sync=off",
		codec);
	pipe_put_file("plain", data, n);
	ck_assert_msg(pipe_run(graph, NULL, &err) == LEAT_OK, "%s", err.text);
	made.data = pipe_get_file("made", &made.n);
	add(b, made.data, made.n);
	free(made.data);
}

static void
add_lz4(struct bytes *b, const char *data, size_t n)
{
	add_encoded(b, "lz4", data, n);
}

static void
add_zstd_encoded(struct bytes *b, const char *data, size_t n)
{
	add_encoded(b, "zstd", data, n);
}

static void
add_bzip2(struct bytes *b, const char *data, size_t n)
{
	add_encoded(b, "bzip2", data, n);
}

static const struct kind {
	const char *codec;
	void (*add)(struct bytes *b, const char *data, size_t n);
} kinds[] = {{"zstd", add_zstd}, {"zstd", add_zstd_encoded}, {"gzip", add_bgzf},
	{"lz4", add_lz4}, {"bzip2", add_bzip2}};
#define N_KINDS 5

/* ---- runs --------------------------------------------------------------- */

/* One decoder alone says the same. is_exact false: what it reads all the same
 * may be refused. */
static void
is_as_alone(const struct kind *kind, struct bytes b, bool is_exact)
{
	struct leat_error alone, err;
	struct bytes wanted = {0};
	int rc_alone = decode(kind->codec, "parallel=off", b, &alone), rc;

	if (rc_alone == LEAT_OK)
		wanted.data = pipe_get_file("out", &wanted.n);
	rc = decode(kind->codec, "parallel=on", b, &err);
	if (rc_alone == LEAT_OK && rc == LEAT_OK) {
		gives(kind->codec, "parallel=on", b, wanted);
	} else if (is_exact) {
		ck_assert_int_eq(rc, rc_alone);
		ck_assert_str_eq(err.text, alone.text);
	} else {
		ck_assert_int_eq(rc, LEAT_EDATA);
	}
	free(wanted.data);
}

static struct bytes
parts_of(const struct kind *kind)
{
	static const char *const parts[N_PARTS] = {"one,1\n", "", "three\n"};
	struct bytes b = {0};

	for (uint32_t k = 0; k < N_PARTS; k++)
		kind->add(&b, parts[k], strlen(parts[k]));
	return b;
}

/* ---- tests -------------------------------------------------------------- */

START_TEST(members_of_all_sizes_come_back_in_order)
{
	static const size_t sizes[] = {
		0, 1, 100000, 7, 800000, 65000, 65001, 0, 250000, 12};
	struct bytes data = noise(800000);

	pipe_enter_folder();
	for (uint32_t k = 0; k < N_KINDS; k++) {
		struct bytes b = {0}, wanted = {0};

		for (uint32_t n = 0; n < 11; n++) {
			size_t size = sizes[n % 10];

			kinds[k].add(&b, data.data, size);
			add(&wanted, data.data, size);
		}
		gives(kinds[k].codec, "parallel=on", b, wanted);
		gives(kinds[k].codec, "parallel=off", b, wanted);
		free(b.data);
		free(wanted.data);
	}
	free(data.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(many_small_members_come_back_in_order)
{
	struct bytes data = noise(700000);

	pipe_enter_folder();
	for (uint32_t k = 0; k < 3; k += 2) {
		struct bytes b = {0};

		for (size_t at = 0; at < data.n; at += 1000)
			kinds[k].add(&b, data.data + at, 1000);
		gives(kinds[k].codec, "parallel=on", b, data);
		free(b.data);
	}
	free(data.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(the_input_may_be_split_anywhere)
{
	pipe_enter_folder();
	for (uint32_t k = 0; k < N_KINDS; k++) {
		struct bytes b = parts_of(&kinds[k]);
		char stages[60];
		struct pipe_case c = {.stages = stages,
			.input = b.data,
			.input_bytes = b.n,
			.output = "one,1\nthree\n"};

		snprintf(stages, sizeof(stages), "%s.decode parallel=on",
			kinds[k].codec);
		for (uint32_t n = 1; n < 8; n++)
			pipe_check_chunks(&c, n);
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_file_that_ends_too_early_fails_as_with_one_decoder)
{
	pipe_enter_folder();
	for (uint32_t k = 0; k < N_KINDS; k++) {
		struct bytes b = parts_of(&kinds[k]);

		for (size_t n = 1; n <= b.n; n += b.n / 40 + 1)
			is_as_alone(
				&kinds[k], (struct bytes){b.data, n, 0}, true);
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(damage_anywhere_is_said_as_by_one_decoder)
{
	pipe_enter_folder();
	for (uint32_t k = 0; k < N_KINDS; k++) {
		struct bytes b = parts_of(&kinds[k]);
		bool is_exact = strcmp(kinds[k].codec, "gzip") != 0;

		for (size_t n = 0; n < b.n; n += b.n / 40 + 1) {
			b.data[n] ^= (char)(1 << n % 8);
			is_as_alone(&kinds[k], b, is_exact);
			b.data[n] ^= (char)(1 << n % 8);
		}
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(damage_in_the_middle_is_found_where_it_is)
{
	struct bytes data = noise(200000);

	pipe_enter_folder();
	for (uint32_t k = 1; k < N_KINDS; k++) {
		struct bytes b = {0};

		for (uint32_t n = 0; n < 6; n++)
			kinds[k].add(&b, data.data, data.n);
		b.data[b.n / 2] ^= 4;
		is_as_alone(&kinds[k], b, true);
		free(b.data);
	}
	free(data.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_looks_like_the_next_stream_and_is_none_does_not_matter)
{
	static const char begin[] = "BZh91AY&SY";
	struct bytes data = noise(100000);

	pipe_enter_folder();
	for (uint32_t n = 0; n < 3; n++) {
		struct bytes b = {0};

		add_bzip2(&b, data.data, data.n);
		memcpy(b.data + b.n / 4 * (n + 1), begin, 10);
		add_bzip2(&b, data.data, data.n);
		is_as_alone(&kinds[4], b, true);
		free(b.data);
	}
	free(data.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(limits_are_those_of_the_whole_file)
{
	struct leat_error err;
	struct bytes data = noise(100000), b = {0};

	pipe_enter_folder();
	for (uint32_t n = 0; n < 10; n++)
		add_zstd(&b, data.data, data.n);
	ck_assert_int_eq(
		decode("zstd", "parallel=on max_bytes=999999", b, &err),
		LEAT_ELIMIT);
	ck_assert_msg(strstr(err.text, "max_bytes=N allows more") != NULL, "%s",
		err.text);
	ck_assert_int_eq(
		decode("zstd", "parallel=on max_bytes=1000000", b, &err),
		LEAT_OK);
	memset(data.data, 'a', data.n);
	for (uint32_t n = 0; n < 100; n++)
		add_zstd_encoded(&b, data.data, data.n);
	ck_assert_int_eq(decode("zstd", "parallel=on max_ratio=5", b, &err),
		LEAT_ELIMIT);
	ck_assert_msg(strstr(err.text, "max_ratio=N allows more") != NULL, "%s",
		err.text);
	free(b.data);
	free(data.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(bytes_behind_members_are_said_as_by_one_decoder)
{
	pipe_enter_folder();
	for (uint32_t k = 0; k < N_KINDS; k++) {
		struct bytes b = parts_of(&kinds[k]);

		add(&b, "0123456789abcdef", 16);
		is_as_alone(&kinds[k], b, true);
		b.n -= 16;
		memset(b.data + b.n, 0, 16);
		add(&b, "\0\0\0\0", 4);
		is_as_alone(&kinds[k], b, true);
		free(b.data);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(other_members_and_frames_to_be_skipped_may_stand_between)
{
	static const char skip[] = "\x50\x2a\x4d\x18\4\0\0\0skip";
	struct bytes b = {0};

	pipe_enter_folder();
	for (uint32_t k = 0; k < N_KINDS; k++) {
		add(&b, skip, 12);
		kinds[k].add(&b, "one,1\n", 6);
		add(&b, skip, 12);
		kinds[k].add(&b, "two\n", 4);
		is_as_alone(&kinds[k], b, true);
		kinds[(k + 2) % N_KINDS].add(&b, "three\n", 6);
		is_as_alone(&kinds[k], b, true);
		free(b.data);
		b = (struct bytes){0};
	}
	pipe_leave_folder();
}
END_TEST

static uint32_t
stages_called(const char *name, const char *text, uint32_t n_workers)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = n_workers};
	struct leat_stage_stats stats;
	struct leat_graph *graph;
	struct leat_error err;
	uint32_t n = 0;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_parse(graph, text, &err), LEAT_OK);
	ck_assert_msg(leat_graph_run(graph, &err) == LEAT_OK, "%s", err.text);
	for (uint32_t k = 0; leat_stage_stats(graph, k, &stats) == LEAT_OK; k++)
		n += strcmp(stats.name, name) == 0;
	leat_graph_destroy(graph);
	return n;
}

START_TEST(auto_is_for_enough_workers_and_several_members)
{
	static const char text[] = "read packed decode=off ! zstd.decode ! "
				   "write out sync=off";
	struct bytes b = {0};

	pipe_enter_folder();
	add_zstd(&b, "one", 3);
	pipe_put_file("packed", b.data, b.n);
	ck_assert_uint_eq(stages_called("members.decode", text, 3), 0);
	add_zstd(&b, "two", 3);
	pipe_put_file("packed", b.data, b.n);
	ck_assert_uint_eq(stages_called("members.decode", text, 2), 0);
	ck_assert_uint_eq(stages_called("members.decode", text, 3), 1);
	pipe_file_holds("out", "onetwo");
	free(b.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(files_of_several_kinds_are_read_by_one_pattern)
{
	struct leat_graph_stats stats;
	struct leat_error err;
	char path[20];

	pipe_enter_folder();
	for (uint32_t k = 0; k < N_KINDS; k++) {
		struct bytes b = {0};

		kinds[k].add(&b, "a,b\n1,2\n", 8);
		kinds[k].add(&b, "3,4\n", 4);
		snprintf(path, sizeof(path), "in%u.csv.x", k);
		pipe_put_file(path, b.data, b.n);
		free(b.data);
	}
	pipe_put_text("in7.csv.x", "a,b\n5,6\n");
	unlink("made");
	unlink("plain");
	ck_assert_msg(
		pipe_run("read \"in*.x\" ! decode parallel=on ! csv.parse ! "
			 "csv.format ! write out sync=off",
			&stats, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("out",
		"a,b\n1,2\n3,4\n1,2\n3,4\n1,2\n3,4\n1,2\n3,4\n"
		"1,2\n3,4\n5,6\n");
	ck_assert_uint_eq(stats.written, 11);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/members", members_of_all_sizes_come_back_in_order,
	many_small_members_come_back_in_order, the_input_may_be_split_anywhere,
	a_file_that_ends_too_early_fails_as_with_one_decoder,
	damage_anywhere_is_said_as_by_one_decoder,
	damage_in_the_middle_is_found_where_it_is,
	what_looks_like_the_next_stream_and_is_none_does_not_matter,
	limits_are_those_of_the_whole_file,
	bytes_behind_members_are_said_as_by_one_decoder,
	other_members_and_frames_to_be_skipped_may_stand_between,
	auto_is_for_enough_workers_and_several_members,
	files_of_several_kinds_are_read_by_one_pattern)
