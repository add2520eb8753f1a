/*
 * run/pause.c -- a run stands still: sources take nothing more in, what they
 * gave arrives, and then one thread has all tasks for itself.
 *
 * A task says that it is in before it looks whether it is held; who holds says
 * so before it looks who is in. The fence between the two is paid for by who
 * holds (decision 10). A source that waits for the outside is not in meanwhile.
 * Keeps: HELD is left only by who entered it; while it lasts and nobody is in,
 * no callback of a stage runs. Whoever was turned away is woken after it.
 * Threads: tasks; who pauses, from any.
 */
#include "run/pause.h"

#include "base/atomic.h"
#include "run/region.h"

static bool
pause_is(const struct leat__run *run, enum leat__pause_state state)
{
	return leat__load_relaxed(&run->pause.state) == (uint32_t)state;
}

/* ---- tasks --------------------------------------------------------------- */

/* Between saying something and looking: a barrier of who holds stands for it,
 * where there is one. */
static void
pause_fence(const struct leat__run *run)
{
	if (leat__unlikely(run->pause.is_fencing))
		leat__fence_seq();
	else
		leat__fence_compiler();
}

void
leat__pause_leave(struct leat__task *task)
{
	struct leat__run *run = task->run;

	/* release: what the task did is seen by who holds it */
	leat__store_release(&task->is_in, 0u);
	pause_fence(run);
	if (leat__unlikely(!pause_is(run, LEAT__PAUSE_NONE)))
		leat__parker_wake(&run->pause.moved);
}

bool
leat__pause_enter(struct leat__task *task)
{
	struct leat__run *run = task->run;

	leat__store_relaxed(&task->is_in, 1u);
	pause_fence(run);
	/* acquire: pairs with the release in pause_set; what was changed
	 * meanwhile is seen */
	if (leat__likely(leat__load_acquire(&run->pause.state) !=
		    (uint32_t)LEAT__PAUSE_HELD))
		return true;
	leat__pause_leave(task);
	return false;
}

bool
leat__pause_is_asked(const struct leat__run *run)
{
	/* acquire: as in leat__pause_enter */
	return leat__unlikely(
		leat__load_acquire(&run->pause.state) != LEAT__PAUSE_NONE);
}

/* Only those of a source wait for what has not been taken in yet. */
static struct leat__task *
wait_task(struct leat_stage *st)
{
	struct leat__task *task = st->task;

	return task && task->lane && st->n_ins == 0 &&
			task->segment->is_blocking
		? task
		: NULL;
}

void
leat__pause_wait_begin(struct leat_stage *st)
{
	struct leat__task *task = wait_task(st);

	if (task)
		leat__pause_leave(task);
}

void
leat__pause_wait_end(struct leat_stage *st)
{
	struct leat__task *task = wait_task(st);
	uint32_t ticket;

	if (!task)
		return;
	for (;;) {
		/* drawn before the look: that it goes on wakes all */
		ticket = leat__parker_ticket(&task->parker);
		if (leat__pause_enter(task))
			return;
		leat__parker_wait(&task->parker, ticket, LEAT_NEVER);
	}
}

/* ---- is anything on its way? --------------------------------------------- */

/* Stages stand in the order of the data. What waits before one that chooses
 * among its ins may wait for what comes on another. */
static void
run_find_standing(struct leat_graph *graph)
{
	for (uint32_t k = graph->n_stages; k-- > 0;) {
		struct leat_stage *st = graph->stages[k];

		st->is_standing = st->ops.flags & LEAT_STAGE_GATHERS;
		for (uint32_t j = 0; j < st->n_outs; j++)
			st->is_standing |=
				st->outs[j] && st->outs[j]->to->is_standing;
	}
}

static bool
link_is_empty(const struct leat__link *link)
{
	return link->is_fused || link->to->is_standing ||
		leat__chan_is_recv_closed(&link->chan) ||
		leat__chan_is_drained(&link->chan);
}

/* Has it frames between its stages? */
static bool
task_is_empty(const struct leat__task *task)
{
	if (task->nodes[0].stage->original->is_standing)
		return true;
	for (uint32_t k = 0; k < task->n_nodes; k++)
		if (task->nodes[k].n_inbox || task->nodes[k].is_counted)
			return false;
	return true;
}

/* The stage at which something is on its way; NULL = nothing is. No task is
 * in, or what is seen is only a guess. */
static const struct leat_stage *
run_find_busy(struct leat__run *run)
{
	const struct leat_graph *graph = run->graph;

	for (uint32_t k = 0; k < run->n_tasks; k++)
		/* acquire: pairs with the release in leat__pause_leave */
		if (leat__load_acquire(&run->tasks[k].is_in))
			return run->tasks[k].nodes[0].stage;
	for (uint32_t k = 0; k < graph->n_links; k++)
		if (!link_is_empty(graph->links[k]))
			return graph->links[k]->to;
	return NULL;
}

/* While nobody is in. */
static const struct leat_stage *
run_find_kept(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->n_tasks; k++)
		if (!task_is_empty(&run->tasks[k]))
			return run->tasks[k].nodes[0].stage;
	for (uint32_t k = 0; k < run->n_regions; k++) {
		const struct leat__region *region = &run->regions[k];

		if (!region->out->to->is_standing &&
			region->next != leat__load_relaxed(&region->head))
			return region->out->from;
	}
	return NULL;
}

void
leat__pause_init(struct leat__run *run)
{
	run->pause.is_fencing = run->env->barrier(run->env) != 0;
	run_find_standing(run->graph);
	leat__parker_init(&run->pause.moved, run->env);
}

/* ---- states -------------------------------------------------------------- */

/* With the lock. */
static void
pause_set(struct leat__run *run, enum leat__pause_state state)
{
	/* release: pairs with the acquire in leat__pause_enter */
	leat__store_release(&run->pause.state, (uint32_t)state);
}

/* With the lock: as is asked for. */
static void
pause_follow(struct leat__run *run)
{
	pause_set(
		run, run->pause.n_asked ? LEAT__PAUSE_ASKED : LEAT__PAUSE_NONE);
}

static void
pause_enter_held(struct leat__run *run)
{
	leat__lock_take(&run->pause.lock, run->env);
	pause_set(run, LEAT__PAUSE_HELD);
	leat__lock_drop(&run->pause.lock, run->env);
}

/* Whoever was turned away, or waits for its end, looks again. */
static void
pause_settle(struct leat__run *run)
{
	struct leat__pause *pause = &run->pause;

	leat__lock_take(&pause->lock, run->env);
	pause_follow(run);
	leat__lock_drop(&pause->lock, run->env);
	leat__run_wake_all(run);
}

/* NULL: it is held, and this thread alone is in. Else who is at work. */
static const struct leat_stage *
pause_try(struct leat__run *run)
{
	const struct leat_stage *busy = run_find_busy(run);

	if (busy)
		return busy;
	pause_enter_held(run);
	/* pairs with pause_fence: who has not seen it is seen to be in */
	if (run->pause.is_fencing)
		leat__fence_seq();
	else
		LEAT_INVARIANT(run->env->barrier(run->env) == 0);
	busy = run_find_busy(run);
	if (!busy)
		busy = run_find_kept(run);
	if (busy)
		pause_settle(run);
	return busy;
}

void
leat__pause_go_on(struct leat__run *run)
{
	pause_settle(run);
}

/* LEAT_OK while it can still come to rest. */
static int
pause_check(struct leat__run *run, struct leat_error *err)
{
	if (leat__load_acquire(&run->is_over) ||
		leat_ctx_is_done(run->graph->ctx))
		return leat__error(err, LEAT_ESTATE, "the run has ended");
	if (leat__load_acquire(&run->is_draining))
		return leat__error(err, LEAT_ESTATE, "the run is drained");
	if (!leat__pause_is_asked(run))
		return leat__error(err, LEAT_ESTATE, "the run is not paused");
	return LEAT_OK;
}

int
leat__pause_hold(
	struct leat__run *run, int64_t deadline_ns, struct leat_error *err)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&run->pause.moved);
		const struct leat_stage *busy;

		LEAT_TRY(pause_check(run, err));
		busy = pause_try(run);
		if (!busy)
			return LEAT_OK;
		if (run->env->now_ns(run->env) >= deadline_ns)
			return leat__error(err, LEAT_ETIMEDOUT,
				"what was read has not arrived yet: stage '%s' "
				"is at work, or has records that wait",
				busy->name);
		leat__parker_wait(&run->pause.moved, ticket, deadline_ns);
	}
}

/* ---- for applications ---------------------------------------------------- */

void
leat_graph_pause(struct leat_graph *graph)
{
	struct leat__run *run = graph->run;

	if (!run)
		return;
	leat__lock_take(&run->pause.lock, run->env);
	run->pause.n_asked++;
	if (!pause_is(run, LEAT__PAUSE_HELD))
		pause_follow(run);
	leat__lock_drop(&run->pause.lock, run->env);
}

void
leat_graph_resume(struct leat_graph *graph)
{
	struct leat__run *run = graph->run;
	bool goes_on;

	if (!run)
		return;
	leat__lock_take(&run->pause.lock, run->env);
	goes_on = run->pause.n_asked && --run->pause.n_asked == 0;
	/* who holds it, for a change, goes on as is asked for by then, also if
	 * it was resumed once too often */
	goes_on = goes_on && !pause_is(run, LEAT__PAUSE_HELD);
	if (goes_on)
		pause_follow(run);
	leat__lock_drop(&run->pause.lock, run->env);
	if (goes_on)
		leat__run_wake_all(run);
}

int
leat_graph_wait_paused(
	struct leat_graph *graph, int64_t deadline_ns, struct leat_error *err)
{
	struct leat__run *run = graph->run;
	int rc;

	if (!run)
		return leat__error(err, LEAT_ESTATE,
			"wait_paused: this graph has not been started");
	leat__lock_take(&graph->change_lock, graph->env);
	rc = leat__pause_hold(run, deadline_ns, err);
	if (rc == LEAT_OK)
		leat__pause_go_on(run);
	leat__lock_drop(&graph->change_lock, graph->env);
	return rc;
}
