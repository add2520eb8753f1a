/*
 * graph/blocks.c -- can stages that restamp and ordered merges stop each other?
 *
 * Edges get the number of their block in one walk in depth, which keeps its
 * path itself and so may be as long as it likes. Which restampers a merge is
 * further down than is found in the order of the links, for 64 of them at a
 * time, a bit for each.
 * Source: Hopcroft and Tarjan, Algorithm 447: Efficient algorithms for graph
 * manipulation, 1973. Threads: any; no state but the caller's.
 */
#include <string.h>

#include "graph/blocks.h"

#define BLOCKS_NO_EDGE UINT32_MAX
#define BLOCKS_AT_ONCE 64u /* restampers */

struct blocks {
	const struct leat__blocks_graph *graph;
	void *memory;

	uint32_t *begins; /* by node, and one more: of its edges in touching */
	uint32_t *touching; /* edges, once at each of their ends */
	uint32_t *n_before; /* by node: edges into it from nodes not in order */
	uint32_t *order;    /* nodes, senders before receivers */

	/* the walk */
	uint32_t *numbers; /* by node: as they are found, from 1; 0 = not yet */
	uint32_t *lows;    /* by node: lowest number next to it or below */
	uint32_t *nexts;   /* by node: how far it is in touching */
	uint32_t *via;     /* by node: the edge it was found by */
	uint32_t *path;    /* nodes from the root to where the walk is */
	uint32_t *pile;    /* edges passed whose block is not complete */
	uint32_t *block_of; /* by edge */
	uint32_t n_numbers, n_path, n_pile, n_blocks;

	/* some restampers, in order; below, a bit for each */
	uint32_t restampers[BLOCKS_AT_ONCE];
	uint32_t n_restampers;
	uint64_t *above; /* by node: those it is further down than */
	uint64_t *into;  /* by block: those with a link into them there */
	uint64_t *out;   /* by block: those with a link out of them there */
};

static int
blocks_alloc(struct blocks *b, const struct leat__env *env)
{
	size_t n = b->graph->n_nodes, n_edges = b->graph->n_edges;
	uint64_t *wide;
	uint32_t *narrow;

	b->memory = env->alloc(env,
		(n + 2 * n_edges) * sizeof(*wide) +
			(9 * n + 1 + 4 * n_edges) * sizeof(*narrow));
	if (!b->memory)
		return LEAT_ENOMEM;
	wide = b->memory;
	b->above = wide;
	b->into = b->above + n;
	b->out = b->into + n_edges;
	narrow = (uint32_t *)(void *)(b->out + n_edges);
	b->begins = narrow;
	b->touching = b->begins + n + 1;
	b->n_before = b->touching + 2 * n_edges;
	b->order = b->n_before + n;
	b->numbers = b->order + n;
	b->lows = b->numbers + n;
	b->nexts = b->lows + n;
	b->via = b->nexts + n;
	b->path = b->via + n;
	b->pile = b->path + n;
	b->block_of = b->pile + n_edges;
	return LEAT_OK;
}

/* ---- order --------------------------------------------------------------- */

static int
blocks_count(struct blocks *b)
{
	uint32_t n_nodes = b->graph->n_nodes;

	for (uint32_t e = 0; e < b->graph->n_edges; e++) {
		struct leat__blocks_edge edge = b->graph->edges[e];

		if (edge.from >= n_nodes || edge.to >= n_nodes)
			return LEAT_EINVAL;
		b->begins[edge.from + 1]++;
		b->begins[edge.to + 1]++;
		b->n_before[edge.to]++;
	}
	for (uint32_t v = 0; v < n_nodes; v++)
		b->begins[v + 1] += b->begins[v];
	return LEAT_OK;
}

static void
blocks_index(struct blocks *b)
{
	size_t n_bytes = b->graph->n_nodes * sizeof(*b->nexts);

	memcpy(b->nexts, b->begins, n_bytes);
	for (uint32_t e = 0; e < b->graph->n_edges; e++) {
		struct leat__blocks_edge edge = b->graph->edges[e];

		b->touching[b->nexts[edge.from]++] = e;
		b->touching[b->nexts[edge.to]++] = e;
	}
	memcpy(b->nexts, b->begins, n_bytes);
}

/* Each node after all that send to it: Kahn 1962. A circle never gets in. */
static int
blocks_sort(struct blocks *b)
{
	uint32_t n_nodes = b->graph->n_nodes, n = 0;

	for (uint32_t v = 0; v < n_nodes; v++)
		if (b->n_before[v] == 0)
			b->order[n++] = v;
	for (uint32_t at = 0; at < n; at++) {
		uint32_t v = b->order[at];

		for (uint32_t k = b->begins[v]; k < b->begins[v + 1]; k++) {
			struct leat__blocks_edge edge =
				b->graph->edges[b->touching[k]];

			if (edge.from == v && --b->n_before[edge.to] == 0)
				b->order[n++] = edge.to;
		}
	}
	return n == n_nodes ? LEAT_OK : LEAT_EINVAL;
}

/* ---- walk ---------------------------------------------------------------- */

static void
walk_enter(struct blocks *b, uint32_t node, uint32_t edge)
{
	b->numbers[node] = b->lows[node] = ++b->n_numbers;
	b->via[node] = edge;
	b->path[b->n_path++] = node;
}

static void
walk_lower(struct blocks *b, uint32_t node, uint32_t low)
{
	if (low < b->lows[node])
		b->lows[node] = low;
}

static void
walk_pass(struct blocks *b, uint32_t node, uint32_t edge)
{
	struct leat__blocks_edge ends = b->graph->edges[edge];
	uint32_t other = ends.from == node ? ends.to : ends.from;

	if (edge == b->via[node])
		return;
	if (b->numbers[other] == 0) {
		b->pile[b->n_pile++] = edge;
		walk_enter(b, other, edge);
	} else if (b->numbers[other] < b->numbers[node]) {
		b->pile[b->n_pile++] = edge;
		walk_lower(b, node, b->numbers[other]);
	}
}

/* Nothing below reaches past the node it was found from: what was passed since
 * is a block. */
static void
walk_leave(struct blocks *b)
{
	uint32_t node = b->path[--b->n_path], parent, edge;

	if (b->n_path == 0)
		return;
	parent = b->path[b->n_path - 1];
	walk_lower(b, parent, b->lows[node]);
	if (b->lows[node] < b->numbers[parent])
		return;
	do {
		edge = b->pile[--b->n_pile];
		b->block_of[edge] = b->n_blocks;
	} while (edge != b->via[node]);
	b->n_blocks++;
}

static void
walk_from(struct blocks *b, uint32_t root)
{
	walk_enter(b, root, BLOCKS_NO_EDGE);
	while (b->n_path > 0) {
		uint32_t node = b->path[b->n_path - 1];

		if (b->nexts[node] < b->begins[node + 1])
			walk_pass(b, node, b->touching[b->nexts[node]++]);
		else
			walk_leave(b);
	}
}

/* ---- pairs --------------------------------------------------------------- */

/* The next restampers, from a node on. Returns where to go on. */
static uint32_t
pairs_pick(struct blocks *b, uint32_t node)
{
	b->n_restampers = 0;
	for (; node < b->graph->n_nodes; node++) {
		if (!(b->graph->flags[node] & LEAT__BLOCKS_RESTAMPS))
			continue;
		if (b->n_restampers == BLOCKS_AT_ONCE)
			break;
		b->restampers[b->n_restampers++] = node;
	}
	return node;
}

static void
pairs_mark(struct blocks *b)
{
	memset(b->above, 0, b->graph->n_nodes * sizeof(*b->above));
	memset(b->into, 0, b->n_blocks * sizeof(*b->into));
	memset(b->out, 0, b->n_blocks * sizeof(*b->out));
	for (uint32_t r = 0; r < b->n_restampers; r++) {
		uint32_t v = b->restampers[r];

		for (uint32_t k = b->begins[v]; k < b->begins[v + 1]; k++) {
			uint32_t e = b->touching[k];
			uint32_t to = b->graph->edges[e].to;

			if (to == v) {
				b->into[b->block_of[e]] |= 1ull << r;
			} else {
				b->out[b->block_of[e]] |= 1ull << r;
				b->above[to] |= 1ull << r;
			}
		}
	}
}

static void
pairs_spread(struct blocks *b)
{
	for (uint32_t at = 0; at < b->graph->n_nodes; at++) {
		uint32_t v = b->order[at];

		for (uint32_t k = b->begins[v]; k < b->begins[v + 1]; k++)
			b->above[b->graph->edges[b->touching[k]].to] |=
				b->above[v];
	}
}

/* The restampers that break the rule with this merge. */
static uint64_t
pairs_of_merge(const struct blocks *b, uint32_t merge)
{
	uint64_t found = 0;

	for (uint32_t k = b->begins[merge]; k < b->begins[merge + 1]; k++) {
		uint32_t e = b->touching[k], block = b->block_of[e];

		if (b->graph->edges[e].to == merge)
			found |= b->into[block] & b->out[block];
	}
	return found & b->above[merge];
}

static bool
pairs_first(const struct blocks *b, struct leat__blocks_pair *pair_out)
{
	uint32_t first = BLOCKS_AT_ONCE;

	for (uint32_t v = 0; v < b->graph->n_nodes; v++) {
		uint64_t found;
		uint32_t r;

		if (!(b->graph->flags[v] & LEAT__BLOCKS_ORDERED_MERGE))
			continue;
		found = pairs_of_merge(b, v);
		r = found ? (uint32_t)__builtin_ctzll(found) : BLOCKS_AT_ONCE;
		if (r >= first)
			continue;
		first = r;
		*pair_out = (struct leat__blocks_pair){b->restampers[r], v};
	}
	return first < BLOCKS_AT_ONCE;
}

/* ---- check --------------------------------------------------------------- */

static int
blocks_check(struct blocks *b, struct leat__blocks_pair *pair_out)
{
	uint32_t n_nodes = b->graph->n_nodes, node = 0;

	LEAT_TRY(blocks_count(b));
	blocks_index(b);
	LEAT_TRY(blocks_sort(b));
	for (uint32_t v = 0; v < n_nodes; v++)
		if (b->numbers[v] == 0)
			walk_from(b, v);
	while (node < n_nodes) {
		node = pairs_pick(b, node);
		pairs_mark(b);
		pairs_spread(b);
		if (pairs_first(b, pair_out))
			return 1;
	}
	return 0;
}

int
leat__blocks_check(const struct leat__env *env,
	const struct leat__blocks_graph *graph,
	struct leat__blocks_pair *pair_out)
{
	struct blocks b = {.graph = graph};
	int rc;

	LEAT_TRY(blocks_alloc(&b, env));
	rc = blocks_check(&b, pair_out);
	env->free(env, b.memory);
	return rc;
}
