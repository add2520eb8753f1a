/*
 * stress/channel_fence.c -- waits that are now frequent and now seldom.
 *
 * One sends batches of random length and waits for the answer to each; the
 * receivers wait before each batch and often within it. So the two sides of
 * both channels pass between fences of who tells and barriers of who waits all
 * the time, and each batch ends with a wake-up that must not be lost.
 */
#include <leat/channel.h>

#include "support/stress.h"
#include "support/test.h"
#include "support/watchdog.h"

#define N_RECEIVERS 3u
#define N_BATCHES   400u
#define N_BATCH     700u

struct round {
	struct leat_channel *items;
	struct leat_channel *answers;
	uint32_t n_receivers;
	uint32_t n_taken; /* atomic: of the batch */
	uint32_t n_batch; /* set before the batch is sent */
	uint64_t random;
};

static const struct leat__env *env;
static struct watchdog dog;

static void
receiver_main(void *arg)
{
	struct round *round = arg;
	uint64_t items[40], before = 0, n;
	uint32_t n_batch;
	int rc;

	while ((rc = leat_channel_recv(round->items, items)) == LEAT_OK) {
		int n_more = leat_channel_recv_burst(
			round->items, items + 1, (uint32_t)items[0] % 40);

		n = 1 + (n_more > 0 ? (uint64_t)n_more : 0);
		for (uint64_t k = 0; k < n; k++) {
			must(items[k] > before);
			before = items[k];
		}
		/* the next one may begin as soon as this part is counted */
		n_batch = round->n_batch;
		if (leat__add_acq_rel(&round->n_taken, (uint32_t)n) + n ==
			n_batch)
			must(leat_channel_send(round->answers, &before) ==
				LEAT_OK);
	}
	must(rc == LEAT_EOS);
}

static void
send_batch(struct round *round, uint64_t *next)
{
	uint64_t items[N_BATCH];
	uint32_t n_sent = 0;

	for (uint32_t k = 0; k < round->n_batch; k++)
		items[k] = ++*next;
	if (stress_below(&round->random, 2)) {
		must(leat_channel_send_bulk(round->items, items, round->n_batch,
			     NULL, LEAT_NEVER, &n_sent) == LEAT_OK);
		return;
	}
	for (uint32_t k = 0; k < round->n_batch; k++)
		must(leat_channel_send(round->items, &items[k]) == LEAT_OK);
}

static void
sender_main(void *arg)
{
	struct round *round = arg;
	uint32_t is_long = 0;
	uint64_t next = 0, answer;

	for (uint32_t k = 0; k < N_BATCHES; k++) {
		if (stress_below(&round->random, 8) == 0)
			is_long = !is_long;
		round->n_batch =
			1 + stress_below(&round->random, is_long ? N_BATCH : 9);
		leat__store_relaxed(&round->n_taken, 0u);
		send_batch(round, &next);
		leat_channel_flush(round->items);
		must(leat_channel_recv(round->answers, &answer) == LEAT_OK);
		watchdog_pat(&dog);
	}
	leat_channel_close_send(round->items);
}

static struct leat_channel *
make(uint64_t *random, uint32_t flags, uint32_t capacity)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.flags = flags, .item_bytes = sizeof(uint64_t),
		.capacity = capacity};
	struct leat_channel *ch = NULL;

	opts.spin_ns = stress_below(random, 3) ? LEAT_SPIN_NONE : 2000;
	if (!(flags & LEAT_CHANNEL_MANY_SENDERS) && stress_below(random, 2))
		opts.publish_items = 1 + stress_below(random, 32);
	must(leat_channel_create(NULL, &opts, &ch, NULL) == LEAT_OK);
	return ch;
}

static void
draw_round(struct round *round, uint64_t *random)
{
	uint32_t flags = stress_below(random, 2);

	*round = (struct round){
		.n_receivers = 1 + stress_below(random, N_RECEIVERS),
		.random = *random};
	if (round->n_receivers > 1)
		flags |= LEAT_CHANNEL_MANY_RECEIVERS;
	/* 64 and more: below, sides are always fenced */
	round->items = make(random, flags, 64u << stress_below(random, 5));
	round->answers = make(random, LEAT_CHANNEL_MANY_SENDERS, 64);
}

static void
run_round(uint64_t *random)
{
	struct leat__thread threads[1 + N_RECEIVERS];
	static struct round round;

	draw_round(&round, random);
	for (uint32_t k = 0; k <= round.n_receivers; k++) {
		threads[k] = (struct leat__thread){
			.fn = k ? receiver_main : sender_main, .arg = &round};
		must(env->thread_start(env, &threads[k]) == 0);
	}
	for (uint32_t k = 0; k <= round.n_receivers; k++)
		env->thread_join(env, &threads[k]);
	must(leat_channel_queued(round.items) == 0);
	leat_channel_destroy(round.items);
	leat_channel_destroy(round.answers);
}

START_TEST(no_wake_up_is_lost_while_fences_go_on_and_off)
{
	uint64_t seed = stress_seed("channel_fence");
	uint32_t n_rounds = stress_rounds(40);

	env = leat__env_posix();
	watchdog_start(&dog);
	for (uint32_t k = 0; k < n_rounds; k++) {
		uint64_t random = seed + k;

		snprintf(dog.what, sizeof(dog.what),
			"channel_fence, round %u, LEAT_SEED=%llu", k,
			(unsigned long long)(seed + k));
		run_round(&random);
	}
	watchdog_stop(&dog);
}
END_TEST

/* ---- one item at a time ------------------------------------------------------ */

#define N_HOPS 20000u

struct stream {
	struct leat_channel *ch;
	uint64_t n;
};

static void
stream_main(void *arg)
{
	struct stream *stream = arg;

	for (uint64_t k = 0; k < stream->n; k++)
		must(leat_channel_send(stream->ch, &k) == LEAT_OK);
	leat_channel_close_send(stream->ch);
}

static void
stream_through(uint32_t flags, uint32_t capacity)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.flags = flags, .item_bytes = sizeof(uint64_t),
		.capacity = capacity, .spin_ns = LEAT_SPIN_NONE};
	struct stream stream = {.n = stress_rounds(N_HOPS)};
	struct leat__thread thread = {.fn = stream_main, .arg = &stream};
	uint64_t item;

	must(leat_channel_create(NULL, &opts, &stream.ch, NULL) == LEAT_OK);
	must(env->thread_start(env, &thread) == 0);
	for (uint64_t k = 0; k < stream.n; k++) {
		must(leat_channel_recv(stream.ch, &item) == LEAT_OK);
		must(item == k);
		watchdog_pat(&dog);
	}
	must(leat_channel_recv(stream.ch, &item) == LEAT_EOS);
	env->thread_join(env, &thread);
	leat_channel_destroy(stream.ch);
}

/* Both ends wait all the time, each just as the other one tells it. */
START_TEST(no_wake_up_is_lost_in_a_stream_of_single_items)
{
	static const uint32_t capacities[] = {1, 2, 8, 64};

	env = leat__env_posix();
	watchdog_start(&dog);
	for (uint32_t flags = 0; flags < 4; flags++)
		for (size_t c = 0; c < leat__array_len(capacities); c++) {
			snprintf(dog.what, sizeof(dog.what),
				"channel_fence, flags %u, capacity %u", flags,
				capacities[c]);
			stream_through(flags, capacities[c]);
		}
	watchdog_stop(&dog);
}
END_TEST

TEST_MAIN("stress/channel_fence", no_wake_up_is_lost_while_fences_go_on_and_off,
	no_wake_up_is_lost_in_a_stream_of_single_items)
