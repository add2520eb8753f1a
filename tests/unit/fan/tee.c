#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "graph/graph.h"
#include "stages.h"
#include "support/fail.h"
#include "support/pipe.h"

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

static void
seen_add(struct sink_seen *seen, const struct leat_frame *in)
{
	const uint64_t *items = (const uint64_t *)(void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++) {
		seen->n_back += items[k] <= seen->last;
		seen->last = items[k];
		seen->sum += items[k];
	}
	__atomic_store_n(&seen->n, seen->n + in->n_items, __ATOMIC_RELEASE);
}

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
			LEAT_OK)
			return LEAT_ECANCELED;
	seen_add((*o)->seen, in);
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

/* Of 2 000 items; branch 1 takes nothing until branch 0 has n of them. */
static void
slow_branch_fill(struct fan *fan, struct leat_tee_opts *opts, uint64_t n)
{
	struct leat_step step = {&leat_tee_ops, opts};
	struct patient_opts patient = {LEAT_OPTS_INIT(patient_opts),
		.seen = &fan->seen[1], .until = &fan->seen[0], .n = n};

	fan_fill(fan, 2000, 1, &step, 1, NULL);
	fan_link(fan, fan->out, 1, fan_add(fan, &patient_ops, &patient), 0, 2);
}

static void
slow_branch_create(struct fan *fan, const struct leat__env *env)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};

	memset(fan, 0, sizeof(*fan));
	ck_assert_int_eq(
		leat__graph_create(env, &opts, &fan->graph, &fan->err), 0);
}

/* A branch that takes nothing until the other has all. */
static void
slow_branch_open(struct fan *fan, const char *slow)
{
	struct leat_tee_opts opts;

	tee_step(&opts, slow);
	slow_branch_create(fan, leat__env_posix());
	slow_branch_fill(fan, &opts, 2000);
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

/* ---- what a slow branch gets of what it missed ------------------------------ */

/* Of the items from - to, every step-th. */
static uint64_t
sum_of(uint64_t from, uint64_t to, uint64_t step)
{
	uint64_t sum = 0;

	for (; from <= to; from += step)
		sum += from;
	return sum;
}

START_TEST(a_branch_that_sheds_the_oldest_has_the_last_at_the_end)
{
	struct leat_tee_opts opts;
	struct leat_graph_stats stats;
	struct fan fan;

	tee_step(&opts, "block,shed-oldest");
	opts.hold = 5;
	slow_branch_create(&fan, leat__env_posix());
	slow_branch_fill(&fan, &opts, 2000);
	fan_run(&fan);
	leat_graph_stats(fan.graph, &stats);
	ck_assert_uint_eq(fan.seen[0].n, 2000);
	/* two that its link held, then the last five */
	ck_assert_uint_eq(fan.seen[1].n, 7);
	ck_assert_uint_eq(fan.seen[1].sum, 1 + 2 + sum_of(1996, 2000, 1));
	ck_assert_uint_eq(fan.seen[1].n_back, 0);
	ck_assert_uint_eq(stats.shed, 2000 - 7);
	ck_assert_uint_eq(stats.made, 2000);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* Every tenth item is worth more. */
static int
worth_process(struct leat_stage *st, struct leat_frame *in)
{
	const uint64_t *items = (const uint64_t *)(void *)in->data;

	leat_frame_set_priority(in, items[0] % 10 ? 3 : 4);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops worth_ops = {LEAT_STAGE_OPS_INIT("worth"),
	.flags = LEAT_STAGE_IN_PLACE, .process = worth_process};

START_TEST(a_branch_that_sheds_by_priority_keeps_what_is_dearest)
{
	struct leat_step worth = {&worth_ops, NULL};
	struct leat_tee_opts opts;
	struct leat_step tee = tee_step(&opts, "block,shed-priority");
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct patient_opts patient = {LEAT_OPTS_INIT(patient_opts), .n = 2000};
	struct leat_stage *st;
	struct fan fan;

	opts.hold = 4;
	fan_open(&fan, 2000, &worth, 0, NULL);
	st = fan_add(&fan, tee.ops, tee.opts);
	sink.seen = &fan.seen[0];
	patient.seen = &fan.seen[1];
	patient.until = &fan.seen[0];
	fan_link(&fan, fan.out, 0, st, 0, 1);
	fan_link(&fan, st, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	fan_link(&fan, st, 1, fan_add(&fan, &patient_ops, &patient), 0, 2);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[1].n, 6);
	ck_assert_uint_eq(fan.seen[1].sum, 1 + 2 + sum_of(1970, 2000, 10));
	ck_assert_uint_eq(fan.seen[1].n_back, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* A source that, before it ends, waits until a sink has seen the last. */
static int
pausing_produce(struct leat_stage *st)
{
	const struct patient_opts *o =
		*(const struct patient_opts **)leat_stage_state(st);
	uint64_t *n = (uint64_t *)leat_stage_state(st) + 1;
	struct leat_frame *frame;
	int rc;

	while (*n == o->n &&
		__atomic_load_n(&o->until->n, __ATOMIC_ACQUIRE) < o->n)
		if (leat_ctx_wait(leat_stage_ctx(st), leat_now_ns() + 100000) ==
			LEAT_OK)
			return LEAT_ECANCELED;
	if (*n == o->n)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc)
		return rc;
	*(uint64_t *)(void *)frame->data = ++*n;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops pausing_ops = {
	LEAT_STAGE_OPS_INIT("pausing"), .flags = LEAT_STAGE_BLOCKING,
	.state_bytes = 2 * sizeof(uint64_t),
	.opts_bytes = sizeof(struct patient_opts), .item_bytes = 8,
	.out_layout = LEAT_LAYOUT_ITEMS, .init = patient_init,
	.produce = pausing_produce};

/* The slow branch must get all before the source ends. */
static void
pause_run(const char *slow)
{
	struct leat_tee_opts opts;
	struct leat_step tee = tee_step(&opts, slow);
	struct patient_opts patient = {LEAT_OPTS_INIT(patient_opts), .n = 12};
	struct patient_opts pausing = {LEAT_OPTS_INIT(patient_opts), .n = 12};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts)};
	struct leat_stage *source, *st;
	struct fan fan;

	slow_branch_create(&fan, leat__env_posix());
	patient.seen = &fan.seen[1];
	patient.until = &fan.seen[0];
	pausing.until = &fan.seen[1];
	sink.seen = &fan.seen[0];
	source = fan_add(&fan, &pausing_ops, &pausing);
	st = fan_add(&fan, tee.ops, tee.opts);
	fan_link(&fan, source, 0, st, 0, 1);
	fan_link(&fan, st, 0, fan_add(&fan, &sink_ops, &sink), 0, 1);
	fan_link(&fan, st, 1, fan_add(&fan, &patient_ops, &patient), 0, 1);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[1].sum, sum_of(1, 12, 1));
	leat_graph_destroy(fan.graph);
}

START_TEST(what_is_held_comes_when_there_is_room_though_nothing_comes_in)
{
	for (uint32_t k = 0; k < 20; k++) {
		pause_run("block,shed-oldest");
		pause_run("block,spill");
	}
}
END_TEST

START_TEST(when_all_branches_shed_the_source_is_not_held_up)
{
	struct leat_tee_opts opts;
	struct leat_step tee = tee_step(&opts, "shed,shed-oldest");
	struct patient_opts patient[2] = {
		{LEAT_OPTS_INIT(patient_opts), .n = 1},
		{LEAT_OPTS_INIT(patient_opts), .n = 1}};
	struct leat_graph_stats stats;
	struct sink_seen end = {0};
	struct fan fan;

	/* both wait for a sink that gets nothing before they do */
	slow_branch_create(&fan, leat__env_posix());
	fan_fill(&fan, 500, 1, &tee, 0, NULL);
	for (uint32_t k = 0; k < 2; k++) {
		patient[k].seen = &fan.seen[k];
		patient[k].until = k ? &fan.seen[0] : &end;
		fan_link(&fan, fan.out, k,
			fan_add(&fan, &patient_ops, &patient[k]), 0, 1);
	}
	ck_assert_int_eq(leat_graph_start(fan.graph, &fan.err), LEAT_OK);
	do
		leat_graph_stats(fan.graph, &stats);
	while (stats.read < 500);
	__atomic_store_n(&end.n, 1, __ATOMIC_RELEASE);
	ck_assert_int_eq(leat_graph_wait(fan.graph, LEAT_NEVER, &fan.err), 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* ---- spill ------------------------------------------------------------------- */

static void
spill_run(uint64_t spill_bytes, uint64_t until)
{
	struct leat_tee_opts opts;
	struct fan fan;

	tee_step(&opts, "block,spill");
	opts.spill_bytes = spill_bytes;
	opts.spill_dir = ".";
	slow_branch_create(&fan, leat__env_posix());
	slow_branch_fill(&fan, &opts, until);
	fan_run(&fan);
	for (uint32_t k = 0; k < 2; k++) {
		ck_assert_uint_eq(fan.seen[k].n, 2000);
		ck_assert_uint_eq(fan.seen[k].sum, sum_of(1, 2000, 1));
		ck_assert_uint_eq(fan.seen[k].n_back, 0);
	}
	leat_graph_destroy(fan.graph);
}

START_TEST(a_branch_that_spills_misses_nothing_and_leaves_no_file)
{
	pipe_enter_folder();
	spill_run(0, 2000);
	spill_run(1 << 20, 1);
	ck_assert_uint_eq(pipe_count_files(), 0);
	pipe_leave_folder();
}
END_TEST

/* Some 1 100 frames fit. */
START_TEST(when_the_bound_is_reached_all_wait)
{
	pipe_enter_folder();
	spill_run(65536, 500);
	pipe_leave_folder();
}
END_TEST

static const char *
spill_fail(struct fail_env *world, struct fan *fan)
{
	struct leat_tee_opts opts;

	tee_step(&opts, "block,spill");
	opts.spill_dir = "/tmp";
	slow_branch_create(fan, &world->env);
	slow_branch_fill(fan, &opts, 1990);
	ck_assert_int_eq(leat_graph_run(fan->graph, &fan->err), LEAT_EIO);
	leat_graph_destroy(fan->graph);
	ck_assert_uint_eq(world->fd_live, 0);
	return fan->err.text;
}

START_TEST(what_the_disk_refuses_is_said)
{
	struct fail_env world;
	struct fan fan;

	fail_env_init(&world);
	world.write.fail_at = 7;
	world.write.sys_errno = 28; /* ENOSPC */
	ck_assert_ptr_nonnull(strstr(spill_fail(&world, &fan),
		"cannot write to a file in '/tmp': No space left on device"));
	fail_env_init(&world);
	world.read.fail_at = 9;
	ck_assert_ptr_nonnull(strstr(spill_fail(&world, &fan),
		"cannot read back a file in '/tmp': Input/output error"));
}
END_TEST

START_TEST(short_writes_and_reads_change_nothing)
{
	struct leat_tee_opts opts;
	struct fail_env world;
	struct fan fan;

	fail_env_init(&world);
	world.short_seed = 1;
	tee_step(&opts, "block,spill");
	opts.spill_dir = "/tmp";
	slow_branch_create(&fan, &world.env);
	slow_branch_fill(&fan, &opts, 2000);
	fan_run(&fan);
	ck_assert_uint_eq(fan.seen[1].sum, sum_of(1, 2000, 1));
	leat_graph_destroy(fan.graph);
	ck_assert_uint_eq(world.fd_live, 0);
}
END_TEST

START_TEST(a_branch_that_closes_while_it_is_behind_has_the_rest_filtered)
{
	static const char *const words[] = {"block,spill", "block,shed-oldest"};

	for (uint32_t k = 0; k < 2; k++) {
		static const uint64_t enough[] = {0, 3};
		struct leat_tee_opts opts;
		struct leat_step step = tee_step(&opts, words[k]);
		struct fan fan;

		fan_open(&fan, 3000, &step, 2, enough);
		fan_run(&fan);
		ck_assert_uint_eq(fan.seen[0].n, 3000);
		leat_graph_destroy(fan.graph);
	}
}
END_TEST

/* All that is in out.csv after a tee whose second branch spills. */
static char *
spill_file(const char *before, const char *behind)
{
	struct leat_error err;
	char text[400];
	size_t n;

	snprintf(text, sizeof(text),
		"read in.csv chunk_bytes=4k ! %s"
		"tee block,spill name=t spill_dir=. t. ! count ! write n.csv "
		"t. ! %s write out.csv",
		before, behind);
	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
	return pipe_get_file("out.csv", &n);
}

static void
put_rows(void)
{
	static char text[5000 * 20];
	char *at = text + sprintf(text, "i,k\n");

	for (uint32_t k = 0; k < 5000; k++)
		at += sprintf(at, "%u,\"a \"\"%u\"\"\"\n", k, k % 7);
	pipe_put_text("in.csv", text);
}

/* Links of one frame and a branch that does more: it is behind now and then. */
START_TEST(whatever_the_layout_the_same_comes_back_from_the_disk)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"where \"i > 100\" ! ", "where \"i > 10\" ! select k,i !"},
		{"lines.parse ! ", "upper ! lines.format !"},
	};

	pipe_enter_folder();
	put_rows();
	for (uint32_t k = 0; k < 3; k++) {
		char *first = spill_file(cases[k][0], cases[k][1]);

		for (uint32_t n = 0; n < 10; n++) {
			char *again = spill_file(cases[k][0], cases[k][1]);

			ck_assert_str_eq(first, again);
			free(again);
		}
		free(first);
	}
	pipe_leave_folder();
}
END_TEST

/* ---- what is refused ---------------------------------------------------------- */

START_TEST(a_tee_that_holds_frames_back_keeps_no_order_across_branches)
{
	static const char *const words[] = {"block,spill", "block,shed-oldest"};

	for (uint32_t k = 0; k < 2; k++) {
		char text[200];
		struct leat_error err;

		snprintf(text, sizeof(text),
			"read /dev/null ! tee %s name=t t. ! m. t. ! m. "
			"merge stamp name=m ! write /dev/null",
			words[k]);
		ck_assert_int_eq(pipe_run(text, NULL, &err), LEAT_EINVAL);
		ck_assert_msg(strstr(err.text, "keeps frames back") != NULL,
			"%s", err.text);
	}
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_said_before_the_first_frame)
{
	struct leat_error err;

	ck_assert_int_eq(
		pipe_run("read /dev/null ! tee spill spill_dir=/nowhere name=t "
			 "t. ! write /dev/null t. ! write /dev/null",
			NULL, &err),
		LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "'/nowhere'"));
}
END_TEST

/* ---- one frame, many readers ----------------------------------------------- */

#define LARGE_BYTES   (1u << 20)
#define LARGE_FRAMES  5u
#define LARGE_READERS 1000u
#define LEAVERS       150u

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
			fan.graph->n_workers *
				leat__magazine_slots(
					fan.graph->classes[0].slot_bytes,
					fan.graph->magazine_slots),
		4);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* Readers stop one by one, each with frames before it. */
START_TEST(what_readers_leave_behind_is_taken_back_before_more_is_sent)
{
	static struct sink_seen seen[LEAVERS + 1];
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block");
	struct fan fan;

	memset(seen, 0, sizeof(seen));
	fan_open(&fan, 1000, &step, 0, NULL);
	for (uint32_t k = 0; k <= LEAVERS; k++) {
		struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts),
			.seen = &seen[k], .enough = k * 6};

		fan_link(&fan, fan.out, k, fan_add(&fan, &sink_ops, &sink), 0,
			8);
	}
	fan_run(&fan);
	ck_assert_uint_eq(seen[0].n, 1000);
	leat_graph_destroy(fan.graph);
}
END_TEST

/* ---- one leaves many frames behind ---------------------------------------- */

#define LEFT_CAPACITY 512u

/* A sink that takes so many frames; n = those that it was called for. */
struct gate {
	uint32_t n, n_allowed; /* atomic */
	uint32_t enough;       /* 0 = it takes all */
};

struct gated_opts {
	uint32_t size;
	uint32_t flags;
	struct gate *gate;
};

static int
gated_init(struct leat_stage *st, const void *opts)
{
	*(struct gate **)leat_stage_state(st) =
		((const struct gated_opts *)opts)->gate;
	return LEAT_OK;
}

static int
gated_process(struct leat_stage *st, struct leat_frame *in)
{
	struct gate *gate = *(struct gate **)leat_stage_state(st);
	uint32_t n = leat__load_relaxed(&gate->n) + 1;

	leat__store_release(&gate->n, n);
	while (leat__load_acquire(&gate->n_allowed) < n) {
		if (leat_ctx_is_done(leat_stage_ctx(st)))
			return LEAT_ECANCELED;
		sched_yield();
	}
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return n == gate->enough ? LEAT_EOS : LEAT_OK;
}

static const struct leat_stage_ops gated_ops = {LEAT_STAGE_OPS_INIT("gated"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING,
	.in_layouts = LEAT_LAYOUT_ITEMS, .state_bytes = sizeof(struct gate *),
	.opts_bytes = sizeof(struct gated_opts), .init = gated_init,
	.process = gated_process};

/* The k-th branch. */
static struct leat_link_stats
branch_stats(const struct fan *fan, uint32_t k)
{
	struct leat_link_stats s;
	uint32_t link = 0;

	do
		ck_assert_int_eq(
			leat_link_stats(fan->graph, link++, &s), LEAT_OK);
	while (s.from != fan->out->number || s.out != k);
	return s;
}

static bool
is_at_work(struct fan *fan)
{
	return leat_graph_wait(fan->graph, 0, &fan->err) == LEAT_ETIMEDOUT;
}

/* Nothing more may go there. */
static void
await_full(struct fan *fan, uint32_t k)
{
	while (branch_stats(fan, k).credit_frames && is_at_work(fan))
		sched_yield();
}

/* The places of branches in step are counted once: who goes on needs them. */
START_TEST(who_goes_on_has_the_places_of_who_left)
{
	struct gate gates[2] = {{.enough = 1}, {.enough = 0}};
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .per_frame = 1};
	struct leat_tee_opts opts;
	struct leat_step step = tee_step(&opts, "block");
	struct leat_graph_stats stats;
	struct leat_stage *source;
	struct fan fan;

	memset(&fan, 0, sizeof(fan));
	ck_assert_int_eq(
		leat_graph_create(&graph_opts, &fan.graph, &fan.err), LEAT_OK);
	source = fan_add(&fan, &numbers_ops, &numbers);
	fan.out = fan_add(&fan, step.ops, step.opts);
	fan_link(&fan, source, 0, fan.out, 0, 1);
	for (uint32_t k = 0; k < 2; k++) {
		struct gated_opts gated = {
			LEAT_OPTS_INIT(gated_opts), .gate = &gates[k]};

		fan_link(&fan, fan.out, k, fan_add(&fan, &gated_ops, &gated), 0,
			LEFT_CAPACITY);
	}
	ck_assert_int_eq(leat_graph_start(fan.graph, &fan.err), LEAT_OK);
	await_full(&fan, 0);
	await_full(&fan, 1);
	leat__store_release(&gates[0].n_allowed, 1u);
	while (!leat__chan_is_recv_closed(&fan.out->outs[0]->chan))
		sched_yield();
	leat__store_release(&gates[1].n_allowed, 2 * LEFT_CAPACITY);
	while (leat__load_acquire(&gates[1].n) <= 2 * LEFT_CAPACITY &&
		is_at_work(&fan))
		sched_yield();
	await_full(&fan, 1);
	ck_assert_msg(is_at_work(&fan), "%s", fan.err.text);
	ck_assert_uint_gt(branch_stats(&fan, 0).refused, LEFT_CAPACITY / 2);
	leat__store_release(&gates[1].n_allowed, UINT32_MAX);
	leat_graph_drain(fan.graph);
	ck_assert_int_eq(
		leat_graph_wait(fan.graph, LEAT_NEVER, &fan.err), LEAT_OK);
	leat_graph_stats(fan.graph, &stats);
	ck_assert_uint_eq(stats.is_balanced, 1);
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
	fan_refused(&fan, "spill or detach, not 'wait'");
	step = tee_step(&opts, "block,shed,block");
	fan_open(&fan, 1, &step, 2, NULL);
	fan_refused(&fan, "3 words for 2 branches");
	step = tee_step(&opts, "block,");
	fan_open(&fan, 1, &step, 3, NULL);
	fan_refused(&fan, "spill or detach, not ''");
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
	who_goes_on_has_the_places_of_who_left,
	a_branch_that_sheds_the_oldest_has_the_last_at_the_end,
	a_branch_that_sheds_by_priority_keeps_what_is_dearest,
	what_is_held_comes_when_there_is_room_though_nothing_comes_in,
	when_all_branches_shed_the_source_is_not_held_up,
	a_branch_that_spills_misses_nothing_and_leaves_no_file,
	when_the_bound_is_reached_all_wait, what_the_disk_refuses_is_said,
	short_writes_and_reads_change_nothing,
	a_branch_that_closes_while_it_is_behind_has_the_rest_filtered,
	whatever_the_layout_the_same_comes_back_from_the_disk,
	a_tee_that_holds_frames_back_keeps_no_order_across_branches,
	a_folder_that_is_not_there_is_said_before_the_first_frame,
	what_slow_branches_do_must_be_said,
	words_that_are_unknown_or_too_few_are_refused,
	a_tee_without_branches_is_refused, an_out_that_was_left_out_is_named)
