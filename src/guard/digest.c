/*
 * guard/digest.c -- 128 bits that stand for a key: a number modulo 2^127 - 1,
 * or of a field that digest_field.c knows, where the machine is made for that.
 *
 * The words of a block are multiplied with a secret factor each, and added;
 * blocks are the coefficients of a polynomial, taken at a secret place. To the
 * last one the key's length is added.
 * Keeps: the same bytes with the same secret have the same digest, in whatever
 * pieces they come, on every machine; no sum is larger than its 128 bits.
 * Threads: any.
 * Source: Carter and Wegman, Universal classes of hash functions, 1979; blocks
 * and polynomial as in VMAC (Krovetz, 2007). Why so: docs/decisions/0068,
 * 0080.
 */
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "guard/digest.h"

__extension__ typedef unsigned __int128 digest_u128;

#define LOW_BITS   58u /* of a factor */
#define HIGH_BITS  60u
#define PRIME_BITS 127u
#define PRIME      (((digest_u128)1 << PRIME_BITS) - 1)

/* ---- numbers modulo 2^127 - 1, which are at most that ------------------- */

/* 2^127 counts as 1. Of anything but 2^128 - 1. */
static inline digest_u128
prime_fold(digest_u128 x)
{
	return (x & PRIME) + (x >> PRIME_BITS);
}

/* 2^128 counts as 2. y is less than 2^126. */
static digest_u128
prime_product(digest_u128 x, const uint64_t y[2])
{
	uint64_t x0 = (uint64_t)x, x1 = (uint64_t)(x >> 64);
	digest_u128 middle = (digest_u128)x0 * y[1] + (digest_u128)x1 * y[0];
	digest_u128 high = (digest_u128)x1 * y[1] + (middle >> 64);
	digest_u128 sum = prime_fold((digest_u128)x0 * y[0]) + 2 * high;

	return prime_fold(prime_fold(sum) + prime_fold(middle << 64));
}

/* ---- words -------------------------------------------------------------- */

/* The last n of a block, 1 to 7. */
static inline uint64_t
load_rest(const uint8_t *at, size_t n, bool is_behind_word)
{
	if (is_behind_word)
		return leat__bytes_u64(at + n - 8) >> (64 - 8 * n);
	return leat__bytes_few(at, n);
}

/* ---- blocks ------------------------------------------------------------- */

/* What is multiplied with the factors' lower bits, and with the upper ones: 16
 * products of less than 2^122 and 2^124. */
struct sums {
	digest_u128 low, high;
};

static inline void
sums_add(struct sums *sums, const struct leat__digest_secret *secret, size_t k,
	uint64_t word)
{
	sums->low += (digest_u128)word * secret->of.prime.low[k];
	sums->high += (digest_u128)word * secret->of.prime.high[k];
}

/* Less than 2^128 - 1, but not folded. */
static inline digest_u128
sums_value(const struct sums *sums)
{
	return sums->low + (sums->high >> (PRIME_BITS - LOW_BITS)) +
		((sums->high << LOW_BITS) & PRIME);
}

/* length: of the key, if this is its last. */
static inline digest_u128
block_value(const struct leat__digest_secret *secret, const uint8_t *at,
	size_t n_bytes, uint64_t length)
{
	struct sums sums = {length, 0};
	size_t n = n_bytes / 8, n_rest = n_bytes % 8;

	for (size_t k = 0; k < n; k++)
		sums_add(&sums, secret, k, leat__bytes_u64(at + 8 * k));
	if (n_rest)
		sums_add(
			&sums, secret, n, load_rest(at + 8 * n, n_rest, n > 0));
	return sums_value(&sums);
}

static digest_u128
block_whole(const struct leat__digest_secret *secret, const uint8_t *at)
{
	return block_value(secret, at, LEAT__DIGEST_BYTES, 0);
}

/* value: of all blocks before. */
static digest_u128
value_go_on(const struct leat__digest_secret *secret, digest_u128 value,
	digest_u128 block)
{
	return prime_fold(
		prime_product(value, secret->turn) + prime_fold(block));
}

/* All of the number, with bits in front that depend on more than its first
 * ones: keys that follow each other do so at equal distances. */
static inline struct leat__digest
value_digest(digest_u128 value)
{
	struct leat__digest digest;

	digest.b = (uint64_t)value;
	digest.a = (uint64_t)(value >> 64) ^ digest.b;
	digest.a *= UINT64_C(0x9e3779b97f4a7c15);
	return digest;
}

/* ---- this kind ---------------------------------------------------------- */

static void
prime_init(struct leat__digest_secret *secret, const uint64_t *random)
{
	for (uint32_t k = 0; k < LEAT__DIGEST_WORDS; k++) {
		secret->of.prime.low[k] = *random++ >> (64 - LOW_BITS);
		secret->of.prime.high[k] = *random++ >> (64 - HIGH_BITS);
	}
	secret->turn[0] = *random++;
	secret->turn[1] = *random >> 2;
}

/* All blocks but the last, which may be a whole one. */
static digest_u128
value_of_blocks(const struct leat__digest_secret *secret, const uint8_t **at,
	size_t *n_bytes)
{
	digest_u128 value = 0;

	for (; *n_bytes > LEAT__DIGEST_BYTES; *at += LEAT__DIGEST_BYTES) {
		value = value_go_on(secret, value, block_whole(secret, *at));
		*n_bytes -= LEAT__DIGEST_BYTES;
	}
	return value;
}

static struct leat__digest
prime_of(const struct leat__digest_secret *secret, const void *data,
	size_t n_bytes)
{
	const uint8_t *at = data;
	uint64_t length = n_bytes;
	digest_u128 value;

	if (n_bytes <= LEAT__DIGEST_BYTES)
		return value_digest(block_value(secret, at, n_bytes, length));
	value = value_of_blocks(secret, &at, &n_bytes);
	return value_digest(value_go_on(
		secret, value, block_value(secret, at, n_bytes, length)));
}

static digest_u128
value_of_words(const uint64_t value[2])
{
	return (digest_u128)value[1] << 64 | value[0];
}

static void
prime_go_on(const struct leat__digest_secret *secret, uint64_t value[2],
	const uint8_t block[LEAT__DIGEST_BYTES])
{
	digest_u128 next = value_go_on(
		secret, value_of_words(value), block_whole(secret, block));

	value[0] = (uint64_t)next;
	value[1] = (uint64_t)(next >> 64);
}

static struct leat__digest
prime_end(const struct leat__digest_secret *secret, const uint64_t value[2],
	const uint8_t *rest, size_t n_rest, uint64_t n_bytes)
{
	digest_u128 last = block_value(secret, rest, n_rest, n_bytes);

	if (n_bytes > LEAT__DIGEST_BYTES)
		last = value_go_on(secret, value_of_words(value), last);
	return value_digest(last);
}

const struct leat__digest_kind leat__digest_prime = {
	prime_init, prime_of, prime_go_on, prime_end};

/* ---- keys --------------------------------------------------------------- */

const struct leat__digest_kind *
leat__digest_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("avx"))
		return &leat__digest_field;
#endif
	return &leat__digest_prime;
}

void
leat__digest_secret_init(struct leat__digest_secret *secret,
	const struct leat__digest_kind *kind,
	const uint64_t random[LEAT__DIGEST_RANDOM])
{
	secret->kind = kind;
	kind->init(secret, random);
}

void
leat__digest_begin(
	struct leat__digester *d, const struct leat__digest_secret *secret)
{
	d->secret = secret;
	d->n_bytes = d->value[0] = d->value[1] = 0;
	d->n_held = 0;
}

static void
digester_go_on(struct leat__digester *d)
{
	d->secret->kind->go_on(d->secret, d->value, d->held);
	d->n_held = 0;
}

void
leat__digest_add(struct leat__digester *d, const void *data, size_t n_bytes)
{
	const uint8_t *at = data;

	d->n_bytes += n_bytes;
	while (n_bytes) {
		size_t n = LEAT__DIGEST_BYTES - d->n_held;

		/* more is to come, so it is not the last */
		if (!n) {
			digester_go_on(d);
			n = LEAT__DIGEST_BYTES;
		}
		n = n_bytes < n ? n_bytes : n;
		memcpy(d->held + d->n_held, at, n);
		d->n_held += (uint32_t)n;
		at += n;
		n_bytes -= n;
	}
}

struct leat__digest
leat__digest_end(const struct leat__digester *d)
{
	return d->secret->kind->end(
		d->secret, d->value, d->held, d->n_held, d->n_bytes);
}
