/*
 * support/oracle_kinds.c -- the kinds of stages: how each is drawn, what it
 * makes of an item, and the interpreter's half of it.
 *
 * The interpreter knows no frames, no credit and no threads: an item goes
 * through the whole graph before the next one begins.
 */
#include "fan/hash_ring.h"
#include "support/oracle.h"

#include <stdlib.h>

/* ---- values ------------------------------------------------------------ */

/* All different: mixing is one to one. Sorted ones differ from each other, but
 * not from those of all other sources. */
uint64_t
oracle_source_item(const struct oracle_node *node, uint64_t k)
{
	if (node->is_sorted)
		return k * 8 * (1 + node->seed % 5) +
			oracle_mix(node->seed + k) % 8;
	return oracle_mix(node->seed + k);
}

bool
oracle_keeps(const struct oracle_node *node, uint64_t item)
{
	return oracle_mix(item ^ node->seed) % 100 < node->n;
}

uint64_t
oracle_mapped(const struct oracle_node *node, uint64_t item)
{
	return item + node->seed;
}

/* Of a group the order shows; of all it must not. */
uint64_t
oracle_folded(const struct oracle_node *node, uint64_t sum, uint64_t item)
{
	return node->n ? 3 * sum + item : sum + item;
}

uint32_t
oracle_n_results(const struct oracle_node *node, uint64_t item)
{
	if (node->kind == ORACLE_EXPAND || node->kind == ORACLE_FACET)
		return (uint32_t)(oracle_mix(item ^ node->seed) %
			(node->n + 1));
	return node->kind == ORACLE_COPY ? 2 : 1;
}

uint64_t
oracle_result(const struct oracle_node *node, uint64_t item, uint32_t k,
	uint32_t *out_out)
{
	*out_out = 0;
	if (node->kind == ORACLE_COPY)
		*out_out = k;
	if (node->kind == ORACLE_ROUTE)
		*out_out = (uint32_t)(oracle_mix(item ^ node->seed) & 1u);
	return node->kind == ORACLE_EXPAND || node->kind == ORACLE_FACET
		? oracle_mix(item + k)
		: item;
}

/* ---- the interpreter's half -------------------------------------------- */

static void
source_end(struct oracle_node *node)
{
	const struct oracle *o = node->oracle;
	bool is_drained =
		o->ending == ORACLE_DRAIN || o->ending == ORACLE_DRAIN_CANCEL;
	uint64_t n = is_drained || node->n == ORACLE_ENDLESS ? node->n_read
							     : node->n;

	for (uint64_t k = 0; k < n; k++)
		oracle_give(node, 0, oracle_source_item(node, k));
}

static void
map_item(struct oracle_node *node, uint64_t item)
{
	oracle_give(node, 0, oracle_mapped(node, item));
}

static void
keep_item(struct oracle_node *node, uint64_t item)
{
	if (oracle_keeps(node, item))
		oracle_give(node, 0, item);
}

static void
spread_item(struct oracle_node *node, uint64_t item)
{
	uint32_t n = oracle_n_results(node, item);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t out;
		uint64_t result = oracle_result(node, item, k, &out);

		oracle_give(node, out, result);
	}
}

static void
fold_give(struct oracle_node *node)
{
	oracle_give(node, 0, node->sum);
	node->sum = node->n_sum = 0;
}

static void
fold_item(struct oracle_node *node, uint64_t item)
{
	node->sum = oracle_folded(node, node->sum, item);
	if (++node->n_sum == node->n)
		fold_give(node);
}

static void
fold_end(struct oracle_node *node)
{
	if (node->n_sum || !node->n)
		fold_give(node);
}

static void
pass_item(struct oracle_node *node, uint64_t item)
{
	oracle_give(node, 0, item);
}

/* Which ones come first is known of a sequence only. */
static void
head_item(struct oracle_node *node, uint64_t item)
{
	if (node->order != ORACLE_SEQUENCE || node->n_in <= node->n)
		oracle_give(node, 0, item);
}

static void
sink_item(struct oracle_node *node, uint64_t item)
{
	if (!node->n || node->order != ORACLE_SEQUENCE || node->n_in <= node->n)
		oracle_list_push(&node->expected, item);
}

/* ---- how they are drawn ------------------------------------------------ */

static uint32_t
draw_below(struct oracle_node *node, uint32_t n)
{
	return oracle_below(&node->oracle->random, n);
}

static void
source_draw(struct oracle_node *node)
{
	node->is_sorted = draw_below(node, 2);
}

static void
keep_draw(struct oracle_node *node)
{
	static const uint8_t percents[] = {0, 1, 25, 50, 75, 99, 100};

	node->n = percents[draw_below(node, sizeof(percents))];
}

/* Few are bad. */
static void
reject_draw(struct oracle_node *node)
{
	static const uint8_t percents[] = {0, 50, 90, 97, 99, 100};

	node->n = percents[draw_below(node, sizeof(percents))];
	node->trouble.on_error = draw_below(node, 6);
}

static void
expand_draw(struct oracle_node *node)
{
	uint32_t most = node->gain > 4 ? 1 : 4;

	node->n = 1 + draw_below(node, most);
	node->gain *= (uint32_t)node->n;
}

/* Of items without order only the sum of all is known. */
static void
fold_draw(struct oracle_node *node)
{
	if (node->order == ORACLE_SEQUENCE)
		node->n = draw_below(node, 6);
}

static void
hold_draw(struct oracle_node *node)
{
	node->n = 1 + draw_below(node, ORACLE_HOLDS_MAX);
}

static void
cut_order(struct oracle_node *node)
{
	if (node->order != ORACLE_SEQUENCE)
		node->order = ORACLE_SUBSET;
}

static void
head_draw(struct oracle_node *node)
{
	node->n = draw_below(node, 200);
	cut_order(node);
}

static void
union_draw(struct oracle_node *node)
{
	if (node->order == ORACLE_SEQUENCE)
		node->order = ORACLE_BAG;
}

static void
swarm_draw(struct oracle_node *node)
{
	keep_draw(node);
	union_draw(node);
}

static const struct leat_tee_opts tee_opts = {
	LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};
static const struct leat_tee_opts shed_opts = {
	LEAT_OPTS_INIT(leat_tee_opts), .slow = "block,shed"};
static const struct leat_tee_opts oldest_opts = {
	LEAT_OPTS_INIT(leat_tee_opts), .slow = "block,shed-oldest", .hold = 2};
static const struct leat_tee_opts spill_opts = {LEAT_OPTS_INIT(leat_tee_opts),
	.slow = "block,spill", .spill_bytes = 65536, .spill_dir = "/tmp"};
static const struct leat_split_opts split_opts = {
	LEAT_OPTS_INIT(leat_split_opts), .by = LEAT_SPLIT_CREDIT};

static const struct leat_split_opts range_opts = {
	LEAT_OPTS_INIT(leat_split_opts), .by = LEAT_SPLIT_HASH_RANGE};

static void
range_item(struct oracle_node *node, uint64_t item)
{
	uint64_t hash = leat__fan_hash(&item, sizeof(item));

	oracle_give(node, (uint32_t)(hash >> 63), item);
}

static const struct leat_merge_opts key_opts = {LEAT_OPTS_INIT(leat_merge_opts),
	.order = LEAT_MERGE_KEY, .key = "item"};

/* Which of the ins an item came by does not show in the end. */
static void
key_item(struct oracle_node *node, uint64_t item)
{
	oracle_list_push(&node->expected, item);
}

static int
key_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
key_end(struct oracle_node *node)
{
	struct oracle_list *list = &node->expected;

	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), key_compare);
	for (size_t k = 0; k < list->n; k++)
		oracle_give(node, 0, list->items[k]);
}

/* The items of both ins, until they have ended. */
static void
zip_item(struct oracle_node *node, uint64_t item)
{
	oracle_list_push(node->in ? &node->seen : &node->expected, item);
}

static void
zip_end(struct oracle_node *node)
{
	const struct oracle_list *a = &node->expected, *b = &node->seen;

	for (size_t k = 0; k < a->n && k < b->n; k++)
		oracle_give(node, 0, oracle_glued(a->items[k], b->items[k]));
	node->seen.n = 0;
}

static void
tee_item(struct oracle_node *node, uint64_t item)
{
	oracle_give(node, 0, item);
	oracle_give(node, 1, item);
}

/* Who gets which depends on the schedule. */
static void
split_draw(struct oracle_node *node)
{
	node->order = ORACLE_SUBSET;
}

static void
split_item(struct oracle_node *node, uint64_t item)
{
	oracle_give(node, 0, item);
	oracle_give(node, 1, item);
	node->n_out--;
}

static void
sink_draw(struct oracle_node *node)
{
	if (draw_below(node, 8))
		return;
	node->n = 1 + draw_below(node, 200);
	cut_order(node);
}

/* ---- the table --------------------------------------------------------- */

const struct oracle_row oracle_kinds[ORACLE_KINDS] = {
	[ORACLE_SOURCE] = {.name = "source",
		.n_outs = 1,
		.is_maker = true,
		.can_block = true,
		.ops = &oracle_source_ops,
		.draw = source_draw,
		.end = source_end},
	[ORACLE_MAP] = {.name = "map",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 3,
		.needs = ORACLE_SUBSET,
		.can_block = true,
		.can_replicate = true,
		.ops = &oracle_map_ops,
		.item = map_item},
	[ORACLE_MAP_ITEM] = {.name = "map-item",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 2,
		.needs = ORACLE_SUBSET,
		.can_replicate = true,
		.ops = &oracle_map_item_ops,
		.item = map_item},
	[ORACLE_KEEP] = {.name = "keep",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 3,
		.needs = ORACLE_SUBSET,
		.keeps_sorted = true,
		.can_block = true,
		.can_replicate = true,
		.ops = &oracle_keep_ops,
		.draw = keep_draw,
		.item = keep_item},
	[ORACLE_KEEP_ITEM] = {.name = "keep-item",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 2,
		.needs = ORACLE_SUBSET,
		.keeps_sorted = true,
		.can_replicate = true,
		.ops = &oracle_keep_item_ops,
		.draw = keep_draw,
		.item = keep_item},
	[ORACLE_EXPAND] = {.name = "expand",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_maker = true,
		.can_block = true,
		.can_replicate = true,
		.ops = &oracle_spread_ops,
		.draw = expand_draw,
		.item = spread_item},
	[ORACLE_FOLD] = {.name = "fold",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 3,
		.needs = ORACLE_BAG,
		.is_maker = true,
		.can_block = true,
		.ops = &oracle_fold_ops,
		.draw = fold_draw,
		.item = fold_item,
		.end = fold_end},
	[ORACLE_HOLD] = {.name = "hold",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 3,
		.needs = ORACLE_SUBSET,
		.keeps_sorted = true,
		.can_block = true,
		.ops = &oracle_hold_ops,
		.draw = hold_draw,
		.item = pass_item},
	[ORACLE_HEAD] = {.name = "head",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 1,
		.needs = ORACLE_SUBSET,
		.keeps_sorted = true,
		.can_block = true,
		.ops = &oracle_head_ops,
		.draw = head_draw,
		.item = head_item},
	[ORACLE_ROUTE] = {.name = "route",
		.n_ins = 1,
		.n_outs = 2,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_maker = true,
		.can_block = true,
		.ops = &oracle_spread_ops,
		.item = spread_item},
	[ORACLE_COPY] = {.name = "copy",
		.n_ins = 1,
		.n_outs = 2,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_maker = true,
		.can_block = true,
		.ops = &oracle_spread_ops,
		.item = spread_item},
	[ORACLE_UNION] = {.name = "union",
		.n_ins = 2,
		.n_outs = 1,
		.weight = 12,
		.needs = ORACLE_SUBSET,
		.can_block = true,
		.ops = &oracle_union_ops,
		.draw = union_draw,
		.item = pass_item},
	[ORACLE_TEE] = {.name = "tee",
		.n_ins = 1,
		.n_outs = 2,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.keeps_sorted = true,
		.is_foreign = true,
		.ops = &leat_tee_ops,
		.opts = &tee_opts,
		.item = tee_item},
	[ORACLE_TEE_SHED] = {.name = "shed",
		.n_ins = 1,
		.n_outs = 2,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_foreign = true,
		.is_lossy = true,
		.ops = &leat_tee_ops,
		.opts = &shed_opts,
		.draw = split_draw,
		.item = tee_item},
	[ORACLE_TEE_OLDEST] = {.name = "oldest",
		.n_ins = 1,
		.n_outs = 2,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_foreign = true,
		.is_lossy = true,
		.ops = &leat_tee_ops,
		.opts = &oldest_opts,
		.draw = split_draw,
		.item = tee_item},
	[ORACLE_TEE_SPILL] = {.name = "spill",
		.n_ins = 1,
		.n_outs = 2,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_foreign = true,
		.ops = &leat_tee_ops,
		.opts = &spill_opts,
		.item = tee_item},
	[ORACLE_SPLIT] = {.name = "split",
		.n_ins = 1,
		.n_outs = 2,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_foreign = true,
		.ops = &leat_split_ops,
		.opts = &split_opts,
		.draw = split_draw,
		.item = split_item},
	[ORACLE_RANGE] = {.name = "range",
		.n_ins = 1,
		.n_outs = 2,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_foreign = true,
		.ops = &leat_split_ops,
		.opts = &range_opts,
		.item = range_item},
	[ORACLE_MERGE] = {.name = "merge",
		.n_ins = 2,
		.n_outs = 1,
		.weight = 12,
		.needs = ORACLE_SUBSET,
		.is_foreign = true,
		.ops = &leat_merge_ops,
		.draw = union_draw,
		.item = pass_item},
	[ORACLE_MERGE_KEY] = {.name = "merge-key",
		.n_ins = 2,
		.n_outs = 1,
		.weight = 30,
		.needs = ORACLE_SEQUENCE,
		.is_foreign = true,
		.keeps_sorted = true,
		.gathers = true,
		.needs_sorted = true,
		.ops = &leat_merge_ops,
		.opts = &key_opts,
		.item = key_item,
		.end = key_end},
	[ORACLE_ZIP] = {.name = "zip",
		.n_ins = 2,
		.n_outs = 1,
		.weight = 15,
		.needs = ORACLE_SEQUENCE,
		.is_diamond = true,
		.is_foreign = true,
		.is_beside = true,
		.gathers = true,
		.ops = &leat_zip_ops,
		.item = zip_item,
		.end = zip_end},
	[ORACLE_JOIN] = {.name = "join",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 4,
		.needs = ORACLE_SUBSET,
		.is_diamond = true,
		.is_beside = true,
		.can_block = true,
		.can_replicate = true,
		.keeps_sorted = true,
		.ops = &oracle_keep_ops,
		.draw = keep_draw,
		.item = keep_item},
	[ORACLE_DIAMOND] = {.name = "diamond",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 5,
		.needs = ORACLE_SUBSET,
		.keeps_sorted = true,
		.is_diamond = true,
		.can_block = true,
		.can_replicate = true,
		.ops = &oracle_keep_ops,
		.draw = keep_draw,
		.item = keep_item},
	[ORACLE_FACET] = {.name = "facet",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 5,
		.needs = ORACLE_SUBSET,
		.is_diamond = true,
		.is_maker = true,
		.can_block = true,
		.can_replicate = true,
		.ops = &oracle_spread_ops,
		.draw = expand_draw,
		.item = spread_item},
	[ORACLE_PARALLEL] = {.name = "parallel",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 6,
		.needs = ORACLE_SUBSET,
		.is_diamond = true,
		.is_parallel = true,
		.is_maker = true,
		.can_block = true,
		.can_replicate = true,
		.ops = &oracle_spread_ops,
		.draw = expand_draw,
		.item = spread_item},
	[ORACLE_SWARM] = {.name = "swarm",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 6,
		.needs = ORACLE_SUBSET,
		.is_diamond = true,
		.is_parallel = true,
		.can_block = true,
		.can_replicate = true,
		.ops = &oracle_keep_ops,
		.draw = swarm_draw,
		.item = keep_item},
	[ORACLE_REJECT] = {.name = "reject",
		.n_ins = 1,
		.n_outs = 1,
		.weight = 6,
		.needs = ORACLE_SUBSET,
		.keeps_sorted = true,
		.can_block = true,
		.can_replicate = true,
		.ops = &oracle_reject_ops,
		.draw = reject_draw,
		.item = keep_item},
	[ORACLE_SINK] = {.name = "sink",
		.n_ins = 1,
		.needs = ORACLE_SUBSET,
		.can_block = true,
		.ops = &oracle_sink_ops,
		.draw = sink_draw,
		.item = sink_item},
};
