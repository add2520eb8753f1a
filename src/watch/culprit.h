/*
 * watch/culprit.h -- the stage that holds the others up, found once for all who
 * tell of it.
 */
#ifndef LEAT_SRC_WATCH_CULPRIT_H
#define LEAT_SRC_WATCH_CULPRIT_H

#include "graph/graph.h"
#include <leat/watch.h>

/* What it is found by, as of the last ticks. */
struct leat__sight {
	const struct leat_graph *graph;
	const struct leat_load *load;    /* NULL = nobody is slow */
	const struct leat_watchdog *dog; /* NULL = nothing stands still */
	const struct leat_stall *stall;  /* of that; NULL = as dog */
	uint64_t stall_ns;  /* what stands still for so long is told of */
	uint64_t window_ns; /* of load, for words */
};

enum leat__culprit_kind {
	LEAT__CULPRIT_NONE = 0,
	LEAT__CULPRIT_STALLED, /* it stands still */
	LEAT__CULPRIT_SLOW,    /* it works, and others wait for it */
	LEAT__CULPRIT_OUTSIDE /* a sink from which nobody takes, or a guard's */
};

struct leat__culprit {
	enum leat__culprit_kind kind;
	uint32_t stage; /* LEAT_LOAD_NONE: none */
};

struct leat__culprit leat__culprit_find(const struct leat__sight *sight);
/* A sentence that begins with its name; of none nothing is added. */
void leat__culprit_say(const struct leat__sight *sight,
	struct leat__culprit culprit, struct leat__text *text);

#endif
