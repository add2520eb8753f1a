/*
 * stages/filter/keys.c -- bytes that are in the order of values.
 *
 * A null is one byte, 0 or 255, and every value begins with another one. Whole
 * numbers: how many bytes they have, then these, so that most are short. Text:
 * its bytes and a 0; 0 and 1 inside are written as two. What is to be in
 * descending order has all its bits turned around.
 * Threads: the one that steps the stage's task.
 */
#include "keys.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "names.h"

#define KEYS_TEXT_MAX    65536u /* of the list */
#define KEYS_FIXED_BYTES 32u    /* most of what is no text */
#define KEYS_MIDDLE      0x80u  /* first byte of 0 */
#define KEYS_TEXT        0x02u  /* first byte of a text */

/* ---- the list ------------------------------------------------------------- */

struct keys_parse {
	struct leat_stage *st;
	struct leat__keys *keys;
	const char *text;
	uint32_t at;
	char *out; /* for decoded names */
};

uint64_t
leat__keys_side_bytes(const char *text)
{
	return text ? strlen(text) + 256 : 256;
}

static int
keys_fail(struct keys_parse *p, uint32_t offset, uint32_t n_bytes,
	const char *what)
{
	return leat_stage_fail_at(p->st, LEAT_EINVAL, p->keys->option, offset,
		n_bytes, "%s", what);
}

static void
keys_skip_spaces(struct keys_parse *p)
{
	while (p->text[p->at] == ' ' || p->text[p->at] == '\t')
		p->at++;
}

static int
keys_quoted(struct keys_parse *p)
{
	uint32_t begin = p->at;

	if (leat__filter_quoted(p->text, &p->at, &p->out))
		return LEAT_OK;
	return keys_fail(p, begin, p->at - begin, "the name is not closed");
}

static bool
keys_is_word(const char *s, uint32_t len, const char *word)
{
	return strlen(word) == len && memcmp(s, word, len) == 0;
}

/* "asc", "desc", or nothing. */
static int
keys_direction(struct keys_parse *p, struct leat__key *key)
{
	uint32_t begin;
	uint32_t len = 0;

	keys_skip_spaces(p);
	begin = p->at;
	while (p->text[p->at] && p->text[p->at] != ',' &&
		p->text[p->at] != ' ') {
		p->at++;
		len++;
	}
	keys_skip_spaces(p);
	key->is_desc = keys_is_word(p->text + begin, len, "desc");
	if ((len && !key->is_desc &&
		    !keys_is_word(p->text + begin, len, "asc")) ||
		(p->text[p->at] && p->text[p->at] != ','))
		return keys_fail(p, begin, p->at - begin,
			"accepted behind a column: asc, desc; a name with "
			"spaces stands in `quotes`");
	return LEAT_OK;
}

static int
keys_one(struct keys_parse *p, struct leat__key *key)
{
	const char *s = p->text;
	int rc = LEAT_OK;

	keys_skip_spaces(p);
	*key = (struct leat__key){.name = p->out, .offset = p->at};
	if (s[p->at] == '`' || s[p->at] == '"')
		rc = keys_quoted(p);
	else
		while (s[p->at] && s[p->at] != ',' && s[p->at] != ' ')
			*p->out++ = s[p->at++];
	key->len = (uint32_t)(p->out - key->name);
	key->n_bytes = p->at - key->offset;
	*p->out++ = '\0';
	if (!rc && !key->n_bytes)
		return keys_fail(
			p, p->at, s[p->at] != '\0', "a column name is missing");
	return rc ? rc : keys_direction(p, key);
}

int
leat__keys_parse(struct leat_stage *st, struct leat__keys *keys,
	const char *option, const char *text)
{
	struct keys_parse p = {.st = st, .keys = keys, .text = text};
	void *memory;
	int rc;

	keys->option = option;
	if (strlen(text) > KEYS_TEXT_MAX)
		return keys_fail(&p, 0, 0, "at most 65536 bytes");
	rc = leat_stage_alloc(st, strlen(text) + 2 + LEAT__KEYS_MAX, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the list");
	p.out = memory;
	for (;;) {
		if (keys->n == LEAT__KEYS_MAX)
			return keys_fail(&p, p.at, 0, "at most 32 columns");
		rc = keys_one(&p, &keys->list[keys->n++]);
		if (rc || !text[p.at])
			return rc;
		p.at++;
	}
}

/* ---- columns -------------------------------------------------------------- */

static int
keys_fail_unknown(struct leat_stage *st, const struct leat__keys *keys,
	const struct leat__key *key, const struct leat_schema *schema)
{
	struct leat_text name = {(const uint8_t *)key->name, key->len};
	char said[LEAT_ERROR_TEXT_BYTES];
	bool is_direction = keys_is_word(key->name, key->len, "desc") ||
		keys_is_word(key->name, key->len, "asc");

	leat_schema_unknown(schema, name, said, sizeof(said));
	return leat_stage_fail_at(st, LEAT_EINVAL, keys->option, key->offset,
		key->n_bytes, "%s%s", said,
		is_direction ? " (a column and its direction stand in quotes "
			       "together)"
			     : "");
}

int
leat__keys_bind(struct leat_stage *st, struct leat__keys *keys,
	const struct leat_schema *schema)
{
	if (schema == keys->schema)
		return LEAT_OK;
	for (uint32_t k = 0; k < keys->n; k++) {
		struct leat__key *key = &keys->list[k];
		int32_t at = leat_schema_find(schema, key->name, key->len);
		uint32_t type;

		if (at < 0)
			return keys_fail_unknown(st, keys, key, schema);
		type = schema->columns[at].type;
		if (keys->schema && type != key->type)
			return leat_stage_fail_at(st, LEAT_EINVAL, keys->option,
				key->offset, key->n_bytes,
				"column '%s' was %s and now is %s; cast makes "
				"it one type",
				key->name, leat_type_name(key->type),
				leat_type_name(type));
		key->column = (uint32_t)at;
		key->type = type;
	}
	keys->schema = schema;
	return LEAT_OK;
}

/* Of bytes there is no other way than the vector: as text they are digits. */
static int
keys_fail_binary(struct leat_stage *st, const struct leat__key *key, int code)
{
	return leat_stage_fail(st, code,
		"%s: column '%s' cannot be read as binary: %s",
		leat_stage_name(st), key->name,
		code == LEAT_EDATA ? "a value is not hexadecimal"
				   : "there is no room in the frame");
}

int
leat__keys_enter(
	struct leat_stage *st, struct leat__keys *keys, struct leat_table *t)
{
	int rc = leat__keys_bind(st, keys, t->schema);
	uint32_t bad_row;

	for (uint32_t k = 0; !rc && k < keys->n; k++) {
		struct leat__key *key = &keys->list[k];
		int found = LEAT_ELIMIT;

		if (key->type != LEAT_TYPE_TEXT)
			found = leat_table_vector(t, key->column, key->type,
				&key->vector, &bad_row);
		key->has_vector = found == LEAT_OK;
		key->is_literal = !key->has_vector &&
			(t->schema->columns[key->column].flags &
				LEAT_COLUMN_LITERALS) &&
			leat_table_vector(t, key->column, LEAT_TYPE_TEXT,
				&key->vector, &bad_row) == LEAT_OK;
		if (key->type == LEAT_TYPE_BINARY && found)
			rc = keys_fail_binary(st, key, found);
	}
	return rc;
}

/* ---- values --------------------------------------------------------------- */

static inline void
keys_put_byte(struct leat__pack_buf *buf, uint8_t byte)
{
	*buf->at++ = byte;
}

static void
keys_put_big(struct leat__pack_buf *buf, uint64_t value, uint32_t n_bytes,
	uint8_t flip)
{
	while (n_bytes-- > 0)
		keys_put_byte(buf, (uint8_t)(value >> (8 * n_bytes)) ^ flip);
}

static void
keys_put_int(struct leat__pack_buf *buf, int64_t value, uint8_t flip)
{
	uint64_t size = (uint64_t)(value < 0 ? ~value : value);
	uint32_t n = size ? 8 - (uint32_t)__builtin_clzll(size) / 8 : 0;
	uint32_t head = value < 0 ? KEYS_MIDDLE - 1 - n : KEYS_MIDDLE + n;

	keys_put_byte(buf, (uint8_t)head ^ flip);
	keys_put_big(buf, (uint64_t)value, n, flip);
}

static void
keys_put_float(struct leat__pack_buf *buf, double value, uint8_t flip)
{
	uint64_t bits;

	value += 0.0; /* no minus zero */
	if (isnan(value))
		value = (double)NAN;
	memcpy(&bits, &value, sizeof(bits));
	if (isnan(value))
		bits &= UINT64_MAX >> 1;
	bits ^= bits >> 63 ? UINT64_MAX : UINT64_C(1) << 63;
	keys_put_byte(buf, KEYS_MIDDLE ^ flip);
	keys_put_big(buf, bits, sizeof(bits), flip);
}

static void
keys_put_decimal(
	struct leat__pack_buf *buf, struct leat_decimal value, uint8_t flip)
{
	keys_put_byte(buf, KEYS_MIDDLE ^ flip);
	keys_put_big(buf, (uint64_t)value.high ^ UINT64_C(1) << 63, 8, flip);
	keys_put_big(buf, value.low, 8, flip);
}

static void
keys_put_text(struct leat__pack_buf *buf, struct leat_text x, uint8_t flip)
{
	uint8_t *at = buf->at;

	if (!leat__pack_has_room(buf, 2 * (size_t)x.len + 2))
		return;
	*at++ = KEYS_TEXT ^ flip;
	for (uint32_t k = 0; k < x.len; k++) {
		uint8_t c = x.data[k];

		if (c < 2) {
			*at++ = 1 ^ flip;
			c++;
		}
		*at++ = c ^ flip;
	}
	*at++ = flip;
	buf->at = at;
}

static void
keys_put_vector(const struct leat__key *key, uint32_t row,
	struct leat__pack_buf *buf, uint8_t flip)
{
	const void *values = key->vector.values;
	const uint8_t *bits = values;

	if (key->type == LEAT_TYPE_BINARY)
		keys_put_text(buf, leat_vector_text(&key->vector, row), flip);
	else if (key->type == LEAT_TYPE_FLOAT64)
		keys_put_float(buf, ((const double *)values)[row], flip);
	else if (key->type == LEAT_TYPE_DECIMAL)
		keys_put_decimal(
			buf, ((const struct leat_decimal *)values)[row], flip);
	else if (key->type == LEAT_TYPE_BOOL)
		keys_put_int(buf, bits[row / 8] >> (row % 8) & 1, flip);
	else
		keys_put_int(buf, ((const int64_t *)values)[row], flip);
}

/* A text that is to be of a type. */
static int
keys_put_typed(const struct leat_column *column, struct leat_text x,
	struct leat__pack_buf *buf, uint8_t flip)
{
	struct leat_decimal decimal;
	int64_t whole = 0;
	double number;
	bool is_true;
	int rc;

	switch (column->type) {
	case LEAT_TYPE_FLOAT64:
		rc = leat_text_float64(x, &number);
		if (!rc)
			keys_put_float(buf, number, flip);
		return rc;
	case LEAT_TYPE_DECIMAL:
		rc = leat_text_decimal(x, column->scale, &decimal);
		if (!rc)
			keys_put_decimal(buf, decimal, flip);
		return rc;
	case LEAT_TYPE_BOOL:
		rc = leat_text_bool(x, &is_true);
		whole = !rc && is_true;
		break;
	case LEAT_TYPE_DATE:
		rc = leat_text_date(x, &whole);
		break;
	case LEAT_TYPE_TIMESTAMP:
		rc = leat_text_timestamp(x, &whole);
		break;
	default:
		rc = leat_text_int64(x, &whole);
	}
	if (!rc)
		keys_put_int(buf, whole, flip);
	return rc;
}

/* A string of JSON is no number, and not true or false, whatever stands in
 * it. */
static bool
keys_is_other(const struct leat__key *key, const struct leat_column *column,
	uint32_t row)
{
	return key->is_literal &&
		(key->type == LEAT_TYPE_INT64 ||
			key->type == LEAT_TYPE_FLOAT64 ||
			key->type == LEAT_TYPE_BOOL) &&
		leat_vector_has(&key->vector, row) &&
		leat__pack_is_string(column, &key->vector, row);
}

/* Decoded behind the room that its key takes. */
static int
keys_put_from_text(const struct leat__keys *keys, const struct leat__key *key,
	const struct leat_table *t, uint32_t row, struct leat__pack_buf *buf)
{
	const struct leat_column *column = &t->schema->columns[key->column];
	uint32_t n = leat_table_text_bytes(t, key->column, row);
	uint8_t flip = key->is_desc ? 0xff : 0;
	struct leat_text x;

	if (!leat__pack_has_room(buf, 3 * (size_t)n + KEYS_FIXED_BYTES))
		return LEAT_OK;
	x = leat_table_text(t, key->column, row, buf->end - n);
	if (!x.data || (!x.len && column->field != LEAT_FIELD_NONE)) {
		keys_put_byte(buf, keys->is_null_first ? 0 : 0xff);
		return LEAT_OK;
	}
	if (keys_is_other(key, column, row))
		return LEAT_EDATA;
	if (key->type != LEAT_TYPE_TEXT)
		return keys_put_typed(column, x, buf, flip) ? LEAT_EDATA
							    : LEAT_OK;
	keys_put_text(buf, x, flip);
	return LEAT_OK;
}

int
leat__keys_put(struct leat__keys *keys, const struct leat_table *t,
	uint32_t row, struct leat__pack_buf *buf)
{
	for (uint32_t k = 0; k < keys->n; k++) {
		const struct leat__key *key = &keys->list[k];
		int rc = LEAT_OK;

		if (!leat__pack_has_room(buf, KEYS_FIXED_BYTES))
			return LEAT_OK;
		if (!key->has_vector)
			rc = keys_put_from_text(keys, key, t, row, buf);
		else if (!leat_vector_has(&key->vector, row))
			keys_put_byte(buf, keys->is_null_first ? 0 : 0xff);
		else
			keys_put_vector(key, row, buf, key->is_desc ? 0xff : 0);
		if (rc) {
			keys->bad = k;
			return rc;
		}
	}
	return LEAT_OK;
}

/* ---- bad rows -------------------------------------------------------------- */

int
leat__keys_reject(struct leat_stage *st, const struct leat__keys *keys,
	const struct leat_table *t, uint32_t row)
{
	const struct leat__key *key = &keys->list[keys->bad];
	uint8_t scratch[64];
	struct leat_text x = {NULL, 0};
	char reason[256];

	if (leat_table_text_bytes(t, key->column, row) <= sizeof(scratch))
		x = leat_table_text(t, key->column, row, scratch);
	snprintf(reason, sizeof(reason),
		"column '%.64s' has '%.*s', where %s is wanted; cast, or a "
		"declared schema, makes it string",
		key->name, x.len > 60 ? 60 : (int)x.len,
		x.data ? (const char *)x.data : "", leat_type_name(key->type));
	return leat_table_reject(st, t, key->column, row, LEAT_EDATA, reason);
}
