/*
 * exec/queue.h -- a worker's run queue: its worker puts in, anybody takes out.
 *
 * Keeps: what is taken is taken once, in the order it was put in. head and
 * tail only grow; whoever moves head from k to k + n owns cells k to k + n - 1.
 * Cells are read before that, so they are read and written as atomics: a taker
 * that was overtaken may read one that is being filled again, and then loses
 * the race for head and throws it away.
 * ck_ring's spmc does the same with plain cells, which is a data race in C11.
 */
#ifndef LEAT_SRC_EXEC_QUEUE_H
#define LEAT_SRC_EXEC_QUEUE_H

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

/* How many are in it: exact for its worker if nobody takes, else a guess. */
static inline uint64_t
leat__queue_len(const struct leat__queue *q)
{
	/* acquire: pairs with the release in leat__queue_push; head first, so
	 * that it is not ahead of tail */
	uint64_t head = leat__load_acquire(&q->head);

	return leat__load_acquire(&q->tail) - head;
}

/* Its worker only. false: full. */
static inline bool
leat__queue_push(struct leat__queue *q, void *entry)
{
	uint64_t tail = leat__load_relaxed(&q->tail);

	/* acquire: pairs with the exchange in leat__queue_take; the cell has
	 * been read before it is filled again */
	if (tail - leat__load_acquire(&q->head) > q->mask)
		return false;
	leat__store_relaxed(&q->cells[tail & q->mask], entry);
	/* release: pairs with the acquire of tail in leat__queue_take */
	leat__store_release(&q->tail, tail + 1);
	return true;
}

/*
 * Any thread: take the oldest half, rounded up, at most n_max. Returns how
 * many; 0 = empty.
 */
static inline uint32_t
leat__queue_take(struct leat__queue *q, void **entries, uint32_t n_max)
{
	/* acquire: pairs with the exchange below; tail is at least as new */
	uint64_t head = leat__load_acquire(&q->head);

	for (;;) {
		/* acquire: pairs with the release in leat__queue_push */
		uint64_t tail = leat__load_acquire(&q->tail);
		uint64_t n = head < tail ? (tail - head + 1) / 2 : 0;

		n = leat__min_u64(n, n_max);
		if (n == 0)
			return 0;
		for (uint64_t k = 0; k < n; k++)
			entries[k] = leat__load_relaxed(
				&q->cells[(head + k) & q->mask]);
		/* pairs with the acquire above */
		if (leat__cas_acq_rel(&q->head, &head, head + n))
			return (uint32_t)n;
	}
}

/* Any thread. NULL = empty. */
static inline void *
leat__queue_pop(struct leat__queue *q)
{
	void *entry;

	return leat__queue_take(q, &entry, 1) ? entry : NULL;
}

/* Its worker, where nobody else takes out. NULL = empty. */
static inline void *
leat__queue_pop_alone(struct leat__queue *q)
{
	uint64_t head = leat__load_relaxed(&q->head);
	void *entry;

	if (head == leat__load_relaxed(&q->tail))
		return NULL;
	entry = leat__load_relaxed(&q->cells[head & q->mask]);
	leat__store_relaxed(&q->head, head + 1);
	return entry;
}

#endif
