/*
 * unit/run/load.c -- shares of time, scores, windows; read while a graph runs.
 * Who is slow is known in the simulator (tests/sim/scenario_load.c).
 */
#include "support/test.h"

#include <pthread.h>

#include "base/atomic.h"
#include "run/run.h"
#include "support/fail.h"
#include "support/numbers.h"

#define N_ITEMS 400000

struct scene {
	struct leat_graph *graph;
	struct sink_seen seen;
};

static void
scene_build(struct scene *s, const struct leat__env *env, uint64_t n,
	uint32_t workers)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = workers};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = n, .per_frame = 16};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &s->seen};
	struct leat_step steps[] = {{&numbers_blocking_ops, &numbers},
		{&pass_ops, NULL}, {&add_ops, NULL}, {&odd_ops, NULL},
		{&sink_ops, &sink}};

	*s = (struct scene){.graph = NULL};
	ck_assert_int_eq(
		leat__graph_create(env, &opts, &s->graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(s->graph, steps, 5, NULL), LEAT_OK);
}

static void
check_whole(const struct leat_load_shares *s)
{
	ck_assert_uint_eq((uint64_t)s->busy + s->starved + s->blocked + s->idle,
		LEAT_LOAD_WHOLE);
}

/* The shares of all stages, of which there are so many. */
static void
check_stages(const struct leat_load *load, bool has_window)
{
	struct leat_stage_load stage;
	uint64_t score = 0;
	uint32_t k = 0;

	for (; leat_load_stage(load, k, &stage) == LEAT_OK; k++) {
		ck_assert_uint_eq(stage.size, sizeof(stage));
		check_whole(&stage.total);
		if (has_window)
			check_whole(&stage.window);
		score += stage.total_score;
	}
	ck_assert_uint_eq(k, 5);
	ck_assert_uint_le(score, LEAT_LOAD_WHOLE);
	ck_assert_ptr_null(stage.name);
}

START_TEST(shares_are_the_whole_while_a_graph_runs)
{
	struct leat_load_opts opts = {
		LEAT_OPTS_INIT(leat_load_opts), .window_ns = 1000000};

	for (uint32_t workers = 1; workers <= 3; workers++) {
		struct scene s;
		struct leat_load *load;
		bool has_window = false;

		scene_build(&s, leat__env_posix(), N_ITEMS, workers);
		ck_assert_int_eq(leat_graph_start(s.graph, NULL), LEAT_OK);
		ck_assert_int_eq(
			leat_load_create(s.graph, &opts, &load, NULL), LEAT_OK);
		while (leat_graph_wait(s.graph, leat_now_ns(), NULL) ==
			LEAT_ETIMEDOUT) {
			has_window |= leat_load_tick(load, leat_now_ns());
			check_stages(load, has_window);
		}
		leat_load_destroy(load);
		leat_graph_destroy(s.graph);
	}
}
END_TEST

START_TEST(after_the_end_time_stands_still)
{
	/* no window ends, however long the run takes */
	struct leat_load_opts opts = {LEAT_OPTS_INIT(leat_load_opts),
		.window_ns = UINT64_C(3600000000000)};
	struct scene s;
	struct leat_load *load;
	struct leat_stage_load before, after;

	scene_build(&s, leat__env_posix(), N_ITEMS, 2);
	ck_assert_int_eq(leat_graph_run(s.graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_load_create(s.graph, &opts, &load, NULL), LEAT_OK);
	leat_load_tick(load, leat_now_ns());
	check_stages(load, false);
	ck_assert_int_eq(leat_load_stage(load, 2, &before), LEAT_OK);
	ck_assert_uint_gt(before.total.busy, 0);
	ck_assert_uint_eq(before.n_above, 0);
	ck_assert(!leat_load_tick(load, leat_now_ns() + INT64_C(100000000000)));
	ck_assert_int_eq(leat_load_stage(load, 2, &after), LEAT_OK);
	ck_assert_mem_eq(&before, &after, sizeof(before));
	ck_assert_uint_eq(leat_load_bottleneck(load), LEAT_LOAD_NONE);
	leat_load_destroy(load);
	leat_graph_destroy(s.graph);
}
END_TEST

/* ---- scores, from times that are made up --------------------------------- */

/* Nothing runs: what the tasks say they did is set by hand. */
static void
say(struct leat_graph *graph, uint32_t stage, enum leat__doing doing,
	uint64_t ns)
{
	struct leat__task *task = graph->stages[stage]->segment->run;

	leat__bump(&task->sheet.spent_ns[doing], ns);
	task->sheet.entry = 0;
}

struct times {
	uint64_t work, starve, block; /* of 1000 */
};

/* A window of 1 ms in which the source, and the segment behind it, did this. */
static void
window_of(struct scene *s, struct leat_load *load, int64_t *now_ns,
	struct times source, struct times segment)
{
	const struct times *both[] = {&source, &segment};

	for (uint32_t k = 0; k < 2; k++) {
		say(s->graph, k, LEAT__DOING_WORK, both[k]->work * 1000);
		say(s->graph, k, LEAT__DOING_STARVE, both[k]->starve * 1000);
		say(s->graph, k, LEAT__DOING_BLOCK, both[k]->block * 1000);
	}
	*now_ns += 1000000;
	ck_assert(leat_load_tick(load, *now_ns));
}

static struct leat_stage_load
stage_of(const struct leat_load *load, uint32_t stage)
{
	struct leat_stage_load one;

	ck_assert_int_eq(leat_load_stage(load, stage, &one), LEAT_OK);
	return one;
}

static struct leat_load *
load_by_hand(struct scene *s, uint32_t n_windows, int64_t *now_ns)
{
	struct leat_load_opts opts = {LEAT_OPTS_INIT(leat_load_opts),
		.window_ns = 1000000, .n_windows = n_windows};
	struct leat_load *load;

	scene_build(s, leat__env_posix(), 16, 1);
	ck_assert_int_eq(leat_graph_run(s->graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < s->graph->n_segments; k++) {
		struct leat__task *task = s->graph->segments[k].run;

		memset(&task->sheet, 0, sizeof(task->sheet));
		for (uint32_t n = 0; n < task->n_nodes; n++)
			task->nodes[n].called_ns = 0;
	}
	s->graph->run->end_ns = 0;
	*now_ns = s->graph->run->start_ns;
	ck_assert_int_eq(
		leat_load_create(s->graph, &opts, &load, NULL), LEAT_OK);
	return load;
}

START_TEST(shares_are_those_of_the_time_that_was_noted)
{
	struct scene s;
	int64_t now_ns;
	struct leat_load *load = load_by_hand(&s, 0, &now_ns);
	struct leat__task *task = s.graph->stages[1]->segment->run;
	struct leat_stage_load one;

	task->nodes[0].called_ns = 100;
	task->nodes[1].called_ns = 200;
	task->nodes[2].called_ns = 700;
	window_of(&s, load, &now_ns, (struct times){100, 0, 850},
		(struct times){500, 100, 0});
	one = stage_of(load, 0);
	ck_assert_uint_eq(one.window.busy, 100000);
	ck_assert_uint_eq(one.window.starved, 0);
	ck_assert_uint_eq(one.window.blocked, 850000);
	ck_assert_uint_eq(one.window.idle, 50000);
	one = stage_of(load, 2); /* add: behind a tenth, before seven */
	ck_assert_uint_eq(one.window.busy, 100000);
	ck_assert_uint_eq(one.window.starved, 100000 + 50000);
	ck_assert_uint_eq(one.window.blocked, 350000);
	ck_assert_uint_eq(one.window.idle, 400000);
	ck_assert_mem_eq(&one.window, &one.total, sizeof(one.total));
	leat_load_destroy(load);
	leat_graph_destroy(s.graph);
}
END_TEST

START_TEST(a_segment_without_samples_is_divided_evenly)
{
	struct scene s;
	int64_t now_ns;
	struct leat_load *load = load_by_hand(&s, 0, &now_ns);

	window_of(&s, load, &now_ns, (struct times){0, 0, 0},
		(struct times){1000, 0, 0});
	for (uint32_t k = 1; k < 5; k++) {
		struct leat_stage_load one = stage_of(load, k);

		ck_assert_uint_eq(one.window.busy, 250000);
		ck_assert_uint_eq(one.window.starved, (k - 1) * 250000);
		ck_assert_uint_eq(one.window.blocked, (4 - k) * 250000);
	}
	leat_load_destroy(load);
	leat_graph_destroy(s.graph);
}
END_TEST

START_TEST(a_stage_is_slow_after_so_many_windows_in_a_row)
{
	static const struct times held_up = {50, 0, 950}, work = {950, 50, 0};
	static const struct times quick = {50, 0, 0}, starved = {20, 980, 0};

	for (uint32_t n_windows = 1; n_windows <= 4; n_windows++) {
		struct scene s;
		int64_t now_ns;
		struct leat_load *load = load_by_hand(&s, n_windows, &now_ns);
		struct leat__task *task = s.graph->stages[1]->segment->run;

		task->nodes[1].called_ns = 1000;
		for (uint32_t k = 1; k <= 2 * n_windows; k++) {
			bool is_broken = k == n_windows && n_windows > 1;

			window_of(&s, load, &now_ns,
				is_broken ? quick : held_up,
				is_broken ? starved : work);
			ck_assert_uint_eq(leat_load_bottleneck(load),
				k == 2 * n_windows || (n_windows == 1)
					? 2
					: LEAT_LOAD_NONE);
		}
		ck_assert_uint_gt(stage_of(load, 2).score, 900000);
		leat_load_destroy(load);
		leat_graph_destroy(s.graph);
	}
}
END_TEST

START_TEST(where_nobody_is_busy_nobody_is_slow)
{
	struct scene s;
	int64_t now_ns;
	struct leat_load *load = load_by_hand(&s, 1, &now_ns);

	window_of(&s, load, &now_ns, (struct times){0, 1000, 0},
		(struct times){0, 1000, 0});
	for (uint32_t k = 0; k < 5; k++)
		ck_assert_uint_eq(stage_of(load, k).score, 0);
	/* all wait for the source, which does little */
	window_of(&s, load, &now_ns, (struct times){90, 910, 0},
		(struct times){10, 990, 0});
	ck_assert_uint_lt(stage_of(load, 0).score, 400000);
	ck_assert_uint_eq(leat_load_bottleneck(load), LEAT_LOAD_NONE);
	leat_load_destroy(load);
	leat_graph_destroy(s.graph);
}
END_TEST

/* ---- what is refused ------------------------------------------------------ */

static void
refuses(struct leat_graph *graph, struct leat_load_opts opts, const char *says)
{
	struct leat_load *load = NULL;
	struct leat_error err;

	ck_assert_int_eq(
		leat_load_create(graph, &opts, &load, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, says) != NULL, "%s", err.text);
	ck_assert_ptr_null(load);
}

START_TEST(options_have_limits_and_the_graph_has_started)
{
	struct scene s;
	struct leat_load *load;
	struct leat_stage_load one;
	struct leat_error err;

	scene_build(&s, leat__env_posix(), 16, 1);
	ck_assert_int_eq(
		leat_load_create(s.graph, NULL, &load, &err), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_run(s.graph, NULL), LEAT_OK);
	refuses(s.graph,
		(struct leat_load_opts){
			LEAT_OPTS_INIT(leat_load_opts), .flags = 1},
		"load flags are 0x1");
	refuses(s.graph,
		(struct leat_load_opts){
			LEAT_OPTS_INIT(leat_load_opts), .window_ns = 999999},
		"window_ns is 999999");
	refuses(s.graph,
		(struct leat_load_opts){LEAT_OPTS_INIT(leat_load_opts),
			.window_ns = LEAT__QUANTUM_NS_MAX + UINT64_C(1)},
		"to an hour");
	refuses(s.graph,
		(struct leat_load_opts){LEAT_OPTS_INIT(leat_load_opts),
			.least_score = LEAT_LOAD_WHOLE},
		"least_score is 1000000");
	ck_assert_int_eq(leat_load_create(s.graph, NULL, &load, NULL), LEAT_OK);
	ck_assert_int_eq(leat_load_stage(load, 5, &one), LEAT_EINVAL);
	ck_assert_int_eq(
		leat_load_stage(load, LEAT_LOAD_NONE, &one), LEAT_EINVAL);
	leat_load_destroy(load);
	leat_load_destroy(NULL);
	leat_graph_destroy(s.graph);
}
END_TEST

START_TEST(no_memory_leaves_nothing_behind)
{
	struct fail_env world;
	struct scene s;
	struct leat_load *load;
	uint64_t n_live;

	fail_env_init(&world);
	scene_build(&s, &world.env, 16, 1);
	ck_assert_int_eq(leat_graph_run(s.graph, NULL), LEAT_OK);
	n_live = world.alloc_live;
	for (uint64_t at = 1; at <= 9; at++) {
		world.alloc_fail_at = world.alloc_n + at;
		ck_assert_int_eq(leat_load_create(s.graph, NULL, &load, NULL),
			LEAT_ENOMEM);
		ck_assert_uint_eq(world.alloc_live, n_live);
	}
	world.alloc_fail_at = 0;
	ck_assert_int_eq(leat_load_create(s.graph, NULL, &load, NULL), LEAT_OK);
	leat_load_destroy(load);
	leat_graph_destroy(s.graph);
}
END_TEST

TEST_MAIN("run/load", shares_are_the_whole_while_a_graph_runs,
	after_the_end_time_stands_still,
	shares_are_those_of_the_time_that_was_noted,
	a_segment_without_samples_is_divided_evenly,
	a_stage_is_slow_after_so_many_windows_in_a_row,
	where_nobody_is_busy_nobody_is_slow,
	options_have_limits_and_the_graph_has_started,
	no_memory_leaves_nothing_behind)
