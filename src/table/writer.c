/*
 * table/writer.c -- the open output frame of a stage that formats text.
 *
 * Invariants: records stand whole in a frame, except one that is longer than a
 * frame; n_items = records that end in it; one frame at most is emitted a call.
 * A record that does not fit is taken back and written again into the next
 * frame; one that fills a frame alone goes on there, its first `skip` bytes
 * passed over. Only the stage enters.
 */
#include <string.h>

#include "table/table.h"

void
leat_writer_enter(struct leat_writer *w, const struct leat_frame *in)
{
	w->has_emitted = 0;
	if (in) {
		w->birth_ns = in->birth_ns;
		w->stamp = in->stamp;
	}
}

static int
writer_emit(struct leat_stage *st, struct leat_writer *w)
{
	struct leat_frame *frame = w->frame;
	uint32_t n_bytes = (uint32_t)(w->at - frame->data);

	frame->len_bytes = n_bytes;
	frame->source_offset = w->offset;
	frame->stamp = w->stamp;
	LEAT_TRY(leat_stage_emit(st, 0, frame));
	w->offset += n_bytes;
	w->frame = NULL;
	w->is_full = 0;
	w->has_emitted = 1;
	return LEAT_OK;
}

static int
writer_open(struct leat_stage *st, struct leat_writer *w)
{
	struct leat_frame *frame;

	LEAT_TRY(leat_stage_acquire(st, &frame));
	frame->data = leat_frame_start(frame) + w->headroom;
	frame->layout = LEAT_LAYOUT_BYTES;
	frame->birth_ns = w->birth_ns;
	frame->n_items = 0;
	w->frame = frame;
	w->at = frame->data;
	w->end = leat_frame_start(frame) + leat_frame_capacity_bytes(frame);
	return LEAT_OK;
}

int
leat_writer_begin_record(struct leat_stage *st, struct leat_writer *w)
{
	if (w->is_full) {
		if (w->has_emitted)
			return LEAT_MORE;
		LEAT_TRY(writer_emit(st, w));
	}
	if (!w->frame)
		LEAT_TRY(writer_open(st, w));
	w->record = w->at;
	w->skip_left = w->skip;
	return LEAT_OK;
}

void
leat_writer_put(struct leat_writer *w, const void *data, size_t n_bytes)
{
	const uint8_t *src = data;
	size_t room = (size_t)(w->end - w->at);

	if (leat__unlikely(w->skip_left)) {
		size_t n = (size_t)leat__min_u64(w->skip_left, n_bytes);

		w->skip_left -= n;
		src += n;
		n_bytes -= n;
	}
	if (leat__unlikely(n_bytes > room)) {
		w->is_full = 1;
		n_bytes = room;
	}
	if (n_bytes)
		memcpy(w->at, src, n_bytes);
	w->at += n_bytes;
}

uint32_t
leat_writer_end_record(struct leat_writer *w)
{
	if (!w->is_full) {
		w->skip = 0;
		w->frame->n_items++;
		return 1;
	}
	if (w->record > w->frame->data)
		w->at = w->record;
	else
		w->skip += (uint64_t)(w->at - w->record);
	return 0;
}

int
leat_writer_flush(struct leat_stage *st, struct leat_writer *w)
{
	if (!w->frame)
		return LEAT_OK;
	if (w->at > w->frame->data)
		return writer_emit(st, w);
	leat_stage_release(st, w->frame);
	w->frame = NULL;
	return LEAT_OK;
}
