/*
 * The hash table, its memory, and quotients that are rounded once.
 */
#include "../table/fake.h"

#include "../../../stages/filter/group.h"

#include <math.h>

static struct fake fake;
static struct leat__group_budget budget;

static void
begin(uint64_t limit_bytes)
{
	fake_init(&fake, 1 << 24, 65536);
	budget = (struct leat__group_budget){
		.st = &fake.st, .limit_bytes = limit_bytes};
}

/* ---- memory -------------------------------------------------------------- */

START_TEST(no_more_is_taken_than_is_allowed)
{
	uint8_t *first, *second;

	begin(1000);
	first = leat__group_budget_take(&budget, 500, 0);
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_null(leat__group_budget_take(&budget, 500, 0));
	ck_assert_ptr_null(leat__group_budget_take(&budget, 100, 350));
	second = leat__group_budget_take(&budget, 100, 0);
	ck_assert_ptr_nonnull(second);
	leat__group_budget_give(&budget, first, 500);
	leat__group_budget_give(&budget, second, 100);
	leat__group_budget_give(&budget, NULL, 100);
	ck_assert_uint_eq(budget.used_bytes, 0);
	fake_fini(&fake);
}
END_TEST

START_TEST(pieces_are_aligned_and_fill_what_there_is)
{
	struct leat__group_bag bag;
	uint64_t n = 0;
	uint8_t *at;

	begin(40000);
	leat__group_bag_init(&bag, &budget, 1024, 16384);
	while ((at = leat__group_bag_take(&bag, 24, 8, 0))) {
		ck_assert_uint_eq((uintptr_t)at % 8, 0);
		memset(at, 0xff, 24);
		n++;
	}
	ck_assert_uint_gt(n * 24, 36000);
	ck_assert_ptr_null(leat__group_bag_take(&bag, 100000, 8, 0));
	leat__group_bag_fini(&bag);
	ck_assert_uint_eq(budget.used_bytes, 0);
	fake_fini(&fake);
}
END_TEST

/* ---- the table ----------------------------------------------------------- */

#define N 3000u

static uint8_t entries[N][64];

/* Key k, of every length from 0 to 39. */
static struct leat_text
make_key(uint32_t k, char *buf)
{
	uint32_t len = k % 40;

	memset(buf, 'x', 40);
	if (len >= 4)
		memcpy(buf, &k, sizeof(k));
	return (struct leat_text){(void *)buf, len};
}

/* Keys of less than 4 bytes are told apart by their prefix. */
static uint8_t *
find_key(struct leat__group_hash_table *table, uint32_t k, uint64_t hash_mask)
{
	char buf[40];
	struct leat_text key = make_key(k, buf);

	return leat__group_hash_table_find(table,
		leat__group_hash_key(key, k) & hash_mask, k % 40 < 4 ? k : 0,
		key);
}

static void
add_keys(struct leat__group_hash_table *table, uint64_t hash_mask)
{
	for (uint32_t k = 0; k < N; k++) {
		char buf[40];
		struct leat_text key = make_key(k, buf);

		ck_assert_ptr_null(find_key(table, k, hash_mask));
		leat__group_hash_put_key(entries[k], k % 40 < 4 ? k : 0, &key);
		ck_assert(leat__group_hash_table_reserve(table, 0));
		leat__group_hash_table_add(table,
			leat__group_hash_key(key, k) & hash_mask, entries[k]);
	}
}

static void
check_keys(uint64_t hash_mask)
{
	struct leat__group_hash_table table;

	begin(1 << 20);
	leat__group_hash_table_init(&table, &budget, 0);
	ck_assert_ptr_null(find_key(&table, 1, hash_mask));
	add_keys(&table, hash_mask);
	ck_assert_uint_eq(table.n, N);
	for (uint32_t k = 0; k < N; k++)
		ck_assert_ptr_eq(find_key(&table, k, hash_mask), entries[k]);
	for (uint32_t k = 0; k < N; k += 2) {
		char buf[40];

		leat__group_hash_table_remove(&table,
			leat__group_hash_key(make_key(k, buf), k) & hash_mask,
			entries[k]);
	}
	for (uint32_t k = 0; k < N; k++)
		ck_assert_ptr_eq(find_key(&table, k, hash_mask),
			k % 2 ? entries[k] : NULL);
	leat__group_hash_table_fini(&table);
	ck_assert_uint_eq(budget.used_bytes, 0);
	fake_fini(&fake);
}

START_TEST(what_was_added_is_found_and_what_was_removed_is_not)
{
	check_keys(UINT64_MAX);
}
END_TEST

START_TEST(keys_of_equal_hashes_are_told_apart)
{
	check_keys(31);
}
END_TEST

START_TEST(null_is_a_key_unlike_the_empty_one)
{
	struct leat__group_hash_table table;
	struct leat_text null = {NULL, LEAT__GROUP_HASH_NULL};
	struct leat_text empty = {(const uint8_t *)"", 0};

	begin(1 << 20);
	leat__group_hash_table_init(&table, &budget, 0);
	leat__group_hash_put_key(entries[0], 0, &null);
	leat__group_hash_put_key(entries[1], 0, &empty);
	ck_assert(leat__group_hash_table_reserve(&table, 0));
	leat__group_hash_table_add(&table, 5, entries[0]);
	ck_assert_ptr_null(leat__group_hash_table_find(&table, 5, 0, empty));
	leat__group_hash_table_add(&table, 5, entries[1]);
	ck_assert_ptr_eq(
		leat__group_hash_table_find(&table, 5, 0, null), entries[0]);
	ck_assert_ptr_eq(
		leat__group_hash_table_find(&table, 5, 0, empty), entries[1]);
	ck_assert_ptr_null(leat__group_hash_table_find(&table, 5, 1, null));
	leat__group_hash_table_fini(&table);
	fake_fini(&fake);
}
END_TEST

START_TEST(a_table_that_cannot_grow_keeps_a_slot_free)
{
	struct leat__group_hash_table table;
	uint32_t n = 0;

	begin(64 * sizeof(struct leat__group_hash_slot) + 700);
	leat__group_hash_table_init(&table, &budget, 0);
	while (leat__group_hash_table_reserve(&table, 0)) {
		struct leat_text key = {(void *)&n, 4};

		leat__group_hash_put_key(entries[n], 0, &key);
		leat__group_hash_table_add(
			&table, leat__group_hash_key(key, 0), entries[n]);
		n++;
	}
	ck_assert_uint_eq(n, 60);
	ck_assert_uint_eq(table.mask, 63);
	ck_assert_ptr_null(leat__group_hash_table_find(
		&table, 1, 0, (struct leat_text){(void *)"no", 2}));
	leat__group_hash_table_fini(&table);
	fake_fini(&fake);
}
END_TEST

/* ---- hashes -------------------------------------------------------------- */

START_TEST(every_byte_and_every_length_changes_the_hash)
{
	uint8_t data[64] = {0};

	for (uint32_t len = 0; len < 64; len++) {
		uint64_t hash = leat__group_hash_bytes(data, len, 0);

		ck_assert_uint_ne(
			hash, leat__group_hash_bytes(data, len + 1, 0));
		ck_assert_uint_ne(hash, leat__group_hash_bytes(data, len, 1));
		for (uint32_t k = 0; k < len; k++) {
			data[k] ^= 1;
			ck_assert_uint_ne(
				hash, leat__group_hash_bytes(data, len, 0));
			data[k] ^= 1;
		}
	}
}
END_TEST

/* ---- quotients ----------------------------------------------------------- */

START_TEST(a_quotient_is_the_nearest_double)
{
	static const int64_t tops[] = {0, 1, 2, 3, 7, 10, 9007199254740993,
		9007199254740995, INT64_MAX, 123456789012345678};
	static const uint64_t bottoms[] = {1, 3, 7, 10, 4096, 1000003};

	ck_assert_double_eq(leat__group_exact_ratio(1, 3), 1.0 / 3);
	ck_assert_double_eq(leat__group_exact_ratio(-1, 3), -1.0 / 3);
	for (size_t a = 0; a < sizeof(tops) / sizeof(tops[0]); a++)
		for (size_t b = 0; b < sizeof(bottoms) / sizeof(bottoms[0]);
			b++) {
			/* a long double has 64 bits: no tie is near here */
			long double near =
				(long double)tops[a] / (long double)bottoms[b];

			ck_assert_double_eq(
				leat__group_exact_ratio(tops[a], bottoms[b]),
				(double)near);
		}
}
END_TEST

START_TEST(ties_go_to_the_even_one)
{
	leat__group_s128 one = 1;

	ck_assert_double_eq(
		leat__group_exact_ratio((one << 53) + 1, 1), 0x1p53);
	ck_assert_double_eq(
		leat__group_exact_ratio((one << 53) + 3, 1), 0x1p53 + 4);
	ck_assert_double_eq(
		leat__group_exact_ratio((one << 54) + 2, 1), 0x1p54);
	/* not a tie: there is more below */
	ck_assert_double_eq(
		leat__group_exact_ratio((one << 100) + (one << 47) + 1, 1),
		0x1p100 + 0x1p48);
	ck_assert_double_eq(
		leat__group_exact_ratio(((one << 53) + 1) * 3 + 1, 3),
		0x1p53 + 2);
	ck_assert_double_eq(
		leat__group_exact_ratio(((one << 55) + 4) * 3 + 1, 3),
		0x1p55 + 8);
	ck_assert_double_eq(
		leat__group_exact_ratio(((one << 55) + 4) * 3, 3), 0x1p55);
}
END_TEST

START_TEST(decimals_are_read_as_the_nearest_double)
{
	struct leat_decimal minus = {(uint64_t)-12345, -1};

	ck_assert_double_eq(
		leat__group_exact_decimal((struct leat_decimal){1, 0}, 1), 0.1);
	ck_assert_double_eq(leat__group_exact_decimal(minus, 2), -123.45);
	ck_assert_double_eq(
		leat__group_exact_decimal((struct leat_decimal){1, 0}, 38),
		1e-38);
}
END_TEST

TEST_MAIN("stages/group_hash", no_more_is_taken_than_is_allowed,
	pieces_are_aligned_and_fill_what_there_is,
	what_was_added_is_found_and_what_was_removed_is_not,
	keys_of_equal_hashes_are_told_apart, null_is_a_key_unlike_the_empty_one,
	a_table_that_cannot_grow_keeps_a_slot_free,
	every_byte_and_every_length_changes_the_hash,
	a_quotient_is_the_nearest_double, ties_go_to_the_even_one,
	decimals_are_read_as_the_nearest_double)
