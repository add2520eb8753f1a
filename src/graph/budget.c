/*
 * graph/budget.c -- how many slots, and the most that a run can ever use.
 *
 * Per class: capacity of every channel (of those in step, which carry the same
 * frames, the greatest), max_out between stages of a segment
 * (but once for a run of stages that pass frames on), what stages hold, max_out
 * for each that makes frames, a private copy for each that writes its input, a
 * piece for each whose frames are tried in halves,
 * all this for each replica, what waits in the windows of replicated segments,
 * and the magazines of the threads that frames of the class pass through; a
 * frame counts as itself and as all it points into.
 *
 * Why it suffices: a frame that is out is in a channel or its receiver's hands
 * (which credit bounds), in an inbox, held, or taken in the current call; a
 * free slot is in the depot or a magazine. Each place has its share, so the
 * depot is never empty when a stage may take one.
 *
 * Threads: the one that builds the graph; explain from any.
 */
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"

#define BUDGET_LARGEST 3 /* contributors that a refusal names */

/* ---- shares ------------------------------------------------------------ */

static void
share_give(struct leat__share share, uint64_t n_slots, leat__share_fn fn,
	void *user)
{
	share.n_slots = n_slots;
	if (n_slots)
		fn(&share, user);
}

/* n frames with this cargo. */
static void
share_cargo(struct leat__share share, const struct leat__cargo *cargo,
	uint64_t n, leat__share_fn fn, void *user)
{
	for (uint32_t c = 0; c < LEAT_POOL_CLASSES_MAX; c++) {
		share.class_ = c;
		share_give(share,
			n * (((cargo->frames >> c) & 1u) + cargo->pins[c]), fn,
			user);
	}
}

/*
 * Does a link inside a segment only move frames on that its sender got from a
 * link inside it too, one for one? A stage is called only when everything
 * downstream in its segment is empty, so such a frame is in one of the two
 * inboxes or in the other: one place does for both.
 */
static bool
link_moves_on(const struct leat__link *link)
{
	const struct leat_stage *from = link->from;

	return link->is_fused && from->is_passer && !from->is_maker &&
		from->needs.max_out == 1 && from->n_ins == 1 &&
		from->ins[0]->is_fused;
}

/* Is there one that its frames are counted with? */
static bool
link_is_covered(const struct leat__link *link)
{
	const struct leat_stage *from = link->from;

	if (!leat__link_shares_places(link))
		return false;
	for (uint32_t k = 0; k < from->n_outs; k++) {
		const struct leat__link *other = from->outs[k];

		if (leat__link_shares_places(other) &&
			(other->capacity_frames > link->capacity_frames ||
				(other->capacity_frames ==
						link->capacity_frames &&
					k < link->from_index)))
			return true;
	}
	return false;
}

static void
share_link(const struct leat__link *link, leat__share_fn fn, void *user)
{
	struct leat__share share = {
		.kind = link->is_fused ? LEAT__SHARE_INBOX : LEAT__SHARE_LINK,
		.link = link};

	if (link_moves_on(link) || link_is_covered(link))
		return;
	share_cargo(share, leat__link_cargo(link),
		link->is_fused ? (uint64_t)link->from->needs.max_out *
				leat__stage_n_instances(link->from)
			       : link->capacity_frames,
		fn, user);
}

/* What replicas have emitted, and older tickets are still waited for. */
static void
share_window(const struct leat__segment *segment, leat__share_fn fn, void *user)
{
	const struct leat_stage *tail = segment->stages[segment->n_stages - 1];
	struct leat__share share = {.kind = LEAT__SHARE_WINDOW, .stage = tail};

	share_cargo(share, &tail->cargo,
		(uint64_t)segment->window * tail->needs.max_out, fn, user);
}

/* It may keep frames of its input, with what they point into, or its own. */
static void
share_held(const struct leat_stage *st, const struct leat__cargo *in,
	leat__share_fn fn, void *user)
{
	struct leat__share share = {.kind = LEAT__SHARE_HELD, .stage = st};
	struct leat__cargo cargo = *in;

	for (uint32_t c = 0; c < LEAT_POOL_CLASSES_MAX; c++)
		cargo.pins[c] = (uint32_t)leat__max_u64(
			cargo.pins[c], st->cargo.pins[c]);
	if (st->is_maker)
		cargo.frames |= 1u << st->pool_class;
	share_cargo(share, &cargo,
		(uint64_t)st->needs.holds * leat__stage_n_instances(st), fn,
		user);
}

/* One that gathers may keep one frame of each in. */
static void
share_gathered(const struct leat_stage *st, leat__share_fn fn, void *user)
{
	struct leat__share share = {.kind = LEAT__SHARE_HELD, .stage = st};

	if (!(st->ops.flags & LEAT_STAGE_GATHERS))
		return;
	for (uint32_t k = 0; k < st->n_ins; k++)
		share_cargo(share, leat__link_cargo(st->ins[k]), 1, fn, user);
}

static void
share_copy(const struct leat_stage *st, const struct leat__cargo *in,
	leat__share_fn fn, void *user)
{
	struct leat__share share = {.kind = LEAT__SHARE_COPY, .stage = st};
	struct leat__cargo cargo = {.frames = in->frames};

	/* a frame that others read has a share in each of their places too; a
	 * copy that is made further down takes the place of one of them */
	if (st->n_ins == 1 && link_moves_on(st->ins[0]))
		return;
	if (st->ops.flags & LEAT_STAGE_IN_PLACE)
		share_cargo(
			share, &cargo, leat__stage_n_instances(st), fn, user);
}

/* A frame that it failed with stays in hand while pieces of it are tried. */
static void
share_piece(const struct leat_stage *st, const struct leat__cargo *in,
	leat__share_fn fn, void *user)
{
	struct leat__share share = {.kind = LEAT__SHARE_COPY, .stage = st};
	struct leat__cargo cargo = {.frames = in->frames};

	if (leat__stage_is_bisected(st))
		share_cargo(
			share, &cargo, leat__stage_n_instances(st), fn, user);
}

static void
share_stage(const struct leat_stage *st, leat__share_fn fn, void *user)
{
	struct leat__share reserved = {.kind = LEAT__SHARE_RESERVED,
		.stage = st,
		.class_ = st->pool_class};
	struct leat__cargo in;

	leat__cargo_in(st, &in);
	share_held(st, &in, fn, user);
	share_gathered(st, fn, user);
	share_copy(st, &in, fn, user);
	share_piece(st, &in, fn, user);
	if (st->is_maker)
		share_give(reserved,
			(uint64_t)st->needs.max_out *
				leat__max_u64(leat__stage_n_own_outs(st), 1) *
				leat__stage_n_instances(st),
			fn, user);
}

/* The classes of all frames that a stage may take, get or give back, as bits:
 * only these come into the magazines of the thread that runs it. */
static uint32_t
stage_touches(const struct leat_stage *st)
{
	struct leat__cargo in;
	uint32_t classes;

	leat__cargo_in(st, &in);
	classes = in.frames | st->cargo.frames;
	if (st->is_maker)
		classes |= 1u << st->pool_class;
	for (uint32_t c = 0; c < LEAT_POOL_CLASSES_MAX; c++)
		if (in.pins[c] || st->cargo.pins[c])
			classes |= 1u << c;
	return classes;
}

static bool
segment_touches(const struct leat__segment *segment, uint32_t c)
{
	for (uint32_t k = 0; k < segment->n_stages; k++)
		if ((stage_touches(segment->stages[k]) >> c) & 1u)
			return true;
	return false;
}

/* Any worker may run any segment that does not block. */
static uint32_t
class_threads(const struct leat_graph *graph, uint32_t c)
{
	bool is_workers = false;
	uint32_t n = 0;

	for (uint32_t k = 0; k < graph->n_segments; k++) {
		const struct leat__segment *segment = &graph->segments[k];

		if (!segment_touches(segment, c))
			continue;
		if (segment->is_blocking)
			n++;
		else
			is_workers = true;
	}
	return is_workers ? n + graph->n_workers : n;
}

void
leat__budget_each(const struct leat_graph *graph, leat__share_fn fn, void *user)
{
	struct leat__share magazines = {.kind = LEAT__SHARE_MAGAZINE};

	for (uint32_t k = 0; k < graph->n_links; k++)
		share_link(graph->links[k], fn, user);
	for (uint32_t k = 0; k < graph->n_stages; k++)
		share_stage(graph->stages[k], fn, user);
	for (uint32_t k = 0; k < graph->n_segments; k++)
		share_window(&graph->segments[k], fn, user);
	for (uint32_t c = 0; c < graph->n_classes; c++) {
		magazines.class_ = c;
		share_give(magazines,
			(uint64_t)class_threads(graph, c) *
				leat__magazine_slots(
					graph->classes[c].slot_bytes,
					graph->magazine_slots),
			fn, user);
	}
}

/* ---- beside the pool --------------------------------------------------- */

uint64_t
leat__budget_side_bytes(const struct leat_graph *graph)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];

		n += leat__stage_side_bytes(st);
		n += st->isolation ? st->isolation->n_bytes : 0;
	}
	return n;
}

uint64_t
leat__budget_channel_bytes(const struct leat_graph *graph)
{
	uint64_t n = leat__order_bytes(graph);

	for (uint32_t k = 0; k < graph->n_links; k++)
		if (!graph->links[k]->is_fused)
			n += leat__chan_bytes(graph->links[k]->capacity_frames);
	return n;
}

/* ---- refusing ---------------------------------------------------------- */

const char *
leat__size_text(uint64_t n_bytes, char buf[32])
{
	static const char *const units[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint32_t k = 0;
	uint64_t unit = 1;

	while (k + 1 < leat__array_len(units) && n_bytes / unit >= 1024) {
		unit *= 1024;
		k++;
	}
	if (n_bytes % unit == 0)
		snprintf(buf, 32, "%llu %s",
			(unsigned long long)(n_bytes / unit), units[k]);
	else
		snprintf(buf, 32, "%.1f %s", (double)n_bytes / (double)unit,
			units[k]);
	return buf;
}

struct contributor {
	const struct leat_stage *stage;
	const struct leat__link *link;
	uint64_t n_bytes;
};

struct largest {
	const struct leat_graph *graph;
	struct contributor top[BUDGET_LARGEST]; /* largest first */
};

static void
largest_insert(struct largest *l, struct contributor c)
{
	for (uint32_t k = 0; k < BUDGET_LARGEST; k++) {
		struct contributor next = l->top[k];

		if (next.n_bytes >= c.n_bytes)
			continue;
		l->top[k] = c;
		c = next;
	}
}

static void
largest_look(const struct leat__share *share, void *user)
{
	struct largest *l = user;
	struct contributor c = {share->stage, share->link,
		share->n_slots * l->graph->classes[share->class_].slot_bytes};

	if (c.stage || c.link)
		largest_insert(l, c);
}

static void
largest_find(struct largest *l, const struct leat_graph *graph)
{
	memset(l, 0, sizeof(*l));
	l->graph = graph;
	leat__budget_each(graph, largest_look, l);
	for (uint32_t k = 0; k < graph->n_stages; k++)
		largest_insert(l,
			(struct contributor){graph->stages[k], NULL,
				leat__stage_side_bytes(graph->stages[k])});
}

static void
contributor_add(const struct contributor *c, struct leat__text *text)
{
	char size[32];

	leat__size_text(c->n_bytes, size);
	if (c->link)
		leat__text_add(text, "%s%s -> %s %s", text->at ? ", " : "",
			c->link->from->name, c->link->to->name, size);
	else if (c->stage)
		leat__text_add(text, "%s%s %s", text->at ? ", " : "",
			c->stage->name, size);
}

static int
budget_refuse(const struct leat_graph *graph, struct leat_error *err)
{
	char buf[256] = "", needs[32], limit[32];
	struct leat__text text = {buf, sizeof(buf), 0};
	struct largest l;

	largest_find(&l, graph);
	for (uint32_t k = 0; k < BUDGET_LARGEST; k++)
		contributor_add(&l.top[k], &text);
	return leat__error(err, LEAT_ELIMIT,
		"the graph can use %s, over the limit of %s; most of it: %s; "
		"the smallest limit that would do is %llu bytes",
		leat__size_text(graph->bound_bytes, needs),
		leat__size_text(graph->opts.memory_bytes, limit), buf,
		(unsigned long long)graph->bound_bytes);
}

/* ---- the whole --------------------------------------------------------- */

static void
budget_count(const struct leat__share *share, void *user)
{
	uint64_t *n_slots = user;

	n_slots[share->class_] += share->n_slots;
}

static int
budget_slots(struct leat_graph *graph, struct leat_error *err)
{
	uint64_t n_slots[LEAT_POOL_CLASSES_MAX] = {0};

	leat__budget_each(graph, budget_count, n_slots);
	for (uint32_t c = 0; c < graph->n_classes; c++) {
		if (n_slots[c] > LEAT_POOL_SLOTS_MAX)
			return leat__error(err, LEAT_ELIMIT,
				"the graph needs %llu frames of %u bytes; "
				"accepted: up to %u (LEAT_POOL_SLOTS_MAX)",
				(unsigned long long)n_slots[c],
				graph->classes[c].slot_bytes,
				LEAT_POOL_SLOTS_MAX);
		graph->classes[c].n_slots = (uint32_t)n_slots[c];
	}
	return LEAT_OK;
}

int
leat__budget_make(struct leat_graph *graph, struct leat_error *err)
{
	LEAT_TRY(budget_slots(graph, err));
	graph->bound_bytes =
		leat__pool_bytes(graph->classes, graph->n_classes) +
		leat__budget_side_bytes(graph) +
		leat__budget_channel_bytes(graph) + leat__dead_bytes(graph) +
		leat__load_relaxed(&graph->own.high_bytes) + sizeof(*graph);
	if (graph->tracing)
		graph->bound_bytes += graph->tracing->bytes(graph);
	if (graph->opts.memory_bytes &&
		graph->bound_bytes > graph->opts.memory_bytes) {
		int rc = budget_refuse(graph, err);

		graph->bound_bytes = 0;
		return rc;
	}
	return LEAT_OK;
}
