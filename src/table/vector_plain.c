/*
 * table/vector_plain.c -- what most fields hold, without a detour: whole
 * numbers of up to eight digits, and text that needs no decoding.
 *
 * Stops at the first row that holds something else, which vector.c deals with,
 * quotes, nulls, long numbers, mistakes; so there is one place for each.
 * Only the frame's holder enters.
 * Source: Lemire, Quickly parsing eight digits, 2018.
 */
#include <string.h>

#include "table/table.h"

#define PLAIN_ZEROS 0x3030303030303030u
#define PLAIN_AHEAD 16u /* rows */

/*
 * Up to eight digits, without a loop: moved to the high end over zeros, checked
 * all at once, then added up pairwise. false if something else is there. Reads
 * eight bytes, which a source text always has.
 */
static inline bool
plain_digits(const uint8_t *data, uint32_t len, uint64_t *value)
{
	uint64_t x;

	if (len - 1 > 7)
		return false;
	memcpy(&x, data, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	x = (x - PLAIN_ZEROS) << (64 - 8 * len);
	if ((x | (x + 0x7676767676767676u)) & 0x8080808080808080u)
		return false;
	x = x * 10 + (x >> 8);
	*value = ((x & 0x000000ff000000ffu) * 0x000f424000000064u +
			 ((x >> 16) & 0x000000ff000000ffu) *
				 0x0000271000000001u) >>
		32;
	return true;
}

/*
 * Text that another core has written comes late: where that of some rows ahead
 * stands, to be asked for. (gcc drops calls of functions that do no more than
 * prefetch.)
 */
static inline const uint8_t *
plain_ahead(const struct leat_table *t, uint32_t field, uint32_t k)
{
	size_t row;

	if (k + PLAIN_AHEAD >= t->n_rows)
		return t->text;
	row = leat_table_row(t, k + PLAIN_AHEAD);
	return t->text + t->fields[row * t->schema->n_fields + field];
}

static inline void
plain_set(uint8_t *valid, uint32_t row)
{
	valid[row / 8] |= (uint8_t)(1u << (row % 8));
}

static uint32_t
plain_ints(const struct leat_table *t, uint32_t field, int64_t *values,
	uint8_t *valid, uint32_t k)
{
	for (; k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);
		struct leat_text x = leat__table_field(t, field, row);
		uint32_t is_minus = x.len && x.data[0] == '-';
		uint64_t digits = 0;

		__builtin_prefetch(plain_ahead(t, field, k));
		if (leat__unlikely(!plain_digits(
			    x.data + is_minus, x.len - is_minus, &digits)))
			break;
		values[row] = is_minus ? -(int64_t)digits : (int64_t)digits;
		plain_set(valid, row);
	}
	return k;
}

static uint32_t
plain_texts(const struct leat_table *t, uint32_t field,
	struct leat_piece *values, uint8_t *valid, uint32_t k)
{
	uint32_t quote = t->has_quotes ? t->schema->quote : 0;

	for (; k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);
		struct leat_text x = leat__table_field(t, field, row);

		__builtin_prefetch(plain_ahead(t, field, k));
		if (leat__unlikely(!x.len) ||
			leat__unlikely(quote && x.data[0] == quote))
			break;
		values[row] = leat_table_piece(t, x);
		plain_set(valid, row);
	}
	return k;
}

uint32_t
leat__vector_fill_plain(const struct leat_table *t, uint32_t field,
	uint32_t type, void *values, uint8_t *valid, uint32_t k)
{
	if (type == LEAT_TYPE_INT64)
		return plain_ints(t, field, values, valid, k);
	if (type == LEAT_TYPE_TEXT)
		return plain_texts(t, field, values, valid, k);
	return k;
}
