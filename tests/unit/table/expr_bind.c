/*
 * tests of table/expr_bind.c
 */
#include "unit/table/fake.h"

static struct leat_column columns[] = {{"delay", LEAT_TYPE_TEXT, 0, 0, 0, 0},
	{"origin", LEAT_TYPE_TEXT, 1, 0, 0, 0},
	{"n", LEAT_TYPE_INT64, LEAT_FIELD_NONE, 0, 0, 0},
	{"ok", LEAT_TYPE_BOOL, LEAT_FIELD_NONE, 1, 0, 0}};
static const struct leat_schema schema = {.n_columns = 4,
	.n_fields = 2,
	.separator = ',',
	.quote = '"',
	.columns = columns};

static int
bind(const char *source, struct leat_expr_error *err)
{
	struct leat_expr *e = NULL;
	struct fake f;
	int rc;

	fake_init(&f, LEAT_EXPR_SIDE_BYTES, 4096);
	ck_assert_int_eq(leat_expr_parse(&f.st, source, &e, err), LEAT_OK);
	rc = leat_expr_bind(e, &schema, err);
	if (!rc)
		ck_assert_int_eq(leat_expr_bind(e, &schema, err), LEAT_OK);
	leat_expr_destroy(e);
	fake_fini(&f);
	return rc;
}

START_TEST(conditions_that_can_be_true_are_accepted)
{
	static const char *const good[] = {"delay > 60", "delay > n",
		"origin = 'OSL'", "origin = delay", "n > 1.5", "60 < delay",
		"ok is not null", "'a' = 'a'", "1 < 2", "delay = ''"};
	struct leat_expr_error err;

	for (size_t k = 0; k < leat__array_len(good); k++)
		ck_assert_msg(bind(good[k], &err) == LEAT_OK, "%s", err.text);
}
END_TEST

START_TEST(types_that_never_match_are_refused)
{
	static const struct {
		const char *source;
		uint32_t offset, n_bytes;
	} bad[] = {{"n = 'x'", 0, 7}, {"delay = 1 and n = '5x'", 14, 8},
		{"ok > 1", 0, 6}, {"'a' > 1", 0, 7}, {"'x' = n", 0, 7}};

	for (size_t k = 0; k < leat__array_len(bad); k++) {
		struct leat_expr_error err = {0};

		ck_assert_int_eq(bind(bad[k].source, &err), LEAT_EINVAL);
		ck_assert_uint_eq(err.offset, bad[k].offset);
		ck_assert_uint_eq(err.n_bytes, bad[k].n_bytes);
		ck_assert_ptr_nonnull(strstr(err.text, "cannot be compared"));
	}
}
END_TEST

START_TEST(an_unknown_column_gets_a_suggestion)
{
	struct leat_expr_error err;

	ck_assert_int_eq(bind("delay > 1 or orgin = 'x'", &err), LEAT_EINVAL);
	ck_assert_uint_eq(err.offset, 13);
	ck_assert_uint_eq(err.n_bytes, 5);
	ck_assert_str_eq(err.text,
		"no column 'orgin'; did you mean 'origin'?; there are: delay, "
		"origin, n, ok");
	ck_assert_int_eq(bind("zz::int64", &err), LEAT_EINVAL);
	ck_assert_str_eq(
		err.text, "no column 'zz'; there are: delay, origin, n, ok");
	ck_assert_int_eq(bind("origin = OSL", &err), LEAT_EINVAL);
	ck_assert_str_eq(err.text,
		"no column 'OSL' (a text stands in single quotes); there are: "
		"delay, origin, n, ok");
	ck_assert_int_eq(bind("origin = \"Frankfurt\"", &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "single quotes"));
	ck_assert_uint_eq(err.n_bytes, 11);
}
END_TEST

TEST_MAIN("table/expr_bind", conditions_that_can_be_true_are_accepted,
	types_that_never_match_are_refused, an_unknown_column_gets_a_suggestion)
