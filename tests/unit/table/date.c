/*
 * tests of table/date.c: every day there is, and nothing that is none.
 */
#include "table/date.h"
#include "support/test.h"

static struct leat_text
text_of(const char *s)
{
	return (struct leat_text){(const uint8_t *)s, (uint32_t)strlen(s)};
}

static const char *
printed_date(int64_t days)
{
	static char buf[32];

	buf[leat_text_print_date(days, buf)] = '\0';
	return buf;
}

static const char *
printed_timestamp(int64_t us)
{
	static char buf[40];

	buf[leat_text_print_timestamp(us, buf)] = '\0';
	return buf;
}

/* The day after, by the calendar's own rule. */
static void
next_day(struct leat__date *d)
{
	static const uint32_t lens[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint32_t len = lens[d->month - 1];

	if (d->month == 2 && d->year % 4 == 0 &&
		(d->year % 100 || d->year % 400 == 0))
		len++;
	if (++d->day <= len)
		return;
	d->day = 1;
	if (++d->month > 12) {
		d->month = 1;
		d->year++;
	}
}

START_TEST(every_day_of_twenty_thousand_years_is_the_one_after_the_last)
{
	struct leat__date want = {-9999, 1, 1};
	uint64_t n_wrong = 0;

	for (int64_t d = LEAT__DATE_DAYS_MIN; d <= LEAT__DATE_DAYS_MAX; d++) {
		struct leat__date got = leat__date_of(d);

		n_wrong += got.year != want.year || got.month != want.month ||
			got.day != want.day ||
			leat__date_days(want.year, want.month, want.day) != d;
		next_day(&want);
	}
	ck_assert_uint_eq(n_wrong, 0);
	ck_assert_int_eq(want.year, 10000);
	ck_assert_int_eq(leat__date_days(1970, 1, 1), 0);
}
END_TEST

START_TEST(days_print_and_read_back)
{
	for (int64_t d = LEAT__DATE_DAYS_MIN; d <= LEAT__DATE_DAYS_MAX;
		d += 7) {
		const char *text = printed_date(d);
		int64_t back = 0;

		if (leat_text_date(text_of(text), &back) || back != d)
			ck_abort_msg("%s", text);
	}
}
END_TEST

START_TEST(known_days_have_their_numbers)
{
	static const struct {
		const char *text;
		int64_t days;
	} cases[] = {{"1970-01-01", 0}, {"1969-12-31", -1},
		{"2000-02-29", 11016}, {"2024-02-29", 19782},
		{"2013-11-30", 16039}, {"1900-03-01", -25508},
		{"0001-01-01", -719162}, {"0000-12-31", -719163},
		{"9999-12-31", LEAT__DATE_DAYS_MAX},
		{"-9999-01-01", LEAT__DATE_DAYS_MIN}};
	int64_t days;

	for (size_t k = 0; k < leat__array_len(cases); k++) {
		ck_assert_int_eq(
			leat_text_date(text_of(cases[k].text), &days), 0);
		ck_assert_int_eq(days, cases[k].days);
		ck_assert_str_eq(printed_date(days), cases[k].text);
	}
}
END_TEST

START_TEST(what_is_no_date_is_refused)
{
	static const char *const bad[] = {"", "2024", "2024-01", "2024-1-1",
		"2024-01-1", "2024-00-10", "2024-13-10", "2024-01-00",
		"2024-01-32", "2023-02-29", "1900-02-29", "2024-04-31",
		"2024-01-01 ", " 2024-01-01", "2024/01/01", "20240101",
		"12024-01-01", "+2024-01-01", "-0000-01-01", "--2024-01-01",
		"2024-01-01T", "2024-01-01T00:00", "2024-aa-01", "today"};
	int64_t days = 7;

	for (size_t k = 0; k < leat__array_len(bad); k++)
		if (leat_text_date(text_of(bad[k]), &days) != LEAT_EDATA)
			ck_abort_msg("%s", bad[k]);
	ck_assert_int_eq(days, 7);
}
END_TEST

START_TEST(moments_become_utc)
{
	static const struct {
		const char *text, *utc;
	} cases[] = {{"2024-02-29", "2024-02-29T00:00:00Z"},
		{"2024-02-29 10:20", "2024-02-29T10:20:00Z"},
		{"2024-02-29T10:20:30", "2024-02-29T10:20:30Z"},
		{"2024-02-29T10:20:30Z", "2024-02-29T10:20:30Z"},
		{"2024-02-29T10:20Z", "2024-02-29T10:20:00Z"},
		{"2024-02-29T10:20:30.5", "2024-02-29T10:20:30.5Z"},
		{"2024-02-29T10:20:30.123456", "2024-02-29T10:20:30.123456Z"},
		{"2024-02-29T10:20:30.000001Z", "2024-02-29T10:20:30.000001Z"},
		{"2024-02-29T10:20:30.100000000", "2024-02-29T10:20:30.1Z"},
		{"2024-02-29T10:20:30+02", "2024-02-29T08:20:30Z"},
		{"2024-02-29T10:20:30+05:30", "2024-02-29T04:50:30Z"},
		{"2024-02-29T23:20:30-01:00", "2024-03-01T00:20:30Z"},
		{"2024-03-01T00:20:30.25+01:00", "2024-02-29T23:20:30.25Z"},
		{"1969-12-31T23:59:59.999999", "1969-12-31T23:59:59.999999Z"},
		{"-0001-01-01 00:00:00", "-0001-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
		{"-9999-01-01T00:00:00Z", "-9999-01-01T00:00:00Z"}};
	int64_t us, back;

	for (size_t k = 0; k < leat__array_len(cases); k++) {
		ck_assert_int_eq(
			leat_text_timestamp(text_of(cases[k].text), &us), 0);
		ck_assert_str_eq(printed_timestamp(us), cases[k].utc);
		ck_assert_int_eq(
			leat_text_timestamp(text_of(cases[k].utc), &back), 0);
		ck_assert_int_eq(us, back);
	}
	ck_assert_int_eq(
		leat_text_timestamp(text_of("1970-01-01T00:00:01"), &us), 0);
	ck_assert_int_eq(us, 1000000);
}
END_TEST

START_TEST(what_is_no_moment_is_refused)
{
	static const char *const bad[] = {"", "2024-02-30 10:00", "2024-02-29 ",
		"2024-02-29T", "2024-02-29T1:00", "2024-02-29T24:00",
		"2024-02-29T10:60", "2024-02-29T10:00:60", "2024-02-29T10",
		"2024-02-29T10:00:", "2024-02-29T10:00:1",
		"2024-02-29T10:00:00.", "2024-02-29T10:00:00,5",
		"2024-02-29t10:00", "2024-02-29T10:00z",
		"2024-02-29T10:00:00 Z", "2024-02-29T10:00:00+",
		"2024-02-29T10:00:00+1",
		"2024-02-29T10:00:00+01:", "2024-02-29T10:00:00+01:0",
		"2024-02-29T10:00:00+0100", "2024-02-29T10:00:00+24",
		"2024-02-29T10:00:00+01:60", "2024-02-29T10:00:00ZZ",
		"2024-02-29T10:00:00.0000001x", "2024-02-29Z"};
	static const char *const too_much[] = {"2024-02-29T10:00:00.0000001",
		"2024-02-29T10:00:00.1234567+01", "9999-12-31T23:59:59-01",
		"-9999-01-01T00:00:00+01"};
	int64_t us = 7;

	for (size_t k = 0; k < leat__array_len(bad); k++)
		if (leat_text_timestamp(text_of(bad[k]), &us) != LEAT_EDATA)
			ck_abort_msg("%s", bad[k]);
	for (size_t k = 0; k < leat__array_len(too_much); k++)
		if (leat_text_timestamp(text_of(too_much[k]), &us) !=
			LEAT_ELIMIT)
			ck_abort_msg("%s", too_much[k]);
	ck_assert_int_eq(us, 7);
}
END_TEST

START_TEST(any_number_of_days_or_microseconds_prints)
{
	ck_assert_str_eq(printed_date(LEAT__DATE_DAYS_MAX + 1), "10000-01-01");
	ck_assert_uint_le(strlen(printed_date(INT64_MAX)), 24);
	ck_assert_uint_le(strlen(printed_date(INT64_MIN)), 24);
	ck_assert_str_eq(
		printed_timestamp(INT64_MAX), "294247-01-10T04:00:54.775807Z");
	ck_assert_str_eq(
		printed_timestamp(INT64_MIN), "-290308-12-21T19:59:05.224192Z");
}
END_TEST

START_TEST(true_and_false_are_read_in_any_case)
{
	static const char *const bad[] = {
		"", "1", "t", "yes", "tru", "truee", "falsy", " true"};
	bool value = false;

	ck_assert_int_eq(leat_text_bool(text_of("true"), &value), 0);
	ck_assert(value);
	ck_assert_int_eq(leat_text_bool(text_of("FALSE"), &value), 0);
	ck_assert(!value);
	ck_assert_int_eq(leat_text_bool(text_of("True"), &value), 0);
	ck_assert(value);
	for (size_t k = 0; k < leat__array_len(bad); k++)
		ck_assert_int_eq(
			leat_text_bool(text_of(bad[k]), &value), LEAT_EDATA);
	ck_assert(value);
}
END_TEST

TEST_MAIN("table/date",
	every_day_of_twenty_thousand_years_is_the_one_after_the_last,
	days_print_and_read_back, known_days_have_their_numbers,
	what_is_no_date_is_refused, moments_become_utc,
	what_is_no_moment_is_refused, any_number_of_days_or_microseconds_prints,
	true_and_false_are_read_in_any_case)
