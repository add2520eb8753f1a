/*
 * stress/run_regions.c -- regions on real threads: 2 to 8 workers, links of 1
 * to 8 frames, uneven work, every way to end.
 *
 * Each round draws a chain with one or two regions in it. What arrives is a
 * prefix of the numbers, in order; all of them if nothing ends it early. The
 * books balance and the pool is full again. LEAT_SEED=n runs that one round;
 * LEAT_STRESS multiplies the rounds.
 */
#include "support/test.h"

#include <sched.h>

#include "graph/graph.h"
#include "support/numbers.h"
#include "support/replicas.h"
#include "support/stress.h"
#include "support/watchdog.h"

#define STAGES_MAX 4u
#define ITEMS_MAX  4000u
#define MOMENT_NS  2000000

#if defined(__SANITIZE_THREAD__)
#define ROUNDS 60
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ROUNDS 60
#endif
#endif
#ifndef ROUNDS
#define ROUNDS 300
#endif

/* One item in 64 costs a hundred times as much as the others; some let other
 * threads run. */
static void
uneven(uint64_t item)
{
	uint64_t random = item;
	uint32_t draw = stress_below(&random, 256);
	uint32_t n = draw < 4 ? 2000 : 20;

	for (volatile uint32_t k = 0; k < n; k++)
		;
	if (draw == 255)
		sched_yield();
}

/* ---- a round ----------------------------------------------------------- */

enum ending {
	BY_ITSELF, /* twice as often */
	BY_ITSELF_TOO,
	BY_ENOUGH,
	BY_DRAIN,
	BY_CANCEL,
	BY_FAILURE,
	ENDINGS
};

struct round {
	uint64_t seed;
	uint32_t workers, into, out;
	uint32_t magazine_slots;
	uint32_t shape;
	bool is_blocking;
	enum ending ending;
	uint64_t moment_at; /* drain, cancel: when it has come so far */
	struct numbers_opts numbers;
	struct sink_seen seen;
	struct sink_opts sink;
	struct replicas all;
	struct leat_graph *graph;
	struct leat_error err;
	int rc;
};

static struct watchdog dog;

static const struct leat_stage_ops *const shapes[][STAGES_MAX] = {{&same_ops},
	{&scatter_ops}, {&scatter2_ops}, {&same_ops, &scatter2_ops, &same_ops},
	{&same_ops, &serial_ops, &same_ops},
	{&scatter_ops, &serial_ops, &scatter_ops, &serial_ops}};

static void
round_draw_ending(struct round *r, uint64_t *random)
{
	bool is_endless;

	r->ending = (enum ending)stress_below(random, ENDINGS);
	is_endless = r->ending >= BY_ENOUGH;
	r->moment_at = 1 + stress_below(random, ITEMS_MAX);
	r->numbers.n = is_endless ? 0 : 1 + stress_below(random, ITEMS_MAX);
	if (r->ending == BY_ENOUGH)
		r->sink.enough = r->moment_at;
	if (r->ending == BY_FAILURE)
		r->all.fails[0] = r->moment_at;
}

static void
round_draw(struct round *r, uint64_t seed)
{
	static const uint32_t magazines[] = {0, 1, 2, 16};
	uint64_t random = seed;

	*r = (struct round){.seed = seed,
		.workers = 2 + stress_below(&random, 7),
		.into = 1 + stress_below(&random, 8),
		.out = 1 + stress_below(&random, 8),
		.magazine_slots = magazines[stress_below(&random, 4)],
		.shape = stress_below(&random, leat__array_len(shapes)),
		.is_blocking = stress_below(&random, 2),
		.all = {.work = uneven},
		.numbers = {LEAT_OPTS_INIT(numbers_opts)},
		.sink = {LEAT_OPTS_INIT(sink_opts)}};
	r->numbers.per_frame = 1 + stress_below(&random, 16);
	r->sink.seen = &r->seen;
	round_draw_ending(r, &random);
	snprintf(dog.what, sizeof(dog.what),
		"LEAT_SEED=%llu: %u workers, links of %u and %u, shape %u, "
		"ending %d",
		(unsigned long long)seed, r->workers, r->into, r->out, r->shape,
		(int)r->ending);
}

static void
round_build(struct round *r)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = r->workers};
	struct replicas_opts all = {
		LEAT_OPTS_INIT(replicas_opts), .all = &r->all};
	struct leat_step steps[STAGES_MAX + 2];
	struct replicas_chain chain = {steps, 1, r->into, r->out};

	steps[0] = (struct leat_step){
		r->is_blocking ? &numbers_blocking_ops : &numbers_ops,
		&r->numbers};
	for (uint32_t k = 0; k < STAGES_MAX && shapes[r->shape][k]; k++)
		steps[chain.n_steps++] =
			(struct leat_step){shapes[r->shape][k], &all};
	steps[chain.n_steps++] = (struct leat_step){
		r->is_blocking ? &sink_blocking_ops : &sink_ops, &r->sink};
	must(leat_graph_create(&opts, &r->graph, NULL) == LEAT_OK);
	r->graph->magazine_slots = r->magazine_slots;
	must(replicas_chain(r->graph, &chain, NULL) == LEAT_OK);
}

/* Until so much has been worked on, or it has taken long. */
static void
round_await(const struct round *r)
{
	int64_t end_ns = leat_now_ns() + MOMENT_NS;

	while (leat__load_relaxed(&r->all.highest) < r->moment_at &&
		leat_now_ns() < end_ns)
		sched_yield();
}

static void
round_run(struct round *r)
{
	must(leat_graph_start(r->graph, NULL) == LEAT_OK);
	if (r->ending == BY_DRAIN || r->ending == BY_CANCEL)
		round_await(r);
	if (r->ending == BY_DRAIN)
		leat_graph_drain(r->graph);
	if (r->ending == BY_CANCEL)
		leat_graph_cancel(r->graph);
	r->rc = leat_graph_wait(r->graph, LEAT_NEVER, &r->err);
}

/* ---- what came of it --------------------------------------------------- */

/* The first failure is that of the first item that fails. */
static void
round_check_failure(const struct round *r)
{
	char text[64];

	snprintf(text, sizeof(text), "item %llu is bad",
		(unsigned long long)r->all.fails[0]);
	ck_assert_msg(!strcmp(r->err.text, text), "LEAT_SEED=%llu: '%s'",
		(unsigned long long)r->seed, r->err.text);
	must(r->seen.n < r->all.fails[0]);
}

static void
round_check_end(const struct round *r, const struct leat_graph_stats *stats)
{
	switch (r->ending) {
	case BY_ENOUGH:
		must(r->rc == LEAT_OK && r->seen.n == r->sink.enough);
		break;
	case BY_CANCEL:
		must(r->rc == LEAT_ECANCELED);
		break;
	case BY_FAILURE:
		must(r->rc == LEAT_EIO);
		round_check_failure(r);
		break;
	default:
		must(r->rc == LEAT_OK && r->seen.n == stats->read);
		must(r->seen.is_finished);
	}
}

static void
round_check(const struct round *r)
{
	const struct sink_seen *seen = &r->seen;
	struct leat_graph_stats stats;

	leat_graph_stats(r->graph, &stats);
	must(seen->n_back == 0 && seen->last == seen->n);
	must(seen->sum == seen->n * (seen->n + 1) / 2);
	must(stats.is_balanced && stats.memory_bytes == 0);
	must(stats.memory_high_bytes <= stats.memory_bound_bytes);
	must(r->all.n_finis == r->all.n_inits);
	round_check_end(r, &stats);
}

START_TEST(regions_keep_order_and_count_whatever_the_work_and_the_end)
{
	uint32_t n = getenv("LEAT_SEED") ? 1 : stress_rounds(ROUNDS);
	uint64_t seed = stress_seed("run_regions");
	static struct round r;

	watchdog_start(&dog);
	for (uint32_t k = 0; k < n; k++) {
		round_draw(&r, seed + k);
		round_build(&r);
		round_run(&r);
		round_check(&r);
		leat_graph_destroy(r.graph);
		watchdog_pat(&dog);
	}
	watchdog_stop(&dog);
}
END_TEST

TEST_MAIN("stress/run_regions",
	regions_keep_order_and_count_whatever_the_work_and_the_end)
