/*
 * sim/engine.c -- is the simulator what it says? Checks of its own parts.
 */
#include <errno.h>
#include <stdlib.h>

#include "scenario.h"

static struct sim_result engine_result;

static bool
engine_run(const struct sim_opts *opts, sim_fn fn, void *user)
{
	sim_run(opts, fn, user, &engine_result);
	return engine_result.verdict == SIM_OK;
}

/* ---- a run, its hash, its trace ----------------------------------------------- */

static void
add_twice(void *arg)
{
	uint32_t *n = arg;

	for (int k = 0; k < 2; k++)
		leat__store_relaxed(n, leat__load_relaxed(n) + 1);
}

/* FAILED where an addition was lost. */
static void
add_by_two(void *user)
{
	uint32_t n = 0;
	struct sim_thread *other;

	(void)user;
	other = sim_go("other", add_twice, &n);
	add_twice(&n);
	sim_join(other);
	SIM_CHECK(n == 4);
}

static bool
same_seed_same_run(void)
{
	struct sim_opts opts = {.seed = 5};
	uint64_t hash;

	engine_run(&opts, add_by_two, NULL);
	hash = engine_result.hash;
	engine_run(&opts, add_by_two, NULL);
	return engine_result.hash == hash;
}

static bool
other_seed_other_run(void)
{
	uint64_t hashes[8];
	uint32_t n_same = 0;

	for (uint64_t k = 0; k < 8; k++) {
		struct sim_opts opts = {.seed = 1 + k};

		engine_run(&opts, add_by_two, NULL);
		hashes[k] = engine_result.hash;
		n_same += k > 0 && hashes[k] == hashes[0];
	}
	return n_same < 7;
}

/* The first seed that fails, as a trace. */
static bool
find_failure(struct sim_trace *trace)
{
	for (uint64_t seed = 1; seed < 1000; seed++) {
		struct sim_opts opts = {.seed = seed};

		if (!engine_run(&opts, add_by_two, NULL))
			return sim_trace_copy(trace, engine_result.trace);
	}
	return false;
}

static bool
trace_replays_and_shrinks(void)
{
	struct sim_opts opts = {.strategy = SIM_REPLAY};
	struct sim_trace trace = {0};
	bool is_good = find_failure(&trace);

	opts.replay = &trace;
	is_good = is_good && !engine_run(&opts, add_by_two, NULL);
	sim_shrink(&opts, add_by_two, NULL, SIM_FAILED, &trace, 100000);
	is_good =
		is_good && trace.n <= 2 && !engine_run(&opts, add_by_two, NULL);
	sim_trace_free(&trace);
	return is_good;
}

/* How many schedules there are, and whether one of them fails. */
static uint64_t
explore(uint32_t max_preemptions, bool *is_found)
{
	struct sim_explorer *explorer = sim_explorer_create(max_preemptions);
	struct sim_opts opts = {
		.strategy = SIM_EXHAUSTIVE, .explorer = explorer};
	uint64_t n = 0;

	*is_found = false;
	do {
		*is_found |= !engine_run(&opts, add_by_two, NULL);
		n++;
	} while (sim_explorer_next(explorer));
	sim_explorer_destroy(explorer);
	return n;
}

static bool
exploring_ends_and_finds(void)
{
	bool is_found[3];
	uint64_t n[3];

	for (uint32_t k = 0; k < 3; k++)
		n[k] = explore(k, &is_found[k]);
	return n[0] == 1 && n[0] < n[1] && n[1] < n[2] && !is_found[0] &&
		is_found[1] && is_found[2];
}

/* ---- store buffers ------------------------------------------------------------- */

struct litmus {
	uint32_t x, y; /* atomic */
	uint32_t seen[4];
};

static bool
litmus_shows(sim_fn fn, enum sim_memory memory)
{
	for (uint64_t seed = 1; seed <= 5000; seed++) {
		struct sim_opts opts = {.seed = seed, .memory = memory};

		if (!engine_run(&opts, fn, NULL))
			return true;
	}
	return false;
}

static void
store_then_look(void *arg)
{
	struct litmus *l = arg;

	leat__store_relaxed(&l->y, 1u);
	l->seen[1] = leat__load_relaxed(&l->x);
}

static void
buffers_two(void *user)
{
	static struct litmus l;
	struct sim_thread *other;

	(void)user;
	l = (struct litmus){0};
	other = sim_go("other", store_then_look, &l);
	leat__store_relaxed(&l.x, 1u);
	l.seen[0] = leat__load_relaxed(&l.y);
	sim_join(other);
	SIM_CHECK(l.seen[0] || l.seen[1]);
}

static bool
a_load_overtakes_a_store(void)
{
	return litmus_shows(buffers_two, SIM_TSO) &&
		!litmus_shows(buffers_two, SIM_SC);
}

static void
store_two(void *arg)
{
	struct litmus *l = arg;

	leat__store_relaxed(&l->x, 1u);
	leat__store_relaxed(&l->y, 1u);
	/* its own stores, by an atomic and by a plain load */
	SIM_CHECK(leat__load_relaxed(&l->x) == 1);
	SIM_CHECK(*(volatile uint32_t *)&l->y == 1);
}

static void
message_passes(void *user)
{
	static struct litmus l;
	struct sim_thread *other;

	(void)user;
	l = (struct litmus){0};
	other = sim_go("other", store_two, &l);
	l.seen[0] = leat__load_relaxed(&l.y);
	l.seen[1] = leat__load_relaxed(&l.x);
	SIM_CHECK(!l.seen[0] || l.seen[1]);
	sim_join(other);
	SIM_CHECK(l.x == 1 && l.y == 1);
}

static bool
stores_keep_their_order(void)
{
	return !litmus_shows(message_passes, SIM_TSO);
}

static void
barrier_then_look(void *user)
{
	static struct litmus l;
	struct sim_thread *other;

	(void)user;
	l = (struct litmus){0};
	other = sim_go("other", store_then_look, &l);
	leat__store_relaxed(&l.x, 1u);
	SIM_CHECK(sim_env()->barrier(sim_env()) == 0);
	l.seen[0] = leat__load_relaxed(&l.y);
	sim_join(other);
	SIM_CHECK(l.seen[0] || l.seen[1]);
}

static bool
a_barrier_drains_all(void)
{
	return !litmus_shows(barrier_then_look, SIM_TSO);
}

/* ---- faults ---------------------------------------------------------------------- */

/* Which of six allocations are there, as bits. */
static void
allocate(void *user)
{
	uint32_t *got = user;

	*got = 0;
	for (uint32_t k = 0; k < 6; k++) {
		void *memory = sim_env()->alloc(sim_env(), 8);

		*got |= memory ? 1u << k : 0;
		sim_env()->free(sim_env(), memory);
	}
}

static bool
allocations_fail_as_told(void)
{
	struct sim_opts third = {.alloc_fails_at = 3};
	struct sim_opts from_third = {
		.alloc_fails_at = 3, .alloc_fails_on = true};
	struct sim_opts site = {.alloc_fails_at = 0};
	struct sim_opts some = {.alloc_fails_one_in = 2, .seed = 3};
	uint32_t got[4];

	engine_run(&third, allocate, &got[0]);
	site.alloc_fails_site = sim_alloc_site();
	engine_run(&from_third, allocate, &got[1]);
	engine_run(&site, allocate, &got[2]);
	engine_run(&some, allocate, &got[3]);
	return got[0] == 0x3b && got[1] == 0x03 && got[2] == 0 && got[3] != 0 &&
		got[3] != 0x3f;
}

static void
end_at_once(void *arg)
{
	(void)arg;
}

static void
start_two(void *user)
{
	const struct leat__env *env = sim_env();
	struct leat__thread a = {.fn = end_at_once, .name = "a"};
	struct leat__thread b = {.fn = end_at_once, .name = "b"};

	(void)user;
	SIM_CHECK(env->thread_start(env, &a) == 0);
	SIM_CHECK(env->thread_start(env, &b) == EAGAIN);
	SIM_CHECK(env->barrier(env) == ENOSYS);
	env->thread_join(env, &a);
}

static bool
threads_and_barriers_fail_as_told(void)
{
	struct sim_opts opts = {
		.thread_fails_at = 2, .faults = SIM_FAULT_BARRIER};

	return engine_run(&opts, start_two, NULL);
}

/* ---- time ------------------------------------------------------------------------- */

static void
sleep_by_two(void *user)
{
	int64_t *order = user;

	sim_sleep_until(leat_now_ns() + 3600000000000);
	order[1] = leat_now_ns();
}

static void
sleep_long(void *user)
{
	int64_t order[2] = {0, 0};
	struct sim_thread *other = sim_go("other", sleep_by_two, order);

	(void)user;
	sim_sleep_until(leat_now_ns() + 1000);
	order[0] = leat_now_ns();
	sim_join(other);
	SIM_CHECK(order[1] - order[0] > 3500000000000);
}

static bool
time_jumps_to_the_next_deadline(void)
{
	struct sim_opts opts = {.max_steps = 1000, .strategy = SIM_REPLAY};

	return engine_run(&opts, sleep_long, NULL);
}

const struct sim_check engine_checks[] = {
	{"same_seed_same_run", same_seed_same_run},
	{"other_seed_other_run", other_seed_other_run},
	{"trace_replays_and_shrinks", trace_replays_and_shrinks},
	{"exploring_ends_and_finds", exploring_ends_and_finds},
	{"a_load_overtakes_a_store", a_load_overtakes_a_store},
	{"stores_keep_their_order", stores_keep_their_order},
	{"a_barrier_drains_all", a_barrier_drains_all},
	{"allocations_fail_as_told", allocations_fail_as_told},
	{"threads_and_barriers_fail", threads_and_barriers_fail_as_told},
	{"time_jumps_to_the_deadline", time_jumps_to_the_next_deadline},
	{0},
};
