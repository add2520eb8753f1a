/*
 * base/histogram.c -- what is read of durations that were counted.
 *
 * Threads: any; sums and quantiles are of a copy that nobody writes, made by
 * leat__histogram_merge while others go on counting.
 */
#include "base/histogram.h"

void
leat__histogram_merge(
	struct leat__histogram *sum, const struct leat__histogram *h)
{
	for (uint32_t k = 0; k < LEAT__HISTOGRAM_BUCKETS; k++)
		sum->counts[k] += leat__load_relaxed(&h->counts[k]);
	sum->sum_ns += leat__load_relaxed(&h->sum_ns);
	sum->max_ns =
		leat__max_u64(sum->max_ns, leat__load_relaxed(&h->max_ns));
}

uint64_t
leat__histogram_count(const struct leat__histogram *h)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < LEAT__HISTOGRAM_BUCKETS; k++)
		n += h->counts[k];
	return n;
}

/* Of those in a bucket none is longer than the longest of all. */
static uint64_t
bucket_ns(const struct leat__histogram *h, uint32_t k)
{
	uint64_t low_ns = leat__histogram_low_ns(k);
	uint64_t high_ns = leat__histogram_high_ns(k);
	uint64_t middle_ns = low_ns + (high_ns - low_ns + 1) / 2;

	return h->max_ns > low_ns ? leat__min_u64(middle_ns, h->max_ns)
				  : middle_ns;
}

uint64_t
leat__histogram_quantile(const struct leat__histogram *h, double part)
{
	uint64_t n = leat__histogram_count(h), seen = 0, rank;
	uint32_t k = 0;

	if (n == 0)
		return 0;
	/* the rank-th shortest, from 1 */
	rank = (uint64_t)(part * (double)n);
	if ((double)rank < part * (double)n || rank == 0)
		rank++;
	rank = leat__min_u64(rank, n);
	while ((seen += h->counts[k]) < rank)
		k++;
	return bucket_ns(h, k);
}
