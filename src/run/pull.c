/*
 * run/pull.c -- where the head of a segment gets its next frame from: its ins
 * in turn, or the least stamp.
 *
 * Keeps: of an ordered merge, a frame is taken only when no other in can bring
 * one that stands before it. Who finds nothing arms what it waits for, looks
 * again, and only then rests.
 * Threads: the one that steps the task.
 */
#include "run/pull.h"

#include "base/atomic.h"

void
leat__pull_take(struct leat__task *task, uint32_t in, struct leat_frame *frame)
{
	struct leat__node *head = &task->nodes[0];

	head->inbox[0] = frame;
	head->inbox_at = 0;
	head->n_inbox = 1;
	head->in_link = in;
	head->in_bytes = frame->len_bytes;
	task->next_in = in + 1;
}

void
leat__pull_disarm(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;

	for (uint32_t k = 0; k < st->n_ins; k++)
		leat__chan_disarm_receiver(&st->ins[k]->chan);
}

/* ---- by stamps ----------------------------------------------------------------- */

/* What an ordered merge sees of its ins. */
struct view {
	uint32_t least; /* in with the least head; n_ins = none */
	uint64_t least_stamp;
	uint32_t lowest; /* in without a head that may bring the least */
	uint64_t lowest_bound;
	bool is_ended;
};

static struct view
view_make(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;
	struct view v = {.least = st->n_ins,
		.least_stamp = UINT64_MAX,
		.lowest = st->n_ins,
		.lowest_bound = UINT64_MAX,
		.is_ended = true};

	for (uint32_t k = 0; k < st->n_ins; k++) {
		struct leat__chan *ch = &st->ins[k]->chan;
		/* before the look into the ring; of one that is closed it is
		 * above all stamps */
		uint64_t frontier = leat__chan_frontier(ch);
		const struct leat_frame *frame = leat__chan_peek(ch);

		v.is_ended = v.is_ended && !frame && frontier == UINT64_MAX;
		if (frame && frame->stamp < v.least_stamp) {
			v.least = k;
			v.least_stamp = frame->stamp;
		} else if (!frame && frontier < v.lowest_bound) {
			v.lowest = k;
			v.lowest_bound = frontier;
		}
	}
	return v;
}

/* Can no in bring what stands before the least head? Of equal stamps the
 * lesser in is the first. */
static bool
view_is_settled(const struct view *v, uint32_t n_ins)
{
	if (v->least == n_ins)
		return false;
	return v->least_stamp < v->lowest_bound ||
		(v->least_stamp == v->lowest_bound && v->least < v->lowest);
}

static bool
ordered_pull(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;
	struct view v = view_make(task);

	task->is_head_ended = v.is_ended;
	if (!view_is_settled(&v, st->n_ins))
		return false;
	leat__pull_take(task, v.least, leat__chan_pop(&st->ins[v.least]->chan));
	return true;
}

/*
 * Of an ordered merge: those without a head. A promise wakes as a frame does,
 * so it looks again after the arming.
 */
static bool
ordered_arm(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;
	struct view v;

	for (uint32_t k = 0; k < st->n_ins; k++)
		if (!leat__chan_peek(&st->ins[k]->chan))
			(void)leat__chan_arm_receiver(&st->ins[k]->chan);
	v = view_make(task);
	if (!v.is_ended && !view_is_settled(&v, st->n_ins))
		return true;
	leat__pull_disarm(task);
	return false;
}

/* ---- in turn ------------------------------------------------------------------- */

/* false: nothing there. */
static bool
turn_pull(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;
	uint32_t n_closed = 0;

	for (uint32_t k = 0; k < st->n_ins; k++) {
		uint32_t in = (task->next_in + k) % st->n_ins;
		struct leat__chan *ch = &st->ins[in]->chan;
		bool is_closed = leat__chan_is_send_closed(ch);
		struct leat_frame *frame = leat__chan_pop(ch);

		if (frame) {
			leat__pull_take(task, in, frame);
			return true;
		}
		/* closed was read first, so empty means ended */
		n_closed += is_closed;
	}
	if (n_closed == st->n_ins)
		task->is_head_ended = true;
	return false;
}

/* Have all ins ended between the look and the arming? */
static bool
turn_has_ended(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;

	for (uint32_t k = 0; k < st->n_ins; k++)
		if (!leat__chan_is_send_closed(&st->ins[k]->chan) ||
			ck_ring_size(&st->ins[k]->chan.ring) > 0)
			return false;
	return true;
}

/* Arm every in. false: there is something after all, and none is armed. */
static bool
turn_arm(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;

	for (uint32_t k = 0; k < st->n_ins; k++) {
		if (leat__chan_arm_receiver(&st->ins[k]->chan))
			continue;
		/* an ended in has nothing to wait for; the others do */
		if (leat__chan_is_send_closed(&st->ins[k]->chan) &&
			ck_ring_size(&st->ins[k]->chan.ring) == 0)
			continue;
		while (k-- > 0)
			leat__chan_disarm_receiver(&st->ins[k]->chan);
		return false;
	}
	return true;
}

/* ---- the whole ---------------------------------------------------------------- */

bool
leat__pull(struct leat__task *task)
{
	if (task->nodes[0].stage->is_ordered_merge)
		return ordered_pull(task);
	return turn_pull(task);
}

bool
leat__pull_arm(struct leat__task *task)
{
	if (task->nodes[0].stage->is_ordered_merge)
		return ordered_arm(task);
	return turn_arm(task) && !turn_has_ended(task);
}
