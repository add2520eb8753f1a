/*
 * graph/option.c -- options of stages: their text, their limits, their fields.
 *
 * Keeps: what leat__option_print() writes, leat__option_parse() reads back to
 * the same field; a zero field always means the default, so a text that would
 * store zero for another default is refused. Every error says what would be
 * accepted. Numbers are read and written with a point in every locale.
 * Threads: the one that builds the graph; checks and printing from any.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"

#define OPTION_NUMBER_BYTES 64u /* longest text of a number */
#define OPTION_FLAGS                                                           \
	(LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED | LEAT_OPTION_REST)

struct piece {
	const char *text;
	size_t n_bytes;
};

/* The field of an option, by its type. */
union value {
	const char *string;
	uint64_t uint; /* UINT, BYTES */
	int64_t sint;  /* INT, DURATION */
	double number;
	uint32_t word; /* BOOL, CHAR, ENUM */
	uint8_t bytes[8];
};

struct unit {
	const char *name;
	uint64_t factor;
};

/* The first unit that a value is a multiple of is used for printing. */
static const struct unit size_units[] = {{"G", 1u << 30}, {"M", 1u << 20},
	{"k", 1u << 10}, {"K", 1u << 10}, {"", 1}, {NULL, 0}};

static const struct unit time_units[] = {{"h", 3600000000000}, {"m", 60000000000},
	{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}, {NULL, 0}};

struct byte_name {
	const char *name;
	char byte;
};

static const struct byte_name byte_names[] = {{"\\t", '\t'}, {"tab", '\t'},
	{"space", ' '}, {"pipe", '|'}, {"comma", ','}, {"semicolon", ';'},
	{NULL, 0}};

static bool
piece_is(struct piece piece, const char *word)
{
	return strlen(word) == piece.n_bytes &&
		!memcmp(piece.text, word, piece.n_bytes);
}

static size_t
option_field_bytes(uint32_t type)
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

static union value
option_load(const struct leat_option *option, const void *opts)
{
	union value value = {.bytes = {0}};

	memcpy(&value, (const char *)opts + option->offset,
		option_field_bytes(option->type));
	return value;
}

const char *
leat__option_string(const struct leat_option *option, const void *opts)
{
	if (option->type != LEAT_OPTION_STRING)
		return NULL;
	return option_load(option, opts).string;
}

static bool
value_is_zero(const struct leat_option *option, const union value *value)
{
	static const union value zero = {.bytes = {0}};

	if (option->type == LEAT_OPTION_NUMBER)
		return fpclassify(value->number) == FP_ZERO;
	return !memcmp(value, &zero, option_field_bytes(option->type));
}

/* ---- values of an ENUM ---------------------------------------------------------- */

/* The k-th of "a|b|c"; text NULL = there are no more. */
static struct piece
enum_value(const char *values, uint32_t k)
{
	struct piece piece = {values, strcspn(values, "|")};

	while (k-- > 0 && piece.text) {
		const char *end = piece.text + piece.n_bytes;

		piece.text = *end ? end + 1 : NULL;
		piece.n_bytes = *end ? strcspn(end + 1, "|") : 0;
	}
	return piece;
}

static uint32_t
enum_count(const char *values)
{
	uint32_t n = 0;

	while (enum_value(values, n).text)
		n++;
	return n;
}

/* ---- reading -------------------------------------------------------------------- */

enum verdict {
	READ_OK,
	READ_BAD,  /* not of the type */
	READ_RANGE /* of the type, but out of its range */
};

/* Digits at the start of a piece; they are taken off it. */
static enum verdict
read_digits(struct piece *piece, uint64_t *out)
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
		return READ_BAD;
	return is_over ? READ_RANGE : READ_OK;
}

static enum verdict
read_uint(struct piece piece, union value *out)
{
	enum verdict verdict = read_digits(&piece, &out->uint);

	return piece.n_bytes ? READ_BAD : verdict;
}

static enum verdict
read_int(struct piece piece, union value *out)
{
	bool is_negative = piece.n_bytes && *piece.text == '-';
	enum verdict verdict;
	uint64_t n;

	if (piece.n_bytes && (is_negative || *piece.text == '+')) {
		piece.text++;
		piece.n_bytes--;
	}
	verdict = read_digits(&piece, &n);
	if (piece.n_bytes || verdict == READ_BAD)
		return READ_BAD;
	if (verdict == READ_RANGE || n > (uint64_t)INT64_MAX + is_negative)
		return READ_RANGE;
	out->sint = is_negative ? (int64_t)(0 - n) : (int64_t)n;
	return READ_OK;
}

/* What the C library takes for a decimal point at the moment. */
static char
number_point(void)
{
	char text[8] = "";

	snprintf(text, sizeof(text), "%.1f", 0.5);
	return text[1];
}

static enum verdict
read_number(struct piece piece, union value *out)
{
	char text[OPTION_NUMBER_BYTES + 1];
	char *end;

	if (piece.n_bytes == 0 || piece.n_bytes > OPTION_NUMBER_BYTES)
		return READ_BAD;
	for (size_t k = 0; k < piece.n_bytes; k++) {
		if (!strchr("0123456789+-.eE", piece.text[k]))
			return READ_BAD;
		text[k] = piece.text[k] == '.' ? number_point() : piece.text[k];
	}
	text[piece.n_bytes] = '\0';
	out->number = strtod(text, &end);
	if (*end || end == text)
		return READ_BAD;
	return isfinite(out->number) ? READ_OK : READ_RANGE;
}

/* The unit whose name the whole piece is. */
static const struct unit *
unit_find(const struct unit *units, struct piece piece)
{
	for (; units->name; units++)
		if (piece_is(piece, units->name))
			return units;
	return NULL;
}

static enum verdict
read_bytes(struct piece piece, union value *out)
{
	enum verdict verdict = read_digits(&piece, &out->uint);
	const struct unit *unit = unit_find(size_units, piece);

	if (verdict == READ_BAD || !unit)
		return READ_BAD;
	if (__builtin_mul_overflow(out->uint, unit->factor, &out->uint))
		return READ_RANGE;
	return verdict;
}

/* ".25" of a unit: the digits are taken off the piece. */
static void
read_fraction(struct piece *piece, uint64_t *numerator, uint64_t *denominator)
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

static enum verdict
read_duration(struct piece piece, union value *out)
{
	uint64_t whole, numerator, denominator, n;
	enum verdict verdict = read_digits(&piece, &whole);
	const struct unit *unit;

	if (verdict == READ_BAD)
		return READ_BAD;
	read_fraction(&piece, &numerator, &denominator);
	unit = unit_find(time_units, piece);
	if (!unit)
		return READ_BAD;
	if (verdict == READ_RANGE ||
		__builtin_mul_overflow(whole, unit->factor, &n) ||
		__builtin_add_overflow(
			n, unit->factor * numerator / denominator, &n) ||
		n > INT64_MAX)
		return READ_RANGE;
	out->sint = (int64_t)n;
	return READ_OK;
}

static enum verdict
read_bool(struct piece piece, union value *out)
{
	static const char *const words[] = {
		"off", "on", "false", "true", "no", "yes", "0", "1"};

	for (uint32_t k = 0; k < leat__array_len(words); k++) {
		if (!piece_is(piece, words[k]))
			continue;
		out->word = k & 1;
		return READ_OK;
	}
	return READ_BAD;
}

static enum verdict
read_char(struct piece piece, union value *out)
{
	for (const struct byte_name *b = byte_names; b->name; b++) {
		if (!piece_is(piece, b->name))
			continue;
		out->word = (uint8_t)b->byte;
		return READ_OK;
	}
	if (piece.n_bytes != 1)
		return READ_BAD;
	out->word = (uint8_t)*piece.text;
	return READ_OK;
}

static enum verdict
read_enum(const struct leat_option *option, struct piece piece,
	union value *out)
{
	uint32_t n = enum_count(option->values);

	for (uint32_t k = 0; k < n; k++) {
		struct piece value = enum_value(option->values, k);

		if (value.n_bytes != piece.n_bytes ||
			memcmp(value.text, piece.text, piece.n_bytes))
			continue;
		out->word = k;
		return READ_OK;
	}
	return READ_BAD;
}

static enum verdict
option_read(const struct leat_option *option, struct piece piece,
	union value *out)
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
		return READ_OK;
	}
}

/* The default as a value; zero if there is none. */
static union value
option_fallback(const struct leat_option *option)
{
	union value value = {.bytes = {0}};
	struct piece piece = {option->fallback, 0};

	if (!option->fallback || option->type == LEAT_OPTION_STRING)
		return value;
	piece.n_bytes = strlen(option->fallback);
	if (option_read(option, piece, &value) != READ_OK)
		memset(&value, 0, sizeof(value));
	return value;
}

/* ---- limits ------------------------------------------------------------------------ */

static bool
option_has_range(const struct leat_option *option)
{
	return option->min != 0 || option->max != 0;
}

static bool
range_holds_uint(const struct leat_option *option, uint64_t n)
{
	if (option->min > 0 && n < (uint64_t)option->min)
		return false;
	return option->max == INT64_MAX ||
		(option->max >= 0 && n <= (uint64_t)option->max);
}

static bool
value_is_in_range(const struct leat_option *option, const union value *value)
{
	if (option->type == LEAT_OPTION_ENUM)
		return value->word < enum_count(option->values);
	if (option->type == LEAT_OPTION_BOOL)
		return value->word <= 1;
	if (option->type == LEAT_OPTION_CHAR)
		return value->word <= UINT8_MAX;
	if (option->type == LEAT_OPTION_NUMBER && !isfinite(value->number))
		return false;
	if (option->type == LEAT_OPTION_DURATION && value->sint < 0)
		return false;
	if (!option_has_range(option) || option->type == LEAT_OPTION_STRING)
		return true;
	if (option->type == LEAT_OPTION_NUMBER)
		return value->number >= (double)option->min &&
			value->number <= (double)option->max;
	if (option->type == LEAT_OPTION_INT ||
		option->type == LEAT_OPTION_DURATION)
		return value->sint >= option->min && value->sint <= option->max;
	return range_holds_uint(option, value->uint);
}

/* Would the field's zero be taken for another value, the default? */
static bool
value_is_mistaken(const struct leat_option *option, const union value *value)
{
	union value fallback = option_fallback(option);

	return value_is_zero(option, value) &&
		!value_is_zero(option, &fallback);
}

/* ---- printing --------------------------------------------------------------------- */

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
	char buf[OPTION_NUMBER_BYTES];
	union value back;
	int precision = 0;
	int n;

	do {
		n = snprintf(buf, sizeof(buf), "%.*g", ++precision, number);
		for (char *c = buf; *c; c++)
			if (*c == number_point())
				*c = '.';
		read_number((struct piece){buf, (size_t)n}, &back);
	} while (precision < 17 && memcmp(&back.number, &number,
					   sizeof(number)));
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

static void
print_value(const struct leat_option *option, const union value *value,
	struct leat__text *text)
{
	struct piece piece;

	switch (option->type) {
	case LEAT_OPTION_STRING:
		leat__text_add(text, "%s", value->string);
		break;
	case LEAT_OPTION_UINT:
		leat__text_add(
			text, "%llu", (unsigned long long)value->uint);
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
		piece = enum_value(option->values, value->word);
		leat__text_add(text, "%.*s", (int)piece.n_bytes, piece.text);
		break;
	}
}

static bool
value_is_default(const struct leat_option *option, const union value *value)
{
	union value fallback;

	if (option->type == LEAT_OPTION_STRING)
		return !value->string || !*value->string ||
			(option->fallback &&
				!strcmp(value->string, option->fallback));
	if (value_is_zero(option, value))
		return true;
	fallback = option_fallback(option);
	return !memcmp(&fallback, value, option_field_bytes(option->type));
}

size_t
leat__option_print(const struct leat_option *option, const void *opts,
	char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};
	union value value = option_load(option, opts);

	if (n_bytes)
		buf[0] = '\0';
	if (!value_is_default(option, &value))
		print_value(option, &value, &text);
	return text.at;
}

/* ---- errors ----------------------------------------------------------------------- */

static void
accepts_add_limit(const struct leat_option *option, int64_t limit,
	struct leat__text *text)
{
	switch (option->type) {
	case LEAT_OPTION_BYTES:
		print_unit(size_units, (uint64_t)limit, text);
		break;
	case LEAT_OPTION_DURATION:
		print_unit(time_units, (uint64_t)limit, text);
		break;
	default:
		leat__text_add(text, "%lld", (long long)limit);
		break;
	}
}

static void
accepts_add_range(const struct leat_option *option, struct leat__text *text)
{
	if (option_has_range(option)) {
		leat__text_add(text, option->max == INT64_MAX ? ", at least "
							      : " from ");
		accepts_add_limit(option, option->min, text);
	}
	if (option_has_range(option) && option->max != INT64_MAX) {
		leat__text_add(text, " to ");
		accepts_add_limit(option, option->max, text);
	}
	if (option->unit && option->type != LEAT_OPTION_BYTES &&
		option->type != LEAT_OPTION_DURATION)
		leat__text_add(text, ", in %s", option->unit);
}

static void
accepts_add_enum(const struct leat_option *option, struct leat__text *text)
{
	uint32_t n = enum_count(option->values);

	for (uint32_t k = 0; k < n; k++) {
		struct piece value = enum_value(option->values, k);

		leat__text_add(text, "%s%.*s",
			k == 0 ? "" : k + 1 < n ? ", " : " or ",
			(int)value.n_bytes, value.text);
	}
}

static void
accepts_add(const struct leat_option *option, struct leat__text *text)
{
	switch (option->type) {
	case LEAT_OPTION_UINT:
	case LEAT_OPTION_INT:
		leat__text_add(text, "a whole number");
		break;
	case LEAT_OPTION_NUMBER:
		leat__text_add(text, "a number");
		break;
	case LEAT_OPTION_BYTES:
		leat__text_add(text, "a size like 4096, 64k, 4M or 1G");
		break;
	case LEAT_OPTION_DURATION:
		leat__text_add(text, "a time like 50us, 10ms, 2s, 5m or 1h");
		break;
	case LEAT_OPTION_BOOL:
		leat__text_add(text, "on or off");
		return;
	case LEAT_OPTION_CHAR:
		leat__text_add(text, "one byte, or one of \\t, tab, space, "
				     "pipe, comma, semicolon");
		return;
	case LEAT_OPTION_ENUM:
		accepts_add_enum(option, text);
		return;
	default:
		leat__text_add(text, "text");
		return;
	}
	accepts_add_range(option, text);
}

static void
suggest_enum(const struct leat_option *option, struct piece piece,
	struct leat__text *text)
{
	struct leat__suggest suggest =
		leat__suggest_for(piece.text, piece.n_bytes);
	uint32_t n = enum_count(option->values);

	for (uint32_t k = 0; k < n; k++) {
		struct piece value = enum_value(option->values, k);

		leat__suggest_look(&suggest, value.text, value.n_bytes);
	}
	leat__suggest_add(&suggest, text);
}

static int
option_refuse(const struct leat_option *option, struct piece piece,
	const char *why, struct leat_error *err)
{
	char buf[LEAT_ERROR_TEXT_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};

	if (option->type == LEAT_OPTION_ENUM)
		suggest_enum(option, piece, &text);
	leat__text_add(&text, "; accepted: ");
	accepts_add(option, &text);
	return leat__error(err, LEAT_EINVAL, "option '%s': '%.*s' %s%s",
		option->name,
		(int)leat__min_u64(piece.n_bytes, LEAT_ERROR_TEXT_BYTES / 4),
		piece.text, why, buf);
}

/* ---- the public half of the folder -------------------------------------------------- */

static int
option_store(struct leat_graph *graph, const struct leat_option *option,
	union value *value, size_t n_bytes, void *opts, struct leat_error *err)
{
	if (option->type == LEAT_OPTION_STRING) {
		value->string =
			leat__graph_own_text(graph, value->string, n_bytes);
		if (!value->string)
			return leat__graph_no_memory(err, "an option");
	}
	memcpy((char *)opts + option->offset, value,
		option_field_bytes(option->type));
	return LEAT_OK;
}

int
leat__option_parse(struct leat_graph *graph, const struct leat_option *option,
	const char *text, size_t n_bytes, void *opts, struct leat_error *err)
{
	struct piece piece = {text, n_bytes};
	union value value;
	enum verdict verdict = option_read(option, piece, &value);

	if (verdict == READ_BAD)
		return option_refuse(
			option, piece, "cannot be read", err);
	if (verdict == READ_RANGE || !value_is_in_range(option, &value))
		return option_refuse(option, piece, "is out of range", err);
	if (option->type != LEAT_OPTION_STRING &&
		value_is_mistaken(option, &value))
		return option_refuse(
			option, piece, "stands for the default", err);
	return option_store(graph, option, &value, n_bytes, opts, err);
}

static int
option_check_field(const struct leat_stage_ops *ops,
	const struct leat_option *option, const void *opts,
	struct leat_error *err)
{
	char buf[OPTION_NUMBER_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};
	union value value = option_load(option, opts);
	bool is_absent = option->type == LEAT_OPTION_STRING
		? !value.string || !*value.string
		: value_is_zero(option, &value);

	if (is_absent && (option->flags & LEAT_OPTION_REQUIRED))
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' needs option '%s'%s%s", ops->name,
			option->name, option->help ? ": " : "",
			option->help ? option->help : "");
	if (is_absent || value_is_in_range(option, &value))
		return LEAT_OK;
	if (option_field_bytes(option->type) == sizeof(uint32_t))
		leat__text_add(&text, "%u", value.word);
	else
		print_value(option, &value, &text);
	return option_refuse(option, (struct piece){buf, strlen(buf)},
		"is out of range", err);
}

/* A flags field that no option stands for has no known bit. */
static int
options_check_flags(const struct leat_stage_ops *ops, const void *opts,
	struct leat_error *err)
{
	uint32_t flags;

	memcpy(&flags, (const char *)opts + sizeof(uint32_t), sizeof(flags));
	for (const struct leat_option *o = ops->options; o && o->name; o++)
		if (o->offset == sizeof(uint32_t))
			return LEAT_OK;
	if (!flags)
		return LEAT_OK;
	return leat__error(err, LEAT_EINVAL,
		"options of stage '%s': flags are 0x%x; none is known",
		ops->name, flags);
}

int
leat__options_check(const struct leat_stage_ops *ops, const void *opts,
	struct leat_error *err)
{
	if (!ops->opts_bytes)
		return LEAT_OK;
	LEAT_TRY(options_check_flags(ops, opts, err));
	for (const struct leat_option *o = ops->options; o && o->name; o++)
		LEAT_TRY(option_check_field(ops, o, opts, err));
	return LEAT_OK;
}

/* ---- the table itself ----------------------------------------------------------------- */

static const char *
entry_fault(const struct leat_option *o, uint32_t opts_bytes)
{
	size_t n = option_field_bytes(o->type);

	if (!leat__name_is_valid(o->name, strlen(o->name)))
		return "its name is not a word";
	if (!strcmp(o->name, "name"))
		return "every stage has this one already";
	if (o->type < LEAT_OPTION_STRING || o->type > LEAT_OPTION_ENUM)
		return "its type is none";
	if (o->flags & ~OPTION_FLAGS)
		return "it has unknown flags";
	if (o->offset < sizeof(uint32_t) || o->offset % n ||
		o->offset + (uint64_t)n > opts_bytes)
		return "its offset is not that of a field";
	if ((o->flags & LEAT_OPTION_REST) &&
		(o->type != LEAT_OPTION_STRING ||
			!(o->flags & LEAT_OPTION_POSITIONAL)))
		return "REST is for positional strings";
	if (o->type == LEAT_OPTION_ENUM && (!o->values || !*o->values))
		return "it has no values";
	if (o->min > o->max)
		return "min is above max";
	if (o->min < 0 && o->type != LEAT_OPTION_INT &&
		o->type != LEAT_OPTION_NUMBER)
		return "min is below zero";
	return NULL;
}

/* Is the default one that a zero field can stand for? */
static const char *
entry_fallback_fault(const struct leat_option *o)
{
	struct piece piece = {o->fallback, 0};
	union value value;

	if (!o->fallback || o->type == LEAT_OPTION_STRING)
		return NULL;
	piece.n_bytes = strlen(o->fallback);
	if (option_read(o, piece, &value) != READ_OK ||
		!(value_is_zero(o, &value) || value_is_in_range(o, &value)))
		return "its default is out of range";
	if ((o->type == LEAT_OPTION_BOOL || o->type == LEAT_OPTION_ENUM) &&
		!value_is_zero(o, &value))
		return "its default must be off or the first value: zero "
		       "means default";
	return NULL;
}

int
leat__option_check_entry(const struct leat_option *option, uint32_t opts_bytes,
	struct leat_error *err)
{
	const char *fault = entry_fault(option, opts_bytes);

	if (!fault)
		fault = entry_fallback_fault(option);
	if (!fault)
		return LEAT_OK;
	return leat__error(err, LEAT_EINVAL, "option table, '%s': %s",
		option->name, fault);
}
