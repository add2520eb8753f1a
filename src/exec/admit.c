/*
 * exec/admit.c -- which task may start, and which is next.
 *
 * Groups of the least rank come first, always. Within a rank each start costs
 * its group a stride, which is the smaller the greater its weight, and the one
 * that has paid least is next; who comes back from having nothing queued pays
 * as much as the others have by then.
 * Keeps: n_queued and n_running are the sums of the groups'; n_startable says
 * whether leat__admit_pop() would give a fiber's task.
 * Threads: any, under the workers' lock. Source: Waldspurger and Weihl, Stride
 * Scheduling, 1995.
 */
#include "exec/workers.h"

/* ---- queues ------------------------------------------------------------- */

static struct leat__task_queue *
task_queue(struct leat_task *task)
{
	return &task->group->queues[task->kind];
}

static void
queue_push(struct leat__task_queue *queue, struct leat_task *task)
{
	task->next = NULL;
	task->prev = queue->last;
	if (queue->last)
		queue->last->next = task;
	else
		queue->first = task;
	queue->last = task;
}

static void
queue_remove(struct leat__task_queue *queue, struct leat_task *task)
{
	if (task->prev)
		task->prev->next = task->next;
	else
		queue->first = task->next;
	if (task->next)
		task->next->prev = task->prev;
	else
		queue->last = task->prev;
	task->next = task->prev = NULL;
}

/* ---- who is next -------------------------------------------------------- */

static bool
group_may_start(const struct leat__group *group, enum leat__kind kind)
{
	if (!group->queues[kind].first)
		return false;
	return !group->max_running || group->n_running < group->max_running;
}

static bool
group_is_before(const struct leat__group *a, const struct leat__group *b)
{
	return a->rank < b->rank || (a->rank == b->rank && a->pass < b->pass);
}

static bool
workers_may_start(const struct leat_workers *workers, enum leat__kind kind)
{
	if (workers->max_running && workers->n_running >= workers->max_running)
		return false;
	return kind == LEAT__KIND_FIBER ||
		workers->n_blocking < workers->max_blocking;
}

static struct leat__group *
admit_choose(struct leat_workers *workers, enum leat__kind kind)
{
	struct leat__group *best = NULL;

	if (!workers_may_start(workers, kind))
		return NULL;
	for (uint32_t k = 0; k < workers->n_groups; k++) {
		struct leat__group *group = &workers->groups[k];

		if (group_may_start(group, kind) &&
			(!best || group_is_before(group, best)))
			best = group;
	}
	return best;
}

static void
admit_note(struct leat_workers *workers)
{
	leat__store_relaxed(&workers->n_startable,
		admit_choose(workers, LEAT__KIND_FIBER) ? 1u : 0u);
}

/* What the others of its rank that have something queued have paid at least. */
static void
group_catch_up(struct leat_workers *workers, struct leat__group *group)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t k = 0; k < workers->n_groups; k++) {
		const struct leat__group *other = &workers->groups[k];

		if (other->rank == group->rank && other->n_queued)
			least = leat__min_u64(least, other->pass);
	}
	if (least != UINT64_MAX)
		group->pass = leat__max_u64(group->pass, least);
}

/* ---- under the lock ----------------------------------------------------- */

bool
leat__admit_is_full(
	const struct leat_workers *workers, const struct leat__group *group)
{
	return workers->n_queued >= workers->max_queued ||
		group->n_queued >= group->max_queued;
}

void
leat__admit_push(struct leat_workers *workers, struct leat_task *task)
{
	struct leat__group *group = task->group;

	if (group->n_queued == 0)
		group_catch_up(workers, group);
	queue_push(task_queue(task), task);
	task->is_queued = true;
	group->n_queued++;
	workers->n_queued++;
	admit_note(workers);
}

void
leat__admit_remove(struct leat_workers *workers, struct leat_task *task)
{
	queue_remove(task_queue(task), task);
	task->is_queued = false;
	task->group->n_queued--;
	workers->n_queued--;
	admit_note(workers);
}

struct leat_task *
leat__admit_pop(struct leat_workers *workers, enum leat__kind kind)
{
	struct leat__group *group = admit_choose(workers, kind);
	struct leat_task *task = group ? group->queues[kind].first : NULL;

	if (!task)
		return NULL;
	task->is_running = true;
	group->pass += group->stride;
	group->n_running++;
	workers->n_running++;
	workers->n_blocking += kind == LEAT__KIND_BLOCKING;
	leat__admit_remove(workers, task);
	return task;
}

void
leat__admit_end(struct leat_workers *workers, struct leat_task *task)
{
	task->is_running = false;
	task->group->n_running--;
	workers->n_running--;
	workers->n_blocking -= task->kind == LEAT__KIND_BLOCKING;
	admit_note(workers);
}

bool
leat__admit_is_stuck(const struct leat_workers *workers)
{
	struct leat_workers *w = (struct leat_workers *)(uintptr_t)workers;

	return workers->n_stuck >= workers->n_running &&
		!admit_choose(w, LEAT__KIND_FIBER) &&
		!admit_choose(w, LEAT__KIND_BLOCKING);
}

/* ---- who waits for room ------------------------------------------------- */

/* The room may be in one group's queue or in all of them together. */
void
leat__admit_tell(struct leat_workers *workers)
{
	for (uint32_t k = 0; k < workers->n_groups; k++)
		leat__side_tell(&workers->groups[k].room, 1);
}

void
leat__admit_tell_all(struct leat_workers *workers)
{
	for (uint32_t k = 0; k < workers->n_groups; k++)
		leat__side_wake_all(&workers->groups[k].room);
}
