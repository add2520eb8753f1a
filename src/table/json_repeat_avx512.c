/*
 * table/json_repeat_avx512.c -- lines that are alike, by compares into masks:
 * strings 64 bytes at a time, the rest 32.
 *
 * Keeps: called only where leat_json_repeat() found the instructions. Any
 * thread; no state.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "table/json_repeat.h"

#define REPEAT_TARGET                                                          \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2")))
#define REPEAT_BYTES 64
#define REPEAT_LINES 5

/* Constants that are to stay in registers, and all that was looked at. */
struct repeat_kit {
	__m512i marks; /* by the low half of a byte: the one that is meant */
	__m512i control;
	__m512i newline;
	__m256i zero, nine, point;
	__m512i seen;
};

/* The compiler is not to know them: it would make them again and again. */
#define KIT_KEEP(x) __asm__("" : "+v"(x))

REPEAT_TARGET static inline struct repeat_kit
repeat_kit_make(void)
{
	struct repeat_kit kit = {
		.marks = _mm512_broadcast_i32x4(_mm_setr_epi8(
			1, 0, '"', 0, 0, 0, 0, 0, 0, 0, 0, 0, '\\', 0, 0, 0)),
		.control = _mm512_set1_epi8(0x1f),
		.newline = _mm512_set1_epi8('\n'),
		.zero = _mm256_set1_epi8('0'),
		.nine = _mm256_set1_epi8(9),
		.point = _mm256_set1_epi8('.'),
	};

	KIT_KEEP(kit.marks);
	KIT_KEEP(kit.control);
	KIT_KEEP(kit.newline);
	KIT_KEEP(kit.zero);
	KIT_KEEP(kit.nine);
	KIT_KEEP(kit.point);
	return kit;
}

REPEAT_TARGET static inline bool
repeat_has_high(const struct repeat_kit *kit)
{
	return _mm512_movepi8_mask(kit->seen) != 0;
}

REPEAT_TARGET static inline __m256i
avx512_load32(const uint8_t *at)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

REPEAT_TARGET static inline uint64_t
repeat_stops(struct repeat_kit *kit, const uint8_t *at)
{
	__m512i x = _mm512_loadu_si512((const void *)at);
	__m512i mark = _mm512_shuffle_epi8(kit->marks, x);

	kit->seen = _mm512_or_si512(kit->seen, x);
	return _mm512_cmpeq_epi8_mask(mark, x) |
		_mm512_cmple_epu8_mask(x, kit->control);
}

struct repeat_key {
	__m256i text;
	__mmask32 wanted; /* bytes of it */
};

REPEAT_TARGET static inline struct repeat_key
repeat_key_make(const uint8_t *text, uint32_t n)
{
	return (struct repeat_key){avx512_load32(text), repeat_first(n)};
}

REPEAT_TARGET static inline uint32_t
repeat_other(const struct repeat_key *key, const uint8_t *at)
{
	return _mm256_mask_cmpneq_epi8_mask(
		key->wanted, avx512_load32(at), key->text);
}

REPEAT_TARGET static inline uint64_t
repeat_newlines(const struct repeat_kit *kit, const uint8_t *at)
{
	return _mm512_cmpeq_epi8_mask(
		_mm512_loadu_si512((const void *)at), kit->newline);
}

REPEAT_TARGET static inline uint32_t
repeat_digits(const struct repeat_kit *kit, const uint8_t *at)
{
	return _mm256_cmple_epu8_mask(
		_mm256_sub_epi8(avx512_load32(at), kit->zero), kit->nine);
}

REPEAT_TARGET static inline uint32_t
repeat_points(const struct repeat_kit *kit, const uint8_t *at)
{
	return _mm256_cmpeq_epi8_mask(avx512_load32(at), kit->point);
}

#define REPEAT_NAME leat__json_repeat_avx512
#include "table/json_repeat_body.h"

#else
typedef int leat__json_repeat_avx512_is_empty;
#endif
