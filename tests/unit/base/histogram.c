/*
 * unit/base/histogram.c -- the error of a bucket, quantiles of random data,
 * merging, and readers beside writers.
 */
#include "support/test.h"

#include <math.h>
#include <pthread.h>

#include "base/histogram.h"

#define N_RANDOM  20000u
#define N_WRITERS 3u
#define N_WRITTEN 200000u

static uint64_t
draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
check_bucket(uint64_t ns)
{
	uint32_t k = leat__histogram_bucket(ns);
	uint64_t low_ns = leat__histogram_low_ns(k);
	uint64_t high_ns = leat__histogram_high_ns(k);

	ck_assert_uint_lt(k, LEAT__HISTOGRAM_BUCKETS);
	ck_assert_uint_le(ns, high_ns);
	ck_assert(ns > low_ns || ns == 0);
	/* from the middle to an end, a 64th of the low end at the most */
	ck_assert(high_ns - low_ns == 1 || (high_ns - low_ns) * 32 <= low_ns);
}

START_TEST(every_duration_is_in_the_bucket_whose_ends_are_told)
{
	uint64_t most = UINT64_C(1) << LEAT__HISTOGRAM_OCTAVES, state = 7;

	for (uint64_t ns = 0; ns < 5000; ns++)
		check_bucket(ns);
	for (uint32_t p = 1; p < LEAT__HISTOGRAM_OCTAVES; p++)
		for (uint64_t ns = (UINT64_C(1) << p) - 1;
			ns <= (UINT64_C(1) << p) + 1; ns++)
			check_bucket(ns);
	for (uint32_t k = 0; k < N_RANDOM; k++)
		check_bucket(draw(&state) >> (20 + k % 44));
	ck_assert_uint_eq(
		leat__histogram_bucket(most), LEAT__HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(
		leat__histogram_bucket(most + 1), LEAT__HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(leat__histogram_bucket(UINT64_MAX),
		LEAT__HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(
		leat__histogram_high_ns(LEAT__HISTOGRAM_BUCKETS - 1), most);
}
END_TEST

START_TEST(buckets_leave_no_gap)
{
	for (uint32_t k = 1; k < LEAT__HISTOGRAM_BUCKETS; k++)
		ck_assert_uint_gt(leat__histogram_low_ns(k),
			leat__histogram_low_ns(k - 1));
	for (uint32_t p = 0; p < LEAT__HISTOGRAM_OCTAVES; p++) {
		uint32_t k = leat__histogram_bucket(UINT64_C(1) << p);

		ck_assert_uint_eq(leat__histogram_high_ns(k), UINT64_C(1) << p);
	}
}
END_TEST

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
check_quantile(
	const struct leat__histogram *h, const uint64_t *sorted, double part)
{
	uint32_t rank = (uint32_t)ceil(part * N_RANDOM);
	double exact = (double)sorted[(rank ? rank : 1) - 1];
	double told = (double)leat__histogram_quantile(h, part);

	ck_assert_msg(fabs(told - exact) <= 0.02 * exact,
		"quantile %g: %g instead of %g", part, told, exact);
}

static uint64_t
sample(uint64_t *state, uint32_t kind)
{
	double u = (double)(draw(state) >> 11) / 9007199254740992.0;

	if (kind == 0) /* uniform */
		return 1 + (uint64_t)(u * 1e9);
	if (kind == 1) /* exponential, 50 us */
		return 1 + (uint64_t)(-log(1 - u) * 50000);
	return 1 + (uint64_t)exp(u * 30); /* of every size, to 10000 s */
}

START_TEST(quantiles_of_random_data_are_at_most_2_percent_off)
{
	static const double parts[] = {
		1e-9, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
	static uint64_t values[N_RANDOM];
	uint64_t state = 99;

	for (uint32_t kind = 0; kind < 3; kind++) {
		struct leat__histogram h = {0};

		for (uint32_t k = 0; k < N_RANDOM; k++) {
			values[k] = sample(&state, kind);
			leat__histogram_add(&h, values[k], 1);
		}
		qsort(values, N_RANDOM, sizeof(values[0]), compare);
		ck_assert_uint_eq(leat__histogram_count(&h), N_RANDOM);
		ck_assert_uint_eq(h.max_ns, values[N_RANDOM - 1]);
		for (size_t k = 0; k < leat__array_len(parts); k++)
			check_quantile(&h, values, parts[k]);
		ck_assert_uint_le(leat__histogram_quantile(&h, 1), h.max_ns);
	}
}
END_TEST

START_TEST(nothing_counted_is_0)
{
	struct leat__histogram h = {0};

	ck_assert_uint_eq(leat__histogram_quantile(&h, 0.5), 0);
	ck_assert_uint_eq(leat__histogram_count(&h), 0);
}
END_TEST

START_TEST(a_sample_counts_for_what_it_stands_for)
{
	struct leat__histogram h = {0};

	leat__histogram_add(&h, 1000, 64);
	leat__histogram_add(&h, 2000, 1);
	leat__histogram_add(&h, 500, 36);
	ck_assert_uint_eq(leat__histogram_count(&h), 101);
	ck_assert_uint_eq(h.sum_ns, 64 * 1000 + 2000 + 36 * 500);
	ck_assert_uint_lt(leat__histogram_quantile(&h, 36.0 / 101), 600);
	ck_assert_uint_gt(leat__histogram_quantile(&h, 37.0 / 101), 900);
	ck_assert_uint_lt(leat__histogram_quantile(&h, 100.0 / 101), 1100);
	ck_assert_uint_eq(leat__histogram_quantile(&h, 1), 2000);
}
END_TEST

START_TEST(of_a_few_the_rank_is_rounded_up)
{
	struct leat__histogram h = {0};

	leat__histogram_add(&h, 100, 1);
	leat__histogram_add(&h, 1000, 1);
	leat__histogram_add(&h, 10000, 1);
	ck_assert_uint_lt(leat__histogram_quantile(&h, 0.1), 110);
	ck_assert_uint_gt(leat__histogram_quantile(&h, 0.5), 900);
	ck_assert_uint_lt(leat__histogram_quantile(&h, 0.5), 1100);
	ck_assert_uint_gt(leat__histogram_quantile(&h, 0.7), 9000);
}
END_TEST

START_TEST(merged_ones_are_as_one_that_had_all)
{
	struct leat__histogram parts[3] = {{0}}, whole = {0}, sum = {0};
	uint64_t state = 3;

	for (uint32_t k = 0; k < N_RANDOM; k++) {
		uint64_t ns = sample(&state, k % 3);

		leat__histogram_add(&parts[k % 3], ns, 1 + k % 2);
		leat__histogram_add(&whole, ns, 1 + k % 2);
	}
	for (uint32_t k = 0; k < 3; k++)
		leat__histogram_merge(&sum, &parts[k]);
	ck_assert_mem_eq(&sum, &whole, sizeof(sum));
}
END_TEST

static struct leat__histogram shared;

static void *
write_shared(void *user)
{
	uint64_t first = *(const uint64_t *)user;

	for (uint64_t k = 0; k < N_WRITTEN; k++)
		leat__histogram_add(&shared, first + k * N_WRITERS, 1);
	return NULL;
}

START_TEST(readers_beside_writers_see_counts_that_grow)
{
	pthread_t threads[N_WRITERS];
	uint64_t firsts[N_WRITERS] = {1, 2, 3}, last = 0;
	struct leat__histogram sum;

	memset(&shared, 0, sizeof(shared));
	for (uint32_t k = 0; k < N_WRITERS; k++)
		ck_assert_int_eq(pthread_create(&threads[k], NULL, write_shared,
					 &firsts[k]),
			0);
	while (last < N_WRITERS * N_WRITTEN) {
		uint64_t n;

		memset(&sum, 0, sizeof(sum));
		leat__histogram_merge(&sum, &shared);
		n = leat__histogram_count(&sum);
		ck_assert_uint_ge(n, last);
		ck_assert_uint_le(n, N_WRITERS * N_WRITTEN);
		last = n;
	}
	for (uint32_t k = 0; k < N_WRITERS; k++)
		pthread_join(threads[k], NULL);
	memset(&sum, 0, sizeof(sum));
	leat__histogram_merge(&sum, &shared);
	ck_assert_uint_eq(sum.max_ns, N_WRITERS * N_WRITTEN);
	ck_assert_uint_eq(sum.sum_ns,
		(uint64_t)N_WRITERS * N_WRITTEN * (N_WRITERS * N_WRITTEN + 1) /
			2);
}
END_TEST

TEST_MAIN("base/histogram", every_duration_is_in_the_bucket_whose_ends_are_told,
	buckets_leave_no_gap,
	quantiles_of_random_data_are_at_most_2_percent_off,
	nothing_counted_is_0, a_sample_counts_for_what_it_stands_for,
	of_a_few_the_rank_is_rounded_up, merged_ones_are_as_one_that_had_all,
	readers_beside_writers_see_counts_that_grow)
