/*
 * fan/spill.c -- frames that a slow branch has no credit for, on the disk.
 *
 * On the disk a frame is its head, its payload, and then the same of the frame
 * that it points into, and so on. Of one that only holds text, no more than
 * that text is kept. Everything comes back at the same distance from the start
 * of its slot, so what points there still does. A payload that lies in another
 * slot altogether becomes its own.
 * Keeps: frames come back in their order, with their stamps.
 * Threads: the one that steps the stage's task.
 */
#include <string.h>

#include "fan/spill.h"
#include "graph/graph.h"
#include <leat/table.h>

/* What stands on the disk before the bytes of a frame. */
struct spill_head {
	uint64_t stamp;
	uint64_t source_offset;
	int64_t birth_ns;
	uint32_t data_at; /* from the start of the slot */
	uint32_t len_bytes;
	uint32_t n_items;
	uint32_t kept_at; /* of the bytes that follow, in the slot */
	uint32_t n_kept;
	uint8_t layout;
	uint8_t flags;
	uint8_t has_base; /* the frame it points into is next */
	uint8_t reserved;
};

/* ---- what is kept of a frame ------------------------------------------------ */

static bool
frame_holds(const struct leat_frame *frame, const uint8_t *at)
{
	const uint8_t *start = leat_frame_start(frame);

	return at >= start && at < start + leat_frame_capacity_bytes(frame);
}

/* The text that a table's rows, dead ones too, point into. */
static struct leat_span
text_of_table(struct leat_frame *frame)
{
	struct leat_table t;

	leat_table_open(frame, &t);
	if (!t.text || t.text_bytes <= t.first)
		return (struct leat_span){NULL, 0};
	return (struct leat_span){
		(uint8_t *)(uintptr_t)t.text + t.first, t.text_bytes - t.first};
}

static struct leat_span
text_of_rows(struct leat_frame *frame)
{
	struct leat_rows rows = leat_frame_rows(frame);
	uint32_t first = UINT32_MAX, end = 0;

	for (uint32_t k = 0; k < rows.n; k++) {
		const struct leat_row *row = &rows.rows[k];

		first = (uint32_t)leat__min_u64(first, row->offset);
		end = (uint32_t)leat__max_u64(end, row->offset + row->len);
	}
	return (struct leat_span){
		(uint8_t *)(uintptr_t)rows.text + (rows.n ? first : 0),
		rows.n ? end - first : 0};
}

static struct leat_span
text_of(struct leat_frame *frame)
{
	if (frame->layout == LEAT_LAYOUT_TABLE)
		return text_of_table(frame);
	if (frame->layout == LEAT_LAYOUT_ROWS)
		return text_of_rows(frame);
	return (struct leat_span){NULL, 0};
}

/* Of a frame, or of one that it points into (is_base) and whose text it is. */
static struct leat_span
kept_of(struct leat_frame *frame, struct leat_span text, bool is_base)
{
	if (is_base && frame->layout != LEAT_LAYOUT_TABLE)
		return frame_holds(frame, text.data)
			? text
			: (struct leat_span){frame->data, 0};
	return leat_frame_span(frame);
}

/* The frame that has to come back with it; NULL = none. */
static struct leat_frame *
base_of(const struct leat_frame *frame)
{
	return frame_holds(frame, frame->data) ? leat_frame_base(frame) : NULL;
}

static struct spill_head
head_of(const struct leat_frame *frame, struct leat_span kept)
{
	const uint8_t *start = leat_frame_start(frame);
	bool is_own = frame_holds(frame, frame->data);

	return (struct spill_head){
		.stamp = frame->stamp,
		.source_offset = frame->source_offset,
		.birth_ns = frame->birth_ns,
		.data_at = is_own ? (uint32_t)(frame->data - start) : 0,
		.len_bytes = frame->len_bytes,
		.n_items = frame->n_items,
		.kept_at = is_own ? (uint32_t)(kept.data - start) : 0,
		.n_kept = (uint32_t)kept.len,
		.layout = frame->layout,
		.flags = frame->flags & (uint8_t)~LEAT_FRAME_PLACED,
		.has_base = base_of(frame) != NULL,
	};
}

/* ---- life ------------------------------------------------------------------- */

void
leat__fan_spill_init(struct leat_stage *st, struct leat__fan_spill *spill,
	const char *folder, uint64_t most_bytes)
{
	*spill = (struct leat__fan_spill){0};
	leat__scratch_init(&spill->scratch, st, folder, most_bytes);
}

void
leat__fan_spill_fini(struct leat__fan_spill *spill)
{
	leat__scratch_fini(&spill->scratch);
}

uint64_t
leat__fan_spill_drop(struct leat__fan_spill *spill)
{
	uint64_t n_items = spill->n_items;

	leat__scratch_fini(&spill->scratch);
	spill->n_frames = spill->n_items = 0;
	return n_items;
}

/* ---- to the disk ------------------------------------------------------------- */

bool
leat__fan_spill_has_room(
	const struct leat__fan_spill *spill, struct leat_frame *frame)
{
	struct leat_span text = text_of(frame);
	uint64_t n_bytes = 0;
	bool is_base = false;

	for (; frame; frame = base_of(frame), is_base = true)
		n_bytes += sizeof(struct spill_head) +
			kept_of(frame, text, is_base).len;
	return leat__scratch_has_room(&spill->scratch, n_bytes);
}

int
leat__fan_spill_put(struct leat__fan_spill *spill, struct leat_frame *frame)
{
	struct leat_span text = text_of(frame);
	uint32_t n_items = frame->n_items;
	bool is_base = false;

	for (; frame; frame = base_of(frame), is_base = true) {
		struct leat_span kept = kept_of(frame, text, is_base);
		struct spill_head head = head_of(frame, kept);

		LEAT_TRY(leat__scratch_write(
			&spill->scratch, &head, sizeof(head)));
		LEAT_TRY(leat__scratch_write(
			&spill->scratch, kept.data, kept.len));
	}
	spill->n_frames++;
	spill->n_items += n_items;
	return LEAT_OK;
}

/* ---- and back ----------------------------------------------------------------- */

static int
spill_fill(struct leat_stage *st, struct leat__fan_spill *spill,
	struct leat_frame *frame, const struct spill_head *head)
{
	uint8_t *start = leat_frame_start(frame);

	if ((uint64_t)head->kept_at + head->n_kept >
		leat_frame_capacity_bytes(frame))
		return leat_stage_fail(st, LEAT_EBUG,
			"a frame of %u bytes does not fit the slots of '%s'",
			head->kept_at + head->n_kept, st->name);
	frame->data = start + head->data_at;
	frame->stamp = head->stamp;
	frame->source_offset = head->source_offset;
	frame->birth_ns = head->birth_ns;
	frame->len_bytes = head->len_bytes;
	frame->n_items = head->n_items;
	frame->layout = head->layout;
	frame->flags = head->flags;
	return leat__scratch_read(
		&spill->scratch, start + head->kept_at, head->n_kept);
}

/* The next frame on the disk; *has_base: it is to be tied to the one after. */
static int
spill_next(struct leat_stage *st, struct leat__fan_spill *spill,
	struct leat_frame **frame_out, bool *has_base)
{
	struct spill_head head;
	int rc;

	LEAT_TRY(leat__scratch_read(&spill->scratch, &head, sizeof(head)));
	LEAT_TRY(leat_stage_acquire(st, frame_out));
	*has_base = head.has_base;
	rc = spill_fill(st, spill, *frame_out, &head);
	if (rc)
		leat_stage_release(st, *frame_out);
	return rc;
}

int
leat__fan_spill_take(struct leat_stage *st, struct leat__fan_spill *spill,
	struct leat_frame **frame_out)
{
	struct leat_frame *frame, *last, *base;
	bool has_base;

	LEAT_TRY(spill_next(st, spill, &frame, &has_base));
	last = frame;
	while (has_base) {
		int rc = spill_next(st, spill, &base, &has_base);

		if (rc) {
			leat_stage_release(st, frame);
			return rc;
		}
		leat_frame_set_base(last, base);
		last = base;
	}
	spill->n_frames--;
	spill->n_items -= frame->n_items;
	*frame_out = frame;
	return LEAT_OK;
}
