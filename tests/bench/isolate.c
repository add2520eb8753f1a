/*
 * bench/isolate.c -- what a process of its own costs a stage, for each frame:
 * in time of processors, of all processes together.
 *
 * A source, a stage, a sink; "leat" has the stage behind @isolate, "none" has
 * it on a thread of its own in this process. The difference is the price: at
 * most 2 us are aimed at. Small frames that are passed on, frames of 64 KiB
 * that are read, or made anew; and such as are written to, of which a copy is
 * kept in case the process dies: once more where source and sink look at all
 * of each frame, too ("in use"), once without the copy ("lost"), and what such
 * a copy costs alone, in the cache and beyond it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <leat/leat.h>

#include "support/bench.h"
#include "support/stages.h"

#define SMALL_BYTES 64u
#define LARGE_BYTES 65536u

struct size_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n_frames;
	uint64_t n_bytes;
	uint64_t in_use; /* the source fills frames, the sink looks at them */
};

static const struct size_opts *
opts_of(struct leat_stage *st)
{
	return *(const struct size_opts **)leat_stage_state(st);
}

static int
size_init(struct leat_stage *st, const void *opts)
{
	*(const void **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

/* ---- stages ------------------------------------------------------------- */

struct many {
	const struct size_opts *opts;
	uint64_t n;
};

static int
many_produce(struct leat_stage *st)
{
	struct many *s = leat_stage_state(st);
	struct leat_frame *frame;
	int rc;

	if (++s->n > s->opts->n_frames)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	bench_fill(frame, (uint32_t)s->opts->n_bytes);
	if (s->opts->in_use)
		memset(frame->data, (int)(s->n & 127u), frame->len_bytes);
	leat_stage_count(st, LEAT_COUNT_READ, frame->n_items);
	return leat_stage_emit(st, 0, frame);
}

static int
many_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)in;
	out->item_bytes = 8;
	out->frame_bytes = (uint32_t)opts_of(st)->n_bytes;
	leat_stage_needs(st)->frame_bytes = out->frame_bytes;
	return LEAT_OK;
}

static const struct leat_stage_ops many_ops = {
	LEAT_STAGE_OPS_INIT("many"),
	.state_bytes = sizeof(struct many),
	.opts_bytes = sizeof(struct size_opts),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.init = size_init,
	.negotiate = many_negotiate,
	.produce = many_produce,
};

static uint64_t
frame_sum(const struct leat_frame *frame)
{
	const uint64_t *items = (const uint64_t *)(const void *)frame->data;
	uint64_t sum = 0;

	for (uint32_t k = 0; k < frame->n_items; k++)
		sum += items[k];
	return sum;
}

static int
look_process(struct leat_stage *st, struct leat_frame *in)
{
	((uint64_t *)leat_stage_state(st))[1] += frame_sum(in);
	return leat_stage_emit(st, 0, in);
}

static int
change_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *items = (uint64_t *)(void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++)
		items[k]++;
	return leat_stage_emit(st, 0, in);
}

static int
make_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_frame *frame;
	int rc = leat_stage_acquire(st, &frame);

	if (rc < 0)
		return rc;
	bench_fill(frame, (uint32_t)opts_of(st)->n_bytes);
	memcpy(frame->data, in->data, in->len_bytes);
	leat_stage_release(st, in);
	return leat_stage_emit(st, 0, frame);
}

static int
make_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)out;
	leat_stage_needs(st)->frame_bytes = in->frame_bytes;
	return LEAT_OK;
}

#define WORK_OPS                                                               \
	.in_layouts = LEAT_LAYOUT_ITEMS, .state_bytes = sizeof(struct many),   \
	.opts_bytes = sizeof(struct size_opts), .init = size_init

static const struct leat_stage_ops look_ops = {LEAT_STAGE_OPS_INIT("look"),
	.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_BLOCKING, WORK_OPS,
	.process = look_process};

static const struct leat_stage_ops change_ops = {LEAT_STAGE_OPS_INIT("change"),
	.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_BLOCKING |
		LEAT_STAGE_IN_PLACE,
	WORK_OPS, .process = change_process};

static const struct leat_stage_ops make_ops = {LEAT_STAGE_OPS_INIT("make"),
	.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_BLOCKING, WORK_OPS,
	.out_layout = LEAT_LAYOUT_ITEMS, .negotiate = make_negotiate,
	.process = make_process};

static int
end_process(struct leat_stage *st, struct leat_frame *in)
{
	struct many *s = leat_stage_state(st);

	if (s->opts->in_use)
		s->n += frame_sum(in);
	return bench_end(st, in);
}

static const struct leat_stage_ops end_ops = {
	LEAT_STAGE_OPS_INIT("end"),
	.flags = LEAT_STAGE_SINK,
	.state_bytes = sizeof(struct many),
	.opts_bytes = sizeof(struct size_opts),
	.init = size_init,
	.process = end_process,
};

/* ---- processors ----------------------------------------------------------- */

static double
usage_ns(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage) < 0)
		return 0;
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

/* Of this process, and of children that have ended. */
static double
processors_ns(void)
{
	return usage_ns(RUSAGE_SELF) + usage_ns(RUSAGE_CHILDREN);
}

/* ---- the cases ---------------------------------------------------------- */

struct job {
	const struct leat_stage_ops *work;
	struct size_opts size;
	bool is_isolated;
	bool is_lost; /* with its process */
};

static double
job_run(void *arg)
{
	const struct job *job = arg;
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct leat_step steps[3] = {{&many_ops, &job->size},
		{job->work, &job->size}, {&end_ops, &job->size}};
	struct leat_isolate_opts isolate = {
		LEAT_OPTS_INIT(leat_isolate_opts), .restart = job->is_lost};
	struct leat_hook_step hook = {&leat_isolate_ops, &isolate};
	struct leat_stage *st[3];
	struct leat_graph *graph;
	double begin;

	bench_check(leat_graph_create(&opts, &graph, NULL), "graph");
	for (uint32_t k = 0; k < 3; k++)
		bench_check(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			"stage");
	for (uint32_t k = 0; k < 2; k++)
		bench_check(leat_graph_link(graph, leat_out(st[k], 0),
				    leat_in(st[k + 1], 0), NULL, NULL),
			"link");
	if (job->is_isolated)
		bench_check(
			leat_stage_set_hooks(st[1], &hook, 1, NULL), "hooks");
	bench_check(leat_graph_start(graph, NULL), "start");
	begin = processors_ns();
	bench_check(leat_graph_wait(graph, LEAT_NEVER, NULL), "run");
	leat_graph_destroy(graph);
	return (processors_ns() - begin) / (double)job->size.n_frames;
}

static void
job_case(struct bench *bench, const char *name, struct job with)
{
	struct job none = with;
	const struct bench_subject subjects[] = {
		{"leat", job_run, &with}, {"none", job_run, &none}};

	none.is_isolated = false;
	bench_case(bench, name, "ns/frame", subjects, 2);
}

static struct job
job_of(const struct leat_stage_ops *work, uint64_t n_frames, uint64_t n_bytes)
{
	return (struct job){work,
		{LEAT_OPTS_INIT(size_opts), .n_frames = n_frames,
			.n_bytes = n_bytes},
		.is_isolated = true};
}

/* ---- a copy ------------------------------------------------------------- */

#define COPIES 2000u

struct copying {
	uint32_t n_frames; /* of each, in turn */
	uint8_t *from, *to;
};

static double
copy_run(void *arg)
{
	const struct copying *c = arg;
	double begin = processors_ns();

	for (uint32_t k = 0; k < COPIES; k++) {
		size_t at = (size_t)(k % c->n_frames) * LARGE_BYTES;

		memcpy(c->to + at, c->from + at, LARGE_BYTES);
		bench_keep(c->to);
	}
	return (processors_ns() - begin) / COPIES;
}

static void
copy_case(struct bench *bench, const char *name, uint32_t n_frames)
{
	size_t n_bytes = (size_t)n_frames * LARGE_BYTES;
	struct copying c = {n_frames, malloc(n_bytes), malloc(n_bytes)};
	const struct bench_subject subject = {"memcpy", copy_run, &c};

	if (!c.from || !c.to)
		bench_check(LEAT_ENOMEM, "memory");
	memset(c.from, 1, n_bytes);
	bench_case(bench, name, "ns/frame", &subject, 1);
	free(c.from);
	free(c.to);
}

int
main(int argc, char **argv)
{
	struct job write = job_of(&change_ops, 20000, LARGE_BYTES);
	struct job in_use = write, lost = write;
	struct bench bench;

	in_use.size.in_use = 1;
	lost.is_lost = true;
	bench_init(&bench, "isolate", argc, argv);
	job_case(&bench, "pass 64 B", job_of(&look_ops, 50000, SMALL_BYTES));
	job_case(&bench, "read 64 KiB", job_of(&look_ops, 20000, LARGE_BYTES));
	job_case(&bench, "make 64 KiB", job_of(&make_ops, 20000, LARGE_BYTES));
	job_case(&bench, "write 64 KiB", write);
	job_case(&bench, "write 64 KiB, in use", in_use);
	job_case(&bench, "write 64 KiB, lost", lost);
	copy_case(&bench, "copy 64 KiB, 8", 8);
	copy_case(&bench, "copy 64 KiB, 32", 32);
	bench_print(&bench);
	return 0;
}
