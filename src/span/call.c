/*
 * span/call.c -- the callbacks of a stage whose own ones run in a child.
 *
 * process asks, and passes on what has been answered meanwhile: one answer a
 * call, for which there is credit. flush waits for what is out, so the asks
 * run ahead only while there is more input. Where other hooks look on, each
 * call is asked and answered by itself.
 * Keeps: a frame in the queue is no more the caller's; on an error the one in
 * hand is.
 * Threads: that of the stage.
 */
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "span/span.h"

/* ---- answers ------------------------------------------------------------ */

/* What to do about a child that gave no answer, or a wrong one. */
static int
take_rescue(struct leat__span *span, int rc, const char *why)
{
	char text[96];

	switch (rc) {
	case LEAT_ECANCELED:
		return rc;
	case LEAT_ECLOSED:
		return leat__span_rescue(span, NULL);
	case LEAT_ETIMEDOUT:
		snprintf(text, sizeof(text), "did not answer for %.3g s",
			(double)span->hang_ns / 1e9);
		return leat__span_rescue(span, text);
	default:
		snprintf(
			text, sizeof(text), "answered what cannot be: %s", why);
		return leat__span_rescue(span, text);
	}
}

/* The next answer, copied: 1. 0: there is none, or another child. */
static int
take_next(struct leat__span *span, bool waits)
{
	const char *why = "";
	int rc = leat__span_answer_take(
		&span->map, &span->parent, &span->answer, span->emits, &why);

	if (rc == 1 && span->first && span->first->is_out)
		return 1;
	if (rc == 1)
		return take_rescue(span, LEAT_EBUG, "something unasked");
	if (rc == 0 && !waits)
		return 0;
	if (rc == 0) {
		rc = leat__span_await(span);
		if (rc == LEAT_OK)
			return 0;
	}
	return take_rescue(span, rc, why);
}

/*
 * At most one answer is passed on. waits: at least one, or the queue is empty.
 * LEAT_OK, LEAT_EOS: enough; or a code of the stage, or of the child's end.
 */
static int
span_take(struct leat__span *span, bool waits)
{
	bool is_bad;
	int rc;

	do {
		rc = take_next(span, waits);
		if (rc < 0)
			return rc;
	} while (rc == 0 && waits && span->n_calls);
	if (rc == 0)
		return LEAT_OK;
	rc = leat__span_accept(span, span->first, &is_bad);
	if (is_bad)
		return take_rescue(span, LEAT_EBUG, span->why);
	span->n_in_row = 0;
	if (rc != LEAT_MORE && (rc >= 0 || rc == LEAT_EOS))
		leat__span_drop(span, true);
	else if (rc < 0)
		leat__span_drop(span, !span->is_synchronous);
	span->since_ns = 0;
	if (rc >= 0) {
		LEAT_TRY(leat__span_restock(span));
		LEAT_TRY(leat__span_send(span));
		rc = LEAT_OK;
	}
	return rc;
}

/* ---- enough ------------------------------------------------------------- */

/* The stage wants no more: what it was asked after that is filtered. */
static void
span_enough(struct leat__span *span)
{
	span->is_enough = true;
	while (span->first) {
		leat_stage_count(
			span->st, LEAT_COUNT_FILTERED, span->first->n_items);
		leat__span_drop(span, true);
	}
}

static int
process_enough(struct leat__span *span, struct leat_frame *in)
{
	if (!span->is_enough)
		span_enough(span);
	span->n_in_hand = 0;
	leat_stage_count(span->st, LEAT_COUNT_FILTERED, in->n_items);
	leat_stage_release(span->st, in);
	return LEAT_EOS;
}

/* ---- callbacks ---------------------------------------------------------- */

/* The frame in hand stays the caller's. */
static int
process_fail(struct leat__span *span, struct leat_frame *in, int rc)
{
	struct leat__span_call *last = span->last;

	span->is_pushed = false;
	if (last && last->frame == in) {
		leat__span_end_child(span, false);
		leat__span_recall(span);
		last->frame = NULL;
	}
	return rc;
}

static int
span_push(struct leat__span *span, struct leat_frame *in)
{
	int rc;

	(void)leat__span_put(span, LEAT__SPAN_CALL, in);
	span->n_in_hand = 0;
	span->is_dirty = true;
	span->has_let = false;
	rc = leat__span_send(span);
	if (rc < 0)
		return process_fail(span, in, rc);
	/* the child may sleep until there is more, or until it is waited for */
	if (span->parent.n_asked - span->parent.n_rung >= span->window / 2)
		leat__span_ring(&span->map, &span->parent);
	return LEAT_OK;
}

/* One call at a time, as if the stage were here. */
static int
process_one(struct leat__span *span, struct leat_frame *in)
{
	int rc;

	if (!span->is_pushed) {
		LEAT_TRY(span_push(span, in));
		span->is_pushed = true;
	}
	rc = span_take(span, true);
	if (rc < 0 && rc != LEAT_EOS)
		return process_fail(span, in, rc);
	if (span->first && rc != LEAT_EOS)
		return LEAT_MORE;
	span->is_pushed = false;
	span->is_enough = rc == LEAT_EOS;
	return rc;
}

int
leat__span_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat__span *span = leat__span_of(st);
	int rc;

	if (span->is_enough)
		return process_enough(span, in);
	if (span->is_synchronous)
		return process_one(span, in);
	span->n_in_hand = in->n_items;
	rc = span_take(span, span->n_calls >= span->window);
	if (rc == LEAT_EOS)
		return process_enough(span, in);
	if (rc < 0)
		return rc;
	if (span->n_calls >= span->window)
		return LEAT_MORE;
	return span_push(span, in);
}

/* What is out is answered. LEAT_OK: nothing is; LEAT_MORE: call again. */
static int
span_settle(struct leat__span *span)
{
	int rc;

	if (!span->n_calls)
		return LEAT_OK;
	rc = span_take(span, true);
	if (rc == LEAT_EOS)
		span_enough(span);
	else if (rc < 0)
		return rc;
	return LEAT_MORE;
}

static int
span_ask(struct leat__span *span, uint32_t kind)
{
	(void)leat__span_put(span, kind, NULL);
	LEAT_TRY(leat__span_send(span));
	return LEAT_MORE;
}

/* Before it waits: whoever is about to send more may do so, and the child gets
 * it along. */
static bool
span_lets_others(struct leat__span *span)
{
	if (span->has_let || !span->n_calls)
		return false;
	span->has_let = true;
	leat__span_ring(&span->map, &span->parent);
	span->env->yield(span->env);
	return true;
}

int
leat__span_flush(struct leat_stage *st)
{
	struct leat__span *span = leat__span_of(st);

	if (span_lets_others(span))
		return LEAT_MORE;
	LEAT_TRY(span_settle(span));
	if (span->n_calls)
		return LEAT_MORE;
	if (!span->inner.flush || !span->is_dirty)
		return LEAT_OK;
	span->is_dirty = false;
	return span_ask(span, LEAT__SPAN_FLUSH);
}

int
leat__span_finish(struct leat_stage *st)
{
	struct leat__span *span = leat__span_of(st);

	LEAT_TRY(span_settle(span));
	if (span->n_calls)
		return LEAT_MORE;
	if (span->inner.finish && !span->is_finished) {
		span->is_finished = true;
		return span_ask(span, LEAT__SPAN_FINISH);
	}
	if (leat__span_balance(st) == 0)
		return LEAT_OK;
	return leat_stage_fail(st, LEAT_EBUG,
		"the process of stage '%s' has not told what became of %lld "
		"records",
		st->name, (long long)leat__span_balance(st));
}

/* ---- the first child ---------------------------------------------------- */

int
leat__span_open(struct leat_stage *st)
{
	struct leat__span *span = leat__span_of(st);

	return leat__span_begin_child(span);
}
