/*
 * sim/scenario_rest.c -- fibers that rest at a side: who tells may make them
 * ready before they have left their stack; and fibers that leave straight to
 * the next one.
 *
 * Whatever is not done when nobody can run any more is lost; and nothing is
 * told twice, so that nothing makes up for it.
 */
#include <leat/channel.h>
#include <leat/task.h>

#include "exec/workers.h"
#include "scenario.h"

#define REST_WIDE 512u
#define REST_RUN  300u

struct rest {
	struct leat_workers *workers;
	struct leat_ctx *ctx;
	struct leat_channel *a;
	struct leat_channel *b;
	struct leat_channel *c;
	uint32_t n_to_do; /* fibers that have not ended; atomic */
	uint32_t is_set;  /* atomic, a park word */
	int rc;
};

static bool
rest_is_behind(void *user)
{
	const struct rest *r = user;

	return r->n_to_do != 0;
}

static struct leat_channel *
rest_channel(struct rest *r, uint32_t capacity, uint32_t flags)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = capacity,
		.flags = flags, .spin_ns = LEAT_SPIN_NONE};
	struct leat_channel *ch = NULL;

	SIM_CHECK(leat_channel_create(r->ctx, &opts, &ch, NULL) == LEAT_OK);
	return ch;
}

static void
rest_open(struct rest *r, uint32_t n_workers, uint32_t capacity)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = n_workers,
		.stack_bytes = LEAT_STACK_BYTES_LEAST};

	*r = (struct rest){0};
	SIM_CHECK(leat_ctx_create(&r->ctx, NULL) == LEAT_OK);
	SIM_CHECK(
		leat_workers_create(NULL, &opts, &r->workers, NULL) == LEAT_OK);
	r->a = rest_channel(r, capacity, 0);
	r->b = rest_channel(r, capacity, 0);
	r->c = rest_channel(r, capacity, LEAT_CHANNEL_MANY_SENDERS);
}

static void
rest_begin(struct rest *r, uint32_t n_workers, uint32_t capacity)
{
	rest_open(r, n_workers, capacity);
	sim_watch(NULL, rest_is_behind, r);
}

static void
rest_end(struct rest *r)
{
	leat_workers_close(r->workers);
	SIM_CHECK(leat_workers_wait(r->workers, LEAT_NEVER) == LEAT_OK);
	SIM_CHECK(r->n_to_do == 0);
	leat_workers_destroy(r->workers);
	leat_channel_destroy(r->a);
	leat_channel_destroy(r->b);
	leat_channel_destroy(r->c);
	leat_ctx_destroy(r->ctx);
}

static void
rest_go(struct rest *r, void (*fn)(struct leat_ctx *ctx, void *arg))
{
	leat__add_relaxed(&r->n_to_do, 1u);
	SIM_CHECK(leat_go(r->workers, fn, r, NULL) == LEAT_OK);
}

static void
rest_done(struct rest *r)
{
	leat__sub_relaxed(&r->n_to_do, 1u);
}

static void
rest_send(struct leat_channel *ch, uint64_t item)
{
	SIM_CHECK(leat_channel_send(ch, &item) == LEAT_OK);
}

static void
rest_recv(struct leat_channel *ch, uint64_t item)
{
	uint64_t got = 0;

	SIM_CHECK(leat_channel_recv(ch, &got) == LEAT_OK);
	SIM_CHECK(got == item);
}

/* ---- rest against send, credit, close, cancel ---------------------------------- */

static void
rest_answer(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	for (uint64_t k = 1; k <= 2; k++) {
		rest_recv(r->a, k);
		rest_send(r->b, k);
	}
	rest_done(r);
}

static void
rest_ask(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	for (uint64_t k = 1; k <= 2; k++) {
		rest_send(r->a, k);
		rest_recv(r->b, k);
	}
	rest_done(r);
}

/* A thread that waits for the answer tells a fiber. */
static void
rest_and_send(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 1, 1);
	rest_go(&r, rest_answer);
	for (uint64_t k = 1; k <= 2; k++) {
		rest_send(r.a, k);
		rest_recv(r.b, k);
	}
	rest_end(&r);
}

/* Two fibers on two workers rest for each other. */
static void
rest_and_rest(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 2, 1);
	rest_go(&r, rest_answer);
	rest_go(&r, rest_ask);
	rest_end(&r);
}

static void
rest_send_three(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	for (uint64_t k = 1; k <= 3; k++)
		rest_send(r->a, k);
	rest_done(r);
}

/* A fiber rests for credit, which a thread gives back. */
static void
rest_and_credit(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 1, 1);
	rest_go(&r, rest_send_three);
	for (uint64_t k = 1; k <= 3; k++)
		rest_recv(r.a, k);
	rest_end(&r);
}

static void
rest_recv_end(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;
	uint64_t item;

	(void)ctx;
	r->rc = leat_channel_recv(r->a, &item);
	rest_done(r);
}

static void
rest_and_close(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 1, 1);
	rest_go(&r, rest_recv_end);
	leat_channel_close_send(r.a);
	rest_end(&r);
	SIM_CHECK(r.rc == LEAT_EOS);
}

static void
rest_send_on(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;
	uint64_t item = 1;

	(void)ctx;
	do
		r->rc = leat_channel_send(r->a, &item);
	while (r->rc == LEAT_OK);
	rest_done(r);
}

/* Nobody receives: the sender rests, or is about to. */
static void
rest_and_close_recv(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 1, 1);
	rest_go(&r, rest_send_on);
	leat_channel_close_recv(r.a);
	rest_end(&r);
	SIM_CHECK(r.rc == LEAT_ECLOSED);
}

static void
rest_and_cancel(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 1, 1);
	rest_go(&r, rest_recv_end);
	leat_ctx_cancel(r.ctx, LEAT_ECANCELED, NULL);
	rest_end(&r);
	SIM_CHECK(r.rc == LEAT_ECANCELED);
}

static void
rest_recv_two(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;
	uint64_t item;
	int rc = leat_channel_recv(r->a, &item);

	(void)ctx;
	SIM_CHECK(rc == LEAT_ECANCELED || (rc == LEAT_OK && item == 1));
	r->rc = leat_channel_recv(r->a, &item);
	rest_done(r);
}

static void
rest_cancel(void *arg)
{
	struct rest *r = arg;

	leat_ctx_cancel(r->ctx, LEAT_ECANCELED, NULL);
}

/* Two tell one that rests: one of them makes it ready. */
static void
rest_and_both(void *user)
{
	static struct rest r;
	struct sim_thread *canceller;
	uint64_t item = 1;
	int rc;

	(void)user;
	rest_begin(&r, 1, 1);
	rest_go(&r, rest_recv_two);
	canceller = sim_go("canceller", rest_cancel, &r);
	rc = leat_channel_send(r.a, &item);
	SIM_CHECK(rc == LEAT_OK || rc == LEAT_ECANCELED);
	sim_join(canceller);
	rest_end(&r);
	SIM_CHECK(r.rc == LEAT_ECANCELED);
}

/* ---- ready, and not away --------------------------------------------------------- */

static void
rest_relay_a(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	rest_recv(r->a, 1);
	rest_send(r->c, 1);
	rest_done(r);
}

static void
rest_relay_b(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	rest_recv(r->b, 1);
	rest_send(r->c, 1);
	rest_done(r);
}

static void
rest_tell_both(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	rest_send(r->a, 1);
	rest_send(r->b, 1);
	rest_recv(r->c, 1);
	rest_recv(r->c, 1);
	rest_done(r);
}

/* One on this worker makes two ready that are about to rest on the other, and
 * rests itself: they come into the queue of one, and may be stolen back. */
static void
rest_and_steal(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 2, 1);
	rest_go(&r, rest_relay_a);
	rest_go(&r, rest_relay_b);
	rest_go(&r, rest_tell_both);
	rest_end(&r);
}

static void
rest_recv_and_yield(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	for (uint64_t k = 1; k <= 3; k++) {
		rest_recv(r->a, k);
		leat_yield();
	}
	rest_done(r);
}

/* One that took itself off, and so ran on, yields and rests again. */
static void
rest_and_yield(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 2, 1);
	rest_go(&r, rest_recv_and_yield);
	rest_go(&r, rest_send_three);
	rest_end(&r);
}

static void
rest_recv_by_turns(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;
	uint64_t item = 0;

	for (uint64_t k = 1; k <= 3; k++) {
		if (k == 2)
			rest_recv(r->a, k);
		else
			SIM_CHECK(leat_channel_recv_until(r->a, &item, ctx,
					  LEAT_NEVER) == LEAT_OK);
	}
	rest_done(r);
}

/* One parks, and rests, and parks. */
static void
rest_and_park(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 2, 1);
	rest_go(&r, rest_recv_by_turns);
	rest_go(&r, rest_send_three);
	rest_end(&r);
}

/* ---- without a fence ---------------------------------------------------------------- */

static const uint32_t rest_runs[] = {1, 1, REST_RUN, 1, 1};

static void
rest_recv_runs(struct leat_ctx *ctx, void *arg)
{
	static uint64_t items[REST_RUN];
	struct rest *r = arg;

	(void)ctx;
	for (size_t k = 0; k < leat__array_len(rest_runs); k++) {
		SIM_CHECK(leat_channel_recv_bulk(r->a, items, rest_runs[k],
				  NULL, LEAT_NEVER, NULL) == LEAT_OK);
		rest_send(r->b, 1);
	}
	rest_done(r);
}

/* Who rests pays by a barrier where that is seldom, or asks for fences. */
static void
rest_wide(void *user)
{
	static uint64_t items[REST_RUN];
	static struct rest r;

	(void)user;
	rest_begin(&r, 1, REST_WIDE);
	rest_go(&r, rest_recv_runs);
	for (size_t k = 0; k < leat__array_len(rest_runs); k++) {
		int n = (int)rest_runs[k];

		SIM_CHECK(
			leat_channel_send_burst(r.a, items, rest_runs[k]) == n);
		rest_recv(r.b, 1);
	}
	rest_end(&r);
}

/* ---- straight to the next ------------------------------------------------------------- */

static void
rest_yield_and_set(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	for (int k = 0; k < 6; k++)
		leat_yield();
	leat__add_seq(&r->is_set, 1u);
	sim_env()->wake(sim_env(), &r->is_set);
	rest_done(r);
}

static void
rest_hold(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	for (int k = 0; k < 3; k++)
		leat_yield();
	while (leat__load_seq(&r->is_set) == 0)
		sim_env()->park(sim_env(), &r->is_set, 0, LEAT_NEVER);
	rest_done(r);
}

/* Who sleeps as a sentry looks again by itself. */
static bool
rest_is_unwatched(void *user)
{
	const struct rest *r = user;

	return r->n_to_do != 0 && r->workers->exec.n_sentries == 0;
}

/* Two yield to each other, until one keeps the worker until the other has gone
 * on: the other worker must take that. */
static void
fiber_yield_held(void *user)
{
	static struct rest r;

	(void)user;
	rest_open(&r, 2, 1);
	sim_watch(NULL, rest_is_unwatched, &r);
	rest_go(&r, rest_yield_and_set);
	rest_go(&r, rest_hold);
	rest_end(&r);
}

static void
rest_set(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	leat__store_relaxed(&r->is_set, 1u);
	rest_done(r);
}

static void
rest_yield_on(struct leat_ctx *ctx, void *arg)
{
	struct rest *r = arg;

	(void)ctx;
	while (!leat__load_relaxed(&r->is_set))
		leat_yield();
	rest_done(r);
}

/* Two that leave straight to each other do not keep out a third. */
static void
fiber_fair(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 1, 1);
	rest_go(&r, rest_yield_on);
	rest_go(&r, rest_yield_on);
	rest_go(&r, rest_set);
	rest_end(&r);
}

static void
rest_nothing(struct leat_ctx *ctx, void *arg)
{
	(void)ctx;
	rest_done(arg);
}

/* A fiber in this worker's queue, ready and not away, as if it had rested on
 * another worker. */
static struct leat__fiber *
rest_put_near(struct rest *r)
{
	struct leat__queue *queue = &leat__fiber_self()->worker->queue;
	struct leat__fiber *fiber;

	rest_go(r, rest_nothing);
	fiber = leat__container_of(
		(struct leat__entry *)
			queue->cells[(queue->tail - 1) & queue->mask],
		struct leat__fiber, entry);
	leat__store_relaxed(&fiber->strand.is_away, 0u);
	return fiber;
}

/* It leaves, and finds that it has been claimed before. */
static void
rest_park_claimed(void)
{
	struct leat__waiter waiter;

	leat__waiter_init(&waiter, sim_env());
	leat__waiter_claim(&waiter, LEAT__TOKEN_HINT);
	SIM_CHECK(leat__waiter_wait(&waiter, LEAT_NEVER) == LEAT__TOKEN_HINT);
}

static void
rest_meet_two(struct leat_ctx *ctx, void *arg)
{
	struct leat__fiber *near[2];
	struct rest *r = arg;

	(void)ctx;
	for (int k = 0; k < 2; k++) {
		near[k] = rest_put_near(r);
		rest_park_claimed();
	}
	for (int k = 0; k < 2; k++)
		leat__store_release(&near[k]->strand.is_away, 1u);
	rest_done(r);
}

/* Whoever leaves meets one that is not away, runs on, and meets another. */
static void
fiber_meets_two(void *user)
{
	static struct rest r;

	(void)user;
	rest_begin(&r, 1, 1);
	rest_go(&r, rest_meet_two);
	rest_end(&r);
}

const struct sim_scenario scenarios_rest[] = {
	{.name = "rest_and_send",
		.idea = "a thread tells a fiber, and hears of it",
		.run = rest_and_send},
	{.name = "rest_and_rest",
		.idea = "two fibers tell each other",
		.run = rest_and_rest},
	{.name = "rest_and_credit",
		.idea = "a sender rests for credit",
		.run = rest_and_credit},
	{.name = "rest_and_close",
		.idea = "the stream ends",
		.run = rest_and_close},
	{.name = "rest_and_close_recv",
		.idea = "the receiver closes on a sender",
		.run = rest_and_close_recv},
	{.name = "rest_and_cancel",
		.idea = "the channel's context ends",
		.run = rest_and_cancel},
	{.name = "rest_and_both",
		.idea = "a send and a cancel tell one fiber",
		.run = rest_and_both},
	{.name = "rest_and_steal",
		.idea = "ready before it has left, and stolen",
		.run = rest_and_steal},
	{.name = "rest_and_yield",
		.idea = "taken off, yielded, and on again",
		.run = rest_and_yield},
	{.name = "rest_and_park",
		.idea = "rests and parks by turns",
		.run = rest_and_park},
	{.name = "rest_wide",
		.idea = "with fences and without by turns",
		.run = rest_wide},
	{.name = "fiber_yield_held",
		.idea = "who yields is run by the other worker",
		.run = fiber_yield_held},
	{.name = "fiber_fair",
		.idea = "two yield until a third has run",
		.run = fiber_fair},
	{.name = "fiber_meets_two",
		.idea = "two that are not away, in turn",
		.run = fiber_meets_two},
	{0},
};
