/*
 * sim/scenario_bisect.c -- frames that a stage fails with, tried in halves:
 * between two halves its task rests, is replaced, or is ended.
 */
#include <string.h>

#include <leat/leat.h>

#include "scenario.h"
#include "support/numbers.h"

#define DIVISOR 5u
#define NUMBERS 12u

static int
wary_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint64_t *items = (const uint64_t *)(const void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++)
		if (items[k] % DIVISOR == 0)
			return leat_stage_fail(st, LEAT_EDATA, "it is wrong");
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops wary_ops = {
	LEAT_STAGE_OPS_INIT("wary"),
	.flags =
		LEAT_STAGE_REPEATS | LEAT_STAGE_STATELESS | LEAT_STAGE_IN_PLACE,
	.process = wary_process,
};

struct job {
	struct leat_graph *graph;
	struct sink_seen seen;
	struct leat_graph_stats stats;
};

static void
job_begin(struct job *job, uint32_t workers)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = workers, .capacity_frames = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = NUMBERS, .per_frame = 6};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &job->seen};
	struct leat_step steps[3] = {{&numbers_blocking_ops, &numbers},
		{&wary_ops, NULL}, {&sink_blocking_ops, &sink}};
	struct leat_stage *st[3];

	memset(job, 0, sizeof(*job));
	SIM_CHECK(leat_graph_create(&opts, &job->graph, NULL) == LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		SIM_CHECK(leat_graph_add(job->graph, NULL, &steps[k], &st[k],
				  NULL) == LEAT_OK);
	for (uint32_t k = 0; k < 2; k++)
		SIM_CHECK(
			leat_graph_link(job->graph, leat_out(st[k], 0),
				leat_in(st[k + 1], 0), NULL, NULL) == LEAT_OK);
	SIM_CHECK(leat_stage_set_on_error(st[1], LEAT_ON_ERROR_SKIP, 0, NULL) ==
		LEAT_OK);
}

/* What came through, and what was rejected, is each number once. */
static void
job_check(struct job *job)
{
	leat_graph_stats(job->graph, &job->stats);
	SIM_CHECK(job->stats.is_balanced);
	SIM_CHECK(job->stats.failed == NUMBERS / DIVISOR);
	SIM_CHECK(job->seen.n == NUMBERS - NUMBERS / DIVISOR);
	SIM_CHECK(job->seen.sum == 78 - 15 && job->seen.n_back == 0);
	leat_graph_destroy(job->graph);
}

static void
bisect_waits(void *user)
{
	static struct job job;

	(void)user;
	job_begin(&job, 1);
	SIM_CHECK(leat_graph_run(job.graph, NULL) == LEAT_OK);
	job_check(&job);
}

static void
bisect_replicas(void *user)
{
	static struct job job;

	(void)user;
	job_begin(&job, 2);
	SIM_CHECK(leat_graph_run(job.graph, NULL) == LEAT_OK);
	job_check(&job);
}

static void
cancel_it(void *user)
{
	struct job *job = user;

	leat_graph_cancel(job->graph);
}

/* Its pool sees to it that no part of a frame is left behind. */
static void
bisect_canceled(void *user)
{
	static struct job job;
	struct sim_thread *other;
	int rc;

	(void)user;
	job_begin(&job, 1);
	SIM_CHECK(leat_graph_start(job.graph, NULL) == LEAT_OK);
	other = sim_go("canceler", cancel_it, &job);
	rc = leat_graph_wait(job.graph, LEAT_NEVER, NULL);
	sim_join(other);
	SIM_CHECK(rc == LEAT_ECANCELED || rc == LEAT_OK);
	leat_graph_stats(job.graph, &job.stats);
	SIM_CHECK(job.seen.n + job.stats.failed <= NUMBERS);
	leat_graph_destroy(job.graph);
}

const struct sim_scenario scenarios_bisect[] = {
	{.name = "bisect_waits",
		.idea = "halves wait for credit, one after the other",
		.run = bisect_waits,
		.runs_per_mille = 250},
	{.name = "bisect_replicas",
		.idea = "replicas try halves at once, and order is kept",
		.run = bisect_replicas,
		.runs_per_mille = 250},
	{.name = "bisect_canceled",
		.idea = "a run ends between two halves",
		.run = bisect_canceled,
		.runs_per_mille = 250},
	{.name = NULL, .runs_per_mille = 250},
};
