/*
 * fan/items.c -- a frame of items that a stage fills.
 *
 * Keeps: a frame is emitted when the next item does not fit, or by flush; its
 * n_items and len_bytes are those of what was added.
 * Threads: the one that steps the stage's task.
 */
#include "fan/items.h"

static int
items_emit(struct leat_stage *st, struct leat__items *items)
{
	int rc;

	leat__head_mark(&items->stamp, items->frame);
	rc = leat_stage_emit(st, 0, items->frame);
	if (rc)
		return rc;
	items->frame = NULL;
	items->has_emitted = true;
	return LEAT_OK;
}

static int
items_open(struct leat_stage *st, struct leat__items *items)
{
	int rc = leat_stage_acquire(st, &items->frame);

	if (rc)
		return rc;
	items->frame->data = leat_frame_start(items->frame);
	items->frame->layout = LEAT_LAYOUT_ITEMS;
	items->frame->n_items = items->frame->len_bytes = 0;
	items->n_room =
		leat_frame_capacity_bytes(items->frame) / items->item_bytes;
	return LEAT_OK;
}

int
leat__items_begin(struct leat_stage *st, struct leat__items *items)
{
	int rc = LEAT_OK;

	if (items->frame && !items->n_room) {
		if (items->has_emitted)
			return LEAT_MORE;
		rc = items_emit(st, items);
	}
	return rc || items->frame ? rc : items_open(st, items);
}

int
leat__items_flush(struct leat_stage *st, struct leat__items *items)
{
	if (items->frame && items->frame->n_items)
		return items_emit(st, items);
	leat__items_fini(st, items);
	return LEAT_OK;
}

void
leat__items_fini(struct leat_stage *st, struct leat__items *items)
{
	leat_stage_release(st, items->frame);
	items->frame = NULL;
}
