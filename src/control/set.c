/*
 * control/set.c -- an option is changed while the graph runs.
 *
 * By a thread of its own, for it may wait: for others that change something,
 * and, since some options change only when nothing is on its way, for that; not
 * longer than whoever asked has patience. Meanwhile the others are served.
 * Keeps: of a connection one at a time; what the thread writes is read when it
 * has been joined. Nobody is disconnected while one is under way.
 *
 * One of the stage itself is what is meant first. Of a stage's guards the one
 * that has it is found, where it is not named; two that have it are told apart
 * by their names. Threads: any.
 */
#include <string.h>

#include "control/control.h"
#include "graph/live.h"
#include <leat/live.h>

#define SET_ARRIVE_NS  INT64_C(3000000000)
#define SET_LIST_BYTES 320u
#define SET_WHO        "leat set"

struct found {
	uint32_t n;
	uint32_t k; /* the first */
	char names[SET_LIST_BYTES];
	struct leat__text list;
};

static bool
hook_has(const struct leat_hook *hook, const char *option)
{
	const struct leat_option *at = hook->ops.options;

	for (; at && at->name; at++)
		if (!strcmp(at->name, option))
			return true;
	return false;
}

/* Which hooks are meant; with their lock nobody exchanges them. */
static void
set_find(struct leat_stage *st, const struct leat__control_request *r,
	struct found *found)
{
	struct leat_graph *graph = st->graph;
	const struct leat__hooks *hooks;

	leat__lock_take(&graph->hooks_made, graph->env);
	hooks = leat__load_relaxed(&st->hooks);
	for (uint32_t k = 0; hooks && k < hooks->n; k++) {
		const struct leat_hook *hook = &hooks->at[k];

		if (r->guard ? strcmp(hook->ops.name, r->guard) != 0
			     : !hook_has(hook, r->option))
			continue;
		if (!found->n++)
			found->k = k;
		leat__text_add(&found->list, "%s@%s", found->n > 1 ? ", " : "",
			hook->ops.name);
	}
	leat__lock_drop(&graph->hooks_made, graph->env);
}

/* What the guards of a stage have, for whoever asked for something else. */
static void
set_list(struct leat_stage *st, struct leat__text *list)
{
	struct leat_graph *graph = st->graph;
	const struct leat__hooks *hooks;

	leat__lock_take(&graph->hooks_made, graph->env);
	hooks = leat__load_relaxed(&st->hooks);
	for (uint32_t k = 0; hooks && k < hooks->n; k++) {
		const struct leat_option *at = hooks->at[k].ops.options;

		for (; at && at->name; at++)
			leat__text_add(list, "%s@%s.%s", list->at ? ", " : "",
				hooks->at[k].ops.name, at->name);
	}
	leat__lock_drop(&graph->hooks_made, graph->env);
}

static int
set_none(struct leat_stage *st, const struct leat__control_request *r,
	struct leat_error *err)
{
	char buf[SET_LIST_BYTES] = "";
	struct leat__text list = {buf, sizeof(buf), 0};

	set_list(st, &list);
	return leat__error(err, LEAT_EINVAL,
		"stage '%s' has no option '%.64s%s%.64s' that can be changed "
		"while it runs; %s%s",
		leat__stage_name(st), r->guard ? r->guard : "",
		r->guard ? "." : "", r->option,
		list.at ? "there are: " : "it has no guard", buf);
}

static int
set_no_stage(const struct leat_graph *graph, const char *name,
	struct leat_error *err)
{
	struct leat__suggest suggest = leat__suggest_for(name, strlen(name));
	char buf[SET_LIST_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};

	for (uint32_t k = 0; k < graph->n_stages; k++)
		leat__suggest_look(&suggest, leat__stage_name(graph->stages[k]),
			strlen(leat__stage_name(graph->stages[k])));
	leat__suggest_add(&suggest, &text);
	return leat__error(err, LEAT_EINVAL,
		"no stage is called '%.64s'%s; leat top lists them", name, buf);
}

static bool
set_is_own(const struct leat_stage *st, const struct leat__control_request *r)
{
	bool is_own = false;

	if (r->guard)
		return false;
	leat__opts_lock(st->graph);
	for (uint32_t k = 0; k < st->n_options; k++)
		is_own |= !strcmp(st->ops.options[k].name, r->option);
	leat__opts_unlock(st->graph);
	return is_own;
}

static int
set_own(struct leat_graph *graph, const struct leat__control_request *r,
	struct leat_error *err)
{
	struct leat_set set = {r->stage, r->option, r->value};

	return leat_graph_set_options(graph, &set, 1,
		graph->env->now_ns(graph->env) + SET_ARRIVE_NS, SET_WHO, err);
}

static int
set_do(struct leat_graph *graph, const struct leat__control_request *r,
	struct leat_error *err)
{
	struct found found = {0};
	struct leat_stage *st;

	if (!r->stage || !r->option || !r->value)
		return leat__error(err, LEAT_EINVAL,
			"set needs \"stage\", \"option\" and \"value\"");
	st = leat__graph_find(graph, r->stage, strlen(r->stage));
	if (!st)
		return set_no_stage(graph, r->stage, err);
	if (set_is_own(st, r))
		return set_own(graph, r, err);
	found.list = (struct leat__text){found.names, sizeof(found.names), 0};
	set_find(st, r, &found);
	if (!found.n)
		return set_none(st, r, err);
	if (found.n > 1)
		return leat__error(err, LEAT_EINVAL,
			"several guards of '%s' are meant: %s; say which, as "
			"in %s.@GUARD.%s",
			leat__stage_name(st), found.names, leat__stage_name(st),
			r->option);
	return leat_stage_set_hook_option(
		st, found.k, r->option, r->value, SET_WHO, err);
}

/* ---- its thread ---------------------------------------------------------- */

static void
set_run(void *arg)
{
	struct leat__control_connection *c = arg;
	struct leat__control_set *set = &c->set;
	struct leat_control *control = c->control;

	set->code = set_do(control->graph, &set->request, &set->err);
	control->env->event_set(control->env, set->over_fd);
}

bool
leat__control_set_begin(struct leat__control_connection *c,
	const struct leat__control_request *request)
{
	const struct leat__env *env = c->control->env;
	struct leat__control_set *set = &c->set;
	int sys_errno;

	*set = (struct leat__control_set){.request = *request,
		.thread = {.fn = set_run, .arg = c, .name = "leat set"}};
	sys_errno = env->event_create(env, &set->over_fd);
	if (!sys_errno) {
		sys_errno = env->thread_start(env, &set->thread);
		if (sys_errno)
			env->close(env, set->over_fd);
	}
	set->is_under_way = !sys_errno;
	if (sys_errno)
		set->code = leat__error_errno(&set->err, LEAT_ELIMIT, sys_errno,
			"set: there is no thread for it");
	return set->is_under_way;
}

void
leat__control_set_end(struct leat__control_connection *c)
{
	const struct leat__env *env = c->control->env;

	if (!c->set.is_under_way)
		return;
	env->thread_join(env, &c->set.thread);
	env->close(env, c->set.over_fd);
	c->set.is_under_way = false;
}
