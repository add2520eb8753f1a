/*
 * sim/scenario_guard_more.c -- guards that several stages have in common, that
 * send frames elsewhere, that shed, or that are changed: when and how often the
 * stage is called, against the formulas.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "base/atomic.h"
#include "scenario.h"
#include "support/numbers.h"

#define MS        1000000
#define N_LOG_MAX 256u
#define SLACK_NS  200000 /* what the simulator's steps take */

/* ---- a stage whose calls take time ------------------------------------------ */

struct slow {
	uint32_t n;        /* calls */
	uint32_t n_inside; /* at this moment */
	uint32_t n_most;   /* ever */
	uint32_t n_fail;   /* so many fail, from this one on */
	uint32_t fail_from;
	int64_t took_ns[2]; /* the first n_first calls; the others */
	uint32_t n_first;
	int64_t at_ns[N_LOG_MAX];
};

struct slow_opts {
	uint32_t size;
	uint32_t flags;
	struct slow *log;
};

static int
slow_init(struct leat_stage *st, const void *opts)
{
	const struct slow_opts *given = opts;

	*(struct slow **)leat_stage_state(st) = given->log;
	return LEAT_OK;
}

static int
slow_process(struct leat_stage *st, struct leat_frame *in)
{
	struct slow *log = *(struct slow **)leat_stage_state(st);
	uint32_t k = log->n++;
	int64_t took_ns = log->took_ns[k >= log->n_first];
	int rc;

	SIM_CHECK(k < N_LOG_MAX);
	log->at_ns[k] = leat_now_ns();
	if (++log->n_inside > log->n_most)
		log->n_most = log->n_inside;
	rc = took_ns
		? leat_sleep_until(leat_stage_ctx(st), log->at_ns[k] + took_ns)
		: LEAT_OK;
	log->n_inside--;
	if (rc < 0)
		return leat_stage_fail(st, LEAT_EIO, "called off");
	if (k >= log->fail_from && k - log->fail_from < log->n_fail)
		return leat_stage_fail(st, LEAT_EIO, "as it was told");
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops slow_ops = {
	LEAT_STAGE_OPS_INIT("slow"),
	.flags = LEAT_STAGE_REPEATS | LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(struct slow *),
	.opts_bytes = sizeof(struct slow_opts),
	.init = slow_init,
	.process = slow_process,
};

/* ---- graphs ----------------------------------------------------------------- */

struct job {
	struct leat_graph *graph;
	struct leat_stage *source;
	struct leat_stage *slow[2];
	struct slow log;
	struct sink_seen seen[2];
	struct leat_graph_stats stats;
};

static struct leat_stage *
job_add(struct job *job, const struct leat_stage_ops *ops, const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;

	SIM_CHECK(
		leat_graph_add(job->graph, NULL, &step, &st, NULL) == LEAT_OK);
	return st;
}

static void
job_link(struct job *job, struct leat_end from, struct leat_stage *to)
{
	SIM_CHECK(leat_graph_link(job->graph, from, leat_in(to, 0), NULL,
			  NULL) == LEAT_OK);
}

static struct leat_stage *
job_add_sink(struct job *job, uint32_t k)
{
	struct sink_opts sink = {
		LEAT_OPTS_INIT(sink_opts), .seen = &job->seen[k]};

	return job_add(job, &sink_ops, &sink);
}

static struct leat_stage *
job_add_slow(struct job *job)
{
	struct slow_opts opts = {LEAT_OPTS_INIT(slow_opts), .log = &job->log};

	return job_add(job, &slow_ops, &opts);
}

static void
job_create(struct job *job, uint64_t n, uint32_t capacity_frames)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = capacity_frames};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = n, .per_frame = 1};

	memset(job, 0, sizeof(*job));
	SIM_CHECK(leat_graph_create(&opts, &job->graph, NULL) == LEAT_OK);
	job->source = job_add(job, &numbers_ops, &numbers);
}

/* numbers ! slow ! sink, one number a frame */
static void
job_chain(struct job *job, uint64_t n)
{
	job_create(job, n, 1);
	job->slow[0] = job_add_slow(job);
	job_link(job, leat_out(job->source, 0), job->slow[0]);
	job_link(job, leat_out(job->slow[0], 0), job_add_sink(job, 0));
}

/* numbers in turn to two slow stages, each with its sink */
static void
job_fork(struct job *job, uint64_t n)
{
	struct leat_stage *deal;

	job_create(job, n, 2);
	deal = job_add(job, &deal_ops, NULL);
	job_link(job, leat_out(job->source, 0), deal);
	for (uint32_t k = 0; k < 2; k++) {
		job->slow[k] = job_add_slow(job);
		job_link(job, leat_out(deal, k), job->slow[k]);
		job_link(job, leat_out(job->slow[k], 0), job_add_sink(job, k));
	}
}

static void
job_hook(struct leat_stage *st, const struct leat_hook_step *hooks, uint32_t n)
{
	SIM_CHECK(leat_stage_set_hooks(st, hooks, n, NULL) == LEAT_OK);
}

static int
job_run(struct job *job)
{
	int rc = leat_graph_run(job->graph, NULL);

	leat_graph_stats(job->graph, &job->stats);
	return rc;
}

static bool
is_about(int64_t is_ns, int64_t want_ns)
{
	return is_ns >= want_ns && is_ns <= want_ns + SLACK_NS;
}

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

/* ---- bulkhead --------------------------------------------------------------- */

/* Two stages whose calls take 10 ms: n at once, so ceil(8 / n) times that. */
static void
guard_bulkhead(void *user)
{
	struct leat_bulkhead_opts opts = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .name = "db"};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &opts};
	static struct job job;

	(void)user;
	sim_keep_time();
	for (opts.n = 1; opts.n <= 2; opts.n++) {
		job_fork(&job, 8);
		job.log.took_ns[1] = 10 * MS;
		job_hook(job.slow[0], &hook, 1);
		job_hook(job.slow[1], &hook, 1);
		SIM_CHECK(job_run(&job) == LEAT_OK);
		leat_graph_destroy(job.graph);
		SIM_CHECK(job.log.n == 8 && job.log.n_most == opts.n);
		SIM_CHECK(job.seen[0].n == 4 && job.seen[1].n == 4);
		SIM_CHECK(job.seen[0].n_back + job.seen[1].n_back == 0);
		for (uint32_t k = 0; k < 8; k++)
			SIM_CHECK(is_about(job.log.at_ns[k] - job.log.at_ns[0],
				(int64_t)(k / opts.n) * 10 * MS));
	}
}

/* Calls that take no time: who leaves and who begins to wait meet. */
static void
guard_bulkhead_meets(void *user)
{
	struct leat_bulkhead_opts opts = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 1, .name = "db"};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &opts};
	static struct job job;

	(void)user;
	job_fork(&job, 6);
	job_hook(job.slow[0], &hook, 1);
	job_hook(job.slow[1], &hook, 1);
	SIM_CHECK(job_run(&job) == LEAT_OK);
	leat_graph_destroy(job.graph);
	SIM_CHECK(job.seen[0].n + job.seen[1].n == 6 && job.log.n_most == 1);
}

/* Without a name each stage counts its own. */
static void
guard_bulkhead_apart(void *user)
{
	struct leat_bulkhead_opts opts = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 1};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &opts};
	static struct job job;

	(void)user;
	sim_keep_time();
	job_fork(&job, 4);
	job.log.took_ns[1] = 10 * MS;
	job_hook(job.slow[0], &hook, 1);
	job_hook(job.slow[1], &hook, 1);
	SIM_CHECK(job_run(&job) == LEAT_OK);
	leat_graph_destroy(job.graph);
	SIM_CHECK(job.log.n_most == 2 && job.stats.is_balanced);
}

/* Who waits for longer than 4 ms of 10 is late; who finds it full is shed. */
static void
guard_bulkhead_full(void *user)
{
	struct leat_bulkhead_opts opts = {LEAT_OPTS_INIT(leat_bulkhead_opts),
		.n = 1, .name = "db", .wait_ns = 4 * MS};
	struct leat_hook_step hooks[2] = {
		{&lenient_ops, NULL}, {&leat_bulkhead_ops, &opts}};
	static struct job job;

	(void)user;
	sim_keep_time();
	for (uint32_t k = 0; k < 3; k++) {
		uint64_t n_dropped;

		opts.late = k == 1;
		opts.full = k == 2 ? 2 : 0;
		job_fork(&job, 2);
		job.log.took_ns[1] = 10 * MS;
		job_hook(job.slow[0], hooks, 2);
		job_hook(job.slow[1], hooks, 2);
		SIM_CHECK(job_run(&job) == LEAT_OK);
		leat_graph_destroy(job.graph);
		n_dropped = k == 0 ? job.stats.failed : job.stats.shed;
		SIM_CHECK(job.log.n == 1 && n_dropped == 1);
		SIM_CHECK(job.stats.is_balanced);
	}
}

/* A wait inside ends when the run does, and by a timeout outside. */
static void
guard_bulkhead_ends(void *user)
{
	struct leat_bulkhead_opts opts = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 1, .name = "db"};
	struct leat_timeout_opts timeout = {
		LEAT_OPTS_INIT(leat_timeout_opts), .after_ns = 3 * MS};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &opts};
	struct leat_hook_step hooks[3] = {{&lenient_ops, NULL},
		{&leat_timeout_ops, &timeout}, {&leat_bulkhead_ops, &opts}};
	static struct job job;

	(void)user;
	sim_keep_time();
	job_fork(&job, 2);
	job.log.took_ns[1] = 10 * MS;
	job.log.n_fail = 1;
	job_hook(job.slow[0], &hook, 1);
	job_hook(job.slow[1], &hook, 1);
	SIM_CHECK(job_run(&job) == LEAT_EIO);
	leat_graph_destroy(job.graph);
	job_fork(&job, 2);
	job.log.took_ns[1] = 10 * MS;
	job_hook(job.slow[0], &hook, 1);
	job_hook(job.slow[1], hooks, 3);
	SIM_CHECK(job_run(&job) == LEAT_OK);
	leat_graph_destroy(job.graph);
	SIM_CHECK(job.stats.is_balanced);
	SIM_CHECK(job.seen[0].n + job.seen[1].n + job.stats.failed == 2);
}

/* A source that waits for a place ends when a drain begins; what has begun
 * arrives. */
static void
guard_bulkhead_drains(void *user)
{
	struct leat_bulkhead_opts opts = {LEAT_OPTS_INIT(leat_bulkhead_opts),
		.n = 1, .name = "db", .waiting = 8};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &opts};
	struct leat_stage_stats source;
	static struct job job;

	(void)user;
	sim_keep_time();
	job_fork(&job, 1000);
	job.log.took_ns[1] = 20 * MS;
	job_hook(job.source, &hook, 1);
	job_hook(job.slow[0], &hook, 1);
	job_hook(job.slow[1], &hook, 1);
	SIM_CHECK(leat_graph_start(job.graph, NULL) == LEAT_OK);
	sim_sleep_until(leat_now_ns() + 2 * MS);
	leat_graph_drain(job.graph);
	sim_sleep_until(leat_now_ns() + 2 * MS);
	SIM_CHECK(leat_stage_stats(job.graph, 0, &source) == LEAT_OK);
	SIM_CHECK(job.log.n_inside == 1);
	SIM_CHECK(leat_graph_wait(job.graph, LEAT_NEVER, NULL) == LEAT_OK);
	leat_graph_stats(job.graph, &job.stats);
	leat_graph_destroy(job.graph);
	SIM_CHECK(job.stats.is_balanced && job.stats.is_drained);
	/* it has not gone in when there was a place again */
	SIM_CHECK(job.stats.read == source.read);
	SIM_CHECK(job.seen[0].n + job.seen[1].n == source.read);
}

/* ---- rate ------------------------------------------------------------------- */

/* 10 us each, and 800 us may come at once: whatever is paid ahead, no span has
 * more calls in it than it is worth; and not many less are made. */
static void
guard_rate_ahead(void *user)
{
	struct leat_rate_opts opts = {LEAT_OPTS_INIT(leat_rate_opts),
		.items = 100000, .burst_ns = 800000};
	struct leat_hook_step hook = {&leat_rate_ops, &opts};
	static struct job job;
	int64_t took_ns;

	(void)user;
	sim_keep_time();
	job_chain(&job, 250);
	job_hook(job.slow[0], &hook, 1);
	SIM_CHECK(job_run(&job) == LEAT_OK);
	leat_graph_destroy(job.graph);
	for (uint32_t k = 0; k < 250; k++)
		for (uint32_t j = k; j < 250; j++)
			SIM_CHECK((int64_t)(j - k) * 10000 <=
				job.log.at_ns[j] - job.log.at_ns[k] + 800000);
	took_ns = job.log.at_ns[249] - job.log.at_ns[0];
	SIM_CHECK(took_ns <= 2490000 - 800000 + 100000 + SLACK_NS);
}

/* ---- breaker ---------------------------------------------------------------- */

/* Of the last ten calls: it opens at the fifth that fails, whatever went well
 * before; without a limit that is one of 105. */
static void
guard_breaker_last(void *user)
{
	struct leat_breaker_opts opts = {LEAT_OPTS_INIT(leat_breaker_opts),
		.calls = 10, .last = 10, .open = 2, .pause_ns = 3600000000000};
	struct leat_hook_step hooks[2] = {
		{&lenient_ops, NULL}, {&leat_breaker_ops, &opts}};
	struct leat_change change;
	static struct job job;

	(void)user;
	for (uint32_t k = 0; k < 2; k++) {
		opts.last = k ? 0 : 10;
		job_chain(&job, 110);
		job.log.n_fail = 10;
		job.log.fail_from = 100;
		job_hook(job.slow[0], hooks, 2);
		SIM_CHECK(job_run(&job) == LEAT_OK);
		SIM_CHECK(leat_graph_changes(job.graph, 0, &change, 1) == !k);
		leat_graph_destroy(job.graph);
		SIM_CHECK(job.log.n == (k ? 110 : 105));
		SIM_CHECK(job.stats.shed == (k ? 0 : 5));
		SIM_CHECK(k || !strcmp(change.why, "5 of 10 calls failed"));
		SIM_CHECK(job.stats.is_balanced);
	}
}

/* What a guard inside does not let through says nothing: the probe is free for
 * the next. Call 2 opens it; the first probe is shed inside, the second closes
 * it. */
static void
guard_breaker_probe(void *user)
{
	struct leat_rate_opts source = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000, .burst_ns = 1};
	struct leat_breaker_opts opts = {LEAT_OPTS_INIT(leat_breaker_opts),
		.calls = 2, .open = 2, .pause_ns = 5 * MS};
	struct leat_rate_opts rate = {LEAT_OPTS_INIT(leat_rate_opts),
		.items = 125, .burst_ns = 4 * MS, .over = 1};
	struct leat_hook_step first = {&leat_rate_ops, &source};
	struct leat_hook_step hooks[3] = {{&lenient_ops, NULL},
		{&leat_breaker_ops, &opts}, {&leat_rate_ops, &rate}};
	struct leat_change c[4];
	static struct job job;

	(void)user;
	sim_keep_time();
	job_chain(&job, 40);
	job.log.n_fail = 2;
	job_hook(job.source, &first, 1);
	job_hook(job.slow[0], hooks, 3);
	SIM_CHECK(job_run(&job) == LEAT_OK);
	SIM_CHECK(leat_graph_changes(job.graph, 0, c, 4) == 3);
	leat_graph_destroy(job.graph);
	SIM_CHECK(!strcmp(c[0].after, "open"));
	SIM_CHECK(!strcmp(c[1].after, "half-open"));
	SIM_CHECK(!strcmp(c[2].after, "closed"));
	SIM_CHECK(c[2].at_ns - c[1].at_ns >= MS);
	SIM_CHECK(job.stats.is_balanced && job.stats.failed == 2);
}

/* ---- fallback --------------------------------------------------------------- */

static void
job_fall_back(struct job *job, const struct leat_hook_step *hooks, uint32_t n)
{
	job_hook(job->slow[0], hooks, n);
	job_link(job, leat_stage_fallback(job->slow[0]), job_add_sink(job, 1));
}

/* The first two fail and open the breaker; the others are refused. */
static void
guard_fallback(void *user)
{
	struct leat_breaker_opts breaker = {LEAT_OPTS_INIT(leat_breaker_opts),
		.calls = 2, .pause_ns = 3600000000000};
	struct leat_fallback_opts opts = {LEAT_OPTS_INIT(leat_fallback_opts)};
	struct leat_hook_step hooks[3] = {{&lenient_ops, NULL},
		{&leat_fallback_ops, &opts}, {&leat_breaker_ops, &breaker}};
	static struct job job;

	(void)user;
	sim_keep_time();
	for (opts.on = 0; opts.on < 2; opts.on++) {
		job_chain(&job, 9);
		job.log.n_fail = 2;
		job_fall_back(&job, hooks, 3);
		SIM_CHECK(job_run(&job) == LEAT_OK);
		leat_graph_destroy(job.graph);
		SIM_CHECK(job.log.n == 2 && job.seen[0].n == 0);
		SIM_CHECK(job.seen[1].n == (opts.on ? 7 : 9));
		SIM_CHECK(job.stats.failed == (opts.on ? 2 : 0));
		SIM_CHECK(job.seen[1].n_back == 0 && job.stats.is_balanced);
	}
}

/* Who has enough of what the stage makes ends it, wherever the others go. */
static void
guard_fallback_ends(void *user)
{
	struct leat_hook_step hook = {&leat_fallback_ops, NULL};
	struct sink_opts enough = {LEAT_OPTS_INIT(sink_opts), .enough = 3};
	static struct job job;

	(void)user;
	sim_keep_time();
	job_create(&job, 0, 1);
	enough.seen = &job.seen[0];
	job.slow[0] = job_add_slow(&job);
	job_link(&job, leat_out(job.source, 0), job.slow[0]);
	job_link(&job, leat_out(job.slow[0], 0),
		job_add(&job, &sink_ops, &enough));
	job.log.n_fail = 4;
	job_fall_back(&job, &hook, 1);
	SIM_CHECK(job_run(&job) == LEAT_OK);
	leat_graph_destroy(job.graph);
	SIM_CHECK(job.seen[0].n == 3 && job.seen[1].n == 4);
	SIM_CHECK(job.stats.is_balanced);
}

/* ---- shed ------------------------------------------------------------------- */

/* Frames come each ms; calls take 0.6 ms, and that is level 1's p99: of each
 * ten frames behind the first window three are shed. */
static void
guard_shed_share(void *user)
{
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000, .burst_ns = 1};
	struct leat_shed_opts opts = {LEAT_OPTS_INIT(leat_shed_opts),
		.p99 = "500us", .queue = "off", .memory = "off",
		.window_ns = 10 * MS};
	struct leat_hook_step source = {&leat_rate_ops, &rate};
	struct leat_hook_step hook = {&leat_shed_ops, &opts};
	struct leat_change change;
	static struct job job;
	uint64_t n_after;

	(void)user;
	sim_keep_time();
	job_chain(&job, 200);
	job.log.took_ns[1] = 600000;
	job_hook(job.source, &source, 1);
	job_hook(job.slow[0], &hook, 1);
	SIM_CHECK(job_run(&job) == LEAT_OK);
	SIM_CHECK(leat_graph_changes(job.graph, 0, &change, 1) == 1);
	SIM_CHECK(!strcmp(change.what, "level") && !change.is_by);
	SIM_CHECK(!strcmp(change.before, "0") && !strcmp(change.after, "1"));
	SIM_CHECK(leat_graph_changes(job.graph, 1, &change, 1) == 0);
	leat_graph_destroy(job.graph);
	SIM_CHECK(job.stats.shed > 40 && job.stats.is_balanced);
	/* before the level rose all were called */
	n_after = 0;
	for (uint32_t k = 0; k < job.log.n; k++)
		n_after += job.log.at_ns[k] > change.at_ns;
	n_after += job.stats.shed;
	SIM_CHECK(llabs((long long)(10 * job.stats.shed) -
			  (long long)(3 * n_after)) <= 5 + 10);
}

/* The first calls are slow enough for level 3, where nothing passes; each level
 * is left after 50 ms of calm. */
static void
guard_shed_levels(void *user)
{
	static const char levels[] = "03210";
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000, .burst_ns = 1};
	struct leat_shed_opts opts = {LEAT_OPTS_INIT(leat_shed_opts),
		.p99 = "200us,400us,800us", .queue = "off", .memory = "off",
		.window_ns = 10 * MS, .dwell_ns = 50 * MS, .optional = 1};
	struct leat_hook_step source = {&leat_rate_ops, &rate};
	struct leat_hook_step hook = {&leat_shed_ops, &opts};
	struct leat_change c[5];
	static struct job job;
	uint32_t n;

	(void)user;
	sim_keep_time();
	job_chain(&job, 230);
	job.log.took_ns[0] = 900000;
	job.log.n_first = 7;
	job.log.took_ns[1] = 1000;
	job_hook(job.source, &source, 1);
	job_hook(job.slow[0], &hook, 1);
	SIM_CHECK(job_run(&job) == LEAT_OK);
	n = leat_graph_changes(job.graph, 0, c, 5);
	leat_graph_destroy(job.graph);
	SIM_CHECK(n == 4 && job.stats.is_balanced);
	for (uint32_t k = 0; k < 4; k++) {
		SIM_CHECK(c[k].before[0] == levels[k]);
		SIM_CHECK(c[k].after[0] == levels[k + 1]);
	}
	for (uint32_t k = 1; k < 4; k++) {
		int64_t gap = c[k].at_ns - c[k - 1].at_ns;

		SIM_CHECK(gap >= 50 * MS && gap <= 75 * MS);
	}
	for (uint32_t k = 0; k < job.log.n; k++)
		SIM_CHECK(job.log.at_ns[k] <= c[0].at_ns ||
			job.log.at_ns[k] >= c[2].at_ns);
}

/* ---- dedup ------------------------------------------------------------------ */

static void
fifth_map(void *item, void *state)
{
	(void)state;
	*(uint64_t *)item %= 5;
}

static const struct leat_stage_ops fifth_ops = {
	LEAT_STAGE_OPS_INIT("fifth"),
	.flags = LEAT_STAGE_IN_PLACE,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.map_item = fifth_map,
};

/* 20 numbers of five values come one each ms; the first call fails. */
static void
dedup_run(struct job *job, const struct leat_dedup_guard_opts *opts)
{
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000, .burst_ns = 1};
	struct leat_retry_opts retry = {
		LEAT_OPTS_INIT(leat_retry_opts), .base_ns = 1000};
	struct leat_hook_step source = {&leat_rate_ops, &rate};
	struct leat_hook_step hooks[2] = {
		{&leat_retry_ops, &retry}, {&leat_dedup_guard_ops, opts}};
	struct leat_stage *fifth;

	job_create(job, 20, 1);
	fifth = job_add(job, &fifth_ops, NULL);
	job->slow[0] = job_add_slow(job);
	job_link(job, leat_out(job->source, 0), fifth);
	job_link(job, leat_out(fifth, 0), job->slow[0]);
	job_link(job, leat_out(job->slow[0], 0), job_add_sink(job, 0));
	job->log.n_fail = 1;
	job_hook(job->source, &source, 1);
	job_hook(job->slow[0], hooks, 2);
	SIM_CHECK(job_run(job) == LEAT_OK);
	leat_graph_destroy(job->graph);
	SIM_CHECK(job->stats.is_balanced);
	SIM_CHECK(job->seen[0].n + job->stats.shed == 20);
}

static void
guard_dedup(void *user)
{
	struct leat_dedup_guard_opts opts = {
		LEAT_OPTS_INIT(leat_dedup_guard_opts), .keys = 5};
	static struct job job;

	(void)user;
	sim_keep_time();
	dedup_run(&job, &opts);
	SIM_CHECK(job.seen[0].n == 5 && job.seen[0].sum == 10);
	opts.keys = 4;
	dedup_run(&job, &opts);
	SIM_CHECK(job.seen[0].n == 20);
	/* known for 7.5 ms: each passes at 0 and at 10 ms */
	opts = (struct leat_dedup_guard_opts){
		LEAT_OPTS_INIT(leat_dedup_guard_opts),
		.within_ns = 15 * MS / 2};
	dedup_run(&job, &opts);
	SIM_CHECK(job.seen[0].n == 10);
}

/* ---- change ----------------------------------------------------------------- */

static void
change_rate(void *arg)
{
	struct job *job = arg;

	sim_sleep_until(leat_now_ns() + 11 * MS);
	SIM_CHECK(leat_stage_set_hook_option(job->slow[0], 0, "items", "1000",
			  "tester", NULL) == LEAT_OK);
	SIM_CHECK(leat_stage_set_hook_option(job->slow[0], 0, "items", "none",
			  "tester", NULL) == LEAT_EINVAL);
	SIM_CHECK(leat_stage_set_hook_option(job->slow[0], 1, "items", "1",
			  "tester", NULL) == LEAT_EINVAL);
}

/* 2 ms apart, and from the change on 1 ms; what was owed is still owed. */
static void
guard_change(void *user)
{
	struct leat_rate_opts opts = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 500, .burst_ns = 1};
	struct leat_hook_step hook = {&leat_rate_ops, &opts};
	struct leat_change c[2];
	struct sim_thread *other;
	static struct job job;

	(void)user;
	sim_keep_time();
	job_chain(&job, 20);
	job_hook(job.slow[0], &hook, 1);
	SIM_CHECK(leat_graph_start(job.graph, NULL) == LEAT_OK);
	other = sim_go("changer", change_rate, &job);
	SIM_CHECK(leat_graph_wait(job.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(other);
	SIM_CHECK(leat_graph_changes(job.graph, 0, c, 2) == 1);
	leat_graph_destroy(job.graph);
	SIM_CHECK(c[0].is_by && c[0].number == 1 && c[0].k == 0);
	SIM_CHECK(!strcmp(c[0].stage, "slow") && !strcmp(c[0].hook, "rate"));
	SIM_CHECK(!strcmp(c[0].what, "items") && !strcmp(c[0].who, "tester"));
	SIM_CHECK(!strcmp(c[0].before, "500") && !strcmp(c[0].after, "1000"));
	for (uint32_t k = 1; k < 20; k++) {
		int64_t gap = job.log.at_ns[k] - job.log.at_ns[k - 1];
		bool is_old = job.log.at_ns[k - 1] < c[0].at_ns + 2 * MS;

		/* each is noted a moment after it was let through */
		gap += SLACK_NS / 2;
		SIM_CHECK(is_about(gap, is_old ? 2 * MS : MS) ||
			(is_old && is_about(gap, MS)));
	}
}

static void
change_some(void *arg)
{
	static const char *const values[] = {"3", "4", "5"};
	struct job *job = arg;

	for (uint32_t k = 0; k < 3; k++)
		SIM_CHECK(leat_stage_set_hook_option(job->slow[0], 0, "n",
				  values[k], NULL, NULL) == LEAT_OK);
}

/* Two change the same hook while its stage is called: no change is lost. */
static void
guard_change_races(void *user)
{
	struct leat_bulkhead_opts opts = {
		LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 2};
	struct leat_hook_step hook = {&leat_bulkhead_ops, &opts};
	struct sim_thread *others[2];
	static struct job job;
	struct leat_change c[8];

	(void)user;
	sim_keep_time();
	job_chain(&job, 3);
	job_hook(job.slow[0], &hook, 1);
	SIM_CHECK(leat_graph_start(job.graph, NULL) == LEAT_OK);
	others[0] = sim_go("changer", change_some, &job);
	others[1] = sim_go("another", change_some, &job);
	SIM_CHECK(leat_graph_wait(job.graph, LEAT_NEVER, NULL) == LEAT_OK);
	sim_join(others[0]);
	sim_join(others[1]);
	SIM_CHECK(leat_graph_changes(job.graph, 0, c, 8) == 6);
	leat_graph_destroy(job.graph);
	for (uint32_t k = 1; k < 6; k++)
		SIM_CHECK(!strcmp(c[k].before, c[k - 1].after));
	SIM_CHECK(job.seen[0].n == 3);
}

const struct sim_scenario scenarios_guard_more[] = {
	{.name = "guard_bulkhead",
		.idea = "two stages with one bulkhead: n calls at once",
		.run = guard_bulkhead,
		.runs_per_mille = 250},
	{.name = "guard_bulkhead_meets",
		.idea = "a place is handed over to who just begins to wait",
		.run = guard_bulkhead_meets,
		.runs_per_mille = 250},
	{.name = "guard_bulkhead_apart",
		.idea = "without a name each stage counts its own calls",
		.run = guard_bulkhead_apart,
		.runs_per_mille = 250},
	{.name = "guard_bulkhead_full",
		.idea = "who finds it full, or waits too long, is dropped",
		.run = guard_bulkhead_full,
		.runs_per_mille = 250},
	{.name = "guard_bulkhead_ends",
		.idea = "a wait ends with the run, and by a timeout",
		.run = guard_bulkhead_ends,
		.runs_per_mille = 250},
	{.name = "guard_bulkhead_drains",
		.idea = "a source that waits for a place ends with a drain",
		.run = guard_bulkhead_drains,
		.runs_per_mille = 100},
	{.name = "guard_rate_ahead",
		.idea = "what is paid ahead is not let through twice",
		.run = guard_rate_ahead,
		.runs_per_mille = 250},
	{.name = "guard_breaker_last",
		.idea = "of the last calls so many failed",
		.run = guard_breaker_last,
		.runs_per_mille = 250},
	{.name = "guard_breaker_probe",
		.idea = "a probe that was not let through is none",
		.run = guard_breaker_probe,
		.runs_per_mille = 250},
	{.name = "guard_fallback",
		.idea = "what fails or is refused goes the other way",
		.run = guard_fallback,
		.runs_per_mille = 250},
	{.name = "guard_fallback_ends",
		.idea = "a fallback does not keep a stage at work",
		.run = guard_fallback_ends,
		.runs_per_mille = 250},
	{.name = "guard_shed_share",
		.idea = "level 1 sheds its share exactly",
		.run = guard_shed_share,
		.runs_per_mille = 250},
	{.name = "guard_shed_levels",
		.idea = "levels are entered at once and left one by one",
		.run = guard_shed_levels,
		.runs_per_mille = 250},
	{.name = "guard_dedup",
		.idea = "the last keys are known, once they are dealt with",
		.run = guard_dedup,
		.runs_per_mille = 250},
	{.name = "guard_change",
		.idea = "a rate is changed, and what is owed is kept",
		.run = guard_change,
		.runs_per_mille = 250},
	{.name = "guard_change_races",
		.idea = "two change a hook: each change is of the last",
		.run = guard_change_races,
		.runs_per_mille = 250},
	{.name = NULL, .runs_per_mille = 250},
};
