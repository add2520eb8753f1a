/*
 * run/stage.c -- the calls of a stage's callbacks, and what they may call
 * while the graph runs: acquire, release, emit.
 *
 * Keeps the ledger's framework half: every record that enters a stage is
 * counted once as in, every record it emits once as out.
 * Threads: the one that steps the stage's task.
 */
#include <string.h>

#include "base/atomic.h"
#include "base/probe.h"
#include "graph/live.h"
#include "run/bisect.h"
#include "run/hook.h"
#include "run/region.h"
#include "run/sample.h"
#include "run/trace.h"

static struct leat__task *
stage_task(const struct leat_stage *st)
{
	return st->task;
}

static struct leat__cache *
stage_cache(const struct leat_stage *st)
{
	struct leat__task *task = stage_task(st);

	return task && task->lane ? &task->lane->cache : NULL;
}

/* ---- for callbacks ----------------------------------------------------------- */

int
leat_stage_acquire(struct leat_stage *st, struct leat_frame **frame_out)
{
	struct leat__task *task = stage_task(st);
	struct leat_frame *frame = NULL;

	if (!task || st->pool_class == UINT32_MAX)
		return leat_stage_fail(st, LEAT_EBUG,
			"acquire: stage '%s' declares no frame_bytes, or does "
			"not run",
			st->name);
	frame = leat__pool_take(
		task->run->pool, stage_cache(st), st->pool_class);
	if (!frame)
		return leat_stage_fail(st, LEAT_EBUG,
			"acquire: stage '%s' takes more frames than it "
			"declared "
			"(max_out %u a call and %u held)",
			st->name, st->needs.max_out, st->needs.holds);
	leat__store_relaxed(&frame->owner, (uint16_t)(st->number + 1));
	/* what is made of a frame is worth as much, whenever it is emitted */
	leat_frame_set_priority(frame, task->nodes[st->at].priority);
	*frame_out = frame;
	return LEAT_OK;
}

void
leat_stage_release(struct leat_stage *st, struct leat_frame *frame)
{
	if (frame)
		leat__frame_release(stage_cache(st), frame);
}

uint64_t
leat_stage_hash_seed(const struct leat_stage *st)
{
	return st->graph->opts.hash_seed;
}

bool
leat_stage_is_draining(const struct leat_stage *st)
{
	struct leat__run *run = st->graph->run;

	if (!run)
		return false;
	/* a source that ended because of it closed its channels after it had
	 * said so; whoever sees their end sees this */
	if (st->n_ins)
		return leat__load_relaxed(&run->is_drained);
	/* acquire: pairs with the release in leat_graph_drain */
	return leat__load_acquire(&run->is_draining);
}

static void
emit_count(struct leat_stage *st, const struct leat_frame *frame)
{
	leat__bump(&st->counters.out_items, frame->n_items);
	leat__bump(&st->counters.out_bytes, frame->len_bytes);
	leat__bump(&st->counters.out_frames, 1);
}

/* Of a source that does not say it, some frames are told when they were born:
 * those of the calls that are timed. */
static void
emit_birth(const struct leat__node *node, struct leat_frame *frame)
{
	const struct leat__env *env = node->stage->graph->env;

	if (node->stage->n_ins == 0)
		frame->birth_ns &= ~(int64_t)LEAT__BORN_BITS;
	if (frame->birth_ns)
		return;
	frame->birth_ns = node->birth_ns;
	if (node->born)
		frame->birth_ns =
			(env->now_ns(env) & ~(int64_t)LEAT__BORN_BITS) |
			(int64_t)node->born;
}

/*
 * A fresh frame inherits stamp and birth of the frame in hand; one that is
 * passed on keeps its own, for others may read it. Where ordered branches begin
 * the frame in hand has its place there, and nobody else reads it.
 */
static void
emit_stamp(const struct leat__node *node, struct leat_frame *frame)
{
	if (!frame->stamp) {
		frame->stamp = node->stamp;
		emit_birth(node, frame);
	} else if (node->stage->is_restamping && frame->stamp != node->stamp) {
		frame->stamp = node->stamp;
	}
}

/* Stamps never go back on a link that leads to an ordered merge. What a stage
 * says at its end comes after all that it was asked. */
static void
link_keep_order(struct leat__link *link, struct leat_frame *frame)
{
	uint64_t frontier = leat__load_relaxed(&link->chan.frontier);

	if (frame->stamp < frontier)
		frame->stamp = frontier;
	LEAT_INVARIANT(frame->stamp >= link->last_stamp);
	link->last_stamp = frame->stamp;
}

void
leat__link_send(struct leat__link *link, struct leat__cache *cache,
	struct leat_frame *frame)
{
	if (leat__chan_is_over(&link->chan)) {
		leat__bump(&link->refused_items, frame->n_items);
		leat__frame_release(cache, frame);
		return;
	}
	if (link->is_ordered)
		link_keep_order(link, frame);
	leat__probe_3(send, link->from->name, link->to->name, frame->n_items);
	leat__bump(&link->sent_items, frame->n_items);
	leat__store_relaxed(&frame->owner, (uint16_t)(link->to->number + 1));
	leat__chan_push(&link->chan, frame);
}

/* What a receiver left when it closed is the sender's to end: it does not look
 * there any more. */
static void
link_take_back(struct leat__link *link)
{
	if (leat__link_shares_places(link) &&
		leat__chan_is_recv_closed(&link->chan))
		leat__bump(&link->refused_items, leat__chan_drain(&link->chan));
}

/* Has it been promised that no such frame will come? */
static bool
link_is_late(const struct leat__link *link, const struct leat_frame *frame)
{
	return link->is_ordered &&
		frame->stamp < leat__load_relaxed(&link->chan.frontier) &&
		!leat__chan_is_over(&link->chan);
}

uint32_t
leat_stage_credit(struct leat_stage *st, uint32_t out)
{
	const struct leat__task *task = stage_task(st);
	struct leat__chan *ch;
	uint32_t credit;

	if (!task || !task->lane || out >= st->n_outs ||
		!(st->ops.flags & LEAT_STAGE_CHOOSES))
		return 0;
	if (st->outs[out]->is_fused)
		return st->needs.max_out;
	ch = &st->outs[out]->chan;
	if (leat__chan_is_over(ch)) {
		link_take_back(st->outs[out]);
		return LEAT_CREDIT_CLOSED;
	}
	credit = leat__chan_credit(ch, st->needs.max_out);
	/* if it waits, then for all that it has not found in this call */
	if (!credit)
		st->outs[out]->is_wanted = true;
	return credit;
}

void
leat_stage_end_out(struct leat_stage *st, uint32_t out)
{
	struct leat__task *task = stage_task(st);

	if (!task || !task->lane || out >= st->n_outs ||
		st->outs[out]->is_fused)
		return;
	leat__chan_close_send(&st->outs[out]->chan, task->lane->worker);
}

static void
emit_to_node(struct leat__node *node, struct leat_frame *frame)
{
	uint32_t k = node->inbox_at + node->n_inbox;

	if (k >= node->max_inbox)
		k -= node->max_inbox;
	leat__store_relaxed(&frame->owner, (uint16_t)(node->stage->number + 1));
	node->inbox[k] = frame;
	node->n_inbox++;
}

/* Apart: seldom does somebody look. Of several senders one fills. */
static __attribute__((noinline)) void
link_show(struct leat__tap *tap, struct leat_frame *frame)
{
	uint32_t wants = LEAT__TAP_WANTS;

	if (leat__load_relaxed(&tap->state) != LEAT__TAP_WANTS ||
		!leat__cas_acq_rel(&tap->state, &wants, LEAT__TAP_FILLS))
		return;
	tap->fill(tap, frame);
	/* pairs with the load in leat_tap_take */
	leat__store_release(&tap->state, LEAT__TAP_IS_FULL);
}

/* LEAT_OK, or why the stage may not emit this one now. */
static int
emit_check(struct leat_stage *st, const struct leat__task *task, uint32_t out)
{
	if (!task || !task->lane || out >= st->n_outs)
		return leat_stage_fail(st, LEAT_EBUG,
			"emit: stage '%s' has no out %u here", st->name, out);
	if (task->region && !task->ticket)
		return leat_stage_fail(st, LEAT_EBUG,
			"emit: stage '%s' is declared stateless, and emits "
			"without an input",
			st->name);
	if (st->n_emitted[out] >= st->needs.max_out)
		return leat_stage_fail(st, LEAT_EBUG,
			"emit: stage '%s' emits more than max_out %u frames in "
			"one call",
			st->name, st->needs.max_out);
	if ((st->ops.flags & LEAT_STAGE_CHOOSES) &&
		leat_stage_credit(st, out) == 0)
		return leat_stage_fail(st, LEAT_EBUG,
			"emit: out %u of stage '%s' has no credit; ask "
			"leat_stage_credit() first",
			out, st->name);
	return LEAT_OK;
}

int
leat_stage_emit(struct leat_stage *st, uint32_t out, struct leat_frame *frame)
{
	struct leat__task *task = stage_task(st);
	bool is_fresh = !frame->stamp;
	struct leat__node *node;
	struct leat__link *link;
	struct leat__tap *tap;

	LEAT_TRY(emit_check(st, task, out));
	LEAT_ASSERT(leat__frame_fits(frame));
	link = st->outs[out];
	node = &task->nodes[st->at];
	emit_stamp(node, frame);
	if (!link->is_fused && link_is_late(link, frame) &&
		!task->is_head_ended)
		return leat_stage_fail(st, LEAT_EBUG,
			"emit: a frame comes too late out of stage '%s', on a "
			"branch of an ordered merge; is one left behind by a "
			"flush?",
			st->name);
	leat__probe_3(emit, st->name, out, frame->n_items);
	st->n_emitted[out]++;
	emit_count(st, frame);
	/* acquire: pairs with the release in leat_tap_open */
	tap = leat__load_acquire(&link->tap);
	if (leat__unlikely(tap != NULL))
		link_show(tap, frame);
	if (leat__unlikely(node->trace != NULL))
		leat__trace_emitted(task, node, link, frame, is_fresh);
	if (link->is_fused)
		emit_to_node(node + 1, frame);
	else if (task->region)
		leat__region_put(task, frame);
	else
		leat__link_send(link, &task->lane->cache, frame);
	return LEAT_OK;
}

/* ---- items: one function of one item ------------------------------------------ */

static int
items_map(struct leat_stage *st, struct leat_frame *frame)
{
	void (*map)(void *, void *) = st->ops.map_item;
	uint32_t n_bytes = leat_frame_item_bytes(frame);
	uint8_t *end = frame->data + frame->len_bytes;
	void *state = st->state;

	if (n_bytes)
		for (uint8_t *item = frame->data; item < end; item += n_bytes)
			map(item, state);
	return leat_stage_emit(st, 0, frame);
}

static uint32_t
items_compact(struct leat_stage *st, struct leat_frame *frame)
{
	uint32_t n_bytes = leat_frame_item_bytes(frame);
	uint8_t *to = frame->data;
	uint32_t n_kept = 0;

	for (uint32_t k = 0; k < frame->n_items; k++) {
		const uint8_t *item = frame->data + (size_t)k * n_bytes;

		if (!st->ops.keep_item(item, st->state))
			continue;
		if (to != item)
			memcpy(to, item, n_bytes);
		to += n_bytes;
		n_kept++;
	}
	frame->len_bytes = n_kept * n_bytes;
	return n_kept;
}

static int
items_keep(struct leat_stage *st, struct leat_frame *frame)
{
	uint32_t n_kept = items_compact(st, frame);

	leat_stage_count(st, LEAT_COUNT_FILTERED, frame->n_items - n_kept);
	frame->n_items = n_kept;
	if (n_kept)
		return leat_stage_emit(st, 0, frame);
	leat_stage_release(st, frame);
	return LEAT_OK;
}

/* ---- the calls ------------------------------------------------------------------ */

static void
call_begin(struct leat_stage *st)
{
	if (leat__unlikely(leat__load_relaxed(&st->next_opts) != NULL))
		leat__live_take(st);
	for (uint32_t k = 0; k < st->n_outs; k++)
		st->n_emitted[k] = 0;
	st->n_rejected = 0;
	st->n_attempts = 0;
}

bool
leat__stage_is_as_before(const struct leat_stage *st)
{
	for (uint32_t k = 0; k < st->n_outs; k++)
		if (st->n_emitted[k])
			return false;
	return !st->n_rejected;
}

/* The stage writes its input: give it one that nobody else reads. */
static int
call_make_sole(struct leat__task *task, struct leat__node *node)
{
	struct leat_frame *shared = node->inbox[node->inbox_at];
	struct leat_stage *st = node->stage;
	struct leat_frame *copy;

	copy = leat__frame_copy(&task->lane->cache, shared);
	if (!copy)
		return leat_stage_fail(st, LEAT_EBUG,
			"no frame for a private copy for stage '%s'", st->name);
	leat__bump(&st->counters.copied_bytes, copy->len_bytes);
	node->inbox[node->inbox_at] = copy;
	leat__frame_release(&task->lane->cache, shared);
	return LEAT_OK;
}

uint64_t
leat__node_outer(
	struct leat__task *task, const struct leat_stage *st, uint64_t stamp)
{
	if (!st->closes || stamp >= LEAT__STAMP_LAST)
		return stamp;
	return leat__nest_find(st->closes, stamp, task->lane->worker);
}

/* Frames get back the stamp that they had before nested branches. */
static void
call_unstamp(struct leat__task *task, struct leat_stage *st,
	struct leat_frame *frame)
{
	uint64_t outer = leat__node_outer(task, st, frame->stamp);

	/* it was told of the number before the frame was sent */
	LEAT_INVARIANT(outer != 0);
	frame->stamp = outer;
}

bool
leat__task_has_numbers(const struct leat__task *task)
{
	return task->fork_stamp + 1 < LEAT__STAMP_LAST - 1;
}

/* Frames get their place where ordered branches begin. */
static int
call_restamp(struct leat__task *task, struct leat_stage *st,
	struct leat_frame *frame)
{
	if (!leat__task_has_numbers(task))
		return leat_stage_fail(st, LEAT_ELIMIT,
			"'%s' has used up its stamps: 2^64 frames", st->name);
	task->fork_stamp++;
	if (st->opens)
		leat__nest_put(st->opens, task->fork_stamp, frame->stamp);
	frame->stamp = task->fork_stamp;
	return LEAT_OK;
}

/* The first time that a frame is given to a stage. */
static int
call_take(struct leat__task *task, struct leat__node *node)
{
	struct leat_stage *st = node->stage;
	struct leat_frame *frame = node->inbox[node->inbox_at];

	leat__bump(&st->counters.in_items, frame->n_items);
	leat__bump(&st->counters.in_bytes, frame->len_bytes);
	leat__bump(&st->counters.in_frames, 1);
	node->is_counted = true;
	node->is_dirty = true;
	if ((st->ops.flags & LEAT_STAGE_IN_PLACE) && !leat_frame_is_sole(frame))
		LEAT_TRY(call_make_sole(task, node));
	frame = node->inbox[node->inbox_at];
	if (st->closes)
		call_unstamp(task, st, frame);
	if (st->is_restamping)
		LEAT_TRY(call_restamp(task, st, frame));
	node->stamp = frame->stamp;
	node->birth_ns = frame->birth_ns;
	node->priority = leat_frame_priority(frame);
	return LEAT_OK;
}

int
leat__call_process(struct leat_stage *st, struct leat_frame *frame)
{
	if (st->ops.process)
		return st->ops.process(st, frame);
	return st->ops.map_item ? items_map(st, frame) : items_keep(st, frame);
}

static int
call_produce(struct leat_stage *st, struct leat_frame *none)
{
	(void)none;
	return st->ops.produce(st);
}

static int
call_finish(struct leat_stage *st, struct leat_frame *none)
{
	(void)none;
	return st->ops.finish(st);
}

/* Of produce and finish. */
static int
call_without_frame(
	struct leat_stage *st, leat__inner_fn fn, enum leat_call_kind kind)
{
	struct leat__inner inner = {fn, kind, false};

	return leat__stage_is_hooked(st) ? leat__hooked_call(st, NULL, inner)
					 : fn(st, NULL);
}

int
leat__stage_open(struct leat_stage *st, struct leat_error *err)
{
	int rc = st->ops.open ? st->ops.open(st) : LEAT_OK;

	if (rc >= 0)
		return LEAT_OK;
	if (st->error.code != rc)
		leat_stage_fail(st, rc, "open: %s", leat_err_text(rc));
	leat__stage_error(st, err);
	return rc;
}

void
leat__node_pop(struct leat__node *node)
{
	if (++node->inbox_at == node->max_inbox)
		node->inbox_at = 0;
	node->n_inbox--;
	node->is_counted = false;
}

int
leat__node_call(struct leat__node *node, struct leat_frame *frame, bool is_more)
{
	struct leat_stage *st = node->stage;
	struct leat__inner inner;

	call_begin(st);
	if (!leat__stage_is_hooked(st))
		return leat__call_process(st, frame);
	inner = (struct leat__inner){
		st->ops.process ? st->ops.process : leat__call_process,
		LEAT_CALL_PROCESS, is_more};
	return leat__hooked_call(st, frame, inner);
}

int
leat__node_process(struct leat__task *task, struct leat__node *node)
{
	bool is_more = node->is_counted;
	int rc;

	if (!is_more)
		LEAT_TRY(call_take(task, node));
	else if (leat__unlikely(leat__bisect_is_on(node)))
		return leat__bisect_step(task, node);
	rc = leat__node_call(node, node->inbox[node->inbox_at], is_more);
	if (rc == LEAT_OK || rc == LEAT_EOS)
		leat__node_pop(node);
	else if (leat__unlikely(rc < 0 && node->bisect))
		return leat__bisect_begin(task, node, rc, is_more);
	return rc;
}

static uint32_t
node_born(const struct leat__task *task)
{
	return LEAT__BORN_SAMPLED |
		(task->n_spread == 1 ? LEAT__BORN_ALONE : 0);
}

int
leat__node_produce(struct leat__task *task, struct leat__node *node)
{
	call_begin(node->stage);
	if (task->next_stamp + 1 >= LEAT__STAMP_LAST)
		return leat_stage_fail(node->stage, LEAT_ELIMIT,
			"source '%s' has used up its stamps: 2^64 frames",
			node->stage->name);
	node->stamp = ++task->next_stamp;
	node->is_dirty = true;
	node->born = task->n_spread && node->called ? node_born(task) : 0;
	return call_without_frame(node->stage, call_produce, LEAT_CALL_PRODUCE);
}

int
leat__node_flush(struct leat__task *task, struct leat__node *node)
{
	(void)task;
	if (!node->stage->ops.flush)
		return LEAT_OK;
	call_begin(node->stage);
	return node->stage->ops.flush(node->stage);
}

int
leat__node_end_in(struct leat__task *task, struct leat__node *node)
{
	if (!node->stage->ops.end_in)
		return LEAT_OK;
	call_begin(node->stage);
	node->in_link = task->pull.ended;
	node->is_dirty = true;
	return node->stage->ops.end_in(node->stage, task->pull.ended);
}

int
leat__node_finish(struct leat__task *task, struct leat__node *node)
{
	(void)task;
	if (!node->stage->ops.finish)
		return LEAT_OK;
	/* what it says at its end is not of the frame that came last */
	node->birth_ns = node->born = 0;
	call_begin(node->stage);
	return call_without_frame(node->stage, call_finish, LEAT_CALL_FINISH);
}

void
leat__node_drop_inbox(
	struct leat__task *task, struct leat__node *node, bool is_filtered)
{
	struct leat_stage *st = node->stage;
	struct leat__cache *cache = stage_cache(st);

	(void)task;
	leat__bisect_drop(node, cache);
	while (node->n_inbox) {
		struct leat_frame *frame = node->inbox[node->inbox_at];

		/* of one in hand, part may have been dealt with already; the
		 * rest is found when the run is settled (settle.c) */
		if (!node->is_counted) {
			leat__bump(&st->counters.in_items, frame->n_items);
			leat__bump(&st->counters.in_bytes, frame->len_bytes);
			leat__bump(&st->counters.in_frames, 1);
			if (is_filtered)
				leat_stage_count(st, LEAT_COUNT_FILTERED,
					frame->n_items);
		}
		leat__frame_release(cache, frame);
		leat__node_pop(node);
	}
}
