/*
 * support/bench.c -- rounds, medians, table and --json of the C benchmarks.
 */
#include "support/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <leat/base.h>

double
bench_now_ns(void)
{
	return (double)leat_now_ns();
}

double
bench_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

void
bench_check(int code, const char *what)
{
	if (code >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, leat_err_name(code));
	exit(1);
}

static _Noreturn void
bench_usage(const char *name)
{
	fprintf(stderr, "usage: %s [-n RUNS] [--json]   (RUNS 1 to %d)\n", name,
		BENCH_RUNS_MAX);
	exit(2);
}

void
bench_init(struct bench *bench, const char *name, int argc, char **argv)
{
	memset(bench, 0, sizeof(*bench));
	bench->name = name;
	bench->n_runs = 5;
	for (int k = 1; k < argc; k++) {
		if (strcmp(argv[k], "--json") == 0)
			bench->is_json = true;
		else if (strcmp(argv[k], "-n") == 0 && k + 1 < argc)
			bench->n_runs = (uint32_t)strtoul(argv[++k], NULL, 10);
		else
			bench_usage(name);
	}
	if (bench->n_runs < 1 || bench->n_runs > BENCH_RUNS_MAX)
		bench_usage(name);
}

/* ---- measuring --------------------------------------------------------------- */

static int
bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void
bench_case(struct bench *bench, const char *name, const char *unit,
	const struct bench_subject *subjects, uint32_t n_subjects)
{
	struct bench_line *lines = &bench->lines[bench->n_lines];

	if (bench->n_lines + n_subjects > BENCH_LINES_MAX)
		abort();
	bench->n_lines += n_subjects;
	for (uint32_t k = 0; k < n_subjects; k++) {
		lines[k].name = name;
		lines[k].subject = subjects[k].name;
		lines[k].unit = unit;
		lines[k].n = bench->n_runs;
		subjects[k].run(subjects[k].arg);
	}
	for (uint32_t round = 0; round < bench->n_runs; round++)
		for (uint32_t k = 0; k < n_subjects; k++)
			lines[k].values[round] =
				subjects[k].run(subjects[k].arg);
	for (uint32_t k = 0; k < n_subjects; k++)
		qsort(lines[k].values, lines[k].n, sizeof(double),
			bench_compare);
}

/* ---- printing ---------------------------------------------------------------- */

/* values are sorted */
static double
bench_median(const struct bench_line *line)
{
	uint32_t half = line->n / 2;

	if (line->n % 2)
		return line->values[half];
	return (line->values[half - 1] + line->values[half]) / 2;
}

/* Our line of the same case, or NULL. */
static const struct bench_line *
bench_ours(const struct bench *bench, const struct bench_line *line)
{
	for (uint32_t k = 0; k < bench->n_lines; k++) {
		const struct bench_line *other = &bench->lines[k];

		if (strcmp(other->name, line->name) == 0 &&
			strcmp(other->subject, "leat") == 0)
			return other;
	}
	return NULL;
}

static void
bench_print_json(const struct bench *bench, const struct bench_line *line)
{
	printf("{\"bench\": \"%s\", \"case\": \"%s\", \"subject\": \"%s\", "
	       "\"unit\": \"%s\", \"n\": %u, \"median\": %.6g, \"min\": %.6g, "
	       "\"max\": %.6g}\n",
		bench->name, line->name, line->subject, line->unit, line->n,
		bench_median(line), line->values[0], line->values[line->n - 1]);
}

static void
bench_print_row(const struct bench *bench, const struct bench_line *line)
{
	const struct bench_line *ours = bench_ours(bench, line);
	double median = bench_median(line);

	printf("%-32s %-8s %-12s %3u %10.3f %10.3f %10.3f", line->name,
		line->subject, line->unit, line->n, median, line->values[0],
		line->values[line->n - 1]);
	if (ours && ours != line && median > 0)
		printf(" %7.2f", bench_median(ours) / median);
	printf("\n");
}

void
bench_print(struct bench *bench)
{
	if (!bench->is_json) {
		printf("\n%s: medians; ratio = leat to the rival, below 1 is "
		       "better\n",
			bench->name);
		printf("%-32s %-8s %-12s %3s %10s %10s %10s %7s\n", "case",
			"subject", "unit", "n", "median", "min", "max",
			"ratio");
	}
	for (uint32_t k = 0; k < bench->n_lines; k++) {
		if (bench->is_json)
			bench_print_json(bench, &bench->lines[k]);
		else
			bench_print_row(bench, &bench->lines[k]);
	}
}
