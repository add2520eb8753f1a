/*
 * tests of table/whole.c -- whatever word of a table's slot is another one:
 * either it is not believed, or all that it says lies in its slot.
 */
#include "unit/table/fake.h"

static const char *const names[] = {"a", "b", "c"};
static struct fake f;

static struct leat_frame *
table_make(struct leat_table *t)
{
	struct leat_schema *s = fake_schema(&f, names, 3);
	static const uint32_t rows[] = {0, 2, 3};
	struct leat_frame *frame;
	struct leat_vector v;
	uint32_t bad_row;

	frame = fake_table(
		&f, s, "1,\"x\"\"y\",3\n4,,6\r\n7,8,9\n10,z,12\n", t);
	leat_table_select(t, rows, 3);
	ck_assert_int_eq(leat_table_vector(t, 0, LEAT_TYPE_INT64, &v, &bad_row),
		LEAT_OK);
	ck_assert_int_eq(
		leat_table_vector(t, 1, LEAT_TYPE_TEXT, &v, &bad_row), LEAT_OK);
	return frame;
}

/* From the slot's start to behind what a scan reads on. */
static void
check_lies_inside(const struct leat_frame *frame, const void *at, size_t n)
{
	const uint8_t *start = leat_frame_start(frame), *p = at;

	ck_assert(p >= start);
	ck_assert(p + n <= start + leat_frame_capacity_bytes(frame));
}

static void
check_vector(struct leat_table *t, uint32_t column, uint32_t type)
{
	struct leat_column like = t->schema->columns[column];
	struct leat_vector v;

	like.type = type;
	if (!leat__table_vector_find(t, &like, &v))
		return;
	check_lies_inside(
		t->frame, v.values, leat__vector_bytes(v.type, t->n_rows_all));
	check_lies_inside(t->frame, v.valid, (t->n_rows_all + 7) / 8);
	if (v.type != LEAT_TYPE_TEXT && v.type != LEAT_TYPE_BINARY)
		return;
	for (uint32_t k = 0; k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);
		struct leat_text x;

		if (!((v.valid[row / 8] >> (row % 8)) & 1))
			continue;
		x = leat_vector_text(&v, row);
		check_lies_inside(t->frame, x.data, x.len);
	}
}

static void
check_all_lies_inside(struct leat_frame *frame)
{
	struct leat_table t;

	leat_table_open(frame, &t);
	for (uint32_t k = 0; k < t.n_rows; k++)
		for (uint32_t c = 0; c < 3; c++) {
			struct leat_text x =
				leat_table_raw(&t, c, leat_table_row(&t, k));

			check_lies_inside(frame, x.data, x.len);
		}
	for (uint32_t c = 0; c < 3; c++)
		for (uint32_t type = 1; type < LEAT_TYPE_N; type++)
			check_vector(&t, c, type);
}

START_TEST(a_table_that_was_made_here_is_whole)
{
	struct leat_frame *frame, *view;
	struct leat_table t, v;

	fake_init(&f, 65536, 65536);
	frame = table_make(&t);
	ck_assert(leat_table_is_whole(frame, t.schema, true));
	view = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin_view(view, frame, &v), LEAT_OK);
	leat_table_select(&v, leat_table_selection(&t), 3);
	ck_assert(leat_table_is_whole(view, t.schema, true));
	leat_frame_release(view);
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(another_schema_is_not_believed)
{
	struct leat_frame *frame;
	struct leat_table t;

	fake_init(&f, 65536, 65536);
	frame = table_make(&t);
	ck_assert(!leat_table_is_whole(frame, fake_schema(&f, names, 3), true));
	frame->n_items++;
	ck_assert(!leat_table_is_whole(frame, t.schema, true));
	frame->n_items--;
	frame->len_bytes = 64;
	ck_assert(!leat_table_is_whole(frame, t.schema, true));
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(no_word_leads_out_of_its_slot)
{
	static const uint32_t strange[] = {0, 1, 2, 3, 5, 63, 64, 100, 128,
		4095, 39999, 65528, 65535, 65536, 1u << 20, 1u << 31,
		UINT32_MAX};
	uint32_t n_refused = 0, n_words;
	struct leat_frame *frame;
	struct leat_table t;
	uint32_t *words;

	fake_init(&f, 65536, 65536);
	frame = table_make(&t);
	words = (uint32_t *)(void *)frame->data;
	n_words = frame->len_bytes / 4;
	for (uint32_t k = 0; k < n_words; k++) {
		uint32_t was = words[k];

		/* between the selection and the text there is nothing */
		if (k > 64 && k < FAKE_TEXT_AT / 4)
			continue;
		for (size_t s = 0; s < leat__array_len(strange); s++) {
			words[k] = strange[s];
			if (leat_table_is_whole(frame, t.schema, true))
				check_all_lies_inside(frame);
			else
				n_refused++;
			words[k] = was;
		}
	}
	ck_assert_uint_gt(n_refused, 300);
	ck_assert(leat_table_is_whole(frame, t.schema, true));
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

START_TEST(without_text_there_are_no_fields)
{
	struct leat_frame *frame;
	struct leat_table t;

	fake_init(&f, 65536, 65536);
	frame = table_make(&t);
	t.head->has_text = 0;
	t.head->vectors_at = 0;
	ck_assert(!leat_table_is_whole(frame, t.schema, true));
	ck_assert(leat_table_is_whole(frame, t.schema, false));
	leat_frame_release(frame);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("table/whole", a_table_that_was_made_here_is_whole,
	another_schema_is_not_believed, no_word_leads_out_of_its_slot,
	without_text_there_are_no_fields)
