/*
 * table/date.c -- dates and timestamps from text and back, exactly.
 *
 * Keeps: what was printed reads back to the same value, for all years from
 * -9999 to 9999; what is no day of the calendar is refused. A timestamp is a
 * moment, so one with a zone becomes UTC, which one without is taken for.
 * Any thread; no state.
 * Source: Hinnant, chrono-Compatible Low-Level Date Algorithms, 2013.
 */
#include <string.h>

#include "table/date.h"

#define DATE_ERA_DAYS   146097 /* of 400 years */
#define DATE_EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

/* ---- the calendar ------------------------------------------------------- */

static bool
date_is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

uint32_t
leat__date_month_days(int64_t year, uint32_t month)
{
	static const uint8_t days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && date_is_leap(year) ? 1u : 0u);
}

/* Years begin in March, so that the leap day is the last. */
int64_t
leat__date_days(int64_t year, uint32_t month, uint32_t day)
{
	int64_t y = year - (month <= 2);
	int64_t era = leat__floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t month_of_year = (month + 9) % 12;
	int64_t day_of_year = (153 * month_of_year + 2) / 5 + day - 1;

	return era * DATE_ERA_DAYS + year_of_era * 365 + year_of_era / 4 -
		year_of_era / 100 + day_of_year - DATE_EPOCH_DAYS;
}

struct leat__date
leat__date_of(int64_t days)
{
	/* the epoch is added after the division: no overflow */
	int64_t era = leat__floor_div(days, DATE_ERA_DAYS);
	int64_t shifted =
		leat__floor_mod(days, DATE_ERA_DAYS) + DATE_EPOCH_DAYS;
	int64_t day_of_era = shifted % DATE_ERA_DAYS;
	int64_t year_of_era, day_of_year, month_of_year;
	struct leat__date date;

	era += shifted / DATE_ERA_DAYS;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
			      day_of_era / 146096) /
		365;
	day_of_year = day_of_era -
		(365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month_of_year = (5 * day_of_year + 2) / 153;
	date.day = (uint32_t)(day_of_year - (153 * month_of_year + 2) / 5 + 1);
	date.month = (uint32_t)(month_of_year < 10 ? month_of_year + 3
						   : month_of_year - 9);
	date.year = year_of_era + era * 400 + (date.month <= 2);
	return date;
}

/* ---- from text ---------------------------------------------------------- */

/* Exactly n digits at the front: their value, and they are taken; or -1. */
static int32_t
date_take(struct leat_text *x, uint32_t n)
{
	int32_t value = 0;

	if (x->len < n)
		return -1;
	for (uint32_t k = 0; k < n; k++) {
		uint8_t digit = (uint8_t)(x->data[k] - '0');

		if (digit > 9)
			return -1;
		value = value * 10 + digit;
	}
	x->data += n;
	x->len -= n;
	return value;
}

static bool
date_take_byte(struct leat_text *x, char byte)
{
	if (!x->len || x->data[0] != (uint8_t)byte)
		return false;
	x->data++;
	x->len--;
	return true;
}

/* [-]YYYY-MM-DD at the front. */
static int
date_take_date(struct leat_text *x, int64_t *days_out)
{
	bool is_minus = date_take_byte(x, '-');
	int32_t year = date_take(x, 4);
	int32_t month = date_take_byte(x, '-') ? date_take(x, 2) : -1;
	int32_t day = date_take_byte(x, '-') ? date_take(x, 2) : -1;

	if (year < 0 || (is_minus && !year) || month < 1 || month > 12 ||
		day < 1)
		return LEAT_EDATA;
	year = is_minus ? -year : year;
	if ((uint32_t)day > leat__date_month_days(year, (uint32_t)month))
		return LEAT_EDATA;
	*days_out = leat__date_days(year, (uint32_t)month, (uint32_t)day);
	return LEAT_OK;
}

int
leat_text_date(struct leat_text text, int64_t *days_out)
{
	int64_t days;

	LEAT_TRY(date_take_date(&text, &days));
	if (text.len)
		return LEAT_EDATA;
	*days_out = days;
	return LEAT_OK;
}

/* .ffffff; digits behind the sixth can only be zeros. */
static int
date_take_fraction(struct leat_text *x, int64_t *us)
{
	int64_t unit = LEAT__SECOND_US;
	int32_t digit;
	bool is_too_fine = false;
	uint32_t n = 0;

	for (; (digit = date_take(x, 1)) >= 0; n++) {
		unit /= 10;
		*us += digit * unit;
		is_too_fine |= !unit && digit;
	}
	if (!n)
		return LEAT_EDATA;
	return is_too_fine ? LEAT_ELIMIT : LEAT_OK;
}

/* HH:MM[:SS[.ffffff]] */
static int
date_take_time(struct leat_text *x, int64_t *us)
{
	int32_t hour = date_take(x, 2);
	int32_t minute = date_take_byte(x, ':') ? date_take(x, 2) : -1;
	int32_t second = 0;

	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return LEAT_EDATA;
	*us += hour * LEAT__HOUR_US + minute * LEAT__MINUTE_US;
	if (!date_take_byte(x, ':'))
		return LEAT_OK;
	second = date_take(x, 2);
	if (second < 0 || second > 59)
		return LEAT_EDATA;
	*us += second * LEAT__SECOND_US;
	return date_take_byte(x, '.') ? date_take_fraction(x, us) : LEAT_OK;
}

/* Z, +HH, -HH:MM: what is east of Greenwich is ahead of UTC. */
static int
date_take_zone(struct leat_text *x, int64_t *us)
{
	bool is_east = date_take_byte(x, '+');
	int32_t hours, minutes = 0;

	if (!is_east && date_take_byte(x, 'Z'))
		return LEAT_OK;
	if (!is_east && !date_take_byte(x, '-'))
		return LEAT_EDATA;
	hours = date_take(x, 2);
	if (date_take_byte(x, ':'))
		minutes = date_take(x, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return LEAT_EDATA;
	*us += (hours * LEAT__HOUR_US + minutes * LEAT__MINUTE_US) *
		(is_east ? -1 : 1);
	return LEAT_OK;
}

int
leat_text_timestamp(struct leat_text text, int64_t *us_out)
{
	int64_t days, us;
	int rc = LEAT_OK;

	LEAT_TRY(date_take_date(&text, &days));
	us = days * LEAT__DAY_US;
	if (date_take_byte(&text, ' ') || date_take_byte(&text, 'T')) {
		rc = date_take_time(&text, &us);
		if (rc != LEAT_EDATA && text.len &&
			date_take_zone(&text, &us) == LEAT_EDATA)
			rc = LEAT_EDATA;
	}
	if (text.len || rc == LEAT_EDATA)
		return LEAT_EDATA;
	if (rc || !leat__timestamp_is_in_range(us))
		return LEAT_ELIMIT;
	*us_out = us;
	return LEAT_OK;
}

int
leat_text_bool(struct leat_text text, bool *value_out)
{
	const char *word = text.len == 4 ? "true" : "false";

	if (text.len != 4 && text.len != 5)
		return LEAT_EDATA;
	for (uint32_t k = 0; k < text.len; k++)
		if ((text.data[k] | 0x20) != (uint8_t)word[k])
			return LEAT_EDATA;
	*value_out = text.len == 4;
	return LEAT_OK;
}

/* ---- to text ------------------------------------------------------------ */

static char *
date_put(char *at, uint32_t value, uint32_t n_digits)
{
	for (uint32_t k = n_digits; k; k--) {
		at[k - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + n_digits;
}

uint32_t
leat_text_print_date(int64_t days, char *buf)
{
	struct leat__date date = leat__date_of(days);
	uint64_t year = (uint64_t)(date.year < 0 ? -date.year : date.year);
	char *at = buf;

	if (date.year < 0)
		*at++ = '-';
	if (year > LEAT__YEAR_MAX)
		at += leat_text_print_int64((int64_t)year, at);
	else
		at = date_put(at, (uint32_t)year, 4);
	*at++ = '-';
	at = date_put(at, date.month, 2);
	*at++ = '-';
	at = date_put(at, date.day, 2);
	return (uint32_t)(at - buf);
}

uint32_t
leat_text_print_timestamp(int64_t us, char *buf)
{
	int64_t days = leat__floor_div(us, LEAT__DAY_US);
	uint64_t rest = (uint64_t)leat__floor_mod(us, LEAT__DAY_US);
	uint32_t fraction = (uint32_t)(rest % 1000000);
	uint32_t seconds = (uint32_t)(rest / 1000000);
	char *at = buf + leat_text_print_date(days, buf);

	*at++ = 'T';
	at = date_put(at, seconds / 3600, 2);
	*at++ = ':';
	at = date_put(at, seconds / 60 % 60, 2);
	*at++ = ':';
	at = date_put(at, seconds % 60, 2);
	if (fraction) {
		*at++ = '.';
		at = date_put(at, fraction, 6);
		while (at[-1] == '0')
			at--;
	}
	*at++ = 'Z';
	return (uint32_t)(at - buf);
}
