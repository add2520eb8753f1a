/*
 * stages/filter/upper.c -- ASCII letters to upper case, in place.
 *
 * Bytes are changed where they are, and so is the text of rows, if no other
 * frame looks at it. If one does, the rows are built anew with a text of
 * their own.
 */
#include <string.h>

#include <leat/stages.h>

static int
upper_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	if (in->layout != LEAT_LAYOUT_ROWS)
		return LEAT_OK;
	out->frame_bytes = in->frame_bytes + in->base_bytes;
	leat_stage_needs(st)->frame_bytes = out->frame_bytes;
	return LEAT_OK;
}

static void
upper_bytes(uint8_t *data, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (data[k] >= 'a' && data[k] <= 'z')
			data[k] = (uint8_t)(data[k] - 32);
}

static void
upper_rows(struct leat_frame *in, uint8_t *text)
{
	struct leat_rows rows = leat_frame_rows(in);

	for (uint32_t k = 0; k < rows.n; k++)
		upper_bytes(text + rows.rows[k].offset, rows.rows[k].len);
}

/* The strings of in, copied behind an array of their own. */
static int
upper_copy_rows(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_rows from = leat_frame_rows(in);
	uint32_t at = from.n * (uint32_t)sizeof(struct leat_row);
	struct leat_frame *copy;
	struct leat_row *rows;
	int rc = leat_stage_acquire(st, &copy);

	if (rc < 0)
		return rc;
	leat_frame_begin_rows(copy, NULL, &rows);
	for (uint32_t k = 0; k < from.n; k++) {
		rows[k] = (struct leat_row){at, from.rows[k].len};
		memcpy(copy->data + at, from.text + from.rows[k].offset,
			from.rows[k].len);
		at += from.rows[k].len;
	}
	copy->n_items = from.n;
	copy->len_bytes = at;
	copy->source_offset = in->source_offset;
	upper_rows(copy, copy->data);
	leat_stage_release(st, in);
	return leat_stage_emit(st, 0, copy);
}

static int
upper_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_frame *base = leat_frame_base(in);

	if (in->layout == LEAT_LAYOUT_BYTES)
		upper_bytes(in->data, in->len_bytes);
	else if (base && !leat_frame_is_sole(base))
		return upper_copy_rows(st, in);
	else
		upper_rows(in, leat_frame_start(base ? base : in));
	return leat_stage_emit(st, 0, in);
}

const struct leat_stage_ops leat_upper_ops = {
	LEAT_STAGE_OPS_INIT("upper"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "ASCII letters to upper case",
	.help = "Works on bytes and on rows. Bytes outside a-z are left alone, "
		"so UTF-8 passes unharmed.",
	.in_layouts = LEAT_LAYOUT_BYTES | LEAT_LAYOUT_ROWS,
	.negotiate = upper_negotiate,
	.process = upper_process,
};
