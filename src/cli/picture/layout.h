/*
 * cli/picture/layout.h -- places for the nodes of a picture, rank by rank.
 *
 * Keeps: every link leads from a rank to the next; an edge over several ranks
 * goes through bends, which are items without a node. Items of a rank stand in
 * the order of their numbers and do not overlap.
 */
#ifndef LEAT_SRC_CLI_LAYOUT_H
#define LEAT_SRC_CLI_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define LEAT__LAYOUT_ITEMS_MAX 4096u
#define LEAT__LAYOUT_BEND      UINT32_MAX

struct leat__layout_item {
	uint32_t node; /* LEAT__LAYOUT_BEND = none */
	uint32_t rank;
	uint32_t at;     /* among those of its rank */
	uint32_t extent; /* across the ranks */
	int32_t begin;   /* where it begins there; 0 is the least of all */
	double wish;     /* what it is sorted by, and where it would be */
};

/* From an item to one of the next rank. */
struct leat__layout_link {
	uint32_t from, to;
	uint32_t edge; /* that it is a part of */
};

struct leat__layout {
	struct leat__layout_item *items; /* those of nodes first */
	uint32_t n_items;
	struct leat__layout_link *links;
	uint32_t n_links;
	uint32_t *order; /* items, by rank and place */
	uint32_t *ranks; /* where a rank begins in order; n_ranks + 1 */
	uint32_t n_ranks;
	uint32_t extent; /* of all */
};

struct leat__layout_edge {
	uint32_t from, to;
};

/* What is to be placed. */
struct leat__layout_task {
	const uint32_t *extents; /* of nodes */
	uint32_t n_nodes;
	const struct leat__layout_edge *edges;
	uint32_t n_edges;
	uint32_t bend_extent;
	uint32_t gap; /* between two of a rank */
};

enum leat__layout_result {
	LEAT__LAYOUT_OK = 0,
	LEAT__LAYOUT_NO_MEMORY,
	LEAT__LAYOUT_CIRCLE,  /* there is no first */
	LEAT__LAYOUT_TOO_MANY /* over LEAT__LAYOUT_ITEMS_MAX */
};

/* To be freed in any case. */
enum leat__layout_result leat__layout_make(
	const struct leat__layout_task *task, struct leat__layout *layout);
void leat__layout_free(struct leat__layout *layout);
/* Where a link meets an item, across the ranks: all at one side are spread over
 * it, in the order of what is at their other ends. */
uint32_t leat__layout_port(
	const struct leat__layout *layout, uint32_t link, bool is_from);
/* How many pairs of links between two ranks cross each other. */
uint32_t leat__layout_crossings(const struct leat__layout *layout);

#endif
