/*
 * watch/look.h -- a look at a graph: what it holds.
 */
#ifndef LEAT_SRC_WATCH_LOOK_H
#define LEAT_SRC_WATCH_LOOK_H

#include "graph/graph.h"
#include <leat/look.h>

/* Of a stage: records and bytes that came to it and that it was through with,
 * as people count: what a source reads comes, what a sink writes goes. */
struct leat__flow {
	uint64_t in, out, in_bytes, out_bytes;
	uint64_t read, written;
};

/* A second, in the last window. */
struct leat__rates {
	double in, out, in_bytes, out_bytes;
	double read, written;
};

struct leat_look {
	struct leat_graph *graph;
	struct leat_look_opts opts;
	struct leat_load *load;
	struct leat_watchdog *dog;
	struct leat_stall stall;  /* as of the last tick */
	int64_t now_ns;           /* of the last tick */
	int64_t window_ns;        /* began */
	bool has_window;          /* one is over */
	struct leat__flow *flows; /* as it began, by stage */
	struct leat__rates *rates;
};

/* look_json.c: a link, as an object of a list. */
struct leat__json;
void leat__look_link_put(
	const struct leat_link_stats *link, struct leat__json *j);

#endif
