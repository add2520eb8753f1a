/*
 * csv.format -- a table to bytes, RFC 4180.
 *
 * What came from a text with the same separator and quote is passed on as it
 * stands there; neighbours in the source are copied as one run. All else is
 * decoded and put in quotes where it has to be. A frame is sent when it is full
 * or when no input is there.
 */
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#include "csv_put.h"

#define CSV_FRAME_BYTES 131072
#define CSV_COPY_BYTES  32 /* copied at once, needed or not */
#define CSV_SIDE_BYTES  (LEAT_TABLE_COLUMNS_MAX * sizeof(struct csv_run))

/* Columns that are neighbours in the source as well; or one that is none of
 * its fields, as pieces of text. */
struct csv_run {
	uint32_t first; /* column */
	uint32_t last;
	struct leat_vector pieces; /* of the table in work; no values: fields */
};

struct csv {
	const struct leat_csv_format_opts *opts;
	struct leat_writer writer;
	const struct leat_schema *schema; /* that runs are made for */
	const struct leat_schema *start;  /* known before the first table */
	struct csv_run *runs;
	uint32_t n_runs; /* 0: values are not passed on as they are */
	uint32_t row;    /* of the input frame, next */
	uint32_t has_header;
	uint8_t separator;
	uint8_t is_special[256]; /* must a text with this byte be quoted? */
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
		if (csv_is_neighbour(schema, k))
			s->runs[s->n_runs - 1].last = k;
		else
			s->runs[s->n_runs++] =
				(struct csv_run){.first = k, .last = k};
	}
	return LEAT_OK;
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

		if (t->schema->columns[run->first].field == LEAT_FIELD_NONE &&
			leat_table_vector(t, run->first, LEAT_TYPE_TEXT,
				&run->pieces, &bad_row))
			return 0;
	}
	return 1;
}

/* The text of fields in a row, separators and all. */
static inline struct leat_text
csv_fields_text(
	const struct leat_table *t, const struct csv_run *run, uint32_t row)
{
	const struct leat_schema *schema = t->schema;
	uint32_t first = schema->columns[run->first].field;
	uint32_t last = schema->columns[run->last].field;
	size_t at = (size_t)row * schema->n_fields;
	uint32_t start = at + first ? t->fields[at + first - 1] + 1 : t->first;
	uint32_t end = t->fields[at + last];

	if (last + 1 == schema->n_fields) {
		struct leat_text x = leat_table_raw(t, run->last, row);

		end = (uint32_t)(x.data - t->text) + x.len;
	}
	return (struct leat_text){t->text + start, end - start};
}

/* Put one in if it needs no quotes; where the next byte goes, or NULL. */
static inline uint8_t *
csv_copy_piece(const struct csv *s, const struct leat_vector *v, uint32_t row,
	uint8_t *at)
{
	struct leat_text x;
	uint8_t is_special = 0;

	if (!leat_vector_has(v, row))
		return at;
	x = leat_vector_text(v, row);
	if ((size_t)(s->writer.end - at) < (size_t)x.len + CSV_COPY_BYTES)
		return NULL;
	for (uint32_t k = 0; k < x.len; k++)
		is_special |= s->is_special[x.data[k]];
	memcpy(at, x.data, x.len);
	return is_special ? NULL : at + x.len;
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

		at = run->pieces.values
			? csv_copy_piece(s, &run->pieces, row, at)
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

/* ---- the stage ---------------------------------------------------------- */

static struct csv_put
csv_put(struct csv *s)
{
	return (struct csv_put){&s->writer, s->separator, s->opts->crlf != 0};
}

/* The header is no record: what it ends counts nothing. */
static int
csv_header(
	struct leat_stage *st, struct csv *s, const struct leat_schema *schema)
{
	struct leat_writer *w = &s->writer;
	struct csv_put put = csv_put(s);

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

static int
csv_rows(struct leat_stage *st, struct csv *s, struct leat_table *t)
{
	struct leat_writer *w = &s->writer;
	struct csv_put put = csv_put(s);
	uint32_t can_copy = csv_can_copy(s, t);

	while (s->row < t->n_rows) {
		uint32_t row = leat_table_row(t, s->row);
		int rc = leat_writer_begin_record(st, w);

		if (rc)
			return rc;
		if (!can_copy || !csv_copy_row(s, t, row))
			csv_put_row(&put, t, row);
		s->row += leat_writer_end_record(w);
	}
	s->row = 0;
	return LEAT_OK;
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
	if (!rc)
		rc = csv_header(st, s, t.schema);
	if (!rc)
		rc = csv_rows(st, s, &t);
	if (!rc)
		leat_stage_release(st, in);
	return rc;
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
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_BYTES,
		.frame_bytes = CSV_FRAME_BYTES,
		.origin = in->origin,
	};
	return LEAT_OK;
}

static int
csv_init(struct leat_stage *st, const void *opts)
{
	struct csv *s = leat_stage_state(st);

	s->opts = opts;
	s->separator = (uint8_t)(s->opts->sep ? s->opts->sep : ',');
	if (s->separator == '\n' || s->separator == '\r' || s->separator == '"')
		return leat_stage_fail_at(st, LEAT_EINVAL, "sep", 0, 0,
			"neither a line end nor a quote can separate fields");
	s->is_special[s->separator] = s->is_special['"'] = 1;
	s->is_special['\n'] = s->is_special['\r'] = 1;
	return LEAT_OK;
}

static const struct leat_option csv_options[] = {
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
	.options = csv_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = CSV_FRAME_BYTES,
		.holds = 1,
		.side_bytes = CSV_SIDE_BYTES + 1024},
	.init = csv_init,
	.negotiate = csv_negotiate,
	.process = csv_process,
	.flush = csv_flush,
	.finish = csv_finish,
	.fini = csv_fini,
};
