/*
 * guard/digest.c -- 128 bits that stand for a key: SipHash-1-3, with its output
 * of 128 bits.
 *
 * Keeps: the same bytes with the same seed have the same digest, in whatever
 * pieces they come, on every machine.
 * Threads: any.
 * Source: Aumasson and Bernstein, SipHash: a fast short-input PRF, 2012; one
 * round a word and three at the end, as hash tables of other languages have it:
 * nobody is ever shown a digest (docs/decisions/0062).
 */
#include <string.h>

#include "guard/digest.h"

static uint64_t
turn(uint64_t x, uint32_t n_bits)
{
	return x << n_bits | x >> (64 - n_bits);
}

static inline void
digest_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = turn(v[1], 13) ^ v[0];
	v[0] = turn(v[0], 32);
	v[2] += v[3];
	v[3] = turn(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = turn(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = turn(v[1], 17) ^ v[2];
	v[2] = turn(v[2], 32);
}

static inline void
digest_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	digest_round(v);
	v[0] ^= word;
}

/* Eight bytes, the first one lowest. */
static inline uint64_t
load_word(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* Fewer than eight. */
static inline uint64_t
load_rest(const uint8_t *at, size_t n_bytes)
{
	uint64_t word = 0;

	for (size_t k = 0; k < n_bytes; k++)
		word |= (uint64_t)at[k] << (8 * k);
	return word;
}

void
leat__digest_begin(struct leat__digester *d, const uint64_t seed[2])
{
	d->v[0] = seed[0] ^ UINT64_C(0x736f6d6570736575);
	d->v[1] = seed[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee;
	d->v[2] = seed[0] ^ UINT64_C(0x6c7967656e657261);
	d->v[3] = seed[1] ^ UINT64_C(0x7465646279746573);
	d->rest = d->n_bytes = 0;
}

/* Words that do not begin where one of the key does: what is left of each waits
 * for the next. */
static uint64_t
digest_across(uint64_t v[4], uint64_t rest, uint32_t n_bits, const uint8_t *at,
	const uint8_t *end)
{
	for (; at < end; at += 8) {
		uint64_t word = load_word(at);

		digest_word(v, rest | word << n_bits);
		rest = word >> (64 - n_bits);
	}
	return rest;
}

void
leat__digest_add(struct leat__digester *d, const void *data, size_t n_bytes)
{
	uint32_t n_bits = (uint32_t)(d->n_bytes % 8 * 8);
	uint64_t v[4] = {d->v[0], d->v[1], d->v[2], d->v[3]};
	const uint8_t *at = data, *end = at + n_bytes / 8 * 8;
	uint64_t rest = d->rest, word;

	d->n_bytes += n_bytes;
	if (n_bits)
		rest = digest_across(v, rest, n_bits, at, end);
	else
		for (; at < end; at += 8)
			digest_word(v, load_word(at));
	word = load_rest(end, n_bytes % 8);
	rest |= word << n_bits;
	if (n_bits + 8 * (n_bytes % 8) >= 64) {
		digest_word(v, rest);
		rest = word >> (64 - n_bits);
	}
	memcpy(d->v, v, sizeof(v));
	d->rest = rest;
}

static inline uint64_t
digest_finish(uint64_t v[4])
{
	for (int k = 0; k < 3; k++)
		digest_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct leat__digest
leat__digest_end(struct leat__digester *d)
{
	uint64_t v[4] = {d->v[0], d->v[1], d->v[2], d->v[3]};
	struct leat__digest digest;

	digest_word(v, d->rest | d->n_bytes << 56);
	v[2] ^= 0xee;
	digest.a = digest_finish(v);
	v[1] ^= 0xdd;
	digest.b = digest_finish(v);
	return digest;
}
