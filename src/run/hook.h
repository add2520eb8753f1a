/*
 * run/hook.h -- a call of a stage with its hooks around it.
 */
#ifndef LEAT_SRC_RUN_HOOK_H
#define LEAT_SRC_RUN_HOOK_H

#include "base/atomic.h"
#include "run/run.h"
#include <leat/task.h>

/* The stage's own callback. */
typedef int (*leat__inner_fn)(struct leat_stage *st, struct leat_frame *frame);

struct leat__inner {
	leat__inner_fn fn;
	enum leat_call_kind kind;
	bool is_more; /* it was called with this frame before */
};

/* Call it by way of the hooks that the stage has. frame NULL: it is produce or
 * finish. Results as of the callback; LEAT_OK as well if the frame was dropped.
 */
int leat__hooked_call(struct leat_stage *st, struct leat_frame *frame,
	struct leat__inner inner);

static inline bool
leat__stage_is_hooked(const struct leat_stage *st)
{
	return leat__unlikely(leat__load_relaxed(&st->hooks) != NULL);
}

/* ---- for hook_wait.c ---- */

struct leat_stage *leat__call_stage(const struct leat_call *call);
struct leat_hook *leat__call_hook(const struct leat_call *call);
/* LEAT_OK, or LEAT_EBUG: its hook has not said that it waits. */
LEAT_MUST_CHECK int leat__call_may_wait(const struct leat_call *call);
/* What a wait that the stage's context has ended returns. */
int leat__call_ended(struct leat_stage *st);

#endif
