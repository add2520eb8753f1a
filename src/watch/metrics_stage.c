/*
 * watch/metrics_stage.c -- families of stages: counters, load, guards.
 *
 * Threads: any.
 */
#include "watch/metrics.h"

/* ---- stages ------------------------------------------------------------- */

#define STAGE_AT(field) offsetof(struct leat_stage_stats, field)

static const struct leat__field stage_fates[] = {{"read", STAGE_AT(read)},
	{"made", STAGE_AT(made)}, {"written", STAGE_AT(written)},
	{"filtered", STAGE_AT(filtered)}, {"failed", STAGE_AT(failed)},
	{"folded", STAGE_AT(folded)}, {"shed", STAGE_AT(shed)}};

/* Of those that failed; the rest ended the run. */
static const struct leat__field stage_failures[] = {
	{"dead_lettered", STAGE_AT(dead_lettered)},
	{"skipped", STAGE_AT(skipped)}, {"given_up", STAGE_AT(given_up)}};

static const struct leat__family stage_families[] = {
	{"leat_stage_in_records", "Records received.", LEAT__EXPOSE_COUNTER,
		false, STAGE_AT(in)},
	{"leat_stage_out_records", "Records emitted.", LEAT__EXPOSE_COUNTER,
		false, STAGE_AT(out)},
	{"leat_stage_in_bytes", "Payload received.", LEAT__EXPOSE_COUNTER,
		false, STAGE_AT(in_bytes)},
	{"leat_stage_out_bytes", "Payload emitted.", LEAT__EXPOSE_COUNTER,
		false, STAGE_AT(out_bytes)},
	{"leat_stage_in_frames", "Frames received.", LEAT__EXPOSE_COUNTER,
		false, STAGE_AT(in_frames)},
	{"leat_stage_out_frames", "Frames emitted.", LEAT__EXPOSE_COUNTER,
		false, STAGE_AT(out_frames)},
	{"leat_stage_copied_bytes",
		"Payload copied because a shared frame was written.",
		LEAT__EXPOSE_COUNTER, false, STAGE_AT(copied_bytes)},
};

static const struct leat__family stage_waits[] = {
	{"input", NULL, LEAT__EXPOSE_COUNTER, true, STAGE_AT(wait_input_ns)},
	{"room", NULL, LEAT__EXPOSE_COUNTER, true, STAGE_AT(wait_credit_ns)}};

static void
stage_family_put(struct leat__metrics *m, const struct leat__family *family)
{
	struct leat_stage_stats stats;

	leat__expose_family(&m->e, family->type, family->name, family->help);
	for (uint32_t k = 0; leat_stage_stats(m->graph, k, &stats) == 0; k++) {
		leat__expose_begin(&m->e, "");
		leat__expose_label(&m->e, "stage", stats.name);
		leat__metrics_value(m, family, &stats);
	}
}

static void
stage_fields(struct leat__metrics *m, const struct leat_stage_stats *stats,
	const char *label, const struct leat__field *fields, size_t n)
{
	for (size_t f = 0; f < n; f++) {
		leat__expose_begin(&m->e, "");
		leat__expose_label(&m->e, "stage", stats->name);
		leat__expose_label(&m->e, label, fields[f].label);
		leat__expose_number(
			&m->e, leat__metrics_field(stats, fields[f].offset));
	}
}

static void
stage_records(struct leat__metrics *m)
{
	struct leat_stage_stats stats;

	leat__expose_family(&m->e, LEAT__EXPOSE_COUNTER, "leat_stage_records",
		"Records by how they began (read, made) and ended at a stage.");
	for (uint32_t k = 0; leat_stage_stats(m->graph, k, &stats) == 0; k++)
		stage_fields(m, &stats, "fate", stage_fates,
			leat__array_len(stage_fates));
	leat__expose_family(&m->e, LEAT__EXPOSE_COUNTER,
		"leat_stage_failed_records",
		"Records that failed and did not end the run, by what became "
		"of them.");
	for (uint32_t k = 0; leat_stage_stats(m->graph, k, &stats) == 0; k++)
		stage_fields(m, &stats, "outcome", stage_failures,
			leat__array_len(stage_failures));
}

static void
stage_wait(struct leat__metrics *m)
{
	struct leat_stage_stats stats;

	leat__expose_family(&m->e, LEAT__EXPOSE_COUNTER,
		"leat_stage_wait_seconds",
		"Time that its segment waited for input, or for room.");
	for (uint32_t k = 0; leat_stage_stats(m->graph, k, &stats) == 0; k++)
		for (size_t w = 0; w < leat__array_len(stage_waits); w++) {
			leat__expose_begin(&m->e, "");
			leat__expose_label(&m->e, "stage", stats.name);
			leat__expose_label(&m->e, "for", stage_waits[w].name);
			leat__metrics_value(m, &stage_waits[w], &stats);
		}
}

void
leat__metrics_stages(struct leat__metrics *m)
{
	struct leat_stage_stats stats;

	for (size_t k = 0; k < leat__array_len(stage_families); k++)
		stage_family_put(m, &stage_families[k]);
	stage_records(m);
	stage_wait(m);
	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE, "leat_stage_done",
		"1: it has ended.");
	for (uint32_t k = 0; leat_stage_stats(m->graph, k, &stats) == 0; k++) {
		leat__expose_begin(&m->e, "");
		leat__expose_label(&m->e, "stage", stats.name);
		leat__expose_number(
			&m->e, (stats.flags & LEAT_STATS_DONE) != 0);
	}
}

/* ---- load --------------------------------------------------------------- */

static void
load_share(struct leat__metrics *m, const struct leat_stage_load *stage,
	const char *state, uint32_t parts)
{
	leat__expose_begin(&m->e, "");
	leat__expose_label(&m->e, "stage", stage->name);
	leat__expose_label(&m->e, "state", state);
	leat__expose_ratio(&m->e, parts);
}

void
leat__metrics_load(struct leat__metrics *m)
{
	const struct leat_load *load = m->opts->load;
	struct leat_stage_load stage;

	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE, "leat_stage_load_ratio",
		"Shares of the last window; the four of a stage are 1.");
	for (uint32_t k = 0; leat_load_stage(load, k, &stage) == 0; k++) {
		load_share(m, &stage, "busy", stage.window.busy);
		load_share(m, &stage, "starved", stage.window.starved);
		load_share(m, &stage, "blocked", stage.window.blocked);
		load_share(m, &stage, "idle", stage.window.idle);
	}
	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE, "leat_stage_bottleneck",
		"1: it is slow, and the others wait for it.");
	for (uint32_t k = 0; leat_load_stage(load, k, &stage) == 0; k++) {
		leat__expose_begin(&m->e, "");
		leat__expose_label(&m->e, "stage", stage.name);
		leat__expose_number(
			&m->e, (stage.flags & LEAT_LOAD_BOTTLENECK) != 0);
	}
}

/* ---- guards ------------------------------------------------------------- */

#define HOOK_AT(field) offsetof(struct leat_hook_stats, field)

static const struct leat__family hook_families[] = {
	{"leat_guard_repeats", "Calls that a guard had made again.",
		LEAT__EXPOSE_COUNTER, false, HOOK_AT(n_again)},
	{"leat_guard_shed_frames", "Frames that a guard gave up.",
		LEAT__EXPOSE_COUNTER, false, HOOK_AT(n_shed)},
	{"leat_guard_refused_calls", "Calls that a guard did not let through.",
		LEAT__EXPOSE_COUNTER, false, HOOK_AT(n_refused)},
	{"leat_guard_wait_seconds", "Time that a guard waited.",
		LEAT__EXPOSE_COUNTER, true, HOOK_AT(wait_ns)},
	{"leat_guard_elsewhere_frames", "Frames that went to the fallback.",
		LEAT__EXPOSE_COUNTER, false, HOOK_AT(n_elsewhere)},
};

static const struct leat__family hook_level = {"leat_guard_level",
	"Of a breaker 0 closed, 1 open, 2 half open; the level of shed; calls "
	"inside a bulkhead.",
	LEAT__EXPOSE_GAUGE, false, HOOK_AT(level)};

static bool
has_hooks(const struct leat_graph *graph)
{
	struct leat_hook_stats stats;

	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (leat_stage_hook_stats(graph, k, 0, &stats) == 0)
			return true;
	return false;
}

static void
hook_sample_put(struct leat__metrics *m, const struct leat__family *family,
	const char *stage, uint32_t place, const struct leat_hook_stats *stats)
{
	if (family == &hook_level && !stats->has_level)
		return;
	leat__expose_begin(&m->e, "");
	leat__expose_label(&m->e, "stage", stage);
	leat__expose_label(&m->e, "guard", stats->name);
	leat__expose_label_number(&m->e, "place", place);
	leat__metrics_value(m, family, stats);
}

static void
hook_family_put(struct leat__metrics *m, const struct leat__family *family)
{
	struct leat_hook_stats stats;

	leat__expose_family(&m->e, family->type, family->name, family->help);
	for (uint32_t k = 0; k < m->graph->n_stages; k++)
		for (uint32_t h = 0;
			leat_stage_hook_stats(m->graph, k, h, &stats) == 0; h++)
			hook_sample_put(m, family,
				leat__stage_name(m->graph->stages[k]), h,
				&stats);
}

void
leat__metrics_hooks(struct leat__metrics *m)
{
	if (!has_hooks(m->graph))
		return;
	for (size_t k = 0; k < leat__array_len(hook_families); k++)
		hook_family_put(m, &hook_families[k]);
	hook_family_put(m, &hook_level);
}
