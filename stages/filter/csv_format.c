/*
 * csv.format -- a table to bytes, RFC 4180.
 *
 * What came from a text with the same separator and quote is passed on as it
 * stands there; neighbours in the source are copied as one run. All else is
 * decoded and put in quotes where it has to be. What comes of a frame ends with
 * it, so several instances take turns; csv.gather behind them puts the header
 * in front.
 */
#include <string.h>

#include "csv_put.h"

#define CSV_FRAME_BYTES 262144
#define CSV_COPY_BYTES  32 /* copied at once, needed or not */
#define CSV_SIDE_BYTES  (LEAT_TABLE_COLUMNS_MAX * sizeof(struct csv_run))

typedef uint8_t csv_bytes __attribute__((vector_size(16)));
typedef uint64_t csv_words __attribute__((vector_size(16)));

/* Columns that are neighbours in the source as well; or one that is none of
 * its fields, as pieces of text. */
struct csv_run {
	uint32_t first; /* column */
	uint32_t last;
	uint32_t from; /* field */
	uint32_t to;
	struct leat_vector pieces; /* of the table in work; no values: fields */
	const uint8_t *own_end;    /* own pieces can be read in blocks up to */
};

struct csv {
	const struct leat_csv_format_opts *opts;
	struct leat_writer writer;
	const struct leat_schema *schema; /* that runs are made for */
	struct csv_run *runs;
	uint32_t n_runs; /* 0: values are not passed on as they are */
	uint32_t row;    /* of the input frame, next */
	uint32_t has_emitted;
	uint8_t separator;
	uint8_t separators[sizeof(csv_bytes)]; /* one in each byte */
};

/* ---- as it stands ------------------------------------------------------- */

/* From a text of the same dialect, where there are fields? */
static uint32_t
csv_is_same_dialect(const struct csv *s, const struct leat_schema *schema)
{
	uint32_t n_fields = 0;

	for (uint32_t k = 0; k < schema->n_columns; k++)
		n_fields += schema->columns[k].field != LEAT_FIELD_NONE;
	if (n_fields &&
		(schema->separator != s->separator || schema->quote != '"'))
		return 0;
	return schema->n_columns > 1;
}

/* Is a column the neighbour of the one before it? */
static uint32_t
csv_is_neighbour(const struct leat_schema *schema, uint32_t column)
{
	uint32_t field = schema->columns[column].field;

	return column && field != LEAT_FIELD_NONE &&
		schema->columns[column - 1].field != LEAT_FIELD_NONE &&
		field == schema->columns[column - 1].field + 1;
}

static int
csv_bind(struct leat_stage *st, struct csv *s, const struct leat_schema *schema)
{
	void *memory;
	int rc;

	if (schema == s->schema)
		return LEAT_OK;
	if (!s->runs) {
		rc = leat_stage_alloc(st, CSV_SIDE_BYTES, &memory);
		if (rc)
			return leat_stage_fail(
				st, rc, "no memory for the columns");
		s->runs = memory;
	}
	s->schema = schema;
	s->n_runs = 0;
	if (!csv_is_same_dialect(s, schema))
		return LEAT_OK;
	for (uint32_t k = 0; k < schema->n_columns; k++) {
		if (!csv_is_neighbour(schema, k))
			s->runs[s->n_runs++] = (struct csv_run){
				.first = k, .from = schema->columns[k].field};
		s->runs[s->n_runs - 1].last = k;
		s->runs[s->n_runs - 1].to = schema->columns[k].field;
	}
	return LEAT_OK;
}

/* Up to there own bytes can be read in blocks: the frame's, or those of the one
 * whose view it is. */
static const uint8_t *
csv_own_end(const struct leat_table *t, const struct leat_vector *v)
{
	const struct leat_frame *frame = t->frame;

	while (frame && frame->data != v->own)
		frame = leat_frame_base(frame);
	if (!frame)
		return NULL;
	return leat_frame_start(frame) + leat_frame_capacity_bytes(frame) -
		sizeof(csv_bytes);
}

/* Can rows of a table be copied run by run? */
static uint32_t
csv_can_copy(struct csv *s, struct leat_table *t)
{
	uint32_t bad_row;

	if (!s->n_runs || t->has_quotes == LEAT_QUOTES_ODD)
		return 0;
	for (uint32_t k = 0; k < s->n_runs; k++) {
		struct csv_run *run = &s->runs[k];

		if (run->from != LEAT_FIELD_NONE)
			continue;
		if (leat_table_vector(t, run->first, LEAT_TYPE_TEXT,
			    &run->pieces, &bad_row))
			return 0;
		run->own_end = csv_own_end(t, &run->pieces);
	}
	return 1;
}

/* The text of fields in a row, separators and all. */
static inline struct leat_text
csv_fields_text(
	const struct leat_table *t, const struct csv_run *run, uint32_t row)
{
	uint32_t n_fields = t->schema->n_fields;
	const uint32_t *ends = t->fields + (size_t)row * n_fields;
	uint32_t start =
		row || run->from ? ends[(int32_t)run->from - 1] + 1 : t->first;
	uint32_t end = ends[run->to];

	if (run->to + 1 == n_fields) {
		struct leat_text x = leat_table_raw(t, run->last, row);

		end = (uint32_t)(x.data - t->text) + x.len;
	}
	return (struct leat_text){t->text + start, end - start};
}

/* Of the n bytes of a block: all ones; of the others: 0. */
static inline csv_bytes
csv_mask(uint32_t n)
{
	static const uint8_t ones[2 * sizeof(csv_bytes)] = {255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	csv_bytes mask;

	if (n > sizeof(mask))
		n = sizeof(mask);
	memcpy(&mask, ones + sizeof(mask) - n, sizeof(mask));
	return mask;
}

/* Copy a text in blocks, up to one more than it has. NULL: it needs quotes. */
static inline uint8_t *
csv_copy_plain(const struct csv *s, struct leat_text x, uint8_t *at)
{
	csv_bytes special = {0}, separators;
	uint32_t k = 0;
	csv_words words;

	memcpy(&separators, s->separators, sizeof(separators));
	do {
		csv_bytes b;

		memcpy(&b, x.data + k, sizeof(b));
		memcpy(at + k, &b, sizeof(b));
		special |= csv_mask(x.len - k) &
			(csv_bytes)((b == separators) | (b == '"') |
				(b == '\n') | (b == '\r'));
		k += (uint32_t)sizeof(b);
	} while (k < x.len);
	words = (csv_words)special;
	return words[0] | words[1] ? NULL : at + x.len;
}

/* Put one in if it needs no quotes; where the next byte goes, or NULL. */
static inline uint8_t *
csv_copy_piece(const struct csv *s, const struct csv_run *run, uint32_t row,
	uint8_t *at)
{
	const struct leat_vector *v = &run->pieces;
	struct leat_piece piece;
	struct leat_text x;

	if (!leat_vector_has(v, row))
		return at;
	piece = ((const struct leat_piece *)v->values)[row];
	x = leat_vector_text(v, row);
	if ((size_t)(s->writer.end - at) < (size_t)x.len + CSV_COPY_BYTES)
		return NULL;
	if ((piece.len & LEAT_PIECE_OWN) &&
		(!run->own_end || x.data + x.len > run->own_end))
		return NULL;
	return csv_copy_plain(s, x, at);
}

static inline uint8_t *
csv_copy_fields(const struct csv *s, const struct leat_table *t,
	const struct csv_run *run, uint32_t row, uint8_t *at)
{
	struct leat_text x = csv_fields_text(t, run, row);

	if ((size_t)(s->writer.end - at) < (size_t)x.len + CSV_COPY_BYTES + 2)
		return NULL;
	if (x.len <= CSV_COPY_BYTES)
		memcpy(at, x.data, CSV_COPY_BYTES);
	else
		memcpy(at, x.data, x.len);
	return at + x.len;
}

/*
 * Copy a row straight into the frame. 0 = no room, a value to be quoted, or a
 * record that is continued from the frame before: then nothing was written.
 */
static uint32_t
csv_copy_row(struct csv *s, const struct leat_table *t, uint32_t row)
{
	struct leat_writer *w = &s->writer;
	uint8_t *at = w->at;

	if (w->skip)
		return 0;
	for (uint32_t k = 0; k < s->n_runs; k++) {
		const struct csv_run *run = &s->runs[k];

		at = run->from == LEAT_FIELD_NONE
			? csv_copy_piece(s, run, row, at)
			: csv_copy_fields(s, t, run, row, at);
		if (!at || w->end - at < 2)
			return 0;
		*at++ = s->separator;
	}
	at--;
	if (w->end - at < 2)
		return 0;
	if (s->opts->crlf)
		*at++ = '\r';
	*at++ = '\n';
	w->at = at;
	return 1;
}

/* Copy rows up to one that has to be put together; a record is begun. */
static void
csv_copy_rows(struct csv *s, const struct leat_table *t)
{
	struct leat_writer *w = &s->writer;

	while (s->row < t->n_rows &&
		csv_copy_row(s, t, leat_table_row(t, s->row))) {
		w->record = w->at;
		w->frame->n_items++;
		s->row++;
	}
}

/* ---- the stage ---------------------------------------------------------- */

static int
csv_emit(struct leat_stage *st, struct csv *s)
{
	if (s->writer.frame)
		csv_head(s->writer.frame)->schema = s->schema;
	return leat_writer_flush(st, &s->writer);
}

/* Rows, as many as go into a frame; LEAT_MORE: that has been emitted. */
static int
csv_rows(struct leat_stage *st, struct csv *s, struct leat_table *t)
{
	struct leat_writer *w = &s->writer;
	struct csv_put put = {w, s->separator, s->opts->crlf != 0};
	uint32_t can_copy = csv_can_copy(s, t);

	while (s->row < t->n_rows) {
		int rc = leat_writer_begin_record(st, w);

		if (rc)
			return rc;
		if (can_copy)
			csv_copy_rows(s, t);
		if (s->row == t->n_rows)
			break;
		csv_put_row(&put, t, leat_table_row(t, s->row));
		if (!leat_writer_end_record(w)) {
			rc = csv_emit(st, s);
			return rc ? rc : LEAT_MORE;
		}
		s->row++;
	}
	s->row = 0;
	return csv_emit(st, s);
}

/* A table without rows still says what the columns are. */
static int
csv_emit_columns(struct leat_stage *st, struct csv *s)
{
	struct leat_frame *frame;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	frame->data = leat_frame_start(frame) + CSV_HEAD_BYTES;
	frame->len_bytes = 0;
	frame->n_items = 0;
	frame->layout = LEAT_LAYOUT_BYTES;
	frame->birth_ns = s->writer.birth_ns;
	frame->stamp = s->writer.stamp;
	csv_head(frame)->schema = s->schema;
	rc = leat_stage_emit(st, 0, frame);
	if (rc)
		leat_stage_release(st, frame);
	return rc;
}

static int
csv_process(struct leat_stage *st, struct leat_frame *in)
{
	struct csv *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	leat_writer_enter(&s->writer, in);
	rc = csv_bind(st, s, t.schema);
	if (!rc && t.n_rows)
		rc = csv_rows(st, s, &t);
	else if (!rc && !s->has_emitted)
		rc = csv_emit_columns(st, s);
	s->has_emitted = 1;
	if (!rc)
		leat_stage_release(st, in);
	return rc;
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
	(void)st;
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_BYTES,
		.frame_bytes = CSV_FRAME_BYTES,
		.schema = in->schema,
		.origin = in->origin,
	};
	return LEAT_OK;
}

/* What can be put between fields; 0: that has been said. */
uint8_t
csv_format_separator(
	struct leat_stage *st, const struct leat_csv_format_opts *o)
{
	uint8_t separator = (uint8_t)(o->sep ? o->sep : ',');

	if (separator != '\n' && separator != '\r' && separator != '"')
		return separator;
	leat_stage_fail_at(st, LEAT_EINVAL, "sep", 0, 0,
		"neither a line end nor a quote can separate fields");
	return 0;
}

static int
csv_init(struct leat_stage *st, const void *opts)
{
	struct csv *s = leat_stage_state(st);

	s->opts = opts;
	s->writer.headroom = CSV_HEAD_BYTES;
	s->separator = csv_format_separator(st, s->opts);
	memset(s->separators, s->separator, sizeof(s->separators));
	return s->separator ? LEAT_OK : LEAT_EINVAL;
}

const struct leat_option leat__csv_format_options[] = {
	{.name = "sep",
		.type = LEAT_OPTION_CHAR,
		.offset = offsetof(struct leat_csv_format_opts, sep),
		.fallback = ",",
		.help = "what to put between fields"},
	{.name = "header",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_csv_format_opts, header),
		.fallback = "on",
		.values = "on|off",
		.help = "begin with the names of the columns"},
	{.name = "crlf",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_csv_format_opts, crlf),
		.fallback = "off",
		.help = "end lines in CR LF"},
	{.name = NULL},
};

const struct leat_stage_ops leat_csv_format_ops = {
	LEAT_STAGE_OPS_INIT("csv.format"),
	.flags = LEAT_STAGE_STATELESS,
	.summary = "a table to bytes: CSV as in RFC 4180",
	.help = "Values that were not changed are written as they stood in "
		"the\n"
		"source, quotes and all. A null is empty. In a table of one\n"
		"column an empty value is written as \"\".\n"
		"\n"
		"    leat run 'read a.csv ! csv.format sep=tab ! write "
		"a.tsv'\n",
	.state_bytes = sizeof(struct csv),
	.opts_bytes = sizeof(struct leat_csv_format_opts),
	.options = leat__csv_format_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = CSV_FRAME_BYTES,
		.side_bytes = CSV_SIDE_BYTES + 1024},
	.init = csv_init,
	.negotiate = csv_negotiate,
	.process = csv_process,
	.fini = csv_fini,
	.behind = &leat_csv_gather_ops,
};
