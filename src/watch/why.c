/*
 * watch/why.c -- why nothing moves, in one sentence.
 *
 * First the one that all wait for and what it waits for itself, then who waits
 * for it directly, then how many stand behind those, last who stops next: the
 * sender with the least room of those that still move and send to one that
 * stands still. "'write' has waited for the outside to take something for 12 s:
 * 'format' has waited for room to it for 12 s (4 of 4 frames are there), 2 more
 * stand behind; next to stop is 'read', in 3 frames".
 * Threads: any. Allocates nothing: each is followed to its end anew.
 */
#include <string.h>

#include "watch/wait.h"

#define WHY_WAITERS 3u /* that are named */

struct why {
	const struct leat_graph *graph;
	const struct leat__segment *root;
	int64_t now_ns;
	struct leat__text *text;
	uint32_t n_direct;
	uint32_t n_behind;
	uint32_t next_frames; /* of who stops next */
	const struct leat_stage *next;
};

static void
why_time(const struct why *why, int64_t since_ns)
{
	int64_t ns = why->now_ns - since_ns;

	if (ns < 0)
		ns = 0;
	if (ns < 1000000)
		leat__text_add(why->text, " for %lld us", (long long)ns / 1000);
	else if (ns < 1000000000)
		leat__text_add(
			why->text, " for %lld ms", (long long)ns / 1000000);
	else
		leat__text_add(why->text, " for %.1f s", (double)ns / 1e9);
}

/* ---- the one that all wait for ------------------------------------------ */

/* Who has had a worker for longest, that others wait for. */
static void
why_worker(const struct why *why)
{
	const struct leat_graph *graph = why->graph;
	struct leat__wait wait, longest = {.since_ns = INT64_MAX};

	for (uint32_t k = 0; k < graph->n_segments; k++) {
		if (graph->segments[k].is_blocking)
			continue;
		leat__wait_of(&graph->segments[k], &wait);
		if (wait.kind >= LEAT__WAIT_TAKE &&
			wait.since_ns < longest.since_ns)
			longest = wait;
	}
	if (!longest.stage)
		return;
	leat__text_add(why->text, ", and '%s' has had one",
		leat__stage_name(longest.stage));
	why_time(why, longest.since_ns);
}

static void
why_root(const struct why *why)
{
	static const char *const words[] = {
		[LEAT__WAIT_OVER] = "has ended",
		[LEAT__WAIT_INPUT] = "is about to get what it has waited for",
		[LEAT__WAIT_WORKER] = "has been ready, without a worker,",
		[LEAT__WAIT_ROOM] =
			"is about to get the room it has waited for",
		[LEAT__WAIT_TAKE] =
			"has waited for the outside to take something",
		[LEAT__WAIT_GIVE] =
			"has waited for the outside to give something",
		[LEAT__WAIT_GUARD] = "has waited in a guard",
		[LEAT__WAIT_CALL] = "has been at work",
	};
	struct leat__wait wait;

	leat__wait_of(why->root, &wait);
	if (wait.on)
		leat__text_add(why->text, "'%s' and '%s' wait for each other",
			leat__stage_name(wait.stage),
			leat__stage_name(wait.on->stages[0]));
	else
		leat__text_add(why->text, "'%s' %s",
			leat__stage_name(wait.stage), words[wait.kind]);
	if (wait.kind != LEAT__WAIT_OVER)
		why_time(why, wait.since_ns);
	if (wait.kind == LEAT__WAIT_WORKER)
		why_worker(why);
}

/* ---- those that wait ---------------------------------------------------- */

/* What waits at the other ins of one that waits for this. */
static void
why_others(const struct why *why, const struct leat__wait *wait)
{
	const struct leat_stage *st = wait->stage;
	uint32_t n = 0;

	for (uint32_t k = 0; k < st->n_ins; k++)
		if (st->ins[k] != wait->link)
			n += leat__wait_flight(st->ins[k]);
	if (n)
		leat__text_add(why->text,
			" while %u frame%s wait%s for it at "
			"its other ins",
			n, n == 1 ? "" : "s", n == 1 ? "s" : "");
}

static void
why_waiter(const struct why *why, const struct leat__wait *wait)
{
	const struct leat__link *link = wait->link;

	leat__text_add(why->text, "%s '%s' has waited for ",
		why->n_direct == 1 ? ":" : ",", leat__stage_name(wait->stage));
	if (wait->kind == LEAT__WAIT_INPUT) {
		leat__text_add(why->text, "its frames");
		why_time(why, wait->since_ns);
		why_others(why, wait);
		return;
	}
	leat__text_add(why->text, "%s", link ? "room to it" : "it to get on");
	why_time(why, wait->since_ns);
	if (link)
		leat__text_add(why->text, " (%u of %u frame%s there)",
			leat__wait_flight(link), link->capacity_frames,
			link->capacity_frames == 1 ? " is" : "s are");
}

static void
why_look(struct why *why, const struct leat__segment *segment)
{
	struct leat__wait wait;

	leat__wait_of(segment, &wait);
	if (!wait.on || segment == why->root)
		return;
	if (wait.on != why->root) {
		why->n_behind +=
			leat__wait_root(why->graph, wait.on) == why->root;
		return;
	}
	why->n_direct++;
	if (why->n_direct <= WHY_WAITERS)
		why_waiter(why, &wait);
	else
		why->n_behind++;
}

/* ---- who is next -------------------------------------------------------- */

static bool
why_stands(const struct why *why, const struct leat__segment *segment)
{
	return leat__wait_root(why->graph, segment) == why->root;
}

static void
why_next_link(struct why *why, const struct leat__link *link)
{
	uint32_t n_frames;

	if (link->is_fused || leat__chan_is_over(&link->chan) ||
		!why_stands(why, link->to->segment) ||
		why_stands(why, link->from->segment))
		return;
	n_frames = link->capacity_frames - leat__wait_flight(link);
	if (why->next && n_frames >= why->next_frames)
		return;
	why->next = link->from;
	why->next_frames = n_frames;
}

static void
why_next(struct why *why)
{
	const struct leat_graph *graph = why->graph;

	for (uint32_t k = 0; k < graph->n_links; k++)
		why_next_link(why, graph->links[k]);
	if (why->next)
		leat__text_add(why->text,
			"; next to stop is '%s', in %u frame%s",
			leat__stage_name(why->next), why->next_frames,
			why->next_frames == 1 ? "" : "s");
	else if (why->n_direct)
		leat__text_add(why->text, "; nothing that leads to it moves");
}

void
leat__why(const struct leat_graph *graph, const struct leat__segment *from,
	struct leat__text *text)
{
	struct why why = {.graph = graph,
		.root = leat__wait_root(graph, from),
		.now_ns = graph->env->now_ns(graph->env),
		.text = text};

	why_root(&why);
	for (uint32_t k = 0; k < graph->n_segments; k++)
		why_look(&why, &graph->segments[k]);
	if (why.n_behind)
		leat__text_add(text, ", %u more %s behind", why.n_behind,
			why.n_behind == 1 ? "stands" : "stand");
	why_next(&why);
}

/* With work, for longest; where nobody has any, the last that has not ended. */
static const struct leat__segment *
why_from(const struct leat_graph *graph)
{
	const struct leat__segment *from = NULL, *live = NULL;
	int64_t since_ns = INT64_MAX;
	struct leat__wait wait;

	for (uint32_t k = 0; k < graph->n_segments; k++) {
		const struct leat__segment *segment = &graph->segments[k];

		leat__wait_of(segment, &wait);
		if (wait.kind != LEAT__WAIT_OVER)
			live = segment;
		if (wait.since_ns >= since_ns ||
			!leat__wait_has_work(segment, &wait))
			continue;
		since_ns = wait.since_ns;
		from = segment;
	}
	return from ? from : live;
}

size_t
leat_graph_why(const struct leat_graph *graph, char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};
	const struct leat__segment *from;

	if (n_bytes)
		buf[0] = '\0';
	if (!graph->run)
		return 0;
	from = why_from(graph);
	if (from)
		leat__why(graph, from, &text);
	else
		leat__text_add(&text, "all stages have ended");
	return text.at;
}
