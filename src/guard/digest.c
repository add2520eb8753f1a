/*
 * guard/digest.c -- 128 bits that stand for a key: SipHash-2-4, with its output
 * of 128 bits.
 *
 * Keeps: the same bytes with the same seed have the same digest, in whatever
 * pieces they come, on every machine.
 * Threads: any.
 * Source: Aumasson and Bernstein, SipHash: a fast short-input PRF, 2012.
 */
#include "guard/digest.h"

static uint64_t
turn(uint64_t x, uint32_t n_bits)
{
	return x << n_bits | x >> (64 - n_bits);
}

static void
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

static void
digest_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	digest_round(v);
	digest_round(v);
	v[0] ^= word;
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

void
leat__digest_add(struct leat__digester *d, const void *data, size_t n_bytes)
{
	const uint8_t *at = data, *end = at + n_bytes;

	for (; at < end; at++) {
		d->rest |= (uint64_t)*at << (d->n_bytes % 8 * 8);
		if (++d->n_bytes % 8)
			continue;
		digest_word(d->v, d->rest);
		d->rest = 0;
	}
}

static uint64_t
digest_finish(uint64_t v[4])
{
	for (int k = 0; k < 4; k++)
		digest_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct leat__digest
leat__digest_end(struct leat__digester *d)
{
	struct leat__digest digest;

	digest_word(d->v, d->rest | d->n_bytes << 56);
	d->v[2] ^= 0xee;
	digest.a = digest_finish(d->v);
	d->v[1] ^= 0xdd;
	digest.b = digest_finish(d->v);
	return digest;
}
