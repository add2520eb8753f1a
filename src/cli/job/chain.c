/*
 * cli/job/chain.c -- what stands below graph: chains of stages, what they go on
 * from and end in, files that are included, replicas.
 *
 *	graph = [entry, ...] or [[entry, ...], ...]: one chain, or several
 *	entry = STAGE | stage, see walk.c
 *	      | {from: NAME} first in a chain | {to: NAME} last in one
 *	      | {include: FILE} | {parallel: {replicas: n..m, graph: [..]}}
 */
#include <stdlib.h>
#include <string.h>

#include "job_yaml.h"

static int walk_chain(struct leat__job_walk *w, struct fy_node *chain);

/* ---- from, to, include, parallel ----------------------------------------- */

static int
walk_reference(struct leat__job_walk *w, struct fy_node_pair *pair)
{
	struct fy_node *node = fy_node_pair_value(pair);
	char *name = leat__job_yaml_value(w, node, "the name of a stage");
	struct leat__job_mark mark;
	bool is_added;

	if (!name)
		return LEAT__CLI_USAGE;
	mark = leat__job_yaml_mark(w, node, name);
	is_added = leat__job_add_name(w->job, name, mark) &&
		leat__job_add(w->job, strchr(name, '.') ? "" : ".");
	free(name);
	return leat__job_memory(is_added);
}

static int
walk_from(struct leat__job_walk *w, struct fy_node_pair *pair)
{
	if (!w->is_open)
		return walk_reference(w, pair);
	leat__job_error(w->job,
		leat__job_yaml_mark(w, fy_node_pair_key(pair), NULL),
		"from: begins a chain, and here stands something before it; "
		"several chains are a list of lists");
	return LEAT__CLI_USAGE;
}

static int
walk_to(struct leat__job_walk *w, struct fy_node_pair *pair)
{
	w->has_ended = true;
	return walk_reference(w, pair);
}

/* Beside the file that includes it. To be freed. */
static char *
include_path(const struct leat__job_walk *w, const char *name)
{
	const char *from = w->job->files[w->file].path;
	const char *slash = strrchr(from, '/');
	size_t n = slash && name[0] != '/' ? (size_t)(slash - from) + 1 : 0;
	char *path = malloc(n + strlen(name) + 1);

	if (path)
		sprintf(path, "%.*s%s", (int)n, from, name);
	return path;
}

static int
walk_included(struct leat__job_walk *w, struct leat__job_mark mark, char *path)
{
	struct leat__job_walk inner = *w;
	char *text = leat__cli_read_text(path);
	struct fy_node *graph;
	int status;

	if (!text) {
		leat__job_error(w->job, mark, "cannot read '%s': %s", path,
			leat__cli_read_why());
		free(path);
		return LEAT__CLI_USAGE;
	}
	inner.depth++;
	status = leat__job_open_graph(&inner, path, text);
	if (status)
		return status;
	graph = fy_node_mapping_lookup_by_string(
		leat__job_root(&inner), "graph", FY_NT);
	status = leat__job_yaml_is(
		&inner, graph, FYNT_SEQUENCE, "graph: of a file");
	if (!status)
		status = walk_chain(&inner, graph);
	w->is_open = inner.is_open;
	w->has_ended = inner.has_ended;
	return status;
}

static int
walk_include(struct leat__job_walk *w, struct fy_node_pair *pair)
{
	struct fy_node *node = fy_node_pair_value(pair);
	struct leat__job_mark mark = leat__job_yaml_mark(w, node, NULL);
	char *name = leat__job_yaml_value(w, node, "the name of a file");
	char *path = name ? include_path(w, name) : NULL;

	free(name);
	if (!path)
		return LEAT__CLI_USAGE;
	if (w->depth < LEAT__JOB_DEPTH_MAX)
		return walk_included(w, mark, path);
	leat__job_error(w->job, mark,
		"files include each other, or to a depth of over %u",
		LEAT__JOB_DEPTH_MAX);
	free(path);
	return LEAT__CLI_USAGE;
}

static int
walk_replicas(struct leat__job_walk *w, struct fy_node *node)
{
	char *value = leat__job_yaml_value(w, node, "replicas");
	bool is_added = value && leat__job_add(w->job, " ") &&
		leat__job_add_name(
			w->job, value, leat__job_yaml_mark(w, node, value));
	int status = value ? leat__job_memory(is_added) : LEAT__CLI_USAGE;

	free(value);
	return status;
}

/* ordered: on | off */
static int
walk_ordered(struct leat__job_walk *w, struct fy_node *node)
{
	static const char *const words[] = {
		"on", "off", "true", "false", "yes", "no", "1", "0"};
	char *value = leat__job_yaml_value(w, node, "ordered");
	size_t k = 0, n = sizeof(words) / sizeof(words[0]);
	int status = value ? 0 : LEAT__CLI_USAGE;

	while (value && k < n && strcmp(value, words[k]) != 0)
		k++;
	if (value && k == n) {
		leat__job_error(w->job, leat__job_yaml_mark(w, node, value),
			"ordered is on or off, and not '%s'", value);
		status = LEAT__CLI_USAGE;
	}
	if (!status && k % 2 == 0)
		status = leat__job_memory(leat__job_add(w->job, " ordered"));
	free(value);
	return status;
}

/* One key of parallel, but graph. */
static int
walk_parallel_key(struct leat__job_walk *w, struct fy_node_pair *pair)
{
	int status;

	if (leat__job_key_is(pair, "replicas"))
		return walk_replicas(w, fy_node_pair_value(pair));
	if (leat__job_key_is(pair, "ordered"))
		return walk_ordered(w, fy_node_pair_value(pair));
	status = leat__job_memory(leat__job_add(w->job, " "));
	return status ? status : leat__job_walk_option(w, pair);
}

static int
walk_parallel_chain(struct leat__job_walk *w, struct fy_node *map)
{
	struct leat__job_walk inner = *w;
	struct fy_node *graph = leat__job_yaml_follow(
		w, fy_node_mapping_lookup_by_string(map, "graph", FY_NT));
	int status = leat__job_yaml_is(
		w, graph ? graph : map, FYNT_SEQUENCE, "graph: of parallel");

	if (!status)
		status = leat__job_memory(leat__job_add(w->job, " { "));
	inner.depth++;
	inner.is_open = false;
	if (!status)
		status = walk_chain(&inner, graph);
	return status ? status : leat__job_memory(leat__job_add(w->job, " }"));
}

static int
walk_parallel(struct leat__job_walk *w, struct fy_node_pair *pair)
{
	struct fy_node *map =
		leat__job_yaml_follow(w, fy_node_pair_value(pair));
	struct fy_node_pair *key;
	void *at = NULL;
	int status = leat__job_yaml_is(w, map, FYNT_MAPPING, "parallel");

	if (!status && w->depth == LEAT__JOB_DEPTH_MAX) {
		leat__job_error(w->job,
			leat__job_yaml_mark(w, fy_node_pair_key(pair), NULL),
			"nested to a depth of over %u", LEAT__JOB_DEPTH_MAX);
		return LEAT__CLI_USAGE;
	}
	if (!status)
		status = leat__job_walk_name(w, fy_node_pair_key(pair));
	while (!status && (key = fy_node_mapping_iterate(map, &at)) != NULL)
		if (!leat__job_key_is(key, "graph"))
			status = walk_parallel_key(w, key);
	return status ? status : walk_parallel_chain(w, map);
}

/* ---- chains -------------------------------------------------------------- */

static int
walk_mapping(struct leat__job_walk *w, struct fy_node *map)
{
	struct fy_node_pair *first = fy_node_mapping_get_by_index(map, 0);

	if (!first) {
		leat__job_error(w->job, leat__job_yaml_mark(w, map, NULL),
			"an empty entry; it is a stage and what it is told");
		return LEAT__CLI_USAGE;
	}
	if (leat__job_key_is(first, "from"))
		return walk_from(w, first);
	if (leat__job_key_is(first, "to"))
		return walk_to(w, first);
	if (leat__job_key_is(first, "parallel"))
		return walk_parallel(w, first);
	return leat__job_walk_stage(w, map);
}

/* An entry but include, which brings its own. */
static int
walk_entry(struct leat__job_walk *w, struct fy_node *node)
{
	int status = 0;

	if (w->has_ended) {
		leat__job_error(w->job, leat__job_yaml_mark(w, node, NULL),
			"to: ends a chain, and nothing may follow; several "
			"chains are a list of lists");
		return LEAT__CLI_USAGE;
	}
	if (w->is_open)
		status = leat__job_memory(leat__job_add(w->job, " ! "));
	if (status)
		return status;
	if (fy_node_is_scalar(node))
		status = leat__job_walk_name(w, node);
	else if (fy_node_is_mapping(node))
		status = walk_mapping(w, node);
	else
		status = leat__job_yaml_is(w, node, FYNT_MAPPING, "an entry");
	w->is_open = true;
	return status;
}

static int
walk_chain(struct leat__job_walk *w, struct fy_node *chain)
{
	void *at = NULL;
	struct fy_node *node;
	int status = 0;

	while (!status &&
		(node = fy_node_sequence_iterate(chain, &at)) != NULL) {
		struct fy_node_pair *first;

		node = leat__job_yaml_follow(w, node);
		if (!node)
			return LEAT__CLI_USAGE;
		first = fy_node_is_mapping(node)
			? fy_node_mapping_get_by_index(node, 0)
			: NULL;
		if (first && leat__job_key_is(first, "include"))
			status = walk_include(w, first);
		else
			status = walk_entry(w, node);
	}
	return status;
}

/* One of several chains, on a line of its own. */
static int
walk_one_of(struct leat__job_walk *w, struct fy_node *chain)
{
	int status;

	chain = leat__job_yaml_follow(w, chain);
	status = leat__job_yaml_is(w, chain, FYNT_SEQUENCE,
		"where graph: is a list of chains, each of them");
	w->is_open = w->has_ended = false;
	if (!status)
		status = walk_chain(w, chain);
	return status ? status : leat__job_memory(leat__job_add(w->job, "\n"));
}

/* Nothing but the last chain may be open: the next would go on with it. */
static int
walk_must_end(const struct leat__job_walk *w, struct fy_node *chain)
{
	const struct leat_stage_ops *ops = leat__cli_find_stage(w->last);

	if (w->has_ended || (ops && leat__cli_n_outs(ops) == 0))
		return 0;
	leat__job_error(w->job, leat__job_yaml_mark(w, chain, NULL),
		"this chain ends in '%s', which is no sink: only the last one "
		"may; end it with - write: FILE, or - to: NAME of a stage",
		w->last);
	return LEAT__CLI_USAGE;
}

int
leat__job_walk_graph(struct leat__job_walk *w, struct fy_node *graph)
{
	struct fy_node *first, *chain;
	void *at = NULL;
	int status;

	graph = leat__job_yaml_follow(w, graph);
	status = leat__job_yaml_is(w, graph, FYNT_SEQUENCE, "graph:");
	if (status)
		return status;
	first = leat__job_yaml_follow(
		w, fy_node_sequence_get_by_index(graph, 0));
	if (!first)
		return LEAT__CLI_USAGE;
	if (!fy_node_is_sequence(first))
		return walk_chain(w, graph);
	for (int n = fy_node_sequence_item_count(graph); !status && n > 0;
		n--) {
		chain = fy_node_sequence_iterate(graph, &at);
		status = walk_one_of(w, chain);
		if (!status && n > 1)
			status = walk_must_end(w, chain);
	}
	return status;
}
