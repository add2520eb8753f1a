/*
 * support/chain6.c -- a chain of one-line stages as a graph. The stages are
 * functions of a frame, never inlined: the same calls as the plain loop of
 * rivals/bare.c makes over its one block.
 */
#include "support/chain6.h"

#include <leat/leat.h>

#include "support/bench.h"
#include "support/rival.h"

#define N_STAGES 6

/* ---- the six lines ----------------------------------------------------------- */

#define DEFINE_LINE(k)                                                         \
	static BENCH_NOINLINE void array_##k(uint64_t *x, uint32_t n)          \
	{                                                                      \
		for (uint32_t i = 0; i < n; i++)                               \
			x[i] = RIVAL_LINE_##k(x[i]);                           \
	}                                                                      \
	static int line_##k(struct leat_stage *st, struct leat_frame *in)      \
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

#define LINE_OPS(k)                                                            \
	{                                                                      \
		LEAT_STAGE_OPS_INIT("line"),                                   \
			.in_layouts = LEAT_LAYOUT_ITEMS,                       \
			.item_bytes = sizeof(uint64_t),                        \
			.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,   \
			.process = line_##k,                                   \
	}

static const struct leat_stage_ops line_ops[N_STAGES] = {LINE_OPS(0),
	LINE_OPS(1), LINE_OPS(2), LINE_OPS(3), LINE_OPS(4), LINE_OPS(5)};

/* ---- both ends --------------------------------------------------------------- */

/* Of source and sink alike: how far it is, or what it added up. */
struct end_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n;       /* source: items to make */
	uint64_t n_frame; /* source: items in a frame */
	uint64_t *sum;    /* sink: where the sum goes */
};

struct end_state {
	uint64_t n_left;
	uint64_t n_frame;
	uint64_t next;
	uint64_t *sum;
};

static int
end_init(struct leat_stage *st, const void *opts)
{
	const struct end_opts *given = opts;
	struct end_state *state = leat_stage_state(st);

	state->n_left = given->n;
	state->n_frame = given->n_frame;
	state->sum = given->sum;
	return LEAT_OK;
}

static int
numbers_init(struct leat_stage *st, const void *opts)
{
	const struct end_opts *given = opts;

	leat_stage_needs(st)->frame_bytes =
		(uint32_t)(given->n_frame * sizeof(uint64_t));
	return end_init(st, opts);
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

static BENCH_NOINLINE void
numbers_fill(uint64_t *items, uint64_t first, uint64_t n)
{
	for (uint64_t k = 0; k < n; k++)
		items[k] = first + k;
}

static int
numbers_produce(struct leat_stage *st)
{
	struct end_state *state = leat_stage_state(st);
	struct leat_frame *frame;
	int rc;

	if (state->n_left == 0)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	numbers_fill(
		(uint64_t *)(void *)frame->data, state->next, state->n_frame);
	state->next += state->n_frame;
	state->n_left -= state->n_frame;
	frame->len_bytes = (uint32_t)(state->n_frame * sizeof(uint64_t));
	frame->n_items = (uint32_t)state->n_frame;
	frame->layout = LEAT_LAYOUT_ITEMS;
	leat_stage_count(st, LEAT_COUNT_READ, state->n_frame);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops numbers_ops = {
	LEAT_STAGE_OPS_INIT("numbers"),
	.state_bytes = sizeof(struct end_state),
	.opts_bytes = sizeof(struct end_opts),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.init = numbers_init,
	.negotiate = numbers_negotiate,
	.produce = numbers_produce,
};

static BENCH_NOINLINE uint64_t
total_of(const uint64_t *items, uint32_t n)
{
	uint64_t total = 0;

	for (uint32_t k = 0; k < n; k++)
		total += items[k];
	return total;
}

static int
total_process(struct leat_stage *st, struct leat_frame *in)
{
	struct end_state *state = leat_stage_state(st);

	*state->sum +=
		total_of((const uint64_t *)(const void *)in->data, in->n_items);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops total_ops = {
	LEAT_STAGE_OPS_INIT("total"),
	.flags = LEAT_STAGE_SINK,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = sizeof(uint64_t),
	.state_bytes = sizeof(struct end_state),
	.opts_bytes = sizeof(struct end_opts),
	.init = end_init,
	.process = total_process,
};

/* ---- the case ---------------------------------------------------------------- */

static void
chain6_run(uint64_t n, uint64_t n_frame, struct rival_result *result)
{
	uint64_t sum = 0;
	struct end_opts opts = {
		LEAT_OPTS_INIT(end_opts), .n_frame = n_frame, .sum = &sum};
	struct leat_step steps[N_STAGES + 2] = {{&numbers_ops, &opts}};
	struct leat_graph *graph;
	int64_t begin;

	opts.n = n - n % n_frame;
	for (uint32_t k = 0; k < N_STAGES; k++)
		steps[k + 1].ops = &line_ops[k];
	steps[N_STAGES + 1] = (struct leat_step){&total_ops, &opts};
	begin = rival_now_ns();
	bench_check(leat_graph_create(NULL, &graph, NULL), "graph");
	bench_check(
		leat_graph_chain(graph, steps, N_STAGES + 2, NULL), "chain");
	bench_check(leat_graph_run(graph, NULL), "run");
	leat_graph_destroy(graph);
	rival_add(result, "ns",
		(double)(rival_now_ns() - begin) / (double)opts.n);
	rival_demand_chain(sum, opts.n);
}

void
chain6(uint64_t n, struct rival_result *result)
{
	chain6_run(n, RIVAL_CHAIN_FRAME, result);
}

void
chain6_small(uint64_t n, struct rival_result *result)
{
	chain6_run(n, RIVAL_CHAIN_ITEMS, result);
}
