/*
 * span/child.c -- the stage in its own process: asked, called, answered for.
 *
 * The child is a copy of its parent as it was before the run had threads. What
 * a stage may call works on the child's own headers, channels and counts, none
 * of which anybody else sees; what comes of a call is told in an answer.
 * Keeps: a slot is free in this copy of the pool only if the parent has lent
 * it; what is told to the parent is given up before.
 * Threads: one.
 */
#include <stdio.h>
#include <string.h>

#include "span/span.h"

#define CHILD_PINS                                                             \
	(1u << 20) /* references of frames that are only looked at             \
		    */

struct child {
	struct leat__span *span;
	struct leat_stage *st;
	struct leat__task *task;
	struct leat_pool *pool;
	struct leat__span_map *map;
	struct leat__span_side side;
	uint32_t *index_of; /* by slot: what the parent calls it, + 1 */
	uint32_t *slot_of;  /* by that: the slot, + 1 */
	const struct leat__span_ask *ask;
	uint64_t counted[LEAT_COUNT_N]; /* told before */
	bool is_bad; /* the stage does what cannot be done from here */
	bool is_enough;
};

/* ---- frames that come --------------------------------------------------- */

static void
frame_adopt(struct child *c, const struct leat__span_frame *from)
{
	struct leat_frame *frame = leat__pool_frame(c->pool, from->slot);

	frame->data = leat_frame_start(frame) + from->data_at;
	frame->source_offset = from->source_offset;
	frame->len_bytes = from->len_bytes;
	frame->n_items = from->n_items;
	frame->layout = from->layout;
	frame->flags = from->flags;
	frame->stamp = 1;
	leat__store_relaxed(&frame->refs, 1);
}

static struct leat_frame *
ask_frame(const struct child *c, uint32_t k)
{
	return leat__pool_frame(c->pool, c->ask->frames[k].slot);
}

/* The parent keeps what the stage would write to. */
static void
ask_copy(const struct child *c)
{
	const struct leat__span_frame *to = &c->ask->frames[0];
	const struct leat_frame *from;

	if (!c->ask->n_frames || c->ask->copy_of == LEAT__SPAN_NONE)
		return;
	from = leat__pool_frame(c->pool, c->ask->copy_of);
	memcpy(ask_frame(c, 0)->data, leat_frame_start(from) + to->data_at,
		to->len_bytes);
}

static void
ask_adopt(struct child *c)
{
	const struct leat__span_ask *ask = c->ask;

	for (uint32_t k = 0; k < ask->n_frames; k++)
		frame_adopt(c, &ask->frames[k]);
	ask_copy(c);
	for (uint32_t k = 0; k + 1 < ask->n_frames; k++)
		leat_frame_set_base(ask_frame(c, k), ask_frame(c, k + 1));
	/* a reference that is not the stage's says that others read it too */
	for (uint32_t k = 0; k < ask->n_frames; k++)
		leat__store_relaxed(&ask_frame(c, k)->refs,
			k ? CHILD_PINS : 2u - ask->frames[0].is_sole);
}

/* What the stage may take again: lent, and not in use. */
static void
stock_again(struct child *c)
{
	leat__pool_disown_class(c->pool, c->st->pool_class);
	for (uint32_t k = 0; k < c->span->n_stock; k++) {
		uint32_t slot = c->slot_of[k];

		if (slot && !leat__pool_frame(c->pool, slot - 1)->refs)
			leat__pool_put(c->pool, slot - 1);
	}
}

/* The stage is through with the frames of the ask. true: it keeps some. */
static bool
ask_forget(struct child *c, bool is_taken)
{
	const struct leat__span_ask *ask = c->ask;
	bool is_kept = false;

	for (uint32_t k = 0; k < ask->n_frames; k++) {
		struct leat_frame *frame = ask_frame(c, k);
		uint32_t rest =
			k ? CHILD_PINS : (ask->frames[0].is_sole ? 0u : 1u);
		uint32_t refs = leat__load_relaxed(&frame->refs);

		is_kept |= is_taken && refs > rest;
		(void)leat__pool_forget(frame);
	}
	/* what it had for itself alone was free for a moment */
	if (ask->n_frames && ask->frames[0].is_sole) {
		leat__pool_disown_class(
			c->pool, leat__frame_class(ask_frame(c, 0)));
		if (c->span->n_stock)
			stock_again(c);
	}
	return is_kept;
}

static bool
stock_take(struct child *c)
{
	struct leat__span_fresh fresh;

	if (!leat__span_stock(c->map, &c->side, &fresh))
		return false;
	c->slot_of[fresh.index] = fresh.slot + 1;
	c->index_of[fresh.slot] = fresh.index + 1;
	leat__pool_put(c->pool, fresh.slot);
	return true;
}

/* So many frames are there as the next call may take. */
static void
stock_await(struct child *c)
{
	struct leat_pool_stats stats;

	if (!c->span->n_stock)
		return;
	while (stock_take(c))
		;
	for (;;) {
		leat__pool_class_stats(
			c->pool, c->st->pool_class, NULL, &stats);
		if (stats.n_free >= c->st->needs.max_out)
			return;
		if (!stock_take(c))
			leat__span_await_stock(c->map, &c->side);
	}
}

/* ---- what goes ---------------------------------------------------------- */

/* What the parent calls a frame; NONE: it does not know it. */
static uint32_t
frame_name(const struct child *c, const struct leat_frame *frame)
{
	uint32_t n = c->ask ? c->ask->n_frames : 0;

	if (!frame)
		return LEAT__SPAN_NONE;
	for (uint32_t k = 0; k < n; k++)
		if (c->ask->frames[k].slot == frame->slot)
			return k;
	if (!c->index_of[frame->slot])
		return LEAT__SPAN_NONE;
	return LEAT__SPAN_FRESH + c->index_of[frame->slot] - 1;
}

static int
emit_refuse(struct child *c, const char *why)
{
	c->is_bad = true;
	return leat_stage_fail(c->st, LEAT_ENOTSUP,
		"stage '%s' %s, and cannot be in a process of its own",
		c->st->name, why);
}

/* Tell of a frame that the stage has emitted, and give it up. */
static void
emit_tell(
	struct child *c, struct leat_frame *frame, struct leat__span_emit *emit)
{
	struct leat_frame *base = leat_frame_base(frame);

	*emit = (struct leat__span_emit){
		.of = frame_name(c, frame),
		.base = frame_name(c, base),
		.frame =
			{
				.source_offset = frame->source_offset,
				.slot = frame->slot,
				.data_at = (uint32_t)(frame->data -
					leat_frame_start(frame)),
				.len_bytes = frame->len_bytes,
				.n_items = frame->n_items,
				.layout = frame->layout,
				.flags = frame->flags,
			},
	};
	if (emit->of < LEAT__SPAN_FRESH) {
		leat__store_relaxed(&frame->refs, frame->refs - 1);
		return;
	}
	if (frame->refs > 1)
		emit_refuse(c, "keeps a frame that it has emitted");
	else if (base && emit->base >= LEAT__SPAN_FRESH)
		emit_refuse(c, "points into a frame that it has made itself");
	c->slot_of[emit->of - LEAT__SPAN_FRESH] = 0;
	c->index_of[frame->slot] = 0;
	leat_frame_release(leat__pool_forget(frame));
}

static uint32_t
emits_tell(struct child *c, struct leat__span_emit *emits)
{
	struct leat__chan *ch;
	struct leat_frame *frame;
	uint32_t n = 0;

	if (!c->st->n_outs)
		return 0;
	ch = &c->st->outs[0]->chan;
	while ((frame = leat__chan_pop(ch))) {
		leat__chan_grant_quietly(ch, 1, frame->len_bytes);
		emit_tell(c, frame, &emits[n++]);
	}
	return n;
}

static void
counts_tell(struct child *c, struct leat__span_answer *answer)
{
	for (uint32_t k = 0; k < LEAT_COUNT_N; k++) {
		uint64_t n = c->st->counters.counts[k];

		answer->counts[k] = n - c->counted[k];
		c->counted[k] = n;
	}
}

static void
error_tell(struct child *c, struct leat__span_answer *answer, int rc)
{
	const struct leat_error *error = &c->st->error;

	if (error->code != rc)
		(void)leat_stage_fail(c->st, rc, "%s", leat_err_text(rc));
	answer->sys_errno = error->sys_errno;
	answer->at_offset = error->at_offset;
	answer->at_bytes = error->at_bytes;
	memcpy(answer->text, error->text, sizeof(answer->text));
	answer->line = error->line;
	answer->column = error->column;
	answer->offset = error->offset;
	snprintf(answer->origin, sizeof(answer->origin), "%s", error->origin);
}

/* ---- calls -------------------------------------------------------------- */

static struct leat__span_answer *
child_begin_answer(struct child *c, uint32_t kind, int rc,
	struct leat__span_emit **emits_out)
{
	struct leat__span_answer *answer =
		leat__span_answer_begin(c->map, &c->side, emits_out);

	answer->number = c->ask->number;
	answer->kind = kind;
	answer->rc = rc;
	return answer;
}

static void
child_answer(struct child *c, int rc)
{
	struct leat__span_emit *emits;
	struct leat__span_answer *answer =
		child_begin_answer(c, c->ask->kind, rc, &emits);

	answer->n_emits = emits_tell(c, emits);
	if (rc != LEAT_MORE && ask_forget(c, rc == LEAT_OK || rc == LEAT_EOS)) {
		rc = emit_refuse(c, "keeps frames of its input between calls");
		answer->is_kept = 1;
	}
	if (c->is_bad)
		answer->rc = rc = LEAT_ENOTSUP;
	counts_tell(c, answer);
	if (rc < 0 && rc != LEAT_EOS)
		error_tell(c, answer, rc);
	leat__span_answer_end(c->map, &c->side);
}

static int
call_once(struct child *c)
{
	const struct leat_stage_ops *ops = &c->st->ops;
	struct leat_stage *st = c->st;

	for (uint32_t k = 0; k < st->n_outs; k++)
		st->n_emitted[k] = 0;
	memset(&st->error, 0, sizeof(st->error));
	switch (c->ask->kind) {
	case LEAT__SPAN_OPEN:
		return ops->open ? ops->open(st) : LEAT_OK;
	case LEAT__SPAN_CALL:
		return leat__call_process(st, ask_frame(c, 0));
	case LEAT__SPAN_FLUSH:
		return ops->flush ? ops->flush(st) : LEAT_OK;
	default:
		return ops->finish ? ops->finish(st) : LEAT_OK;
	}
}

static void
child_call(struct child *c)
{
	int rc;

	/* it has said so, and the parent has not known yet */
	if (c->is_enough && c->ask->kind == LEAT__SPAN_CALL)
		return;
	leat__store_relaxed(&c->task->run->is_drained, c->ask->is_drained);
	ask_adopt(c);
	do {
		if (c->ask->kind != LEAT__SPAN_OPEN)
			stock_await(c);
		rc = call_once(c);
		c->is_enough |= rc == LEAT_EOS;
		child_answer(c, rc);
	} while (rc == LEAT_MORE && !c->is_bad);
}

/* ---- rejects ------------------------------------------------------------ */

static struct child *
child_of(struct leat_stage *st)
{
	return st->isolation->child;
}

/* In place of leat_stage_reject(): the parent decides. */
static int
child_reject(struct leat_stage *st, int code, const struct leat_reject *reject)
{
	struct child *c = child_of(st);
	struct leat__span_emit *emits;
	struct leat__span_answer *answer =
		child_begin_answer(c, LEAT__SPAN_REJECT, code, &emits);
	size_t n = (size_t)leat__min_u64(reject->n_bytes, c->map->letter_bytes);

	answer->line = reject->line;
	answer->column = reject->column;
	answer->offset = reject->offset;
	answer->n_records = reject->n_records;
	answer->n_bytes = reject->data ? n : UINT64_MAX;
	answer->has_origin = reject->origin != NULL;
	snprintf(answer->text, sizeof(answer->text), "%s", reject->reason);
	if (reject->origin)
		snprintf(answer->origin, sizeof(answer->origin), "%s",
			reject->origin);
	if (reject->data)
		memcpy(c->map->letter, reject->data, n);
	leat__span_answer_end(c->map, &c->side);
	code = leat__span_await_verdict(c->map, &c->side);
	if (code < 0)
		(void)leat_stage_fail(st, code, "%s", reject->reason);
	return code;
}

/* ---- life --------------------------------------------------------------- */

/* Pages of slots that it has nothing to do with, and of those that it only
 * reads: then a stage that runs wild meets a wall. */
static void
child_protect(struct child *c)
{
	const struct leat_stage *st = c->st;
	uint32_t n = leat__pool_n_classes(c->pool);
	struct leat__cargo in;
	uint32_t writes = 0, reads;

	leat__cargo_in(st, &in);
	reads = in.frames;
	if (st->ops.flags & LEAT_STAGE_IN_PLACE)
		writes |= in.frames;
	if (c->span->n_stock)
		writes |= 1u << st->pool_class;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t how = LEAT__PROTECT_NONE;
		size_t n_bytes;
		void *memory;

		if (((reads >> k) & 1u) || in.pins[k])
			how = LEAT__PROTECT_READ;
		if ((writes >> k) & 1u)
			how = LEAT__PROTECT_WRITE;
		leat__pool_class_memory(c->pool, k, &memory, &n_bytes);
		(void)!c->span->processes->protect(memory, n_bytes, how);
	}
}

static bool
child_init(struct child *c, struct leat__span *span)
{
	const struct leat__env *env = span->env;
	struct leat__run *run = span->st->graph->run;

	span->st->ops = span->inner;
	*c = (struct child){.span = span,
		.st = span->st,
		.task = span->st->task,
		.pool = run->pool,
		.map = &span->map};
	c->task->lane = &c->task->own_lane;
	c->st->isolation->child = c;
	c->st->isolation->reject = child_reject;
	c->index_of = env->alloc(
		env, (leat__pool_n_slots(c->pool) + 1) * sizeof(*c->index_of));
	c->slot_of = env->alloc(env, (span->n_stock + 1) * sizeof(*c->slot_of));
	leat__pool_disown(c->pool);
	child_protect(c);
	for (uint32_t k = 0; k < c->st->n_outs; k++)
		c->st->outs[k]->is_ordered = false;
	return c->index_of && c->slot_of;
}

int
leat__child_main(struct leat__span *span)
{
	struct child c;

	if (!child_init(&c, span))
		return 1;
	do {
		c.ask = leat__span_next(c.map, &c.side);
		if (c.ask->kind != LEAT__SPAN_END)
			child_call(&c);
	} while (c.ask->kind != LEAT__SPAN_END && !c.is_bad);
	/* of one that has lost count of its frames nothing is known */
	if (!c.is_bad)
		leat__stage_fini(c.st);
	return 0;
}
