/*
 * unit/graph/lex.c -- words, their places, and the way back from a value.
 */
#include "graph/lex.h"
#include "unit/graph/fake.h"

static struct leat__word words[16];

/* Cut a text into words; how many there are, or a code. */
static int
cut(const char *text, struct leat_error *err)
{
	static struct leat_graph *graph;
	static struct leat__lex lex;
	int n = 0;

	if (graph) {
		leat__lex_fini(&lex, graph);
		leat__graph_free(graph);
	}
	graph = fake_graph();
	ck_assert_int_eq(leat__lex_init(&lex, graph, text, NULL), LEAT_OK);
	for (;;) {
		int rc = leat__lex_next(&lex, &words[n], err);

		if (rc < 0)
			return rc;
		if (words[n].kind == LEAT__WORD_END)
			return n;
		n++;
	}
}

START_TEST(blanks_separate_words)
{
	ck_assert_int_eq(cut("  ab\tc\r\n d ", NULL), 3);
	ck_assert_str_eq(words[0].text, "ab");
	ck_assert_uint_eq(words[0].n_bytes, 2);
	ck_assert_uint_eq(words[0].place.offset, 2);
	ck_assert_uint_eq(words[0].place.n_bytes, 2);
	ck_assert_str_eq(words[1].text, "c");
	ck_assert_str_eq(words[2].text, "d");
	ck_assert_int_eq(cut("", NULL), 0);
	ck_assert_int_eq(cut(" \n", NULL), 0);
}
END_TEST

START_TEST(a_comment_goes_to_the_end_of_the_line)
{
	ck_assert_int_eq(cut("a # b ! \"\nc#d", NULL), 2);
	ck_assert_str_eq(words[1].text, "c#d");
	ck_assert_int_eq(cut("#", NULL), 0);
}
END_TEST

START_TEST(a_bang_alone_is_a_link)
{
	ck_assert_int_eq(cut("a ! b!c !d !", NULL), 5);
	ck_assert_int_eq(words[1].kind, LEAT__WORD_LINK);
	ck_assert_str_eq(words[2].text, "b!c");
	ck_assert_str_eq(words[3].text, "!d");
	ck_assert_int_eq(words[4].kind, LEAT__WORD_LINK);
	ck_assert_int_eq(cut("\"a\"!\"b\"", NULL), 3);
	ck_assert_int_eq(words[1].kind, LEAT__WORD_LINK);
	ck_assert_int_eq(cut("\"a\"!b", NULL), 3);
	ck_assert_int_eq(cut("\"!\"", NULL), 1);
	ck_assert_int_eq(words[0].kind, LEAT__WORD_TEXT);
}
END_TEST

START_TEST(quotes_hold_anything)
{
	ck_assert_int_eq(cut("a\"b c\"d \"\" \"\\\"\\\\\\n\\t\n\"", NULL), 3);
	ck_assert_str_eq(words[0].text, "ab cd");
	ck_assert(!words[0].is_plain);
	ck_assert_str_eq(words[1].text, "");
	ck_assert_uint_eq(words[1].place.n_bytes, 2);
	ck_assert_str_eq(words[2].text, "\"\\\n\t\n");
}
END_TEST

START_TEST(a_backslash_outside_quotes_is_one)
{
	ck_assert_int_eq(cut("a\\t", NULL), 1);
	ck_assert_str_eq(words[0].text, "a\\t");
}
END_TEST

START_TEST(a_key_ends_at_the_first_equals_sign_that_is_not_quoted)
{
	ck_assert_int_eq(
		cut("k=v=w \"k=v\" k=\"v w\" =v k= \"k\"=v k", NULL), 7);
	ck_assert_uint_eq(words[0].n_key, 1);
	ck_assert_uint_eq(words[0].value.offset, 2);
	ck_assert_uint_eq(words[0].value.n_bytes, 3);
	ck_assert_uint_eq(words[1].n_key, LEAT__WORD_NO_KEY);
	ck_assert_uint_eq(words[2].n_key, 1);
	ck_assert_str_eq(words[2].text, "k=v w");
	ck_assert_uint_eq(words[2].value.n_bytes, 5);
	ck_assert_uint_eq(words[3].n_key, 0);
	ck_assert_uint_eq(words[4].n_key, 1);
	ck_assert_uint_eq(words[4].value.n_bytes, 0);
	ck_assert_uint_eq(words[5].n_key, LEAT__WORD_NO_KEY);
	ck_assert_uint_eq(words[6].n_key, LEAT__WORD_NO_KEY);
}
END_TEST

START_TEST(an_open_quote_or_bad_escape_has_a_place)
{
	struct leat_error err;

	ck_assert_int_eq(cut("ab \"c d", &err), LEAT_EINVAL);
	ck_assert_uint_eq(err.at_offset, 3);
	ck_assert_uint_eq(err.at_bytes, 1);
	ck_assert_int_eq(cut("ab \"c\\d\"", &err), LEAT_EINVAL);
	ck_assert_uint_eq(err.at_offset, 5);
	ck_assert_uint_eq(err.at_bytes, 2);
	ck_assert_int_eq(cut("\"\\", &err), LEAT_EINVAL);
	ck_assert_uint_eq(err.at_bytes, 1);
	ck_assert_int_eq(cut("\"\\", NULL), LEAT_EINVAL);
}
END_TEST

/* Where each byte of the decoded value stands; "." = nowhere. */
static void
locates(const char *text, struct leat__place value, const char *decoded)
{
	for (size_t k = 0; decoded[k]; k++) {
		uint32_t at = leat__lex_locate(text, value, k);

		if (decoded[k] == ',' && text[at] == ' ')
			continue;
		ck_assert_msg(text[at] == decoded[k] || text[at] == '\\',
			"byte %zu of '%s' is found at '%s'", k, decoded,
			text + at);
	}
}

START_TEST(every_byte_of_a_value_is_found_again)
{
	locates("abc", (struct leat__place){0, 3}, "abc");
	locates("x=\"a b\"c", (struct leat__place){2, 6}, "a bc");
	locates("\"a\\\"b\\\\\"", (struct leat__place){0, 8}, "a\"b\\");
	locates("a  b \"c d\"", (struct leat__place){0, 10}, "a,b,c d");
	locates("a, b ,c", (struct leat__place){0, 7}, "a,b,c");
	ck_assert_uint_eq(
		leat__lex_locate("a b", (struct leat__place){0, 1}, 9), 1);
}
END_TEST

TEST_MAIN("graph/lex", blanks_separate_words,
	a_comment_goes_to_the_end_of_the_line, a_bang_alone_is_a_link,
	quotes_hold_anything, a_backslash_outside_quotes_is_one,
	a_key_ends_at_the_first_equals_sign_that_is_not_quoted,
	an_open_quote_or_bad_escape_has_a_place,
	every_byte_of_a_value_is_found_again)
