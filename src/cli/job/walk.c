/*
 * cli/job/walk.c -- a stage of a job, and what it is told, written down as a
 * graph's text.
 *
 *	stage = {STAGE: values, name: .., on_error: .., guards: [..]}
 *	values = nothing, a value, a list of values, or {option: value, ...}
 */
#include <stdlib.h>
#include <string.h>

#include "job_yaml.h"

bool
leat__job_key_is(struct fy_node_pair *pair, const char *name)
{
	size_t n = 0;
	const char *key = fy_node_get_scalar(fy_node_pair_key(pair), &n);

	return key && n == strlen(name) && !memcmp(key, name, n);
}

/* ---- values -------------------------------------------------------------- */

/* A file of leat test, where this is the stage's path and it has one. */
static char *
walk_swapped(struct leat__job_walk *w, char *value, const char *what)
{
	char *path;

	if (!value || !w->swap ||
		(strcmp(what, "a value") != 0 && strcmp(what, "path") != 0))
		return value;
	path = leat__job_swap_path(w->swap, value);
	free(value);
	leat__job_memory(path != NULL);
	return path;
}

static int
walk_value(struct leat__job_walk *w, struct fy_node *node, const char *what)
{
	char *value =
		walk_swapped(w, leat__job_yaml_value(w, node, what), what);
	bool is_added;

	if (!value)
		return LEAT__CLI_USAGE;
	node = leat__job_yaml_follow(w, node);
	is_added = leat__job_add_value(
		w->job, value, leat__job_yaml_mark(w, node, value));
	free(value);
	return leat__job_memory(is_added);
}

/* Values of a list, joined by commas into one. */
static int
walk_joined(struct leat__job_walk *w, struct fy_node *list, const char *what)
{
	void *at = NULL;
	struct fy_node *node;
	char *all = strdup("");
	bool is_added;

	while (all && (node = fy_node_sequence_iterate(list, &at)) != NULL) {
		char *value = leat__job_yaml_value(w, node, what);
		size_t n = strlen(all);
		char *more = value ? realloc(all, n + strlen(value) + 2) : NULL;

		if (!more) {
			free(value);
			free(all);
			return LEAT__CLI_USAGE;
		}
		all = more;
		sprintf(all + n, "%s%s", n ? "," : "", value);
		free(value);
	}
	is_added = all &&
		leat__job_add_value(
			w->job, all, leat__job_yaml_mark(w, list, NULL));
	free(all);
	return leat__job_memory(is_added);
}

int
leat__job_walk_option(struct leat__job_walk *w, struct fy_node_pair *pair)
{
	struct fy_node *key = fy_node_pair_key(pair);
	struct fy_node *value =
		leat__job_yaml_follow(w, fy_node_pair_value(pair));
	char *name = leat__job_yaml_text(key);
	bool is_added = name &&
		leat__job_add_name(
			w->job, name, leat__job_yaml_mark(w, key, name)) &&
		leat__job_add(w->job, "=");
	int status = leat__job_memory(is_added);

	if (!status && value && fy_node_is_sequence(value))
		status = walk_joined(w, value, name);
	else if (!status)
		status = walk_value(w, value, name);
	free(name);
	return status;
}

static int
walk_list(struct leat__job_walk *w, struct fy_node *list)
{
	void *at = NULL;
	struct fy_node *node;
	int status = 0;

	while (!status &&
		(node = fy_node_sequence_iterate(list, &at)) != NULL) {
		status = leat__job_memory(leat__job_add(w->job, " "));
		if (!status)
			status = walk_value(w, node, "an entry of this list");
	}
	return status;
}

static int
walk_options(struct leat__job_walk *w, struct fy_node *map, const char *comma)
{
	void *at = NULL;
	struct fy_node_pair *pair;
	int status = 0;
	bool is_first = true;

	while (!status && (pair = fy_node_mapping_iterate(map, &at)) != NULL) {
		if (!is_first || *comma == ' ')
			status = leat__job_memory(leat__job_add(w->job, comma));
		is_first = false;
		if (!status)
			status = leat__job_walk_option(w, pair);
	}
	return status;
}

static int
walk_values(struct leat__job_walk *w, struct fy_node *node)
{
	struct fy_node *to = leat__job_yaml_follow(w, node);
	int status;

	if (node && !to)
		return LEAT__CLI_USAGE;
	node = to;
	if (leat__job_yaml_is_null(node))
		return 0;
	if (fy_node_is_mapping(node))
		return walk_options(w, node, " ");
	if (fy_node_is_sequence(node))
		return walk_list(w, node);
	status = leat__job_memory(leat__job_add(w->job, " "));
	return status ? status : walk_value(w, node, "a value");
}

/* ---- guards -------------------------------------------------------------- */

static int
walk_guard_name(struct leat__job_walk *w, struct fy_node *node)
{
	char *name = leat__job_yaml_text(node);
	bool is_added = name &&
		leat__job_add(w->job, name[0] == '@' ? "" : "@") &&
		leat__job_add_name(
			w->job, name, leat__job_yaml_mark(w, node, name));

	free(name);
	return leat__job_memory(is_added);
}

static int
walk_guard_options(struct leat__job_walk *w, struct fy_node *node)
{
	int status = leat__job_memory(leat__job_add(w->job, "("));

	if (!status && fy_node_is_mapping(node))
		status = walk_options(w, node, ", ");
	else if (!status)
		status = walk_value(w, node, "what a guard is told");
	return status ? status : leat__job_memory(leat__job_add(w->job, ")"));
}

/* NAME, or {NAME: value} or {NAME: {option: value}} */
static int
walk_guard(struct leat__job_walk *w, struct fy_node *node)
{
	struct fy_node_pair *pair;
	struct fy_node *value;
	int status;

	if (fy_node_is_scalar(node)) {
		status = walk_guard_name(w, node);
	} else {
		status = leat__job_yaml_is(w, node, FYNT_MAPPING, "a guard");
		pair = status ? NULL : fy_node_mapping_get_by_index(node, 0);
		if (!pair)
			return status ? status : LEAT__CLI_USAGE;
		status = walk_guard_name(w, fy_node_pair_key(pair));
		value = leat__job_yaml_follow(w, fy_node_pair_value(pair));
		if (!status && !leat__job_yaml_is_null(value))
			status = walk_guard_options(w, value);
	}
	return status ? status : leat__job_memory(leat__job_add(w->job, " "));
}

static int
walk_guards(struct leat__job_walk *w, struct fy_node *list)
{
	void *at = NULL;
	struct fy_node *node;
	int status;

	list = leat__job_yaml_follow(w, list);
	status = leat__job_yaml_is(w, list, FYNT_SEQUENCE, "guards");
	while (!status && (node = fy_node_sequence_iterate(list, &at)) != NULL)
		status = walk_guard(w, leat__job_yaml_follow(w, node));
	return status;
}

/* ---- stages -------------------------------------------------------------- */

int
leat__job_walk_name(struct leat__job_walk *w, struct fy_node *node)
{
	char *name = leat__job_yaml_text(node);
	struct leat__job_mark mark = leat__job_yaml_mark(w, node, name);
	int status = leat__job_memory(name != NULL);

	if (!status && (!*name || strpbrk(name, " !\"#{}\t\n@="))) {
		leat__job_error(w->job, mark,
			"'%s' is no stage; an entry is a stage and what it is "
			"told, like - where: delay > 60",
			name);
		status = LEAT__CLI_USAGE;
	}
	if (!status)
		status = leat__job_memory(
			leat__job_add_name(w->job, name, mark));
	if (!status)
		snprintf(w->last, sizeof(w->last), "%s", name);
	free(name);
	return status;
}

/* What may stand beside a stage, and is no option of its own. */
static bool
is_beside(struct fy_node_pair *pair)
{
	static const char *const names[] = {
		"name", "on_error", "priority", "dead_letters"};

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (leat__job_key_is(pair, names[k]))
			return true;
	return false;
}

static int
walk_beside(struct leat__job_walk *w, struct fy_node *map)
{
	struct fy_node_pair *pair;
	int status = 0;

	for (int k = 1; !status; k++) {
		pair = fy_node_mapping_get_by_index(map, k);
		if (!pair)
			break;
		if (leat__job_key_is(pair, "guards"))
			continue;
		if (!is_beside(pair)) {
			leat__job_error(w->job,
				leat__job_yaml_mark(
					w, fy_node_pair_key(pair), NULL),
				"beside a stage may stand name, on_error, "
				"priority, dead_letters and guards; its "
				"options stand below it, one more to the "
				"right, and the next stage has a - of its own");
			return LEAT__CLI_USAGE;
		}
		status = leat__job_memory(leat__job_add(w->job, " "));
		if (!status)
			status = leat__job_walk_option(w, pair);
	}
	return status;
}

static struct leat__cli_swap *
walk_swap(struct leat__job_walk *w, struct fy_node *map)
{
	char *name = leat__job_yaml_get(map, "name");
	struct leat__cli_swap *swap =
		leat__job_swap_find(w->job, w->last, name);

	free(name);
	return swap;
}

int
leat__job_walk_stage(struct leat__job_walk *w, struct fy_node *map)
{
	struct fy_node_pair *first = fy_node_mapping_get_by_index(map, 0);
	struct fy_node *guards =
		fy_node_mapping_lookup_by_string(map, "guards", FY_NT);
	int status = 0;

	if (guards && !leat__job_key_is(first, "guards"))
		status = walk_guards(w, guards);
	if (!status)
		status = leat__job_walk_name(w, fy_node_pair_key(first));
	if (status)
		return status;
	w->swap = walk_swap(w, map);
	status = walk_values(w, fy_node_pair_value(first));
	w->swap = NULL;
	return status ? status : walk_beside(w, map);
}
