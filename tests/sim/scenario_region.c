/*
 * sim/scenario_region.c -- segments that several workers run at once.
 *
 * The pool is as small as the plan allows, nothing is kept in magazines, and
 * links hold one frame, those into a region two, unless it says otherwise. Who
 * is late parks inside its stage, until another item is worked on or until
 * nothing else can go on. What arrives is in order, whole, and the books
 * balance.
 */
#include <stdio.h>

#include "run/region.h"
#include "scenario.h"
#include "support/numbers.h"
#include "support/replicas.h"

#define REGION_STAGES_MAX 3u
#define REGION_LATE_NS    50000000 /* longer than anybody looks twice */

/* What is run. */
struct shape {
	uint32_t workers;
	uint32_t into; /* frames that the link into a region holds; 0 = 2 */
	uint32_t out;  /* and all others; 0 = 1 */
	uint64_t n;    /* items; 0 = without end */
	uint64_t per_frame;
	const struct leat_stage_ops *stages[REGION_STAGES_MAX];
	bool is_forked;   /* the first two are branches, merged by stamps */
	bool is_blocking; /* the ends have threads of their own */
	bool is_bursting; /* and the source lets frames gather */
	uint64_t late, until;
	bool is_behind; /* the second stage waits for the first to be ahead */
	uint64_t fails[2];
	uint64_t enough;
	uint64_t quantum_ns;
	uint32_t sizes[4]; /* of those at work, one after the other; 0 = end */
};

struct trial {
	const struct shape *shape;
	struct leat_graph *graph;
	struct numbers_opts numbers;
	struct replicas all[REGION_STAGES_MAX];
	struct replicas_opts stages[REGION_STAGES_MAX];
	struct sink_seen seen;
	struct sink_opts sink;
	struct leat_error err;
};

/* ---- a graph, from a shape ------------------------------------------------------ */

static void
trial_opts(struct trial *t, const struct shape *shape)
{
	*t = (struct trial){.shape = shape,
		.numbers = {LEAT_OPTS_INIT(numbers_opts), .n = shape->n,
			.per_frame = shape->per_frame},
		.sink = {LEAT_OPTS_INIT(sink_opts), .enough = shape->enough}};
	t->sink.seen = &t->seen;
	for (uint32_t k = 0; k < REGION_STAGES_MAX; k++)
		t->stages[k] = (struct replicas_opts){
			LEAT_OPTS_INIT(replicas_opts), .all = &t->all[k]};
	t->all[0].late = shape->late;
	t->all[0].until = shape->until;
	t->all[1].ahead = shape->is_behind ? &t->all[0] : NULL;
	t->all[1].last = shape->n;
	t->all[0].fails[0] = shape->fails[0];
	t->all[0].fails[1] = shape->fails[1];
}

static const struct leat_stage_ops *
trial_source(const struct shape *shape)
{
	if (shape->is_bursting)
		return &numbers_burst_ops;
	return shape->is_blocking ? &numbers_blocking_ops : &numbers_ops;
}

static const struct leat_stage_ops *
trial_sink(const struct shape *shape)
{
	return shape->is_blocking ? &sink_blocking_ops : &sink_ops;
}

static void
trial_chain(struct trial *t)
{
	const struct shape *shape = t->shape;
	struct leat_step steps[REGION_STAGES_MAX + 2];
	struct replicas_chain chain = {.steps = steps,
		.into = shape->into ? shape->into : 2,
		.out = shape->out ? shape->out : 1};
	uint32_t n = 1;

	steps[0] = (struct leat_step){trial_source(shape), &t->numbers};
	for (; n <= REGION_STAGES_MAX && shape->stages[n - 1]; n++)
		steps[n] = (struct leat_step){
			shape->stages[n - 1], &t->stages[n - 1]};
	steps[n++] = (struct leat_step){trial_sink(shape), &t->sink};
	chain.n_steps = n;
	SIM_CHECK(replicas_chain(t->graph, &chain, NULL) == LEAT_OK);
}

static struct leat_stage *
trial_add(struct trial *t, const struct leat_stage_ops *ops, const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;

	SIM_CHECK(leat_graph_add(t->graph, NULL, &step, &st, NULL) == LEAT_OK);
	return st;
}

static void
trial_link(struct trial *t, struct leat_end out, struct leat_end in,
	uint32_t capacity)
{
	struct leat_link_opts opts = {
		LEAT_OPTS_INIT(leat_link_opts), .capacity_frames = capacity};

	SIM_CHECK(leat_graph_link(t->graph, out, in, &opts, NULL) == LEAT_OK);
}

/* Dealt in turn to two branches, and brought back into order. */
static void
trial_fork(struct trial *t)
{
	struct leat_split_opts in_turn = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_merge_opts by_stamp = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct leat_stage *source =
		trial_add(t, trial_source(t->shape), &t->numbers);
	struct leat_stage *split = trial_add(t, &leat_split_ops, &in_turn);
	struct leat_stage *merge = trial_add(t, &leat_merge_ops, &by_stamp);
	struct leat_stage *sink = trial_add(t, trial_sink(t->shape), &t->sink);

	trial_link(t, leat_out(source, 0), leat_in(split, 0), 1);
	for (uint32_t k = 0; k < 2; k++) {
		struct leat_stage *branch =
			trial_add(t, t->shape->stages[k], &t->stages[k]);

		trial_link(t, leat_out(split, k), leat_in(branch, 0), 2);
		trial_link(t, leat_out(branch, 0), leat_in(merge, k), 1);
	}
	trial_link(t, leat_out(merge, 0), leat_in(sink, 0), 1);
}

static void
trial_begin(struct trial *t, const struct shape *shape)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = shape->workers, .quantum_ns = shape->quantum_ns};

	trial_opts(t, shape);
	SIM_CHECK(leat_graph_create(&opts, &t->graph, NULL) == LEAT_OK);
	t->graph->magazine_slots = 0;
	if (shape->is_forked)
		trial_fork(t);
	else
		trial_chain(t);
	SIM_CHECK(leat_graph_start(t->graph, NULL) == LEAT_OK);
}

/* Whatever the end: nothing is out of order, made up or counted twice. */
static int
trial_wait(struct trial *t)
{
	struct leat_graph_stats stats;
	int rc = leat_graph_wait(t->graph, LEAT_NEVER, &t->err);

	leat_graph_stats(t->graph, &stats);
	SIM_CHECK(t->seen.n_back == 0);
	SIM_CHECK(stats.is_balanced && !stats.memory_bytes);
	SIM_CHECK(stats.memory_high_bytes <= stats.memory_bound_bytes);
	return rc;
}

/* The first n items, or the odd ones of them, and no others. */
static void
trial_must_have(const struct trial *t, uint64_t n)
{
	bool is_odd = t->shape->stages[0] == &sieve_ops ||
		t->shape->stages[1] == &sieve_ops;

	if (is_odd)
		n = (n + 1) / 2;
	SIM_CHECK(t->seen.n == n);
	SIM_CHECK(t->seen.sum == (is_odd ? n * n : n * (n + 1) / 2));
}

static void
trial_end(struct trial *t)
{
	leat_graph_destroy(t->graph);
}

/* ---- somebody else, meanwhile --------------------------------------------------- */

static void
trial_open_late(void *arg)
{
	struct trial *t = arg;

	sim_sleep_until(leat_now_ns() + REGION_LATE_NS);
	replicas_open(&t->all[0]);
}

static void
trial_drain(void *arg)
{
	struct trial *t = arg;

	leat_graph_drain(t->graph);
}

static void
trial_cancel(void *arg)
{
	struct trial *t = arg;

	leat_graph_cancel(t->graph);
}

/* The number of those at work changes, at any moment. */
static void
trial_resize(void *arg)
{
	struct trial *t = arg;
	const uint32_t *sizes = t->shape->sizes;

	for (uint32_t k = 0; k < 4 && sizes[k]; k++)
		leat__region_set_active(&t->graph->run->regions[0], sizes[k]);
}

/* ---- scenarios ------------------------------------------------------------------ */

static struct trial trial;

/* To the end, or to where the sink has enough. */
static void
region_whole(void *user)
{
	const struct shape *shape = user;
	struct sim_thread *opener = NULL;

	trial_begin(&trial, shape);
	if (shape->late && !shape->until)
		opener = sim_go("opener", trial_open_late, &trial);
	SIM_CHECK(trial_wait(&trial) == LEAT_OK);
	trial_must_have(&trial, shape->enough ? shape->enough : shape->n);
	if (opener)
		sim_join(opener);
	trial_end(&trial);
}

static void
region_resize(void *user)
{
	const struct shape *shape = user;
	struct sim_thread *other, *opener = NULL;

	trial_begin(&trial, shape);
	other = sim_go("resizer", trial_resize, &trial);
	if (shape->late && !shape->until)
		opener = sim_go("opener", trial_open_late, &trial);
	SIM_CHECK(trial_wait(&trial) == LEAT_OK);
	trial_must_have(&trial, shape->enough ? shape->enough : shape->n);
	sim_join(other);
	if (opener)
		sim_join(opener);
	trial_end(&trial);
}

/* All that may be ahead of the late one is, and no more. */
static void
region_window(void *user)
{
	region_whole(user);
	SIM_CHECK(trial.all[0].highest_then == trial.all[0].until);
}

static void
region_drain(void *user)
{
	struct sim_thread *other;

	trial_begin(&trial, user);
	other = sim_go("drainer", trial_drain, &trial);
	SIM_CHECK(trial_wait(&trial) == LEAT_OK);
	trial_must_have(&trial, trial.seen.last);
	sim_join(other);
	trial_end(&trial);
}

static void
region_cancel(void *user)
{
	const struct shape *shape = user;
	struct sim_thread *other, *opener = NULL;

	trial_begin(&trial, shape);
	other = sim_go("canceller", trial_cancel, &trial);
	if (shape->late)
		opener = sim_go("opener", trial_open_late, &trial);
	SIM_CHECK(trial_wait(&trial) == LEAT_ECANCELED);
	sim_join(other);
	if (opener)
		sim_join(opener);
	trial_end(&trial);
}

/* Of two items that fail the first is told of, and all before it arrive or are
 * on their way. */
static void
region_fail(void *user)
{
	char text[32];

	trial_begin(&trial, user);
	SIM_CHECK(trial_wait(&trial) == LEAT_EIO);
	snprintf(text, sizeof(text), "item %llu is bad",
		(unsigned long long)trial.shape->fails[0]);
	SIM_CHECK(!strcmp(trial.err.text, text));
	SIM_CHECK(trial.seen.last < trial.shape->fails[0]);
	trial_end(&trial);
}

/* An item behind those that are enough for the sink fails: nobody is told. */
static void
region_fail_behind_enough(void *user)
{
	trial_begin(&trial, user);
	SIM_CHECK(trial_wait(&trial) == LEAT_OK);
	SIM_CHECK(trial.seen.n == trial.shape->enough);
	trial_end(&trial);
}

/* ---- shapes --------------------------------------------------------------------- */

static struct shape order = {
	.workers = 2, .n = 5, .per_frame = 1, .stages = {&same_ops}};
static struct shape three = {
	.workers = 3, .n = 6, .per_frame = 1, .stages = {&same_ops}};
static struct shape credit = {.workers = 2,
	.n = 5,
	.per_frame = 1,
	.stages = {&same_ops},
	.is_blocking = true};
static struct shape narrow = {
	.workers = 2, .into = 1, .n = 5, .per_frame = 1, .stages = {&same_ops}};
static struct shape one = {.workers = 2,
	.n = 1,
	.per_frame = 1,
	.stages = {&same_ops},
	.is_blocking = true};
static struct shape wide = {.workers = 2,
	.into = 4,
	.out = 4,
	.n = 9,
	.per_frame = 1,
	.stages = {&same_ops}};
static struct shape window = {.workers = 2,
	.n = 12,
	.per_frame = 1,
	.stages = {&same_ops},
	.late = 1,
	.until = 8};
static struct shape late = {.workers = 2,
	.n = 6,
	.per_frame = 1,
	.stages = {&same_ops},
	.late = 4,
	.until = 5};
static struct shape late_more = {.workers = 2,
	.n = 20,
	.per_frame = 5,
	.stages = {&scatter2_ops},
	.late = 11,
	.until = 16};
static struct shape late_behind = {.workers = 2,
	.out = 2,
	.n = 8,
	.per_frame = 1,
	.stages = {&same_ops, &serial_ops},
	.is_blocking = true,
	.is_behind = true};
static struct shape window_end = {
	.workers = 2, .n = 4, .per_frame = 1, .stages = {&same_ops}, .late = 2};
static struct shape more = {
	.workers = 2, .n = 9, .per_frame = 3, .stages = {&scatter_ops}};
static struct shape more_late = {.workers = 2,
	.n = 15,
	.per_frame = 5,
	.stages = {&scatter2_ops},
	.late = 1};
static struct shape more_long = {.workers = 2,
	.n = 140,
	.per_frame = 70,
	.stages = {&scatter_ops},
	.quantum_ns = 1};
static struct shape sieve = {
	.workers = 2, .n = 7, .per_frame = 1, .stages = {&sieve_ops}};
static struct shape chain = {.workers = 2,
	.n = 6,
	.per_frame = 2,
	.stages = {&same_ops, &scatter_ops, &same_ops}};
static struct shape two = {.workers = 2,
	.n = 4,
	.per_frame = 1,
	.stages = {&same_ops, &serial_ops, &same_ops}};
static struct shape forked = {.workers = 2,
	.n = 6,
	.per_frame = 1,
	.stages = {&same_ops, &same_ops},
	.is_forked = true};
static struct shape forked_sieve = {.workers = 2,
	.n = 8,
	.per_frame = 1,
	.stages = {&serial_ops, &sieve_ops},
	.is_forked = true};
static struct shape forked_more = {.workers = 2,
	.n = 8,
	.per_frame = 2,
	.stages = {&scatter_ops, &scatter_ops},
	.is_forked = true};
static struct shape burst = {.workers = 2,
	.into = 4,
	.n = 8,
	.per_frame = 1,
	.stages = {&same_ops},
	.is_blocking = true,
	.is_bursting = true};
static struct shape burst_narrow = {.workers = 2,
	.into = 2,
	.n = 7,
	.per_frame = 1,
	.stages = {&same_ops},
	.is_blocking = true,
	.is_bursting = true};
static struct shape burst_serial = {.workers = 1,
	.out = 4,
	.n = 8,
	.per_frame = 1,
	.stages = {&serial_ops},
	.is_blocking = true,
	.is_bursting = true};
static struct shape burst_enough = {.workers = 2,
	.into = 4,
	.per_frame = 1,
	.stages = {&same_ops},
	.is_blocking = true,
	.is_bursting = true,
	.enough = 2};
static struct shape enough = {
	.workers = 2, .per_frame = 1, .stages = {&same_ops}, .enough = 2};
static struct shape enough_blocking = {.workers = 2,
	.per_frame = 1,
	.stages = {&same_ops},
	.is_blocking = true,
	.enough = 2};
static struct shape enough_late = {.workers = 2,
	.per_frame = 1,
	.stages = {&same_ops},
	.late = 3,
	.enough = 1};
static struct shape enough_more = {
	.workers = 2, .per_frame = 4, .stages = {&scatter_ops}, .enough = 3};
static struct shape endless = {
	.workers = 2, .per_frame = 1, .stages = {&same_ops}};
static struct shape endless_more = {
	.workers = 2, .per_frame = 3, .stages = {&scatter_ops}};
static struct shape endless_late = {
	.workers = 2, .per_frame = 1, .stages = {&same_ops}, .late = 2};
static struct shape fails = {
	.workers = 2, .per_frame = 1, .stages = {&same_ops}, .fails = {3, 4}};
static struct shape fails_late = {.workers = 2,
	.per_frame = 1,
	.stages = {&same_ops},
	.late = 2,
	.until = 3,
	.fails = {2, 3}};
static struct shape fails_or_enough = {.workers = 2,
	.per_frame = 1,
	.stages = {&same_ops},
	.fails = {3, 0},
	.enough = 2};

/* the sink is behind another stage of its segment */
static struct shape fails_or_enough_behind = {.workers = 2,
	.per_frame = 1,
	.stages = {&same_ops, &serial_ops},
	.fails = {3, 0},
	.enough = 2};

static struct shape fails_fork = {.workers = 2,
	.per_frame = 1,
	.stages = {&same_ops, &same_ops},
	.is_forked = true,
	.fails = {3, 0}};

static struct shape resized = {.workers = 3,
	.n = 6,
	.per_frame = 1,
	.stages = {&same_ops},
	.sizes = {1, 3, 2, 1}};
static struct shape resized_narrow = {.workers = 2,
	.into = 1,
	.n = 5,
	.per_frame = 1,
	.stages = {&same_ops},
	.is_blocking = true,
	.sizes = {1, 2, 1, 2}};
static struct shape resized_late = {.workers = 2,
	.n = 6,
	.per_frame = 1,
	.stages = {&same_ops},
	.late = 2,
	.sizes = {1, 2, 1}};
static struct shape resized_grow = {.workers = 2,
	.n = 6,
	.per_frame = 1,
	.stages = {&same_ops},
	.late = 2,
	.until = 3,
	.sizes = {1, 2}};
static struct shape resized_more = {.workers = 2,
	.n = 9,
	.per_frame = 3,
	.stages = {&scatter_ops},
	.sizes = {1, 2, 1}};
static struct shape resized_enough = {.workers = 3,
	.per_frame = 1,
	.stages = {&same_ops},
	.enough = 3,
	.sizes = {1, 3, 1}};

const struct sim_scenario scenarios_region[] = {
	{.name = "region_resize",
		.idea = "three, one, three, two, one at work",
		.run = region_resize,
		.user = &resized,
		.runs_per_mille = 500},
	{.name = "region_resize_narrow",
		.idea = "the same, links of one frame, ends on threads",
		.run = region_resize,
		.user = &resized_narrow},
	{.name = "region_resize_late",
		.idea = "who has the oldest ticket is late, and put to rest",
		.run = region_resize,
		.user = &resized_late},
	{.name = "region_resize_grow",
		.idea = "one is late until another is at work",
		.run = region_resize,
		.user = &resized_grow},
	{.name = "region_resize_more",
		.idea = "many frames from one, and one is put to rest",
		.run = region_resize,
		.user = &resized_more},
	{.name = "region_resize_enough",
		.idea = "the sink has enough while the number changes",
		.run = region_resize,
		.user = &resized_enough},
	{.name = "region_order",
		.idea = "two workers, one region",
		.run = region_whole,
		.user = &order},
	{.name = "region_three",
		.idea = "three workers, one region",
		.run = region_whole,
		.user = &three,
		.runs_per_mille = 500},
	{.name = "region_credit",
		.idea = "ends on threads of their own",
		.run = region_whole,
		.user = &credit},
	{.name = "region_narrow",
		.idea = "links of one frame",
		.run = region_whole,
		.user = &narrow},
	{.name = "region_one",
		.idea = "one frame, and the end at once",
		.run = region_whole,
		.user = &one},
	{.name = "region_wide",
		.idea = "links of four frames",
		.run = region_whole,
		.user = &wide},
	{.name = "region_window",
		.idea = "the first is late, and the window is full",
		.run = region_window,
		.user = &window,
		.runs_per_mille = 500},
	{.name = "region_late",
		.idea = "one is late until the next is worked on",
		.run = region_whole,
		.user = &late},
	{.name = "region_late_more",
		.idea = "the same, many frames from one",
		.run = region_whole,
		.user = &late_more,
		.runs_per_mille = 500},
	{.name = "region_late_behind",
		.idea = "a serial stage that is late until the region is ahead",
		.run = region_whole,
		.user = &late_behind},
	{.name = "region_end",
		.idea = "the stream has ended, and one ticket is late",
		.run = region_whole,
		.user = &window_end},
	{.name = "region_more",
		.idea = "many frames from one",
		.run = region_whole,
		.user = &more},
	{.name = "region_more_late",
		.idea = "one rests for room, and an older one is late",
		.run = region_whole,
		.user = &more_late,
		.runs_per_mille = 500},
	{.name = "region_more_long",
		.idea = "many frames from one, over many quanta",
		.run = region_whole,
		.user = &more_long,
		.runs_per_mille = 25},
	{.name = "region_sieve",
		.idea = "nothing comes of every other frame",
		.run = region_whole,
		.user = &sieve},
	{.name = "region_chain",
		.idea = "three stages in one region",
		.run = region_whole,
		.user = &chain},
	{.name = "region_two",
		.idea = "two regions, and a serial stage between them",
		.run = region_whole,
		.user = &two,
		.runs_per_mille = 500},
	{.name = "region_fork",
		.idea = "two regions side by side, merged in order",
		.run = region_whole,
		.user = &forked,
		.runs_per_mille = 500},
	{.name = "region_fork_sieve",
		.idea = "the same, and nothing comes from one",
		.run = region_whole,
		.user = &forked_sieve,
		.runs_per_mille = 500},
	{.name = "region_fork_more",
		.idea = "the same, many frames from one",
		.run = region_whole,
		.user = &forked_more,
		.runs_per_mille = 500},
	{.name = "region_burst",
		.idea = "a source lets frames gather before it tells of them",
		.run = region_whole,
		.user = &burst},
	{.name = "region_burst_narrow",
		.idea = "the same, with less room than that",
		.run = region_whole,
		.user = &burst_narrow},
	{.name = "region_burst_serial",
		.idea = "the same, before a stage that one worker runs",
		.run = region_whole,
		.user = &burst_serial},
	{.name = "region_burst_enough",
		.idea = "the same, and the sink stops it",
		.run = region_whole,
		.user = &burst_enough},
	{.name = "region_enough",
		.idea = "the sink stops a region and its source",
		.run = region_whole,
		.user = &enough},
	{.name = "region_enough_blocking",
		.idea = "the same, ends on threads of their own",
		.run = region_whole,
		.user = &enough_blocking},
	{.name = "region_enough_late",
		.idea = "the same, and one ticket is late",
		.run = region_whole,
		.user = &enough_late},
	{.name = "region_enough_more",
		.idea = "the same, in the middle of a frame",
		.run = region_whole,
		.user = &enough_more},
	{.name = "region_drain",
		.idea = "drain against a region",
		.run = region_drain,
		.user = &endless},
	{.name = "region_drain_more",
		.idea = "the same, many frames from one",
		.run = region_drain,
		.user = &endless_more},
	{.name = "region_cancel",
		.idea = "cancel against a region",
		.run = region_cancel,
		.user = &endless},
	{.name = "region_cancel_late",
		.idea = "the same, and one ticket is late",
		.run = region_cancel,
		.user = &endless_late},
	{.name = "region_fail",
		.idea = "two items fail, the earlier one counts",
		.run = region_fail,
		.user = &fails},
	{.name = "region_fail_late",
		.idea = "the same, and the earlier one is late",
		.run = region_fail,
		.user = &fails_late},
	{.name = "region_fail_fork",
		.idea = "one fails on a branch, before the branches meet again",
		.run = region_fail,
		.user = &fails_fork},
	{.name = "region_fail_enough",
		.idea = "one fails behind what is enough for the sink",
		.run = region_fail_behind_enough,
		.user = &fails_or_enough},
	{.name = "region_fail_enough_behind",
		.idea = "the same, and another stage gets it before the sink",
		.run = region_fail_behind_enough,
		.user = &fails_or_enough_behind},
	{0},
};
