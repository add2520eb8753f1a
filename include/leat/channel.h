/*
 * leat/channel.h -- a bounded channel of frames with credit.
 *
 * One sender, one receiver, on any two threads. At every moment
 *
 *	credit + queued + in the receiver's hands = capacity
 *
 * in frames, and likewise in bytes where a byte limit is set: receiving does
 * not give credit back, leat_channel_grant() does, when the receiver is done
 * with what it took. One frame is always admitted to an idle channel, however
 * long, so a byte limit cannot stop a stream.
 *
 *	struct leat_channel_opts o = {
 *		LEAT_OPTS_INIT(leat_channel_opts), .capacity_frames = 8};
 *	leat_channel_create(ctx, &o, &ch, &err);
 *	leat_channel_send(ch, frame);          // sender
 *	leat_channel_recv(ch, &frame);         // receiver
 *	leat_channel_grant(ch, 1, n_bytes);    // done with it
 */
#ifndef LEAT_CHANNEL_H
#define LEAT_CHANNEL_H

#include <leat/base.h>
#include <leat/ctx.h>
#include <leat/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_channel;

#define LEAT_CHANNEL_FRAMES_MAX (1u << 20)

struct leat_channel_opts {
	uint32_t size;            /* by LEAT_OPTS_INIT(leat_channel_opts) */
	uint32_t flags;           /* none yet; unknown bits are refused */
	uint32_t capacity_frames; /* most in flight; 0 = 8 */
	uint32_t reserved;        /* 0 */
	uint64_t capacity_bytes;  /* most payload in flight; 0 = no own limit */
	uint64_t spin_ns;         /* busy wait before parking; 0 = none */
};

/**
 * Create a channel.
 *
 * @param ctx     every wait ends when it ends; NULL = none   [lent, outlives]
 * @param opts    NULL = all defaults                                   [lent]
 * @param ch_out  to be ended by leat_channel_destroy()                [given]
 *
 * @return LEAT_OK, LEAT_EINVAL (the text names the field), LEAT_ENOTSUP,
 * LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_create(struct leat_ctx *ctx,
	const struct leat_channel_opts *opts, struct leat_channel **ch_out,
	struct leat_error *err);

/** Release what is queued and free it; both ends are through with it. */
LEAT_API void leat_channel_destroy(struct leat_channel *ch);

/**
 * Send one frame, waiting for credit.
 *
 * @param frame        one frame                                       [moved]
 * @param deadline_ns  absolute, on leat_now_ns(); LEAT_NEVER = no limit
 *
 * @return LEAT_OK, or
 *   LEAT_ETIMEDOUT  deadline_ns passed without credit
 *   LEAT_ECANCELED  the channel's context has ended
 *   LEAT_ECLOSED    the receiver closed; no later send can succeed
 *
 * Threads: one sender. Waits: yes, cancellable. Allocates: no. Cost: O(1).
 * Order:   what was written to the frame happens before the matching recv.
 * Source:  credit as in AMQP 1.0, part 2 (transport), link flow control.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_send_until(
	struct leat_channel *ch, struct leat_frame *frame, int64_t deadline_ns);

/** As leat_channel_send_until, without a limit. */
LEAT_API LEAT_MUST_CHECK int leat_channel_send(
	struct leat_channel *ch, struct leat_frame *frame);

/** As leat_channel_send_until, but LEAT_EAGAIN instead of a wait. */
LEAT_API LEAT_MUST_CHECK int leat_channel_try_send(
	struct leat_channel *ch, struct leat_frame *frame);

/**
 * Send as many as there is credit for, in order, without waiting.
 * @return how many went (the first ones), or LEAT_ECANCELED, LEAT_ECLOSED.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_send_burst(
	struct leat_channel *ch, struct leat_frame *const *frames, uint32_t n);

/**
 * Take the next frame, waiting for one.
 *
 * @param frame_out  to be released or passed on; then grant           [given]
 *
 * @return LEAT_OK, LEAT_ETIMEDOUT, LEAT_ECANCELED, or LEAT_EOS when the sender
 * has closed and everything was taken.
 *
 * Threads: one receiver. Waits: yes, cancellable. Allocates: no. Cost: O(1).
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_recv_until(struct leat_channel *ch,
	int64_t deadline_ns, struct leat_frame **frame_out);

/** As leat_channel_recv_until, without a limit. */
LEAT_API LEAT_MUST_CHECK int leat_channel_recv(
	struct leat_channel *ch, struct leat_frame **frame_out);

/** As leat_channel_recv_until, but LEAT_EAGAIN instead of a wait. */
LEAT_API LEAT_MUST_CHECK int leat_channel_try_recv(
	struct leat_channel *ch, struct leat_frame **frame_out);

/**
 * Take what has arrived, at most n_max, without waiting.
 * @return how many (0 = nothing there now), LEAT_EOS, or LEAT_ECANCELED.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_recv_burst(struct leat_channel *ch,
	struct leat_frame **frames_out, uint32_t n_max);

/**
 * Receiver: done with what was received, so as much more may come.
 *
 * @param n_frames, n_bytes  at most what was received and not yet granted
 */
LEAT_API void leat_channel_grant(
	struct leat_channel *ch, uint32_t n_frames, uint64_t n_bytes);

/** Sender: how many frames may go now. */
LEAT_API uint32_t leat_channel_credit_frames(const struct leat_channel *ch);

/** Sender: nothing more will come; the receiver gets LEAT_EOS at the end. */
LEAT_API void leat_channel_close_send(struct leat_channel *ch);

/** Receiver: no more is wanted. What is queued is released. */
LEAT_API void leat_channel_close_recv(struct leat_channel *ch);

/**
 * Sender: promise that no frame with a stamp below this will come. Costs
 * neither credit nor a slot. Must not go backwards.
 */
LEAT_API void leat_channel_set_frontier(
	struct leat_channel *ch, uint64_t stamp);

/** Receiver: the promise; read it before looking for a frame. */
LEAT_API uint64_t leat_channel_frontier(const struct leat_channel *ch);

#ifdef __cplusplus
}
#endif
#endif
