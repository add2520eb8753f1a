/*
 * run/stack.h -- stacks for fibers: mapped in chunks, used again and again.
 *
 * At the top of each stands what its user keeps there, beginning with a
 * struct leat__stack; so a fiber that touched little costs one page.
 */
#ifndef LEAT_SRC_RUN_STACK_H
#define LEAT_SRC_RUN_STACK_H

#include "env/env.h"

struct leat__stack_chunk;

struct leat__stack {
	struct leat__stack *next; /* in a list of free ones */
	char *low;                /* lowest address; a guard, if there is one */
	const char *lowest;       /* seen in use */
	uint32_t number;          /* among all, from 0 */
};

struct leat__stacks {
	const struct leat__env *env;
	size_t n_bytes;                   /* of each, with its guard */
	size_t head_bytes;                /* kept at the top */
	struct leat__lock lock;           /* guards all below */
	struct leat__stack_chunk *chunks; /* newest; atomic for a walk */
	struct leat__stack_chunk *fresh;  /* has some never handed out */
	struct leat__stack *free;
	uint32_t n_mapped;
};

/* A thread's own few, for which no lock is taken. Zeroed = empty. */
struct leat__stack_cache {
	struct leat__stack *first;
	uint32_t n;
};

void leat__stacks_init(struct leat__stacks *stacks, const struct leat__env *env,
	size_t n_bytes, size_t head_bytes);
/* Unmaps all. Zeroed memory is accepted. */
void leat__stacks_fini(struct leat__stacks *stacks);

/* Map so many in advance. false: no memory. */
bool leat__stacks_reserve(struct leat__stacks *stacks, uint32_t n);

/* One that is free; what stands at its top is undefined but for struct
 * leat__stack. cache: NULL = none. NULL: no memory. */
struct leat__stack *leat__stacks_take(
	struct leat__stacks *stacks, struct leat__stack_cache *cache);
void leat__stacks_give(struct leat__stacks *stacks,
	struct leat__stack_cache *cache, struct leat__stack *stack);

/* Every stack that was ever taken; it may be free. Takes no lock during fn. */
void leat__stacks_each(struct leat__stacks *stacks,
	void (*fn)(struct leat__stack *stack, void *user), void *user);

/* Is the place within what the stack has, its lowest page left out? */
static inline bool
leat__stack_is_within(const struct leat__stack *stack, const void *at)
{
	return (const char *)at >= stack->low + 4096;
}

#endif
