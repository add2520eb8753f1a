/*
 * stages/filter/group_wait.h -- values that wait until many of a part are
 * there.
 *
 * A set of millions is in no cache, and each value of it would be waited for.
 * So values go to room that is written from one end to the other, by their
 * part of the set, and when that of a part is full all of them go into it
 * together: then it is read once for thousands of them.
 */
#ifndef LEAT_STAGES_GROUP_WAIT_H
#define LEAT_STAGES_GROUP_WAIT_H

#include "group_set.h"

struct leat__group_wait {
	uint64_t n_bytes; /* all of it, with this head */
	uint64_t room;    /* values of a part */
	uint32_t n[LEAT__GROUP_SET_PARTS];
};

/* An eighth of the budget's limit; NULL: that is not worth it, or not there. */
struct leat__group_wait *leat__group_wait_create(
	struct leat__group_budget *budget, uint64_t spare_bytes);
/* NULL is accepted. */
void leat__group_wait_destroy(
	struct leat__group_budget *budget, struct leat__group_wait *wait);

static inline struct leat__group_short *
leat__group_wait_values(struct leat__group_wait *wait, uint32_t part)
{
	return (struct leat__group_short *)(void *)(wait + 1) +
		part * wait->room;
}

/* true: its part is full now, and has to be emptied. */
static inline bool
leat__group_wait_add(struct leat__group_wait *wait, uint32_t part,
	struct leat__group_short value)
{
	leat__group_wait_values(wait, part)[wait->n[part]++] = value;
	return wait->n[part] == wait->room;
}

#endif
