/*
 * table/json_scan_avx512.c -- the JSON scan by 64 byte compares into masks,
 * and carry-less multiply.
 *
 * Keeps: called only where leat_json_scan() found the instructions. Any
 * thread; no state but the caller's.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512_TARGET                                                          \
	__attribute__((target("avx512f,avx512bw,avx512vl,bmi,popcnt,pclmul")))

#include "table/json_scan.h"

AVX512_TARGET static inline uint64_t
avx512_equal(__m512i x, char byte)
{
	return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(byte));
}

/* By the low half of a byte, as in json_scan_avx2.c. */
AVX512_TARGET static inline uint64_t
avx512_ops(__m512i x)
{
	const __m512i table = _mm512_broadcast_i32x4(_mm_setr_epi8(
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0));

	return _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(table, x),
		_mm512_or_si512(x, _mm512_set1_epi8(0x20)));
}

AVX512_TARGET static inline uint64_t
avx512_whites(__m512i x)
{
	const char no = (char)0x80;
	const __m512i table = _mm512_broadcast_i32x4(_mm_setr_epi8(' ', no, no,
		no, no, no, no, no, no, '\t', no, no, no, '\r', no, no));

	return _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(table, x), x);
}

AVX512_TARGET static inline struct leat__json_masks
avx512_masks(const uint8_t *text)
{
	__m512i x = _mm512_loadu_si512(text);

	return (struct leat__json_masks){
		.quotes = avx512_equal(x, '"'),
		.slashes = avx512_equal(x, '\\'),
		.ops = avx512_ops(x),
		.lines = avx512_equal(x, '\n'),
		.whites = avx512_whites(x),
		.controls = _mm512_cmplt_epu8_mask(x, _mm512_set1_epi8(0x20)),
		.high = _mm512_movepi8_mask(x),
	};
}

AVX512_TARGET static inline uint64_t
avx512_xor(uint64_t bits)
{
	__m128i x = _mm_set_epi64x(0, (int64_t)bits);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(x, _mm_set1_epi8(-1), 0));
}

/* Eight at a time: what is written too much is written over by the next. */
AVX512_TARGET static inline uint32_t *
avx512_write(uint64_t bits, uint32_t base, uint32_t *out)
{
	uint32_t *end = out + __builtin_popcountll(bits);

	do {
		for (int k = 0; k < 8; k++) {
			out[k] = base + (uint32_t)_tzcnt_u64(bits);
			bits = _blsr_u64(bits);
		}
		out += 8;
	} while (leat__unlikely(bits));
	return end;
}

#define JSON_NAME                   leat__json_scan_avx512
#define JSON_TARGET                 AVX512_TARGET
#define JSON_MASKS(p)               avx512_masks(p)
#define JSON_XOR(bits)              avx512_xor(bits)
#define JSON_WRITE(bits, base, out) avx512_write(bits, base, out)
#include "table/json_scan_body.h"

#else
typedef int leat__json_scan_avx512_is_empty;
#endif
