/*
 * unit/run/region.c -- segments that several workers run: order, the window,
 * ends, failures, what is refused, the books.
 */
#include "support/test.h"

#include <pthread.h>

#include "run/region.h"
#include "support/fail.h"
#include "support/numbers.h"
#include "support/replicas.h"

#define N_ITEMS    2000u
#define AHEAD      4u /* frames in the window, for each worker */
#define STAGES_MAX 4u

struct setup {
	uint32_t workers;
	uint32_t into, out; /* capacities; see struct replicas_chain */
	uint64_t per_frame;
	bool is_blocking;
	uint32_t magazine_slots;
};

static const struct setup setups[] = {{2, 1, 1, 1, false, 0},
	{2, 2, 1, 7, true, 16}, {2, 4, 4, 64, false, 2}, {3, 3, 2, 5, true, 0},
	{4, 8, 1, 3, false, 1}, {5, 2, 8, 16, true, 16},
	{8, 16, 8, 256, false, 16}};

#define N_SETUPS (sizeof(setups) / sizeof(setups[0]))

/* A chain with up to four stages in the middle, and what they share. */
struct trial {
	const struct leat__env *env; /* NULL = the real one */
	uint64_t n;                  /* items; 0 = without end */
	uint64_t memory_bytes;
	struct leat_ctx *parent;
	const struct leat_stage_ops *stages[STAGES_MAX];
	struct sink_opts sink;
	struct replicas all[STAGES_MAX];
	/* filled in */
	struct leat_graph *graph;
	struct sink_seen seen;
	struct leat_error err;
};

static void
trial_chain(struct trial *t, const struct setup *s)
{
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = t->n,
		.per_frame = s->per_frame};
	struct replicas_opts opts[STAGES_MAX];
	struct leat_step steps[STAGES_MAX + 2];
	struct replicas_chain chain = {steps, 1, s->into, s->out};

	t->sink.size = (uint32_t)sizeof(t->sink);
	t->sink.seen = &t->seen;
	steps[0] = (struct leat_step){
		s->is_blocking ? &numbers_blocking_ops : &numbers_ops,
		&numbers};
	for (uint32_t k = 0; k < STAGES_MAX && t->stages[k]; k++) {
		opts[k] = (struct replicas_opts){
			LEAT_OPTS_INIT(replicas_opts), .all = &t->all[k]};
		steps[chain.n_steps++] = (struct leat_step){t->stages[k],
			t->stages[k]->opts_bytes ? &opts[k] : NULL};
	}
	steps[chain.n_steps++] = (struct leat_step){
		s->is_blocking ? &sink_blocking_ops : &sink_ops, &t->sink};
	ck_assert_int_eq(replicas_chain(t->graph, &chain, NULL), LEAT_OK);
}

static void
trial_build(struct trial *t, const struct setup *s)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = s->workers, .memory_bytes = t->memory_bytes,
		.parent = t->parent};

	t->seen = (struct sink_seen){0};
	ck_assert_int_eq(leat__graph_create(t->env ? t->env : leat__env_posix(),
				 &opts, &t->graph, &t->err),
		LEAT_OK);
	t->graph->magazine_slots = s->magazine_slots;
	trial_chain(t, s);
}

/* Whatever the end: nothing is out of order, or counted twice. */
static void
trial_check(const struct trial *t)
{
	struct leat_graph_stats stats;

	leat_graph_stats(t->graph, &stats);
	ck_assert_uint_eq(t->seen.n_back, 0);
	ck_assert_uint_eq(stats.is_balanced, 1);
	ck_assert_uint_eq(stats.memory_bytes, 0);
	ck_assert_uint_le(stats.memory_high_bytes, stats.memory_bound_bytes);
}

static int
trial_wait(struct trial *t)
{
	int rc = leat_graph_wait(t->graph, LEAT_NEVER, &t->err);

	trial_check(t);
	return rc;
}

static int
trial_start(struct trial *t, const struct setup *s)
{
	trial_build(t, s);
	return leat_graph_start(t->graph, &t->err);
}

static int
trial_run(struct trial *t, const struct setup *s)
{
	int rc = trial_start(t, s);

	return rc < 0 ? rc : trial_wait(t);
}

static void
trial_end(struct trial *t)
{
	leat_graph_destroy(t->graph);
	t->graph = NULL;
}

/* Until an item as high as this was worked on. */
static void
trial_await(const struct trial *t, uint64_t item)
{
	while (leat__load_relaxed(&t->all[0].highest) < item)
		sched_yield();
}

/* Until the sink, behind one stage, wants no more. */
static void
trial_await_close(const struct trial *t)
{
	const struct leat__link *link = t->graph->stages[1]->outs[0];

	while (!leat__chan_is_recv_closed(&link->chan))
		sched_yield();
}

/* ---- order ------------------------------------------------------------- */

/* All items arrive, in order, through these stages in every setup. */
static void
all_arrive(const struct leat_stage_ops *const *stages, uint32_t n_stages)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.n = N_ITEMS};

		memcpy(t.stages, stages, n_stages * sizeof(*stages));
		ck_assert_msg(
			trial_run(&t, &setups[k]) == LEAT_OK, "%s", t.err.text);
		ck_assert_uint_eq(t.seen.n, N_ITEMS);
		ck_assert_uint_eq(
			t.seen.sum, (uint64_t)N_ITEMS * (N_ITEMS + 1) / 2);
		ck_assert_uint_eq(t.seen.is_finished, 1);
		trial_end(&t);
	}
}

START_TEST(every_item_arrives_in_order_whatever_the_setup)
{
	const struct leat_stage_ops *one[] = {&same_ops};
	const struct leat_stage_ops *three[] = {
		&same_ops, &same_ops, &same_ops};

	all_arrive(one, 1);
	all_arrive(three, 3);
}
END_TEST

START_TEST(many_frames_from_one_stay_where_it_was)
{
	const struct leat_stage_ops *one[] = {&scatter_ops};
	const struct leat_stage_ops *two[] = {&scatter2_ops};
	const struct leat_stage_ops *inside[] = {
		&same_ops, &scatter2_ops, &same_ops};

	all_arrive(one, 1);
	all_arrive(two, 1);
	all_arrive(inside, 3);
}
END_TEST

START_TEST(regions_follow_each_other)
{
	const struct leat_stage_ops *stages[] = {
		&same_ops, &serial_ops, &scatter_ops, &serial_ops};

	all_arrive(stages, 4);
}
END_TEST

START_TEST(frames_of_which_nothing_comes_hold_up_nobody)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.n = N_ITEMS, .stages = {&sieve_ops}};
		struct leat_stage_stats stats;

		ck_assert_int_eq(trial_run(&t, &setups[k]), LEAT_OK);
		ck_assert_uint_eq(t.seen.n, N_ITEMS / 2);
		ck_assert_uint_eq(
			t.seen.sum, (uint64_t)N_ITEMS / 2 * (N_ITEMS / 2));
		ck_assert_int_eq(leat_stage_stats(t.graph, 1, &stats), LEAT_OK);
		ck_assert_uint_eq(stats.filtered, N_ITEMS / 2);
		trial_end(&t);
	}
}
END_TEST

/* What a serial stage sees of stamps. */
static int
stamps_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *last = leat_stage_state(st);

	if (in->stamp < *last)
		return leat_stage_fail(st, LEAT_EBUG, "stamps go back");
	*last = in->stamp;
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops stamps_ops = {LEAT_STAGE_OPS_INIT("stamps"),
	.state_bytes = sizeof(uint64_t), .process = stamps_process};

START_TEST(stamps_do_not_go_back_and_the_promise_is_kept_up)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {
			.n = N_ITEMS, .stages = {&scatter2_ops, &stamps_ops}};
		const struct leat__link *link;

		ck_assert_msg(
			trial_run(&t, &setups[k]) == LEAT_OK, "%s", t.err.text);
		link = t.graph->stages[1]->outs[0];
		ck_assert_uint_eq(leat__chan_frontier(&link->chan), UINT64_MAX);
		trial_end(&t);
	}
}
END_TEST

/* ---- at once ----------------------------------------------------------- */

START_TEST(a_frame_is_worked_on_while_an_older_one_is_late)
{
	static const struct setup s = {2, 2, 1, 1, false, 0};
	struct trial t = {.n = 50,
		.stages = {&same_ops},
		.all = {{.late = 20, .until = 21}}};

	/* with one instance this would not end */
	ck_assert_int_eq(trial_run(&t, &s), LEAT_OK);
	ck_assert_uint_eq(t.seen.n, 50);
	trial_end(&t);
}
END_TEST

START_TEST(no_more_are_ahead_of_a_late_one_than_the_window_takes)
{
	for (uint32_t workers = 2; workers <= 4; workers++) {
		struct setup s = {workers, 32, 32, 1, false, 0};
		struct trial t = {.n = 100,
			.stages = {&same_ops},
			.all = {{.late = 11, .until = 10 + workers * AHEAD}}};

		ck_assert_int_eq(trial_run(&t, &s), LEAT_OK);
		ck_assert_uint_eq(t.seen.n, 100);
		ck_assert_uint_eq(t.all[0].highest_then, 10 + workers * AHEAD);
		trial_end(&t);
	}
}
END_TEST

START_TEST(who_has_no_room_waits_for_an_older_one)
{
	static const struct setup s = {2, 2, 1, 5, false, 0};
	struct trial t = {.n = 100,
		.stages = {&scatter2_ops},
		.all = {{.late = 11, .until = 16}}};

	ck_assert_int_eq(trial_run(&t, &s), LEAT_OK);
	ck_assert_uint_eq(t.seen.n, 100);
	ck_assert_uint_eq(t.seen.n_frames, 100);
	trial_end(&t);
}
END_TEST

/* ---- ends -------------------------------------------------------------- */

START_TEST(a_receiver_that_has_enough_ends_the_region_and_its_source)
{
	const struct leat_stage_ops *const ops[] = {
		&same_ops, &scatter_ops, &scatter2_ops};

	for (size_t k = 0; k < 3 * N_SETUPS; k++) {
		struct trial t = {
			.stages = {ops[k % 3]}, .sink = {.enough = 99}};

		ck_assert_msg(trial_run(&t, &setups[k / 3]) == LEAT_OK, "%s",
			t.err.text);
		ck_assert_uint_eq(t.seen.n, 99);
		ck_assert_uint_eq(t.seen.is_finished, 1);
		trial_end(&t);
	}
}
END_TEST

/* The late one, if there is one yet, goes on when the sink wants no more. */
START_TEST(a_receiver_may_close_while_a_frame_is_late)
{
	static const struct setup s = {2, 2, 1, 1, true, 0};
	struct trial t = {.stages = {&same_ops},
		.sink = {.enough = 9},
		.all = {{.late = 10}}};

	ck_assert_int_eq(trial_start(&t, &s), LEAT_OK);
	trial_await_close(&t);
	replicas_open(&t.all[0]);
	ck_assert_int_eq(trial_wait(&t), LEAT_OK);
	ck_assert_uint_eq(t.seen.n, 9);
	trial_end(&t);
}
END_TEST

START_TEST(a_drain_lets_everything_accepted_arrive)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.stages = {&scatter_ops}};
		struct leat_graph_stats stats;

		ck_assert_int_eq(trial_start(&t, &setups[k]), LEAT_OK);
		trial_await(&t, 100);
		leat_graph_drain(t.graph);
		ck_assert_int_eq(trial_wait(&t), LEAT_OK);
		leat_graph_stats(t.graph, &stats);
		ck_assert_uint_eq(t.seen.n, stats.read);
		ck_assert_uint_eq(t.seen.n, t.seen.last);
		ck_assert_uint_eq(t.seen.is_finished, 1);
		trial_end(&t);
	}
}
END_TEST

START_TEST(a_cancel_ends_a_region_wherever_its_tasks_are)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.stages = {&scatter2_ops}};

		ck_assert_int_eq(trial_start(&t, &setups[k]), LEAT_OK);
		trial_await(&t, 100);
		leat_graph_cancel(t.graph);
		ck_assert_int_eq(trial_wait(&t), LEAT_ECANCELED);
		ck_assert_uint_eq(t.all[0].n_finishes, 0);
		ck_assert_uint_eq(t.all[0].n_finis, setups[k].workers);
		trial_end(&t);
		ck_assert_uint_eq(t.all[0].n_finis, setups[k].workers);
	}
}
END_TEST

START_TEST(a_cancel_ends_a_region_in_which_others_wait_for_a_late_one)
{
	static const struct setup s = {3, 4, 1, 1, false, 0};
	struct trial t = {.stages = {&same_ops}, .all = {{.late = 5}}};

	ck_assert_int_eq(trial_start(&t, &s), LEAT_OK);
	trial_await(&t, 6);
	leat_graph_cancel(t.graph);
	replicas_open(&t.all[0]);
	ck_assert_int_eq(trial_wait(&t), LEAT_ECANCELED);
	ck_assert_uint_le(t.seen.n, 4);
	trial_end(&t);
}
END_TEST

START_TEST(a_deadline_of_the_parent_ends_a_region)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.stages = {&same_ops}};

		ck_assert_int_eq(leat_ctx_create(&t.parent, NULL), LEAT_OK);
		ck_assert_int_eq(leat_ctx_set_deadline(
					 t.parent, leat_now_ns() + 5000000),
			LEAT_OK);
		ck_assert_int_eq(trial_start(&t, &setups[k]), LEAT_OK);
		ck_assert_int_eq(trial_wait(&t), LEAT_ETIMEDOUT);
		trial_end(&t);
		leat_ctx_destroy(t.parent);
	}
}
END_TEST

/* ---- failures ---------------------------------------------------------- */

START_TEST(of_several_failures_that_of_the_earliest_frame_counts)
{
	static const struct setup s = {2, 4, 4, 1, false, 0};
	struct trial t = {.stages = {&same_ops},
		.all = {{.late = 20, .until = 21, .fails = {20, 21}}}};

	/* 21 fails, and only then 20 */
	ck_assert_int_eq(trial_run(&t, &s), LEAT_EIO);
	ck_assert_str_eq(t.err.stage, "same");
	ck_assert_str_eq(t.err.text, "item 20 is bad");
	ck_assert_uint_le(t.seen.n, 19);
	ck_assert_uint_eq(t.all[0].n_finishes, 0);
	ck_assert_uint_eq(t.all[0].n_finis, 2);
	trial_end(&t);
}
END_TEST

START_TEST(the_first_failure_is_the_same_in_every_setup)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.stages = {&same_ops, &same_ops},
			.all = {{.fails = {0}}, {.fails = {97, 98}}}};

		ck_assert_int_eq(trial_run(&t, &setups[k]), LEAT_EIO);
		ck_assert_str_eq(t.err.stage, "same2");
		ck_assert_str_eq(t.err.text, "item 97 is bad");
		trial_end(&t);
	}
}
END_TEST

START_TEST(a_frame_that_fails_ahead_of_what_is_wanted_does_no_harm)
{
	static const struct setup s = {2, 4, 1, 1, true, 0};
	struct trial t = {.stages = {&same_ops},
		.sink = {.enough = 9},
		.all = {{.late = 10, .fails = {11, 0}}}};

	ck_assert_int_eq(trial_start(&t, &s), LEAT_OK);
	trial_await_close(&t);
	replicas_open(&t.all[0]);
	ck_assert_int_eq(trial_wait(&t), LEAT_OK);
	trial_end(&t);
}
END_TEST

/* ---- what is refused --------------------------------------------------- */

static int
spare_finish(struct leat_stage *st)
{
	struct leat_frame *frame;
	int rc = leat_stage_acquire(st, &frame);

	if (rc < 0)
		return rc;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = frame->len_bytes = 0;
	rc = leat_stage_emit(st, 0, frame);
	if (rc < 0)
		leat_stage_release(st, frame);
	return rc;
}

START_TEST(to_emit_without_an_input_is_refused)
{
	struct leat_stage_ops spare = scatter_ops;
	const struct leat_stage_ops *const before[] = {&same_ops, NULL};

	spare.name = "spare";
	spare.finish = spare_finish;
	for (uint32_t k = 0; k < 2; k++) {
		struct trial t = {.n = 10,
			.stages = {before[k] ? before[k] : &spare,
				before[k] ? &spare : NULL}};

		ck_assert_int_eq(trial_run(&t, &setups[1]), LEAT_EBUG);
		ck_assert_str_eq(t.err.stage, "spare");
		ck_assert_str_eq(t.err.text,
			"emit: stage 'spare' is declared stateless, and emits "
			"without an input");
		trial_end(&t);
	}
}
END_TEST

static int
sated_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_count(st, LEAT_COUNT_FILTERED, in->n_items);
	leat_stage_release(st, in);
	return LEAT_EOS;
}

START_TEST(to_want_no_further_input_is_refused)
{
	static const struct leat_stage_ops sated = {
		LEAT_STAGE_OPS_INIT("sated"), .flags = LEAT_STAGE_STATELESS,
		.process = sated_process};
	struct trial t = {.n = 10, .stages = {&sated}};

	ck_assert_int_eq(trial_run(&t, &setups[1]), LEAT_EBUG);
	ck_assert_str_eq(t.err.stage, "sated");
	ck_assert_str_eq(t.err.text,
		"stage 'sated' wants no further input, but is declared "
		"stateless");
	trial_end(&t);
}
END_TEST

/* ---- life of the instances --------------------------------------------- */

START_TEST(each_instance_is_opened_finished_and_ended_once)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.n = 100, .stages = {&same_ops, &sieve_ops}};

		ck_assert_int_eq(trial_run(&t, &setups[k]), LEAT_OK);
		for (uint32_t j = 0; j < 2; j++) {
			uint32_t n = setups[k].workers;

			ck_assert_uint_eq(t.all[j].n_inits, n);
			ck_assert_uint_eq(t.all[j].n_opens, n);
			ck_assert_uint_eq(t.all[j].n_finishes, n);
			ck_assert_uint_eq(t.all[j].n_finis, n);
		}
		trial_end(&t);
		ck_assert_uint_eq(t.all[0].n_finis, setups[k].workers);
	}
}
END_TEST

START_TEST(whichever_open_fails_the_start_does_and_all_are_ended)
{
	static const struct setup s = {3, 2, 1, 1, false, 0};

	for (uint32_t k = 1; k <= 3; k++) {
		struct trial t = {.n = 10,
			.stages = {&same_ops},
			.all = {{.open_fails_at = k}}};

		ck_assert_int_eq(trial_start(&t, &s), LEAT_EIO);
		ck_assert_str_eq(t.err.stage, "same");
		ck_assert_str_eq(t.err.text, "open fails on purpose");
		ck_assert_uint_eq(t.all[0].n_opens, k);
		ck_assert_uint_eq(t.all[0].n_finis, 3);
		trial_end(&t);
		ck_assert_uint_eq(t.all[0].n_finis, 3);
	}
}
END_TEST

START_TEST(whichever_finish_fails_the_run_does_and_all_are_ended)
{
	static const struct setup s = {3, 2, 1, 1, true, 0};

	for (uint32_t k = 1; k <= 3; k++) {
		struct trial t = {.n = 10,
			.stages = {&same_ops},
			.all = {{.finish_fails_at = k}}};

		ck_assert_int_eq(trial_run(&t, &s), LEAT_EIO);
		ck_assert_str_eq(t.err.stage, "same");
		ck_assert_str_eq(t.err.text, "finish fails on purpose");
		ck_assert_uint_ge(t.all[0].n_finishes, k);
		ck_assert_uint_eq(t.all[0].n_finis, 3);
		trial_end(&t);
	}
}
END_TEST

/* ---- the books --------------------------------------------------------- */

START_TEST(counters_are_those_of_all_instances)
{
	static const struct setup s = {2, 2, 1, 1, true, 0};
	struct trial t = {.n = 50,
		.stages = {&same_ops},
		.all = {{.late = 20, .until = 21}}};
	struct leat_stage_stats stats;
	struct leat_stage *st;

	ck_assert_int_eq(trial_run(&t, &s), LEAT_OK);
	st = t.graph->stages[1];
	for (uint32_t k = 0; k < 2; k++) {
		uint64_t n = leat__stage_instance(st, k)->counters.in_items;

		ck_assert_uint_gt(n, 0);
		ck_assert_uint_lt(n, 50);
	}
	ck_assert_int_eq(leat_stage_stats(t.graph, 1, &stats), LEAT_OK);
	ck_assert_uint_eq(stats.in, 50);
	ck_assert_uint_eq(stats.out, 50);
	ck_assert_uint_eq(stats.in_frames, 50);
	ck_assert_uint_eq(stats.out_frames, 50);
	ck_assert_uint_eq(stats.in_bytes, 400);
	ck_assert_uint_eq(stats.out_bytes, 400);
	ck_assert_uint_eq(stats.flags & LEAT_STATS_DONE, LEAT_STATS_DONE);
	ck_assert_uint_gt(stats.wait_input_ns + stats.wait_credit_ns, 0);
	trial_end(&t);
}
END_TEST

static int
echo_process(struct leat_stage *st, struct leat_frame *in)
{
	int rc;

	leat_frame_retain(in);
	leat_stage_count(st, LEAT_COUNT_MADE, in->n_items);
	rc = leat_stage_emit(st, 0, in);
	return rc < 0 ? rc : leat_stage_emit(st, 0, in);
}

static int
mark_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *items = (uint64_t *)(void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++)
		items[k] += 1000;
	return leat_stage_emit(st, 0, in);
}

START_TEST(an_instance_that_writes_gets_private_copies)
{
	static const struct leat_stage_ops echo = {LEAT_STAGE_OPS_INIT("echo"),
		.needs = {.max_out = 2}, .process = echo_process};
	static const struct leat_stage_ops mark = {LEAT_STAGE_OPS_INIT("mark"),
		.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
		.process = mark_process};

	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.n = 100, .stages = {&echo, &mark}};
		struct leat_stage_stats stats;

		trial_build(&t, &setups[k]);
		ck_assert_msg(leat_graph_run(t.graph, &t.err) == LEAT_OK, "%s",
			t.err.text);
		/* each item twice, each copy changed once */
		ck_assert_uint_eq(t.seen.sum, 2 * (100 * 101 / 2 + 100 * 1000));
		ck_assert_int_eq(leat_stage_stats(t.graph, 2, &stats), LEAT_OK);
		ck_assert_uint_ge(stats.copied_bytes, 100);
		ck_assert_uint_le(stats.copied_bytes, 200 * 8);
		trial_end(&t);
	}
}
END_TEST

START_TEST(the_bound_is_enough_and_one_byte_less_is_refused)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct trial t = {.n = 200,
			.stages = {&same_ops, &scatter2_ops, &serial_ops,
				&scatter_ops}};
		uint64_t bound;

		trial_build(&t, &setups[k]);
		ck_assert_int_eq(leat_graph_check(t.graph, NULL), LEAT_OK);
		bound = leat_graph_bound_bytes(t.graph);
		trial_end(&t);
		t.memory_bytes = bound - 1;
		trial_build(&t, &setups[k]);
		ck_assert_int_eq(
			leat_graph_check(t.graph, &t.err), LEAT_ELIMIT);
		trial_end(&t);
		t.memory_bytes = bound;
		ck_assert_msg(
			trial_run(&t, &setups[k]) == LEAT_OK, "%s", t.err.text);
		ck_assert_uint_eq(t.seen.n, 200);
		trial_end(&t);
	}
}
END_TEST

/* ---- a failing world --------------------------------------------------- */

/* Build, run and end one graph with a region in this world. */
static int
whole_run(const struct leat__env *env)
{
	static const struct setup s = {2, 2, 2, 7, true, 2};
	struct trial t = {
		.env = env, .n = 300, .stages = {&same_ops, &scatter_ops}};
	int rc;

	trial_build(&t, &s);
	rc = leat_graph_run(t.graph, &t.err);
	if (rc == LEAT_OK)
		ck_assert_uint_eq(t.seen.n, 300);
	else
		ck_assert_msg(t.err.text[0] != 0, "an error without a text");
	ck_assert_uint_eq(t.seen.n_back, 0);
	trial_end(&t);
	ck_assert_uint_eq(t.all[0].n_finis, t.all[0].n_inits);
	return rc;
}

/* Allocations that building the graph makes, before it is checked. */
static uint64_t
n_build_allocs(void)
{
	static const struct setup s = {2, 2, 2, 7, true, 2};
	struct fail_env world;
	struct trial t = {.n = 1, .stages = {&same_ops, &scatter_ops}};

	fail_env_init(&world);
	t.env = &world.env;
	trial_build(&t, &s);
	trial_end(&t);
	return world.alloc_n;
}

static void
sweep_allocations(bool is_for_ever)
{
	uint64_t n_before = n_build_allocs();
	int rc = LEAT_ENOMEM;
	uint64_t n;

	for (n = 1; rc != LEAT_OK; n++) {
		struct fail_env world;

		fail_env_init(&world);
		world.alloc_fail_at = n_before + n;
		world.alloc_fail_for_ever = is_for_ever;
		rc = whole_run(&world.env);
		ck_assert_msg(
			rc == LEAT_OK || rc == LEAT_ENOMEM || rc == LEAT_ELIMIT,
			"allocation %llu: code %d", (unsigned long long)n, rc);
		ck_assert_uint_eq(world.alloc_live, 0);
		ck_assert_uint_eq(world.map_live, 0);
		ck_assert_uint_eq(world.fd_live, 0);
	}
	ck_assert_uint_gt(n, 30); /* there were some to fail */
}

START_TEST(every_allocation_of_a_run_may_fail)
{
	sweep_allocations(false);
	sweep_allocations(true);
}
END_TEST

START_TEST(a_thread_that_cannot_be_started_ends_the_run_with_a_limit)
{
	int rc = LEAT_ELIMIT;
	uint32_t n;

	for (n = 1; rc != LEAT_OK; n++) {
		struct fail_env world;

		fail_env_init(&world);
		world.thread.fail_at = n;
		world.thread.fail_for_ever = true;
		rc = whole_run(&world.env);
		ck_assert(rc == LEAT_OK || rc == LEAT_ELIMIT);
		ck_assert_uint_eq(world.alloc_live, 0);
	}
	ck_assert_uint_ge(n, 3);
}
END_TEST

TEST_MAIN("run/region", every_item_arrives_in_order_whatever_the_setup,
	many_frames_from_one_stay_where_it_was, regions_follow_each_other,
	frames_of_which_nothing_comes_hold_up_nobody,
	stamps_do_not_go_back_and_the_promise_is_kept_up,
	a_frame_is_worked_on_while_an_older_one_is_late,
	no_more_are_ahead_of_a_late_one_than_the_window_takes,
	who_has_no_room_waits_for_an_older_one,
	a_receiver_that_has_enough_ends_the_region_and_its_source,
	a_receiver_may_close_while_a_frame_is_late,
	a_drain_lets_everything_accepted_arrive,
	a_cancel_ends_a_region_wherever_its_tasks_are,
	a_cancel_ends_a_region_in_which_others_wait_for_a_late_one,
	a_deadline_of_the_parent_ends_a_region,
	of_several_failures_that_of_the_earliest_frame_counts,
	the_first_failure_is_the_same_in_every_setup,
	a_frame_that_fails_ahead_of_what_is_wanted_does_no_harm,
	to_emit_without_an_input_is_refused,
	to_want_no_further_input_is_refused,
	each_instance_is_opened_finished_and_ended_once,
	whichever_open_fails_the_start_does_and_all_are_ended,
	whichever_finish_fails_the_run_does_and_all_are_ended,
	counters_are_those_of_all_instances,
	an_instance_that_writes_gets_private_copies,
	the_bound_is_enough_and_one_byte_less_is_refused,
	every_allocation_of_a_run_may_fail,
	a_thread_that_cannot_be_started_ends_the_run_with_a_limit)
