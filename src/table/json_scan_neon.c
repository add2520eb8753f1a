/*
 * table/json_scan_neon.c -- the JSON scan with 16 byte compares, for every
 * AArch64.
 *
 * Any thread; no state but the caller's.
 */
#define LEAT__NEEDS_NEON 1
#include "table/neon.h"

#ifdef LEAT__HAS_NEON
#include "table/json_scan.h"
#include "table/scan_portable.h"

static inline uint8x16_t
neon_any(uint8x16_t x, uint8_t a, uint8_t b)
{
	return vorrq_u8(neon_equal(x, a), neon_equal(x, b));
}

/* With 0x20 set, brackets and braces are the same. */
static inline uint8x16_t
neon_ops(uint8x16_t x)
{
	return vorrq_u8(neon_any(x, ':', ','),
		neon_any(vorrq_u8(x, vdupq_n_u8(0x20)), '{', '}'));
}

static inline uint8x16_t
neon_whites(uint8x16_t x)
{
	return vorrq_u8(neon_any(x, ' ', '\t'), neon_equal(x, '\r'));
}

static inline uint8x16_t
neon_controls(uint8x16_t x)
{
	return vcltq_u8(x, vdupq_n_u8(0x20));
}

#define NEON_EACH(b, what)                                                     \
	neon_bits64(what((b).val[0]), what((b).val[1]), what((b).val[2]),      \
		what((b).val[3]))
#define NEON_IS(b, byte)                                                       \
	neon_bits64(neon_equal((b).val[0], byte),                              \
		neon_equal((b).val[1], byte), neon_equal((b).val[2], byte),    \
		neon_equal((b).val[3], byte))

static inline struct leat__json_masks
neon_masks(const uint8_t *text)
{
	uint8x16x4_t b = vld1q_u8_x4(text);
	uint8x16_t all = vorrq_u8(
		vorrq_u8(b.val[0], b.val[1]), vorrq_u8(b.val[2], b.val[3]));

	return (struct leat__json_masks){
		.quotes = NEON_IS(b, '"'),
		.slashes = NEON_IS(b, '\\'),
		.ops = NEON_EACH(b, neon_ops),
		.lines = NEON_IS(b, '\n'),
		.whites = NEON_EACH(b, neon_whites),
		.controls = NEON_EACH(b, neon_controls),
		.high = vmaxvq_u8(all) & 0x80u,
	};
}

#define JSON_NAME leat__json_scan_neon
#define JSON_TARGET
#define JSON_MASKS(p)               neon_masks(p)
#define JSON_XOR(bits)              portable_xor(bits)
#define JSON_WRITE(bits, base, out) portable_write(bits, base, out)
#include "table/json_scan_body.h"

#else
typedef int leat__json_scan_neon_is_empty;
#endif
