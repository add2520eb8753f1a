/*
 * span/isolate.c -- @isolate: what can be in a process of its own, and what
 * the plan needs for that.
 *
 * Keeps: all that is lent, asked and copied has its share in the plan; the
 * stage's own callbacks from open on run in the child alone, and its fini in
 * both, each for what it has done itself.
 * Threads: the one that builds, starts and closes the graph.
 */
#include <string.h>

#include "span/span.h"

#define ISOLATE_WINDOW_SMALL 32u
#define ISOLATE_SMALL_BYTES  (1u << 16)
#define ISOLATE_WINDOW       8u
#define ISOLATE_WINDOW_LARGE 2u
#define ISOLATE_LARGE_BYTES  (1u << 20)
#define ISOLATE_COPY_BYTES   (1u << 19)
#define ISOLATE_HANG_NS      30000000000
#define ISOLATE_RESTARTS     1000u
#define ISOLATE_BASE_NS      10000000
#define ISOLATE_CAP_NS       5000000000
#define ISOLATE_LETTER_BYTES 65536u

/* ---- what can be -------------------------------------------------------- */

static const char *
kind_text(const struct leat_stage *st)
{
	if (!st->n_ins)
		return "is a source";
	if (st->n_ins > 1)
		return "has several ins";
	if (st->has_fallback)
		return "has a fallback";
	return st->n_outs > 1 ? "has several outs"
			      : "chooses among its ins or outs";
}

static const char *
kind_advice(const struct leat_stage *st)
{
	if (!st->n_ins)
		return "; isolate the stage behind it";
	return st->has_fallback ? ", without @fallback" : "";
}

static int
fit_kind(const struct leat_stage *st, struct leat_error *err)
{
	uint32_t chooses = LEAT_STAGE_CHOOSES | LEAT_STAGE_GATHERS;

	if (st->n_ins != 1 || st->n_outs > 1 || st->has_fallback ||
		(st->ops.flags & chooses))
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"@isolate: stage '%s' %s; accepted: filters with one "
			"in and one out, and sinks with one in%s",
			st->name, kind_text(st), kind_advice(st));
	if (!st->graph->env->processes)
		return leat__stage_finding(st, err, LEAT_ENOTSUP,
			"@isolate: there are no processes here");
	return LEAT_OK;
}

/* A schema is found by its address, which both know if it is from before. */
static int
fit_columns(const struct leat_stage *st, struct leat_error *err)
{
	bool is_in_open = st->in_shape.layout == LEAT_LAYOUT_TABLE &&
		!st->in_shape.schema;
	bool is_out_open = st->n_outs &&
		st->out_shape.layout == LEAT_LAYOUT_TABLE &&
		!st->out_shape.schema;

	if (!is_in_open && !is_out_open)
		return LEAT_OK;
	return leat__stage_finding(st, err, LEAT_EINVAL,
		"@isolate: the columns that %s stage '%s' are known only when "
		"it runs; accepted: input that can be looked at before, such "
		"as a file",
		is_in_open ? "come to" : "come out of", st->name);
}

static int
fit_repeat(const struct leat__span *span, struct leat_error *err)
{
	if (span->is_lasting || !span->wants_restarts)
		return LEAT_OK;
	return leat__stage_finding(span->st, err, LEAT_EINVAL,
		"@isolate: stage '%s' keeps something between frames, or "
		"writes to the outside, which another process could not "
		"go on with; accepted: restart=never",
		span->st->name);
}

/* ---- what it needs ------------------------------------------------------ */

static uint32_t
round_up_2(uint32_t n)
{
	uint32_t k = 1;

	while (k < n)
		k *= 2;
	return k;
}

/* As many as make a wake of the other process cheap, and few megabytes. Of what
 * is copied, or made anew, fewer: both stay in a cache of 2 MiB, where a copy
 * costs a third. */
static uint32_t
window_default(const struct leat__span *span)
{
	const struct leat_stage *st = span->st;
	uint64_t n_bytes = leat__max_u64(
		st->in_shape.frame_bytes, st->out_shape.frame_bytes);
	uint64_t n_base = leat__max_u64(
		st->in_shape.base_bytes, st->out_shape.base_bytes);
	uint32_t window = leat__max_u64(n_bytes, n_base) > ISOLATE_SMALL_BYTES
		? ISOLATE_WINDOW
		: ISOLATE_WINDOW_SMALL;

	if (n_bytes > ISOLATE_LARGE_BYTES)
		window = ISOLATE_WINDOW_LARGE;
	if ((span->is_copying || st->is_maker) &&
		n_bytes * window > ISOLATE_COPY_BYTES)
		window = (uint32_t)leat__max_u64(
			ISOLATE_COPY_BYTES / n_bytes, ISOLATE_WINDOW_LARGE);
	return window;
}

static uint32_t
calls_max(const struct leat__span *span)
{
	return (uint32_t)span->window + LEAT__SPAN_SPARE;
}

static void
fit_map(struct leat__span *span)
{
	const struct leat_stage *st = span->st;
	struct leat__span_map *map = &span->map;

	map->window = round_up_2((uint32_t)span->window + 2);
	map->n_stock = round_up_2(span->n_stock + 1);
	map->n_emits_max = st->n_outs ? st->needs.max_out : 1;
	map->letter_bytes = (uint32_t)leat__max_u64(ISOLATE_LETTER_BYTES,
		leat__max_u64(
			st->in_shape.frame_bytes, st->in_shape.base_bytes));
	span->isolation.n_bytes = leat__span_map_bytes(map) +
		calls_max(span) * sizeof(*span->calls) +
		(span->n_stock + 1) * sizeof(*span->stock) +
		map->n_emits_max *
			(sizeof(*span->emits) + sizeof(*span->going));
}

static int
isolate_fit(struct leat_stage *st, struct leat_error *err)
{
	struct leat__span *span = leat__span_of(st);
	uint64_t holds;

	LEAT_TRY(fit_kind(st, err));
	LEAT_TRY(fit_columns(st, err));
	span->is_lasting = !span->is_never &&
		(span->inner.flags & LEAT_STAGE_STATELESS) && st->n_outs == 1 &&
		!span->inner.flush;
	LEAT_TRY(fit_repeat(span, err));
	span->is_copying =
		span->is_lasting && (span->inner.flags & LEAT_STAGE_IN_PLACE);
	if (!span->asked_window)
		span->window = window_default(span);
	span->n_stock = st->is_maker
		? st->needs.max_out * ((uint32_t)span->window + 1) +
			st->needs.holds
		: 0;
	holds = st->needs.holds + span->window + span->n_stock;
	if (span->is_lasting)
		holds += span->is_copying ? span->window + 1 : 1;
	fit_map(span);
	st->needs.holds = (uint32_t)leat__min_u64(holds, UINT32_MAX);
	st->needs.burst = (uint32_t)span->window;
	st->ops.flush = leat__span_flush;
	return LEAT_OK;
}

/* ---- life --------------------------------------------------------------- */

static void
span_free(struct leat__span *span)
{
	const struct leat__env *env = span->env;

	env->free(env, span->calls);
	env->free(env, span->stock);
	env->free(env, span->emits);
	env->free(env, span->going);
	span->calls = NULL;
	span->stock = NULL;
	span->emits = NULL;
	span->going = NULL;
	leat__span_map_fini(&span->map);
}

static int
span_alloc(struct leat__span *span, struct leat_error *err)
{
	const struct leat__env *env = span->env;
	uint32_t n_calls = calls_max(span), n_emits = span->map.n_emits_max;
	int sys_errno = leat__span_map_init(&span->map, env);

	if (sys_errno)
		return leat__error_errno(err, LEAT_ENOMEM, sys_errno,
			"no memory to share with the process of stage '%s'",
			span->st->name);
	span->calls = env->alloc(env, n_calls * sizeof(*span->calls));
	span->stock =
		env->alloc(env, (span->n_stock + 1) * sizeof(*span->stock));
	span->emits = env->alloc(env, n_emits * sizeof(*span->emits));
	span->going = env->alloc(env, n_emits * sizeof(struct leat_frame *));
	if (!span->calls || !span->stock || !span->emits || !span->going)
		return leat__graph_no_memory(err, "a process's asks");
	for (uint32_t k = 0; k + 1 < n_calls; k++)
		span->calls[k].next = &span->calls[k + 1];
	span->free = span->calls;
	return LEAT_OK;
}

static int
isolate_start(struct leat_stage *st, struct leat_error *err)
{
	struct leat__span *span = leat__span_of(st);
	struct leat_pool *pool = st->graph->run->pool;
	const struct leat__hooks *hooks = st->hooks;

	span->watch_fd = -1;
	if (leat__pool_fd(pool) < 0 || !st->task)
		return leat__stage_finding(st, err, LEAT_ENOTSUP,
			"@isolate: the system has no memory that processes "
			"share (memfd)");
	LEAT_TRY(span_alloc(span, err));
	/* other guards see each call by itself, and so does who repeats them */
	span->is_synchronous = (hooks && hooks->n > 1) ||
		(span->inner.flags & LEAT_STAGE_REPEATS);
	if (span->is_synchronous)
		span->window = 1;
	LEAT_TRY(leat__zygote_start(span, err));
	st->ops.open = leat__span_open;
	st->ops.process = leat__span_process;
	st->ops.finish = leat__span_finish;
	return LEAT_OK;
}

static void
isolate_stop(struct leat_stage *st)
{
	struct leat__span *span = leat__span_of(st);

	if (!span->map.page)
		return;
	if (span->is_started)
		leat__span_end_child(span, true);
	leat__zygote_stop(span);
	if (span->stock)
		leat__span_drop_stock(span);
	while (span->first)
		leat__span_drop(span, true);
	span_free(span);
}

/* ---- the guard ---------------------------------------------------------- */

static int64_t
or_default(int64_t value, int64_t fallback)
{
	return value ? value : fallback;
}

static void
span_set(struct leat__span *span, const struct leat_isolate_opts *o)
{
	span->hang_ns = or_default(o->hang_ns, ISOLATE_HANG_NS);
	span->base_ns = or_default(o->base_ns, ISOLATE_BASE_NS);
	span->cap_ns = or_default(o->cap_ns, ISOLATE_CAP_NS);
	span->max_deaths = o->restarts ? o->restarts : ISOLATE_RESTARTS;
	span->wants_restarts = o->restarts > 0;
	span->is_never = o->restart == 1;
	span->window = span->asked_window = o->window;
	span->inner = span->st->ops;
}

static int
isolate_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_isolate_opts *o = opts;
	struct leat_stage *st = hook->stage;
	struct leat_graph *graph = st->graph;
	struct leat__span *span;

	if (graph->state != LEAT__GRAPH_BUILDING)
		return leat_hook_fail(hook, LEAT_ESTATE,
			"@isolate: stage '%s' can be given a process of its "
			"own only before the graph is checked",
			st->name);
	span = leat__graph_own_alloc(graph, sizeof(*span));
	if (!span)
		return leat__graph_no_memory(hook->error, "a guard");
	span->st = st;
	span->env = graph->env;
	span->processes = graph->env->processes;
	span->hook_k = hook->k;
	span_set(span, o);
	span->isolation.fit = isolate_fit;
	span->isolation.start = isolate_start;
	span->isolation.stop = isolate_stop;
	/* a record that its process cannot bear is rejected for it */
	st->ops.flags |= LEAT_STAGE_REJECTS;
	if (o->on_poison)
		LEAT_TRY(leat_stage_set_on_error(
			st, o->on_poison - 1, 0, hook->error));
	st->isolation = &span->isolation;
	*(struct leat__span **)leat_hook_state(hook) = span;
	return LEAT_OK;
}

/* It may have another one by now. */
static void
isolate_fini(struct leat_hook *hook)
{
	struct leat__span **span = leat_hook_state(hook);
	struct leat_stage *st = hook->stage;

	if (st->graph->state == LEAT__GRAPH_BUILDING && *span &&
		st->isolation == &(*span)->isolation)
		st->isolation = NULL;
}

static const struct leat_option isolate_options[] = {
	{.name = "hang",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_isolate_opts, hang_ns),
		.min = 1000000,
		.max = INT64_MAX / 4,
		.fallback = "30s",
		.unit = "ns",
		.help = "a process that answers nothing for so long is ended"},
	{.name = "restart",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_isolate_opts, restart),
		.fallback = "stateless",
		.values = "stateless|never",
		.help = "a process that has died is followed by another one, "
			"where the stage keeps nothing between frames"},
	{.name = "restarts",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_isolate_opts, restarts),
		.min = 0,
		.max = 1000000000,
		.fallback = "1000",
		.help = "how many may follow, in all"},
	{.name = "base",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_isolate_opts, base_ns),
		.min = 1000,
		.max = INT64_MAX / 4,
		.fallback = "10ms",
		.unit = "ns",
		.help = "wait before the next; doubled while none answers"},
	{.name = "cap",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_isolate_opts, cap_ns),
		.min = 1000,
		.max = INT64_MAX / 4,
		.fallback = "5s",
		.unit = "ns",
		.help = "the longest such wait"},
	{.name = "on_poison",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_isolate_opts, on_poison),
		.fallback = "on_error",
		.values = "on_error|stop|skip|dead-letter",
		.help = "what becomes of a record that ends its process twice; "
			"on_error: what that option of the stage says, or "
			"stop"},
	{.name = "window",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_isolate_opts, window),
		.max = LEAT__SPAN_WINDOW_MAX,
		.fallback = "32",
		.unit = "frames",
		.help = "on their way at once; 8 if they are over 64 KiB, 2 if "
			"they are over 1 MiB; 512 KiB of what is written or "
			"made"},
	{.name = NULL},
};

const struct leat_hook_ops leat_isolate_ops = {
	LEAT_HOOK_OPS_INIT("isolate"),
	.flags = LEAT_HOOK_WAITS,
	.summary = "run a stage in a process of its own",
	.help = "The stage works on the same memory, in a child process: if "
		"it crashes, exits\n"
		"or hangs, that is an error here and not the end of all. Of a "
		"stage that keeps\n"
		"nothing between frames another process takes over, and is "
		"asked again what\n"
		"the first one had not answered. A frame that ends it twice is "
		"cut in halves,\n"
		"down to the record that is to blame, which is rejected with "
		"its bytes.\n"
		"Of other stages the run ends with an error.\n"
		"Each process that ends is told on stderr, with its reason.\n"
		"\n"
		"It is for filters of one in and one out and for sinks. Not "
		"for sources: what\n"
		"one has read and not sent yet is gone with its process, and "
		"nobody could ask\n"
		"for it again; isolate the stage behind it, which is the one "
		"that looks into\n"
		"the bytes.\n"
		"Columns must be known before the start, for both processes "
		"know them by then.\n"
		"\n"
		"    leat run 'read a.csv ! @isolate where \"x > 1\" ! write "
		"b.csv'\n"
		"    leat run --dead-letters=bad.ndjson \\\n"
		"        'read a.csv !\n"
		"         @isolate(on_poison=dead-letter) where \"x > 1\" ! "
		"write b.csv'\n",
	.state_bytes = sizeof(struct leat__span *),
	.opts_bytes = sizeof(struct leat_isolate_opts),
	.options = isolate_options,
	.init = isolate_init,
	.fini = isolate_fini,
};
