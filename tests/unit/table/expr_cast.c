/*
 * tests of table/expr_cast.c: what fits, rounded; else a fault.
 */
#include "unit/table/values.h"

#define FIT "the value does not fit the type"

START_TEST(texts_are_read)
{
	static const struct values_case cases[] = {
		{"m::float64", "float64 -12.5"},
		{"cast(' 7 ' as int64)", "int64 7"},
		{"'1e2'::float64", "float64 100"},
		{"'1.50'::decimal(1)", "decimal 1.5"},
		{"'TRUE'::bool", "bool true"},
		{"'2024-01-31'::date", "date 2024-01-31"},
		{"'2024-01-31 10:00+01'::timestamp",
			"timestamp 2024-01-31T09:00:00Z"},
		{"upper('abc')::string", "string ABC"},
		{"concat('1', '2')::int64", "int64 12"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(a_text_that_is_none_of_the_type_is_a_fault)
{
	static const struct values_case cases[] = {
		{"w::int64",
			"bad column 'w' has 'one two  three', where a whole "
			"number (int64) is wanted"},
		{"w::float64",
			"bad column 'w' has 'one two  three', where a "
			"number is wanted"},
		{"w::date",
			"bad column 'w' has 'one two  three', where a date "
			"(YYYY-MM-DD) is wanted"},
		{"w::timestamp",
			"bad column 'w' has 'one two  three', where a "
			"timestamp (YYYY-MM-DD HH:MM:SS) is wanted"},
		{"w::bool",
			"bad column 'w' has 'one two  three', where true "
			"or false is wanted"},
		{"w::decimal(0)",
			"bad column 'w' has 'one two  three', where a decimal "
			"of at most 38 digits is wanted"},
		{"'x'::decimal(0)",
			"bad ''x'::decimal(0)' has a text, where a decimal of "
			"at most 38 digits is wanted"},
		{"upper(w)::int64",
			"bad 'upper(w)::int64' has a text, where a "
			"whole number (int64) is wanted"},
		{"try_cast(w as int64)", "int64 null"},
		{"try_cast('x' as date)", "date null"},
		{"try_cast(m as float64)", "float64 -12.5"},
		{"try_cast(300 as bool)", "bool true"},
		{"try_cast(1e300 as int64)", "int64 null"},
		{"'x'::int64",
			"bad ''x'::int64' has a text, where a whole number "
			"(int64) is wanted"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(numbers_are_rounded_to_what_they_become)
{
	static const struct values_case cases[] = {
		{"x::int64", "int64 3"},
		{"m::int64", "int64 -13"},
		{"'1e2'::int64", "int64 100"},
		{"'2.5'::int64", "int64 3"},
		{"upper('1.5')::int64", "int64 2"},
		{"(y + 0.5)::int64", "int64 6"},
		{"y::decimal(1)", "decimal 5.0"},
		{"y::float64", "float64 5"},
		{"(-2.5)::int64", "int64 -3"},
		{"2.4::int64", "int64 2"},
		{"c::int64", "int64 2"},
		{"c::decimal(1)", "decimal 1.5"},
		{"c::decimal(0)", "decimal 2"},
		{"c::decimal(4)", "decimal 1.5000"},
		{"c::float64", "float64 1.5"},
		{"a::float64", "float64 7"},
		{"a::decimal(2)", "decimal 7.00"},
		{"x::decimal(0)", "decimal 3"},
		{"m::decimal(0)", "decimal -13"},
		{"'1.25'::decimal(1)", "decimal 1.3"},
		{"'1e-38'::decimal(1)", "decimal 0.0"},
		{"1e-300::decimal(2)", "decimal 0.00"},
		{"(1/3.0)::decimal(10)", "decimal 0.3333333333"},
		{"(2/3.0)::decimal(2)", "decimal 0.67"},
		{"(0.1+0.2)::decimal(17)", "decimal 0.30000000000000004"},
		{"1.2345678901234567e-25::decimal(30)",
			"decimal 0.000000000000000000000000123457"},
		{"a::bool", "bool true"},
		{"0::bool", "bool false"},
		{"0.5::bool", "bool true"},
		{"c::bool", "bool true"},
		{"ok::int64", "int64 1"},
		{"ok::float64", "float64 1"},
		{"ok::decimal(1)", "decimal 1.0"},
		{"n::float64", "float64 null"},
		{"null::date", "date null"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(what_does_not_fit_is_a_fault)
{
	static const struct values_case cases[] = {
		{"9223372036854775808::int64",
			"bad '9223372036854775808::int64': " FIT},
		{"9223372036854774784.0::int64", "int64 9223372036854774784"},
		{"(-9223372036854775808.0)::int64",
			"int64 -9223372036854775808"},
		{"1e300::decimal(0)", "bad '1e300::decimal(0)': " FIT},
		{"a::decimal(38)",
			"bad column 'a' has '7', where a decimal of at most 38 "
			"digits is wanted"},
		{"c::decimal(38)",
			"bad column 'c' has '1.50', where a decimal of at most "
			"38 digits is wanted"},
		{"1e20::decimal(0)::int64",
			"bad '1e20::decimal(0)::int64': " FIT},
		{"1e37::decimal(0)",
			"decimal 10000000000000000000000000000000000000"},
		{"'9223372036854775807.5'::int64",
			"bad ''9223372036854775807.5'::int64' has a text, "
			"where a whole number (int64) is wanted"},
		{"'99999999999999999999'::int64",
			"bad ''99999999999999999999'::int64' has a text, where "
			"a whole number (int64) is wanted"},
		{"1e38::decimal(0)", "bad '1e38::decimal(0)': " FIT},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(days_become_moments_and_back)
{
	static const struct values_case cases[] = {
		{"d::timestamp", "timestamp 2024-02-29T00:00:00Z"},
		{"t::date", "date 2024-02-29"},
		{"timestamp '1969-12-31 23:59'::date", "date 1969-12-31"},
		{"d::string", "string 2024-02-29"},
		{"(t::date)::string", "string 2024-02-29"},
		{"(t::string)::date", "date 2024-02-29"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(values_are_printed_as_they_stand)
{
	static const struct values_case cases[] = {
		{"c::string", "string 1.50"},
		{"t::string", "string 2024-02-29T10:20:30Z"},
		{"x::string", "string 2.5"},
		{"(x * 2)::string", "string 5"},
		{"ok::string", "string true"},
		{"y::string", "string 5"},
		{"true::string", "string true"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(types_that_never_become_each_other_are_refused)
{
	static const struct values_case cases[] = {
		{"d::int64", "0+8 date cannot become int64"},
		{"a::date", "0+7 int64 cannot become date"},
		{"t::bool", "0+7 timestamp cannot become bool"},
		{"ok::date", "0+8 bool cannot become date"},
		{"s::binary", "0+9 string cannot become binary"},
		{"a::int",
			"3+3 no type 'int'; did you mean 'int64'?; there are: "
			"string, int64, "
			"float64, bool, decimal(digits), date, timestamp, "
			"binary"},
	};

	VALUES_ARE(cases);
}
END_TEST

TEST_MAIN("table/expr_cast", texts_are_read,
	a_text_that_is_none_of_the_type_is_a_fault,
	numbers_are_rounded_to_what_they_become, what_does_not_fit_is_a_fault,
	days_become_moments_and_back, values_are_printed_as_they_stand,
	types_that_never_become_each_other_are_refused)
