/*
 * table/expr_cast.c -- values of one type as values of another.
 *
 * Keeps: what does not fit is a fault, never another number. Fractions are
 * rounded to the nearest, halves away from zero, where the type has none; text
 * may have spaces around it. Only the frame's holder enters.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table/date.h"
#include "table/expr.h"

#define CAST_PRINT_BYTES 48
#define CAST_INT64_END   9223372036854775808.0 /* 2^63 */

static const char cast_too_large[] = "the value does not fit the type";

const char *
leat__expr_wanted(uint32_t type)
{
	switch (type) {
	case LEAT_TYPE_INT64:
		return "a whole number (int64)";
	case LEAT_TYPE_DECIMAL:
		return "a decimal of at most 38 digits";
	case LEAT_TYPE_BOOL:
		return "true or false";
	case LEAT_TYPE_DATE:
		return "a date (YYYY-MM-DD)";
	case LEAT_TYPE_TIMESTAMP:
		return "a timestamp (YYYY-MM-DD HH:MM:SS)";
	default:
		return "a number";
	}
}

/* ---- from text ---------------------------------------------------------- */

struct leat_text
leat__expr_trim(struct leat_text x)
{
	while (x.len && (x.data[0] == ' ' || x.data[0] == '\t')) {
		x.data++;
		x.len--;
	}
	while (x.len && (x.data[x.len - 1] == ' ' || x.data[x.len - 1] == '\t'))
		x.len--;
	return x;
}

uint8_t
leat__expr_read_number(struct leat_text text, struct expr_value *out)
{
	struct leat_text x = leat__expr_trim(text);

	if (leat_text_int64(x, &out->int64) == LEAT_OK)
		return 1;
	return leat_text_float64(x, &out->float64) == LEAT_OK ? 2 : 0;
}

int
leat__expr_read(struct leat_text text, uint32_t type, uint32_t scale,
	struct expr_value *out)
{
	struct leat_text x = leat__expr_trim(text);
	struct leat_decimal decimal;
	bool is_true;

	switch (type) {
	case LEAT_TYPE_INT64:
		return leat_text_int64(x, &out->int64);
	case LEAT_TYPE_FLOAT64:
		return leat_text_float64(x, &out->float64);
	case LEAT_TYPE_DECIMAL:
		LEAT_TRY(leat_text_decimal(x, scale, &decimal));
		out->decimal = leat__decimal_get(decimal);
		return LEAT_OK;
	case LEAT_TYPE_DATE:
		return leat_text_date(x, &out->int64);
	case LEAT_TYPE_TIMESTAMP:
		return leat_text_timestamp(x, &out->int64);
	case LEAT_TYPE_BOOL:
		LEAT_TRY(leat_text_bool(x, &is_true));
		out->is_true = is_true;
		return LEAT_OK;
	default:
		return LEAT_EDATA;
	}
}

/* A number with more digits than that is rounded. */
static int
cast_read_decimal(struct leat_text text, uint32_t scale, struct expr_value *out)
{
	uint32_t finer = scale;
	int rc;

	do
		rc = leat__expr_read(text, LEAT_TYPE_DECIMAL, finer, out);
	while (rc == LEAT_ELIMIT && finer++ < LEAT_DECIMAL_DIGITS_MAX);
	if (!rc)
		out->decimal = leat__decimal_round_div(
			out->decimal, leat__decimal_power(finer - scale));
	return rc;
}

/* As the number that it is, or the moment, would be cast. */
static int
cast_from_text(
	const struct expr_cast *x, struct leat_text text, struct expr_value *to)
{
	int rc;

	if (x->to == LEAT_TYPE_DECIMAL)
		return cast_read_decimal(text, x->to_scale, to);
	rc = leat__expr_read(text, x->to, 0, to);
	if (rc != LEAT_EDATA)
		return rc;
	if (x->to == LEAT_TYPE_DATE) {
		LEAT_TRY(leat__expr_read(text, LEAT_TYPE_TIMESTAMP, 0, to));
		to->int64 = leat__floor_div(to->int64, LEAT__DAY_US);
		return LEAT_OK;
	}
	if (x->to != LEAT_TYPE_INT64)
		return rc;
	LEAT_TRY(cast_read_decimal(text, 0, to));
	if (to->decimal < INT64_MIN || to->decimal > INT64_MAX)
		return LEAT_ELIMIT;
	to->int64 = (int64_t)to->decimal;
	return LEAT_OK;
}

/* ---- numbers ------------------------------------------------------------ */

static double
cast_decimal_double(leat__int128 x, uint32_t scale)
{
	char buf[CAST_PRINT_BYTES];
	struct leat_text text = {(const uint8_t *)buf, 0};
	double value = 0;

	text.len = leat_text_print_decimal(leat__decimal_put(x), scale, buf);
	/* any decimal is a number in the range of a double */
	return leat_text_float64(text, &value) == LEAT_OK ? value : NAN;
}

/* The digits that a double is printed with, and the power of ten of the last.
 */
static leat__int128
cast_double_digits(double x, int32_t *power)
{
	char buf[CAST_PRINT_BYTES];
	uint32_t len = leat_text_print_float64(x, buf), k = 0;
	bool is_behind = false;
	leat__int128 digits = 0;

	buf[len] = '\0';
	*power = 0;
	for (; k < len && buf[k] != 'e'; k++) {
		is_behind |= buf[k] == '.';
		if (buf[k] < '0' || buf[k] > '9')
			continue;
		digits = digits * 10 + (buf[k] - '0');
		*power -= is_behind;
	}
	if (k < len)
		*power += atoi(buf + k + 1);
	return buf[0] == '-' ? -digits : digits;
}

static int
cast_double_decimal(double x, uint32_t scale, leat__int128 *out)
{
	int32_t power;

	*out = cast_double_digits(x, &power);
	power += (int32_t)scale;
	if (power < -LEAT_DECIMAL_DIGITS_MAX)
		*out = 0;
	else if (power < 0)
		*out = leat__decimal_round_div(
			*out, leat__decimal_power((uint32_t)-power));
	else if (*out && power > LEAT_DECIMAL_DIGITS_MAX)
		return LEAT_ELIMIT;
	else if (*out)
		return leat__decimal_rescale(*out, 0, (uint32_t)power, out);
	return LEAT_OK;
}

static int
cast_double_int64(double x, int64_t *out)
{
	x = round(x);
	if (!(x >= -CAST_INT64_END && x < CAST_INT64_END))
		return LEAT_ELIMIT;
	*out = (int64_t)x;
	return LEAT_OK;
}

static int
cast_to_int64(const struct expr_cast *x, const struct expr_value *from,
	struct expr_value *to)
{
	leat__int128 whole;

	if (x->from == LEAT_TYPE_FLOAT64)
		return cast_double_int64(from->float64, &to->int64);
	if (x->from == LEAT_TYPE_BOOL) {
		to->int64 = from->is_true;
		return LEAT_OK;
	}
	whole = leat__decimal_round_div(
		from->decimal, leat__decimal_power(x->from_scale));
	if (whole < INT64_MIN || whole > INT64_MAX)
		return LEAT_ELIMIT;
	to->int64 = (int64_t)whole;
	return LEAT_OK;
}

static int
cast_to_float64(const struct expr_cast *x, const struct expr_value *from,
	struct expr_value *to)
{
	if (x->from == LEAT_TYPE_DECIMAL)
		to->float64 = cast_decimal_double(from->decimal, x->from_scale);
	else if (x->from == LEAT_TYPE_BOOL)
		to->float64 = from->is_true;
	else
		to->float64 = (double)from->int64;
	return LEAT_OK;
}

static int
cast_to_decimal(const struct expr_cast *x, const struct expr_value *from,
	struct expr_value *to)
{
	if (x->from == LEAT_TYPE_FLOAT64)
		return cast_double_decimal(
			from->float64, x->to_scale, &to->decimal);
	if (x->from == LEAT_TYPE_INT64 || x->from == LEAT_TYPE_BOOL)
		return leat__decimal_rescale(
			x->from == LEAT_TYPE_BOOL ? from->is_true : from->int64,
			0, x->to_scale, &to->decimal);
	if (x->from_scale <= x->to_scale)
		return leat__decimal_rescale(from->decimal, x->from_scale,
			x->to_scale, &to->decimal);
	to->decimal = leat__decimal_round_div(from->decimal,
		leat__decimal_power(x->from_scale - x->to_scale));
	return LEAT_OK;
}

static int
cast_to_bool(const struct expr_cast *x, const struct expr_value *from,
	struct expr_value *to)
{
	if (x->from == LEAT_TYPE_INT64)
		to->is_true = from->int64 != 0;
	else if (x->from == LEAT_TYPE_FLOAT64)
		to->is_true = from->float64 < 0 || from->float64 > 0;
	else
		to->is_true = from->decimal != 0;
	return LEAT_OK;
}

/* ---- to text ------------------------------------------------------------ */

static uint32_t
cast_print(uint32_t type, uint32_t scale, const struct expr_value *v, char *buf)
{
	switch (type) {
	case LEAT_TYPE_INT64:
		return leat_text_print_int64(v->int64, buf);
	case LEAT_TYPE_FLOAT64:
		return leat_text_print_float64(v->float64, buf);
	case LEAT_TYPE_DECIMAL:
		return leat_text_print_decimal(
			leat__decimal_put(v->decimal), scale, buf);
	case LEAT_TYPE_DATE:
		return leat_text_print_date(v->int64, buf);
	case LEAT_TYPE_TIMESTAMP:
		return leat_text_print_timestamp(v->int64, buf);
	default:
		memcpy(buf, v->is_true ? "true" : "false", 5);
		return v->is_true ? 4 : 5;
	}
}

static int
cast_print_hex(struct expr_run *run, struct leat_text x, struct leat_text *out)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *at = leat__expr_take(run, 2 * (uint64_t)x.len);

	if (!at)
		return LEAT_ELIMIT;
	*out = (struct leat_text){at, 2 * x.len};
	for (uint32_t k = 0; k < x.len; k++) {
		*at++ = (uint8_t)digits[x.data[k] >> 4];
		*at++ = (uint8_t)digits[x.data[k] & 15];
	}
	return LEAT_OK;
}

static int
cast_to_text(const struct expr_call *c, const struct expr_cast *x)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct expr_value v = leat__expr_get(c->arg[0], x->from, k);
		char buf[CAST_PRINT_BYTES];
		uint32_t len;
		uint8_t *at;

		if (!c->out->has[k])
			continue;
		if (x->from == LEAT_TYPE_BINARY) {
			LEAT_TRY(cast_print_hex(
				c->run, v.text, &c->out->text[k]));
			continue;
		}
		len = cast_print(x->from, x->from_scale, &v, buf);
		at = leat__expr_take(c->run, len);
		if (!at)
			return LEAT_ELIMIT;
		memcpy(at, buf, len);
		c->out->text[k] = (struct leat_text){at, len};
	}
	return LEAT_OK;
}

/* ---- all of them -------------------------------------------------------- */

static bool
cast_is_number(uint32_t type)
{
	return type == LEAT_TYPE_INT64 || type == LEAT_TYPE_FLOAT64 ||
		type == LEAT_TYPE_DECIMAL;
}

static bool
cast_is_time(uint32_t type)
{
	return type == LEAT_TYPE_DATE || type == LEAT_TYPE_TIMESTAMP;
}

bool
leat__expr_cast_is_possible(uint32_t from, uint32_t to)
{
	if (from == to || from == EXPR_NONE || to == LEAT_TYPE_TEXT)
		return true;
	if (from == LEAT_TYPE_TEXT)
		return to != LEAT_TYPE_BINARY;
	return (cast_is_number(from) || from == LEAT_TYPE_BOOL)
		? cast_is_number(to) || to == LEAT_TYPE_BOOL
		: cast_is_time(from) && cast_is_time(to);
}

static int
cast_value(const struct expr_cast *x, const struct expr_value *from,
	struct expr_value *to)
{
	if (x->from == LEAT_TYPE_TEXT)
		return cast_from_text(x, from->text, to);
	switch (x->to) {
	case LEAT_TYPE_INT64:
		return cast_to_int64(x, from, to);
	case LEAT_TYPE_FLOAT64:
		return cast_to_float64(x, from, to);
	case LEAT_TYPE_DECIMAL:
		return cast_to_decimal(x, from, to);
	case LEAT_TYPE_BOOL:
		return cast_to_bool(x, from, to);
	case LEAT_TYPE_DATE:
		to->int64 = leat__floor_div(from->int64, LEAT__DAY_US);
		return LEAT_OK;
	default:
		to->int64 = from->int64 * LEAT__DAY_US;
		return LEAT_OK;
	}
}

/* What compares exactly: `has` says which kind of number it is. */
static void
cast_to_number(const struct expr_call *c, const struct expr_cast *x)
{
	memcpy(c->out->int64, c->arg[0]->int64, c->n * sizeof(int64_t));
	for (uint32_t k = 0; k < c->n; k++)
		if (x->from == LEAT_TYPE_FLOAT64 && c->out->has[k])
			c->out->has[k] = 2;
}

int
leat__expr_cast_slot(const struct expr_call *c, const struct expr_cast *x)
{
	if (x->to == EXPR_NUMBER) {
		cast_to_number(c, x);
		return LEAT_OK;
	}
	if (x->from == EXPR_NONE) {
		memset(c->out->has, 0, c->n);
		memset(c->out->is_true, 0, c->n);
		return LEAT_OK;
	}
	if (x->to == LEAT_TYPE_TEXT && x->from != LEAT_TYPE_TEXT)
		return cast_to_text(c, x);
	for (uint32_t k = 0; k < c->n; k++) {
		struct expr_value from = leat__expr_get(c->arg[0], x->from, k);
		struct expr_value to = from;
		int rc = LEAT_OK;

		if (c->out->has[k] && x->from != x->to)
			rc = cast_value(x, &from, &to);
		else if (c->out->has[k] && x->to == LEAT_TYPE_DECIMAL)
			rc = cast_to_decimal(x, &from, &to);
		if (rc || !c->out->has[k])
			to = (struct expr_value){.decimal = 0};
		leat__expr_put(c->out, x->to, k, &to);
		if (!rc)
			continue;
		c->out->has[k] = 0;
		if (x->to == LEAT_TYPE_BOOL)
			c->out->is_true[k] = 0;
		if (x->is_try)
			continue;
		if (x->from == LEAT_TYPE_TEXT)
			leat__expr_bad_text(c, k, x->to);
		else
			leat__expr_bad(c, k, cast_too_large);
	}
	return LEAT_OK;
}
