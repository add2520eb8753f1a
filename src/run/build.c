/*
 * run/build.c -- what a run is made of: pool, tasks, channels, threads to be.
 *
 * All memory is had before the first thread starts, so that a run which has
 * begun does not fail for want of it. What a task is for those who wake it and
 * those who step it is given to it here: a job of the executor, or, if its
 * stage blocks, a call on a thread of its own.
 * Threads: one, before the start and after the end. The wakers: any.
 */
#include "base/atomic.h"
#include "run/dead.h"
#include "run/region.h"
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

/* For reports of frames that are out: whose stage has them. */
static const char *
run_owner_name(const void *user, uint16_t owner)
{
	const struct leat_graph *graph = user;

	if (owner == 0 || owner > graph->n_stages)
		return NULL;
	return leat__stage_name(graph->stages[owner - 1]);
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

int
leat__run_build(struct leat_graph *graph, struct leat_error *err)
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

void
leat__run_free(struct leat__run *run)
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
