/*
 * guard/digest_field.c -- digests by carry-less multiplication: a number of the
 * field of 2^128.
 *
 * Bits are the coefficients of a polynomial, modulo x^128 + x^7 + x^2 + x + 1.
 * To each 16 bytes of a block a secret number is added; then they are
 * multiplied two by two, and the products added: half as many multiplications
 * as words with a factor each. Blocks and their polynomial, and the length, as
 * in digest.c.
 * Keeps: as there. Two blocks that differ have the same value with a
 * probability of at most 2^-127.
 * Threads: any; called only where leat__digest_best() found the instructions.
 * Source: products of sums as in UMAC's NH (Black and others, 1999) and CLHASH
 * (Lemire and Kaser, 2016), here in the field. Why so: docs/decisions/0080.
 */
#include "guard/digest.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "base/base.h"
#include "base/bytes.h"

#define FIELD_TARGET __attribute__((target("avx,pclmul")))

#define NUMBER_BYTES 16u
#define PAIR_BYTES   (2 * NUMBER_BYTES)
#define FIELD_TAIL   0x87 /* x^128 is that */

/* ---- numbers ------------------------------------------------------------ */

FIELD_TARGET static inline __m128i
number_load(const void *at)
{
	return _mm_loadu_si128(at);
}

/* The first n_bytes, 1 to 16, and zeros. */
FIELD_TARGET static inline __m128i
number_load_part(const uint8_t *at, size_t n_bytes)
{
	uint64_t high = 0;

	if (n_bytes == NUMBER_BYTES)
		return number_load(at);
	if (n_bytes < 8)
		return _mm_cvtsi64_si128(
			(long long)leat__bytes_few(at, n_bytes));
	if (n_bytes > 8)
		high = leat__bytes_u64(at + n_bytes - 8) >>
			(8 * (NUMBER_BYTES - n_bytes));
	return _mm_set_epi64x((long long)high, (long long)leat__bytes_u64(at));
}

/* ---- products ----------------------------------------------------------- */

/* Sums of products of halves: low + middle * x^64 + high * x^128. */
struct product {
	__m128i low, middle, high;
};

FIELD_TARGET static inline void
product_add(struct product *p, __m128i x, __m128i y)
{
	__m128i middle = _mm_xor_si128(_mm_clmulepi64_si128(x, y, 0x01),
		_mm_clmulepi64_si128(x, y, 0x10));

	p->low = _mm_xor_si128(p->low, _mm_clmulepi64_si128(x, y, 0x00));
	p->middle = _mm_xor_si128(p->middle, middle);
	p->high = _mm_xor_si128(p->high, _mm_clmulepi64_si128(x, y, 0x11));
}

/* The upper half of high counts as so much in the middle; what stands above
 * x^128 then, as so much below. */
FIELD_TARGET static inline __m128i
product_value(const struct product *p)
{
	const __m128i tail = _mm_cvtsi32_si128(FIELD_TAIL);
	__m128i middle = _mm_xor_si128(
		p->middle, _mm_clmulepi64_si128(p->high, tail, 0x01));
	__m128i above = _mm_xor_si128(_mm_clmulepi64_si128(p->high, tail, 0x00),
		_mm_clmulepi64_si128(middle, tail, 0x01));

	return _mm_xor_si128(_mm_xor_si128(p->low, above),
		_mm_slli_si128(middle, sizeof(uint64_t)));
}

FIELD_TARGET static inline struct product
product_none(void)
{
	__m128i zero = _mm_setzero_si128();

	return (struct product){zero, zero, zero};
}

FIELD_TARGET static inline __m128i
number_times(__m128i x, __m128i y)
{
	struct product p = product_none();

	product_add(&p, x, y);
	return product_value(&p);
}

/* ---- blocks ------------------------------------------------------------- */

FIELD_TARGET static inline void
product_add_pair(
	struct product *p, __m128i x, __m128i y, const uint64_t secret[2][2])
{
	product_add(p, _mm_xor_si128(x, number_load(secret[0])),
		_mm_xor_si128(y, number_load(secret[1])));
}

FIELD_TARGET static inline void
product_add_rest(struct product *p, const uint8_t *at, size_t n_bytes,
	const uint64_t secret[2][2])
{
	__m128i x, y = _mm_setzero_si128();

	if (n_bytes > NUMBER_BYTES) {
		x = number_load(at);
		y = number_load_part(at + NUMBER_BYTES, n_bytes - NUMBER_BYTES);
	} else {
		x = number_load_part(at, n_bytes);
	}
	product_add_pair(p, x, y, secret);
}

/* length: of the key, if this is its last. */
FIELD_TARGET static inline __attribute__((always_inline)) __m128i
block_value(const struct leat__digest_secret *secret, const uint8_t *at,
	size_t n_bytes, uint64_t length)
{
	const uint64_t(*numbers)[2] = secret->of.field;
	struct product p = product_none();

	for (; n_bytes >= PAIR_BYTES; n_bytes -= PAIR_BYTES) {
		product_add_pair(&p, number_load(at),
			number_load(at + NUMBER_BYTES), numbers);
		at += PAIR_BYTES;
		numbers += 2;
	}
	if (n_bytes)
		product_add_rest(&p, at, n_bytes, numbers);
	return _mm_xor_si128(
		product_value(&p), _mm_cvtsi64_si128((long long)length));
}

/* value: of all blocks before. */
FIELD_TARGET static inline __m128i
value_go_on(
	const struct leat__digest_secret *secret, __m128i value, __m128i block)
{
	return _mm_xor_si128(
		number_times(value, number_load(secret->turn)), block);
}

/* As in digest.c. */
FIELD_TARGET static inline struct leat__digest
value_digest(__m128i value)
{
	struct leat__digest digest;

	digest.b = (uint64_t)_mm_cvtsi128_si64(value);
	digest.a = (uint64_t)_mm_extract_epi64(value, 1) ^ digest.b;
	digest.a *= UINT64_C(0x9e3779b97f4a7c15);
	return digest;
}

/* ---- this kind ---------------------------------------------------------- */

static void
field_init(struct leat__digest_secret *secret, const uint64_t *random)
{
	memcpy(secret->of.field, random, sizeof(secret->of.field));
	random += LEAT__DIGEST_WORDS;
	memcpy(secret->turn, random, sizeof(secret->turn));
}

/* Of more than a block. */
FIELD_TARGET static __attribute__((noinline)) struct leat__digest
field_of_blocks(const struct leat__digest_secret *secret, const uint8_t *at,
	size_t n_bytes)
{
	__m128i value = _mm_setzero_si128();
	size_t n = n_bytes;

	for (; n > LEAT__DIGEST_BYTES; n -= LEAT__DIGEST_BYTES) {
		value = value_go_on(secret, value,
			block_value(secret, at, LEAT__DIGEST_BYTES, 0));
		at += LEAT__DIGEST_BYTES;
	}
	return value_digest(value_go_on(
		secret, value, block_value(secret, at, n, n_bytes)));
}

FIELD_TARGET static struct leat__digest
field_of(const struct leat__digest_secret *secret, const void *data,
	size_t n_bytes)
{
	return leat__likely(n_bytes <= LEAT__DIGEST_BYTES)
		? value_digest(block_value(secret, data, n_bytes, n_bytes))
		: field_of_blocks(secret, data, n_bytes);
}

FIELD_TARGET static void
field_go_on(const struct leat__digest_secret *secret, uint64_t value[2],
	const uint8_t block[LEAT__DIGEST_BYTES])
{
	__m128i next = value_go_on(secret, number_load(value),
		block_value(secret, block, LEAT__DIGEST_BYTES, 0));

	_mm_storeu_si128((__m128i *)(void *)value, next);
}

FIELD_TARGET static struct leat__digest
field_end(const struct leat__digest_secret *secret, const uint64_t value[2],
	const uint8_t *rest, size_t n_rest, uint64_t n_bytes)
{
	return value_digest(value_go_on(secret, number_load(value),
		block_value(secret, rest, n_rest, n_bytes)));
}

const struct leat__digest_kind leat__digest_field = {
	field_init, field_of, field_go_on, field_end};
#endif
