/*
 * tests of table/expr_format.c
 */
#include "unit/table/values.h"

START_TEST(moments_are_printed_by_a_format)
{
	static const struct values_case cases[] = {
		{"strftime(t, '%Y-%m-%d %H:%M:%S')",
			"string 2024-02-29 10:20:30"},
		{"strftime(t, '%FT%T.%f%z')",
			"string 2024-02-29T10:20:30.000000+0000"},
		{"strftime(d, '%A, %d %B %Y')",
			"string Thursday, 29 February 2024"},
		{"strftime(d, '%a %d %b %y')", "string Thu 29 Feb 24"},
		{"strftime(t, '%I:%M %p')", "string 10:20 AM"},
		{"strftime('2024-01-01 00:05', '%I %p')", "string 12 AM"},
		{"strftime('2024-01-01 12:05', '%I %p')", "string 12 PM"},
		{"strftime(d, '%j %u %%')", "string 060 4 %"},
		{"strftime(date '-0044-03-15', '%Y')", "string -0044"},
		{"strftime(d, '')", "string "},
		{"strftime(null, '%Y')", "string null"},
	};

	VALUES_ARE(cases);
}
END_TEST

#define T "timestamp 2024-02-29T10:20:30"

START_TEST(moments_are_read_by_a_format)
{
	static const struct values_case cases[] = {
		{"strptime('29/02/2024 10:20:30', '%d/%m/%Y %H:%M:%S')", T "Z"},
		{"strptime('2024-02-29T10:20:30.25', '%FT%T.%f')", T ".25Z"},
		{"strptime('Feb 29, 2024 10:20:30 am', '%b %d, %Y %I:%M:%S "
		 "%p')",
			T "Z"},
		{"strptime('february 29 24', '%B %d %y')",
			"timestamp 2024-02-29T00:00:00Z"},
		{"strptime('1 1 70', '%d %m %y')",
			"timestamp 1970-01-01T00:00:00Z"},
		{"strptime('12 PM', '%I %p')",
			"timestamp 1970-01-01T12:00:00Z"},
		{"strptime('12 AM', '%I %p')",
			"timestamp 1970-01-01T00:00:00Z"},
		{"strptime('2024 060', '%Y %j')",
			"timestamp 2024-02-29T00:00:00Z"},
		{"strptime('2024-02-29 10:20:30 +0200', '%F %T %z')",
			"timestamp 2024-02-29T08:20:30Z"},
		{"strptime('2024-02-29 10:20:30-01:30', '%F %T%z')",
			"timestamp 2024-02-29T11:50:30Z"},
		{"strptime('2024-02-29Z', '%F%z')",
			"timestamp 2024-02-29T00:00:00Z"},
		{"strptime('Thursday 29 2 2024 4 %', '%A %d %m %Y %u %%')",
			"timestamp 2024-02-29T00:00:00Z"},
		{"strptime('-0044-03-15', '%F')",
			"timestamp -0044-03-15T00:00:00Z"},
		{"strptime('2024-02-29', '%F')::date", "date 2024-02-29"},
		{"strptime(null, '%F')", "timestamp null"},
	};

	VALUES_ARE(cases);
}
END_TEST

#define NONE(text, format)                                                     \
	{                                                                      \
		"strptime('" text "', '" format "')",                          \
			"bad 'strptime('" text "', '" format                   \
			"')': the text is no moment of this format"            \
	}

START_TEST(a_text_of_another_format_is_a_fault)
{
	static const struct values_case cases[] = {
		NONE("2023-02-29", "%F"),
		NONE("2024-02-29x", "%F"),
		NONE("2024-02", "%F"),
		NONE("", "%F"),
		NONE("x", "%Y"),
		NONE("13", "%m"),
		NONE("0", "%d"),
		NONE("24", "%H"),
		NONE("13", "%I"),
		NONE("60", "%M"),
		NONE("60", "%S"),
		NONE("xm", "%p"),
		NONE("Foo", "%b"),
		NONE("Feb", "%B"),
		NONE("8", "%u"),
		NONE("2023 366", "%Y %j"),
		NONE("10", "10%z"),
		NONE("+25", "%z"),
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(an_unknown_code_is_refused)
{
	static const struct values_case cases[] = {
		{"strftime(d, '%Q')",
			"12+4 '%Q' is no code of a format; there "
			"are %Y %m %d"},
		{"strftime(d, 'a%')", "12+4 '% ' is no code of a format"},
		{"strptime(s, '%x')", "12+4 '%x' is no code of a format"},
		{"strptime(s, s)",
			"12+1 strptime() wants a 'text' here that "
			"is written out"},
	};

	VALUES_BEGIN(cases);
}
END_TEST

TEST_MAIN("table/expr_format", moments_are_printed_by_a_format,
	moments_are_read_by_a_format, a_text_of_another_format_is_a_fault,
	an_unknown_code_is_refused)
