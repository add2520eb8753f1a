/*
 * support/oracle_beside.c -- zip and join in random graphs: pairs of items are
 * made, and a stage behind makes one item of each again.
 *
 * Of a zip a pair tells which items stood side by side. The branches of a join
 * keep the same items, so that both of a pair are one; which stages they are
 * does not show.
 */
#include <stdio.h>

#include "support/oracle.h"

#define PAIR_BYTES       16u
#define BESIDE_FRAME_MAX 65536u

/* ---- one item of a pair ---------------------------------------------------- */

uint64_t
oracle_glued(uint64_t a, uint64_t b)
{
	return a == b ? a : 3 * a + b;
}

static int
glue_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint64_t *pairs = (const uint64_t *)(const void *)in->data;
	struct leat_frame *frame;
	uint64_t *items;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	items = (uint64_t *)(void *)frame->data;
	for (uint32_t k = 0; k < in->n_items; k++)
		items[k] = oracle_glued(pairs[2 * k], pairs[2 * k + 1]);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = in->n_items;
	frame->len_bytes = in->n_items * (uint32_t)sizeof(*items);
	rc = leat_stage_emit(st, 0, frame);
	if (rc) {
		leat_stage_release(st, frame);
		return rc;
	}
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
glue_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = sizeof(uint64_t);
	return LEAT_OK;
}

static const struct leat_stage_ops glue_ops = {LEAT_STAGE_OPS_INIT("glue"),
	.in_layouts = LEAT_LAYOUT_ITEMS, .out_layout = LEAT_LAYOUT_ITEMS,
	.item_bytes = 0, .needs = {.frame_bytes = BESIDE_FRAME_MAX},
	.negotiate = glue_negotiate, .process = glue_process};

/* ---- building -------------------------------------------------------------- */

/* Named after the node. */
static int
beside_add(struct oracle_node *node, const char *suffix, struct leat_step step,
	struct leat_stage **st_out)
{
	struct oracle *o = node->oracle;
	char name[24];

	snprintf(name, sizeof(name), "%s%s", node->name, suffix);
	return leat_graph_add(o->graph, name, &step, st_out, &o->err);
}

static int
beside_link(struct oracle *o, const struct oracle_node *node,
	struct leat_end from, struct leat_end to, uint32_t draw)
{
	struct leat_link_opts opts = {LEAT_OPTS_INIT(leat_link_opts),
		.capacity_frames =
			1 + ((uint32_t)(node->seed >> (8 + 2 * draw)) & 3u)};

	return leat_graph_link(o->graph, from, to, &opts, &o->err);
}

/* Behind what makes pairs. */
static int
beside_glue(struct oracle *o, struct oracle_node *node, struct leat_stage *from)
{
	struct leat_step step = {&glue_ops, NULL};
	struct leat_stage *glue;

	LEAT_TRY(beside_add(node, "-out", step, &glue));
	return beside_link(o, node, leat_out(from, 0), leat_in(glue, 0), 9);
}

static int
zip_build(struct oracle *o, struct oracle_node *node)
{
	struct leat_step step = {&leat_zip_ops, NULL};
	struct leat_stage *zip;

	LEAT_TRY(beside_add(node, "", step, &zip));
	return beside_glue(o, node, zip);
}

static int
join_build(struct oracle *o, struct oracle_node *node)
{
	struct leat_tee_opts slow = {
		LEAT_OPTS_INIT(leat_tee_opts), .slow = "block"};
	struct oracle_stage_opts mine = {
		LEAT_OPTS_INIT(oracle_stage_opts), .node = node};
	struct leat_stage *tee, *join, *st;
	struct leat_stage_ops ops;

	oracle_ops(node, &ops);
	LEAT_TRY(beside_add(
		node, "", (struct leat_step){&leat_tee_ops, &slow}, &tee));
	LEAT_TRY(beside_add(
		node, "-in", (struct leat_step){&leat_join_ops, NULL}, &join));
	for (uint32_t k = 0; k < 2; k++) {
		LEAT_TRY(beside_add(node, k ? "-1" : "-0",
			(struct leat_step){&ops, &mine}, &st));
		LEAT_TRY(beside_link(
			o, node, leat_out(tee, k), leat_in(st, 0), 2 * k));
		LEAT_TRY(beside_link(
			o, node, leat_out(st, 0), leat_in(join, k), 2 * k + 1));
	}
	return beside_glue(o, node, join);
}

int
oracle_build_beside(struct oracle *o, struct oracle_node *node)
{
	return node->kind == ORACLE_ZIP ? zip_build(o, node)
					: join_build(o, node);
}
