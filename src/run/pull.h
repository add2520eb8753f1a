/*
 * run/pull.h -- where the head of a segment gets its next frame from.
 *
 * Threads: the one that steps the task. Not for sources, nor for replicas,
 * which take their frames under the lock of their region.
 */
#ifndef LEAT_SRC_RUN_PULL_H
#define LEAT_SRC_RUN_PULL_H

#include "run/run.h"

/* LEAT_OK, LEAT_ENOMEM. The head is known. */
LEAT_MUST_CHECK int leat__pull_init(struct leat__task *task);
/* Zeroed memory is accepted. */
void leat__pull_fini(struct leat__task *task);

/* Give the head the next frame of its ins, or note that one has ended, which a
 * stage that gathers is to be told. false: there is none, or none whose turn
 * it is yet; is_head_ended says whether any can come. */
bool leat__pull(struct leat__task *task);
/* This frame, of that in, is the head's next. Its inbox is empty. */
void leat__pull_take(
	struct leat__task *task, uint32_t in, struct leat_frame *frame);
/* Of a stage that gathers: it wants nothing, although there are ins. */
bool leat__pull_is_stuck(const struct leat__task *task);
/* true: armed, and there was nothing to be pulled after that. false: there may
 * be something, or its end; nothing is armed. */
bool leat__pull_arm(struct leat__task *task);
void leat__pull_disarm(struct leat__task *task);

#endif
