/*
 * support/stress.h -- seed and length of a stress test.
 *
 * LEAT_SEED replays a run; LEAT_STRESS multiplies its length (1 by default).
 */
#ifndef LEAT_TESTS_SUPPORT_STRESS_H
#define LEAT_TESTS_SUPPORT_STRESS_H

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "env/env.h"

/* As ck_assert, for hot loops and any thread: notes nothing while it holds. */
#define must(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			ck_abort_msg("%s, line %d", #cond, __LINE__);          \
	} while (0)

/* The seed of this run, printed. */
static inline uint64_t
stress_seed(const char *name)
{
	const char *given = getenv("LEAT_SEED");
	uint64_t seed = given
		? strtoull(given, NULL, 10)
		: leat__env_posix()->random(leat__env_posix()) >> 32;

	printf("%s: LEAT_SEED=%llu\n", name, (unsigned long long)seed);
	return seed;
}

static inline uint32_t
stress_rounds(uint32_t usual)
{
	const char *given = getenv("LEAT_STRESS");
	unsigned long times = given ? strtoul(given, NULL, 10) : 1;

	return usual * (uint32_t)(times ? times : 1);
}

/* splitmix64: any state will do. */
static inline uint32_t
stress_below(uint64_t *state, uint32_t n)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((x ^ (x >> 31)) >> 32) % n;
}

#endif
