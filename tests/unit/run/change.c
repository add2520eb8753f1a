/*
 * unit/run/change.c -- options of a running graph are changed: at one moment in
 * all stages, or between two calls; all of a set, or none.
 */
#include "support/test.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/base.h"
#include "graph/place.h"
#include "run/run.h"
#include "support/numbers.h"
#include "support/pipe.h"
#include <leat/live.h>
#include <leat/look.h>
#include <leat/metrics.h>
#include <leat/page.h>
#include <leat/trace.h>

#define A_MS_NS INT64_C(1000000)
#define N_BAD   13  /* that init does not accept */
#define N_LOOSE 199 /* whose init resumes the run, which it has not paused */
#define N_ROWS  100000

/* ---- a stage that marks items ---------------------------------------------- */

struct mark_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t tag;  /* RENEWS */
	uint64_t live; /* LIVE */
	uint64_t fixed;
	uint64_t shift; /* where the tag goes */
};

struct mark {
	uint64_t bits;
	uint64_t shift;
	uint64_t tag;
};

static uint32_t n_held; /* times that the run was held all the same */

static void
mark_resume(struct leat_graph *graph)
{
	leat_graph_resume(graph);
	n_held += leat__load_relaxed(&graph->run->pause.state) ==
		LEAT__PAUSE_HELD;
}

static int
mark_init(struct leat_stage *st, const void *opts)
{
	const struct mark_opts *o = opts;
	struct mark *s = leat_stage_state(st);

	if (o->tag == N_BAD || o->live == N_BAD)
		return leat_stage_fail(st, LEAT_EINVAL, "no such tag");
	if (o->tag == N_LOOSE)
		mark_resume(st->graph);
	*s = (struct mark){.shift = o->shift, .tag = o->tag};
	s->bits = (o->tag | o->live) << o->shift;
	return LEAT_OK;
}

static void
mark_change(struct leat_stage *st, const void *opts)
{
	const struct mark_opts *o = opts;
	struct mark *s = leat_stage_state(st);

	s->bits = (s->tag | o->live) << s->shift;
}

static int
mark_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct mark *s = leat_stage_state(st);
	uint64_t *items = (uint64_t *)(void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++)
		items[k] |= s->bits;
	return leat_stage_emit(st, 0, in);
}

/* Instances that ended, and those while others were at work. Atomic. */
static uint32_t n_ended, n_ended_at_work;

static void
mark_fini(struct leat_stage *st)
{
	const struct leat__run *run = st->graph->run;

	leat__add_relaxed(&n_ended, 1u);
	if (run && leat__load_relaxed(&run->pause.state) != LEAT__PAUSE_HELD)
		leat__add_relaxed(&n_ended_at_work, 1u);
}

static const struct leat_option mark_options[] = {
	{.name = "tag",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_RENEWS,
		.offset = offsetof(struct mark_opts, tag),
		.max = 255,
		.help = "put into each item"},
	{.name = "live",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_LIVE,
		.offset = offsetof(struct mark_opts, live),
		.max = 255,
		.help = "the same"},
	{.name = "fixed",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct mark_opts, fixed),
		.help = "stays"},
	{.name = NULL},
};

static const struct leat_stage_ops mark_ops = {
	LEAT_STAGE_OPS_INIT("mark"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.state_bytes = sizeof(struct mark),
	.opts_bytes = sizeof(struct mark_opts),
	.options = mark_options,
	.init = mark_init,
	.process = mark_process,
	.change = mark_change,
	.fini = mark_fini,
};

/* ---- a sink that looks at the marks, and can be shut ------------------------ */

struct seen {
	uint64_t n;        /* items; atomic */
	uint64_t n_wrong;  /* not the next number; atomic */
	uint64_t n_mixed;  /* its two tags are not of one set */
	uint64_t n_back;   /* an older tag after a newer one */
	uint64_t n_plain;  /* without a tag; atomic */
	uint64_t last_tag; /* atomic */
	uint32_t is_shut;  /* atomic */
};

struct look_opts {
	uint32_t size;
	uint32_t flags;
	struct seen *seen;
};

static int
look_init(struct leat_stage *st, const void *opts)
{
	*(struct seen **)leat_stage_state(st) =
		((const struct look_opts *)opts)->seen;
	return LEAT_OK;
}

static void
look_item(struct seen *seen, uint64_t item)
{
	uint64_t first = item >> 40 & 255, second = item >> 48 & 255;
	uint64_t number = item & ((UINT64_C(1) << 40) - 1);

	seen->n_wrong += number != seen->n + 1;
	seen->n_mixed += first != second;
	leat__add_relaxed(&seen->n_plain, second ? 0u : 1u);
	/* without a tag it went by stages that do not mark */
	seen->n_back += second && second < seen->last_tag;
	if (second)
		leat__store_relaxed(&seen->last_tag, second);
	leat__store_release(&seen->n, seen->n + 1);
}

static int
look_process(struct leat_stage *st, struct leat_frame *in)
{
	struct seen *seen = *(struct seen **)leat_stage_state(st);
	const uint64_t *items = (const uint64_t *)(const void *)in->data;

	while (leat__load_acquire(&seen->is_shut)) {
		if (leat_ctx_is_done(leat_stage_ctx(st)))
			return LEAT_ECANCELED;
		sched_yield();
	}
	for (uint32_t k = 0; k < in->n_items; k++)
		look_item(seen, items[k]);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_option look_options[] = {{.name = NULL}};

static const struct leat_stage_ops look_ops = {
	LEAT_STAGE_OPS_INIT("look"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.state_bytes = sizeof(struct seen *),
	.opts_bytes = sizeof(struct look_opts),
	.options = look_options,
	.init = look_init,
	.process = look_process,
};

/* ---- numbers ! mark ! mark2 ! look ------------------------------------------ */

/* tag: of both. */
static struct leat_graph *
marks_make(const struct leat_stage_ops *source, struct seen *seen,
	uint32_t n_workers, uint64_t n, uint64_t tag)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = n_workers};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts), .n = n};
	struct mark_opts first = {
		LEAT_OPTS_INIT(mark_opts), .shift = 40, .tag = tag};
	struct mark_opts second = {
		LEAT_OPTS_INIT(mark_opts), .shift = 48, .tag = tag};
	struct look_opts look = {LEAT_OPTS_INIT(look_opts), .seen = seen};
	struct leat_step steps[] = {{source, &numbers}, {&mark_ops, &first},
		{&mark_ops, &second}, {&look_ops, &look}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 4, NULL), LEAT_OK);
	return graph;
}

static struct leat_graph *
marks_from(const struct leat_stage_ops *source, struct seen *seen,
	uint32_t n_workers, uint64_t n)
{
	struct leat_graph *graph = marks_make(source, seen, n_workers, n, 0);
	struct leat_error err;

	ck_assert_msg(leat_graph_start(graph, &err) == LEAT_OK, "%s", err.text);
	return graph;
}

static struct leat_graph *
marks(struct seen *seen)
{
	return marks_from(&numbers_ops, seen, 2, 0);
}

static void
await_items(struct seen *seen, uint64_t n)
{
	while (leat__load_acquire(&seen->n) < n)
		sched_yield();
}

static int
set_both(struct leat_graph *graph, const char *option, uint64_t first,
	uint64_t second, int64_t deadline_ns, struct leat_error *err)
{
	char one[24], two[24];
	struct leat_set sets[] = {
		{"mark", option, one}, {"mark2", option, two}};

	snprintf(one, sizeof(one), "%llu", (unsigned long long)first);
	snprintf(two, sizeof(two), "%llu", (unsigned long long)second);
	return leat_graph_set_options(
		graph, sets, 2, deadline_ns, "somebody", err);
}

/* The source has given a frame more, or the run is over. */
static void
await_frame(struct leat_graph *graph)
{
	struct leat_stage_stats first, now;

	ck_assert_int_eq(leat_stage_stats(graph, 0, &first), LEAT_OK);
	do {
		sched_yield();
		ck_assert_int_eq(leat_stage_stats(graph, 0, &now), LEAT_OK);
	} while (now.out_bytes == first.out_bytes &&
		leat_graph_wait(graph, 0, NULL) == LEAT_ETIMEDOUT);
}

/* It ends, and nothing is lost or twice, or went by two sets. */
static void
ends_well(struct leat_graph *graph, struct seen *seen)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	leat_graph_drain(graph);
	ck_assert_msg(leat_graph_wait(graph, LEAT_NEVER, &err) == LEAT_OK, "%s",
		err.text);
	leat_graph_stats(graph, &stats);
	ck_assert_uint_eq(stats.is_balanced, 1);
	ck_assert_uint_eq(stats.written, seen->n);
	ck_assert_uint_eq(seen->n_wrong, 0);
	ck_assert_uint_eq(seen->n_mixed, 0);
	ck_assert_uint_eq(seen->n_back, 0);
	leat_graph_destroy(graph);
}

static void
changes_many_times(const struct leat_stage_ops *source, uint32_t n_workers,
	uint64_t n_times)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks_from(source, &seen, n_workers, 0);
	struct leat_error err;

	srand(1);
	for (uint64_t tag = 14; tag < 14 + n_times; tag++) {
		uint64_t n = leat__load_acquire(&seen.n);

		await_items(&seen, n + (uint64_t)rand() % 500);
		ck_assert_msg(set_both(graph, "tag", tag, tag, LEAT_NEVER,
				      &err) == LEAT_OK,
			"%s", err.text);
		n = leat__load_acquire(&seen.n);
		await_items(&seen, n + 1);
		ck_assert_uint_eq(leat__load_relaxed(&seen.last_tag), tag);
	}
	ends_well(graph, &seen);
}

START_TEST(all_stages_change_at_one_moment)
{
	changes_many_times(&numbers_ops, 1, 10);
	changes_many_times(&numbers_ops, 3, 50);
	changes_many_times(&numbers_blocking_ops, 2, 10);
}
END_TEST

START_TEST(what_is_not_accepted_changes_nothing)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	struct leat_change changes[4];
	struct leat_error err;

	ck_assert_int_eq(
		set_both(graph, "tag", 5, 5, LEAT_NEVER, &err), LEAT_OK);
	/* of the second of two, when the first has changed already: what was
	 * made for it ends before anybody is at work again, in its place */
	n_ended = n_ended_at_work = 0;
	ck_assert_int_eq(set_both(graph, "tag", 6, N_BAD, LEAT_NEVER, &err),
		LEAT_EINVAL);
	ck_assert_uint_gt(n_ended, 0);
	ck_assert_uint_eq(n_ended_at_work, 0);
	ck_assert_str_eq(err.text, "no such tag");
	ck_assert_str_eq(err.stage, "mark2");
	ck_assert_int_eq(set_both(graph, "live", 6, N_BAD, LEAT_NEVER, &err),
		LEAT_EINVAL);
	ck_assert_str_eq(err.text, "no such tag");
	ck_assert_int_eq(
		set_both(graph, "tag", 6, 256, LEAT_NEVER, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "out of range"));
	await_items(&seen, leat__load_acquire(&seen.n) + 100);
	ck_assert_uint_eq(leat__load_relaxed(&seen.last_tag), 5);
	ck_assert_uint_eq(leat_graph_changes(graph, 0, changes, 4), 2);
	ck_assert_str_eq(changes[1].stage, "mark2");
	ck_assert_str_eq(changes[1].what, "tag");
	ck_assert_str_eq(changes[1].before, "");
	ck_assert_str_eq(changes[1].after, "5");
	ck_assert_str_eq(changes[1].who, "somebody");
	ck_assert_str_eq(changes[1].hook, "");
	ends_well(graph, &seen);
}
END_TEST

START_TEST(what_is_live_waits_for_nothing)
{
	struct seen seen = {.is_shut = 1};
	struct leat_graph *graph = marks(&seen);
	struct leat_stage_stats stats;
	struct leat_error err;
	uint64_t n;

	/* the sink is shut: nothing arrives */
	do
		ck_assert_int_eq(leat_stage_stats(graph, 0, &stats), LEAT_OK);
	while (stats.out_frames == 0);
	ck_assert_int_eq(
		set_both(graph, "tag", 9, 9, leat_now_ns() + A_MS_NS, &err),
		LEAT_ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(err.text, "has not arrived"));
	ck_assert_int_eq(
		leat_graph_set_option(graph, "mark2", "live", "1", "me", &err),
		LEAT_OK);
	ck_assert_int_eq(
		leat_graph_set_option(graph, "mark2", "live", "3", "me", &err),
		LEAT_OK);
	leat__store_release(&seen.is_shut, 0u);
	/* more than can have been on its way */
	n = leat__load_acquire(&seen.n) + 7 * 200;
	await_items(&seen, n);
	ck_assert_uint_eq(leat__load_relaxed(&seen.last_tag), 3);
	ck_assert_uint_gt(seen.n_mixed, 0);
	seen.n_mixed = 0;
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

/* While nothing is read nobody takes what is posted. */
START_TEST(options_not_taken_yet_are_not_for_who_comes_next)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks_from(&numbers_ops, &seen, 3, 0);
	struct leat_set sets[] = {{"mark", "live", "64"}, {"mark", "tag", "32"},
		{"mark2", "live", "64"}, {"mark2", "tag", "32"}};
	struct leat_stage *st = leat__graph_find(graph, "mark", 4);
	struct leat_error err;

	ck_assert_uint_eq(leat__stage_n_instances(st), 3);
	await_items(&seen, 1000);
	leat_graph_pause(graph);
	ck_assert_msg(
		leat_graph_wait_paused(graph, LEAT_NEVER, &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_int_eq(
		set_both(graph, "live", 3, 3, LEAT_NEVER, &err), LEAT_OK);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_ptr_nonnull(leat__stage_instance(st, k)->next_opts);
	ck_assert_msg(leat_graph_set_options(graph, sets, 4, LEAT_NEVER, NULL,
			      &err) == LEAT_OK,
		"%s", err.text);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_ptr_null(leat__stage_instance(st, k)->next_opts);
	leat_graph_resume(graph);
	await_items(&seen, leat__load_acquire(&seen.n) + 10000);
	ck_assert_uint_eq(leat__load_relaxed(&seen.last_tag), 96);
	ends_well(graph, &seen);
}
END_TEST

START_TEST(who_resumes_once_too_often_does_not_end_a_change)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks_from(&numbers_ops, &seen, 3, 0);
	struct leat_error err;

	n_held = 0;
	await_items(&seen, 1000);
	ck_assert_msg(set_both(graph, "tag", N_LOOSE, N_LOOSE, LEAT_NEVER,
			      &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_uint_eq(n_held, 6);
	await_items(&seen, leat__load_acquire(&seen.n) + 1000);
	ck_assert_uint_eq(leat__load_relaxed(&seen.last_tag), N_LOOSE);
	ends_well(graph, &seen);
}
END_TEST

START_TEST(a_pause_lets_arrive_what_was_read_and_no_more)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	struct leat_graph_stats stats;
	uint64_t n;

	await_items(&seen, 50);
	leat_graph_pause(graph);
	ck_assert_int_eq(
		leat_graph_wait_paused(graph, LEAT_NEVER, NULL), LEAT_OK);
	n = leat__load_acquire(&seen.n);
	leat_graph_stats(graph, &stats);
	ck_assert_uint_eq(stats.read, n);
	for (int k = 0; k < 100; k++)
		sched_yield();
	ck_assert_uint_eq(leat__load_acquire(&seen.n), n);
	/* twice asked for, and once taken back: it still stands */
	leat_graph_pause(graph);
	leat_graph_resume(graph);
	ck_assert_int_eq(
		leat_graph_wait_paused(graph, LEAT_NEVER, NULL), LEAT_OK);
	ck_assert_int_eq(
		set_both(graph, "tag", 3, 3, LEAT_NEVER, NULL), LEAT_OK);
	ck_assert_uint_eq(leat__load_acquire(&seen.n), n);
	leat_graph_resume(graph);
	await_items(&seen, n + 50);
	ck_assert_int_eq(
		leat_graph_wait_paused(graph, LEAT_NEVER, NULL), LEAT_ESTATE);
	ends_well(graph, &seen);
}
END_TEST

START_TEST(a_drain_and_a_cancel_end_what_is_paused)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	struct leat_error err;

	leat_graph_pause(graph);
	leat_graph_drain(graph);
	ck_assert_int_eq(
		set_both(graph, "tag", 3, 3, LEAT_NEVER, &err), LEAT_ESTATE);
	ends_well(graph, &seen);
	seen = (struct seen){.is_shut = 1};
	graph = marks(&seen);
	leat_graph_pause(graph);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	ck_assert_int_eq(
		set_both(graph, "tag", 3, 3, LEAT_NEVER, &err), LEAT_ESTATE);
	leat_graph_destroy(graph);
}
END_TEST

static void
is_refused(struct leat_graph *graph, const char *stage, const char *option,
	int code, const char *words)
{
	struct leat_error err;

	ck_assert_int_eq(
		leat_graph_set_option(graph, stage, option, "1", NULL, &err),
		code);
	ck_assert_msg(strstr(err.text, words), "%s", err.text);
}

START_TEST(what_cannot_change_is_refused_with_a_reason)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	struct leat_error why;

	is_refused(graph, "mark3", "tag", LEAT_EINVAL, "did you mean");
	is_refused(graph, "mark", "tog", LEAT_EINVAL, "tag, live, fixed");
	is_refused(
		graph, "mark", "fixed", LEAT_ENOTSUP, "what the stage keeps");
	is_refused(graph, "mark", "@rate.items", LEAT_EINVAL, "no guard");
	is_refused(graph, "mark", "@rate", LEAT_EINVAL, "@rate#2.items");
	ck_assert_uint_eq(leat_graph_option_way(graph, "mark", "tag", NULL),
		LEAT_WAY_STAMP);
	ck_assert_uint_eq(leat_graph_option_way(graph, "mark", "live", NULL),
		LEAT_WAY_LIVE);
	ck_assert_uint_eq(leat_graph_option_way(graph, "mark", "fixed", &why),
		LEAT_WAY_NONE);
	ck_assert_ptr_nonnull(strstr(why.text, "start it anew"));
	ck_assert_int_eq(leat_graph_set_options(graph, NULL, 0, 0, NULL, NULL),
		LEAT_EINVAL);
	ends_well(graph, &seen);
}
END_TEST

/* ---- a graph becomes like another one ---------------------------------------- */

/* One like marks(), with these guards before a stage, and not started. */
static struct leat_graph *
other_marks(struct seen *seen, uint64_t tag, const char *guarded,
	const struct leat_hook_step *hooks, uint32_t n_hooks)
{
	struct leat_graph *next = marks_make(&numbers_ops, seen, 2, 0, tag);
	struct leat_stage *st =
		leat__graph_find(next, guarded, strlen(guarded));

	ck_assert_int_eq(
		leat_stage_set_hooks(st, hooks, n_hooks, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(next, NULL), LEAT_OK);
	return next;
}

static int
become(struct leat_graph *graph, struct leat_graph *next, int64_t deadline_ns,
	struct leat_error *err)
{
	int rc = leat_graph_become(graph, next, deadline_ns, "somebody", err);

	leat_graph_destroy(next);
	return rc;
}

/* Which guards has the sink? */
static void
sink_has(struct leat_graph *graph, uint32_t n, const char *first)
{
	struct leat_hook_stats stats;

	if (n)
		ck_assert_int_eq(
			leat_stage_hook_stats(graph, 3, 0, &stats), LEAT_OK);
	if (n)
		ck_assert_str_eq(stats.name, first);
	ck_assert_int_eq(
		leat_stage_hook_stats(graph, 3, n, &stats), LEAT_EINVAL);
}

START_TEST(guards_come_go_and_change_places_while_all_flows)
{
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000000000};
	struct leat_timeout_opts timeout = {
		LEAT_OPTS_INIT(leat_timeout_opts), .after_ns = LEAT_NEVER / 8};
	struct leat_hook_step steps[] = {{&leat_timeout_ops, &timeout},
		{&leat_rate_ops, &rate}, {&leat_timeout_ops, &timeout}};
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	struct leat_change changes[4];
	struct leat_error err;

	for (uint32_t k = 0; k < 200; k++) {
		/* one, two, the same two the other way round, none */
		uint32_t n = k % 4 == 0 ? 1 : k % 4 == 3 ? 0 : 2;
		uint32_t from = k % 4 == 2;

		rate.items = 1000000000 + k;
		ck_assert_msg(
			become(graph,
				other_marks(&seen, 0, "look", steps + from, n),
				LEAT_NEVER, &err) == LEAT_OK,
			"%s", err.text);
		sink_has(graph, n, from ? "rate" : "timeout");
		await_items(&seen, leat__load_acquire(&seen.n) + 1);
	}
	ck_assert_uint_eq(leat_graph_changes(graph, 0, changes, 4), 4);
	ck_assert_str_eq(changes[0].what, "guards");
	ck_assert_str_eq(changes[0].stage, "look");
	ck_assert_str_eq(changes[0].who, "somebody");
	/* and the options of those that stay */
	for (rate.items = 2000000007; rate.items < 2000000009; rate.items++)
		ck_assert_int_eq(
			become(graph,
				other_marks(&seen, 0, "look", &steps[1], 1),
				LEAT_NEVER, &err),
			LEAT_OK);
	ck_assert_uint_eq(leat_graph_changes(graph, 201, changes, 4), 1);
	ck_assert_str_eq(changes[0].hook, "rate");
	ck_assert_str_eq(changes[0].before, "2000000007");
	ck_assert_str_eq(changes[0].after, "2000000008");
	ends_well(graph, &seen);
}
END_TEST

/* The sink, which has been shut, has the first of some frames. */
static void
await_more_read(struct leat_graph *graph, struct seen *seen)
{
	struct leat_stage_stats stats;

	do
		ck_assert_int_eq(leat_stage_stats(graph, 0, &stats), LEAT_OK);
	while (stats.out < leat__load_acquire(&seen->n) + 3 * 7);
}

START_TEST(a_graph_becomes_all_of_another_or_nothing_of_it)
{
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000000000};
	struct leat_hook_step step = {&leat_rate_ops, &rate};
	struct leat_hook_step isolate = {&leat_isolate_ops, NULL};
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	struct leat_change change;
	struct leat_error err;

	/* options at one moment, with a guard */
	ck_assert_int_eq(become(graph, other_marks(&seen, 5, "look", &step, 1),
				 LEAT_NEVER, &err),
		LEAT_OK);
	await_items(&seen, leat__load_acquire(&seen.n) + 1);
	ck_assert_uint_eq(leat__load_relaxed(&seen.last_tag), 5);
	sink_has(graph, 1, "rate");
	/* the guard has been made when the options are not accepted in time */
	leat__store_release(&seen.is_shut, 1u);
	await_more_read(graph, &seen);
	ck_assert_int_eq(become(graph, other_marks(&seen, 6, "look", NULL, 0),
				 leat_now_ns() + A_MS_NS, &err),
		LEAT_ETIMEDOUT);
	sink_has(graph, 1, "rate");
	leat__store_release(&seen.is_shut, 0u);
	/* one that waits, where there is no thread for it */
	ck_assert_int_eq(become(graph, other_marks(&seen, 6, "mark", &step, 1),
				 LEAT_NEVER, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "no thread of its own"));
	ck_assert_str_eq(err.stage, "mark");
	ck_assert_int_eq(
		become(graph, other_marks(&seen, 6, "mark", &isolate, 1),
			LEAT_NEVER, &err),
		LEAT_ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "@isolate"));
	await_items(&seen, leat__load_acquire(&seen.n) + 100);
	ck_assert_uint_eq(leat__load_relaxed(&seen.last_tag), 5);
	sink_has(graph, 1, "rate");
	ck_assert_uint_eq(leat_graph_changes(graph, 3, &change, 1), 0);
	ends_well(graph, &seen);
}
END_TEST

/* ---- what a page shows -------------------------------------------------------- */

struct shown {
	size_t n;
	char text[8192];
};

static void
shown_add(void *user, const char *text, size_t n_bytes)
{
	struct shown *shown = user;

	ck_assert_uint_lt(shown->n + n_bytes, sizeof(shown->text));
	memcpy(shown->text + shown->n, text, n_bytes);
	shown->n += n_bytes;
	shown->text[shown->n] = '\0';
}

/* The number behind a word. */
static unsigned long long
shown_number(const struct shown *shown, const char *word)
{
	const char *at = strstr(shown->text, word);

	ck_assert_msg(at, "no %s in %s", word, shown->text);
	return strtoull(at + strlen(word), NULL, 10);
}

static void
show(struct leat_graph *graph, const char *path, struct shown *shown)
{
	shown->n = 0;
	ck_assert_int_eq(
		leat_page_write(graph, path, NULL, shown_add, shown, NULL),
		LEAT_OK);
}

/* Of the graph, and of a look at it. */
static unsigned long long
revision(struct leat_graph *graph, const char *words)
{
	struct shown shown;
	unsigned long long n;

	show(graph, "/api/stats", &shown);
	n = shown_number(&shown, "\"revision\":");
	show(graph, "/api/graph", &shown);
	ck_assert_uint_eq(shown_number(&shown, "\"revision\":"), n);
	ck_assert_msg(strstr(shown.text, words), "%s", shown.text);
	return n;
}

START_TEST(the_revision_moves_with_each_change)
{
	struct leat_rate_opts rate = {
		LEAT_OPTS_INIT(leat_rate_opts), .items = 1000000007};
	struct leat_hook_step step = {&leat_rate_ops, &rate};
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	unsigned long long n = revision(graph, "\"guards\":[]"), next;

	await_items(&seen, 50);
	ck_assert_uint_eq(revision(graph, ""), n);
	ck_assert_int_eq(
		set_both(graph, "live", 3, 3, LEAT_NEVER, NULL), LEAT_OK);
	next = revision(graph, "{\"name\":\"live\",\"value\":\"3\"}");
	ck_assert_uint_ne(next, n);
	n = next;
	ck_assert_int_eq(
		set_both(graph, "tag", 5, 5, LEAT_NEVER, NULL), LEAT_OK);
	next = revision(graph, "{\"name\":\"tag\",\"value\":\"5\"}");
	ck_assert_uint_ne(next, n);
	n = next;
	ck_assert_int_eq(become(graph, other_marks(&seen, 5, "look", &step, 1),
				 LEAT_NEVER, NULL),
		LEAT_OK);
	next = revision(graph,
		"{\"name\":\"rate\",\"options\":["
		"{\"name\":\"items\",\"value\":\"1000000007\"}");
	ck_assert_uint_ne(next, n);
	n = next;
	/* also if somebody takes it away without a change */
	ck_assert_int_eq(
		leat_stage_set_hooks(
			leat__graph_find(graph, "look", 4), NULL, 0, NULL),
		LEAT_OK);
	ck_assert_uint_ne(revision(graph, "\"guards\":[]"), n);
	/* not ends_well: what is live is told to each between two calls */
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

/* One who reads pages while each change moves the revision by one. */
struct reader {
	struct leat_graph *graph;
	unsigned long long first; /* revision, of N_BAD */
};

/* What a revision says has changed, has. */
static void *
read_pages(void *arg)
{
	struct reader *reader = arg;
	struct shown shown;
	unsigned long long live = 0;

	while (live < 255) {
		show(reader->graph, "/api/graph", &shown);
		live = strstr(shown.text, "\"live\"")
			? shown_number(&shown, "\"live\",\"value\":\"")
			: N_BAD;
		ck_assert_uint_ge(live - N_BAD,
			shown_number(&shown, "\"revision\":") - reader->first);
	}
	return NULL;
}

START_TEST(a_page_is_not_older_than_its_revision)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	struct reader reader = {.graph = graph, .first = revision(graph, "")};
	pthread_t thread;
	char text[24];

	ck_assert_int_eq(pthread_create(&thread, NULL, read_pages, &reader), 0);
	for (unsigned live = N_BAD + 1; live <= 255; live++) {
		snprintf(text, sizeof(text), "%u", live);
		ck_assert_int_eq(leat_graph_set_option(graph, "mark", "live",
					 text, NULL, NULL),
			LEAT_OK);
	}
	pthread_join(thread, NULL);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- stages come and go ------------------------------------------------------- */

/* Does as mark does. */
static const struct leat_stage_ops stamp_ops = {
	LEAT_STAGE_OPS_INIT("stamp"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.state_bytes = sizeof(struct mark),
	.opts_bytes = sizeof(struct mark_opts),
	.options = mark_options,
	.init = mark_init,
	.process = mark_process,
	.change = mark_change,
};

/* Nobody sees that before the graph runs. */
static int
broken_open(struct leat_stage *st)
{
	return leat_stage_fail(st, LEAT_EIO, "cannot be opened");
}

static const struct leat_stage_ops broken_ops = {
	LEAT_STAGE_OPS_INIT("broken"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.state_bytes = sizeof(struct mark),
	.open = broken_open,
	.process = mark_process,
};

static const struct leat_stage_ops blind_ops = {
	LEAT_STAGE_OPS_INIT("blind"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_BLIND,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.state_bytes = sizeof(struct mark),
	.process = mark_process,
};

static const struct leat_stage_ops maker_ops = {
	LEAT_STAGE_OPS_INIT("maker"),
	.flags = LEAT_STAGE_STATELESS,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.needs = {.frame_bytes = 12345},
	.process = mark_process,
};

static int
keeper_flush(struct leat_stage *st)
{
	(void)st;
	return LEAT_OK;
}

static const struct leat_stage_ops keeper_ops = {
	LEAT_STAGE_OPS_INIT("keeper"),
	.flags = LEAT_STAGE_IN_PLACE,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.state_bytes = sizeof(struct mark),
	.process = mark_process,
	.flush = keeper_flush,
};

/* numbers ! first ! second ! look, where NULL is nobody; not checked yet. */
static struct leat_graph *
chain_build(const struct leat_stage_ops *source, struct seen *seen,
	uint32_t n_workers, const struct leat_stage_ops *first,
	const struct leat_stage_ops *second, uint64_t tag)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = n_workers};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	struct mark_opts one = {
		LEAT_OPTS_INIT(mark_opts), .shift = 40, .tag = tag};
	struct mark_opts two = {
		LEAT_OPTS_INIT(mark_opts), .shift = 48, .tag = tag};
	struct look_opts look = {LEAT_OPTS_INIT(look_opts), .seen = seen};
	struct leat_step steps[4] = {{source, &numbers}};
	struct leat_graph *graph;
	uint32_t n = 1;

	if (first)
		steps[n++] = (struct leat_step){
			first, first->opts_bytes ? &one : NULL};
	if (second)
		steps[n++] = (struct leat_step){
			second, second->opts_bytes ? &two : NULL};
	steps[n++] = (struct leat_step){&look_ops, &look};
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, n, NULL), LEAT_OK);
	return graph;
}

static struct leat_graph *
chain_make(const struct leat_stage_ops *source, struct seen *seen,
	uint32_t n_workers, const struct leat_stage_ops *first,
	const struct leat_stage_ops *second, uint64_t tag)
{
	struct leat_graph *graph =
		chain_build(source, seen, n_workers, first, second, tag);
	struct leat_error err;

	ck_assert_msg(leat_graph_check(graph, &err) == LEAT_OK, "%s", err.text);
	return graph;
}

static void
stage_is_called(struct leat_graph *graph, uint32_t k, const char *name)
{
	struct leat_stage_stats stats;

	ck_assert_int_eq(leat_stage_stats(graph, k, &stats), LEAT_OK);
	ck_assert_str_eq(stats.name, name);
}

/* Somebody looks on, without a lock. */
struct looker {
	struct leat_graph *graph;
	void (*look)(struct looker *looker);
	struct leat_look *all;
	uint32_t is_over; /* atomic */
	uint64_t n_bytes; /* that were told */
};

static void
look_hears(void *user, const char *text, size_t n_bytes)
{
	struct looker *looker = user;

	(void)text;
	looker->n_bytes += n_bytes;
}

static void
look_at_names(struct looker *looker)
{
	struct leat_stage_stats stats;

	for (uint32_t k = 0;
		leat_stage_stats(looker->graph, k, &stats) == LEAT_OK; k++)
		looker->n_bytes += strlen(stats.name);
}

static void
look_at_page(struct looker *looker)
{
	static const char *const paths[] = {
		"/api/graph", "/api/stats", "/api/why", "/api/stage/1"};

	for (size_t k = 0; k < leat__array_len(paths); k++)
		ck_assert_int_eq(leat_page_write(looker->graph, paths[k], NULL,
					 look_hears, looker, NULL),
			LEAT_OK);
}

/* In each way there is. */
static void
look_at_all(struct looker *looker)
{
	struct leat_graph *graph = looker->graph;
	struct leat_look *all = looker->all;
	struct leat_link_stats link;
	char text[1024];

	look_at_names(looker);
	look_at_page(looker);
	leat_look_tick(all, leat_now_ns());
	looker->n_bytes += leat_look_why(all, text, sizeof(text));
	looker->n_bytes += leat_graph_why(graph, text, sizeof(text));
	ck_assert_int_eq(leat_look_write(all, 0, look_hears, looker), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_dump(graph, 0, look_hears, looker), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_dump(graph, LEAT_DUMP_JSON, look_hears, looker),
		LEAT_OK);
	ck_assert_int_eq(
		leat_metrics_write(graph, NULL, look_hears, looker, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_link_stats(graph, 1, &link), LEAT_OK);
	looker->n_bytes += strlen(link.from_name) + strlen(link.to_name);
	/* who waits for what may be asked for by a name that has gone */
	(void)leat_graph_option_way(graph, "mark2", "tag", NULL);
}

static void *
look_on(void *arg)
{
	struct looker *looker = arg;

	do {
		looker->look(looker);
		sched_yield();
	} while (!leat__load_acquire(&looker->is_over));
	return NULL;
}

/* Both places, with nobody in them. */
static struct leat_graph *
places_start(const struct leat_stage_ops *source, struct seen *seen,
	uint32_t n_workers, bool is_traced)
{
	struct leat_trace_file_opts trace = {
		LEAT_OPTS_INIT(leat_trace_file_opts), .path = "trace.json"};
	struct leat_graph *graph = chain_build(
		source, seen, n_workers, &leat_pass_ops, &leat_pass_ops, 0);

	if (is_traced)
		ck_assert_int_eq(
			leat_graph_trace_file(graph, &trace, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	return graph;
}

/* At one moment: a record went by both marks, or by none. */
static void
both_become(struct leat_graph *graph, struct seen *seen,
	const struct leat_stage_ops *kind, struct leat_graph *next,
	uint64_t tag)
{
	struct leat_error err;
	uint64_t n_plain;

	ck_assert_msg(become(graph, next, LEAT_NEVER, &err) == LEAT_OK,
		"%s: %s", err.stage, err.text);
	if (kind == &mark_ops || kind == &stamp_ops)
		stage_is_called(
			graph, 2, kind == &mark_ops ? "mark2" : "stamp2");
	n_plain = leat__load_relaxed(&seen->n_plain);
	await_items(seen, leat__load_acquire(&seen->n) + 1);
	if (kind == &mark_ops || kind == &stamp_ops)
		ck_assert_uint_eq(leat__load_relaxed(&seen->last_tag), tag);
	else
		ck_assert_uint_gt(leat__load_relaxed(&seen->n_plain), n_plain);
}

static void
comes_and_goes(const struct leat_stage_ops *source, uint32_t n_workers,
	uint64_t n_times, void (*look)(struct looker *looker))
{
	const struct leat_stage_ops *kinds[] = {
		&mark_ops, &stamp_ops, &leat_pass_ops, NULL};
	struct seen seen = {0};
	struct leat_graph *graph =
		places_start(source, &seen, n_workers, look == look_at_all);
	struct looker looker = {.graph = graph, .look = look};
	pthread_t thread;

	ck_assert_int_eq(
		leat_look_create(graph, NULL, &looker.all, NULL), LEAT_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, look_on, &looker), 0);
	for (uint64_t k = 0; k < n_times; k++) {
		const struct leat_stage_ops *kind = kinds[k % 4];

		await_items(
			&seen, leat__load_acquire(&seen.n) + (k * 37) % 300);
		both_become(graph, &seen, kind,
			chain_make(
				source, &seen, n_workers, kind, kind, 14 + k),
			14 + k);
	}
	leat__store_release(&looker.is_over, 1u);
	pthread_join(thread, NULL);
	leat_look_destroy(looker.all);
	ck_assert_uint_gt(looker.n_bytes, 0);
	ends_well(graph, &seen);
}

/* Looks when stages have changed. They take turns by relaxed words, so that
 * nothing but what is looked at says what happened before what. */
struct turns {
	struct leat_graph *graph;
	uint32_t n_changed, n_looked; /* atomic */
};

#define N_TURNS 8u

static void *
look_in_turn(void *arg)
{
	struct turns *turns = arg;

	for (uint32_t k = 1; k <= N_TURNS; k++) {
		struct leat_graph_stats stats;

		while (leat__load_relaxed(&turns->n_changed) < k)
			sched_yield();
		leat_graph_stats(turns->graph, &stats);
		leat__store_relaxed(&turns->n_looked, k);
	}
	return NULL;
}

START_TEST(memory_is_told_while_stages_change)
{
	struct seen seen = {0};
	struct leat_graph *graph = places_start(&numbers_ops, &seen, 2, false);
	struct turns turns = {.graph = graph};
	pthread_t thread;

	ck_assert_int_eq(
		pthread_create(&thread, NULL, look_in_turn, &turns), 0);
	for (uint32_t k = 1; k <= N_TURNS; k++) {
		const struct leat_stage_ops *kind =
			k % 2 ? &mark_ops : &stamp_ops;

		both_become(graph, &seen, kind,
			chain_make(&numbers_ops, &seen, 2, kind, kind, 14 + k),
			14 + k);
		leat__store_relaxed(&turns.n_changed, k);
		while (leat__load_relaxed(&turns.n_looked) < k)
			sched_yield();
	}
	pthread_join(thread, NULL);
	ends_well(graph, &seen);
}
END_TEST

START_TEST(stages_come_and_go_at_one_moment)
{
	comes_and_goes(&numbers_ops, 1, 12, look_at_names);
	comes_and_goes(&numbers_ops, 3, 80, look_at_names);
	comes_and_goes(&numbers_blocking_ops, 2, 12, look_at_names);
}
END_TEST

START_TEST(whoever_looks_sees_them_come_and_go)
{
	pipe_enter_folder();
	comes_and_goes(&numbers_ops, 2, 40, look_at_all);
	comes_and_goes(&numbers_blocking_ops, 2, 12, look_at_all);
	pipe_leave_folder();
}
END_TEST

static const struct leat_stage_ops light_ops = {
	LEAT_STAGE_OPS_INIT("light"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_LIGHT,
	.in_layouts = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.state_bytes = sizeof(struct mark),
	.process = mark_process,
};

/* One worker: what is behind a light stage is done on the source's thread, too,
 * and whatever comes there; right behind the source only what is light. */
START_TEST(behind_a_source_comes_what_is_light)
{
	const struct leat_stage_ops *source = &numbers_blocking_ops;
	struct seen seen = {0};
	struct leat_graph *graph =
		chain_make(source, &seen, 1, &light_ops, &leat_pass_ops, 0);
	struct leat_error err;

	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	/* one for each place */
	ck_assert_int_eq(
		become(graph,
			chain_make(source, &seen, 1, &stamp_ops, &stamp_ops, 7),
			LEAT_NEVER, &err),
		LEAT_ENOTSUP);
	ck_assert_msg(strstr(err.text, "on the thread of the source"), "%s",
		err.text);
	ck_assert_msg(
		become(graph,
			chain_make(source, &seen, 1, &light_ops, &stamp_ops, 7),
			LEAT_NEVER, &err) == LEAT_OK,
		"%s", err.text);
	stage_is_called(graph, 1, "light");
	stage_is_called(graph, 2, "stamp");
	await_items(&seen, leat__load_acquire(&seen.n) + 1);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

static void
cannot_become(struct leat_graph *graph, struct seen *seen,
	const struct leat_stage_ops *first, const struct leat_stage_ops *second,
	int code, const char *words)
{
	struct leat_error err;

	ck_assert_int_eq(
		become(graph,
			chain_make(&numbers_ops, seen, 2, first, second, 77),
			LEAT_NEVER, &err),
		code);
	ck_assert_msg(strstr(err.text, words), "%s", err.text);
	stage_is_called(graph, 1, "mark");
	stage_is_called(graph, 2, "mark2");
}

/* A hook that is accepted once, before the graph runs. */
static uint32_t n_shy;

static int
shy_init(struct leat_hook *hook, const void *opts)
{
	(void)opts;
	if (n_shy++)
		return leat_hook_fail(hook, LEAT_EINVAL, "too shy");
	return LEAT_OK;
}

static const struct leat_hook_ops shy_ops = {
	LEAT_HOOK_OPS_INIT("shy"), .init = shy_init};

/* Both have come, and the guard of the second is refused. */
static void
cannot_be_guarded(struct leat_graph *graph, struct seen *seen)
{
	struct leat_hook_step step = {&shy_ops, NULL};
	struct leat_graph *next =
		chain_make(&numbers_ops, seen, 2, &stamp_ops, &stamp_ops, 77);
	struct leat_error err;

	n_shy = 0;
	ck_assert_int_eq(
		leat_stage_set_hooks(
			leat__graph_find(next, "stamp2", 6), &step, 1, NULL),
		LEAT_OK);
	ck_assert_int_eq(become(graph, next, LEAT_NEVER, &err), LEAT_EINVAL);
	ck_assert_str_eq(err.text, "too shy");
	ck_assert_str_eq(err.stage, "stamp2");
	stage_is_called(graph, 1, "mark");
	stage_is_called(graph, 2, "mark2");
}

/* Nor are guards those of a set that was refused. */
static void
guards_stay_with_a_set_that_is_refused(
	struct leat_graph *graph, struct seen *seen)
{
	struct leat_timeout_opts timeout = {
		LEAT_OPTS_INIT(leat_timeout_opts), .after_ns = LEAT_NEVER / 8};
	struct leat_hook_step step = {&leat_timeout_ops, &timeout};
	struct leat_graph *next =
		chain_make(&numbers_ops, seen, 2, &stamp_ops, &broken_ops, 77);

	ck_assert_int_eq(leat_stage_set_hooks(leat__graph_find(next, "look", 4),
				 &step, 1, NULL),
		LEAT_OK);
	ck_assert_int_eq(become(graph, next, LEAT_NEVER, NULL), LEAT_EIO);
	sink_has(graph, 0, NULL);
}

START_TEST(a_stage_that_does_not_fit_changes_nothing)
{
	struct seen seen = {0};
	struct leat_graph *graph = marks(&seen);
	struct leat_error err;

	ck_assert_int_eq(
		set_both(graph, "tag", 5, 5, LEAT_NEVER, &err), LEAT_OK);
	/* the first has come when the second is found wanting */
	cannot_become(graph, &seen, &stamp_ops, &broken_ops, LEAT_EIO,
		"cannot be opened");
	cannot_become(graph, &seen, &stamp_ops, &maker_ops, LEAT_ELIMIT,
		"12345 bytes, 1 a call, and the place that it would come in "
		"has room in the pool for 0");
	cannot_become(
		graph, &seen, &stamp_ops, &keeper_ops, LEAT_ENOTSUP, "holds");
	cannot_be_guarded(graph, &seen);
	guards_stay_with_a_set_that_is_refused(graph, &seen);
	await_items(&seen, leat__load_acquire(&seen.n) + 1);
	ck_assert_uint_eq(leat__load_relaxed(&seen.last_tag), 5);
	ends_well(graph, &seen);
	/* nor does one that keeps something go */
	graph = chain_make(&numbers_ops, &seen, 2, &keeper_ops, NULL, 0);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		become(graph, chain_make(&numbers_ops, &seen, 2, NULL, NULL, 0),
			LEAT_NEVER, &err),
		LEAT_ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "has not come out yet"));
	ck_assert_int_eq(become(graph,
				 chain_make(&numbers_ops, &seen, 2, &keeper_ops,
					 &stamp_ops, 0),
				 LEAT_NEVER, &err),
		LEAT_ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "there is no place for it"));
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

/* What is behind it only counts: nobody made the values that where would look
 * at. */
START_TEST(a_stage_that_looks_at_values_comes_where_there_are_any)
{
	struct seen seen = {0};
	struct leat_graph *graph =
		chain_make(&numbers_ops, &seen, 2, &blind_ops, NULL, 0);
	struct leat_stage *place = leat__graph_find(graph, "blind", 5);
	struct leat_error err;

	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	ck_assert(place->is_wanted);
	ck_assert_ptr_null(leat__place_refuses(place, place));
	place->is_wanted = false; /* as if the sink were blind */
	ck_assert_int_eq(
		become(graph,
			chain_make(&numbers_ops, &seen, 2, NULL, &mark_ops, 0),
			LEAT_NEVER, &err),
		LEAT_ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "only the rows are counted"));
	place->is_wanted = true;
	ck_assert_int_eq(
		become(graph,
			chain_make(&numbers_ops, &seen, 2, NULL, &mark_ops, 0),
			LEAT_NEVER, &err),
		LEAT_OK);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- a table, from a file into a file ---------------------------------------- */

static void
file_write_numbers(const char *path)
{
	FILE *to = fopen(path, "w");

	ck_assert_ptr_nonnull(to);
	fputs("n\n", to);
	for (int k = 1; k <= N_ROWS; k++)
		fprintf(to, "%d\n", k);
	ck_assert_int_eq(fclose(to), 0);
}

/* Every row is there once, and the constants come in their order. */
static void
file_check(const char *path, long last)
{
	FILE *from = fopen(path, "r");
	char line[64];
	long n = 0, k, before = 0;

	ck_assert_ptr_nonnull(from);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), from));
	ck_assert_str_eq(line, "n,k,j\n");
	while (fgets(line, sizeof(line), from)) {
		long number, twice;

		ck_assert_int_eq(
			sscanf(line, "%ld,%ld,%ld", &number, &k, &twice), 3);
		ck_assert_int_eq(number, ++n);
		ck_assert_int_ge(k, before);
		ck_assert_int_eq(twice, 2 * k);
		before = k;
	}
	ck_assert_int_eq(n, N_ROWS);
	/* the last set may have come when all had been read */
	ck_assert_int_ge(before, last - 1);
	ck_assert_int_le(before, last);
	fclose(from);
}

static int
set_constant(struct leat_graph *graph, long k)
{
	char one[24];
	struct leat_set sets[] = {{"derive", "columns", one},
		{"where", "condition", k & 1 ? "n > 0" : "n >= 1 and k > 0"}};

	snprintf(one, sizeof(one), "k=%ld", k);
	return leat_graph_set_options(graph, sets, 2, LEAT_NEVER, NULL, NULL);
}

START_TEST(rows_of_a_file_are_there_once_whatever_changes)
{
	char folder[] = "/tmp/leat-change-XXXXXX", in[64], out[64], text[512];
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct leat_graph *graph;
	struct leat_error err;
	long k = 1;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(in, sizeof(in), "%s/in.csv", folder);
	snprintf(out, sizeof(out), "%s/out.csv", folder);
	file_write_numbers(in);
	snprintf(text, sizeof(text),
		"@rate(bytes=3M, burst=1ms) read %s chunk_bytes=4k ! derive "
		"k=1 ! where \"n > 0\" ! "
		"derive \"j=k * 2\" ! write %s sync=off",
		in, out);
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_parse(graph, text, NULL), LEAT_OK);
	ck_assert_msg(leat_graph_start(graph, &err) == LEAT_OK, "%s", err.text);
	do
		await_frame(graph);
	while (k < 50 && set_constant(graph, k + 1) == LEAT_OK && k++);
	ck_assert_msg(leat_graph_wait(graph, LEAT_NEVER, &err) == LEAT_OK, "%s",
		err.text);
	ck_assert_int_ge(k, 10);
	leat_graph_destroy(graph);
	file_check(out, k);
	unlink(in);
	unlink(out);
	rmdir(folder);
}
END_TEST

TEST_MAIN("run/change", all_stages_change_at_one_moment,
	what_is_not_accepted_changes_nothing, what_is_live_waits_for_nothing,
	options_not_taken_yet_are_not_for_who_comes_next,
	who_resumes_once_too_often_does_not_end_a_change,
	a_pause_lets_arrive_what_was_read_and_no_more,
	a_drain_and_a_cancel_end_what_is_paused,
	what_cannot_change_is_refused_with_a_reason,
	guards_come_go_and_change_places_while_all_flows,
	a_graph_becomes_all_of_another_or_nothing_of_it,
	the_revision_moves_with_each_change,
	a_page_is_not_older_than_its_revision,
	memory_is_told_while_stages_change, stages_come_and_go_at_one_moment,
	whoever_looks_sees_them_come_and_go,
	behind_a_source_comes_what_is_light,
	a_stage_that_does_not_fit_changes_nothing,
	a_stage_that_looks_at_values_comes_where_there_are_any,
	rows_of_a_file_are_there_once_whatever_changes)
