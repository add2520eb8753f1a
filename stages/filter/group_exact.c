/*
 * stages/filter/group_exact.c -- a quotient of whole numbers as a double.
 *
 * Keeps: the result is the double nearest to the quotient, of two as near the
 * even one: one rounding, wherever the bits come from.
 * Threads: any.
 */
#include "group.h"

#include <math.h>

#define EXACT_BITS 55u /* those of a double, and two to round by */

static uint32_t
exact_length(leat__group_u128 x)
{
	uint64_t high = (uint64_t)(x >> 64), low = (uint64_t)x;

	if (high)
		return 128 - (uint32_t)__builtin_clzll(high);
	return low ? 64 - (uint32_t)__builtin_clzll(low) : 0;
}

/* The upper EXACT_BITS bits of x, the last one set if any below is. */
static uint64_t
exact_top(leat__group_u128 x, bool has_more, int *power)
{
	uint32_t n = exact_length(x);
	uint32_t n_below = n > EXACT_BITS ? n - EXACT_BITS : 0;
	uint64_t top = (uint64_t)(x >> n_below);

	*power = (int)n_below;
	if (has_more || (leat__group_u128)top << n_below != x)
		top |= 1;
	return top;
}

/* (quotient + rest / denominator), the quotient being short. */
static double
exact_divide_on(leat__group_u128 quotient, leat__group_u128 rest,
	leat__group_u128 denominator)
{
	int power = 0;

	while (rest && exact_length(quotient) < EXACT_BITS && power > -1200) {
		rest <<= 1;
		quotient <<= 1;
		if (rest >= denominator) {
			rest -= denominator;
			quotient |= 1;
		}
		power--;
	}
	/* 55 bits and one that stands for all below round as all of them do */
	return ldexp(
		(double)((uint64_t)quotient << 1 | (rest != 0)), power - 1);
}

double
leat__group_exact_ratio(
	leat__group_s128 numerator, leat__group_u128 denominator)
{
	leat__group_u128 size = numerator < 0 ? -(leat__group_u128)numerator
					      : (leat__group_u128)numerator;
	leat__group_u128 quotient = size / denominator;
	leat__group_u128 rest = size % denominator;
	double value;
	int power;

	if (exact_length(quotient) >= EXACT_BITS) {
		uint64_t top = exact_top(quotient, rest != 0, &power);

		value = ldexp((double)top, power);
	} else {
		value = exact_divide_on(quotient, rest, denominator);
	}
	return numerator < 0 ? -value : value;
}

leat__group_u128
leat__group_exact_power(uint32_t scale)
{
	leat__group_u128 power = 1;

	for (uint32_t k = 0; k < scale; k++)
		power *= 10;
	return power;
}

double
leat__group_exact_decimal(struct leat_decimal x, uint32_t scale)
{
	leat__group_s128 value =
		(leat__group_s128)((leat__group_u128)(uint64_t)x.high << 64 |
			x.low);

	return leat__group_exact_ratio(value, leat__group_exact_power(scale));
}
