/*
 * tests of table/expr_text.c: characters, not bytes.
 */
#include "table/expr.h"
#include "unit/table/values.h"

#define AE "\xc3\x86"
#define OE "\xc3\xb8"
#define S  AE "r" OE "sk" OE "b"

START_TEST(lengths_count_characters)
{
	static const struct values_case cases[] = {
		{"length(s)", "int64 7"},
		{"bytes(s)", "int64 10"},
		{"length('')", "int64 0"},
		{"length('\xff\xc3x')", "int64 3"},
		{"length(q)", "int64 7"},
		{"length(null)", "int64 null"},
		{"position(s, 'sk')", "int64 4"},
		{"position(s, 'x')", "int64 0"},
		{"position(s, '')", "int64 1"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(pieces_are_found_by_characters)
{
	static const struct values_case cases[] = {
		{"substr(s, 2, 3)", "string r" OE "s"},
		{"substr(s, 4)", "string sk" OE "b"},
		{"substr(s, -2)", "string " OE "b"},
		{"substr(s, -3, 2)", "string k" OE},
		{"substr(s, 0, 3)", "string " AE "r"},
		{"substr(s, -9, 4)", "string " AE "r"},
		{"substr('a', -3, 2)", "string "},
		{"substr('a', -3)", "string a"},
		{"substr(s, -9223372036854775808, 5)", "string "},
		{"substr(s, 8)", "string "},
		{"substr(s, 1, 0)", "string "},
		{"substr(s, 1, 99)", "string " S},
		{"substr(s, 2, 9223372036854775807)",
			"string r" OE "sk" OE "b"},
		{"substr(s, 1, -1)",
			"bad 'substr(s, 1, -1)': there is no such length below "
			"zero"},
		{"left(s, 2)", "string " AE "r"},
		{"left(s, 99)", "string " S},
		{"left(s, 0)", "string "},
		{"left(s, -2)", "string " AE "r" OE "sk"},
		{"left(s, -99)", "string "},
		{"right(s, 2)", "string " OE "b"},
		{"right(s, 99)", "string " S},
		{"right(s, -2)", "string " OE "sk" OE "b"},
		{"right(s, -99)", "string "},
		{"left(s, -9223372036854775808)", "string "},
		{"right(s, -9223372036854775808)", "string "},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(parts_are_split_off)
{
	static const struct values_case cases[] = {
		{"split_part('a,b,,c', ',', 1)", "string a"},
		{"split_part('a,b,,c', ',', 2)", "string b"},
		{"split_part('a,b,,c', ',', 3)", "string "},
		{"split_part('a,b,,c', ',', 4)", "string c"},
		{"split_part('a,b,,c', ',', 5)", "string "},
		{"split_part('a,b,,c', ',', -1)", "string c"},
		{"split_part('a,b,,c', ',', -4)", "string a"},
		{"split_part('a,b,,c', ',', -5)", "string "},
		{"split_part('a,b', ',', -9223372036854775808)", "string "},
		{"split_part('a--b', '--', 2)", "string b"},
		{"split_part('ab', '', 1)", "string ab"},
		{"split_part('ab', ',', 0)",
			"bad 'split_part('ab', ',', 0)': parts count from 1, "
			"or from -1 at the end"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(ends_are_trimmed)
{
	static const struct values_case cases[] = {
		{"trim('  a b ')", "string a b"},
		{"ltrim('  a ')", "string a "},
		{"rtrim('  a ')", "string   a"},
		{"trim('xyaxy', 'yx')", "string a"},
		{"trim('" OE OE "a" OE "', '" OE "')", "string a"},
		{"rtrim('a" OE "', '\xb8')", "string a" OE},
		{"trim('   ')", "string "},
		{"trim('aaa', 'a')", "string "},
		{"trim('a', '')", "string a"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(letters_have_two_cases)
{
	static const struct values_case cases[] = {
		{"upper('az{`')", "string AZ{`"},
		{"lower('AZ[@')", "string az[@"},
		{"upper(s)",
			"string " AE "R\xc3\x98SK\xc3\x98"
			"B"},
		{"lower(s)", "string \xc3\xa6r" OE "sk" OE "b"},
		{"upper('\xc3\xb7\xc3\x9f\xc3\xbf\xc5\x82\xc5\xbe')",
			"string \xc3\xb7\xc3\x9f\xc5\xb8\xc5\x81\xc5\xbd"},
		{"lower('\xc5\xb8\xc5\x81\xc5\xbd\xc3\x97')",
			"string \xc3\xbf\xc5\x82\xc5\xbe\xc3\x97"},
		{"upper('\xce\xb1\xcf\x82\xcf\x8e')",
			"string \xce\x91\xce\xa3\xce\x8f"},
		{"lower('\xce\x91\xce\xa9\xce\x86')",
			"string \xce\xb1\xcf\x89\xce\xac"},
		{"upper('\xd0\xb9\xd1\x8f\xd1\x91\xd2\x91')",
			"string \xd0\x99\xd0\xaf\xd0\x81\xd2\x90"},
		{"lower('\xd0\x99\xd0\xaf\xd0\x81\xd2\x90')",
			"string \xd0\xb9\xd1\x8f\xd1\x91\xd2\x91"},
		{"upper('\xe2\x82\xac\xc3')", "string \xe2\x82\xac\xc3"},
	};

	VALUES_ARE(cases);
}
END_TEST

/* All letters of two bytes: up and down again, or not at all. */
START_TEST(no_letter_loses_its_case_for_good)
{
	for (uint32_t c = 0x80; c < 0x800; c++) {
		uint8_t from[2] = {
			(uint8_t)(0xc0 | c >> 6), (uint8_t)(0x80 | (c & 0x3f))};
		uint8_t upper[2], lower[2], again[2];

		leat__expr_text_case(from, 2, upper, true);
		leat__expr_text_case(from, 2, lower, false);
		ck_assert(!memcmp(upper, from, 2) || !memcmp(lower, from, 2));
		leat__expr_text_case(upper, 2, again, true);
		ck_assert_mem_eq(again, upper, 2);
		leat__expr_text_case(lower, 2, again, true);
		if (memcmp(lower, from, 2))
			ck_assert_mem_eq(again, from, 2);
	}
}
END_TEST

START_TEST(texts_are_made_of_texts)
{
	static const struct values_case cases[] = {
		{"reverse(s)", "string b" OE "ks" OE "r" AE},
		{"replace('abcabc', 'b', 'xx')", "string axxcaxxc"},
		{"replace('abc', 'bc', '')", "string a"},
		{"replace('abc', '', 'x')", "string abc"},
		{"replace('abc', 'z', 'x')", "string abc"},
		{"replace('aaa', 'aa', 'b')", "string ba"},
		{"replace('aaa', 'a', '')", "string "},
		{"lpad('7', 3, '0')", "string 007"},
		{"lpad('7', 3)", "string   7"},
		{"lpad('7', 4, 'ab')", "string aba7"},
		{"lpad('1234', 2, '0')", "string 12"},
		{"lpad('7', 3, '')", "string 7"},
		{"lpad('7', -1)", "string "},
		{"rpad('7', 4, 'ab')", "string 7aba"},
		{"rpad(s, 8, '" OE "')", "string " S OE},
		{"lpad('7', 9223372036854775807)",
			"bad 'lpad('7', 9223372036854775807)': the texts that "
			"are made for this row have over 256 KiB"},
		{"s || '!' || a", "string " S "!7"},
		{"a || null", "string null"},
		{"concat(a, n, '-', x, '-', c, '-', ok)",
			"string 7-2.5-1.50-true"},
		{"concat(null)", "string "},
		{"d || ' ' || t", "string 2024-02-29 2024-02-29T10:20:30Z"},
		{"1 || 2.5 || true || date '2024-01-31'",
			"string 12.5true2024-01-31"},
		{"q || '.'", "string say \"x\"."},
		{"y || 1", "string 51"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(texts_are_looked_into)
{
	static const struct values_case cases[] = {
		{"contains(s, 'sk')", "bool true"},
		{"contains(s, 'SK')", "bool false"},
		{"contains(s, '')", "bool true"},
		{"contains(n::string, 'x')", "bool null"},
		{"starts_with(s, '" AE "r')", "bool true"},
		{"starts_with('a', 'ab')", "bool false"},
		{"ends_with(s, 'b')", "bool true"},
		{"ends_with('a', 'ab')", "bool false"},
		{"ends_with('a', '')", "bool true"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(what_is_no_string_is_refused)
{
	static const struct values_case cases[] = {
		{"upper(a)",
			"6+1 upper() wants string here, not int64; a "
			"cast makes one: a::string"},
		{"length(5)",
			"7+1 length() wants string here, not a number; a "
			"cast makes one: 5::string"},
		{"upper(a::string)", "string 7"},
		{"left(s, s)",
			"8+1 left() wants int64 here, not string; a "
			"cast makes one: s::int64"},
		{"left(s, 'x')",
			"8+3 left() wants a whole number (int64) "
			"here, which 'x' is not"},
	};

	VALUES_ARE(cases);
}
END_TEST

TEST_MAIN("table/expr_text", lengths_count_characters,
	pieces_are_found_by_characters, parts_are_split_off, ends_are_trimmed,
	letters_have_two_cases, no_letter_loses_its_case_for_good,
	texts_are_made_of_texts, texts_are_looked_into,
	what_is_no_string_is_refused)
