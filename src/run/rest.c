/*
 * run/rest.c -- a segment that cannot go on: who is to wake it.
 *
 * Keeps: what it lacks is armed first and looked at after that, so whoever has
 * it by then is seen, and whoever has it later wakes the task.
 * Threads: the one that steps the task.
 */
#include "run/pull.h"
#include "run/region.h"
#include "run/task.h"
#include "run/trace.h"

/* Arm all that were found without credit, as they were then: if one has some
 * by now, the stage is to look again. */
static bool
task_arm_choices(struct leat__task *task)
{
	struct leat_stage *tail = leat__task_tail(task);
	uint32_t n_armed = 0;

	for (uint32_t k = 0; k < tail->n_outs; k++) {
		struct leat__link *link = tail->outs[k];

		if (!link->is_wanted)
			continue;
		if (!leat__chan_arm_sender(&link->chan, 1))
			return false;
		n_armed++;
	}
	return n_armed > 0;
}

/* Where nested branches begin, their merge says when there is room. false:
 * there is by now; also if it came, unarmed, since leat__task_promise_bound
 * found none. */
static bool
task_arm_room(struct leat__task *task)
{
	uint64_t outer = leat__task_lacks_room(task);

	return outer ? leat__nest_arm(leat__task_tail(task)->opens, outer)
		     : !leat__task_can_tell(task);
}

static bool
task_arm_outs(struct leat__task *task)
{
	struct leat__chan *ch = leat__task_short_out(task);
	uint64_t outer = leat__task_lacks_room(task);

	if (outer)
		return leat__nest_arm(leat__task_tail(task)->opens, outer);
	if (leat__stage_chooses(leat__task_tail(task)))
		return task_arm_choices(task);
	return ch &&
		leat__chan_arm_sender(ch, leat__task_tail(task)->needs.max_out);
}

static enum leat__rest
task_rest(enum leat__task_verdict verdict)
{
	return verdict == LEAT__VERDICT_NO_CREDIT  ? LEAT__REST_ROOM
		: verdict == LEAT__VERDICT_NO_TURN ? LEAT__REST_TURN
						   : LEAT__REST_INPUT;
}

bool
leat__task_arm(struct leat__task *task, enum leat__task_verdict verdict)
{
	if (task->region)
		return leat__region_rest(task, task_rest(verdict));
	if (verdict == LEAT__VERDICT_HELD)
		return leat__drain_holds(task->run);
	/* who lets it go on wakes all */
	if (verdict == LEAT__VERDICT_PAUSED)
		return true;
	if (verdict == LEAT__VERDICT_NO_CREDIT)
		return task_arm_outs(task);
	if (!leat__pull_arm(task))
		return false;
	/* credit may have come, or a promise that is to be passed on */
	if ((verdict != LEAT__VERDICT_HOLDS || task_arm_choices(task)) &&
		(!task->segment->is_ordered ||
			(!leat__task_promise_bound(task) &&
				task_arm_room(task))))
		return true;
	leat__pull_disarm(task);
	return false;
}

void
leat__task_rests(struct leat__task *task, enum leat__task_verdict verdict)
{
	const struct leat_stage *head = task->nodes[0].stage;
	const struct leat_stage *tail = leat__task_tail(task);
	struct leat__link *link = NULL;

	if (verdict == LEAT__VERDICT_NO_CREDIT && tail->n_outs == 1)
		link = tail->outs[0];
	else if (verdict == LEAT__VERDICT_NO_INPUT && head->n_ins == 1)
		link = head->ins[0];
	task->trace.why = verdict == LEAT__VERDICT_NO_CREDIT
		? LEAT__TRACE_NO_CREDIT
		: verdict == LEAT__VERDICT_NO_TURN ? LEAT__TRACE_NO_TURN
		: verdict == LEAT__VERDICT_HELD    ? LEAT__TRACE_HELD
						   : LEAT__TRACE_NO_INPUT;
	task->trace.link = link ? link->number : LEAT__TRACE_NOBODY;
}
