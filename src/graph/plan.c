/*
 * graph/plan.c -- make the plan: segments, threads, classes of the pool.
 *
 * A segment is a longest run of stages that do not block, each linked to the
 * next by their only out and only in; one call chain runs it, and the links
 * inside need no channel. A blocking stage is a segment of its own, but for
 * light ones that ride on the thread of a source. Stages
 * whose frames are independent of each other are replicated: a run of such is
 * a segment that all workers may run at once, in order.
 * Keeps: every stage is in exactly one segment; segments stand in the order
 * of the data; every frame a stage takes fits the slots of its class.
 * Threads: the one that builds the graph.
 * Not here: how many slots, and what it all costs (budget.c).
 */
#include <string.h>

#include <leat/channel.h>

#include "graph/parallel.h"

/* Frames that a replica may be ahead of the oldest, each; and that many only
 * if they are large. Four keep two workers busy when a frame takes ten times
 * as long as another. */
#define PLAN_WINDOW       4u
#define PLAN_WINDOW_LARGE 2u
#define PLAN_LARGE_BYTES  (1u << 20)
#define PLAN_SMALL_BYTES  (1u << 16)
#define PLAN_LARGE_FRAMES 2u

/* Behind a source that lets frames gather there is room for so many times as
 * many: it goes to sleep, and is woken, once for all of them. */
#define PLAN_LOTS 3u

/* ---- instances ---------------------------------------------------------- */

/* How many instances of a stage there are to be: as was asked for, else one
 * for each worker if they can take turns. Copies are replicas already. */
static uint32_t
stage_n_replicas(const struct leat_stage *st)
{
	if (st->parallel && !st->parallel->is_region)
		return 1;
	if (!leat__stage_can_replicate(st))
		return 1;
	return st->parallel ? st->parallel->elastic.opts.most
			    : st->graph->opts.workers;
}

/* ---- links ------------------------------------------------------------- */

static bool
stage_is_blocking_source(const struct leat_stage *st)
{
	return st->ops.produce && (st->ops.flags & LEAT_STAGE_BLOCKING);
}

/* From a source with a thread of its own to one that rides on it? */
static bool
link_is_ridden(const struct leat__link *link)
{
	return stage_is_blocking_source(link->from) &&
		(link->to->ops.flags & LEAT_STAGE_LIGHT) &&
		!(link->to->ops.flags & LEAT_STAGE_BLOCKING);
}

/* Much work is not done in one segment with other work. */
static bool
link_is_apart(const struct leat__link *link)
{
	return (link->to->ops.flags & LEAT_STAGE_APART) ||
		((link->from->ops.flags & LEAT_STAGE_APART) &&
			!(link->to->ops.flags & LEAT_STAGE_LIGHT));
}

static bool link_holds_behind_source(const struct leat__link *link);

static bool
link_can_fuse(const struct leat__link *link)
{
	uint32_t flags = link->from->ops.flags | link->to->ops.flags;

	return (!(flags & LEAT_STAGE_BLOCKING) || link_is_ridden(link)) &&
		!link_is_apart(link) && !link_holds_behind_source(link) &&
		!(link->to->ops.flags & LEAT_STAGE_GATHERS) &&
		!leat__link_is_fallback(link) && link->from->n_outs == 1 &&
		link->to->n_ins == 1 &&
		link->from->is_replicated == link->to->is_replicated &&
		leat__parallel_region(link->from) ==
		leat__parallel_region(link->to);
}

/* The first of those that are run as one with its sender. One that is asked
 * for what it holds is not looked behind: if a source were there that waits
 * outside, that one would begin anew. */
static const struct leat_stage *
link_head(const struct leat__link *link)
{
	const struct leat_stage *head = link->from;

	while (head->n_ins == 1 && !head->ops.flush &&
		link_can_fuse(head->ins[0]))
		head = head->ins[0]->from;
	return head;
}

/* Who holds something back is asked for it when nothing comes; nobody asks on
 * the thread of a source while that waits outside. */
static bool
link_holds_behind_source(const struct leat__link *link)
{
	return link->to->ops.flush && stage_is_blocking_source(link_head(link));
}

/* What it emits. Of one that passes frames on, those that it makes itself are
 * the exception. */
static const struct leat_shape *
stage_emits(const struct leat_stage *st)
{
	return st->is_passer ? &st->in_shape : &st->out_shape;
}

static bool
stage_emits_large(const struct leat_stage *st)
{
	return stage_emits(st)->frame_bytes > PLAN_LARGE_BYTES;
}

static bool
stage_emits_small(const struct leat_stage *st)
{
	return stage_emits(st)->frame_bytes <= PLAN_SMALL_BYTES &&
		stage_emits(st)->base_bytes <= PLAN_SMALL_BYTES;
}

/* Does it come from a source, or from what rides on its thread, that lets
 * frames gather? */
static bool
link_is_bursting(const struct leat__link *link)
{
	const struct leat_stage *head = link_head(link);

	return stage_is_blocking_source(head) && head->needs.burst > 1;
}

/* Is there another process at one of its ends? To wake that for few frames
 * costs more than they do, if they are small. */
static bool
link_is_to_process(const struct leat__link *link)
{
	return (link->to->isolation || link->from->isolation) &&
		stage_emits_small(link->from);
}

/* Enough for each replica to have one frame in hand and one to come; of large
 * ones as few as let two stages overlap. */
static uint32_t
link_default_frames(const struct leat__link *link)
{
	const struct leat_graph *graph = link->to->graph;
	bool is_large = stage_emits_large(link->from);
	uint32_t n = graph->opts.capacity_frames;

	if (is_large && graph->is_capacity_own)
		n = PLAN_LARGE_FRAMES;
	else if (graph->is_capacity_own &&
		(link_is_bursting(link) || link_is_to_process(link)))
		n *= PLAN_LOTS;
	if (link->to->is_replicated && !link->is_fused)
		n = (uint32_t)leat__max_u64(
			n, stage_n_replicas(link->to) * (is_large ? 1u : 2u));
	return (uint32_t)leat__max_u64(n, link->from->needs.max_out);
}

/* A channel takes what its sender may emit in one call. */
static int
plan_link(struct leat__link *link, struct leat_error *err)
{
	uint32_t max_out = link->from->needs.max_out;

	link->is_fused = link_can_fuse(link);
	if (!link->is_fused && link->asked_frames &&
		link->asked_frames < max_out)
		return leat__stage_finding(link->from, err, LEAT_EINVAL,
			"stage '%s' emits up to %u frames in one call, and its "
			"link to '%s' has a capacity of %u; accepted: from %u "
			"on",
			link->from->name, max_out, link->to->name,
			link->asked_frames, max_out);
	link->capacity_frames = link->asked_frames ? link->asked_frames
						   : link_default_frames(link);
	link->n_at_once =
		link->from->ops.flags & LEAT_STAGE_CHOOSES ? 1 : max_out;
	return LEAT_OK;
}

static int
plan_links(struct leat_graph *graph, struct leat_error *err)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		st->is_replicated = stage_n_replicas(st) > 1;
	}
	for (uint32_t k = 0; k < graph->n_links; k++)
		LEAT_TRY(plan_link(graph->links[k], err));
	return LEAT_OK;
}

/* ---- segments ---------------------------------------------------------- */

static bool
stage_heads_segment(const struct leat_stage *st)
{
	return st->n_ins != 1 || !st->ins[0]->is_fused;
}

/* The next stage of the same segment, or NULL. */
static struct leat_stage *
stage_next(const struct leat_stage *st)
{
	return st->n_outs == 1 && st->outs[0]->is_fused ? st->outs[0]->to
							: NULL;
}

static void
plan_replicas(struct leat__segment *segment)
{
	const struct leat_stage *tail = segment->stages[segment->n_stages - 1];
	bool is_large = stage_emits_large(tail);

	segment->n_replicas = 1;
	if (!tail->is_replicated)
		return;
	segment->n_replicas = stage_n_replicas(tail);
	segment->window = segment->n_replicas *
		(is_large ? PLAN_WINDOW_LARGE : PLAN_WINDOW);
}

static void
plan_ordered(struct leat__segment *segment)
{
	const struct leat_stage *tail = segment->stages[segment->n_stages - 1];

	segment->is_ordered = false;
	for (uint32_t k = 0; k < tail->n_outs; k++)
		segment->is_ordered |= tail->outs[k]->is_ordered;
}

/* Fill a segment from its head on; returns where the next one's stages go. */
static struct leat_stage **
plan_segment(struct leat__segment *segment, struct leat_stage *head,
	struct leat_stage **places)
{
	segment->stages = places;
	segment->is_blocking = head->ops.flags & LEAT_STAGE_BLOCKING;
	for (struct leat_stage *st = head; st; st = stage_next(st)) {
		st->segment = segment;
		st->at = segment->n_stages++;
		*places++ = st;
	}
	plan_replicas(segment);
	plan_ordered(segment);
	return places;
}

static int
plan_segments(struct leat_graph *graph, struct leat_error *err)
{
	struct leat_stage **places;
	uint32_t n = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++)
		n += stage_heads_segment(graph->stages[k]);
	graph->segments =
		leat__graph_own_alloc(graph, n * sizeof(*graph->segments));
	places =
		leat__graph_own_alloc(graph, graph->n_stages * sizeof(*places));
	if (!graph->segments || !places)
		return leat__graph_no_memory(err, "the plan");
	graph->n_segments = 0;
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat__segment *segment =
			&graph->segments[graph->n_segments];

		if (!stage_heads_segment(graph->stages[k]))
			continue;
		segment->number = graph->n_segments++;
		places = plan_segment(segment, graph->stages[k], places);
	}
	return LEAT_OK;
}

static void
plan_threads(struct leat_graph *graph)
{
	uint32_t n_blocking = 0;
	uint64_t n_others = 0;

	for (uint32_t k = 0; k < graph->n_segments; k++) {
		const struct leat__segment *segment = &graph->segments[k];

		if (segment->is_blocking)
			n_blocking++;
		else
			n_others += segment->n_replicas;
	}
	graph->n_workers =
		(uint32_t)leat__min_u64(graph->opts.workers, n_others);
	graph->n_threads = graph->n_workers + n_blocking;
}

/* ---- classes of the pool ----------------------------------------------- */

static uint32_t
size_round(uint32_t n_bytes)
{
	return (uint32_t)leat__round_up(n_bytes, LEAT__SLOT_ROUND_BYTES);
}

/* Sizes, ascending and distinct; at most one over the limit of classes. */
struct sizes {
	uint32_t n;
	uint32_t bytes[LEAT_POOL_CLASSES_MAX + 1];
};

static void
sizes_insert(struct sizes *sizes, uint32_t bytes)
{
	uint32_t at = 0;

	while (at < sizes->n && sizes->bytes[at] < bytes)
		at++;
	if (at < sizes->n && sizes->bytes[at] == bytes)
		return;
	memmove(&sizes->bytes[at + 1], &sizes->bytes[at],
		(sizes->n - at) * sizeof(sizes->bytes[0]));
	sizes->bytes[at] = bytes;
	sizes->n++;
}

/* Of the two that lie nearest, the smaller goes: its frames fit the larger. */
static void
sizes_merge(struct sizes *sizes)
{
	uint32_t at = 0;

	for (uint32_t k = 1; k + 1 < sizes->n; k++)
		if (sizes->bytes[k + 1] - sizes->bytes[k] <
			sizes->bytes[at + 1] - sizes->bytes[at])
			at = k;
	memmove(&sizes->bytes[at], &sizes->bytes[at + 1],
		(sizes->n - at - 1) * sizeof(sizes->bytes[0]));
	sizes->n--;
}

/* The smallest class whose slots hold so much; the largest if none does. */
static uint32_t
class_for(const struct leat_graph *graph, uint32_t n_bytes)
{
	uint32_t c = 0;

	while (c + 1 < graph->n_classes &&
		graph->classes[c].slot_bytes < n_bytes)
		c++;
	return c;
}

static void
plan_classes(struct leat_graph *graph)
{
	struct sizes sizes = {0};

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];

		if (st->is_maker)
			sizes_insert(&sizes, size_round(st->needs.frame_bytes));
		if (sizes.n > LEAT_POOL_CLASSES_MAX)
			sizes_merge(&sizes);
	}
	memset(graph->classes, 0, sizeof(graph->classes));
	graph->n_classes = sizes.n;
	for (uint32_t c = 0; c < sizes.n; c++)
		graph->classes[c].slot_bytes = sizes.bytes[c];
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		st->pool_class = st->is_maker
			? class_for(graph, st->needs.frame_bytes)
			: UINT32_MAX;
		for (uint32_t n = 1; n < leat__stage_n_instances(st); n++)
			leat__stage_instance(st, n)->pool_class =
				st->pool_class;
	}
}

/* ---- cargo: what a frame on a link takes up ---------------------------- */

void
leat__cargo_in(const struct leat_stage *st, struct leat__cargo *cargo)
{
	memset(cargo, 0, sizeof(*cargo));
	for (uint32_t k = 0; k < st->n_ins; k++) {
		const struct leat__cargo *in = leat__link_cargo(st->ins[k]);

		cargo->frames |= in->frames;
		for (uint32_t c = 0; c < LEAT_POOL_CLASSES_MAX; c++)
			cargo->pins[c] = (uint32_t)leat__max_u64(
				cargo->pins[c], in->pins[c]);
	}
}

/* Frames that it makes point into its input: they keep that, and all it
 * points into, from going. */
static void
cargo_add_base(const struct leat_graph *graph, const struct leat_stage *st,
	const struct leat__cargo *in, struct leat__cargo *out)
{
	uint32_t bases = in->frames;

	if (!bases)
		bases = 1u << class_for(graph, st->out_shape.base_bytes);
	for (uint32_t c = 0; c < LEAT_POOL_CLASSES_MAX; c++)
		out->pins[c] = (uint32_t)leat__max_u64(
			out->pins[c], in->pins[c] + ((bases >> c) & 1u));
}

/* What its input points into, it makes as well, in slots of its own. */
static void
cargo_add_restored(const struct leat_stage *st, const struct leat__cargo *in,
	struct leat__cargo *out)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < LEAT_POOL_CLASSES_MAX; c++)
		n += in->pins[c];
	out->pins[st->pool_class] =
		(uint32_t)leat__max_u64(out->pins[st->pool_class], n);
}

static void
plan_cargo(const struct leat_graph *graph, struct leat_stage *st)
{
	struct leat__cargo *out = &st->cargo;
	struct leat__cargo in;

	memset(out, 0, sizeof(*out));
	leat__cargo_in(st, &in);
	st->in_cargo = in;
	if (st->is_passer)
		*out = in;
	if (!st->is_maker)
		return;
	out->frames |= 1u << st->pool_class;
	if (st->is_restoring)
		cargo_add_restored(st, &in, out);
	else if (st->out_shape.base_bytes)
		cargo_add_base(graph, st, &in, out);
}

/* ---- the whole --------------------------------------------------------- */

int
leat__plan_make(struct leat_graph *graph, struct leat_error *err)
{
	LEAT_TRY(plan_links(graph, err));
	LEAT_TRY(leat__order_make(graph, err));
	LEAT_TRY(leat__gather_check(graph, err));
	LEAT_TRY(plan_segments(graph, err));
	plan_threads(graph);
	LEAT_TRY(leat__replicas_make(graph, err));
	plan_classes(graph);
	for (uint32_t k = 0; k < graph->n_stages; k++)
		plan_cargo(graph, graph->stages[k]);
	LEAT_TRY(leat__latency_make(graph, err));
	return leat__budget_make(graph, err);
}
