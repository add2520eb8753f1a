/*
 * Blocks of one bzip2 stream that all workers decode: what comes out, and every
 * error, is what one decoder alone gives; also where bits inside a block look
 * like the mark of one. Such streams are written here bit by bit: codes of
 * eight bits for 256 symbols can spell anything.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../../../stages/filter/members.h"
#include "support/packed.h"
#include "support/pipe.h"
#include "support/test.h"

#define N_WIDE     254 /* bytes in use, so that a code has 8 bits */
#define N_NARROW   6   /* and 3 */
#define BLOCK_ROOM 300000
#define FRAME_BITS (8 * 262144) /* that members.cut makes at level 1 */

/* ---- a stream, bit by bit ----------------------------------------------- */

struct stream {
	struct bytes file;  /* its bits, in whole bytes */
	struct bytes plain; /* what they decode to */
	size_t n_bits;
	uint32_t crc;
};

static void
put(struct stream *s, uint64_t bits, uint32_t n)
{
	while (n-- > 0) {
		if (s->n_bits % 8 == 0)
			add(&s->file, "", 1);
		if (bits >> n & 1)
			s->file.data[s->n_bits / 8] |=
				(char)(128 >> s->n_bits % 8);
		s->n_bits++;
	}
}

static void
begin_at(struct stream *s, uint32_t level)
{
	put(s, 0x425a6830 + level, 32);
	s->crc = 0;
}

static void
begin(struct stream *s)
{
	begin_at(s, 9);
}

static void
end(struct stream *s)
{
	put(s, MEMBERS_END_IS, MEMBERS_MARK_BITS);
	put(s, s->crc, 32);
	s->n_bits = (s->n_bits + 7) / 8 * 8;
}

static uint32_t
crc_of(const char *data, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t k = 0; k < n; k++) {
		crc ^= (uint32_t)(uint8_t)data[k] << 24;
		for (uint32_t bit = 0; bit < 8; bit++)
			crc = crc >> 31 ? crc << 1 ^ 0x04c11db7 : crc << 1;
	}
	return ~crc;
}

/* The bytes that symbols stand for: those moved to the front, and runs of the
 * one there, whose length is written with two digits. */
static size_t
spell(const uint8_t *symbols, size_t n, uint8_t first, uint8_t *out)
{
	size_t n_out = 0, n_run = 0, digit = 1;
	uint8_t list[256], byte;

	for (uint32_t k = 0; k < 256; k++)
		list[k] = (uint8_t)(first + k);
	for (size_t k = 0; k <= n; k++) {
		if (k < n && symbols[k] < 2) {
			n_run += digit << symbols[k];
			digit *= 2;
			continue;
		}
		for (; n_run; n_run--)
			out[n_out++] = list[0];
		digit = 1;
		if (k == n)
			break;
		byte = list[symbols[k] - 1];
		memmove(list + 1, list, symbols[k] - 1u);
		list[0] = out[n_out++] = byte;
	}
	ck_assert_uint_lt(n_out, BLOCK_ROOM);
	return n_out;
}

/* The transform's other way, from the first place. */
static struct bytes
turn_back(const uint8_t *last, size_t n)
{
	size_t *next = malloc(n * sizeof(*next)), begins[257] = {0}, at;
	struct bytes b = {0};

	for (size_t k = 0; k < n; k++)
		begins[last[k] + 1]++;
	for (uint32_t k = 0; k < 256; k++)
		begins[k + 1] += begins[k];
	for (size_t k = 0; k < n; k++)
		next[begins[last[k]]++] = k;
	at = next[0];
	for (size_t k = 0; k < n; k++, at = next[at])
		add(&b, &last[at], 1);
	free(next);
	return b;
}

/* Behind four that are equal stands how many more there are. */
static void
add_runs(struct bytes *to, const char *data, size_t n)
{
	size_t n_equal = 0;

	for (size_t k = 0; k < n; k++) {
		if (n_equal == 4) {
			for (uint8_t more = (uint8_t)data[k]; more; more--)
				add(to, &data[k - 1], 1);
			n_equal = 0;
			continue;
		}
		n_equal = n_equal && data[k] == data[k - 1] ? n_equal + 1 : 1;
		add(to, &data[k], 1);
	}
}

static void
put_map(struct stream *s, bool is_wide)
{
	put(s, is_wide ? 0xffff : 1 << (15 - 'a' / 16), 16);
	for (uint32_t k = 0; k < 15 && is_wide; k++)
		put(s, 0xffff, 16);
	put(s, is_wide ? 0xfffc : 0x7e00, 16);
}

/* Two tables of codes that are all as long as each other. */
static void
put_codes(struct stream *s, size_t n_symbols, uint32_t n_bits, uint32_t n_all)
{
	size_t n_selectors = n_symbols / 50 + 1;

	put(s, 2, 3);
	put(s, n_selectors, 15);
	for (size_t k = 0; k < n_selectors; k++)
		put(s, 0, 1);
	for (uint32_t table = 0; table < 2; table++) {
		put(s, n_bits, 5);
		for (uint32_t k = 0; k < n_all; k++)
			put(s, 0, 1);
	}
}

/* A block of these symbols, in codes of 8 bits or of 3. */
static void
block(struct stream *s, const uint8_t *symbols, size_t n, bool is_wide)
{
	uint32_t n_bits = is_wide ? 8 : 3, crc;
	uint8_t *last = malloc(BLOCK_ROOM);
	size_t n_last = spell(symbols, n, is_wide ? 0 : 'a', last);
	size_t n_before = s->plain.n;
	struct bytes data = turn_back(last, n_last);

	add_runs(&s->plain, data.data, data.n);
	crc = crc_of(s->plain.data + n_before, s->plain.n - n_before);
	s->crc = (s->crc << 1 | s->crc >> 31) ^ crc;
	put(s, MEMBERS_BLOCK_IS, MEMBERS_MARK_BITS);
	put(s, crc, 32);
	put(s, 0, 25); /* not in random order; from the first place */
	put_map(s, is_wide);
	put_codes(s, n + 1, n_bits, (is_wide ? N_WIDE : N_NARROW) + 2);
	for (size_t k = 0; k < n; k++)
		put(s, symbols[k], n_bits);
	put(s, (1u << n_bits) - 1, n_bits);
	free(data.data);
	free(last);
}

/* Its length in bits is 1 more than the narrow one's before, and so on. */
static void
small_block(struct stream *s, uint32_t n)
{
	static const uint8_t symbols[] = {2, 4, 3, 6, 5, 2, 3, 4, 0, 5, 3, 2};

	block(s, symbols, 3 + n % 9, false);
}

static void
drop(struct stream *s)
{
	free(s->file.data);
	free(s->plain.data);
	*s = (struct stream){0};
}

/* Two streams of some blocks, at several bits. */
static struct stream
small_streams(void)
{
	struct stream s = {0};

	begin(&s);
	for (uint32_t k = 0; k < 4; k++)
		small_block(&s, k);
	end(&s);
	begin(&s);
	small_block(&s, 7);
	small_block(&s, 2);
	end(&s);
	return s;
}

/* ---- runs --------------------------------------------------------------- */

static void
gives_always(struct bytes b, struct bytes wanted)
{
	gives("bzip2", "parallel=off max_ratio=1000000", b, wanted);
	gives("bzip2", "parallel=on max_ratio=1000000", b, wanted);
	gives("bzip2", "parallel=on max_ratio=1000000 chunk_bytes=4096", b,
		wanted);
}

/* One decoder alone says the same. */
static void
is_as_alone(struct bytes b)
{
	struct leat_error alone, err;
	struct bytes wanted = {0};
	int rc = decode("bzip2", "parallel=off", b, &alone);

	if (rc == LEAT_OK) {
		wanted.data = pipe_get_file("out", &wanted.n);
		gives("bzip2", "parallel=on", b, wanted);
	} else {
		ck_assert_int_eq(decode("bzip2", "parallel=on", b, &err), rc);
		ck_assert_msg(strstr(alone.text, "truncated") == NULL ||
				!strcmp(alone.text, err.text),
			"%s\n%s", alone.text, err.text);
	}
	free(wanted.data);
}

static struct bytes
packed(uint32_t level, struct bytes data)
{
	struct leat_error err;
	struct bytes made = {0};
	char graph[100];

	snprintf(graph, sizeof(graph),
		"read plain decode=off ! bzip2.encode level=%u ! "
		"write made sync=off",
		level);
	pipe_put_file("plain", data.data, data.n);
	unlink("made");
	ck_assert_msg(pipe_run(graph, NULL, &err) == LEAT_OK, "%s", err.text);
	made.data = pipe_get_file("made", &made.n);
	return made;
}

/* ---- tests -------------------------------------------------------------- */

START_TEST(blocks_come_back_at_every_level)
{
	struct bytes data = noise(920000);

	pipe_enter_folder();
	for (uint32_t level = 1; level < 10; level++) {
		struct bytes part = {data.data, level * 100000 + 20000, 0};
		struct bytes b = packed(level, part);

		gives("bzip2", "parallel=on", b, part);
		free(b.data);
	}
	free(data.data);
	pipe_leave_folder();
}
END_TEST

/* What the workers give, and the decoder behind them. */
static uint64_t
bytes_of_workers(struct bytes b)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct leat_stage_stats stats;
	struct leat_graph *graph;
	struct leat_error err;
	uint64_t n = 0;

	pipe_put_file("packed", b.data, b.n);
	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_parse(graph,
				 "read packed decode=off ! bzip2.decode ! "
				 "write out sync=off",
				 &err),
		LEAT_OK);
	ck_assert_msg(leat_graph_run(graph, &err) == LEAT_OK, "%s", err.text);
	for (uint32_t k = 0; leat_stage_stats(graph, k, &stats) == LEAT_OK; k++)
		if (strcmp(stats.name, "members.decode") == 0)
			n += stats.out_bytes;
	leat_graph_destroy(graph);
	return n;
}

START_TEST(workers_decode_the_blocks)
{
	struct bytes data = noise(350000), b;

	pipe_enter_folder();
	b = packed(1, data);
	/* the head and the end of the stream are passed on as they are */
	ck_assert_uint_ge(bytes_of_workers(b), data.n);
	ck_assert_uint_le(bytes_of_workers(b), data.n + 20);
	free(b.data);
	free(data.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(one_block_is_decoded_by_one)
{
	struct bytes data = noise(1000), b;

	pipe_enter_folder();
	b = packed(9, data);
	ck_assert_uint_eq(bytes_of_workers(b), 0);
	free(b.data);
	free(data.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(the_input_may_be_split_anywhere)
{
	struct stream s = small_streams();
	struct pipe_case c = {.stages = "bzip2.decode parallel=on",
		.input = s.file.data,
		.input_bytes = s.file.n,
		.output = s.plain.data,
		.output_bytes = s.plain.n};

	pipe_check(&c);
	drop(&s);
}
END_TEST

START_TEST(a_stream_that_is_cut_anywhere_fails_as_with_one_decoder)
{
	struct stream s = small_streams();

	pipe_enter_folder();
	for (size_t n = 1; n <= s.file.n; n++)
		is_as_alone((struct bytes){s.file.data, n, 0});
	drop(&s);
	pipe_leave_folder();
}
END_TEST

START_TEST(damage_anywhere_is_found)
{
	struct stream s = small_streams();

	pipe_enter_folder();
	for (size_t k = 0; k < s.file.n; k++) {
		s.file.data[k] ^= (char)(1 << k % 8);
		is_as_alone(s.file);
		s.file.data[k] ^= (char)(1 << k % 8);
	}
	drop(&s);
	pipe_leave_folder();
}
END_TEST

START_TEST(blocks_that_change_places_are_found)
{
	struct leat_error err;
	struct stream s = {0};

	pipe_enter_folder();
	begin(&s);
	small_block(&s, 1);
	small_block(&s, 2);
	s.crc = (s.crc << 1 | s.crc >> 31) ^ s.crc;
	end(&s);
	ck_assert_int_eq(
		decode("bzip2", "parallel=on", s.file, &err), LEAT_EDATA);
	ck_assert_msg(strstr(err.text, "a checksum is wrong") != NULL, "%s",
		err.text);
	is_as_alone(s.file);
	drop(&s);
	pipe_leave_folder();
}
END_TEST

/* ---- bits that look like a mark ----------------------------------------- */

#define BLOCK_MARK "\x31\x41\x59\x26\x53\x59"
#define END_MARK   "\x17\x72\x45\x38\x50\x90"

/* Behind so many small blocks, one that spells this, and more. */
static struct stream
stream_that_spells(uint32_t n_before, const char *symbols, size_t n)
{
	struct stream s = {0};

	begin(&s);
	for (uint32_t k = 0; k < n_before; k++)
		small_block(&s, 0);
	block(&s, (const uint8_t *)symbols, n, true);
	small_block(&s, 5);
	block(&s, (const uint8_t *)symbols, n, true);
	end(&s);
	begin(&s);
	block(&s, (const uint8_t *)symbols, n, true);
	end(&s);
	return s;
}

static void
spelled_is_read(const char *symbols, size_t n)
{
	for (uint32_t k = 0; k < 8; k++) {
		struct stream s = stream_that_spells(k, symbols, n);

		gives_always(s.file, s.plain);
		drop(&s);
	}
}

START_TEST(a_mark_inside_a_block_is_none)
{
	static const char *const texts[] = {"leat" BLOCK_MARK "leat",
		"leat" END_MARK "leat", BLOCK_MARK "leat", "leat" BLOCK_MARK,
		"leat" END_MARK, BLOCK_MARK BLOCK_MARK,
		"leat" END_MARK "leat" BLOCK_MARK "leat" END_MARK "leat",
		"le" END_MARK "leatBZh9" BLOCK_MARK "leat"};

	pipe_enter_folder();
	for (uint32_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
		spelled_is_read(texts[k], strlen(texts[k]));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_cut_or_damaged_block_with_a_mark_inside_is_found)
{
	static const char text[] = "leat" BLOCK_MARK "le" END_MARK "at";
	struct stream s = stream_that_spells(3, text, sizeof(text) - 1);

	pipe_enter_folder();
	for (size_t n = 1; n < s.file.n; n += 3)
		is_as_alone((struct bytes){s.file.data, n, 0});
	for (size_t k = 0; k < s.file.n; k += 3) {
		s.file.data[k] ^= (char)(1 << k % 8);
		is_as_alone(s.file);
		s.file.data[k] ^= (char)(1 << k % 8);
	}
	drop(&s);
	pipe_leave_folder();
}
END_TEST

/* The bits of a whole block and a mark behind it, so many bits further. */
static struct bytes
whole_block(uint32_t shift)
{
	struct stream s = {0};

	put(&s, 2, shift);
	small_block(&s, 3);
	put(&s, MEMBERS_END_IS, MEMBERS_MARK_BITS);
	put(&s, 1, 1);
	free(s.plain.data);
	return s.file;
}

START_TEST(a_block_inside_a_block_is_not_taken_for_one)
{
	struct leat_error err;
	uint32_t n_tried = 0;

	pipe_enter_folder();
	for (uint32_t k = 0; k < 8; k++) {
		struct bytes inner = whole_block(k);
		struct stream s;

		if (memchr(inner.data, 0xff, inner.n)) {
			free(inner.data);
			continue;
		}
		s = stream_that_spells(k, inner.data, inner.n);
		gives("bzip2", "parallel=off", s.file, s.plain);
		ck_assert_int_eq(decode("bzip2", "parallel=on", s.file, &err),
			LEAT_EDATA);
		ck_assert_msg(strstr(err.text, "parallel=off may read it"),
			"%s", err.text);
		n_tried++;
		free(inner.data);
		drop(&s);
	}
	ck_assert_uint_gt(n_tried, 2);
	pipe_leave_folder();
}
END_TEST

/* A stream of level 1, and one with a block of so many symbols and a small one
 * behind it. Bits of the block, in *n_out. */
static struct stream
stream_with_large(const char *symbols, size_t n, size_t *n_out)
{
	struct stream s = {0};
	size_t n_before;

	begin_at(&s, 1);
	small_block(&s, 2);
	end(&s);
	begin_at(&s, 9);
	n_before = s.n_bits;
	block(&s, (const uint8_t *)symbols, n, true);
	*n_out = s.n_bits - n_before;
	small_block(&s, 5);
	end(&s);
	return s;
}

START_TEST(a_mark_may_stand_where_a_frame_is_full)
{
	struct bytes symbols = noise(BLOCK_ROOM - 1000);
	size_t n = FRAME_BITS / 8 - 1000, n_bits;
	uint32_t n_tried = 0;

	pipe_enter_folder();
	for (; n < symbols.n; n++) {
		struct stream s = stream_with_large(symbols.data, n, &n_bits);

		if (n_bits + 56 > FRAME_BITS) {
			gives("bzip2", "parallel=on", s.file, s.plain);
			n_tried++;
		} else {
			n += (FRAME_BITS - 56 - n_bits) / 9;
		}
		drop(&s);
		if (n_bits > FRAME_BITS)
			break;
	}
	ck_assert_uint_gt(n_tried, 5);
	free(symbols.data);
	pipe_leave_folder();
}
END_TEST

/* ---- what is too large for a worker -------------------------------------- */

START_TEST(a_block_that_becomes_large_is_decoded_all_the_same)
{
	struct bytes data = {calloc(1, 6000000), 6000000, 0}, b;

	pipe_enter_folder();
	for (size_t k = 0; k < data.n; k += 1000003)
		memcpy(data.data + k, "leat", 4);
	b = packed(1, data);
	gives_always(b, data);
	free(b.data);
	free(data.data);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_large_block_behind_small_ones_is_decoded_all_the_same)
{
	struct bytes data = noise(900000), b, large;
	struct bytes small = {data.data, 1000, 0}, wanted = {0};

	pipe_enter_folder();
	b = packed(1, small);
	large = packed(9, data);
	add(&b, large.data, large.n);
	add(&wanted, small.data, small.n);
	add(&wanted, data.data, data.n);
	gives_always(b, wanted);
	free(large.data);
	free(b.data);
	free(wanted.data);
	free(data.data);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/decode_blocks", blocks_come_back_at_every_level,
	workers_decode_the_blocks, one_block_is_decoded_by_one,
	the_input_may_be_split_anywhere,
	a_stream_that_is_cut_anywhere_fails_as_with_one_decoder,
	damage_anywhere_is_found, blocks_that_change_places_are_found,
	a_mark_inside_a_block_is_none,
	a_cut_or_damaged_block_with_a_mark_inside_is_found,
	a_block_inside_a_block_is_not_taken_for_one,
	a_mark_may_stand_where_a_frame_is_full,
	a_block_that_becomes_large_is_decoded_all_the_same,
	a_large_block_behind_small_ones_is_decoded_all_the_same)
