/*
 * exec/switch.h -- from one stack to another, within a thread.
 *
 * On x86-64 a dozen instructions in the caller's own frame: a processor
 * predicts returns by the calls it has seen, and every return from a function
 * that another stack called costs 20 ns. Elsewhere Boost.Context's C functions
 * (LEAT__FCONTEXT) or the system's swapcontext, which makes two system calls.
 * The sanitizers are told of every switch.
 */
#ifndef LEAT_SRC_EXEC_SWITCH_H
#define LEAT_SRC_EXEC_SWITCH_H

#include "base/base.h"

#if defined(__SANITIZE_ADDRESS__)
#define LEAT__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAT__ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define LEAT__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LEAT__TSAN 1
#endif
#endif

#if !defined(LEAT__FCONTEXT) && !defined(LEAT__SWAPCONTEXT)
#if defined(__x86_64__) && !defined(__ILP32__)
#define LEAT__JUMP 1
#else
#define LEAT__SWAPCONTEXT 1
#endif
#endif
#if defined(LEAT__SWAPCONTEXT)
#include <ucontext.h>
#endif
#if defined(LEAT__ASAN)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(LEAT__TSAN)
#include <sanitizer/tsan_interface.h>
#endif

/* Where a stack goes on; of a thread's own stack, or of one made for it. */
struct leat__context {
#if defined(LEAT__SWAPCONTEXT)
	ucontext_t at;
#else
	void *at; /* its saved registers, on its stack */
#endif
	struct leat__context *from; /* who switched to it last */
	void (*fn)(void *arg);
	void *arg;
#if defined(LEAT__ASAN)
	const void *stack; /* lowest address */
	size_t stack_bytes;
	void *fake_stack;
#endif
#if defined(LEAT__TSAN)
	void *fiber;
#endif
};

/*
 * A context that begins with fn(arg) on a stack of n_bytes from stack upwards.
 * fn must not return: it leaves for the last time by leat__context_leave().
 */
void leat__context_init(struct leat__context *context, void *stack,
	size_t n_bytes, void (*fn)(void *arg), void *arg);
/* It will not be switched to any more. */
void leat__context_fini(struct leat__context *context);
/* The calling thread's own, zeroed before the first time: before it switches
 * to another. */
void leat__context_init_thread(struct leat__context *context);

/* As a switch, but from is at its end. */
_Noreturn void leat__context_leave(
	struct leat__context *from, struct leat__context *to);

/* How far down its stack is in use, while it does not run; NULL = unknown. */
static inline const void *
leat__context_depth(const struct leat__context *context)
{
#if defined(LEAT__SWAPCONTEXT)
	(void)context;
	return NULL;
#else
	return context->at;
#endif
}

/* ---- for leat__context_switch ------------------------------------------- */

/* Inline, for ThreadSanitizer counts calls and returns: none may come between
 * what it is told and the jump. is_last: from will not be gone on with. */
static inline __attribute__((always_inline)) void
leat__switch_begin(
	struct leat__context *from, struct leat__context *to, bool is_last)
{
	(void)is_last;
	to->from = from;
#if defined(LEAT__ASAN)
	__sanitizer_start_switch_fiber(
		is_last ? NULL : &from->fake_stack, to->stack, to->stack_bytes);
#endif
#if defined(LEAT__TSAN)
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* A thread's own stack becomes known when it is left for the first time. */
static inline __attribute__((always_inline)) void
leat__switch_end(struct leat__context *self)
{
	(void)self;
#if defined(LEAT__ASAN)
	__sanitizer_finish_switch_fiber(
		self->fake_stack, &self->from->stack, &self->from->stack_bytes);
#endif
}

#if defined(LEAT__JUMP)

/*
 * Save where this stack goes on, go on with the other. All registers count as
 * lost but for the frame pointer, which the compiler may not list. The first
 * line steps over the red zone. Who begins finds its context in rdx, where a
 * third argument is passed.
 */
static inline __attribute__((always_inline)) void
leat__switch_jump(struct leat__context *from, struct leat__context *to)
{
	void **save = &from->at;
	void *at = to->at;

	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
			 "pushq %%rbp\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "movq %%rsp, (%[save])\n\t"
			 "movq %[at], %%rsp\n\t"
			 "popq %%rax\n\t"
			 "popq %%rbp\n\t"
			 "jmpq *%%rax\n"
			 "1:\n\t"
			 "leaq 128(%%rsp), %%rsp"
			 : [save] "+D"(save), [at] "+S"(at), "+d"(to)
			 :
			 : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12",
			 "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3",
			 "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
			 "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
			 "cc", "memory");
}

#else
void leat__switch_jump(struct leat__context *from, struct leat__context *to);
#endif

/* Save the calling stack in from, go on with to. */
static inline __attribute__((always_inline)) void
leat__context_switch(struct leat__context *from, struct leat__context *to)
{
	leat__switch_begin(from, to, false);
	leat__switch_jump(from, to);
	leat__switch_end(from);
}

#endif
