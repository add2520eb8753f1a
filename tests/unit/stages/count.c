/*
 * count: one row, whatever came.
 */
#include "base/atomic.h"
#include "graph/graph.h"
#include "support/pipe.h"
#include "support/test.h"

START_TEST(records_of_a_table_are_counted)
{
	pipe_gives("csv.parse ! count ! csv.format", "a\n1\n\"2\n2\"\n3",
		"count\n3\n");
}
END_TEST

START_TEST(rows_are_counted)
{
	pipe_gives(
		"lines.parse ! count ! csv.format", "a\n\nb\n", "count\n3\n");
}
END_TEST

START_TEST(only_what_is_selected_counts)
{
	pipe_gives("csv.parse ! where \"a > 1\" ! count ! csv.format",
		"a\n1\n2\n3\n", "count\n2\n");
	pipe_gives("csv.parse ! head 2 ! count ! csv.format", "a\n1\n2\n3\n",
		"count\n2\n");
}
END_TEST

START_TEST(nothing_counts_as_zero)
{
	pipe_gives("lines.parse ! count ! csv.format", "", "count\n0\n");
	pipe_gives("csv.parse ! count ! csv.format", "a\n", "count\n0\n");
}
END_TEST

START_TEST(the_result_can_be_counted_again)
{
	pipe_gives("lines.parse ! count ! count ! csv.format", "a\nb\n",
		"count\n1\n");
}
END_TEST

START_TEST(the_result_is_a_number)
{
	pipe_gives("lines.parse ! count ! where \"count = 2\" ! csv.format",
		"a\nb\n", "count\n2\n");
}
END_TEST

/* ---- looked at as it goes on ---------------------------------------------- */

static const struct leat_stage *counting; /* the stage */
static uint64_t n_made;

static void
look(struct leat__tap *tap, struct leat_frame *frame)
{
	(void)tap;
	ck_assert_uint_eq(frame->n_items, 1);
	n_made =
		leat__load_relaxed(&counting->counters.counts[LEAT_COUNT_MADE]);
}

/* Else whoever looks then finds a record more than there were. */
START_TEST(the_row_is_counted_before_anybody_has_it)
{
	struct leat__tap tap = {LEAT__TAP_WANTS, look};
	struct leat_graph *graph;
	struct leat_error err;

	n_made = 0;
	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_msg(leat_graph_parse(graph,
			      "read /dev/null ! lines.parse ! count ! "
			      "csv.format ! write /dev/null",
			      &err) == LEAT_OK,
		"%s", err.text);
	counting = leat__graph_find(graph, "count", 5);
	ck_assert_ptr_nonnull(counting);
	leat__store_release(&counting->outs[0]->tap, &tap);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_uint_eq(tap.state, LEAT__TAP_IS_FULL);
	ck_assert_uint_eq(n_made, 1);
	counting->outs[0]->tap = NULL;
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("stages/count", records_of_a_table_are_counted, rows_are_counted,
	only_what_is_selected_counts, nothing_counts_as_zero,
	the_result_can_be_counted_again, the_result_is_a_number,
	the_row_is_counted_before_anybody_has_it)
