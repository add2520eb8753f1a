/*
 * graph/dead.c -- where a stage's dead letters go.
 *
 * Keeps: a stage whose records become dead letters has a path, its own or the
 * graph's; the memory of every store is in the plan's bound.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "graph/graph.h"
#include <leat/dead.h>

#define DEAD_HEAD_BYTES 512 /* of a store, with its path */

/* ---- stores ------------------------------------------------------------- */

static char
letter_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
path_ends_in(const char *path, const char *suffix, size_t n)
{
	size_t n_path = strlen(path);

	for (size_t k = 0; n < n_path && k < n; k++)
		if (letter_lower(path[n_path - n + k]) !=
			letter_lower(suffix[k]))
			return false;
	return n < n_path;
}

static bool
ops_take(const struct leat_dead_ops *ops, const char *path)
{
	const char *suffix = ops->suffixes ? ops->suffixes : "";

	if (!*suffix)
		return true;
	while (*suffix) {
		size_t n = strcspn(suffix, "|");

		if (path_ends_in(path, suffix, n))
			return true;
		suffix += n + (suffix[n] == '|');
	}
	return false;
}

const struct leat_dead_ops *
leat__dead_ops_for(const struct leat_stage_set *set, const char *path)
{
	const struct leat_dead_ops *const *at = set->dead_stores;

	for (; at && *at; at++)
		if (ops_take(*at, path))
			return *at;
	return &leat_dead_lines_ops;
}

/* ---- stages ------------------------------------------------------------- */

bool
leat__stage_can_reject(const struct leat_stage *st)
{
	uint32_t flags = LEAT_STAGE_REJECTS;

	/* a source has no frame that could be tried in halves */
	if (!st->ops.produce)
		flags |= LEAT_STAGE_REPEATS;
	return st->ops.flags & flags;
}

const char *
leat__stage_dead_path(const struct leat_stage *st)
{
	if (st->on_error != LEAT_ON_ERROR_DEAD_LETTER)
		return NULL;
	return st->dead_path ? st->dead_path : st->graph->dead_path;
}

static int
on_error_check(struct leat_stage *st, uint32_t how, uint64_t max,
	struct leat_error *err)
{
	LEAT_TRY(leat__graph_is_open(st->graph, err));
	if (how > LEAT_ON_ERROR_DEAD_LETTER ||
		(max && how != LEAT_ON_ERROR_SKIP))
		return leat__error(err, LEAT_EINVAL,
			"on_error is %u, with a limit of %llu; accepted: stop, "
			"skip, dead letter; a limit for skip",
			how, (unsigned long long)max);
	if (!leat__stage_can_reject(st))
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' rejects no records; on_error is for "
			"parsers, for stages that read values, and for those "
			"that can be called again",
			st->name ? st->name : st->ops.name);
	return LEAT_OK;
}

int
leat_stage_set_on_error(struct leat_stage *stage, uint32_t how, uint64_t max,
	struct leat_error *err)
{
	LEAT_TRY(on_error_check(stage, how, max, err));
	stage->on_error = how;
	stage->max_rejects = max;
	stage->has_on_error = true;
	return LEAT_OK;
}

int
leat_stage_set_dead_letters(
	struct leat_stage *stage, const char *path, struct leat_error *err)
{
	char *copy = NULL;

	LEAT_TRY(on_error_check(stage, LEAT_ON_ERROR_DEAD_LETTER, 0, err));
	if (path && !*path)
		return leat__error(err, LEAT_EINVAL,
			"dead_letters is empty; accepted: the path of a file");
	if (path) {
		copy = leat__graph_own_text(stage->graph, path, strlen(path));
		if (!copy)
			return leat__graph_no_memory(err, "a path");
	}
	stage->dead_path = copy;
	return LEAT_OK;
}

static int
dead_check_stage(struct leat_stage *st, struct leat_error *err)
{
	if (st->dead_path && !st->has_on_error)
		st->on_error = LEAT_ON_ERROR_DEAD_LETTER;
	if (st->dead_path && st->on_error != LEAT_ON_ERROR_DEAD_LETTER)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' has dead_letters, and another on_error; "
			"accepted with it: on_error=dead-letter",
			st->name);
	if (st->on_error == LEAT_ON_ERROR_DEAD_LETTER &&
		!leat__stage_dead_path(st))
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"there is no file for dead letters; say which: "
			"--dead-letters=FILE, dead_letters=FILE at the stage, "
			"or dead_letters of the graph's options");
	return LEAT_OK;
}

int
leat__dead_check(struct leat_graph *graph, struct leat_error *err)
{
	for (uint32_t k = 0; k < graph->n_stages; k++)
		LEAT_TRY(dead_check_stage(graph->stages[k], err));
	return LEAT_OK;
}

/* ---- memory ------------------------------------------------------------- */

/* Is it the first stage with this path? */
static bool
dead_is_first(const struct leat_graph *graph, uint32_t k, const char *path)
{
	for (uint32_t i = 0; i < k; i++) {
		const char *other = leat__stage_dead_path(graph->stages[i]);

		if (other && !strcmp(other, path))
			return false;
	}
	return true;
}

uint64_t
leat__dead_bytes(const struct leat_graph *graph)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const char *path = leat__stage_dead_path(graph->stages[k]);
		const struct leat_dead_ops *ops;

		if (!path || !dead_is_first(graph, k, path))
			continue;
		ops = leat__dead_ops_for(graph->opts.stages, path);
		n += DEAD_HEAD_BYTES + strlen(path) + ops->state_bytes +
			ops->memory_bytes;
	}
	return n;
}
