/*
 * unit/graph/replica.c -- stages that several workers run: which, how many
 * instances, what they share, what the plan says and counts of them.
 */
#include "unit/graph/fake.h"

#define WORKERS  2u
#define AHEAD    4u /* frames in the window, for each worker */
#define CAPACITY 4u

/* ---- stages ------------------------------------------------------------ */

/* What the callbacks of all instances saw, and what they are to do. */
struct notes {
	uint32_t n_inits, n_negotiates, n_finis;
	uint32_t init_fails_at;      /* the k-th call, from 1; 0 = none */
	uint32_t negotiate_fails_at; /* as above */
	uint32_t more_at;            /* the k-th init asks for more */
	uint32_t alloc_bytes;        /* of side memory, by each init */
	bool is_state_dirty;         /* some init found bytes in its state */
};

struct notes_opts {
	uint32_t size;
	uint32_t flags;
	struct notes *notes;
};

struct state {
	struct notes *notes;
	uint64_t mark;
};

static int
noted_init(struct leat_stage *st, const void *opts)
{
	struct notes *notes = ((const struct notes_opts *)opts)->notes;
	struct state *state = leat_stage_state(st);
	void *memory;

	notes->is_state_dirty |= state->notes || state->mark;
	state->notes = notes;
	state->mark = ++notes->n_inits;
	if (notes->n_inits == notes->init_fails_at)
		return leat_stage_fail(st, LEAT_EINVAL, "no more of these");
	if (notes->n_inits == notes->more_at)
		leat_stage_needs(st)->max_out++;
	if (notes->alloc_bytes)
		st->account.cap_bytes = leat_stage_needs(st)->side_bytes;
	return notes->alloc_bytes
		? leat_stage_alloc(st, notes->alloc_bytes, &memory)
		: LEAT_OK;
}

static int
noted_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct notes *notes = ((struct state *)leat_stage_state(st))->notes;

	(void)in;
	(void)out;
	return ++notes->n_negotiates == notes->negotiate_fails_at ? LEAT_EDATA
								  : LEAT_OK;
}

static void
noted_fini(struct leat_stage *st)
{
	((struct state *)leat_stage_state(st))->notes->n_finis++;
}

/* Its frames are its own. */
static const struct leat_stage_ops noted = {
	LEAT_STAGE_OPS_INIT("noted"),
	.flags = LEAT_STAGE_STATELESS,
	.state_bytes = sizeof(struct state),
	.opts_bytes = sizeof(struct notes_opts),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.needs = {.frame_bytes = 65536, .max_out = 3, .side_bytes = 1 << 16},
	.init = noted_init,
	.negotiate = noted_negotiate,
	.process = fake_process,
	.fini = noted_fini,
};

static const struct leat_stage_ops passing = {
	LEAT_STAGE_OPS_INIT("passing"),
	.flags = LEAT_STAGE_STATELESS,
	.process = fake_process,
};

static const struct leat_stage_ops writing = {
	LEAT_STAGE_OPS_INIT("writing"),
	.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_IN_PLACE,
	.process = fake_process,
};

static int
fake_flush(struct leat_stage *st)
{
	(void)st;
	return LEAT_OK;
}

/* ---- graphs ------------------------------------------------------------ */

static struct leat_graph *
graph_with(const struct leat__env *env, uint32_t workers, uint64_t memory_bytes)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = workers, .capacity_frames = CAPACITY,
		.memory_bytes = memory_bytes, .stages = &fake_set};
	struct leat_graph *graph = NULL;
	struct leat_error err;
	int rc = leat__graph_create(env, &opts, &graph, &err);

	ck_assert_int_eq(rc, LEAT_OK);
	return graph;
}

static struct leat_graph *
graph_of(uint32_t workers)
{
	return graph_with(leat__env_posix(), workers, 0);
}

/* numbers ! these ! drop */
static int
chain(struct leat_graph *graph, const struct leat_stage_ops *const *ops,
	uint32_t n, struct notes *notes, struct leat_error *err)
{
	struct notes_opts opts = {LEAT_OPTS_INIT(notes_opts), .notes = notes};
	struct leat_step steps[8] = {{&fake_numbers, NULL}};

	for (uint32_t k = 0; k < n; k++)
		steps[k + 1] = (struct leat_step){
			ops[k], ops[k]->opts_bytes ? &opts : NULL};
	steps[n + 1] = (struct leat_step){&fake_drop, NULL};
	return leat_graph_chain(graph, steps, n + 2, err);
}

static int
chain_noted(
	struct leat_graph *graph, struct notes *notes, struct leat_error *err)
{
	const struct leat_stage_ops *ops = &noted;

	return chain(graph, &ops, 1, notes, err);
}

static struct leat_graph *
checked(uint32_t workers, const struct leat_stage_ops *const *ops, uint32_t n)
{
	static struct notes notes;
	struct leat_graph *graph = graph_of(workers);
	struct leat_error err;

	notes = (struct notes){0};
	ck_assert_msg(
		chain(graph, ops, n, &notes, &err) == LEAT_OK, "%s", err.text);
	ck_assert_msg(leat_graph_check(graph, &err) == LEAT_OK, "%s", err.text);
	return graph;
}

/* ---- which ------------------------------------------------------------- */

static bool
is_replicated(struct leat_stage_ops ops)
{
	const struct leat_stage_ops *list = &ops;
	struct leat_graph *graph = checked(WORKERS, &list, 1);
	bool can = leat__stage_can_replicate(graph->stages[1]);

	ck_assert_int_eq(can, graph->stages[1]->is_replicated);
	ck_assert_uint_eq(
		leat__stage_n_instances(graph->stages[1]), can ? WORKERS : 1u);
	leat__graph_free(graph);
	return can;
}

START_TEST(what_depends_on_one_frame_alone_is_replicated)
{
	struct leat_stage_ops ops = passing;

	ck_assert(is_replicated(ops));
	ops.flags = 0;
	ck_assert(!is_replicated(ops));
	ops.flags = LEAT_STAGE_STATELESS | LEAT_STAGE_BLOCKING;
	ck_assert(!is_replicated(ops));
	ops = passing;
	ops.flush = fake_flush;
	ck_assert(!is_replicated(ops));
	ops = passing;
	ops.finish = fake_flush; /* to commit; it must not emit */
	ck_assert(is_replicated(ops));
	ops = passing;
	ops.needs.holds = 1;
	ck_assert(!is_replicated(ops));
	ops = passing;
	ops.flags |= LEAT_STAGE_CHOOSES; /* which is to look at credit */
	ck_assert(!is_replicated(ops));
}
END_TEST

START_TEST(only_what_has_one_in_and_one_out_is_replicated)
{
	struct leat_graph *graph = graph_of(WORKERS);
	struct leat_stage_ops tee = fake_tee, merge = fake_merge;
	struct leat_stage_ops sink = fake_drop, source = fake_numbers;
	struct leat_stage *stages[4];

	tee.flags |= LEAT_STAGE_STATELESS;
	merge.flags |= LEAT_STAGE_STATELESS;
	sink.flags |= LEAT_STAGE_STATELESS;
	source.flags |= LEAT_STAGE_STATELESS;
	stages[0] = fake_add(graph, &source, NULL);
	stages[1] = fake_add(graph, &tee, NULL);
	stages[2] = fake_add(graph, &merge, NULL);
	stages[3] = fake_add(graph, &sink, NULL);
	fake_link(graph, leat_out(stages[0], 0), leat_in(stages[1], 0));
	fake_link(graph, leat_out(stages[1], 0), leat_in(stages[2], 0));
	fake_link(graph, leat_out(stages[1], 1), leat_in(stages[2], 1));
	fake_link(graph, leat_out(stages[2], 0), leat_in(stages[3], 0));
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < 4; k++)
		ck_assert(!leat__stage_can_replicate(stages[k]));
	leat__graph_free(graph);
}
END_TEST

START_TEST(one_worker_needs_no_replicas)
{
	const struct leat_stage_ops *ops[] = {&passing};
	struct leat_graph *graph = checked(1, ops, 1);

	ck_assert(!graph->stages[1]->is_replicated);
	ck_assert_ptr_null(graph->stages[1]->replicas);
	ck_assert_uint_eq(graph->n_segments, 1);
	ck_assert_uint_eq(graph->segments[0].window, 0);
	leat__graph_free(graph);
}
END_TEST

START_TEST(neighbours_that_are_replicated_are_one_segment_of_their_own)
{
	const struct leat_stage_ops *ops[] = {
		&fake_double, &passing, &writing, &fake_double, &passing};
	struct leat_graph *graph = checked(3, ops, 5);
	static const uint32_t n_stages[] = {2, 2, 1, 1, 1};
	static const uint32_t n_replicas[] = {1, 3, 1, 3, 1};

	ck_assert_uint_eq(graph->n_segments, 5);
	for (uint32_t k = 0; k < 5; k++) {
		const struct leat__segment *segment = &graph->segments[k];

		ck_assert_uint_eq(segment->n_stages, n_stages[k]);
		ck_assert_uint_eq(segment->n_replicas, n_replicas[k]);
		ck_assert_uint_eq(
			segment->window, n_replicas[k] == 1 ? 0u : 3 * AHEAD);
	}
	ck_assert_uint_eq(graph->n_workers, 3);
	leat__graph_free(graph);
}
END_TEST

/* ---- instances --------------------------------------------------------- */

START_TEST(instances_share_what_does_not_change_and_nothing_else)
{
	const struct leat_stage_ops *ops[] = {&noted};
	struct leat_graph *graph = checked(3, ops, 1);
	struct leat_stage *first = graph->stages[1];

	ck_assert_ptr_eq(leat__stage_instance(first, 0), first);
	ck_assert_ptr_eq(first->original, first);
	for (uint32_t k = 1; k < 3; k++) {
		struct leat_stage *st = leat__stage_instance(first, k);

		ck_assert_ptr_eq(st->original, first);
		ck_assert_ptr_eq(st->opts, first->opts);
		ck_assert_ptr_eq(st->ins, first->ins);
		ck_assert_ptr_eq(st->outs, first->outs);
		ck_assert_ptr_eq(st->segment, first->segment);
		ck_assert_str_eq(st->name, first->name);
		ck_assert_uint_eq(st->pool_class, first->pool_class);
		ck_assert_ptr_ne(st->state, first->state);
		ck_assert_ptr_ne(st->n_emitted, first->n_emitted);
		ck_assert_uint_eq(((struct state *)st->state)->mark, k + 1);
	}
	leat__graph_free(graph);
}
END_TEST

START_TEST(each_instance_is_inited_and_negotiates_and_has_its_end_once)
{
	struct leat_graph *graph = graph_of(4);
	struct notes notes = {0};

	ck_assert_int_eq(chain_noted(graph, &notes, NULL), LEAT_OK);
	ck_assert_uint_eq(notes.n_inits, 0);
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	ck_assert_uint_eq(notes.n_inits, 4);
	ck_assert_uint_eq(notes.n_negotiates, 4);
	ck_assert_uint_eq(notes.n_finis, 0);
	ck_assert(!notes.is_state_dirty);
	leat__graph_free(graph);
	ck_assert_uint_eq(notes.n_finis, 4);
}
END_TEST

START_TEST(each_instance_has_side_memory_of_its_own)
{
	struct leat_graph *graph = graph_of(3);
	struct notes notes = {.alloc_bytes = 40000};

	ck_assert_int_eq(chain_noted(graph, &notes, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < 3; k++) {
		const struct leat__account *account =
			&leat__stage_instance(graph->stages[1], k)->account;

		ck_assert_uint_ge(account->used_bytes, 40000);
		ck_assert_uint_lt(account->used_bytes, 80000);
		ck_assert_uint_eq(account->cap_bytes, 1 << 16);
	}
	leat__graph_free(graph);
}
END_TEST

/* ---- failures ---------------------------------------------------------- */

/* The check fails like this; then the same graph is sound. */
static void
fails_then_passes(struct notes *notes, int code, const char *words)
{
	struct leat_graph *graph = graph_of(3);
	struct leat_stage_stats stats;
	struct leat_error err;

	ck_assert_int_eq(chain_noted(graph, notes, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, &err), code);
	ck_assert_str_eq(err.stage, "noted");
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert_uint_eq(notes->n_finis, notes->n_inits);
	/* it can be looked at as before */
	ck_assert_int_eq(leat_stage_stats(graph, 1, &stats), LEAT_OK);
	ck_assert_str_eq(stats.name, "noted");
	*notes = (struct notes){0};
	ck_assert_msg(leat_graph_check(graph, &err) == LEAT_OK, "%s", err.text);
	ck_assert_uint_eq(notes->n_inits, 3);
	ck_assert(!notes->is_state_dirty);
	leat__graph_free(graph);
	ck_assert_uint_eq(notes->n_finis, 3);
}

START_TEST(whichever_init_fails_all_that_were_called_are_undone)
{
	for (uint32_t k = 1; k <= 3; k++) {
		struct notes notes = {.init_fails_at = k};

		fails_then_passes(&notes, LEAT_EINVAL, "no more of these");
	}
}
END_TEST

START_TEST(whichever_negotiate_fails_all_are_undone)
{
	for (uint32_t k = 1; k <= 3; k++) {
		struct notes notes = {.negotiate_fails_at = k};

		fails_then_passes(&notes, LEAT_EDATA, "negotiate of stage");
	}
}
END_TEST

START_TEST(instances_that_need_different_things_are_refused)
{
	for (uint32_t k = 1; k <= 3; k++) {
		struct notes notes = {.more_at = k};

		fails_then_passes(&notes, LEAT_EBUG,
			"stage 'noted' does not always need the same, so it "
			"cannot be replicated");
	}
}
END_TEST

START_TEST(a_graph_that_was_refused_can_be_built_on)
{
	struct leat_graph *graph = graph_with(leat__env_posix(), WORKERS, 1);
	struct notes notes = {0};
	struct leat_graph_stats stats;

	ck_assert_int_eq(chain_noted(graph, &notes, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_ELIMIT);
	ck_assert_uint_eq(notes.n_inits, WORKERS);
	ck_assert_uint_eq(notes.n_finis, WORKERS);
	leat_graph_stats(graph, &stats);
	ck_assert_uint_eq(stats.n_stages, 3);
	graph->opts.memory_bytes = 0;
	ck_assert_int_eq(chain_noted(graph, &notes, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	ck_assert_uint_eq(notes.n_inits, 3 * WORKERS);
	leat__graph_free(graph);
	ck_assert_uint_eq(notes.n_finis, 3 * WORKERS);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	int rc = LEAT_ENOMEM;
	uint64_t n;

	for (n = 1; rc != LEAT_OK; n++) {
		struct notes notes = {0};
		struct leat_graph *graph;
		struct fail_env world;
		struct leat_error err;
		uint64_t n_before;

		fail_env_init(&world);
		graph = graph_with(&world.env, 3, 0);
		ck_assert_int_eq(chain_noted(graph, &notes, NULL), LEAT_OK);
		n_before = world.alloc_n;
		world.alloc_fail_at = n_before + n;
		rc = leat_graph_check(graph, &err);
		ck_assert(rc == LEAT_OK || rc == LEAT_ENOMEM);
		ck_assert_uint_eq(
			notes.n_finis, rc == LEAT_OK ? 0 : notes.n_inits);
		world.alloc_fail_at = 0;
		ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_OK);
		leat__graph_free(graph);
		ck_assert_uint_eq(notes.n_finis, notes.n_inits);
		ck_assert_uint_eq(world.alloc_live, 0);
	}
	ck_assert_uint_gt(n, 6); /* there were some to fail */
}
END_TEST

/* ---- what is counted --------------------------------------------------- */

struct tally {
	uint64_t n[LEAT__SHARE_N]; /* slots of class 0 */
};

static void
tally_add(const struct leat__share *share, void *user)
{
	struct tally *tally = user;

	ck_assert_uint_eq(share->class_, 0);
	tally->n[share->kind] += share->n_slots;
}

static struct tally
tally_of(const struct leat_graph *graph)
{
	struct tally tally = {{0}};
	uint64_t sum = 0;

	leat__budget_each(graph, tally_add, &tally);
	for (uint32_t k = 0; k < LEAT__SHARE_N; k++)
		sum += tally.n[k];
	ck_assert_uint_eq(graph->classes[0].n_slots, sum);
	return tally;
}

START_TEST(each_replica_has_its_share_of_the_pool)
{
	const struct leat_stage_ops *ops[] = {&noted, &writing};
	struct leat_graph *graph = checked(3, ops, 2);
	struct tally tally = tally_of(graph);

	/* in: two frames for each replica; out: what one call may emit */
	ck_assert_uint_eq(graph->links[0]->capacity_frames, 6);
	ck_assert_uint_eq(graph->links[2]->capacity_frames, CAPACITY);
	ck_assert_uint_eq(tally.n[LEAT__SHARE_LINK], 6 + CAPACITY);
	ck_assert_uint_eq(tally.n[LEAT__SHARE_INBOX], 3 * 3);
	ck_assert_uint_eq(tally.n[LEAT__SHARE_WINDOW], 3 * AHEAD);
	/* three a call of each replica of noted, one of numbers */
	ck_assert_uint_eq(tally.n[LEAT__SHARE_RESERVED], 3 * 3 + 1);
	ck_assert_uint_eq(tally.n[LEAT__SHARE_COPY], 3);
	ck_assert_uint_eq(tally.n[LEAT__SHARE_HELD], 0);
	ck_assert_uint_eq(
		tally.n[LEAT__SHARE_MAGAZINE], 3 * graph->magazine_slots);
	ck_assert_uint_eq(leat__budget_side_bytes(graph), 3 << 16);
	leat__graph_free(graph);
}
END_TEST

START_TEST(a_place_in_the_window_holds_all_of_one_call)
{
	const struct leat_stage_ops *ops[] = {&noted};
	struct leat_graph *graph = checked(WORKERS, ops, 1);

	ck_assert_uint_eq(
		tally_of(graph).n[LEAT__SHARE_WINDOW], WORKERS * AHEAD * 3);
	leat__graph_free(graph);
}
END_TEST

START_TEST(of_large_frames_fewer_are_ahead)
{
	struct leat_stage_ops large = noted;
	const struct leat_stage_ops *ops[] = {&large};
	struct leat_graph *graph;

	large.needs.frame_bytes = (1 << 20) + 1;
	graph = checked(WORKERS, ops, 1);
	ck_assert_uint_eq(graph->segments[1].window, WORKERS * AHEAD / 2);
	leat__graph_free(graph);
	large.needs.frame_bytes = 1 << 20;
	graph = checked(WORKERS, ops, 1);
	ck_assert_uint_eq(graph->segments[1].window, WORKERS * AHEAD);
	leat__graph_free(graph);
}
END_TEST

static int
check_within(uint64_t memory_bytes, uint64_t *bound, struct leat_error *err)
{
	struct leat_graph *graph =
		graph_with(leat__env_posix(), WORKERS, memory_bytes);
	struct notes notes = {0};
	int rc;

	ck_assert_int_eq(chain_noted(graph, &notes, NULL), LEAT_OK);
	rc = leat_graph_check(graph, err);
	*bound = leat_graph_bound_bytes(graph);
	leat__graph_free(graph);
	ck_assert_uint_eq(notes.n_finis, notes.n_inits);
	return rc;
}

START_TEST(the_bound_is_enough_and_one_byte_less_is_not)
{
	uint64_t bound, none;
	struct leat_error err;
	char words[64];

	ck_assert_int_eq(check_within(0, &bound, &err), LEAT_OK);
	ck_assert_int_eq(check_within(bound, &none, &err), LEAT_OK);
	ck_assert_int_eq(check_within(bound - 1, &none, &err), LEAT_ELIMIT);
	snprintf(words, sizeof(words), "would do is %llu bytes",
		(unsigned long long)bound);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	/* 8 places of 3 frames; 3 frames of each instance */
	ck_assert_msg(strstr(err.text, "noted 1.5 MiB, noted 384 KiB") != NULL,
		"%s", err.text);
}
END_TEST

/* ---- what is said ------------------------------------------------------ */

static void
says(const char *text, const char *line)
{
	ck_assert_msg(
		strstr(text, line) != NULL, "no '%s' in:\n%s", line, text);
}

START_TEST(explain_says_how_many_and_how_far_ahead)
{
	const struct leat_stage_ops *ops[] = {&noted, &passing};
	struct leat_graph *graph = checked(WORKERS, ops, 2);
	char buf[4096];

	leat_graph_explain(graph, buf, sizeof(buf));
	says(buf, "segments: 3 on 2 threads (2 workers)\n");
	says(buf, "  1   worker  numbers\n");
	says(buf, "  2   worker  noted -> passing  x 2, in order, 8 ahead\n");
	says(buf, "  3   worker  drop\n");
	says(buf, ", windows 8");
	says(buf, "side memory 128 KiB");
	leat__graph_free(graph);
}
END_TEST

START_TEST(explain_says_nothing_of_the_kind_for_one_worker)
{
	const struct leat_stage_ops *ops[] = {&noted};
	struct leat_graph *graph = checked(1, ops, 1);
	char buf[4096];

	leat_graph_explain(graph, buf, sizeof(buf));
	says(buf, "  1   worker  numbers -> noted -> drop\n");
	ck_assert_ptr_null(strstr(buf, "ahead"));
	ck_assert_ptr_null(strstr(buf, "windows"));
	leat__graph_free(graph);
}
END_TEST

TEST_MAIN("graph/replica", what_depends_on_one_frame_alone_is_replicated,
	only_what_has_one_in_and_one_out_is_replicated,
	one_worker_needs_no_replicas,
	neighbours_that_are_replicated_are_one_segment_of_their_own,
	instances_share_what_does_not_change_and_nothing_else,
	each_instance_is_inited_and_negotiates_and_has_its_end_once,
	each_instance_has_side_memory_of_its_own,
	whichever_init_fails_all_that_were_called_are_undone,
	whichever_negotiate_fails_all_are_undone,
	instances_that_need_different_things_are_refused,
	a_graph_that_was_refused_can_be_built_on, every_allocation_may_fail,
	each_replica_has_its_share_of_the_pool,
	a_place_in_the_window_holds_all_of_one_call,
	of_large_frames_fewer_are_ahead,
	the_bound_is_enough_and_one_byte_less_is_not,
	explain_says_how_many_and_how_far_ahead,
	explain_says_nothing_of_the_kind_for_one_worker)
