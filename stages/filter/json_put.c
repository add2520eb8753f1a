/*
 * json_put.c -- rows as JSON objects, through the writer, piece by piece.
 *
 * Escapes and bytes that are not UTF-8 (U+FFFD in their place) are dealt with
 * on the way, nothing is decoded into a buffer. One thread at a time.
 */
#include <stdio.h>
#include <string.h>

#include "json_put.h"

#define PUT_PRINT_BYTES 64

/* ---- strings ------------------------------------------------------------ */

static inline bool
put_is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Bytes of the well-formed UTF-8 sequence at data; 0 = none, and *bad_out are
 * what one U+FFFD stands for. */
static uint32_t
put_utf8(const uint8_t *data, size_t n, uint32_t *bad_out)
{
	uint8_t first = data[0];
	uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	uint32_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint32_t k;

	*bad_out = 1;
	if (first < 0xc2 || first > 0xf4 || n < 2 || data[1] < low ||
		data[1] > high)
		return 0;
	for (k = 2; k < len && k < n; k++)
		if ((data[k] & 0xc0) != 0x80)
			break;
	*bad_out = k;
	return k == len ? len : 0;
}

static void
put_escape(struct leat_writer *w, uint8_t c)
{
	static const char from[] = "\"\\\n\r\t\b\f";
	static const char to[] = "\"\\nrtbf";
	const char *at = c ? strchr(from, c) : NULL;
	char text[8];

	if (at)
		snprintf(text, sizeof(text), "\\%c", to[at - from]);
	else
		snprintf(text, sizeof(text), "\\u%04x", c);
	leat_writer_put(w, text, strlen(text));
}

/* One character that needs a look; returns its bytes. */
static size_t
put_other(struct leat_writer *w, const uint8_t *data, size_t n)
{
	uint32_t bad, len;

	if (data[0] < 0x80) {
		put_escape(w, data[0]);
		return 1;
	}
	len = put_utf8(data, n, &bad);
	if (len)
		leat_writer_put(w, data, len);
	else
		leat_writer_put(w, "\xef\xbf\xbd", 3);
	return len ? len : bad;
}

/* Put text as the inside of a string; quote: where doubled it is one, or 0. */
static void
put_text(struct leat_writer *w, struct leat_text x, uint8_t quote)
{
	size_t at = 0;

	while (at < x.len) {
		size_t start = at;

		while (at < x.len && put_is_plain(x.data[at]) &&
			!(quote && x.data[at] == quote))
			at++;
		leat_writer_put(w, x.data + start, at - start);
		if (at == x.len)
			break;
		if (quote && x.data[at] == quote) {
			put_text(w, (struct leat_text){x.data + at, 1}, 0);
			at += 2;
		} else {
			at += put_other(w, x.data + at, x.len - at);
		}
	}
}

void
leat__json_put_string(struct leat_writer *w, struct leat_text x, uint8_t quote)
{
	leat_writer_put(w, "\"", 1);
	put_text(w, x, quote);
	leat_writer_put(w, "\"", 1);
}

/* ---- values ------------------------------------------------------------- */

/*
 * Text of a column of numbers, or of true and false, that is not written as
 * JSON has them: what it says, so; else it is a string.
 */
static void
put_converted(const struct json_put *p, const struct json_put_column *c,
	struct leat_text x, uint8_t quote)
{
	uint32_t scale = p->table->schema->columns[c->number].scale;
	struct leat_decimal decimal;
	char text[PUT_PRINT_BYTES];
	uint32_t n = 0;
	int64_t whole;
	double real;
	bool is_true;

	if (c->type == LEAT_TYPE_INT64 && leat_text_int64(x, &whole) == LEAT_OK)
		n = leat_text_print_int64(whole, text);
	else if (c->type == LEAT_TYPE_FLOAT64 &&
		leat_text_float64(x, &real) == LEAT_OK)
		n = leat_text_print_float64(real, text);
	else if (c->type == LEAT_TYPE_DECIMAL &&
		leat_text_decimal(x, scale, &decimal) == LEAT_OK)
		n = leat_text_print_decimal(decimal, scale, text);
	else if (c->type == LEAT_TYPE_BOOL &&
		leat_text_bool(x, &is_true) == LEAT_OK)
		n = (uint32_t)snprintf(
			text, sizeof(text), "%s", is_true ? "true" : "false");
	if (n && text[n - 1] > '9' && c->type == LEAT_TYPE_FLOAT64)
		leat_writer_put(p->writer, "null", 4); /* NaN, infinity */
	else if (n)
		leat_writer_put(p->writer, text, n);
	else
		leat__json_put_string(p->writer, x, quote);
}

static bool
put_is_word(struct leat_text x)
{
	return (x.len == 4 && !memcmp(x.data, "true", 4)) ||
		(x.len == 5 && !memcmp(x.data, "false", 5));
}

/* Text that is there, by its column's kind. */
static void
put_value(const struct json_put *p, const struct json_put_column *c,
	struct leat_text x, uint8_t quote)
{
	struct leat_writer *w = p->writer;
	uint32_t kind = p->all_strings ? JSON_PUT_STRING : c->text_kind;

	if ((kind == JSON_PUT_NUMBER && leat_json_is_number(x)) ||
		(kind == JSON_PUT_BOOL && put_is_word(x)))
		leat_writer_put(w, x.data, x.len);
	else if (kind == JSON_PUT_NUMBER || kind == JSON_PUT_BOOL)
		put_converted(p, c, x, quote);
	else
		leat__json_put_string(w, x, quote);
}

/* Between its quotes it is right as it stands. */
static void
put_string_literal(struct leat_writer *w, struct leat_text x)
{
	leat_writer_put(w, "\"", 1);
	leat_writer_put(w, x.data, x.len);
	leat_writer_put(w, "\"", 1);
}

/* A piece of text: of JSON, or of what became of it in a stage between. */
static void
put_piece(
	const struct json_put *p, const struct json_put_column *c, uint32_t row)
{
	const struct leat_piece *pieces = c->vector.values;
	struct leat_text x = leat_vector_text(&c->vector, row);

	bool is_own = pieces[row].len & LEAT_PIECE_OWN;

	if (c->kind < JSON_PUT_LITERAL)
		put_value(p, c, x, 0);
	else if (c->kind == JSON_PUT_LITERAL && !is_own && x.data[-1] == '"')
		put_string_literal(p->writer, x);
	else if (p->all_strings || (c->kind == JSON_PUT_LITERAL && is_own))
		put_value(p, c, x, 0);
	else
		leat_writer_put(p->writer, x.data, x.len);
}

/* Bytes as hexadecimal. */
static void
put_binary(struct leat_writer *w, struct leat_text x)
{
	static const char digits[] = "0123456789abcdef";

	leat_writer_put(w, "\"", 1);
	for (uint32_t k = 0; k < x.len; k++) {
		char pair[2] = {digits[x.data[k] >> 4], digits[x.data[k] & 15]};

		leat_writer_put(w, pair, 2);
	}
	leat_writer_put(w, "\"", 1);
}

static void
put_null(const struct json_put *p)
{
	leat_writer_put(p->writer, "null", 4);
}

/* A value of a vector. */
static void
put_vector(
	const struct json_put *p, const struct json_put_column *c, uint32_t row)
{
	uint8_t scratch[PUT_PRINT_BYTES];
	double real;

	if (!leat_vector_has(&c->vector, row)) {
		put_null(p);
		return;
	}
	if (c->vector.type == LEAT_TYPE_TEXT) {
		put_piece(p, c, row);
		return;
	}
	if (c->vector.type == LEAT_TYPE_BINARY) {
		put_binary(p->writer, leat_vector_text(&c->vector, row));
		return;
	}
	if (c->vector.type == LEAT_TYPE_FLOAT64) {
		real = ((const double *)c->vector.values)[row];
		if (real - real != 0) {
			put_null(p);
			return;
		}
	}
	put_value(p, c, leat_table_text(p->table, c->number, row, scratch), 0);
}

static void
put_field(
	const struct json_put *p, const struct json_put_column *c, uint32_t row)
{
	uint8_t quote;
	struct leat_text x = json_put_field(p->table, c, row, &quote);

	if (!x.len && !p->all_strings)
		put_null(p);
	else
		put_value(p, c, x, quote);
}

void
leat__json_put_row(const struct json_put *p, uint32_t row)
{
	for (uint32_t k = 0; k < p->n_columns; k++) {
		const struct json_put_column *c = &p->columns[k];

		leat_writer_put(p->writer, p->keys + c->key_at, c->key_len);
		if (c->field == LEAT_FIELD_NONE)
			put_vector(p, c, row);
		else
			put_field(p, c, row);
	}
	leat_writer_put(p->writer, "}\n", 2);
}
