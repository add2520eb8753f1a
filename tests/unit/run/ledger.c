/*
 * unit/run/ledger.c -- the books of a graph (leat/watch.h): a stage that loses
 * or invents one record is found out on every path, and named; and the books
 * say what became of the records that failed.
 *
 *	numbers ! wrong ! sink, and what stands around or beside them
 */
#include "base/atomic.h"
#include "base/base.h"
#include "env/env.h"
#include "support/numbers.h"
#include "support/pipe.h"
#include "support/test.h"

#define N_NUMBERS 50
#define INVENTED  1000000000 /* records that there never were */

/* ---- stages that count wrong ------------------------------------------------- */

struct wrong_opts {
	uint32_t size;
	uint32_t flags;
	int64_t by;     /* so many records too many, or too few, once */
	uint32_t *once; /* atomic; of all instances */
	uint32_t what;  /* enum leat_count, of a source, sink or fold */
	uint32_t reserved;
};

static const struct wrong_opts *
wrong_of(struct leat_stage *st)
{
	return *(const struct wrong_opts **)leat_stage_state(st);
}

static int
wrong_init(struct leat_stage *st, const void *opts)
{
	*(const void **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

/* n, but once it is more, or less. */
static uint64_t
wrong_n(struct leat_stage *st, uint64_t n)
{
	const struct wrong_opts *o = wrong_of(st);

	if (!n || leat__swap_acq_rel(o->once, 1u))
		return n;
	return (uint64_t)((int64_t)n + o->by);
}

/* One item goes on less than it says. */
static int
lose_process(struct leat_stage *st, struct leat_frame *in)
{
	uint32_t n = (uint32_t)wrong_n(st, in->n_items);

	if (wrong_of(st)->by == INVENTED) {
		leat_stage_count(st, LEAT_COUNT_FILTERED, n - in->n_items);
		return leat_stage_emit(st, 0, in);
	}
	in->n_items = n;
	in->len_bytes = n * 8;
	return leat_stage_emit(st, 0, in);
}

/* Drops all of them, and says so of others. */
static int
drop_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_count(st, (enum leat_count)wrong_of(st)->what,
		wrong_n(st, in->n_items));
	leat_stage_release(st, in);
	return LEAT_OK;
}

#define WRONG                                                                  \
	.in_layouts = LEAT_LAYOUT_ITEMS, .state_bytes = sizeof(void *),        \
	.opts_bytes = sizeof(struct wrong_opts), .init = wrong_init

static const struct leat_stage_ops lose_ops = {LEAT_STAGE_OPS_INIT("wrong"),
	WRONG, .flags = LEAT_STAGE_IN_PLACE, .process = lose_process};
static const struct leat_stage_ops lose_blocking_ops = {
	LEAT_STAGE_OPS_INIT("wrong"), WRONG,
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_BLOCKING,
	.process = lose_process};
static const struct leat_stage_ops lose_stateless_ops = {
	LEAT_STAGE_OPS_INIT("wrong"), WRONG,
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.process = lose_process};
static const struct leat_stage_ops drop_ops = {
	LEAT_STAGE_OPS_INIT("wrong"), WRONG, .process = drop_process};
static const struct leat_stage_ops wrong_sink_ops = {
	LEAT_STAGE_OPS_INIT("wrong"), WRONG, .flags = LEAT_STAGE_SINK,
	.process = drop_process};

/* A source that says that it has read others than it emits. */
static int
wrong_produce(struct leat_stage *st)
{
	struct leat_frame *frame;

	LEAT_TRY(leat_stage_acquire(st, &frame));
	memset(frame->data, 0, 8 * N_NUMBERS);
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = N_NUMBERS;
	frame->len_bytes = 8 * N_NUMBERS;
	leat_stage_count(st, LEAT_COUNT_READ, wrong_n(st, N_NUMBERS));
	LEAT_TRY(leat_stage_emit(st, 0, frame));
	return LEAT_EOS;
}

static int
wrong_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

static const struct leat_stage_ops wrong_source_ops = {
	LEAT_STAGE_OPS_INIT("wrong"), .state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct wrong_opts), .init = wrong_init,
	.negotiate = wrong_negotiate, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs.frame_bytes = 4096, .produce = wrong_produce};

/* ---- hooks ------------------------------------------------------------------- */

static int
lenient_on_error(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	(void)hook;
	(void)call;
	(void)rc;
	return LEAT_SHED;
}

static const struct leat_hook_ops lenient_ops = {
	LEAT_HOOK_OPS_INIT("lenient"), .on_error = lenient_on_error};

/* Would drop what the stage has begun with. */
static int
late_before(struct leat_hook *hook, const struct leat_call *call)
{
	(void)hook;
	return call->is_more ? LEAT_SHED : LEAT_OK;
}

static const struct leat_hook_ops late_ops = {
	LEAT_HOOK_OPS_INIT("late"), .before = late_before};

/* ---- a trial ----------------------------------------------------------------- */

struct trial {
	const struct leat_stage_ops *ops[3];
	int64_t by;
	uint32_t what;
	uint32_t workers;
	uint64_t max_skipped; /* of the second; 0 = it does not skip */
	const struct leat_hook_ops *hook; /* of the second; NULL = none */
	bool is_drained;
	bool is_cancelled;
	int rc;
	int64_t rest; /* of the stage that is wrong */
	struct leat_graph_stats stats;
};

/* How the stage called wrong comes out of it, and that all others balance. */
static void
trial_look(struct trial *t, struct leat_graph *graph)
{
	struct leat_stage_stats stats;

	for (uint32_t k = 0; leat_stage_stats(graph, k, &stats) == 0; k++) {
		if (strcmp(stats.name, "wrong") == 0)
			t->rest = leat_stage_balance(&stats);
		else if (t->rc == LEAT_OK)
			ck_assert_int_eq(leat_stage_balance(&stats), 0);
	}
	leat_graph_stats(graph, &t->stats);
}

static void
trial_end(struct trial *t, struct leat_graph *graph, struct sink_seen *seen)
{
	struct leat_error err;

	ck_assert_msg(leat_graph_start(graph, &err) == 0, "%s", err.text);
	while ((t->is_drained || t->is_cancelled) &&
		leat__load_relaxed(&seen->n) < 100)
		leat__env_posix()->yield(leat__env_posix());
	if (t->is_drained)
		leat_graph_drain(graph);
	if (t->is_cancelled)
		leat_graph_cancel(graph);
	t->rc = leat_graph_wait(graph, LEAT_NEVER, &err);
}

static void
trial_run(struct trial *t)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = t->workers ? t->workers : 1};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
		.n = t->is_drained || t->is_cancelled ? 0 : N_NUMBERS};
	uint32_t once = 0;
	struct wrong_opts wrong = {LEAT_OPTS_INIT(wrong_opts), .by = t->by,
		.once = &once, .what = t->what};
	struct sink_seen seen = {0};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &seen};
	struct leat_hook_step hook = {t->hook, NULL};
	struct leat_stage *st[3];
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < 3 && t->ops[k]; k++) {
		bool is_numbers = t->ops[k] == &numbers_ops ||
			t->ops[k] == &numbers_blocking_ops;
		const void *stage_opts = is_numbers ? &numbers
			: t->ops[k] == &single_ops  ? NULL
			: t->ops[k] == &sink_ops    ? &sink
						    : (const void *)&wrong;
		struct leat_step step = {t->ops[k], stage_opts};

		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &step, &st[k], NULL), 0);
		if (k)
			ck_assert_int_eq(
				leat_graph_link(graph, leat_out(st[k - 1], 0),
					leat_in(st[k], 0), NULL, NULL),
				0);
	}
	if (t->max_skipped)
		ck_assert_int_eq(
			leat_stage_set_on_error(st[1], LEAT_ON_ERROR_SKIP,
				t->max_skipped, NULL),
			LEAT_OK);
	if (t->hook)
		ck_assert_int_eq(
			leat_stage_set_hooks(st[1], &hook, 1, NULL), 0);
	trial_end(t, graph, &seen);
	trial_look(t, graph);
	leat_graph_destroy(graph);
}

/* Over a run that came to its end: by how much the stage is wrong. */
static void
trial_finds(struct trial t, int64_t rest)
{
	trial_run(&t);
	ck_assert_int_eq(t.rc, LEAT_OK);
	ck_assert_int_eq(t.rest, rest);
	ck_assert_uint_eq(t.stats.is_balanced, rest == 0);
}

/* ---- who loses or invents ------------------------------------------------------ */

START_TEST(a_filter_that_loses_a_record_is_found_out)
{
	struct trial t = {.ops = {&numbers_ops, &lose_ops, &sink_ops}};

	trial_finds(t, 0);
	t.by = -1;
	trial_finds(t, 1);
	t.ops[1] = &lose_blocking_ops;
	trial_finds(t, 1);
	t.ops[1] = &lose_stateless_ops;
	t.workers = 4;
	trial_finds(t, 1);
	t.hook = &lenient_ops;
	trial_finds(t, 1);
	t.ops[1] = &lose_ops;
	trial_finds(t, 1);
}
END_TEST

START_TEST(a_filter_that_counts_wrong_is_found_out)
{
	struct trial t = {.ops = {&numbers_ops, &drop_ops, &sink_ops}};

	for (uint32_t what = 0; what < LEAT_COUNT_N; what++) {
		if (what == LEAT_COUNT_READ || what == LEAT_COUNT_MADE)
			continue;
		t.what = what;
		t.by = 0;
		trial_finds(t, 0);
		t.by = -1;
		trial_finds(t, 1);
		t.by = 1;
		trial_finds(t, -1);
	}
}
END_TEST

START_TEST(a_sink_or_a_source_that_counts_wrong_is_found_out)
{
	struct trial sink = {.ops = {&numbers_ops, &wrong_sink_ops},
		.what = LEAT_COUNT_WRITTEN};
	struct trial source = {.ops = {&wrong_source_ops, &sink_ops}};

	trial_finds(sink, 0);
	trial_finds(source, 0);
	sink.by = -1;
	trial_finds(sink, 1);
	source.by = -1;
	trial_finds(source, -1);
	source.by = 2;
	trial_finds(source, 2);
}
END_TEST

START_TEST(a_drain_is_an_end_like_any_other)
{
	struct trial t = {.ops = {&numbers_ops, &lose_ops, &sink_ops},
		.is_drained = true};

	trial_finds(t, 0);
	t.by = -1;
	trial_finds(t, 1);
}
END_TEST

/* What a cancel leaves on its way is not lost; what was never there is
 * invented. */
START_TEST(after_a_cancel_more_than_there_was_is_found_out)
{
	struct trial t = {.ops = {&numbers_ops, &lose_ops, &sink_ops},
		.is_cancelled = true};

	trial_run(&t);
	ck_assert_int_eq(t.rc, LEAT_ECANCELED);
	ck_assert_int_ge(t.rest, 0);
	ck_assert_uint_eq(t.stats.is_balanced, 1);
	t.by = -1; /* one less cannot be told from one on its way */
	trial_run(&t);
	ck_assert_uint_eq(t.stats.is_balanced, 1);
	t.by = INVENTED; /* more than can be on its way */
	trial_run(&t);
	ck_assert_int_eq(t.rc, LEAT_ECANCELED);
	ck_assert_int_lt(t.rest, 0);
	ck_assert_uint_eq(t.stats.is_balanced, 0);
}
END_TEST

/* ---- what became of those that failed -------------------------------------------- */

static int
refuse_process(struct leat_stage *st, struct leat_frame *in)
{
	(void)in;
	return leat_stage_fail(st, LEAT_EIO, "no");
}

static const struct leat_stage_ops refuse_ops = {LEAT_STAGE_OPS_INIT("wrong"),
	WRONG, .flags = LEAT_STAGE_REPEATS, .process = refuse_process};

START_TEST(what_a_guard_gives_up_has_a_count_of_its_own)
{
	struct trial t = {.ops = {&numbers_ops, &refuse_ops, &sink_ops},
		.hook = &lenient_ops};

	trial_run(&t);
	ck_assert_int_eq(t.rc, LEAT_OK);
	ck_assert_uint_eq(t.stats.failed, N_NUMBERS);
	ck_assert_uint_eq(t.stats.given_up, N_NUMBERS);
	ck_assert_uint_eq(t.stats.skipped + t.stats.dead_lettered, 0);
	ck_assert_uint_eq(t.stats.is_balanced, 1);
}
END_TEST

START_TEST(what_a_stage_has_begun_with_is_not_dropped)
{
	struct trial t = {.ops = {&numbers_ops, &single_ops, &sink_ops},
		.hook = &late_ops};

	trial_run(&t);
	ck_assert_int_eq(t.rc, LEAT_OK);
	ck_assert_uint_eq(t.stats.written, N_NUMBERS);
	ck_assert_uint_eq(t.stats.shed, 0);
	ck_assert_uint_eq(t.stats.is_balanced, 1);
}
END_TEST

/* Rejects all that it gets, once another instance has something as well. */
static int
both_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct leat__env *env = leat__env_posix();
	struct leat_reject reject = {
		.reason = "all are bad", .n_records = in->n_items};
	uint32_t *n_inside = wrong_of(st)->once;
	uint32_t is;

	leat__add_acq_rel(n_inside, 1u); /* pairs with the load below */
	env->wake(env, n_inside);
	while ((is = leat__load_acquire(n_inside)) < 2)
		env->park(env, n_inside, is, LEAT_NEVER);
	LEAT_TRY(leat_stage_reject(st, LEAT_EDATA, &reject));
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops both_ops = {LEAT_STAGE_OPS_INIT("wrong"),
	WRONG, .flags = LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.process = both_process};

START_TEST(replicas_share_what_may_be_skipped)
{
	struct trial t = {.ops = {&numbers_blocking_ops, &both_ops, &sink_ops},
		.workers = 4,
		.max_skipped = N_NUMBERS - 1};

	trial_run(&t);
	ck_assert_int_eq(t.rc, LEAT_EDATA);
	t.max_skipped = N_NUMBERS;
	trial_run(&t);
	ck_assert_int_eq(t.rc, LEAT_OK);
	ck_assert_uint_eq(t.stats.skipped, N_NUMBERS);
}
END_TEST

static struct leat_graph_stats
stats_of_job(const char *text, int code)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 4, .dead_letters = "dead.ndjson"};
	struct leat_graph_stats stats;
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_msg(
		leat_graph_parse(graph, text, &err) == LEAT_OK, "%s", err.text);
	ck_assert_int_eq(leat_graph_run(graph, &err), code);
	leat_graph_stats(graph, &stats);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(stats.is_balanced, 1);
	return stats;
}

START_TEST(skipped_and_dead_lettered_records_are_counted_apart)
{
	struct leat_graph_stats stats;

	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n1,2\n3\n4,5\n6\n7,8\n9\n");
	stats = stats_of_job(
		"read in.csv ! csv.parse on_error=skip ! write out.csv",
		LEAT_OK);
	ck_assert_uint_eq(stats.failed, 3);
	ck_assert_uint_eq(stats.skipped, 3);
	ck_assert_uint_eq(stats.dead_lettered, 0);
	stats = stats_of_job("read in.csv ! csv.parse on_error=dead-letter ! "
			     "write out.csv",
		LEAT_OK);
	ck_assert_uint_eq(stats.failed, 3);
	ck_assert_uint_eq(stats.skipped, 0);
	ck_assert_uint_eq(stats.dead_lettered, 3);
	/* the one too many has ended the run */
	stats = stats_of_job("read in.csv ! csv.parse on_error=skip(2) ! "
			     "write out.csv",
		LEAT_EDATA);
	ck_assert_uint_eq(stats.failed, 3);
	ck_assert_uint_eq(stats.skipped, 2);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/ledger", a_filter_that_loses_a_record_is_found_out,
	a_filter_that_counts_wrong_is_found_out,
	a_sink_or_a_source_that_counts_wrong_is_found_out,
	a_drain_is_an_end_like_any_other,
	after_a_cancel_more_than_there_was_is_found_out,
	what_a_guard_gives_up_has_a_count_of_its_own,
	what_a_stage_has_begun_with_is_not_dropped,
	replicas_share_what_may_be_skipped,
	skipped_and_dead_lettered_records_are_counted_apart)
