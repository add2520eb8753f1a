/*
 * table/expr_compare.c -- the order of values, exactly.
 *
 * An int64 and a float64 are compared as the numbers they are, not rounded to
 * each other; texts byte by byte; false stands before true. A comparison with
 * a null is null. Only the frame's holder enters.
 */
#include <string.h>

#include "table/expr.h"

static int
compare_texts(struct leat_text a, struct leat_text b)
{
	uint32_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.data, b.data, n) : 0;

	return order ? (order > 0) - (order < 0)
		     : (a.len > b.len) - (a.len < b.len);
}

static int
compare_numbers(
	const struct expr_slot *a, const struct expr_slot *b, uint32_t k)
{
	int64_t x = a->int64[k], y = b->int64[k];

	if (a->has[k] == 1 && b->has[k] == 1)
		return (x > y) - (x < y);
	if (a->has[k] == 1)
		return leat__number_compare(x, b->float64[k]);
	if (b->has[k] == 1)
		return -leat__number_compare(y, a->float64[k]);
	return (a->float64[k] > b->float64[k]) -
		(a->float64[k] < b->float64[k]);
}

int
leat__expr_order(uint32_t type, const struct expr_slot *a,
	const struct expr_slot *b, uint32_t k)
{
	switch (type) {
	case EXPR_NUMBER:
		return compare_numbers(a, b, k);
	case LEAT_TYPE_FLOAT64:
		return (a->float64[k] > b->float64[k]) -
			(a->float64[k] < b->float64[k]);
	case LEAT_TYPE_DECIMAL:
		return (a->decimal[k] > b->decimal[k]) -
			(a->decimal[k] < b->decimal[k]);
	case LEAT_TYPE_TEXT:
	case LEAT_TYPE_BINARY:
		return compare_texts(a->text[k], b->text[k]);
	case LEAT_TYPE_BOOL:
		return a->is_true[k] - b->is_true[k];
	default:
		return (a->int64[k] > b->int64[k]) -
			(a->int64[k] < b->int64[k]);
	}
}

/* Apart from the others, so that the compiler makes one loop of it. */
static void
compare_int64s(uint32_t op, const struct expr_slot *a,
	const struct expr_slot *b, struct expr_slot *out, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		int64_t x = a->int64[k], y = b->int64[k];
		uint32_t bit = x < y ? EXPR_LESS
			: x > y      ? EXPR_GREATER
				     : EXPR_EQUAL;

		out->has[k] = a->has[k] & b->has[k];
		out->is_true[k] = out->has[k] & ((op & bit) != 0);
	}
}

void
leat__expr_compare(uint32_t type, uint32_t op, const struct expr_slot *a,
	const struct expr_slot *b, struct expr_slot *out, uint32_t n)
{
	if (type == LEAT_TYPE_INT64 || type == LEAT_TYPE_DATE ||
		type == LEAT_TYPE_TIMESTAMP) {
		compare_int64s(op, a, b, out, n);
		return;
	}
	for (uint32_t k = 0; k < n; k++) {
		bool has = a->has[k] && b->has[k];
		uint32_t bit = has
			? leat__expr_order_bit(leat__expr_order(type, a, b, k))
			: 0;

		out->has[k] = has;
		out->is_true[k] = (op & bit) != 0;
	}
}
