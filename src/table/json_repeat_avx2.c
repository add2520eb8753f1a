/*
 * table/json_repeat_avx2.c -- lines that are alike, by 32 byte compares.
 *
 * Keeps: called only where leat_json_repeat() found the instructions. Any
 * thread; no state.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "table/json_repeat.h"

#define REPEAT_TARGET __attribute__((target("avx2,bmi")))

/* Constants that are to stay in registers, and all that was looked at. */
struct repeat_kit {
	__m256i marks; /* by the low half of a byte: the one that is meant */
	__m256i control;
	__m256i zero, nine, point;
	__m256i seen;
};

/* The compiler is not to know them: it would make them again and again. */
#define KIT_KEEP(x) __asm__("" : "+x"(x))

REPEAT_TARGET static inline struct repeat_kit
repeat_kit_make(void)
{
	struct repeat_kit kit = {
		.marks = _mm256_setr_epi8(1, 0, '"', 0, 0, 0, 0, 0, 0, 0, 0, 0,
			'\\', 0, 0, 0, 1, 0, '"', 0, 0, 0, 0, 0, 0, 0, 0, 0,
			'\\', 0, 0, 0),
		.control = _mm256_set1_epi8(0x1f),
		.zero = _mm256_set1_epi8('0'),
		.nine = _mm256_set1_epi8(9),
		.point = _mm256_set1_epi8('.'),
	};

	KIT_KEEP(kit.marks);
	KIT_KEEP(kit.control);
	KIT_KEEP(kit.zero);
	KIT_KEEP(kit.nine);
	KIT_KEEP(kit.point);
	return kit;
}

REPEAT_TARGET static inline bool
repeat_has_high(const struct repeat_kit *kit)
{
	return _mm256_movemask_epi8(kit->seen) != 0;
}

REPEAT_TARGET static inline __m256i
avx2_load(const uint8_t *at)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

REPEAT_TARGET static inline uint32_t
repeat_stops(struct repeat_kit *kit, const uint8_t *at)
{
	__m256i x = avx2_load(at);
	__m256i mark = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(kit->marks, x), x);
	__m256i control =
		_mm256_cmpeq_epi8(_mm256_min_epu8(x, kit->control), x);

	kit->seen = _mm256_or_si256(kit->seen, x);
	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(mark, control));
}

struct repeat_key {
	__m256i text;
	uint32_t wanted; /* bytes of it */
};

REPEAT_TARGET static inline struct repeat_key
repeat_key_make(const uint8_t *text, uint32_t n)
{
	return (struct repeat_key){avx2_load(text), repeat_first(n)};
}

REPEAT_TARGET static inline uint32_t
repeat_other(const struct repeat_key *key, const uint8_t *at)
{
	__m256i same = _mm256_cmpeq_epi8(avx2_load(at), key->text);

	return ~(uint32_t)_mm256_movemask_epi8(same) & key->wanted;
}

REPEAT_TARGET static inline uint64_t
repeat_newlines(const struct repeat_kit *kit, const uint8_t *at)
{
	__m256i newline = _mm256_set1_epi8('\n');
	__m256i low = _mm256_cmpeq_epi8(avx2_load(at), newline);
	__m256i high = _mm256_cmpeq_epi8(avx2_load(at + 32), newline);

	(void)kit;
	return (uint32_t)_mm256_movemask_epi8(low) |
		(uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

REPEAT_TARGET static inline uint32_t
repeat_digits(const struct repeat_kit *kit, const uint8_t *at)
{
	__m256i x = _mm256_sub_epi8(avx2_load(at), kit->zero);

	return (uint32_t)_mm256_movemask_epi8(
		_mm256_cmpeq_epi8(_mm256_min_epu8(x, kit->nine), x));
}

REPEAT_TARGET static inline uint32_t
repeat_points(const struct repeat_kit *kit, const uint8_t *at)
{
	return (uint32_t)_mm256_movemask_epi8(
		_mm256_cmpeq_epi8(avx2_load(at), kit->point));
}

#define REPEAT_NAME leat__json_repeat_avx2
#include "table/json_repeat_body.h"

#else
typedef int leat__json_repeat_avx2_is_empty;
#endif
