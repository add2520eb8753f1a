/*
 * exec/submit.c -- tasks: submitted, run, waited for, canceled, let go.
 *
 * Keeps: an accepted task ends exactly once: on the fiber or thread that ran
 * it, or where it was taken from the queue for good. What it left is written
 * before its state says so. The lock is never held while anybody is woken.
 * Threads: any.
 */
#include "ctx/ctx.h"
#include "exec/workers.h"

struct leat_task *
leat__task_self(void)
{
	struct leat__fiber *fiber = leat__fiber_self();

	return fiber ? fiber->task : leat__block_self();
}

static bool
task_has_ended(const void *what)
{
	const struct leat_task *task = what;

	/* acquire: pairs with the release in task_end */
	return leat__load_acquire(&task->state) >= LEAT_TASK_DONE;
}

/* ---- memory ------------------------------------------------------------- */

static void
task_unlink(struct leat_workers *workers, struct leat_task *task)
{
	leat__lock_take(&workers->lock, workers->env);
	if (task->prev_of_all)
		task->prev_of_all->next_of_all = task->next_of_all;
	else if (workers->tasks == task)
		workers->tasks = task->next_of_all;
	if (task->next_of_all)
		task->next_of_all->prev_of_all = task->prev_of_all;
	leat__lock_drop(&workers->lock, workers->env);
}

static void
task_free(struct leat_task *task)
{
	struct leat_workers *workers = task->workers;
	const struct leat__env *env = workers->env;

	leat_ctx_destroy(task->ctx);
	if (task->err)
		env->free(env, task->err);
	env->free(env, task);
	leat__workers_release(workers);
}

static void
task_release(struct leat_task *task)
{
	/* acq_rel: whoever frees it sees the others through with it */
	if (leat__sub_acq_rel(&task->refs, 1u) != 1)
		return;
	task_unlink(task->workers, task);
	task_free(task);
}

/* It will not start. */
static void
task_drop_fiber(struct leat_task *task)
{
	leat__fiber_drop(task->fiber);
	task->fiber = NULL;
}

/* Made with the task, so that what was accepted can start. false: no memory. */
static bool
task_add_fiber(struct leat_task *task)
{
	struct leat__fibers *fibers = &task->workers->fibers;

	if (task->kind == LEAT__KIND_BLOCKING)
		return true;
	task->fiber = leat__fiber_create(fibers, leat__fiber_worker(fibers));
	if (!task->fiber)
		return false;
	leat__store_relaxed(&task->fiber->task, (void *)task);
	leat__store_relaxed(&task->fiber->where, task->where);
	return true;
}

static void task_run_on_thread(struct leat__call *call);

static struct leat_task *
task_create(struct leat_workers *workers, const struct leat_task_opts *opts,
	const char *where, struct leat_error *err)
{
	const struct leat__env *env = workers->env;
	struct leat_ctx *parent = opts->ctx ? opts->ctx : workers->ctx;
	int64_t deadline_ns =
		opts->deadline_ns ? opts->deadline_ns : LEAT_NEVER;
	struct leat_task *task = env->alloc(env, sizeof(*task));

	if (!task)
		return NULL;
	if (leat_ctx_child_at(parent, deadline_ns, &task->ctx, err, where) <
		0) {
		env->free(env, task);
		return NULL;
	}
	leat__add_relaxed(&workers->refs, 1u);
	task->workers = workers;
	task->refs = 1;
	task->where = opts->where ? opts->where : where;
	task->name = opts->name ? opts->name : task->where;
	task->group = &workers->groups[opts->group];
	task->kind = opts->flags & LEAT_TASK_BLOCKING ? LEAT__KIND_BLOCKING
						      : LEAT__KIND_FIBER;
	task->call.fn = task_run_on_thread;
	leat__side_init(&task->over, env, true, true, NULL);
	if (!task_add_fiber(task)) {
		task_free(task);
		return NULL;
	}
	return task;
}

/* ---- the end ------------------------------------------------------------ */

static void
task_count_locked(struct leat_workers *workers, enum leat_task_state state)
{
	if (state == LEAT_TASK_DONE)
		workers->n_done++;
	else if (state == LEAT_TASK_FAILED)
		workers->n_failed++;
	else
		workers->n_stopped++;
}

/* Its context ends with it, so that nothing below it goes on. Whoever ends one
 * that was running starts what may start now (tasks_start). */
static void
task_end(struct leat_task *task, enum leat_task_state state)
{
	struct leat_workers *workers = task->workers;
	const struct leat__env *env = workers->env;
	bool was_running = task->is_running;
	bool is_stuck;

	leat_ctx_cancel(task->ctx, LEAT_ECANCELED, "the task has ended");
	leat__lock_take(&workers->lock, env);
	if (was_running)
		leat__admit_end(workers, task);
	task_count_locked(workers, state);
	is_stuck = workers->n_stuck > 0 && leat__admit_is_stuck(workers);
	leat__lock_drop(&workers->lock, env);
	/* release: pairs with the acquire in task_has_ended */
	leat__store_release(&task->state, (uint32_t)state);
	leat__side_wake_all(&task->over);
	if (is_stuck) /* they are to see that it is so */
		leat__admit_tell_all(workers);
	leat__workers_ended(workers, LEAT__ALIVE_TASK);
	task_release(task);
}

/* It never began, or was told to stop. */
static void
task_stop(struct leat_task *task)
{
	task_drop_fiber(task);
	task->code = LEAT_ECANCELED;
	task_end(task, LEAT_TASK_STOPPED);
}

static void
task_fail(struct leat_task *task, const struct leat_error *err)
{
	const struct leat__env *env = task->workers->env;

	task->code = err->code;
	task->err = env->alloc(env, sizeof(*task->err));
	if (task->err)
		*task->err = *err;
	task_end(task, LEAT_TASK_FAILED);
}

/* ---- running ------------------------------------------------------------ */

static void
task_run(struct leat_task *task)
{
	struct leat_error err = {.code = LEAT_OK};
	int code;

	if (leat_ctx_is_done(task->ctx)) {
		task_stop(task);
		return;
	}
	/* release: whoever sees it running sees what was written before */
	leat__store_release(&task->state, (uint32_t)LEAT_TASK_RUNNING);
	code = task->fn(task->ctx, task->arg, &task->result, &err);
	if (code >= 0) {
		task_end(task, LEAT_TASK_DONE);
	} else if (code == LEAT_ECANCELED && leat_ctx_is_done(task->ctx)) {
		task_stop(task);
	} else {
		if (err.code != code)
			leat__error(&err, code, "%s", leat_err_text(code));
		task_fail(task, &err);
	}
}

/* ---- starting ----------------------------------------------------------- */

static struct leat_task *
tasks_pop(struct leat_workers *workers, enum leat__kind kind)
{
	const struct leat__env *env = workers->env;
	struct leat_task *task;

	leat__lock_take(&workers->lock, env);
	task = leat__admit_pop(workers, kind);
	leat__lock_drop(&workers->lock, env);
	if (task)
		leat__admit_tell(workers);
	return task;
}

bool
leat__tasks_has_feed(void *user)
{
	struct leat_workers *workers = user;

	return leat__load_relaxed(&workers->n_startable) != 0;
}

static void
task_start_thread(struct leat_task *task)
{
	int sys_errno;

	sys_errno =
		leat__threads_call(&task->workers->threads, &task->call, false);
	if (sys_errno) {
		struct leat_error err;

		leat__error_errno(&err, LEAT_ELIMIT, sys_errno,
			"cannot start a thread for a blocking task");
		task_fail(task, &err);
	}
}

/* Start what may start: blocking tasks from here, the others by a worker. */
static void
tasks_start(struct leat_workers *workers)
{
	struct leat_task *task;

	while ((task = tasks_pop(workers, LEAT__KIND_BLOCKING)) != NULL)
		task_start_thread(task);
	if (leat__tasks_has_feed(workers))
		leat__exec_wake(&workers->exec);
}

void
leat__task_run_on_fiber(struct leat_task *task)
{
	struct leat_workers *workers = task->workers;

	task_run(task);
	tasks_start(workers);
}

static void
task_run_on_thread(struct leat__call *call)
{
	struct leat_task *task =
		leat__container_of(call, struct leat_task, call);
	struct leat_workers *workers = task->workers;

	leat__block_run(task, task_run);
	tasks_start(workers);
}

struct leat__entry *
leat__tasks_feed(void *user, struct leat__worker *worker)
{
	struct leat_workers *workers = user;
	struct leat__fiber *fiber;
	struct leat_task *task;

	(void)worker;
	if (!leat__tasks_has_feed(workers))
		return NULL;
	task = tasks_pop(workers, LEAT__KIND_FIBER);
	if (!task)
		return NULL;
	fiber = task->fiber;
	task->fiber = NULL;
	leat__store_relaxed(&fiber->state, (uint32_t)LEAT__FIBER_READY);
	return &fiber->entry;
}

/* ---- submitting --------------------------------------------------------- */

static void
tasks_accept_locked(struct leat_workers *workers, struct leat_task *task)
{
	task->since_ns = workers->env->now_ns(workers->env);
	task->next_of_all = workers->tasks;
	if (workers->tasks)
		workers->tasks->prev_of_all = task;
	workers->tasks = task;
	leat__add_acq_rel(&workers->alive, LEAT__ALIVE_TASK);
	leat__admit_push(workers, task);
}

/* LEAT_OK (accepted), LEAT_EAGAIN, and counted as stuck if the caller is one
 * of the workers' tasks; or why not. */
static int
tasks_try_locked(
	struct leat_workers *workers, struct leat_task *task, bool is_own)
{
	/* relaxed: under the lock */
	if (leat__load_relaxed(&workers->is_canceled) ||
		leat_ctx_is_done(task->ctx))
		return LEAT_ECANCELED;
	if (!leat__admit_is_full(workers, task->group)) {
		tasks_accept_locked(workers, task);
		return LEAT_OK;
	}
	if (!is_own)
		return LEAT_EAGAIN;
	workers->n_stuck++;
	if (!leat__admit_is_stuck(workers))
		return LEAT_EAGAIN;
	workers->n_stuck--;
	return LEAT_EDEADLOCK;
}

/* Somebody who waits for room; ends with its context. */
struct room_wait {
	struct leat__ctx_wait wait;
	struct leat__waiter waiter;
	struct leat__arm arm;
};

static void
room_wait_end(struct leat_ctx *ctx, void *user)
{
	struct room_wait *room = user;

	(void)ctx;
	leat__waiter_claim(&room->waiter, LEAT__TOKEN_CANCEL);
}

static void
room_describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	const struct room_wait *room =
		leat__container_of(wait, const struct room_wait, wait);
	const struct leat__strand *strand = room->waiter.strand;

	if (strand && strand->describe)
		strand->describe(strand, text);
	else
		leat__text_add(text, "a thread");
	leat__text_add(text, " waits for room in a queue of tasks");
}

/* Is there reason to wait? For a task of these workers not if it is stuck. */
static bool
tasks_is_full(struct leat_workers *workers, const struct leat__group *group,
	bool is_own)
{
	bool is_full;

	leat__lock_take(&workers->lock, workers->env);
	is_full = leat__admit_is_full(workers, group) &&
		!workers->is_canceled && leat__workers_is_open(workers) &&
		!(is_own && leat__admit_is_stuck(workers));
	leat__lock_drop(&workers->lock, workers->env);
	return is_full;
}

/* Until there may be room. LEAT_OK, LEAT_ETIMEDOUT. */
static int
tasks_await_room(struct leat_workers *workers, struct leat_task *task,
	bool is_own, int64_t deadline_ns)
{
	struct room_wait room = {
		.wait = {.after = {.fn = room_wait_end, .user = &room},
			.describe = room_describe}};
	uint32_t token = LEAT__TOKEN_LEFT;

	leat__waiter_init(&room.waiter, workers->env);
	room.waiter.what = "waits for room in a queue";
	room.wait.since_ns = workers->env->now_ns(workers->env);
	room.arm.waiter = &room.waiter;
	leat__ctx_wait_begin(task->ctx, &room.wait);
	leat__side_arm(&task->group->room, &room.arm, 0);
	if (tasks_is_full(workers, task->group, is_own))
		token = leat__waiter_wait(&room.waiter, deadline_ns);
	leat__side_disarm(&task->group->room, &room.arm);
	leat__ctx_wait_end(task->ctx, &room.wait);
	return token == LEAT__TOKEN_DEADLINE ? LEAT_ETIMEDOUT : LEAT_OK;
}

static void
tasks_unstick(struct leat_workers *workers)
{
	leat__lock_take(&workers->lock, workers->env);
	workers->n_stuck--;
	leat__lock_drop(&workers->lock, workers->env);
}

static int
tasks_admit(struct leat_workers *workers, struct leat_task *task,
	int64_t deadline_ns)
{
	const struct leat_task *self = deadline_ns ? leat__task_self() : NULL;
	bool is_own = self && self->workers == workers;
	int rc;

	for (;;) {
		int waited;

		if (!leat__workers_is_open(workers))
			return LEAT_ECLOSED;
		leat__lock_take(&workers->lock, workers->env);
		rc = tasks_try_locked(workers, task, is_own);
		leat__lock_drop(&workers->lock, workers->env);
		if (rc != LEAT_EAGAIN || deadline_ns == 0)
			return rc;
		waited = tasks_await_room(workers, task, is_own, deadline_ns);
		if (is_own)
			tasks_unstick(workers);
		if (waited < 0)
			return waited;
	}
}

static int
submit_check(struct leat_workers *workers, const struct leat_task_opts *opts,
	leat_task_fn fn, struct leat_error *err)
{
	if (opts->flags & ~LEAT_TASK_BLOCKING)
		return leat__error(err, LEAT_EINVAL,
			"submit: flags 0x%x has unknown bits; known is "
			"LEAT_TASK_BLOCKING",
			opts->flags);
	if (opts->group >= workers->n_groups)
		return leat__error(err, LEAT_EINVAL,
			"submit: group is %u; these workers have %u, from 0",
			opts->group, workers->n_groups);
	if (opts->reserved)
		return leat__error(err, LEAT_EINVAL,
			"submit: reserved is %u; it must be 0", opts->reserved);
	if (!fn)
		return leat__error(err, LEAT_EINVAL, "submit: fn is NULL");
	return LEAT_OK;
}

static int
submit_reject(struct leat_workers *workers, const struct leat__group *group,
	int rc, struct leat_error *err)
{
	leat__lock_take(&workers->lock, workers->env);
	workers->n_rejected++;
	leat__lock_drop(&workers->lock, workers->env);
	switch (rc) {
	case LEAT_EAGAIN:
	case LEAT_ETIMEDOUT:
		return leat__error(err, rc,
			"submit: the queue of group '%s' is full (%u tasks, "
			"at most %u; all groups together at most %u)",
			group->name, group->n_queued, group->max_queued,
			workers->max_queued);
	case LEAT_ECLOSED:
		return leat__error(err, rc, "submit: the workers are closed");
	case LEAT_EDEADLOCK:
		return leat__error(err, rc,
			"submit: the queue of group '%s' is full and every "
			"running task waits for room in it",
			group->name);
	default:
		return leat__error(err, rc, "submit: %s", leat_err_text(rc));
	}
}

static int
submit_task(struct leat_workers *workers, struct leat_task *task,
	int64_t deadline_ns, struct leat_task **task_out)
{
	int rc;

	if (task_out) {
		task->refs++;
		task->is_held = true;
	}
	leat__exec_enter(&workers->exec);
	rc = tasks_admit(workers, task, deadline_ns);
	if (rc == LEAT_OK) {
		/* it may have ended by now, but what is held is there */
		if (task_out)
			*task_out = task;
		tasks_start(workers);
	}
	if (rc < 0)
		task_drop_fiber(task);
	leat__exec_leave(&workers->exec);
	if (rc < 0)
		task_free(task);
	return rc;
}

int
leat_workers_submit_until_at(struct leat_workers *workers,
	const struct leat_task_opts *opts, leat_task_fn fn, void *arg,
	int64_t deadline_ns, struct leat_task **task_out,
	struct leat_error *err, const char *where)
{
	struct leat_task_opts full;
	struct leat_task *task;
	int rc;

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_task_opts", err));
	LEAT_TRY(submit_check(workers, &full, fn, err));
	task = task_create(workers, &full, where, err);
	if (!task)
		return submit_reject(workers, &workers->groups[full.group],
			LEAT_ENOMEM, err);
	task->fn = fn;
	task->arg = arg;
	rc = submit_task(workers, task, deadline_ns, task_out);
	if (rc < 0)
		return submit_reject(
			workers, &workers->groups[full.group], rc, err);
	return LEAT_OK;
}

/* ---- from outside ------------------------------------------------------- */

/* The error of an ended task. */
static int
task_error(const struct leat_task *task, struct leat_error *err)
{
	if (leat__load_relaxed(&task->state) == LEAT_TASK_STOPPED) {
		leat__error(err, LEAT_ECANCELED, "the task was canceled");
		return LEAT_ECANCELED;
	}
	if (err && task->err)
		*err = *task->err;
	else
		leat__error(err, task->code, "%s", leat_err_text(task->code));
	return task->code;
}

int
leat_task_wait(struct leat_task *task, int64_t deadline_ns, void **result_out,
	struct leat_error *err)
{
	if (leat__task_self() == task)
		return leat__error(
			err, LEAT_EDEADLOCK, "wait: a task waits for itself");
	if (leat__side_await(&task->over, task_has_ended, task, deadline_ns,
		    "waits for a task") < 0)
		return leat__error(
			err, LEAT_ETIMEDOUT, "wait: the task still runs");
	if (result_out)
		*result_out = task->result;
	if (leat__load_relaxed(&task->state) == LEAT_TASK_DONE)
		return LEAT_OK;
	return task_error(task, err);
}

enum leat_task_state
leat_task_state(const struct leat_task *task)
{
	/* acquire: pairs with the release in task_end */
	return (enum leat_task_state)leat__load_acquire(&task->state);
}

void
leat_task_cancel(struct leat_task *task)
{
	struct leat_workers *workers = task->workers;
	bool was_queued;

	leat_ctx_cancel(task->ctx, LEAT_ECANCELED, "the task was canceled");
	leat__lock_take(&workers->lock, workers->env);
	was_queued = task->is_queued;
	if (was_queued)
		leat__admit_remove(workers, task);
	leat__lock_drop(&workers->lock, workers->env);
	if (!was_queued)
		return;
	leat__admit_tell(workers);
	task_stop(task);
}

void
leat_task_release(struct leat_task *task)
{
	struct leat_workers *workers;

	if (!task)
		return;
	workers = task->workers;
	leat__lock_take(&workers->lock, workers->env);
	task->is_held = false;
	leat__lock_drop(&workers->lock, workers->env);
	task_release(task);
}

/* false: it is about to be freed, and waits for the lock to leave the list. */
static bool
task_try_retain(struct leat_task *task)
{
	uint32_t refs = leat__load_relaxed(&task->refs);

	/* pairs with the exchange in task_release */
	while (refs > 0)
		if (leat__cas_weak_acq_rel(&task->refs, &refs, refs + 1))
			return true;
	return false;
}

/* The first task behind from whose context has not ended, with a hold on it. */
static struct leat_task *
tasks_next_live(struct leat_workers *workers, struct leat_task *from)
{
	struct leat_task *task;

	leat__lock_take(&workers->lock, workers->env);
	task = from ? from->next_of_all : workers->tasks;
	while (task && (task_has_ended(task) || !task_try_retain(task)))
		task = task->next_of_all;
	leat__lock_drop(&workers->lock, workers->env);
	return task;
}

void
leat__tasks_cancel(struct leat_workers *workers)
{
	struct leat_task *task = tasks_next_live(workers, NULL);

	while (task) {
		struct leat_task *next;

		leat_task_cancel(task);
		next = tasks_next_live(workers, task);
		task_release(task);
		task = next;
	}
}
