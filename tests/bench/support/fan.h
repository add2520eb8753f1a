/*
 * support/fan.h -- the work of the fan benchmark, the same for everybody: a
 * chain of multiplications that no compiler shortens, some 200 ns an item.
 *
 * An item is its number; what becomes of it has the number in its lower half
 * and what was worked out in the upper one. So whoever gets the items at the
 * end can see that all came, in order, and were worked on. Static inline only,
 * as rival.h.
 */
#ifndef LEAT_TESTS_BENCH_SUPPORT_FAN_H
#define LEAT_TESTS_BENCH_SUPPORT_FAN_H

#include "support/rival.h"

#define FAN_ITEMS   1024u /* in a frame, token or block */
#define FAN_WORKERS 2u

#define FAN_STEPS       176u /* of an item; about 200 ns */
#define FAN_STEPS_LOW   7u   /* of an uneven one: most of them, */
#define FAN_STEPS_HIGH  700u /* and one in four */
#define FAN_HIGH_ONE_IN 4u
#define FAN_SEED        0x5eedu
#define FAN_CHECK_EVERY 4096u

/* What is done to an item: how many steps, or how many by its number. */
typedef uint64_t (*fan_work)(uint64_t item);

static inline uint64_t
fan_spin(uint64_t item, uint32_t n_steps)
{
	uint64_t x = item;

	for (uint32_t k = 0; k < n_steps; k++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	return (x & 0xffffffff00000000u) | (uint32_t)item;
}

static inline uint64_t
fan_even(uint64_t item)
{
	return fan_spin(item, FAN_STEPS);
}

/* Of 1 or 100, by splitmix64 from a fixed seed. */
static inline uint32_t
fan_uneven_steps(uint64_t draw)
{
	uint64_t x = (draw + FAN_SEED) * 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (x ^ (x >> 31)) % FAN_HIGH_ONE_IN ? FAN_STEPS_LOW
						 : FAN_STEPS_HIGH;
}

static inline uint64_t
fan_uneven(uint64_t item)
{
	return fan_spin(item, fan_uneven_steps(item));
}

/* As uneven, but all items of a frame cost the same. */
static inline uint64_t
fan_lumpy(uint64_t item)
{
	return fan_spin(item, fan_uneven_steps(item / FAN_ITEMS));
}

/* ---- merge64: sorted inputs ----------------------------------------------- */

#define FAN_INS 64u
#define FAN_RUN 8u /* 2^8 items of an input in a row; 0 = fully interleaved */

/*
 * Item k of an input. Runs of all inputs make a round, in an order that is
 * drawn for each round; all items together are 0, 1, 2, ...
 */
static inline uint64_t
fan_sorted_item(uint32_t input, uint64_t k, uint32_t run)
{
	uint64_t round = k >> run;
	uint64_t x = (round + FAN_SEED) * 0x9e3779b97f4a7c15u;
	uint64_t place;

	x ^= x >> 29;
	place = (input * (x >> 20 | 1) + (x >> 7)) % FAN_INS;
	return ((round * FAN_INS + place) << run) + (k & ((1u << run) - 1));
}

/* The items of an input from k on. */
static inline void
fan_sorted_fill(
	uint64_t *items, uint32_t n, uint32_t input, uint64_t k, uint32_t run)
{
	const uint64_t *end = items + n;

	while (items < end) {
		uint64_t item = fan_sorted_item(input, k, run);
		uint64_t n_left = (1u << run) - (k & ((1u << run) - 1));

		k += n_left;
		for (; n_left > 0 && items < end; n_left--)
			*items++ = item++;
	}
}

/* What came k-th; every so many the work is done once more. */
static inline void
fan_demand_item(uint64_t item, uint64_t k, fan_work work)
{
	if ((uint32_t)item != (uint32_t)k ||
		(k % FAN_CHECK_EVERY == 0 && item != work(k)))
		rival_demand(false, "an item, or its place");
}

#endif
