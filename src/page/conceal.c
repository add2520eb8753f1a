/*
 * page/conceal.c -- what of options is not shown.
 *
 * The whole value where an option's name says that it is a secret; of a URL the
 * password before its @; and what the application knows of.
 * Keeps: a text only gets shorter, or has room for three stars.
 */
#include <ctype.h>
#include <string.h>

#include "page/page.h"

#define CONCEAL_STARS "***"

static bool
name_has(const char *name, const char *word)
{
	for (; *name; name++) {
		size_t k = 0;

		while (word[k] && tolower((unsigned char)name[k]) == word[k])
			k++;
		if (!word[k])
			return true;
	}
	return false;
}

static bool
name_is_secret(const char *name)
{
	static const char *const words[] = {"password", "passwd", "secret",
		"token", "credential", "apikey", "api_key"};

	for (size_t k = 0; name && k < leat__array_len(words); k++)
		if (name_has(name, words[k]))
			return true;
	return false;
}

/* In "://user:password@" of a text with n bytes of room. */
static void
conceal_url(char *text, size_t n)
{
	char *at = text;

	while ((at = strstr(at, "://"))) {
		char *end, *colon;

		at += 3;
		end = at + strcspn(at, "/?# \t\"");
		while (end > at && *end != '@')
			end--;
		colon = memchr(at, ':', (size_t)(end - at));
		if (*end != '@' || !colon ||
			strlen(text) + strlen(CONCEAL_STARS) >= n)
			continue;
		memmove(colon + 1 + strlen(CONCEAL_STARS), end,
			strlen(end) + 1);
		memcpy(colon + 1, CONCEAL_STARS, strlen(CONCEAL_STARS));
	}
}

void
leat__page_conceal(
	const struct leat__page *p, const char *name, char *text, size_t n)
{
	if (*text && n > strlen(CONCEAL_STARS) && name_is_secret(name)) {
		memcpy(text, CONCEAL_STARS, sizeof(CONCEAL_STARS));
		return;
	}
	if (p->opts->conceal)
		p->opts->conceal(p->opts->user, text, n);
	conceal_url(text, n);
}
