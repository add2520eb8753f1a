/*
 * run/trace_span.c -- the spans of a frame's way through the stages.
 *
 * A call of a stage with a frame that belongs to a trace is a span, child of
 * the one that sent the frame here. What it emits anew belongs to it. What it
 * passes on keeps the trace it has. Frames that a stage absorbs become links of
 * the span in which it emits next.
 * Keeps: nothing is written to a frame that others read; every span that is
 * recorded has an id of its own, and as its parent one that was recorded on the
 * same way before, or came from outside.
 * Threads: the one that steps the task. Source: OpenTelemetry, trace API.
 */
#include <string.h>

#include "run/region.h"
#include "run/trace.h"

/* ---- ids ------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t
span_random(struct leat__trace_lane *lane)
{
	uint64_t z = lane->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void
span_draw(struct leat__trace_lane *lane, uint8_t *id, size_t n_bytes)
{
	for (size_t k = 0; k < n_bytes; k += sizeof(uint64_t)) {
		uint64_t random = span_random(lane);

		random += random == 0;
		memcpy(id + k, &random, sizeof(random));
	}
}

static uint64_t
span_word(const uint8_t id[8])
{
	uint64_t word;

	memcpy(&word, id, sizeof(word));
	return word;
}

static bool
span_is_same_trace(
	const struct leat_trace_context *a, const struct leat_trace_context *b)
{
	return memcmp(a->trace_id, b->trace_id, sizeof(a->trace_id)) == 0;
}

/* ---- one span -------------------------------------------------------------- */

static const struct leat__tracing *
span_tracing(const struct leat__task *task)
{
	return task->run->graph->tracing;
}

/* A call begins that belongs to this trace; parent: the span before it. */
static void
span_begin(struct leat__task *task, struct leat__node *node,
	const struct leat_trace_context *context, uint64_t parent)
{
	struct leat__trace_node *t = node->trace;
	const struct leat__env *env = task->run->env;

	t->has_context = true;
	t->in.context = *context;
	t->in.state_bytes = 0;
	memcpy(t->in.context.span_id, &parent, sizeof(parent));
	t->is_recorded = context->flags & LEAT_TRACE_SAMPLED;
	if (!t->is_recorded)
		return;
	memset(&t->span, 0, sizeof(t->span));
	t->span.context = *context;
	span_draw(task->lane->trace, t->span.context.span_id, 8);
	memcpy(t->span.parent_id, &parent, sizeof(parent));
	t->span.stage = node->stage->number;
	t->span.began_ns = (uint64_t)env->now_ns(env);
}

/* What was absorbed has come out. */
static void
span_take_ties(struct leat__trace_node *t)
{
	memcpy(t->span.ties, t->ties, sizeof(t->ties));
	t->span.n_ties = t->n_ties;
	t->span.n_ties_lost = t->n_ties_lost;
	t->n_ties = 0;
	t->n_ties_lost = 0;
}

static void
span_tie(struct leat__trace_span *span, const struct leat_trace_context *to)
{
	struct leat__trace_tie *tie = &span->ties[span->n_ties];

	if (span->n_ties == LEAT__TRACE_LINKS) {
		span->n_ties_lost++;
		return;
	}
	memcpy(tie->trace_id, to->trace_id, sizeof(tie->trace_id));
	memcpy(tie->span_id, to->span_id, sizeof(tie->span_id));
	span->n_ties++;
}

/* The stage has kept what this span brought. */
static void
span_absorb(struct leat__trace_node *t)
{
	struct leat__trace_tie *tie = &t->ties[t->n_ties];

	if (t->n_ties == LEAT__TRACE_LINKS) {
		t->n_ties_lost++;
		return;
	}
	memcpy(tie->trace_id, t->span.context.trace_id, sizeof(tie->trace_id));
	memcpy(tie->span_id, t->span.context.span_id, sizeof(tie->span_id));
	t->n_ties++;
}

static void
span_record(struct leat__task *task, const struct leat__trace_span *span)
{
	struct leat__trace_ring *ring = &task->lane->trace->spans;
	struct leat__trace_span *cell = leat__trace_ring_cell(ring);

	if (!cell)
		return;
	*cell = *span;
	leat__trace_ring_put(ring);
}

/* ---- calls ------------------------------------------------------------------ */

/* Records that have come to an end in this stage. */
static uint64_t
span_n_spent(const struct leat_stage *st)
{
	const uint64_t *n = st->counters.counts;

	return n[LEAT_COUNT_FILTERED] + n[LEAT_COUNT_FAILED] +
		n[LEAT_COUNT_WRITTEN] + n[LEAT_COUNT_SHED];
}

static void
span_reset(struct leat__node *node)
{
	struct leat__trace_node *t = node->trace;

	t->has_context = t->has_frame = false;
	t->is_recorded = t->has_emitted = false;
	t->n_items = 0;
	t->n_spent = span_n_spent(node->stage);
}

void
leat__trace_begin(struct leat__task *task, struct leat__node *node)
{
	struct leat__trace_node *t = node->trace;
	const struct leat_frame *frame = node->inbox[node->inbox_at];
	const struct leat__frame_trace *trace = leat__frame_trace(frame);
	uint64_t parent;

	if (t->has_context) /* a flush had more to say, and now need not */
		leat__trace_end(task, node, LEAT_OK);
	span_reset(node);
	if (!trace)
		return;
	parent = t->parents[node->inbox_at];
	span_begin(task, node, &trace->context,
		parent ? parent : span_word(trace->context.span_id));
	t->has_frame = true;
	t->n_items = t->span.n_items = frame->n_items;
	/* the stage may let go of the frame before it emits what it made */
	t->in.state_bytes = trace->state_bytes;
	if (trace->state_bytes)
		memcpy(t->in.state, trace->state, trace->state_bytes);
}

void
leat__trace_begin_source(struct leat__task *task, struct leat__node *node)
{
	const struct leat__tracing *tracing = span_tracing(task);
	struct leat_trace_context context = tracing->root;
	uint64_t parent = span_word(tracing->root.span_id);

	span_reset(node);
	if ((tracing->flags & LEAT_TRACE_FOLLOW) ||
		span_random(task->lane->trace) >> 32 >= tracing->sample)
		return;
	context.flags |= LEAT_TRACE_SAMPLED;
	if (tracing->flags & LEAT_TRACE_APART) {
		span_draw(task->lane->trace, context.trace_id, 16);
		parent = 0;
	}
	span_begin(task, node, &context, parent);
	if (!parent)
		span_tie(&node->trace->span, &tracing->root);
}

/* flush, end_in, finish: what was absorbed may come out. */
void
leat__trace_begin_other(struct leat__task *task, struct leat__node *node)
{
	const struct leat__tracing *tracing = span_tracing(task);
	struct leat_trace_context context = tracing->root;
	uint64_t parent = span_word(tracing->root.span_id);

	if (node->trace->has_context) /* there was more to come */
		return;
	span_reset(node);
	if (!node->trace->n_ties)
		return;
	context.flags |= LEAT_TRACE_SAMPLED;
	if (tracing->flags & LEAT_TRACE_APART) {
		memcpy(context.trace_id, node->trace->ties[0].trace_id,
			sizeof(context.trace_id));
		parent = span_word(node->trace->ties[0].span_id);
	}
	span_begin(task, node, &context, parent);
}

static bool
span_has_absorbed(const struct leat__node *node)
{
	const struct leat__trace_node *t = node->trace;

	return t->n_items && !t->has_emitted &&
		span_n_spent(node->stage) - t->n_spent < t->n_items;
}

/* A call without a frame in which nothing came out is none of a trace. */
static bool
span_is_idle(const struct leat__trace_node *t)
{
	return !t->has_frame && !t->has_emitted;
}

void
leat__trace_end(struct leat__task *task, struct leat__node *node, int code)
{
	struct leat__trace_node *t = node->trace;
	const struct leat__env *env = task->run->env;

	if (code == LEAT_MORE || code == LEAT_EAGAIN)
		return;
	if (t->is_recorded && !span_is_idle(t)) {
		t->span.ended_ns = (uint64_t)env->now_ns(env);
		t->span.code = code == LEAT_EOS ? LEAT_OK : code;
		if (span_has_absorbed(node))
			span_absorb(t);
		span_record(task, &t->span);
	}
	t->has_context = t->has_frame = t->is_recorded = false;
}

/* ---- frames ------------------------------------------------------------------ */

/* A stage says that the frame belongs to a trace from outside: its span there
 * begins and ends here. Returns it. */
static uint64_t
span_adopt(struct leat__task *task, struct leat__node *node,
	struct leat_frame *frame)
{
	struct leat__frame_trace *place = leat__frame_trace_place(frame);
	struct leat__trace_node *t = node->trace;
	const struct leat__env *env = task->run->env;
	struct leat__trace_span span = {.context = place->context,
		.stage = node->stage->number,
		.n_items = frame->n_items};

	place->is_given = false;
	if (!(place->context.flags & LEAT_TRACE_SAMPLED))
		return span_word(place->context.span_id);
	memcpy(span.parent_id, place->context.span_id, sizeof(span.parent_id));
	span_draw(task->lane->trace, span.context.span_id, 8);
	span.ended_ns = (uint64_t)env->now_ns(env);
	span.began_ns = t->is_recorded ? t->span.began_ns : span.ended_ns;
	if (t->is_recorded)
		span_tie(&span, &t->span.context);
	span_record(task, &span);
	place->context = span.context;
	return span_word(span.context.span_id);
}

/* What the stage made; the state is that of the frame in hand. */
static uint64_t
span_give(struct leat__node *node, struct leat_frame *frame)
{
	const struct leat__trace_node *t = node->trace;
	const struct leat_trace_context *context =
		t->is_recorded ? &t->span.context : &t->in.context;

	leat__frame_trace_put(frame, context, &t->in);
	return span_word(context->span_id);
}

/* It has a trace already, and others may read it. */
static uint64_t
span_pass(struct leat__node *node, struct leat_frame *frame)
{
	const struct leat__trace_node *t = node->trace;
	struct leat__frame_trace *place = leat__frame_trace_place(frame);

	if (!t->is_recorded ||
		!span_is_same_trace(&place->context, &t->span.context))
		return span_word(place->context.span_id);
	if (leat_frame_is_sole(frame))
		place->context = t->span.context;
	return span_word(t->span.context.span_id);
}

static void
span_leave(struct leat__task *task, struct leat__node *node,
	const struct leat__link *link, uint64_t parent)
{
	const struct leat__chan *ch = &link->chan;
	struct leat__node *next = node + 1;
	uint32_t k;

	if (link->is_fused) {
		k = next->inbox_at + next->n_inbox;
		if (k >= next->max_inbox)
			k -= next->max_inbox;
		next->trace->parents[k] = parent;
	} else if (task->region) {
		k = (uint32_t)(leat__load_relaxed(&task->ticket->n_put) %
			task->region->max_out);
		task->ticket->parents[k] = parent;
	} else {
		ch->parents[leat__load_relaxed(&ch->sent_frames) %
			(ch->capacity_frames + 1)] = parent;
	}
}

void
leat__trace_emitted(struct leat__task *task, struct leat__node *node,
	struct leat__link *link, struct leat_frame *frame, bool is_fresh)
{
	struct leat__trace_node *t = node->trace;
	const struct leat__frame_trace *trace = leat__frame_trace(frame);
	uint64_t parent;

	if (!t->has_emitted && t->is_recorded && t->n_ties)
		span_take_ties(t);
	t->has_emitted = true;
	if (trace && trace->is_given)
		parent = span_adopt(task, node, frame);
	else if (trace)
		parent = span_pass(node, frame);
	else if (is_fresh && t->has_context)
		parent = span_give(node, frame);
	else
		return;
	span_leave(task, node, link, parent);
}

void
leat__trace_taken(struct leat__task *task, const struct leat__chan *ch)
{
	uint64_t at = leat__load_relaxed(&ch->taken_frames) - 1;

	task->nodes[0].trace->parents[0] =
		ch->parents[at % (ch->capacity_frames + 1)];
}

void
leat__trace_passed(const struct leat__region *region,
	const struct leat__ticket *ticket, uint64_t k)
{
	const struct leat__chan *ch = &region->out->chan;

	ch->parents[leat__load_relaxed(&ch->sent_frames) %
		(ch->capacity_frames + 1)] =
		ticket->parents[k % region->max_out];
}

bool
leat_stage_trace(
	const struct leat_stage *st, struct leat_trace_context *context_out)
{
	const struct leat__task *task = st->task;
	const struct leat__trace_node *t;

	if (!task || !task->lane)
		return false;
	t = task->nodes[st->at].trace;
	if (!t || !t->has_context)
		return false;
	*context_out = t->is_recorded ? t->span.context : t->in.context;
	return true;
}
