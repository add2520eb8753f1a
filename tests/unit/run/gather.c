/*
 * unit/run/gather.c -- stages that choose among their ins: only what is wanted
 * comes, each end is told once, and frames of each in may be kept.
 */
#include "unit/fan/stages.h"

#include "graph/graph.h"

#define INS_MAX 70u

/* Takes items from its ins strictly in turn, and holds what it has not used;
 * what is left when one has ended goes on among the others. */
struct turns_log {
	uint32_t n_ends[INS_MAX];
	uint32_t n_unwanted; /* frames of ins that were not wanted */
	uint32_t n_bad_in;   /* leat_stage_in() was none of them */
	uint32_t n_late;     /* frames after the end of their in */
	uint32_t n_more;     /* calls of end_in again */
	bool stops_at_end;   /* the first end is enough */
	bool wants_nothing;  /* forgets to want the next */
};

struct turns_opts {
	uint32_t size;
	uint32_t flags;
	struct turns_log *log;
};

struct turns {
	struct turns_log *log;
	struct leat_frame *frames[INS_MAX];
	bool is_held[INS_MAX];
	uint32_t at[INS_MAX];
	bool has_ended[INS_MAX];
	uint32_t turn;
};

static int
turns_init(struct leat_stage *st, const void *opts)
{
	struct turns *s = leat_stage_state(st);

	s->log = ((const struct turns_opts *)opts)->log;
	return LEAT_OK;
}

static int
turns_emit(struct leat_stage *st, uint64_t item)
{
	struct leat_frame *frame;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	*(uint64_t *)(void *)frame->data = item;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	return leat_stage_emit(st, 0, frame);
}

static void
turns_next(struct leat_stage *st, struct turns *s)
{
	uint32_t n = leat_stage_n_ins(st);

	for (uint32_t k = 0; k < n; k++) {
		s->turn = (s->turn + 1) % n;
		if (!s->has_ended[s->turn])
			return;
	}
}

/* One item a call. */
static int
turns_run(struct leat_stage *st, struct turns *s)
{
	uint32_t in = s->turn;
	struct leat_frame *frame = s->frames[in];
	const uint64_t *items;
	int rc;

	if (!frame)
		return LEAT_OK;
	items = (const uint64_t *)(const void *)frame->data;
	rc = turns_emit(st, items[s->at[in]++]);
	if (rc)
		return rc;
	if (s->at[in] == frame->n_items) {
		leat_stage_release(st, frame);
		s->frames[in] = NULL;
		s->is_held[in] = false;
		leat_stage_want(st, in, !s->log->wants_nothing);
		turns_next(st, s);
		/* the frame in hand may be gone: nothing else may be done */
		return LEAT_OK;
	}
	turns_next(st, s);
	return LEAT_MORE;
}

static int
turns_process(struct leat_stage *st, struct leat_frame *in)
{
	struct turns *s = leat_stage_state(st);
	uint32_t from = leat_stage_in(st);
	int rc;

	if (from >= leat_stage_n_ins(st)) {
		s->log->n_bad_in++;
		return LEAT_EBUG;
	}
	s->log->n_late += s->has_ended[from];
	if (!s->frames[from]) {
		s->frames[from] = in;
		s->at[from] = 0;
	} else {
		s->log->n_unwanted += s->is_held[from];
	}
	rc = turns_run(st, s);
	if (rc != LEAT_OK || !s->frames[from])
		return rc;
	s->is_held[from] = true;
	leat_stage_want(st, from, false);
	return LEAT_OK;
}

static int
turns_end_in(struct leat_stage *st, uint32_t in)
{
	struct turns *s = leat_stage_state(st);

	if (!s->has_ended[in])
		s->log->n_ends[in]++;
	else
		s->log->n_more++;
	s->has_ended[in] = true;
	leat_stage_want(st, in, true); /* of one that has ended: nothing */
	if (s->log->stops_at_end)
		return LEAT_EOS;
	if (in == s->turn)
		turns_next(st, s);
	return turns_run(st, s);
}

static int
turns_finish(struct leat_stage *st)
{
	struct turns *s = leat_stage_state(st);

	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++)
		if (s->frames[k]) {
			s->turn = k;
			return turns_run(st, s) < 0 ? LEAT_EBUG : LEAT_MORE;
		}
	return LEAT_OK;
}

static void
turns_fini(struct leat_stage *st)
{
	struct turns *s = leat_stage_state(st);

	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++)
		if (s->is_held[k])
			leat_stage_release(st, s->frames[k]);
}

static const struct leat_stage_ops turns_ops = {LEAT_STAGE_OPS_INIT("turns"),
	.flags = LEAT_STAGE_GATHERS, .state_bytes = sizeof(struct turns),
	.opts_bytes = sizeof(struct turns_opts), .n_ins = LEAT_ENDS_ANY,
	.in_layouts = LEAT_LAYOUT_ITEMS, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = 4096}, .init = turns_init,
	.process = turns_process, .end_in = turns_end_in,
	.finish = turns_finish, .fini = turns_fini};

/* ---- graphs around it ----------------------------------------------------- */

/* Each in has a source of n[k] items; 0 = without end. */
static void
turns_build(struct fan *fan, struct turns_log *log, const uint64_t *n,
	uint32_t n_ins, uint64_t enough)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct turns_opts opts = {LEAT_OPTS_INIT(turns_opts), .log = log};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts),
		.seen = &fan->seen[0], .enough = enough};

	memset(fan, 0, sizeof(*fan));
	ck_assert_int_eq(leat_graph_create(&graph_opts, &fan->graph, &fan->err),
		LEAT_OK);
	fan->out = fan_add(fan, &turns_ops, &opts);
	for (uint32_t k = 0; k < n_ins; k++) {
		struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
			.n = n[k], .per_frame = 1 + k % 5};

		fan_link(fan,
			fan_add(fan,
				k % 3 ? &numbers_ops : &numbers_blocking_ops,
				&numbers),
			0, fan->out, k, 1 + k % 2);
	}
	fan_link(fan, fan->out, 0, fan_add(fan, &sink_ops, &sink), 0, 1);
}

static void
expect_told_once(const struct turns_log *log, uint32_t n_ins)
{
	for (uint32_t k = 0; k < n_ins; k++)
		ck_assert_uint_eq(log->n_ends[k], 1);
	ck_assert_uint_eq(log->n_unwanted, 0);
	ck_assert_uint_eq(log->n_bad_in, 0);
	ck_assert_uint_eq(log->n_late, 0);
}

START_TEST(only_what_is_wanted_comes_and_nothing_is_lost)
{
	static const uint64_t n[] = {1000, 1000, 1000, 1000};

	for (uint32_t n_ins = 1; n_ins <= 4; n_ins++) {
		struct turns_log log = {0};
		struct fan fan;

		turns_build(&fan, &log, n, n_ins, 0);
		fan_run(&fan);
		ck_assert_uint_eq(fan.seen[0].n, n_ins * 1000);
		/* 1 1 2 2 3 3: only the first of each is above the one before
		 */
		ck_assert_uint_eq(
			fan.seen[0].n_back, (uint64_t)(n_ins - 1) * 1000);
		expect_told_once(&log, n_ins);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

START_TEST(ins_that_end_early_are_told_and_the_others_go_on)
{
	static const uint64_t n[] = {1, 500, 3, 2000, 1, 77};
	struct turns_log log = {0};
	struct fan fan;

	turns_build(&fan, &log, n, 6, 0);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, 1 + 500 + 3 + 2000 + 1 + 77);
	expect_told_once(&log, 6);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(more_ins_than_bits_in_a_word_are_all_served)
{
	struct turns_log log = {0};
	uint64_t n[INS_MAX], sum = 0;
	struct fan fan;

	for (uint32_t k = 0; k < INS_MAX; k++)
		sum += n[k] = 1 + (k * 7) % 50;
	turns_build(&fan, &log, n, INS_MAX, 0);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[0].n, sum);
	expect_told_once(&log, INS_MAX);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(it_may_say_at_an_end_that_this_was_enough)
{
	static const uint64_t n[] = {0, 50, 0};
	struct turns_log log = {.stops_at_end = true};
	struct fan fan;

	turns_build(&fan, &log, n, 3, 0);
	fan_run(&fan);
	ck_assert_uint_ge(fan.seen[0].n, 150);
	ck_assert_uint_eq(log.n_ends[0] + log.n_ends[2], 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(what_it_holds_goes_back_when_nobody_wants_more)
{
	static const uint64_t n[] = {0, 0, 0, 0};
	struct turns_log log = {0};
	struct fan fan;

	turns_build(&fan, &log, n, 4, 333);
	fan_run(&fan);
	ck_assert_uint_ge(fan.seen[0].n, 333);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(wanting_nothing_is_an_error_and_not_a_wait_for_ever)
{
	static const uint64_t n[] = {1000, 1000};
	struct turns_log log = {.wants_nothing = true};
	struct fan fan;

	turns_build(&fan, &log, n, 2, 0);
	ck_assert_int_eq(leat_graph_run(fan.graph, &fan.err), LEAT_EBUG);
	ck_assert_msg(strstr(fan.err.text, "wants no frame of any in") != NULL,
		"%s", fan.err.text);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(one_frame_of_each_in_is_in_the_proof_of_memory)
{
	static const uint64_t n[] = {9, 9, 9, 9, 9, 9, 9, 9};
	uint64_t bytes[2];

	for (uint32_t k = 0; k < 2; k++) {
		struct turns_log log = {0};
		struct fan fan;

		turns_build(&fan, &log, n, 8, 0);
		if (k)
			fan.out->ops.flags &= ~LEAT_STAGE_GATHERS;
		ck_assert_int_eq(
			leat_graph_check(fan.graph, &fan.err), LEAT_OK);
		bytes[k] = leat_graph_bound_bytes(fan.graph);
		leat_graph_destroy(fan.graph);
	}
	ck_assert_uint_ge(bytes[0], bytes[1] + 8 * 4096ull);
}
END_TEST

START_TEST(a_stage_of_one_in_cannot_gather)
{
	struct leat_stage_ops ops = turns_ops;
	struct turns_log log = {0};
	struct turns_opts opts = {LEAT_OPTS_INIT(turns_opts), .log = &log};
	struct leat_step step = {&ops, &opts};
	struct leat_graph *graph;
	struct leat_stage *st;
	struct leat_error err;

	ops.n_ins = 1;
	ck_assert_int_eq(leat_graph_create(NULL, &graph, &err), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &step, &st, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, "gathers, but has 1 ins") != NULL, "%s",
		err.text);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("run/gather", only_what_is_wanted_comes_and_nothing_is_lost,
	ins_that_end_early_are_told_and_the_others_go_on,
	more_ins_than_bits_in_a_word_are_all_served,
	it_may_say_at_an_end_that_this_was_enough,
	what_it_holds_goes_back_when_nobody_wants_more,
	wanting_nothing_is_an_error_and_not_a_wait_for_ever,
	one_frame_of_each_in_is_in_the_proof_of_memory,
	a_stage_of_one_in_cannot_gather)
