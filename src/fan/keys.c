/*
 * fan/keys.c -- the keys of a frame's records, as hashes.
 *
 * Keeps: equal keys have equal hashes, however they are written; a frame is
 * only read, for others may read it too.
 * Threads: the one that steps the stage's task.
 */
#include <stdio.h>
#include <string.h>

#include "fan/hash_ring.h"
#include "fan/keys.h"

#define KEY_NAN 0x7ff8000000000000u /* all of them are one key */

/* ---- columns ------------------------------------------------------------- */

static int
keys_fail_column(struct leat_stage *st, const struct leat__fan_keys *keys,
	const struct leat_schema *schema)
{
	struct leat_text name = {
		(const uint8_t *)keys->name, (uint32_t)strlen(keys->name)};
	char said[LEAT_ERROR_TEXT_BYTES];

	leat_schema_unknown(schema, name, said, sizeof(said));
	return leat_stage_fail_at(st, LEAT_EINVAL, "key", 0, 0, "%s", said);
}

/* Find the column in a schema, once for each. */
static int
keys_bind(struct leat_stage *st, struct leat__fan_keys *keys,
	const struct leat_schema *schema)
{
	int32_t at;

	if (schema == keys->schema)
		return LEAT_OK;
	at = leat_schema_find(schema, keys->name, strlen(keys->name));
	if (at < 0)
		return keys_fail_column(st, keys, schema);
	keys->schema = schema;
	keys->column = (uint32_t)at;
	return LEAT_OK;
}

static int
keys_check(struct leat_stage *st, const struct leat__fan_keys *keys)
{
	const char *stage = leat_stage_name(st);

	if (keys->layout == LEAT_LAYOUT_BYTES)
		return leat_stage_fail(st, LEAT_EINVAL,
			"bytes have no keys; put a parser before '%s'", stage);
	if (keys->layout == LEAT_LAYOUT_TABLE && !keys->name[0])
		return leat_stage_fail(st, LEAT_EINVAL,
			"'%s' needs the column of the key, like key=name",
			stage);
	if (keys->layout != LEAT_LAYOUT_TABLE && keys->name[0])
		return leat_stage_fail_at(st, LEAT_EINVAL, "key", 0, 0,
			"only tables have columns; without key=, the key is "
			"the first 8 bytes of an item, or the whole string");
	return LEAT_OK;
}

int
leat__fan_keys_init(struct leat_stage *st, struct leat__fan_keys *keys,
	const char *name, const struct leat_shape *in)
{
	void *scratch;

	*keys = (struct leat__fan_keys){.name = name, .layout = in->layout};
	LEAT_TRY(keys_check(st, keys));
	if (in->layout != LEAT_LAYOUT_TABLE)
		return LEAT_OK;
	LEAT_TRY(leat_stage_alloc(st, LEAT__FAN_KEY_QUOTED_MAX, &scratch));
	keys->scratch = scratch;
	return in->schema ? keys_bind(st, keys, in->schema) : LEAT_OK;
}

void
leat__fan_keys_fini(struct leat_stage *st, struct leat__fan_keys *keys)
{
	leat_stage_free(st, keys->scratch);
	keys->scratch = NULL;
}

/* ---- what is wrong -------------------------------------------------------- */

static int
key_fail(struct leat_stage *st, const struct leat__fan_keys *keys, uint32_t row,
	int code, const char *what)
{
	const struct leat_table *t = &keys->table;
	struct leat_position at = leat_table_position(t, keys->column, row);

	const char *file = t->file ? t->file : t->schema->origin;

	leat_stage_fail(st, code, "%s:%llu:%llu: %s", file ? file : "input",
		(unsigned long long)at.line, (unsigned long long)at.column,
		what);
	return leat_stage_locate(st, file, at.line, at.column, at.offset);
}

static int
key_fail_type(
	struct leat_stage *st, const struct leat__fan_keys *keys, uint32_t row)
{
	uint32_t type = keys->schema->columns[keys->column].type;
	char what[64];

	snprintf(what, sizeof(what), "the key is no %s",
		type == LEAT_TYPE_INT64 || type == LEAT_TYPE_FLOAT64
			? "number"
			: leat_type_name(type));
	return key_fail(st, keys, row, LEAT_EDATA, what);
}

/* ---- one frame ----------------------------------------------------------- */

static int
keys_open_table(struct leat_stage *st, struct leat__fan_keys *keys,
	struct leat_frame *frame)
{
	const struct leat_column *column;
	uint32_t bad_row;
	int rc;

	leat_table_open(frame, &keys->table);
	LEAT_TRY(keys_bind(st, keys, keys->table.schema));
	column = &keys->schema->columns[keys->column];
	if (column->field != LEAT_FIELD_NONE)
		return LEAT_OK;
	rc = leat_table_vector(&keys->table, keys->column, column->type,
		&keys->vector, &bad_row);
	return rc == LEAT_EDATA ? key_fail_type(st, keys, bad_row) : rc;
}

int
leat__fan_keys_open(struct leat_stage *st, struct leat__fan_keys *keys,
	struct leat_frame *frame)
{
	if (keys->layout == LEAT_LAYOUT_TABLE)
		return keys_open_table(st, keys, frame);
	if (keys->layout == LEAT_LAYOUT_ROWS)
		keys->rows = leat_frame_rows(frame);
	keys->items = frame->data;
	keys->item_bytes = leat_frame_item_bytes(frame);
	return LEAT_OK;
}

/* ---- values -------------------------------------------------------------- */

static struct leat__fan_key
key_int64(int64_t value)
{
	return (struct leat__fan_key){leat__fan_hash(&value, sizeof(value)), 0};
}

/* One that is a whole number has that number's hash. */
static struct leat__fan_key
key_float64(double value)
{
	uint64_t bits = KEY_NAN;

	if (value >= -0x1p63 && value < 0x1p63 &&
		value == (double)(int64_t)value)
		return key_int64((int64_t)value);
	if (value == value)
		memcpy(&bits, &value, sizeof(bits));
	return (struct leat__fan_key){leat__fan_hash(&bits, sizeof(bits)), 0};
}

static struct leat__fan_key
key_bytes(struct leat_text x)
{
	return (struct leat__fan_key){leat__fan_hash(x.data, x.len), !x.len};
}

static struct leat__fan_key
key_of_vector(const struct leat_vector *v, uint32_t row)
{
	if (!leat_vector_has(v, row))
		return (struct leat__fan_key){0, true};
	switch (v->type) {
	case LEAT_TYPE_FLOAT64:
		return key_float64(((const double *)v->values)[row]);
	case LEAT_TYPE_BOOL:
		return key_int64(
			((const uint8_t *)v->values)[row / 8] >> (row % 8) & 1);
	case LEAT_TYPE_TEXT:
	case LEAT_TYPE_BINARY:
		return key_bytes(leat_vector_text(v, row));
	case LEAT_TYPE_DECIMAL:
		return key_bytes((struct leat_text){(const uint8_t *)v->values +
				row * sizeof(struct leat_decimal),
			sizeof(struct leat_decimal)});
	default:
		return key_int64(((const int64_t *)v->values)[row]);
	}
}

/* A value that still stands in the text, but is another than that text: one
 * number or moment can be written in several ways. */
static int
key_of_typed(struct leat_text x, const struct leat_column *column,
	struct leat__fan_key *key)
{
	struct leat_decimal exact = {0, 0};
	int64_t whole = 0;
	double number = 0;
	int rc;

	switch (column->type) {
	case LEAT_TYPE_FLOAT64:
		rc = leat_text_float64(x, &number);
		*key = key_float64(rc == LEAT_OK ? number : 0);
		return rc;
	case LEAT_TYPE_DECIMAL:
		rc = leat_text_decimal(x, column->scale, &exact);
		*key = key_bytes((struct leat_text){
			(const uint8_t *)&exact, sizeof(exact)});
		return rc;
	case LEAT_TYPE_TIMESTAMP:
		rc = leat_text_timestamp(x, &whole);
		break;
	default:
		rc = leat_text_int64(x, &whole);
		break;
	}
	*key = key_int64(rc == LEAT_OK ? whole : 0);
	return rc;
}

static bool
key_is_typed(uint32_t type)
{
	return type == LEAT_TYPE_INT64 || type == LEAT_TYPE_FLOAT64 ||
		type == LEAT_TYPE_DECIMAL || type == LEAT_TYPE_TIMESTAMP;
}

static int
key_of_text(struct leat_stage *st, struct leat__fan_keys *keys, uint32_t row,
	struct leat__fan_key *key)
{
	const struct leat_column *column = &keys->schema->columns[keys->column];
	struct leat_table *t = &keys->table;
	struct leat_text x;

	if (t->has_quotes &&
		leat_table_text_bytes(t, keys->column, row) >
			LEAT__FAN_KEY_QUOTED_MAX)
		return key_fail(st, keys, row, LEAT_ELIMIT,
			"a key with doubled quotes has over 65536 bytes");
	x = leat_table_text(t, keys->column, row, keys->scratch);
	if (!x.len) {
		*key = (struct leat__fan_key){0, true};
		return LEAT_OK;
	}
	if (!key_is_typed(column->type)) {
		*key = key_bytes(x);
		return LEAT_OK;
	}
	if (key_of_typed(x, column, key) != LEAT_OK)
		return key_fail_type(st, keys, row);
	return LEAT_OK;
}

int
leat__fan_keys_get(struct leat_stage *st, struct leat__fan_keys *keys,
	uint32_t k, struct leat__fan_key *key)
{
	uint32_t row;

	if (keys->layout == LEAT_LAYOUT_ITEMS) {
		size_t n_bytes = keys->item_bytes < 8 ? keys->item_bytes : 8;
		const uint8_t *item =
			keys->items + (size_t)k * keys->item_bytes;

		*key = (struct leat__fan_key){
			leat__fan_hash(item, n_bytes), false};
		return LEAT_OK;
	}
	if (keys->layout == LEAT_LAYOUT_ROWS) {
		const struct leat_row *string = &keys->rows.rows[k];

		*key = (struct leat__fan_key){
			leat__fan_hash(
				keys->rows.text + string->offset, string->len),
			!string->len};
		return LEAT_OK;
	}
	row = leat_table_row(&keys->table, k);
	if (keys->schema->columns[keys->column].field != LEAT_FIELD_NONE)
		return key_of_text(st, keys, row, key);
	*key = key_of_vector(&keys->vector, row);
	return LEAT_OK;
}
