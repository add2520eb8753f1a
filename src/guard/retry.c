/*
 * guard/retry.c -- a call that failed is made again, after a while.
 *
 * The k-th failure is followed by a delay drawn from d * (1 - jitter) to d,
 * d = min(cap, base * factor^(k-1)), or base. Not after the last attempt, nor
 * if the next one would begin later than total after the first began. A drain
 * ends a delay: what is left of the attempts is made at once, and a source has
 * none.
 * Keeps: the frame in hand stays in hand, so records keep their order.
 * Threads: that of the stage.
 * Source: Brooker, Exponential backoff and jitter, 2015.
 */
#include <math.h>

#include "base/base.h"
#include "env/env.h"
#include <leat/guard.h>

#define RETRY_MAX     3u
#define RETRY_BASE_NS 100000000
#define RETRY_CAP_NS  30000000000
#define RETRY_FACTOR  2.0

struct retry {
	int64_t began_ns; /* the first attempt of the call under way; of total
			   */
};

static int
retry_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct leat_retry_opts *o = leat_hook_opts(hook);
	struct retry *s = leat_hook_state(hook);

	if (o->total_ns && call->n_attempts == 1)
		s->began_ns = leat_hook_now_ns(hook);
	return LEAT_OK;
}

/* What another attempt may mend: the world outside. */
static bool
retry_is_worth_it(int rc)
{
	return rc == LEAT_EIO || rc == LEAT_ETIMEDOUT || rc == LEAT_ECLOSED;
}

static double
or_default(double given, double other)
{
	return given > 0 ? given : other;
}

/* The longest delay after failure k. */
static double
retry_delay(const struct leat_retry_opts *o, uint32_t k)
{
	double base = or_default((double)o->base_ns, RETRY_BASE_NS);
	double cap = or_default((double)o->cap_ns, RETRY_CAP_NS);

	if (o->mode != LEAT_RETRY_FIXED)
		base *= pow(or_default(o->factor, RETRY_FACTOR), k - 1);
	return fmin(base, cap);
}

static int64_t
retry_draw(struct leat_hook *hook, double delay)
{
	const struct leat_retry_opts *o = leat_hook_opts(hook);
	double jitter = o->mode == LEAT_RETRY_FULL ? 1 : o->jitter;
	double part = (double)(leat_hook_random(hook) >> 11) * 0x1p-53;

	return (int64_t)(delay * (1 - jitter * part));
}

static int
retry_on_error(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	const struct leat_retry_opts *o = leat_hook_opts(hook);
	const struct retry *s = leat_hook_state(hook);
	uint64_t max = o->max ? o->max : RETRY_MAX;
	uint32_t k = call->n_attempts;
	int64_t now_ns = leat_hook_now_ns(hook), until_ns;
	int waited;

	if (!retry_is_worth_it(rc))
		return rc;
	if (k >= max)
		return leat_call_fail(call, rc,
			"given up after %u attempts (@retry max=%llu)", k,
			(unsigned long long)max);
	until_ns = now_ns + retry_draw(hook, retry_delay(o, k));
	if (o->total_ns && until_ns - s->began_ns > o->total_ns)
		return leat_call_fail(call, rc,
			"given up after %u attempts: another one would begin "
			"after the total time (@retry total=)",
			k);
	waited = leat_call_pause(call, until_ns);
	if (waited == LEAT_EOS)
		return LEAT_EOS;
	return waited < 0 ? rc : LEAT_AGAIN;
}

static const struct leat_option retry_options[] = {
	{.name = "max",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_retry_opts, max),
		.min = 1,
		.max = 1000000,
		.fallback = "3",
		.unit = "attempts",
		.help = "most attempts, with the first"},
	{.name = "base",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_retry_opts, base_ns),
		.fallback = "100ms",
		.unit = "ns",
		.help = "the delay after the first failure"},
	{.name = "cap",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_retry_opts, cap_ns),
		.fallback = "30s",
		.unit = "ns",
		.help = "the longest delay"},
	{.name = "factor",
		.type = LEAT_OPTION_NUMBER,
		.offset = offsetof(struct leat_retry_opts, factor),
		.min = 1,
		.max = 1000,
		.fallback = "2",
		.help = "each delay is so many times the one before"},
	{.name = "jitter",
		.type = LEAT_OPTION_NUMBER,
		.offset = offsetof(struct leat_retry_opts, jitter),
		.min = 0,
		.max = 1,
		.help = "a delay is by up to this share shorter, at random"},
	{.name = "total",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_retry_opts, total_ns),
		.unit = "ns",
		.help = "no attempt begins so long after the first one"},
	{.name = "mode",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_retry_opts, mode),
		.fallback = "exponential",
		.values = "exponential|fixed|full",
		.help = "growing delays, equal ones, or growing with jitter=1"},
	{.name = NULL},
};

const struct leat_hook_ops leat_retry_ops = {
	LEAT_HOOK_OPS_INIT("retry"),
	.flags = LEAT_HOOK_WAITS | LEAT_HOOK_REPEATS,
	.summary = "make a call that failed again, after a while",
	.help = "Where the world outside failed (input or output, a deadline, "
		"a closed end),\n"
		"the stage is called again with the same frame: so nothing "
		"overtakes it. Bad\n"
		"data and bugs are not tried again. Only for stages that can "
		"be called again\n"
		"after a failure: of those that come with leat, read. A drain "
		"leaves out the\n"
		"delays.\n"
		"\n"
		"    @retry(max=5, base=100ms, jitter=0.5) STAGE ...\n",
	.state_bytes = sizeof(struct retry),
	.opts_bytes = sizeof(struct leat_retry_opts),
	.options = retry_options,
	.before = retry_before,
	.on_error = retry_on_error,
};
