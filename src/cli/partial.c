/*
 * cli/partial.c -- where the output of a drained run stands.
 *
 * A sink keeps what it has as PATH.partial. Which paths there are is read from
 * the graph's full text, which has one form only; whether the file is of this
 * run, from its time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

#define PARTIAL_WORD_MAX 4096

/* Take the next word, without its quotes; NULL at the end. A ! alone is a
 * word too. */
static const char *
partial_word(const char *at, char *word)
{
	size_t len = 0;
	bool is_quoted = false;

	at += strspn(at, " \t\n");
	if (!*at)
		return NULL;
	for (; *at && (is_quoted || !strchr(" \t\n", *at)); at++) {
		if (*at == '"') {
			is_quoted = !is_quoted;
			continue;
		}
		if (is_quoted && *at == '\\' && at[1])
			at++;
		if (len < PARTIAL_WORD_MAX - 1)
			word[len++] = *at;
	}
	word[len] = '\0';
	return at;
}

static void
partial_say(const char *path, int64_t since_s)
{
	char name[PARTIAL_WORD_MAX + 16];
	struct stat info;

	snprintf(name, sizeof(name), "%s.partial", path);
	if (stat(name, &info) == 0 && (int64_t)info.st_mtime >= since_s)
		leat__cli_say("what was written until then is in %s; %s is "
			      "as it was before",
			name, path);
}

/* After the word `write`: its path is what has no key, or the key path. */
static const char *
partial_sink(const char *at, char *word, int64_t since_s)
{
	while ((at = partial_word(at, word)) && strcmp(word, "!") != 0) {
		if (strncmp(word, "path=", 5) == 0)
			partial_say(word + 5, since_s);
		else if (!strchr(word, '='))
			partial_say(word, since_s);
	}
	return at;
}

void
leat__cli_partial(const struct leat_graph *graph, int64_t since_s)
{
	char *text = leat__cli_graph_text(graph, leat_graph_show);
	char word[PARTIAL_WORD_MAX];
	const char *at = text;

	while (at && (at = partial_word(at, word))) {
		if (strcmp(word, "write") == 0)
			at = partial_sink(at, word, since_s);
	}
	free(text);
}
