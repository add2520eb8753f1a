/*
 * leat/parallel.h -- replicas of a chain of stages, and how many are at work.
 *
 *	struct leat_step steps[] = {{&leat_where_ops, &where}};
 *	struct leat_parallel_opts opts = {
 *		LEAT_OPTS_INIT(leat_parallel_opts), .least = 1, .most = 4};
 *	struct leat_end in, out;
 *
 *	leat_parallel(g, &opts, steps, 1, &in, &out, &err);
 *	leat_graph_link(g, leat_out(source, 0), in, NULL, &err);
 *	leat_graph_link(g, out, leat_in(sink, 0), NULL, &err);
 *
 * In text: `parallel 1..4 { where "delay > 60" }`.
 *
 * Stages whose records are independent of each other need it only to say how
 * many replicas there are, by which key, or that no order is wanted: the plan
 * lets all workers run them by itself.
 */
#ifndef LEAT_PARALLEL_H
#define LEAT_PARALLEL_H

#include <leat/base.h>
#include <leat/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_PARALLEL_MAX 256 /* replicas of one chain */

/** Replicas of a chain. Where least < most, their number follows the load. */
struct leat_parallel_opts {
	uint32_t size;       /* by LEAT_OPTS_INIT(leat_parallel_opts) */
	uint32_t flags;      /* none yet */
	uint32_t is_ordered; /* 1: what comes out has the order of what went
				in; 0: the order of each replica only */
	uint32_t least;      /* at work; 0 = most */
	uint32_t most;       /* 0 = one for each worker */
	uint32_t reserved;
	uint64_t start;   /* at work in the beginning; 0 = most */
	uint64_t predict; /* windows to look ahead; 0 = the last one only */
	/* percent; 0 = the default that is named */
	uint64_t grow_queue;   /* more replicas if more of the queue is full
				  (80) and */
	uint64_t grow_rate;    /* the rate is above this of its mean (150); */
	uint64_t grow_delay;   /* or the p99 of the frames' age is (200) */
	uint64_t shrink_queue; /* fewer if no more of the queue is full (20) */
	uint64_t shrink_rate;  /* and the rate is no more of its mean (70) */
	int64_t window_ns;     /* between two looks; 0 = 1 s */
	int64_t cooldown_ns;   /* no change after a change; 0 = 5 s */
	const char *by;        /* column: records that are equal there go to the
				  same replica, in their order; NULL = any */
};

/**
 * Add replicas of a chain to a graph.
 *
 * With is_ordered, stages that are all stateless are one region that takes
 * tickets; all others are put between a split and a merge. Copies of a stage
 * called "where" are called "where-2", "where-3", ...
 *
 * @param opts     NULL = one replica for each worker                   [lent]
 * @param steps    each with one in and one out; the last may be a sink [lent]
 * @param in_out   where the chain's input is to be linked
 * @param out_out  where its output begins; stage NULL behind a sink
 *
 * @return as leat_graph_add, and LEAT_EINVAL for bounds or stages that cannot
 * be: a source, a stage with several ends, an order behind a sink, or keys
 * that would have to move between replicas whose stages keep a state.
 */
LEAT_API LEAT_MUST_CHECK int leat_parallel(struct leat_graph *graph,
	const struct leat_parallel_opts *opts, const struct leat_step *steps,
	uint32_t n_steps, struct leat_end *in_out, struct leat_end *out_out,
	struct leat_error *err);

/* ---- what changed, and why ------------------------------------------------ */

enum leat_resize_why {
	LEAT_RESIZE_CROWDED = 1, /* grow_queue and grow_rate */
	LEAT_RESIZE_FULL,        /* grow_queue in three windows in a row */
	LEAT_RESIZE_LATE,        /* grow_delay */
	LEAT_RESIZE_TREND,       /* CROWDED is to be expected */
	LEAT_RESIZE_SLACK        /* shrink_queue and shrink_rate */
};

/** "the queue is long and the rate has risen", ... */
LEAT_API const char *leat_resize_text(uint32_t why);

/** One change of the number of replicas at work, with its grounds. */
struct leat_resize {
	uint64_t number;   /* from 1, over the whole graph */
	const char *stage; /* the first of the chain             [lent] */
	int64_t at_ns;     /* leat_now_ns() */
	uint32_t n_before;
	uint32_t n_after;
	uint32_t why; /* enum leat_resize_why */
	uint32_t reserved;
	double queue;     /* share of it that was full, 0 to 1 */
	double rate;      /* records a second, in this window */
	double mean_rate; /* and in those of the last minute */
	double p99_ns;    /* age of frames, 0 = unknown */
	double mean_p99_ns;
};

#define LEAT_RESIZES_KEPT 64 /* older ones are forgotten */

/**
 * Changes that came after one that is known, oldest first. From any thread.
 *
 * @param after  number of the last one that is known; 0 = none
 * @return how many were stored, at most n_max.
 */
LEAT_API uint32_t leat_graph_resizes(const struct leat_graph *graph,
	uint64_t after, struct leat_resize *resizes_out, uint32_t n_max);

#ifdef __cplusplus
}
#endif
#endif
