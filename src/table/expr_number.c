/*
 * table/expr_number.c -- functions of numbers, and of values that have an
 * order.
 *
 * Keeps: a result that is no number, or too large, is a fault. round() takes
 * halves away from zero. Only the frame's holder enters.
 */
#include <math.h>
#include <string.h>

#include "table/expr.h"

static const char number_overflow[] = "the result does not fit";
static const char number_negative[] = "there is none of a number below zero";
static const char number_not_positive[] =
	"there is one of numbers above zero only";

/* ---- abs, sign ---------------------------------------------------------- */

static int
number_same(struct expr_bind *b, struct expr_node *n)
{
	const struct expr_node *child = leat__expr_child(b->expr, n, 0);

	n->type = child->as_type;
	n->scale = child->as_scale;
	n->variant = n->type;
	return LEAT_OK;
}

static int
number_abs(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		int64_t x = c->arg[0]->int64[k];

		if (!c->out->has[k])
			continue;
		if (c->node->variant == LEAT_TYPE_FLOAT64)
			c->out->float64[k] = fabs(c->arg[0]->float64[k]);
		else if (c->node->variant == LEAT_TYPE_DECIMAL)
			c->out->decimal[k] = c->arg[0]->decimal[k] < 0
				? -c->arg[0]->decimal[k]
				: c->arg[0]->decimal[k];
		else if (x == INT64_MIN)
			leat__expr_bad(c, k, number_overflow);
		else
			c->out->int64[k] = x < 0 ? -x : x;
	}
	return LEAT_OK;
}

static int
number_sign_bind(struct expr_bind *b, struct expr_node *n)
{
	n->variant = leat__expr_child(b->expr, n, 0)->as_type;
	return LEAT_OK;
}

static int
number_sign(const struct expr_call *c)
{
	const struct expr_slot *x = c->arg[0];

	for (uint32_t k = 0; k < c->n; k++) {
		if (!c->out->has[k])
			continue;
		if (c->node->variant == LEAT_TYPE_FLOAT64)
			c->out->int64[k] =
				(x->float64[k] > 0) - (x->float64[k] < 0);
		else if (c->node->variant == LEAT_TYPE_DECIMAL)
			c->out->int64[k] =
				(x->decimal[k] > 0) - (x->decimal[k] < 0);
		else
			c->out->int64[k] =
				(x->int64[k] > 0) - (x->int64[k] < 0);
	}
	return LEAT_OK;
}

/* ---- round, floor, ceil ------------------------------------------------- */

static double
number_round_float64(double x, int64_t digits)
{
	double factor = pow(10, (double)(digits < 0 ? -digits : digits));
	double y = digits < 0 ? x / factor : x * factor;

	if (!isfinite(factor))
		return digits < 0 ? 0 : x;
	if (fabs(y) >= 4503599627370496.0 || !isfinite(y))
		return digits < 0 ? round(y) * factor : x;
	return digits < 0 ? round(y) * factor : round(y) / factor;
}

/* To a multiple of 10^-digits; digits below zero. */
static bool
number_round_whole(leat__int128 x, int64_t digits, leat__int128 *out)
{
	leat__int128 factor;

	*out = 0;
	if (digits < -LEAT_DECIMAL_DIGITS_MAX)
		return true;
	factor = leat__decimal_power((uint32_t)-digits);
	*out = leat__decimal_round_div(x, factor) * factor;
	return leat__decimal_fits(*out);
}

/* Of a decimal, to `digits` behind the point, which then are the scale. */
static bool
number_round_decimal(
	const struct expr_call *c, leat__int128 x, leat__int128 *out)
{
	const struct expr_node *nodes = c->run->expr->nodes;
	const struct expr_node *child = &nodes[c->node->child];
	int64_t digits = child->next ? nodes[child->next].value.int64 : 0;

	x = leat__decimal_round_div(
		x, leat__decimal_power(child->as_scale - c->node->scale));
	if (digits >= 0) {
		*out = x;
		return true;
	}
	return number_round_whole(x, digits, out);
}

static bool
number_round_one(const struct expr_call *c, uint32_t k, int64_t digits)
{
	leat__int128 whole = c->arg[0]->int64[k];

	switch (c->node->variant) {
	case LEAT_TYPE_FLOAT64:
		c->out->float64[k] =
			number_round_float64(c->arg[0]->float64[k], digits);
		return isfinite(c->out->float64[k]);
	case LEAT_TYPE_DECIMAL:
		return number_round_decimal(
			c, c->arg[0]->decimal[k], &c->out->decimal[k]);
	default:
		if (digits < 0 && !number_round_whole(whole, digits, &whole))
			return false;
		c->out->int64[k] = (int64_t)whole;
		return whole >= INT64_MIN && whole <= INT64_MAX;
	}
}

static int
number_round(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		int64_t digits =
			c->node->n_children > 1 ? c->arg[1]->int64[k] : 0;

		if (c->out->has[k] && !number_round_one(c, k, digits))
			leat__expr_bad(c, k, number_overflow);
	}
	return LEAT_OK;
}

/* A decimal gets the scale that it is rounded to, which has to be known. */
static int
number_round_bind(struct expr_bind *b, struct expr_node *n)
{
	const struct expr_node *x = leat__expr_child(b->expr, n, 0);
	const struct expr_node *digits =
		n->n_children > 1 ? leat__expr_child(b->expr, n, 1) : NULL;
	int64_t scale = 0;

	LEAT_TRY(number_same(b, n));
	if (n->type != LEAT_TYPE_DECIMAL)
		return LEAT_OK;
	if (digits && digits->kind != EXPR_LITERAL)
		return leat__expr_fail(b->err, LEAT_EINVAL, digits->offset,
			digits->n_bytes,
			"the digits that a decimal is rounded to have to be "
			"written out, as in round(x, 2)");
	if (digits)
		scale = digits->value.int64 < 0 ? 0 : digits->value.int64;
	n->scale = scale > x->as_scale ? x->as_scale : (uint32_t)scale;
	return LEAT_OK;
}

/* Down for floor, up for ceil: of a decimal it is one without digits behind
 * the point. */
static int
number_floor_bind(struct expr_bind *b, struct expr_node *n)
{
	LEAT_TRY(number_same(b, n));
	n->scale = 0;
	return LEAT_OK;
}

static int
number_floor_or_ceil(const struct expr_call *c, bool is_ceil)
{
	uint32_t scale = c->run->expr->nodes[c->node->child].as_scale;
	leat__int128 factor = leat__decimal_power(scale);

	for (uint32_t k = 0; k < c->n; k++) {
		const struct expr_slot *x = c->arg[0];

		if (!c->out->has[k])
			continue;
		if (c->node->variant == LEAT_TYPE_FLOAT64) {
			c->out->float64[k] = is_ceil ? ceil(x->float64[k])
						     : floor(x->float64[k]);
		} else if (c->node->variant == LEAT_TYPE_DECIMAL) {
			leat__int128 rest = x->decimal[k] % factor;

			c->out->decimal[k] = x->decimal[k] / factor +
				(is_ceil ? rest > 0 : -(rest < 0));
		} else {
			c->out->int64[k] = x->int64[k];
		}
	}
	return LEAT_OK;
}

static int
number_floor(const struct expr_call *c)
{
	return number_floor_or_ceil(c, false);
}

static int
number_ceil(const struct expr_call *c)
{
	return number_floor_or_ceil(c, true);
}

/* ---- of float64 --------------------------------------------------------- */

static void
number_check(const struct expr_call *c, uint32_t k, double y, const char *why)
{
	c->out->float64[k] = y;
	if (why)
		leat__expr_bad(c, k, why);
	else if (!isfinite(y))
		leat__expr_bad(c, k, number_overflow);
}

static int
number_sqrt(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		double x = c->arg[0]->float64[k];

		if (c->out->has[k])
			number_check(c, k, x < 0 ? 0 : sqrt(x),
				x < 0 ? number_negative : NULL);
	}
	return LEAT_OK;
}

static int
number_pow(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		if (c->out->has[k])
			number_check(c, k,
				pow(c->arg[0]->float64[k],
					c->arg[1]->float64[k]),
				NULL);
	return LEAT_OK;
}

static int
number_exp(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		if (c->out->has[k])
			number_check(c, k, exp(c->arg[0]->float64[k]), NULL);
	return LEAT_OK;
}

static int
number_logarithm(const struct expr_call *c, double (*f)(double))
{
	for (uint32_t k = 0; k < c->n; k++) {
		double x = c->arg[0]->float64[k];

		if (c->out->has[k])
			number_check(c, k, x > 0 ? f(x) : 0,
				x > 0 ? NULL : number_not_positive);
	}
	return LEAT_OK;
}

static int
number_ln(const struct expr_call *c)
{
	return number_logarithm(c, log);
}

static int
number_log10(const struct expr_call *c)
{
	return number_logarithm(c, log10);
}

/* ---- of values that have an order ---------------------------------------- */

static int
number_order_bind(struct expr_bind *b, struct expr_node *n)
{
	LEAT_TRY(leat__expr_bind_common(b, n, EXPR_COMMON_ALL, "compared"));
	n->type = n->variant = b->common_type;
	n->scale = b->common_scale;
	return LEAT_OK;
}

/* Nulls are left out; of nulls alone it is null. */
static int
number_pick(const struct expr_call *c, int wanted)
{
	uint32_t type = c->node->variant;

	for (uint32_t k = 0; k < c->n; k++) {
		const struct expr_slot *best = NULL;
		struct expr_value v = {.decimal = 0};

		for (uint32_t a = 0; a < c->node->n_children; a++)
			if (c->arg[a]->has[k] &&
				(!best ||
					leat__expr_order(type, c->arg[a], best,
						k) == wanted))
				best = c->arg[a];
		if (best)
			v = leat__expr_get(best, type, k);
		c->out->has[k] = best != NULL;
		leat__expr_put(c->out, type, k, &v);
	}
	return LEAT_OK;
}

static int
number_greatest(const struct expr_call *c)
{
	return number_pick(c, 1);
}

static int
number_least(const struct expr_call *c)
{
	return number_pick(c, -1);
}

static int
number_nullif(const struct expr_call *c)
{
	uint32_t type = c->node->variant;

	for (uint32_t k = 0; k < c->n; k++) {
		struct expr_value v = leat__expr_get(c->arg[0], type, k);
		bool is_equal = c->arg[0]->has[k] && c->arg[1]->has[k] &&
			!leat__expr_order(type, c->arg[0], c->arg[1], k);

		c->out->has[k] = c->arg[0]->has[k] && !is_equal;
		if (!c->out->has[k])
			v = (struct expr_value){.decimal = 0};
		leat__expr_put(c->out, type, k, &v);
	}
	return LEAT_OK;
}

const struct expr_function leat__expr_number_functions[] = {
	{"abs", "n>a", number_abs, number_same, 0, "abs(x)"},
	{"ceil", "n>a", number_ceil, number_floor_bind, 0, "ceil(x)"},
	{"exp", "f>f", number_exp, NULL, 0, "exp(x)"},
	{"floor", "n>a", number_floor, number_floor_bind, 0, "floor(x)"},
	{"greatest", "a...>a", number_greatest, number_order_bind, 0,
		"greatest(a, b, ...)"},
	{"least", "a...>a", number_least, number_order_bind, 0,
		"least(a, b, ...)"},
	{"ln", "f>f", number_ln, NULL, 0, "ln(x)"},
	{"log10", "f>f", number_log10, NULL, 0, "log10(x)"},
	{"nullif", "aa>a", number_nullif, number_order_bind, 0, "nullif(a, b)"},
	{"pow", "ff>f", number_pow, NULL, 0, "pow(x, y)"},
	{"round", "n[i>a", number_round, number_round_bind, 0,
		"round(x[, digits])"},
	{"sign", "n>i", number_sign, number_sign_bind, 0, "sign(x)"},
	{"sqrt", "f>f", number_sqrt, NULL, 0, "sqrt(x)"},
	{NULL, NULL, NULL, NULL, 0, NULL},
};
