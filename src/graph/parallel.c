/*
 * graph/parallel.c -- put replicas of a chain into the graph.
 *
 * Keeps: a chain has one way in and one way out; the copies of a stage have
 * its options. Records that are equal in the column `by` meet one copy only,
 * unless their number follows the load: then the copies are stateless, and the
 * merge restores the order, so none overtakes another of its key.
 * Threads: the one that builds the graph; resizes from any.
 */
#include <stdio.h>
#include <string.h>

#include "graph/parallel.h"

struct leat__resizes {
	struct leat__lock lock;
	uint64_t n;
	struct leat_resize kept[LEAT_RESIZES_KEPT]; /* number modulo */
};

/* ---- the chain ---------------------------------------------------------- */

static struct leat_stage *
chain_next(const struct leat_stage *st)
{
	return st->outs[0]->to;
}

static int
chain_check_stage(const struct leat_stage *st, const struct leat_stage *last,
	struct leat_error *err)
{
	bool is_sink = st == last && st->ops.n_outs == 0;

	if (st->ops.n_ins == 0)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' is a source: it cannot be replicated; put "
			"it before parallel",
			st->name);
	if (st->ops.n_ins != 1 || (st->ops.n_outs != 1 && !is_sink))
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' cannot stand inside parallel: only stages "
			"with one in and one out can",
			st->name);
	return LEAT_OK;
}

static bool
chain_is_stateless(struct leat_stage *first, const struct leat_stage *last)
{
	for (struct leat_stage *st = first;; st = chain_next(st)) {
		if (!leat__stage_can_replicate(st))
			return false;
		if (st == last)
			return true;
	}
}

static int
chain_check(const struct leat__parallel *par, struct leat_error *err)
{
	const struct leat_parallel_opts *o = &par->elastic.opts;
	struct leat_stage *st = par->first;

	for (; st != par->last; st = chain_next(st))
		LEAT_TRY(chain_check_stage(st, par->last, err));
	LEAT_TRY(chain_check_stage(st, par->last, err));
	if (st->ops.n_outs == 0 && o->is_ordered)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"parallel ordered ends in the sink '%s', behind which "
			"no order can be restored; leave out one of them",
			st->name);
	if (o->by && o->least < o->most &&
		!chain_is_stateless(par->first, par->last))
		return leat__stage_finding(par->first, err, LEAT_EINVAL,
			"parallel %u..%u by=%s: with every change keys move to "
			"another replica, and what '%s' knows of them would "
			"stay behind; say one number of replicas",
			o->least, o->most, o->by, par->first->name);
	return LEAT_OK;
}

/* ---- copies ------------------------------------------------------------- */

static int
copy_name(const struct leat_stage *st, const char *what, char *buf, size_t n,
	struct leat_error *err)
{
	int len = snprintf(buf, n, "%s-%s", st->name, what);

	return len > 0 && (size_t)len < n
		? LEAT_OK
		: leat__stage_finding(st, err, LEAT_EINVAL,
			  "the name '%s' is too long for a stage inside "
			  "parallel, where copies are called %s-2 and so on",
			  st->name, st->name);
}

/* A stage that stands for another in the text. */
static int
copy_insert(struct leat__parallel *par, struct leat_stage *st,
	const struct leat_stage *like, const char *what, struct leat_error *err)
{
	char name[LEAT_ERROR_STAGE_BYTES];

	LEAT_TRY(copy_name(like, what, name, sizeof(name), err));
	LEAT_TRY(leat__stage_insert(like->graph, name, st, err));
	st->place = like->place;
	st->parallel = par;
	return LEAT_OK;
}

static int
copy_stage(struct leat__parallel *par, const struct leat_stage *like,
	uint32_t number, struct leat_stage **stage_out, struct leat_error *err)
{
	struct leat_stage *st;
	char what[16];

	LEAT_TRY(leat__stage_create(like->graph, &like->ops, &st, err));
	if (st->opts)
		memcpy(st->opts, like->opts, like->ops.opts_bytes);
	st->option_places = like->option_places;
	snprintf(what, sizeof(what), "%u", number);
	LEAT_TRY(copy_insert(par, st, like, what, err));
	st->has_priority = like->has_priority;
	st->priority = like->priority;
	st->has_on_error = like->has_on_error;
	st->on_error = like->on_error;
	st->max_rejects = like->max_rejects;
	st->dead_path = like->dead_path;
	*stage_out = st;
	return leat__hooks_copy(like, st, err);
}

static int
copy_link(struct leat_stage *from, struct leat_stage *to,
	const struct leat__link *like, struct leat_error *err)
{
	struct leat__link *link;
	uint32_t out = from->ops.n_outs == LEAT_ENDS_ANY ? from->n_outs : 0;
	uint32_t in = to->ops.n_ins == LEAT_ENDS_ANY ? to->n_ins : 0;

	LEAT_TRY(leat__link_open(from->graph, leat_out(from, out), &link, err));
	if (like) {
		link->asked_frames = like->asked_frames;
		link->capacity_bytes = like->capacity_bytes;
		link->place = like->place;
	}
	return leat__link_close(link, leat_in(to, in), err);
}

/* Put a copy of the chain between the split and the merge. */
static int
copy_chain(struct leat__parallel *par, uint32_t number, struct leat_error *err)
{
	struct leat_stage *from = par->split, *st;
	const struct leat__link *link = NULL;
	struct leat_stage *like = par->first;

	for (;;) {
		LEAT_TRY(copy_stage(par, like, number, &st, err));
		LEAT_TRY(copy_link(from, st, link, err));
		if (like == par->last)
			break;
		from = st;
		link = like->outs[0];
		like = chain_next(like);
	}
	return par->merge ? copy_link(st, par->merge, NULL, err) : LEAT_OK;
}

/* ---- split and merge ---------------------------------------------------- */

/* With a number of copies that changes, a key moves between them: then the
 * merge keeps it from overtaking itself. */
static bool
merge_is_ordered(const struct leat_parallel_opts *o)
{
	return o->is_ordered || (o->by && o->least < o->most);
}

static int
make_split(struct leat__parallel *par, struct leat_error *err)
{
	struct leat_split_opts opts = {
		.size = sizeof(opts), .by = LEAT_SPLIT_CREDIT};

	if (par->elastic.opts.by) {
		opts.by = LEAT_SPLIT_KEY;
		opts.key = par->elastic.opts.by;
	}
	LEAT_TRY(leat__stage_create(
		par->first->graph, &leat_split_ops, &par->split, err));
	memcpy(par->split->opts, &opts, sizeof(opts));
	LEAT_TRY(copy_insert(par, par->split, par->first, "split", err));
	return copy_link(par->split, par->first, NULL, err);
}

static int
make_merge(struct leat__parallel *par, struct leat_error *err)
{
	struct leat_merge_opts opts = {
		.size = sizeof(opts), .order = LEAT_MERGE_COMING};

	if (par->last->ops.n_outs == 0)
		return LEAT_OK;
	if (merge_is_ordered(&par->elastic.opts))
		opts.order = LEAT_MERGE_STAMP;
	LEAT_TRY(leat__stage_create(
		par->first->graph, &leat_merge_ops, &par->merge, err));
	memcpy(par->merge->opts, &opts, sizeof(opts));
	LEAT_TRY(copy_insert(par, par->merge, par->first, "merge", err));
	return copy_link(par->last, par->merge, NULL, err);
}

static int
make_copies(struct leat__parallel *par, struct leat_error *err)
{
	LEAT_TRY(make_split(par, err));
	LEAT_TRY(make_merge(par, err));
	for (uint32_t k = 2; k <= par->elastic.opts.most; k++)
		LEAT_TRY(copy_chain(par, k, err));
	return LEAT_OK;
}

/* ---- the whole ---------------------------------------------------------- */

static int
make_resizes(struct leat_graph *graph, struct leat_error *err)
{
	if (!graph->resizes)
		graph->resizes =
			leat__graph_own_alloc(graph, sizeof(*graph->resizes));
	return graph->resizes ? LEAT_OK
			      : leat__graph_no_memory(err, "parallel");
}

/* Behind those that were there before. */
static void
parallel_append(struct leat_graph *graph, struct leat__parallel *par)
{
	struct leat__parallel **end = &graph->parallels;

	while (*end)
		end = &(*end)->next;
	*end = par;
}

static void
parallel_own(struct leat__parallel *par)
{
	struct leat_stage *st = par->first;

	for (; st != par->last; st = chain_next(st))
		st->parallel = par;
	st->parallel = par;
}

int
leat__parallel_make(struct leat_graph *graph,
	const struct leat_parallel_opts *opts, struct leat_stage *first,
	struct leat_stage *last, struct leat__parallel **parallel_out,
	struct leat_error *err)
{
	struct leat__parallel *par = leat__graph_own_alloc(graph, sizeof(*par));
	struct leat_parallel_opts o;

	if (!par)
		return leat__graph_no_memory(err, "parallel");
	LEAT_TRY(leat__parallel_opts_take(graph, opts, &o, err));
	leat__elastic_init(
		&par->elastic, &o, o.start ? (uint32_t)o.start : o.most);
	par->first = first;
	par->last = last;
	LEAT_TRY(chain_check(par, err));
	if (leat__parallel_is_elastic(par))
		LEAT_TRY(make_resizes(graph, err));
	par->is_region =
		o.is_ordered && !o.by && chain_is_stateless(first, last);
	parallel_own(par);
	parallel_append(graph, par);
	*parallel_out = par;
	return par->is_region || o.most == 1 ? LEAT_OK : make_copies(par, err);
}

struct leat_end
leat__parallel_in(const struct leat__parallel *par)
{
	return leat_in(par->split ? par->split : par->first, 0);
}

struct leat_end
leat__parallel_out(const struct leat__parallel *par)
{
	if (par->last->ops.n_outs == 0)
		return leat_out(NULL, 0);
	return leat_out(par->merge ? par->merge : par->last, 0);
}

int
leat_parallel(struct leat_graph *graph, const struct leat_parallel_opts *opts,
	const struct leat_step *steps, uint32_t n_steps,
	struct leat_end *in_out, struct leat_end *out_out,
	struct leat_error *err)
{
	struct leat_stage *first, *last;
	struct leat__parallel *par;

	LEAT_TRY(leat__graph_is_open(graph, err));
	LEAT_TRY(leat__graph_chain(graph, steps, n_steps, &first, &last, err));
	LEAT_TRY(leat__parallel_make(graph, opts, first, last, &par, err));
	*in_out = leat__parallel_in(par);
	*out_out = leat__parallel_out(par);
	return LEAT_OK;
}

/* ---- what changed ------------------------------------------------------- */

void
leat__parallel_note(struct leat__parallel *par, struct leat_resize *resize)
{
	struct leat_graph *graph = par->first->graph;
	struct leat__resizes *resizes = graph->resizes;

	leat__lock_take(&resizes->lock, graph->env);
	resize->number = ++resizes->n;
	resize->stage = par->first->name;
	resizes->kept[resize->number % LEAT_RESIZES_KEPT] = *resize;
	leat__lock_drop(&resizes->lock, graph->env);
}

uint32_t
leat_graph_resizes(const struct leat_graph *graph, uint64_t after,
	struct leat_resize *resizes_out, uint32_t n_max)
{
	struct leat__resizes *resizes = graph->resizes;
	uint32_t n = 0;

	if (!resizes)
		return 0;
	leat__lock_take(&resizes->lock, graph->env);
	if (resizes->n > LEAT_RESIZES_KEPT)
		after = leat__max_u64(after, resizes->n - LEAT_RESIZES_KEPT);
	while (n < n_max && after < resizes->n)
		resizes_out[n++] = resizes->kept[++after % LEAT_RESIZES_KEPT];
	leat__lock_drop(&resizes->lock, graph->env);
	return n;
}
