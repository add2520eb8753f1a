/*
 * graph/hook.c -- hooks around stages: made, checked, exchanged.
 *
 * Keeps: a call of a stage has all of its hooks from one set. An instance says
 * which set it has (hooks_in_use) before it makes sure that this is still the
 * stage's; who exchanges sets puts the old one aside first, and frees what no
 * instance has then. So a set is freed only when nobody can come to it.
 * Threads: leat_stage_set_hooks by any, one at a time by the graph's lock.
 * Source: Michael, Hazard Pointers, IEEE TPDS 2004.
 */
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "graph/graph.h"

#define HOOK_FLAGS                                                             \
	(LEAT_HOOK_WAITS | LEAT_HOOK_REPEATS | LEAT_HOOK_IN_PLACE |            \
		LEAT_HOOK_ALONE | LEAT_HOOK_FALLS_BACK | LEAT_HOOK_SHEDS)

/* ---- for callbacks ------------------------------------------------------ */

void *
leat_hook_state(struct leat_hook *hook)
{
	return hook->state;
}

const void *
leat_hook_opts(const struct leat_hook *hook)
{
	return hook->opts;
}

const char *
leat_hook_stage(const struct leat_hook *hook)
{
	return hook->stage->name;
}

int64_t
leat_hook_now_ns(const struct leat_hook *hook)
{
	return leat_stage_now_ns(hook->stage);
}

uint32_t *
leat_hook_flags(struct leat_hook *hook)
{
	return &hook->ops.flags;
}

uint64_t
leat_hook_random(struct leat_hook *hook)
{
	const struct leat__env *env = hook->stage->graph->env;

	return env->random(env);
}

int
leat_hook_fail(struct leat_hook *hook, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leat__error_v(hook->error, code, 0, format, args);
	va_end(args);
	return code;
}

/* ---- one hook ----------------------------------------------------------- */

static int
hook_check_ops(const struct leat_hook_ops *ops, struct leat_error *err)
{
	if (!ops->name || !leat__name_is_valid(ops->name, strlen(ops->name)))
		return leat__error(err, LEAT_EINVAL,
			"'%s' cannot be the name of a hook; accepted: letters, "
			"digits, . - _, a letter or _ first",
			ops->name ? ops->name : "");
	if (ops->flags & ~HOOK_FLAGS)
		return leat__error(err, LEAT_EINVAL,
			"the flags of hook '%s' are 0x%x; known are 0x%x",
			ops->name, ops->flags, HOOK_FLAGS);
	if (ops->state_bytes > LEAT__STATE_BYTES_MAX ||
		ops->opts_bytes > LEAT__OPTS_BYTES_MAX)
		return leat__error(err, LEAT_ELIMIT,
			"hook '%s' wants %u bytes of state and %u of options; "
			"accepted: up to %u and %u",
			ops->name, ops->state_bytes, ops->opts_bytes,
			LEAT__STATE_BYTES_MAX, LEAT__OPTS_BYTES_MAX);
	return LEAT_OK;
}

static int
hook_copy_opts(struct leat_hook *hook, const void *opts, struct leat_error *err)
{
	const struct leat__env *env = hook->stage->graph->env;
	const struct leat_hook_ops *ops = &hook->ops;
	char name[LEAT__STAGE_NAME_MAX + 2];
	/* what is to be known of its options is what stages have */
	struct leat_stage_ops like = {LEAT_STAGE_OPS_INIT(name),
		.opts_bytes = ops->opts_bytes, .options = ops->options};
	size_t n_strings =
		opts ? leat__options_strings_bytes(ops->options, opts) : 0;

	if (!ops->opts_bytes && opts)
		return leat__error(err, LEAT_EINVAL,
			"hook '%s' takes no options, opts must be NULL",
			ops->name);
	if (!ops->opts_bytes)
		return LEAT_OK;
	hook->opts = env->alloc(env, ops->opts_bytes + n_strings);
	if (!hook->opts)
		return leat__graph_no_memory(err, "a hook");
	LEAT_TRY(leat__opts_copy(
		hook->opts, ops->opts_bytes, opts, ops->name, err));
	snprintf(name, sizeof(name), "@%s", ops->name);
	LEAT_TRY(leat__options_check(&like, hook->opts, err));
	leat__options_copy_strings(
		ops->options, hook->opts, (char *)hook->opts + ops->opts_bytes);
	return LEAT_OK;
}

static int
hook_fit(const struct leat_hook *hook, struct leat_error *err)
{
	const struct leat_stage *st = hook->stage;

	if ((hook->ops.flags & LEAT_HOOK_REPEATS) &&
		!(st->ops.flags & LEAT_STAGE_REPEATS))
		return leat__error(err, LEAT_EINVAL,
			"@%s: stage '%s' cannot be called again after a "
			"failure (LEAT_STAGE_REPEATS)",
			hook->ops.name, st->name);
	return LEAT_OK;
}

static int
hook_init(struct leat_hook *hook, const struct leat_hook_step *step,
	struct leat_error *err)
{
	const struct leat__env *env = hook->stage->graph->env;

	if (!step->ops)
		return leat__error(
			err, LEAT_EINVAL, "a hook needs ops, not NULL");
	LEAT_TRY(leat__opts_copy(&hook->ops, sizeof(hook->ops), step->ops,
		"leat_hook_ops", err));
	LEAT_TRY(hook_check_ops(&hook->ops, err));
	hook->given_flags = hook->ops.flags;
	LEAT_TRY(hook_copy_opts(hook, step->opts, err));
	if (hook->ops.state_bytes) {
		hook->state = env->alloc(env, hook->ops.state_bytes);
		if (!hook->state)
			return leat__graph_no_memory(err, "a hook");
	}
	hook->error = err;
	if (hook->ops.init)
		LEAT_TRY(hook->ops.init(hook, hook->opts));
	hook->error = NULL;
	hook->is_inited = true;
	return hook_fit(hook, err);
}

/* ---- all of a stage ----------------------------------------------------- */

static void
hooks_free(struct leat__hooks *hooks)
{
	const struct leat__env *env;

	if (!hooks)
		return;
	env = hooks->stage->graph->env;
	for (uint32_t k = 0; k < hooks->n; k++) {
		struct leat_hook *hook = &hooks->at[k];

		if (hook->is_inited && hook->ops.fini)
			hook->ops.fini(hook);
		leat__keep_drop(hook);
		env->free(env, hook->state);
		env->free(env, hook->opts);
	}
	env->free(env, hooks);
}

/* How many before hook k have its ops. */
static uint32_t
hooks_ordinal(const struct leat_hook_step *steps, uint32_t k)
{
	uint32_t n = 0;

	for (uint32_t j = 0; j < k && steps[k].ops; j++)
		n += steps[j].ops->name && steps[k].ops->name &&
			!strcmp(steps[j].ops->name, steps[k].ops->name);
	return n;
}

static int
hooks_make(struct leat_stage *st, struct leat_stage *home,
	const struct leat_hook_step *steps, uint32_t n,
	struct leat__hooks **hooks_out, struct leat_error *err)
{
	const struct leat__env *env = st->graph->env;
	struct leat__hooks *hooks;
	int rc = LEAT_OK;

	if (n > LEAT_HOOKS_MAX)
		return leat__error(err, LEAT_ELIMIT,
			"%u hooks at stage '%s'; accepted: up to %u", n,
			st->name, LEAT_HOOKS_MAX);
	hooks = env->alloc(env, sizeof(*hooks) + n * sizeof(hooks->at[0]));
	if (!hooks)
		return leat__graph_no_memory(err, "hooks");
	hooks->stage = st;
	hooks->n = n;
	for (uint32_t k = 0; rc == LEAT_OK && k < n; k++) {
		hooks->at[k].stage = st;
		hooks->at[k].home = home;
		hooks->at[k].k = k;
		hooks->at[k].is_last = k + 1 == n;
		hooks->at[k].ordinal = hooks_ordinal(steps, k);
		rc = hook_init(&hooks->at[k], &steps[k], err);
	}
	if (rc == LEAT_OK)
		*hooks_out = hooks;
	else
		hooks_free(hooks);
	return rc;
}

/* What any of them asks for. */
static uint32_t
hooks_flags(const struct leat__hooks *hooks)
{
	uint32_t flags = 0;

	for (uint32_t k = 0; hooks && k < hooks->n; k++)
		flags |= hooks->at[k].ops.flags;
	return flags;
}

/* Where one waits its stage has a thread of its own. */
static int
hooks_get_thread(struct leat_stage *st, struct leat_error *err)
{
	if (st->segment && st->segment->is_blocking)
		return LEAT_OK;
	if (st->segment)
		return leat__error(err, LEAT_EINVAL,
			"a hook at stage '%s' may wait, and the stage was "
			"given no thread of its own for that when the graph "
			"was checked",
			st->name);
	if (st->has_priority)
		return leat__error(err, LEAT_EINVAL,
			"a hook at stage '%s' may wait: so the stage has a "
			"thread of its own, and no priority",
			st->name);
	st->ops.flags |= LEAT_STAGE_BLOCKING;
	return LEAT_OK;
}

/* Before a stage that says which columns it looks at, the others may have been
 * left out; one that drops records may look at all of them. */
static int
hooks_get_columns(const struct leat_stage *st, struct leat_error *err)
{
	if (!st->segment || !st->ops.wants || leat__load_relaxed(&st->hooks))
		return LEAT_OK;
	return leat__error(err, LEAT_EINVAL,
		"a hook at stage '%s' looks at whole records, and when the "
		"graph was checked columns were left out that the stage does "
		"not look at",
		st->name);
}

/* The outermost that drops records of frames; there is one. */
static const char *
hooks_dropping(const struct leat__hooks *hooks)
{
	const struct leat_hook *hook = hooks->at;

	while (!(hook->ops.flags & LEAT_HOOK_IN_PLACE))
		hook++;
	return hook->ops.name;
}

/* Where one drops records its stage gets frames that nobody else reads. */
static int
hooks_get_frames(struct leat_stage *st, const struct leat__hooks *hooks,
	struct leat_error *err)
{
	if (st->ops.n_ins == 0)
		return leat__error(err, LEAT_EINVAL,
			"@%s looks at what comes to a stage, and to '%s', a "
			"source, nothing comes; accepted: the stage behind it",
			hooks_dropping(hooks), st->name);
	LEAT_TRY(hooks_get_columns(st, err));
	if (st->ops.flags & LEAT_STAGE_IN_PLACE)
		return LEAT_OK;
	if (st->segment)
		return leat__error(err, LEAT_EINVAL,
			"a hook at stage '%s' drops records of frames, and the "
			"stage was not given frames of its own for that when "
			"the graph was checked",
			st->name);
	st->ops.flags |= LEAT_STAGE_IN_PLACE;
	return LEAT_OK;
}

/* Where one goes by the order of frames its stage has one instance. */
static int
hooks_get_alone(struct leat_stage *st, struct leat_error *err)
{
	if (st->is_replicated)
		return leat__error(err, LEAT_EINVAL,
			"a hook at stage '%s' goes by the order of its frames, "
			"and several workers run the stage",
			st->name);
	st->is_alone = true;
	return LEAT_OK;
}

/* The stage is what its hooks want it to be, or cannot be that any more. */
static int
hooks_prepare(struct leat_stage *st, const struct leat__hooks *hooks,
	struct leat_error *err)
{
	uint32_t flags = hooks_flags(hooks);

	LEAT_TRY(leat__fallback_make(st, flags & LEAT_HOOK_FALLS_BACK, err));
	if (flags & LEAT_HOOK_ALONE)
		LEAT_TRY(hooks_get_alone(st, err));
	if (flags & LEAT_HOOK_IN_PLACE)
		LEAT_TRY(hooks_get_frames(st, hooks, err));
	return flags & LEAT_HOOK_WAITS ? hooks_get_thread(st, err) : LEAT_OK;
}

/* ---- exchange ----------------------------------------------------------- */

/* Instance k; NULL = there is none, or not yet. */
static struct leat_stage *
stage_instance(struct leat_stage *st, uint32_t k)
{
	return k == 0 ? st : st->replicas ? st->replicas[k - 1] : NULL;
}

static bool
hooks_are_in_use(const struct leat__hooks *hooks)
{
	uint32_t n = leat__stage_n_instances(hooks->stage);

	for (uint32_t k = 0; k < n; k++) {
		struct leat_stage *st = stage_instance(hooks->stage, k);

		/* pairs with the store in hooks_enter */
		if (st && leat__load_seq(&st->hooks_in_use) == hooks)
			return true;
	}
	return false;
}

static void
hooks_free_old(struct leat_graph *graph)
{
	struct leat__hooks **at = &graph->old_hooks;

	while (*at) {
		struct leat__hooks *hooks = *at;

		if (hooks_are_in_use(hooks)) {
			at = &hooks->next;
			continue;
		}
		*at = hooks->next;
		hooks_free(hooks);
	}
}

/*
 * Who calls hooks does not fence between saying which it has and its second
 * look: who exchanges them makes everybody do so. Where there was a barrier
 * once there is one: a filter of system calls must let it through.
 */
static void
hooks_fence(struct leat_graph *graph)
{
	if (!graph->is_fencing)
		LEAT_INVARIANT(graph->env->barrier(graph->env) == 0);
}

static void
hooks_exchange(struct leat_stage *st, struct leat__hooks *hooks)
{
	struct leat__hooks *old = leat__load_relaxed(&st->hooks);
	uint32_t n = leat__stage_n_instances(st);

	for (uint32_t k = 0; k < n; k++) {
		struct leat_stage *instance = stage_instance(st, k);

		/* pairs with the loads in hooks_enter */
		if (instance)
			leat__store_seq(&instance->hooks, hooks);
	}
	hooks_fence(st->graph);
	if (old) {
		old->next = st->graph->old_hooks;
		st->graph->old_hooks = old;
	}
	hooks_free_old(st->graph);
}

int
leat__hooks_make(struct leat_stage *stage, struct leat_stage *home,
	const struct leat_hook_step *steps, uint32_t n,
	struct leat__hooks **made_out, struct leat_error *err)
{
	struct leat__hooks *made = NULL;
	int rc;

	*made_out = NULL;
	if (n) {
		LEAT_TRY(leat__changes_make(stage->graph, err));
		LEAT_TRY(hooks_make(stage, home, steps, n, &made, err));
	}
	rc = hooks_prepare(stage, made, err);
	if (rc < 0)
		hooks_free(made);
	else
		*made_out = made;
	return rc;
}

void
leat__hooks_enter(struct leat_stage *stage, struct leat__hooks *made)
{
	struct leat_graph *graph = stage->graph;

	leat__lock_take(&graph->hooks_lock, graph->env);
	hooks_exchange(stage, made);
	leat__lock_drop(&graph->hooks_lock, graph->env);
	leat__graph_revise(graph);
}

void
leat__hooks_discard(struct leat__hooks *made)
{
	hooks_free(made);
}

int
leat__hooks_set(struct leat_stage *stage, struct leat_stage *home,
	const struct leat_hook_step *steps, uint32_t n, struct leat_error *err)
{
	struct leat__hooks *made;

	LEAT_TRY(leat__hooks_make(stage, home, steps, n, &made, err));
	leat__hooks_enter(stage, made);
	return LEAT_OK;
}

int
leat_stage_set_hooks(struct leat_stage *stage,
	const struct leat_hook_step *hooks, uint32_t n_hooks,
	struct leat_error *err)
{
	struct leat_graph *graph = stage->graph;
	int rc;

	leat__lock_take(&graph->hooks_made, graph->env);
	rc = leat__hooks_set(stage, stage, hooks, n_hooks, err);
	leat__lock_drop(&graph->hooks_made, graph->env);
	return rc;
}

void
leat__hooks_unmake(
	const struct leat__hooks *hooks, struct leat__hooks_made *made)
{
	for (uint32_t k = 0; k < hooks->n; k++) {
		made->ops[k] = hooks->at[k].ops;
		made->ops[k].flags = hooks->at[k].given_flags;
		made->steps[k] = (struct leat_hook_step){
			&made->ops[k], hooks->at[k].opts};
	}
}

int
leat__hooks_copy(const struct leat_stage *from, struct leat_stage *to,
	struct leat_error *err)
{
	const struct leat__hooks *hooks = leat__load_relaxed(&from->hooks);
	struct leat_graph *graph = to->graph;
	struct leat__hooks_made made;
	int rc;

	if (!hooks)
		return LEAT_OK;
	leat__hooks_unmake(hooks, &made);
	leat__lock_take(&graph->hooks_made, graph->env);
	rc = leat__hooks_set(to, hooks->at[0].home, made.steps, hooks->n, err);
	leat__lock_drop(&graph->hooks_made, graph->env);
	return rc;
}

static void
hook_read_stats(struct leat_hook *hook, struct leat_hook_stats *stats)
{
	stats->name = hook->ops.name;
	stats->n_again = leat__load_relaxed(&hook->n_again);
	stats->n_shed = leat__load_relaxed(&hook->n_shed);
	stats->n_refused = leat__load_relaxed(&hook->n_refused);
	stats->wait_ns = leat__load_relaxed(&hook->wait_ns);
	stats->n_elsewhere = leat__load_relaxed(&hook->n_elsewhere);
	stats->has_level = hook->ops.level != NULL;
	stats->level = hook->ops.level ? hook->ops.level(hook) : 0;
}

int
leat_stage_hook_stats(const struct leat_graph *graph, uint32_t stage,
	uint32_t k, struct leat_hook_stats *stats_out)
{
	struct leat__hooks *hooks;
	struct leat_stage *st;
	int rc = LEAT_EINVAL;

	if (stage >= graph->n_stages)
		return LEAT_EINVAL;
	st = graph->stages[stage];
	leat__lock_take(&st->graph->hooks_lock, graph->env);
	hooks = leat__load_relaxed(&st->hooks);
	if (hooks && k < hooks->n) {
		hook_read_stats(&hooks->at[k], stats_out);
		rc = LEAT_OK;
	}
	leat__lock_drop(&st->graph->hooks_lock, graph->env);
	return rc;
}

void
leat__hooks_drop(struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (graph->stages[k]->hooks)
			hooks_exchange(graph->stages[k], NULL);
	hooks_free_old(graph);
}
