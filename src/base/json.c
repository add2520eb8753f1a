/*
 * base/json.c -- a string of JSON, decoded where it stands.
 *
 * Keeps: what comes out is never longer than what was there, and its end has
 * room for a NUL.
 * Threads: any.
 */
#include <string.h>

#include "base/json.h"

int
leat__hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits; -1: they are not there. */
static int32_t
parse_unit(struct leat__json_at *p)
{
	int32_t value = 0;

	if (p->end - p->at < 4)
		return -1;
	for (int k = 0; k < 4; k++) {
		int digit = leat__hex_digit(*p->at++);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static char *
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* Behind \u. NULL: it is no character. */
static char *
parse_character(struct leat__json_at *p, char *to)
{
	int32_t unit = parse_unit(p), low;

	if (unit < 0 || (unit >= 0xdc00 && unit < 0xe000))
		return NULL;
	if (unit < 0xd800 || unit >= 0xe000)
		return put_utf8(to, (uint32_t)unit);
	if (p->end - p->at < 6 || *p->at++ != '\\' || *p->at++ != 'u')
		return NULL;
	low = parse_unit(p);
	if (low < 0xdc00 || low >= 0xe000)
		return NULL;
	return put_utf8(to,
		0x10000u + ((uint32_t)(unit - 0xd800) << 10) +
			(uint32_t)(low - 0xdc00));
}

/* Behind a backslash. */
static char *
parse_escape(struct leat__json_at *p, char *to)
{
	static const char from[] = "\"\\/bfnrt";
	static const char what[] = "\"\\/\b\f\n\r\t";
	const char *known;

	if (p->at == p->end)
		return NULL;
	if (*p->at == 'u') {
		p->at++;
		return parse_character(p, to);
	}
	known = memchr(from, *p->at++, sizeof(from) - 1);
	if (!known)
		return NULL;
	*to++ = what[known - from];
	return to;
}

bool
leat__json_take(struct leat__json_at *p, char **text_out, size_t *n_out)
{
	char *to;

	if (p->at == p->end || *p->at++ != '"')
		return false;
	to = *text_out = p->at;
	while (p->at < p->end && *p->at != '"') {
		if (*p->at != '\\') {
			*to++ = *p->at++;
			continue;
		}
		p->at++;
		to = parse_escape(p, to);
		if (!to)
			return false;
	}
	if (p->at == p->end)
		return false;
	p->at++;
	*to = '\0';
	*n_out = (size_t)(to - *text_out);
	return true;
}
