/*
 * page/graph.c -- what of a graph changes only when somebody changes it: stages
 * with their options and guards, and links.
 *
 * Keeps: the revision is read before the rest, so whatever is older than what
 * it says is not shown; who finds another one in a look reads all anew.
 * Threads: any.
 */
#include <string.h>

#include "graph/live.h"
#include "page/page.h"

/* Of an option; a longer one is cut. */
#define GRAPH_VALUE_BYTES 1024u

/* ---- stages ------------------------------------------------------------- */

static const char *
stage_kind(const struct leat_stage_stats *stats)
{
	return stats->flags & LEAT_STATS_SOURCE  ? "source"
		: stats->flags & LEAT_STATS_SINK ? "sink"
						 : "filter";
}

/* Of n bytes of room three are left for whoever writes stars. */
static bool
option_text(const struct leat_option *option, const void *opts, char *buf,
	size_t n_bytes)
{
	const char *string = leat__option_string(option, opts);
	struct leat__text text = {buf, n_bytes - 4, 0};

	buf[0] = '\0';
	if (string)
		leat__text_add(&text, "%s", string);
	else
		leat__option_print(option, opts, buf, n_bytes - 4);
	return buf[0] != '\0';
}

/* A secret that the end of the room has cut in two is not found again. */
static void
option_put(struct leat__page *p, const struct leat_option *option,
	const void *opts)
{
	const char *string = leat__option_string(option, opts);
	char value[GRAPH_VALUE_BYTES];

	if (!option_text(option, opts, value, sizeof(value)))
		return;
	if (string && strlen(string) > GRAPH_VALUE_BYTES - 5)
		strcpy(value, "(long)");
	leat__page_conceal(p, option->name, value, sizeof(value));
	leat__json_open(&p->j, NULL, '{');
	leat__json_text(&p->j, "name", option->name);
	leat__json_text(&p->j, "value", value);
	leat__json_close(&p->j, '}');
}

/* Which it is, and how it is set; nobody comes in its place meanwhile. */
static void
stage_itself(
	struct leat__page *p, const struct leat_stage *st, const char *kind)
{
	leat__opts_lock(st->graph);
	leat__json_text(&p->j, "name", leat__stage_name(st));
	leat__json_text(&p->j, "stage", st->ops.name);
	leat__json_text(&p->j, "kind", kind);
	leat__json_text(&p->j, "summary", st->ops.summary);
	leat__json_open(&p->j, "options", '[');
	for (uint32_t k = 0; k < st->n_options; k++)
		option_put(p, &st->ops.options[k], st->opts);
	leat__json_close(&p->j, ']');
	leat__opts_unlock(st->graph);
}

static void
guard_put(struct leat__page *p, const struct leat_hook *hook)
{
	const struct leat_option *option = hook->ops.options;

	leat__json_open(&p->j, NULL, '{');
	leat__json_text(&p->j, "name", hook->ops.name);
	leat__json_open(&p->j, "options", '[');
	for (; option && option->name; option++)
		option_put(p, option, hook->opts);
	leat__json_close(&p->j, ']');
	leat__json_close(&p->j, '}');
}

/* With their lock nobody exchanges them. */
static void
stage_guards(struct leat__page *p, const struct leat_stage *st)
{
	struct leat_graph *graph = st->graph;
	const struct leat__hooks *hooks;

	leat__json_open(&p->j, "guards", '[');
	leat__lock_take(&graph->hooks_made, graph->env);
	hooks = leat__load_relaxed(&st->hooks);
	for (uint32_t k = 0; hooks && k < hooks->n; k++)
		guard_put(p, &hooks->at[k]);
	leat__lock_drop(&graph->hooks_made, graph->env);
	leat__json_close(&p->j, ']');
}

static void
stage_put(struct leat__page *p, uint32_t stage)
{
	const struct leat_stage *st = p->graph->stages[stage];
	const struct leat__segment *segment = st->segment;
	struct leat_stage_stats stats;

	if (leat_stage_stats(p->graph, stage, &stats) < 0)
		return;
	leat__json_open(&p->j, NULL, '{');
	stage_itself(p, st, stage_kind(&stats));
	leat__json_bool(&p->j, "is_helper", stats.flags & LEAT_STATS_HELPER);
	leat__json_number(&p->j, "segment", segment->number);
	leat__json_number(&p->j, "replicas", segment->n_replicas);
	leat__json_bool(&p->j, "has_thread", segment->is_blocking);
	stage_guards(p, st);
	leat__json_close(&p->j, '}');
}

/* ---- links -------------------------------------------------------------- */

static void
link_put(struct leat__page *p, const struct leat_link_stats *stats)
{
	leat__json_open(&p->j, NULL, '{');
	leat__json_number(&p->j, "from", stats->from);
	leat__json_number(&p->j, "out", stats->out);
	leat__json_number(&p->j, "to", stats->to);
	leat__json_number(&p->j, "in", stats->in);
	leat__json_bool(&p->j, "is_fused", stats->flags & LEAT_LINK_FUSED);
	leat__json_bool(&p->j, "is_ordered", stats->flags & LEAT_LINK_ORDERED);
	leat__json_close(&p->j, '}');
}

void
leat__page_graph(struct leat__page *p)
{
	const struct leat_graph *graph = p->graph;
	struct leat_link_stats stats;

	leat__json_open(&p->j, NULL, '{');
	leat__json_number(&p->j, "revision", leat__graph_revision(graph));
	leat__json_text(&p->j, "version", leat_version());
	leat__json_number(&p->j, "workers", graph->n_workers);
	leat__json_number(&p->j, "segments", graph->n_segments);
	leat__json_open(&p->j, "stages", '[');
	for (uint32_t k = 0; k < graph->n_stages; k++)
		stage_put(p, k);
	leat__json_close(&p->j, ']');
	leat__json_open(&p->j, "links", '[');
	for (uint32_t k = 0; leat_link_stats(graph, k, &stats) == 0; k++)
		link_put(p, &stats);
	leat__json_close(&p->j, ']');
	leat__json_close(&p->j, '}');
}
