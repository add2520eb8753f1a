/*
 * unit/graph/parallel.c -- replicas of a chain: what the graph has for them,
 * how they are written and shown, what is refused, where the error stands.
 */
#include "support/test.h"

#include "graph/parallel.h"
#include "support/numbers.h"

#define WORKERS 3u

/* ---- helpers ------------------------------------------------------------ */

static struct leat_graph *
graph_make(void)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = WORKERS};
	struct leat_graph *g;

	ck_assert_int_eq(leat_graph_create(&opts, &g, NULL), LEAT_OK);
	return g;
}

/* From text, with a source before and a sink behind. */
static struct leat_graph *
graph_around(const char *middle)
{
	struct leat_graph *g = graph_make();
	struct leat_error err = {.text = ""};
	char text[512];

	snprintf(text, sizeof(text), "read /dev/null ! %s ! write b", middle);
	if (leat_graph_parse(g, text, &err) < 0)
		ck_abort_msg("'%s': %s", text, err.text);
	return g;
}

static struct leat_stage *
stage_of(struct leat_graph *g, const char *name)
{
	struct leat_stage *st = leat__graph_find(g, name, strlen(name));

	ck_assert_msg(st != NULL, "there is no '%s'", name);
	return st;
}

static uint32_t
option_of(const struct leat_stage *st, const char *name)
{
	const struct leat_option *option = st->ops.options;
	uint32_t value;

	while (strcmp(option->name, name))
		option++;
	memcpy(&value, (char *)st->opts + option->offset, sizeof(value));
	return value;
}

static void
must_show(const char *middle, const char *expected)
{
	struct leat_graph *g = graph_around(middle);
	char buf[512], again[512], text[600];

	leat_graph_show(g, buf, sizeof(buf));
	snprintf(text, sizeof(text), "read /dev/null ! %s ! write b\n",
		expected);
	ck_assert_str_eq(buf, text);
	leat_graph_destroy(g);
	g = graph_make();
	ck_assert_int_eq(leat_graph_parse(g, buf, NULL), LEAT_OK);
	leat_graph_show(g, again, sizeof(again));
	ck_assert_str_eq(again, buf);
	leat_graph_destroy(g);
}

/* Refused, with these words, pointing at this piece of the text. */
static void
must_refuse(const char *middle, const char *words, const char *piece)
{
	struct leat_graph *g = graph_make();
	struct leat_error err = {.text = ""};
	char text[512];
	int rc;

	snprintf(text, sizeof(text), "read /dev/null ! %s ! write b", middle);
	rc = leat_graph_parse(g, text, &err);
	ck_assert_msg(rc == LEAT_EINVAL, "'%s' gives %d", middle, rc);
	ck_assert_msg(strstr(err.text, words) != NULL, "'%s' says: %s", middle,
		err.text);
	ck_assert_msg(err.at_bytes == strlen(piece) &&
			!strncmp(text + err.at_offset, piece, strlen(piece)),
		"'%s' points at '%.*s'", middle, (int)err.at_bytes,
		text + err.at_offset);
	leat_graph_destroy(g);
}

/* ---- what the graph has ------------------------------------------------- */

START_TEST(ordered_replicas_of_stateless_stages_are_a_region)
{
	struct leat_graph *g =
		graph_around("parallel 2..5 ordered { upper ! upper }");
	struct leat_stage *first = stage_of(g, "upper");

	ck_assert_uint_eq(g->n_stages, 4);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(first->segment->n_replicas, 5);
	ck_assert_uint_eq(first->segment->n_stages, 2);
	ck_assert(leat__parallel_is_elastic(first->parallel));
	leat_graph_destroy(g);
}
END_TEST

START_TEST(unordered_replicas_stand_between_a_split_and_a_merge)
{
	struct leat_graph *g = graph_around("parallel 3 { upper }");
	struct leat_stage *split = stage_of(g, "upper-split");
	struct leat_stage *merge = stage_of(g, "upper-merge");
	static const char *const names[] = {"upper", "upper-2", "upper-3"};

	ck_assert_uint_eq(g->n_stages, 7);
	ck_assert_uint_eq(option_of(split, "by"), LEAT_SPLIT_CREDIT);
	ck_assert_uint_eq(option_of(merge, "order"), LEAT_MERGE_COMING);
	for (uint32_t k = 0; k < 3; k++) {
		ck_assert_ptr_eq(split->outs[k]->to, stage_of(g, names[k]));
		ck_assert_ptr_eq(merge->ins[k]->from, stage_of(g, names[k]));
	}
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(copies_are_not_replicated_once_more)
{
	struct leat_graph *g = graph_around("parallel 2 { upper }");

	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(stage_of(g, "upper")->segment->n_replicas, 1);
	ck_assert_uint_eq(stage_of(g, "upper-2")->segment->n_replicas, 1);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(ordered_replicas_with_state_are_merged_by_their_stamps)
{
	struct leat_graph *g = graph_around(
		"lines.parse ! parallel 2 ordered { head 5 } ! lines.format");

	ck_assert_uint_eq(option_of(stage_of(g, "head-merge"), "order"),
		LEAT_MERGE_STAMP);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(with_a_key_the_split_is_by_it)
{
	static const char *const texts[] = {
		"lines.parse ! parallel 2 by=day { head } ! lines.format",
		"lines.parse ! parallel 1..2 by=day { upper } ! lines.format"};
	static const uint32_t orders[] = {LEAT_MERGE_COMING, LEAT_MERGE_STAMP};
	static const char *const names[] = {"head", "upper"};

	for (uint32_t k = 0; k < 2; k++) {
		struct leat_graph *g = graph_around(texts[k]);
		const struct leat_split_opts *opts;
		char name[32];

		snprintf(name, sizeof(name), "%s-split", names[k]);
		opts = stage_of(g, name)->opts;
		ck_assert_uint_eq(opts->by, LEAT_SPLIT_KEY);
		ck_assert_str_eq(opts->key, "day");
		snprintf(name, sizeof(name), "%s-merge", names[k]);
		ck_assert_uint_eq(
			option_of(stage_of(g, name), "order"), orders[k]);
		leat_graph_destroy(g);
	}
}
END_TEST

START_TEST(copies_have_the_options_of_the_first)
{
	struct leat_graph *g =
		graph_around("parallel 3 { head 7 ! head 9 name=h }");
	static const char *const sevens[] = {"head", "head-2", "head-3"};
	static const char *const nines[] = {"h", "h-2", "h-3"};
	uint64_t n;

	for (uint32_t k = 0; k < 3; k++) {
		memcpy(&n,
			&((struct leat_head_opts *)stage_of(g, sevens[k])->opts)
				 ->n,
			sizeof(n));
		ck_assert_uint_eq(n, 7);
		memcpy(&n,
			&((struct leat_head_opts *)stage_of(g, nines[k])->opts)
				 ->n,
			sizeof(n));
		ck_assert_uint_eq(n, 9);
		ck_assert_ptr_eq(stage_of(g, sevens[k])->outs[0]->to,
			stage_of(g, nines[k]));
	}
	leat_graph_destroy(g);
}
END_TEST

START_TEST(one_replica_is_the_chain_itself)
{
	struct leat_graph *g = graph_around("parallel 1 { upper ! head }");

	ck_assert_uint_eq(g->n_stages, 4);
	ck_assert_ptr_eq(
		stage_of(g, "upper")->outs[0]->to, stage_of(g, "head"));
	leat_graph_destroy(g);
}
END_TEST

START_TEST(without_a_number_there_is_one_for_each_worker)
{
	struct leat_graph *g = graph_around("parallel { head }");

	ck_assert_uint_eq(stage_of(g, "head-split")->n_outs, WORKERS);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(replicas_may_end_in_sinks)
{
	struct leat_graph *g = graph_make();

	ck_assert_int_eq(leat_graph_parse(g,
				 "read /dev/null ! parallel 2 { upper ! write "
				 "/dev/null }",
				 NULL),
		LEAT_OK);
	ck_assert_uint_eq(g->n_stages, 6);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(stages_inside_are_checked_with_their_place)
{
	struct leat_graph *g = graph_make();
	struct leat_error err;
	const char *text =
		"read a.csv ! parallel 2 { where \"1 +\" } ! write b";

	ck_assert_int_eq(leat_graph_parse(g, text, &err), LEAT_OK);
	ck_assert_int_lt(leat_graph_check(g, &err), 0);
	ck_assert_uint_gt(err.at_bytes, 0);
	ck_assert_uint_gt(err.at_offset, 26);
	leat_graph_destroy(g);
}
END_TEST

/* ---- in C --------------------------------------------------------------- */

static int
parallel_add(struct leat_graph *g, const struct leat_parallel_opts *opts,
	const struct leat_stage_ops *ops, struct leat_error *err)
{
	struct leat_step step = {ops, NULL};
	struct leat_end in, out;

	return leat_parallel(g, opts, &step, 1, &in, &out, err);
}

START_TEST(ends_are_where_the_chain_is_to_be_linked)
{
	struct leat_graph *g = graph_make();
	struct leat_parallel_opts opts = {
		LEAT_OPTS_INIT(leat_parallel_opts), .most = 2};
	struct leat_step steps[] = {{&add_ops, NULL}, {&odd_ops, NULL}};
	struct leat_end in, out;

	ck_assert_int_eq(
		leat_parallel(g, &opts, steps, 2, &in, &out, NULL), LEAT_OK);
	ck_assert_str_eq(in.stage->ops.name, "split");
	ck_assert_str_eq(out.stage->ops.name, "merge");
	opts.is_ordered = 1;
	opts.most = 1;
	ck_assert_int_eq(
		leat_parallel(g, &opts, steps, 2, &in, &out, NULL), LEAT_OK);
	ck_assert_str_eq(in.stage->ops.name, add_ops.name);
	ck_assert_str_eq(out.stage->ops.name, odd_ops.name);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(bounds_are_checked)
{
	static const struct leat_parallel_opts bad[] = {
		{LEAT_OPTS_INIT(leat_parallel_opts), .least = 3, .most = 2},
		{LEAT_OPTS_INIT(leat_parallel_opts),
			.most = LEAT_PARALLEL_MAX + 1},
		{LEAT_OPTS_INIT(leat_parallel_opts), .least = 1, .most = 3,
			.start = 4},
		{LEAT_OPTS_INIT(leat_parallel_opts), .least = 2, .most = 3,
			.start = 1},
		{LEAT_OPTS_INIT(leat_parallel_opts), .grow_queue = 101},
		{LEAT_OPTS_INIT(leat_parallel_opts), .grow_queue = 30,
			.shrink_queue = 30},
		{LEAT_OPTS_INIT(leat_parallel_opts), .grow_rate = 60},
		{LEAT_OPTS_INIT(leat_parallel_opts), .window_ns = INT64_MAX},
		{LEAT_OPTS_INIT(leat_parallel_opts), .window_ns = -1},
		{LEAT_OPTS_INIT(leat_parallel_opts), .cooldown_ns = -1},
		{LEAT_OPTS_INIT(leat_parallel_opts), .predict = 61},
		{LEAT_OPTS_INIT(leat_parallel_opts), .is_ordered = 2},
		{LEAT_OPTS_INIT(leat_parallel_opts), .flags = 1},
	};
	struct leat_error err;

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		struct leat_graph *g = graph_make();

		err.text[0] = '\0';
		ck_assert_msg(
			parallel_add(g, &bad[k], &add_ops, &err) == LEAT_EINVAL,
			"case %zu is accepted", k);
		ck_assert_uint_gt(strlen(err.text), 10);
		leat_graph_destroy(g);
	}
}
END_TEST

START_TEST(a_chain_has_steps_and_a_graph_that_is_open)
{
	struct leat_graph *g = graph_around("upper");
	struct leat_end in, out;

	ck_assert_int_eq(
		leat_parallel(g, NULL, NULL, 0, &in, &out, NULL), LEAT_EINVAL);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_int_eq(parallel_add(g, NULL, &add_ops, NULL), LEAT_ESTATE);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(no_changes_are_known_where_none_can_be)
{
	struct leat_graph *g = graph_around("parallel 2 ordered { upper }");
	struct leat_resize resize;

	ck_assert_uint_eq(leat_graph_resizes(g, 0, &resize, 1), 0);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(of_many_changes_the_last_ones_are_kept)
{
	struct leat_graph *g = graph_around("parallel 1..2 ordered { upper }");
	struct leat_resize all[LEAT_RESIZES_KEPT + 1];
	struct leat_resize resize = {.why = LEAT_RESIZE_FULL};

	for (uint32_t k = 0; k < LEAT_RESIZES_KEPT + 5; k++) {
		resize.n_before = k;
		leat__parallel_note(g->parallels, &resize);
	}
	ck_assert_uint_eq(leat_graph_resizes(g, 0, all, LEAT_RESIZES_KEPT + 1),
		LEAT_RESIZES_KEPT);
	ck_assert_uint_eq(all[0].number, 6);
	ck_assert_uint_eq(all[0].n_before, 5);
	ck_assert_str_eq(all[0].stage, "upper");
	ck_assert_uint_eq(leat_graph_resizes(g, 67, all, 1), 1);
	ck_assert_uint_eq(all[0].number, 68);
	ck_assert_uint_eq(leat_graph_resizes(g, 69, all, 1), 0);
	leat_graph_destroy(g);
}
END_TEST

/* ---- text --------------------------------------------------------------- */

START_TEST(it_is_shown_as_it_was_written)
{
	must_show("parallel 2..4 ordered { upper }",
		"parallel 2..4 ordered { upper }");
	must_show("parallel ordered 2 { head 3 ! upper }",
		"parallel 2 ordered { head 3 ! upper }");
	must_show("parallel { upper }", "parallel 3 { upper }");
	must_show("parallel 1..4 start=2 grow_queue=80 grow_rate=200 "
		  "window=500ms cooldown=2s predict=3 { upper }",
		"parallel 1..4 start=2 grow_rate=200 predict=3 window=500ms "
		"cooldown=2s { upper }");
	must_show("parallel 2 { upper } ! upper ! parallel 2 { upper name=x }",
		"parallel 2 { upper } ! upper ! parallel 2 { upper name=x }");
}
END_TEST

START_TEST(braces_count_only_as_words_of_their_own)
{
	must_show("parallel 2 { head 3 } ! upper name=b",
		"parallel 2 { head 3 } ! upper name=b");
	must_refuse("parallel 2 {upper}", "parallel does not know", "{upper}");
	must_refuse("parallel 2 { head 3} ! upper", "n", "3}");
}
END_TEST

START_TEST(what_stands_before_the_brace_is_checked)
{
	must_refuse("parallel 2..1 { upper }", "from 2 to 1", "parallel");
	must_refuse("parallel 257 { upper }", "LEAT_PARALLEL_MAX", "parallel");
	must_refuse("parallel 0 { upper }", "no number of replicas", "0");
	must_refuse("parallel 2.. { upper }", "no number of replicas", "2..");
	must_refuse("parallel 2x { upper }", "no number of replicas", "2x");
	must_refuse("parallel 2 3 { upper }", "given twice", "3");
	must_refuse("parallel orderd { upper }", "does not know", "orderd");
	must_refuse("parallel grow=3 { upper }", "does not know", "grow=3");
	must_refuse("parallel grow_rate=x { upper }", "grow_rate", "x");
	must_refuse("parallel", "in braces", "!");
}
END_TEST

START_TEST(what_stands_inside_is_one_chain)
{
	must_refuse("parallel { }", "a stage is missing", "}");
	must_refuse("parallel { ! upper }", "a stage is missing", "!");
	must_refuse("parallel { upper ! }", "a stage is missing", "}");
	must_refuse("parallel { upper upper }", "is a stage", "upper");
	must_refuse("parallel { upper ! m. }", "unknown stage", "m.");
}
END_TEST

START_TEST(what_cannot_be_replicated_is_refused)
{
	must_refuse("parallel 2 { read c }", "is a source", "read");
	must_refuse("parallel 2 { tee block }", "one in and one out", "tee");
	must_refuse("parallel 1..2 by=x { head }", "keys move", "head");
	must_refuse("parallel 2 ordered { write c }", "the sink", "write");
	must_refuse("parallel 2 { parallel 2 { upper } }",
		"cannot stand inside parallel", "parallel");
	must_refuse("parallel 2 { write c }", "nothing can follow it", "!");
}
END_TEST

START_TEST(an_open_brace_is_pointed_at)
{
	struct leat_graph *g = graph_make();
	struct leat_error err;

	ck_assert_int_eq(leat_graph_parse(g,
				 "read /dev/null ! parallel 2 { upper", &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "never closed"));
	ck_assert_uint_eq(err.at_offset, 28);
	leat_graph_destroy(g);
}
END_TEST

TEST_MAIN("graph/parallel", ordered_replicas_of_stateless_stages_are_a_region,
	unordered_replicas_stand_between_a_split_and_a_merge,
	copies_are_not_replicated_once_more,
	ordered_replicas_with_state_are_merged_by_their_stamps,
	with_a_key_the_split_is_by_it, copies_have_the_options_of_the_first,
	one_replica_is_the_chain_itself,
	without_a_number_there_is_one_for_each_worker,
	replicas_may_end_in_sinks, stages_inside_are_checked_with_their_place,
	ends_are_where_the_chain_is_to_be_linked, bounds_are_checked,
	a_chain_has_steps_and_a_graph_that_is_open,
	no_changes_are_known_where_none_can_be,
	of_many_changes_the_last_ones_are_kept, it_is_shown_as_it_was_written,
	braces_count_only_as_words_of_their_own,
	what_stands_before_the_brace_is_checked,
	what_stands_inside_is_one_chain, what_cannot_be_replicated_is_refused,
	an_open_brace_is_pointed_at)
