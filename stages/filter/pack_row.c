/*
 * stages/filter/pack_row.c -- a row of a table as bytes.
 *
 * Keeps: a row for which there is no room leaves is_over behind, and bytes that
 * are worth nothing. Threads: the one that steps the stage's task.
 */
#include "pack_bytes.h"

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
