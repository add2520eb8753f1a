/*
 * stages/filter/lines_format.c -- rows to bytes, a newline after each.
 *
 * Strings are gathered in one frame until it is full or there is nothing more
 * to do; one that is longer than a frame goes on in the next. A record counts
 * in the frame that its newline is in.
 */
#include <string.h>

#include <leat/stages.h>

#define LINES_FRAME_BYTES 65536

struct format_state {
	struct leat_frame *out; /* being filled, or NULL */
	uint32_t row;           /* of the frame in hand: the next one */
	uint32_t at;            /* bytes of it that are out */
};

static int
format_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)in;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->base_bytes = 0;
	return LEAT_OK;
}

static int
format_begin(struct leat_stage *st, const struct leat_frame *in)
{
	struct format_state *s = leat_stage_state(st);
	int rc = leat_stage_acquire(st, &s->out);

	if (rc < 0)
		return rc;
	s->out->data = leat_frame_start(s->out);
	s->out->len_bytes = 0;
	s->out->n_items = 0;
	s->out->layout = LEAT_LAYOUT_BYTES;
	s->out->birth_ns = in->birth_ns;
	return LEAT_OK;
}

/* Append the rest of a string and a newline. false: the frame is full. */
static bool
format_row(struct format_state *s, const uint8_t *data, uint32_t len)
{
	struct leat_frame *out = s->out;
	uint32_t room = LINES_FRAME_BYTES - out->len_bytes;
	uint32_t n = len - s->at < room ? len - s->at : room;

	memcpy(out->data + out->len_bytes, data + s->at, n);
	out->len_bytes += n;
	s->at += n;
	if (n == room)
		return false;
	out->data[out->len_bytes++] = '\n';
	out->n_items++;
	s->at = 0;
	return true;
}

static int
format_flush(struct leat_stage *st)
{
	struct format_state *s = leat_stage_state(st);
	struct leat_frame *out = s->out;

	if (!out)
		return LEAT_OK;
	s->out = NULL;
	return leat_stage_emit(st, 0, out);
}

static int
format_process(struct leat_stage *st, struct leat_frame *in)
{
	struct format_state *s = leat_stage_state(st);
	struct leat_rows rows = leat_frame_rows(in);
	int rc;

	if (!s->out) {
		rc = format_begin(st, in);
		if (rc < 0)
			return rc;
	}
	for (; s->row < rows.n; s->row++) {
		const struct leat_row *row = &rows.rows[s->row];

		if (!format_row(s, rows.text + row->offset, row->len)) {
			rc = format_flush(st);
			return rc < 0 ? rc : LEAT_MORE;
		}
	}
	s->row = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static void
format_fini(struct leat_stage *st)
{
	struct format_state *s = leat_stage_state(st);

	leat_stage_release(st, s->out);
	s->out = NULL;
}

const struct leat_stage_ops leat_lines_format_ops = {
	LEAT_STAGE_OPS_INIT("lines.format"),
	.summary = "rows to bytes, a newline after each",
	.help = "What lines.parse took apart is put together again; lines end "
		"with a newline alone.",
	.state_bytes = sizeof(struct format_state),
	.in_layouts = LEAT_LAYOUT_ROWS,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = LINES_FRAME_BYTES, .holds = 1},
	.negotiate = format_negotiate,
	.process = format_process,
	.flush = format_flush,
	.fini = format_fini,
};
