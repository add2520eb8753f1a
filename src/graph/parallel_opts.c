/*
 * graph/parallel_opts.c -- the options of `parallel`: their table, their
 * defaults, their limits.
 *
 * Keeps: what is taken is filled in and fits together; the text of `by` lives
 * as long as the graph.
 * Threads: the one that builds the graph.
 */
#include <stddef.h>
#include <string.h>

#include "graph/parallel.h"

#define PARALLEL_GROW_QUEUE   80u
#define PARALLEL_GROW_RATE    150u
#define PARALLEL_GROW_DELAY   200u
#define PARALLEL_SHRINK_QUEUE 20u
#define PARALLEL_SHRINK_RATE  70u
#define PARALLEL_WINDOW_NS    INT64_C(1000000000)
#define PARALLEL_COOLDOWN_NS  INT64_C(5000000000)
#define PARALLEL_PERCENT_MAX  100000
#define PARALLEL_PREDICT_MAX  60

#define PARALLEL_OPTION(field) offsetof(struct leat_parallel_opts, field)
#define PARALLEL_PERCENT(option_name, option_fallback, option_help)            \
	{                                                                      \
		.name = #option_name, .type = LEAT_OPTION_UINT,                \
		.offset = PARALLEL_OPTION(option_name), .min = 1,              \
		.max = PARALLEL_PERCENT_MAX, .fallback = (option_fallback),    \
		.unit = "percent", .help = (option_help)                       \
	}

const struct leat_option leat__parallel_options[] = {
	{.name = "by",
		.type = LEAT_OPTION_STRING,
		.offset = PARALLEL_OPTION(by),
		.help = "column; equal records go to the same replica"},
	{.name = "start",
		.type = LEAT_OPTION_UINT,
		.offset = PARALLEL_OPTION(start),
		.min = 1,
		.max = LEAT_PARALLEL_MAX,
		.help = "replicas at work in the beginning"},
	PARALLEL_PERCENT(grow_queue, "80", "more if more of the queue is full"),
	PARALLEL_PERCENT(grow_rate, "150", "and the rate is above its mean"),
	PARALLEL_PERCENT(grow_delay, "200", "or the p99 of the delay is"),
	PARALLEL_PERCENT(shrink_queue, "20", "fewer if no more is full"),
	PARALLEL_PERCENT(shrink_rate, "70", "and the rate is below its mean"),
	{.name = "predict",
		.type = LEAT_OPTION_UINT,
		.offset = PARALLEL_OPTION(predict),
		.max = PARALLEL_PREDICT_MAX,
		.fallback = "0",
		.unit = "windows",
		.help = "look so far ahead, by the trend"},
	{.name = "window",
		.type = LEAT_OPTION_DURATION,
		.offset = PARALLEL_OPTION(window_ns),
		.min = 1,
		.max = LEAT__QUANTUM_NS_MAX,
		.fallback = "1s",
		.help = "between two looks"},
	{.name = "cooldown",
		.type = LEAT_OPTION_DURATION,
		.offset = PARALLEL_OPTION(cooldown_ns),
		.min = 1,
		.max = LEAT__QUANTUM_NS_MAX,
		.fallback = "5s",
		.help = "no change after a change"},
	{.name = NULL},
};

static uint64_t
or_default(uint64_t given, uint64_t fallback)
{
	return given ? given : fallback;
}

static void
opts_fill(struct leat_parallel_opts *o, const struct leat_graph *graph)
{
	if (!o->most)
		o->most =
			(uint32_t)leat__max_u64(o->least, graph->opts.workers);
	if (!o->least)
		o->least = o->most;
	o->grow_queue = or_default(o->grow_queue, PARALLEL_GROW_QUEUE);
	o->grow_rate = or_default(o->grow_rate, PARALLEL_GROW_RATE);
	o->grow_delay = or_default(o->grow_delay, PARALLEL_GROW_DELAY);
	o->shrink_queue = or_default(o->shrink_queue, PARALLEL_SHRINK_QUEUE);
	o->shrink_rate = or_default(o->shrink_rate, PARALLEL_SHRINK_RATE);
	o->window_ns = o->window_ns ? o->window_ns : PARALLEL_WINDOW_NS;
	o->cooldown_ns = o->cooldown_ns ? o->cooldown_ns : PARALLEL_COOLDOWN_NS;
	if (o->by && !*o->by)
		o->by = NULL;
}

static int
opts_check_count(const struct leat_parallel_opts *o, struct leat_error *err)
{
	if (o->is_ordered > 1)
		return leat__error(err, LEAT_EINVAL,
			"parallel: is_ordered is %u; accepted: 0 or 1",
			o->is_ordered);
	if (o->most > LEAT_PARALLEL_MAX || o->least > o->most)
		return leat__error(err, LEAT_EINVAL,
			"parallel: from %u to %u replicas; accepted: a number "
			"or n..m, from 1 to %u (LEAT_PARALLEL_MAX), the lesser "
			"first",
			o->least, o->most, LEAT_PARALLEL_MAX);
	if (o->start && (o->start < o->least || o->start > o->most))
		return leat__error(err, LEAT_EINVAL,
			"parallel: start is %llu; accepted: %u to %u",
			(unsigned long long)o->start, o->least, o->most);
	return LEAT_OK;
}

/* Each number by itself, then against each other. */
static int
opts_check_limits(const struct leat_parallel_opts *o, struct leat_error *err)
{
	const struct leat_stage_ops ops = {LEAT_STAGE_OPS_INIT("parallel"),
		.opts_bytes = sizeof(*o), .options = leat__parallel_options};

	LEAT_TRY(leat__options_check(&ops, o, err));
	if (o->shrink_queue >= o->grow_queue || o->grow_queue > 100)
		return leat__error(err, LEAT_EINVAL,
			"parallel: shrink_queue is %llu %%, grow_queue %llu "
			"%%; accepted: up to 100 %%, the former below the "
			"latter",
			(unsigned long long)o->shrink_queue,
			(unsigned long long)o->grow_queue);
	if (o->shrink_rate >= o->grow_rate)
		return leat__error(err, LEAT_EINVAL,
			"parallel: shrink_rate is %llu %%, grow_rate %llu %%; "
			"accepted: the former below the latter",
			(unsigned long long)o->shrink_rate,
			(unsigned long long)o->grow_rate);
	return LEAT_OK;
}

int
leat__parallel_opts_take(struct leat_graph *graph,
	const struct leat_parallel_opts *given, struct leat_parallel_opts *o,
	struct leat_error *err)
{
	LEAT_TRY(leat__opts_copy(
		o, sizeof(*o), given, "leat_parallel_opts", err));
	opts_fill(o, graph);
	LEAT_TRY(opts_check_count(o, err));
	LEAT_TRY(opts_check_limits(o, err));
	if (!o->by)
		return LEAT_OK;
	o->by = leat__graph_own_text(graph, o->by, strlen(o->by));
	return o->by ? LEAT_OK : leat__graph_no_memory(err, "an option");
}
