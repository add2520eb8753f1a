/*
 * unit/fan/hash_ring.c -- how evenly keys are spread, how few move, and the
 * hash they are spread by.
 */
#include <math.h>

#include "fan/hash_ring.h"
#include "support/fail.h"
#include "support/stress.h"
#include "support/test.h"

#define BRANCHES_MAX 33u
#define N_KEYS       100000u
#define GOLDEN       0x9e3779b97f4a7c15u

static struct fail_env world;
static struct leat__fan_hash_ring ring;
static struct leat__fan_branch branches[BRANCHES_MAX];

static void
setup(uint32_t n_branches)
{
	fail_env_init(&world);
	ck_assert_int_eq(leat__fan_hash_ring_init(
				 &ring, &world.env, branches, n_branches),
		LEAT_OK);
}

static void
teardown(void)
{
	leat__fan_hash_ring_fini(&ring);
	ck_assert_uint_eq(world.alloc_live, 0);
}

static uint64_t
key_hash(uint64_t key)
{
	return leat__fan_hash(&key, sizeof(key));
}

/* Set number 0 are the identities 0, 1, 2...; others are drawn. */
static void
branches_of_set(uint64_t set, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		branches[k] = (struct leat__fan_branch){
			.id = set ? key_hash(set * 1000 + k) : k, .weight = 1};
}

/* ---- loads --------------------------------------------------------------- */

static uint32_t loads[BRANCHES_MAX];

static void
loads_count(void)
{
	memset(loads, 0, sizeof(loads));
	for (uint64_t key = 0; key < N_KEYS; key++)
		loads[leat__fan_hash_ring_lookup(&ring, key_hash(key))]++;
}

/* Standard deviation over n branches of equal weight, as a part of the mean. */
static double
loads_deviation(uint32_t n)
{
	double mean = (double)N_KEYS / n, sum = 0;

	loads_count();
	for (uint32_t k = 0; k < n; k++)
		sum += (loads[k] - mean) * (loads[k] - mean);
	return sqrt(sum / n) / mean;
}

START_TEST(loads_of_16_branches_deviate_by_at_most_8_percent)
{
	for (uint64_t set = 0; set < 20; set++) {
		branches_of_set(set, 16);
		setup(16);
		ck_assert_double_le(loads_deviation(16), 0.08);
		teardown();
	}
}
END_TEST

static void
expect_shares(uint32_t n)
{
	double all = 0;

	for (uint32_t k = 0; k < n; k++)
		all += branches[k].weight;
	loads_count();
	for (uint32_t k = 0; k < n; k++)
		ck_assert_double_le(
			fabs(loads[k] * all / N_KEYS - branches[k].weight),
			0.1 * branches[k].weight);
}

START_TEST(weights_are_respected_within_10_percent)
{
	static const uint32_t weights[] = {4, 0, 1, 2, 8, 3, 1, 5};

	for (uint64_t set = 0; set < 5; set++) {
		branches_of_set(set, 8);
		for (uint32_t k = 0; k < 8; k++)
			branches[k].weight = weights[k];
		setup(8);
		expect_shares(8);
		ck_assert_uint_eq(loads[1], 0);
		teardown();
	}
}
END_TEST

START_TEST(a_single_branch_gets_every_key)
{
	branches_of_set(3, 1);
	setup(1);
	loads_count();
	ck_assert_uint_eq(loads[0], N_KEYS);
	ck_assert_uint_eq(leat__fan_hash_ring_lookup(&ring, 0), 0);
	ck_assert_uint_eq(leat__fan_hash_ring_lookup(&ring, UINT64_MAX), 0);
	teardown();
}
END_TEST

/* ---- what moves ---------------------------------------------------------- */

static uint32_t was[N_KEYS];

static void
note_owners(void)
{
	for (uint64_t key = 0; key < N_KEYS; key++)
		was[key] = leat__fan_hash_ring_lookup(&ring, key_hash(key));
}

/* How many keys are with another branch than noted; all of them must have
 * moved to the one that is named. */
static uint32_t
moved_to(uint32_t branch)
{
	uint32_t n_moved = 0;

	for (uint64_t key = 0; key < N_KEYS; key++) {
		uint32_t is = leat__fan_hash_ring_lookup(&ring, key_hash(key));

		must(is == was[key] || is == branch);
		n_moved += is != was[key];
	}
	return n_moved;
}

/* A leave is a join seen backwards. */
START_TEST(at_most_1_3_nths_of_the_keys_move_when_a_branch_joins_or_leaves)
{
	for (uint32_t n = 2; n <= 32; n++) {
		uint32_t n_moved;

		branches_of_set(n % 3, n);
		setup(n - 1);
		note_owners();
		teardown();
		setup(n);
		n_moved = moved_to(n - 1);
		ck_assert_double_le(n_moved, 1.3 * N_KEYS / n);
		ck_assert_double_ge(n_moved, 0.7 * N_KEYS / n);
		teardown();
	}
}
END_TEST

START_TEST(a_branch_that_gets_heavier_only_gains_keys)
{
	branches_of_set(1, 10);
	setup(10);
	note_owners();
	teardown();
	branches[4].weight = 3;
	setup(10);
	ck_assert_uint_gt(moved_to(4), N_KEYS / 10);
	teardown();
}
END_TEST

START_TEST(the_ring_is_the_same_whatever_the_order_of_the_branches)
{
	branches_of_set(0, 12);
	setup(12);
	note_owners();
	teardown();
	for (uint32_t k = 0; k < 12; k++)
		branches[k].id = 11 - k;
	setup(12);
	for (uint64_t key = 0; key < N_KEYS; key++)
		must(leat__fan_hash_ring_lookup(&ring, key_hash(key)) ==
			11 - was[key]);
	teardown();
}
END_TEST

/* ---- identities whose points coincide ------------------------------------ */

static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* By what an odd factor is undone: each step doubles the bits that are right.
 */
static uint64_t
inverse(uint64_t factor)
{
	uint64_t x = factor;

	for (uint32_t k = 0; k < 6; k++)
		x *= 2 - factor * x;
	return x;
}

static uint64_t
unmix(uint64_t x)
{
	x = x ^ (x >> 31) ^ (x >> 62);
	x *= inverse(0x94d049bb133111ebu);
	x = x ^ (x >> 27) ^ (x >> 54);
	x *= inverse(0xbf58476d1ce4e5b9u);
	return x ^ (x >> 30) ^ (x >> 60);
}

/* Its points are those of id but for the first, and one more. */
static uint64_t
neighbour_of(uint64_t id)
{
	return unmix(mix(id + GOLDEN) + GOLDEN) - GOLDEN;
}

static uint64_t
owner_of_shared_point(uint64_t first_id, uint64_t second_id, uint64_t point)
{
	uint64_t id;

	branches[0] = (struct leat__fan_branch){first_id, 1};
	branches[1] = (struct leat__fan_branch){second_id, 1};
	setup(2);
	id = branches[leat__fan_hash_ring_lookup(&ring, point)].id;
	teardown();
	return id;
}

START_TEST(a_point_of_two_branches_belongs_to_the_lesser_identity)
{
	for (uint64_t id = 0; id < 20; id++) {
		uint64_t other = neighbour_of(id);
		uint64_t point = mix(mix(id + GOLDEN) + 2 * GOLDEN);
		uint64_t least = leat__min_u64(id, other);

		ck_assert_uint_eq(
			owner_of_shared_point(id, other, point), least);
		ck_assert_uint_eq(
			owner_of_shared_point(other, id, point), least);
	}
}
END_TEST

/* ---- what is refused ----------------------------------------------------- */

static void
expect_refused(uint32_t n_branches, int code)
{
	fail_env_init(&world);
	ck_assert_int_eq(leat__fan_hash_ring_init(
				 &ring, &world.env, branches, n_branches),
		code);
	ck_assert_uint_eq(world.alloc_live, 0);
	teardown();
}

START_TEST(a_ring_without_weight_is_refused)
{
	branches_of_set(0, 2);
	expect_refused(0, LEAT_EINVAL);
	branches[0].weight = branches[1].weight = 0;
	expect_refused(2, LEAT_EINVAL);
}
END_TEST

START_TEST(an_identity_of_two_branches_is_refused)
{
	branches_of_set(0, 9);
	branches[8].id = branches[2].id;
	branches[2].weight = 3;
	expect_refused(9, LEAT_EINVAL);
}
END_TEST

START_TEST(more_points_than_the_limit_are_refused)
{
	uint32_t weight = LEAT__FAN_RING_POINTS_MAX / LEAT__FAN_RING_POINTS;

	branches_of_set(0, BRANCHES_MAX);
	branches[0].weight = weight + 1;
	expect_refused(1, LEAT_ELIMIT);
	branches[0].weight = weight;
	expect_refused(2, LEAT_ELIMIT);
	for (uint32_t k = 0; k < BRANCHES_MAX; k++)
		branches[k].weight = UINT32_MAX;
	expect_refused(BRANCHES_MAX, LEAT_ELIMIT);
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
	branches_of_set(0, 2);
	for (uint64_t k = 1; k <= 3; k++) {
		fail_env_init(&world);
		world.alloc_fail_at = k;
		ck_assert_int_eq(leat__fan_hash_ring_init(
					 &ring, &world.env, branches, 2),
			LEAT_ENOMEM);
		ck_assert_uint_eq(world.alloc_live, 0);
	}
}
END_TEST

/* ---- the hash ------------------------------------------------------------ */

#define N_SAMPLES     1024u
#define KEY_BYTES_MAX 48u

static void
draw_bytes(unsigned char *bytes, size_t n_bytes, uint64_t *seed)
{
	for (size_t k = 0; k < n_bytes; k++)
		bytes[k] = (unsigned char)stress_below(seed, 256);
}

/* How often each bit of the hash turns over with one bit of the key. */
static void
count_turns(size_t n_bytes, size_t bit, uint32_t turns[64], uint64_t *seed)
{
	unsigned char key[KEY_BYTES_MAX];

	memset(turns, 0, 64 * sizeof(*turns));
	for (uint32_t k = 0; k < N_SAMPLES; k++) {
		uint64_t hash, other;

		draw_bytes(key, n_bytes, seed);
		hash = leat__fan_hash(key, n_bytes);
		key[bit / 8] ^= (unsigned char)(1u << bit % 8);
		other = leat__fan_hash(key, n_bytes);
		for (uint32_t out = 0; out < 64; out++)
			turns[out] += (hash ^ other) >> out & 1;
	}
}

static void
expect_avalanche(size_t n_bytes, size_t bit, uint64_t *seed)
{
	uint32_t turns[64];
	double sum = 0;

	count_turns(n_bytes, bit, turns, seed);
	for (uint32_t out = 0; out < 64; out++) {
		double share = (double)turns[out] / N_SAMPLES;

		must(share > 0.3 && share < 0.7);
		sum += share;
	}
	must(sum / 64 > 0.475 && sum / 64 < 0.525);
}

START_TEST(each_bit_of_a_key_turns_over_half_the_bits_of_its_hash)
{
	static const size_t lengths[] = {1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 48};
	uint64_t seed = 5;

	for (size_t k = 0; k < leat__array_len(lengths); k++)
		for (size_t bit = 0; bit < 8 * lengths[k]; bit++)
			expect_avalanche(lengths[k], bit, &seed);
}
END_TEST

/* Sum of squares over what chance makes of it: about 1, never far from it. */
static double
roughness(const uint32_t *counts, uint32_t n_counts, uint32_t n)
{
	double mean = (double)n / n_counts, sum = 0;

	for (uint32_t k = 0; k < n_counts; k++)
		sum += (counts[k] - mean) * (counts[k] - mean);
	return sum / mean / n_counts;
}

START_TEST(keys_that_are_alike_are_spread_as_by_chance)
{
	static uint32_t by_low[1024], by_high[1024];
	char key[24];

	for (uint32_t k = 0; k < N_KEYS; k++) {
		int n_bytes = snprintf(key, sizeof(key), "key-%u", k);
		uint64_t hash = leat__fan_hash(key, (size_t)n_bytes);

		by_low[hash % 1024]++;
		by_high[hash >> 54]++;
	}
	/* the standard deviation of either is sqrt(2 / 1024) = 0.044 */
	ck_assert_double_le(fabs(roughness(by_low, 1024, N_KEYS) - 1), 0.22);
	ck_assert_double_le(fabs(roughness(by_high, 1024, N_KEYS) - 1), 0.22);
}
END_TEST

START_TEST(the_length_of_a_key_counts)
{
	static const char zeros[KEY_BYTES_MAX];

	for (size_t a = 0; a <= KEY_BYTES_MAX; a++)
		for (size_t b = 0; b < a; b++)
			must(leat__fan_hash(zeros, a) !=
				leat__fan_hash(zeros, b));
}
END_TEST

/* In memory of its own, so that a look past the end is found. */
START_TEST(a_hash_is_that_of_the_bytes_wherever_they_lie)
{
	unsigned char bytes[KEY_BYTES_MAX], shifted[KEY_BYTES_MAX + 8];
	uint64_t seed = 11;

	draw_bytes(bytes, sizeof(bytes), &seed);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		unsigned char *own = malloc(n ? n : 1);
		uint64_t hash = leat__fan_hash(bytes, n);

		ck_assert_ptr_nonnull(own);
		memcpy(own, bytes, n);
		ck_assert_uint_eq(leat__fan_hash(own, n), hash);
		memcpy(shifted + n % 8, bytes, n);
		ck_assert_uint_eq(leat__fan_hash(shifted + n % 8, n), hash);
		free(own);
	}
	ck_assert_uint_eq(leat__fan_hash(NULL, 0), leat__fan_hash("", 0));
}
END_TEST

START_TEST(among_the_first_branches_keys_are_where_a_ring_of_them_has_them)
{
	static const uint32_t weights[] = {2, 1, 1, 3, 1};

	for (uint32_t n = 1; n <= 5; n++) {
		branches_of_set(7, 5);
		for (uint32_t k = 0; k < 5; k++)
			branches[k].weight = weights[k];
		setup(n);
		note_owners();
		teardown();
		setup(5);
		for (uint64_t key = 0; key < N_KEYS; key++)
			must(leat__fan_hash_ring_lookup_among(
				     &ring, key_hash(key), n) == was[key]);
		teardown();
	}
}
END_TEST

START_TEST(a_ring_takes_no_more_memory_than_it_says)
{
	for (uint32_t n = 1; n <= BRANCHES_MAX; n++) {
		branches_of_set(0, n);
		setup(n);
		ck_assert_uint_le((ring.n_points + 2) * 8ull +
				ring.n_points * 4ull +
				(ring.n_stretches + 2) * 4ull,
			leat__fan_hash_ring_bytes(n));
		teardown();
	}
}
END_TEST

/* Keys stay where they are from one build, machine and version to the next. */
START_TEST(hashes_and_owners_never_change)
{
	static const char text[] = "the quick brown fox jumps over the dog";
	static const uint32_t owners[] = {1, 2, 1, 0, 0, 2, 1, 1, 2, 1, 1, 1, 1,
		1, 1, 1, 2, 2, 1, 1, 2, 0, 0, 1};

	ck_assert_uint_eq(leat__fan_hash(text, 0), 0x60c06e5aa6716029u);
	ck_assert_uint_eq(leat__fan_hash(text, 1), 0xd1cc5e7e19ad292bu);
	ck_assert_uint_eq(leat__fan_hash(text, 3), 0x5aac386924de023fu);
	ck_assert_uint_eq(leat__fan_hash(text, 4), 0x2540d52e2d24d387u);
	ck_assert_uint_eq(leat__fan_hash(text, 8), 0x700fc953a311fc4bu);
	ck_assert_uint_eq(leat__fan_hash(text, 16), 0x5d2dba56630a5bbcu);
	ck_assert_uint_eq(leat__fan_hash(text, 17), 0xe4e277408bd4e97cu);
	ck_assert_uint_eq(leat__fan_hash(text, 38), 0x1aeeff47762eb770u);
	branches[0] = (struct leat__fan_branch){7, 1};
	branches[1] = (struct leat__fan_branch){8, 2};
	branches[2] = (struct leat__fan_branch){1000, 1};
	setup(3);
	for (uint64_t k = 0; k < leat__array_len(owners); k++)
		ck_assert_uint_eq(leat__fan_hash_ring_lookup(&ring, k * GOLDEN),
			owners[k]);
	teardown();
}
END_TEST

TEST_MAIN("fan/hash_ring", loads_of_16_branches_deviate_by_at_most_8_percent,
	weights_are_respected_within_10_percent, a_single_branch_gets_every_key,
	at_most_1_3_nths_of_the_keys_move_when_a_branch_joins_or_leaves,
	a_branch_that_gets_heavier_only_gains_keys,
	the_ring_is_the_same_whatever_the_order_of_the_branches,
	a_point_of_two_branches_belongs_to_the_lesser_identity,
	a_ring_without_weight_is_refused,
	an_identity_of_two_branches_is_refused,
	more_points_than_the_limit_are_refused, without_memory_nothing_is_kept,
	each_bit_of_a_key_turns_over_half_the_bits_of_its_hash,
	keys_that_are_alike_are_spread_as_by_chance, the_length_of_a_key_counts,
	a_hash_is_that_of_the_bytes_wherever_they_lie,
	among_the_first_branches_keys_are_where_a_ring_of_them_has_them,
	a_ring_takes_no_more_memory_than_it_says,
	hashes_and_owners_never_change)
