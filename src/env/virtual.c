/*
 * env/virtual.c -- a clock that goes on only while all threads wait, and then
 * at once to the first moment that one of them waits for.
 *
 * Keeps: n_waiting counts the threads that wait for a word, for a moment, for a
 * file or for each other and were not told to go on; while it is below
 * n_threads somebody works, and the clock stands still but for a tick whenever
 * it is looked at, so that who spins until a moment comes to it. A wait is
 * entered, and its word looked at, under the lock that wakes take, so none is
 * lost. A thread that waits in the system for anything else counts as one that
 * works. Threads: any.
 */
#include <errno.h>
#include <string.h>

#include "env/virtual.h"

#define VIRTUAL_TICK_NS  10
#define VIRTUAL_SLICE_NS 1000000 /* of a wait for files: real time */

/* On the stack of who waits. */
struct wait {
	struct wait *next, *prev;
	const uint32_t *word; /* NULL = none */
	int64_t deadline_ns;
	uint32_t is_over; /* atomic */
};

struct leat__virtual {
	struct leat__env env;
	const struct leat__env *inner;
	int64_t now_ns;  /* atomic; forward under the lock */
	int64_t wall_ns; /* what the clock on the wall has more */
	struct leat__lock lock;
	/* guarded by it: */
	struct wait *first;
	uint32_t n_threads, n_waiting;
};

/* What a thread does, and whose it is. */
struct start {
	struct leat__virtual *v;
	leat__thread_fn fn;
	void *arg;
};

static struct leat__virtual *
virtual_of(const struct leat__env *env)
{
	return env->self;
}

/* ---- waits --------------------------------------------------------------- */

static void
wait_end_locked(struct leat__virtual *v, struct wait *wait)
{
	if (wait->prev)
		wait->prev->next = wait->next;
	else
		v->first = wait->next;
	if (wait->next)
		wait->next->prev = wait->prev;
	v->n_waiting--;
	/* release: pairs with the acquire in virtual_await; the wait's memory
	 * may be gone from here on, and a wake of its address is none */
	leat__store_release(&wait->is_over, 1);
	v->inner->wake(v->inner, &wait->is_over);
}

static int64_t
virtual_first_locked(const struct leat__virtual *v)
{
	int64_t first_ns = LEAT_NEVER;

	for (const struct wait *wait = v->first; wait; wait = wait->next)
		if (wait->deadline_ns < first_ns)
			first_ns = wait->deadline_ns;
	return first_ns;
}

/* If nobody works, on to the first moment that is waited for. */
static void
virtual_go_on_locked(struct leat__virtual *v)
{
	int64_t to_ns, now_ns = leat__load_relaxed(&v->now_ns);

	if (v->n_waiting < v->n_threads)
		return;
	to_ns = virtual_first_locked(v);
	if (to_ns == LEAT_NEVER)
		return;
	if (to_ns > now_ns)
		leat__store_relaxed(&v->now_ns, to_ns);
	for (struct wait *wait = v->first, *next; wait; wait = next) {
		next = wait->next;
		if (wait->deadline_ns <= to_ns)
			wait_end_locked(v, wait);
	}
}

static void
wait_begin_locked(struct leat__virtual *v, struct wait *wait)
{
	wait->next = v->first;
	if (v->first)
		v->first->prev = wait;
	v->first = wait;
	v->n_waiting++;
	virtual_go_on_locked(v);
}

static void
virtual_await(const struct leat__virtual *v, const struct wait *wait)
{
	/* acquire: pairs with the release in wait_end_locked */
	while (!leat__load_acquire(&wait->is_over))
		v->inner->park(v->inner, &wait->is_over, 0, LEAT_NEVER);
}

static void
virtual_park(const struct leat__env *env, const uint32_t *word,
	uint32_t expected, int64_t deadline_ns)
{
	struct leat__virtual *v = virtual_of(env);
	struct wait wait = {.word = word, .deadline_ns = deadline_ns};

	leat__lock_take(&v->lock, v->inner);
	/* acquire: what was done before the word was changed is seen */
	if (leat__load_acquire(word) != expected ||
		deadline_ns <= leat__load_relaxed(&v->now_ns)) {
		leat__lock_drop(&v->lock, v->inner);
		return;
	}
	wait_begin_locked(v, &wait);
	leat__lock_drop(&v->lock, v->inner);
	virtual_await(v, &wait);
}

static void
virtual_wake(const struct leat__env *env, const uint32_t *word)
{
	struct leat__virtual *v = virtual_of(env);

	leat__lock_take(&v->lock, v->inner);
	for (struct wait *wait = v->first, *next; wait; wait = next) {
		next = wait->next;
		if (wait->word == word)
			wait_end_locked(v, wait);
	}
	leat__lock_drop(&v->lock, v->inner);
}

/* ---- the clock ----------------------------------------------------------- */

static int64_t
virtual_now_ns(const struct leat__env *env)
{
	struct leat__virtual *v = virtual_of(env);

	return leat__add_relaxed(&v->now_ns, VIRTUAL_TICK_NS);
}

static int64_t
virtual_wall_ns(const struct leat__env *env)
{
	return virtual_of(env)->wall_ns + virtual_now_ns(env);
}

/* ---- files --------------------------------------------------------------- */

/* Leave a wait that nobody has ended. */
static void
virtual_leave(struct leat__virtual *v, struct wait *wait)
{
	leat__lock_take(&v->lock, v->inner);
	if (!leat__load_relaxed(&wait->is_over))
		wait_end_locked(v, wait);
	leat__lock_drop(&v->lock, v->inner);
}

/* What comes from outside comes in real time: it is looked for again and again
 * until the moment has come by the virtual clock. */
static int
virtual_poll(const struct leat__env *env, struct leat__poll *polls, uint32_t n,
	int64_t deadline_ns)
{
	struct leat__virtual *v = virtual_of(env);
	const struct leat__env *inner = v->inner;
	struct wait wait = {.deadline_ns = deadline_ns};
	int n_ready = inner->poll(inner, polls, n, inner->now_ns(inner));

	if (n_ready || deadline_ns <= leat__load_relaxed(&v->now_ns))
		return n_ready;
	leat__lock_take(&v->lock, inner);
	wait_begin_locked(v, &wait);
	leat__lock_drop(&v->lock, inner);
	/* acquire: pairs with the release in wait_end_locked */
	while (!n_ready && !leat__load_acquire(&wait.is_over))
		n_ready = inner->poll(inner, polls, n,
			inner->now_ns(inner) + VIRTUAL_SLICE_NS);
	virtual_leave(v, &wait);
	return n_ready;
}

/* ---- threads ------------------------------------------------------------- */

static void
virtual_count(struct leat__virtual *v, int more)
{
	leat__lock_take(&v->lock, v->inner);
	v->n_threads = (uint32_t)((int)v->n_threads + more);
	virtual_go_on_locked(v);
	leat__lock_drop(&v->lock, v->inner);
}

static void
virtual_thread(void *arg)
{
	struct start start = *(struct start *)arg;

	start.v->inner->free(start.v->inner, arg);
	start.fn(start.arg);
	virtual_count(start.v, -1);
}

static int
virtual_thread_start(const struct leat__env *env, struct leat__thread *thread)
{
	struct leat__virtual *v = virtual_of(env);
	struct start *start = v->inner->alloc(v->inner, sizeof(*start));
	int sys_errno;

	if (!start)
		return ENOMEM;
	*start = (struct start){v, thread->fn, thread->arg};
	thread->fn = virtual_thread;
	thread->arg = start;
	virtual_count(v, 1);
	sys_errno = v->inner->thread_start(env, thread);
	if (!sys_errno)
		return 0;
	thread->fn = start->fn;
	thread->arg = start->arg;
	v->inner->free(v->inner, start);
	virtual_count(v, -1);
	return sys_errno;
}

/* Who waits for the end of a thread waits. */
static void
virtual_thread_join(const struct leat__env *env, struct leat__thread *thread)
{
	struct leat__virtual *v = virtual_of(env);

	leat__lock_take(&v->lock, v->inner);
	v->n_waiting++;
	virtual_go_on_locked(v);
	leat__lock_drop(&v->lock, v->inner);
	v->inner->thread_join(v->inner, thread);
	leat__lock_take(&v->lock, v->inner);
	v->n_waiting--;
	leat__lock_drop(&v->lock, v->inner);
}

/* ---- life ---------------------------------------------------------------- */

int
leat__virtual_create(
	const struct leat__env *inner, struct leat__virtual **virtual_out)
{
	struct leat__virtual *v = inner->alloc(inner, sizeof(*v));

	if (!v)
		return ENOMEM;
	v->env = *inner;
	v->env.self = v;
	v->env.now_ns = virtual_now_ns;
	v->env.wall_ns = virtual_wall_ns;
	v->env.park = virtual_park;
	v->env.wake = virtual_wake;
	v->env.poll = virtual_poll;
	v->env.thread_start = virtual_thread_start;
	v->env.thread_join = virtual_thread_join;
	v->inner = inner;
	v->now_ns = inner->now_ns(inner);
	v->wall_ns = inner->wall_ns(inner) - v->now_ns;
	v->n_threads = 1;
	*virtual_out = v;
	return 0;
}

void
leat__virtual_destroy(struct leat__virtual *v)
{
	if (v)
		v->inner->free(v->inner, v);
}

const struct leat__env *
leat__virtual_env(const struct leat__virtual *v)
{
	return &v->env;
}
