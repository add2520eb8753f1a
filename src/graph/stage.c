/*
 * graph/stage.c -- what a stage's callbacks may call at any time: state,
 * context, needs, ledger, failures, side memory.
 *
 * Keeps: a failure carries the stage's name and, where the graph came from
 * text, its place there; side memory never exceeds what the needs say.
 * Threads: the one that runs the stage at the moment.
 */
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "graph/graph.h"
#include "graph/lex.h"

void *
leat_stage_state(struct leat_stage *st)
{
	return st->state;
}

uint32_t
leat_stage_n_ins(const struct leat_stage *st)
{
	return st->n_ins;
}

uint32_t
leat_stage_n_outs(const struct leat_stage *st)
{
	return leat__stage_n_own_outs(st);
}

/* Where a call has a deadline it has a context, made for whoever asks. */
struct leat_ctx *
leat_stage_ctx(struct leat_stage *st)
{
	if (!st->call_deadline_ns)
		return st->graph->ctx;
	if (!st->call_ctx &&
		leat_ctx_child(st->graph->ctx, st->call_deadline_ns,
			&st->call_ctx, NULL) < 0)
		return st->graph->ctx;
	return st->call_ctx;
}

void
leat__stage_set_deadline(struct leat_stage *st, int64_t deadline_ns)
{
	if (st->call_deadline_ns == deadline_ns)
		return;
	leat_ctx_destroy(st->call_ctx);
	st->call_ctx = NULL;
	st->call_deadline_ns = deadline_ns;
}

int64_t
leat_stage_now_ns(const struct leat_stage *st)
{
	return st->graph->env->now_ns(st->graph->env);
}

const char *
leat_stage_name(const struct leat_stage *st)
{
	return st->name;
}

struct leat_needs *
leat_stage_needs(struct leat_stage *st)
{
	return &st->needs;
}

bool
leat_stage_values_wanted(const struct leat_stage *st)
{
	return st->is_wanted;
}

void
leat_stage_count(struct leat_stage *st, enum leat_count what, uint64_t n)
{
	LEAT_INVARIANT((uint32_t)what < LEAT_COUNT_N);
	leat__bump(&st->counters.counts[what], n);
}

/* ---- failures ---------------------------------------------------------- */

void
leat__stage_name_error(const struct leat_stage *st, struct leat_error *err)
{
	/* who was put beside another one is known by that one's name */
	const struct leat_stage *named = st->bringer ? st->bringer : st;

	if (named->name)
		snprintf(err->stage, sizeof(err->stage), "%s", named->name);
	err->at_offset = st->place.offset;
	err->at_bytes = st->place.n_bytes;
}

static void
stage_record(struct leat_stage *st, int code, int sys_errno, const char *format,
	va_list args)
{
	const struct leat__env *env = st->graph->env;

	leat__error_v(&st->error, code, sys_errno, format, args);
	st->error.time_ns = env->wall_ns(env);
	leat__stage_name_error(st, &st->error);
}

int
leat_stage_fail(struct leat_stage *st, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	stage_record(st, code, 0, format, args);
	va_end(args);
	return code;
}

int
leat_stage_fail_errno(
	struct leat_stage *st, int code, int sys_errno, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	stage_record(st, code, sys_errno, format, args);
	va_end(args);
	return code;
}

/* Where the value of an option stands in the text; n_bytes 0 = it does not. */
static struct leat__place
stage_option_place(const struct leat_stage *st, const char *option)
{
	struct leat__place none = {0, 0};

	if (!st->option_places)
		return none;
	for (uint32_t k = 0; k < st->n_options; k++)
		if (!strcmp(st->ops.options[k].name, option))
			return st->option_places[k].value;
	return none;
}

/* Narrow the error's place to a piece of an option's value. */
static void
stage_point(struct leat_stage *st, struct leat__place value, size_t offset,
	size_t n_bytes)
{
	const char *text = st->graph->text;
	uint32_t from, last;

	st->error.at_offset = value.offset;
	st->error.at_bytes = value.n_bytes;
	if (n_bytes == 0)
		return;
	from = leat__lex_locate(text, value, offset);
	last = leat__lex_locate(text, value, offset + n_bytes - 1);
	/* an escape is two bytes wide */
	if (text[last] == '\\' &&
		leat__lex_locate(text, value, offset + n_bytes) > last + 1)
		last++;
	st->error.at_offset = from;
	st->error.at_bytes = last - from + 1;
}

int
leat_stage_fail_at(struct leat_stage *st, int code, const char *option,
	size_t offset, size_t n_bytes, const char *format, ...)
{
	struct leat__place value = stage_option_place(st, option);
	va_list args;

	va_start(args, format);
	stage_record(st, code, 0, format, args);
	va_end(args);
	if (value.n_bytes)
		stage_point(st, value, offset, n_bytes);
	return code;
}

int
leat_stage_locate(struct leat_stage *st, const char *origin, uint64_t line,
	uint64_t column, uint64_t offset)
{
	leat__error_locate(
		&st->error, origin ? origin : "input", line, column, offset);
	return st->error.code;
}

void
leat__stage_error(const struct leat_stage *st, struct leat_error *err)
{
	if (err)
		*err = st->error;
}

int
leat__stage_finding(const struct leat_stage *st, struct leat_error *err,
	int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leat__error_v(err, code, 0, format, args);
	va_end(args);
	if (err)
		leat__stage_name_error(st, err);
	return code;
}

/* ---- side memory ------------------------------------------------------- */

struct leat_stage *
leat_stage_first(struct leat_stage *st)
{
	return st->original;
}

void
leat_stage_share(struct leat_stage *st, uint64_t n_bytes)
{
	st->shared_bytes = n_bytes;
}

uint64_t
leat__stage_side_bytes(const struct leat_stage *st)
{
	uint64_t shared = leat__min_u64(st->shared_bytes, st->needs.side_bytes);

	return (st->needs.side_bytes - shared) * leat__stage_n_instances(st) +
		shared + leat__keeps_bytes_of(st);
}

int
leat_stage_alloc(struct leat_stage *st, size_t n_bytes, void **memory_out)
{
	/* until the plan is made the needs may still grow */
	if (st->graph->state == LEAT__GRAPH_BUILDING || st->is_renewing)
		st->account.cap_bytes = st->needs.side_bytes;
	return leat__account_alloc(&st->account, n_bytes, memory_out);
}

void
leat_stage_free(struct leat_stage *st, void *memory)
{
	if (memory)
		leat__account_free(&st->account, memory);
}
