/*
 * unit/run/bisect.c -- a frame that a stage fails with, tried in halves.
 *
 * The stage under test fails with EDATA if any record of a frame is wrong:
 * numbers that a divisor goes into, rows and first fields that begin with x.
 */
#include "base/atomic.h"
#include "base/base.h"
#include "support/fail.h"
#include "support/numbers.h"
#include "support/pipe.h"
#include "support/test.h"

#include <leat/table.h>

struct wary_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t divisor;  /* of numbers; 0 = none is wrong */
	uint64_t n_shaky;  /* calls that fail with LEAT_EIO first */
	uint64_t *n_calls; /* atomic; NULL = nobody counts */
	uint64_t enough;   /* LEAT_EOS with this number */
	uint64_t code;     /* that it fails with; 0 = LEAT_EDATA */
};

struct wary {
	const struct wary_opts *opts;
	uint64_t n_shaky;
	struct leat_frame *held;
};

static int
wary_init(struct leat_stage *st, const void *opts)
{
	struct wary *s = leat_stage_state(st);

	s->opts = opts;
	s->n_shaky = s->opts->n_shaky;
	return LEAT_OK;
}

static bool
table_is_wrong(struct leat_frame *in)
{
	struct leat_table t;

	leat_table_open(in, &t);
	for (uint32_t k = 0; k < t.n_rows; k++)
		if (leat_table_raw(&t, 0, leat_table_row(&t, k)).data[0] == 'x')
			return true;
	return false;
}

static bool
rows_are_wrong(struct leat_frame *in)
{
	struct leat_rows rows = leat_frame_rows(in);

	for (uint32_t k = 0; k < rows.n; k++)
		if (rows.text[rows.rows[k].offset] == 'x')
			return true;
	return false;
}

static bool
items_are_wrong(const struct wary *s, struct leat_frame *in, bool *is_enough)
{
	const uint64_t *items = (const uint64_t *)(const void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++) {
		if (s->opts->divisor && items[k] % s->opts->divisor == 0)
			return true;
		*is_enough |= items[k] == s->opts->enough;
	}
	return false;
}

static int
wary_look(struct leat_stage *st, struct leat_frame *in, bool *is_enough)
{
	struct wary *s = leat_stage_state(st);
	int code = s->opts->code ? (int)s->opts->code : LEAT_EDATA;

	if (s->opts->n_calls)
		leat__add_relaxed(s->opts->n_calls, 1u);
	if (s->n_shaky) {
		s->n_shaky--;
		return leat_stage_fail(st, LEAT_EIO, "it shakes");
	}
	if (in->layout == LEAT_LAYOUT_TABLE              ? table_is_wrong(in)
			: in->layout == LEAT_LAYOUT_ROWS ? rows_are_wrong(in)
			: in->layout == LEAT_LAYOUT_BYTES
			? in->data[0] == 'x'
			: items_are_wrong(s, in, is_enough))
		return leat_stage_fail(
			st, code, "one of %u is wrong", in->n_items);
	return LEAT_OK;
}

static int
wary_process(struct leat_stage *st, struct leat_frame *in)
{
	bool is_enough = false;
	int rc = wary_look(st, in, &is_enough);

	if (!rc)
		rc = leat_stage_emit(st, 0, in);
	return !rc && is_enough ? LEAT_EOS : rc;
}

/* Keeps a frame back until the next one. */
static int
wary_hold(struct leat_stage *st, struct leat_frame *in)
{
	struct wary *s = leat_stage_state(st);
	bool is_enough = false;
	int rc = wary_look(st, in, &is_enough);

	if (!rc && s->held)
		rc = leat_stage_emit(st, 0, s->held);
	if (!rc)
		s->held = in;
	return rc;
}

static int
wary_finish(struct leat_stage *st)
{
	struct wary *s = leat_stage_state(st);
	struct leat_frame *held = s->held;

	s->held = NULL;
	return held ? leat_stage_emit(st, 0, held) : LEAT_OK;
}

static void
wary_fini(struct leat_stage *st)
{
	struct wary *s = leat_stage_state(st);

	leat_stage_release(st, s->held);
	s->held = NULL;
}

static int
wary_write(struct leat_stage *st, struct leat_frame *in)
{
	bool is_enough = false;
	int rc = wary_look(st, in, &is_enough);

	if (rc)
		return rc;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* Rejects the first record of its own account, and fails then. */
static int
wary_reject_and_fail(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_reject reject = {.reason = "the first"};

	(void)in;
	LEAT_TRY(leat_stage_reject(st, LEAT_EDATA, &reject));
	return leat_stage_fail(st, LEAT_EDATA, "and the others");
}

#define WARY(stage_name)                                                       \
	LEAT_STAGE_OPS_INIT(stage_name),                                       \
		.state_bytes = sizeof(struct wary),                            \
		.opts_bytes = sizeof(struct wary_opts), .init = wary_init

static const struct leat_stage_ops wary_ops = {
	WARY("wary"), .flags = LEAT_STAGE_REPEATS, .process = wary_process};
static const struct leat_stage_ops wary_stateless_ops = {WARY("wary"),
	.flags =
		LEAT_STAGE_REPEATS | LEAT_STAGE_STATELESS | LEAT_STAGE_IN_PLACE,
	.process = wary_process};
static const struct leat_stage_ops wary_hold_ops = {WARY("wary"),
	.flags = LEAT_STAGE_REPEATS, .needs.holds = 1, .process = wary_hold,
	.finish = wary_finish, .fini = wary_fini};
static const struct leat_stage_ops wary_sink_ops = {WARY("wary"),
	.flags = LEAT_STAGE_REPEATS | LEAT_STAGE_SINK, .process = wary_write};
static const struct leat_stage_ops wary_both_ops = {WARY("wary"),
	.flags = LEAT_STAGE_REPEATS | LEAT_STAGE_REJECTS,
	.process = wary_reject_and_fail};

/* ---- numbers ! wary ! sink ------------------------------------------------ */

struct trial {
	const struct leat_stage_ops *ops; /* NULL = wary_ops */
	struct numbers_opts numbers;
	struct wary_opts wary;
	const struct leat_hook_step *hook;
	uint32_t how;     /* 0 = skip */
	uint64_t max;     /* that may be skipped */
	uint32_t workers; /* 0 = 1 */
	uint64_t n_calls;
	struct sink_seen seen;
	struct leat_graph_stats stats;
	struct leat_error err;
};

static int
trial_run(struct trial *t)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = t->workers ? t->workers : 1,
		.dead_letters = "dead.ndjson"};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = &t->seen};
	struct leat_step steps[3] = {{&numbers_ops, &t->numbers},
		{t->ops ? t->ops : &wary_ops, &t->wary}, {&sink_ops, &sink}};
	uint32_t n = steps[1].ops->flags & LEAT_STAGE_SINK ? 2 : 3;
	struct leat_stage *st[3];
	struct leat_graph *graph;
	int rc;

	t->numbers.size = sizeof(t->numbers);
	t->wary.size = sizeof(t->wary);
	t->wary.n_calls = &t->n_calls;
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	for (uint32_t k = 0; k < n; k++)
		ck_assert_int_eq(
			leat_graph_add(graph, NULL, &steps[k], &st[k], NULL),
			LEAT_OK);
	for (uint32_t k = 0; k + 1 < n; k++)
		ck_assert_int_eq(leat_graph_link(graph, leat_out(st[k], 0),
					 leat_in(st[k + 1], 0), NULL, NULL),
			LEAT_OK);
	ck_assert_int_eq(
		leat_stage_set_on_error(st[1],
			t->how ? t->how : LEAT_ON_ERROR_SKIP, t->max, NULL),
		LEAT_OK);
	if (t->hook)
		ck_assert_int_eq(
			leat_stage_set_hooks(st[1], t->hook, 1, &t->err),
			LEAT_OK);
	rc = leat_graph_run(graph, &t->err);
	leat_graph_stats(graph, &t->stats);
	ck_assert(rc || t->stats.is_balanced);
	leat_graph_destroy(graph);
	return rc;
}

static void
all_but_multiples(const struct trial *t)
{
	uint64_t n = t->numbers.n, d = t->wary.divisor, k = d ? n / d : 0;

	ck_assert_uint_eq(t->seen.n, n - k);
	ck_assert_uint_eq(t->seen.sum, n * (n + 1) / 2 - d * k * (k + 1) / 2);
	ck_assert_uint_eq(t->seen.n_back, 0);
	ck_assert_uint_eq(t->stats.failed, k);
}

START_TEST(only_the_records_that_are_wrong_are_left_out_and_order_is_kept)
{
	for (uint64_t n_frame = 1; n_frame <= 64; n_frame += 9)
		for (uint64_t divisor = 1; divisor < 40; divisor += 6) {
			struct trial t = {
				.numbers = {.n = 200, .per_frame = n_frame},
				.wary = {.divisor = divisor}};

			ck_assert_int_eq(trial_run(&t), LEAT_OK);
			all_but_multiples(&t);
		}
}
END_TEST

START_TEST(so_it_is_where_the_stage_is_replicated_or_keeps_frames)
{
	struct trial t = {.ops = &wary_stateless_ops,
		.workers = 3,
		.numbers = {.n = 5000, .per_frame = 50},
		.wary = {.divisor = 7}};

	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	all_but_multiples(&t);
	t = (struct trial){.ops = &wary_hold_ops,
		.numbers = {.n = 500, .per_frame = 50},
		.wary = {.divisor = 7}};
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	all_but_multiples(&t);
}
END_TEST

START_TEST(a_sink_is_shown_parts_too)
{
	struct trial t = {.ops = &wary_sink_ops,
		.numbers = {.n = 1000, .per_frame = 100},
		.wary = {.divisor = 100}};

	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	ck_assert_uint_eq(t.stats.written, 990);
	ck_assert_uint_eq(t.stats.failed, 10);
}
END_TEST

START_TEST(calls_are_few)
{
	struct trial t = {.numbers = {.n = 400, .per_frame = 400},
		.wary = {.divisor = 399}};

	/* 1 wrong of 400: the whole, and two halves nine times */
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	ck_assert_uint_le(t.n_calls, 1 + 2 * 9);
	/* none: no more than frames */
	t = (struct trial){.numbers = {.n = 400, .per_frame = 100}};
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	ck_assert_uint_eq(t.n_calls, 4);
	/* all of them */
	t = (struct trial){.numbers = {.n = 400, .per_frame = 400},
		.wary = {.divisor = 1}};
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	ck_assert_uint_eq(t.n_calls, 2 * 400 - 1);
	ck_assert_uint_eq(t.stats.failed, 400);
}
END_TEST

START_TEST(what_is_no_matter_of_data_is_not_tried_in_halves)
{
	struct trial t = {.numbers = {.n = 40, .per_frame = 40},
		.wary = {.divisor = 39, .code = (uint64_t)(int64_t)LEAT_EIO}};

	ck_assert_int_eq(trial_run(&t), LEAT_EIO);
	ck_assert_uint_eq(t.n_calls, 1);
	/* nor is a call that has rejected something itself */
	t = (struct trial){
		.ops = &wary_both_ops, .numbers = {.n = 40, .per_frame = 40}};
	ck_assert_int_eq(trial_run(&t), LEAT_EDATA);
	ck_assert_str_eq(t.err.text, "and the others");
}
END_TEST

START_TEST(more_than_may_be_skipped_fails_the_run)
{
	struct trial t = {.numbers = {.n = 40, .per_frame = 40},
		.wary = {.divisor = 10},
		.max = 4};

	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	t = (struct trial){.numbers = {.n = 40, .per_frame = 40},
		.wary = {.divisor = 10},
		.max = 3};
	ck_assert_int_eq(trial_run(&t), LEAT_EDATA);
	ck_assert_str_eq(t.err.text,
		"one of 1 is wrong; more than the 3 that may be skipped");
}
END_TEST

START_TEST(who_has_enough_gets_no_more_parts)
{
	struct trial t = {.numbers = {.n = 64, .per_frame = 64},
		.wary = {.divisor = 30, .enough = 9}};

	/* 1 to 16 go through together; what follows is not wanted */
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	ck_assert_uint_eq(t.seen.n, 16);
	ck_assert_uint_eq(t.stats.failed, 0);
	ck_assert_uint_eq(t.stats.filtered, 48);
}
END_TEST

START_TEST(attempts_are_counted_with_those_of_a_retry)
{
	struct leat_retry_opts retry = {
		LEAT_OPTS_INIT(leat_retry_opts), .max = 3, .base_ns = 1};
	struct leat_hook_step hook = {&leat_retry_ops, &retry};
	struct trial t = {.numbers = {.n = 4, .per_frame = 4},
		.wary = {.divisor = 3, .n_shaky = 2},
		.hook = &hook,
		.how = LEAT_ON_ERROR_DEAD_LETTER};

	/* twice in vain, all four, the last two, the third alone */
	pipe_enter_folder();
	ck_assert_int_eq(trial_run(&t), LEAT_OK);
	all_but_multiples(&t);
	pipe_letters_are("dead.ndjson",
		"\"stage\":\"wary\",\"code\":\"LEAT_EDATA\",\"class\":\"data\","
		"\"reason\":\"one of 1 is wrong\",\"attempts\":5,"
		"\"record\":\"\\u0003\\u0000\\u0000\\u0000\\u0000\\u0000"
		"\\u0000\\u0000\"}\n");
	pipe_leave_folder();
}
END_TEST

/* ---- layouts -------------------------------------------------------------- */

static const struct leat_stage_ops *const all[] = {&wary_ops, &leat_read_ops,
	&leat_lines_parse_ops, &leat_lines_format_ops, &leat_csv_parse_ops,
	&leat_csv_format_ops, &leat_where_ops, &leat_write_ops};
static const struct leat_stage_set set = {
	.size = sizeof(struct leat_stage_set), .n_stages = 8, .stages = all};

static void
run_text(const char *text, struct leat_graph_stats *stats)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &set, .dead_letters = "dead.ndjson"};
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	if (leat_graph_parse(graph, text, &err) || leat_graph_run(graph, &err))
		ck_abort_msg("%s", err.text);
	leat_graph_stats(graph, stats);
	ck_assert(stats->is_balanced);
	leat_graph_destroy(graph);
}

START_TEST(rows_are_cut_where_their_text_stays)
{
	struct leat_graph_stats stats;

	pipe_enter_folder();
	pipe_put_text("in.txt", "a\nx1\nb\nc\nd\nx\"2\ne\n");
	run_text("read in.txt ! lines.parse ! wary on_error=dead-letter ! "
		 "lines.format ! write out.txt",
		&stats);
	pipe_file_holds("out.txt", "a\nb\nc\nd\ne\n");
	ck_assert_uint_eq(stats.failed, 2);
	pipe_letters_are("dead.ndjson",
		"\"stage\":\"wary\",\"code\":\"LEAT_EDATA\",\"class\":\"data\","
		"\"reason\":\"one of 1 is wrong\",\"attempts\":4,\"record\":"
		"\"x1\"}\n"
		"\"stage\":\"wary\",\"code\":\"LEAT_EDATA\",\"class\":\"data\","
		"\"reason\":\"one of 1 is wrong\",\"attempts\":4,\"record\":"
		"\"x\\\"2\"}\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(tables_are_cut_among_the_rows_alive)
{
	struct leat_graph_stats stats;

	pipe_enter_folder();
	pipe_put_text(
		"in.csv", "a,n\np,1\nx1,2\nq,3\nx2,4\nr,5\ns,6\nx3,7\nt,8\n");
	run_text("read in.csv ! csv.parse ! where n!=2 ! wary "
		 "on_error=dead-letter ! where n!=6 ! csv.format ! write "
		 "out.csv",
		&stats);
	pipe_file_holds("out.csv", "a,n\np,1\nq,3\nr,5\nt,8\n");
	ck_assert_uint_eq(stats.failed, 2);
	ck_assert_uint_eq(stats.filtered, 2);
	pipe_letters_are("dead.ndjson",
		"\"stage\":\"wary\",\"code\":\"LEAT_EDATA\",\"class\":\"data\","
		"\"reason\":\"one of 1 is wrong\",\"attempts\":4,\"file\":"
		"\"in.csv\",\"line\":5,\"column\":1,\"offset\":17,\"head\":"
		"\"a,n\",\"record\":\"x2,4\"}\n"
		"\"stage\":\"wary\",\"code\":\"LEAT_EDATA\",\"class\":\"data\","
		"\"reason\":\"one of 1 is wrong\",\"attempts\":4,\"file\":"
		"\"in.csv\",\"line\":8,\"column\":1,\"offset\":30,\"head\":"
		"\"a,n\",\"record\":\"x3,7\"}\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(bytes_are_one_letter_with_all_their_records)
{
	struct leat_graph_stats stats;

	pipe_enter_folder();
	pipe_put_text("in.txt", "x1\nb\n");
	run_text("read in.txt ! lines.parse ! lines.format ! wary "
		 "on_error=dead-letter ! write out.txt",
		&stats);
	pipe_file_holds("out.txt", "");
	ck_assert_uint_eq(stats.failed, 2);
	pipe_letters_are("dead.ndjson",
		"\"stage\":\"wary\",\"code\":\"LEAT_EDATA\",\"class\":\"data\","
		"\"reason\":\"one of 2 is wrong\",\"attempts\":1,\"records\":2,"
		"\"record\":\"x1\\nb\\n\"}\n");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/bisect",
	only_the_records_that_are_wrong_are_left_out_and_order_is_kept,
	so_it_is_where_the_stage_is_replicated_or_keeps_frames,
	a_sink_is_shown_parts_too, calls_are_few,
	what_is_no_matter_of_data_is_not_tried_in_halves,
	more_than_may_be_skipped_fails_the_run,
	who_has_enough_gets_no_more_parts,
	attempts_are_counted_with_those_of_a_retry,
	rows_are_cut_where_their_text_stays,
	tables_are_cut_among_the_rows_alive,
	bytes_are_one_letter_with_all_their_records)
