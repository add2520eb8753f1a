/*
 * unit/watch/clock.h -- a clock that goes on only when a stage says so, and
 * stages that take a known time.
 */
#ifndef LEAT_TESTS_UNIT_WATCH_CLOCK_H
#define LEAT_TESTS_UNIT_WATCH_CLOCK_H

#include "support/test.h"

#include "base/atomic.h"
#include "run/run.h"
#include "support/fail.h"
#include "support/numbers.h"

#define CLOCK_START_NS INT64_C(4000000000)

static int64_t clock_ns = CLOCK_START_NS;

static inline int64_t
clock_now(const struct leat__env *env)
{
	(void)env;
	return leat__load_relaxed(&clock_ns);
}

static inline int64_t
clock_wall(const struct leat__env *env)
{
	return clock_now(env) + INT64_C(1700000000000000000);
}

static inline void
clock_world(struct fail_env *world)
{
	fail_env_init(world);
	world->env.now_ns = clock_now;
	world->env.wall_ns = clock_wall;
	clock_ns = CLOCK_START_NS;
}

/* A call takes ns, each fourth one four times that. */
struct takes_opts {
	uint32_t size;
	uint32_t flags;
	int64_t ns;
};

struct takes {
	int64_t ns;
	uint32_t n;
};

static inline int
takes_init(struct leat_stage *st, const void *opts)
{
	struct takes *s = leat_stage_state(st);

	s->ns = ((const struct takes_opts *)opts)->ns;
	return LEAT_OK;
}

static inline void
takes_time(struct leat_stage *st)
{
	struct takes *s = leat_stage_state(st);

	leat__add_relaxed(&clock_ns, s->ns * (++s->n % 4 ? 1 : 4));
}

static inline int
takes_process(struct leat_stage *st, struct leat_frame *in)
{
	takes_time(st);
	return leat_stage_emit(st, 0, in);
}

static inline int
takes_end_process(struct leat_stage *st, struct leat_frame *in)
{
	takes_time(st);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

#define TAKES                                                                  \
	.state_bytes = sizeof(struct takes),                                   \
	.opts_bytes = sizeof(struct takes_opts), .init = takes_init

static const struct leat_stage_ops takes_ops = {
	LEAT_STAGE_OPS_INIT("takes"), TAKES, .process = takes_process};
static const struct leat_stage_ops takes_end_ops = {LEAT_STAGE_OPS_INIT("end"),
	TAKES, .flags = LEAT_STAGE_SINK, .process = takes_end_process};

/* numbers ! takes ! end, in one segment; each takes ns. */
static inline struct leat_graph *
clock_graph(const struct leat__env *env, uint64_t n_frames, int64_t ns,
	uint32_t flags)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .flags = flags, .workers = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = 7 * n_frames};
	struct takes_opts takes = {LEAT_OPTS_INIT(takes_opts), .ns = ns};
	struct leat_step steps[] = {{&numbers_ops, &numbers},
		{&takes_ops, &takes}, {&takes_end_ops, &takes}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat__graph_create(env, &opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	return graph;
}

#endif
