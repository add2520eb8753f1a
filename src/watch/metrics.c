/*
 * watch/metrics.c -- everything that is counted of a graph, family by family.
 *
 * Families of plain counters are rows of tables: which field of which struct,
 * under which name. What ever depends on what a graph has (guards, more than
 * one stage in a segment) is left out as a whole where it has none.
 * Keeps: the families and their buckets do not change while the graph runs.
 * Threads: any.
 */
#include "watch/metrics.h"

#define METRICS_LE_LEAST 10u /* 2^10 ns: 1 us */
#define METRICS_LE_MOST  36u /* 68 s */

static void
gauge_put(struct leat__metrics *m, const char *name, const char *help,
	uint64_t value)
{
	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE, name, help);
	leat__expose_begin(&m->e, "");
	leat__expose_number(&m->e, value);
}

/* ---- the graph ---------------------------------------------------------- */

#define GRAPH_AT(field) offsetof(struct leat_graph_stats, field)

static const struct leat__field graph_fates[] = {{"read", GRAPH_AT(read)},
	{"made", GRAPH_AT(made)}, {"written", GRAPH_AT(written)},
	{"filtered", GRAPH_AT(filtered)}, {"failed", GRAPH_AT(failed)},
	{"folded", GRAPH_AT(folded)}, {"shed", GRAPH_AT(shed)}};

static const struct leat__family graph_families[] = {
	{"leat_graph_unfinished_records",
		"Records that began and have not ended.", LEAT__EXPOSE_GAUGE,
		false, GRAPH_AT(unfinished)},
	{"leat_graph_source_bytes", "Bytes taken from sources.",
		LEAT__EXPOSE_COUNTER, false, GRAPH_AT(source_bytes)},
	{"leat_graph_source_size_bytes",
		"Bytes that the sources hold; 0: unknown.", LEAT__EXPOSE_GAUGE,
		false, GRAPH_AT(source_bytes_total)},
	{"leat_graph_memory_bytes", "Pool in use, and side memory.",
		LEAT__EXPOSE_GAUGE, false, GRAPH_AT(memory_bytes)},
	{"leat_graph_memory_high_bytes", "Most that was ever in use.",
		LEAT__EXPOSE_GAUGE, false, GRAPH_AT(memory_high_bytes)},
	{"leat_graph_memory_bound_bytes", "What was proved before the start.",
		LEAT__EXPOSE_GAUGE, false, GRAPH_AT(memory_bound_bytes)},
};

static void
graph_info(struct leat__metrics *m)
{
	const struct leat_graph *graph = m->graph;
	const struct leat__env *env = graph->env;
	int64_t age_ns = env->now_ns(env) - graph->run->start_ns;

	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE, "leat_build_info",
		"Always 1; the version is a label.");
	leat__expose_begin(&m->e, "");
	leat__expose_label(&m->e, "version", leat_version());
	leat__expose_number(&m->e, 1);
	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE,
		"leat_graph_start_time_seconds", "When it started, Unix time.");
	leat__expose_begin(&m->e, "");
	leat__expose_seconds(&m->e, (uint64_t)(env->wall_ns(env) - age_ns));
}

static void
graph_records(struct leat__metrics *m, const struct leat_graph_stats *stats)
{
	leat__expose_family(&m->e, LEAT__EXPOSE_COUNTER, "leat_graph_records",
		"Records by how they began (read, made) and ended.");
	for (size_t k = 0; k < leat__array_len(graph_fates); k++) {
		leat__expose_begin(&m->e, "");
		leat__expose_label(&m->e, "fate", graph_fates[k].label);
		leat__expose_number(&m->e,
			leat__metrics_field(stats, graph_fates[k].offset));
	}
}

static void
graph_put(struct leat__metrics *m)
{
	struct leat_graph_stats stats;

	leat_graph_stats(m->graph, &stats);
	graph_info(m);
	gauge_put(m, "leat_graph_running", "1 until the run has ended.",
		!stats.is_done);
	graph_records(m, &stats);
	for (size_t k = 0; k < leat__array_len(graph_families); k++) {
		const struct leat__family *family = &graph_families[k];

		leat__expose_family(
			&m->e, family->type, family->name, family->help);
		leat__expose_begin(&m->e, "");
		leat__metrics_value(m, family, &stats);
	}
}

static void
stall_put(struct leat__metrics *m)
{
	const struct leat_stall *stall = m->opts->stall;

	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE,
		"leat_graph_stalled_seconds",
		"Work and no progress for so long; 0: none stands still.");
	leat__expose_begin(&m->e, "");
	leat__expose_seconds(&m->e, stall->ns);
	gauge_put(m, "leat_graph_stalled_stages", "Stages that stand still.",
		stall->n_stages);
	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE, "leat_stage_culprit",
		"1: what stands still waits for this one in the end.");
	for (uint32_t k = 0; k < m->graph->n_stages; k++) {
		leat__expose_begin(&m->e, "");
		leat__expose_label(
			&m->e, "stage", leat__stage_name(m->graph->stages[k]));
		leat__expose_number(&m->e, stall->ns && stall->stage == k);
	}
}

/* ---- segments ----------------------------------------------------------- */

static void
segment_label(struct leat__metrics *m, const struct leat__segment *segment)
{
	char buf[2 * LEAT_ERROR_STAGE_BYTES + 4] = "";
	struct leat__text text = {buf, sizeof(buf), 0};

	leat__text_add(&text, "%s", leat__stage_name(segment->stages[0]));
	if (segment->n_stages > 1)
		leat__text_add(&text, "..%s",
			leat__stage_name(
				segment->stages[segment->n_stages - 1]));
	leat__expose_label(&m->e, "segment", buf);
}

static void
segment_put(struct leat__metrics *m, const struct leat__segment *segment,
	int64_t now_ns)
{
	static const char *const states[LEAT__DOINGS] = {
		"idle", "busy", "starved", "blocked"};
	const struct leat__task *tasks = segment->run;
	uint64_t spent_ns[LEAT__DOINGS] = {0};

	for (uint32_t k = 0; k < segment->n_replicas; k++)
		leat__timesheet_read(&tasks[k].sheet, now_ns, spent_ns);
	for (uint32_t d = 0; d < LEAT__DOINGS; d++) {
		leat__expose_begin(&m->e, "");
		segment_label(m, segment);
		leat__expose_label(&m->e, "state", states[d]);
		leat__expose_seconds(&m->e, spent_ns[d]);
	}
}

/* After the end time stands still. */
static void
segments_put(struct leat__metrics *m)
{
	const struct leat_graph *graph = m->graph;
	int64_t now_ns = graph->env->now_ns(graph->env);
	int64_t end_ns = leat__load_relaxed(&graph->run->end_ns);

	if (end_ns && end_ns < now_ns)
		now_ns = end_ns;
	leat__expose_family(&m->e, LEAT__EXPOSE_COUNTER, "leat_segment_seconds",
		"What stages that run as one did; the states are all time.");
	for (uint32_t k = 0; k < graph->n_segments; k++)
		segment_put(m, &graph->segments[k], now_ns);
	leat__expose_family(&m->e, LEAT__EXPOSE_GAUGE, "leat_segment_replicas",
		"Tasks that run it at once.");
	for (uint32_t k = 0; k < graph->n_segments; k++) {
		leat__expose_begin(&m->e, "");
		segment_label(m, &graph->segments[k]);
		leat__expose_number(&m->e, graph->segments[k].n_replicas);
	}
}

/* ---- latency ------------------------------------------------------------ */

static void
latency_bucket(
	struct leat__metrics *m, const char *stage, uint64_t le_ns, uint64_t n)
{
	leat__expose_begin(&m->e, "_bucket");
	leat__expose_label(&m->e, "stage", stage);
	leat__expose_label_le(&m->e, le_ns);
	leat__expose_number(&m->e, n);
}

/* Powers of two are bounds of buckets, so these counts are exact. */
static void
latency_buckets(struct leat__metrics *m, const char *stage,
	const struct leat__histogram *h)
{
	uint64_t n = 0;
	uint32_t k = 0;

	for (uint32_t p = METRICS_LE_LEAST; p <= METRICS_LE_MOST; p++) {
		uint64_t le_ns = UINT64_C(1) << p;

		while (leat__histogram_high_ns(k) <= le_ns)
			n += h->counts[k++];
		latency_bucket(m, stage, le_ns, n);
	}
	latency_bucket(m, stage, UINT64_MAX, leat__histogram_count(h));
}

static void
latency_put(struct leat__metrics *m, uint32_t what, const char *name,
	const char *help)
{
	struct leat__histogram h;
	const struct leat_graph *graph = m->graph;

	if (graph->opts.flags & LEAT_GRAPH_NO_LATENCY)
		return;
	leat__expose_family(&m->e, LEAT__EXPOSE_HISTOGRAM, name, help);
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const char *stage = leat__stage_name(graph->stages[k]);

		if (leat__latency_sum(graph, k, what, &h) < 0)
			continue;
		latency_buckets(m, stage, &h);
		leat__expose_begin(&m->e, "_sum");
		leat__expose_label(&m->e, "stage", stage);
		leat__expose_seconds(&m->e, h.sum_ns);
		leat__expose_begin(&m->e, "_count");
		leat__expose_label(&m->e, "stage", stage);
		leat__expose_number(&m->e, leat__histogram_count(&h));
	}
}

/* ---- all ---------------------------------------------------------------- */

static int
opts_check(const struct leat_graph *graph, const struct leat_metrics_opts *o,
	struct leat_error *err)
{
	if (o->flags & ~LEAT_METRICS_OPENMETRICS)
		return leat__error(err, LEAT_EINVAL,
			"metrics flags are 0x%x; known is 0x%x "
			"(LEAT_METRICS_OPENMETRICS)",
			o->flags, LEAT_METRICS_OPENMETRICS);
	if (!graph->run)
		return leat__error(err, LEAT_ESTATE,
			"metrics: this graph has not been started");
	return LEAT_OK;
}

int
leat_metrics_write(const struct leat_graph *graph,
	const struct leat_metrics_opts *opts, leat_write_fn write, void *user,
	struct leat_error *err)
{
	struct leat_metrics_opts full;
	struct leat__metrics m = {.graph = graph, .opts = &full};

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_metrics_opts", err));
	LEAT_TRY(opts_check(graph, &full, err));
	m.e = (struct leat__expose){.write = write,
		.user = user,
		.is_open = full.flags & LEAT_METRICS_OPENMETRICS,
		.graph = full.graph};
	graph_put(&m);
	if (full.stall)
		stall_put(&m);
	leat__metrics_stages(&m);
	if (full.load)
		leat__metrics_load(&m);
	segments_put(&m);
	latency_put(&m, LEAT_LATENCY_CALL, "leat_stage_call_seconds",
		"How long calls took; of fast stages by samples.");
	latency_put(&m, LEAT_LATENCY_ARRIVAL, "leat_sink_latency_seconds",
		"From a frame's birth in its source until the sink is "
		"through with it; of fast sinks by samples.");
	leat__metrics_hooks(&m);
	leat__metrics_links(&m);
	leat__expose_end(&m.e);
	return LEAT_OK;
}
