/*
 * base/text.c -- text into a buffer of fixed size, and how alike two names are.
 *
 * Keeps: buf is NUL-terminated whenever n_bytes > 0; at counts what would
 * have been written had there been room, as snprintf does.
 * Source: optimal string alignment, the restricted form of Damerau 1964.
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define TEXT_DISTANCE_MAX 4u
#define TEXT_NAME_MAX     64u

void
leat__text_add(struct leat__text *t, const char *format, ...)
{
	size_t at = t->at < t->n_bytes ? t->at : t->n_bytes;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(
		t->n_bytes ? t->buf + at : NULL, t->n_bytes - at, format, args);
	va_end(args);
	if (n > 0)
		t->at += (size_t)n;
}

size_t
leat__json_escape(uint8_t c, char word[8])
{
	static const char digits[] = "0123456789abcdef";
	bool is_short = c == '"' || c == '\\' || c == '\n';

	if (!is_short && c >= 0x20 && c != 0x7f)
		return 0;
	word[0] = '\\';
	word[1] = c == '\n' ? 'n' : (char)c;
	if (is_short)
		return 2;
	memcpy(word + 1, "u00", 3);
	word[4] = digits[c >> 4];
	word[5] = digits[c & 15];
	return 6;
}

void
leat__text_add_json(struct leat__text *t, const char *string)
{
	const uint8_t *s = (const uint8_t *)string, *end = s + strlen(string);
	char word[8];

	leat__text_add(t, "\"");
	while (s < end) {
		size_t n = leat__utf8_bytes(s, (size_t)(end - s));
		size_t n_word = leat__json_escape(*s, word);

		if (!n)
			leat__text_add(t, "\\ufffd");
		else if (n_word)
			leat__text_add(t, "%.*s", (int)n_word, word);
		else
			leat__text_add(t, "%.*s", (int)n, (const char *)s);
		s += n ? n : 1;
	}
	leat__text_add(t, "\"");
}

struct text_rows {
	uint8_t before[TEXT_NAME_MAX + 1]; /* two rows up */
	uint8_t above[TEXT_NAME_MAX + 1];
	uint8_t row[TEXT_NAME_MAX + 1];
};

static uint8_t
text_least(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return (uint8_t)(least < c ? least : c);
}

/* One row of the table: what a[0..i] costs to become each b[0..j]. */
static void
text_fill_row(
	struct text_rows *r, const char *a, size_t i, const char *b, size_t n_b)
{
	r->row[0] = (uint8_t)(i + 1);
	for (size_t j = 0; j < n_b; j++) {
		unsigned differs = a[i] != b[j];
		bool is_swapped =
			i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];

		r->row[j + 1] = text_least(r->row[j] + 1u, r->above[j + 1] + 1u,
			r->above[j] + differs);
		if (is_swapped && r->before[j - 1] + 1u < r->row[j + 1])
			r->row[j + 1] = (uint8_t)(r->before[j - 1] + 1u);
	}
	memcpy(r->before, r->above, sizeof(r->above));
	memcpy(r->above, r->row, sizeof(r->row));
}

uint32_t
leat__edit_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	struct text_rows r = {{0}, {0}, {0}};

	/* What both begin or end with costs nothing. */
	while (n_a > 0 && n_b > 0 && *a == *b)
		a++, b++, n_a--, n_b--;
	while (n_a > 0 && n_b > 0 && a[n_a - 1] == b[n_b - 1])
		n_a--, n_b--;
	if (n_a > TEXT_NAME_MAX || n_b > TEXT_NAME_MAX)
		return TEXT_DISTANCE_MAX;
	for (size_t j = 0; j <= n_b; j++)
		r.above[j] = (uint8_t)j;
	for (size_t i = 0; i < n_a; i++)
		text_fill_row(&r, a, i, b, n_b);
	return (uint32_t)leat__min_u64(r.above[n_b], TEXT_DISTANCE_MAX);
}

size_t
leat__utf8_bytes(const uint8_t *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1
		: s[0] < 0xc2    ? 0
		: s[0] < 0xe0    ? 2
		: s[0] < 0xf0    ? 3
		: s[0] < 0xf5    ? 4
				 : 0;

	if (len > n)
		return 0;
	for (size_t k = 1; k < len; k++)
		if ((s[k] & 0xc0) != 0x80)
			return 0;
	/* too long, a surrogate, or beyond the last character */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

bool
leat__utf8_is_text(const uint8_t *s, size_t n)
{
	size_t len;

	for (; n; s += len, n -= len) {
		len = leat__utf8_bytes(s, n);
		if (!len)
			return false;
	}
	return true;
}
