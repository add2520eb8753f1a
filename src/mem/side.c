/*
 * mem/side.c -- side memory: what stages keep besides frames, counted.
 *
 * Keeps: used_bytes is the sum over the blocks in list, headers included, and
 * never above cap_bytes; fini frees what was not given back.
 * jemalloc is bound weakly: a shared library linked with it could not be
 * loaded later on (static TLS), so the program brings it or there is none. An
 * arena of its own lets a graph go in one piece. A world other than the
 * operating system's keeps its own memory, so that tests see all of it.
 * Threads: one at a time per account; used and high are read by any.
 */
#include <stdio.h>

#include "mem/mem.h"

/* From jemalloc/jemalloc.h, which need not be there when this is built. */
extern void *mallocx(size_t n_bytes, int flags) __attribute__((weak));
extern void dallocx(void *memory, int flags) __attribute__((weak));
extern int mallctl(const char *name, void *old, size_t *old_bytes, void *new_,
	size_t new_bytes) __attribute__((weak));

#define SIDE_ARENA_FLAGS(index) ((int)(((index) + 1) << 20))
#define SIDE_NO_TCACHE          (1 << 8)

struct leat__arena {
	const struct leat__env *env;
	bool is_jemalloc;
	uint32_t index; /* jemalloc's number of it */
};

/* Before each block; the caller's bytes follow, aligned to 16. */
struct side_block {
	struct side_block *next;
	struct side_block *prev;
	uint64_t n_bytes; /* with this header */
	uint64_t padding;
};

_Static_assert(sizeof(struct side_block) % 16 == 0, "keeps blocks aligned");

static bool
side_has_jemalloc(const struct leat__env *env)
{
	return env->alloc == leat__env_posix()->alloc && &mallocx != NULL &&
		&dallocx != NULL && &mallctl != NULL;
}

int
leat__arena_create(const struct leat__env *env, struct leat__arena **arena_out)
{
	struct leat__arena *arena = env->alloc(env, sizeof(*arena));
	unsigned index;
	size_t n_bytes = sizeof(index);

	if (!arena)
		return LEAT_ENOMEM;
	arena->env = env;
	if (side_has_jemalloc(env) &&
		mallctl("arenas.create", &index, &n_bytes, NULL, 0) == 0) {
		arena->is_jemalloc = true;
		arena->index = index;
	}
	*arena_out = arena;
	return LEAT_OK;
}

void
leat__arena_destroy(struct leat__arena *arena)
{
	char name[40];

	if (!arena)
		return;
	if (arena->is_jemalloc) {
		snprintf(name, sizeof(name), "arena.%u.destroy", arena->index);
		(void)mallctl(name, NULL, NULL, NULL, 0);
	}
	arena->env->free(arena->env, arena);
}

bool
leat__arena_is_jemalloc(const struct leat__arena *arena)
{
	return arena->is_jemalloc;
}

static int
arena_flags(const struct leat__arena *arena)
{
	return SIDE_ARENA_FLAGS(arena->index) | SIDE_NO_TCACHE;
}

static void *
arena_alloc(struct leat__arena *arena, size_t n_bytes)
{
	if (arena->is_jemalloc)
		return mallocx(n_bytes, arena_flags(arena));
	return arena->env->alloc(arena->env, n_bytes);
}

static void
arena_free(struct leat__arena *arena, void *memory)
{
	if (arena->is_jemalloc)
		dallocx(memory, arena_flags(arena));
	else
		arena->env->free(arena->env, memory);
}

void
leat__account_init(struct leat__account *account, struct leat__arena *arena,
	uint64_t cap_bytes)
{
	*account =
		(struct leat__account){.arena = arena, .cap_bytes = cap_bytes};
}

void
leat__account_fini(struct leat__account *account)
{
	struct side_block *block;

	while ((block = account->list) != NULL)
		leat__account_free(account, block + 1);
}

static void
account_count(struct leat__account *account, uint64_t used)
{
	leat__store_relaxed(&account->used_bytes, used);
	if (used > account->high_bytes)
		leat__store_relaxed(&account->high_bytes, used);
}

int
leat__account_alloc(
	struct leat__account *account, size_t n_bytes, void **memory_out)
{
	struct side_block *first = account->list;
	uint64_t total = (uint64_t)n_bytes + sizeof(struct side_block);
	struct side_block *block;

	if (total < n_bytes || total > account->cap_bytes - account->used_bytes)
		return LEAT_ELIMIT;
	block = arena_alloc(account->arena, (size_t)total);
	if (!block)
		return LEAT_ENOMEM;
	*block = (struct side_block){.next = first, .n_bytes = total};
	if (first)
		first->prev = block;
	account->list = block;
	account_count(account, account->used_bytes + total);
	*memory_out = block + 1;
	return LEAT_OK;
}

static void
account_unlink(struct leat__account *account, struct side_block *block)
{
	if (block->prev)
		block->prev->next = block->next;
	else
		account->list = block->next;
	if (block->next)
		block->next->prev = block->prev;
}

void
leat__account_free(struct leat__account *account, void *memory)
{
	struct side_block *block;

	if (!memory)
		return;
	block = (struct side_block *)memory - 1;
	account_unlink(account, block);
	account_count(account, account->used_bytes - block->n_bytes);
	arena_free(account->arena, block);
}
