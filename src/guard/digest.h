/*
 * guard/digest.h -- 128 bits that stand for a key.
 *
 * Two different keys have the same with a probability of 2^-128, also if
 * somebody who does not know the seed chooses them.
 */
#ifndef LEAT_SRC_GUARD_DIGEST_H
#define LEAT_SRC_GUARD_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct leat__digest {
	uint64_t a, b;
};

/* Keys that come in pieces: what stands in which counts. */
struct leat__digester {
	uint64_t v[4];
	uint64_t rest; /* bytes that do not fill a word yet */
	uint64_t n_bytes;
};

void leat__digest_begin(struct leat__digester *d, const uint64_t seed[2]);
void leat__digest_add(
	struct leat__digester *d, const void *data, size_t n_bytes);
struct leat__digest leat__digest_end(struct leat__digester *d);

#endif
