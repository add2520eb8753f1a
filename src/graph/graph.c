/*
 * graph/graph.c -- build a graph: its life, its stages, its links.
 *
 * Keeps: a stage's number is its index; names are unique; each end takes one
 * link; all that the graph owns is counted in its own account, except links,
 * which are aligned to cache lines.
 * Threads: the one that builds it, until the start.
 */
#include <stdio.h>
#include <string.h>

#include <leat/channel.h>

#include "base/atomic.h"
#include "env/virtual.h"
#include "graph/live.h"

#define GRAPH_FLAGS (LEAT_GRAPH_NO_LATENCY | LEAT_GRAPH_VIRTUAL_TIME)

#ifdef LEAT_TEST_TINY
#define GRAPH_CAPACITY_FRAMES 1u
#define GRAPH_MAGAZINE_SLOTS  0u
#else
#define GRAPH_CAPACITY_FRAMES 4u
#define GRAPH_MAGAZINE_SLOTS  4u
#endif
#define GRAPH_QUANTUM_NS 100000u

/* ---- memory ------------------------------------------------------------ */

void *
leat__graph_own_alloc(struct leat_graph *graph, size_t n_bytes)
{
	void *memory;

	if (leat__account_alloc(&graph->own, n_bytes ? n_bytes : 1, &memory) <
		0)
		return NULL;
	return memset(memory, 0, n_bytes ? n_bytes : 1);
}

void
leat__graph_own_free(struct leat_graph *graph, void *memory)
{
	if (memory)
		leat__account_free(&graph->own, memory);
}

char *
leat__graph_own_text(struct leat_graph *graph, const char *text, size_t n_bytes)
{
	char *copy = leat__graph_own_alloc(graph, n_bytes + 1);

	return copy ? memcpy(copy, text, n_bytes) : NULL;
}

int
leat__graph_no_memory(struct leat_error *err, const char *what)
{
	return leat__error(err, LEAT_ENOMEM, "no memory for %s", what);
}

/* Room for one more pointer in an array that doubles. */
static int
graph_grow(struct leat_graph *graph, void *array, uint32_t n, uint32_t *max)
{
	uint32_t n_more = *max ? *max * 2 : 8;
	void **old, **bigger;

	if (n < *max)
		return LEAT_OK;
	memcpy(&old, array, sizeof(old));
	bigger = leat__graph_own_alloc(graph, n_more * sizeof(*bigger));
	if (!bigger)
		return LEAT_ENOMEM;
	if (n)
		memcpy(bigger, old, n * sizeof(*bigger));
	leat__graph_own_free(graph, old);
	memcpy(array, &bigger, sizeof(bigger));
	*max = n_more;
	return LEAT_OK;
}

/* ---- life -------------------------------------------------------------- */

static int
opts_check(const struct leat_graph_opts *o, struct leat_error *err)
{
	if (o->flags & ~GRAPH_FLAGS)
		return leat__error(err, LEAT_EINVAL,
			"graph flags are 0x%x; known are 0x%x "
			"(LEAT_GRAPH_NO_LATENCY, LEAT_GRAPH_VIRTUAL_TIME)",
			o->flags, GRAPH_FLAGS);
	if ((o->flags & LEAT_GRAPH_VIRTUAL_TIME) && o->parent)
		return leat__error(err, LEAT_EINVAL,
			"a graph with LEAT_GRAPH_VIRTUAL_TIME has no parent: "
			"its contexts go by a clock of its own");
	if (o->workers > LEAT_GRAPH_WORKERS_MAX)
		return leat__error(err, LEAT_EINVAL,
			"workers is %u; accepted: 0 to %u", o->workers,
			LEAT_GRAPH_WORKERS_MAX);
	if (o->capacity_frames > LEAT_CHANNEL_CAPACITY_MAX)
		return leat__error(err, LEAT_EINVAL,
			"capacity_frames is %u; accepted: 0 to %u",
			o->capacity_frames, LEAT_CHANNEL_CAPACITY_MAX);
	if (o->spin_ns > LEAT__QUANTUM_NS_MAX ||
		o->quantum_ns > LEAT__QUANTUM_NS_MAX)
		return leat__error(err, LEAT_EINVAL,
			"spin_ns is %llu, quantum_ns %llu; accepted: up to an "
			"hour",
			(unsigned long long)o->spin_ns,
			(unsigned long long)o->quantum_ns);
	if (o->reserved)
		return leat__error(err, LEAT_EINVAL,
			"reserved is %u; accepted: 0", o->reserved);
	if (o->schedule > LEAT_SCHEDULE_WEIGHTED)
		return leat__error(err, LEAT_EINVAL,
			"schedule is %u; accepted: 0 (strict), 1 (weighted)",
			o->schedule);
	for (uint32_t k = 0; k < LEAT_PRIORITIES; k++)
		if (o->weights[k] > LEAT_WEIGHT_MAX)
			return leat__error(err, LEAT_EINVAL,
				"the weight of priority %u is %u; accepted: 0 "
				"to %u",
				k, o->weights[k], LEAT_WEIGHT_MAX);
	if (o->stages && o->stages->size < sizeof(struct leat_stage_set))
		return leat__error(err, LEAT_EINVAL,
			"the stage set's size is %u; accepted: from %zu on",
			o->stages->size, sizeof(struct leat_stage_set));
	return LEAT_OK;
}

static void
opts_fill(struct leat_graph_opts *o, const struct leat__env *env)
{
	if (!o->workers)
		o->workers = (uint32_t)leat__min_u64(
			leat__max_u64(env->n_cores(env), 1),
			LEAT_GRAPH_WORKERS_MAX);
	if (!o->capacity_frames)
		o->capacity_frames = GRAPH_CAPACITY_FRAMES;
	if (!o->quantum_ns)
		o->quantum_ns = GRAPH_QUANTUM_NS;
	if (!o->stages)
		o->stages = &leat_stages;
	if (!o->hash_seed)
		o->hash_seed = env->random(env);
}

static int
graph_init(struct leat_graph *graph, struct leat_error *err)
{
	int rc = leat__arena_create(graph->env, &graph->arena);

	if (rc < 0)
		return leat__error(err, rc, "no memory for the graph's arena");
	leat__account_init(&graph->own, graph->arena, UINT64_MAX);
	graph->magazine_slots = GRAPH_MAGAZINE_SLOTS;
	if (graph->opts.dead_letters) {
		const char *path = graph->opts.dead_letters;

		graph->dead_path =
			leat__graph_own_text(graph, path, strlen(path));
		if (!graph->dead_path)
			return leat__graph_no_memory(err, "a path");
	}
	if (graph->opts.parent)
		return leat_ctx_child(
			graph->opts.parent, LEAT_NEVER, &graph->ctx, err);
	return leat__ctx_create(graph->env, &graph->ctx, err);
}

int
leat__graph_create(const struct leat__env *env,
	const struct leat_graph_opts *opts, struct leat_graph **graph_out,
	struct leat_error *err)
{
	struct leat_graph_opts full;
	struct leat_graph *graph;
	struct leat__pin pin;
	int rc;

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_graph_opts", err));
	LEAT_TRY(opts_check(&full, err));
	LEAT_TRY(leat__pin_parse(env, "pin", full.pin, &pin, err));
	graph = env->alloc(env, sizeof(*graph));
	if (!graph)
		return leat__graph_no_memory(err, "the graph");
	graph->env = env;
	if ((full.flags & LEAT_GRAPH_VIRTUAL_TIME) &&
		leat__virtual_create(env, &graph->clock)) {
		leat__graph_free(graph);
		return leat__graph_no_memory(err, "the graph's clock");
	}
	if (graph->clock)
		graph->env = leat__virtual_env(graph->clock);
	graph->opts = full;
	graph->pin = pin;
	graph->is_capacity_own = !full.capacity_frames;
	opts_fill(&graph->opts, env);
	rc = graph_init(graph, err);
	if (rc < 0) {
		leat__graph_free(graph);
		return rc;
	}
	*graph_out = graph;
	return LEAT_OK;
}

int
leat_graph_create(const struct leat_graph_opts *opts,
	struct leat_graph **graph_out, struct leat_error *err)
{
	return leat__graph_create(leat__env_posix(), opts, graph_out, err);
}

static void
graph_free_stages(struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		leat__stage_fini(st);
		leat__live_drop(st);
		leat__account_fini(&st->account);
	}
}

void
leat__graph_free(struct leat_graph *graph)
{
	const struct leat__env *env;
	struct leat__virtual *v;

	if (!graph)
		return;
	env = graph->env;
	v = graph->clock;
	leat__hooks_drop(graph);
	leat__replicas_drop(graph);
	graph_free_stages(graph);
	for (uint32_t k = 0; k < graph->n_links; k++) {
		env->free(env, graph->links[k]->tap);
		env->free(env, graph->links[k]);
	}
	if (graph->arena) {
		leat__account_fini(&graph->own);
		leat__arena_destroy(graph->arena);
	}
	leat_ctx_destroy(graph->ctx);
	if (graph->tracing)
		graph->tracing->destroy(graph);
	env->free(env, graph);
	leat__virtual_destroy(v);
}

int
leat__graph_is_open(const struct leat_graph *graph, struct leat_error *err)
{
	if (graph->state == LEAT__GRAPH_BUILDING)
		return LEAT_OK;
	return leat__error(err, LEAT_ESTATE,
		"the graph was %s: nothing can be added to it",
		graph->state == LEAT__GRAPH_CHECKED ? "checked" : "started");
}

uint64_t
leat_graph_bound_bytes(const struct leat_graph *graph)
{
	/* it moves when stages are renewed */
	return leat__load_relaxed(&graph->bound_bytes);
}

/* ---- names ------------------------------------------------------------- */

static bool
name_is_taken(
	const struct leat_graph *graph, const bool *only, const char *name)
{
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if ((!only || only[k]) && !strcmp(graph->stages[k]->name, name))
			return true;
	return false;
}

static uint32_t
name_count(const struct leat_graph *graph, const bool *only, const char *base)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++)
		n += (!only || only[k]) &&
			!strcmp(graph->stages[k]->ops.name, base);
	return n;
}

void
leat__graph_auto_name(const struct leat_graph *graph, const bool *only,
	const char *base, char name[LEAT_ERROR_STAGE_BYTES])
{
	uint32_t n;

	snprintf(name, LEAT_ERROR_STAGE_BYTES, "%s", base);
	if (!name_is_taken(graph, only, name))
		return;
	n = name_count(graph, only, base) + 1;
	do
		snprintf(name, LEAT_ERROR_STAGE_BYTES, "%.*s%u",
			(int)LEAT__STAGE_NAME_MAX, base, n++);
	while (name_is_taken(graph, only, name));
}

struct leat_stage *
leat__graph_find(
	const struct leat_graph *graph, const char *name, size_t n_bytes)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const char *other = leat__stage_name(graph->stages[k]);

		if (strlen(other) == n_bytes && !memcmp(other, name, n_bytes))
			return graph->stages[k];
	}
	return NULL;
}

static int
name_check(const struct leat_graph *graph, const char *name,
	struct leat_error *err)
{
	size_t n = strlen(name);

	if (n >= LEAT_ERROR_STAGE_BYTES || !leat__name_is_valid(name, n))
		return leat__error(err, LEAT_EINVAL,
			"'%s' cannot be the name of a stage; accepted: up to "
			"%d letters, digits, . - _, a letter or _ first, no . "
			"at the end",
			name, LEAT_ERROR_STAGE_BYTES - 1);
	if (name_is_taken(graph, NULL, name))
		return leat__error(err, LEAT_EINVAL,
			"there is a stage called '%s' already", name);
	return LEAT_OK;
}

/* ---- stages ------------------------------------------------------------ */

static int
stage_alloc_parts(struct leat_graph *graph, struct leat_stage *st)
{
	const struct leat_stage_ops *ops = &st->ops;

	st->ins = leat__graph_own_alloc(graph, st->n_ins * sizeof(*st->ins));
	st->outs = leat__graph_own_alloc(graph, st->n_outs * sizeof(*st->outs));
	st->n_emitted = leat__graph_own_alloc(
		graph, st->n_outs * sizeof(*st->n_emitted));
	if (ops->state_bytes)
		st->state = leat__graph_own_alloc(graph, ops->state_bytes);
	if (ops->opts_bytes)
		st->opts = leat__graph_own_alloc(graph, ops->opts_bytes);
	if (!st->ins || !st->outs || !st->n_emitted ||
		(ops->state_bytes && !st->state) ||
		(ops->opts_bytes && !st->opts))
		return LEAT_ENOMEM;
	if (st->opts)
		memcpy(st->opts, &ops->opts_bytes, sizeof(ops->opts_bytes));
	return LEAT_OK;
}

static uint32_t
stage_count_options(const struct leat_stage_ops *ops)
{
	uint32_t n = 0;

	while (ops->options && ops->options[n].name)
		n++;
	return n;
}

int
leat__stage_create(struct leat_graph *graph, const struct leat_stage_ops *ops,
	struct leat_stage **stage_out, struct leat_error *err)
{
	struct leat_stage *st;

	LEAT_TRY(leat__graph_is_open(graph, err));
	if (!ops)
		return leat__error(
			err, LEAT_EINVAL, "a stage needs ops, not NULL");
	if (graph->n_stages == LEAT_GRAPH_STAGES_MAX)
		return leat__error(err, LEAT_ELIMIT,
			"a graph has at most %u stages (LEAT_GRAPH_STAGES_MAX)",
			LEAT_GRAPH_STAGES_MAX);
	st = leat__graph_own_alloc(graph, sizeof(*st));
	if (!st)
		return leat__graph_no_memory(err, "a stage");
	LEAT_TRY(leat__opts_copy(
		&st->ops, sizeof(st->ops), ops, "leat_stage_ops", err));
	LEAT_TRY(leat__ops_check(&st->ops, err));
	st->graph = graph;
	st->original = st;
	st->n_ins = st->ops.n_ins == LEAT_ENDS_ANY ? 0 : st->ops.n_ins;
	st->n_outs = st->ops.n_outs == LEAT_ENDS_ANY ? 0 : st->ops.n_outs;
	st->n_options = stage_count_options(&st->ops);
	st->needs = st->ops.needs;
	st->pool_class = UINT32_MAX;
	leat__account_init(&st->account, graph->arena, 0);
	if (stage_alloc_parts(graph, st) < 0)
		return leat__graph_no_memory(err, "a stage");
	*stage_out = st;
	return LEAT_OK;
}

int
leat__stage_insert(struct leat_graph *graph, const char *name,
	struct leat_stage *st, struct leat_error *err)
{
	char auto_name[LEAT_ERROR_STAGE_BYTES];

	if (name)
		LEAT_TRY(name_check(graph, name, err));
	else
		leat__graph_auto_name(graph, NULL, st->ops.name, auto_name);
	name = name ? name : auto_name;
	LEAT_TRY(leat__options_check(&st->ops, st->opts, err));
	leat__options_fill_strings(st->ops.options, st->opts);
	st->name = leat__graph_own_text(graph, name, strlen(name));
	if (!st->name ||
		graph_grow(graph, &graph->stages, graph->n_stages,
			&graph->max_stages) < 0)
		return leat__graph_no_memory(err, "a stage");
	st->number = graph->n_stages;
	graph->stages[graph->n_stages++] = st;
	return LEAT_OK;
}

/* The caller's strings may go away after the call. */
static int
stage_copy_strings(struct leat_stage *st, struct leat_error *err)
{
	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *option = &st->ops.options[k];
		const char *text = leat__option_string(option, st->opts);

		if (!text)
			continue;
		text = leat__graph_own_text(st->graph, text, strlen(text));
		if (!text)
			return leat__graph_no_memory(err, "an option");
		leat__option_set_string(option, st->opts, text);
	}
	return LEAT_OK;
}

static int
stage_copy_opts(struct leat_stage *st, const void *opts, struct leat_error *err)
{
	if (!opts)
		return LEAT_OK;
	if (!st->opts)
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' takes no options, opts must be NULL",
			st->ops.name);
	LEAT_TRY(leat__opts_copy(
		st->opts, st->ops.opts_bytes, opts, st->ops.name, err));
	return stage_copy_strings(st, err);
}

int
leat_graph_add(struct leat_graph *graph, const char *name,
	const struct leat_step *step, struct leat_stage **stage_out,
	struct leat_error *err)
{
	struct leat_stage *st;

	LEAT_TRY(leat__stage_create(graph, step->ops, &st, err));
	LEAT_TRY(stage_copy_opts(st, step->opts, err));
	LEAT_TRY(leat__stage_insert(graph, name, st, err));
	if (stage_out)
		*stage_out = st;
	return LEAT_OK;
}

/* ---- links ------------------------------------------------------------- */

/* A longer copy of an array of n entries, zero behind them. */
static void *
ends_copy(struct leat_graph *graph, void *from, uint32_t n, uint32_t n_more,
	size_t n_bytes)
{
	void *to = leat__graph_own_alloc(graph, n_more * n_bytes);

	if (to && n)
		memcpy(to, from, n * n_bytes);
	return to;
}

static int
ins_grow(struct leat_stage *st, uint32_t n)
{
	struct leat__link **ins =
		ends_copy(st->graph, st->ins, st->n_ins, n, sizeof(*st->ins));

	if (!ins)
		return LEAT_ENOMEM;
	leat__graph_own_free(st->graph, st->ins);
	st->ins = ins;
	st->n_ins = n;
	return LEAT_OK;
}

static int
outs_grow(struct leat_stage *st, uint32_t n)
{
	struct leat__link **outs = ends_copy(
		st->graph, st->outs, st->n_outs, n, sizeof(*st->outs));
	uint32_t *n_emitted =
		leat__graph_own_alloc(st->graph, n * sizeof(*n_emitted));

	if (!outs || !n_emitted) {
		leat__graph_own_free(st->graph, outs);
		leat__graph_own_free(st->graph, n_emitted);
		return LEAT_ENOMEM;
	}
	leat__graph_own_free(st->graph, st->outs);
	leat__graph_own_free(st->graph, st->n_emitted);
	st->outs = outs;
	st->n_emitted = n_emitted;
	st->n_outs = n;
	return LEAT_OK;
}

int
leat__stage_add_out(struct leat_stage *st)
{
	return outs_grow(st, st->n_outs + 1);
}

/* Of a stage with as many ends as are linked: have one of this index. */
static int
end_make(struct leat_end end, bool is_out, struct leat_error *err)
{
	struct leat_stage *st = end.stage;
	uint32_t n = is_out ? st->n_outs : st->n_ins;
	uint32_t n_ops = is_out ? st->ops.n_outs : st->ops.n_ins;

	if (n_ops != LEAT_ENDS_ANY || end.index < n)
		return LEAT_OK;
	if (end.index >= LEAT__STAGE_ENDS_MAX)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' has no %s %u; accepted: 0 to %u", st->name,
			is_out ? "out" : "in", end.index,
			LEAT__STAGE_ENDS_MAX - 1);
	if ((is_out ? outs_grow : ins_grow)(st, end.index + 1) < 0)
		return leat__graph_no_memory(err, "an end of a stage");
	return LEAT_OK;
}

static int
end_check(struct leat_end end, const char *what, uint32_t n,
	struct leat__link *const *links, struct leat_error *err)
{
	struct leat_stage *st = end.stage;

	if (n == 0)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' has no %s", st->name, what);
	if (end.index >= n)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' has no %s %u; accepted: 0 to %u", st->name,
			what, end.index, n - 1);
	if (links[end.index])
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"%s %u of stage '%s' is linked already", what,
			end.index, st->name);
	return LEAT_OK;
}

static int
end_check_graph(struct leat_end end, const struct leat_graph *graph,
	struct leat_error *err)
{
	if (end.stage && end.stage->graph == graph)
		return LEAT_OK;
	return leat__error(err, LEAT_EINVAL,
		end.stage ? "stage '%s' belongs to another graph"
			  : "%s cannot be an end of a link",
		end.stage ? end.stage->name : "NULL");
}

int
leat__link_open(struct leat_graph *graph, struct leat_end out,
	struct leat__link **link_out, struct leat_error *err)
{
	struct leat_stage *st = out.stage;
	struct leat__link *link;

	LEAT_TRY(end_make(out, true, err));
	LEAT_TRY(end_check(out, "out", st->n_outs, st->outs, err));
	if (graph_grow(graph, &graph->links, graph->n_links,
		    &graph->max_links) < 0)
		return leat__graph_no_memory(err, "a link");
	link = graph->env->alloc(graph->env, sizeof(*link));
	if (!link)
		return leat__graph_no_memory(err, "a link");
	link->from = st;
	link->from_index = out.index;
	st->outs[out.index] = link;
	graph->links[graph->n_links++] = link;
	*link_out = link;
	return LEAT_OK;
}

int
leat__link_close(
	struct leat__link *link, struct leat_end in, struct leat_error *err)
{
	struct leat_stage *st = in.stage;

	LEAT_TRY(end_make(in, false, err));
	LEAT_TRY(end_check(in, "in", st->n_ins, st->ins, err));
	link->to = st;
	link->to_index = in.index;
	st->ins[in.index] = link;
	return LEAT_OK;
}

static int
link_check_opts(const struct leat_link_opts *o, struct leat_error *err)
{
	if (o->flags)
		return leat__error(err, LEAT_EINVAL,
			"link flags are 0x%x; none is known", o->flags);
	if (o->capacity_frames > LEAT_CHANNEL_CAPACITY_MAX)
		return leat__error(err, LEAT_EINVAL,
			"capacity_frames is %u; accepted: 0 to %u",
			o->capacity_frames, LEAT_CHANNEL_CAPACITY_MAX);
	return LEAT_OK;
}

int
leat_graph_link(struct leat_graph *graph, struct leat_end out,
	struct leat_end in, const struct leat_link_opts *opts,
	struct leat_error *err)
{
	struct leat_link_opts full;
	struct leat__link *link;

	LEAT_TRY(leat__graph_is_open(graph, err));
	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_link_opts", err));
	LEAT_TRY(link_check_opts(&full, err));
	LEAT_TRY(end_check_graph(out, graph, err));
	LEAT_TRY(end_check_graph(in, graph, err));
	LEAT_TRY(end_make(in, false, err));
	LEAT_TRY(end_check(in, "in", in.stage->n_ins, in.stage->ins, err));
	LEAT_TRY(leat__link_open(graph, out, &link, err));
	link->asked_frames = full.capacity_frames;
	link->capacity_bytes = full.capacity_bytes;
	return leat__link_close(link, in, err);
}

int
leat__graph_chain(struct leat_graph *graph, const struct leat_step *steps,
	uint32_t n_steps, struct leat_stage **first_out,
	struct leat_stage **last_out, struct leat_error *err)
{
	struct leat_stage *st, *before = NULL;

	if (n_steps == 0)
		return leat__error(
			err, LEAT_EINVAL, "a chain needs at least one step");
	for (uint32_t k = 0; k < n_steps; k++) {
		LEAT_TRY(leat_graph_add(graph, NULL, &steps[k], &st, err));
		if (before)
			LEAT_TRY(leat_graph_link(graph, leat_out(before, 0),
				leat_in(st, 0), NULL, err));
		else
			*first_out = st;
		before = st;
	}
	*last_out = before;
	return LEAT_OK;
}

int
leat_graph_chain(struct leat_graph *graph, const struct leat_step *steps,
	uint32_t n_steps, struct leat_error *err)
{
	struct leat_stage *first, *last;

	return leat__graph_chain(graph, steps, n_steps, &first, &last, err);
}
