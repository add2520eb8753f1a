#include "graph/graph.h"
#include "stages.h"

static struct leat_step
tee_step(struct leat_tee_opts *opts, const char *slow)
{
	*opts = (struct leat_tee_opts){
		LEAT_OPTS_INIT(leat_tee_opts), .slow = slow};
	return (struct leat_step){&leat_tee_ops, opts};
}

START_TEST(every_branch_gets_every_frame_in_order)
{
	for (uint32_t n = 1; n <= FAN_BRANCHES_MAX; n++) {
		struct leat_tee_opts opts;
		struct leat_step step = tee_step(&opts, "block");
		struct fan fan;

		fan_open(&fan, 3000, &step, n, NULL);
		fan_run(&fan);
		for (uint32_t k = 0; k < n; k++) {
			ck_assert_uint_eq(fan.seen[k].n, 3000);
			ck_assert_uint_eq(fan.seen[k].sum, 3000ull * 3001 / 2);
			ck_assert_uint_eq(fan.seen[k].n_back, 0);
		}
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

/* The frame is one; only its readers are many. */
static int
same_process(struct leat_stage *st, struct leat_frame *in)
{
	uint64_t *n_shared = leat_stage_state(st);

	*n_shared += !leat_frame_is_sole(in);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops same_ops = {LEAT_STAGE_OPS_INIT("same"),
	.flags = LEAT_STAGE_SINK, .state_bytes = sizeof(uint64_t),
	.process = same_process};

START_TEST(frames_are_shared_and_not_copied)
{
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block");
	struct leat_stage_stats stats;
	struct fan fan;

	fan_open(&fan, 1000, &step, 0, NULL);
	for (uint32_t k = 0; k < 3; k++)
		fan_link(
			&fan, fan.out, k, fan_add(&fan, &same_ops, NULL), 0, 1);
	fan_run(&fan);
	for (uint32_t k = 0; leat_stage_stats(fan.graph, k, &stats) == 0; k++)
		ck_assert_uint_eq(stats.copied_bytes, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* Waits at its first frame until another sink has had n items. */
struct patient_opts {
	uint32_t size;
	uint32_t flags;
	struct sink_seen *seen;        /* its own */
	const struct sink_seen *until; /* the other's */
	uint64_t n;
};

static int
patient_init(struct leat_stage *st, const void *opts)
{
	const struct patient_opts **o = leat_stage_state(st);

	*o = opts;
	return LEAT_OK;
}

static int
patient_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct patient_opts **o = leat_stage_state(st);

	while (__atomic_load_n(&(*o)->until->n, __ATOMIC_ACQUIRE) < (*o)->n)
		if (leat_ctx_wait(leat_stage_ctx(st), leat_now_ns() + 100000) ==
			LEAT_ECANCELED)
			return LEAT_ECANCELED;
	(*o)->seen->n += in->n_items;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops patient_ops = {
	LEAT_STAGE_OPS_INIT("patient"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct patient_opts), .init = patient_init,
	.process = patient_process};

/* A branch that takes nothing until the other has all. */
static void
slow_branch_open(struct fan *fan, const char *slow)
{
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, slow);
	struct patient_opts patient = {LEAT_OPTS_INIT(patient_opts),
		.seen = &fan->seen[1], .until = &fan->seen[0], .n = 2000};

	fan_open(fan, 2000, &step, 1, NULL);
	fan_link(fan, fan->out, 1, fan_add(fan, &patient_ops, &patient), 0, 2);
}

START_TEST(a_branch_that_sheds_holds_nobody_up_and_what_it_misses_is_counted)
{
	struct leat_graph_stats stats;
	struct fan fan;

	slow_branch_open(&fan, "block,shed");
	fan_run(&fan);
	leat_graph_stats(fan.graph, &stats);
	ck_assert_uint_eq(fan.seen[0].n, 2000);
	ck_assert_uint_ge(fan.seen[1].n, 1);
	ck_assert_uint_lt(fan.seen[1].n, 2000);
	ck_assert_uint_eq(stats.shed, 2000 - fan.seen[1].n);
	ck_assert_uint_eq(stats.made, 2000);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(a_branch_that_detaches_ends_where_it_was_full)
{
	struct leat_graph_stats stats;
	struct fan fan;

	slow_branch_open(&fan, "block,detach");
	fan_run(&fan);
	leat_graph_stats(fan.graph, &stats);
	ck_assert_uint_eq(fan.seen[0].n, 2000);
	/* what its link held, and the frame in hand */
	ck_assert_uint_ge(fan.seen[1].n, 1);
	ck_assert_uint_le(fan.seen[1].n, 3);
	ck_assert_uint_eq(stats.shed, 2000 - fan.seen[1].n);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(a_branch_that_wants_no_more_holds_nobody_up)
{
	static const uint64_t enough[] = {10, 0, 1};
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block");
	struct fan fan;

	fan_open(&fan, 2000, &step, 3, enough);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[1].n, 2000);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(when_no_branch_wants_more_the_source_ends)
{
	static const uint64_t enough[] = {10, 20};
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block,shed");
	struct fan fan;

	fan_open(&fan, 0, &step, 2, enough); /* a source without end */
	fan_run(&fan);
	ck_assert_uint_ge(fan.seen[0].n, 10);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* ---- one frame, many readers ----------------------------------------------- */

#define LARGE_BYTES   (1u << 20)
#define LARGE_FRAMES  5u
#define LARGE_READERS 1000u

static int
large_produce(struct leat_stage *st)
{
	uint32_t *n = leat_stage_state(st);
	struct leat_frame *frame;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	memset(frame->data, (int)++*n, LARGE_BYTES);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = LARGE_BYTES / 8;
	frame->len_bytes = LARGE_BYTES;
	leat_stage_count(st, LEAT_COUNT_READ, frame->n_items);
	rc = leat_stage_emit(st, 0, frame);
	return rc ? rc : *n == LARGE_FRAMES ? LEAT_EOS : LEAT_OK;
}

static const struct leat_stage_ops large_ops = {LEAT_STAGE_OPS_INIT("large"),
	.state_bytes = sizeof(uint32_t), .out_layout = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8, .needs = {.frame_bytes = LARGE_BYTES},
	.produce = large_produce};

/* All readers see the same bytes, frame by frame. */
static int
reader_process(struct leat_stage *st, struct leat_frame *in)
{
	uint32_t *n = leat_stage_state(st);

	++*n;
	ck_assert_uint_eq(in->data[0], *n);
	ck_assert_uint_eq(in->data[LARGE_BYTES - 1], *n);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops reader_ops = {LEAT_STAGE_OPS_INIT("reader"),
	.flags = LEAT_STAGE_SINK, .state_bytes = sizeof(uint32_t),
	.process = reader_process};

static void
many_open(struct fan *fan, struct leat_stage **source_out)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 2, .memory_bytes = 64u << 20};
	struct leat_tee_opts tee_opts;
	struct leat_step tee = tee_step(&tee_opts, "block");

	memset(fan, 0, sizeof(*fan));
	ck_assert_int_eq(
		leat_graph_create(&opts, &fan->graph, &fan->err), LEAT_OK);
	*source_out = fan_add(fan, &large_ops, NULL);
	fan->out = fan_add(fan, tee.ops, tee.opts);
	fan_link(fan, *source_out, 0, fan->out, 0, 1);
	for (uint32_t k = 0; k < LARGE_READERS; k++)
		fan_link(fan, fan->out, k, fan_add(fan, &reader_ops, NULL), 0,
			2);
}

START_TEST(a_thousand_readers_of_a_large_frame_need_no_more_of_them)
{
	struct leat_stage_stats stats;
	struct leat_graph_stats all;
	struct leat_stage *source;
	struct fan fan;

	many_open(&fan, &source);
	fan_run(&fan);
	for (uint32_t k = 0; leat_stage_stats(fan.graph, k, &stats) == 0; k++)
		ck_assert_uint_eq(stats.copied_bytes, 0);
	leat_graph_stats(fan.graph, &all);
	ck_assert_uint_eq(all.written,
		(uint64_t)LARGE_READERS * LARGE_FRAMES * LARGE_BYTES / 8);
	/* 2 in the channels, 1 for the source, 1 between it and the tee */
	ck_assert_uint_eq(fan.graph->n_classes, 1);
	ck_assert_uint_eq(fan.graph->classes[0].n_slots -
			fan.graph->n_workers * fan.graph->magazine_slots,
		4);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* Readers stop one by one, each with frames before it. */
START_TEST(what_readers_leave_behind_is_taken_back_before_more_is_sent)
{
	static struct sink_seen seen[301];
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block");
	struct fan fan;

	memset(seen, 0, sizeof(seen));
	fan_open(&fan, 5000, &step, 0, NULL);
	for (uint32_t k = 0; k < 301; k++) {
		struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts),
			.seen = &seen[k], .enough = k * 10};

		fan_link(&fan, fan.out, k, fan_add(&fan, &sink_ops, &sink), 0,
			8);
	}
	fan_run(&fan);
	ck_assert_uint_eq(seen[0].n, 5000);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(what_slow_branches_do_must_be_said)
{
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "");
	struct fan fan;
	struct leat_step source = {&numbers_ops, NULL};
	struct leat_stage *st;

	memset(&fan, 0, sizeof(fan));
	ck_assert_int_eq(
		leat_graph_create(NULL, &fan.graph, &fan.err), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(fan.graph, NULL, &source, &st, &fan.err),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_add(fan.graph, NULL, &step, &st, &fan.err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(fan.err.text, "slow"));
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(words_that_are_unknown_or_too_few_are_refused)
{
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block,wait");
	struct fan fan;

	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "block, shed or detach, not 'wait'");
	step = tee_step(&opts, "block,shed,block");
	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "3 words for 2 branches");
	step = tee_step(&opts, "block,");
	fan_open(&fan, 1, &step, 3, NULL);
	fan_refused(&fan, "block, shed or detach, not ''");
	step = tee_step(&opts, "shed,block");
	fan_open(&fan, 1, &step, 3, NULL);
	fan_refused(&fan, "2 words for 3 branches");
	step = tee_step(&opts, " shed , block ");
	fan_open(&fan, 1, &step, 2, NULL);
	fan_run(&fan);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(a_tee_without_branches_is_refused)
{
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block");
	struct fan fan;

	fan_open(&fan, 1, &step, 0, NULL);
	fan_refused(&fan, "nothing follows stage 'tee'");
}
END_TEST

START_TEST(an_out_that_was_left_out_is_named)
{
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block");
	struct fan fan;

	fan_open(&fan, 1, &step, 1, NULL);
	fan_link(&fan, fan.out, 2, fan_add(&fan, &same_ops, NULL), 0, 1);
	fan_refused(&fan, "out 1 of stage 'tee' is not linked");
}
END_TEST

TEST_MAIN("fan/tee", every_branch_gets_every_frame_in_order,
	frames_are_shared_and_not_copied,
	a_branch_that_sheds_holds_nobody_up_and_what_it_misses_is_counted,
	a_branch_that_detaches_ends_where_it_was_full,
	a_branch_that_wants_no_more_holds_nobody_up,
	when_no_branch_wants_more_the_source_ends,
	a_thousand_readers_of_a_large_frame_need_no_more_of_them,
	what_readers_leave_behind_is_taken_back_before_more_is_sent,
	what_slow_branches_do_must_be_said,
	words_that_are_unknown_or_too_few_are_refused,
	a_tee_without_branches_is_refused, an_out_that_was_left_out_is_named)
