/*
 * cli/drain.c -- what is said of a drain: a line as each phase begins, and once
 * a second whom it waits for.
 */
#include "cli.h"

#define DRAIN_TELL_NS INT64_C(1000000000)
#define DRAIN_NAMES   4u

void
leat__cli_drain_start(
	struct leat__cli_drain *d, struct leat_graph *graph, int64_t timeout_ns)
{
	int64_t now_ns = leat_now_ns();

	d->next_ns = now_ns + DRAIN_TELL_NS;
	if (!timeout_ns)
		leat_graph_drain(graph);
	else if (leat_graph_drain_until(graph, now_ns + timeout_ns) ==
		LEAT_ENOMEM)
		leat__cli_say("no memory to watch --drain-timeout; the drain "
			      "has no limit");
}

/* One that was passed at once is told like any other, one that a cancel left
 * out is not. */
static void
drain_tell_phases(
	struct leat__cli_drain *d, const struct leat_drain_stats *stats)
{
	while (d->phase < stats->phase) {
		int64_t began_ns = stats->began_ns[++d->phase];

		if (began_ns)
			leat__cli_say("drain, %.3f s: %s",
				(double)(began_ns -
					stats->began_ns[LEAT_DRAIN_SOURCES]) /
					1e9,
				leat_drain_phase_text(d->phase));
	}
}

/* "write, csv.format and others" */
static uint32_t
drain_names(const struct leat_graph *graph, char *names, size_t n_bytes)
{
	struct leat_stage_stats stats;
	uint32_t n = 0;
	size_t at = 0;

	names[0] = '\0';
	for (uint32_t k = 0; leat_stage_stats(graph, k, &stats) == 0; k++) {
		if (!(stats.flags & LEAT_STATS_AWAITED) || n++ >= DRAIN_NAMES ||
			at >= n_bytes)
			continue;
		at += (size_t)snprintf(names + at, n_bytes - at, "%s%s",
			n > 1 ? ", " : "", stats.name);
	}
	return n;
}

static void
drain_tell_waiting(const struct leat_graph *graph,
	const struct leat_drain_stats *stats, int64_t now_ns)
{
	char names[256], left[48] = "", time[48] = "";
	uint32_t n = drain_names(graph, names, sizeof(names));

	if (!n)
		return;
	if (stats->n_left)
		snprintf(left, sizeof(left), ", %llu record%s left",
			(unsigned long long)stats->n_left,
			stats->n_left == 1 ? "" : "s");
	if (stats->deadline_ns != LEAT_NEVER)
		snprintf(time, sizeof(time), ", for %.0f s more at most",
			(double)(stats->deadline_ns - now_ns) / 1e9);
	leat__cli_say("draining: waiting for %s%s%s%s", names,
		n > DRAIN_NAMES ? " and others" : "", left, time);
}

void
leat__cli_drain_tell(struct leat__cli_drain *d, const struct leat_graph *graph,
	bool is_quiet)
{
	int64_t now_ns = leat_now_ns();
	struct leat_drain_stats stats;

	leat_graph_drain_stats(graph, &stats);
	if (is_quiet || stats.phase == LEAT_DRAIN_NONE)
		return;
	drain_tell_phases(d, &stats);
	if (now_ns < d->next_ns || stats.phase == LEAT_DRAIN_OVER)
		return;
	d->next_ns = now_ns + DRAIN_TELL_NS;
	drain_tell_waiting(graph, &stats, now_ns);
}
