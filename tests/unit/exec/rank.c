/*
 * unit/exec/rank.c -- entries of several ranks: one worker, so that the order
 * in which they are run is known. What time makes of it is for the simulator.
 */
#include "support/test.h"

#include <leat/leat.h>

#include "exec/exec.h"
#include "support/fail.h"
#include "support/numbers.h"

#define N_MANY 1500 /* more than a queue holds */

struct scene {
	struct leat__exec exec;
	struct leat__parker done;
	uint32_t n_left; /* atomic */
	uint32_t n_ran;
	uint32_t ran[N_MANY + 8]; /* names, in order */
};

struct one {
	struct leat__entry entry;
	struct leat__job job;
	struct scene *scene;
	uint32_t name;
	struct one *others; /* pushed by the first */
	uint32_t n_others;
};

static void
scene_begin(struct scene *s, uint32_t n_workers, uint32_t n_ranks)
{
	struct leat__exec_opts opts = {
		.n_workers = n_workers, .n_ranks = n_ranks, .name = "rank"};

	memset(s, 0, sizeof(*s));
	ck_assert_int_eq(
		leat__exec_init(&s->exec, leat__env_posix(), &opts), LEAT_OK);
	leat__parker_init(&s->done, s->exec.env);
}

static void
scene_end(struct scene *s)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&s->done);

		if (leat__load_acquire(&s->n_left) == 0)
			break;
		leat__parker_wait(&s->done, ticket, LEAT_NEVER);
	}
	leat__exec_stop(&s->exec);
	leat__exec_join(&s->exec);
	leat__exec_fini(&s->exec);
}

static void
one_ran(struct one *one)
{
	struct scene *s = one->scene;

	if (s->exec.n_workers == 1)
		s->ran[s->n_ran++] = one->name;
	if (leat__sub_acq_rel(&s->n_left, 1u) == 1)
		leat__parker_wake(&s->done);
}

static struct leat__context *
one_run(struct leat__entry *entry, struct leat__worker *worker)
{
	struct one *one = leat__container_of(entry, struct one, entry);

	for (uint32_t k = 0; k < one->n_others; k++)
		leat__exec_push(worker->exec, worker, &one->others[k].entry);
	one_ran(one);
	return NULL;
}

static struct one
one_of(struct scene *s, uint32_t name, uint32_t rank)
{
	s->n_left++;
	return (struct one){
		.entry = {NULL, one_run, rank}, .scene = s, .name = name};
}

static void
check_order(const struct scene *s, const uint32_t *names, uint32_t n)
{
	ck_assert_uint_eq(s->n_ran, n);
	for (uint32_t k = 0; k < n; k++)
		ck_assert_uint_eq(s->ran[k], names[k]);
}

START_TEST(lesser_ranks_come_first_and_a_rank_in_turn)
{
	static const uint32_t ranks[] = {2, 1, 0, 2, 0, 1};
	static const uint32_t order[] = {9, 2, 4, 1, 5, 0, 3};
	struct scene s;
	struct one all[6], first;

	scene_begin(&s, 1, 3);
	for (uint32_t k = 0; k < 6; k++)
		all[k] = one_of(&s, k, ranks[k]);
	first = one_of(&s, 9, 2);
	first.others = all;
	first.n_others = 6;
	leat__exec_push(&s.exec, NULL, &first.entry);
	scene_end(&s);
	check_order(&s, order, 7);
}
END_TEST

START_TEST(what_overflows_a_queue_keeps_its_rank)
{
	static struct scene s;
	static struct one all[N_MANY + 1];
	struct one first;

	scene_begin(&s, 1, 2);
	for (uint32_t k = 0; k < N_MANY; k++)
		all[k] = one_of(&s, k + 1, 1);
	all[N_MANY] = one_of(&s, N_MANY + 1, 0);
	first = one_of(&s, 0, 0);
	first.others = all;
	first.n_others = N_MANY + 1;
	leat__exec_push(&s.exec, NULL, &first.entry);
	scene_end(&s);
	ck_assert_uint_eq(s.n_ran, N_MANY + 2);
	ck_assert_uint_eq(s.ran[1], N_MANY + 1);
}
END_TEST

START_TEST(the_common_queue_is_looked_at_every_61st_time_for_each_rank)
{
	static struct scene s;
	static struct one all[200];
	struct one first, stranger;
	uint32_t at = 0;

	scene_begin(&s, 1, 2);
	for (uint32_t k = 0; k < 200; k++)
		all[k] = one_of(&s, 1, 1);
	first = one_of(&s, 0, 0);
	first.others = all;
	first.n_others = 200;
	stranger = one_of(&s, 2, 1);
	/* both wait for the thread, which takes the first one first */
	leat__worker_push(&s.exec.workers[0], &first.entry);
	leat__exec_push(&s.exec, NULL, &stranger.entry);
	scene_end(&s);
	while (s.ran[at] != 2)
		at++;
	ck_assert_uint_le(at, 62);
}
END_TEST

/* Hands over a later one, and makes a first one ready. */
static enum leat__step
hand_step(struct leat__job *job, struct leat__worker *worker)
{
	struct one *one = leat__container_of(job, struct one, job);

	if (one->n_others) {
		leat__job_ready_next(&one->others[0].job, worker);
		ck_assert_ptr_eq(worker->handed, &one->others[0].job.entry);
		leat__job_ready(&one->others[1].job, worker);
	}
	one_ran(one);
	return LEAT__STEP_IDLE;
}

static void
hand_over(uint32_t n_ranks, uint32_t first_rank, const uint32_t *order)
{
	struct scene s;
	struct one all[3];

	scene_begin(&s, 1, n_ranks);
	for (uint32_t k = 0; k < 3; k++) {
		all[k] = one_of(&s, k, 0);
		all[k].job.step = hand_step;
		all[k].job.entry.rank = n_ranks - 1;
		leat__job_init(&all[k].job, &s.exec);
	}
	all[0].others = &all[1];
	all[0].n_others = 2;
	all[2].job.entry.rank = first_rank;
	leat__job_ready(&all[0].job, NULL);
	scene_end(&s);
	check_order(&s, order, 3);
}

START_TEST(what_is_handed_over_does_not_jump_over_a_lesser_rank)
{
	static const uint32_t jumps[] = {0, 1, 2}, waits[] = {0, 2, 1};

	hand_over(1, 0, jumps);
	hand_over(2, 1, jumps);
	hand_over(2, 0, waits);
}
END_TEST

START_TEST(many_of_all_ranks_are_run_by_several_workers)
{
	static struct scene s;
	static struct one all[N_MANY];
	struct one first;

	for (int k = 0; k < 20; k++) {
		scene_begin(&s, 3, LEAT__RANKS_MAX);
		for (uint32_t n = 0; n < N_MANY; n++)
			all[n] = one_of(&s, n, n % LEAT__RANKS_MAX);
		first = one_of(&s, 0, 5);
		first.others = all;
		first.n_others = N_MANY;
		leat__exec_push(&s.exec, NULL, &first.entry);
		scene_end(&s);
	}
}
END_TEST

START_TEST(no_memory_for_ranks_leaves_nothing_behind)
{
	struct leat__exec_opts opts = {
		.n_workers = 2, .n_ranks = 3, .name = "test"};

	for (uint64_t at = 1; at <= 9; at++) {
		struct fail_env world;
		struct leat__exec exec;

		fail_env_init(&world);
		world.alloc_fail_at = at;
		ck_assert_int_eq(
			leat__exec_init(&exec, &world.env, &opts), LEAT_ENOMEM);
		ck_assert_uint_eq(world.alloc_live, 0);
	}
}
END_TEST

/* ---- a graph ------------------------------------------------------------ */

struct witness {
	struct leat_graph *graph;
	struct sink_seen flood; /* of a chain that never ends */
	uint64_t n_left;        /* frames to make */
	uint64_t flood_before;
	uint64_t flood_after;
};

struct witness_opts {
	uint32_t size;
	uint32_t flags;
	struct witness *witness;
};

static struct witness *
witness_of(struct leat_stage *st)
{
	struct witness **witness = leat_stage_state(st);

	return *witness;
}

static int
witness_init(struct leat_stage *st, const void *opts)
{
	const struct witness_opts *o = opts;

	memcpy(leat_stage_state(st), &o->witness, sizeof(o->witness));
	leat_stage_needs(st)->frame_bytes = 64;
	return LEAT_OK;
}

static int
witness_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

static int
witness_produce(struct leat_stage *st)
{
	struct witness *w = witness_of(st);
	struct leat_frame *frame;

	if (!w->flood_before)
		w->flood_before = leat__load_relaxed(&w->flood.n) + 1;
	if (w->n_left-- == 0) {
		w->flood_after = leat__load_relaxed(&w->flood.n) + 1;
		leat_graph_drain(w->graph);
		return LEAT_EOS;
	}
	if (leat_stage_acquire(st, &frame) < 0)
		return LEAT_EBUG;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	memset(frame->data, 1, 8);
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops witness_ops = {
	LEAT_STAGE_OPS_INIT("witness"),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.state_bytes = sizeof(struct witness *),
	.opts_bytes = sizeof(struct witness_opts),
	.init = witness_init,
	.negotiate = witness_negotiate,
	.produce = witness_produce,
};

static void
add_chain(struct leat_graph *graph, const struct leat_step steps[2],
	uint32_t priority)
{
	struct leat_stage *ends[2];

	for (int k = 0; k < 2; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &ends[k], NULL),
			LEAT_OK);
	ck_assert_int_eq(leat_graph_link(graph, leat_out(ends[0], 0),
				 leat_in(ends[1], 0), NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_stage_set_priority(ends[0], priority, NULL), LEAT_OK);
}

/* How many items of the flood came through while the witness worked. */
static uint64_t
flood_beside(uint32_t schedule, uint32_t flood_priority)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .quantum_ns = 1000, .schedule = schedule};
	struct witness w = {.n_left = 200000};
	struct sink_seen seen = {0};
	struct witness_opts witness = {
		LEAT_OPTS_INIT(witness_opts), .witness = &w};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	struct sink_opts sinks[2] = {
		{LEAT_OPTS_INIT(sink_opts), .seen = &w.flood},
		{LEAT_OPTS_INIT(sink_opts), .seen = &seen}};
	struct leat_step flood[] = {
		{&numbers_ops, &numbers}, {&sink_ops, &sinks[0]}};
	struct leat_step first[] = {
		{&witness_ops, &witness}, {&sink_ops, &sinks[1]}};

	ck_assert_int_eq(leat_graph_create(&opts, &w.graph, NULL), LEAT_OK);
	add_chain(w.graph, flood, flood_priority);
	add_chain(w.graph, first, LEAT_PRIORITY_NORMAL);
	ck_assert_int_eq(leat_graph_run(w.graph, NULL), LEAT_OK);
	leat_graph_destroy(w.graph);
	return w.flood_after - w.flood_before;
}

START_TEST(a_flood_of_low_priority_waits_until_the_others_are_through)
{
	ck_assert_uint_eq(
		flood_beside(LEAT_SCHEDULE_STRICT, LEAT_PRIORITY_LOW), 0);
	ck_assert_uint_gt(
		flood_beside(LEAT_SCHEDULE_STRICT, LEAT_PRIORITY_NORMAL), 0);
	ck_assert_uint_gt(
		flood_beside(LEAT_SCHEDULE_WEIGHTED, LEAT_PRIORITY_LOW), 0);
}
END_TEST

TEST_MAIN("exec/rank", lesser_ranks_come_first_and_a_rank_in_turn,
	what_overflows_a_queue_keeps_its_rank,
	the_common_queue_is_looked_at_every_61st_time_for_each_rank,
	what_is_handed_over_does_not_jump_over_a_lesser_rank,
	many_of_all_ranks_are_run_by_several_workers,
	no_memory_for_ranks_leaves_nothing_behind,
	a_flood_of_low_priority_waits_until_the_others_are_through)
