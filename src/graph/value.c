/*
 * graph/value.c -- values of options: from text to field, from field to text.
 *
 * Keeps: what is printed is read back to the same value; numbers are read and
 * written with a point in every locale.
 * Threads: any; no state but the caller's.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/value.h"

#define VALUE_NUMBER_BYTES 64u /* longest text of a number */

struct unit {
	const char *name;
	uint64_t factor;
};

/* The first unit that a value is a multiple of is used for printing: so days
 * are only read. */
static const struct unit size_units[] = {{"G", 1u << 30}, {"M", 1u << 20},
	{"k", 1u << 10}, {"K", 1u << 10}, {"", 1}, {NULL, 0}};

static const struct unit time_units[] = {{"h", 3600000000000},
	{"m", 60000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000},
	{"ns", 1}, {"d", 86400000000000}, {NULL, 0}};

struct byte_name {
	const char *name;
	char byte;
};

static const struct byte_name byte_names[] = {{"\\t", '\t'}, {"tab", '\t'},
	{"space", ' '}, {"pipe", '|'}, {"comma", ','}, {"semicolon", ';'},
	{NULL, 0}};

static bool
piece_is(struct leat__piece piece, const char *word)
{
	return strlen(word) == piece.n_bytes &&
		!memcmp(piece.text, word, piece.n_bytes);
}

size_t
leat__value_bytes(uint32_t type)
{
	switch (type) {
	case LEAT_OPTION_STRING:
		return sizeof(const char *);
	case LEAT_OPTION_BOOL:
	case LEAT_OPTION_CHAR:
	case LEAT_OPTION_ENUM:
		return sizeof(uint32_t);
	default:
		return sizeof(uint64_t);
	}
}

union leat__value
leat__value_load(const struct leat_option *option, const void *opts)
{
	union leat__value value = {.bytes = {0}};

	memcpy(&value, (const char *)opts + option->offset,
		leat__value_bytes(option->type));
	return value;
}

bool
leat__value_is_zero(
	const struct leat_option *option, const union leat__value *value)
{
	static const union leat__value zero = {.bytes = {0}};

	if (option->type == LEAT_OPTION_NUMBER)
		return fpclassify(value->number) == FP_ZERO;
	return !memcmp(value, &zero, leat__value_bytes(option->type));
}

/* ---- values of an ENUM ------------------------------------------------- */

/* The k-th of "a|b|c"; text NULL = there are no more. */
struct leat__piece
leat__enum_value(const char *values, uint32_t k)
{
	struct leat__piece piece = {values, strcspn(values, "|")};

	while (k-- > 0 && piece.text) {
		const char *end = piece.text + piece.n_bytes;

		piece.text = *end ? end + 1 : NULL;
		piece.n_bytes = *end ? strcspn(end + 1, "|") : 0;
	}
	return piece;
}

uint32_t
leat__enum_count(const char *values)
{
	uint32_t n = 0;

	while (leat__enum_value(values, n).text)
		n++;
	return n;
}

/* ---- reading ----------------------------------------------------------- */

/* Digits at the start of a piece; they are taken off it. */
static enum leat__verdict
read_digits(struct leat__piece *piece, uint64_t *out)
{
	const char *start = piece->text;
	bool is_over = false;

	*out = 0;
	while (piece->n_bytes && *piece->text >= '0' && *piece->text <= '9') {
		is_over |= __builtin_mul_overflow(*out, 10u, out);
		is_over |= __builtin_add_overflow(
			*out, (uint64_t)(*piece->text - '0'), out);
		piece->text++;
		piece->n_bytes--;
	}
	if (piece->text == start)
		return LEAT__READ_BAD;
	return is_over ? LEAT__READ_RANGE : LEAT__READ_OK;
}

static enum leat__verdict
read_uint(struct leat__piece piece, union leat__value *out)
{
	enum leat__verdict verdict = read_digits(&piece, &out->uint);

	return piece.n_bytes ? LEAT__READ_BAD : verdict;
}

static enum leat__verdict
read_int(struct leat__piece piece, union leat__value *out)
{
	bool is_negative = piece.n_bytes && *piece.text == '-';
	enum leat__verdict verdict;
	uint64_t n;

	if (piece.n_bytes && (is_negative || *piece.text == '+')) {
		piece.text++;
		piece.n_bytes--;
	}
	verdict = read_digits(&piece, &n);
	if (piece.n_bytes || verdict == LEAT__READ_BAD)
		return LEAT__READ_BAD;
	if (verdict == LEAT__READ_RANGE ||
		n > (uint64_t)INT64_MAX + is_negative)
		return LEAT__READ_RANGE;
	out->sint = is_negative ? (int64_t)(0 - n) : (int64_t)n;
	return LEAT__READ_OK;
}

/* What the C library takes for a decimal point at the moment. */
static char
number_point(void)
{
	char text[8] = "";

	snprintf(text, sizeof(text), "%.1f", 0.5);
	return text[1];
}

static enum leat__verdict
read_number(struct leat__piece piece, union leat__value *out)
{
	char text[VALUE_NUMBER_BYTES + 1];
	char *end;

	if (piece.n_bytes == 0 || piece.n_bytes > VALUE_NUMBER_BYTES)
		return LEAT__READ_BAD;
	for (size_t k = 0; k < piece.n_bytes; k++) {
		if (!strchr("0123456789+-.eE", piece.text[k]))
			return LEAT__READ_BAD;
		text[k] = piece.text[k] == '.' ? number_point() : piece.text[k];
	}
	text[piece.n_bytes] = '\0';
	out->number = strtod(text, &end);
	if (*end || end == text)
		return LEAT__READ_BAD;
	return isfinite(out->number) ? LEAT__READ_OK : LEAT__READ_RANGE;
}

/* The unit whose name the whole piece is. */
static const struct unit *
unit_find(const struct unit *units, struct leat__piece piece)
{
	for (; units->name; units++)
		if (piece_is(piece, units->name))
			return units;
	return NULL;
}

static enum leat__verdict
read_bytes(struct leat__piece piece, union leat__value *out)
{
	enum leat__verdict verdict = read_digits(&piece, &out->uint);
	const struct unit *unit = unit_find(size_units, piece);

	if (verdict == LEAT__READ_BAD || !unit)
		return LEAT__READ_BAD;
	if (__builtin_mul_overflow(out->uint, unit->factor, &out->uint))
		return LEAT__READ_RANGE;
	return verdict;
}

/* ".25" of a unit: the digits are taken off the piece. */
static void
read_fraction(
	struct leat__piece *piece, uint64_t *numerator, uint64_t *denominator)
{
	*numerator = 0;
	*denominator = 1;
	if (piece->n_bytes == 0 || *piece->text != '.')
		return;
	for (;;) {
		piece->text++;
		piece->n_bytes--;
		if (piece->n_bytes == 0 || *piece->text < '0' ||
			*piece->text > '9')
			return;
		if (*denominator == 1000000)
			continue; /* finer than a millionth is cut off */
		*numerator = *numerator * 10 + (uint64_t)(*piece->text - '0');
		*denominator *= 10;
	}
}

static enum leat__verdict
read_duration(struct leat__piece piece, union leat__value *out)
{
	uint64_t whole, numerator, denominator, n;
	enum leat__verdict verdict = read_digits(&piece, &whole);
	const struct unit *unit;

	if (verdict == LEAT__READ_BAD)
		return LEAT__READ_BAD;
	read_fraction(&piece, &numerator, &denominator);
	unit = unit_find(time_units, piece);
	if (!unit)
		return LEAT__READ_BAD;
	if (verdict == LEAT__READ_RANGE ||
		__builtin_mul_overflow(whole, unit->factor, &n) ||
		__builtin_add_overflow(
			n, unit->factor * numerator / denominator, &n) ||
		n > INT64_MAX)
		return LEAT__READ_RANGE;
	out->sint = (int64_t)n;
	return LEAT__READ_OK;
}

static enum leat__verdict
read_bool(struct leat__piece piece, union leat__value *out)
{
	static const char *const words[] = {
		"off", "on", "false", "true", "no", "yes", "0", "1"};

	for (uint32_t k = 0; k < leat__array_len(words); k++) {
		if (!piece_is(piece, words[k]))
			continue;
		out->word = k & 1;
		return LEAT__READ_OK;
	}
	return LEAT__READ_BAD;
}

static enum leat__verdict
read_char(struct leat__piece piece, union leat__value *out)
{
	for (const struct byte_name *b = byte_names; b->name; b++) {
		if (!piece_is(piece, b->name))
			continue;
		out->word = (uint8_t)b->byte;
		return LEAT__READ_OK;
	}
	if (piece.n_bytes != 1)
		return LEAT__READ_BAD;
	out->word = (uint8_t)*piece.text;
	return LEAT__READ_OK;
}

static enum leat__verdict
read_enum(const struct leat_option *option, struct leat__piece piece,
	union leat__value *out)
{
	uint32_t n = leat__enum_count(option->values);

	for (uint32_t k = 0; k < n; k++) {
		struct leat__piece value = leat__enum_value(option->values, k);

		if (value.n_bytes != piece.n_bytes ||
			memcmp(value.text, piece.text, piece.n_bytes))
			continue;
		out->word = k;
		return LEAT__READ_OK;
	}
	return LEAT__READ_BAD;
}

enum leat__verdict
leat__value_read(const struct leat_option *option, struct leat__piece piece,
	union leat__value *out)
{
	memset(out, 0, sizeof(*out));
	switch (option->type) {
	case LEAT_OPTION_UINT:
		return read_uint(piece, out);
	case LEAT_OPTION_INT:
		return read_int(piece, out);
	case LEAT_OPTION_NUMBER:
		return read_number(piece, out);
	case LEAT_OPTION_BYTES:
		return read_bytes(piece, out);
	case LEAT_OPTION_DURATION:
		return read_duration(piece, out);
	case LEAT_OPTION_BOOL:
		return read_bool(piece, out);
	case LEAT_OPTION_CHAR:
		return read_char(piece, out);
	case LEAT_OPTION_ENUM:
		return read_enum(option, piece, out);
	default:
		out->string = piece.text;
		return LEAT__READ_OK;
	}
}

/* ---- printing ---------------------------------------------------------- */

static void
print_unit(const struct unit *units, uint64_t n, struct leat__text *text)
{
	while (units->factor > 1 && (n == 0 || n % units->factor))
		units++;
	leat__text_add(text, "%llu%s", (unsigned long long)(n / units->factor),
		units->name);
}

/* The shortest text that is read back as the same number. */
static void
print_number(double number, struct leat__text *text)
{
	char buf[VALUE_NUMBER_BYTES];
	union leat__value back;
	int precision = 0;
	int n;

	do {
		n = snprintf(buf, sizeof(buf), "%.*g", ++precision, number);
		for (char *c = buf; *c; c++)
			if (*c == number_point())
				*c = '.';
		read_number((struct leat__piece){buf, (size_t)n}, &back);
	} while (precision < 17 &&
		memcmp(&back.number, &number, sizeof(number)));
	leat__text_add(text, "%s", buf);
}

static void
print_char(uint32_t byte, struct leat__text *text)
{
	for (const struct byte_name *b = byte_names + 1; b->name; b++)
		if ((uint8_t)b->byte == byte && b->byte != ',' &&
			b->byte != ';') {
			leat__text_add(text, "%s", b->name);
			return;
		}
	leat__text_add(text, "%c", (int)byte);
}

void
leat__value_print(const struct leat_option *option,
	const union leat__value *value, struct leat__text *text)
{
	struct leat__piece piece;

	switch (option->type) {
	case LEAT_OPTION_STRING:
		leat__text_add(text, "%s", value->string);
		break;
	case LEAT_OPTION_UINT:
		leat__text_add(text, "%llu", (unsigned long long)value->uint);
		break;
	case LEAT_OPTION_INT:
		leat__text_add(text, "%lld", (long long)value->sint);
		break;
	case LEAT_OPTION_NUMBER:
		print_number(value->number, text);
		break;
	case LEAT_OPTION_BYTES:
		print_unit(size_units, value->uint, text);
		break;
	case LEAT_OPTION_DURATION:
		print_unit(time_units, (uint64_t)value->sint, text);
		break;
	case LEAT_OPTION_BOOL:
		leat__text_add(text, "%s", value->word ? "on" : "off");
		break;
	case LEAT_OPTION_CHAR:
		print_char(value->word, text);
		break;
	default:
		piece = leat__enum_value(option->values, value->word);
		leat__text_add(text, "%.*s", (int)piece.n_bytes, piece.text);
		break;
	}
}
