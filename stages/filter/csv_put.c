/*
 * stages/filter/csv_put.c -- what csv_put.h promises, piece by piece.
 */
#include <string.h>

#include "csv_put.h"

/* Put bytes with every quote of a kind written twice. */
static void
csv_put_doubled(struct leat_writer *w, const uint8_t *data, size_t n)
{
	const uint8_t *end = data + n;
	const uint8_t *quote;

	while (data < end &&
		(quote = memchr(data, '"', (size_t)(end - data)))) {
		leat_writer_put(w, data, (size_t)(quote + 1 - data));
		leat_writer_put(w, "\"", 1);
		data = quote + 1;
	}
	leat_writer_put(w, data, (size_t)(end - data));
}

static uint32_t
csv_needs_quotes(const struct csv_put *s, struct leat_text x)
{
	for (uint32_t k = 0; k < x.len; k++)
		if (x.data[k] == s->separator || x.data[k] == '"' ||
			x.data[k] == '\n' || x.data[k] == '\r')
			return 1;
	return 0;
}

/* A text without quotes around it. */
static void
csv_put_plain(const struct csv_put *s, struct leat_text x)
{
	struct leat_writer *w = s->writer;

	if (!csv_needs_quotes(s, x)) {
		leat_writer_put(w, x.data, x.len);
		return;
	}
	leat_writer_put(w, "\"", 1);
	csv_put_doubled(w, x.data, x.len);
	leat_writer_put(w, "\"", 1);
}

/* Between the quotes of another kind, where that kind is doubled. */
static void
csv_put_foreign(const struct csv_put *s, struct leat_text x, uint8_t quote)
{
	struct leat_writer *w = s->writer;

	leat_writer_put(w, "\"", 1);
	for (uint32_t k = 0; k < x.len; k++) {
		csv_put_doubled(w, x.data + k, 1);
		k += x.data[k] == quote;
	}
	leat_writer_put(w, "\"", 1);
}

/* A field as it stands in a text of whatever dialect. */
static void
csv_put_field(const struct csv_put *s, const struct leat_table *t,
	uint32_t column, uint32_t row)
{
	struct leat_text x = leat_table_raw(t, column, row);
	uint8_t quote = (uint8_t)t->schema->quote;

	if (!t->has_quotes || !quote || x.len < 2 || x.data[0] != quote)
		csv_put_plain(s, x);
	else if (quote == '"')
		leat_writer_put(s->writer, x.data, x.len);
	else
		csv_put_foreign(
			s, (struct leat_text){x.data + 1, x.len - 2}, quote);
}

/* Bytes as digits: more of them than a scratch holds. */
static void
csv_put_binary(const struct csv_put *s, const struct leat_table *t,
	uint32_t column, uint32_t row)
{
	static const char digits[] = "0123456789abcdef";
	struct leat_table own = *t;
	struct leat_text x = {NULL, 0};
	struct leat_vector v;
	uint32_t bad_row;

	if (!leat_table_vector(&own, column, LEAT_TYPE_BINARY, &v, &bad_row))
		x = leat_vector_text(&v, row);
	for (uint32_t k = 0; k < x.len; k++)
		leat_writer_put(s->writer,
			(char[]){
				digits[x.data[k] >> 4], digits[x.data[k] & 15]},
			2);
}

static void
csv_put_value(const struct csv_put *s, const struct leat_table *t,
	uint32_t column, uint32_t row)
{
	const struct leat_column *c = &t->schema->columns[column];
	uint8_t scratch[LEAT_TABLE_PRINT_BYTES];

	if (c->field != LEAT_FIELD_NONE)
		csv_put_field(s, t, column, row);
	else if (leat_table_text_bytes(t, column, row) <= sizeof(scratch))
		csv_put_plain(s, leat_table_text(t, column, row, scratch));
	else
		csv_put_binary(s, t, column, row);
}

static void
csv_put_line_end(const struct csv_put *s)
{
	if (s->crlf)
		leat_writer_put(s->writer, "\r\n", 2);
	else
		leat_writer_put(s->writer, "\n", 1);
}

/* Other programs skip a blank line, so an empty value alone is "". */
void
csv_put_row(const struct csv_put *s, const struct leat_table *t, uint32_t row)
{
	struct leat_writer *w = s->writer;
	uint32_t n = t->schema->n_columns;

	for (uint32_t k = 0; k < n; k++) {
		uint8_t *before = w->at;

		if (k)
			leat_writer_put(w, &s->separator, 1);
		csv_put_value(s, t, k, row);
		if (n == 1 && w->at == before && !w->skip && !w->is_full)
			leat_writer_put(w, "\"\"", 2);
	}
	csv_put_line_end(s);
}

void
csv_put_header(const struct csv_put *s, const struct leat_schema *schema)
{
	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const char *name = schema->columns[k].name;
		struct leat_text x = {
			(const uint8_t *)name, (uint32_t)strlen(name)};

		if (k)
			leat_writer_put(s->writer, &s->separator, 1);
		csv_put_plain(s, x);
		if (!x.len && schema->n_columns == 1)
			leat_writer_put(s->writer, "\"\"", 2);
	}
	csv_put_line_end(s);
}
