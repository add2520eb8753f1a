/*
 * unit/run/growth.c -- what a stage does not give back: told while it grows,
 * and at the end, with who made it. A stage that leaks each kind on purpose.
 */
#include "support/test.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <leat/leaks.h>

#include "base/atomic.h"
#include "base/base.h"
#include "support/pipe.h"

#define AN_HOUR_NS INT64_C(3600000000000)
#define WINDOW_NS  INT64_C(1000000000)
#define LEAKS_MAX  16u

enum what {
	NOTHING,
	A_FRAME,
	A_CONTEXT,
	A_DEADLINE,
	A_CALLBACK,
	A_FILE,
	AN_FD
};

struct leaky {
	enum what what;
	uint32_t n_wanted; /* atomic: so many are to be there */
	uint32_t n;        /* atomic */
	uint32_t n_passed; /* atomic: who leaked waits for it, empty-handed */
	bool is_waiting;   /* whether it does */
	uint32_t n_calls;  /* atomic */
	uint32_t n_fed;    /* of the source */
	struct leat_frame *frames[LEAKS_MAX];
	struct leat_ctx *contexts[LEAKS_MAX];
	struct leat_ctx_after callbacks[LEAKS_MAX];
	struct leat_file *files[LEAKS_MAX];
	int fds[LEAKS_MAX];
};

struct leaky_opts {
	uint32_t size;
	uint32_t flags;
	struct leaky *leaky;
};

static int
leaky_init(struct leat_stage *st, const void *opts)
{
	*(struct leaky **)leat_stage_state(st) =
		((const struct leaky_opts *)opts)->leaky;
	return LEAT_OK;
}

static void
leaky_after(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	(void)user;
}

static int
leaky_child(struct leat_stage *st, struct leaky *s, uint32_t k, bool has_end)
{
	return leat_ctx_child(leat_stage_ctx(st),
		has_end ? leat_now_ns() + AN_HOUR_NS : LEAT_NEVER,
		&s->contexts[k], NULL);
}

static int
leaky_leak(struct leat_stage *st, struct leat_frame *in, uint32_t k)
{
	struct leaky *s = *(struct leaky **)leat_stage_state(st);

	switch (s->what) {
	case A_FRAME:
		leat_frame_retain(in);
		s->frames[k] = in;
		return LEAT_OK;
	case A_CONTEXT:
		return leaky_child(st, s, k, false);
	case A_DEADLINE:
		return leaky_child(st, s, k, true);
	case A_CALLBACK:
		s->callbacks[k].fn = leaky_after;
		leat_ctx_after(leat_stage_ctx(st), &s->callbacks[k]);
		return LEAT_OK;
	case A_FILE:
		return leat_file_open(st, "/dev/null", &s->files[k]);
	case AN_FD:
		s->fds[k] = open("/dev/null", O_RDONLY);
		return s->fds[k] < 0 ? LEAT_EIO : LEAT_OK;
	default:
		return LEAT_OK;
	}
}

static int
leaky_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leaky *s = *(struct leaky **)leat_stage_state(st);
	uint32_t n = leat__load_relaxed(&s->n);
	bool is_leaking = n < leat__load_acquire(&s->n_wanted);

	if (is_leaking)
		LEAT_TRY(leaky_leak(st, in, n));
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	if (is_leaking)
		leat__store_release(&s->n, n + 1);
	while (is_leaking && s->is_waiting &&
		leat__load_acquire(&s->n_passed) == n)
		sched_yield();
	leat__add_relaxed(&s->n_calls, 1u);
	return LEAT_OK;
}

static const struct leat_stage_ops leaky_ops = {LEAT_STAGE_OPS_INIT("leaky"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING,
	.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 8,
	.state_bytes = sizeof(struct leaky *),
	.opts_bytes = sizeof(struct leaky_opts), .init = leaky_init,
	.process = leaky_process};

/* One frame at a time: none is in a queue, or in a burst that leaky took. */
static int
feed_produce(struct leat_stage *st)
{
	struct leaky *s = *(struct leaky **)leat_stage_state(st);
	struct leat_frame *frame;

	while (leat__load_acquire(&s->n_calls) < s->n_fed) {
		if (leat_ctx_is_done(leat_stage_ctx(st)))
			return LEAT_ECANCELED;
		sched_yield();
	}
	LEAT_TRY(leat_stage_acquire(st, &frame));
	*(uint64_t *)(void *)frame->data = ++s->n_fed;
	frame->layout = LEAT_LAYOUT_ITEMS;
	frame->n_items = 1;
	frame->len_bytes = 8;
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_emit(st, 0, frame);
}

static int
feed_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	(void)in;
	out->item_bytes = 8;
	return LEAT_OK;
}

static const struct leat_stage_ops feed_ops = {LEAT_STAGE_OPS_INIT("feed"),
	.flags = LEAT_STAGE_BLOCKING, .out_layout = LEAT_LAYOUT_ITEMS,
	.needs = {.frame_bytes = 4096}, .state_bytes = sizeof(struct leaky *),
	.opts_bytes = sizeof(struct leaky_opts), .init = leaky_init,
	.negotiate = feed_negotiate, .produce = feed_produce};

static struct leat_graph *
leaky_start(struct leaky *leaky)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 16};
	struct leaky_opts both = {LEAT_OPTS_INIT(leaky_opts), .leaky = leaky};
	struct leat_step steps[] = {{&feed_ops, &both}, {&leaky_ops, &both}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	return graph;
}

/* One more, and it is there. */
static void
leaky_more(struct leaky *leaky)
{
	uint32_t n = leat__add_acq_rel(&leaky->n_wanted, 1u) + 1;

	while (leat__load_acquire(&leaky->n) < n)
		sched_yield();
}

/* Now it is given back, at last. */
static void
leaky_release(struct leaky *s, struct leat_graph *graph)
{
	for (uint32_t k = 0; k < s->n; k++) {
		if (s->frames[k])
			leat_frame_release(s->frames[k]);
		leat_ctx_destroy(s->contexts[k]);
		leat_file_close(s->files[k]);
		if (s->what == AN_FD)
			close(s->fds[k]);
	}
	ck_assert_int_eq(leat_graph_leaks(graph, NULL), LEAT_OK);
	leat_graph_destroy(graph);
}

/* ---- at the end ----------------------------------------------------------- */

static void
check_end(enum what what, const char *text)
{
	struct leaky leaky = {.what = what};
	struct leat_graph *graph = leaky_start(&leaky);
	struct leat_error err = {0};

	ck_assert_int_eq(leat_graph_leaks(graph, &err), LEAT_ESTATE);
	leaky_more(&leaky);
	leaky_more(&leaky);
	leat_graph_drain(graph);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_OK);
	if (text) {
		ck_assert_int_eq(leat_graph_leaks(graph, &err), LEAT_EBUG);
		ck_assert_msg(strstr(err.text, text), "%s", err.text);
	}
	leaky_release(&leaky, graph);
}

START_TEST(what_was_not_given_back_is_counted_at_the_end)
{
	check_end(NOTHING, NULL);
#ifndef LEAT_TEST_TINY
	check_end(A_FRAME, "2 frames not released: 2 of leaky");
#endif
	check_end(A_CONTEXT, "2 contexts created at growth.c:");
	check_end(A_DEADLINE, "2 timers armed");
	check_end(A_FILE, "2 files not closed by 'leaky'");
}
END_TEST

/* ---- while it runs -------------------------------------------------------- */

static struct leat_growth *
watch(struct leat_graph *graph, const struct leat_workers *workers)
{
	struct leat_growth_opts opts = {LEAT_OPTS_INIT(leat_growth_opts),
		.window_ns = (uint64_t)WINDOW_NS, .n_windows = 3, .least = 3,
		.workers = workers};
	struct leat_growth *growth;

	ck_assert_int_eq(
		leat_growth_create(graph, &opts, &growth, NULL), LEAT_OK);
	return growth;
}

static bool
find(struct leat_growth *growth, uint32_t kind,
	struct leat_growth_report *report)
{
	bool is_found = false;

	while (leat_growth_next(growth, report)) {
		if (report->kind != kind)
			continue;
		is_found = true;
		break;
	}
	return is_found;
}

static void
check_growth(enum what what, uint32_t kind, const char *creator)
{
	struct leaky leaky = {.what = what, .is_waiting = true};
	struct leat_graph *graph = leaky_start(&leaky);
	struct leat_growth *growth = watch(graph, NULL);
	struct leat_growth_report report;
	int64_t now_ns = leat_now_ns();
	uint32_t n_windows = 0;

	while (!find(growth, kind, &report)) {
		ck_assert_uint_lt(n_windows++, LEAKS_MAX);
		leaky_more(&leaky);
		leat_growth_tick(growth, now_ns + 1);
		leat__add_acq_rel(&leaky.n_passed, 1u);
		/* frames come and go, too: the least of the window counts */
		for (int k = 0; k < 30; k++) {
			leat_growth_tick(growth, now_ns + 1);
			sched_yield();
		}
		leat_growth_tick(growth, now_ns += WINDOW_NS);
	}
	ck_assert_uint_eq(n_windows, 4); /* one to begin with, and three */
	ck_assert_uint_eq(report.n_now, report.n_first + 3);
	ck_assert_msg(strstr(report.creator, creator), "%s", report.creator);
	ck_assert_int_eq(report.over_ns, 3 * WINDOW_NS);
	leat_growth_destroy(growth);
	leat_graph_cancel(graph);
	(void)!leat_graph_wait(graph, LEAT_NEVER, NULL);
	leaky_release(&leaky, graph);
}

START_TEST(what_grows_is_told_with_who_made_it)
{
#ifndef LEAT_TEST_TINY /* there are too few frames to lose some */
	check_growth(A_FRAME, LEAT_LEAK_FRAMES, "leaky");
#endif
	check_growth(A_CONTEXT, LEAT_LEAK_CONTEXTS, "growth.c:");
	check_growth(A_DEADLINE, LEAT_LEAK_TIMERS, "growth.c:");
	check_growth(A_CALLBACK, LEAT_LEAK_CALLBACKS, "the graph");
	check_growth(A_FILE, LEAT_LEAK_FILES, "leaky");
	check_growth(AN_FD, LEAT_LEAK_DESCRIPTORS, "/dev/null");
}
END_TEST

static void
rest_long(struct leat_ctx *ctx, void *arg)
{
	(void)arg;
	(void)!leat_sleep_until(ctx, LEAT_NEVER);
}

START_TEST(so_are_fibers)
{
	struct leaky leaky = {.what = NOTHING};
	struct leat_graph *graph = leaky_start(&leaky);
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = 1};
	struct leat_growth_report report = {0};
	struct leat_workers *workers;
	struct leat_growth *growth;
	int64_t now_ns = leat_now_ns();
	uint32_t n = 0;

	ck_assert_int_eq(
		leat_workers_create(NULL, &opts, &workers, NULL), LEAT_OK);
	growth = watch(graph, workers);
	while (!find(growth, LEAT_LEAK_FIBERS, &report)) {
		ck_assert_uint_lt(n++, 6);
		ck_assert_int_eq(
			leat_go(workers, rest_long, NULL, NULL), LEAT_OK);
		leat_growth_tick(growth, now_ns += WINDOW_NS);
	}
	ck_assert_msg(
		strstr(report.creator, "growth.c:"), "%s", report.creator);
	leat_growth_destroy(growth);
	leat_workers_destroy(workers);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(what_comes_and_goes_is_not_told)
{
	struct leaky leaky = {.what = A_CONTEXT};
	struct leat_graph *graph = leaky_start(&leaky);
	struct leat_growth *growth = watch(graph, NULL);
	struct leat_growth_report report;
	int64_t now_ns = leat_now_ns();
	struct leat_ctx *some[40];

	leaky_more(&leaky); /* one that stays is no growth */
	for (int window = 0; window < 20; window++) {
		int n = window * 2;

		for (int k = 0; k < n; k++)
			ck_assert_int_eq(leat_ctx_child(leat_graph_ctx(graph),
						 LEAT_NEVER, &some[k], NULL),
				LEAT_OK);
		leat_growth_tick(growth, now_ns + 1);
		for (int k = 0; k < n; k++)
			leat_ctx_destroy(some[k]);
		leat_growth_tick(growth, now_ns += WINDOW_NS);
		ck_assert(!find(growth, LEAT_LEAK_CONTEXTS, &report));
	}
	leat_growth_destroy(growth);
	leat_graph_cancel(graph);
	(void)!leat_graph_wait(graph, LEAT_NEVER, NULL);
	leaky_release(&leaky, graph);
}
END_TEST

START_TEST(what_was_told_is_told_again_when_there_is_twice_as_much)
{
	struct leaky leaky = {.what = A_CONTEXT};
	struct leat_graph *graph = leaky_start(&leaky);
	struct leat_growth *growth = watch(graph, NULL);
	struct leat_growth_report report;
	int64_t now_ns = leat_now_ns();
	uint64_t told[3] = {0};
	uint32_t n = 0;

	for (uint32_t k = 0; k < LEAKS_MAX; k++) {
		leaky_more(&leaky);
		leat_growth_tick(growth, now_ns += WINDOW_NS);
		if (find(growth, LEAT_LEAK_CONTEXTS, &report) && n < 3)
			told[n++] = report.n_now;
	}
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(told[1], 2 * told[0]);
	ck_assert_uint_eq(told[2], 2 * told[1]);
	leat_growth_destroy(growth);
	leat_graph_cancel(graph);
	(void)!leat_graph_wait(graph, LEAT_NEVER, NULL);
	leaky_release(&leaky, graph);
}
END_TEST

START_TEST(options_that_cannot_be_are_refused)
{
	struct leat_growth_opts opts = {LEAT_OPTS_INIT(leat_growth_opts)};
	struct leaky leaky = {.what = NOTHING};
	struct leat_graph *graph = leaky_start(&leaky), *idle;
	struct leat_growth *growth;

	opts.flags = 1;
	ck_assert_int_eq(
		leat_growth_create(graph, &opts, &growth, NULL), LEAT_EINVAL);
	opts.flags = 0;
	opts.window_ns = 999999;
	ck_assert_int_eq(
		leat_growth_create(graph, &opts, &growth, NULL), LEAT_EINVAL);
	ck_assert_int_eq(leat_graph_create(NULL, &idle, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_growth_create(idle, NULL, &growth, NULL), LEAT_ESTATE);
	leat_growth_destroy(NULL);
	leat_graph_destroy(idle);
	leat_graph_destroy(graph);
	for (uint32_t k = 0; k < LEAT_LEAKS; k++)
		ck_assert_str_ne(leat_leak_text(k), "?");
	ck_assert_str_eq(leat_leak_text(LEAT_LEAKS), "?");
}
END_TEST

TEST_MAIN("run/growth", what_was_not_given_back_is_counted_at_the_end,
	what_grows_is_told_with_who_made_it, so_are_fibers,
	what_comes_and_goes_is_not_told,
	what_was_told_is_told_again_when_there_is_twice_as_much,
	options_that_cannot_be_are_refused)
