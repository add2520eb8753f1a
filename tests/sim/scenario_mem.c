/*
 * sim/scenario_mem.c -- pool, magazines, reference counts.
 */
#include "mem/mem.h"
#include "scenario.h"

#define MEM_SLOT_BYTES 64

static struct leat_pool *
mem_pool(uint32_t n_slots)
{
	struct leat_pool_class class_ = {MEM_SLOT_BYTES, n_slots};
	struct leat_pool *pool = NULL;

	SIM_CHECK(leat__pool_create(sim_env(), &class_, 1, &pool, NULL) == 0);
	return pool;
}

static void
mem_end(struct leat_pool *pool, uint32_t n_slots)
{
	struct leat_pool_stats stats;

	leat_pool_stats(pool, &stats);
	SIM_CHECK(stats.n_free == n_slots);
	leat_pool_destroy(pool);
}

/* ---- two caches over one depot ---------------------------------------------- */

static void
mem_take_and_give(void *arg)
{
	struct leat_pool *pool = arg;
	struct leat__cache cache;

	leat__cache_init(&cache, pool, 2);
	for (int k = 0; k < 2; k++) {
		struct leat_frame *a = leat__pool_take(pool, &cache, 0);
		struct leat_frame *b = leat__pool_take(pool, &cache, 0);

		if (a)
			a->data[0] = 'a';
		if (b)
			b->data[0] = 'b';
		SIM_CHECK(!a || a->data[0] == 'a');
		SIM_CHECK(!b || b->data[0] == 'b');
		leat__frame_release(&cache, a);
		leat__frame_release(&cache, b);
	}
	leat__cache_fini(&cache);
}

static void
mem_two_caches(void *user)
{
	struct leat_pool *pool = mem_pool(3);
	struct sim_thread *a;

	(void)user;
	a = sim_go("other", mem_take_and_give, pool);
	mem_take_and_give(pool);
	sim_join(a);
	mem_end(pool, 3);
}

/* Straight from the depot: while one takes, the other takes two and gives the
 * first back, so that the head is the same and what is below it is not. */
static void
mem_take_two(void *arg)
{
	struct leat_frame *a = leat__pool_take(arg, NULL, 0);
	struct leat_frame *b = leat__pool_take(arg, NULL, 0);

	leat__frame_release(NULL, a);
	a = leat__pool_take(arg, NULL, 0);
	SIM_CHECK(!a || a != b);
	leat__frame_release(NULL, a);
	leat__frame_release(NULL, b);
}

static void
mem_depot(void *user)
{
	struct leat_pool *pool = mem_pool(3);
	struct sim_thread *a;

	(void)user;
	a = sim_go("other", mem_take_two, pool);
	mem_take_two(pool);
	sim_join(a);
	mem_end(pool, 3);
}

/* ---- waiting for a slot ------------------------------------------------------ */

static void
mem_acquire_twice(void *arg)
{
	for (int k = 0; k < 2; k++) {
		struct leat_frame *frame = NULL;

		SIM_CHECK(leat_pool_acquire(arg, NULL, LEAT_NEVER, &frame) ==
			LEAT_OK);
		SIM_CHECK(leat_frame_is_sole(frame));
		leat_frame_release(frame);
	}
}

/* Three want the one slot. */
static void
mem_acquire(void *user)
{
	struct leat_pool *pool = mem_pool(1);
	struct sim_thread *a, *b;

	(void)user;
	a = sim_go("a", mem_acquire_twice, pool);
	b = sim_go("b", mem_acquire_twice, pool);
	mem_acquire_twice(pool);
	sim_join(a);
	sim_join(b);
	mem_end(pool, 1);
}

struct mem_cancel_state {
	struct leat_pool *pool;
	struct leat_ctx *ctx;
};

static void
mem_cancel(void *arg)
{
	struct mem_cancel_state *s = arg;

	leat_ctx_cancel(s->ctx, LEAT_ECANCELED, NULL);
}

/* The slot never comes; the cancel does. */
static void
mem_acquire_cancel(void *user)
{
	struct mem_cancel_state s = {.pool = mem_pool(1)};
	struct leat_frame *held = leat__pool_take(s.pool, NULL, 0);
	struct leat_frame *frame = NULL;
	struct sim_thread *a;

	(void)user;
	SIM_CHECK(leat_ctx_create(&s.ctx, NULL) == 0);
	a = sim_go("canceller", mem_cancel, &s);
	SIM_CHECK(leat_pool_acquire(s.pool, s.ctx, LEAT_NEVER, &frame) ==
		LEAT_ECANCELED);
	sim_join(a);
	leat_ctx_destroy(s.ctx);
	leat_frame_release(held);
	mem_end(s.pool, 1);
}

/* ---- the last reference ------------------------------------------------------ */

static void
mem_read_and_release(void *arg)
{
	struct leat_frame *frame = arg;

	SIM_CHECK(frame->data[0] == 'x');
	leat_frame_release(frame);
}

/* One frame to three readers: one of them gives the slot back, once. */
static void
mem_broadcast(void *user)
{
	struct leat_pool *pool = mem_pool(1);
	struct leat_frame *frame = leat__pool_take(pool, NULL, 0);
	struct leat_frame *next = NULL;
	struct sim_thread *a, *b;

	(void)user;
	frame->data[0] = 'x';
	leat_frame_retain(frame);
	leat_frame_retain(frame);
	a = sim_go("a", mem_read_and_release, frame);
	b = sim_go("b", mem_read_and_release, frame);
	mem_read_and_release(frame);
	SIM_CHECK(leat_pool_acquire(pool, NULL, LEAT_NEVER, &next) == LEAT_OK);
	SIM_CHECK(leat_frame_is_sole(next));
	next->data[0] = 'y';
	leat_frame_release(next);
	sim_join(a);
	sim_join(b);
	mem_end(pool, 1);
}

/* A view keeps its base; both go once. */
static void
mem_base(void *user)
{
	struct leat_pool *pool = mem_pool(2);
	struct leat_frame *base = leat__pool_take(pool, NULL, 0);
	struct leat_frame *view = leat__pool_take(pool, NULL, 0);
	struct sim_thread *a;

	(void)user;
	base->data[0] = view->data[0] = 'x';
	leat_frame_retain(base);
	leat_frame_set_base(view, base);
	leat_frame_retain(view);
	a = sim_go("view", mem_read_and_release, view);
	leat_frame_release(view);
	mem_read_and_release(base);
	sim_join(a);
	mem_end(pool, 2);
}

const struct sim_scenario scenarios_mem[] = {
	{.name = "pool_two_caches",
		.idea = "take and give over two caches",
		.run = mem_two_caches},
	{.name = "pool_depot",
		.idea = "the same head, another stack below",
		.run = mem_depot},
	{.name = "pool_acquire",
		.idea = "three wait for one slot",
		.run = mem_acquire},
	{.name = "pool_acquire_cancel",
		.idea = "a wait for a slot is cancelled",
		.run = mem_acquire_cancel},
	{.name = "pool_broadcast",
		.idea = "the last of three references",
		.run = mem_broadcast},
	{.name = "pool_base",
		.idea = "a view and its base are released",
		.run = mem_base},
	{0},
};
