/*
 * sim/store.c -- store buffers as x86 has them (TSO), by exchanging memory.
 *
 * Keeps: while a thread runs, memory holds its own pending stores, so that its
 * plain and its atomic loads see them as the hardware's forwarding would; when
 * it goes, they are taken back from the newest to the oldest, and laid on
 * again when it comes. Becoming visible takes no work for the thread that
 * runs: the oldest entry is forgotten.
 * A plain store over a pending one is seen at once, in its place: only memory
 * that no one else reads yet is written so.
 * Source: Owens, Sarkar and Sewell, A Better x86 Memory Model, 2009.
 */
#include "sim/internal.h"

static SIM_NO_ASAN uint64_t
memory_read(const unsigned char *at, uint32_t n_bytes)
{
	switch (n_bytes) {
	case 0: /* of a store that was written over */
		return 0;
	case 1:
		return *(const volatile uint8_t *)at;
	case 2:
		return *(const volatile uint16_t *)(const void *)at;
	case 4:
		return *(const volatile uint32_t *)(const void *)at;
	default:
		return *(const volatile uint64_t *)(const void *)at;
	}
}

static SIM_NO_ASAN void
memory_write(unsigned char *at, uint32_t n_bytes, uint64_t value)
{
	switch (n_bytes) {
	case 0:
		break;
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)(void *)at = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)(void *)at = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)(void *)at = value;
		break;
	}
}

static struct sim_store *
store_at(struct sim_thread *thread, uint32_t at)
{
	return &thread->stores[at & (SIM_STORES_MAX - 1)];
}

void
sim_put(volatile void *memory, uint64_t value, uint32_t n_bytes)
{
	struct sim_thread *thread = sim.current;
	unsigned char *at = (unsigned char *)(uintptr_t)memory;

	if (sim_n_stores(thread) == SIM_STORES_MAX)
		thread->store_head++;
	*store_at(thread, thread->store_tail++) = (struct sim_store){
		.at = at,
		.value = value,
		.before = memory_read(at, n_bytes),
		.n_bytes = n_bytes,
	};
	memory_write(at, n_bytes, value);
}

void
sim_drain(void)
{
	sim.current->store_head = sim.current->store_tail;
}

void
sim_stores_hide(struct sim_thread *thread)
{
	for (uint32_t k = thread->store_tail; k != thread->store_head; k--) {
		struct sim_store *s = store_at(thread, k - 1);

		if (memory_read(s->at, s->n_bytes) == s->value)
			memory_write(s->at, s->n_bytes, s->before);
		else
			s->n_bytes = 0;
	}
}

void
sim_stores_show(struct sim_thread *thread)
{
	for (uint32_t k = thread->store_head; k != thread->store_tail; k++) {
		struct sim_store *s = store_at(thread, k);

		s->before = memory_read(s->at, s->n_bytes);
		memory_write(s->at, s->n_bytes, s->value);
	}
}

/* Of a thread that does not run; nor may another's stores be shown. */
static void
store_drain_hidden(struct sim_thread *thread)
{
	struct sim_store *s = store_at(thread, thread->store_head++);

	memory_write(s->at, s->n_bytes, s->value);
}

void
sim_stores_drain_one(struct sim_thread *thread)
{
	if (!sim_n_stores(thread))
		return;
	if (thread == sim.current) {
		thread->store_head++;
		return;
	}
	sim_stores_hide(sim.current);
	store_drain_hidden(thread);
	sim_stores_show(sim.current);
}

void
sim_stores_drain_all(struct sim_thread *thread)
{
	while (sim_n_stores(thread))
		sim_stores_drain_one(thread);
}
