/*
 * unit/chan/channel.c -- the public channel: sending, receiving, waiting.
 */
#include "support/test.h"

#include <leat/leat.h>
#include <pthread.h>

struct world {
	struct leat_pool *pool;
	struct leat_ctx *ctx;
	struct leat_channel *ch;
};

static void
world_init(struct world *w, uint32_t capacity_frames, uint64_t capacity_bytes,
	uint64_t spin_ns)
{
	struct leat_pool_opts pool_opts = {LEAT_OPTS_INIT(leat_pool_opts),
		.slot_bytes = 4096, .n_slots = 64};
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.capacity_frames = capacity_frames,
		.capacity_bytes = capacity_bytes, .spin_ns = spin_ns};

	ck_assert_int_eq(leat_pool_create(&pool_opts, &w->pool, NULL), 0);
	ck_assert_int_eq(leat_ctx_create(&w->ctx, NULL), 0);
	ck_assert_int_eq(leat_channel_create(w->ctx, &opts, &w->ch, NULL), 0);
}

static void
world_fini(struct world *w)
{
	struct leat_pool_stats stats;

	leat_channel_destroy(w->ch);
	leat_ctx_destroy(w->ctx);
	leat_pool_stats(w->pool, &stats);
	ck_assert_uint_eq(stats.n_free, stats.n_slots);
	leat_pool_destroy(w->pool);
}

static struct leat_frame *
frame_of(struct world *w, uint32_t n_bytes)
{
	struct leat_frame *frame;

	ck_assert_int_eq(
		leat_pool_acquire(w->pool, NULL, LEAT_NEVER, &frame), LEAT_OK);
	frame->len_bytes = n_bytes;
	return frame;
}

static void
take_and_grant(struct world *w)
{
	struct leat_frame *frame;

	ck_assert_int_eq(leat_channel_try_recv(w->ch, &frame), LEAT_OK);
	leat_channel_grant(w->ch, 1, frame->len_bytes);
	leat_frame_release(frame);
}

START_TEST(try_send_says_again_when_the_credit_is_spent)
{
	struct world w;
	struct leat_frame *frame;

	world_init(&w, 2, 0, 0);
	ck_assert_uint_eq(leat_channel_credit_frames(w.ch), 2);
	ck_assert_int_eq(leat_channel_try_send(w.ch, frame_of(&w, 1)), LEAT_OK);
	ck_assert_int_eq(leat_channel_try_send(w.ch, frame_of(&w, 1)), LEAT_OK);
	frame = frame_of(&w, 1);
	ck_assert_int_eq(leat_channel_try_send(w.ch, frame), LEAT_EAGAIN);
	take_and_grant(&w);
	ck_assert_int_eq(leat_channel_try_send(w.ch, frame), LEAT_OK);
	world_fini(&w);
}
END_TEST

START_TEST(receiving_alone_gives_no_credit_back)
{
	struct world w;
	struct leat_frame *frame;

	world_init(&w, 1, 0, 0);
	ck_assert_int_eq(leat_channel_send(w.ch, frame_of(&w, 3)), LEAT_OK);
	ck_assert_int_eq(leat_channel_recv(w.ch, &frame), LEAT_OK);
	ck_assert_uint_eq(leat_channel_credit_frames(w.ch), 0);
	ck_assert_int_eq(leat_channel_try_send(w.ch, frame), LEAT_EAGAIN);
	leat_channel_grant(w.ch, 1, 3);
	ck_assert_uint_eq(leat_channel_credit_frames(w.ch), 1);
	leat_frame_release(frame);
	world_fini(&w);
}
END_TEST

START_TEST(send_and_recv_time_out_at_the_deadline)
{
	struct world w;
	struct leat_frame *frame, *got;

	world_init(&w, 1, 0, 0);
	ck_assert_int_eq(
		leat_channel_recv_until(w.ch, leat_now_ns() + 1000000, &got),
		LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_channel_send(w.ch, frame_of(&w, 1)), LEAT_OK);
	frame = frame_of(&w, 1);
	ck_assert_int_eq(
		leat_channel_send_until(w.ch, frame, leat_now_ns() + 1000000),
		LEAT_ETIMEDOUT);
	ck_assert_int_eq(
		leat_channel_send_until(w.ch, frame, 0), LEAT_ETIMEDOUT);
	leat_frame_release(frame);
	world_fini(&w);
}
END_TEST

START_TEST(every_call_fails_at_once_after_cancel)
{
	struct world w;
	struct leat_frame *frame, *got;

	world_init(&w, 1, 0, 0);
	ck_assert_int_eq(leat_channel_send(w.ch, frame_of(&w, 1)), LEAT_OK);
	frame = frame_of(&w, 1);
	leat_ctx_cancel(w.ctx, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(leat_channel_send(w.ch, frame), LEAT_ECANCELED);
	ck_assert_int_eq(leat_channel_recv(w.ch, &got), LEAT_ECANCELED);
	ck_assert_int_eq(
		leat_channel_send_burst(w.ch, &frame, 1), LEAT_ECANCELED);
	ck_assert_int_eq(
		leat_channel_recv_burst(w.ch, &got, 1), LEAT_ECANCELED);
	leat_frame_release(frame);
	world_fini(&w);
}
END_TEST

static void *
cancel_later(void *arg)
{
	leat_ctx_cancel(arg, LEAT_ECANCELED, "enough");
	return NULL;
}

START_TEST(cancel_ends_a_wait_for_a_frame)
{
	for (int round = 0; round < 200; round++) {
		struct world w;
		struct leat_frame *got;
		pthread_t thread;

		world_init(&w, 1, 0, round % 2 ? 20000 : 0);
		pthread_create(&thread, NULL, cancel_later, w.ctx);
		ck_assert_int_eq(leat_channel_recv(w.ch, &got), LEAT_ECANCELED);
		pthread_join(thread, NULL);
		world_fini(&w);
	}
}
END_TEST

START_TEST(cancel_ends_a_wait_for_credit)
{
	for (int round = 0; round < 200; round++) {
		struct world w;
		struct leat_frame *frame;
		pthread_t thread;

		world_init(&w, 1, 0, round % 2 ? 20000 : 0);
		ck_assert_int_eq(leat_channel_send(w.ch, frame_of(&w, 1)), 0);
		frame = frame_of(&w, 1);
		pthread_create(&thread, NULL, cancel_later, w.ctx);
		ck_assert_int_eq(
			leat_channel_send(w.ch, frame), LEAT_ECANCELED);
		leat_frame_release(frame);
		pthread_join(thread, NULL);
		world_fini(&w);
	}
}
END_TEST

START_TEST(what_was_sent_before_the_close_arrives_and_then_the_end)
{
	struct world w;
	struct leat_frame *got;

	world_init(&w, 4, 0, 0);
	for (int k = 0; k < 3; k++)
		ck_assert_int_eq(leat_channel_send(w.ch, frame_of(&w, 1)), 0);
	leat_channel_close_send(w.ch);
	for (int k = 0; k < 3; k++)
		take_and_grant(&w);
	ck_assert_int_eq(leat_channel_recv(w.ch, &got), LEAT_EOS);
	ck_assert_int_eq(leat_channel_recv_burst(w.ch, &got, 1), LEAT_EOS);
	ck_assert(leat_channel_frontier(w.ch) == UINT64_MAX);
	world_fini(&w);
}
END_TEST

START_TEST(sending_fails_after_either_end_has_closed)
{
	struct world w;
	struct leat_frame *frame;

	world_init(&w, 4, 0, 0);
	ck_assert_int_eq(leat_channel_send(w.ch, frame_of(&w, 1)), LEAT_OK);
	leat_channel_close_recv(w.ch);
	frame = frame_of(&w, 1);
	ck_assert_int_eq(leat_channel_send(w.ch, frame), LEAT_ECLOSED);
	ck_assert_int_eq(
		leat_channel_send_burst(w.ch, &frame, 1), LEAT_ECLOSED);
	leat_frame_release(frame);
	world_fini(&w);
}
END_TEST

START_TEST(bursts_send_and_take_as_many_as_fit)
{
	struct world w;
	struct leat_frame *frames[8], *got[8];

	world_init(&w, 5, 0, 0);
	for (int k = 0; k < 8; k++)
		frames[k] = frame_of(&w, 1);
	ck_assert_int_eq(leat_channel_recv_burst(w.ch, got, 8), 0);
	ck_assert_int_eq(leat_channel_send_burst(w.ch, frames, 8), 5);
	ck_assert_int_eq(leat_channel_send_burst(w.ch, frames + 5, 3), 0);
	ck_assert_int_eq(leat_channel_recv_burst(w.ch, got, 3), 3);
	leat_channel_grant(w.ch, 3, 3);
	ck_assert_int_eq(leat_channel_send_burst(w.ch, frames + 5, 3), 3);
	ck_assert_int_eq(leat_channel_recv_burst(w.ch, got + 3, 5), 5);
	for (int k = 0; k < 8; k++) {
		ck_assert_ptr_eq(got[k], frames[k]);
		leat_frame_release(got[k]);
	}
	world_fini(&w);
}
END_TEST

START_TEST(options_over_their_limits_are_refused_by_name)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts)};
	struct leat_channel *ch;
	struct leat_error err;

	opts.capacity_frames = LEAT_CHANNEL_FRAMES_MAX + 1;
	ck_assert_int_eq(
		leat_channel_create(NULL, &opts, &ch, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "capacity_frames"));
	opts.capacity_frames = LEAT_CHANNEL_FRAMES_MAX;
	ck_assert_int_eq(leat_channel_create(NULL, &opts, &ch, &err), LEAT_OK);
	leat_channel_destroy(ch);
	opts.capacity_frames = 0;
	opts.flags = 1;
	ck_assert_int_eq(
		leat_channel_create(NULL, &opts, &ch, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "flags"));
	leat_channel_destroy(NULL);
}
END_TEST

struct stream {
	struct world *w;
	uint64_t n;
};

static void *
stream_send(void *arg)
{
	struct stream *s = arg;

	for (uint64_t k = 1; k <= s->n; k++) {
		struct leat_frame *frame = frame_of(s->w, 8);

		memcpy(frame->data, &k, 8);
		ck_assert_int_eq(leat_channel_send(s->w->ch, frame), LEAT_OK);
	}
	leat_channel_close_send(s->w->ch);
	return NULL;
}

static void
stream_run(uint32_t capacity, uint64_t bytes, uint64_t spin_ns, uint64_t n)
{
	struct world w;
	struct stream s = {&w, n};
	struct leat_frame *frame;
	pthread_t thread;
	uint64_t seen = 0;

	world_init(&w, capacity, bytes, spin_ns);
	pthread_create(&thread, NULL, stream_send, &s);
	while (leat_channel_recv(w.ch, &frame) == LEAT_OK) {
		uint64_t k;

		memcpy(&k, frame->data, 8);
		ck_assert_uint_eq(k, ++seen);
		leat_frame_release(frame);
		leat_channel_grant(w.ch, 1, 8);
	}
	ck_assert_uint_eq(seen, n);
	pthread_join(thread, NULL);
	world_fini(&w);
}

START_TEST(two_threads_pass_every_frame_in_order_at_any_capacity)
{
	stream_run(1, 0, 0, 5000);
	stream_run(1, 0, 5000, 5000);
	stream_run(2, 8, 0, 5000);
	stream_run(3, 17, 0, 5000);
	stream_run(64, 0, 0, 20000);
}
END_TEST

TEST_MAIN("chan/channel", try_send_says_again_when_the_credit_is_spent,
	receiving_alone_gives_no_credit_back,
	send_and_recv_time_out_at_the_deadline,
	every_call_fails_at_once_after_cancel, cancel_ends_a_wait_for_a_frame,
	cancel_ends_a_wait_for_credit,
	what_was_sent_before_the_close_arrives_and_then_the_end,
	sending_fails_after_either_end_has_closed,
	bursts_send_and_take_as_many_as_fit,
	options_over_their_limits_are_refused_by_name,
	two_threads_pass_every_frame_in_order_at_any_capacity)
