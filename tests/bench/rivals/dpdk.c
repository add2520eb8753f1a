/*
 * rivals/dpdk.c -- DPDK's rte_ring on memory of our own, without its
 * environment: one sender, one receiver, bursts of 256, both spinning.
 */
#include <sched.h>

#include <rte_ring.h>

#include "support/rival.h"

#define RING_BYTES (64u << 10)

struct hop {
	struct rte_ring *ring;
	uint64_t n;
};

/* Busy, but let the other side run where there is one core. */
static void
hop_wait(uint32_t *n_tries)
{
	if (++*n_tries % 4096 == 0)
		sched_yield();
	rte_pause();
}

static void *
hop_sender(void *arg)
{
	struct hop *hop = arg;
	void *items[RIVAL_BURST];
	uint32_t n_tries = 0;

	for (uint64_t k = 0; k < hop->n; k += RIVAL_BURST) {
		for (uint64_t i = 0; i < RIVAL_BURST; i++)
			items[i] = (void *)(uintptr_t)(k + i);
		while (!rte_ring_sp_enqueue_bulk(
			hop->ring, items, RIVAL_BURST, NULL))
			hop_wait(&n_tries);
	}
	return NULL;
}

static void
hop256(uint64_t n, struct rival_result *result)
{
	static _Alignas(4096) char memory[RING_BYTES];
	struct hop hop = {
		(struct rte_ring *)(void *)memory, n - n % RIVAL_BURST};
	void *items[RIVAL_BURST];
	uint64_t sum = 0, n_got = 0;
	uint32_t n_tries = 0;
	pthread_t thread;
	int64_t begin;

	rival_demand(rte_ring_get_memsize(RIVAL_CAPACITY) <= RING_BYTES &&
			rte_ring_init(hop.ring, "hop", RIVAL_CAPACITY,
				RING_F_SP_ENQ | RING_F_SC_DEQ) == 0,
		"rte_ring_init");
	begin = rival_now_ns();
	thread = rival_thread(hop_sender, &hop);
	while (n_got < hop.n) {
		uint32_t n_now = rte_ring_sc_dequeue_burst(
			hop.ring, items, RIVAL_BURST, NULL);

		for (uint32_t k = 0; k < n_now; k++)
			sum += (uintptr_t)items[k];
		n_got += n_now;
		if (n_now == 0)
			hop_wait(&n_tries);
	}
	pthread_join(thread, NULL);
	rival_add(
		result, "ns", (double)(rival_now_ns() - begin) / (double)hop.n);
	rival_demand_sum(sum, hop.n);
}

static const struct rival_case cases[] = {
	{"hop256", 100000000, false, hop256},
	{NULL, 0, false, NULL},
};

int
main(int argc, char **argv)
{
	return rival_main("dpdk", cases, argc, argv);
}
