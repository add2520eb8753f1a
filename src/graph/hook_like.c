/*
 * graph/hook_like.c -- the hooks of a stage that runs become those of another
 * graph's stage: other ones, in another order, with other options.
 *
 * The whole set is made first, which may fail, and exchanged at the end, which
 * cannot: so of several stages all get theirs, or none. What hooks keep goes on
 * in those of the same name (hook_keep.c).
 * Keeps: what is told of a change is that it has come into force.
 * Threads: any, with graph->hooks_made.
 */
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "graph/live.h"
#include "graph/parallel.h"

static const struct leat__hooks *
hooks_of(const struct leat_stage *st)
{
	return leat__load_relaxed(&st->hooks);
}

static uint32_t
hooks_count(const struct leat__hooks *hooks)
{
	return hooks ? hooks->n : 0;
}

/* ---- what is another ---------------------------------------------------- */

bool
leat__hooks_are_alike(
	const struct leat_stage *now, const struct leat_stage *next)
{
	const struct leat__hooks *is = hooks_of(now), *wanted = hooks_of(next);
	uint32_t n = hooks_count(is);

	if (n != hooks_count(wanted))
		return false;
	for (uint32_t k = 0; k < n; k++)
		if (strcmp(is->at[k].ops.name, wanted->at[k].ops.name))
			return false;
	return true;
}

static bool
hook_differs(const struct leat_hook *now, const struct leat_hook *next)
{
	const struct leat_option *option = now->ops.options;

	for (; option && option->name; option++)
		if (leat__option_differs(option, now->opts, next->opts))
			return true;
	return false;
}

bool
leat__hooks_differ(const struct leat_stage *now, const struct leat_stage *next)
{
	const struct leat__hooks *is = hooks_of(now), *wanted = hooks_of(next);

	if (!leat__hooks_are_alike(now, next))
		return true;
	for (uint32_t k = 0; k < hooks_count(is); k++)
		if (hook_differs(&is->at[k], &wanted->at[k]))
			return true;
	return false;
}

const char *
leat__hooks_names(const struct leat_stage *st, char *buf, size_t n_bytes)
{
	const struct leat__hooks *hooks = hooks_of(st);
	struct leat__text text = {buf, n_bytes, 0};

	buf[0] = '\0';
	for (uint32_t k = 0; k < hooks_count(hooks); k++)
		leat__text_add(
			&text, "%s@%s", k ? " " : "", hooks->at[k].ops.name);
	return buf;
}

const char *
leat__hooks_fixed(const struct leat_stage *now, const struct leat_stage *next)
{
	if (now->isolation || next->isolation)
		return "a process of its own (@isolate) is given to a stage "
		       "when the graph is checked";
	if (now->parallel && now->parallel->split)
		return "the stage has copies (parallel)";
	return NULL;
}

/* ---- the exchange ------------------------------------------------------- */

int
leat__hooks_like(struct leat_stage *st, const struct leat_stage *next,
	struct leat__hooks **made_out, struct leat_error *err)
{
	const struct leat__hooks *is = hooks_of(st);
	const struct leat__hooks *wanted = next ? hooks_of(next) : NULL;
	struct leat__hooks_made made;

	if (wanted)
		leat__hooks_unmake(wanted, &made);
	return leat__hooks_make(st, is ? is->at[0].home : st, made.steps,
		hooks_count(wanted), made_out, err);
}

static void
tell_option(const struct leat_hook *now, const struct leat_hook *next,
	const struct leat_option *option, const char *who)
{
	struct leat_change told = {.is_by = 1, .k = next->k};

	if (!leat__option_differs(option, now->opts, next->opts))
		return;
	snprintf(told.stage, sizeof(told.stage), "%s", now->stage->name);
	snprintf(told.hook, sizeof(told.hook), "%s", now->ops.name);
	snprintf(told.what, sizeof(told.what), "%s", option->name);
	snprintf(told.who, sizeof(told.who), "%s", who ? who : "");
	leat__option_print(option, now->opts, told.before, sizeof(told.before));
	leat__option_print(option, next->opts, told.after, sizeof(told.after));
	leat__changes_add(now->stage->graph, &told);
}

static void
tell_options(const struct leat__hooks *is, const struct leat__hooks *wanted,
	const char *who)
{
	for (uint32_t k = 0; k < hooks_count(is); k++) {
		const struct leat_option *option = is->at[k].ops.options;

		for (; option && option->name; option++)
			tell_option(&is->at[k], &wanted->at[k], option, who);
	}
}

void
leat__hooks_tell(const struct leat_stage *st, const struct leat_stage *next,
	const char *who)
{
	struct leat_change told = {.is_by = 1};

	if (leat__hooks_are_alike(st, next)) {
		tell_options(hooks_of(st), hooks_of(next), who);
		return;
	}
	snprintf(told.stage, sizeof(told.stage), "%s", st->name);
	snprintf(told.what, sizeof(told.what), "guards");
	snprintf(told.who, sizeof(told.who), "%s", who ? who : "");
	leat__hooks_names(st, told.before, sizeof(told.before));
	leat__hooks_names(next, told.after, sizeof(told.after));
	leat__changes_add(st->graph, &told);
}
