/*
 * support/oracle_diamond.c -- diamonds of random graphs: branches that begin at
 * one stage and are merged in order, with others like it on their branches.
 *
 * Keeps: what comes out is known, and in which order. Every way through has one
 * stage that works, whichever way a frame takes; of a tee all branches but one
 * drop everything.
 */
#include <stdio.h>
#include <string.h>

#include "support/oracle.h"

#define DIAMOND_BRANCHES_MAX 3u
#define DIAMOND_STAGES_MAX   12u /* no inner ones once there are so many */

/* What is being built. */
struct builder {
	struct oracle *o;
	struct oracle_node *node;
	uint64_t random;
	uint32_t n_stages;
};

/* How far a branch is built. */
struct tip {
	struct leat_end end;
	uint32_t max_out; /* of its stage */
};

/* A block: where its branches begin and end, and who works on them. */
struct block {
	struct leat_stage *begin, *merge;
	struct oracle_node *works;
	uint32_t depth; /* of those that may stand on its branches */
	uint32_t n;     /* branches */
	uint32_t live;  /* of a tee: the one that does not drop all; else n */
};

static uint32_t
draw(struct builder *b, uint32_t n)
{
	return oracle_below(&b->random, n);
}

/* ---- stages and links --------------------------------------------------- */

static int
build_link(struct builder *b, const struct tip *tip, struct leat_end to)
{
	struct leat_link_opts opts = {LEAT_OPTS_INIT(leat_link_opts),
		.capacity_frames =
			tip->max_out + (draw(b, 2) ? 0 : draw(b, 4))};

	return leat_graph_link(b->o->graph, tip->end, to, &opts, &b->o->err);
}

/* name NULL = numbered */
static int
build_add(struct builder *b, const char *name, struct leat_step step,
	struct leat_stage **st_out)
{
	char own[24];

	snprintf(own, sizeof(own), "%s-%u", b->node->name, b->n_stages++);
	return leat_graph_add(
		b->o->graph, name ? name : own, &step, st_out, &b->o->err);
}

/* A stage of the oracle's behind the tip, which goes behind it. */
static int
build_stage(struct builder *b, struct oracle_node *node, struct tip *tip)
{
	struct oracle_stage_opts opts = {
		LEAT_OPTS_INIT(oracle_stage_opts), .node = node};
	struct leat_stage_ops ops;
	struct leat_stage *st;

	oracle_ops(node, &ops);
	LEAT_TRY(build_add(b, NULL, (struct leat_step){&ops, &opts}, &st));
	LEAT_TRY(build_link(b, tip, leat_in(st, 0)));
	*tip = (struct tip){leat_out(st, 0), node->max_out};
	return LEAT_OK;
}

/* Now and then one that passes all on, at once or by a flush. */
static int
build_passing(struct builder *b, struct tip *tip)
{
	uint32_t kind = draw(b, 8);

	return kind > 1
		? LEAT_OK
		: build_stage(b, kind ? &b->o->passes : &b->o->holds, tip);
}

/* ---- branches ----------------------------------------------------------- */

static int build_block(struct builder *b, struct block *block,
	const char *begin, const char *merge);

/* A block of its own in the place of the stage that works. */
static int
build_inner(struct builder *b, struct oracle_node *works, uint32_t depth,
	struct tip *tip)
{
	struct block inner = {.works = works, .depth = depth};

	LEAT_TRY(build_block(b, &inner, NULL, NULL));
	LEAT_TRY(build_link(b, tip, leat_in(inner.begin, 0)));
	*tip = (struct tip){leat_out(inner.merge, 0), 1};
	return LEAT_OK;
}

static int
build_branch(struct builder *b, const struct block *block, uint32_t k)
{
	bool is_deep = block->depth && b->n_stages < DIAMOND_STAGES_MAX;
	struct tip tip = {leat_out(block->begin, k), 1};
	struct oracle_node *works = block->works;

	if (block->live < block->n && k != block->live)
		works = &b->o->drops;
	LEAT_TRY(build_passing(b, &tip));
	if (is_deep && draw(b, 2))
		LEAT_TRY(build_inner(b, works, block->depth - 1, &tip));
	else
		LEAT_TRY(build_stage(b, works, &tip));
	LEAT_TRY(build_passing(b, &tip));
	return build_link(b, &tip, leat_in(block->merge, k));
}

static int
build_begin(struct builder *b, struct block *block, const char *name)
{
	struct leat_split_opts by = {LEAT_OPTS_INIT(leat_split_opts),
		.by = draw(b, 2) ? LEAT_SPLIT_CREDIT : LEAT_SPLIT_ROUND};
	struct leat_tee_opts slow = {
		LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};
	struct leat_step step = {&leat_split_ops, &by};

	block->live = block->n;
	if (draw(b, 3) == 0) {
		step = (struct leat_step){&leat_tee_ops, &slow};
		block->live = draw(b, block->n);
	}
	return build_add(b, name, step, &block->begin);
}

static int
build_block(struct builder *b, struct block *block, const char *begin,
	const char *merge)
{
	struct leat_merge_opts order = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct leat_step step = {&leat_merge_ops, &order};

	block->n = 1 + draw(b, DIAMOND_BRANCHES_MAX);
	LEAT_TRY(build_begin(b, block, begin));
	LEAT_TRY(build_add(b, merge, step, &block->merge));
	for (uint32_t k = 0; k < block->n; k++)
		LEAT_TRY(build_branch(b, block, k));
	return LEAT_OK;
}

/* ---- the whole ---------------------------------------------------------- */

/* A stage that keeps so many percent; of all diamonds of a graph. */
static void
diamond_helper(struct oracle_node *helper, const struct oracle_node *node,
	uint64_t percent)
{
	struct oracle_list none = {0};

	*helper = *node;
	snprintf(helper->name, sizeof(helper->name), "keeps%u",
		(unsigned)percent);
	helper->kind = ORACLE_KEEP;
	helper->n = percent;
	helper->max_out = 1;
	helper->frame_bytes = 0;
	helper->is_blocking = helper->is_waiting = false;
	helper->is_stateless = node->seed & 64u;
	helper->expected = helper->seen = none;
}

/* One that holds frames, and is not too lazy to let them go. */
static void
diamond_holder(struct oracle_node *helper, const struct oracle_node *node)
{
	diamond_helper(helper, node, 100);
	helper->kind = ORACLE_HOLD;
	helper->seed &= ~2ull;
	helper->n = 1 + (node->seed >> 20) % ORACLE_HOLDS_MAX;
	helper->is_stateless = false;
}

int
oracle_build_diamond(struct oracle *o, struct oracle_node *node)
{
	struct builder b = {.o = o, .node = node, .random = node->seed};
	struct block block = {
		.works = node, .depth = (uint32_t)(node->seed >> 9) % 3};
	char name[24];

	diamond_helper(&o->drops, node, 0);
	diamond_helper(&o->passes, node, 100);
	diamond_holder(&o->holds, node);
	snprintf(name, sizeof(name), "%s-out", node->name);
	return build_block(&b, &block, node->name, name);
}
