/*
 * graph/hook_change.c -- options of hooks are changed while their stage runs,
 * and what has changed is kept for whoever asks.
 *
 * Keeps: one change after the other; each is told of once it has come into
 * force, and none that was refused. The oldest are forgotten.
 * Threads: any.
 */
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "graph/value.h"

/* ---- what has changed --------------------------------------------------- */

struct leat__changes {
	struct leat__lock lock; /* guards all below */
	uint64_t n;
	struct leat_change kept[LEAT_CHANGES_KEPT];
};

int
leat__changes_make(struct leat_graph *graph, struct leat_error *err)
{
	struct leat__changes *changes;

	if (leat__load_relaxed(&graph->changes))
		return LEAT_OK;
	changes = leat__graph_own_alloc(graph, sizeof(*changes));
	if (!changes)
		return leat__graph_no_memory(err, "changes of hooks");
	/* before any hook can be seen: see hooks_fence */
	graph->is_fencing = graph->env->barrier(graph->env) != 0;
	/* release: pairs with the acquire in leat_graph_changes */
	leat__store_release(&graph->changes, changes);
	return LEAT_OK;
}

void
leat__changes_add(struct leat_graph *graph, struct leat_change *change)
{
	/* it was made with the first hook */
	struct leat__changes *changes = leat__load_relaxed(&graph->changes);

	change->at_ns = graph->env->now_ns(graph->env);
	leat__lock_take(&changes->lock, graph->env);
	change->number = ++changes->n;
	changes->kept[change->number % LEAT_CHANGES_KEPT] = *change;
	leat__lock_drop(&changes->lock, graph->env);
}

uint32_t
leat_graph_changes(const struct leat_graph *graph, uint64_t after,
	struct leat_change *changes_out, uint32_t n_max)
{
	/* acquire: pairs with the release in leat__changes_make */
	struct leat__changes *changes = leat__load_acquire(&graph->changes);
	uint32_t n = 0;

	if (!changes)
		return 0;
	leat__lock_take(&changes->lock, graph->env);
	if (changes->n > LEAT_CHANGES_KEPT)
		after = leat__max_u64(after, changes->n - LEAT_CHANGES_KEPT);
	while (n < n_max && after < changes->n)
		changes_out[n++] = changes->kept[++after % LEAT_CHANGES_KEPT];
	leat__lock_drop(&changes->lock, graph->env);
	return n;
}

static void
word_copy(char *to, size_t n_bytes, const char *word)
{
	snprintf(to, n_bytes, "%s", word ? word : "");
}

static void
change_begin(struct leat_change *change, const struct leat_hook *hook)
{
	memset(change, 0, sizeof(*change));
	word_copy(change->stage, sizeof(change->stage), hook->stage->name);
	word_copy(change->hook, sizeof(change->hook), hook->ops.name);
	change->k = hook->k;
}

void
leat_hook_tell(struct leat_hook *hook, const char *what, const char *before,
	const char *after, const char *why, ...)
{
	struct leat_change change;
	va_list args;

	change_begin(&change, hook);
	word_copy(change.what, sizeof(change.what), what);
	word_copy(change.before, sizeof(change.before), before);
	word_copy(change.after, sizeof(change.after), after);
	va_start(args, why);
	vsnprintf(change.why, sizeof(change.why), why, args);
	va_end(args);
	leat__changes_add(hook->stage->graph, &change);
}

/* ---- an option ---------------------------------------------------------- */

static const struct leat_option *
hook_find_option(const struct leat_hook *hook, const char *name)
{
	const struct leat_option *option = hook->ops.options;

	while (option && option->name && strcmp(option->name, name))
		option++;
	return option && option->name ? option : NULL;
}

static int
hook_refuse_option(
	const struct leat_hook *hook, const char *name, struct leat_error *err)
{
	char buf[256] = "";
	struct leat__text list = {buf, sizeof(buf), 0};
	const struct leat_option *option = hook->ops.options;

	for (; option && option->name; option++)
		leat__text_add(
			&list, "%s%s", list.at ? ", " : "", option->name);
	return leat__error(err, LEAT_EINVAL,
		"hook '%s' has no option '%s'; there are: %s", hook->ops.name,
		name, buf);
}

/* The hook with this option changed, instead of those of the stage. */
static int
hooks_set_option(const struct leat__hooks *hooks, uint32_t k,
	const struct leat_option *option, const char *value, void *opts,
	struct leat_error *err)
{
	static const union leat__value zero;
	struct leat_stage *st = hooks->stage;
	const struct leat_hook *hook = &hooks->at[k];
	struct leat__hooks_made made;

	leat__hooks_unmake(hooks, &made);
	memcpy(opts, hook->opts, hook->ops.opts_bytes);
	if (*value)
		LEAT_TRY(leat__option_parse(
			st->graph, option, value, strlen(value), opts, err));
	else
		memcpy((char *)opts + option->offset, &zero,
			leat__value_bytes(option->type));
	made.steps[k].opts = opts;
	return leat__hooks_set(
		st, hooks->at[0].home, made.steps, hooks->n, err);
}

static int
hooks_change(const struct leat__hooks *hooks, uint32_t k,
	const struct leat_option *option, const char *value, const char *who,
	struct leat_error *err)
{
	struct leat_graph *graph = hooks->stage->graph;
	const struct leat_hook *hook = &hooks->at[k];
	struct leat_change change;
	void *opts = graph->env->alloc(graph->env, hook->ops.opts_bytes);
	int rc;

	if (!opts)
		return leat__graph_no_memory(err, "a hook");
	/* the hook may be gone when the others are there */
	change_begin(&change, hook);
	change.is_by = 1;
	word_copy(change.what, sizeof(change.what), option->name);
	word_copy(change.who, sizeof(change.who), who);
	leat__option_print(
		option, hook->opts, change.before, sizeof(change.before));
	rc = hooks_set_option(hooks, k, option, value, opts, err);
	if (rc == LEAT_OK) {
		leat__option_print(
			option, opts, change.after, sizeof(change.after));
		leat__changes_add(graph, &change);
	}
	graph->env->free(graph->env, opts);
	return rc;
}

/* With hooks_made: nobody else exchanges them. */
static int
stage_change(struct leat_stage *stage, uint32_t k, const char *name,
	const char *value, const char *who, struct leat_error *err)
{
	const struct leat__hooks *hooks = leat__load_relaxed(&stage->hooks);
	const struct leat_option *option;

	if (!hooks || k >= hooks->n)
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' has no hook %u; it has %u", stage->name, k,
			hooks ? hooks->n : 0);
	option = hook_find_option(&hooks->at[k], name);
	if (!option)
		return hook_refuse_option(&hooks->at[k], name, err);
	return hooks_change(hooks, k, option, value, who, err);
}

int
leat_stage_set_hook_option(struct leat_stage *stage, uint32_t k,
	const char *option, const char *value, const char *who,
	struct leat_error *err)
{
	struct leat_graph *graph = stage->graph;
	int rc;

	if (!option || !value)
		return leat__error(err, LEAT_EINVAL,
			"an option of a hook has a name and a value, not NULL");
	leat__lock_take(&graph->hooks_made, graph->env);
	rc = stage_change(stage, k, option, value, who, err);
	leat__lock_drop(&graph->hooks_made, graph->env);
	return rc;
}
