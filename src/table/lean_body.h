/*
 * table/lean_body.h -- the first fields of every record, and its end, written
 * once and compiled for each machine.
 *
 * Included behind cut_body.h, with its macros and LEAN_NAME. First the records
 * are gone over as for counting, and their ends are put where they belong; then
 * from the beginning of each, which is known now, its first separators are
 * looked for. So no record waits for the one before, and what stands behind
 * the first fields is looked at once.
 * Keeps: only text whose records all have n_fields fields, with quotes where
 * RFC 4180 has them, is told of.
 */

#ifndef LEAT_SRC_TABLE_LEAN_BODY_H
#define LEAT_SRC_TABLE_LEAN_BODY_H

#include "table/table.h"

#define LEAN_AHEAD      8 /* entries that notes are in front of their rows */
#define LEAN_ROOM(step) (64 * (step) + LEAN_AHEAD + 2) /* kept for a block */

/*
 * Where notes of records go, two entries each: how many separators there were
 * up to its end, and that. They stand where no row in front of theirs is ever
 * written, with as much as eight entries more than it has.
 */
struct lean_place {
	uint32_t *note;
	uint32_t step; /* entries of a row */
	uint32_t n_separators;
	uint32_t at;
};

#endif

/* The ends of records in a block, which has room for them. Nobody can foresee
 * whether it has one, so there is no branch, but for a second one. */
SCAN_TARGET static inline void
lean_block(struct lean_place *p, uint64_t separators, uint64_t lines)
{
	uint32_t *note = p->note;
	uint64_t left = lines;

	do {
		uint64_t up_to = left ^ (left - 1);

		note[0] = p->n_separators +
			(uint32_t)__builtin_popcountll(separators & up_to);
		note[1] = p->at + (uint32_t)__builtin_popcountll(up_to) - 1;
		note += left ? p->step : 0;
		left &= left - 1;
	} while (leat__unlikely(left));
	p->note = note;
	p->n_separators += (uint32_t)__builtin_popcountll(separators);
	p->at += 64;
}

/* Whole blocks without quotes, outside of quotes. */
SCAN_TARGET static inline void
lean_take_run(struct lean_place *place, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, const uint32_t *room)
{
	const struct leat_dialect d = *dialect;
	struct lean_place p = *place;

	while (n_bytes - p.at >= 64 && p.note < room) {
		SCAN_BLOCK block = SCAN_LOAD(text + p.at);

		__builtin_prefetch(text + p.at + SCAN_FETCH);
		if (leat__unlikely(SCAN_HAS(block, d.quote)) && d.quote)
			break;
		lean_block(&p, SCAN_EQUAL(block, d.separator),
			SCAN_EQUAL(block, '\n'));
	}
	*place = p;
}

/* One block, with quotes or the last bytes. false: a quote is odd. */
SCAN_TARGET static inline bool
lean_take_block(struct lean_place *p, struct leat_scan *s,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes)
{
	struct scan_block b;
	uint64_t inside;

	if (!scan_read_block(
		    &b, s, dialect, text + p->at, n_bytes - p->at, &inside))
		return false;
	lean_block(p, b.ends & ~b.lines & ~inside, b.lines & ~inside);
	return true;
}

/* Where records end, as many as have room. false: a quote is odd. */
SCAN_TARGET static inline bool
lean_find_records(struct leat_lean *lean, struct leat_scan *s,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t *out, uint32_t n_max)
{
	uint32_t step = lean->n_kept + 1;
	uint32_t *first = out + LEAN_AHEAD;
	struct lean_place p = {.note = first, .step = step};
	const uint32_t *room = out + n_max - LEAN_ROOM(step);

	while (p.at < n_bytes && p.note < room) {
		uint32_t before = p.at;

		if (scan_is_plain(s))
			lean_take_run(&p, dialect, text, n_bytes, room);
		if (p.at > before)
			s->after = scan_after(dialect, text[p.at - 1]);
		else if (!lean_take_block(&p, s, dialect, text, n_bytes))
			return false;
	}
	lean->n_records = (uint32_t)(p.note - first) / step;
	return true;
}

/* The first separators of the record that begins at `at`, whatever they are. */
SCAN_TARGET static inline void
lean_find_any(const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t at, uint32_t *out, uint32_t n)
{
	const uint32_t *end = out + n;
	uint64_t in_quotes = 0;

	for (; out < end; at += 64) {
		SCAN_BLOCK block = SCAN_LOAD(text + at);
		uint64_t ends = SCAN_EQUAL(block, dialect->separator);
		uint64_t quotes =
			dialect->quote ? SCAN_EQUAL(block, dialect->quote) : 0;
		uint64_t inside = SCAN_XOR(quotes) ^ in_quotes;

		for (ends &= ~inside; ends && out < end; ends &= ends - 1)
			*out++ = at + (uint32_t)__builtin_ctzll(ends);
		in_quotes = (uint64_t)((int64_t)inside >> 63);
	}
}

/* So many, be they wanted or not. */
SCAN_TARGET static inline void
lean_write(uint64_t ends, uint32_t at, uint32_t *out, uint32_t n)
{
#pragma GCC unroll 8
	for (uint32_t k = 0; k < n; k++) {
		out[k] = at +
			(uint32_t)__builtin_ctzll(ends | (uint64_t)1 << 63);
		ends &= ends - 1;
	}
}

/* Nearly always they are in its first 64 bytes, which have no quote. */
SCAN_TARGET static inline void
lean_find_fields(const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t at, uint32_t *out, uint32_t n)
{
	SCAN_BLOCK block = SCAN_LOAD(text + at);
	uint64_t ends = SCAN_EQUAL(block, dialect->separator);

	if (leat__unlikely(n > 8) ||
		leat__unlikely((uint32_t)__builtin_popcountll(ends) < n) ||
		(leat__unlikely(SCAN_HAS(block, dialect->quote)) &&
			dialect->quote))
		lean_find_any(dialect, text, at, out, n);
	else if (n > 4)
		lean_write(ends, at, out, 8);
	else
		lean_write(ends, at, out, 4);
}

SCAN_TARGET bool
LEAN_NAME(struct leat_lean *lean, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t *out, uint32_t n_max)
{
	const struct leat_dialect d = *dialect;
	uint32_t n = lean->n_kept, at = 0, n_wanted = 0;
	struct leat_scan s = {0};

	if (n_max <= LEAN_ROOM((size_t)n + 1) ||
		!lean_find_records(lean, &s, &d, text, n_bytes, out, n_max))
		return false;
	for (uint32_t k = lean->n_records; k; k--) {
		const uint32_t *note = out + LEAN_AHEAD;
		uint32_t end = note[1];

		n_wanted += lean->n_fields - 1;
		/* else it may not have as many as are looked for */
		if (leat__unlikely(note[0] != n_wanted))
			return false;
		lean_find_fields(&d, text, at, out, n);
		out[n] = end;
		out += n + 1;
		at = end + 1;
	}
	lean->n_taken = at;
	lean->has_quotes = s.has_quotes;
	return true;
}
