/*
 * table/neon.h -- what the scans for AArch64 share: a bit for each byte.
 *
 * Every AArch64 has these instructions. Source: movemask by pairwise adds, as
 * in simdjson 3, arm64/simd.h.
 */
#ifndef LEAT_SRC_TABLE_NEON_H
#define LEAT_SRC_TABLE_NEON_H

#if defined(__aarch64__) && !defined(__AARCH64EB__)
#define LEAT__HAS_NEON 1
#endif

#if defined(LEAT__HAS_NEON) && defined(LEAT__NEEDS_NEON)
#include <arm_neon.h>
#include <stdint.h>

/* Of a vector whose bytes are 0 or 255: each the bit of its place in eight. */
static inline uint8x16_t
neon_weigh(uint8x16_t is)
{
	const uint8x16_t weights = {
		1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};

	return vandq_u8(is, weights);
}

/* Bit k = byte k of 64 that are 0 or 255. */
static inline uint64_t
neon_bits64(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
	uint8x16_t low = vpaddq_u8(neon_weigh(a), neon_weigh(b));
	uint8x16_t high = vpaddq_u8(neon_weigh(c), neon_weigh(d));
	uint8x16_t sum = vpaddq_u8(low, high);

	sum = vpaddq_u8(sum, sum);
	return vgetq_lane_u64(vreinterpretq_u64_u8(sum), 0);
}

/* Bit k = byte k of 32 that are 0 or 255. */
static inline uint32_t
neon_bits32(uint8x16_t a, uint8x16_t b)
{
	uint8x16_t sum = vpaddq_u8(neon_weigh(a), neon_weigh(b));

	sum = vpaddq_u8(sum, sum);
	sum = vpaddq_u8(sum, sum);
	return vgetq_lane_u32(vreinterpretq_u32_u8(sum), 0);
}

static inline uint8x16_t
neon_equal(uint8x16_t x, uint8_t byte)
{
	return vceqq_u8(x, vdupq_n_u8(byte));
}
#endif

#endif
