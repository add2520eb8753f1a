/*
 * cli/plain.c -- texts of other processes, made fit for a terminal.
 *
 * Keeps: nothing that comes out steers a terminal (C0, DEL, C1), or is more
 * columns than were asked for: a character beyond ASCII counts as two, so that
 * wide ones fit, too.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

bool
leat__cli_has_utf8(void)
{
	const char *locale = getenv("LC_ALL");

	if (!locale || !*locale)
		locale = getenv("LC_CTYPE");
	if (!locale || !*locale)
		locale = getenv("LANG");
	return locale &&
		(strstr(locale, "UTF-8") || strstr(locale, "utf8") ||
			strstr(locale, "utf-8") || strstr(locale, "UTF8"));
}

/* Bytes of the character at s; 0 = it is none, or steers. */
static uint32_t
plain_bytes(const char *s)
{
	const uint8_t *at = (const uint8_t *)s;
	uint32_t n = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;

	if (*at < 0x20 || *at == 0x7f || strlen(s) < n ||
		(at[0] == 0xc2 && at[1] < 0xa0))
		return 0;
	return leat_json_utf8((struct leat_text){at, n}) == n ? n : 0;
}

const char *
leat__cli_plain(const char *text, uint32_t n_columns, bool has_utf8, char *buf,
	size_t n_bytes, uint32_t *n_out)
{
	uint32_t n_taken = 0;
	size_t at = 0;

	while (*text && at + 5 < n_bytes) {
		uint32_t n = plain_bytes(text);
		bool is_shown = n == 1 || (n > 1 && has_utf8);
		uint32_t columns = is_shown && n > 1 ? 2 : 1;

		if (n_taken + columns > n_columns)
			break;
		if (is_shown)
			memcpy(buf + at, text, n);
		else
			buf[at] = '?';
		at += is_shown ? n : 1;
		n_taken += columns;
		text += n ? n : 1;
	}
	buf[at] = '\0';
	if (n_out)
		*n_out = n_taken;
	return buf;
}
