/*
 * fan/follow.h -- how many branches of a split are active follows the load, if
 * the graph says so (parallel n..m).
 */
#ifndef LEAT_SRC_FAN_FOLLOW_H
#define LEAT_SRC_FAN_FOLLOW_H

#include "graph/parallel.h"

struct leat__fan_follow {
	struct leat__parallel *parallel; /* NULL: the number stays */
	uint32_t n_frames;
};

void leat__fan_follow_init(
	const struct leat_stage *st, struct leat__fan_follow *follow);
/* How many are active in the beginning; UINT32_MAX = all. */
uint32_t leat__fan_follow_n(const struct leat__fan_follow *follow);
/* A frame has been given to one of the first n branches. Returns how many are
 * active from now on. */
uint32_t leat__fan_follow_frame(const struct leat_stage *st,
	struct leat__fan_follow *follow, uint64_t n_items, int64_t birth_ns,
	uint32_t n);

#endif
