/*
 * unit/graph/fallback.c -- the out of a stage for what its hooks send
 * elsewhere: written, shown, planned, refused.
 */
#include "graph/graph.h"
#include "support/numbers.h"
#include "support/test.h"

static struct leat_graph *
parsed(const char *text)
{
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_msg(
		leat_graph_parse(graph, text, &err) == LEAT_OK, "%s", err.text);
	return graph;
}

static void
shows(const char *text, const char *shown)
{
	struct leat_graph *graph = parsed(text);
	char once[1024], twice[1024];

	leat_graph_show(graph, once, sizeof(once));
	leat_graph_destroy(graph);
	ck_assert_str_eq(once, shown);
	graph = parsed(once);
	leat_graph_show(graph, twice, sizeof(twice));
	leat_graph_destroy(graph);
	ck_assert_str_eq(twice, once);
}

START_TEST(a_chain_goes_on_from_it_by_the_stage_s_name)
{
	shows("read a.txt ! @fallback upper name=t ! write b.txt  t. ! write c",
		"read a.txt ! @fallback upper name=t ! write b.txt\n"
		"t.1 ! write c\n");
	shows("read a.csv ! @fallback write b.csv  write. ! write c.csv",
		"read a.csv ! csv.parse ! csv.format ! @fallback write b.csv\n"
		"write.0 ! write c.csv\n");
}
END_TEST

static void
fails(const char *text, const char *why)
{
	struct leat_graph *graph;
	struct leat_error err;
	int rc;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	rc = leat_graph_parse(graph, text, &err);
	if (rc == LEAT_OK)
		rc = leat_graph_check(graph, &err);
	ck_assert_int_lt(rc, 0);
	ck_assert_str_eq(err.text, why);
	leat_graph_destroy(graph);
}

START_TEST(what_cannot_be_is_refused)
{
	fails("read /dev/null ! lines.parse ! @fallback upper ! write -",
		"the fallback of stage 'upper' leads nowhere; begin a chain at "
		"it, like: upper.1 ! write spare.csv");
	fails("@fallback read a ! write -",
		"stage 'read' can have no fallback; accepted: a stage with one "
		"in, and outs whose number is fixed");
	fails("read a ! @fallback tee slow=block ! write -",
		"stage 'tee' can have no fallback; accepted: a stage with one "
		"in, and outs whose number is fixed");
	fails("read /dev/null ! lines.parse ! parallel 2 { @fallback upper } ! "
	      "write -  upper. ! write c",
		"stage 'upper' is in parallel { }, and its fallback would be "
		"one of each replica; accepted: a fallback of a stage "
		"outside");
	fails("read a ! @fallback write - ! write b",
		"'write' is a sink: nothing can follow it");
}
END_TEST

/* ---- by the C API ------------------------------------------------------- */

static const struct leat_hook_step fallback = {&leat_fallback_ops, NULL};

struct chain {
	struct leat_graph *graph;
	struct leat_stage *st[4]; /* numbers, pass, sink, spare */
};

static struct chain
chain_make(struct sink_seen seen[2])
{
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = 10, .per_frame = 1};
	struct sink_opts sinks[2] = {
		{LEAT_OPTS_INIT(sink_opts), .seen = &seen[0]},
		{LEAT_OPTS_INIT(sink_opts), .seen = &seen[1]}};
	struct leat_step steps[4] = {{&numbers_ops, &numbers},
		{&pass_ops, NULL}, {&sink_ops, &sinks[0]},
		{&sink_ops, &sinks[1]}};
	struct chain c;

	ck_assert_int_eq(leat_graph_create(NULL, &c.graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < 4; k++)
		ck_assert_int_eq(leat_graph_add(c.graph, NULL, &steps[k],
					 &c.st[k], NULL),
			LEAT_OK);
	for (uint32_t k = 0; k < 2; k++)
		ck_assert_int_eq(leat_graph_link(c.graph, leat_out(c.st[k], 0),
					 leat_in(c.st[k + 1], 0), NULL, NULL),
			LEAT_OK);
	return c;
}

START_TEST(the_out_comes_and_goes_with_the_hook)
{
	struct sink_seen seen[2] = {{0}};
	struct chain c = chain_make(seen);

	ck_assert_ptr_null(leat_stage_fallback(c.st[1]).stage);
	ck_assert_int_eq(
		leat_stage_set_hooks(c.st[1], &fallback, 1, NULL), LEAT_OK);
	ck_assert_ptr_eq(leat_stage_fallback(c.st[1]).stage, c.st[1]);
	ck_assert_uint_eq(leat_stage_fallback(c.st[1]).index, 1);
	/* the stage itself does not know of it */
	ck_assert_uint_eq(leat_stage_n_outs(c.st[1]), 1);
	ck_assert_int_eq(leat_stage_set_hooks(c.st[1], NULL, 0, NULL), LEAT_OK);
	ck_assert_ptr_null(leat_stage_fallback(c.st[1]).stage);
	leat_graph_destroy(c.graph);
}
END_TEST

START_TEST(it_stays_where_something_is_linked_to_it)
{
	struct sink_seen seen[2] = {{0}};
	struct chain c = chain_make(seen);
	struct leat_graph_stats stats;
	char text[4096];

	ck_assert_int_eq(
		leat_stage_set_hooks(c.st[1], &fallback, 1, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_link(c.graph, leat_stage_fallback(c.st[1]),
				 leat_in(c.st[3], 0), NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_stage_set_hooks(c.st[1], NULL, 0, NULL), LEAT_OK);
	ck_assert_ptr_nonnull(leat_stage_fallback(c.st[1]).stage);
	ck_assert_int_eq(leat_graph_check(c.graph, NULL), LEAT_OK);
	leat_graph_explain(c.graph, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "pass.1 (fallback) -> sink2"));
	ck_assert_int_eq(leat_graph_run(c.graph, NULL), LEAT_OK);
	leat_graph_stats(c.graph, &stats);
	ck_assert(stats.is_balanced);
	ck_assert_uint_eq(seen[0].n, 10);
	ck_assert_uint_eq(seen[1].n, 0);
	leat_graph_destroy(c.graph);
}
END_TEST

static void
pool_count(const struct leat__share *share, void *user)
{
	uint64_t *n = user;

	if (share->kind == LEAT__SHARE_LINK && share->link &&
		leat__link_is_fallback(share->link))
		*n += share->n_slots;
}

START_TEST(its_frames_are_in_the_budget)
{
	struct sink_seen seen[2] = {{0}};
	struct chain c = chain_make(seen);
	uint64_t n = 0;

	ck_assert_int_eq(
		leat_stage_set_hooks(c.st[1], &fallback, 1, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_link(c.graph, leat_stage_fallback(c.st[1]),
				 leat_in(c.st[3], 0), NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_check(c.graph, NULL), LEAT_OK);
	leat__budget_each(c.graph, pool_count, &n);
	ck_assert_uint_eq(n, c.st[1]->outs[1]->capacity_frames);
	ck_assert(!c.st[1]->outs[1]->is_fused);
	leat_graph_destroy(c.graph);
}
END_TEST

TEST_MAIN("graph/fallback", a_chain_goes_on_from_it_by_the_stage_s_name,
	what_cannot_be_is_refused, the_out_comes_and_goes_with_the_hook,
	it_stays_where_something_is_linked_to_it, its_frames_are_in_the_budget)
