/*
 * stages/filter/members_walk.c -- where members of compressed files end, by
 * their heads alone.
 *
 * Of zstd and LZ4 every block says how long it is; of gzip only what bgzip
 * writes says so, in an extra field; bzip2 has marks between its blocks.
 * Nothing is decoded, and nothing is believed: who decodes a member sees
 * whether it ends there.
 * Sources: RFC 8878; LZ4 Frame Format 1.6.2; RFC 1952; SAM/BAM format, 4.1;
 * lbzip2, which looks for the marks of blocks as well.
 */
#include <string.h>

#include "members.h"

enum walk_state { WALK_START = 0, WALK_REST, WALK_BLOCK, WALK_TAIL, WALK_SCAN };

#define WALK_SKIPPABLE     0x184d2a50u /* and 15 more */
#define WALK_ZSTD          0xfd2fb528u
#define WALK_LZ4           0x184d2204u
#define WALK_BGZF_BYTES    65536
#define MEMBERS_UNIT_LEAST (384u << 10)
#define MEMBERS_UNIT_MOST  (8u << 20)
#define MEMBERS_UNIT_USUAL (4u << 20)
#define MEMBERS_HEADS      65536 /* what may stand around a member's bytes */

static uint64_t
walk_number(const uint8_t *at, uint32_t n_bytes)
{
	uint64_t number = 0;

	for (uint32_t k = n_bytes; k-- > 0;)
		number = number << 8 | at[k];
	return number;
}

static bool
walk_want(struct walk *w, uint32_t state, uint32_t n_want)
{
	w->state = state;
	w->n_want = n_want;
	return true;
}

static bool
walk_skip(struct walk *w, uint32_t state, uint64_t n_skip)
{
	w->n_head = 0;
	w->n_skip = n_skip;
	return walk_want(w, state, state == WALK_TAIL ? 0 : w->n_want);
}

/* ---- frames that are to be skipped -------------------------------------- */

static bool
walk_is_skippable(const struct walk *w)
{
	return (walk_number(w->head, 4) & 0xfffffff0u) == WALK_SKIPPABLE;
}

static bool
walk_skippable(struct walk *w)
{
	if (w->n_head < 8)
		return walk_want(w, WALK_START, 8);
	w->n_decoded = 0;
	return walk_skip(w, WALK_TAIL, walk_number(w->head + 4, 4));
}

/* ---- zstd --------------------------------------------------------------- */

static const uint8_t zstd_dictionary_bytes[4] = {0, 1, 2, 4};

static uint32_t
zstd_size_bytes(uint8_t flags)
{
	uint32_t n = flags >> 6;

	return n ? 1u << n : flags >> 5 & 1;
}

static uint32_t
zstd_head_bytes(uint8_t flags)
{
	return 5 + (flags >> 5 & 1 ? 0u : 1u) +
		zstd_dictionary_bytes[flags & 3] + zstd_size_bytes(flags);
}

static bool
zstd_head(struct walk *w)
{
	uint8_t flags = w->head[4], window = w->head[5];
	uint32_t n_size = zstd_size_bytes(flags);
	uint64_t base = 1ull << (10 + (window >> 3));

	w->n_decoded = WALK_UNKNOWN;
	if (n_size)
		w->n_decoded =
			walk_number(w->head + w->n_head - n_size, n_size) +
			(n_size == 2 ? 256 : 0);
	w->n_window =
		flags >> 5 & 1 ? w->n_decoded : base + base / 8 * (window & 7);
	w->n_tail = flags >> 2 & 1 ? 4 : 0;
	w->n_want = 3;
	return walk_skip(w, WALK_BLOCK, 0);
}

static bool
zstd_block(struct walk *w)
{
	uint64_t block = walk_number(w->head, 3);
	uint64_t n = block >> 3;

	if ((block >> 1 & 3) == 3)
		return false;
	if ((block >> 1 & 3) == 1) /* one byte, many times */
		n = 1;
	return block & 1 ? walk_skip(w, WALK_TAIL, n + w->n_tail)
			 : walk_skip(w, WALK_BLOCK, n);
}

static bool
zstd_step(struct walk *w)
{
	if (w->state == WALK_BLOCK)
		return zstd_block(w);
	if (w->state == WALK_REST)
		return zstd_head(w);
	if (walk_is_skippable(w))
		return walk_skippable(w);
	if (walk_number(w->head, 4) != WALK_ZSTD || (w->head[4] & 8))
		return false;
	return walk_want(w, WALK_REST, zstd_head_bytes(w->head[4]));
}

/* ---- LZ4 ---------------------------------------------------------------- */

static bool
lz4_head(struct walk *w)
{
	uint8_t flags = w->head[4];

	w->n_decoded = flags & 8 ? walk_number(w->head + 6, 8) : WALK_UNKNOWN;
	w->n_window = MEMBERS_UNIT_USUAL / 4;
	w->n_block_tail = flags & 16 ? 4 : 0;
	w->n_tail = flags & 4 ? 4 : 0;
	w->n_want = 4;
	return walk_skip(w, WALK_BLOCK, 0);
}

static bool
lz4_block(struct walk *w)
{
	uint64_t n = walk_number(w->head, 4) & 0x7fffffffu;

	if (!walk_number(w->head, 4))
		return walk_skip(w, WALK_TAIL, w->n_tail);
	return walk_skip(w, WALK_BLOCK, n + w->n_block_tail);
}

static bool
lz4_step(struct walk *w)
{
	uint8_t flags = w->head[4];

	if (w->state == WALK_BLOCK)
		return lz4_block(w);
	if (w->state == WALK_REST)
		return lz4_head(w);
	if (walk_is_skippable(w))
		return walk_skippable(w);
	if (walk_number(w->head, 4) != WALK_LZ4 || flags >> 6 != 1)
		return false;
	return walk_want(
		w, WALK_REST, 7 + (flags & 8 ? 8u : 0) + (flags & 1 ? 4u : 0));
}

/* ---- gzip, as bgzip writes it ------------------------------------------- */

/* The member's size by its extra field; 0 = that has none. */
static uint32_t
gzip_member_bytes(const uint8_t *extra, uint32_t n)
{
	while (n >= 4) {
		uint32_t n_field = 4 + (uint32_t)walk_number(extra + 2, 2);

		if (n_field > n)
			return 0;
		if (extra[0] == 'B' && extra[1] == 'C' && n_field == 6)
			return (uint32_t)walk_number(extra + 4, 2) + 1;
		extra += n_field;
		n -= n_field;
	}
	return 0;
}

static bool
gzip_step(struct walk *w)
{
	uint32_t n_extra = (uint32_t)walk_number(w->head + 10, 2), n;

	if (w->state == WALK_REST) {
		n = gzip_member_bytes(w->head + 12, n_extra);
		w->n_decoded = w->n_window = WALK_BGZF_BYTES;
		return n > w->n_head && walk_skip(w, WALK_TAIL, n - w->n_head);
	}
	if (w->head[0] != 0x1f || w->head[1] != 0x8b || !(w->head[3] & 4) ||
		!n_extra || n_extra > WALK_HEAD_BYTES - 12)
		return false;
	return walk_want(w, WALK_REST, 12 + n_extra);
}

/* ---- bzip2 -------------------------------------------------------------- */

#define BZIP2_BLOCK_BYTES 100000u /* of level 1 */
#define BZIP2_SHARE       2       /* a block is no more than that of a unit */
#define BZIP2_START_BYTES 10
#define BZIP2_MASK        ((1ull << MEMBERS_MARK_BITS) - 1)
#define BZIP2_LIKELY_AT   24 /* a mark that ends in the last byte has these */

uint32_t
members_level(const uint8_t *four)
{
	return four[0] == 'B' && four[1] == 'Z' && four[2] == 'h' &&
			four[3] >= '1' && four[3] <= '9'
		? four[3] - '0'
		: 0;
}

/* Which mark ends so many bits before the last? */
static uint32_t
bzip2_mark(uint64_t window, uint32_t n_bits)
{
	uint64_t bits = window >> n_bits & BZIP2_MASK;

	return bits == MEMBERS_BLOCK_IS  ? MEMBERS_BLOCK_MARK
		: bits == MEMBERS_END_IS ? MEMBERS_END_MARK
					 : MEMBERS_NO_MARK;
}

/* Does one end in the last byte? */
static bool
bzip2_find(struct walk *w, uint64_t window)
{
	for (uint32_t k = 0; k < 8; k++) {
		uint32_t mark = bzip2_mark(window, k);

		if (!mark)
			continue;
		w->mark = mark;
		w->n_back = MEMBERS_MARK_BITS + k;
		return true;
	}
	return false;
}

static void
bzip2_like(struct walk *w, uint64_t mark)
{
	for (uint32_t k = 0; k < 8; k++) {
		uint32_t byte = mark << k >> BZIP2_LIKELY_AT & 255;

		w->likely[byte / 64] |= 1ull << byte % 64;
	}
}

/* The head and the first mark are there: the first piece is the head. */
static bool
bzip2_step(struct walk *w)
{
	if (!members_level(w->head))
		return false;
	for (uint32_t k = 4; k < BZIP2_START_BYTES; k++)
		w->window = w->window << 8 | w->head[k];
	bzip2_like(w, MEMBERS_BLOCK_IS);
	bzip2_like(w, MEMBERS_END_IS);
	w->n_head = 0;
	w->n_decoded = WALK_UNKNOWN;
	return bzip2_mark(w->window, 0) && walk_want(w, WALK_SCAN, 0);
}

static enum walk_verdict
bzip2_scan(
	struct walk *w, const uint8_t *data, size_t n, size_t at, size_t *taken)
{
	bool is_found = !w->mark && bzip2_find(w, w->window);
	uint64_t window = w->window;

	while (at < n && !is_found) {
		uint32_t byte;

		window = window << 8 | data[at++];
		byte = window >> BZIP2_LIKELY_AT & 255;
		if (w->likely[byte / 64] >> byte % 64 & 1)
			is_found = bzip2_find(w, window);
	}
	w->window = window;
	*taken = at;
	return is_found ? WALK_END : WALK_MORE;
}

/* ---- any ---------------------------------------------------------------- */

static const struct walk_format {
	const struct codec *codec;
	bool (*step)(struct walk *w); /* false: lost */
	uint32_t n_start;
} walk_formats[] = {
	{&codec_zstd, zstd_step, 5},
	{&codec_lz4, lz4_step, 5},
	{&codec_gzip, gzip_step, 12},
	{&codec_bzip2, bzip2_step, BZIP2_START_BYTES},
};
#define WALK_FORMATS (sizeof(walk_formats) / sizeof(walk_formats[0]))

static const struct walk_format *
walk_format(const struct codec *codec)
{
	for (uint32_t k = 0; k < WALK_FORMATS; k++)
		if (walk_formats[k].codec == codec)
			return &walk_formats[k];
	return NULL;
}

/* By its first four bytes. What is to be skipped zstd has as well as LZ4. */
static bool
walk_choose(struct walk *w)
{
	for (uint32_t k = 0; k < WALK_FORMATS && !w->codec; k++) {
		const struct codec *codec = walk_formats[k].codec;

		if (codec->decode &&
			(!memcmp(w->head, codec->magic, codec->n_magic) ||
				(codec == &codec_zstd && walk_is_skippable(w))))
			w->codec = codec;
	}
	return w->codec &&
		walk_want(w, WALK_START, walk_format(w->codec)->n_start);
}

/* What was wanted is there. */
static bool
walk_step(struct walk *w)
{
	return w->codec ? walk_format(w->codec)->step(w) : walk_choose(w);
}

static enum walk_verdict
walk_end(struct walk *w)
{
	w->n_head = 0;
	walk_want(w, WALK_START, walk_format(w->codec)->n_start);
	return WALK_END;
}

enum walk_verdict
walk_on(struct walk *w, const uint8_t *data, size_t n, size_t *n_taken)
{
	size_t at = 0, part;

	if (!w->n_want && w->state == WALK_START)
		w->n_want = 4;
	for (;;) {
		if (w->state == WALK_SCAN)
			return bzip2_scan(w, data, n, at, n_taken);
		part = n - at < w->n_skip ? n - at : (size_t)w->n_skip;
		at += part;
		w->n_skip -= part;
		while (!w->n_skip && w->n_head < w->n_want && at < n)
			w->head[w->n_head++] = data[at++];
		*n_taken = at;
		if (w->n_skip || w->n_head < w->n_want)
			return WALK_MORE;
		if (w->state == WALK_TAIL)
			return walk_end(w);
		if (!walk_step(w))
			return WALK_LOST;
	}
}

/* ---- what a source shows of itself -------------------------------------- */

struct survey {
	uint32_t n_members;  /* that have ended, but for those to be skipped */
	uint32_t n_blocks;   /* of bzip2, that have begun */
	bool is_lost;        /* behind those */
	bool has_more;       /* bytes follow the last that has ended */
	uint64_t most;       /* the largest, decoded */
	uint64_t n_expected; /* of the first, compressed: no more than that */
};

static void
survey_size(struct survey *v, const struct walk *w)
{
	uint64_t n = w->n_decoded;

	if (n == WALK_UNKNOWN)
		n = w->n_window < MEMBERS_UNIT_MOST ? 4 * w->n_window
						    : MEMBERS_UNIT_MOST;
	if (n > v->most)
		v->most = n;
	if (w->n_decoded != WALK_UNKNOWN && !v->n_expected &&
		n < MEMBERS_UNIT_MOST)
		v->n_expected = n + n / 128 + MEMBERS_HEADS;
}

/* pzstd says before every frame how long it is. */
static uint64_t
survey_announced(const struct leat_shape *shape)
{
	const uint8_t *at = shape->sample;

	if (shape->sample_bytes < 12 || walk_number(at, 4) != WALK_SKIPPABLE ||
		walk_number(at + 4, 4) != 4)
		return 0;
	return 12 + walk_number(at + 8, 4);
}

/* Of bzip2 blocks are what counts; a sample may be less than one. */
static void
survey_blocks(struct survey *v, const struct leat_shape *shape)
{
	v->n_members = v->n_blocks;
	v->has_more = shape->total_bytes > shape->sample_bytes;
	v->most = (uint64_t)BZIP2_SHARE * BZIP2_BLOCK_BYTES *
		members_level(shape->sample);
}

static struct survey
survey_take(const struct leat_shape *shape)
{
	struct survey v = {.n_expected = survey_announced(shape)};
	struct walk w = {0};
	size_t at = 0, n = 0;

	while (at < shape->sample_bytes) {
		enum walk_verdict verdict = walk_on(
			&w, shape->sample + at, shape->sample_bytes - at, &n);

		at += n;
		v.is_lost |= verdict == WALK_LOST;
		v.has_more = verdict == WALK_MORE;
		if (w.codec && w.n_decoded &&
			(verdict == WALK_END || w.state == WALK_BLOCK))
			survey_size(&v, &w);
		if (verdict != WALK_END)
			break;
		v.n_members += w.n_decoded > 0;
		v.n_blocks += w.mark == MEMBERS_BLOCK_MARK;
	}
	if (w.mark)
		survey_blocks(&v, shape);
	return v;
}

bool
leat_members_shown(const struct leat_shape *shape)
{
	struct survey v = survey_take(shape);

	if (v.is_lost)
		return false;
	return v.n_members > 1 || (v.n_members && v.has_more) ||
		(v.n_expected && shape->total_bytes > v.n_expected);
}

uint32_t
members_unit_bytes(const struct leat_shape *shape)
{
	struct survey v = survey_take(shape);

	if (v.most < MEMBERS_UNIT_LEAST)
		return MEMBERS_UNIT_LEAST;
	return v.most < MEMBERS_UNIT_MOST ? (uint32_t)v.most
					  : MEMBERS_UNIT_MOST;
}
