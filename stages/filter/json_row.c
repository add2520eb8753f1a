/*
 * json_row.c -- rows as JSON objects, straight into a frame.
 *
 * The most that a row can take is known from the length of its text, so room
 * is asked for once; copies go 16 bytes at a time and are looked at on the way.
 * What needs an escape, a conversion or a decimal point that is not there makes
 * the row unusual: it is written again, by json_put.c.
 * Keeps: whatever is written here is what json_put.c writes.
 */
#include "json_number.h"
#include "json_put.h"

#define ROW_VALUE_BYTES 64 /* of a value that is printed; and quotes */

typedef int8_t row_bytes __attribute__((vector_size(16)));
typedef uint64_t row_words __attribute__((vector_size(16)));

int
leat__json_put_open(
	struct leat_stage *st, struct json_put *p, struct leat_table *t)
{
	p->table = t;
	for (uint32_t k = 0; k < p->n_columns; k++) {
		struct json_put_column *c = &p->columns[k];
		uint32_t bad_row;
		int rc;

		if (c->field != LEAT_FIELD_NONE)
			continue;
		rc = leat_table_vector(
			t, c->number, LEAT_TYPE_TEXT, &c->vector, &bad_row);
		if (rc == LEAT_EINVAL)
			rc = leat_table_vector(
				t, c->number, c->type, &c->vector, &bad_row);
		if (rc)
			return leat_stage_fail(st, LEAT_EBUG,
				"column '%s' has no values",
				t->schema->columns[c->number].name);
	}
	return LEAT_OK;
}

/* ---- copies ------------------------------------------------------------- */

/* Copy n bytes, up to 15 more on both sides. */
static inline uint8_t *
row_copy(uint8_t *to, const uint8_t *from, uint32_t n)
{
	uint32_t k = 0;

	do {
		memcpy(to + k, from + k, 16);
		k += 16;
	} while (k < n);
	return to + n;
}

/* Copy text for a string. NULL: a byte of it is not plain ASCII. */
static inline uint8_t *
row_copy_plain(uint8_t *to, const uint8_t *from, uint32_t n)
{
	static const row_bytes places = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	row_bytes other = {0};
	row_words words;
	uint32_t k = 0;

	if (!n)
		return to;
	for (;;) {
		row_bytes x, found;

		memcpy(&x, from + k, sizeof(x));
		memcpy(to + k, &x, sizeof(x));
		/* signed: bytes over 0x7f are less than a space */
		found = (row_bytes)(x < ' ') | (row_bytes)(x == '"') |
			(row_bytes)(x == '\\');
		k += 16;
		if (k >= n) {
			int8_t last = (int8_t)(n - (k - 16));

			other |= found & (row_bytes)(places < last);
			break;
		}
		other |= found;
	}
	words = (row_words)other;
	return words[0] | words[1] ? NULL : to + n;
}

/* "text"; NULL as above. */
static inline uint8_t *
row_put_string(uint8_t *to, struct leat_text x)
{
	*to++ = '"';
	to = row_copy_plain(to, x.data, x.len);
	if (to)
		*to++ = '"';
	return to;
}

static inline uint8_t *
row_put_word(uint8_t *to, const char *word, uint32_t n)
{
	memcpy(to, word, n);
	return to + n;
}

/* ---- values ------------------------------------------------------------- */

/* Can a number, true or false begin so? */
static inline bool
row_may_be_number(uint8_t c)
{
	return (uint8_t)(c - '0') < 10 || c == '-';
}

/* Text by its kind; NULL: it is unusual. */
static inline uint8_t *
row_put_text(const struct json_put *p, const struct json_put_column *c,
	uint8_t *to, struct leat_text x)
{
	if (c->kind == JSON_PUT_STRING || p->all_strings)
		return row_put_string(to, x);
	if (c->kind == JSON_PUT_NUMBER && x.len &&
		row_may_be_number(x.data[0]) &&
		(json_is_common_number(x.data, x.len) ||
			leat_json_is_number(x)))
		return row_copy(to, x.data, x.len);
	return NULL;
}

/* A field of the source text. */
static inline uint8_t *
row_put_field(const struct json_put *p, const struct json_put_column *c,
	uint8_t *to, uint32_t row)
{
	uint8_t quote;
	struct leat_text x = json_put_field(p->table, c, row, &quote);

	if (!x.len && !p->all_strings)
		return row_put_word(to, "null", 4);
	if (quote && memchr(x.data, quote, x.len))
		return NULL;
	return row_put_text(p, c, to, x);
}

/* A piece of the source text; JSON text is right as it stands. */
static inline uint8_t *
row_put_piece(const struct json_put *p, const struct json_put_column *c,
	uint8_t *to, struct leat_piece piece)
{
	struct leat_text x = {c->vector.text + piece.at, piece.len};

	if (piece.len & LEAT_PIECE_OWN)
		return NULL;
	if (c->kind == JSON_PUT_LITERAL && x.data[-1] == '"') {
		*to++ = '"';
		to = row_copy(to, x.data, x.len);
		*to++ = '"';
		return to;
	}
	if (c->kind < JSON_PUT_LITERAL || p->all_strings)
		return row_put_text(p, c, to, x);
	return row_copy(to, x.data, x.len);
}

/* A value that is printed; NULL: it is of a type that is not common. */
static inline uint8_t *
row_put_printed(const struct json_put_column *c, uint8_t *to, uint32_t row)
{
	const void *values = c->vector.values;
	char *at = (char *)to;

	switch (c->vector.type) {
	case LEAT_TYPE_INT64:
		return to +
			leat_text_print_int64(
				((const int64_t *)values)[row], at);
	case LEAT_TYPE_FLOAT64:
		if (((const double *)values)[row] * 0 != 0)
			return row_put_word(to, "null", 4);
		return to +
			leat_text_print_float64(
				((const double *)values)[row], at);
	case LEAT_TYPE_BOOL:
		return ((const uint8_t *)values)[row / 8] >> (row % 8) & 1
			? row_put_word(to, "true", 4)
			: row_put_word(to, "false", 5);
	default:
		return NULL;
	}
}

static inline uint8_t *
row_put_vector(const struct json_put *p, const struct json_put_column *c,
	uint8_t *to, uint32_t row)
{
	if (!leat_vector_has(&c->vector, row))
		return row_put_word(to, "null", 4);
	if (c->vector.type == LEAT_TYPE_TEXT)
		return row_put_piece(p, c, to,
			((const struct leat_piece *)c->vector.values)[row]);
	return p->all_strings ? NULL : row_put_printed(c, to, row);
}

/* ---- rows --------------------------------------------------------------- */

/* Most bytes that the texts of a row are copied from. */
static inline uint64_t
row_text_bytes(const struct json_put *p, uint32_t row)
{
	const struct leat_table *t = p->table;
	uint32_t n = t->schema->n_fields;
	size_t at = (size_t)row * n;
	uint64_t n_bytes = 0;

	if (n)
		n_bytes = t->fields[at + n - 1] -
			(at ? t->fields[at - 1] : t->first);
	for (uint32_t k = 0; k < p->n_columns; k++) {
		const struct json_put_column *c = &p->columns[k];

		if (c->field == LEAT_FIELD_NONE &&
			c->vector.type == LEAT_TYPE_TEXT)
			n_bytes += ((
				const struct leat_piece *)c->vector.values)[row]
					   .len;
	}
	return n_bytes;
}

uint32_t
leat__json_put_fast(const struct json_put *p, uint32_t row)
{
	struct leat_writer *w = p->writer;
	uint64_t most = p->n_fixed + row_text_bytes(p, row) + JSON_PUT_SLACK;
	uint8_t *to = w->at;

	if (w->skip || (uint64_t)(w->end - to) < most)
		return 0;
	for (uint32_t k = 0; k < p->n_columns; k++) {
		const struct json_put_column *c = &p->columns[k];

		to = row_copy(to, p->keys + c->key_at, c->key_len);
		to = c->field == LEAT_FIELD_NONE ? row_put_vector(p, c, to, row)
						 : row_put_field(p, c, to, row);
		if (!to)
			return 0;
	}
	*to++ = '}';
	*to++ = '\n';
	w->at = to;
	return 1;
}

/* ---- rows without anything unusual -------------------------------------- */

/* Is there nothing to be escaped, quotes of fields included? Separators do not
 * count. false: also of a short text. */
static inline bool
row_is_clean(const uint8_t *text, uint32_t n, uint8_t separator)
{
	row_bytes other = {0};
	row_words words;

	if (n < 16)
		return false;
	for (uint32_t k = 0;; k = k + 32 <= n ? k + 16 : n - 16) {
		row_bytes x;

		memcpy(&x, text + k, sizeof(x));
		/* signed: bytes over 0x7f are less than a space */
		other |= ((row_bytes)(x < ' ') &
				 (row_bytes)(x != (int8_t)separator)) |
			(row_bytes)(x == '"') | (row_bytes)(x == '\\');
		if (k + 16 == n)
			break;
	}
	words = (row_words)other;
	return !(words[0] | words[1]);
}

/* Copy n bytes, most often fewer than 32; up to 31 more on both sides. */
static inline uint8_t *
row_copy_wide(uint8_t *to, const uint8_t *from, uint32_t n)
{
	uint32_t k = 0;

	do {
		memcpy(to + k, from + k, 32);
		k += 32;
	} while (__builtin_expect(k < n, 0));
	return to + n;
}

/* Is this text, which is no string, as JSON has it? */
static inline bool
row_is_word(const struct json_put_plain *c, const uint8_t *text, uint32_t n)
{
	struct leat_text x = {text, n};

	if (c->kind == JSON_PUT_NUMBER)
		return json_is_common_number(text, n) || leat_json_is_number(x);
	return (n == 4 && !memcmp(text, "true", 4)) ||
		(n == 5 && !memcmp(text, "false", 5));
}

/* One value and its key; NULL: it is unusual. */
static inline uint8_t *
row_put_plain(uint8_t *to, const struct json_put_plain *c, const uint8_t *text,
	uint32_t n)
{
	uint32_t is_string = c->kind == JSON_PUT_STRING;

	to = row_copy_wide(to, c->key, c->key_len);
	if (!n)
		return row_put_word(to - is_string, "null", 4);
	to = row_copy_wide(to, text, n);
	if (is_string)
		*to++ = '"';
	else if (!row_is_word(c, text, n))
		return NULL;
	return to;
}

uint32_t
leat__json_put_clean(const struct json_put *p, uint32_t row)
{
	const struct leat_table *t = p->table;
	uint32_t n_fields = t->schema->n_fields;
	const uint32_t *ends = t->fields + (size_t)row * n_fields;
	struct leat_writer *w = p->writer;
	uint32_t start, end;
	uint8_t *to = w->at;

	if (!p->n_plain || w->skip ||
		(t->has_quotes && t->schema->quote != '"'))
		return 0;
	start = row ? ends[-1] + 1 : t->first;
	end = ends[n_fields - 1];
	end -= end > start && t->text[end - 1] == '\r';
	if ((uint64_t)(w->end - to) <
			(uint64_t)p->n_fixed + (end - start) + JSON_PUT_SLACK ||
		!row_is_clean(t->text + start, end - start,
			(uint8_t)t->schema->separator))
		return 0;
	for (uint32_t k = 0; k < p->n_plain; k++) {
		const struct json_put_plain *c = &p->plain[k];
		uint32_t from = c->field ? ends[c->field - 1] + 1 : start;
		uint32_t up_to =
			c->field + 1 == n_fields ? end : ends[c->field];

		to = row_put_plain(to, c, t->text + from, up_to - from);
		if (!to)
			return 0;
	}
	*to++ = '}';
	*to++ = '\n';
	w->at = to;
	return 1;
}
