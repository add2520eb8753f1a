/*
 * unit/guard/bulkhead.c -- what who looks on is told of the calls inside. Who
 * waits, and who is let in, is in tests/sim/scenario_guard.c.
 */
#include "support/numbers.h"
#include "support/test.h"

/* ---- a stage that looks at its own guard ----------------------------------- */

struct looks_opts {
	uint32_t size;
	uint32_t flags;
	struct leat_graph *graph;
	uint64_t *n_looks;
};

static uint64_t
level(const struct leat_graph *graph)
{
	struct leat_hook_stats stats;

	ck_assert_int_eq(leat_stage_hook_stats(graph, 1, 0, &stats), LEAT_OK);
	ck_assert_uint_eq(stats.has_level, 1);
	return stats.level;
}

static int
looks_init(struct leat_stage *st, const void *opts)
{
	*(const struct looks_opts **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

static int
looks_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct looks_opts *o =
		*(const struct looks_opts **)leat_stage_state(st);

	ck_assert_uint_eq(level(o->graph), 1);
	++*o->n_looks;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops looks_ops = {
	LEAT_STAGE_OPS_INIT("looks"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_REPEATS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct looks_opts),
	.init = looks_init,
	.process = looks_process,
};

/* name: "" = it is alone, and asks nobody. */
static void
tells(const char *name)
{
	uint64_t n_looks = 0;
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = 700};
	struct looks_opts looks = {
		LEAT_OPTS_INIT(looks_opts), .n_looks = &n_looks};
	struct leat_step steps[] = {
		{&numbers_ops, &numbers}, {&looks_ops, &looks}};
	struct leat_bulkhead_opts bulkhead = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 2, .name = name};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &bulkhead};
	struct leat_stage *from, *to;
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	looks.graph = graph;
	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &steps[0], &from, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &steps[1], &to, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_link(graph, leat_out(from, 0),
				 leat_in(to, 0), NULL, NULL),
		LEAT_OK);
	ck_assert_msg(leat_stage_set_hooks(to, &hook, 1, &err) == LEAT_OK, "%s",
		err.text);
	ck_assert_uint_eq(level(graph), 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_uint_eq(n_looks, 100);
	ck_assert_uint_eq(level(graph), 0);
	leat_graph_destroy(graph);
}

START_TEST(a_call_that_is_alone_is_seen_inside)
{
	tells("");
}
END_TEST

START_TEST(so_is_one_that_counts_with_others)
{
	tells("all");
}
END_TEST

TEST_MAIN("guard/bulkhead", a_call_that_is_alone_is_seen_inside,
	so_is_one_that_counts_with_others)
