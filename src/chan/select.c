/*
 * chan/select.c -- waiting: for one channel, or for the first of several.
 *
 * Keeps: arm everywhere, then look everywhere, then park. A waiter is claimed
 * once: by a partner of a rendezvous (the item has moved: that case is done,
 * and no other may be), or with a hint (look again). It lets nobody else's
 * item go unnoticed: who was hinted at a channel and leaves with something
 * else wakes the next one there. The rendezvous channels of a select are
 * locked together, in the order of their addresses.
 * Threads: any. Source: Go's select; tests/model/select.pml, rendezvous.pml.
 */
#include <ck_pr.h>

#include "chan/channel.h"

#define SELECT_PAUSES      16 /* between two looks at the clock */
#define SELECT_SLIP        64 /* pauses: about 1 us */
#define SELECT_SLIP_SHARE  16 /* of the capacity: a pause each */
#define SELECT_SLIP_MANY   4  /* times that, where ends are many */
#define SELECT_PARKS_MOST  64 /* after spins in vain */
#define SELECT_VAIN_DOUBLE 6
#define SELECT_SPIN_MOST   200000 /* ns, of a length chosen here */
#define SELECT_WAKE_WEIGHT 4      /* of the last in the mean: 1 / 4 */
#define SELECT_NONE        UINT32_MAX

static struct leat__side *
channel_side(struct leat_channel *ch, bool is_send)
{
	return is_send ? &ch->senders : &ch->receivers;
}

static int
channel_try(struct leat_channel *ch, bool is_send, void *item)
{
	if (ch->kind == CHANNEL_RENDEZVOUS)
		return leat__rendezvous_try(ch, is_send, item);
	return is_send ? leat__ring_send(ch, item) : leat__ring_recv(ch, item);
}

/* A look: would a try be anything but LEAT_EAGAIN? */
static bool
channel_can(struct leat_channel *ch, bool is_send, void *item)
{
	if (ch->kind == CHANNEL_RENDEZVOUS)
		return channel_ended(ch) ||
			leat__load_relaxed(
				&channel_side(ch, !is_send)->waiting) != 0;
	return is_send ? leat__ring_can_send(ch, item)
		       : leat__ring_can_recv(ch);
}

/* ---- the context of one wait -------------------------------------------------------- */

/* What a dump of the context says of a wait. */
struct select_wait {
	struct leat__ctx_wait wait;
	struct leat__waiter *waiter;
	const struct leat_channel *ch; /* the first, of a select */
	bool is_send;
	uint32_t n; /* cases */
};

static void
select_after(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	leat__waiter_claim(user, LEAT__TOKEN_CANCEL);
}

/* "fiber 7 (serve) receives from channel requests, select of 3" */
static void
select_describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	const struct select_wait *w = (const struct select_wait *)wait;

	leat__waiter_describe(w->waiter, text);
	leat__text_add(text, w->is_send ? " sends to " : " receives from ");
	leat__channel_describe(w->ch, text);
	if (w->n > 1)
		leat__text_add(text, ", select of %u", w->n);
}

/* What a dump of fibers says of a wait at a channel. */
static inline const char *
select_says(bool is_send)
{
	return is_send ? "sends to a channel" : "receives from a channel";
}

/* Park until claimed. w: filled but for the callback. */
static uint32_t
select_park(struct select_wait *w, struct leat_ctx *ctx, int64_t deadline_ns)
{
	const struct leat__env *env = w->waiter->env;
	uint32_t token;

	w->waiter->what = w->n > 1 ? "selects" : select_says(w->is_send);
	if (!ctx)
		return leat__waiter_wait(w->waiter, deadline_ns);
	w->wait.after.fn = select_after;
	w->wait.after.user = w->waiter;
	w->wait.describe = w->ch ? select_describe : NULL;
	w->wait.since_ns = env->now_ns(env);
	leat__ctx_wait_begin(ctx, &w->wait);
	token = leat__waiter_wait(w->waiter, deadline_ns);
	leat__ctx_wait_end(ctx, &w->wait);
	return token;
}

static bool
select_is_hint(uint32_t token)
{
	return (token & LEAT__TOKEN_HINT) != 0;
}

static bool
select_is_done(uint32_t token)
{
	return (token & LEAT__TOKEN_DONE) != 0;
}

/* ---- spinning ------------------------------------------------------------------------ */

/* Spins that are in vain are tried ever more seldom. */
static bool
spin_is_due(struct leat__side *side)
{
	uint32_t n_to_park = leat__load_relaxed(&side->n_to_park);

	if (n_to_park > 0)
		leat__store_relaxed(&side->n_to_park, n_to_park - 1);
	return n_to_park == 0;
}

static void
spin_note(struct leat__side *side, bool is_vain)
{
	uint32_t n_vain = leat__load_relaxed(&side->n_vain_spins);

	if (is_vain) {
		leat__store_relaxed(&side->n_to_park,
			n_vain < SELECT_VAIN_DOUBLE ? (1u << n_vain) - 1
						    : SELECT_PARKS_MOST);
		leat__store_relaxed(&side->n_vain_spins, n_vain + 1);
	} else if (n_vain > 0) {
		leat__store_relaxed(&side->n_vain_spins, 0u);
	}
}

/*
 * How late it ran after it was woken. Two ends that both park are at each
 * other's mercy: each waits for as long as the other needs to come back, which
 * is longer than a short spin, so that they would park for ever by turns.
 */
static void
spin_note_wake(struct leat__side *side, int64_t late_ns)
{
	uint32_t mean_ns = leat__load_relaxed(&side->wake_ns);

	if (late_ns < 0)
		return;
	if (late_ns > 2 * SELECT_SPIN_MOST)
		late_ns = 2 * SELECT_SPIN_MOST;
	if (mean_ns == 0)
		mean_ns = (uint32_t)late_ns;
	mean_ns -= mean_ns / SELECT_WAKE_WEIGHT;
	mean_ns += (uint32_t)late_ns / SELECT_WAKE_WEIGHT;
	leat__store_relaxed(&side->wake_ns, mean_ns);
}

/*
 * As long as waking either end takes, and half as long again: then no choice
 * would have cost less than half of it, and who was woken finds the other one
 * awake. If that takes very long the cores are busy, and spinning would only
 * keep them so. What was asked for is the least, also when nothing is due.
 * Source: Karlin et al., Competitive Randomized Algorithms for Non-Uniform
 * Problems, 1990 (the ski rental).
 */
static uint64_t
spin_length_ns(const struct leat_channel *ch, bool is_due)
{
	uint64_t wake_ns =
		leat__max_u64(leat__load_relaxed(&ch->receivers.wake_ns),
			leat__load_relaxed(&ch->senders.wake_ns));

	wake_ns += wake_ns / 2;
	if (!is_due)
		return ch->is_spin_own ? 0 : ch->spin_ns;
	return wake_ns <= SELECT_SPIN_MOST ? leat__max_u64(ch->spin_ns, wake_ns)
					   : ch->spin_ns;
}

/* One spin of a thread. */
struct spin {
	struct leat__side *side;
	int64_t end_ns;
	bool is_due; /* what comes of it is noted */
};

/* Not longer than the wait itself may last. false: park at once. */
static bool
spin_begin(struct spin *spin, const struct leat_channel *ch,
	struct leat__side *side, int64_t deadline_ns)
{
	uint64_t length_ns;
	int64_t now_ns;

	if (!ch->spin_ns)
		return false;
	spin->side = side;
	spin->is_due = spin_is_due(side);
	length_ns = spin_length_ns(ch, spin->is_due);
	if (!length_ns)
		return false;
	now_ns = ch->env->now_ns(ch->env);
	spin->end_ns = length_ns < (uint64_t)(LEAT_NEVER - now_ns)
		? now_ns + (int64_t)length_ns
		: LEAT_NEVER;
	if (spin->end_ns > deadline_ns)
		spin->end_ns = deadline_ns;
	return true;
}

static void
spin_end(const struct spin *spin, bool is_vain)
{
	if (spin->is_due)
		spin_note(spin->side, is_vain);
}

static bool
spin_goes_on(const struct leat__env *env, struct leat_ctx *ctx, int64_t end_ns)
{
	return env->now_ns(env) < end_ns && !(ctx && leat__ctx_is_done(ctx));
}

/*
 * Pauses between two looks. Each look takes the other end's line away from it,
 * and finds one more thing: two ends at one speed would hand that line to and
 * fro with every item. So who waits lets some gather: a sender a share of the
 * ring, which keeps its receiver busy meanwhile; a receiver what comes in a
 * microsecond, if there was more than a single item the last time. Where there
 * are many ends a look disturbs more of them, and they let more gather.
 * Source: Giacomoni et al., FastForward, 2008 ("temporal slipping").
 */
static uint32_t
spin_slip(const struct leat_channel *ch, bool is_send)
{
	uint32_t share = ch->capacity / SELECT_SLIP_SHARE;

	if (ch->kind == CHANNEL_RENDEZVOUS || share <= 1)
		return 1;
	if (!is_send && leat__load_relaxed(&ch->n_refilled) <= 1)
		return 1;
	share = share < SELECT_SLIP ? share : SELECT_SLIP;
	return ch->kind == CHANNEL_MANY ? share * SELECT_SLIP_MANY : share;
}

/* The receiver of a ONE notes it where it takes; of many, any does. */
static void
spin_note_refilled(struct leat_channel *ch, bool is_send)
{
	if (ch->kind == CHANNEL_MANY && !is_send)
		leat__store_relaxed(
			&ch->n_refilled, (uint64_t)leat_channel_queued(ch));
}

static bool
spin_until_can(struct leat_channel *ch, bool is_send, void *item,
	struct leat_ctx *ctx, int64_t end_ns)
{
	uint32_t n_slip = spin_slip(ch, is_send);

	do {
		for (uint32_t n = 0; n < SELECT_PAUSES; n += n_slip) {
			if (channel_can(ch, is_send, item)) {
				spin_note_refilled(ch, is_send);
				return true;
			}
			for (uint32_t k = 0; k < n_slip; k++)
				ck_pr_stall();
		}
	} while (spin_goes_on(ch->env, ctx, end_ns));
	return false;
}

/* Threads only: a fiber gives its worker away. true: look again before
 * waiting. */
static bool
spin(struct leat_channel *ch, bool is_send, void *item, struct leat_ctx *ctx,
	int64_t deadline_ns)
{
	struct spin s;
	bool is_there;

	if (!spin_begin(&s, ch, channel_side(ch, is_send), deadline_ns))
		return false;
	is_there = spin_until_can(ch, is_send, item, ctx, s.end_ns);
	spin_end(&s, !is_there);
	return is_there;
}

/* ---- one ring -------------------------------------------------------------------------- */

/* Arm, look, park, once. Returns the token that ended it. */
static uint32_t
ring_park(struct leat_channel *ch, bool is_send, void *item,
	struct leat_ctx *ctx, int64_t deadline_ns)
{
	struct leat__side *side = channel_side(ch, is_send);
	struct leat__waiter waiter;
	struct leat__arm arm = {.waiter = &waiter};
	struct select_wait w = {
		.waiter = &waiter, .ch = ch, .is_send = is_send, .n = 1};
	uint32_t token;

	leat__waiter_init(&waiter, ch->env);
	leat__side_arm(side, &arm, channel_position(ch, is_send));
	token = channel_can(ch, is_send, item)
		? leat__waiter_leave(&waiter)
		: select_park(&w, ctx, deadline_ns);
	leat__side_disarm(side, &arm);
	spin_note_wake(side, leat__waiter_late_ns(&waiter));
	return token;
}

/* A fiber's wait without a context or a deadline. false: not this way. */
static inline bool
ring_rest(struct leat_channel *ch, struct leat__strand *strand, bool is_send,
	void *item)
{
	struct leat__side *side = channel_side(ch, is_send);

	if (!leat__side_rest(side, strand, channel_position(ch, is_send)))
		return false;
	if (channel_can(ch, is_send, item) && leat__side_unrest(side, strand))
		return true;
	leat__store_relaxed(&strand->waits_for, select_says(is_send));
	strand->rest(strand);
	leat__store_relaxed(&strand->waits_for, NULL);
	return true;
}

/* The same of a thread. */
static inline bool
ring_doze(struct leat_channel *ch, bool is_send, void *item)
{
	struct leat__side *side = channel_side(ch, is_send);

	if (!leat__side_doze(side, channel_position(ch, is_send)))
		return false;
	if (channel_can(ch, is_send, item))
		leat__side_undoze(side);
	else
		spin_note_wake(side, leat__side_sleep(side));
	return true;
}

/* After a wait: what it came for, or why it ends. */
static int
ring_wake(struct leat_channel *ch, bool is_send, void *item,
	struct leat_ctx *ctx, uint32_t token)
{
	int rc;

	if (token == LEAT__TOKEN_CANCEL || (ctx && leat__ctx_is_done(ctx))) {
		/* told of something it does not take: somebody else may */
		if (select_is_hint(token) && channel_side(ch, is_send)->is_many)
			leat__side_wake(channel_side(ch, is_send), 1);
		return LEAT_ECANCELED;
	}
	/* if another one has been faster, that one tells the next */
	rc = channel_try(ch, is_send, item);
	return rc == LEAT_EAGAIN && token == LEAT__TOKEN_DEADLINE
		? LEAT_ETIMEDOUT
		: rc;
}

/* Apart, so that a fiber's wait needs few registers. */
static __attribute__((noinline)) int
ring_wait_once(struct leat_channel *ch, const struct leat__strand *strand,
	bool is_send, void *item, struct leat_ctx *ctx, int64_t deadline_ns)
{
	bool is_short = !strand && !ctx && deadline_ns == LEAT_NEVER;

	if (!strand && spin(ch, is_send, item, ctx, deadline_ns))
		return channel_try(ch, is_send, item);
	if (is_short && ring_doze(ch, is_send, item))
		return channel_try(ch, is_send, item);
	return ring_wake(ch, is_send, item, ctx,
		ring_park(ch, is_send, item, ctx, deadline_ns));
}

static inline int
ring_wait(struct leat_channel *ch, bool is_send, void *item,
	struct leat_ctx *ctx, int64_t deadline_ns)
{
	struct leat__strand *strand = *leat__thread_slot();
	int rc = LEAT_EAGAIN;

	if (is_send) /* what is held back is the sender's alone */
		leat__ring_publish(ch);
	if (strand && !ctx && deadline_ns == LEAT_NEVER)
		while (rc == LEAT_EAGAIN &&
			ring_rest(ch, strand, is_send, item))
			rc = channel_try(ch, is_send, item);
	while (rc == LEAT_EAGAIN)
		rc = ring_wait_once(
			ch, strand, is_send, item, ctx, deadline_ns);
	return rc;
}

/* ---- one rendezvous -------------------------------------------------------------------- */

/* Spin for a partner while one may already meet this waiter. */
static void
rendezvous_spin(struct leat_channel *ch, bool is_send,
	const struct leat__waiter *waiter, struct leat_ctx *ctx,
	int64_t deadline_ns)
{
	struct leat__side *side = channel_side(ch, is_send);
	struct spin s;
	bool is_open = true;

	if (waiter->strand || !spin_begin(&s, ch, side, deadline_ns))
		return;
	do {
		for (int k = 0; k < SELECT_PAUSES && is_open; k++) {
			ck_pr_stall();
			is_open = leat__load_relaxed(&waiter->token) ==
				LEAT__TOKEN_OPEN;
		}
	} while (is_open && spin_goes_on(ch->env, ctx, s.end_ns));
	spin_end(&s, is_open);
}

static __attribute__((noinline)) int
rendezvous_wait_once(struct leat_channel *ch, bool is_send, void *item,
	struct leat_ctx *ctx, int64_t deadline_ns)
{
	struct leat__side *side = channel_side(ch, is_send);
	struct leat__lock *lock = rendezvous_lock(ch);
	struct leat__wakeup wakeup = {0};
	struct leat__waiter waiter;
	struct leat__arm arm = {.waiter = &waiter, .item = item};
	struct select_wait w = {
		.waiter = &waiter, .ch = ch, .is_send = is_send, .n = 1};
	uint32_t token;
	int rc;

	leat__waiter_init(&waiter, ch->env);
	leat__lock_take(lock, ch->env);
	rc = leat__rendezvous_ended(ch, is_send);
	if (rc == LEAT_EAGAIN)
		rc = leat__rendezvous_meet_locked(ch, is_send, item, &wakeup);
	if (rc == LEAT_EAGAIN)
		leat__side_push_locked(side, &arm);
	leat__lock_drop(lock, ch->env);
	leat__wakeup_do(&wakeup);
	if (rc != LEAT_EAGAIN)
		return rc;
	rendezvous_spin(ch, is_send, &waiter, ctx, deadline_ns);
	token = select_park(&w, ctx, deadline_ns);
	/* takes the lock: a partner who claimed has moved the item by then */
	leat__side_disarm(side, &arm);
	spin_note_wake(side, leat__waiter_late_ns(&waiter));
	if (select_is_done(token))
		return LEAT_OK;
	if (select_is_hint(token))
		return LEAT_EAGAIN;
	return token == LEAT__TOKEN_CANCEL ? LEAT_ECANCELED : LEAT_ETIMEDOUT;
}

int
leat__select_one(struct leat_channel *ch, bool is_send, void *item,
	struct leat_ctx *ctx, int64_t deadline_ns)
{
	int rc;

	if (ch->kind != CHANNEL_RENDEZVOUS)
		return ring_wait(ch, is_send, item, ctx, deadline_ns);
	do
		rc = rendezvous_wait_once(ch, is_send, item, ctx, deadline_ns);
	while (rc == LEAT_EAGAIN); /* a close or a cancel: look */
	return rc;
}

/* ---- several: their cases --------------------------------------------------------------- */

/* What a case's private words hold. */
struct select_place {
	struct leat__arm arm;
	struct leat_select_case *next; /* rendezvous, by address */
	uint64_t random;               /* first case: state, 0 = none yet */
};

_Static_assert(sizeof(struct select_place) <=
		sizeof(((struct leat_select_case *)0)->rest),
	"private words of a case");

static struct select_place *
case_place(struct leat_select_case *c)
{
	return (struct select_place *)(void *)c->rest;
}

static bool
case_is_send(const struct leat_select_case *c)
{
	return c->op == LEAT_SELECT_SEND;
}

static bool
case_is_met(const struct leat_select_case *c)
{
	return c->channel && c->channel->kind == CHANNEL_RENDEZVOUS;
}

static bool
case_can(const struct leat_select_case *c)
{
	return c->channel && channel_can(c->channel, case_is_send(c), c->item);
}

static int
case_try(struct leat_select_case *c)
{
	return c->channel ? channel_try(c->channel, case_is_send(c), c->item)
			  : LEAT_EAGAIN;
}

struct select {
	struct leat_select_case *cases;
	uint32_t n;
	const struct leat__env *env;
	uint32_t hinted;                /* case, or SELECT_NONE */
	struct leat_select_case *first; /* rendezvous, by address */
	uint32_t index;                 /* of the case that was done */
};

/* Source: Marsaglia, Xorshift RNGs, 2003. */
static uint64_t
select_random(struct select *s)
{
	uint64_t *random = &case_place(&s->cases[0])->random;

	if (*random == 0)
		*random = s->env->random(s->env) | 1;
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* A number below n, each about as likely. */
static uint32_t
select_below(struct select *s, uint32_t n)
{
	return (uint32_t)(((select_random(s) >> 32) * n) >> 32);
}

/* One of those that can be done, each as likely; SELECT_NONE. */
static uint32_t
select_pick(struct select *s)
{
	uint32_t picked = SELECT_NONE;
	uint32_t n_ready = 0;

	for (uint32_t k = 0; k < s->n; k++) {
		if (!case_can(&s->cases[k]))
			continue;
		n_ready++;
		if (n_ready == 1 || select_below(s, n_ready) == 0)
			picked = k;
	}
	return picked;
}

/* true: a case was done. */
static bool
select_try(struct select *s)
{
	uint32_t at = select_pick(s);

	if (at == SELECT_NONE)
		return false;
	/* another end may have been faster: then whichever can */
	for (uint32_t k = 0; k < s->n; k++) {
		uint32_t index = (at + k) % s->n;
		int rc = case_try(&s->cases[index]);

		if (rc == LEAT_EAGAIN)
			continue;
		s->cases[index].result = rc;
		s->index = index;
		return true;
	}
	return false;
}

/* ---- several: arming ---------------------------------------------------------------------- */

static void
select_prepare(struct select *s, struct leat__waiter *waiter)
{
	for (uint32_t k = 0; k < s->n; k++) {
		struct leat__arm *arm = &case_place(&s->cases[k])->arm;

		*arm = (struct leat__arm){.waiter = waiter,
			.index = k,
			.is_off = 1,
			.item = s->cases[k].item};
	}
}

/* The rendezvous channels, in the order of their addresses. */
static void
select_sort(struct select *s)
{
	s->first = NULL;
	for (uint32_t k = 0; k < s->n; k++) {
		struct leat_select_case *c = &s->cases[k];
		struct leat_select_case **at = &s->first;

		if (!case_is_met(c))
			continue;
		while (*at && (uintptr_t)(*at)->channel < (uintptr_t)c->channel)
			at = &case_place(*at)->next;
		case_place(c)->next = *at;
		*at = c;
	}
}

/* Take or drop the lock of each channel once. */
static void
select_locks(struct select *s, bool is_taken)
{
	const struct leat_channel *last = NULL;
	struct leat_select_case *c;

	for (c = s->first; c; c = case_place(c)->next) {
		if (c->channel == last)
			continue;
		last = c->channel;
		if (is_taken)
			leat__lock_take(rendezvous_lock(c->channel), s->env);
		else
			leat__lock_drop(rendezvous_lock(c->channel), s->env);
	}
}

/* With all locks held: meet a partner, or an end. */
static bool
select_meet_locked(struct select *s, struct leat__wakeup *wakeup_out)
{
	uint32_t start = select_below(s, s->n);

	for (uint32_t k = 0; k < s->n; k++) {
		uint32_t index = (start + k) % s->n;
		struct leat_select_case *c = &s->cases[index];
		int rc;

		if (!case_is_met(c))
			continue;
		rc = leat__rendezvous_ended(c->channel, case_is_send(c));
		if (rc == LEAT_EAGAIN)
			rc = leat__rendezvous_meet_locked(c->channel,
				case_is_send(c), c->item, wakeup_out);
		if (rc == LEAT_EAGAIN)
			continue;
		c->result = rc;
		s->index = index;
		return true;
	}
	return false;
}

/* Arm all rendezvous, unless one can be done. */
static bool
select_meet(struct select *s)
{
	struct leat__wakeup wakeup = {0};
	struct leat_select_case *c;
	bool is_done;

	if (!s->first)
		return false;
	select_locks(s, true);
	is_done = select_meet_locked(s, &wakeup);
	if (!is_done)
		for (c = s->first; c; c = case_place(c)->next)
			leat__side_push_locked(
				channel_side(c->channel, case_is_send(c)),
				&case_place(c)->arm);
	select_locks(s, false);
	leat__wakeup_do(&wakeup);
	return is_done;
}

static void
select_arm_rings(struct select *s)
{
	for (uint32_t k = 0; k < s->n; k++) {
		struct leat_select_case *c = &s->cases[k];
		bool is_send = case_is_send(c);

		if (!c->channel || case_is_met(c))
			continue;
		if (is_send)
			leat__ring_publish(c->channel);
		leat__side_arm(channel_side(c->channel, is_send),
			&case_place(c)->arm,
			channel_position(c->channel, is_send));
	}
}

static bool
select_can_ring(const struct select *s)
{
	for (uint32_t k = 0; k < s->n; k++)
		if (!case_is_met(&s->cases[k]) && case_can(&s->cases[k]))
			return true;
	return false;
}

static void
select_disarm(struct select *s)
{
	for (uint32_t k = 0; k < s->n; k++) {
		struct leat_select_case *c = &s->cases[k];

		if (c->channel)
			leat__side_disarm(
				channel_side(c->channel, case_is_send(c)),
				&case_place(c)->arm);
	}
}

/* ---- several: waiting ---------------------------------------------------------------------- */

/* LEAT_OK: a case was done. LEAT_EAGAIN: look again. Or the end of the wait. */
static int
select_wait(struct select *s, struct leat_ctx *ctx, int64_t deadline_ns)
{
	struct leat__waiter waiter;
	struct select_wait w = {.waiter = &waiter,
		.ch = s->cases[0].channel,
		.is_send = case_is_send(&s->cases[0]),
		.n = s->n};
	uint32_t token;

	leat__waiter_init(&waiter, s->env);
	select_prepare(s, &waiter);
	if (select_meet(s))
		return LEAT_OK;
	select_arm_rings(s);
	/* nothing may be tried while a partner can still claim the waiter */
	token = select_can_ring(s) ? leat__waiter_leave(&waiter)
				   : select_park(&w, ctx, deadline_ns);
	select_disarm(s);
	if (select_is_done(token)) {
		s->index = token & LEAT__TOKEN_INDEX;
		s->cases[s->index].result = LEAT_OK;
		return LEAT_OK;
	}
	if (select_is_hint(token))
		s->hinted = token & LEAT__TOKEN_INDEX;
	if (token == LEAT__TOKEN_CANCEL)
		return LEAT_ECANCELED;
	if (token == LEAT__TOKEN_DEADLINE)
		return select_try(s) ? LEAT_OK : LEAT_ETIMEDOUT;
	return LEAT_EAGAIN;
}

/* It was hinted at one channel and leaves with something else. */
static void
select_pass_on(struct select *s, bool is_done)
{
	struct leat_select_case *c;
	struct leat__side *side;

	if (s->hinted == SELECT_NONE || (is_done && s->index == s->hinted))
		return;
	c = &s->cases[s->hinted];
	side = channel_side(c->channel, case_is_send(c));
	if (side->is_many && !case_is_met(c))
		leat__side_wake(side, 1);
}

static int
select_loop(struct select *s, struct leat_ctx *ctx, int64_t deadline_ns)
{
	int rc;

	do {
		if (ctx && leat__ctx_is_done(ctx))
			rc = LEAT_ECANCELED;
		else if (select_try(s))
			rc = LEAT_OK;
		else {
			/* its channel had nothing left: whoever took it told
			 * the next one */
			s->hinted = SELECT_NONE;
			rc = select_wait(s, ctx, deadline_ns);
		}
	} while (rc == LEAT_EAGAIN);
	select_pass_on(s, rc == LEAT_OK);
	return rc;
}

static int
select_begin(struct select *s, struct leat_select_case *cases, uint32_t n)
{
	if (n == 0 || !cases || n > LEAT__TOKEN_INDEX)
		return LEAT_EINVAL;
	*s = (struct select){.cases = cases, .n = n, .hinted = SELECT_NONE};
	s->env = leat__env_posix();
	for (uint32_t k = 0; k < n; k++) {
		if (cases[k].op > LEAT_SELECT_SEND)
			return LEAT_EINVAL;
		if (cases[k].channel)
			s->env = cases[k].channel->env;
	}
	return LEAT_OK;
}

int
leat_select(struct leat_select_case *cases, uint32_t n, struct leat_ctx *ctx,
	int64_t deadline_ns, uint32_t *index_out)
{
	struct select s;
	int rc;

	LEAT_TRY(select_begin(&s, cases, n));
	select_sort(&s);
	rc = select_loop(&s, ctx, deadline_ns);
	if (rc == LEAT_OK)
		*index_out = s.index;
	return rc;
}

int
leat_try_select(struct leat_select_case *cases, uint32_t n, uint32_t *index_out)
{
	struct select s;

	LEAT_TRY(select_begin(&s, cases, n));
	if (!select_try(&s))
		return LEAT_EAGAIN;
	*index_out = s.index;
	return LEAT_OK;
}
