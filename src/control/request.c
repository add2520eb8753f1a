/*
 * control/request.c -- a line of JSON as a request.
 *
 * One flat object, white space where JSON has it. Keys that are not known are
 * passed over, so a later version may add some; a known one with a value of
 * another kind is a mistake, and is told.
 * Keeps: whatever the bytes are, nothing outside of them is touched but the
 * byte behind them.
 * Threads: any.
 */
#include <string.h>

#include "base/json.h"
#include "control/control.h"

static void
skip_space(struct leat__json_at *p)
{
	while (p->at < p->end &&
		(*p->at == ' ' || *p->at == '\t' || *p->at == '\r'))
		p->at++;
}

static bool
take_sign(struct leat__json_at *p, char sign)
{
	skip_space(p);
	if (p->at == p->end || *p->at != sign)
		return false;
	p->at++;
	return true;
}

static bool
take_word(struct leat__json_at *p, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
		return false;
	p->at += n;
	return true;
}

/* Whole and not negative: there is no other. */
static bool
take_number(struct leat__json_at *p, uint64_t *out)
{
	const char *from = p->at;

	*out = 0;
	while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
		if (__builtin_mul_overflow(*out, 10, out) ||
			__builtin_add_overflow(
				*out, (uint64_t)(*p->at++ - '0'), out))
			return false;
	return p->at > from;
}

/* ---- keys --------------------------------------------------------------- */

static uint64_t *
key_number(struct leat__control_request *r, const char *key)
{
	const struct {
		const char *key;
		uint64_t *number;
	} numbers[] = {{"leat", &r->version}, {"id", &r->id},
		{"every_ms", &r->every_ms}, {"n", &r->n},
		{"within_ms", &r->within_ms}};

	for (size_t k = 0; k < leat__array_len(numbers); k++)
		if (!strcmp(numbers[k].key, key))
			return numbers[k].number;
	return NULL;
}

static const char **
key_text(struct leat__control_request *r, const char *key)
{
	const struct {
		const char *key;
		const char **text;
	} texts[] = {{"ask", &r->ask}, {"stage", &r->stage},
		{"guard", &r->guard}, {"option", &r->option},
		{"value", &r->value}, {"link", &r->link}, {"where", &r->where}};

	for (size_t k = 0; k < leat__array_len(texts); k++)
		if (!strcmp(texts[k].key, key))
			return texts[k].text;
	return NULL;
}

/* ---- values ------------------------------------------------------------- */

#define REQUEST_NO_NUMBER                                                      \
	"leat, id, every_ms, n and within_ms are whole numbers"
#define REQUEST_NO_TEXT                                                        \
	"ask, stage, guard, option, value, link and where are strings"

static const char *
value_text(struct leat__json_at *p, struct leat__control_request *r,
	const char *key)
{
	const char **to = key_text(r, key);
	char *text;
	size_t n;

	if (!leat__json_take(p, &text, &n))
		return "a string has no end, or an escape that is none";
	if (key_number(r, key))
		return REQUEST_NO_NUMBER;
	if (!leat__utf8_is_text((const uint8_t *)text, n))
		return "a string is not UTF-8";
	if (memchr(text, '\0', n))
		return "a string has a NUL in it";
	if (to)
		*to = text;
	return NULL;
}

static const char *
value_number(struct leat__json_at *p, struct leat__control_request *r,
	const char *key)
{
	uint64_t *to = key_number(r, key), value;

	if (!take_number(p, &value))
		return "a value is a string, a whole number, true, false or "
		       "null";
	if (key_text(r, key))
		return REQUEST_NO_TEXT;
	if (to)
		*to = value;
	return NULL;
}

static const char *
value_word(struct leat__control_request *r, const char *key, bool is_true)
{
	if (key_text(r, key))
		return REQUEST_NO_TEXT;
	if (key_number(r, key))
		return REQUEST_NO_NUMBER;
	if (!strcmp(key, "text"))
		r->is_text = is_true;
	return NULL;
}

static const char *
member(struct leat__json_at *p, struct leat__control_request *r)
{
	char *key;
	size_t n;

	skip_space(p);
	if (!leat__json_take(p, &key, &n) || !take_sign(p, ':'))
		return "a member is \"key\":value";
	skip_space(p);
	if (p->at < p->end && *p->at == '"')
		return value_text(p, r, key);
	if (take_word(p, "true"))
		return value_word(r, key, true);
	if (take_word(p, "false"))
		return value_word(r, key, false);
	if (take_word(p, "null"))
		return NULL;
	return value_number(p, r, key);
}

const char *
leat__control_request_parse(
	char *line, size_t n_bytes, struct leat__control_request *request_out)
{
	struct leat__json_at p = {line, line + n_bytes};
	const char *wrong;

	memset(request_out, 0, sizeof(*request_out));
	if (!take_sign(&p, '{'))
		return "a request is an object of JSON in one line";
	if (!take_sign(&p, '}')) {
		do {
			wrong = member(&p, request_out);
			if (wrong)
				return wrong;
		} while (take_sign(&p, ','));
		if (!take_sign(&p, '}'))
			return "an object ends with }";
	}
	skip_space(&p);
	if (p.at != p.end)
		return "behind the object comes the end of the line";
	return request_out->ask ? NULL : "\"ask\" says what is wanted";
}
