/*
 * exec/switch.c -- from one stack to another: how a stack begins and ends.
 *
 * Keeps: a context is switched to by one thread at a time, and only after it
 * was saved.
 * Threads: the one whose stack it is.
 * Source: Boost.Context's fcontext (O. Kowalke), for the order of things; its
 * control words of the floating point unit are left alone here, for nobody
 * changes them across a wait.
 */
#include "exec/switch.h"

/* ---- the sanitizers ----------------------------------------------------- */

static void
sanitizer_init(struct leat__context *context, void *stack, size_t n_bytes)
{
	(void)context;
	(void)stack;
	(void)n_bytes;
#if defined(LEAT__ASAN)
	context->stack = stack;
	context->stack_bytes = n_bytes;
	context->fake_stack = NULL;
#endif
#if defined(LEAT__TSAN)
	context->fiber = __tsan_create_fiber(0);
#endif
}

void
leat__context_init_thread(struct leat__context *context)
{
	(void)context;
#if defined(LEAT__TSAN)
	context->fiber = __tsan_get_current_fiber();
#endif
}

void
leat__context_fini(struct leat__context *context)
{
	(void)context;
#if defined(LEAT__TSAN)
	__tsan_destroy_fiber(context->fiber);
#endif
}

/* ---- the common part ---------------------------------------------------- */

static void
context_main(struct leat__context *self)
{
	leat__switch_end(self);
	self->fn(self->arg);
}

static void context_place(
	struct leat__context *context, char *stack, size_t n_bytes);

void
leat__context_init(struct leat__context *context, void *stack, size_t n_bytes,
	void (*fn)(void *arg), void *arg)
{
	context_place(context, stack, n_bytes);
	context->fn = fn;
	context->arg = arg;
	sanitizer_init(context, stack, n_bytes);
}

_Noreturn void
leat__context_leave(struct leat__context *from, struct leat__context *to)
{
	leat__switch_begin(from, to, true);
	leat__switch_jump(from, to);
	__builtin_unreachable();
}

#if defined(LEAT__JUMP)

/* ---- own ---------------------------------------------------------------- */

static void
context_begin(void **save, void *at, struct leat__context *self)
{
	(void)save;
	(void)at;
	context_main(self);
}

/* From below: where to begin, no frame pointer, no return address; then what
 * a call leaves is aligned as after any call. */
static void
context_place(struct leat__context *context, char *stack, size_t n_bytes)
{
	uintptr_t top = ((uintptr_t)stack + n_bytes) & ~(uintptr_t)15;
	uintptr_t *words = (uintptr_t *)top - 3;

	words[0] = (uintptr_t)context_begin;
	words[1] = 0;
	words[2] = 0;
	context->at = words;
}

#elif defined(LEAT__FCONTEXT)

/* ---- fcontext ----------------------------------------------------------- */

/* Where who jumped stands, and what it brought: the context jumped to. */
struct switch_transfer {
	void *at;
	void *data;
};

struct switch_transfer jump_fcontext(void *const to, void *data);
void *make_fcontext(
	void *top, size_t n_bytes, void (*fn)(struct switch_transfer));

static void
switch_arrive(struct switch_transfer transfer)
{
	struct leat__context *self = transfer.data;

	self->from->at = transfer.at;
}

static void
context_begin(struct switch_transfer transfer)
{
	switch_arrive(transfer);
	context_main(transfer.data);
}

static void
context_place(struct leat__context *context, char *stack, size_t n_bytes)
{
	context->at = make_fcontext(stack + n_bytes, n_bytes, context_begin);
}

void
leat__switch_jump(struct leat__context *from, struct leat__context *to)
{
	(void)from;
	switch_arrive(jump_fcontext(to->at, to));
}

#else

/* ---- swapcontext -------------------------------------------------------- */

/* makecontext passes ints only. */
static void
context_begin(unsigned high, unsigned low)
{
	uintptr_t word = (uintptr_t)((uint64_t)high << 32 | low);

	context_main((struct leat__context *)word);
}

static void
context_place(struct leat__context *context, char *stack, size_t n_bytes)
{
	uint64_t word = (uintptr_t)context;

	getcontext(&context->at);
	context->at.uc_stack.ss_sp = stack;
	context->at.uc_stack.ss_size = n_bytes;
	context->at.uc_link = NULL;
	makecontext(&context->at, (void (*)(void))(uintptr_t)context_begin, 2,
		(unsigned)(word >> 32), (unsigned)word);
}

void
leat__switch_jump(struct leat__context *from, struct leat__context *to)
{
	swapcontext(&from->at, &to->at);
}

#endif
