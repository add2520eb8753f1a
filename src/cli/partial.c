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
partial_say(const char *path, void *user)
{
	const int64_t *since_s = user;
	char name[PARTIAL_WORD_MAX + 16];
	struct stat info;

	snprintf(name, sizeof(name), "%s.partial", path);
	if (stat(name, &info) == 0 && (int64_t)info.st_mtime >= *since_s)
		leat__cli_say("what was written until then is in %s; %s is "
			      "as it was before",
			name, path);
}

/* Behind the name of the stage: its path is what has no key, or the key path.
 */
static const char *
partial_stage(const char *at, char *word,
	void (*fn)(const char *path, void *user), void *user)
{
	while ((at = partial_word(at, word)) && strcmp(word, "!") != 0) {
		if (strncmp(word, "path=", 5) == 0)
			fn(word + 5, user);
		else if (!strchr(word, '='))
			fn(word, user);
	}
	return at;
}

void
leat__cli_each_path(const struct leat_graph *graph, const char *stage,
	void (*fn)(const char *path, void *user), void *user)
{
	char *text = leat__cli_graph_text(graph, leat_graph_show);
	char word[PARTIAL_WORD_MAX];
	const char *at = text;

	while (at && (at = partial_word(at, word))) {
		if (strcmp(word, stage) == 0)
			at = partial_stage(at, word, fn, user);
	}
	free(text);
}

void
leat__cli_partial(const struct leat_graph *graph, int64_t since_s)
{
	leat__cli_each_path(graph, "write", partial_say, &since_s);
}
