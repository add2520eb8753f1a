/*
 * table/json_repeat_sse2.c -- lines that are alike, by 16 byte compares, for
 * every x86-64.
 *
 * Any thread; no state.
 */
#if defined(__x86_64__)
#include <emmintrin.h>
#include <string.h>

#include "table/json_repeat.h"

#define REPEAT_TARGET

/* All that was looked at. */
struct repeat_kit {
	__m128i seen;
};

static inline struct repeat_kit
repeat_kit_make(void)
{
	return (struct repeat_kit){_mm_setzero_si128()};
}

static inline uint32_t
sse2_bits(__m128i x)
{
	return (uint32_t)_mm_movemask_epi8(x);
}

static inline bool
repeat_has_high(const struct repeat_kit *kit)
{
	return sse2_bits(kit->seen) != 0;
}

static inline __m128i
sse2_load(const uint8_t *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline __m128i
sse2_equal(__m128i x, char byte)
{
	return _mm_cmpeq_epi8(x, _mm_set1_epi8(byte));
}

static inline uint32_t
sse2_stops(struct repeat_kit *kit, const uint8_t *at)
{
	__m128i x = sse2_load(at);
	__m128i mark = _mm_or_si128(sse2_equal(x, '"'), sse2_equal(x, '\\'));
	__m128i low = _mm_min_epu8(x, _mm_set1_epi8(0x1f));

	kit->seen = _mm_or_si128(kit->seen, x);
	return sse2_bits(_mm_or_si128(mark, _mm_cmpeq_epi8(low, x)));
}

static inline uint32_t
repeat_stops(struct repeat_kit *kit, const uint8_t *at)
{
	uint32_t low = sse2_stops(kit, at);

	return low | sse2_stops(kit, at + 16) << 16;
}

struct repeat_key {
	__m128i text[2];
	uint32_t wanted; /* bytes of it */
};

static inline struct repeat_key
repeat_key_make(const uint8_t *text, uint32_t n)
{
	return (struct repeat_key){
		{sse2_load(text), sse2_load(text + 16)}, repeat_first(n)};
}

static inline uint32_t
repeat_other(const struct repeat_key *key, const uint8_t *at)
{
	__m128i low = _mm_cmpeq_epi8(sse2_load(at), key->text[0]);
	__m128i high = _mm_cmpeq_epi8(sse2_load(at + 16), key->text[1]);

	return ~(sse2_bits(low) | sse2_bits(high) << 16) & key->wanted;
}

static inline uint64_t
repeat_newlines(const struct repeat_kit *kit, const uint8_t *at)
{
	uint64_t newlines = 0;

	(void)kit;
	for (uint32_t k = 0; k < 64; k += 16)
		newlines |=
			(uint64_t)sse2_bits(sse2_equal(sse2_load(at + k), '\n'))
			<< k;
	return newlines;
}

static inline uint32_t
sse2_digits(const uint8_t *at)
{
	__m128i x = _mm_sub_epi8(sse2_load(at), _mm_set1_epi8('0'));

	return sse2_bits(_mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(9)), x));
}

static inline uint32_t
repeat_digits(const struct repeat_kit *kit, const uint8_t *at)
{
	(void)kit;
	return sse2_digits(at) | sse2_digits(at + 16) << 16;
}

static inline uint32_t
repeat_points(const struct repeat_kit *kit, const uint8_t *at)
{
	(void)kit;
	return sse2_bits(sse2_equal(sse2_load(at), '.')) |
		sse2_bits(sse2_equal(sse2_load(at + 16), '.')) << 16;
}

#define REPEAT_NAME leat__json_repeat_sse2
#include "table/json_repeat_body.h"

#else
typedef int leat__json_repeat_sse2_is_empty;
#endif
