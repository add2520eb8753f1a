/*
 * fan/key.c -- the columns that rows are sorted by, and their values.
 *
 * The 128 bits: a null is 1; of a number the upper half is the greatest double
 * that is not above it, in an order of bits that is that of the values, and
 * the lower half what an integer has beyond it; of a text the upper half has
 * 13 ones and its first bytes. Turned around (desc) all bits are.
 * In a column of decimals a number is the whole one that is not above it, plus
 * 2^127; what it has beyond that stands beside the bits.
 * Keeps: a < b as values gives bits(a) <= bits(b).
 * Threads: any.
 */
#include "fan/key.h"

#include <math.h>
#include <string.h>

#define KEY_TEXT      0xfff8000000000000u /* above all numbers */
#define KEY_NAN       0xfff4000000000000u
#define KEY_UPPER     6u /* bytes of a text in the upper half */
#define KEY_LOWER     8u
#define KEY_SIGN      (1ull << 63)
#define KEY_EXACT_MAX (1ll << 53) /* integers that doubles hold */

/* ---- columns -------------------------------------------------------------- */

static int
key_fail_unknown(struct leat_stage *st, const struct leat__key_column *key,
	const char *option, const struct leat_schema *schema)
{
	struct leat_text name = {(const uint8_t *)key->name, key->len};
	char said[LEAT_ERROR_TEXT_BYTES];

	leat_schema_unknown(schema, name, said, sizeof(said));
	return leat_stage_fail_at(
		st, LEAT_EINVAL, option, key->offset, key->n_bytes, "%s", said);
}

static bool
key_is_moment(uint32_t type)
{
	return type == LEAT_TYPE_DATE || type == LEAT_TYPE_TIMESTAMP;
}

/* As what values of a column of this type are to be read; 0: each as what it
 * looks like. */
static uint32_t
key_reads(uint32_t type)
{
	if (key_is_moment(type))
		return LEAT_TYPE_TIMESTAMP;
	return type == LEAT_TYPE_DECIMAL ? type : 0;
}

/* Null, numbers and text have one order among each other, and so has what
 * stands as text. */
static bool
key_is_plain(const struct leat_column *column)
{
	return column->type == LEAT_TYPE_TEXT ||
		column->type == LEAT_TYPE_INT64 ||
		column->type == LEAT_TYPE_FLOAT64 ||
		(column->field != LEAT_FIELD_NONE && !key_reads(column->type));
}

bool
leat__key_mixes(const struct leat_column *a, const struct leat_column *b)
{
	uint32_t reads = key_reads(a->type);

	if (a->type == b->type || (key_is_plain(a) && key_is_plain(b)))
		return true;
	if (!reads)
		return key_reads(b->type) && leat__key_mixes(b, a);
	return key_reads(b->type) == reads || b->type == LEAT_TYPE_TEXT ||
		(reads == LEAT_TYPE_DECIMAL && b->type == LEAT_TYPE_INT64);
}

/* One more column that has this key. */
static int
key_bind_type(struct leat_stage *st, struct leat__key_spec *spec, uint32_t k,
	const char *option, const struct leat_column *column)
{
	struct leat__key_column *key = &spec->columns[k];
	uint32_t reads = key->is_text ? 0 : key_reads(column->type);

	if (!reads || reads == key->reads)
		return LEAT_OK;
	if (spec->has_read || key->reads)
		return leat_stage_fail_at(st, LEAT_EINVAL, option, key->offset,
			key->n_bytes,
			"column '%.64s' is %s on one branch, and was of "
			"another type on one that has begun",
			key->name, leat_type_name(column->type));
	key->reads = reads;
	return LEAT_OK;
}

int
leat__key_bind(struct leat_stage *st, struct leat__key_spec *spec,
	const char *option, const struct leat_schema *schema,
	uint32_t *columns_out)
{
	for (uint32_t k = 0; k < spec->n; k++) {
		const struct leat__key_column *key = &spec->columns[k];
		int32_t at = leat_schema_find(schema, key->name, key->len);

		if (at < 0)
			return key_fail_unknown(st, key, option, schema);
		LEAT_TRY(key_bind_type(
			st, spec, k, option, &schema->columns[at]));
		columns_out[k] = (uint32_t)at;
	}
	return LEAT_OK;
}

/* ---- numbers -------------------------------------------------------------- */

/* The bits of a double, in the order of their values. */
static uint64_t
key_of_double(double value)
{
	uint64_t bits;

	if (isnan(value))
		return KEY_NAN;
	value += 0.0; /* -0 is 0 */
	memcpy(&bits, &value, sizeof(bits));
	return bits & KEY_SIGN ? ~bits : bits | KEY_SIGN;
}

static double
key_to_double(uint64_t key)
{
	uint64_t bits = key & KEY_SIGN ? key ^ KEY_SIGN : ~key;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static struct leat__heap_key
key_of_int64(int64_t value)
{
	uint64_t upper = key_of_double((double)value);

	if (value <= KEY_EXACT_MAX && value >= -KEY_EXACT_MAX)
		return (struct leat__heap_key){upper, 0};
	/* rounded up: to the next below; 2^63 is no int64 */
	if (key_to_double(upper) >= 9223372036854775808.0 ||
		(int64_t)key_to_double(upper) > value)
		upper--;
	return (struct leat__heap_key){upper,
		(uint64_t)value - (uint64_t)(int64_t)key_to_double(upper)};
}

/* ---- decimals and moments ------------------------------------------------- */

__extension__ typedef unsigned __int128 key_u128;
__extension__ typedef __int128 key_s128;

static key_u128
key_power(uint32_t n)
{
	key_u128 power = 1;

	while (n-- > 0)
		power *= 10;
	return power;
}

static void
key_of_decimal(
	struct leat_decimal x, uint32_t scale, struct leat__key_value *value)
{
	key_s128 power = (key_s128)key_power(scale);
	key_s128 all =
		(key_s128)((key_u128)(uint64_t)x.high << 64 | (key_u128)x.low);
	key_s128 whole = all / power, rest = all % power;
	key_u128 behind;

	if (rest < 0) {
		whole--;
		rest += power;
	}
	behind = (key_u128)rest * key_power(LEAT_DECIMAL_DIGITS_MAX - scale);
	value->bits = (struct leat__heap_key){
		(uint64_t)((key_u128)whole >> 64) ^ KEY_SIGN, (uint64_t)whole};
	value->behind[0] = (uint64_t)(behind >> 64);
	value->behind[1] = (uint64_t)behind;
}

static void
key_of_int(const struct leat__key_column *key, int64_t x,
	struct leat__key_value *value)
{
	if (key->reads == LEAT_TYPE_DECIMAL)
		key_of_decimal(
			(struct leat_decimal){(uint64_t)x, x >> 63}, 0, value);
	else
		value->bits = key_of_int64(x);
}

#define KEY_DAY_US 86400000000

/* A date is the moment it begins. */
static int64_t
key_of_date(int64_t days)
{
	int64_t us;

	if (__builtin_mul_overflow(days, (int64_t)KEY_DAY_US, &us))
		return days < 0 ? INT64_MIN : INT64_MAX;
	return us;
}

/* Does a text say what a column of these values has? */
static bool
key_read_as(const struct leat__key_column *key,
	const struct leat_column *column, struct leat_text text,
	struct leat__key_value *value)
{
	uint32_t scale = column->type == LEAT_TYPE_DECIMAL ? column->scale : 0;
	struct leat_decimal exact;
	int64_t x;

	if (key->reads == LEAT_TYPE_DECIMAL) {
		if (leat_text_decimal(text, scale, &exact) != LEAT_OK)
			return false;
		key_of_decimal(exact, scale, value);
		return true;
	}
	if (column->type == LEAT_TYPE_DATE) {
		if (leat_text_date(text, &x) != LEAT_OK)
			return false;
		x = key_of_date(x);
	} else if (leat_text_timestamp(text, &x) != LEAT_OK) {
		return false;
	}
	value->bits = key_of_int64(x);
	return true;
}

/* ---- values --------------------------------------------------------------- */

static struct leat_text
key_unquote(struct leat_text x, uint32_t quote)
{
	if (quote && x.len >= 2 && x.data[0] == quote &&
		x.data[x.len - 1] == quote)
		return (struct leat_text){x.data + 1, x.len - 2};
	return x;
}

/* The next byte of a text whose quotes may be doubled; -1 = its end. */
static int
key_next(const struct leat__key_value *value, uint32_t *at)
{
	uint8_t byte;

	if (*at >= value->text.len)
		return -1;
	byte = value->text.data[*at];
	*at += value->quote && byte == value->quote ? 2 : 1;
	return byte;
}

static struct leat__heap_key
key_of_text(const struct leat__key_value *value)
{
	struct leat__heap_key key = {0, 0};
	uint32_t at = 0;

	for (uint32_t k = 0; k < KEY_UPPER + KEY_LOWER; k++) {
		int byte = key_next(value, &at);
		uint64_t *half = k < KEY_UPPER ? &key.stamp : &key.sub;

		*half = *half << 8 | (uint64_t)(byte < 0 ? 0 : byte);
	}
	key.stamp |= KEY_TEXT;
	return key;
}

/* Does a text look like a number? */
static bool
key_read_number(struct leat_text text, struct leat__key_value *value)
{
	int64_t whole;
	double number;

	if (leat_text_int64(text, &whole) == LEAT_OK) {
		value->bits = key_of_int64(whole);
		return true;
	}
	if (leat_text_float64(text, &number) != LEAT_OK)
		return false;
	value->bits = (struct leat__heap_key){key_of_double(number), 0};
	return true;
}

static void
key_read_text(const struct leat__key_column *key,
	const struct leat_column *column, struct leat_text x, uint32_t quote,
	struct leat__key_value *value)
{
	struct leat_text text = key_unquote(x, quote);

	if (!text.len)
		return; /* null */
	if (key->reads ? key_read_as(key, column, text, value)
		       : !key->is_text && key_read_number(text, value))
		return;
	value->text = text;
	if (text.data != x.data && memchr(text.data, (int)quote, text.len))
		value->quote = quote;
	value->bits = key_of_text(value);
}

/* Of a typed column. */
static void
key_read_vector(const struct leat__key_column *key, struct leat_table *t,
	uint32_t column, uint32_t row, struct leat__key_value *value)
{
	const struct leat_column *c = &t->schema->columns[column];
	uint32_t type = c->type, bad_row;
	struct leat_vector v;

	if (leat_table_vector(t, column, type, &v, &bad_row) != LEAT_OK ||
		!leat_vector_has(&v, row))
		return;
	if (type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY)
		key_read_text(key, c, leat_vector_text(&v, row), 0, value);
	else if (type == LEAT_TYPE_FLOAT64)
		value->bits = (struct leat__heap_key){
			key_of_double(((const double *)v.values)[row]), 0};
	else if (type == LEAT_TYPE_BOOL)
		value->bits = key_of_int64(
			((const uint8_t *)v.values)[row / 8] >> (row % 8) & 1);
	else if (type == LEAT_TYPE_DECIMAL)
		key_of_decimal(((const struct leat_decimal *)v.values)[row],
			c->scale, value);
	else if (type == LEAT_TYPE_DATE && key->reads)
		value->bits = key_of_int64(
			key_of_date(((const int64_t *)v.values)[row]));
	else
		key_of_int(key, ((const int64_t *)v.values)[row], value);
}

void
leat__key_read(const struct leat__key_column *key, struct leat_table *t,
	uint32_t column, uint32_t row, struct leat__key_value *value)
{
	*value = (struct leat__key_value){.bits = {0, 1}};
	if (t->schema->columns[column].field == LEAT_FIELD_NONE)
		key_read_vector(key, t, column, row, value);
	else
		key_read_text(key, &t->schema->columns[column],
			leat_table_raw(t, column, row),
			t->has_quotes ? t->schema->quote : 0, value);
	if (key->is_desc)
		value->bits = (struct leat__heap_key){
			~value->bits.stamp, ~value->bits.sub};
}

void
leat__key_save(struct leat__key_value *value, uint8_t *buf, uint32_t n_bytes)
{
	uint32_t n = 0, at = 0;
	int byte;

	while (n < n_bytes && (byte = key_next(value, &at)) >= 0)
		buf[n++] = (uint8_t)byte;
	value->is_part = at < value->text.len;
	value->text = (struct leat_text){buf, n};
	value->quote = 0;
}

/* ---- comparing ------------------------------------------------------------ */

static int
key_compare_text(
	const struct leat__key_value *a, const struct leat__key_value *b)
{
	uint32_t at_a = 0, at_b = 0;

	for (;;) {
		int x = key_next(a, &at_a), y = key_next(b, &at_b);

		if (x == y && x >= 0)
			continue;
		if ((x < 0 && a->is_part) || (y < 0 && b->is_part))
			return 0;
		return (x > y) - (x < y);
	}
}

static int
key_compare_behind(
	const struct leat__key_value *a, const struct leat__key_value *b)
{
	uint32_t k = a->behind[0] == b->behind[0];

	return (a->behind[k] > b->behind[k]) - (a->behind[k] < b->behind[k]);
}

int
leat__key_compare_column(const struct leat__key_spec *spec, uint32_t k,
	const struct leat__key_value *a, const struct leat__key_value *b)
{
	int order;

	if (a->bits.stamp != b->bits.stamp)
		return a->bits.stamp < b->bits.stamp ? -1 : 1;
	if (a->bits.sub != b->bits.sub)
		return a->bits.sub < b->bits.sub ? -1 : 1;
	order = key_compare_behind(a, b);
	if (!order)
		order = key_compare_text(a, b);
	return spec->columns[k].is_desc ? -order : order;
}

int
leat__key_compare(const struct leat__key_spec *spec,
	const struct leat__key_value *a, const struct leat__key_value *b)
{
	for (uint32_t k = 0; k < spec->n; k++) {
		int order = leat__key_compare_column(spec, k, &a[k], &b[k]);

		/* what follows a part is not known */
		if (order || a[k].is_part || b[k].is_part)
			return order;
	}
	return 0;
}
