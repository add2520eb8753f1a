/*
 * sim/scenario_run.c -- run queues, and whole graphs on few workers.
 */
#include <leat/leat.h>

#include "exec/queue.h"
#include "scenario.h"
#include "support/numbers.h"

/* ---- run queue ---------------------------------------------------------------- */

#define QUEUE_N 3u

struct queue_state {
	struct leat__queue queue;
	uint32_t entries[QUEUE_N]; /* times taken; atomic */
};

static void
queue_take(struct queue_state *s)
{
	uint32_t *entry = leat__queue_pop(&s->queue);

	if (entry)
		SIM_CHECK(leat__add_relaxed(entry, 1u) == 0);
}

static void
queue_take_some(void *arg)
{
	for (int k = 0; k < 3; k++)
		queue_take(arg);
}

/* One puts in and takes, two take: each entry is taken once. */
static void
queue_push_pop(void *user)
{
	struct queue_state s = {.entries = {0}};
	struct sim_thread *a, *b;

	(void)user;
	SIM_CHECK(leat__queue_init(&s.queue, sim_env(), QUEUE_N));
	a = sim_go("a", queue_take_some, &s);
	b = sim_go("b", queue_take_some, &s);
	for (uint32_t k = 0; k < QUEUE_N; k++) {
		leat__queue_push(&s.queue, &s.entries[k]);
		if (k % 2)
			queue_take_some(&s);
	}
	sim_join(a);
	sim_join(b);
	queue_take_some(&s);
	for (uint32_t k = 0; k < QUEUE_N; k++)
		SIM_CHECK(s.entries[k] == 1);
	leat__queue_fini(&s.queue, sim_env());
}

/* ---- graphs -------------------------------------------------------------------- */

struct job {
	struct leat_graph *graph;
	struct numbers_opts numbers;
	struct sink_seen seen;
	struct sink_opts sink;
};

static void
job_begin_with(
	struct job *job, uint64_t n, uint32_t n_workers, uint32_t capacity)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = n_workers, .capacity_frames = capacity};

	*job = (struct job){.numbers = {LEAT_OPTS_INIT(numbers_opts), .n = n,
				    .per_frame = 1},
		.sink = {LEAT_OPTS_INIT(sink_opts)}};
	job->sink.seen = &job->seen;
	SIM_CHECK(leat_graph_create(&opts, &job->graph, NULL) == LEAT_OK);
}

static void
job_begin(struct job *job, uint64_t n, uint32_t n_workers)
{
	job_begin_with(job, n, n_workers, 1);
}

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
job_link(struct job *job, struct leat_end out, struct leat_end in)
{
	SIM_CHECK(leat_graph_link(job->graph, out, in, NULL, NULL) == LEAT_OK);
}

/* Three stages, each on a thread of its own or on a worker. */
static void
job_chain(struct job *job, const struct leat_stage_ops *source,
	const struct leat_stage_ops *sink)
{
	struct leat_stage *a = job_add(job, source, &job->numbers);
	struct leat_stage *b = job_add(job, &pass_ops, NULL);
	struct leat_stage *c = job_add(job, sink, &job->sink);

	job_link(job, leat_out(a, 0), leat_in(b, 0));
	job_link(job, leat_out(b, 0), leat_in(c, 0));
}

/* Dealt to two branches and joined again: four segments for the workers. */
static void
job_fork(struct job *job)
{
	struct leat_stage *source = job_add(job, &numbers_ops, &job->numbers);
	struct leat_stage *deal = job_add(job, &deal_ops, NULL);
	struct leat_stage *join = job_add(job, &union_ops, NULL);
	struct leat_stage *sink = job_add(job, &sink_ops, &job->sink);

	job_link(job, leat_out(source, 0), leat_in(deal, 0));
	for (uint32_t k = 0; k < 2; k++) {
		struct leat_stage *pass = job_add(job, &pass_ops, NULL);

		job_link(job, leat_out(deal, k), leat_in(pass, 0));
		job_link(job, leat_out(pass, 0), leat_in(join, k));
	}
	job_link(job, leat_out(join, 0), leat_in(sink, 0));
}

static void
job_end(struct job *job)
{
	leat_graph_destroy(job->graph);
}

static void
job_drain(void *arg)
{
	struct job *job = arg;

	leat_graph_drain(job->graph);
}

static void
job_cancel(void *arg)
{
	struct job *job = arg;

	leat_graph_cancel(job->graph);
}

static void
graph_chain(void *user)
{
	static struct job job;

	(void)user;
	job_begin(&job, 3, 1);
	job_chain(&job, &numbers_blocking_ops, &sink_blocking_ops);
	SIM_CHECK(leat_graph_run(job.graph, NULL) == LEAT_OK);
	SIM_CHECK(job.seen.n == 3 && job.seen.n_back == 0);
	job_end(&job);
}

static void
graph_fork(void *user)
{
	static struct job job;

	(void)user;
	job_begin(&job, 4, 2);
	job_fork(&job);
	SIM_CHECK(leat_graph_run(job.graph, NULL) == LEAT_OK);
	SIM_CHECK(job.seen.n == 4 && job.seen.sum == 1 + 2 + 3 + 4);
	job_end(&job);
}

/* The source has credit for more than it says: its last frame and its end come
 * together, while the next stage looks for either. */
static void
graph_last(void *user)
{
	static struct job job;
	struct leat_stage *source, *sink;

	(void)user;
	job_begin_with(&job, 1, 1, 4);
	source = job_add(&job, &numbers_blocking_ops, &job.numbers);
	sink = job_add(&job, &sink_ops, &job.sink);
	job_link(&job, leat_out(source, 0), leat_in(sink, 0));
	SIM_CHECK(leat_graph_run(job.graph, NULL) == LEAT_OK);
	SIM_CHECK(job.seen.n == 1);
	job_end(&job);
}

/* Every number up to some last one arrives. */
static void
graph_drain(void *user)
{
	static struct job job;
	struct sim_thread *a;

	(void)user;
	job_begin(&job, 0, 1);
	job_chain(&job, &numbers_blocking_ops, &sink_ops);
	SIM_CHECK(leat_graph_start(job.graph, NULL) == LEAT_OK);
	a = sim_go("drainer", job_drain, &job);
	SIM_CHECK(leat_graph_wait(job.graph, LEAT_NEVER, NULL) == LEAT_OK);
	SIM_CHECK(job.seen.n == job.seen.last);
	SIM_CHECK(job.seen.sum == job.seen.n * (job.seen.n + 1) / 2);
	sim_join(a);
	job_end(&job);
}

static void
graph_cancel(void *user)
{
	static struct job job;
	struct sim_thread *a;

	(void)user;
	job_begin(&job, 0, 2);
	job_fork(&job);
	SIM_CHECK(leat_graph_start(job.graph, NULL) == LEAT_OK);
	a = sim_go("canceller", job_cancel, &job);
	SIM_CHECK(
		leat_graph_wait(job.graph, LEAT_NEVER, NULL) == LEAT_ECANCELED);
	sim_join(a);
	job_end(&job);
}

/* The sink wants no more: that stops the source. */
static void
graph_enough(void *user)
{
	static struct job job;

	(void)user;
	job_begin(&job, 0, 2);
	job.sink.enough = 2;
	job_chain(&job, &numbers_blocking_ops, &sink_blocking_ops);
	SIM_CHECK(leat_graph_run(job.graph, NULL) == LEAT_OK);
	SIM_CHECK(job.seen.n == 2 && job.seen.sum == 1 + 2);
	job_end(&job);
}

/* ---- a stage that holds frames back --------------------------------------- */

#define HELD_N 3u

/* The source ends when the slow branch has had all. */
struct held {
	struct leat__parker parker;
	uint64_t n_sent;
	uint32_t is_through; /* atomic */
};

struct held_opts {
	uint32_t size;
	uint32_t flags;
	struct held *held;
};

static int
held_init(struct leat_stage *st, const void *opts)
{
	*(struct held **)leat_stage_state(st) =
		((const struct held_opts *)opts)->held;
	return LEAT_OK;
}

static void
held_await(struct held *held)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&held->parker);

		/* acquire: pairs with the release in through_process */
		if (leat__load_acquire(&held->is_through))
			return;
		leat__parker_wait(&held->parker, ticket, LEAT_NEVER);
	}
}

static int
held_produce(struct leat_stage *st)
{
	struct held *held = *(struct held **)leat_stage_state(st);
	struct leat_frame *frame;

	if (held->n_sent == HELD_N) {
		held_await(held);
		return LEAT_EOS;
	}
	SIM_CHECK(leat_stage_acquire(st, &frame) == LEAT_OK);
	*(uint64_t *)(void *)frame->data = ++held->n_sent;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = sizeof(uint64_t);
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
}

static int
through_process(struct leat_stage *st, struct leat_frame *in)
{
	struct held *held = *(struct held **)leat_stage_state(st);
	bool is_last = *(uint64_t *)(void *)in->data == HELD_N;

	leat_stage_count(st, LEAT_COUNT_WRITTEN, 1);
	leat_stage_release(st, in);
	if (!is_last)
		return LEAT_OK;
	/* release: pairs with the acquire in held_await */
	leat__store_release(&held->is_through, 1u);
	leat__parker_wake(&held->parker);
	return LEAT_OK;
}

#define HELD                                                                   \
	.state_bytes = sizeof(struct held *),                                  \
	.opts_bytes = sizeof(struct held_opts), .init = held_init

static const struct leat_stage_ops held_ops = {LEAT_STAGE_OPS_INIT("held"),
	.flags = LEAT_STAGE_BLOCKING, HELD, .out_layout = LEAT_LAYOUT_ITEMS,
	.item_bytes = sizeof(uint64_t), .produce = held_produce};
static const struct leat_stage_ops through_ops = {
	LEAT_STAGE_OPS_INIT("through"), .flags = LEAT_STAGE_SINK, HELD,
	.process = through_process};

/* A tee holds frames back, nothing more comes in, and there is room again. */
static void
graph_held(void *user)
{
	struct leat_tee_opts tee_opts = {LEAT_OPTS_INIT(leat_tee_opts),
		.slow = "block,shed-oldest", .hold = HELD_N};
	static struct held held;
	struct held_opts opts = {LEAT_OPTS_INIT(held_opts), .held = &held};
	static struct job job;
	struct leat_stage *source, *tee;

	(void)user;
	held = (struct held){0};
	leat__parker_init(&held.parker, sim_env());
	job_begin(&job, 0, 2);
	source = job_add(&job, &held_ops, &opts);
	tee = job_add(&job, &leat_tee_ops, &tee_opts);
	job_link(&job, leat_out(source, 0), leat_in(tee, 0));
	job_link(&job, leat_out(tee, 0),
		leat_in(job_add(&job, &sink_ops, &job.sink), 0));
	job_link(&job, leat_out(tee, 1),
		leat_in(job_add(&job, &through_ops, &opts), 0));
	SIM_CHECK(leat_graph_run(job.graph, NULL) == LEAT_OK);
	SIM_CHECK(job.seen.n == HELD_N);
	job_end(&job);
}

const struct sim_scenario scenarios_run[] = {
	{.name = "queue_push_pop",
		.idea = "a run queue and three takers",
		.run = queue_push_pop},
	{.name = "graph_chain",
		.idea = "two blocking stages and a worker",
		.run = graph_chain},
	{.name = "graph_fork",
		.idea = "two workers steal and sleep",
		.run = graph_fork},
	{.name = "graph_last",
		.idea = "the last frame against the end",
		.run = graph_last},
	{.name = "graph_drain",
		.idea = "drain against the end",
		.run = graph_drain},
	{.name = "graph_cancel",
		.idea = "cancel against wait",
		.run = graph_cancel},
	{.name = "graph_enough",
		.idea = "the sink stops the source",
		.run = graph_enough},
	{.name = "graph_held",
		.idea = "credit for what is held, without more input",
		.run = graph_held},
	{0},
};
