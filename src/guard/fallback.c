/*
 * guard/fallback.c -- what guards inside refuse, or what fails, goes another
 * way: the frame, whole, by the stage's fallback out.
 *
 * Taken are frames that the stage was not called with (a breaker is open, a
 * bulkhead is full), and with on=any those that it failed with and that are as
 * they were: it has LEAT_STAGE_REPEATS and has emitted nothing of them. Bugs
 * and the end of the run are nobody else's.
 * Keeps: a frame is dealt with by the stage or goes elsewhere, never both.
 * Threads: any; it has no state.
 */
#include "base/base.h"
#include <leat/guard.h>

enum fallback_on { FALLBACK_ANY = 0, FALLBACK_REFUSED };

static int
fallback_on_error(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	const struct leat_fallback_opts *o = leat_hook_opts(hook);

	if (rc == LEAT_EBUG)
		return rc;
	return (call->flags & LEAT_CALL_REFUSED) || o->on == FALLBACK_ANY
		? LEAT_ELSEWHERE
		: rc;
}

static const struct leat_option fallback_options[] = {
	{.name = "on",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_fallback_opts, on),
		.fallback = "any",
		.values = "any|refused",
		.help = "what goes there: whatever fails, or only what guards "
			"inside refuse"},
	{.name = NULL},
};

const struct leat_hook_ops leat_fallback_ops = {
	LEAT_HOOK_OPS_INIT("fallback"),
	.flags = LEAT_HOOK_FALLS_BACK,
	.summary = "send what is refused, or fails, another way",
	.help = "The stage gets one more out, behind its own, and a chain goes "
		"on from there by\n"
		"the stage's name. What guards inside refuse goes there as it "
		"came: while a\n"
		"breaker is open, or a bulkhead full. So does what the stage "
		"fails with, where\n"
		"it can be called again after a failure, and has emitted "
		"nothing of it. Frames\n"
		"that it has are counted as out of the stage.\n"
		"\n"
		"    read a.csv ! @fallback @breaker(calls=10) STAGE name=t ! "
		"write b.csv\n"
		"    t. ! write spare.csv\n",
	.opts_bytes = sizeof(struct leat_fallback_opts),
	.options = fallback_options,
	.on_error = fallback_on_error,
};
