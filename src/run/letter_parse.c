/*
 * run/letter_parse.c -- a line of JSON as a dead letter.
 *
 * One flat object. Texts are decoded where they stand: what comes out is never
 * longer than what was there, and its end has room for a NUL. Keys that are not
 * known are passed over; so a later version may add some.
 * Threads: any.
 */
#include <string.h>

#include "base/json.h"
#include "run/letter.h"

/* In its place; false: those are no pairs of digits. */
static bool
hex_decode(char *text, size_t *n_io)
{
	size_t n = *n_io / 2;

	for (size_t k = 0; k < n; k++) {
		int high = leat__hex_digit(text[2 * k]);
		int low = leat__hex_digit(text[2 * k + 1]);

		if (high < 0 || low < 0)
			return false;
		text[k] = (char)(high * 16 + low);
	}
	if (*n_io % 2)
		return false;
	text[n] = '\0';
	*n_io = n;
	return true;
}

/* ---- fields ------------------------------------------------------------- */

static bool
parse_is(struct leat__json_at *p, char c)
{
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

static bool
parse_number(struct leat__json_at *p, uint64_t *out)
{
	const char *from = p->at;

	for (*out = 0; p->at < p->end && *p->at >= '0' && *p->at <= '9';)
		*out = *out * 10 + (uint64_t)(*p->at++ - '0');
	return p->at > from;
}

static bool
parse_word(struct leat__json_at *p, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
		return false;
	p->at += n;
	return true;
}

static const char **
letter_text(struct leat_letter *letter, const char *key)
{
	const struct {
		const char *key;
		const char **text;
	} texts[] = {{"id", &letter->id}, {"stage", &letter->stage},
		{"code", &letter->code}, {"class", &letter->class_name},
		{"reason", &letter->reason}, {"file", &letter->origin},
		{"head", &letter->head}, {"trace", &letter->trace}};

	for (size_t k = 0; k < leat__array_len(texts); k++)
		if (!strcmp(texts[k].key, key))
			return texts[k].text;
	return NULL;
}

static bool
field_text(struct leat__json_at *p, struct leat_letter *letter, char *key,
	size_t n_key)
{
	const char **to;
	char *text;
	size_t n;

	if (!leat__json_take(p, &text, &n))
		return false;
	if (n_key > 4 && !strcmp(key + n_key - 4, "_hex")) {
		key[n_key - 4] = '\0';
		if (!hex_decode(text, &n))
			return false;
	}
	if (!strcmp(key, "record")) {
		letter->data = text;
		letter->n_bytes = n;
		return true;
	}
	if (!strcmp(key, "time"))
		return leat_letter_time_parse(text, n, &letter->time_ns);
	to = letter_text(letter, key);
	if (to)
		*to = text;
	return true;
}

static bool
field_number(struct leat__json_at *p, struct leat_letter *letter,
	const char *key, uint64_t *version)
{
	const struct {
		const char *key;
		uint64_t *number;
	} numbers[] = {{"v", version}, {"attempts", &letter->n_attempts},
		{"line", &letter->line}, {"column", &letter->column},
		{"offset", &letter->offset}, {"records", &letter->n_records}};
	uint64_t value;

	if (!parse_number(p, &value))
		return false;
	for (size_t k = 0; k < leat__array_len(numbers); k++)
		if (!strcmp(numbers[k].key, key))
			*numbers[k].number = value;
	return true;
}

static bool
field(struct leat__json_at *p, struct leat_letter *letter, uint64_t *version)
{
	char *key;
	size_t n;

	if (!leat__json_take(p, &key, &n) || !parse_is(p, ':') ||
		p->at == p->end)
		return false;
	if (*p->at == '"')
		return field_text(p, letter, key, n);
	if (parse_word(p, "true")) {
		if (!strcmp(key, "values"))
			letter->flags |= LEAT_LETTER_VALUES;
		return true;
	}
	return parse_word(p, "false") || parse_word(p, "null") ||
		field_number(p, letter, key, version);
}

bool
leat__letter_parse(char *line, size_t n_bytes, struct leat_letter *letter)
{
	struct leat__json_at p = {line, line + n_bytes};
	uint64_t version = 0;

	*letter = (struct leat_letter){.n_records = 1};
	if (!parse_is(&p, '{'))
		return false;
	do {
		if (!field(&p, letter, &version))
			return false;
	} while (parse_is(&p, ','));
	return parse_is(&p, '}') && p.at == p.end &&
		version == LEAT_LETTER_VERSION && letter->id;
}
