/*
 * support/stages.c -- stages that do next to nothing.
 */
#include "support/stages.h"

void
bench_fill(struct leat_frame *frame, uint32_t n_bytes)
{
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->len_bytes = n_bytes;
	frame->n_items = n_bytes / 8;
}

int
bench_produce(
	struct leat_stage *st, uint64_t *n, uint64_t n_frames, uint32_t n_bytes)
{
	struct leat_frame *frame;
	int rc;

	if (++*n > n_frames)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	bench_fill(frame, n_bytes);
	leat_stage_count(st, LEAT_COUNT_READ, frame->n_items);
	return leat_stage_emit(st, 0, frame);
}

int
bench_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

int
bench_pass(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

int
bench_end(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

const struct leat_stage_ops bench_end_ops = {
	LEAT_STAGE_OPS_INIT("end"),
	.flags = LEAT_STAGE_SINK,
	.process = bench_end,
};
