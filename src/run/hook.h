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
	const struct leat__inner *inner);

static inline bool
leat__stage_is_hooked(const struct leat_stage *st)
{
	return leat__unlikely(leat__load_relaxed(&st->hooks) != NULL);
}

#endif
