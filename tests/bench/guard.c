/*
 * bench/guard.c -- what a guard costs a frame when nothing fails.
 *
 * A source, a stage that passes frames on, a sink, on one worker; small frames,
 * so that what is measured is the call. "leat" has the guard around its stage,
 * "none" has none. The guard's part is the difference: at most 20 ns are aimed
 * at. @retry waits, so that its stage has a thread of its own: there both have.
 */
#include <string.h>

#include <leat/leat.h>

#include "support/bench.h"
#include "support/stages.h"

#define N_FRAMES    300000u
#define FRAME_BYTES 64u
#define DEDUP_FEW   4096u      /* keys: what is known stays in the cache */
#define DEDUP_MANY  (1u << 22) /* it does not: 160 MB */

/* ---- stages ------------------------------------------------------------- */

static int
many_produce(struct leat_stage *st)
{
	return bench_produce(st, leat_stage_state(st), N_FRAMES, FRAME_BYTES);
}

static const struct leat_stage_ops many_ops = {
	LEAT_STAGE_OPS_INIT("many"),
	.state_bytes = sizeof(uint64_t),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.needs.frame_bytes = FRAME_BYTES,
	.negotiate = bench_negotiate,
	.produce = many_produce,
};

/* Records of which none is like another, so many a frame. What is measured
 * begins when a guard has seen n_warm of them. */
struct records_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t per_frame;
	uint64_t n_warm, n_frames;
	double *begin_ns_out; /* [lent] */
};

struct records {
	const struct records_opts *opts;
	uint64_t n; /* frames */
};

static uint64_t
records_warm_frames(const struct records_opts *o)
{
	return o->n_warm / o->per_frame;
}

static int
records_init(struct leat_stage *st, const void *opts)
{
	((struct records *)leat_stage_state(st))->opts = opts;
	return LEAT_OK;
}

static void
records_fill(struct leat_frame *frame, uint64_t first, uint64_t n)
{
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->len_bytes = (uint32_t)(n * FRAME_BYTES);
	frame->n_items = (uint32_t)n;
	memset(frame->data, 0, frame->len_bytes);
	for (uint64_t k = 0; k < n; k++, first++)
		memcpy(frame->data + k * FRAME_BYTES, &first, sizeof(first));
}

static int
records_produce(struct leat_stage *st)
{
	struct records *s = leat_stage_state(st);
	const struct records_opts *o = s->opts;
	struct leat_frame *frame;
	int rc;

	if (s->n == records_warm_frames(o))
		*o->begin_ns_out = bench_cpu_ns();
	if (s->n == records_warm_frames(o) + o->n_frames)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	records_fill(frame, s->n++ * o->per_frame, o->per_frame);
	leat_stage_count(st, LEAT_COUNT_READ, frame->n_items);
	return leat_stage_emit(st, 0, frame);
}

static int
records_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	const struct records *s = leat_stage_state(st);

	(void)in;
	out->item_bytes = FRAME_BYTES;
	out->frame_bytes = (uint32_t)(s->opts->per_frame * FRAME_BYTES);
	leat_stage_needs(st)->frame_bytes = out->frame_bytes;
	return LEAT_OK;
}

static const struct leat_stage_ops records_ops = {
	LEAT_STAGE_OPS_INIT("records"),
	.state_bytes = sizeof(struct records),
	.opts_bytes = sizeof(struct records_opts),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.init = records_init,
	.negotiate = records_negotiate,
	.produce = records_produce,
};

static const struct leat_stage_ops pass_ops = {
	LEAT_STAGE_OPS_INIT("pass"),
	.flags = LEAT_STAGE_REPEATS,
	.process = bench_pass,
};

static const struct leat_stage_ops pass_blocking_ops = {
	LEAT_STAGE_OPS_INIT("pass"),
	.flags = LEAT_STAGE_REPEATS | LEAT_STAGE_BLOCKING,
	.process = bench_pass,
};

/* As one with a fallback is linked: it is the last of its segment. */
static const struct leat_stage_ops fork_ops = {
	LEAT_STAGE_OPS_INIT("fork"),
	.flags = LEAT_STAGE_REPEATS,
	.n_outs = 2,
	.process = bench_pass,
};

/* ---- hooks -------------------------------------------------------------- */

static int
empty_before(struct leat_hook *hook, const struct leat_call *call)
{
	(void)hook;
	(void)call;
	return LEAT_OK;
}

static void
empty_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	(void)hook;
	(void)call;
	(void)rc;
}

static const struct leat_hook_ops empty_ops = {
	LEAT_HOOK_OPS_INIT("empty"),
	.before = empty_before,
	.after = empty_after,
};

static const struct leat_rate_opts rate_opts = {
	LEAT_OPTS_INIT(leat_rate_opts), .items = UINT64_C(1) << 60, .over = 1};

static const struct leat_bulkhead_opts bulkhead_opts = {
	LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 8, .full = 1};

static const struct leat_bulkhead_opts shared_opts = {
	LEAT_OPTS_INIT(leat_bulkhead_opts), .n = 8, .full = 1, .name = "all"};

static const struct leat_shed_opts shed_opts = {
	LEAT_OPTS_INIT(leat_shed_opts), .p99 = "1s", .queue = "off"};

/* ---- the cases ---------------------------------------------------------- */

struct job {
	const struct leat_stage_ops *pass;
	struct leat_hook_step hook;
	const struct leat_stage_ops *without; /* in place of pass; NULL = pass
					       */
	uint64_t per_frame, n_warm, n_frames; /* of records; 0 = many */
};

/* A fallback has to lead somewhere. */
static void
job_add_end(struct leat_graph *graph, struct leat_end out)
{
	struct leat_step step = {&bench_end_ops, NULL};
	struct leat_stage *st;

	bench_check(leat_graph_add(graph, NULL, &step, &st, NULL), "stage");
	bench_check(leat_graph_link(graph, out, leat_in(st, 0), NULL, NULL),
		"link");
}

static double
job_run(void *arg)
{
	const struct job *job = arg;
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	double begin;
	struct records_opts records = {LEAT_OPTS_INIT(records_opts),
		.per_frame = job->per_frame, .n_warm = job->n_warm,
		.n_frames = job->n_frames, .begin_ns_out = &begin};
	struct leat_step steps[3] = {
		{&many_ops, NULL}, {job->pass, NULL}, {&bench_end_ops, NULL}};
	struct leat_stage *st[3];
	struct leat_graph *graph;

	if (job->per_frame)
		steps[0] = (struct leat_step){&records_ops, &records};
	bench_check(leat_graph_create(&opts, &graph, NULL), "graph");
	for (uint32_t k = 0; k < 3; k++)
		bench_check(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			"stage");
	for (uint32_t k = 0; k < 2; k++)
		bench_check(leat_graph_link(graph, leat_out(st[k], 0),
				    leat_in(st[k + 1], 0), NULL, NULL),
			"link");
	if (job->hook.ops)
		bench_check(leat_stage_set_hooks(st[1], &job->hook, 1, NULL),
			"hooks");
	if (leat_stage_fallback(st[1]).stage)
		job_add_end(graph, leat_stage_fallback(st[1]));
	if (job->pass == &fork_ops)
		job_add_end(graph, leat_out(st[1], 1));
	begin = bench_cpu_ns();
	bench_check(leat_graph_run(graph, NULL), "run");
	begin = bench_cpu_ns() - begin;
	leat_graph_destroy(graph);
	return begin / (double)(job->per_frame ? job->n_frames : N_FRAMES);
}

static void
job_case(struct bench *bench, const char *name, struct job job)
{
	struct job none = job;
	const struct bench_subject subjects[] = {
		{"leat", job_run, &job}, {"none", job_run, &none}};

	none.hook = (struct leat_hook_step){NULL, NULL};
	if (job.without)
		none.pass = job.without;
	bench_case(bench, name, "ns/frame", subjects, 2);
}

/* All that is remembered has been, so that for each key one is forgotten. */
static void
job_case_dedup(struct bench *bench, const char *name, uint64_t n_keys,
	uint64_t per_frame)
{
	struct leat_dedup_guard_opts opts = {
		LEAT_OPTS_INIT(leat_dedup_guard_opts), .keys = n_keys};

	job_case(bench, name,
		(struct job){.pass = &pass_ops,
			.hook = {&leat_dedup_guard_ops, &opts},
			.per_frame = per_frame,
			.n_warm = n_keys + per_frame,
			.n_frames = N_FRAMES / (1 + per_frame / 8)});
}

int
main(int argc, char **argv)
{
	struct bench bench;

	bench_init(&bench, "guard", argc, argv);
	job_case(&bench, "hook",
		(struct job){.pass = &pass_ops, .hook = {&empty_ops, NULL}});
	job_case(&bench, "rate",
		(struct job){.pass = &pass_ops,
			.hook = {&leat_rate_ops, &rate_opts}});
	job_case(&bench, "breaker",
		(struct job){
			.pass = &pass_ops, .hook = {&leat_breaker_ops, NULL}});
	job_case(&bench, "bulkhead",
		(struct job){.pass = &pass_ops,
			.hook = {&leat_bulkhead_ops, &bulkhead_opts}});
	job_case(&bench, "bulkhead with a name",
		(struct job){.pass = &pass_ops,
			.hook = {&leat_bulkhead_ops, &shared_opts}});
	job_case(&bench, "shed",
		(struct job){.pass = &pass_ops,
			.hook = {&leat_shed_ops, &shed_opts}});
	job_case_dedup(&bench, "dedup 4 Ki keys, 1", DEDUP_FEW, 1);
	job_case_dedup(&bench, "dedup 4 Ki keys, 32", DEDUP_FEW, 32);
	job_case_dedup(&bench, "dedup 4 Mi keys, 1", DEDUP_MANY, 1);
	job_case_dedup(&bench, "dedup 4 Mi keys, 32", DEDUP_MANY, 32);
	job_case(&bench, "fallback",
		(struct job){.pass = &pass_ops,
			.hook = {&leat_fallback_ops, NULL},
			.without = &fork_ops});
	job_case(&bench, "retry",
		(struct job){.pass = &pass_blocking_ops,
			.hook = {&leat_retry_ops, NULL}});
	bench_print(&bench);
	return 0;
}
