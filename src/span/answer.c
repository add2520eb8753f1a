/*
 * span/answer.c -- what the child says of a call is checked, and passed on.
 *
 * Keeps: an answer is looked at in a private copy, and passed on whole or not
 * at all; a frame that goes on is one that the child was lent, with a header
 * that this process has written and a payload that leads nowhere else; of an
 * ask that is repeated, what has been passed on before is not passed on again;
 * and of records that have not been answered for none is gone.
 * Threads: that of the stage.
 */
#include <string.h>

#include <leat/table.h>

#include "span/span.h"

#define ANSWER_COUNT_MAX (1ull << 48)
#define ANSWER_ALIGN     16u /* of payloads with numbers in them */
#define ANSWER_FLAGS                                                           \
	(LEAT_FRAME_CUT | LEAT_FRAME_FIRST |                                   \
		LEAT_FRAME_PRIORITY_MAX << LEAT_FRAME_PRIORITY_SHIFT)

static int
answer_is_bad(struct leat__span *span, const char *what, bool *is_bad_out)
{
	*is_bad_out = true;
	span->why = what;
	return leat_stage_fail(span->st, LEAT_EBUG,
		"the process of stage '%s' answers what cannot be: %s",
		span->st->name, what);
}

/* ---- frames ------------------------------------------------------------- */

static bool
items_are_right(const struct leat_stage *st, const struct leat_frame *frame)
{
	uint64_t item = st->out_shape.item_bytes;

	if (!frame->n_items)
		return frame->len_bytes == 0;
	return frame->len_bytes % frame->n_items == 0 &&
		(!item || item * frame->n_items == frame->len_bytes);
}

static bool
rows_are_right(struct leat_frame *frame)
{
	const struct leat_frame *base = leat_frame_base(frame);
	uint64_t room = leat_frame_capacity_bytes(base ? base : frame);
	const struct leat_row *rows = (const void *)frame->data;

	if ((uint64_t)frame->n_items * sizeof(*rows) > frame->len_bytes)
		return false;
	for (uint32_t k = 0; k < frame->n_items; k++)
		if ((uint64_t)rows[k].offset + rows[k].len > room)
			return false;
	return true;
}

static bool
payload_is_right(const struct leat_stage *st, struct leat_frame *frame)
{
	switch (frame->layout) {
	case LEAT_LAYOUT_ITEMS:
		return items_are_right(st, frame);
	case LEAT_LAYOUT_ROWS:
		return rows_are_right(frame);
	case LEAT_LAYOUT_TABLE:
		return leat_table_is_whole(frame, st->out_shape.schema,
			leat_stage_values_wanted(st));
	default:
		return true;
	}
}

/* Its own header gets what the child says, if that can be. */
static bool
header_take(const struct leat_stage *st, struct leat_frame *frame,
	const struct leat__span_frame *from, const char *file)
{
	uint32_t room = leat_frame_capacity_bytes(frame);

	if (from->data_at > room || from->len_bytes > room - from->data_at ||
		from->layout != st->out_shape.layout ||
		(from->flags & ~ANSWER_FLAGS) ||
		(from->layout != LEAT_LAYOUT_BYTES &&
			from->data_at % ANSWER_ALIGN))
		return false;
	if ((from->flags & LEAT_FRAME_FIRST) &&
		(!file || from->data_at < sizeof(file)))
		return false;
	frame->data = leat_frame_start(frame) + from->data_at;
	frame->len_bytes = from->len_bytes;
	frame->n_items = from->n_items;
	frame->layout = from->layout;
	frame->flags = from->flags;
	frame->source_offset = from->source_offset;
	if (from->flags & LEAT_FRAME_FIRST)
		leat_frame_set_file(frame, file);
	return true;
}

/* A frame of the stock: with its base, and the place of the frame in hand. */
static const char *
fresh_check(struct leat__span *span, const struct leat__span_call *call,
	const struct leat__span_emit *emit)
{
	uint32_t index = emit->of - LEAT__SPAN_FRESH;
	struct leat_frame *frame;

	if (index >= span->n_stock || !span->stock[index].frame)
		return "a frame that it was not lent";
	frame = span->stock[index].frame;
	if (emit->base != LEAT__SPAN_NONE && emit->base >= call->n_chain)
		return "a frame that points where it must not";
	if (!header_take(span->st, frame, &emit->frame, call->file))
		return "the head of a frame";
	if (emit->base != LEAT__SPAN_NONE) {
		/* told twice of one frame, or of one that has gone on */
		if (leat_frame_base(frame) ||
			(emit->base == 0 && call->is_emitted))
			return "a frame that points where it must not";
		leat_frame_retain(call->chain[emit->base]);
		leat_frame_set_base(frame, call->chain[emit->base]);
	}
	if (call->stamp) {
		frame->stamp = call->stamp;
		frame->birth_ns = call->birth_ns;
		leat_frame_set_priority(frame, call->priority);
	}
	return payload_is_right(span->st, frame) ? NULL
						 : "the payload of a frame";
}

/* Could the child write to a frame that it was only shown? */
static bool
is_writable(const struct leat__span *span, const struct leat_frame *frame)
{
	return span->n_stock &&
		leat__frame_class(frame) == span->st->pool_class;
}

/* A frame of the ask goes on. */
static const char *
passed_check(struct leat__span *span, struct leat__span_call *call,
	const struct leat__span_emit *emit)
{
	struct leat_frame *frame = call->chain[emit->of];
	bool is_sole = emit->of == 0 && call->is_sole;

	if (emit->of == 0 && call->is_emitted)
		return "a frame that has gone on before";
	if (is_sole && !header_take(span->st, frame, &emit->frame, call->file))
		return "the head of a frame";
	if (frame->layout != span->st->out_shape.layout)
		return "the layout of a frame";
	if ((is_sole || is_writable(span, frame)) &&
		!payload_is_right(span->st, frame))
		return "the payload of a frame";
	if (emit->of == 0)
		call->is_emitted = true;
	return NULL;
}

/* The frame in hand moves on, unless the call may have to be repeated. */
static struct leat_frame *
passed_take(const struct leat__span *span, struct leat__span_call *call,
	uint32_t of)
{
	int rc = span->answer.rc;
	bool is_needed = of > 0 || (rc < 0 && rc != LEAT_EOS) ||
		(rc == LEAT_MORE && span->is_lasting &&
			call->lent == call->frame);

	if (is_needed)
		leat_frame_retain(call->chain[of]);
	else
		call->is_moved = true;
	return call->chain[of];
}

static const char *
emits_check(struct leat__span *span, struct leat__span_call *call)
{
	const struct leat__span_answer *answer = &span->answer;

	if (answer->n_emits && !span->st->n_outs)
		return "a frame where there is no out";
	for (uint32_t k = 0; k < answer->n_emits; k++) {
		const struct leat__span_emit *emit = &span->emits[k];
		const char *why;

		if (emit->of >= LEAT__SPAN_FRESH)
			why = fresh_check(span, call, emit);
		else if (emit->of < call->n_chain)
			why = passed_check(span, call, emit);
		else
			why = "a frame that it was not shown";
		if (why)
			return why;
		if (emit->of >= LEAT__SPAN_FRESH) {
			uint32_t index = emit->of - LEAT__SPAN_FRESH;

			span->going[k] = span->stock[index].frame;
			span->stock[index].frame = NULL;
		} else {
			span->going[k] = passed_take(span, call, emit->of);
		}
		span->n_going = k + 1;
	}
	return NULL;
}

/* None of them goes on. The frame in hand has not moved then: it may be asked
 * about once more. */
static void
going_drop(struct leat__span *span, struct leat__span_call *call)
{
	for (uint32_t k = 0; k < span->n_going; k++) {
		if (call->is_moved && span->going[k] == call->lent)
			call->is_moved = false;
		else
			leat_stage_release(span->st, span->going[k]);
	}
	span->n_going = 0;
}

/* ---- records ------------------------------------------------------------ */

/* Records that a stage has and has not told of, as far as is counted here. */
int64_t
leat__span_balance(const struct leat_stage *st)
{
	const uint64_t *n = st->counters.counts;

	return (int64_t)(st->counters.in_items + n[LEAT_COUNT_READ] +
		n[LEAT_COUNT_MADE] - st->counters.out_items -
		n[LEAT_COUNT_FILTERED] - n[LEAT_COUNT_FAILED] -
		n[LEAT_COUNT_FOLDED] - n[LEAT_COUNT_WRITTEN] -
		n[LEAT_COUNT_SHED]);
}

/* What comes in less what goes out, of this answer. */
static int64_t
answer_balance(const struct leat__span *span)
{
	const uint64_t *n = span->answer.counts;
	uint64_t out = n[LEAT_COUNT_FILTERED] + n[LEAT_COUNT_FAILED] +
		n[LEAT_COUNT_FOLDED] + n[LEAT_COUNT_WRITTEN] +
		n[LEAT_COUNT_SHED];

	for (uint32_t k = 0; k < span->n_going; k++)
		out += span->going[k]->n_items;
	return (int64_t)(n[LEAT_COUNT_READ] + n[LEAT_COUNT_MADE] - out);
}

/* Records that came behind the first call: nothing has become of them yet,
 * whatever the child says. */
static int64_t
records_behind(const struct leat__span *span)
{
	return (int64_t)(span->n_waiting + span->n_in_hand -
		(span->first ? span->first->n_items : 0));
}

/*
 * No stage gives away more than it has been answered for; of one without a
 * memory no call gives away more than came with it, and each comes out even,
 * also one that has been repeated. Of bytes nobody knows what came with them
 * before they are told to be read.
 */
static bool
counts_are_right(
	const struct leat__span *span, const struct leat__span_call *call)
{
	const struct leat__span_answer *answer = &span->answer;
	int64_t balance = 0, rest;

	for (uint32_t k = 0; k < LEAT_COUNT_N; k++)
		if (answer->counts[k] > ANSWER_COUNT_MAX)
			return false;
	if (call->n_seen >= call->n_passed)
		balance = answer_balance(span);
	if (leat__span_balance(span->st) + balance < records_behind(span))
		return false;
	if (call->kind != LEAT__SPAN_CALL ||
		!(span->inner.flags & LEAT_STAGE_STATELESS))
		return true;
	rest = (int64_t)call->n_items + call->balance + balance -
		(int64_t)call->n_failed;
	if (answer->rc == LEAT_OK || answer->rc == LEAT_EOS)
		return rest == 0;
	return rest >= 0 || call->is_bytes;
}

static void
counts_pass(struct leat__span *span, struct leat__span_call *call)
{
	call->balance += answer_balance(span);
	for (uint32_t k = 0; k < LEAT_COUNT_N; k++)
		leat_stage_count(
			span->st, (enum leat_count)k, span->answer.counts[k]);
}

/* How many more records the stage may reject now. Of bytes nobody knows yet how
 * many records they are. */
static uint64_t
rejects_left(const struct leat__span *span, const struct leat__span_call *call)
{
	int64_t held = leat__span_balance(span->st) - records_behind(span);
	uint64_t left = held > 0 ? (uint64_t)held : 0;

	if (call->kind != LEAT__SPAN_CALL)
		return left;
	if (call->is_bytes)
		return (uint64_t)call->n_bytes + 1 - call->n_failed;
	return leat__min_u64(left, call->n_items - call->n_failed);
}

/* What the child was asked about, unless it has gone on. */
static const struct leat_frame *
call_frame(const struct leat__span_call *call)
{
	return call->is_moved && call->lent == call->frame ? NULL : call->frame;
}

/* A record that the stage rejects; the child waits for what is said to that. */
static int
reject_pass(
	struct leat__span *span, struct leat__span_call *call, bool *is_bad_out)
{
	const struct leat__span_answer *answer = &span->answer;
	uint64_t n = answer->n_records ? answer->n_records : 1;
	bool has_data = answer->n_bytes != UINT64_MAX;
	/* else it is one that has been passed on, of a child that died */
	bool is_new = call->n_seen++ >= call->n_passed;
	struct leat_reject reject = {.reason = answer->text,
		.origin = answer->has_origin ? answer->origin : NULL,
		.line = answer->line,
		.column = answer->column,
		.offset = answer->offset,
		.data = has_data ? span->map.letter : NULL,
		.n_bytes = has_data ? (size_t)answer->n_bytes : 0,
		.n_records = answer->n_records};
	int rc = LEAT_OK;

	if ((has_data && answer->n_bytes > span->map.letter_bytes) ||
		(is_new && n > rejects_left(span, call)) || answer->rc >= 0)
		return answer_is_bad(
			span, "a record that it rejects", is_bad_out);
	if (is_new) {
		span->isolation.rejects_of = call_frame(call);
		rc = leat_stage_reject(span->st, answer->rc, &reject);
		call->n_failed += n;
		call->n_passed++;
	}
	call->is_judged = rc < 0;
	leat__span_judge(&span->map, &span->parent, rc);
	leat__span_ring(&span->map, &span->parent);
	return LEAT_MORE;
}

/* ---- the whole ---------------------------------------------------------- */

static bool
result_is_right(const struct leat__span_call *call, int rc)
{
	if (rc == LEAT_OK || rc == LEAT_MORE)
		return rc == LEAT_OK || call->kind != LEAT__SPAN_OPEN;
	if (rc == LEAT_EOS)
		return call->kind == LEAT__SPAN_CALL;
	return rc < 0 && rc != LEAT_EAGAIN;
}

static int
answer_fail(struct leat__span *span, const struct leat__span_call *call)
{
	const struct leat__span_answer *answer = &span->answer;
	struct leat_error *error = &span->st->error;

	if (call->is_judged && error->code == answer->rc)
		return answer->rc;
	leat_stage_fail_errno(
		span->st, answer->rc, answer->sys_errno, "%s", answer->text);
	error->at_offset = answer->at_offset;
	error->at_bytes = answer->at_bytes;
	error->line = answer->line;
	error->column = answer->column;
	error->offset = answer->offset;
	memcpy(error->origin, answer->origin, sizeof(error->origin));
	error->origin[sizeof(error->origin) - 1] = '\0';
	return answer->rc;
}

static int
emits_pass(struct leat__span *span)
{
	int rc = LEAT_OK;

	for (uint32_t k = 0; k < span->n_going; k++) {
		struct leat_frame *frame = span->going[k];

		if (rc == LEAT_OK)
			rc = leat_stage_emit(span->st, 0, frame);
		if (rc != LEAT_OK)
			leat_stage_release(span->st, frame);
	}
	span->n_going = 0;
	return rc;
}

int
leat__span_accept(
	struct leat__span *span, struct leat__span_call *call, bool *is_bad_out)
{
	const struct leat__span_answer *answer = &span->answer;
	int rc = answer->rc;
	const char *why;

	*is_bad_out = false;
	if (answer->number != call->number)
		return answer_is_bad(
			span, "something that it was not asked", is_bad_out);
	if (answer->kind == LEAT__SPAN_REJECT)
		return reject_pass(span, call, is_bad_out);
	if (answer->kind != call->kind || !result_is_right(call, rc))
		return answer_is_bad(span, "the result of a call", is_bad_out);
	why = emits_check(span, call);
	if (!why && !counts_are_right(span, call))
		why = "how many records became what";
	if (why) {
		going_drop(span, call);
		return answer_is_bad(span, why, is_bad_out);
	}
	if (call->n_seen++ < call->n_passed) {
		going_drop(span, call); /* a repetition */
		return rc;
	}
	call->n_passed++;
	counts_pass(span, call);
	LEAT_TRY(emits_pass(span));
	return rc < 0 && rc != LEAT_EOS ? answer_fail(span, call) : rc;
}

/* ---- stock -------------------------------------------------------------- */

int
leat__span_restock(struct leat__span *span)
{
	for (uint32_t k = 0; k < span->n_stock; k++) {
		struct leat__span_stock *stock = &span->stock[k];

		if (stock->frame)
			continue;
		LEAT_TRY(leat_stage_acquire(span->st, &stock->frame));
		leat__span_lend(&span->map, &span->parent,
			(struct leat__span_fresh){stock->frame->slot, k});
	}
	return LEAT_OK;
}

void
leat__span_drop_stock(struct leat__span *span)
{
	for (uint32_t k = 0; k < span->n_stock; k++) {
		leat_stage_release(span->st, span->stock[k].frame);
		span->stock[k].frame = NULL;
	}
}
