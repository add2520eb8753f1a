/*
 * sim/scenario_gather.c -- ins that are late, idle, have ended, or never begin.
 *
 * Links hold one frame, if nothing else is said. Who is late waits between any
 * two frames; who never begins says nothing until the graph is drained. What
 * arrives is in order and whole, and the books balance.
 */
#include <string.h>

#include <leat/leat.h>

#include "scenario.h"
#include "support/numbers.h"

#define GATHER_INS_MAX 4u
#define GATHER_LATE_NS 700

/* ---- a source that has its moods ----------------------------------------- */

enum mood {
	MOOD_NONE = 0, /* there is no such in */
	MOOD_PROMPT,
	MOOD_LATE,
	MOOD_NEVER /* until it is drained */
};

struct feed_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t mood;
	uint32_t n;
	uint64_t first; /* then each so much more */
	uint64_t step;
};

struct feed {
	const struct feed_opts *opts;
	uint64_t n;
};

static int
feed_init(struct leat_stage *st, const void *opts)
{
	((struct feed *)leat_stage_state(st))->opts = opts;
	return LEAT_OK;
}

static int
feed_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

static int
feed_produce(struct leat_stage *st)
{
	struct feed *s = leat_stage_state(st);
	struct leat_frame *frame;
	int rc;

	if (s->opts->mood != MOOD_NEVER && s->n == s->opts->n)
		return LEAT_EOS;
	if (s->opts->mood != MOOD_PROMPT) {
		(void)!leat_ctx_wait(
			leat_stage_ctx(st), leat_now_ns() + GATHER_LATE_NS);
		if (s->opts->mood == MOOD_NEVER)
			return LEAT_OK;
	}
	rc = leat_stage_acquire(st, &frame);
	if (rc)
		return rc;
	*(uint64_t *)(void *)frame->data =
		s->opts->first + s->n++ * s->opts->step;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	rc = leat_stage_emit(st, 0, frame);
	/* the last frame and the end come together */
	return !rc && s->n == s->opts->n ? LEAT_EOS : rc;
}

#define FEED                                                                   \
	LEAT_STAGE_OPS_INIT("feed"),                                           \
		.state_bytes = sizeof(struct feed),                            \
		.opts_bytes = sizeof(struct feed_opts),                        \
		.out_layout = LEAT_LAYOUT_ITEMS,                               \
		.needs = {.frame_bytes = 4096}, .init = feed_init,             \
		.negotiate = feed_negotiate, .produce = feed_produce

static const struct leat_stage_ops feed_ops = {FEED};
static const struct leat_stage_ops feed_waiting_ops = {
	FEED, .flags = LEAT_STAGE_BLOCKING};

/* ---- a sink of items of any size ------------------------------------------ */

struct count_opts {
	uint32_t size;
	uint32_t flags;
	struct sink_seen *seen;
};

static int
count_init(struct leat_stage *st, const void *opts)
{
	*(struct sink_seen **)leat_stage_state(st) =
		((const struct count_opts *)opts)->seen;
	return LEAT_OK;
}

/* By the first word. */
static int
count_process(struct leat_stage *st, struct leat_frame *in)
{
	struct sink_seen *seen = *(struct sink_seen **)leat_stage_state(st);
	uint32_t n_bytes = leat_frame_item_bytes(in);

	for (uint32_t k = 0; k < in->n_items; k++) {
		uint64_t item;

		memcpy(&item, in->data + (size_t)k * n_bytes, sizeof(item));
		seen->n_back += seen->n && item <= seen->last;
		seen->last = item;
		seen->n++;
	}
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops count_ops = {LEAT_STAGE_OPS_INIT("count"),
	.flags = LEAT_STAGE_SINK, .state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct count_opts),
	.in_layouts = LEAT_LAYOUT_ITEMS, .init = count_init,
	.process = count_process};

/* ---- graphs ---------------------------------------------------------------- */

struct shape {
	const struct leat_stage_ops *ops;
	const void *opts;
	struct {
		enum mood mood;
		uint32_t n;
	} ins[GATHER_INS_MAX];
	uint64_t n_out;
	bool is_drained; /* it would not end by itself */
	bool has_room;   /* an end does not wait for credit */
};

struct trial {
	struct leat_graph *graph;
	struct sink_seen seen;
};

static struct leat_stage *
trial_add(struct trial *t, const struct leat_stage_ops *ops, const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;

	SIM_CHECK(leat_graph_add(t->graph, NULL, &step, &st, NULL) == LEAT_OK);
	return st;
}

static void
trial_link(struct trial *t, struct leat_stage *from, uint32_t out,
	struct leat_end in)
{
	SIM_CHECK(leat_graph_link(t->graph, leat_out(from, out), in, NULL,
			  NULL) == LEAT_OK);
}

static void
trial_begin(struct trial *t, uint32_t capacity)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = capacity};

	*t = (struct trial){.graph = NULL};
	SIM_CHECK(leat_graph_create(&opts, &t->graph, NULL) == LEAT_OK);
}

static void
trial_sink(struct trial *t, struct leat_stage *from)
{
	struct count_opts opts = {LEAT_OPTS_INIT(count_opts), .seen = &t->seen};

	trial_link(t, from, 0, leat_in(trial_add(t, &count_ops, &opts), 0));
}

static void
trial_end(struct trial *t, uint64_t n_out, bool is_drained)
{
	struct leat_graph_stats stats;

	SIM_CHECK(leat_graph_start(t->graph, NULL) == LEAT_OK);
	if (is_drained)
		leat_graph_drain(t->graph);
	SIM_CHECK(leat_graph_wait(t->graph, LEAT_NEVER, NULL) == LEAT_OK);
	leat_graph_stats(t->graph, &stats);
	SIM_CHECK(stats.is_balanced);
	SIM_CHECK(is_drained ? t->seen.n <= n_out : t->seen.n == n_out);
	SIM_CHECK(t->seen.n_back == 0);
	leat_graph_destroy(t->graph);
}

static void
gather_run(void *user)
{
	static struct trial t;
	const struct shape *shape = user;
	struct leat_stage *gather;

	trial_begin(&t, shape->has_room ? 4 : 1);
	gather = trial_add(&t, shape->ops, shape->opts);
	for (uint32_t k = 0; k < GATHER_INS_MAX && shape->ins[k].mood; k++) {
		struct feed_opts opts = {LEAT_OPTS_INIT(feed_opts),
			.mood = shape->ins[k].mood, .n = shape->ins[k].n,
			.first = 1 + k, .step = GATHER_INS_MAX};
		bool waits = opts.mood != MOOD_PROMPT;

		trial_link(&t,
			trial_add(&t, waits ? &feed_waiting_ops : &feed_ops,
				&opts),
			0, leat_in(gather, k));
	}
	trial_sink(&t, gather);
	trial_end(&t, shape->n_out, shape->is_drained);
}

static const struct leat_merge_opts by_key = {LEAT_OPTS_INIT(leat_merge_opts),
	.order = LEAT_MERGE_KEY, .key = "item"};

static struct shape gather_late = {&leat_merge_ops, &by_key,
	{{MOOD_PROMPT, 5}, {MOOD_LATE, 3}, {MOOD_PROMPT, 0}}, 8, false, false};
static struct shape gather_last = {&leat_merge_ops, &by_key,
	{{MOOD_LATE, 1}, {MOOD_LATE, 1}}, 2, false, true};
static struct shape gather_never = {&leat_merge_ops, &by_key,
	{{MOOD_PROMPT, 4}, {MOOD_NEVER, 0}, {MOOD_PROMPT, 4}}, 8, true, false};
static struct shape gather_zip = {&leat_zip_ops, NULL,
	{{MOOD_PROMPT, 6}, {MOOD_LATE, 2}}, 2, false, false};
static struct shape gather_zip_never = {&leat_zip_ops, NULL,
	{{MOOD_PROMPT, 4}, {MOOD_NEVER, 0}}, 0, true, false};

/* ---- branches of one stage -------------------------------------------------- */

/* Split by turns: every other branch drops all, one of them late. */
static bool
drop_item(const void *item, void *state)
{
	(void)item;
	(void)state;
	return false;
}

static const struct leat_stage_ops drop_ops = {
	LEAT_STAGE_OPS_INIT("drop"), .keep_item = drop_item};

static int
late_process(struct leat_stage *st, struct leat_frame *in)
{
	(void)!leat_ctx_wait(
		leat_stage_ctx(st), leat_now_ns() + GATHER_LATE_NS);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops late_ops = {LEAT_STAGE_OPS_INIT("late"),
	.flags = LEAT_STAGE_BLOCKING, .process = late_process};

struct fork {
	const struct leat_stage_ops *begin, *end;
	const void *begin_opts, *end_opts;
	const struct leat_stage_ops *branches[3];
	uint64_t n_out; /* of six */
};

static void
gather_fork(void *user)
{
	static struct trial t;
	const struct fork *fork = user;
	struct feed_opts opts = {LEAT_OPTS_INIT(feed_opts), .mood = MOOD_PROMPT,
		.n = 6, .first = 1, .step = 1};
	struct leat_stage *begin, *end;

	trial_begin(&t, 1);
	begin = trial_add(&t, fork->begin, fork->begin_opts);
	end = trial_add(&t, fork->end, fork->end_opts);
	trial_link(&t, trial_add(&t, &feed_ops, &opts), 0, leat_in(begin, 0));
	for (uint32_t k = 0; k < 3 && fork->branches[k]; k++) {
		struct leat_stage *st = trial_add(&t, fork->branches[k], NULL);

		trial_link(&t, begin, k, leat_in(st, 0));
		trial_link(&t, st, 0, leat_in(end, k));
	}
	trial_sink(&t, end);
	trial_end(&t, fork->n_out, false);
}

static const struct leat_merge_opts by_stamp = {
	LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
static const struct leat_tee_opts blocks = {
	LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};

static struct fork gather_stamp = {&leat_split_ops, &leat_merge_ops, NULL,
	&by_stamp, {&late_ops, &drop_ops, &pass_ops}, 4};
static struct fork gather_join = {&leat_tee_ops, &leat_join_ops, &blocks, NULL,
	{&late_ops, &pass_ops}, 6};
static struct fork gather_join_none = {&leat_tee_ops, &leat_join_ops, &blocks,
	NULL, {&late_ops, &drop_ops}, 0};

const struct sim_scenario scenarios_gather[] = {
	{.name = "gather_key_late",
		.idea = "a merge by key waits for one that is late",
		.run = gather_run,
		.user = &gather_late},
	{.name = "gather_key_last",
		.idea = "a last frame comes with its end",
		.run = gather_run,
		.user = &gather_last},
	{.name = "gather_key_never",
		.idea = "and for one that never begins, until the drain",
		.run = gather_run,
		.user = &gather_never},
	{.name = "gather_zip_ended",
		.idea = "a zip ends with the shortest, which is late",
		.run = gather_run,
		.user = &gather_zip},
	{.name = "gather_zip_never",
		.idea = "a zip of one that never begins, drained",
		.run = gather_run,
		.user = &gather_zip_never},
	{.name = "gather_stamp_idle",
		.idea = "an ordered merge, a late branch and one without "
			"frames",
		.run = gather_fork,
		.user = &gather_stamp},
	{.name = "gather_join_late",
		.idea = "a join waits for the late branch",
		.run = gather_fork,
		.user = &gather_join},
	{.name = "gather_join_none",
		.idea = "a join of a branch that drops everything",
		.run = gather_fork,
		.user = &gather_join_none},
	{0},
};
