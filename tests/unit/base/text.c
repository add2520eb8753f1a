/*
 * unit/base/text.c -- bounded text, and how alike two names are.
 */
#include "base/base.h"
#include "support/test.h"

START_TEST(pieces_are_added_one_after_the_other)
{
	char buf[20];
	struct leat__text t = {buf, sizeof(buf), 0};

	leat__text_add(&t, "a%d", 1);
	leat__text_add(&t, "%s", "");
	leat__text_add(&t, "-%s", "b");
	ck_assert_str_eq(buf, "a1-b");
	ck_assert_uint_eq(t.at, 4);
}
END_TEST

START_TEST(what_does_not_fit_is_counted_and_cut)
{
	char buf[6] = "";
	struct leat__text t = {buf, 5, 0};

	buf[5] = 'x';
	leat__text_add(&t, "abc");
	leat__text_add(&t, "def");
	leat__text_add(&t, "ghi");
	ck_assert_str_eq(buf, "abcd");
	ck_assert_uint_eq(t.at, 9);
	ck_assert_int_eq(buf[5], 'x');
}
END_TEST

START_TEST(a_buffer_of_no_bytes_only_counts)
{
	struct leat__text t = {NULL, 0, 0};

	leat__text_add(&t, "abc");
	leat__text_add(&t, "%d", 12345);
	ck_assert_uint_eq(t.at, 8);
}
END_TEST

static uint32_t
distance(const char *a, const char *b)
{
	uint32_t d = leat__edit_distance(a, strlen(a), b, strlen(b));

	ck_assert_uint_eq(d, leat__edit_distance(b, strlen(b), a, strlen(a)));
	return d;
}

START_TEST(a_string_of_json_holds_any_bytes)
{
	char buf[128];
	struct leat__text t = {buf, sizeof(buf), 0};
	char word[8];

	leat__text_add_json(&t, "a\"\\\n\t\x7f \xc3\xa4\xff\xc3");
	ck_assert_str_eq(
		buf, "\"a\\\"\\\\\\n\\u0009\\u007f \xc3\xa4\\ufffd\\ufffd\"");
	for (unsigned c = 0; c < 256; c++) {
		size_t n = leat__json_escape((uint8_t)c, word);
		bool is_plain = c >= 0x20 && c != 0x7f && c != '"' && c != '\\';

		ck_assert_uint_eq(n,
			is_plain                                     ? 0
				: c == '"' || c == '\\' || c == '\n' ? 2
								     : 6);
	}
}
END_TEST

START_TEST(one_slip_of_the_finger_is_a_distance_of_one)
{
	ck_assert_uint_eq(distance("where", "where"), 0);
	ck_assert_uint_eq(distance("where", "wher"), 1);
	ck_assert_uint_eq(distance("where", "wheere"), 1);
	ck_assert_uint_eq(distance("where", "whexe"), 1);
	ck_assert_uint_eq(distance("where", "hwere"), 1);
	ck_assert_uint_eq(distance("where", "wheer"), 1);
	ck_assert_uint_eq(distance("", "a"), 1);
}
END_TEST

START_TEST(slips_add_up_and_are_cut_at_four)
{
	ck_assert_uint_eq(distance("delay", "dealy"), 1);
	ck_assert_uint_eq(distance("ca", "abc"), 3);
	ck_assert_uint_eq(distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(distance("abcd", "wxyz"), 4);
	ck_assert_uint_eq(distance("abcdefgh", "stuvwxyz"), 4);
	ck_assert_uint_eq(distance("", "abcdefgh"), 4);
	ck_assert_uint_eq(distance("", ""), 0);
}
END_TEST

START_TEST(long_names_are_compared_where_they_differ)
{
	char a[300], b[300];

	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	b[150] = 'b';
	ck_assert_uint_eq(leat__edit_distance(a, 300, b, 300), 1);
	ck_assert_uint_eq(leat__edit_distance(a, 300, b, 299), 2);
	memset(b, 'b', sizeof(b));
	ck_assert_uint_eq(leat__edit_distance(a, 300, b, 300), 4);
	ck_assert_uint_eq(leat__edit_distance(a, 64, b, 64), 4);
	/* only one of the two is too long */
	ck_assert_uint_eq(leat__edit_distance(a, 300, "zz", 2), 4);
	ck_assert_uint_eq(leat__edit_distance("zz", 2, a, 300), 4);
}
END_TEST

TEST_MAIN("base/text", pieces_are_added_one_after_the_other,
	what_does_not_fit_is_counted_and_cut, a_buffer_of_no_bytes_only_counts,
	a_string_of_json_holds_any_bytes,
	one_slip_of_the_finger_is_a_distance_of_one,
	slips_add_up_and_are_cut_at_four,
	long_names_are_compared_where_they_differ)
