/*
 * run/run.c -- start a graph, wait for its end, cancel it.
 *
 * Keeps: every thread that was started is joined before anything it uses is
 * freed; every stage that was inited has its fini called once, after the last
 * thread has gone.
 * Threads: start and destroy by one thread; the rest from any.
 */
#include <stdio.h>

#include "base/atomic.h"
#include "run/dead.h"
#include "run/region.h"
#include "run/renew.h"
#include "run/trace.h"

/* ---- wakers ------------------------------------------------------------------ */

static void
run_wake_worker_task(struct leat__waker *waker, void *hint)
{
	struct leat__task *task =
		leat__container_of(waker, struct leat__task, waker);

	if (leat__unlikely(task->is_traced))
		leat__trace_woken(task, hint);
	leat__job_ready_next(&task->job, hint);
}

static void
run_wake_blocking_task(struct leat__waker *waker, void *hint)
{
	struct leat__task *task =
		leat__container_of(waker, struct leat__task, waker);

	if (leat__unlikely(task->is_traced))
		leat__trace_woken(task, hint);
	leat__parker_wake(&task->parker);
}

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

/* ---- tasks on threads ----------------------------------------------------------- */

static enum leat__step
run_step(struct leat__job *job, struct leat__worker *worker)
{
	struct leat__task *task =
		leat__container_of(job, struct leat__task, job);

	return leat__task_step(task, &task->run->lanes[worker->number]);
}

static void
run_done(struct leat__job *job)
{
	leat__run_task_done(
		leat__container_of(job, struct leat__task, job)->run);
}

/* A task whose stage blocks, on its thread. */
static void
run_block(struct leat__call *call)
{
	struct leat__task *task =
		leat__container_of(call, struct leat__task, call);
	enum leat__step step;

	leat__cache_init(&task->own_lane.cache, task->run->pool,
		task->run->graph->magazine_slots);
	do {
		/* drawn before the step arms anything: no wake is lost */
		uint32_t ticket = leat__parker_ticket(&task->parker);

		step = leat__task_step(task, &task->own_lane);
		if (step == LEAT__STEP_IDLE)
			leat__parker_wait(&task->parker, ticket, LEAT_NEVER);
	} while (step != LEAT__STEP_DONE);
	leat__cache_fini(&task->own_lane.cache);
	leat__store_release(&task->job.state, (uint32_t)LEAT__JOB_DONE);
	leat__run_task_done(task->run);
}

/* ---- building ------------------------------------------------------------------ */

static int
run_init_events(struct leat__run *run, struct leat_error *err)
{
	int sys_errno = run->env->event_create(run->env, &run->cancel_fd);

	if (!sys_errno)
		sys_errno = run->env->event_create(run->env, &run->drain_fd);
	if (sys_errno)
		return leat__error_errno(err, LEAT_ELIMIT, sys_errno,
			"cannot make an event file for the run");
	return LEAT_OK;
}

/* Who is told of credit, and of frames. */
static struct leat__waker *
run_sender(const struct leat__link *link)
{
	struct leat__task *task = link->from->task;

	return task->region ? &task->region->on_credit : &task->waker;
}

static struct leat__waker *
run_receiver(const struct leat__link *link)
{
	struct leat__task *task = link->to->task;

	return task->region ? &task->region->on_input : &task->waker;
}

static int
run_init_channels(struct leat__run *run, struct leat_error *err)
{
	struct leat_graph *graph = run->graph;

	for (uint32_t k = 0; k < graph->n_links; k++) {
		struct leat__link *link = graph->links[k];
		uint32_t capacity = link->capacity_frames
			? link->capacity_frames
			: graph->opts.capacity_frames;

		if (link->is_fused)
			continue;
		if (leat__chan_init(&link->chan, run->env, capacity,
			    link->capacity_bytes) < 0)
			return leat__error(
				err, LEAT_ENOMEM, "no memory for a channel");
		link->chan.sender = run_sender(link);
		link->chan.receiver = run_receiver(link);
	}
	return LEAT_OK;
}

/* Tables of the numbers of nested branches. */
static int
run_init_nests(struct leat__run *run, struct leat_error *err)
{
	const struct leat__env *env = run->env;

	for (uint32_t k = 0; k < run->graph->n_stages; k++) {
		struct leat_stage *st = run->graph->stages[k];
		struct leat__task *task;

		if (!st->is_nested || !st->begin)
			continue;
		st->closes = env->alloc(env, sizeof(*st->closes));
		if (!st->closes ||
			leat__nest_init(
				st->closes, env, leat__order_n_entries(st)) < 0)
			return leat__error(err, LEAT_ENOMEM,
				"no memory for the order of branches");
		task = st->begin->task;
		st->begin->opens = st->closes;
		st->closes->beginning = &task->waker;
	}
	return LEAT_OK;
}

static void
run_free_nests(struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		if (!st->closes)
			continue;
		leat__nest_fini(st->closes);
		graph->env->free(graph->env, st->closes);
		st->begin->opens = st->closes = NULL;
	}
}

static int
run_init_task(struct leat__run *run, struct leat__task *task,
	struct leat__segment *segment, uint32_t replica)
{
	LEAT_TRY(leat__task_init(task, run, segment, replica));
	task->waker.wake = segment->is_blocking ? run_wake_blocking_task
						: run_wake_worker_task;
	task->call.fn = run_block;
	task->job.step = run_step;
	task->job.done = run_done;
	leat__job_init(&task->job, &run->exec);
	return LEAT_OK;
}

static int
run_init_segment(struct leat__run *run, struct leat__segment *segment)
{
	struct leat__task *first = &run->tasks[run->n_tasks];

	for (uint32_t k = 0; k < segment->n_replicas; k++)
		LEAT_TRY(run_init_task(
			run, &run->tasks[run->n_tasks++], segment, k));
	if (segment->n_replicas == 1)
		return LEAT_OK;
	return leat__region_init(
		&run->regions[run->n_regions++], run, segment, first);
}

static int
run_init_tasks(struct leat__run *run, struct leat_error *err)
{
	const struct leat__env *env = run->env;
	struct leat_graph *graph = run->graph;
	uint64_t n_tasks = 0, n_regions = 0;

	for (uint32_t k = 0; k < graph->n_segments; k++) {
		n_tasks += graph->segments[k].n_replicas;
		n_regions += graph->segments[k].n_replicas > 1;
	}
	run->tasks = env->alloc(env, n_tasks * sizeof(*run->tasks));
	if (n_regions)
		run->regions =
			env->alloc(env, n_regions * sizeof(*run->regions));
	if (!run->tasks || (n_regions && !run->regions))
		return leat__error(err, LEAT_ENOMEM, "no memory for the tasks");
	for (uint32_t k = 0; k < graph->n_segments; k++)
		if (run_init_segment(run, &graph->segments[k]) < 0)
			return leat__error(
				err, LEAT_ENOMEM, "no memory for a task");
	return LEAT_OK;
}

/* The priorities that there are become ranks without gaps. */
static void
run_set_ranks(struct leat__run *run, struct leat__exec_opts *opts)
{
	const struct leat_graph *graph = run->graph;
	uint32_t used = leat__priorities_used(graph);
	bool is_weighted = graph->opts.schedule == LEAT_SCHEDULE_WEIGHTED;

	for (uint32_t p = 0; p < LEAT_PRIORITIES; p++)
		if (used & (1u << p))
			opts->weights[opts->n_ranks++] = is_weighted
				? leat__priority_weight(graph, p)
				: 0;
	for (uint32_t k = 0; k < run->n_tasks; k++) {
		struct leat__task *task = &run->tasks[k];
		uint32_t before =
			(1u << leat__segment_priority(task->segment)) - 1;

		task->job.entry.rank = task->segment->is_blocking
			? 0
			: (uint32_t)__builtin_popcount(used & before);
	}
}

/* Threads for all: a graph never waits for one. */
static int
run_init_exec(struct leat__run *run, struct leat_error *err)
{
	const struct leat__env *env = run->env;
	struct leat_graph *graph = run->graph;
	struct leat__exec_opts opts = {.n_workers = graph->n_workers,
		.pin = graph->pin.n ? &graph->pin : NULL,
		.spin_ns = graph->opts.spin_ns,
		.name = "leat"};

	run_set_ranks(run, &opts);
	leat__threads_init(&run->threads, env, "leat-block",
		graph->n_threads - graph->n_workers, 0);
	if (graph->n_workers == 0)
		return LEAT_OK;
	run->lanes = env->alloc(env, graph->n_workers * sizeof(*run->lanes));
	if (!run->lanes || leat__exec_init(&run->exec, env, &opts) < 0)
		return leat__error(err, LEAT_ENOMEM, "no memory for %u workers",
			graph->n_workers);
	return LEAT_OK;
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

/* For reports of frames that are out: whose stage has them. */
static const char *
run_owner_name(const void *user, uint16_t owner)
{
	const struct leat_graph *graph = user;

	if (owner == 0 || owner > graph->n_stages)
		return NULL;
	return graph->stages[owner - 1]->name;
}

static int
run_init_pool(struct leat__run *run, struct leat_error *err)
{
	struct leat_graph *graph = run->graph;

	if (graph->n_classes == 0)
		return LEAT_OK;
	LEAT_TRY(leat__pool_create(
		run->env, graph->classes, graph->n_classes, &run->pool, err));
	leat__pool_name_owners(run->pool, run_owner_name, graph);
	return LEAT_OK;
}

/* On an error what was built stays, for run_free(). */
static int
run_init(struct leat_graph *graph, struct leat_error *err)
{
	struct leat__run *run = graph->env->alloc(graph->env, sizeof(*run));

	if (!run)
		return leat__error(err, LEAT_ENOMEM, "no memory for the run");
	run->graph = graph;
	run->env = graph->env;
	run->cancel_fd = run->drain_fd = run->end_fd = -1;
	leat__side_init(&run->over, run->env, true, true, NULL);
	graph->run = run;
	LEAT_TRY(leat__dead_open_all(graph, err));
	LEAT_TRY(run_init_events(run, err));
	LEAT_TRY(run_init_pool(run, err));
	LEAT_TRY(run_init_tasks(run, err));
	LEAT_TRY(run_init_exec(run, err));
	LEAT_TRY(run_init_nests(run, err));
	LEAT_TRY(leat__drain_init(run, err));
	leat__pause_init(run);
	LEAT_TRY(run_init_channels(run, err));
	return leat__trace_init(run, err);
}

static void
run_free_channels(struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_links; k++)
		if (!graph->links[k]->is_fused)
			leat__chan_fini(&graph->links[k]->chan);
}

static void
run_free(struct leat__run *run)
{
	const struct leat__env *env = run->env;

	run_free_channels(run->graph);
	leat__trace_fini(run);
	run_free_nests(run->graph);
	for (uint32_t k = 0; k < run->n_regions; k++)
		leat__region_fini(&run->regions[k]);
	for (uint32_t k = 0; k < run->n_tasks; k++)
		leat__task_fini(&run->tasks[k]);
	leat__exec_fini(&run->exec);
	leat__drain_close(run);
	leat__dead_close_all(run->graph);
	leat_pool_destroy(run->pool);
	env->free(env, run->tasks);
	env->free(env, run->regions);
	env->free(env, run->lanes);
	/* an event has nothing in it that could be lost */
	if (run->cancel_fd >= 0)
		(void)env->close(env, run->cancel_fd);
	if (run->drain_fd >= 0)
		(void)env->close(env, run->drain_fd);
	if (run->end_fd >= 0)
		(void)env->close(env, run->end_fd);
	run->graph->run = NULL;
	env->free(env, run);
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
run_open_stage(struct leat_stage *st, struct leat_error *err)
{
	int rc = st->ops.open ? st->ops.open(st) : LEAT_OK;

	if (rc >= 0)
		return LEAT_OK;
	if (st->error.code != rc)
		leat_stage_fail(st, rc, "open: %s", leat_err_text(rc));
	leat__stage_error(st, err);
	return rc;
}

static int
run_open_stages(struct leat_graph *graph, struct leat_error *err)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		for (uint32_t n = 0; n < leat__stage_n_instances(st); n++)
			LEAT_TRY(run_open_stage(
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
		run_free(graph->run);
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
	rc = run_init(graph, &cause);
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

/* What replicas emitted and nobody took. */
static uint64_t
run_drain_region(const struct leat__link *link)
{
	struct leat__task *task = link->from->task;

	return task->region ? leat__region_drain(task->region) : 0;
}

/* What is left in channels was sent to receivers that wanted no more. */
static void
run_settle_channels(struct leat__run *run)
{
	struct leat_graph *graph = run->graph;

	for (uint32_t k = 0; k < graph->n_links; k++) {
		struct leat__link *link = graph->links[k];

		if (link->is_fused)
			continue;
		leat__bump(&link->refused_items, leat__chan_drain(&link->chan));
		leat__bump(&link->refused_items, run_drain_region(link));
		if (run->is_broken)
			continue;
		leat__bump(&link->to->counters.in_items, link->refused_items);
		leat_stage_count(
			link->to, LEAT_COUNT_FILTERED, link->refused_items);
	}
}

/* A stage that was cut short filtered what it still held. */
static void
run_settle_cut(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->graph->n_stages; k++) {
		struct leat_stage *st = run->graph->stages[k];
		struct leat_stage_stats stats;
		int64_t held;

		if (!leat__load_relaxed(&st->is_cut) || run->is_broken ||
			leat_stage_stats(run->graph, k, &stats) < 0)
			continue;
		held = leat_stage_balance(&stats);
		if (held > 0)
			leat_stage_count(
				st, LEAT_COUNT_FILTERED, (uint64_t)held);
	}
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

/* Of a run that failed dead letters are wanted no less: what went wrong with
 * them is told behind the cause. */
static void
run_sync_late(struct leat_graph *graph)
{
	struct leat_error late = {0};
	int rc = leat__dead_sync_all(graph, &late);

	if (rc >= 0 || rc == LEAT_ECANCELED)
		return;
	late.time_ns = graph->env->wall_ns(graph->env);
	leat__errors_add(graph, &late);
}

static void
run_settle_cause(struct leat__run *run)
{
	struct leat_graph *graph = run->graph;

	if (run->is_broken)
		run_sync_late(graph);
	if (!run->is_broken)
		run->result = leat__dead_sync_all(graph, &run->cause);
	else if (run->is_own_cause)
		run->result = run->cause.code;
	else
		run->result = leat_ctx_cause(graph->ctx, &run->cause);
	if (run->result < 0)
		leat__errors_lead(graph, &run->cause);
}

static void
run_close(struct leat__run *run)
{
	struct leat_graph *graph = run->graph;

	run_join(run);
	leat_ctx_after_stop(graph->ctx, &run->after);
	leat__drain_close(run);
	run_end_isolation(graph);
	run_settle_channels(run);
	run_settle_cut(run);
	run_settle_cause(run);
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
	if (leat__side_await(&run->over, run_is_over, run, deadline_ns) < 0)
		return leat__error(err, LEAT_ETIMEDOUT, "wait: still running");
	/* the first waiter closes */
	if (leat__cas_acq_rel(&run->closing, &not_yet, 1u))
		run_close(run);
	else
		(void)leat__side_await(
			&run->over, run_is_closed, run, LEAT_NEVER);
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
		run_free(graph->run);
	}
	leat__graph_free(graph);
}

static void
run_wait_note(struct leat_stage *st, enum leat__doing doing)
{
	struct leat__task *task = st->task;

	if (!task || !task->lane) /* not called by a task: in open, say */
		return;
	leat__store_relaxed(
		&task->is_outside, doing == LEAT__DOING_WORK ? 0u : 1u);
	leat__timesheet_note(
		&task->sheet, doing, task->run->env->now_ns(task->run->env));
	if (leat__unlikely(task->is_traced))
		leat__trace_outside(task, st, doing);
}

void
leat__run_wait_begin(struct leat_stage *st, enum leat__doing doing)
{
	run_wait_note(st, doing);
	leat__pause_wait_begin(st);
}

void
leat__run_wait_end(struct leat_stage *st)
{
	leat__pause_wait_end(st);
	run_wait_note(st, LEAT__DOING_WORK);
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
