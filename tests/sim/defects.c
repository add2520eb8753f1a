/*
 * sim/defects.c -- broken programs that the simulator must find.
 *
 * Each is a small copy of something the library does, with one thing left out.
 * It passes if the defect is found in the runs, with the right verdict; those
 * that only store buffers show must not be found without them.
 */
#include "scenario.h"

/* ---- a parker that does not look once more ------------------------------------ */

struct park_state {
	uint32_t word;     /* atomic */
	uint32_t is_ready; /* atomic */
	uint32_t is_armed; /* atomic */
};

static bool
park_is_ready(void *user)
{
	const struct park_state *s = user;

	return s->is_ready != 0;
}

static void
park_wake_unarmed(void *arg)
{
	struct park_state *s = arg;

	leat__store_seq(&s->is_ready, 1u);
	if (leat__load_seq(&s->is_armed)) {
		leat__add_seq(&s->word, 1u);
		sim_env()->wake(sim_env(), &s->word);
	}
}

static void
park_without_look(void *user)
{
	static struct park_state s;
	uint32_t ticket;

	(void)user;
	s = (struct park_state){0};
	sim_watch(&s.word, park_is_ready, &s);
	sim_go("waker", park_wake_unarmed, &s);
	if (leat__load_acquire(&s.is_ready))
		return;
	leat__store_seq(&s.is_armed, 1u);
	ticket = leat__load_acquire(&s.word); /* and no look at is_ready */
	sim_env()->park(sim_env(), &s.word, ticket, LEAT_NEVER);
}

/* ---- flag and look on both sides, without a fence on one ------------------------ */

static void
fence_wake(void *arg)
{
	struct park_state *s = arg;

	leat__store_release(&s->is_ready, 1u);
	/* the fence that belongs here is missing */
	if (leat__load_relaxed(&s->is_armed)) {
		leat__add_seq(&s->word, 1u);
		sim_env()->wake(sim_env(), &s->word);
	}
}

static void
fence_missing(void *user)
{
	static struct park_state s;
	uint32_t ticket;

	(void)user;
	s = (struct park_state){0};
	sim_watch(&s.word, park_is_ready, &s);
	sim_go("waker", fence_wake, &s);
	ticket = leat__load_acquire(&s.word);
	leat__store_seq(&s.is_armed, 1u);
	if (!leat__load_acquire(&s.is_ready))
		sim_env()->park(sim_env(), &s.word, ticket, LEAT_NEVER);
}

/* Dekker's entry: both would be inside. */
struct entry_state {
	uint32_t wants[2]; /* atomic */
	uint32_t n_inside; /* of plain memory */
};

static void
entry_try(struct entry_state *s, int me)
{
	leat__store_release(&s->wants[me], 1u);
	if (!leat__load_acquire(&s->wants[1 - me])) {
		SIM_CHECK(s->n_inside++ == 0);
		leat__load_relaxed(&s->wants[me]);
		s->n_inside--;
	}
	leat__store_release(&s->wants[me], 0u);
}

static void
entry_other(void *arg)
{
	entry_try(arg, 1);
}

static void
entry_without_fence(void *user)
{
	static struct entry_state s;

	(void)user;
	s = (struct entry_state){0};
	sim_go("other", entry_other, &s);
	entry_try(&s, 0);
}

/* ---- a lock that forgets a wake -------------------------------------------------- */

struct lock_state {
	uint32_t word; /* 0 free, 1 held, 2 held and somebody may be parked */
};

static void
lock_take(struct lock_state *s)
{
	uint32_t was = 0;

	if (leat__cas_acq_rel(&s->word, &was, 1u))
		return;
	/* 1 in the place of 2: who takes it after a wait wakes nobody */
	while (leat__swap_acq_rel(&s->word, was = 2u) != 0)
		sim_env()->park(sim_env(), &s->word, 2, LEAT_NEVER);
	leat__store_relaxed(&s->word, 1u);
}

static void
lock_drop(struct lock_state *s)
{
	if (leat__swap_acq_rel(&s->word, 0u) == 2)
		sim_env()->wake(sim_env(), &s->word);
}

static void
lock_once(void *arg)
{
	lock_take(arg);
	lock_drop(arg);
}

static void
lock_forgets(void *user)
{
	static struct lock_state s;

	(void)user;
	s.word = 0;
	sim_go("a", lock_once, &s);
	sim_go("b", lock_once, &s);
	lock_once(&s);
}

/* ---- the last of two frees twice ------------------------------------------------- */

struct counted {
	uint32_t refs; /* atomic */
	void *memory;
};

static void
counted_release(void *arg)
{
	struct counted *c = arg;

	leat__sub_acq_rel(&c->refs, 1u);
	if (leat__load_acquire(&c->refs) == 0) /* what sub said is the truth */
		sim_env()->free(sim_env(), c->memory);
}

static void
free_twice(void *user)
{
	static struct counted c;

	(void)user;
	c = (struct counted){2, sim_env()->alloc(sim_env(), 1)};
	sim_go("other", counted_release, &c);
	counted_release(&c);
}

/* ---- a count that is read and written in two steps -------------------------------- */

static void
count_in_two_steps(void *arg)
{
	uint32_t *n = arg;

	leat__store_relaxed(n, leat__load_relaxed(n) + 1);
}

static void
count_lost(void *user)
{
	uint32_t n = 0;
	struct sim_thread *a;

	(void)user;
	a = sim_go("other", count_in_two_steps, &n);
	count_in_two_steps(&n);
	sim_join(a);
	SIM_CHECK(n == 2);
}

/* ---- two locks in two orders -------------------------------------------------------- */

struct two_locks {
	struct leat__lock a, b;
};

static void
locks_backwards(void *arg)
{
	struct two_locks *s = arg;

	leat__lock_take(&s->b, sim_env());
	leat__lock_take(&s->a, sim_env());
	leat__lock_drop(&s->a, sim_env());
	leat__lock_drop(&s->b, sim_env());
}

static void
locks_crossed(void *user)
{
	static struct two_locks s;

	(void)user;
	s = (struct two_locks){0};
	sim_name(&s.a, sizeof(s.a), "lock a");
	sim_name(&s.b, sizeof(s.b), "lock b");
	sim_go("backwards", locks_backwards, &s);
	leat__lock_take(&s.a, sim_env());
	leat__lock_take(&s.b, sim_env());
	leat__lock_drop(&s.b, sim_env());
	leat__lock_drop(&s.a, sim_env());
}

/* ---- memory that is forgotten, and an endless loop ----------------------------------- */

static void
memory_leaks(void *user)
{
	(void)user;
	(void)!sim_env()->alloc(sim_env(), 1);
}

static void
loop_for_ever(void *user)
{
	uint32_t never = 0;

	(void)user;
	while (!leat__load_relaxed(&never))
		sim_env()->yield(sim_env());
}

static void
invariant_broken(void *user)
{
	uint32_t n = 0;

	(void)user;
	LEAT_INVARIANT(leat__add_relaxed(&n, 1u) == 1);
}

const struct sim_scenario scenarios_defects[] = {
	{.name = "defect_park_without_look",
		.idea = "armed, and no second look",
		.run = park_without_look,
		.finds = SIM_LOST_WAKE},
	{.name = "defect_fence_missing",
		.idea = "wake without a fence",
		.run = fence_missing,
		.finds = SIM_LOST_WAKE,
		.is_tso_only = true},
	{.name = "defect_entry_without_fence",
		.idea = "Dekker without a fence",
		.run = entry_without_fence,
		.finds = SIM_FAILED,
		.is_tso_only = true},
	{.name = "defect_lock_forgets",
		.idea = "a lock forgets who is parked",
		.run = lock_forgets,
		.finds = SIM_DEADLOCK},
	{.name = "defect_free_twice",
		.idea = "the last of two frees twice",
		.run = free_twice,
		.finds = SIM_BAD_FREE},
	{.name = "defect_count_lost",
		.idea = "load and store for an add",
		.run = count_lost,
		.finds = SIM_FAILED},
	{.name = "defect_locks_crossed",
		.idea = "two locks in two orders",
		.run = locks_crossed,
		.finds = SIM_DEADLOCK},
	{.name = "defect_leak",
		.idea = "memory is not given back",
		.run = memory_leaks,
		.finds = SIM_LEAK},
	{.name = "defect_loop",
		.idea = "nobody ends the loop",
		.run = loop_for_ever,
		.finds = SIM_LIVELOCK},
	{.name = "defect_invariant",
		.idea = "an invariant does not hold",
		.run = invariant_broken,
		.finds = SIM_ABORTED},
	{0},
};
