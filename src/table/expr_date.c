/*
 * table/expr_date.c -- functions of dates and timestamps.
 *
 * A timestamp is UTC, and a date its midnight where both are asked for alike.
 * Units are written out and known before the start. Keeps: a result that is no
 * moment of the years -9999 to 9999 is a fault. Only the frame's holder enters.
 */
#include <stdio.h>
#include <string.h>

#include "table/date.h"
#include "table/expr.h"
#include "table/expr_date.h"

static const char date_no_moment[] =
	"the result is no date of the years -9999 to 9999";

/* ---- units -------------------------------------------------------------- */

enum date_unit {
	DATE_YEAR,
	DATE_QUARTER,
	DATE_MONTH,
	DATE_WEEK,
	DATE_DAY,
	DATE_HOUR,
	DATE_MINUTE,
	DATE_SECOND,
	DATE_MILLISECOND,
	DATE_MICROSECOND,
	/* only parts: */
	DATE_WEEKDAY,
	DATE_YEARDAY,
	DATE_EPOCH,
	DATE_N
};

static const struct {
	const char *name;
	int64_t us; /* 0: not always as long */
} date_units[] = {
	[DATE_YEAR] = {"year", 0},
	[DATE_QUARTER] = {"quarter", 0},
	[DATE_MONTH] = {"month", 0},
	[DATE_WEEK] = {"week", 7 * LEAT__DAY_US},
	[DATE_DAY] = {"day", LEAT__DAY_US},
	[DATE_HOUR] = {"hour", LEAT__HOUR_US},
	[DATE_MINUTE] = {"minute", LEAT__MINUTE_US},
	[DATE_SECOND] = {"second", LEAT__SECOND_US},
	[DATE_MILLISECOND] = {"millisecond", 1000},
	[DATE_MICROSECOND] = {"microsecond", 1},
	[DATE_WEEKDAY] = {"weekday", 0},
	[DATE_YEARDAY] = {"yearday", 0},
	[DATE_EPOCH] = {"epoch", 0},
};

static uint32_t
date_unit_find(struct leat_text x)
{
	uint32_t unit = 0;

	while (unit < DATE_N &&
		(strlen(date_units[unit].name) != x.len ||
			memcmp(date_units[unit].name, x.data, x.len)))
		unit++;
	return unit;
}

/* The unit that a call's first argument names, to op; else the error. */
static int
date_bind_unit(struct expr_bind *b, struct expr_node *n, uint32_t n_units)
{
	const struct expr_node *name = leat__expr_child(b->expr, n, 0);
	uint32_t unit = date_unit_find(name->parsed.text);
	struct leat__text list;
	char names[160];

	n->op = unit;
	if (unit < n_units)
		return LEAT_OK;
	list = (struct leat__text){names, sizeof(names), 0};
	for (uint32_t k = 0; k < n_units; k++)
		leat__text_add(
			&list, "%s'%s'", k ? ", " : "", date_units[k].name);
	return leat__expr_fail(b->err, LEAT_EINVAL, name->offset, name->n_bytes,
		"%s() knows no '%.20s'; there are %s", n->function->name,
		name->text, names);
}

/* ---- moments ------------------------------------------------------------ */

/* A value of a date or a timestamp as microseconds, and back. */
static int64_t
date_to_us(uint32_t type, int64_t value)
{
	return type == LEAT_TYPE_DATE ? value * LEAT__DAY_US : value;
}

static void
date_put_us(const struct expr_call *c, uint32_t k, uint32_t type, int64_t us)
{
	if (!leat__timestamp_is_in_range(us))
		leat__expr_bad(c, k, date_no_moment);
	c->out->int64[k] =
		type == LEAT_TYPE_DATE ? leat__floor_div(us, LEAT__DAY_US) : us;
}

/* Days of a Monday: 1970-01-05 was one. */
static int64_t
date_monday(int64_t days)
{
	return days - leat__floor_mod(days - 4, 7);
}

static int64_t
date_truncate(enum date_unit unit, int64_t us)
{
	int64_t days = leat__floor_div(us, LEAT__DAY_US);
	struct leat__date d = leat__date_of(days);

	switch (unit) {
	case DATE_YEAR:
		return leat__date_days(d.year, 1, 1) * LEAT__DAY_US;
	case DATE_QUARTER:
		return leat__date_days(d.year, (d.month - 1) / 3 * 3 + 1, 1) *
			LEAT__DAY_US;
	case DATE_MONTH:
		return leat__date_days(d.year, d.month, 1) * LEAT__DAY_US;
	case DATE_WEEK:
		return date_monday(days) * LEAT__DAY_US;
	default:
		return us - leat__floor_mod(us, date_units[unit].us);
	}
}

/* Number of a unit since 1970. */
static int64_t
date_number(enum date_unit unit, int64_t us)
{
	int64_t days = leat__floor_div(us, LEAT__DAY_US);
	struct leat__date d = leat__date_of(days);

	switch (unit) {
	case DATE_YEAR:
		return d.year;
	case DATE_QUARTER:
		return d.year * 4 + (d.month - 1) / 3;
	case DATE_MONTH:
		return d.year * 12 + d.month - 1;
	case DATE_WEEK:
		return leat__floor_div(date_monday(days), 7);
	default:
		return leat__floor_div(us, date_units[unit].us);
	}
}

/* ISO 8601: the week of a year's first Thursday is its first. */
static int64_t
date_week(int64_t days)
{
	int64_t thursday = date_monday(days) + 3;
	struct leat__date d = leat__date_of(thursday);

	return (thursday - leat__date_days(d.year, 1, 1)) / 7 + 1;
}

static int64_t
date_part(enum date_unit unit, int64_t us)
{
	int64_t days = leat__floor_div(us, LEAT__DAY_US);
	int64_t rest = leat__floor_mod(us, LEAT__DAY_US);
	struct leat__date d = leat__date_of(days);

	switch (unit) {
	case DATE_YEAR:
		return d.year;
	case DATE_QUARTER:
		return (d.month - 1) / 3 + 1;
	case DATE_MONTH:
		return d.month;
	case DATE_WEEK:
		return date_week(days);
	case DATE_DAY:
		return d.day;
	case DATE_HOUR:
		return rest / LEAT__HOUR_US;
	case DATE_MINUTE:
		return rest / LEAT__MINUTE_US % 60;
	case DATE_SECOND:
		return rest / LEAT__SECOND_US % 60;
	case DATE_MILLISECOND:
		return rest / 1000 % 60000;
	case DATE_MICROSECOND:
		return rest % LEAT__MINUTE_US;
	case DATE_WEEKDAY:
		return leat__floor_mod(days - 4, 7) + 1;
	case DATE_YEARDAY:
		return days - leat__date_days(d.year, 1, 1) + 1;
	default:
		return leat__floor_div(us, LEAT__SECOND_US);
	}
}

/* ---- calls -------------------------------------------------------------- */

static uint32_t
date_type(const struct expr_call *c, uint32_t argument)
{
	return leat__expr_child(c->run->expr, c->node, argument)->as_type;
}

static int
date_trunc_call(const struct expr_call *c)
{
	uint32_t type = date_type(c, 1);

	for (uint32_t k = 0; k < c->n; k++)
		if (c->out->has[k])
			date_put_us(c, k, type,
				date_truncate(c->node->op,
					date_to_us(type, c->arg[1]->int64[k])));
	return LEAT_OK;
}

static void
date_parts(const struct expr_call *c, enum date_unit unit, uint32_t argument)
{
	uint32_t type = date_type(c, argument);

	for (uint32_t k = 0; k < c->n; k++)
		if (c->out->has[k])
			c->out->int64[k] = date_part(unit,
				date_to_us(type, c->arg[argument]->int64[k]));
}

static int
date_part_call(const struct expr_call *c)
{
	date_parts(c, c->node->op, 1);
	return LEAT_OK;
}

/* year(d), hour(d), ...: the unit is the name. */
static int
date_named_part(const struct expr_call *c)
{
	date_parts(c, c->node->op, 0);
	return LEAT_OK;
}

static int
date_diff_call(const struct expr_call *c)
{
	uint32_t from = date_type(c, 1), to = date_type(c, 2);

	for (uint32_t k = 0; k < c->n; k++)
		if (c->out->has[k])
			c->out->int64[k] =
				date_number(c->node->op,
					date_to_us(to, c->arg[2]->int64[k])) -
				date_number(c->node->op,
					date_to_us(from, c->arg[1]->int64[k]));
	return LEAT_OK;
}

/* The same day so many months on, or the last one of a shorter month. */
static bool
date_add_months(int64_t us, int64_t n, int64_t *out)
{
	int64_t days = leat__floor_div(us, LEAT__DAY_US);
	struct leat__date d = leat__date_of(days);
	int64_t month, year;
	uint32_t last;

	if (n > 12 * 30000 || n < -12 * 30000)
		return false;
	month = d.year * 12 + d.month - 1 + n;
	year = leat__floor_div(month, 12);
	d.month = (uint32_t)leat__floor_mod(month, 12) + 1;
	last = leat__date_month_days(year, d.month);
	*out = leat__date_days(year, d.month, d.day < last ? d.day : last) *
			LEAT__DAY_US +
		leat__floor_mod(us, LEAT__DAY_US);
	return true;
}

static bool
date_add(enum date_unit unit, int64_t us, int64_t n, int64_t *out)
{
	int64_t months = unit == DATE_YEAR ? 12 : unit == DATE_QUARTER ? 3 : 1;

	if (date_units[unit].us)
		return !__builtin_mul_overflow(n, date_units[unit].us, &n) &&
			!__builtin_add_overflow(us, n, out);
	return !__builtin_mul_overflow(n, months, &n) &&
		date_add_months(us, n, out);
}

static int
date_add_call(const struct expr_call *c)
{
	uint32_t type = date_type(c, 2);

	for (uint32_t k = 0; k < c->n; k++) {
		int64_t us = 0;

		if (!c->out->has[k])
			continue;
		if (date_add(c->node->op, date_to_us(type, c->arg[2]->int64[k]),
			    c->arg[1]->int64[k], &us))
			date_put_us(c, k, type, us);
		else
			leat__expr_bad(c, k, date_no_moment);
	}
	return LEAT_OK;
}

/* ---- bind --------------------------------------------------------------- */

static int
date_bind_parts(struct expr_bind *b, struct expr_node *n)
{
	return date_bind_unit(b, n, DATE_N);
}

static int
date_bind_units(struct expr_bind *b, struct expr_node *n)
{
	return date_bind_unit(b, n, DATE_WEEKDAY);
}

/* Hours make no date. */
static int
date_bind_add(struct expr_bind *b, struct expr_node *n)
{
	const struct expr_node *d = leat__expr_child(b->expr, n, 2);

	LEAT_TRY(date_bind_units(b, n));
	if (d->as_type != LEAT_TYPE_DATE || n->op <= DATE_DAY)
		return LEAT_OK;
	return leat__expr_fail(b->err, LEAT_EINVAL, d->offset, d->n_bytes,
		"a date has no time that a %s can be added to; a cast makes it "
		"a timestamp: x::timestamp",
		date_units[n->op].name);
}

static int
date_bind_name(struct expr_bind *b, struct expr_node *n)
{
	const char *name = n->function->name;

	(void)b;
	n->op = date_unit_find((struct leat_text){
		(const uint8_t *)name, (uint32_t)strlen(name)});
	return LEAT_OK;
}

const struct expr_function leat__expr_date_functions[] = {
	{"date_add", "Sid>3", date_add_call, date_bind_add, 0,
		"date_add('unit', n, x)"},
	{"date_diff", "Sdd>i", date_diff_call, date_bind_units, 0,
		"date_diff('unit', from, to)"},
	{"date_part", "Sd>i", date_part_call, date_bind_parts, 0,
		"date_part('unit', x)"},
	{"date_trunc", "Sd>2", date_trunc_call, date_bind_units, 0,
		"date_trunc('unit', x)"},
	{"day", "d>i", date_named_part, date_bind_name, 0, "day(x)"},
	{"hour", "d>i", date_named_part, date_bind_name, 0, "hour(x)"},
	{"minute", "d>i", date_named_part, date_bind_name, 0, "minute(x)"},
	{"month", "d>i", date_named_part, date_bind_name, 0, "month(x)"},
	{"second", "d>i", date_named_part, date_bind_name, 0, "second(x)"},
	{"strftime", "dS>s", leat__expr_strftime_call, leat__expr_format_bind,
		0, "strftime(x, format)"},
	{"strptime", "sS>t", leat__expr_strptime_call, leat__expr_format_bind,
		0, "strptime(text, format)"},
	{"weekday", "d>i", date_named_part, date_bind_name, 0, "weekday(x)"},
	{"year", "d>i", date_named_part, date_bind_name, 0, "year(x)"},
	{NULL, NULL, NULL, NULL, 0, NULL},
};
