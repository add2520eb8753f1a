/*
 * unit/cli/plain.c -- what others have written does not steer a terminal.
 */
#include "cli/cli.h"
#include "support/test.h"

static char buf[64];

static const char *
plain(const char *text, bool has_utf8)
{
	uint32_t n;

	return leat__cli_plain(text, 40, has_utf8, buf, sizeof(buf), &n);
}

START_TEST(nothing_that_steers_comes_out)
{
	for (int c = 1; c < 0x20; c++) {
		char text[] = {'a', (char)c, 'b', '\0'};

		ck_assert_str_eq(plain(text, true), "a?b");
	}
	ck_assert_str_eq(plain("a\x7f"
			       "b",
				 true),
		"a?b");
	for (int c = 0x80; c < 0xa0; c++) {
		char text[] = {'a', '\xc2', (char)c, 'b', '\0'};

		ck_assert_str_eq(plain(text, true), "a??b");
		ck_assert_str_eq(plain(text + 2, true), "?b");
	}
}
END_TEST

START_TEST(letters_stay_if_the_terminal_has_them)
{
	ck_assert_str_eq(
		plain(" ~\xc2\xa0\xc3\xa6", true), " ~\xc2\xa0\xc3\xa6");
	ck_assert_str_eq(plain("\xc3\xa6x", false), "?x");
	ck_assert_str_eq(plain("\xc3", true), "?");
	ck_assert_str_eq(plain("\xf0\x9f\x98", true), "???");
}
END_TEST

START_TEST(wide_ones_count_as_two_columns)
{
	uint32_t n;

	leat__cli_plain("ab\xc3\xa6"
			"cd",
		4, true, buf, sizeof(buf), &n);
	ck_assert_str_eq(buf, "ab\xc3\xa6");
	ck_assert_uint_eq(n, 4);
	leat__cli_plain("abc\xc3\xa6"
			"d",
		4, true, buf, sizeof(buf), &n);
	ck_assert_str_eq(buf, "abc");
	ck_assert_uint_eq(n, 3);
}
END_TEST

TEST_MAIN("cli/plain", nothing_that_steers_comes_out,
	letters_stay_if_the_terminal_has_them, wide_ones_count_as_two_columns)
