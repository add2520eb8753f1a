/*
 * graph/elastic.h -- how many replicas of a chain are at work, and when that
 * number changes.
 *
 * Time is cut into windows; one that is looked at late is as long as that took.
 * At the end of each the queue before the chain, the rate of its records and
 * the age of its frames are held against their means of the last 60 windows;
 * after a change the number rests for a while. It only decides: who routes
 * frames makes the change, between two of them.
 * Threads: one at a time, by whoever routes the frames; n_active from any.
 */
#ifndef LEAT_SRC_GRAPH_ELASTIC_H
#define LEAT_SRC_GRAPH_ELASTIC_H

#include "env/env.h"
#include <leat/parallel.h>

#define LEAT__ELASTIC_WINDOWS 60u /* that the means are of */
#define LEAT__ELASTIC_UNKNOWN 0.5 /* of a queue that says nothing */
#define LEAT__ELASTIC_AGES    64u /* of frames, looked at in one window */

/* What was seen in one window. */
struct leat__elastic_window {
	double queue; /* mean share of it that was full, 0 to 1 */
	double rate;  /* records a second */
	double p99;   /* of the frames' ages, ns; 0 = unknown */
};

struct leat__elastic {
	struct leat_parallel_opts opts; /* defaults filled in */
	uint32_t n_active;              /* atomic: replicas at work */
	int64_t began_ns;               /* this window; 0 = none yet */
	int64_t rest_ns;                /* no change before */
	uint32_t n_full;                /* windows with a full queue in a row */
	/* this window */
	uint64_t n_items;
	double queue_sum;
	uint32_t n_looks;
	uint32_t n_ages; /* offered; kept are at most LEAT__ELASTIC_AGES */
	int64_t ages_ns[LEAT__ELASTIC_AGES];
	/* those before; n_windows % LEAT__ELASTIC_WINDOWS is the oldest */
	uint64_t n_windows;
	struct leat__elastic_window windows[LEAT__ELASTIC_WINDOWS];
};

/* opts: defaults filled in. n: at work in the beginning. */
void leat__elastic_init(struct leat__elastic *e,
	const struct leat_parallel_opts *opts, uint32_t n);
/* Records are on their way to a replica. */
void leat__elastic_count(struct leat__elastic *e, uint64_t n_items);
/* This share of the places where frames may wait for that is full, at a moment
 * when those at work have theirs, and who sends has had time to fill them. */
void leat__elastic_look(struct leat__elastic *e, double queue);
/* Some frame's age, ns. */
void leat__elastic_age(struct leat__elastic *e, int64_t age_ns);
/* Is the window over? true: n_active has changed; resize is filled but for
 * its number and its stage. */
bool leat__elastic_tick(
	struct leat__elastic *e, int64_t now_ns, struct leat_resize *resize);

static inline uint32_t
leat__elastic_n_active(const struct leat__elastic *e)
{
	return leat__load_relaxed(&e->n_active);
}

#endif
