/*
 * run/task.h -- what task.c shares with promise.c and rest.c.
 */
#ifndef LEAT_SRC_RUN_TASK_H
#define LEAT_SRC_RUN_TASK_H

#include "run/run.h"

/* What came of one thing that was done, or tried. */
enum leat__task_verdict {
	LEAT__VERDICT_ON, /* progress: look again */
	LEAT__VERDICT_NO_INPUT,
	LEAT__VERDICT_NO_CREDIT,
	LEAT__VERDICT_HOLDS,   /* no input, and no credit for what it holds */
	LEAT__VERDICT_NO_TURN, /* of a replica that has failed */
	LEAT__VERDICT_HELD,    /* a sink, by a drain: others come first */
	LEAT__VERDICT_PAUSED,  /* a source: nothing more is to be taken in */
	LEAT__VERDICT_OVER     /* failed or all ended */
};

static inline struct leat_stage *
leat__task_tail(const struct leat__task *task)
{
	return task->nodes[task->n_nodes - 1].stage;
}

static inline bool
leat__stage_chooses(const struct leat_stage *st)
{
	return st->ops.flags & LEAT_STAGE_CHOOSES;
}

static inline bool
leat__task_is_out_short(const struct leat_stage *tail, uint32_t out)
{
	uint32_t max_out = tail->needs.max_out;
	struct leat__chan *ch = &tail->outs[out]->chan;

	return leat__chan_credit(ch, max_out) < max_out &&
		!leat__chan_is_over(ch);
}

/* The first out of the tail that lacks credit, or NULL. */
static inline struct leat__chan *
leat__task_short_out(struct leat__task *task)
{
	struct leat_stage *tail = leat__task_tail(task);

	for (uint32_t k = 0; k < tail->n_outs; k++)
		if (leat__task_is_out_short(tail, k))
			return &tail->outs[k]->chan;
	return NULL;
}

/* ---- promise.c ---- */

/* After a frame: whatever comes from here on has its stamp or a later one. */
void leat__task_promise(struct leat__task *task);
/* true: that is more than was promised before. */
bool leat__task_promise_up_to(struct leat__task *task, uint64_t bound);
/* Between two frames, on ordered links; the segment holds nothing. true: the
 * same. */
bool leat__task_promise_bound(struct leat__task *task);
/* Where nested branches begin: the stamp for which there is no room, as long as
 * their merge lags behind. 0 = there is room. */
uint64_t leat__task_lacks_room(struct leat__task *task);
/* Is there more to be told to the merge of nested branches, and room for it? */
bool leat__task_can_tell(struct leat__task *task);

/* ---- rest.c ---- */

/* Ask to be woken. false: something came up meanwhile. */
bool leat__task_arm(struct leat__task *task, enum leat__task_verdict verdict);
/* For those who trace it: what it waits for. */
void leat__task_rests(struct leat__task *task, enum leat__task_verdict verdict);

#endif
