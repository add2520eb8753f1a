/*
 * tests of table/vector.c
 */
#include "unit/table/fake.h"

static const char *const names[] = {"a", "b"};
static struct fake f;

START_TEST(text_becomes_a_vector_once)
{
	struct leat_schema *s;
	struct leat_table t;
	struct leat_frame *frame;
	struct leat_vector v, again;
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 2);
	frame = fake_table(&f, s, "1,x\n,y\n\"-3\",z\n", &t);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &bad), LEAT_OK);
	ck_assert_uint_eq(v.type, LEAT_TYPE_INT64);
	ck_assert_uint_eq(v.n_rows, 3);
	ck_assert_int_eq(((const int64_t *)v.values)[0], 1);
	ck_assert_int_eq(((const int64_t *)v.values)[1], 0);
	ck_assert_int_eq(((const int64_t *)v.values)[2], -3);
	ck_assert_uint_eq(v.valid[0], 5);
	ck_assert_uint_eq((uintptr_t)v.values % 64, 0);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_INT64, &again, &bad),
		LEAT_OK);
	ck_assert_ptr_eq(v.values, again.values);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_FLOAT64, &again, &bad),
		LEAT_OK);
	ck_assert_double_eq(((const double *)again.values)[2], -3);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(the_first_row_that_does_not_convert_is_told)
{
	struct leat_schema *s;
	struct leat_table t;
	struct leat_frame *frame;
	struct leat_vector v;
	uint32_t rows[] = {0, 3}, bad = 99, len;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 2);
	frame = fake_table(&f, s, "1,true\n2,\nn/a,false\n4,false\n", &t);
	len = frame->len_bytes;
	ck_assert_int_eq(leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &bad),
		LEAT_EDATA);
	ck_assert_uint_eq(bad, 2);
	ck_assert_uint_eq(frame->len_bytes, len);
	ck_assert_int_eq(
		leat_table_vector(&t, 1, LEAT_TYPE_BOOL, &v, &bad), LEAT_OK);
	ck_assert_uint_eq(*(const uint8_t *)v.values, 1);
	ck_assert_uint_eq(v.valid[0], 13);
	leat_table_select(&t, rows, 2);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &bad), LEAT_OK);
	ck_assert_uint_eq(v.valid[0], 9);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_full_frame_has_no_room_for_a_vector)
{
	struct leat_schema *s;
	struct leat_table t;
	struct leat_frame *frame;
	struct leat_vector v;
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 1);
	frame = fake_table(&f, s, "1\n", &t);
	t.n_rows_all = t.head->n_rows_all = 60000;
	t.n_rows = 0;
	ck_assert_int_eq(leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &bad),
		LEAT_ELIMIT);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_table_can_be_made_of_vectors)
{
	struct leat_column columns[] = {
		{"d", LEAT_TYPE_FLOAT64, LEAT_FIELD_NONE, 1, 0, 0},
		{"n", LEAT_TYPE_INT64, LEAT_FIELD_NONE, 0, 0, 0}};
	struct leat_schema s = {.n_columns = 2, .columns = columns};
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_vector v;
	void *ints, *doubles;
	struct leat_vector_room room;
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	frame = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin(frame, &s, 3, &t), LEAT_OK);
	ints = fake_vector(&t, LEAT_TYPE_INT64);
	doubles = fake_vector(&t, LEAT_TYPE_FLOAT64);
	ck_assert_int_eq(
		leat_table_add_vector(&t, LEAT_TYPE_N, 0, &room), LEAT_EINVAL);
	((int64_t *)ints)[2] = 42;
	((double *)doubles)[0] = 0.5;
	leat_table_open(frame, &t);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_FLOAT64, &v, &bad), LEAT_OK);
	ck_assert_double_eq(((const double *)v.values)[0], 0.5);
	ck_assert_uint_eq(v.valid[0] & 7, 7);
	ck_assert_int_eq(
		leat_table_vector(&t, 1, LEAT_TYPE_INT64, &v, &bad), LEAT_OK);
	ck_assert_int_eq(((const int64_t *)v.values)[2], 42);
	ck_assert_int_eq(leat_table_vector(&t, 1, LEAT_TYPE_BOOL, &v, &bad),
		LEAT_EINVAL);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(fields_are_pieces_of_the_source)
{
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_vector v;
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	frame = fake_table(&f, fake_schema(&f, names, 2),
		"one,\"two\"\n,\"t\"\"o\"\n\"\",x\n", &t);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_TEXT, &v, &bad), LEAT_OK);
	ck_assert(leat_vector_has(&v, 0));
	ck_assert(!leat_vector_has(&v, 1));
	ck_assert(!leat_vector_has(&v, 2));
	ck_assert_ptr_eq(leat_vector_text(&v, 0).data, t.text);
	ck_assert_uint_eq(leat_vector_text(&v, 0).len, 3);
	ck_assert_int_eq(
		leat_table_vector(&t, 1, LEAT_TYPE_TEXT, &v, &bad), LEAT_OK);
	ck_assert_ptr_eq(leat_vector_text(&v, 0).data, t.text + 5);
	ck_assert_mem_eq(leat_vector_text(&v, 1).data, "t\"o", 3);
	ck_assert_uint_eq(leat_vector_text(&v, 1).len, 3);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

/* A column that is int64 and stands as text prints as it stood. */
START_TEST(own_text_becomes_a_type_and_prints_as_it_stood)
{
	struct leat_column columns[] = {
		{"n", LEAT_TYPE_INT64, LEAT_FIELD_NONE, 0, 0, 0}};
	struct leat_schema s = {
		.n_columns = 1, .n_vectors = 1, .columns = columns};
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_vector v;
	struct leat_piece *pieces;
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	frame = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin(frame, &s, 2, &t), LEAT_OK);
	pieces = fake_vector(&t, LEAT_TYPE_TEXT);
	ck_assert_int_eq(leat_table_add_text(&t, "+007", 4, &pieces[0]), 0);
	ck_assert_int_eq(leat_table_add_text(&t, "", 0, &pieces[1]), 0);
	ck_assert_int_eq(leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &bad),
		LEAT_EDATA);
	ck_assert_uint_eq(bad, 1);
	leat_table_select(&t, (uint32_t[]){0}, 1);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_INT64, &v, &bad), LEAT_OK);
	ck_assert_int_eq(((const int64_t *)v.values)[0], 7);
	ck_assert_uint_eq((uintptr_t)v.values % 64, 0);
	ck_assert_uint_eq(leat_table_text_bytes(&t, 0, 0), 0);
	ck_assert_mem_eq(leat_table_text(&t, 0, 0, NULL).data, "+007", 4);
	ck_assert_uint_eq(leat_table_position(&t, 0, 0).line, 0);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(bytes_are_hexadecimal_as_text)
{
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_vector v;
	uint32_t bad = 9;

	fake_init(&f, 65536, 65536);
	frame = fake_table(
		&f, fake_schema(&f, names, 1), "00fF7a\n0\n0g\n", &t);
	leat_table_select(&t, (uint32_t[]){0}, 1);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_BINARY, &v, &bad), LEAT_OK);
	ck_assert_uint_eq(leat_vector_text(&v, 0).len, 3);
	ck_assert_mem_eq(leat_vector_text(&v, 0).data, "\x00\xff\x7a", 3);
	leat_frame_release(frame);
	frame = fake_table(&f, fake_schema(&f, names, 1), "00\n0\n", &t);
	ck_assert_int_eq(leat_table_vector(&t, 0, LEAT_TYPE_BINARY, &v, &bad),
		LEAT_EDATA);
	ck_assert_uint_eq(bad, 1);
	leat_frame_release(frame);
	frame = fake_table(&f, fake_schema(&f, names, 1), "0g\n", &t);
	ck_assert_int_eq(leat_table_vector(&t, 0, LEAT_TYPE_BINARY, &v, &bad),
		LEAT_EDATA);
	ck_assert_uint_eq(bad, 0);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_decimal_has_the_scale_of_its_column)
{
	struct leat_schema *s;
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_vector v;
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 1);
	((struct leat_column *)(uintptr_t)s->columns)->type = LEAT_TYPE_DECIMAL;
	((struct leat_column *)(uintptr_t)s->columns)->scale = 2;
	frame = fake_table(&f, s, "1.5\n-0.01\n1.234\n", &t);
	ck_assert_int_eq(leat_table_vector(&t, 0, LEAT_TYPE_DECIMAL, &v, &bad),
		LEAT_EDATA);
	ck_assert_uint_eq(bad, 2);
	leat_table_select(&t, (uint32_t[]){0, 1}, 2);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_DECIMAL, &v, &bad), LEAT_OK);
	ck_assert_uint_eq(v.scale, 2);
	ck_assert_uint_eq(((const struct leat_decimal *)v.values)[0].low, 150);
	ck_assert_int_eq(((const struct leat_decimal *)v.values)[1].high, -1);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_view_uses_the_vectors_it_stands_on_and_makes_its_own)
{
	struct leat_frame *frame, *over;
	struct leat_table t, view;
	struct leat_vector below, above, fresh, lower;
	uint32_t bad;

	fake_init(&f, 65536, 65536);
	frame = fake_table(
		&f, fake_schema(&f, names, 2), "1,10\n2,20\n3,x\n", &t);
	ck_assert_int_eq(
		leat_table_vector(&t, 0, LEAT_TYPE_INT64, &below, &bad),
		LEAT_OK);
	over = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin_view(over, frame, &view), LEAT_OK);
	leat_table_select(&view, (uint32_t[]){1}, 1);
	ck_assert_int_eq(
		leat_table_vector(&view, 0, LEAT_TYPE_INT64, &above, &bad),
		LEAT_OK);
	ck_assert_ptr_eq(above.values, below.values);
	/* of the rows of the view alone: row 2 would not convert */
	ck_assert_int_eq(
		leat_table_vector(&view, 1, LEAT_TYPE_INT64, &fresh, &bad),
		LEAT_OK);
	ck_assert_int_eq(((const int64_t *)fresh.values)[1], 20);
	ck_assert_int_eq(
		leat_table_vector(&t, 1, LEAT_TYPE_INT64, &lower, &bad),
		LEAT_EDATA);
	leat_frame_release(over);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("table/vector", text_becomes_a_vector_once,
	the_first_row_that_does_not_convert_is_told,
	a_full_frame_has_no_room_for_a_vector, a_table_can_be_made_of_vectors,
	fields_are_pieces_of_the_source,
	own_text_becomes_a_type_and_prints_as_it_stood,
	bytes_are_hexadecimal_as_text, a_decimal_has_the_scale_of_its_column,
	a_view_uses_the_vectors_it_stands_on_and_makes_its_own)
