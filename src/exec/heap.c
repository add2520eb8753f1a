/*
 * exec/heap.c -- which of K inputs an ordered merge takes from next.
 *
 * A binary heap of the inputs, never of items, so its memory is O(K). It is the
 * top that changes, nearly always; where the others are nobody writes down.
 * Measured and not faster: a sorted row of a few inputs, a tree of losers, four
 * children, comparing the 128 bits without a branch.
 *
 * Keeps: no entry is less than its parent; two ended inputs that nobody has
 * follow the last, so that children and the next in line can be looked at
 * without asking whether they exist.
 * Threads: one at a time.
 */
#include "exec/heap.h"

#define HEAP_EXTRA 2 /* ended inputs behind the last; they share a number */

/* Equal stamps go by what is below them, equal keys by what they stand for, if
 * somebody knows, and by the number of the input. */
static __attribute__((noinline)) bool
heap_tie(const struct leat__heap *heap, uint32_t a, uint32_t b)
{
	if (heap->subs[a] != heap->subs[b])
		return heap->subs[a] < heap->subs[b];
	return heap->is_first && a < heap->n_inputs && b < heap->n_inputs
		? heap->is_first(heap->user, a, b)
		: a < b;
}

static inline bool
heap_less(const struct leat__heap *heap, uint64_t a, uint32_t a_input,
	uint64_t b, uint32_t b_input)
{
	return leat__likely(a != b) ? a < b
				    : heap_tie(heap, a_input / 2, b_input / 2);
}

/* Of two places. */
static inline bool
heap_is_before(const struct leat__heap *heap, uint32_t x, uint32_t y)
{
	return heap_less(heap, heap->stamps[x], heap->inputs[x],
		heap->stamps[y], heap->inputs[y]);
}

size_t
leat__heap_bytes(uint32_t n_inputs)
{
	size_t n_entries = (size_t)n_inputs + HEAP_EXTRA;

	return (n_entries + n_inputs + 1) * sizeof(uint64_t) +
		n_entries * sizeof(uint32_t);
}

void
leat__heap_place(struct leat__heap *heap, void *memory, uint32_t n_inputs)
{
	uint32_t n_entries = n_inputs + HEAP_EXTRA;
	uint64_t *stamps = memory;

	*heap = (struct leat__heap){.n_inputs = n_inputs,
		.stamps = stamps,
		.subs = stamps + n_entries};
	heap->inputs = (uint32_t *)(void *)(heap->subs + n_inputs + 1);
	for (uint32_t k = 0; k < n_entries; k++) {
		bool is_extra = k >= n_inputs;

		heap->stamps[k] = is_extra ? UINT64_MAX : 0;
		heap->inputs[k] = 2 * (is_extra ? n_inputs : k);
	}
	for (uint32_t k = 0; k <= n_inputs; k++)
		heap->subs[k] = k < n_inputs ? 0 : UINT64_MAX;
}

int
leat__heap_init(
	struct leat__heap *heap, const struct leat__env *env, uint32_t n_inputs)
{
	void *memory;

	*heap = (struct leat__heap){.env = env};
	if (n_inputs == 0)
		return LEAT_EINVAL;
	memory = env->alloc(env, leat__heap_bytes(n_inputs));
	if (!memory)
		return LEAT_ENOMEM;
	leat__heap_place(heap, memory, n_inputs);
	heap->env = env;
	return LEAT_OK;
}

void
leat__heap_fini(struct leat__heap *heap)
{
	if (heap->stamps && heap->env)
		heap->env->free(heap->env, heap->stamps);
	heap->stamps = NULL;
}

static inline void
heap_move(struct leat__heap *heap, uint32_t from, uint32_t to)
{
	heap->stamps[to] = heap->stamps[from];
	heap->inputs[to] = heap->inputs[from];
}

/* The place of a new entry, from one that is free upwards. */
static inline uint32_t
heap_up(struct leat__heap *heap, uint32_t place, uint64_t stamp, uint32_t input)
{
	while (place > 0) {
		uint32_t parent = (place - 1) / 2;

		if (!heap_less(heap, stamp, input, heap->stamps[parent],
			    heap->inputs[parent]))
			break;
		heap_move(heap, parent, place);
		place = parent;
	}
	return place;
}

/* The same downwards. */
static inline uint32_t
heap_down(
	struct leat__heap *heap, uint32_t place, uint64_t stamp, uint32_t input)
{
	uint32_t n_inputs = heap->n_inputs;

	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= n_inputs)
			break;
		child += heap_is_before(heap, child + 1, child);
		if (!heap_less(heap, heap->stamps[child], heap->inputs[child],
			    stamp, input))
			break;
		heap_move(heap, child, place);
		place = child;
	}
	return place;
}

static inline uint32_t
heap_find(const struct leat__heap *heap, uint32_t input)
{
	uint32_t place = 0;

	while (heap->inputs[place] / 2 != input)
		place++;
	return place;
}

void
leat__heap_update(struct leat__heap *heap, uint32_t input,
	struct leat__heap_key key, bool is_present)
{
	uint32_t entry = 2 * input + is_present, place, at;

	LEAT_ASSERT(input < heap->n_inputs);
	LEAT_ASSERT(!is_present || !leat__heap_key_is_end(key));
	place = heap_find(heap, input);
	heap->subs[input] = key.sub;
	at = heap_up(heap, place, key.stamp, entry);
	if (at == place)
		at = heap_down(heap, place, key.stamp, entry);
	heap->stamps[at] = key.stamp;
	heap->inputs[at] = entry;
}

struct leat__heap_key
leat__heap_limit(const struct leat__heap *heap)
{
	uint32_t next = 1 + heap_is_before(heap, 2, 1);
	uint32_t input = heap->inputs[next] / 2;
	struct leat__heap_key limit = {heap->stamps[next], heap->subs[input]};

	if (!heap->is_first && heap->inputs[0] / 2 < input &&
		!leat__heap_key_is_end(limit)) {
		limit.sub++;
		limit.stamp += limit.sub == 0;
	}
	return limit;
}
