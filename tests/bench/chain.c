/*
 * bench/chain.c -- what does the framework cost a chain of tiny stages?
 *
 * A source, six one-line stages and a sink over 8-byte items in frames of 256,
 * against the same work in a plain loop over one such frame: fill it, make the
 * same six calls through pointers, sum it. Enough items that start and stop do
 * not count. Both sums must agree.
 *	chain6_items   a stage is a function of one item (map_item)
 *	chain6_frames  a stage is a function of a frame (process)
 * The six functions are never inlined, in either subject.
 */
#include <stdio.h>
#include <stdlib.h>

#include <leat/leat.h>

#include "support/bench.h"
#include "support/rival.h"

#define N_STAGES    6
#define FRAME_ITEMS 256
#define N_FRAMES    (1u << 17)
#define N_ITEMS     ((double)N_FRAMES * FRAME_ITEMS)

/* ---- the six lines ----------------------------------------------------------- */

/* One function of an item, and one of an array of them, for each line. */
#define DEFINE_LINE(k)                                                         \
	static BENCH_NOINLINE void item_##k(void *item, void *state)           \
	{                                                                      \
		uint64_t *x = item;                                            \
                                                                               \
		(void)state;                                                   \
		*x = RIVAL_LINE_##k(*x);                                       \
	}                                                                      \
	static BENCH_NOINLINE void array_##k(uint64_t *x, uint32_t n)          \
	{                                                                      \
		for (uint32_t i = 0; i < n; i++)                               \
			x[i] = RIVAL_LINE_##k(x[i]);                           \
	}                                                                      \
	static int process_##k(struct leat_stage *st, struct leat_frame *in)   \
	{                                                                      \
		array_##k((uint64_t *)(void *)in->data, in->n_items);          \
		return leat_stage_emit(st, 0, in);                             \
	}

DEFINE_LINE(0)
DEFINE_LINE(1)
DEFINE_LINE(2)
DEFINE_LINE(3)
DEFINE_LINE(4)
DEFINE_LINE(5)

#define ITEM_OPS(k)                                                            \
	{                                                                      \
		LEAT_STAGE_OPS_INIT("item"), .in_layouts = LEAT_LAYOUT_ITEMS,  \
					     .item_bytes = sizeof(uint64_t),   \
					     .flags = LEAT_STAGE_IN_PLACE,     \
					     .map_item = item_##k,             \
	}
#define FRAME_OPS(k)                                                           \
	{                                                                      \
		LEAT_STAGE_OPS_INIT("frame"), .in_layouts = LEAT_LAYOUT_ITEMS, \
					      .item_bytes = sizeof(uint64_t),  \
					      .flags = LEAT_STAGE_IN_PLACE,    \
					      .process = process_##k,          \
	}

static const struct leat_stage_ops item_ops[N_STAGES] = {ITEM_OPS(0),
	ITEM_OPS(1), ITEM_OPS(2), ITEM_OPS(3), ITEM_OPS(4), ITEM_OPS(5)};
static const struct leat_stage_ops frame_ops[N_STAGES] = {FRAME_OPS(0),
	FRAME_OPS(1), FRAME_OPS(2), FRAME_OPS(3), FRAME_OPS(4), FRAME_OPS(5)};

/* ---- both ends --------------------------------------------------------------- */

static BENCH_NOINLINE void
fill(uint64_t *items, uint64_t first)
{
	for (uint64_t k = 0; k < FRAME_ITEMS; k++)
		items[k] = first + k;
}

static BENCH_NOINLINE uint64_t
sum(const uint64_t *items, uint32_t n)
{
	uint64_t total = 0;

	for (uint32_t k = 0; k < n; k++)
		total += items[k];
	return total;
}

static int
numbers_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = sizeof(uint64_t);
	return LEAT_OK;
}

static int
numbers_produce(struct leat_stage *st)
{
	uint64_t *n_frames = leat_stage_state(st);
	struct leat_frame *frame;
	int rc;

	if (*n_frames == N_FRAMES)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	fill((uint64_t *)(void *)frame->data, *n_frames * FRAME_ITEMS);
	(*n_frames)++;
	frame->len_bytes = FRAME_ITEMS * sizeof(uint64_t);
	frame->n_items = FRAME_ITEMS;
	frame->layout = LEAT_LAYOUT_ITEMS;
	leat_stage_count(st, LEAT_COUNT_READ, FRAME_ITEMS);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops numbers_ops = {
	LEAT_STAGE_OPS_INIT("numbers"),
	.state_bytes = sizeof(uint64_t),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.needs.frame_bytes = FRAME_ITEMS * sizeof(uint64_t),
	.negotiate = numbers_negotiate,
	.produce = numbers_produce,
};

struct total_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t *sum; /* where the sum goes */
};

static int
total_init(struct leat_stage *st, const void *opts)
{
	const struct total_opts *given = opts;
	uint64_t **to = leat_stage_state(st);

	*to = given->sum;
	return LEAT_OK;
}

static int
total_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t **to = leat_stage_state(st);

	**to += sum((const uint64_t *)(const void *)in->data, in->n_items);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops total_ops = {
	LEAT_STAGE_OPS_INIT("total"),
	.flags = LEAT_STAGE_SINK,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = sizeof(uint64_t),
	.state_bytes = sizeof(uint64_t *),
	.opts_bytes = sizeof(struct total_opts),
	.init = total_init,
	.process = total_process,
};

/* ---- subjects ---------------------------------------------------------------- */

/* What the sums must be; filled by the loops. */
struct chain {
	const struct leat_stage_ops *ops;
	uint64_t expected;
};

static void
graph_check(int code, const struct leat_error *err)
{
	if (code >= 0)
		return;
	fprintf(stderr, "%s: %s\n", err->stage, err->text);
	exit(1);
}

static double
graph_run(void *arg)
{
	const struct chain *chain = arg;
	uint64_t total = 0;
	struct total_opts opts = {LEAT_OPTS_INIT(total_opts), .sum = &total};
	struct leat_step steps[N_STAGES + 2] = {{&numbers_ops, NULL}};
	struct leat_graph *graph;
	struct leat_error err = {0};
	double begin = bench_now_ns();

	for (uint32_t k = 0; k < N_STAGES; k++)
		steps[k + 1].ops = &chain->ops[k];
	steps[N_STAGES + 1] = (struct leat_step){&total_ops, &opts};
	graph_check(leat_graph_create(NULL, &graph, &err), &err);
	graph_check(leat_graph_chain(graph, steps, N_STAGES + 2, &err), &err);
	graph_check(leat_graph_run(graph, &err), &err);
	leat_graph_destroy(graph);
	if (chain->expected && total != chain->expected)
		bench_check(LEAT_EBUG, "the sums differ");
	return (bench_now_ns() - begin) / N_ITEMS;
}

static double
loop_items(void *arg)
{
	void (*const calls[N_STAGES])(void *, void *) = {
		item_0, item_1, item_2, item_3, item_4, item_5};
	struct chain *chain = arg;
	uint64_t items[FRAME_ITEMS], total = 0;
	double begin = bench_now_ns();

	bench_keep(calls);
	for (uint64_t frame = 0; frame < N_FRAMES; frame++) {
		fill(items, frame * FRAME_ITEMS);
		for (uint32_t k = 0; k < N_STAGES; k++)
			for (uint32_t i = 0; i < FRAME_ITEMS; i++)
				calls[k](&items[i], NULL);
		total += sum(items, FRAME_ITEMS);
	}
	chain->expected = total;
	return (bench_now_ns() - begin) / N_ITEMS;
}

static double
loop_frames(void *arg)
{
	void (*const calls[N_STAGES])(uint64_t *, uint32_t) = {
		array_0, array_1, array_2, array_3, array_4, array_5};
	struct chain *chain = arg;
	uint64_t items[FRAME_ITEMS], total = 0;
	double begin = bench_now_ns();

	bench_keep(calls);
	for (uint64_t frame = 0; frame < N_FRAMES; frame++) {
		fill(items, frame * FRAME_ITEMS);
		for (uint32_t k = 0; k < N_STAGES; k++)
			calls[k](items, FRAME_ITEMS);
		total += sum(items, FRAME_ITEMS);
	}
	chain->expected = total;
	return (bench_now_ns() - begin) / N_ITEMS;
}

int
main(int argc, char **argv)
{
	struct chain items = {item_ops, 0}, frames = {frame_ops, 0};
	const struct bench_subject by_item[] = {
		{"leat", graph_run, &items}, {"loop", loop_items, &items}};
	const struct bench_subject by_frame[] = {
		{"leat", graph_run, &frames}, {"loop", loop_frames, &frames}};
	struct bench bench;

	bench_init(&bench, "chain", argc, argv);
	bench_case(&bench, "chain6_items", "ns/item", by_item, 2);
	bench_case(&bench, "chain6_frames", "ns/item", by_frame, 2);
	bench_print(&bench);
	return 0;
}
