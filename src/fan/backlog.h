/*
 * fan/backlog.h -- frames that a slow branch has no credit for, a few of them.
 *
 * In the order of their coming. When it is full, one is dropped for the next:
 * the oldest, or the oldest of those with the least priority.
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_SRC_FAN_BACKLOG_H
#define LEAT_SRC_FAN_BACKLOG_H

#include <leat/stage.h>

/* All fields are private. */
struct leat__fan_backlog {
	struct leat_frame **frames; /* the oldest first */
	uint32_t n;
	uint32_t n_max;
	bool by_priority;
};

/* LEAT_OK, or a code: n_max pointers of the stage's side memory. */
LEAT_MUST_CHECK int leat__fan_backlog_init(struct leat_stage *st,
	struct leat__fan_backlog *backlog, uint32_t n_max, bool by_priority);
/* Releases what is in it; also of zeroed memory. */
void leat__fan_backlog_fini(
	struct leat_stage *st, struct leat__fan_backlog *backlog);

static inline uint32_t
leat__fan_backlog_n(const struct leat__fan_backlog *backlog)
{
	return backlog->n;
}

/*
 * @param frame  [moved]
 * @return what has to go for it, maybe itself                       [given];
 *         NULL: there was room.
 */
LEAT_MUST_CHECK struct leat_frame *leat__fan_backlog_put(
	struct leat__fan_backlog *backlog, struct leat_frame *frame);
/* The oldest [given], or NULL. */
LEAT_MUST_CHECK struct leat_frame *leat__fan_backlog_take(
	struct leat__fan_backlog *backlog);

#endif
