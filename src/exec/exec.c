/*
 * exec/exec.c -- the executor: the common queue, who is woken, and threads.
 *
 * Keeps: whoever makes something ready and then finds a worker that searches
 * leaves the waking to that one, for it looks at every queue after it has
 * stopped searching; else it wakes one that is parked, or starts one. Only
 * the worker itself and who wakes it change its mode; the counts follow.
 * Threads: any. A worker's own queue is entered by its thread only.
 * Source: the scheduler of Go (proc.go, "Worker thread parking/unparking").
 */
#include <stdio.h>

#include "base/probe.h"
#include "exec/exec.h"

#ifdef LEAT_TEST_TINY
#define EXEC_QUEUE_CELLS 4u
#else
#define EXEC_QUEUE_CELLS 256u
#endif

/* ---- the common queue --------------------------------------------------- */

/* A chain of one rank. */
static void
exec_append(struct leat__exec *exec, struct leat__entry *first,
	struct leat__entry *last, uint32_t n)
{
	struct leat__chain *chain = &exec->common[first->rank];

	last->next = NULL;
	leat__lock_take(&exec->lock, exec->env);
	if (chain->last)
		chain->last->next = first;
	else
		chain->first = first;
	chain->last = last;
	leat__store_relaxed(&exec->n_common, exec->n_common + n);
	leat__lock_drop(&exec->lock, exec->env);
	if (exec->is_ranked)
		leat__rank_note(exec, first->rank);
}

/* What one worker takes at once: its share, so that others find some too. */
static uint32_t
exec_share(const struct leat__exec *exec)
{
	uint64_t n = exec->n_common / exec->n_workers + 1;

	if (exec->is_ranked)
		return 1;
	n = leat__min_u64(n, EXEC_QUEUE_CELLS / 2);
	return (uint32_t)leat__min_u64(n, exec->n_common);
}

struct leat__entry *
leat__exec_take(struct leat__exec *exec, uint32_t rank)
{
	struct leat__chain *chain = &exec->common[rank];
	struct leat__entry *first, *last;
	uint32_t n;

	if (leat__load_relaxed(&exec->n_common) == 0)
		return NULL;
	leat__lock_take(&exec->lock, exec->env);
	n = exec_share(exec);
	first = last = chain->first;
	for (uint32_t k = 1; k < n; k++)
		last = last->next;
	if (first) {
		chain->first = last->next;
		if (!chain->first)
			chain->last = NULL;
		last->next = NULL;
		leat__store_relaxed(&exec->n_common, exec->n_common - n);
	}
	leat__lock_drop(&exec->lock, exec->env);
	return first;
}

/* Half of a full queue goes where all find it, and the newest entry too. */
static void
worker_overflow(struct leat__worker *worker, struct leat__entry *entry)
{
	void *half[EXEC_QUEUE_CELLS / 2];
	uint32_t n =
		leat__queue_take(&worker->queue, half, EXEC_QUEUE_CELLS / 2);
	struct leat__entry *first = n ? half[0] : entry;
	struct leat__entry *last = first;

	for (uint32_t k = 1; k < n; k++) {
		last->next = half[k];
		last = half[k];
	}
	if (n)
		last->next = entry;
	exec_append(worker->exec, first, entry, n + 1);
}

/* None is to be on its way where nobody finds it: of a full queue nothing is
 * moved. */
static void
worker_push_ranked(struct leat__worker *worker, struct leat__entry *entry)
{
	struct leat__exec *exec = worker->exec;
	uint32_t rank = entry->rank;

	if (leat__queue_push(leat__worker_queue(worker, rank), entry))
		leat__rank_note(exec, rank);
	else
		exec_append(exec, entry, entry, 1);
}

void
leat__worker_push(struct leat__worker *worker, struct leat__entry *entry)
{
	if (leat__unlikely(worker->exec->is_ranked))
		worker_push_ranked(worker, entry);
	else if (leat__unlikely(!leat__queue_push(&worker->queue, entry)))
		worker_overflow(worker, entry);
}

bool
leat__exec_has_work(struct leat__exec *exec, bool is_lone_passed)
{
	uint64_t n_passed = is_lone_passed ? 1 : 0;

	if (leat__load_relaxed(&exec->n_common) > 0)
		return true;
	for (uint32_t k = 0; k < exec->n_workers; k++)
		if (leat__worker_len(&exec->workers[k]) > n_passed)
			return true;
	return exec->opts.has_feed && exec->opts.has_feed(exec->opts.user);
}

/* ---- threads ------------------------------------------------------------ */

static bool
exec_is_over(const struct leat__exec *exec)
{
	/* pairs with the store in leat__exec_stop */
	return leat__load_seq(&exec->is_over) != 0;
}

/* The mode is STARTING and the worker is counted as searching. A thread that
 * ended for want of work is joined first: it is past its last look. */
static int
worker_start_thread(struct leat__worker *worker)
{
	const struct leat__env *env = worker->exec->env;
	int sys_errno;

	if (worker->has_thread)
		env->thread_join(env, &worker->thread);
	worker->thread.fn = leat__worker_thread;
	worker->thread.arg = worker;
	worker->thread.env = env;
	snprintf(worker->thread.name, sizeof(worker->thread.name), "%.10s-%u",
		worker->exec->opts.name, worker->number);
	leat__store_relaxed(&worker->is_started, 0u);
	sys_errno = env->thread_start(env, &worker->thread);
	worker->has_thread = sys_errno == 0;
	/* release: the thread's handle; pairs with the acquire in worker_end,
	 * before which nobody starts it again */
	leat__store_release(&worker->is_started, 1u);
	return sys_errno;
}

/* Start a stopped worker, counted as searching. -1: it was not stopped, or
 * all is over; else 0 or errno. */
static int
worker_try_start(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	uint32_t stopped = LEAT__WORKER_STOPPED;
	int sys_errno = -1;

	/* pairs with the look in leat__exec_join, behind its fence */
	leat__add_seq(&exec->n_starting, 1u);
	/* pairs with the exchange in worker_end */
	if (!exec_is_over(exec) &&
		leat__cas_seq(&worker->mode, &stopped,
			(uint32_t)LEAT__WORKER_STARTING)) {
		leat__sub_seq(&exec->n_stopped, 1u);
		sys_errno = worker_start_thread(worker);
		if (sys_errno) {
			leat__store_seq(
				&worker->mode, (uint32_t)LEAT__WORKER_STOPPED);
			leat__add_seq(&exec->n_stopped, 1u);
		}
	}
	/* pairs with the look in leat__exec_join */
	leat__sub_seq(&exec->n_starting, 1u);
	return sys_errno;
}

int
leat__exec_start(struct leat__exec *exec, uint32_t n)
{
	int rc = 0;

	for (uint32_t k = 0; k < n && rc <= 0; k++) {
		leat__add_seq(&exec->n_searching, 1u);
		rc = worker_try_start(&exec->workers[k]);
		if (rc)
			leat__sub_seq(&exec->n_searching, 1u);
	}
	return rc > 0 ? rc : 0;
}

void
leat__exec_run_here(struct leat__exec *exec)
{
	leat__add_seq(&exec->n_searching, 1u);
	leat__sub_seq(&exec->n_stopped, 1u);
	leat__worker_thread(&exec->workers[0]);
}

void
leat__exec_stop(struct leat__exec *exec)
{
	/* pairs with the looks in worker.c after a worker said that it parks,
	 * and in worker_try_start */
	leat__store_seq(&exec->is_over, 1u);
	leat__fence_seq();
	for (uint32_t k = 0; k < exec->n_workers; k++)
		leat__parker_wake(&exec->workers[k].parker);
}

void
leat__exec_join(struct leat__exec *exec)
{
	const struct leat__env *env = exec->env;

	/* after the stop nobody begins to start a thread; let who has begun
	 * come to its end */
	while (leat__load_seq(&exec->n_starting) ||
		leat__load_seq(&exec->n_visiting))
		env->yield(env);
	for (uint32_t k = 0; k < exec->n_workers; k++) {
		struct leat__worker *worker = &exec->workers[k];

		if (worker->has_thread)
			env->thread_join(env, &worker->thread);
		worker->has_thread = false;
	}
}

uint32_t
leat__exec_n_threads(const struct leat__exec *exec)
{
	return exec->n_workers - leat__load_relaxed(&exec->n_stopped);
}

/* ---- waking ------------------------------------------------------------- */

static bool
exec_unpark_one(struct leat__exec *exec, uint32_t how)
{
	if (leat__load_relaxed(&exec->n_parked) == 0)
		return false;
	for (uint32_t k = 0; k < exec->n_workers; k++) {
		struct leat__worker *worker = &exec->workers[k];
		uint32_t parked = LEAT__WORKER_PARKED;

		/* pairs with the exchange in worker_unpark */
		if (leat__load_relaxed(&worker->mode) != parked ||
			!leat__cas_seq(&worker->mode, &parked, how))
			continue;
		leat__sub_seq(&exec->n_parked, 1u);
		leat__probe_2(wake, worker->number, how);
		leat__parker_wake(&worker->parker);
		return true;
	}
	return false;
}

/* true: one was started. *can_start_out: false = the system refuses. */
static bool
exec_start_one(struct leat__exec *exec, bool *can_start_out)
{
	if (leat__load_relaxed(&exec->n_stopped) == 0)
		return false;
	for (uint32_t k = 0; k < exec->n_workers; k++) {
		int rc = leat__load_relaxed(&exec->workers[k].mode) ==
				LEAT__WORKER_STOPPED
			? worker_try_start(&exec->workers[k])
			: -1;

		if (rc >= 0) {
			*can_start_out = rc == 0;
			return rc == 0;
		}
	}
	return false;
}

static bool
exec_has_idle(const struct leat__exec *exec, bool can_start)
{
	return leat__load_seq(&exec->n_parked) > 0 ||
		(can_start && leat__load_seq(&exec->n_stopped) > 0);
}

/*
 * Who takes n_searching from 0 to 1 wakes; the others leave it to him. If he
 * finds nobody to wake he looks once more after he has put it back: a worker
 * that parked in between may have missed what the others left to him.
 */
static void
exec_wake_slow(struct leat__exec *exec, uint32_t how)
{
	bool can_start = true;

	while (exec_has_idle(exec, can_start) && !exec_is_over(exec)) {
		uint32_t nobody = 0;

		/* pairs with the subtraction in worker_found and worker_park */
		if (!leat__cas_seq(&exec->n_searching, &nobody, 1u))
			return;
		if (exec_unpark_one(exec, how) ||
			exec_start_one(exec, &can_start))
			return;
		leat__sub_seq(&exec->n_searching, 1u);
	}
}

void
leat__exec_wake_one(struct leat__exec *exec, bool is_for_one)
{
	/* what was queued is seen before the counts are looked at; the other
	 * half is in worker_park */
	leat__fence_seq();
	/* a lone entry is run by the worker that made it ready, sooner than
	 * another could wake; if not, a sentry finds it */
	if (is_for_one && leat__load_relaxed(&exec->n_sentries))
		return;
	if (leat__likely(!exec_has_idle(exec, true)))
		return;
	exec_wake_slow(exec,
		is_for_one ? LEAT__WORKER_WOKEN_FOR_ONE : LEAT__WORKER_WOKEN);
}

void
leat__exec_wake(struct leat__exec *exec)
{
	leat__exec_wake_one(exec, false);
}

void
leat__exec_enter(struct leat__exec *exec)
{
	/* pairs with the look in leat__exec_join */
	leat__add_seq(&exec->n_visiting, 1u);
}

void
leat__exec_leave(struct leat__exec *exec)
{
	/* pairs with the look in leat__exec_join; the executor may be gone
	 * after this */
	leat__sub_seq(&exec->n_visiting, 1u);
}

void
leat__exec_push(struct leat__exec *exec, struct leat__worker *hint,
	struct leat__entry *entry)
{
	if (!hint) {
		leat__exec_enter(exec);
		exec_append(exec, entry, entry, 1);
		leat__exec_wake_one(exec, false);
		leat__exec_leave(exec);
		return;
	}
	leat__worker_push(hint, entry);
	/* the only worker is awake: it is the caller */
	if (exec->n_workers > 1)
		leat__exec_wake_one(exec, leat__worker_len(hint) == 1);
}

/* ---- life --------------------------------------------------------------- */

static int
worker_init_ranks(struct leat__worker *worker)
{
	const struct leat__exec *exec = worker->exec;
	uint32_t n = exec->opts.n_ranks - 1;

	worker->queues =
		exec->env->alloc(exec->env, n * sizeof(*worker->queues));
	if (!worker->queues)
		return LEAT_ENOMEM;
	for (uint32_t r = 0; r < n; r++)
		if (!leat__queue_init(
			    &worker->queues[r], exec->env, EXEC_QUEUE_CELLS))
			return LEAT_ENOMEM;
	return LEAT_OK;
}

static void
worker_fini_ranks(struct leat__worker *worker)
{
	const struct leat__env *env = worker->exec->env;

	if (!worker->queues)
		return;
	for (uint32_t r = 0; r + 1 < worker->exec->opts.n_ranks; r++)
		leat__queue_fini(&worker->queues[r], env);
	env->free(env, worker->queues);
	worker->queues = NULL;
}

static int
exec_init_workers(struct leat__exec *exec)
{
	const struct leat__env *env = exec->env;

	for (uint32_t k = 0; k < exec->n_workers; k++) {
		struct leat__worker *worker = &exec->workers[k];

		worker->exec = exec;
		worker->number = k;
		leat__parker_init(&worker->parker, env);
		if (!leat__queue_init(&worker->queue, env, EXEC_QUEUE_CELLS))
			return LEAT_ENOMEM;
		if (exec->is_ranked)
			LEAT_TRY(worker_init_ranks(worker));
	}
	return LEAT_OK;
}

int
leat__exec_init(struct leat__exec *exec, const struct leat__env *env,
	const struct leat__exec_opts *opts)
{
	*exec = (struct leat__exec){.env = env, .opts = *opts};
	exec->workers =
		env->alloc(env, opts->n_workers * sizeof(*exec->workers));
	if (!exec->workers)
		return LEAT_ENOMEM;
	exec->n_workers = exec->n_stopped = opts->n_workers;
	exec->is_ranked = opts->n_ranks > 1;
	exec->is_weighted = exec->is_ranked && opts->weights[0] > 0;
	if (exec_init_workers(exec) == LEAT_OK)
		return LEAT_OK;
	leat__exec_fini(exec);
	return LEAT_ENOMEM;
}

void
leat__exec_fini(struct leat__exec *exec)
{
	for (uint32_t k = 0; k < exec->n_workers; k++) {
		struct leat__worker *worker = &exec->workers[k];

		if (!worker->exec)
			break;
		worker_fini_ranks(worker);
		leat__queue_fini(&worker->queue, exec->env);
	}
	if (exec->workers)
		exec->env->free(exec->env, exec->workers);
	exec->workers = NULL;
	exec->n_workers = 0;
}
