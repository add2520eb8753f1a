/*
 * watch/look_json.c -- all that is to be seen of a graph, as one JSON object.
 *
 * Keeps: one line; the names of fields are those of docs/control.md, and none
 * is taken away or given another meaning within a version of the protocol.
 * Threads: as the look's.
 */
#include "graph/live.h"
#include "run/run.h"
#include "watch/json.h"
#include "watch/look.h"
#include <leat/metrics.h>

#define LOOK_JSON_WHY_BYTES 1024u

struct field {
	const char *name;
	size_t offset; /* of an uint64_t */
};

static void
fields_put(struct leat__json *j, const struct field *fields, size_t n,
	const void *from)
{
	for (size_t k = 0; k < n; k++)
		leat__json_number(j, fields[k].name,
			*(const uint64_t *)(const void *)((const char *)from +
				fields[k].offset));
}

/* ---- the graph ---------------------------------------------------------- */

#define GRAPH_FIELD(field)                                                     \
	{                                                                      \
#field, offsetof(struct leat_graph_stats, field)               \
	}

static const struct field graph_fields[] = {GRAPH_FIELD(read),
	GRAPH_FIELD(made), GRAPH_FIELD(written), GRAPH_FIELD(filtered),
	GRAPH_FIELD(failed), GRAPH_FIELD(folded), GRAPH_FIELD(shed),
	GRAPH_FIELD(dead_lettered), GRAPH_FIELD(skipped), GRAPH_FIELD(given_up),
	GRAPH_FIELD(unfinished), GRAPH_FIELD(source_bytes),
	GRAPH_FIELD(source_bytes_total), GRAPH_FIELD(memory_bytes),
	GRAPH_FIELD(memory_high_bytes), GRAPH_FIELD(memory_bound_bytes)};

static const char *
graph_state(const struct leat_graph *graph, const struct leat_graph_stats *s)
{
	if (s->is_done)
		return "done";
	return leat__load_relaxed(&graph->run->is_draining) ? "draining"
							    : "running";
}

static double
look_seconds(const struct leat_look *look)
{
	return (double)(look->now_ns - look->graph->run->start_ns) / 1e9;
}

/* When it started, since 1970: it is read again each time, and good to about a
 * microsecond while nobody sets the wall clock. */
static double
look_started(const struct leat_look *look)
{
	const struct leat__env *env = look->graph->env;
	int64_t age_ns = env->now_ns(env) - look->graph->run->start_ns;

	return (double)(env->wall_ns(env) - age_ns) / 1e9;
}

static void
graph_put(const struct leat_look *look, struct leat__json *j)
{
	struct leat_graph_stats s = {0};

	leat_graph_stats(look->graph, &s);
	leat__json_text(j, "state", graph_state(look->graph, &s));
	leat__json_real(j, "seconds", look_seconds(look));
	leat__json_real(j, "started", look_started(look));
	leat__json_number(j, "workers", look->graph->n_workers);
	leat__json_open(j, "graph", '{');
	fields_put(j, graph_fields, leat__array_len(graph_fields), &s);
	leat__json_close(j, '}');
}

static void
culprit_put(const struct leat_look *look, struct leat__json *j)
{
	char why[LOOK_JSON_WHY_BYTES];
	struct leat_culprit culprit;

	leat_look_culprit(look, &culprit);
	leat_look_why(look, why, sizeof(why));
	leat__json_text(j, "culprit", culprit.name);
	leat__json_bool(j, "is_stalled", culprit.flags & LEAT_CULPRIT_STALLED);
	leat__json_real(j, "stalled_seconds", (double)culprit.stall_ns / 1e9);
	leat__json_number(j, "stalled_stages", culprit.n_stages);
	leat__json_text(j, "why", why);
}

/* ---- stages ------------------------------------------------------------- */

#define STAGE_FIELD(field)                                                     \
	{                                                                      \
#field, offsetof(struct leat_stage_stats, field)               \
	}

static const struct field stage_fields[] = {STAGE_FIELD(in), STAGE_FIELD(out),
	STAGE_FIELD(read), STAGE_FIELD(made), STAGE_FIELD(filtered),
	STAGE_FIELD(failed), STAGE_FIELD(folded), STAGE_FIELD(written),
	STAGE_FIELD(shed), STAGE_FIELD(dead_lettered), STAGE_FIELD(skipped),
	STAGE_FIELD(given_up), STAGE_FIELD(in_bytes), STAGE_FIELD(out_bytes),
	STAGE_FIELD(in_frames), STAGE_FIELD(out_frames),
	STAGE_FIELD(copied_bytes)};

static const char *
stage_kind(const struct leat_stage_stats *s)
{
	return s->flags & LEAT_STATS_SOURCE  ? "source"
		: s->flags & LEAT_STATS_SINK ? "sink"
					     : "filter";
}

static double
share(uint32_t parts)
{
	return (double)parts / LEAT_LOAD_WHOLE;
}

static void
load_put(const struct leat_look *look, uint32_t k, struct leat__json *j)
{
	const struct leat_load_shares *shares;
	struct leat_stage_load load;

	if (leat_load_stage(look->load, k, &load))
		return;
	shares = look->has_window ? &load.window : &load.total;
	leat__json_real(j, "busy", share(shares->busy));
	leat__json_real(j, "starved", share(shares->starved));
	leat__json_real(j, "blocked", share(shares->blocked));
	leat__json_real(j, "idle", share(shares->idle));
	leat__json_real(j, "score", share(load.score));
}

static void
rates_put(const struct leat__rates *rates, struct leat__json *j)
{
	leat__json_real(j, "in_per_s", rates->in);
	leat__json_real(j, "out_per_s", rates->out);
	leat__json_real(j, "in_bytes_per_s", rates->in_bytes);
	leat__json_real(j, "out_bytes_per_s", rates->out_bytes);
	leat__json_real(j, "read_per_s", rates->read);
	leat__json_real(j, "written_per_s", rates->written);
}

/* Nothing where it is not kept, or nothing has come to it. */
static void
latency_put(const struct leat_graph *graph, uint32_t stage, uint32_t what,
	const char *key, struct leat__json *j)
{
	struct leat_latency l;

	if (leat_latency_read(graph, stage, what, &l) || !l.n)
		return;
	leat__json_open(j, key, '{');
	leat__json_number(j, "n", l.n);
	leat__json_number(j, "mean_ns", l.sum_ns / l.n);
	leat__json_number(j, "p50_ns", l.p50_ns);
	leat__json_number(j, "p90_ns", l.p90_ns);
	leat__json_number(j, "p99_ns", l.p99_ns);
	leat__json_number(j, "p999_ns", l.p999_ns);
	leat__json_number(j, "p9999_ns", l.p9999_ns);
	leat__json_number(j, "longest_ns", l.longest_ns);
	leat__json_close(j, '}');
}

static void
guard_put(const struct leat_hook_stats *stats, struct leat__json *j)
{
	leat__json_open(j, NULL, '{');
	leat__json_text(j, "name", stats->name);
	leat__json_number(j, "repeats", stats->n_again);
	leat__json_number(j, "shed_frames", stats->n_shed);
	leat__json_number(j, "refused_calls", stats->n_refused);
	leat__json_number(j, "elsewhere_frames", stats->n_elsewhere);
	leat__json_real(j, "wait_seconds", (double)stats->wait_ns / 1e9);
	leat__json_close(j, '}');
}

static void
guards_put(const struct leat_graph *graph, uint32_t stage, struct leat__json *j)
{
	struct leat_hook_stats stats;
	uint32_t k = 0;

	if (leat_stage_hook_stats(graph, stage, 0, &stats))
		return;
	leat__json_open(j, "guards", '[');
	while (leat_stage_hook_stats(graph, stage, k++, &stats) == LEAT_OK)
		guard_put(&stats, j);
	leat__json_close(j, ']');
}

/* What it is; another can come in its place meanwhile. */
static const char *
stage_ops(const struct leat_stage *st)
{
	const char *name;

	leat__opts_lock(st->graph);
	name = st->ops.name;
	leat__opts_unlock(st->graph);
	return name;
}

static void
stage_put(const struct leat_look *look, uint32_t k, struct leat__json *j)
{
	const struct leat_stage *st = look->graph->stages[k];
	struct leat_stage_stats s;

	if (leat_stage_stats(look->graph, k, &s))
		return;
	leat__json_open(j, NULL, '{');
	leat__json_text(j, "name", s.name);
	leat__json_text(j, "ops", stage_ops(st));
	leat__json_text(j, "kind", stage_kind(&s));
	leat__json_number(j, "segment", st->segment->number);
	leat__json_number(j, "replicas", st->segment->n_replicas);
	leat__json_bool(j, "is_done", s.flags & LEAT_STATS_DONE);
	leat__json_bool(j, "is_helper", s.flags & LEAT_STATS_HELPER);
	leat__json_bool(j, "is_awaited", s.flags & LEAT_STATS_AWAITED);
	rates_put(&look->rates[k], j);
	load_put(look, k, j);
	fields_put(j, stage_fields, leat__array_len(stage_fields), &s);
	latency_put(look->graph, k, LEAT_LATENCY_CALL, "call", j);
	latency_put(look->graph, k, LEAT_LATENCY_ARRIVAL, "arrival", j);
	guards_put(look->graph, k, j);
	leat__json_close(j, '}');
}

/* ---- links -------------------------------------------------------------- */

void
leat__look_link_put(const struct leat_link_stats *l, struct leat__json *j)
{
	leat__json_open(j, NULL, '{');
	leat__json_text(j, "from", l->from_name);
	leat__json_number(j, "out", l->out);
	leat__json_text(j, "to", l->to_name);
	leat__json_number(j, "in", l->in);
	leat__json_bool(j, "is_fused", l->flags & LEAT_LINK_FUSED);
	leat__json_bool(j, "is_ended", l->flags & LEAT_LINK_ENDED);
	leat__json_bool(j, "is_closed", l->flags & LEAT_LINK_CLOSED);
	leat__json_bool(j, "is_ordered", l->flags & LEAT_LINK_ORDERED);
	leat__json_number(j, "records", l->records);
	leat__json_number(j, "bytes", l->bytes);
	leat__json_number(j, "frames", l->frames);
	leat__json_number(j, "refused", l->refused);
	leat__json_number(j, "window_frames", l->window_frames);
	leat__json_number(j, "credit_frames", l->credit_frames);
	leat__json_number(j, "queued_frames", l->queued_frames);
	leat__json_number(j, "held_frames", l->held_frames);
	leat__json_number(j, "window_bytes", l->window_bytes);
	leat__json_number(j, "flight_bytes", l->flight_bytes);
	leat__json_close(j, '}');
}

static void
lists_put(const struct leat_look *look, struct leat__json *j)
{
	struct leat_link_stats link;
	uint32_t k = 0;

	leat__json_open(j, "stages", '[');
	for (uint32_t s = 0; s < look->graph->n_stages; s++)
		stage_put(look, s, j);
	leat__json_close(j, ']');
	leat__json_open(j, "links", '[');
	while (leat_link_stats(look->graph, k++, &link) == LEAT_OK)
		leat__look_link_put(&link, j);
	leat__json_close(j, ']');
}

int
leat_look_write(const struct leat_look *look, uint32_t flags,
	leat_write_fn write, void *user)
{
	struct leat__json j;

	if (flags)
		return LEAT_EINVAL;
	leat__json_init(&j, write, user);
	leat__json_open(&j, NULL, '{');
	graph_put(look, &j);
	culprit_put(look, &j);
	lists_put(look, &j);
	leat__json_close(&j, '}');
	leat__json_end(&j);
	return LEAT_OK;
}
