/*
 * tests of table/expr_arith.c: exact, or a fault.
 */
#include "unit/table/values.h"

#define MANY                                                                   \
	"the result does not fit int64; float64 is larger, as in a::float64"
#define LARGE   "the result does not fit float64"
#define DIGITS  "the result has over 38 digits"
#define ZERO    "division by zero; nullif(b, 0) makes it null"
#define NO_DATE "the result is no date of the years -9999 to 9999"

START_TEST(integers_are_added_and_multiplied)
{
	static const struct values_case cases[] = {
		{"a + b", "int64 9"},
		{"a - b", "int64 5"},
		{"a * b", "int64 14"},
		{"a / b", "int64 3"},
		{"a % b", "int64 1"},
		{"mod(a, b)", "int64 1"},
		{"-a / b", "int64 -3"},
		{"-a % b", "int64 -1"},
		{"a / -b", "int64 -3"},
		{"-a", "int64 -7"},
		{"- - a", "int64 7"},
		{"+a", "int64 7"},
		{"y + 1", "int64 6"},
		{"1 + 2 * 3", "int64 7"},
		{"(1 + 2) * 3", "int64 9"},
		{"10 - 3 - 2", "int64 5"},
		{"100 / 10 / 2", "int64 5"},
		{"2*-3", "int64 -6"},
		{"7-2", "int64 5"},
		{"a-2", "int64 5"},
		{"-9223372036854775808", "int64 -9223372036854775808"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(what_is_null_makes_null)
{
	static const struct values_case cases[] = {
		{"a + n", "int64 null"},
		{"n / 0", "int64 null"},
		{"-n", "int64 null"},
		{"null + 1", "int64 null"},
		{"null + null", "string null"},
		{"x * null", "float64 null"},
		{"d + null", "date null"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(overflow_is_a_fault)
{
	static const struct values_case cases[] = {
		{"9223372036854775807 + 1",
			"bad '9223372036854775807 + 1': " MANY},
		{"-9223372036854775807 - 2",
			"bad '-9223372036854775807 - 2': " MANY},
		{"4611686018427387904 * 2",
			"bad '4611686018427387904 * 2': " MANY},
		{"-9223372036854775808 / -1",
			"bad '-9223372036854775808 / -1': " MANY},
		{"-9223372036854775808 % -1", "int64 0"},
		{"- (-9223372036854775807 - 1)",
			"bad '- (-9223372036854775807 - 1)': " MANY},
		{"1e308 * 10", "bad '1e308 * 10': " LARGE},
		{"1e308 + 1e308", "bad '1e308 + 1e308': " LARGE},
		{"-1e308 - 1e308", "bad '-1e308 - 1e308': " LARGE},
		{"1e308 / 0.1", "bad '1e308 / 0.1': " LARGE},
		{"c + 99999999999999999999999999999999999999::decimal(0)",
			"bad '99999999999999999999999999999999999999::decimal"
			"(0)': the value does not fit the type"},
		{"'99999999999999999999999999999999999.00'::decimal(2) * 1000",
			"bad ''99999999999999999999999999999999999.00'::"
			"decimal(2) * 1000': " DIGITS},
	};

	VALUES_BEGIN(cases);
}
END_TEST

START_TEST(division_by_zero_is_a_fault)
{
	static const struct values_case cases[] = {
		{"a / 0", "bad 'a / 0': " ZERO},
		{"a % 0", "bad 'a % 0': " ZERO},
		{"x / 0", "bad 'x / 0': " ZERO},
		{"x / 0.0", "bad 'x / 0.0': " ZERO},
		{"x % 0", "bad 'x % 0': " ZERO},
		{"c / 0", "bad 'c / 0': " ZERO},
		{"c % 0", "bad 'c % 0': " ZERO},
		{"a / nullif(0, 0)", "int64 null"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(fractions_are_float64)
{
	static const struct values_case cases[] = {
		{"a / 2.0", "float64 3.5"},
		{"a * 1.5", "float64 10.5"},
		{"x + a", "float64 9.5"},
		{"x % 2", "float64 0.5"},
		{"-x", "float64 -2.5"},
		{"0.1 + 0.2", "float64 0.30000000000000004"},
		{"1e3 + 1", "float64 1001"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(decimals_are_exact)
{
	static const struct values_case cases[] = {
		{"c + 1", "decimal 2.50"},
		{"c + 0.125", "decimal 1.625"},
		{"c - 2", "decimal -0.50"},
		{"c * 1.1", "decimal 1.650"},
		{"c * c", "decimal 2.2500"},
		{"c * a", "decimal 10.50"},
		{"-c", "decimal -1.50"},
		{"c / 4", "decimal 0.375000"},
		{"c / 7", "decimal 0.214286"},
		{"-c / 7", "decimal -0.214286"},
		{"c / -7", "decimal -0.214286"},
		{"1 / c", "decimal 0.666667"},
		{"c % 1", "decimal 0.50"},
		{"c * x", "float64 3.75"},
		{"c * 1e0", "decimal 1.50"},
		{"0.1::decimal(1) + 0.2::decimal(1)", "decimal 0.3"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(dates_count_days)
{
	static const struct values_case cases[] = {
		{"d + 1", "date 2024-03-01"},
		{"1 + d", "date 2024-03-01"},
		{"d - 29", "date 2024-01-31"},
		{"d - date '2023-03-01'", "int64 365"},
		{"date '9999-12-31' + 1",
			"bad 'date '9999-12-31' + 1': " NO_DATE},
		{"date '-9999-01-01' - 1",
			"bad 'date '-9999-01-01' - 1': " NO_DATE},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
	static const struct values_case cases[] = {
		{"a + s",
			"4+1 '+' wants numbers, not string; a cast makes "
			"one: x::int64, x::float64, x::decimal(2)"},
		{"s * 2", "0+1 '*' wants numbers, not string"},
		{"a + '5'", "4+3 '+' wants numbers, not a text"},
		{"-s", "1+1 '-' wants numbers, not string"},
		{"mod(s, 2)", "4+1 'mod' wants numbers, not string"},
		{"ok + 1", "0+2 '+' wants numbers, not bool"},
		{"d * 2", "0+1 '*' wants numbers, not date"},
		{"d + d", "0+1 '+' wants numbers, not date"},
		{"1 - d", "4+1 '-' wants numbers, not date"},
		{"t - 1",
			"0+1 '-' wants numbers, not timestamp; see date_add "
			"and date_diff"},
		{"c::decimal(20) * c::decimal(20)",
			"0+31 the product has 40 digits behind the point"},
	};

	VALUES_BEGIN(cases);
}
END_TEST

TEST_MAIN("table/expr_arith", integers_are_added_and_multiplied,
	what_is_null_makes_null, overflow_is_a_fault,
	division_by_zero_is_a_fault, fractions_are_float64, decimals_are_exact,
	dates_count_days, what_is_no_number_is_refused)
