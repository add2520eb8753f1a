/*
 * exec/spare.c -- what is free: a list for all, and a few of each worker's own.
 *
 * Keeps: what is free is in the list, or among the at most
 * LEAT__SPARES_OWN_MAX of one worker; so if there are that many for each
 * worker, and one more, one is found.
 * Threads: any; a worker's own few are entered by its thread only.
 * Source: Bonwick and Adams, Magazines and Vmem, 2001.
 */
#include "exec/spare.h"

#define SPARES_BATCH (LEAT__SPARES_OWN_MAX / 2)

static struct leat__spare *
own_pop(struct leat__spares_own *own)
{
	struct leat__spare *spare = own->first;

	own->first = spare->next;
	own->n--;
	return spare;
}

static void
own_push(struct leat__spares_own *own, struct leat__spare *spare)
{
	spare->next = own->first;
	own->first = spare;
	own->n++;
}

/* The list's first; what follows it, a batch in all, is the worker's own. */
static struct leat__spare *
spares_take_locked(struct leat__spares *spares, struct leat__spares_own *own)
{
	struct leat__spare *first = spares->first;
	struct leat__spare *last = first;

	if (!first)
		return NULL;
	for (; own && own->n + 1 < SPARES_BATCH && last->next; own->n++)
		last = last->next;
	spares->first = last->next;
	last->next = NULL;
	if (own)
		own->first = first->next;
	return first;
}

struct leat__spare *
leat__spares_take(struct leat__spares *spares, struct leat__spares_own *own)
{
	struct leat__spare *spare;

	if (own && own->first)
		return own_pop(own);
	leat__lock_take(&spares->lock, spares->env);
	spare = spares_take_locked(spares, own);
	leat__lock_drop(&spares->lock, spares->env);
	return spare;
}

void
leat__spares_add(struct leat__spares *spares, struct leat__spare *first,
	struct leat__spare *last)
{
	leat__lock_take(&spares->lock, spares->env);
	last->next = spares->first;
	spares->first = first;
	leat__lock_drop(&spares->lock, spares->env);
}

static void
spares_leave(struct leat__spares *spares, struct leat__spare *spare)
{
	if (spares->leave)
		spares->leave(spares, spare);
}

/* Those that it was given last stay. */
static void
own_give_batch(struct leat__spares *spares, struct leat__spares_own *own)
{
	struct leat__spare *first, *last = own->first;

	for (uint32_t k = own->n; k > SPARES_BATCH + 1; k--)
		last = last->next;
	first = last->next;
	last->next = NULL;
	own->n -= SPARES_BATCH;
	for (struct leat__spare *spare = first; spare; spare = spare->next) {
		spares_leave(spares, spare);
		last = spare;
	}
	leat__spares_add(spares, first, last);
}

void
leat__spares_give(struct leat__spares *spares, struct leat__spares_own *own,
	struct leat__spare *spare)
{
	if (!own) {
		spares_leave(spares, spare);
		leat__spares_add(spares, spare, spare);
		return;
	}
	if (own->n == LEAT__SPARES_OWN_MAX)
		own_give_batch(spares, own);
	own_push(own, spare);
}
