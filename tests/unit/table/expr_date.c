/*
 * tests of table/expr_date.c
 */
#include "unit/table/values.h"

START_TEST(parts_of_a_moment)
{
	static const struct values_case cases[] = {
		{"year(d)", "int64 2024"},
		{"month(d)", "int64 2"},
		{"day(d)", "int64 29"},
		{"hour(d)", "int64 0"},
		{"hour(t)", "int64 10"},
		{"minute(t)", "int64 20"},
		{"second(t)", "int64 30"},
		{"weekday(d)", "int64 4"},
		{"weekday(date '2024-03-03')", "int64 7"},
		{"weekday(date '1969-12-29')", "int64 1"},
		{"year('2020-05-06')", "int64 2020"},
		{"hour('2020-05-06 07:08')", "int64 7"},
		{"date_part('year', t)", "int64 2024"},
		{"date_part('quarter', date '2024-12-31')", "int64 4"},
		{"date_part('week', date '2024-12-30')", "int64 1"},
		{"date_part('week', date '2021-01-03')", "int64 53"},
		{"date_part('week', date '2020-01-01')", "int64 1"},
		{"date_part('yearday', d)", "int64 60"},
		{"date_part('weekday', d)", "int64 4"},
		{"date_part('epoch', timestamp '1970-01-02 00:00:01')",
			"int64 86401"},
		{"date_part('epoch', timestamp '1969-12-31 23:59:59.5')",
			"int64 -1"},
		{"date_part('second', timestamp '2024-01-01 00:00:59.5')",
			"int64 59"},
		{"date_part('millisecond', timestamp '2024-01-01 "
		 "00:01:59.25')",
			"int64 59250"},
		{"date_part('microsecond', timestamp '2024-01-01 "
		 "00:01:59.25')",
			"int64 59250000"},
		{"year(date '-0001-01-01')", "int64 -1"},
		{"year(null)", "int64 null"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(moments_are_cut_to_a_unit)
{
	static const struct values_case cases[] = {
		{"date_trunc('month', d)", "date 2024-02-01"},
		{"date_trunc('month', t)", "timestamp 2024-02-01T00:00:00Z"},
		{"date_trunc('year', d)", "date 2024-01-01"},
		{"date_trunc('quarter', date '2024-06-30')", "date 2024-04-01"},
		{"date_trunc('week', d)", "date 2024-02-26"},
		{"date_trunc('week', date '2024-02-26')", "date 2024-02-26"},
		{"date_trunc('week', date '1969-12-31')", "date 1969-12-29"},
		{"date_trunc('day', t)", "timestamp 2024-02-29T00:00:00Z"},
		{"date_trunc('hour', t)", "timestamp 2024-02-29T10:00:00Z"},
		{"date_trunc('minute', t)", "timestamp 2024-02-29T10:20:00Z"},
		{"date_trunc('hour', timestamp '1969-12-31 23:59:59')",
			"timestamp 1969-12-31T23:00:00Z"},
		{"date_trunc('hour', d)", "date 2024-02-29"},
		{"date_trunc('week', date '-9999-01-01')", "date -9999-01-01"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(differences_count_the_borders_between)
{
	static const struct values_case cases[] = {
		{"date_diff('day', date '2024-02-28', date '2024-03-01')",
			"int64 2"},
		{"date_diff('month', date '2024-01-31', date '2024-02-01')",
			"int64 1"},
		{"date_diff('year', date '2024-12-31', date '2025-01-01')",
			"int64 1"},
		{"date_diff('quarter', date '2023-12-31', d)", "int64 1"},
		{"date_diff('week', date '2024-02-25', date '2024-02-26')",
			"int64 1"},
		{"date_diff('hour', d, t)", "int64 10"},
		{"date_diff('second', t, d)", "int64 -37230"},
		{"date_diff('day', date '1969-12-31', date '1970-01-01')",
			"int64 1"},
		{"date_diff('day', '2024-01-01', d)", "int64 59"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(units_are_added)
{
	static const struct values_case cases[] = {
		{"date_add('day', 1, d)", "date 2024-03-01"},
		{"date_add('week', -1, d)", "date 2024-02-22"},
		{"date_add('month', 1, date '2024-01-31')", "date 2024-02-29"},
		{"date_add('month', 1, date '2023-01-31')", "date 2023-02-28"},
		{"date_add('month', -1, date '2024-01-15')", "date 2023-12-15"},
		{"date_add('year', 1, d)", "date 2025-02-28"},
		{"date_add('quarter', 2, d)", "date 2024-08-29"},
		{"date_add('hour', 14, t)", "timestamp 2024-03-01T00:20:30Z"},
		{"date_add('month', 1, t)", "timestamp 2024-03-29T10:20:30Z"},
		{"date_add('microsecond', 1, t)",
			"timestamp 2024-02-29T10:20:30.000001Z"},
		{"date_add('year', 8000, d)",
			"bad 'date_add('year', 8000, d)': the result is no "
			"date of the years -9999 to 9999"},
		{"date_add('day', 9223372036854775807, d)",
			"bad 'date_add('day', 9223372036854775807, d)': the "
			"result is no date of the years -9999 to 9999"},
		{"date_add('month', -9223372036854775808, d)",
			"bad 'date_add('month', -9223372036854775808, d)': the "
			"result is no date of the years -9999 to 9999"},
		{"date_add('hour', 1, d)",
			"20+1 a date has no time that a hour can be added to; "
			"a cast makes it a timestamp: x::timestamp"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(units_and_dates_are_checked_before_the_start)
{
	static const struct values_case cases[] = {
		{"date_trunc('mont', d)",
			"11+6 date_trunc() knows no 'mont'; there are 'year', "
			"'quarter', 'month', 'week', 'day', 'hour', 'minute', "
			"'second', 'millisecond', 'microsecond'"},
		{"date_trunc('epoch', d)", "11+7 date_trunc() knows no"},
		{"date_part('x', d)", "10+3 date_part() knows no 'x'"},
		{"date_part(s, d)",
			"10+1 date_part() wants a 'text' here that "
			"is written out"},
		{"year(s)",
			"5+1 year() wants a date or a timestamp here, not "
			"string; a cast makes one: x::timestamp"},
		{"year('x')", "5+3 year() wants a date or a timestamp here"},
		{"year(a)", "5+1 year() wants a date or a timestamp here"},
	};

	VALUES_BEGIN(cases);
}
END_TEST

TEST_MAIN("table/expr_date", parts_of_a_moment, moments_are_cut_to_a_unit,
	differences_count_the_borders_between, units_are_added,
	units_and_dates_are_checked_before_the_start)
