/*
 * run/rows.c -- frames of layout rows: n byte strings of one text.
 *
 * The payload is an array of struct leat_row. The text lies in the slot of
 * the base frame or, without a base, behind the array in the same slot; the
 * offsets count from the start of that slot, so headroom belongs to it too.
 * Threads: the frame's only holder.
 */
#include "base/base.h"
#include <leat/stage.h>

struct leat_rows
leat_frame_rows(struct leat_frame *frame)
{
	struct leat_frame *base = leat_frame_base(frame);
	struct leat_rows rows = {
		.text = leat_frame_start(base ? base : frame),
		.rows = (struct leat_row *)(void *)frame->data,
		.n = frame->n_items,
	};

	LEAT_ASSERT(frame->layout == LEAT_LAYOUT_ROWS);
	return rows;
}

uint32_t
leat_frame_begin_rows(struct leat_frame *frame, struct leat_frame *base,
	struct leat_row **rows_out)
{
	if (base) {
		leat_frame_retain(base);
		leat_frame_set_base(frame, base);
	}
	frame->layout = LEAT_LAYOUT_ROWS;
	frame->data = leat_frame_start(frame);
	frame->len_bytes = 0;
	frame->n_items = 0;
	*rows_out = (struct leat_row *)(void *)frame->data;
	return leat_frame_capacity_bytes(frame) /
		(uint32_t)sizeof(struct leat_row);
}
