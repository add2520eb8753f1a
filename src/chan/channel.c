/*
 * chan/channel.c -- the public channel: a link's channel with a thread waiting
 * at each end.
 *
 * Keeps: a waiter draws its ticket before it arms the flag, so that whatever
 * happens after the ticket (a push, a grant, a close, a cancel) ends the wait.
 * Threads: one sender, one receiver; destroy when both are through.
 */
#include <leat/channel.h>

#include "chan/chan.h"
#include "ctx/ctx.h"

struct channel_end {
	struct leat__waker waker;
	struct leat__parker parker;
};

struct leat_channel {
	struct leat__chan chan;
	struct channel_end sender;
	struct channel_end receiver;
	const struct leat__env *env;
	struct leat_ctx *ctx; /* or NULL */
	struct leat_ctx_after after;
	uint64_t spin_ns;
};

static void
channel_wake(struct leat__waker *waker, void *hint)
{
	struct channel_end *end =
		leat__container_of(waker, struct channel_end, waker);

	(void)hint;
	leat__parker_wake(&end->parker);
}

static void
channel_after(struct leat_ctx *ctx, void *user)
{
	struct leat_channel *ch = user;

	(void)ctx;
	leat__parker_wake(&ch->sender.parker);
	leat__parker_wake(&ch->receiver.parker);
}

static void
channel_end_init(struct channel_end *end, const struct leat__env *env)
{
	end->waker.wake = channel_wake;
	leat__parker_init(&end->parker, env);
}

static int
channel_check(const struct leat_channel_opts *opts, struct leat_error *err)
{
	if (opts->flags)
		return leat__error(err, LEAT_EINVAL,
			"channel flags %#x: none are defined", opts->flags);
	if (opts->capacity_frames > LEAT_CHANNEL_FRAMES_MAX)
		return leat__error(err, LEAT_EINVAL,
			"capacity_frames %u: 1 to %u are accepted",
			opts->capacity_frames, LEAT_CHANNEL_FRAMES_MAX);
	return LEAT_OK;
}

int
leat_channel_create(struct leat_ctx *ctx, const struct leat_channel_opts *opts,
	struct leat_channel **ch_out, struct leat_error *err)
{
	const struct leat__env *env =
		ctx ? leat__ctx_env(ctx) : leat__env_posix();
	struct leat_channel_opts full;
	struct leat_channel *ch;

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_channel_opts", err));
	LEAT_TRY(channel_check(&full, err));
	if (full.capacity_frames == 0)
		full.capacity_frames = 8;
	ch = env->alloc(env, sizeof(*ch));
	if (!ch)
		return leat__error(err, LEAT_ENOMEM, "no memory for a channel");
	if (leat__chan_init(&ch->chan, env, full.capacity_frames,
		    full.capacity_bytes) < 0) {
		env->free(env, ch);
		return leat__error(err, LEAT_ENOMEM,
			"no memory for a channel of %u frames",
			full.capacity_frames);
	}
	ch->env = env;
	ch->spin_ns = full.spin_ns;
	channel_end_init(&ch->sender, env);
	channel_end_init(&ch->receiver, env);
	ch->chan.sender = &ch->sender.waker;
	ch->chan.receiver = &ch->receiver.waker;
	ch->ctx = ctx;
	ch->after.fn = channel_after;
	ch->after.user = ch;
	if (ctx)
		leat_ctx_after(ctx, &ch->after);
	*ch_out = ch;
	return LEAT_OK;
}

void
leat_channel_destroy(struct leat_channel *ch)
{
	if (!ch)
		return;
	if (ch->ctx)
		leat_ctx_after_stop(ch->ctx, &ch->after);
	leat__chan_fini(&ch->chan);
	ch->env->free(ch->env, ch);
}

static bool
channel_is_done(const struct leat_channel *ch)
{
	return ch->ctx && leat_ctx_is_done(ch->ctx);
}

/* Busy wait until a look says true; false when spin_ns has passed. */
static bool
channel_spin(struct leat_channel *ch, bool (*look)(struct leat_channel *))
{
	int64_t end;

	if (!ch->spin_ns)
		return false;
	end = ch->env->now_ns(ch->env) + (int64_t)ch->spin_ns;
	do {
		for (int k = 0; k < 32; k++) {
			if (look(ch))
				return true;
			ck_pr_stall();
		}
	} while (ch->env->now_ns(ch->env) < end);
	return false;
}

/* ---- sender ---------------------------------------------------------------- */

static int
channel_try_send(struct leat_channel *ch, struct leat_frame *frame)
{
	if (channel_is_done(ch))
		return LEAT_ECANCELED;
	if (leat__chan_is_recv_closed(&ch->chan) ||
		leat__load_relaxed(&ch->chan.is_send_closed))
		return LEAT_ECLOSED;
	if (!leat__chan_has_credit_for(&ch->chan, frame->len_bytes))
		return LEAT_EAGAIN;
	leat__chan_push(&ch->chan, frame);
	return LEAT_OK;
}

int
leat_channel_try_send(struct leat_channel *ch, struct leat_frame *frame)
{
	LEAT_TRY(channel_try_send(ch, frame));
	leat__chan_notify(&ch->chan, NULL);
	return LEAT_OK;
}

static bool
channel_sender_look(struct leat_channel *ch)
{
	return leat__chan_credit(&ch->chan, 1) > 0 ||
		leat__chan_is_recv_closed(&ch->chan) || channel_is_done(ch);
}

int
leat_channel_send_until(
	struct leat_channel *ch, struct leat_frame *frame, int64_t deadline_ns)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&ch->sender.parker);
		int rc = leat_channel_try_send(ch, frame);

		if (rc != LEAT_EAGAIN)
			return rc;
		if (channel_spin(ch, channel_sender_look))
			continue;
		/* any grant may be the one: bytes are looked at again */
		leat__store_relaxed(&ch->chan.sender_armed, 1u);
		/* flag before look, as in leat__chan_arm_sender */
		leat__fence_seq();
		rc = leat_channel_try_send(ch, frame);
		if (rc != LEAT_EAGAIN) {
			leat__chan_disarm_sender(&ch->chan);
			return rc;
		}
		if (leat__parker_wait(&ch->sender.parker, ticket, deadline_ns) <
			0) {
			leat__chan_disarm_sender(&ch->chan);
			rc = leat_channel_try_send(ch, frame);
			return rc == LEAT_EAGAIN ? LEAT_ETIMEDOUT : rc;
		}
	}
}

int
leat_channel_send(struct leat_channel *ch, struct leat_frame *frame)
{
	return leat_channel_send_until(ch, frame, LEAT_NEVER);
}

int
leat_channel_send_burst(
	struct leat_channel *ch, struct leat_frame *const *frames, uint32_t n)
{
	uint32_t n_sent = 0;
	int rc = LEAT_OK;

	while (n_sent < n && rc == LEAT_OK) {
		rc = channel_try_send(ch, frames[n_sent]);
		n_sent += rc == LEAT_OK;
	}
	if (n_sent == 0)
		return rc == LEAT_EAGAIN ? 0 : rc;
	leat__chan_notify(&ch->chan, NULL);
	return (int)n_sent;
}

uint32_t
leat_channel_credit_frames(const struct leat_channel *ch)
{
	const struct leat__chan *chan = &ch->chan;
	/* acquire: pairs with the release in leat__chan_grant */
	uint64_t granted = leat__load_acquire(&chan->granted_frames);

	return chan->capacity_frames -
		(uint32_t)(leat__load_relaxed(&chan->sent_frames) - granted);
}

void
leat_channel_close_send(struct leat_channel *ch)
{
	leat__chan_close_send(&ch->chan, NULL);
}

void
leat_channel_set_frontier(struct leat_channel *ch, uint64_t stamp)
{
	LEAT_ASSERT(stamp >= ch->chan.frontier);
	leat__chan_set_frontier(&ch->chan, stamp);
}

/* ---- receiver -------------------------------------------------------------- */

int
leat_channel_try_recv(struct leat_channel *ch, struct leat_frame **frame_out)
{
	if (channel_is_done(ch))
		return LEAT_ECANCELED;
	if (leat__load_relaxed(&ch->chan.is_recv_closed))
		return LEAT_EOS;
	*frame_out = leat__chan_pop(&ch->chan);
	if (*frame_out)
		return LEAT_OK;
	if (!leat__chan_is_send_closed(&ch->chan))
		return LEAT_EAGAIN;
	/* what was sent before the close is there by now */
	*frame_out = leat__chan_pop(&ch->chan);
	return *frame_out ? LEAT_OK : LEAT_EOS;
}

static bool
channel_receiver_look(struct leat_channel *ch)
{
	return ck_ring_size(&ch->chan.ring) > 0 ||
		leat__chan_is_send_closed(&ch->chan) || channel_is_done(ch);
}

int
leat_channel_recv_until(struct leat_channel *ch, int64_t deadline_ns,
	struct leat_frame **frame_out)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&ch->receiver.parker);
		int rc = leat_channel_try_recv(ch, frame_out);

		if (rc != LEAT_EAGAIN)
			return rc;
		if (channel_spin(ch, channel_receiver_look) ||
			!leat__chan_arm_receiver(&ch->chan))
			continue;
		if (leat__parker_wait(
			    &ch->receiver.parker, ticket, deadline_ns) < 0) {
			leat__chan_disarm_receiver(&ch->chan);
			rc = leat_channel_try_recv(ch, frame_out);
			return rc == LEAT_EAGAIN ? LEAT_ETIMEDOUT : rc;
		}
	}
}

int
leat_channel_recv(struct leat_channel *ch, struct leat_frame **frame_out)
{
	return leat_channel_recv_until(ch, LEAT_NEVER, frame_out);
}

int
leat_channel_recv_burst(
	struct leat_channel *ch, struct leat_frame **frames_out, uint32_t n_max)
{
	uint32_t n = 0;
	int rc = LEAT_OK;

	while (n < n_max) {
		rc = leat_channel_try_recv(ch, &frames_out[n]);
		if (rc != LEAT_OK)
			break;
		n++;
	}
	return n == 0 && rc != LEAT_EAGAIN ? rc : (int)n;
}

void
leat_channel_grant(struct leat_channel *ch, uint32_t n_frames, uint64_t n_bytes)
{
	leat__chan_grant(&ch->chan, n_frames, n_bytes, NULL);
}

void
leat_channel_close_recv(struct leat_channel *ch)
{
	leat__chan_close_recv(&ch->chan, NULL);
	leat__chan_drain(&ch->chan);
}

uint64_t
leat_channel_frontier(const struct leat_channel *ch)
{
	return leat__chan_frontier(&ch->chan);
}
