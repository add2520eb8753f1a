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

SCAN_TARGET uint32_t
SCAN_NAME(struct leat_scan *scan, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t base, uint32_t *out,
	uint32_t n_max, uint32_t *n_scanned)
{
	struct leat_scan s = *scan;
	uint64_t quoting = dialect->quote ? ~(uint64_t)0 : 0;
	uint32_t *o = out;
	uint32_t *o_end = n_max < 64 ? out : out + (n_max - 63);
	uint32_t at;

	for (at = 0; at < n_bytes && o < o_end; at += 64) {
		SCAN_BLOCK block = SCAN_LOAD(text + at);
		struct scan_block b = {.valid = ~(uint64_t)0, .last = 63};
		uint64_t bits;

		if (leat__unlikely(n_bytes - at < 64)) {
			b.last = n_bytes - at - 1;
			b.valid >>= 63 - b.last;
		}
		b.lines = SCAN_EQUAL(block, '\n') & b.valid;
		b.ends = (SCAN_EQUAL(block, dialect->separator) & b.valid) |
			b.lines;
		b.quotes =
			SCAN_EQUAL(block, dialect->quote) & b.valid & quoting;
		bits = b.ends;
		if (b.quotes | s.in_quotes |
			(s.after & ~(uint64_t)SCAN_AFTER_DATA)) {
			uint64_t inside = SCAN_XOR(b.quotes) ^ s.in_quotes;

			if (scan_quotes_are_odd(
				    &s, &b, inside, SCAN_EQUAL(block, '\r'))) {
				s.is_odd = LEAT_SCAN_ODD;
				break;
			}
			s.has_quotes |= b.quotes != 0;
			s.in_quotes = (uint64_t)((int64_t)inside >> 63);
			s.n_quoted_lines += (uint32_t)__builtin_popcountll(
				b.lines & inside);
			bits &= ~inside;
			b.lines &= ~inside;
		} else {
			s.after = ~(b.ends >> b.last) & 1;
		}
		s.n_lines += (uint32_t)__builtin_popcountll(b.lines);
		o = SCAN_WRITE(bits, base + at, o);
	}
	*scan = s;
	*n_scanned = at < n_bytes ? at : n_bytes;
	return (uint32_t)(o - out);
}
