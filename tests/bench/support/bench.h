/*
 * support/bench.h -- what the C benchmarks share: timing, rounds, medians, the
 * table and --json. bench.py is the same for scripts; both print the same
 * lines.
 *
 * A benchmark is a list of cases; a case is a list of subjects that do the
 * same work. After one unmeasured round the subjects take turns, so that
 * whatever disturbs the machine disturbs all of them. "leat" is ours; the
 * ratio of a line is ours to that line's subject.
 */
#ifndef LEAT_TESTS_BENCH_SUPPORT_BENCH_H
#define LEAT_TESTS_BENCH_SUPPORT_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_RUNS_MAX  100
#define BENCH_LINES_MAX 64

#define BENCH_NOINLINE __attribute__((noinline))

/* The value is used, and memory may have changed: nothing is optimised away. */
#define bench_keep(x) __asm__ volatile("" : : "r"(x) : "memory")

/* One subject of a case: run returns one value, in the case's unit. */
struct bench_subject {
	const char *name;
	double (*run)(void *arg);
	void *arg;
};

struct bench_line {
	const char *name; /* of the case */
	const char *subject;
	const char *unit;
	uint32_t n;
	double values[BENCH_RUNS_MAX];
};

struct bench {
	const char *name;
	uint32_t n_runs;
	bool is_json;
	uint32_t n_lines;
	struct bench_line lines[BENCH_LINES_MAX];
};

/* Read -n RUNS and --json; on a mistake say so and end the process with 2. */
void bench_init(struct bench *bench, const char *name, int argc, char **argv);

/* Run a case: one round to warm up, then n_runs rounds. */
void bench_case(struct bench *bench, const char *name, const char *unit,
	const struct bench_subject *subjects, uint32_t n_subjects);

/* Print everything. */
void bench_print(struct bench *bench);

/* A code that must be LEAT_OK (or a count): else print it and exit with 1. */
void bench_check(int code, const char *what);

double bench_now_ns(void);
/* Time of processors, of all threads together: who waits for one is not
 * measured. */
double bench_cpu_ns(void);

#endif
