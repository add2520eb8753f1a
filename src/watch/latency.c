/*
 * watch/latency.c -- quantiles of durations that a graph counts while it runs.
 *
 * Keeps nothing: each answer is of a copy on the stack.
 * Threads: any.
 */
#include <string.h>

#include "watch/latency.h"

static const struct leat__histogram *
stage_histogram(const struct leat_stage *st, uint32_t what)
{
	return what == LEAT_LATENCY_CALL ? st->called : st->arrived;
}

static int
latency_check(const struct leat_graph *graph, uint32_t stage, uint32_t what)
{
	if (what > LEAT_LATENCY_ARRIVAL ||
		(stage >= graph->n_stages && stage != LEAT_LATENCY_ALL))
		return LEAT_EINVAL;
	if (graph->opts.flags & LEAT_GRAPH_NO_LATENCY)
		return LEAT_ENOTSUP;
	if (stage == LEAT_LATENCY_ALL)
		return LEAT_OK;
	return stage_histogram(graph->stages[stage], what) ? LEAT_OK
							   : LEAT_EINVAL;
}

int
leat__latency_sum(const struct leat_graph *graph, uint32_t stage, uint32_t what,
	struct leat__histogram *sum_out)
{
	memset(sum_out, 0, sizeof(*sum_out));
	LEAT_TRY(latency_check(graph, stage, what));
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat__histogram *h =
			stage_histogram(graph->stages[k], what);

		if (h && (stage == k || stage == LEAT_LATENCY_ALL))
			leat__histogram_merge(sum_out, h);
	}
	return LEAT_OK;
}

int
leat_latency_read(const struct leat_graph *graph, uint32_t stage, uint32_t what,
	struct leat_latency *latency_out)
{
	struct leat__histogram h;

	memset(latency_out, 0, sizeof(*latency_out));
	LEAT_TRY(leat__latency_sum(graph, stage, what, &h));
	*latency_out =
		(struct leat_latency){.size = (uint32_t)sizeof(*latency_out),
			.n = leat__histogram_count(&h),
			.sum_ns = h.sum_ns,
			.longest_ns = h.max_ns,
			.p50_ns = leat__histogram_quantile(&h, 0.5),
			.p90_ns = leat__histogram_quantile(&h, 0.9),
			.p99_ns = leat__histogram_quantile(&h, 0.99),
			.p999_ns = leat__histogram_quantile(&h, 0.999),
			.p9999_ns = leat__histogram_quantile(&h, 0.9999)};
	return LEAT_OK;
}

int
leat_latency_each(const struct leat_graph *graph, uint32_t stage, uint32_t what,
	leat_latency_fn fn, void *user)
{
	struct leat__histogram h;

	LEAT_TRY(leat__latency_sum(graph, stage, what, &h));
	for (uint32_t k = 0; k < LEAT__HISTOGRAM_BUCKETS; k++)
		if (h.counts[k])
			fn(user, leat__histogram_low_ns(k),
				leat__histogram_high_ns(k), h.counts[k]);
	return LEAT_OK;
}
