/*
 * graph/suggest.c -- "did you mean": the nearest of several words.
 *
 * Near is: one change in a word of up to three letters, two in a longer one.
 * Threads: any; no state but the caller's.
 */
#include "graph/graph.h"

struct leat__suggest
leat__suggest_for(const char *word, size_t n_bytes)
{
	struct leat__suggest suggest = {.word = word,
		.n_bytes = n_bytes,
		.distance = n_bytes <= 3 ? 2 : 3};

	return suggest;
}

void
leat__suggest_look(
	struct leat__suggest *suggest, const char *candidate, size_t n_bytes)
{
	uint32_t distance = leat__edit_distance(
		suggest->word, suggest->n_bytes, candidate, n_bytes);

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
