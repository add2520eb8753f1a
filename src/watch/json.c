/*
 * watch/json.c -- JSON, written piece by piece.
 *
 * Keeps: whatever is put in between an open and its close, the result is one
 * value by RFC 8259.
 * Threads: one for each writer.
 */
#include <stdio.h>
#include <string.h>

#include "watch/json.h"

#define JSON_WORD_BYTES 64u
#define JSON_REAL_MAX   9e15 /* beyond it three digits are of no worth */

void
leat__json_init(struct leat__json *j, leat_write_fn write, void *user)
{
	j->write = write;
	j->user = user;
	j->has_before = false;
	j->n = 0;
}

void
leat__json_end(struct leat__json *j)
{
	if (j->n)
		j->write(j->user, j->buf, j->n);
	j->n = 0;
}

static void
json_put(struct leat__json *j, const char *text, size_t n_bytes)
{
	while (n_bytes) {
		size_t n = leat__min_u64(n_bytes, sizeof(j->buf) - j->n);

		memcpy(j->buf + j->n, text, n);
		j->n += n;
		text += n;
		n_bytes -= n;
		if (j->n == sizeof(j->buf))
			leat__json_end(j);
	}
}

static void
json_word(struct leat__json *j, const char *word)
{
	json_put(j, word, strlen(word));
}

static void
json_string(struct leat__json *j, const void *text, size_t n_bytes)
{
	const uint8_t *s = text, *end = s + n_bytes;
	char word[8];

	json_put(j, "\"", 1);
	while (s < end) {
		size_t n = leat__utf8_bytes(s, (size_t)(end - s));
		size_t n_word = leat__json_escape(*s, word);

		if (!n)
			json_word(j, "\\ufffd");
		else if (n_word)
			json_put(j, word, n_word);
		else
			json_put(j, (const char *)s, n);
		s += n ? n : 1;
	}
	json_put(j, "\"", 1);
}

/* What stands before a value. */
static void
json_begin(struct leat__json *j, const char *key)
{
	if (j->has_before)
		json_put(j, ",", 1);
	j->has_before = true;
	if (!key)
		return;
	json_string(j, key, strlen(key));
	json_put(j, ":", 1);
}

void
leat__json_open(struct leat__json *j, const char *key, char bracket)
{
	json_begin(j, key);
	json_put(j, &bracket, 1);
	j->has_before = false;
}

void
leat__json_close(struct leat__json *j, char bracket)
{
	json_put(j, &bracket, 1);
	j->has_before = true;
}

void
leat__json_text(struct leat__json *j, const char *key, const char *value)
{
	leat__json_bytes(j, key, value, value ? strlen(value) : 0);
}

void
leat__json_bytes(struct leat__json *j, const char *key, const void *value,
	size_t n_bytes)
{
	json_begin(j, key);
	if (value)
		json_string(j, value, n_bytes);
	else
		json_word(j, "null");
}

void
leat__json_number(struct leat__json *j, const char *key, uint64_t value)
{
	char word[JSON_WORD_BYTES];

	json_begin(j, key);
	snprintf(word, sizeof(word), "%llu", (unsigned long long)value);
	json_word(j, word);
}

void
leat__json_real(struct leat__json *j, const char *key, double value)
{
	char word[JSON_WORD_BYTES];
	bool is_told = value > -JSON_REAL_MAX && value < JSON_REAL_MAX;

	json_begin(j, key);
	snprintf(word, sizeof(word), "%.3f", is_told ? value : 0);
	json_word(j, word);
}

void
leat__json_bool(struct leat__json *j, const char *key, bool value)
{
	json_begin(j, key);
	json_word(j, value ? "true" : "false");
}

void
leat__json_raw(
	struct leat__json *j, const char *key, const char *text, size_t n_bytes)
{
	json_begin(j, key);
	json_put(j, text, n_bytes);
}
