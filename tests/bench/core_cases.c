/*
 * bench/core_cases.c -- leat's side of core.py, case by case, through the
 * public headers: channels, select, fibers, contexts and an idle graph.
 *
 *	core_cases CASE [PERCENT]    the conventions of support/rival.h
 *
 * core.py runs these beside their rivals and knows the bars. A channel
 * case is one sender and one receiver on threads of their own; the same with
 * -fiber has them as fibers of one worker. Every channel has a context.
 */
#include <sys/resource.h>
#include <unistd.h>

#include <leat/leat.h>
#include <leat/task.h>

#include "support/bench.h"
#include "support/chain6.h"
#include "support/rival.h"

#define SELECT_MAX 16u
#define N_ENDS     4u
#define FAN_OUT    10u

/* ---- what the cases stand on ------------------------------------------------- */

/* One case's channels and what its ends share. */
struct rig {
	struct leat_ctx *ctx;
	struct leat_channel *channels[SELECT_MAX];
	uint32_t n_channels;
	uint64_t n;
	uint64_t sum;
	uint64_t n_started; /* ends that run */
	int64_t *times;
};

/* The options of most cases. */
static struct leat_channel_opts
rig_opts(void)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = RIVAL_CAPACITY};

	return opts;
}

static void
rig_open(struct rig *rig, const struct leat_channel_opts *opts,
	uint32_t n_channels, uint64_t n)
{
	memset(rig, 0, sizeof(*rig));
	rig->n = n;
	rig->n_channels = n_channels;
	bench_check(leat_ctx_create(&rig->ctx, NULL), "context");
	for (uint32_t k = 0; k < n_channels; k++)
		bench_check(leat_channel_create(
				    rig->ctx, opts, &rig->channels[k], NULL),
			"channel");
}

static void
rig_close(struct rig *rig)
{
	for (uint32_t k = 0; k < rig->n_channels; k++)
		leat_channel_destroy(rig->channels[k]);
	leat_ctx_destroy(rig->ctx);
}

/* A side of a case: the same function on a thread and in a fiber. */
typedef void (*side_fn)(struct rig *rig);

struct side {
	side_fn run;
	struct rig *rig;
};

static void *
side_thread(void *arg)
{
	const struct side *side = arg;

	side->run(side->rig);
	return NULL;
}

static void
side_fiber(struct leat_ctx *ctx, void *arg)
{
	const struct side *side = arg;

	(void)ctx;
	side->run(side->rig);
}

/* n_each threads of each side, except that the last one runs here. */
static void
sides_on_threads(struct side *sender, struct side *receiver, uint32_t n_each)
{
	pthread_t threads[2 * N_ENDS];
	uint32_t n = 0;

	for (uint32_t k = 0; k < n_each; k++) {
		threads[n++] = rival_thread(side_thread, sender);
		if (k + 1 < n_each)
			threads[n++] = rival_thread(side_thread, receiver);
	}
	receiver->run(receiver->rig);
	for (uint32_t k = 0; k < n; k++)
		pthread_join(threads[k], NULL);
}

static void
sides_as_fibers(struct side *sender, struct side *receiver, uint32_t n_each,
	uint32_t n_workers)
{
	const struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = n_workers};
	struct leat_workers *workers;

	bench_check(
		leat_workers_create(NULL, &opts, &workers, NULL), "workers");
	for (uint32_t k = 0; k < n_each; k++) {
		bench_check(leat_go(workers, side_fiber, sender, NULL), "go");
		bench_check(leat_go(workers, side_fiber, receiver, NULL), "go");
	}
	leat_workers_close(workers);
	bench_check(leat_workers_wait(workers, LEAT_NEVER), "wait");
	leat_workers_destroy(workers);
}

/* n_workers 0: threads; else fibers of so many workers. */
static void
sides_run(struct rig *rig, side_fn sender, side_fn receiver, uint32_t n_each,
	uint32_t n_workers)
{
	struct side from = {sender, rig}, to = {receiver, rig};

	if (n_workers == 0)
		sides_on_threads(&from, &to, n_each);
	else
		sides_as_fibers(&from, &to, n_each, n_workers);
}

/* Open, run, close; the time of the run is the case's. */
static void
case_run(uint64_t n, struct rival_result *result,
	const struct leat_channel_opts *opts, side_fn sender, side_fn receiver,
	uint32_t n_workers)
{
	uint32_t n_each = opts->n_senders ? opts->n_senders : 1;
	struct rig rig;
	int64_t begin;

	rig_open(&rig, opts, 1, n);
	begin = rival_now_ns();
	sides_run(&rig, sender, receiver, n_each, n_workers);
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
	rig_close(&rig);
	rival_demand_sum(rig.sum, n);
}

/* ---- one item at a time ------------------------------------------------------ */

static void
one_send(struct rig *rig)
{
	struct leat_channel *channel = rig->channels[0];
	int rc = LEAT_OK;

	for (uint64_t k = 0, n = rig->n; k < n && rc == LEAT_OK; k++) {
		uint64_t item = k; /* so that k stays in a register */

		rc = leat_channel_send(channel, &item);
	}
	bench_check(rc, "send");
	leat_channel_close_send(channel);
}

static void
one_recv(struct rig *rig)
{
	struct leat_channel *channel = rig->channels[0];
	uint64_t item, sum = 0;
	int rc;

	while ((rc = leat_channel_recv(channel, &item)) == LEAT_OK)
		sum += item;
	rival_demand(rc == LEAT_EOS, "the end of the stream");
	rig->sum = sum;
}

static void
hop1(uint64_t n, struct rival_result *result)
{
	struct leat_channel_opts opts = rig_opts();

	case_run(n, result, &opts, one_send, one_recv, 0);
}

static void
hop1_run(uint64_t n, struct rival_result *result)
{
	struct leat_channel_opts opts = rig_opts();

	opts.publish_items = 32;
	case_run(n, result, &opts, one_send, one_recv, 0);
}

static void
hop1_fiber(uint64_t n, struct rival_result *result)
{
	struct leat_channel_opts opts = rig_opts();

	case_run(n, result, &opts, one_send, one_recv, 1);
}

/* ---- bursts ------------------------------------------------------------------ */

static void
burst_send(struct rig *rig)
{
	uint64_t items[RIVAL_BURST];

	for (uint64_t k = 0; k < rig->n; k += RIVAL_BURST) {
		for (uint32_t i = 0; i < RIVAL_BURST; i++)
			items[i] = k + i;
		bench_check(leat_channel_send_bulk(rig->channels[0], items,
				    RIVAL_BURST, NULL, LEAT_NEVER, NULL),
			"send_bulk");
	}
	leat_channel_close_send(rig->channels[0]);
}

static void
burst_recv(struct rig *rig)
{
	uint64_t items[RIVAL_BURST], sum = 0;
	uint32_t n = 0;
	int rc;

	do {
		rc = leat_channel_recv_bulk(rig->channels[0], items,
			RIVAL_BURST, NULL, LEAT_NEVER, &n);
		for (uint32_t k = 0; k < n; k++)
			sum += items[k];
	} while (rc == LEAT_OK);
	rival_demand(rc == LEAT_EOS, "the end of the stream");
	rig->sum = sum;
}

static void
hop256(uint64_t n, struct rival_result *result)
{
	struct leat_channel_opts opts = rig_opts();

	n -= n % RIVAL_BURST;
	case_run(n, result, &opts, burst_send, burst_recv, 0);
}

/* The same where the items lie: reserve and commit, peek and consume. */
static void
inplace_send(struct rig *rig)
{
	struct leat_channel *ch = rig->channels[0];
	uint64_t k = 0;

	while (k < rig->n) {
		uint64_t *items, first = k;
		void *room;
		int n = leat_channel_send_reserve(ch, RIVAL_BURST, &room);

		bench_check(n, "reserve");
		if (n == 0) {
			bench_check(leat_channel_send(ch, &k), "send");
			k++;
			continue;
		}
		items = room;
		for (int i = 0; i < n && k < rig->n; i++)
			items[i] = k++;
		leat_channel_send_commit(ch, room, (uint32_t)(k - first));
	}
	leat_channel_close_send(ch);
}

static void
inplace_recv(struct rig *rig)
{
	struct leat_channel *ch = rig->channels[0];
	uint64_t item, sum = 0;
	int rc = LEAT_OK;

	while (rc == LEAT_OK) {
		const uint64_t *items;
		const void *there;
		int n = leat_channel_recv_peek(ch, RIVAL_BURST, &there);

		if (n > 0) {
			items = there;
			for (int i = 0; i < n; i++)
				sum += items[i];
			leat_channel_recv_consume(ch, (uint32_t)n);
			continue;
		}
		rc = leat_channel_recv(ch, &item);
		sum += rc == LEAT_OK ? item : 0;
	}
	rival_demand(rc == LEAT_EOS, "the end of the stream");
	rig->sum = sum;
}

static void
hop256_inplace(uint64_t n, struct rival_result *result)
{
	struct leat_channel_opts opts = rig_opts();

	case_run(n, result, &opts, inplace_send, inplace_recv, 0);
}

/* ---- round trips: there is channels[0], back is channels[1] ------------------ */

static void
trip_echo(struct rig *rig)
{
	uint64_t item;

	for (uint64_t k = 0; k < rig->n; k++) {
		bench_check(leat_channel_recv(rig->channels[0], &item), "recv");
		bench_check(leat_channel_send(rig->channels[1], &item), "send");
	}
}

static void
trip_there_and_back(struct rig *rig)
{
	uint64_t item;

	rig->times[0] = rival_now_ns();
	for (uint64_t k = 0; k < rig->n; k++) {
		bench_check(leat_channel_send(rig->channels[0], &k), "send");
		bench_check(leat_channel_recv(rig->channels[1], &item), "recv");
		rig->sum += item;
		rig->times[k + 1] = rival_now_ns();
	}
}

static void
trip_run(uint64_t n, struct rival_result *result, uint64_t spin_ns,
	uint32_t n_workers)
{
	struct leat_channel_opts opts = rig_opts();
	struct rig rig;

	opts.spin_ns = spin_ns;
	rig_open(&rig, &opts, 2, n);
	rig.times = rival_times(n);
	sides_run(&rig, trip_echo, trip_there_and_back, 1, n_workers);
	rig_close(&rig);
	rival_add_times(result, rig.times, n);
	rival_demand_sum(rig.sum, n);
}

static void
rtt_fiber(uint64_t n, struct rival_result *result)
{
	trip_run(n, result, 0, 1);
}

static void
rtt_spin(uint64_t n, struct rival_result *result)
{
	trip_run(n, result, RIVAL_SPIN_NS, 0);
}

static void
rtt_park(uint64_t n, struct rival_result *result)
{
	trip_run(n, result, LEAT_SPIN_NONE, 0);
}

/* ---- select ------------------------------------------------------------------ */

/* Deal the items out to the channels in turn. */
static void
deal_send(struct rig *rig)
{
	for (uint64_t k = 0; k < rig->n; k++)
		bench_check(leat_channel_send(
				    rig->channels[k % rig->n_channels], &k),
			"send");
}

static void
deal_recv(struct rig *rig)
{
	struct leat_select_case cases[SELECT_MAX];
	uint64_t item = 0, sum = 0;
	uint32_t index;

	memset(cases, 0, sizeof(cases));
	for (uint32_t k = 0; k < rig->n_channels; k++) {
		cases[k].channel = rig->channels[k];
		cases[k].item = &item;
		cases[k].op = LEAT_SELECT_RECV;
	}
	for (uint64_t k = 0; k < rig->n; k++) {
		bench_check(leat_select(cases, rig->n_channels, rig->ctx,
				    LEAT_NEVER, &index),
			"select");
		bench_check(cases[index].result, "receive");
		sum += item;
	}
	rig->sum = sum;
}

static void
select_run(uint64_t n, struct rival_result *result, uint32_t n_channels,
	uint32_t n_workers)
{
	struct leat_channel_opts opts = rig_opts();
	struct rig rig;
	int64_t begin;

	rig_open(&rig, &opts, n_channels, n);
	begin = rival_now_ns();
	sides_run(&rig, deal_send, deal_recv, 1, n_workers);
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
	rig_close(&rig);
	rival_demand_sum(rig.sum, n);
}

static void
select2(uint64_t n, struct rival_result *result)
{
	select_run(n, result, 2, 0);
}

static void
select16(uint64_t n, struct rival_result *result)
{
	select_run(n, result, 16, 0);
}

static void
select2_fiber(uint64_t n, struct rival_result *result)
{
	select_run(n, result, 2, 1);
}

static void
select16_fiber(uint64_t n, struct rival_result *result)
{
	select_run(n, result, 16, 1);
}

/* ---- many to many ------------------------------------------------------------ */

static void
many_send(struct rig *rig)
{
	uint64_t k = __atomic_fetch_add(&rig->n_started, 1, __ATOMIC_RELAXED);

	for (; k < rig->n; k += N_ENDS)
		bench_check(leat_channel_send(rig->channels[0], &k), "send");
	leat_channel_close_send(rig->channels[0]);
}

static void
many_recv(struct rig *rig)
{
	struct leat_channel *channel = rig->channels[0];
	uint64_t item, sum = 0;
	int rc;

	while ((rc = leat_channel_recv(channel, &item)) == LEAT_OK)
		sum += item;
	rival_demand(rc == LEAT_EOS, "the end of the stream");
	__atomic_fetch_add(&rig->sum, sum, __ATOMIC_RELAXED);
}

static void
many_run(uint64_t n, struct rival_result *result, uint32_t n_workers)
{
	struct leat_channel_opts opts = rig_opts();

	opts.flags = LEAT_CHANNEL_MANY_SENDERS | LEAT_CHANNEL_MANY_RECEIVERS;
	opts.n_senders = N_ENDS;
	opts.n_receivers = N_ENDS;
	case_run(n, result, &opts, many_send, many_recv, n_workers);
}

static void
mpmc4x4(uint64_t n, struct rival_result *result)
{
	many_run(n, result, 0);
}

static void
mpmc4x4_fiber(uint64_t n, struct rival_result *result)
{
	many_run(n, result, (uint32_t)sysconf(_SC_NPROCESSORS_ONLN));
}

/* ---- a million fibers -------------------------------------------------------- */

static double
resident_bytes(void)
{
	long total = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	rival_demand(file && fscanf(file, "%ld %ld", &total, &resident) == 2,
		"/proc/self/statm");
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* As in Go the one that makes them is one of them. */
struct crowd {
	struct rig *rig;
	struct leat_workers *workers;
	struct rival_result *result;
	uint64_t n_started;
	uint64_t n_ended;
};

static void
parked(struct leat_ctx *ctx, void *arg)
{
	struct crowd *crowd = arg;
	uint64_t item;

	(void)ctx;
	__atomic_fetch_add(&crowd->n_started, 1, __ATOMIC_RELAXED);
	rival_demand(
		leat_channel_recv(crowd->rig->channels[0], &item) == LEAT_EOS,
		"the end of the stream");
	__atomic_fetch_add(&crowd->n_ended, 1, __ATOMIC_RELAXED);
}

static void
crowd_await(const uint64_t *count, uint64_t n)
{
	while (__atomic_load_n(count, __ATOMIC_RELAXED) < n)
		leat_yield();
}

/* Created until all have come to the channel; closed until all have ended. */
static void
crowd_main(struct leat_ctx *ctx, void *arg)
{
	struct crowd *crowd = arg;
	uint64_t n = crowd->rig->n;
	double bytes = resident_bytes();
	int64_t begin = rival_now_ns();

	(void)ctx;
	for (uint64_t k = 0; k < n; k++)
		bench_check(leat_go(crowd->workers, parked, crowd, NULL), "go");
	crowd_await(&crowd->n_started, n);
	rival_add(crowd->result, "ns",
		(double)(rival_now_ns() - begin) / (double)n);
	rival_add(
		crowd->result, "bytes", (resident_bytes() - bytes) / (double)n);
	begin = rival_now_ns();
	leat_channel_close_send(crowd->rig->channels[0]);
	crowd_await(&crowd->n_ended, n);
	rival_add(crowd->result, "end_ns",
		(double)(rival_now_ns() - begin) / (double)n);
}

static void
fibers1m(uint64_t n, struct rival_result *result)
{
	struct leat_channel_opts opts = rig_opts();
	struct rig rig;
	struct crowd crowd = {.rig = &rig, .result = result};

	opts.capacity = 0;
	opts.flags = LEAT_CHANNEL_MANY_RECEIVERS;
	rig_open(&rig, &opts, 1, n);
	bench_check(leat_workers_create(NULL, NULL, &crowd.workers, NULL),
		"workers");
	bench_check(leat_go(crowd.workers, crowd_main, &crowd, NULL), "go");
	leat_workers_close(crowd.workers);
	bench_check(leat_workers_wait(crowd.workers, LEAT_NEVER), "wait");
	leat_workers_destroy(crowd.workers);
	rig_close(&rig);
}

/* ---- contexts ---------------------------------------------------------------- */

static void
tree_create(struct leat_ctx **ctxs, uint64_t n)
{
	bench_check(leat_ctx_create(&ctxs[0], NULL), "root");
	for (uint64_t k = 1; k < n; k++)
		bench_check(leat_ctx_child(ctxs[(k - 1) / FAN_OUT], LEAT_NEVER,
				    &ctxs[k], NULL),
			"child");
}

/* A tree in an array: the parent of k is (k - 1) / FAN_OUT. */
static void
ctx100k(uint64_t n, struct rival_result *result)
{
	struct leat_ctx **ctxs = calloc(n, sizeof(*ctxs));
	int64_t begin = rival_now_ns(), created, cancelled, ended;

	rival_demand(ctxs != NULL, "memory for the tree");
	tree_create(ctxs, n);
	created = rival_now_ns();
	leat_ctx_cancel(ctxs[0], LEAT_ECANCELED, NULL);
	for (uint64_t k = 0; k < n; k++)
		rival_demand(leat_ctx_is_done(ctxs[k]),
			"a context that has not ended");
	cancelled = rival_now_ns();
	for (uint64_t k = n; k-- > 0;)
		leat_ctx_destroy(ctxs[k]);
	ended = rival_now_ns();
	free(ctxs);
	rival_add(result, "ns", (double)(ended - begin) / (double)n);
	rival_add(result, "create_ns", (double)(created - begin) / (double)n);
	rival_add(
		result, "cancel_ns", (double)(cancelled - created) / (double)n);
}

/* ---- an idle graph ----------------------------------------------------------- */

#define IDLE_WORKERS 2

static double
cpu_ns(const struct rusage *usage)
{
	return ((double)usage->ru_utime.tv_sec +
		       (double)usage->ru_stime.tv_sec) *
		1e9 +
		((double)usage->ru_utime.tv_usec +
			(double)usage->ru_stime.tv_usec) *
		1e3;
}

static void
sleep_ms(uint64_t ms)
{
	struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

/* What the process uses in n ms; its other threads are the graph's. */
static void
idle_watch(uint64_t n, struct rival_result *result)
{
	struct rusage before, after;
	double ns;
	int64_t begin;

	sleep_ms(300);
	getrusage(RUSAGE_SELF, &before);
	begin = rival_now_ns();
	sleep_ms(n);
	getrusage(RUSAGE_SELF, &after);
	ns = (double)(rival_now_ns() - begin);
	rival_add(result, "share_percent",
		100 * (cpu_ns(&after) - cpu_ns(&before)) / ns);
	rival_add(result, "switches",
		(double)(after.ru_nvcsw - before.ru_nvcsw - 1) * 1e9 / ns /
			IDLE_WORKERS);
}

/* A source that waits on a pipe into which nothing comes. */
static void
idle(uint64_t n, struct rival_result *result)
{
	const struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = IDLE_WORKERS};
	struct leat_graph *graph;
	int ends[2];

	rival_demand(
		pipe(ends) == 0 && dup2(ends[0], STDIN_FILENO) == 0, "a pipe");
	bench_check(leat_graph_create(&opts, &graph, NULL), "graph");
	bench_check(leat_graph_parse(graph,
			    "read - ! lines.parse ! lines.format ! "
			    "write /dev/null",
			    NULL),
		"parse");
	bench_check(leat_graph_start(graph, NULL), "start");
	idle_watch(n, result);
	close(ends[1]);
	bench_check(leat_graph_wait(graph, LEAT_NEVER, NULL), "wait");
	leat_graph_destroy(graph);
	close(ends[0]);
}

/* ---- all of them ------------------------------------------------------------- */

static const struct rival_case cases[] = {
	{"hop1", 10000000, false, hop1},
	{"hop1-run", 50000000, false, hop1_run},
	{"hop256", 100000000, false, hop256},
	{"hop256-inplace", 100000000, false, hop256_inplace},
	{"chain6", 100000000, false, chain6},
	{"chain6-small", 100000000, false, chain6_small},
	{"hop1-fiber", 20000000, false, hop1_fiber},
	{"rtt-fiber", 1000000, false, rtt_fiber},
	{"rtt-spin", 200000, false, rtt_spin},
	{"rtt-park", 20000, false, rtt_park},
	{"select2", 4000000, false, select2},
	{"select16", 4000000, false, select16},
	{"select2-fiber", 5000000, false, select2_fiber},
	{"select16-fiber", 5000000, false, select16_fiber},
	{"mpmc4x4", 2000000, false, mpmc4x4},
	{"mpmc4x4-fiber", 2000000, false, mpmc4x4_fiber},
	{"fibers1m", 1000000, true, fibers1m},
	{"ctx100k", 100000, false, ctx100k},
	{"idle", 60000, true, idle}, /* ms */
	{NULL, 0, false, NULL},
};

int
main(int argc, char **argv)
{
	return rival_main("leat", cases, argc, argv);
}
