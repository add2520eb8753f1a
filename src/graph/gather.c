/*
 * graph/gather.c -- can a stage that chooses among its ins wait for ever?
 *
 * It waits for one of its ins while others are full. If these hang together
 * elsewhere, by any links in any direction, the one who would fill the first
 * may wait for the others to be emptied. So they must not: with the stage taken
 * away, each in lies in a part of the graph of its own.
 * docs/design/ordering.md has the argument that this is enough.
 * Keeps: nothing; it only looks. Cost: stages and links, for each such stage.
 * Threads: the one that builds the graph.
 */
#include "graph/graph.h"

/* Parts of the graph, by stage: the number of another of the same part, in the
 * end one that stands for all. */
struct parts {
	uint32_t *parents;
	uint32_t n;
};

static uint32_t
parts_find(struct parts *parts, uint32_t k)
{
	while (parts->parents[k] != k) {
		parts->parents[k] = parts->parents[parts->parents[k]];
		k = parts->parents[k];
	}
	return k;
}

/* All links but those of one stage. */
static void
parts_make(struct parts *parts, const struct leat_graph *graph,
	const struct leat_stage *without)
{
	for (uint32_t k = 0; k < parts->n; k++)
		parts->parents[k] = k;
	for (uint32_t k = 0; k < graph->n_links; k++) {
		const struct leat__link *link = graph->links[k];

		if (link->from != without && link->to != without)
			parts->parents[parts_find(parts, link->from->number)] =
				parts_find(parts, link->to->number);
	}
}

/* Stages that the data of one came by, itself included, in the order of the
 * data; a mark by number. */
static void
gather_mark_above(const struct leat_stage *st, uint32_t *marks, uint32_t mark)
{
	const struct leat_graph *graph = st->graph;

	marks[st->number] |= mark;
	for (uint32_t k = st->number + 1; k-- > 0;)
		for (uint32_t in = 0;
			(marks[k] & mark) && in < graph->stages[k]->n_ins; in++)
			marks[graph->stages[k]->ins[in]->from->number] |= mark;
}

/* The last stage that the data of both came by, or NULL. */
static const struct leat_stage *
gather_common(const struct leat_stage *a, const struct leat_stage *b,
	struct parts *parts)
{
	/* the parts have been looked at: their memory is free */
	uint32_t *marks = parts->parents;

	for (uint32_t k = 0; k < parts->n; k++)
		marks[k] = 0;
	gather_mark_above(a, marks, 1);
	gather_mark_above(b, marks, 2);
	for (uint32_t k = parts->n; k-- > 0;)
		if (marks[k] == 3)
			return a->graph->stages[k];
	return NULL;
}

static int
gather_refuse(const struct leat_stage *st, const struct leat_stage *a,
	const struct leat_stage *b, struct parts *parts, struct leat_error *err)
{
	const struct leat_stage *common = gather_common(a, b, parts);

	if (common)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' waits for one branch while another is "
			"full, and '%s' and '%s' both come from '%s', which "
			"then waits for it: it can get stuck; merge "
			"order=stamp "
			"(or join) brings the branches of one stage together",
			st->name, a->name, b->name, common->name);
	return leat__stage_finding(st, err, LEAT_EINVAL,
		"stage '%s' waits for one branch while another is full, and "
		"'%s' and '%s' hang together by what else they lead to: it can "
		"get stuck; read their sources twice instead",
		st->name, a->name, b->name);
}

static int
gather_check(const struct leat_stage *st, struct parts *parts,
	struct leat_error *err)
{
	parts_make(parts, st->graph, st);
	for (uint32_t b = 1; b < st->n_ins; b++)
		for (uint32_t a = 0; a < b; a++) {
			const struct leat_stage *from_a = st->ins[a]->from;
			const struct leat_stage *from_b = st->ins[b]->from;

			if (parts_find(parts, from_a->number) ==
				parts_find(parts, from_b->number))
				return gather_refuse(
					st, from_a, from_b, parts, err);
		}
	return LEAT_OK;
}

int
leat__gather_check(struct leat_graph *graph, struct leat_error *err)
{
	struct parts parts = {.n = graph->n_stages};
	int rc = LEAT_OK;

	parts.parents = leat__graph_own_alloc(
		graph, graph->n_stages * sizeof(*parts.parents));
	if (!parts.parents)
		return leat__graph_no_memory(err, "the check");
	for (uint32_t k = 0; !rc && k < graph->n_stages; k++)
		if ((graph->stages[k]->ops.flags & LEAT_STAGE_GATHERS) &&
			!graph->stages[k]->is_ordered_merge)
			rc = gather_check(graph->stages[k], &parts, err);
	leat__graph_own_free(graph, parts.parents);
	return rc;
}
