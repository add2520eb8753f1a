/*
 * unit/graph/stage.c -- what a stage's callbacks may call at any time.
 */
#include "unit/graph/fake.h"

static struct leat_stage *
stage_of(struct leat_graph *g, const char *name)
{
	struct leat_stage *st = leat__graph_find(g, name, strlen(name));

	ck_assert_ptr_nonnull(st);
	return st;
}

START_TEST(a_stage_knows_its_name_context_and_state)
{
	struct leat_stage_ops ops = fake_drop;
	struct leat_graph *g = fake_graph();
	struct leat_stage *st;
	const char *state;

	ops.state_bytes = 100;
	st = fake_add(g, &ops, "sink");
	state = leat_stage_state(st);
	for (size_t k = 0; k < 100; k++)
		ck_assert_int_eq(state[k], 0);
	ck_assert_str_eq(leat_stage_name(st), "sink");
	ck_assert_ptr_eq(leat_stage_ctx(st), g->ctx);
	ck_assert_ptr_null(leat_stage_state(fake_add(g, &fake_drop, NULL)));
	leat__graph_free(g);
}
END_TEST

START_TEST(needs_begin_as_the_ops_say)
{
	struct leat_graph *g = fake_parsed("read a.csv ! head ! drop");
	struct leat_stage *st = stage_of(g, "csv.parse");

	ck_assert_uint_eq(leat_stage_needs(st)->frame_bytes, 200000);
	ck_assert_uint_eq(leat_stage_needs(st)->side_bytes, 1 << 20);
	leat__graph_free(g);
}
END_TEST

START_TEST(counts_add_up)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *st = fake_add(g, &fake_drop, NULL);

	leat_stage_count(st, LEAT_COUNT_WRITTEN, 5);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, 7);
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	ck_assert_uint_eq(st->counters.counts[LEAT_COUNT_WRITTEN], 12);
	ck_assert_uint_eq(st->counters.counts[LEAT_COUNT_READ], 1);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_failure_names_the_stage_and_its_place)
{
	struct leat_graph *g = fake_parsed("read a ! drop name=sink");
	struct leat_stage *st = stage_of(g, "sink");
	struct leat_error err;

	ck_assert_int_eq(
		leat_stage_fail(st, LEAT_EDATA, "row %d", 7), LEAT_EDATA);
	leat__stage_error(st, &err);
	ck_assert_int_eq(err.code, LEAT_EDATA);
	ck_assert_int_eq(err.sys_errno, 0);
	ck_assert_str_eq(err.text, "row 7");
	ck_assert_str_eq(err.stage, "sink");
	ck_assert_uint_eq(err.at_offset, 9);
	ck_assert_uint_eq(err.at_bytes, 4);
	leat__stage_error(st, NULL);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_failure_carries_the_systems_number)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *st = fake_add(g, &fake_drop, NULL);
	struct leat_error err;

	ck_assert_int_eq(
		leat_stage_fail_errno(st, LEAT_EIO, 28, "full"), LEAT_EIO);
	leat__stage_error(st, &err);
	ck_assert_int_eq(err.sys_errno, 28);
	ck_assert_uint_eq(err.at_bytes, 0);
	leat__graph_free(g);
}
END_TEST

static void
points_at(const char *text, const char *name, const char *option, size_t offset,
	size_t n_bytes, const char *piece)
{
	struct leat_graph *g = fake_parsed(text);
	struct leat_stage *st = stage_of(g, name);
	struct leat_error err;

	ck_assert_int_eq(leat_stage_fail_at(st, LEAT_EINVAL, option, offset,
				 n_bytes, "here"),
		LEAT_EINVAL);
	leat__stage_error(st, &err);
	ck_assert_msg(err.at_bytes == strlen(piece) &&
			!memcmp(text + err.at_offset, piece, err.at_bytes),
		"'%.*s'", (int)err.at_bytes, text + err.at_offset);
	leat__graph_free(g);
}

START_TEST(a_failure_can_point_into_a_value)
{
	const char *text = "read a.csv ! where \"x\\t\\\"y z\" ! drop";

	points_at(text, "where", "condition", 0, 1, "x");
	points_at(text, "where", "condition", 1, 1, "\\t");
	points_at(text, "where", "condition", 3, 3, "y z");
	points_at(text, "where", "condition", 0, 0, "\"x\\t\\\"y z\"");
	points_at(text, "where", "condition", 99, 1, " ");
	points_at(text, "where", "nothing", 0, 1, "where");
	points_at(text, "csv.parse", "sep", 0, 1, "");
}
END_TEST

START_TEST(a_failure_can_point_into_the_rest)
{
	const char *text = "read a.csv ! select a, \"b c\"  d=e ! drop";

	points_at(text, "select", "columns", 0, 1, "a");
	points_at(text, "select", "columns", 2, 3, "b c");
	points_at(text, "select", "columns", 6, 3, "d=e");
	points_at(text, "select", "columns", 0, 0, "a, \"b c\"  d=e");
}
END_TEST

START_TEST(side_memory_is_capped_by_the_needs)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *st = fake_add(g, &fake_drop, NULL);
	void *first, *second;

	ck_assert_int_eq(leat_stage_alloc(st, 100, &first), LEAT_ELIMIT);
	leat_stage_needs(st)->side_bytes = 4096;
	ck_assert_int_eq(leat_stage_alloc(st, 3000, &first), LEAT_OK);
	memset(first, 1, 3000);
	ck_assert_int_eq(leat_stage_alloc(st, 3000, &second), LEAT_ELIMIT);
	leat_stage_free(st, first);
	ck_assert_int_eq(leat_stage_alloc(st, 3000, &second), LEAT_OK);
	leat_stage_free(st, NULL);
	leat__graph_free(g); /* with the second block */
}
END_TEST

START_TEST(the_cap_stands_once_the_graph_is_checked)
{
	struct leat_graph *g = fake_checked("read a.csv ! head ! drop");
	struct leat_stage *st = stage_of(g, "csv.parse");
	void *memory;

	leat_stage_needs(st)->side_bytes = 1 << 30;
	ck_assert_int_eq(leat_stage_alloc(st, 2 << 20, &memory), LEAT_ELIMIT);
	ck_assert_int_eq(leat_stage_alloc(st, 1 << 19, &memory), LEAT_OK);
	leat__graph_free(g);
}
END_TEST

TEST_MAIN("graph/stage", a_stage_knows_its_name_context_and_state,
	needs_begin_as_the_ops_say, counts_add_up,
	a_failure_names_the_stage_and_its_place,
	a_failure_carries_the_systems_number, a_failure_can_point_into_a_value,
	a_failure_can_point_into_the_rest, side_memory_is_capped_by_the_needs,
	the_cap_stands_once_the_graph_is_checked)
