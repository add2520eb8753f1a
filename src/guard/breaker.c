/*
 * guard/breaker.c -- no calls for a while where too many fail.
 *
 * closed: calls are made, and of those in the last `window`, and of no more
 * than the last `last`, it is counted how many failed, in BREAKER_PARTS parts
 * that are forgotten one by one: a part is a tenth of the time, or of the
 * calls. At `calls` or more, of which `share` percent or more failed, it opens.
 * open: no calls for `pause`; they fail, wait or are shed. half-open: `probes`
 * calls are let through; if all go well it closes; if one fails it opens.
 * Keeps: what was decided is of the state as it was. Closed, good calls are
 * only counted, and come into the window together: no clock is looked at for
 * each. Threads: replicas at once. Source: Nygard, Release It!, 2nd edition,
 * 2018.
 */
#include "base/atomic.h"
#include "base/base.h"
#include "env/env.h"
#include <leat/guard.h>

#define BREAKER_PARTS     10u
#define BREAKER_SHARE     50u
#define BREAKER_CALLS     20u
#define BREAKER_WINDOW_NS 10000000000
#define BREAKER_PAUSE_NS  5000000000
#define BREAKER_GATHERED  64u /* good calls that are put into the window */

enum breaker_open { BREAKER_FAIL = 0, BREAKER_WAIT, BREAKER_SHED };
enum breaker_state { BREAKER_CLOSED = 0, BREAKER_OPENED, BREAKER_HALF };

/* Calls of one part of the window. */
struct part {
	int64_t n; /* its number since the clock's zero */
	uint64_t n_calls, n_failed;
};

/* Goes on when the hook is exchanged; the window is emptied where its length
 * is another one. */
struct breaker {
	uint32_t state;      /* enum breaker_state; atomic, stored under lock */
	uint32_t n_gathered; /* good calls; atomic */
	struct leat__lock lock; /* guards all below */
	int64_t until_ns;       /* opened */
	uint64_t n_probes;      /* half: let through */
	uint64_t n_good;        /* half: of them, gone well */
	int64_t part_ns;        /* what the parts' numbers count */
	uint32_t at;            /* the part that is filled */
	struct part parts[BREAKER_PARTS];
};

/* What has changed, to be told of without the lock. */
struct turn {
	bool is_one;
	enum breaker_state before, after;
	uint64_t n_calls, n_failed; /* of the window */
};

struct breaker_hook {
	struct breaker *kept;
	uint32_t n_gathered_max;
};

static struct breaker *
breaker_of(struct leat_hook *hook)
{
	const struct breaker_hook *h = leat_hook_state(hook);

	return h->kept;
}

static uint64_t
or_default(uint64_t given, uint64_t other)
{
	return given ? given : other;
}

static int64_t
breaker_window(const struct leat_breaker_opts *o)
{
	return o->window_ns ? o->window_ns : BREAKER_WINDOW_NS;
}

static int64_t
breaker_pause(const struct leat_breaker_opts *o)
{
	return o->pause_ns ? o->pause_ns : BREAKER_PAUSE_NS;
}

/* Most calls of a part. */
static uint64_t
breaker_part_calls(const struct leat_breaker_opts *o)
{
	return o->last ? leat__max_u64(o->last / BREAKER_PARTS, 1) : UINT64_MAX;
}

static int
breaker_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_breaker_opts *o = opts;
	struct breaker_hook *h = leat_hook_state(hook);

	if (o->last && o->last < or_default(o->calls, BREAKER_CALLS))
		return leat_hook_fail(hook, LEAT_EINVAL,
			"@breaker looks back on the last=%llu calls, and fewer "
			"than calls=%llu say nothing; accepted: last from %llu "
			"on",
			(unsigned long long)o->last,
			(unsigned long long)or_default(o->calls, BREAKER_CALLS),
			(unsigned long long)or_default(
				o->calls, BREAKER_CALLS));
	if (o->open == BREAKER_WAIT)
		*leat_hook_flags(hook) |= LEAT_HOOK_WAITS;
	if (o->open == BREAKER_SHED)
		*leat_hook_flags(hook) |= LEAT_HOOK_SHEDS;
	h->n_gathered_max = (uint32_t)leat__min_u64(
		BREAKER_GATHERED, breaker_part_calls(o));
	return leat_hook_keep(
		hook, NULL, sizeof(struct breaker), (void **)&h->kept);
}

/* ---- the window --------------------------------------------------------- */

static void
window_clear(struct breaker *s)
{
	for (uint32_t k = 0; k < BREAKER_PARTS; k++)
		s->parts[k] = (struct part){0, 0, 0};
}

/* The part that is filled now, with room; the oldest makes place for it. */
static struct part *
window_at(struct breaker *s, const struct leat_breaker_opts *o, int64_t now_ns)
{
	int64_t part_ns = breaker_window(o) / BREAKER_PARTS;
	int64_t n;

	part_ns = part_ns ? part_ns : 1;
	if (s->part_ns != part_ns)
		window_clear(s);
	s->part_ns = part_ns;
	n = now_ns / part_ns;
	if (s->parts[s->at].n == n &&
		s->parts[s->at].n_calls < breaker_part_calls(o))
		return &s->parts[s->at];
	s->at = (s->at + 1) % BREAKER_PARTS;
	s->parts[s->at] = (struct part){n, 0, 0};
	return &s->parts[s->at];
}

static void
window_add(struct breaker *s, const struct leat_breaker_opts *o, int64_t now_ns,
	uint64_t n_good)
{
	while (n_good) {
		struct part *part = window_at(s, o, now_ns);
		uint64_t n = leat__min_u64(
			n_good, breaker_part_calls(o) - part->n_calls);

		part->n_calls += n;
		n_good -= n;
	}
}

/* Those parts count that are not too old. */
static bool
window_is_bad(const struct breaker *s, const struct leat_breaker_opts *o,
	struct turn *turn)
{
	int64_t n = s->parts[s->at].n;

	turn->n_calls = turn->n_failed = 0;
	for (uint32_t k = 0; k < BREAKER_PARTS; k++) {
		if (n - s->parts[k].n >= (int64_t)BREAKER_PARTS)
			continue;
		turn->n_calls += s->parts[k].n_calls;
		turn->n_failed += s->parts[k].n_failed;
	}
	return turn->n_calls >= or_default(o->calls, BREAKER_CALLS) &&
		turn->n_failed * 100 >=
		turn->n_calls * or_default(o->share, BREAKER_SHARE);
}

/* ---- states ------------------------------------------------------------- */

static void
breaker_turn(struct breaker *s, enum breaker_state state, struct turn *turn)
{
	turn->is_one = true;
	turn->before = (enum breaker_state)s->state;
	turn->after = state;
	leat__store_relaxed(&s->state, (uint32_t)state);
}

static void
breaker_trip(struct breaker *s, const struct leat_breaker_opts *o,
	int64_t now_ns, struct turn *turn)
{
	breaker_turn(s, BREAKER_OPENED, turn);
	leat__store_relaxed(&s->n_gathered, 0u);
	s->until_ns = now_ns + breaker_pause(o);
	window_clear(s);
}

/* May a call be made? Else: not before when. */
static bool
breaker_lets_through(struct breaker *s, const struct leat_breaker_opts *o,
	int64_t now_ns, int64_t *when_out, struct turn *turn)
{
	if (s->state == BREAKER_CLOSED)
		return true;
	if (s->state == BREAKER_OPENED && now_ns >= s->until_ns) {
		breaker_turn(s, BREAKER_HALF, turn);
		s->n_probes = 0;
		s->n_good = 0;
	}
	*when_out = s->until_ns;
	if (s->state == BREAKER_OPENED)
		return false;
	/* those that were let through decide; the others come later */
	*when_out = now_ns + breaker_pause(o) / BREAKER_PARTS + 1;
	return s->n_probes < or_default(o->probes, 1) && ++s->n_probes;
}

static void
breaker_learn(struct breaker *s, const struct leat_breaker_opts *o,
	int64_t now_ns, bool is_bad, struct turn *turn)
{
	struct part *part;

	if (s->state == BREAKER_OPENED)
		return; /* from before it opened */
	if (s->state == BREAKER_HALF && is_bad) {
		turn->n_calls = turn->n_failed = 1;
		breaker_trip(s, o, now_ns, turn);
		return;
	}
	if (s->state == BREAKER_HALF) {
		turn->n_calls = ++s->n_good;
		if (s->n_good >= or_default(o->probes, 1))
			breaker_turn(s, BREAKER_CLOSED, turn);
		return;
	}
	/* a good one is among those that have gathered */
	window_add(s, o, now_ns, leat__swap_acq_rel(&s->n_gathered, 0u));
	if (!is_bad)
		return;
	part = window_at(s, o, now_ns);
	part->n_calls++;
	part->n_failed++;
	if (window_is_bad(s, o, turn))
		breaker_trip(s, o, now_ns, turn);
}

/* ---- the hook ----------------------------------------------------------- */

static void
breaker_tell(struct leat_hook *hook, const struct turn *turn)
{
	static const char *const names[] = {"closed", "open", "half-open"};

	if (!turn->is_one)
		return;
	if (turn->after == BREAKER_HALF)
		leat_hook_tell(hook, "state", names[turn->before],
			names[turn->after], "the pause is over");
	else
		leat_hook_tell(hook, "state", names[turn->before],
			names[turn->after], "%llu of %llu calls failed",
			(unsigned long long)turn->n_failed,
			(unsigned long long)turn->n_calls);
}

static int
breaker_refuse(const struct leat_call *call, const struct leat_breaker_opts *o)
{
	if (o->open == BREAKER_SHED)
		return LEAT_SHED;
	return leat_call_fail(call, LEAT_ECLOSED,
		"@breaker is open: too many calls failed (share=%llu percent "
		"of at least calls=%llu)",
		(unsigned long long)or_default(o->share, BREAKER_SHARE),
		(unsigned long long)or_default(o->calls, BREAKER_CALLS));
}

static bool
breaker_asks(struct leat_hook *hook, int64_t *when_out)
{
	const struct leat__env *env = leat__env_posix();
	struct breaker *s = breaker_of(hook);
	int64_t now_ns = leat_hook_now_ns(hook);
	struct turn turn = {0};
	bool is_let;

	leat__lock_take(&s->lock, env);
	is_let = breaker_lets_through(
		s, leat_hook_opts(hook), now_ns, when_out, &turn);
	leat__lock_drop(&s->lock, env);
	breaker_tell(hook, &turn);
	return is_let;
}

/* It is not closed, or was not just now. */
static __attribute__((noinline)) int
breaker_look(struct leat_hook *hook, const struct leat_call *call)
{
	const struct leat_breaker_opts *o = leat_hook_opts(hook);
	int64_t when_ns = 0;

	while (!breaker_asks(hook, &when_ns)) {
		if (o->open != BREAKER_WAIT)
			return breaker_refuse(call, o);
		LEAT_TRY(leat_call_wait(call, when_ns));
	}
	return LEAT_OK;
}

static bool
breaker_is_bad(int rc)
{
	if (rc >= 0)
		return false;
	return leat_err_class(rc) != LEAT_CLASS_EXPECTED ||
		rc == LEAT_ETIMEDOUT || rc == LEAT_ECLOSED;
}

/* Does it say nothing of the stage: a hook inside did not let it through, or
 * it was called off? */
static bool
breaker_is_void(int rc)
{
	return rc == LEAT_SHED || rc == LEAT_ELSEWHERE ||
		rc == LEAT_ECANCELED || rc == LEAT_EAGAIN;
}

static void
breaker_learn_void(struct breaker *s, const struct leat__env *env)
{
	leat__lock_take(&s->lock, env);
	if (s->state == BREAKER_HALF && s->n_probes)
		s->n_probes--;
	leat__lock_drop(&s->lock, env);
}

static int
breaker_before(struct leat_hook *hook, const struct leat_call *call)
{
	uint32_t state = leat__load_relaxed(&breaker_of(hook)->state);

	return leat__likely(state == BREAKER_CLOSED) ? LEAT_OK
						     : breaker_look(hook, call);
}

/* May it be put into the window later? */
static bool
breaker_gathers(const struct breaker_hook *h, const struct leat_call *call)
{
	uint32_t *n = &h->kept->n_gathered, n_gathered;

	if (leat__load_relaxed(&h->kept->state) != BREAKER_CLOSED)
		return false;
	if (!(call->flags & LEAT_CALL_ALONE))
		return leat__add_relaxed(n, 1u) + 1 < h->n_gathered_max;
	n_gathered = leat__load_relaxed(n) + 1;
	leat__store_relaxed(n, n_gathered);
	return n_gathered < h->n_gathered_max;
}

/* What is not one good call of many. Apart: seldom. */
static __attribute__((noinline)) void
breaker_note(struct leat_hook *hook, int rc)
{
	const struct leat_breaker_opts *o = leat_hook_opts(hook);
	const struct leat__env *env = leat__env_posix();
	struct breaker *s = breaker_of(hook);
	bool is_bad = breaker_is_bad(rc);
	struct turn turn = {0};

	if (breaker_is_void(rc)) {
		breaker_learn_void(s, env);
		return;
	}
	leat__lock_take(&s->lock, env);
	breaker_learn(s, o, leat_hook_now_ns(hook), is_bad, &turn);
	leat__lock_drop(&s->lock, env);
	breaker_tell(hook, &turn);
}

static void
breaker_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	if (leat__unlikely(rc < 0 || rc > LEAT_MORE) ||
		!breaker_gathers(leat_hook_state(hook), call))
		breaker_note(hook, rc);
}

static uint64_t
breaker_level(struct leat_hook *hook)
{
	return leat__load_relaxed(&breaker_of(hook)->state);
}

static const struct leat_option breaker_options[] = {
	{.name = "share",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_breaker_opts, share),
		.min = 1,
		.max = 100,
		.fallback = "50",
		.unit = "percent",
		.help = "it opens if so many of the calls failed"},
	{.name = "calls",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_breaker_opts, calls),
		.min = 1,
		.max = 1000000000,
		.fallback = "20",
		.unit = "calls",
		.help = "fewer in the window say nothing"},
	{.name = "window",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_breaker_opts, window_ns),
		.min = 1000,
		.max = INT64_MAX / 4,
		.fallback = "10s",
		.unit = "ns",
		.help = "the time that is looked back on"},
	{.name = "last",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_breaker_opts, last),
		.min = 1,
		.max = 1000000000,
		.unit = "calls",
		.help = "of the window no more than so many count, a tenth "
			"more or less"},
	{.name = "pause",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_breaker_opts, pause_ns),
		.min = 1,
		.max = INT64_MAX / 4,
		.fallback = "5s",
		.unit = "ns",
		.help = "no calls for so long"},
	{.name = "probes",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_breaker_opts, probes),
		.min = 1,
		.max = 1000000,
		.fallback = "1",
		.unit = "calls",
		.help = "after the pause so many must go well to close it"},
	{.name = "open",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_breaker_opts, open),
		.fallback = "fail",
		.values = "fail|wait|shed",
		.help = "what becomes of calls then: the run fails, they wait, "
			"or the frame is dropped and counted as shed"},
	{.name = NULL},
};

const struct leat_hook_ops leat_breaker_ops = {
	LEAT_HOOK_OPS_INIT("breaker"),
	.summary = "make no calls for a while where too many fail",
	.help = "Closed, it counts the calls of the last window. Where too "
		"many failed it opens,\n"
		"and no call is made for a pause; then a few are tried, which "
		"close it or open\n"
		"it again. Put @retry around it with open=fail, or inside it "
		"to count only\n"
		"what was given up.\n"
		"\n"
		"    @breaker(share=35, calls=500, window=10s, open=wait) "
		"STAGE ...\n",
	.state_bytes = sizeof(struct breaker_hook),
	.opts_bytes = sizeof(struct leat_breaker_opts),
	.options = breaker_options,
	.init = breaker_init,
	.before = breaker_before,
	.after = breaker_after,
	.level = breaker_level,
};
