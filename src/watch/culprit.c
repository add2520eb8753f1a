/*
 * watch/culprit.c -- who holds a graph up: what stands still goes before what
 * is slow, and that before what waits for the outside.
 *
 * A sink is blocked while nobody takes what it writes, or while a guard holds
 * it back. It has nothing to do itself then, so that by its load it is not
 * slow. Keeps: the one that is found is the one that the sentence names first.
 * Threads: any; one at a time for each load and watchdog.
 */
#include <string.h>

#include "run/run.h"
#include "watch/culprit.h"

#define CULPRIT_BLOCKED_LEAST (LEAT_LOAD_WHOLE / 2)

static double
share_percent(uint32_t parts)
{
	return (double)parts * 100 / LEAT_LOAD_WHOLE;
}

static double
sight_seconds(const struct leat__sight *sight)
{
	return (double)sight->window_ns / 1e9;
}

/* ---- who ---------------------------------------------------------------- */

/* The sink that was blocked for most of the window. */
static uint32_t
find_outside(const struct leat__sight *sight)
{
	uint32_t most = CULPRIT_BLOCKED_LEAST, found = LEAT_LOAD_NONE;
	struct leat_stage_stats stats;
	struct leat_stage_load load;

	for (uint32_t k = 0; leat_stage_stats(sight->graph, k, &stats) == 0;
		k++) {
		if (!(stats.flags & LEAT_STATS_SINK) ||
			leat_load_stage(sight->load, k, &load) < 0 ||
			load.window.blocked < most)
			continue;
		most = load.window.blocked;
		found = k;
	}
	return found;
}

struct leat__culprit
leat__culprit_find(const struct leat__sight *sight)
{
	uint32_t stage;

	if (sight->dog && sight->stall && sight->stall->ns >= sight->stall_ns)
		return (struct leat__culprit){
			LEAT__CULPRIT_STALLED, sight->stall->stage};
	if (!sight->load)
		return (struct leat__culprit){
			LEAT__CULPRIT_NONE, LEAT_LOAD_NONE};
	stage = leat_load_bottleneck(sight->load);
	if (stage != LEAT_LOAD_NONE)
		return (struct leat__culprit){LEAT__CULPRIT_SLOW, stage};
	stage = find_outside(sight);
	return (struct leat__culprit){stage == LEAT_LOAD_NONE
			? LEAT__CULPRIT_NONE
			: LEAT__CULPRIT_OUTSIDE,
		stage};
}

/* ---- slow --------------------------------------------------------------- */

static uint32_t
share_of(const struct leat__sight *sight, uint32_t stage, bool is_sender)
{
	struct leat_stage_load load;

	if (leat_load_stage(sight->load, stage, &load))
		return 0;
	return is_sender ? load.window.blocked : load.window.starved;
}

/* Of those that send to a stage, or get from it, who waits for it most. */
static void
say_neighbour(const struct leat__sight *sight, const struct leat_stage *st,
	bool is_sender, struct leat__text *text)
{
	uint32_t n = is_sender ? st->n_ins : st->n_outs, most = 0;
	const struct leat_stage *who = NULL;

	for (uint32_t k = 0; k < n; k++) {
		const struct leat_stage *other =
			is_sender ? st->ins[k]->from : st->outs[k]->to;
		uint32_t share = share_of(sight, other->number, is_sender);

		if (share <= most)
			continue;
		most = share;
		who = other;
	}
	if (who)
		leat__text_add(text, "; '%s' %s it waited %s for %.0f %%",
			leat__stage_name(who), is_sender ? "before" : "behind",
			is_sender ? "for room" : "for its frames",
			share_percent(most));
}

static void
say_slow(const struct leat__sight *sight, uint32_t stage,
	struct leat__text *text)
{
	const struct leat_stage *st = sight->graph->stages[stage];
	struct leat_stage_load load;

	if (leat_load_stage(sight->load, stage, &load))
		return;
	leat__text_add(text,
		"'%s' is the slowest: busy for %.0f %% of the last %.1f s",
		leat__stage_name(st), share_percent(load.window.busy),
		sight_seconds(sight));
	say_neighbour(sight, st, true, text);
	say_neighbour(sight, st, false, text);
}

/* ---- held up from outside ----------------------------------------------- */

/* The guard that has made a stage wait for most of the time that it was
 * blocked; NULL = none. */
static const char *
guard_of(const struct leat__sight *sight, uint32_t stage, uint32_t blocked)
{
	const struct leat__run *run = sight->graph->run;
	int64_t ns = run->env->now_ns(run->env) - run->start_ns;
	double least_ns = (double)ns * blocked / LEAT_LOAD_WHOLE / 2;
	struct leat_hook_stats stats;

	for (uint32_t k = 0;
		leat_stage_hook_stats(sight->graph, stage, k, &stats) == 0; k++)
		if ((double)stats.wait_ns > least_ns)
			return stats.name;
	return NULL;
}

static void
say_outside(const struct leat__sight *sight, uint32_t stage,
	struct leat__text *text)
{
	const char *name = leat__stage_name(sight->graph->stages[stage]),
		   *guard;
	struct leat_stage_load load;

	if (leat_load_stage(sight->load, stage, &load) < 0)
		return;
	guard = guard_of(sight, stage, load.total.blocked);
	if (guard)
		leat__text_add(
			text, "'%s' waited in its guard @%s", name, guard);
	else
		leat__text_add(text,
			"'%s' waited for the outside to take its output", name);
	leat__text_add(text,
		", for %.0f %% of the last %.1f s, and the others wait for it",
		share_percent(load.window.blocked), sight_seconds(sight));
}

/* ---- the sentence ------------------------------------------------------- */

void
leat__culprit_say(const struct leat__sight *sight, struct leat__culprit culprit,
	struct leat__text *text)
{
	size_t room = text->at < text->n_bytes ? text->n_bytes - text->at : 0;

	if (culprit.kind == LEAT__CULPRIT_STALLED)
		text->at += leat_watchdog_why(
			sight->dog, room ? text->buf + text->at : NULL, room);
	else if (culprit.kind == LEAT__CULPRIT_SLOW)
		say_slow(sight, culprit.stage, text);
	else if (culprit.kind == LEAT__CULPRIT_OUTSIDE)
		say_outside(sight, culprit.stage, text);
}
