/*
 * sim/scenario_watch.c -- what stands still is found, and whom it waits for.
 *
 * A stage stops in its third call, for ever: at work, with something the
 * outside does not take, without a frame of a pool; or a source gives nothing.
 * A watchdog is asked now and then. It is never early: what it tells is not
 * longer than the time since then. Where nobody has anything to do, or all is
 * only slow, it tells of nothing.
 */
#include <stdio.h>
#include <string.h>

#include <leat/leat.h>

#include "run/run.h"
#include "scenario.h"

#define LOOK_NS  INT64_C(20000)
#define STALL_NS (10 * LOOK_NS)
#define STOP_AT  3u
#define N_IDLE   4u
#define WHY_MAX  1024u

enum stop {
	STOP_NOT = 0,
	STOP_WORK, /* in its call */
	STOP_TAKE, /* the outside does not take what it has */
	STOP_GIVE, /* the outside gives it nothing */
	STOP_POOL, /* a pool has no frame for it */
	STOP_SLOW  /* each call takes a while */
};

struct stop_opts {
	uint32_t size;
	uint32_t flags;
	enum stop how;
	uint32_t at;      /* frame, from 1 */
	int64_t *when_ns; /* it stopped; 0 = not yet */
	struct leat_pool *pool;
};

struct stopper {
	struct stop_opts opts;
	uint32_t n; /* calls */
	uint64_t n_made;
};

static int
stop_init(struct leat_stage *st, const void *opts)
{
	struct stopper *s = leat_stage_state(st);

	s->opts = *(const struct stop_opts *)opts;
	return LEAT_OK;
}

/* Until its context ends. */
static int
stop_wait(struct leat_stage *st, const struct stop_opts *opts)
{
	struct leat_frame *frame;
	int rc;

	*opts->when_ns = leat_now_ns();
	if (opts->how == STOP_POOL)
		return leat_pool_acquire(
			opts->pool, leat_stage_ctx(st), LEAT_NEVER, &frame);
	if (opts->how == STOP_TAKE)
		leat__run_wait_begin(st, LEAT__DOING_BLOCK);
	if (opts->how == STOP_GIVE)
		leat__run_wait_begin(st, LEAT__DOING_STARVE);
	rc = leat_ctx_wait(leat_stage_ctx(st), LEAT_NEVER);
	if (opts->how == STOP_TAKE || opts->how == STOP_GIVE)
		leat__run_wait_end(st);
	return rc;
}

static int
stop_call(struct leat_stage *st)
{
	struct stopper *s = leat_stage_state(st);

	if (s->opts.how == STOP_SLOW)
		sim_sleep_until(leat_now_ns() + 3 * LOOK_NS);
	else if (s->opts.how && ++s->n == s->opts.at)
		return stop_wait(st, &s->opts);
	return LEAT_OK;
}

static int
feed_produce(struct leat_stage *st)
{
	struct stopper *s = leat_stage_state(st);
	struct leat_frame *frame;
	int rc = stop_call(st);

	if (rc < 0)
		return rc;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	*(uint64_t *)(void *)frame->data = ++s->n_made;
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
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
through_process(struct leat_stage *st, struct leat_frame *frame)
{
	int rc = stop_call(st);

	return rc < 0 ? rc : leat_stage_emit(st, 0, frame);
}

static int
end_process(struct leat_stage *st, struct leat_frame *frame)
{
	int rc = stop_call(st);

	if (rc < 0)
		return rc;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, frame->n_items);
	leat_stage_release(st, frame);
	return LEAT_OK;
}

#define STOPS                                                                  \
	.state_bytes = sizeof(struct stopper),                                 \
	.opts_bytes = sizeof(struct stop_opts), .init = stop_init

static const struct leat_stage_ops feed_ops = {LEAT_STAGE_OPS_INIT("feed"),
	STOPS, .flags = LEAT_STAGE_BLOCKING, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = 64}, .negotiate = feed_negotiate,
	.produce = feed_produce};
static const struct leat_stage_ops through_ops = {
	LEAT_STAGE_OPS_INIT("through"), STOPS, .process = through_process};
static const struct leat_stage_ops waits_ops = {LEAT_STAGE_OPS_INIT("waits"),
	STOPS, .flags = LEAT_STAGE_BLOCKING, .process = through_process};
static const struct leat_stage_ops end_ops = {LEAT_STAGE_OPS_INIT("end"), STOPS,
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING, .process = end_process};

/* ---- scenes ------------------------------------------------------------- */

struct scene {
	struct leat_graph *graph;
	struct leat_watchdog *dog;
	int64_t when_ns;
	struct leat_pool *pool;
};

static struct leat_stage *
scene_add(struct scene *s, const struct leat_stage_ops *ops, enum stop how,
	uint32_t at)
{
	struct stop_opts opts = {LEAT_OPTS_INIT(stop_opts), .how = how,
		.at = at, .when_ns = &s->when_ns, .pool = s->pool};
	struct leat_step step = {ops, &opts};
	struct leat_stage *st;

	SIM_CHECK(!leat_graph_add(s->graph, NULL, &step, &st, NULL));
	return st;
}

static struct leat_stage *
scene_fan(struct scene *s, const struct leat_stage_ops *ops, const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;

	SIM_CHECK(!leat_graph_add(s->graph, NULL, &step, &st, NULL));
	return st;
}

static void
scene_link(struct scene *s, struct leat_stage *from, uint32_t out,
	struct leat_stage *to, uint32_t in)
{
	SIM_CHECK(!leat_graph_link(
		s->graph, leat_out(from, out), leat_in(to, in), NULL, NULL));
}

static void
scene_begin(struct scene *s)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 2};

	*s = (struct scene){.graph = NULL};
	sim_keep_time();
	SIM_CHECK(!leat_graph_create(&opts, &s->graph, NULL));
}

static void
scene_start(struct scene *s)
{
	SIM_CHECK(!leat_graph_start(s->graph, NULL));
	SIM_CHECK(!leat_watchdog_create(s->graph, &s->dog, NULL));
}

static struct leat_stall
scene_look(struct scene *s)
{
	struct leat_stall stall;

	sim_sleep_until(leat_now_ns() + LOOK_NS);
	leat_watchdog_tick(s->dog, leat_now_ns(), &stall);
	return stall;
}

static void
scene_end(struct scene *s)
{
	leat_watchdog_destroy(s->dog);
	leat_graph_cancel(s->graph);
	SIM_CHECK(
		leat_graph_wait(s->graph, LEAT_NEVER, NULL) == LEAT_ECANCELED);
	leat_graph_destroy(s->graph);
}

/* The sentence begins with whom all wait for, and says each of the others. */
static void
check_why(struct scene *s, const char *name, const char *const *says)
{
	char why[WHY_MAX], first[64];

	leat_watchdog_why(s->dog, why, sizeof(why));
	snprintf(first, sizeof(first), "'%s' has ", name);
	SIM_CHECK(strncmp(why, first, strlen(first)) == 0);
	for (; *says; says++)
		SIM_CHECK(strstr(why, *says));
}

/* It is found, in time and not before, and the others behind it. */
static void
scene_watch(struct scene *s, const char *name, const char *const *says)
{
	struct leat_stage_stats stats;
	struct leat_stall stall;

	scene_start(s);
	do {
		int64_t stood_ns;

		stall = scene_look(s);
		stood_ns = s->when_ns ? leat_now_ns() - s->when_ns : 0;
		SIM_CHECK(!s->when_ns || stood_ns < 3 * STALL_NS);
		/* before that they may wait for one another for a look */
		SIM_CHECK(stall.ns < (uint64_t)STALL_NS ||
			(int64_t)stall.ns <= stood_ns);
	} while (stall.ns < (uint64_t)STALL_NS);
	SIM_CHECK(!leat_stage_stats(s->graph, stall.stage, &stats));
	SIM_CHECK(strcmp(stats.name, name) == 0);
	check_why(s, name, says);
	scene_end(s);
}

/* ---- stalls ------------------------------------------------------------- */

struct chain {
	enum stop sink;
	const char *const *says;
};

static const char *const at_work[] = {"at work",
	"'through' has waited for room "
	"to it",
	"(2 of 2 frames are there)", "1 more stands behind",
	"nothing that leads to it moves", NULL};
static const char *const not_taken[] = {
	"the outside to take", "'through' has waited for room to it", NULL};
static const struct chain chain_work = {STOP_WORK, at_work};
static const struct chain chain_take = {STOP_TAKE, not_taken};
static const struct chain chain_pool = {STOP_POOL, at_work};

static void
chain_run(const struct chain *chain)
{
	static struct scene s;
	struct leat_pool_opts pool_opts = {
		LEAT_OPTS_INIT(leat_pool_opts), .n_slots = 1};
	struct leat_frame *frame;
	struct leat_pool *pool;
	struct leat_stage *through, *end;

	scene_begin(&s);
	SIM_CHECK(!leat_pool_create(&pool_opts, &pool, NULL));
	SIM_CHECK(!leat_pool_try_acquire(pool, &frame));
	s.pool = pool;
	through = scene_add(&s, &through_ops, STOP_NOT, 0);
	end = scene_add(&s, &end_ops, chain->sink, STOP_AT);
	scene_link(&s, scene_add(&s, &feed_ops, STOP_NOT, 0), 0, through, 0);
	scene_link(&s, through, 0, end, 0);
	scene_watch(&s, "end", chain->says);
	leat_frame_release(frame);
	leat_pool_destroy(pool);
}

static void
stall_work(void *user)
{
	(void)user;
	chain_run(&chain_work);
}

static void
stall_take(void *user)
{
	(void)user;
	chain_run(&chain_take);
}

static void
stall_pool(void *user)
{
	(void)user;
	chain_run(&chain_pool);
}

/* A merge by key waits for a source that says nothing. */
static void
stall_merge(void *user)
{
	static const char *const says[] = {"the outside to give",
		"'merge' has waited for its frames",
		"wait for it at its other ins", NULL};
	static const struct leat_merge_opts opts = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_KEY,
		.key = "item"};
	static struct scene s;
	struct leat_stage *merge, *silent;

	(void)user;
	scene_begin(&s);
	merge = scene_fan(&s, &leat_merge_ops, &opts);
	silent = scene_add(&s, &feed_ops, STOP_GIVE, STOP_AT);
	scene_link(&s, scene_add(&s, &feed_ops, STOP_NOT, 0), 0, merge, 0);
	scene_link(&s, silent, 0, merge, 1);
	scene_link(&s, merge, 0, scene_add(&s, &end_ops, STOP_NOT, 0), 0);
	scene_watch(&s, "feed", says);
}

/* Of branches in order one stops; the merge waits for it, and who splits for
 * the others too. */
static void
stall_branch(void *user)
{
	static const char *const says[] = {"at work",
		"'merge' has waited for "
		"its frames",
		"at its other ins", NULL};
	static const struct leat_merge_opts opts = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	static struct scene s;
	struct leat_stage *split, *merge, *branches[2];

	(void)user;
	scene_begin(&s);
	split = scene_fan(&s, &leat_split_ops, NULL);
	merge = scene_fan(&s, &leat_merge_ops, &opts);
	branches[0] = scene_add(&s, &waits_ops, STOP_WORK, STOP_AT);
	branches[1] = scene_add(&s, &through_ops, STOP_NOT, 0);
	for (uint32_t k = 0; k < 2; k++) {
		scene_link(&s, split, k, branches[k], 0);
		scene_link(&s, branches[k], 0, merge, k);
	}
	scene_link(&s, scene_add(&s, &feed_ops, STOP_NOT, 0), 0, split, 0);
	scene_link(&s, merge, 0, scene_add(&s, &end_ops, STOP_NOT, 0), 0);
	scene_watch(&s, "waits", says);
}

/* ---- and none ----------------------------------------------------------- */

static void
quiet_run(enum stop source, enum stop sink, bool is_idle)
{
	static struct scene s;
	struct leat_stage *through;
	struct leat_stall stall = {0};

	scene_begin(&s);
	through = scene_add(&s, &through_ops, STOP_NOT, 0);
	scene_link(&s, scene_add(&s, &feed_ops, source, N_IDLE), 0, through, 0);
	scene_link(&s, through, 0, scene_add(&s, &end_ops, sink, 0), 0);
	scene_start(&s);
	for (int k = 0; k < 40; k++) {
		stall = scene_look(&s);
		SIM_CHECK(stall.ns < (uint64_t)STALL_NS);
	}
	if (is_idle)
		SIM_CHECK(stall.ns == 0 && stall.n_stages == 0);
	scene_end(&s);
}

static void
quiet_idle(void *user)
{
	(void)user;
	quiet_run(STOP_GIVE, STOP_NOT, true);
}

/* A source of an application's own, that waits by itself. */
static void
quiet_own(void *user)
{
	(void)user;
	quiet_run(STOP_WORK, STOP_NOT, true);
}

static void
quiet_slow(void *user)
{
	(void)user;
	quiet_run(STOP_NOT, STOP_SLOW, false);
}

const struct sim_scenario scenarios_watch[] = {
	{.name = "watch_sink",
		.idea = "a sink that stops is found, and who waits for it",
		.run = stall_work,
		.runs_per_mille = 200},
	{.name = "watch_pipe",
		.idea = "so is one whose outside takes nothing",
		.run = stall_take,
		.runs_per_mille = 200},
	{.name = "watch_pool",
		.idea = "and one that waits for a frame of a pool",
		.run = stall_pool,
		.runs_per_mille = 200},
	{.name = "watch_merge",
		.idea = "a merge without input waits for a source",
		.run = stall_merge,
		.runs_per_mille = 200},
	{.name = "watch_branch",
		.idea = "branches in order wait for the one that stopped",
		.run = stall_branch,
		.runs_per_mille = 200},
	{.name = "watch_idle",
		.idea = "a graph without input does not stand still",
		.run = quiet_idle,
		.runs_per_mille = 200},
	{.name = "watch_own",
		.idea = "nor does a source that waits in its call",
		.run = quiet_own,
		.runs_per_mille = 200},
	{.name = "watch_slow",
		.idea = "nor does who is only slow",
		.run = quiet_slow,
		.runs_per_mille = 200},
	{0},
};
