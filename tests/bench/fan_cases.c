/*
 * bench/fan_cases.c -- leat's side of fan.py, case by case, through the public
 * headers: segments that several workers run, in order, and branches.
 *
 *	fan_cases CASE [PERCENT]    the conventions of support/rival.h
 *
 * fan.py runs these beside their rivals and knows the bars. Source and sink
 * are run by the same workers, but in `delay`, where they have threads of
 * their own, so that the path of a frame is the same with one worker.
 */
#include <time.h>

#include <leat/leat.h>

#include "support/bench.h"
#include "support/fan.h"
#include "support/rival.h"

#define FAN_BRANCHES 4u
#define FRAME_BYTES  (FAN_ITEMS * sizeof(uint64_t))

/* 64 items are 13 us of work, 1 % of the time between two frames. */
#define DELAY_ITEMS     64u
#define DELAY_PERIOD_NS 1280000

/* ---- what the stages of a case share ----------------------------------- */

struct rig {
	fan_work work;
	uint64_t n;     /* items to be made; of delay: frames */
	uint64_t next;  /* to be made */
	uint64_t n_got; /* items that arrived; of delay: frames */
	uint64_t sum;   /* of them; of fan4 */
	int64_t due_ns; /* delay: when the next frame is made */
	int64_t *times; /* delay: of each frame, from its birth to the sink */
};

struct rig_opts {
	uint32_t size;
	uint32_t flags;
	struct rig *rig;
};

static int
rig_init(struct leat_stage *st, const void *opts)
{
	*(struct rig **)leat_stage_state(st) =
		((const struct rig_opts *)opts)->rig;
	return LEAT_OK;
}

static struct rig *
rig_of(struct leat_stage *st)
{
	return *(struct rig **)leat_stage_state(st);
}

static int
items_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = sizeof(uint64_t);
	return LEAT_OK;
}

static uint64_t *
frame_items(const struct leat_frame *frame)
{
	return (uint64_t *)(void *)frame->data;
}

static int
frame_emit(struct leat_stage *st, struct leat_frame *frame, uint32_t n)
{
	frame->n_items = n;
	frame->len_bytes = n * (uint32_t)sizeof(uint64_t);
	frame->layout = LEAT_LAYOUT_ITEMS;
	leat_stage_count(st, LEAT_COUNT_READ, n);
	return leat_stage_emit(st, 0, frame);
}

#define RIG_OPS                                                                \
	.state_bytes = sizeof(struct rig *),                                   \
	.opts_bytes = sizeof(struct rig_opts), .item_bytes = sizeof(uint64_t), \
	.init = rig_init
#define RIG_SOURCE                                                             \
	RIG_OPS, .out_layout = LEAT_LAYOUT_ITEMS,                              \
		 .needs.frame_bytes = FRAME_BYTES,                             \
		 .negotiate = items_negotiate

/* ---- ordered2, uneven2 ------------------------------------------------- */

static int
numbers_produce(struct leat_stage *st)
{
	struct rig *rig = rig_of(st);
	struct leat_frame *frame;
	int rc;

	if (rig->next == rig->n)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	for (uint32_t k = 0; k < FAN_ITEMS; k++)
		frame_items(frame)[k] = rig->next++;
	return frame_emit(st, frame, FAN_ITEMS);
}

static int
work_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *items = frame_items(in);
	fan_work work = rig_of(st)->work;

	for (uint32_t k = 0; k < in->n_items; k++)
		items[k] = work(items[k]);
	return leat_stage_emit(st, 0, in);
}

static int
check_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint64_t *items = frame_items(in);
	struct rig *rig = rig_of(st);

	for (uint32_t k = 0; k < in->n_items; k++)
		fan_demand_item(items[k], rig->n_got++, rig->work);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops numbers_ops = {
	LEAT_STAGE_OPS_INIT("numbers"), RIG_SOURCE, .produce = numbers_produce};
static const struct leat_stage_ops work_ops = {LEAT_STAGE_OPS_INIT("work"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS, RIG_OPS,
	.in_layouts = LEAT_LAYOUT_ITEMS, .process = work_process};
static const struct leat_stage_ops check_ops = {LEAT_STAGE_OPS_INIT("check"),
	.flags = LEAT_STAGE_SINK, RIG_OPS, .in_layouts = LEAT_LAYOUT_ITEMS,
	.process = check_process};

/* source ! work ! sink */
static void
rig_chain(struct leat_graph *graph, const struct leat_step *steps)
{
	bench_check(leat_graph_chain(graph, steps, 3, NULL), "chain");
}

/* The same, and the work by two copies, in no order. */
static void
rig_copies(struct leat_graph *graph, const struct leat_step *steps)
{
	struct leat_parallel_opts opts = {
		LEAT_OPTS_INIT(leat_parallel_opts), .most = 2};
	struct leat_stage *source, *sink;
	struct leat_end in, out;

	bench_check(leat_graph_add(graph, NULL, &steps[0], &source, NULL), "");
	bench_check(leat_graph_add(graph, NULL, &steps[2], &sink, NULL), "");
	bench_check(leat_parallel(graph, &opts, &steps[1], 1, &in, &out, NULL),
		"copies");
	bench_check(leat_graph_link(graph, leat_out(source, 0), in, NULL, NULL),
		"link");
	bench_check(leat_graph_link(graph, out, leat_in(sink, 0), NULL, NULL),
		"link");
}

typedef void (*rig_build)(
	struct leat_graph *graph, const struct leat_step *steps);

/* Returns what it took. */
static double
rig_run(struct rig *rig, const struct leat_stage_ops *const ops[3],
	rig_build build, uint32_t n_workers)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = n_workers};
	struct rig_opts opts = {LEAT_OPTS_INIT(rig_opts), .rig = rig};
	struct leat_step steps[3];
	struct leat_graph *graph;
	int64_t begin = rival_now_ns();

	for (uint32_t k = 0; k < 3; k++)
		steps[k] = (struct leat_step){ops[k], &opts};
	bench_check(leat_graph_create(&graph_opts, &graph, NULL), "graph");
	build(graph, steps);
	bench_check(leat_graph_run(graph, NULL), "run");
	leat_graph_destroy(graph);
	rival_demand(rig->n_got == rig->n, "the number of items");
	return (double)(rival_now_ns() - begin);
}

static void
fan_run(uint64_t n, struct rival_result *result, fan_work work)
{
	static const struct leat_stage_ops *const ops[] = {
		&numbers_ops, &work_ops, &check_ops};
	struct rig rig = {.work = work, .n = n - n % FAN_ITEMS};

	rival_add(result, "ns",
		rig_run(&rig, ops, rig_chain, FAN_WORKERS) / (double)rig.n);
}

static void
ordered2(uint64_t n, struct rival_result *result)
{
	fan_run(n, result, fan_even);
}

static void
uneven2(uint64_t n, struct rival_result *result)
{
	fan_run(n, result, fan_uneven);
}

static void
lumpy2(uint64_t n, struct rival_result *result)
{
	fan_run(n, result, fan_lumpy);
}

/* ---- fan4 --------------------------------------------------------------- */

static int
pass_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat_stage_emit(st, 0, in);
}

static int
sum_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint64_t *items = frame_items(in);
	struct rig *rig = rig_of(st);
	uint64_t sum = 0;

	for (uint32_t k = 0; k < in->n_items; k++)
		sum += items[k];
	rig->sum += sum;
	rig->n_got += in->n_items;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops pass_ops = {LEAT_STAGE_OPS_INIT("pass"),
	RIG_OPS, .in_layouts = LEAT_LAYOUT_ITEMS, .process = pass_process};
static const struct leat_stage_ops sum_ops = {LEAT_STAGE_OPS_INIT("sum"),
	.flags = LEAT_STAGE_SINK, RIG_OPS, .in_layouts = LEAT_LAYOUT_ITEMS,
	.process = sum_process};

static struct leat_stage *
fan_add(struct leat_graph *graph, const struct leat_stage_ops *ops,
	const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st;

	bench_check(leat_graph_add(graph, NULL, &step, &st, NULL), "stage");
	return st;
}

static void
fan_link(struct leat_stage *from, uint32_t out, struct leat_stage *to,
	uint32_t in, struct leat_graph *graph)
{
	bench_check(leat_graph_link(graph, leat_out(from, out), leat_in(to, in),
			    NULL, NULL),
		"link");
}

/* source ! split; four times: pass; merge ! sink */
static void
fan4_build(struct leat_graph *graph, struct rig *rig)
{
	struct rig_opts opts = {LEAT_OPTS_INIT(rig_opts), .rig = rig};
	struct leat_split_opts by = {
		LEAT_OPTS_INIT(leat_split_opts), .by = LEAT_SPLIT_CREDIT};
	struct leat_stage *source = fan_add(graph, &numbers_ops, &opts);
	struct leat_stage *split = fan_add(graph, &leat_split_ops, &by);
	struct leat_stage *merge = fan_add(graph, &leat_merge_ops, NULL);

	fan_link(source, 0, split, 0, graph);
	fan_link(merge, 0, fan_add(graph, &sum_ops, &opts), 0, graph);
	for (uint32_t k = 0; k < FAN_BRANCHES; k++) {
		struct leat_stage *pass = fan_add(graph, &pass_ops, &opts);

		fan_link(split, k, pass, 0, graph);
		fan_link(pass, 0, merge, k, graph);
	}
}

static void
fan4(uint64_t n, struct rival_result *result)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = FAN_WORKERS};
	struct rig rig = {.n = n - n % FAN_ITEMS};
	int64_t begin = rival_now_ns();
	struct leat_graph *graph;

	bench_check(leat_graph_create(&graph_opts, &graph, NULL), "graph");
	fan4_build(graph, &rig);
	bench_check(leat_graph_run(graph, NULL), "run");
	leat_graph_destroy(graph);
	rival_add(
		result, "ns", (double)(rival_now_ns() - begin) / (double)rig.n);
	rival_demand(rig.n_got == rig.n, "the number of items");
	rival_demand_sum(rig.sum, rig.n);
}

/* ---- merge64: sorted inputs, by key ------------------------------------- */

struct feed {
	uint64_t n_made;
	uint64_t n;
	uint32_t run;
	uint32_t number;
};

struct feed_opts {
	uint32_t size;
	uint32_t flags;
	struct feed feed;
};

static int
feed_init(struct leat_stage *st, const void *opts)
{
	*(struct feed *)leat_stage_state(st) =
		((const struct feed_opts *)opts)->feed;
	return LEAT_OK;
}

static int
feed_produce(struct leat_stage *st)
{
	struct feed *feed = leat_stage_state(st);
	struct leat_frame *frame;
	int rc;

	if (feed->n_made == feed->n)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	fan_sorted_fill(frame_items(frame), FAN_ITEMS, feed->number,
		feed->n_made, feed->run);
	feed->n_made += FAN_ITEMS;
	return frame_emit(st, frame, FAN_ITEMS);
}

static int
place_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint64_t *items = frame_items(in);
	struct rig *rig = rig_of(st);

	for (uint32_t k = 0; k < in->n_items; k++)
		rival_demand(items[k] == rig->n_got++, "an item's place");
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops feed_ops = {LEAT_STAGE_OPS_INIT("feed"),
	.state_bytes = sizeof(struct feed),
	.opts_bytes = sizeof(struct feed_opts), .item_bytes = sizeof(uint64_t),
	.init = feed_init, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs.frame_bytes = FRAME_BYTES, .negotiate = items_negotiate,
	.produce = feed_produce};
static const struct leat_stage_ops place_ops = {LEAT_STAGE_OPS_INIT("place"),
	.flags = LEAT_STAGE_SINK, RIG_OPS, .in_layouts = LEAT_LAYOUT_ITEMS,
	.process = place_process};

static void
merge_end(struct leat_graph *graph, struct leat_stage *merge, struct rig *rig,
	struct rival_result *result)
{
	struct rig_opts opts = {LEAT_OPTS_INIT(rig_opts), .rig = rig};
	int64_t begin = rival_now_ns();

	fan_link(merge, 0, fan_add(graph, &place_ops, &opts), 0, graph);
	bench_check(leat_graph_run(graph, NULL), "run");
	leat_graph_destroy(graph);
	rival_demand(rig->n_got == rig->n, "the number of items");
	rival_add(result, "ns",
		(double)(rival_now_ns() - begin) / (double)rig->n);
}

static void
merge_by_key(uint64_t n, struct rival_result *result, uint32_t run)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = FAN_WORKERS};
	struct leat_merge_opts by = {LEAT_OPTS_INIT(leat_merge_opts),
		.order = LEAT_MERGE_KEY, .key = "item"};
	struct rig rig = {.n = n - n % (FAN_INS * FAN_ITEMS)};
	struct leat_graph *graph;
	struct leat_stage *merge;

	bench_check(leat_graph_create(&graph_opts, &graph, NULL), "graph");
	merge = fan_add(graph, &leat_merge_ops, &by);
	for (uint32_t k = 0; k < FAN_INS; k++) {
		struct feed_opts feed = {LEAT_OPTS_INIT(feed_opts),
			.feed = {
				.n = rig.n / FAN_INS, .run = run, .number = k}};

		fan_link(fan_add(graph, &feed_ops, &feed), 0, merge, k, graph);
	}
	merge_end(graph, merge, &rig, result);
}

static void
merge64_runs(uint64_t n, struct rival_result *result)
{
	merge_by_key(n, result, FAN_RUN);
}

static void
merge64_mixed(uint64_t n, struct rival_result *result)
{
	merge_by_key(n, result, 0);
}

/* ---- merge64: a split of 64, and back by stamp --------------------------- */

/* Each frame goes another way than the one before. */
static void
merge64_stamp(uint64_t n, struct rival_result *result)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = FAN_WORKERS};
	struct leat_merge_opts by = {
		LEAT_OPTS_INIT(leat_merge_opts), .order = LEAT_MERGE_STAMP};
	struct leat_split_opts round = {LEAT_OPTS_INIT(leat_split_opts)};
	struct rig rig = {.n = n - n % FAN_ITEMS};
	struct rig_opts opts = {LEAT_OPTS_INIT(rig_opts), .rig = &rig};
	struct leat_graph *graph;
	struct leat_stage *split, *merge;

	bench_check(leat_graph_create(&graph_opts, &graph, NULL), "graph");
	split = fan_add(graph, &leat_split_ops, &round);
	fan_link(fan_add(graph, &numbers_ops, &opts), 0, split, 0, graph);
	merge = fan_add(graph, &leat_merge_ops, &by);
	for (uint32_t k = 0; k < FAN_INS; k++)
		fan_link(split, k, merge, k, graph);
	merge_end(graph, merge, &rig, result);
}

/* ---- delay ------------------------------------------------------------- */

static int
timed_produce(struct leat_stage *st)
{
	struct rig *rig = rig_of(st);
	struct timespec due;
	struct leat_frame *frame;
	int rc;

	if (rig->next == rig->n)
		return LEAT_EOS;
	due.tv_sec = rig->due_ns / 1000000000;
	due.tv_nsec = rig->due_ns % 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	rig->next++;
	rig->due_ns += DELAY_PERIOD_NS;
	for (uint32_t k = 0; k < DELAY_ITEMS; k++)
		frame_items(frame)[k] = (uint64_t)rival_now_ns();
	return frame_emit(st, frame, DELAY_ITEMS);
}

/* The items stay as they are. */
static int
timed_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint64_t *items = frame_items(in);

	for (uint32_t k = 0; k < in->n_items; k++)
		rival_keep(fan_even(items[k]));
	return leat_stage_emit(st, 0, in);
}

static int
delay_process(struct leat_stage *st, struct leat_frame *in)
{
	struct rig *rig = rig_of(st);

	rig->times[rig->n_got++] =
		rival_now_ns() - (int64_t)frame_items(in)[in->n_items - 1];
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops timed_ops = {LEAT_STAGE_OPS_INIT("timed"),
	.flags = LEAT_STAGE_BLOCKING, RIG_SOURCE, .produce = timed_produce};
static const struct leat_stage_ops timed_work_ops = {
	LEAT_STAGE_OPS_INIT("work"), .flags = LEAT_STAGE_STATELESS, RIG_OPS,
	.in_layouts = LEAT_LAYOUT_ITEMS, .process = timed_process};
static const struct leat_stage_ops delay_ops = {LEAT_STAGE_OPS_INIT("delay"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING, RIG_OPS,
	.in_layouts = LEAT_LAYOUT_ITEMS, .process = delay_process};

static void
delay_run(uint64_t n, struct rival_result *result, rig_build build,
	uint32_t n_workers)
{
	static const struct leat_stage_ops *const ops[] = {
		&timed_ops, &timed_work_ops, &delay_ops};
	struct rig rig = {.n = n,
		.times = rival_times(n),
		.due_ns = rival_now_ns() + DELAY_PERIOD_NS};

	rig_run(&rig, ops, build, n_workers);
	qsort(rig.times, n, sizeof(*rig.times), rival_compare);
	rival_add(result, "p50", (double)rig.times[n / 2]);
	rival_add(result, "p99", (double)rig.times[n - 1 - n / 100]);
	free(rig.times);
}

static void
delay(uint64_t n, struct rival_result *result)
{
	delay_run(n, result, rig_chain, FAN_WORKERS);
}

static void
delay_any(uint64_t n, struct rival_result *result)
{
	delay_run(n, result, rig_copies, FAN_WORKERS);
}

static void
delay_one(uint64_t n, struct rival_result *result)
{
	delay_run(n, result, rig_chain, 1);
}

/* ---- all of them ------------------------------------------------------- */

static const struct rival_case cases[] = {
	{"ordered2", 8000000, false, ordered2},
	{"uneven2", 8000000, false, uneven2},
	{"lumpy2", 8000000, false, lumpy2},
	{"fan4", 100000000, false, fan4},
	{"merge64-runs", 16000000, false, merge64_runs},
	{"merge64-mixed", 8000000, false, merge64_mixed},
	{"merge64-stamp", 8000000, false, merge64_stamp},
	{"delay", 3000, false, delay}, /* frames */
	{"delay-any", 3000, false, delay_any},
	{"delay-one", 3000, false, delay_one},
	{NULL, 0, false, NULL},
};

int
main(int argc, char **argv)
{
	return rival_main("leat", cases, argc, argv);
}
