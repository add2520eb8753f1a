/*
 * table/scan_body.h -- the scan, written once and compiled for each machine.
 *
 * The including file defines SCAN_NAME, SCAN_TARGET, and for a block of 64
 * bytes SCAN_BLOCK (its type), SCAN_LOAD(pointer), SCAN_EQUAL(block, byte) and
 * SCAN_XOR(bits): bit k = xor of bits 0 to k. All results are 64 bit masks with
 * bit k = byte k, so every version writes the same offsets.
 * Source: Langdale and Lemire, Parsing gigabytes of JSON per second, 2019.
 */

#ifndef LEAT_SRC_TABLE_SCAN_BODY_H
#define LEAT_SRC_TABLE_SCAN_BODY_H

#include <string.h>

#include "table/table.h"

/* Bits of leat_scan.after; 0 = the start of a record. */
#define SCAN_AFTER_DATA     1u /* the last byte cannot precede a quote */
#define SCAN_AFTER_CLOSE    2u /* it was a closing quote */
#define SCAN_AFTER_CLOSE_CR 4u /* it was CR behind a closing quote */

/* Masks of one block, cut to the bytes that are text. */
struct scan_block {
	uint64_t ends;  /* separators and newlines */
	uint64_t lines; /* newlines */
	uint64_t quotes;
	uint64_t valid;
	uint32_t last; /* number of the last byte that is text */
};

#define SCAN_RUN_BLOCKS 127  /* a lane counts two newlines of each at most */
#define SCAN_FETCH      2048 /* bytes to be asked for early: another core's */

typedef uint8_t scan_bytes __attribute__((vector_size(32)));
typedef uint64_t scan_words __attribute__((vector_size(32)));

/* How far a scan is. */
struct scan_place {
	uint32_t *o;
	uint32_t *o_end; /* a block's ends have room where it begins before */
	uint32_t base;
	uint32_t at;
	uint32_t n_lines;
};

/* What scan_quotes_are_odd() is to know of a block without quotes. */
static inline uint64_t
scan_after(const struct leat_dialect *dialect, uint8_t byte)
{
	return byte == '\n' || byte == dialect->separator ? 0 : SCAN_AFTER_DATA;
}

/*
 * Is a quote where RFC 4180 has none? One opens only at the start of a field
 * or right behind one that closes; behind one that closes come a quote, a
 * separator, or a line end.
 */
static inline bool
scan_quotes_are_odd(struct leat_scan *scan, const struct scan_block *b,
	uint64_t inside, uint64_t returns)
{
	uint64_t open = b->quotes & inside;
	uint64_t close = b->quotes & ~inside;
	uint64_t may_open =
		((b->ends | b->quotes) << 1) | !(scan->after & SCAN_AFTER_DATA);
	uint64_t behind = (close << 1) | !!(scan->after & SCAN_AFTER_CLOSE);
	uint64_t cr = behind & returns;
	uint64_t behind_cr = (cr << 1) | !!(scan->after & SCAN_AFTER_CLOSE_CR);
	uint64_t bad = open & ~may_open;

	bad |= behind & ~(b->ends | b->quotes | returns);
	bad |= behind_cr & ~b->lines;
	scan->after = (~((b->ends | b->quotes) >> b->last) & 1) |
		(((close >> b->last) & 1) << 1) | (((cr >> b->last) & 1) << 2);
	return bad & b->valid;
}

#endif

/* All that was counted in the lanes. */
SCAN_TARGET static inline uint32_t
scan_sum(const scan_bytes *counts)
{
	const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);
	scan_words words = (scan_words)*counts;
	scan_words sums = (words & even) + (words >> 8 & even);
	uint32_t n = 0;

	for (uint32_t k = 0; k < 4; k++)
		n += (uint32_t)(sums[k] * UINT64_C(0x0001000100010001) >> 48);
	return n;
}

/* Is a byte either of two? Bit k = byte k. */
#ifndef SCAN_EITHER
#define SCAN_EITHER(block, a, b) (SCAN_EQUAL(block, a) | SCAN_EQUAL(block, b))
#endif
/* Is any byte this one? */
#ifndef SCAN_HAS
#define SCAN_HAS(block, byte) (SCAN_EQUAL(block, byte) != 0)
#endif

/* Outside of quotes, behind a byte that is no quote. */
SCAN_TARGET static inline bool
scan_is_plain(const struct leat_scan *s)
{
	return !s->in_quotes && !(s->after & ~(uint64_t)SCAN_AFTER_DATA);
}

/*
 * Whole blocks without quotes, outside of quotes, which nearly all are: the
 * ends are written, and the newlines are counted in lanes. Stops before a block
 * that is not so, behind SCAN_RUN_BLOCKS, or where the ends have no room.
 */
SCAN_TARGET static inline void
scan_take_run(struct scan_place *place, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes)
{
	const struct leat_dialect d = *dialect;
	struct scan_place p = *place;
	uint32_t end = n_bytes & ~(uint32_t)63;
	scan_bytes counts = {0};

	if (end - p.at > SCAN_RUN_BLOCKS * 64)
		end = p.at + SCAN_RUN_BLOCKS * 64;
	for (; p.at < end && p.o < p.o_end; p.at += 64) {
		SCAN_BLOCK block = SCAN_LOAD(text + p.at);
		scan_bytes low, high;

		__builtin_prefetch(text + p.at + SCAN_FETCH);
		if (leat__unlikely(SCAN_HAS(block, d.quote)) && d.quote)
			break;
		memcpy(&low, text + p.at, sizeof(low));
		memcpy(&high, text + p.at + sizeof(low), sizeof(high));
		counts -= (scan_bytes)(low == '\n');
		counts -= (scan_bytes)(high == '\n');
		p.o = SCAN_WRITE(SCAN_EITHER(block, '\n', d.separator),
			p.base + p.at, p.o);
	}
	if (p.at > place->at)
		p.n_lines += scan_sum(&counts);
	*place = p;
}

/* The masks of a block of n_bytes, or of its first 64, and which bytes are in
 * quotes. false: a quote is odd. */
SCAN_TARGET static inline bool
scan_read_block(struct scan_block *b, struct leat_scan *s,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint64_t *inside)
{
	SCAN_BLOCK block = SCAN_LOAD(text);

	*b = (struct scan_block){.valid = ~(uint64_t)0, .last = 63};
	if (n_bytes < 64) {
		b->last = n_bytes - 1;
		b->valid >>= 63 - b->last;
	}
	b->lines = SCAN_EQUAL(block, '\n') & b->valid;
	b->ends = (SCAN_EQUAL(block, dialect->separator) & b->valid) | b->lines;
	if (dialect->quote)
		b->quotes = SCAN_EQUAL(block, dialect->quote) & b->valid;
	*inside = SCAN_XOR(b->quotes) ^ s->in_quotes;
	if (scan_quotes_are_odd(s, b, *inside, SCAN_EQUAL(block, '\r')))
		return false;
	s->has_quotes |= b->quotes != 0;
	s->in_quotes = (uint64_t)((int64_t)*inside >> 63);
	return true;
}

/* One block, with quotes or the last bytes. false: a quote is odd. */
SCAN_TARGET static inline bool
scan_take_block(struct scan_place *p, struct leat_scan *s,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes)
{
	struct scan_block b;
	uint64_t inside;

	if (!scan_read_block(
		    &b, s, dialect, text + p->at, n_bytes - p->at, &inside)) {
		s->is_odd = LEAT_SCAN_ODD;
		return false;
	}
	s->n_quoted_lines += (uint32_t)__builtin_popcountll(b.lines & inside);
	p->n_lines += (uint32_t)__builtin_popcountll(b.lines & ~inside);
	p->o = SCAN_WRITE(b.ends & ~inside, p->base + p->at, p->o);
	p->at += 64;
	return true;
}

SCAN_TARGET uint32_t
SCAN_NAME(struct leat_scan *scan, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t base, uint32_t *out,
	uint32_t n_max, uint32_t *n_scanned)
{
	struct leat_scan s = *scan;
	struct scan_place p = {.o = out,
		.o_end = n_max < 64 ? out : out + (n_max - 63),
		.base = base};

	while (p.at < n_bytes && p.o < p.o_end) {
		uint32_t before = p.at;

		if (scan_is_plain(&s))
			scan_take_run(&p, dialect, text, n_bytes);
		if (p.at > before)
			s.after = scan_after(dialect, text[p.at - 1]);
		else if (!scan_take_block(&p, &s, dialect, text, n_bytes))
			break;
	}
	s.n_lines += p.n_lines;
	*scan = s;
	*n_scanned = p.at < n_bytes ? p.at : n_bytes;
	return (uint32_t)(p.o - out);
}
