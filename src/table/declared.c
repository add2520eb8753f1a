/*
 * table/declared.c -- schemas that users write: id:int64,price:decimal(2).
 *
 *	list  = [ entry { "," entry } ]      entry = name ":" type
 *	name  = word | "name" | `name`       type  = word [ "(" digits ")" ]
 *
 * Spaces may stand between all of these. Any thread; no state.
 */
#include <string.h>
#include <strings.h>

#include "table/declared.h"
#include "table/expr.h"

#define DECLARED_TYPE_NAME_MAX 16

static void
declared_skip_spaces(const char *text, uint32_t *at)
{
	while (text[*at] == ' ' || text[*at] == '\t' || text[*at] == '\n')
		(*at)++;
}

static uint32_t
declared_word_len(const char *text)
{
	uint32_t n = 0;

	while ((text[n] >= '0' && text[n] <= '9') || text[n] == '_' ||
		((text[n] | 0x20) >= 'a' && (text[n] | 0x20) <= 'z'))
		n++;
	return n;
}

/* The type that is called so elsewhere; NULL: none is. */
static const char *
declared_nearest(const char *word, uint32_t n_bytes)
{
	static const struct {
		const char *word, *type;
	} others[] = {{"int", "int64"}, {"integer", "int64"},
		{"bigint", "int64"}, {"long", "int64"}, {"float", "float64"},
		{"double", "float64"}, {"real", "float64"},
		{"number", "float64"}, {"numeric", "decimal(2)"},
		{"boolean", "bool"}, {"str", "string"}, {"varchar", "string"},
		{"char", "string"}, {"datetime", "timestamp"},
		{"time", "timestamp"}, {"timestamptz", "timestamp"},
		{"blob", "binary"}, {"bytes", "binary"}, {"bytea", "binary"}};

	for (uint32_t k = 0; k < leat__array_len(others); k++)
		if (strlen(others[k].word) == n_bytes &&
			!strncasecmp(others[k].word, word, n_bytes))
			return others[k].type;
	return NULL;
}

static int
declared_fail_type(const char *text, uint32_t at, uint32_t n_bytes,
	struct leat_expr_error *err)
{
	static const char types[] = "string, int64, float64, bool, "
				    "decimal(digits), date, timestamp, binary";
	const char *near;

	if (!n_bytes)
		return leat__expr_fail(err, LEAT_EINVAL, at, 1,
			"a type is missing here; there are: %s", types);
	near = declared_nearest(text + at, n_bytes);
	return leat__expr_fail(err, LEAT_EINVAL, at, n_bytes,
		"no type '%.*s'%s%s%s; there are: %s",
		n_bytes > 40 ? 40 : (int)n_bytes, text + at,
		near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "", types);
}

/* "(2)", digits behind the point. */
static int
declared_scale(const char *text, uint32_t *at, uint32_t *scale_out,
	struct leat_expr_error *err)
{
	uint32_t start = *at, k = *at, scale = 0, n_digits = 0;

	declared_skip_spaces(text, &k);
	if (text[k] == '(') {
		k++;
		declared_skip_spaces(text, &k);
		for (; text[k] >= '0' && text[k] <= '9' && n_digits < 3; k++) {
			scale = scale * 10 + (uint32_t)(text[k] - '0');
			n_digits++;
		}
		declared_skip_spaces(text, &k);
	}
	if (!n_digits || text[k] != ')' || scale > LEAT_DECIMAL_DIGITS_MAX)
		return leat__expr_fail(err, LEAT_EINVAL, start,
			k > start ? k - start : 1,
			"decimal needs one number, how many digits stand "
			"behind the point, 0 to %d: decimal(2)",
			LEAT_DECIMAL_DIGITS_MAX);
	*at = k + 1;
	*scale_out = scale;
	return LEAT_OK;
}

int
leat__declared_type(const char *text, uint32_t *at_io, uint32_t *type_out,
	uint32_t *scale_out, struct leat_expr_error *err)
{
	uint32_t n_bytes = declared_word_len(text + *at_io);
	char name[DECLARED_TYPE_NAME_MAX];

	*type_out = 0;
	*scale_out = 0;
	if (n_bytes && n_bytes <= sizeof(name)) {
		for (uint32_t k = 0; k < n_bytes; k++) {
			char c = text[*at_io + k];

			name[k] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		}
		*type_out = leat_type_find(name, n_bytes);
	}
	if (!*type_out)
		return declared_fail_type(text, *at_io, n_bytes, err);
	*at_io += n_bytes;
	return *type_out == LEAT_TYPE_DECIMAL
		? declared_scale(text, at_io, scale_out, err)
		: LEAT_OK;
}

/* Of a name in quotes, between them. */
static int
declared_quoted(const char *list, uint32_t *at, struct leat_text *name,
	struct leat_expr_error *err)
{
	char quote = list[*at];
	const char *start = list + *at + 1;
	const char *end = strchr(start, quote);
	uint32_t len = end ? (uint32_t)(end - start) : 0;

	if (!end)
		return leat__expr_fail(err, LEAT_EINVAL, *at,
			(uint32_t)strlen(list + *at),
			"the name is not closed; a %c is missing", quote);
	if (end[1] == quote)
		return leat__expr_fail(err, LEAT_EINVAL, *at + len + 1, 2,
			"a name with a %c in it stands in %s", quote,
			quote == '"' ? "`these`" : "\"these\"");
	*name = (struct leat_text){(const uint8_t *)start, len};
	*at += len + 2;
	return LEAT_OK;
}

/* As far as the colon or the comma; spaces behind it are not part of it. */
static void
declared_bare(const char *list, uint32_t *at, struct leat_text *name)
{
	uint32_t len = (uint32_t)strcspn(list + *at, ":,");

	*name = (struct leat_text){(const uint8_t *)list + *at, len};
	*at += len;
	while (name->len && name->data[name->len - 1] <= ' ')
		name->len--;
}

static int
declared_name(const char *list, uint32_t *at, struct leat_text *name,
	struct leat_expr_error *err)
{
	uint32_t start = *at;

	if (list[*at] == '"' || list[*at] == '`')
		LEAT_TRY(declared_quoted(list, at, name, err));
	else
		declared_bare(list, at, name);
	if (!name->len)
		return leat__expr_fail(err, LEAT_EINVAL, start, 1,
			"a name is missing here, as in id:int64");
	declared_skip_spaces(list, at);
	if (list[*at] != ':')
		return leat__expr_fail(err, LEAT_EINVAL, start,
			*at - start ? *at - start : 1,
			"the type of '%.*s' is missing, as in id:int64",
			name->len > 64 ? 64 : (int)name->len, name->data);
	(*at)++;
	return LEAT_OK;
}

int
leat_declared_next(const char *list, uint32_t *at_io, struct leat_declared *out,
	struct leat_expr_error *err)
{
	uint32_t at = *at_io;

	declared_skip_spaces(list, &at);
	if (!list[at])
		return LEAT_EOS;
	*out = (struct leat_declared){.offset = at};
	LEAT_TRY(declared_name(list, &at, &out->name, err));
	declared_skip_spaces(list, &at);
	LEAT_TRY(leat__declared_type(list, &at, &out->type, &out->scale, err));
	out->n_bytes = at - out->offset;
	declared_skip_spaces(list, &at);
	if (list[at] && list[at] != ',')
		return leat__expr_fail(err, LEAT_EINVAL, at, 1,
			"a comma is wanted here, as in id:int64,day:date");
	if (list[at] == ',') {
		at++;
		declared_skip_spaces(list, &at);
		if (!list[at] || list[at] == ',')
			return leat__expr_fail(err, LEAT_EINVAL, at - 1, 1,
				"an entry is missing behind this comma");
	}
	*at_io = at;
	return LEAT_OK;
}

/* ---- does a value fit? ---------------------------------------------------- */

bool
leat_text_fits(struct leat_text text, const struct leat_column *column)
{
	union {
		int64_t whole;
		double float64;
		bool is_true;
		struct leat_decimal decimal;
	} value;

	switch (column->type) {
	case LEAT_TYPE_INT64:
		return !leat_text_int64(text, &value.whole);
	case LEAT_TYPE_FLOAT64:
		return !leat_text_float64(text, &value.float64);
	case LEAT_TYPE_BOOL:
		return !leat_text_bool(text, &value.is_true);
	case LEAT_TYPE_DECIMAL:
		return !leat_text_decimal(text, column->scale, &value.decimal);
	case LEAT_TYPE_DATE:
		return !leat_text_date(text, &value.whole);
	case LEAT_TYPE_TIMESTAMP:
		return !leat_text_timestamp(text, &value.whole);
	default:
		return true;
	}
}
