/*
 * unit/run/drain.c -- drains: phases, whom they wait for, deadlines, and what
 * held data back for a while.
 */
#include "support/test.h"

#include <poll.h>
#include <sched.h>

#include "base/atomic.h"
#include "base/base.h"
#include "support/numbers.h"

#define AN_HOUR_NS INT64_C(3600000000000)
#define A_MS_NS    INT64_C(1000000)

/* ---- a stage that the test holds up, or lets fail ------------------------- */

struct gate {
	uint32_t is_shut;              /* process waits; atomic */
	uint32_t is_closed;            /* finish waits; atomic */
	uint32_t n_waits;              /* calls that wait, or waited; atomic */
	uint32_t n_fails;              /* so many calls of process fail */
	uint32_t n_calls;              /* atomic */
	uint32_t n_ends;               /* of finish; atomic */
	const struct sink_seen *other; /* that must not end before finish has */
};

struct gate_opts {
	uint32_t size;
	uint32_t flags;
	struct gate *gate;
};

struct gate_state {
	struct gate *gate;
};

static int
gate_init(struct leat_stage *st, const void *opts)
{
	struct gate_state *s = leat_stage_state(st);

	s->gate = ((const struct gate_opts *)opts)->gate;
	return LEAT_OK;
}

static int
gate_wait(struct leat_stage *st, const uint32_t *is_shut, struct gate *gate)
{
	leat__add_relaxed(&gate->n_waits, 1u);
	while (leat__load_acquire(is_shut)) {
		if (leat_ctx_is_done(leat_stage_ctx(st)))
			return LEAT_ECANCELED;
		sched_yield();
	}
	return LEAT_OK;
}

static int
gate_process(struct leat_stage *st, struct leat_frame *in)
{
	struct gate_state *s = leat_stage_state(st);
	struct gate *gate = s->gate;

	LEAT_TRY(gate_wait(st, &gate->is_shut, gate));
	if (leat__add_relaxed(&gate->n_calls, 1u) < gate->n_fails)
		return leat_stage_fail(st, LEAT_EIO, "no luck");
	return leat_stage_emit(st, 0, in);
}

static int
gate_finish(struct leat_stage *st)
{
	struct gate_state *s = leat_stage_state(st);

	LEAT_TRY(gate_wait(st, &s->gate->is_closed, s->gate));
	if (s->gate->other && leat__load_acquire(&s->gate->other->is_finished))
		return leat_stage_fail(st, LEAT_EBUG, "a sink was earlier");
	leat__add_relaxed(&s->gate->n_ends, 1u);
	return LEAT_OK;
}

static const struct leat_option gate_options[] = {{.name = NULL}};

static const struct leat_stage_ops gate_ops = {
	LEAT_STAGE_OPS_INIT("gate"),
	.flags = LEAT_STAGE_BLOCKING | LEAT_STAGE_REPEATS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.state_bytes = sizeof(struct gate_state),
	.opts_bytes = sizeof(struct gate_opts),
	.options = gate_options,
	.init = gate_init,
	.process = gate_process,
	.finish = gate_finish,
};

/* ---- numbers ! gate ! sink ------------------------------------------------ */

static struct leat_graph *
chain_of(struct gate *gate, struct sink_seen *seen, uint64_t n)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = n, .per_frame = 3};
	struct gate_opts held = {LEAT_OPTS_INIT(gate_opts), .gate = gate};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {{&numbers_ops, &numbers},
		{&gate_ops, &held}, {&sink_ops, &sink}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	return graph;
}

static void
start(struct leat_graph *graph)
{
	struct leat_error err;

	ck_assert_msg(leat_graph_start(graph, &err) == LEAT_OK, "%s", err.text);
}

static void
until_waits(const struct gate *gate)
{
	while (!leat__load_relaxed(&gate->n_waits))
		sched_yield();
}

static uint32_t
phase_of(const struct leat_graph *graph)
{
	struct leat_drain_stats stats;

	leat_graph_drain_stats(graph, &stats);
	return stats.phase;
}

static void
until_phase(const struct leat_graph *graph, uint32_t phase)
{
	while (phase_of(graph) < phase)
		sched_yield();
	ck_assert_uint_eq(phase_of(graph), phase);
}

static void
check_awaited(const struct leat_graph *graph, uint32_t stage, bool is_awaited)
{
	struct leat_stage_stats stats;

	ck_assert_int_eq(leat_stage_stats(graph, stage, &stats), LEAT_OK);
	ck_assert_int_eq(!!(stats.flags & LEAT_STATS_AWAITED), is_awaited);
}

static void
check_whole(struct leat_graph *graph, const struct sink_seen *seen)
{
	struct leat_graph_stats stats;
	struct leat_error err = {0};

	ck_assert_msg(leat_graph_wait(graph, LEAT_NEVER, &err) == LEAT_OK, "%s",
		err.text);
	leat_graph_stats(graph, &stats);
	ck_assert_uint_eq(stats.is_balanced, 1);
	ck_assert_uint_eq(stats.is_drained, 1);
	ck_assert_uint_eq(seen->is_finished, 1);
	ck_assert_uint_eq(seen->n, stats.read);
	ck_assert_uint_eq(seen->sum, seen->n * (seen->n + 1) / 2);
	leat_graph_destroy(graph);
}

/* ---- phases --------------------------------------------------------------- */

START_TEST(phases_come_in_order_and_tell_whom_they_wait_for)
{
	struct gate gate = {.is_shut = 1, .is_closed = 1};
	struct sink_seen seen = {0};
	struct leat_graph *graph = chain_of(&gate, &seen, 0);
	struct leat_drain_stats stats;

	leat_graph_drain_stats(graph, &stats);
	ck_assert_uint_eq(stats.phase, LEAT_DRAIN_NONE);
	start(graph);
	until_waits(&gate);
	ck_assert_uint_eq(phase_of(graph), LEAT_DRAIN_NONE);
	leat_graph_drain(graph);
	until_phase(graph, LEAT_DRAIN_ARRIVE);
	check_awaited(graph, 0, false);
	check_awaited(graph, 1, true);
	check_awaited(graph, 2, false);
	leat__store_release(&gate.is_shut, 0u);
	until_phase(graph, LEAT_DRAIN_FINISH);
	check_awaited(graph, 1, true);
	leat_graph_drain_stats(graph, &stats);
	ck_assert_int_eq(stats.began_ns[LEAT_DRAIN_COMMIT], 0);
	leat__store_release(&gate.is_closed, 0u);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_OK);
	leat_graph_drain_stats(graph, &stats);
	ck_assert_uint_eq(stats.phase, LEAT_DRAIN_OVER);
	ck_assert_uint_eq(stats.n_left, 0);
	ck_assert_uint_eq(stats.n_awaited, 0);
	ck_assert_uint_eq(stats.is_late, 0);
	for (uint32_t k = LEAT_DRAIN_SOURCES; k < LEAT_DRAIN_OVER; k++) {
		ck_assert_int_gt(stats.began_ns[k], 0);
		ck_assert_int_le(stats.began_ns[k], stats.began_ns[k + 1]);
	}
	check_whole(graph, &seen);
}
END_TEST

/* numbers ! deal: one branch has a gate before its sink, the other does not. */
static struct leat_graph *
fork_of(struct gate *gate, struct sink_seen seen[2])
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	struct gate_opts held = {LEAT_OPTS_INIT(gate_opts), .gate = gate};
	struct sink_opts sinks[2] = {
		{LEAT_OPTS_INIT(sink_opts), .seen = &seen[0]},
		{LEAT_OPTS_INIT(sink_opts), .seen = &seen[1]}};
	struct leat_step steps[] = {{&numbers_ops, &numbers}, {&deal_ops, NULL},
		{&gate_ops, &held}, {&sink_ops, &sinks[0]},
		{&sink_ops, &sinks[1]}};
	struct leat_stage *st[5];
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	for (int k = 0; k < 5; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			LEAT_OK);
	ck_assert_int_eq(leat_graph_link(graph, leat_out(st[0], 0),
				 leat_in(st[1], 0), NULL, NULL) |
			leat_graph_link(graph, leat_out(st[1], 0),
				leat_in(st[2], 0), NULL, NULL) |
			leat_graph_link(graph, leat_out(st[2], 0),
				leat_in(st[3], 0), NULL, NULL) |
			leat_graph_link(graph, leat_out(st[1], 1),
				leat_in(st[4], 0), NULL, NULL),
		LEAT_OK);
	return graph;
}

/* Is some sink at its finish, and waits? */
static bool
sink_is_ready(const struct leat_graph *graph)
{
	struct leat_stage_stats stats;
	bool is_ready = false;

	for (uint32_t k = 0; leat_stage_stats(graph, k, &stats) == LEAT_OK; k++)
		is_ready |= (stats.flags & LEAT_STATS_SINK) &&
			(stats.flags & LEAT_STATS_AWAITED);
	return is_ready;
}

START_TEST(no_sink_completes_while_a_stage_of_another_branch_is_at_work)
{
	for (int round = 0; round < 20; round++) {
		struct sink_seen seen[2] = {{0}};
		struct gate gate = {.is_closed = 1, .other = &seen[1]};
		struct leat_graph *graph = fork_of(&gate, seen);
		struct leat_error err = {0};

		start(graph);
		while (!leat__load_relaxed(&seen[1].n))
			sched_yield();
		leat_graph_drain(graph);
		until_waits(&gate);
		until_phase(graph, LEAT_DRAIN_FINISH);
		while (!sink_is_ready(graph) &&
			!leat__load_acquire(&seen[1].is_finished))
			sched_yield();
		for (int k = 0; k < 50; k++)
			sched_yield();
		leat__store_release(&gate.is_closed, 0u);
		ck_assert_msg(
			leat_graph_wait(graph, LEAT_NEVER, &err) == LEAT_OK,
			"%s", err.text);
		ck_assert_uint_eq(seen[0].is_finished, 1);
		ck_assert_uint_eq(seen[1].is_finished, 1);
		leat_graph_destroy(graph);
	}
}
END_TEST

START_TEST(a_run_that_was_not_drained_has_no_phases)
{
	struct gate gate = {0};
	struct sink_seen seen = {0};
	struct leat_graph *graph = chain_of(&gate, &seen, 100);

	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_uint_eq(phase_of(graph), LEAT_DRAIN_NONE);
	leat_graph_drain(graph);
	ck_assert_uint_eq(phase_of(graph), LEAT_DRAIN_NONE);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- deadlines ------------------------------------------------------------ */

START_TEST(a_deadline_cancels_and_names_whom_it_waited_for)
{
	struct gate gate = {.is_shut = 1};
	struct sink_seen seen = {0};
	struct leat_graph *graph = chain_of(&gate, &seen, 0);
	struct leat_drain_stats stats;
	struct leat_error err;

	start(graph);
	until_waits(&gate);
	ck_assert_int_eq(
		leat_graph_drain_until(graph, leat_now_ns() + 20 * A_MS_NS),
		LEAT_OK);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_ETIMEDOUT);
	ck_assert_msg(strstr(err.text, "waited for 'gate'"), "%s", err.text);
	ck_assert_msg(strstr(err.text, "had not arrived"), "%s", err.text);
	leat_graph_drain_stats(graph, &stats);
	ck_assert_uint_eq(stats.is_late, 1);
	ck_assert_uint_eq(stats.phase, LEAT_DRAIN_OVER);
	ck_assert_int_eq(stats.began_ns[LEAT_DRAIN_COMMIT], 0);
	ck_assert_uint_eq(seen.is_finished, 0);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_deadline_that_has_passed_cancels_at_once)
{
	struct gate gate = {.is_shut = 1};
	struct sink_seen seen = {0};
	struct leat_graph *graph = chain_of(&gate, &seen, 0);

	start(graph);
	until_waits(&gate);
	ck_assert_int_eq(leat_graph_drain_until(graph, 1), LEAT_OK);
	ck_assert(leat_ctx_is_done(leat_graph_ctx(graph)));
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ETIMEDOUT);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_deadline_can_be_moved_and_taken_back)
{
	struct gate gate = {.is_shut = 1};
	struct sink_seen seen = {0};
	struct leat_graph *graph = chain_of(&gate, &seen, 0);
	struct leat_drain_stats stats;

	ck_assert_int_eq(leat_graph_drain_until(graph, 1), LEAT_ESTATE);
	start(graph);
	until_waits(&gate);
	ck_assert_int_eq(
		leat_graph_drain_until(graph, leat_now_ns() + AN_HOUR_NS),
		LEAT_OK);
	leat_graph_drain_stats(graph, &stats);
	ck_assert_int_gt(stats.deadline_ns, leat_now_ns());
	ck_assert_int_eq(leat_graph_drain_until(graph, LEAT_NEVER), LEAT_OK);
	leat_graph_drain_stats(graph, &stats);
	ck_assert_int_eq(stats.deadline_ns, LEAT_NEVER);
	leat__store_release(&gate.is_shut, 0u);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_drain_until(graph, 1), LEAT_ESTATE);
	check_whole(graph, &seen);
}
END_TEST

/* ---- guards --------------------------------------------------------------- */

/* source ! sink; with a guard at one of the two */
static struct leat_graph *
guarded(const struct leat_step steps[2], uint32_t which,
	const struct leat_hook_ops *ops, const void *opts)
{
	struct leat_graph_opts o = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct leat_stage *st[2];
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&o, &graph, NULL), LEAT_OK);
	for (int k = 0; k < 2; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			LEAT_OK);
	ck_assert_int_eq(leat_graph_link(graph, leat_out(st[0], 0),
				 leat_in(st[1], 0), NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_stage_set_hooks(st[which],
				 &(struct leat_hook_step){ops, opts}, 1, NULL),
		LEAT_OK);
	return graph;
}

START_TEST(a_source_that_waits_in_a_guard_ends_at_once)
{
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1, .burst_ns = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .per_frame = 500};
	struct sink_seen seen = {0};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct leat_step steps[] = {
		{&numbers_ops, &numbers}, {&sink_ops, &sink}};
	struct leat_graph *graph = guarded(steps, 0, &leat_rate_ops, &rate);
	int64_t began_ns = leat_now_ns();

	start(graph);
	while (!leat__load_relaxed(&seen.n))
		sched_yield();
	leat_graph_drain(graph); /* it would go on in 500 s */
	check_whole(graph, &seen);
	ck_assert_int_lt(leat_now_ns() - began_ns, 100 * 1000 * A_MS_NS);
}
END_TEST

static struct leat_graph *
retried(struct gate *gate, struct sink_seen *seen, uint64_t max)
{
	struct leat_retry_opts retry = {LEAT_OPTS_INIT(leat_retry_opts),
		.max = max, .base_ns = AN_HOUR_NS, .cap_ns = AN_HOUR_NS};
	struct leat_hook_step step = {&leat_retry_ops, &retry};
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .per_frame = 3};
	struct gate_opts held = {LEAT_OPTS_INIT(gate_opts), .gate = gate};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {{&numbers_ops, &numbers},
		{&gate_ops, &held}, {&sink_ops, &sink}};
	struct leat_stage *st[3];
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	for (int k = 0; k < 3; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			LEAT_OK);
	ck_assert_int_eq(leat_stage_set_hooks(st[1], &step, 1, NULL), LEAT_OK);
	for (int k = 0; k < 2; k++)
		ck_assert_int_eq(leat_graph_link(graph, leat_out(st[k], 0),
					 leat_in(st[k + 1], 0), NULL, NULL),
			LEAT_OK);
	return graph;
}

START_TEST(a_retry_goes_on_without_its_delays)
{
	struct gate gate = {.n_fails = 4};
	struct sink_seen seen = {0};
	struct leat_graph *graph = retried(&gate, &seen, 5);
	struct leat_hook_stats stats;

	start(graph);
	while (!leat__load_relaxed(&gate.n_calls))
		sched_yield();
	leat_graph_drain(graph); /* now or soon it waits for an hour */
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_OK);
	ck_assert_int_eq(leat_stage_hook_stats(graph, 1, 0, &stats), LEAT_OK);
	ck_assert_uint_eq(stats.n_again, 4);
	check_whole(graph, &seen);
}
END_TEST

START_TEST(what_fails_to_the_last_attempt_fails_the_drain)
{
	struct gate gate = {.n_fails = 1000};
	struct sink_seen seen = {0};
	struct leat_graph *graph = retried(&gate, &seen, 3);
	struct leat_graph_stats stats;
	struct leat_error err;

	start(graph);
	while (!leat__load_relaxed(&gate.n_calls))
		sched_yield();
	leat_graph_drain(graph);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_EIO);
	ck_assert_msg(strstr(err.text, "given up after 3"), "%s", err.text);
	ck_assert_uint_eq(gate.n_calls, 3);
	leat_graph_stats(graph, &stats);
	ck_assert_uint_eq(stats.is_balanced, 1);
	ck_assert_uint_eq(stats.unfinished, stats.read);
	ck_assert_uint_eq(seen.is_finished, 0);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- the file of the end -------------------------------------------------- */

static bool
is_readable(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};

	return poll(&one, 1, 0) == 1;
}

START_TEST(the_end_can_be_polled_for)
{
	struct gate gate = {.is_shut = 1};
	struct sink_seen seen = {0};
	struct leat_graph *graph = chain_of(&gate, &seen, 10);
	struct leat_error err;
	struct pollfd one = {.events = POLLIN};
	int fd, again;

	ck_assert_int_eq(leat_graph_end_fd(graph, &fd, &err), LEAT_ESTATE);
	start(graph);
	until_waits(&gate);
	ck_assert_int_eq(leat_graph_end_fd(graph, &fd, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_end_fd(graph, &again, &err), LEAT_OK);
	ck_assert_int_eq(fd, again);
	ck_assert(!is_readable(fd));
	leat__store_release(&gate.is_shut, 0u);
	one.fd = fd;
	ck_assert_int_eq(poll(&one, 1, -1), 1);
	ck_assert_int_eq(leat_graph_wait(graph, leat_now_ns(), &err), LEAT_OK);
	leat_graph_destroy(graph);
	graph = chain_of(&gate, &seen, 10);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_end_fd(graph, &fd, &err), LEAT_OK);
	ck_assert(is_readable(fd));
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(phases_have_texts)
{
	for (uint32_t k = 0; k < LEAT_DRAIN_PHASES; k++)
		ck_assert_str_ne(leat_drain_phase_text(k), "?");
	ck_assert_str_eq(leat_drain_phase_text(LEAT_DRAIN_PHASES), "?");
}
END_TEST

TEST_MAIN("run/drain", phases_come_in_order_and_tell_whom_they_wait_for,
	no_sink_completes_while_a_stage_of_another_branch_is_at_work,
	a_run_that_was_not_drained_has_no_phases,
	a_deadline_cancels_and_names_whom_it_waited_for,
	a_deadline_that_has_passed_cancels_at_once,
	a_deadline_can_be_moved_and_taken_back,
	a_source_that_waits_in_a_guard_ends_at_once,
	a_retry_goes_on_without_its_delays,
	what_fails_to_the_last_attempt_fails_the_drain,
	the_end_can_be_polled_for, phases_have_texts)
