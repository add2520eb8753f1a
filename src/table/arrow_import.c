/*
 * table/arrow_import.c -- columns of an Arrow array into vectors of a frame.
 *
 * Keeps: a value becomes exactly what it was, or is an error with its row;
 * nothing beyond the array's length is read; a column that does not fit leaves
 * the frame to be given up.
 * Threads: the frame's only holder.
 * Source: the Arrow C data interface; Arrow columnar format 1.4 (views).
 */
#include <string.h>

#include "table/arrow.h"
#include "table/date.h"
#include "table/decimal.h"

#define VIEW_INLINE 12 /* bytes that stand in the view itself */

struct arrow_view {
	int32_t len;
	union {
		uint8_t bytes[VIEW_INLINE];
		struct {
			uint8_t prefix[4];
			int32_t buffer;
			int32_t offset;
		} far;
	} u;
};

_Static_assert(sizeof(struct arrow_view) == 16, "as Arrow has it");

/* Where a row's value stands: the array's own offset counted in. */
static bool
array_has(const struct ArrowArray *array, int64_t at)
{
	const uint8_t *valid = array->buffers[0];

	return array->null_count == 0 || !valid ||
		(valid[at / 8] >> (at % 8) & 1);
}

/* ---- whole numbers -------------------------------------------------------------- */

static int64_t
int_signed(const void *values, uint32_t width, int64_t at)
{
	switch (width) {
	case 1:
		return ((const int8_t *)values)[at];
	case 2:
		return ((const int16_t *)values)[at];
	case 4:
		return ((const int32_t *)values)[at];
	default:
		return ((const int64_t *)values)[at];
	}
}

static uint64_t
int_unsigned(const void *values, uint32_t width, int64_t at)
{
	switch (width) {
	case 1:
		return ((const uint8_t *)values)[at];
	case 2:
		return ((const uint16_t *)values)[at];
	case 4:
		return ((const uint32_t *)values)[at];
	default:
		return ((const uint64_t *)values)[at];
	}
}

/* Can it be written down, and be read again? */
static bool
int_is_in_range(uint32_t type, int64_t value)
{
	if (type == LEAT_TYPE_DATE)
		return leat__date_is_in_range(value);
	return type != LEAT_TYPE_TIMESTAMP ||
		leat__timestamp_is_in_range(value);
}

/* In the column's unit; LEAT_EDATA if it is not exactly that. */
static int
int_read(const struct leat__arrow_type *type, const void *values, int64_t at,
	int64_t *out)
{
	int64_t value;

	if (type->is_unsigned) {
		uint64_t big = int_unsigned(values, type->width, at);

		if (big > INT64_MAX)
			return LEAT_EDATA;
		value = (int64_t)big;
	} else {
		value = int_signed(values, type->width, at);
	}
	if (value % type->divide ||
		__builtin_mul_overflow(value, type->multiply, out))
		return LEAT_EDATA;
	*out /= type->divide;
	return int_is_in_range(type->type, *out) ? LEAT_OK : LEAT_EDATA;
}

static int
decimal_read(const void *values, int64_t at, struct leat_decimal *out)
{
	memcpy(out, (const struct leat_decimal *)values + at, sizeof(*out));
	return leat__decimal_fits(leat__decimal_get(*out)) ? LEAT_OK
							   : LEAT_EDATA;
}

/* ---- text ------------------------------------------------------------------------ */

static struct leat_text
text_of_offsets(const struct ArrowArray *array, uint32_t width, int64_t at)
{
	const uint8_t *bytes = array->buffers[2];
	uint64_t from, to;

	if (width == 4) {
		from = ((const uint32_t *)array->buffers[1])[at];
		to = ((const uint32_t *)array->buffers[1])[at + 1];
	} else {
		from = ((const uint64_t *)array->buffers[1])[at];
		to = ((const uint64_t *)array->buffers[1])[at + 1];
	}
	/* no frame has room for what is longer */
	return (struct leat_text){bytes ? bytes + from : (const uint8_t *)"",
		(uint32_t)leat__min_u64(to - from, UINT32_MAX)};
}

static struct leat_text
text_of_view(const struct ArrowArray *array, int64_t at)
{
	const struct arrow_view *view =
		(const struct arrow_view *)array->buffers[1] + at;
	uint32_t len = (uint32_t)view->len;

	if (len <= VIEW_INLINE)
		return (struct leat_text){view->u.bytes, len};
	return (struct leat_text){
		(const uint8_t *)array->buffers[2 + view->u.far.buffer] +
			view->u.far.offset,
		len};
}

static struct leat_text
text_of_fixed(const struct ArrowArray *array, uint32_t width, int64_t at)
{
	return (struct leat_text){
		(const uint8_t *)array->buffers[1] + at * width, width};
}

static struct leat_text
text_read(const struct ArrowArray *array, const struct leat__arrow_type *type,
	int64_t at)
{
	switch (type->kind) {
	case LEAT__ARROW_TEXT:
		return text_of_offsets(array, type->width, at);
	case LEAT__ARROW_VIEWS:
		return text_of_view(array, at);
	default:
		return text_of_fixed(array, type->width, at);
	}
}

/* ---- a value ---------------------------------------------------------------------- */

static int
value_import(struct leat_table *t, const struct ArrowArray *array,
	const struct leat__arrow_type *type, int64_t at,
	struct leat_vector_room *to, uint32_t k)
{
	const void *values = array->buffers[1];

	switch (type->kind) {
	case LEAT__ARROW_BITS:
		if (((const uint8_t *)values)[at / 8] >> (at % 8) & 1)
			((uint8_t *)to->values)[k / 8] |=
				(uint8_t)(1u << (k % 8));
		return LEAT_OK;
	case LEAT__ARROW_INT:
		return int_read(type, values, at, (int64_t *)to->values + k);
	case LEAT__ARROW_FLOAT:
		((double *)to->values)[k] = type->width == 4
			? (double)((const float *)values)[at]
			: ((const double *)values)[at];
		return LEAT_OK;
	case LEAT__ARROW_DECIMAL:
		return decimal_read(
			values, at, (struct leat_decimal *)to->values + k);
	default: {
		struct leat_text x = text_read(array, type, at);

		return leat_table_add_text(
			t, x.data, x.len, (struct leat_piece *)to->values + k);
	}
	}
}

/* Where a row's value stands in the values; -1: it is null. LEAT_EDATA: the
 * index is outside of the dictionary. */
static int
row_locate(const struct leat__arrow_column *column, int64_t row, int64_t *at)
{
	const struct ArrowArray *index = column->index;

	if (index) {
		int64_t k = row + index->offset;

		*at = -1;
		if (!array_has(index, k))
			return LEAT_OK;
		LEAT_TRY(int_read(
			&column->index_type, index->buffers[1], k, &row));
		if (row < 0 || row >= column->array->length)
			return LEAT_EDATA;
	}
	*at = row + column->array->offset;
	if (column->type.kind == LEAT__ARROW_NULL ||
		!array_has(column->array, *at))
		*at = -1;
	return LEAT_OK;
}

int
leat__arrow_import(struct leat_table *t,
	const struct leat__arrow_column *column, int64_t row, uint32_t n,
	int64_t *bad_row)
{
	struct leat_vector_room room;

	LEAT_TRY(leat_table_add_vector(
		t, column->type.type, column->type.scale, &room));
	for (uint32_t k = 0; k < n; k++) {
		int64_t at;
		int rc;

		*bad_row = row + k;
		LEAT_TRY(row_locate(column, row + k, &at));
		if (at < 0) {
			room.valid[k / 8] &= (uint8_t) ~(1u << (k % 8));
			continue;
		}
		rc = value_import(
			t, column->array, &column->type, at, &room, k);
		if (rc)
			return rc;
	}
	return LEAT_OK;
}
