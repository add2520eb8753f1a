/*
 * stages/filter/lines_parse.c -- bytes to rows, one a line, nothing copied.
 *
 * Rows point into the frame that they came in, which lines.cut has made to hold
 * whole lines; nothing is kept from frame to frame, so several instances take
 * turns. A record is all but the newline and one CR before it. Behind the last
 * newline there is a record only if there are bytes. Where a column is to say
 * which file a line is of, they become tables.
 * Keeps: at and line say which line of the frame in hand is next. One thread at
 * a time.
 */
#include <stdio.h>
#include <string.h>

#include <leat/stages.h>

#include "cut.h"
#include "file_column.h"

#define LINES_ROWS_BYTES  65536 /* of a frame's array: stays in the cache */
#define LINES_TABLE_ROWS  8192
#define LINES_TABLE_BYTES (1u << 19) /* for typed columns, derived ones */

struct lines_state {
	const char *origin;
	const char *file; /* of the frame in hand */
	uint32_t n_max;   /* of a record; the newline does not count */
	uint32_t is_begun;
	uint32_t at; /* in the frame in hand: next byte to look at */
	uint64_t line;
	struct leat_schema *schema; /* of tables; NULL = rows are made */
	struct leat_column column;
	struct leat_schema narrow;
	struct leat_row rows[LINES_TABLE_ROWS]; /* of a table */
};

static uint32_t
lines_gives(const void *opts)
{
	const struct leat_lines_parse_opts *o = opts;

	return o->filename && o->filename[0] ? LEAT_LAYOUT_TABLE
					     : LEAT_LAYOUT_ROWS;
}

static int
lines_init_table(struct leat_stage *st, struct lines_state *s,
	const struct leat_lines_parse_opts *o)
{
	struct leat_needs *needs = leat_stage_needs(st);

	s->column = (struct leat_column){.name = "line",
		.type = LEAT_TYPE_TEXT,
		.field = LEAT_FIELD_NONE};
	s->narrow = (struct leat_schema){
		.n_columns = 1, .n_vectors = 1, .columns = &s->column};
	s->schema = &s->narrow;
	needs->side_bytes = 1024;
	needs->frame_bytes = 4096 + LINES_TABLE_BYTES + FILE_COLUMN_BYTES +
		LINES_TABLE_ROWS *
			(2 * (uint32_t)sizeof(struct leat_piece) + 8);
	return leat__file_column_add(st, o->filename, &s->schema);
}

static int
lines_init(struct leat_stage *st, const void *opts)
{
	const struct leat_lines_parse_opts *o = opts;
	struct lines_state *s = leat_stage_state(st);

	s->n_max = o->max_record_bytes ? (uint32_t)o->max_record_bytes
				       : CUT_RECORD_BYTES;
	leat_stage_needs(st)->frame_bytes = LINES_ROWS_BYTES;
	return o->filename && o->filename[0] ? lines_init_table(st, s, o)
					     : LEAT_OK;
}

static int
lines_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct lines_state *s = leat_stage_state(st);

	s->origin = in->origin ? in->origin : "input";
	if (s->schema)
		s->schema->origin = s->origin;
	*out = (struct leat_shape){
		.layout = s->schema ? LEAT_LAYOUT_TABLE : LEAT_LAYOUT_ROWS,
		.frame_bytes = leat_stage_needs(st)->frame_bytes,
		.base_bytes = in->frame_bytes,
		.schema = s->schema,
		.origin = in->origin,
	};
	return LEAT_OK;
}

/* The line at s->at, of so many bytes, is too long. */
static int
lines_reject(struct leat_stage *st, const struct lines_state *s,
	const struct leat_frame *in, uint32_t len)
{
	char reason[96];
	struct leat_reject reject = {
		.reason = reason,
		.origin = s->file,
		.line = s->line,
		.column = 1,
		.offset = in->source_offset + s->at,
		.data = in->data + s->at,
		.n_bytes = len,
	};

	snprintf(reason, sizeof(reason),
		"line longer than %u bytes; raise max_record_bytes", s->n_max);
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

/* Take the next line; *n rows are there. */
static int
lines_take(struct leat_stage *st, struct lines_state *s,
	const struct leat_frame *in, struct leat_row *rows, uint32_t *n)
{
	const uint8_t *line = in->data + s->at;
	uint32_t n_left = in->len_bytes - s->at;
	const uint8_t *end = memchr(line, '\n', n_left);
	uint32_t len = end ? (uint32_t)(end - line) : n_left;
	uint32_t n_bytes = len - (end && len && end[-1] == '\r');
	int rc = LEAT_OK;

	if (n_bytes > s->n_max)
		rc = lines_reject(st, s, in, n_bytes);
	else
		rows[(*n)++] = (struct leat_row){
			(uint32_t)(line - leat_frame_start(in)), n_bytes};
	s->at += len + (end != NULL);
	s->line++;
	return rc;
}

/* As many lines as an array holds. */
static int
lines_rows(struct leat_stage *st, struct lines_state *s, struct leat_frame *in)
{
	uint64_t offset = in->source_offset + s->at;
	struct leat_frame *out;
	struct leat_row *rows;
	uint32_t n = 0;
	int rc = leat_stage_acquire(st, &out);

	if (rc)
		return rc;
	leat_frame_begin_rows(out, in, &rows);
	out->flags |= LEAT_FRAME_PLACED;
	while (!rc && s->at < in->len_bytes &&
		n < LINES_ROWS_BYTES / sizeof(*rows))
		rc = lines_take(st, s, in, rows, &n);
	out->n_items = n;
	out->len_bytes = n * (uint32_t)sizeof(*rows);
	out->source_offset = offset;
	if (!rc && n) {
		leat_stage_count(st, LEAT_COUNT_READ, n);
		return leat_stage_emit(st, 0, out);
	}
	leat_stage_release(st, out);
	return rc;
}

static int
lines_fill_table(const struct lines_state *s, struct leat_table *t)
{
	const uint8_t *start = leat_frame_start(leat_frame_base(t->frame));
	struct leat_vector_room room;
	struct leat_piece *pieces;
	int rc = leat_table_add_vector(t, LEAT_TYPE_TEXT, 0, &room);

	if (rc)
		return rc;
	pieces = room.values;
	for (uint32_t k = 0; k < t->n_rows_all; k++)
		pieces[k] = leat_table_piece(t,
			(struct leat_text){
				start + s->rows[k].offset, s->rows[k].len});
	return leat__file_column_put(t, s->file);
}

/* As many lines as a table holds. */
static int
lines_table(struct leat_stage *st, struct lines_state *s, struct leat_frame *in)
{
	struct leat_fields fields = {.schema = s->schema,
		.base = in,
		.text_offset =
			(uint32_t)(in->data - leat_frame_start(in)) + s->at,
		.text_bytes = in->len_bytes - s->at,
		.source_offset = in->source_offset + s->at,
		.line = s->line,
		.file = s->file};
	struct leat_frame *out;
	struct leat_table t;
	int rc = LEAT_OK;

	while (!rc && s->at < in->len_bytes && fields.n_rows < LINES_TABLE_ROWS)
		rc = lines_take(st, s, in, s->rows, &fields.n_rows);
	if (!rc)
		rc = leat_stage_acquire(st, &out);
	if (rc)
		return rc;
	out->birth_ns = in->birth_ns;
	out->stamp = in->stamp;
	leat_frame_retain(in);
	leat_table_begin_fields(out, &fields);
	leat_table_open(out, &t);
	rc = lines_fill_table(s, &t);
	if (!rc) {
		leat_stage_count(st, LEAT_COUNT_READ, fields.n_rows);
		return leat_stage_emit(st, 0, out);
	}
	leat_stage_release(st, out);
	return leat_stage_fail(st, rc, "the lines do not fit into a frame");
}

static int
lines_process(struct leat_stage *st, struct leat_frame *in)
{
	struct lines_state *s = leat_stage_state(st);
	const struct cut_head *head = cut_head(in);
	int rc;

	if (!s->is_begun) {
		s->is_begun = 1;
		s->at = 0;
		s->file = head->file ? head->file : s->origin;
		s->line = head->line;
	}
	if (head->flaw) {
		rc = lines_reject(st, s, in, in->len_bytes);
		s->at = in->len_bytes;
	} else {
		rc = s->schema ? lines_table(st, s, in) : lines_rows(st, s, in);
	}
	if (rc)
		return rc;
	if (s->at < in->len_bytes)
		return LEAT_MORE;
	s->is_begun = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_option lines_options[] = {
	{.name = "max_record_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(
			struct leat_lines_parse_opts, max_record_bytes),
		.min = 1,
		.max = 1 << 30,
		.fallback = "1M",
		.unit = "bytes",
		.help = "longest line"},
	{.name = "filename",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_lines_parse_opts, filename),
		.help = "make a table: the column `line`, and one of this name "
			"that says which file it is of"},
	{.name = NULL},
};

const struct leat_stage_ops leat_lines_parse_ops = {
	LEAT_STAGE_OPS_INIT("lines.parse"),
	.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.summary = "bytes to rows, one a line",
	.help = "A line ends with a newline, or with CR and newline; neither "
		"belongs\n"
		"to the record. Everything else does.\n"
		"\n"
		"    leat run 'read a.log ! sample 100 ! lines.format'\n",
	.state_bytes = sizeof(struct lines_state),
	.opts_bytes = sizeof(struct leat_lines_parse_opts),
	.options = lines_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_ROWS,
	.init = lines_init,
	.negotiate = lines_negotiate,
	.process = lines_process,
	.before = &leat_lines_cut_ops,
	.gives = lines_gives,
};
