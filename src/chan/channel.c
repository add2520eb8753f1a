/*
 * chan/channel.c -- the public channel: life, ends, credit, and the plain
 * calls, which try (ring.c, rendezvous.c) and else wait (select.c).
 *
 * Keeps: credit + queued + in the receivers' hands = capacity; after the last
 * close of an end every wait of the other end has ended or will; a context
 * that ends is a bit of `ended` and wakes both sides.
 * Threads: as many at each end as were asked for at creation.
 */
#include <string.h>

#include "chan/channel.h"
#include "env/leap.h"

#define CHANNEL_SPIN_NS        10000
#define CHANNEL_ADAPT_LEAST_NS 1000000

/* ---- ends ------------------------------------------------------------------------ */

static void
channel_end(struct leat_channel *ch, uint32_t bit)
{
	/* pairs with channel_ended */
	leat__or_seq(&ch->ended, bit);
	leat__side_wake_all(&ch->receivers);
	leat__side_wake_all(&ch->senders);
}

static void
channel_after(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	channel_end(user, CHANNEL_CANCELED);
}

int
leat_channel_add_senders(struct leat_channel *ch, uint32_t n)
{
	uint32_t n_senders = leat__load_relaxed(&ch->n_senders);

	do
		if (n_senders == 0)
			return LEAT_ECLOSED;
	/* pairs with the subtraction in leat_channel_close_send */
	while (!leat__cas_weak_acq_rel(
		&ch->n_senders, &n_senders, n_senders + n));
	return LEAT_OK;
}

void
leat_channel_close_send(struct leat_channel *ch)
{
	uint32_t n_senders;

	leat__ring_publish(ch);
	/* acq_rel: the last one closes after what all others sent */
	n_senders = leat__sub_acq_rel(&ch->n_senders, 1u);
	LEAT_INVARIANT(n_senders != 0);
	if (n_senders > 1)
		return;
	if (ch->kind == CHANNEL_MANY) /* pairs with many_claim in ring.c */
		leat__or_seq(&ch->tail, CHANNEL_TAIL_CLOSED);
	channel_end(ch, CHANNEL_SEND_CLOSED);
}

void
leat_channel_close_recv(struct leat_channel *ch)
{
	/* acq_rel: the last one drains after what all others took */
	uint32_t n_receivers = leat__sub_acq_rel(&ch->n_receivers, 1u);

	LEAT_INVARIANT(n_receivers != 0);
	if (n_receivers > 1)
		return;
	channel_end(ch, CHANNEL_RECV_CLOSED);
	if (ch->kind != CHANNEL_RENDEZVOUS)
		leat__ring_drain(ch);
}

/* ---- dumps ------------------------------------------------------------------------ */

static void
channel_describe_side(const struct leat__side *side, const char *one,
	const char *many, struct leat__text *text)
{
	uint64_t n = leat__load_relaxed(&side->waiting);

	if (n && !side->is_many)
		n = 1; /* it is an arm */
	if (n)
		leat__text_add(
			text, ", %u %s", (unsigned)n, n == 1 ? one : many);
}

void
leat__channel_describe(const struct leat_channel *ch, struct leat__text *text)
{
	leat__text_add(text, "channel %s (",
		ch->name[0] ? ch->name : "without a name");
	if (ch->kind == CHANNEL_RENDEZVOUS)
		leat__text_add(text, "rendezvous");
	else
		leat__text_add(text, "%u of %u queued", leat_channel_queued(ch),
			ch->capacity);
	channel_describe_side(
		&ch->senders, "sender waits", "senders wait", text);
	channel_describe_side(
		&ch->receivers, "receiver waits", "receivers wait", text);
	leat__text_add(text, ")");
}

static void
channel_wait_describe(
	const struct leat__ctx_wait *wait, struct leat__text *text)
{
	leat__channel_describe(
		leat__container_of(wait, const struct leat_channel, wait),
		text);
}

/* ---- life ------------------------------------------------------------------------- */

static int
channel_check_sizes(
	const struct leat_channel_opts *opts, struct leat_error *err)
{
	if (opts->item_bytes > LEAT_CHANNEL_ITEM_BYTES_MAX)
		return leat__error(err, LEAT_EINVAL,
			"item_bytes %u: 1 to %u are accepted, 0 for frames",
			opts->item_bytes, LEAT_CHANNEL_ITEM_BYTES_MAX);
	if (opts->capacity > LEAT_CHANNEL_CAPACITY_MAX)
		return leat__error(err, LEAT_EINVAL,
			"capacity %u: 0 to %u are accepted", opts->capacity,
			LEAT_CHANNEL_CAPACITY_MAX);
	if (opts->capacity_bytes && opts->item_bytes)
		return leat__error(err, LEAT_EINVAL,
			"capacity_bytes: for frames only (item_bytes = 0); "
			"items of one size are limited by capacity");
	if (opts->publish_items > 1 &&
		(opts->flags & LEAT_CHANNEL_MANY_SENDERS ||
			opts->publish_items > opts->capacity))
		return leat__error(err, LEAT_EINVAL,
			"publish_items %u: one sender only, and at most the "
			"capacity, %u",
			opts->publish_items, opts->capacity);
	return LEAT_OK;
}

static int
channel_check_window(
	const struct leat_channel_opts *opts, struct leat_error *err)
{
	uint32_t window_max =
		opts->window_max ? opts->window_max : opts->capacity;

	if (window_max > opts->capacity)
		return leat__error(err, LEAT_EINVAL,
			"window_max %u: at most the capacity, %u",
			opts->window_max, opts->capacity);
	if (opts->window_min > window_max)
		return leat__error(err, LEAT_EINVAL,
			"window_min %u: at most window_max, %u",
			opts->window_min, window_max);
	return LEAT_OK;
}

static int
channel_check(const struct leat_channel_opts *opts, struct leat_error *err)
{
	uint32_t known = LEAT_CHANNEL_MANY_SENDERS |
		LEAT_CHANNEL_MANY_RECEIVERS | LEAT_CHANNEL_GRANTS;

	if (opts->flags & ~known)
		return leat__error(err, LEAT_EINVAL,
			"channel flags %#x: only %#x are known", opts->flags,
			known);
	if (opts->reserved)
		return leat__error(err, LEAT_EINVAL,
			"reserved %u: 0 is accepted", opts->reserved);
	if (opts->capacity == 0 &&
		(opts->flags & LEAT_CHANNEL_GRANTS || opts->capacity_bytes ||
			opts->window_delay_ns))
		return leat__error(err, LEAT_EINVAL,
			"capacity 0: a rendezvous has no credit to grant, to "
			"limit in bytes or to adapt");
	LEAT_TRY(channel_check_sizes(opts, err));
	return channel_check_window(opts, err);
}

static uint64_t
channel_ring_size(const struct leat_channel *ch)
{
	/* with one cell, the number for "taken" and for "free" are the same */
	uint64_t least =
		leat__max_u64(ch->capacity, ch->kind == CHANNEL_MANY ? 2 : 1);
	uint64_t n = 1;

	while (n < least)
		n *= 2;
	return n;
}

static int
channel_alloc_cells(struct leat_channel *ch)
{
	uint64_t n_cells = channel_ring_size(ch);

	ch->cell_bytes = ch->item_bytes;
	if (ch->kind == CHANNEL_RENDEZVOUS)
		return LEAT_OK;
	if (ch->kind == CHANNEL_MANY)
		ch->cell_bytes = (uint32_t)leat__round_up(
			sizeof(uint64_t) + ch->item_bytes, sizeof(uint64_t));
	ch->mask = n_cells - 1;
	ch->cells = ch->env->alloc(ch->env, n_cells * ch->cell_bytes);
	if (!ch->cells)
		return LEAT_ENOMEM;
	if (ch->kind == CHANNEL_MANY)
		for (uint64_t k = 0; k < n_cells; k++)
			*(uint64_t *)(void *)(ch->cells + k * ch->cell_bytes) =
				k;
	return LEAT_OK;
}

static void
channel_fill_window(
	struct leat_channel *ch, const struct leat_channel_opts *opts)
{
	ch->window_delay_ns = opts->window_delay_ns;
	ch->window_max = opts->window_max ? opts->window_max : ch->capacity;
	ch->window_min = opts->window_min ? opts->window_min : 1;
	ch->window = ch->window_max;
	if (ch->window_delay_ns)
		ch->window_at_ns = ch->env->now_ns(ch->env);
}

static void
channel_fill(struct leat_channel *ch, const struct leat_channel_opts *opts)
{
	uint32_t many = LEAT_CHANNEL_MANY_SENDERS | LEAT_CHANNEL_MANY_RECEIVERS;

	ch->is_frames = opts->item_bytes == 0;
	ch->item_bytes = ch->is_frames ? (uint32_t)sizeof(struct leat_frame *)
				       : opts->item_bytes;
	ch->capacity = opts->capacity;
	ch->kind = opts->capacity == 0 ? CHANNEL_RENDEZVOUS
		: opts->flags & many   ? CHANNEL_MANY
				       : CHANNEL_ONE;
	ch->publish_items = opts->publish_items ? opts->publish_items : 1;
	ch->publish_at = ch->publish_items;
	ch->is_granted = (opts->flags & LEAT_CHANNEL_GRANTS) != 0;
	ch->capacity_bytes = opts->capacity_bytes;
	ch->spin_ns = opts->spin_ns == LEAT_SPIN_NONE ? 0
		: opts->spin_ns                       ? opts->spin_ns
						      : CHANNEL_SPIN_NS;
	ch->is_spin_own = opts->spin_ns == 0;
	ch->n_senders = opts->n_senders ? opts->n_senders : 1;
	ch->n_receivers = opts->n_receivers ? opts->n_receivers : 1;
	channel_fill_window(ch, opts);
	ch->is_limited = ch->is_granted || ch->window_delay_ns ||
		ch->window < channel_ring_size(ch);
	ch->is_word = ch->kind == CHANNEL_ONE &&
		ch->item_bytes == sizeof(uint64_t) && !ch->capacity_bytes &&
		!ch->is_granted && !ch->window_delay_ns;
	ch->send_end = ch->is_word ? ch->window_max : 0;
	if (opts->name)
		strncpy(ch->name, opts->name, sizeof(ch->name) - 1);
}

static void
channel_init_sides(
	struct leat_channel *ch, const struct leat_channel_opts *opts)
{
	bool is_met = ch->kind == CHANNEL_RENDEZVOUS;

	/* a rendezvous does all under its lock; the others begin unfenced, and
	 * a side on which nobody waits stays so */
	leat__side_init(&ch->senders, ch->env,
		is_met || opts->flags & LEAT_CHANNEL_MANY_SENDERS, is_met,
		NULL);
	leat__side_init(&ch->receivers, ch->env,
		is_met || opts->flags & LEAT_CHANNEL_MANY_RECEIVERS, is_met,
		is_met ? rendezvous_lock(ch) : NULL);
	ch->senders.is_timed = ch->receivers.is_timed = ch->spin_ns != 0;
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
	ch = env->alloc(env, sizeof(*ch));
	if (!ch)
		return leat__error(err, LEAT_ENOMEM, "no memory for a channel");
	ch->env = env;
	ch->ctx = ctx;
	channel_fill(ch, &full);
	if (channel_alloc_cells(ch) < 0) {
		env->free(env, ch);
		return leat__error(err, LEAT_ENOMEM,
			"no memory for a channel of %u items of %u bytes",
			full.capacity, full.item_bytes);
	}
	channel_init_sides(ch, &full);
	ch->wait.after.fn = channel_after;
	ch->wait.after.user = ch;
	ch->wait.describe = channel_wait_describe;
	if (ctx)
		leat__ctx_wait_begin(ctx, &ch->wait);
	*ch_out = ch;
	return LEAT_OK;
}

void
leat_channel_destroy(struct leat_channel *ch)
{
	if (!ch)
		return;
	if (ch->ctx)
		leat__ctx_wait_end(ch->ctx, &ch->wait);
	leat__ring_publish(ch);
	if (ch->kind != CHANNEL_RENDEZVOUS)
		leat__ring_drain(ch);
	ch->env->free(ch->env, ch->cells);
	ch->env->free(ch->env, ch);
}

/* ---- credit ------------------------------------------------------------------------ */

void
leat_channel_grant(struct leat_channel *ch, uint32_t n, uint64_t n_bytes)
{
	LEAT_ASSERT(ch->is_granted);
	if (ch->kind == CHANNEL_ONE) {
		/* release: pairs with the loads in ring.c */
		leat__store_release(&ch->granted_bytes,
			leat__load_relaxed(&ch->granted_bytes) + n_bytes);
		leat__store_release(
			&ch->granted, leat__load_relaxed(&ch->granted) + n);
	} else {
		/* pairs with many_take_bytes and many_is_allowed in ring.c */
		leat__sub_seq(&ch->bytes_used, n_bytes);
		leat__add_seq(&ch->granted, n);
	}
	leat__side_tell(&ch->senders, ch->capacity_bytes ? UINT32_MAX : n);
}

static uint64_t
channel_tail(const struct leat_channel *ch)
{
	return leat__load_relaxed(&ch->tail) & ~CHANNEL_TAIL_CLOSED;
}

uint32_t
leat_channel_credit(const struct leat_channel *ch)
{
	/* back first: so used is never less than it was */
	/* acquire: pairs with the releases and adds that give back */
	uint64_t back = leat__load_acquire(channel_given_back(ch));
	uint64_t window = leat__load_relaxed(&ch->window);
	uint64_t used;

	if (ch->kind == CHANNEL_RENDEZVOUS)
		return (uint32_t)leat__load_relaxed(&ch->receivers.waiting);
	used = (ch->kind == CHANNEL_ONE ? ch->tail_local : channel_tail(ch)) -
		back;
	return used < window ? (uint32_t)(window - used) : 0;
}

uint32_t
leat_channel_queued(const struct leat_channel *ch)
{
	/* acquire, and head first: the tail is at least as new */
	uint64_t head = leat__load_acquire(&ch->head);
	uint64_t n = channel_tail(ch) - head;

	return n <= ch->mask + 1 ? (uint32_t)n : 0;
}

uint32_t
leat_channel_window(const struct leat_channel *ch)
{
	return leat__load_relaxed(&ch->window);
}

/* Half way to what is drained in window_delay_ns. */
static void
channel_set_window(struct leat_channel *ch, uint64_t n, uint64_t elapsed_ns)
{
	uint64_t window = leat__load_relaxed(&ch->window);
	double drained =
		(double)n * (double)ch->window_delay_ns / (double)elapsed_ns;
	uint64_t target =
		drained < ch->window_max ? (uint64_t)drained : ch->window_max;
	uint64_t next;

	target = leat__max_u64(target, ch->window_min);
	next = target > window ? window + (target - window + 1) / 2
			       : window - (window - target + 1) / 2;
	/* who found the channel empty did not drain as fast as it could */
	if (next > window || !leat__load_relaxed(&ch->window_was_empty))
		leat__store_relaxed(&ch->window, (uint32_t)next);
	if (next > window)
		leat__side_tell(&ch->senders, (uint32_t)(next - window));
}

static void
channel_adapt_now(struct leat_channel *ch)
{
	int64_t now_ns = ch->env->now_ns(ch->env);
	uint64_t elapsed_ns = (uint64_t)(now_ns - ch->window_at_ns);
	uint64_t head = leat__load_relaxed(&ch->head);

	if (elapsed_ns <
		leat__max_u64(ch->window_delay_ns, CHANNEL_ADAPT_LEAST_NS))
		return;
	channel_set_window(ch, head - ch->window_head, elapsed_ns);
	ch->window_at_ns = now_ns;
	ch->window_head = head;
	leat__store_relaxed(&ch->window_was_empty, 0u);
}

void
leat__channel_adapt(struct leat_channel *ch, bool is_empty)
{
	if (!ch->window_delay_ns)
		return;
	if (is_empty) {
		leat__store_relaxed(&ch->window_was_empty, 1u);
		return;
	}
	/* one receiver at a time; pairs with the release below */
	if (leat__swap_acq_rel(&ch->window_busy, 1u))
		return;
	channel_adapt_now(ch);
	leat__store_release(&ch->window_busy, 0u);
}

void
leat_channel_set_frontier(struct leat_channel *ch, uint64_t stamp)
{
	LEAT_ASSERT(stamp >= leat__load_relaxed(&ch->frontier));
	leat__ring_publish(ch);
	/* release: pairs with the acquire in leat_channel_frontier */
	leat__store_release(&ch->frontier, stamp);
}

uint64_t
leat_channel_frontier(const struct leat_channel *ch)
{
	/* acquire: pairs with the release in leat_channel_set_frontier */
	return leat__load_acquire(&ch->frontier);
}

/* ---- the short way ------------------------------------------------------------------ */

/*
 * What ring.c does, without its cases: items of a word, one sender and one
 * receiver, nothing in the way. The order of the accesses is explained there.
 * How far it goes is found there too: send_end <= what was given back + the
 * window, recv_end <= tail, and both stay 0 where items are not words. So one
 * comparison says whether there is credit or an item, and that this is the way.
 */

#define WORD_LINE (LEAT__CACHE_LINE / sizeof(uint64_t))

/* Apart, so that nothing is prepared for it. */
static __attribute__((noinline)) int
word_tell_sent(struct leat_channel *ch)
{
	leat__side_tell(&ch->receivers, ch->publish_items);
	return LEAT_OK;
}

static __attribute__((noinline)) int
word_tell_taken(struct leat_channel *ch)
{
	leat__side_tell(&ch->senders, 1);
	return LEAT_OK;
}

static inline bool
word_is_to_tell(const struct leat__side *side)
{
	/* in this order: as leat__side_tell */
	uint64_t is_fenced = leat__load_seq(&side->is_fenced);
	uint64_t waiting = leat__load_seq(&side->waiting);

	return leat__unlikely(is_fenced | waiting);
}

static inline bool
word_can_send(const struct leat_channel *ch)
{
	return leat__likely(!ring_ended(ch) && ch->tail_local < ch->send_end);
}

/* Have the line for oneself: it will be written. Compilers have it only where
 * they are told of a newer processor; older ones pass over it. */
static inline void
word_prefetch(const void *at)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)at));
#else
	__builtin_prefetch(at, 1);
#endif
}

static inline int
word_send(struct leat_channel *ch, const void *item)
{
	uint64_t *cells = (void *)ch->cells;
	uint64_t tail = ch->tail_local;

	/* some lines on, if they are read: they lie in the receiver's cache */
	if (tail % WORD_LINE == 0 && ch->send_end - tail > 8 * WORD_LINE)
		word_prefetch(&cells[(tail + 8 * WORD_LINE) & ch->mask]);
	memcpy(&cells[tail & ch->mask], item, sizeof(uint64_t));
	ch->tail_local = ++tail;
	if (tail < ch->publish_at)
		return LEAT_OK;
	ch->publish_at = tail + ch->publish_items;
	/* release: pairs with the loads of tail by the receiver */
	leat__store_release(&ch->tail, tail);
	return word_is_to_tell(&ch->receivers) ? word_tell_sent(ch) : LEAT_OK;
}

static inline bool
word_can_recv(const struct leat_channel *ch, uint64_t head)
{
	return leat__likely(!(ring_ended(ch) & ~CHANNEL_SEND_CLOSED) &&
		head < ch->recv_end);
}

static inline int
word_recv(struct leat_channel *ch, uint64_t head, void *item_out)
{
	const uint64_t *cells = (const void *)ch->cells;

	/* the line after next, if it is written: it lies in the sender's cache
	 */
	if (head % WORD_LINE == 0 && ch->recv_end - head > 2 * WORD_LINE)
		__builtin_prefetch(&cells[(head + 2 * WORD_LINE) & ch->mask]);
	memcpy(item_out, &cells[head & ch->mask], sizeof(uint64_t));
	/* release: the cell was read; pairs with one_credit */
	leat__store_release(&ch->head, head + 1);
	return word_is_to_tell(&ch->senders) ? word_tell_taken(ch) : LEAT_OK;
}

/* ---- send ------------------------------------------------------------------------- */

static bool
channel_is_done(struct leat_ctx *ctx)
{
	return ctx && leat__ctx_is_done(ctx);
}

int
leat_channel_try_send(struct leat_channel *ch, const void *item)
{
	if (leat__unlikely(ch->kind == CHANNEL_RENDEZVOUS))
		return leat__rendezvous_try(ch, true, (void *)(uintptr_t)item);
	return leat__ring_send(ch, item);
}

/* All cases, waiting. Not inlined, so that the short way needs no stack. */
static __attribute__((noinline)) int
channel_send(struct leat_channel *ch, const void *item, struct leat_ctx *ctx,
	int64_t deadline_ns)
{
	int rc = leat_channel_try_send(ch, item);

	if (leat__likely(rc != LEAT_EAGAIN))
		return rc;
	return leat__select_one(
		ch, true, (void *)(uintptr_t)item, ctx, deadline_ns);
}

int
leat_channel_send_until(struct leat_channel *ch, const void *item,
	struct leat_ctx *ctx, int64_t deadline_ns)
{
	if (channel_is_done(ctx))
		return LEAT_ECANCELED;
	return word_can_send(ch) ? word_send(ch, item)
				 : channel_send(ch, item, ctx, deadline_ns);
}

int
leat_channel_send(struct leat_channel *ch, const void *item)
{
	return word_can_send(ch) ? word_send(ch, item)
				 : channel_send(ch, item, NULL, LEAT_NEVER);
}

int
leat_channel_send_burst(struct leat_channel *ch, const void *items, uint32_t n)
{
	int rc;

	if (n == 0)
		return 0;
	if (ch->kind != CHANNEL_RENDEZVOUS)
		rc = leat__ring_send_burst(ch, items, n);
	else
		rc = leat__rendezvous_try(ch, true, (void *)(uintptr_t)items);
	if (rc == LEAT_OK)
		return 1;
	return rc == LEAT_EAGAIN ? 0 : rc;
}

int
leat_channel_send_bulk(struct leat_channel *ch, const void *items, uint32_t n,
	struct leat_ctx *ctx, int64_t deadline_ns, uint32_t *n_sent_out)
{
	const char *at = items;
	uint32_t n_sent = 0;
	int rc = LEAT_OK;

	while (n_sent < n && rc >= 0) {
		const char *next = at + (size_t)n_sent * ch->item_bytes;

		rc = channel_is_done(ctx)
			? LEAT_ECANCELED
			: leat_channel_send_burst(ch, next, n - n_sent);
		if (rc > 0) {
			n_sent += (uint32_t)rc;
		} else if (rc == 0) {
			rc = leat__select_one(ch, true, (void *)(uintptr_t)next,
				ctx, deadline_ns);
			n_sent += rc == LEAT_OK;
		}
	}
	if (n_sent_out)
		*n_sent_out = n_sent;
	return rc < 0 ? rc : LEAT_OK;
}

void
leat_channel_flush(struct leat_channel *ch)
{
	leat__ring_publish(ch);
}

/* ---- receive ----------------------------------------------------------------------- */

int
leat_channel_try_recv(struct leat_channel *ch, void *item_out)
{
	if (leat__unlikely(ch->kind == CHANNEL_RENDEZVOUS))
		return leat__rendezvous_try(ch, false, item_out);
	return leat__ring_recv(ch, item_out);
}

/* All cases, waiting. Not static: it is called from LEAT__LEAP. */
__attribute__((used)) int leat__channel_recv_wait(struct leat_channel *ch,
	void *item_out, struct leat_ctx *ctx, int64_t deadline_ns);

int
leat__channel_recv_wait(struct leat_channel *ch, void *item_out,
	struct leat_ctx *ctx, int64_t deadline_ns)
{
	int rc = leat_channel_try_recv(ch, item_out);

	if (leat__likely(rc != LEAT_EAGAIN))
		return rc;
	return leat__select_one(ch, false, item_out, ctx, deadline_ns);
}

#if LEAT__CAN_LEAP
int leat__channel_recv_leap(struct leat_channel *ch, void *item_out,
	struct leat_ctx *ctx, int64_t deadline_ns);
LEAT__LEAP(leat__channel_recv_leap, leat__channel_recv_wait);
#else
#define leat__channel_recv_leap leat__channel_recv_wait
#endif

int
leat_channel_recv_until(struct leat_channel *ch, void *item_out,
	struct leat_ctx *ctx, int64_t deadline_ns)
{
	uint64_t head = leat__load_relaxed(&ch->head);

	if (channel_is_done(ctx))
		return LEAT_ECANCELED;
	return word_can_recv(ch, head)
		? word_recv(ch, head, item_out)
		: leat__channel_recv_leap(ch, item_out, ctx, deadline_ns);
}

int
leat_channel_recv(struct leat_channel *ch, void *item_out)
{
	uint64_t head = leat__load_relaxed(&ch->head);

	return word_can_recv(ch, head)
		? word_recv(ch, head, item_out)
		: leat__channel_recv_leap(ch, item_out, NULL, LEAT_NEVER);
}

int
leat_channel_recv_burst(
	struct leat_channel *ch, void *items_out, uint32_t n_max)
{
	int rc;

	if (n_max == 0)
		return 0;
	if (ch->kind != CHANNEL_RENDEZVOUS)
		rc = leat__ring_recv_burst(ch, items_out, n_max);
	else
		rc = leat__rendezvous_try(ch, false, items_out);
	if (rc == LEAT_OK)
		return 1;
	return rc == LEAT_EAGAIN ? 0 : rc;
}

int
leat_channel_recv_bulk(struct leat_channel *ch, void *items_out, uint32_t n,
	struct leat_ctx *ctx, int64_t deadline_ns, uint32_t *n_received_out)
{
	char *at = items_out;
	uint32_t n_taken = 0;
	int rc = LEAT_OK;

	while (n_taken < n && rc >= 0) {
		char *next = at + (size_t)n_taken * ch->item_bytes;

		rc = channel_is_done(ctx)
			? LEAT_ECANCELED
			: leat_channel_recv_burst(ch, next, n - n_taken);
		if (rc > 0) {
			n_taken += (uint32_t)rc;
		} else if (rc == 0) {
			rc = leat__select_one(
				ch, false, next, ctx, deadline_ns);
			n_taken += rc == LEAT_OK;
		}
	}
	if (n_received_out)
		*n_received_out = n_taken;
	return rc < 0 ? rc : LEAT_OK;
}
