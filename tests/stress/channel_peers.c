/*
 * stress/channel_peers.c -- everybody selects, to send and to receive.
 *
 * Threads draw selects over a few channels of all kinds, in both directions,
 * some with deadlines or contexts of their own. Each select also sends and
 * receives on the first channel, a rendezvous, so two that wait can always
 * meet: without a lost wake-up nobody is stuck until somebody ends the round.
 * Each item comes exactly once, or was queued at the end.
 */
#include "ctx/ctx.h"

#include <leat/channel.h>

#include "support/stress.h"
#include "support/test.h"
#include "support/watchdog.h"

#define N_PEERS    6u
#define N_CHANNELS 5u
#define N_CASES    7u
#define N_CALLS    3000u /* that did something, of all together */
#define WAIT_NS    50000u

struct round {
	struct leat_ctx *ctx;
	struct leat_channel *channels[N_CHANNELS];
	uint32_t n_channels;
	uint32_t n_queued_most;
	uint32_t n_done;                          /* atomic */
	uint8_t seen[N_PEERS][N_CALLS + N_PEERS]; /* atomic */
};

struct peer {
	struct leat__thread thread;
	struct round *round;
	uint32_t id;
	uint32_t n_sent;
	uint64_t random;
	uint64_t out;
	uint64_t in[N_CASES];
	struct leat_select_case cases[N_CASES];
};

static const struct leat__env *env;
static struct watchdog dog;

static uint32_t
below(struct peer *peer, uint32_t n)
{
	return stress_below(&peer->random, n);
}

static uint32_t
draw_cases(struct peer *peer)
{
	uint32_t n = 2 + below(peer, N_CASES - 1);

	peer->out = (uint64_t)peer->id << 32 | peer->n_sent;
	for (uint32_t k = 0; k < n; k++) {
		struct leat_select_case *c = &peer->cases[k];
		uint32_t channel =
			k < 2 ? 0 : below(peer, peer->round->n_channels + 1);

		c->op = k < 2 ? k : below(peer, 2);
		c->item = c->op == LEAT_SELECT_SEND ? &peer->out : &peer->in[k];
		c->channel = channel < peer->round->n_channels
			? peer->round->channels[channel]
			: NULL;
	}
	return n;
}

static void
tick_off(struct peer *peer, uint64_t item)
{
	uint32_t id = (uint32_t)(item >> 32);
	uint32_t n = (uint32_t)item;

	must(id < N_PEERS && n < N_CALLS + N_PEERS);
	must(leat__add_relaxed(&peer->round->seen[id][n], 1) == 0);
}

static void
note_done(struct peer *peer, uint32_t at)
{
	struct round *round = peer->round;

	if (peer->cases[at].result == LEAT_ECANCELED)
		return;
	must(peer->cases[at].result == LEAT_OK);
	if (peer->cases[at].op == LEAT_SELECT_SEND)
		peer->n_sent++;
	else
		tick_off(peer, peer->in[at]);
	watchdog_pat(&dog);
	if (leat__add_relaxed(&round->n_done, 1u) + 1 == N_CALLS)
		leat_ctx_cancel(round->ctx, LEAT_ECANCELED, NULL);
}

static int
call(struct peer *peer, uint32_t n, uint32_t *at)
{
	struct leat_ctx *ctx = NULL;
	int64_t now_ns;
	int rc;

	switch (below(peer, 6)) {
	case 0:
		return leat_try_select(peer->cases, n, at);
	case 1:
		now_ns = env->now_ns(env);
		return leat_select(peer->cases, n, NULL,
			now_ns + below(peer, WAIT_NS), at);
	case 2:
		now_ns = env->now_ns(env);
		must(leat_ctx_child(peer->round->ctx,
			     now_ns + below(peer, WAIT_NS), &ctx,
			     NULL) == LEAT_OK);
		rc = leat_select(peer->cases, n, ctx, LEAT_NEVER, at);
		leat_ctx_destroy(ctx);
		return rc;
	default:
		return leat_select(peer->cases, n, NULL, LEAT_NEVER, at);
	}
}

static void
peer_main(void *arg)
{
	struct peer *peer = arg;

	while (!leat_ctx_is_done(peer->round->ctx)) {
		uint32_t n = draw_cases(peer);
		uint32_t at = 0;
		int rc = call(peer, n, &at);

		if (rc == LEAT_OK)
			note_done(peer, at);
		else
			must(rc == LEAT_EAGAIN || rc == LEAT_ETIMEDOUT ||
				rc == LEAT_ECANCELED);
	}
}

static void
draw_round(struct round *round, uint64_t *random)
{
	static const uint32_t capacities[] = {0, 0, 1, 2, 5, 64};

	*round = (struct round){
		.n_channels = 1 + stress_below(random, N_CHANNELS)};
	must(leat_ctx_create(&round->ctx, NULL) == LEAT_OK);
	for (uint32_t k = 0; k < round->n_channels; k++) {
		struct leat_channel_opts opts = {
			LEAT_OPTS_INIT(leat_channel_opts),
			.flags = LEAT_CHANNEL_MANY_SENDERS |
				LEAT_CHANNEL_MANY_RECEIVERS,
			.item_bytes = sizeof(uint64_t),
			.spin_ns = LEAT_SPIN_NONE};

		opts.capacity = k ? capacities[stress_below(random, 6)] : 0;
		round->n_queued_most += opts.capacity;
		must(leat_channel_create(round->ctx, &opts, &round->channels[k],
			     NULL) == LEAT_OK);
	}
}

static void
end_round(struct round *round, const struct peer *peers, uint32_t n_peers)
{
	uint32_t n_queued = 0;

	for (uint32_t k = 0; k < n_peers; k++)
		for (uint32_t n = 0; n < N_CALLS + N_PEERS; n++) {
			must(n < peers[k].n_sent || !round->seen[k][n]);
			n_queued += n < peers[k].n_sent && !round->seen[k][n];
		}
	must(n_queued <= round->n_queued_most);
	for (uint32_t k = 0; k < round->n_channels; k++)
		leat_channel_destroy(round->channels[k]);
	leat_ctx_destroy(round->ctx);
}

static void
run_round(uint64_t *random)
{
	static struct round round;
	static struct peer peers[N_PEERS];
	uint32_t n_peers = 2 + stress_below(random, N_PEERS - 1);

	draw_round(&round, random);
	for (uint32_t k = 0; k < n_peers; k++) {
		peers[k] = (struct peer){
			.thread = {.fn = peer_main, .arg = &peers[k]},
			.round = &round,
			.id = k,
			.random = *random + stress_below(random, 1u << 30)};
		must(env->thread_start(env, &peers[k].thread) == 0);
	}
	for (uint32_t k = 0; k < n_peers; k++)
		env->thread_join(env, &peers[k].thread);
	end_round(&round, peers, n_peers);
}

START_TEST(selects_in_both_directions_meet_and_nobody_is_stuck)
{
	uint64_t seed = stress_seed("channel_peers");
	uint32_t n_rounds = stress_rounds(60);

	env = leat__env_posix();
	watchdog_start(&dog);
	for (uint32_t k = 0; k < n_rounds; k++) {
		uint64_t random = seed + k;

		snprintf(dog.what, sizeof(dog.what),
			"channel_peers, round %u, LEAT_SEED=%llu", k,
			(unsigned long long)(seed + k));
		run_round(&random);
	}
	watchdog_stop(&dog);
}
END_TEST

TEST_MAIN("stress/channel_peers",
	selects_in_both_directions_meet_and_nobody_is_stuck)
