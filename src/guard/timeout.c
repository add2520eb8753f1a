/*
 * guard/timeout.c -- what a stage waits for in one call ends after a while.
 *
 * The call's deadline is when it began plus `after`, or that of a timeout
 * outside, if it is earlier and reset is off. What the stage waits for by
 * leat/io.h, leat_stage_ctx() or a guard inside ends then with LEAT_ETIMEDOUT.
 * A stage that does not wait is not interrupted.
 * Threads: that of the stage.
 */
#include "base/base.h"
#include "env/env.h"
#include <leat/guard.h>

static int
timeout_before(struct leat_hook *hook, const struct leat_call *call)
{
	const struct leat_timeout_opts *o = leat_hook_opts(hook);
	int64_t now_ns = leat_hook_now_ns(hook);

	leat_call_set_deadline(call,
		o->after_ns < INT64_MAX - now_ns ? now_ns + o->after_ns
						 : LEAT_NEVER,
		o->is_reset);
	return LEAT_OK;
}

static const struct leat_option timeout_options[] = {
	{.name = "after",
		.type = LEAT_OPTION_DURATION,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_timeout_opts, after_ns),
		.min = 1,
		.max = INT64_MAX,
		.unit = "ns",
		.help = "the longest that a call may wait"},
	{.name = "reset",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_timeout_opts, is_reset),
		.fallback = "off",
		.help = "the deadlines of timeouts outside do not count"},
	{.name = NULL},
};

const struct leat_hook_ops leat_timeout_ops = {
	LEAT_HOOK_OPS_INIT("timeout"),
	.summary = "end what a stage waits for after a while",
	.help = "Each call of the stage gets a deadline. A read or write that "
		"is still waiting\n"
		"then fails, and with it the call. With @retry outside each "
		"attempt has its\n"
		"own; with @retry inside all attempts together.\n"
		"\n"
		"    leat run '@timeout(5s) read - ! csv.parse ! write "
		"b.csv'\n",
	.opts_bytes = sizeof(struct leat_timeout_opts),
	.options = timeout_options,
	.before = timeout_before,
};
