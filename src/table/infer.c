/*
 * table/infer.c -- the type of a column from values of it.
 *
 * Starts from all types and takes away those that a value does not have.
 * Keeps: a type that is named reads every value that was looked at without
 * loss; what only a string keeps (leading zeros, integers that no double is
 * equal to beside fractions) is a string. Any thread; the state is the
 * caller's.
 */
#include "table/table.h"

#define INFER_BIT(type) (1u << (type))

#define INFER_NUMBERS                                                          \
	(INFER_BIT(LEAT_TYPE_INT64) | INFER_BIT(LEAT_TYPE_FLOAT64))
#define INFER_DATES        (INFER_BIT(LEAT_TYPE_DATE) | INFER_BIT(LEAT_TYPE_TIMESTAMP))
#define INFER_DOUBLE_WHOLE (INT64_C(1) << 53) /* whole numbers up to here */

/* Narrowest first. */
static const uint32_t infer_types[] = {LEAT_TYPE_INT64, LEAT_TYPE_FLOAT64,
	LEAT_TYPE_BOOL, LEAT_TYPE_DATE, LEAT_TYPE_TIMESTAMP};

struct leat_infer
leat_infer_begin(void)
{
	return (struct leat_infer){.could_be = INFER_NUMBERS | INFER_DATES |
			INFER_BIT(LEAT_TYPE_BOOL)};
}

/* 007 and -00.5, which are not written so if they are numbers. */
static bool
infer_has_leading_zero(struct leat_text x)
{
	uint32_t at = x.data[0] == '-' || x.data[0] == '+';

	return x.len > at + 1 && x.data[at] == '0' && x.data[at + 1] >= '0' &&
		x.data[at + 1] <= '9';
}

/* Which of the kinds of numbers is it? */
static uint32_t
infer_number(struct leat_text x)
{
	int64_t whole;
	double value;
	int rc;

	if (infer_has_leading_zero(x))
		return 0;
	rc = leat_text_int64(x, &whole);
	if (rc == LEAT_ELIMIT)
		return 0;
	if (rc == LEAT_OK && whole >= -INFER_DOUBLE_WHOLE &&
		whole <= INFER_DOUBLE_WHOLE)
		return INFER_NUMBERS;
	if (rc == LEAT_OK)
		return INFER_BIT(LEAT_TYPE_INT64);
	return leat_text_float64(x, &value) == LEAT_OK
		? INFER_BIT(LEAT_TYPE_FLOAT64)
		: 0;
}

static uint32_t
infer_date(struct leat_text x)
{
	int64_t value;

	if (leat_text_date(x, &value) == LEAT_OK)
		return INFER_DATES;
	return leat_text_timestamp(x, &value) == LEAT_OK
		? INFER_BIT(LEAT_TYPE_TIMESTAMP)
		: 0;
}

void
leat_infer_value(struct leat_infer *infer, struct leat_text x)
{
	uint32_t is = 0;
	bool value;

	if (!x.len)
		return;
	infer->n_values++;
	if (infer->could_be & INFER_NUMBERS)
		is |= infer_number(x);
	if (infer->could_be & INFER_DATES)
		is |= infer_date(x);
	if (infer->could_be & INFER_BIT(LEAT_TYPE_BOOL) &&
		leat_text_bool(x, &value) == LEAT_OK)
		is |= INFER_BIT(LEAT_TYPE_BOOL);
	infer->could_be &= is;
}

uint32_t
leat_infer_type(const struct leat_infer *infer)
{
	if (infer->n_values)
		for (uint32_t k = 0; k < leat__array_len(infer_types); k++)
			if (infer->could_be & INFER_BIT(infer_types[k]))
				return infer_types[k];
	return LEAT_TYPE_TEXT;
}
