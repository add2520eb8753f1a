/*
 * env/side.h -- where waiters are found: the two sides of a channel.
 *
 * An arm is a waiter's (env/waiter.h) entry at one side of one channel; a
 * select has several.
 *
 * Keeps: what a side was told after an arm was put there claims that waiter or
 * another one; an arm that was taken off is not touched any more.
 * tests/model/wake.pml, select.pml and fiber.pml are the proofs.
 */
#ifndef LEAT_SRC_ENV_SIDE_H
#define LEAT_SRC_ENV_SIDE_H

#include "base/atomic.h"
#include "base/base.h"
#include "env/env.h"
#include "env/waiter.h"

/* ---- sides: where waiters are found ------------------------------------------- */

/* A waiter's entry at a side; on its stack, or in a select's case. */
struct leat__arm {
	struct leat__waiter *waiter;
	uint32_t index;         /* in its token when it is claimed */
	uint32_t is_off;        /* atomic: 0 on or being looked at, 1 let go */
	struct leat__arm *next; /* many; and in a rendezvous */
	struct leat__arm *prev;
	void *item; /* of a rendezvous */
};

/*
 * One side of a channel: the receivers (told of items) or the senders (told
 * of credit). With one end there is at most one arm, in waiting itself; with
 * many, waiting is their number and the list is under the lock.
 *
 * is_fenced: who tells must fence between what it did and the look at waiting.
 * 0: it need not, because who waits runs a barrier on all threads. That pays
 * when waits are rare. Only those change it who wait here, or might.
 */
struct leat__side {
	/* one line: all that goes to and fro between who waits and who tells */
	uint64_t waiting; /* atomic: 0 = nobody; an arm, a strand, a thread, or
			   * a number */
	uint32_t is_fenced;  /* atomic: enum leat__side_fence, and a number */
	uint32_t n_switched; /* times it began to fence; in that number */
	uint16_t is_many;    /* constant, as the next two */
	uint8_t is_always_fenced;
	uint8_t is_timed; /* who sleeps here notes how late it runs */
	struct leat__lock own;
	const struct leat__env *env;
	struct leat__lock *lock; /* guards the list; own, or a shared one */
	struct leat__arm *first;
	struct leat__arm *last;
	uint64_t last_position; /* of the waited for at the last wait, or when
				 * one of many chose last */

	uint32_t n_waits; /* since then */

	/* spins */
	uint32_t n_to_park;    /* atomic: waits that shall not spin first */
	uint32_t n_vain_spins; /* atomic: in a row */
	uint32_t wake_ns;      /* atomic: how late who is woken runs */
	int64_t told_ns;       /* atomic: when who sleeps was; 0 = not known */
};

enum leat__side_fence {
	LEAT__SIDE_UNFENCED = 0,
	LEAT__SIDE_FENCED,
	/* Being switched on: who waits runs a barrier. Each time another
	 * number, so that a late barrier cannot end a later switching. */
	LEAT__SIDE_FENCING
};

#define LEAT__SIDE_STRAND UINT64_C(1) /* bit of waiting: it is a strand */
#define LEAT__SIDE_THREAD UINT64_C(4) /* waiting: a thread, asleep on it */

#define LEAT__SIDE_MODE    3u /* bits of is_fenced: enum leat__side_fence */
#define LEAT__SIDE_ANOTHER 4u

/* lock: NULL = its own. */
void leat__side_init(struct leat__side *side, const struct leat__env *env,
	bool is_many, bool is_fenced, struct leat__lock *lock);

/*
 * Put an arm on. Afterwards, and only then, look again: what the look misses
 * claims the waiter. position counts what the waiter waits for (items sent,
 * credit granted); it decides how fences are paid.
 */
void leat__side_arm(
	struct leat__side *side, struct leat__arm *arm, uint64_t position);

/* Take an arm off, on or not. Afterwards nobody touches it. */
void leat__side_disarm(struct leat__side *side, struct leat__arm *arm);

/*
 * The short way, for a strand that waits at one side with one end, for as long
 * as it takes: the strand itself is put on. Who is told takes it and makes it
 * ready, whether it has left its stack or not. After true, look again; then
 * leat__side_unrest(), and if that says false, or nothing was there,
 * strand->rest(). false: it cannot be done, use an arm.
 * tests/model/rest.pml is the proof.
 */
bool leat__side_rest(struct leat__side *side, struct leat__strand *strand,
	uint64_t position);
/* Take it off. false: somebody has, and makes it ready. */
bool leat__side_unrest(struct leat__side *side, struct leat__strand *strand);

/*
 * The same for a thread: a mark is put on, and it sleeps on the mark, so that
 * nothing but the side's own line goes to and fro. Who is told takes the mark
 * off and wakes. After true, look again; then leat__side_undoze(), or
 * leat__side_sleep(). false: it cannot be done, use an arm.
 */
bool leat__side_doze(struct leat__side *side, uint64_t position);
/* Take it off, if nobody has. */
void leat__side_undoze(struct leat__side *side);
/* Until it is taken off. How late that is, in ns; -1 = not known. */
int64_t leat__side_sleep(struct leat__side *side);

/*
 * One end, which is not waiting: by position as many have passed since its last
 * wait that fences cost more than the next wait's barrier would. From then on
 * that wait pays. To be called now and then where it looks at the other end.
 */
void leat__side_relax(struct leat__side *side, uint64_t position);

static inline bool
leat__side_is_fenced(const struct leat__side *side)
{
	return leat__unlikely(
		leat__load_relaxed(&side->is_fenced) != LEAT__SIDE_UNFENCED);
}

/* The slow half of leat__side_tell: claim up to n waiters and wake them. */
void leat__side_wake(struct leat__side *side, uint32_t n);

/* The fenced half. */
void leat__side_tell_fenced(struct leat__side *side, uint32_t n);

/*
 * n more things are there: wake whoever waits for them. Call it after what it
 * tells of has been stored with release.
 */
static inline void
leat__side_tell(struct leat__side *side, uint32_t n)
{
	/* pairs with the stores in side.c; the loads stay in this order */
	if (leat__load_seq(&side->is_fenced) != LEAT__SIDE_UNFENCED)
		leat__side_tell_fenced(side, n);
	else if (leat__unlikely(leat__load_seq(&side->waiting) != 0))
		leat__side_wake(side, n);
}

/* Whoever waits looks again: a close, a cancel. Full fence inside. */
void leat__side_wake_all(struct leat__side *side);

/*
 * Wait until something holds that is stored before a leat__side_wake_all():
 * arm, look, park, for as often as it takes. A fiber gives its worker away.
 * says: a constant, for dumps, as a waiter's what; NULL allowed.
 * LEAT_OK, or LEAT_ETIMEDOUT: deadline_ns has passed and it does not hold.
 */
int leat__side_await(struct leat__side *side, bool (*holds)(const void *what),
	const void *what, int64_t deadline_ns, const char *says);

/* ---- for a rendezvous: many, under the lock ----------------------------------- */

void leat__side_push_locked(struct leat__side *side, struct leat__arm *arm);
void leat__side_remove_locked(struct leat__side *side, struct leat__arm *arm);
/* The oldest arm whose waiter this call has claimed (flag | its index), taken
 * off; NULL = none. */
struct leat__arm *leat__side_claim_locked(struct leat__side *side,
	uint32_t flag, struct leat__wakeup *wakeup_out);

#endif
