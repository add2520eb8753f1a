/*
 * table/scan.c -- which scan this machine runs, and the exact one.
 *
 * The exact scan is a state machine over bytes: slower, but it knows quotes
 * inside fields, and it says where a text cannot be read at all. Both agree on
 * every text that RFC 4180 allows. Any thread; no state but the caller's.
 */
#include "table/table.h"

static leat__scan_fn
scan_choose(const char **name_out)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("popcnt") &&
		__builtin_cpu_supports("pclmul")) {
		*name_out = "avx2";
		return leat__table_scan_avx2;
	}
	*name_out = "sse2";
	return leat__table_scan_sse2;
#else
	*name_out = "portable";
	return leat__table_scan_portable;
#endif
}

uint32_t
leat_text_scan(struct leat_scan *scan, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t base, uint32_t *out,
	uint32_t n_max, uint32_t *n_scanned)
{
	const char *name;

	return scan_choose(&name)(
		scan, dialect, text, n_bytes, base, out, n_max, n_scanned);
}

const char *
leat_text_scan_name(void)
{
	const char *name;

	scan_choose(&name);
	return name;
}

/* States of the exact scan, in leat_scan.after. */
enum exact_state {
	EXACT_START = 0, /* of a field */
	EXACT_PLAIN,     /* in a field without quotes */
	EXACT_QUOTED,    /* inside quotes */
	EXACT_CLOSED,    /* behind a quote that may close */
	EXACT_RETURN     /* behind CR behind a closing quote */
};

/* One byte that ends nothing: the next state; -1 = text behind the quote. */
static int
exact_step(int state, uint8_t byte, uint8_t quote)
{
	bool is_quote = quote && byte == quote;

	switch (state) {
	case EXACT_START:
		return is_quote ? EXACT_QUOTED : EXACT_PLAIN;
	case EXACT_QUOTED:
		return is_quote ? EXACT_CLOSED : EXACT_QUOTED;
	case EXACT_CLOSED:
		if (is_quote)
			return EXACT_QUOTED;
		return byte == '\r' ? EXACT_RETURN : -1;
	case EXACT_RETURN:
		return -1;
	default:
		return EXACT_PLAIN;
	}
}

/* Does this byte end a field here? CR behind a quote takes only a newline. */
static inline bool
exact_is_end(int state, uint8_t byte, const struct leat_dialect *dialect)
{
	if (state == EXACT_QUOTED)
		return false;
	if (byte == '\n')
		return true;
	return byte == dialect->separator && state != EXACT_RETURN;
}

uint32_t
leat_text_scan_exact(struct leat_scan *scan, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t base, uint32_t *out,
	uint32_t n_max, uint32_t *n_scanned)
{
	int state = (int)scan->after;
	uint32_t n = 0;
	uint32_t at;

	for (at = 0; at < n_bytes && n < n_max; at++) {
		uint8_t byte = text[at];
		int next = EXACT_START;

		if (exact_is_end(state, byte, dialect)) {
			out[n++] = base + at;
			scan->n_lines += byte == '\n';
		} else {
			next = exact_step(state, byte, dialect->quote);
			scan->n_quoted_lines += byte == '\n';
		}
		if (next < 0) {
			scan->is_odd = LEAT_SCAN_BAD;
			break;
		}
		scan->has_quotes |= next == EXACT_QUOTED;
		state = next;
	}
	scan->after = (uint64_t)state;
	scan->in_quotes = state == EXACT_QUOTED ? ~(uint64_t)0 : 0;
	*n_scanned = at;
	return n;
}
