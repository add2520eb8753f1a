/*
 * unit/graph/hook.c -- hooks in a graph's text: read, shown, refused.
 */
#include "graph/graph.h"
#include "support/test.h"

static int
parse(const char *text, struct leat_graph **graph, struct leat_error *err)
{
	ck_assert_int_eq(leat_graph_create(NULL, graph, NULL), LEAT_OK);
	return leat_graph_parse(*graph, text, err);
}

/* What is shown parses to the same. */
static void
shows(const char *text, const char *shown)
{
	struct leat_graph *graph;
	struct leat_error err;
	char once[1024], twice[1024];

	ck_assert_msg(parse(text, &graph, &err) == LEAT_OK, "%s", err.text);
	leat_graph_show(graph, once, sizeof(once));
	leat_graph_destroy(graph);
	ck_assert_str_eq(once, shown);
	ck_assert_msg(parse(once, &graph, &err) == LEAT_OK, "%s", err.text);
	leat_graph_show(graph, twice, sizeof(twice));
	leat_graph_destroy(graph);
	ck_assert_str_eq(twice, once);
}

START_TEST(hooks_stand_before_their_stage)
{
	shows("read a ! @rate(items=5) write b",
		"read a ! @rate(items=5) write b\n");
	shows("@rate( 7,over=shed ) read a ! write b",
		"@rate(items=7, over=shed) read a ! write b\n");
	shows("read a ! @breaker @rate(bytes=1k\n\titems=2,) head 3 ! write b",
		"read a ! @breaker @rate(items=2, bytes=1k) head 3 ! write "
		"b\n");
	shows("read a ! @rate(items=\"5\") head 1 ! write b",
		"read a ! @rate(items=5) head 1 ! write b\n");
}
END_TEST

START_TEST(each_replica_has_its_own)
{
	struct leat_graph *graph;
	struct leat_error err;

	shows("read a.txt ! parallel 2 { @rate(5,over=shed) upper } ! write -",
		"read a.txt ! lines.parse ! parallel 2 { @rate(items=5, "
		"over=shed) upper } ! lines.format ! write -\n");
	ck_assert_int_eq(parse("read a.txt ! parallel 2 { @rate(5) upper } ! "
			       "write -",
				 &graph, &err),
		LEAT_OK);
	for (uint32_t k = 0, n = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];

		n += st->hooks != NULL;
		ck_assert(!st->hooks || st->hooks->at[0].stage == st);
		ck_assert(k + 1 < graph->n_stages || n == 2);
	}
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_is_wrong_is_pointed_at)
{
	static const struct {
		const char *text, *error;
		uint32_t offset, n_bytes;
	} bad[] = {
		{"read a ! @rat(5) write b",
			"unknown guard 'rat' (did you mean 'rate'?); "
			"there are: retry, rate, breaker, timeout, bulkhead, "
			"fallback, shed, dedup, isolate",
			10, 3},
		{"read a ! @rate(item=5) write b",
			"unknown option 'item' of guard '@rate' (did you mean "
			"'items'?); there are: items, bytes, burst, over",
			15, 6},
		{"read a ! @rate(5, 6) write b",
			"'6': guard '@rate' takes no further value without a "
			"name; its options are: items, bytes, burst, over",
			18, 1},
		{"read a ! @rate(5, items=6) write b",
			"option 'items' of guard '@rate' is given twice", 18,
			7},
		{"read a ! @rate(items=0) write b",
			"option 'items': '0' is out of range; accepted: a "
			"whole "
			"number, at least 1, in records",
			21, 1},
		{"read a ! @rate(items=1", "the ( of a hook is never closed",
			21, 1},
		{"read a ! @rate write b",
			"@rate has no limit; give it items=N or bytes=N, a "
			"second",
			9, 5},
		{"read a ! @retry write b",
			"@retry: stage 'write' cannot be called again after a "
			"failure (LEAT_STAGE_REPEATS)",
			9, 6},
		{"read a ! @rate 5 write b",
			"options of a guard stand in parentheses: @rate(5)", 15,
			1},
		{"read a ! @rate(5) @retry times=2 write b",
			"options of a guard stand in parentheses: "
			"@retry(times=2)",
			25, 7},
		{"read a ! @rate(1)",
			"a guard stands before a stage, like: @rate write "
			"a.csv",
			9, 8},
		{"read a.txt ! @rate(1) parallel 2 { upper }",
			"a guard stands before one stage; put it inside "
			"parallel { }",
			13, 8},
		{"read a.txt ! @rate(1) upper priority=low",
			"a hook at stage 'upper' may wait: so the stage has a "
			"thread of its own, and no priority",
			13, 8},
	};
	struct leat_graph *graph;
	struct leat_error err;

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		ck_assert_int_lt(parse(bad[k].text, &graph, &err), 0);
		ck_assert_str_eq(err.text, bad[k].error);
		ck_assert_uint_eq(err.at_offset, bad[k].offset);
		ck_assert_uint_eq(err.at_bytes, bad[k].n_bytes);
		leat_graph_destroy(graph);
	}
}
END_TEST

TEST_MAIN("graph/hook", hooks_stand_before_their_stage,
	each_replica_has_its_own, what_is_wrong_is_pointed_at)
