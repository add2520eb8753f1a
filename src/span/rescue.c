/*
 * span/rescue.c -- children begin, end, die and are replaced.
 *
 * A child that is gone, hangs or answers what cannot be is ended. What it was
 * asked is asked again of the next one. A frame that was in hand twice is cut
 * in halves, down to the record that is to blame; that one is rejected, with
 * its bytes. Waits between children grow from base to cap.
 * Keeps: nobody uses a slot that was lent before the child has ended for good;
 * each record is asked again or rejected, and if neither can be the run fails.
 * Threads: that of the stage; leat__span_end_child by who closes the run, too.
 */
#include <stdio.h>
#include <string.h>

#include <leat/table.h>

#include "span/span.h"

#define RESCUE_GRACE_NS 1000000000 /* for the end of a child: its fini */
#define RESCUE_BIRTH_NS 2000000000
#define RESCUE_SHIFTS   30u

/* ---- the end of one ----------------------------------------------------- */

/* It is killed if it has not ended. false: nobody knows how it did. */
static bool
child_reap(struct leat__span *span, struct leat__ended *ended)
{
	bool is_known;

	if (span->watch_fd < 0)
		return false;
	is_known = leat__zygote_reap(span, ended) == 0;
	span->env->close(span->env, span->watch_fd);
	span->watch_fd = -1;
	return is_known;
}

static void
child_ask_end(struct leat__span *span)
{
	struct leat__span_ask *ask =
		leat__span_ask_begin(&span->map, &span->parent);
	struct leat__poll poll = {
		.fd = span->watch_fd, .want = LEAT__POLL_READ};

	ask->number = span->parent.n_asked + 1;
	ask->kind = LEAT__SPAN_END;
	ask->n_frames = 0;
	leat__span_ask_end(&span->map, &span->parent);
	leat__span_ring(&span->map, &span->parent);
	(void)!span->env->poll(span->env, &poll, 1,
		span->env->now_ns(span->env) + RESCUE_GRACE_NS);
}

void
leat__span_end_child(struct leat__span *span, bool is_kind)
{
	struct leat__ended ended;

	if (span->watch_fd < 0)
		return;
	/* there is no room for more where it has not answered */
	if (is_kind && span->n_out < span->map.window)
		child_ask_end(span);
	(void)child_reap(span, &ended);
}

/* ---- the beginning of one ----------------------------------------------- */

static int
child_open(struct leat__span *span)
{
	struct leat__span_call call = {.kind = LEAT__SPAN_OPEN, .number = 1};
	struct leat__span_ask *ask =
		leat__span_ask_begin(&span->map, &span->parent);
	const char *why = "";
	bool is_bad;
	int rc;

	ask->number = 1;
	ask->kind = LEAT__SPAN_OPEN;
	ask->n_frames = 0;
	leat__span_ask_end(&span->map, &span->parent);
	/* it has to come into being before it can be slow */
	span->since_ns = span->env->now_ns(span->env) + RESCUE_BIRTH_NS;
	do {
		LEAT_TRY(leat__span_await(span));
		rc = leat__span_answer_take(&span->map, &span->parent,
			&span->answer, span->emits, &why);
		if (rc == 1)
			rc = leat__span_accept(span, &call, &is_bad);
	} while (rc == LEAT_MORE);
	return rc;
}

/* Its open has gone well, and it is lent all that it may fill. */
int
leat__span_begin_child(struct leat__span *span)
{
	struct leat__ended ended;
	int sys_errno, rc;
	char how[96];

	leat__span_map_reset(&span->map);
	span->parent = (struct leat__span_parent){0};
	sys_errno = leat__zygote_bear(span);
	if (sys_errno)
		return leat_stage_fail_errno(span->st, LEAT_ELIMIT, sys_errno,
			"cannot make a process for stage '%s': %s",
			span->st->name,
			leat__env_strerror(sys_errno, how, sizeof(how)));
	rc = child_open(span);
	if (rc == LEAT_ECLOSED || rc == LEAT_ETIMEDOUT) {
		leat__span_tell_end(span, child_reap(span, &ended), &ended, how,
			sizeof(how));
		return leat_stage_fail(span->st, LEAT_EBUG,
			"the process of stage '%s' %s while it was opened",
			span->st->name, rc == LEAT_ECLOSED ? how : "hung");
	}
	return rc < 0 ? rc : leat__span_restock(span);
}

/* ---- a record to blame -------------------------------------------------- */

static bool
call_can_split(const struct leat__span_call *call)
{
	return call->n > 1 && call->frame->layout != LEAT_LAYOUT_BYTES;
}

static int
poison_reject_table(struct leat__span *span, const struct leat__span_call *call,
	const char *why)
{
	struct leat_table t;
	uint32_t row;

	leat_table_open(call->frame, &t);
	row = t.select ? t.select[call->from] : call->from;
	return leat_table_reject(span->st, &t, 0, row, LEAT_EBUG, why);
}

/* The bytes of what it is about. */
static int
poison_reject(struct leat__span *span, const struct leat__span_call *call,
	const char *why)
{
	struct leat_frame *frame = call->frame;
	struct leat_reject reject = {.reason = why,
		.origin = span->st->in_shape.origin,
		.data = frame->data,
		.n_bytes = frame->len_bytes,
		.n_records = call->n};
	uint32_t item = leat_frame_item_bytes(frame);

	if (call->n == 1 && frame->layout == LEAT_LAYOUT_TABLE)
		return poison_reject_table(span, call, why);
	if (call->n == 1 && frame->layout == LEAT_LAYOUT_ROWS) {
		struct leat_rows rows = leat_frame_rows(frame);

		reject.data = rows.text + rows.rows[call->from].offset;
		reject.n_bytes = rows.rows[call->from].len;
	} else if (call->n == 1 && frame->layout == LEAT_LAYOUT_ITEMS) {
		reject.data = frame->data + (size_t)call->from * item;
		reject.n_bytes = item;
	}
	/* of bytes nobody knows yet what records they are */
	if (!call->n)
		leat_stage_count(span->st, LEAT_COUNT_READ, 1);
	return leat_stage_reject(span->st, LEAT_EBUG, &reject);
}

/* It was in hand when a child died. */
static int
call_blame(struct leat__span *span, const char *how)
{
	struct leat__span_call *call = span->first;
	char why[160];

	if (++call->n_deaths < 2)
		return LEAT_OK;
	if (!call->frame || call->n_passed)
		return leat_stage_fail(span->st, LEAT_EBUG,
			"the process of stage '%s' %s, and so did the one "
			"before, %s",
			span->st->name, how,
			call->frame ? "in the middle of a frame"
				    : "at the end");
	if (call_can_split(call)) {
		leat__span_split(span);
		return LEAT_OK;
	}
	span->isolation.rejects_of = call->frame;
	snprintf(why, sizeof(why),
		"a process of stage '%s' %s, each time with this in hand",
		span->st->name, how);
	LEAT_TRY(poison_reject(span, call, why));
	leat__span_drop(span, true);
	return LEAT_OK;
}

/* ---- the next one ------------------------------------------------------- */

/* Signal or status; what was known before is better. */
void
leat__span_tell_end(const struct leat__span *span, bool is_known,
	const struct leat__ended *ended, char *buf, size_t n_bytes)
{
	char name[24];

	if (!is_known)
		snprintf(buf, n_bytes, "is gone");
	else if (ended->signal)
		snprintf(buf, n_bytes, "was ended by %s",
			span->processes->signal_name(ended->signal, name));
	else
		snprintf(buf, n_bytes, "exited with status %d", ended->status);
}

static int
rescue_fail(struct leat__span *span, const struct leat__span_call *call,
	const char *how)
{
	const struct leat_shape *in = &span->st->in_shape;
	char at[160] = "";

	if (call && call->kind == LEAT__SPAN_CALL)
		snprintf(at, sizeof(at),
			", with a frame of %u records in hand, from byte %llu "
			"of %s on",
			call->n_items, (unsigned long long)call->source_offset,
			in->origin ? in->origin : "its source");
	return leat_stage_fail(span->st, LEAT_EBUG,
		"the process of stage '%s' %s%s", span->st->name, how, at);
}

static int
rescue_wait(struct leat__span *span)
{
	const struct leat__env *env = span->env;
	uint32_t n = span->n_in_row++;
	int64_t wait_ns = span->base_ns
		<< (n < RESCUE_SHIFTS ? n : RESCUE_SHIFTS);
	struct leat__poll poll = {
		.fd = span->st->graph->run->cancel_fd, .want = LEAT__POLL_READ};

	if (wait_ns > span->cap_ns || wait_ns >> n != span->base_ns)
		wait_ns = span->cap_ns;
	(void)!env->poll(env, &poll, 1, env->now_ns(env) + wait_ns);
	return poll.got ? LEAT_ECANCELED : LEAT_OK;
}

/* There will be another one. What dies of a frame again, or of halves of it, is
 * told when it is known which record is to blame. */
static void
rescue_tell(const struct leat__span *span, const struct leat__span_call *call,
	const char *how)
{
	struct leat_change told = {.k = span->hook_k, .what = "process"};
	char with[48] = "";

	if (call && (call->n_deaths || call->is_narrowed))
		return;
	if (call && call->kind == LEAT__SPAN_CALL)
		snprintf(with, sizeof(with), ", with %u records in hand",
			call->n_items);
	snprintf(told.stage, sizeof(told.stage), "%s", span->st->name);
	snprintf(told.hook, sizeof(told.hook), "%s", leat_isolate_ops.name);
	snprintf(told.before, sizeof(told.before), "%llu",
		(unsigned long long)span->n_deaths);
	snprintf(told.after, sizeof(told.after), "%llu",
		(unsigned long long)span->n_deaths + 1);
	snprintf(told.why, sizeof(told.why), "the one before %s%s", how, with);
	leat__changes_add(span->st->graph, &told);
}

int
leat__span_rescue(struct leat__span *span, const char *what)
{
	struct leat__span_call *call = span->first;
	/* a hint of the child's: nothing worse comes of a wrong one than that
	 * a frame is asked once more, or cut */
	bool is_begun = call && call->is_out &&
		leat__load_relaxed(&span->map.page->n_begun) >= call->number;
	struct leat__ended ended;
	char how[96];

	leat__span_tell_end(
		span, child_reap(span, &ended), &ended, how, sizeof(how));
	if (what)
		snprintf(how, sizeof(how), "%s", what);
	call = is_begun ? call : NULL;
	span->n_deaths++;
	if (!span->is_lasting)
		return rescue_fail(span, call, how);
	if (span->n_deaths > span->max_deaths) {
		(void)rescue_fail(span, call, how);
		return leat_stage_fail(span->st, LEAT_ELIMIT,
			"%.*s; more than the %llu times that it may be begun "
			"again",
			LEAT_ERROR_TEXT_BYTES / 2, span->st->error.text,
			(unsigned long long)span->max_deaths);
	}
	rescue_tell(span, call, how);
	leat__span_drop_stock(span);
	leat__span_recall(span);
	if (call)
		LEAT_TRY(call_blame(span, how));
	LEAT_TRY(rescue_wait(span));
	LEAT_TRY(leat__span_begin_child(span));
	return leat__span_send(span);
}
