/*
 * guard/digest.h -- 128 bits that stand for a key.
 *
 * Two keys that differ have the same with a probability of at most 2^-117, or
 * n_bytes * 2^-132 if that is more, also if somebody chooses them who does not
 * know the secret. Whoever is shown digests can find it out: they are not to
 * leave the process.
 */
#ifndef LEAT_SRC_GUARD_DIGEST_H
#define LEAT_SRC_GUARD_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define LEAT__DIGEST_WORDS  16u /* of a block */
#define LEAT__DIGEST_BYTES  (8 * LEAT__DIGEST_WORDS)
#define LEAT__DIGEST_RANDOM (2 * LEAT__DIGEST_WORDS + 2)

struct leat__digest {
	uint64_t a, b;
};

struct leat__digest_secret;

/* One way to make digests. value: of all blocks before, 0 of none. */
struct leat__digest_kind {
	void (*init)(
		struct leat__digest_secret *secret, const uint64_t *random);
	struct leat__digest (*of)(const struct leat__digest_secret *secret,
		const void *data, size_t n_bytes);
	void (*go_on)(const struct leat__digest_secret *secret,
		uint64_t value[2], const uint8_t block[LEAT__DIGEST_BYTES]);
	/* rest: what is behind those blocks, of a key of n_bytes */
	struct leat__digest (*end)(const struct leat__digest_secret *secret,
		const uint64_t value[2], const uint8_t *rest, size_t n_rest,
		uint64_t n_bytes);
};

/* What a block's words are multiplied with, or added to, and what a block is
 * multiplied with for each that follows. */
struct leat__digest_secret {
	const struct leat__digest_kind *kind;
	uint64_t turn[2]; /* of the prime: 126 bits */
	union {
		struct {
			uint64_t low[LEAT__DIGEST_WORDS];  /* 58 bits */
			uint64_t high[LEAT__DIGEST_WORDS]; /* 60 above them */
		} prime;
		uint64_t field[LEAT__DIGEST_WORDS / 2][2];
	} of;
};

/* Keys that come in pieces: where one ends does not count. */
struct leat__digester {
	const struct leat__digest_secret *secret;
	uint64_t n_bytes;
	uint64_t value[2]; /* of the blocks that are complete */
	uint32_t n_held;   /* bytes of the one that may be the last */
	uint8_t held[LEAT__DIGEST_BYTES];
};

/* Any machine; and those that multiply without carries (x86-64 only). */
extern const struct leat__digest_kind leat__digest_prime, leat__digest_field;

/* The one to take on this machine. */
const struct leat__digest_kind *leat__digest_best(void);
void leat__digest_secret_init(struct leat__digest_secret *secret,
	const struct leat__digest_kind *kind,
	const uint64_t random[LEAT__DIGEST_RANDOM]);

/* Of a key in one piece. */
static inline struct leat__digest
leat__digest_of(const struct leat__digest_secret *secret, const void *data,
	size_t n_bytes)
{
	return secret->kind->of(secret, data, n_bytes);
}

void leat__digest_begin(
	struct leat__digester *d, const struct leat__digest_secret *secret);
void leat__digest_add(
	struct leat__digester *d, const void *data, size_t n_bytes);
struct leat__digest leat__digest_end(const struct leat__digester *d);

#endif
