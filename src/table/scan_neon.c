/*
 * table/scan_neon.c -- the scan with 16 byte compares, for every AArch64.
 *
 * Any thread; no state but the caller's.
 */
#define LEAT__NEEDS_NEON 1
#include "table/neon.h"

#ifdef LEAT__HAS_NEON
#include "table/scan_portable.h"

static inline uint64_t
neon_equal64(uint8x16x4_t b, uint8_t byte)
{
	return neon_bits64(neon_equal(b.val[0], byte),
		neon_equal(b.val[1], byte), neon_equal(b.val[2], byte),
		neon_equal(b.val[3], byte));
}

#define SCAN_NAME  leat__table_scan_neon
#define CUT_NAME   leat__table_cut_neon
#define LINES_NAME leat__table_lines_neon
#define COUNT_NAME leat__table_count_neon
#define LEAN_NAME  leat__table_lean_neon
#define SCAN_TARGET
#define SCAN_BLOCK                  uint8x16x4_t
#define SCAN_LOAD(p)                vld1q_u8_x4(p)
#define SCAN_EQUAL(block, byte)     neon_equal64(block, byte)
#define SCAN_XOR(bits)              portable_xor(bits)
#define SCAN_WRITE(bits, base, out) portable_write(bits, base, out)
#include "table/scan_body.h"

#include "table/cut_body.h"

#include "table/lean_body.h"

#else
typedef int leat__table_scan_neon_is_empty;
#endif
