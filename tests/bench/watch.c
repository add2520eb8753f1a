/*
 * bench/watch.c -- what it costs a frame that it is kept how long things take.
 *
 * A source, three stages that pass frames on, a sink; small frames, so that
 * what is measured is the framework. "leat" keeps latencies, "off" does not
 * (LEAT_GRAPH_NO_LATENCY). The difference is what they cost a frame on its
 * whole way: at most 3 ns are aimed at. "fused" is one segment on one worker,
 * "threads" has the ends on threads of their own. "read" is a graph that is
 * asked for everything, as Prometheus does, a thousand times a second. Times
 * are those of processors.
 */
#include <leat/leat.h>

#include <pthread.h>
#include <time.h>

#include "support/bench.h"
#include "support/stages.h"

#define N_FRAMES    400000u
#define N_THREADED  (N_FRAMES / 20) /* where threads hand over */
#define FRAME_BYTES 64u
#define READ_NS     1000000

static int
many_produce(struct leat_stage *st)
{
	return bench_produce(st, leat_stage_state(st), N_FRAMES, FRAME_BYTES);
}

static int
many_blocking_produce(struct leat_stage *st)
{
	return bench_produce(st, leat_stage_state(st), N_THREADED, FRAME_BYTES);
}

#define MANY                                                                   \
	LEAT_STAGE_OPS_INIT("many"),                                           \
		.state_bytes = sizeof(uint64_t),                               \
		.out_layout = LEAT_LAYOUT_ITEMS,                               \
		.needs = {.frame_bytes = FRAME_BYTES, .burst = 4},             \
		.negotiate = bench_negotiate

static const struct leat_stage_ops many_ops = {MANY, .produce = many_produce};
static const struct leat_stage_ops many_blocking_ops = {
	MANY, .flags = LEAT_STAGE_BLOCKING, .produce = many_blocking_produce};
static const struct leat_stage_ops pass_ops = {
	LEAT_STAGE_OPS_INIT("pass"), .process = bench_pass};
static const struct leat_stage_ops end_blocking_ops = {
	LEAT_STAGE_OPS_INIT("end"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING, .process = bench_end};

/* ---- a reader ----------------------------------------------------------- */

struct reader {
	struct leat_graph *graph;
	uint64_t n_bytes;
	uint32_t is_over; /* atomic */
};

static void
reader_write(void *user, const char *text, size_t n_bytes)
{
	struct reader *reader = user;

	bench_keep(text);
	reader->n_bytes += n_bytes;
}

static void *
reader_run(void *user)
{
	static const struct timespec pause = {.tv_nsec = READ_NS};
	struct reader *reader = user;

	while (!__atomic_load_n(&reader->is_over, __ATOMIC_ACQUIRE)) {
		bench_check(leat_metrics_write(reader->graph, NULL,
				    reader_write, reader, NULL),
			"metrics");
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* ---- the cases ---------------------------------------------------------- */

struct job {
	bool is_blocking;
	bool is_read;
	uint32_t flags;
};

static double
job_time(const struct job *job, struct leat_graph *graph)
{
	struct reader reader = {.graph = graph};
	double begin = bench_cpu_ns();
	pthread_t thread;

	bench_check(leat_graph_start(graph, NULL), "start");
	if (job->is_read &&
		pthread_create(&thread, NULL, reader_run, &reader) != 0)
		bench_check(LEAT_ELIMIT, "a thread");
	bench_check(leat_graph_wait(graph, LEAT_NEVER, NULL), "wait");
	begin = bench_cpu_ns() - begin;
	__atomic_store_n(&reader.is_over, 1, __ATOMIC_RELEASE);
	if (job->is_read)
		pthread_join(thread, NULL);
	return begin / (job->is_blocking ? N_THREADED : N_FRAMES);
}

static double
job_run(void *arg)
{
	const struct job *job = arg;
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.flags = job->flags, .workers = 1};
	struct leat_step steps[] = {
		{job->is_blocking ? &many_blocking_ops : &many_ops, NULL},
		{&pass_ops, NULL}, {&pass_ops, NULL}, {&pass_ops, NULL},
		{job->is_blocking ? &end_blocking_ops : &bench_end_ops, NULL}};
	struct leat_graph *graph;
	double ns;

	bench_check(leat_graph_create(&opts, &graph, NULL), "graph");
	bench_check(leat_graph_chain(graph, steps, 5, NULL), "chain");
	ns = job_time(job, graph);
	leat_graph_destroy(graph);
	return ns;
}

static void
job_case(struct bench *bench, const char *name, struct job on, struct job off)
{
	const struct bench_subject subjects[] = {
		{"leat", job_run, &on}, {"off", job_run, &off}};

	bench_case(bench, name, "ns/frame", subjects, 2);
}

int
main(int argc, char **argv)
{
	struct job fused = {.is_blocking = false};
	struct job fused_off = {.flags = LEAT_GRAPH_NO_LATENCY};
	struct job threads = {.is_blocking = true};
	struct job threads_off = {
		.is_blocking = true, .flags = LEAT_GRAPH_NO_LATENCY};
	struct job read = {.is_read = true};
	struct bench bench;

	bench_init(&bench, "watch", argc, argv);
	job_case(&bench, "fused", fused, fused_off);
	job_case(&bench, "threads", threads, threads_off);
	job_case(&bench, "read", read, fused_off);
	bench_print(&bench);
	return 0;
}
