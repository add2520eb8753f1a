/*
 * graph/fallback.c -- one more out of a stage, for frames that its hooks send
 * elsewhere.
 *
 * It carries what the stage gets, whole; so its shape and its cargo are those
 * of the stage's in. Credit for it is reserved before the stage is called, as
 * for any other, so that handing a frame over cannot fail.
 * Keeps: it stands behind the stage's own outs, and is there as long as a hook
 * may want it or something is linked to it.
 * Threads: the one that builds the graph.
 */
#include "graph/graph.h"

struct leat_end
leat_stage_fallback(struct leat_stage *stage)
{
	return stage->has_fallback ? leat_out(stage, stage->n_outs - 1)
				   : leat_out(NULL, 0);
}

/* Frames of one in, that it is called with when all its outs have credit. */
static bool
fallback_can_be(const struct leat_stage *st)
{
	return st->ops.n_ins == 1 && st->ops.n_outs != LEAT_ENDS_ANY &&
		!(st->ops.flags & (LEAT_STAGE_CHOOSES | LEAT_STAGE_GATHERS));
}

static int
fallback_add(struct leat_stage *st, struct leat_error *err)
{
	if (leat__graph_is_open(st->graph, NULL) < 0)
		return leat__error(err, LEAT_EINVAL,
			"a hook at stage '%s' sends frames elsewhere, and the "
			"stage has no out for them; it is given one before the "
			"graph is started",
			st->name);
	if (!fallback_can_be(st))
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' can have no fallback; accepted: a stage "
			"with one in, and outs whose number is fixed",
			st->name);
	if (leat__stage_add_out(st) < 0)
		return leat__graph_no_memory(err, "a fallback");
	st->has_fallback = true;
	return LEAT_OK;
}

int
leat__fallback_make(
	struct leat_stage *st, bool is_wanted, struct leat_error *err)
{
	if (is_wanted && !st->has_fallback)
		return fallback_add(st, err);
	if (!is_wanted && st->has_fallback && !st->outs[st->n_outs - 1] &&
		leat__graph_is_open(st->graph, NULL) == LEAT_OK) {
		st->has_fallback = false;
		st->n_outs--;
	}
	return LEAT_OK;
}

int
leat__fallback_check(const struct leat_stage *st, struct leat_error *err)
{
	if (!st->has_fallback)
		return LEAT_OK;
	if (st->parallel)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' is in parallel { }, and its fallback would "
			"be one of each replica; accepted: a fallback of a "
			"stage outside",
			st->name);
	if (!st->outs[st->n_outs - 1])
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"the fallback of stage '%s' leads nowhere; begin a "
			"chain at it, like: %s.%u ! write spare.csv",
			st->name, st->name, st->n_outs - 1);
	return LEAT_OK;
}
