/*
 * tests of table/expr_parse.c: what is refused, and where.
 */
#include "unit/table/fake.h"

#ifdef LEAT_WITH_PCRE2
#define NEEDS_MUCH "a ~ 'x' and b like 'y'"
#else
#define NEEDS_MUCH "b like 'y'"
#endif

static struct fake f;

static int
parse(const char *source, struct leat_expr_error *err)
{
	struct leat_expr *e = NULL;
	int rc;

	fake_init(&f, LEAT_EXPR_SIDE_BYTES, 4096);
	rc = leat_expr_parse(&f.st, source, &e, err);
	ck_assert(rc || e);
	ck_assert(rc || leat_expr_side_bytes(e) <= LEAT_EXPR_SIDE_BYTES);
	if (!rc)
		leat_expr_destroy(e);
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
		"a.b_c = 1", "a = 99999999999999999999", "delay", "1 is null",
		"a = (b = 1)", "null = 1", "a % 2", "a in (1)", "f.x::date",
		"case when a then 1 end", "case a when 1 then 2 else 3 end",
		"a not in (1,2)", "a not between 1 and 2", "a not like 'x'",
		"CAST ( a AS Decimal ( 3 ) )", "date = 1", "date",
		"\"case\" = 1", "case (a) when (1) then (2) end", "if(a, 1, 2)",
		"coalesce(a)"};
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
		{"delay >", 7, 1, "missing at the end"},
		{"delay 60", 6, 2, "an operator, 'and', 'or' or the end"},
		{"delay > 60 dest", 11, 4, "'and', 'or' or the end"},
		{"delay > and x = 1", 8, 3, "column, a number"},
		{"(a = 1", 0, 1, "not closed"},
		{"a = 1)", 5, 1, "'and', 'or' or the end"},
		{"a = 1 = 2", 6, 1, "'and', 'or' or the end"},
		{"(a = 1 2)", 7, 1, "'and', 'or' or ')'"},
		{"a = 'x", 4, 2, "the text is not closed; a ' is missing"},
		{"a = `x", 4, 2, "the name is not closed; a ` is missing"},
		{"a ? 2", 2, 1, "means nothing"},
		{"a = 12x4", 4, 4, "not a number"},
		{"a = 1e999", 4, 5, "not a number"},
		{"a is 3", 5, 1, "'null'"},
		{"a is not 3", 9, 1, "'null'"},
		{"not", 3, 1, "missing at the end"},
		{"a not 3", 6, 1, "'between', 'in', 'like' or 'ilike'"},
		{"a between 1 or 2", 12, 2, "'and' and the other end"},
		{"a in 3", 5, 1, "a list in parentheses"},
		{"a in ()", 6, 1, "a value"},
		{"a in (1,)", 8, 1, "a value"},
		{"a in (1 2)", 8, 1, "a comma or ')'"},
		{"a in (1", 5, 1, "not closed"},
		{"abs(", 4, 1, "missing at the end"},
		{"abs(1", 3, 1, "not closed"},
		{"abs()", 4, 1, "a value"},
		{"case end", 5, 3, "column, a number"},
		{"case a end", 7, 3, "'when'"},
		{"case when a end", 12, 3, "'then'"},
		{"case when a then b", 18, 1, "'when', 'else' or 'end'"},
		{"cast(a)", 6, 1, "'as' and a type"},
		{"cast(a as int)", 10, 3, "no type 'int'"},
		{"cast(a as date", 14, 1, "')'"},
		{"a::", 3, 1, "a type is missing"},
		{"a::decimal", 10, 1, "decimal needs one number"},
		{"date '2024-13-01'", 0, 17, "is no date"},
		{"timestamp 'now'", 0, 15, "is no timestamp"},
		{"a like b", 7, 1, "written out"},
		{"a like 'x' escape 'ab'", 18, 4, "one ASCII character"},
		{"a like 'x!' escape '!'", 7, 4, "nothing stands behind"},
		{"a ~ b", 4, 1, "written out"},
		{"if(a, b)", 0, 8, "if(test, then, else)"},
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

	/* a call with an argument less than there may be nodes */
	text[0] = '\0';
	strcat(text, "concat(a");
	for (int k = 0; k < 150; k++)
		strcat(text, ",a");
	strcat(text, ")");
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
	nest(text, (LEAT_EXPR_NODES_MAX - 1) / 2 - 1, ",1,a", "", "");
	memcpy(text, "a in(", 5);
	strcat(text, ")");
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
	nest(text, LEAT_EXPR_NODES_MAX / 2 + 1, ",1,a", "", "");
	memcpy(text, "a in(", 5);
	strcat(text, ")");
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "over 4096 parts"));
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "a=1", 3);
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
	text[LEAT_EXPR_TEXT_MAX] = '\0';
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
}
END_TEST

START_TEST(operators_in_each_other_are_limited)
{
	static char text[LEAT_EXPR_TEXT_MAX];
	struct leat_expr_error err;

	nest(text, 256, "", "a", "+1");
	ck_assert_int_eq(parse(text, &err), LEAT_OK);
	nest(text, 257, "", "a", "+1");
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "over 256 operators"));
	nest(text, 60, "concat(1,2,3,", "a", ")");
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "values at once"));
	nest(text, 65, "- ", "a", "");
	ck_assert_int_eq(parse(text, &err), LEAT_ELIMIT);
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
	/* at each place where it could be missing, and then there is some */
	for (uint64_t n = 64; n < 1 << 20; n += 2000) {
		int rc;

		fake_init(&f, n, 4096);
		rc = leat_expr_parse(&f.st, NEEDS_MUCH, &e, &err);
		if (!rc)
			leat_expr_destroy(e);
		fake_fini(&f);
		if (!rc)
			return;
		ck_assert_int_eq(rc, LEAT_ELIMIT);
	}
	ck_abort_msg("a megabyte is not enough");
}
END_TEST

TEST_MAIN("table/expr_parse", conditions_are_read, an_error_has_its_place,
	depth_is_limited, parts_and_bytes_are_limited,
	operators_in_each_other_are_limited, no_memory_is_an_error)
