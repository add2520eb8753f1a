/*
 * table/plain.h -- short whole numbers in text, without a loop.
 *
 * A text of up to eight bytes is moved to the high end over zeros, checked all
 * at once, then added up pairwise. What is longer, or holds anything else, is
 * left to who reads all numbers.
 * Source: Lemire, Quickly parsing eight digits, 2018.
 */
#ifndef LEAT_SRC_TABLE_PLAIN_H
#define LEAT_SRC_TABLE_PLAIN_H

#include "base/bytes.h"
#include "table/table.h"

#define LEAT__PLAIN_ZEROS 0x3030303030303030u
#define LEAT__PLAIN_AHEAD 16u /* rows */

/* Digits, with a minus or without, of at most eight bytes. Reads eight, which a
 * source text always has. false: it is something else. */
static inline bool
leat__plain_int(const uint8_t *data, uint32_t len, int64_t *value)
{
	uint64_t x = leat__bytes_u64(data), digits;
	uint32_t is_minus = (uint8_t)x == '-';

	/* of a ninth byte no digit can come, which the check sees */
	x = (x >> 8 * is_minus) - LEAT__PLAIN_ZEROS;
	x <<= (0 - 8 * (len - is_minus)) & 63;
	if (((x | (x + 0x7676767676767676u)) & 0x8080808080808080u) |
		(len - is_minus - 1 > 7))
		return false;
	digits = x * 10 + (x >> 8);
	digits = ((digits & 0x000000ff000000ffu) * 0x000f424000000064u +
			 ((digits >> 16) & 0x000000ff000000ffu) *
				 0x0000271000000001u) >>
		32;
	*value = is_minus ? -(int64_t)digits : (int64_t)digits;
	return true;
}

/*
 * Does every row alive stand behind another, and the field behind another one
 * in its row, with one behind it? Then one end is where the next begins, and
 * rows need not be looked up.
 */
static inline bool
leat__plain_is_run(const struct leat_table *t, uint32_t field, uint32_t row)
{
	return !t->select && (field || row) && field + 1 < t->schema->n_fields;
}

/* The end of a field some rows ahead, or of the last one: text that another
 * core has written comes late, and is to be asked for early. */
static inline uint32_t
leat__plain_ahead(const uint32_t *end, const uint32_t *last, uint32_t n_fields)
{
	size_t step = (size_t)LEAT__PLAIN_AHEAD * n_fields;

	return (size_t)(last - end) > step ? end[step] : *last;
}

#endif
