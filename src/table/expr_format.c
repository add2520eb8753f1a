/*
 * table/expr_format.c -- moments by a format: strftime and strptime.
 *
 * A set of codes of its own, always in English and UTC, whatever the machine's
 * language: what is printed by a format that names year, month and day (or day
 * of the year) and time reads back to the same moment.
 * Only the frame's holder enters.
 */
#include <stdio.h>
#include <string.h>

#include "table/date.h"
#include "table/expr_date.h"

#define FORMAT_CODES      "YmdjHMSfIpyBbAauzFT%"
#define FORMAT_CODE_BYTES 16 /* that a code is printed with, at most */

static const char *const format_months[] = {"January", "February", "March",
	"April", "May", "June", "July", "August", "September", "October",
	"November", "December"};
static const char *const format_days[] = {"Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday", "Sunday"};

int
leat__expr_format_bind(struct expr_bind *b, struct expr_node *n)
{
	const struct expr_node *format = leat__expr_child(b->expr, n, 1);
	bool reads = n->function->call == leat__expr_strptime_call;

	n->type = reads ? LEAT_TYPE_TIMESTAMP : LEAT_TYPE_TEXT;
	for (uint32_t k = 0; k < format->len; k++) {
		const char *at = format->text + k;

		if (*at != '%')
			continue;
		k++;
		if (at[1] && strchr(FORMAT_CODES, at[1]))
			continue;
		return leat__expr_fail(b->err, LEAT_EINVAL, format->offset,
			format->n_bytes,
			"'%%%c' is no code of a format; there are %%Y %%m %%d "
			"%%j %%H %%M %%S %%f %%I %%p %%y %%B %%b %%A %%a %%u "
			"%%z %%F %%T %%%%",
			at[1] ? at[1] : ' ');
	}
	return LEAT_OK;
}

/* ---- print -------------------------------------------------------------- */

struct format_moment {
	struct leat__date date;
	int64_t days;
	uint32_t second; /* of the day */
	uint32_t us;
};

static struct format_moment
format_take_apart(int64_t us)
{
	int64_t rest = leat__floor_mod(us, LEAT__DAY_US);
	struct format_moment m = {.days = leat__floor_div(us, LEAT__DAY_US),
		.second = (uint32_t)(rest / LEAT__SECOND_US),
		.us = (uint32_t)(rest % LEAT__SECOND_US)};

	m.date = leat__date_of(m.days);
	return m;
}

static int
format_print_date(const struct format_moment *m, char code, char *buf)
{
	uint32_t weekday = (uint32_t)leat__floor_mod(m->days - 4, 7);
	const char *month = format_months[m->date.month - 1];
	long long year = m->date.year;

	switch (code) {
	case 'Y':
		return sprintf(buf, year < 0 ? "%05lld" : "%04lld", year);
	case 'm':
		return sprintf(buf, "%02u", m->date.month);
	case 'd':
		return sprintf(buf, "%02u", m->date.day);
	case 'j':
		return sprintf(buf, "%03u",
			(unsigned)(m->days -
				leat__date_days(m->date.year, 1, 1) + 1));
	case 'y':
		return sprintf(buf, "%02u",
			(unsigned)leat__floor_mod(m->date.year, 100));
	case 'B':
		return sprintf(buf, "%s", month);
	case 'b':
		return sprintf(buf, "%.3s", month);
	case 'A':
		return sprintf(buf, "%s", format_days[weekday]);
	case 'a':
		return sprintf(buf, "%.3s", format_days[weekday]);
	case 'u':
		return sprintf(buf, "%u", weekday + 1);
	default: /* F */
		return (int)leat_text_print_date(m->days, buf);
	}
}

static int
format_print_code(const struct format_moment *m, char code, char *buf)
{
	uint32_t hour = m->second / 3600, minute = m->second / 60 % 60;

	switch (code) {
	case 'H':
		return sprintf(buf, "%02u", hour);
	case 'I':
		return sprintf(buf, "%02u", (hour + 11) % 12 + 1);
	case 'p':
		return sprintf(buf, "%s", hour < 12 ? "AM" : "PM");
	case 'M':
		return sprintf(buf, "%02u", minute);
	case 'S':
		return sprintf(buf, "%02u", m->second % 60);
	case 'f':
		return sprintf(buf, "%06u", m->us);
	case 'T':
		return sprintf(
			buf, "%02u:%02u:%02u", hour, minute, m->second % 60);
	case 'z':
		return sprintf(buf, "+0000");
	case '%':
		return sprintf(buf, "%%");
	default:
		return format_print_date(m, code, buf);
	}
}

int
leat__expr_strftime_call(const struct expr_call *c)
{
	const struct leat_expr *e = c->run->expr;
	const struct expr_node *format = leat__expr_child(e, c->node, 1);
	bool is_date =
		leat__expr_child(e, c->node, 0)->as_type == LEAT_TYPE_DATE;

	for (uint32_t k = 0; k < c->n; k++) {
		int64_t us = c->arg[0]->int64[k];
		struct format_moment m;
		char *at, *start;

		if (!c->out->has[k])
			continue;
		m = format_take_apart(is_date ? us * LEAT__DAY_US : us);
		start = at = (char *)leat__expr_take(
			c->run, (uint64_t)format->len * FORMAT_CODE_BYTES);
		if (!at)
			return LEAT_ELIMIT;
		for (uint32_t f = 0; f < format->len; f++)
			if (format->text[f] == '%')
				at += format_print_code(
					&m, format->text[++f], at);
			else
				*at++ = format->text[f];
		c->run->arena_at -= (uint32_t)(format->len * FORMAT_CODE_BYTES -
			(size_t)(at - start));
		c->out->text[k] = (struct leat_text){
			(const uint8_t *)start, (uint32_t)(at - start)};
	}
	return LEAT_OK;
}

/* ---- read --------------------------------------------------------------- */

/* What a text has said so far; of what it has not, the first there is. */
struct format_read {
	struct leat_text x; /* still to be read */
	int64_t year;
	int32_t month, day, yearday;
	int32_t hour, minute, second, us;
	int32_t half; /* -1 = not said, 0 = AM, 1 = PM */
	int32_t zone_minutes;
};

/* At least one digit, at most n: the value, or -1. */
static int32_t
format_read_digits(struct leat_text *x, uint32_t n)
{
	int32_t value = 0;
	uint32_t k = 0;

	while (k < n && k < x->len && x->data[k] >= '0' && x->data[k] <= '9')
		value = value * 10 + (x->data[k++] - '0');
	x->data += k;
	x->len -= k;
	return k ? value : -1;
}

/* As digits, within limits. */
static bool
format_read_part(struct format_read *r, uint32_t n, int32_t least, int32_t most,
	int32_t *out)
{
	*out = format_read_digits(&r->x, n);
	return *out >= least && *out <= most;
}

/* One of a list of words, whole or its first three letters, in any case. */
static bool
format_read_word(struct format_read *r, const char *const *words, uint32_t n,
	bool is_short, int32_t *out)
{
	for (uint32_t w = 0; w < n; w++) {
		size_t len = is_short ? 3 : strlen(words[w]), k = 0;

		while (k < len && k < r->x.len &&
			(r->x.data[k] | 0x20) == (words[w][k] | 0x20))
			k++;
		if (k < len)
			continue;
		r->x.data += len;
		r->x.len -= (uint32_t)len;
		*out = (int32_t)w;
		return true;
	}
	return false;
}

static bool
format_read_byte(struct format_read *r, char byte)
{
	if (!r->x.len || r->x.data[0] != (uint8_t)byte)
		return false;
	r->x.data++;
	r->x.len--;
	return true;
}

static bool
format_read_year(struct format_read *r)
{
	bool is_minus = format_read_byte(r, '-');
	int32_t year;

	if (!format_read_part(r, 4, 0, LEAT__YEAR_MAX, &year))
		return false;
	r->year = is_minus ? -year : year;
	return true;
}

/* Two digits: 69 to 99 are of the last century, as in POSIX. */
static bool
format_read_short_year(struct format_read *r)
{
	int32_t year;

	if (!format_read_part(r, 2, 0, 99, &year))
		return false;
	r->year = year < 69 ? 2000 + year : 1900 + year;
	return true;
}

/* Z, +HHMM, -HH:MM */
static bool
format_read_zone(struct format_read *r)
{
	bool is_west = false;
	int32_t hours, minutes = 0;

	if (format_read_byte(r, 'Z'))
		return true;
	if (!format_read_byte(r, '+') && !(is_west = format_read_byte(r, '-')))
		return false;
	if (!format_read_part(r, 2, 0, 23, &hours))
		return false;
	format_read_byte(r, ':');
	if (r->x.len && r->x.data[0] >= '0' && r->x.data[0] <= '9' &&
		!format_read_part(r, 2, 0, 59, &minutes))
		return false;
	r->zone_minutes = (hours * 60 + minutes) * (is_west ? -1 : 1);
	return true;
}

/* Digits behind the point: as many as there are, up to six. */
static bool
format_read_fraction(struct format_read *r)
{
	uint32_t before = r->x.len;

	if (!format_read_part(r, 6, 0, 999999, &r->us))
		return false;
	for (uint32_t n = before - r->x.len; n < 6; n++)
		r->us *= 10;
	return true;
}

static bool format_read_code(struct format_read *r, char code);

static bool
format_read_time(struct format_read *r)
{
	return format_read_code(r, 'H') && format_read_byte(r, ':') &&
		format_read_code(r, 'M') && format_read_byte(r, ':') &&
		format_read_code(r, 'S');
}

static bool
format_read_date(struct format_read *r)
{
	return format_read_year(r) && format_read_byte(r, '-') &&
		format_read_code(r, 'm') && format_read_byte(r, '-') &&
		format_read_code(r, 'd');
}

static bool
format_read_name(struct format_read *r, char code)
{
	int32_t which;

	switch (code) {
	case 'B':
	case 'b':
		if (!format_read_word(
			    r, format_months, 12, code == 'b', &which))
			return false;
		r->month = which + 1;
		return true;
	case 'A':
	case 'a':
		return format_read_word(r, format_days, 7, code == 'a', &which);
	default: /* p */
		if (r->x.len < 2 || (r->x.data[1] | 0x20) != 'm' ||
			((r->x.data[0] | 0x20) != 'a' &&
				(r->x.data[0] | 0x20) != 'p'))
			return false;
		r->half = (r->x.data[0] | 0x20) == 'p';
		r->x.data += 2;
		r->x.len -= 2;
		return true;
	}
}

static bool
format_read_code(struct format_read *r, char code)
{
	int32_t ignored;

	switch (code) {
	case 'Y':
		return format_read_year(r);
	case 'y':
		return format_read_short_year(r);
	case 'm':
		return format_read_part(r, 2, 1, 12, &r->month);
	case 'd':
		return format_read_part(r, 2, 1, 31, &r->day);
	case 'j':
		return format_read_part(r, 3, 1, 366, &r->yearday);
	case 'H':
		return format_read_part(r, 2, 0, 23, &r->hour);
	case 'I':
		return format_read_part(r, 2, 1, 12, &r->hour);
	case 'M':
		return format_read_part(r, 2, 0, 59, &r->minute);
	case 'S':
		return format_read_part(r, 2, 0, 59, &r->second);
	case 'f':
		return format_read_fraction(r);
	case 'u':
		return format_read_part(r, 1, 1, 7, &ignored);
	case 'z':
		return format_read_zone(r);
	case 'F':
		return format_read_date(r);
	case 'T':
		return format_read_time(r);
	case '%':
		return format_read_byte(r, '%');
	default:
		return format_read_name(r, code);
	}
}

/* The moment that was said; false if the calendar has none. */
static bool
format_put_together(struct format_read *r, int64_t *us)
{
	int64_t days;

	if (r->half >= 0)
		r->hour = r->hour % 12 + 12 * r->half;
	if ((uint32_t)r->day >
		leat__date_month_days(r->year, (uint32_t)r->month))
		return false;
	days = leat__date_days(r->year, (uint32_t)r->month, (uint32_t)r->day);
	if (r->yearday) {
		days = leat__date_days(r->year, 1, 1) + r->yearday - 1;
		if (leat__date_of(days).year != r->year)
			return false;
	}
	*us = days * LEAT__DAY_US + r->hour * LEAT__HOUR_US +
		(r->minute - r->zone_minutes) * LEAT__MINUTE_US +
		r->second * LEAT__SECOND_US + r->us;
	return leat__timestamp_is_in_range(*us);
}

static bool
format_read(struct leat_text x, const struct expr_node *format, int64_t *us)
{
	struct format_read r = {
		.x = x, .year = 1970, .month = 1, .day = 1, .half = -1};

	for (uint32_t f = 0; f < format->len; f++) {
		bool is_read = format->text[f] == '%'
			? format_read_code(&r, format->text[++f])
			: format_read_byte(&r, format->text[f]);

		if (!is_read)
			return false;
	}
	return !r.x.len && format_put_together(&r, us);
}

int
leat__expr_strptime_call(const struct expr_call *c)
{
	const struct expr_node *format =
		leat__expr_child(c->run->expr, c->node, 1);

	for (uint32_t k = 0; k < c->n; k++) {
		int64_t us = 0;

		if (!c->out->has[k])
			continue;
		if (!format_read(c->arg[0]->text[k], format, &us))
			leat__expr_bad(
				c, k, "the text is no moment of this format");
		c->out->int64[k] = us;
	}
	return LEAT_OK;
}
