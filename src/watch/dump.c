/*
 * watch/dump.c -- what a graph is about, for whoever looks for a mistake: the
 * tree of its contexts, its segments with whom they wait for, its links.
 *
 * Threads: any. Allocates nothing; the picture is of a moment, piece by piece.
 */
#include <stdio.h>
#include <string.h>

#include "watch/json.h"
#include "watch/look.h"
#include "watch/wait.h"

#define DUMP_LINE_BYTES 512u

struct dump {
	struct leat_graph *graph;
	leat_write_fn write;
	void *user;
	int64_t now_ns;
};

static const char *
wait_text(enum leat__wait_kind kind)
{
	static const char *const texts[] = {
		[LEAT__WAIT_OVER] = "over",
		[LEAT__WAIT_INPUT] = "waits for input",
		[LEAT__WAIT_WORKER] = "waits for a worker",
		[LEAT__WAIT_ROOM] = "waits for room",
		[LEAT__WAIT_TAKE] = "waits for the outside to take",
		[LEAT__WAIT_GIVE] = "waits for the outside to give",
		[LEAT__WAIT_GUARD] = "waits in a guard",
		[LEAT__WAIT_CALL] = "at work",
	};

	return texts[kind];
}

static double
wait_seconds(const struct dump *d, const struct leat__wait *wait)
{
	int64_t ns = d->now_ns - wait->since_ns;

	return ns > 0 ? (double)ns / 1e9 : 0;
}

/* ---- text --------------------------------------------------------------- */

LEAT_PRINTF(2, 3)
static void
text_line(const struct dump *d, const char *format, ...)
{
	char line[DUMP_LINE_BYTES];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n > 0)
		d->write(d->user, line,
			leat__min_u64((uint64_t)n, sizeof(line) - 1));
}

static void
text_stage(const struct dump *d, uint32_t number)
{
	struct leat_stage_stats s;

	if (leat_stage_stats(d->graph, number, &s))
		return;
	text_line(d,
		"    %s: %llu records in, %llu out; %llu frames in, %llu out%s"
		"\n",
		s.name, (unsigned long long)s.in, (unsigned long long)s.out,
		(unsigned long long)s.in_frames,
		(unsigned long long)s.out_frames,
		s.flags & LEAT_STATS_DONE ? ", ended" : "");
}

static void
text_segment(const struct dump *d, const struct leat__segment *segment)
{
	struct leat__wait wait;

	leat__wait_of(segment, &wait);
	text_line(d, "  segment %u: %s, '%s', for %.3f s", segment->number,
		wait_text(wait.kind), leat__stage_name(wait.stage),
		wait_seconds(d, &wait));
	if (wait.on)
		text_line(d, ", on '%s'",
			wait.link == NULL ? leat__stage_name(wait.on->stages[0])
				: wait.kind == LEAT__WAIT_ROOM
				? leat__stage_name(wait.link->to)
				: leat__stage_name(wait.link->from));
	text_line(d, "; %u task%s, %s\n", segment->n_replicas,
		segment->n_replicas == 1 ? "" : "s",
		segment->is_blocking ? "a thread of its own" : "by workers");
	for (uint32_t k = 0; k < segment->n_stages; k++)
		text_stage(d, segment->stages[k]->number);
}

static void
text_link(const struct dump *d, const struct leat_link_stats *l)
{
	text_line(d, "  %s.%u -> %s.%u: ", l->from_name, l->out, l->to_name,
		l->in);
	if (l->flags & LEAT_LINK_FUSED)
		text_line(d, "fused");
	else
		text_line(d, "%u queued, %u held, credit %u, of %u frames",
			l->queued_frames, l->held_frames, l->credit_frames,
			l->window_frames);
	text_line(d, "; %llu records, %llu frames%s%s\n",
		(unsigned long long)l->records, (unsigned long long)l->frames,
		l->flags & LEAT_LINK_ENDED ? ", ended" : "",
		l->flags & LEAT_LINK_CLOSED ? ", closed" : "");
}

static void
dump_text(const struct dump *d)
{
	struct leat_link_stats link;

	text_line(d, "contexts\n");
	(void)!leat_ctx_dump(d->graph->ctx, 0, 0, d->write, d->user);
	text_line(d, "tasks\n");
	for (uint32_t k = 0; k < d->graph->n_segments; k++)
		text_segment(d, &d->graph->segments[k]);
	text_line(d, "links\n");
	for (uint32_t k = 0; leat_link_stats(d->graph, k, &link) == LEAT_OK;
		k++)
		text_link(d, &link);
}

/* ---- JSON --------------------------------------------------------------- */

static void
json_segment(const struct dump *d, struct leat__json *j,
	const struct leat__segment *segment)
{
	struct leat__wait wait;

	leat__wait_of(segment, &wait);
	leat__json_open(j, NULL, '{');
	leat__json_number(j, "segment", segment->number);
	leat__json_text(j, "does", wait_text(wait.kind));
	leat__json_text(j, "stage", leat__stage_name(wait.stage));
	leat__json_real(j, "seconds", wait_seconds(d, &wait));
	leat__json_text(
		j, "on", wait.on ? leat__stage_name(wait.on->stages[0]) : NULL);
	leat__json_number(j, "tasks", segment->n_replicas);
	leat__json_bool(j, "has_thread", segment->is_blocking);
	leat__json_open(j, "stages", '[');
	for (uint32_t k = 0; k < segment->n_stages; k++)
		leat__json_text(j, NULL, leat__stage_name(segment->stages[k]));
	leat__json_close(j, ']');
	leat__json_close(j, '}');
}

/* No line ends stand inside of strings: all is one line without them. */
static void
json_one_line(void *user, const char *text, size_t n_bytes)
{
	const struct dump *d = user;

	while (n_bytes) {
		const char *end = memchr(text, '\n', n_bytes);
		size_t n = end ? (size_t)(end - text) : n_bytes;

		if (n)
			d->write(d->user, text, n);
		n += end ? 1 : 0;
		text += n;
		n_bytes -= n;
	}
}

/* What the contexts write themselves goes between pieces of ours. */
static void
dump_json(struct dump *d)
{
	struct leat_link_stats link;
	struct leat__json j;

	leat__json_init(&j, d->write, d->user);
	leat__json_open(&j, NULL, '{');
	leat__json_raw(&j, "contexts", "", 0);
	leat__json_end(&j);
	(void)!leat_ctx_dump(
		d->graph->ctx, LEAT_DUMP_JSON, 0, json_one_line, d);
	leat__json_open(&j, "tasks", '[');
	for (uint32_t k = 0; k < d->graph->n_segments; k++)
		json_segment(d, &j, &d->graph->segments[k]);
	leat__json_close(&j, ']');
	leat__json_open(&j, "links", '[');
	for (uint32_t k = 0; leat_link_stats(d->graph, k, &link) == LEAT_OK;
		k++)
		leat__look_link_put(&link, &j);
	leat__json_close(&j, ']');
	leat__json_close(&j, '}');
	leat__json_end(&j);
}

int
leat_graph_dump(struct leat_graph *graph, uint32_t flags, leat_write_fn write,
	void *user)
{
	struct dump d = {graph, write, user, graph->env->now_ns(graph->env)};

	if (flags & ~LEAT_DUMP_JSON)
		return LEAT_EINVAL;
	if (!graph->run)
		return LEAT_ESTATE;
	if (flags & LEAT_DUMP_JSON)
		dump_json(&d);
	else
		dump_text(&d);
	return LEAT_OK;
}
