/*
 * cli/sheet.c -- the balance sheet: what became of every record.
 *
 * One row a stage, one column a way to come or to go; columns that nobody
 * uses are left out. Below it the equation of leat/watch.h for the graph,
 * memory against what was proved, time.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct sheet_column {
	const char *name;
	size_t offset; /* in struct leat_stage_stats */
	bool is_always;
};

#define SHEET_AT(field) #field, offsetof(struct leat_stage_stats, field)

static const struct sheet_column sheet_columns[] = {
	{SHEET_AT(in), true},
	{SHEET_AT(read), true},
	{SHEET_AT(made), false},
	{SHEET_AT(out), true},
	{SHEET_AT(filtered), true},
	{SHEET_AT(failed), true},
	{"dead-lettered", offsetof(struct leat_stage_stats, dead_lettered),
		false},
	{SHEET_AT(skipped), false},
	{"given-up", offsetof(struct leat_stage_stats, given_up), false},
	{SHEET_AT(folded), false},
	{SHEET_AT(shed), false},
	{SHEET_AT(written), true},
};

#define SHEET_N (sizeof(sheet_columns) / sizeof(sheet_columns[0]))

struct sheet_shape {
	int name;            /* width of the first column */
	int widths[SHEET_N]; /* 0 = left out */
};

static uint64_t
sheet_value(const struct leat_stage_stats *stats, size_t column)
{
	uint64_t value;

	memcpy(&value, (const char *)stats + sheet_columns[column].offset,
		sizeof(value));
	return value;
}

static int
sheet_max(int a, int b)
{
	return a > b ? a : b;
}

static void
sheet_measure(const struct leat_graph *graph, struct sheet_shape *shape)
{
	struct leat_stage_stats stats;

	memset(shape, 0, sizeof(*shape));
	shape->name = (int)strlen("stage");
	for (size_t c = 0; c < SHEET_N; c++) {
		if (sheet_columns[c].is_always)
			shape->widths[c] = (int)strlen(sheet_columns[c].name);
	}
	for (uint32_t k = 0; leat_stage_stats(graph, k, &stats) == 0; k++) {
		shape->name = sheet_max(shape->name, (int)strlen(stats.name));
		for (size_t c = 0; c < SHEET_N; c++) {
			uint64_t value = sheet_value(&stats, c);
			int width = snprintf(
				NULL, 0, "%llu", (unsigned long long)value);

			if (value && !shape->widths[c])
				shape->widths[c] =
					(int)strlen(sheet_columns[c].name);
			if (value)
				shape->widths[c] =
					sheet_max(shape->widths[c], width);
		}
	}
}

/* Stages that nobody wrote, and that no record stays in or comes from, are left
 * out. */
static bool
sheet_has(const struct leat_stage_stats *stats)
{
	uint64_t sum = 0;

	for (size_t c = 0; c < SHEET_N; c++)
		sum += sheet_value(stats, c);
	return stats->in != stats->out || sum != stats->in + stats->out ||
		!(stats->flags & LEAT_STATS_HELPER);
}

static void
sheet_head(const struct sheet_shape *shape)
{
	fprintf(stderr, "%-*s", shape->name, "stage");
	for (size_t c = 0; c < SHEET_N; c++) {
		if (shape->widths[c])
			fprintf(stderr, "  %*s", shape->widths[c],
				sheet_columns[c].name);
	}
	fputc('\n', stderr);
}

static void
sheet_row(const struct sheet_shape *shape, const struct leat_stage_stats *stats)
{
	fprintf(stderr, "%-*s", shape->name, stats->name);
	for (size_t c = 0; c < SHEET_N; c++) {
		uint64_t value = sheet_value(stats, c);

		if (shape->widths[c] && value)
			fprintf(stderr, "  %*llu", shape->widths[c],
				(unsigned long long)value);
		else if (shape->widths[c])
			fprintf(stderr, "  %*s", shape->widths[c], "-");
	}
	fputc('\n', stderr);
}

static void
sheet_rows(const struct leat_graph *graph)
{
	struct leat_stage_stats stats;
	struct sheet_shape shape;

	sheet_measure(graph, &shape);
	sheet_head(&shape);
	for (uint32_t k = 0; leat_stage_stats(graph, k, &stats) == 0; k++)
		if (sheet_has(&stats))
			sheet_row(&shape, &stats);
}

static void
sheet_term(const char *before, const char *name, uint64_t value)
{
	if (value)
		fprintf(stderr, "%s%s %llu", before, name,
			(unsigned long long)value);
}

static void
sheet_part(const char **before, const char *name, uint64_t value)
{
	if (!value)
		return;
	fprintf(stderr, "%s%llu %s", *before, (unsigned long long)value, name);
	*before = ", ";
}

/* What became of those that failed: the parts are no further terms. */
static void
sheet_failed(const struct leat_graph_stats *stats)
{
	uint64_t n_parts =
		stats->dead_lettered + stats->skipped + stats->given_up;
	const char *before = " (";

	if (!n_parts)
		return;
	sheet_part(&before, "dead-lettered", stats->dead_lettered);
	sheet_part(&before, "skipped", stats->skipped);
	sheet_part(&before, "given up", stats->given_up);
	if (stats->failed > n_parts)
		sheet_part(&before, "ended the run", stats->failed - n_parts);
	fputc(')', stderr);
}

static void
sheet_equation(const struct leat_graph_stats *stats)
{
	fprintf(stderr, "\nread %llu", (unsigned long long)stats->read);
	sheet_term(" + ", "made", stats->made);
	fprintf(stderr, " = written %llu + filtered %llu + failed %llu",
		(unsigned long long)stats->written,
		(unsigned long long)stats->filtered,
		(unsigned long long)stats->failed);
	sheet_failed(stats);
	sheet_term(" + ", "folded", stats->folded);
	sheet_term(" + ", "shed", stats->shed);
	sheet_term(" + ", stats->is_done ? "unfinished" : "in flight",
		stats->unfinished);
	fputc('\n', stderr);
}

/* Which stage does not balance, and by how much. */
static void
sheet_faults(const struct leat_graph *graph)
{
	struct leat_stage_stats stats;

	fputs("NOT BALANCED: this is a bug of leat or of a stage\n", stderr);
	for (uint32_t k = 0; leat_stage_stats(graph, k, &stats) == 0; k++) {
		long long lost = (long long)leat_stage_balance(&stats);

		if (lost)
			fprintf(stderr, "  %s %s %lld record%s\n", stats.name,
				lost > 0 ? "lost" : "invented", llabs(lost),
				llabs(lost) == 1 ? "" : "s");
	}
}

/* While it runs: bounds of what is in flight, or who is out of balance. */
static void
sheet_flight(const struct leat_graph *graph)
{
	struct leat_stage_stats stats;
	struct leat_flight flight;

	leat_graph_flight(graph, &flight);
	if (!flight.is_sound &&
		leat_stage_stats(graph, flight.fault, &stats) == 0)
		fprintf(stderr,
			"NOT BALANCED: %s has told of more records than it "
			"had; this is a bug\n",
			stats.name);
	fprintf(stderr, "flight %llu to %llu records\n",
		(unsigned long long)flight.least,
		(unsigned long long)flight.most);
}

static void
sheet_costs(const struct leat_graph_stats *stats, int64_t took_ns)
{
	double seconds = took_ns > 0 ? (double)took_ns / 1e9 : 1e-9;
	char high[32], bound[32], time[32], rows[32], rate[32];

	fprintf(stderr, "memory %s at most, of %s proved\n",
		leat__cli_bytes(stats->memory_high_bytes, high, sizeof(high)),
		leat__cli_bytes(
			stats->memory_bound_bytes, bound, sizeof(bound)));
	fprintf(stderr, "time   %s, %s rows/s, %s/s\n",
		leat__cli_seconds(seconds, time, sizeof(time)),
		leat__cli_count((uint64_t)((double)stats->read / seconds), rows,
			sizeof(rows)),
		leat__cli_bytes(
			(uint64_t)((double)stats->source_bytes / seconds), rate,
			sizeof(rate)));
}

/* "1 call refused", "2 calls refused"; nothing of none. */
static const char *
sheet_guard_count(
	const char *between, uint64_t n, const char *what, const char *how)
{
	if (!n)
		return between;
	fprintf(stderr, "%s%llu %s%s%s", between, (unsigned long long)n, what,
		n == 1 ? "" : "s", how);
	return ", ";
}

static void
sheet_guard(const char *stage, const struct leat_hook_stats *stats)
{
	const char *between = ": ";
	char time[32];

	fprintf(stderr, "guard  @%s at %s", stats->name, stage);
	if (stats->wait_ns) {
		fprintf(stderr, "%swaited %s", between,
			leat__cli_seconds((double)stats->wait_ns / 1e9, time,
				sizeof(time)));
		between = ", ";
	}
	between =
		sheet_guard_count(between, stats->n_again, "more attempt", "");
	between =
		sheet_guard_count(between, stats->n_shed, "frame", " dropped");
	between = sheet_guard_count(
		between, stats->n_elsewhere, "frame", " sent elsewhere");
	sheet_guard_count(between, stats->n_refused, "call", " refused");
	fputc('\n', stderr);
}

/* What guards did, of those that did anything. */
static void
sheet_guards(const struct leat_graph *graph)
{
	struct leat_stage_stats stage;
	struct leat_hook_stats hook;

	for (uint32_t k = 0; leat_stage_stats(graph, k, &stage) == 0; k++)
		for (uint32_t i = 0;
			leat_stage_hook_stats(graph, k, i, &hook) == 0; i++)
			if (hook.wait_ns || hook.n_again || hook.n_shed ||
				hook.n_refused || hook.n_elsewhere)
				sheet_guard(stage.name, &hook);
}

/* An input without records is no error, and seldom what was meant. */
static void
sheet_notes(const struct leat_graph_stats *stats)
{
	char bytes[32];

	if (stats->read || !stats->is_done)
		return;
	if (!stats->source_bytes)
		fputs("note   the input was empty: 0 bytes, not even a "
		      "header\n",
			stderr);
	else
		fprintf(stderr, "note   no records in %s of input\n",
			leat__cli_bytes(
				stats->source_bytes, bytes, sizeof(bytes)));
}

void
leat__cli_sheet(const struct leat_graph *graph, int64_t took_ns)
{
	struct leat_graph_stats stats = {0};

	leat_graph_stats(graph, &stats);
	sheet_rows(graph);
	sheet_equation(&stats);
	if (!stats.is_done)
		sheet_flight(graph);
	else if (!stats.is_balanced)
		sheet_faults(graph);
	sheet_guards(graph);
	sheet_costs(&stats, took_ns);
	sheet_notes(&stats);
}
