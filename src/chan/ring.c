/*
 * chan/ring.c -- the rings of the public channel: put in, take out, no waiting.
 *
 * Keeps, ONE: cells head..tail-1 hold items; the sender writes a cell only
 * while tail - what was given back < window, so never one that is not taken;
 * less than publish_items that were written are not published.
 * Keeps, MANY: cell k of round r may be written while its number is its
 * position, read while it is one more; a position is claimed by one exchange.
 * Who takes one of several things wakes a waiter for the next one, because
 * the one that was told of it may have found a hole before it.
 * Source: Lamport, Specifying Concurrent Program Modules, 1983 (ONE, with the
 * cached positions of MCRingBuffer, Lee et al., 2009); Vyukov's bounded queue
 * (MANY).
 */
#include <string.h>

#include <ck_pr.h>

#include "chan/channel.h"

#define RING_ADAPT_ITEMS  64  /* a power of two */
#define RING_YIELD_PAUSES 8   /* after the first claim that was lost, */
#define RING_YIELD_MOST   256 /* after one of many */

/* ---- items --------------------------------------------------------------------- */

static inline void
item_copy(void *dst, const void *src, uint32_t n_bytes)
{
	if (leat__likely(n_bytes == 8))
		memcpy(dst, src, 8);
	else if (n_bytes == 4)
		memcpy(dst, src, 4);
	else
		memcpy(dst, src, n_bytes);
}

static uint64_t
item_len(const struct leat_channel *ch, const void *item)
{
	struct leat_frame *frame;

	if (!ch->capacity_bytes)
		return 0;
	memcpy(&frame, item, sizeof(frame));
	return frame->len_bytes;
}

static int
ring_send_end(const struct leat_channel *ch)
{
	return channel_ended(ch) & CHANNEL_CANCELED ? LEAT_ECANCELED
						    : LEAT_ECLOSED;
}

static int
ring_recv_end(const struct leat_channel *ch)
{
	return channel_ended(ch) & CHANNEL_CANCELED ? LEAT_ECANCELED : LEAT_EOS;
}

/* ---- one sender, one receiver --------------------------------------------------- */

static inline char *
one_cell(const struct leat_channel *ch, uint64_t position)
{
	return ch->cells + (position & ch->mask) * ch->cell_bytes;
}

/* Where nobody waits any more nobody else would notice that fences, of which
 * each item costs the other end one, are still on. */
static inline void
one_relax(struct leat_channel *ch, bool is_send)
{
	struct leat__side *side = is_send ? &ch->senders : &ch->receivers;

	if (leat__side_is_fenced(side))
		leat__side_relax(side, channel_position(ch, is_send));
}

/* Credit for items, at most the window. */
static uint64_t
one_credit(struct leat_channel *ch)
{
	uint64_t window = leat__load_relaxed(&ch->window);
	uint64_t used;

	/* pairs with the release in one_give_back, and with leat__side_arm */
	ch->granted_seen = leat__load_seq(channel_given_back(ch));
	if (ch->is_word)
		ch->send_end = ch->granted_seen + ch->window_max;
	one_relax(ch, true);
	used = ch->tail_local - ch->granted_seen;
	return used < window ? window - used : 0;
}

static bool
one_has_bytes(const struct leat_channel *ch, uint64_t n_bytes)
{
	uint64_t used;

	if (!ch->capacity_bytes)
		return true;
	/* pairs with the release in leat_channel_grant */
	used = ch->sent_bytes - leat__load_seq(&ch->granted_bytes);
	return used == 0 || used + n_bytes <= ch->capacity_bytes;
}

static inline bool
one_has_credit(struct leat_channel *ch)
{
	return ch->tail_local - ch->granted_seen <
		leat__load_relaxed(&ch->window) ||
		one_credit(ch) > 0;
}

static void
one_publish(struct leat_channel *ch)
{
	uint64_t n = ch->tail_local - leat__load_relaxed(&ch->tail);

	/* release: pairs with the loads of tail by the receiver */
	leat__store_release(&ch->tail, ch->tail_local);
	ch->publish_at = ch->tail_local + ch->publish_items;
	leat__side_tell(&ch->receivers, (uint32_t)n);
}

static inline void
one_publish_if_due(struct leat_channel *ch)
{
	if (ch->tail_local >= ch->publish_at)
		one_publish(ch);
}

static inline int
one_send(struct leat_channel *ch, const void *item)
{
	uint64_t n_bytes = item_len(ch, item);

	if (leat__unlikely(ring_ended(ch)))
		return ring_send_end(ch);
	if (leat__unlikely(!one_has_credit(ch) || !one_has_bytes(ch, n_bytes)))
		return LEAT_EAGAIN;
	item_copy(one_cell(ch, ch->tail_local), item, ch->item_bytes);
	ch->tail_local++;
	ch->sent_bytes += n_bytes;
	one_publish_if_due(ch);
	return LEAT_OK;
}

static inline void
one_look(struct leat_channel *ch)
{
	/* pairs with the release in one_publish, and leat__side_arm */
	ch->tail_seen = leat__load_seq(&ch->tail);
	if (ch->is_word)
		ch->recv_end = ch->tail_seen;
	one_relax(ch, false);
}

/* How many items are there; looks again if the copy says none. */
static inline uint64_t
one_arrived(struct leat_channel *ch, uint64_t head)
{
	if (ch->tail_seen == head) {
		one_look(ch);
		if (ch->tail_seen != head)
			ch->n_refilled = ch->tail_seen - head;
	}
	return ch->tail_seen - head;
}

static inline void
one_give_back(struct leat_channel *ch, uint64_t head, uint32_t n)
{
	/* release: the cells were read; pairs with one_credit */
	leat__store_release(&ch->head, head + n);
	if (leat__unlikely(ch->window_delay_ns != 0) &&
		(head ^ (head + n)) >= RING_ADAPT_ITEMS)
		leat__channel_adapt(ch, false);
	if (ch->is_granted)
		return;
	leat__side_tell(&ch->senders, n);
}

static void
one_give_back_bytes(struct leat_channel *ch, uint64_t n_bytes)
{
	if (ch->capacity_bytes && !ch->is_granted)
		/* release: pairs with one_has_bytes */
		leat__store_release(&ch->granted_bytes,
			leat__load_relaxed(&ch->granted_bytes) + n_bytes);
}

/* Nothing there: closed, or not yet. */
static inline int
one_recv_nothing(struct leat_channel *ch, uint64_t head)
{
	uint32_t ended = channel_ended(ch);

	if (ended & (CHANNEL_CANCELED | CHANNEL_RECV_CLOSED))
		return ring_recv_end(ch);
	if (!(ended & CHANNEL_SEND_CLOSED)) {
		if (ch->window_delay_ns)
			leat__channel_adapt(ch, true);
		return LEAT_EAGAIN;
	}
	/* what was sent before the close is there by now */
	return one_arrived(ch, head) ? LEAT_OK : LEAT_EOS;
}

static inline int
one_recv(struct leat_channel *ch, void *item_out)
{
	uint64_t head = leat__load_relaxed(&ch->head);

	if (leat__unlikely(
		    ring_ended(ch) & (CHANNEL_CANCELED | CHANNEL_RECV_CLOSED)))
		return ring_recv_end(ch);
	if (leat__unlikely(one_arrived(ch, head) == 0)) {
		int rc = one_recv_nothing(ch, head);

		if (rc != LEAT_OK)
			return rc;
	}
	item_copy(item_out, one_cell(ch, head), ch->item_bytes);
	one_give_back_bytes(ch, item_len(ch, item_out));
	one_give_back(ch, head, 1);
	return LEAT_OK;
}

/* Copy n items to or from the ring, in at most two pieces. */
static void
one_copy_in(struct leat_channel *ch, const char *items, uint64_t n)
{
	uint64_t to_end = ch->mask + 1 - (ch->tail_local & ch->mask);
	uint64_t n_first = leat__min_u64(n, to_end);

	memcpy(one_cell(ch, ch->tail_local), items, n_first * ch->cell_bytes);
	memcpy(ch->cells, items + n_first * ch->cell_bytes,
		(n - n_first) * ch->cell_bytes);
}

static void
one_copy_out(
	const struct leat_channel *ch, uint64_t head, char *items, uint64_t n)
{
	uint64_t to_end = ch->mask + 1 - (head & ch->mask);
	uint64_t n_first = leat__min_u64(n, to_end);

	memcpy(items, one_cell(ch, head), n_first * ch->cell_bytes);
	memcpy(items + n_first * ch->cell_bytes, ch->cells,
		(n - n_first) * ch->cell_bytes);
}

static int
one_send_burst(struct leat_channel *ch, const char *items, uint32_t n)
{
	uint64_t window = leat__load_relaxed(&ch->window);
	uint64_t used = ch->tail_local - ch->granted_seen;
	uint64_t credit = used < window ? window - used : 0;

	if (leat__unlikely(ring_ended(ch)))
		return ring_send_end(ch);
	if (credit < n)
		credit = one_credit(ch);
	n = (uint32_t)leat__min_u64(n, credit);
	if (n == 0)
		return LEAT_EAGAIN;
	one_copy_in(ch, items, n);
	ch->tail_local += n;
	one_publish_if_due(ch);
	return (int)n;
}

static int
one_recv_burst(struct leat_channel *ch, char *items, uint32_t n)
{
	uint64_t head = leat__load_relaxed(&ch->head);

	if (leat__unlikely(
		    ring_ended(ch) & (CHANNEL_CANCELED | CHANNEL_RECV_CLOSED)))
		return ring_recv_end(ch);
	if (ch->tail_seen - head < n)
		one_look(ch);
	if (ch->tail_seen == head) {
		int rc = one_recv_nothing(ch, head);

		if (rc != LEAT_OK)
			return rc;
	}
	n = (uint32_t)leat__min_u64(n, ch->tail_seen - head);
	one_copy_out(ch, head, items, n);
	one_give_back(ch, head, n);
	return (int)n;
}

/* ---- many ------------------------------------------------------------------------ */

struct many_cell {
	uint64_t number; /* atomic */
	char item[];
};

static inline struct many_cell *
many_cell(const struct leat_channel *ch, uint64_t position)
{
	return (struct many_cell *)(void *)(ch->cells +
		(position & ch->mask) * ch->cell_bytes);
}

/* Is there credit beyond a free cell? */
static bool
many_is_allowed(const struct leat_channel *ch, uint64_t tail)
{
	if (!ch->is_limited)
		return true;
	/* pairs with the add in many_recv_quietly; signed: tail may be old */
	return (int64_t)(tail - leat__load_seq(&ch->granted)) <
		(int64_t)leat__load_relaxed(&ch->window);
}

static bool
many_take_bytes(struct leat_channel *ch, uint64_t n_bytes)
{
	uint64_t used = leat__load_seq(&ch->bytes_used);

	do
		if (used > 0 && used + n_bytes > ch->capacity_bytes)
			return false;
	/* pairs with the subtraction in many_give_bytes */
	while (!leat__cas_weak_seq(&ch->bytes_used, &used, used + n_bytes));
	return true;
}

static void
many_give_bytes(struct leat_channel *ch, uint64_t n_bytes)
{
	/* pairs with many_take_bytes */
	leat__sub_seq(&ch->bytes_used, n_bytes);
	/* whoever is next may want more than came back, another may not */
	leat__side_wake_all(&ch->senders);
}

/*
 * Another one has claimed it. Who tries again at once takes the lines away from
 * that one, and has them taken away in turn, with each item; left alone for a
 * moment it moves a few with its lines at hand. Nobody waits for anybody: it is
 * a pause, longer with each claim that is lost.
 * Source: Agarwal and Cherian, Adaptive Backoff Synchronization Techniques,
 * 1989.
 */
static void
many_yield(uint32_t *n_pauses)
{
	for (uint32_t k = 0; k < *n_pauses; k++)
		ck_pr_stall();
	if (*n_pauses < RING_YIELD_MOST)
		*n_pauses *= 2;
}

/* Claim the next position. LEAT_OK, LEAT_EAGAIN, LEAT_ECLOSED. */
static int
many_claim(struct leat_channel *ch, uint64_t *position_out)
{
	uint32_t n_pauses = RING_YIELD_PAUSES;
	uint64_t tail;

	__builtin_prefetch(&ch->tail, 1); /* it will be written */
	tail = leat__load_seq(&ch->tail);
	for (;;) {
		uint64_t number, now;

		if (tail & CHANNEL_TAIL_CLOSED)
			return LEAT_ECLOSED;
		/* pairs with the release in many_recv_quietly */
		number = leat__load_seq(&many_cell(ch, tail)->number);
		if (number == tail && many_is_allowed(ch, tail)) {
			/* pairs with the or of the last close_send */
			if (leat__cas_weak_seq(&ch->tail, &tail, tail + 1))
				break;
			many_yield(&n_pauses);
			tail = leat__load_seq(&ch->tail);
			continue;
		}
		now = leat__load_seq(&ch->tail);
		if (now == tail)
			return LEAT_EAGAIN;
		tail = now;
	}
	*position_out = tail;
	return LEAT_OK;
}

static void
many_put(struct leat_channel *ch, uint64_t position)
{
	/* release: the item; pairs with the load in many_claim_head */
	leat__store_release(&many_cell(ch, position)->number, position + 1);
}

static bool
many_can_send(const struct leat_channel *ch)
{
	uint64_t tail = leat__load_seq(&ch->tail);

	return tail & CHANNEL_TAIL_CLOSED ||
		(leat__load_seq(&many_cell(ch, tail)->number) == tail &&
			many_is_allowed(ch, tail));
}

static bool
many_can_recv(const struct leat_channel *ch)
{
	uint64_t head, tail;

	do {
		head = leat__load_seq(&ch->head);
		tail = leat__load_seq(&ch->tail);
		if (leat__load_seq(&many_cell(ch, head)->number) == head + 1)
			return true;
		/* taken by another one meanwhile? that may have been the last,
		 * and nobody tells of the end again */
	} while (leat__load_seq(&ch->head) != head);
	return tail == (head | CHANNEL_TAIL_CLOSED);
}

/* Tell of n items; and wake a sender for credit that another was told of. */
static void
many_tell_sent(struct leat_channel *ch, uint32_t n)
{
	leat__side_tell(&ch->receivers, n);
	if (leat__unlikely(leat__load_seq(&ch->senders.waiting) != 0) &&
		many_can_send(ch))
		leat__side_wake(&ch->senders, 1);
}

static void
many_tell_taken(struct leat_channel *ch, uint32_t n)
{
	if (!ch->is_granted)
		leat__side_tell(&ch->senders, n);
	if (leat__unlikely(leat__load_seq(&ch->receivers.waiting) != 0) &&
		many_can_recv(ch))
		leat__side_wake(&ch->receivers, 1);
}

/* They were not needed: another one may have found too few meanwhile. Without
 * a free cell nobody is woken, or two who wait would wake each other. */
static void
many_take_bytes_back(struct leat_channel *ch, uint64_t n_bytes)
{
	if (!ch->capacity_bytes)
		return;
	/* pairs with many_take_bytes */
	leat__sub_seq(&ch->bytes_used, n_bytes);
	if (leat__load_seq(&ch->senders.waiting) != 0 && many_can_send(ch))
		leat__side_wake_all(&ch->senders);
}

static int
many_send_quietly(struct leat_channel *ch, const void *item)
{
	uint64_t n_bytes = item_len(ch, item);
	uint64_t position;
	int rc;

	if (leat__unlikely(ring_ended(ch)))
		return ring_send_end(ch);
	if (ch->capacity_bytes && !many_take_bytes(ch, n_bytes))
		return LEAT_EAGAIN;
	rc = many_claim(ch, &position);
	if (rc != LEAT_OK) {
		many_take_bytes_back(ch, n_bytes);
		return rc;
	}
	item_copy(many_cell(ch, position)->item, item, ch->item_bytes);
	many_put(ch, position);
	return LEAT_OK;
}

/* Claim the oldest item. LEAT_OK, LEAT_EAGAIN, LEAT_EOS. */
static int
many_claim_head(struct leat_channel *ch, uint64_t *position_out)
{
	uint32_t n_pauses = RING_YIELD_PAUSES;
	uint64_t head, tail = 0;
	bool has_tail = false;

	__builtin_prefetch(&ch->head, 1); /* it will be written */
	head = leat__load_seq(&ch->head);
	for (;;) {
		/* pairs with the release in many_put */
		uint64_t number = leat__load_seq(&many_cell(ch, head)->number);
		uint64_t now;

		if (leat__likely(number == head + 1)) {
			/* only this exchange claims a head */
			if (leat__cas_weak_seq(&ch->head, &head, head + 1))
				break;
			many_yield(&n_pauses);
			head = leat__load_seq(&ch->head);
			continue;
		}
		now = leat__load_seq(&ch->head);
		if (now == head && has_tail)
			return tail == (head | CHANNEL_TAIL_CLOSED)
				? LEAT_EOS
				: LEAT_EAGAIN;
		/* is that all? The senders' line is looked at here only, and
		 * before the cell: what was sent before a close is there */
		tail = leat__load_seq(&ch->tail);
		has_tail = true;
		head = now;
	}
	*position_out = head;
	return LEAT_OK;
}

static int
many_recv_quietly(struct leat_channel *ch, void *item_out)
{
	struct many_cell *cell;
	uint64_t position;
	uint64_t n_bytes;
	int rc;

	if (leat__unlikely(
		    ring_ended(ch) & (CHANNEL_CANCELED | CHANNEL_RECV_CLOSED)))
		return ring_recv_end(ch);
	rc = many_claim_head(ch, &position);
	if (rc == LEAT_EAGAIN)
		leat__channel_adapt(ch, true);
	if (rc != LEAT_OK)
		return rc;
	cell = many_cell(ch, position);
	item_copy(item_out, cell->item, ch->item_bytes);
	n_bytes = item_len(ch, item_out);
	/* release: the item was read; pairs with the load in many_claim */
	leat__store_release(&cell->number, position + ch->mask + 1);
	if (leat__unlikely(ch->window_delay_ns != 0) &&
		position % RING_ADAPT_ITEMS == 0)
		leat__channel_adapt(ch, false);
	if (ch->is_limited && !ch->is_granted)
		leat__add_seq(
			&ch->granted, 1u); /* pairs with many_is_allowed */
	if (ch->capacity_bytes && !ch->is_granted)
		many_give_bytes(ch, n_bytes);
	return LEAT_OK;
}

static int
many_send_burst(struct leat_channel *ch, const char *items, uint32_t n)
{
	uint32_t n_sent = 0;
	int rc = LEAT_OK;

	while (n_sent < n) {
		rc = many_send_quietly(
			ch, items + (size_t)n_sent * ch->item_bytes);
		if (rc != LEAT_OK)
			break;
		n_sent++;
	}
	if (n_sent == 0)
		return rc;
	many_tell_sent(ch, n_sent);
	return (int)n_sent;
}

static int
many_recv_burst(struct leat_channel *ch, char *items, uint32_t n)
{
	uint32_t n_taken = 0;
	int rc = LEAT_OK;

	while (n_taken < n) {
		rc = many_recv_quietly(
			ch, items + (size_t)n_taken * ch->item_bytes);
		if (rc != LEAT_OK)
			break;
		n_taken++;
	}
	if (n_taken == 0)
		return rc;
	many_tell_taken(ch, n_taken);
	return (int)n_taken;
}

/* ---- either ------------------------------------------------------------------------ */

int
leat__ring_send(struct leat_channel *ch, const void *item)
{
	int rc;

	if (leat__likely(ch->kind == CHANNEL_ONE))
		return one_send(ch, item);
	rc = many_send_quietly(ch, item);
	if (rc == LEAT_OK)
		many_tell_sent(ch, 1);
	return rc;
}

int
leat__ring_recv(struct leat_channel *ch, void *item_out)
{
	int rc;

	if (leat__likely(ch->kind == CHANNEL_ONE))
		return one_recv(ch, item_out);
	rc = many_recv_quietly(ch, item_out);
	if (rc == LEAT_OK)
		many_tell_taken(ch, 1);
	else if (rc == LEAT_EOS && leat__load_seq(&ch->receivers.waiting))
		/* the end is there for everybody */
		leat__side_wake_all(&ch->receivers);
	return rc;
}

/* Frames with a limit of bytes go one by one: each has its own length. */
static int
one_send_each(struct leat_channel *ch, const char *items, uint32_t n)
{
	uint32_t n_sent = 0;
	int rc = LEAT_OK;

	while (n_sent < n && rc == LEAT_OK) {
		rc = one_send(ch, items + (size_t)n_sent * ch->item_bytes);
		n_sent += rc == LEAT_OK;
	}
	return n_sent > 0 ? (int)n_sent : rc;
}

static int
one_recv_each(struct leat_channel *ch, char *items, uint32_t n)
{
	uint32_t n_taken = 0;
	int rc = LEAT_OK;

	while (n_taken < n && rc == LEAT_OK) {
		rc = one_recv(ch, items + (size_t)n_taken * ch->item_bytes);
		n_taken += rc == LEAT_OK;
	}
	return n_taken > 0 ? (int)n_taken : rc;
}

int
leat__ring_send_burst(struct leat_channel *ch, const char *items, uint32_t n)
{
	if (ch->kind != CHANNEL_ONE)
		return many_send_burst(ch, items, n);
	return ch->capacity_bytes ? one_send_each(ch, items, n)
				  : one_send_burst(ch, items, n);
}

int
leat__ring_recv_burst(struct leat_channel *ch, char *items, uint32_t n)
{
	if (ch->kind != CHANNEL_ONE)
		return many_recv_burst(ch, items, n);
	return ch->capacity_bytes ? one_recv_each(ch, items, n)
				  : one_recv_burst(ch, items, n);
}

bool
leat__ring_can_send(const struct leat_channel *ch, const void *item)
{
	uint64_t n_bytes = item_len(ch, item);
	uint64_t used;

	if (channel_ended(ch))
		return true;
	if (ch->kind == CHANNEL_ONE)
		/* pairs with the release in one_give_back */
		return ch->tail_local - leat__load_seq(channel_given_back(ch)) <
			leat__load_relaxed(&ch->window) &&
			one_has_bytes(ch, n_bytes);
	used = ch->capacity_bytes ? leat__load_seq(&ch->bytes_used) : 0;
	return (used == 0 || used + n_bytes <= ch->capacity_bytes) &&
		many_can_send(ch);
}

bool
leat__ring_can_recv(const struct leat_channel *ch)
{
	uint32_t ended = channel_ended(ch);

	if (ended & (CHANNEL_CANCELED | CHANNEL_RECV_CLOSED))
		return true;
	if (ch->kind != CHANNEL_ONE)
		return many_can_recv(ch);
	if (ended)
		return true;
	/* pairs with the release in one_publish */
	return ch->tail_seen != leat__load_relaxed(&ch->head) ||
		leat__load_seq(&ch->tail) != leat__load_relaxed(&ch->head);
}

void
leat__ring_publish(struct leat_channel *ch)
{
	if (ch->kind == CHANNEL_ONE &&
		ch->tail_local != leat__load_relaxed(&ch->tail))
		one_publish(ch);
}

static void
ring_release(struct leat_channel *ch, void *item)
{
	struct leat_frame *frame;

	if (ch->drop)
		ch->drop(item);
	if (!ch->is_frames)
		return;
	memcpy(&frame, item, sizeof(frame));
	leat_frame_release(frame);
}

static void
one_drain(struct leat_channel *ch)
{
	uint64_t head = leat__load_relaxed(&ch->head);

	for (; one_arrived(ch, head) > 0; head++)
		ring_release(ch, one_cell(ch, head));
	/* release: the cells were read; pairs with one_credit */
	leat__store_release(&ch->head, head);
}

static void
many_drain(struct leat_channel *ch)
{
	uint64_t position;

	while (many_claim_head(ch, &position) == LEAT_OK) {
		struct many_cell *cell = many_cell(ch, position);

		ring_release(ch, cell->item);
		/* release: pairs with the load in many_claim */
		leat__store_release(&cell->number, position + ch->mask + 1);
	}
}

void
leat__ring_drain(struct leat_channel *ch)
{
	if (ch->kind == CHANNEL_ONE)
		one_drain(ch);
	else
		many_drain(ch);
}

/* ---- in place ---------------------------------------------------------------------- */

static int
one_reserve(struct leat_channel *ch, uint32_t n_max, void **items_out)
{
	uint64_t to_end = ch->mask + 1 - (ch->tail_local & ch->mask);
	uint64_t n =
		leat__min_u64(leat__min_u64(n_max, one_credit(ch)), to_end);

	*items_out = one_cell(ch, ch->tail_local);
	return (int)n;
}

int
leat_channel_send_reserve(
	struct leat_channel *ch, uint32_t n_max, void **items_out)
{
	uint64_t position;
	int rc;

	if (ch->kind == CHANNEL_RENDEZVOUS || ch->capacity_bytes)
		return LEAT_ENOTSUP;
	if (channel_ended(ch))
		return ring_send_end(ch);
	if (ch->kind == CHANNEL_ONE)
		return one_reserve(ch, n_max, items_out);
	rc = n_max > 0 ? many_claim(ch, &position) : LEAT_EAGAIN;
	if (rc != LEAT_OK)
		return rc == LEAT_EAGAIN ? 0 : rc;
	*items_out = many_cell(ch, position)->item;
	return 1;
}

void
leat_channel_send_commit(struct leat_channel *ch, void *items, uint32_t n)
{
	struct many_cell *cell;

	if (ch->kind == CHANNEL_ONE) {
		LEAT_ASSERT(n == 0 || items == one_cell(ch, ch->tail_local));
		ch->tail_local += n;
		one_publish_if_due(ch);
		return;
	}
	LEAT_ASSERT(n == 1);
	cell = leat__container_of(items, struct many_cell, item);
	/* claimed by this thread: its number is its position */
	many_put(ch, leat__load_relaxed(&cell->number));
	many_tell_sent(ch, 1);
}

int
leat_channel_recv_peek(
	struct leat_channel *ch, uint32_t n_max, const void **items_out)
{
	uint64_t head = leat__load_relaxed(&ch->head);
	uint64_t to_end = ch->mask + 1 - (head & ch->mask);
	int rc;

	if (ch->kind != CHANNEL_ONE || ch->capacity_bytes)
		return LEAT_ENOTSUP;
	if (channel_ended(ch) & (CHANNEL_CANCELED | CHANNEL_RECV_CLOSED))
		return ring_recv_end(ch);
	if (one_arrived(ch, head) == 0) {
		rc = one_recv_nothing(ch, head);
		if (rc != LEAT_OK)
			return rc == LEAT_EAGAIN ? 0 : rc;
	}
	*items_out = one_cell(ch, head);
	return (int)leat__min_u64(
		leat__min_u64(n_max, ch->tail_seen - head), to_end);
}

void
leat_channel_recv_consume(struct leat_channel *ch, uint32_t n)
{
	uint64_t head = leat__load_relaxed(&ch->head);

	LEAT_ASSERT(ch->kind == CHANNEL_ONE && n <= ch->tail_seen - head);
	one_give_back(ch, head, n);
}
