/*
 * fan/key.c -- the columns that rows are sorted by, and their values.
 *
 * The 128 bits: a null is 1; of a number the upper half is the greatest double
 * that is not above it, in an order of bits that is that of the values, and
 * the lower half what an integer has beyond it; of a text the upper half has
 * 13 ones and its first bytes. Turned around (desc) all bits are.
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

/* ---- the list of columns -------------------------------------------------- */

struct key_parse {
	struct leat_stage *st;
	const char *option;
	const char *text;
	size_t at;
	char *out; /* where names go */
};

static int
key_fail(const struct key_parse *p, size_t at, size_t n, const char *what)
{
	return leat_stage_fail_at(p->st, LEAT_EINVAL, p->option, at, n,
		"%s; a key is a list like date desc,`flight no` text", what);
}

static void
key_skip_spaces(struct key_parse *p)
{
	while (p->text[p->at] == ' ')
		p->at++;
}

/* `name` with the quote doubled for itself. */
static int
key_quoted(struct key_parse *p)
{
	size_t begin = p->at++;
	const char *s = p->text;

	while (s[p->at] && (s[p->at] != '`' || s[p->at + 1] == '`')) {
		*p->out++ = s[p->at];
		p->at += s[p->at] == '`' ? 2 : 1;
	}
	if (!s[p->at])
		return key_fail(p, begin, p->at - begin, "a ` is not closed");
	p->at++;
	return LEAT_OK;
}

static int
key_name(struct key_parse *p, struct leat__key_column *column)
{
	const char *s = p->text;
	int rc = LEAT_OK;

	key_skip_spaces(p);
	*column = (struct leat__key_column){
		.name = p->out, .offset = (uint32_t)p->at};
	if (s[p->at] == '`')
		rc = key_quoted(p);
	else
		while (s[p->at] && s[p->at] != ',' && s[p->at] != ' ')
			*p->out++ = s[p->at++];
	column->len = (uint32_t)(p->out - column->name);
	column->n_bytes = (uint32_t)p->at - column->offset;
	*p->out++ = '\0';
	if (!rc && !column->len)
		rc = key_fail(
			p, p->at, s[p->at] != '\0', "a column name is missing");
	return rc;
}

/* What stands behind the name: asc, desc, text. */
static int
key_words(struct key_parse *p, struct leat__key_column *column)
{
	for (;;) {
		const char *word;
		size_t n;

		key_skip_spaces(p);
		word = p->text + p->at;
		n = strcspn(word, " ,");
		if (n == 0)
			return LEAT_OK;
		if (n == 4 && !memcmp(word, "desc", n))
			column->is_desc = true;
		else if (n == 4 && !memcmp(word, "text", n))
			column->is_text = true;
		else if (n != 3 || memcmp(word, "asc", n) != 0)
			return key_fail(p, p->at, n,
				"behind a column only asc, desc or text may "
				"stand");
		p->at += n;
	}
}

uint64_t
leat__key_bytes(const char *value)
{
	/* a name is not longer than it stands there, and ends in NUL */
	return 64 + 2 * (strlen(value) + LEAT__KEY_COLUMNS_MAX + 1);
}

int
leat__key_parse(struct leat_stage *st, struct leat__key_spec *spec,
	const char *option, const char *value)
{
	struct key_parse p = {.st = st, .option = option, .text = value};
	void *memory;
	int rc = leat_stage_alloc(
		st, strlen(value) + LEAT__KEY_COLUMNS_MAX + 1, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the key");
	spec->names = p.out = memory;
	for (;;) {
		struct leat__key_column *column = &spec->columns[spec->n];

		if (spec->n == LEAT__KEY_COLUMNS_MAX)
			return key_fail(&p, p.at, 0, "at most 8 columns");
		rc = key_name(&p, column);
		if (!rc)
			rc = key_words(&p, column);
		if (rc)
			return rc;
		spec->n++;
		if (!p.text[p.at])
			return LEAT_OK;
		p.at++;
	}
}

void
leat__key_fini(struct leat_stage *st, struct leat__key_spec *spec)
{
	leat_stage_free(st, spec->names);
	spec->names = NULL;
	spec->n = 0;
}

static int
key_fail_unknown(struct leat_stage *st, const struct leat__key_column *key,
	const char *option, const struct leat_schema *schema)
{
	const char *near = leat_schema_suggest(schema, key->name, key->len);
	char names[256];

	leat_schema_names(schema, names, sizeof(names));
	return leat_stage_fail_at(st, LEAT_EINVAL, option, key->offset,
		key->n_bytes, "no column '%.64s'%s%.64s%s; there are: %s",
		key->name, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "", names);
}

int
leat__key_bind(struct leat_stage *st, const struct leat__key_spec *spec,
	const char *option, const struct leat_schema *schema,
	uint32_t *columns_out)
{
	for (uint32_t k = 0; k < spec->n; k++) {
		const struct leat__key_column *key = &spec->columns[k];
		int32_t at = leat_schema_find(schema, key->name, key->len);

		if (at < 0)
			return key_fail_unknown(st, key, option, schema);
		if (schema->columns[at].type == LEAT_TYPE_DECIMAL)
			return leat_stage_fail_at(st, LEAT_EINVAL, option,
				key->offset, key->n_bytes,
				"column '%.64s' is decimal; accepted: any "
				"other type",
				key->name);
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

static void
key_read_text(const struct leat__key_column *key, struct leat_text x,
	uint32_t quote, struct leat__key_value *value)
{
	struct leat_text text = key_unquote(x, quote);
	int64_t whole;
	double number;

	if (!text.len)
		return; /* null */
	if (!key->is_text && leat_text_int64(text, &whole) == LEAT_OK) {
		value->bits = key_of_int64(whole);
	} else if (!key->is_text &&
		leat_text_float64(text, &number) == LEAT_OK) {
		value->bits.stamp = key_of_double(number);
		value->bits.sub = 0;
	} else {
		value->text = text;
		if (text.data != x.data &&
			memchr(text.data, (int)quote, text.len))
			value->quote = quote;
		value->bits = key_of_text(value);
	}
}

/* Of a typed column. */
static void
key_read_vector(const struct leat__key_column *key, struct leat_table *t,
	uint32_t column, uint32_t row, struct leat__key_value *value)
{
	uint32_t type = t->schema->columns[column].type, bad_row;
	struct leat_vector v;

	if (leat_table_vector(t, column, type, &v, &bad_row) != LEAT_OK ||
		!leat_vector_has(&v, row))
		return;
	if (type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY)
		key_read_text(key, leat_vector_text(&v, row), 0, value);
	else if (type == LEAT_TYPE_FLOAT64)
		value->bits = (struct leat__heap_key){
			key_of_double(((const double *)v.values)[row]), 0};
	else if (type == LEAT_TYPE_BOOL)
		value->bits = key_of_int64(
			((const uint8_t *)v.values)[row / 8] >> (row % 8) & 1);
	else
		value->bits = key_of_int64(((const int64_t *)v.values)[row]);
}

void
leat__key_read(const struct leat__key_column *key, struct leat_table *t,
	uint32_t column, uint32_t row, struct leat__key_value *value)
{
	*value = (struct leat__key_value){.bits = {0, 1}};
	if (t->schema->columns[column].field == LEAT_FIELD_NONE)
		key_read_vector(key, t, column, row, value);
	else
		key_read_text(key, leat_table_raw(t, column, row),
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

int
leat__key_compare_column(const struct leat__key_spec *spec, uint32_t k,
	const struct leat__key_value *a, const struct leat__key_value *b)
{
	int order;

	if (a->bits.stamp != b->bits.stamp)
		return a->bits.stamp < b->bits.stamp ? -1 : 1;
	if (a->bits.sub != b->bits.sub)
		return a->bits.sub < b->bits.sub ? -1 : 1;
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
