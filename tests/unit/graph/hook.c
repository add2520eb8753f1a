/*
 * unit/graph/hook.c -- hooks in a graph's text: read, shown, refused; and
 * exchanged while their stage is called.
 */
#include <sched.h>

#include "base/atomic.h"
#include "graph/graph.h"
#include "support/numbers.h"
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
	shows("read a ! @shed(queue=\"70%,85%,95%\", memory=50) write b",
		"read a ! @shed(queue=\"70%,85%,95%\", memory=50) write b\n");
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
		{"@dedup read a ! write b",
			"@dedup looks at what comes to a stage, and to 'read', "
			"a source, nothing comes; accepted: the stage behind "
			"it",
			0, 6},
		{"read a ! @bulkhead write b",
			"guard '@bulkhead' needs option 'n': so many at once",
			9, 9},
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

/* ---- exchanged ------------------------------------------------------------ */

/* All atomic. */
static struct {
	uint32_t n_made, n_ended;
	uint32_t n_inside; /* calls that have come so far */
	uint32_t is_held;  /* they stay inside */
	uint32_t n_barriers;
} stays;

static int
stays_init(struct leat_hook *hook, const void *opts)
{
	(void)hook;
	(void)opts;
	leat__add_relaxed(&stays.n_made, 1u);
	return LEAT_OK;
}

static int
stays_before(struct leat_hook *hook, const struct leat_call *call)
{
	(void)hook;
	(void)call;
	leat__add_relaxed(&stays.n_inside, 1u);
	while (leat__load_acquire(&stays.is_held))
		sched_yield();
	return LEAT_OK;
}

static void
stays_fini(struct leat_hook *hook)
{
	(void)hook;
	leat__add_relaxed(&stays.n_ended, 1u);
}

static const struct leat_hook_ops stays_ops = {
	LEAT_HOOK_OPS_INIT("stays"),
	.init = stays_init,
	.before = stays_before,
	.fini = stays_fini,
};
static const struct leat_hook_step stays_step = {&stays_ops, NULL};

static int
counted_barrier(const struct leat__env *env)
{
	(void)env;
	leat__add_relaxed(&stays.n_barriers, 1u);
	return leat__env_posix()->barrier(leat__env_posix());
}

static int
each_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops each_ops = {LEAT_STAGE_OPS_INIT("each"),
	.flags = LEAT_STAGE_STATELESS, .in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8, .process = each_process};

/* numbers without end ! each ! sink; its stage in the middle. */
static struct leat_stage *
begin(struct leat__env *env, struct sink_seen *seen, struct leat_graph **graph)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 3};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {{&numbers_ops, &numbers}, {&each_ops, NULL},
		{&sink_ops, &sink}};

	memset(&stays, 0, sizeof(stays));
	*env = *leat__env_posix();
	env->barrier = counted_barrier;
	ck_assert_int_eq(leat__graph_create(env, &opts, graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(*graph, steps, 3, NULL), LEAT_OK);
	return (*graph)->stages[1];
}

static void
end(struct leat_graph *graph)
{
	leat_graph_drain(graph);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_OK);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(stays.n_ended, stays.n_made);
}

static void
await(const uint32_t *word, uint32_t n)
{
	while (leat__load_acquire(word) < n)
		sched_yield();
}

static void
await_items(struct sink_seen *seen, uint64_t n)
{
	n += leat__load_acquire(&seen->n);
	while (leat__load_acquire(&seen->n) < n)
		sched_yield();
}

START_TEST(all_instances_of_a_stage_change_them)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph;
	struct leat__env env;
	struct leat_stage *st = begin(&env, &seen, &graph);

	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	ck_assert_uint_eq(leat__stage_n_instances(st), 3);
	for (uint32_t n = 1; n < 7; n++) {
		const struct leat__hooks *hooks;

		ck_assert_int_eq(
			leat_stage_set_hooks(st, &stays_step, n % 3 != 0, NULL),
			LEAT_OK);
		hooks = leat__load_relaxed(&st->hooks);
		ck_assert_int_eq(hooks != NULL, n % 3 != 0);
		for (uint32_t k = 1; k < 3; k++)
			ck_assert_ptr_eq(
				leat__load_relaxed(
					&leat__stage_instance(st, k)->hooks),
				hooks);
		await_items(&seen, 100);
	}
	ck_assert_uint_eq(leat__load_relaxed(&stays.n_made), 4);
	end(graph);
}
END_TEST

START_TEST(those_that_a_call_has_stay_until_it_is_over)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph;
	struct leat__env env;
	struct leat_stage *st = begin(&env, &seen, &graph);

	stays.is_held = 1;
	ck_assert_int_eq(
		leat_stage_set_hooks(st, &stays_step, 1, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	await(&stays.n_inside, 1);
	for (int k = 0; k < 3; k++)
		ck_assert_int_eq(
			leat_stage_set_hooks(st, NULL, 0, NULL), LEAT_OK);
	ck_assert_uint_eq(leat__load_relaxed(&stays.n_ended), 0);
	leat__store_release(&stays.is_held, 0u);
	await_items(&seen, 1000);
	while (!leat__load_relaxed(&stays.n_ended)) {
		sched_yield();
		ck_assert_int_eq(
			leat_stage_set_hooks(st, NULL, 0, NULL), LEAT_OK);
	}
	end(graph);
}
END_TEST

/* Calls do not fence: so all threads are made to. */
START_TEST(who_changes_them_is_seen_by_all_threads)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph;
	struct leat__env env;
	struct leat_stage *st = begin(&env, &seen, &graph);
	uint32_t n;

	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	/* the first time it is found out whether they can be made to */
	ck_assert_int_eq(
		leat_stage_set_hooks(st, &stays_step, 1, NULL), LEAT_OK);
	n = leat__load_relaxed(&stays.n_barriers);
	ck_assert_int_eq(leat_stage_set_hooks(st, NULL, 0, NULL), LEAT_OK);
	ck_assert(
		graph->is_fencing || leat__load_relaxed(&stays.n_barriers) > n);
	end(graph);
}
END_TEST

TEST_MAIN("graph/hook", hooks_stand_before_their_stage,
	each_replica_has_its_own, what_is_wrong_is_pointed_at,
	all_instances_of_a_stage_change_them,
	those_that_a_call_has_stay_until_it_is_over,
	who_changes_them_is_seen_by_all_threads)
