/*
 * stages/filter/pack.c -- rows of tables as bytes, and tables of them again.
 *
 * Of fields: length and bytes of the text, with separators, then the length of
 * each field. Tables that are made have one field more, which is empty: a value
 * that ends in CR does not end a line so. Of vectors: a byte that says if there
 * is a value, then the value; they are kept until their number is known.
 * Keeps: what pack_add took is in the next table that is emitted, in order.
 * Threads: the one that steps the stage's task.
 */
#include "pack.h"

#include <string.h>

#define PACK_TEXT_BYTES   (1u << 20) /* of a frame, at least */
#define PACK_TEXT_ENOUGH  (1u << 17) /* then it goes */
#define PACK_ENDS_ENOUGH  16384u     /* fields of it */
#define PACK_ROWS_ENOUGH  4096u      /* of vectors */
#define PACK_VECTOR_BYTES (1u << 18) /* of fixed size, in a frame */
#define PACK_SLACK_BYTES  64u        /* readable behind a text */
#define PACK_LONG         0xffu      /* a length of four bytes follows */
#define PACK_PRINT_BYTES  64u        /* of a typed value */

/* ---- what is needed ------------------------------------------------------- */

uint32_t
leat__pack_frame_bytes(const struct leat_shape *in)
{
	uint32_t least = leat_table_frame_bytes(PACK_TEXT_BYTES);

	return in->frame_bytes > least ? in->frame_bytes : least;
}

uint64_t
leat__pack_side_bytes(void)
{
	return 4096 + (uint64_t)PACK_TEXT_BYTES +
		PACK_ROWS_ENOUGH * sizeof(uint32_t) +
		LEAT_TABLE_COLUMNS_MAX *
		(sizeof(struct leat_column) + sizeof(struct leat__pack_kind));
}

/* ---- columns -------------------------------------------------------------- */

static bool
pack_has_own(const struct leat_schema *schema)
{
	for (uint32_t k = 0; k < schema->n_columns; k++)
		if (schema->columns[k].field == LEAT_FIELD_NONE)
			return true;
	return schema->n_columns == 0;
}

static int
pack_make_schema(struct leat_stage *st, struct leat__pack *pack,
	const struct leat_schema *from, bool is_fields)
{
	uint32_t n = from->n_columns + pack->n_extra;
	struct leat_column *columns;
	void *memory;
	int rc = leat_stage_alloc(
		st, sizeof(*pack->to) + n * sizeof(*columns), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	pack->to = memory;
	columns = (struct leat_column *)(void *)(pack->to + 1);
	for (uint32_t k = 0; k < n; k++) {
		columns[k] = k < from->n_columns
			? from->columns[k]
			: pack->extra[k - from->n_columns];
		columns[k].field = is_fields ? k : LEAT_FIELD_NONE;
		columns[k].vector = k;
	}
	*pack->to = *from;
	pack->n_own = from->n_columns;
	pack->to->n_columns = n;
	pack->to->columns = columns;
	pack->to->n_fields = is_fields ? n + 1 : 1;
	pack->to->n_vectors = is_fields ? 0 : n;
	pack->to->origin = leat_stage_name(st);
	return LEAT_OK;
}

static int
pack_make_kinds(struct leat_stage *st, struct leat__pack *pack)
{
	size_t n_bytes = pack->to->n_columns * sizeof(*pack->kinds);
	void *memory;
	size_t n_cursors = PACK_ROWS_ENOUGH * sizeof(*pack->cursors);
	int rc = leat_stage_alloc(
		st, n_bytes + n_cursors + PACK_TEXT_BYTES, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	memset(memory, 0, n_bytes);
	pack->kinds = memory;
	for (uint32_t k = pack->n_own; k < pack->to->n_columns; k++)
		pack->kinds[k].type = LEAT_TYPE_TEXT;
	pack->cursors = (uint32_t *)(void *)((uint8_t *)memory + n_bytes);
	pack->rows = (uint8_t *)(pack->cursors + PACK_ROWS_ENOUGH);
	return LEAT_OK;
}

static int
pack_fail_columns(struct leat_stage *st, const struct leat__pack *pack,
	const struct leat_schema *schema)
{
	char was[160], is[160];

	leat_schema_names(pack->to, was, sizeof(was));
	leat_schema_names(schema, is, sizeof(is));
	return leat_stage_fail(st, LEAT_EINVAL,
		"%s: the columns were %s and now are %s; select makes them "
		"alike",
		leat_stage_name(st), was, is);
}

/* Can a row be copied from the beginning of its first field? */
static bool
pack_is_whole(const struct leat__pack *pack, const struct leat_schema *from)
{
	if (pack->kinds || pack->n_extra || from->n_fields < from->n_columns ||
		from->separator != pack->to->separator ||
		from->quote != pack->to->quote)
		return false;
	for (uint32_t k = 0; k < from->n_columns; k++)
		if (from->columns[k].field != k)
			return false;
	return true;
}

int
leat__pack_bind(struct leat_stage *st, struct leat__pack *pack,
	const struct leat_schema *schema)
{
	bool is_fields = !pack_has_own(schema);
	int rc = LEAT_OK;

	if (schema == pack->from)
		return LEAT_OK;
	if (!pack->to) {
		rc = pack_make_schema(st, pack, schema, is_fields);
		if (!rc && !is_fields)
			rc = pack_make_kinds(st, pack);
		if (rc)
			return rc;
	}
	if (schema->n_columns != pack->n_own)
		return pack_fail_columns(st, pack, schema);
	for (uint32_t k = 0; k < schema->n_columns; k++)
		if (strcmp(schema->columns[k].name,
			    pack->to->columns[k].name) != 0)
			return pack_fail_columns(st, pack, schema);
	pack->is_whole = pack_is_whole(pack, schema);
	pack->from = schema;
	return rc;
}

/* The type that its values have: of the first table, if it was one. */
static int
pack_enter_kind(struct leat_stage *st, struct leat__pack *pack,
	struct leat_table *t, uint32_t column)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat__pack_kind *kind = &pack->kinds[column];
	bool is_own = c->field == LEAT_FIELD_NONE;
	uint32_t bad_row;
	int rc = LEAT_EINVAL;

	if (is_own)
		rc = leat_table_vector(
			t, column, LEAT_TYPE_TEXT, &kind->vector, &bad_row);
	kind->has_pieces = rc == LEAT_OK;
	if (!kind->type) {
		kind->type = is_own && rc ? c->type : LEAT_TYPE_TEXT;
		kind->scale = c->scale;
	}
	if (kind->type == LEAT_TYPE_TEXT)
		return LEAT_OK;
	rc = leat_table_vector(t, column, kind->type, &kind->vector, &bad_row);
	if (rc || kind->scale != c->scale)
		return leat_stage_fail(st, rc ? rc : LEAT_EDATA,
			"%s: column '%s' was %s before and is not any more; "
			"cast makes it one",
			leat_stage_name(st), c->name,
			leat_type_name(kind->type));
	return LEAT_OK;
}

int
leat__pack_enter(
	struct leat_stage *st, struct leat__pack *pack, struct leat_table *t)
{
	int rc = leat__pack_bind(st, pack, t->schema);

	for (uint32_t k = 0; !rc && pack->kinds && k < t->schema->n_columns;
		k++)
		rc = pack_enter_kind(st, pack, t, k);
	if (t->has_quotes > pack->has_quotes)
		pack->has_quotes = t->has_quotes;
	if (pack->stamp < t->frame->stamp)
		pack->stamp = t->frame->stamp;
	pack->birth_ns = t->frame->birth_ns;
	return rc;
}

/* ---- a row of fields ------------------------------------------------------ */

static void
pack_put_len(struct leat__pack_buf *buf, uint32_t len)
{
	if (!leat__pack_has_room(buf, 5))
		return;
	if (len < PACK_LONG) {
		*buf->at++ = (uint8_t)len;
		return;
	}
	*buf->at++ = PACK_LONG;
	memcpy(buf->at, &len, sizeof(len));
	buf->at += sizeof(len);
}

static inline uint32_t
pack_get_len(const uint8_t **at)
{
	uint32_t len = *(*at)++;

	if (len == PACK_LONG) {
		memcpy(&len, *at, sizeof(len));
		*at += sizeof(len);
	}
	return len;
}

static void
pack_put_bytes(struct leat__pack_buf *buf, const void *data, uint32_t n)
{
	if (!n || !leat__pack_has_room(buf, n))
		return;
	memcpy(buf->at, data, n);
	buf->at += n;
}

static void
pack_put_whole(const struct leat__pack *pack, const struct leat_table *t,
	uint32_t row, struct leat__pack_buf *buf)
{
	uint32_t n = pack->to->n_columns;
	const uint32_t *ends = t->fields + (size_t)row * t->schema->n_fields;
	const uint8_t *begin = leat_table_raw(t, 0, row).data;
	struct leat_text last = leat_table_raw(t, n - 1, row);
	uint32_t n_bytes = (uint32_t)(last.data - begin) + last.len;
	uint32_t start = (uint32_t)(begin - t->text);

	pack_put_bytes(buf, &n_bytes, sizeof(n_bytes));
	pack_put_bytes(buf, begin, n_bytes);
	if (!leat__pack_has_room(buf, 5 * (size_t)n))
		return;
	for (uint32_t k = 0; k + 1 < n; k++) {
		pack_put_len(buf, ends[k] - start);
		start = ends[k] + 1;
	}
	pack_put_len(buf, last.len);
}

static bool
pack_needs_quotes(const struct leat_schema *to, struct leat_text x)
{
	for (uint32_t k = 0; k < x.len; k++)
		if (x.data[k] == to->separator || x.data[k] == to->quote ||
			x.data[k] == '\n' || x.data[k] == '\r')
			return to->quote != 0;
	return false;
}

/* A value as it stands in a text of the dialect. */
static void
pack_put_dialect(
	struct leat__pack *pack, struct leat_text x, struct leat__pack_buf *buf)
{
	uint8_t quote = (uint8_t)pack->to->quote;

	if (!pack_needs_quotes(pack->to, x)) {
		pack_put_bytes(buf, x.data, x.len);
		return;
	}
	pack->has_quotes |= LEAT_QUOTES_PLAIN;
	pack_put_bytes(buf, &quote, 1);
	for (uint32_t k = 0; k < x.len; k++) {
		if (x.data[k] == quote)
			pack_put_bytes(buf, &quote, 1);
		pack_put_bytes(buf, &x.data[k], 1);
	}
	pack_put_bytes(buf, &quote, 1);
}

/* A value of another dialect, or that is no field. */
static int
pack_put_anew(struct leat__pack *pack, const struct leat_table *t,
	uint32_t column, uint32_t row, struct leat__pack_buf *buf)
{
	uint32_t n_scratch = leat_table_text_bytes(t, column, row);
	struct leat__pack_buf rest = *buf;
	struct leat_text x;

	if (!leat__pack_has_room(buf, n_scratch))
		return LEAT_OK;
	rest.end -= n_scratch;
	x = leat_table_text(t, column, row, rest.end);
	if (x.data && !x.len &&
		t->schema->columns[column].field == LEAT_FIELD_NONE)
		return LEAT_EDATA;
	pack_put_dialect(pack, x, &rest);
	buf->at = rest.at;
	buf->is_over = rest.is_over;
	return LEAT_OK;
}

static int
pack_put_field(struct leat__pack *pack, const struct leat_table *t,
	uint32_t column, uint32_t row, struct leat__pack_buf *buf)
{
	struct leat_text x;

	if (t->schema->columns[column].field == LEAT_FIELD_NONE ||
		t->schema->separator != pack->to->separator ||
		t->schema->quote != pack->to->quote)
		return pack_put_anew(pack, t, column, row, buf);
	x = leat_table_raw(t, column, row);
	pack_put_bytes(buf, x.data, x.len);
	return LEAT_OK;
}

/* Field by field; lengths stand in front until the text is there. */
static int
pack_put_fields(struct leat__pack *pack, const struct leat_table *t,
	uint32_t row, const struct leat_text *extra, struct leat__pack_buf *buf)
{
	uint32_t n = pack->to->n_columns;
	struct leat__pack_buf rest = *buf;
	uint8_t *lens = rest.end - n * sizeof(uint32_t);
	uint8_t *text = rest.at + sizeof(uint32_t);
	uint32_t len;
	int rc = LEAT_OK;

	if (!leat__pack_has_room(buf, (n + 1) * sizeof(uint32_t)))
		return LEAT_OK;
	rest.at = text;
	rest.end = lens;
	for (uint32_t k = 0; !rc && k < n; k++) {
		uint8_t *start = rest.at;

		if (k < pack->n_own)
			rc = pack_put_field(pack, t, k, row, &rest);
		else
			pack_put_dialect(pack, extra[k - pack->n_own], &rest);
		len = (uint32_t)(rest.at - start);
		memcpy(lens + k * sizeof(len), &len, sizeof(len));
		if (k + 1 < n)
			pack_put_bytes(&rest, &pack->to->separator, 1);
	}
	len = (uint32_t)(rest.at - text);
	memcpy(buf->at, &len, sizeof(len));
	buf->at = rest.at;
	buf->end = lens;
	buf->is_over = rest.is_over || !leat__pack_has_room(buf, 5 * (size_t)n);
	for (uint32_t k = 0; !buf->is_over && k < n; k++) {
		memcpy(&len, lens + k * sizeof(len), sizeof(len));
		pack_put_len(buf, len);
	}
	buf->end = lens + n * sizeof(len);
	return rc;
}

/* ---- a row of values ------------------------------------------------------ */

/* What stands before a value of a vector: what it is, and of bytes how many and
 * where they are once the frame is made. */
enum pack_tag { PACK_NULL, PACK_VALUE, PACK_STRING, PACK_OWN };

struct pack_place {
	uint32_t len;
	uint32_t at;
};

static void
pack_put_place(struct leat__pack_buf *buf, uint8_t tag, struct leat_text x)
{
	struct pack_place place = {x.len, 0};

	pack_put_bytes(buf, &tag, 1);
	if (tag == PACK_NULL)
		return;
	pack_put_bytes(buf, &place, sizeof(place));
	pack_put_bytes(buf, x.data, x.len);
}

bool
leat__pack_is_string(const struct leat_column *column,
	const struct leat_vector *pieces, uint32_t row)
{
	struct leat_piece piece =
		((const struct leat_piece *)pieces->values)[row];

	return (column->flags & LEAT_COLUMN_LITERALS) &&
		((piece.len & LEAT_PIECE_OWN) ||
			pieces->text[piece.at - 1] == '"');
}

/* A piece, and of JSON text whether it is a string. */
static void
pack_put_piece(const struct leat_column *column, const struct leat_vector *v,
	uint32_t row, struct leat__pack_buf *buf)
{
	const struct leat_piece *pieces = v->values;
	struct leat_text x = {NULL, 0};
	uint8_t tag = PACK_NULL;

	if (leat_vector_has(v, row)) {
		x = leat_vector_text(v, row);
		tag = PACK_VALUE;
		if (leat__pack_is_string(column, v, row))
			tag = pieces[row].len & LEAT_PIECE_OWN ? PACK_OWN
							       : PACK_STRING;
	}
	pack_put_place(buf, tag, x);
}

/* A field, decoded; or a value that was text before, printed. */
static void
pack_put_text(const struct leat_table *t, uint32_t column, uint32_t row,
	struct leat__pack_buf *buf)
{
	uint32_t n_scratch = leat_table_text_bytes(t, column, row);
	struct leat__pack_buf rest = *buf;
	struct leat_text x;

	if (!leat__pack_has_room(buf, n_scratch))
		return;
	rest.end -= n_scratch;
	x = leat_table_text(t, column, row, rest.end);
	if (!x.len && t->schema->columns[column].field != LEAT_FIELD_NONE)
		x.data = NULL;
	pack_put_place(&rest, x.data ? PACK_VALUE : PACK_NULL, x);
	buf->at = rest.at;
	buf->is_over = rest.is_over;
}

static bool
pack_is_pieces(uint32_t type)
{
	return type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY;
}

static uint32_t
pack_value_bytes(uint32_t type)
{
	if (type == LEAT_TYPE_BOOL)
		return 1;
	return type == LEAT_TYPE_DECIMAL ? 16 : 8;
}

static void
pack_put_value(
	const struct leat_vector *v, uint32_t row, struct leat__pack_buf *buf)
{
	uint32_t n = pack_value_bytes(v->type);
	const uint8_t *values = v->values;

	if (!leat__pack_has_room(buf, 1 + (size_t)n))
		return;
	*buf->at++ = leat_vector_has(v, row);
	if (!buf->at[-1])
		return;
	if (v->type == LEAT_TYPE_BOOL)
		*buf->at = values[row / 8] >> (row % 8) & 1;
	else
		memcpy(buf->at, values + (size_t)row * n, n);
	buf->at += n;
}

int
leat__pack_put(struct leat__pack *pack, const struct leat_table *t,
	uint32_t row, const struct leat_text *extra, struct leat__pack_buf *buf)
{
	if (pack->is_whole) {
		pack_put_whole(pack, t, row, buf);
		return LEAT_OK;
	}
	if (!pack->kinds)
		return pack_put_fields(pack, t, row, extra, buf);
	for (uint32_t k = 0; k < pack->n_own; k++) {
		struct leat__pack_kind *kind = &pack->kinds[k];

		if (!pack_is_pieces(kind->type))
			pack_put_value(&kind->vector, row, buf);
		else if (kind->has_pieces || kind->type == LEAT_TYPE_BINARY)
			pack_put_piece(&t->schema->columns[k], &kind->vector,
				row, buf);
		else
			pack_put_text(t, k, row, buf);
	}
	for (uint32_t k = 0; k < pack->n_extra; k++)
		pack_put_place(
			buf, extra[k].data ? PACK_VALUE : PACK_NULL, extra[k]);
	return LEAT_OK;
}

struct leat_text
leat__pack_raw(const struct leat_table *t, uint32_t row)
{
	uint32_t n = t->schema->n_fields;
	size_t at = (size_t)row * n;
	uint32_t start;

	if (!n)
		return (struct leat_text){NULL, 0};
	start = at ? t->fields[at - 1] + 1 : t->first;
	return (struct leat_text){
		t->text + start, t->fields[at + n - 1] - start};
}

int
leat__pack_reject(
	struct leat_stage *st, const struct leat_table *t, uint32_t row)
{
	struct leat_text all = leat__pack_raw(t, row);

	return leat_stage_reject(st, LEAT_EDATA,
		&(struct leat_reject){
			.reason = "a text of no bytes, which among fields "
				  "cannot be told from a null",
			.origin = t->schema->origin,
			.data = all.data,
			.n_bytes = all.len});
}

/* ---- frames of fields ----------------------------------------------------- */

static int
pack_open(struct leat_stage *st, struct leat__pack *pack)
{
	struct leat_frame *frame;
	uint32_t n_max;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	pack->frame = frame;
	pack->at = pack->n_rows = 0;
	if (pack->kinds) {
		pack->max_rows = PACK_ROWS_ENOUGH;
		pack->max_bytes = PACK_TEXT_BYTES;
		return LEAT_OK;
	}
	pack->ends = leat_table_fields_room(frame, &n_max);
	if (n_max > PACK_ENDS_ENOUGH)
		n_max = PACK_ENDS_ENOUGH;
	pack->max_rows = n_max / pack->to->n_fields;
	pack->text = (uint8_t *)(pack->ends + 2 * (size_t)n_max);
	pack->text_offset = (uint32_t)(pack->text - leat_frame_start(frame));
	pack->max_bytes = leat_frame_capacity_bytes(frame) - pack->text_offset -
		PACK_SLACK_BYTES;
	return LEAT_OK;
}

static void
pack_add_fields(struct leat__pack *pack, const uint8_t *row)
{
	uint32_t n = pack->to->n_columns;
	uint32_t *ends = pack->ends + (size_t)pack->n_rows * (n + 1);
	uint32_t at = pack->at;
	uint32_t n_text;
	const uint8_t *lens;

	memcpy(&n_text, row, sizeof(n_text));
	row += sizeof(n_text);
	lens = row + n_text;
	memcpy(pack->text + at, row, n_text);
	for (uint32_t k = 0; k < n; k++) {
		at += pack_get_len(&lens);
		ends[k] = at++;
	}
	pack->text[at - 1] = (uint8_t)pack->to->separator;
	ends[n] = at;
	pack->text[at++] = '\n';
	pack->at = at;
	pack->n_rows++;
}

static int
pack_emit_fields(struct leat_stage *st, struct leat__pack *pack)
{
	struct leat_fields fields = {.schema = pack->to,
		.text_offset = pack->text_offset,
		.n_rows = pack->n_rows,
		.has_quotes = pack->has_quotes,
		.source_offset = pack->n_bytes_before,
		.line = pack->n_rows_before + 1};

	leat_table_begin_fields(pack->frame, &fields);
	pack->frame->stamp = pack->stamp;
	pack->frame->birth_ns = pack->birth_ns;
	return leat_stage_emit(st, 0, pack->frame);
}

/* ---- frames of vectors ---------------------------------------------------- */

/* Bytes of one value of a row. */
static uint32_t
pack_skip(const struct leat__pack_kind *kind, const uint8_t *at)
{
	struct pack_place place;

	if (*at == PACK_NULL)
		return 1;
	if (!pack_is_pieces(kind->type))
		return 1 + pack_value_bytes(kind->type);
	memcpy(&place, at + 1, sizeof(place));
	return 1 + (uint32_t)sizeof(place) + place.len;
}

/* Copy a value into the text, behind a quote if it is a string of JSON, and
 * note where it is. */
static uint32_t
pack_place_text(uint8_t *text, uint32_t at, uint8_t *value)
{
	struct pack_place place;

	memcpy(&place, value + 1, sizeof(place));
	text[at++] = *value == PACK_STRING ? '"' : ' ';
	memcpy(text + at, value + 1 + sizeof(place), place.len);
	place.at = at;
	memcpy(value + 1, &place, sizeof(place));
	return at + place.len;
}

/* The text of the frame: that of its rows, one a line. Its ends are those of a
 * field that is no column's. */
static uint32_t
pack_place_rows(struct leat__pack *pack, uint32_t *ends, uint8_t *text)
{
	uint32_t at = 0;

	for (uint32_t row = 0; row < pack->n_rows; row++) {
		uint8_t *value = pack->rows + pack->cursors[row];

		for (uint32_t k = 0; k < pack->to->n_columns; k++) {
			const struct leat__pack_kind *kind = &pack->kinds[k];

			if (pack_is_pieces(kind->type) &&
				(*value == PACK_VALUE || *value == PACK_STRING))
				at = pack_place_text(text, at, value);
			value += pack_skip(kind, value);
		}
		ends[row] = at;
		text[at++] = '\n';
	}
	return at;
}

/* Put a value where row `row` of a vector is. */
static int
pack_fill(struct leat_table *t, const struct leat__pack_kind *kind,
	const struct leat_vector_room *room, uint32_t row, const uint8_t *at)
{
	struct leat_piece *pieces = room->values;
	uint32_t n = pack_value_bytes(kind->type);
	struct pack_place place;
	uint8_t tag = *at++;

	if (tag == PACK_NULL) {
		room->valid[row / 8] &= (uint8_t) ~(1u << (row % 8));
	} else if (pack_is_pieces(kind->type)) {
		memcpy(&place, at, sizeof(place));
		if (tag == PACK_OWN)
			return leat_table_add_text(
				t, at + sizeof(place), place.len, &pieces[row]);
		pieces[row] = (struct leat_piece){place.at, place.len};
	} else if (kind->type == LEAT_TYPE_BOOL) {
		((uint8_t *)room->values)[row / 8] |=
			(uint8_t)(*at << (row % 8));
	} else {
		memcpy((uint8_t *)room->values + (size_t)row * n, at, n);
	}
	return LEAT_OK;
}

/* The next column of all rows. */
static int
pack_fill_column(struct leat__pack *pack, struct leat_table *t,
	const struct leat__pack_kind *kind)
{
	struct leat_vector_room room;
	int rc = leat_table_add_vector(t,
		kind->type ? kind->type : LEAT_TYPE_TEXT,
		kind->type == LEAT_TYPE_DECIMAL ? kind->scale : 0, &room);

	for (uint32_t row = 0; !rc && row < pack->n_rows; row++) {
		const uint8_t *at = pack->rows + pack->cursors[row];

		rc = pack_fill(t, kind, &room, row, at);
		pack->cursors[row] += pack_skip(kind, at);
	}
	return rc;
}

static int
pack_emit_vectors(struct leat_stage *st, struct leat__pack *pack)
{
	struct leat_frame *frame = pack->frame;
	struct leat_fields fields = {.schema = pack->to,
		.n_rows = pack->n_rows,
		.source_offset = pack->n_bytes_before,
		.line = pack->n_rows_before + 1};
	uint32_t n_max;
	uint32_t *ends = leat_table_fields_room(frame, &n_max);
	uint8_t *text = (uint8_t *)(ends + 2 * (size_t)pack->n_rows);
	struct leat_table t;
	int rc = LEAT_OK;

	fields.text_offset = (uint32_t)(text - leat_frame_start(frame));
	pack_place_rows(pack, ends, text);
	leat_table_begin_fields(frame, &fields);
	leat_table_open(frame, &t);
	for (uint32_t k = 0; !rc && k < pack->to->n_columns; k++)
		rc = pack_fill_column(pack, &t, &pack->kinds[k]);
	if (rc)
		return leat_stage_fail(st, rc,
			"%s: rows do not fit into a frame of %u bytes",
			leat_stage_name(st), leat_frame_capacity_bytes(frame));
	frame->stamp = pack->stamp;
	frame->birth_ns = pack->birth_ns;
	return leat_stage_emit(st, 0, frame);
}

/* Bytes of vectors that have as many rows. */
static uint64_t
pack_fixed_bytes(const struct leat__pack *pack, uint32_t n_rows)
{
	return (uint64_t)pack->to->n_columns * (n_rows * 16ull + 256);
}

static bool
pack_has_place(const struct leat__pack *pack, uint32_t n_bytes)
{
	uint32_t n = pack->n_rows;

	if (n == pack->max_rows || (n && pack->at >= PACK_TEXT_ENOUGH))
		return false;
	if (!pack->kinds)
		return n_bytes + 2 <= pack->max_bytes - pack->at;
	return n_bytes <= pack->max_bytes - pack->at &&
		(!n || pack_fixed_bytes(pack, n + 1) <= PACK_VECTOR_BYTES);
}

/* ---- frames --------------------------------------------------------------- */

int
leat__pack_add(struct leat_stage *st, struct leat__pack *pack,
	const uint8_t *row, uint32_t n_bytes)
{
	int rc = pack->frame ? LEAT_OK : pack_open(st, pack);

	if (rc)
		return rc;
	if (!pack_has_place(pack, n_bytes)) {
		if (pack->n_rows)
			return 0;
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%s: a record of %u bytes, where a frame holds %u",
			leat_stage_name(st), n_bytes, pack->max_bytes);
	}
	if (!pack->kinds) {
		pack_add_fields(pack, row);
		return 1;
	}
	memcpy(pack->rows + pack->at, row, n_bytes);
	pack->cursors[pack->n_rows++] = pack->at;
	pack->at += n_bytes;
	return 1;
}

int
leat__pack_emit(struct leat_stage *st, struct leat__pack *pack)
{
	int rc = LEAT_OK;

	if (!pack->frame && (pack->has_emitted || !pack->to))
		return LEAT_OK;
	if (!pack->frame)
		rc = pack_open(st, pack);
	if (!rc)
		rc = pack->kinds ? pack_emit_vectors(st, pack)
				 : pack_emit_fields(st, pack);
	if (rc)
		return rc;
	pack->frame = NULL;
	pack->n_rows_before += pack->n_rows;
	pack->n_bytes_before += pack->at;
	pack->has_emitted = 1;
	return LEAT_OK;
}

void
leat__pack_fini(struct leat_stage *st, struct leat__pack *pack)
{
	leat_stage_release(st, pack->frame);
	pack->frame = NULL;
}
