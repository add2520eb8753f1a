/*
 * table/expr_arith.c -- + - * / % of numbers and dates.
 *
 * Keeps: a result is exact, or rounded as float64 does, or a fault: overflow
 * and division by zero are never a number. int64 / int64 is whole, towards
 * zero, as in SQL; a decimal's quotient has at least 6 digits behind the
 * point, the last one rounded. Only the frame's holder enters.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "table/date.h"
#include "table/expr.h"

#define ARITH_QUOTIENT_SCALE 6

static const char arith_overflow[] =
	"the result does not fit int64; float64 is larger, as in a::float64";
static const char arith_infinite[] = "the result does not fit float64";
static const char arith_digits[] = "the result has over 38 digits";
static const char arith_zero[] = "division by zero; nullif(b, 0) makes it null";
static const char arith_no_date[] =
	"the result is no date of the years -9999 to 9999";

/* ---- bind --------------------------------------------------------------- */

static int
arith_fail(struct expr_bind *b, const struct expr_node *n)
{
	const struct expr_node *child = leat__expr_child(b->expr, n, 0);
	const char *hint;

	for (uint32_t k = 0; k < n->n_children; k++) {
		child = leat__expr_child(b->expr, n, k);
		if (child->type != LEAT_TYPE_INT64 &&
			child->type != LEAT_TYPE_FLOAT64 &&
			child->type != LEAT_TYPE_DECIMAL)
			break;
	}
	hint = child->type == LEAT_TYPE_TEXT
		? "; a cast makes one: x::int64, x::float64, x::decimal(2)"
		: child->type == LEAT_TYPE_TIMESTAMP
		? "; see date_add and date_diff"
		: "";
	return leat__expr_fail(b->err, LEAT_EINVAL, child->offset,
		child->n_bytes, "'%s' wants numbers, not %s%s",
		strcmp(n->function->name, "neg") ? n->function->name : "-",
		leat__expr_type_name(child), hint);
}

/* date + days, date - days, date - date */
static bool
arith_bind_date(struct expr_bind *b, struct expr_node *n)
{
	struct expr_node *x = leat__expr_child(b->expr, n, 0);
	struct expr_node *y = leat__expr_child(b->expr, n, 1);
	char op = n->function->name[0];
	bool is_days = y->type == LEAT_TYPE_INT64 || y->type == EXPR_NONE;

	n->variant = LEAT_TYPE_DATE;
	if (op == '-' && x->type == LEAT_TYPE_DATE &&
		y->type == LEAT_TYPE_DATE) {
		n->type = LEAT_TYPE_INT64;
		n->variant = LEAT_TYPE_INT64;
		return true;
	}
	n->type = LEAT_TYPE_DATE;
	if (x->type == LEAT_TYPE_DATE && is_days && (op == '+' || op == '-')) {
		y->as_type = LEAT_TYPE_INT64;
		return true;
	}
	return op == '+' && x->type == LEAT_TYPE_INT64 &&
		y->type == LEAT_TYPE_DATE;
}

/* A side keeps the digits that it has. */
static int
arith_bind_own_scale(struct expr_bind *b, struct expr_node *child)
{
	uint32_t scale = child->type == LEAT_TYPE_DECIMAL ? child->scale
		: child->kind == EXPR_LITERAL &&
			child->type == LEAT_TYPE_FLOAT64
		? leat__expr_literal_scale(child)
		: 0;

	return leat__expr_bind_as(
		b, child, LEAT_TYPE_DECIMAL, scale, "arithmetic wants");
}

static int
arith_bind_decimal(struct expr_bind *b, struct expr_node *n)
{
	struct expr_node *x = leat__expr_child(b->expr, n, 0);
	struct expr_node *y = leat__expr_child(b->expr, n, 1);
	char op = n->function->name[0];

	n->scale = b->common_scale;
	if (op != '*' && op != '/')
		return LEAT_OK;
	LEAT_TRY(arith_bind_own_scale(b, x));
	LEAT_TRY(arith_bind_own_scale(b, y));
	n->scale = op == '*'                         ? x->as_scale + y->as_scale
		: x->as_scale > ARITH_QUOTIENT_SCALE ? x->as_scale
						     : ARITH_QUOTIENT_SCALE;
	if (n->scale <= LEAT_DECIMAL_DIGITS_MAX)
		return LEAT_OK;
	return leat__expr_fail(b->err, LEAT_EINVAL, n->offset, n->n_bytes,
		"the product has %u digits behind the point, over %d; cast a "
		"side to a decimal with fewer",
		n->scale, LEAT_DECIMAL_DIGITS_MAX);
}

static int
arith_bind(struct expr_bind *b, struct expr_node *n)
{
	const struct expr_node *x = leat__expr_child(b->expr, n, 0);
	const struct expr_node *y =
		leat__expr_child(b->expr, n, n->n_children - 1);

	if (n->n_children == 2 &&
		(x->type == LEAT_TYPE_DATE || y->type == LEAT_TYPE_DATE))
		return arith_bind_date(b, n) ? LEAT_OK : arith_fail(b, n);
	if (x->type == LEAT_TYPE_TEXT || y->type == LEAT_TYPE_TEXT ||
		leat__expr_bind_common(b, n, EXPR_COMMON_ALL, ""))
		return arith_fail(b, n);
	n->type = n->variant = b->common_type;
	if (n->type == EXPR_NONE)
		return LEAT_OK;
	if (n->type == LEAT_TYPE_DECIMAL && n->n_children == 2)
		return arith_bind_decimal(b, n);
	n->scale = b->common_scale;
	return n->type == LEAT_TYPE_INT64 || n->type == LEAT_TYPE_FLOAT64 ||
			n->type == LEAT_TYPE_DECIMAL
		? LEAT_OK
		: arith_fail(b, n);
}

/* ---- int64 -------------------------------------------------------------- */

/* NULL, or why there is no result. */
static inline const char *
arith_int64(char op, int64_t x, int64_t y, int64_t *out)
{
	bool is_bad = false;

	if (op == '+')
		is_bad = __builtin_add_overflow(x, y, out);
	else if (op == '-')
		is_bad = __builtin_sub_overflow(x, y, out);
	else if (op == '*')
		is_bad = __builtin_mul_overflow(x, y, out);
	else if (!y)
		return arith_zero;
	else if (y == -1)
		is_bad = op == '/' ? __builtin_sub_overflow(0, x, out)
				   : (*out = 0, false);
	else
		*out = op == '/' ? x / y : x % y;
	return is_bad ? arith_overflow : NULL;
}

static inline __attribute__((always_inline)) void
arith_int64s(const struct expr_call *c, char op)
{
	const int64_t *x = c->arg[0]->int64, *y = c->arg[1]->int64;

	for (uint32_t k = 0; k < c->n; k++) {
		const char *why;

		c->out->int64[k] = 0;
		if (!c->out->has[k])
			continue;
		why = arith_int64(op, x[k], y[k], &c->out->int64[k]);
		if (leat__unlikely(why != NULL))
			leat__expr_bad(c, k, why);
	}
}

/* ---- float64 ------------------------------------------------------------ */

static inline double
arith_float64(char op, double x, double y)
{
	switch (op) {
	case '+':
		return x + y;
	case '-':
		return x - y;
	case '*':
		return x * y;
	case '/':
		return x / y;
	default:
		return fmod(x, y);
	}
}

static inline bool
arith_is_zero(double x)
{
	return !(x < 0) && !(x > 0);
}

static inline __attribute__((always_inline)) void
arith_float64s(const struct expr_call *c, char op)
{
	const double *x = c->arg[0]->float64, *y = c->arg[1]->float64;

	for (uint32_t k = 0; k < c->n; k++) {
		double z;

		c->out->float64[k] = 0;
		if (!c->out->has[k])
			continue;
		if ((op == '/' || op == '%') && arith_is_zero(y[k])) {
			leat__expr_bad(c, k, arith_zero);
			continue;
		}
		z = arith_float64(op, x[k], y[k]);
		c->out->float64[k] = z;
		if (leat__unlikely(!isfinite(z)) && isfinite(x[k]) &&
			isfinite(y[k]))
			leat__expr_bad(c, k, arith_infinite);
		else if (isnan(z))
			c->out->has[k] = 0;
	}
}

/* ---- decimal ------------------------------------------------------------ */

/* x / y at the scale of the result. */
static const char *
arith_decimal_quotient(const struct expr_call *c, leat__int128 x,
	leat__int128 y, leat__int128 *out)
{
	const struct expr_node *nodes = c->run->expr->nodes;
	const struct expr_node *left = &nodes[c->node->child];
	uint32_t zeros =
		c->node->scale + nodes[left->next].as_scale - left->as_scale;

	if (!y)
		return arith_zero;
	if (zeros > LEAT_DECIMAL_DIGITS_MAX ||
		__builtin_mul_overflow(x, leat__decimal_power(zeros), &x))
		return arith_digits;
	*out = leat__decimal_round_div(y < 0 ? -x : x, y < 0 ? -y : y);
	return NULL;
}

static const char *
arith_decimal(const struct expr_call *c, leat__int128 x, leat__int128 y,
	leat__int128 *out)
{
	const char *why = NULL;
	bool is_bad = false;

	switch (c->node->function->name[0]) {
	case '+':
		*out = x + y;
		break;
	case '-':
		*out = x - y;
		break;
	case '*':
		is_bad = __builtin_mul_overflow(x, y, out);
		break;
	case '/':
		why = arith_decimal_quotient(c, x, y, out);
		break;
	default:
		why = y ? NULL : arith_zero;
		*out = y ? x % y : 0;
	}
	if (why)
		return why;
	return is_bad || !leat__decimal_fits(*out) ? arith_digits : NULL;
}

static void
arith_decimals(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		leat__int128 z = 0;
		const char *why;

		if (!c->out->has[k])
			continue;
		why = arith_decimal(
			c, c->arg[0]->decimal[k], c->arg[1]->decimal[k], &z);
		c->out->decimal[k] = z;
		if (why)
			leat__expr_bad(c, k, why);
	}
}

/* ---- calls -------------------------------------------------------------- */

static void
arith_check_dates(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		if (c->out->has[k] && !leat__date_is_in_range(c->out->int64[k]))
			leat__expr_bad(c, k, arith_no_date);
}

static inline __attribute__((always_inline)) int
arith_call(const struct expr_call *c, char op)
{
	switch (c->node->variant) {
	case LEAT_TYPE_FLOAT64:
		arith_float64s(c, op);
		break;
	case LEAT_TYPE_DECIMAL:
		arith_decimals(c);
		break;
	default:
		arith_int64s(c, op);
		if (c->node->variant == LEAT_TYPE_DATE)
			arith_check_dates(c);
	}
	return LEAT_OK;
}

static int
arith_add(const struct expr_call *c)
{
	return arith_call(c, '+');
}

static int
arith_subtract(const struct expr_call *c)
{
	return arith_call(c, '-');
}

static int
arith_multiply(const struct expr_call *c)
{
	return arith_call(c, '*');
}

static int
arith_divide(const struct expr_call *c)
{
	return arith_call(c, '/');
}

static int
arith_rest(const struct expr_call *c)
{
	return arith_call(c, '%');
}

static int
arith_negate(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		if (!c->out->has[k])
			continue;
		if (c->node->variant == LEAT_TYPE_FLOAT64)
			c->out->float64[k] = -c->arg[0]->float64[k];
		else if (c->node->variant == LEAT_TYPE_DECIMAL)
			c->out->decimal[k] = -c->arg[0]->decimal[k];
		else if (__builtin_sub_overflow(
				 0, c->arg[0]->int64[k], &c->out->int64[k]))
			leat__expr_bad(c, k, arith_overflow);
	}
	return LEAT_OK;
}

const struct expr_function leat__expr_arith_functions[] = {
	{"+", "aa>a", arith_add, arith_bind, 0, NULL},
	{"-", "aa>a", arith_subtract, arith_bind, 0, NULL},
	{"*", "aa>a", arith_multiply, arith_bind, 0, NULL},
	{"/", "aa>a", arith_divide, arith_bind, 0, NULL},
	{"%", "aa>a", arith_rest, arith_bind, 0, NULL},
	{"mod", "aa>a", arith_rest, arith_bind, 0, "mod(a, b)"},
	{"neg", "a>a", arith_negate, arith_bind, 0, NULL},
	{NULL, NULL, NULL, NULL, 0, NULL},
};
