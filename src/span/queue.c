/*
 * span/queue.c -- what the child is asked, and has not answered yet.
 *
 * Keeps: calls stand in the order of their coming; those that are out are the
 * first ones; a call has its frame until it is answered, so that another child
 * can be asked the same. A call that is narrowed is out alone.
 * Threads: that of the stage.
 */
#include <string.h>

#include <leat/table.h>

#include "base/atomic.h"
#include "span/span.h"

#define AWAIT_ALL_NS 100000 /* for all that is out, before it is for any */

/* ---- calls -------------------------------------------------------------- */

static struct leat__span_call *
call_take(struct leat__span *span)
{
	struct leat__span_call *call = span->free;

	LEAT_INVARIANT(call != NULL);
	span->free = call->next;
	*call = (struct leat__span_call){0};
	span->n_calls++;
	return call;
}

struct leat__span_call *
leat__span_put(struct leat__span *span, uint32_t kind, struct leat_frame *frame)
{
	struct leat__span_call *call = call_take(span);

	call->kind = kind;
	call->frame = frame;
	if (frame) {
		call->n = call->n_items = frame->n_items;
		call->n_bytes = frame->len_bytes;
		call->is_bytes = frame->layout == LEAT_LAYOUT_BYTES;
		call->source_offset = frame->source_offset;
		call->stamp = frame->stamp;
		call->birth_ns = frame->birth_ns;
		call->priority = leat_frame_priority(frame);
		if (frame->flags & LEAT_FRAME_FIRST)
			call->file = leat_frame_file(frame);
		span->n_waiting += call->n_items;
	}
	if (span->last)
		span->last->next = call;
	else
		span->first = call;
	span->last = call;
	return call;
}

/* What the child was lent comes back, or has gone on. */
static void
call_unlend(struct leat__span *span, struct leat__span_call *call)
{
	for (uint32_t k = 1; k < call->n_chain; k++)
		leat_stage_release(span->st, call->chain[k]);
	call->n_chain = 0;
	if (call->lent && call->lent != call->frame && !call->is_moved)
		leat_stage_release(span->st, call->lent);
	if (call->lent == call->frame && call->is_moved)
		call->frame = NULL;
	call->lent = NULL;
	call->is_moved = call->is_emitted = false;
}

void
leat__span_drop(struct leat__span *span, bool is_taken)
{
	struct leat__span_call *call = span->first;

	call_unlend(span, call);
	if (is_taken)
		leat_stage_release(span->st, call->frame);
	if (call->is_out)
		span->n_out--;
	span->n_waiting -= call->n_items;
	span->first = call->next;
	if (!span->first)
		span->last = NULL;
	call->next = span->free;
	span->free = call;
	span->n_calls--;
}

void
leat__span_recall(struct leat__span *span)
{
	for (struct leat__span_call *c = span->first; c; c = c->next) {
		call_unlend(span, c);
		c->is_out = false;
		c->n_seen = 0;
	}
	span->n_out = 0;
	span->parent = (struct leat__span_parent){0};
}

void
leat__span_split(struct leat__span *span)
{
	struct leat__span_call *a = span->first;
	struct leat__span_call *b = call_take(span);

	*b = *a;
	leat_frame_retain(a->frame);
	a->next = b;
	a->is_narrowed = b->is_narrowed = true;
	a->n = a->n_items = a->n / 2;
	b->from += a->n;
	b->n = b->n_items = b->n - a->n;
	a->n_deaths = b->n_deaths = 1;
	if (span->last == a)
		span->last = b;
}

/* ---- lending ------------------------------------------------------------ */

/* A copy of the frame has only these of its records. */
static void
copy_narrow(struct leat_frame *copy, uint32_t from, uint32_t n)
{
	uint32_t item = leat_frame_item_bytes(copy);
	struct leat_table t;

	switch (copy->layout) {
	case LEAT_LAYOUT_TABLE:
		leat_table_open(copy, &t);
		for (uint32_t k = 0; k < n; k++)
			leat_table_selection(&t)[k] =
				t.select ? t.select[from + k] : from + k;
		leat_table_select(&t, leat_table_selection(&t), n);
		return;
	case LEAT_LAYOUT_ROWS:
		item = (uint32_t)sizeof(struct leat_row);
		/* fall through */
	default:
		memmove(copy->data, copy->data + (size_t)from * item,
			(size_t)n * item);
		copy->len_bytes = copy->layout == LEAT_LAYOUT_ROWS
			? copy->len_bytes
			: n * item;
		copy->n_items = n;
	}
}

/* What the child may write to, so that the frame itself can be asked with once
 * more. The child fills it: then the bytes come to its processor once. */
static int
lend_copy(struct leat__span *span, struct leat__span_call *call)
{
	struct leat__task *task = span->st->task;
	struct leat__cache *cache = &task->lane->cache;
	struct leat_frame *copy = call->is_narrowed
		? leat__frame_copy(cache, call->frame)
		: leat__frame_copy_head(cache, call->frame);

	if (!copy)
		return leat_stage_fail(span->st, LEAT_EBUG,
			"no frame for a copy for stage '%s'", span->st->name);
	leat__bump(&span->st->counters.copied_bytes, copy->len_bytes);
	if (call->file)
		leat_frame_set_file(copy, call->file);
	if (call->is_narrowed)
		copy_narrow(copy, call->from, call->n);
	call->lent = copy;
	return LEAT_OK;
}

static int
lend_chain(struct leat__span *span, struct leat__span_call *call)
{
	struct leat_frame *frame = call->lent;

	for (uint32_t n = 0; frame; frame = leat_frame_base(frame), n++) {
		if (n == LEAT__SPAN_CHAIN_MAX)
			return leat_stage_fail(span->st, LEAT_ENOTSUP,
				"a frame for stage '%s' points into more than "
				"%u others; so many a process of its own is "
				"not shown",
				span->st->name, LEAT__SPAN_CHAIN_MAX - 1);
		if (n)
			leat_frame_retain(frame);
		call->chain[n] = frame;
		call->n_chain = n + 1;
	}
	return LEAT_OK;
}

static int
lend_check(struct leat__span *span, struct leat_frame *frame)
{
	struct leat_table t;

	if (frame->layout != LEAT_LAYOUT_TABLE)
		return LEAT_OK;
	leat_table_open(frame, &t);
	if (t.schema == span->st->in_shape.schema)
		return LEAT_OK;
	return leat_stage_fail(span->st, LEAT_ENOTSUP,
		"the columns that come to stage '%s' are others than before "
		"the start, and its process does not know them",
		span->st->name);
}

static struct leat__span_frame
frame_tell(const struct leat_frame *frame, bool is_sole)
{
	return (struct leat__span_frame){
		.source_offset = frame->source_offset,
		.slot = frame->slot,
		.data_at = (uint32_t)(frame->data - leat_frame_start(frame)),
		.len_bytes = frame->len_bytes,
		.n_items = frame->n_items,
		.layout = frame->layout,
		.flags = frame->flags,
		.is_sole = is_sole,
	};
}

/* ---- asking ------------------------------------------------------------- */

static int
call_lend(struct leat__span *span, struct leat__span_call *call)
{
	bool is_writing = span->inner.flags & LEAT_STAGE_IN_PLACE;

	call->lent = call->frame;
	if (!call->frame)
		return LEAT_OK;
	LEAT_TRY(lend_check(span, call->frame));
	if (call->is_narrowed || span->is_copying)
		LEAT_TRY(lend_copy(span, call));
	call->is_sole = is_writing;
	return lend_chain(span, call);
}

/* Where what the child is to work on stands; NONE: where it is told. */
static uint32_t
copied_slot(const struct leat__span_call *call)
{
	return call->lent == call->frame || call->is_narrowed
		? LEAT__SPAN_NONE
		: call->frame->slot;
}

static int
call_send(struct leat__span *span, struct leat__span_call *call)
{
	struct leat__span_ask *ask;

	LEAT_TRY(call_lend(span, call));
	ask = leat__span_ask_begin(&span->map, &span->parent);
	ask->number = call->number = span->parent.n_asked + 1;
	ask->kind = call->kind;
	ask->n_frames = (uint16_t)call->n_chain;
	ask->is_drained = leat_stage_is_draining(span->st);
	ask->copy_of = copied_slot(call);
	for (uint32_t k = 0; k < call->n_chain; k++)
		ask->frames[k] =
			frame_tell(call->chain[k], k == 0 && call->is_sole);
	leat__span_ask_end(&span->map, &span->parent);
	if (span->n_out++ == 0)
		span->since_ns = 0;
	call->is_out = true;
	return LEAT_OK;
}

static struct leat__span_call *
first_unsent(const struct leat__span *span)
{
	struct leat__span_call *call = span->first;

	if (span->n_out == span->n_calls)
		return NULL;
	while (call && call->is_out)
		call = call->next;
	return call;
}

int
leat__span_send(struct leat__span *span)
{
	struct leat__span_call *call = first_unsent(span);

	for (; call && span->n_out < span->window; call = call->next) {
		if (span->n_out &&
			(call->is_narrowed || span->first->is_narrowed))
			break;
		LEAT_TRY(call_send(span, call));
	}
	return LEAT_OK;
}

/* ---- waiting ------------------------------------------------------------ */

/* Until the child rings, or for a while. LEAT_OK: look again. */
static int
await_poll(struct leat__span *span, int64_t until_ns)
{
	const struct leat__env *env = span->env;
	int64_t late_ns = span->since_ns + span->hang_ns;
	int64_t call_ns = span->st->call_deadline_ns;
	struct leat__poll polls[3] = {
		{.fd = span->map.event_fd, .want = LEAT__POLL_READ},
		{.fd = span->watch_fd, .want = LEAT__POLL_READ},
		{.fd = span->st->graph->run->cancel_fd,
			.want = LEAT__POLL_READ}};

	if (call_ns && call_ns < late_ns)
		late_ns = call_ns;
	(void)!env->poll(
		env, polls, 3, until_ns < late_ns ? until_ns : late_ns);
	if (polls[0].got)
		leat__span_parent_heard(&span->map);
	if (leat__span_has_answers(&span->map, &span->parent, 1))
		return LEAT_OK;
	if (polls[2].got)
		return LEAT_ECANCELED;
	if (polls[1].got)
		return LEAT_ECLOSED;
	return env->now_ns(env) >= late_ns ? LEAT_ETIMEDOUT : LEAT_OK;
}

/* Who gets what was emitted is told before this waits, not at each frame. */
static void
await_tell(struct leat_stage *st)
{
	struct leat__task *task = st->task;

	if (task && task->lane && st->n_outs)
		leat__chan_notify(&st->outs[0]->chan, task->lane->worker);
}

/* Until n answers are there, or the child has nothing to do; nobody waits long
 * for the first because the last is slow. */
static int
await_answers(struct leat__span *span, uint64_t n)
{
	struct leat__span_map *map = &span->map;
	struct leat__span_parent *parent = &span->parent;
	int64_t until_ns = span->env->now_ns(span->env);
	int rc = LEAT_OK;

	if (!span->since_ns)
		span->since_ns = until_ns;
	until_ns += AWAIT_ALL_NS;
	while (rc == LEAT_OK && !leat__span_has_answers(map, parent, 1)) {
		leat__span_parent_arm(map, parent, n);
		if (!leat__span_has_answers(map, parent, n))
			rc = await_poll(span, n > 1 ? until_ns : LEAT_NEVER);
		if (n > 1 && span->env->now_ns(span->env) >= until_ns)
			n = 1;
	}
	leat__span_parent_disarm(map);
	return rc;
}

/* To be woken once for most that is out costs least; what is left keeps the
 * child busy until there is more. */
int
leat__span_await(struct leat__span *span)
{
	uint64_t n = span->n_out;
	int rc;

	n = leat__max_u64(n, 1);
	leat__span_ring(&span->map, &span->parent);
	await_tell(span->st);
	if (leat__span_look_often(&span->map, &span->parent, n))
		return LEAT_OK;
	leat__run_wait_begin(span->st, LEAT__DOING_BLOCK);
	rc = await_answers(span, n);
	leat__run_wait_end(span->st);
	return rc;
}
