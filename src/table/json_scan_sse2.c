/*
 * table/json_scan_sse2.c -- the JSON scan with 16 byte compares, for every
 * x86-64.
 *
 * Any thread; no state but the caller's.
 */
#if defined(__x86_64__)
#include <emmintrin.h>

#include "table/json_scan.h"
#include "table/scan_portable.h"

static inline uint64_t
sse2_bits(__m128i x)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(x);
}

static inline __m128i
sse2_equal(__m128i x, char byte)
{
	return _mm_cmpeq_epi8(x, _mm_set1_epi8(byte));
}

static inline __m128i
sse2_any(__m128i x, char a, char b)
{
	return _mm_or_si128(sse2_equal(x, a), sse2_equal(x, b));
}

/* With 0x20 set, brackets and braces are the same. */
static inline __m128i
sse2_ops(__m128i x)
{
	return _mm_or_si128(sse2_any(x, ':', ','),
		sse2_any(_mm_or_si128(x, _mm_set1_epi8(0x20)), '{', '}'));
}

static inline __m128i
sse2_whites(__m128i x)
{
	return _mm_or_si128(sse2_any(x, ' ', '\t'), sse2_equal(x, '\r'));
}

static inline struct leat__json_masks
sse2_masks(const uint8_t *text)
{
	struct leat__json_masks m = {0};

	for (int k = 0; k < 64; k += 16) {
		__m128i x = _mm_loadu_si128(
			(const __m128i *)(const void *)(text + k));
		__m128i below = _mm_min_epu8(x, _mm_set1_epi8(0x1f));

		m.quotes |= sse2_bits(sse2_equal(x, '"')) << k;
		m.slashes |= sse2_bits(sse2_equal(x, '\\')) << k;
		m.ops |= sse2_bits(sse2_ops(x)) << k;
		m.lines |= sse2_bits(sse2_equal(x, '\n')) << k;
		m.whites |= sse2_bits(sse2_whites(x)) << k;
		m.controls |= sse2_bits(_mm_cmpeq_epi8(below, x)) << k;
		m.high |= sse2_bits(x);
	}
	return m;
}

#define JSON_NAME leat__json_scan_sse2
#define JSON_TARGET
#define JSON_MASKS(p)               sse2_masks(p)
#define JSON_XOR(bits)              portable_xor(bits)
#define JSON_WRITE(bits, base, out) portable_write(bits, base, out)
#include "table/json_scan_body.h"

#else
typedef int leat__json_scan_sse2_is_empty;
#endif
