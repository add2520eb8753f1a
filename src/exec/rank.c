/*
 * exec/rank.c -- entries of several ranks: which is next, and where it is.
 *
 * Strictly: an entry of rank r is run only by a worker that found none of a
 * lesser rank anywhere. By weight: a rank pays for the time that it runs, the
 * less the greater its weight, and the one that has paid least is next; one
 * that comes back from having nothing ready pays as much as was paid by then.
 * Keeps: while an entry of rank r is queued bit r of exec->ready is set, but
 * for the moment in which who put it there says so, or who found none looks a
 * second time. Entries are taken one at a time and run at once: none is on its
 * way between two queues, where others would miss it.
 * Threads: leat__rank_note any, the rest the worker's own.
 * Source: Waldspurger and Weihl, Stride Scheduling, 1995; Goyal, Vin and
 * Cheng, Start-Time Fair Queueing, 1996 (who comes back).
 */
#include "exec/exec.h"

#define RANK_FAIR_TICKS 61 /* the common queue first, as in worker.c */
#define RANK_PAID_SHIFT 10 /* so that weights up to 1000 divide well */

/* ---- what is ready ------------------------------------------------------ */

/* a has paid less than b; the sums go round. */
static bool
rank_paid_less(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* It had nothing ready: that is no claim on the time of the others. */
static void
rank_catch_up(struct leat__exec *exec, uint32_t rank)
{
	uint64_t now = leat__load_relaxed(&exec->pass);
	uint64_t paid = leat__load_relaxed(&exec->passes[rank]);

	/* pairs with nothing: a sum that is a little off evens out */
	while (rank_paid_less(paid, now))
		if (leat__cas_weak_acq_rel(&exec->passes[rank], &paid, now))
			return;
}

void
leat__rank_note(struct leat__exec *exec, uint32_t rank)
{
	/* queued before the look; the other half is in rank_clear */
	leat__fence_seq();
	if (leat__load_relaxed(&exec->ready) & (1u << rank))
		return;
	if (exec->is_weighted)
		rank_catch_up(exec, rank);
	/* pairs with the load in leat__rank_look */
	leat__or_seq(&exec->ready, 1u << rank);
}

uint64_t
leat__rank_len(const struct leat__worker *worker)
{
	uint64_t n = leat__queue_len(&worker->queue);

	for (uint32_t r = 1; r < worker->exec->opts.n_ranks; r++)
		n += leat__queue_len(&worker->queues[r - 1]);
	return n;
}

/* ---- looking ------------------------------------------------------------ */

static struct leat__entry *
rank_steal(struct leat__worker *worker, uint32_t rank)
{
	struct leat__exec *exec = worker->exec;

	for (uint32_t k = 1; k < exec->n_workers; k++) {
		struct leat__worker *victim =
			&exec->workers[(worker->number + k) % exec->n_workers];
		struct leat__entry *entry =
			leat__queue_pop(leat__worker_queue(victim, rank));

		if (!entry)
			continue;
		leat__bump(&worker->n_steals, 1);
		if (leat__unlikely(worker->trace != NULL))
			leat__trace_stole(worker, victim, 1);
		return entry;
	}
	return NULL;
}

static struct leat__entry *
rank_take(struct leat__worker *worker, uint32_t rank)
{
	struct leat__queue *own = leat__worker_queue(worker, rank);
	struct leat__entry *entry = NULL;

	if (worker->tick % RANK_FAIR_TICKS == 0)
		entry = leat__exec_take(worker->exec, rank);
	if (!entry)
		entry = leat__queue_pop(own);
	if (!entry)
		entry = leat__exec_take(worker->exec, rank);
	return entry ? entry : rank_steal(worker, rank);
}

/* None was found: say so, and look once more. */
static struct leat__entry *
rank_clear(struct leat__worker *worker, uint32_t rank)
{
	struct leat__exec *exec = worker->exec;
	struct leat__entry *entry;

	/* said before the look; the other half is in leat__rank_note */
	leat__and_seq(&exec->ready, ~(1u << rank));
	leat__fence_seq();
	entry = rank_take(worker, rank);
	if (entry) /* and perhaps more behind it */
		leat__or_seq(&exec->ready, 1u << rank);
	return entry;
}

/* Of several ranks the one that is next. */
static uint32_t
rank_choose(const struct leat__exec *exec, uint32_t ranks)
{
	uint32_t best = (uint32_t)__builtin_ctz(ranks);

	if (!exec->is_weighted)
		return best;
	for (uint32_t r = best + 1; r < exec->opts.n_ranks; r++)
		if ((ranks & (1u << r)) &&
			rank_paid_less(leat__load_relaxed(&exec->passes[r]),
				leat__load_relaxed(&exec->passes[best])))
			best = r;
	return best;
}

struct leat__entry *
leat__rank_look(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	/* pairs with the stores in leat__rank_note and rank_clear */
	uint32_t ranks = leat__load_seq(&exec->ready);

	while (ranks) {
		uint32_t rank = rank_choose(exec, ranks);
		struct leat__entry *entry = rank_take(worker, rank);

		if (!entry)
			entry = rank_clear(worker, rank);
		if (entry)
			return entry;
		ranks &= ~(1u << rank);
	}
	return NULL;
}

/* ---- paying ------------------------------------------------------------- */

void
leat__rank_begin(struct leat__worker *worker, const struct leat__entry *entry)
{
	struct leat__exec *exec = worker->exec;

	worker->rank = entry->rank;
	if (!exec->is_weighted)
		return;
	worker->began_ns = exec->env->now_ns(exec->env);
	leat__store_relaxed(
		&exec->pass, leat__load_relaxed(&exec->passes[worker->rank]));
}

void
leat__rank_end(struct leat__worker *worker)
{
	struct leat__exec *exec = worker->exec;
	uint32_t weight = exec->opts.weights[worker->rank];
	uint64_t ns;

	if (!exec->is_weighted || !worker->began_ns)
		return;
	ns = (uint64_t)(exec->env->now_ns(exec->env) - worker->began_ns);
	worker->began_ns = 0;
	leat__add_relaxed(&exec->passes[worker->rank],
		(leat__max_u64(ns, 1) << RANK_PAID_SHIFT) / weight);
}
