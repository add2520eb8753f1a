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

void
leat__waiter_init(struct leat__waiter *waiter, const struct leat__env *env)
{
	waiter->token = LEAT__TOKEN_OPEN;
	waiter->env = env;
	waiter->strand = *leat__thread_slot();
}

bool
leat__waiter_claim_quietly(struct leat__waiter *waiter, uint32_t token,
	struct leat__wakeup *wakeup_out)
{
	uint32_t was = leat__load_relaxed(&waiter->token);

	/* read now: who is claimed may go */
	*wakeup_out = (struct leat__wakeup){
		waiter->env, waiter->strand, &waiter->token};
	do {
		if (was > LEAT__TOKEN_PARKED)
			return false;
		/* pairs with the loads of the owner, and with its park */
	} while (!leat__cas_weak_acq_rel(&waiter->token, &was, token));
	if (was == LEAT__TOKEN_OPEN)
		wakeup_out->word = NULL;
	return true;
}

void
leat__wakeup_do(const struct leat__wakeup *wakeup)
{
	if (!wakeup->word)
		return;
	if (wakeup->strand)
		wakeup->strand->ready(wakeup->strand);
	else /* a word that is gone meanwhile costs a wake for nothing */
		wakeup->env->wake(wakeup->env, wakeup->word);
}

bool
leat__waiter_claim(struct leat__waiter *waiter, uint32_t token)
{
	struct leat__wakeup wakeup;

	if (!leat__waiter_claim_quietly(waiter, token, &wakeup))
		return false;
	leat__wakeup_do(&wakeup);
	return true;
}

bool
leat__waiter_park(struct leat__waiter *waiter)
{
	uint32_t was = LEAT__TOKEN_OPEN;

	/* pairs with the exchange in leat__waiter_claim_quietly */
	return leat__cas_acq_rel(&waiter->token, &was, LEAT__TOKEN_PARKED);
}

static uint32_t
waiter_token(const struct leat__waiter *waiter)
{
	/* acquire: pairs with the exchange in leat__waiter_claim_quietly */
	return leat__load_acquire(&waiter->token);
}

static void
waiter_park_thread(struct leat__waiter *waiter, int64_t deadline_ns)
{
	const struct leat__env *env = waiter->env;

	if (!leat__waiter_park(waiter))
		return;
	while (waiter_token(waiter) == LEAT__TOKEN_PARKED) {
		if (deadline_ns != LEAT_NEVER &&
			env->now_ns(env) >= deadline_ns)
			leat__waiter_claim(waiter, LEAT__TOKEN_DEADLINE);
		else
			env->park(env, &waiter->token, LEAT__TOKEN_PARKED,
				deadline_ns);
	}
}

uint32_t
leat__waiter_wait(struct leat__waiter *waiter, int64_t deadline_ns)
{
	if (waiter->strand)
		waiter->strand->park(waiter->strand, waiter, deadline_ns);
	else
		waiter_park_thread(waiter, deadline_ns);
	return waiter_token(waiter);
}

uint32_t
leat__waiter_leave(struct leat__waiter *waiter)
{
	struct leat__wakeup wakeup;

	leat__waiter_claim_quietly(waiter, LEAT__TOKEN_LEFT, &wakeup);
	return waiter_token(waiter);
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
