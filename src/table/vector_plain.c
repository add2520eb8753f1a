/*
 * table/vector_plain.c -- what most fields hold, without a detour: whole
 * numbers of up to eight bytes, and text that needs no decoding.
 *
 * Stops at the first row that holds something else, which vector.c deals with,
 * quotes, nulls, long numbers, mistakes; so there is one place for each.
 * Only the frame's holder enters.
 */
#include "table/plain.h"

/*
 * Text that another core has written comes late: where that of some rows ahead
 * stands, to be asked for. (gcc drops calls of functions that do no more than
 * prefetch.)
 */
static inline const uint8_t *
plain_ahead(const struct leat_table *t, uint32_t field, uint32_t k)
{
	size_t row;

	if (k + LEAT__PLAIN_AHEAD >= t->n_rows)
		return t->text;
	row = leat_table_row(t, k + LEAT__PLAIN_AHEAD);
	return t->text + t->fields[row * t->schema->n_fields + field];
}

static inline void
plain_set(uint8_t *valid, uint32_t row)
{
	valid[row / 8] |= (uint8_t)(1u << (row % 8));
}

/* Rows from one on up to another. */
static void
plain_set_run(uint8_t *valid, uint32_t from, uint32_t to)
{
	for (; from < to && from % 8; from++)
		plain_set(valid, from);
	if (from < to)
		memset(valid + from / 8, 0xff, (to - from) / 8);
	for (from += (to - from) / 8 * 8; from < to; from++)
		plain_set(valid, from);
}

static uint32_t
plain_ints_run(
	const struct leat_table *t, uint32_t field, int64_t *values, uint32_t k)
{
	uint32_t n = t->n_rows, n_fields = t->schema->n_fields;
	const uint32_t *end = t->fields + (size_t)k * n_fields + field;
	const uint32_t *last = t->fields + (size_t)(n - 1) * n_fields + field;
	const uint8_t *text = t->text;

	for (; k < n; k++, end += n_fields) {
		uint32_t start = end[-1] + 1;

		__builtin_prefetch(
			text + leat__plain_ahead(end, last, n_fields));
		if (leat__unlikely(!leat__plain_int(
			    text + start, *end - start, &values[k])))
			break;
	}
	return k;
}

static uint32_t
plain_ints(const struct leat_table *t, uint32_t field, int64_t *values,
	uint8_t *valid, uint32_t k)
{
	for (; k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);
		struct leat_text x = leat__table_field(t, field, row);

		__builtin_prefetch(plain_ahead(t, field, k));
		if (leat__unlikely(
			    !leat__plain_int(x.data, x.len, &values[row])))
			break;
		plain_set(valid, row);
	}
	return k;
}

static uint32_t
plain_texts_run(const struct leat_table *t, uint32_t field,
	struct leat_piece *values, uint32_t k)
{
	uint32_t n = t->n_rows, n_fields = t->schema->n_fields;
	uint32_t quote = t->has_quotes ? t->schema->quote : 0;
	const uint32_t *end = t->fields + (size_t)k * n_fields + field;
	const uint8_t *text = t->text;

	for (; k < n; k++, end += n_fields) {
		uint32_t start = end[-1] + 1;

		if (leat__unlikely(*end == start) ||
			leat__unlikely(quote && text[start] == quote))
			break;
		values[k] = (struct leat_piece){start, *end - start};
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
	uint32_t from = k;

	if (type != LEAT_TYPE_INT64 && type != LEAT_TYPE_TEXT)
		return k;
	/* where the very first field begins is known the long way */
	if (!field && !k && leat__plain_is_run(t, field, 1))
		return k;
	if (k == t->n_rows || !leat__plain_is_run(t, field, k))
		return type == LEAT_TYPE_INT64
			? plain_ints(t, field, values, valid, k)
			: plain_texts(t, field, values, valid, k);
	k = type == LEAT_TYPE_INT64 ? plain_ints_run(t, field, values, k)
				    : plain_texts_run(t, field, values, k);
	plain_set_run(valid, from, k);
	return k;
}
