/*
 * exec/stack.c -- stacks for fibers: mapped in chunks, used again and again.
 *
 * Keeps: a stack is free or in use; none is touched before it is. Their tops
 * are put at one of 16 places of their page: were all at the same, what fibers
 * use first would share a few cache lines.
 * A stack that grew beyond two pages gives the rest back when it leaves its
 * worker. Threads: who reserves one at a time, the rest any.
 */
#include "exec/stack.h"

#include "base/atomic.h"

#define STACK_PAGE   ((size_t)4096)
#define STACK_COLORS 16u

#ifdef LEAT_TEST_TINY
#define STACK_CHUNK_LEAST 2u
#define STACK_CHUNK_MOST  4u
#else
#define STACK_CHUNK_LEAST 64u
#define STACK_CHUNK_MOST  1024u
#endif

/* Guards that cost two mappings each are for the first few: a process may
 * have 65530 mappings. */
#define STACK_SPLITS_MOST 4096u

struct leat__stack_chunk {
	struct leat__stack_chunk *next;
	char *memory;
	uint32_t n;
	struct leat__stack stacks[];
};

/* ---- making ------------------------------------------------------------- */

static void
stack_init(struct leat__stack *stack, char *low, size_t n_bytes, uint32_t color)
{
	stack->low = low;
	stack->top = low + n_bytes - color * LEAT__CACHE_LINE;
	stack->lowest = stack->top;
}

static void
stacks_add(struct leat__stacks *stacks, struct leat__stack_chunk *chunk)
{
	struct leat__stack *all = chunk->stacks;

	for (uint32_t k = 0; k < chunk->n; k++) {
		stack_init(&all[k], chunk->memory + k * stacks->n_bytes,
			stacks->n_bytes, k % STACK_COLORS);
		if (k > 0)
			all[k - 1].spare.next = &all[k].spare;
	}
	chunk->next = stacks->chunks;
	stacks->chunks = chunk;
	stacks->n_mapped += chunk->n;
	leat__spares_add(
		&stacks->spares, &all[0].spare, &all[chunk->n - 1].spare);
}

/* The more there are, the more at once: while a mapping is made or changed no
 * stack of the process can grow. */
static uint32_t
stacks_chunk(const struct leat__stacks *stacks)
{
	uint64_t n = leat__max_u64(stacks->n_mapped / 4, STACK_CHUNK_LEAST);

	return (uint32_t)leat__min_u64(n, STACK_CHUNK_MOST);
}

static bool
stacks_map(struct leat__stacks *stacks)
{
	const struct leat__env *env = stacks->spares.env;
	uint32_t n = stacks_chunk(stacks);
	struct leat__stack_chunk *chunk =
		env->alloc(env, sizeof(*chunk) + n * sizeof(chunk->stacks[0]));
	bool may_split = stacks->n_mapped < STACK_SPLITS_MOST;
	bool is_guarded;
	void *memory;

	if (!chunk)
		return false;
	if (env->map_stacks(env, stacks->n_bytes, n, may_split, &memory,
		    &is_guarded) != 0) {
		env->free(env, chunk);
		return false;
	}
	chunk->memory = memory;
	chunk->n = n;
	stacks_add(stacks, chunk);
	return true;
}

bool
leat__stacks_reserve(struct leat__stacks *stacks, uint32_t n)
{
	bool is_mapped = true;

	while (is_mapped && stacks->n_mapped < n)
		is_mapped = stacks_map(stacks);
	return is_mapped;
}

/* ---- taking and giving -------------------------------------------------- */

/* The two pages at the top stay. */
static void
stack_trim(struct leat__spares *spares, struct leat__spare *spare)
{
	struct leat__stack *stack =
		leat__container_of(spare, struct leat__stack, spare);
	size_t to = (size_t)(stack->top - stack->low - 1) & ~(STACK_PAGE - 1);

	if (stack->top - stack->lowest > (ptrdiff_t)(2 * STACK_PAGE) &&
		to > 2 * STACK_PAGE)
		spares->env->discard(spares->env, stack->low + STACK_PAGE,
			to - 2 * STACK_PAGE);
	stack->lowest = stack->top;
}

struct leat__stack *
leat__stacks_take(struct leat__stacks *stacks, struct leat__spares_own *own)
{
	struct leat__spare *spare = leat__spares_take(&stacks->spares, own);

	LEAT_INVARIANT(spare != NULL);
	return leat__container_of(spare, struct leat__stack, spare);
}

void
leat__stacks_give(struct leat__stacks *stacks, struct leat__spares_own *own,
	struct leat__stack *stack)
{
	leat__spares_give(&stacks->spares, own, &stack->spare);
}

/* ---- life --------------------------------------------------------------- */

void
leat__stacks_init(struct leat__stacks *stacks, const struct leat__env *env,
	size_t n_bytes)
{
	*stacks = (struct leat__stacks){
		.spares = {.env = env, .leave = stack_trim},
		.n_bytes = leat__round_up(n_bytes, STACK_PAGE)};
}

void
leat__stacks_fini(struct leat__stacks *stacks)
{
	const struct leat__env *env = stacks->spares.env;
	struct leat__stack_chunk *chunk = stacks->chunks;

	while (chunk) {
		struct leat__stack_chunk *next = chunk->next;

		env->unmap(env, chunk->memory, chunk->n * stacks->n_bytes, -1);
		env->free(env, chunk);
		chunk = next;
	}
	stacks->chunks = NULL;
}
