/*
 * unit/base/error.c -- codes, the error object, the caret.
 */
#include "base/base.h"
#include "support/fail.h"
#include "support/test.h"

/* ---- codes ---------------------------------------------------------------- */

START_TEST(every_code_has_its_name_and_text)
{
#define CHECK_CODE(name, number, class_, text)                                 \
	ck_assert_int_eq(name, number);                                        \
	ck_assert_str_eq(leat_err_name(name), #name);                          \
	ck_assert_str_eq(leat_err_text(name), text);                           \
	ck_assert_int_eq(leat_err_class(name), LEAT_CLASS_##class_);
	LEAT_CODES(CHECK_CODE)
#undef CHECK_CODE
}
END_TEST

START_TEST(success_has_a_name_and_no_class)
{
	ck_assert_str_eq(leat_err_name(LEAT_OK), "LEAT_OK");
	ck_assert_str_eq(leat_err_name(LEAT_MORE), "LEAT_MORE");
	ck_assert_int_eq(leat_err_class(LEAT_OK), LEAT_CLASS_NONE);
	ck_assert_int_eq(leat_err_class(LEAT_MORE), LEAT_CLASS_NONE);
	ck_assert_int_eq(leat_err_class(17), LEAT_CLASS_NONE);
	ck_assert_ptr_nonnull(leat_err_text(LEAT_OK));
	ck_assert_ptr_nonnull(leat_err_text(LEAT_MORE));
}
END_TEST

START_TEST(an_unknown_code_is_said_to_be_one)
{
	ck_assert_str_eq(leat_err_name(-999), "LEAT_?");
	ck_assert_str_eq(leat_err_text(-999), "unknown code");
	ck_assert_int_eq(leat_err_class(-999), LEAT_CLASS_OTHER);
}
END_TEST

START_TEST(every_class_has_its_name)
{
	ck_assert_str_eq(leat_err_class_name(LEAT_CLASS_NONE), "none");
	ck_assert_str_eq(leat_err_class_name(LEAT_CLASS_EXPECTED), "expected");
	ck_assert_str_eq(leat_err_class_name(LEAT_CLASS_CALLER), "caller");
	ck_assert_str_eq(leat_err_class_name(LEAT_CLASS_DATA), "data");
	ck_assert_str_eq(leat_err_class_name(LEAT_CLASS_SYSTEM), "system");
	ck_assert_str_eq(leat_err_class_name(LEAT_CLASS_OTHER), "other");
	ck_assert_str_eq(leat_err_class_name(LEAT_CLASS_OTHER + 1), "?");
	ck_assert_str_eq(leat_err_class_name(-1), "?");
}
END_TEST

/* ---- the error object ----------------------------------------------------- */

START_TEST(an_error_is_filled_from_end_to_end)
{
	struct leat_error err;

	memset(&err, 'x', sizeof(err));
	ck_assert_int_eq(leat__error_errno(&err, LEAT_EIO, 28, "no %s", "room"),
		LEAT_EIO);
	ck_assert_int_eq(err.code, LEAT_EIO);
	ck_assert_int_eq(err.sys_errno, 28);
	ck_assert_uint_eq(err.at_offset, 0);
	ck_assert_uint_eq(err.at_bytes, 0);
	ck_assert_str_eq(err.stage, "");
	ck_assert_str_eq(err.text, "no room");
}
END_TEST

START_TEST(an_error_says_where_in_the_data_it_lies)
{
	struct leat_error err;
	char origin[400];

	leat__error(&err, LEAT_EDATA, "x");
	leat__error_locate(&err, "a.csv", 3, 2, 17);
	ck_assert_str_eq(err.origin, "a.csv");
	ck_assert_uint_eq(err.line, 3);
	ck_assert_uint_eq(err.column, 2);
	ck_assert_uint_eq(err.offset, 17);
	/* of a name that is too long the end is kept, in whole characters */
	for (size_t n = LEAT_ERROR_ORIGIN_BYTES - 2; n < sizeof(origin); n++) {
		memset(origin, 'x', n);
		origin[n] = '\0';
		for (size_t k = 0; k + 3 < n; k += 2)
			memcpy(origin + k, "\xc3\xa4", 2);
		leat__error_locate(&err, origin, 1, 1, 0);
		ck_assert_uint_lt(strlen(err.origin), sizeof(err.origin));
		ck_assert(leat__utf8_is_text(
			(const uint8_t *)err.origin, strlen(err.origin)));
		if (n < LEAT_ERROR_ORIGIN_BYTES)
			ck_assert_str_eq(err.origin, origin);
		else
			ck_assert_str_eq(err.origin + 3,
				origin + n - strlen(err.origin + 3));
	}
}
END_TEST

START_TEST(an_error_may_be_left_out)
{
	ck_assert_int_eq(leat__error(NULL, LEAT_EDATA, "x"), LEAT_EDATA);
	ck_assert_int_eq(leat__error_errno(NULL, LEAT_EIO, 5, "x"), LEAT_EIO);
}
END_TEST

START_TEST(an_error_may_quote_itself)
{
	struct leat_error err;

	leat__error(&err, LEAT_EDATA, "bad number");
	leat__error(&err, LEAT_EDATA, "line 3: %s", err.text);
	ck_assert_str_eq(err.text, "line 3: bad number");
}
END_TEST

START_TEST(a_text_does_not_end_in_a_newline)
{
	struct leat_error err;

	leat__error(&err, LEAT_EDATA, "one\ntwo\r\n\n");
	ck_assert_str_eq(err.text, "one\ntwo");
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
	struct leat_error err;
	char text[2 * LEAT_ERROR_TEXT_BYTES] = "";
	size_t n;

	for (int k = 0; k < LEAT_ERROR_TEXT_BYTES; k++)
		strcat(text, k == 0 ? "a" : "\xc3\xa4");
	for (int skip = 0; skip < 2; skip++) {
		leat__error(&err, LEAT_EDATA, "%s", text + skip);
		n = strlen(err.text);
		ck_assert_uint_lt(n, LEAT_ERROR_TEXT_BYTES);
		ck_assert_uint_gt(n, LEAT_ERROR_TEXT_BYTES - 6);
		ck_assert_str_eq(err.text + n - 3, "...");
		ck_assert_int_eq(err.text[n - 4], '\xa4');
	}
}
END_TEST

/* ---- the caret ------------------------------------------------------------ */

static const char *
draw(const char *source, uint32_t offset, uint32_t n_bytes)
{
	static char buf[1000];
	struct leat_error err = {.at_offset = offset, .at_bytes = n_bytes};
	size_t n = leat_error_caret(source, &err, buf, sizeof(buf));

	ck_assert_uint_eq(n, strlen(buf));
	return buf;
}

START_TEST(a_caret_stands_below_the_guilty_piece)
{
	ck_assert_str_eq(draw("read a ! wher x", 9, 4),
		"read a ! wher x\n"
		"         ^^^^");
	ck_assert_str_eq(draw("wher", 0, 4), "wher\n^^^^");
}
END_TEST

START_TEST(only_the_guilty_line_is_drawn)
{
	ck_assert_str_eq(draw("read a\n! wher x\n! write b\n", 9, 4),
		"! wher x\n"
		"  ^^^^");
	ck_assert_str_eq(draw("read a\r\n! x\r\n", 10, 1), "! x\n  ^");
}
END_TEST

START_TEST(a_piece_of_several_lines_is_marked_on_its_first)
{
	ck_assert_str_eq(draw("ab\ncd 'e\nf' g", 6, 5), "cd 'e\n   ^^");
}
END_TEST

START_TEST(a_tab_stays_a_tab_so_that_the_caret_lines_up)
{
	ck_assert_str_eq(draw("\tx\ty", 3, 1), "\tx\ty\n\t \t^");
}
END_TEST

START_TEST(a_character_of_several_bytes_is_one_column)
{
	ck_assert_str_eq(draw("\xc3\xa4\xe2\x82\xac x", 6, 1),
		"\xc3\xa4\xe2\x82\xac x\n   ^");
	ck_assert_str_eq(
		draw("x \xc3\xa4\xc3\xb6", 2, 4), "x \xc3\xa4\xc3\xb6\n  ^^");
}
END_TEST

START_TEST(a_place_at_the_end_gets_one_caret)
{
	ck_assert_str_eq(draw("read", 4, 1), "read\n    ^");
	ck_assert_str_eq(draw("read", 4000, 7), "read\n    ^");
	ck_assert_str_eq(draw("", 0, 1), "\n^");
}
END_TEST

START_TEST(a_long_line_is_shortened_around_the_piece)
{
	char source[1001];

	memset(source, '.', 1000);
	source[1000] = '\0';
	for (uint32_t at = 0; at <= 990; at += 10) {
		const char *text, *caret;

		memset(source, '.', 1000);
		memcpy(source + at, "GUILTY", 6);
		text = draw(source, at, 6);
		caret = strchr(text, '\n') + 1;
		ck_assert_uint_le(strlen(caret), 106);
		ck_assert_uint_le((size_t)(caret - text), 107);
		ck_assert_int_eq(
			strncmp(text + strcspn(caret, "^"), "GUILTY", 6), 0);
		ck_assert_uint_eq(strspn(strchr(caret, '^'), "^"), 6);
	}
}
END_TEST

START_TEST(a_long_line_is_not_cut_inside_a_character)
{
	char source[1001] = "";

	for (int k = 0; k < 300; k++)
		strcat(source, "\xe2\x82\xac");
	for (uint32_t at = 0; at < 900; at += 3) {
		const char *text = draw(source, at, 3);
		const char *p = text + (strncmp(text, "...", 3) ? 0 : 3);

		for (; *p == '\xe2'; p += 3)
			ck_assert_int_eq(strncmp(p, "\xe2\x82\xac", 3), 0);
		ck_assert_msg(*p == '.' || *p == '\n', "cut inside");
		ck_assert_uint_eq(strspn(strchr(p, '^'), "^"), 1);
	}
}
END_TEST

START_TEST(an_error_without_a_place_draws_nothing)
{
	struct leat_error err = {.at_offset = 3};
	char buf[10] = "before";

	ck_assert_uint_eq(leat_error_caret("abcdef", &err, buf, 10), 0);
	ck_assert_str_eq(buf, "");
	err.at_bytes = 1;
	ck_assert_uint_eq(leat_error_caret(NULL, &err, buf, 10), 0);
	ck_assert_uint_eq(leat_error_caret("abc", NULL, buf, 10), 0);
	ck_assert_uint_eq(leat_error_caret("abc", &err, NULL, 0), 0);
}
END_TEST

START_TEST(a_short_buffer_gets_what_fits)
{
	struct leat_error err = {.at_offset = 2, .at_bytes = 2};
	char buf[16];

	for (size_t n = 1; n < sizeof(buf); n++) {
		size_t full = strlen("abcd\n  ^^");

		memset(buf, 'x', sizeof(buf));
		ck_assert_uint_eq(leat_error_caret("abcd", &err, buf, n),
			n - 1 < full ? n - 1 : full);
		ck_assert_int_eq(strncmp(buf, "abcd\n  ^^", n - 1), 0);
		ck_assert_int_eq(buf[n], 'x');
	}
}
END_TEST

static void
break_invariant(void *arg)
{
	LEAT_INVARIANT(arg == NULL);
}

START_TEST(a_broken_invariant_ends_the_process)
{
	int x;

	ck_assert(fail_aborts(break_invariant, &x));
	ck_assert(!fail_aborts(break_invariant, NULL));
}
END_TEST

TEST_MAIN("base/error", every_code_has_its_name_and_text,
	success_has_a_name_and_no_class, an_unknown_code_is_said_to_be_one,
	every_class_has_its_name, an_error_says_where_in_the_data_it_lies,
	an_error_is_filled_from_end_to_end, an_error_may_be_left_out,
	an_error_may_quote_itself, a_text_does_not_end_in_a_newline,
	a_long_text_is_cut_between_characters,
	a_caret_stands_below_the_guilty_piece, only_the_guilty_line_is_drawn,
	a_piece_of_several_lines_is_marked_on_its_first,
	a_tab_stays_a_tab_so_that_the_caret_lines_up,
	a_character_of_several_bytes_is_one_column,
	a_place_at_the_end_gets_one_caret,
	a_long_line_is_shortened_around_the_piece,
	a_long_line_is_not_cut_inside_a_character,
	an_error_without_a_place_draws_nothing, a_short_buffer_gets_what_fits,
	a_broken_invariant_ends_the_process)
