/*
 * sim/choose.c -- who goes on: at random, by priorities, or as told.
 *
 * Keeps: what is not chosen freely (a stall gives way, a deadline comes when
 * nobody can run, a buffer drains past a spinning thread) depends only on what
 * was chosen before, so the decisions that differ from the default replay a
 * run. Nobody starves: a stall gives way, and every few thousand steps so does
 * whoever runs.
 * Source: Burckhardt et al., A Randomized Scheduler with Probabilistic
 * Guarantees of Finding Bugs, ASPLOS 2010.
 */
#include "sim/internal.h"

#define CHOOSE_JUMP_ONE_IN 48u /* of looks, where a deadline is pending */
#define CHOOSE_PCT_STEPS   200u

/* ---- defaults --------------------------------------------------------------- */

/* The next one by number that may run, this one last. */
static struct sim_thread *
next_by_number(void)
{
	uint32_t number = sim.current->number;

	for (uint32_t k = 1; k <= sim.n_threads; k++) {
		struct sim_thread *thread =
			&sim_threads[(number + k) % sim.n_threads];

		if (thread->state == SIM_READY)
			return thread;
	}
	return NULL;
}

struct sim_thread *
sim_default(enum sim_why why)
{
	return why == SIM_AT_POINT ? sim.current : next_by_number();
}

static struct sim_choice
choose_run(struct sim_thread *thread)
{
	return (struct sim_choice){SIM_RUN, thread};
}

/* ---- walk ------------------------------------------------------------------- */

static struct sim_thread *
ready_at_random(enum sim_why why)
{
	struct sim_thread *thread = sim.ready[sim_below(sim.n_ready)];

	while (why == SIM_AT_STALL && thread == sim.current && sim.n_ready > 1)
		thread = sim.ready[sim_below(sim.n_ready)];
	return thread;
}

/* Stores and deadlines have their own time. */
static bool
choose_aside(struct sim_choice *choice_out)
{
	struct sim_thread *any = &sim_threads[sim_below(sim.n_threads)];

	if (sim_hot.is_tso && sim_n_stores(any) &&
		sim_one_in(sim.drain_one_in)) {
		*choice_out = (struct sim_choice){SIM_DRAIN, any};
		return true;
	}
	if (sim.earliest_ns != LEAT_NEVER && !sim.is_punctual &&
		sim_one_in(CHOOSE_JUMP_ONE_IN)) {
		*choice_out = (struct sim_choice){SIM_JUMP, sim.current};
		return true;
	}
	return false;
}

static struct sim_choice
walk_choose(enum sim_why why)
{
	struct sim_choice choice;

	if (choose_aside(&choice))
		return choice;
	return choose_run(ready_at_random(why));
}

/* The same number of threads may take few or many turns: both find bugs. */
static void
walk_start(void)
{
	static const uint32_t means[] = {1, 1, 2, 4, 8, 24};

	sim.walk_mean = means[sim_below(leat__array_len(means))];
}

static uint64_t
walk_next(void)
{
	if (sim.n_ready <= 1 && sim.earliest_ns == LEAT_NEVER)
		return UINT64_MAX;
	return sim_hot.steps + 1 + sim_below(2 * sim.walk_mean - 1);
}

/* ---- PCT -------------------------------------------------------------------- */

uint64_t
sim_priority(void)
{
	return sim.opts.strategy == SIM_PCT ? sim_next_random() | 1u << 20 : 0;
}

static void
pct_start(void)
{
	uint64_t n_steps =
		sim.opts.pct_steps ? sim.opts.pct_steps : CHOOSE_PCT_STEPS;
	uint32_t depth =
		sim.opts.pct_depth ? sim.opts.pct_depth : 2 + sim_below(3);

	sim.lowest = 1u << 20;
	sim.n_changes = (uint32_t)leat__min_u64(
		depth - 1, leat__array_len(sim.changes));
	for (uint32_t k = 0; k < sim.n_changes; k++) {
		uint64_t at = 1 + sim_next_random() % n_steps;
		uint32_t place = k;

		for (; place && sim.changes[place - 1] > at; place--)
			sim.changes[place] = sim.changes[place - 1];
		sim.changes[place] = at;
	}
}

static struct sim_thread *
pct_highest(void)
{
	struct sim_thread *highest = sim.ready[0];

	for (uint32_t k = 1; k < sim.n_ready; k++)
		if (sim.ready[k]->priority > highest->priority)
			highest = sim.ready[k];
	return highest;
}

static struct sim_choice
pct_choose(enum sim_why why)
{
	bool is_change = sim.change_at < sim.n_changes &&
		sim_hot.steps >= sim.changes[sim.change_at];
	struct sim_choice choice;

	if (choose_aside(&choice))
		return choice;
	if (is_change)
		sim.change_at++;
	if (is_change || why == SIM_AT_STALL)
		sim.current->priority = --sim.lowest;
	return choose_run(pct_highest());
}

static uint64_t
pct_next(void)
{
	if (sim.change_at < sim.n_changes)
		return sim.changes[sim.change_at];
	return UINT64_MAX;
}

/* ---- all -------------------------------------------------------------------- */

void
sim_strategy_start(void)
{
	static const uint32_t drains[] = {0, 0, 8, 2};

	sim.random = sim_mix(sim.opts.seed) | 1;
	sim.fair_at = SIM_FAIR_STEPS;
	sim.drain_one_in = drains[sim_below(leat__array_len(drains))];
	if (sim.opts.strategy == SIM_WALK)
		walk_start();
	else if (sim.opts.strategy == SIM_PCT)
		pct_start();
	else if (sim.opts.strategy == SIM_EXHAUSTIVE)
		sim_explorer_start();
}

static struct sim_choice
choose(enum sim_why why)
{
	switch (sim.opts.strategy) {
	case SIM_WALK:
		return walk_choose(why);
	case SIM_PCT:
		return pct_choose(why);
	case SIM_EXHAUSTIVE:
		return sim_explorer_choose(why);
	default:
		return sim_replay_choose(why);
	}
}

/* When to look again, once this thread runs. */
static uint64_t
choose_next(struct sim_thread *to)
{
	uint64_t fair = sim.opts.max_steps + 1;
	uint64_t next = UINT64_MAX;

	if (sim.n_ready > 1)
		fair = leat__min_u64(fair, sim.fair_at);
	if (sim.opts.is_watched || sim.opts.strategy == SIM_EXHAUSTIVE)
		return sim_hot.steps + 1;
	if (sim.opts.strategy == SIM_WALK)
		next = walk_next();
	else if (sim.opts.strategy == SIM_PCT)
		next = pct_next();
	else
		next = sim_replay_next(to);
	return leat__min_u64(next, fair);
}

/* Nobody can run: the next deadline comes. */
static void
time_passes(void)
{
	const struct sim_thread *lost = sim_find_lost();

	if (lost)
		sim_stop(SIM_LOST_WAKE,
			"'%s' sleeps though what it waits for is there",
			lost->name);
	sim_find_earliest();
	if (sim.earliest_ns == LEAT_NEVER)
		sim_stop(SIM_DEADLOCK,
			"nobody can run, and no deadline will come");
	sim.now_ns = (int64_t)leat__max_u64(
		(uint64_t)sim.now_ns, (uint64_t)sim.earliest_ns);
	sim_ring();
}

static void
time_jumps(void)
{
	sim_find_earliest();
	if (sim.earliest_ns == LEAT_NEVER)
		return;
	if (sim.earliest_ns > sim.now_ns)
		sim.now_ns = sim.earliest_ns;
	sim_ring();
}

/* What waits in buffers gets out of them sooner or later: now, in part. */
static void
stall_drains(void)
{
	sim_drain();
	for (uint32_t k = 0; k < sim.n_threads; k++)
		sim_stores_drain_one(&sim_threads[k]);
}

/* Now and then the running thread gives way as if it had stalled. */
static enum sim_why
decide_why(enum sim_why why)
{
	if (why != SIM_AT_POINT || sim.n_ready <= 1 ||
		sim_hot.steps < sim.fair_at)
		return why;
	sim.fair_at = sim_hot.steps + SIM_FAIR_STEPS;
	return SIM_AT_STALL;
}

static bool
decide_aside(struct sim_choice choice)
{
	if (choice.kind == SIM_RUN)
		return false;
	sim_trace_add(choice.kind, choice.thread->number);
	if (choice.kind == SIM_DRAIN)
		sim_stores_drain_one(choice.thread);
	else
		time_jumps();
	return true;
}

void
sim_decide(enum sim_why why)
{
	struct sim_choice choice;

	if (sim_hot.steps > sim.opts.max_steps)
		sim_stop(SIM_LIVELOCK, "more than %llu steps",
			(unsigned long long)sim.opts.max_steps);
	why = decide_why(why);
	if (why == SIM_AT_STALL && sim_hot.is_tso)
		stall_drains();
	while (sim.n_ready == 0)
		time_passes();
	do
		choice = choose(why);
	while (decide_aside(choice));
	if (choice.thread != sim_default(why))
		sim_trace_add(SIM_RUN, choice.thread->number);
	sim_hot.next = choose_next(choice.thread);
	if (choice.thread == sim.current && why == SIM_AT_STALL)
		sim_turn_again();
	sim_switch(choice.thread);
}

void
sim_look(const volatile void *memory, uint32_t n_bytes, enum sim_op op)
{
	if (!sim_is_running())
		return;
	if (sim.opts.is_watched)
		sim_report_touch(memory, n_bytes, op);
	sim_decide(SIM_AT_POINT);
}

void
sim_stall(void)
{
	if (!sim_is_running())
		return;
	sim_hot.steps++;
	sim_decide(SIM_AT_STALL);
}
