/*
 * graph/path.c -- what holds on the way from a source to a sink.
 *
 * Keeps: a path says no more than the plan and the stages' own promises do;
 * where a stage promises nothing, the lesser thing is said. The bytes are
 * shares of the plan's bound, each counted at one stage.
 * Threads: any, once the graph has been checked.
 */
#include <string.h>

#include "graph/graph.h"
#include <leat/path.h>

/* ---- which stages are on it --------------------------------------------- */

#define BELOW 1u /* the source leads there */
#define ABOVE 2u /* it leads to the sink */
#define ON    (BELOW | ABOVE)

/* By stage number: BELOW, ABOVE. Stages stand in the order of the data. */
struct marks {
	const struct leat_graph *graph;
	uint8_t *of;
};

static bool
marks_make(struct marks *marks, const struct leat_graph *graph)
{
	marks->graph = graph;
	marks->of = graph->env->alloc(graph->env, graph->n_stages);
	return marks->of != NULL;
}

static void
marks_drop(struct marks *marks)
{
	marks->graph->env->free(marks->graph->env, marks->of);
}

static bool
marks_have(const struct marks *marks, const struct leat_stage *st)
{
	return marks->of[st->number] == ON;
}

static void
marks_spread(struct marks *marks, const struct leat_stage *st, uint8_t mark)
{
	uint32_t n = mark == BELOW ? st->n_outs : st->n_ins;

	for (uint32_t k = 0; k < n; k++) {
		const struct leat_stage *next =
			mark == BELOW ? st->outs[k]->to : st->ins[k]->from;

		marks->of[next->number] |= mark;
	}
}

static void
marks_below(struct marks *marks, uint32_t source)
{
	memset(marks->of, 0, marks->graph->n_stages);
	marks->of[source] = BELOW;
	for (uint32_t k = source; k < marks->graph->n_stages; k++)
		if (marks->of[k] & BELOW)
			marks_spread(marks, marks->graph->stages[k], BELOW);
}

static void
marks_above(struct marks *marks, uint32_t sink)
{
	for (uint32_t k = 0; k < marks->graph->n_stages; k++)
		marks->of[k] &= BELOW;
	marks->of[sink] |= ABOVE;
	for (uint32_t k = sink + 1; k-- > 0;)
		if (marks->of[k] & ABOVE)
			marks_spread(marks, marks->graph->stages[k], ABOVE);
}

/* The pair with this number; false: there is none. */
static bool
marks_find(struct marks *marks, uint32_t k, uint32_t *source_out,
	uint32_t *sink_out)
{
	const struct leat_graph *graph = marks->graph;

	for (uint32_t a = 0; a < graph->n_stages; a++) {
		if (graph->stages[a]->n_ins)
			continue;
		marks_below(marks, a);
		for (uint32_t b = 0; b < graph->n_stages; b++) {
			if (graph->stages[b]->n_outs ||
				!(marks->of[b] & BELOW) || k--)
				continue;
			marks_above(marks, b);
			*source_out = a;
			*sink_out = b;
			return true;
		}
	}
	return false;
}

/* ---- memory -------------------------------------------------------------- */

struct bytes {
	const struct marks *marks;
	const struct leat_stage *stage; /* NULL = all that are on the path */
	uint64_t n;
};

static bool
bytes_want(const struct bytes *bytes, const struct leat_stage *st)
{
	return bytes->stage ? bytes->stage == st : marks_have(bytes->marks, st);
}

/* A link counts at the stage that it comes from. */
static void
bytes_add(const struct leat__share *share, void *user)
{
	struct bytes *bytes = user;
	const struct leat_graph *graph = bytes->marks->graph;
	const struct leat__link *link = share->link;
	bool is_wanted = link ? bytes_want(bytes, link->from) &&
			marks_have(bytes->marks, link->to)
			      : share->stage && bytes_want(bytes, share->stage);

	if (is_wanted)
		bytes->n += share->n_slots *
			graph->classes[share->class_].slot_bytes;
}

static uint64_t
pool_bytes(const struct marks *marks, const struct leat_stage *st)
{
	struct bytes bytes = {marks, st, 0};

	leat__budget_each(marks->graph, bytes_add, &bytes);
	return bytes.n;
}

static uint64_t
side_bytes(const struct leat_stage *st)
{
	return leat__stage_side_bytes(st) +
		(st->isolation ? st->isolation->n_bytes : 0);
}

struct copies {
	const struct leat_stage *stage;
	bool is_there;
};

static void
copies_look(const struct leat__share *share, void *user)
{
	struct copies *copies = user;

	copies->is_there |= share->kind == LEAT__SHARE_COPY &&
		share->stage == copies->stage;
}

/* ---- facts --------------------------------------------------------------- */

/* Of one out of a stage; of a sink: 0. */
static uint32_t
promises_of(const struct leat_stage *st, uint32_t out)
{
	struct leat_stage *asked = (struct leat_stage *)(uintptr_t)st;

	return st->ops.promises ? st->ops.promises(asked, out) : 0;
}

/* Does it write frames that others may read at the same time? */
static bool
stage_copies(const struct leat_stage *st)
{
	struct copies copies = {st, false};
	const struct leat__link *in = st->n_ins ? st->ins[0] : NULL;

	if (!(st->ops.flags & LEAT_STAGE_IN_PLACE) || !in)
		return false;
	/* up to who has made them, or copied them for itself */
	while (!(promises_of(in->from, in->from_index) & LEAT_PROMISE_SHARES)) {
		if (!in->from->is_passer || in->from->n_ins != 1 ||
			(in->from->ops.flags & LEAT_STAGE_IN_PLACE))
			return false;
		in = in->from->ins[0];
	}
	leat__budget_each(st->graph, copies_look, &copies);
	return copies.is_there;
}

/* Promises that an out may make, as facts. */
static uint32_t
facts_of_promises(uint32_t promises)
{
	static const struct {
		uint32_t promise, fact;
	} both[] = {{LEAT_PROMISE_SORTS, LEAT_FACT_SORTS},
		{LEAT_PROMISE_HOLDS, LEAT_FACT_HOLDS},
		{LEAT_PROMISE_SHEDS, LEAT_FACT_SHEDS},
		{LEAT_PROMISE_LETS_GO, LEAT_FACT_LETS_GO},
		{LEAT_PROMISE_SPILLS, LEAT_FACT_SPILLS}};
	uint32_t facts = 0;

	for (size_t k = 0; k < sizeof(both) / sizeof(both[0]); k++)
		if (promises & both[k].promise)
			facts |= both[k].fact;
	return facts;
}

/* LETS_GO holds only if it holds for every out on the way. */
static uint32_t
facts_of_outs(const struct marks *marks, const struct leat_stage *st)
{
	uint32_t facts = 0, letting = LEAT_FACT_LETS_GO;

	if (!st->n_outs)
		return facts_of_promises(promises_of(st, 0));
	for (uint32_t k = 0; k < st->n_outs; k++) {
		uint32_t more;

		if (!marks_have(marks, st->outs[k]->to))
			continue;
		if (leat__link_is_fallback(st->outs[k])) {
			facts |= LEAT_FACT_FALLS_BACK;
			letting = 0;
			continue;
		}
		more = facts_of_promises(promises_of(st, k));
		letting &= more;
		facts |= more & ~LEAT_FACT_LETS_GO;
	}
	return facts | letting;
}

/* Several branches of the path come together; what was not said is mixed. */
static uint32_t
facts_of_ins(const struct marks *marks, const struct leat_stage *st)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < st->n_ins; k++)
		n += marks_have(marks, st->ins[k]->from);
	if (n < 2 || st->is_ordered_merge)
		return 0;
	if (st->ops.promises && !(promises_of(st, 0) & LEAT_PROMISE_MIXES))
		return 0;
	return LEAT_FACT_MIXES;
}

static uint32_t
facts_of_rejects(const struct leat_stage *st)
{
	static const uint32_t by_on_error[] = {
		LEAT_FACT_FAILS, LEAT_FACT_SKIPS, LEAT_FACT_DEAD_LETTERS};

	return leat__stage_can_reject(st) ? by_on_error[st->on_error] : 0;
}

static uint32_t
facts_of_hooks(const struct leat_stage *st)
{
	/* acquire: pairs with the exchange in hooks_exchange */
	const struct leat__hooks *hooks = leat__load_acquire(&st->hooks);
	uint32_t facts = 0;

	for (uint32_t k = 0; hooks && k < hooks->n; k++)
		if (hooks->at[k].ops.flags & LEAT_HOOK_SHEDS)
			facts |= LEAT_FACT_SHEDS;
	return facts;
}

static uint32_t
facts_of(const struct marks *marks, const struct leat_stage *st)
{
	uint32_t facts = facts_of_outs(marks, st) | facts_of_ins(marks, st) |
		facts_of_rejects(st) | facts_of_hooks(st);

	if (st->segment->is_blocking)
		facts |= LEAT_FACT_BLOCKS;
	if (st->is_maker && st->n_ins)
		facts |= LEAT_FACT_MAKES;
	if (st->isolation)
		facts |= LEAT_FACT_ISOLATED;
	return facts | (stage_copies(st) ? LEAT_FACT_COPIES : 0);
}

/* ---- the path ------------------------------------------------------------ */

/* From the facts of all its stages. */
static uint32_t
path_flags(const struct marks *marks, uint32_t facts, const struct leat_path *p)
{
	const struct leat_graph *graph = marks->graph;
	uint32_t of_source = promises_of(graph->stages[p->source], 0);
	uint32_t of_sink = promises_of(graph->stages[p->sink], 0);
	uint32_t flags = 0;

	if (of_source & LEAT_PROMISE_AGAIN)
		flags |= LEAT_PATH_AGAIN;
	if (of_sink & LEAT_PROMISE_WHOLE)
		flags |= LEAT_PATH_WHOLE;
	if (!(facts & LEAT_FACT_LETS_GO))
		flags |= LEAT_PATH_STOPS;
	if (facts & (LEAT_FACT_SHEDS | LEAT_FACT_SKIPS))
		flags |= LEAT_PATH_LOSES;
	if (facts & LEAT_FACT_MIXES)
		flags |= LEAT_PATH_UNORDERED;
	if (facts & LEAT_FACT_SORTS)
		flags |= LEAT_PATH_SORTED;
	return flags;
}

/* A run again gives what a kill took, if the source does; and nothing twice, if
 * nothing of the first is left. */
static uint32_t
path_delivery(uint32_t flags)
{
	if ((flags & LEAT_PATH_LOSES) || !(flags & LEAT_PATH_AGAIN))
		return LEAT_DELIVERY_AT_MOST_ONCE;
	return flags & LEAT_PATH_WHOLE ? LEAT_DELIVERY_EXACTLY_ONCE
				       : LEAT_DELIVERY_AT_LEAST_ONCE;
}

static void
path_fill(const struct marks *marks, struct leat_path *path)
{
	const struct leat_graph *graph = marks->graph;
	uint32_t facts = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];

		if (!marks_have(marks, st))
			continue;
		path->n_stages++;
		path->side_bytes += side_bytes(st);
		facts |= facts_of(marks, st);
	}
	path->pool_bytes = pool_bytes(marks, NULL);
	path->flags = path_flags(marks, facts, path);
	path->delivery = path_delivery(path->flags);
}

int
leat_graph_path(
	const struct leat_graph *graph, uint32_t k, struct leat_path *path_out)
{
	struct leat_path path = {.size = sizeof(path)};
	struct marks marks;
	bool is_there;

	if (graph->state == LEAT__GRAPH_BUILDING)
		return LEAT_ESTATE;
	if (!marks_make(&marks, graph))
		return LEAT_ENOMEM;
	is_there = marks_find(&marks, k, &path.source, &path.sink);
	if (is_there)
		path_fill(&marks, &path);
	marks_drop(&marks);
	if (!is_there)
		return LEAT_EINVAL;
	*path_out = path;
	return LEAT_OK;
}

static void
stage_fill(const struct marks *marks, const struct leat_stage *st,
	struct leat_path_stage *to)
{
	*to = (struct leat_path_stage){.size = sizeof(*to),
		.stage = st->number,
		.name = st->name,
		.ops_name = st->ops.name,
		.facts = facts_of(marks, st),
		.n_instances = leat__stage_n_instances(st),
		.pool_bytes = pool_bytes(marks, st),
		.side_bytes = side_bytes(st)};
	if (to->facts & LEAT_FACT_SKIPS)
		to->max_skips = st->max_rejects;
	if (to->facts & LEAT_FACT_DEAD_LETTERS)
		to->dead_letters = leat__stage_dead_path(st);
}

int
leat_path_stage(const struct leat_graph *graph, const struct leat_path *path,
	uint32_t j, struct leat_path_stage *stage_out)
{
	struct marks marks;
	int rc = LEAT_EINVAL;

	if (graph->state == LEAT__GRAPH_BUILDING ||
		path->source >= graph->n_stages ||
		path->sink >= graph->n_stages)
		return LEAT_EINVAL;
	if (!marks_make(&marks, graph))
		return LEAT_ENOMEM;
	marks_below(&marks, path->source);
	marks_above(&marks, path->sink);
	for (uint32_t k = 0; rc && k < graph->n_stages; k++) {
		if (!marks_have(&marks, graph->stages[k]) || j--)
			continue;
		stage_fill(&marks, graph->stages[k], stage_out);
		rc = LEAT_OK;
	}
	marks_drop(&marks);
	return rc;
}

const char *
leat_delivery_text(uint32_t delivery)
{
	static const char *const names[] = {
		"at-most-once", "at-least-once", "exactly-once"};

	return delivery < sizeof(names) / sizeof(names[0]) ? names[delivery]
							   : "?";
}
