/*
 * graph/place.c -- which stages of two graphs are the same, which come in the
 * place of others, and what the plan had in mind for such a place.
 *
 * Stages that have the same name and kind in both stay. Between two of them
 * there may be a chain of others; those of the graph that runs are places, in
 * which those of the other one come, in their order. A place that is left gets
 * a stage that passes on, and is there for the next one.
 * Keeps: nobody comes who would need more of the plan than the stage that it
 * was made with.
 * Threads: any; nobody changes either graph meanwhile.
 */
#include <stdio.h>
#include <string.h>

#include <leat/stages.h>

#include "graph/place.h"

struct leat__name {
	struct leat__name *next;
	char text[];
};

/* ---- one place ----------------------------------------------------------- */

bool
leat__place_is_pass(const struct leat_stage *st)
{
	return st->ops.process == leat_pass_ops.process;
}

static bool
stage_is_single(const struct leat_stage *st)
{
	return st->n_ins == 1 && st->n_outs == 1 && !st->has_fallback &&
		!st->parallel && !st->isolation;
}

static bool
stage_brings(const struct leat_stage *st)
{
	for (uint32_t k = 0; k < st->graph->n_stages; k++)
		if (st->graph->stages[k]->bringer == st)
			return true;
	return st->bringer != NULL;
}

static bool
stage_keeps(const struct leat_stage *st)
{
	return st->ops.flush || st->ops.finish || st->needs.holds;
}

static const char *
stage_fixed(const struct leat_stage *st)
{
	uint32_t apart =
		LEAT_STAGE_BLOCKING | LEAT_STAGE_CHOOSES | LEAT_STAGE_GATHERS;

	if (!stage_is_single(st) || (st->ops.flags & apart))
		return "the plan was made for it: it is not one of one in and "
		       "one out that does not wait";
	if (stage_brings(st))
		return "another stage was put beside it by itself, for it "
		       "alone";
	return NULL;
}

const char *
leat__place_keeps(const struct leat_stage *st)
{
	const char *why = stage_fixed(st);

	if (why)
		return why;
	if (stage_keeps(st))
		return "what it keeps has not come out yet";
	if (st->is_standing || st->is_restamping || st->closes || st->opens)
		return "records wait at it for those of another branch";
	return NULL;
}

static struct leat__planned
planned_of(const struct leat_stage *st)
{
	if (st->planned)
		return *st->planned;
	return (struct leat__planned){.needs = st->needs,
		.out_shape = st->out_shape,
		.flags = st->ops.flags,
		.is_maker = st->is_maker,
		.is_passer = st->is_passer,
		.is_restoring = st->is_restoring,
		.is_bisected = leat__stage_is_bisected(st)};
}

/* Of the segment that the place is in. What comes right behind a source is done
 * on its thread if it is light; what comes behind that, whatever it is. */
static const char *
segment_refuses(const struct leat_stage *st, const struct leat_stage *next)
{
	const struct leat__segment *segment = st->segment;

	if (!segment)
		return NULL;
	if (segment->n_replicas > 1 && !leat__stage_can_replicate(next))
		return "several workers run the stages there at once, and it "
		       "goes by more than the frame in hand; accepted: "
		       "stateless stages, or a graph with workers=1";
	if (segment->is_blocking && st->at == 1 &&
		!(next->ops.flags & LEAT_STAGE_LIGHT))
		return "the place is on the thread of the source before it";
	return NULL;
}

static const char *
errors_refuse(const struct leat_stage *st, const struct leat_stage *next)
{
	const char *is = leat__stage_dead_path(st);
	const char *wanted = leat__stage_dead_path(next);

	if (next->has_priority)
		return "a priority is given when the graph is checked";
	if (next->on_error == LEAT_ON_ERROR_DEAD_LETTER &&
		(!st->dead || !is || !wanted || strcmp(is, wanted) != 0))
		return "its dead letters have no store there; accepted: "
		       "on_error=stop or skip";
	return NULL;
}

/* Nobody made values for one that looks at none, if nobody behind it does. */
static bool
values_are_there(
	const struct leat_stage *st, const struct leat__planned *planned)
{
	return !(planned->flags & LEAT_STAGE_BLIND) || st->is_wanted;
}

const char *
leat__place_refuses(const struct leat_stage *st, const struct leat_stage *next)
{
	struct leat__planned planned = planned_of(st);
	const char *why = stage_fixed(next);

	if (!why && (next->ops.flush || next->needs.holds))
		why = "it holds records back, and the place was not planned "
		      "for that";
	if (!why)
		why = segment_refuses(st, next);
	if (!why)
		why = errors_refuse(st, next);
	if (why)
		return why;
	if ((next->ops.flags & LEAT_STAGE_IN_PLACE) &&
		!(planned.flags & LEAT_STAGE_IN_PLACE))
		return "it writes into frames, and those that come there may "
		       "be read by others";
	if (!(next->ops.flags & LEAT_STAGE_BLIND) &&
		!values_are_there(st, &planned))
		return "it looks at values, and of the tables that come there "
		       "only the rows are counted";
	if (leat__stage_is_bisected(next) != planned.is_bisected)
		return "frames that fail are tried in halves in the one and "
		       "not in the other";
	return NULL;
}

bool
leat__place_keeps_columns(const struct leat_stage *st)
{
	uint32_t n = 0;

	while (n < st->n_options &&
		(st->ops.options[n].flags & LEAT_OPTION_KEEPS))
		n++;
	return leat__place_is_pass(st) || (n && n == st->n_options);
}

/* ---- what was planned ---------------------------------------------------- */

int
leat__place_plan(struct leat_stage *st, struct leat_error *err)
{
	struct leat__planned *planned;

	if (st->planned)
		return LEAT_OK;
	planned = leat__graph_own_alloc(st->graph, sizeof(*planned));
	if (!planned)
		return leat__graph_no_memory(err, "a stage");
	*planned = planned_of(st);
	st->planned = planned;
	return LEAT_OK;
}

static int
fit_frames(const struct leat_stage *st, struct leat_error *err)
{
	const struct leat__planned *p = st->planned;
	uint32_t most = p->is_maker ? p->needs.frame_bytes : 0;
	uint32_t needed = st->is_maker ? st->needs.frame_bytes : 0;

	if (needed <= most && st->needs.max_out <= p->needs.max_out &&
		st->needs.holds <= p->needs.holds &&
		(!st->is_passer || p->is_passer) &&
		(!st->is_restoring || p->is_restoring))
		return LEAT_OK;
	return leat__stage_finding(st, err, LEAT_ELIMIT,
		"stage '%s' makes frames of %u bytes, %u a call, and the place "
		"that it would come in has room in the pool for %u bytes, %u a "
		"call; drain the graph and start it anew",
		st->name, needed, st->needs.max_out, most,
		most ? p->needs.max_out : 0);
}

static int
fit_shape(const struct leat_stage *st, struct leat_error *err)
{
	const struct leat_shape *is = &st->out_shape;
	const struct leat_shape *was = &st->planned->out_shape;

	if (is->layout == was->layout && is->item_bytes == was->item_bytes &&
		is->frame_bytes <= was->frame_bytes &&
		is->base_bytes <= was->base_bytes)
		return LEAT_OK;
	return leat__stage_finding(st, err, LEAT_EINVAL,
		"stage '%s' gives %s in frames of %u bytes, and those behind "
		"it were planned for %s in frames of %u",
		st->name, leat__layout_name(is->layout), is->frame_bytes,
		leat__layout_name(was->layout), was->frame_bytes);
}

int
leat__place_fit(struct leat_stage *st, struct leat_error *err)
{
	LEAT_TRY(fit_frames(st, err));
	LEAT_TRY(fit_shape(st, err));
	/* those behind it go on by these */
	st->out_shape.frame_bytes = st->planned->out_shape.frame_bytes;
	st->out_shape.base_bytes = st->planned->out_shape.base_bytes;
	return LEAT_OK;
}

/* ---- names --------------------------------------------------------------- */

char *
leat__place_name(struct leat_graph *graph, const char *name)
{
	struct leat__name *at = graph->names;
	size_t n_bytes = strlen(name) + 1;

	while (at && strcmp(at->text, name) != 0)
		at = at->next;
	if (at)
		return at->text;
	at = leat__graph_own_alloc(graph, sizeof(*at) + n_bytes);
	if (!at)
		return NULL;
	memcpy(at->text, name, n_bytes);
	at->next = graph->names;
	graph->names = at;
	return at->text;
}

static bool
name_is_free(const struct leat_graph *now, const struct leat_graph *next,
	const char *name)
{
	size_t n_bytes = strlen(name);

	return !leat__graph_find(now, name, n_bytes) &&
		!leat__graph_find(next, name, n_bytes);
}

void
leat__place_free_name(const struct leat_graph *now,
	const struct leat_graph *next, uint32_t nth,
	char name[LEAT_ERROR_STAGE_BYTES])
{
	/* one of so many is free, and so is the nth of them */
	for (uint32_t k = 1;; k++) {
		snprintf(name, LEAT_ERROR_STAGE_BYTES, k > 1 ? "%s%u" : "%s",
			leat_pass_ops.name, k);
		if (name_is_free(now, next, name) && nth-- == 0)
			return;
	}
}

/* ---- two graphs ---------------------------------------------------------- */

struct leat_stage *
leat__stage_like(const struct leat_graph *graph, const struct leat_stage *st)
{
	struct leat_stage *other =
		leat__graph_find(graph, st->name, strlen(st->name));

	return other && !strcmp(other->ops.name, st->ops.name) ? other : NULL;
}

/* What passes on is nobody: it is where there is room for somebody. */
static struct leat_stage *
stage_same(const struct leat_graph *other, const struct leat_stage *st)
{
	return leat__place_is_pass(st) ? NULL : leat__stage_like(other, st);
}

/* The link at the end of a chain of stages that the other graph has not. */
static const struct leat__link *
chain_end(const struct leat_graph *other, const struct leat__link *link)
{
	while (link->to && !stage_same(other, link->to) &&
		link->to->n_ins == 1 && link->to->n_outs == 1 &&
		link->to->outs[0])
		link = link->to->outs[0];
	return link;
}

const struct leat__link *
leat__place_end(
	const struct leat__places *places, const struct leat__link *link)
{
	const struct leat_graph *of = link->from->graph;

	return chain_end(of == places->now ? places->next : places->now, link);
}

static bool
ends_are_same(const struct leat__link *a, const struct leat__link *b)
{
	return a->to && b->to && a->to_index == b->to_index &&
		!strcmp(a->to->name, b->to->name) &&
		!strcmp(a->to->ops.name, b->to->ops.name) &&
		!leat__place_is_pass(a->to);
}

/* The next one of the chain that needs a place; NULL = it is at its end. */
static struct leat_stage *
chain_next(struct leat__places *p, const struct leat__link **at,
	const struct leat__link *end)
{
	while (*at != end) {
		struct leat_stage *st = (*at)->to;

		*at = st->outs[0];
		if (!leat__place_is_pass(st))
			return st;
		p->is_placed[st->number] = true;
	}
	return NULL;
}

static uint32_t
chain_count(struct leat__places *p, const struct leat__link *at,
	const struct leat__link *end)
{
	uint32_t n = 0;

	while (chain_next(p, &at, end))
		n++;
	return n;
}

/* In their order, each in the first place that is for it, or that it must take
 * lest those behind it have none. */
static void
chain_place(struct leat__places *p, const struct leat__link *now,
	const struct leat__link *now_end, const struct leat__link *next,
	const struct leat__link *next_end)
{
	uint32_t n_places = 0, n = chain_count(p, next, next_end);
	struct leat_stage *comes = chain_next(p, &next, next_end);

	for (const struct leat__link *at = now; at != now_end;
		at = at->to->outs[0])
		n_places++;
	for (; now != now_end; now = now->to->outs[0], n_places--) {
		struct leat__pair *pair = &p->pairs[now->to->number];

		pair->fate = LEAT__FATE_VACATED;
		if (!comes ||
			(n_places > n && leat__place_refuses(now->to, comes)))
			continue;
		*pair = (struct leat__pair){LEAT__FATE_REPLACED, comes};
		p->is_placed[comes->number] = true;
		comes = chain_next(p, &next, next_end);
		n--;
	}
}

static void
places_behind(struct leat__places *p, const struct leat_stage *st,
	const struct leat_stage *next)
{
	for (uint32_t k = 0; k < st->n_outs && k < next->n_outs; k++) {
		const struct leat__link *a = st->outs[k], *b = next->outs[k];

		if (a && b &&
			ends_are_same(
				chain_end(p->next, a), chain_end(p->now, b)))
			chain_place(p, a, chain_end(p->next, a), b,
				chain_end(p->now, b));
	}
}

int
leat__places_make(struct leat__places *places, const struct leat_graph *now,
	const struct leat_graph *next)
{
	const struct leat__env *env = now->env;

	*places = (struct leat__places){.now = now,
		.next = next,
		.pairs = env->alloc(
			env, (now->n_stages + 1) * sizeof(*places->pairs)),
		.is_placed = env->alloc(env,
			(next->n_stages + 1) * sizeof(*places->is_placed))};
	if (!places->pairs || !places->is_placed) {
		leat__places_drop(places);
		return LEAT_ENOMEM;
	}
	for (uint32_t k = 0; k < now->n_stages; k++) {
		struct leat_stage *same = stage_same(next, now->stages[k]);

		if (!same)
			continue;
		places->pairs[k] = (struct leat__pair){LEAT__FATE_STAYS, same};
		places->is_placed[same->number] = true;
	}
	for (uint32_t k = 0; k < now->n_stages; k++)
		if (places->pairs[k].fate == LEAT__FATE_STAYS)
			places_behind(
				places, now->stages[k], places->pairs[k].next);
	return LEAT_OK;
}

void
leat__places_drop(struct leat__places *places)
{
	const struct leat__env *env = places->now ? places->now->env : NULL;

	if (!env)
		return;
	env->free(env, places->pairs);
	env->free(env, places->is_placed);
	places->pairs = NULL;
	places->is_placed = NULL;
}
