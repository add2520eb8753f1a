/*
 * sim/scenario_drain.c -- drains: the order of their phases, and deadlines.
 */
#include <leat/leat.h>

#include "scenario.h"
#include "support/numbers.h"

#define DRAIN_BRANCHES 2u

/* What the branches have done. */
struct course {
	uint32_t n_filters; /* that have finished; atomic */
	uint32_t n_sinks;
	uint64_t n_written; /* atomic */
};

struct course_opts {
	uint32_t size;
	uint32_t flags;
	struct course *course;
};

static int
course_init(struct leat_stage *st, const void *opts)
{
	*(struct course **)leat_stage_state(st) =
		((const struct course_opts *)opts)->course;
	return LEAT_OK;
}

static struct course *
course_of(struct leat_stage *st)
{
	return *(struct course **)leat_stage_state(st);
}

static int
last_process(struct leat_stage *st, struct leat_frame *in)
{
	leat__add_relaxed(&course_of(st)->n_written, in->n_items);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* The source has no end of its own: whoever is here was drained. */
static int
last_finish(struct leat_stage *st)
{
	struct course *course = course_of(st);

	SIM_CHECK(leat__load_relaxed(&course->n_filters) == DRAIN_BRANCHES);
	leat__add_relaxed(&course->n_sinks, 1u);
	return LEAT_OK;
}

static int
middle_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static int
middle_finish(struct leat_stage *st)
{
	SIM_CHECK(course_of(st)->n_sinks == 0);
	leat__add_relaxed(&course_of(st)->n_filters, 1u);
	return LEAT_OK;
}

#define COURSE                                                                 \
	.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = sizeof(uint64_t),       \
	.state_bytes = sizeof(struct course *),                                \
	.opts_bytes = sizeof(struct course_opts), .init = course_init

static const struct leat_stage_ops last_ops = {LEAT_STAGE_OPS_INIT("last"),
	.flags = LEAT_STAGE_SINK, COURSE, .process = last_process,
	.finish = last_finish};
static const struct leat_stage_ops middle_ops = {LEAT_STAGE_OPS_INIT("middle"),
	COURSE, .process = middle_process, .finish = middle_finish};

/* numbers ! deal, and on each branch middle ! last */
struct drained {
	struct leat_graph *graph;
	struct course course;
	int64_t deadline_ns; /* 0 = none */
};

static struct leat_stage *
drained_add(
	struct drained *d, const struct leat_stage_ops *ops, const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;

	SIM_CHECK(leat_graph_add(d->graph, NULL, &step, &st, NULL) == LEAT_OK);
	return st;
}

static void
drained_link(struct drained *d, struct leat_end out, struct leat_end in)
{
	SIM_CHECK(leat_graph_link(d->graph, out, in, NULL, NULL) == LEAT_OK);
}

static void
drained_begin(struct drained *d)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 2, .capacity_frames = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .per_frame = 1};
	struct course_opts course = {
		LEAT_OPTS_INIT(course_opts), .course = &d->course};
	struct leat_stage *source, *deal;

	*d = (struct drained){0};
	SIM_CHECK(leat_graph_create(&opts, &d->graph, NULL) == LEAT_OK);
	source = drained_add(d, &numbers_ops, &numbers);
	deal = drained_add(d, &deal_ops, NULL);
	drained_link(d, leat_out(source, 0), leat_in(deal, 0));
	for (uint32_t k = 0; k < DRAIN_BRANCHES; k++) {
		struct leat_stage *middle =
			drained_add(d, &middle_ops, &course);

		drained_link(d, leat_out(deal, k), leat_in(middle, 0));
		drained_link(d, leat_out(middle, 0),
			leat_in(drained_add(d, &last_ops, &course), 0));
	}
}

static void
drained_drain(void *arg)
{
	struct drained *d = arg;

	if (d->deadline_ns)
		SIM_CHECK(leat_graph_drain_until(d->graph, d->deadline_ns) !=
			LEAT_ENOMEM);
	else
		leat_graph_drain(d->graph);
}

static void
drained_end(struct drained *d)
{
	leat_graph_destroy(d->graph);
}

static void
check_phases(const struct drained *d)
{
	struct leat_drain_stats stats;

	leat_graph_drain_stats(d->graph, &stats);
	SIM_CHECK(stats.phase == LEAT_DRAIN_OVER && !stats.is_late);
	for (uint32_t k = LEAT_DRAIN_SOURCES; k < LEAT_DRAIN_OVER; k++)
		SIM_CHECK(stats.began_ns[k] &&
			stats.began_ns[k] <= stats.began_ns[k + 1]);
}

/* Sinks complete after all other stages, whoever is slow. */
static void
drain_order(void *user)
{
	static struct drained d;
	struct sim_thread *a;
	struct leat_graph_stats stats;

	(void)user;
	drained_begin(&d);
	SIM_CHECK(leat_graph_start(d.graph, NULL) == LEAT_OK);
	a = sim_go("drainer", drained_drain, &d);
	SIM_CHECK(leat_graph_wait(d.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(a);
	leat_graph_stats(d.graph, &stats);
	SIM_CHECK(stats.is_balanced && stats.read == d.course.n_written);
	SIM_CHECK(d.course.n_sinks == DRAIN_BRANCHES);
	check_phases(&d);
	drained_end(&d);
}

/* Two drain at once, and one of them sets a deadline, passed or not. */
static void
drain_deadline(void *user)
{
	static struct drained d;
	struct sim_thread *a;
	struct leat_graph_stats stats;
	int rc;

	(void)user;
	drained_begin(&d);
	d.deadline_ns = leat_now_ns() + 50000;
	SIM_CHECK(leat_graph_start(d.graph, NULL) == LEAT_OK);
	a = sim_go("drainer", drained_drain, &d);
	leat_graph_drain(d.graph);
	rc = leat_graph_wait(d.graph, LEAT_NEVER, NULL);
	sim_join(a);
	leat_graph_stats(d.graph, &stats);
	SIM_CHECK(rc == LEAT_OK || rc == LEAT_ETIMEDOUT);
	SIM_CHECK(stats.is_balanced);
	SIM_CHECK(rc || stats.read == d.course.n_written);
	SIM_CHECK(rc || d.course.n_sinks == DRAIN_BRANCHES);
	drained_end(&d);
}

/* ---- in flight ----------------------------------------------------------- */

#define FLIGHT_LOOKS 4

static void
flight_watch(void *arg)
{
	struct drained *d = arg;

	for (int k = 0; k < FLIGHT_LOOKS; k++) {
		struct leat_flight flight;

		leat_graph_flight(d->graph, &flight);
		SIM_CHECK(flight.is_sound);
		SIM_CHECK(flight.fault == LEAT_FLIGHT_NONE);
		SIM_CHECK(flight.least <= flight.most);
		SIM_CHECK(!flight.is_exact || flight.least == flight.most);
		sim_env()->yield(sim_env());
	}
}

/* What is seen of the sheet while it changes holds, whoever writes when. */
static void
flight_bounds(void *user)
{
	static struct drained d;
	struct sim_thread *a, *b;
	struct leat_flight flight;

	(void)user;
	drained_begin(&d);
	SIM_CHECK(leat_graph_start(d.graph, NULL) == LEAT_OK);
	a = sim_go("watcher", flight_watch, &d);
	b = sim_go("drainer", drained_drain, &d);
	SIM_CHECK(leat_graph_wait(d.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(a);
	sim_join(b);
	leat_graph_flight(d.graph, &flight);
	SIM_CHECK(flight.is_exact && flight.most == 0 && flight.is_sound);
	drained_end(&d);
}

const struct sim_scenario scenarios_drain[] = {
	{.name = "flight_bounds",
		.idea = "the sheet is looked at while it changes",
		.run = flight_bounds,
		.runs_per_mille = 250},
	{.name = "drain_order",
		.idea = "no sink completes before all other stages",
		.run = drain_order,
		.runs_per_mille = 250},
	{.name = "drain_deadline",
		.idea = "a deadline against the end",
		.run = drain_deadline,
		.runs_per_mille = 250},
	{0},
};
