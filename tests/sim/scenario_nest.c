/*
 * sim/scenario_nest.c -- ordered branches on an ordered branch.
 *
 * The outer branches begin at a split, one of them deals its frames to two of
 * its own. What is on the other one raises the bound for these, with no frame
 * to tell it by; all links hold one frame. What arrives is in order and whole.
 * A bound that is not told shows only where nothing follows it: so a source may
 * wait, every few frames, until all have arrived but the last.
 */
#include "scenario.h"
#include "support/numbers.h"

#define NEST_ITEMS 8u

struct nest_shape {
	const struct leat_stage_ops *source;
	const struct leat_stage_ops *before; /* the inner branches begin */
	uint32_t workers;
	uint64_t n;          /* that arrive */
	uint32_t k;          /* the out of the outer split that leads to them */
	const char *weights; /* of the outer split; NULL = in turn */
	uint32_t n_beside;   /* frames in a link beside them; 0 = 1 */
};

struct nest_trial {
	struct leat_graph *graph;
	struct numbers_opts numbers;
	struct sink_seen seen;
	struct sink_opts sink;
	uint32_t n_sent;
	uint32_t n_arrived; /* atomic; the source waits on it */
};

static struct nest_trial trial;

/* ---- a source that waits for the sink ---------------------------------------- */

#define PACED_EACH  8u /* frames: two to the inner branches, six beside them */
#define PACED_ITEMS (2 * PACED_EACH)

static int
paced_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = sizeof(uint64_t);
	return LEAT_OK;
}

static void
paced_wait(uint32_t n)
{
	const struct leat__env *env = sim_env();
	uint32_t seen;

	/* acquire: pairs with the release in arrived_process */
	while ((seen = leat__load_acquire(&trial.n_arrived)) < n)
		env->park(env, &trial.n_arrived, seen, LEAT_NEVER);
}

static int
paced_produce(struct leat_stage *st)
{
	struct leat_frame *frame;
	int rc;

	if (trial.n_sent == PACED_ITEMS)
		return LEAT_EOS;
	if (trial.n_sent && trial.n_sent % PACED_EACH == 0)
		paced_wait(trial.n_sent - 1);
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	*(uint64_t *)(void *)frame->data = ++trial.n_sent;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = sizeof(uint64_t);
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops paced_ops = {LEAT_STAGE_OPS_INIT("paced"),
	.flags = LEAT_STAGE_BLOCKING, .opts_bytes = sizeof(struct numbers_opts),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = sizeof(uint64_t)},
	.negotiate = paced_negotiate, .produce = paced_produce};

/* Before the sink: a frame is through all branches. */
static int
arrived_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct leat__env *env = sim_env();

	/* release: pairs with the acquire in paced_wait */
	leat__store_release(&trial.n_arrived, trial.n_arrived + in->n_items);
	env->wake(env, &trial.n_arrived);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops arrived_ops = {
	LEAT_STAGE_OPS_INIT("arrived"), .in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = sizeof(uint64_t), .process = arrived_process};

/* ---- the graph ---------------------------------------------------------------- */

static struct leat_stage *
nest_add(struct nest_trial *t, const struct leat_stage_ops *ops,
	const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;

	SIM_CHECK(leat_graph_add(t->graph, NULL, &step, &st, NULL) == LEAT_OK);
	return st;
}

static void
nest_link_of(struct nest_trial *t, struct leat_end out, struct leat_end in,
	uint32_t n_frames)
{
	struct leat_link_opts opts = {LEAT_OPTS_INIT(leat_link_opts),
		.capacity_frames = n_frames ? n_frames : 1};

	SIM_CHECK(leat_graph_link(t->graph, out, in, &opts, NULL) == LEAT_OK);
}

static void
nest_link(struct nest_trial *t, struct leat_end out, struct leat_end in)
{
	nest_link_of(t, out, in, 1);
}

/* From an end through two branches; the end behind them. */
static struct leat_end
nest_inner(struct nest_trial *t, struct leat_end from)
{
	struct leat_split_opts in_turn = {LEAT_OPTS_INIT(leat_split_opts)};
	struct leat_merge_opts by_stamp = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct leat_stage *split = nest_add(t, &leat_split_ops, &in_turn);
	struct leat_stage *merge = nest_add(t, &leat_merge_ops, &by_stamp);

	nest_link(t, from, leat_in(split, 0));
	for (uint32_t k = 0; k < 2; k++) {
		struct leat_stage *branch = nest_add(t, &pass_ops, NULL);

		nest_link(t, leat_out(split, k), leat_in(branch, 0));
		nest_link(t, leat_out(branch, 0), leat_in(merge, k));
	}
	return leat_out(merge, 0);
}

static void
nest_outer(struct nest_trial *t, const struct nest_shape *shape)
{
	struct leat_split_opts dealt = {LEAT_OPTS_INIT(leat_split_opts),
		.by = shape->weights ? LEAT_SPLIT_WEIGHT : LEAT_SPLIT_ROUND,
		.weights = shape->weights};
	struct leat_merge_opts by_stamp = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct leat_stage *source = nest_add(t, shape->source, &t->numbers);
	struct leat_stage *split = nest_add(t, &leat_split_ops, &dealt);
	struct leat_stage *merge = nest_add(t, &leat_merge_ops, &by_stamp);
	struct leat_stage *arrived = nest_add(t, &arrived_ops, NULL);
	struct leat_stage *sink = nest_add(t, &sink_ops, &t->sink);
	struct leat_stage *before = nest_add(t, shape->before, NULL);
	struct leat_stage *beside = nest_add(t, &pass_ops, NULL);

	nest_link(t, leat_out(source, 0), leat_in(split, 0));
	nest_link(t, leat_out(split, shape->k), leat_in(before, 0));
	nest_link(t, nest_inner(t, leat_out(before, 0)), leat_in(merge, 0));
	nest_link_of(t, leat_out(split, 1 - shape->k), leat_in(beside, 0),
		shape->n_beside);
	nest_link_of(
		t, leat_out(beside, 0), leat_in(merge, 1), shape->n_beside);
	nest_link(t, leat_out(merge, 0), leat_in(arrived, 0));
	nest_link(t, leat_out(arrived, 0), leat_in(sink, 0));
}

static void
nest_run(void *user)
{
	const struct nest_shape *shape = user;
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = shape->workers};
	struct leat_graph_stats stats;
	struct nest_trial *t = &trial;

	*t = (struct nest_trial){.numbers = {LEAT_OPTS_INIT(numbers_opts),
					 .n = NEST_ITEMS, .per_frame = 1},
		.sink = {LEAT_OPTS_INIT(sink_opts), .seen = &t->seen}};
	SIM_CHECK(leat_graph_create(&opts, &t->graph, NULL) == LEAT_OK);
	nest_outer(t, shape);
	SIM_CHECK(leat_graph_run(t->graph, NULL) == LEAT_OK);
	leat_graph_stats(t->graph, &stats);
	SIM_CHECK(stats.is_balanced && !stats.memory_bytes);
	SIM_CHECK(t->seen.n == shape->n && t->seen.n_back == 0);
	leat_graph_destroy(t->graph);
}

static struct nest_shape whole = {
	&numbers_ops, &pass_ops, 2, NEST_ITEMS, 0, NULL, 0};
static struct nest_shape four = {
	&numbers_ops, &pass_ops, 4, NEST_ITEMS, 0, NULL, 0};
/* 1, 3, 5, 7 come, of the others nothing does */
static struct nest_shape odd = {
	&numbers_ops, &odd_ops, 3, NEST_ITEMS / 2, 1, NULL, 0};
static struct nest_shape paced = {
	&paced_ops, &pass_ops, 2, PACED_ITEMS, 0, "2,6", 4};

const struct sim_scenario scenarios_nest[] = {
	{.name = "nest",
		.idea = "two workers, frames in turn to a branch with branches",
		.run = nest_run,
		.user = &whole,
		.runs_per_mille = 250},
	{.name = "nest_four",
		.idea = "the same, four workers",
		.run = nest_run,
		.user = &four,
		.runs_per_mille = 250},
	{.name = "nest_filter",
		.idea = "the same behind a filter, three workers",
		.run = nest_run,
		.user = &odd,
		.runs_per_mille = 250},
	{.name = "nest_paced",
		.idea = "the source waits for what it sent, but the last",
		.run = nest_run,
		.user = &paced,
		.is_whole = true,
		.runs_per_mille = 250},
	{0},
};
