/*
 * unit/chan/one.h -- one channel of a test, and short calls on it.
 */
#ifndef LEAT_TESTS_UNIT_CHAN_ONE_H
#define LEAT_TESTS_UNIT_CHAN_ONE_H

#include "chan/channel.h"

#include "support/chan_world.h"
#include "support/test.h"

#define MS LEAT_CHANNEL_MANY_SENDERS
#define MR LEAT_CHANNEL_MANY_RECEIVERS
#define GR LEAT_CHANNEL_GRANTS

static const uint32_t kinds[] = {0, MS, MR, MS | MR};

static struct chan_world world;
static struct leat_channel *ch;
static __attribute__((unused)) struct leat_error err;

static inline void
setup(uint32_t flags, uint32_t item_bytes, uint32_t capacity)
{
	chan_world_init(&world);
	ch = chan_world_open(&world, flags, item_bytes, capacity);
}

static inline void
setup_by(const struct leat_channel_opts *opts)
{
	chan_world_init(&world);
	ch = chan_world_create(&world, opts);
}

static inline void
teardown(void)
{
	leat_channel_destroy(ch);
	chan_world_fini(&world);
}

static inline void
send_number(uint64_t n)
{
	ck_assert_int_eq(leat_channel_try_send(ch, &n), LEAT_OK);
}

static inline void
recv_number(uint64_t n)
{
	uint64_t got = 0;

	ck_assert_int_eq(leat_channel_try_recv(ch, &got), LEAT_OK);
	ck_assert_uint_eq(got, n);
}

static inline int
try_send(void)
{
	uint64_t n = 0;

	return leat_channel_try_send(ch, &n);
}

static inline int
try_recv(void)
{
	uint64_t n;

	return leat_channel_try_recv(ch, &n);
}

/* credit + queued + in hands = capacity */
static inline void
holds(uint32_t credit, uint32_t queued)
{
	ck_assert_uint_eq(leat_channel_credit(ch), credit);
	ck_assert_uint_eq(leat_channel_queued(ch), queued);
}

/* ---- frames --------------------------------------------------------------- */

static struct leat_pool *pool;

static inline void
setup_frames(const struct leat_channel_opts *opts)
{
	struct leat_pool_opts pool_opts = {LEAT_OPTS_INIT(leat_pool_opts),
		.slot_bytes = 4096, .n_slots = 16};

	ck_assert_int_eq(leat_pool_create(&pool_opts, &pool, NULL), LEAT_OK);
	setup_by(opts);
}

static inline void
teardown_frames(void)
{
	teardown();
	ck_assert_int_eq(leat_pool_leaks(pool, &err), LEAT_OK);
	leat_pool_destroy(pool);
}

static inline struct leat_frame *
frame_of(uint32_t n_bytes)
{
	struct leat_frame *frame = NULL;

	ck_assert_int_eq(leat_pool_try_acquire(pool, &frame), LEAT_OK);
	frame->len_bytes = n_bytes;
	return frame;
}

/* What came of it; a frame that was not taken is released. */
static inline int
send_frame(uint32_t n_bytes)
{
	struct leat_frame *frame = frame_of(n_bytes);
	int rc = leat_channel_try_send(ch, &frame);

	if (rc != LEAT_OK)
		leat_frame_release(frame);
	return rc;
}

static inline void
recv_frame(uint32_t n_bytes)
{
	struct leat_frame *frame = NULL;

	ck_assert_int_eq(leat_channel_try_recv(ch, &frame), LEAT_OK);
	ck_assert_uint_eq(frame->len_bytes, n_bytes);
	leat_frame_release(frame);
}

#endif
