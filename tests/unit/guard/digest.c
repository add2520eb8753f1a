/*
 * unit/guard/digest.c -- digests against their formula, which is worked out bit
 * by bit, in any pieces; also where every sum is as large as it can be. Each
 * test is made with both kinds, where the machine has both.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guard/digest.h"
#include "support/test.h"

#define DATA_BYTES 600u

__extension__ typedef unsigned __int128 u128;

#define PRIME (((u128)1 << 127) - 1)

static struct leat__digest_secret secret;
static uint8_t data[DATA_BYTES];

static uint64_t
next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state ^ *state >> 32;
}

static void
draw(const struct leat__digest_kind *kind, uint64_t seed)
{
	uint64_t random[LEAT__DIGEST_RANDOM];

	for (uint32_t k = 0; k < LEAT__DIGEST_RANDOM; k++)
		random[k] = next_random(&seed);
	leat__digest_secret_init(&secret, kind, random);
	for (size_t k = 0; k < DATA_BYTES; k++)
		data[k] = (uint8_t)(next_random(&seed) >> 40);
}

static void
draw_largest(const struct leat__digest_kind *kind)
{
	uint64_t random[LEAT__DIGEST_RANDOM];

	memset(random, 0xff, sizeof(random));
	leat__digest_secret_init(&secret, kind, random);
	memset(data, 0xff, DATA_BYTES);
}

/* ---- kinds -------------------------------------------------------------- */

static void
with_each_kind(void (*test)(const struct leat__digest_kind *kind))
{
	test(&leat__digest_prime);
	if (leat__digest_best() != &leat__digest_prime)
		test(leat__digest_best());
}

/* ---- the formula of the prime ------------------------------------------- */

static u128
plus(u128 x, u128 y)
{
	return (x % PRIME + y % PRIME) % PRIME;
}

static u128
times(u128 x, u128 y)
{
	u128 sum = 0;

	for (; y; y >>= 1, x = plus(x, x))
		if (y & 1)
			sum = plus(sum, x);
	return sum;
}

static u128
factor(uint32_t k)
{
	ck_assert(secret.of.prime.low[k] >> 58 == 0 &&
		secret.of.prime.high[k] >> 60 == 0);
	return (u128)secret.of.prime.high[k] << 58 | secret.of.prime.low[k];
}

static u128
prime_value_of(const uint8_t *at, size_t n_bytes)
{
	u128 turn = (u128)secret.turn[1] << 64 | secret.turn[0], value = 0;

	for (size_t k = 0; k < n_bytes; k++) {
		uint32_t word = (uint32_t)(k / 8 % LEAT__DIGEST_WORDS);

		if (k && k % LEAT__DIGEST_BYTES == 0)
			value = times(value, turn);
		value = plus(value,
			times((u128)at[k] << (8 * (k % 8)), factor(word)));
	}
	return plus(value, n_bytes);
}

/* ---- the formula of the field ------------------------------------------- */

static u128
field_times(u128 x, u128 y)
{
	u128 sum = 0;

	for (; y; y >>= 1) {
		sum ^= y & 1 ? x : 0;
		x = x << 1 ^ (x >> 127 ? 0x87u : 0u);
	}
	return sum;
}

static u128
number_of(const uint64_t words[2])
{
	return (u128)words[1] << 64 | words[0];
}

/* With zeros behind its end. */
static u128
field_number(const uint8_t *at, size_t n_bytes)
{
	u128 number = 0;

	for (size_t k = 0; k < 16 && k < n_bytes; k++)
		number |= (u128)at[k] << (8 * k);
	return number;
}

static u128
field_value_of(const uint8_t *at, size_t n_bytes)
{
	u128 value = 0;

	for (size_t k = 0; k < n_bytes; k += 32) {
		size_t pair = k % LEAT__DIGEST_BYTES / 16;
		u128 x = field_number(at + k, n_bytes - k);
		u128 y = n_bytes - k > 16
			? field_number(at + k + 16, n_bytes - k - 16)
			: 0;

		if (k && !pair)
			value = field_times(value, number_of(secret.turn));
		value ^= field_times(x ^ number_of(secret.of.field[pair]),
			y ^ number_of(secret.of.field[pair + 1]));
	}
	return value ^ n_bytes;
}

/* Of the prime it is any number that is as much modulo it. */
static bool
is_as_by_formula(size_t n_bytes)
{
	struct leat__digest d = leat__digest_of(&secret, data, n_bytes);
	uint64_t high = d.a * UINT64_C(0xf1de83e19937733d) ^ d.b;
	u128 value = (u128)high << 64 | d.b;

	if (secret.kind == &leat__digest_prime)
		return plus(value, 0) == prime_value_of(data, n_bytes);
	return value == field_value_of(data, n_bytes);
}

/* ---- tests -------------------------------------------------------------- */

static void
check_formula(const struct leat__digest_kind *kind)
{
	for (size_t n = 0; n <= DATA_BYTES; n++) {
		draw(kind, n);
		ck_assert_msg(is_as_by_formula(n), "%zu bytes", n);
	}
}

START_TEST(digests_are_what_the_formula_says)
{
	with_each_kind(check_formula);
}
END_TEST

static void
check_largest(const struct leat__digest_kind *kind)
{
	draw_largest(kind);
	for (size_t n = 0; n <= DATA_BYTES; n++)
		ck_assert_msg(is_as_by_formula(n), "%zu bytes", n);
}

START_TEST(no_sum_is_too_large)
{
	with_each_kind(check_largest);
}
END_TEST

static struct leat__digest
digest_of_pieces(size_t n_bytes, size_t n_piece)
{
	struct leat__digester d;

	leat__digest_begin(&d, &secret);
	for (size_t k = 0; k < n_bytes; k += n_piece)
		leat__digest_add(&d, data + k,
			n_bytes - k < n_piece ? n_bytes - k : n_piece);
	return leat__digest_end(&d);
}

static void
check_pieces(const struct leat__digest_kind *kind)
{
	draw(kind, 1);
	for (size_t n = 0; n <= DATA_BYTES; n += 1 + n / 100) {
		struct leat__digest whole = leat__digest_of(&secret, data, n);

		for (size_t n_piece = 1; n_piece < 300; n_piece += 3) {
			struct leat__digest d = digest_of_pieces(n, n_piece);

			ck_assert(d.a == whole.a && d.b == whole.b);
		}
	}
}

START_TEST(pieces_make_no_difference)
{
	with_each_kind(check_pieces);
}
END_TEST

static bool
are_apart(struct leat__digest x, struct leat__digest y)
{
	return x.a != y.a && x.b != y.b;
}

/* Zeros at the end count, and so does each bit. */
static void
check_apart(const struct leat__digest_kind *kind)
{
	struct leat__digest last, next;

	draw(kind, 2);
	memset(data, 0, DATA_BYTES);
	last = leat__digest_of(&secret, data, 0);
	for (size_t n = 1; n <= DATA_BYTES; n++, last = next) {
		next = leat__digest_of(&secret, data, n);
		ck_assert(are_apart(last, next));
		for (size_t k = 0; k < n; k++) {
			data[k] = (uint8_t)(1u << (k % 8));
			ck_assert(are_apart(
				next, leat__digest_of(&secret, data, n)));
			data[k] = 0;
		}
	}
}

START_TEST(what_differs_is_told_apart)
{
	with_each_kind(check_apart);
}
END_TEST

static int
word_compare(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

/* Numbers that follow each other: what a table sorts by is spread as if by
 * chance. Of so many, 2^16 places stay empty as often as e^-1, or nearly. */
static void
check_spread(const struct leat__digest_kind *kind)
{
	static uint64_t places[65536];
	uint32_t n_used = 1;

	for (uint64_t seed = 10; seed < 20; seed++, n_used = 1) {
		draw(kind, seed);
		for (uint64_t k = 0; k < 65536; k++)
			places[k] = leat__digest_of(&secret, &k, 8).a >> 48;
		qsort(places, 65536, sizeof(*places), word_compare);
		for (uint32_t k = 1; k < 65536; k++)
			n_used += places[k] != places[k - 1];
		ck_assert_uint_gt(n_used, 65536 * 60 / 100);
		ck_assert_uint_lt(n_used, 65536 * 67 / 100);
	}
}

START_TEST(numbers_in_a_row_are_spread)
{
	with_each_kind(check_spread);
}
END_TEST

TEST_MAIN("guard/digest", digests_are_what_the_formula_says,
	no_sum_is_too_large, pieces_make_no_difference,
	what_differs_is_told_apart, numbers_in_a_row_are_spread)
