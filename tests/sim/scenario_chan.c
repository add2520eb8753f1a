/*
 * sim/scenario_chan.c -- the channel of a link: credit, close, cancel.
 *
 * Both ends wait as a task does: ticket, arm, look once more, park.
 */
#include "chan/chan.h"
#include "ctx/ctx.h"
#include "scenario.h"

struct end {
	struct leat__waker waker;
	struct leat__parker parker;
};

struct link {
	struct leat__chan chan;
	struct leat_pool *pool;
	struct end sender;
	struct end receiver;
	struct leat_ctx *ctx; /* NULL = none */
	struct leat_ctx_after after;
	uint32_t n_frames; /* to be sent */
	uint32_t n_received;
	int rc; /* of the sender */
};

static void
end_wake(struct leat__waker *waker, void *hint)
{
	struct end *end = leat__container_of(waker, struct end, waker);

	(void)hint;
	leat__parker_wake(&end->parker);
}

static void
end_init(struct end *end, const char *name)
{
	end->waker.wake = end_wake;
	leat__parker_init(&end->parker, sim_env());
	sim_name(&end->parker, sizeof(end->parker), name);
}

/* ---- watched ----------------------------------------------------------------- */

static bool
link_must_receive(void *user)
{
	const struct link *l = user;

	return l->chan.ring.p_tail != l->chan.ring.c_head ||
		l->chan.is_send_closed;
}

static bool
link_must_send(void *user)
{
	const struct link *l = user;

	return l->chan.sent_frames - l->chan.granted_frames <
		l->chan.capacity_frames ||
		l->chan.is_recv_closed;
}

static void
link_begin(struct link *l, uint32_t capacity, uint32_t n_frames)
{
	struct leat_pool_class class_ = {64, n_frames};

	*l = (struct link){.n_frames = n_frames};
	SIM_CHECK(
		leat__pool_create(sim_env(), &class_, 1, &l->pool, NULL) == 0);
	SIM_CHECK(leat__chan_init(&l->chan, sim_env(), capacity, 0) == 0);
	end_init(&l->sender, "sender's parker");
	end_init(&l->receiver, "receiver's parker");
	l->chan.sender = &l->sender.waker;
	l->chan.receiver = &l->receiver.waker;
	sim_name(&l->chan, sizeof(l->chan), "channel");
	sim_watch(&l->receiver.parker.count.counter, link_must_receive, l);
	sim_watch(&l->sender.parker.count.counter, link_must_send, l);
}

static void
link_end(struct link *l)
{
	struct leat_pool_stats stats;

	leat__chan_fini(&l->chan);
	leat_pool_stats(l->pool, &stats);
	SIM_CHECK(stats.n_free == l->n_frames);
	leat_pool_destroy(l->pool);
}

/* ---- the ends ---------------------------------------------------------------- */

static bool
link_is_cancelled(const struct link *l)
{
	return l->ctx && leat_ctx_is_done(l->ctx);
}

/* 0, LEAT_ECLOSED or LEAT_ECANCELED. */
static int
link_await_credit(struct link *l)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&l->sender.parker);

		if (link_is_cancelled(l))
			return LEAT_ECANCELED;
		if (leat__chan_is_recv_closed(&l->chan))
			return LEAT_ECLOSED;
		if (leat__chan_credit(&l->chan, 1) >= 1)
			return LEAT_OK;
		if (leat__chan_arm_sender(&l->chan, 1))
			(void)leat__parker_wait(
				&l->sender.parker, ticket, LEAT_NEVER);
	}
}

static void
link_send(void *arg)
{
	struct link *l = arg;

	for (uint32_t k = 0; k < l->n_frames; k++) {
		struct leat_frame *frame;

		l->rc = link_await_credit(l);
		if (l->rc < 0)
			return;
		frame = leat__pool_take(l->pool, NULL, 0);
		SIM_CHECK(frame);
		frame->stamp = k + 1;
		leat__chan_push(&l->chan, frame);
		leat__chan_notify(&l->chan, NULL);
	}
}

static void
link_send_and_close(void *arg)
{
	struct link *l = arg;

	link_send(l);
	leat__chan_close_send(&l->chan, NULL);
}

/* A frame; NULL: the end, or cancelled. */
static struct leat_frame *
link_await_frame(struct link *l)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&l->receiver.parker);
		struct leat_frame *frame = leat__chan_pop(&l->chan);

		if (!frame && leat__chan_is_send_closed(&l->chan))
			return leat__chan_pop(&l->chan);
		if (frame || link_is_cancelled(l))
			return frame;
		if (leat__chan_arm_receiver(&l->chan))
			(void)leat__parker_wait(
				&l->receiver.parker, ticket, LEAT_NEVER);
	}
}

static bool
link_recv(struct link *l)
{
	struct leat_frame *frame = link_await_frame(l);

	if (!frame)
		return false;
	SIM_CHECK(frame->stamp == ++l->n_received);
	leat__frame_release(NULL, frame);
	leat__chan_grant(&l->chan, 1, 0, NULL);
	return true;
}

/* ---- scenarios ---------------------------------------------------------------- */

/* More frames than the channel holds: both ends wait by turns. */
static void
link_send_recv(void *user)
{
	static struct link l;
	struct sim_thread *a;

	(void)user;
	link_begin(&l, 1, 3);
	a = sim_go("sender", link_send, &l);
	while (l.n_received < 3)
		SIM_CHECK(link_recv(&l));
	sim_join(a);
	SIM_CHECK(l.rc == LEAT_OK);
	link_end(&l);
}

/* What was sent before a close arrives; then the end. */
static void
link_send_recv_close(void *user)
{
	static struct link l;
	struct sim_thread *a;

	(void)user;
	link_begin(&l, 2, 3);
	a = sim_go("sender", link_send_and_close, &l);
	while (link_recv(&l))
		;
	SIM_CHECK(l.n_received == 3);
	sim_join(a);
	link_end(&l);
}

/* The receiver wants no more while the sender waits for credit. */
static void
link_close_recv(void *user)
{
	static struct link l;
	struct sim_thread *a;

	(void)user;
	link_begin(&l, 1, 4);
	a = sim_go("sender", link_send, &l);
	SIM_CHECK(link_recv(&l));
	leat__chan_close_recv(&l.chan, NULL);
	sim_join(a);
	SIM_CHECK(l.rc == LEAT_ECLOSED);
	link_end(&l);
}

static void
link_after(struct leat_ctx *ctx, void *user)
{
	struct link *l = user;

	(void)ctx;
	end_wake(&l->sender.waker, NULL);
	end_wake(&l->receiver.waker, NULL);
}

static void
link_cancel(void *arg)
{
	struct link *l = arg;

	leat_ctx_cancel(l->ctx, LEAT_ECANCELED, NULL);
}

/* Credit comes back while a cancel comes: no wait outlives it. */
static void
link_credit_cancel(void *user)
{
	static struct link l;
	struct sim_thread *a, *b;

	(void)user;
	link_begin(&l, 1, 3);
	SIM_CHECK(leat__ctx_create(sim_env(), &l.ctx, NULL) == LEAT_OK);
	l.after = (struct leat_ctx_after){.fn = link_after, .user = &l};
	leat_ctx_after(l.ctx, &l.after);
	a = sim_go("sender", link_send, &l);
	b = sim_go("canceller", link_cancel, &l);
	while (link_recv(&l))
		;
	sim_join(a);
	sim_join(b);
	SIM_CHECK(leat_ctx_is_done(l.ctx));
	leat_ctx_after_stop(l.ctx, &l.after);
	leat_ctx_destroy(l.ctx);
	link_end(&l);
}

static void
link_promise(void *arg)
{
	struct link *l = arg;

	link_send(l);
	leat__chan_set_frontier(&l->chan, 3);
}

/* Whoever sees the promise finds all that was sent below it. */
static void
link_frontier(void *user)
{
	static struct link l;
	struct sim_thread *a;
	uint32_t n = 0;

	(void)user;
	link_begin(&l, 2, 2);
	a = sim_go("sender", link_promise, &l);
	for (int k = 0; k < 3; k++) {
		uint64_t frontier = leat__chan_frontier(&l.chan);
		struct leat_frame *frame;

		while ((frame = leat__chan_pop(&l.chan))) {
			leat__frame_release(NULL, frame);
			n++;
		}
		SIM_CHECK(frontier < 3 || n == 2);
	}
	sim_join(a);
	link_end(&l);
}

const struct sim_scenario scenarios_chan[] = {
	{.name = "link_send_recv",
		.idea = "three frames through a link of one",
		.run = link_send_recv},
	{.name = "link_send_recv_close",
		.idea = "the sender closes",
		.run = link_send_recv_close},
	{.name = "link_close_recv",
		.idea = "the receiver closes on a sender",
		.run = link_close_recv},
	{.name = "link_credit_cancel",
		.idea = "credit returns against a cancel",
		.run = link_credit_cancel},
	{.name = "link_frontier",
		.idea = "a promise against a look",
		.run = link_frontier},
	{0},
};
