/*
 * exec/threads.h -- threads that come and go, for work that blocks.
 *
 * A call is given to a thread that is idle, or to a new one, or waits for one
 * of those there are. An idle thread ends after idle_ns.
 */
#ifndef LEAT_SRC_EXEC_THREADS_H
#define LEAT_SRC_EXEC_THREADS_H

#include "env/env.h"

struct leat__threads_one;

/* In its owner's memory; not touched once fn was called. */
struct leat__call {
	struct leat__call *next;
	void (*fn)(struct leat__call *call);
};

struct leat__threads {
	const struct leat__env *env;
	const char *name; /* of the threads, before their number */
	uint32_t max;
	uint64_t idle_ns;         /* 0 = they do not end by themselves */
	struct leat__lock lock;   /* guards all below */
	struct leat__call *first; /* calls that wait for a thread */
	struct leat__call *last;
	struct leat__threads_one *idle;  /* the one that was busy last */
	struct leat__threads_one *ended; /* to be joined */
	uint32_t n_threads;              /* atomic for readers without it */
	uint32_t n_starting;             /* whose start has not come back */
	uint32_t n_made;
	bool is_freed; /* set at first: who starts them may be pinned, they are
			* not */
	bool is_over;
	struct leat__parker over; /* leat__threads_fini() waits for an end */
};

void leat__threads_init(struct leat__threads *threads,
	const struct leat__env *env, const char *name, uint32_t max,
	uint64_t idle_ns);
/* Waits for the calls that are under way. Zeroed memory is accepted. */
void leat__threads_fini(struct leat__threads *threads);

/*
 * Have a call made. is_now: by a thread that begins at once, or not at all;
 * else it may wait for one of the threads there are.
 * 0, or the errno of a thread that could not be started; EAGAIN: is_now, and
 * max are busy.
 */
int leat__threads_call(
	struct leat__threads *threads, struct leat__call *call, bool is_now);

/* Threads at present. */
uint32_t leat__threads_count(const struct leat__threads *threads);

#endif
