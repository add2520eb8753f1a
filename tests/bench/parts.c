/*
 * bench/parts.c -- what the parts below a graph cost.
 *
 *	pool_cache     take and give a 64 KiB slot through a thread's magazine
 *	pool_depot     the same through the public calls, shared by all threads
 *	channel_1      a frame there and back on one thread: send, recv, grant
 *	channel_2      one frame at a time from thread to thread
 *	channel_2_burst  the same in bursts of 16
 *	ctx_child      create and destroy a context below a root
 *	ctx_cancel     cancel 100,000 contexts below a root
 * The channel carries frames whose credit comes back by grants, as those of a
 * graph do; core_cases.c has the channels of an application.
 * Rivals: malloc, and a bare ring of pointers with cached indices (Lee, Bu and
 * Chandranmenon, MCRingBuffer, IPDPS 2010) that cannot wait, close or count.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <leat/leat.h>

#include "base/atomic.h"
#include "mem/mem.h"
#include "support/bench.h"

#define N_POOL     2000000u
#define N_HOPS     2000000u
#define N_CHILDREN 100000u
#define CAPACITY   64u
#define BURST      16u
#define SLOT_BYTES 65536u

/* ---- pool -------------------------------------------------------------------- */

struct pool_bench {
	struct leat_pool *pool;
	struct leat__cache cache;
};

static double
pool_cache(void *arg)
{
	struct pool_bench *b = arg;
	double begin = bench_now_ns();

	for (uint32_t k = 0; k < N_POOL; k++) {
		struct leat_frame *frame =
			leat__pool_take(b->pool, &b->cache, 0);

		bench_keep(frame->data);
		leat__frame_release(&b->cache, frame);
	}
	return (bench_now_ns() - begin) / N_POOL;
}

static double
pool_depot(void *arg)
{
	struct pool_bench *b = arg;
	double begin = bench_now_ns();

	for (uint32_t k = 0; k < N_POOL; k++) {
		struct leat_frame *frame;

		bench_check(leat_pool_try_acquire(b->pool, &frame), "pool");
		bench_keep(frame->data);
		leat_frame_release(frame);
	}
	return (bench_now_ns() - begin) / N_POOL;
}

static double
pool_malloc(void *arg)
{
	double begin = bench_now_ns();

	(void)arg;
	for (uint32_t k = 0; k < N_POOL; k++) {
		void *memory = malloc(SLOT_BYTES);

		bench_keep(memory);
		free(memory);
	}
	return (bench_now_ns() - begin) / N_POOL;
}

/* ---- the bare ring ----------------------------------------------------------- */

struct ring {
	_Alignas(64) uint32_t head; /* written by the sender */
	uint32_t tail_seen;
	_Alignas(64) uint32_t tail; /* written by the receiver */
	uint32_t head_seen;
	_Alignas(64) void *cells[CAPACITY];
};

/* How many fit now, at most n. */
static inline uint32_t
ring_room(struct ring *ring, uint32_t n)
{
	if (CAPACITY - (ring->head - ring->tail_seen) < n)
		/* acquire: pairs with the release in ring_take */
		ring->tail_seen = leat__load_acquire(&ring->tail);
	return CAPACITY - (ring->head - ring->tail_seen);
}

static inline bool
ring_put(struct ring *ring, void *const *values, uint32_t n)
{
	if (ring_room(ring, n) < n)
		return false;
	for (uint32_t k = 0; k < n; k++)
		ring->cells[(ring->head + k) % CAPACITY] = values[k];
	/* release: pairs with the acquire in ring_take; publishes the cells */
	leat__store_release(&ring->head, ring->head + n);
	return true;
}

static inline uint32_t
ring_take(struct ring *ring, void **values, uint32_t n_max)
{
	uint32_t n;

	if (ring->head_seen == ring->tail)
		/* acquire: pairs with the release in ring_put */
		ring->head_seen = leat__load_acquire(&ring->head);
	n = ring->head_seen - ring->tail;
	n = n < n_max ? n : n_max;
	for (uint32_t k = 0; k < n; k++)
		values[k] = ring->cells[(ring->tail + k) % CAPACITY];
	/* release: pairs with the acquire in ring_room; the cells are free */
	leat__store_release(&ring->tail, ring->tail + n);
	return n;
}

/* ---- hops -------------------------------------------------------------------- */

/* Twice as many frames as fit: one that is sent again has been granted. */
struct hop_bench {
	struct leat_pool *pool;
	struct leat_frame *frames[2 * CAPACITY];
	struct leat_channel *channel;
	struct ring ring;
	uint32_t n_burst;
};

static void
hop_open(struct hop_bench *b)
{
	const struct leat_channel_opts opts = {
		LEAT_OPTS_INIT(leat_channel_opts), .capacity = CAPACITY,
		.flags = LEAT_CHANNEL_GRANTS};

	bench_check(
		leat_channel_create(NULL, &opts, &b->channel, NULL), "channel");
}

static double
channel_1(void *arg)
{
	struct hop_bench *b = arg;
	double begin = bench_now_ns();

	hop_open(b);
	for (uint32_t k = 0; k < N_HOPS; k++) {
		struct leat_frame *frame = b->frames[k % CAPACITY];

		bench_check(leat_channel_try_send(b->channel, &frame), "send");
		bench_check(leat_channel_try_recv(b->channel, &frame), "recv");
		leat_channel_grant(b->channel, 1, frame->len_bytes);
	}
	leat_channel_destroy(b->channel);
	return (bench_now_ns() - begin) / N_HOPS;
}

static double
ring_1(void *arg)
{
	struct hop_bench *b = arg;
	double begin = bench_now_ns();
	uint64_t n_bytes = 0;

	for (uint32_t k = 0; k < N_HOPS; k++) {
		void *value = b->frames[k % CAPACITY];

		if (!ring_put(&b->ring, &value, 1) ||
			!ring_take(&b->ring, &value, 1))
			abort();
		n_bytes += ((struct leat_frame *)value)->len_bytes;
	}
	bench_keep(n_bytes);
	return (bench_now_ns() - begin) / N_HOPS;
}

/* The frames of the k-th burst. */
static struct leat_frame **
hop_burst(struct hop_bench *b, uint32_t k)
{
	return &b->frames[k * b->n_burst % (2 * CAPACITY)];
}

/* Send a burst, waiting for credit for its first frame. */
static void
channel_send_all(struct hop_bench *b, struct leat_frame **frames)
{
	uint32_t n = 0;

	while (n < b->n_burst) {
		int rc = leat_channel_send_burst(
			b->channel, frames + n, b->n_burst - n);

		bench_check(rc, "send_burst");
		n += (uint32_t)rc;
		if (rc == 0)
			bench_check(leat_channel_send(b->channel, &frames[n++]),
				"send");
	}
}

static void *
channel_sender(void *arg)
{
	struct hop_bench *b = arg;

	for (uint32_t k = 0; k < N_HOPS / b->n_burst; k++) {
		struct leat_frame **frames = hop_burst(b, k);

		if (b->n_burst > 1)
			channel_send_all(b, frames);
		else
			bench_check(
				leat_channel_send(b->channel, frames), "send");
	}
	leat_channel_close_send(b->channel);
	return NULL;
}

/* Take what is there, or wait for one. 0 at the end. */
static uint32_t
channel_take(struct hop_bench *b, struct leat_frame **frames)
{
	int rc = 0;

	if (b->n_burst > 1)
		rc = leat_channel_recv_burst(b->channel, frames, b->n_burst);
	if (rc == 0) {
		rc = leat_channel_recv(b->channel, frames);
		rc = rc == LEAT_OK ? 1 : rc;
	}
	if (rc == LEAT_EOS)
		return 0;
	bench_check(rc, "recv");
	return (uint32_t)rc;
}

static void
hop_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	if (pthread_create(thread, NULL, fn, arg) != 0)
		abort();
}

static double
channel_2(void *arg)
{
	struct hop_bench *b = arg;
	struct leat_frame *frames[BURST];
	double begin = bench_now_ns();
	uint32_t n_got = 0, n;
	pthread_t sender;

	hop_open(b);
	hop_thread(&sender, channel_sender, b);
	while ((n = channel_take(b, frames)) > 0) {
		uint64_t n_bytes = 0;

		for (uint32_t k = 0; k < n; k++)
			n_bytes += frames[k]->len_bytes;
		leat_channel_grant(b->channel, n, n_bytes);
		n_got += n;
	}
	pthread_join(sender, NULL);
	leat_channel_destroy(b->channel);
	if (n_got != N_HOPS)
		bench_check(LEAT_EBUG, "frames were lost");
	return (bench_now_ns() - begin) / N_HOPS;
}

/* Busy wait, but let the other thread run where there is one core. */
static void
hop_wait(uint32_t *n_tries)
{
	if (++*n_tries % 256 == 0)
		sched_yield();
	ck_pr_stall();
}

static void *
ring_sender(void *arg)
{
	struct hop_bench *b = arg;
	uint32_t n_tries = 0;

	for (uint32_t k = 0; k < N_HOPS / b->n_burst; k++)
		while (!ring_put(
			&b->ring, (void *const *)hop_burst(b, k), b->n_burst))
			hop_wait(&n_tries);
	return NULL;
}

static double
ring_2(void *arg)
{
	struct hop_bench *b = arg;
	double begin = bench_now_ns();
	uint32_t n_got = 0, n_tries = 0;
	uint64_t n_bytes = 0;
	pthread_t sender;

	hop_thread(&sender, ring_sender, b);
	while (n_got < N_HOPS) {
		void *values[BURST];
		uint32_t n = ring_take(&b->ring, values, b->n_burst);

		for (uint32_t k = 0; k < n; k++)
			n_bytes += ((struct leat_frame *)values[k])->len_bytes;
		n_got += n;
		if (n == 0)
			hop_wait(&n_tries);
	}
	pthread_join(sender, NULL);
	bench_keep(n_bytes);
	return (bench_now_ns() - begin) / N_HOPS;
}

/* ---- contexts ---------------------------------------------------------------- */

static double
ctx_child(void *arg)
{
	struct leat_ctx *root, *child;
	double begin, ns;

	(void)arg;
	bench_check(leat_ctx_create(&root, NULL), "root");
	begin = bench_now_ns();
	for (uint32_t k = 0; k < N_CHILDREN; k++) {
		bench_check(leat_ctx_child(root, LEAT_NEVER, &child, NULL),
			"child");
		leat_ctx_destroy(child);
	}
	ns = (bench_now_ns() - begin) / N_CHILDREN;
	leat_ctx_destroy(root);
	return ns;
}

static double
ctx_cancel(void *arg)
{
	struct leat_ctx **children = arg, *root;
	double begin, ms;

	bench_check(leat_ctx_create(&root, NULL), "root");
	for (uint32_t k = 0; k < N_CHILDREN; k++)
		bench_check(
			leat_ctx_child(root, LEAT_NEVER, &children[k], NULL),
			"child");
	begin = bench_now_ns();
	leat_ctx_cancel(root, LEAT_ECANCELED, NULL);
	ms = (bench_now_ns() - begin) / 1e6;
	for (uint32_t k = 0; k < N_CHILDREN; k++) {
		if (!leat_ctx_is_done(children[k]))
			bench_check(LEAT_EBUG, "a child was not cancelled");
		leat_ctx_destroy(children[k]);
	}
	leat_ctx_destroy(root);
	return ms;
}

/* ---- all of it --------------------------------------------------------------- */

static void
bench_pool(struct bench *bench)
{
	const struct leat_pool_opts opts = {
		LEAT_OPTS_INIT(leat_pool_opts), .slot_bytes = SLOT_BYTES};
	struct pool_bench b;
	const struct bench_subject cache[] = {
		{"leat", pool_cache, &b}, {"malloc", pool_malloc, NULL}};
	const struct bench_subject depot[] = {
		{"leat", pool_depot, &b}, {"malloc", pool_malloc, NULL}};

	bench_check(leat_pool_create(&opts, &b.pool, NULL), "pool");
	leat__cache_init(&b.cache, b.pool, 8);
	bench_case(bench, "pool_cache", "ns", cache, 2);
	leat__cache_fini(&b.cache);
	bench_case(bench, "pool_depot", "ns", depot, 2);
	leat_pool_destroy(b.pool);
}

static void
hop_case(struct bench *bench, const char *name, struct hop_bench *b,
	uint32_t n_burst)
{
	const struct bench_subject subjects[] = {
		{"leat", channel_2, b}, {"ring", ring_2, b}};

	b->n_burst = n_burst;
	bench_case(bench, name, "ns/frame", subjects, 2);
}

static void
bench_hops(struct bench *bench)
{
	const struct leat_pool_opts opts = {LEAT_OPTS_INIT(leat_pool_opts),
		.slot_bytes = 4096, .n_slots = 2 * CAPACITY};
	static struct hop_bench b;
	const struct bench_subject alone[] = {
		{"leat", channel_1, &b}, {"ring", ring_1, &b}};

	bench_check(leat_pool_create(&opts, &b.pool, NULL), "pool");
	for (uint32_t k = 0; k < 2 * CAPACITY; k++) {
		bench_check(
			leat_pool_try_acquire(b.pool, &b.frames[k]), "pool");
		b.frames[k]->len_bytes = sizeof(uint64_t);
	}
	bench_case(bench, "channel_1", "ns/frame", alone, 2);
	hop_case(bench, "channel_2", &b, 1);
	hop_case(bench, "channel_2_burst", &b, BURST);
	for (uint32_t k = 0; k < 2 * CAPACITY; k++)
		leat_frame_release(b.frames[k]);
	leat_pool_destroy(b.pool);
}

static void
bench_ctx(struct bench *bench)
{
	struct leat_ctx **children = calloc(N_CHILDREN, sizeof(*children));
	const struct bench_subject child[] = {{"leat", ctx_child, NULL}};
	const struct bench_subject cancel[] = {{"leat", ctx_cancel, children}};

	if (!children)
		abort();
	bench_case(bench, "ctx_child", "ns", child, 1);
	bench_case(bench, "ctx_cancel", "ms/100k", cancel, 1);
	free(children);
}

int
main(int argc, char **argv)
{
	struct bench bench;

	bench_init(&bench, "parts", argc, argv);
	bench_pool(&bench);
	bench_hops(&bench);
	bench_ctx(&bench);
	bench_print(&bench);
	return 0;
}
