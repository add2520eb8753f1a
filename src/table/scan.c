/*
 * table/scan.c -- which scan this machine runs, and the exact one.
 *
 * The exact scan is a state machine over bytes: slower, but it knows quotes
 * inside fields, and it says where a text cannot be read at all. Both agree on
 * every text that RFC 4180 allows. Any thread; no state but the caller's.
 */
#include "table/scan_exact.h"

#define SCANNER(kind)                                                          \
	{                                                                      \
#kind, leat__table_scan_##kind, leat__table_cut_##kind,        \
			leat__table_lines_##kind, leat__table_count_##kind,    \
			leat__table_lean_##kind                                \
	}

/* The best first. */
static const struct leat__scanner scanners[] = {
#if defined(__x86_64__)
	SCANNER(avx512),
	SCANNER(avx2),
	SCANNER(sse2),
#elif defined(LEAT__HAS_NEON)
	SCANNER(neon),
#endif
	SCANNER(portable),
};

#if defined(__x86_64__)
static bool
scan_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") &&
		__builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("popcnt") &&
		__builtin_cpu_supports("pclmul");
}

static bool
scan_has_avx512(void)
{
	return scan_has_avx2() && __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw");
}
#endif

uint32_t
leat__table_scanners(const struct leat__scanner **out)
{
	uint32_t first = 0;

#if defined(__x86_64__)
	first = scan_has_avx512() ? 0 : scan_has_avx2() ? 1 : 2;
#endif
	*out = &scanners[first];
	return (uint32_t)leat__array_len(scanners) - first;
}

static const struct leat__scanner *
scan_choose(void)
{
	const struct leat__scanner *best;

	leat__table_scanners(&best);
	return best;
}

uint32_t
leat_text_scan(struct leat_scan *scan, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t base, uint32_t *out,
	uint32_t n_max, uint32_t *n_scanned)
{
	return scan_choose()->scan(
		scan, dialect, text, n_bytes, base, out, n_max, n_scanned);
}

bool
leat_text_count(const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t n_fields, uint32_t *n_records_out)
{
	return scan_choose()->count(
		dialect, text, n_bytes, n_fields, n_records_out);
}

bool
leat_text_scan_lean(struct leat_lean *lean, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n_bytes, uint32_t *out, uint32_t n_max)
{
	return scan_choose()->lean(lean, dialect, text, n_bytes, out, n_max);
}

const char *
leat_text_scan_name(void)
{
	return scan_choose()->name;
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
