/*
 * graph/priority.c -- what is to be run first: stages' priorities.
 *
 * A segment is run as one, so it has one priority: the first of those that its
 * stages were given; where none was given any, LEAT_PRIORITY_NORMAL.
 * Keeps: only what a worker runs has one; what waits in the system has a
 * thread of its own, which the system schedules.
 * Threads: the one that builds the graph; reading any, after the check.
 */
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"

static const struct {
	const char *name;
	uint32_t priority;
} priority_names[] = {{"high", LEAT_PRIORITY_HIGH},
	{"normal", LEAT_PRIORITY_NORMAL}, {"low", LEAT_PRIORITY_LOW}};

static bool
word_is(const char *word, size_t n_bytes, const char *name)
{
	return strlen(name) == n_bytes && !memcmp(word, name, n_bytes);
}

bool
leat__priority_parse(const char *word, size_t n_bytes, uint32_t *priority_out)
{
	for (uint32_t k = 0; k < leat__array_len(priority_names); k++) {
		if (!word_is(word, n_bytes, priority_names[k].name))
			continue;
		*priority_out = priority_names[k].priority;
		return true;
	}
	*priority_out = (uint32_t)((uint8_t)*word - '0');
	return n_bytes == 1 && *priority_out < LEAT_PRIORITIES;
}

const char *
leat__priority_text(uint32_t priority, char buf[8])
{
	for (uint32_t k = 0; k < leat__array_len(priority_names); k++)
		if (priority_names[k].priority == priority)
			return priority_names[k].name;
	snprintf(buf, 8, "%u", priority % LEAT_PRIORITIES);
	return buf;
}

int
leat__priority_check(
	const struct leat_stage *st, uint32_t priority, struct leat_error *err)
{
	if (priority >= LEAT_PRIORITIES)
		return leat__error(err, LEAT_EINVAL,
			"the priority of stage '%s' is %u; accepted: 0 (first) "
			"to %u",
			st->name ? st->name : st->ops.name, priority,
			LEAT_PRIORITIES - 1);
	if (st->ops.flags & LEAT_STAGE_BLOCKING)
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' has a thread of its own; a priority is for "
			"stages that share the workers",
			st->name ? st->name : st->ops.name);
	return LEAT_OK;
}

int
leat_stage_set_priority(
	struct leat_stage *stage, uint32_t priority, struct leat_error *err)
{
	LEAT_TRY(leat__graph_is_open(stage->graph, err));
	LEAT_TRY(leat__priority_check(stage, priority, err));
	stage->priority = priority;
	stage->has_priority = true;
	return LEAT_OK;
}

uint32_t
leat__segment_priority(const struct leat__segment *segment)
{
	uint32_t first = LEAT_PRIORITIES;

	for (uint32_t k = 0; k < segment->n_stages; k++)
		if (segment->stages[k]->has_priority)
			first = (uint32_t)leat__min_u64(
				first, segment->stages[k]->priority);
	return first < LEAT_PRIORITIES ? first : LEAT_PRIORITY_NORMAL;
}

uint32_t
leat__priorities_used(const struct leat_graph *graph)
{
	uint32_t used = 0;

	for (uint32_t k = 0; k < graph->n_segments; k++)
		if (!graph->segments[k].is_blocking)
			used |= 1u
				<< leat__segment_priority(&graph->segments[k]);
	return used;
}

/* Four times as much for a step from low to normal and from there to high. */
uint32_t
leat__priority_weight(const struct leat_graph *graph, uint32_t priority)
{
	uint32_t weight = graph->opts.weights[priority];

	return weight ? weight : 1u << (LEAT_PRIORITIES - 1 - priority);
}
