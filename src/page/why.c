/*
 * page/why.c -- what holds a graph up, in a sentence.
 *
 * A drain goes before the culprit (watch/culprit.c). Where there is none,
 * shares of the last window are told, which do not change with every look as
 * what is seen in a moment does. Threads: any.
 */
#include <string.h>

#include "page/page.h"
#include "watch/culprit.h"

#define WHY_STALL_NS   UINT64_C(2000000000)
#define WHY_WINDOW_NS  UINT64_C(1000000000)   /* as loads have it */
#define WHY_BUSY_LEAST (LEAT_LOAD_WHOLE / 20) /* below: it waits */
#define WHY_NAMES      3u

static unsigned
percent(uint32_t parts)
{
	return (parts + LEAT_LOAD_WHOLE / 200) / (LEAT_LOAD_WHOLE / 100);
}

/* ---- draining ----------------------------------------------------------- */

static void
why_awaited(const struct leat__page *p, struct leat__text *text)
{
	struct leat_stage_stats stats;
	uint32_t n = 0;

	for (uint32_t k = 0; leat_stage_stats(p->graph, k, &stats) == 0; k++) {
		if (!(stats.flags & LEAT_STATS_AWAITED) || n++ >= WHY_NAMES)
			continue;
		leat__text_add(text, "%s '%s'", n == 1 ? "; waiting for" : ",",
			stats.name);
	}
	if (n > WHY_NAMES)
		leat__text_add(text, " and %u more", n - WHY_NAMES);
}

static bool
why_is_drain(const struct leat__page *p, struct leat__page_why *why,
	struct leat__text *text)
{
	struct leat_drain_stats drain;

	leat_graph_drain_stats(p->graph, &drain);
	if (drain.phase == LEAT_DRAIN_NONE)
		return false;
	why->kind = LEAT__PAGE_WHY_DRAIN;
	leat__text_add(
		text, "Draining: %s", leat_drain_phase_text(drain.phase));
	why_awaited(p, text);
	return true;
}

/* ---- a culprit ---------------------------------------------------------- */

static bool
why_is_culprit(const struct leat__page *p, struct leat__page_why *why,
	struct leat__text *text)
{
	const struct leat__sight sight = {.graph = p->graph,
		.load = p->opts->load,
		.dog = p->opts->dog,
		.stall = p->opts->stall,
		.stall_ns = WHY_STALL_NS,
		.window_ns = WHY_WINDOW_NS};
	struct leat__culprit culprit = leat__culprit_find(&sight);

	if (culprit.kind == LEAT__CULPRIT_NONE)
		return false;
	why->kind = LEAT__PAGE_WHY_SLOW;
	why->stage = culprit.stage;
	if (culprit.kind == LEAT__CULPRIT_STALLED) {
		why->kind = LEAT__PAGE_WHY_STALL;
		leat__text_add(text, "No progress for %.0f s: ",
			(double)p->opts->stall->ns / 1e9);
	}
	leat__culprit_say(&sight, culprit, text);
	return true;
}

/* ---- nothing of the kind ------------------------------------------------ */

static void
why_flow(const struct leat__page *p, struct leat__text *text)
{
	const struct leat_load *load = p->opts->load;
	struct leat_stage_load l, busiest = {.name = NULL};

	for (uint32_t k = 0; load && leat_load_stage(load, k, &l) == 0; k++)
		if (!busiest.name || l.window.busy > busiest.window.busy)
			busiest = l;
	if (busiest.name && busiest.window.busy >= WHY_BUSY_LEAST) {
		leat__text_add(text,
			"Nothing is held up; '%s' is the busiest, for %u %% "
			"of the last second",
			busiest.name, percent(busiest.window.busy));
		return;
	}
	leat__text_add(text, "Nothing is held up: ");
	leat_graph_why(
		p->graph, text->buf + text->at, text->n_bytes - text->at);
	text->at = strlen(text->buf);
}

void
leat__page_why_find(const struct leat__page *p, struct leat__page_why *why_out)
{
	struct leat__text text = {why_out->text, sizeof(why_out->text), 0};

	why_out->kind = LEAT__PAGE_WHY_FLOW;
	why_out->stage = LEAT_LOAD_NONE;
	why_out->text[0] = '\0';
	if (leat_graph_is_over(p->graph)) {
		why_out->kind = LEAT__PAGE_WHY_OVER;
		leat__text_add(&text, "The run has ended");
	} else if (!why_is_drain(p, why_out, &text) &&
		!why_is_culprit(p, why_out, &text)) {
		why_flow(p, &text);
	}
}

void
leat__page_why_put(struct leat__page *p, const char *name)
{
	static const char *const kinds[] = {
		"flow", "slow", "stall", "drain", "over"};
	struct leat__page_why why;

	leat__page_why_find(p, &why);
	leat__json_open(&p->j, name, '{');
	leat__json_text(&p->j, "kind", kinds[why.kind]);
	if (why.stage < p->graph->n_stages)
		leat__json_number(&p->j, "stage", why.stage);
	else
		leat__json_text(&p->j, "stage", NULL);
	leat__json_text(&p->j, "text", why.text);
	leat__json_close(&p->j, '}');
}

void
leat__page_why(struct leat__page *p)
{
	leat__page_why_put(p, NULL);
}
