/*
 * graph/replica.c -- further instances of stages that several workers run.
 *
 * An instance has its own state, side memory, ends of the ledger and task; the
 * options, the name and the links are the original's. Every instance is inited
 * and negotiates as the original did.
 * Keeps: an instance that was inited has its fini called once.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "graph/live.h"

/* What it emits for a frame must depend on that frame alone; it is called for
 * nothing else but its end. */
bool
leat__stage_can_replicate(const struct leat_stage *st)
{
	return (st->ops.flags & LEAT_STAGE_STATELESS) &&
		!(st->ops.flags &
			(LEAT_STAGE_BLOCKING | LEAT_STAGE_CHOOSES |
				LEAT_STAGE_GATHERS)) &&
		st->n_ins == 1 && st->n_outs == 1 && !st->has_fallback &&
		!st->is_alone && !st->ops.flush && !st->needs.holds;
}

void
leat__stage_fini(struct leat_stage *st)
{
	if (st->is_inited && st->ops.fini)
		st->ops.fini(st);
	st->is_inited = false;
}

/* ---- one instance ------------------------------------------------------- */

static void
replica_free(struct leat_stage *st)
{
	struct leat_graph *graph = st->graph;

	leat__stage_fini(st);
	leat__live_drop(st);
	leat__account_fini(&st->account);
	leat__graph_own_free(graph, st->state);
	leat__graph_own_free(graph, st->n_emitted);
	leat__graph_own_free(graph, st);
}

static struct leat_stage *
replica_alloc(struct leat_stage *original)
{
	struct leat_graph *graph = original->graph;
	struct leat_stage *st = leat__graph_own_alloc(graph, sizeof(*st));

	if (!st)
		return NULL;
	*st = *original;
	st->original = original;
	st->is_inited = false;
	memset(&st->error, 0, sizeof(st->error));
	memset(&st->counters, 0, sizeof(st->counters));
	leat__account_init(&st->account, graph->arena, 0);
	st->state = original->state
		? leat__graph_own_alloc(graph, st->ops.state_bytes)
		: NULL;
	st->n_emitted = leat__graph_own_alloc(
		graph, st->n_outs * sizeof(*st->n_emitted));
	if (st->n_emitted && (st->state || !original->state))
		return st;
	replica_free(st);
	return NULL;
}

static bool
needs_are_equal(const struct leat_needs *a, const struct leat_needs *b)
{
	return a->frame_bytes == b->frame_bytes && a->max_out == b->max_out &&
		a->holds == b->holds && a->side_bytes == b->side_bytes;
}

static int
replica_make(struct leat_stage *original, struct leat_stage **st_out,
	struct leat_error *err)
{
	struct leat_stage *st = replica_alloc(original);

	if (!st)
		return leat__graph_no_memory(err, "a replica");
	*st_out = st;
	LEAT_TRY(leat__check_instance(st, err));
	if (!needs_are_equal(&st->needs, &original->needs))
		return leat__stage_finding(st, err, LEAT_EBUG,
			"stage '%s' does not always need the same, so it "
			"cannot be replicated; its needs may depend on options "
			"and input only",
			st->name);
	st->account.cap_bytes = st->needs.side_bytes -
		leat__min_u64(st->shared_bytes, st->needs.side_bytes);
	return LEAT_OK;
}

/* ---- all of a stage ----------------------------------------------------- */

static int
stage_replicate(struct leat_stage *st, uint32_t n, struct leat_error *err)
{
	st->replicas = leat__graph_own_alloc(
		st->graph, n * sizeof(struct leat_stage *));
	if (!st->replicas)
		return leat__graph_no_memory(err, "replicas");
	for (uint32_t k = 0; k + 1 < n; k++)
		LEAT_TRY(replica_make(st, &st->replicas[k], err));
	return LEAT_OK;
}

static void
stage_drop_replicas(struct leat_stage *st)
{
	uint32_t n = leat__stage_n_instances(st);

	for (uint32_t k = 0; st->replicas && k + 1 < n; k++)
		if (st->replicas[k])
			replica_free(st->replicas[k]);
	leat__graph_own_free(st->graph, st->replicas);
	st->replicas = NULL;
	st->segment = NULL; /* the plan is gone with them */
}

int
leat__replicas_make(struct leat_graph *graph, struct leat_error *err)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];
		uint32_t n = leat__stage_n_instances(st);

		if (n > 1)
			LEAT_TRY(stage_replicate(st, n, err));
	}
	return LEAT_OK;
}

void
leat__replicas_drop(struct leat_graph *graph)
{
	for (uint32_t k = 0; k < graph->n_stages; k++)
		stage_drop_replicas(graph->stages[k]);
}
