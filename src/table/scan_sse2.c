/*
 * table/scan_sse2.c -- the scan with 16 byte compares, for every x86-64.
 *
 * Any thread; no state but the caller's.
 */
#if defined(__x86_64__)
#include <emmintrin.h>

#include "table/scan_portable.h"

struct sse2_block {
	__m128i part[4];
};

static inline struct sse2_block
sse2_load(const uint8_t *text)
{
	struct sse2_block b;

	for (int k = 0; k < 4; k++)
		b.part[k] = _mm_loadu_si128(
			(const __m128i *)(const void *)(text + 16 * k));
	return b;
}

static inline uint64_t
sse2_equal(struct sse2_block b, uint8_t byte)
{
	__m128i x = _mm_set1_epi8((char)byte);
	uint64_t bits = 0;

	for (int k = 0; k < 4; k++)
		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(
				_mm_cmpeq_epi8(b.part[k], x))
			<< (16 * k);
	return bits;
}

#define SCAN_NAME  leat__table_scan_sse2
#define CUT_NAME   leat__table_cut_sse2
#define LINES_NAME leat__table_lines_sse2
#define COUNT_NAME leat__table_count_sse2
#define LEAN_NAME  leat__table_lean_sse2
#define SCAN_TARGET
#define SCAN_BLOCK                  struct sse2_block
#define SCAN_LOAD(p)                sse2_load(p)
#define SCAN_EQUAL(block, byte)     sse2_equal(block, byte)
#define SCAN_XOR(bits)              portable_xor(bits)
#define SCAN_WRITE(bits, base, out) portable_write(bits, base, out)
#include "table/scan_body.h"

#include "table/cut_body.h"

#include "table/lean_body.h"

#else
typedef int leat__table_scan_sse2_is_empty;
#endif
