/*
 * cli/resize.c -- tell when the number of replicas at work has changed, and
 * why: a line each on stderr, as words or, with --progress=json, as JSON.
 */
#include "cli.h"

#define RESIZE_AT_ONCE 16u

static void
resize_words(const struct leat_resize *r)
{
	char rate[32], mean[32];

	leat__cli_count((uint64_t)r->rate, rate, sizeof(rate));
	leat__cli_count((uint64_t)r->mean_rate, mean, sizeof(mean));
	leat__cli_say("%s: %u -> %u replicas: %s (queue %.0f %% full, %s "
		      "rows/s, mean %s; p99 of the age %.3g ms, mean %.3g)",
		r->stage, r->n_before, r->n_after, leat_resize_text(r->why),
		r->queue * 100, rate, mean, r->p99_ns / 1e6,
		r->mean_p99_ns / 1e6);
}

static void
resize_json(const struct leat_resize *r, int64_t start_ns)
{
	fprintf(stderr,
		"{\"seconds\":%.3f,\"resize\":\"%s\",\"from\":%u,\"to\":%u,"
		"\"why\":\"%s\",\"queue\":%.3f,\"rate\":%.1f,"
		"\"mean_rate\":%.1f,\"p99_ns\":%.0f,\"mean_p99_ns\":%.0f}\n",
		(double)(r->at_ns - start_ns) / 1e9, r->stage, r->n_before,
		r->n_after, leat_resize_text(r->why), r->queue, r->rate,
		r->mean_rate, r->p99_ns, r->mean_p99_ns);
}

void
leat__cli_resize_tell(
	struct leat__cli_progress_state *p, const struct leat_graph *graph)
{
	struct leat_resize all[RESIZE_AT_ONCE];
	uint32_t n;

	while ((n = leat_graph_resizes(
			graph, p->last_resize, all, RESIZE_AT_ONCE)) > 0) {
		leat__cli_progress_clear(p);
		for (uint32_t k = 0; k < n; k++)
			if (p->kind == LEAT__CLI_PROGRESS_JSON)
				resize_json(&all[k], p->start_ns);
			else
				resize_words(&all[k]);
		p->last_resize = all[n - 1].number;
	}
}
