/*
 * run/run.c -- start a graph, wait for its end, cancel it.
 *
 * Keeps: every thread that was started is joined before anything it uses is
 * freed; every stage that was inited has its fini called once, after the last
 * thread has gone.
 * Threads: start and destroy by one thread; the rest from any.
 */
#include "base/atomic.h"
#include "run/renew.h"
#include "run/trace.h"

void
leat__run_wake_all(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->n_tasks; k++)
		run->tasks[k].waker.wake(&run->tasks[k].waker, NULL);
}

/* The graph's context has ended: every wait of the run ends too. */
static void
run_after(struct leat_ctx *ctx, void *user)
{
	struct leat__run *run = user;

	(void)ctx;
	run->env->event_set(run->env, run->cancel_fd);
	leat__run_wake_all(run);
}

/* ---- stages in processes of their own ------------------------------------------- */

static int
run_isolate(struct leat_graph *graph, struct leat_error *err)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		if (st->isolation)
			LEAT_TRY(st->isolation->start(st, err));
	}
	return LEAT_OK;
}

static void
run_end_isolation(struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (graph->stages[k]->isolation)
			graph->stages[k]->isolation->stop(graph->stages[k]);
}

/* ---- starting ------------------------------------------------------------------- */

static int
run_open_stages(struct leat_graph *graph, struct leat_error *err)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		for (uint32_t n = 0; n < leat__stage_n_instances(st); n++)
			LEAT_TRY(leat__stage_open(
				leat__stage_instance(st, n), err));
	}
	return LEAT_OK;
}

/* A task whose thread could not be had: it ends before it began. */
static void
run_abandon(struct leat__run *run, struct leat__task *task)
{
	leat__store_relaxed(&run->is_broken, 1u);
	task->lane = NULL;
	leat__task_step(task, &task->own_lane);
	leat__run_task_done(run);
}

/* The cause is kept here as well: for its words the context may have no memory.
 * After a cancel, that somebody was cancelled is no news. */
void
leat__run_fail(struct leat__run *run, const struct leat_error *err)
{
	if (err->code != LEAT_ECANCELED)
		leat__errors_add(run->graph, err);
	if (!leat__ctx_fail(run->graph->ctx, err))
		return;
	run->cause = *err;
	run->is_own_cause = true;
}

static void
run_no_thread(struct leat__run *run, int sys_errno)
{
	struct leat_error err;

	leat__error_errno(&err, LEAT_ELIMIT, sys_errno,
		"cannot start a thread; the run needs %u",
		run->graph->n_threads);
	err.time_ns = run->env->wall_ns(run->env);
	leat__run_fail(run, &err);
}

static void
run_start_blocking(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->n_tasks; k++) {
		struct leat__task *task = &run->tasks[k];
		int sys_errno;

		if (!task->segment->is_blocking)
			continue;
		sys_errno =
			leat__threads_call(&run->threads, &task->call, true);
		if (sys_errno) {
			run_no_thread(run, sys_errno);
			run_abandon(run, task);
		}
	}
}

static void
run_start_workers(struct leat__run *run)
{
	int sys_errno = leat__exec_start(&run->exec, run->exec.n_workers);

	if (sys_errno)
		run_no_thread(run, sys_errno);
}

static void
run_start_tasks(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->n_tasks; k++)
		if (!run->tasks[k].segment->is_blocking)
			leat__job_ready(&run->tasks[k].job, NULL);
}

static void
run_init_lanes(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->exec.n_workers; k++) {
		run->lanes[k].worker = &run->exec.workers[k];
		leat__cache_init(&run->lanes[k].cache, run->pool,
			run->graph->magazine_slots);
	}
}

static void
run_fini_lanes(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->exec.n_workers; k++)
		leat__cache_fini(&run->lanes[k].cache);
}

static void
run_start(struct leat__run *run)
{
	run->start_ns = run->env->now_ns(run->env);
	for (uint32_t k = 0; k < run->n_tasks; k++)
		leat__timesheet_begin(&run->tasks[k].sheet, run->start_ns);
	leat__store_relaxed(&run->n_tasks_left, run->n_tasks);
	run_init_lanes(run);
	run->after.fn = run_after;
	run->after.user = run;
	leat_ctx_after(run->graph->ctx, &run->after);
	run->is_after_set = true;
	run_start_workers(run);
	run_start_tasks(run);
	run_start_blocking(run);
	/* without any worker the cancelled tasks are ended from here */
	if (run->exec.n_workers && leat__exec_n_threads(&run->exec) == 0)
		leat__exec_run_here(&run->exec);
}

static void run_fini_stages(struct leat_graph *graph);

/* What was built is taken down. */
static void
run_start_failed(struct leat_graph *graph, struct leat_error *cause)
{
	run_end_isolation(graph);
	run_fini_stages(graph);
	if (graph->run)
		leat__run_free(graph->run);
	leat__errors_lead(graph, cause);
}

int
leat_graph_start(struct leat_graph *graph, struct leat_error *err)
{
	struct leat_error cause;
	int rc;

	if (graph->state > LEAT__GRAPH_CHECKED)
		return leat__error(err, LEAT_ESTATE,
			"start: this graph was started before");
	if (graph->state == LEAT__GRAPH_BUILDING)
		LEAT_TRY(leat__graph_check(graph, err));
	graph->state = LEAT__GRAPH_ENDED;
	rc = leat__run_build(graph, &cause);
	if (rc >= 0)
		rc = run_isolate(graph, &cause);
	if (rc >= 0)
		rc = run_open_stages(graph, &cause);
	if (rc >= 0 && graph->tracing)
		rc = graph->tracing->start(graph, &cause);
	if (rc < 0) {
		run_start_failed(graph, &cause);
		if (err)
			*err = cause;
		return rc;
	}
	graph->state = LEAT__GRAPH_RUNNING;
	run_start(graph->run);
	return LEAT_OK;
}

/* ---- ending ---------------------------------------------------------------------- */

void
leat__run_task_done(struct leat__run *run)
{
	/* the last one's look pairs with the others' counts */
	if (leat__sub_acq_rel(&run->n_tasks_left, 1u) != 1)
		return;
	leat__drain_over(run);
	leat__exec_stop(&run->exec);
	leat__store_relaxed(&run->end_ns, run->env->now_ns(run->env));
	/* release: pairs with the acquire in run_is_over */
	leat__store_release(&run->is_over, 1u);
	leat__parker_wake(&run->pause.moved);
	leat__side_wake_all(&run->over);
	leat__lock_take(&run->end_lock, run->env);
	if (run->end_fd >= 0)
		run->env->event_set(run->env, run->end_fd);
	leat__lock_drop(&run->end_lock, run->env);
}

static void
run_join(struct leat__run *run)
{
	leat__threads_fini(&run->threads);
	leat__exec_join(&run->exec);
	run_fini_lanes(run);
}

static void
run_fini_stages(struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		for (uint32_t n = 0; n < leat__stage_n_instances(st); n++)
			leat__stage_fini(leat__stage_instance(st, n));
	}
}

static void
run_close(struct leat__run *run)
{
	struct leat_graph *graph = run->graph;

	run_join(run);
	leat_ctx_after_stop(graph->ctx, &run->after);
	leat__drain_close(run);
	run_end_isolation(graph);
	leat__run_settle(run);
	if (graph->tracing)
		graph->tracing->stop(graph);
	/* nobody changes stages any more */
	leat__lock_take(&graph->change_lock, graph->env);
	graph->state = LEAT__GRAPH_ENDED;
	leat__lock_drop(&graph->change_lock, graph->env);
	leat__retired_drop(graph);
	run_fini_stages(graph);
	/* release: pairs with the acquire in run_is_closed */
	leat__store_release(&run->closing, 2u);
	leat__side_wake_all(&run->over);
}

static bool
run_is_closed(const void *what)
{
	const struct leat__run *run = what;

	/* acquire: pairs with the release in run_close */
	return leat__load_acquire(&run->closing) == 2;
}

static bool
run_is_over(const void *what)
{
	const struct leat__run *run = what;

	/* acquire: pairs with the release in leat__run_task_done */
	return leat__load_acquire(&run->is_over) != 0;
}

int
leat_graph_wait(
	struct leat_graph *graph, int64_t deadline_ns, struct leat_error *err)
{
	struct leat__run *run = graph->run;
	uint32_t not_yet = 0;

	if (!run)
		return leat__error(err, LEAT_ESTATE,
			"wait: this graph has not been started");
	if (leat__side_await(&run->over, run_is_over, run, deadline_ns,
		    "waits for a graph") < 0)
		return leat__error(err, LEAT_ETIMEDOUT, "wait: still running");
	/* the first waiter closes */
	if (leat__cas_acq_rel(&run->closing, &not_yet, 1u))
		run_close(run);
	else
		(void)leat__side_await(&run->over, run_is_closed, run,
			LEAT_NEVER, "waits for a graph");
	if (run->result < 0 && err)
		*err = run->cause;
	return run->result;
}

/* Under the lock, so that either the last task finds the file or it is set
 * here. */
static int
run_make_end_fd(struct leat__run *run)
{
	int sys_errno = 0;

	leat__lock_take(&run->end_lock, run->env);
	if (run->end_fd < 0) {
		sys_errno = run->env->event_create(run->env, &run->end_fd);
		if (sys_errno)
			run->end_fd = -1;
		else if (leat__load_acquire(&run->is_over))
			run->env->event_set(run->env, run->end_fd);
	}
	leat__lock_drop(&run->end_lock, run->env);
	return sys_errno;
}

int
leat_graph_end_fd(struct leat_graph *graph, int *fd_out, struct leat_error *err)
{
	int sys_errno;

	if (!graph->run)
		return leat__error(err, LEAT_ESTATE,
			"end_fd: this graph has not been started");
	sys_errno = run_make_end_fd(graph->run);
	if (sys_errno)
		return leat__error_errno(err, LEAT_ELIMIT, sys_errno,
			"cannot make an event file for the end of the run");
	*fd_out = graph->run->end_fd;
	return LEAT_OK;
}

bool
leat_graph_is_over(const struct leat_graph *graph)
{
	/* acquire: pairs with the release in run_close */
	return graph->run && leat__load_acquire(&graph->run->closing) == 2;
}

int
leat_graph_run(struct leat_graph *graph, struct leat_error *err)
{
	LEAT_TRY(leat_graph_start(graph, err));
	return leat_graph_wait(graph, LEAT_NEVER, err);
}

void
leat_graph_cancel(struct leat_graph *graph)
{
	leat_ctx_cancel(graph->ctx, LEAT_ECANCELED, "the run was cancelled");
}

struct leat_ctx *
leat_graph_ctx(struct leat_graph *graph)
{
	return graph->ctx;
}

void
leat_graph_destroy(struct leat_graph *graph)
{
	if (!graph)
		return;
	if (graph->run) {
		leat_graph_cancel(graph);
		(void)!leat_graph_wait(graph, LEAT_NEVER, NULL);
		leat__run_free(graph->run);
	}
	leat__graph_free(graph);
}

/* ---- while a callback runs -------------------------------------------------------- */

static void
run_wait_note(
	struct leat_stage *st, enum leat__doing doing, enum leat__where where)
{
	struct leat__task *task = st->task;

	if (!task || !task->lane) /* not called by a task: in open, say */
		return;
	leat__store_relaxed(&task->where, (uint32_t)where);
	leat__timesheet_note(
		&task->sheet, doing, task->run->env->now_ns(task->run->env));
	if (leat__unlikely(task->is_traced))
		leat__trace_outside(task, st, doing);
}

void
leat__run_wait_begin(struct leat_stage *st, enum leat__doing doing)
{
	run_wait_note(st, doing, LEAT__OUTSIDE);
	leat__pause_wait_begin(st);
}

void
leat__run_guard_begin(struct leat_stage *st)
{
	run_wait_note(st, LEAT__DOING_BLOCK, LEAT__IN_GUARD);
	leat__pause_wait_begin(st);
}

void
leat__run_wait_end(struct leat_stage *st)
{
	leat__pause_wait_end(st);
	run_wait_note(st, LEAT__DOING_WORK, LEAT__INSIDE);
}

int
leat__run_cancel_fd(struct leat_graph *graph)
{
	return graph->run ? graph->run->cancel_fd : -1;
}

int
leat__run_drain_fd(struct leat_graph *graph)
{
	return graph->run ? graph->run->drain_fd : -1;
}
