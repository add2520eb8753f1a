/*
 * tests of table/schema.c
 */
#include "unit/table/fake.h"

static struct fake f;

static void
setup(void)
{
	fake_init(&f, 16 << 20, 65536);
}

START_TEST(a_schema_has_its_names_in_order)
{
	static const char *const names[] = {"a", "", "c d"};
	struct leat_schema *s;

	setup();
	s = fake_schema(&f, names, 3);
	ck_assert_uint_eq(s->n_columns, 3);
	ck_assert_uint_eq(s->n_fields, 3);
	ck_assert_uint_eq(s->separator, ',');
	ck_assert_uint_eq(s->quote, '"');
	for (uint32_t k = 0; k < 3; k++) {
		ck_assert_str_eq(s->columns[k].name, names[k]);
		ck_assert_uint_eq(s->columns[k].type, LEAT_TYPE_TEXT);
		ck_assert_uint_eq(s->columns[k].field, k);
		ck_assert_int_eq(
			leat_schema_find(s, names[k], strlen(names[k])),
			(int)k);
	}
	ck_assert_int_eq(leat_schema_find(s, "c", 1), -1);
	ck_assert_int_eq(leat_schema_find(s, "c dx", 3), 2);
	fake_fini(&f);
}
END_TEST

START_TEST(a_name_that_comes_again_gets_a_number)
{
	static const char *const names[] = {"a", "a", "a_2", "a", ""};
	struct leat_schema *s;

	setup();
	s = fake_schema(&f, names, 5);
	ck_assert_str_eq(s->columns[1].name, "a_2");
	ck_assert_str_eq(s->columns[2].name, "a_2_2");
	ck_assert_str_eq(s->columns[3].name, "a_3");
	fake_fini(&f);
}
END_TEST

START_TEST(limits_of_a_schema_are_kept)
{
	static struct leat_text names[LEAT_TABLE_COLUMNS_MAX + 1];
	static uint8_t letters[LEAT_TABLE_NAME_MAX + 1];
	struct leat_schema *s;

	setup();
	memset(letters, 'x', sizeof(letters));
	names[0] = (struct leat_text){letters, LEAT_TABLE_NAME_MAX + 1};
	ck_assert_int_eq(leat_schema_create(&f.st, names, 1, &s), LEAT_ELIMIT);
	names[0].len--;
	ck_assert_int_eq(leat_schema_create(&f.st, names, 1, &s), LEAT_OK);
	ck_assert_int_eq(leat_schema_create(&f.st, names, 0, &s), LEAT_EINVAL);
	for (uint32_t k = 0; k < LEAT_TABLE_COLUMNS_MAX + 1; k++)
		names[k] = fake_text("x");
	ck_assert_int_eq(leat_schema_create(
				 &f.st, names, LEAT_TABLE_COLUMNS_MAX + 1, &s),
		LEAT_ELIMIT);
	names[0] = (struct leat_text){(const uint8_t *)"a\0b", 3};
	ck_assert_int_eq(leat_schema_create(&f.st, names, 1, &s), LEAT_EINVAL);
	fake_fini(&f);
}
END_TEST

START_TEST(a_schema_over_the_side_memory_is_refused)
{
	struct leat_text name = fake_text("a");
	struct leat_schema *s;

	fake_init(&f, 16, 65536);
	ck_assert_int_eq(leat_schema_create(&f.st, &name, 1, &s), LEAT_ELIMIT);
	fake_fini(&f);
}
END_TEST

START_TEST(the_nearest_name_is_suggested)
{
	static const char *const names[] = {"date", "delay", "origin_city"};
	struct leat_schema *s;

	setup();
	s = fake_schema(&f, names, 3);
	ck_assert_str_eq(leat_schema_suggest(s, "dealy", 5), "delay");
	ck_assert_str_eq(leat_schema_suggest(s, "DELAY", 5), "delay");
	ck_assert_str_eq(
		leat_schema_suggest(s, "origin_cty", 10), "origin_city");
	ck_assert_ptr_null(leat_schema_suggest(s, "passengers", 10));
	fake_fini(&f);
}
END_TEST

START_TEST(names_are_listed_as_far_as_there_is_room)
{
	static const char *const names[] = {"alpha", "beta", "gamma", "delta",
		"epsilon", "zeta", "eta", "theta"};
	struct leat_schema *s;
	char buf[64];

	setup();
	s = fake_schema(&f, names, 3);
	leat_schema_names(s, buf, sizeof(buf));
	ck_assert_str_eq(buf, "alpha, beta, gamma");
	s = fake_schema(&f, names, 8);
	ck_assert_uint_lt(leat_schema_names(s, buf, sizeof(buf)), 64);
	ck_assert_ptr_nonnull(strstr(buf, ", ... (8 in all)"));
	ck_assert_uint_eq(leat_schema_names(s, buf, 4), 3);
	fake_fini(&f);
}
END_TEST

START_TEST(a_name_that_is_none_is_told_with_the_nearest)
{
	static const char *const names[] = {"delay", "origin"};
	struct leat_text near = {(const uint8_t *)"dely or", 4};
	struct leat_text far = {(const uint8_t *)"passengers", 10};
	char buf[96];
	struct leat_schema *s;
	size_t n;

	setup();
	s = fake_schema(&f, names, 2);
	n = leat_schema_unknown(s, near, buf, sizeof(buf));
	ck_assert_str_eq(buf,
		"no column 'dely'; did you mean 'delay'?; there are: delay, "
		"origin");
	ck_assert_uint_eq(n, strlen(buf));
	leat_schema_unknown(s, far, buf, sizeof(buf));
	ck_assert_str_eq(
		buf, "no column 'passengers'; there are: delay, origin");
	ck_assert_uint_eq(leat_schema_unknown(s, near, buf, 5), n);
	ck_assert_str_eq(buf, "no c");
	fake_fini(&f);
}
END_TEST

START_TEST(types_have_names)
{
	ck_assert_str_eq(leat_type_name(LEAT_TYPE_TEXT), "string");
	ck_assert_str_eq(leat_type_name(LEAT_TYPE_BOOL), "bool");
	ck_assert_str_eq(leat_type_name(99), "?");
}
END_TEST

TEST_MAIN("table/schema", a_schema_has_its_names_in_order,
	a_name_that_comes_again_gets_a_number, limits_of_a_schema_are_kept,
	a_schema_over_the_side_memory_is_refused, the_nearest_name_is_suggested,
	names_are_listed_as_far_as_there_is_room,
	a_name_that_is_none_is_told_with_the_nearest, types_have_names)
