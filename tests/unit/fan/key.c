/*
 * unit/fan/key.c -- what stands before what: nulls, numbers exactly, text to
 * its end; and that the bits never say the opposite.
 */
#include "unit/table/fake.h"

#include "fan/key.h"

#define ROWS_MAX 64u

static struct fake fake;
static struct leat__key_spec spec;
static struct leat_table table;
static struct leat_frame *frame;
static struct leat__key_value values[ROWS_MAX];
static uint32_t column_type = LEAT_TYPE_TEXT, column_scale;

/* The values of column a, as the key says. */
static void
read_lines(const char *key, const char *lines)
{
	static const char *const names[] = {"a", "b"};
	uint32_t columns[LEAT__KEY_COLUMNS_MAX];
	struct leat_schema *schema;

	fake_init(&fake, 1 << 20, 1 << 20);
	memset(&spec, 0, sizeof(spec));
	ck_assert_int_eq(leat__key_parse(&fake.st, &spec, "key", key), LEAT_OK);
	schema = fake_schema(&fake, names, 2);
	((struct leat_column *)(uintptr_t)schema->columns)[0].type =
		column_type;
	((struct leat_column *)(uintptr_t)schema->columns)[0].scale =
		column_scale;
	frame = fake_table(&fake, schema, lines, &table);
	ck_assert_int_eq(
		leat__key_bind(&fake.st, &spec, "key", schema, columns),
		LEAT_OK);
	ck_assert_uint_le(table.n_rows, ROWS_MAX);
	for (uint32_t k = 0; k < table.n_rows; k++)
		leat__key_read(
			&spec.columns[0], &table, columns[0], k, &values[k]);
}

static void
end_lines(void)
{
	leat_frame_release(frame);
	leat__key_fini(&fake.st, &spec);
	fake_fini(&fake);
}

static bool
bits_less(const struct leat__key_value *a, const struct leat__key_value *b)
{
	return leat__heap_key_less(a->bits, b->bits);
}

/* Each row stands before all after it. */
static void
expect_ascending(const char *key, const char *lines)
{
	read_lines(key, lines);
	ck_assert_uint_gt(table.n_rows, 1);
	for (uint32_t a = 0; a < table.n_rows; a++)
		for (uint32_t b = 0; b < table.n_rows; b++) {
			int order = leat__key_compare_column(
				&spec, 0, &values[a], &values[b]);

			ck_assert_msg(a < b     ? order < 0
					: a > b ? order > 0
						: order == 0,
				"rows %u and %u give %d", a, b, order);
			/* the bits may be the same, never the other way */
			ck_assert(a < b || !bits_less(&values[a], &values[b]));
			ck_assert(!leat__heap_key_is_end(values[a].bits));
		}
	end_lines();
}

START_TEST(nulls_go_before_numbers_and_those_before_text)
{
	expect_ascending("a",
		",\n-1e308,\n-3,\n-2.5,\n0,\n1e-300,\n0.5,\n7,\n"
		"7.25,\n1e308,\n!,\n-,\nA,\na,\nab,\n");
}
END_TEST

START_TEST(numbers_are_compared_exactly)
{
	expect_ascending("a",
		"-9223372036854775808,\n-9223372036854775807,\n"
		"-9007199254740993,\n-9007199254740992,\n0,\n"
		"9007199254740991,\n9007199254740992,\n9007199254740993,\n"
		"9007199254740994.0,\n9007199254740995,\n"
		"9223372036854775295,\n9223372036854775806,\n"
		"9223372036854775807,\n9223372036854775808.0,\n");
}
END_TEST

START_TEST(text_is_compared_by_bytes_to_its_end)
{
	expect_ascending("a",
		"a,\naa,\naaaaaaaaaaaaaa,\naaaaaaaaaaaaaaa,\n"
		"aaaaaaaaaaaaaaaa,\naaaaaaaaaaaaaaab,\naaaaaaaaaaaaaab,\n"
		"b,\n\"b\"\"\",\n\"b\"\"\"\"c\",\n\"b,\",\n\xc3\xa4,\n");
}
END_TEST

START_TEST(as_text_numbers_are_text)
{
	expect_ascending("a text", ",\n1,\n10,\n2,\n9,\na,\n");
}
END_TEST

START_TEST(desc_is_the_other_way_round)
{
	expect_ascending("a desc",
		"bbbbbbbbbbbbbbbbbbb,\nbbbbbbbbbbbbbbbb,\na,\n"
		"9223372036854775807,\n9223372036854775806,\n3,\n2.5,\n-1,\n"
		",\n");
	expect_ascending("a text desc", "9,\n2,\n10,\n1,\n,\n");
}
END_TEST

START_TEST(the_same_number_is_equal_however_it_is_written)
{
	read_lines("a", "1000,\n1e3,\n1000.0,\n+1000,\n\"1000\",\n");
	for (uint32_t k = 1; k < table.n_rows; k++)
		ck_assert_int_eq(leat__key_compare_column(
					 &spec, 0, &values[0], &values[k]),
			0);
	end_lines();
	read_lines("a", "0,\n-0.0,\n-0,\n");
	for (uint32_t k = 1; k < table.n_rows; k++)
		ck_assert_int_eq(leat__key_compare_column(
					 &spec, 0, &values[0], &values[k]),
			0);
	end_lines();
}
END_TEST

START_TEST(a_part_of_a_text_is_no_more_than_what_begins_with_it)
{
	uint8_t buf[16];

	read_lines("a",
		"aaaaaaaaaaaaaaaaaaaaz,\naaaaaaaaaaaaaaaaaaaaa,\n"
		"aaaaaaaaaaaaaaaa,\nb,\n\"a\"\"b\",\n");
	leat__key_save(&values[0], buf, sizeof(buf));
	ck_assert(values[0].is_part);
	ck_assert_int_eq(leat__key_compare(&spec, &values[1], &values[0]), 0);
	ck_assert_int_eq(leat__key_compare(&spec, &values[2], &values[0]), 0);
	ck_assert_int_gt(leat__key_compare(&spec, &values[3], &values[0]), 0);
	/* one that is saved whole is what it was, decoded */
	leat__key_save(&values[4], buf, sizeof(buf));
	ck_assert(!values[4].is_part);
	ck_assert_uint_eq(values[4].text.len, 3);
	ck_assert_int_eq(memcmp(buf, "a\"b", 3), 0);
	end_lines();
}
END_TEST

START_TEST(decimals_are_compared_exactly)
{
	static const char ascending[] =
		",\n-99999999999999999999999999999999999.999,\n"
		"-9223372036854775808.001,\n-1.001,\n-1,\n-0.999,\n"
		"-0.001,\n0.000,\n0.001,\n1,\n1.001,\n1.002,\n"
		"9007199254740993.000,\n9007199254740993.001,\n"
		"9007199254740993.002,\n9223372036854775808,\n"
		"99999999999999999999999999999999999.998,\n"
		"99999999999999999999999999999999999.999,\nn/a,\n";
	static const char descending[] =
		"1.002,\n1.001,\n-1.001,\n-1.002,\n,\n";

	column_type = LEAT_TYPE_DECIMAL;
	column_scale = 3;
	expect_ascending("a", ascending);
	expect_ascending("a desc", descending);
	read_lines("a", "1.5,\n1.500,\n\"1.50\",\n+1.5,\n");
	for (uint32_t k = 1; k < table.n_rows; k++)
		ck_assert_int_eq(leat__key_compare_column(
					 &spec, 0, &values[0], &values[k]),
			0);
	end_lines();
	column_scale = LEAT_DECIMAL_DIGITS_MAX;
	expect_ascending("a",
		"-0.99999999999999999999999999999999999999,\n"
		"0.00000000000000000000000000000000000001,\n"
		"0.99999999999999999999999999999999999998,\n"
		"0.99999999999999999999999999999999999999,\n");
	column_type = LEAT_TYPE_TEXT;
	column_scale = 0;
}
END_TEST

START_TEST(moments_are_compared_wherever_their_zone_is)
{
	column_type = LEAT_TYPE_TIMESTAMP;
	expect_ascending("a",
		",\n-0001-01-01T00:00:00Z,\n2024-01-01T10:00:00+05:00,\n"
		"2024-01-01T06:00:00Z,\n2024-01-01T06:00:00.000001,\n"
		"2024-01-01T03:00:01-03:00,\n2024-01-02,\nsoon,\n");
	read_lines("a",
		"2024-01-01T06:00:00Z,\n2024-01-01 08:00:00+02:00,\n"
		"2024-01-01T06:00,\n");
	for (uint32_t k = 1; k < table.n_rows; k++)
		ck_assert_int_eq(leat__key_compare_column(
					 &spec, 0, &values[0], &values[k]),
			0);
	end_lines();
	column_type = LEAT_TYPE_DATE;
	expect_ascending("a", "-0044-03-15,\n0001-01-01,\n2024-02-29,\n");
	column_type = LEAT_TYPE_TEXT;
}
END_TEST

START_TEST(types_mix_where_they_have_one_order)
{
	const struct leat_column text = {.type = LEAT_TYPE_TEXT},
				 whole = {.type = LEAT_TYPE_INT64},
				 number = {.type = LEAT_TYPE_FLOAT64},
				 exact = {.type = LEAT_TYPE_DECIMAL,
					 .scale = 2},
				 finer = {.type = LEAT_TYPE_DECIMAL,
					 .scale = 9},
				 date = {.type = LEAT_TYPE_DATE},
				 moment = {.type = LEAT_TYPE_TIMESTAMP};

	ck_assert(leat__key_mixes(&text, &number));
	ck_assert(leat__key_mixes(&exact, &finer));
	ck_assert(leat__key_mixes(&exact, &whole));
	ck_assert(leat__key_mixes(&whole, &exact));
	ck_assert(leat__key_mixes(&text, &exact));
	ck_assert(leat__key_mixes(&date, &moment));
	ck_assert(leat__key_mixes(&moment, &text));
	ck_assert(!leat__key_mixes(&exact, &number));
	ck_assert(!leat__key_mixes(&number, &moment));
	ck_assert(!leat__key_mixes(&exact, &moment));
}
END_TEST

START_TEST(the_list_of_columns_is_read)
{
	fake_init(&fake, 1 << 20, 1 << 16);
	memset(&spec, 0, sizeof(spec));
	ck_assert_int_eq(leat__key_parse(&fake.st, &spec, "key",
				 " a desc , `b, ``c` text,d asc"),
		LEAT_OK);
	ck_assert_uint_eq(spec.n, 3);
	ck_assert_str_eq(spec.columns[0].name, "a");
	ck_assert(spec.columns[0].is_desc && !spec.columns[0].is_text);
	ck_assert_str_eq(spec.columns[1].name, "b, `c");
	ck_assert(!spec.columns[1].is_desc && spec.columns[1].is_text);
	ck_assert_str_eq(spec.columns[2].name, "d");
	ck_assert(!spec.columns[2].is_desc && !spec.columns[2].is_text);
	ck_assert_uint_eq(spec.columns[2].offset, 24);
	leat__key_fini(&fake.st, &spec);
	fake_fini(&fake);
}
END_TEST

TEST_MAIN("fan/key", nulls_go_before_numbers_and_those_before_text,
	numbers_are_compared_exactly, text_is_compared_by_bytes_to_its_end,
	as_text_numbers_are_text, desc_is_the_other_way_round,
	the_same_number_is_equal_however_it_is_written,
	a_part_of_a_text_is_no_more_than_what_begins_with_it,
	decimals_are_compared_exactly,
	moments_are_compared_wherever_their_zone_is,
	types_mix_where_they_have_one_order, the_list_of_columns_is_read)
