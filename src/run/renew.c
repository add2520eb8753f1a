/*
 * run/renew.c -- another instance takes the place of a stage, while nothing is
 * on its way: with other options, or of another stage (graph/place.c).
 *
 * The struct of the stage stays, for all point to it; what it is made of is
 * exchanged. So init, negotiate and open of the new one are those of any start,
 * and when one of them fails the old one is put back.
 * Keeps: what others have made of the stage's shape and needs holds, down to
 * the schema that they point to; that of the first one is kept until the end,
 * with what else it had. Memory is in the bound before it is taken.
 * Threads: the one that holds the run (pause.c).
 */
#include <string.h>

#include <leat/stages.h>

#include "base/atomic.h"
#include "run/renew.h"
#include "run/run.h"

/* ---- exchange ------------------------------------------------------------ */

#define SWAP(a, b)                                                             \
	do {                                                                   \
		__typeof__(a) kept = (a);                                      \
		(a) = (b);                                                     \
		(b) = kept;                                                    \
	} while (0)

/* What counts its bytes is read by whoever looks on. */
static void
account_swap(struct leat__account *a, struct leat__account *b)
{
	struct leat__account was = *a;

	SWAP(a->arena, b->arena);
	SWAP(a->cap_bytes, b->cap_bytes);
	SWAP(a->list, b->list);
	leat__store_relaxed(&a->used_bytes, b->used_bytes);
	leat__store_relaxed(&a->high_bytes, b->high_bytes);
	b->used_bytes = was.used_bytes;
	b->high_bytes = was.high_bytes;
}

static void
guts_swap(struct leat_stage *st, struct leat__guts *guts)
{
	char *name = st->name;

	leat__opts_lock(st->graph);
	SWAP(st->opts, guts->opts);
	SWAP(st->held_opts, guts->held_opts);
	SWAP(st->ops, guts->ops);
	SWAP(st->n_options, guts->n_options);
	SWAP(st->option_places, guts->option_places);
	/* release: pairs with the acquire in leat__stage_name */
	leat__store_release(&st->name, guts->name);
	leat__opts_unlock(st->graph);
	leat__graph_revise(st->graph);
	guts->name = name;
	SWAP(st->place, guts->place);
	SWAP(st->on_error, guts->on_error);
	SWAP(st->max_rejects, guts->max_rejects);
	SWAP(st->is_maker, guts->is_maker);
	SWAP(st->is_passer, guts->is_passer);
	SWAP(st->is_restoring, guts->is_restoring);
	SWAP(st->state, guts->state);
	SWAP(st->live_opts, guts->live_opts);
	account_swap(&st->account, &guts->account);
	SWAP(st->needs, guts->needs);
	SWAP(st->in_shape, guts->in_shape);
	SWAP(st->out_shape, guts->out_shape);
	SWAP(st->before_schema, guts->before);
	SWAP(st->shared_bytes, guts->shared_bytes);
	SWAP(st->is_inited, guts->is_inited);
}

/* Its instance is at an end: as any fini, over what it is made of. */
static void
guts_fini(struct leat_stage *st, struct leat__guts *guts)
{
	if (guts->is_inited) {
		guts_swap(st, guts);
		leat__stage_fini(st);
		guts_swap(st, guts);
	}
	leat__opts_let_go(guts->held_opts);
	leat__opts_let_go(guts->live_opts);
	leat__account_fini(&guts->account);
	leat__graph_own_free(st->graph, guts->state);
	memset(guts, 0, sizeof(*guts));
}

/* The same stage as there is. */
static void
guts_be_same(struct leat__guts *guts, const struct leat_stage *st)
{
	guts->ops = st->ops;
	guts->n_options = st->n_options;
	guts->option_places = st->option_places;
	guts->name = st->name;
	guts->place = st->place;
	guts->on_error = st->on_error;
	guts->max_rejects = st->max_rejects;
}

/* Another one. It stands nowhere in the text of this graph. */
static int
guts_be_other(struct leat__guts *guts, const struct leat__newcomer *newcomer,
	struct leat_error *err)
{
	const struct leat_stage *like = newcomer->like;

	guts->name = newcomer->name;
	guts->ops = like ? like->ops : leat_pass_ops;
	guts->n_options = like ? like->n_options : 0;
	guts->on_error = like ? like->on_error : LEAT_ON_ERROR_STOP;
	guts->max_rejects = like ? like->max_rejects : 0;
	return like ? LEAT_OK : leat__ops_check(&guts->ops, err);
}

static int
guts_make(struct leat__guts *guts, struct leat_stage *st,
	const struct leat__newcomer *newcomer, struct leat__opts *opts,
	struct leat_error *err)
{
	leat__account_init(&guts->account, st->graph->arena, 0);
	if (newcomer)
		LEAT_TRY(guts_be_other(guts, newcomer, err));
	else
		guts_be_same(guts, st);
	if (opts) {
		leat__add_relaxed(&opts->n_refs, 1u);
		guts->held_opts = opts;
		guts->opts = opts->bytes;
	}
	if (guts->ops.state_bytes)
		guts->state =
			leat__graph_own_alloc(st->graph, guts->ops.state_bytes);
	return guts->state || !guts->ops.state_bytes
		? LEAT_OK
		: leat__graph_no_memory(err, "a stage");
}

/* ---- what others go by --------------------------------------------------- */

static int
renewal_fit_columns(const struct leat__renewal *renewal,
	const struct leat_shape *old, struct leat_error *err)
{
	const struct leat_stage *st = renewal->st;
	const struct leat_shape *is = &st->out_shape;

	if (is->layout != LEAT_LAYOUT_TABLE || renewal->is_keeping)
		return LEAT_OK;
	if (!is->schema)
		return leat__stage_finding(st, err, LEAT_ENOTSUP,
			"the columns of stage '%s' are known only when data "
			"comes, so it cannot be seen whether they stay the "
			"same; drain the graph and start it anew",
			st->name);
	/* the very same: see leat_stage_same_schema() */
	if (is->schema == old->schema)
		return LEAT_OK;
	return leat__stage_finding(st, err, LEAT_EINVAL,
		"other columns would come out of stage '%s', and the stages "
		"behind it go by those that there were; accepted: the same "
		"names and types",
		st->name);
}

static int
renewal_fit(const struct leat__renewal *renewal, const struct leat__guts *old,
	struct leat_error *err)
{
	const struct leat_stage *st = renewal->st;
	const struct leat_shape *is = &st->out_shape, *was = &old->out_shape;

	if (renewal->is_exchanged)
		LEAT_TRY(leat__place_fit(renewal->st, err));
	else if (is->layout != was->layout ||
		is->item_bytes != was->item_bytes ||
		is->frame_bytes != was->frame_bytes ||
		is->base_bytes != was->base_bytes ||
		st->needs.frame_bytes != old->needs.frame_bytes ||
		st->needs.max_out != old->needs.max_out ||
		st->needs.holds != old->needs.holds)
		return leat__stage_finding(st, err, LEAT_ENOTSUP,
			"with these options stage '%s' makes other frames, and "
			"the plan was made for those that it makes; drain the "
			"graph and start it anew",
			st->name);
	return renewal_fit_columns(renewal, was, err);
}

/* Old and new ones are there together, for a moment or for good. */
static int
renewal_fit_memory(const struct leat__renewal *renewal, struct leat_error *err)
{
	struct leat_stage *st = renewal->st;
	const struct leat_graph *graph = st->graph;
	uint64_t limit = graph->opts.memory_bytes;
	uint64_t n = leat_graph_bound_bytes(graph) + leat__stage_side_bytes(st);
	char most[32], least[32];

	if (!limit || n <= limit)
		return LEAT_OK;
	return leat__stage_finding(st, err, LEAT_ELIMIT,
		"to change stage '%s' needs up to %s of memory in all; the "
		"limit is %s",
		st->name, leat__size_text(n, most),
		leat__size_text(limit, least));
}

/* ---- one stage ----------------------------------------------------------- */

static int
renewal_make(struct leat__renewal *renewal, struct leat_stage *st,
	const struct leat__newcomer *newcomer, struct leat__opts *opts,
	struct leat_error *err)
{
	const struct leat__env *env = st->graph->env;
	uint32_t n = leat__stage_n_instances(st);
	struct leat__retired *others =
		env->alloc(env, sizeof(*others) + n * sizeof(others->guts[0]));
	int rc = LEAT_OK;

	*renewal = (struct leat__renewal){
		.st = st, .is_exchanged = newcomer, .others = others};
	if (!others)
		return leat__graph_no_memory(err, "a stage");
	others->st = st;
	others->n = n;
	for (uint32_t k = 0; rc == LEAT_OK && k < n; k++)
		rc = guts_make(&others->guts[k], st, newcomer, opts, err);
	if (rc < 0)
		leat__renewal_drop(renewal);
	return rc;
}

int
leat__renewal_make(struct leat__renewal *renewal, struct leat_stage *st,
	struct leat__opts *opts, bool is_keeping, struct leat_error *err)
{
	LEAT_TRY(renewal_make(renewal, st, NULL, opts, err));
	renewal->is_keeping = is_keeping;
	return LEAT_OK;
}

int
leat__renewal_make_other(struct leat__renewal *renewal, struct leat_stage *st,
	const struct leat__newcomer *newcomer, struct leat__opts *opts,
	struct leat_error *err)
{
	LEAT_TRY(leat__place_plan(st, err));
	LEAT_TRY(renewal_make(renewal, st, newcomer, opts, err));
	renewal->is_keeping = leat__place_keeps_columns(st) &&
		(!newcomer->like || leat__place_keeps_columns(newcomer->like));
	return LEAT_OK;
}

/* The columns that stages behind this instance go by, if they are its own or
 * of one before it. */
static const struct leat_schema *
guts_emitted(const struct leat_stage *st)
{
	if (st->before_schema)
		return st->before_schema;
	return st->out_shape.layout == LEAT_LAYOUT_TABLE &&
			st->out_shape.schema != st->in_shape.schema
		? st->out_shape.schema
		: NULL;
}

static int
instance_enter(struct leat__renewal *renewal, struct leat_stage *st,
	struct leat__guts *guts, struct leat_error *err)
{
	uint64_t shared;
	int rc;

	guts->before = guts_emitted(st);
	guts_swap(st, guts);
	renewal->n_new++;
	st->is_renewing = true;
	rc = leat__check_instance(st, err);
	if (rc == LEAT_OK && st == st->original)
		rc = renewal_fit(renewal, guts, err);
	if (rc == LEAT_OK && st == st->original)
		rc = renewal_fit_memory(renewal, err);
	if (rc == LEAT_OK)
		rc = leat__stage_open(st, err);
	st->is_renewing = false;
	shared = st == st->original ? 0 : st->shared_bytes;
	st->account.cap_bytes = st->needs.side_bytes -
		leat__min_u64(shared, st->needs.side_bytes);
	return rc;
}

int
leat__renewal_enter(struct leat__renewal *renewal, struct leat_error *err)
{
	struct leat_stage *st = renewal->st;
	int rc = LEAT_OK;

	for (uint32_t k = 0; rc == LEAT_OK && k < renewal->others->n; k++)
		rc = instance_enter(renewal, leat__stage_instance(st, k),
			&renewal->others->guts[k], err);
	if (rc < 0)
		leat__renewal_undo(renewal);
	return rc;
}

void
leat__renewal_undo(struct leat__renewal *renewal)
{
	while (renewal->n_new) {
		uint32_t k = --renewal->n_new;

		guts_swap(leat__stage_instance(renewal->st, k),
			&renewal->others->guts[k]);
	}
}

/* ---- what there was before ----------------------------------------------- */

/* Others may point to columns that are its own. */
static bool
others_are_pointed_to(const struct leat__retired *others)
{
	const struct leat__guts *old = &others->guts[0];

	return old->out_shape.layout == LEAT_LAYOUT_TABLE && !old->before &&
		old->out_shape.schema &&
		old->out_shape.schema != old->in_shape.schema;
}

static void
others_free(struct leat__retired *others)
{
	const struct leat__env *env = others->st->graph->env;

	for (uint32_t k = others->n; k-- > 0;)
		guts_fini(
			leat__stage_instance(others->st, k), &others->guts[k]);
	env->free(env, others);
}

/* Bytes of all instances, as leat__stage_side_bytes(). */
static uint64_t
others_side_bytes(const struct leat__retired *others)
{
	const struct leat__guts *first = &others->guts[0];
	uint64_t shared =
		leat__min_u64(first->shared_bytes, first->needs.side_bytes);

	return (first->needs.side_bytes - shared) * others->n + shared;
}

static uint64_t
others_used_bytes(const struct leat__retired *others)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < others->n; k++)
		n += others->guts[k].account.used_bytes;
	return n;
}

/* The plan's bound is that of the graph as it is now. */
static void
bound_move(struct leat_graph *graph, uint64_t less, uint64_t more)
{
	leat__store_relaxed(
		&graph->bound_bytes, graph->bound_bytes - less + more);
}

/* Options that the one before was given, and had not taken yet, are not for
 * this one: it may be of another kind. */
static void
instance_forget(struct leat_stage *st)
{
	leat__opts_let_go(
		leat__swap_acq_rel(&st->next_opts, (struct leat__opts *)NULL));
}

void
leat__renewal_settle(struct leat__renewal *renewal)
{
	struct leat__retired *others = renewal->others;
	struct leat_stage *st = renewal->st;
	struct leat_graph *graph = st->graph;
	uint64_t n_kept = 0;

	for (uint32_t k = 0; k < others->n; k++)
		instance_forget(leat__stage_instance(st, k));
	if (others_are_pointed_to(others))
		n_kept = others_used_bytes(others);
	bound_move(graph, others_side_bytes(others),
		leat__stage_side_bytes(st) - leat__keeps_bytes_of(st) + n_kept);
	if (n_kept) {
		others->next = graph->retired;
		graph->retired = others;
		leat__add_relaxed(&graph->retired_bytes, n_kept);
	} else {
		others_free(others);
	}
	renewal->others = NULL;
}

void
leat__renewal_drop(struct leat__renewal *renewal)
{
	if (renewal->others)
		others_free(renewal->others);
	renewal->others = NULL;
}

void
leat__retired_drop(struct leat_graph *graph)
{
	while (graph->retired) {
		struct leat__retired *others = graph->retired;

		graph->retired = others->next;
		others_free(others);
	}
}
