/*
 * stress/channel_mix.c -- n senders, m receivers, every call, random ends.
 *
 * Each round draws channels, threads and an end: the senders close, the
 * receivers leave early, or a context ends. Each item says who sent it and is
 * ticked off when it comes. What a send accepted is received exactly once or
 * was queued at the end, as the last items of its sender; one sender's items
 * come in order to each receiver; frames all go back; nobody is stuck.
 */
#include "ctx/ctx.h"

#include <leat/channel.h>
#include <leat/task.h>

#include "support/stress.h"
#include "support/test.h"
#include "support/watchdog.h"

#define N_MOST     4u /* senders, receivers */
#define N_CHANNELS 3u
#define N_ITEMS    600u /* of one sender, by one channel, at most */
#define N_BURST    9u
#define N_SLOTS    4096u
#define WAIT_NS    60000u /* of a call that is cut short */

struct one_channel {
	struct leat_channel *ch;
	uint32_t capacity;
	uint32_t is_granted;
	uint8_t seen[N_MOST][N_ITEMS]; /* atomic: how often it came */
	uint32_t n_sent[N_MOST];       /* accepted */
};

struct round {
	struct leat_ctx *ctx;
	struct one_channel channels[N_CHANNELS];
	uint32_t n_channels;
	uint32_t n_senders;
	uint32_t n_receivers;
	uint32_t n_items;
	uint32_t is_frames;
	uint32_t is_cancel;     /* somebody ends the context */
	uint32_t is_leaving;    /* receivers leave early */
	uint32_t is_rendezvous; /* one of them is */
};

struct hand {
	struct leat__thread thread;
	struct round *round;
	uint32_t id;
	uint32_t n_left; /* calls before it cancels or leaves; 0 = never */
	uint32_t is_over[N_CHANNELS];        /* it has ended for this one */
	uint32_t n_next[N_CHANNELS];         /* sender: the next item */
	uint32_t n_last[N_CHANNELS][N_MOST]; /* receiver: 1 + the last one */
	uint64_t random;
	struct leat_frame *frames[N_BURST]; /* sender: not accepted yet */
	struct leat_select_case cases[N_CHANNELS];
};

static const struct leat__env *env;
static struct leat_pool *pool;
static struct watchdog dog;
static struct leat_workers *workers; /* NULL: hands are threads */

/* ---- items ---------------------------------------------------------------- */

static uint64_t
item_of(uint32_t sender, uint32_t n)
{
	return (uint64_t)sender << 32 | n;
}

/* An item or a frame, as it came: whose, and which. */
static void
tick_off(struct hand *hand, uint32_t channel, uint64_t item)
{
	struct one_channel *one = &hand->round->channels[channel];
	uint32_t n, sender;

	if (hand->round->is_frames) {
		struct leat_frame *frame;

		memcpy(&frame, &item, sizeof(frame));
		memcpy(&item, frame->data, sizeof(item));
		if (one->is_granted)
			leat_channel_grant(one->ch, 1, frame->len_bytes);
		leat_frame_release(frame);
	} else if (one->is_granted) {
		leat_channel_grant(one->ch, 1, 0);
	}
	sender = (uint32_t)(item >> 32);
	n = (uint32_t)item;
	must(sender < hand->round->n_senders && n < hand->round->n_items);
	must(n >= hand->n_last[channel][sender]);
	hand->n_last[channel][sender] = n + 1;
	must(leat__add_relaxed(&one->seen[sender][n], 1) == 0);
	watchdog_pat(&dog);
}

/* The next n items of a channel, each a number or a frame. */
static void
make_items(struct hand *hand, uint32_t channel, uint64_t *items, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		uint64_t item = item_of(hand->id, hand->n_next[channel] + k);
		struct leat_frame *frame = hand->frames[k];

		items[k] = item;
		if (!hand->round->is_frames)
			continue;
		if (!frame)
			must(leat_pool_acquire(pool, NULL, LEAT_NEVER,
				     &frame) == LEAT_OK);
		hand->frames[k] = frame;
		memcpy(frame->data, &item, sizeof(item));
		frame->len_bytes = 8 + (uint32_t)(item % 5) * 40;
		memcpy(&items[k], &frame, sizeof(frame));
	}
}

static void
note_sent(struct hand *hand, uint32_t channel, uint32_t n)
{
	hand->n_next[channel] += n;
	hand->round->channels[channel].n_sent[hand->id] += n;
	for (uint32_t k = 0; k + n < N_BURST; k++)
		hand->frames[k] = hand->frames[k + n];
	for (uint32_t k = N_BURST - n; k < N_BURST; k++)
		hand->frames[k] = NULL;
	if (n > 0)
		watchdog_pat(&dog);
}

/* ---- one call -------------------------------------------------------------- */

static uint32_t
below(struct hand *hand, uint32_t n)
{
	return stress_below(&hand->random, n);
}

static int64_t
soon(struct hand *hand)
{
	return env->now_ns(env) + below(hand, WAIT_NS);
}

/* A context that ends by itself before long, or NULL. */
static struct leat_ctx *
make_ctx(struct hand *hand)
{
	struct leat_ctx *ctx = NULL;

	if (below(hand, 4) == 0)
		must(leat_ctx_child(hand->round->ctx, soon(hand), &ctx, NULL) ==
			LEAT_OK);
	return ctx;
}

/* A result that is not LEAT_OK; an end of the channel is noted. */
static void
note_end(struct hand *hand, uint32_t channel, int rc)
{
	must(rc == LEAT_EAGAIN || rc == LEAT_ETIMEDOUT ||
		rc == LEAT_ECANCELED || rc == LEAT_ECLOSED || rc == LEAT_EOS);
	if (rc == LEAT_ECANCELED && !leat_ctx_is_done(hand->round->ctx))
		return; /* the call's own context */
	if (rc == LEAT_ECANCELED || rc == LEAT_ECLOSED || rc == LEAT_EOS) {
		hand->is_over[channel] = 1;
		watchdog_pat(&dog);
	}
}

/* n items went, or rc says why not. */
static void
note_send(struct hand *hand, uint32_t channel, uint32_t n, int rc)
{
	note_sent(hand, channel, n);
	if (rc < 0)
		note_end(hand, channel, rc);
}

static void
note_recv(struct hand *hand, uint32_t channel, const uint64_t *items,
	uint32_t n, int rc)
{
	for (uint32_t k = 0; k < n; k++)
		tick_off(hand, channel, items[k]);
	if (rc < 0)
		note_end(hand, channel, rc);
}

static uint32_t
burst_size(struct hand *hand, uint32_t channel)
{
	uint32_t left = hand->round->n_items - hand->n_next[channel];
	uint32_t n = 1 + below(hand, N_BURST);

	return n < left ? n : left;
}

static void
send_many(struct hand *hand, uint32_t channel, bool is_bulk)
{
	struct leat_channel *ch = hand->round->channels[channel].ch;
	uint32_t n = burst_size(hand, channel);
	uint64_t items[N_BURST];
	uint32_t n_sent = 0;
	int rc;

	make_items(hand, channel, items, n);
	if (is_bulk) {
		struct leat_ctx *ctx = make_ctx(hand);

		rc = leat_channel_send_bulk(ch, items, n, ctx,
			below(hand, 2) ? LEAT_NEVER : soon(hand), &n_sent);
		leat_ctx_destroy(ctx);
	} else {
		rc = leat_channel_send_burst(ch, items, n);
		n_sent = rc > 0 ? (uint32_t)rc : 0;
	}
	note_send(hand, channel, n_sent, rc);
}

static void
send_in_place(struct hand *hand, uint32_t channel)
{
	struct leat_channel *ch = hand->round->channels[channel].ch;
	uint32_t n = burst_size(hand, channel);
	uint64_t made[N_BURST];
	void *items = NULL;
	int rc = leat_channel_send_reserve(ch, n, &items);

	if (rc == LEAT_ENOTSUP)
		return;
	if (rc > 0) {
		make_items(hand, channel, made, (uint32_t)rc);
		memcpy(items, made, (size_t)rc * sizeof(made[0]));
		leat_channel_send_commit(ch, items, (uint32_t)rc);
	}
	note_send(hand, channel, rc > 0 ? (uint32_t)rc : 0, rc);
}

static void
send_one(struct hand *hand, uint32_t channel)
{
	struct leat_channel *ch = hand->round->channels[channel].ch;
	struct leat_ctx *ctx = NULL;
	uint64_t item;
	int rc;

	make_items(hand, channel, &item, 1);
	switch (below(hand, 3)) {
	case 0:
		rc = leat_channel_try_send(ch, &item);
		break;
	case 1:
		rc = leat_channel_send(ch, &item);
		break;
	default:
		ctx = make_ctx(hand);
		rc = leat_channel_send_until(ch, &item, ctx, soon(hand));
		leat_ctx_destroy(ctx);
	}
	note_send(hand, channel, rc == LEAT_OK, rc);
}

static void
recv_many(struct hand *hand, uint32_t channel, bool is_bulk)
{
	struct leat_channel *ch = hand->round->channels[channel].ch;
	uint32_t n = 1 + below(hand, N_BURST);
	uint64_t items[N_BURST];
	uint32_t n_taken = 0;
	int rc;

	if (is_bulk) {
		struct leat_ctx *ctx = make_ctx(hand);

		/* what it holds is granted only afterwards */
		rc = leat_channel_recv_bulk(
			ch, items, n, ctx, soon(hand), &n_taken);
		leat_ctx_destroy(ctx);
	} else {
		rc = leat_channel_recv_burst(ch, items, n);
		n_taken = rc > 0 ? (uint32_t)rc : 0;
	}
	note_recv(hand, channel, items, n_taken, rc);
}

static void
recv_in_place(struct hand *hand, uint32_t channel)
{
	struct leat_channel *ch = hand->round->channels[channel].ch;
	const void *items = NULL;
	uint64_t copies[N_BURST];
	int rc = leat_channel_recv_peek(ch, N_BURST, &items);

	if (rc == LEAT_ENOTSUP)
		return;
	if (rc > 0) {
		rc = 1 + (int)below(hand, (uint32_t)rc);
		memcpy(copies, items, (size_t)rc * sizeof(copies[0]));
		leat_channel_recv_consume(ch, (uint32_t)rc);
	}
	note_recv(hand, channel, copies, rc > 0 ? (uint32_t)rc : 0, rc);
}

static void
recv_one(struct hand *hand, uint32_t channel)
{
	struct leat_channel *ch = hand->round->channels[channel].ch;
	struct leat_ctx *ctx = NULL;
	uint64_t item;
	int rc;

	/* a wait without limit at one of several would stop the others */
	switch (below(hand, hand->round->n_channels > 1 ? 2 : 3)) {
	case 0:
		rc = leat_channel_try_recv(ch, &item);
		break;
	case 1:
		ctx = make_ctx(hand);
		rc = leat_channel_recv_until(ch, &item, ctx, soon(hand));
		leat_ctx_destroy(ctx);
		break;
	default:
		rc = leat_channel_recv(ch, &item);
	}
	note_recv(hand, channel, &item, rc == LEAT_OK, rc);
}

/* ---- a select over all channels that have not ended ------------------------- */

static int
select_any(struct hand *hand, bool is_send, uint64_t *items, uint32_t *at)
{
	struct round *round = hand->round;
	struct leat_ctx *ctx;
	int rc;

	for (uint32_t k = 0; k < round->n_channels; k++) {
		hand->cases[k].channel =
			hand->is_over[k] ? NULL : round->channels[k].ch;
		hand->cases[k].op = is_send;
		hand->cases[k].item = &items[k];
	}
	if (below(hand, 4) == 0)
		return leat_try_select(hand->cases, round->n_channels, at);
	ctx = make_ctx(hand);
	rc = leat_select(hand->cases, round->n_channels, ctx,
		below(hand, 2) ? LEAT_NEVER : soon(hand), at);
	leat_ctx_destroy(ctx);
	return rc;
}

static void
send_select(struct hand *hand)
{
	struct round *round = hand->round;
	uint64_t items[N_CHANNELS];
	uint32_t at = 0;
	int rc;

	/* a frame can be offered to one channel only: the same, numbered
	 * when it is known where it went, would be too late */
	if (round->is_frames)
		return;
	for (uint32_t k = 0; k < round->n_channels; k++)
		items[k] = item_of(hand->id, hand->n_next[k]);
	rc = select_any(hand, true, items, &at);
	if (rc == LEAT_OK)
		rc = hand->cases[at].result;
	note_send(hand, at, rc == LEAT_OK, rc);
}

static void
recv_select(struct hand *hand)
{
	uint64_t items[N_CHANNELS];
	uint32_t at = 0;
	int rc = select_any(hand, false, items, &at);

	if (rc == LEAT_OK)
		rc = hand->cases[at].result;
	note_recv(hand, at, &items[at], rc == LEAT_OK, rc);
}

/* ---- senders and receivers --------------------------------------------------- */

/* One that has not ended; n_channels if none. */
static uint32_t
pick_channel(struct hand *hand)
{
	uint32_t n = hand->round->n_channels;
	uint32_t start = below(hand, n);

	for (uint32_t k = 0; k < n; k++)
		if (!hand->is_over[(start + k) % n])
			return (start + k) % n;
	return n;
}

/* The moment that was drawn for it has come. */
static bool
is_time(struct hand *hand)
{
	return hand->n_left > 0 && --hand->n_left == 0;
}

static void
send_something(struct hand *hand, uint32_t channel)
{
	switch (below(hand, 6)) {
	case 0:
		send_many(hand, channel, false);
		break;
	case 1:
		send_many(hand, channel, true);
		break;
	case 2:
		send_in_place(hand, channel);
		break;
	case 3:
		send_select(hand);
		break;
	default:
		send_one(hand, channel);
	}
	for (uint32_t k = 0; k < hand->round->n_channels; k++)
		if (hand->n_next[k] >= hand->round->n_items)
			hand->is_over[k] = 1;
}

static void
sender_main(void *arg)
{
	struct hand *hand = arg;
	struct round *round = hand->round;
	uint32_t channel;

	while ((channel = pick_channel(hand)) < round->n_channels) {
		send_something(hand, channel);
		/* it may wait elsewhere next: what is held back must go */
		if (round->n_senders == 1)
			leat_channel_flush(round->channels[channel].ch);
		if (round->is_cancel && is_time(hand))
			leat_ctx_cancel(round->ctx, LEAT_ECANCELED, NULL);
	}
	for (uint32_t k = 0; k < round->n_channels; k++)
		leat_channel_close_send(round->channels[k].ch);
	for (uint32_t k = 0; k < N_BURST; k++)
		leat_frame_release(hand->frames[k]);
}

static void
recv_something(struct hand *hand, uint32_t channel)
{
	switch (below(hand, 6)) {
	case 0:
		recv_many(hand, channel, false);
		break;
	case 1:
		recv_many(hand, channel, true);
		break;
	case 2:
		recv_in_place(hand, channel);
		break;
	case 3:
		recv_select(hand);
		break;
	default:
		recv_one(hand, channel);
	}
}

static void
receiver_main(void *arg)
{
	struct hand *hand = arg;
	struct round *round = hand->round;
	uint32_t channel;

	while ((channel = pick_channel(hand)) < round->n_channels) {
		recv_something(hand, channel);
		if (!is_time(hand))
			continue;
		if (round->is_cancel)
			leat_ctx_cancel(round->ctx, LEAT_ECANCELED, NULL);
		else if (round->is_leaving)
			break;
	}
	for (uint32_t k = 0; k < round->n_channels; k++)
		leat_channel_close_recv(round->channels[k].ch);
}

/* ---- a round ------------------------------------------------------------------ */

static void
draw_channel(struct round *round, struct one_channel *one, uint64_t *random)
{
	static const uint32_t capacities[] = {0, 1, 2, 3, 7, 64, 200};
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.n_senders = round->n_senders,
		.n_receivers = round->n_receivers};
	uint32_t n = stress_below(random, 5);
	bool many_senders = round->n_senders > 1 || n == 0;

	opts.capacity = capacities[stress_below(random, 7)];
	opts.flags = many_senders ? LEAT_CHANNEL_MANY_SENDERS : 0;
	if (round->n_receivers > 1 || n == 1)
		opts.flags |= LEAT_CHANNEL_MANY_RECEIVERS;
	opts.item_bytes = round->is_frames ? 0 : sizeof(uint64_t);
	opts.spin_ns = n < 3 ? LEAT_SPIN_NONE : n == 3 ? 500 : 0;
	if (opts.capacity > 0 && stress_below(random, 4) == 0)
		opts.flags |= LEAT_CHANNEL_GRANTS;
	if (opts.capacity > 0 && round->is_frames && n > 1)
		opts.capacity_bytes = 1 + stress_below(random, 500);
	if (opts.capacity > 0 && stress_below(random, 4) == 0)
		opts.window_delay_ns = 1 + stress_below(random, 2000000);
	if (opts.capacity > 1 && !many_senders && n != 4)
		opts.publish_items = 1 + stress_below(random, opts.capacity);
	one->capacity = opts.capacity;
	one->is_granted = (opts.flags & LEAT_CHANNEL_GRANTS) != 0;
	must(leat_channel_create(round->ctx, &opts, &one->ch, NULL) == LEAT_OK);
}

static void
draw_round(struct round *round, uint64_t *random)
{
	*round = (struct round){.n_channels = 1};
	must(leat_ctx_create(&round->ctx, NULL) == LEAT_OK);
	if (stress_below(random, 2) == 0)
		round->n_channels = 1 + stress_below(random, N_CHANNELS);
	round->n_senders = 1 + stress_below(random, N_MOST);
	round->n_receivers = 1 + stress_below(random, N_MOST);
	round->n_items = 1 + stress_below(random, N_ITEMS);
	round->is_frames = stress_below(random, 3) == 0;
	round->is_cancel = stress_below(random, 3) == 0;
	round->is_leaving = stress_below(random, 3) == 0;
	for (uint32_t k = 0; k < round->n_channels; k++)
		draw_channel(round, &round->channels[k], random);
}

static void
fiber_main(struct leat_ctx *ctx, void *arg)
{
	struct hand *hand = arg;

	(void)ctx;
	hand->thread.fn(hand);
}

static void
start_hand(struct round *round, struct hand *hand, uint32_t id,
	leat__thread_fn fn, uint64_t *random)
{
	*hand = (struct hand){.thread = {.fn = fn, .arg = hand},
		.round = round,
		.id = id,
		.random = *random + stress_below(random, 1u << 30)};
	if (stress_below(random, 2) == 0)
		hand->n_left = 1 + stress_below(random, round->n_items);
	if (workers)
		must(leat_go(workers, fiber_main, hand, NULL) == LEAT_OK);
	else
		must(env->thread_start(env, &hand->thread) == 0);
}

/* The items of one sender: those that came are the first ones. */
static uint32_t
count_seen(const struct one_channel *one, uint32_t sender)
{
	uint32_t n = 0;

	while (n < N_ITEMS && one->seen[sender][n])
		n++;
	for (uint32_t k = n; k < N_ITEMS; k++)
		must(one->seen[sender][k] == 0);
	return n;
}

static void
check_channel(const struct round *round, const struct one_channel *one)
{
	bool is_cut = leat_ctx_is_done(round->ctx) || round->is_leaving;
	uint32_t n_queued = 0;

	for (uint32_t k = 0; k < round->n_senders; k++) {
		uint32_t n_seen = count_seen(one, k);

		must(n_seen <= one->n_sent[k]);
		n_queued += one->n_sent[k] - n_seen;
	}
	/* a send under way as the last receiver leaves may still end well */
	must(n_queued <= (is_cut ? one->capacity + round->n_senders : 0));
	if (!is_cut)
		must(leat_channel_queued(one->ch) == 0);
}

static void
end_round(struct round *round)
{
	for (uint32_t k = 0; k < round->n_channels; k++) {
		check_channel(round, &round->channels[k]);
		leat_channel_destroy(round->channels[k].ch);
	}
	must(leat_pool_leaks(pool, NULL) == LEAT_OK);
	leat_ctx_destroy(round->ctx);
}

static void
run_round(uint64_t *random)
{
	static struct round round;
	static struct hand senders[N_MOST], receivers[N_MOST];

	draw_round(&round, random);
	for (uint32_t k = 0; k < round.n_senders; k++)
		start_hand(&round, &senders[k], k, sender_main, random);
	for (uint32_t k = 0; k < round.n_receivers; k++)
		start_hand(&round, &receivers[k], k, receiver_main, random);
	if (workers)
		must(leat_workers_wait(workers, LEAT_NEVER) == LEAT_OK);
	for (uint32_t k = 0; !workers && k < round.n_senders; k++)
		env->thread_join(env, &senders[k].thread);
	for (uint32_t k = 0; !workers && k < round.n_receivers; k++)
		env->thread_join(env, &receivers[k].thread);
	end_round(&round);
}

static void
run_rounds(const char *name)
{
	struct leat_pool_opts opts = {LEAT_OPTS_INIT(leat_pool_opts),
		.slot_bytes = 4096, .n_slots = N_SLOTS};
	uint64_t seed = stress_seed(name);
	uint32_t n_rounds = stress_rounds(200);

	env = leat__env_posix();
	must(leat_pool_create(&opts, &pool, NULL) == LEAT_OK);
	watchdog_start(&dog);
	for (uint32_t k = 0; k < n_rounds; k++) {
		uint64_t random = seed + k;

		snprintf(dog.what, sizeof(dog.what),
			"%s, round %u, "
			"LEAT_SEED=%llu",
			name, k, (unsigned long long)(seed + k));
		run_round(&random);
	}
	watchdog_stop(&dog);
	leat_pool_destroy(pool);
}

START_TEST(every_item_comes_once_whoever_sends_receives_closes_or_cancels)
{
	run_rounds("channel_mix");
}
END_TEST

START_TEST(so_it_is_between_fibers)
{
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = 2};

	must(leat_workers_create(NULL, &opts, &workers, NULL) == LEAT_OK);
	run_rounds("channel_mix, fibers");
	leat_workers_destroy(workers);
}
END_TEST

TEST_MAIN("stress/channel_mix",
	every_item_comes_once_whoever_sends_receives_closes_or_cancels,
	so_it_is_between_fibers)
