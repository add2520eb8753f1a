/*
 * watch/watchdog.c -- work and no progress, and for how long.
 *
 * For each segment what it had got through at the last look, and since when it
 * has stood still. A segment begins to stand still at the first look that finds
 * it with work and no further than the look before; so what is told is never
 * too long.
 * Threads: one at a time; the graph's own go on.
 */
#include <string.h>

#include "watch/wait.h"

struct watched {
	uint64_t progress;
	int64_t since_ns; /* it stands still; 0 = it does not */
};

struct leat_watchdog {
	struct leat_graph *graph;
	uint32_t longest; /* segment; n_segments = none stands still */
	struct watched segments[];
};

static void
watched_look(struct watched *watched, const struct leat__segment *segment,
	int64_t now_ns)
{
	uint64_t progress = leat__wait_progress(segment);
	struct leat__wait wait;

	leat__wait_of(segment, &wait);
	if (progress != watched->progress ||
		!leat__wait_has_work(segment, &wait))
		watched->since_ns = 0;
	else if (!watched->since_ns)
		watched->since_ns = now_ns;
	watched->progress = progress;
}

static void
dog_find(struct leat_watchdog *dog, int64_t now_ns, struct leat_stall *stall)
{
	const struct leat_graph *graph = dog->graph;
	int64_t since_ns = INT64_MAX;

	dog->longest = graph->n_segments;
	for (uint32_t k = 0; k < graph->n_segments; k++) {
		const struct watched *watched = &dog->segments[k];

		if (!watched->since_ns)
			continue;
		stall->n_stages += graph->segments[k].n_stages;
		if (watched->since_ns >= since_ns)
			continue;
		since_ns = watched->since_ns;
		dog->longest = k;
	}
	if (dog->longest < graph->n_segments)
		stall->ns = (uint64_t)(now_ns - since_ns);
}

void
leat_watchdog_tick(
	struct leat_watchdog *dog, int64_t now_ns, struct leat_stall *stall_out)
{
	const struct leat_graph *graph = dog->graph;
	struct leat__wait wait;

	memset(stall_out, 0, sizeof(*stall_out));
	stall_out->size = (uint32_t)sizeof(*stall_out);
	for (uint32_t k = 0; k < graph->n_segments; k++)
		watched_look(&dog->segments[k], &graph->segments[k], now_ns);
	dog_find(dog, now_ns, stall_out);
	if (dog->longest == graph->n_segments)
		return;
	leat__wait_of(
		leat__wait_root(graph, &graph->segments[dog->longest]), &wait);
	stall_out->stage = wait.stage->number;
}

size_t
leat_watchdog_why(const struct leat_watchdog *dog, char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};

	if (dog->longest == dog->graph->n_segments)
		return leat_graph_why(dog->graph, buf, n_bytes);
	if (n_bytes)
		buf[0] = '\0';
	leat__why(dog->graph, &dog->graph->segments[dog->longest], &text);
	return text.at;
}

int
leat_watchdog_create(struct leat_graph *graph, struct leat_watchdog **dog_out,
	struct leat_error *err)
{
	const struct leat__env *env = graph->env;
	struct leat_watchdog *dog;

	if (!graph->run)
		return leat__error(err, LEAT_ESTATE,
			"watchdog: this graph has not been started");
	dog = env->alloc(env,
		sizeof(*dog) + graph->n_segments * sizeof(dog->segments[0]));
	if (!dog)
		return leat__graph_no_memory(err, "the watchdog");
	dog->graph = graph;
	dog->longest = graph->n_segments;
	*dog_out = dog;
	return LEAT_OK;
}

void
leat_watchdog_destroy(struct leat_watchdog *dog)
{
	if (dog)
		dog->graph->env->free(dog->graph->env, dog);
}
