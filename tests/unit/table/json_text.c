/*
 * tests of table/json_text.c: what is JSON, and what is wrong where.
 */
#include "base/base.h"
#include "support/test.h"
#include <leat/json.h>

static struct leat_text
text(const char *s)
{
	return (struct leat_text){(const uint8_t *)s, (uint32_t)strlen(s)};
}

/* ---- whole values ------------------------------------------------------- */

START_TEST(good_values_are_accepted)
{
	static const char *const good[] = {"{}", "[]", " [ ] ", "{\"a\":1}",
		"null", "true", "false", "0", "-0", "1e5", "1E+5", "0.5e-3",
		"-1.25", "\"\"", "\"a\"", "[1,[2,[3]],{}]",
		"{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":\"x\"}",
		"{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }", "\"\\u0041\\n\\/\"",
		"\"\\ud83d\\ude00\"", "\"\xc3\xa6\"", "\"\xf0\x9f\x98\x80\"",
		"\"\x7f\"", "{\"\":0}", "{\"a\":1,\"a\":2}",
		"123456789012345678901234567890", "\t1\r\n"};

	for (size_t k = 0; k < leat__array_len(good); k++) {
		struct leat_json_fault fault = {0};

		ck_assert_msg(leat_json_check(text(good[k]), &fault) == LEAT_OK,
			"%s: %s at %u", good[k], fault.what, fault.offset);
	}
}
END_TEST

START_TEST(bad_values_are_refused_where_they_are_wrong)
{
	static const struct {
		const char *text;
		uint32_t offset;
		const char *what;
	} bad[] = {
		{"", 0, "missing at the end"},
		{"{", 1, "key in double quotes"},
		{"{\"a\"", 4, "colon"},
		{"{\"a\":", 5, "missing at the end"},
		{"{\"a\":1", 6, "ends too early"},
		{"[1", 2, "ends too early"},
		{"{\"a\":1,}", 7, "key must follow the comma"},
		{"[1,]", 3, "value is missing here"},
		{"[,1]", 1, "value is missing here"},
		{"{\"a\":}", 5, "value is missing here"},
		{"{\"a\" 1}", 5, "colon"},
		{"{\"a\"::1}", 5, "value is missing here"},
		{"{a:1}", 1, "double quotes"},
		{"{'a':1}", 1, "double quotes"},
		{"{1:1}", 1, "double quotes"},
		{"[1 2]", 3, "comma or ]"},
		{"{\"a\":1 \"b\":2}", 7, "comma or }"},
		{"[1}", 2, "comma or ]"},
		{"{\"a\":1]", 6, "comma or }"},
		{"1 2", 2, "follows"},
		{"{} {}", 3, "follows"},
		{"01", 1, "leading zeros"},
		{"-01", 2, "leading zeros"},
		{"-", 1, "minus"},
		{"1.", 2, "digits must follow"},
		{"1.e5", 2, "digits must follow"},
		{"1e", 2, "digits must follow"},
		{"1e+", 3, "digits must follow"},
		{".5", 0, "no such value"},
		{"+1", 0, "no such value"},
		{"0x1", 1, "follows"},
		{"NaN", 0, "no such value"},
		{"Infinity", 0, "no such value"},
		{"nul", 0, "no such value"},
		{"nulll", 4, "follows"},
		{"True", 0, "no such value"},
		{"\"a", 0, "not closed"},
		{"\"a\\\"", 0, "not closed"},
		{"\"\\x\"", 1, "no such escape"},
		{"\"\\u12\"", 1, "four hexadecimal digits"},
		{"\"\\u123g\"", 1, "four hexadecimal digits"},
		{"\"\\ud800\"", 1, "second \\u"},
		{"\"\\ud800\\u0041\"", 1, "second \\u"},
		{"\"\\udc00\"", 1, "four hexadecimal digits"},
		{"\"a\tb\"", 2, "control character"},
		{"\"a\nb\"", 2, "control character"},
		{"\"\xff\"", 1, "UTF-8"},
		{"\"\xc0\xaf\"", 1, "UTF-8"},
		{"\"\xed\xa0\x80\"", 1, "UTF-8"},
		{"\"\xf4\x90\x80\x80\"", 1, "UTF-8"},
		{"\"\xe2\x82\"", 1, "UTF-8"},
	};

	for (size_t k = 0; k < leat__array_len(bad); k++) {
		struct leat_json_fault fault = {0};

		ck_assert_msg(leat_json_check(text(bad[k].text), &fault) ==
				LEAT_EDATA,
			"%s", bad[k].text);
		ck_assert_msg(fault.offset == bad[k].offset &&
				strstr(fault.what, bad[k].what),
			"%s: %s at %u", bad[k].text, fault.what, fault.offset);
	}
}
END_TEST

START_TEST(sixty_four_levels_are_good_and_one_more_is_not)
{
	struct leat_json_fault fault;
	char x[2 * 70 + 1];

	for (uint32_t depth = 63; depth <= 66; depth++) {
		struct leat_text t = {(const uint8_t *)x, 2 * depth};
		int wanted =
			depth <= LEAT_JSON_DEPTH_MAX ? LEAT_OK : LEAT_EDATA;

		memset(x, '[', depth);
		memset(x + depth, ']', depth);
		ck_assert_int_eq(leat_json_check(t, &fault), wanted);
	}
	ck_assert_uint_eq(fault.offset, 64);
	ck_assert_ptr_nonnull(strstr(fault.what, "64"));
}
END_TEST

START_TEST(a_million_brackets_are_refused_at_the_sixty_fifth)
{
	uint8_t *x = malloc(1000000);
	struct leat_json_fault fault;

	ck_assert_ptr_nonnull(x);
	memset(x, '[', 1000000);
	ck_assert_int_eq(
		leat_json_check((struct leat_text){x, 1000000}, &fault),
		LEAT_EDATA);
	ck_assert_uint_eq(fault.offset, 64);
	free(x);
}
END_TEST

/* ---- pieces ------------------------------------------------------------- */

START_TEST(numbers_are_those_of_the_grammar)
{
	static const char *const good[] = {"0", "-0", "1", "10", "1.0", "-1.5",
		"1e1", "1E-10", "0.0001", "12345678901234567.25"};
	static const char *const bad[] = {"", "-", "+1", "01", "-01", "1.",
		".1", "1e", "1e+", "1.e1", "0x1", "1 ", " 1", "1a", "--1",
		"1.2.3", "NaN"};

	for (size_t k = 0; k < leat__array_len(good); k++)
		ck_assert_msg(
			leat_json_is_number(text(good[k])), "%s", good[k]);
	for (size_t k = 0; k < leat__array_len(bad); k++)
		ck_assert_msg(!leat_json_is_number(text(bad[k])), "%s", bad[k]);
}
END_TEST

static void
decodes(const char *from, const char *to)
{
	uint8_t out[64];
	uint32_t n;

	ck_assert_int_eq(leat_json_decode(text(from), out, &n), LEAT_OK);
	ck_assert_uint_eq(n, strlen(to));
	ck_assert_mem_eq(out, to, n);
}

START_TEST(escapes_are_resolved)
{
	uint8_t out[64];
	uint32_t n;

	decodes("", "");
	decodes("plain", "plain");
	decodes("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
	decodes("a\\u0041b\\u00e6c\\u20acd",
		"aAb\xc3\xa6"
		"c\xe2\x82\xac"
		"d");
	decodes("\\uD83D\\uDE00!", "\xf0\x9f\x98\x80!");
	decodes("\\u007f\\u0080\\u07ff\\u0800\\uffff",
		"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
	decodes("\\ud800\\udc00\\udbff\\udfff",
		"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
	ck_assert_int_eq(leat_json_decode(text("\\u0000"), out, &n), LEAT_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(out[0], 0);
}
END_TEST

START_TEST(bad_escapes_are_refused)
{
	static const char *const bad[] = {"\\", "\\x", "a\\", "\\u", "\\u1",
		"\\u123", "\\u12g4", "\\ud800", "\\ud800x", "\\ud800\\",
		"\\ud800\\u", "\\ud800\\u0041", "\\udc00", "\\U0041"};
	uint8_t out[64];
	uint32_t n;

	for (size_t k = 0; k < leat__array_len(bad); k++)
		ck_assert_msg(
			leat_json_decode(text(bad[k]), out, &n) == LEAT_EDATA,
			"%s", bad[k]);
}
END_TEST

/* Every character, by two ways of writing it. */
START_TEST(every_character_is_decoded_to_good_utf8)
{
	for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
		char from[16];
		uint8_t out[16];
		uint32_t n;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		if (c < 0x10000)
			snprintf(from, sizeof(from), "\\u%04x", c);
		else
			snprintf(from, sizeof(from), "\\u%04x\\u%04x",
				0xd800 + ((c - 0x10000) >> 10),
				0xdc00 + ((c - 0x10000) & 0x3ff));
		ck_assert_int_eq(
			leat_json_decode(text(from), out, &n), LEAT_OK);
		ck_assert_uint_eq(n,
			c < 0x80              ? 1
				: c < 0x800   ? 2
				: c < 0x10000 ? 3
					      : 4);
		ck_assert_uint_eq(
			leat_json_utf8((struct leat_text){out, n}), n);
	}
}
END_TEST

START_TEST(utf8_ends_where_it_is_wrong_at_every_place)
{
	uint8_t x[40];

	for (uint32_t at = 0; at < 30; at++) {
		struct leat_text t = {x, 40};

		memset(x, 'a', sizeof(x));
		ck_assert_uint_eq(leat_json_utf8(t), 40);
		memcpy(x + at, "\xe2\x82\xac", 3);
		ck_assert_uint_eq(leat_json_utf8(t), 40);
		x[at + 1] = 'a';
		ck_assert_uint_eq(leat_json_utf8(t), at);
		x[at] = 0xff;
		ck_assert_uint_eq(leat_json_utf8(t), at);
	}
	ck_assert_uint_eq(leat_json_utf8((struct leat_text){NULL, 0}), 0);
}
END_TEST

TEST_MAIN("table/json_text", good_values_are_accepted,
	bad_values_are_refused_where_they_are_wrong,
	sixty_four_levels_are_good_and_one_more_is_not,
	a_million_brackets_are_refused_at_the_sixty_fifth,
	numbers_are_those_of_the_grammar, escapes_are_resolved,
	bad_escapes_are_refused, every_character_is_decoded_to_good_utf8,
	utf8_ends_where_it_is_wrong_at_every_place)
