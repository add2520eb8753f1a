/*
 * unit/run/await.c -- leat_graph_wait by fibers: they give their worker away.
 */
#include "support/test.h"

#include <leat/leat.h>
#include <leat/task.h>

#include "base/atomic.h"
#include "support/numbers.h"

#define MS 1000000

/* A graph without an end, and one worker for all fibers. */
struct pair {
	struct leat_graph *graph;
	struct leat_workers *workers;
	struct sink_seen seen;
	uint32_t n_waited; /* atomic */
	uint32_t n_others; /* atomic */
};

static void
setup(struct pair *p)
{
	const struct leat_workers_opts one = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = 1};
	const struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	const struct sink_opts sink = {
		LEAT_OPTS_INIT(sink_opts), .seen = &p->seen};
	const struct leat_step steps[] = {
		{&numbers_ops, &numbers}, {&sink_ops, &sink}};
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(NULL, &p->graph, &err), LEAT_OK);
	ck_assert_msg(leat_graph_chain(p->graph, steps, 2, &err) == LEAT_OK &&
			leat_graph_start(p->graph, &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_int_eq(
		leat_workers_create(NULL, &one, &p->workers, &err), LEAT_OK);
}

static void
go(struct pair *p, void (*fn)(struct leat_ctx *ctx, void *arg))
{
	ck_assert_int_eq(leat_go(p->workers, fn, p, NULL), LEAT_OK);
}

static void
teardown(struct pair *p)
{
	leat_workers_close(p->workers);
	ck_assert_int_eq(leat_workers_wait(p->workers, LEAT_NEVER), LEAT_OK);
	leat_workers_destroy(p->workers);
	leat_graph_destroy(p->graph);
}

static void
wait_to_the_end(struct leat_ctx *ctx, void *arg)
{
	struct pair *p = arg;

	(void)ctx;
	ck_assert_int_eq(leat_graph_wait(p->graph, LEAT_NEVER, NULL), LEAT_OK);
	ck_assert(leat_graph_is_over(p->graph));
	ck_assert_uint_eq(p->seen.is_finished, 1);
	leat__add_relaxed(&p->n_waited, 1u);
}

static void
drain(struct leat_ctx *ctx, void *arg)
{
	struct pair *p = arg;

	(void)ctx;
	leat__add_relaxed(&p->n_others, 1u);
	leat_graph_drain(p->graph);
}

START_TEST(another_fiber_of_its_worker_may_end_what_a_fiber_waits_for)
{
	struct pair p = {0};

	setup(&p);
	go(&p, wait_to_the_end);
	go(&p, drain);
	teardown(&p);
	ck_assert_uint_eq(p.n_waited, 1);
}
END_TEST

START_TEST(fibers_and_a_thread_may_wait_for_one_graph)
{
	struct pair p = {0};

	setup(&p);
	for (int k = 0; k < 5; k++)
		go(&p, wait_to_the_end);
	go(&p, drain);
	wait_to_the_end(NULL, &p);
	teardown(&p);
	ck_assert_uint_eq(p.n_waited, 6);
}
END_TEST

static void
note(struct leat_ctx *ctx, void *arg)
{
	struct pair *p = arg;

	(void)ctx;
	leat__add_relaxed(&p->n_others, 1u);
}

static void
wait_for_a_while(struct leat_ctx *ctx, void *arg)
{
	struct pair *p = arg;

	(void)ctx;
	go(p, note); /* behind this one in its worker's queue */
	/* its worker is free meanwhile; not if the time is up at once */
	do {
		ck_assert_int_eq(
			leat_graph_wait(p->graph, leat_now_ns() + 2 * MS, NULL),
			LEAT_ETIMEDOUT);
	} while (!leat__load_relaxed(&p->n_others));
	ck_assert(!leat_graph_is_over(p->graph));
	leat_graph_cancel(p->graph);
	ck_assert_int_eq(
		leat_graph_wait(p->graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat__add_relaxed(&p->n_waited, 1u);
}

START_TEST(a_fiber_that_waits_for_a_while_gives_its_worker_away_so_long)
{
	struct pair p = {0};

	setup(&p);
	go(&p, wait_for_a_while);
	teardown(&p);
	ck_assert_uint_eq(p.n_waited, 1);
}
END_TEST

TEST_MAIN("run/await",
	another_fiber_of_its_worker_may_end_what_a_fiber_waits_for,
	fibers_and_a_thread_may_wait_for_one_graph,
	a_fiber_that_waits_for_a_while_gives_its_worker_away_so_long)
