/*
 * run/promise.c -- what a segment promises: nothing below this stamp will come.
 *
 * Keeps: a promise never falls, and never passes a frame that the segment
 * still holds. So a merge behind it may release what is below, whether frames
 * come of what went in or not: filters cannot starve an ordered merge.
 * Threads: the one that steps the task.
 */
#include "run/task.h"

/*
 * Whatever is emitted from here on carries the stamp of the frame in hand or
 * a later one, also if nothing came of that frame.
 */
void
leat__task_promise(struct leat__task *task)
{
	struct leat_stage *tail = leat__task_tail(task);

	for (uint32_t k = 0; k < tail->n_outs; k++)
		if (tail->outs[k])
			leat__chan_set_frontier(
				&tail->outs[k]->chan, task->nodes[0].stamp);
}

/* Nothing with a lesser stamp will come out of the head, or be said by a stage
 * at its end. */
static uint64_t
task_bound(struct leat__task *task)
{
	struct leat_stage *st = task->nodes[0].stage;
	uint64_t bound = LEAT__STAMP_LAST;

	if (task->is_head_ended)
		return bound;
	if (st->n_ins == 0)
		return task->next_stamp + 1;
	for (uint32_t k = 0; k < st->n_ins; k++)
		bound = leat__min_u64(
			bound, leat__chan_bound(&st->ins[k]->chan));
	return leat__node_outer(task, st, bound);
}

bool
leat__task_promise_up_to(struct leat__task *task, uint64_t bound)
{
	struct leat_stage *tail = leat__task_tail(task);

	if (bound <= task->bound)
		return false;
	task->bound = bound;
	for (uint32_t k = 0; k < tail->n_outs; k++)
		if (!leat__chan_is_over(&tail->outs[k]->chan))
			leat__chan_set_frontier(&tail->outs[k]->chan, bound);
	return true;
}

/*
 * Between two frames, when the segment holds nothing: nothing below the next
 * frame will come out. Where nested branches begin, a number is spent to tell
 * their merge of the outer bound. true: more is promised than before.
 */
bool
leat__task_promise_bound(struct leat__task *task)
{
	struct leat__nest *nest = leat__task_tail(task)->opens;
	uint64_t outer;

	if (!leat__task_tail(task)->is_restamping)
		return leat__task_promise_up_to(task, task_bound(task));
	outer = nest ? task_bound(task) : 0;
	if (nest && outer > nest->last && leat__nest_has_room(nest, outer) &&
		leat__task_has_numbers(task))
		leat__nest_put(nest, ++task->fork_stamp, outer);
	return leat__task_promise_up_to(task, task->fork_stamp + 1);
}

uint64_t
leat__task_lacks_room(struct leat__task *task)
{
	struct leat__node *node = &task->nodes[task->n_nodes - 1];
	struct leat__nest *nest = node->stage->opens;
	uint64_t outer;

	if (!nest || node->is_counted)
		return 0;
	outer = node->n_inbox ? node->inbox[node->inbox_at]->stamp
			      : task_bound(task);
	return leat__nest_has_room(nest, outer) ? 0 : outer;
}

bool
leat__task_can_tell(struct leat__task *task)
{
	const struct leat__nest *nest = leat__task_tail(task)->opens;

	return nest && leat__task_has_numbers(task) &&
		task_bound(task) > nest->last;
}
