/*
 * base/bytes.h -- numbers in bytes, wherever they stand: the first byte is
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

/* Those of its lower 48 bits. */
static inline void
leat__bytes_set_u48(uint8_t *at, uint64_t x)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	memcpy(at, &x, 6);
}

/* The first n, 1 to 7. What is loaded twice is the same twice. */
static inline uint64_t
leat__bytes_few(const uint8_t *at, size_t n)
{
	if (n >= 4)
		return leat__bytes_u32(at) |
			(uint64_t)leat__bytes_u32(at + n - 4) << (8 * n - 32);
	return (uint64_t)at[0] | (uint64_t)at[n / 2] << (n / 2 * 8) |
		(uint64_t)at[n - 1] << (n - 1) * 8;
}

#endif
