/*
 * support/rival.h -- what the C and C++ contestants of the core benchmark
 * share: the clock, percentiles, threads, and the one line that each prints.
 *
 *	PROGRAM CASE [PERCENT]    one case, with PERCENT of the usual items
 *	PROGRAM all [PERCENT]     all of its cases
 *	PROGRAM                   their names
 *
 * A case is a function of the number of items; it is run once with a tenth of
 * them to warm up, then measured. It checks what arrived and ends the process
 * when that is wrong, so that a fast wrong answer is no answer. Static inline
 * only: rivals are built without the library.
 */
#ifndef LEAT_TESTS_BENCH_SUPPORT_RIVAL_H
#define LEAT_TESTS_BENCH_SUPPORT_RIVAL_H

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RIVAL_CAPACITY    1024u
#define RIVAL_BURST       256u
#define RIVAL_SPIN_NS     2000
#define RIVAL_VALUES_MAX  8
#define RIVAL_CHAIN_ITEMS 1024u /* in a token or block of chain6 */
#define RIVAL_CHAIN_FRAME 8192u /* in a frame of 64 KiB */

/* The value is used, and memory may have changed: nothing is optimised away. */
#define rival_keep(x) __asm__ volatile("" : : "r"(x) : "memory")

/* What one case found: named values, the first of them "ns" per item. */
struct rival_result {
	uint64_t n;
	uint32_t n_values;
	const char *names[RIVAL_VALUES_MAX];
	double values[RIVAL_VALUES_MAX];
};

struct rival_case {
	const char *name;
	uint64_t n;   /* items at 100 percent */
	bool is_cold; /* measured without a warm-up */
	void (*run)(uint64_t n, struct rival_result *result);
};

static inline int64_t
rival_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void
rival_demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "wrong: %s\n", what);
	exit(1);
}

static inline void
rival_add(struct rival_result *result, const char *name, double value)
{
	rival_demand(result->n_values < RIVAL_VALUES_MAX, "too many values");
	result->names[result->n_values] = name;
	result->values[result->n_values++] = value;
}

/* The sum 0 + 1 + ... + n-1, which is what the last receiver must have. */
static inline void
rival_demand_sum(uint64_t sum, uint64_t n)
{
	rival_demand(sum == n * (n - 1) / 2, "the sum of what arrived");
}

/* ---- round trips ------------------------------------------------------------- */

static inline int
rival_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static inline int64_t *
rival_times(uint64_t n)
{
	int64_t *times = (int64_t *)malloc((n + 1) * sizeof(*times));

	rival_demand(times != NULL, "memory for the times");
	memset(times, 0, (n + 1) * sizeof(*times));
	return times;
}

/*
 * times[k] to times[k + 1] was the k-th round trip: one look at the clock
 * each. Frees times.
 */
static inline void
rival_add_times(struct rival_result *result, int64_t *times, uint64_t n)
{
	rival_add(result, "ns", (double)(times[n] - times[0]) / (double)n);
	for (uint64_t k = 0; k < n; k++)
		times[k] = times[k + 1] - times[k];
	qsort(times, n, sizeof(*times), rival_compare);
	rival_add(result, "p50", (double)times[n / 2]);
	rival_add(result, "p99", (double)times[n - 1 - n / 100]);
	free(times);
}

/* ---- threads ----------------------------------------------------------------- */

static inline pthread_t
rival_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	rival_demand(pthread_create(&thread, NULL, fn, arg) == 0, "a thread");
	return thread;
}

/* ---- chain6: the work of its six stages -------------------------------------- */

#define RIVAL_LINE_0(x) ((x) + 1)
#define RIVAL_LINE_1(x) ((x) ^ 0x5555)
#define RIVAL_LINE_2(x) ((x) << 1)
#define RIVAL_LINE_3(x) ((x)-3)
#define RIVAL_LINE_4(x) ((x) | 16)
#define RIVAL_LINE_5(x) ((x) >> 1)

/* What item k is after all six. */
static inline uint64_t
rival_chain_item(uint64_t k)
{
	uint64_t x = RIVAL_LINE_2(RIVAL_LINE_1(RIVAL_LINE_0(k)));

	return RIVAL_LINE_5(RIVAL_LINE_4(RIVAL_LINE_3(x)));
}

static inline void
rival_demand_chain(uint64_t sum, uint64_t n)
{
	for (uint64_t k = 0; k < n; k++)
		sum -= rival_chain_item(k);
	rival_demand(sum == 0, "the sum at the end of the chain");
}

/* ---- the program ------------------------------------------------------------- */

static inline void
rival_print(const char *rival, const char *name, const struct rival_result *r)
{
	printf("{\"rival\": \"%s\", \"case\": \"%s\", \"n\": %" PRIu64, rival,
		name, r->n);
	for (uint32_t k = 0; k < r->n_values; k++)
		printf(", \"%s\": %.6g", r->names[k], r->values[k]);
	printf("}\n");
	fflush(stdout);
}

static inline void
rival_run(const char *rival, const struct rival_case *c, uint64_t percent)
{
	struct rival_result warm, result;

	memset(&warm, 0, sizeof(warm));
	memset(&result, 0, sizeof(result));
	result.n = c->n * percent / 100;
	if (!c->is_cold)
		c->run(result.n / 10, &warm);
	c->run(result.n, &result);
	rival_print(rival, c->name, &result);
}

static inline int
rival_list(const char *program, const struct rival_case *cases)
{
	printf("usage: %s CASE|all [PERCENT]\n", program);
	for (; cases->name; cases++)
		printf("  %s\n", cases->name);
	return 0;
}

/* cases ends with a NULL name. */
static inline int
rival_main(const char *rival, const struct rival_case *cases, int argc,
	char **argv)
{
	uint64_t percent = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
	bool was_found = false;

	if (argc < 2)
		return rival_list(argv[0], cases);
	for (; cases->name && percent > 0; cases++) {
		if (strcmp(argv[1], cases->name) != 0 &&
			strcmp(argv[1], "all") != 0)
			continue;
		was_found = true;
		rival_run(rival, cases, percent);
	}
	if (was_found)
		return 0;
	fprintf(stderr, "%s: no such case, or no items\n", argv[0]);
	return 2;
}

#endif
