/*
 * env/side.c -- arms and sides: who waits at a channel, and who tells them.
 *
 * Keeps: who arms looks again afterwards; who tells looks for arms after it
 * has stored what it tells of. One of the two sees the other: by the fence of
 * who tells, or by the barrier of who arms.
 * An arm that a teller holds (one end) is let go by is_off; a strand or a mark
 * is off by the exchange itself; a list (many ends) is touched under its lock
 * only.
 * Threads: any. Source: barriers as in Dice, Huang and Yang, Asymmetric Dekker
 * Synchronization, 2001.
 */
#include <ck_pr.h>

#include "env/side.h"

/* A wait that begins after fewer things than this passed is paid by fences of
 * who tells (10 ns each), one after more than SELDOM by a barrier (500 ns). */
#define WAIT_OFTEN  64
#define WAIT_SELDOM 256
#define WAIT_MANY   8 /* waits beside others, then one decides */
#define WAIT_SPINS  64
#define WAIT_WAKES  16 /* collected under the lock at once */

/* ---- fences -------------------------------------------------------------------- */

/* Does somebody wait here besides the one that was put on? */
static bool
side_has_others(const struct leat__side *side)
{
	return side->is_many && side->first != side->last;
}

/*
 * How the next waits are to be paid: by how many things pass between two waits.
 * Many who find nothing there do so together, and the later ones of them would
 * see that nothing has passed: they count, but the next one that comes alone
 * decides, by the mean; or the last of some, where nobody ever is alone.
 */
static uint32_t
side_choose(struct leat__side *side, uint32_t is_fenced, uint64_t position)
{
	uint64_t passed;

	side->n_waits++;
	if (side_has_others(side) && side->n_waits < WAIT_MANY)
		return is_fenced;
	passed = (position - side->last_position) / side->n_waits;
	side->n_waits = 0;
	side->last_position = position;
	if (is_fenced == LEAT__SIDE_UNFENCED && passed < WAIT_OFTEN)
		return LEAT__SIDE_FENCING +
			LEAT__SIDE_ANOTHER * side->n_switched++;
	if (is_fenced == LEAT__SIDE_FENCED && passed > WAIT_SELDOM)
		return LEAT__SIDE_UNFENCED;
	return is_fenced;
}

/*
 * An arm was put on. If it stays at FENCED, tellers have fenced ever since the
 * barrier of who switched it on. Else a barrier makes up for the fence that a
 * teller may not have made.
 */
static void
side_pay(struct leat__side *side, uint32_t chosen)
{
	uint32_t fencing = chosen;
	int sys_errno;

	if (chosen == LEAT__SIDE_FENCED)
		return;
	sys_errno = side->env->barrier(side->env);
	/* it worked when the side was made; a filter of system calls that is
	 * put in place later must let membarrier through */
	LEAT_INVARIANT(sys_errno == 0);
	/* pairs with leat__side_tell */
	if ((chosen & LEAT__SIDE_MODE) == LEAT__SIDE_FENCING)
		leat__cas_seq(&side->is_fenced, &fencing,
			(uint32_t)LEAT__SIDE_FENCED);
}

void
leat__side_relax(struct leat__side *side, uint64_t position)
{
	uint32_t fenced = LEAT__SIDE_FENCED;

	LEAT_ASSERT(!side->is_many);
	if (side->is_always_fenced ||
		position - side->last_position <= WAIT_SELDOM)
		return;
	/* pairs with leat__side_tell; the next wait here sees it, and runs a
	 * barrier */
	leat__cas_seq(&side->is_fenced, &fenced, (uint32_t)LEAT__SIDE_UNFENCED);
}

/* Under the lock, or the only waiter; after the arm was put on. */
static uint32_t
side_settle(struct leat__side *side, uint64_t position)
{
	uint32_t is_fenced, chosen;

	if (side->is_always_fenced)
		return LEAT__SIDE_FENCED;
	/* pairs with the exchange in side_pay */
	is_fenced = leat__load_seq(&side->is_fenced);
	chosen = side_choose(side, is_fenced, position);
	if (chosen == is_fenced)
		return chosen;
	/* pairs with leat__side_tell; who had read FENCED before this has put
	 * its arm on before, so a teller that reads this sees that arm */
	leat__cas_seq(&side->is_fenced, &is_fenced, chosen);
	return chosen;
}

/* ---- lists --------------------------------------------------------------------- */

static void
side_count(struct leat__side *side, bool is_one_more)
{
	/* pairs with the load in leat__side_tell */
	if (is_one_more)
		leat__add_seq(&side->waiting, 1u);
	else
		leat__sub_seq(&side->waiting, 1u);
}

void
leat__side_push_locked(struct leat__side *side, struct leat__arm *arm)
{
	arm->is_off = 0;
	arm->next = NULL;
	arm->prev = side->last;
	if (side->last)
		side->last->next = arm;
	else
		side->first = arm;
	side->last = arm;
	side_count(side, true);
}

void
leat__side_remove_locked(struct leat__side *side, struct leat__arm *arm)
{
	if (arm->is_off)
		return;
	if (arm->prev)
		arm->prev->next = arm->next;
	else
		side->first = arm->next;
	if (arm->next)
		arm->next->prev = arm->prev;
	else
		side->last = arm->prev;
	arm->is_off = 1;
	side_count(side, false);
}

struct leat__arm *
leat__side_claim_locked(
	struct leat__side *side, uint32_t flag, struct leat__wakeup *wakeup_out)
{
	struct leat__arm *arm;

	while ((arm = side->first)) {
		leat__side_remove_locked(side, arm);
		if (leat__waiter_claim_quietly(
			    arm->waiter, flag | arm->index, wakeup_out))
			return arm;
	}
	return NULL;
}

/* Claim up to n, in turns, so that nobody is woken under the lock. */
static void
side_wake_many(struct leat__side *side, uint32_t n)
{
	struct leat__wakeup wakeups[WAIT_WAKES];
	uint32_t n_claimed;

	do {
		uint32_t n_now = n < WAIT_WAKES ? n : WAIT_WAKES;

		n_claimed = 0;
		leat__lock_take(side->lock, side->env);
		while (n_claimed < n_now &&
			leat__side_claim_locked(
				side, LEAT__TOKEN_HINT, &wakeups[n_claimed]))
			n_claimed++;
		leat__lock_drop(side->lock, side->env);
		for (uint32_t k = 0; k < n_claimed; k++)
			leat__wakeup_do(&wakeups[k]);
		n -= n_claimed;
	} while (n > 0 && n_claimed == WAIT_WAKES);
}

/* ---- one arm ------------------------------------------------------------------- */

/* It is ours alone: the exchange took it off. */
static void
side_ready(uint64_t word)
{
	struct leat__strand *strand =
		(struct leat__strand *)(uintptr_t)(word & ~LEAT__SIDE_STRAND);

	strand->ready(strand);
}

/* The same of an arm, until is_off. */
static void
side_claim(struct leat__arm *arm)
{
	struct leat__wakeup wakeup;
	bool is_claimed = leat__waiter_claim_quietly(
		arm->waiter, LEAT__TOKEN_HINT | arm->index, &wakeup);

	/* release: pairs with the acquire in side_disarm_the_one */
	leat__store_release(&arm->is_off, 1u);
	if (is_claimed)
		leat__wakeup_do(&wakeup);
}

/* The half of waiting in which the mark of a thread is. */
static const uint32_t *
side_futex(const struct leat__side *side)
{
	const uint32_t *halves = (const void *)&side->waiting;

	return &halves[__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__];
}

/* Before the exchange, for afterwards the side may be gone. Of two who try,
 * either's. */
static void
side_stamp(struct leat__side *side)
{
	if (side->is_timed &&
		leat__load_relaxed(&side->waiting) == LEAT__SIDE_THREAD)
		leat__store_relaxed(
			&side->told_ns, side->env->now_ns(side->env));
}

static void
side_wake_the_one(struct leat__side *side)
{
	const struct leat__env *env = side->env;
	uint64_t word;

	side_stamp(side);
	/* pairs with the exchanges in side_put and side_take_off */
	word = leat__swap_seq(&side->waiting, (uint64_t)0);
	if (word == LEAT__SIDE_THREAD)
		/* if it is gone by now, that is a wake for nothing */
		env->wake(env, side_futex(side));
	else if (word & LEAT__SIDE_STRAND)
		side_ready(word);
	else if (word)
		side_claim((struct leat__arm *)(uintptr_t)word);
}

static bool
side_put(struct leat__side *side, uint64_t word)
{
	uint64_t nobody = 0;

	/* pairs with the loads in leat__side_tell */
	return leat__cas_seq(&side->waiting, &nobody, word);
}

/* false: it was not on, or has been taken. */
static bool
side_take_off(struct leat__side *side, uint64_t word)
{
	/* pairs with the exchange in side_wake_the_one */
	return leat__cas_seq(&side->waiting, &word, (uint64_t)0);
}

static bool
side_arm_the_one(struct leat__side *side, struct leat__arm *arm)
{
	arm->is_off = 0;
	if (side_put(side, (uint64_t)(uintptr_t)arm))
		return true;
	/* the same select is there already by another case */
	arm->is_off = 1;
	return false;
}

static void
side_disarm_the_one(struct leat__side *side, struct leat__arm *arm)
{
	/* acquire: pairs with the release in side_claim */
	if (leat__load_acquire(&arm->is_off))
		return;
	if (side_take_off(side, (uint64_t)(uintptr_t)arm))
		return;
	/* acquire: pairs with the release in side_claim, which is a few
	 * instructions away from it */
	for (uint32_t k = 1; !leat__load_acquire(&arm->is_off); k++) {
		ck_pr_stall();
		if (k % WAIT_SPINS == 0)
			side->env->yield(side->env);
	}
}

/* ---- sides --------------------------------------------------------------------- */

void
leat__side_init(struct leat__side *side, const struct leat__env *env,
	bool is_many, bool is_fenced, struct leat__lock *lock)
{
	*side = (struct leat__side){.env = env, .is_many = is_many};
	side->lock = lock ? lock : &side->own;
	if (!is_fenced && env->barrier(env) == 0)
		return;
	side->is_always_fenced = 1;
	side->is_fenced = LEAT__SIDE_FENCED;
}

void
leat__side_arm(
	struct leat__side *side, struct leat__arm *arm, uint64_t position)
{
	uint32_t chosen;

	if (side->is_many) {
		leat__lock_take(side->lock, side->env);
		leat__side_push_locked(side, arm);
		chosen = side_settle(side, position);
		leat__lock_drop(side->lock, side->env);
	} else {
		if (!side_arm_the_one(side, arm))
			return;
		chosen = side_settle(side, position);
	}
	side_pay(side, chosen);
}

static inline uint64_t
side_strand(const struct leat__strand *strand)
{
	return (uint64_t)(uintptr_t)strand | LEAT__SIDE_STRAND;
}

bool
leat__side_rest(
	struct leat__side *side, struct leat__strand *strand, uint64_t position)
{
	if (side->is_many || !strand->rest)
		return false;
	/* published by the exchange; pairs with the load of who runs it */
	leat__store_relaxed(&strand->is_away, 0u);
	if (!side_put(side, side_strand(strand)))
		return false;
	side_pay(side, side_settle(side, position));
	return true;
}

bool
leat__side_unrest(struct leat__side *side, struct leat__strand *strand)
{
	return side_take_off(side, side_strand(strand));
}

bool
leat__side_doze(struct leat__side *side, uint64_t position)
{
	if (side->is_many)
		return false;
	if (side->is_timed)
		/* published by the exchange; pairs with side_stamp */
		leat__store_relaxed(&side->told_ns, 0);
	if (!side_put(side, LEAT__SIDE_THREAD))
		return false;
	side_pay(side, side_settle(side, position));
	return true;
}

void
leat__side_undoze(struct leat__side *side)
{
	(void)side_take_off(side, LEAT__SIDE_THREAD);
}

int64_t
leat__side_sleep(struct leat__side *side)
{
	const struct leat__env *env = side->env;
	int64_t told_ns;

	/* acquire: pairs with the exchange in side_wake_the_one */
	while (leat__load_acquire(&side->waiting) == LEAT__SIDE_THREAD)
		env->park(env, side_futex(side), (uint32_t)LEAT__SIDE_THREAD,
			LEAT_NEVER);
	if (!side->is_timed)
		return -1;
	told_ns = leat__load_relaxed(&side->told_ns);
	return told_ns ? env->now_ns(env) - told_ns : -1;
}

void
leat__side_disarm(struct leat__side *side, struct leat__arm *arm)
{
	if (!side->is_many) {
		side_disarm_the_one(side, arm);
		return;
	}
	leat__lock_take(side->lock, side->env);
	leat__side_remove_locked(side, arm);
	leat__lock_drop(side->lock, side->env);
}

void
leat__side_wake(struct leat__side *side, uint32_t n)
{
	if (side->is_many)
		side_wake_many(side, n);
	else
		side_wake_the_one(side);
}

void
leat__side_tell_fenced(struct leat__side *side, uint32_t n)
{
	/* where one may wait, the exchange that takes it is the fence */
	if (!side->is_many) {
		side_wake_the_one(side);
		return;
	}
	leat__fence_seq();
	if (leat__load_seq(&side->waiting) != 0)
		side_wake_many(side, n);
}

void
leat__side_wake_all(struct leat__side *side)
{
	leat__fence_seq();
	leat__side_wake(side, UINT32_MAX);
}

int
leat__side_await(struct leat__side *side, bool (*holds)(const void *what),
	const void *what, int64_t deadline_ns, const char *says)
{
	struct leat__waiter waiter;
	struct leat__arm arm = {.waiter = &waiter};

	while (!holds(what)) {
		uint32_t token = LEAT__TOKEN_LEFT;

		leat__waiter_init(&waiter, side->env);
		waiter.what = says;
		leat__side_arm(side, &arm, 0);
		if (!holds(what))
			token = leat__waiter_wait(&waiter, deadline_ns);
		leat__side_disarm(side, &arm);
		if (token == LEAT__TOKEN_DEADLINE && !holds(what))
			return LEAT_ETIMEDOUT;
	}
	return LEAT_OK;
}
