/*
 * watch/look.c -- a graph while it runs: rates, and who holds the others up.
 *
 * A load says who is slow, a watchdog who stands still (culprit.c); a window is
 * what both and the rates go by.
 * Keeps: what is told of one tick belongs together.
 * Threads: one at a time for each look; the graph's own go on.
 */
#include <string.h>

#include "run/run.h"
#include "watch/culprit.h"
#include "watch/look.h"

#define LOOK_WINDOW_NS  1000000000u
#define LOOK_STALL_NS   1000000000u
#define LOOK_STALL_MOST (UINT64_C(86400) * 1000000000)

/* ---- rates -------------------------------------------------------------- */

static struct leat__flow
flow_of(const struct leat_graph *graph, uint32_t k)
{
	struct leat_stage_stats s;

	if (leat_stage_stats(graph, k, &s))
		return (struct leat__flow){0};
	return (struct leat__flow){.in = s.in + s.read,
		.out = s.out + s.written,
		.in_bytes = s.in_bytes,
		.out_bytes = s.out_bytes,
		.read = s.read,
		.written = s.written};
}

static double
rate_of(uint64_t before, uint64_t now, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

/* From the beginning of the window to now. */
static void
rates_make(struct leat_look *look, uint32_t k, double seconds,
	struct leat__flow *now_out)
{
	const struct leat__flow *was = &look->flows[k];

	*now_out = flow_of(look->graph, k);
	look->rates[k] =
		(struct leat__rates){rate_of(was->in, now_out->in, seconds),
			rate_of(was->out, now_out->out, seconds),
			rate_of(was->in_bytes, now_out->in_bytes, seconds),
			rate_of(was->out_bytes, now_out->out_bytes, seconds),
			rate_of(was->read, now_out->read, seconds),
			rate_of(was->written, now_out->written, seconds)};
}

/* The first window is told of before it is over. */
static void
look_rates(struct leat_look *look, bool is_over)
{
	int64_t ns = look->now_ns - look->window_ns;
	struct leat__flow now;

	if (ns <= 0 || (look->has_window && !is_over))
		return;
	for (uint32_t k = 0; k < look->graph->n_stages; k++) {
		rates_make(look, k, (double)ns / 1e9, &now);
		if (is_over)
			look->flows[k] = now;
	}
	if (!is_over)
		return;
	look->window_ns = look->now_ns;
	look->has_window = true;
}

/* After the end nothing moves, and what did is told of the whole run. */
static int64_t
look_clock(const struct leat_graph *graph, int64_t now_ns)
{
	int64_t end_ns = leat__load_relaxed(&graph->run->end_ns);

	return end_ns && end_ns < now_ns ? end_ns : now_ns;
}

void
leat_look_tick(struct leat_look *look, int64_t now_ns)
{
	bool is_over = leat_load_tick(look->load, now_ns);

	leat_watchdog_tick(look->dog, now_ns, &look->stall);
	look->now_ns = look_clock(look->graph, now_ns);
	look_rates(look, is_over);
}

/* ---- who ---------------------------------------------------------------- */

static struct leat__sight
look_sight(const struct leat_look *look)
{
	return (struct leat__sight){.graph = look->graph,
		.load = look->load,
		.dog = look->dog,
		.stall = &look->stall,
		.stall_ns = look->opts.stall_ns,
		.window_ns = look->opts.window_ns};
}

void
leat_look_culprit(
	const struct leat_look *look, struct leat_culprit *culprit_out)
{
	struct leat__sight sight = look_sight(look);
	struct leat__culprit found = leat__culprit_find(&sight);

	memset(culprit_out, 0, sizeof(*culprit_out));
	culprit_out->size = (uint32_t)sizeof(*culprit_out);
	culprit_out->stage = LEAT_LOAD_NONE;
	culprit_out->stall_ns = look->stall.ns;
	culprit_out->n_stages = look->stall.n_stages;
	if (found.kind == LEAT__CULPRIT_STALLED)
		culprit_out->flags = LEAT_CULPRIT_STALLED;
	if (found.stage >= look->graph->n_stages)
		return;
	culprit_out->stage = found.stage;
	culprit_out->name = leat__stage_name(look->graph->stages[found.stage]);
}

/* ---- and why ------------------------------------------------------------ */

/* Nobody is to blame: what there is to see at this moment. */
static void
why_moment(const struct leat_look *look, struct leat__text *text)
{
	char now[512];

	leat_graph_why(look->graph, now, sizeof(now));
	if (leat__load_relaxed(&look->graph->run->is_over)) {
		leat__text_add(text, "%s", now);
		return;
	}
	leat__text_add(text,
		"nothing stands still, and no stage holds the others up; just "
		"now: %s",
		now);
}

size_t
leat_look_why(const struct leat_look *look, char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};
	struct leat__sight sight = look_sight(look);
	struct leat__culprit culprit = leat__culprit_find(&sight);

	if (n_bytes)
		buf[0] = '\0';
	leat__culprit_say(&sight, culprit, &text);
	if (culprit.kind == LEAT__CULPRIT_NONE)
		why_moment(look, &text);
	return text.at;
}

/* ---- life --------------------------------------------------------------- */

static int
look_opts(struct leat_look_opts *full, const struct leat_look_opts *opts,
	struct leat_error *err)
{
	LEAT_TRY(leat__opts_copy(
		full, sizeof(*full), opts, "leat_look_opts", err));
	if (full->flags)
		return leat__error(err, LEAT_EINVAL,
			"leat_look_opts: flags are 0x%x; none is known yet",
			full->flags);
	if (!full->window_ns)
		full->window_ns = LOOK_WINDOW_NS;
	if (!full->stall_ns)
		full->stall_ns = LOOK_STALL_NS;
	if (full->stall_ns > LOOK_STALL_MOST)
		return leat__error(err, LEAT_EINVAL,
			"leat_look_opts: stall_ns is %llu; accepted: up to a "
			"day, 86400000000000",
			(unsigned long long)full->stall_ns);
	return LEAT_OK;
}

static int
look_watch(struct leat_look *look, struct leat_error *err)
{
	struct leat_load_opts load = {LEAT_OPTS_INIT(leat_load_opts),
		.window_ns = look->opts.window_ns};

	LEAT_TRY(leat_load_create(look->graph, &load, &look->load, err));
	return leat_watchdog_create(look->graph, &look->dog, err);
}

/* The flows of all stages, and behind them their rates. */
static struct leat_look *
look_alloc(struct leat_graph *graph)
{
	size_t n = graph->n_stages;
	struct leat_look *look = graph->env->alloc(graph->env,
		sizeof(*look) +
			n * (sizeof(*look->flows) + sizeof(*look->rates)));

	if (!look)
		return NULL;
	look->graph = graph;
	look->flows = (struct leat__flow *)(look + 1);
	look->rates = (struct leat__rates *)(look->flows + n);
	return look;
}

int
leat_look_create(struct leat_graph *graph, const struct leat_look_opts *opts,
	struct leat_look **look_out, struct leat_error *err)
{
	struct leat_look_opts full;
	struct leat_look *look;
	int code;

	LEAT_TRY(look_opts(&full, opts, err));
	if (!graph->run)
		return leat__error(err, LEAT_ESTATE,
			"look: this graph has not been started");
	look = look_alloc(graph);
	if (!look)
		return leat__graph_no_memory(err, "a look");
	look->opts = full;
	/* before the first window is over, rates are since the start */
	look->window_ns = graph->run->start_ns;
	code = look_watch(look, err);
	if (code) {
		leat_look_destroy(look);
		return code;
	}
	leat_look_tick(look, graph->env->now_ns(graph->env));
	*look_out = look;
	return LEAT_OK;
}

void
leat_look_destroy(struct leat_look *look)
{
	if (!look)
		return;
	leat_watchdog_destroy(look->dog);
	leat_load_destroy(look->load);
	look->graph->env->free(look->graph->env, look);
}
