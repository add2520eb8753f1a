/*
 * table/decimal.h -- decimals as whole numbers of 128 bits.
 *
 * A decimal of scale s is value / 10^s; no value has over 38 digits.
 */
#ifndef LEAT_SRC_TABLE_DECIMAL_H
#define LEAT_SRC_TABLE_DECIMAL_H

#include "table/table.h"

__extension__ typedef __int128 leat__int128;
__extension__ typedef unsigned __int128 leat__uint128;

static inline leat__int128
leat__decimal_get(struct leat_decimal d)
{
	return (leat__int128)((leat__uint128)(uint64_t)d.high << 64 | d.low);
}

static inline struct leat_decimal
leat__decimal_put(leat__int128 x)
{
	return (struct leat_decimal){
		(uint64_t)x, (int64_t)((leat__uint128)x >> 64)};
}

/* 10^power, up to 38. */
leat__int128 leat__decimal_power(uint32_t power);

/* Is it one of at most 38 digits? */
bool leat__decimal_fits(leat__int128 x);

/* x * 10^(to - from), exactly; LEAT_ELIMIT if that is no whole number or has
 * too many digits. */
LEAT_MUST_CHECK int leat__decimal_rescale(
	leat__int128 x, uint32_t from, uint32_t to, leat__int128 *out);

/* x / divisor, half away from zero; divisor > 0. */
leat__int128 leat__decimal_round_div(leat__int128 x, leat__int128 divisor);

#endif
