/*
 * stress/fiber_race.c -- fibers on four workers that wait for each other,
 * wander, rest at channels, sleep, start others, and are canceled; tasks
 * submitted while the threads that should run them are about to end.
 *
 * LEAT_SEED replays the choices, not the schedule; LEAT_STRESS multiplies the
 * rounds.
 */
#include "support/test.h"

#include <leat/channel.h>

#include "exec/workers.h"
#include "support/stress.h"

#define N_WORKERS 4
#define US        1000

static struct leat_workers *
make(uint64_t idle_ns, uint64_t spin_ns)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = N_WORKERS, .idle_ns = idle_ns,
		.spin_ns = spin_ns};
	struct leat_workers *workers;

	must(leat_workers_create(NULL, &opts, &workers, NULL) == LEAT_OK);
	return workers;
}

/* ---- a latch over a waiter: one posts, one waits ------------------------ */

#define LATCH_POSTED 1u

struct latch {
	uint64_t cell; /* 0, LATCH_POSTED, or who waits */
};

static void
latch_post(struct latch *latch)
{
	uint64_t was = leat__swap_seq(&latch->cell, (uint64_t)LATCH_POSTED);

	if (was > LATCH_POSTED)
		leat__waiter_claim((struct leat__waiter *)(uintptr_t)was,
			LEAT__TOKEN_HINT);
}

static void
latch_await(struct latch *latch)
{
	struct leat__waiter waiter;
	uint64_t nothing = 0;

	leat__waiter_init(&waiter, leat__env_posix());
	if (leat__cas_seq(&latch->cell, &nothing, (uint64_t)(uintptr_t)&waiter))
		must(leat__waiter_wait(&waiter, LEAT_NEVER) ==
			LEAT__TOKEN_HINT);
	leat__store_seq(&latch->cell, (uint64_t)0);
}

/* ---- rings of fibers ---------------------------------------------------- */

#define N_RINGS  8
#define N_PLACES 5

struct ring {
	struct latch latches[N_PLACES];
	uint32_t n_rounds;
	uint64_t n_passed; /* by who has the turn */
	uint64_t seed;
};

struct place {
	struct ring *ring;
	uint32_t at;
};

static void
ring_dawdle(struct ring *ring)
{
	switch (stress_below(&ring->seed, 24)) {
	case 0:
		leat_yield();
		break;
	case 1:
		must(leat_sleep_until(NULL,
			     leat_now_ns() +
				     stress_below(&ring->seed, 20) * US) ==
			LEAT_OK);
		break;
	default:
		leat_yield_if_due();
	}
}

static void
ring_main(struct leat_ctx *ctx, void *arg)
{
	struct place *place = arg;
	struct ring *ring = place->ring;

	(void)ctx;
	for (uint32_t k = 0; k < ring->n_rounds; k++) {
		latch_await(&ring->latches[place->at]);
		must(ring->n_passed % N_PLACES == place->at);
		ring->n_passed++;
		ring_dawdle(ring);
		latch_post(&ring->latches[(place->at + 1) % N_PLACES]);
	}
}

START_TEST(rings_of_fibers_pass_every_turn_on)
{
	uint64_t seed = stress_seed("fiber_race");
	struct leat_workers *workers = make(200 * US, 0);
	uint32_t n_rounds = stress_rounds(300);
	struct ring rings[N_RINGS];
	struct place places[N_RINGS][N_PLACES];

	memset(rings, 0, sizeof(rings));
	for (uint32_t r = 0; r < N_RINGS; r++) {
		rings[r].n_rounds = n_rounds;
		rings[r].seed = seed + r;
		for (uint32_t k = 0; k < N_PLACES; k++) {
			places[r][k] = (struct place){&rings[r], k};
			must(leat_go(workers, ring_main, &places[r][k], NULL) ==
				LEAT_OK);
		}
		latch_post(&rings[r].latches[0]);
	}
	must(leat_workers_wait(workers, LEAT_NEVER) == LEAT_OK);
	for (uint32_t r = 0; r < N_RINGS; r++)
		must(rings[r].n_passed == (uint64_t)n_rounds * N_PLACES);
	leat_workers_destroy(workers);
}
END_TEST

/* ---- streams between fibers that rest ----------------------------------- */

#define N_STREAMS 8

struct stream {
	struct leat_ctx *ctx; /* of the channel */
	struct leat_channel *ch;
	bool is_ended; /* its context ends in the middle */
	uint32_t n;
	uint64_t send_seed;
	uint64_t recv_seed;
	uint64_t n_received;
	struct leat__thread thread; /* of the sender, or not used */
};

static void
stream_dawdle(uint64_t *seed)
{
	uint32_t dice = stress_below(seed, 16);

	if (dice == 0)
		leat_yield();
	for (uint32_t k = 0; dice == 1 && k < 200; k++)
		leat_yield_if_due();
}

static void
stream_send(void *arg)
{
	struct stream *stream = arg;
	int rc = LEAT_OK;

	for (uint64_t k = 0; k < stream->n && rc == LEAT_OK; k++) {
		rc = leat_channel_send(stream->ch, &k);
		stream_dawdle(&stream->send_seed);
	}
	must(rc == LEAT_OK || (rc == LEAT_ECANCELED && stream->is_ended));
	leat_channel_close_send(stream->ch);
}

static void
stream_send_fiber(struct leat_ctx *ctx, void *arg)
{
	(void)ctx;
	stream_send(arg);
}

/* By turns it rests and parks. */
static int
stream_recv_one(struct stream *stream, struct leat_ctx *ctx, uint64_t *item_out)
{
	return stress_below(&stream->recv_seed, 4)
		? leat_channel_recv(stream->ch, item_out)
		: leat_channel_recv_until(
			  stream->ch, item_out, ctx, LEAT_NEVER);
}

static void
stream_recv_fiber(struct leat_ctx *ctx, void *arg)
{
	struct stream *stream = arg;
	uint64_t item;
	int rc;

	while ((rc = stream_recv_one(stream, ctx, &item)) == LEAT_OK) {
		must(item == stream->n_received++);
		stream_dawdle(&stream->recv_seed);
	}
	must(rc == LEAT_EOS || (rc == LEAT_ECANCELED && stream->is_ended));
}

static void
stream_begin(
	struct stream *stream, struct leat_workers *workers, uint64_t *seed)
{
	const struct leat__env *env = leat__env_posix();
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t),
		.capacity = 1u << stress_below(seed, 8)};

	*stream = (struct stream){.is_ended = stress_below(seed, 4) == 0,
		.n = 200 + stress_below(seed, 1000),
		.send_seed = *seed + 1,
		.recv_seed = *seed + 2,
		.thread = {.fn = stream_send, .arg = stream}};
	must(leat_ctx_create(&stream->ctx, NULL) == LEAT_OK);
	must(leat_channel_create(stream->ctx, &opts, &stream->ch, NULL) ==
		LEAT_OK);
	must(leat_go(workers, stream_recv_fiber, stream, NULL) == LEAT_OK);
	if (stress_below(seed, 4) == 0)
		must(env->thread_start(env, &stream->thread) == 0);
	else
		must(leat_go(workers, stream_send_fiber, stream, NULL) ==
			LEAT_OK);
}

static void
stream_end(struct stream *stream)
{
	const struct leat__env *env = leat__env_posix();

	if (stream->thread.os)
		env->thread_join(env, &stream->thread);
	must(stream->is_ended || stream->n_received == stream->n);
	leat_channel_destroy(stream->ch);
	leat_ctx_destroy(stream->ctx);
}

START_TEST(streams_between_fibers_lose_nothing_and_end)
{
	uint64_t seed = stress_seed("fiber_race");
	uint32_t n_rounds = stress_rounds(60);

	for (uint32_t round = 0; round < n_rounds; round++) {
		struct leat_workers *workers = make(200 * US, 0);
		struct stream streams[N_STREAMS];

		for (uint32_t k = 0; k < N_STREAMS; k++)
			stream_begin(&streams[k], workers, &seed);
		for (uint32_t k = 0; k < N_STREAMS; k++)
			if (streams[k].is_ended)
				leat_ctx_cancel(
					streams[k].ctx, LEAT_ECANCELED, NULL);
		must(leat_workers_wait(workers, LEAT_NEVER) == LEAT_OK);
		for (uint32_t k = 0; k < N_STREAMS; k++)
			stream_end(&streams[k]);
		leat_workers_destroy(workers);
	}
}
END_TEST

/* ---- cancel against deadline against wake ------------------------------- */

struct victim {
	struct leat_ctx *ctx;
	int64_t deadline_ns;
	uint32_t n_ended; /* atomic, shared */
	struct victim *first;
};

static void
victim_main(struct leat_ctx *ctx, void *arg)
{
	struct victim *victim = arg;
	int rc = leat_sleep_until(victim->ctx, victim->deadline_ns);

	(void)ctx;
	must(rc == LEAT_OK || rc == LEAT_ECANCELED);
	if (rc == LEAT_OK)
		must(leat_now_ns() >= victim->deadline_ns);
	else
		must(leat_ctx_is_done(victim->ctx));
	leat__add_relaxed(&victim->first->n_ended, 1u);
}

START_TEST(a_sleep_ends_once_by_its_deadline_or_its_cancel)
{
	enum { N = 200 };
	uint64_t seed = stress_seed("fiber_race");
	struct leat_workers *workers = make(0, 0);
	uint32_t n_rounds = stress_rounds(20);

	for (uint32_t round = 0; round < n_rounds; round++) {
		struct victim victims[N];
		struct leat_ctx *ctx;

		memset(victims, 0, sizeof(victims));
		must(leat_ctx_create(&ctx, NULL) == LEAT_OK);
		for (uint32_t k = 0; k < N; k++) {
			victims[k].ctx = ctx;
			victims[k].first = &victims[0];
			victims[k].deadline_ns =
				leat_now_ns() + stress_below(&seed, 300) * US;
			must(leat_go(workers, victim_main, &victims[k], NULL) ==
				LEAT_OK);
		}
		leat_ctx_cancel(ctx, LEAT_ECANCELED, NULL);
		must(leat_workers_wait(workers, LEAT_NEVER) == LEAT_OK);
		must(victims[0].n_ended == N);
		leat_ctx_destroy(ctx);
	}
	leat_workers_destroy(workers);
}
END_TEST

/* ---- many parked -------------------------------------------------------- */

#if defined(__SANITIZE_THREAD__)
#define N_PARKED 2000u
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define N_PARKED 2000u
#endif
#endif
#ifndef N_PARKED
#define N_PARKED 100000u
#endif

static uint32_t n_awake; /* atomic */

static void
parked_main(struct leat_ctx *ctx, void *arg)
{
	struct latch *latch = arg;

	(void)ctx;
	latch_await(latch);
	leat__add_relaxed(&n_awake, 1u);
}

static void
wake_all(struct leat_ctx *ctx, void *arg)
{
	struct latch *latches = arg;

	(void)ctx;
	for (uint32_t k = 0; k < N_PARKED; k++)
		latch_post(&latches[k]);
}

/* All are woken by one fiber, into one worker's queue. */
START_TEST(a_hundred_thousand_parked_fibers_are_woken)
{
	struct leat_workers *workers = make(0, 0);
	struct latch *latches = calloc(N_PARKED, sizeof(*latches));

	n_awake = 0;
	for (uint32_t k = 0; k < N_PARKED; k++)
		must(leat_go(workers, parked_main, &latches[k], NULL) ==
			LEAT_OK);
	must(leat_go(workers, wake_all, latches, NULL) == LEAT_OK);
	must(leat_workers_wait(workers, LEAT_NEVER) == LEAT_OK);
	must(n_awake == N_PARKED);
	leat_workers_destroy(workers);
	free(latches);
}
END_TEST

/* ---- threads that end, tasks that come ---------------------------------- */

static int
count_task(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	(void)ctx;
	(void)result;
	(void)err;
	leat__add_relaxed((uint32_t *)arg, 1u);
	return LEAT_OK;
}

START_TEST(no_task_is_lost_while_threads_end)
{
	uint64_t seed = stress_seed("fiber_race");
	struct leat_workers *workers = make(50 * US, 0);
	uint32_t n_rounds = stress_rounds(400), n = 0;

	for (uint32_t round = 0; round < n_rounds; round++) {
		uint32_t n_tasks = 1 + stress_below(&seed, 6);
		struct leat_task *tasks[6];

		for (uint32_t k = 0; k < n_tasks; k++) {
			struct leat_task_opts opts = {
				LEAT_OPTS_INIT(leat_task_opts),
				.flags = stress_below(&seed, 2)
					? LEAT_TASK_BLOCKING
					: 0};

			must(leat_workers_submit(workers, &opts, count_task, &n,
				     &tasks[k], NULL) == LEAT_OK);
		}
		for (uint32_t k = 0; k < n_tasks; k++) {
			must(leat_task_wait(tasks[k], LEAT_NEVER, NULL, NULL) ==
				LEAT_OK);
			leat_task_release(tasks[k]);
		}
		/* about as long as threads stay */
		must(leat_sleep_until(NULL,
			     leat_now_ns() + stress_below(&seed, 100) * US) ==
			LEAT_OK);
	}
	must(leat_workers_leaks(workers, NULL) == LEAT_OK);
	leat_workers_destroy(workers);
}
END_TEST

/* ---- everything at once ------------------------------------------------- */

struct storm {
	struct leat_workers *workers;
	uint32_t n_begun; /* atomic */
	uint32_t n_ended; /* atomic */
	uint64_t seed;    /* atomic */
};

static int
storm_task(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	struct storm *storm = arg;
	uint64_t dice = leat__add_relaxed(&storm->seed, 7919u);
	struct leat_task *below = NULL;
	int rc = LEAT_OK;

	(void)result;
	leat__add_relaxed(&storm->n_begun, 1u);
	if (stress_below(&dice, 3) == 0)
		rc = leat_workers_try_submit(
			storm->workers, NULL, storm_task, storm, &below, err);
	if (below && stress_below(&dice, 2))
		leat_task_cancel(below);
	if (below)
		(void)!leat_task_wait(below, LEAT_NEVER, NULL, NULL);
	leat_task_release(below);
	if (stress_below(&dice, 2))
		rc = leat_sleep_until(
			ctx, leat_now_ns() + stress_below(&dice, 50) * US);
	leat__add_relaxed(&storm->n_ended, 1u);
	return rc;
}

START_TEST(a_cancel_ends_everything_at_any_moment)
{
	uint64_t seed = stress_seed("fiber_race");
	uint32_t n_rounds = stress_rounds(60);

	for (uint32_t round = 0; round < n_rounds; round++) {
		struct storm storm = {
			.workers = make(30 * US, round % 2 * 5 * US),
			.seed = seed + round};
		struct leat_workers_stats stats;
		uint32_t n = stress_below(&seed, 100);
		uint64_t n_accepted = 0;

		for (uint32_t k = 0; k < n; k++) {
			struct leat_task_opts opts = {
				LEAT_OPTS_INIT(leat_task_opts),
				.flags = stress_below(&seed, 8) == 0
					? LEAT_TASK_BLOCKING
					: 0};

			n_accepted += leat_workers_try_submit(storm.workers,
					      &opts, storm_task, &storm, NULL,
					      NULL) == LEAT_OK;
		}
		leat_workers_cancel(storm.workers);
		must(leat_workers_wait(storm.workers, LEAT_NEVER) == LEAT_OK);
		leat_workers_stats(storm.workers, &stats);
		must(storm.n_begun == storm.n_ended);
		must(stats.n_done + stats.n_failed + stats.n_stopped >=
			n_accepted);
		must(stats.n_running + stats.n_queued == 0);
		must(leat_workers_leaks(storm.workers, NULL) == LEAT_OK);
		leat_workers_destroy(storm.workers);
	}
}
END_TEST

TEST_MAIN("stress/fiber_race", rings_of_fibers_pass_every_turn_on,
	streams_between_fibers_lose_nothing_and_end,
	a_sleep_ends_once_by_its_deadline_or_its_cancel,
	a_hundred_thousand_parked_fibers_are_woken,
	no_task_is_lost_while_threads_end,
	a_cancel_ends_everything_at_any_moment)
