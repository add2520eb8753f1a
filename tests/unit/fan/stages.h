/*
 * unit/fan/stages.h -- small graphs around one fan stage: a source, branches,
 * sinks that count.
 */
#ifndef LEAT_TESTS_UNIT_FAN_STAGES_H
#define LEAT_TESTS_UNIT_FAN_STAGES_H

#include <string.h>

#include "support/numbers.h"
#include "support/test.h"

#define FAN_BRANCHES_MAX 8u

/* A source of n items, a fan-out, one sink on each branch. */
struct fan {
	struct leat_graph *graph;
	struct leat_stage *out; /* the fan-out */
	struct leat_stage *sinks[FAN_BRANCHES_MAX];
	struct sink_seen seen[FAN_BRANCHES_MAX];
	struct leat_error err;
};

static inline struct leat_stage *
fan_add(struct fan *fan, const struct leat_stage_ops *ops, const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;

	ck_assert_msg(leat_graph_add(fan->graph, NULL, &step, &st, &fan->err) ==
			LEAT_OK,
		"%s", fan->err.text);
	return st;
}

static inline void
fan_link(struct fan *fan, struct leat_stage *from, uint32_t out,
	struct leat_stage *to, uint32_t in, uint32_t capacity)
{
	struct leat_link_opts opts = {
		LEAT_OPTS_INIT(leat_link_opts), .capacity_frames = capacity};

	ck_assert_msg(leat_graph_link(fan->graph, leat_out(from, out),
			      leat_in(to, in), &opts, &fan->err) == LEAT_OK,
		"%s", fan->err.text);
}

/* In a graph that is empty. Frames of per_frame items; links of one frame. */
static inline void
fan_fill(struct fan *fan, uint64_t n, uint64_t per_frame,
	const struct leat_step *step, uint32_t n_branches,
	const uint64_t *enough)
{
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = n, .per_frame = per_frame};
	struct leat_stage *source = fan_add(fan, &numbers_ops, &numbers);

	fan->out = fan_add(fan, step->ops, step->opts);
	fan_link(fan, source, 0, fan->out, 0, 1);
	for (uint32_t k = 0; k < n_branches; k++) {
		struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts),
			.seen = &fan->seen[k],
			.enough = enough ? enough[k] : 0};

		fan->sinks[k] = fan_add(fan, &sink_ops, &sink);
		fan_link(fan, fan->out, k, fan->sinks[k], 0, 1);
	}
}

static inline void
fan_open_wide(struct fan *fan, uint64_t n, uint64_t per_frame,
	const struct leat_step *step, uint32_t n_branches,
	const uint64_t *enough)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};

	memset(fan, 0, sizeof(*fan));
	ck_assert_int_eq(
		leat_graph_create(&opts, &fan->graph, &fan->err), LEAT_OK);
	fan_fill(fan, n, per_frame, step, n_branches, enough);
}

/* enough[k]: items after which sink k wants no more; NULL = all want all. */
static inline void
fan_open(struct fan *fan, uint64_t n, const struct leat_step *step,
	uint32_t n_branches, const uint64_t *enough)
{
	fan_open_wide(fan, n, 1, step, n_branches, enough);
}

static inline void
fan_run(struct fan *fan)
{
	struct leat_graph_stats stats;

	ck_assert_msg(leat_graph_run(fan->graph, &fan->err) == LEAT_OK, "%s",
		fan->err.text);
	leat_graph_stats(fan->graph, &stats);
	ck_assert_uint_eq(stats.is_balanced, 1);
}

/* The check fails, and says this. */
static inline void
fan_refused(struct fan *fan, const char *text)
{
	ck_assert_int_lt(leat_graph_check(fan->graph, &fan->err), 0);
	ck_assert_msg(strstr(fan->err.text, text) != NULL, "%s", fan->err.text);
	leat_graph_destroy(fan->graph);
}

#endif
