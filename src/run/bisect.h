/*
 * run/bisect.h -- a frame that a stage fails with, tried in halves.
 */
#ifndef LEAT_SRC_RUN_BISECT_H
#define LEAT_SRC_RUN_BISECT_H

#include "run/run.h"

/* Each range is a half of one above it: as deep as the number of records has
 * bits, and one more. */
#define LEAT__BISECT_RANGES 34u

/* Records of the frame in hand. */
struct leat__bisect_range {
	uint32_t from, n;
	uint64_t n_tried; /* calls that had them in hand */
};

struct leat__bisect {
	struct leat_frame *piece; /* a copy of the range at hand; NULL = none */
	bool is_begun;            /* the stage has said LEAT_MORE of it */
	struct leat__bisect_range at;
	uint32_t n; /* ranges that are to be tried, the next one last */
	struct leat__bisect_range ranges[LEAT__BISECT_RANGES];
};

/* Is the frame in hand being tried in halves? */
static inline bool
leat__bisect_is_on(const struct leat__node *node)
{
	return node->bisect && (node->bisect->n || node->bisect->piece);
}

/* process has failed with rc. LEAT_OK: the frame is through; LEAT_MORE: its
 * halves are to be tried; else rc, or another code. */
int leat__bisect_begin(
	struct leat__task *task, struct leat__node *node, int rc, bool is_more);
/* The next range. As process. */
int leat__bisect_step(struct leat__task *task, struct leat__node *node);
/* The piece in hand goes; the frame does not. */
void leat__bisect_drop(struct leat__node *node, struct leat__cache *cache);

#endif
