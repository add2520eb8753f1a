/*
 * cli/explain.h -- paths of a graph, with all that is known of their stages.
 */
#ifndef LEAT_SRC_CLI_EXPLAIN_H
#define LEAT_SRC_CLI_EXPLAIN_H

#include <leat/path.h>

#include "cli.h"

struct leat__cli_path {
	struct leat_path path;
	struct leat_path_stage *stages; /* path.n_stages of them */
};

struct leat__cli_paths {
	struct leat__cli_path *paths;
	uint32_t n;
};

/* explain_json.c: to stdout. */
void leat__cli_explain_json(
	const struct leat__cli_paths *paths, const struct leat_graph *graph);

static inline const struct leat_path_stage *
leat__cli_path_source(const struct leat__cli_path *p)
{
	return &p->stages[0];
}

static inline const struct leat_path_stage *
leat__cli_path_sink(const struct leat__cli_path *p)
{
	return &p->stages[p->path.n_stages - 1];
}

#endif
