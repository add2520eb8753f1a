/*
 * run/change.c -- a running graph is changed: all of a set of options, or of
 * what another graph has (become.c), or nothing (leat/live.h).
 *
 * First all is read and looked at. What is LIVE is then handed to the instances
 * (graph/live.c). If something is not, the run is held (pause.c), guards and
 * stages are changed, and if one of them cannot be, those before it are changed
 * back.
 * Keeps: one set after the other; what was changed is told once all of it is.
 * Threads: any. change_lock, then hooks_made, then opts_lock.
 */
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "graph/value.h"
#include "run/change.h"
#include "run/pause.h"
#include "run/run.h"

/* ---- who is meant -------------------------------------------------------- */

static int
find_stage(const struct leat_graph *graph, const char *name,
	struct leat_stage **st_out, struct leat_error *err)
{
	struct leat__suggest suggest;
	char buf[64] = "";
	struct leat__text text = {buf, sizeof(buf), 0};

	if (!name)
		return leat__error(err, LEAT_EINVAL,
			"a stage has a name, which is not NULL");
	*st_out = leat__graph_find(graph, name, strlen(name));
	if (*st_out)
		return LEAT_OK;
	suggest = leat__suggest_for(name, strlen(name));
	for (uint32_t k = 0; k < graph->n_stages; k++)
		leat__suggest_look(&suggest, leat__stage_name(graph->stages[k]),
			strlen(leat__stage_name(graph->stages[k])));
	leat__suggest_add(&suggest, &text);
	return leat__error(err, LEAT_EINVAL, "the graph has no stage '%.64s'%s",
		name, buf);
}

/* With hooks_made: neither guards nor stages are exchanged. */
static uint32_t
find_way(
	const struct leat_stage *st, const char *option, struct leat_error *why)
{
	const struct leat_option *found;
	const char *name;
	uint32_t k;

	if (leat__option_is_of_hook(option))
		return leat__hook_find(st, option, &k, &name, why) < 0
			? LEAT_WAY_NONE
			: LEAT_WAY_LIVE;
	found = leat__option_find(st, option, why);
	return found ? leat__option_way(st, found, why) : LEAT_WAY_NONE;
}

uint32_t
leat_graph_option_way(struct leat_graph *graph, const char *stage,
	const char *option, struct leat_error *why)
{
	struct leat_stage *st;
	uint32_t way = LEAT_WAY_NONE;

	leat__lock_take(&graph->hooks_made, graph->env);
	if (find_stage(graph, stage, &st, why) == LEAT_OK && option)
		way = find_way(st, option, why);
	leat__lock_drop(&graph->hooks_made, graph->env);
	return way;
}

/* Whose error it is, if that has not been said. */
int
leat__changing_error(
	const struct leat_stage *st, int code, struct leat_error *err)
{
	if (err && !err->stage[0])
		snprintf(err->stage, sizeof(err->stage), "%s", st->name);
	return code;
}

/* ---- reading a set ------------------------------------------------------- */

/* The change of this stage; a new one at its place by the order of the data. */
struct leat__stage_change *
leat__changing_stage(struct leat__changing *c, struct leat_stage *st)
{
	uint32_t at = 0;

	while (at < c->n_stages && c->stages[at].st->number < st->number)
		at++;
	if (at < c->n_stages && c->stages[at].st == st)
		return &c->stages[at];
	memmove(&c->stages[at + 1], &c->stages[at],
		(c->n_stages++ - at) * sizeof(c->stages[0]));
	c->stages[at] =
		(struct leat__stage_change){.st = st, .is_keeping = true};
	return &c->stages[at];
}

static int
stage_change_begin(struct leat__stage_change *change, struct leat_error *err)
{
	struct leat_stage *st = change->st;
	const struct leat__env *env = st->graph->env;

	if (change->fields)
		return LEAT_OK;
	change->fields = env->alloc(env, st->ops.opts_bytes);
	if (!change->fields)
		return leat__graph_no_memory(err, "options");
	memcpy(change->fields, st->opts, st->ops.opts_bytes);
	return LEAT_OK;
}

/* A text is lent, another value is read. "" is the default. */
static int
fields_set(struct leat_stage *st, const struct leat_option *option,
	const char *value, void *fields, struct leat_error *err)
{
	uint8_t *field = (uint8_t *)fields + option->offset;

	if (option->type == LEAT_OPTION_STRING) {
		memcpy(field, &value, sizeof(value));
		return LEAT_OK;
	}
	if (*value)
		return leat__option_parse(
			st->graph, option, value, strlen(value), fields, err);
	memset(field, 0, leat__value_bytes(option->type));
	return LEAT_OK;
}

/* This option is to have another value, in the fields of *change_out. */
int
leat__changing_option(struct leat__changing *c, struct leat_stage *st,
	const struct leat_option *option,
	struct leat__stage_change **change_out, struct leat_error *err)
{
	struct leat__stage_change *change;

	if (leat__option_way(st, option, err) == LEAT_WAY_NONE)
		return LEAT_ENOTSUP;
	change = leat__changing_stage(c, st);
	*change_out = change;
	LEAT_TRY(stage_change_begin(change, err));
	if (!(option->flags & LEAT_OPTION_LIVE)) {
		change->is_renewed = true;
		change->is_keeping &= (option->flags & LEAT_OPTION_KEEPS) != 0;
	}
	return LEAT_OK;
}

static int
read_option(struct leat__changing *c, struct leat_stage *st,
	const struct leat_set *set, struct leat_error *err)
{
	const struct leat_option *option =
		leat__option_find(st, set->option, err);
	struct leat__stage_change *change;

	if (!option)
		return LEAT_EINVAL;
	LEAT_TRY(leat__changing_option(c, st, option, &change, err));
	return fields_set(st, option, set->value, change->fields, err);
}

/* With hooks_made. */
static int
read_hook(struct leat__changing *c, struct leat_stage *st,
	const struct leat_set *set, struct leat_error *err)
{
	struct leat__hook_change *change = &c->hooks[c->n_hooks];
	const struct leat_option *option;
	const struct leat_hook *hook;
	const char *name, *text;
	uint32_t k;

	LEAT_TRY(leat__hook_find(st, set->option, &k, &name, err));
	*change = (struct leat__hook_change){.set = set, .st = st};
	c->n_hooks++;
	hook = &leat__load_relaxed(&st->hooks)->at[k];
	for (option = hook->ops.options; option && option->name; option++) {
		if (strcmp(option->name, name))
			continue;
		text = leat__option_string(option, hook->opts);
		if (text)
			snprintf(change->before, sizeof(change->before), "%s",
				text);
		else
			leat__option_print(option, hook->opts, change->before,
				sizeof(change->before));
	}
	return LEAT_OK;
}

static int
read_set(struct leat__changing *c, const struct leat_set *set,
	struct leat_error *err)
{
	struct leat_stage *st;
	int rc;

	LEAT_TRY(find_stage(c->graph, set->stage, &st, err));
	if (!set->option || !set->value)
		return leat__error(err, LEAT_EINVAL,
			"an option has a name and a value, not NULL");
	if (leat__option_is_of_hook(set->option))
		rc = read_hook(c, st, set, err);
	else
		rc = read_option(c, st, set, err);
	return rc < 0 ? leat__changing_error(st, rc, err) : rc;
}

/* ---- before anything is done --------------------------------------------- */

/* What goes by the options themselves, and the stages' own look at them. */
static int
settle_exchange(struct leat__stage_change *change, struct leat_error *err)
{
	const struct leat_stage *like = change->newcomer.like;
	/* options of its kind, in memory of this graph */
	struct leat_stage own;

	if (like && like->opts) {
		own = *like;
		own.graph = change->st->graph;
		change->opts = leat__opts_hold(&own, like->opts);
		if (!change->opts)
			return leat__graph_no_memory(err, "options");
	}
	return leat__renewal_make_other(&change->renewal, change->st,
		&change->newcomer, change->opts, err);
}

static int
settle_stage(struct leat__stage_change *change, struct leat_error *err)
{
	struct leat_stage *st = change->st;

	if (change->is_exchanged)
		return settle_exchange(change, err);
	change->opts = leat__opts_hold(st, change->fields);
	if (!change->opts)
		return leat__graph_no_memory(err, "options");
	LEAT_TRY(leat__options_check(&st->ops, change->opts->bytes, err));
	if (!change->is_renewed)
		return leat__live_try(st, change->opts->bytes, err);
	return leat__renewal_make(
		&change->renewal, st, change->opts, change->is_keeping, err);
}

/* Two that stand before a stage which chooses among its ins may have records
 * between them that wait: these would go by the old options in one, and by the
 * new ones in the other. */
static int
check_standing(const struct leat__changing *c, struct leat_error *err)
{
	const struct leat_stage *first = NULL;

	for (uint32_t k = 0; k < c->n_stages; k++) {
		const struct leat_stage *st = c->stages[k].st;

		if (!c->stages[k].is_renewed || !st->is_standing)
			continue;
		if (first)
			return leat__error(err, LEAT_ENOTSUP,
				"'%s' and '%s' stand before a stage that "
				"chooses among its ins, and records may wait "
				"between them; accepted: one at a time",
				first->name, st->name);
		first = st;
	}
	return LEAT_OK;
}

static int
changes_read(struct leat__changing *c, struct leat_error *err)
{
	for (uint32_t k = 0; k < c->n_sets; k++)
		LEAT_TRY(read_set(c, &c->sets[k], err));
	if (c->next)
		LEAT_TRY(leat__become_read(c, err));
	LEAT_TRY(check_standing(c, err));
	for (uint32_t k = 0; k < c->n_stages; k++)
		LEAT_TRY(settle_stage(&c->stages[k], err));
	return leat__changes_make(c->graph, err);
}

static int
changes_alloc(struct leat__changing *c, struct leat_error *err)
{
	const struct leat__env *env = c->graph->env;
	uint32_t n = c->next ? c->graph->n_stages : c->n_sets;

	/* one more, for a change that moves up */
	c->stages = env->alloc(env, (n + 1) * sizeof(c->stages[0]));
	c->hooks = env->alloc(env, n * sizeof(c->hooks[0]));
	c->guards = env->alloc(env, n * sizeof(c->guards[0]));
	if (c->stages && c->hooks && c->guards)
		return LEAT_OK;
	return leat__graph_no_memory(err, "changes");
}

/* With hooks_made. */
static void
changes_free(struct leat__changing *c)
{
	const struct leat__env *env = c->graph->env;

	for (uint32_t k = 0; k < c->n_stages; k++) {
		leat__renewal_drop(&c->stages[k].renewal);
		leat__opts_let_go(c->stages[k].opts);
		env->free(env, c->stages[k].fields);
	}
	for (uint32_t k = 0; k < c->n_guards; k++)
		leat__hooks_discard(c->guards[k].made);
	leat__places_drop(&c->places);
	env->free(env, c->stages);
	env->free(env, c->hooks);
	env->free(env, c->guards);
}

/* ---- guards -------------------------------------------------------------- */

/* The changes are told by the hooks' own functions. */
static int
hook_set(const struct leat__changing *c, const struct leat__hook_change *change,
	const char *value, struct leat_error *err)
{
	struct leat_graph *graph = c->graph;
	const char *name;
	uint32_t k;
	int rc;

	leat__lock_take(&graph->hooks_made, graph->env);
	rc = leat__hook_find(change->st, change->set->option, &k, &name, err);
	leat__lock_drop(&graph->hooks_made, graph->env);
	if (rc < 0)
		return rc;
	return leat_stage_set_hook_option(
		change->st, k, name, value, c->who, err);
}

static void
hooks_undo(struct leat__changing *c)
{
	for (uint32_t k = c->n_hooks; k-- > 0;)
		/* what was accepted before is accepted again */
		if (c->hooks[k].is_done)
			(void)hook_set(
				c, &c->hooks[k], c->hooks[k].before, NULL);
}

static int
hooks_enter(struct leat__changing *c, struct leat_error *err)
{
	for (uint32_t k = 0; k < c->n_hooks; k++) {
		int rc = hook_set(c, &c->hooks[k], c->hooks[k].set->value, err);

		if (rc < 0) {
			hooks_undo(c);
			return rc;
		}
		c->hooks[k].is_done = true;
	}
	return LEAT_OK;
}

/* ---- stages -------------------------------------------------------------- */

static bool
changes_are_live(const struct leat__changing *c)
{
	for (uint32_t k = 0; k < c->n_stages; k++)
		if (c->stages[k].is_renewed)
			return false;
	return true;
}

/* While the run is held, for they end in the stages' places. */
static void
stages_put_back(struct leat__changing *c, uint32_t n)
{
	for (uint32_t k = n; k-- > 0;)
		if (c->stages[k].is_renewed) {
			leat__renewal_undo(&c->stages[k].renewal);
			leat__renewal_drop(&c->stages[k].renewal);
		}
}

static int
stages_renew(struct leat__changing *c, struct leat_error *err)
{
	int rc = LEAT_OK;
	uint32_t k;

	for (k = 0; rc == LEAT_OK && k < c->n_stages; k++)
		if (c->stages[k].is_renewed)
			rc = leat__renewal_enter(&c->stages[k].renewal, err);
	if (rc < 0)
		stages_put_back(c, k);
	return rc;
}

static int
stages_enter(struct leat__changing *c, struct leat_error *err)
{
	int rc = stages_renew(c, err);

	if (rc < 0)
		return rc;
	rc = leat__become_guard(c, err);
	if (rc < 0)
		stages_put_back(c, c->n_stages);
	return rc;
}

/* The text of the graph is not that of the option any more. */
static void
forget_place(struct leat_stage *st, const struct leat_option *option)
{
	uint32_t k = (uint32_t)(option - st->ops.options);

	if (st->option_places)
		st->option_places[k].value = (struct leat__place){0, 0};
}

static void
tell_option(const struct leat__changing *c,
	const struct leat__stage_change *change,
	const struct leat_option *option, const void *before)
{
	struct leat_change told = {.is_by = 1};

	snprintf(told.stage, sizeof(told.stage), "%s", change->st->name);
	snprintf(told.what, sizeof(told.what), "%s", option->name);
	snprintf(told.who, sizeof(told.who), "%s", c->who ? c->who : "");
	leat__option_print(option, before, told.before, sizeof(told.before));
	leat__option_print(
		option, change->opts->bytes, told.after, sizeof(told.after));
	leat__changes_add(c->graph, &told);
}

static void
tell_exchange(
	const struct leat__changing *c, const struct leat__stage_change *change)
{
	const struct leat__guts *before = &change->renewal.others->guts[0];
	struct leat_change told = {.is_by = 1};

	snprintf(told.stage, sizeof(told.stage), "%s", before->name);
	snprintf(told.what, sizeof(told.what), "stage");
	snprintf(told.who, sizeof(told.who), "%s", c->who ? c->who : "");
	snprintf(told.before, sizeof(told.before), "%s", before->ops.name);
	snprintf(told.after, sizeof(told.after), "%s", change->st->ops.name);
	leat__changes_add(c->graph, &told);
}

static void
tell_stage(
	const struct leat__changing *c, const struct leat__stage_change *change)
{
	struct leat_stage *st = change->st;
	const void *before = change->is_renewed
		? change->renewal.others->guts[0].opts
		: st->opts;

	if (change->is_exchanged) {
		tell_exchange(c, change);
		return;
	}
	for (uint32_t k = 0; c->next && k < st->n_options; k++) {
		const struct leat_option *option = &st->ops.options[k];

		if (!leat__option_differs(option, before, change->fields))
			continue;
		tell_option(c, change, option, before);
		forget_place(st, option);
	}
	for (uint32_t k = 0; k < c->n_sets; k++) {
		const struct leat_set *set = &c->sets[k];
		const struct leat_option *option;

		if (strcmp(set->stage, st->name) ||
			leat__option_is_of_hook(set->option))
			continue;
		option = leat__option_find(st, set->option, NULL);
		tell_option(c, change, option, before);
		forget_place(st, option);
	}
}

/* Who asks for the stage's options gets these. */
static void
stage_hold(struct leat_stage *st, struct leat__opts *opts)
{
	struct leat__opts *old = st->held_opts;

	leat__add_relaxed(&opts->n_refs, 1u);
	leat__opts_lock(st->graph);
	st->held_opts = opts;
	st->opts = opts->bytes;
	leat__opts_unlock(st->graph);
	leat__graph_revise(st->graph);
	leat__opts_let_go(old);
}

/* All have been accepted. With hooks_made. */
static void
changes_settle(struct leat__changing *c)
{
	for (uint32_t k = 0; k < c->n_stages; k++) {
		struct leat__stage_change *change = &c->stages[k];

		tell_stage(c, change);
		if (change->is_exchanged)
			leat__store_relaxed(
				&change->st->n_rejects, UINT64_C(0));
		if (change->is_renewed) {
			leat__renewal_settle(&change->renewal);
		} else {
			leat__live_post(change->st, change->opts);
			stage_hold(change->st, change->opts);
		}
	}
}

/* ---- all of it ----------------------------------------------------------- */

/* Where the run must be held, this thread holds it. */
static int
changes_enter(struct leat__changing *c, struct leat_error *err)
{
	struct leat_graph *graph = c->graph;
	int rc = hooks_enter(c, err);

	if (rc < 0)
		return rc;
	leat__lock_take(&graph->hooks_made, graph->env);
	rc = stages_enter(c, err);
	if (rc == LEAT_OK) {
		changes_settle(c);
		leat__become_enter(c);
	}
	leat__lock_drop(&graph->hooks_made, graph->env);
	if (rc < 0)
		hooks_undo(c);
	return rc;
}

static int
changes_enter_held(
	struct leat__changing *c, int64_t deadline_ns, struct leat_error *err)
{
	struct leat__run *run = c->graph->run;
	int rc;

	leat_graph_pause(c->graph);
	rc = leat__pause_hold(run, deadline_ns, err);
	if (rc == LEAT_OK) {
		rc = changes_enter(c, err);
		leat__pause_go_on(run);
	}
	leat_graph_resume(c->graph);
	return rc;
}

static int
changes_make(
	struct leat__changing *c, int64_t deadline_ns, struct leat_error *err)
{
	struct leat_graph *graph = c->graph;
	int rc;

	LEAT_TRY(changes_alloc(c, err));
	leat__lock_take(&graph->hooks_made, graph->env);
	rc = changes_read(c, err);
	leat__lock_drop(&graph->hooks_made, graph->env);
	if (rc < 0)
		return rc;
	return changes_are_live(c) ? changes_enter(c, err)
				   : changes_enter_held(c, deadline_ns, err);
}

/* With change_lock. */
int
leat__changing_do(
	struct leat__changing *c, int64_t deadline_ns, struct leat_error *err)
{
	struct leat_graph *graph = c->graph;
	int rc;

	if (graph->state != LEAT__GRAPH_RUNNING)
		return leat__error(err, LEAT_ESTATE,
			"options change while the graph runs: it has %s",
			graph->state == LEAT__GRAPH_ENDED ? "ended"
							  : "not started");
	rc = changes_make(c, deadline_ns, err);
	leat__lock_take(&graph->hooks_made, graph->env);
	changes_free(c);
	leat__lock_drop(&graph->hooks_made, graph->env);
	return rc;
}

int
leat_graph_set_options(struct leat_graph *graph, const struct leat_set *sets,
	uint32_t n, int64_t deadline_ns, const char *who,
	struct leat_error *err)
{
	struct leat__changing c = {
		.graph = graph, .sets = sets, .n_sets = n, .who = who};
	int rc;

	if (err)
		*err = (struct leat_error){0};
	if (n == 0 || n > LEAT_SETS_MAX)
		return leat__error(err, n ? LEAT_ELIMIT : LEAT_EINVAL,
			"%u options; accepted: 1 to %u", n, LEAT_SETS_MAX);
	leat__lock_take(&graph->change_lock, graph->env);
	rc = leat__changing_do(&c, deadline_ns, err);
	leat__lock_drop(&graph->change_lock, graph->env);
	return rc;
}

int
leat_graph_set_option(struct leat_graph *graph, const char *stage,
	const char *option, const char *value, const char *who,
	struct leat_error *err)
{
	struct leat_set set = {stage, option, value};

	return leat_graph_set_options(graph, &set, 1, LEAT_NEVER, who, err);
}
