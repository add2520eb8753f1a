/*
 * json_bind.c -- the columns of a schema, as json.format writes them.
 *
 * Keys are escaped once per schema. One thread at a time.
 */
#include <string.h>

#include "json_put.h"

#define JSON_VALUE_BYTES 50 /* of a value that is printed; and quotes */

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
json_make_plain(struct json_put *p)
{
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
json_make_keys(struct leat_stage *st, struct json_put *p,
	const struct leat_schema *schema)
{
	struct leat_writer w = {
		.at = p->own_keys, .end = p->own_keys + JSON_PUT_KEYS_BYTES};

	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const struct leat_column *column = &schema->columns[k];
		struct leat_text x = {(const uint8_t *)column->name,
			(uint32_t)strlen(column->name)};
		struct json_put_column *c = &p->columns[k];

		*c = (struct json_put_column){.kind = json_kind(column),
			.text_kind = json_text_kind(column->type),
			.number = k,
			.type = column->type,
			.field = column->field,
			.is_last_field = column->field + 1 == schema->n_fields,
			.key_at = (uint32_t)(w.at - p->own_keys)};
		leat_writer_put(&w, k ? "," : "{", 1);
		leat__json_put_string(&w, x, 0);
		leat_writer_put(&w, ":", 1);
		c->key_len = (uint32_t)(w.at - p->own_keys) - c->key_at;
		leat_writer_put(&w, "\"", 1); /* of strings */
	}
	if (w.is_full)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"the column names need over %u bytes",
			JSON_PUT_KEYS_BYTES);
	p->n_columns = schema->n_columns;
	p->n_fixed = (uint32_t)(w.at - p->own_keys) +
		schema->n_columns * JSON_VALUE_BYTES;
	p->schema = schema;
	json_make_plain(p);
	return LEAT_OK;
}

int
leat__json_put_bind(struct leat_stage *st, struct json_put *p,
	const struct leat_schema *schema)
{
	void *keys, *columns;
	int rc;

	if (schema == p->schema)
		return LEAT_OK;
	if (!p->own_keys) {
		rc = leat_stage_alloc(
			st, JSON_PUT_KEYS_BYTES + JSON_PUT_SLACK, &keys);
		if (!rc)
			rc = leat_stage_alloc(
				st, JSON_PUT_COLUMNS_BYTES, &columns);
		if (rc)
			return leat_stage_fail(
				st, rc, "no memory for the keys");
		p->keys = p->own_keys = keys;
		p->columns = columns;
		p->plain = (void *)(p->columns + LEAT_TABLE_COLUMNS_MAX);
	}
	return json_make_keys(st, p, schema);
}
