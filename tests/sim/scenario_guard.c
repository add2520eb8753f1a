/*
 * sim/scenario_guard.c -- guards by the clock: when calls are made, against
 * the formulas; and hooks that are exchanged while their stage runs.
 */
#include <string.h>

#include <leat/leat.h>

#include "scenario.h"
#include "support/numbers.h"

#define MS        1000000
#define N_LOG_MAX 64u
/* what the simulator's steps take between a moment and the call */
#define SLACK_NS 100000

/* ---- a filter that notes when it is called, and fails as it is told -------- */

struct clocked {
	uint32_t n;        /* calls */
	uint32_t n_fail;   /* the first so many fail */
	bool is_sleepy;    /* they wait for the end of their context */
	uint32_t n_passed; /* frames */
	int64_t at_ns[N_LOG_MAX];
};

struct clocked_opts {
	uint32_t size;
	uint32_t flags;
	struct clocked *log;
};

static int
clocked_init(struct leat_stage *st, const void *opts)
{
	const struct clocked_opts *given = opts;

	*(struct clocked **)leat_stage_state(st) = given->log;
	return LEAT_OK;
}

static int
clocked_process(struct leat_stage *st, struct leat_frame *in)
{
	struct clocked *log = *(struct clocked **)leat_stage_state(st);

	SIM_CHECK(log->n < N_LOG_MAX);
	log->at_ns[log->n++] = leat_now_ns();
	if (log->is_sleepy)
		SIM_CHECK(leat_sleep_until(leat_stage_ctx(st), LEAT_NEVER) ==
			LEAT_ECANCELED);
	if (log->n <= log->n_fail)
		return leat_stage_fail(st, LEAT_EIO, "as it was told");
	log->n_passed++;
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops clocked_ops = {
	LEAT_STAGE_OPS_INIT("clocked"),
	.flags = LEAT_STAGE_REPEATS | LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(struct clocked *),
	.opts_bytes = sizeof(struct clocked_opts),
	.init = clocked_init,
	.process = clocked_process,
};

/* ---- a hook that gives up what fails ---------------------------------------- */

static int
lenient_on_error(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	(void)hook;
	(void)call;
	(void)rc;
	return LEAT_SHED;
}

static const struct leat_hook_ops lenient_ops = {
	LEAT_HOOK_OPS_INIT("lenient"), .on_error = lenient_on_error};

/* ---- numbers ! clocked ! sink, one number a frame --------------------------- */

struct job {
	struct leat_graph *graph;
	struct leat_stage *clocked;
	struct sink_seen seen;
	struct clocked log;
	struct leat_graph_stats stats;
};

static void
job_begin(struct job *job, uint64_t n, uint32_t n_fail)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = n, .per_frame = 1};
	struct clocked_opts clocked = {
		LEAT_OPTS_INIT(clocked_opts), .log = &job->log};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &job->seen};
	struct leat_step steps[3] = {{&numbers_ops, &numbers},
		{&clocked_ops, &clocked}, {&sink_ops, &sink}};
	struct leat_stage *st[3];

	memset(job, 0, sizeof(*job));
	job->log.n_fail = n_fail;
	SIM_CHECK(leat_graph_create(&opts, &job->graph, NULL) == LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		SIM_CHECK(leat_graph_add(job->graph, NULL, &steps[k], &st[k],
				  NULL) == LEAT_OK);
	for (uint32_t k = 0; k < 2; k++)
		SIM_CHECK(
			leat_graph_link(job->graph, leat_out(st[k], 0),
				leat_in(st[k + 1], 0), NULL, NULL) == LEAT_OK);
	job->clocked = st[1];
}

static int
job_run(struct job *job, const struct leat_hook_step *hooks, uint32_t n)
{
	int rc;

	SIM_CHECK(
		leat_stage_set_hooks(job->clocked, hooks, n, NULL) == LEAT_OK);
	rc = leat_graph_run(job->graph, NULL);
	leat_graph_stats(job->graph, &job->stats);
	leat_graph_destroy(job->graph);
	return rc;
}

/* The k-th call came so long after the one before. */
static void
job_check_gap(const struct job *job, uint32_t k, int64_t gap_ns)
{
	int64_t is_ns = job->log.at_ns[k] - job->log.at_ns[k - 1];

	SIM_CHECK(is_ns >= gap_ns && is_ns <= gap_ns + SLACK_NS);
}

/* ---- retry ------------------------------------------------------------------ */

static void
guard_retry(void *user)
{
	static const int64_t gaps[] = {2 * MS, 6 * MS, 10 * MS, 10 * MS};
	struct leat_retry_opts opts = {LEAT_OPTS_INIT(leat_retry_opts),
		.max = 5, .base_ns = 2 * MS, .factor = 3, .cap_ns = 10 * MS};
	struct leat_hook_step hook = {&leat_retry_ops, &opts};
	static struct job job;

	(void)user;
	job_begin(&job, 3, 4);
	SIM_CHECK(job_run(&job, &hook, 1) == LEAT_OK);
	SIM_CHECK(job.log.n == 7 && job.seen.n == 3 && job.seen.n_back == 0);
	for (uint32_t k = 0; k < 4; k++)
		job_check_gap(&job, k + 1, gaps[k]);
}

static void
guard_retry_ends(void *user)
{
	struct leat_retry_opts opts = {LEAT_OPTS_INIT(leat_retry_opts),
		.max = 3, .base_ns = MS, .mode = LEAT_RETRY_FIXED};
	struct leat_hook_step hook = {&leat_retry_ops, &opts};
	static struct job job;

	(void)user;
	job_begin(&job, 1, 9);
	SIM_CHECK(job_run(&job, &hook, 1) == LEAT_EIO);
	SIM_CHECK(job.log.n == 3);
	job_check_gap(&job, 2, MS);
	opts.max = 9;
	opts.total_ns = 5 * MS / 2;
	job_begin(&job, 1, 9);
	SIM_CHECK(job_run(&job, &hook, 1) == LEAT_EIO);
	SIM_CHECK(job.log.n == 3); /* at 0, 1 and 2 ms */
}

/* Each delay is between half of what it would be and all of it. */
static void
guard_retry_jitter(void *user)
{
	struct leat_retry_opts opts = {LEAT_OPTS_INIT(leat_retry_opts),
		.max = 4, .base_ns = 8 * MS, .jitter = 0.5};
	struct leat_hook_step hook = {&leat_retry_ops, &opts};
	static struct job job;

	(void)user;
	job_begin(&job, 1, 3);
	SIM_CHECK(job_run(&job, &hook, 1) == LEAT_OK);
	for (uint32_t k = 1; k < 4; k++) {
		int64_t gap = job.log.at_ns[k] - job.log.at_ns[k - 1];
		int64_t most = (int64_t)(8 * MS) << (k - 1);

		SIM_CHECK(gap >= most / 2 && gap <= most + SLACK_NS);
	}
}

/* ---- rate ------------------------------------------------------------------- */

/* 500 a second: 2 ms apart, after as many at once as the burst is worth. */
static void
guard_rate(void *user)
{
	struct leat_rate_opts opts = {LEAT_OPTS_INIT(leat_rate_opts),
		.items = 500, .burst_ns = 5 * MS};
	struct leat_hook_step hook = {&leat_rate_ops, &opts};
	static struct job job;

	(void)user;
	job_begin(&job, 8, 0);
	SIM_CHECK(job_run(&job, &hook, 1) == LEAT_OK);
	SIM_CHECK(job.seen.n == 8);
	/* at 0, 0, 0 (2 and 4 ms ahead), then when no more than 5 are owed */
	SIM_CHECK(job.log.at_ns[2] - job.log.at_ns[0] < SLACK_NS);
	for (uint32_t k = 3; k < 8; k++) {
		int64_t at = job.log.at_ns[k] - job.log.at_ns[0];
		int64_t due = (int64_t)k * 2 * MS - 5 * MS;

		SIM_CHECK(at >= due - SLACK_NS && at <= due + SLACK_NS);
	}
}

static void
guard_rate_shed(void *user)
{
	struct leat_rate_opts opts = {LEAT_OPTS_INIT(leat_rate_opts),
		.items = 1, .burst_ns = 1, .over = 1};
	struct leat_hook_step hook = {&leat_rate_ops, &opts};
	static struct job job;

	(void)user;
	job_begin(&job, 5, 0);
	SIM_CHECK(job_run(&job, &hook, 1) == LEAT_OK);
	SIM_CHECK(job.seen.n == 1 && job.stats.shed == 4);
	SIM_CHECK(job.stats.is_balanced);
}

/* ---- breaker ---------------------------------------------------------------- */

/* Calls 1 to 4 fail: it opens at the fourth, the fifth comes after the pause,
 * fails and opens it again; the sixth closes it. */
static void
guard_breaker(void *user)
{
	struct leat_breaker_opts opts = {LEAT_OPTS_INIT(leat_breaker_opts),
		.calls = 4, .share = 60, .pause_ns = 20 * MS, .open = 1};
	struct leat_hook_step hooks[2] = {
		{&lenient_ops, NULL}, {&leat_breaker_ops, &opts}};
	static struct job job;

	(void)user;
	job_begin(&job, 9, 5);
	SIM_CHECK(job_run(&job, hooks, 2) == LEAT_OK);
	SIM_CHECK(job.log.n == 9 && job.seen.n == 4);
	SIM_CHECK(job.stats.failed == 5 && job.stats.is_balanced);
	for (uint32_t k = 1; k < 9; k++)
		job_check_gap(&job, k, k == 4 || k == 5 ? 20 * MS : 0);
}

static void
guard_breaker_refuses(void *user)
{
	struct leat_breaker_opts opts = {LEAT_OPTS_INIT(leat_breaker_opts),
		.calls = 2, .pause_ns = 3600000000000};
	struct leat_hook_step hooks[2] = {
		{&lenient_ops, NULL}, {&leat_breaker_ops, &opts}};
	static struct job job;

	(void)user;
	job_begin(&job, 6, 2);
	SIM_CHECK(job_run(&job, hooks, 2) == LEAT_OK);
	SIM_CHECK(job.log.n == 2 && job.stats.failed == 6);
	opts.open = 2;
	job_begin(&job, 6, 2);
	SIM_CHECK(job_run(&job, hooks, 2) == LEAT_OK);
	SIM_CHECK(job.log.n == 2 && job.stats.failed == 2);
	SIM_CHECK(job.stats.shed == 4 && job.stats.is_balanced);
}

/* ---- timeout ---------------------------------------------------------------- */

/* Of a timeout inside another the earlier one counts, unless it is reset. */
static void
guard_timeout(void *user)
{
	static const int64_t outer_ms[] = {3, 9, 3}, ends_ms[] = {3, 5, 5};

	(void)user;
	for (uint32_t k = 0; k < 3; k++) {
		struct leat_timeout_opts outer = {
			LEAT_OPTS_INIT(leat_timeout_opts),
			.after_ns = outer_ms[k] * MS};
		struct leat_timeout_opts inner = {
			LEAT_OPTS_INIT(leat_timeout_opts), .after_ns = 5 * MS,
			.is_reset = k == 2};
		struct leat_hook_step hooks[3] = {{&lenient_ops, NULL},
			{&leat_timeout_ops, &outer},
			{&leat_timeout_ops, &inner}};
		static struct job job;

		job_begin(&job, 3, 9);
		job.log.is_sleepy = true;
		SIM_CHECK(job_run(&job, hooks, 3) == LEAT_OK);
		SIM_CHECK(job.log.n == 3 && job.stats.failed == 3);
		job_check_gap(&job, 1, ends_ms[k] * MS);
		job_check_gap(&job, 2, ends_ms[k] * MS);
	}
}

/* ---- exchange --------------------------------------------------------------- */

#define PAIR_ALIVE 0x5a5a5a5au

struct pair {
	uint32_t mark;
	uint32_t n_open; /* before without its after */
};

static int
pair_init(struct leat_hook *hook, const void *opts)
{
	struct pair *s = leat_hook_state(hook);

	(void)opts;
	s->mark = PAIR_ALIVE;
	return LEAT_OK;
}

static int
pair_before(struct leat_hook *hook, const struct leat_call *call)
{
	struct pair *s = leat_hook_state(hook);

	(void)call;
	SIM_CHECK(s->mark == PAIR_ALIVE && s->n_open++ == 0);
	return LEAT_OK;
}

static void
pair_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	struct pair *s = leat_hook_state(hook);

	(void)call;
	(void)rc;
	SIM_CHECK(s->mark == PAIR_ALIVE && --s->n_open == 0);
}

static void
pair_fini(struct leat_hook *hook)
{
	struct pair *s = leat_hook_state(hook);

	SIM_CHECK(s->mark == PAIR_ALIVE && s->n_open == 0);
	s->mark = 0;
}

static const struct leat_hook_ops pair_ops = {
	LEAT_HOOK_OPS_INIT("pair"),
	.state_bytes = sizeof(struct pair),
	.init = pair_init,
	.before = pair_before,
	.after = pair_after,
	.fini = pair_fini,
};

static void
exchange_some(void *arg)
{
	static const struct leat_hook_step hooks[2] = {
		{&pair_ops, NULL}, {&pair_ops, NULL}};
	struct job *job = arg;

	for (uint32_t k = 0; k < 3; k++)
		SIM_CHECK(leat_stage_set_hooks(job->clocked, hooks, 2 - k % 3,
				  NULL) == LEAT_OK);
}

/* A set of hooks is there from the first before to the last after. */
static void
guard_exchange(void *user)
{
	struct leat_hook_step hook = {&pair_ops, NULL};
	struct sim_thread *other;
	static struct job job;

	(void)user;
	job_begin(&job, 3, 0);
	SIM_CHECK(leat_stage_set_hooks(job.clocked, &hook, 1, NULL) == LEAT_OK);
	SIM_CHECK(leat_graph_start(job.graph, NULL) == LEAT_OK);
	other = sim_go("changer", exchange_some, &job);
	SIM_CHECK(leat_graph_wait(job.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(other);
	leat_graph_destroy(job.graph);
	SIM_CHECK(job.seen.n == 3);
}

const struct sim_scenario scenarios_guard[] = {
	{.name = "guard_retry",
		.idea = "delays that grow up to a cap",
		.run = guard_retry,
		.runs_per_mille = 250},
	{.name = "guard_retry_ends",
		.idea = "attempts and time are bounded",
		.run = guard_retry_ends,
		.runs_per_mille = 250},
	{.name = "guard_retry_jitter",
		.idea = "delays are drawn from a part of what they would be",
		.run = guard_retry_jitter,
		.runs_per_mille = 250},
	{.name = "guard_rate",
		.idea = "what comes too soon waits until it is paid for",
		.run = guard_rate,
		.runs_per_mille = 250},
	{.name = "guard_rate_shed",
		.idea = "what comes too soon is shed",
		.run = guard_rate_shed,
		.runs_per_mille = 250},
	{.name = "guard_breaker",
		.idea = "closed, open, half-open, open, half-open, closed",
		.run = guard_breaker,
		.runs_per_mille = 250},
	{.name = "guard_breaker_refuses",
		.idea = "while it is open calls fail, or frames are shed",
		.run = guard_breaker_refuses,
		.runs_per_mille = 250},
	{.name = "guard_timeout",
		.idea = "what a stage waits for ends by the earliest deadline",
		.run = guard_timeout,
		.runs_per_mille = 250},
	{.name = "guard_exchange",
		.idea = "hooks are exchanged while their stage is called",
		.run = guard_exchange,
		.runs_per_mille = 250},
	{.name = NULL, .runs_per_mille = 250},
};
