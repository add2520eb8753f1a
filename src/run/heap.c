/*
 * run/heap.c -- which of K inputs an ordered merge takes from next.
 *
 * A binary heap of the inputs, never of items, so its memory is O(K). Keys lie
 * in the heap itself. Measured and not faster: a sorted row of a few inputs, a
 * tree of losers, four children, comparing the 128 bits without a branch.
 *
 * Keeps: no entry is less than its parent; places[entries[p].input] = p; two
 * ended inputs that nobody has follow the last, so that children and the next
 * in line can be looked at without asking whether they exist.
 * Threads: one at a time.
 */
#include "run/heap.h"

#define HEAP_EXTRA 2 /* ended inputs behind the last */

/* Equal keys go by what the keys stand for, if somebody knows, and by the
 * number of the input. */
static bool
heap_tie(const struct leat__heap *heap, uint32_t a, uint32_t b)
{
	return heap->is_first && a < heap->n_inputs && b < heap->n_inputs
		? heap->is_first(heap->user, a, b)
		: a < b;
}

static inline bool
heap_less(const struct leat__heap *heap, const struct leat__heap_input *a,
	const struct leat__heap_input *b)
{
	if (leat__likely(a->stamp != b->stamp))
		return a->stamp < b->stamp;
	if (a->sub != b->sub)
		return a->sub < b->sub;
	return heap_tie(heap, a->input, b->input);
}

size_t
leat__heap_bytes(uint32_t n_inputs)
{
	return ((size_t)n_inputs + HEAP_EXTRA) *
		sizeof(struct leat__heap_input) +
		(size_t)n_inputs * sizeof(uint32_t);
}

void
leat__heap_place(struct leat__heap *heap, void *memory, uint32_t n_inputs)
{
	size_t n_entries = (size_t)n_inputs + HEAP_EXTRA;

	*heap = (struct leat__heap){.n_inputs = n_inputs, .entries = memory};
	heap->places = (uint32_t *)(void *)(heap->entries + n_entries);
	for (uint32_t k = 0; k < n_inputs; k++) {
		heap->entries[k] = (struct leat__heap_input){.input = k};
		heap->places[k] = k;
	}
	for (size_t k = n_inputs; k < n_entries; k++)
		heap->entries[k] =
			(struct leat__heap_input){.stamp = UINT64_MAX,
				.sub = UINT64_MAX,
				.input = UINT32_MAX};
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
	if (heap->entries && heap->env)
		heap->env->free(heap->env, heap->entries);
	heap->entries = NULL;
}

/* Field by field, as they are read: see struct leat__heap_input. */
static inline void
heap_put(struct leat__heap *heap, uint32_t place, struct leat__heap_input entry)
{
	struct leat__heap_input *to = &heap->entries[place];

	to->stamp = entry.stamp;
	to->sub = entry.sub;
	to->input = entry.input;
	to->is_present = entry.is_present;
	heap->places[entry.input] = place;
}

static inline void
heap_up(struct leat__heap *heap, uint32_t place, struct leat__heap_input entry)
{
	while (place > 0) {
		uint32_t parent = (place - 1) / 2;

		if (!heap_less(heap, &entry, &heap->entries[parent]))
			break;
		heap_put(heap, place, heap->entries[parent]);
		place = parent;
	}
	heap_put(heap, place, entry);
}

static inline void
heap_down(
	struct leat__heap *heap, uint32_t place, struct leat__heap_input entry)
{
	const struct leat__heap_input *entries = heap->entries;
	uint32_t n_inputs = heap->n_inputs;

	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= n_inputs)
			break;
		child += heap_less(heap, &entries[child + 1], &entries[child]);
		if (!heap_less(heap, &entries[child], &entry))
			break;
		heap_put(heap, place, entries[child]);
		place = child;
	}
	heap_put(heap, place, entry);
}

void
leat__heap_update(struct leat__heap *heap, uint32_t input,
	struct leat__heap_key key, bool is_present)
{
	struct leat__heap_input entry = {.stamp = key.stamp,
		.sub = key.sub,
		.input = input,
		.is_present = is_present};
	uint32_t place;

	LEAT_ASSERT(input < heap->n_inputs);
	LEAT_ASSERT(!is_present || !leat__heap_key_is_end(key));
	place = heap->places[input];
	if (heap_less(heap, &entry, &heap->entries[place]))
		heap_up(heap, place, entry);
	else
		heap_down(heap, place, entry);
}

struct leat__heap_key
leat__heap_limit(const struct leat__heap *heap)
{
	const struct leat__heap_input *top = heap->entries, *next = top + 1;
	struct leat__heap_key limit;

	next += heap_less(heap, next + 1, next);
	limit = leat__heap_input_key(next);
	if (!heap->is_first && top->input < next->input &&
		!leat__heap_key_is_end(limit)) {
		limit.sub++;
		limit.stamp += limit.sub == 0;
	}
	return limit;
}
