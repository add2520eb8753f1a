/*
 * graph/blocks.h -- can stages that restamp and ordered merges stop each other?
 *
 * A merge waits for inputs that are empty, a sender for channels that are full.
 * A circle of such waits lies in one block: a largest part of the graph that
 * no single stage cuts in two, whichever way its links point. Stamps only fall
 * along it, so there is none, unless it runs through a stage that restamps.
 * Hence the rule: no block holds a link into such a stage, a link out of it
 * and a link into an ordered merge further down. (A restamper at the head of a
 * block is a source there.)
 */
#ifndef LEAT_SRC_GRAPH_BLOCKS_H
#define LEAT_SRC_GRAPH_BLOCKS_H

#include "env/env.h"

/* Flags of a node. */
#define LEAT__BLOCKS_ORDERED_MERGE 1u
#define LEAT__BLOCKS_RESTAMPS      2u

struct leat__blocks_edge {
	uint32_t from, to;
};

/* The graph as far as it matters here; without circles. */
struct leat__blocks_graph {
	const uint8_t *flags; /* by node: LEAT__BLOCKS_* */
	const struct leat__blocks_edge *edges;
	uint32_t n_nodes;
	uint32_t n_edges;
};

struct leat__blocks_pair {
	uint32_t restamper;
	uint32_t merge;
};

/*
 * The first pair that breaks the rule: of the lowest restamper, the lowest
 * merge. 1: there is one, in pair_out; 0: there is none; LEAT_EINVAL (an edge
 * of a node that is not there, or a circle), LEAT_ENOMEM.
 * Threads: any. Cost: O(edges * (1 + restampers / 64)); at most 44 bytes a
 * node and 32 an edge meanwhile.
 */
LEAT_MUST_CHECK int leat__blocks_check(const struct leat__env *env,
	const struct leat__blocks_graph *graph,
	struct leat__blocks_pair *pair_out);

#endif
