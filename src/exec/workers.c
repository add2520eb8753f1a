/*
 * exec/workers.c -- workers: made, closed, canceled, waited for, ended.
 *
 * Keeps: alive counts every fiber and every accepted task until its end, in
 * one word, so that "nothing is left" is one load. What ends last tells who
 * waits and is on a thread that is joined before the workers go.
 * Threads: create and destroy by one; the rest from any.
 */
#include <stdio.h>
#include <string.h>

#include "ctx/ctx.h"
#include "exec/workers.h"

#define WORKERS_BLOCKING   64u
#define WORKERS_QUEUED     1024u
#define WORKERS_IDLE_NS    5000000000u
#define WORKERS_QUANTUM_NS 100000u
#define WORKERS_STACK      65536u
#define GROUP_STRIDE       (UINT64_C(1) << 20)
#define GROUP_WEIGHT_MAX   (1u << 20)

/* ---- options ------------------------------------------------------------ */

static int
opts_check_groups(const struct leat_workers_opts *o, struct leat_error *err)
{
	if (o->n_groups > LEAT_GROUPS_MAX || (o->n_groups && !o->groups))
		return leat__error(err, LEAT_EINVAL,
			"leat_workers_opts: n_groups is %u%s; at most %u are "
			"possible, given by groups",
			o->n_groups, o->groups ? "" : " and groups is NULL",
			LEAT_GROUPS_MAX);
	for (uint32_t k = 0; k < o->n_groups; k++)
		if (o->groups[k].weight > GROUP_WEIGHT_MAX)
			return leat__error(err, LEAT_EINVAL,
				"leat_workers_opts: weight of group %u is %u; "
				"at most %u is possible",
				k, o->groups[k].weight, GROUP_WEIGHT_MAX);
	return LEAT_OK;
}

static int
opts_check(const struct leat_workers_opts *o, struct leat_error *err)
{
	if (o->flags & ~LEAT_WORKERS_PIN)
		return leat__error(err, LEAT_EINVAL,
			"leat_workers_opts: flags 0x%x has unknown bits; "
			"known is LEAT_WORKERS_PIN",
			o->flags);
	if (o->max_workers > LEAT_WORKERS_MAX)
		return leat__error(err, LEAT_EINVAL,
			"leat_workers_opts: max_workers is %u; at most %u",
			o->max_workers, LEAT_WORKERS_MAX);
	if (o->start_workers > o->max_workers)
		return leat__error(err, LEAT_EINVAL,
			"leat_workers_opts: start_workers is %u; at most "
			"max_workers, %u",
			o->start_workers, o->max_workers);
	if (o->stack_bytes < LEAT_STACK_BYTES_LEAST ||
		o->stack_bytes > LEAT_STACK_BYTES_MOST)
		return leat__error(err, LEAT_EINVAL,
			"leat_workers_opts: stack_bytes is %llu; %u to %u",
			(unsigned long long)o->stack_bytes,
			LEAT_STACK_BYTES_LEAST, LEAT_STACK_BYTES_MOST);
	if (o->idle_ns > INT64_MAX / 4 || o->spin_ns > INT64_MAX / 4 ||
		o->quantum_ns > INT64_MAX / 4)
		return leat__error(err, LEAT_EINVAL,
			"leat_workers_opts: idle_ns, spin_ns or quantum_ns is "
			"over 70 years");
	if (o->reserved)
		return leat__error(err, LEAT_EINVAL,
			"leat_workers_opts: reserved is %u; it must be 0",
			o->reserved);
	return opts_check_groups(o, err);
}

static int
opts_fill(const struct leat__env *env, struct leat_workers_opts *o,
	struct leat_error *err)
{
	if (!o->max_workers)
		o->max_workers = (uint32_t)leat__min_u64(
			env->n_cores(env), LEAT_WORKERS_MAX);
	if (!o->pin && (o->flags & LEAT_WORKERS_PIN))
		o->pin = "cores";
	if (!o->max_blocking)
		o->max_blocking = WORKERS_BLOCKING;
	if (!o->max_queued)
		o->max_queued = WORKERS_QUEUED;
	if (!o->idle_ns)
		o->idle_ns = WORKERS_IDLE_NS;
	if (!o->quantum_ns)
		o->quantum_ns = WORKERS_QUANTUM_NS;
	if (!o->stack_bytes)
		o->stack_bytes = WORKERS_STACK;
	return opts_check(o, err);
}

/* ---- building ----------------------------------------------------------- */

static void
group_init(struct leat_workers *workers, struct leat__group *group,
	const struct leat_group *opts)
{
	uint32_t weight = opts->weight ? opts->weight : 1;

	snprintf(group->name, sizeof(group->name), "%s",
		opts->name ? opts->name : "default");
	group->rank = opts->rank;
	group->stride = GROUP_STRIDE / weight;
	group->max_queued =
		opts->max_queued ? opts->max_queued : workers->max_queued;
	group->max_running = opts->max_running;
	leat__side_init(&group->room, workers->env, true, true, NULL);
}

static struct leat_workers *
workers_alloc(const struct leat__env *env, const struct leat_workers_opts *o)
{
	static const struct leat_group only = {.name = "default"};
	uint32_t n_groups = o->n_groups ? o->n_groups : 1;
	struct leat_workers *workers = env->alloc(
		env, sizeof(*workers) + n_groups * sizeof(struct leat__group));

	if (!workers)
		return NULL;
	workers->env = env;
	workers->refs = 1;
	workers->max_queued = o->max_queued;
	workers->max_running = o->max_running;
	workers->max_blocking = o->max_blocking;
	workers->n_groups = n_groups;
	leat__side_init(&workers->over, env, true, true, NULL);
	for (uint32_t k = 0; k < n_groups; k++)
		group_init(workers, &workers->groups[k],
			o->n_groups ? &o->groups[k] : &only);
	return workers;
}

static void
workers_fiber_main(struct leat__fiber *fiber)
{
	struct leat_workers *workers = fiber->fibers->user;

	if (fiber->task)
		leat__task_run_on_fiber(fiber->task);
	else
		fiber->go(workers->ctx, fiber->arg);
}

static void
workers_fiber_ended(void *user, void *task)
{
	if (!task) /* a task has said so itself */
		leat__workers_ended(user, 1);
}

static int
workers_init_fibers(
	struct leat_workers *workers, const struct leat_workers_opts *o)
{
	struct leat__fibers *fibers = &workers->fibers;

	if (leat__timers_create(workers->env, &workers->timers) != 0)
		return LEAT_ENOMEM;
	fibers->env = workers->env;
	fibers->exec = &workers->exec;
	fibers->timers = workers->timers;
	fibers->quantum_ns = o->quantum_ns;
	fibers->main = workers_fiber_main;
	fibers->ended = workers_fiber_ended;
	fibers->user = workers;
	LEAT_TRY(leat__fibers_init(fibers, (size_t)o->stack_bytes));
	return leat__fibers_reserve(fibers, o->start_stacks) ? LEAT_OK
							     : LEAT_ENOMEM;
}

static int
workers_init(struct leat_workers *workers, struct leat_ctx *ctx,
	const struct leat_workers_opts *o)
{
	struct leat__exec_opts opts = {.n_workers = o->max_workers,
		.pin = workers->pin.n ? &workers->pin : NULL,
		.spin_ns = o->spin_ns,
		.idle_ns = o->idle_ns,
		.name = "leat-w",
		.feed = leat__tasks_feed,
		.has_feed = leat__tasks_has_feed,
		.user = workers};

	if (ctx)
		LEAT_TRY(leat_ctx_child(ctx, LEAT_NEVER, &workers->ctx, NULL));
	else
		LEAT_TRY(leat__ctx_create(workers->env, &workers->ctx, NULL));
	leat__threads_init(&workers->threads, workers->env, "leat-b",
		o->max_blocking, o->idle_ns);
	workers->threads.is_freed = workers->pin.n > 0;
	LEAT_TRY(leat__exec_init(&workers->exec, workers->env, &opts));
	return workers_init_fibers(workers, o);
}

/* All that the workers have but their memory. */
static void
workers_dismantle(struct leat_workers *workers)
{
	leat__timers_destroy(workers->timers);
	workers->timers = NULL;
	leat__exec_stop(&workers->exec);
	leat__exec_join(&workers->exec);
	leat__threads_fini(&workers->threads);
	leat__fibers_fini(&workers->fibers);
	leat__exec_fini(&workers->exec);
	leat_ctx_destroy(workers->ctx);
	workers->ctx = NULL;
}

static int
workers_start(struct leat_workers *workers, uint32_t n, struct leat_error *err)
{
	int sys_errno = leat__exec_start(&workers->exec, n ? n : 1);

	if (!sys_errno)
		return LEAT_OK;
	return leat__error_errno(err, LEAT_ELIMIT, sys_errno,
		"cannot start a thread for the workers");
}

int
leat__workers_create(const struct leat__env *env, struct leat_ctx *ctx,
	const struct leat_workers_opts *opts, struct leat_workers **workers_out,
	struct leat_error *err)
{
	struct leat_workers_opts full;
	struct leat_workers *workers;
	struct leat__pin pin;
	int rc;

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_workers_opts", err));
	LEAT_TRY(opts_fill(env, &full, err));
	LEAT_TRY(leat__pin_parse(
		env, "leat_workers_opts: pin", full.pin, &pin, err));
	workers = workers_alloc(env, &full);
	if (!workers)
		return leat__error(err, LEAT_ENOMEM, "no memory for workers");
	workers->pin = pin;
	rc = workers_init(workers, ctx, &full);
	if (rc < 0)
		leat__error(
			err, rc, "no memory for %u workers", full.max_workers);
	else
		rc = workers_start(workers, full.start_workers, err);
	if (rc < 0) {
		workers_dismantle(workers);
		leat__workers_release(workers);
		return rc;
	}
	*workers_out = workers;
	return LEAT_OK;
}

int
leat_workers_create(struct leat_ctx *ctx, const struct leat_workers_opts *opts,
	struct leat_workers **workers_out, struct leat_error *err)
{
	return leat__workers_create(
		ctx ? leat__ctx_env(ctx) : leat__env_posix(), ctx, opts,
		workers_out, err);
}

/* ---- the end ------------------------------------------------------------ */

/* Is the caller one of its fibers, or a task on a thread? */
static bool
workers_is_own(const struct leat_workers *workers)
{
	const struct leat_task *task;

	if (leat__fiber_worker(&workers->fibers))
		return true;
	task = leat__block_self();
	return task && task->workers == workers;
}

bool
leat__workers_is_open(const struct leat_workers *workers)
{
	/* pairs with the store in leat_workers_close */
	return !leat__load_seq(&workers->is_closed) || workers_is_own(workers);
}

void
leat__workers_ended(struct leat_workers *workers, uint64_t what)
{
	/* pairs with the look in leat_workers_wait */
	if (leat__sub_seq(&workers->alive, what) == what)
		leat__side_wake_all(&workers->over);
}

void
leat_workers_close(struct leat_workers *workers)
{
	/* pairs with the look in leat__workers_is_open */
	leat__store_seq(&workers->is_closed, 1u);
	leat__admit_tell_all(workers);
}

void
leat_workers_cancel(struct leat_workers *workers)
{
	leat__lock_take(&workers->lock, workers->env);
	leat__store_seq(&workers->is_canceled, 1u);
	leat__lock_drop(&workers->lock, workers->env);
	leat_workers_close(workers);
	leat_ctx_cancel(
		workers->ctx, LEAT_ECANCELED, "the workers were canceled");
	leat__tasks_cancel(workers);
}

static bool
workers_is_over(const void *what)
{
	const struct leat_workers *workers = what;

	/* pairs with the subtraction in leat__workers_ended */
	return leat__load_seq(&workers->alive) == 0;
}

int
leat_workers_wait(struct leat_workers *workers, int64_t deadline_ns)
{
	if (workers_is_own(workers))
		return LEAT_ESTATE;
	return leat__side_await(&workers->over, workers_is_over, workers,
		deadline_ns, "waits for workers");
}

void
leat__workers_release(struct leat_workers *workers)
{
	/* acq_rel: whoever frees it sees the others through with it */
	if (leat__sub_acq_rel(&workers->refs, 1u) == 1)
		workers->env->free(workers->env, workers);
}

void
leat_workers_destroy(struct leat_workers *workers)
{
	int rc;

	if (!workers)
		return;
	leat_workers_cancel(workers);
	rc = leat_workers_wait(workers, LEAT_NEVER);
	LEAT_INVARIANT(rc == LEAT_OK); /* not from one of its own fibers */
	workers_dismantle(workers);
	leat__workers_release(workers);
}

/* ---- fibers ------------------------------------------------------------- */

static int
workers_go(struct leat_workers *workers, struct leat__worker *worker,
	leat_fiber_fn fn, void *arg, const char *where)
{
	struct leat__fiber *fiber;

	/* alive before the look: who closed and waits sees it, or we see that
	 * it is closed */
	leat__add_seq(&workers->alive, 1u);
	if ((!worker && !leat__workers_is_open(workers)) ||
		leat__load_relaxed(&workers->is_canceled)) {
		leat__workers_ended(workers, 1);
		return LEAT_ECLOSED;
	}
	fiber = leat__fiber_create(&workers->fibers, worker);
	if (!fiber) {
		leat__workers_ended(workers, 1);
		return LEAT_ENOMEM;
	}
	fiber->go = fn;
	fiber->arg = arg;
	leat__store_relaxed(&fiber->where, where);
	leat__fiber_start(fiber, worker);
	return LEAT_OK;
}

int
leat_go_at(struct leat_workers *workers, leat_fiber_fn fn, void *arg,
	struct leat_error *err, const char *where)
{
	struct leat__worker *worker = leat__fiber_worker(&workers->fibers);
	int rc;

	if (!worker)
		leat__exec_enter(&workers->exec);
	rc = workers_go(workers, worker, fn, arg, where);
	if (!worker)
		leat__exec_leave(&workers->exec);
	if (rc == LEAT_ECLOSED)
		return leat__error(err, rc, "go: the workers are closed");
	if (rc == LEAT_ENOMEM)
		return leat__error(err, rc, "go: no memory for a stack");
	return rc;
}

/* ---- a look from outside ------------------------------------------------ */

static void
stats_of_threads(
	const struct leat_workers *workers, struct leat_workers_stats *stats)
{
	const struct leat__exec *exec = &workers->exec;

	stats->n_workers = leat__exec_n_threads(exec);
	stats->n_blocking = leat__threads_count(&workers->threads);
	for (uint32_t k = 0; k < exec->n_workers; k++) {
		stats->n_steals +=
			leat__load_relaxed(&exec->workers[k].n_steals);
		stats->n_parks += leat__load_relaxed(&exec->workers[k].n_parks);
	}
}

void
leat_workers_stats(const struct leat_workers *workers,
	struct leat_workers_stats *stats_out)
{
	/* the lock is not part of what is constant */
	struct leat_workers *w = (struct leat_workers *)(uintptr_t)workers;
	struct leat_workers_stats *stats = stats_out;

	memset(stats, 0, sizeof(*stats));
	stats_of_threads(workers, stats);
	stats->n_fibers = (uint32_t)leat__load_relaxed(&workers->alive);
	leat__lock_take(&w->lock, w->env);
	stats->n_done = w->n_done;
	stats->n_failed = w->n_failed;
	stats->n_stopped = w->n_stopped;
	stats->n_rejected = w->n_rejected;
	stats->n_queued = w->n_queued;
	stats->n_running = w->n_running;
	stats->n_timers = w->n_armed;
	leat__lock_drop(&w->lock, w->env);
}
