/*
 * fan/items.h -- a frame of items that a stage fills: it holds one, and emits
 * one at most in a call.
 *
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_SRC_FAN_ITEMS_H
#define LEAT_SRC_FAN_ITEMS_H

#include "fan/head.h"

#define LEAT__ITEMS_FRAME_BYTES 65536u

struct leat__items {
	struct leat_frame *frame;      /* NULL = none open */
	struct leat__head_stamp stamp; /* of what it is made of */
	uint32_t item_bytes;
	uint32_t n_room; /* items that fit yet */
	bool has_emitted;
};

/* At the beginning of each callback that emits. */
static inline void
leat__items_enter(struct leat__items *items)
{
	items->has_emitted = false;
}

/* Room for one item at least. LEAT_OK; LEAT_MORE, to be returned by the stage;
 * or a code. */
LEAT_MUST_CHECK int leat__items_begin(
	struct leat_stage *st, struct leat__items *items);

/* Where the next item goes. */
static inline uint8_t *
leat__items_end(const struct leat__items *items)
{
	return items->frame->data + items->frame->len_bytes;
}

/* So many have been put there. */
static inline void
leat__items_add(struct leat__items *items, uint32_t n)
{
	items->frame->len_bytes += n * items->item_bytes;
	items->frame->n_items += n;
	items->n_room -= n;
}

/* For flush: emit what is there. LEAT_OK or a code. */
LEAT_MUST_CHECK int leat__items_flush(
	struct leat_stage *st, struct leat__items *items);
/* For fini. */
void leat__items_fini(struct leat_stage *st, struct leat__items *items);

#endif
