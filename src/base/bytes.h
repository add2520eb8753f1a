/*
 * base/bytes.h -- numbers out of bytes, wherever they stand: the first byte is
 * the lowest, on every machine.
 */
#ifndef LEAT_SRC_BASE_BYTES_H
#define LEAT_SRC_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint64_t
leat__bytes_u64(const uint8_t *at)
{
	uint64_t x;

	memcpy(&x, at, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

static inline uint32_t
leat__bytes_u32(const uint8_t *at)
{
	uint32_t x;

	memcpy(&x, at, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap32(x);
#endif
	return x;
}

#endif
