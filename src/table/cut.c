/*
 * table/cut.c -- where records end, in pieces of a text.
 *
 * The fast cut runs until a quote is odd; then the exact one runs from there to
 * the next record end, and hands back. Both are in the same state before a
 * block without odd quotes, so the state of one is that of the other.
 * Any thread; no state but the caller's.
 */
#include "table/scan_exact.h"

/* Bits of leat_scan.after that the fast cut leaves, as scan_body.h has them. */
#define CUT_AFTER_DATA     1u
#define CUT_AFTER_CLOSE    2u
#define CUT_AFTER_CLOSE_CR 4u

/* From the state of the fast cut to that of the exact one. */
static void
cut_begin_exact(struct leat_cut *cut)
{
	uint64_t after = cut->scan.after;

	cut->is_exact = 1;
	cut->scan.is_odd = 0;
	cut->scan.after = cut->scan.in_quotes ? EXACT_QUOTED
		: after & CUT_AFTER_CLOSE     ? EXACT_CLOSED
		: after & CUT_AFTER_CLOSE_CR  ? EXACT_RETURN
		: after & CUT_AFTER_DATA      ? EXACT_PLAIN
					      : EXACT_START;
}

/* At a record end: the state is that of the start of a record. */
static void
cut_end_exact(struct leat_cut *cut, uint32_t end)
{
	cut->is_exact = 0;
	cut->scan.after = 0;
	cut->scan.in_quotes = 0;
	cut->end = end;
	cut->n_end_lines = cut->n_lines;
}

/* To the next record end, to what is bad, or to the end of the text. */
static uint32_t
cut_exact(struct leat_cut *cut, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t at, uint32_t n_bytes)
{
	int state = (int)cut->scan.after;

	for (; at < n_bytes; at++) {
		uint8_t byte = text[at];
		int next = EXACT_START;

		if (!exact_is_end(state, byte, dialect))
			next = exact_step(state, byte, dialect->quote);
		if (next < 0) {
			cut->scan.is_odd = LEAT_SCAN_BAD;
			break;
		}
		cut->n_lines += byte == '\n';
		cut->scan.has_quotes |= next == EXACT_QUOTED;
		if (byte == '\n' && next == EXACT_START) {
			cut_end_exact(cut, at + 1);
			return at + 1;
		}
		state = next;
	}
	cut->scan.after = (uint64_t)state;
	cut->scan.in_quotes = state == EXACT_QUOTED ? ~(uint64_t)0 : 0;
	return at;
}

/* ---- text without quotes ------------------------------------------------ */

/* Every newline is a record end. */
static uint32_t
cut_lines(struct leat_cut *cut, const struct leat__scanner *scanner,
	const uint8_t *text, uint32_t n_bytes)
{
	uint64_t n_lines = scanner->lines(text, n_bytes);
	uint32_t end = n_bytes;

	cut->end = 0;
	if (!n_lines)
		return n_bytes;
	while (text[end - 1] != '\n')
		end--;
	cut->end = end;
	cut->n_lines += n_lines;
	cut->n_end_lines = cut->n_lines;
	return n_bytes;
}

uint32_t
leat_text_cut(struct leat_cut *cut, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes)
{
	const struct leat__scanner *scanner;
	uint32_t at = 0;

	leat__table_scanners(&scanner);
	if (!dialect->quote && !cut->is_exact)
		return cut_lines(cut, scanner, text, n_bytes);
	cut->end = 0;
	while (at < n_bytes && !cut->scan.is_odd) {
		uint32_t before = cut->end, n_scanned;

		if (cut->is_exact) {
			at = cut_exact(cut, dialect, text, at, n_bytes);
			continue;
		}
		cut->end = 0;
		n_scanned = scanner->cut(cut, dialect, text + at, n_bytes - at);
		cut->end = cut->end ? at + cut->end : before;
		at += n_scanned;
		if (cut->scan.is_odd)
			cut_begin_exact(cut);
	}
	return at;
}

uint32_t
leat_text_cut_first(struct leat_cut *cut, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes)
{
	cut->end = 0;
	if (!cut->is_exact)
		cut_begin_exact(cut);
	return cut_exact(cut, dialect, text, 0, n_bytes);
}
