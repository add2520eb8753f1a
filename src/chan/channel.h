/*
 * chan/channel.h -- the public channel's insides, shared by its four files:
 * ring.c (queue, without waiting), rendezvous.c (capacity 0), channel.c (life,
 * credit, waiting), select.c.
 *
 * Three kinds: ONE, a ring for one sender and one receiver whose ends keep
 * copies of each other's position; MANY, a ring whose cells carry a sequence
 * number, so that an end that is interrupted in its middle holds nobody up;
 * RENDEZVOUS, two lists of waiters under one lock.
 */
#ifndef LEAT_SRC_CHAN_CHANNEL_H
#define LEAT_SRC_CHAN_CHANNEL_H

#include <leat/channel.h>

#include "ctx/ctx.h"
#include "env/side.h"

enum channel_kind { CHANNEL_ONE, CHANNEL_MANY, CHANNEL_RENDEZVOUS };

/* Bits of leat_channel.ended. */
#define CHANNEL_SEND_CLOSED 1u
#define CHANNEL_RECV_CLOSED 2u
#define CHANNEL_CANCELED    4u

/* Bit of leat_channel.tail of a MANY: nothing can be put in any more. */
#define CHANNEL_TAIL_CLOSED (UINT64_C(1) << 63)

#define CHANNEL_LINE __attribute__((aligned(LEAT__CACHE_LINE)))

/* Positions count items since the start and never wrap. */
struct leat_channel {
	/* constant */
	const struct leat__env *env;
	struct leat_ctx *ctx; /* or NULL */
	char *cells;
	uint64_t mask;       /* cells - 1, a power of two */
	uint32_t cell_bytes; /* of a ONE: the item; of a MANY: 8 more */
	uint32_t item_bytes;
	uint32_t capacity;
	uint32_t publish_items;
	uint8_t kind;
	uint8_t is_frames;
	uint8_t is_granted;       /* LEAT_CHANNEL_GRANTS */
	uint8_t is_limited;       /* MANY: credit is more than a free cell */
	uint8_t is_word;          /* ONE, items of 8 bytes, nothing special */
	void (*drop)(void *item); /* what nobody takes ends so, or NULL */
	uint64_t capacity_bytes;
	uint64_t spin_ns;
	uint8_t is_spin_own; /* chosen here: none of it while it is in vain */
	uint64_t window_delay_ns;
	uint32_t window_min;
	uint32_t window_max;

	/* seldom written */
	CHANNEL_LINE uint32_t ended; /* atomic, CHANNEL_* */
	uint32_t window;             /* atomic */
	uint32_t n_senders;          /* atomic, not closed */
	uint32_t n_receivers;
	struct leat__ctx_wait wait; /* the context's end; what dumps say */
	char name[LEAT_CHANNEL_NAME_BYTES];

	/* senders */
	CHANNEL_LINE uint64_t tail; /* atomic: published, or (MANY) claimed */
	uint64_t tail_local;        /* ONE: written, perhaps not published */
	uint64_t send_end;          /* is_word: credit ends there; else 0 */
	uint64_t publish_at;        /* ONE: tail_local that is to be seen */
	uint64_t granted_seen;      /* ONE: copy of what was given back */
	uint64_t sent_bytes;        /* ONE */
	uint64_t frontier;          /* atomic */

	/* receivers */
	CHANNEL_LINE uint64_t head; /* atomic: taken; of a ONE the credit given
				       back too, but for LEAT_CHANNEL_GRANTS */
	uint64_t recv_end;          /* is_word: tail_seen; else 0 */
	uint64_t tail_seen;         /* ONE: copy of tail */
	uint64_t n_refilled;        /* items by which it last grew; MANY: that
				       ended the last spin, atomic */
	uint64_t granted;       /* atomic: credit given back, where counted */
	uint64_t granted_bytes; /* atomic */
	uint64_t bytes_used;    /* MANY: atomic */
	int64_t window_at_ns;   /* of the window's last change */
	uint64_t window_head;   /* head at that time */
	uint32_t window_was_empty; /* since then */
	uint32_t window_busy;      /* atomic: somebody changes it */

	CHANNEL_LINE struct leat__side receivers; /* told of items */
	CHANNEL_LINE struct leat__side senders;   /* told of credit */
};

/* Positions by which credit is counted: by granted, or by what was taken. */
static inline const uint64_t *
channel_given_back(const struct leat_channel *ch)
{
	bool is_counted =
		ch->kind == CHANNEL_ONE ? ch->is_granted : ch->is_limited;

	return is_counted ? &ch->granted : &ch->head;
}

static inline uint32_t
channel_ended(const struct leat_channel *ch)
{
	/* acquire: pairs with channel_end; what was sent before a close is
	 * there for whoever sees the close */
	return leat__load_acquire(&ch->ended);
}

/* Also read after an arm was put on: pairs with channel_end. */
static inline uint32_t
ring_ended(const struct leat_channel *ch)
{
	return leat__load_seq(&ch->ended);
}

/* ---- ring.c: try, and tell the other side ------------------------------------- */

/* LEAT_OK, LEAT_EAGAIN, LEAT_ECLOSED, LEAT_EOS, LEAT_ECANCELED. */
int leat__ring_send(struct leat_channel *ch, const void *item);
int leat__ring_recv(struct leat_channel *ch, void *item_out);
/* A count > 0, or one of the codes. */
int leat__ring_send_burst(
	struct leat_channel *ch, const char *items, uint32_t n);
int leat__ring_recv_burst(struct leat_channel *ch, char *items, uint32_t n);
/* Would send, recv be anything but LEAT_EAGAIN? A look. */
bool leat__ring_can_send(const struct leat_channel *ch, const void *item);
bool leat__ring_can_recv(const struct leat_channel *ch);
void leat__ring_publish(struct leat_channel *ch);

/* Release all frames that are queued; the receiving end, or nobody else. */
void leat__ring_drain(struct leat_channel *ch);

/* ---- channel.c ----------------------------------------------------------------- */

/* Follow what is drained; the receiving end. is_empty: it found nothing. */
void leat__channel_adapt(struct leat_channel *ch, bool is_empty);

/* "channel requests (3 of 64 queued, 2 receivers wait)", for dumps. */
void leat__channel_describe(
	const struct leat_channel *ch, struct leat__text *text);

/* What is waited for at a side, for leat__side_arm. */
static inline uint64_t
channel_position(const struct leat_channel *ch, bool is_send)
{
	return is_send ? leat__load_relaxed(&ch->head)
		       : leat__load_relaxed(&ch->tail);
}

/* ---- rendezvous.c -------------------------------------------------------------- */

/* An item is given or taken if a partner waits; else LEAT_EAGAIN or a code. */
int leat__rendezvous_try(struct leat_channel *ch, bool is_send, void *item);
/* The same with the lock held: LEAT_OK, LEAT_EAGAIN; the partner is woken by
 * the caller when the lock is gone. */
int leat__rendezvous_meet_locked(struct leat_channel *ch, bool is_send,
	void *item, struct leat__wakeup *wakeup_out);
/* What a wait ends with, without a partner. LEAT_EAGAIN: nothing of that. */
int leat__rendezvous_ended(const struct leat_channel *ch, bool is_send);

static inline struct leat__lock *
rendezvous_lock(struct leat_channel *ch)
{
	return &ch->senders.own;
}

/* ---- select.c ------------------------------------------------------------------ */

/* One case, waiting; the slow half of every plain call. */
int leat__select_one(struct leat_channel *ch, bool is_send, void *item,
	struct leat_ctx *ctx, int64_t deadline_ns);

#endif
