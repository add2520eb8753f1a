/*
 * unit/stages/priority.c -- a frame's priority: set, kept, and in its bits.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(a_priority_changes_no_record)
{
	pipe_gives("priority 7", "a\nb", "a\nb");
	pipe_gives("lines.parse ! priority ! upper ! lines.format", "a\nb",
		"A\nB\n");
	pipe_gives("lines.parse ! priority n=3 ! lines.format", "a", "a\n");
}
END_TEST

START_TEST(a_priority_is_0_to_7)
{
	pipe_fails("priority 8", "a", "from 0 to 7");
	pipe_fails("priority -1", "a", "from 0 to 7");
	pipe_fails("priority high", "a", "from 0 to 7");
}
END_TEST

START_TEST(a_priority_leaves_the_other_flags_alone)
{
	struct leat_frame frame = {.flags = LEAT_FRAME_CUT};

	ck_assert_uint_eq(leat_frame_priority(&frame), 0);
	for (uint32_t k = 0; k <= LEAT_FRAME_PRIORITY_MAX; k++) {
		leat_frame_set_priority(&frame, k);
		ck_assert_uint_eq(leat_frame_priority(&frame), k);
		ck_assert_uint_eq(frame.flags & 31u, LEAT_FRAME_CUT);
	}
	leat_frame_set_priority(&frame, 100);
	ck_assert_uint_eq(leat_frame_priority(&frame), LEAT_FRAME_PRIORITY_MAX);
}
END_TEST

/* ---- a source of bytes, and a sink that looks at priorities ------------------- */

static uint32_t n_seen, n_wrong;

static int
look_process(struct leat_stage *st, struct leat_frame *in)
{
	n_seen++;
	n_wrong += leat_frame_priority(in) != 6;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops look_ops = {LEAT_STAGE_OPS_INIT("look"),
	.flags = LEAT_STAGE_SINK, .process = look_process};

/* Through copies, new frames and writers. */
START_TEST(what_is_made_of_a_frame_has_its_priority)
{
	struct leat_priority_opts priority = {
		LEAT_OPTS_INIT(leat_priority_opts), .priority = 6};
	struct leat_read_opts read = {
		LEAT_OPTS_INIT(leat_read_opts), .path = "in.csv"};
	struct leat_step steps[] = {{&leat_read_ops, &read},
		{&leat_priority_ops, &priority}, {&leat_csv_parse_ops, NULL},
		{&leat_csv_format_ops, NULL}, {&leat_upper_ops, NULL},
		{&look_ops, NULL}};
	struct leat_graph *graph;

	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n1,2\n3,4\n");
	n_seen = n_wrong = 0;
	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 6, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	leat_graph_destroy(graph);
	ck_assert_uint_gt(n_seen, 0);
	ck_assert_uint_eq(n_wrong, 0);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/priority", a_priority_changes_no_record, a_priority_is_0_to_7,
	a_priority_leaves_the_other_flags_alone,
	what_is_made_of_a_frame_has_its_priority)
