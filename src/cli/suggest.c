/*
 * cli/suggest.c -- "did you mean": the nearest of some names.
 *
 * Optimal string alignment distance; near is at most a third of the letters,
 * and one for short words.
 */
#include <string.h>

#include "cli.h"

#define SUGGEST_BYTES_MAX 32

static uint32_t
suggest_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
suggest_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	uint32_t row[3][SUGGEST_BYTES_MAX + 1];
	uint32_t *old = row[0], *last = row[1], *next = row[2], *spare;

	for (uint32_t j = 0; j <= n_b; j++)
		last[j] = j;
	memset(old, 0, sizeof(row[0]));
	for (uint32_t i = 1; i <= n_a; i++) {
		next[0] = i;
		for (uint32_t j = 1; j <= n_b; j++) {
			uint32_t is_other = a[i - 1] != b[j - 1];
			uint32_t least =
				suggest_min(last[j] + 1, next[j - 1] + 1);

			least = suggest_min(least, last[j - 1] + is_other);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1])
				least = suggest_min(least, old[j - 2] + 1);
			next[j] = least;
		}
		spare = old;
		old = last;
		last = next;
		next = spare;
	}
	return last[n_b];
}

void
leat__cli_nearest_init(struct leat__cli_nearest *nearest, const char *wanted)
{
	size_t len = strlen(wanted);

	nearest->wanted = wanted;
	nearest->best = NULL;
	nearest->distance = len < 6 ? 2 : (uint32_t)(len / 3) + 1;
}

void
leat__cli_nearest_look(struct leat__cli_nearest *nearest, const char *name)
{
	size_t n_wanted = strlen(nearest->wanted), n_name = strlen(name);
	uint32_t distance;

	if (n_wanted > SUGGEST_BYTES_MAX || n_name > SUGGEST_BYTES_MAX)
		return;
	distance = suggest_distance(nearest->wanted, n_wanted, name, n_name);
	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = name;
	}
}
