/*
 * stages/filter/decode_blocks.c -- the pieces of a bzip2 file, in order: blocks
 * that workers have decoded, and bits.
 *
 * Keeps: what comes out is what one decoder alone makes of the file, and its
 * last checksum is verified, whatever looked like a mark and was none. A block
 * of bits is decoded here, from as many pieces as it takes: libbz2 gives
 * nothing before it has read all of a block. So when the next piece begins it
 * is shown that one's mark; if bytes have come then, the block has ended there
 * and the mark was one, else what comes belongs to the block.
 * One thread at a time.
 */
#include <string.h>

#include "decode.h"

#define BLOCKS_DAMAGED "a checksum is wrong, the data are damaged"
#define BLOCKS_NESTED                                                          \
	"a block holds what looks like a whole one, or the data are damaged; " \
	"parallel=off may read it"
#define BLOCKS_HEAD_BITS  32
#define BLOCKS_END_BITS   (MEMBERS_MARK_BITS + 32)
#define BLOCKS_SHOWN_BITS (MEMBERS_MARK_BITS + 8) /* a mark in whole bytes */
#define BLOCKS_CRC_AT     6                       /* bytes before it */

static uint64_t
blocks_bytes(uint64_t n_bits)
{
	return (n_bits + 7) / 8;
}

/* ---- bits --------------------------------------------------------------- */

/* 1 to 8 of them; behind every frame there is slack. */
static uint32_t
blocks_get(const uint8_t *data, uint64_t at, uint32_t n)
{
	uint32_t two = (uint32_t)data[at / 8] << 8 | data[at / 8 + 1];

	return two >> (16 - at % 8 - n) & ((1u << n) - 1);
}

/* Up to 8 of them; no more than a byte comes of that. */
static void
blocks_put(struct decode_blocks *b, uint32_t bits, uint32_t n)
{
	uint8_t byte;

	b->carry = b->carry << n | bits;
	b->n_carry += n;
	if (b->n_carry < 8)
		return;
	b->n_carry -= 8;
	byte = (uint8_t)(b->carry >> b->n_carry);
	b->carry &= (1u << b->n_carry) - 1;
	b->feed[b->n_feed++] = byte;
	if (b->n_block >= BLOCKS_CRC_AT && b->n_block < BLOCKS_CRC_AT + 4)
		b->block_crc = b->block_crc << 8 | byte;
	b->n_block++;
}

/* Bytes for the decoder, up to a bit of the frame. */
static void
blocks_refill(struct decode_blocks *b, const uint8_t *data, uint64_t until)
{
	while (b->n_feed < BLOCKS_FEED_BYTES && b->at < until) {
		uint32_t n = 8 - b->n_carry;

		if (until - b->at < n)
			n = (uint32_t)(until - b->at);
		blocks_put(b, blocks_get(data, b->at, n), n);
		b->at += n;
	}
}

/* The decoder gets the bits up to there. 1: the open frame is full. */
static int
blocks_feed(struct leat_stage *st, struct decode *s,
	const struct leat_frame *in, uint64_t until)
{
	struct decode_blocks *b = &s->blocks;
	int rc;

	do {
		struct codec_io io;
		uint64_t n_out = s->n_out;

		if (b->feed_at == b->n_feed) {
			b->feed_at = b->n_feed = 0;
			blocks_refill(b, in->data, until);
		}
		io = (struct codec_io){.in = b->feed + b->feed_at,
			.n_in = b->n_feed - b->feed_at};
		rc = decode_fill(st, s, &io);
		b->feed_at = b->n_feed - (uint32_t)io.n_in;
		b->has_given |= s->n_out > n_out;
	} while (rc == LEAT_OK && b->at < until);
	return rc;
}

/* ---- blocks ------------------------------------------------------------- */

static int
blocks_open(struct leat_stage *st, struct decode *s)
{
	return s->decoder ? LEAT_OK : decode_open_codec(st, s);
}

/* Nothing of it is in feed yet. */
static void
blocks_clear(struct decode_blocks *b)
{
	b->carry = b->n_carry = 0;
	b->feed_at = b->n_feed = 0;
	b->block_crc = b->n_block = 0;
	b->has_given = 0;
}

/* A block is to be decoded here, as the first of a stream of its own. */
static int
blocks_begin(struct leat_stage *st, struct decode *s)
{
	struct decode_blocks *b = &s->blocks;

	decode_close_codec(s);
	blocks_clear(b);
	memcpy(b->feed, "BZh", 3);
	b->feed[3] = (uint8_t)('0' + b->level);
	b->n_feed = BLOCKS_HEAD_BITS / 8;
	s->n_in -= BLOCKS_HEAD_BITS / 8; /* which the file does not have */
	b->mode = BLOCKS_IN;
	return blocks_open(st, s);
}

static void
blocks_add(struct decode_blocks *b, uint32_t crc)
{
	b->crc = (b->crc << 1 | b->crc >> 31) ^ crc;
	b->mode = BLOCKS_AT;
}

/* The block has ended before this piece. */
static void
blocks_close(struct decode *s)
{
	struct decode_blocks *b = &s->blocks;

	decode_close_codec(s);
	blocks_add(b, b->block_crc);
	blocks_clear(b);
	b->is_question = 0;
}

/* The block in hand is shown the mark of the piece. */
static int
blocks_ask(struct leat_stage *st, struct decode *s, const struct leat_frame *in,
	uint64_t until)
{
	struct decode_blocks *b = &s->blocks;
	uint32_t begin = members_head(in)->bit_at;
	uint64_t shown = begin + BLOCKS_SHOWN_BITS;
	int rc = blocks_feed(st, s, in, shown < until ? shown : until);

	if (rc != LEAT_OK)
		return rc;
	b->is_question = 0;
	if (!b->has_given)
		return LEAT_OK;
	blocks_close(s);
	b->at = begin;
	return LEAT_OK;
}

/* ---- the beginning and the end of a stream ------------------------------ */

/* The end is complete. What follows it begins with a whole byte. */
static int
blocks_end_stream(struct leat_stage *st, struct decode *s,
	const struct leat_frame *in, uint64_t until)
{
	struct decode_blocks *b = &s->blocks;
	uint64_t bit = b->n_bits + b->at - members_head(in)->bit_at;

	s->n_in = blocks_bytes(bit);
	if ((uint32_t)b->end != b->crc)
		return decode_fail_bad(st, s, BLOCKS_DAMAGED);
	s->is_open = 0;
	s->n_members++;
	b->mode = BLOCKS_BYTES;
	b->at += 8 * s->n_in - bit;
	if (b->at > until)
		b->at = until;
	return LEAT_OK;
}

static int
blocks_end(struct leat_stage *st, struct decode *s, const struct leat_frame *in,
	uint64_t until)
{
	struct decode_blocks *b = &s->blocks;

	for (; b->n_end < BLOCKS_END_BITS && b->at < until; b->n_end++)
		b->end = b->end << 1 | blocks_get(in->data, b->at++, 1);
	return b->n_end < BLOCKS_END_BITS ? LEAT_OK
					  : blocks_end_stream(st, s, in, until);
}

/* Is the rest of the piece the head of a stream, and nothing else? */
static bool
blocks_begin_stream(
	struct decode *s, const struct leat_frame *in, uint64_t until)
{
	struct decode_blocks *b = &s->blocks;
	uint8_t head[BLOCKS_HEAD_BITS / 8];

	if (s->is_open || until - b->at != BLOCKS_HEAD_BITS)
		return false;
	for (uint32_t k = 0; k < sizeof(head); k++)
		head[k] = (uint8_t)blocks_get(in->data, b->at + 8 * k, 8);
	b->level = members_level(head);
	if (!b->level)
		return false;
	s->member_at = s->n_in;
	s->is_open = 1;
	b->crc = 0;
	b->at = until;
	b->mode = BLOCKS_AT;
	return true;
}

/* What is no stream, or not yet: the decoder says what is wrong. */
static int
blocks_show(struct leat_stage *st, struct decode *s,
	const struct leat_frame *in, uint64_t until)
{
	int rc;

	if (s->blocks.at == until || blocks_begin_stream(s, in, until))
		return LEAT_OK;
	rc = blocks_open(st, s);
	return rc < 0 ? rc : blocks_feed(st, s, in, until);
}

/* ---- pieces ------------------------------------------------------------- */

/* A mark stands where a block or the end of the stream does begin. */
static int
blocks_begin_piece(struct leat_stage *st, struct decode *s, uint32_t mark)
{
	struct decode_blocks *b = &s->blocks;

	s->n_in = blocks_bytes(b->n_bits);
	if (mark == MEMBERS_BLOCK_MARK)
		return blocks_begin(st, s);
	b->mode = BLOCKS_END;
	b->n_end = 0;
	return LEAT_OK;
}

static int
blocks_piece(struct leat_stage *st, struct decode *s,
	const struct leat_frame *in, uint64_t until)
{
	struct decode_blocks *b = &s->blocks;
	int rc = b->is_question ? blocks_ask(st, s, in, until) : LEAT_OK;

	if (rc == LEAT_OK && b->mode == BLOCKS_AT)
		rc = blocks_begin_piece(st, s, members_head(in)->mark);
	if (rc == LEAT_OK && b->mode == BLOCKS_IN)
		rc = blocks_feed(st, s, in, until);
	if (rc == LEAT_OK && b->mode == BLOCKS_END)
		rc = blocks_end(st, s, in, until);
	if (rc == LEAT_OK && b->mode == BLOCKS_BYTES)
		rc = blocks_show(st, s, in, until);
	return rc;
}

int
decode_bits(struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	const struct members_head *head = members_head(in);
	struct decode_blocks *b = &s->blocks;
	int rc;

	if (!b->is_begun) {
		b->is_begun = 1;
		b->at = head->bit_at;
		b->is_question = b->mode == BLOCKS_IN && head->mark;
	}
	rc = blocks_piece(st, s, in, head->bit_at + head->n_bits);
	if (rc < 0)
		return rc;
	if (rc == 1)
		return decode_emit_for(st, s, in);
	b->is_begun = 0;
	b->n_bits += head->n_bits;
	if (b->mode != BLOCKS_IN)
		s->n_in = blocks_bytes(b->n_bits);
	return decode_end(st, s, in);
}

/* ---- blocks that workers have decoded ----------------------------------- */

/* A mark, and as many bits as make its last ones a byte. */
static void
blocks_put_mark(struct decode_blocks *b)
{
	b->feed_at = b->n_feed = 0;
	for (uint32_t k = MEMBERS_MARK_BITS; k > 0; k -= 8)
		blocks_put(b, MEMBERS_BLOCK_IS >> (k - 8) & 255, 8);
	blocks_put(b, 0, 8);
}

/* The block in hand is shown the mark that this one began with. */
static int
blocks_ask_before(
	struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	struct decode_blocks *b = &s->blocks;
	int rc;

	if (!b->is_question)
		blocks_put_mark(b);
	b->is_question = 1;
	rc = blocks_feed(st, s, in, b->at);
	if (rc == 1)
		return decode_emit_for(st, s, in);
	if (rc < 0)
		return rc;
	if (!b->has_given)
		return decode_fail_bad(st, s, BLOCKS_NESTED);
	blocks_close(s);
	return LEAT_OK;
}

int
decode_block_comes(
	struct leat_stage *st, struct decode *s, struct leat_frame *in)
{
	const struct members_head *head = members_head(in);
	struct decode_blocks *b = &s->blocks;
	int rc = LEAT_OK;

	if (!head->n_bits)
		return LEAT_OK; /* more of the one before */
	if (b->mode == BLOCKS_IN)
		rc = blocks_ask_before(st, s, in);
	if (rc == LEAT_OK && b->mode == BLOCKS_BYTES)
		return decode_fail_alien(st, s);
	if (rc == LEAT_OK && (b->mode != BLOCKS_AT || b->level != head->level))
		return decode_fail_bad(st, s, BLOCKS_NESTED);
	return rc;
}

void
decode_block_passes(struct decode *s, const struct members_head *head)
{
	struct decode_blocks *b = &s->blocks;

	if (!head->n_bits)
		return;
	blocks_add(b, head->crc);
	b->n_bits += head->n_bits;
	s->n_in = blocks_bytes(b->n_bits);
}
