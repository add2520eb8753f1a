/*
 * table/scan_portable.h -- the parts of a scan that need no special
 * instructions.
 */
#ifndef LEAT_SRC_TABLE_SCAN_PORTABLE_H
#define LEAT_SRC_TABLE_SCAN_PORTABLE_H

#include "table/table.h"

/* Bit k = xor of bits 0 to k. */
static inline uint64_t
portable_xor(uint64_t bits)
{
	for (uint32_t by = 1; by < 64; by *= 2)
		bits ^= bits << by;
	return bits;
}

static inline uint32_t *
portable_write(uint64_t bits, uint32_t base, uint32_t *out)
{
	for (; bits; bits &= bits - 1)
		*out++ = base + (uint32_t)__builtin_ctzll(bits);
	return out;
}

#endif
