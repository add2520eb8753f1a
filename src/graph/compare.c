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

#define COMPARE_VALUE_BYTES 64u /* of one that is no text */
#define COMPARE_NAME_BYTES  160u

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

/* "" = the default. */
static const char *
value_text(const struct leat_option *option, const void *opts,
	char buf[COMPARE_VALUE_BYTES])
{
	const char *text = leat__option_string(option, opts);

	if (option->type != LEAT_OPTION_STRING) {
		leat__option_print(option, opts, buf, COMPARE_VALUE_BYTES);
		return buf;
	}
	return text && strcmp(text, option->fallback ? option->fallback : "")
		? text
		: "";
}

/* ---- options ------------------------------------------------------------- */

static void
compare_options(struct compare *c, const struct leat_stage *now,
	const struct leat_stage *next)
{
	char before[COMPARE_VALUE_BYTES], after[COMPARE_VALUE_BYTES];

	for (uint32_t k = 0; k < now->n_options; k++) {
		const struct leat_option *option = &now->ops.options[k];
		struct leat_error why = {0};
		struct leat_difference d = {.kind = LEAT_DIFFERENCE_OPTION,
			.stage = now->name,
			.option = option->name,
			.before = value_text(option, now->opts, before),
			.after = value_text(option, next->opts, after)};

		if (!strcmp(d.before, d.after))
			continue;
		d.way = leat__option_way(now, option, &why);
		d.why = why.text;
		compare_tell(c, d);
	}
}

static void
compare_hook(struct compare *c, const struct leat_hook *now,
	const struct leat_hook *next)
{
	const struct leat_option *option = now->ops.options;
	char before[COMPARE_VALUE_BYTES], after[COMPARE_VALUE_BYTES];
	char name[COMPARE_NAME_BYTES], nth[16] = "";

	if (now->ordinal)
		snprintf(nth, sizeof(nth), "#%u", now->ordinal + 1);
	for (; option && option->name; option++) {
		struct leat_difference d = {.kind = LEAT_DIFFERENCE_OPTION,
			.way = LEAT_WAY_LIVE,
			.stage = now->stage->name,
			.option = name,
			.before = value_text(option, now->opts, before),
			.after = value_text(option, next->opts, after)};

		snprintf(name, sizeof(name), "@%s%s.%s", now->ops.name, nth,
			option->name);
		if (strcmp(d.before, d.after))
			compare_tell(c, d);
	}
}

static bool
hooks_are_alike(const struct leat__hooks *now, const struct leat__hooks *next)
{
	uint32_t n = now ? now->n : 0;

	if (n != (next ? next->n : 0))
		return false;
	for (uint32_t k = 0; k < n; k++)
		if (strcmp(now->at[k].ops.name, next->at[k].ops.name))
			return false;
	return true;
}

/* With hooks_made of the graph that runs. */
static void
compare_hooks(struct compare *c, const struct leat_stage *now,
	const struct leat_stage *next)
{
	const struct leat__hooks *is = leat__load_relaxed(&now->hooks);
	const struct leat__hooks *wanted = leat__load_relaxed(&next->hooks);

	if (!hooks_are_alike(is, wanted)) {
		compare_tell(c,
			(struct leat_difference){.kind = LEAT_DIFFERENCE_GUARDS,
				.stage = now->name,
				.why = "options of guards can change while the "
				       "graph runs, and not which there are"});
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
				.why = "the plan was made by it"});
}

static const struct leat_stage *
stage_like(const struct leat_graph *graph, const struct leat_stage *st)
{
	const struct leat_stage *other =
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
		const struct leat_stage *next = stage_like(c->next, st);

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

		if (!stage_like(c->now, st))
			compare_tell(c,
				(struct leat_difference){
					.kind = LEAT_DIFFERENCE_ADDED,
					.stage = st->name,
					.after = st->ops.name,
					.why = why});
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
