/*
 * sim/world.c -- struct leat__env as the simulator has it.
 *
 * Keeps: time stands still but for what each look at the clock costs, and goes
 * on to the next deadline when nobody can run. A futex wakes all that are
 * parked on its word; system calls empty the caller's store buffer.
 * Files are the real ones; waiting for them is not: what cannot be read or
 * written at once counts as ready. Event files exist only here.
 */
#include <errno.h>
#include <string.h>

#include "sim/internal.h"

#define WORLD_LOOK_NS       20
#define WORLD_WALL_START_NS 1700000000000000000
#define WORLD_PAGE_BYTES    ((size_t)4096)
#define WORLD_MAP_FD        (1 << 26) /* nobody reads or closes it */

/* src/env/posix.c, under names of its own. */
const struct leat__env *sim_posix_env(void);

static void
world_system_call(void)
{
	if (!sim_is_running())
		return;
	sim_point_full(NULL, 0, SIM_OP_FENCE);
}

/* ---- clock and random ------------------------------------------------------- */

int64_t
leat_now_ns(void)
{
	if (!sim_is_running())
		return SIM_START_NS;
	sim.now_ns += WORLD_LOOK_NS;
	if (sim.now_ns >= sim.earliest_ns)
		sim_ring();
	return sim.now_ns;
}

static int64_t
world_now_ns(const struct leat__env *env)
{
	(void)env;
	return leat_now_ns();
}

static int64_t
world_wall_ns(const struct leat__env *env)
{
	(void)env;
	return WORLD_WALL_START_NS + leat_now_ns();
}

/* By seed, thread and how many it drew: schedules do not change it. */
static uint64_t
world_draw(void)
{
	struct sim_thread *thread = sim.current;
	uint64_t which = (uint64_t)thread->number << 40 | thread->n_drawn++;

	return sim_mix(sim_mix(sim.opts.seed) ^ which);
}

static uint64_t
world_random(const struct leat__env *env)
{
	(void)env;
	return sim_is_running() ? world_draw() : 0;
}

uint32_t
sim_draw(uint32_t n)
{
	return (uint32_t)(((world_draw() >> 32) * n) >> 32);
}

bool
sim_draw_weak_failure(void)
{
	return sim_is_running() && sim_draw(8) == 0;
}

/* ---- park and wake ---------------------------------------------------------- */

static void
world_park(const struct leat__env *env, const uint32_t *word, uint32_t expected,
	int64_t deadline_ns)
{
	(void)env;
	world_system_call();
	if (*(const volatile uint32_t *)word != expected ||
		deadline_ns <= sim.now_ns)
		return;
	if ((sim.opts.faults & SIM_FAULT_WAKE) && sim_draw(4) == 0) {
		sim_stall();
		return;
	}
	sim.current->word = word;
	sim.current->expected = expected;
	sim_block(SIM_PARKED, deadline_ns);
}

static void
world_wake(const struct leat__env *env, const uint32_t *word)
{
	(void)env;
	world_system_call();
	for (uint32_t k = 0; k < sim.n_threads; k++)
		if (sim_threads[k].state == SIM_PARKED &&
			sim_threads[k].word == word)
			sim_ready(&sim_threads[k]);
}

static void
world_yield(const struct leat__env *env)
{
	(void)env;
	sim_stall();
}

static int
world_barrier(const struct leat__env *env)
{
	(void)env;
	world_system_call();
	if (sim.opts.faults & SIM_FAULT_BARRIER)
		return ENOSYS;
	for (uint32_t k = 0; k < sim.n_threads; k++)
		sim_stores_drain_all(&sim_threads[k]);
	return 0;
}

void
sim_sleep_until(int64_t deadline_ns)
{
	world_system_call();
	if (deadline_ns > sim.now_ns)
		sim_block(SIM_SLEEPING, deadline_ns);
}

void
sim_keep_time(void)
{
	sim.is_punctual = true;
}

/* ---- threads ---------------------------------------------------------------- */

struct sim_thread *
sim_go(const char *name, sim_fn fn, void *user)
{
	struct sim_thread *thread;

	world_system_call();
	thread = sim_thread_create(name, fn, user);
	SIM_CHECK(thread);
	return thread;
}

void
sim_join(struct sim_thread *thread)
{
	world_system_call();
	if (thread->state == SIM_ENDED)
		return;
	sim.current->joined = thread;
	sim_block(SIM_JOINING, LEAT_NEVER);
}

static int
world_thread_start(const struct leat__env *env, struct leat__thread *thread)
{
	struct sim_thread *started;

	thread->env = env;
	world_system_call();
	if (++sim.n_starts == sim.opts.thread_fails_at)
		return EAGAIN;
	started = sim_thread_create(thread->name, thread->fn, thread->arg);
	if (!started)
		return EAGAIN;
	/* it may run, and end, before its starter goes on */
	world_system_call();
	thread->os = started->number;
	return 0;
}

static void
world_thread_join(const struct leat__env *env, struct leat__thread *thread)
{
	(void)env;
	sim_join(&sim_threads[thread->os]);
}

static uint32_t
world_n_cores(const struct leat__env *env)
{
	(void)env;
	return sim.opts.n_cores ? sim.opts.n_cores : 2;
}

static int64_t
world_core_at(const struct leat__env *env, uint32_t k)
{
	return k < world_n_cores(env) ? (int64_t)k : -1;
}

static int
world_thread_pin(const struct leat__env *env, uint32_t core)
{
	(void)env;
	(void)core;
	return 0;
}

void **
leat__thread_slot(void)
{
	static void *outside;

	return sim_is_running() ? &sim.current->slot : &outside;
}

/* ---- memory ----------------------------------------------------------------- */

/* An allocator is no fence, but takes its time. */
static void
world_point(void)
{
	if (sim_is_running())
		sim_point(NULL, 0, SIM_OP_FENCE);
}

static void *
world_alloc(const struct leat__env *env, size_t n_bytes)
{
	void *memory;

	(void)env;
	world_point();
	memory = sim_heap_alloc(
		n_bytes, LEAT__CACHE_LINE, __builtin_return_address(0));
	if (memory)
		memset(memory, 0, n_bytes);
	return memory;
}

static void
world_free(const struct leat__env *env, void *memory)
{
	(void)env;
	world_point();
	if (memory)
		sim_heap_free(memory);
}

/* What a mapping holds at first is what the last run left: it is nobody's. */
static int
world_map(const struct leat__env *env, size_t n_bytes, const char *name,
	void **memory_out, int *fd_out)
{
	(void)env;
	(void)name;
	world_system_call();
	*fd_out = WORLD_MAP_FD;
	*memory_out = sim_heap_alloc(
		n_bytes, WORLD_PAGE_BYTES, __builtin_return_address(0));
	return *memory_out ? 0 : ENOMEM;
}

static void
world_unmap(const struct leat__env *env, void *memory, size_t n_bytes, int fd)
{
	(void)env;
	(void)n_bytes;
	(void)fd;
	world_system_call();
	sim_heap_free(memory);
}

static int
world_map_stacks(const struct leat__env *env, size_t n_bytes, uint32_t n,
	bool may_split, void **memory_out, bool *is_guarded_out)
{
	int fd;

	(void)may_split;
	*is_guarded_out = false;
	return world_map(env, n_bytes * n, "stacks", memory_out, &fd);
}

static void
world_discard(const struct leat__env *env, void *memory, size_t n_bytes)
{
	(void)env;
	(void)memory;
	(void)n_bytes;
	world_system_call();
}

/* ---- files ------------------------------------------------------------------ */

static uint8_t *
event_of(int fd)
{
	return fd >= SIM_EVENT_FD ? &sim.events[fd - SIM_EVENT_FD] : NULL;
}

/* What an event counts is not told, only that it is not set any more. */
static int64_t
world_read(const struct leat__env *env, int fd, void *buf, size_t n_bytes)
{
	uint8_t *event = event_of(fd);

	world_system_call();
	if (!event)
		return sim_posix_env()->read(env, fd, buf, n_bytes);
	if (*event != 2)
		return -EAGAIN;
	*event = 1;
	return (int64_t)n_bytes;
}

static int
world_event_create(const struct leat__env *env, int *fd_out)
{
	(void)env;
	for (uint32_t k = 0; k < SIM_EVENTS_MAX; k++)
		if (!sim.events[k]) {
			sim.events[k] = 1;
			*fd_out = SIM_EVENT_FD + (int)k;
			return 0;
		}
	return EMFILE;
}

static void
world_event_set(const struct leat__env *env, int fd)
{
	world_system_call();
	*event_of(fd) = 2;
	sim.epoch++;
	world_wake(env, &sim.epoch);
}

static int
world_close(const struct leat__env *env, int fd)
{
	uint8_t *event;

	if (sim_file_close(fd))
		return 0;
	event = event_of(fd);
	if (!event)
		return sim_posix_env()->close(env, fd);
	*event = 0;
	return 0;
}

static bool
file_is_ready(int fd)
{
	const uint8_t *event = event_of(fd);
	bool is_ready;

	if (sim_file_is_ready(fd, &is_ready))
		return is_ready;
	return event ? *event == 2 : fd >= 0;
}

static int
polls_look(struct leat__poll *polls, uint32_t n)
{
	int n_ready = 0;

	for (uint32_t k = 0; k < n; k++) {
		bool is_ready = file_is_ready(polls[k].fd);

		polls[k].got = is_ready ? polls[k].want : 0;
		n_ready += is_ready;
	}
	return n_ready;
}

static int
world_poll(const struct leat__env *env, struct leat__poll *polls, uint32_t n,
	int64_t deadline_ns)
{
	(void)env;
	world_system_call();
	for (;;) {
		int n_ready = polls_look(polls, n);

		if (n_ready || deadline_ns <= sim.now_ns)
			return n_ready;
		sim.current->word = &sim.epoch;
		sim.current->expected = sim.epoch;
		sim_block(SIM_PARKED, deadline_ns);
	}
}

/* ---- the table -------------------------------------------------------------- */

const struct leat__env *
sim_env(void)
{
	static struct leat__env world;

	if (world.now_ns)
		return &world;
	world = *sim_posix_env();
	world.now_ns = world_now_ns;
	world.wall_ns = world_wall_ns;
	world.random = world_random;
	world.park = world_park;
	world.wake = world_wake;
	world.yield = world_yield;
	world.barrier = world_barrier;
	world.thread_start = world_thread_start;
	world.thread_join = world_thread_join;
	world.n_cores = world_n_cores;
	world.core_at = world_core_at;
	world.thread_pin = world_thread_pin;
	world.alloc = world_alloc;
	world.free = world_free;
	world.map = world_map;
	world.unmap = world_unmap;
	world.map_stacks = world_map_stacks;
	world.discard = world_discard;
	world.close = world_close;
	world.event_create = world_event_create;
	world.event_set = world_event_set;
	world.poll = world_poll;
	world.read = world_read;
	world.processes = &sim_processes;
	return &world;
}

const struct leat__env *
leat__env_posix(void)
{
	return sim_env();
}
