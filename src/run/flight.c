/*
 * run/flight.c -- the balance sheet while a graph runs: what is in flight.
 *
 * No moment can be stopped, but counters only grow. What has ended is read
 * first, what began after it: the difference is not less than what was in
 * flight at any moment between. Read the other way around it is not more. If
 * nothing has changed from the first look to the last, both are the number.
 * Keeps: most >= in flight >= least. A stage that has told of more than it had,
 * and a link that has delivered more than was sent, show for good in the first.
 * Threads: any; the counters' own writers go on.
 * Source: the double collect of Afek et al., Atomic Snapshots, 1993.
 */
#include <string.h>

#include "base/atomic.h"
#include "run/run.h"

/* What one stage has counted, of all its instances. */
struct tally {
	uint64_t in, out, began, ended;
};

/* acquire: pairs with the release in leat__bump; who sees an end sees all that
 * was counted before it, on whatever thread the record was then */
static uint64_t
count_of(const struct leat__counters *c, enum leat_count what)
{
	return leat__load_acquire(&c->counts[what]);
}

static void
tally_ends(const struct leat_stage *st, struct tally *t)
{
	for (uint32_t k = 0; k < leat__stage_n_instances(st); k++) {
		const struct leat__counters *c = &leat__stage_instance(
			(struct leat_stage *)(uintptr_t)st, k)
							  ->counters;

		t->ended += count_of(c, LEAT_COUNT_WRITTEN) +
			count_of(c, LEAT_COUNT_FILTERED) +
			count_of(c, LEAT_COUNT_FAILED) +
			count_of(c, LEAT_COUNT_FOLDED) +
			count_of(c, LEAT_COUNT_SHED);
		t->out += leat__load_acquire(&c->out_items);
	}
}

static void
tally_begins(const struct leat_stage *st, struct tally *t)
{
	for (uint32_t k = 0; k < leat__stage_n_instances(st); k++) {
		const struct leat__counters *c = &leat__stage_instance(
			(struct leat_stage *)(uintptr_t)st, k)
							  ->counters;

		t->began += count_of(c, LEAT_COUNT_READ) +
			count_of(c, LEAT_COUNT_MADE);
		t->in += leat__load_acquire(&c->in_items);
	}
}

static uint64_t
graph_ended(const struct leat_graph *graph)
{
	struct tally all = {0};

	for (uint32_t k = graph->n_stages; k-- > 0;)
		tally_ends(graph->stages[k], &all);
	return all.ended;
}

static uint64_t
graph_began(const struct leat_graph *graph)
{
	struct tally all = {0};

	for (uint32_t k = 0; k < graph->n_stages; k++)
		tally_begins(graph->stages[k], &all);
	return all.began;
}

/* Has it told of no more than it had? Its ends are read first. */
static bool
stage_is_sound(const struct leat_stage *st)
{
	struct tally t = {0};

	tally_ends(st, &t);
	tally_begins(st, &t);
	return t.in + t.began >= t.out + t.ended;
}

/* Where each end is the only one of its stage. */
static bool
link_is_sound(const struct leat__link *link)
{
	struct tally from = {0}, to = {0};

	if (link->from->n_outs != 1 || link->to->n_ins != 1)
		return true;
	tally_begins(link->to, &to);
	tally_ends(link->from, &from);
	return from.out >= to.in;
}

static void
flight_judge(const struct leat_graph *graph, struct leat_flight *flight)
{
	flight->fault = LEAT_FLIGHT_NONE;
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (!stage_is_sound(graph->stages[k]) &&
			flight->fault == LEAT_FLIGHT_NONE)
			flight->fault = graph->stages[k]->number;
	for (uint32_t k = 0; k < graph->n_links; k++)
		if (!link_is_sound(graph->links[k]) &&
			flight->fault == LEAT_FLIGHT_NONE)
			flight->fault = graph->links[k]->to->number;
	flight->is_sound = flight->fault == LEAT_FLIGHT_NONE;
}

void
leat_graph_flight(
	const struct leat_graph *graph, struct leat_flight *flight_out)
{
	uint64_t ended = graph_ended(graph), began = graph_began(graph);
	uint64_t began_again = graph_began(graph);
	uint64_t ended_again = graph_ended(graph);

	memset(flight_out, 0, sizeof(*flight_out));
	flight_out->size = (uint32_t)sizeof(*flight_out);
	flight_out->most = began_again > ended ? began_again - ended : 0;
	flight_out->least = began > ended_again ? began - ended_again : 0;
	flight_out->is_exact = ended == ended_again && began == began_again;
	flight_judge(graph, flight_out);
	if (began_again < ended)
		flight_out->is_sound = 0;
}
