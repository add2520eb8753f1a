/*
 * run/reject.c -- what becomes of records that a stage rejects.
 *
 * Keeps: a record counts as failed before anything else; it is skipped, or is
 * in its store of dead letters, before the stage goes on, or the run fails with
 * it.
 * Threads: whoever steps the stage's task.
 */
#include <stdio.h>

#include "run/dead.h"
#include "run/run.h"
#include <leat/trace.h>

/* ---- rejecting -------------------------------------------------------------- */

/* "NAME:LINE:COLUMN: reason, and more" */
static int
reject_fail(struct leat_stage *st, int code, const struct leat_reject *reject,
	const char *more)
{
	if (!reject->line)
		leat_stage_fail(st, code, "%s%s%s%s",
			reject->origin ? reject->origin : "",
			reject->origin ? ": " : "", reject->reason, more);
	else
		leat_stage_fail(st, code, "%s:%llu:%llu: %s%s",
			reject->origin ? reject->origin : "input",
			(unsigned long long)reject->line,
			(unsigned long long)reject->column, reject->reason,
			more);
	if (!reject->line && !reject->origin)
		return code;
	return leat_stage_locate(st, reject->origin, reject->line,
		reject->column, reject->offset);
}

static int
reject_skip(struct leat_stage *st, int code, const struct leat_reject *reject,
	uint64_t n)
{
	struct leat_stage *all = st->original ? st->original : st;
	uint64_t n_before = leat__add_relaxed(&all->n_rejects, n);
	char more[64];

	if (!all->max_rejects || n_before + n <= all->max_rejects) {
		leat__bump(&st->counters.skipped_items, n);
		return LEAT_OK;
	}
	snprintf(more, sizeof(more), "; more than the %llu that may be skipped",
		(unsigned long long)all->max_rejects);
	return reject_fail(st, code, reject, more);
}

/* Asks to another process run ahead: the call under way is not the one that
 * rejects. */
static bool
reject_find_trace(
	const struct leat_stage *st, struct leat_trace_context *context_out)
{
	if (!st->isolation)
		return leat_stage_trace(st, context_out);
	return st->isolation->rejects_of &&
		leat_frame_trace_get(st->isolation->rejects_of, context_out);
}

static const char *
reject_trace(
	const struct leat_stage *st, char buf[LEAT_TRACE_TRACEPARENT_BYTES])
{
	struct leat_trace_context context;

	return reject_find_trace(st, &context)
		? leat_trace_format_traceparent(&context, buf)
		: NULL;
}

static int
reject_write(struct leat_stage *st, int code, const struct leat_reject *reject)
{
	char trace[LEAT_TRACE_TRACEPARENT_BYTES];
	struct leat_letter letter = {
		.stage = st->name,
		.code = leat_err_name(code),
		.class_name = leat_err_class_name(leat_err_class(code)),
		.reason = reject->reason,
		.origin = reject->origin,
		.head = reject->head,
		.data = reject->data,
		.n_bytes = reject->n_bytes,
		.n_attempts = leat__stage_n_attempts(st),
		.line = reject->line,
		.column = reject->column,
		.offset = reject->offset,
		.n_records = reject->n_records ? reject->n_records : 1,
		.flags = reject->flags & LEAT_REJECT_VALUES ? LEAT_LETTER_VALUES
							    : 0,
		.trace = reject_trace(st, trace),
	};
	struct leat_error err = {0};
	int rc = leat_dead_put(st->dead, &letter, &err);

	if (rc < 0)
		return leat_stage_fail_errno(
			st, rc, err.sys_errno, "%s", err.text);
	leat__bump(&st->counters.dead_items, letter.n_records);
	return LEAT_OK;
}

int
leat_stage_reject(
	struct leat_stage *st, int code, const struct leat_reject *reject)
{
	uint64_t n = reject->n_records ? reject->n_records : 1;

	if (st->isolation && st->isolation->reject)
		return st->isolation->reject(st, code, reject);
	if (st->name && !leat__stage_can_reject(st))
		return leat_stage_fail(st, LEAT_EBUG,
			"it rejects records, but has no LEAT_STAGE_REJECTS");
	st->n_rejected++;
	leat_stage_count(st, LEAT_COUNT_FAILED, n);
	switch (st->on_error) {
	case LEAT_ON_ERROR_SKIP:
		return reject_skip(st, code, reject, n);
	case LEAT_ON_ERROR_DEAD_LETTER:
		return reject_write(st, code, reject);
	default:
		return reject_fail(st, code, reject, "");
	}
}
