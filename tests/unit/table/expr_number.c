/*
 * tests of table/expr_number.c
 */
#include "unit/table/values.h"

START_TEST(numbers_are_rounded_half_away_from_zero)
{
	static const struct values_case cases[] = {
		{"round(2.5)", "float64 3"},
		{"round(-2.5)", "float64 -3"},
		{"round(2.4)", "float64 2"},
		{"round(1.25, 1)", "float64 1.3"},
		{"round(1234.5, -2)", "float64 1200"},
		{"round(x, 400)", "float64 2.5"},
		{"round(x, -400)", "float64 0"},
		{"round(1e300, 3)", "float64 1e+300"},
		{"round(a)", "int64 7"},
		{"round(a, 2)", "int64 7"},
		{"round(1250, -2)", "int64 1300"},
		{"round(-1250, -2)", "int64 -1300"},
		{"round(1249, -2)", "int64 1200"},
		{"round(5, -40)", "int64 0"},
		{"round(9223372036854775807, -1)",
			"bad 'round(9223372036854775807, -1)': the result does "
			"not fit"},
		{"round(c)", "decimal 2"},
		{"round(c, 1)", "decimal 1.5"},
		{"round(c, 9)", "decimal 1.50"},
		{"round(-c)", "decimal -2"},
		{"round(155.55::decimal(2), -1)", "decimal 160"},
		{"round(c, a)",
			"9+1 the digits that a decimal is rounded to have to "
			"be written out, as in round(x, 2)"},
		{"round(n)", "int64 null"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(floor_goes_down_and_ceil_up)
{
	static const struct values_case cases[] = {
		{"floor(2.5)", "float64 2"},
		{"floor(-2.5)", "float64 -3"},
		{"ceil(2.5)", "float64 3"},
		{"ceil(-2.5)", "float64 -2"},
		{"floor(c)", "decimal 1"},
		{"floor(-c)", "decimal -2"},
		{"ceil(c)", "decimal 2"},
		{"ceil(-c)", "decimal -1"},
		{"ceil(2.00::decimal(2))", "decimal 2"},
		{"floor(a)", "int64 7"},
		{"ceil(a)", "int64 7"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(numbers_have_a_size_and_a_sign)
{
	static const struct values_case cases[] = {
		{"abs(-7)", "int64 7"},
		{"abs(-2.5)", "float64 2.5"},
		{"abs(-c)", "decimal 1.50"},
		{"abs(-9223372036854775808)",
			"bad 'abs(-9223372036854775808)': the result does not "
			"fit"},
		{"sign(-7)", "int64 -1"},
		{"sign(0)", "int64 0"},
		{"sign(x)", "int64 1"},
		{"sign(-c)", "int64 -1"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(functions_of_float64_take_integers)
{
	static const struct values_case cases[] = {
		{"sqrt(9)", "float64 3"},
		{"sqrt(6.25)", "float64 2.5"},
		{"sqrt(2.25::decimal(2))", "float64 1.5"},
		{"pow(2, 10)", "float64 1024"},
		{"pow(4, 0.5)", "float64 2"},
		{"exp(0)", "float64 1"},
		{"ln(1)", "float64 0"},
		{"log10(1000)", "float64 3"},
		{"SQRT(9)", "float64 3"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(what_has_no_result_is_a_fault)
{
	static const struct values_case cases[] = {
		{"sqrt(-1)",
			"bad 'sqrt(-1)': there is none of a number below "
			"zero"},
		{"ln(0)",
			"bad 'ln(0)': there is one of numbers above zero "
			"only"},
		{"log10(-1)",
			"bad 'log10(-1)': there is one of numbers above "
			"zero only"},
		{"exp(1000)", "bad 'exp(1000)': the result does not fit"},
		{"pow(10, 400)", "bad 'pow(10, 400)': the result does not fit"},
		{"pow(-8, 0.5)", "bad 'pow(-8, 0.5)': the result does not fit"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(greatest_and_least_leave_nulls_out)
{
	static const struct values_case cases[] = {
		{"greatest(1, 3, 2)", "int64 3"},
		{"least(1, 3, 2)", "int64 1"},
		{"greatest(a, x)", "float64 7"},
		{"least(a, c)", "decimal 1.50"},
		{"greatest(n, 1)", "int64 1"},
		{"least(n, null)", "int64 null"},
		{"greatest('a', 'b')", "string b"},
		{"least(d, date '2020-01-01')", "date 2020-01-01"},
		{"greatest(d, t)", "timestamp 2024-02-29T10:20:30Z"},
		{"greatest(true, false)", "bool true"},
		{"greatest(a)", "int64 7"},
		{"greatest(a, s)", "0+14 int64 and string cannot be compared"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(nullif_is_null_where_both_are_equal)
{
	static const struct values_case cases[] = {
		{"nullif(a, 7)", "int64 null"},
		{"nullif(a, 8)", "int64 7"},
		{"nullif(s, 'x')",
			"string \xc3\x86r\xc3\xb8sk\xc3\xb8"
			"b"},
		{"nullif(m, ' -12.5 ')", "string null"},
		{"nullif(a, n)", "int64 7"},
		{"nullif(n, 1)", "int64 null"},
		{"nullif(c, 1.5)", "decimal null"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(arguments_have_types_and_numbers)
{
	static const struct values_case cases[] = {
		{"abs(s)",
			"4+1 abs() wants float64 here, not string; a cast "
			"makes one: s::float64"},
		{"sqrt('x')",
			"5+3 sqrt() wants a number here, which 'x' is "
			"not"},
		{"sqrt('9')", "float64 3"},
		{"round(a, 1.5)",
			"9+3 round() wants int64 here, not a number; "
			"a cast makes one: 1.5::int64"},
		{"abs(1, 2)", "0+9 abs() has other arguments: abs(x)"},
		{"pow(1)", "0+6 pow() has other arguments: pow(x, y)"},
		{"round(1, 2, 3)",
			"0+14 round() has other arguments: round(x[, "
			"digits])"},
		{"rond(1)",
			"0+4 no function 'rond'; did you mean 'round'?; "
			"leat help expressions lists them"},
		{"xyzzy(1)",
			"0+5 no function 'xyzzy'; leat help expressions "
			"lists them"},
		{"neg(1)",
			"0+3 no function 'neg'; leat help expressions "
			"lists them"},
		{"like(s, 'x')",
			"0+4 a column, a number, a 'text' or a "
			"function is wanted here, not 'like' (a column of that "
			"name stands in `quotes`)"},
	};

	VALUES_ARE(cases);
}
END_TEST

TEST_MAIN("table/expr_number", numbers_are_rounded_half_away_from_zero,
	floor_goes_down_and_ceil_up, numbers_have_a_size_and_a_sign,
	functions_of_float64_take_integers, what_has_no_result_is_a_fault,
	greatest_and_least_leave_nulls_out, nullif_is_null_where_both_are_equal,
	arguments_have_types_and_numbers)
