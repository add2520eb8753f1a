/*
 * run/queue.h -- a worker's run queue: its worker puts in, anybody takes out.
 *
 * Keeps: what is taken is taken once, in the order it was put in. head and
 * tail only grow; whoever moves head from k to k + 1 owns cell k. The cell is
 * read before that, so it is read and written as an atomic: a taker that was
 * overtaken may read one that is being filled again, and then loses the race
 * for head and throws it away.
 * ck_ring's spmc does the same with plain cells, which is a data race in C11.
 */
#ifndef LEAT_SRC_RUN_QUEUE_H
#define LEAT_SRC_RUN_QUEUE_H

#include "base/atomic.h"
#include "env/env.h"

struct leat__queue {
	_Alignas(LEAT__CACHE_LINE) uint64_t tail; /* written by its worker */
	_Alignas(LEAT__CACHE_LINE) uint64_t head; /* written by takers */
	uint64_t mask;
	void **cells;
};

/* Room for n_max entries at least. false: no memory. */
static inline bool
leat__queue_init(
	struct leat__queue *q, const struct leat__env *env, uint32_t n_max)
{
	uint64_t n_cells = 2;

	while (n_cells < n_max)
		n_cells *= 2;
	q->head = q->tail = 0;
	q->mask = n_cells - 1;
	q->cells = env->alloc(env, n_cells * sizeof(*q->cells));
	return q->cells != NULL;
}

static inline void
leat__queue_fini(struct leat__queue *q, const struct leat__env *env)
{
	env->free(env, q->cells);
	q->cells = NULL;
}

/* Its worker only. */
static inline void
leat__queue_push(struct leat__queue *q, void *entry)
{
	uint64_t tail = leat__load_relaxed(&q->tail);

	LEAT_INVARIANT(tail - leat__load_relaxed(&q->head) <= q->mask);
	leat__store_relaxed(&q->cells[tail & q->mask], entry);
	/* release: pairs with the acquire of tail in leat__queue_pop */
	leat__store_release(&q->tail, tail + 1);
}

/* Any thread. NULL = empty. */
static inline void *
leat__queue_pop(struct leat__queue *q)
{
	/* acquire: pairs with the exchange below; tail is at least as new */
	uint64_t head = leat__load_acquire(&q->head);

	for (;;) {
		void *entry;

		/* acquire: pairs with the release in leat__queue_push */
		if (head >= leat__load_acquire(&q->tail))
			return NULL;
		entry = leat__load_relaxed(&q->cells[head & q->mask]);
		/* pairs with the acquire above */
		if (leat__cas_acq_rel(&q->head, &head, head + 1))
			return entry;
	}
}

#endif
