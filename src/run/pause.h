/*
 * run/pause.h -- a run stands still for a while, between two of its records.
 */
#ifndef LEAT_SRC_RUN_PAUSE_H
#define LEAT_SRC_RUN_PAUSE_H

#include "env/env.h"
#include <leat/live.h>

struct leat__run;
struct leat__task;
struct leat_stage;

enum leat__pause_state {
	LEAT__PAUSE_NONE = 0,
	LEAT__PAUSE_ASKED, /* sources take nothing more in */
	LEAT__PAUSE_HELD   /* no task is stepped */
};

struct leat__pause {
	struct leat__lock lock; /* guards n_asked, and state's changes */
	uint32_t n_asked;
	uint32_t state;            /* enum leat__pause_state; atomic */
	bool is_fencing;           /* no barrier: tasks pay for the fence */
	struct leat__parker moved; /* a task has come to rest */
};

/* Before any task runs. */
void leat__pause_init(struct leat__run *run);

/* ---- for tasks ---- */

/* Around all that a task does. false: it is held, and is woken after that. */
bool leat__pause_enter(struct leat__task *task);
void leat__pause_leave(struct leat__task *task);
/* Around what a source waits for outside: meanwhile it may be held. */
void leat__pause_wait_begin(struct leat_stage *st);
void leat__pause_wait_end(struct leat_stage *st);
/* Is a source to take nothing more in? */
bool leat__pause_is_asked(const struct leat__run *run);

/* ---- for who changes the graph ---- */

/*
 * The run is paused: hold it as soon as nothing is on its way. Then this
 * thread alone is in it until leat__pause_go_on(); the run must not be closed
 * meanwhile. LEAT_OK, or as leat_graph_wait_paused().
 */
LEAT_MUST_CHECK int leat__pause_hold(
	struct leat__run *run, int64_t deadline_ns, struct leat_error *err);
void leat__pause_go_on(struct leat__run *run);

#endif
