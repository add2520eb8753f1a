/*
 * table/json_repeat_neon.c -- lines that are alike, by 16 byte compares, for
 * every AArch64.
 *
 * Any thread; no state.
 */
#define LEAT__NEEDS_NEON 1
#include "table/neon.h"

#ifdef LEAT__HAS_NEON
#include <string.h>

#include "table/json_repeat.h"

#define REPEAT_TARGET

/* All that was looked at. */
struct repeat_kit {
	uint8x16_t seen;
};

static inline struct repeat_kit
repeat_kit_make(void)
{
	return (struct repeat_kit){vdupq_n_u8(0)};
}

static inline bool
repeat_has_high(const struct repeat_kit *kit)
{
	return vmaxvq_u8(kit->seen) > 0x7f;
}

static inline uint8x16_t
neon_stops(uint8x16_t x)
{
	return vorrq_u8(vorrq_u8(neon_equal(x, '"'), neon_equal(x, '\\')),
		vcltq_u8(x, vdupq_n_u8(0x20)));
}

static inline uint32_t
repeat_stops(struct repeat_kit *kit, const uint8_t *at)
{
	uint8x16x2_t x = vld1q_u8_x2(at);

	kit->seen = vorrq_u8(kit->seen, vorrq_u8(x.val[0], x.val[1]));
	return neon_bits32(neon_stops(x.val[0]), neon_stops(x.val[1]));
}

struct repeat_key {
	uint8x16x2_t text;
	uint32_t wanted; /* bytes of it */
};

static inline struct repeat_key
repeat_key_make(const uint8_t *text, uint32_t n)
{
	return (struct repeat_key){vld1q_u8_x2(text), repeat_first(n)};
}

static inline uint32_t
repeat_other(const struct repeat_key *key, const uint8_t *at)
{
	uint8x16x2_t x = vld1q_u8_x2(at);

	return ~neon_bits32(vceqq_u8(x.val[0], key->text.val[0]),
		       vceqq_u8(x.val[1], key->text.val[1])) &
		key->wanted;
}

static inline uint64_t
repeat_newlines(const struct repeat_kit *kit, const uint8_t *at)
{
	uint8x16x4_t x = vld1q_u8_x4(at);

	(void)kit;
	return neon_bits64(neon_equal(x.val[0], '\n'),
		neon_equal(x.val[1], '\n'), neon_equal(x.val[2], '\n'),
		neon_equal(x.val[3], '\n'));
}

static inline uint8x16_t
neon_digits(uint8x16_t x)
{
	return vcltq_u8(vsubq_u8(x, vdupq_n_u8('0')), vdupq_n_u8(10));
}

static inline uint32_t
repeat_digits(const struct repeat_kit *kit, const uint8_t *at)
{
	uint8x16x2_t x = vld1q_u8_x2(at);

	(void)kit;
	return neon_bits32(neon_digits(x.val[0]), neon_digits(x.val[1]));
}

static inline uint32_t
repeat_points(const struct repeat_kit *kit, const uint8_t *at)
{
	uint8x16x2_t x = vld1q_u8_x2(at);

	(void)kit;
	return neon_bits32(
		neon_equal(x.val[0], '.'), neon_equal(x.val[1], '.'));
}

#define REPEAT_NAME leat__json_repeat_neon
#include "table/json_repeat_body.h"

#else
typedef int leat__json_repeat_neon_is_empty;
#endif
