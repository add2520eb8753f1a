/*
 * graph/errors.c -- what went wrong in a graph: the cause, and what came of it.
 *
 * Keeps: the first LEAT_GRAPH_ERRORS_MAX in the order of time, and how many
 * came in all; once the graph has failed its cause stands first, once. Nothing
 * is allocated: whoever fails for want of memory is heard as well.
 * Threads: any, one at a time by the lock; leat__errors_lead by the one that
 * closes the run, or could not start it.
 */
#include <string.h>

#include "graph/graph.h"

static void
errors_lock(struct leat_graph *graph)
{
	leat__lock_take(&graph->errors.lock, graph->env);
}

static void
errors_unlock(struct leat_graph *graph)
{
	leat__lock_drop(&graph->errors.lock, graph->env);
}

static uint32_t
errors_n_kept(const struct leat__errors *errors)
{
	return (uint32_t)leat__min_u64(errors->n, LEAT_GRAPH_ERRORS_MAX);
}

void
leat__errors_add(struct leat_graph *graph, const struct leat_error *err)
{
	struct leat__errors *errors = &graph->errors;

	errors_lock(graph);
	if (errors->n < LEAT_GRAPH_ERRORS_MAX)
		errors->list[errors->n] = *err;
	errors->n++;
	errors_unlock(graph);
}

void
leat__errors_note(const struct leat_stage *st, int code, int sys_errno,
	const char *format, ...)
{
	const struct leat__env *env = st->graph->env;
	struct leat_error err;
	va_list args;

	va_start(args, format);
	leat__error_v(&err, code, sys_errno, format, args);
	va_end(args);
	err.time_ns = env->wall_ns(env);
	leat__stage_name_error(st, &err);
	leat__errors_add(st->graph, &err);
}

/* ---- the cause ---------------------------------------------------------- */

static bool
cause_is(const struct leat_error *cause, const struct leat_error *err)
{
	return err->code == cause->code && err->time_ns == cause->time_ns &&
		strcmp(err->stage, cause->stage) == 0 &&
		strcmp(err->text, cause->text) == 0;
}

/* Where it is; n_kept = it is not there. */
static uint32_t
cause_find(const struct leat__errors *errors, const struct leat_error *cause)
{
	uint32_t n = errors_n_kept(errors), k = 0;

	while (k < n && !cause_is(cause, &errors->list[k]))
		k++;
	return k;
}

void
leat__errors_lead(struct leat_graph *graph, struct leat_error *cause)
{
	struct leat__errors *errors = &graph->errors;
	uint32_t at;

	errors_lock(graph);
	at = cause_find(errors, cause);
	if (at == errors_n_kept(errors)) {
		if (!cause->time_ns)
			cause->time_ns = graph->env->wall_ns(graph->env);
		errors->n++;
		at = errors_n_kept(errors) - 1;
	}
	memmove(&errors->list[1], &errors->list[0],
		at * sizeof(errors->list[0]));
	errors->list[0] = *cause;
	errors_unlock(graph);
}

/* ---- for applications ---------------------------------------------------- */

int
leat_graph_error(
	struct leat_graph *graph, uint32_t k, struct leat_error *err_out)
{
	int rc = LEAT_EINVAL;

	errors_lock(graph);
	if (k < errors_n_kept(&graph->errors)) {
		*err_out = graph->errors.list[k];
		rc = LEAT_OK;
	}
	errors_unlock(graph);
	return rc;
}

uint32_t
leat_graph_n_errors(struct leat_graph *graph)
{
	uint32_t n;

	errors_lock(graph);
	n = graph->errors.n;
	errors_unlock(graph);
	return n;
}
