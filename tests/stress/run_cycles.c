/*
 * stress/run_cycles.c -- graphs are built, run and ended, again and again;
 * after each cycle every counter is where it began.
 *
 * Counted are blocks, mappings and files of the world that the library is in,
 * contexts and timers below the parent of all graphs; and of the process its
 * threads, open files and memory. A cycle draws its kind: how the graph ends,
 * what fails, what stands around its stages. LEAT_SEED replays the draws;
 * nightly there are 10^5 cycles.
 */
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "ctx/node.h"
#include "exec/workers.h"
#include "graph/graph.h"
#include "run/run.h"
#include "support/fail.h"
#include "support/numbers.h"
#include "support/pipe.h"
#include "support/stress.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#ifdef IS_SANITIZED
#define ROUNDS 250
#define NOISE  UINT64_MAX /* it keeps what is freed */
#else
#define ROUNDS 1500
#define NOISE  (8u << 20) /* bytes of memory that allocators may have kept */
#endif

#define N_WARM    200u /* cycles before the process is counted */
#define N_NUMBERS 200u

static struct fail_env world;
static struct leat_ctx *parent;
static uint64_t draws;

/* ---- stages --------------------------------------------------------------------- */

/* Fails in open, or at so many records; rejects every fifth. */
struct weak_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t open_fails;
	uint64_t fail_at; /* 0 = never */
};

struct weak {
	const struct weak_opts *opts;
	uint64_t n;
};

static int
weak_init(struct leat_stage *st, const void *opts)
{
	((struct weak *)leat_stage_state(st))->opts = opts;
	return LEAT_OK;
}

static int
weak_open(struct leat_stage *st)
{
	const struct weak *s = leat_stage_state(st);

	return s->opts->open_fails
		? leat_stage_fail(st, LEAT_EIO, "it cannot be opened")
		: LEAT_OK;
}

static int
weak_reject(struct leat_stage *st, uint64_t item)
{
	struct leat_reject reject = {.reason = "a fifth",
		.origin = "numbers",
		.line = item,
		.column = 1,
		.data = &item,
		.n_bytes = sizeof(item)};

	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

static int
weak_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *items = (uint64_t *)(void *)in->data;
	struct weak *s = leat_stage_state(st);
	uint32_t n = 0;

	s->n += in->n_items;
	if (s->opts->fail_at && s->n >= s->opts->fail_at)
		return leat_stage_fail(st, LEAT_EIO, "it is weak");
	for (uint32_t k = 0; k < in->n_items; k++) {
		if (items[k] % 5)
			items[n++] = items[k];
		else
			LEAT_TRY(weak_reject(st, items[k]));
	}
	in->n_items = n;
	in->len_bytes = n * 8;
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops weak_ops = {LEAT_STAGE_OPS_INIT("weak"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_REJECTS,
	.in_layouts = LEAT_LAYOUT_ITEMS, .state_bytes = sizeof(struct weak),
	.opts_bytes = sizeof(struct weak_opts), .init = weak_init,
	.open = weak_open, .process = weak_process};

/* ---- a cycle ---------------------------------------------------------------------- */

enum kind {
	KIND_ENDS,
	KIND_CANCELLED_BEFORE,
	KIND_CANCELLED,
	KIND_DRAINED,
	KIND_DESTROYED,
	KIND_OPEN_FAILS,
	KIND_STAGE_FAILS,
	KIND_STOPS, /* at a record */
	KIND_GUARDED,
	KIND_DEAD_LETTERS,
	KIND_SPILLS,
	KIND_DEADLINE,
	KIND_NO_MEMORY, /* at some moment */
	KIND_FIBERS,
	KINDS
};

struct cycle {
	enum kind kind;
	struct leat_ctx *ctx; /* NULL = that of all */
	struct leat_graph *graph;
	struct sink_seen seen[2]; /* of the second only if it spills */
	bool has_failed;          /* building it */
};

static bool
cycle_is_endless(const struct cycle *c)
{
	return c->kind == KIND_CANCELLED || c->kind == KIND_DRAINED ||
		c->kind == KIND_DESTROYED || c->kind == KIND_DEADLINE;
}

static uint32_t
cycle_on_error(const struct cycle *c)
{
	return c->kind == KIND_DEAD_LETTERS ? LEAT_ON_ERROR_DEAD_LETTER
		: c->kind == KIND_STOPS     ? LEAT_ON_ERROR_STOP
					    : LEAT_ON_ERROR_SKIP;
}

static struct leat_stage *
cycle_add(struct cycle *c, const struct leat_stage_ops *ops, const void *opts)
{
	struct leat_step step = {ops, opts};
	struct leat_stage *st = NULL;

	if (!c->has_failed)
		c->has_failed =
			leat_graph_add(c->graph, NULL, &step, &st, NULL) < 0;
	return st;
}

static void
cycle_link(struct cycle *c, struct leat_stage *from, uint32_t out,
	struct leat_stage *to)
{
	if (!c->has_failed)
		c->has_failed = leat_graph_link(c->graph, leat_out(from, out),
					leat_in(to, 0), NULL, NULL) < 0;
}

static void
cycle_put_hooks(struct cycle *c, struct leat_stage *st)
{
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000000000};
	struct leat_timeout_opts timeout = {
		LEAT_OPTS_INIT(leat_timeout_opts), .after_ns = 1000000000};
	struct leat_hook_step hooks[2] = {
		{&leat_timeout_ops, &timeout}, {&leat_rate_ops, &rate}};

	if (!c->has_failed)
		c->has_failed = leat_stage_set_hooks(st, hooks,
					1 + stress_below(&draws, 2), NULL) < 0;
}

/* To one sink, or by way of a tee to two, of which one is slow. */
static void
cycle_add_sinks(struct cycle *c, struct leat_stage *from)
{
	struct leat_tee_opts tee = {LEAT_OPTS_INIT(leat_tee_opts),
		.slow = "block,spill", .spill_bytes = 1u << 20,
		.spill_dir = "."};
	struct sink_opts sink = {
		LEAT_OPTS_INIT(sink_opts), .seen = &c->seen[0]};
	struct leat_stage *st;

	if (c->kind == KIND_SPILLS) {
		st = cycle_add(c, &leat_tee_ops, &tee);
		cycle_link(c, from, 0, st);
		from = st;
	}
	cycle_link(c, from, 0, cycle_add(c, &sink_ops, &sink));
	if (c->kind != KIND_SPILLS)
		return;
	sink.seen = &c->seen[1];
	cycle_link(c, from, 1, cycle_add(c, &sink_blocking_ops, &sink));
}

/* numbers ! hold ! weak ! sink */
static void
cycle_build(struct cycle *c)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1 + stress_below(&draws, 3),
		.capacity_frames = 1 + stress_below(&draws, 3),
		.parent = c->ctx ? c->ctx : parent,
		.dead_letters = "dead.ndjson"};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
		.n = cycle_is_endless(c) ? 0 : N_NUMBERS,
		.per_frame = 1 + stress_below(&draws, 20)};
	struct weak_opts weak = {LEAT_OPTS_INIT(weak_opts),
		.open_fails = c->kind == KIND_OPEN_FAILS,
		.fail_at = c->kind == KIND_STAGE_FAILS
			? 1 + stress_below(&draws, N_NUMBERS)
			: 0};
	struct leat_stage *st[3];

	c->has_failed =
		leat__graph_create(&world.env, &opts, &c->graph, NULL) < 0;
	if (c->has_failed)
		return;
	st[0] = cycle_add(c,
		stress_below(&draws, 2) ? &numbers_ops : &numbers_blocking_ops,
		&numbers);
	st[1] = cycle_add(c, &hold_ops, NULL);
	st[2] = cycle_add(c, &weak_ops, &weak);
	cycle_link(c, st[0], 0, st[1]);
	cycle_link(c, st[1], 0, st[2]);
	if (!c->has_failed)
		c->has_failed = leat_stage_set_on_error(
					st[2], cycle_on_error(c), 0, NULL) < 0;
	if (c->kind == KIND_GUARDED)
		cycle_put_hooks(c, st[2]);
	cycle_add_sinks(c, st[2]);
}

/* A moment in the run of the graph. */
static void
cycle_await(const struct cycle *c)
{
	uint32_t n = stress_below(&draws, 60);

	while (leat__load_relaxed(&c->seen[0].n) < n)
		world.env.yield(&world.env);
}

static void
cycle_end(struct cycle *c)
{
	if (c->kind == KIND_GUARDED)
		for (uint32_t k = stress_below(&draws, 4); k > 0; k--)
			cycle_put_hooks(c, c->graph->stages[2]);
	if (cycle_is_endless(c))
		cycle_await(c);
	if (c->kind == KIND_DRAINED)
		leat_graph_drain(c->graph);
	if (c->kind == KIND_CANCELLED)
		leat_graph_cancel(c->graph);
	if (c->kind == KIND_DEADLINE)
		must(leat_ctx_set_deadline(c->ctx, leat_now_ns()) == LEAT_OK);
}

/* What the graph must end with. */
static bool
cycle_is_right(const struct cycle *c, int rc)
{
	switch (c->kind) {
	case KIND_CANCELLED_BEFORE:
	case KIND_CANCELLED:
		return rc == LEAT_ECANCELED;
	case KIND_OPEN_FAILS:
	case KIND_STAGE_FAILS:
		return rc == LEAT_EIO;
	case KIND_STOPS:
		return rc == LEAT_EDATA;
	case KIND_DEADLINE:
		return rc == LEAT_ETIMEDOUT;
	case KIND_NO_MEMORY:
		return rc == LEAT_OK || rc == LEAT_ENOMEM || rc == LEAT_ELIMIT;
	default:
		return rc == LEAT_OK;
	}
}

static void
cycle_check(struct cycle *c)
{
	struct leat_graph_stats stats;

	leat_graph_stats(c->graph, &stats);
	must(stats.is_balanced);
	must(stats.memory_bytes == 0);
	if (c->kind == KIND_ENDS)
		must(c->seen[0].n == N_NUMBERS - N_NUMBERS / 5);
	if (c->kind == KIND_DEAD_LETTERS)
		must(stats.dead_lettered == N_NUMBERS / 5);
	if (c->kind == KIND_SPILLS)
		must(c->seen[1].n == c->seen[0].n);
}

static void
cycle_run(struct cycle *c)
{
	int rc;

	if (c->kind == KIND_CANCELLED_BEFORE)
		leat_graph_cancel(c->graph);
	rc = leat_graph_start(c->graph, NULL);
	if (rc < 0) {
		must(cycle_is_right(c, rc));
		return;
	}
	cycle_end(c);
	if (c->kind == KIND_DESTROYED)
		return;
	rc = leat_graph_wait(c->graph, LEAT_NEVER, NULL);
	must(cycle_is_right(c, rc));
	cycle_check(c);
}

static void
cycle_graph(struct cycle *c)
{
	if (c->kind == KIND_DEADLINE)
		must(leat_ctx_child(parent, leat_now_ns() + INT64_C(1000000000),
			     &c->ctx, NULL) == LEAT_OK);
	if (c->kind == KIND_NO_MEMORY)
		world.alloc_fail_at =
			world.alloc_n + 1 + stress_below(&draws, 120);
	cycle_build(c);
	must(!c->has_failed || c->kind == KIND_NO_MEMORY);
	if (!c->has_failed)
		cycle_run(c);
	leat_graph_destroy(c->graph);
	leat_ctx_destroy(c->ctx);
	world.alloc_fail_at = 0;
}

/* ---- fibers -------------------------------------------------------------------------- */

static void
fiber_sleep(struct leat_ctx *ctx, void *arg)
{
	(void)arg;
	must(leat_sleep_until(ctx, leat_now_ns() + INT64_C(3600000000000)) ==
		LEAT_ECANCELED);
}

static void
cycle_fibers(void)
{
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = 2};
	struct leat_workers *workers;

	must(leat__workers_create(&world.env, parent, &opts, &workers, NULL) ==
		LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		must(leat_go(workers, fiber_sleep, NULL, NULL) == LEAT_OK);
	leat_workers_destroy(workers);
}

/* ---- counters ------------------------------------------------------------------------ */

struct count {
	uint64_t blocks, mappings, files; /* of the world */
	uint32_t contexts, timers;        /* below the parent */
	uint32_t threads, open_files;     /* of the process */
	uint64_t memory_bytes;
};

static uint32_t
count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	uint32_t n = 0;

	must(dir != NULL);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static uint64_t
count_memory(void)
{
	unsigned long long all, resident;
	FILE *file = fopen("/proc/self/statm", "r");

	must(file && fscanf(file, "%llu %llu", &all, &resident) == 2);
	fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Of the library's own world: each cycle, for it costs nothing. */
static struct count
count_world(void)
{
	return (struct count){.blocks = world.alloc_live,
		.mappings = world.map_live,
		.files = world.fd_live,
		.contexts = parent->n_children,
		.timers = parent->root->timers
			? leat__timers_count(parent->root->timers)
			: 0};
}

static void
count_process(struct count *count)
{
	count->threads = count_entries("/proc/self/task");
	count->open_files = count_entries("/proc/self/fd");
	count->memory_bytes = count_memory();
}

static void
count_is_same(const struct count *is, const struct count *was, enum kind kind)
{
	ck_assert_msg(is->blocks == was->blocks, "kind %d: blocks", (int)kind);
	ck_assert_msg(
		is->mappings == was->mappings, "kind %d: mappings", (int)kind);
	ck_assert_msg(is->files == was->files, "kind %d: files", (int)kind);
	ck_assert_msg(
		is->contexts == was->contexts, "kind %d: contexts", (int)kind);
	ck_assert_msg(is->timers == was->timers, "kind %d: timers", (int)kind);
}

/* A thread that has been joined may be seen for a moment longer. */
static void
count_process_is_same(const struct count *was)
{
	struct count is;
	int64_t end_ns = leat_now_ns() + INT64_C(60000000000);

	do
		count_process(&is);
	while (is.threads > was->threads && leat_now_ns() < end_ns);
	ck_assert_uint_le(is.threads, was->threads);
	ck_assert_uint_eq(is.open_files, was->open_files);
	ck_assert_msg(is.memory_bytes <= was->memory_bytes ||
			is.memory_bytes - was->memory_bytes <= NOISE,
		"memory grew from %llu to %llu bytes",
		(unsigned long long)was->memory_bytes,
		(unsigned long long)is.memory_bytes);
}

/* ---- the test -------------------------------------------------------------------------- */

static void
cycle_once(enum kind kind)
{
	struct cycle c = {.kind = kind};

	if (kind == KIND_FIBERS)
		cycle_fibers();
	else
		cycle_graph(&c);
}

static void
cycles_begin(void)
{
	fail_env_init(&world);
	must(leat__ctx_create(&world.env, &parent, NULL) == LEAT_OK);
	/* slabs of contexts, and the thread of the timers, stay */
	for (uint32_t k = 0; k < N_WARM; k++)
		cycle_once((enum kind)(k % KINDS));
}

START_TEST(every_counter_is_where_it_began_after_every_cycle)
{
	uint32_t n = stress_rounds(ROUNDS);
	struct count was, is;

	draws = stress_seed("run_cycles");
	pipe_enter_folder();
	cycles_begin();
	was = count_world();
	count_process(&was);
	for (uint32_t k = 0; k < n; k++) {
		enum kind kind = (enum kind)stress_below(&draws, KINDS);

		cycle_once(kind);
		is = count_world();
		count_is_same(&is, &was, kind);
		if (k % 1000 == 0)
			ck_assert_int_eq(truncate("dead.ndjson", 0), 0);
	}
	count_process_is_same(&was);
	must(leat_ctx_leaks(parent, NULL) == LEAT_OK);
	leat_ctx_destroy(parent);
	must(world.alloc_live == 0 && world.map_live == 0 &&
		world.fd_live == 0);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN(
	"stress/run_cycles", every_counter_is_where_it_began_after_every_cycle)
