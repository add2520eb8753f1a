/*
 * unit/graph/suggest.c -- "did you mean", and when not to ask.
 */
#include "unit/graph/fake.h"

static const char *
nearest(const char *word, const char *const *candidates)
{
	static char buf[64];
	struct leat__text text = {buf, sizeof(buf), 0};
	struct leat__suggest suggest = leat__suggest_for(word, strlen(word));

	for (; *candidates; candidates++)
		leat__suggest_look(&suggest, *candidates, strlen(*candidates));
	buf[0] = '\0';
	leat__suggest_add(&suggest, &text);
	return buf;
}

START_TEST(the_nearest_word_is_named)
{
	const char *const names[] = {"head", "read", "where", NULL};

	ck_assert_str_eq(nearest("reed", names), " (did you mean 'read'?)");
	ck_assert_str_eq(nearest("wheer", names), " (did you mean 'where'?)");
	ck_assert_str_eq(nearest("hd", names), "");
}
END_TEST

START_TEST(other_cases_and_parts_the_other_way_round_are_nearest)
{
	const char *const names[] = {"read", "head", "csv.parse", NULL};

	ck_assert_str_eq(nearest("Head", names), " (did you mean 'head'?)");
	ck_assert_str_eq(nearest("HEAD", names), " (did you mean 'head'?)");
	ck_assert_str_eq(
		nearest("parse.csv", names), " (did you mean 'csv.parse'?)");
	ck_assert_str_eq(nearest("parse.cs", names), "");
	ck_assert_str_eq(nearest(".parsecsv", names), "");
	ck_assert_str_eq(nearest("parsecsv.", names), "");
}
END_TEST

START_TEST(the_first_of_equals_is_named)
{
	const char *const names[] = {"bead", "head", NULL};

	ck_assert_str_eq(nearest("read", names), " (did you mean 'bead'?)");
}
END_TEST

START_TEST(what_is_far_is_not_named)
{
	const char *const names[] = {"select", "on", "n", NULL};

	ck_assert_str_eq(nearest("where", names), "");
	ck_assert_str_eq(nearest("x", names), "");
	ck_assert_str_eq(nearest("", names), "");
	ck_assert_str_eq(nearest("sleect", names), " (did you mean 'select'?)");
	ck_assert_str_eq(
		nearest("sleecxt", names), " (did you mean 'select'?)");
	ck_assert_str_eq(nearest("sleexyt", names), "");
}
END_TEST

TEST_MAIN("graph/suggest", the_nearest_word_is_named,
	other_cases_and_parts_the_other_way_round_are_nearest,
	the_first_of_equals_is_named, what_is_far_is_not_named)
