/*
 * run/exec.h -- the executor: workers that run what is ready.
 *
 * An entry is something ready to run, in exactly one queue. A job is an entry
 * that is stepped again and again, and woken by whoever has something for it;
 * a fiber (fiber.h) is one that brings its own stack.
 *
 * Keeps: a job that is READY is in exactly one queue; a wake that arrives
 * while it runs makes it run again; no worker sleeps while a queue holds an
 * entry and nobody looks for work. tests/model/worker.pml is the proof.
 */
#ifndef LEAT_SRC_RUN_EXEC_H
#define LEAT_SRC_RUN_EXEC_H

#include "base/atomic.h"
#include "env/env.h"
#include "run/queue.h"
#include "run/switch.h"

struct leat__exec;
struct leat__worker;

/* ---- entries and jobs --------------------------------------------------- */

/*
 * run() may free the entry, or put it into a queue again. If it returns a
 * context, the worker switches to that, in the frame of its loop, and when it
 * is back calls worker->back(), until that has no more. The calls and returns
 * of the worker are even between two switches: so a fiber's returns are
 * predicted by the calls of the one before it.
 */
struct leat__entry {
	struct leat__entry *next; /* in the common queue */
	struct leat__context *(*run)(
		struct leat__entry *entry, struct leat__worker *worker);
};

enum leat__step {
	LEAT__STEP_IDLE,  /* armed; a waker will tell */
	LEAT__STEP_AGAIN, /* quantum spent */
	LEAT__STEP_DONE
};

enum leat__job_state {
	LEAT__JOB_IDLE = 0,
	LEAT__JOB_READY, /* in a queue */
	LEAT__JOB_RUNNING,
	LEAT__JOB_NOTIFIED, /* running, and woken meanwhile */
	LEAT__JOB_DONE
};

struct leat__job {
	struct leat__entry entry;
	uint32_t state; /* enum leat__job_state, atomic */
	struct leat__exec *exec;
	enum leat__step (*step)(
		struct leat__job *job, struct leat__worker *worker);
	void (*done)(struct leat__job *job); /* it will not be stepped again */
};

/* step and done are filled by the caller. */
void leat__job_init(struct leat__job *job, struct leat__exec *exec);

/* Make it ready if it is idle. hint: the calling worker, or NULL. */
void leat__job_ready(struct leat__job *job, struct leat__worker *hint);

/*
 * The same for a step that ends now: the job is run next by the same worker,
 * while what it works on is hot, if no other has been handed over already.
 */
void leat__job_ready_next(struct leat__job *job, struct leat__worker *hint);

/* ---- workers ------------------------------------------------------------ */

enum leat__worker_mode {
	LEAT__WORKER_STOPPED = 0, /* no thread, or one that is at its end */
	LEAT__WORKER_STARTING,    /* somebody starts its thread */
	LEAT__WORKER_AWAKE,
	LEAT__WORKER_PARKED,
	LEAT__WORKER_WOKEN,        /* to search */
	LEAT__WORKER_WOKEN_FOR_ONE /* to search; a single entry waits */
};

struct leat__worker {
	struct leat__exec *exec;
	uint32_t number;
	uint32_t tick; /* entries run */
	/* of whoever runs entries that are contexts on it: */
	struct leat__context *(*back)(struct leat__worker *worker);
	void *local;
	struct leat__entry *handed;   /* run next, by it alone; in no queue */
	uint32_t n_handed;            /* such in a row */
	struct leat__context context; /* of its thread */
	void **slot;                  /* leat__thread_slot() of its thread */
	int64_t coarse_ns; /* a clock read some entries ago; atomic */
	bool is_searching; /* counted in n_searching */
	bool is_for_one;
	bool is_sentry;        /* counted in n_sentries */
	int64_t idle_since_ns; /* 0 = not idle */
	uint64_t n_steals;     /* entries; atomic, one writer */
	uint64_t n_parks;
	struct leat__thread thread;
	bool has_thread;     /* to be joined; of who starts it */
	uint32_t is_started; /* atomic: who started it is through with that */
	_Alignas(LEAT__CACHE_LINE) uint32_t mode; /* atomic */
	struct leat__parker parker;
	struct leat__queue queue;
};

void leat__worker_thread(void *worker);

/* The next entry of its own queue, for a context that leaves the worker to
 * another one without it. NULL: none, or it is time to look elsewhere. What
 * cannot be run that way goes into worker->handed. */
struct leat__entry *leat__worker_pop(struct leat__worker *worker);

/* ---- the executor ------------------------------------------------------- */

struct leat__exec_opts {
	uint32_t n_workers; /* most threads; the first never ends by itself */
	bool is_pinned;
	uint64_t spin_ns; /* look for work so long before parking */
	uint64_t idle_ns; /* threads end after; 0 = never */
	const char *name; /* of threads, before their number */
	/* More to run that is in no queue: taken by a worker that finds nothing
	 * in its own and the common queue, or every 61st time; NULL = none. */
	struct leat__entry *(*feed)(void *user, struct leat__worker *worker);
	bool (*has_feed)(void *user);
	void *user;
};

struct leat__exec {
	const struct leat__env *env;
	struct leat__exec_opts opts;
	uint32_t n_workers;
	struct leat__worker *workers;
	/* atomic: */
	_Alignas(LEAT__CACHE_LINE) uint32_t n_parked;
	uint32_t n_stopped;   /* workers whose thread can be started */
	uint32_t n_searching; /* looking for work, or woken to */
	uint32_t n_sentries;  /* parked, and looking from time to time */
	uint32_t n_starting;  /* threads being started this moment */
	uint32_t n_visiting;  /* threads from outside that must be let go */
	uint32_t is_over;
	_Alignas(LEAT__CACHE_LINE) struct leat__lock lock; /* guards below */
	struct leat__entry *first; /* the common queue */
	struct leat__entry *last;
	uint32_t n_common; /* atomic for readers without the lock */
};

/* On an error nothing is left. LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__exec_init(struct leat__exec *exec,
	const struct leat__env *env, const struct leat__exec_opts *opts);
/* Nothing in any queue, threads joined. Zeroed memory is accepted. */
void leat__exec_fini(struct leat__exec *exec);

/* Start the first n threads; 0 or the errno of the one that failed. */
int leat__exec_start(struct leat__exec *exec, uint32_t n);
/* Let all workers go home; what is in queues stays there. */
void leat__exec_stop(struct leat__exec *exec);
/* After leat__exec_stop(): until all have gone. */
void leat__exec_join(struct leat__exec *exec);
/* Be worker 0 until the stop: where its thread cannot be started. */
void leat__exec_run_here(struct leat__exec *exec);

/* Have an entry run. hint: the worker whose thread this is, or NULL. */
void leat__exec_push(struct leat__exec *exec, struct leat__worker *hint,
	struct leat__entry *entry);
/*
 * Around what a thread from outside does that may lead to the end of all: it
 * may make ready what is waited for, and still be in here when who waited
 * stops the executor. leat__exec_join() waits for the leave.
 */
void leat__exec_enter(struct leat__exec *exec);
void leat__exec_leave(struct leat__exec *exec);
/* There is something to feed: have somebody look. */
void leat__exec_wake(struct leat__exec *exec);

/* Threads at present. */
uint32_t leat__exec_n_threads(const struct leat__exec *exec);

/* ---- between exec.c and worker.c ---------------------------------------- */

/* As leat__exec_wake; is_for_one: what was made ready is alone in its queue. */
void leat__exec_wake_one(struct leat__exec *exec, bool is_for_one);
/* Is anything ready anywhere? is_lone_passed: but for queues of a single one.
 */
bool leat__exec_has_work(struct leat__exec *exec, bool is_lone_passed);
/* A share of the common queue, the oldest first, chained. NULL = empty. */
struct leat__entry *leat__exec_take(struct leat__exec *exec);
/* The worker's own queue, or if that is full the common one. */
void leat__worker_push(struct leat__worker *worker, struct leat__entry *entry);

#endif
