/*
 * json.format -- a table, or rows, to one JSON object a line.
 *
 * A row is written straight into the frame where there is room for the most
 * that it can take, else piece by piece; keys are escaped once per schema. What
 * is made of a frame is emitted with it, in frames of its own.
 */
#include <string.h>

#include "json_put.h"

#define JSON_FRAME_BYTES 262144
#define JSON_KEYS_BYTES  (1u << 20) /* all keys, escaped */
#define JSON_VALUE_BYTES 50         /* of a value that is printed; and quotes */
#define JSON_SIDE_BYTES                                                        \
	(JSON_KEYS_BYTES + 1024 +                                              \
		LEAT_TABLE_COLUMNS_MAX *                                       \
			(sizeof(struct json_put_column) +                      \
				sizeof(struct json_put_plain)))

struct json {
	const struct leat_json_format_opts *opts;
	struct leat_writer writer;
	const struct leat_schema *schema; /* that keys are made for */
	struct json_put put;
	uint8_t *keys; /* {"a":  ,"b":  ... one after the other */
	uint32_t row;  /* of the input frame, next */
};

/* ---- columns ------------------------------------------------------------ */

static uint32_t
json_text_kind(uint32_t type)
{
	switch (type) {
	case LEAT_TYPE_INT64:
	case LEAT_TYPE_FLOAT64:
	case LEAT_TYPE_DECIMAL:
		return JSON_PUT_NUMBER;
	case LEAT_TYPE_BOOL:
		return JSON_PUT_BOOL;
	default:
		return JSON_PUT_STRING;
	}
}

static uint32_t
json_kind(const struct leat_column *column)
{
	if (column->flags & LEAT_COLUMN_JSON)
		return JSON_PUT_RAW;
	if (column->flags & LEAT_COLUMN_LITERALS)
		return JSON_PUT_LITERAL;
	return json_text_kind(column->type);
}

/* Where all columns are fields, a quote goes with the keys of strings. */
static void
json_make_plain(struct json *s)
{
	struct json_put *p = &s->put;

	p->n_plain = 0;
	for (uint32_t k = 0; k < p->n_columns; k++) {
		const struct json_put_column *c = &p->columns[k];

		if (c->field == LEAT_FIELD_NONE || p->all_strings ||
			c->kind > JSON_PUT_BOOL)
			return;
		p->plain[k] = (struct json_put_plain){
			.key = p->keys + c->key_at,
			.key_len = c->key_len + (c->kind == JSON_PUT_STRING),
			.field = c->field,
			.kind = c->kind};
	}
	p->n_plain = p->n_columns;
}

/* Escape all keys into memory that a writer is set upon. */
static int
json_make_keys(
	struct leat_stage *st, struct json *s, const struct leat_schema *schema)
{
	struct leat_writer w = {
		.at = s->keys, .end = s->keys + JSON_KEYS_BYTES};

	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const struct leat_column *column = &schema->columns[k];
		struct leat_text x = {(const uint8_t *)column->name,
			(uint32_t)strlen(column->name)};
		struct json_put_column *c = &s->put.columns[k];

		*c = (struct json_put_column){.kind = json_kind(column),
			.text_kind = json_text_kind(column->type),
			.number = k,
			.type = column->type,
			.field = column->field,
			.is_last_field = column->field + 1 == schema->n_fields,
			.key_at = (uint32_t)(w.at - s->keys)};
		leat_writer_put(&w, k ? "," : "{", 1);
		leat__json_put_string(&w, x, 0);
		leat_writer_put(&w, ":", 1);
		c->key_len = (uint32_t)(w.at - s->keys) - c->key_at;
		leat_writer_put(&w, "\"", 1); /* of strings */
	}
	if (w.is_full)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"the column names need over %u bytes", JSON_KEYS_BYTES);
	s->put.n_columns = schema->n_columns;
	s->put.n_fixed = (uint32_t)(w.at - s->keys) +
		schema->n_columns * JSON_VALUE_BYTES;
	s->schema = schema;
	json_make_plain(s);
	return LEAT_OK;
}

static int
json_bind(
	struct leat_stage *st, struct json *s, const struct leat_schema *schema)
{
	void *keys, *columns;
	int rc;

	if (schema == s->schema)
		return LEAT_OK;
	if (!s->keys) {
		rc = leat_stage_alloc(
			st, JSON_KEYS_BYTES + JSON_PUT_SLACK, &keys);
		if (!rc)
			rc = leat_stage_alloc(st,
				LEAT_TABLE_COLUMNS_MAX *
					(sizeof(struct json_put_column) +
						sizeof(struct json_put_plain)),
				&columns);
		if (rc)
			return leat_stage_fail(
				st, rc, "no memory for the keys");
		s->put.keys = s->keys = keys;
		s->put.columns = columns;
		s->put.plain =
			(void *)(s->put.columns + LEAT_TABLE_COLUMNS_MAX);
	}
	return json_make_keys(st, s, schema);
}

/* ---- the stage ---------------------------------------------------------- */

static int
json_table(struct leat_stage *st, struct json *s, struct leat_frame *in)
{
	struct leat_writer *w = &s->writer;
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = json_bind(st, s, t.schema);
	if (!rc)
		rc = leat__json_put_open(st, &s->put, &t);
	while (!rc && s->row < t.n_rows) {
		uint32_t row = leat_table_row(&t, s->row);

		rc = leat_writer_begin_record(st, w);
		if (rc)
			break;
		if (!leat__json_put_clean(&s->put, row) &&
			!leat__json_put_fast(&s->put, row))
			leat__json_put_row(&s->put, row);
		if (!leat_writer_end_record(w))
			return LEAT_MORE;
		s->row++;
	}
	return rc;
}

static int
json_lines(struct leat_stage *st, struct json *s, struct leat_frame *in)
{
	struct leat_rows rows = leat_frame_rows(in);
	struct leat_writer *w = &s->writer;
	int rc = LEAT_OK;

	while (s->row < rows.n) {
		struct leat_row row = rows.rows[s->row];
		struct leat_text x = {rows.text + row.offset, row.len};

		rc = leat_writer_begin_record(st, w);
		if (rc)
			break;
		leat_writer_put(w, "{\"line\":", 8);
		leat__json_put_string(w, x, 0);
		leat_writer_put(w, "}\n", 2);
		if (!leat_writer_end_record(w))
			return LEAT_MORE;
		s->row++;
	}
	return rc;
}

/* One frame is emitted a call; what is written ends with it. */
static int
json_process(struct leat_stage *st, struct leat_frame *in)
{
	struct json *s = leat_stage_state(st);
	int rc, flushed;

	leat_writer_enter(&s->writer, in);
	rc = in->layout == LEAT_LAYOUT_TABLE ? json_table(st, s, in)
					     : json_lines(st, s, in);
	if (rc < 0)
		return rc;
	flushed = leat_writer_flush(st, &s->writer);
	if (flushed || rc)
		return flushed ? flushed : rc;
	s->row = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static void
json_fini(struct leat_stage *st)
{
	struct json *s = leat_stage_state(st);

	leat_frame_release(s->writer.frame);
	s->writer.frame = NULL;
}

static int
json_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_BYTES,
		.frame_bytes = JSON_FRAME_BYTES,
		.origin = in->origin,
	};
	return LEAT_OK;
}

static int
json_init(struct leat_stage *st, const void *opts)
{
	struct json *s = leat_stage_state(st);

	s->opts = opts;
	s->put.writer = &s->writer;
	s->put.all_strings = s->opts->strings;
	return LEAT_OK;
}

static const struct leat_option json_options[] = {
	{.name = "strings",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_json_format_opts, strings),
		.fallback = "off",
		.help = "all that is not null as strings; an empty field is "
			"one"},
	{.name = NULL},
};

const struct leat_stage_ops leat_json_format_ops = {
	LEAT_STAGE_OPS_INIT("json.format"),
	.flags = LEAT_STAGE_STATELESS,
	.summary = "a table to one JSON object a line",
	.help = "Columns of numbers and of bool are written as such: as they "
		"stand in\n"
		"the source where that is JSON, else converted (+1 becomes 1, "
		".5\n"
		"0.5); what does not convert is a string. All other types are\n"
		"strings, but columns of JSON text, which stay what they are. "
		"A\n"
		"null, also an empty field of a CSV, is null; so are NaN and\n"
		"infinity, which JSON does not have. Bytes that are not UTF-8\n"
		"become U+FFFD. Rows of text become {\"line\":\"...\"}.\n"
		"\n"
		"    leat run 'read a.csv ! json.format ! write a.ndjson'\n",
	.state_bytes = sizeof(struct json),
	.opts_bytes = sizeof(struct leat_json_format_opts),
	.options = json_options,
	.in_layouts = LEAT_LAYOUT_TABLE | LEAT_LAYOUT_ROWS,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = JSON_FRAME_BYTES,
		.side_bytes = JSON_SIDE_BYTES},
	.init = json_init,
	.negotiate = json_negotiate,
	.process = json_process,
	.fini = json_fini,
};
