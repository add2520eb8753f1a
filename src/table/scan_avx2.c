/*
 * table/scan_avx2.c -- the scan by 32 byte compares and carry-less multiply.
 *
 * Invariant: called only where leat_text_scan() found the instructions. Any
 * thread; no state but the caller's.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2_TARGET __attribute__((target("avx2,bmi,popcnt,pclmul")))

#include "table/table.h"

struct avx2_block {
	__m256i low, high;
};

AVX2_TARGET static inline struct avx2_block
avx2_load(const uint8_t *text)
{
	struct avx2_block b = {
		_mm256_loadu_si256((const __m256i *)(const void *)text),
		_mm256_loadu_si256((const __m256i *)(const void *)(text + 32))};

	return b;
}

AVX2_TARGET static inline uint64_t
avx2_equal(struct avx2_block b, uint8_t byte)
{
	__m256i x = _mm256_set1_epi8((char)byte);
	uint32_t low =
		(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b.low, x));
	uint32_t high =
		(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b.high, x));

	return low | (uint64_t)high << 32;
}

AVX2_TARGET static inline uint64_t
avx2_either(struct avx2_block b, uint8_t one, uint8_t other)
{
	__m256i x = _mm256_set1_epi8((char)one);
	__m256i y = _mm256_set1_epi8((char)other);
	__m256i low = _mm256_or_si256(
		_mm256_cmpeq_epi8(b.low, x), _mm256_cmpeq_epi8(b.low, y));
	__m256i high = _mm256_or_si256(
		_mm256_cmpeq_epi8(b.high, x), _mm256_cmpeq_epi8(b.high, y));

	return (uint32_t)_mm256_movemask_epi8(low) |
		(uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2_TARGET static inline bool
avx2_has(struct avx2_block b, uint8_t byte)
{
	__m256i x = _mm256_set1_epi8((char)byte);

	return _mm256_movemask_epi8(_mm256_or_si256(
		_mm256_cmpeq_epi8(b.low, x), _mm256_cmpeq_epi8(b.high, x)));
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

	do {
#pragma GCC unroll 8
		for (int k = 0; k < 8; k++) {
			out[k] = base + (uint32_t)_tzcnt_u64(bits);
			bits = _blsr_u64(bits);
		}
		out += 8;
	} while (leat__unlikely(bits));
	return end;
}

#define SCAN_NAME                   leat__table_scan_avx2
#define CUT_NAME                    leat__table_cut_avx2
#define LINES_NAME                  leat__table_lines_avx2
#define COUNT_NAME                  leat__table_count_avx2
#define LEAN_NAME                   leat__table_lean_avx2
#define SCAN_TARGET                 AVX2_TARGET
#define SCAN_BLOCK                  struct avx2_block
#define SCAN_LOAD(p)                avx2_load(p)
#define SCAN_EQUAL(block, byte)     avx2_equal(block, byte)
#define SCAN_EITHER(block, a, b)    avx2_either(block, a, b)
#define SCAN_HAS(block, byte)       avx2_has(block, byte)
#define SCAN_XOR(bits)              avx2_xor(bits)
#define SCAN_WRITE(bits, base, out) avx2_write(bits, base, out)
#include "table/scan_body.h"

#include "table/cut_body.h"

#include "table/lean_body.h"

#else
typedef int leat__table_scan_avx2_is_empty;
#endif
