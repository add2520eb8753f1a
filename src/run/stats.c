/*
 * run/stats.c -- counters as a snapshot, and the balance of the books.
 *
 * Keeps nothing: it reads counters that have one writer each. While a graph
 * runs a snapshot may be a few records apart from itself; at rest it is exact.
 */
#include <string.h>

#include "base/atomic.h"
#include "run/run.h"

static void
stats_of_segment(const struct leat_stage *st, struct leat_stage_stats *stats)
{
	const struct leat__task *tasks = st->segment ? st->segment->run : NULL;
	bool is_done = true;

	if (!tasks)
		return;
	for (uint32_t k = 0; k < st->segment->n_replicas; k++) {
		const struct leat__task *task = &tasks[k];

		stats->wait_input_ns += leat__load_relaxed(
			&task->sheet.spent_ns[LEAT__DOING_STARVE]);
		stats->wait_credit_ns += leat__load_relaxed(
			&task->sheet.spent_ns[LEAT__DOING_BLOCK]);
		/* acquire: pairs with the releases in job_run, run_block */
		is_done = is_done &&
			leat__load_acquire(&task->job.state) == LEAT__JOB_DONE;
	}
	if (is_done)
		stats->flags |= LEAT_STATS_DONE;
	else if (leat__drain_awaits(st))
		stats->flags |= LEAT_STATS_AWAITED;
}

static void
stats_of_instance(const struct leat_stage *st, struct leat_stage_stats *s)
{
	const struct leat__counters *c = &st->counters;

	s->in += leat__load_relaxed(&c->in_items);
	s->out += leat__load_relaxed(&c->out_items);
	s->in_bytes += leat__load_relaxed(&c->in_bytes);
	s->out_bytes += leat__load_relaxed(&c->out_bytes);
	s->in_frames += leat__load_relaxed(&c->in_frames);
	s->out_frames += leat__load_relaxed(&c->out_frames);
	s->copied_bytes += leat__load_relaxed(&c->copied_bytes);
	s->read += leat__load_relaxed(&c->counts[LEAT_COUNT_READ]);
	s->made += leat__load_relaxed(&c->counts[LEAT_COUNT_MADE]);
	s->filtered += leat__load_relaxed(&c->counts[LEAT_COUNT_FILTERED]);
	s->failed += leat__load_relaxed(&c->counts[LEAT_COUNT_FAILED]);
	s->folded += leat__load_relaxed(&c->counts[LEAT_COUNT_FOLDED]);
	s->written += leat__load_relaxed(&c->counts[LEAT_COUNT_WRITTEN]);
	s->shed += leat__load_relaxed(&c->counts[LEAT_COUNT_SHED]);
	s->dead_lettered += leat__load_relaxed(&c->dead_items);
	s->skipped += leat__load_relaxed(&c->skipped_items);
	s->given_up += leat__load_relaxed(&c->given_up_items);
}

int
leat_stage_stats(const struct leat_graph *graph, uint32_t stage,
	struct leat_stage_stats *stats_out)
{
	struct leat_stage *st;

	memset(stats_out, 0, sizeof(*stats_out));
	stats_out->size = (uint32_t)sizeof(*stats_out);
	if (stage >= graph->n_stages)
		return LEAT_EINVAL;
	st = graph->stages[stage];
	stats_out->name = leat__stage_name(st);
	stats_out->flags = (st->n_ins ? 0 : LEAT_STATS_SOURCE) |
		(leat__stage_n_own_outs(st) ? 0 : LEAT_STATS_SINK) |
		(st->bringer ? LEAT_STATS_HELPER : 0);
	for (uint32_t k = 0; k < leat__stage_n_instances(st); k++)
		stats_of_instance(leat__stage_instance(st, k), stats_out);
	stats_of_segment(st, stats_out);
	return LEAT_OK;
}

int64_t
leat_stage_balance(const struct leat_stage_stats *s)
{
	return (int64_t)(s->in + s->read + s->made) -
		(int64_t)(s->out + s->written + s->filtered + s->failed +
			s->folded + s->shed);
}

static void
stats_add(struct leat_graph_stats *sum, const struct leat_stage_stats *s)
{
	sum->read += s->read;
	sum->made += s->made;
	sum->written += s->written;
	sum->filtered += s->filtered;
	sum->failed += s->failed;
	sum->folded += s->folded;
	sum->shed += s->shed;
	sum->dead_lettered += s->dead_lettered;
	sum->skipped += s->skipped;
	sum->given_up += s->given_up;
	if (s->flags & LEAT_STATS_SOURCE)
		sum->source_bytes += s->out_bytes;
}

static void
stats_of_account(const struct leat__account *a, struct leat_graph_stats *stats)
{
	stats->memory_bytes += leat__load_relaxed(&a->used_bytes);
	stats->memory_high_bytes += leat__load_relaxed(&a->high_bytes);
}

static void
stats_of_memory(const struct leat_graph *graph, struct leat_graph_stats *stats)
{
	const struct leat__run *run = graph->run;

	if (run && run->pool) {
		stats->memory_bytes = leat__pool_used_bytes(run->pool);
		stats->memory_high_bytes = leat__pool_high_bytes(run->pool);
	}
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];

		for (uint32_t n = 0; n < leat__stage_n_instances(st); n++)
			stats_of_account(
				&leat__stage_instance(st, n)->account, stats);
	}
	stats->memory_bytes += leat__load_relaxed(&graph->retired_bytes);
	stats->memory_high_bytes += leat__load_relaxed(&graph->retired_bytes);
	stats->memory_bound_bytes = leat_graph_bound_bytes(graph);
}

static void
stats_of_sources(const struct leat_graph *graph, struct leat_graph_stats *stats)
{
	bool is_known = true;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];

		if (st->n_ins)
			continue;
		is_known = is_known && st->out_shape.total_bytes;
		stats->source_bytes_total += st->out_shape.total_bytes;
	}
	if (!is_known)
		stats->source_bytes_total = 0;
}

void
leat_graph_stats(
	const struct leat_graph *graph, struct leat_graph_stats *stats_out)
{
	struct leat_graph_stats *s = stats_out;
	const struct leat__run *run = graph->run;
	struct leat_stage_stats stage;
	uint64_t n_ended;

	memset(s, 0, sizeof(*s));
	s->size = (uint32_t)sizeof(*s);
	s->n_stages = graph->n_stages;
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (leat_stage_stats(graph, k, &stage) == LEAT_OK)
			stats_add(s, &stage);
	stats_of_memory(graph, s);
	stats_of_sources(graph, s);
	n_ended = s->written + s->filtered + s->failed + s->folded + s->shed;
	if (s->read + s->made > n_ended)
		s->unfinished = s->read + s->made - n_ended;
	s->is_done = run && leat__load_acquire(&run->closing) == 2;
	s->is_drained = run && leat__load_relaxed(&run->is_drained);
	s->is_balanced = s->is_done && leat__run_is_balanced(graph);
}

/* What a link's receiver got is what its sender sent. */
static bool
balance_link(const struct leat_graph *graph, const struct leat__link *link)
{
	struct leat_stage_stats from, to;

	/* with several ends the sums would mix; single ends are exact */
	if (link->from->n_outs != 1 || link->to->n_ins != 1)
		return true;
	if (leat_stage_stats(graph, link->from->number, &from) < 0 ||
		leat_stage_stats(graph, link->to->number, &to) < 0)
		return false;
	return from.out == to.in;
}

/*
 * After a run that came to its end every stage and link must balance. After a
 * cancel or a failure records are in flight for ever, so only what cannot be
 * is refused: more that ended than began.
 */
bool
leat__run_is_balanced(const struct leat_graph *graph)
{
	bool is_whole = !graph->run->is_broken;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage_stats s;
		int64_t rest;

		if (leat_stage_stats(graph, k, &s) < 0)
			return false;
		rest = leat_stage_balance(&s);
		if (rest < 0 || (is_whole && rest != 0))
			return false;
	}
	for (uint32_t k = 0; is_whole && k < graph->n_links; k++)
		if (!balance_link(graph, graph->links[k]))
			return false;
	return true;
}
