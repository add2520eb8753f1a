/*
 * graph/option.c -- options of stages: their limits, their defaults, their
 * errors.
 *
 * Keeps: what leat__option_print() writes, leat__option_parse() reads back to
 * the same field; a zero field always means the default, so a text that would
 * store zero for another default is refused. Every error says what would be
 * accepted.
 * Threads: the one that builds the graph; checks and printing from any.
 */
#include <math.h>
#include <string.h>

#include "graph/value.h"

#define OPTION_VALUE_BYTES 64u /* longest text of a value in a message */
#define OPTION_FLAGS                                                           \
	(LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED | LEAT_OPTION_REST |    \
		LEAT_OPTION_LIVE | LEAT_OPTION_RENEWS | LEAT_OPTION_KEEPS)

const char *
leat__option_string(const struct leat_option *option, const void *opts)
{
	if (option->type != LEAT_OPTION_STRING)
		return NULL;
	return leat__value_load(option, opts).string;
}

void
leat__option_set_string(
	const struct leat_option *option, void *opts, const char *string)
{
	memcpy((char *)opts + option->offset, &string, sizeof(string));
}

size_t
leat__options_strings_bytes(const struct leat_option *options, const void *opts)
{
	size_t n = 0;

	for (; options && options->name; options++) {
		const char *string = leat__option_string(options, opts);

		n += string ? strlen(string) + 1 : 0;
	}
	return n;
}

void
leat__options_fill_strings(const struct leat_option *options, void *opts)
{
	for (; options && options->name; options++) {
		const char *string = leat__option_string(options, opts);

		if (options->type != LEAT_OPTION_STRING || (string && *string))
			continue;
		string = options->fallback ? options->fallback : "";
		leat__option_set_string(options, opts, string);
	}
}

void
leat__options_copy_strings(
	const struct leat_option *options, void *opts, char *to)
{
	const struct leat_option *at = options;

	for (; at && at->name; at++) {
		const char *string = leat__option_string(at, opts);
		size_t n = string ? strlen(string) + 1 : 0;

		if (n == 0)
			continue;
		leat__option_set_string(at, opts, memcpy(to, string, n));
		to += n;
	}
	leat__options_fill_strings(options, opts);
}

/* The default as a value; zero if there is none. */
static union leat__value
option_fallback(const struct leat_option *option)
{
	union leat__value value = {.bytes = {0}};
	struct leat__piece piece = {option->fallback, 0};

	if (!option->fallback || option->type == LEAT_OPTION_STRING)
		return value;
	piece.n_bytes = strlen(option->fallback);
	if (leat__value_read(option, piece, &value) != LEAT__READ_OK)
		memset(&value, 0, sizeof(value));
	return value;
}

/* ---- limits ------------------------------------------------------------ */

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
value_is_in_range(
	const struct leat_option *option, const union leat__value *value)
{
	if (option->type == LEAT_OPTION_ENUM)
		return value->word < leat__enum_count(option->values);
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
value_is_mistaken(
	const struct leat_option *option, const union leat__value *value)
{
	union leat__value fallback = option_fallback(option);

	return leat__value_is_zero(option, value) &&
		!leat__value_is_zero(option, &fallback);
}

static bool
value_is_default(
	const struct leat_option *option, const union leat__value *value)
{
	union leat__value fallback;

	if (option->type == LEAT_OPTION_STRING)
		return !value->string || !*value->string ||
			(option->fallback &&
				!strcmp(value->string, option->fallback));
	if (leat__value_is_zero(option, value))
		return true;
	fallback = option_fallback(option);
	return !memcmp(&fallback, value, leat__value_bytes(option->type));
}

size_t
leat__option_print(const struct leat_option *option, const void *opts,
	char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};
	union leat__value value = leat__value_load(option, opts);

	if (n_bytes)
		buf[0] = '\0';
	if (!value_is_default(option, &value))
		leat__value_print(option, &value, &text);
	return text.at;
}

/* ---- errors ------------------------------------------------------------ */

/* min and max are whole numbers, whatever the type. */
static void
accepts_add_limit(const struct leat_option *option, int64_t limit,
	struct leat__text *text)
{
	union leat__value value = {.sint = limit};

	if (option->type == LEAT_OPTION_NUMBER)
		value.number = (double)limit;
	leat__value_print(option, &value, text);
}

/* Of centuries nobody needs to be told. */
static bool
range_has_top(const struct leat_option *option)
{
	return option->type == LEAT_OPTION_DURATION
		? option->max < INT64_MAX / 4
		: option->max != INT64_MAX;
}

static void
accepts_add_range(const struct leat_option *option, struct leat__text *text)
{
	if (option_has_range(option)) {
		leat__text_add(
			text, range_has_top(option) ? " from " : ", at least ");
		accepts_add_limit(option, option->min, text);
	}
	if (option_has_range(option) && range_has_top(option)) {
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
	uint32_t n = leat__enum_count(option->values);

	for (uint32_t k = 0; k < n; k++) {
		struct leat__piece value = leat__enum_value(option->values, k);

		leat__text_add(text, "%s%.*s",
			k == 0              ? ""
				: k + 1 < n ? ", "
					    : " or ",
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
		leat__text_add(
			text, "a time like 50us, 10ms, 2s, 5m, 1h or 7d");
		break;
	case LEAT_OPTION_BOOL:
		leat__text_add(text, "on or off");
		return;
	case LEAT_OPTION_CHAR:
		leat__text_add(text,
			"one byte, or one of \\t, tab, space, "
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
suggest_enum(const struct leat_option *option, struct leat__piece piece,
	struct leat__text *text)
{
	struct leat__suggest suggest =
		leat__suggest_for(piece.text, piece.n_bytes);
	uint32_t n = leat__enum_count(option->values);

	for (uint32_t k = 0; k < n; k++) {
		struct leat__piece value = leat__enum_value(option->values, k);

		leat__suggest_look(&suggest, value.text, value.n_bytes);
	}
	leat__suggest_add(&suggest, text);
}

static int
option_refuse(const struct leat_option *option, struct leat__piece piece,
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

/* ---- the public half of the folder ------------------------------------- */

static int
option_store(struct leat_graph *graph, const struct leat_option *option,
	union leat__value *value, size_t n_bytes, void *opts,
	struct leat_error *err)
{
	if (option->type == LEAT_OPTION_STRING) {
		value->string =
			leat__graph_own_text(graph, value->string, n_bytes);
		if (!value->string)
			return leat__graph_no_memory(err, "an option");
	}
	memcpy((char *)opts + option->offset, value,
		leat__value_bytes(option->type));
	return LEAT_OK;
}

int
leat__option_parse(struct leat_graph *graph, const struct leat_option *option,
	const char *text, size_t n_bytes, void *opts, struct leat_error *err)
{
	struct leat__piece piece = {text, n_bytes};
	union leat__value value;
	enum leat__verdict verdict = leat__value_read(option, piece, &value);

	if (verdict == LEAT__READ_BAD)
		return option_refuse(option, piece, "cannot be read", err);
	if (verdict == LEAT__READ_RANGE || !value_is_in_range(option, &value))
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
	char buf[OPTION_VALUE_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};
	union leat__value value = leat__value_load(option, opts);
	bool is_absent = option->type == LEAT_OPTION_STRING
		? !value.string || !*value.string
		: leat__value_is_zero(option, &value);

	if (is_absent && (option->flags & LEAT_OPTION_REQUIRED))
		return leat__error(err, LEAT_EINVAL,
			"%s '%s' needs option '%s'%s%s",
			*ops->name == '@' ? "guard" : "stage", ops->name,
			option->name, option->help ? ": " : "",
			option->help ? option->help : "");
	if (is_absent || value_is_in_range(option, &value))
		return LEAT_OK;
	if (leat__value_bytes(option->type) == sizeof(uint32_t))
		leat__text_add(&text, "%u", value.word);
	else
		leat__value_print(option, &value, &text);
	return option_refuse(option, (struct leat__piece){buf, strlen(buf)},
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

/* ---- the table itself -------------------------------------------------- */

static const char *
entry_fault(const struct leat_option *o, uint32_t opts_bytes)
{
	size_t n = leat__value_bytes(o->type);

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
	struct leat__piece piece = {o->fallback, 0};
	union leat__value value;

	if (!o->fallback || o->type == LEAT_OPTION_STRING)
		return NULL;
	piece.n_bytes = strlen(o->fallback);
	if (leat__value_read(o, piece, &value) != LEAT__READ_OK ||
		!(leat__value_is_zero(o, &value) ||
			value_is_in_range(o, &value)))
		return "its default is out of range";
	if ((o->type == LEAT_OPTION_BOOL || o->type == LEAT_OPTION_ENUM) &&
		!leat__value_is_zero(o, &value))
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
