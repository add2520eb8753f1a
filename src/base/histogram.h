/*
 * base/histogram.h -- durations in log-linear buckets.
 *
 * An octave is cut into 32 buckets of one width, so that the middle of a bucket
 * is at most 1/64 off what fell into it. Bucket k takes (low, high] ns; those
 * of the first octaves are 1 ns wide. Longer than 2^44 ns (4.9 hours) counts as
 * that.
 * Keeps: a count only grows. Any number of writers, and of readers meanwhile,
 * who may find a sample counted and not yet in the sum.
 * Source: HdrHistogram (Gil Tene), with a fixed precision.
 */
#ifndef LEAT_SRC_BASE_HISTOGRAM_H
#define LEAT_SRC_BASE_HISTOGRAM_H

#include "base/atomic.h"
#include "base/base.h"

#define LEAT__HISTOGRAM_SHIFT   5u /* 2^5 buckets in an octave */
#define LEAT__HISTOGRAM_OCTAVES 44u
#define LEAT__HISTOGRAM_BUCKETS                                                \
	((LEAT__HISTOGRAM_OCTAVES - LEAT__HISTOGRAM_SHIFT + 1)                 \
		<< LEAT__HISTOGRAM_SHIFT)

struct leat__histogram {
	uint64_t sum_ns; /* all atomic */
	uint64_t max_ns;
	uint64_t counts[LEAT__HISTOGRAM_BUCKETS];
};

/* What is between two looks at a clock, which never goes back. */
static inline uint32_t
leat__histogram_bucket(uint64_t ns)
{
	uint64_t most = (UINT64_C(1) << LEAT__HISTOGRAM_OCTAVES) - 1;
	uint64_t n = leat__min_u64(ns ? ns - 1 : 0, most);
	uint32_t shift;

	if (n < 1u << LEAT__HISTOGRAM_SHIFT)
		return (uint32_t)n;
	shift = 63 - (uint32_t)__builtin_clzll(n) - LEAT__HISTOGRAM_SHIFT;
	return (shift << LEAT__HISTOGRAM_SHIFT) + (uint32_t)(n >> shift);
}

/* Bucket k takes what is above low and up to low + width. */
static inline uint64_t
leat__histogram_low_ns(uint32_t k)
{
	uint32_t octave = k >> LEAT__HISTOGRAM_SHIFT;
	uint64_t at = k & ((1u << LEAT__HISTOGRAM_SHIFT) - 1);

	return octave ? (at + (1u << LEAT__HISTOGRAM_SHIFT)) << (octave - 1)
		      : at;
}

static inline uint64_t
leat__histogram_high_ns(uint32_t k)
{
	return leat__histogram_low_ns(k + 1);
}

/* A sample that stands for n. */
static inline void
leat__histogram_add(struct leat__histogram *h, uint64_t ns, uint32_t n)
{
	uint64_t max_ns = leat__load_relaxed(&h->max_ns);

	leat__add_relaxed(&h->counts[leat__histogram_bucket(ns)], (uint64_t)n);
	leat__add_relaxed(&h->sum_ns, ns * n);
	while (ns > max_ns && !leat__cas_acq_rel(&h->max_ns, &max_ns, ns))
		;
}

/* The same, where nobody else writes. */
static inline void
leat__histogram_add_alone(struct leat__histogram *h, uint64_t ns, uint32_t n)
{
	leat__bump(&h->counts[leat__histogram_bucket(ns)], n);
	leat__bump(&h->sum_ns, ns * n);
	if (ns > leat__load_relaxed(&h->max_ns))
		leat__store_relaxed(&h->max_ns, ns);
}

/* Add what one has counted so far to another that nobody else sees. */
void leat__histogram_merge(
	struct leat__histogram *sum, const struct leat__histogram *h);
uint64_t leat__histogram_count(const struct leat__histogram *h);
/* As many are at most so long, of one that nobody writes: 0 < part <= 1. At
 * most 1/64 off; 0 = nothing was counted. */
uint64_t leat__histogram_quantile(const struct leat__histogram *h, double part);

#endif
