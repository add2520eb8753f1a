/*
 * sim/thread.c -- virtual threads: coroutines, and which of them may run.
 *
 * Keeps: sim.ready holds exactly the threads that may run, the running one
 * too; a thread that waits is in no list, only its state says on what.
 * A thread is saved wherever it stands, also on the stack of a fiber that the
 * core switched to by itself. Stacks lie at the same place in every process,
 * with a guard page below each, and are kept for the next run.
 * Source: Boost.Context's fcontext, called from C.
 */
#define _GNU_SOURCE

#include <string.h>
#include <sys/mman.h>

#include "sim/internal.h"

#if SIM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define THREAD_STACKS_AT ((void *)(uintptr_t)0x200000000000)

struct sim_thread sim_threads[SIM_THREADS_MAX];

/* ---- switching ------------------------------------------------------------------ */

struct transfer {
	void *fctx;
	void *data;
};

struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *stack, size_t n_bytes, void (*fn)(struct transfer));

/* Back in self: the one that jumped here is saved. */
static void
context_arrive(struct sim_context *self, struct transfer from)
{
	struct sim_context *other = from.data;

	other->fctx = from.fctx;
#if SIM_ASAN
	__sanitizer_finish_switch_fiber(
		self->fake_stack, &other->bottom, &other->n_bytes);
#else
	(void)self;
#endif
}

static void
context_jump(struct sim_context *self, struct sim_context *to)
{
#if SIM_ASAN
	__sanitizer_start_switch_fiber(
		&self->fake_stack, to->bottom, to->n_bytes);
#endif
	context_arrive(self, jump_fcontext(to->fctx, self));
}

static void
thread_hash(uint64_t what)
{
	sim.hash = sim_mix(sim.hash ^ what);
}

void
sim_switch(struct sim_thread *to)
{
	struct sim_thread *from = sim.current;

	if (to == from)
		return;
	from->own_steps = sim_own_steps(from);
	sim_stores_hide(from);
	sim_stores_show(to);
	sim.current = to;
	sim.switched_at = sim_hot.steps;
	sim.result->n_switches++;
	thread_hash(sim_hot.steps << 16 | to->number);
	context_jump(&from->context, &to->context);
}

/* Its turn begins anew: it gave way, and nobody took it. */
void
sim_turn_again(void)
{
	sim.current->own_steps = sim_own_steps(sim.current);
	sim.switched_at = sim_hot.steps;
}

uint64_t
sim_own_steps(const struct sim_thread *thread)
{
	if (thread != sim.current)
		return thread->own_steps;
	return thread->own_steps + (sim_hot.steps - sim.switched_at);
}

/* ---- the ready ones ------------------------------------------------------------- */

void
sim_ready(struct sim_thread *thread)
{
	thread->state = SIM_READY;
	thread->deadline_ns = LEAT_NEVER;
	thread->ready_at = sim.n_ready;
	sim.ready[sim.n_ready++] = thread;
	sim_hot.next = 0; /* whether it goes on at once is to be decided */
}

static void
thread_unready(struct sim_thread *thread)
{
	struct sim_thread *last = sim.ready[--sim.n_ready];

	sim.ready[thread->ready_at] = last;
	last->ready_at = thread->ready_at;
}

void
sim_block(enum sim_state state, int64_t deadline_ns)
{
	struct sim_thread *thread = sim.current;

	thread->state = state;
	thread->deadline_ns = deadline_ns;
	thread->since_ns = sim.now_ns;
	thread->since_steps = sim_hot.steps;
	if (deadline_ns < sim.earliest_ns)
		sim.earliest_ns = deadline_ns;
	thread_unready(thread);
	sim_drain();
	sim_hot.steps++;
	sim_decide(SIM_AT_WAIT);
}

void
sim_find_earliest(void)
{
	sim.earliest_ns = LEAT_NEVER;
	for (uint32_t k = 0; k < sim.n_threads; k++)
		if (sim_threads[k].deadline_ns < sim.earliest_ns)
			sim.earliest_ns = sim_threads[k].deadline_ns;
}

void
sim_ring(void)
{
	for (uint32_t k = 0; k < sim.n_threads; k++)
		if (sim_threads[k].deadline_ns <= sim.now_ns)
			sim_ready(&sim_threads[k]);
	sim_find_earliest();
}

/* ---- life ----------------------------------------------------------------------- */

static void
thread_tell_end(const struct sim_thread *thread)
{
	sim.n_alive--;
	for (uint32_t k = 0; k < sim.n_threads; k++)
		if (sim_threads[k].state == SIM_JOINING &&
			sim_threads[k].joined == thread)
			sim_ready(&sim_threads[k]);
}

void
sim_thread_kill(struct sim_thread *thread)
{
	LEAT_INVARIANT(thread != sim.current);
	if (thread->state == SIM_ENDED)
		return;
	sim_stores_drain_all(thread);
	if (thread->state == SIM_READY)
		thread_unready(thread);
	thread->state = SIM_ENDED;
	thread->deadline_ns = LEAT_NEVER;
	thread_tell_end(thread);
}

_Noreturn static void
thread_end(struct sim_thread *thread)
{
	sim_point(NULL, 0, SIM_OP_FENCE); /* what it stored may wait so long */
	thread->state = SIM_ENDED;
	thread_unready(thread);
	sim_drain();
	thread_tell_end(thread);
	if (sim.n_alive == 0)
		sim_finish();
	sim_hot.steps++;
	sim_decide(SIM_AT_WAIT);
	__builtin_unreachable();
}

static void
thread_main(struct transfer from)
{
	struct sim_thread *self = sim.current;

	context_arrive(&self->context, from);
	self->fn(self->arg);
	thread_end(self);
}

static unsigned char *
thread_stack(uint32_t number)
{
	static unsigned char *stacks;
	size_t each = SIM_STACK_BYTES + SIM_GUARD_BYTES;

	if (!stacks) {
		stacks = mmap(THREAD_STACKS_AT, each * SIM_THREADS_MAX,
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		LEAT_INVARIANT(stacks != MAP_FAILED);
		for (size_t k = 0; k < SIM_THREADS_MAX; k++)
			mprotect(stacks + k * each, SIM_GUARD_BYTES, PROT_NONE);
	}
	return stacks + number * each + SIM_GUARD_BYTES;
}

static void
thread_init(struct sim_thread *thread, uint32_t number, const char *name,
	sim_fn fn, void *arg)
{
	*thread = (struct sim_thread){.number = number,
		.fn = fn,
		.arg = arg,
		.stack = thread_stack(number),
		.priority = sim_priority()};
	strncpy(thread->name, name, sizeof(thread->name) - 1);
	thread->context.bottom = thread->stack;
	thread->context.n_bytes = SIM_STACK_BYTES;
#if SIM_ASAN
	ASAN_UNPOISON_MEMORY_REGION(thread->stack, SIM_STACK_BYTES);
#endif
	thread->context.fctx = make_fcontext(
		thread->stack + SIM_STACK_BYTES, SIM_STACK_BYTES, thread_main);
}

struct sim_thread *
sim_thread_create(const char *name, sim_fn fn, void *arg)
{
	struct sim_thread *thread;

	if (sim.n_threads == SIM_THREADS_MAX)
		return NULL;
	thread = &sim_threads[sim.n_threads];
	thread_init(thread, sim.n_threads++, name, fn, arg);
	sim.n_alive++;
	sim_ready(thread);
	return thread;
}

void
sim_threads_reset(void)
{
	sim.n_threads = sim.n_alive = sim.n_ready = 0;
	sim.earliest_ns = LEAT_NEVER;
	sim.is_punctual = false;
}

void
sim_thread_launch(void)
{
	sim.current = &sim_threads[0];
	context_jump(&sim.root, &sim.current->context);
}

void
sim_thread_leave(void)
{
	context_jump(&sim.current->context, &sim.root);
	__builtin_unreachable();
}
