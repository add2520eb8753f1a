/*
 * fan/backlog.c -- frames that a slow branch has no credit for, a few of them.
 *
 * Keeps: the order of coming; at most n_max; by priority, nothing is dropped
 * while something of less priority is kept.
 * Threads: the one that steps the stage's task.
 */
#include <string.h>

#include "fan/backlog.h"

int
leat__fan_backlog_init(struct leat_stage *st, struct leat__fan_backlog *backlog,
	uint32_t n_max, bool by_priority)
{
	void *frames;
	int rc =
		leat_stage_alloc(st, n_max * sizeof(*backlog->frames), &frames);

	if (rc)
		return rc;
	*backlog = (struct leat__fan_backlog){
		.frames = frames, .n_max = n_max, .by_priority = by_priority};
	return LEAT_OK;
}

void
leat__fan_backlog_fini(struct leat_stage *st, struct leat__fan_backlog *backlog)
{
	for (uint32_t k = 0; k < backlog->n; k++)
		leat_stage_release(st, backlog->frames[k]);
	leat_stage_free(st, backlog->frames);
	*backlog = (struct leat__fan_backlog){0};
}

static struct leat_frame *
backlog_remove(struct leat__fan_backlog *backlog, uint32_t at)
{
	struct leat_frame **frames = backlog->frames;
	struct leat_frame *frame = frames[at];

	backlog->n--;
	memmove(&frames[at], &frames[at + 1],
		(backlog->n - at) * sizeof(*frames));
	return frame;
}

/* The oldest of those that are worth least; n = the one that comes is. */
static uint32_t
backlog_least(
	const struct leat__fan_backlog *backlog, const struct leat_frame *frame)
{
	uint32_t least = backlog->n;
	uint32_t priority = leat_frame_priority(frame) + 1;

	for (uint32_t k = 0; k < backlog->n; k++) {
		uint32_t other = leat_frame_priority(backlog->frames[k]);

		if (other >= priority)
			continue;
		least = k;
		priority = other;
	}
	return least;
}

struct leat_frame *
leat__fan_backlog_put(
	struct leat__fan_backlog *backlog, struct leat_frame *frame)
{
	struct leat_frame *dropped = NULL;
	uint32_t at = 0;

	if (backlog->n == backlog->n_max) {
		if (backlog->by_priority)
			at = backlog_least(backlog, frame);
		if (at == backlog->n)
			return frame;
		dropped = backlog_remove(backlog, at);
	}
	backlog->frames[backlog->n++] = frame;
	return dropped;
}

struct leat_frame *
leat__fan_backlog_take(struct leat__fan_backlog *backlog)
{
	return backlog->n ? backlog_remove(backlog, 0) : NULL;
}
