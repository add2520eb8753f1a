/*
 * chan/chan.h -- the channel of a link: a ring of frames, its credit, its
 * frontier, and the two wakers at its ends.
 *
 * Invariant, in frames and in bytes, at every moment:
 *	credit + queued + in the receiver's hands = capacity
 * where credit = capacity - (sent - granted). sent is written by the sender
 * only, granted by the receiver only; both only grow.
 *
 * Waking: who finds nothing to do arms its flag, fences, looks once more, and
 * only then goes idle. Who makes something to do (a push, a grant, a close)
 * publishes it, fences, and takes the flag. So either the first sees what was
 * made or the second sees the flag; proved in tests/model/park.pml.
 */
#ifndef LEAT_SRC_CHAN_CHAN_H
#define LEAT_SRC_CHAN_CHAN_H

#include "base/atomic.h"
#include "env/env.h"
#include "mem/mem.h"
#include <ck_ring.h>
#include <leat/channel.h>

/* Who is to be told that there is something to do. hint is passed through:
 * the worker that does the waking, or NULL from elsewhere. */
struct leat__waker {
	void (*wake)(struct leat__waker *waker, void *hint);
};

struct leat__chan {
	/* written by the sender */
	_Alignas(LEAT__CACHE_LINE) uint64_t sent_frames;
	uint64_t sent_bytes;
	uint64_t frontier;
	uint64_t granted_frames_seen; /* sender's copy, refreshed when short */
	/* written by the receiver */
	_Alignas(LEAT__CACHE_LINE) uint64_t granted_frames;
	uint64_t granted_bytes;
	uint64_t taken_frames;
	uint64_t taken_bytes;
	/* written by both, rarely */
	_Alignas(LEAT__CACHE_LINE) uint32_t sender_armed;
	uint32_t receiver_armed;
	uint32_t is_send_closed;
	uint32_t is_recv_closed;
	/* constant */
	_Alignas(LEAT__CACHE_LINE) uint32_t capacity_frames;
	uint32_t n_cells;
	uint64_t capacity_bytes; /* 0 = no own limit */
	ck_ring_buffer_t *cells;
	const struct leat__env *env;
	struct leat__waker *sender;   /* woken by grant and close_recv */
	struct leat__waker *receiver; /* woken by push and close_send */
	uint64_t *parents; /* of what is queued, the spans that sent it, by
			      number modulo capacity_frames + 1; NULL = none */
	ck_ring_t ring;
};

/* Bytes of memory a channel of this capacity needs, for the plan. */
uint64_t leat__chan_bytes(uint32_t capacity_frames);

/* LEAT_OK or LEAT_ENOMEM. The wakers may be set later, before any use. */
LEAT_MUST_CHECK int leat__chan_init(struct leat__chan *ch,
	const struct leat__env *env, uint32_t capacity_frames,
	uint64_t capacity_bytes);
/* Drain and free; both ends are through with it. Zeroed memory is accepted. */
void leat__chan_fini(struct leat__chan *ch);

/* ---- sender ---- */

/* Frames that may be sent now; looks at the receiver's side only when fewer
 * than wanted. The byte limit is a threshold here: 0 once it is reached. */
uint32_t leat__chan_credit(struct leat__chan *ch, uint32_t wanted);
/* May one frame of this size go now? The byte limit is exact here. */
bool leat__chan_has_credit_for(struct leat__chan *ch, uint64_t n_bytes);
/* Visible at once; the receiver is told by leat__chan_notify(). There must
 * be credit. */
void leat__chan_push(struct leat__chan *ch, struct leat_frame *frame);
/* Wake the receiver if it armed itself: once after a run of pushes. */
void leat__chan_notify(struct leat__chan *ch, void *hint);
/* Ask to be woken by the next grant. true: armed, there is still no credit
 * for wanted frames. false: there is, or the channel is closed; not armed. */
bool leat__chan_arm_sender(struct leat__chan *ch, uint32_t wanted);
void leat__chan_disarm_sender(struct leat__chan *ch);
/* Is the receiver through with all that was sent? */
bool leat__chan_is_drained(const struct leat__chan *ch);
/* Ask to be woken by the next grant. true: armed, it is not drained yet. false:
 * it is, or the receiver has closed; not armed. */
bool leat__chan_arm_drained(struct leat__chan *ch);
void leat__chan_close_send(struct leat__chan *ch, void *hint);
static inline bool
leat__chan_is_recv_closed(const struct leat__chan *ch)
{
	/* acquire: pairs with the release in leat__chan_close_recv */
	return leat__load_acquire(&ch->is_recv_closed) != 0;
}

/* Nothing can be sent any more: one of the ends has closed. */
static inline bool
leat__chan_is_over(const struct leat__chan *ch)
{
	return leat__load_relaxed(&ch->is_send_closed) ||
		leat__chan_is_recv_closed(ch);
}

/* Frames that wait in it: a look, from anywhere. */
static inline uint64_t
leat__chan_queued(const struct leat__chan *ch)
{
	uint64_t taken = leat__load_relaxed(&ch->taken_frames);
	uint64_t sent = leat__load_relaxed(&ch->sent_frames);

	return sent > taken ? sent - taken : 0;
}

/* The promise that no frame with a stamp below this will come. */
static inline void
leat__chan_set_frontier(struct leat__chan *ch, uint64_t stamp)
{
	/* release: pairs with the acquire in leat__chan_frontier; what was
	 * pushed before is in the ring for whoever sees the promise */
	leat__store_release(&ch->frontier, stamp);
}

/* ---- receiver ---- */

/* Read it before looking into the ring, never after. */
static inline uint64_t
leat__chan_frontier(const struct leat__chan *ch)
{
	/* acquire: pairs with the release in leat__chan_set_frontier */
	return leat__load_acquire(&ch->frontier);
}

/* The next frame, or NULL. */
struct leat_frame *leat__chan_pop(struct leat__chan *ch);
/* The same, and it stays there. */
const struct leat_frame *leat__chan_peek(struct leat__chan *ch);
/* No frame below this stamp will be popped. */
uint64_t leat__chan_bound(struct leat__chan *ch);
/* NULL from pop, and nothing will come: call only after pop gave NULL, then
 * pop once more if this says true. */
bool leat__chan_is_send_closed(const struct leat__chan *ch);
/* Done with frames that were popped: credit goes back, the sender is woken. */
void leat__chan_grant(
	struct leat__chan *ch, uint32_t n_frames, uint64_t n_bytes, void *hint);
/* The two halves of it, for receivers that take turns under a lock. */
void leat__chan_grant_quietly(
	struct leat__chan *ch, uint32_t n_frames, uint64_t n_bytes);
void leat__chan_tell_sender(struct leat__chan *ch, void *hint);
/* true: armed, still empty and open. false: there is something; not armed. */
bool leat__chan_arm_receiver(struct leat__chan *ch);
void leat__chan_disarm_receiver(struct leat__chan *ch);
/* No more is wanted: the sender's next look says closed. What is queued stays
 * until leat__chan_drain(). */
void leat__chan_close_recv(struct leat__chan *ch, void *hint);

/* ---- either, when both ends are through ---- */

/* Release what is queued; returns the items that were in it. */
uint64_t leat__chan_drain(struct leat__chan *ch);

#endif
