/*
 * run/load.c -- what stages do with their time, and which of them is slow.
 *
 * The tasks keep the time (timesheet.h) and, of one frame in 64, how long each
 * stage of a segment had it. What is made of that is made here, when somebody
 * looks: the differences since the last look that ended a window.
 * Keeps: the four shares of a stage are the whole together; a segment's time
 * is given to its stages without a rest.
 * Threads: one at a time for each struct leat_load; the graph's own go on.
 */
#include <string.h>

#include "run/run.h"

#define LOAD_WINDOW_NS       1000000000u
#define LOAD_WINDOW_NS_LEAST 1000000u
#define LOAD_WINDOWS         3u
#define LOAD_LEAST_SCORE     400000u
#define LOAD_LEAST_DELAY     (LEAT_LOAD_WHOLE / 4) /* that scores are part of */

/* What was counted up to some moment. */
struct count {
	int64_t at_ns;
	uint64_t
		*spent_ns; /* LEAT__DOINGS for each segment, of all its tasks */
	uint64_t *called_ns; /* for each stage, of all its instances */
};

struct leat_load {
	struct leat_graph *graph;
	struct leat_load_opts opts;
	struct count start, last, now; /* start: nothing */
	struct leat_stage_load *stages;
	uint64_t *delays; /* that each stage causes */
};

/* ---- counting ----------------------------------------------------------- */

static const struct leat__task *
segment_task(const struct leat__segment *segment, uint32_t k)
{
	const struct leat__task *tasks = segment->run;

	return &tasks[k];
}

static void
count_segment(const struct leat__segment *segment, struct count *count)
{
	uint64_t *spent_ns = &count->spent_ns[segment->number * LEAT__DOINGS];

	memset(spent_ns, 0, LEAT__DOINGS * sizeof(*spent_ns));
	for (uint32_t j = 0; j < segment->n_stages; j++)
		count->called_ns[segment->stages[j]->number] = 0;
	for (uint32_t k = 0; k < segment->n_replicas; k++) {
		const struct leat__task *task = segment_task(segment, k);

		leat__timesheet_read(&task->sheet, count->at_ns, spent_ns);
		for (uint32_t j = 0; j < segment->n_stages; j++)
			count->called_ns[segment->stages[j]->number] +=
				leat__load_relaxed(&task->nodes[j].called_ns);
	}
}

/* After the end time stands still. */
static void
count_make(const struct leat_graph *graph, int64_t now_ns, struct count *count)
{
	int64_t end_ns = leat__load_relaxed(&graph->run->end_ns);

	count->at_ns = end_ns && end_ns < now_ns ? end_ns : now_ns;
	for (uint32_t k = 0; k < graph->n_segments; k++)
		count_segment(&graph->segments[k], count);
}

/* ---- shares ------------------------------------------------------------- */

/* Between two counts, of one segment; in parts of the whole. */
struct portion {
	uint64_t doing[LEAT__DOINGS];
};

static uint32_t
portion_part(uint64_t ns, uint64_t of_ns)
{
	if (!of_ns)
		return 0;
	return (uint32_t)((double)leat__min_u64(ns, of_ns) * LEAT_LOAD_WHOLE /
		(double)of_ns);
}

/* Sums that were read while they changed may be a little more than the time
 * that there was: what is too much goes from the last ones. */
static struct portion
portion_of(const struct leat__segment *segment, const struct count *from,
	const struct count *to)
{
	uint64_t ns = (uint64_t)(to->at_ns - from->at_ns) * segment->n_replicas;
	uint64_t left = LEAT_LOAD_WHOLE;
	struct portion p = {{0}};

	for (uint32_t d = LEAT__DOING_WORK; d < LEAT__DOINGS; d++) {
		uint32_t at = segment->number * LEAT__DOINGS + d;
		uint64_t spent_ns = to->spent_ns[at] < from->spent_ns[at]
			? 0
			: to->spent_ns[at] - from->spent_ns[at];

		p.doing[d] = leat__min_u64(portion_part(spent_ns, ns), left);
		left -= p.doing[d];
	}
	p.doing[LEAT__DOING_NOTHING] = left;
	return p;
}

/* Of its segment's work: the stage's own, and that of those before it. */
struct slice {
	uint64_t own;
	uint64_t before;
};

static uint64_t
stage_called_ns(const struct leat_stage *st, const struct count *from,
	const struct count *to)
{
	return to->called_ns[st->number] - from->called_ns[st->number];
}

/* Where nothing was sampled between the counts, by all the samples so far;
 * where there are none, all the same. */
static struct slice
slice_of(const struct leat_stage *st, const struct count *from,
	const struct count *to, uint64_t work)
{
	const struct leat__segment *segment = st->segment;
	double sum = 0, before = 0, own;

	for (uint32_t j = 0; j < segment->n_stages; j++) {
		double ns =
			(double)stage_called_ns(segment->stages[j], from, to);

		sum += ns;
		before += j < st->at ? ns : 0;
	}
	own = (double)stage_called_ns(st, from, to);
	if (sum <= 0) {
		sum = segment->n_stages;
		before = st->at;
		own = 1;
	}
	/* by the places of both ends, so that the slices leave no rest */
	return (struct slice){.before = (uint64_t)((double)work * before / sum),
		.own = (uint64_t)((double)work * (before + own) / sum) -
			(uint64_t)((double)work * before / sum)};
}

static bool
segment_is_sampled(const struct leat__segment *segment,
	const struct count *from, const struct count *to)
{
	for (uint32_t j = 0; j < segment->n_stages; j++)
		if (stage_called_ns(segment->stages[j], from, to))
			return true;
	return false;
}

static void
shares_make(const struct leat_load *load, const struct leat_stage *st,
	const struct count *from, struct leat_load_shares *shares)
{
	const struct count *to = &load->now;
	struct portion p = portion_of(st->segment, from, to);
	uint64_t work = p.doing[LEAT__DOING_WORK];
	bool is_sampled = segment_is_sampled(st->segment, from, to);
	struct slice slice =
		slice_of(st, is_sampled ? from : &load->start, to, work);

	shares->busy = (uint32_t)slice.own;
	shares->starved =
		(uint32_t)(p.doing[LEAT__DOING_STARVE] + slice.before);
	shares->blocked = (uint32_t)(p.doing[LEAT__DOING_BLOCK] + work -
		slice.before - slice.own);
	shares->idle = (uint32_t)p.doing[LEAT__DOING_NOTHING];
}

/* ---- scores ------------------------------------------------------------- */

/* Of the last window, or of all. */
static const struct leat_load_shares *
load_shares(const struct leat_load *load, const struct leat_stage *st,
	bool is_total)
{
	const struct leat_stage_load *stage = &load->stages[st->number];

	return is_total ? &stage->total : &stage->window;
}

/* How long its senders were blocked, in the mean. */
static uint64_t
load_before(const struct leat_load *load, const struct leat_stage *st,
	bool is_total)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < st->n_ins; k++)
		sum += load_shares(load, st->ins[k]->from, is_total)->blocked;
	return st->n_ins ? sum / st->n_ins : 0;
}

static uint64_t
load_behind(const struct leat_load *load, const struct leat_stage *st,
	bool is_total)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < st->n_outs; k++)
		sum += load_shares(load, st->outs[k]->to, is_total)->starved;
	return st->n_outs ? sum / st->n_outs : 0;
}

/* Fill the delays that the stages cause; their sum, or the least one that
 * scores are part of. */
static uint64_t
load_delays(struct leat_load *load, bool is_total)
{
	const struct leat_graph *graph = load->graph;
	uint64_t sum = 0;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];
		uint64_t busy = load_shares(load, st, is_total)->busy;

		load->delays[k] = busy *
			(load_before(load, st, is_total) +
				load_behind(load, st, is_total)) /
			LEAT_LOAD_WHOLE;
		sum += load->delays[k];
	}
	return leat__max_u64(sum, LOAD_LEAST_DELAY);
}

static void
load_judge(const struct leat_load *load, struct leat_stage_load *stage)
{
	if (stage->score > load->opts.least_score)
		stage->n_above++;
	else
		stage->n_above = 0;
	stage->flags &= ~LEAT_LOAD_BOTTLENECK;
	if (stage->n_above >= load->opts.n_windows)
		stage->flags |= LEAT_LOAD_BOTTLENECK;
}

static void
load_scores(struct leat_load *load)
{
	uint64_t sum = load_delays(load, false);

	for (uint32_t k = 0; k < load->graph->n_stages; k++) {
		load->stages[k].score = portion_part(load->delays[k], sum);
		load_judge(load, &load->stages[k]);
	}
}

/* ---- looking ------------------------------------------------------------ */

static void
load_totals(struct leat_load *load)
{
	uint64_t sum;

	for (uint32_t k = 0; k < load->graph->n_stages; k++)
		shares_make(load, load->graph->stages[k], &load->start,
			&load->stages[k].total);
	sum = load_delays(load, true);
	for (uint32_t k = 0; k < load->graph->n_stages; k++)
		load->stages[k].total_score =
			portion_part(load->delays[k], sum);
}

static void
load_window(struct leat_load *load)
{
	struct count before = load->last;

	for (uint32_t k = 0; k < load->graph->n_stages; k++)
		shares_make(load, load->graph->stages[k], &load->last,
			&load->stages[k].window);
	load_scores(load);
	load->last = load->now;
	load->now = before;
}

bool
leat_load_tick(struct leat_load *load, int64_t now_ns)
{
	count_make(load->graph, now_ns, &load->now);
	load_totals(load);
	if (load->now.at_ns - load->last.at_ns < (int64_t)load->opts.window_ns)
		return false;
	load_window(load);
	return true;
}

int
leat_load_stage(const struct leat_load *load, uint32_t stage,
	struct leat_stage_load *load_out)
{
	memset(load_out, 0, sizeof(*load_out));
	if (stage >= load->graph->n_stages)
		return LEAT_EINVAL;
	*load_out = load->stages[stage];
	/* another one may have come in its place */
	load_out->name = leat__stage_name(load->graph->stages[stage]);
	return LEAT_OK;
}

uint32_t
leat_load_bottleneck(const struct leat_load *load)
{
	uint32_t best = LEAT_LOAD_NONE;

	for (uint32_t k = 0; k < load->graph->n_stages; k++)
		if ((load->stages[k].flags & LEAT_LOAD_BOTTLENECK) &&
			(best == LEAT_LOAD_NONE ||
				load->stages[k].score >
					load->stages[best].score))
			best = k;
	return best;
}

/* ---- life --------------------------------------------------------------- */

static int
opts_check(const struct leat_load_opts *o, struct leat_error *err)
{
	if (o->flags)
		return leat__error(err, LEAT_EINVAL,
			"load flags are 0x%x; none is known", o->flags);
	if (o->window_ns &&
		(o->window_ns < LOAD_WINDOW_NS_LEAST ||
			o->window_ns > LEAT__QUANTUM_NS_MAX))
		return leat__error(err, LEAT_EINVAL,
			"window_ns is %llu; accepted: from 1 ms to an hour",
			(unsigned long long)o->window_ns);
	if (o->least_score >= LEAT_LOAD_WHOLE)
		return leat__error(err, LEAT_EINVAL,
			"least_score is %u; accepted: below %u", o->least_score,
			LEAT_LOAD_WHOLE);
	return LEAT_OK;
}

static void
opts_fill(struct leat_load_opts *o)
{
	if (!o->window_ns)
		o->window_ns = LOAD_WINDOW_NS;
	if (!o->n_windows)
		o->n_windows = LOAD_WINDOWS;
	if (!o->least_score)
		o->least_score = LOAD_LEAST_SCORE;
}

static bool
count_init(const struct leat_graph *graph, struct count *count)
{
	const struct leat__env *env = graph->env;

	count->at_ns = graph->run->start_ns;
	count->spent_ns = env->alloc(env,
		graph->n_segments * LEAT__DOINGS * sizeof(*count->spent_ns));
	count->called_ns =
		env->alloc(env, graph->n_stages * sizeof(*count->called_ns));
	return count->spent_ns && count->called_ns;
}

static void
count_fini(const struct leat__env *env, struct count *count)
{
	env->free(env, count->spent_ns);
	env->free(env, count->called_ns);
}

static bool
load_init(struct leat_load *load)
{
	struct leat_graph *graph = load->graph;
	const struct leat__env *env = graph->env;

	load->stages = env->alloc(env, graph->n_stages * sizeof(*load->stages));
	load->delays = env->alloc(env, graph->n_stages * sizeof(*load->delays));
	if (!load->stages || !load->delays ||
		!count_init(graph, &load->start) ||
		!count_init(graph, &load->last) ||
		!count_init(graph, &load->now))
		return false;
	for (uint32_t k = 0; k < graph->n_stages; k++)
		load->stages[k] = (struct leat_stage_load){
			.size = (uint32_t)sizeof(*load->stages),
			.name = leat__stage_name(graph->stages[k])};
	return true;
}

int
leat_load_create(struct leat_graph *graph, const struct leat_load_opts *opts,
	struct leat_load **load_out, struct leat_error *err)
{
	const struct leat__env *env = graph->env;
	struct leat_load_opts full;
	struct leat_load *load;

	LEAT_TRY(leat__opts_copy(
		&full, sizeof(full), opts, "leat_load_opts", err));
	LEAT_TRY(opts_check(&full, err));
	if (!graph->run)
		return leat__error(err, LEAT_ESTATE,
			"load: this graph has not been started");
	load = env->alloc(env, sizeof(*load));
	if (!load)
		return leat__graph_no_memory(err, "the load");
	load->graph = graph;
	load->opts = full;
	opts_fill(&load->opts);
	if (!load_init(load)) {
		leat_load_destroy(load);
		return leat__graph_no_memory(err, "the load");
	}
	*load_out = load;
	return LEAT_OK;
}

void
leat_load_destroy(struct leat_load *load)
{
	const struct leat__env *env;

	if (!load)
		return;
	env = load->graph->env;
	count_fini(env, &load->start);
	count_fini(env, &load->last);
	count_fini(env, &load->now);
	env->free(env, load->delays);
	env->free(env, load->stages);
	env->free(env, load);
}
