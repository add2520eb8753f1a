/*
 * graph/compare.c -- what would have to change for a graph to be like another.
 *
 * Stages are known by their names and by what they are. Values are compared as
 * text, so what is not given and what is given as the default are the same.
 * Threads: any; changes of options wait meanwhile.
 */
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "graph/live.h"
#include "graph/parallel.h"

#define COMPARE_NAME_BYTES 160u

struct compare {
	struct leat_graph *now, *next;
	struct leat__places places;
	void (*fn)(const struct leat_difference *difference, void *user);
	void *user;
	uint32_t n;
};

static void
compare_tell(struct compare *c, struct leat_difference difference)
{
	difference.size = (uint32_t)sizeof(difference);
	difference.option = difference.option ? difference.option : "";
	difference.before = difference.before ? difference.before : "";
	difference.after = difference.after ? difference.after : "";
	difference.why = difference.why ? difference.why : "";
	c->n++;
	c->fn(&difference, c->user);
}

/* ---- options ------------------------------------------------------------- */

/* Where option k stands in the text of the other graph, or its stage does. */
static void
compare_place(struct leat_difference *difference, const struct leat_stage *next,
	uint32_t k)
{
	struct leat__place place = next->place;

	if (next->option_places && next->option_places[k].value.n_bytes)
		place = next->option_places[k].value;
	difference->at_offset = place.offset;
	difference->at_bytes = place.n_bytes;
}

static void
compare_options(struct compare *c, const struct leat_stage *now,
	const struct leat_stage *next)
{
	char before[LEAT__OPTION_TEXT_BYTES], after[LEAT__OPTION_TEXT_BYTES];

	for (uint32_t k = 0; k < now->n_options; k++) {
		const struct leat_option *option = &now->ops.options[k];
		struct leat_error why = {0};
		struct leat_difference d = {.kind = LEAT_DIFFERENCE_OPTION,
			.stage = now->name,
			.option = option->name,
			.before = leat__option_text(option, now->opts, before),
			.after = leat__option_text(option, next->opts, after)};

		if (!strcmp(d.before, d.after))
			continue;
		d.way = leat__option_way(now, option, &why);
		d.why = why.text;
		compare_place(&d, next, k);
		compare_tell(c, d);
	}
}

static void
compare_hook(struct compare *c, const struct leat_hook *now,
	const struct leat_hook *next)
{
	const struct leat_option *option = now->ops.options;
	char before[LEAT__OPTION_TEXT_BYTES], after[LEAT__OPTION_TEXT_BYTES];
	char name[COMPARE_NAME_BYTES], nth[16] = "";

	if (now->ordinal)
		snprintf(nth, sizeof(nth), "#%u", now->ordinal + 1);
	for (; option && option->name; option++) {
		struct leat_difference d = {.kind = LEAT_DIFFERENCE_OPTION,
			.way = LEAT_WAY_LIVE,
			.stage = now->stage->name,
			.option = name,
			.before = leat__option_text(option, now->opts, before),
			.after = leat__option_text(option, next->opts, after)};

		snprintf(name, sizeof(name), "@%s%s.%s", now->ops.name, nth,
			option->name);
		if (strcmp(d.before, d.after))
			compare_tell(c, d);
	}
}

/* Which guards there are; with hooks_made of the graph that runs. */
static void
compare_guards(struct compare *c, const struct leat_stage *now,
	const struct leat_stage *next)
{
	char before[COMPARE_NAME_BYTES], after[COMPARE_NAME_BYTES];
	const char *why = leat__hooks_fixed(now, next);

	compare_tell(c,
		(struct leat_difference){.kind = LEAT_DIFFERENCE_GUARDS,
			.way = why ? LEAT_WAY_NONE : LEAT_WAY_LIVE,
			.stage = now->name,
			.option = "guards",
			.before =
				leat__hooks_names(now, before, sizeof(before)),
			.after = leat__hooks_names(next, after, sizeof(after)),
			.why = why,
			.at_offset = next->place.offset,
			.at_bytes = next->place.n_bytes});
}

/* With hooks_made of the graph that runs. */
static void
compare_hooks(struct compare *c, const struct leat_stage *now,
	const struct leat_stage *next)
{
	const struct leat__hooks *is = leat__load_relaxed(&now->hooks);
	const struct leat__hooks *wanted = leat__load_relaxed(&next->hooks);

	if (!leat__hooks_are_alike(now, next)) {
		compare_guards(c, now, next);
		return;
	}
	for (uint32_t k = 0; is && k < is->n; k++)
		compare_hook(c, &is->at[k], &wanted->at[k]);
}

/* ---- stages -------------------------------------------------------------- */

static bool
texts_differ(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

static const char *
stage_what(const struct leat_stage *now, const struct leat_stage *next)
{
	if (now->has_priority != next->has_priority ||
		now->priority != next->priority)
		return "priority";
	if (now->on_error != next->on_error ||
		now->max_rejects != next->max_rejects)
		return "on_error";
	if (texts_differ(now->dead_path, next->dead_path))
		return "dead_letters";
	if (!now->parallel != !next->parallel ||
		(now->parallel &&
			memcmp(&now->parallel->elastic.opts,
				&next->parallel->elastic.opts,
				offsetof(struct leat_parallel_opts, by))))
		return "parallel";
	return NULL;
}

static void
compare_stage(struct compare *c, const struct leat_stage *now,
	const struct leat_stage *next)
{
	const char *what = stage_what(now, next);

	compare_options(c, now, next);
	compare_hooks(c, now, next);
	if (what)
		compare_tell(c,
			(struct leat_difference){.kind = LEAT_DIFFERENCE_STAGE,
				.stage = now->name,
				.option = what,
				.why = "the plan was made by it",
				.at_offset = next->place.offset,
				.at_bytes = next->place.n_bytes});
}

/* One that goes. What passes on is not missed. */
static void
compare_gone(struct compare *c, const struct leat_stage *st)
{
	const char *why = leat__place_keeps(st);
	uint32_t fate = c->places.pairs[st->number].fate;

	if (leat__place_is_pass(st))
		return;
	if (fate == LEAT__FATE_LOST && !why)
		why = "it is not between the same two stages in both";
	compare_tell(c,
		(struct leat_difference){.kind = LEAT_DIFFERENCE_REMOVED,
			.way = why ? LEAT_WAY_NONE : LEAT_WAY_STAMP,
			.stage = st->name,
			.before = st->ops.name,
			.why = why});
}

/* One that comes, in the place of st; NULL = there is none. */
static void
compare_new(struct compare *c, const struct leat_stage *st,
	const struct leat_stage *next)
{
	static const char no_place[] =
		"there is no place for it; accepted: a stage of one in and "
		"one out, in the place of one that goes or of 'pass'";
	const char *why = st ? NULL : no_place;

	/* of one that is missed it has been told why it cannot go */
	if (st && leat__place_is_pass(st))
		why = leat__place_keeps(st);
	if (st && !why)
		why = leat__place_refuses(st, next);
	compare_tell(c,
		(struct leat_difference){.kind = LEAT_DIFFERENCE_ADDED,
			.way = why ? LEAT_WAY_NONE : LEAT_WAY_STAMP,
			.stage = next->name,
			.after = next->ops.name,
			.why = why,
			.at_offset = next->place.offset,
			.at_bytes = next->place.n_bytes});
}

static void
compare_stages(struct compare *c)
{
	for (uint32_t k = 0; k < c->now->n_stages; k++) {
		const struct leat_stage *st = c->now->stages[k];
		const struct leat__pair *pair = &c->places.pairs[k];

		if (pair->fate == LEAT__FATE_STAYS) {
			compare_stage(c, st, pair->next);
			continue;
		}
		compare_gone(c, st);
		if (pair->fate == LEAT__FATE_REPLACED)
			compare_new(c, st, pair->next);
	}
	for (uint32_t k = 0; k < c->next->n_stages; k++)
		if (!c->places.is_placed[k])
			compare_new(c, NULL, c->next->stages[k]);
}

/* ---- links --------------------------------------------------------------- */

/* Past what goes or comes between them. */
static bool
links_are_alike(const struct compare *c, const struct leat__link *a,
	const struct leat__link *b)
{
	const struct leat__link *a_end = leat__place_end(&c->places, a);
	const struct leat__link *b_end = leat__place_end(&c->places, b);

	return a_end->to && b_end->to &&
		!strcmp(a->from->name, b->from->name) &&
		!strcmp(a_end->to->name, b_end->to->name) &&
		a->from_index == b->from_index &&
		a_end->to_index == b_end->to_index &&
		a->asked_frames == b->asked_frames &&
		a->capacity_bytes == b->capacity_bytes;
}

static bool
graph_has_link(const struct compare *c, const struct leat_graph *graph,
	const struct leat__link *link)
{
	for (uint32_t k = 0; k < graph->n_links; k++)
		if (graph->links[k]->to &&
			links_are_alike(c, graph->links[k], link))
			return true;
	return false;
}

/* Does it begin at one that has, or takes, a place between two others? */
static bool
link_is_inside(const struct compare *c, const struct leat__link *link)
{
	const struct leat_stage *from = link->from;

	if (from->graph == c->now)
		return c->places.pairs[from->number].fate > LEAT__FATE_STAYS;
	return c->places.is_placed[from->number] &&
		(leat__place_is_pass(from) || !leat__stage_like(c->now, from));
}

/* Those of `of` that `other` has not. */
static void
compare_links(struct compare *c, const struct leat_graph *of,
	const struct leat_graph *other, uint32_t kind)
{
	for (uint32_t k = 0; k < of->n_links; k++) {
		const struct leat__link *link = of->links[k];
		struct leat_difference d = {.kind = kind,
			.why = "the plan was made for the links that there "
			       "are"};

		if (!link->to || link_is_inside(c, link) ||
			graph_has_link(c, other, link))
			continue;
		d.stage = link->from->name;
		d.before =
			kind == LEAT_DIFFERENCE_UNLINKED ? link->to->name : "";
		d.after = kind == LEAT_DIFFERENCE_LINKED ? link->to->name : "";
		if (kind == LEAT_DIFFERENCE_LINKED) {
			d.at_offset = link->place.offset;
			d.at_bytes = link->place.n_bytes;
		}
		compare_tell(c, d);
	}
}

/* Without memory it cannot be seen what could be done. */
static void
compare_no_memory(struct compare *c)
{
	compare_tell(c,
		(struct leat_difference){.kind = LEAT_DIFFERENCE_STAGE,
			.stage = "",
			.why = "no memory to compare the graphs"});
}

static void
compare_all(struct compare *c)
{
	leat__opts_lock(c->now);
	compare_stages(c);
	leat__opts_unlock(c->now);
	compare_links(c, c->now, c->next, LEAT_DIFFERENCE_UNLINKED);
	compare_links(c, c->next, c->now, LEAT_DIFFERENCE_LINKED);
}

uint32_t
leat_graph_compare(struct leat_graph *now, struct leat_graph *next,
	void (*fn)(const struct leat_difference *difference, void *user),
	void *user)
{
	struct compare c = {.now = now, .next = next, .fn = fn, .user = user};

	leat__lock_take(&now->hooks_made, now->env);
	if (leat__places_make(&c.places, now, next) == LEAT_OK)
		compare_all(&c);
	else
		compare_no_memory(&c);
	leat__places_drop(&c.places);
	leat__lock_drop(&now->hooks_made, now->env);
	return c.n;
}
