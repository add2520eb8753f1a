/*
 * exec/threads.c -- threads that come and go, for work that blocks.
 *
 * Keeps: a call is made once; one that waits is taken by the next thread that
 * is through with its own; a thread is idle, or has a call, or has ended, by
 * the lock. Those that ended are joined by who starts the next, and at last
 * by leat__threads_fini().
 * Threads: any.
 */
#include <errno.h>
#include <stdio.h>

#include "exec/threads.h"

struct leat__threads_one {
	struct leat__threads_one *next; /* idle, or ended */
	struct leat__threads *threads;
	struct leat__call *call; /* to be made; the lock of threads */
	struct leat__parker parker;
	struct leat__thread thread;
	bool is_started, has_ended; /* both: to be joined; the lock */
};

/* ---- one thread --------------------------------------------------------- */

static struct leat__call *
threads_pop_locked(struct leat__threads *threads)
{
	struct leat__call *call = threads->first;

	if (call)
		threads->first = call->next;
	if (!threads->first)
		threads->last = NULL;
	return call;
}

static void
one_leave_idle_locked(struct leat__threads_one *one)
{
	struct leat__threads_one **at = &one->threads->idle;

	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
}

/* The thread and who started it each come here once; the second hands it on
 * to be joined. */
static void
one_join_locked(struct leat__threads_one *one)
{
	struct leat__threads *threads = one->threads;

	if (!one->is_started || !one->has_ended)
		return;
	one->next = threads->ended;
	threads->ended = one;
}

static void
one_end_locked(struct leat__threads_one *one)
{
	struct leat__threads *threads = one->threads;

	leat__store_relaxed(&threads->n_threads, threads->n_threads - 1);
	one->has_ended = true;
	one_join_locked(one);
}

/* Idle until there is a call. NULL: the thread has ended. */
static struct leat__call *
one_await(struct leat__threads_one *one, int64_t deadline_ns)
{
	struct leat__threads *threads = one->threads;
	const struct leat__env *env = threads->env;
	bool is_late = false;

	for (;;) {
		uint32_t ticket = leat__parker_ticket(&one->parker);
		struct leat__call *call;
		bool is_end;

		leat__lock_take(&threads->lock, env);
		call = one->call;
		one->call = NULL;
		is_end = !call && (is_late || threads->is_over);
		if (is_end) {
			one_leave_idle_locked(one);
			one_end_locked(one);
		}
		leat__lock_drop(&threads->lock, env);
		if (call || is_end)
			return call;
		is_late = leat__parker_wait(&one->parker, ticket, deadline_ns) <
			0;
	}
}

/* The next call; NULL: the thread has ended. */
static struct leat__call *
one_next(struct leat__threads_one *one)
{
	struct leat__threads *threads = one->threads;
	const struct leat__env *env = threads->env;
	struct leat__call *call;
	int64_t deadline_ns = LEAT_NEVER;

	leat__lock_take(&threads->lock, env);
	call = threads_pop_locked(threads);
	if (!call) {
		one->next = threads->idle;
		threads->idle = one;
	}
	leat__lock_drop(&threads->lock, env);
	if (call)
		return call;
	if (threads->idle_ns)
		deadline_ns = env->now_ns(env) + (int64_t)threads->idle_ns;
	return one_await(one, deadline_ns);
}

static void
one_main(void *arg)
{
	struct leat__threads_one *one = arg;
	struct leat__threads *threads = one->threads;
	struct leat__call *call = one->call;

	one->call = NULL;
	if (threads->is_freed)
		(void)threads->env->thread_pin(threads->env, LEAT__CORE_ANY);
	do
		call->fn(call);
	while ((call = one_next(one)) != NULL);
	leat__parker_wake(&threads->over);
}

/* ---- all of them -------------------------------------------------------- */

static void
threads_join(struct leat__threads *threads, struct leat__threads_one *ended)
{
	const struct leat__env *env = threads->env;

	while (ended) {
		struct leat__threads_one *next = ended->next;

		env->thread_join(env, &ended->thread);
		env->free(env, ended);
		ended = next;
	}
}

static void
threads_reap(struct leat__threads *threads)
{
	struct leat__threads_one *ended;

	leat__lock_take(&threads->lock, threads->env);
	ended = threads->ended;
	threads->ended = NULL;
	leat__lock_drop(&threads->lock, threads->env);
	threads_join(threads, ended);
}

/* It has been counted already. */
static int
threads_start(struct leat__threads *threads, struct leat__call *call,
	struct leat__threads_one **one_out)
{
	const struct leat__env *env = threads->env;
	struct leat__threads_one *one = env->alloc(env, sizeof(*one));
	int sys_errno;

	if (!one)
		return ENOMEM;
	threads_reap(threads);
	one->threads = threads;
	one->call = call;
	leat__parker_init(&one->parker, env);
	one->thread.fn = one_main;
	one->thread.arg = one;
	one->thread.env = env;
	snprintf(one->thread.name, sizeof(one->thread.name), "%.10s-%u",
		threads->name, leat__add_relaxed(&threads->n_made, 1));
	sys_errno = env->thread_start(env, &one->thread);
	if (sys_errno)
		env->free(env, one);
	else
		*one_out = one;
	return sys_errno;
}

static void
threads_queue_locked(struct leat__threads *threads, struct leat__call *call)
{
	call->next = NULL;
	if (threads->last)
		threads->last->next = call;
	else
		threads->first = call;
	threads->last = call;
}

/* Under the lock, so that the thread cannot end before it was woken. */
static void
one_give_locked(struct leat__threads_one *one, struct leat__call *call)
{
	one_leave_idle_locked(one);
	one->call = call;
	leat__parker_wake(&one->parker);
}

/* The thread runs, and may have ended. leat__threads_fini() waits for this. */
static void
one_started_locked(struct leat__threads_one *one)
{
	one->is_started = true;
	one_join_locked(one);
	if (one->has_ended)
		leat__parker_wake(&one->threads->over);
}

/* The start of a thread that was counted ended so: 0, and it is `one`, or
 * errno. */
static int
threads_settle(struct leat__threads *threads, struct leat__call *call,
	bool is_now, int sys_errno, struct leat__threads_one *one)
{
	bool is_served = sys_errno == 0;

	leat__lock_take(&threads->lock, threads->env);
	threads->n_starting--;
	if (is_served) {
		one_started_locked(one);
	} else {
		leat__store_relaxed(
			&threads->n_threads, threads->n_threads - 1);
		is_served = threads->idle ||
			(!is_now && threads->n_threads > threads->n_starting);
		if (threads->idle)
			one_give_locked(threads->idle, call);
		else if (is_served)
			threads_queue_locked(threads, call);
	}
	leat__lock_drop(&threads->lock, threads->env);
	return is_served ? 0 : sys_errno;
}

/* 0: it will be made; -1: a new thread is to make it, and has been counted;
 * else errno. */
static int
threads_place_locked(
	struct leat__threads *threads, struct leat__call *call, bool is_now)
{
	if (threads->idle) {
		one_give_locked(threads->idle, call);
		return 0;
	}
	if (threads->n_threads < threads->max) {
		leat__store_relaxed(
			&threads->n_threads, threads->n_threads + 1);
		threads->n_starting++;
		return -1;
	}
	if (is_now)
		return EAGAIN;
	threads_queue_locked(threads, call);
	return 0;
}

int
leat__threads_call(
	struct leat__threads *threads, struct leat__call *call, bool is_now)
{
	struct leat__threads_one *one = NULL;
	int rc;

	leat__lock_take(&threads->lock, threads->env);
	rc = threads_place_locked(threads, call, is_now);
	leat__lock_drop(&threads->lock, threads->env);
	if (rc != -1)
		return rc;
	rc = threads_start(threads, call, &one);
	return threads_settle(threads, call, is_now, rc, one);
}

uint32_t
leat__threads_count(const struct leat__threads *threads)
{
	return leat__load_relaxed(&threads->n_threads);
}

void
leat__threads_init(struct leat__threads *threads, const struct leat__env *env,
	const char *name, uint32_t max, uint64_t idle_ns)
{
	*threads = (struct leat__threads){
		.env = env, .name = name, .max = max, .idle_ns = idle_ns};
	leat__parker_init(&threads->over, env);
}

void
leat__threads_fini(struct leat__threads *threads)
{
	const struct leat__env *env = threads->env;
	bool is_last = !env;

	while (!is_last) {
		uint32_t ticket = leat__parker_ticket(&threads->over);
		struct leat__threads_one *ended;

		leat__lock_take(&threads->lock, env);
		threads->is_over = true;
		for (struct leat__threads_one *one = threads->idle; one;
			one = one->next)
			leat__parker_wake(&one->parker);
		ended = threads->ended;
		threads->ended = NULL;
		is_last = threads->n_threads + threads->n_starting == 0;
		leat__lock_drop(&threads->lock, env);
		threads_join(threads, ended);
		if (!is_last)
			(void)leat__parker_wait(
				&threads->over, ticket, LEAT_NEVER);
	}
}
