/*
 * run/pull.c -- where the head of a segment gets its next frame from: its ins
 * in turn, the least stamp, or what a stage that gathers asks for.
 *
 * Keeps: of an ordered merge, a frame is taken only when no other in can bring
 * one that stands before it. Who finds nothing arms what it waits for, looks
 * again, and only then rests. What it waits for is one in by stamps (without
 * it nothing can go on), the wanted ones of a stage that gathers, else all.
 * Threads: the one that steps the task.
 */
#include "run/pull.h"

#include "base/atomic.h"
#include "base/probe.h"
#include "run/trace.h"

#define PULL_WORD_BITS 64u

static struct leat__chan *
pull_chan(const struct leat__task *task, uint32_t in)
{
	return &task->nodes[0].stage->ins[in]->chan;
}

static uint32_t
pull_n_ins(const struct leat__task *task)
{
	return task->nodes[0].stage->n_ins;
}

static bool
pull_is_ordered(const struct leat__task *task)
{
	return task->nodes[0].stage->is_ordered_merge;
}

static bool
pull_gathers(const struct leat__task *task)
{
	return task->nodes[0].stage->ops.flags & LEAT_STAGE_GATHERS;
}

void
leat__pull_take(struct leat__task *task, uint32_t in, struct leat_frame *frame)
{
	struct leat__node *head = &task->nodes[0];

	leat__probe_3(
		recv, head->stage->name, frame->n_items, frame->len_bytes);
	head->inbox[0] = frame;
	head->inbox_at = 0;
	head->n_inbox = 1;
	head->in_link = in;
	head->in_bytes = frame->len_bytes;
	task->pull.next_in = in + 1;
	/* a replica has looked when it took it */
	if (leat__unlikely(head->trace != NULL) && !task->region)
		leat__trace_taken(task, pull_chan(task, in));
}

void
leat__pull_disarm(struct leat__task *task)
{
	for (uint32_t k = 0; k < pull_n_ins(task); k++)
		leat__chan_disarm_receiver(pull_chan(task, k));
}

/* ---- by stamps ----------------------------------------------------------- */

/* Look at an in: its head, or what is promised of it. */
static void
ordered_look(struct leat__task *task, uint32_t in)
{
	struct leat__chan *ch = pull_chan(task, in);
	/* before the look into the ring; of one that is closed it is above all
	 * stamps */
	uint64_t frontier = leat__chan_frontier(ch);
	const struct leat_frame *frame = leat__chan_peek(ch);
	struct leat__heap_key key = {frame ? frame->stamp : frontier, 0};

	if (!frame && frontier == UINT64_MAX)
		key = LEAT__HEAP_KEY_END;
	leat__heap_update(&task->pull.ins, in, key, frame != NULL);
}

static bool
ordered_has_ended(struct leat__heap_input top)
{
	return leat__heap_key_is_end(top.key);
}

/* The least in, of which is known what is there now. The others are not looked
 * at: what was seen of them is no more than what is there. */
static struct leat__heap_input
ordered_top(struct leat__task *task)
{
	const struct leat__heap *ins = &task->pull.ins;
	struct leat__heap_input top = leat__heap_top(ins);

	while (!top.is_present && !ordered_has_ended(top)) {
		uint64_t stamp = top.key.stamp;
		uint32_t in = top.input;

		ordered_look(task, in);
		top = leat__heap_top(ins);
		if (top.input == in && top.key.stamp == stamp)
			break;
	}
	return top;
}

static bool
ordered_pull(struct leat__task *task)
{
	struct leat__heap_input top = ordered_top(task);
	uint32_t in = top.input;

	task->is_head_ended = ordered_has_ended(top);
	if (!top.is_present)
		return false;
	leat__pull_take(task, in, leat__chan_pop(pull_chan(task, in)));
	ordered_look(task, in);
	return true;
}

/* Only the least in: nothing goes on before something comes there, a frame or
 * a promise, and both wake. */
static bool
ordered_arm(struct leat__task *task)
{
	struct leat__heap_input top = ordered_top(task);
	uint32_t in = top.input;

	if (top.is_present || ordered_has_ended(top) ||
		!leat__chan_arm_receiver(pull_chan(task, in)))
		return false;
	top = ordered_top(task);
	if (top.input == in && !top.is_present)
		return true;
	leat__chan_disarm_receiver(pull_chan(task, in));
	return false;
}

/* ---- what is asked for --------------------------------------------------- */

static uint32_t
gather_n_words(uint32_t n_ins)
{
	return (n_ins + PULL_WORD_BITS - 1) / PULL_WORD_BITS;
}

/* The first wanted in from there on, or NONE. */
static uint32_t
gather_next(const struct leat__task *task, uint32_t from)
{
	uint32_t n_words = gather_n_words(pull_n_ins(task));
	uint64_t mask = ~0ull << (from % PULL_WORD_BITS);

	for (uint32_t w = from / PULL_WORD_BITS; w < n_words; w++) {
		uint64_t bits = task->pull.wanted[w] & mask;

		if (bits)
			return w * PULL_WORD_BITS +
				(uint32_t)__builtin_ctzll(bits);
		mask = ~0ull;
	}
	return LEAT__IN_NONE;
}

static void
gather_want(struct leat__task *task, uint32_t in, bool is_wanted)
{
	uint64_t bit = 1ull << (in % PULL_WORD_BITS);
	uint32_t w = in / PULL_WORD_BITS;

	task->pull.wanted[w] &= ~bit;
	if (is_wanted)
		task->pull.wanted[w] |= bit & ~task->pull.is_ended[w];
}

/* A frame of this in, or its end. */
static bool
gather_pull_in(struct leat__task *task, uint32_t in)
{
	struct leat__chan *ch = pull_chan(task, in);
	bool is_closed = leat__chan_is_send_closed(ch);
	struct leat_frame *frame = leat__chan_pop(ch);

	if (frame) {
		leat__pull_take(task, in, frame);
		return true;
	}
	/* closed was read first, so empty means ended */
	if (!is_closed)
		return false;
	gather_want(task, in, false);
	task->pull.is_ended[in / PULL_WORD_BITS] |= 1ull
		<< (in % PULL_WORD_BITS);
	task->pull.ended = in;
	task->pull.n_left--;
	return true;
}

/* Those that are wanted, in turn. */
static bool
gather_pull(struct leat__task *task)
{
	uint32_t from = task->pull.next_in, in;

	for (in = gather_next(task, from); in != LEAT__IN_NONE;
		in = gather_next(task, in + 1))
		if (gather_pull_in(task, in))
			return true;
	for (in = gather_next(task, 0); in < from;
		in = gather_next(task, in + 1))
		if (gather_pull_in(task, in))
			return true;
	task->is_head_ended = task->pull.n_left == 0;
	return false;
}

static bool
gather_arm(struct leat__task *task)
{
	uint32_t in;

	for (in = gather_next(task, 0); in != LEAT__IN_NONE;
		in = gather_next(task, in + 1)) {
		if (leat__chan_arm_receiver(pull_chan(task, in)))
			continue;
		leat__pull_disarm(task);
		return false;
	}
	return true;
}

bool
leat__pull_is_stuck(const struct leat__task *task)
{
	return pull_gathers(task) && task->pull.n_left &&
		gather_next(task, 0) == LEAT__IN_NONE;
}

uint32_t
leat_stage_in(const struct leat_stage *st)
{
	const struct leat__task *task = st->task;

	return task ? task->nodes[st->at].in_link : 0;
}

void
leat_stage_want(struct leat_stage *st, uint32_t in, bool is_wanted)
{
	struct leat__task *task = st->task;

	if (task && task->lane && in < st->n_ins && task->pull.wanted)
		gather_want(task, in, is_wanted);
}

/* ---- in turn ------------------------------------------------------------- */

/* false: nothing there. */
static bool
turn_pull(struct leat__task *task)
{
	uint32_t n_ins = pull_n_ins(task), n_closed = 0;

	for (uint32_t k = 0; k < n_ins; k++) {
		uint32_t in = (task->pull.next_in + k) % n_ins;
		struct leat__chan *ch = pull_chan(task, in);
		bool is_closed = leat__chan_is_send_closed(ch);
		struct leat_frame *frame = leat__chan_pop(ch);

		if (frame) {
			leat__pull_take(task, in, frame);
			return true;
		}
		/* closed was read first, so empty means ended */
		n_closed += is_closed;
	}
	if (n_closed == n_ins)
		task->is_head_ended = true;
	return false;
}

/* Have all ins ended between the look and the arming? */
static bool
turn_has_ended(struct leat__task *task)
{
	for (uint32_t k = 0; k < pull_n_ins(task); k++) {
		struct leat__chan *ch = pull_chan(task, k);

		if (!leat__chan_is_send_closed(ch) ||
			ck_ring_size(&ch->ring) > 0)
			return false;
	}
	return true;
}

/* Arm every in. false: there is something after all, and none is armed. */
static bool
turn_arm(struct leat__task *task)
{
	for (uint32_t k = 0; k < pull_n_ins(task); k++) {
		struct leat__chan *ch = pull_chan(task, k);

		if (leat__chan_arm_receiver(ch))
			continue;
		/* an ended in has nothing to wait for; the others do */
		if (leat__chan_is_send_closed(ch) &&
			ck_ring_size(&ch->ring) == 0)
			continue;
		while (k-- > 0)
			leat__chan_disarm_receiver(pull_chan(task, k));
		return false;
	}
	return true;
}

/* ---- the whole ----------------------------------------------------------- */

bool
leat__pull(struct leat__task *task)
{
	if (pull_is_ordered(task))
		return ordered_pull(task);
	return pull_gathers(task) ? gather_pull(task) : turn_pull(task);
}

bool
leat__pull_arm(struct leat__task *task)
{
	if (pull_is_ordered(task))
		return ordered_arm(task);
	if (pull_gathers(task))
		return gather_arm(task);
	return turn_arm(task) && !turn_has_ended(task);
}

static int
gather_init(struct leat__task *task)
{
	const struct leat__env *env = task->run->env;
	uint32_t n_ins = pull_n_ins(task), n_words = gather_n_words(n_ins);

	task->pull.n_left = n_ins;
	task->pull.wanted =
		env->alloc(env, 2 * n_words * sizeof(*task->pull.wanted));
	if (!task->pull.wanted)
		return LEAT_ENOMEM;
	task->pull.is_ended = task->pull.wanted + n_words;
	for (uint32_t k = 0; k < n_ins; k++)
		gather_want(task, k, true);
	return LEAT_OK;
}

int
leat__pull_init(struct leat__task *task)
{
	task->pull.ended = LEAT__IN_NONE;
	if (pull_is_ordered(task))
		return leat__heap_init(
			&task->pull.ins, task->run->env, pull_n_ins(task));
	return pull_gathers(task) ? gather_init(task) : LEAT_OK;
}

void
leat__pull_fini(struct leat__task *task)
{
	const struct leat__env *env = task->run->env;

	leat__heap_fini(&task->pull.ins);
	if (task->pull.wanted)
		env->free(env, task->pull.wanted);
	task->pull.wanted = NULL;
}
