/*
 * watch/trace.c -- the traces of a graph: what was asked for, and the threads
 * that look.
 *
 * Keeps: nothing can be asked for once the plan is made, for what it takes is
 * part of what the plan proves.
 * Threads: the one that builds the graph; a looker's own.
 */
#include "watch/trace.h"

/* ---- lookers --------------------------------------------------------------- */

bool
leat__looker_sleep(struct leat__looker *looker, int64_t until_ns)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&looker->parker);

		/* acquire: what was done before the stop; pairs with the
		 * release in leat__looker_stop */
		if (leat__load_acquire(&looker->is_over))
			return true;
		if (leat__parker_wait(&looker->parker, ticket, until_ns) < 0)
			return false;
	}
}

static void
looker_main(void *arg)
{
	struct leat__looker *looker = arg;
	const struct leat__env *env = looker->env;
	bool is_last;

	do {
		is_last = leat__looker_sleep(
			looker, env->now_ns(env) + (int64_t)looker->every_ns);
		looker->look(looker, is_last);
	} while (!is_last);
}

int
leat__looker_start(struct leat__looker *looker, const char *name)
{
	const struct leat__env *env = looker->env;
	int sys_errno;

	leat__parker_init(&looker->parker, env);
	looker->thread.fn = looker_main;
	looker->thread.arg = looker;
	looker->thread.env = env;
	for (size_t k = 0; name[k] && k + 1 < sizeof(looker->thread.name); k++)
		looker->thread.name[k] = name[k];
	sys_errno = env->thread_start(env, &looker->thread);
	looker->is_started = sys_errno == 0;
	return sys_errno;
}

void
leat__looker_stop(struct leat__looker *looker)
{
	if (!looker->is_started)
		return;
	/* release: pairs with the acquire in leat__looker_sleep */
	leat__store_release(&looker->is_over, 1u);
	leat__parker_wake(&looker->parker);
	looker->env->thread_join(looker->env, &looker->thread);
	looker->is_started = false;
}

/* ---- of a graph ------------------------------------------------------------ */

static uint64_t
trace_bytes(const struct leat_graph *graph)
{
	const struct leat__watch_trace *t = leat__watch_trace(graph);

	return leat__trace_bytes(graph) + sizeof(*t) +
		(t->file ? leat__trace_file_bytes(t->file) : 0) +
		(t->export ? leat__trace_export_bytes(t->export) : 0);
}

static void
trace_stop(struct leat_graph *graph)
{
	struct leat__watch_trace *t = leat__watch_trace(graph);

	if (t->file)
		leat__trace_file_stop(t->file);
	if (t->export)
		leat__trace_export_stop(t->export);
}

static int
trace_start(struct leat_graph *graph, struct leat_error *err)
{
	struct leat__watch_trace *t = leat__watch_trace(graph);
	int rc =
		t->file ? leat__trace_file_start(t->file, graph, err) : LEAT_OK;

	if (rc >= 0 && t->export)
		rc = leat__trace_export_start(t->export, graph, err);
	if (rc < 0)
		trace_stop(graph);
	return rc;
}

static void
trace_destroy(struct leat_graph *graph)
{
	struct leat__watch_trace *t = leat__watch_trace(graph);

	leat__trace_file_destroy(t->file);
	leat__trace_export_destroy(t->export);
	graph->tracing = NULL;
	graph->env->free(graph->env, t);
}

int
leat__watch_trace_get(struct leat_graph *graph, const char *what,
	struct leat__watch_trace **trace_out, struct leat_error *err)
{
	struct leat__watch_trace *t;

	if (graph->state != LEAT__GRAPH_BUILDING)
		return leat__error(err, LEAT_ESTATE,
			"%s: the graph has been checked; its memory is proved",
			what);
	*trace_out = graph->tracing ? leat__watch_trace(graph) : NULL;
	if (*trace_out)
		return LEAT_OK;
	t = graph->env->alloc(graph->env, sizeof(*t));
	if (!t)
		return leat__error(err, LEAT_ENOMEM, "no memory for a trace");
	t->tracing.bytes = trace_bytes;
	t->tracing.start = trace_start;
	t->tracing.stop = trace_stop;
	t->tracing.destroy = trace_destroy;
	graph->tracing = &t->tracing;
	*trace_out = t;
	return LEAT_OK;
}

bool
leat_graph_trace_context(
	const struct leat_graph *graph, struct leat_trace_context *context_out)
{
	if (!graph->tracing || !leat__watch_trace(graph)->export)
		return false;
	*context_out = graph->tracing->root;
	return true;
}

void
leat_trace_stats(
	const struct leat_graph *graph, struct leat_trace_stats *stats_out)
{
	const struct leat__watch_trace *t =
		graph->tracing ? leat__watch_trace(graph) : NULL;

	*stats_out = (struct leat_trace_stats){.size = sizeof(*stats_out)};
	if (t && t->file)
		leat__trace_file_stats(t->file, stats_out);
	if (t && t->export)
		leat__trace_export_stats(t->export, stats_out);
}
