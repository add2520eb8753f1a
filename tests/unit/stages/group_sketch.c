/*
 * Sketches: their errors on distributions that are known, and their limits.
 */
#include "../table/fake.h"

#include "../../../stages/filter/group_sketch.h"

#include <math.h>

static struct fake fake;
static struct leat__group_budget budget;
static struct leat__group_bag bag;

static void
begin(uint64_t limit_bytes)
{
	fake_init(&fake, 1 << 24, 65536);
	budget = (struct leat__group_budget){
		.st = &fake.st, .limit_bytes = limit_bytes};
	leat__group_bag_init(&bag, &budget, 1024, 65536);
}

static void
end(void)
{
	leat__group_bag_fini(&bag);
	ck_assert_uint_eq(budget.used_bytes, 0);
	fake_fini(&fake);
}

static uint64_t
random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return leat__group_hash_mix(*state, 0x9e3779b97f4a7c15u);
}

/* From 0 to 1. */
static double
random_part(uint64_t *state)
{
	return (double)(random_next(state) >> 11) * 0x1p-53;
}

/* ---- how many different values ------------------------------------------- */

START_TEST(counts_are_within_three_standard_errors)
{
	static uint8_t registers[LEAT__GROUP_REGISTERS];
	uint64_t n = 0;

	memset(registers, 0, sizeof(registers));
	ck_assert_uint_eq(leat__group_registers_count(registers), 0);
	for (uint64_t target = 1; target <= 1000000; target *= 10) {
		double error;

		for (; n < target; n++)
			leat__group_registers_add(registers,
				leat__group_hash_bytes((void *)&n, 8, 7));
		error = (double)leat__group_registers_count(registers) /
				(double)target -
			1;
		ck_assert_double_lt(fabs(error), 3 * 1.04 / 64);
	}
}
END_TEST

START_TEST(values_that_come_again_do_not_count)
{
	static uint8_t registers[LEAT__GROUP_REGISTERS];

	memset(registers, 0, sizeof(registers));
	for (uint64_t k = 0; k < 50000; k++) {
		uint64_t value = k % 100;

		leat__group_registers_add(registers,
			leat__group_hash_bytes((void *)&value, 8, 0));
	}
	ck_assert_double_eq_tol(
		(double)leat__group_registers_count(registers), 100, 3);
}
END_TEST

/* ---- quantiles ----------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Values of a distribution, asked for at many ranks. */
static void
check(double (*make)(uint64_t *), uint32_t n)
{
	struct leat__group_quantile quantile = {.n = 0};
	double *values = malloc(n * sizeof(*values));
	uint64_t seed = n;

	begin(1 << 22);
	for (uint32_t k = 0; k < n; k++) {
		values[k] = make(&seed);
		ck_assert(leat__group_quantile_add(&quantile, &bag, values[k]));
	}
	qsort(values, n, sizeof(*values), compare);
	for (uint32_t k = 0; k <= 1000; k++) {
		double q = k / 1000.0, got, place = q * (n - 1);
		double low = values[(uint32_t)place];
		double high = values[(uint32_t)ceil(place)];

		got = leat__group_quantile_get(&quantile, q);
		ck_assert_double_ge(got, low - fabs(low) / 256);
		ck_assert_double_le(got, high + fabs(high) / 256);
	}
	ck_assert_double_eq(leat__group_quantile_get(&quantile, 0), values[0]);
	ck_assert_double_eq(
		leat__group_quantile_get(&quantile, 1), values[n - 1]);
	free(values);
	end();
}

static double
make_even(uint64_t *seed)
{
	return random_part(seed) * 1000 - 500;
}

static double
make_steep(uint64_t *seed)
{
	return exp(20 * random_part(seed) - 10);
}

static double
make_bell(uint64_t *seed)
{
	double sum = -6;

	for (uint32_t k = 0; k < 12; k++)
		sum += random_part(seed);
	return sum * 15 + 100;
}

START_TEST(quantiles_are_within_one_in_256)
{
	check(make_even, 20000);
	check(make_steep, 20000);
	check(make_bell, 20000);
	check(make_bell, LEAT__GROUP_QUANTILE_EXACT);
	check(make_bell, LEAT__GROUP_QUANTILE_EXACT + 1);
	check(make_bell, 1);
}
END_TEST

START_TEST(small_whole_numbers_stay_whole)
{
	struct leat__group_quantile quantile = {.n = 0};

	begin(1 << 22);
	for (int32_t k = 0; k < 100000; k++)
		ck_assert(leat__group_quantile_add(
			&quantile, &bag, k % 401 - 200));
	for (int32_t k = 0; k <= 400; k++)
		ck_assert_double_eq_tol(
			leat__group_quantile_get(&quantile, k / 400.0), k - 200,
			0.5);
	ck_assert_double_eq(leat__group_quantile_get(&quantile, 0.5), 0);
	end();
}
END_TEST

START_TEST(values_that_are_no_numbers_have_their_place)
{
	struct leat__group_quantile quantile = {.n = 0};

	begin(1 << 22);
	for (uint32_t k = 0; k < 300; k++) {
		ck_assert(leat__group_quantile_add(&quantile, &bag, NAN));
		ck_assert(leat__group_quantile_add(&quantile, &bag, -INFINITY));
		ck_assert(leat__group_quantile_add(&quantile, &bag, INFINITY));
		ck_assert(leat__group_quantile_add(&quantile, &bag, -0.0));
	}
	ck_assert(leat__group_quantile_get(&quantile, 0) == -INFINITY);
	ck_assert(leat__group_quantile_get(&quantile, 0.2) == -INFINITY);
	ck_assert_double_eq(leat__group_quantile_get(&quantile, 0.4), 0);
	ck_assert(leat__group_quantile_get(&quantile, 0.6) == INFINITY);
	ck_assert(isnan(leat__group_quantile_get(&quantile, 0.9)));
	end();
}
END_TEST

START_TEST(quantiles_say_when_there_is_no_memory)
{
	struct leat__group_quantile quantile = {.n = 0};
	uint64_t seed = 1;
	uint32_t n = 0;

	begin(4096);
	while (n < 100000 &&
		leat__group_quantile_add(&quantile, &bag, make_steep(&seed)))
		n++;
	ck_assert_uint_gt(n, 10);
	ck_assert_uint_lt(n, 100000);
	end();
}
END_TEST

/* ---- what comes most often ----------------------------------------------- */

START_TEST(the_most_frequent_values_are_found)
{
	static struct leat__group_frequent frequent;
	char text[32];

	memset(&frequent, 0, sizeof(frequent));
	for (uint32_t k = 0; k < 60000; k++) {
		uint32_t value = k % 3 ? k : k % 9 ? 1 : 2;
		struct leat_text x = {
			(void *)text, (uint32_t)sprintf(text, "v%u", value)};

		leat__group_frequent_add(
			&frequent, leat__group_hash_bytes(x.data, x.len, 0), x);
	}
	for (uint32_t k = 0; k < 2; k++) {
		const struct leat__group_frequent_item *item =
			leat__group_frequent_get(&frequent, k);
		uint32_t n = k ? 6668 : 13334;

		ck_assert_int_eq(memcmp(item->text, k ? "v2" : "v1", 2), 0);
		ck_assert_uint_ge(item->count, n);
		ck_assert_uint_le(item->count - item->surplus, n);
		ck_assert_uint_le(item->surplus, 60000 / LEAT__GROUP_FREQUENT);
	}
}
END_TEST

START_TEST(few_values_are_counted_exactly)
{
	static struct leat__group_frequent frequent;

	memset(&frequent, 0, sizeof(frequent));
	for (uint32_t k = 0; k < 256 * 256; k++) {
		uint32_t value = (uint32_t)sqrt(k);
		struct leat_text x = {(void *)&value, 4};

		leat__group_frequent_add(
			&frequent, leat__group_hash_bytes(x.data, x.len, 0), x);
	}
	ck_assert_uint_eq(frequent.n, 256);
	for (uint32_t k = 0; k < 256; k++) {
		const struct leat__group_frequent_item *item =
			leat__group_frequent_get(&frequent, k);

		ck_assert_uint_eq(item->count, 2 * (255 - k) + 1);
		ck_assert_uint_eq(item->surplus, 0);
	}
	ck_assert_ptr_null(leat__group_frequent_get(&frequent, 256));
}
END_TEST

TEST_MAIN("stages/group_sketch", counts_are_within_three_standard_errors,
	values_that_come_again_do_not_count, quantiles_are_within_one_in_256,
	small_whole_numbers_stay_whole,
	values_that_are_no_numbers_have_their_place,
	quantiles_say_when_there_is_no_memory,
	the_most_frequent_values_are_found, few_values_are_counted_exactly)
