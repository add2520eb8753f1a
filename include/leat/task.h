/*
 * leat/task.h -- workers for an application's own work: tasks, fibers, timers.
 *
 * A pool of workers runs fibers: functions with small stacks of their own that
 * wait by giving their worker to somebody else. Inside one, every wait of leat
 * (channels, select, contexts, sleep, leat_task_wait) parks the fiber and not
 * the thread; a million may be parked. Work that blocks in the operating
 * system runs on threads that come and go (LEAT_TASK_BLOCKING).
 *
 *	leat_workers_create(ctx, NULL, &workers, &err);
 *	leat_go(workers, serve, connection, &err);        // and forget
 *	leat_workers_submit(workers, NULL, work, arg, &task, &err);
 *	leat_task_wait(task, LEAT_NEVER, &result, &err);  // and collect
 *	leat_task_release(task);
 *	leat_workers_close(workers);                      // nothing new
 *	leat_workers_wait(workers, LEAT_NEVER);           // all ended
 *	leat_workers_destroy(workers);
 *
 * Source: Go's goroutines and scheduler; Blumofe and Leiserson, Scheduling
 * Multithreaded Computations by Work Stealing, 1999.
 */
#ifndef LEAT_TASK_H
#define LEAT_TASK_H

#include <leat/base.h>
#include <leat/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_workers;
struct leat_task;

/* ---- workers --------------------------------------------------------------- */

#define LEAT_WORKERS_MAX       1024u
#define LEAT_GROUPS_MAX        64u
#define LEAT_STACK_BYTES_LEAST 16384u
#define LEAT_STACK_BYTES_MOST  (64u << 20)

/* Flags of leat_workers_opts. */
#define LEAT_WORKERS_PIN 1u /* pin = "cores", unless it says another */

/**
 * A class of tasks. Groups of a lower rank are served first, always; groups of
 * the same rank share what is left by their weights.
 */
struct leat_group {
	const char *name;     /* for dumps; copied */
	uint32_t rank;        /* 0 = first */
	uint32_t weight;      /* 0 = 1 */
	uint32_t max_queued;  /* waiting to start; 0 = as the workers' */
	uint32_t max_running; /* started and not ended; 0 = no own limit */
};

struct leat_workers_opts {
	uint32_t size;          /* by LEAT_OPTS_INIT(leat_workers_opts) */
	uint32_t flags;         /* LEAT_WORKERS_* */
	uint32_t max_workers;   /* threads that run fibers; 0 = cores */
	uint32_t start_workers; /* started at once; the others when needed */
	uint32_t max_blocking;  /* threads for blocking tasks; 0 = 64 */
	uint32_t max_queued;    /* tasks waiting to start; 0 = 1024 */
	uint32_t max_running;   /* started and not ended; 0 = no limit */
	uint32_t n_groups;      /* 0 = one, "default" */
	const struct leat_group *groups; /*                         [lent] */
	uint64_t idle_ns; /* an idle thread ends after; 0 = 5 s */
	uint64_t spin_ns; /* looks for work so long before it parks; 0 = not */
	uint64_t quantum_ns;  /* leat_yield_if_due(); 0 = 100 us */
	uint64_t stack_bytes; /* of a fiber, committed as touched; 0 = 64 KiB */
	uint32_t start_stacks; /* stacks made ready in advance */
	uint32_t reserved;     /* 0 */
	/* fibers' threads stay on these cores, as pin of leat_graph_opts; NULL
	 * = off, or with LEAT_WORKERS_PIN "cores"                      [lent]
	 */
	const char *pin;
};

/**
 * Create a pool of workers.
 *
 * @param ctx          all tasks' contexts are below it; NULL = a root of its
 *                     own                                    [lent, outlives]
 * @param opts         NULL = all defaults                              [lent]
 * @param workers_out  to be ended by leat_workers_destroy()           [given]
 *
 * @return LEAT_OK, LEAT_EINVAL (the text names the field), LEAT_ENOTSUP,
 * LEAT_ENOMEM, LEAT_ELIMIT (no thread could be started).
 */
LEAT_API LEAT_MUST_CHECK int leat_workers_create(struct leat_ctx *ctx,
	const struct leat_workers_opts *opts, struct leat_workers **workers_out,
	struct leat_error *err);

/** Nothing new is accepted from now on (LEAT_ECLOSED); what was accepted runs
 * to its end, and what that submits and starts is still accepted. */
LEAT_API void leat_workers_close(struct leat_workers *workers);

/** At once: as close, tasks that have not started are LEAT_TASK_STOPPED, and
 * the contexts of the others end; they stop when they look or wait. */
LEAT_API void leat_workers_cancel(struct leat_workers *workers);

/** Wait until no task and no fiber is left. Not from a fiber of these workers
 * (LEAT_ESTATE). LEAT_OK, LEAT_ETIMEDOUT. */
LEAT_API LEAT_MUST_CHECK int leat_workers_wait(
	struct leat_workers *workers, int64_t deadline_ns);

/** Cancel, wait, free. Tasks that are still held stay readable. NULL is
 * accepted. Not from a fiber of these workers. */
LEAT_API void leat_workers_destroy(struct leat_workers *workers);

/** A look from outside; the sums of all groups. */
struct leat_workers_stats {
	uint64_t n_done;     /* tasks that returned LEAT_OK */
	uint64_t n_failed;   /* that returned an error */
	uint64_t n_stopped;  /* that never started, or ended canceled */
	uint64_t n_rejected; /* not accepted */
	uint32_t n_queued;   /* waiting to start */
	uint32_t n_running;  /* started, parked ones too */
	uint32_t n_fibers;   /* by leat_go, not ended */
	uint32_t n_workers;  /* threads at present */
	uint32_t n_blocking; /* threads for blocking tasks at present */
	uint32_t n_timers;   /* armed */
	uint64_t n_steals;   /* fibers taken from another worker */
	uint64_t n_parks;    /* times a worker slept */
};

LEAT_API void leat_workers_stats(const struct leat_workers *workers,
	struct leat_workers_stats *stats_out);

/** Every fiber and task: name, state, on what it waits and since when, created
 * where. flags: 0 or LEAT_DUMP_JSON. */
LEAT_API void leat_workers_dump(struct leat_workers *workers, uint32_t flags,
	leat_write_fn write, void *user);

/** LEAT_OK, or LEAT_ESTATE with what is left: tasks not released, fibers not
 * ended, timers armed, each with the place that made it. */
LEAT_API LEAT_MUST_CHECK int leat_workers_leaks(
	const struct leat_workers *workers, struct leat_error *err);

/* ---- tasks ------------------------------------------------------------------ */

/**
 * A task's function.
 *
 * @param ctx     the task's own context: ends when it is to stop
 * @param arg     as submitted
 * @param result  what leat_task_wait() hands out; NULL at the start
 * @param err     text of a failure
 * @return LEAT_OK, or a negative code.
 */
typedef int (*leat_task_fn)(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err);

enum leat_task_state {
	LEAT_TASK_IDLE = 0, /* accepted, waits to start */
	LEAT_TASK_RUNNING,  /* started; also while it is parked */
	LEAT_TASK_DONE,     /* returned LEAT_OK */
	LEAT_TASK_FAILED,   /* returned an error */
	LEAT_TASK_STOPPED   /* canceled before it started, or ended canceled */
};

/* Flags of leat_task_opts. */
#define LEAT_TASK_BLOCKING                                                     \
	1u /* on a thread of its own: may block in the OS                      \
	    */

struct leat_task_opts {
	uint32_t size;        /* by LEAT_OPTS_INIT(leat_task_opts) */
	uint32_t flags;       /* LEAT_TASK_* */
	uint32_t group;       /* index into the workers' groups */
	uint32_t reserved;    /* 0 */
	int64_t deadline_ns;  /* of the task's context; 0 = LEAT_NEVER */
	struct leat_ctx *ctx; /* the task ends with it; NULL = the workers' */
	const char *name;  /* for dumps; NULL = the place; outlives the task */
	const char *where; /* LEAT_WHERE; filled by the macros */
};

/**
 * Have a function run, waiting for room in the queue.
 *
 * @param opts      NULL = all defaults                                 [lent]
 * @param task_out  to be ended by leat_task_release(); NULL = not wanted
 * @param err       why it was not accepted
 *
 * @return LEAT_OK, or
 *   LEAT_EAGAIN     (try_) the queue is full
 *   LEAT_ETIMEDOUT  (_until) it was full until deadline_ns
 *   LEAT_ECLOSED    the workers are closed
 *   LEAT_ECANCELED  the context has ended
 *   LEAT_EDEADLOCK  the caller is a task of these workers, the queue is full,
 *                   and every running task waits for room: it would never end
 *   LEAT_EINVAL     an option; the text names it
 *   LEAT_ENOMEM
 *
 * Threads: any. Waits: yes, cancellable; try_ never. Allocates: yes.
 */
LEAT_API LEAT_MUST_CHECK int leat_workers_submit_until_at(
	struct leat_workers *workers, const struct leat_task_opts *opts,
	leat_task_fn fn, void *arg, int64_t deadline_ns,
	struct leat_task **task_out, struct leat_error *err, const char *where);

#define leat_workers_submit_until(                                             \
	workers, opts, fn, arg, deadline_ns, task_out, err)                    \
	leat_workers_submit_until_at(workers, opts, fn, arg, deadline_ns,      \
		task_out, err, LEAT_WHERE)
#define leat_workers_submit(workers, opts, fn, arg, task_out, err)             \
	leat_workers_submit_until_at(                                          \
		workers, opts, fn, arg, LEAT_NEVER, task_out, err, LEAT_WHERE)
#define leat_workers_try_submit(workers, opts, fn, arg, task_out, err)         \
	leat_workers_submit_until_at(                                          \
		workers, opts, fn, arg, 0, task_out, err, LEAT_WHERE)

/**
 * Wait until a task has ended.
 *
 * @param result_out  what the function left; NULL allowed
 * @param err         the task's own error when the result is one of its codes
 *
 * @return LEAT_OK (done), the task's code (failed), LEAT_ECANCELED (stopped),
 * LEAT_ETIMEDOUT (deadline_ns came first), LEAT_EDEADLOCK (a task waits for
 * itself).
 */
LEAT_API LEAT_MUST_CHECK int leat_task_wait(struct leat_task *task,
	int64_t deadline_ns, void **result_out, struct leat_error *err);

/** Its state: one load. */
LEAT_API enum leat_task_state leat_task_state(const struct leat_task *task);

/** End its context; if it has not started it never will. */
LEAT_API void leat_task_cancel(struct leat_task *task);

/** End one's hold on it; it runs on. NULL is accepted. */
LEAT_API void leat_task_release(struct leat_task *task);

/* ---- fibers ----------------------------------------------------------------- */

typedef void (*leat_fiber_fn)(struct leat_ctx *ctx, void *arg);

/**
 * Start a fiber and forget it: no handle, no queue, no limit but memory.
 *
 * @return LEAT_OK, LEAT_ECLOSED, LEAT_ENOMEM.
 *
 * Threads: any. Waits: no. Cost: O(1); about one page of memory each.
 * Its context is the workers' own: it ends with leat_workers_cancel().
 */
LEAT_API LEAT_MUST_CHECK int leat_go_at(struct leat_workers *workers,
	leat_fiber_fn fn, void *arg, struct leat_error *err, const char *where);

#define leat_go(workers, fn, arg, err)                                         \
	leat_go_at(workers, fn, arg, err, LEAT_WHERE)

/** In a fiber: let the others run. On a thread: yields the core. */
LEAT_API void leat_yield(void);

/** In a fiber: leat_yield() if its quantum is spent. Cheap. */
LEAT_API void leat_yield_if_due(void);

/** Wait until a moment. LEAT_OK when it came, LEAT_ECANCELED when ctx ended
 * first; ctx may be NULL. */
LEAT_API LEAT_MUST_CHECK int leat_sleep_until(
	struct leat_ctx *ctx, int64_t deadline_ns);

/** Is the caller a fiber? */
LEAT_API bool leat_is_fiber(void);

/* ---- timers ----------------------------------------------------------------- */

/** A timer's place, in the caller's memory, zeroed before its first start. */
struct leat_timer {
	void (*fn)(struct leat_timer *timer, void *user);
	void *user;
	uint64_t rest[8]; /* private */
};

/**
 * Have timer->fn(timer, timer->user) called once at deadline_ns, on a thread
 * of the workers; it must not wait. It may start the timer again.
 *
 * @param timer  fn and user are filled; not armed          [lent until it ran]
 * @return LEAT_OK, LEAT_ESTATE (armed already), LEAT_ENOMEM.
 *
 * Threads: any. Cost: O(1).
 * Source: Varghese and Lauck, Hashed and Hierarchical Timing Wheels, 1987.
 */
LEAT_API LEAT_MUST_CHECK int leat_timer_start_at(struct leat_workers *workers,
	struct leat_timer *timer, int64_t deadline_ns, const char *where);

#define leat_timer_start(workers, timer, deadline_ns)                          \
	leat_timer_start_at(workers, timer, deadline_ns, LEAT_WHERE)

/** Take it back. true: it will not run. false: it was not armed, or has run:
 * a call that was under way has returned. Not from fn. Nothing is left. */
LEAT_API bool leat_timer_stop(
	struct leat_workers *workers, struct leat_timer *timer);

#ifdef __cplusplus
}
#endif
#endif
