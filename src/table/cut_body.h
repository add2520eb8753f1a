/*
 * table/cut_body.h -- where records end, and are they all as long, written
 * once and compiled for each machine.
 *
 * Included behind scan_body.h, with its macros and CUT_NAME and COUNT_NAME.
 * Blocks without quotes, outside of quotes, take the short way: the cut looks
 * for newlines only. What the byte before a block was is looked up there where
 * a block with quotes asks for it.
 * Source: Langdale and Lemire, Parsing gigabytes of JSON per second, 2019.
 */

#ifndef LEAT_SRC_TABLE_CUT_BODY_H
#define LEAT_SRC_TABLE_CUT_BODY_H

#include "table/table.h"

/* What scan_quotes_are_odd() is to know of a block without quotes. */
static inline uint64_t
cut_after(const struct leat_dialect *dialect, uint8_t byte)
{
	return byte == '\n' || byte == dialect->separator ? 0 : SCAN_AFTER_DATA;
}

/* Bits up to the highest one, and with it; bits are not 0. */
static inline uint64_t
cut_up_to(uint64_t bits)
{
	return ~(uint64_t)0 >> __builtin_clzll(bits);
}

#endif

/* Stops before a block in which a quote is odd: scan.is_odd is set then. */
SCAN_TARGET uint32_t
CUT_NAME(struct leat_cut *cut, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes)
{
	struct leat_scan s = cut->scan;
	uint64_t quoting = dialect->quote ? ~(uint64_t)0 : 0;
	uint64_t n_lines = cut->n_lines, n_end_lines = cut->n_end_lines;
	uint64_t end_bits = 0;
	uint32_t end_at = 0, at;
	bool is_short = false; /* the block before took the short way */

	for (at = 0; at < n_bytes; at += 64) {
		SCAN_BLOCK block = SCAN_LOAD(text + at);
		struct scan_block b = {.valid = ~(uint64_t)0, .last = 63};
		uint64_t inside, out;

		if (leat__unlikely(n_bytes - at < 64)) {
			b.last = n_bytes - at - 1;
			b.valid >>= 63 - b.last;
		}
		b.lines = SCAN_EQUAL(block, '\n') & b.valid;
		b.quotes =
			SCAN_EQUAL(block, dialect->quote) & b.valid & quoting;
		if (!(b.quotes | s.in_quotes |
			    (s.after & ~(uint64_t)SCAN_AFTER_DATA))) {
			n_lines += (uint32_t)__builtin_popcountll(b.lines);
			end_bits = b.lines ? b.lines : end_bits;
			end_at = b.lines ? at : end_at;
			n_end_lines = b.lines ? n_lines : n_end_lines;
			is_short = true;
			continue;
		}
		if (is_short)
			s.after = cut_after(dialect, text[at - 1]);
		is_short = false;
		b.ends = (SCAN_EQUAL(block, dialect->separator) & b.valid) |
			b.lines;
		cut->scan.after = s.after;
		inside = SCAN_XOR(b.quotes) ^ s.in_quotes;
		if (scan_quotes_are_odd(
			    &s, &b, inside, SCAN_EQUAL(block, '\r'))) {
			s.after = cut->scan.after;
			s.is_odd = LEAT_SCAN_ODD;
			break;
		}
		s.has_quotes |= b.quotes != 0;
		s.in_quotes = (uint64_t)((int64_t)inside >> 63);
		out = b.lines & ~inside;
		if (out) {
			end_bits = out;
			end_at = at;
			n_end_lines = n_lines +
				(uint32_t)__builtin_popcountll(
					b.lines & cut_up_to(out));
		}
		n_lines += (uint32_t)__builtin_popcountll(b.lines);
	}
	if (at > n_bytes)
		at = n_bytes;
	if (is_short)
		s.after = cut_after(dialect, text[at - 1]);
	cut->scan = s;
	cut->n_lines = n_lines;
	cut->n_end_lines = n_end_lines;
	if (end_bits)
		cut->end = end_at + 64 - (uint32_t)__builtin_clzll(end_bits);
	return at;
}

/* false: a record has another number of fields, or a quote is odd. */
SCAN_TARGET bool
COUNT_NAME(const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t n_fields, uint32_t *n_records)
{
	struct leat_scan s = {0};
	uint64_t quoting = dialect->quote ? ~(uint64_t)0 : 0;
	/* separators so far, and how many there are to be at the next end */
	uint64_t n_separators = 0, n_wanted = n_fields - 1, wrong = 0;
	uint32_t n = 0;

	for (uint32_t at = 0; at < n_bytes; at += 64) {
		SCAN_BLOCK block = SCAN_LOAD(text + at);
		struct scan_block b = {.valid = ~(uint64_t)0, .last = 63};
		uint64_t separators;

		if (leat__unlikely(n_bytes - at < 64)) {
			b.last = n_bytes - at - 1;
			b.valid >>= 63 - b.last;
		}
		b.lines = SCAN_EQUAL(block, '\n') & b.valid;
		separators = SCAN_EQUAL(block, dialect->separator) & b.valid;
		b.quotes =
			SCAN_EQUAL(block, dialect->quote) & b.valid & quoting;
		if (b.quotes | s.in_quotes |
			(s.after & ~(uint64_t)SCAN_AFTER_DATA)) {
			uint64_t inside = SCAN_XOR(b.quotes) ^ s.in_quotes;

			b.ends = separators | b.lines;
			if (scan_quotes_are_odd(
				    &s, &b, inside, SCAN_EQUAL(block, '\r')))
				return false;
			s.in_quotes = (uint64_t)((int64_t)inside >> 63);
			separators &= ~inside;
			b.lines &= ~inside;
		} else {
			s.after = ~((separators | b.lines) >> b.last) & 1;
		}
		for (uint64_t left = b.lines; left; left &= left - 1) {
			uint64_t before = (left & (0 - left)) - 1;

			wrong |= n_wanted ^
				(n_separators +
					(uint32_t)__builtin_popcountll(
						separators & before));
			n_wanted += n_fields - 1;
		}
		n += (uint32_t)__builtin_popcountll(b.lines);
		n_separators += (uint32_t)__builtin_popcountll(separators);
	}
	*n_records = n;
	return !wrong;
}
