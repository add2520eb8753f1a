/*
 * sim/internal.h -- the simulator's own state, one for the process.
 *
 * run.c: a run and its end. thread.c: virtual threads and who may run.
 * choose.c: strategies. explore.c: all schedules. trace.c: decisions, replay.
 * store.c: store buffers. heap.c: memory. world.c: the table of struct
 * leat__env. process.c: child processes. ck_ec.c: Concurrency Kit's slow paths.
 * report.c: what a failure prints. main.c: the command line.
 */
#ifndef LEAT_TESTS_SIM_INTERNAL_H
#define LEAT_TESTS_SIM_INTERNAL_H

#include <stdio.h>

#include "sim/hook.h"
#include "sim/sim.h"

#if defined(__SANITIZE_ADDRESS__)
#define SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#endif
#ifndef SIM_ASAN
#define SIM_ASAN 0
#endif

#define SIM_NO_ASAN __attribute__((no_sanitize("address")))

#define SIM_THREADS_MAX 320u
#define SIM_STORES_MAX  32u /* in one buffer; a power of two */
#define SIM_STACK_BYTES ((size_t)256 << 10)
#define SIM_GUARD_BYTES ((size_t)4096)
#define SIM_NAMES_MAX   64u
#define SIM_WATCHES_MAX 32u
#define SIM_EVENTS_MAX  64u /* event files */
#define SIM_EVENT_FD    (1 << 24)
#define SIM_FAIR_STEPS  2000u /* between turns that are given away */
#define SIM_START_NS    1000000000

/* ---- a thread ------------------------------------------------------------------ */

/* Where it stands when it does not run, on whatever stack that is. */
struct sim_context {
	void *fctx;
	void *fake_stack; /* AddressSanitizer's */
	const void *bottom;
	size_t n_bytes;
};

/* A store that is not seen by others yet. */
struct sim_store {
	unsigned char *at;
	uint64_t value;
	uint64_t before; /* what others see, while its thread runs */
	uint32_t n_bytes;
};

enum sim_state { SIM_READY, SIM_PARKED, SIM_SLEEPING, SIM_JOINING, SIM_ENDED };

struct sim_thread {
	struct sim_context context;
	enum sim_state state;
	uint32_t number;
	uint32_t ready_at; /* its place in sim.ready */
	char name[16];
	sim_fn fn;
	void *arg;
	unsigned char *stack;
	uint64_t own_steps; /* up to the switch to it */
	uint64_t since_steps;
	uint64_t n_drawn;
	int64_t since_ns;
	int64_t deadline_ns; /* LEAT_NEVER unless it waits with one */
	const uint32_t *word;
	uint32_t expected;
	const struct sim_thread *joined;
	uint64_t priority;   /* PCT: the highest runs */
	size_t replay_at;    /* next of its events */
	void *slot;          /* leat__thread_slot() */
	uint32_t store_head; /* oldest */
	uint32_t store_tail;
	struct sim_store stores[SIM_STORES_MAX];
};

/* ---- decisions ----------------------------------------------------------------- */

enum sim_why { SIM_AT_POINT, SIM_AT_STALL, SIM_AT_WAIT };

enum sim_kind { SIM_RUN, SIM_DRAIN, SIM_JUMP };

struct sim_choice {
	enum sim_kind kind;
	struct sim_thread *thread;
};

struct sim_named {
	const unsigned char *start;
	size_t n_bytes;
	const char *name;
};

struct sim_watched {
	const uint32_t *word;
	bool (*holds)(void *user);
	void *user;
};

/* Who touched a word last; for reports. */
struct sim_touched {
	const volatile void *memory;
	uint32_t thread;
	uint64_t step;
};

#define SIM_TOUCHED_MAX 4096u

struct sim {
	struct sim_opts opts;
	struct sim_result *result; /* NULL = not running */
	struct sim_context root;
	sim_fn fn;
	void *user;
	struct sim_thread *current;
	struct sim_thread *ready[SIM_THREADS_MAX];
	uint32_t n_ready;
	uint32_t n_threads;
	uint32_t n_alive;
	uint64_t switched_at;
	uint64_t fair_at;
	uint64_t n_starts;
	uint64_t hash;
	uint64_t random; /* the strategy's own */
	int64_t now_ns;
	int64_t earliest_ns; /* no deadline is earlier; LEAT_NEVER = none */
	bool is_punctual;    /* time waits for whoever can run */
	/* strategy */
	uint32_t walk_mean;
	uint32_t drain_one_in; /* 0 = never */
	uint32_t n_changes;
	uint32_t change_at;
	uint64_t changes[8];
	uint64_t lowest;
	/* trace */
	struct sim_trace trace;
	/* reports */
	struct sim_named names[SIM_NAMES_MAX];
	uint32_t n_names;
	struct sim_watched watches[SIM_WATCHES_MAX];
	uint32_t n_watches;
	/* event files; the epoch is what their waiters are parked on */
	uint8_t events[SIM_EVENTS_MAX]; /* 0 free, 1 made, 2 set */
	uint32_t epoch;
};

extern struct sim sim;
extern struct sim_thread sim_threads[SIM_THREADS_MAX];

static inline bool
sim_is_running(void)
{
	return sim.result != NULL;
}

static inline uint64_t
sim_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* The strategy's random numbers. */
static inline uint64_t
sim_next_random(void)
{
	sim.random ^= sim.random << 13;
	sim.random ^= sim.random >> 7;
	sim.random ^= sim.random << 17;
	return sim.random * 0x2545f4914f6cdd1du;
}

/* Below n, which is not 0. */
static inline uint32_t
sim_below(uint32_t n)
{
	return (uint32_t)(((sim_next_random() >> 32) * n) >> 32);
}

static inline bool
sim_one_in(uint32_t n)
{
	return n && sim_below(n) == 0;
}

/* ---- run.c --------------------------------------------------------------------- */

_Noreturn void sim_stop(enum sim_verdict verdict, const char *format, ...)
	LEAT_PRINTF(2, 3);
/* The last thread has ended. */
_Noreturn void sim_finish(void);

/* ---- thread.c ------------------------------------------------------------------ */

/* NULL = too many. */
struct sim_thread *sim_thread_create(const char *name, sim_fn fn, void *arg);
void sim_threads_reset(void);
void sim_thread_launch(void); /* thread 0, from the root; returns at the end */
_Noreturn void sim_thread_leave(void); /* to the root */
void sim_switch(struct sim_thread *to);
void sim_turn_again(void);
/* The running thread waits: others go on until it is ready again. */
void sim_block(enum sim_state state, int64_t deadline_ns);
void sim_ready(struct sim_thread *thread);
/* Another one than the running: it never goes on. */
void sim_thread_kill(struct sim_thread *thread);
/* Time has come for threads that sleep until now. */
void sim_ring(void);
void sim_find_earliest(void);
uint64_t sim_own_steps(const struct sim_thread *thread);

/* ---- choose.c ------------------------------------------------------------------ */

void sim_strategy_start(void);
/* For a new thread. */
uint64_t sim_priority(void);
/* Choose who goes on, and let it. */
void sim_decide(enum sim_why why);
struct sim_thread *sim_default(enum sim_why why);

/* ---- explore.c ----------------------------------------------------------------- */

void sim_explorer_start(void);
struct sim_choice sim_explorer_choose(enum sim_why why);

/* ---- trace.c ------------------------------------------------------------------- */

void sim_trace_add(enum sim_kind kind, uint32_t arg);
struct sim_choice sim_replay_choose(enum sim_why why);
/* The step at which the next decision of this thread is due. */
uint64_t sim_replay_next(struct sim_thread *thread);

/* ---- store.c ------------------------------------------------------------------- */

static inline uint32_t
sim_n_stores(const struct sim_thread *thread)
{
	return thread->store_tail - thread->store_head;
}

/* A thread that goes sees memory as it was before its pending stores. */
void sim_stores_hide(struct sim_thread *thread);
void sim_stores_show(struct sim_thread *thread);
/* Its oldest store becomes visible. */
void sim_stores_drain_one(struct sim_thread *thread);
void sim_stores_drain_all(struct sim_thread *thread);

/* ---- heap.c -------------------------------------------------------------------- */

void sim_heap_reset(void);
void *sim_heap_alloc(size_t n_bytes, size_t align, const void *site);
void sim_heap_free(void *memory);
/* Ends the run if anything is left or was written after it was freed. */
void sim_heap_check(void);
uint64_t sim_heap_n_allocs(void);

/* ---- process.c ------------------------------------------------------------------ */

extern const struct leat__processes sim_processes;

void sim_processes_reset(void);
/* false: the file is none of theirs. */
bool sim_file_is_ready(int fd, bool *is_ready_out);
bool sim_file_close(int fd);
bool sim_files_are_closed(void);

/* ---- report.c ------------------------------------------------------------------ */

void sim_report(struct leat__text *text);
void sim_report_touch(
	const volatile void *memory, uint32_t n_bytes, enum sim_op op);
/* A parked thread whose condition holds; NULL = none. */
const struct sim_thread *sim_find_lost(void);
void sim_say_memory(struct leat__text *text, const volatile void *memory);

#endif
