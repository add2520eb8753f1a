/*
 * tests of table/text.c
 */
#include "unit/table/fake.h"

static const char *const names[] = {"a", "b"};
static struct fake f;

static void
check_text(const struct leat_table *t, uint32_t column, uint32_t row,
	const char *expected)
{
	uint8_t scratch[64];
	struct leat_text x = leat_table_text(t, column, row, scratch);

	ck_assert_uint_le(leat_table_text_bytes(t, column, row), 64);
	ck_assert_uint_eq(x.len, strlen(expected));
	ck_assert(!x.len || !memcmp(x.data, expected, x.len));
}

START_TEST(text_is_decoded_raw_is_not)
{
	struct leat_schema *s;
	struct leat_table t;
	struct leat_frame *frame;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 2);
	frame = fake_table(&f, s,
		"\"x,y\",\"say \"\"hi\"\"\"\n\"\",\"\"\"\"\n"
		"\"a\nb\",plain\r\n",
		&t);
	check_text(&t, 0, 0, "x,y");
	check_text(&t, 1, 0, "say \"hi\"");
	check_text(&t, 0, 1, "");
	check_text(&t, 1, 1, "\"");
	check_text(&t, 0, 2, "a\nb");
	check_text(&t, 1, 2, "plain");
	ck_assert_uint_eq(leat_table_raw(&t, 0, 0).len, 5);
	ck_assert_uint_eq(leat_table_text_bytes(&t, 0, 0), 0);
	ck_assert_uint_ge(leat_table_text_bytes(&t, 1, 0), 8);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(values_of_vectors_are_printed_and_null_is_told)
{
	struct leat_column columns[] = {
		{"n", LEAT_TYPE_INT64, LEAT_FIELD_NONE, 0, 0, 0},
		{"d", LEAT_TYPE_FLOAT64, LEAT_FIELD_NONE, 1, 0, 0},
		{"b", LEAT_TYPE_BOOL, LEAT_FIELD_NONE, 2, 0, 0}};
	struct leat_schema s = {.n_columns = 3, .columns = columns};
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_vector v;
	void *ints, *doubles, *bools;
	uint8_t scratch[64];
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	frame = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin(frame, &s, 2, &t), LEAT_OK);
	ints = fake_vector(&t, LEAT_TYPE_INT64);
	doubles = fake_vector(&t, LEAT_TYPE_FLOAT64);
	bools = fake_vector(&t, LEAT_TYPE_BOOL);
	((int64_t *)ints)[0] = -12;
	((double *)doubles)[0] = 0.1;
	*(uint8_t *)bools = 1;
	check_text(&t, 0, 0, "-12");
	check_text(&t, 1, 0, "0.1");
	check_text(&t, 2, 0, "true");
	check_text(&t, 2, 1, "false");
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &bad), 0);
	*(uint8_t *)(uintptr_t)v.valid = 1;
	ck_assert_ptr_null(leat_table_text(&t, 0, 1, scratch).data);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_position_counts_lines_inside_quotes)
{
	struct leat_schema *s;
	struct leat_table t;
	struct leat_frame *frame;
	struct leat_position p;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 2);
	frame = fake_table(&f, s, "1,2\n\"a\nb\",3\n4,55\n", &t);
	t.head->line = 10;
	t.head->source_offset = 1000;
	p = leat_table_position(&t, 0, 0);
	ck_assert_uint_eq(p.line, 10);
	ck_assert_uint_eq(p.column, 1);
	ck_assert_uint_eq(p.offset, 1000);
	p = leat_table_position(&t, 1, 1);
	ck_assert_uint_eq(p.line, 12);
	ck_assert_uint_eq(p.column, 4);
	p = leat_table_position(&t, 1, 2);
	ck_assert_uint_eq(p.line, 13);
	ck_assert_uint_eq(p.column, 3);
	ck_assert_uint_eq(p.offset, 1014);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("table/text", text_is_decoded_raw_is_not,
	values_of_vectors_are_printed_and_null_is_told,
	a_position_counts_lines_inside_quotes)
