/*
 * env/timer.c -- deadlines by the million, one thread, started with the first.
 *
 * A hierarchical timing wheel of eleven levels of 64 slots, whose finest slot
 * is one nanosecond: what fires needs no sorting, and no deadline is too far.
 * Keeps: an armed timer is in the slot that its deadline and the wheel's time
 * say, at the level of the highest six bits in which the two differ; so all
 * of a level is due before any of the next. No timer below the wheel's time
 * is left, but for those started late, which are in the slot of that time.
 * Threads: any starts and stops timers; one thread runs them.
 * Source: Varghese and Lauck, Hashed and Hierarchical Timing Wheels, 1987.
 */
#include <errno.h>

#include "env/env.h"

#define WHEEL_BITS   6u
#define WHEEL_SLOTS  64u  /* 2^WHEEL_BITS */
#define WHEEL_LEVELS 11u  /* times WHEEL_BITS: all bits of a deadline */
#define WHEEL_LOOK   8u   /* timers looked at to sleep until the very first */
#define WHEEL_BATCH  256u /* timers spread before others get the lock */

struct wheel {
	int64_t time_ns;
	uint32_t n;                     /* armed */
	uint32_t levels;                /* bit k: level k is not empty */
	uint64_t slots[WHEEL_LEVELS];   /* bit k: slot k is not empty */
	struct leat__timer_link spread; /* left of a slot that is spread */
	struct leat__timer_link heads[WHEEL_LEVELS * WHEEL_SLOTS];
};

struct leat__timers {
	const struct leat__env *env;
	struct leat__lock lock;      /* guards all below but the parkers */
	struct leat__timer *running; /* its fn is being called; NULL */
	uint32_t n_stopping;         /* wait for a call of fn to return */
	bool is_started;
	bool is_ending;
	int64_t now_ns;  /* the thread's last look at the clock */
	int64_t wake_ns; /* the thread sleeps until then; before all: awake */
	struct leat__parker changed;  /* the thread waits: first of the wheel */
	struct leat__parker returned; /* stop waits: end of a call of fn */
	struct leat__thread thread;
	struct wheel wheel;
};

/* ---- lists ---------------------------------------------------------------- */

static void
list_init(struct leat__timer_link *head)
{
	head->next = head;
	head->prev = head;
}

static bool
list_is_empty(const struct leat__timer_link *head)
{
	return head->next == head;
}

static void
list_push(struct leat__timer_link *head, struct leat__timer_link *link)
{
	link->next = head;
	link->prev = head->prev;
	head->prev->next = link;
	head->prev = link;
}

static void
list_remove(struct leat__timer_link *link)
{
	link->next->prev = link->prev;
	link->prev->next = link->next;
	link->next = NULL;
}

/* Put all of one list into another, which is empty. */
static void
list_move(struct leat__timer_link *to, struct leat__timer_link *from)
{
	to->next = from->next;
	to->prev = from->prev;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

static struct leat__timer *
timer_of(struct leat__timer_link *link)
{
	return leat__container_of(link, struct leat__timer, link);
}

/* ---- the wheel ------------------------------------------------------------ */

static void
wheel_mark(struct wheel *w, size_t at)
{
	w->slots[at / WHEEL_SLOTS] |= UINT64_C(1) << at % WHEEL_SLOTS;
	w->levels |= 1u << at / WHEEL_SLOTS;
}

static void
wheel_unmark(struct wheel *w, size_t at)
{
	uint64_t *slots = &w->slots[at / WHEEL_SLOTS];

	*slots &= ~(UINT64_C(1) << at % WHEEL_SLOTS);
	if (*slots == 0)
		w->levels &= ~(1u << at / WHEEL_SLOTS);
}

static bool
wheel_is_marked(const struct wheel *w, size_t at)
{
	return w->slots[at / WHEEL_SLOTS] >> at % WHEEL_SLOTS & 1;
}

/* The slot of a deadline; one that has passed counts as the wheel's time. */
static size_t
wheel_slot(const struct wheel *w, int64_t deadline_ns)
{
	uint64_t now = (uint64_t)w->time_ns;
	uint64_t at = deadline_ns > w->time_ns ? (uint64_t)deadline_ns : now;
	uint32_t highest = 63 - (uint32_t)__builtin_clzll((at ^ now) | 1);
	uint32_t level = highest / WHEEL_BITS;

	return level * WHEEL_SLOTS + (at >> level * WHEEL_BITS) % WHEEL_SLOTS;
}

static void
wheel_put(struct wheel *w, struct leat__timer *timer)
{
	size_t at = wheel_slot(w, timer->deadline_ns);

	if (!wheel_is_marked(w, at)) {
		list_init(&w->heads[at]);
		wheel_mark(w, at);
	}
	list_push(&w->heads[at], &timer->link);
}

/* Where both neighbours of a timer are one, that is the head of its list. */
static void
wheel_remove(struct wheel *w, struct leat__timer *timer)
{
	struct leat__timer_link *head = timer->link.next;
	bool is_last = head == timer->link.prev;

	list_remove(&timer->link);
	if (is_last && head != &w->spread)
		wheel_unmark(w, (size_t)(head - w->heads));
	w->n--;
}

/* The first slot; there is one. */
static size_t
wheel_first(const struct wheel *w)
{
	uint32_t level = (uint32_t)__builtin_ctz(w->levels);

	return level * WHEEL_SLOTS + (uint32_t)__builtin_ctzll(w->slots[level]);
}

/* When a slot begins that is not empty: it shares with the wheel's time what
 * is above its level. */
static int64_t
wheel_start_ns(const struct wheel *w, size_t at)
{
	uint32_t shift = (uint32_t)(at / WHEEL_SLOTS) * WHEEL_BITS;
	uint32_t top = shift + WHEEL_BITS;
	uint64_t above = top < 64 ? ~UINT64_C(0) << top : 0;

	return (int64_t)(((uint64_t)w->time_ns & above) |
		(uint64_t)(at % WHEEL_SLOTS) << shift);
}

/* Move some of a slot that has begun to where they belong now. */
static void
wheel_spread(struct wheel *w)
{
	for (uint32_t k = 0; k < WHEEL_BATCH && !list_is_empty(&w->spread);
		k++) {
		struct leat__timer_link *link = w->spread.next;

		list_remove(link);
		wheel_put(w, timer_of(link));
	}
}

/* The wheel's time comes to a slot: take its only timer if that is due, else
 * begin to spread them. NULL: it was spread. */
static struct leat__timer *
wheel_open(struct wheel *w, size_t at, int64_t now_ns)
{
	struct leat__timer_link *head = &w->heads[at];
	struct leat__timer *first = timer_of(head->next);
	bool is_sole = head->next == head->prev;

	w->time_ns = wheel_start_ns(w, at);
	if (at < WHEEL_SLOTS || (is_sole && first->deadline_ns <= now_ns)) {
		if (first->deadline_ns > w->time_ns)
			w->time_ns = first->deadline_ns;
		wheel_remove(w, first);
		return first;
	}
	list_move(&w->spread, head);
	wheel_unmark(w, at);
	wheel_spread(w);
	return NULL;
}

/*
 * Take the first timer that is due; NULL = none, or a slot is being spread.
 * A slot that has begun opens into the levels below its own, which are empty.
 */
static struct leat__timer *
wheel_take(struct wheel *w, int64_t now_ns)
{
	struct leat__timer *timer = NULL;

	wheel_spread(w);
	while (!timer && w->levels && list_is_empty(&w->spread)) {
		size_t at = wheel_first(w);

		if (wheel_start_ns(w, at) > now_ns)
			break;
		timer = wheel_open(w, at, now_ns);
	}
	if (!timer && list_is_empty(&w->spread) && now_ns > w->time_ns)
		w->time_ns = now_ns;
	return timer;
}

/* No timer is due before: the first deadline where few share its slot, else
 * the time that slot begins. */
static int64_t
wheel_next_ns(const struct wheel *w)
{
	const struct leat__timer_link *head, *link;
	int64_t next_ns = LEAT_NEVER;
	size_t at;

	if (!w->levels)
		return LEAT_NEVER;
	at = wheel_first(w);
	head = &w->heads[at];
	link = head->next;
	for (uint32_t k = 0; k < WHEEL_LOOK && link != head; k++) {
		const struct leat__timer *timer = leat__container_of(
			link, const struct leat__timer, link);

		if (timer->deadline_ns < next_ns)
			next_ns = timer->deadline_ns;
		link = link->next;
	}
	return link == head ? next_ns : wheel_start_ns(w, at);
}

/* ---- the thread ----------------------------------------------------------- */

/* What to call next, or NULL and, if it is long enough, how long to sleep. */
static struct leat__timer *
timers_next(struct leat__timers *t)
{
	struct leat__timer *timer = wheel_take(&t->wheel, t->now_ns);
	bool is_busy = !list_is_empty(&t->wheel.spread);

	if (!timer && !is_busy) {
		t->now_ns = t->env->now_ns(t->env);
		timer = wheel_take(&t->wheel, t->now_ns);
		is_busy = !list_is_empty(&t->wheel.spread);
	}
	t->running = timer;
	t->wake_ns = timer || is_busy ? INT64_MIN : wheel_next_ns(&t->wheel);
	return timer;
}

/* One call, one batch, or one sleep; false at the end. */
static bool
timers_step(struct leat__timers *t)
{
	uint32_t ticket = leat__parker_ticket(&t->changed);
	struct leat__timer *timer = NULL;
	int64_t wake_ns;
	bool is_ending, is_awaited;

	leat__lock_take(&t->lock, t->env);
	is_awaited = t->running && t->n_stopping > 0;
	is_ending = t->is_ending;
	t->running = NULL;
	if (!is_ending)
		timer = timers_next(t);
	wake_ns = t->wake_ns;
	leat__lock_drop(&t->lock, t->env);
	if (is_awaited)
		leat__parker_wake(&t->returned);
	if (timer)
		timer->fn(timer);
	else if (wake_ns != INT64_MIN && !is_ending)
		(void)leat__parker_wait(&t->changed, ticket, wake_ns);
	return !is_ending;
}

static void
timers_main(void *arg)
{
	while (timers_step(arg))
		;
}

static int
timers_start_thread(struct leat__timers *t)
{
	int sys_errno;

	if (leat__likely(t->is_started))
		return 0;
	t->now_ns = t->env->now_ns(t->env);
	t->wheel.time_ns = t->now_ns > 0 ? t->now_ns : 0;
	t->thread = (struct leat__thread){
		.fn = timers_main, .arg = t, .name = "leat-timers"};
	sys_errno = t->env->thread_start(t->env, &t->thread);
	t->is_started = sys_errno == 0;
	return sys_errno;
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
	t->wake_ns = INT64_MIN;
	list_init(&t->wheel.spread);
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
	t->env->free(t->env, t);
}

/* Under the lock. true: the thread must be woken; it is once for each sleep,
 * and again only for what is earlier still. */
static bool
timers_put(struct leat__timers *t, struct leat__timer *timer)
{
	wheel_put(&t->wheel, timer);
	t->wheel.n++;
	if (timer->deadline_ns >= t->wake_ns)
		return false;
	t->wake_ns = timer->deadline_ns;
	return true;
}

int
leat__timer_start(struct leat__timers *timers, struct leat__timer *timer)
{
	struct leat__timers *t = timers;
	bool must_wake = false;
	int sys_errno;

	leat__lock_take(&t->lock, t->env);
	LEAT_ASSERT(!timer->link.next);
	sys_errno = timers_start_thread(t);
	if (!sys_errno)
		must_wake = timers_put(t, timer);
	leat__lock_drop(&t->lock, t->env);
	if (must_wake)
		leat__parker_wake(&t->changed);
	return sys_errno;
}

bool
leat__timer_reset(struct leat__timers *timers, struct leat__timer *timer,
	int64_t deadline_ns)
{
	struct leat__timers *t = timers;
	bool must_wake = false;
	bool is_armed;

	leat__lock_take(&t->lock, t->env);
	is_armed = timer->link.next != NULL;
	if (is_armed) {
		wheel_remove(&t->wheel, timer);
		timer->deadline_ns = deadline_ns;
	}
	if (is_armed && deadline_ns != LEAT_NEVER)
		must_wake = timers_put(t, timer);
	leat__lock_drop(&t->lock, t->env);
	if (must_wake)
		leat__parker_wake(&t->changed);
	return is_armed;
}

bool
leat__timer_stop(struct leat__timers *timers, struct leat__timer *timer)
{
	struct leat__timers *t = timers;
	bool was_armed = false;
	bool has_waited = false;

	for (;;) {
		uint32_t ticket = leat__parker_ticket(&t->returned);
		bool is_armed, is_running;

		leat__lock_take(&t->lock, t->env);
		is_armed = timer->link.next != NULL;
		is_running = t->running == timer;
		if (is_armed)
			wheel_remove(&t->wheel, timer);
		t->n_stopping += (is_running ? 1u : 0u);
		t->n_stopping -= (has_waited ? 1u : 0u);
		leat__lock_drop(&t->lock, t->env);
		was_armed = was_armed || is_armed;
		if (!is_running)
			return was_armed;
		has_waited = true;
		(void)leat__parker_wait(&t->returned, ticket, LEAT_NEVER);
	}
}

uint32_t
leat__timers_count(struct leat__timers *timers)
{
	uint32_t n;

	leat__lock_take(&timers->lock, timers->env);
	n = timers->wheel.n;
	leat__lock_drop(&timers->lock, timers->env);
	return n;
}
