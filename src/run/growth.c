/*
 * run/growth.c -- of what there is more and more while a graph runs.
 *
 * For each kind and creator the least number of a window is kept. What comes
 * and goes is gone once in a window; only what stays lifts the least, so one
 * that rises in so many windows in a row is what nobody gives back.
 * Keeps: a bounded table, the creators that were met first; a finding is told
 * once, and again when there is twice as much.
 * Threads: one at a time for each struct leat_growth; the graph's own go on.
 * Source: low-water marks, as of leak detectors by staleness and growth.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "run/run.h"
#include <leat/leaks.h>
#include <leat/task.h>

#define GROWTH_WINDOW_NS       UINT64_C(10000000000)
#define GROWTH_WINDOW_NS_LEAST 1000000u
#define GROWTH_WINDOWS         6u
#define GROWTH_LEAST           8u
#define GROWTH_SERIES          96u
#define GROWTH_BEFORE          4096 /* descriptors, by number */
#define GROWTH_DESCRIPTORS     "/proc/self/fd"

/* One kind, by one creator. */
struct series {
	uint32_t kind;
	const char *creator; /* constant, or of a stage; NULL = nobody */
	uint64_t now;        /* in this look */
	uint64_t low;        /* least of this window */
	uint64_t last_low;   /* of the one before */
	uint64_t first_low;  /* of the one that it has risen since */
	uint64_t told;       /* when it was told last; 0 = never */
	uint32_t n_risen;    /* windows in a row */
	bool is_found;       /* and not told yet */
};

struct leat_growth {
	const struct leat_graph *graph;
	struct leat_growth_opts opts;
	int64_t window_end_ns;
	bool has_window; /* one was complete */
	uint32_t n_series;
	struct series series[GROWTH_SERIES];
	uint32_t *owners; /* frames, by owner; 0 = nobody */
	uint64_t n_descriptors;
	uint64_t before[GROWTH_BEFORE / 64]; /* those there at the beginning */
	int newest;                          /* of the others; -1 = none */
};

/* ---- counting ------------------------------------------------------------ */

/* NULL: the table is full. */
static struct series *
growth_find(struct leat_growth *g, uint32_t kind, const char *creator)
{
	for (uint32_t k = 0; k < g->n_series; k++) {
		struct series *s = &g->series[k];

		if (s->kind == kind &&
			(s->creator == creator ||
				(s->creator && creator &&
					!strcmp(s->creator, creator))))
			return s;
	}
	if (g->n_series == GROWTH_SERIES)
		return NULL;
	g->series[g->n_series] = (struct series){
		.kind = kind, .creator = creator, .low = UINT64_MAX};
	return &g->series[g->n_series++];
}

static void
growth_count(
	struct leat_growth *g, uint32_t kind, const char *creator, uint64_t n)
{
	struct series *s = n ? growth_find(g, kind, creator) : NULL;

	if (s)
		s->now += n;
}

static void
growth_count_ctx(void *user, const struct leat__ctx_seen *seen)
{
	struct leat_growth *g = user;

	growth_count(g, LEAT_LEAK_CALLBACKS,
		seen->is_top ? "the graph" : seen->where, seen->n_callbacks);
	if (seen->is_top)
		return;
	growth_count(g, LEAT_LEAK_TIMERS, seen->where, seen->is_armed);
	growth_count(g, LEAT_LEAK_CONTEXTS, seen->where, !seen->is_destroyed);
}

static void
growth_count_stages(struct leat_growth *g)
{
	const struct leat_graph *graph = g->graph;
	uint32_t n_owners = graph->n_stages + 1;

	memset(g->owners, 0, n_owners * sizeof(*g->owners));
	if (graph->run->pool)
		leat__pool_count_owners(graph->run->pool, g->owners, n_owners);
	growth_count(g, LEAT_LEAK_FRAMES, NULL, g->owners[0]);
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];
		const char *name = leat__stage_name(st);

		growth_count(g, LEAT_LEAK_FRAMES, name, g->owners[k + 1]);
		growth_count(g, LEAT_LEAK_FILES, name,
			leat__load_relaxed(&st->n_open_files));
	}
}

static bool
growth_was_before(const struct leat_growth *g, int fd)
{
	return fd >= 0 && fd < GROWTH_BEFORE &&
		(g->before[fd / 64] >> (fd % 64) & 1u);
}

static bool
growth_see_descriptor(const struct leat__listed *entry, void *user)
{
	struct leat_growth *g = user;
	int fd = atoi(entry->name);

	g->n_descriptors++;
	if (fd > g->newest && !growth_was_before(g, fd))
		g->newest = fd;
	return true;
}

static bool
growth_mark_descriptor(const struct leat__listed *entry, void *user)
{
	struct leat_growth *g = user;
	int fd = atoi(entry->name);

	if (fd >= 0 && fd < GROWTH_BEFORE)
		g->before[fd / 64] |= UINT64_C(1) << (fd % 64);
	return true;
}

/* The folder that is listed is one of them, in each look. */
static void
growth_count_descriptors(struct leat_growth *g)
{
	const struct leat__env *env = g->graph->env;

	g->n_descriptors = 0;
	g->newest = -1;
	if (env->list(env, GROWTH_DESCRIPTORS, growth_see_descriptor, g) == 0)
		growth_count(g, LEAT_LEAK_DESCRIPTORS, NULL, g->n_descriptors);
}

static void
growth_count_workers(struct leat_growth *g)
{
	struct leat_workers_stats stats;

	if (!g->opts.workers)
		return;
	leat_workers_stats(g->opts.workers, &stats);
	growth_count(g, LEAT_LEAK_FIBERS, NULL, stats.n_fibers);
	growth_count(g, LEAT_LEAK_ARMED, NULL, stats.n_timers);
}

static void
growth_look(struct leat_growth *g)
{
	for (uint32_t k = 0; k < g->n_series; k++)
		g->series[k].now = 0;
	leat__ctx_each(g->graph->ctx, growth_count_ctx, g);
	growth_count_stages(g);
	growth_count_descriptors(g);
	growth_count_workers(g);
	for (uint32_t k = 0; k < g->n_series; k++)
		g->series[k].low =
			leat__min_u64(g->series[k].low, g->series[k].now);
}

/* ---- windows ------------------------------------------------------------- */

static void
series_judge(const struct leat_growth *g, struct series *s)
{
	if (s->low <= s->last_low) {
		s->n_risen = 0;
		s->first_low = s->low;
		return;
	}
	s->n_risen++;
	if (s->n_risen >= g->opts.n_windows &&
		s->low - s->first_low >= g->opts.least &&
		s->low >= 2 * s->told) {
		s->is_found = true;
		s->told = s->low;
	}
}

static void
growth_end_window(struct leat_growth *g)
{
	for (uint32_t k = 0; k < g->n_series; k++) {
		struct series *s = &g->series[k];

		if (g->has_window)
			series_judge(g, s);
		else
			s->first_low = s->low;
		s->last_low = s->low;
		s->low = UINT64_MAX;
	}
	g->has_window = true;
}

void
leat_growth_tick(struct leat_growth *growth, int64_t now_ns)
{
	growth_look(growth);
	if (now_ns < growth->window_end_ns)
		return;
	growth_end_window(growth);
	growth->window_end_ns = now_ns + (int64_t)growth->opts.window_ns;
}

/* ---- telling ------------------------------------------------------------- */

/* What the newest descriptor is that a path leads to; the folder that was
 * listed is among them no more. */
static void
creator_of_descriptors(const struct leat_growth *g, char *buf, size_t n_bytes)
{
	const struct leat__env *env = g->graph->env;
	char path[sizeof(GROWTH_DESCRIPTORS) + 16];

	for (int fd = g->newest; fd >= 0; fd--) {
		snprintf(path, sizeof(path), GROWTH_DESCRIPTORS "/%d", fd);
		if (!growth_was_before(g, fd) &&
			env->resolve(env, path, buf, n_bytes) == 0)
			return;
	}
	snprintf(buf, n_bytes, "no files with a name");
}

static void
creator_of_workers(const struct leat_growth *g, char *buf, size_t n_bytes)
{
	struct leat_error err = {0};

	if (leat_workers_leaks(g->opts.workers, &err) < 0)
		snprintf(buf, n_bytes, "%.255s", err.text);
}

static void
report_creator(const struct leat_growth *g, const struct series *s, char *buf,
	size_t n_bytes)
{
	if (s->creator)
		snprintf(buf, n_bytes, "%s", s->creator);
	else if (s->kind == LEAT_LEAK_DESCRIPTORS)
		creator_of_descriptors(g, buf, n_bytes);
	else if (s->kind == LEAT_LEAK_FIBERS || s->kind == LEAT_LEAK_ARMED)
		creator_of_workers(g, buf, n_bytes);
	else
		snprintf(buf, n_bytes, "nobody");
}

bool
leat_growth_next(
	struct leat_growth *growth, struct leat_growth_report *report_out)
{
	struct leat_growth_report *report = report_out;

	memset(report, 0, sizeof(*report));
	report->size = (uint32_t)sizeof(*report);
	for (uint32_t k = 0; k < growth->n_series; k++) {
		struct series *s = &growth->series[k];

		if (!s->is_found)
			continue;
		s->is_found = false;
		report->kind = s->kind;
		report->n_first = s->first_low;
		report->n_now = s->last_low;
		report->over_ns =
			(int64_t)(s->n_risen * growth->opts.window_ns);
		report_creator(
			growth, s, report->creator, sizeof(report->creator));
		return true;
	}
	return false;
}

const char *
leat_leak_text(uint32_t kind)
{
	static const char *const texts[LEAT_LEAKS] = {
		[LEAT_LEAK_CONTEXTS] = "contexts",
		[LEAT_LEAK_CALLBACKS] = "callbacks",
		[LEAT_LEAK_TIMERS] = "deadlines",
		[LEAT_LEAK_FRAMES] = "frames",
		[LEAT_LEAK_FILES] = "files",
		[LEAT_LEAK_DESCRIPTORS] = "descriptors",
		[LEAT_LEAK_FIBERS] = "fibers",
		[LEAT_LEAK_ARMED] = "timers",
	};

	return kind < LEAT_LEAKS ? texts[kind] : "?";
}

/* ---- life ---------------------------------------------------------------- */

static int
growth_check(const struct leat_growth_opts *o, struct leat_error *err)
{
	if (o->flags)
		return leat__error(err, LEAT_EINVAL,
			"growth flags are 0x%x; none is known", o->flags);
	if (o->window_ns &&
		(o->window_ns < GROWTH_WINDOW_NS_LEAST ||
			o->window_ns > LEAT__QUANTUM_NS_MAX))
		return leat__error(err, LEAT_EINVAL,
			"window_ns is %llu; accepted: from 1 ms to an hour",
			(unsigned long long)o->window_ns);
	return LEAT_OK;
}

static void
growth_fill(struct leat_growth_opts *o)
{
	if (!o->window_ns)
		o->window_ns = GROWTH_WINDOW_NS;
	if (!o->n_windows)
		o->n_windows = GROWTH_WINDOWS;
	if (!o->least)
		o->least = GROWTH_LEAST;
}

int
leat_growth_create(const struct leat_graph *graph,
	const struct leat_growth_opts *opts, struct leat_growth **growth_out,
	struct leat_error *err)
{
	const struct leat__env *env = graph->env;
	struct leat_growth_opts full;
	struct leat_growth *growth;

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_growth_opts", err));
	LEAT_TRY(growth_check(&full, err));
	if (!graph->run)
		return leat__error(err, LEAT_ESTATE,
			"growth: this graph has not been started");
	growth = env->alloc(env, sizeof(*growth));
	if (!growth)
		return leat__graph_no_memory(err, "the watch of growth");
	growth->graph = graph;
	growth->opts = full;
	growth_fill(&growth->opts);
	growth->window_end_ns =
		env->now_ns(env) + (int64_t)growth->opts.window_ns;
	growth->owners = env->alloc(
		env, (graph->n_stages + 1) * sizeof(*growth->owners));
	if (!growth->owners) {
		leat_growth_destroy(growth);
		return leat__graph_no_memory(err, "the watch of growth");
	}
	(void)env->list(
		env, GROWTH_DESCRIPTORS, growth_mark_descriptor, growth);
	*growth_out = growth;
	return LEAT_OK;
}

void
leat_growth_destroy(struct leat_growth *growth)
{
	const struct leat__env *env;

	if (!growth)
		return;
	env = growth->graph->env;
	env->free(env, growth->owners);
	env->free(env, growth);
}
