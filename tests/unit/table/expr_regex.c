/*
 * tests of table/expr_regex.c
 */
#include "unit/table/values.h"

#ifdef LEAT_WITH_PCRE2

START_TEST(patterns_match_anywhere)
{
	static const struct values_case cases[] = {
		{"'abc' ~ 'b'", "bool true"},
		{"'abc' ~ '^b'", "bool false"},
		{"'abc' !~ '^b'", "bool true"},
		{"'abc' ~ '^(a|x)b+c$'", "bool true"},
		{"s ~ '^.r.sk.b$'", "bool true"},
		{"'ABC' ~ '(?i)abc'", "bool true"},
		{"n::string ~ 'x'", "bool null"},
		{"regexp_matches(s, 'sk')", "bool true"},
		{"'' ~ '^$'", "bool true"},
		{"'a\xff"
		 "b' ~ 'b'",
			"bool true"},
		{"'it''s' ~ 't''s'", "bool true"},
		{"'abc' not like 'x' and 'abc' ~ 'c'", "bool true"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(groups_are_taken_out)
{
	static const struct values_case cases[] = {
		{"regexp_extract('ab12cd', '[0-9]+')", "string 12"},
		{"regexp_extract('ab12cd', '([a-z]+)([0-9]+)', 2)",
			"string 12"},
		{"regexp_extract('ab12cd', '([a-z]+)([0-9]+)', 0)",
			"string ab12"},
		{"regexp_extract('ab', '[0-9]+')", "string null"},
		{"regexp_extract('b', '(a)?b', 1)", "string null"},
		{"regexp_extract('ab', 'a', 1)",
			"26+1 the group has to be a number from 0 (all) to 0"},
		{"regexp_extract('ab', '(a)', b)",
			"28+1 the group has to be a number from 0 (all) to 1"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(all_matches_are_replaced)
{
	static const struct values_case cases[] = {
		{"regexp_replace('a1b22', '[0-9]+', '#')", "string a#b#"},
		{"regexp_replace('abc', 'x', '#')", "string abc"},
		{"regexp_replace('abc', '', '-')", "string -a-b-c-"},
		{"regexp_replace('abc', 'x*', '-')", "string -a-b-c-"},
		{"regexp_replace('\xc3\x86"
		 "b', '', '-')",
			"string -\xc3\x86-b-"},
		{"regexp_replace('baaac', 'a*', 'X')", "string XbXXcX"},
		{"regexp_replace('ab', '(a)(b)', '\\2\\1')", "string ba"},
		{"regexp_replace('ab', 'b', '<\\0>')", "string a<b>"},
		{"regexp_replace('ab', 'b', '\\\\1')", "string a\\1"},
		{"regexp_replace('ab', 'b', '\\9\\')", "string a\\"},
		{"regexp_replace('ab', 'b', '')", "string a"},
		{"regexp_replace(s, 'sk', s)",
			"string \xc3\x86r\xc3\xb8\xc3\x86r\xc3\xb8sk\xc3\xb8"
			"b\xc3\xb8"
			"b"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(no_pattern_hangs)
{
	static const struct values_case cases[] = {
		{"lpad('!', 60, 'a') ~ '^(a|a|aa)+$'",
			"bad 'lpad('!', 60, 'a') ~ '^(a|a|aa)+$'': the pattern "
			"needs too many steps for this value"},
		{"lpad('!', 20000, 'a') ~ '(a+)+(a+)+$'",
			"bad 'lpad('!', 20000, 'a') ~ '(a+)+(a+)+$'': the "
			"pattern needs too many steps for this value"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(a_wrong_pattern_is_shown_where_it_is_wrong)
{
	static const struct values_case cases[] = {
		{"s ~ 'a(b'",
			"8+1 the regular expression is wrong here: "
			"missing closing parenthesis"},
		{"s ~ '*'", "5+1 the regular expression is wrong here"},
		{"s ~ '[a'", "7+1 the regular expression is wrong here"},
		{"s ~ '\\C'", "7+1 the regular expression is wrong here"},
		{"s ~ "
		 "'(((((((((((((((((((((((((((((((((((((((((((((((((((((((('",
			"56+1 the regular expression is wrong here: "
			"parentheses are too deeply nested"},
		{"s ~ '(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)"
		 "(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)'",
			"4+98 the pattern has 32 groups, at most 31 can be"},
		{"a ~ 'x'", "0+1 '~' wants string here, not int64"},
		{"s ~ upper('x')",
			"4+10 a regular expression has to be "
			"written out: '^a+$'"},
		{"regexp_extract(s, s)",
			"18+1 a regular expression has to be "
			"written out: '^a+$'"},
	};

	VALUES_BEGIN(cases);
}
END_TEST

TEST_MAIN("table/expr_regex", patterns_match_anywhere, groups_are_taken_out,
	all_matches_are_replaced, no_pattern_hangs,
	a_wrong_pattern_is_shown_where_it_is_wrong)

#else

START_TEST(without_pcre2_a_pattern_is_refused)
{
	static const struct values_case cases[] = {
		{"s ~ 'x'",
			"4+3 built without regular expressions (PCRE2); "
			"like is there"},
	};

	VALUES_ARE(cases);
}
END_TEST

TEST_MAIN("table/expr_regex", without_pcre2_a_pattern_is_refused)

#endif
