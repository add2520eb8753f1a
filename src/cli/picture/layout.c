/*
 * cli/picture/layout.c -- places for the nodes of a picture, rank by rank.
 *
 * Ranks are the longest ways from the sources, and sources stand right before
 * what they feed. Within ranks items are sorted by the mean place of their
 * neighbours, down and up in turn, and the order with the fewest crossings is
 * kept. Places are the nearest to those means that leave no overlap: a
 * regression that keeps the order.
 * Source: Sugiyama, Tagawa, Toda, Methods for visual understanding of
 * hierarchical system structures, 1981; Ayer et al., 1955 (adjacent violators).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

#define LAYOUT_SWEEPS 12
#define LAYOUT_PASSES 8

/* ---- ranks --------------------------------------------------------------- */

/* The longest way from a source; false: a circle. n_in is used up. */
static bool
ranks_longest(const struct leat__layout_task *task, uint32_t *rank,
	uint32_t *n_in, uint32_t *queue)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < task->n_edges; k++)
		n_in[task->edges[k].to]++;
	for (uint32_t k = 0; k < task->n_nodes; k++)
		if (!n_in[k])
			queue[n++] = k;
	for (uint32_t at = 0; at < n; at++) {
		for (uint32_t k = 0; k < task->n_edges; k++) {
			const struct leat__layout_edge *e = &task->edges[k];

			if (e->from != queue[at])
				continue;
			if (rank[e->to] < rank[e->from] + 1)
				rank[e->to] = rank[e->from] + 1;
			if (--n_in[e->to] == 0)
				queue[n++] = e->to;
		}
	}
	return n == task->n_nodes;
}

/* Sources stand right before the first that they feed. */
static void
ranks_pull(const struct leat__layout_task *task, uint32_t *rank)
{
	for (uint32_t k = 0; k < task->n_nodes; k++) {
		uint32_t least = UINT32_MAX;
		bool is_source = true;

		for (uint32_t j = 0; j < task->n_edges; j++) {
			const struct leat__layout_edge *e = &task->edges[j];

			is_source &= e->to != k;
			if (e->from == k && rank[e->to] < least)
				least = rank[e->to];
		}
		if (is_source && least != UINT32_MAX)
			rank[k] = least - 1;
	}
}

static enum leat__layout_result
ranks_make(const struct leat__layout_task *task, uint32_t *rank)
{
	uint32_t *room = calloc(2 * (size_t)task->n_nodes + 1, sizeof(*room));
	bool is_good;

	if (!room)
		return LEAT__LAYOUT_NO_MEMORY;
	is_good = ranks_longest(task, rank, room, room + task->n_nodes);
	free(room);
	if (!is_good)
		return LEAT__LAYOUT_CIRCLE;
	ranks_pull(task, rank);
	return LEAT__LAYOUT_OK;
}

/* ---- items and links ----------------------------------------------------- */

static enum leat__layout_result
items_alloc(const struct leat__layout_task *task, const uint32_t *rank,
	struct leat__layout *l)
{
	uint64_t n_links = 0;

	for (uint32_t k = 0; k < task->n_edges; k++)
		n_links += rank[task->edges[k].to] - rank[task->edges[k].from];
	if (task->n_nodes + n_links > LEAT__LAYOUT_ITEMS_MAX)
		return LEAT__LAYOUT_TOO_MANY;
	for (uint32_t k = 0; k < task->n_nodes; k++)
		if (l->n_ranks <= rank[k])
			l->n_ranks = rank[k] + 1;
	l->items = calloc(task->n_nodes + n_links + 1, sizeof(*l->items));
	l->links = calloc(n_links + 1, sizeof(*l->links));
	l->order = calloc(task->n_nodes + n_links + 1, sizeof(*l->order));
	l->ranks = calloc((size_t)l->n_ranks + 1, sizeof(*l->ranks));
	return l->items && l->links && l->order && l->ranks
		? LEAT__LAYOUT_OK
		: LEAT__LAYOUT_NO_MEMORY;
}

static uint32_t
items_add(struct leat__layout *l, uint32_t node, uint32_t rank, uint32_t extent)
{
	l->items[l->n_items] = (struct leat__layout_item){
		.node = node, .rank = rank, .extent = extent};
	return l->n_items++;
}

static void
items_add_edge(const struct leat__layout_task *task, struct leat__layout *l,
	uint32_t edge)
{
	uint32_t at = task->edges[edge].from, to = task->edges[edge].to;

	while (at != to) {
		uint32_t rank = l->items[at].rank + 1;
		uint32_t next = rank == l->items[to].rank
			? to
			: items_add(l, LEAT__LAYOUT_BEND, rank,
				  task->bend_extent);

		l->links[l->n_links++] =
			(struct leat__layout_link){at, next, edge};
		at = next;
	}
}

/* In the order of their numbers. */
static void
items_order(struct leat__layout *l)
{
	uint32_t n = 0;

	for (uint32_t r = 0; r < l->n_ranks; r++) {
		l->ranks[r] = n;
		for (uint32_t k = 0; k < l->n_items; k++) {
			if (l->items[k].rank != r)
				continue;
			l->items[k].at = n - l->ranks[r];
			l->order[n++] = k;
		}
	}
	l->ranks[l->n_ranks] = n;
}

static enum leat__layout_result
items_make(const struct leat__layout_task *task, struct leat__layout *l)
{
	uint32_t *rank = calloc((size_t)task->n_nodes + 1, sizeof(*rank));
	enum leat__layout_result result;

	if (!rank)
		return LEAT__LAYOUT_NO_MEMORY;
	result = ranks_make(task, rank);
	if (!result)
		result = items_alloc(task, rank, l);
	for (uint32_t k = 0; !result && k < task->n_nodes; k++)
		items_add(l, k, rank[k], task->extents[k]);
	for (uint32_t k = 0; !result && k < task->n_edges; k++)
		items_add_edge(task, l, k);
	if (!result)
		items_order(l);
	free(rank);
	return result;
}

/* ---- the order within ranks ---------------------------------------------- */

uint32_t
leat__layout_crossings(const struct leat__layout *l)
{
	uint32_t n = 0;

	for (uint32_t a = 0; a < l->n_links; a++) {
		const struct leat__layout_item *a0 =
			&l->items[l->links[a].from];
		const struct leat__layout_item *a1 = &l->items[l->links[a].to];

		for (uint32_t b = 0; b < a; b++) {
			const struct leat__layout_item *b0 =
				&l->items[l->links[b].from];
			const struct leat__layout_item *b1 =
				&l->items[l->links[b].to];

			if (a0->rank == b0->rank &&
				((a0->at < b0->at && a1->at > b1->at) ||
					(a0->at > b0->at && a1->at < b1->at)))
				n++;
		}
	}
	return n;
}

/* Every item wishes to stand at the mean of its neighbours before (or behind);
 * place says where those are. */
static void
wishes_make(struct leat__layout *l, uint32_t rank, bool is_down,
	double (*place)(const struct leat__layout_item *item))
{
	for (uint32_t k = l->ranks[rank]; k < l->ranks[rank + 1]; k++) {
		uint32_t self = l->order[k], n = 0;
		double sum = 0;

		for (uint32_t j = 0; j < l->n_links; j++) {
			const struct leat__layout_link *link = &l->links[j];
			uint32_t near = is_down ? link->to : link->from;

			if (near != self)
				continue;
			sum += place(
				&l->items[is_down ? link->from : link->to]);
			n++;
		}
		l->items[self].wish = n ? sum / n : place(&l->items[self]);
	}
}

static double
place_at(const struct leat__layout_item *item)
{
	return item->at;
}

/* Stable: equal wishes stay as they are. */
static void
rank_sort(struct leat__layout *l, uint32_t rank)
{
	uint32_t first = l->ranks[rank], end = l->ranks[rank + 1];

	for (uint32_t k = first + 1; k < end; k++) {
		uint32_t self = l->order[k], at = k;

		for (; at > first &&
			l->items[l->order[at - 1]].wish > l->items[self].wish;
			at--)
			l->order[at] = l->order[at - 1];
		l->order[at] = self;
	}
	for (uint32_t k = first; k < end; k++)
		l->items[l->order[k]].at = k - first;
}

static void
order_sweep(struct leat__layout *l, bool is_down)
{
	for (uint32_t k = 1; k < l->n_ranks; k++) {
		uint32_t rank = is_down ? k : l->n_ranks - 1 - k;

		wishes_make(l, rank, is_down, place_at);
		rank_sort(l, rank);
	}
}

static void
order_set(struct leat__layout *l, const uint32_t *order)
{
	memcpy(l->order, order, l->n_items * sizeof(*order));
	for (uint32_t r = 0; r < l->n_ranks; r++)
		for (uint32_t k = l->ranks[r]; k < l->ranks[r + 1]; k++)
			l->items[l->order[k]].at = k - l->ranks[r];
}

/* false: no memory. */
static bool
order_make(struct leat__layout *l)
{
	size_t n_bytes = l->n_items * sizeof(*l->order);
	uint32_t *best = malloc(n_bytes + 1);
	uint32_t least = leat__layout_crossings(l);

	if (!best)
		return false;
	memcpy(best, l->order, n_bytes);
	for (uint32_t k = 0; k < LAYOUT_SWEEPS && least; k++) {
		uint32_t n;

		order_sweep(l, k % 2 == 0);
		n = leat__layout_crossings(l);
		if (n >= least)
			continue;
		least = n;
		memcpy(best, l->order, n_bytes);
	}
	order_set(l, best);
	free(best);
	return true;
}

/* ---- places -------------------------------------------------------------- */

static double
place_middle(const struct leat__layout_item *item)
{
	return item->begin + item->extent / 2.0;
}

/* Items side by side that cannot all stand where they wish: their mean. */
struct block {
	double sum;
	uint32_t n;
};

static double
block_mean(const struct block *block)
{
	return block->sum / block->n;
}

/* The nearest places to the wishes: items are shifted to where each could stand
 * at the same place, and those that would change their order are one block. */
static void
rank_place(struct leat__layout *l, uint32_t rank, uint32_t gap,
	struct block *blocks)
{
	uint32_t first = l->ranks[rank], n_blocks = 0, at = first;
	int32_t shift = 0;

	for (uint32_t k = first; k < l->ranks[rank + 1]; k++) {
		struct leat__layout_item *item = &l->items[l->order[k]];
		double wish = item->wish - item->extent / 2.0;

		blocks[n_blocks++] = (struct block){wish - shift, 1};
		for (; n_blocks > 1 &&
			block_mean(&blocks[n_blocks - 2]) >
				block_mean(&blocks[n_blocks - 1]);
			n_blocks--) {
			blocks[n_blocks - 2].sum += blocks[n_blocks - 1].sum;
			blocks[n_blocks - 2].n += blocks[n_blocks - 1].n;
		}
		shift += (int32_t)(item->extent + gap);
	}
	shift = 0;
	for (uint32_t b = 0; b < n_blocks; b++) {
		int32_t begin = (int32_t)floor(block_mean(&blocks[b]) + 0.5);

		for (uint32_t k = 0; k < blocks[b].n; k++) {
			struct leat__layout_item *item =
				&l->items[l->order[at++]];

			item->begin = begin + shift;
			shift += (int32_t)(item->extent + gap);
		}
	}
}

static void
places_shift(struct leat__layout *l)
{
	int32_t least = INT32_MAX, most = 0;

	for (uint32_t k = 0; k < l->n_items; k++)
		if (l->items[k].begin < least)
			least = l->items[k].begin;
	for (uint32_t k = 0; k < l->n_items; k++) {
		l->items[k].begin -= least;
		if (l->items[k].begin + (int32_t)l->items[k].extent > most)
			most = l->items[k].begin + (int32_t)l->items[k].extent;
	}
	l->extent = (uint32_t)most;
}

static void
places_pass(struct leat__layout *l, bool is_down, uint32_t gap,
	struct block *blocks)
{
	for (uint32_t k = 1; k < l->n_ranks; k++) {
		uint32_t rank = is_down ? k : l->n_ranks - 1 - k;

		wishes_make(l, rank, is_down, place_middle);
		rank_place(l, rank, gap, blocks);
	}
}

/* false: no memory. */
static bool
places_make(struct leat__layout *l, uint32_t gap)
{
	struct block *blocks = calloc((size_t)l->n_items + 1, sizeof(*blocks));

	if (!blocks)
		return false;
	for (uint32_t r = 0; r < l->n_ranks; r++) {
		for (uint32_t k = l->ranks[r]; k < l->ranks[r + 1]; k++)
			l->items[l->order[k]].wish = 0;
		rank_place(l, r, gap, blocks);
	}
	for (uint32_t k = 0; k < LAYOUT_PASSES; k++)
		places_pass(l, k % 2 == 0, gap, blocks);
	free(blocks);
	if (l->n_items)
		places_shift(l);
	return true;
}

/* ---- all of it ----------------------------------------------------------- */

enum leat__layout_result
leat__layout_make(
	const struct leat__layout_task *task, struct leat__layout *layout)
{
	enum leat__layout_result result;

	memset(layout, 0, sizeof(*layout));
	result = items_make(task, layout);
	if (result)
		return result;
	if (!order_make(layout) || !places_make(layout, task->gap))
		return LEAT__LAYOUT_NO_MEMORY;
	return LEAT__LAYOUT_OK;
}

void
leat__layout_free(struct leat__layout *layout)
{
	free(layout->items);
	free(layout->links);
	free(layout->order);
	free(layout->ranks);
	memset(layout, 0, sizeof(*layout));
}

uint32_t
leat__layout_port(
	const struct leat__layout *layout, uint32_t link, bool is_from)
{
	const struct leat__layout_link *l = &layout->links[link];
	const struct leat__layout_item *items = layout->items;
	uint32_t self = is_from ? l->from : l->to;
	uint32_t far = is_from ? l->to : l->from;
	uint32_t n = 0, before = 0;

	for (uint32_t k = 0; k < layout->n_links; k++) {
		const struct leat__layout_link *o = &layout->links[k];
		uint32_t other = is_from ? o->to : o->from;

		if ((is_from ? o->from : o->to) != self)
			continue;
		n++;
		before += items[other].at < items[far].at ||
			(other == far && k < link);
	}
	return (uint32_t)items[self].begin +
		(before + 1) * items[self].extent / (n + 1);
}
