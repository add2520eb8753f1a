/*
 * graph/before.c -- stages that others need right before or behind them.
 *
 * A parser that several workers run at once needs bytes that were cut where
 * records end, and what they format is to begin with a header; the ops name the
 * stage that does so, and nobody writes it.
 * Keeps: what is said of such a stage points at the one it was put beside, and
 * it has that one's options; a graph that is checked twice gets it once.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "graph/value.h"

int
leat__link_insert(struct leat_graph *graph, struct leat__link *link,
	struct leat_stage *st, struct leat_error *err)
{
	struct leat_end in = {link->to, link->to_index};
	struct leat__link *second;

	in.stage->ins[in.index] = NULL;
	LEAT_TRY(leat__link_close(link, leat_in(st, 0), err));
	LEAT_TRY(leat__link_open(graph, leat_out(st, 0), &second, err));
	second->place = link->place;
	second->asked_frames = link->asked_frames;
	second->capacity_bytes = link->capacity_bytes;
	return leat__link_close(second, in, err);
}

/* The option of the same name and type; NULL = there is none. */
static const struct leat_option *
option_like(const struct leat_stage *st, const struct leat_option *option)
{
	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *other = &st->ops.options[k];

		if (!strcmp(other->name, option->name) &&
			other->type == option->type)
			return other;
	}
	return NULL;
}

/* What is said of it is said of whom it was put beside: so are the carets. */
static int
brought_places(struct leat_graph *graph, struct leat_stage *st,
	const struct leat_stage *of)
{
	st->place = of->place;
	if (!of->option_places || !st->n_options)
		return LEAT_OK;
	st->option_places = leat__graph_own_alloc(
		graph, st->n_options * sizeof(*st->option_places));
	if (!st->option_places)
		return leat__graph_no_memory(NULL, "options");
	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *option =
			option_like(of, &st->ops.options[k]);

		if (option)
			st->option_places[k] =
				of->option_places[option - of->ops.options];
	}
	return LEAT_OK;
}

static void
brought_options(struct leat_stage *st, const struct leat_stage *of)
{
	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *to = &st->ops.options[k];
		const struct leat_option *from = option_like(of, to);

		if (from)
			memcpy((uint8_t *)st->opts + to->offset,
				(const uint8_t *)of->opts + from->offset,
				leat__value_bytes(to->type));
	}
}

/* Put a stage into a link of the one that needs it. */
static int
brought_add(struct leat__link *link, struct leat_stage *of,
	const struct leat_stage_ops *ops, struct leat_error *err)
{
	struct leat_graph *graph = of->graph;
	struct leat_stage *st;

	LEAT_TRY(leat__stage_create(graph, ops, &st, err));
	brought_options(st, of);
	LEAT_TRY(brought_places(graph, st, of));
	st->is_implied = true;
	st->bringer = of;
	LEAT_TRY(leat__stage_insert(graph, NULL, st, err));
	return leat__link_insert(graph, link, st, err);
}

int
leat__before_put(const struct leat_stage_ops *ops, struct leat_stage *of,
	struct leat_error *err)
{
	return brought_add(of->ins[0], of, ops, err);
}

static int
before_add(struct leat_stage *of, struct leat_error *err)
{
	const struct leat_stage_ops *ops = of->ops.before;
	struct leat__link *link = of->n_ins == 1 ? of->ins[0] : NULL;

	if (!ops || !link || !strcmp(link->from->ops.name, ops->name))
		return LEAT_OK;
	return brought_add(link, of, ops, err);
}

static int
behind_add(struct leat_stage *of, struct leat_error *err)
{
	const struct leat_stage_ops *ops = of->ops.behind;
	struct leat__link *link =
		leat__stage_n_own_outs(of) == 1 ? of->outs[0] : NULL;

	if (!ops || !link || !strcmp(link->to->ops.name, ops->name))
		return LEAT_OK;
	return brought_add(link, of, ops, err);
}

void
leat__before_settle(struct leat_graph *graph, uint32_t first)
{
	for (uint32_t k = first; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		if (st->ops.takes)
			st->ops.in_layouts = st->ops.takes(st->opts);
		if (st->ops.gives)
			st->ops.out_layout = st->ops.gives(st->opts);
	}
}

int
leat__before_add(struct leat_graph *graph, struct leat_error *err)
{
	uint32_t n = graph->n_stages;

	leat__before_settle(graph, 0);

	for (uint32_t k = 0; k < n; k++) {
		LEAT_TRY(before_add(graph->stages[k], err));
		LEAT_TRY(behind_add(graph->stages[k], err));
	}
	return LEAT_OK;
}
