/*
 * guard/rate.c -- so many records or bytes a second, and not more.
 *
 * A call that costs n units at r a second takes up n/r of time. `next` is when
 * all that was let through is paid for; a call may begin once next <= now +
 * burst, and moves it: next = max(next, now) + n/r. Of a source the cost is
 * known when it has emitted, and is paid before its next call. A look at the
 * clock pays up to an eighth of the burst ahead; calls are let through from
 * that without one, and at the next look count as if they were made then.
 * Keeps: in any span t what begins costs at most (t + burst) * r and one call.
 * Threads: replicas at once. Source: the generic cell rate algorithm, ITU-T
 * I.371.
 */
#include "base/atomic.h"
#include "base/base.h"
#include "env/env.h"
#include <leat/guard.h>

#define RATE_BURST_NS 100000000
#define RATE_NS_MAX   (INT64_MAX / 4)
#define RATE_AHEAD    8 /* such a part of the burst is paid ahead */

enum rate_over { RATE_WAIT = 0, RATE_SHED };

/* Goes on when the hook is exchanged: a new rate finds the old one's debts. */
struct rate {
	int64_t left_ns;        /* atomic: of what was paid ahead */
	struct leat__lock lock; /* guards all below */
	int64_t ahead_ns;       /* what was paid ahead, in next_ns or not */
	int64_t next_ns;        /* but for what was paid ahead */
};

struct rate_hook {
	struct rate *kept;
	double item_ns, byte_ns; /* the time that one takes up */
};

static int
rate_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_rate_opts *o = opts;
	struct rate_hook *h = leat_hook_state(hook);

	if (!o->items && !o->bytes)
		return leat_hook_fail(hook, LEAT_EINVAL,
			"@rate has no limit; give it items=N or bytes=N, a "
			"second");
	if (o->over == RATE_WAIT)
		*leat_hook_flags(hook) |= LEAT_HOOK_WAITS;
	if (o->over == RATE_SHED)
		*leat_hook_flags(hook) |= LEAT_HOOK_SHEDS;
	h->item_ns = o->items ? 1e9 / (double)o->items : 0;
	h->byte_ns = o->bytes ? 1e9 / (double)o->bytes : 0;
	return leat_hook_keep(
		hook, NULL, sizeof(struct rate), (void **)&h->kept);
}

/* The time that a call takes up. */
static int64_t
rate_cost(const struct rate_hook *h, const struct leat_call *call)
{
	double items_ns = (double)(int64_t)call->n_items * h->item_ns;
	double bytes_ns = (double)(int64_t)call->n_bytes * h->byte_ns;
	double cost_ns = items_ns > bytes_ns ? items_ns : bytes_ns;

	return cost_ns < (double)RATE_NS_MAX ? (int64_t)cost_ns : RATE_NS_MAX;
}

/* Let it through by what is paid ahead. */
static bool
rate_spend(struct rate *s, const struct leat_call *call, int64_t cost_ns)
{
	int64_t left_ns = leat__load_relaxed(&s->left_ns);

	if (left_ns < cost_ns)
		return false;
	if (call->flags & LEAT_CALL_ALONE) {
		leat__store_relaxed(&s->left_ns, left_ns - cost_ns);
		return true;
	}
	/* relaxed in effect: the word stands for itself */
	while (!leat__cas_weak_acq_rel(
		&s->left_ns, &left_ns, left_ns - cost_ns))
		if (left_ns < cost_ns)
			return false;
	return true;
}

/* Let it through at `now`, if it may be. Else: not before when. */
static bool
rate_take_locked(struct rate *s, int64_t now_ns, int64_t burst_ns,
	int64_t cost_ns, int64_t *when_out)
{
	int64_t spent_ns = s->ahead_ns - leat__swap_acq_rel(&s->left_ns, 0);
	int64_t next_ns =
		spent_ns + (s->next_ns > now_ns ? s->next_ns : now_ns);
	int64_t room_ns = now_ns + burst_ns - next_ns;

	s->ahead_ns = 0;
	s->next_ns = next_ns;
	if (room_ns < 0) {
		*when_out = next_ns - burst_ns;
		return false;
	}
	s->next_ns += cost_ns;
	room_ns -= cost_ns;
	if (room_ns > burst_ns / RATE_AHEAD)
		room_ns = burst_ns / RATE_AHEAD;
	if (room_ns > 0) {
		s->ahead_ns = room_ns;
		leat__add_relaxed(&s->left_ns, room_ns);
	}
	return true;
}

static bool
rate_take(const struct leat_hook *hook, struct rate *s, int64_t burst_ns,
	int64_t cost_ns, int64_t *when_out)
{
	const struct leat__env *env = leat__env_posix();
	int64_t now_ns = leat_hook_now_ns(hook);
	bool is_let;

	leat__lock_take(&s->lock, env);
	is_let = rate_take_locked(s, now_ns, burst_ns, cost_ns, when_out);
	leat__lock_drop(&s->lock, env);
	return is_let;
}

/* By the clock, and after a wait if need be. Apart: seldom. */
static __attribute__((noinline)) int
rate_look(struct leat_hook *hook, const struct leat_call *call, int64_t cost_ns)
{
	const struct rate_hook *h = leat_hook_state(hook);
	const struct leat_rate_opts *o = leat_hook_opts(hook);
	int64_t burst_ns = o->burst_ns ? o->burst_ns : RATE_BURST_NS;
	int64_t when_ns;

	while (!rate_take(hook, h->kept, burst_ns, cost_ns, &when_ns)) {
		if (o->over == RATE_SHED)
			return LEAT_SHED;
		LEAT_TRY(leat_call_wait(call, when_ns));
	}
	return LEAT_OK;
}

static int
rate_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct rate_hook *h = leat_hook_state(hook);
	int64_t cost_ns;

	/* what goes on with a frame, or ends the stage, costs nothing */
	if (call->is_more || call->kind == LEAT_CALL_FINISH)
		return LEAT_OK;
	cost_ns = rate_cost(h, call);
	if (leat__likely(rate_spend(h->kept, call, cost_ns)))
		return LEAT_OK;
	return rate_look(hook, call, cost_ns);
}

static void
rate_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	const struct rate_hook *h = leat_hook_state(hook);

	(void)rc;
	if (call->kind == LEAT_CALL_PRODUCE)
		leat__sub_relaxed(&h->kept->left_ns, rate_cost(h, call));
}

static const struct leat_option rate_options[] = {
	{.name = "items",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_rate_opts, items),
		.min = 1,
		.max = INT64_MAX,
		.unit = "records",
		.help = "records a second"},
	{.name = "bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_rate_opts, bytes),
		.min = 1,
		.max = INT64_MAX,
		.unit = "bytes",
		.help = "bytes a second"},
	{.name = "burst",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_rate_opts, burst_ns),
		.fallback = "100ms",
		.unit = "ns",
		.help = "what so much time is worth may come at once"},
	{.name = "over",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_rate_opts, over),
		.fallback = "wait",
		.values = "wait|shed",
		.help = "frames that come too soon wait, or are dropped and "
			"counted as shed"},
	{.name = NULL},
};

const struct leat_hook_ops leat_rate_ops = {
	LEAT_HOOK_OPS_INIT("rate"),
	.summary = "let so many records or bytes a second through",
	.help = "A frame is let through as a whole, and the next one waits "
		"until it is paid for;\n"
		"what comes before the stage waits with it. The bytes of a "
		"table are those of\n"
		"its columns in memory. A source of bytes emits no records "
		"yet: "
		"limit its bytes,\n"
		"or the records of its parser.\n"
		"\n"
		"    leat run 'read a.csv ! @rate(items=1000) write b.csv'\n",
	.state_bytes = sizeof(struct rate_hook),
	.opts_bytes = sizeof(struct leat_rate_opts),
	.options = rate_options,
	.init = rate_init,
	.before = rate_before,
	.after = rate_after,
};
