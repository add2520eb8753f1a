/*
 * sim/scenario_load.c -- who is slow, where that is known.
 *
 * A call takes virtual time by sleeping. Every stage but one takes a tenth of
 * what that one takes; it is found after three windows, and not before.
 */
#include <leat/leat.h>

#include "run/run.h"
#include "scenario.h"
#include "support/numbers.h"

#define SLOW_NS   INT64_C(100000)
#define QUICK_NS  (SLOW_NS / 10)
#define WINDOW_NS (20 * SLOW_NS)
#define SAMPLES   10 /* times that, for enough samples of a segment */
#define N_STAGES  4u

struct work_opts {
	uint32_t size;
	uint32_t flags;
	int64_t ns;
	bool is_outside;  /* it waits for that long, and does not work */
	uint64_t n_first; /* source: after so many frames a call takes */
	int64_t later_ns; /* that long; 0 = always the same */
};

static int
work_init(struct leat_stage *st, const void *opts)
{
	memcpy(leat_stage_state(st), opts, sizeof(struct work_opts));
	return LEAT_OK;
}

static void
work_do(struct leat_stage *st)
{
	const struct work_opts *o = leat_stage_state(st);

	if (o->is_outside)
		leat__run_wait_begin(st, LEAT__DOING_STARVE);
	sim_sleep_until(leat_now_ns() + o->ns);
	if (o->is_outside)
		leat__run_wait_end(st);
}

static int
work_produce(struct leat_stage *st)
{
	struct work_opts *o = leat_stage_state(st);
	struct leat_frame *frame;

	work_do(st);
	if (o->n_first && --o->n_first == 0)
		o->ns = o->later_ns;
	SIM_CHECK(leat_stage_acquire(st, &frame) == LEAT_OK);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	memset(frame->data, 0, 8);
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
}

static int
work_process(struct leat_stage *st, struct leat_frame *frame)
{
	work_do(st);
	return leat_stage_emit(st, 0, frame);
}

static int
work_absorb(struct leat_stage *st, struct leat_frame *frame)
{
	work_do(st);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, frame->n_items);
	leat_stage_release(st, frame);
	return LEAT_OK;
}

static int
work_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

#define WORK_OPS                                                               \
	.state_bytes = sizeof(struct work_opts),                               \
	.opts_bytes = sizeof(struct work_opts), .init = work_init

static const struct leat_stage_ops work_ops[3] = {
	{LEAT_STAGE_OPS_INIT("source"), WORK_OPS,
		.out_layout = LEAT_LAYOUT_ITEMS, .needs = {.frame_bytes = 64},
		.negotiate = work_negotiate, .produce = work_produce},
	{LEAT_STAGE_OPS_INIT("filter"), WORK_OPS, .process = work_process},
	{LEAT_STAGE_OPS_INIT("sink"), WORK_OPS, .flags = LEAT_STAGE_SINK,
		.process = work_absorb}};

/* source ! filter ! filter ! sink; as one segment, or each on a thread of its
 * own. */
static struct leat_graph *
chain_start(const struct work_opts opts[N_STAGES], bool is_blocking)
{
	struct leat_graph_opts graph_opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 2};
	struct leat_stage_ops ops[3];
	struct leat_step steps[N_STAGES];
	struct leat_graph *graph;

	memcpy(ops, work_ops, sizeof(ops));
	for (uint32_t k = 0; k < 3; k++)
		ops[k].flags |= is_blocking ? LEAT_STAGE_BLOCKING : 0;
	for (uint32_t k = 0; k < N_STAGES; k++)
		steps[k] = (struct leat_step){
			&ops[k == 0                         ? 0
					: k == N_STAGES - 1 ? 2
							    : 1],
			&opts[k]};
	SIM_CHECK(leat_graph_create(&graph_opts, &graph, NULL) == LEAT_OK);
	SIM_CHECK(!leat_graph_chain(graph, steps, N_STAGES, NULL));
	SIM_CHECK(leat_graph_start(graph, NULL) == LEAT_OK);
	return graph;
}

static void
check_shares(const struct leat_load_shares *s)
{
	SIM_CHECK((uint64_t)s->busy + s->starved + s->blocked + s->idle ==
		LEAT_LOAD_WHOLE);
}

static void
check_sums(const struct leat_load *load)
{
	struct leat_stage_load stage;

	for (uint32_t k = 0; leat_load_stage(load, k, &stage) == LEAT_OK; k++) {
		check_shares(&stage.total);
		if (stage.window.busy || stage.window.idle)
			check_shares(&stage.window);
	}
}

/* Three windows and one more; the slow one is found by the third. */
static void
watch(struct leat_graph *graph, int64_t window_ns, uint32_t slow)
{
	struct leat_load_opts opts = {LEAT_OPTS_INIT(leat_load_opts),
		.window_ns = (uint64_t)window_ns};
	struct leat_load *load;
	uint32_t n_windows = 0;

	SIM_CHECK(!leat_load_create(graph, &opts, &load, NULL));
	while (n_windows < 4) {
		sim_sleep_until(leat_now_ns() + window_ns / 4);
		n_windows += leat_load_tick(load, leat_now_ns());
		check_sums(load);
		SIM_CHECK(leat_load_bottleneck(load) ==
			(n_windows < 3 ? LEAT_LOAD_NONE : slow));
	}
	leat_load_destroy(load);
	leat_graph_drain(graph);
	SIM_CHECK(leat_graph_wait(graph, LEAT_NEVER, NULL) == LEAT_OK);
	leat_graph_destroy(graph);
}

static void
each_is_found(bool is_blocking)
{
	uint32_t slow = sim_draw(N_STAGES);
	struct work_opts opts[N_STAGES];

	sim_keep_time();
	for (uint32_t k = 0; k < N_STAGES; k++)
		opts[k] = (struct work_opts){LEAT_OPTS_INIT(work_opts),
			.ns = k == slow ? SLOW_NS : QUICK_NS};
	watch(chain_start(opts, is_blocking),
		is_blocking ? WINDOW_NS : SAMPLES * WINDOW_NS, slow);
}

static void
load_threads(void *user)
{
	(void)user;
	each_is_found(true);
}

static void
load_segment(void *user)
{
	(void)user;
	each_is_found(false);
}

/* The source waits for the outside world, and all others for it. */
static void
load_idle(void *user)
{
	struct work_opts opts[N_STAGES];

	(void)user;
	sim_keep_time();
	for (uint32_t k = 0; k < N_STAGES; k++)
		opts[k] = (struct work_opts){LEAT_OPTS_INIT(work_opts),
			.ns = k ? QUICK_NS : 3 * SLOW_NS, .is_outside = k == 0};
	watch(chain_start(opts, true), WINDOW_NS, LEAT_LOAD_NONE);
}

/* Nobody is more than half as slow again as the next one. */
static void
load_even(void *user)
{
	struct work_opts opts[N_STAGES];

	(void)user;
	sim_keep_time();
	for (uint32_t k = 0; k < N_STAGES; k++)
		opts[k] = (struct work_opts){
			LEAT_OPTS_INIT(work_opts), .ns = SLOW_NS};
	watch(chain_start(opts, true), WINDOW_NS, LEAT_LOAD_NONE);
}

/* Two segments that always have something to do share a worker: while one is
 * busy the other waits for the worker. */
static void
load_ready(void *user)
{
	struct leat_graph_opts graph_opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .quantum_ns = SLOW_NS};
	struct work_opts opts = {LEAT_OPTS_INIT(work_opts), .ns = QUICK_NS};
	struct leat_step steps[] = {
		{&work_ops[0], &opts}, {&work_ops[2], &opts}};
	struct leat_load *load;
	struct leat_stage_load stage;
	struct leat_graph *graph;
	uint32_t busy = 0, idle = 0;

	(void)user;
	sim_keep_time();
	SIM_CHECK(leat_graph_create(&graph_opts, &graph, NULL) == LEAT_OK);
	for (int k = 0; k < 2; k++)
		SIM_CHECK(!leat_graph_chain(graph, steps, 2, NULL));
	SIM_CHECK(leat_graph_start(graph, NULL) == LEAT_OK);
	SIM_CHECK(!leat_load_create(graph, NULL, &load, NULL));
	sim_sleep_until(leat_now_ns() + 10 * WINDOW_NS);
	leat_load_tick(load, leat_now_ns());
	for (uint32_t k = 0; !leat_load_stage(load, k, &stage); k++) {
		check_shares(&stage.total);
		busy += stage.total.busy;
		idle += stage.total.idle;
	}
	/* two stages of each, and one of the segments works at a time */
	SIM_CHECK(busy > 980000 && busy <= LEAT_LOAD_WHOLE);
	SIM_CHECK(idle >= 2 * 1000000 && idle < 2 * 1020000);
	leat_load_destroy(load);
	leat_graph_drain(graph);
	SIM_CHECK(leat_graph_wait(graph, LEAT_NEVER, NULL) == LEAT_OK);
	leat_graph_destroy(graph);
}

/* ---- replicas ------------------------------------------------------------- */

#define N_REPLICAS 4u
#define N_FLOOD    2000u

static const struct leat_step *
elastic_steps(const struct work_opts opts[3])
{
	static struct leat_stage_ops ops[3];
	static struct leat_step steps[3];

	memcpy(ops, work_ops, sizeof(ops));
	ops[0].flags |= LEAT_STAGE_BLOCKING;
	ops[1].flags |= LEAT_STAGE_STATELESS;
	ops[2].flags |= LEAT_STAGE_BLOCKING;
	for (uint32_t k = 0; k < 3; k++)
		steps[k] = (struct leat_step){&ops[k], &opts[k]};
	return steps;
}

/* Limits as they are by default, windows a thousandth of that. */
static struct leat_graph *
elastic_start(const struct work_opts opts[3], bool is_ordered)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = N_REPLICAS};
	struct leat_parallel_opts parallel = {
		LEAT_OPTS_INIT(leat_parallel_opts), .is_ordered = is_ordered,
		.least = 1, .most = N_REPLICAS, .start = 1,
		.window_ns = 10 * SLOW_NS, .cooldown_ns = 20 * SLOW_NS};
	const struct leat_step *steps = elastic_steps(opts);
	struct leat_stage *source, *sink;
	struct leat_graph *graph;
	struct leat_end in, out;

	SIM_CHECK(leat_graph_create(&graph_opts, &graph, NULL) == LEAT_OK);
	SIM_CHECK(!leat_graph_add(graph, NULL, &steps[0], &source, NULL));
	SIM_CHECK(!leat_graph_add(graph, NULL, &steps[2], &sink, NULL));
	SIM_CHECK(!leat_parallel(
		graph, &parallel, &steps[1], 1, &in, &out, NULL));
	SIM_CHECK(!leat_graph_link(graph, leat_out(source, 0), in, NULL, NULL));
	SIM_CHECK(!leat_graph_link(graph, out, leat_in(sink, 0), NULL, NULL));
	SIM_CHECK(leat_graph_start(graph, NULL) == LEAT_OK);
	return graph;
}

/* How many are at work after all changes so far; the most that were. */
static uint32_t
elastic_look(const struct leat_graph *graph, uint32_t *most)
{
	struct leat_resize all[LEAT_RESIZES_KEPT];
	uint32_t n = leat_graph_resizes(graph, 0, all, LEAT_RESIZES_KEPT);

	for (uint32_t k = 0; k < n; k++)
		if (all[k].n_after > *most)
			*most = all[k].n_after;
	return n ? all[n - 1].n_after : 1;
}

static bool is_ordered = true;

/* From one to all in a flood that one cannot do, and back to one after it. */
static void
elastic_flood(void *user)
{
	const struct work_opts opts[3] = {
		{LEAT_OPTS_INIT(work_opts), .ns = SLOW_NS / 20,
			.n_first = N_FLOOD, .later_ns = 5 * SLOW_NS},
		{LEAT_OPTS_INIT(work_opts), .ns = SLOW_NS},
		{LEAT_OPTS_INIT(work_opts), .ns = SLOW_NS / 20}};
	struct leat_graph *graph;
	uint32_t most = 1;

	sim_keep_time();
	graph = elastic_start(opts, user != NULL);
	while (elastic_look(graph, &most) > 1 || most < N_REPLICAS)
		sim_sleep_until(leat_now_ns() + 10 * SLOW_NS);
	leat_graph_drain(graph);
	SIM_CHECK(leat_graph_wait(graph, LEAT_NEVER, NULL) == LEAT_OK);
	leat_graph_destroy(graph);
}

const struct sim_scenario scenarios_load[] = {
	{.name = "load_flood_region",
		.idea = "a region grows in a flood, and shrinks after it",
		.run = elastic_flood,
		.user = &is_ordered,
		.runs_per_mille = 5},
	{.name = "load_flood_copies",
		.idea = "copies behind a split do, too",
		.run = elastic_flood,
		.runs_per_mille = 5},
	{.name = "load_threads",
		.idea = "the slow one of four threads is found",
		.run = load_threads,
		.runs_per_mille = 200},
	{.name = "load_segment",
		.idea = "the slow stage of a segment is found",
		.run = load_segment,
		.runs_per_mille = 200},
	{.name = "load_idle",
		.idea = "nobody is slow where all wait for the outside",
		.run = load_idle,
		.runs_per_mille = 200},
	{.name = "load_ready",
		.idea = "who waits for a worker is idle",
		.run = load_ready,
		.runs_per_mille = 200},
	{.name = "load_even",
		.idea = "nobody is slow where all are alike",
		.run = load_even,
		.runs_per_mille = 200},
	{0},
};
