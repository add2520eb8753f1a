/*
 * json.format -- a table, or rows, to one JSON object a line.
 *
 * A value is written as a number if its text is a JSON number as it stands,
 * else as a string; escapes and bytes that are not UTF-8 (U+FFFD in their
 * place) are dealt with on the way, nothing is decoded into a buffer. Keys are
 * escaped once per schema.
 */
#include <stdio.h>
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#define JSON_FRAME_BYTES 131072
#define JSON_KEYS_BYTES  (1u << 20) /* all keys, escaped */
#define JSON_PRINT_BYTES 64
#define JSON_SIDE_BYTES                                                        \
	(JSON_KEYS_BYTES + 1024 + LEAT_TABLE_COLUMNS_MAX * sizeof(uint32_t))

struct json {
	const struct leat_json_format_opts *opts;
	struct leat_writer writer;
	const struct leat_schema *schema; /* that keys are made for */
	uint8_t *keys; /* {"a":  ,"b":  ... one after the other */
	uint32_t *key_ends;
	uint32_t row; /* of the input frame, next */
};

/* ---- text --------------------------------------------------------------- */

static inline uint32_t
json_is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Bytes of the well-formed UTF-8 sequence at data, 0 = none. */
static uint32_t
json_utf8(const uint8_t *data, size_t n, uint32_t *bad_out)
{
	static const struct {
		uint8_t first, last, low, high, n_bytes;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	uint32_t form = 0, k;

	*bad_out = 1;
	while (form < 8 &&
		(data[0] < forms[form].first || data[0] > forms[form].last))
		form++;
	if (form == 8 || n < 2 || data[1] < forms[form].low ||
		data[1] > forms[form].high)
		return 0;
	for (k = 2; k < forms[form].n_bytes && k < n; k++)
		if ((data[k] & 0xc0) != 0x80)
			break;
	*bad_out = k;
	return k == forms[form].n_bytes ? k : 0;
}

static void
json_put_escape(struct leat_writer *w, uint8_t c)
{
	static const char from[] = "\"\\\n\r\t\b\f";
	static const char to[] = "\"\\nrtbf";
	const char *at = c ? strchr(from, c) : NULL;
	char text[8];

	if (at)
		snprintf(text, sizeof(text), "\\%c", to[at - from]);
	else
		snprintf(text, sizeof(text), "\\u%04x", c);
	leat_writer_put(w, text, strlen(text));
}

/* One character that needs a look; returns its bytes. */
static size_t
json_put_other(struct leat_writer *w, const uint8_t *data, size_t n)
{
	uint32_t bad;
	uint32_t len;

	if (data[0] < 0x80) {
		json_put_escape(w, data[0]);
		return 1;
	}
	len = json_utf8(data, n, &bad);
	if (len)
		leat_writer_put(w, data, len);
	else
		leat_writer_put(w, "\xef\xbf\xbd", 3);
	return len ? len : bad;
}

/* Put text as the inside of a string; quote: where doubled it is one, or 0. */
static void
json_put_text(struct leat_writer *w, struct leat_text x, uint8_t quote)
{
	size_t at = 0;

	while (at < x.len) {
		size_t start = at;

		while (at < x.len && json_is_plain(x.data[at]) &&
			!(quote && x.data[at] == quote))
			at++;
		leat_writer_put(w, x.data + start, at - start);
		if (at == x.len)
			break;
		if (quote && x.data[at] == quote) {
			json_put_text(w, (struct leat_text){x.data + at, 1}, 0);
			at += 2;
		} else {
			at += json_put_other(w, x.data + at, x.len - at);
		}
	}
}

static uint32_t
json_digits(struct leat_text x, uint32_t at)
{
	while (at < x.len && (uint8_t)(x.data[at] - '0') < 10)
		at++;
	return at;
}

/* Is this text a number by the grammar of RFC 8259? */
static uint32_t
json_is_number(struct leat_text x)
{
	uint32_t at = x.len && x.data[0] == '-';
	uint32_t digits = at;

	at = json_digits(x, at);
	if (at == digits || (x.data[digits] == '0' && at > digits + 1))
		return 0;
	if (at < x.len && x.data[at] == '.') {
		digits = at + 1;
		at = json_digits(x, digits);
		if (at == digits)
			return 0;
	}
	if (at < x.len && (x.data[at] | 0x20) == 'e') {
		at++;
		at += at < x.len && (x.data[at] == '+' || x.data[at] == '-');
		digits = at;
		at = json_digits(x, digits);
		if (at == digits)
			return 0;
	}
	return at == x.len;
}

static void
json_put_string(struct leat_writer *w, struct leat_text x, uint8_t quote)
{
	leat_writer_put(w, "\"", 1);
	json_put_text(w, x, quote);
	leat_writer_put(w, "\"", 1);
}

/* ---- keys --------------------------------------------------------------- */

/* Escape all keys into memory that a writer is set upon. */
static int
json_make_keys(
	struct leat_stage *st, struct json *s, const struct leat_schema *schema)
{
	struct leat_writer w = {
		.at = s->keys, .end = s->keys + JSON_KEYS_BYTES};

	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const char *name = schema->columns[k].name;
		struct leat_text x = {
			(const uint8_t *)name, (uint32_t)strlen(name)};

		leat_writer_put(&w, k ? "," : "{", 1);
		json_put_string(&w, x, 0);
		leat_writer_put(&w, ":", 1);
		s->key_ends[k] = (uint32_t)(w.at - s->keys);
	}
	if (w.is_full)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"the column names need over %u bytes", JSON_KEYS_BYTES);
	s->schema = schema;
	return LEAT_OK;
}

static int
json_bind(
	struct leat_stage *st, struct json *s, const struct leat_schema *schema)
{
	void *keys, *ends;
	int rc;

	if (schema == s->schema)
		return LEAT_OK;
	if (!s->keys) {
		rc = leat_stage_alloc(st, JSON_KEYS_BYTES, &keys);
		if (!rc)
			rc = leat_stage_alloc(st,
				LEAT_TABLE_COLUMNS_MAX * sizeof(uint32_t),
				&ends);
		if (rc)
			return leat_stage_fail(
				st, rc, "no memory for the keys");
		s->keys = keys;
		s->key_ends = ends;
	}
	return json_make_keys(st, s, schema);
}

/* ---- values ------------------------------------------------------------- */

/* A value of a vector. */
static void
json_put_typed(struct json *s, const struct leat_table *t, uint32_t column,
	uint32_t row)
{
	struct leat_writer *w = &s->writer;
	uint8_t scratch[JSON_PRINT_BYTES];
	struct leat_text x = leat_table_text(t, column, row, scratch);
	uint32_t type = t->schema->columns[column].type;

	if (!x.data)
		leat_writer_put(w, "null", 4);
	else if (!s->opts->strings &&
		(type == LEAT_TYPE_BOOL || json_is_number(x)))
		leat_writer_put(w, x.data, x.len);
	else
		json_put_string(w, x, 0);
}

/* A field of the source text. */
static void
json_put_field(struct json *s, const struct leat_table *t, uint32_t column,
	uint32_t row)
{
	struct leat_text x = leat_table_raw(t, column, row);
	uint8_t quote = (uint8_t)t->schema->quote;

	if (!t->has_quotes || !quote || x.len < 2 || x.data[0] != quote)
		quote = 0;
	else
		x = (struct leat_text){x.data + 1, x.len - 2};
	if (!s->opts->strings && json_is_number(x))
		leat_writer_put(&s->writer, x.data, x.len);
	else
		json_put_string(&s->writer, x, quote);
}

static void
json_put_row(struct json *s, const struct leat_table *t, uint32_t row)
{
	uint32_t key = 0;

	for (uint32_t k = 0; k < t->schema->n_columns; k++) {
		leat_writer_put(
			&s->writer, s->keys + key, s->key_ends[k] - key);
		key = s->key_ends[k];
		if (t->schema->columns[k].field == LEAT_FIELD_NONE)
			json_put_typed(s, t, k, row);
		else
			json_put_field(s, t, k, row);
	}
	leat_writer_put(&s->writer, "}\n", 2);
}

/* ---- the stage ---------------------------------------------------------- */

static int
json_table(struct leat_stage *st, struct json *s, struct leat_frame *in)
{
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = json_bind(st, s, t.schema);
	while (!rc && s->row < t.n_rows) {
		rc = leat_writer_begin_record(st, &s->writer);
		if (rc)
			break;
		json_put_row(s, &t, leat_table_row(&t, s->row));
		s->row += leat_writer_end_record(&s->writer);
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
		json_put_string(w, x, 0);
		leat_writer_put(w, "}\n", 2);
		s->row += leat_writer_end_record(w);
	}
	return rc;
}

static int
json_process(struct leat_stage *st, struct leat_frame *in)
{
	struct json *s = leat_stage_state(st);
	int rc;

	leat_writer_enter(&s->writer, in);
	rc = in->layout == LEAT_LAYOUT_TABLE ? json_table(st, s, in)
					     : json_lines(st, s, in);
	if (rc)
		return rc;
	s->row = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
json_flush(struct leat_stage *st)
{
	struct json *s = leat_stage_state(st);

	leat_writer_enter(&s->writer, NULL);
	return leat_writer_flush(st, &s->writer);
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
	return LEAT_OK;
}

static const struct leat_option json_options[] = {
	{.name = "strings",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_json_format_opts, strings),
		.fallback = "off",
		.help = "write numbers as strings, too"},
	{.name = NULL},
};

const struct leat_stage_ops leat_json_format_ops = {
	LEAT_STAGE_OPS_INIT("json.format"),
	.summary = "a table to one JSON object a line",
	.help = "A value whose text is a JSON number is written as a number, "
		"all\n"
		"others as strings; 007 and an empty field are strings, a "
		"null\n"
		"of a typed column is null. Bytes that are not UTF-8 become\n"
		"U+FFFD. Rows of text become {\"line\":\"...\"}.\n"
		"\n"
		"    leat run 'read a.csv ! json.format ! write a.ndjson'\n",
	.state_bytes = sizeof(struct json),
	.opts_bytes = sizeof(struct leat_json_format_opts),
	.options = json_options,
	.in_layouts = LEAT_LAYOUT_TABLE | LEAT_LAYOUT_ROWS,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = JSON_FRAME_BYTES,
		.holds = 1,
		.side_bytes = JSON_SIDE_BYTES},
	.init = json_init,
	.negotiate = json_negotiate,
	.process = json_process,
	.flush = json_flush,
	.finish = json_flush,
	.fini = json_fini,
};
