/*
 * graph/check.c -- is the graph one that can run? Ends, cycles, layouts.
 *
 * The order: every end is linked, there is no circle, every stage's init
 * agrees with its options, and from the sources onwards every stage is told
 * what comes in and says what goes out. Then the plan is made.
 * Keeps: after it the stages are numbered in the order of the data; after a
 * finding every stage that was inited has had its fini, and its state is
 * zero again.
 * Threads: the one that builds the graph.
 * Source:  Kahn, Topological sorting of large networks, CACM 1962.
 */
#include <string.h>

#include "graph/graph.h"
#include "graph/implied.h"

/* ---- layouts ----------------------------------------------------------- */

const char *
leat__layout_name(uint32_t layout)
{
	switch (layout) {
	case LEAT_LAYOUT_BYTES:
		return "bytes";
	case LEAT_LAYOUT_ITEMS:
		return "items";
	case LEAT_LAYOUT_ROWS:
		return "rows";
	case LEAT_LAYOUT_TABLE:
		return "table";
	default:
		return "?";
	}
}

void
leat__layouts_add(uint32_t layouts, struct leat__text *text)
{
	const char *between = "";

	if (!layouts)
		leat__text_add(text, "anything");
	while (layouts) {
		uint32_t lowest = layouts & (0 - layouts);

		layouts &= ~lowest;
		leat__text_add(
			text, "%s%s", between, leat__layout_name(lowest));
		between = layouts & (layouts - 1) ? ", " : " or ";
	}
}

/* ---- ends -------------------------------------------------------------- */

static int
check_ends_of(const struct leat_stage *st, struct leat_error *err)
{
	if (st->ops.n_ins == LEAT_ENDS_ANY && st->n_ins == 0)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"nothing flows into stage '%s'; end a chain in it, "
			"like: read a.csv ! %s.",
			st->name, st->name);
	if (st->ops.n_outs == LEAT_ENDS_ANY && st->n_outs == 0)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"nothing follows stage '%s'; begin a chain at it, "
			"like: %s. ! write a.csv",
			st->name, st->name);
	for (uint32_t k = 0; k < st->n_ins; k++)
		if (!st->ins[k])
			return leat__stage_finding(st, err, LEAT_EINVAL,
				"in %u of stage '%s' is not linked; put a "
				"source before it, like: read a.csv ! %s",
				k, st->name, st->ops.name);
	for (uint32_t k = 0; k < leat__stage_n_own_outs(st); k++)
		if (!st->outs[k])
			return leat__stage_finding(st, err, LEAT_EINVAL,
				"out %u of stage '%s' is not linked; put a "
				"sink behind it, like: %s.%u ! write a.csv",
				k, st->name, st->name, k);
	return leat__fallback_check(st, err);
}

static int
check_ends(const struct leat_graph *graph, struct leat_error *err)
{
	if (graph->n_stages == 0)
		return leat__error(err, LEAT_EINVAL,
			"the graph is empty; put a source and a sink into it");
	for (uint32_t k = 0; k < graph->n_stages; k++)
		LEAT_TRY(check_ends_of(graph->stages[k], err));
	return LEAT_OK;
}

/* ---- order ------------------------------------------------------------- */

/* Stages whose inputs have all been placed; the last that came is next, so a
 * chain is followed to its end before the next begins. */
struct order {
	struct leat_stage **sorted;
	uint32_t n_sorted;
	struct leat_stage **ready;
	uint32_t n_ready;
	uint32_t *n_missing; /* ins not yet placed, by number */
};

static void
order_place(struct order *o, struct leat_stage *st)
{
	o->sorted[o->n_sorted++] = st;
	for (uint32_t k = st->n_outs; k-- > 0;) {
		struct leat_stage *to = st->outs[k]->to;

		if (--o->n_missing[to->number] == 0)
			o->ready[o->n_ready++] = to;
	}
}

static void
order_sort(struct order *o, struct leat_graph *graph)
{
	for (uint32_t k = graph->n_stages; k-- > 0;) {
		o->n_missing[k] = graph->stages[k]->n_ins;
		if (o->n_missing[k] == 0)
			o->ready[o->n_ready++] = graph->stages[k];
	}
	while (o->n_ready)
		order_place(o, o->ready[--o->n_ready]);
}

/* From a stage that could not be placed, back along such stages, the walk
 * comes to one on the circle itself. */
static int
order_circle(const struct order *o, const struct leat_graph *graph,
	struct leat_error *err)
{
	const struct leat_stage *st = NULL;

	for (uint32_t k = 0; k < graph->n_stages && !st; k++)
		if (o->n_missing[k])
			st = graph->stages[k];
	LEAT_INVARIANT(st != NULL);
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		uint32_t in = 0;

		while (!o->n_missing[st->ins[in]->from->number])
			in++;
		st = st->ins[in]->from;
	}
	return leat__stage_finding(st, err, LEAT_EINVAL,
		"stage '%s' gets its own output back: a graph has no circles, "
		"and every stage hangs on a source",
		st->name);
}

static int
order_alloc(struct order *o, struct leat_graph *graph)
{
	size_t n = graph->n_stages;

	memset(o, 0, sizeof(*o));
	o->sorted = leat__graph_own_alloc(graph, n * sizeof(*o->sorted));
	o->ready = leat__graph_own_alloc(graph, n * sizeof(*o->ready));
	o->n_missing = leat__graph_own_alloc(graph, n * sizeof(*o->n_missing));
	return o->sorted && o->ready && o->n_missing ? LEAT_OK : LEAT_ENOMEM;
}

static void
order_free(struct order *o, struct leat_graph *graph)
{
	leat__graph_own_free(graph, o->n_missing);
	leat__graph_own_free(graph, o->ready);
	leat__graph_own_free(graph, o->sorted);
}

/* Number the stages in the order of the data. */
static int
check_order(struct leat_graph *graph, struct leat_error *err)
{
	int rc = LEAT_OK;
	struct order o;

	if (order_alloc(&o, graph) < 0) {
		rc = leat__graph_no_memory(err, "the check");
		goto out;
	}
	order_sort(&o, graph);
	if (o.n_sorted < graph->n_stages) {
		rc = order_circle(&o, graph, err);
		goto out;
	}
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		graph->stages[k] = o.sorted[k];
		graph->stages[k]->number = k;
	}
out:
	order_free(&o, graph);
	return rc;
}

/* ---- who looks at values ------------------------------------------------ */

/* Does it look at values of what comes in, or pass them on to who does? */
static bool
stage_wants_values(const struct leat_stage *st)
{
	if (!(st->ops.flags & LEAT_STAGE_BLIND) ||
		(st->has_fallback &&
			stage_wants_values(st->outs[st->n_outs - 1]->to)))
		return true;
	return !st->ops.out_layout && st->is_wanted;
}

/* From the sinks backwards: a stage knows it before its init. */
static void
check_wanted(struct leat_graph *graph)
{
	for (uint32_t k = graph->n_stages; k-- > 0;) {
		struct leat_stage *st = graph->stages[k];

		st->is_wanted = false;
		for (uint32_t j = 0; j < st->n_outs; j++)
			st->is_wanted |= stage_wants_values(st->outs[j]->to);
	}
}

/* ---- init -------------------------------------------------------------- */

/* What a callback said; its own text if it left one. */
static int
check_verdict(
	struct leat_stage *st, int rc, const char *what, struct leat_error *err)
{
	if (rc >= 0)
		return LEAT_OK;
	if (st->error.code != rc)
		leat_stage_fail(st, rc, "%s of stage '%s' failed: %s", what,
			st->name, leat_err_text(rc));
	leat__stage_error(st, err);
	return rc;
}

static int
check_limit(const struct leat_stage *st, const char *what, uint64_t n,
	uint64_t max, struct leat_error *err)
{
	if (n <= max)
		return LEAT_OK;
	return leat__stage_finding(st, err, LEAT_ELIMIT,
		"stage '%s' needs %s %llu; accepted: up to %llu", st->name,
		what, (unsigned long long)n, (unsigned long long)max);
}

static int
check_needs(struct leat_stage *st, struct leat_error *err)
{
	if (st->needs.max_out == 0)
		st->needs.max_out = 1;
	LEAT_TRY(check_limit(
		st, "max_out", st->needs.max_out, LEAT__MAX_OUT_MAX, err));
	LEAT_TRY(check_limit(
		st, "holds", st->needs.holds, LEAT__HOLDS_MAX, err));
	LEAT_TRY(check_limit(st, "side_bytes", st->needs.side_bytes,
		LEAT__SIDE_BYTES_MAX, err));
	return check_limit(st, "frame_bytes", st->needs.frame_bytes,
		LEAT_SLOT_BYTES_MAX - LEAT__SLOT_ROUND_BYTES, err);
}

int
leat__check_init(struct leat_stage *st, struct leat_error *err)
{
	st->needs = st->ops.needs;
	memset(&st->error, 0, sizeof(st->error));
	st->is_inited = true; /* fini is called however it ends */
	if (st->ops.init)
		LEAT_TRY(check_verdict(
			st, st->ops.init(st, st->opts), "init", err));
	return check_needs(st, err);
}

/* ---- shapes ------------------------------------------------------------ */

/* Stages of the set that take this layout and give one of those. */
static bool
shape_list(const struct leat_stage_set *set, uint32_t takes, uint32_t gives,
	const char *const words[2], struct leat__text *text)
{
	bool is_any = false;

	for (uint32_t k = 0; k < set->n_stages; k++) {
		const struct leat_stage_ops *ops = set->stages[k];

		if (!(ops->in_layouts & takes) || !(ops->out_layout & gives))
			continue;
		leat__text_add(text, "%s%s", words[is_any], ops->name);
		is_any = true;
	}
	return is_any;
}

/* Which stages would make the layouts meet, or which take what st does not? */
static void
shape_suggest(
	const struct leat_stage *st, uint32_t layout, struct leat__text *text)
{
	static const char *const between[2] = {"; put ", " or "};
	static const char *const instead[2] = {"; in its place: ", ", "};
	const struct leat_stage_set *set = st->graph->opts.stages;

	if (shape_list(set, layout, st->ops.in_layouts, between, text))
		leat__text_add(text, " between them");
	else if (st->ops.out_layout == LEAT_LAYOUT_BYTES)
		(void)shape_list(set, layout, LEAT_LAYOUT_BYTES, instead, text);
}

static int
shape_mismatch(const struct leat_stage *st, const struct leat__link *link,
	struct leat_error *err)
{
	uint32_t layout = leat__link_shape(link)->layout;
	char takes_buf[64] = "", put_buf[256] = "";
	struct leat__text takes = {takes_buf, sizeof(takes_buf), 0};
	struct leat__text put = {put_buf, sizeof(put_buf), 0};
	const struct leat_stage *at = st->place.n_bytes ? st : link->from;

	leat__layouts_add(st->ops.in_layouts, &takes);
	shape_suggest(st, layout, &put);
	leat__stage_finding(st, err, LEAT_EINVAL,
		"stage '%s' takes %s, but '%s' gives %s%s", st->name, takes_buf,
		link->from->name, leat__layout_name(layout), put_buf);
	if (err) {
		err->at_offset = at->place.offset;
		err->at_bytes = at->place.n_bytes;
	}
	return LEAT_EINVAL;
}

static int
shape_check_in(const struct leat_stage *st, const struct leat__link *link,
	struct leat_error *err)
{
	const struct leat_shape *in = leat__link_shape(link);

	if (st->ops.in_layouts && !(in->layout & st->ops.in_layouts))
		return shape_mismatch(st, link, err);
	if (!st->ops.out_layout && in->layout != st->in_shape.layout)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' gets %s and %s; all its ins must be alike",
			st->name, leat__layout_name(st->in_shape.layout),
			leat__layout_name(in->layout));
	if (in->layout == LEAT_LAYOUT_ITEMS && st->ops.item_bytes &&
		in->item_bytes && in->item_bytes != st->ops.item_bytes)
		return leat__stage_finding(st, err, LEAT_EINVAL,
			"stage '%s' takes items of %u bytes, but '%s' gives "
			"items of %u",
			st->name, st->ops.item_bytes, link->from->name,
			in->item_bytes);
	return LEAT_OK;
}

/* What comes in: as on in 0, with room for the largest of all ins. */
static int
shape_in(struct leat_stage *st, struct leat_error *err)
{
	struct leat_shape *in = &st->in_shape;

	memset(in, 0, sizeof(*in));
	for (uint32_t k = 0; k < st->n_ins; k++) {
		const struct leat_shape *other = leat__link_shape(st->ins[k]);

		if (k == 0)
			*in = *other;
		LEAT_TRY(shape_check_in(st, st->ins[k], err));
		in->frame_bytes = (uint32_t)leat__max_u64(
			in->frame_bytes, other->frame_bytes);
		in->base_bytes = (uint32_t)leat__max_u64(
			in->base_bytes, other->base_bytes);
	}
	return LEAT_OK;
}

/* What goes out, before the stage has its say. */
static void
shape_preset(struct leat_stage *st)
{
	struct leat_shape *out = &st->out_shape;

	*out = st->in_shape;
	if (st->ops.produce || st->ops.out_layout) {
		out->layout = st->ops.out_layout;
		out->item_bytes = out->layout == LEAT_LAYOUT_ITEMS
			? st->ops.item_bytes
			: 0;
		out->base_bytes = 0;
		out->schema = NULL;
		out->sample = NULL;
		out->sample_bytes = 0;
		out->sample_is_all = 0;
	}
	if (out->layout != st->in_shape.layout && st->needs.frame_bytes)
		out->frame_bytes = 0; /* none of the input's come out again */
	out->frame_bytes = (uint32_t)leat__max_u64(
		out->frame_bytes, st->needs.frame_bytes);
	if (!out->frame_bytes)
		out->frame_bytes = LEAT__FRAME_BYTES_DEFAULT;
}

/*
 * Does it make frames of its own, does it pass its input's on? One that names
 * its layout but no size may do either, so both are reckoned with.
 */
static void
shape_settle(struct leat_stage *st)
{
	const struct leat_stage_ops *ops = &st->ops;
	struct leat_shape *out = &st->out_shape;
	uint32_t needed = st->needs.frame_bytes;

	uint32_t n_outs = leat__stage_n_own_outs(st);

	st->is_passer = st->n_ins && n_outs && (!ops->out_layout || !needed);
	st->is_maker = needed || (n_outs && (!st->n_ins || ops->out_layout));
	if (st->is_maker && !needed)
		st->needs.frame_bytes = out->frame_bytes;
	if (n_outs)
		out->frame_bytes = (uint32_t)leat__max_u64(
			out->frame_bytes, st->needs.frame_bytes);
}

static int
shape_check_out(const struct leat_stage *st, struct leat_error *err)
{
	uint32_t layout = st->out_shape.layout;

	if (layout && !(layout & (layout - 1)) && layout <= LEAT_LAYOUT_ANY)
		return LEAT_OK;
	return leat__stage_finding(st, err, LEAT_EBUG,
		"negotiate of stage '%s' left layout 0x%x, where one bit is "
		"wanted",
		st->name, layout);
}

static int
check_shape(struct leat_stage *st, struct leat_error *err)
{
	struct leat_shape *in = st->n_ins ? &st->in_shape : NULL;
	struct leat_shape *out =
		leat__stage_n_own_outs(st) ? &st->out_shape : NULL;

	LEAT_TRY(shape_in(st, err));
	memset(&st->out_shape, 0, sizeof(st->out_shape));
	if (out)
		shape_preset(st);
	if (st->ops.negotiate)
		LEAT_TRY(check_verdict(
			st, st->ops.negotiate(st, in, out), "negotiate", err));
	shape_settle(st);
	if (out)
		LEAT_TRY(shape_check_out(st, err));
	if (st->isolation)
		LEAT_TRY(st->isolation->fit(st, err));
	return check_needs(st, err);
}

/* ---- the whole --------------------------------------------------------- */

static void
check_undo_stage(struct leat_stage *st)
{
	if (!st->is_inited)
		return;
	if (st->ops.fini)
		st->ops.fini(st);
	st->is_inited = false;
	if (st->state)
		memset(st->state, 0, st->ops.state_bytes);
	leat__account_fini(&st->account);
	leat__account_init(&st->account, st->graph->arena, 0);
}

/* A source may bring a decoder along, by what it shows of its content. */
static int
check_shape_of(struct leat_graph *graph, uint32_t k, struct leat_error *err)
{
	uint32_t n_new;

	LEAT_TRY(check_shape(graph->stages[k], err));
	LEAT_TRY(leat__implied_by_content(graph, k, &n_new, err));
	for (uint32_t n = 1; n <= n_new; n++)
		LEAT_TRY(leat__check_init(graph->stages[k + n], err));
	return LEAT_OK;
}

static int
check_all(struct leat_graph *graph, struct leat_error *err)
{
	LEAT_TRY(leat__before_add(graph, err));
	LEAT_TRY(check_ends(graph, err));
	LEAT_TRY(check_order(graph, err));
	LEAT_TRY(leat__dead_check(graph, err));
	check_wanted(graph);
	for (uint32_t k = 0; k < graph->n_stages; k++)
		LEAT_TRY(leat__check_init(graph->stages[k], err));
	for (uint32_t k = 0; k < graph->n_stages; k++)
		LEAT_TRY(check_shape_of(graph, k, err));
	return leat__plan_make(graph, err);
}

int
leat__check_instance(struct leat_stage *st, struct leat_error *err)
{
	LEAT_TRY(leat__check_init(st, err));
	return check_shape(st, err);
}

int
leat__graph_check(struct leat_graph *graph, struct leat_error *err)
{
	int rc = check_all(graph, err);

	if (rc < 0) {
		leat__replicas_drop(graph);
		for (uint32_t k = graph->n_stages; k-- > 0;)
			check_undo_stage(graph->stages[k]);
		return rc;
	}
	for (uint32_t k = 0; k < graph->n_stages; k++)
		graph->stages[k]->account.cap_bytes =
			graph->stages[k]->needs.side_bytes;
	graph->state = LEAT__GRAPH_CHECKED;
	return LEAT_OK;
}

int
leat_graph_check(struct leat_graph *graph, struct leat_error *err)
{
	if (graph->state == LEAT__GRAPH_CHECKED)
		return LEAT_OK;
	if (graph->state != LEAT__GRAPH_BUILDING)
		return leat__error(err, LEAT_ESTATE,
			"check: this graph was started before");
	return leat__graph_check(graph, err);
}
