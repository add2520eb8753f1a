/*
 * graph/order.c -- which links lead to ordered merges, where their branches
 * begin, and whether their order can be kept.
 *
 * Keeps: all branches of an ordered merge begin at one stage, the nearest that
 * all of them go through, and are chains of stages and of merges whose branches
 * begin further down: nested ones. That stage numbers its frames; on marked
 * links stamps never go back, and whoever passes nothing on still promises
 * (src/run). docs/design/ordering.md has the argument that no such graph can be
 * stuck.
 * Threads: the one that builds the graph.
 */
#include "graph/graph.h"

static bool
stage_is_chained(const struct leat_stage *st)
{
	return st->n_ins == 1 && st->n_outs == 1;
}

static bool
stage_merges(const struct leat_stage *st)
{
	return st->is_ordered_merge && st->n_ins > 1;
}

/* ---- upwards ------------------------------------------------------------ */

/* The next link upwards that does not come from a stage of a chain. */
static struct leat__link *
up_chain(struct leat__link *link)
{
	while (stage_is_chained(link->from))
		link = link->from->ins[0];
	return link;
}

/* Where branches may begin that end with a link out of no chain: at its stage,
 * or, of a merge, where that one's branches begin. */
static struct leat_stage *
up_begin(const struct leat__link *link)
{
	return stage_merges(link->from) ? link->from->begin : link->from;
}

/* The link into a merge's block; NULL: branches cannot begin above. */
static struct leat__link *
up_over(const struct leat__link *link)
{
	const struct leat_stage *begin = up_begin(link);

	return stage_merges(link->from) && begin->n_ins == 1 ? begin->ins[0]
							     : NULL;
}

/* ---- where the branches of a merge begin -------------------------------- */

/* By stage: how many of a merge's ins lead to it. */
struct reach {
	const struct leat_graph *graph;
	uint32_t *n_ins;
};

/* Count for in k. Returns the last stage at which its branch may begin. */
static struct leat_stage *
reach_in(struct reach *reach, const struct leat_stage *merge, uint32_t k)
{
	struct leat__link *link = merge->ins[k];
	struct leat_stage *begin = NULL;

	for (; link; link = up_over(link)) {
		link = up_chain(link);
		begin = up_begin(link);
		if (reach->n_ins[begin->number] == k)
			reach->n_ins[begin->number]++;
	}
	return begin;
}

static int
begin_refuse_unordered(const struct leat_stage *merge,
	const struct leat_stage *st, struct leat_error *err)
{
	return leat__stage_finding(st, err, LEAT_EINVAL,
		"stage '%s' takes frames of several branches as they come, so "
		"their order against other branches of '%s' is lost; use "
		"'merge stamp' there, or put it behind '%s'",
		st->name, merge->name, merge->name);
}

static int
begin_refuse(const struct leat_stage *merge, const struct leat_stage *a,
	const struct leat_stage *b, struct leat_error *err)
{
	if (a->n_ins > 1)
		return begin_refuse_unordered(merge, a, err);
	if (b->n_ins > 1)
		return begin_refuse_unordered(merge, b, err);
	return leat__stage_finding(merge, err, LEAT_EINVAL,
		"stage '%s' goes by stamps, but its branches begin at '%s' "
		"and at '%s'; they must all begin at one tee or split",
		merge->name, a->name, b->name);
}

/* The nearest that all ins lead to; NULL = there is none. */
static struct leat_stage *
begin_nearest(const struct reach *reach, const struct leat_stage *merge)
{
	struct leat__link *link = merge->ins[0];

	for (; link; link = up_over(link)) {
		link = up_chain(link);
		if (reach->n_ins[up_begin(link)->number] == merge->n_ins)
			return up_begin(link);
	}
	return NULL;
}

static int
begin_find(
	struct reach *reach, struct leat_stage *merge, struct leat_error *err)
{
	struct leat_stage *first = NULL, *other = NULL;

	for (uint32_t k = 0; k < reach->graph->n_stages; k++)
		reach->n_ins[k] = 0;
	for (uint32_t k = 0; k < merge->n_ins; k++) {
		struct leat_stage *last = reach_in(reach, merge, k);

		if (!first)
			first = last;
		if (!other && last != first)
			other = last;
	}
	merge->begin = begin_nearest(reach, merge);
	if (merge->begin)
		return LEAT_OK;
	return begin_refuse(merge, first, other ? other : first, err);
}

/* ---- marking ------------------------------------------------------------ */

/* What it emits for a frame must come before it takes the next one: after
 * each it is flushed. Who chooses may hold back then too. */
static bool
stage_can_be_emptied(const struct leat_stage *st)
{
	return !st->needs.holds ||
		(st->ops.flush && !(st->ops.flags & LEAT_STAGE_CHOOSES));
}

static int
mark_refuse(const struct leat_stage *st, const struct leat_stage *merge,
	struct leat_error *err)
{
	return leat__stage_finding(st, err, LEAT_EINVAL,
		"stage '%s' keeps frames back, so their order against other "
		"branches of '%s' is lost; put it behind '%s'",
		st->name, merge->name, merge->name);
}

/* Frames are numbered there anew, whatever their order was before; a source
 * has numbered them. */
static int
mark_begin(struct leat_stage *begin, const struct leat_stage *merge,
	struct leat_error *err)
{
	if (begin->needs.holds)
		return mark_refuse(begin, merge, err);
	if (!begin->n_ins)
		return LEAT_OK;
	begin->is_restamping = true;
	/* a frame with other readers keeps its stamp for them */
	begin->ops.flags |= LEAT_STAGE_IN_PLACE;
	return LEAT_OK;
}

/* Its branches, and the two ends of them, are part of a branch. */
static int
mark_nested(struct leat_stage *inner, const struct leat_stage *merge,
	struct leat_error *err)
{
	struct leat_stage *begin = inner->begin;

	if (inner->ops.flush)
		return mark_refuse(inner, merge, err);
	if (begin->is_nested)
		return leat__stage_finding(inner, err, LEAT_EINVAL,
			"branches that begin at '%s' are merged by '%s', on a "
			"branch of '%s', and elsewhere by another one; put a "
			"tee or split of its own before each",
			begin->name, inner->name, merge->name);
	begin->is_nested = inner->is_nested = true;
	/* frames get their outer stamp back */
	inner->ops.flags |= LEAT_STAGE_IN_PLACE;
	return LEAT_OK;
}

/* Mark a branch from its end upwards. */
static int
mark_branch(struct leat__link *link, const struct leat_stage *merge,
	struct leat_error *err)
{
	for (;;) {
		struct leat_stage *st = link->from;

		link->is_ordered = true;
		if (stage_is_chained(st)) {
			if (!stage_can_be_emptied(st))
				return mark_refuse(st, merge, err);
			link = st->ins[0];
		} else if (up_begin(link) == merge->begin) {
			return LEAT_OK;
		} else {
			LEAT_TRY(mark_nested(st, merge, err));
			link = st->begin->ins[0];
		}
	}
}

static int
mark_merge(
	struct reach *reach, struct leat_stage *merge, struct leat_error *err)
{
	LEAT_TRY(begin_find(reach, merge, err));
	for (uint32_t k = 0; k < merge->n_ins; k++)
		LEAT_TRY(mark_branch(merge->ins[k], merge, err));
	return mark_begin(merge->begin, merge, err);
}

/* ---- the whole ---------------------------------------------------------- */

static void
order_reset(struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_links; k++)
		graph->links[k]->is_ordered = false;
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		graph->stages[k]->is_restamping = false;
		graph->stages[k]->is_nested = false;
		graph->stages[k]->begin = NULL;
	}
}

int
leat__order_make(struct leat_graph *graph, struct leat_error *err)
{
	struct reach reach = {.graph = graph};
	int rc = LEAT_OK;

	order_reset(graph);
	reach.n_ins = leat__graph_own_alloc(
		graph, graph->n_stages * sizeof(*reach.n_ins));
	if (!reach.n_ins)
		return leat__graph_no_memory(err, "the order of branches");
	/* senders come first, so inner merges do */
	for (uint32_t k = 0; k < graph->n_stages && rc == LEAT_OK; k++)
		if (stage_merges(graph->stages[k]))
			rc = mark_merge(&reach, graph->stages[k], err);
	leat__graph_own_free(graph, reach.n_ins);
	return rc;
}

bool
leat__order_keeps_empty(const struct leat_stage *st)
{
	return stage_is_chained(st) && st->outs[0]->is_ordered && st->ops.flush;
}

uint32_t
leat__order_n_entries(const struct leat_stage *merge)
{
	const struct leat_stage *begin = merge->begin;
	uint64_t n_frames = 0;

	for (uint32_t k = 0; k < begin->n_outs; k++)
		n_frames += begin->outs[k]->capacity_frames;
	return leat__nest_n_entries(n_frames);
}

uint64_t
leat__order_bytes(const struct leat_graph *graph)
{
	uint64_t n_bytes = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (graph->stages[k]->is_nested && graph->stages[k]->begin)
			n_bytes += leat__nest_bytes(
				leat__order_n_entries(graph->stages[k]));
	return n_bytes;
}
