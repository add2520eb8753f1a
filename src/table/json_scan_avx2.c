/*
 * table/json_scan_avx2.c -- the JSON scan by 32 byte compares and shuffles,
 * and carry-less multiply.
 *
 * Keeps: called only where leat_json_scan() found the instructions. Any
 * thread; no state but the caller's.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2_TARGET __attribute__((target("avx2,bmi,popcnt,pclmul")))

#include "table/json_scan.h"

AVX2_TARGET static inline uint64_t
avx2_bits(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) |
		(uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2_TARGET static inline __m256i
avx2_equal(__m256i x, char byte)
{
	return _mm256_cmpeq_epi8(x, _mm256_set1_epi8(byte));
}

/* By the low half of a byte: the only byte of that half that is meant. With
 * 0x20 set, brackets and braces are the same. */
AVX2_TARGET static inline __m256i
avx2_ops(__m256i x)
{
	const __m256i table = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		':', '{', ',', '}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':',
		'{', ',', '}', 0, 0);

	return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, x),
		_mm256_or_si256(x, _mm256_set1_epi8(0x20)));
}

AVX2_TARGET static inline __m256i
avx2_whites(__m256i x)
{
	const char no = (char)0x80;
	const __m256i table = _mm256_setr_epi8(' ', no, no, no, no, no, no, no,
		no, '\t', no, no, no, '\r', no, no, ' ', no, no, no, no, no, no,
		no, no, '\t', no, no, no, '\r', no, no);

	return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, x), x);
}

AVX2_TARGET static inline __m256i
avx2_controls(__m256i x)
{
	return _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(0x1f)), x);
}

/* Backslashes and controls other than newlines are rare: looked at together. */
AVX2_TARGET static inline struct leat__json_masks
avx2_masks(const uint8_t *text)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)text);
	__m256i b =
		_mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
	__m256i a_line = avx2_equal(a, '\n'), b_line = avx2_equal(b, '\n');
	__m256i a_control = avx2_controls(a), b_control = avx2_controls(b);
	__m256i a_slash = avx2_equal(a, '\\'), b_slash = avx2_equal(b, '\\');
	__m256i rare = _mm256_or_si256(
		_mm256_or_si256(_mm256_andnot_si256(a_line, a_control),
			_mm256_andnot_si256(b_line, b_control)),
		_mm256_or_si256(a_slash, b_slash));
	struct leat__json_masks m = {
		.quotes = avx2_bits(avx2_equal(a, '"'), avx2_equal(b, '"')),
		.ops = avx2_bits(avx2_ops(a), avx2_ops(b)),
		.lines = avx2_bits(a_line, b_line),
		.whites = avx2_bits(avx2_whites(a), avx2_whites(b)),
		.high = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(a, b)),
	};

	m.controls = m.lines;
	if (leat__unlikely(!_mm256_testz_si256(rare, rare))) {
		m.slashes = avx2_bits(a_slash, b_slash);
		m.controls = avx2_bits(a_control, b_control);
	}
	return m;
}

AVX2_TARGET static inline uint64_t
avx2_xor(uint64_t bits)
{
	__m128i x = _mm_set_epi64x(0, (int64_t)bits);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(x, _mm_set1_epi8(-1), 0));
}

/* Eight at a time: what is written too much is written over by the next. */
AVX2_TARGET static inline uint32_t *
avx2_write(uint64_t bits, uint32_t base, uint32_t *out)
{
	uint32_t *end = out + __builtin_popcountll(bits);

	for (int k = 0; k < 4; k++) {
		out[k] = base + (uint32_t)_tzcnt_u64(bits);
		bits = _blsr_u64(bits);
	}
	for (int k = 4; k < 8; k++) {
		out[k] = base + (uint32_t)_tzcnt_u64(bits);
		bits = _blsr_u64(bits);
	}
	for (; leat__unlikely(bits); bits = _blsr_u64(bits))
		out++[8] = base + (uint32_t)_tzcnt_u64(bits);
	return end;
}

#define JSON_NAME                   leat__json_scan_avx2
#define JSON_TARGET                 AVX2_TARGET
#define JSON_MASKS(p)               avx2_masks(p)
#define JSON_XOR(bits)              avx2_xor(bits)
#define JSON_WRITE(bits, base, out) avx2_write(bits, base, out)
#include "table/json_scan_body.h"

#else
typedef int leat__json_scan_avx2_is_empty;
#endif
