/*
 * table/cut_body.h -- where records end, and are they all as long, written
 * once and compiled for each machine.
 *
 * Included behind scan_body.h, with its macros and CUT_NAME, LINES_NAME and
 * COUNT_NAME.
 * Outside of quotes, runs and blocks without quotes take the short way: the cut
 * counts newlines there, and looks where the last one is once it is at its end.
 * What the byte before a block was is looked up there where a block with quotes
 * asks for it.
 * Source: Langdale and Lemire, Parsing gigabytes of JSON per second, 2019.
 */

#ifndef LEAT_SRC_TABLE_CUT_BODY_H
#define LEAT_SRC_TABLE_CUT_BODY_H

#include "table/table.h"

#define CUT_RUN_BYTES  2048  /* at most 255 for each byte of a vector */
#define CUT_SKIP_BYTES 65536 /* most that is not looked at for runs */

/* How far a cut is, and where it has found the last record end. */
struct cut_place {
	uint64_t n_lines;
	uint64_t n_end_lines;
	uint64_t end_bits; /* of the block at end_at; 0: none yet */
	uint32_t end_at;
	uint32_t at;
	uint32_t look_at; /* for runs */
	uint32_t skip;    /* from one look in vain to the next */
	bool is_run;      /* it is the last newline of the run at end_at */
};

/* Where records end in the block in work; bits may be 0, and nobody can foresee
 * whether they are: there is no branch. */
static inline void
cut_end_in(struct cut_place *c, uint64_t bits, uint64_t n_lines)
{
	c->end_bits = bits ? bits : c->end_bits;
	c->end_at = bits ? c->at : c->end_at;
	c->n_end_lines = bits ? n_lines : c->n_end_lines;
	c->is_run = c->is_run & !bits;
}

/* Bits up to the highest one, and with it; bits are not 0. */
static inline uint64_t
cut_up_to(uint64_t bits)
{
	return ~(uint64_t)0 >> __builtin_clzll(bits);
}

#endif

/* Is there no quote in a run of text? Its newlines are counted then. */
SCAN_TARGET static inline bool
cut_is_plain(const uint8_t *text, const struct leat_dialect *dialect,
	uint32_t *n_lines)
{
	scan_bytes quotes = {0}, counts = {0};
	scan_words quoted;

	for (uint32_t at = 0; at < CUT_RUN_BYTES; at += sizeof(scan_bytes)) {
		scan_bytes bytes;

		memcpy(&bytes, text + at, sizeof(bytes));
		quotes |= (scan_bytes)(bytes == dialect->quote);
		counts -= (scan_bytes)(bytes == '\n');
	}
	quoted = (scan_words)quotes;
	if (dialect->quote && (quoted[0] | quoted[1] | quoted[2] | quoted[3]))
		return false;
	*n_lines = scan_sum(&counts);
	return true;
}

/* Behind the last newline of a run that has one. */
SCAN_TARGET static inline uint32_t
cut_run_end(const uint8_t *text)
{
	uint64_t bits = 0;
	uint32_t at = CUT_RUN_BYTES;

	while (!bits) {
		SCAN_BLOCK block = SCAN_LOAD(text + (at -= 64));

		bits = SCAN_EQUAL(block, '\n');
	}
	return at + 64 - (uint32_t)__builtin_clzll(bits);
}

/* Take runs without quotes, outside of quotes; look_at is where to look again.
 * Where there are many quotes they are hardly looked for twice. */
SCAN_TARGET static inline void
cut_take_runs(struct cut_place *c, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes)
{
	uint32_t n;

	while (n_bytes - c->at >= CUT_RUN_BYTES &&
		cut_is_plain(text + c->at, dialect, &n)) {
		if (n) {
			c->is_run = true;
			c->end_at = c->at;
			c->n_lines += n;
			c->n_end_lines = c->n_lines;
		}
		c->at += CUT_RUN_BYTES;
		c->skip = 0;
	}
	c->skip = c->skip ? 2 * c->skip : CUT_RUN_BYTES;
	c->skip = c->skip < CUT_SKIP_BYTES ? c->skip : CUT_SKIP_BYTES;
	c->look_at = n_bytes - c->at > c->skip ? c->at + c->skip : n_bytes;
}

/* Up to look_at. Stops before a block in which a quote is odd: is_odd is set
 * then. */
SCAN_TARGET static inline void
cut_take_blocks(struct leat_scan *scan, struct cut_place *place,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes)
{
	struct leat_scan s = *scan;
	struct cut_place c = *place;
	uint64_t quoting = dialect->quote ? ~(uint64_t)0 : 0;
	bool is_short = false; /* the block before took the short way */

	for (; c.at < c.look_at; c.at += 64) {
		SCAN_BLOCK block = SCAN_LOAD(text + c.at);
		struct scan_block b = {.valid = ~(uint64_t)0, .last = 63};
		uint64_t inside, out, after;

		if (leat__unlikely(n_bytes - c.at < 64)) {
			b.last = n_bytes - c.at - 1;
			b.valid >>= 63 - b.last;
		}
		b.lines = SCAN_EQUAL(block, '\n') & b.valid;
		b.quotes =
			SCAN_EQUAL(block, dialect->quote) & b.valid & quoting;
		if (!(b.quotes | s.in_quotes |
			    (s.after & ~(uint64_t)SCAN_AFTER_DATA))) {
			c.n_lines += (uint32_t)__builtin_popcountll(b.lines);
			cut_end_in(&c, b.lines, c.n_lines);
			is_short = true;
			continue;
		}
		if (is_short)
			s.after = scan_after(dialect, text[c.at - 1]);
		is_short = false;
		b.ends = (SCAN_EQUAL(block, dialect->separator) & b.valid) |
			b.lines;
		after = s.after;
		inside = SCAN_XOR(b.quotes) ^ s.in_quotes;
		if (scan_quotes_are_odd(
			    &s, &b, inside, SCAN_EQUAL(block, '\r'))) {
			s.after = after;
			s.is_odd = LEAT_SCAN_ODD;
			break;
		}
		s.has_quotes |= b.quotes != 0;
		s.in_quotes = (uint64_t)((int64_t)inside >> 63);
		out = b.lines & ~inside;
		if (out)
			cut_end_in(&c, out,
				c.n_lines +
					(uint32_t)__builtin_popcountll(
						b.lines & cut_up_to(out)));
		c.n_lines += (uint32_t)__builtin_popcountll(b.lines);
	}
	if (c.at > n_bytes)
		c.at = n_bytes;
	if (is_short)
		s.after = scan_after(dialect, text[c.at - 1]);
	*scan = s;
	*place = c;
}

/* Stops before a block in which a quote is odd: scan.is_odd is set then. */
SCAN_TARGET uint32_t
CUT_NAME(struct leat_cut *cut, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes)
{
	struct leat_scan *s = &cut->scan;
	struct cut_place c = {
		.n_lines = cut->n_lines, .n_end_lines = cut->n_end_lines};

	while (c.at < n_bytes && !s->is_odd) {
		uint32_t before = c.at;

		c.look_at = c.at + 64 < n_bytes ? c.at + 64 : n_bytes;
		if (!s->in_quotes && !(s->after & ~(uint64_t)SCAN_AFTER_DATA))
			cut_take_runs(&c, dialect, text, n_bytes);
		if (c.at > before)
			s->after = scan_after(dialect, text[c.at - 1]);
		cut_take_blocks(s, &c, dialect, text, n_bytes);
	}
	cut->n_lines = c.n_lines;
	cut->n_end_lines = c.n_end_lines;
	if (c.is_run)
		cut->end = c.end_at + cut_run_end(text + c.end_at);
	else if (c.end_bits)
		cut->end =
			c.end_at + 64 - (uint32_t)__builtin_clzll(c.end_bits);
	return c.at;
}

/* Newlines in a text, where nothing is quoted. */
SCAN_TARGET uint64_t
LINES_NAME(const uint8_t *text, uint32_t n_bytes)
{
	uint64_t n_lines = 0;
	uint32_t at = 0;

	while (n_bytes - at >= sizeof(scan_bytes)) {
		scan_bytes counts = {0};
		uint32_t end = n_bytes - at > CUT_RUN_BYTES ? at + CUT_RUN_BYTES
							    : n_bytes;

		for (; end - at >= sizeof(scan_bytes);
			at += sizeof(scan_bytes)) {
			scan_bytes bytes;

			memcpy(&bytes, text + at, sizeof(bytes));
			counts -= (scan_bytes)(bytes == '\n');
		}
		n_lines += scan_sum(&counts);
	}
	for (; at < n_bytes; at++)
		n_lines += text[at] == '\n';
	return n_lines;
}

/* Separators and records that are counted. */
struct count_place {
	uint64_t n_separators;
	uint64_t n_wanted; /* of them, at the next record end */
	uint64_t step;     /* from one record end to the next */
	uint64_t wrong;    /* not 0: a record end is where it should not be */
	uint32_t n_records;
	uint32_t at;
};

/* The ends of records in the block in work: nobody can foresee whether there is
 * one, so there is no branch, but for a second one. */
SCAN_TARGET static inline void
count_block(struct count_place *p, uint64_t separators, uint64_t lines)
{
	uint64_t left = lines;

	do {
		uint64_t end = left & (0 - left),
			 all = 0 - (uint64_t)(left != 0);

		p->wrong |= all &
			(p->n_wanted ^
				(p->n_separators +
					(uint32_t)__builtin_popcountll(
						separators & (end - 1))));
		p->n_wanted += all & p->step;
		left ^= end;
	} while (leat__unlikely(left));
	p->n_records += (uint32_t)__builtin_popcountll(lines);
	p->n_separators += (uint32_t)__builtin_popcountll(separators);
	p->at += 64;
}

/* Whole blocks without quotes, outside of quotes. */
SCAN_TARGET static inline void
count_take_run(struct count_place *place, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes)
{
	const struct leat_dialect d = *dialect;
	struct count_place p = *place;

	while (n_bytes - p.at >= 64) {
		SCAN_BLOCK block = SCAN_LOAD(text + p.at);

		__builtin_prefetch(text + p.at + SCAN_FETCH);
		if (leat__unlikely(SCAN_HAS(block, d.quote)) && d.quote)
			break;
		count_block(&p, SCAN_EQUAL(block, d.separator),
			SCAN_EQUAL(block, '\n'));
	}
	*place = p;
}

/* One block, with quotes or the last bytes. false: a quote is odd. */
SCAN_TARGET static inline bool
count_take_block(struct count_place *p, struct leat_scan *s,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes)
{
	struct scan_block b;
	uint64_t inside;

	if (!scan_read_block(
		    &b, s, dialect, text + p->at, n_bytes - p->at, &inside))
		return false;
	count_block(p, b.ends & ~b.lines & ~inside, b.lines & ~inside);
	return true;
}

/* false: a record has another number of fields, or a quote is odd. */
SCAN_TARGET bool
COUNT_NAME(const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t n_fields, uint32_t *n_records)
{
	struct leat_scan s = {0};
	struct count_place p = {.n_wanted = n_fields - 1, .step = n_fields - 1};

	while (p.at < n_bytes) {
		uint32_t before = p.at;

		if (scan_is_plain(&s))
			count_take_run(&p, dialect, text, n_bytes);
		if (p.at > before)
			s.after = scan_after(dialect, text[p.at - 1]);
		else if (!count_take_block(&p, &s, dialect, text, n_bytes))
			return false;
	}
	*n_records = p.n_records;
	return !p.wrong;
}
