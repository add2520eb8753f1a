/*
 * exec/stack.h -- stacks for fibers: mapped in chunks, used again and again.
 *
 * What is known of a stack stands beside it, so one that was never used costs
 * no page, and one that touched little costs one.
 */
#ifndef LEAT_SRC_EXEC_STACK_H
#define LEAT_SRC_EXEC_STACK_H

#include "exec/spare.h"

struct leat__stack_chunk;

struct leat__stack {
	struct leat__spare spare;
	char *low;          /* lowest address; a guard, if there is one */
	char *top;          /* behind the highest */
	const char *lowest; /* seen in use */
};

struct leat__stacks {
	struct leat__spares spares;
	size_t n_bytes; /* of each, with its guard */
	/* of who reserves: */
	struct leat__stack_chunk *chunks;
	uint32_t n_mapped;
};

void leat__stacks_init(struct leat__stacks *stacks, const struct leat__env *env,
	size_t n_bytes);
/* Unmaps all. Zeroed memory is accepted. */
void leat__stacks_fini(struct leat__stacks *stacks);

/* Have so many mapped, at least. One thread at a time. false: no memory. */
bool leat__stacks_reserve(struct leat__stacks *stacks, uint32_t n);

/* One that is free; own: the calling worker's. There must be one: more are
 * reserved than are in use and workers can keep, LEAT__SPARES_OWN_MAX each. */
struct leat__stack *leat__stacks_take(
	struct leat__stacks *stacks, struct leat__spares_own *own);
void leat__stacks_give(struct leat__stacks *stacks,
	struct leat__spares_own *own, struct leat__stack *stack);

/* Is the place within what the stack has, its lowest page left out? */
static inline bool
leat__stack_is_within(const struct leat__stack *stack, const void *at)
{
	return (const char *)at >= stack->low + 4096;
}

#endif
