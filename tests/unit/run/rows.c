/*
 * run/rows.c: frames of rows, with and without a base.
 */
#include <leat/stage.h>

#include "support/test.h"

static struct leat_pool *
make_pool(void)
{
	struct leat_pool_opts opts = {LEAT_OPTS_INIT(leat_pool_opts),
		.slot_bytes = 4096, .n_slots = 2};
	struct leat_pool *pool;

	ck_assert_int_eq(leat_pool_create(&opts, &pool, NULL), LEAT_OK);
	return pool;
}

static struct leat_frame *
take(struct leat_pool *pool)
{
	struct leat_frame *frame;

	ck_assert_int_eq(leat_pool_try_acquire(pool, &frame), LEAT_OK);
	return frame;
}

static uint32_t
n_free(const struct leat_pool *pool)
{
	struct leat_pool_stats stats;

	leat_pool_stats(pool, &stats);
	return stats.n_free;
}

START_TEST(as_many_rows_fit_as_the_slot_has_room_for)
{
	struct leat_pool *pool = make_pool();
	struct leat_frame *frame = take(pool);
	struct leat_row *rows;

	ck_assert_uint_eq(leat_frame_begin_rows(frame, NULL, &rows),
		4096 / sizeof(struct leat_row));
	ck_assert_ptr_eq(rows, leat_frame_start(frame));
	ck_assert_uint_eq(frame->layout, LEAT_LAYOUT_ROWS);
	ck_assert_uint_eq(frame->n_items, 0);
	leat_frame_release(frame);
	leat_pool_destroy(pool);
}
END_TEST

START_TEST(offsets_count_from_the_start_of_the_base)
{
	struct leat_pool *pool = make_pool();
	struct leat_frame *base = take(pool);
	struct leat_frame *frame = take(pool);
	struct leat_row *rows;
	struct leat_rows open;

	base->data = leat_frame_start(base) + 100; /* headroom */
	memcpy(leat_frame_start(base) + 98, "text", 4);
	leat_frame_begin_rows(frame, base, &rows);
	rows[0] = (struct leat_row){98, 4};
	frame->n_items = 1;
	frame->len_bytes = sizeof(*rows);
	open = leat_frame_rows(frame);
	ck_assert_uint_eq(open.n, 1);
	ck_assert_mem_eq(open.text + open.rows[0].offset, "text", 4);
	leat_frame_release(frame);
	leat_frame_release(base);
	leat_pool_destroy(pool);
}
END_TEST

START_TEST(the_base_lives_as_long_as_the_rows)
{
	struct leat_pool *pool = make_pool();
	struct leat_frame *base = take(pool);
	struct leat_frame *frame = take(pool);
	struct leat_row *rows;

	leat_frame_begin_rows(frame, base, &rows);
	leat_frame_release(base);
	ck_assert_uint_eq(n_free(pool), 0);
	leat_frame_release(frame);
	ck_assert_uint_eq(n_free(pool), 2);
	leat_pool_destroy(pool);
}
END_TEST

START_TEST(without_a_base_the_text_lies_in_the_same_slot)
{
	struct leat_pool *pool = make_pool();
	struct leat_frame *frame = take(pool);
	struct leat_row *rows;
	struct leat_rows open;

	leat_frame_begin_rows(frame, NULL, &rows);
	rows[0] = (struct leat_row){sizeof(*rows), 2};
	memcpy(rows + 1, "ab", 2);
	frame->n_items = 1;
	frame->len_bytes = sizeof(*rows) + 2;
	open = leat_frame_rows(frame);
	ck_assert_mem_eq(open.text + open.rows[0].offset, "ab", 2);
	leat_frame_release(frame);
	leat_pool_destroy(pool);
}
END_TEST

TEST_MAIN("run/rows", as_many_rows_fit_as_the_slot_has_room_for,
	offsets_count_from_the_start_of_the_base,
	the_base_lives_as_long_as_the_rows,
	without_a_base_the_text_lies_in_the_same_slot)
