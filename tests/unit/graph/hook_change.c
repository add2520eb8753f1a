/*
 * unit/graph/hook_change.c -- options of hooks are changed: what is said, what
 * is kept, what is refused.
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "graph/graph.h"
#include "support/test.h"

/* ---- a hook that keeps a number ----------------------------------------- */

struct counter_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t add;
	uint64_t bytes; /* that it keeps; 0 = 8 */
	const char *name;
	uint32_t is_bad;
};

static int
counter_init(struct leat_hook *hook, const void *opts)
{
	const struct counter_opts *o = opts;
	void *memory;

	LEAT_TRY(leat_hook_keep(
		hook, o->name, o->bytes ? o->bytes : 8, &memory));
	*(uint64_t **)leat_hook_state(hook) = memory;
	if (o->is_bad)
		return leat_hook_fail(hook, LEAT_EINVAL, "it is bad");
	**(uint64_t **)leat_hook_state(hook) += o->add;
	return LEAT_OK;
}

static const struct leat_option counter_options[] = {
	{.name = "add",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct counter_opts, add),
		.max = 1000,
		.fallback = "0",
		.help = "to what is kept"},
	{.name = "bytes",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct counter_opts, bytes),
		.max = 1000000,
		.help = "that are kept"},
	{.name = "name",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct counter_opts, name),
		.help = "of what is kept"},
	{.name = "bad",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct counter_opts, is_bad),
		.help = "init fails"},
	{.name = NULL},
};

static const struct leat_hook_ops counter_ops = {
	LEAT_HOOK_OPS_INIT("counter"),
	.state_bytes = sizeof(uint64_t *),
	.opts_bytes = sizeof(struct counter_opts),
	.options = counter_options,
	.init = counter_init,
};

static const struct leat_hook_ops *const guards[] = {&counter_ops, NULL};

static struct leat_graph *
parsed(const char *text)
{
	/* the set outlives the graph */
	static struct leat_stage_set set;
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .stages = &set};
	struct leat_graph *graph;
	struct leat_error err;

	set = leat_stages;
	set.guards = guards;
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_msg(
		leat_graph_parse(graph, text, &err) == LEAT_OK, "%s", err.text);
	return graph;
}

/* Of hook k at a stage by its name. */
static uint64_t
counted(struct leat_graph *graph, const char *name, uint32_t k)
{
	struct leat_stage *st = leat__graph_find(graph, name, strlen(name));

	return **(uint64_t **)leat_hook_state(&st->hooks->at[k]);
}

static int
set(struct leat_graph *graph, const char *name, uint32_t k, const char *option,
	const char *value, struct leat_error *err)
{
	struct leat_stage *st = leat__graph_find(graph, name, strlen(name));

	return leat_stage_set_hook_option(
		st, k, option, value, "somebody", err);
}

START_TEST(what_a_hook_keeps_goes_on)
{
	struct leat_graph *graph = parsed(
		"read a ! @counter(add=3) @counter(add=10) head 1 ! write b");

	ck_assert_uint_eq(counted(graph, "head", 0), 3);
	ck_assert_uint_eq(counted(graph, "head", 1), 10);
	ck_assert_int_eq(set(graph, "head", 1, "add", "5", NULL), LEAT_OK);
	/* both hooks were made anew, each over what it had */
	ck_assert_uint_eq(counted(graph, "head", 0), 6);
	ck_assert_uint_eq(counted(graph, "head", 1), 15);
	ck_assert_int_eq(set(graph, "head", 1, "add", "", NULL), LEAT_OK);
	ck_assert_uint_eq(counted(graph, "head", 1), 15);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(it_is_new_where_nobody_had_it)
{
	struct leat_graph *graph =
		parsed("read a ! @counter(add=3) head 1 ! write b");
	struct leat_stage *st = leat__graph_find(graph, "head", 4);
	struct leat_hook_step step = {&counter_ops, NULL};

	ck_assert_int_eq(leat_stage_set_hooks(st, NULL, 0, NULL), LEAT_OK);
	ck_assert_int_eq(leat_stage_set_hooks(st, &step, 1, NULL), LEAT_OK);
	ck_assert_uint_eq(counted(graph, "head", 0), 0);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_name_is_of_all_stages)
{
	struct leat_graph *graph =
		parsed("read a ! @counter(add=3, name=x) head 1 name=p ! "
		       "@counter(add=4, name=x) head 1 name=q ! "
		       "@counter(add=5, name=y) head 1 name=r ! write b");

	ck_assert_uint_eq(counted(graph, "p", 0), 7);
	ck_assert_uint_eq(counted(graph, "q", 0), 7);
	ck_assert_uint_eq(counted(graph, "r", 0), 5);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(copies_have_it_in_common)
{
	struct leat_graph *graph = parsed(
		"read a.txt ! parallel 2 { @counter(add=3) head 9 } ! write -");

	ck_assert_uint_eq(counted(graph, "head", 0), 6);
	ck_assert_uint_eq(counted(graph, "head-2", 0), 6);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(changes_are_told_of)
{
	struct leat_graph *graph =
		parsed("read a ! @counter(add=3) head 1 ! write b");
	struct leat_change c[LEAT_CHANGES_KEPT + 1];
	char value[8];

	ck_assert_uint_eq(leat_graph_changes(graph, 0, c, 3), 0);
	for (uint32_t k = 1; k <= 70; k++) {
		snprintf(value, sizeof(value), "%u", k);
		ck_assert_int_eq(
			set(graph, "head", 0, "add", value, NULL), LEAT_OK);
	}
	/* the oldest are forgotten */
	ck_assert_uint_eq(
		leat_graph_changes(graph, 0, c, LEAT_CHANGES_KEPT + 1),
		LEAT_CHANGES_KEPT);
	ck_assert_uint_eq(c[0].number, 70 - LEAT_CHANGES_KEPT + 1);
	ck_assert_uint_eq(leat_graph_changes(graph, 69, c, 3), 1);
	ck_assert_uint_eq(c[0].number, 70);
	ck_assert_str_eq(c[0].stage, "head");
	ck_assert_str_eq(c[0].hook, "counter");
	ck_assert_str_eq(c[0].what, "add");
	ck_assert_str_eq(c[0].who, "somebody");
	ck_assert_str_eq(c[0].before, "69");
	ck_assert_str_eq(c[0].after, "70");
	ck_assert_uint_eq(c[0].is_by, 1);
	ck_assert_int_gt(c[0].at_ns, 0);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_is_refused_changes_nothing)
{
	static const struct {
		uint32_t k;
		const char *option, *value, *text;
	} bad[] = {
		{1, "add", "1", "stage 'head' has no hook 1; it has 1"},
		{0, "sub", "1",
			"hook 'counter' has no option 'sub'; there are: add, "
			"bytes, name, bad"},
		{0, "add", "x", "option 'add': 'x' cannot be read"},
		{0, "bad", "on", "it is bad"},
		{0, "bytes", "16",
			"@counter needs 16 bytes, and what it goes on with has "
			"8; accepted: no more than before"},
	};
	struct leat_graph *graph =
		parsed("read a ! @counter(add=3) head 1 ! write b");
	struct leat_change c;
	struct leat_error err;

	for (uint32_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		ck_assert_int_lt(set(graph, "head", bad[k].k, bad[k].option,
					 bad[k].value, &err),
			0);
		ck_assert_msg(strstr(err.text, bad[k].text) == err.text, "%s",
			err.text);
	}
	ck_assert_uint_eq(leat_graph_changes(graph, 0, &c, 1), 0);
	ck_assert_uint_eq(counted(graph, "head", 0), 3);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_is_kept_is_in_the_bound)
{
	struct leat_graph *small =
		parsed("read /dev/null ! @counter upper ! write -");
	struct leat_graph *large = parsed(
		"read /dev/null ! @counter(bytes=500000) upper ! write -");
	struct leat_error err;

	ck_assert_int_eq(leat_graph_check(small, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(large, NULL), LEAT_OK);
	ck_assert_uint_eq(leat__budget_side_bytes(large),
		leat__budget_side_bytes(small) + 500000);
	ck_assert_uint_ge(leat_graph_bound_bytes(large),
		leat_graph_bound_bytes(small) + 500000);
	/* what comes later finds no room for more */
	ck_assert_int_eq(
		leat_stage_set_hooks(
			leat__graph_find(small, "upper", 5), NULL, 0, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_stage_set_hooks(leat__graph_find(small, "upper", 5),
			&(struct leat_hook_step){&counter_ops,
				&(struct counter_opts){
					LEAT_OPTS_INIT(counter_opts),
					.bytes = 2000}},
			1, &err),
		LEAT_ELIMIT);
	ck_assert_str_eq(err.text,
		"@counter needs 2000 bytes, which were not there when the "
		"graph was checked; accepted: up to 1024");
	leat_graph_destroy(small);
	leat_graph_destroy(large);
}
END_TEST

TEST_MAIN("graph/hook_change", what_a_hook_keeps_goes_on,
	it_is_new_where_nobody_had_it, a_name_is_of_all_stages,
	copies_have_it_in_common, changes_are_told_of,
	what_is_refused_changes_nothing, what_is_kept_is_in_the_bound)
