/*
 * csv.gather -- what csv.format has written, with its header, in large frames.
 *
 * Several instances of csv.format take turns, so what is there once is put in
 * here: the header, named by the head of the first frame, or by what was known
 * before the start. Of a filter little is left of a frame: such ones are copied
 * together, and sent when that is full or no input is there. Large ones pass.
 * One thread at a time.
 */
#include "csv_put.h"

#define CSV_FRAME_BYTES 131072
#define CSV_PASS_BYTES  65536 /* a frame with as much is not copied */

struct csv {
	const struct leat_csv_format_opts *opts;
	struct leat_writer writer;
	const struct leat_schema *start; /* known before the first frame */
	uint32_t has_header;
	uint8_t separator;
};

/* The header is no record: what it ends counts nothing. */
static int
csv_header(
	struct leat_stage *st, struct csv *s, const struct leat_schema *schema)
{
	struct leat_writer *w = &s->writer;
	struct csv_put put = {w, s->separator, s->opts->crlf != 0};

	while (!s->has_header && !s->opts->header) {
		int rc = leat_writer_begin_record(st, w);

		if (rc)
			return rc;
		csv_put_header(&put, schema);
		s->has_header = leat_writer_end_record(w);
		if (s->has_header)
			w->frame->n_items--;
	}
	return LEAT_OK;
}

/* Behind what is held. */
static int
csv_pass(struct leat_stage *st, struct csv *s, struct leat_frame *in)
{
	struct leat_writer *w = &s->writer;
	int rc = w->has_emitted ? LEAT_OK : leat_writer_flush(st, w);

	if (rc)
		return rc;
	if (w->has_emitted)
		return LEAT_MORE;
	in->source_offset = w->offset;
	w->offset += in->len_bytes;
	return leat_stage_emit(st, 0, in);
}

/* A frame is a record here, which counts for those that it has. */
static int
csv_copy(struct leat_stage *st, struct csv *s, struct leat_frame *in)
{
	struct leat_writer *w = &s->writer;

	if (in->len_bytes) {
		do {
			int rc = leat_writer_begin_record(st, w);

			if (rc)
				return rc;
			leat_writer_put(w, in->data, in->len_bytes);
		} while (!leat_writer_end_record(w));
		w->frame->n_items += in->n_items - 1;
	}
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
csv_process(struct leat_stage *st, struct leat_frame *in)
{
	struct csv *s = leat_stage_state(st);
	int rc;

	leat_writer_enter(&s->writer, in);
	rc = csv_header(st, s, csv_head(in)->schema);
	if (rc)
		return rc;
	return in->len_bytes < CSV_PASS_BYTES ? csv_copy(st, s, in)
					      : csv_pass(st, s, in);
}

static int
csv_flush(struct leat_stage *st)
{
	struct csv *s = leat_stage_state(st);

	leat_writer_enter(&s->writer, NULL);
	return leat_writer_flush(st, &s->writer);
}

/* Without any table the header is still known, if the columns were. */
static int
csv_finish(struct leat_stage *st)
{
	struct csv *s = leat_stage_state(st);
	int rc = LEAT_OK;

	leat_writer_enter(&s->writer, NULL);
	if (s->start)
		rc = csv_header(st, s, s->start);
	if (!rc && s->writer.has_emitted)
		return LEAT_MORE;
	return rc ? rc : leat_writer_flush(st, &s->writer);
}

static void
csv_fini(struct leat_stage *st)
{
	struct csv *s = leat_stage_state(st);

	leat_frame_release(s->writer.frame);
	s->writer.frame = NULL;
}

static int
csv_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct csv *s = leat_stage_state(st);

	s->start = in->schema;
	out->schema = NULL;
	if (out->frame_bytes < CSV_FRAME_BYTES)
		out->frame_bytes = CSV_FRAME_BYTES;
	return LEAT_OK;
}

static int
csv_init(struct leat_stage *st, const void *opts)
{
	struct csv *s = leat_stage_state(st);

	s->opts = opts;
	s->separator = csv_format_separator(st, s->opts);
	return s->separator ? LEAT_OK : LEAT_EINVAL;
}

const struct leat_stage_ops leat_csv_gather_ops = {
	LEAT_STAGE_OPS_INIT("csv.gather"),
	.flags = LEAT_STAGE_IN_PLACE,
	.summary = "what csv.format has written, with its header",
	.help = "Comes by itself behind csv.format, which several workers then "
		"run at\n"
		"once: it puts the header in front and small frames together. "
		"It has\n"
		"the options of csv.format. Nobody has to write it.\n",
	.state_bytes = sizeof(struct csv),
	.opts_bytes = sizeof(struct leat_csv_format_opts),
	.options = leat__csv_format_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = CSV_FRAME_BYTES, .holds = 1},
	.init = csv_init,
	.negotiate = csv_negotiate,
	.process = csv_process,
	.flush = csv_flush,
	.finish = csv_finish,
	.fini = csv_fini,
};
