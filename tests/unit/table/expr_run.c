/*
 * tests of table/expr_run.c: nulls and what is looked at.
 */
#include "unit/table/values.h"

START_TEST(logic_has_three_values)
{
	static const struct values_case cases[] = {
		{"true and true", "bool true"},
		{"true and false", "bool false"},
		{"true and null", "bool null"},
		{"false and true", "bool false"},
		{"false and false", "bool false"},
		{"false and null", "bool false"},
		{"null and true", "bool null"},
		{"null and false", "bool false"},
		{"null and null", "bool null"},
		{"true or true", "bool true"},
		{"true or false", "bool true"},
		{"true or null", "bool true"},
		{"false or true", "bool true"},
		{"false or false", "bool false"},
		{"false or null", "bool null"},
		{"null or true", "bool true"},
		{"null or false", "bool null"},
		{"null or null", "bool null"},
		{"not true", "bool false"},
		{"not false", "bool true"},
		{"not null", "bool null"},
		{"true and null and false", "bool false"},
		{"false or null or true", "bool true"},
		{"not (null and false)", "bool true"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(comparisons_with_null_are_null)
{
	static const struct values_case cases[] = {
		{"n = 1", "bool null"},
		{"n = n", "bool null"},
		{"n != null", "bool null"},
		{"null = null", "bool null"},
		{"n < 1", "bool null"},
		{"n is null", "bool true"},
		{"n is not null", "bool false"},
		{"a is null", "bool false"},
		{"null is null", "bool true"},
		{"(n + 1) is null", "bool true"},
		{"'' is null", "bool false"},
		{"y is null", "bool false"},
		{"w is null", "bool false"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(values_compare_by_what_they_are)
{
	static const struct values_case cases[] = {
		{"a = 7", "bool true"},
		{"a = 7.0", "bool true"},
		{"a > 6.99", "bool true"},
		{"y > 4", "bool true"},
		{"y < x", "bool false"},
		{"c = 1.5", "bool true"},
		{"c < 1.505", "bool true"},
		{"c = 1.50::decimal(5)", "bool true"},
		{"c < 2", "bool true"},
		{"c < x", "bool true"},
		{"9007199254740993 = 9007199254740992.0", "bool false"},
		{"s = 'x'", "bool false"},
		{"s != 'x'", "bool true"},
		{"q = 'say \"x\"'", "bool true"},
		{"w < 'p'", "bool true"},
		{"m < 0", "bool true"},
		{"m = -12.5", "bool true"},
		{"m = c", "bool false"},
		{"d = '2024-02-29'", "bool true"},
		{"'2024-03-01' > d", "bool true"},
		{"d < t", "bool true"},
		{"t >= date '2024-02-29'", "bool true"},
		{"t < timestamp '2024-02-29 11:20:31+01'", "bool true"},
		{"ok = true", "bool true"},
		{"ok > false", "bool true"},
		{"ok = 'true'", "bool true"},
		{"a = '7'", "bool true"},
		{"a == b + 5", "bool true"},
		{"a <> b", "bool true"},
		{"w = 5",
			"bad column 'w' has 'one two  three', where a number "
			"is wanted"},
		{"w = d",
			"bad column 'w' has 'one two  three', where a date "
			"(YYYY-MM-DD) is wanted"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(in_and_between_are_as_in_sql)
{
	static const struct values_case cases[] = {
		{"a in (1, 7)", "bool true"},
		{"a in (1, 2)", "bool false"},
		{"a in (1, null)", "bool null"},
		{"a in (7, null)", "bool true"},
		{"a in (null, 7)", "bool true"},
		{"n in (1, 2)", "bool null"},
		{"a not in (1, 2)", "bool true"},
		{"a not in (7, null)", "bool false"},
		{"a not in (1, null)", "bool null"},
		{"a in (6.5, 7.0)", "bool true"},
		{"2.5 in (1, x)", "bool true"},
		{"2.0 not in (-0.25, x)", "bool true"},
		{"s in ('x', s)", "bool true"},
		{"w in ('one two  three')", "bool true"},
		{"m in (1, -12.5)", "bool true"},
		{"d in ('2024-02-28', '2024-02-29')", "bool true"},
		{"b + 5 in (a)", "bool true"},
		{"a between 7 and 8", "bool true"},
		{"a between 8 and 7", "bool false"},
		{"a between 1 and 6.5", "bool false"},
		{"a between null and 6", "bool false"},
		{"a between 8 and null", "bool false"},
		{"a between 7 and null", "bool null"},
		{"a between null and 7", "bool null"},
		{"n between 1 and 2", "bool null"},
		{"a not between 1 and 6", "bool true"},
		{"d between '2024-01-01' and '2024-12-31'", "bool true"},
		{"a between 1 and 9 and b = 2", "bool true"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(case_takes_the_first_that_is_true)
{
	static const struct values_case cases[] = {
		{"case when a > 5 then 'many' else 'few' end", "string many"},
		{"case when a > 9 then 'many' when a > 5 then 'some' else "
		 "'few' end",
			"string some"},
		{"case when n > 5 then 1 else 2 end", "int64 2"},
		{"case when false then 1 end", "int64 null"},
		{"case a when 1 then 'x' when 7 then 'y' end", "string y"},
		{"case a when b then 1 else 0 end", "int64 0"},
		{"case n when null then 1 else 0 end", "int64 0"},
		{"case w when 'one two  three' then 1 end", "int64 1"},
		{"case a when 7.0 then 1 end", "int64 1"},
		{"case when true then 1 else 2.5 end", "float64 1"},
		{"case when true then c else 2.125 end", "decimal 1.500"},
		{"case when true then d else t end",
			"timestamp 2024-02-29T00:00:00Z"},
		{"case when true then '2024-01-01' else d end",
			"date 2024-01-01"},
		{"case when true then null else 1 end", "int64 null"},
		{"case when true then null end", "string null"},
		{"case a when 1 then case b when 2 then 3 end when 7 then case "
		 "b when 2 then 4 end end",
			"int64 4"},
		{"case when a > 5 and b > 1 then a between 1 and 9 end",
			"bool true"},
		{"if(a > 5, 'x', 'y')", "string x"},
		{"if(n > 5, 'x', 'y')", "string y"},
		{"coalesce(n, a)", "int64 7"},
		{"coalesce(n, null, x)", "float64 2.5"},
		{"coalesce(n, null)", "int64 null"},
		{"coalesce(s, 'x') = s", "bool true"},
		{"coalesce(n > 1, ok)", "bool true"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(what_is_not_looked_at_cannot_fail)
{
	static const struct values_case cases[] = {
		{"case when b = 0 then 0 else a / b end", "int64 3"},
		{"case when true then 1 else a / 0 end", "int64 1"},
		{"case when false then a / 0 else 1 end", "int64 1"},
		{"case a when 7 then 1 when a / 0 then 2 end", "int64 1"},
		{"coalesce(a, 1 / 0)", "int64 7"},
		{"if(true, 1, 1 / 0)", "int64 1"},
		{"false and a / 0 = 1", "bool false"},
		{"true or a / 0 = 1", "bool true"},
		{"true and a / 0 = 1",
			"bad 'a / 0': division by zero; nullif(b, 0) makes it "
			"null"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(conditions_are_asked_for_where_they_belong)
{
	static const struct values_case cases[] = {
		{"a and ok",
			"0+1 'and' wants a condition here, which is true "
			"or false, like delay > 60; this is int64"},
		{"ok or 'x'", "6+3 'or' wants a condition here"},
		{"not s", "4+1 'not' wants a condition here"},
		{"case when a then 1 end", "10+1 a test wants a condition"},
		{"if(a, 1, 2)", "3+1 a test wants a condition"},
		{"a > s || 'x'", "0+12 int64 and string cannot be compared"},
		{"case when ok then 1 else s end",
			"0+30 a number and string cannot be results of the "
			"same "
			"expression"},
		{"coalesce(a, 'x')",
			"0+16 int64 and a text cannot be results "
			"of the same expression"},
		{"d > 5", "0+5 date and a number cannot be compared"},
		{"ok in (1)", "0+9 bool and a number cannot be compared"},
		{"d between 1 and 2", "0+17 date and a number"},
		{"case d when 1 then 2 end", "0+24 date and a number"},
		{"a + zz",
			"4+2 no column 'zz' (a text stands in single "
			"quotes); there are: a, b, c"},
	};

	VALUES_BEGIN(cases);
}
END_TEST

TEST_MAIN("table/expr_run", logic_has_three_values,
	comparisons_with_null_are_null, values_compare_by_what_they_are,
	in_and_between_are_as_in_sql, case_takes_the_first_that_is_true,
	what_is_not_looked_at_cannot_fail,
	conditions_are_asked_for_where_they_belong)
