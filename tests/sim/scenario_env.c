/*
 * sim/scenario_env.c -- lock, parker, sides, timers.
 */
#include "env/side.h"
#include "scenario.h"

/* ---- lock ------------------------------------------------------------------- */

struct lock_state {
	struct leat__lock lock;
	uint32_t n; /* guarded by lock, and not atomic on purpose */
	uint32_t n_inside;
};

static void
lock_twice(void *arg)
{
	struct lock_state *s = arg;

	for (int k = 0; k < 2; k++) {
		leat__lock_take(&s->lock, sim_env());
		SIM_CHECK(s->n_inside++ == 0);
		leat__store_relaxed(&s->n, leat__load_relaxed(&s->n) + 1);
		SIM_CHECK(--s->n_inside == 0);
		leat__lock_drop(&s->lock, sim_env());
	}
}

/* Three threads take one lock: one at a time holds it, and all get it. */
static void
lock_by_three(void *user)
{
	struct lock_state s = {0};
	struct sim_thread *a, *b;

	(void)user;
	sim_name(&s.lock, sizeof(s.lock), "lock");
	a = sim_go("a", lock_twice, &s);
	b = sim_go("b", lock_twice, &s);
	lock_twice(&s);
	sim_join(a);
	sim_join(b);
	SIM_CHECK(s.n == 6);
	SIM_CHECK(s.lock.word == 0);
}

/* The holder sleeps, so that the others spin to the end and park. */
static void
lock_and_sleep(void *arg)
{
	struct lock_state *s = arg;

	leat__lock_take(&s->lock, sim_env());
	SIM_CHECK(s->n_inside++ == 0);
	sim_sleep_until(leat_now_ns() + 1000);
	s->n++;
	SIM_CHECK(--s->n_inside == 0);
	leat__lock_drop(&s->lock, sim_env());
}

static void
lock_parked(void *user)
{
	struct lock_state s = {0};
	struct sim_thread *a, *b;

	(void)user;
	sim_name(&s.lock, sizeof(s.lock), "lock");
	a = sim_go("a", lock_and_sleep, &s);
	b = sim_go("b", lock_and_sleep, &s);
	lock_and_sleep(&s);
	sim_join(a);
	sim_join(b);
	SIM_CHECK(s.n == 3);
}

/* ---- parker ----------------------------------------------------------------- */

struct park_state {
	struct leat__parker parker;
	uint32_t n_ready; /* atomic */
	uint32_t n_taken; /* of the parking thread */
};

static bool
park_must_go_on(void *user)
{
	const struct park_state *s = user;

	return s->n_ready > s->n_taken;
}

static void
park_make_ready(void *arg)
{
	struct park_state *s = arg;

	for (int k = 0; k < 2; k++) {
		leat__add_relaxed(&s->n_ready, 1);
		leat__parker_wake(&s->parker);
	}
}

static int
park_until(struct park_state *s, uint32_t n, int64_t deadline_ns)
{
	int rc = 0;

	while (rc == 0) {
		uint32_t ticket = leat__parker_ticket(&s->parker);

		if (leat__load_acquire(&s->n_ready) >= n)
			return 0;
		rc = leat__parker_wait(&s->parker, ticket, deadline_ns);
	}
	return rc;
}

static void
park_begin(struct park_state *s)
{
	leat__parker_init(&s->parker, sim_env());
	sim_name(s, sizeof(*s), "parker");
	sim_watch(&s->parker.count.counter, park_must_go_on, s);
}

static void
park_wake(void *user)
{
	struct park_state s = {0};
	struct sim_thread *a;

	(void)user;
	park_begin(&s);
	a = sim_go("waker", park_make_ready, &s);
	for (; s.n_taken < 2; s.n_taken++)
		SIM_CHECK(park_until(&s, s.n_taken + 1, LEAT_NEVER) == 0);
	sim_join(a);
}

/* The deadline may come first or second, but nothing is lost. */
static void
park_wake_deadline(void *user)
{
	struct park_state s = {0};
	struct sim_thread *a;
	int64_t deadline_ns = leat_now_ns() + 5000;
	int rc;

	(void)user;
	park_begin(&s);
	a = sim_go("waker", park_make_ready, &s);
	rc = park_until(&s, 1, deadline_ns);
	SIM_CHECK(rc == 0 || leat_now_ns() >= deadline_ns);
	sim_join(a);
	s.n_taken = 2;
	SIM_CHECK(park_until(&s, 2, LEAT_NEVER) == 0);
}

static void
park_other(void *arg)
{
	SIM_CHECK(park_until(arg, 2, LEAT_NEVER) == 0);
}

/* A wake ends the waits of all. */
static void
park_two_wake(void *user)
{
	struct park_state s = {0};
	struct sim_thread *a, *b;

	(void)user;
	park_begin(&s);
	a = sim_go("waker", park_make_ready, &s);
	b = sim_go("parker", park_other, &s);
	SIM_CHECK(park_until(&s, 2, LEAT_NEVER) == 0);
	sim_join(a);
	sim_join(b);
}

/* ---- sides ------------------------------------------------------------------ */

#define SIDE_THINGS 3u

struct side_state {
	struct leat__side side;
	uint32_t n_there; /* atomic */
	uint32_t n_taken; /* atomic */
};

static bool
side_is_behind(void *user)
{
	const struct side_state *s = user;

	return s->n_there > s->n_taken;
}

static void
side_await(struct side_state *s, uint32_t n)
{
	struct leat__waiter waiter;
	struct leat__arm arm = {.waiter = &waiter, .is_off = 1};

	leat__waiter_init(&waiter, sim_env());
	leat__side_arm(&s->side, &arm, n);
	if (leat__load_seq(&s->n_there) >= n)
		leat__waiter_leave(&waiter);
	else
		leat__waiter_wait(&waiter, LEAT_NEVER);
	leat__side_disarm(&s->side, &arm);
}

static void
side_tell(void *arg)
{
	struct side_state *s = arg;

	for (uint32_t n = 1; n <= SIDE_THINGS; n++) {
		leat__store_release(&s->n_there, n);
		leat__side_tell(&s->side, 1);
	}
}

/*
 * Of waits that follow each other closely the first switches fences on, by a
 * barrier, and the next ones trust in them. Each must end by the thing that it
 * is for, for nothing is told again. Four turns at the right places are needed
 * for some defects, so it is run more often than others.
 */
static void
side_switch(bool is_many)
{
	struct side_state s = {0};
	struct sim_thread *teller;

	leat__side_init(&s.side, sim_env(), is_many, false, NULL);
	sim_watch(NULL, side_is_behind, &s);
	teller = sim_go("teller", side_tell, &s);
	for (uint32_t n = 1; n <= SIDE_THINGS; n++) {
		do
			side_await(&s, n);
		while (leat__load_seq(&s.n_there) < n);
		leat__store_relaxed(&s.n_taken, n);
	}
	sim_join(teller);
}

static void
side_switch_one(void *user)
{
	(void)user;
	side_switch(false);
}

static void
side_switch_many(void *user)
{
	(void)user;
	side_switch(true);
}

/* ---- timers ----------------------------------------------------------------- */

struct timer_state {
	struct leat__timers *timers;
	struct leat__timer timer;
	uint32_t n_fired; /* atomic */
	uint32_t is_gone; /* the timer's memory is no longer its */
};

static void
timer_fire(struct leat__timer *timer)
{
	struct timer_state *s =
		leat__container_of(timer, struct timer_state, timer);

	SIM_CHECK(!s->is_gone);
	leat__add_relaxed(&s->n_fired, 1);
}

/* Either it is stopped or it has fired, once, when stop returns. */
static void
timer_stop(void *user)
{
	struct timer_state s = {0};
	bool is_stopped;

	(void)user;
	SIM_CHECK(leat__timers_create(sim_env(), &s.timers) == 0);
	s.timer.deadline_ns = leat_now_ns() + 200;
	s.timer.fn = timer_fire;
	SIM_CHECK(leat__timer_start(s.timers, &s.timer) == 0);
	is_stopped = leat__timer_stop(s.timers, &s.timer);
	s.is_gone = 1;
	SIM_CHECK(s.n_fired == (is_stopped ? 0 : 1));
	leat__timers_destroy(s.timers);
	SIM_CHECK(s.n_fired == (is_stopped ? 0 : 1));
}

static void
timer_start_other(void *arg)
{
	struct timer_state *s = arg;

	s->timer.deadline_ns = leat_now_ns() + 100;
	s->timer.fn = timer_fire;
	SIM_CHECK(leat__timer_start(s->timers, &s->timer) == 0);
}

/* An earlier timer is started while the thread sleeps for a later one. */
static void
timer_earlier(void *user)
{
	struct timer_state late = {0}, early = {0};
	struct sim_thread *a;

	(void)user;
	SIM_CHECK(leat__timers_create(sim_env(), &late.timers) == 0);
	early.timers = late.timers;
	late.timer.deadline_ns = leat_now_ns() + 1000000000;
	late.timer.fn = timer_fire;
	SIM_CHECK(leat__timer_start(late.timers, &late.timer) == 0);
	a = sim_go("starter", timer_start_other, &early);
	sim_join(a);
	while (!leat__load_relaxed(&early.n_fired))
		sim_sleep_until(leat_now_ns() + 10000);
	leat__timer_stop(late.timers, &late.timer);
	leat__timers_destroy(late.timers);
}

const struct sim_scenario scenarios_env[] = {
	{.name = "lock",
		.idea = "three threads, one lock",
		.run = lock_by_three},
	{.name = "lock_parked",
		.idea = "the holder sleeps, the others park",
		.run = lock_parked},
	{.name = "park_wake",
		.idea = "park against wake, twice",
		.run = park_wake},
	{.name = "park_wake_deadline",
		.idea = "park against wake and deadline",
		.run = park_wake_deadline},
	{.name = "park_two_wake",
		.idea = "two park, one wakes",
		.run = park_two_wake},
	{.name = "side_switch_one",
		.idea = "fences are switched on by who waits",
		.run = side_switch_one,
		.runs_per_mille = 5000},
	{.name = "side_switch_many",
		.idea = "the same, many at the side",
		.run = side_switch_many,
		.runs_per_mille = 5000},
	{.name = "timer_stop",
		.idea = "a timer fires while it is stopped",
		.run = timer_stop},
	{.name = "timer_earlier",
		.idea = "an earlier timer comes later",
		.run = timer_earlier},
	{0},
};
