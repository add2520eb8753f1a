/*
 * exec/exec.h -- the executor: workers that run what is ready.
 *
 * An entry is something ready to run, in exactly one queue. Entries may be of
 * several ranks; rank 0 is first (rank.c). A job is an entry
 * that is stepped again and again, and woken by whoever has something for it;
 * a fiber (fiber.h) is one that brings its own stack.
 *
 * Keeps: a job that is READY is in exactly one queue; a wake that arrives
 * while it runs makes it run again; no worker sleeps while a queue holds an
 * entry and nobody looks for work. tests/model/worker.pml is the proof.
 */
#ifndef LEAT_SRC_EXEC_EXEC_H
#define LEAT_SRC_EXEC_EXEC_H

#include "base/atomic.h"
#include "env/env.h"
#include "env/pin.h"
#include "exec/queue.h"
#include "exec/switch.h"

struct leat__exec;
struct leat__trace_lane;
struct leat__worker;

#define LEAT__RANKS_MAX 8u

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
	uint32_t rank; /* less than the executor's n_ranks */
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

/* step, done and entry.rank are filled by the caller. */
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
	struct leat__trace_lane *trace; /* NULL = nothing is recorded */
	struct leat__entry *handed;     /* run next, by it alone; in no queue */
	uint32_t n_handed;              /* such in a row */
	struct leat__context context;   /* of its thread */
	void **slot;                    /* leat__thread_slot() of its thread */
	int64_t coarse_ns; /* a clock read some entries ago; atomic */
	bool is_searching; /* counted in n_searching */
	bool is_for_one;
	bool is_sentry;        /* counted in n_sentries */
	uint32_t rank;         /* of what it runs */
	int64_t began_ns;      /* to run it; where shares are counted */
	int64_t idle_since_ns; /* 0 = not idle */
	uint64_t n_steals;     /* entries; atomic, one writer */
	uint64_t n_parks;
	struct leat__thread thread;
	bool has_thread;     /* to be joined; of who starts it */
	uint32_t is_started; /* atomic: who started it is through with that */
	_Alignas(LEAT__CACHE_LINE) uint32_t mode; /* atomic */
	struct leat__parker parker;
	struct leat__queue queue;   /* of rank 0 */
	struct leat__queue *queues; /* of the ranks from 1 on, or NULL */
};

void leat__worker_thread(void *worker);

/* The next entry of its own queue, for a context that leaves the worker to
 * another one without it. NULL: none, or it is time to look elsewhere. What
 * cannot be run that way goes into worker->handed. */
struct leat__entry *leat__worker_pop(struct leat__worker *worker);

/* ---- the executor ------------------------------------------------------- */

struct leat__exec_opts {
	uint32_t n_workers; /* most threads; the first never ends by itself */
	const struct leat__pin *pin; /* [lent, outlives]; NULL = not pinned */
	uint64_t spin_ns;            /* look for work so long before parking */
	uint64_t idle_ns;            /* threads end after; 0 = never */
	const char *name;            /* of threads, before their number */
	/* Ranks of entries, 0 = 1; fibers run where there is one only. Ranks
	 * are served strictly, or each by its weight where the first is set. */
	uint32_t n_ranks;
	uint32_t weights[LEAT__RANKS_MAX];
	/* More to run that is in no queue: taken by a worker that finds nothing
	 * in its own and the common queue, or every 61st time; NULL = none. */
	struct leat__entry *(*feed)(void *user, struct leat__worker *worker);
	bool (*has_feed)(void *user);
	void *user;
};

/* The common queue of one rank. */
struct leat__chain {
	struct leat__entry *first;
	struct leat__entry *last;
};

struct leat__exec {
	const struct leat__env *env;
	struct leat__exec_opts opts;
	uint32_t n_workers;
	struct leat__worker *workers;
	bool is_ranked;   /* there are several ranks */
	bool is_weighted; /* and they are served by weight */
	/* atomic: */
	_Alignas(LEAT__CACHE_LINE) uint32_t n_parked;
	uint32_t n_stopped;   /* workers whose thread can be started */
	uint32_t n_searching; /* looking for work, or woken to */
	uint32_t n_sentries;  /* parked, and looking from time to time */
	uint32_t n_starting;  /* threads being started this moment */
	uint32_t n_visiting;  /* threads from outside that must be let go */
	uint32_t is_over;
	/* of several ranks (rank.c); atomic: */
	_Alignas(LEAT__CACHE_LINE) uint32_t ready; /* bit r: some are queued */
	uint64_t pass;                    /* of the rank that was chosen last */
	uint64_t passes[LEAT__RANKS_MAX]; /* what each has paid */
	_Alignas(LEAT__CACHE_LINE) struct leat__lock lock; /* guards below */
	struct leat__chain common[LEAT__RANKS_MAX];
	uint32_t n_common; /* in all; atomic for readers without the lock */
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

/* ---- trace.c, where worker->trace is set ---- */

/* It slept since then; it took n entries of another. */
void leat__trace_parked(struct leat__worker *worker, int64_t since_ns);
void leat__trace_stole(struct leat__worker *worker,
	const struct leat__worker *victim, uint32_t n);

/* ---- between exec.c and worker.c ---------------------------------------- */

/* As leat__exec_wake; is_for_one: what was made ready is alone in its queue. */
void leat__exec_wake_one(struct leat__exec *exec, bool is_for_one);
/* Is anything ready anywhere? is_lone_passed: but for queues of a single one.
 */
bool leat__exec_has_work(struct leat__exec *exec, bool is_lone_passed);
/* A share of the common queue, the oldest first, chained; of several ranks
 * one entry. NULL = empty. */
struct leat__entry *leat__exec_take(struct leat__exec *exec, uint32_t rank);
/* The worker's own queue, or if that is full the common one. */
void leat__worker_push(struct leat__worker *worker, struct leat__entry *entry);

static inline struct leat__queue *
leat__worker_queue(struct leat__worker *worker, uint32_t rank)
{
	return rank == 0 ? &worker->queue : &worker->queues[rank - 1];
}

/* ---- rank.c: entries of several ranks ------------------------------------ */

uint64_t leat__rank_len(const struct leat__worker *worker);

/* How many are in a worker's own queues: a guess, as leat__queue_len(). */
static inline uint64_t
leat__worker_len(const struct leat__worker *worker)
{
	return leat__unlikely(worker->exec->is_ranked)
		? leat__rank_len(worker)
		: leat__queue_len(&worker->queue);
}

/* After an entry of this rank was put into a queue. */
void leat__rank_note(struct leat__exec *exec, uint32_t rank);
/* The next entry to run, from anywhere; NULL = none is ready. */
struct leat__entry *leat__rank_look(struct leat__worker *worker);
/* It begins, or has ended, to run an entry. */
void leat__rank_begin(
	struct leat__worker *worker, const struct leat__entry *entry);
void leat__rank_end(struct leat__worker *worker);
/* Is an entry ready that is to be run before those of this rank? */
static inline bool
leat__rank_has_before(const struct leat__exec *exec, uint32_t rank)
{
	return (leat__load_relaxed(&exec->ready) & ((1u << rank) - 1)) &&
		!exec->is_weighted;
}

#endif
