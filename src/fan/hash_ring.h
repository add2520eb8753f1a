/*
 * fan/hash_ring.h -- which branch a key goes to, by consistent hashing.
 *
 * A branch has points on a ring of 2^64, drawn from its identity alone, so many
 * a unit of weight. A key looks from a few places, drawn from its hash, for the
 * next point, and belongs to the nearest. So when a branch joins or leaves or
 * its weight changes, no keys move but those it gets or gives up, and the ring
 * is the same on every machine, whatever the order of the branches.
 * Threads: one makes it, then any may look up; it never changes.
 * Source: Karger et al., Consistent hashing and random trees, 1997; Appleton
 * and O'Reilly, Multi-probe consistent hashing, 2015.
 */
#ifndef LEAT_SRC_FAN_HASH_RING_H
#define LEAT_SRC_FAN_HASH_RING_H

#include "env/env.h"

#define LEAT__FAN_RING_POINTS     160u       /* of weight 1 */
#define LEAT__FAN_RING_POINTS_MAX (1u << 24) /* of all branches together */

struct leat__fan_branch {
	uint64_t id;     /* any number, of one branch only; keys stay with it */
	uint32_t weight; /* share of the keys; 0 = none */
};

/* All fields are private. */
struct leat__fan_hash_ring {
	const struct leat__env *env;
	uint64_t *points;   /* ascending */
	uint32_t *branches; /* whose they are */
	uint32_t *first;    /* by stretch: its first point */
	uint32_t n_points;
	uint32_t n_stretches;
	uint32_t shift; /* of a hash, to the number of its stretch */
};

/*
 * LEAT_OK, LEAT_EINVAL (no weight at all, or an id twice), LEAT_ELIMIT (more
 * than LEAT__FAN_RING_POINTS_MAX), LEAT_ENOMEM. Memory: at most 20 bytes a
 * point. Cost: O(points).
 */
LEAT_MUST_CHECK int leat__fan_hash_ring_init(struct leat__fan_hash_ring *ring,
	const struct leat__env *env, const struct leat__fan_branch *branches,
	uint32_t n_branches);

/* Also of zeroed memory, and of a ring that init has refused. */
void leat__fan_hash_ring_fini(struct leat__fan_hash_ring *ring);

/* The branch, by its index at init, of a key with this hash. Cost: O(1). */
uint32_t leat__fan_hash_ring_lookup(
	const struct leat__fan_hash_ring *ring, uint64_t hash);

/* As if only the first n_active branches were there; one of them has weight. */
uint32_t leat__fan_hash_ring_lookup_among(
	const struct leat__fan_hash_ring *ring, uint64_t hash,
	uint32_t n_active);

/* Most memory that a ring with this sum of weights takes. */
uint64_t leat__fan_hash_ring_bytes(uint64_t weight);

/*
 * Hash of a key: each bit of the key turns each bit of the hash over with
 * probability one half. The same on every machine. No secret is in it: who
 * may choose the keys may choose the branch.
 */
uint64_t leat__fan_hash(const void *key, size_t n_bytes);

#endif
