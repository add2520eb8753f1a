/*
 * graph/order.c -- which links lead to ordered merges, and whether their order
 * can be kept.
 *
 * Keeps: the branches of an ordered merge all begin at one tee or split, and
 * are chains; that stage numbers its frames, on their links stamps never go
 * back, and whoever passes nothing on still promises (src/run).
 * docs/design/ordering.md has the argument that no such graph can be stuck.
 * Threads: the one that builds the graph.
 */
#include "graph/graph.h"

/* ---- one branch --------------------------------------------------------- */

static bool
stage_is_chained(const struct leat_stage *st)
{
	return st->ops.n_ins == 1 && st->ops.n_outs == 1;
}

/* What it emits for a frame must come before it takes the next one. */
static int
branch_check_stage(const struct leat_stage *st, const struct leat_stage *merge,
	struct leat_error *err)
{
	if (!st->ops.flush && !st->needs.holds)
		return LEAT_OK;
	return leat__stage_finding(st, err, LEAT_EINVAL,
		"stage '%s' keeps records back, so their order against other "
		"branches of '%s' is lost; put it behind '%s'",
		st->name, merge->name, merge->name);
}

/* Mark a branch from its end upwards; *begin_out is where it begins. */
static int
branch_mark(struct leat__link *link, const struct leat_stage *merge,
	struct leat_stage **begin_out, struct leat_error *err)
{
	for (;;) {
		struct leat_stage *st = link->from;

		link->is_ordered = true;
		*begin_out = st;
		if (!stage_is_chained(st))
			return LEAT_OK;
		LEAT_TRY(branch_check_stage(st, merge, err));
		link = st->ins[0];
	}
}

/* ---- one merge ---------------------------------------------------------- */

static int
merge_refuse(const struct leat_stage *merge, const struct leat_stage *a,
	const struct leat_stage *b, struct leat_error *err)
{
	return leat__stage_finding(merge, err, LEAT_EINVAL,
		"merge '%s' has order=stamp, but its branches begin at '%s' "
		"and at '%s'; they must all begin at one tee or split",
		merge->name, a->name, b->name);
}

/* Frames are numbered there anew, whatever their order was before. */
static void
begin_mark(struct leat_stage *begin)
{
	if (begin->n_outs < 2)
		return;
	begin->is_restamping = true;
	/* a frame with other readers keeps its stamp for them */
	begin->ops.flags |= LEAT_STAGE_IN_PLACE;
}

static int
merge_check(const struct leat_stage *merge, struct leat_error *err)
{
	struct leat_stage *first = NULL;

	for (uint32_t k = 0; k < merge->n_ins; k++) {
		struct leat_stage *begin;

		LEAT_TRY(branch_mark(merge->ins[k], merge, &begin, err));
		if (first && begin != first)
			return merge_refuse(merge, first, begin, err);
		first = begin;
	}
	begin_mark(first);
	return LEAT_OK;
}

int
leat__order_make(struct leat_graph *graph, struct leat_error *err)
{
	for (uint32_t k = 0; k < graph->n_links; k++)
		graph->links[k]->is_ordered = false;
	for (uint32_t k = 0; k < graph->n_stages; k++)
		graph->stages[k]->is_restamping = false;
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (graph->stages[k]->is_ordered_merge &&
			graph->stages[k]->n_ins > 1)
			LEAT_TRY(merge_check(graph->stages[k], err));
	return LEAT_OK;
}
