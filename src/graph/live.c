/*
 * graph/live.c -- options of stages that run.
 *
 * A set of options is never changed, only replaced by another (as hooks are,
 * decision 33). The stage has the newest one, for whoever asks; an instance has
 * the one that it took before one of its calls, and one may wait to be taken.
 * Keeps: a set is freed when neither the stage nor any instance has it.
 * Threads: changes by one at a time (change_lock); takes by who runs it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "graph/live.h"
#include "graph/parallel.h"
#include "graph/value.h"

/* ---- copies -------------------------------------------------------------- */

/* A look takes the lock of a graph that it does not change otherwise. */
static struct leat__lock *
opts_lock_of(const struct leat_graph *graph)
{
	return (struct leat__lock *)(uintptr_t)&graph->opts_lock;
}

void
leat__opts_lock(const struct leat_graph *graph)
{
	leat__lock_take(opts_lock_of(graph), graph->env);
}

void
leat__opts_unlock(const struct leat_graph *graph)
{
	leat__lock_drop(opts_lock_of(graph), graph->env);
}

struct leat__opts *
leat__opts_hold(const struct leat_stage *st, const void *opts)
{
	const struct leat__env *env = st->graph->env;
	struct leat__opts *held = env->alloc(env,
		sizeof(*held) + st->ops.opts_bytes +
			leat__options_strings_bytes(st->ops.options, opts));

	if (!held)
		return NULL;
	held->n_refs = 1;
	held->env = env;
	memcpy(held->bytes, opts, st->ops.opts_bytes);
	leat__options_copy_strings(st->ops.options, held->bytes,
		(char *)held->bytes + st->ops.opts_bytes);
	return held;
}

void
leat__opts_let_go(struct leat__opts *opts)
{
	/* the last one's free comes after what all others did with it */
	if (opts && leat__sub_acq_rel(&opts->n_refs, 1u) == 1)
		opts->env->free(opts->env, opts);
}

/* ---- ways ---------------------------------------------------------------- */

static const char *
way_reason(const struct leat_stage *st)
{
	if (st->n_ins == 0)
		return "a source goes on in its input by what it began with";
	if (leat__stage_n_own_outs(st) == 0)
		return "a sink ends its output by what it began with";
	return "what the stage keeps, or what others made of its columns, went "
	       "by it";
}

/* Which of its options can, whatever their way is. */
static const char *
way_accepted(const struct leat_stage *st, char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};

	buf[0] = '\0';
	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *option = &st->ops.options[k];

		if (!(option->flags & (LEAT_OPTION_LIVE | LEAT_OPTION_RENEWS)))
			continue;
		leat__text_add(
			&text, "%s%s", text.at ? ", " : "its ", option->name);
	}
	leat__text_add(&text, "%sits guards", text.at ? ", " : "");
	return buf;
}

uint32_t
leat__option_way(const struct leat_stage *st, const struct leat_option *option,
	struct leat_error *why)
{
	const char *reason = NULL;
	char accepted[128];

	if (!(option->flags & (LEAT_OPTION_LIVE | LEAT_OPTION_RENEWS)))
		reason = way_reason(st);
	else if (st->isolation)
		reason = "the stage runs in a process of its own (@isolate)";
	else if (st->parallel && st->parallel->split)
		reason = "the stage has copies (parallel)";
	if (!reason)
		return option->flags & LEAT_OPTION_LIVE ? LEAT_WAY_LIVE
							: LEAT_WAY_STAMP;
	leat__error(why, LEAT_ENOTSUP,
		"option '%s' of stage '%s' cannot change while the graph runs: "
		"%s; accepted meanwhile: %s; for this one drain the graph and "
		"start it anew",
		option->name, st->name, reason,
		way_accepted(st, accepted, sizeof(accepted)));
	return LEAT_WAY_NONE;
}

static int
option_refuse_name(
	const struct leat_stage *st, const char *name, struct leat_error *err)
{
	char buf[LEAT_ERROR_TEXT_BYTES] = "";
	struct leat__text list = {buf, sizeof(buf) / 2, 0};

	for (uint32_t k = 0; k < st->n_options; k++)
		leat__text_add(
			&list, "%s%s", k ? ", " : "", st->ops.options[k].name);
	return leat__error(err, LEAT_EINVAL,
		"stage '%s' (%s) has no option '%.32s'; there are: %s",
		st->name, st->ops.name, name, st->n_options ? buf : "none");
}

const struct leat_option *
leat__option_find(
	const struct leat_stage *st, const char *name, struct leat_error *err)
{
	for (uint32_t k = 0; k < st->n_options; k++)
		if (!strcmp(st->ops.options[k].name, name))
			return &st->ops.options[k];
	(void)option_refuse_name(st, name, err);
	return NULL;
}

const char *
leat__option_text(const struct leat_option *option, const void *opts,
	char buf[LEAT__OPTION_TEXT_BYTES])
{
	const char *text = leat__option_string(option, opts);

	if (option->type != LEAT_OPTION_STRING) {
		leat__option_print(option, opts, buf, LEAT__OPTION_TEXT_BYTES);
		return buf;
	}
	return text && strcmp(text, option->fallback ? option->fallback : "")
		? text
		: "";
}

bool
leat__option_differs(
	const struct leat_option *option, const void *now, const void *next)
{
	char before[LEAT__OPTION_TEXT_BYTES], after[LEAT__OPTION_TEXT_BYTES];

	return strcmp(leat__option_text(option, now, before),
		       leat__option_text(option, next, after)) != 0;
}

/* ---- options of hooks ---------------------------------------------------- */

bool
leat__option_is_of_hook(const char *option)
{
	return option[0] == '@';
}

/* @NAME[#N].OPTION: the length of NAME, N, and where OPTION begins. */
static bool
hook_words(const char *option, size_t *n_name_out, uint32_t *nth_out,
	const char **rest_out)
{
	const char *name = option + 1, *dot = strrchr(option, '.');
	const char *hash = strchr(option, '#');
	char *end;

	if (!dot || dot == name || !dot[1])
		return false;
	*rest_out = dot + 1;
	*n_name_out = (size_t)((hash ? hash : dot) - name);
	*nth_out = 1;
	if (!hash)
		return true;
	*nth_out = (uint32_t)strtoul(hash + 1, &end, 10);
	return end == dot && *nth_out > 0 && hash < dot;
}

int
leat__hook_find(const struct leat_stage *st, const char *option,
	uint32_t *k_out, const char **name_out, struct leat_error *err)
{
	const struct leat__hooks *hooks = leat__load_relaxed(&st->hooks);
	uint32_t nth, n = hooks ? hooks->n : 0;
	size_t n_name;

	if (!hook_words(option, &n_name, &nth, name_out))
		return leat__error(err, LEAT_EINVAL,
			"'%.64s': an option of a guard is wanted, like "
			"@rate.items or @rate#2.items",
			option);
	for (uint32_t k = 0; k < n; k++) {
		const char *name = hooks->at[k].ops.name;

		if (strlen(name) == n_name &&
			!memcmp(name, option + 1, n_name) &&
			hooks->at[k].ordinal + 1 == nth) {
			*k_out = k;
			return LEAT_OK;
		}
	}
	return leat__error(err, LEAT_EINVAL,
		"stage '%s' has no guard '@%.*s' number %u; it has %u guards",
		st->name, (int)n_name, option + 1, nth, n);
}

/* ---- instances ----------------------------------------------------------- */

/* Another instance, that nobody runs and that has no ends. */
static int
try_init(struct leat_stage *other, struct leat_error *err)
{
	int rc = leat__check_init(other, err);

	leat__stage_fini(other);
	return rc;
}

int
leat__live_try(struct leat_stage *st, void *opts, struct leat_error *err)
{
	const struct leat__env *env = st->graph->env;
	struct leat_stage *other = env->alloc(env, sizeof(*other));
	int rc = LEAT_ENOMEM;

	if (!other)
		return leat__graph_no_memory(err, "a stage");
	*other = (struct leat_stage){.graph = st->graph,
		.ops = st->ops,
		.name = st->name,
		.number = st->number,
		.place = st->place,
		.opts = opts,
		.n_ins = st->n_ins,
		.n_outs = st->n_outs,
		.n_options = st->n_options,
		.is_renewing = true,
		.original = other};
	leat__account_init(&other->account, st->graph->arena, 0);
	if (st->ops.state_bytes)
		other->state = env->alloc(env, st->ops.state_bytes);
	if (other->state || !st->ops.state_bytes)
		rc = try_init(other, err);
	else
		leat__graph_no_memory(err, "a stage");
	leat__account_fini(&other->account);
	env->free(env, other->state);
	env->free(env, other);
	return rc;
}

static void
instance_post(struct leat_stage *st, struct leat__opts *opts)
{
	leat__add_relaxed(&opts->n_refs, 1u);
	/* release: pairs with the swap in leat__live_take */
	leat__opts_let_go(leat__swap_acq_rel(&st->next_opts, opts));
}

void
leat__live_post(struct leat_stage *st, struct leat__opts *opts)
{
	uint32_t n = leat__stage_n_instances(st);

	for (uint32_t k = 0; k < n; k++)
		instance_post(leat__stage_instance(st, k), opts);
}

void
leat__live_take(struct leat_stage *st)
{
	struct leat__opts *opts =
		leat__swap_acq_rel(&st->next_opts, (struct leat__opts *)NULL);

	if (!opts)
		return;
	st->ops.change(st, opts->bytes);
	leat__opts_let_go(st->live_opts);
	st->live_opts = opts;
}

void
leat__live_drop(struct leat_stage *st)
{
	leat__opts_let_go(leat__load_relaxed(&st->next_opts));
	leat__opts_let_go(st->live_opts);
	leat__opts_let_go(st->held_opts);
	leat__store_relaxed(&st->next_opts, (struct leat__opts *)NULL);
	st->live_opts = st->held_opts = NULL;
}
