/*
 * source/gen_traffic.c -- see gen_traffic.h. The same seed gives the same.
 *
 * Source: thinning of Lewis and Shedler, 1979; rejection-inversion of Hoermann
 * and Derflinger, 1996; Box and Muller, 1958; SplitMix64 of Steele, Lea and
 * Flood, 2014.
 */
#include "gen_traffic.h"

#include <math.h>

#define GEN_TAU 6.283185307179586

static uint64_t
gen_bits(struct leat__gen *gen)
{
	uint64_t x = gen->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

double
leat__gen_uniform(struct leat__gen *gen)
{
	return ((double)(gen_bits(gen) >> 11) + 0.5) * 0x1p-53;
}

static double
gen_exponential(struct leat__gen *gen, double mean)
{
	return -mean * log(leat__gen_uniform(gen));
}

/* ---- keys ---------------------------------------------------------------- */

/* The integral of x^-skew, as it is for a skew of 1 too. */
static double
zipf_integral(double skew, double x)
{
	double y = (1 - skew) * log(x);

	return (fabs(y) > 1e-8 ? expm1(y) / y : 1 + y / 2) * log(x);
}

static double
zipf_inverse(double skew, double x)
{
	double y = x * (1 - skew);

	if (y < -1)
		y = -1;
	return exp((fabs(y) > 1e-8 ? log1p(y) / y : 1 - y / 2) * x);
}

static void
zipf_begin(struct leat__gen *gen)
{
	double skew = gen->opts.skew;

	gen->low = zipf_integral(skew, 1.5) - 1;
	gen->high = zipf_integral(skew, gen->opts.keys + 0.5);
	gen->cut = 2 -
		zipf_inverse(skew, zipf_integral(skew, 2.5) - pow(2, -skew));
}

uint64_t
leat__gen_key(struct leat__gen *gen)
{
	double skew = gen->opts.skew, u, x, k;

	if (skew == 0)
		return 1 + (uint64_t)(leat__gen_uniform(gen) * gen->opts.keys);
	for (;;) {
		u = gen->high + leat__gen_uniform(gen) * (gen->low - gen->high);
		x = zipf_inverse(skew, u);
		k = fmin(fmax(floor(x + 0.5), 1), gen->opts.keys);
		if (k - x <= gen->cut ||
			u >= zipf_integral(skew, k + 0.5) - pow(k, -skew))
			return (uint64_t)k;
	}
}

/* ---- moments ------------------------------------------------------------- */

void
leat__gen_begin(
	struct leat__gen *gen, const struct leat__gen_opts *opts, uint64_t seed)
{
	*gen = (struct leat__gen){.opts = *opts, .random = seed};
	gen->changes = opts->bursts > 0 ? gen_exponential(gen, 1 / opts->bursts)
					: HUGE_VAL;
	if (opts->skew > 0)
		zipf_begin(gen);
}

/* Bursts begin and end, as far as now. */
static void
gen_burst(struct leat__gen *gen)
{
	while (gen->changes <= gen->now) {
		gen->is_burst = !gen->is_burst;
		gen->changes += gen_exponential(gen,
			gen->is_burst ? gen->opts.burst_for
				      : 1 / gen->opts.bursts);
	}
}

/* Groups a second, now. */
static double
gen_rate(const struct leat__gen *gen)
{
	double phase = GEN_TAU * (gen->now / gen->opts.period - 0.5);

	return gen->opts.rate * (1 + gen->opts.swing * cos(phase)) *
		(gen->is_burst ? gen->opts.burst_times : 1);
}

void
leat__gen_next(struct leat__gen *gen)
{
	double most, from;

	do {
		most = gen->opts.rate * (1 + gen->opts.swing) *
			(gen->is_burst ? gen->opts.burst_times : 1);
		from = gen->now;
		gen->now += gen_exponential(gen, 1 / most);
		if (gen->now >= gen->changes) {
			/* from there on at another rate; Poisson's forgets */
			gen->now = fmax(from, gen->changes);
			gen_burst(gen);
			continue;
		}
	} while (leat__gen_uniform(gen) * most >= gen_rate(gen));
}

uint64_t
leat__gen_size(struct leat__gen *gen)
{
	double mean = gen->opts.group - 1, a = gen->opts.tail, more;

	if (mean <= 0)
		return 1;
	more = mean * (a - 1) * (pow(leat__gen_uniform(gen), -1 / a) - 1);
	more = floor(more + leat__gen_uniform(gen));
	return (uint64_t)fmin(1 + more, gen->opts.group_max);
}

double
leat__gen_value(struct leat__gen *gen)
{
	double r = sqrt(-2 * log(leat__gen_uniform(gen)));

	return exp(r * cos(GEN_TAU * leat__gen_uniform(gen)));
}
