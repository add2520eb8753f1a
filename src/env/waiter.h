/*
 * env/waiter.h -- waiting once, by a thread or a fiber, for whoever comes
 * first.
 *
 * A waiter has one token. Whoever ends the wait (a sender, a grant, a close, a
 * cancel, a deadline) claims the token once and for all; the others see that
 * they came too late and pass on to the next waiter.
 */
#ifndef LEAT_SRC_ENV_WAITER_H
#define LEAT_SRC_ENV_WAITER_H

#include "base/atomic.h"
#include "base/base.h"
#include "env/env.h"

struct leat__waiter;

/* ---- strands: who waits ------------------------------------------------------ */

/*
 * A fiber, as seen from below; src/run fills it. leat__thread_slot() of the
 * thread that runs it points to it; NULL there = an OS thread's own stack.
 */
struct leat__strand {
	/*
	 * Leave the worker until the waiter is claimed. After the switch away
	 * from the stack, not before, the worker calls leat__waiter_park(); if
	 * that says false the strand runs on. At deadline_ns somebody calls
	 * leat__waiter_claim(waiter, LEAT__TOKEN_DEADLINE).
	 */
	void (*park)(struct leat__strand *strand, struct leat__waiter *waiter,
		int64_t deadline_ns);
	/* Run it again: once for each leat__waiter_park() that said true, and
	 * for each rest. */
	void (*ready)(struct leat__strand *strand);
	/*
	 * Leave the worker until ready() is called, which may have happened
	 * already: whoever runs it next waits for is_away. NULL = it can only
	 * park. See leat__side_rest().
	 */
	void (*rest)(struct leat__strand *strand);
	uint32_t is_away; /* atomic: it has left its stack */
	/* For dumps: "sleeps"; a constant, NULL = not known; atomic */
	const char *waits_for;
	/* For dumps: "fiber 12 (serve, job.c:41)". */
	void (*describe)(
		const struct leat__strand *strand, struct leat__text *text);
};

/* ---- waiters ------------------------------------------------------------------ */

/* Values of a token. OPEN and PARKED can be claimed; the others are claims:
 * one of the three named ones, or an arm's: its index with DONE or HINT. */
#define LEAT__TOKEN_OPEN     0u
#define LEAT__TOKEN_PARKED   1u
#define LEAT__TOKEN_DEADLINE 2u
#define LEAT__TOKEN_CANCEL   3u
#define LEAT__TOKEN_LEFT     4u          /* by the waiter itself */
#define LEAT__TOKEN_HINT     0x40000000u /* look again at arm index */
#define LEAT__TOKEN_DONE     0x80000000u /* arm index: item handed over */
#define LEAT__TOKEN_INDEX    0x3fffffffu

/* On the stack of who waits. */
struct leat__waiter {
	uint32_t token; /* atomic */
	const struct leat__env *env;
	struct leat__strand *strand; /* NULL = an OS thread */
	int64_t claimed_ns; /* atomic: when, of a thread that was parked */
	const char *what;   /* a strand's waits_for meanwhile; constant */
};

static inline void
leat__waiter_init(struct leat__waiter *waiter, const struct leat__env *env)
{
	waiter->token = LEAT__TOKEN_OPEN;
	waiter->env = env;
	waiter->strand = *leat__thread_slot();
	waiter->claimed_ns = 0;
	waiter->what = NULL;
}

/* Who wakes it, once a claim has succeeded; plain values, for the waiter may
 * be gone by then. */
struct leat__wakeup {
	const struct leat__env *env;
	struct leat__strand *strand;
	const uint32_t *word; /* NULL = it was not parked: nothing to do */
};

/* Before the claim, for afterwards it may be gone. Of two who try, either's. */
static inline void
leat__waiter_stamp(struct leat__waiter *waiter)
{
	leat__store_relaxed(
		&waiter->claimed_ns, waiter->env->now_ns(waiter->env));
}

/* true: this call has claimed it; then leat__wakeup_do() once, soon. */
static inline bool
leat__waiter_claim_quietly(struct leat__waiter *waiter, uint32_t token,
	struct leat__wakeup *wakeup_out)
{
	uint32_t was = leat__load_relaxed(&waiter->token);

	/* read now: who is claimed may go */
	*wakeup_out = (struct leat__wakeup){
		waiter->env, waiter->strand, &waiter->token};
	do {
		if (was > LEAT__TOKEN_PARKED) {
			wakeup_out->word = NULL; /* another one wakes it */
			return false;
		}
		if (was == LEAT__TOKEN_PARKED && !wakeup_out->strand)
			leat__waiter_stamp(waiter);
		/* pairs with the loads of the owner, and with its park */
	} while (!leat__cas_weak_acq_rel(&waiter->token, &was, token));
	if (was == LEAT__TOKEN_OPEN)
		wakeup_out->word = NULL;
	return true;
}

static inline void
leat__wakeup_do(const struct leat__wakeup *wakeup)
{
	if (!wakeup->word)
		return;
	if (wakeup->strand)
		wakeup->strand->ready(wakeup->strand);
	else /* a word that is gone meanwhile costs a wake for nothing */
		wakeup->env->wake(wakeup->env, wakeup->word);
}

/* Both. */
bool leat__waiter_claim(struct leat__waiter *waiter, uint32_t token);

/* OPEN -> PARKED; false: it was claimed already. */
static inline bool
leat__waiter_park(struct leat__waiter *waiter)
{
	uint32_t was = LEAT__TOKEN_OPEN;

	/* pairs with the exchange in leat__waiter_claim_quietly */
	return leat__cas_acq_rel(&waiter->token, &was, LEAT__TOKEN_PARKED);
}

static inline uint32_t
leat__waiter_token(const struct leat__waiter *waiter)
{
	/* acquire: pairs with the exchange in leat__waiter_claim_quietly */
	return leat__load_acquire(&waiter->token);
}

/* leat__waiter_wait() of a thread. */
void leat__waiter_park_thread(struct leat__waiter *waiter, int64_t deadline_ns);

/* Wait until it is claimed; at the deadline it claims itself. Returns the
 * token. The owner only. */
static inline uint32_t
leat__waiter_wait(struct leat__waiter *waiter, int64_t deadline_ns)
{
	struct leat__strand *strand = waiter->strand;

	if (strand) {
		leat__store_relaxed(&strand->waits_for, waiter->what);
		strand->park(strand, waiter, deadline_ns);
		leat__store_relaxed(&strand->waits_for, NULL);
	} else {
		leat__waiter_park_thread(waiter, deadline_ns);
	}
	return leat__waiter_token(waiter);
}

/* From the claim of a thread that was parked to now; -1 = it was not. The
 * owner, after its wait. */
int64_t leat__waiter_late_ns(const struct leat__waiter *waiter);

/* For dumps: "fiber 12 (serve, job.c:41)" or "a thread". */
void leat__waiter_describe(
	const struct leat__waiter *waiter, struct leat__text *text);

/* Claim it oneself, so that nobody else will. Returns the token that stands:
 * LEAT__TOKEN_LEFT or somebody else's claim. */
uint32_t leat__waiter_leave(struct leat__waiter *waiter);

#endif
