/*
 * stages/filter/group_wait.c -- values that wait until many of a part are
 * there.
 *
 * Keeps: who finds a part full empties it before the next value comes.
 * Threads: the stage's own.
 * Source: Balkesen and others, Main-memory hash joins on multi-core CPUs, 2013.
 */
#include "group_wait.h"

#define WAIT_SHARE 8u
#define WAIT_LEAST 512u  /* of a part: else it is not worth it */
#define WAIT_MOST  8192u /* with the part they fill the second cache */

_Static_assert(sizeof(struct leat__group_wait) % 16 == 0,
	"values behind it are aligned");

struct leat__group_wait *
leat__group_wait_create(struct leat__group_budget *budget, uint64_t spare_bytes)
{
	uint64_t each =
		LEAT__GROUP_SET_PARTS * sizeof(struct leat__group_short);
	uint64_t room = budget->limit_bytes / WAIT_SHARE / each;
	struct leat__group_wait *wait;
	uint64_t n_bytes;

	if (room < WAIT_LEAST)
		return NULL;
	if (room > WAIT_MOST)
		room = WAIT_MOST;
	n_bytes = sizeof(*wait) + room * each;
	wait = leat__group_budget_take(budget, n_bytes, spare_bytes);
	if (!wait)
		return NULL;
	memset(wait, 0, sizeof(*wait));
	wait->n_bytes = n_bytes;
	wait->room = room;
	return wait;
}

void
leat__group_wait_destroy(
	struct leat__group_budget *budget, struct leat__group_wait *wait)
{
	if (wait)
		leat__group_budget_give(budget, wait, wait->n_bytes);
}
