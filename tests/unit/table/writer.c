/*
 * tests of table/writer.c: records in an open frame. What is emitted, and
 * when, is tested through the stages that format.
 */
#include "unit/table/fake.h"

static struct fake f;

/* A writer in a slot of which n_bytes are used as if they were all. */
static void
open_writer(struct leat_writer *w, uint32_t n_bytes)
{
	memset(w, 0, sizeof(*w));
	w->frame = fake_frame(&f);
	w->frame->n_items = 0;
	w->at = w->frame->data;
	w->end = w->at + n_bytes;
}

START_TEST(records_stand_one_after_the_other)
{
	struct leat_writer w;

	fake_init(&f, 65536, 4096);
	open_writer(&w, 8);
	for (int k = 0; k < 2; k++) {
		ck_assert_int_eq(leat_writer_begin_record(&f.st, &w), LEAT_OK);
		leat_writer_put(&w, "abc", 3);
		leat_writer_put(&w, "\n", 1);
		ck_assert_uint_eq(leat_writer_end_record(&w), 1);
	}
	ck_assert_uint_eq(w.frame->n_items, 2);
	ck_assert_mem_eq(w.frame->data, "abc\nabc\n", 8);
	leat_frame_release(w.frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_record_that_does_not_fit_is_taken_back)
{
	struct leat_writer w;

	fake_init(&f, 65536, 4096);
	open_writer(&w, 6);
	ck_assert_int_eq(leat_writer_begin_record(&f.st, &w), LEAT_OK);
	leat_writer_put(&w, "abc\n", 4);
	ck_assert_uint_eq(leat_writer_end_record(&w), 1);
	ck_assert_int_eq(leat_writer_begin_record(&f.st, &w), LEAT_OK);
	leat_writer_put(&w, "defgh", 5);
	leat_writer_put(&w, "\n", 1);
	ck_assert_uint_eq(leat_writer_end_record(&w), 0);
	ck_assert_ptr_eq(w.at, w.frame->data + 4);
	ck_assert_uint_eq(w.frame->n_items, 1);
	ck_assert_uint_eq(w.skip, 0);
	w.has_emitted = 1;
	ck_assert_int_eq(leat_writer_begin_record(&f.st, &w), LEAT_MORE);
	leat_frame_release(w.frame);
	fake_fini(&f);
}
END_TEST

START_TEST(a_record_longer_than_a_frame_is_continued)
{
	struct leat_writer w;
	char all[16] = "";
	uint32_t is_done = 0;

	fake_init(&f, 65536, 4096);
	open_writer(&w, 4);
	for (int k = 0; !is_done; k++) {
		size_t n;

		ck_assert_int_lt(k, 4);
		ck_assert_int_eq(leat_writer_begin_record(&f.st, &w), LEAT_OK);
		leat_writer_put(&w, "ab", 2);
		leat_writer_put(&w, "cdefg", 5);
		leat_writer_put(&w, "hij", 3);
		is_done = leat_writer_end_record(&w);
		n = (size_t)(w.at - w.frame->data);
		strncat(all, (char *)w.frame->data, n);
		ck_assert_uint_eq(w.frame->n_items, is_done);
		w.at = w.frame->data; /* as if it had been emitted */
		w.is_full = 0;
	}
	ck_assert_str_eq(all, "abcdefghij");
	ck_assert_uint_eq(w.skip, 0);
	leat_frame_release(w.frame);
	fake_fini(&f);
}
END_TEST

START_TEST(entering_takes_time_and_stamp_from_the_input)
{
	struct leat_frame in = {.birth_ns = 5, .stamp = 7};
	struct leat_writer w = {.has_emitted = 1};

	leat_writer_enter(&w, &in);
	ck_assert_uint_eq(w.has_emitted, 0);
	ck_assert_int_eq(w.birth_ns, 5);
	leat_writer_enter(&w, NULL);
	ck_assert_uint_eq(w.stamp, 7);
}
END_TEST

START_TEST(flush_without_a_frame_does_nothing)
{
	struct leat_writer w = {.is_full = 0};

	fake_init(&f, 65536, 4096);
	ck_assert_int_eq(leat_writer_flush(&f.st, &w), LEAT_OK);
	fake_fini(&f);
}
END_TEST

TEST_MAIN("table/writer", records_stand_one_after_the_other,
	a_record_that_does_not_fit_is_taken_back,
	a_record_longer_than_a_frame_is_continued,
	entering_takes_time_and_stamp_from_the_input,
	flush_without_a_frame_does_nothing)
