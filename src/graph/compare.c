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

struct leat_stage *
leat__stage_like(const struct leat_graph *graph, const struct leat_stage *st)
{
	struct leat_stage *other =
		leat__graph_find(graph, st->name, strlen(st->name));

	return other && !strcmp(other->ops.name, st->ops.name) ? other : NULL;
}

static void
compare_stages(struct compare *c)
{
	static const char why[] = "the plan was made for the stages that there "
				  "are";

	for (uint32_t k = 0; k < c->now->n_stages; k++) {
		const struct leat_stage *st = c->now->stages[k];
		const struct leat_stage *next = leat__stage_like(c->next, st);

		if (next)
			compare_stage(c, st, next);
		else
			compare_tell(c,
				(struct leat_difference){
					.kind = LEAT_DIFFERENCE_REMOVED,
					.stage = st->name,
					.before = st->ops.name,
					.why = why});
	}
	for (uint32_t k = 0; k < c->next->n_stages; k++) {
		const struct leat_stage *st = c->next->stages[k];

		if (!leat__stage_like(c->now, st))
			compare_tell(c,
				(struct leat_difference){
					.kind = LEAT_DIFFERENCE_ADDED,
					.stage = st->name,
					.after = st->ops.name,
					.why = why,
					.at_offset = st->place.offset,
					.at_bytes = st->place.n_bytes});
	}
}

/* ---- links --------------------------------------------------------------- */

static bool
links_are_alike(const struct leat__link *a, const struct leat__link *b)
{
	return !strcmp(a->from->name, b->from->name) &&
		!strcmp(a->to->name, b->to->name) &&
		a->from_index == b->from_index && a->to_index == b->to_index &&
		a->asked_frames == b->asked_frames &&
		a->capacity_bytes == b->capacity_bytes;
}

static bool
graph_has_link(const struct leat_graph *graph, const struct leat__link *link)
{
	for (uint32_t k = 0; k < graph->n_links; k++)
		if (graph->links[k]->to &&
			links_are_alike(graph->links[k], link))
			return true;
	return false;
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

		if (!link->to || graph_has_link(other, link))
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

uint32_t
leat_graph_compare(struct leat_graph *now, struct leat_graph *next,
	void (*fn)(const struct leat_difference *difference, void *user),
	void *user)
{
	struct compare c = {.now = now, .next = next, .fn = fn, .user = user};

	leat__lock_take(&now->hooks_made, now->env);
	leat__opts_lock(now);
	compare_stages(&c);
	leat__opts_unlock(now);
	leat__lock_drop(&now->hooks_made, now->env);
	compare_links(&c, now, next, LEAT_DIFFERENCE_UNLINKED);
	compare_links(&c, next, now, LEAT_DIFFERENCE_LINKED);
	return c.n;
}
