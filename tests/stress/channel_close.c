/*
 * stress/channel_close.c -- short streams: a few items, and the close at once.
 *
 * Each round has a channel of its own, up to three senders and receivers that
 * begin together, and ends a few items later, so that closes fall into the
 * middle of receives and the last receives into each other. Every item comes,
 * every receiver sees the end, nobody is stuck. Then the same with receivers
 * that close first: what was accepted and not received is released.
 */
#include <leat/channel.h>

#include "support/stress.h"
#include "support/test.h"
#include "support/watchdog.h"

#define N_MOST  3u
#define N_ITEMS 4u
#define N_WAITS 200 /* looks at a round that has not begun, before yielding */

struct round {
	struct leat_channel *ch;
	uint32_t n_senders;
	uint32_t n_receivers;
	uint32_t is_early;   /* receivers close first */
	uint32_t n_sent;     /* atomic */
	uint32_t n_received; /* atomic */
};

struct hand {
	struct leat__thread thread;
	uint64_t random;
	uint32_t id;
	uint32_t is_sender;
};

static const struct leat__env *env;
static struct watchdog dog;
static struct round round_now;
static uint32_t n_begun; /* atomic: rounds */
static uint32_t n_ended; /* atomic: hands that are through with it */
static uint32_t is_over; /* atomic */

static void
wait_for(const uint32_t *word, uint32_t value)
{
	/* acquire: pairs with the adds of n_begun and n_ended */
	for (uint32_t k = 1; leat__load_acquire(word) != value; k++)
		if (k % N_WAITS == 0)
			env->yield(env);
}

/* ---- hands ----------------------------------------------------------------- */

static void
send_some(struct hand *hand)
{
	struct round *round = &round_now;
	uint32_t n = stress_below(&hand->random, N_ITEMS);
	uint64_t item = 1;

	for (uint32_t k = 0; k < n; k++) {
		int rc = leat_channel_send(round->ch, &item);

		must(rc == LEAT_OK || (rc == LEAT_ECLOSED && round->is_early));
		if (rc == LEAT_OK)
			leat__add_relaxed(&round->n_sent, 1u);
	}
	leat_channel_close_send(round->ch);
}

/* One item, by one of the ways; LEAT_EAGAIN: none yet. */
static int
recv_one(struct hand *hand)
{
	struct leat_channel *ch = round_now.ch;
	uint64_t item = 0;
	struct leat_select_case c = {.channel = ch, .item = &item};
	uint32_t at;
	int rc;

	switch (stress_below(&hand->random, 4)) {
	case 0:
		rc = leat_channel_recv(ch, &item);
		break;
	case 1:
		rc = leat_channel_recv_burst(ch, &item, 1);
		rc = rc == 1 ? LEAT_OK : rc == 0 ? LEAT_EAGAIN : rc;
		break;
	case 2:
		rc = leat_channel_try_recv(ch, &item);
		break;
	default:
		must(leat_select(&c, 1, NULL, LEAT_NEVER, &at) == LEAT_OK);
		rc = c.result;
	}
	must(rc != LEAT_OK || item == 1);
	return rc;
}

static void
recv_all(struct hand *hand)
{
	struct round *round = &round_now;
	uint32_t n_most = round->is_early ? stress_below(&hand->random, N_ITEMS)
					  : UINT32_MAX;
	int rc = LEAT_OK;

	for (uint32_t n = 0; n < n_most && rc != LEAT_EOS;) {
		rc = recv_one(hand);
		must(rc == LEAT_OK || rc == LEAT_EAGAIN || rc == LEAT_EOS);
		n += rc == LEAT_OK;
		if (rc == LEAT_OK)
			leat__add_relaxed(&round->n_received, 1u);
	}
	leat_channel_close_recv(round->ch);
}

static void
hand_main(void *arg)
{
	struct hand *hand = arg;

	for (uint32_t k = 1;; k++) {
		wait_for(&n_begun, k);
		if (leat__load_acquire(&is_over))
			return;
		if (hand->is_sender && hand->id < round_now.n_senders)
			send_some(hand);
		if (!hand->is_sender && hand->id < round_now.n_receivers)
			recv_all(hand);
		leat__add_acq_rel(&n_ended, 1u);
	}
}

/* ---- rounds ----------------------------------------------------------------- */

static void
begin_round(uint64_t *random)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .spin_ns = LEAT_SPIN_NONE};
	struct round *round = &round_now;

	*round = (struct round){.n_senders = 1 + stress_below(random, N_MOST),
		.n_receivers = 1 + stress_below(random, N_MOST),
		.is_early = stress_below(random, 4) == 0};
	opts.capacity = stress_below(random, 4);
	if (stress_below(random, 4) == 0)
		opts.capacity = 64;
	opts.n_senders = round->n_senders;
	opts.n_receivers = round->n_receivers;
	if (round->n_senders > 1)
		opts.flags |= LEAT_CHANNEL_MANY_SENDERS;
	if (round->n_receivers > 1)
		opts.flags |= LEAT_CHANNEL_MANY_RECEIVERS;
	must(leat_channel_create(NULL, &opts, &round->ch, NULL) == LEAT_OK);
	leat__store_relaxed(&n_ended, 0u);
	leat__add_acq_rel(&n_begun, 1u);
}

static void
end_round(void)
{
	struct round *round = &round_now;

	wait_for(&n_ended, 2 * N_MOST);
	must(round->n_received <= round->n_sent);
	must(round->is_early || round->n_received == round->n_sent);
	leat_channel_destroy(round->ch);
	watchdog_pat(&dog);
}

START_TEST(every_close_lets_all_items_through_and_ends_every_wait)
{
	uint64_t seed = stress_seed("channel_close");
	uint32_t n_rounds = stress_rounds(20000);
	struct hand hands[2 * N_MOST];

	env = leat__env_posix();
	watchdog_start(&dog);
	for (uint32_t k = 0; k < 2 * N_MOST; k++) {
		hands[k] = (struct hand){
			.thread = {.fn = hand_main, .arg = &hands[k]},
			.random = seed + 1000 + k,
			.id = k / 2,
			.is_sender = k % 2};
		must(env->thread_start(env, &hands[k].thread) == 0);
	}
	snprintf(dog.what, sizeof(dog.what), "channel_close, LEAT_SEED=%llu",
		(unsigned long long)seed);
	for (uint32_t k = 0; k < n_rounds; k++) {
		begin_round(&seed);
		end_round();
	}
	leat__swap_acq_rel(&is_over, 1u);
	leat__add_acq_rel(&n_begun, 1u);
	for (uint32_t k = 0; k < 2 * N_MOST; k++)
		env->thread_join(env, &hands[k].thread);
	watchdog_stop(&dog);
}
END_TEST

/* ---- two threads, step by step --------------------------------------------- */

#define N_STEPS 20000u

/* Both begin each step at the same moment; nobody else runs. */
struct pair {
	struct leat__thread threads[2];
	struct leat_channel *channels[2]; /* of even and odd steps */
	uint64_t random;
	uint32_t n_arrived; /* atomic */
	uint32_t n_steps;
	uint32_t n_items;    /* of this step */
	uint32_t n_taken[2]; /* of this step */
	uint32_t is_race;    /* both receive what is there and closed */
};

static void
pair_meet(struct pair *pair, uint32_t *n_met)
{
	*n_met += 2;
	leat__add_acq_rel(&pair->n_arrived, 1u);
	for (uint32_t k = 1; leat__load_acquire(&pair->n_arrived) < *n_met; k++)
		if (k % N_WAITS == 0)
			env->yield(env);
}

static uint32_t
take_all(struct leat_channel *ch, bool is_select)
{
	uint64_t item;
	struct leat_select_case c = {.channel = ch, .item = &item};
	uint32_t n = 0, at;
	int rc;

	do {
		rc = leat_channel_try_recv(ch, &item);
		if (rc == LEAT_EAGAIN && is_select) {
			must(leat_select(&c, 1, NULL, LEAT_NEVER, &at) ==
				LEAT_OK);
			rc = c.result;
		}
		must(rc == LEAT_OK || rc == LEAT_EAGAIN || rc == LEAT_EOS);
		n += rc == LEAT_OK;
	} while (rc != LEAT_EOS);
	return n;
}

static void
send_and_close(struct leat_channel *ch, uint32_t n)
{
	uint64_t item = 1;

	for (uint32_t k = 0; k < n; k++)
		must(leat_channel_try_send(ch, &item) == LEAT_OK);
	leat_channel_close_send(ch);
}

static void
pair_prepare(struct pair *pair, uint32_t step)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = 4};
	struct leat_channel **ch = &pair->channels[step % 2];

	if (pair->is_race || stress_below(&pair->random, 2))
		opts.flags = LEAT_CHANNEL_MANY_RECEIVERS;
	opts.n_receivers = pair->is_race ? 2 : 1;
	pair->n_items = stress_below(&pair->random, N_ITEMS);
	must(leat_channel_create(NULL, &opts, ch, NULL) == LEAT_OK);
	if (pair->is_race)
		send_and_close(*ch, pair->n_items);
}

static void
first_main(void *arg)
{
	struct pair *pair = arg;
	uint32_t n_met = 0;

	for (uint32_t k = 0; k < pair->n_steps; k++) {
		pair_prepare(pair, k);
		pair_meet(pair, &n_met);
		if (pair->is_race)
			pair->n_taken[0] =
				take_all(pair->channels[k % 2], k % 4 < 2);
		else
			send_and_close(pair->channels[k % 2], pair->n_items);
		pair_meet(pair, &n_met);
		must(pair->n_taken[0] + pair->n_taken[1] == pair->n_items);
		leat_channel_destroy(pair->channels[k % 2]);
		watchdog_pat(&dog);
	}
}

static void
second_main(void *arg)
{
	struct pair *pair = arg;
	uint32_t n_met = 0;

	for (uint32_t k = 0; k < pair->n_steps; k++) {
		pair_meet(pair, &n_met);
		pair->n_taken[1] = take_all(pair->channels[k % 2], k % 8 < 4);
		pair_meet(pair, &n_met);
	}
}

static void
run_pair(const char *name, bool is_race)
{
	struct pair pair = {
		.threads = {{.fn = first_main}, {.fn = second_main}},
		.n_steps = stress_rounds(N_STEPS),
		.is_race = is_race};

	env = leat__env_posix();
	pair.random = stress_seed(name);
	watchdog_start(&dog);
	snprintf(dog.what, sizeof(dog.what), "%s", name);
	for (int k = 0; k < 2; k++) {
		pair.threads[k].arg = &pair;
		must(env->thread_start(env, &pair.threads[k]) == 0);
	}
	for (int k = 0; k < 2; k++)
		env->thread_join(env, &pair.threads[k]);
	watchdog_stop(&dog);
}

START_TEST(what_is_sent_just_before_a_close_arrives)
{
	run_pair("channel_close, sender and receiver", false);
}
END_TEST

START_TEST(of_two_receivers_both_see_the_end_and_only_after_the_last_item)
{
	run_pair("channel_close, two receivers", true);
}
END_TEST

TEST_MAIN("stress/channel_close",
	every_close_lets_all_items_through_and_ends_every_wait,
	what_is_sent_just_before_a_close_arrives,
	of_two_receivers_both_see_the_end_and_only_after_the_last_item)
