/*
 * run/settle.c -- a run that is over: what is left is counted, the result kept.
 *
 * Keeps: of a run that was not broken, what nobody took was read by who did not
 * want it, and filtered; so its books balance. A broken one's need not.
 * Threads: one, when all others have gone.
 */
#include "base/atomic.h"
#include "run/dead.h"
#include "run/region.h"

/* What replicas emitted and nobody took. */
static uint64_t
run_drain_region(const struct leat__link *link)
{
	struct leat__task *task = link->from->task;

	return task->region ? leat__region_drain(task->region) : 0;
}

/* What is left in channels was sent to receivers that wanted no more. */
static void
run_settle_channels(struct leat__run *run)
{
	struct leat_graph *graph = run->graph;

	for (uint32_t k = 0; k < graph->n_links; k++) {
		struct leat__link *link = graph->links[k];

		if (link->is_fused)
			continue;
		leat__bump(&link->refused_items, leat__chan_drain(&link->chan));
		leat__bump(&link->refused_items, run_drain_region(link));
		if (run->is_broken)
			continue;
		leat__bump(&link->to->counters.in_items, link->refused_items);
		leat_stage_count(
			link->to, LEAT_COUNT_FILTERED, link->refused_items);
	}
}

/* A stage that was cut short filtered what it still held. */
static void
run_settle_cut(struct leat__run *run)
{
	for (uint32_t k = 0; k < run->graph->n_stages; k++) {
		struct leat_stage *st = run->graph->stages[k];
		struct leat_stage_stats stats;
		int64_t held;

		if (!leat__load_relaxed(&st->is_cut) || run->is_broken ||
			leat_stage_stats(run->graph, k, &stats) < 0)
			continue;
		held = leat_stage_balance(&stats);
		if (held > 0)
			leat_stage_count(
				st, LEAT_COUNT_FILTERED, (uint64_t)held);
	}
}

/* Of a run that failed dead letters are wanted no less: what went wrong with
 * them is told behind the cause. */
static void
run_sync_late(struct leat_graph *graph)
{
	struct leat_error late = {0};
	int rc = leat__dead_sync_all(graph, &late);

	if (rc >= 0 || rc == LEAT_ECANCELED)
		return;
	late.time_ns = graph->env->wall_ns(graph->env);
	leat__errors_add(graph, &late);
}

static void
run_settle_cause(struct leat__run *run)
{
	struct leat_graph *graph = run->graph;

	if (run->is_broken)
		run_sync_late(graph);
	if (!run->is_broken)
		run->result = leat__dead_sync_all(graph, &run->cause);
	else if (run->is_own_cause)
		run->result = run->cause.code;
	else
		run->result = leat_ctx_cause(graph->ctx, &run->cause);
	if (run->result < 0)
		leat__errors_lead(graph, &run->cause);
}

void
leat__run_settle(struct leat__run *run)
{
	run_settle_channels(run);
	run_settle_cut(run);
	run_settle_cause(run);
}
