/*
 * exec/fiber.h -- fibers: functions with stacks of their own, on an executor.
 *
 * A fiber is an entry of the executor whenever it is ready. While it is parked
 * it belongs to the waiter it parked on: whoever claims that makes it ready,
 * once. So it needs no state that threads fight over.
 */
#ifndef LEAT_SRC_EXEC_FIBER_H
#define LEAT_SRC_EXEC_FIBER_H

#include "env/side.h"
#include "exec/exec.h"
#include "exec/stack.h"
#include "exec/switch.h"

struct leat__fibers;
struct leat__fiber_chunk;
struct leat_ctx;

/* For dumps only. */
enum leat__fiber_state {
	LEAT__FIBER_FREE = 0,
	LEAT__FIBER_READY,
	LEAT__FIBER_RUNNING,
	LEAT__FIBER_PARKED
};

/* Its first two cache lines are what a wake, a run and a wait touch. */
struct leat__fiber {
	_Alignas(LEAT__CACHE_LINE) struct leat__strand strand;
	struct leat__entry entry;
	struct leat__stack *stack; /* from its first run on */
	struct leat__context context;
	struct leat__fibers *fibers;
	struct leat__worker *worker; /* runs it, or has run it last */
	uint32_t state;   /* enum leat__fiber_state; atomic, for dumps */
	uint32_t number;  /* among all, from 0; constant */
	int64_t since_ns; /* in its state; atomic, for dumps */
	/* of whoever made it; atomic, for dumps: */
	const char *where; /* a constant */
	void *task;        /* whose it is; NULL = none */
	void (*go)(struct leat_ctx *ctx, void *arg); /* of leat_go() */
	void *arg;
	/* leat_yield_if_due() */
	uint32_t n_looks;
	uint32_t turn; /* of its worker, when turn_ns was read */
	int64_t turn_ns;
	struct leat__spare spare; /* while it is free */
};

enum leat__fiber_leave {
	LEAT__FIBER_PARKS,
	LEAT__FIBER_RESTS, /* somebody makes it ready, or has */
	LEAT__FIBER_YIELDS,
	LEAT__FIBER_ENDS
};

/* What a worker keeps for fibers: its worker->local. */
struct leat__fiber_lane {
	struct leat__fiber *fiber; /* that runs, or has left this moment */
	struct leat__spares_own fibers;
	struct leat__spares_own stacks;
	enum leat__fiber_leave leave; /* why the fiber left */
	struct leat__waiter *waiter;  /* it parks on */
	struct leat__fiber *left; /* straight to fiber; it is settled there */
};

/* All fibers of one executor. */
struct leat__fibers {
	const struct leat__env *env;
	struct leat__exec *exec;
	struct leat__timers *timers; /* for deadlines of waits */
	uint64_t quantum_ns;
	/* what they do: called on the fiber's own stack */
	void (*main)(struct leat__fiber *fiber);
	/* called on the worker, for each; task as it was in the fiber */
	void (*ended)(void *user, void *task);
	void *user;
	struct leat__fiber_lane *lanes; /* of the workers */
	struct leat__spares spares;
	struct leat__lock lock;           /* guards all below */
	struct leat__fiber_chunk *chunks; /* newest; atomic for a walk */
	uint32_t n_made;
	struct leat__stacks stacks; /* one for each, and what workers keep */
};

/* env to user are filled by the caller. LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__fibers_init(
	struct leat__fibers *fibers, size_t stack_bytes);
/* No fiber is left, or all threads have gone. Zeroed memory is accepted. */
void leat__fibers_fini(struct leat__fibers *fibers);

/* Have the memory for so many, stacks included. false: there is none. */
bool leat__fibers_reserve(struct leat__fibers *fibers, uint32_t n);

/* task, go, arg and where are the caller's to fill. What it needs to run is
 * reserved. NULL: no memory. hint: the calling worker, or NULL. */
struct leat__fiber *leat__fiber_create(
	struct leat__fibers *fibers, struct leat__worker *hint);
/* It was not started, and will not be. NULL is accepted. */
void leat__fiber_drop(struct leat__fiber *fiber);
/* Have it run for the first time. */
void leat__fiber_start(struct leat__fiber *fiber, struct leat__worker *hint);

/* Every one that was ever made; it may have ended. Takes no lock. */
void leat__fibers_each(struct leat__fibers *fibers,
	void (*fn)(const struct leat__fiber *fiber, void *user), void *user);

/* The calling fiber; NULL = the caller is none. */
struct leat__fiber *leat__fiber_self(void);
/* The worker that runs the caller, if that is one of these fibers. */
struct leat__worker *leat__fiber_worker(const struct leat__fibers *fibers);

/* "fiber 12 (job.c:41)" */
void leat__fiber_describe(
	const struct leat__fiber *fiber, struct leat__text *text);

#endif
