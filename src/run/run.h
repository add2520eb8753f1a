/*
 * run/run.h -- a graph at work: tasks, workers, blocking threads.
 *
 * A task is a segment that is being run. It is stepped by one thread at a
 * time: a worker of the executor, as a job, or, if its stage blocks, a thread
 * of the run's own. Both call leat__task_step() until it says IDLE or DONE.
 */
#ifndef LEAT_SRC_RUN_RUN_H
#define LEAT_SRC_RUN_RUN_H

#include "chan/chan.h"
#include "env/side.h"
#include "exec/exec.h"
#include "exec/heap.h"
#include "exec/threads.h"
#include "graph/graph.h"
#include "run/drain.h"
#include "run/pause.h"
#include "run/timesheet.h"

struct leat__bisect;
struct leat__run;
struct leat__task;
struct leat__trace_lane;
struct leat__trace_node;

/* Stamps of sources stay below. Whatever comes after all input has ended (by
 * finish) has this one; UINT64_MAX is the promise of a closed channel. */
#define LEAT__STAMP_LAST (UINT64_MAX - 1)

/* What a thread brings along when it steps a task. */
struct leat__lane {
	struct leat__cache cache;       /* its magazines */
	struct leat__worker *worker;    /* NULL on a blocking thread */
	struct leat__trace_lane *trace; /* NULL = nothing is recorded */
};

/* ---- task.c: stepping a segment ---------------------------------------------- */

/* A stage in its segment. */
struct leat__node {
	struct leat_stage *stage;
	struct leat_frame **inbox; /* ring of max_inbox frames */
	uint32_t max_inbox;
	uint32_t inbox_at;
	uint32_t n_inbox;
	uint32_t in_link;   /* the frame in hand came from ins[in_link] */
	uint64_t in_bytes;  /* and had this many bytes when it was sent */
	bool is_counted;    /* the frame in hand was counted as in */
	bool is_dirty;      /* has worked since the last flush */
	bool is_flushed;    /* flush before finish has been done */
	bool is_kept_empty; /* holds nothing between two frames */
	uint64_t stamp;     /* of the frame in hand */
	int64_t birth_ns;
	uint64_t called_ns; /* in its callbacks, by samples; atomic */
	uint32_t priority;
	uint32_t born; /* LEAT__BORN_* (sample.h), of what a source makes */
	struct leat__histogram *called, *arrived; /* of the stage; or NULL */
	struct leat__bisect *bisect; /* NULL = frames are not tried in halves */
	struct leat__trace_node *trace; /* NULL = frames have no spans */
};

/* What a task waits for, where that is recorded (trace.h). */
struct leat__trace_rest {
	int64_t since_ns;    /* it has not been stepped; 0 = nothing to tell */
	uint64_t woken_ns;   /* atomic; 0 = not yet */
	uint64_t outside_ns; /* its stage waits in its call since; 0 = no */
	uint32_t why;        /* enum leat__trace_why */
	uint32_t link;       /* or LEAT__TRACE_NOBODY */
};

struct leat__region;
struct leat__ticket;

#define LEAT__IN_NONE UINT32_MAX

/* Which in the head of a segment gets its next frame from: pull.c. */
struct leat__pull {
	uint32_t next_in;      /* for fairness over several ins */
	struct leat__heap ins; /* of an ordered merge: by stamp */
	/* of a stage that gathers */
	uint64_t *wanted;   /* bit k: in k, which has not ended */
	uint64_t *is_ended; /* bit k: so has in k; behind wanted */
	uint32_t n_left;    /* ins that have not ended */
	uint32_t ended;     /* in whose end the stage is to be told; or NONE */
};

/* Where a stage waits, while it does. */
enum leat__where { LEAT__INSIDE = 0, LEAT__OUTSIDE, LEAT__IN_GUARD };

struct leat__task {
	struct leat__waker waker; /* of its channels, and of drain and cancel */
	struct leat__job job;     /* of the executor, unless it blocks */
	struct leat__run *run;
	struct leat__segment *segment;
	struct leat__lane *lane; /* of the thread that steps it, else NULL */
	uint32_t n_nodes;
	struct leat__node *nodes;
	uint32_t at;          /* the node that is looked at */
	uint32_t n_ended;     /* nodes 0 .. n_ended-1 have finished; atomic */
	uint32_t n_finishing; /* and those before this one are at it; atomic */
	bool is_past;         /* none of its stages can emit any more */
	bool is_head_ended;   /* no further input for node 0 */
	bool owes_grant;      /* for the last frame, until it is through all */
	struct leat__pull pull;
	uint64_t next_stamp; /* of a source */
	uint64_t bound;      /* last promised on ordered outs */
	uint64_t fork_stamp; /* frames numbered where branches begin */
	/* of a replica */
	struct leat__region *region; /* NULL = the only task of its segment */
	struct leat__ticket *ticket; /* of the frame in hand; NULL = none */
	uint64_t n_ticket;           /* its number */
	uint32_t rest;               /* enum leat__rest */
	struct leat_stage *failed; /* it tells when its ticket is the oldest */
	int failed_code;
	struct leat__timesheet sheet;
	uint32_t n_quiet;  /* frames sent whose receiver has not been told */
	uint32_t n_spread; /* the calls for this one are timed, and stand for
			      those of so many; 0 = not timed */
	uint32_t n_stands; /* that the next one stands for; 0 = none is timed */
	uint32_t n_until;  /* frames until it */
	uint32_t random;   /* by which they are drawn */
	uint64_t timed_ns; /* in the calls for this one */
	int64_t ended_ns;  /* of them the last; 0 = not just now */
	uint32_t shown_at; /* atomic: at, for those who look on */
	uint32_t where;    /* atomic, enum leat__where: of a stage that waits */
	uint32_t is_in;    /* atomic: it is stepped; see pause.c */
	struct leat__parker parker; /* of its own thread, if it blocks */
	struct leat__call call;     /* what that thread does */
	struct leat__lane own_lane;
	bool is_traced; /* rests are recorded */
	struct leat__trace_rest trace;
};

/* replica: which instances of the segment's stages it calls. */
LEAT_MUST_CHECK int leat__task_init(struct leat__task *task,
	struct leat__run *run, struct leat__segment *segment, uint32_t replica);
void leat__task_fini(struct leat__task *task);
enum leat__step leat__task_step(
	struct leat__task *task, struct leat__lane *lane);

/* ---- stage.c: what callbacks call, and the calls of callbacks ----------------- */

/* Its open; LEAT_OK, or a code that has been said. */
LEAT_MUST_CHECK int leat__stage_open(
	struct leat_stage *st, struct leat_error *err);

int leat__node_process(struct leat__task *task, struct leat__node *node);
/* process alone, with the hooks around it, for this frame. */
int leat__node_call(
	struct leat__node *node, struct leat_frame *frame, bool is_more);
/* The frame in hand is through. */
void leat__node_pop(struct leat__node *node);
/* sleep.c: until then, the end of the run, the call's deadline, or a drain: OK,
 * LEAT_ECANCELED, LEAT_ETIMEDOUT, LEAT_EOS. */
LEAT_MUST_CHECK int leat__sleep_until_drain(
	struct leat_stage *st, int64_t until_ns);
/* Has the call under way neither emitted nor rejected anything? */
bool leat__stage_is_as_before(const struct leat_stage *st);
/* The callback alone: process, map_item or keep_item. */
int leat__call_process(struct leat_stage *st, struct leat_frame *frame);
int leat__node_produce(struct leat__task *task, struct leat__node *node);
int leat__node_flush(struct leat__task *task, struct leat__node *node);
int leat__node_end_in(struct leat__task *task, struct leat__node *node);
int leat__node_finish(struct leat__task *task, struct leat__node *node);
/* The stamp that a number of nested branches stands for where they are merged;
 * of other stages the stamp itself. Never ask for a lesser one again. */
uint64_t leat__node_outer(
	struct leat__task *task, const struct leat_stage *st, uint64_t stamp);
/* Can one more frame be numbered where branches begin? */
bool leat__task_has_numbers(const struct leat__task *task);
/* Release what waits for the stage; is_filtered: nobody wants it any more. */
void leat__node_drop_inbox(
	struct leat__task *task, struct leat__node *node, bool is_filtered);

/* Pass a frame on, or drop it if its receiver has closed. There is credit. */
void leat__link_send(struct leat__link *link, struct leat__cache *cache,
	struct leat_frame *frame);

/* ---- run.c ---------------------------------------------------------------------- */

struct leat__run {
	struct leat_graph *graph;
	const struct leat__env *env;
	struct leat_pool *pool;
	uint32_t n_tasks;
	struct leat__task *tasks;
	uint32_t n_regions;
	struct leat__region *regions;
	struct leat__exec exec;
	struct leat__lane *lanes;     /* one of each worker */
	struct leat__threads threads; /* of the tasks that block */
	int64_t start_ns;
	int64_t end_ns;        /* atomic; 0 = not yet */
	uint32_t n_tasks_left; /* atomic */
	uint32_t is_over;      /* atomic: all tasks are done */
	uint32_t is_draining;  /* atomic */
	uint32_t is_broken;  /* atomic: a task ended by a cancel or a failure */
	uint32_t is_drained; /* atomic: a source ended because of a drain */
	uint32_t closing;    /* atomic: 0 not yet, 1 somebody is, 2 closed */
	struct leat_dead *deads; /* where dead letters go; a list */
	struct leat__drain drain;
	struct leat__pause pause;
	int cancel_fd;
	int drain_fd;
	struct leat__lock end_lock; /* guards end_fd */
	int end_fd;                 /* -1 = nobody has asked */
	bool is_after_set;
	struct leat_ctx_after after; /* the context ended */
	struct leat__side over;      /* leat_graph_wait() waits here */
	struct leat_error cause; /* filled by who failed, or while closing */
	bool is_own_cause;       /* one of this run's stages failed first */
	int result;
};

/* build.c: all it is made of. On an error what there is by then stays. */
LEAT_MUST_CHECK int leat__run_build(
	struct leat_graph *graph, struct leat_error *err);
void leat__run_free(struct leat__run *run);
/* settle.c: all threads have gone. Fills result and cause. */
void leat__run_settle(struct leat__run *run);
/* Readable for good once the run is cancelled; -1 before the start. */
int leat__run_cancel_fd(struct leat_graph *graph);
/* Readable for good once the run is to drain. */
int leat__run_drain_fd(struct leat_graph *graph);
/* Around what a callback waits for outside: its stage does not work then. */
void leat__run_wait_begin(struct leat_stage *st, enum leat__doing doing);
/* In its guard. Ends as the other. */
void leat__run_guard_begin(struct leat_stage *st);
void leat__run_wait_end(struct leat_stage *st);
/* All tasks look around. */
void leat__run_wake_all(struct leat__run *run);
/* It fails: the first to say so is its cause, the others are told behind it. */
void leat__run_fail(struct leat__run *run, const struct leat_error *err);
/* A task has ended. */
void leat__run_task_done(struct leat__run *run);

/* ---- stats.c ---------------------------------------------------------------------- */

/* Do all equations hold? Only when at rest. */
bool leat__run_is_balanced(const struct leat_graph *graph);

#endif
