/*
 * tests of table/table.c
 */
#include "unit/table/fake.h"

static const char *const names[] = {"a", "b", "c"};
static struct fake f;

START_TEST(a_table_over_text_finds_its_fields)
{
	struct leat_schema *s;
	struct leat_table t;
	struct leat_frame *frame;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 3);
	frame = fake_table(&f, s, "1,2,3\n4,,6\r\n", &t);
	ck_assert_uint_eq(frame->layout, LEAT_LAYOUT_TABLE);
	ck_assert_uint_eq(frame->n_items, 2);
	ck_assert_uint_eq(t.n_rows, 2);
	ck_assert_ptr_null(t.select);
	ck_assert_uint_eq(leat_table_raw(&t, 1, 0).data[0], '2');
	ck_assert_uint_eq(leat_table_raw(&t, 1, 1).len, 0);
	ck_assert_uint_eq(leat_table_raw(&t, 2, 1).len, 1);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_table_over_another_slot_holds_it)
{
	static const char text[] = "..x,y,z\n";
	struct leat_frame *base, *frame;
	struct leat_table t;
	struct leat_fields fields = {.line = 1, .n_rows = 1};
	uint32_t *ends, n_max;

	fake_init(&f, 65536, 65536);
	fields.schema = fake_schema(&f, names, 3);
	base = fake_frame(&f);
	frame = fake_frame(&f);
	memcpy(leat_frame_start(base) + 100, text, sizeof(text));
	ends = leat_table_fields_room(frame, &n_max);
	ends[0] = 3;
	ends[1] = 5;
	ends[2] = 7;
	fields.base = base;
	fields.text_offset = 100;
	fields.first = 2;
	leat_table_begin_fields(frame, &fields);
	leat_table_open(frame, &t);
	ck_assert_ptr_eq(leat_frame_base(frame), base);
	ck_assert_uint_eq(leat_table_raw(&t, 0, 0).data[0], 'x');
	ck_assert_uint_eq(leat_table_raw(&t, 2, 0).data[0], 'z');
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(selections_narrow_a_table)
{
	struct leat_schema *s;
	struct leat_table t, again;
	struct leat_frame *frame;
	uint32_t rows[] = {1, 3};

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 3);
	frame = fake_table(&f, s, "0,,\n1,,\n2,,\n3,,\n", &t);
	leat_table_select(&t, rows, 2);
	ck_assert_uint_eq(frame->n_items, 2);
	leat_table_open(frame, &again);
	ck_assert_uint_eq(again.n_rows, 2);
	ck_assert_uint_eq(again.n_rows_all, 4);
	ck_assert_uint_eq(leat_table_row(&again, 1), 3);
	leat_table_selection(&again)[0] = 3;
	leat_table_select(&again, leat_table_selection(&again), 1);
	ck_assert_uint_eq(leat_table_row(&again, 0), 3);
	leat_table_select(&again, NULL, 0);
	leat_table_open(frame, &again);
	ck_assert_uint_eq(again.n_rows, 0);
	ck_assert_uint_eq(frame->n_items, 0);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_schema_can_be_exchanged)
{
	struct leat_column columns[] = {{"third", LEAT_TYPE_TEXT, 2, 0, 0, 0},
		{"first", LEAT_TYPE_TEXT, 0, 0, 0, 0}};
	struct leat_schema other = {.n_columns = 2,
		.n_fields = 3,
		.separator = ',',
		.quote = '"',
		.columns = columns};
	struct leat_schema *s;
	struct leat_table t;
	struct leat_frame *frame;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 3);
	frame = fake_table(&f, s, "1,2,3\n", &t);
	leat_table_set_schema(&t, &other);
	leat_table_open(frame, &t);
	ck_assert_ptr_eq(t.schema, &other);
	ck_assert_uint_eq(leat_table_raw(&t, 0, 0).data[0], '3');
	ck_assert_uint_eq(leat_table_raw(&t, 1, 0).data[0], '1');
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(blank_lines_belong_to_the_row_before)
{
	struct leat_schema *s;
	struct leat_table t;
	struct leat_frame *frame;
	uint32_t *ends, n_max;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 2);
	frame = fake_table(&f, s, "1,2\r\n\r\n\n3,\n\n", &t);
	ends = leat_table_fields_room(frame, &n_max);
	ck_assert_uint_eq(ends[1], 4);
	ends[1] = 7; /* the last newline of the blank lines */
	ends[2] = 9;
	ends[3] = 11;
	ck_assert_uint_eq(leat_table_raw(&t, 1, 0).len, 1);
	ck_assert_uint_eq(leat_table_raw(&t, 1, 0).data[0], '2');
	ck_assert_uint_eq(leat_table_raw(&t, 0, 1).data[0], '3');
	ck_assert_uint_eq(leat_table_raw(&t, 1, 1).len, 0);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_frame_has_room_for_as_many_rows_as_it_says)
{
	struct leat_frame *frame;
	struct leat_table t;
	struct leat_schema s = {.n_columns = 0};
	uint32_t n_max;

	fake_init(&f, 65536, 4096);
	frame = fake_frame(&f);
	leat_table_fields_room(frame, &n_max);
	ck_assert_uint_eq(n_max, (4096 - 128) / 8);
	ck_assert_int_eq(
		leat_table_begin(frame, &s, n_max + 1, &t), LEAT_ELIMIT);
	ck_assert_int_eq(leat_table_begin(frame, &s, n_max, &t), LEAT_OK);
	leat_frame_release(frame);
	fake_fini(&f);
	fake_init(&f, 65536, leat_table_frame_bytes(10000));
	frame = fake_frame(&f);
	leat_table_fields_room(frame, &n_max);
	ck_assert_uint_eq(n_max, LEAT_TABLE_ROWS_MAX);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_view_has_rows_of_its_own_and_nothing_else)
{
	struct leat_schema *s;
	struct leat_table t, view, deeper;
	struct leat_frame *frame, *over, *over_that;

	fake_init(&f, 65536, 65536);
	s = fake_schema(&f, names, 3);
	frame = fake_table(&f, s, "0,a,\n1,b,\n2,\"c\",\n3,d,\n", &t);
	over = fake_frame(&f);
	t.head->file = "2.csv";
	ck_assert_int_eq(leat_table_begin_view(over, frame, &view), LEAT_OK);
	ck_assert_str_eq(view.file, "2.csv");
	ck_assert_uint_eq(over->n_items, 0);
	ck_assert_uint_eq(view.n_rows, 0);
	leat_table_selection(&view)[0] = 1;
	leat_table_selection(&view)[1] = 2;
	leat_table_select(&view, leat_table_selection(&view), 2);
	over_that = fake_frame(&f);
	ck_assert_int_eq(
		leat_table_begin_view(over_that, over, &deeper), LEAT_OK);
	leat_table_select(&deeper, (uint32_t[]){2}, 1);
	/* what they stand on lives as long as they do */
	leat_frame_release(frame);
	leat_frame_release(over);
	leat_table_open(over_that, &deeper);
	ck_assert_uint_eq(over_that->n_items, 1);
	ck_assert_uint_eq(leat_table_row(&deeper, 0), 2);
	ck_assert_ptr_eq(deeper.text, t.text);
	ck_assert_ptr_eq(deeper.fields, t.fields);
	ck_assert_uint_eq(leat_table_text(&deeper, 1, 2, NULL).data[0], 'c');
	ck_assert_uint_eq(leat_table_position(&deeper, 1, 2).line, 3);
	leat_frame_release(over_that);
	fake_fini(&f);
}
END_TEST

START_TEST(a_view_needs_room_for_the_rows_of_all)
{
	struct leat_frame *frame, *small;
	struct leat_schema s = {.n_columns = 0};
	struct leat_table t, view;
	struct fake g;

	fake_init(&f, 65536, 65536);
	fake_init(&g, 65536, 4096);
	frame = fake_frame(&f);
	small = fake_frame(&g);
	ck_assert_int_eq(leat_table_begin(frame, &s, 497, &t), LEAT_OK);
	ck_assert_int_eq(
		leat_table_begin_view(small, frame, &view), LEAT_ELIMIT);
	ck_assert_int_eq(leat_table_begin(frame, &s, 496, &t), LEAT_OK);
	ck_assert_int_eq(leat_table_begin_view(small, frame, &view), LEAT_OK);
	leat_frame_release(small);
	leat_frame_release(frame);
	fake_fini(&g);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("table/table", a_table_over_text_finds_its_fields,
	a_table_over_another_slot_holds_it, selections_narrow_a_table,
	a_schema_can_be_exchanged, blank_lines_belong_to_the_row_before,
	a_frame_has_room_for_as_many_rows_as_it_says,
	a_view_has_rows_of_its_own_and_nothing_else,
	a_view_needs_room_for_the_rows_of_all)
