/*
 * unit/fan/spill.c -- frames of every layout to the disk and back.
 */
#include "fan/spill.h"
#include "run/run.h"
#include "unit/table/fake.h"

static const char *const names[] = {"a", "b"};
static struct leat__fan_spill spill;
static struct leat__node node;
static struct leat__task task;
static struct leat__run run;
static struct fake f;

/* A stage that can take frames of a pool of four slots. */
static void
setup(uint64_t most_bytes)
{
	fake_init(&f, 65536, 65536);
	ck_assert_int_eq(leat_ctx_create(&f.graph.ctx, NULL), LEAT_OK);
	f.graph.env = leat__env_posix();
	run = (struct leat__run){.graph = &f.graph, .pool = f.pool};
	task = (struct leat__task){.run = &run, .nodes = &node};
	f.st.task = &task;
	f.st.name = (char *)"tee";
	leat__fan_spill_init(&f.st, &spill, "/tmp", most_bytes);
}

static void
teardown(void)
{
	leat__fan_spill_fini(&spill);
	leat_ctx_destroy(f.graph.ctx);
	fake_fini(&f);
}

/* Put it, release it, so that its slots are other frames' and dirty, take it
 * back. */
static struct leat_frame *
through(struct leat_frame *frame)
{
	struct leat_frame *dirt[4], *back;
	uint32_t n_items = frame->n_items;

	ck_assert(leat__fan_spill_has_room(&spill, frame));
	ck_assert_int_eq(leat__fan_spill_put(&spill, frame), LEAT_OK);
	leat_frame_release(frame);
	for (uint32_t k = 0; k < 4; k++) {
		dirt[k] = fake_frame(&f);
		memset(dirt[k]->data, 0xee, 65536);
	}
	for (uint32_t k = 0; k < 4; k++)
		leat_frame_release(dirt[k]);
	ck_assert_uint_eq(leat__fan_spill_n(&spill), 1);
	ck_assert_int_eq(leat__fan_spill_take(&f.st, &spill, &back), LEAT_OK);
	ck_assert_uint_eq(leat__fan_spill_n(&spill), 0);
	ck_assert_uint_eq(back->n_items, n_items);
	return back;
}

START_TEST(a_header_comes_back_as_it_was)
{
	struct leat_frame *frame;

	setup(65536);
	frame = fake_frame(&f);
	frame->data += 100;
	memcpy(frame->data, "abcdefgh", 8);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->len_bytes = 8;
	frame->n_items = 2;
	frame->stamp = 17;
	frame->birth_ns = 18;
	frame->source_offset = 19;
	frame->flags = LEAT_FRAME_CUT;
	leat_frame_set_priority(frame, 5);
	frame = through(frame);
	ck_assert_mem_eq(frame->data, "abcdefgh", 8);
	ck_assert_int_eq(frame->data - leat_frame_start(frame), 100);
	ck_assert_uint_eq(frame->layout, LEAT_LAYOUT_ITEMS);
	ck_assert_uint_eq(frame->stamp, 17);
	ck_assert_int_eq(frame->birth_ns, 18);
	ck_assert_uint_eq(frame->source_offset, 19);
	ck_assert_uint_eq(leat_frame_priority(frame), 5);
	ck_assert_uint_eq(frame->flags & LEAT_FRAME_CUT, LEAT_FRAME_CUT);
	leat_frame_release(frame);
	teardown();
}
END_TEST

START_TEST(a_payload_in_another_slot_becomes_its_own)
{
	struct leat_frame *base, *frame;

	setup(65536);
	base = fake_frame(&f);
	memcpy(base->data + 50, "other", 5);
	frame = fake_frame(&f);
	frame->data = base->data + 50;
	frame->len_bytes = 5;
	leat_frame_set_base(frame, base);
	frame = through(frame);
	ck_assert_ptr_null(leat_frame_base(frame));
	ck_assert_ptr_eq(frame->data, leat_frame_start(frame));
	ck_assert_mem_eq(frame->data, "other", 5);
	leat_frame_release(frame);
	teardown();
}
END_TEST

/* x,10 / y,20 / z,30 in a slot of its own. */
static struct leat_frame *
table_over_text(void)
{
	static const char text[] = "..x,10\ny,20\nz,30\n";
	struct leat_frame *base = fake_frame(&f), *frame = fake_frame(&f);
	struct leat_fields fields = {.schema = fake_schema(&f, names, 2),
		.base = base,
		.text_offset = 4000,
		.first = 2,
		.n_rows = 3,
		.line = 1};
	uint32_t n_max, *ends = leat_table_fields_room(frame, &n_max);

	memcpy(leat_frame_start(base) + 4000, text, sizeof(text));
	memcpy(ends, (uint32_t[]){3, 6, 8, 11, 13, 16}, 24);
	leat_table_begin_fields(frame, &fields);
	return frame;
}

static void
expect_text(struct leat_frame *frame, uint32_t row, const char *text)
{
	struct leat_text x;
	struct leat_table t;

	leat_table_open(frame, &t);
	x = leat_table_raw(&t, 1, row);
	ck_assert_uint_eq(x.len, strlen(text));
	ck_assert_mem_eq(x.data, text, x.len);
	ck_assert_uint_eq(leat_table_position(&t, 1, row).line, row + 1);
}

START_TEST(a_table_comes_back_with_its_text_and_its_vectors)
{
	struct leat_frame *frame;
	struct leat_vector v;
	struct leat_table t;
	uint32_t bad;

	setup(1u << 20);
	frame = table_over_text();
	leat_table_open(frame, &t);
	ck_assert_int_eq(
		leat_table_vector(&t, 1, LEAT_TYPE_INT64, &v, &bad), LEAT_OK);
	leat_table_select(&t, (uint32_t[]){0, 2}, 2);
	frame = through(frame);
	for (uint32_t k = 0; k < 3; k++)
		expect_text(frame, k, k == 0 ? "10" : k == 1 ? "20" : "30");
	leat_table_open(frame, &t);
	ck_assert_uint_eq(leat_table_row(&t, 1), 2);
	ck_assert_int_eq(
		leat_table_vector(&t, 1, LEAT_TYPE_INT64, &v, &bad), LEAT_OK);
	ck_assert_int_eq(((const int64_t *)v.values)[2], 30);
	leat_frame_release(frame);
	teardown();
}
END_TEST

START_TEST(views_of_views_come_back_with_all_that_is_below)
{
	struct leat_frame *frame, *over, *top;
	struct leat_table t;

	setup(1u << 20);
	frame = table_over_text();
	over = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin_view(over, frame, &t), LEAT_OK);
	leat_table_select(&t, (uint32_t[]){1, 2}, 2);
	leat_frame_release(frame);
	top = fake_frame(&f);
	ck_assert_int_eq(leat_table_begin_view(top, over, &t), LEAT_OK);
	leat_table_select(&t, (uint32_t[]){2}, 1);
	leat_frame_release(over);
	top = through(top);
	leat_table_open(top, &t);
	ck_assert_uint_eq(leat_table_row(&t, 0), 2);
	expect_text(top, 2, "30");
	leat_frame_release(top);
	teardown();
}
END_TEST

static void
expect_rows(struct leat_frame *frame, const char *first, const char *second)
{
	const char *const texts[] = {first, second};
	struct leat_rows rows = leat_frame_rows(frame);

	ck_assert_uint_eq(rows.n, 2);
	for (uint32_t k = 0; k < 2; k++) {
		ck_assert_uint_eq(rows.rows[k].len, strlen(texts[k]));
		ck_assert_mem_eq(rows.text + rows.rows[k].offset, texts[k],
			rows.rows[k].len);
	}
}

START_TEST(rows_come_back_wherever_their_text_is)
{
	struct leat_frame *base, *frame;
	struct leat_row *rows;

	setup(65536);
	base = fake_frame(&f);
	memcpy(leat_frame_start(base) + 700, "one two three", 13);
	frame = fake_frame(&f);
	leat_frame_begin_rows(frame, base, &rows);
	leat_frame_release(base);
	rows[0] = (struct leat_row){708, 5};
	rows[1] = (struct leat_row){700, 3};
	frame->n_items = 2;
	frame->len_bytes = 16;
	frame = through(frame);
	expect_rows(frame, "three", "one");
	leat_frame_release(frame);
	frame = fake_frame(&f);
	leat_frame_begin_rows(frame, NULL, &rows);
	memcpy(frame->data + 16, "fourfive", 8);
	rows[0] = (struct leat_row){16, 4};
	rows[1] = (struct leat_row){20, 4};
	frame->n_items = 2;
	frame->len_bytes = 24;
	frame = through(frame);
	expect_rows(frame, "four", "five");
	leat_frame_release(frame);
	teardown();
}
END_TEST

START_TEST(what_does_not_fit_the_bound_has_no_room_and_what_is_dropped_is_told)
{
	struct leat_frame *frame;

	setup(65536);
	frame = fake_frame(&f);
	frame->n_items = 3;
	frame->len_bytes = 65536;
	ck_assert(!leat__fan_spill_has_room(&spill, frame));
	frame->len_bytes = 30000;
	ck_assert_int_eq(leat__fan_spill_put(&spill, frame), LEAT_OK);
	ck_assert_int_eq(leat__fan_spill_put(&spill, frame), LEAT_OK);
	ck_assert(!leat__fan_spill_has_room(&spill, frame));
	ck_assert_uint_eq(leat__fan_spill_drop(&spill), 6);
	ck_assert_uint_eq(leat__fan_spill_n(&spill), 0);
	ck_assert(leat__fan_spill_has_room(&spill, frame));
	leat_frame_release(frame);
	teardown();
}
END_TEST

TEST_MAIN("fan/spill", a_header_comes_back_as_it_was,
	a_payload_in_another_slot_becomes_its_own,
	a_table_comes_back_with_its_text_and_its_vectors,
	views_of_views_come_back_with_all_that_is_below,
	rows_come_back_wherever_their_text_is,
	what_does_not_fit_the_bound_has_no_room_and_what_is_dropped_is_told)
