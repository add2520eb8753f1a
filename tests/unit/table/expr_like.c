/*
 * tests of table/expr_like.c: against a matcher that tries everything.
 */
#include "unit/table/values.h"

START_TEST(percent_is_any_text_and_underscore_a_character)
{
	static const struct values_case cases[] = {
		{"'abc' like 'abc'", "bool true"},
		{"'abc' like 'ab'", "bool false"},
		{"'abc' like 'a%'", "bool true"},
		{"'abc' like '%c'", "bool true"},
		{"'abc' like '%b%'", "bool true"},
		{"'abc' like '%'", "bool true"},
		{"'' like '%'", "bool true"},
		{"'' like ''", "bool true"},
		{"'' like '_'", "bool false"},
		{"'abc' like '___'", "bool true"},
		{"'abc' like '____'", "bool false"},
		{"'abc' like 'a_c'", "bool true"},
		{"'aXbXc' like 'a%X%c'", "bool true"},
		{"'ab' like 'a%b%b'", "bool false"},
		{"'\xc3\x86' like '_'", "bool true"},
		{"'\xc3' like '_'", "bool true"},
		{"'a\xc3\x86"
		 "b' like 'a_b'",
			"bool true"},
		{"'ABC' like 'abc'", "bool false"},
		{"'ABC' ilike 'a_c'", "bool true"},
		{"'\xc3\x86' ilike '\xc3\xa6'", "bool true"},
		{"'abc' not like 'a%'", "bool false"},
		{"n::string like '%'", "bool null"},
		{"s like 'x'", "bool false"},
	};

	VALUES_ARE(cases);
}
END_TEST

START_TEST(an_escaped_character_is_itself)
{
	static const struct values_case cases[] = {
		{"'a%b' like 'a!%b' escape '!'", "bool true"},
		{"'axb' like 'a!%b' escape '!'", "bool false"},
		{"'a_b' like 'a!_b' escape '!'", "bool true"},
		{"'a!b' like 'a!!b' escape '!'", "bool true"},
		{"'a\\b' like 'a\\b'", "bool true"},
	};

	VALUES_ARE(cases);
}
END_TEST

/* What like means, by trying every length that % could have. */
static bool
is_like(const char *text, const char *pattern)
{
	if (!*pattern)
		return !*text;
	if (*pattern == '%') {
		for (;; text++) {
			if (is_like(text, pattern + 1))
				return true;
			if (!*text)
				return false;
		}
	}
	return *text && (*pattern == '_' || *pattern == *text) &&
		is_like(text + 1, pattern + 1);
}

/* The k-th word over an alphabet. */
static void
word(uint32_t k, const char *letters, uint32_t len, char *out)
{
	uint32_t n = (uint32_t)strlen(letters);

	for (uint32_t at = 0; at < len; at++, k /= n)
		out[at] = letters[k % n];
	out[len] = '\0';
}

/* Every pattern of up to four of a b _ %, in one condition over all texts of
 * up to five of a b. */
START_TEST(every_short_pattern_is_as_it_means)
{
	static char lines[600];
	static const char *const names[] = {"x"};
	struct leat_expr_error err;
	struct leat_schema *schema;
	struct leat_frame *frame;
	struct leat_table t;
	struct fake f;
	size_t at = 0;

	for (uint32_t len = 1; len <= 5; len++)
		for (uint32_t k = 0; k < 1u << len; k++) {
			word(k, "ab", len, lines + at);
			at += len;
			lines[at++] = '\n';
		}
	fake_init(&f, LEAT_EXPR_SIDE_BYTES, 65536);
	schema = fake_schema(&f, names, 1);
	frame = fake_table(&f, schema, lines, &t);
	for (uint32_t len = 1; len <= 4; len++)
		for (uint32_t k = 0; k < 1u << (2 * len); k++) {
			char pattern[8], source[32];
			uint32_t n = 0, n_want = 0, rows[70];
			struct leat_expr *e;

			word(k, "ab_%", len, pattern);
			snprintf(
				source, sizeof(source), "x like '%s'", pattern);
			ck_assert_int_eq(
				leat_expr_parse(&f.st, source, &e, &err), 0);
			ck_assert_int_eq(leat_expr_bind(e, schema, &err), 0);
			ck_assert_int_eq(
				leat_expr_filter(e, &t, rows, &n, NULL), 0);
			for (uint32_t row = 0; row < t.n_rows; row++) {
				struct leat_text x = leat_table_raw(&t, 0, row);
				char text[8];

				memcpy(text, x.data, x.len);
				text[x.len] = '\0';
				if (!is_like(text, pattern))
					continue;
				ck_assert_msg(n_want < n && rows[n_want] == row,
					"'%s' like '%s'", text, pattern);
				n_want++;
			}
			ck_assert_uint_eq(n, n_want);
			leat_expr_destroy(e);
		}
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("table/expr_like", percent_is_any_text_and_underscore_a_character,
	an_escaped_character_is_itself, every_short_pattern_is_as_it_means)
