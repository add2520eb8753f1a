/*
 * stages/filter/json_put.h -- what the files of json.format share.
 *
 * A row is written twice over at most: fast, straight into a frame that has
 * room for it whatever its values are; or, near the end of a frame and where
 * values are unusual, piece by piece through the writer. Both give the same.
 */
#ifndef LEAT_STAGES_FILTER_JSON_PUT_H
#define LEAT_STAGES_FILTER_JSON_PUT_H

#include <leat/json.h>
#include <leat/stages.h>
#include <leat/table.h>

#define JSON_PUT_SLACK 64 /* written too much, at most */

/* How the values of a column are written. */
enum json_put_kind {
	JSON_PUT_STRING,  /* text: a string */
	JSON_PUT_NUMBER,  /* text: a number as it stands, or converted */
	JSON_PUT_BOOL,    /* text: true or false as they stand, or converted */
	JSON_PUT_LITERAL, /* pieces of JSON text, LEAT_COLUMN_LITERALS */
	JSON_PUT_RAW      /* pieces that are JSON */
};

struct json_put_column {
	uint32_t kind;      /* enum json_put_kind */
	uint32_t text_kind; /* STRING, NUMBER or BOOL: of text by itself */
	uint32_t number;    /* of the column */
	uint32_t type;
	uint32_t field; /* LEAT_FIELD_NONE: it has a vector */
	uint32_t is_last_field;
	uint32_t key_at; /* of ,"key": in the keys */
	uint32_t key_len;
	/* of the frame in work */
	struct leat_vector vector;
};

/* A column that is a field of the source text. */
struct json_put_plain {
	const uint8_t *key; /* ,"key": and, before strings, a quote */
	uint32_t key_len;
	uint32_t field;
	uint32_t kind; /* JSON_PUT_STRING, _NUMBER or _BOOL */
};

struct json_put {
	struct leat_writer *writer;
	const struct leat_table *table;
	struct json_put_column *columns;
	uint32_t n_columns;
	struct json_put_plain *plain; /* all columns, or none of them */
	uint32_t n_plain;
	const uint8_t *keys;
	uint32_t n_keys;      /* bytes of all */
	uint32_t all_strings; /* numbers are written as strings, too */
	uint32_t n_fixed;     /* most bytes of a row but for its texts */
	const struct leat_schema *schema; /* that keys are made for */
	uint8_t *own_keys; /* {"a":  ,"b":  ... one after the other */
};

#define JSON_PUT_KEYS_BYTES (1u << 20) /* all keys, escaped */
#define JSON_PUT_COLUMNS_BYTES                                                 \
	(LEAT_TABLE_COLUMNS_MAX *                                              \
		(sizeof(struct json_put_column) +                              \
			sizeof(struct json_put_plain)))
#define JSON_PUT_SIDE_BYTES                                                    \
	(JSON_PUT_KEYS_BYTES + 1024 + JSON_PUT_COLUMNS_BYTES)

/* ---- json_bind.c: columns and their keys -------------------------------- */

/* Make the keys for a schema, unless it is the one they are made for; side
 * memory of JSON_PUT_SIDE_BYTES. */
int leat__json_put_bind(struct leat_stage *st, struct json_put *p,
	const struct leat_schema *schema);

/* ---- json_put.c: through the writer ------------------------------------- */

void leat__json_put_string(
	struct leat_writer *w, struct leat_text x, uint8_t quote);
void leat__json_put_row(const struct json_put *p, uint32_t row);

/* ---- json_row.c: straight into the frame -------------------------------- */

/* Open the vectors of a frame's columns. */
int leat__json_put_open(
	struct leat_stage *st, struct json_put *p, struct leat_table *t);

/* Write a row. 0: there is no room, or it is unusual; nothing was written. */
uint32_t leat__json_put_fast(const struct json_put *p, uint32_t row);

/* The same for a row of fields without a byte that JSON has an escape for. */
uint32_t leat__json_put_clean(const struct json_put *p, uint32_t row);

/* A value as the source has it: of a field between its quotes, if it has any;
 * then *quote is what is doubled within, else 0. */
static inline struct leat_text
json_put_field(const struct leat_table *t, const struct json_put_column *c,
	uint32_t row, uint8_t *quote)
{
	size_t at = (size_t)row * t->schema->n_fields + c->field;
	uint32_t start = at ? t->fields[at - 1] + 1 : t->first;
	struct leat_text x = {t->text + start, t->fields[at] - start};

	if (c->is_last_field)
		x = leat_table_raw(t, c->number, row);
	*quote = 0;
	if (!t->has_quotes || !t->schema->quote || x.len < 2 ||
		x.data[0] != t->schema->quote)
		return x;
	*quote = (uint8_t)t->schema->quote;
	return (struct leat_text){x.data + 1, x.len - 2};
}

#endif
