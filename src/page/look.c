/*
 * page/look.c -- what changes while a graph runs, in one look: all that the
 * page shows each second.
 *
 * Names are not repeated: stages and links stand in the order of /api/graph,
 * which is to be read anew when revision is another than there.
 * Threads: any.
 */
#include <stddef.h>
#include <string.h>

#include "page/page.h"

/* ---- fields of structs -------------------------------------------------- */

struct look_field {
	const char *name;
	size_t offset;
	bool is_short; /* uint32_t, else uint64_t */
};

static void
fields_put(struct leat__page *p, const struct look_field *fields, size_t n,
	const void *from)
{
	for (size_t k = 0; k < n; k++) {
		const char *at = (const char *)from + fields[k].offset;
		uint64_t value = 0;
		uint32_t small;

		if (fields[k].is_short) {
			memcpy(&small, at, sizeof(small));
			value = small;
		} else {
			memcpy(&value, at, sizeof(value));
		}
		leat__json_number(&p->j, fields[k].name, value);
	}
}

#define LOOK_FIELD(type, field)                                                \
	{                                                                      \
#field, offsetof(struct type, field),                          \
			sizeof(((struct type *)0)->field) == sizeof(uint32_t)  \
	}

static const struct look_field graph_fields[] = {
	LOOK_FIELD(leat_graph_stats, read),
	LOOK_FIELD(leat_graph_stats, made),
	LOOK_FIELD(leat_graph_stats, written),
	LOOK_FIELD(leat_graph_stats, filtered),
	LOOK_FIELD(leat_graph_stats, failed),
	LOOK_FIELD(leat_graph_stats, folded),
	LOOK_FIELD(leat_graph_stats, shed),
	LOOK_FIELD(leat_graph_stats, dead_lettered),
	LOOK_FIELD(leat_graph_stats, skipped),
	LOOK_FIELD(leat_graph_stats, given_up),
	LOOK_FIELD(leat_graph_stats, source_bytes),
	LOOK_FIELD(leat_graph_stats, source_bytes_total),
	LOOK_FIELD(leat_graph_stats, memory_bytes),
	LOOK_FIELD(leat_graph_stats, memory_high_bytes),
	LOOK_FIELD(leat_graph_stats, memory_bound_bytes),
};

static const struct look_field stage_fields[] = {
	LOOK_FIELD(leat_stage_stats, in),
	LOOK_FIELD(leat_stage_stats, out),
	LOOK_FIELD(leat_stage_stats, read),
	LOOK_FIELD(leat_stage_stats, made),
	LOOK_FIELD(leat_stage_stats, written),
	LOOK_FIELD(leat_stage_stats, in_bytes),
	LOOK_FIELD(leat_stage_stats, out_bytes),
	LOOK_FIELD(leat_stage_stats, failed),
	LOOK_FIELD(leat_stage_stats, shed),
};

static const struct look_field link_fields[] = {
	LOOK_FIELD(leat_link_stats, records),
	LOOK_FIELD(leat_link_stats, bytes),
	LOOK_FIELD(leat_link_stats, window_frames),
	LOOK_FIELD(leat_link_stats, credit_frames),
	LOOK_FIELD(leat_link_stats, queued_frames),
	LOOK_FIELD(leat_link_stats, held_frames),
};

/* ---- the graph ---------------------------------------------------------- */

/* How it came to its end; what went wrong is written, too. */
static const char *
look_result(struct leat__page *p, const struct leat_graph_stats *stats)
{
	struct leat_error err = {0};
	int code = leat_graph_wait(p->graph, 0, &err);

	if (code == LEAT_OK)
		return stats->is_drained ? "drained" : "done";
	if (code == LEAT_ECANCELED)
		return "cancelled";
	leat__page_conceal(p, NULL, err.text, sizeof(err.text));
	leat__json_text(&p->j, "error", err.text);
	leat__json_text(&p->j, "error_stage", err.stage);
	return "failed";
}

static void
look_state(struct leat__page *p, const struct leat_graph_stats *stats)
{
	struct leat_drain_stats drain;

	leat_graph_drain_stats(p->graph, &drain);
	if (leat_graph_is_over(p->graph)) {
		leat__json_text(&p->j, "state", "ended");
		leat__json_text(&p->j, "result", look_result(p, stats));
		leat__json_bool(&p->j, "is_balanced", stats->is_balanced);
		return;
	}
	leat__json_text(&p->j, "state",
		drain.phase == LEAT_DRAIN_NONE ? "running" : "draining");
}

static void
look_graph(struct leat__page *p, const struct leat_graph_stats *stats)
{
	struct leat_flight flight;

	leat_graph_flight(p->graph, &flight);
	leat__json_open(&p->j, "graph", '{');
	fields_put(p, graph_fields, leat__array_len(graph_fields), stats);
	leat__json_number(&p->j, "in_flight_least", flight.least);
	leat__json_number(&p->j, "in_flight_most", flight.most);
	leat__json_close(&p->j, '}');
}

/* Until the end, and no further. */
static uint64_t
look_at_ms(const struct leat_graph *graph)
{
	int64_t end_ns = leat__load_relaxed(&graph->run->end_ns);
	int64_t now_ns = graph->env->now_ns(graph->env);

	if (end_ns && end_ns < now_ns)
		now_ns = end_ns;
	return (uint64_t)(now_ns - graph->run->start_ns) / 1000000;
}

/* ---- stages and links --------------------------------------------------- */

static void
look_share(struct leat__page *p, const char *name, uint32_t parts)
{
	leat__json_real(&p->j, name, (double)parts / LEAT_LOAD_WHOLE);
}

void
leat__page_shares(struct leat__page *p, const struct leat_load_shares *shares)
{
	look_share(p, "busy", shares->busy);
	look_share(p, "starved", shares->starved);
	look_share(p, "blocked", shares->blocked);
	look_share(p, "idle", shares->idle);
}

static void
look_stage(struct leat__page *p, uint32_t k)
{
	const struct leat_load *load = p->opts->load;
	struct leat_stage_stats stats;
	struct leat_stage_load shares;

	if (leat_stage_stats(p->graph, k, &stats) < 0)
		return;
	leat__json_open(&p->j, NULL, '{');
	fields_put(p, stage_fields, leat__array_len(stage_fields), &stats);
	leat__json_bool(&p->j, "is_done", stats.flags & LEAT_STATS_DONE);
	if (load && leat_load_stage(load, k, &shares) == 0)
		leat__page_shares(p,
			leat_graph_is_over(p->graph) ? &shares.total
						     : &shares.window);
	leat__json_close(&p->j, '}');
}

static void
look_link(struct leat__page *p, const struct leat_link_stats *stats)
{
	leat__json_open(&p->j, NULL, '{');
	fields_put(p, link_fields, leat__array_len(link_fields), stats);
	leat__json_bool(&p->j, "is_ended", stats->flags & LEAT_LINK_ENDED);
	leat__json_close(&p->j, '}');
}

static void
look_all(struct leat__page *p)
{
	struct leat_link_stats link;

	leat__json_open(&p->j, "stages", '[');
	for (uint32_t k = 0; k < p->graph->n_stages; k++)
		look_stage(p, k);
	leat__json_close(&p->j, ']');
	leat__json_open(&p->j, "links", '[');
	for (uint32_t k = 0; leat_link_stats(p->graph, k, &link) == 0; k++)
		look_link(p, &link);
	leat__json_close(&p->j, ']');
}

void
leat__page_look(struct leat__page *p)
{
	uint64_t revision = leat__graph_revision(p->graph);
	struct leat_graph_stats stats;

	leat_graph_stats(p->graph, &stats);
	leat__json_open(&p->j, NULL, '{');
	leat__json_number(&p->j, "at_ms", look_at_ms(p->graph));
	look_state(p, &stats);
	leat__page_why_put(p, "why");
	leat__json_number(&p->j, "revision", revision);
	look_graph(p, &stats);
	look_all(p);
	leat__json_close(&p->j, '}');
}
