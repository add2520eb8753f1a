/*
 * tests of table/expr_parse.c: what is refused, and where.
 */
#include "unit/table/fake.h"

static struct fake f;

static int
parse(const char *source, struct leat_expr_error *err)
{
	struct leat_expr *e = NULL;
	int rc;

	fake_init(&f, LEAT_EXPR_SIDE_BYTES, 4096);
	rc = leat_expr_parse(&f.st, source, &e, err);
	ck_assert(rc || e);
	fake_fini(&f);
	return rc;
}

START_TEST(conditions_are_read)
{
	static const char *const good[] = {"a = 1", "a=1", "a == -1.5e3",
		"a!='x'", "a <> 'it''s'", "a<b", "a<=b", "a>b", "a>=b",
		"a = 1 and b = 2 or not c = 3", "not not a = 1", "((a = 1))",
		"\"a b\" = 1", "`a``b` = '\"'", "a is null",
		"a IS NOT NULL AND b = 1", "1 < a", "a = .5", "a = '' ",
		"\ta\n=\r1", "h\xc3\xa9 = 1", "a > -9223372036854775808",
		"a.b_c = 1", "a = 99999999999999999999"};
	struct leat_expr_error err;

	for (size_t k = 0; k < leat__array_len(good); k++)
		ck_assert_msg(parse(good[k], &err) == LEAT_OK, "%s: %s",
			good[k], err.text);
}
END_TEST

START_TEST(an_error_has_its_place)
{
	static const struct {
		const char *source;
		uint32_t offset, n_bytes;
		const char *text;
	} bad[] = {
		{"", 0, 1, "empty"},
		{"   ", 0, 1, "empty"},
		{"delay", 5, 1, "comparison"},
		{"delay >", 7, 1, "missing at the end"},
		{"delay 60", 6, 2, "comparison"},
		{"delay > 60 dest", 11, 4, "'and', 'or' or the end"},
		{"delay > and x = 1", 8, 3, "column, a number"},
		{"(a = 1", 0, 1, "not closed"},
		{"a = 1)", 5, 1, "'and', 'or' or the end"},
		{"a = (b = 1)", 4, 1, "column, a number"},
		{"a = 'x", 4, 2, "not closed"},
		{"a = `x", 4, 2, "not closed"},
		{"a % 2", 2, 1, "means nothing"},
		{"a = 12x4", 4, 4, "not a number"},
		{"a = 1e999", 4, 5, "not a number"},
		{"1 is null", 0, 1, "only a column"},
		{"a is 3", 5, 1, "'null'"},
		{"not", 3, 1, "missing at the end"},
		{"null = 1", 0, 4, "column, a number"},
	};

	for (size_t k = 0; k < leat__array_len(bad); k++) {
		struct leat_expr_error err = {0};

		ck_assert_int_eq(parse(bad[k].source, &err), LEAT_EINVAL);
		ck_assert_msg(err.offset == bad[k].offset &&
				err.n_bytes == bad[k].n_bytes &&
				strstr(err.text, bad[k].text),
			"'%s': %u+%u %s", bad[k].source, err.offset,
			err.n_bytes, err.text);
	}
}
END_TEST

/* n times a, then b, then n times c. */
static void
nest(char *out, int n, const char *a, const char *b, const char *c)
{
	*out = '\0';
	for (int k = 0; k < n; k++)
		strcat(out, a);
	strcat(out, b);
	for (int k = 0; k < n; k++)
		strcat(out, c);
}

START_TEST(depth_is_limited)
{
	static char text[2000];
	struct leat_expr_error err;

	nest(text, LEAT_EXPR_DEPTH_MAX, "(", "a = 1 or b = 1", ")");
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
	nest(text, LEAT_EXPR_DEPTH_MAX, "(b = 1 or a = 1 and ", "a = 1", ")");
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
	nest(text, LEAT_EXPR_DEPTH_MAX + 1, "(", "a = 1", ")");
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
	ck_assert_uint_eq(err.offset, LEAT_EXPR_DEPTH_MAX);
	nest(text, LEAT_EXPR_DEPTH_MAX, "not ", "a = 1", "");
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
	nest(text, LEAT_EXPR_DEPTH_MAX + 1, "not ", "a = 1", "");
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
}
END_TEST

START_TEST(parts_and_bytes_are_limited)
{
	static char text[LEAT_EXPR_TEXT_MAX + 2];
	struct leat_expr_error err;

	nest(text, LEAT_EXPR_NODES_MAX - 2, "a=1 or ", "a=1", "");
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
	nest(text, LEAT_EXPR_NODES_MAX - 1, "a=1 or ", "a=1", "");
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "a=1", 3);
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
	text[LEAT_EXPR_TEXT_MAX] = '\0';
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
}
END_TEST

START_TEST(no_memory_is_an_error)
{
	struct leat_expr_error err;
	struct leat_expr *e;

	fake_init(&f, 64, 4096);
	ck_assert_int_eq(
		leat_expr_parse(&f.st, "a = 1", &e, &err), LEAT_ELIMIT);
	ck_assert_int_eq(
		leat_expr_parse(&f.st, "a = 1", &e, NULL), LEAT_ELIMIT);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("table/expr_parse", conditions_are_read, an_error_has_its_place,
	depth_is_limited, parts_and_bytes_are_limited, no_memory_is_an_error)
