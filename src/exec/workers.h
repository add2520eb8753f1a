/*
 * exec/workers.h -- an application's workers (leat/task.h), from within.
 *
 * Who holds what: a task holds its workers' memory, so that it stays readable
 * after they are gone; threads, stacks and the context go with the workers.
 * The lock guards the groups, the tasks' places in lists, and the counts.
 */
#ifndef LEAT_SRC_EXEC_WORKERS_H
#define LEAT_SRC_EXEC_WORKERS_H

#include "env/side.h"
#include "exec/exec.h"
#include "exec/fiber.h"
#include "exec/threads.h"
#include <leat/task.h>

#define LEAT__GROUP_NAME_BYTES 32

/* Who runs a task. */
enum leat__kind { LEAT__KIND_FIBER, LEAT__KIND_BLOCKING, LEAT__N_KINDS };

struct leat_task {
	uint32_t refs;  /* who holds it, and the workers until it has ended */
	uint32_t state; /* enum leat_task_state, atomic */
	struct leat_workers *workers;
	struct leat_ctx *ctx;
	leat_task_fn fn;
	void *arg;
	const char *name;
	const char *where;
	struct leat__group *group;
	enum leat__kind kind;
	/* until state says that it has ended only who runs it; then constant */
	int code;
	void *result;
	struct leat_error *err; /* NULL = the text of the code */
	/* the workers' lock */
	bool is_queued;
	bool is_running; /* counted as such; or taken from the queue to be */
	bool is_held;    /* by who submitted it */
	struct leat_task *next; /* in its group's queue */
	struct leat_task *prev;
	struct leat_task *next_of_all;
	struct leat_task *prev_of_all;
	int64_t since_ns;          /* of submission */
	struct leat__side over;    /* who waits for its end */
	struct leat__fiber *fiber; /* to start on; NULL = started, or none */
	struct leat__call call;    /* on a thread of its own */
};

struct leat__task_queue {
	struct leat_task *first;
	struct leat_task *last;
};

struct leat__group {
	char name[LEAT__GROUP_NAME_BYTES];
	uint32_t rank;
	uint32_t max_queued;
	uint32_t max_running; /* 0 = no limit */
	uint32_t n_queued;
	uint32_t n_running;
	uint64_t stride; /* what a start costs: less for more weight */
	uint64_t pass;   /* what has been paid; the least is next */
	struct leat__task_queue queues[LEAT__N_KINDS];
	struct leat__side room; /* who waits for room in the queue */
};

struct leat_workers {
	const struct leat__env *env;
	uint32_t refs; /* the workers themselves, and each task */
	struct leat_ctx *ctx;
	uint32_t max_queued;
	uint32_t max_running; /* 0 = no limit */
	uint32_t max_blocking;
	uint32_t is_closed;   /* atomic */
	uint32_t is_canceled; /* atomic */
	struct leat__pin pin; /* of fibers' threads */
	struct leat__exec exec;
	struct leat__fibers fibers;
	struct leat__threads threads;
	struct leat__timers *timers;
	/* atomic: fibers by leat_go, and tasks that have not ended, in units
	 * of LEAT__ALIVE_TASK */
	_Alignas(LEAT__CACHE_LINE) uint64_t alive;
	struct leat__side over;  /* who waits for alive to be 0 */
	uint32_t n_startable;    /* atomic: a task for a fiber may start */
	struct leat__lock lock;  /* guards all below */
	struct leat_task *tasks; /* all that have not been freed */
	uint32_t n_queued;
	uint32_t n_running;
	uint32_t n_blocking; /* of the running */
	uint32_t n_stuck;    /* running tasks that wait for room */
	uint64_t n_done;
	uint64_t n_failed;
	uint64_t n_stopped;
	uint64_t n_rejected;
	struct leat__armed *armed; /* timers (timer.c) */
	uint32_t n_armed;
	uint32_t n_groups;
	struct leat__group groups[];
};

#define LEAT__ALIVE_TASK (UINT64_C(1) << 32)

/* ---- workers.c ---------------------------------------------------------- */

/* leat_workers_create() on a given world. */
LEAT_MUST_CHECK int leat__workers_create(const struct leat__env *env,
	struct leat_ctx *ctx, const struct leat_workers_opts *opts,
	struct leat_workers **workers_out, struct leat_error *err);
void leat__workers_release(struct leat_workers *workers);
/* One fiber or task less; the last one wakes who waits. */
void leat__workers_ended(struct leat_workers *workers, uint64_t what);
/* May the caller still bring something new? */
bool leat__workers_is_open(const struct leat_workers *workers);

/* ---- admit.c: which task is next ---------------------------------------- */

/* All of these under the lock. */
bool leat__admit_is_full(
	const struct leat_workers *workers, const struct leat__group *group);
void leat__admit_push(struct leat_workers *workers, struct leat_task *task);
/* Out of its queue; it will not start. */
void leat__admit_remove(struct leat_workers *workers, struct leat_task *task);
/* The next of a kind that may start, counted as running; NULL = none. */
struct leat_task *leat__admit_pop(
	struct leat_workers *workers, enum leat__kind kind);
void leat__admit_end(struct leat_workers *workers, struct leat_task *task);
/* All running tasks wait for room that only they could make. */
bool leat__admit_is_stuck(const struct leat_workers *workers);

/* Without the lock: there is room, or nothing more will come. */
void leat__admit_tell(struct leat_workers *workers);
void leat__admit_tell_all(struct leat_workers *workers);

/* ---- submit.c ----------------------------------------------------------- */

/* On its fiber. */
void leat__task_run_on_fiber(struct leat_task *task);
/* For the executor: a new task's fiber. */
struct leat__entry *leat__tasks_feed(
	void *workers, struct leat__worker *worker);
bool leat__tasks_has_feed(void *workers);
/* Nothing that is queued will start; all contexts end. */
void leat__tasks_cancel(struct leat_workers *workers);
/* The task whose function calls; NULL = none. */
struct leat_task *leat__task_self(void);

/* ---- block.c: tasks on threads ------------------------------------------ */

/* Run a task's function on this thread, which then is known as the task's. */
void leat__block_run(struct leat_task *task, void (*fn)(struct leat_task *));
/* The task of the calling thread; NULL = none. */
struct leat_task *leat__block_self(void);

/* ---- timer.c ------------------------------------------------------------ */

/* One line for each place that has armed timers. */
void leat__timer_describe_armed(
	struct leat_workers *workers, struct leat__text *text);

#endif
