/*
 * run/stack.c -- stacks for fibers: mapped in chunks, used again and again.
 *
 * Keeps: a stack is in one list or in use; a chunk stays until the end, so a
 * walk needs no lock. Heads are put at one of 16 places of their page: were
 * all at the same, the tops of all stacks would share a few cache lines.
 * A stack that grew beyond two pages gives the rest back when it leaves its
 * worker. Threads: any; a cache is one thread's.
 */
#include "run/stack.h"

#include "base/atomic.h"

#define STACK_PAGE   ((size_t)4096)
#define STACK_COLORS 16u

#ifdef LEAT_TEST_TINY
#define STACK_CHUNK      2u
#define STACK_CACHE_MOST 2u
#define STACK_BATCH      1u
#else
#define STACK_CHUNK      64u
#define STACK_CACHE_MOST 64u
#define STACK_BATCH      16u
#endif

/* Guards that cost two mappings each are for the first few: a process may
 * have 65530 mappings. */
#define STACK_SPLITS_MOST 4096u

struct leat__stack_chunk {
	struct leat__stack_chunk *next;
	struct leat__stack_chunk *next_fresh;
	char *memory;
	uint32_t first;  /* number of its first stack */
	uint32_t n_used; /* handed out at least once; atomic for a walk */
};

/* ---- making ------------------------------------------------------------- */

static bool
stacks_map(struct leat__stacks *stacks)
{
	const struct leat__env *env = stacks->env;
	struct leat__stack_chunk *chunk = env->alloc(env, sizeof(*chunk));
	bool may_split = stacks->n_mapped < STACK_SPLITS_MOST;
	bool is_guarded;
	void *memory;

	if (!chunk)
		return false;
	if (env->map_stacks(env, stacks->n_bytes, STACK_CHUNK, may_split,
		    &memory, &is_guarded) != 0) {
		env->free(env, chunk);
		return false;
	}
	chunk->memory = memory;
	chunk->first = stacks->n_mapped;
	chunk->next = stacks->chunks;
	stacks->n_mapped += STACK_CHUNK;
	chunk->next_fresh = stacks->fresh;
	stacks->fresh = chunk;
	/* release: pairs with the acquire in leat__stacks_each */
	leat__store_release(&stacks->chunks, chunk);
	return true;
}

static struct leat__stack *
chunk_carve(struct leat__stacks *stacks, struct leat__stack_chunk *chunk)
{
	uint32_t k = chunk->n_used;
	char *low = chunk->memory + k * stacks->n_bytes;
	size_t color = k % STACK_COLORS * LEAT__CACHE_LINE;
	void *head = low + stacks->n_bytes - stacks->head_bytes - color;
	struct leat__stack *stack = head;

	stack->next = NULL;
	stack->low = low;
	stack->lowest = head;
	stack->number = chunk->first + k;
	/* release: pairs with the acquire in leat__stacks_each */
	leat__store_release(&chunk->n_used, k + 1);
	return stack;
}

static struct leat__stack *
stacks_fresh_locked(struct leat__stacks *stacks)
{
	struct leat__stack_chunk *chunk;
	struct leat__stack *stack;

	if (!stacks->fresh && !stacks_map(stacks))
		return NULL;
	chunk = stacks->fresh;
	stack = chunk_carve(stacks, chunk);
	if (chunk->n_used == STACK_CHUNK)
		stacks->fresh = chunk->next_fresh;
	return stack;
}

/* ---- taking and giving -------------------------------------------------- */

static struct leat__stack *
stacks_take_locked(struct leat__stacks *stacks)
{
	struct leat__stack *stack = stacks->free;

	if (!stack)
		return stacks_fresh_locked(stacks);
	stacks->free = stack->next;
	return stack;
}

static struct leat__stack *
cache_pop(struct leat__stack_cache *cache)
{
	struct leat__stack *stack = cache->first;

	if (stack) {
		cache->first = stack->next;
		cache->n--;
	}
	return stack;
}

static void
cache_push(struct leat__stack_cache *cache, struct leat__stack *stack)
{
	stack->next = cache->first;
	cache->first = stack;
	cache->n++;
}

struct leat__stack *
leat__stacks_take(struct leat__stacks *stacks, struct leat__stack_cache *cache)
{
	struct leat__stack *stack = cache ? cache_pop(cache) : NULL;

	if (stack)
		return stack;
	leat__lock_take(&stacks->lock, stacks->env);
	stack = stacks_take_locked(stacks);
	for (uint32_t k = 1; cache && k < STACK_BATCH && stacks->free; k++)
		cache_push(cache, stacks_take_locked(stacks));
	leat__lock_drop(&stacks->lock, stacks->env);
	return stack;
}

/* The page of the head and the next stay. */
static void
stack_trim(struct leat__stacks *stacks, struct leat__stack *stack)
{
	size_t to = (size_t)((char *)stack - stack->low) & ~(STACK_PAGE - 1);

	if ((char *)stack - stack->lowest > (ptrdiff_t)(2 * STACK_PAGE) &&
		to > 2 * STACK_PAGE)
		stacks->env->discard(stacks->env, stack->low + STACK_PAGE,
			to - 2 * STACK_PAGE);
	stack->lowest = (char *)stack;
}

static void
stacks_give_one(struct leat__stacks *stacks, struct leat__stack *stack)
{
	stack_trim(stacks, stack);
	leat__lock_take(&stacks->lock, stacks->env);
	stack->next = stacks->free;
	stacks->free = stack;
	leat__lock_drop(&stacks->lock, stacks->env);
}

static void
cache_give_half(struct leat__stacks *stacks, struct leat__stack_cache *cache)
{
	struct leat__stack *first = NULL, *last = NULL;

	for (uint32_t k = 0; k < STACK_CACHE_MOST / 2; k++) {
		struct leat__stack *stack = cache_pop(cache);

		stack_trim(stacks, stack);
		stack->next = first;
		first = stack;
		if (!last)
			last = stack;
	}
	leat__lock_take(&stacks->lock, stacks->env);
	last->next = stacks->free;
	stacks->free = first;
	leat__lock_drop(&stacks->lock, stacks->env);
}

void
leat__stacks_give(struct leat__stacks *stacks, struct leat__stack_cache *cache,
	struct leat__stack *stack)
{
	if (!cache) {
		stacks_give_one(stacks, stack);
		return;
	}
	if (cache->n == STACK_CACHE_MOST)
		cache_give_half(stacks, cache);
	cache_push(cache, stack);
}

/* ---- all of them -------------------------------------------------------- */

void
leat__stacks_each(struct leat__stacks *stacks,
	void (*fn)(struct leat__stack *stack, void *user), void *user)
{
	/* acquire: pairs with the release in stacks_map */
	struct leat__stack_chunk *chunk = leat__load_acquire(&stacks->chunks);

	for (; chunk; chunk = chunk->next) {
		/* acquire: pairs with the release in chunk_carve */
		uint32_t n = leat__load_acquire(&chunk->n_used);

		for (uint32_t k = 0; k < n; k++) {
			char *top = chunk->memory + (k + 1) * stacks->n_bytes;
			size_t color = k % STACK_COLORS * LEAT__CACHE_LINE;
			void *head = top - stacks->head_bytes - color;

			fn(head, user);
		}
	}
}

bool
leat__stacks_reserve(struct leat__stacks *stacks, uint32_t n)
{
	bool is_mapped = true;

	leat__lock_take(&stacks->lock, stacks->env);
	while (is_mapped && stacks->n_mapped < n)
		is_mapped = stacks_map(stacks);
	leat__lock_drop(&stacks->lock, stacks->env);
	return is_mapped;
}

void
leat__stacks_init(struct leat__stacks *stacks, const struct leat__env *env,
	size_t n_bytes, size_t head_bytes)
{
	*stacks = (struct leat__stacks){.env = env,
		.n_bytes = leat__round_up(n_bytes, STACK_PAGE),
		.head_bytes = leat__round_up(head_bytes, LEAT__CACHE_LINE)};
}

void
leat__stacks_fini(struct leat__stacks *stacks)
{
	const struct leat__env *env = stacks->env;
	struct leat__stack_chunk *chunk = stacks->chunks;

	while (chunk) {
		struct leat__stack_chunk *next = chunk->next;

		env->unmap(
			env, chunk->memory, STACK_CHUNK * stacks->n_bytes, -1);
		env->free(env, chunk);
		chunk = next;
	}
	stacks->chunks = NULL;
	stacks->free = NULL;
}
