/*
 * exec/heap.h -- which of K inputs an ordered merge takes from next.
 *
 * An input is present (its next item is at hand and has the input's key) or a
 * bound (nothing is at hand, and what may come will not be below the key). The
 * heap tells the least input; if that is present, its items may go as long as
 * they are below the limit, and then the heap is told what is next there.
 * Equal keys go by the number of the input, so that what comes out is the same
 * on every run. Threads: one at a time.
 */
#ifndef LEAT_SRC_EXEC_HEAP_H
#define LEAT_SRC_EXEC_HEAP_H

#include "env/env.h"

/* A stamp, and the digits below it: compared as one number of 128 bits. */
struct leat__heap_key {
	uint64_t stamp;
	uint64_t sub;
};

/* The bound of an input that has ended; no item has this key. */
#define LEAT__HEAP_KEY_END ((struct leat__heap_key){UINT64_MAX, UINT64_MAX})

static inline bool
leat__heap_key_less(struct leat__heap_key a, struct leat__heap_key b)
{
	return a.stamp != b.stamp ? a.stamp < b.stamp : a.sub < b.sub;
}

static inline bool
leat__heap_key_is_end(struct leat__heap_key key)
{
	return (key.stamp & key.sub) == UINT64_MAX;
}

/* What is known of an input. */
struct leat__heap_input {
	struct leat__heap_key key;
	uint32_t input;
	bool is_present;
};

struct leat__heap {
	const struct leat__env *env; /* of init; NULL = placed */
	/* private; the least is the first: */
	uint64_t *stamps;
	uint32_t *inputs; /* twice their number, and 1 for those present */
	uint64_t *subs;   /* by input */
	uint32_t n_inputs;
	/* Of two inputs with equal keys, is a the first? A strict order; may
	 * be set before the first update. NULL = the lesser number. */
	bool (*is_first)(void *user, uint32_t a, uint32_t b);
	void *user;
};

/*
 * Every input begins as a bound of zero: nothing is known of it. Memory: 20
 * bytes an input. LEAT_OK, LEAT_EINVAL (no inputs), LEAT_ENOMEM.
 */
LEAT_MUST_CHECK int leat__heap_init(struct leat__heap *heap,
	const struct leat__env *env, uint32_t n_inputs);

/* The same in memory of the caller's: so many bytes, aligned to 16. */
size_t leat__heap_bytes(uint32_t n_inputs);
void leat__heap_place(struct leat__heap *heap, void *memory, uint32_t n_inputs);

/* Also of zeroed memory, and of a heap that init has refused. */
void leat__heap_fini(struct leat__heap *heap);

/*
 * What is known of an input now. Keys may go down too: an input that has ended
 * may begin anew. Cost: O(log K) of the top, O(1) while it stays the top, O(K)
 * of another; no memory.
 */
void leat__heap_update(struct leat__heap *heap, uint32_t input,
	struct leat__heap_key key, bool is_present);

/*
 * The least input. Its item may go only if it is present; else the merge waits
 * for it, or all have ended if its key says so.
 */
static inline struct leat__heap_input
leat__heap_top(const struct leat__heap *heap)
{
	uint32_t input = heap->inputs[0] / 2;

	return (struct leat__heap_input){.key.stamp = heap->stamps[0],
		.key.sub = heap->subs[input],
		.input = input,
		.is_present = heap->inputs[0] & 1u};
}

/*
 * Items of the top below this may go while nothing else is known of the
 * others: the least of their keys, or just above it where the top goes first
 * at equal keys by its number. LEAT__HEAP_KEY_END if all others have ended.
 * Without is_first always above the key of the top, unless that has ended too.
 * Cost: O(1).
 */
struct leat__heap_key leat__heap_limit(const struct leat__heap *heap);

#endif
