/*
 * table/decimal.c -- decimals from text and back, exactly.
 *
 * Keeps: a value that was read is the number that was written, digit for
 * digit, or it is refused; no value has more than 38 digits.
 * Any thread; no state.
 */
#include <string.h>

#include "table/decimal.h"

#define DECIMAL_EXPONENT_MAX 100000

leat__int128
leat__decimal_power(uint32_t power)
{
	static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000, 10000000000000000000u};
	uint32_t half = power / 2;

	LEAT_ASSERT(power <= LEAT_DECIMAL_DIGITS_MAX);
	return (leat__int128)powers[half] * (leat__int128)powers[power - half];
}

bool
leat__decimal_fits(leat__int128 x)
{
	leat__int128 limit = leat__decimal_power(LEAT_DECIMAL_DIGITS_MAX);

	return x < limit && x > -limit;
}

int
leat__decimal_rescale(
	leat__int128 x, uint32_t from, uint32_t to, leat__int128 *out)
{
	leat__int128 factor =
		leat__decimal_power(from < to ? to - from : from - to);

	if (from > to) {
		if (x % factor)
			return LEAT_ELIMIT;
		*out = x / factor;
		return LEAT_OK;
	}
	if (__builtin_mul_overflow(x, factor, out) || !leat__decimal_fits(*out))
		return LEAT_ELIMIT;
	return LEAT_OK;
}

leat__int128
leat__decimal_round_div(leat__int128 x, leat__int128 divisor)
{
	leat__int128 whole = x / divisor;
	leat__int128 rest = x % divisor;

	rest = rest < 0 ? -rest : rest;
	if (rest >= divisor - rest)
		whole += x < 0 ? -1 : 1;
	return whole;
}

/* ---- from text ---------------------------------------------------------- */

/* The digits of a number, and where its point is. */
struct decimal_parts {
	struct leat_text whole;
	struct leat_text part;
	int32_t exponent;
	bool is_minus;
};

static struct leat_text
decimal_take_digits(struct leat_text *x)
{
	struct leat_text digits = {x->data, 0};

	while (digits.len < x->len && x->data[digits.len] >= '0' &&
		x->data[digits.len] <= '9')
		digits.len++;
	x->data += digits.len;
	x->len -= digits.len;
	return digits;
}

static bool
decimal_take_byte(struct leat_text *x, char byte)
{
	if (!x->len || x->data[0] != (uint8_t)byte)
		return false;
	x->data++;
	x->len--;
	return true;
}

static bool
decimal_take_sign(struct leat_text *x)
{
	bool is_minus = decimal_take_byte(x, '-');

	if (!is_minus)
		decimal_take_byte(x, '+');
	return is_minus;
}

static bool
decimal_take_exponent(struct leat_text *x, int32_t *out)
{
	bool is_minus = decimal_take_sign(x);
	struct leat_text digits = decimal_take_digits(x);

	for (uint32_t k = 0; k < digits.len && *out < DECIMAL_EXPONENT_MAX; k++)
		*out = *out * 10 + (digits.data[k] - '0');
	*out = is_minus ? -*out : *out;
	return digits.len > 0;
}

static bool
decimal_take_apart(struct leat_text x, struct decimal_parts *p)
{
	*p = (struct decimal_parts){.is_minus = decimal_take_sign(&x)};
	p->whole = decimal_take_digits(&x);
	if (decimal_take_byte(&x, '.'))
		p->part = decimal_take_digits(&x);
	if (p->whole.len + p->part.len == 0)
		return false;
	if (decimal_take_byte(&x, 'e') || decimal_take_byte(&x, 'E'))
		if (!decimal_take_exponent(&x, &p->exponent))
			return false;
	return x.len == 0;
}

/* All digits, but only zeros from place `end` on. */
static int
decimal_digits(const struct decimal_parts *p, int64_t end, leat__int128 *out)
{
	leat__int128 limit = leat__decimal_power(LEAT_DECIMAL_DIGITS_MAX - 1);
	int64_t n = (int64_t)p->whole.len + p->part.len;
	leat__int128 value = 0;

	for (int64_t k = 0; k < n; k++) {
		uint8_t c = k < p->whole.len ? p->whole.data[k]
					     : p->part.data[k - p->whole.len];

		if (k >= end && c != '0')
			return LEAT_ELIMIT;
		if (k >= end)
			continue;
		if (value >= limit)
			return LEAT_ELIMIT;
		value = value * 10 + (c - '0');
	}
	*out = value;
	return LEAT_OK;
}

int
leat_text_decimal(
	struct leat_text text, uint32_t scale, struct leat_decimal *out)
{
	struct decimal_parts p;
	leat__int128 value;
	int64_t zeros;

	if (scale > LEAT_DECIMAL_DIGITS_MAX)
		return LEAT_EINVAL;
	if (!decimal_take_apart(text, &p))
		return LEAT_EDATA;
	/* zeros to be added behind the last digit; or digits to leave out */
	zeros = (int64_t)scale + p.exponent - p.part.len;
	LEAT_TRY(decimal_digits(&p,
		(int64_t)p.whole.len + p.part.len + (zeros < 0 ? zeros : 0),
		&value));
	if (value && zeros > LEAT_DECIMAL_DIGITS_MAX)
		return LEAT_ELIMIT;
	if (value && zeros > 0)
		LEAT_TRY(leat__decimal_rescale(
			value, 0, (uint32_t)zeros, &value));
	*out = leat__decimal_put(p.is_minus ? -value : value);
	return LEAT_OK;
}

/* ---- to text ------------------------------------------------------------ */

uint32_t
leat_text_print_decimal(struct leat_decimal value, uint32_t scale, char *buf)
{
	leat__int128 x = leat__decimal_get(value);
	leat__uint128 rest = x < 0 ? 0 - (leat__uint128)x : (leat__uint128)x;
	char digits[LEAT_DECIMAL_DIGITS_MAX + 2]; /* last first */
	uint32_t n = 0;
	uint32_t len = 0;

	while (rest || n <= scale) {
		digits[n++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	}
	if (x < 0)
		buf[len++] = '-';
	while (n) {
		buf[len++] = digits[--n];
		if (n == scale && n)
			buf[len++] = '.';
	}
	return len;
}
