/*
 * graph/suggest.c -- "did you mean": the nearest of several words.
 *
 * Near is: one change in a word of up to three letters, two in a longer one.
 * Nearest of all is the same in other cases, or with its parts the other way
 * round: parse.csv.
 * Threads: any; no state but the caller's.
 */
#include <string.h>
#include <strings.h>

#include "graph/graph.h"

struct leat__suggest
leat__suggest_for(const char *word, size_t n_bytes)
{
	struct leat__suggest suggest = {.word = word,
		.n_bytes = n_bytes,
		.distance = n_bytes <= 3 ? 2 : 3};

	return suggest;
}

static bool
suggest_is_turned(
	const struct leat__suggest *suggest, const char *candidate, size_t n)
{
	const char *dot = memchr(suggest->word, '.', suggest->n_bytes);
	size_t n_first = dot ? (size_t)(dot - suggest->word) : 0;
	size_t n_last = n - n_first - 1;

	return dot && n == suggest->n_bytes && candidate[n_last] == '.' &&
		!memcmp(candidate, dot + 1, n_last) &&
		!memcmp(candidate + n_last + 1, suggest->word, n_first);
}

static uint32_t
suggest_distance(
	const struct leat__suggest *suggest, const char *candidate, size_t n)
{
	if (n && n == suggest->n_bytes &&
		!strncasecmp(candidate, suggest->word, n))
		return 0;
	if (suggest_is_turned(suggest, candidate, n))
		return 0;
	return leat__edit_distance(
		suggest->word, suggest->n_bytes, candidate, n);
}

void
leat__suggest_look(
	struct leat__suggest *suggest, const char *candidate, size_t n_bytes)
{
	uint32_t distance = suggest_distance(suggest, candidate, n_bytes);

	if (distance >= suggest->distance || distance >= n_bytes)
		return;
	suggest->distance = distance;
	suggest->best = candidate;
	suggest->n_best = n_bytes;
}

void
leat__suggest_add(const struct leat__suggest *suggest, struct leat__text *text)
{
	if (suggest->best)
		leat__text_add(text, " (did you mean '%.*s'?)",
			(int)suggest->n_best, suggest->best);
}
