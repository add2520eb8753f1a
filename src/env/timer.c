/*
 * env/timer.c -- many deadlines, one thread, started with the first of them.
 *
 * Keeps: the heap is ordered by deadline and heap[timer->heap_at] == timer;
 * a timer is armed, running, or neither; its memory is not touched once fn
 * was called. All of it is guarded by the lock, which fn does not run under.
 * Threads: any starts and stops timers; one thread runs them.
 * Source: binary heap with the place stored in the item, as in libuv.
 */
#include <errno.h>
#include <string.h>

#include "env/env.h"

#define TIMER_HEAP_LEAST 64u

struct leat__timers {
	const struct leat__env *env;
	struct leat__lock lock;      /* guards all below */
	uint32_t n;                  /* armed */
	uint32_t n_max;              /* room in heap, without its place 0 */
	struct leat__timer **heap;   /* from 1 */
	struct leat__timer *running; /* its fn is being called; NULL */
	bool is_started;
	bool is_ending;
	struct leat__parker changed;  /* the thread waits: first of the heap */
	struct leat__parker returned; /* stop waits: end of a call of fn */
	struct leat__thread thread;
};

/* ---- the heap ------------------------------------------------------------- */

static void
heap_put(struct leat__timers *t, uint32_t at, struct leat__timer *timer)
{
	t->heap[at] = timer;
	timer->heap_at = at;
}

static void
heap_up(struct leat__timers *t, uint32_t at, struct leat__timer *timer)
{
	while (at > 1 && timer->deadline_ns < t->heap[at / 2]->deadline_ns) {
		heap_put(t, at, t->heap[at / 2]);
		at /= 2;
	}
	heap_put(t, at, timer);
}

static void
heap_down(struct leat__timers *t, uint32_t at, struct leat__timer *timer)
{
	for (uint32_t below = 2 * at; below <= t->n; below = 2 * at) {
		if (below < t->n &&
			t->heap[below + 1]->deadline_ns <
				t->heap[below]->deadline_ns)
			below++;
		if (timer->deadline_ns <= t->heap[below]->deadline_ns)
			break;
		heap_put(t, at, t->heap[below]);
		at = below;
	}
	heap_put(t, at, timer);
}

static void
heap_remove(struct leat__timers *t, struct leat__timer *timer)
{
	uint32_t at = timer->heap_at;
	struct leat__timer *last = t->heap[t->n--];

	timer->heap_at = 0;
	if (last == timer)
		return;
	if (at > 1 && last->deadline_ns < t->heap[at / 2]->deadline_ns)
		heap_up(t, at, last);
	else
		heap_down(t, at, last);
}

static int
heap_reserve(struct leat__timers *t)
{
	uint32_t n_max = t->n_max ? 2 * t->n_max : TIMER_HEAP_LEAST;
	struct leat__timer **heap;

	if (t->n < t->n_max)
		return 0;
	heap = t->env->alloc(
		t->env, (n_max + 1) * sizeof(struct leat__timer *));
	if (!heap)
		return ENOMEM;
	if (t->heap)
		memcpy(heap, t->heap, (t->n + 1) * sizeof(*heap));
	t->env->free(t->env, t->heap);
	t->heap = heap;
	t->n_max = n_max;
	return 0;
}

/* ---- the thread ----------------------------------------------------------- */

/* The first timer if its time has come, else NULL and how long to wait. */
static struct leat__timer *
timers_next(struct leat__timers *t, int64_t *deadline_ns_out)
{
	struct leat__timer *first = t->n ? t->heap[1] : NULL;

	*deadline_ns_out = first ? first->deadline_ns : LEAT_NEVER;
	if (!first || first->deadline_ns > t->env->now_ns(t->env))
		return NULL;
	heap_remove(t, first);
	return first;
}

static void
timers_call(struct leat__timers *t, struct leat__timer *timer)
{
	timer->fn(timer);
	leat__lock_take(&t->lock, t->env);
	t->running = NULL;
	leat__lock_drop(&t->lock, t->env);
	leat__parker_wake(&t->returned);
}

static void
timers_main(void *arg)
{
	struct leat__timers *t = arg;

	for (;;) {
		uint32_t ticket = leat__parker_ticket(&t->changed);
		int64_t deadline_ns;
		bool is_ending;

		leat__lock_take(&t->lock, t->env);
		is_ending = t->is_ending;
		t->running = is_ending ? NULL : timers_next(t, &deadline_ns);
		leat__lock_drop(&t->lock, t->env);
		if (is_ending)
			return;
		if (t->running) /* only this thread writes it */
			timers_call(t, t->running);
		else
			(void)leat__parker_wait(
				&t->changed, ticket, deadline_ns);
	}
}

/* ---- life cycle ----------------------------------------------------------- */

int
leat__timers_create(
	const struct leat__env *env, struct leat__timers **timers_out)
{
	struct leat__timers *t = env->alloc(env, sizeof(*t));

	if (!t)
		return ENOMEM;
	t->env = env;
	leat__parker_init(&t->changed, env);
	leat__parker_init(&t->returned, env);
	*timers_out = t;
	return 0;
}

void
leat__timers_destroy(struct leat__timers *timers)
{
	struct leat__timers *t = timers;

	if (!t)
		return;
	leat__lock_take(&t->lock, t->env);
	t->is_ending = true;
	leat__lock_drop(&t->lock, t->env);
	leat__parker_wake(&t->changed);
	if (t->is_started)
		t->env->thread_join(t->env, &t->thread);
	t->env->free(t->env, t->heap);
	t->env->free(t->env, t);
}

static int
timers_start_thread(struct leat__timers *t)
{
	int sys_errno;

	if (t->is_started)
		return 0;
	t->thread = (struct leat__thread){
		.fn = timers_main, .arg = t, .name = "leat-timers"};
	sys_errno = t->env->thread_start(t->env, &t->thread);
	t->is_started = sys_errno == 0;
	return sys_errno;
}

int
leat__timer_start(struct leat__timers *timers, struct leat__timer *timer)
{
	struct leat__timers *t = timers;
	bool is_first = false;
	int sys_errno;

	leat__lock_take(&t->lock, t->env);
	LEAT_ASSERT(timer->heap_at == 0);
	sys_errno = heap_reserve(t);
	if (!sys_errno)
		sys_errno = timers_start_thread(t);
	if (!sys_errno) {
		heap_up(t, ++t->n, timer);
		is_first = timer->heap_at == 1;
	}
	leat__lock_drop(&t->lock, t->env);
	if (is_first)
		leat__parker_wake(&t->changed);
	return sys_errno;
}

bool
leat__timer_stop(struct leat__timers *timers, struct leat__timer *timer)
{
	struct leat__timers *t = timers;

	for (;;) {
		uint32_t ticket = leat__parker_ticket(&t->returned);
		bool is_armed, is_running;

		leat__lock_take(&t->lock, t->env);
		is_armed = timer->heap_at != 0;
		is_running = t->running == timer;
		if (is_armed)
			heap_remove(t, timer);
		leat__lock_drop(&t->lock, t->env);
		if (!is_running)
			return is_armed;
		(void)leat__parker_wait(&t->returned, ticket, LEAT_NEVER);
	}
}
