/*
 * table/date.h -- days and microseconds since 1970 against the calendar.
 *
 * The proleptic Gregorian calendar with a year 0; no leap seconds.
 */
#ifndef LEAT_SRC_TABLE_DATE_H
#define LEAT_SRC_TABLE_DATE_H

#include "table/table.h"

#define LEAT__DAY_US    INT64_C(86400000000)
#define LEAT__HOUR_US   INT64_C(3600000000)
#define LEAT__MINUTE_US INT64_C(60000000)
#define LEAT__SECOND_US INT64_C(1000000)

#define LEAT__YEAR_MAX      9999
#define LEAT__DATE_DAYS_MIN INT64_C(-4371587) /* -9999-01-01 */
#define LEAT__DATE_DAYS_MAX INT64_C(2932896)  /* 9999-12-31 */

struct leat__date {
	int64_t year;
	uint32_t month; /* from 1 */
	uint32_t day;   /* from 1 */
};

/* Any number of days; any year to days that a date may have. */
struct leat__date leat__date_of(int64_t days);
int64_t leat__date_days(int64_t year, uint32_t month, uint32_t day);
uint32_t leat__date_month_days(int64_t year, uint32_t month);

static inline bool
leat__date_is_in_range(int64_t days)
{
	return days >= LEAT__DATE_DAYS_MIN && days <= LEAT__DATE_DAYS_MAX;
}

static inline bool
leat__timestamp_is_in_range(int64_t us)
{
	return us >= LEAT__DATE_DAYS_MIN * LEAT__DAY_US &&
		us < (LEAT__DATE_DAYS_MAX + 1) * LEAT__DAY_US;
}

/* Division that rounds down; b > 0. */
static inline int64_t
leat__floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* What it leaves: 0 to b - 1. */
static inline int64_t
leat__floor_mod(int64_t a, int64_t b)
{
	return a % b + (a % b < 0 ? b : 0);
}

#endif
