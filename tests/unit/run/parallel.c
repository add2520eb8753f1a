/*
 * unit/run/parallel.c -- replicas of a chain at work: what arrives, in which
 * order, also while their number changes; what is told of the changes.
 */
#include "support/test.h"

#include "run/region.h"
#include "support/numbers.h"
#include "support/replicas.h"

#define N_ITEMS 20000u

struct trial {
	struct leat_parallel_opts opts;
	uint32_t workers;
	uint64_t per_frame;
	struct leat_step steps[2];
	uint32_t n_steps;
	uint64_t n; /* items; 0 = without end */
	struct replicas all;
	/* filled in */
	struct replicas_opts shared; /* options of a step that has some */
	struct leat_graph *graph;
	struct sink_seen seen;
	struct leat_error err;
};

static void
trial_build(struct trial *t)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = t->workers};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = t->n,
		.per_frame = t->per_frame};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &t->seen};
	struct leat_step source = {&numbers_ops, &numbers};
	struct leat_step end = {&sink_ops, &sink};
	struct leat_stage *from, *to;
	struct leat_end in, out;

	t->shared = (struct replicas_opts){
		LEAT_OPTS_INIT(replicas_opts), .all = &t->all};
	if (t->steps[0].ops->opts_bytes)
		t->steps[0].opts = &t->shared;
	ck_assert_int_eq(leat_graph_create(&opts, &t->graph, &t->err), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(t->graph, NULL, &source, &from, NULL), LEAT_OK);
	if (leat_parallel(t->graph, &t->opts, t->steps, t->n_steps, &in, &out,
		    &t->err) < 0)
		ck_abort_msg("%s", t->err.text);
	ck_assert_int_eq(
		leat_graph_add(t->graph, NULL, &end, &to, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_link(t->graph, leat_out(from, 0), in, NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_graph_link(t->graph, out, leat_in(to, 0), NULL, NULL),
		LEAT_OK);
}

/* All that came in is there, whatever became of the order. */
static void
trial_check(const struct trial *t, uint64_t n)
{
	struct leat_graph_stats stats;

	leat_graph_stats(t->graph, &stats);
	ck_assert_uint_eq(stats.is_balanced, 1);
	ck_assert_uint_eq(stats.memory_bytes, 0);
	ck_assert_uint_le(stats.memory_high_bytes, stats.memory_bound_bytes);
	ck_assert_uint_eq(t->seen.n, n);
	ck_assert_uint_eq(t->seen.sum, n * (n + 1) / 2);
}

static void
trial_run(struct trial *t)
{
	trial_build(t);
	if (leat_graph_run(t->graph, &t->err) < 0)
		ck_abort_msg("%s", t->err.text);
	trial_check(t, t->n);
}

static struct trial
trial_of(const struct leat_stage_ops *ops, uint32_t workers)
{
	return (struct trial){.opts = {LEAT_OPTS_INIT(leat_parallel_opts)},
		.workers = workers,
		.per_frame = 3,
		.steps = {{ops, NULL}},
		.n_steps = 1,
		.n = N_ITEMS};
}

/* A region: up to so many replicas, in order. */
static struct trial
trial_of_region(uint32_t workers, uint32_t most)
{
	struct trial t = trial_of(&same_ops, workers);

	t.opts.is_ordered = 1;
	t.opts.most = most;
	return t;
}

/* Looks so often that something changes all the time. */
static void
trial_be_restless(struct trial *t, uint32_t most)
{
	t->opts.least = 1;
	t->opts.most = most;
	t->opts.grow_queue = 61;
	t->opts.shrink_queue = 60;
	t->opts.grow_rate = 101;
	t->opts.shrink_rate = 100;
	t->opts.window_ns = 1000;
	t->opts.cooldown_ns = 1000;
}

/* ---- as many as were asked for ------------------------------------------ */

START_TEST(unordered_replicas_lose_nothing)
{
	for (uint32_t workers = 1; workers <= 4; workers++) {
		struct trial t = trial_of(&pass_ops, workers);

		t.opts.most = 3;
		trial_run(&t);
		leat_graph_destroy(t.graph);
	}
}
END_TEST

START_TEST(ordered_replicas_keep_the_order)
{
	static const struct leat_stage_ops *const all[] = {
		&pass_ops, &single_ops, &serial_ops};

	for (uint32_t k = 0; k < 3; k++) {
		struct trial t = trial_of(all[k], 3);

		t.opts.is_ordered = 1;
		t.opts.most = 4;
		trial_run(&t);
		ck_assert_uint_eq(t.seen.n_back, 0);
		leat_graph_destroy(t.graph);
	}
}
END_TEST

START_TEST(a_region_has_as_many_tasks_as_were_asked_for)
{
	struct trial t = trial_of_region(2, 5);

	trial_run(&t);
	ck_assert_uint_eq(t.seen.n_back, 0);
	ck_assert_uint_eq(t.all.n_inits, 5);
	leat_graph_destroy(t.graph);
	ck_assert_uint_eq(t.all.n_finis, 5);
}
END_TEST

/* ---- their number changes ----------------------------------------------- */

static uint32_t
resizes_count(const struct trial *t)
{
	struct leat_resize all[LEAT_RESIZES_KEPT];
	uint32_t n = leat_graph_resizes(t->graph, 0, all, LEAT_RESIZES_KEPT);

	for (uint32_t k = 0; k < n; k++) {
		ck_assert_uint_ne(all[k].n_before, all[k].n_after);
		ck_assert_uint_ge(all[k].n_after, t->opts.least);
		ck_assert_uint_le(all[k].n_after, t->opts.most);
		ck_assert_str_ne(leat_resize_text(all[k].why), "unknown");
		if (k) {
			ck_assert_uint_eq(all[k].number, all[k - 1].number + 1);
			ck_assert_uint_eq(all[k].n_before, all[k - 1].n_after);
			ck_assert_int_ge(all[k].at_ns, all[k - 1].at_ns);
		}
	}
	return n;
}

START_TEST(order_is_kept_while_the_number_of_a_region_changes)
{
	uint32_t n_resizes = 0;

	for (uint32_t k = 0; k < 20; k++) {
		struct trial t = trial_of_region(3, 4);

		trial_be_restless(&t, 4);
		trial_run(&t);
		ck_assert_uint_eq(t.seen.n_back, 0);
		n_resizes += resizes_count(&t);
		leat_graph_destroy(t.graph);
	}
	ck_assert_uint_gt(n_resizes, 20);
}
END_TEST

START_TEST(a_region_begins_with_as_many_as_start_says)
{
	struct trial t = trial_of_region(2, 4);

	t.opts.least = 1;
	t.opts.start = 2;
	trial_build(&t);
	ck_assert_int_eq(leat_graph_start(t.graph, NULL), LEAT_OK);
	ck_assert_uint_eq(t.graph->run->regions[0].n_active, 2);
	ck_assert_int_eq(leat_graph_wait(t.graph, LEAT_NEVER, &t.err), LEAT_OK);
	trial_check(&t, N_ITEMS);
	leat_graph_destroy(t.graph);
}
END_TEST

/* The only one at work is late; the others have all the time to go ahead. */
START_TEST(who_is_not_at_work_draws_no_ticket)
{
	struct trial t = trial_of_region(3, 4);

	t.all.late = 5;
	t.opts.least = 1;
	t.opts.start = 1;
	t.opts.window_ns = INT64_C(3600000000000);
	t.per_frame = 1;
	trial_build(&t);
	ck_assert_int_eq(leat_graph_start(t.graph, NULL), LEAT_OK);
	while (leat__load_relaxed(&t.all.highest) < 5)
		leat_yield();
	for (uint32_t k = 0; k < 2000; k++)
		leat_yield();
	replicas_open(&t.all);
	ck_assert_int_eq(leat_graph_wait(t.graph, LEAT_NEVER, &t.err), LEAT_OK);
	ck_assert_uint_eq(t.all.highest_then, 5);
	trial_check(&t, N_ITEMS);
	leat_graph_destroy(t.graph);
}
END_TEST

START_TEST(any_thread_may_say_how_many_are_at_work)
{
	struct trial t = trial_of_region(3, 4);

	t.n = 10 * N_ITEMS;
	trial_build(&t);
	ck_assert_int_eq(leat_graph_start(t.graph, NULL), LEAT_OK);
	for (uint32_t k = 0; leat__load_relaxed(&t.seen.n) < t.n; k++)
		leat__region_set_active(&t.graph->run->regions[0], 1 + k % 4);
	ck_assert_int_eq(leat_graph_wait(t.graph, LEAT_NEVER, &t.err), LEAT_OK);
	trial_check(&t, t.n);
	ck_assert_uint_eq(t.seen.n_back, 0);
	leat_graph_destroy(t.graph);
}
END_TEST

START_TEST(copies_lose_nothing_while_their_number_changes)
{
	uint32_t n_resizes = 0;

	for (uint32_t k = 0; k < 20; k++) {
		struct trial t = trial_of(&pass_ops, 3);

		trial_be_restless(&t, 4);
		t.opts.is_ordered = k % 2;
		trial_run(&t);
		ck_assert(!t.opts.is_ordered || t.seen.n_back == 0);
		n_resizes += resizes_count(&t);
		leat_graph_destroy(t.graph);
	}
	ck_assert_uint_gt(n_resizes, 20);
}
END_TEST

TEST_MAIN("run/parallel", unordered_replicas_lose_nothing,
	ordered_replicas_keep_the_order,
	a_region_has_as_many_tasks_as_were_asked_for,
	order_is_kept_while_the_number_of_a_region_changes,
	a_region_begins_with_as_many_as_start_says,
	who_is_not_at_work_draws_no_ticket,
	any_thread_may_say_how_many_are_at_work,
	copies_lose_nothing_while_their_number_changes)
