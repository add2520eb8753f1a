/*
 * chan/rendezvous.c -- a channel of capacity 0: the sender's item goes straight
 * into the receiver's hand.
 *
 * Keeps: under the lock, of the two lists of waiters at least one is empty of
 * waiters that can be claimed; who claims a waiter moves the item before it
 * lets the lock go, and a claimed waiter takes the lock before it goes on.
 * Threads: any. Source: the unbuffered channels of Go.
 */
#include <string.h>

#include "chan/channel.h"

static void
rendezvous_move(
	const struct leat_channel *ch, bool is_send, void *own, void *partners)
{
	if (is_send)
		memcpy(partners, own, ch->item_bytes);
	else
		memcpy(own, partners, ch->item_bytes);
}

int
leat__rendezvous_ended(const struct leat_channel *ch, bool is_send)
{
	uint32_t ended = channel_ended(ch);

	if (ended & CHANNEL_CANCELED)
		return LEAT_ECANCELED;
	if (ended)
		return is_send ? LEAT_ECLOSED : LEAT_EOS;
	return LEAT_EAGAIN;
}

int
leat__rendezvous_meet_locked(struct leat_channel *ch, bool is_send, void *item,
	struct leat__wakeup *wakeup_out)
{
	struct leat__side *side = is_send ? &ch->receivers : &ch->senders;
	struct leat__arm *partner =
		leat__side_claim_locked(side, LEAT__TOKEN_DONE, wakeup_out);

	if (!partner)
		return LEAT_EAGAIN;
	rendezvous_move(ch, is_send, item, partner->item);
	return LEAT_OK;
}

int
leat__rendezvous_try(struct leat_channel *ch, bool is_send, void *item)
{
	const struct leat__env *env = ch->env;
	struct leat__lock *lock = rendezvous_lock(ch);
	struct leat__wakeup wakeup = {0};
	int rc;

	leat__lock_take(lock, env);
	rc = leat__rendezvous_ended(ch, is_send);
	if (rc == LEAT_EAGAIN)
		rc = leat__rendezvous_meet_locked(ch, is_send, item, &wakeup);
	leat__lock_drop(lock, env);
	leat__wakeup_do(&wakeup);
	return rc;
}
