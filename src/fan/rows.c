/*
 * fan/rows.c -- a table made of rows of other tables.
 *
 * Keeps: rows stand whole in a frame; what was begun and does not fit is taken
 * back and begun again in the next. Text of the same dialect is copied as it
 * stands, a row in one piece where its columns are all fields in their order;
 * of another one it is read and written anew.
 * Threads: the one that steps the stage's task.
 */
#include "fan/rows.h"

#include <string.h>

#define ROWS_TEXT_BYTES  (1u << 20) /* most of one row */
#define ROWS_TEXT_ENOUGH (1u << 17) /* then the frame goes */
#define ROWS_ENDS_ENOUGH 16384u     /* fields of a frame; one row has less */
#define ROWS_SLACK_BYTES 64u        /* readable behind the text */

uint32_t
leat__rows_frame_bytes(void)
{
	return leat_table_frame_bytes(ROWS_TEXT_BYTES);
}

uint64_t
leat__rows_schema_bytes(uint64_t n_columns, uint64_t n_bytes)
{
	return 256 +
		2 *
		(sizeof(struct leat_schema) + n_bytes +
			(n_columns + 1) * (sizeof(struct leat_column) + 16));
}

int
leat__rows_schema(struct leat_stage *st, const struct leat_text *names,
	uint32_t n_columns, const struct leat_schema *like,
	struct leat_schema **schema_out)
{
	struct leat_schema *schema;
	int rc = leat_schema_create(st, names, n_columns, &schema);

	if (rc)
		return rc;
	schema->n_fields = n_columns + 1;
	schema->flags = LEAT_SCHEMA_OWN_TEXT;
	schema->origin = leat_stage_name(st);
	if (like && like->n_fields) {
		schema->separator = like->separator;
		schema->quote = like->quote;
	}
	*schema_out = schema;
	return LEAT_OK;
}

/* ---- frames ------------------------------------------------------------- */

static int
rows_open(struct leat_stage *st, struct leat__rows *rows)
{
	struct leat_frame *frame;
	uint32_t n_max;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	rows->frame = frame;
	rows->ends = leat_table_fields_room(frame, &n_max);
	if (n_max > ROWS_ENDS_ENOUGH)
		n_max = ROWS_ENDS_ENOUGH;
	rows->max_rows = n_max / rows->schema->n_fields;
	rows->text = (uint8_t *)(rows->ends + 2 * (size_t)n_max);
	rows->text_offset = (uint32_t)(rows->text - leat_frame_start(frame));
	rows->max_bytes = leat_frame_capacity_bytes(frame) - rows->text_offset -
		ROWS_SLACK_BYTES;
	rows->n_ends = rows->n_rows = rows->at = rows->has_quotes = 0;
	rows->is_full = false;
	return LEAT_OK;
}

static int
rows_emit(struct leat_stage *st, struct leat__rows *rows)
{
	struct leat_fields fields = {.schema = rows->schema,
		.text_offset = rows->text_offset,
		.n_rows = rows->n_rows,
		.has_quotes = rows->has_quotes,
		.source_offset = rows->n_bytes_before,
		.line = rows->n_rows_before + 1};
	int rc;

	leat_table_begin_fields(rows->frame, &fields);
	leat__head_mark(&rows->stamp, rows->frame);
	rc = leat_stage_emit(st, 0, rows->frame);
	if (rc)
		return rc;
	rows->frame = NULL;
	rows->n_rows_before += rows->n_rows;
	rows->n_bytes_before += rows->at;
	rows->has_emitted = true;
	return LEAT_OK;
}

int
leat__rows_flush(struct leat_stage *st, struct leat__rows *rows)
{
	if (!rows->frame)
		return LEAT_OK;
	if (rows->n_rows)
		return rows_emit(st, rows);
	leat__rows_fini(st, rows);
	return LEAT_OK;
}

void
leat__rows_fini(struct leat_stage *st, struct leat__rows *rows)
{
	leat_stage_release(st, rows->frame);
	rows->frame = NULL;
}

/* ---- rows ---------------------------------------------------------------- */

int
leat__rows_begin(struct leat_stage *st, struct leat__rows *rows)
{
	int rc = LEAT_OK;

	if (rows->frame && rows->is_full) {
		if (rows->has_emitted)
			return LEAT_MORE;
		rc = rows_emit(st, rows);
	}
	if (!rc && !rows->frame)
		rc = rows_open(st, rows);
	rows->row_at = rows->at;
	rows->row_ends = rows->n_ends;
	rows->is_over = false;
	return rc;
}

int
leat__rows_end(struct leat_stage *st, struct leat__rows *rows)
{
	leat__rows_put_nulls(rows, 1); /* the field that is not a column */
	if (!rows->is_over) {
		rows->text[rows->at - 1] = '\n';
		rows->n_rows++;
		rows->is_full = rows->n_rows == rows->max_rows ||
			rows->at >= ROWS_TEXT_ENOUGH;
		return 1;
	}
	if (rows->n_rows == 0)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%s: a record of more than %u bytes",
			leat_stage_name(st), rows->max_bytes);
	rows->at = rows->row_at;
	rows->n_ends = rows->row_ends;
	rows->is_full = true;
	return 0;
}

/* ---- values -------------------------------------------------------------- */

static bool
rows_has_room(struct leat__rows *rows, size_t n_bytes)
{
	if (n_bytes <= rows->max_bytes - rows->at)
		return true;
	rows->is_over = true;
	return false;
}

static void
rows_end_field(struct leat__rows *rows)
{
	if (!rows_has_room(rows, 1))
		return;
	rows->ends[rows->n_ends++] = rows->at;
	rows->text[rows->at++] = (uint8_t)rows->schema->separator;
}

void
leat__rows_put_nulls(struct leat__rows *rows, uint32_t n_columns)
{
	while (n_columns-- > 0)
		rows_end_field(rows);
}

static void
rows_put_bytes(struct leat__rows *rows, const uint8_t *data, uint32_t n)
{
	if (!n || !rows_has_room(rows, n))
		return;
	memcpy(rows->text + rows->at, data, n);
	rows->at += n;
}

/* What is between a field's quotes, or all of it. */
static bool
rows_unquote(struct leat_text *x, uint32_t quote)
{
	bool is_quoted = quote && x->len >= 2 && x->data[0] == quote &&
		x->data[x->len - 1] == quote;

	if (is_quoted)
		*x = (struct leat_text){x->data + 1, x->len - 2};
	return is_quoted;
}

static bool
rows_needs_quotes(const struct leat__rows *rows, struct leat_text x)
{
	for (uint32_t k = 0; k < x.len; k++)
		if (x.data[k] == rows->schema->separator ||
			x.data[k] == rows->schema->quote || x.data[k] == '\n' ||
			x.data[k] == '\r')
			return true;
	return false;
}

static void
rows_note_quotes(struct leat__rows *rows, uint32_t has_quotes)
{
	if (rows->has_quotes < has_quotes)
		rows->has_quotes = has_quotes;
}

/* A field of another dialect: doubled quotes of its own made single, those of
 * the new one doubled. */
static void
rows_put_anew(struct leat__rows *rows, struct leat_text x, uint32_t quote)
{
	uint8_t own = (uint8_t)rows->schema->quote;
	bool is_quoted = rows_unquote(&x, quote);

	if (!rows_needs_quotes(rows, x) && !is_quoted) {
		rows_put_bytes(rows, x.data, x.len);
		return;
	}
	rows_note_quotes(rows, LEAT_QUOTES_PLAIN);
	rows_put_bytes(rows, &own, 1);
	for (uint32_t k = 0; k < x.len; k++) {
		if (x.data[k] == own)
			rows_put_bytes(rows, &own, 1);
		rows_put_bytes(rows, &x.data[k], 1);
		k += is_quoted && x.data[k] == quote;
	}
	rows_put_bytes(rows, &own, 1);
}

static bool
rows_has_dialect(const struct leat__rows *rows, const struct leat_table *t)
{
	return t->schema->separator == rows->schema->separator &&
		t->schema->quote == rows->schema->quote;
}

/* Bytes as digits: more of them than a scratch holds. */
static void
rows_put_binary(struct leat__rows *rows, const struct leat_table *t,
	uint32_t column, uint32_t row)
{
	static const char digits[] = "0123456789abcdef";
	struct leat_table own = *t;
	struct leat_text x = {NULL, 0};
	struct leat_vector v;
	uint32_t bad_row;

	if (!leat_table_vector(&own, column, LEAT_TYPE_BINARY, &v, &bad_row))
		x = leat_vector_text(&v, row);
	for (uint32_t k = 0; k < x.len; k++) {
		uint8_t pair[] = {(uint8_t)digits[x.data[k] >> 4],
			(uint8_t)digits[x.data[k] & 15]};

		rows_put_bytes(rows, pair, 2);
	}
}

/* A value of a vector: text is put in quotes where it has to be. */
static void
rows_put_own(struct leat__rows *rows, const struct leat_table *t,
	uint32_t column, uint32_t row)
{
	uint8_t printed[LEAT_TABLE_PRINT_BYTES];

	if (leat_table_text_bytes(t, column, row) > sizeof(printed))
		rows_put_binary(rows, t, column, row);
	else
		rows_put_anew(
			rows, leat_table_text(t, column, row, printed), 0);
}

static void
rows_put_value(struct leat__rows *rows, const struct leat_table *t,
	uint32_t column, uint32_t row)
{
	struct leat_text x;

	if (t->schema->columns[column].field == LEAT_FIELD_NONE) {
		rows_put_own(rows, t, column, row);
	} else if (rows_has_dialect(rows, t)) {
		x = leat_table_raw(t, column, row);
		rows_put_bytes(rows, x.data, x.len);
	} else {
		rows_put_anew(
			rows, leat_table_raw(t, column, row), t->schema->quote);
	}
	rows_end_field(rows);
}

/* Are its columns the fields, in their order? */
static bool
rows_is_whole(const struct leat__rows *rows, const struct leat_table *t)
{
	const struct leat_schema *schema = t->schema;

	if (schema->n_columns > schema->n_fields || !rows_has_dialect(rows, t))
		return false;
	for (uint32_t k = 0; k < schema->n_columns; k++)
		if (schema->columns[k].field != k)
			return false;
	return true;
}

/* All columns in one piece. */
static void
rows_put_whole(
	struct leat__rows *rows, const struct leat_table *t, uint32_t row)
{
	uint32_t n = t->schema->n_columns;
	const uint32_t *ends = t->fields + (size_t)row * t->schema->n_fields;
	const uint8_t *begin = leat_table_raw(t, 0, row).data;
	struct leat_text last = leat_table_raw(t, n - 1, row);
	uint32_t n_bytes = (uint32_t)(last.data - begin) + last.len;
	uint32_t shift = rows->at - (uint32_t)(begin - t->text);

	if (!rows_has_room(rows, n_bytes))
		return;
	memcpy(rows->text + rows->at, begin, n_bytes);
	for (uint32_t k = 0; k + 1 < n; k++)
		rows->ends[rows->n_ends++] = ends[k] + shift;
	rows->at += n_bytes;
	rows_end_field(rows);
}

void
leat__rows_put(
	struct leat__rows *rows, const struct leat_table *t, uint32_t row)
{
	rows_note_quotes(rows, t->has_quotes);
	if (rows_is_whole(rows, t)) {
		rows_put_whole(rows, t, row);
		return;
	}
	for (uint32_t k = 0; k < t->schema->n_columns; k++)
		rows_put_value(rows, t, k, row);
}
