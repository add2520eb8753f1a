/*
 * graph/parallel.h -- replicas of a chain: what was asked for, and what the
 * graph has instead.
 *
 * Ordered replicas of stateless stages are a region: one copy here, instances
 * in the plan. All others stand between a split and a merge, as stages of
 * their own. show writes what was asked for.
 */
#ifndef LEAT_SRC_GRAPH_PARALLEL_H
#define LEAT_SRC_GRAPH_PARALLEL_H

#include "graph/elastic.h"
#include "graph/graph.h"

struct leat__parallel {
	struct leat__parallel *next; /* of the graph */
	struct leat__elastic elastic;
	struct leat_stage *first, *last; /* of the first copy */
	struct leat_stage *split;        /* NULL: no copies */
	struct leat_stage *merge;        /* NULL: no copies, or sinks */
	bool is_region;
};

/* Options of `parallel`, as of a stage; struct leat_parallel_opts. */
extern const struct leat_option leat__parallel_options[];

/* Copy what was given, fill in the defaults, check it. */
LEAT_MUST_CHECK int leat__parallel_opts_take(struct leat_graph *graph,
	const struct leat_parallel_opts *given, struct leat_parallel_opts *o,
	struct leat_error *err);

/* The stages from first to last are in the graph, each linked to the next.
 * opts as they were given. */
LEAT_MUST_CHECK int leat__parallel_make(struct leat_graph *graph,
	const struct leat_parallel_opts *opts, struct leat_stage *first,
	struct leat_stage *last, struct leat__parallel **parallel_out,
	struct leat_error *err);

/* Where its input goes, and where its output begins (stage NULL = nowhere). */
struct leat_end leat__parallel_in(const struct leat__parallel *parallel);
struct leat_end leat__parallel_out(const struct leat__parallel *parallel);

/* The region that a stage belongs to because it was asked for, or NULL. */
static inline struct leat__parallel *
leat__parallel_region(const struct leat_stage *st)
{
	return st->parallel && st->parallel->is_region ? st->parallel : NULL;
}

static inline bool
leat__parallel_is_elastic(const struct leat__parallel *parallel)
{
	const struct leat_parallel_opts *opts = &parallel->elastic.opts;

	return opts->least < opts->most;
}

/* Keep a change for leat_graph_resizes(); number and stage are filled in. */
void leat__parallel_note(
	struct leat__parallel *parallel, struct leat_resize *resize);

#endif
