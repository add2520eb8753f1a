/*
 * unit/run/run.c -- whole graphs: order, loss, ends, failures, drain, cancel.
 */
#include "support/test.h"

#include <pthread.h>

#include "base/atomic.h"
#include "support/numbers.h"

struct setup {
	uint32_t workers;
	uint32_t capacity;
	uint64_t per_frame;
	bool is_blocking;
};

static const struct setup setups[] = {{1, 1, 1, false}, {1, 1, 7, true},
	{2, 1, 1, true}, {2, 2, 2, false}, {2, 4, 256, true}, {4, 1, 7, true},
	{4, 8, 512, false}};

#define N_SETUPS (sizeof(setups) / sizeof(setups[0]))

static struct leat_graph *
graph_of(const struct setup *s)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = s->workers, .capacity_frames = s->capacity};
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_msg(leat_graph_create(&opts, &graph, &err) == LEAT_OK, "%s",
		err.text);
	return graph;
}

/* A chain numbers ! middle... ! sink. Returns the result of the run. */
static int
chain_run(struct leat_graph *graph, const struct setup *s, uint64_t n,
	const struct leat_step *middle, uint32_t n_middle,
	const struct sink_opts *sink, struct leat_error *err)
{
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = n,
		.per_frame = s->per_frame};
	struct leat_step steps[16];
	uint32_t k = 0;

	steps[k++] = (struct leat_step){
		s->is_blocking ? &numbers_blocking_ops : &numbers_ops,
		&numbers};
	for (uint32_t m = 0; m < n_middle; m++)
		steps[k++] = middle[m];
	steps[k++] = (struct leat_step){
		s->is_blocking ? &sink_blocking_ops : &sink_ops, sink};
	ck_assert_msg(leat_graph_chain(graph, steps, k, err) == LEAT_OK, "%s",
		err->text);
	return leat_graph_run(graph, err);
}

static void
check_balanced(const struct leat_graph *graph)
{
	struct leat_graph_stats stats;

	leat_graph_stats(graph, &stats);
	ck_assert_uint_eq(stats.is_done, 1);
	ck_assert_uint_eq(stats.is_balanced, 1);
	ck_assert_uint_eq(stats.unfinished, 0);
	ck_assert_uint_eq(stats.read + stats.made,
		stats.written + stats.filtered + stats.failed + stats.folded);
	ck_assert_uint_le(stats.memory_high_bytes, stats.memory_bound_bytes);
}

START_TEST(every_item_arrives_in_order_whatever_the_setup)
{
	struct leat_step middle[] = {
		{&pass_ops, NULL}, {&add_ops, NULL}, {&pass_ops, NULL}};

	for (size_t k = 0; k < N_SETUPS; k++) {
		struct leat_graph *graph = graph_of(&setups[k]);
		struct sink_seen seen = {0};
		struct sink_opts sink = {
			LEAT_OPTS_INIT(sink_opts), .seen = &seen};
		struct leat_error err;

		ck_assert_msg(chain_run(graph, &setups[k], 10000, middle, 3,
				      &sink, &err) == LEAT_OK,
			"%s", err.text);
		ck_assert_uint_eq(seen.n, 10000);
		ck_assert_uint_eq(seen.sum, 10000ull * 10001 / 2 + 10000);
		ck_assert_uint_eq(seen.n_back, 0);
		ck_assert_uint_eq(seen.is_finished, 1);
		check_balanced(graph);
		leat_graph_destroy(graph);
	}
}
END_TEST

START_TEST(keep_item_filters_and_the_books_balance)
{
	struct leat_step middle[] = {{&odd_ops, NULL}, {&add_ops, NULL}};

	for (size_t k = 0; k < N_SETUPS; k++) {
		struct leat_graph *graph = graph_of(&setups[k]);
		struct sink_seen seen = {0};
		struct sink_opts sink = {
			LEAT_OPTS_INIT(sink_opts), .seen = &seen};
		struct leat_stage_stats stats;
		struct leat_error err;

		ck_assert_int_eq(chain_run(graph, &setups[k], 1001, middle, 2,
					 &sink, &err),
			LEAT_OK);
		ck_assert_uint_eq(seen.n, 501);
		check_balanced(graph);
		ck_assert_int_eq(leat_stage_stats(graph, 1, &stats), LEAT_OK);
		ck_assert_uint_eq(stats.in, 1001);
		ck_assert_uint_eq(stats.filtered, 500);
		ck_assert_int_eq(leat_stage_balance(&stats), 0);
		leat_graph_destroy(graph);
	}
}
END_TEST

START_TEST(a_stage_with_more_to_say_is_called_again_until_it_is_through)
{
	struct leat_step middle[] = {
		{&single_ops, NULL}, {&single_ops, NULL}, {&hold_ops, NULL}};

	for (size_t k = 0; k < N_SETUPS; k++) {
		struct leat_graph *graph = graph_of(&setups[k]);
		struct sink_seen seen = {0};
		struct sink_opts sink = {
			LEAT_OPTS_INIT(sink_opts), .seen = &seen};
		struct leat_error err;

		ck_assert_msg(chain_run(graph, &setups[k], 1000, middle, 3,
				      &sink, &err) == LEAT_OK,
			"%s", err.text);
		ck_assert_uint_eq(seen.n, 1000);
		ck_assert_uint_eq(seen.n_frames, 1000);
		ck_assert_uint_eq(seen.n_back, 0);
		check_balanced(graph);
		leat_graph_destroy(graph);
	}
}
END_TEST

START_TEST(a_receiver_that_has_enough_ends_an_endless_source)
{
	struct leat_step middle[] = {{&pass_ops, NULL}, {&hold_ops, NULL}};

	for (size_t k = 0; k < N_SETUPS; k++) {
		struct leat_graph *graph = graph_of(&setups[k]);
		struct sink_seen seen = {0};
		struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts),
			.seen = &seen, .enough = 100};
		struct leat_error err;

		ck_assert_msg(chain_run(graph, &setups[k], 0, middle, 2, &sink,
				      &err) == LEAT_OK,
			"%s", err.text);
		ck_assert_uint_eq(seen.n, 100);
		ck_assert_uint_eq(seen.is_finished, 1);
		check_balanced(graph);
		leat_graph_destroy(graph);
	}
}
END_TEST

START_TEST(the_first_failure_is_reported_with_its_stage_and_text)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct leat_graph *graph = graph_of(&setups[k]);
		struct sink_seen seen = {0};
		struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts),
			.seen = &seen, .fail_at = 77};
		struct leat_error err;
		struct leat_graph_stats stats;

		ck_assert_int_eq(
			chain_run(graph, &setups[k], 0, NULL, 0, &sink, &err),
			LEAT_EIO);
		ck_assert_str_eq(err.stage, "sink");
		ck_assert_str_eq(err.text, "item 77 cannot be written");
		ck_assert_uint_eq(seen.n, 76);
		ck_assert_uint_eq(seen.is_finished, 0);
		leat_graph_stats(graph, &stats);
		ck_assert_uint_eq(stats.is_balanced, 1);
		ck_assert_uint_ge(stats.failed, 1);
		leat_graph_destroy(graph);
	}
}
END_TEST

/* Start an endless graph and wait until something has arrived. */
static struct leat_graph *
endless_start(
	const struct setup *s, struct sink_seen *seen, struct leat_ctx *parent)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = s->workers, .capacity_frames = s->capacity,
		.parent = parent};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .per_frame = s->per_frame};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {
		{s->is_blocking ? &numbers_blocking_ops : &numbers_ops,
			&numbers},
		{&hold_ops, NULL}, {&add_ops, NULL},
		{s->is_blocking ? &sink_blocking_ops : &sink_ops, &sink}};
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 4, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	while (leat__load_relaxed(&seen->n) == 0 &&
		!leat_ctx_is_done(leat_graph_ctx(graph)))
		sched_yield();
	return graph;
}

START_TEST(a_drain_lets_everything_accepted_arrive)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct sink_seen seen = {0};
		struct leat_graph *graph =
			endless_start(&setups[k], &seen, NULL);
		struct leat_graph_stats stats;
		struct leat_error err;

		leat_graph_drain(graph);
		leat_graph_drain(graph);
		ck_assert_int_eq(
			leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_OK);
		leat_graph_stats(graph, &stats);
		ck_assert_uint_eq(stats.read, seen.n);
		ck_assert_uint_eq(stats.is_drained, 1);
		ck_assert_uint_eq(seen.is_finished, 1);
		check_balanced(graph);
		leat_graph_destroy(graph);
	}
}
END_TEST

START_TEST(a_cancel_ends_the_run_and_says_so)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct sink_seen seen = {0};
		struct leat_graph *graph =
			endless_start(&setups[k], &seen, NULL);
		struct leat_graph_stats stats;
		struct leat_error err;

		leat_graph_cancel(graph);
		ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err),
			LEAT_ECANCELED);
		leat_graph_stats(graph, &stats);
		ck_assert_uint_eq(stats.is_balanced, 1);
		ck_assert_uint_eq(stats.read, stats.written + stats.unfinished);
		ck_assert_uint_eq(seen.is_finished, 0);
		leat_graph_destroy(graph);
	}
}
END_TEST

START_TEST(the_end_of_the_parent_context_ends_the_run)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		struct sink_seen seen = {0};
		struct leat_ctx *root, *parent;
		struct leat_graph *graph;
		struct leat_error err;

		ck_assert_int_eq(leat_ctx_create(&root, NULL), LEAT_OK);
		ck_assert_int_eq(leat_ctx_child(root, leat_now_ns() + 30000000,
					 &parent, NULL),
			LEAT_OK);
		graph = endless_start(&setups[k], &seen, parent);
		ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err),
			LEAT_ETIMEDOUT);
		leat_graph_destroy(graph);
		leat_ctx_destroy(parent);
		leat_ctx_destroy(root);
	}
}
END_TEST

START_TEST(waiting_stops_at_its_deadline_while_the_run_goes_on)
{
	struct sink_seen seen = {0};
	struct leat_graph *graph = endless_start(&setups[4], &seen, NULL);
	struct leat_error err;

	ck_assert_int_eq(leat_graph_wait(graph, 0, &err), LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_ESTATE);
	leat_graph_destroy(graph); /* cancels and waits */
	ck_assert_uint_gt(seen.n, 0);
}
END_TEST

START_TEST(calls_in_the_wrong_state_are_refused)
{
	struct leat_graph *graph = graph_of(&setups[0]);
	struct sink_seen seen = {0};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct leat_step step = {&pass_ops, NULL};
	struct leat_stage *st;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_ESTATE);
	leat_graph_drain(graph); /* nothing to drain: no harm */
	ck_assert_int_eq(chain_run(graph, &setups[0], 10, NULL, 0, &sink, &err),
		LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &step, &st, &err), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_OK);
	leat_graph_destroy(graph);
	leat_graph_destroy(NULL);
	leat_graph_destroy(graph_of(&setups[0])); /* never started */
}
END_TEST

/* ---- stages that misbehave --------------------------------------------------- */

static int
twice_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_frame_retain(in);
	if (leat_stage_emit(st, 0, in) < 0)
		return LEAT_EBUG;
	return leat_stage_emit(st, 0, in); /* on an error one stays with us */
}

static const struct leat_stage_ops twice_ops = {
	LEAT_STAGE_OPS_INIT("twice"), .process = twice_process};

START_TEST(emitting_more_than_declared_is_a_bug_that_is_named)
{
	struct leat_graph *graph = graph_of(&setups[0]);
	struct sink_seen seen = {0};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct leat_step middle[] = {{&twice_ops, NULL}};
	struct leat_error err;

	ck_assert_int_eq(
		chain_run(graph, &setups[0], 10, middle, 1, &sink, &err),
		LEAT_EBUG);
	ck_assert_str_eq(err.stage, "twice");
	ck_assert_ptr_nonnull(strstr(err.text, "max_out 1"));
	leat_graph_destroy(graph);
}
END_TEST

static int
greedy_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_frame *frames[4096];
	int n = 0, rc;

	while ((rc = leat_stage_acquire(st, &frames[n])) == LEAT_OK)
		n++;
	while (n > 0)
		leat_stage_release(st, frames[--n]);
	(void)in;
	return rc;
}

static const struct leat_stage_ops greedy_ops = {LEAT_STAGE_OPS_INIT("greedy"),
	.out_layout = LEAT_LAYOUT_ITEMS, .needs = {.frame_bytes = 8192},
	.process = greedy_process};

START_TEST(taking_more_frames_than_declared_is_a_bug_that_is_named)
{
	struct leat_graph *graph = graph_of(&setups[0]);
	struct sink_seen seen = {0};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct leat_step middle[] = {{&greedy_ops, NULL}};
	struct leat_error err;

	ck_assert_int_eq(
		chain_run(graph, &setups[0], 10, middle, 1, &sink, &err),
		LEAT_EBUG);
	ck_assert_str_eq(err.stage, "greedy");
	leat_graph_destroy(graph);
}
END_TEST

static int
thief_process(struct leat_stage *st, struct leat_frame *in)
{
	in->n_items--; /* loses a record without counting it */
	in->len_bytes -= 8;
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops thief_ops = {
	LEAT_STAGE_OPS_INIT("thief"), .process = thief_process};

START_TEST(a_stage_that_loses_a_record_is_found_out)
{
	struct leat_graph *graph = graph_of(&setups[0]);
	struct sink_seen seen = {0};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct leat_step middle[] = {{&thief_ops, NULL}};
	struct leat_graph_stats stats;
	struct leat_error err;

	ck_assert_int_eq(
		chain_run(graph, &setups[1], 70, middle, 1, &sink, &err),
		LEAT_OK);
	leat_graph_stats(graph, &stats);
	ck_assert_uint_eq(stats.is_balanced, 0);
	ck_assert_uint_eq(stats.unfinished, 10);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- shared frames ------------------------------------------------------------ */

static int
echo_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_frame_retain(in);
	leat_stage_count(st, LEAT_COUNT_MADE, in->n_items);
	if (leat_stage_emit(st, 0, in) < 0)
		return LEAT_EBUG;
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops echo_ops = {LEAT_STAGE_OPS_INIT("echo"),
	.needs = {.max_out = 2}, .process = echo_process};

static int
stamp_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *items = (uint64_t *)(void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++)
		items[k] += 1000;
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops stamp_ops = {LEAT_STAGE_OPS_INIT("stamp"),
	.flags = LEAT_STAGE_IN_PLACE, .process = stamp_process};

START_TEST(a_stage_that_writes_gets_a_private_copy_of_a_shared_frame)
{
	struct leat_step middle[] = {{&echo_ops, NULL}, {&stamp_ops, NULL}};

	for (size_t k = 0; k < N_SETUPS; k++) {
		struct leat_graph *graph;
		struct sink_seen seen = {0};
		struct sink_opts sink = {
			LEAT_OPTS_INIT(sink_opts), .seen = &seen};
		struct leat_stage_stats stats;
		struct leat_error err;

		if (setups[k].capacity < 2)
			continue;
		graph = graph_of(&setups[k]);
		ck_assert_msg(chain_run(graph, &setups[k], 100, middle, 2,
				      &sink, &err) == LEAT_OK,
			"%s", err.text);
		/* each item twice, each copy changed once */
		ck_assert_uint_eq(seen.sum, 2 * (100 * 101 / 2 + 100 * 1000));
		ck_assert_int_eq(leat_stage_stats(graph, 2, &stats), LEAT_OK);
		ck_assert_uint_ge(stats.copied_bytes, 800);
		check_balanced(graph);
		leat_graph_destroy(graph);
	}
}
END_TEST

START_TEST(a_shared_frame_is_copied_also_far_behind_the_sharing)
{
	struct leat_step middle[] = {{&echo_ops, NULL}, {&pass_ops, NULL},
		{&stamp_ops, NULL}, {&pass_ops, NULL}};

	for (size_t k = 0; k < N_SETUPS; k++) {
		struct leat_graph *graph;
		struct sink_seen seen = {0};
		struct sink_opts sink = {
			LEAT_OPTS_INIT(sink_opts), .seen = &seen};
		struct leat_stage_stats stats;
		struct leat_error err;

		if (setups[k].capacity < 2)
			continue;
		graph = graph_of(&setups[k]);
		ck_assert_msg(chain_run(graph, &setups[k], 100, middle, 4,
				      &sink, &err) == LEAT_OK,
			"%s", err.text);
		/* each item twice, each copy changed once */
		ck_assert_uint_eq(seen.sum, 2 * (100 * 101 / 2 + 100 * 1000));
		ck_assert_int_eq(leat_stage_stats(graph, 3, &stats), LEAT_OK);
		ck_assert_uint_ge(stats.copied_bytes, 800);
		check_balanced(graph);
		leat_graph_destroy(graph);
	}
}
END_TEST

/* ---- several ends ---------------------------------------------------------------- */

static struct leat_stage *
add(struct leat_graph *graph, const struct leat_stage_ops *ops,
	const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;
	struct leat_error err;

	ck_assert_msg(leat_graph_add(graph, NULL, &step, &st, &err) == LEAT_OK,
		"%s", err.text);
	return st;
}

static void
link_(struct leat_graph *graph, struct leat_end out, struct leat_end in)
{
	struct leat_error err;

	ck_assert_msg(leat_graph_link(graph, out, in, NULL, &err) == LEAT_OK,
		"%s", err.text);
}

START_TEST(several_ins_are_all_served_and_several_outs_all_fed)
{
	for (size_t k = 0; k < N_SETUPS; k++) {
		const struct setup *s = &setups[k];
		struct leat_graph *graph = graph_of(s);
		struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
			.n = 5000, .per_frame = s->per_frame};
		struct sink_seen seen[2] = {{0}, {0}};
		struct sink_opts a = {
			LEAT_OPTS_INIT(sink_opts), .seen = &seen[0]};
		struct sink_opts b = {
			LEAT_OPTS_INIT(sink_opts), .seen = &seen[1]};
		struct leat_stage *one, *two, *both, *deal, *left, *right;
		struct leat_error err;

		one = add(graph, &numbers_ops, &numbers);
		two = add(graph, &numbers_blocking_ops, &numbers);
		both = add(graph, &union_ops, NULL);
		deal = add(graph, &deal_ops, NULL);
		left = add(graph, &sink_ops, &a);
		right = add(graph, &sink_blocking_ops, &b);
		link_(graph, leat_out(one, 0), leat_in(both, 0));
		link_(graph, leat_out(two, 0), leat_in(both, 1));
		link_(graph, leat_out(both, 0), leat_in(deal, 0));
		link_(graph, leat_out(deal, 0), leat_in(left, 0));
		link_(graph, leat_out(deal, 1), leat_in(right, 0));
		ck_assert_msg(
			leat_graph_run(graph, &err) == LEAT_OK, "%s", err.text);
		ck_assert_uint_eq(seen[0].n + seen[1].n, 10000);
		ck_assert_uint_eq(
			seen[0].sum + seen[1].sum, 2 * (5000ull * 5001 / 2));
		check_balanced(graph);
		leat_graph_destroy(graph);
	}
}
END_TEST

/* ---- what is held is passed on when there is nothing else to do ---------------- */

struct latch {
	uint32_t size;
	uint32_t flags;
	const struct sink_seen *seen;
};

/* Emits one item, and the next only after the first has arrived. */
static int
patient_produce(struct leat_stage *st)
{
	uint64_t *n = leat_stage_state(st);
	struct leat_frame *frame;
	int rc;

	if (*n == 2)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	*(uint64_t *)(void *)frame->data = ++*n;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops patient_ops = {
	LEAT_STAGE_OPS_INIT("patient"), .flags = LEAT_STAGE_BLOCKING,
	.state_bytes = 8, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = 4096}, .produce = patient_produce};

static int
awaiting_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct sink_seen *seen = *(void **)leat_stage_state(st);
	uint64_t item = *(uint64_t *)(void *)in->data;

	/* blocks its thread until what it sent before has come out */
	while (leat__load_relaxed(&seen->n) + 1 < item &&
		!leat_ctx_is_done(leat_stage_ctx(st)))
		sched_yield();
	return leat_stage_emit(st, 0, in);
}

static int
awaiting_init(struct leat_stage *st, const void *opts)
{
	*(const void **)leat_stage_state(st) =
		((const struct latch *)opts)->seen;
	return LEAT_OK;
}

static const struct leat_stage_ops awaiting_ops = {
	LEAT_STAGE_OPS_INIT("awaiting"), .flags = LEAT_STAGE_BLOCKING,
	.state_bytes = 8, .opts_bytes = sizeof(struct latch),
	.in_layouts = LEAT_LAYOUT_ITEMS, .init = awaiting_init,
	.process = awaiting_process};

START_TEST(a_held_frame_is_flushed_when_no_input_is_there)
{
	struct leat_graph *graph = graph_of(&setups[2]);
	struct sink_seen seen = {0};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct latch latch = {LEAT_OPTS_INIT(latch), .seen = &seen};
	struct leat_step steps[] = {{&patient_ops, NULL},
		{&awaiting_ops, &latch}, {&hold_ops, NULL}, {&sink_ops, &sink}};
	struct leat_error err;

	ck_assert_int_eq(leat_graph_chain(graph, steps, 4, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_OK);
	ck_assert_uint_eq(seen.n, 2);
	check_balanced(graph);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- opening -------------------------------------------------------------------- */

static int
shut_open(struct leat_stage *st)
{
	return leat_stage_fail(st, LEAT_EIO, "the door is shut");
}

static void
shut_fini(struct leat_stage *st)
{
	uint32_t *n = *(uint32_t **)leat_stage_state(st);

	++*n;
}

static int
shut_init(struct leat_stage *st, const void *opts)
{
	*(const void **)leat_stage_state(st) =
		((const struct latch *)opts)->seen;
	return LEAT_OK;
}

static int
shut_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops shut_ops = {LEAT_STAGE_OPS_INIT("shut"),
	.flags = LEAT_STAGE_SINK, .state_bytes = 8,
	.opts_bytes = sizeof(struct latch), .init = shut_init,
	.open = shut_open, .process = shut_process, .fini = shut_fini};

START_TEST(a_stage_that_cannot_open_stops_the_start_and_fini_is_called_once)
{
	struct leat_graph *graph = graph_of(&setups[0]);
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = 3};
	uint32_t n_fini = 0;
	struct latch latch = {LEAT_OPTS_INIT(latch), .seen = (void *)&n_fini};
	struct leat_step steps[] = {
		{&numbers_ops, &numbers}, {&shut_ops, &latch}};
	struct leat_error err;

	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_EIO);
	ck_assert_str_eq(err.stage, "shut");
	ck_assert_str_eq(err.text, "the door is shut");
	ck_assert_uint_eq(n_fini, 1);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(n_fini, 1);
}
END_TEST

START_TEST(several_graphs_run_in_one_process)
{
	struct sink_seen seen[4] = {{0}, {0}, {0}, {0}};
	struct leat_graph *graphs[4];
	struct leat_error err;

	for (int k = 0; k < 4; k++)
		graphs[k] = endless_start(&setups[k], &seen[k], NULL);
	for (int k = 0; k < 4; k++)
		leat_graph_drain(graphs[k]);
	for (int k = 0; k < 4; k++) {
		ck_assert_int_eq(
			leat_graph_wait(graphs[k], LEAT_NEVER, &err), LEAT_OK);
		check_balanced(graphs[k]);
		leat_graph_destroy(graphs[k]);
	}
}
END_TEST

TEST_MAIN("run/run", every_item_arrives_in_order_whatever_the_setup,
	keep_item_filters_and_the_books_balance,
	a_stage_with_more_to_say_is_called_again_until_it_is_through,
	a_receiver_that_has_enough_ends_an_endless_source,
	the_first_failure_is_reported_with_its_stage_and_text,
	a_drain_lets_everything_accepted_arrive,
	a_cancel_ends_the_run_and_says_so,
	the_end_of_the_parent_context_ends_the_run,
	waiting_stops_at_its_deadline_while_the_run_goes_on,
	calls_in_the_wrong_state_are_refused,
	emitting_more_than_declared_is_a_bug_that_is_named,
	taking_more_frames_than_declared_is_a_bug_that_is_named,
	a_stage_that_loses_a_record_is_found_out,
	a_stage_that_writes_gets_a_private_copy_of_a_shared_frame,
	a_shared_frame_is_copied_also_far_behind_the_sharing,
	several_ins_are_all_served_and_several_outs_all_fed,
	a_held_frame_is_flushed_when_no_input_is_there,
	a_stage_that_cannot_open_stops_the_start_and_fini_is_called_once,
	several_graphs_run_in_one_process)
