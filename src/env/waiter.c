/*
 * env/waiter.c -- tokens: how waits begin and end.
 *
 * Keeps: a token is claimed once; who claims a parked waiter wakes it, once; a
 * waiter that has seen its claim is not touched any more by who made it.
 * Threads: the owner waits and leaves, any claim. A fiber is parked by its
 * worker after the switch away from its stack (tests/model/fiber.pml).
 * Source: the sudogs of Go's select.
 */
#include "env/waiter.h"

bool
leat__waiter_claim(struct leat__waiter *waiter, uint32_t token)
{
	struct leat__wakeup wakeup;

	if (!leat__waiter_claim_quietly(waiter, token, &wakeup))
		return false;
	leat__wakeup_do(&wakeup);
	return true;
}

void
leat__waiter_park_thread(struct leat__waiter *waiter, int64_t deadline_ns)
{
	const struct leat__env *env = waiter->env;

	if (!leat__waiter_park(waiter))
		return;
	while (leat__waiter_token(waiter) == LEAT__TOKEN_PARKED) {
		if (deadline_ns != LEAT_NEVER &&
			env->now_ns(env) >= deadline_ns)
			leat__waiter_claim(waiter, LEAT__TOKEN_DEADLINE);
		else
			env->park(env, &waiter->token, LEAT__TOKEN_PARKED,
				deadline_ns);
	}
}

int64_t
leat__waiter_late_ns(const struct leat__waiter *waiter)
{
	int64_t claimed_ns = leat__load_relaxed(&waiter->claimed_ns);

	return claimed_ns ? waiter->env->now_ns(waiter->env) - claimed_ns : -1;
}

uint32_t
leat__waiter_leave(struct leat__waiter *waiter)
{
	struct leat__wakeup wakeup;

	leat__waiter_claim_quietly(waiter, LEAT__TOKEN_LEFT, &wakeup);
	return leat__waiter_token(waiter);
}

void
leat__waiter_describe(
	const struct leat__waiter *waiter, struct leat__text *text)
{
	if (waiter->strand)
		waiter->strand->describe(waiter->strand, text);
	else
		leat__text_add(text, "a thread");
}
