/*
 * guard/rate.c -- so many records or bytes a second, and not more.
 *
 * A call that costs n units at r a second takes up n/r of time. `next` is when
 * all that was let through is paid for; a call may begin once next <= now +
 * burst, and moves it: next = max(next, now) + n/r. Of a source the cost is
 * known when it has emitted, and is paid before its next call.
 * Keeps: in any span t what begins costs at most (t + burst) * r and one call.
 * Threads: replicas at once (over=shed); `next` is one atomic word.
 * Source: the generic cell rate algorithm, ITU-T I.371.
 */
#include <math.h>

#include "base/atomic.h"
#include "base/base.h"
#include "env/env.h"
#include <leat/guard.h>

#define RATE_BURST_NS 100000000
#define RATE_NS_MAX   (INT64_MAX / 4)

enum rate_over { RATE_WAIT = 0, RATE_SHED };

struct rate {
	int64_t next_ns; /* atomic */
};

static int
rate_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_rate_opts *o = opts;

	if (!o->items && !o->bytes)
		return leat_hook_fail(hook, LEAT_EINVAL,
			"@rate has no limit; give it items=N or bytes=N, a "
			"second");
	if (o->over == RATE_WAIT)
		*leat_hook_flags(hook) |= LEAT_HOOK_WAITS;
	return LEAT_OK;
}

/* The time that a call takes up. */
static int64_t
rate_cost(const struct leat_rate_opts *o, const struct leat_call *call)
{
	double seconds = 0;

	if (o->items)
		seconds = (double)call->n_items / (double)o->items;
	if (o->bytes)
		seconds =
			fmax(seconds, (double)call->n_bytes / (double)o->bytes);
	return (int64_t)fmin(seconds * 1e9, (double)RATE_NS_MAX);
}

static int64_t
max_i64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Let it through at `now`, if it may be. Else: not before when. */
static bool
rate_take(struct rate *s, int64_t now_ns, int64_t burst_ns, int64_t cost_ns,
	int64_t *when_out)
{
	int64_t next_ns = leat__load_relaxed(&s->next_ns);

	do {
		if (next_ns > now_ns + burst_ns) {
			*when_out = next_ns - burst_ns;
			return false;
		}
		/* relaxed in effect: the word stands for itself */
	} while (!leat__cas_weak_acq_rel(
		&s->next_ns, &next_ns, max_i64(next_ns, now_ns) + cost_ns));
	return true;
}

static int
rate_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct leat_rate_opts *o = leat_hook_opts(hook);
	struct rate *s = leat_hook_state(hook);
	int64_t burst_ns = o->burst_ns ? o->burst_ns : RATE_BURST_NS;
	int64_t cost_ns = rate_cost(o, call), when_ns;

	/* what goes on with a frame, or ends the stage, costs nothing */
	if (call->is_more || call->kind == LEAT_CALL_FINISH)
		return LEAT_OK;
	while (!rate_take(s, leat_now_ns(), burst_ns, cost_ns, &when_ns)) {
		if (o->over == RATE_SHED)
			return LEAT_SHED;
		if (leat_call_wait(call, when_ns) < 0)
			return LEAT_ECANCELED;
	}
	return LEAT_OK;
}

static void
rate_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	struct rate *s = leat_hook_state(hook);

	(void)rc;
	if (call->kind == LEAT_CALL_PRODUCE)
		leat__add_relaxed(
			&s->next_ns, rate_cost(leat_hook_opts(hook), call));
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
	.state_bytes = sizeof(struct rate),
	.opts_bytes = sizeof(struct leat_rate_opts),
	.options = rate_options,
	.init = rate_init,
	.before = rate_before,
	.after = rate_after,
};
