/*
 * graph/explain.c -- the plan for people: who runs what, what flows where,
 * and where every byte of the bound comes from.
 *
 * Keeps: the sums at the bottom are the plan's own numbers, not a second
 * calculation.
 * Threads: any, once the graph has been checked.
 */
#include <stdio.h>
#include <string.h>

#include "graph/parallel.h"

#define EXPLAIN_NAME_MAX 40u /* widest first column */

static uint32_t
explain_width(uint32_t width, size_t n)
{
	return (uint32_t)leat__min_u64(
		leat__max_u64(width, n), EXPLAIN_NAME_MAX);
}

/* ---- segments ---------------------------------------------------------- */

/* Where there are several. */
static void
explain_priority(const struct leat_graph *graph,
	const struct leat__segment *segment, struct leat__text *text)
{
	uint32_t used = leat__priorities_used(graph);
	uint32_t priority = leat__segment_priority(segment);
	char buf[8];

	if (segment->is_blocking || !(used & (used - 1)))
		return;
	leat__text_add(
		text, "  priority %s", leat__priority_text(priority, buf));
	if (graph->opts.schedule == LEAT_SCHEDULE_WEIGHTED)
		leat__text_add(text, ", weight %u",
			leat__priority_weight(graph, priority));
}

static void
explain_replicas(const struct leat__segment *segment, struct leat__text *text)
{
	const struct leat__parallel *par =
		leat__parallel_region(segment->stages[0]);

	leat__text_add(text, "  x ");
	if (par && leat__parallel_is_elastic(par))
		leat__text_add(text, "%u..", par->elastic.opts.least);
	leat__text_add(text, "%u, in order, %u ahead", segment->n_replicas,
		segment->window);
}

static void
explain_segments(const struct leat_graph *graph, struct leat__text *text)
{
	leat__text_add(text, "segments: %u on %u thread%s (%u worker%s)\n",
		graph->n_segments, graph->n_threads,
		graph->n_threads == 1 ? "" : "s", graph->n_workers,
		graph->n_workers == 1 ? "" : "s");
	for (uint32_t k = 0; k < graph->n_segments; k++) {
		const struct leat__segment *segment = &graph->segments[k];

		leat__text_add(text, "  %-3u %-7s ", segment->number + 1,
			segment->is_blocking ? "thread" : "worker");
		for (uint32_t j = 0; j < segment->n_stages; j++)
			leat__text_add(text, "%s%s", j ? " -> " : "",
				segment->stages[j]->name);
		if (segment->n_replicas > 1)
			explain_replicas(segment, text);
		explain_priority(graph, segment, text);
		leat__text_add(text, "\n");
	}
}

/* ---- links ------------------------------------------------------------- */

static void
link_label(const struct leat__link *link, char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};

	leat__text_add(&text, "%s", link->from->name);
	if (leat__link_is_fallback(link))
		leat__text_add(&text, ".%u (fallback)", link->from_index);
	else if (link->from->n_outs > 1)
		leat__text_add(&text, ".%u", link->from_index);
	leat__text_add(&text, " -> %s", link->to->name);
	if (link->to->n_ins > 1)
		leat__text_add(&text, ".%u", link->to_index);
}

static void
explain_link(
	const struct leat__link *link, uint32_t width, struct leat__text *text)
{
	const struct leat_shape *shape = leat__link_shape(link);
	char label[2 * LEAT_ERROR_STAGE_BYTES + 32], size[32], how[24];

	link_label(link, label, sizeof(label));
	leat__text_add(text, "  %-*s  %-5s  ", (int)width, label,
		leat__layout_name(shape->layout));
	snprintf(how, sizeof(how), "%u frame%s", link->capacity_frames,
		link->capacity_frames == 1 ? "" : "s");
	leat__text_add(text, "%-9s  of %s", link->is_fused ? "fused" : how,
		leat__size_text(shape->frame_bytes, size));
	if (shape->base_bytes)
		leat__text_add(text, ", in %s",
			leat__size_text(shape->base_bytes, size));
	leat__text_add(text, "\n");
}

/* In the order of the data: by the stage they begin at. */
static void
explain_links(const struct leat_graph *graph, struct leat__text *text)
{
	char label[2 * LEAT_ERROR_STAGE_BYTES + 32];
	uint32_t width = 0;

	if (graph->n_links == 0)
		return;
	for (uint32_t k = 0; k < graph->n_links; k++) {
		link_label(graph->links[k], label, sizeof(label));
		width = explain_width(width, strlen(label));
	}
	leat__text_add(text, "links\n");
	for (uint32_t k = 0; k < graph->n_stages; k++)
		for (uint32_t j = 0; j < graph->stages[k]->n_outs; j++)
			explain_link(graph->stages[k]->outs[j], width, text);
}

/* ---- pool -------------------------------------------------------------- */

struct tally {
	uint64_t n_slots[LEAT_POOL_CLASSES_MAX][LEAT__SHARE_N];
};

static void
tally_add(const struct leat__share *share, void *user)
{
	struct tally *tally = user;

	tally->n_slots[share->class_][share->kind] += share->n_slots;
}

static void
explain_class(const struct leat_pool_class *class_, const uint64_t *n_slots,
	struct leat__text *text)
{
	static const char *const names[LEAT__SHARE_N] = {"links", "inboxes",
		"held", "reserved", "copies", "windows", "magazines"};
	const char *between = "";
	char slot[32], sum[32];

	leat__text_add(text, "  %4u frames of %-9s = %-9s  ", class_->n_slots,
		leat__size_text(class_->slot_bytes, slot),
		leat__size_text(
			(uint64_t)class_->n_slots * class_->slot_bytes, sum));
	for (uint32_t k = 0; k < LEAT__SHARE_N; k++) {
		if (!n_slots[k])
			continue;
		leat__text_add(text, "%s%s %llu", between, names[k],
			(unsigned long long)n_slots[k]);
		between = ", ";
	}
	leat__text_add(text, "\n");
}

static void
explain_pool(const struct leat_graph *graph, struct leat__text *text)
{
	struct tally tally;

	memset(&tally, 0, sizeof(tally));
	leat__budget_each(graph, tally_add, &tally);
	if (graph->n_classes)
		leat__text_add(text, "pool\n");
	for (uint32_t c = 0; c < graph->n_classes; c++)
		explain_class(&graph->classes[c], tally.n_slots[c], text);
}

/* ---- the rest ---------------------------------------------------------- */

static void
explain_side(const struct leat_graph *graph, struct leat__text *text)
{
	uint32_t width = 0;
	char size[32];

	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (leat__stage_side_bytes(graph->stages[k]))
			width = explain_width(
				width, strlen(graph->stages[k]->name));
	if (!width)
		return;
	leat__text_add(text, "side memory (%s)\n",
		leat__arena_is_jemalloc(graph->arena) ? "jemalloc" : "malloc");
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];

		if (leat__stage_side_bytes(st))
			leat__text_add(text, "  %-*s  %s\n", (int)width,
				st->name,
				leat__size_text(
					leat__stage_side_bytes(st), size));
	}
}

static void
explain_bound(const struct leat_graph *graph, struct leat__text *text)
{
	uint64_t pool = leat__pool_bytes(graph->classes, graph->n_classes);
	uint64_t side = leat__budget_side_bytes(graph);
	uint64_t channels = leat__budget_channel_bytes(graph);
	char sizes[5][32];

	leat__text_add(text,
		"at most %s: pool %s, side memory %s, channels %s, graph %s\n",
		leat__size_text(graph->bound_bytes, sizes[0]),
		leat__size_text(pool, sizes[1]),
		leat__size_text(side, sizes[2]),
		leat__size_text(channels, sizes[3]),
		leat__size_text(
			graph->bound_bytes - pool - side - channels, sizes[4]));
}

size_t
leat_graph_explain(const struct leat_graph *graph, char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};

	if (n_bytes)
		buf[0] = '\0';
	if (graph->state == LEAT__GRAPH_BUILDING)
		return 0;
	explain_segments(graph, &text);
	explain_links(graph, &text);
	explain_pool(graph, &text);
	explain_side(graph, &text);
	explain_bound(graph, &text);
	return text.at;
}
