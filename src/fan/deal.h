/*
 * fan/deal.h -- the records of a frame, each to the branch of its key.
 *
 * For the split by key and by ranges of the hash: one frame becomes at most one
 * for each branch, with its records in their order and with its stamp.
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_SRC_FAN_DEAL_H
#define LEAT_SRC_FAN_DEAL_H

#include "fan/hash_ring.h"
#include "fan/keys.h"

/* What a branch gets of the frame in hand. */
struct leat__fan_share {
	uint32_t n;               /* records */
	struct leat_frame *frame; /* being filled; NULL = none */
	void *to;                 /* where the next one goes */
};

struct leat__fan_deal_opts {
	const char *key;         /* a column; "" for items and rows */
	const uint32_t *weights; /* by out */
	bool by_range;           /* contiguous ranges of the hash, no ring */
};

/* All fields are private. */
struct leat__fan_deal {
	struct leat__fan_keys keys;
	struct leat__fan_hash_ring ring; /* by key; fini takes zeroed memory */
	uint64_t *ranges; /* sums of weights up to each out; NULL = by ring */
	uint16_t *outs;   /* of the records in hand */
	struct leat__fan_share *shares; /* by out */
	uint32_t layout;
	uint32_t n_outs;
	uint32_t n_active; /* outs that may get what is in hand */
	uint32_t n_null;   /* of its records, free to go anywhere */
	uint32_t null_out; /* where they go */
	uint32_t at;       /* where the search for room begins */
	bool is_dealt;     /* the frame in hand was looked at */
};

/* In negotiate; says what the stage needs. LEAT_OK, or a code after
 * leat_stage_fail(). */
LEAT_MUST_CHECK int leat__fan_deal_init(struct leat_stage *st,
	struct leat__fan_deal *deal, const struct leat__fan_deal_opts *opts,
	const struct leat_shape *in, struct leat_shape *out);
/* Also of zeroed memory. */
void leat__fan_deal_fini(struct leat_stage *st, struct leat__fan_deal *deal);

/* As process of a stage that chooses: all that the frame needs has credit, or
 * nothing is done. Only the first n_active outs get any. */
LEAT_MUST_CHECK int leat__fan_deal_process(struct leat_stage *st,
	struct leat__fan_deal *deal, struct leat_frame *in, uint32_t n_active);

#endif
