/*
 * group_set, group_wait: short values whole, sets that hold what was added, and
 * no more memory than is allowed.
 */
#include "../table/fake.h"

#include "../../../stages/filter/group.h"

static struct fake fake;
static struct leat__group_budget budget;

static void
begin(uint64_t limit_bytes)
{
	fake_init(&fake, 1 << 26, 65536);
	budget = (struct leat__group_budget){
		.st = &fake.st, .limit_bytes = limit_bytes};
}

static uint64_t
next(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15u;
	return leat__group_hash_mix(*state, 0xbf58476d1ce4e5b9u);
}

/* ---- short values -------------------------------------------------------- */

/* In memory of just that size, so that a byte beyond it is noticed. */
static struct leat__group_short
short_of(const uint8_t *bytes, uint32_t n, uint32_t owner)
{
	uint8_t *own = malloc(n ? n : 1);
	struct leat__group_short value;

	ck_assert_ptr_nonnull(own);
	memcpy(own, bytes, n);
	value = leat__group_short_of((struct leat_text){own, n}, owner);
	free(own);
	return value;
}

START_TEST(a_short_value_gives_its_bytes_back)
{
	uint64_t state = 1;

	for (uint32_t k = 0; k < 20000; k++) {
		uint64_t words[2] = {next(&state), next(&state)};
		uint32_t n = k % (LEAT__GROUP_SHORT_MAX + 1);
		uint8_t out[LEAT__GROUP_SHORT_MAX];
		struct leat__group_short value =
			short_of((void *)words, n, k * 7919);

		ck_assert_uint_eq(leat__group_short_owner(value), k * 7919);
		ck_assert_uint_eq(leat__group_short_put(value, out), n);
		ck_assert_int_eq(memcmp(out, words, n), 0);
		ck_assert_uint_ne(value.high, 0);
		value = leat__group_short_own(value, 3);
		ck_assert_uint_eq(leat__group_short_owner(value), 3);
		ck_assert_uint_eq(leat__group_short_put(value, out), n);
	}
}
END_TEST

START_TEST(values_that_differ_in_length_or_owner_differ)
{
	static const uint8_t zeros[LEAT__GROUP_SHORT_MAX];
	struct leat__group_short seen[2 * (LEAT__GROUP_SHORT_MAX + 1)];
	uint32_t n = 0;

	for (uint32_t k = 0; k <= LEAT__GROUP_SHORT_MAX; k++)
		for (uint32_t owner = 0; owner < 2; owner++)
			seen[n++] = short_of(zeros, k, owner);
	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < a; b++)
			ck_assert(memcmp(&seen[a], &seen[b], sizeof(seen[a])) !=
				0);
}
END_TEST

START_TEST(another_seed_is_another_order)
{
	uint32_t n_same = 0;

	for (uint64_t k = 0; k < 4096; k++) {
		struct leat__group_short value =
			short_of((void *)&k, sizeof(k), 0);
		struct leat_text key = {(void *)&k, sizeof(k)};

		n_same += leat__group_short_hash(value, 1) >> 56 ==
			leat__group_short_hash(value, 2) >> 56;
		ck_assert_uint_ne(leat__group_hash_key(key, 1),
			leat__group_hash_key(key, 2));
	}
	ck_assert_uint_lt(n_same, 64);
}
END_TEST

/* ---- sets ---------------------------------------------------------------- */

static struct leat__group_short
value_of(uint32_t k)
{
	uint8_t text[16];
	int n = snprintf((char *)text, sizeof(text), "%u", k * 3);

	return leat__group_short_of(
		(struct leat_text){text, (uint32_t)n}, k % 3);
}

/* Some bits of the hash only, so that tags and groups meet. */
static void
check_set(uint32_t n, uint64_t hash_mask, uint64_t seed)
{
	struct leat__group_set set;

	begin(1 << 25);
	leat__group_set_init(&set, &budget, seed);
	for (uint32_t k = 0; k < n; k++) {
		struct leat__group_short value = value_of(k);
		uint64_t hash = leat__group_short_hash(value, seed) & hash_mask;

		ck_assert(!leat__group_set_has(&set, hash, value));
		ck_assert(leat__group_set_reserve(&set, hash, 0));
		leat__group_set_add(&set, hash, value);
		ck_assert(leat__group_set_has(&set, hash, value));
	}
	for (uint32_t k = 0; k < 2 * n; k++) {
		struct leat__group_short value = value_of(k);
		uint64_t hash = leat__group_short_hash(value, seed) & hash_mask;

		(void)leat__group_set_first(&set, hash);
		(void)leat__group_set_then(&set, hash);
		ck_assert(leat__group_set_has(&set, hash, value) == (k < n));
	}
	leat__group_set_fini(&set);
	ck_assert_uint_eq(budget.used_bytes, 0);
	fake_fini(&fake);
}

START_TEST(a_set_has_what_was_added_and_nothing_else)
{
	check_set(1, UINT64_MAX, 0);
	check_set(100, UINT64_MAX, 7);
	check_set(LEAT__GROUP_SET_WHOLE, UINT64_MAX, 0);
	check_set(LEAT__GROUP_SET_WHOLE + 1, UINT64_MAX, 0);
	check_set(60000, UINT64_MAX, 0x123456789abcdefu);
}
END_TEST

START_TEST(a_set_that_cannot_grow_says_so_and_keeps_what_it_has)
{
	struct leat__group_set set;
	uint32_t n = 0;

	begin(300000);
	leat__group_set_init(&set, &budget, 5);
	for (;; n++) {
		struct leat__group_short value = value_of(n);
		uint64_t hash = leat__group_short_hash(value, 5);

		if (!leat__group_set_reserve(&set, hash, 1000))
			break;
		leat__group_set_add(&set, hash, value);
	}
	ck_assert_uint_le(budget.used_bytes, 300000 - 1000);
	ck_assert_uint_gt(n, LEAT__GROUP_SET_WHOLE);
	for (uint32_t k = 0; k < 2 * n; k++) {
		struct leat__group_short value = value_of(k);

		ck_assert(leat__group_set_has(&set,
				  leat__group_short_hash(value, 5),
				  value) == (k < n));
	}
	leat__group_set_fini(&set);
	ck_assert_uint_eq(budget.used_bytes, 0);
	fake_fini(&fake);
}
END_TEST

/* ---- waiting ------------------------------------------------------------- */

START_TEST(values_wait_until_their_part_is_full)
{
	struct leat__group_wait *wait;
	uint32_t n = 1;

	begin(24 << 20);
	wait = leat__group_wait_create(&budget, 0);
	ck_assert_ptr_nonnull(wait);
	ck_assert_uint_le(budget.used_bytes, budget.limit_bytes / 8 + 4096);
	while (!leat__group_wait_add(wait, 255, value_of(n)))
		n++;
	ck_assert_uint_eq(n, wait->room);
	ck_assert_uint_eq(wait->n[255], n);
	ck_assert_uint_eq(wait->n[254], 0);
	for (uint32_t k = 0; k < n; k++)
		ck_assert_uint_eq(leat__group_wait_values(wait, 255)[k].low,
			value_of(k + 1).low);
	leat__group_wait_destroy(&budget, wait);
	leat__group_wait_destroy(&budget, NULL);
	ck_assert_uint_eq(budget.used_bytes, 0);
	fake_fini(&fake);
}
END_TEST

START_TEST(nobody_waits_in_little_memory)
{
	begin(1 << 20);
	ck_assert_ptr_null(leat__group_wait_create(&budget, 0));
	budget.limit_bytes = 24 << 20;
	ck_assert_ptr_null(leat__group_wait_create(&budget, 23 << 20));
	ck_assert_uint_eq(budget.used_bytes, 0);
	fake_fini(&fake);
}
END_TEST

TEST_MAIN("stages/group_set", a_short_value_gives_its_bytes_back,
	values_that_differ_in_length_or_owner_differ,
	another_seed_is_another_order,
	a_set_has_what_was_added_and_nothing_else,
	a_set_that_cannot_grow_says_so_and_keeps_what_it_has,
	values_wait_until_their_part_is_full, nobody_waits_in_little_memory)
