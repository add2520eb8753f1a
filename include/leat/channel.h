/*
 * leat/channel.h -- bounded channels with credit, and select over them.
 *
 * A channel carries items of one fixed size, or frames (item_bytes = 0; an
 * item is then a struct leat_frame *, handed on without a copy). It has one or
 * many senders and one or many receivers, chosen at creation: OS threads,
 * fibers and the code of stages alike. At every moment
 *
 *	credit + queued + in the receivers' hands = capacity
 *
 * Capacity 0 is a rendezvous: a send ends when a receiver has taken the item.
 *
 *	struct leat_channel_opts o = {LEAT_OPTS_INIT(leat_channel_opts),
 *		.item_bytes = sizeof(uint64_t), .capacity = 1024};
 *	leat_channel_create(ctx, &o, &ch, &err);
 *	leat_channel_send(ch, &number);      // sender
 *	leat_channel_recv(ch, &number);      // receiver, until LEAT_EOS
 *
 * Source: Hoare, Communicating Sequential Processes, 1978; the Go language's
 * channels, whose semantics hold here except that closed is a result, not a
 * panic; credit as in AMQP 1.0, part 2 (transport), link flow control.
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

#define LEAT_CHANNEL_CAPACITY_MAX   (1u << 20)
#define LEAT_CHANNEL_ITEM_BYTES_MAX 4096u
#define LEAT_CHANNEL_NAME_BYTES     32

/* Flags of leat_channel_opts. Without the first two each end is one thread or
 * fiber at a time, and costs less. */
#define LEAT_CHANNEL_MANY_SENDERS   1u
#define LEAT_CHANNEL_MANY_RECEIVERS 2u
/* Credit comes back by leat_channel_grant(), not already by receiving. */
#define LEAT_CHANNEL_GRANTS 4u

/* spin_ns that means: park at once. */
#define LEAT_SPIN_NONE UINT64_MAX

struct leat_channel_opts {
	uint32_t size;           /* by LEAT_OPTS_INIT(leat_channel_opts) */
	uint32_t flags;          /* LEAT_CHANNEL_*; unknown bits are refused */
	uint32_t item_bytes;     /* size of an item; 0 = frames */
	uint32_t capacity;       /* items in flight at most; 0 = rendezvous */
	uint64_t capacity_bytes; /* frames: payload in flight; 0 = no limit */
	uint32_t n_senders;      /* closes that end the stream; 0 = 1 */
	uint32_t n_receivers;    /* closes that end the receiving; 0 = 1 */
	uint32_t publish_items;  /* sends made visible at once; 0 = 1 */
	uint32_t reserved;       /* 0 */
	uint64_t spin_ns; /* threads: least busy wait before parking; 0 = 10 us,
			   * and none while it is in vain. Where waking a
			   * thread takes longer, so long (at most 200 us), and
			   * ever more seldom while that is in vain */
	/* A window that follows what the receivers drain: so many items as
	 * they take in window_delay_ns, from window_min to window_max. */
	uint64_t window_delay_ns; /* 0 = the window is the capacity */
	uint32_t window_min;      /* 0 = 1 */
	uint32_t window_max;      /* 0 = capacity */
	const char *name;         /* for dumps and errors; NULL = none */
};

/**
 * Create a channel.
 *
 * @param ctx     every wait ends when it ends; NULL = none   [lent, outlives]
 * @param opts    NULL = a rendezvous of frames                         [lent]
 * @param ch_out  to be ended by leat_channel_destroy()                [given]
 *
 * @return LEAT_OK, LEAT_EINVAL (the text names the field), LEAT_ENOTSUP (an
 * option that this library does not know), LEAT_ENOMEM.
 *
 * publish_items > 1 lets a sender collect that many sends before the receiver
 * sees them; they are published at once by leat_channel_flush(), by a close,
 * and before the sender waits on this channel. One sender only.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_create(struct leat_ctx *ctx,
	const struct leat_channel_opts *opts, struct leat_channel **ch_out,
	struct leat_error *err);

/** Release what is queued and free it; all ends are through with it. */
LEAT_API void leat_channel_destroy(struct leat_channel *ch);

/**
 * Send one item, waiting for credit.
 *
 * @param item  item_bytes are copied; frames: struct leat_frame **, the frame
 *              is [moved] when the result is LEAT_OK and stays the caller's
 *              otherwise
 *
 * @return LEAT_OK, or
 *   LEAT_ECANCELED  the channel's context has ended
 *   LEAT_ECLOSED    the receivers or the senders have closed
 *
 * Threads: those of the sending end. Waits: yes, cancellable. Allocates: no.
 * Cost: O(1). Order: what was written before the send happens before the
 * matching receive.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_send(
	struct leat_channel *ch, const void *item);

/** As leat_channel_send, but LEAT_EAGAIN instead of a wait. */
LEAT_API LEAT_MUST_CHECK int leat_channel_try_send(
	struct leat_channel *ch, const void *item);

/**
 * As leat_channel_send, with a context and a deadline of this wait.
 *
 * @param ctx          ends the wait too; NULL = only the channel's     [lent]
 * @param deadline_ns  absolute, on leat_now_ns(); LEAT_NEVER = no limit
 *
 * @return as leat_channel_send, or LEAT_ETIMEDOUT: no credit by deadline_ns.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_send_until(struct leat_channel *ch,
	const void *item, struct leat_ctx *ctx, int64_t deadline_ns);

/**
 * Send as many items as there is credit for, in order, without waiting.
 *
 * @param items  n items, one after the other
 * @return how many went (the first ones; 0 = no credit), or LEAT_ECANCELED,
 * LEAT_ECLOSED.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_send_burst(
	struct leat_channel *ch, const void *items, uint32_t n);

/**
 * Send all n items, waiting as often as needed.
 *
 * @param n_sent_out  how many went, also on an error; NULL allowed
 * @return as leat_channel_send_until.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_send_bulk(struct leat_channel *ch,
	const void *items, uint32_t n, struct leat_ctx *ctx,
	int64_t deadline_ns, uint32_t *n_sent_out);

/**
 * Room for items that the sender writes in place, without waiting.
 *
 * @param n_max      most that is wanted
 * @param items_out  where the first goes, the others behind it         [lent]
 * @return how many there is room for (0 = no credit; with many senders or
 * receivers at most 1), LEAT_ECANCELED, LEAT_ECLOSED, or LEAT_ENOTSUP for a
 * rendezvous and with capacity_bytes.
 *
 * What was reserved is sent by leat_channel_send_commit(); nothing else may be
 * sent by this thread before that. With one sender a reservation that is not
 * committed costs nothing; with many senders it must be committed.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_send_reserve(
	struct leat_channel *ch, uint32_t n_max, void **items_out);

/** Send the first n of what was reserved. */
LEAT_API void leat_channel_send_commit(
	struct leat_channel *ch, void *items, uint32_t n);

/** One sender: publish what publish_items holds back. */
LEAT_API void leat_channel_flush(struct leat_channel *ch);

/**
 * Take the next item, waiting for one.
 *
 * @param item_out  item_bytes are copied here; frames: struct leat_frame **,
 *                  to be released or passed on                        [given]
 *
 * @return LEAT_OK, LEAT_ECANCELED, or LEAT_EOS when the senders have closed
 * and everything was taken.
 *
 * Threads: those of the receiving end. Waits: yes, cancellable. Allocates: no.
 * Cost: O(1).
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_recv(
	struct leat_channel *ch, void *item_out);

/** As leat_channel_recv, but LEAT_EAGAIN instead of a wait. */
LEAT_API LEAT_MUST_CHECK int leat_channel_try_recv(
	struct leat_channel *ch, void *item_out);

/** As leat_channel_recv, with a context and a deadline as in send_until. */
LEAT_API LEAT_MUST_CHECK int leat_channel_recv_until(struct leat_channel *ch,
	void *item_out, struct leat_ctx *ctx, int64_t deadline_ns);

/**
 * Take what has arrived, at most n_max items, without waiting.
 * @return how many (0 = nothing there now), LEAT_EOS, or LEAT_ECANCELED.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_recv_burst(
	struct leat_channel *ch, void *items_out, uint32_t n_max);

/**
 * Take n items, waiting as often as needed.
 *
 * @param n_received_out  how many were taken, also on an error; NULL allowed
 * @return as leat_channel_recv_until; LEAT_EOS also after the last few items.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_recv_bulk(struct leat_channel *ch,
	void *items_out, uint32_t n, struct leat_ctx *ctx, int64_t deadline_ns,
	uint32_t *n_received_out);

/**
 * One receiver: look at items in place, without taking them or waiting.
 *
 * @param items_out  the first of them, the others behind it            [lent]
 * @return how many (0 = nothing there now), LEAT_EOS, LEAT_ECANCELED, or
 * LEAT_ENOTSUP for a rendezvous, with capacity_bytes, and with many senders or
 * receivers.
 */
LEAT_API LEAT_MUST_CHECK int leat_channel_recv_peek(
	struct leat_channel *ch, uint32_t n_max, const void **items_out);

/** One receiver: take the first n of what was looked at. */
LEAT_API void leat_channel_recv_consume(struct leat_channel *ch, uint32_t n);

/**
 * With LEAT_CHANNEL_GRANTS: the receiver is done with what it took, so as much
 * more may come.
 *
 * @param n        items, at most what was received and not yet granted
 * @param n_bytes  frames with capacity_bytes: their payload, else 0
 */
LEAT_API void leat_channel_grant(
	struct leat_channel *ch, uint32_t n, uint64_t n_bytes);

/** How many items may be sent now: for the one sender exact, and for nobody
 * else; with many senders a look. */
LEAT_API uint32_t leat_channel_credit(const struct leat_channel *ch);

/** How many items wait to be received. A look from outside. */
LEAT_API uint32_t leat_channel_queued(const struct leat_channel *ch);

/** How many items may be in flight at present: the window. */
LEAT_API uint32_t leat_channel_window(const struct leat_channel *ch);

/** More senders will come, each with a leat_channel_close_send() of its own.
 * LEAT_ECLOSED if the last one has closed. */
LEAT_API LEAT_MUST_CHECK int leat_channel_add_senders(
	struct leat_channel *ch, uint32_t n);

/** A sender is through; after the last one the receivers get LEAT_EOS when
 * everything was taken. One call for each sender. */
LEAT_API void leat_channel_close_send(struct leat_channel *ch);

/** A receiver is through; after the last one every send is LEAT_ECLOSED, and
 * frames that are queued are released. One call for each receiver. */
LEAT_API void leat_channel_close_recv(struct leat_channel *ch);

/**
 * One sender of frames: promise that no frame with a stamp below this will
 * come. Costs neither credit nor a slot. Must not go backwards.
 */
LEAT_API void leat_channel_set_frontier(
	struct leat_channel *ch, uint64_t stamp);

/** Receiver: the promise; read it before looking for a frame. */
LEAT_API uint64_t leat_channel_frontier(const struct leat_channel *ch);

/* ---- select ---------------------------------------------------------------- */

enum leat_select_op { LEAT_SELECT_RECV = 0, LEAT_SELECT_SEND = 1 };

/** One alternative. The array is the caller's; a second use of it is faster
 * than a fresh one. Zero it before the first. */
struct leat_select_case {
	struct leat_channel *channel; /* NULL = never ready */
	void *item;                   /* as in recv (written) or send (read) */
	uint32_t op;                  /* enum leat_select_op */
	int32_t result;   /* of the chosen one, as of the plain call */
	uint64_t rest[8]; /* private */
};

/**
 * Do exactly one of several sends and receives: the first that can be done, or
 * one of those that can, each as likely as the others.
 *
 * @param cases        1 or more
 * @param ctx          ends the wait; NULL = only the channels' own     [lent]
 * @param deadline_ns  absolute; LEAT_NEVER = no limit
 * @param index_out    the case that was done; its result says how: LEAT_OK,
 *                     LEAT_EOS (a receive after the end), LEAT_ECLOSED (a send
 *                     after a close), LEAT_ECANCELED (its channel's context)
 *
 * @return LEAT_OK, LEAT_ETIMEDOUT, LEAT_ECANCELED (ctx has ended), or
 * LEAT_EINVAL (no case, an unknown op).
 *
 * Threads: any, as an end of each channel. Waits: yes, cancellable.
 * Allocates: no. Cost: O(n), O(n^2) in the number of rendezvous channels.
 * Source: Go's select statement.
 */
LEAT_API LEAT_MUST_CHECK int leat_select(struct leat_select_case *cases,
	uint32_t n, struct leat_ctx *ctx, int64_t deadline_ns,
	uint32_t *index_out);

/** As leat_select, but LEAT_EAGAIN instead of a wait (Go's default case). */
LEAT_API LEAT_MUST_CHECK int leat_try_select(
	struct leat_select_case *cases, uint32_t n, uint32_t *index_out);

#ifdef __cplusplus
}
#endif
#endif
