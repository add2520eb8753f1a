/*
 * table/number.c -- numbers from text and back, exactly.
 *
 * A double is read without rounding twice: up to 19 digits and a power of ten
 * up to 22 are exact in hardware, all else goes to the C library, always in
 * the "C" locale. Printing tries few digits first and reads them back.
 * Any thread; no state.
 * Source: Clinger, How to read floating point numbers accurately, 1990.
 */
#define _GNU_SOURCE
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/table.h"

#define NUMBER_TEXT_MAX    1100 /* more digits than any double needs */
#define NUMBER_EXACT_POWER 22   /* of ten, in a double */

static inline bool
number_is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') < 10;
}

/* Skip a sign; is it minus? */
static bool
number_sign(struct leat_text *x)
{
	bool is_minus = x->len && x->data[0] == '-';

	if (x->len && (is_minus || x->data[0] == '+')) {
		x->data++;
		x->len--;
	}
	return is_minus;
}

/* All digits, of any length. */
static bool
number_is_digits(struct leat_text x)
{
	for (uint32_t k = 0; k < x.len; k++)
		if (!number_is_digit(x.data[k]))
			return false;
	return x.len > 0;
}

/* Add digits to a value; false when it no longer fits. */
static bool
number_digits_u64(struct leat_text x, uint64_t *value)
{
	for (uint32_t k = 0; k < x.len; k++)
		if (__builtin_mul_overflow(*value, 10u, value) ||
			__builtin_add_overflow(
				*value, (uint64_t)(x.data[k] - '0'), value))
			return false;
	return true;
}

int
leat_text_int64(struct leat_text text, int64_t *out)
{
	struct leat_text x = text;
	bool is_minus = number_sign(&x);
	uint64_t limit = (uint64_t)INT64_MAX + is_minus;
	uint64_t value = 0;

	if (!number_is_digits(x))
		return LEAT_EDATA;
	if (!number_digits_u64(x, &value) || value > limit)
		return LEAT_ELIMIT;
	*out = (int64_t)(is_minus ? 0 - value : value);
	return LEAT_OK;
}

/* A decimal number, taken apart. */
struct number_parts {
	uint64_t digits; /* all of them, as an integer */
	int32_t power;   /* of ten, that digits are to be multiplied with */
	bool is_minus;
	bool is_exact; /* digits holds them all */
};

static uint32_t
number_run(struct leat_text x, uint32_t at)
{
	uint32_t k = at;

	while (k < x.len && number_is_digit(x.data[k]))
		k++;
	return k - at;
}

/* Read an exponent at x.data[at]; false if it is not one to the end. */
static bool
number_exponent(struct leat_text x, uint32_t at, int32_t *power)
{
	struct leat_text rest = {x.data + at + 1, x.len - at - 1};
	int32_t value = 0;
	bool is_minus = number_sign(&rest);

	if (!number_is_digits(rest))
		return false;
	for (uint32_t k = 0; k < rest.len && value < 100000; k++)
		value = value * 10 + (rest.data[k] - '0');
	*power += is_minus ? -value : value;
	return true;
}

/* Is it a number, and of what parts? */
static bool
number_take_apart(struct leat_text x, struct number_parts *p)
{
	struct leat_text whole, part = {NULL, 0};
	uint32_t at;

	p->is_minus = number_sign(&x);
	whole = (struct leat_text){x.data, number_run(x, 0)};
	at = whole.len;
	if (at < x.len && x.data[at] == '.') {
		part.data = x.data + at + 1;
		part.len = number_run(x, at + 1);
		at += 1 + part.len;
	}
	if (whole.len + part.len == 0)
		return false;
	p->digits = 0;
	p->power = -(int32_t)part.len;
	p->is_exact = number_digits_u64(whole, &p->digits) &&
		number_digits_u64(part, &p->digits);
	if (at == x.len)
		return true;
	return (x.data[at] | 0x20) == 'e' && number_exponent(x, at, &p->power);
}

static int
number_slow(struct leat_text x, double *out)
{
	char buf[NUMBER_TEXT_MAX + 1];
	locale_t c_locale;

	if (x.len > NUMBER_TEXT_MAX)
		return LEAT_ELIMIT;
	memcpy(buf, x.data, x.len);
	buf[x.len] = '\0';
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		return LEAT_ELIMIT;
	*out = strtod_l(buf, NULL, c_locale);
	freelocale(c_locale);
	return isinf(*out) ? LEAT_ELIMIT : LEAT_OK;
}

int
leat_text_float64(struct leat_text text, double *out)
{
	static const double powers[NUMBER_EXACT_POWER + 1] = {1e0, 1e1, 1e2,
		1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
		1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	struct number_parts p;
	double value;

	if (!number_take_apart(text, &p))
		return LEAT_EDATA;
	if (!p.is_exact || p.digits > (uint64_t)1 << DBL_MANT_DIG ||
		p.power > NUMBER_EXACT_POWER || p.power < -NUMBER_EXACT_POWER)
		return number_slow(text, out);
	value = (double)p.digits;
	value = p.power < 0 ? value / powers[-p.power]
			    : value * powers[p.power];
	*out = p.is_minus ? -value : value;
	return LEAT_OK;
}

int
leat__number_compare(int64_t a, double b)
{
	int64_t whole;
	double rest;

	if (b >= 9223372036854775808.0)
		return -1;
	if (b < -9223372036854775808.0)
		return 1;
	whole = (int64_t)b;
	if (a != whole)
		return a < whole ? -1 : 1;
	rest = b - (double)whole;
	return rest > 0 ? -1 : rest < 0;
}

uint32_t
leat_text_print_int64(int64_t value, char *buf)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[20];
	uint32_t n = 0;
	uint32_t len = 0;

	do {
		digits[n++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		buf[len++] = '-';
	while (n)
		buf[len++] = digits[--n];
	return len;
}

/* The digits and the power of ten of the first, with this many digits. */
static int
number_print_digits(double value, int n_digits, char *digits)
{
	char buf[48];
	const char *at = buf;
	int n = 0;

	snprintf(buf, sizeof(buf), "%.*e", n_digits - 1, value);
	for (; *at && *at != 'e'; at++)
		if (number_is_digit((uint8_t)*at))
			digits[n++] = *at;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return *at ? atoi(at + 1) : 0;
}

/* 1234 and 5 -> 123400; 1234 and -2 -> 0.01234; 1234 and 40 -> 1.234e+40 */
static uint32_t
number_lay_out(const char *digits, int power, char *buf)
{
	int n = (int)strlen(digits);
	char *at = buf;

	if (power < -5 || power > 16) {
		*at++ = digits[0];
		if (n > 1)
			*at++ = '.';
		memcpy(at, digits + 1, (size_t)n - 1);
		at += n - 1;
		at += snprintf(at, 8, "e%+03d", power);
		return (uint32_t)(at - buf);
	}
	if (power < 0)
		*at++ = '0';
	for (int k = power < 0 ? power + 1 : 0; k < n || k <= power; k++) {
		if (k == power + 1)
			*at++ = '.';
		*at++ = k < 0 || k >= n ? '0' : digits[k];
	}
	return (uint32_t)(at - buf);
}

uint32_t
leat_text_print_float64(double value, char *buf)
{
	char digits[24];
	int n_digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
	uint32_t sign = signbit(value) && !isnan(value);
	uint32_t len;
	double back = 0;

	if (sign)
		buf[0] = '-';
	if (!isfinite(value)) {
		memcpy(buf + sign, isnan(value) ? "nan" : "inf", 3);
		return sign + 3;
	}
	value = fabs(value);
	for (;; n_digits++) {
		int power = number_print_digits(value, n_digits, digits);
		struct leat_text x = {(uint8_t *)buf + sign, 0};

		len = number_lay_out(digits, power, buf + sign);
		x.len = len;
		if (n_digits >= 17 ||
			(leat_text_float64(x, &back) == LEAT_OK &&
				!(back < value) && !(back > value)))
			return sign + len;
	}
}
