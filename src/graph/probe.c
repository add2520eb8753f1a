/*
 * graph/probe.c -- would the stages of a checked graph find what they are to
 * open? Each looks by its probe; nothing is opened for good.
 *
 * Threads: the one that builds the graph, or another in its place.
 */
#include "graph/graph.h"
#include <leat/io.h>

static int
probe_letters(struct leat_stage *st)
{
	const char *path = leat__stage_dead_path(st);

	return path ? leat_file_probe(st, path) : LEAT_OK;
}

int
leat_graph_probe(
	struct leat_graph *graph, uint32_t stage, struct leat_error *err)
{
	struct leat_stage *st;
	int rc;

	if (graph->state != LEAT__GRAPH_CHECKED)
		return leat__error(err, LEAT_ESTATE,
			"a graph is probed after its check and before its "
			"start");
	if (stage >= graph->n_stages)
		return leat__error(err, LEAT_EINVAL,
			"there is no stage %u; accepted: 0 to %u", stage,
			graph->n_stages - 1);
	st = graph->stages[stage];
	rc = st->ops.probe ? st->ops.probe(st) : LEAT_OK;
	if (rc == LEAT_OK)
		rc = probe_letters(st);
	if (rc)
		leat__stage_error(st, err);
	return rc;
}
