/*
 * sim/scenario_rank.c -- entries of several ranks on one executor.
 *
 * A step takes virtual time by sleeping, and time goes on only when nobody can
 * run: so what is measured is what the order of the queues makes of it, under
 * any schedule. QUANTUM is the longest step.
 */
#include <leat/leat.h>

#include <string.h>

#include "run/run.h"
#include "scenario.h"
#include "support/numbers.h"

#define QUANTUM INT64_C(1000000)
#define SLACK   (QUANTUM / 10) /* looks at the clock take time, too */
#define N_JOBS  9

struct crew;

struct one {
	struct leat__job job;
	struct crew *crew;
	struct one *peer; /* told at the end of each step, and waits for it */
	struct one *told; /* at the beginning */
	uint32_t n_steps;
	int64_t ready_ns;  /* 0 = not told */
	uint64_t spent_ns; /* atomic */
};

struct crew {
	struct leat__exec exec;
	bool is_even;     /* steps take a whole quantum, not up to that */
	uint32_t is_over; /* atomic: nothing more to do */
	uint32_t n;
	struct one jobs[N_JOBS];
};

static int64_t
crew_now(void)
{
	return sim_env()->now_ns(sim_env());
}

static void
crew_begin(struct crew *c, uint32_t n_workers, uint32_t n_ranks,
	const uint32_t *weights)
{
	struct leat__exec_opts opts = {
		.n_workers = n_workers, .n_ranks = n_ranks, .name = "rank"};

	sim_keep_time();
	*c = (struct crew){.n = 0};
	for (uint32_t r = 0; weights && r < n_ranks; r++)
		opts.weights[r] = weights[r];
	SIM_CHECK(leat__exec_init(&c->exec, sim_env(), &opts) == LEAT_OK);
	SIM_CHECK(leat__exec_start(&c->exec, n_workers) == 0);
}

static void
crew_stop(struct crew *c)
{
	leat__store_seq(&c->is_over, 1u);
	leat__exec_stop(&c->exec);
	leat__exec_join(&c->exec);
}

static void
crew_end(struct crew *c)
{
	crew_stop(c);
	leat__exec_fini(&c->exec);
}

static void
one_work(struct one *one)
{
	int64_t now_ns = crew_now(), ns = QUANTUM;

	if (!one->crew->is_even)
		ns -= (int64_t)sim_draw(QUANTUM);
	sim_sleep_until(now_ns + ns);
	leat__bump(&one->spent_ns, (uint64_t)(crew_now() - now_ns));
}

/* One of those that always have something to do. */
static enum leat__step
busy_step(struct leat__job *job, struct leat__worker *worker)
{
	struct one *one = leat__container_of(job, struct one, job);

	if (leat__load_relaxed(&one->crew->is_over))
		return LEAT__STEP_IDLE;
	one->n_steps++;
	if (one->told && !one->told->ready_ns) {
		one->told->ready_ns = crew_now();
		leat__job_ready(&one->told->job, worker);
	}
	one_work(one);
	if (!one->peer)
		return LEAT__STEP_AGAIN;
	leat__job_ready_next(&one->peer->job, worker);
	return LEAT__STEP_IDLE;
}

/* One that must not wait. */
static enum leat__step
urgent_step(struct leat__job *job, struct leat__worker *worker)
{
	struct one *one = leat__container_of(job, struct one, job);

	(void)worker;
	one->n_steps++;
	SIM_CHECK(crew_now() - one->ready_ns <= QUANTUM + SLACK);
	one->ready_ns = 0;
	return LEAT__STEP_IDLE;
}

static struct one *
crew_add(struct crew *c, uint32_t rank,
	enum leat__step (*step)(struct leat__job *, struct leat__worker *))
{
	struct one *one = &c->jobs[c->n++];

	one->crew = c;
	one->job.step = step;
	one->job.entry.rank = rank;
	leat__job_init(&one->job, &c->exec);
	return one;
}

static struct one *
crew_add_busy(struct crew *c, uint32_t rank)
{
	struct one *one = crew_add(c, rank, busy_step);

	leat__job_ready(&one->job, NULL);
	return one;
}

/* ---- strictly ----------------------------------------------------------- */

/* Two that hand over to each other; one of them tells whoever told is. */
static void
crew_add_pair(struct crew *c, uint32_t rank, struct one *told)
{
	struct one *a = crew_add(c, rank, busy_step);
	struct one *b = crew_add(c, rank, busy_step);

	a->peer = b;
	b->peer = a;
	a->told = told;
	leat__job_ready(&a->job, NULL);
}

/* A flood of the last rank; two of the first, told by this thread and by a
 * worker, are run within a quantum. */
static void
strict_with(uint32_t n_workers, bool is_even)
{
	static struct crew c;
	struct one *urgent, *inner;

	crew_begin(&c, n_workers, 3, NULL);
	c.is_even = is_even;
	urgent = crew_add(&c, 0, urgent_step);
	inner = crew_add(&c, 1, urgent_step);
	crew_add_pair(&c, 2, inner);
	crew_add_pair(&c, 2, NULL);
	for (int k = 0; k < 3; k++)
		crew_add_busy(&c, 2);
	for (uint32_t k = 0; k < 4; k++) {
		sim_sleep_until(crew_now() + (int64_t)sim_draw(3 * QUANTUM));
		urgent->ready_ns = crew_now();
		leat__job_ready(&urgent->job, NULL);
		sim_sleep_until(crew_now() + QUANTUM + SLACK);
		SIM_CHECK(urgent->n_steps == k + 1);
	}
	SIM_CHECK(inner->n_steps > 0);
	crew_end(&c);
}

static void
rank_strict(void *user)
{
	(void)user;
	strict_with(2, false);
}

static void
rank_strict_one(void *user)
{
	(void)user;
	strict_with(1, true);
}

/* Three of the first rank, told at once: all workers leave the flood. */
static void
rank_strict_many(void *user)
{
	static struct crew c;
	struct one *urgent[2];

	(void)user;
	crew_begin(&c, 2, 2, NULL);
	c.is_even = true;
	for (int k = 0; k < 2; k++)
		urgent[k] = crew_add(&c, 0, urgent_step);
	for (int k = 0; k < 5; k++)
		crew_add_busy(&c, 1);
	sim_sleep_until(crew_now() + 2 * QUANTUM);
	for (int k = 0; k < 2; k++) {
		urgent[k]->ready_ns = crew_now();
		leat__job_ready(&urgent[k]->job, NULL);
	}
	sim_sleep_until(crew_now() + QUANTUM + SLACK);
	for (int k = 0; k < 2; k++)
		SIM_CHECK(urgent[k]->n_steps == 1);
	crew_end(&c);
}

/* ---- by weight ---------------------------------------------------------- */

#define SHARE_QUANTA 400
#define N_SHARES     3

static uint64_t
crew_spent(const struct crew *c, uint32_t rank)
{
	uint64_t ns = 0;

	for (uint32_t k = 0; k < c->n; k++)
		if (c->jobs[k].job.entry.rank == rank)
			ns += c->jobs[k].spent_ns;
	return ns;
}

/* Each rank always has enough to do for all workers; what it gets is its share
 * of the time, within a tenth. */
static void
shares_with(uint32_t n_workers, const uint32_t weights[N_SHARES])
{
	static struct crew c;
	uint64_t sum = 0, weight = 0;

	crew_begin(&c, n_workers, N_SHARES, weights);
	for (uint32_t r = 0; r < N_SHARES; r++)
		for (uint32_t k = 0; k < 3; k++)
			crew_add_busy(&c, r);
	sim_sleep_until(crew_now() + SHARE_QUANTA * QUANTUM);
	crew_stop(&c);
	for (uint32_t r = 0; r < N_SHARES; r++) {
		sum += crew_spent(&c, r);
		weight += weights[r];
	}
	for (uint32_t r = 0; r < N_SHARES; r++) {
		uint64_t fair = sum * weights[r] / weight;
		uint64_t got = crew_spent(&c, r);

		SIM_CHECK(got * 10 >= fair * 9 && got * 10 <= fair * 11);
	}
	leat__exec_fini(&c.exec);
}

static void
rank_shares(void *user)
{
	static const uint32_t weights[N_SHARES] = {6, 3, 1};

	(void)user;
	shares_with(2, weights);
}

static void
rank_shares_one(void *user)
{
	static const uint32_t weights[N_SHARES] = {1, 5, 2};

	(void)user;
	shares_with(1, weights);
}

/* One that sleeps most of the time has no claim on what it missed. */
static void
rank_comes_back(void *user)
{
	static const uint32_t weights[2] = {1, 1};
	static struct crew c;
	struct one *late, *busy;
	uint64_t before;

	(void)user;
	crew_begin(&c, 1, 2, weights);
	c.is_even = true;
	busy = crew_add_busy(&c, 0);
	late = crew_add(&c, 1, busy_step);
	sim_sleep_until(crew_now() + 50 * QUANTUM);
	before = leat__load_relaxed(&busy->spent_ns);
	leat__job_ready(&late->job, NULL);
	sim_sleep_until(crew_now() + 20 * QUANTUM);
	SIM_CHECK(leat__load_relaxed(&busy->spent_ns) - before >
		8 * (uint64_t)QUANTUM);
	SIM_CHECK(leat__load_relaxed(&late->spent_ns) > 8 * (uint64_t)QUANTUM);
	crew_end(&c);
}

/* ---- a graph ------------------------------------------------------------ */

#define CALL (QUANTUM / 4)

static int
slow_process(struct leat_stage *st, struct leat_frame *frame)
{
	sim_sleep_until(crew_now() + CALL);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops slow_ops = {
	LEAT_STAGE_OPS_INIT("slow"),
	.process = slow_process,
};

/* From the outside world, now and then: the time. */
static int
tick_produce(struct leat_stage *st)
{
	uint32_t *n = leat_stage_state(st);
	struct leat_frame *frame;
	int64_t now_ns;

	if ((*n)++ == 5)
		return LEAT_EOS;
	sim_sleep_until(crew_now() + (int64_t)sim_draw(3 * QUANTUM));
	SIM_CHECK(leat_stage_acquire(st, &frame) == LEAT_OK);
	now_ns = crew_now();
	memcpy(frame->data, &now_ns, sizeof(now_ns));
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = sizeof(now_ns);
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
}

static int
tick_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = sizeof(int64_t);
	return LEAT_OK;
}

static const struct leat_stage_ops tick_ops = {
	LEAT_STAGE_OPS_INIT("tick"),
	.flags = LEAT_STAGE_BLOCKING,
	.out_layout = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(uint32_t),
	.needs = {.frame_bytes = 64},
	.negotiate = tick_negotiate,
	.produce = tick_produce,
};

static int
tock_process(struct leat_stage *st, struct leat_frame *frame)
{
	int64_t then_ns;

	memcpy(&then_ns, frame->data, sizeof(then_ns));
	SIM_CHECK(crew_now() - then_ns <= CALL + SLACK);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, 1);
	leat_stage_release(st, frame);
	return LEAT_OK;
}

static int
tock_finish(struct leat_stage *st)
{
	leat_graph_drain(st->graph);
	return LEAT_OK;
}

static const struct leat_stage_ops tock_ops = {
	LEAT_STAGE_OPS_INIT("tock"),
	.flags = LEAT_STAGE_SINK,
	.process = tock_process,
	.finish = tock_finish,
};

static void
graph_add_chain(struct leat_graph *graph, const struct leat_step *steps,
	uint32_t n, uint32_t priority)
{
	struct leat_stage *before = NULL, *st;

	for (uint32_t k = 0; k < n; k++, before = st) {
		SIM_CHECK(!leat_graph_add(graph, NULL, &steps[k], &st, NULL));
		if (before)
			SIM_CHECK(!leat_graph_link(graph, leat_out(before, 0),
				leat_in(st, 0), NULL, NULL));
	}
	SIM_CHECK(!leat_stage_set_priority(st, priority, NULL));
}

/* A flood that could keep the worker for 64 calls leaves after the one that it
 * is in. */
static void
rank_leaves(void *user)
{
	struct leat_step flood[] = {
		{&numbers_ops, NULL}, {&slow_ops, NULL}, {&sink_ops, NULL}};
	struct leat_step first[] = {{&tick_ops, NULL}, {&tock_ops, NULL}};
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .quantum_ns = QUANTUM};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .per_frame = 1};
	static struct sink_seen seen;
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct leat_graph *graph;

	(void)user;
	sim_keep_time();
	seen = (struct sink_seen){.n = 0};
	flood[0].opts = &numbers;
	flood[2].opts = &sink;
	SIM_CHECK(leat_graph_create(&opts, &graph, NULL) == LEAT_OK);
	graph_add_chain(graph, flood, 3, LEAT_PRIORITY_LOW);
	graph_add_chain(graph, first, 2, LEAT_PRIORITY_HIGH);
	SIM_CHECK(leat_graph_run(graph, NULL) == LEAT_OK);
	SIM_CHECK(seen.n > 0);
	leat_graph_destroy(graph);
}

const struct sim_scenario scenarios_rank[] = {
	{.name = "rank_strict",
		.idea = "a flood delays the first rank by a quantum at most",
		.run = rank_strict},
	{.name = "rank_strict_one",
		.idea = "the same on one worker",
		.run = rank_strict_one},
	{.name = "rank_strict_many",
		.idea = "all workers leave the flood",
		.run = rank_strict_many},
	{.name = "rank_leaves",
		.idea = "a segment leaves between two frames",
		.run = rank_leaves},
	{.name = "rank_shares",
		.idea = "time by weight, on two workers",
		.run = rank_shares,
		.runs_per_mille = 100},
	{.name = "rank_shares_one",
		.idea = "time by weight, on one worker",
		.run = rank_shares_one,
		.runs_per_mille = 100},
	{.name = "rank_comes_back",
		.idea = "who slept has no claim on what it missed",
		.run = rank_comes_back},
	{0},
};
