/*
 * chan/chan.c -- the channel of a link: ring, credit, frontier, close.
 *
 * Keeps: credit + queued + in the receiver's hands = capacity. Credit is not
 * stored but computed from two counters that only grow (sent, granted), so it
 * can neither leak nor be given twice.
 * Threads: one sender and one receiver; chan.h says which function is whose.
 * Method: credit as a cumulative limit, as QUIC's MAX_DATA (RFC 9000, 4.1).
 * Not here: waiting. The wakers' owners do that (channel.c, src/run).
 */
#include "chan/chan.h"

#include <string.h>

static uint32_t
chan_n_cells(uint32_t capacity_frames)
{
	uint32_t n = 2;

	while (n < capacity_frames + 1) /* ck_ring leaves one cell empty */
		n *= 2;
	return n;
}

uint64_t
leat__chan_bytes(uint32_t capacity_frames)
{
	return sizeof(struct leat__chan) +
		chan_n_cells(capacity_frames) * sizeof(ck_ring_buffer_t);
}

int
leat__chan_init(struct leat__chan *ch, const struct leat__env *env,
	uint32_t capacity_frames, uint64_t capacity_bytes)
{
	LEAT_ASSERT(capacity_frames >= 1);
	memset(ch, 0, sizeof(*ch));
	ch->env = env;
	ch->capacity_frames = capacity_frames;
	ch->capacity_bytes = capacity_bytes;
	ch->n_cells = chan_n_cells(capacity_frames);
	ch->cells = env->alloc(env, ch->n_cells * sizeof(ck_ring_buffer_t));
	if (!ch->cells)
		return LEAT_ENOMEM;
	ck_ring_init(&ch->ring, ch->n_cells);
	return LEAT_OK;
}

uint64_t
leat__chan_drain(struct leat__chan *ch)
{
	struct leat_frame *frame;
	uint64_t n_items = 0;

	while ((frame = leat__chan_pop(ch)) != NULL) {
		uint32_t n_bytes = frame->len_bytes;

		n_items += frame->n_items;
		leat__frame_release(NULL, frame);
		leat__bump(&ch->granted_bytes, n_bytes);
		leat__bump(&ch->granted_frames, 1);
	}
	return n_items;
}

void
leat__chan_fini(struct leat__chan *ch)
{
	if (!ch->cells)
		return;
	leat__chan_drain(ch);
	ch->env->free(ch->env, ch->cells);
	ch->cells = NULL;
}

/* ---- sender ---------------------------------------------------------------- */

static uint32_t
chan_in_flight(const struct leat__chan *ch)
{
	return (uint32_t)(ch->sent_frames - ch->granted_frames_seen);
}

static void
chan_look(struct leat__chan *ch)
{
	/* acquire: pairs with that in leat__chan_grant_quietly; granted_bytes
	 * is then at least as new */
	ch->granted_frames_seen = leat__load_acquire(&ch->granted_frames);
}

static uint64_t
chan_bytes_in_flight(const struct leat__chan *ch)
{
	return ch->sent_bytes - leat__load_relaxed(&ch->granted_bytes);
}

uint32_t
leat__chan_credit(struct leat__chan *ch, uint32_t wanted)
{
	if (ch->capacity_frames - chan_in_flight(ch) < wanted)
		chan_look(ch);
	if (ch->capacity_bytes && chan_in_flight(ch) > 0) {
		chan_look(ch);
		if (chan_in_flight(ch) > 0 &&
			chan_bytes_in_flight(ch) >= ch->capacity_bytes)
			return 0;
	}
	return ch->capacity_frames - chan_in_flight(ch);
}

bool
leat__chan_has_credit_for(struct leat__chan *ch, uint64_t n_bytes)
{
	if (ch->capacity_frames == chan_in_flight(ch) || ch->capacity_bytes)
		chan_look(ch);
	if (ch->capacity_frames == chan_in_flight(ch))
		return false;
	/* an idle channel admits one frame, however long */
	return !ch->capacity_bytes || chan_in_flight(ch) == 0 ||
		chan_bytes_in_flight(ch) + n_bytes <= ch->capacity_bytes;
}

void
leat__chan_push(struct leat__chan *ch, struct leat_frame *frame)
{
	uint64_t n_bytes = frame->len_bytes; /* not ours after the enqueue */

	if (chan_in_flight(ch) == ch->capacity_frames)
		chan_look(ch);
	LEAT_INVARIANT(chan_in_flight(ch) < ch->capacity_frames);
	leat__bump(&ch->sent_bytes, n_bytes);
	leat__bump(&ch->sent_frames, 1);
	LEAT_INVARIANT(ck_ring_enqueue_spsc(&ch->ring, ch->cells, frame));
}

static void
chan_wake(uint32_t *armed, struct leat__waker *waker, void *hint)
{
	/* the other half is in leat__chan_arm_*: flag, fence, look */
	leat__fence_seq();
	if (leat__load_relaxed(armed) && leat__swap_seq(armed, 0u))
		waker->wake(waker, hint);
}

void
leat__chan_notify(struct leat__chan *ch, void *hint)
{
	chan_wake(&ch->receiver_armed, ch->receiver, hint);
}

bool
leat__chan_arm_sender(struct leat__chan *ch, uint32_t wanted)
{
	leat__store_relaxed(&ch->sender_armed, 1u);
	/* flag before look; the other half is in chan_wake */
	leat__fence_seq();
	if (leat__chan_credit(ch, wanted) < wanted &&
		!leat__chan_is_recv_closed(ch))
		return true;
	leat__store_relaxed(&ch->sender_armed, 0u);
	return false;
}

void
leat__chan_disarm_sender(struct leat__chan *ch)
{
	leat__store_relaxed(&ch->sender_armed, 0u);
}

bool
leat__chan_is_drained(const struct leat__chan *ch)
{
	/* acquire: what the receiver did with it; pairs with the release in
	 * leat__chan_grant_quietly */
	return leat__load_acquire(&ch->granted_frames) ==
		leat__load_relaxed(&ch->sent_frames);
}

bool
leat__chan_arm_drained(struct leat__chan *ch)
{
	leat__store_relaxed(&ch->sender_armed, 1u);
	/* flag before look; the other half is in chan_wake */
	leat__fence_seq();
	if (!leat__chan_is_drained(ch) && !leat__chan_is_recv_closed(ch))
		return true;
	leat__store_relaxed(&ch->sender_armed, 0u);
	return false;
}

void
leat__chan_close_send(struct leat__chan *ch, void *hint)
{
	if (leat__load_relaxed(&ch->is_send_closed))
		return;
	/* release: pairs with the acquire in leat__chan_frontier */
	leat__store_release(&ch->frontier, UINT64_MAX);
	/* release: pairs with the acquire in leat__chan_is_send_closed; what
	 * was pushed is seen by whoever sees the close */
	leat__store_release(&ch->is_send_closed, 1u);
	leat__store_relaxed(&ch->receiver_armed, 0u);
	ch->receiver->wake(ch->receiver, hint); /* armed or not: a rare event */
}

/* ---- receiver -------------------------------------------------------------- */

struct leat_frame *
leat__chan_pop(struct leat__chan *ch)
{
	struct leat_frame *frame;

	if (!ck_ring_dequeue_spsc(&ch->ring, ch->cells, &frame))
		return NULL;
	leat__bump(&ch->taken_frames, 1);
	leat__bump(&ch->taken_bytes, frame->len_bytes);
	return frame;
}

const struct leat_frame *
leat__chan_peek(struct leat__chan *ch)
{
	if (ck_ring_size(&ch->ring) == 0)
		return NULL;
	/* the cell after its publication; ours is the only receiver */
	ck_pr_fence_load();
	return ch->cells[ch->ring.c_head & ch->ring.mask].value;
}

uint64_t
leat__chan_bound(struct leat__chan *ch)
{
	/* in this order: what was pushed before the promise is in the ring */
	uint64_t frontier = leat__chan_frontier(ch);
	const struct leat_frame *frame = leat__chan_peek(ch);

	return frame ? frame->stamp : frontier;
}

bool
leat__chan_is_send_closed(const struct leat__chan *ch)
{
	/* acquire: pairs with the release in leat__chan_close_send */
	return leat__load_acquire(&ch->is_send_closed) != 0;
}

void
leat__chan_grant_quietly(
	struct leat__chan *ch, uint32_t n_frames, uint64_t n_bytes)
{
	leat__bump(&ch->granted_bytes, n_bytes);
	/* release: pairs with the acquire in chan_look; bytes go first */
	leat__store_release(&ch->granted_frames, ch->granted_frames + n_frames);
	LEAT_INVARIANT(ch->granted_frames <= ch->taken_frames);
}

void
leat__chan_tell_sender(struct leat__chan *ch, void *hint)
{
	chan_wake(&ch->sender_armed, ch->sender, hint);
}

void
leat__chan_grant(
	struct leat__chan *ch, uint32_t n_frames, uint64_t n_bytes, void *hint)
{
	leat__chan_grant_quietly(ch, n_frames, n_bytes);
	leat__chan_tell_sender(ch, hint);
}

bool
leat__chan_arm_receiver(struct leat__chan *ch)
{
	leat__store_relaxed(&ch->receiver_armed, 1u);
	/* flag before look; the other half is in chan_wake */
	leat__fence_seq();
	if (ck_ring_size(&ch->ring) == 0 && !leat__chan_is_send_closed(ch))
		return true;
	leat__store_relaxed(&ch->receiver_armed, 0u);
	return false;
}

void
leat__chan_disarm_receiver(struct leat__chan *ch)
{
	leat__store_relaxed(&ch->receiver_armed, 0u);
}

void
leat__chan_close_recv(struct leat__chan *ch, void *hint)
{
	if (leat__load_relaxed(&ch->is_recv_closed))
		return;
	/* release: pairs with the acquire in leat__chan_is_recv_closed */
	leat__store_release(&ch->is_recv_closed, 1u);
	leat__store_relaxed(&ch->sender_armed, 0u);
	ch->sender->wake(ch->sender, hint); /* armed or not: a rare event */
}
