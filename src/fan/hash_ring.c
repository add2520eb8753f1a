/*
 * fan/hash_ring.c -- which branch a key goes to, by consistent hashing.
 *
 * The ring is cut into about as many stretches as it has points; first[] leads
 * from a hash to the points of its stretch, so looking up needs no search. One
 * probe a key would leave the loads of 16 branches with a standard deviation
 * of 7.5 % (above 8 for every third set of identities); three leave 3.5.
 *
 * Keeps: points ascend, equal ones by identity; first[s] is the number of
 * points before stretch s; two that nobody has come behind the last point.
 * Threads: one makes it, then any may read.
 */
#include "fan/hash_ring.h"
#include "base/bytes.h"

#define RING_PROBES      3
#define RING_EXTRA       2                   /* points behind the last */
#define RING_POINT_BYTES 20                  /* with its share of stretches */
#define RING_GOLDEN      0x9e3779b97f4a7c15u /* 2^64 / golden ratio, odd */

/* Source: splitmix64 (Steele, Lea, Flood 2014) with Stafford's constants 13. */
static inline uint64_t
ring_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* ---- build --------------------------------------------------------------- */

static int
ring_count(struct leat__fan_hash_ring *ring,
	const struct leat__fan_branch *branches, uint32_t n_branches)
{
	uint64_t n = 0;

	for (uint32_t b = 0; b < n_branches; b++) {
		n += (uint64_t)branches[b].weight * LEAT__FAN_RING_POINTS;
		if (n > LEAT__FAN_RING_POINTS_MAX)
			return LEAT_ELIMIT;
	}
	ring->n_points = (uint32_t)n;
	return n ? LEAT_OK : LEAT_EINVAL;
}

/* Stretches: a power of two, as many as points at least. */
static int
ring_alloc(struct leat__fan_hash_ring *ring)
{
	const struct leat__env *env = ring->env;
	size_t n = ring->n_points, n_stretches = 1;

	for (ring->shift = 64; n_stretches < n; ring->shift--)
		n_stretches *= 2;
	ring->points =
		env->alloc(env, (n + RING_EXTRA) * sizeof(*ring->points));
	ring->branches = env->alloc(env, n * sizeof(*ring->branches));
	/* two more: while points are put in, all is one further on */
	ring->first = env->alloc(env, (n_stretches + 2) * sizeof(*ring->first));
	if (!ring->points || !ring->branches || !ring->first)
		return LEAT_ENOMEM;
	for (size_t k = n; k < n + RING_EXTRA; k++)
		ring->points[k] = UINT64_MAX;
	ring->n_stretches = (uint32_t)n_stretches;
	return LEAT_OK;
}

typedef void (*ring_point_fn)(
	struct leat__fan_hash_ring *ring, uint64_t point, uint32_t branch);

static void
ring_each_point(struct leat__fan_hash_ring *ring,
	const struct leat__fan_branch *branches, uint32_t n_branches,
	ring_point_fn fn)
{
	for (uint32_t b = 0; b < n_branches; b++) {
		uint64_t state = ring_mix(branches[b].id + RING_GOLDEN);
		uint64_t n =
			(uint64_t)branches[b].weight * LEAT__FAN_RING_POINTS;

		for (uint64_t k = 0; k < n; k++)
			fn(ring, ring_mix(state += RING_GOLDEN), b);
	}
}

static void
ring_tally(struct leat__fan_hash_ring *ring, uint64_t point, uint32_t branch)
{
	(void)branch;
	ring->first[(point >> ring->shift) + 2]++;
}

/* first[s + 1] is where the next point of stretch s goes; in the end, it is
 * where those of s + 1 begin. */
static void
ring_put(struct leat__fan_hash_ring *ring, uint64_t point, uint32_t branch)
{
	uint32_t to = ring->first[(point >> ring->shift) + 1]++;

	ring->points[to] = point;
	ring->branches[to] = branch;
}

/* Does the point at a place belong behind this one? */
static bool
ring_is_behind(const struct leat__fan_hash_ring *ring,
	const struct leat__fan_branch *branches, uint32_t place, uint64_t point,
	uint64_t id)
{
	if (ring->points[place] != point)
		return ring->points[place] > point;
	return branches[ring->branches[place]].id > id;
}

/* By insertion: every point is in its stretch already. */
static void
ring_sort(struct leat__fan_hash_ring *ring,
	const struct leat__fan_branch *branches)
{
	for (uint32_t k = 1; k < ring->n_points; k++) {
		uint64_t point = ring->points[k];
		uint32_t branch = ring->branches[k], to = k;

		while (to > 0 &&
			ring_is_behind(ring, branches, to - 1, point,
				branches[branch].id)) {
			ring->points[to] = ring->points[to - 1];
			ring->branches[to] = ring->branches[to - 1];
			to--;
		}
		ring->points[to] = point;
		ring->branches[to] = branch;
	}
}

/* Twins have the same points, side by side. */
static bool
ring_has_twins(const struct leat__fan_hash_ring *ring,
	const struct leat__fan_branch *branches)
{
	for (uint32_t k = 1; k < ring->n_points; k++) {
		uint64_t id = branches[ring->branches[k]].id;

		if (ring->points[k - 1] == ring->points[k] &&
			branches[ring->branches[k - 1]].id == id)
			return true;
	}
	return false;
}

static int
ring_build(struct leat__fan_hash_ring *ring,
	const struct leat__fan_branch *branches, uint32_t n_branches)
{
	LEAT_TRY(ring_count(ring, branches, n_branches));
	LEAT_TRY(ring_alloc(ring));
	ring_each_point(ring, branches, n_branches, ring_tally);
	for (uint32_t s = 0; s < ring->n_stretches; s++)
		ring->first[s + 2] += ring->first[s + 1];
	ring_each_point(ring, branches, n_branches, ring_put);
	ring_sort(ring, branches);
	return ring_has_twins(ring, branches) ? LEAT_EINVAL : LEAT_OK;
}

int
leat__fan_hash_ring_init(struct leat__fan_hash_ring *ring,
	const struct leat__env *env, const struct leat__fan_branch *branches,
	uint32_t n_branches)
{
	int rc;

	*ring = (struct leat__fan_hash_ring){.env = env};
	rc = ring_build(ring, branches, n_branches);
	if (rc < 0)
		leat__fan_hash_ring_fini(ring);
	return rc;
}

void
leat__fan_hash_ring_fini(struct leat__fan_hash_ring *ring)
{
	void *blocks[] = {ring->points, ring->branches, ring->first};

	for (size_t k = 0; k < leat__array_len(blocks); k++)
		if (blocks[k])
			ring->env->free(ring->env, blocks[k]);
	ring->points = NULL;
	ring->branches = NULL;
	ring->first = NULL;
}

/* ---- look up ------------------------------------------------------------- */

/* The first point at or behind a place of the ring. Most stretches have at
 * most two points, which are passed without a branch to guess. */
static inline uint32_t
ring_next(const struct leat__fan_hash_ring *ring, uint64_t place)
{
	uint32_t k = ring->first[place >> ring->shift];

	k += ring->points[k] < place;
	k += ring->points[k] < place;
	while (leat__unlikely(ring->points[k] < place))
		k++;
	return k < ring->n_points ? k : 0;
}

uint32_t
leat__fan_hash_ring_lookup(
	const struct leat__fan_hash_ring *ring, uint64_t hash)
{
	uint32_t nearest = ring_next(ring, hash);
	uint64_t gap = ring->points[nearest] - hash;

	for (uint32_t probe = 1; probe < RING_PROBES; probe++) {
		uint64_t place = ring_mix(hash + probe * RING_GOLDEN);
		uint32_t next = ring_next(ring, place);
		uint64_t next_gap = ring->points[next] - place;

		nearest = next_gap < gap ? next : nearest;
		gap = leat__min_u64(gap, next_gap);
	}
	return ring->branches[nearest];
}

/* The first point at or behind a place that is one of the first branches'. */
static inline uint32_t
ring_next_among(const struct leat__fan_hash_ring *ring, uint64_t place,
	uint32_t n_active)
{
	uint32_t k = ring_next(ring, place);

	while (ring->branches[k] >= n_active)
		k = k + 1 < ring->n_points ? k + 1 : 0;
	return k;
}

uint32_t
leat__fan_hash_ring_lookup_among(const struct leat__fan_hash_ring *ring,
	uint64_t hash, uint32_t n_active)
{
	uint32_t nearest = ring_next_among(ring, hash, n_active);
	uint64_t gap = ring->points[nearest] - hash;

	for (uint32_t probe = 1; probe < RING_PROBES; probe++) {
		uint64_t place = ring_mix(hash + probe * RING_GOLDEN);
		uint32_t next = ring_next_among(ring, place, n_active);
		uint64_t next_gap = ring->points[next] - place;

		nearest = next_gap < gap ? next : nearest;
		gap = leat__min_u64(gap, next_gap);
	}
	return ring->branches[nearest];
}

uint64_t
leat__fan_hash_ring_bytes(uint64_t weight)
{
	return (weight * LEAT__FAN_RING_POINTS + RING_EXTRA) * RING_POINT_BYTES;
}

/* ---- the hash of a key --------------------------------------------------- */

/*
 * Source: wyhash, final version 4 (Wang Yi, public domain): the same products
 * of 128 bits and the same reading of short keys, in one lane.
 */
#define HASH_0 0xa0761d6478bd642fu
#define HASH_1 0xe7037ed1a0b428dbu

__extension__ typedef unsigned __int128 hash_product;

static inline uint64_t
hash_fold(uint64_t a, uint64_t b)
{
	hash_product product = (hash_product)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Up to 16 bytes as two words, which may overlap. */
static inline void
hash_load_last(const unsigned char *bytes, size_t n_bytes, uint64_t words[2])
{
	words[0] = words[1] = 0;
	if (n_bytes >= 8) {
		words[0] = leat__bytes_u64(bytes);
		words[1] = leat__bytes_u64(bytes + n_bytes - 8);
	} else if (n_bytes >= 4) {
		words[0] = leat__bytes_u32(bytes);
		words[1] = leat__bytes_u32(bytes + n_bytes - 4);
	} else if (n_bytes > 0) {
		words[0] = (uint64_t)bytes[0] << 16 |
			(uint64_t)bytes[n_bytes / 2] << 8 | bytes[n_bytes - 1];
	}
}

uint64_t
leat__fan_hash(const void *key, size_t n_bytes)
{
	const unsigned char *bytes = key;
	size_t left = n_bytes;
	uint64_t state = HASH_0, words[2];
	hash_product product;

	for (; left > 16; left -= 16, bytes += 16)
		state = hash_fold(leat__bytes_u64(bytes) ^ HASH_1,
			leat__bytes_u64(bytes + 8) ^ state);
	hash_load_last(bytes, left, words);
	product = (hash_product)(words[0] ^ HASH_1) * (words[1] ^ state);
	return hash_fold((uint64_t)product ^ HASH_0 ^ n_bytes,
		(uint64_t)(product >> 64) ^ HASH_1);
}
