/*
 * table/text.c -- values of a table as text, and where they stand.
 *
 * A field is a piece of the source text: raw is what stands there, text is
 * what it means. Nothing is copied but what has doubled quotes in it or is
 * printed from a vector. Only the frame's holder enters.
 */
#include <string.h>

#include "table/table.h"

#define TEXT_PRINT_BYTES 32

struct leat_text
leat_table_raw(const struct leat_table *t, uint32_t column, uint32_t row)
{
	return leat__table_field(t, t->schema->columns[column].field, row);
}

/* Does a field need its doubled quotes made single? */
static bool
text_needs_scratch(struct leat_text x, uint32_t quote)
{
	return leat__text_is_quoted(x, quote) &&
		memchr(x.data + 1, (int)quote, x.len - 2);
}

/* Between the quotes, doubled ones made single. */
static struct leat_text
text_decode(struct leat_text x, uint32_t quote, uint8_t *scratch)
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

/* A value of a vector, printed; NULL data = null. */
static struct leat_text
text_print(const struct leat_table *t, const struct leat_column *column,
	uint32_t row, uint8_t *scratch)
{
	struct leat_text x = {NULL, 0};
	struct leat_vector v;
	const uint8_t *values;

	if (!leat__table_vector_find(t, column, &v) ||
		!(v.valid[row / 8] >> (row % 8) & 1))
		return x;
	values = v.values;
	x.data = scratch;
	if (v.type == LEAT_TYPE_INT64)
		x.len = leat_text_print_int64(
			((const int64_t *)(const void *)values)[row],
			(char *)scratch);
	else if (v.type == LEAT_TYPE_FLOAT64)
		x.len = leat_text_print_float64(
			((const double *)(const void *)values)[row],
			(char *)scratch);
	else
		x.len = text_print_bool(
			values[row / 8] >> (row % 8) & 1, scratch);
	return x;
}

struct leat_text
leat_table_text(const struct leat_table *t, uint32_t column, uint32_t row,
	uint8_t *scratch)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat_text x;

	if (c->field == LEAT_FIELD_NONE)
		return text_print(t, c, row, scratch);
	x = leat__table_field(t, c->field, row);
	return t->has_quotes ? text_decode(x, t->schema->quote, scratch) : x;
}

uint32_t
leat_table_text_bytes(const struct leat_table *t, uint32_t column, uint32_t row)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat_text x;

	if (c->field == LEAT_FIELD_NONE)
		return TEXT_PRINT_BYTES;
	if (!t->has_quotes)
		return 0;
	x = leat__table_field(t, c->field, row);
	return text_needs_scratch(x, t->schema->quote) ? x.len : 0;
}

struct leat_position
leat_table_position(const struct leat_table *t, uint32_t column, uint32_t row)
{
	uint32_t field = t->schema->columns[column].field;
	const uint8_t *at = t->text + t->first;
	const uint8_t *line = at;
	struct leat_position p = {.line = t->head->line};
	const uint8_t *value;

	if (field == LEAT_FIELD_NONE)
		return (struct leat_position){0, 0, 0};
	value = leat__table_field(t, field, row).data;
	while ((at = memchr(at, '\n', (size_t)(value - at)))) {
		p.line++;
		line = ++at;
	}
	p.column = (uint64_t)(value - line) + 1;
	p.offset = t->head->source_offset + (uint64_t)(value - t->text);
	return p;
}
