/*
 * sim/heap.c -- memory of a run: one piece of address space, cut from the left.
 *
 * Keeps: nothing is used twice in a run, so a freed block stays poisoned to
 * the end, and a block at the same address is the same block in every process.
 * AddressSanitizer sees what is allocated; without it the poison is looked at
 * when the run ends. A free of what is free, or never was taken, ends the run.
 */
#define _GNU_SOURCE

#include <string.h>
#include <sys/mman.h>

#include "sim/internal.h"

#if SIM_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n)   ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

#define HEAP_AT          ((void *)(uintptr_t)0x210000000000)
#define HEAP_BYTES       ((size_t)4 << 30)
#define HEAP_LIVE        0x5ca1ab1e0ddba115u
#define HEAP_FREED       0xdeadbea7dead5107u
#define HEAP_POISON      0xa5
#define HEAP_POISON_WORD 0xa5a5a5a5a5a5a5a5u
#define HEAP_POISON_MAX  512u /* looked at, of each block */

/* In front of each block. */
struct heap_block {
	uint64_t state;
	size_t n_bytes;
	const void *site;
	uint64_t serial;
	struct heap_block *before;
};

_Static_assert(sizeof(struct heap_block) <= LEAT__CACHE_LINE, "in its line");

static struct {
	unsigned char *memory;
	size_t n_used;
	struct heap_block *last;
	uint64_t n_allocs;
	uint64_t n_live;
	uintptr_t site;
} heap;

static struct heap_block *
heap_block_of(const void *memory)
{
	return (struct heap_block *)(uintptr_t)((const unsigned char *)memory -
		LEAT__CACHE_LINE);
}

static unsigned char *
heap_memory_of(struct heap_block *block)
{
	return (unsigned char *)block + LEAT__CACHE_LINE;
}

void
sim_heap_reset(void)
{
	if (!heap.memory) {
		heap.memory = mmap(HEAP_AT, HEAP_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		LEAT_INVARIANT(heap.memory != MAP_FAILED);
		heap.n_used = HEAP_BYTES;
	}
	ASAN_POISON_MEMORY_REGION(heap.memory, heap.n_used);
	heap.n_used = 0;
	heap.last = NULL;
	heap.n_allocs = heap.n_live = 0;
}

uint64_t
sim_heap_n_allocs(void)
{
	return heap.n_allocs;
}

uintptr_t
sim_alloc_site(void)
{
	return heap.site;
}

/* A site as a number that is the same in every process. */
static uintptr_t
heap_site(const void *site)
{
	extern const char __ehdr_start[];

	return (uintptr_t)site - (uintptr_t)__ehdr_start;
}

static bool
heap_fails(const void *site)
{
	const struct sim_opts *o = &sim.opts;

	heap.n_allocs++;
	heap.site = heap_site(site);
	if (o->alloc_fails_at &&
		(heap.n_allocs == o->alloc_fails_at ||
			(o->alloc_fails_on &&
				heap.n_allocs > o->alloc_fails_at)))
		return true;
	if (o->alloc_fails_site && o->alloc_fails_site == heap.site)
		return true;
	return o->alloc_fails_one_in && sim_draw(o->alloc_fails_one_in) == 0;
}

/* The blocks' heads are hidden from the code under test, not from here. */
SIM_NO_ASAN void *
sim_heap_alloc(size_t n_bytes, size_t align, const void *site)
{
	size_t start = leat__round_up(heap.n_used + LEAT__CACHE_LINE, align);
	size_t end = leat__round_up(start + n_bytes + 16, LEAT__CACHE_LINE);
	struct heap_block *block;

	if (heap_fails(site) || end < n_bytes || end > HEAP_BYTES)
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION(heap.memory + start, n_bytes);
	block = heap_block_of(heap.memory + start);
	block->state = HEAP_LIVE;
	block->n_bytes = n_bytes;
	block->site = site;
	block->serial = heap.n_allocs;
	block->before = heap.last;
	heap.last = block;
	heap.n_used = end;
	heap.n_live++;
	return heap.memory + start;
}

static bool
heap_holds(const void *memory)
{
	uintptr_t at = (uintptr_t)memory - (uintptr_t)heap.memory;

	return at >= LEAT__CACHE_LINE && at <= heap.n_used &&
		at % LEAT__CACHE_LINE == 0;
}

static size_t
heap_n_poisoned(size_t n_bytes)
{
	return leat__min_u64(n_bytes, HEAP_POISON_MAX);
}

SIM_NO_ASAN void
sim_heap_free(void *memory)
{
	struct heap_block *block = heap_block_of(memory);

	if (!heap_holds(memory) ||
		(block->state != HEAP_LIVE && block->state != HEAP_FREED))
		sim_stop(SIM_BAD_FREE, "%p was never allocated", memory);
	if (block->state == HEAP_FREED)
		sim_stop(SIM_BAD_FREE,
			"freed twice: %p, allocation %llu, %zu bytes", memory,
			(unsigned long long)block->serial, block->n_bytes);
	block->state = HEAP_FREED;
	heap.n_live--;
	memset(memory, HEAP_POISON, heap_n_poisoned(block->n_bytes));
	ASAN_POISON_MEMORY_REGION(memory, block->n_bytes);
}

/* By words, the rest by bytes: of every run all blocks are looked at. */
static SIM_NO_ASAN bool
block_is_poisoned(struct heap_block *block)
{
	const unsigned char *memory = heap_memory_of(block);
	const volatile uint64_t *words = (const void *)memory;
	const volatile unsigned char *bytes = memory;
	size_t n = heap_n_poisoned(block->n_bytes);
	size_t k = 0;

	while (k < n / sizeof(*words) && words[k] == HEAP_POISON_WORD)
		k++;
	k *= sizeof(*words);
	while (k < n && bytes[k] == HEAP_POISON)
		k++;
	return k == n;
}

SIM_NO_ASAN void
sim_heap_check(void)
{
	struct heap_block *block;

	for (block = heap.last; block; block = block->before)
		if (block->state == HEAP_LIVE)
			sim_stop(SIM_LEAK,
				"%llu blocks are left; the newest: allocation "
				"%llu, %zu bytes, at site %#zx",
				(unsigned long long)heap.n_live,
				(unsigned long long)block->serial,
				block->n_bytes, (size_t)heap_site(block->site));
		else if (!block_is_poisoned(block))
			sim_stop(SIM_BAD_FREE,
				"written after it was freed: allocation %llu, "
				"%zu bytes, at site %#zx",
				(unsigned long long)block->serial,
				block->n_bytes, (size_t)heap_site(block->site));
}
