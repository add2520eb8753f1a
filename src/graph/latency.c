/*
 * graph/latency.c -- where durations are kept: memory that the plan counts.
 *
 * One histogram a stage for its calls, whatever the number of its replicas,
 * and one more for a sink. Like all that the graph itself needs they are part
 * of the bound.
 * Threads: the one that builds the graph.
 */
#include "graph/graph.h"

static int
histogram_make(struct leat_graph *graph, struct leat__histogram **h)
{
	if (!*h)
		*h = leat__graph_own_alloc(graph, sizeof(**h));
	return *h ? LEAT_OK : LEAT_ENOMEM;
}

int
leat__latency_make(struct leat_graph *graph, struct leat_error *err)
{
	if (graph->opts.flags & LEAT_GRAPH_NO_LATENCY)
		return LEAT_OK;
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		if (histogram_make(graph, &st->called) < 0 ||
			(st->n_outs == 0 &&
				histogram_make(graph, &st->arrived) < 0))
			return leat__graph_no_memory(
				err, "the latencies of stages");
	}
	return LEAT_OK;
}
