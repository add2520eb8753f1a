/*
 * chan/nest.c -- numbers of inner branches and the outer stamps they stand for.
 *
 * A ring of one writer and one reader; waiting as in chan.h: who finds no room
 * arms, fences, looks once more; who makes room publishes it, fences, and takes
 * the flag. tests/model/nest.pml has the argument that it is never stuck.
 * Threads: those that step the two tasks.
 */
#include "chan/nest.h"

#include <string.h>

uint32_t
leat__nest_n_entries(uint64_t n_frames)
{
	uint32_t n = 2;

	while (n < n_frames && n < 1u << 30)
		n *= 2;
	return n;
}

uint64_t
leat__nest_bytes(uint32_t n_entries)
{
	return sizeof(struct leat__nest) +
		(uint64_t)n_entries * sizeof(struct leat__nest_entry);
}

int
leat__nest_init(struct leat__nest *nest, const struct leat__env *env,
	uint32_t n_entries)
{
	LEAT_ASSERT(n_entries >= 2 && (n_entries & (n_entries - 1)) == 0);
	memset(nest, 0, sizeof(*nest));
	nest->env = env;
	nest->n_entries = n_entries;
	nest->entries = env->alloc(env, n_entries * sizeof(*nest->entries));
	return nest->entries ? LEAT_OK : LEAT_ENOMEM;
}

void
leat__nest_fini(struct leat__nest *nest)
{
	if (!nest->entries)
		return;
	nest->env->free(nest->env, nest->entries);
	nest->entries = NULL;
}

static struct leat__nest_entry *
nest_entry(const struct leat__nest *nest, uint64_t k)
{
	return &nest->entries[k & (nest->n_entries - 1)];
}

/* ---- where branches begin ------------------------------------------------- */

static bool
nest_is_over(const struct leat__nest *nest)
{
	/* acquire: pairs with the release in leat__nest_close */
	return leat__load_acquire(&nest->is_over) != 0;
}

bool
leat__nest_has_room(const struct leat__nest *nest, uint64_t outer)
{
	if (outer <= nest->last || nest_is_over(nest))
		return true;
	/* acquire: the entry was read; pairs with the release in
	 * leat__nest_find */
	return nest->tail - leat__load_acquire(&nest->head) < nest->n_entries;
}

void
leat__nest_put(struct leat__nest *nest, uint64_t number, uint64_t outer)
{
	if (outer <= nest->last)
		return;
	LEAT_INVARIANT(leat__nest_has_room(nest, outer));
	nest->last = outer;
	if (nest_is_over(nest)) /* there may be no place, and nobody looks */
		return;
	*nest_entry(nest, nest->tail) =
		(struct leat__nest_entry){number, outer};
	/* release: the entry; pairs with the acquire in leat__nest_find */
	leat__store_release(&nest->tail, nest->tail + 1);
}

bool
leat__nest_arm(struct leat__nest *nest, uint64_t outer)
{
	leat__store_relaxed(&nest->is_armed, 1u);
	/* flag before look; the other half is in nest_tell */
	leat__fence_seq();
	if (!leat__nest_has_room(nest, outer))
		return true;
	leat__store_relaxed(&nest->is_armed, 0u);
	return false;
}

/* ---- where they are merged ------------------------------------------------ */

static void
nest_tell(struct leat__nest *nest, void *hint)
{
	/* the other half is in leat__nest_arm: flag, fence, look */
	leat__fence_seq();
	if (leat__load_relaxed(&nest->is_armed) &&
		leat__swap_seq(&nest->is_armed, 0u))
		nest->beginning->wake(nest->beginning, hint);
}

uint64_t
leat__nest_find(struct leat__nest *nest, uint64_t number, void *hint)
{
	/* acquire: pairs with the release in leat__nest_put */
	uint64_t tail = leat__load_acquire(&nest->tail);
	uint64_t head = leat__load_relaxed(&nest->head), at = head;
	const struct leat__nest_entry *entry;
	uint64_t outer;

	while (at + 1 < tail && nest_entry(nest, at + 1)->number <= number)
		at++;
	entry = nest_entry(nest, at);
	outer = at < tail && entry->number <= number ? entry->outer : 0;
	if (at == head)
		return outer;
	/* release: those before were read; pairs with the acquire in
	 * leat__nest_has_room */
	leat__store_release(&nest->head, at);
	nest_tell(nest, hint);
	return outer;
}

void
leat__nest_close(struct leat__nest *nest, void *hint)
{
	/* release: pairs with the acquire in nest_is_over */
	leat__store_release(&nest->is_over, 1u);
	nest_tell(nest, hint);
}
