/*
 * table/scan_avx512.c -- the scan by 64 byte compares into masks.
 *
 * Keeps: called only where leat__table_scanners() found the instructions. Any
 * thread; no state but the caller's.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512_TARGET                                                          \
	__attribute__((target("avx512f,avx512bw,bmi,popcnt,pclmul")))

#include "table/table.h"

AVX512_TARGET static inline __m512i
avx512_load(const uint8_t *text)
{
	return _mm512_loadu_si512((const void *)text);
}

AVX512_TARGET static inline uint64_t
avx512_equal(__m512i block, uint8_t byte)
{
	return _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8((char)byte));
}

AVX512_TARGET static inline uint64_t
avx512_xor(uint64_t bits)
{
	__m128i x = _mm_set_epi64x(0, (int64_t)bits);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(x, _mm_set1_epi8(-1), 0));
}

/* Sixteen at a time, packed in a register: what is written too much is written
 * over by the next. Storing packed would be slow on some machines. */
AVX512_TARGET static inline uint32_t *
avx512_write(uint64_t bits, uint32_t base, uint32_t *out)
{
	__m512i at = _mm512_add_epi32(_mm512_set1_epi32((int)base),
		_mm512_setr_epi32(
			0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));

	for (; bits; bits >>= 16) {
		__mmask16 some = (__mmask16)bits;

		_mm512_storeu_si512(
			(void *)out, _mm512_maskz_compress_epi32(some, at));
		out += __builtin_popcount(some);
		at = _mm512_add_epi32(at, _mm512_set1_epi32(16));
	}
	return out;
}

#define SCAN_NAME                   leat__table_scan_avx512
#define CUT_NAME                    leat__table_cut_avx512
#define LINES_NAME                  leat__table_lines_avx512
#define COUNT_NAME                  leat__table_count_avx512
#define LEAN_NAME                   leat__table_lean_avx512
#define SCAN_TARGET                 AVX512_TARGET
#define SCAN_BLOCK                  __m512i
#define SCAN_LOAD(p)                avx512_load(p)
#define SCAN_EQUAL(block, byte)     avx512_equal(block, byte)
#define SCAN_XOR(bits)              avx512_xor(bits)
#define SCAN_WRITE(bits, base, out) avx512_write(bits, base, out)
#include "table/scan_body.h"

#include "table/cut_body.h"

#include "table/lean_body.h"

#else
typedef int leat__table_scan_avx512_is_empty;
#endif
