/*
 * unit/graph/plan.c -- segments, threads, classes, capacities.
 */
#include "unit/graph/fake.h"

/* Is the graph cut like this? "read|csv.parse where|write" */
static void
segments_are(const char *text, const char *expected)
{
	struct leat_graph *g = fake_checked(text);
	char buf[512] = "";
	struct leat__text out = {buf, sizeof(buf), 0};

	for (uint32_t k = 0; k < g->n_segments; k++) {
		const struct leat__segment *segment = &g->segments[k];

		ck_assert_uint_eq(segment->number, k);
		for (uint32_t j = 0; j < segment->n_stages; j++) {
			const struct leat_stage *st = segment->stages[j];

			leat__text_add(&out, "%s%s",
				j           ? " "
					: k ? "|"
					    : "",
				st->name);
			ck_assert_ptr_eq(st->segment, segment);
			ck_assert_uint_eq(st->at, j);
		}
	}
	ck_assert_str_eq(buf, expected);
	leat__graph_free(g);
}

START_TEST(neighbours_that_do_not_block_are_one_segment)
{
	segments_are("numbers ! double ! drop", "numbers double drop");
	segments_are("read a ! head ! head ! write b", "read|head head2|write");
	segments_are("read a ! write b", "read|write");
}
END_TEST

START_TEST(several_ins_begin_and_several_outs_end_a_segment)
{
	segments_are("numbers ! head ! tee ! double ! drop tee.1 ! drop",
		"numbers head tee|double drop|drop2");
	segments_are("numbers ! double ! merge ! head ! drop numbers ! merge.",
		"numbers double|numbers2|merge head drop");
}
END_TEST

START_TEST(links_inside_a_segment_are_fused)
{
	struct leat_graph *g = fake_checked("read a ! head ! head ! write b");

	ck_assert(!g->links[0]->is_fused);
	ck_assert(g->links[1]->is_fused);
	ck_assert(!g->links[2]->is_fused);
	leat__graph_free(g);
}
END_TEST

static void
threads_are(const char *text, uint32_t workers, uint32_t n_workers,
	uint32_t n_threads)
{
	struct leat_graph_opts opts = {.workers = workers};
	struct leat_graph *g = fake_graph_with(opts);

	ck_assert_int_eq(leat_graph_parse(g, text, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(g->n_workers, n_workers);
	ck_assert_uint_eq(g->n_threads, n_threads);
	leat__graph_free(g);
}

START_TEST(there_are_no_more_workers_than_work)
{
	threads_are("read a ! head ! write b", 4, 1, 3);
	threads_are("read a ! write b", 4, 0, 2);
	threads_are("numbers ! tee ! drop tee.1 ! drop", 4, 3, 3);
	threads_are("numbers ! tee ! drop tee.1 ! drop", 2, 2, 2);
	threads_are("numbers ! drop", 1, 1, 1);
}
END_TEST

/* ---- capacities -------------------------------------------------------- */

START_TEST(a_link_takes_what_its_sender_may_emit_at_once)
{
	struct leat_stage_ops many = fake_numbers;
	struct leat_link_opts opts = {
		LEAT_OPTS_INIT(leat_link_opts), .capacity_frames = 8};
	struct leat_graph *g = fake_graph();
	struct leat_stage *merge = fake_add(g, &fake_merge, NULL);
	struct leat_stage *first, *second;

	many.needs.max_out = 9;
	first = fake_add(g, &many, "first");
	second = fake_add(g, &fake_numbers, "second");
	fake_link(g, leat_out(merge, 0),
		leat_in(fake_add(g, &fake_drop, NULL), 0));
	fake_link(g, leat_out(first, 0), leat_in(merge, 0));
	ck_assert_int_eq(leat_graph_link(g, leat_out(second, 0),
				 leat_in(merge, 1), &opts, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(first->outs[0]->capacity_frames, 9);
	ck_assert_uint_eq(second->outs[0]->capacity_frames, 8);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_link_that_is_too_small_for_its_sender_is_refused)
{
	struct leat_stage_ops many = fake_numbers;
	struct leat_link_opts opts = {
		LEAT_OPTS_INIT(leat_link_opts), .capacity_frames = 8};
	struct leat_graph *g = fake_graph();
	struct leat_stage_ops sink = fake_drop;
	struct leat_stage *source;
	struct leat_error err;

	many.needs.max_out = 9;
	sink.flags |= LEAT_STAGE_BLOCKING;
	source = fake_add(g, &many, "source");
	ck_assert_int_eq(
		leat_graph_link(g, leat_out(source, 0),
			leat_in(fake_add(g, &sink, NULL), 0), &opts, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "from 9 on"));
	ck_assert_str_eq(err.stage, "source");
	leat__graph_free(g);
}
END_TEST

/* ---- classes ----------------------------------------------------------- */

START_TEST(every_size_that_is_made_is_a_class)
{
	struct leat_graph *g =
		fake_checked("read a.csv ! where x ! csv.format ! write b");

	ck_assert_uint_eq(g->n_classes, 3);
	ck_assert_uint_eq(g->classes[0].slot_bytes, 65536);
	ck_assert_uint_eq(g->classes[1].slot_bytes, 102400); /* 100000 */
	ck_assert_uint_eq(g->classes[2].slot_bytes, 200704); /* 200000 */
	ck_assert_uint_eq(g->stages[0]->pool_class, 1);
	ck_assert_uint_eq(g->stages[1]->pool_class, 2);
	ck_assert_uint_eq(g->stages[2]->pool_class, UINT32_MAX);
	ck_assert_uint_eq(g->stages[3]->pool_class, 0);
	ck_assert_uint_eq(g->stages[4]->pool_class, UINT32_MAX);
	leat__graph_free(g);
}
END_TEST

START_TEST(sizes_that_lie_near_share_a_class)
{
	static const uint32_t sizes[] = {4096, 8192, 16384, 32768, 65536,
		131072, 262144, 262145, 524288, 1 << 20};
	struct leat_graph *g = fake_graph();
	struct leat_stage *before = NULL;

	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct leat_stage_ops ops = k ? fake_head : fake_numbers;
		struct leat_stage *st;

		ops.needs.frame_bytes = sizes[k];
		st = fake_add(g, &ops, NULL);
		if (before)
			fake_link(g, leat_out(before, 0), leat_in(st, 0));
		before = st;
	}
	fake_link(g, leat_out(before, 0),
		leat_in(fake_add(g, &fake_drop, NULL), 0));
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(g->n_classes, LEAT_POOL_CLASSES_MAX);
	for (uint32_t c = 1; c < g->n_classes; c++)
		ck_assert_uint_lt(
			g->classes[c - 1].slot_bytes, g->classes[c].slot_bytes);
	for (uint32_t k = 0; k + 1 < g->n_stages; k++) {
		const struct leat_stage *st = g->stages[k];

		ck_assert_uint_ge(g->classes[st->pool_class].slot_bytes,
			st->needs.frame_bytes);
		ck_assert_uint_gt(g->classes[st->pool_class].n_slots, 0);
	}
	leat__graph_free(g);
}
END_TEST

START_TEST(a_graph_that_makes_no_more_than_one_size_has_one_class)
{
	struct leat_graph *g = fake_checked("numbers ! double ! drop");

	ck_assert_uint_eq(g->n_classes, 1);
	ck_assert_uint_eq(g->classes[0].slot_bytes, 65536);
	leat__graph_free(g);
}
END_TEST

/* ---- cargo ------------------------------------------------------------- */

START_TEST(a_frame_takes_along_what_it_points_into)
{
	struct leat_graph *g =
		fake_checked("read a.csv ! where x ! csv.format ! write b");
	const struct leat__cargo *read = &g->stages[0]->cargo;
	const struct leat__cargo *parse = &g->stages[1]->cargo;
	const struct leat__cargo *where = &g->stages[2]->cargo;
	const struct leat__cargo *format = &g->stages[3]->cargo;

	ck_assert_uint_eq(read->frames, 1u << 1);
	ck_assert_uint_eq(read->pins[1], 0);
	ck_assert_uint_eq(parse->frames, 1u << 2);
	ck_assert_uint_eq(parse->pins[1], 1);
	ck_assert_uint_eq(parse->pins[2], 0);
	ck_assert_int_eq(memcmp(where, parse, sizeof(*where)), 0);
	ck_assert_uint_eq(format->frames, 1u << 0);
	ck_assert_uint_eq(format->pins[1], 0);
	leat__graph_free(g);
}
END_TEST

TEST_MAIN("graph/plan", neighbours_that_do_not_block_are_one_segment,
	several_ins_begin_and_several_outs_end_a_segment,
	links_inside_a_segment_are_fused, there_are_no_more_workers_than_work,
	a_link_takes_what_its_sender_may_emit_at_once,
	a_link_that_is_too_small_for_its_sender_is_refused,
	every_size_that_is_made_is_a_class, sizes_that_lie_near_share_a_class,
	a_graph_that_makes_no_more_than_one_size_has_one_class,
	a_frame_takes_along_what_it_points_into)
