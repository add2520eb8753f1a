/*
 * run/run.h -- a graph at work: tasks, workers, blocking threads.
 *
 * A task is a segment that is being run. It is stepped by one thread at a
 * time: a worker (run queues, stealing) or, if its stage blocks, a thread of
 * its own. Both call leat__task_step() until it says IDLE or DONE.
 *
 * Invariants: a task that is READY is in exactly one queue; a wake that
 * arrives while it runs makes it run again; no worker parks while a queue it
 * can see holds a task.
 */
#ifndef LEAT_SRC_RUN_RUN_H
#define LEAT_SRC_RUN_RUN_H

#include <ck_stack.h>

#include "chan/chan.h"
#include "graph/graph.h"
#include "run/queue.h"

struct leat__run;
struct leat__task;
struct leat__worker;

/* What a thread brings along when it steps a task. */
struct leat__lane {
	struct leat__cache cache;    /* its magazines */
	struct leat__worker *worker; /* NULL on a blocking thread */
};

/* ---- task.c: stepping a segment ---------------------------------------------- */

enum leat__step {
	LEAT__STEP_IDLE,  /* armed; a waker will tell */
	LEAT__STEP_AGAIN, /* quantum spent */
	LEAT__STEP_DONE
};

enum leat__task_state {
	LEAT__TASK_IDLE = 0,
	LEAT__TASK_READY, /* in a queue */
	LEAT__TASK_RUNNING,
	LEAT__TASK_NOTIFIED, /* running, and woken meanwhile */
	LEAT__TASK_DONE
};

/* A stage in its segment. */
struct leat__node {
	struct leat_stage *stage;
	struct leat_frame **inbox; /* ring of max_inbox frames */
	uint32_t max_inbox;
	uint32_t inbox_at;
	uint32_t n_inbox;
	uint32_t in_link;  /* the frame in hand came from ins[in_link] */
	uint64_t in_bytes; /* and had this many bytes when it was sent */
	bool is_counted;   /* the frame in hand was counted as in */
	bool is_dirty;     /* has worked since the last flush */
	bool is_flushed;   /* flush before finish has been done */
	uint64_t stamp;    /* of the frame in hand */
	int64_t birth_ns;
};

struct leat__task {
	struct leat__waker waker; /* of its channels, and of drain and cancel */
	uint32_t state;           /* enum leat__task_state, atomic */
	struct leat__run *run;
	struct leat__segment *segment;
	struct leat__lane *lane; /* of the thread that steps it, else NULL */
	uint32_t n_nodes;
	struct leat__node *nodes;
	uint32_t at;           /* the node that is looked at */
	uint32_t n_ended;      /* nodes 0 .. n_ended-1 have finished */
	bool is_head_ended;    /* no further input for node 0 */
	uint32_t next_in;      /* for fairness over several ins */
	uint64_t next_stamp;   /* of a source */
	int64_t idle_since_ns; /* 0 = not idle */
	uint64_t *idle_counter;
	uint64_t wait_input_ns; /* atomic, one writer */
	uint64_t wait_credit_ns;
	ck_stack_entry_t injected;  /* in the run's stack */
	struct leat__parker parker; /* of its own thread, if it blocks */
	struct leat__thread thread;
	bool is_started;
	struct leat__lane own_lane;
};

LEAT_MUST_CHECK int leat__task_init(struct leat__task *task,
	struct leat__run *run, struct leat__segment *segment);
void leat__task_fini(struct leat__task *task);
enum leat__step leat__task_step(
	struct leat__task *task, struct leat__lane *lane);
/* Thread of a blocking task. */
void leat__task_thread(void *task);

/* ---- stage.c: what callbacks call, and the calls of callbacks ----------------- */

int leat__node_process(struct leat__task *task, struct leat__node *node);
int leat__node_produce(struct leat__task *task, struct leat__node *node);
int leat__node_flush(struct leat__task *task, struct leat__node *node);
int leat__node_finish(struct leat__task *task, struct leat__node *node);
/* Release what waits for the stage; is_filtered: nobody wants it any more. */
void leat__node_drop_inbox(
	struct leat__task *task, struct leat__node *node, bool is_filtered);

/* ---- worker.c: run queues, stealing, parking ----------------------------------- */

struct leat__worker {
	struct leat__lane lane;
	struct leat__run *run;
	uint32_t number;
	struct leat__thread thread;
	struct leat__parker parker;
	uint32_t is_parked; /* atomic */
	bool is_started;
	struct leat__queue queue;
};

LEAT_MUST_CHECK int leat__worker_init(
	struct leat__worker *worker, struct leat__run *run, uint32_t number);
void leat__worker_fini(struct leat__worker *worker);
void leat__worker_thread(void *worker);
/* Make a task runnable if it is idle. hint: the calling worker, or NULL. */
void leat__task_ready(struct leat__task *task, struct leat__worker *hint);
/* All tasks have ended: let the workers go home. */
void leat__workers_stop(struct leat__run *run);

/* ---- run.c ---------------------------------------------------------------------- */

struct leat__run {
	struct leat_graph *graph;
	const struct leat__env *env;
	struct leat_pool *pool;
	uint32_t n_tasks;
	struct leat__task *tasks;
	uint32_t n_workers;
	struct leat__worker *workers;
	ck_stack_t injected;   /* tasks made ready by threads without a queue */
	uint32_t n_parked;     /* workers, atomic */
	uint32_t n_tasks_left; /* atomic */
	uint32_t is_over;      /* atomic: all tasks are done */
	uint32_t is_draining;  /* atomic */
	uint32_t is_broken;  /* atomic: a task ended by a cancel or a failure */
	uint32_t is_drained; /* atomic: a source ended because of a drain */
	uint32_t closing;    /* atomic: 0 not yet, 1 somebody is, 2 closed */
	int cancel_fd;
	int drain_fd;
	bool is_after_set;
	struct leat_ctx_after after; /* the context ended */
	struct leat__parker over;    /* leat_graph_wait() waits here */
	struct leat_error cause;     /* filled while closing */
	int result;
};

/* Readable for good once the run is cancelled; -1 before the start. */
int leat__run_cancel_fd(struct leat_graph *graph);
/* Readable for good once the run is to drain. */
int leat__run_drain_fd(struct leat_graph *graph);
/* A task has ended. */
void leat__run_task_done(struct leat__run *run);

/* ---- stats.c ---------------------------------------------------------------------- */

/* Do all equations hold? Only when at rest. */
bool leat__run_is_balanced(const struct leat_graph *graph);

#endif
