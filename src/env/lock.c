/*
 * env/lock.c -- the slow half of a lock of one word.
 *
 * Keeps: whoever parks has made the word 2, so that the holder wakes it.
 * A thread that takes the lock after parking leaves it at 2: others may
 * still be parked, and one wake too many costs less than one too few.
 * Source: Drepper, Futexes Are Tricky, 2011, mutex 2.
 */
#include <ck_pr.h>

#include "env/env.h"

#define LOCK_SPINS 64

void
leat__lock_wait(struct leat__lock *lock, const struct leat__env *env)
{
	for (int k = 0; k < LOCK_SPINS; k++) {
		uint32_t was = 0;

		/* acquire: pairs with the release in leat__lock_drop */
		if (leat__load_relaxed(&lock->word) == 0 &&
			leat__cas_acq_rel(&lock->word, &was, 1))
			return;
		ck_pr_stall();
	}
	/* acquire: pairs with the release in leat__lock_drop */
	while (leat__swap_acq_rel(&lock->word, 2) != 0)
		env->park(env, &lock->word, 2, LEAT_NEVER);
}
