/*
 * run/drain.h -- how far a drain is, and when it has taken too long.
 */
#ifndef LEAT_SRC_RUN_DRAIN_H
#define LEAT_SRC_RUN_DRAIN_H

#include "env/env.h"
#include <leat/graph.h>

struct leat__run;
struct leat__task;

struct leat__drain {
	struct leat__lock lock; /* guards what follows, but for the atomics */
	bool is_begun;
	bool is_closed; /* no context any more */
	uint32_t phase; /* enum leat_drain_phase */
	int64_t began_ns[LEAT_DRAIN_PHASES];
	int64_t deadline_ns;         /* LEAT_NEVER = none */
	struct leat_ctx *waits;      /* ends as the drain begins */
	struct leat_ctx *timeout;    /* ends as its time is over */
	struct leat_ctx_after after; /* of timeout */
	uint32_t n_emitting;         /* tasks with stages that have outs and
					have not ended; atomic */
	uint32_t is_late;            /* atomic */
};

/* After the tasks have been made, before any runs. */
LEAT_MUST_CHECK int leat__drain_init(
	struct leat__run *run, struct leat_error *err);
/* When nothing runs any more. */
void leat__drain_close(struct leat__run *run);

/* Stages of the task have ended, or begun to finish. */
void leat__drain_task(struct leat__task *task);
/* All tasks are done. */
void leat__drain_over(struct leat__run *run);

/* Must a sink that would complete its output wait, for stages before a sink
 * have not finished? When that changes all tasks are woken. */
bool leat__drain_holds(struct leat__run *run);
/* To be asked after that: did those it waited for end because the run was ended
 * before the drain was through? */
bool leat__drain_is_cut(struct leat__run *run);

/* Is it this stage that a drain waits for? */
bool leat__drain_awaits(const struct leat_stage *st);

#endif
