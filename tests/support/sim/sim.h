/*
 * sim/sim.h -- run the library under one thread, virtual time and a seed.
 *
 * The core is compiled a second time so that each atomic access is a point at
 * which another virtual thread may go on; park, wake, clock, memory and random
 * numbers come from the simulator. Same options, same run: the hash says so.
 *
 *	struct sim_opts opts = {.seed = 7, .memory = SIM_TSO};
 *	struct sim_result result;
 *
 *	sim_run(&opts, test, user, &result);
 *	if (result.verdict != SIM_OK)
 *		puts(result.text);
 *
 * test runs as virtual thread 0, on sim_env(). One run at a time.
 * Source: PCT: Burckhardt et al., ASPLOS 2010; preemption bounds: Musuvathi
 * and Qadeer, PLDI 2007; store buffers: Owens et al., x86-TSO, 2009.
 */
#ifndef LEAT_TESTS_SIM_SIM_H
#define LEAT_TESTS_SIM_SIM_H

#include "env/env.h"

enum sim_strategy {
	SIM_WALK = 0,   /* at random, in a style drawn by seed */
	SIM_PCT,        /* priorities, and few points where one is lowered */
	SIM_EXHAUSTIVE, /* all schedules of few preemptions; needs an explorer
			 */
	SIM_REPLAY      /* a trace */
};

enum sim_memory {
	SIM_SC = 0, /* every store is seen at once */
	SIM_TSO     /* x86: stores wait in a buffer of their thread */
};

/* faults of sim_opts */
#define SIM_FAULT_WAKE    (1u << 0) /* park returns for no reason */
#define SIM_FAULT_WEAK    (1u << 1) /* weak compare-and-swap fails */
#define SIM_FAULT_BARRIER (1u << 2) /* barrier() is ENOSYS */
#define SIM_FAULT_ALL     (SIM_FAULT_WAKE | SIM_FAULT_WEAK | SIM_FAULT_BARRIER)

enum sim_verdict {
	SIM_OK = 0,
	SIM_FAILED,    /* SIM_CHECK */
	SIM_DEADLOCK,  /* nobody can run, no deadline will come */
	SIM_LOST_WAKE, /* somebody sleeps though what it waits for is there */
	SIM_LIVELOCK,  /* more steps than allowed */
	SIM_ABORTED,   /* LEAT_INVARIANT, LEAT_ASSERT */
	SIM_CRASHED,   /* a signal; see sim_catch_crashes() */
	SIM_BAD_FREE,  /* freed twice, never allocated, or written after free */
	SIM_LEAK       /* memory, events or mappings left at the end */
};

/* A decision that differs from the default: run on; from a stall or a wait,
 * the next thread by number. Named by thread and by that thread's own step, so
 * that most stay true when others are left out. */
struct sim_event {
	uint16_t thread;
	uint8_t kind; /* private */
	uint8_t reserved;
	uint32_t arg; /* the thread it is about */
	uint64_t step;
};

struct sim_trace {
	struct sim_event *events;
	size_t n;
	size_t n_max;
};

struct sim_explorer;

struct sim_opts {
	uint64_t seed;
	enum sim_strategy strategy;
	enum sim_memory memory;
	uint32_t faults;         /* SIM_FAULT_* */
	uint32_t n_cores;        /* what n_cores() says; 0 = 2 */
	uint64_t max_steps;      /* SIM_LIVELOCK above; 0 = 1 000 000 */
	uint32_t pct_depth;      /* points of change + 1; 0 = by seed, 2 to 4 */
	uint64_t pct_steps;      /* how long a run is thought to be; 0 = 200 */
	uint64_t alloc_fails_at; /* the n-th allocation fails, from 1; 0 = none
				  */
	bool alloc_fails_on;     /* and all after it */
	uint32_t alloc_fails_one_in; /* by chance; 0 = none */
	uintptr_t alloc_fails_site;  /* see sim_alloc_site(); 0 = none */
	uint64_t thread_fails_at;    /* the n-th thread_start fails; 0 = none */
	const struct sim_trace *replay; /* of SIM_REPLAY              [lent] */
	struct sim_explorer *explorer;  /* of SIM_EXHAUSTIVE          [lent] */
	bool is_watched; /* every access is looked at: who wrote what last */
	bool is_verbose; /* and printed */
};

#define SIM_TEXT_BYTES 8192

struct sim_result {
	enum sim_verdict verdict;
	uint64_t steps;
	uint64_t n_switches;
	uint64_t n_allocs;
	uint64_t hash;  /* of all decisions, and of what was drawn */
	int64_t end_ns; /* virtual */
	const struct sim_trace *trace; /* lent until the next run */
	char text[SIM_TEXT_BYTES];     /* what went wrong; "" = nothing */
};

typedef void (*sim_fn)(void *user);

void sim_run(const struct sim_opts *opts, sim_fn fn, void *user,
	struct sim_result *result_out);

const char *sim_verdict_name(enum sim_verdict verdict);

/* ---- inside a run ---------------------------------------------------------- */

/* The world; leat__env_posix() is the same one here. */
const struct leat__env *sim_env(void);

struct sim_thread;

/* Start a virtual thread; name is copied. */
struct sim_thread *sim_go(const char *name, sim_fn fn, void *user);
void sim_join(struct sim_thread *thread);

/* End the run as failed. */
#define SIM_CHECK(cond)                                                        \
	do {                                                                   \
		if (!(cond))                                                   \
			sim_fail(#cond, __FILE__, __LINE__);                   \
	} while (0)
_Noreturn void sim_fail(const char *what, const char *file, int line);

/* Wait in virtual time. */
void sim_sleep_until(int64_t deadline_ns);
/* From here on time goes on only when nobody can run, and for looks at the
 * clock: what takes long is what sleeps, whatever the schedule. */
void sim_keep_time(void);
/* By seed, the same whatever the schedule: below n. */
uint32_t sim_draw(uint32_t n);

/*
 * Whoever is parked on the word must not be there once holds() says true and
 * nobody is able to run: that is a wake that was lost, also where a deadline
 * would come. word NULL: whoever is parked. holds() must not use atomics of
 * the library.
 */
void sim_watch(const uint32_t *word, bool (*holds)(void *user), void *user);
/* For reports: what lies at this memory. name stays. */
void sim_name(const void *memory, size_t n_bytes, const char *name);

/*
 * Processes are virtual threads that see all memory. What the first one forks
 * runs what it is told to; what that forks, each time, runs this: its result is
 * the exit status, or less the signal that ended it.
 */
void sim_play_child(int (*child)(void *arg));
/* As by SIGKILL, between two steps of it; also if it has ended. */
void sim_kill(int64_t pid);
/* The number of the one that was forked last; 0 = none yet. */
int64_t sim_last_pid(void);

/* The site of the allocation that was made last, for alloc_fails_site. */
uintptr_t sim_alloc_site(void);

/* ---- around runs ----------------------------------------------------------- */

/* All schedules with at most so many preemptions. NULL = out of memory. */
struct sim_explorer *sim_explorer_create(uint32_t max_preemptions);
void sim_explorer_destroy(struct sim_explorer *explorer);
/* After a run: is there another schedule? */
bool sim_explorer_next(struct sim_explorer *explorer);

/* Signals of crashes end the run with SIM_CRASHED and not the process; not
 * with AddressSanitizer, which reports them itself. */
void sim_catch_crashes(void);

/* Leave out decisions of a trace as long as it fails the same way. Keeps it in
 * trace; no new run is begun after max_steps steps. */
void sim_shrink(const struct sim_opts *opts, sim_fn fn, void *user,
	enum sim_verdict verdict, struct sim_trace *trace, uint64_t max_steps);

/* false = out of memory, or longer than a trace may be. */
bool sim_trace_push(struct sim_trace *trace, const struct sim_event *event);
bool sim_trace_copy(struct sim_trace *dst, const struct sim_trace *src);
void sim_trace_free(struct sim_trace *trace);

#endif
