/*
 * guard/breaker.c -- no calls for a while where too many fail.
 *
 * closed: calls are made, and of those in the last `window` it is counted how
 * many failed, in BREAKER_PARTS parts of it that are forgotten one by one. At
 * `calls` or more, of which `share` percent or more failed, it opens. open: no
 * calls for `pause`; they fail, wait or are shed. half-open: `probes` calls are
 * let through; if all go well it closes, and forgets; if one fails it opens.
 * Keeps: what was decided is of the state as it was; one lock, held briefly.
 * Closed, good calls are only counted, and come into the window together, when
 * one fails or many have gathered: so no clock is looked at for each.
 * Threads: replicas at once.
 * Source: Nygard, Release It!, 2nd edition, 2018, circuit breaker.
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
	uint64_t n_calls, n_failed;
};

struct breaker {
	uint32_t state;      /* enum breaker_state; atomic, stored under lock */
	uint32_t n_gathered; /* good calls; atomic */
	struct leat__lock lock; /* guards all below */
	int64_t until_ns;       /* opened */
	uint64_t n_probes;      /* half: let through */
	uint64_t n_good;        /* half: of them, gone well */
	int64_t n_part; /* the last one's number since the clock's zero */
	struct part parts[BREAKER_PARTS];
};

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

static int
breaker_init(struct leat_hook *hook, const void *opts)
{
	const struct leat_breaker_opts *o = opts;

	if (o->open == BREAKER_WAIT)
		*leat_hook_flags(hook) |= LEAT_HOOK_WAITS;
	return LEAT_OK;
}

/* ---- the window --------------------------------------------------------- */

static void
window_clear(struct breaker *s)
{
	for (uint32_t k = 0; k < BREAKER_PARTS; k++)
		s->parts[k] = (struct part){0, 0};
}

/* The part that is filled now; those that it comes after are emptied. */
static struct part *
window_at(struct breaker *s, const struct leat_breaker_opts *o, int64_t now_ns)
{
	int64_t part_ns = breaker_window(o) / BREAKER_PARTS;
	int64_t n = now_ns / (part_ns ? part_ns : 1);

	if (n - s->n_part >= (int64_t)BREAKER_PARTS)
		window_clear(s);
	for (; s->n_part < n && n - s->n_part < (int64_t)BREAKER_PARTS;)
		s->parts[++s->n_part % BREAKER_PARTS] = (struct part){0, 0};
	s->n_part = n;
	return &s->parts[n % BREAKER_PARTS];
}

static bool
window_is_bad(const struct breaker *s, const struct leat_breaker_opts *o)
{
	uint64_t n_calls = 0, n_failed = 0;

	for (uint32_t k = 0; k < BREAKER_PARTS; k++) {
		n_calls += s->parts[k].n_calls;
		n_failed += s->parts[k].n_failed;
	}
	return n_calls >= or_default(o->calls, BREAKER_CALLS) &&
		n_failed * 100 >= n_calls * or_default(o->share, BREAKER_SHARE);
}

/* ---- states ------------------------------------------------------------- */

static void
breaker_trip(
	struct breaker *s, const struct leat_breaker_opts *o, int64_t now_ns)
{
	leat__store_relaxed(&s->state, (uint32_t)BREAKER_OPENED);
	leat__store_relaxed(&s->n_gathered, 0u);
	s->until_ns = now_ns + breaker_pause(o);
	window_clear(s);
}

/* May a call be made? Else: not before when. */
static bool
breaker_lets_through(struct breaker *s, const struct leat_breaker_opts *o,
	int64_t now_ns, int64_t *when_out)
{
	if (s->state == BREAKER_CLOSED)
		return true;
	if (s->state == BREAKER_OPENED && now_ns >= s->until_ns) {
		leat__store_relaxed(&s->state, (uint32_t)BREAKER_HALF);
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
	int64_t now_ns, bool is_bad)
{
	struct part *part;

	if (s->state == BREAKER_OPENED)
		return; /* from before it opened */
	if (s->state == BREAKER_HALF && is_bad) {
		breaker_trip(s, o, now_ns);
		return;
	}
	if (s->state == BREAKER_HALF) {
		if (++s->n_good >= or_default(o->probes, 1))
			leat__store_relaxed(
				&s->state, (uint32_t)BREAKER_CLOSED);
		return;
	}
	part = window_at(s, o, now_ns);
	part->n_calls += leat__swap_acq_rel(&s->n_gathered, 0u) + is_bad;
	part->n_failed += is_bad;
	if (is_bad && window_is_bad(s, o))
		breaker_trip(s, o, now_ns);
}

/* ---- the hook ----------------------------------------------------------- */

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

static int
breaker_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct leat_breaker_opts *o = leat_hook_opts(hook);
	const struct leat__env *env = leat__env_posix();
	struct breaker *s = leat_hook_state(hook);
	int64_t when_ns = 0;
	bool is_let;

	if (leat__load_relaxed(&s->state) == BREAKER_CLOSED)
		return LEAT_OK;
	for (;;) {
		int64_t now_ns = leat_now_ns();

		leat__lock_take(&s->lock, env);
		is_let = breaker_lets_through(s, o, now_ns, &when_ns);
		leat__lock_drop(&s->lock, env);
		if (is_let)
			return LEAT_OK;
		if (o->open != BREAKER_WAIT)
			return breaker_refuse(call, o);
		if (leat_call_wait(call, when_ns) < 0)
			return LEAT_ECANCELED;
	}
}

static bool
breaker_is_bad(int rc)
{
	if (rc >= 0)
		return false;
	return leat_err_class(rc) != LEAT_CLASS_EXPECTED ||
		rc == LEAT_ETIMEDOUT || rc == LEAT_ECLOSED;
}

static void
breaker_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	const struct leat_breaker_opts *o = leat_hook_opts(hook);
	const struct leat__env *env = leat__env_posix();
	struct breaker *s = leat_hook_state(hook);
	bool is_bad = breaker_is_bad(rc);

	(void)call;
	if (!is_bad && leat__load_relaxed(&s->state) == BREAKER_CLOSED &&
		leat__add_relaxed(&s->n_gathered, 1u) + 1 < BREAKER_GATHERED)
		return;
	leat__lock_take(&s->lock, env);
	breaker_learn(s, o, leat_now_ns(), is_bad);
	leat__lock_drop(&s->lock, env);
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
	.state_bytes = sizeof(struct breaker),
	.opts_bytes = sizeof(struct leat_breaker_opts),
	.options = breaker_options,
	.init = breaker_init,
	.before = breaker_before,
	.after = breaker_after,
};
