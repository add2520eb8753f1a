/*
 * run/leaks.c -- what the stages of a graph have not given back at its end.
 *
 * Keeps nothing: it counts what is still there once all threads are joined and
 * all stages are closed. What does not fit into the text is counted in it.
 * Threads: any, after the end.
 */
#include "base/atomic.h"
#include "run/run.h"
#include <leat/leaks.h>

#define LEAKS_STAGES 4u /* named */

static void
leaks_add(struct leat__text *text, int rc, const struct leat_error *err)
{
	if (rc < 0)
		leat__text_add(
			text, "%s%.200s", text->at ? "; " : "", err->text);
}

/* "2 files not closed by read; 1 by write" */
static void
leaks_of_files(const struct leat_graph *graph, struct leat__text *text)
{
	uint32_t n_stages = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];
		uint32_t n = leat__load_relaxed(&st->n_files);

		if (n && n_stages++ < LEAKS_STAGES)
			leat__text_add(text, "%s%u %s not closed by '%s'",
				text->at ? "; " : "", n,
				n == 1 ? "file" : "files",
				leat__stage_name(st));
	}
	if (n_stages > LEAKS_STAGES)
		leat__text_add(text, " and by %u more stages",
			n_stages - LEAKS_STAGES);
}

int
leat_graph_leaks(const struct leat_graph *graph, struct leat_error *err)
{
	char buf[LEAT_ERROR_TEXT_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};
	struct leat_error one;

	if (!leat_graph_is_over(graph))
		return leat__error(err, LEAT_ESTATE,
			"leaks: this graph has not come to its end");
	if (graph->run->pool)
		leaks_add(&text, leat_pool_leaks(graph->run->pool, &one), &one);
	leaks_of_files(graph, &text);
	leaks_add(&text, leat_ctx_leaks(graph->ctx, &one), &one);
	if (text.at == 0)
		return LEAT_OK;
	return leat__error(err, LEAT_EBUG, "%s", buf);
}
