/*
 * table/text.c -- values of a table as text, and where they stand.
 *
 * A field is a piece of the source text: raw is what stands there, text is
 * what it means. Nothing is copied but what has doubled quotes in it or is
 * printed from a vector. Only the frame's holder enters.
 */
#include <string.h>

#include "table/table.h"

struct leat_text
leat_table_raw(const struct leat_table *t, uint32_t column, uint32_t row)
{
	return leat__table_field(t, t->schema->columns[column].field, row);
}

bool
leat__text_needs_scratch(struct leat_text x, uint32_t quote)
{
	return leat__text_is_quoted(x, quote) &&
		memchr(x.data + 1, (int)quote, x.len - 2);
}

struct leat_text
leat__text_decode(struct leat_text x, uint32_t quote, uint8_t *scratch)
{
	uint32_t n = 0;

	if (!leat__text_is_quoted(x, quote))
		return x;
	x = (struct leat_text){x.data + 1, x.len - 2};
	if (!x.len || !memchr(x.data, (int)quote, x.len))
		return x;
	for (uint32_t k = 0; k < x.len; k++) {
		scratch[n++] = x.data[k];
		k += x.data[k] == quote;
	}
	return (struct leat_text){scratch, n};
}

static uint32_t
text_print_bool(bool is_true, uint8_t *scratch)
{
	memcpy(scratch, is_true ? "true" : "false", is_true ? 4 : 5);
	return is_true ? 4 : 5;
}

static uint32_t
text_print_binary(struct leat_text x, uint8_t *scratch)
{
	static const char digits[] = "0123456789abcdef";

	for (uint32_t k = 0; k < x.len; k++) {
		scratch[2 * k] = (uint8_t)digits[x.data[k] >> 4];
		scratch[2 * k + 1] = (uint8_t)digits[x.data[k] & 15];
	}
	return 2 * x.len;
}

/* A value that is there, of a type that has to be printed. */
static uint32_t
text_print_value(const struct leat_vector *v, uint32_t row, uint8_t *scratch)
{
	char *buf = (char *)scratch;

	switch (v->type) {
	case LEAT_TYPE_INT64:
		return leat_text_print_int64(
			((const int64_t *)v->values)[row], buf);
	case LEAT_TYPE_FLOAT64:
		return leat_text_print_float64(
			((const double *)v->values)[row], buf);
	case LEAT_TYPE_DECIMAL:
		return leat_text_print_decimal(
			((const struct leat_decimal *)v->values)[row], v->scale,
			buf);
	case LEAT_TYPE_DATE:
		return leat_text_print_date(
			((const int64_t *)v->values)[row], buf);
	case LEAT_TYPE_TIMESTAMP:
		return leat_text_print_timestamp(
			((const int64_t *)v->values)[row], buf);
	case LEAT_TYPE_BINARY:
		return text_print_binary(leat_vector_text(v, row), scratch);
	default:
		return text_print_bool(
			((const uint8_t *)v->values)[row / 8] >> (row % 8) & 1,
			scratch);
	}
}

/* A value of a vector: as it stood in the source, or printed; no data = null.
 */
static struct leat_text
text_of_vector(const struct leat_table *t, const struct leat_column *column,
	uint32_t row, uint8_t *scratch)
{
	struct leat_text x = {NULL, 0};
	struct leat_vector v;

	if (!leat__table_vector_find(t, column, &v) ||
		!leat_vector_has(&v, row))
		return x;
	if (v.type == LEAT_TYPE_TEXT)
		return leat_vector_text(&v, row);
	x.data = scratch;
	x.len = text_print_value(&v, row, scratch);
	return x;
}

struct leat_text
leat_table_text(const struct leat_table *t, uint32_t column, uint32_t row,
	uint8_t *scratch)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat_text x;

	if (c->field == LEAT_FIELD_NONE)
		return text_of_vector(t, c, row, scratch);
	x = leat__table_field(t, c->field, row);
	return t->has_quotes ? leat__text_decode(x, t->schema->quote, scratch)
			     : x;
}

static uint32_t
text_vector_bytes(const struct leat_table *t, const struct leat_column *column,
	uint32_t row)
{
	struct leat_vector v;

	if (!leat__table_vector_find(t, column, &v) || v.type == LEAT_TYPE_TEXT)
		return 0;
	if (v.type == LEAT_TYPE_BINARY)
		return 2 * leat_vector_text(&v, row).len;
	return LEAT_TABLE_PRINT_BYTES;
}

uint32_t
leat_table_text_bytes(const struct leat_table *t, uint32_t column, uint32_t row)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat_text x;

	if (c->field == LEAT_FIELD_NONE)
		return text_vector_bytes(t, c, row);
	if (!t->has_quotes)
		return 0;
	x = leat__table_field(t, c->field, row);
	return leat__text_needs_scratch(x, t->schema->quote) ? x.len : 0;
}

/* Where a value begins in the source text; NULL = it does not stand there. */
static const uint8_t *
position_find(const struct leat_table *t, const struct leat_column *column,
	uint32_t row)
{
	struct leat_vector v;
	struct leat_text x;

	if (column->field != LEAT_FIELD_NONE)
		return leat__table_field(t, column->field, row).data;
	if (!t->text || !leat__table_vector_find(t, column, &v) ||
		v.type != LEAT_TYPE_TEXT || !leat_vector_has(&v, row))
		return NULL;
	x = leat_vector_text(&v, row);
	return x.data >= t->text + t->first && x.data < t->text + t->text_bytes
		? x.data
		: NULL;
}

struct leat_position
leat_table_position(const struct leat_table *t, uint32_t column, uint32_t row)
{
	const uint8_t *value =
		position_find(t, &t->schema->columns[column], row);
	const uint8_t *at = t->text + t->first, *line = at;
	struct leat_position p = {.line = t->head->line};

	if (!value)
		return (struct leat_position){0, 0, 0};
	while ((at = memchr(at, '\n', (size_t)(value - at)))) {
		p.line++;
		line = ++at;
	}
	p.column = (uint64_t)(value - line) + 1;
	p.offset = t->head->source_offset + (uint64_t)(value - t->text);
	return p;
}
