/*
 * unit/graph/option.c -- options structs and tables: what is accepted.
 */
#include "unit/graph/fake.h"

START_TEST(a_filled_struct_is_checked_field_by_field)
{
	struct fake_all_opts good = {.size = sizeof(good),
		.uint = 100,
		.sint = -5,
		.number = 1,
		.yes = 1,
		.byte = 255,
		.one_of = 2};
	struct fake_all_opts bad[8];
	static const char *const words[8] = {"'uint': '101'", "'int': '6'",
		"'number': '1.5'", "'duration'", "'bool': '2'", "'char': '256'",
		"'enum': '3'", "flags are 0x1"};
	struct leat_error err;

	ck_assert_int_eq(leat__options_check(&fake_all, &good, NULL), LEAT_OK);
	for (size_t k = 0; k < 8; k++)
		bad[k] = good;
	bad[0].uint = 101;
	bad[1].sint = 6;
	bad[2].number = 1.5;
	bad[3].duration = -1;
	bad[4].yes = 2;
	bad[5].byte = 256;
	bad[6].one_of = 3;
	bad[7].flags = 1;
	for (size_t k = 0; k < 8; k++) {
		ck_assert_int_eq(leat__options_check(&fake_all, &bad[k], &err),
			LEAT_EINVAL);
		ck_assert_msg(
			strstr(err.text, words[k]) != NULL, "%s", err.text);
	}
}
END_TEST

START_TEST(a_required_field_must_be_there)
{
	struct fake_path_opts opts = {.size = sizeof(opts)};
	struct leat_error err;

	ck_assert_int_eq(
		leat__options_check(&fake_read, &opts, &err), LEAT_EINVAL);
	ck_assert_str_eq(err.text, "stage 'read' needs option 'path': a file");
	opts.path = "";
	ck_assert_int_eq(
		leat__options_check(&fake_read, &opts, &err), LEAT_EINVAL);
	opts.path = "x";
	ck_assert_int_eq(leat__options_check(&fake_read, &opts, &err), LEAT_OK);
}
END_TEST

START_TEST(a_bad_entry_of_a_table_is_refused)
{
	static const struct leat_option bad[] = {
		{.name = "a b", .type = LEAT_OPTION_UINT, .offset = 8},
		{.name = "name", .type = LEAT_OPTION_UINT, .offset = 8},
		{.name = "x", .type = 0, .offset = 8},
		{.name = "x", .type = 10, .offset = 8},
		{.name = "x", .type = LEAT_OPTION_UINT, .offset = 0},
		{.name = "x", .type = LEAT_OPTION_UINT, .offset = 12},
		{.name = "x", .type = LEAT_OPTION_UINT, .offset = 16},
		{.name = "x",
			.type = LEAT_OPTION_UINT,
			.offset = 8,
			.flags = 1u << 31},
		{.name = "x",
			.type = LEAT_OPTION_UINT,
			.offset = 8,
			.flags = LEAT_OPTION_REST | LEAT_OPTION_POSITIONAL},
		{.name = "x",
			.type = LEAT_OPTION_STRING,
			.offset = 8,
			.flags = LEAT_OPTION_REST},
		{.name = "x", .type = LEAT_OPTION_ENUM, .offset = 8},
		{.name = "x",
			.type = LEAT_OPTION_INT,
			.offset = 8,
			.min = 2,
			.max = 1},
		{.name = "x", .type = LEAT_OPTION_UINT, .offset = 8, .min = -1},
		{.name = "x",
			.type = LEAT_OPTION_UINT,
			.offset = 8,
			.min = 1,
			.max = 5,
			.fallback = "6"},
		{.name = "x",
			.type = LEAT_OPTION_BOOL,
			.offset = 8,
			.fallback = "on"},
		{.name = "x",
			.type = LEAT_OPTION_ENUM,
			.offset = 8,
			.values = "a|b",
			.fallback = "b"},
	};
	static const struct leat_option good = {.name = "x",
		.type = LEAT_OPTION_UINT,
		.offset = 8,
		.fallback = "3"};
	struct leat_error err;

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		ck_assert_msg(leat__option_check_entry(&bad[k], 16, &err) ==
				LEAT_EINVAL,
			"entry %zu is accepted", k);
		ck_assert_ptr_nonnull(strstr(err.text, bad[k].name));
	}
	ck_assert_int_eq(leat__option_check_entry(&good, 16, &err), LEAT_OK);
}
END_TEST

TEST_MAIN("graph/option", a_filled_struct_is_checked_field_by_field,
	a_required_field_must_be_there, a_bad_entry_of_a_table_is_refused)
