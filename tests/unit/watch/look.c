/*
 * unit/watch/look.c -- who holds the others up: one that is slow, one that
 * waits for ever for the outside or for a pool, nobody; the same in the
 * sentence and in the JSON. By a clock that goes on only when a stage says so.
 */
#include "unit/watch/clock.h"

#include <sched.h>

#include <leat/look.h>
#include <leat/page.h>

#define SECOND_NS INT64_C(1000000000)

struct page {
	char text[1 << 17];
	size_t n;
};

static struct page page;

static void
page_write(void *user, const char *text, size_t n_bytes)
{
	struct page *p = user;

	ck_assert_uint_le(n_bytes, 512);
	ck_assert_uint_lt(p->n + n_bytes, sizeof(p->text));
	memcpy(p->text + p->n, text, n_bytes);
	p->n += n_bytes;
	p->text[p->n] = '\0';
}

static void
page_has(const char *part)
{
	ck_assert_msg(
		strstr(page.text, part), "%s is not in %s", part, page.text);
}

static void
page_is_json(void)
{
	struct leat_json_fault fault = {0};

	ck_assert_msg(
		leat_json_check((struct leat_text){(const uint8_t *)page.text,
					(uint32_t)page.n},
			&fault) == LEAT_OK,
		"%s at %u: %.40s", fault.what, fault.offset,
		page.text + fault.offset);
	ck_assert_ptr_null(strchr(page.text, '\n'));
}

static void
page_look(const struct leat_look *look)
{
	page.n = 0;
	ck_assert_int_eq(leat_look_write(look, 0, page_write, &page), LEAT_OK);
	page_is_json();
}

static void
page_dump(struct leat_graph *graph, uint32_t flags)
{
	page.n = 0;
	ck_assert_int_eq(
		leat_graph_dump(graph, flags, page_write, &page), LEAT_OK);
}

/* ---- one that waits until it is let go ---------------------------------- */

static struct leat_pool *pool; /* that has nothing left */
static uint32_t has_stopped;   /* atomic */

static int
stuck_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_frame *frame;
	int rc;

	leat__store_release(&has_stopped, 1);
	rc = leat_pool_acquire(pool, leat_stage_ctx(st), LEAT_NEVER, &frame);
	if (rc < 0)
		return rc;
	leat_frame_release(frame);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops stuck_ops = {LEAT_STAGE_OPS_INIT("stuck"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING,
	.process = stuck_process};

static struct leat_graph *
stuck_graph(const struct leat__env *env)
{
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	struct leat_step steps[] = {
		{&numbers_blocking_ops, &numbers}, {&stuck_ops, NULL}};
	struct leat_graph *graph;

	has_stopped = 0;
	ck_assert_int_eq(leat__graph_create(env, NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	return graph;
}

/* Until all that can move has stopped: nothing but a look changes that. */
static void
look_until_stalled(struct leat_look *look, struct leat_culprit *culprit)
{
	do {
		leat__add_relaxed(&clock_ns, SECOND_NS / 4);
		leat_look_tick(look, leat__load_relaxed(&clock_ns));
		leat_look_culprit(look, culprit);
		sched_yield();
	} while (!leat__load_acquire(&has_stopped) ||
		!(culprit->flags & LEAT_CULPRIT_STALLED) ||
		culprit->n_stages < 2);
}

/* What a browser is told of it. */
static void
page_of_browsers(struct leat_graph *graph)
{
	struct leat_page_opts opts = {LEAT_OPTS_INIT(leat_page_opts)};
	struct leat_watchdog *dog;
	struct leat_stall stall;

	ck_assert_int_eq(leat_watchdog_create(graph, &dog, NULL), LEAT_OK);
	do {
		leat__add_relaxed(&clock_ns, SECOND_NS / 4);
		leat_watchdog_tick(dog, leat__load_relaxed(&clock_ns), &stall);
	} while ((int64_t)stall.ns < 3 * SECOND_NS);
	opts.dog = dog;
	opts.stall = &stall;
	page.n = 0;
	ck_assert_int_eq(leat_page_write(graph, "/api/why", &opts, page_write,
				 &page, NULL),
		LEAT_OK);
	page_has("{\"kind\":\"stall\",\"stage\":1,\"text\":\"No progress");
	page_has("'stuck' has been at work for");
	leat_watchdog_destroy(dog);
}

START_TEST(who_waits_for_a_pool_is_the_culprit)
{
	struct leat_pool_opts pool_opts = {
		LEAT_OPTS_INIT(leat_pool_opts), .n_slots = 1};
	struct leat_culprit culprit;
	struct leat_frame *taken;
	struct fail_env world;
	struct leat_graph *graph;
	struct leat_look *look;
	char why[512];

	ck_assert_int_eq(leat_pool_create(&pool_opts, &pool, NULL), LEAT_OK);
	ck_assert_int_eq(leat_pool_try_acquire(pool, &taken), LEAT_OK);
	clock_world(&world);
	graph = stuck_graph(&world.env);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_look_create(graph, NULL, &look, NULL), LEAT_OK);
	look_until_stalled(look, &culprit);
	ck_assert_str_eq(culprit.name, "stuck");
	ck_assert_uint_eq(culprit.stage, 1);
	ck_assert_uint_ge(culprit.stall_ns, SECOND_NS);
	leat_look_why(look, why, sizeof(why));
	ck_assert_msg(
		strstr(why, "'stuck' has been at work for") == why, "%s", why);
	ck_assert_ptr_nonnull(
		strstr(why, "'numbers' has waited for room to it"));
	page_look(look);
	page_has("\"culprit\":\"stuck\",\"is_stalled\":true");
	page_has("\"stalled_stages\":2");
	page_has("'stuck' has been at work for");
	page_dump(graph, 0);
	page_has("at work, 'stuck', for ");
	page_has("waits for room, 'numbers', for ");
	page_dump(graph, LEAT_DUMP_JSON);
	page_is_json();
	page_has("\"does\":\"waits for room\",\"stage\":\"numbers\"");
	page_has("\"on\":\"stuck\"");
	page_of_browsers(graph);
	leat_look_destroy(look);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
	leat_frame_release(taken);
	leat_pool_destroy(pool);
}
END_TEST

/* What was once does not count when another window is over. */
START_TEST(rates_are_those_of_the_last_window)
{
	struct leat_pool_opts pool_opts = {
		LEAT_OPTS_INIT(leat_pool_opts), .n_slots = 1};
	struct leat_stage_stats before, now;
	struct leat_culprit culprit;
	struct leat_frame *taken;
	struct fail_env world;
	struct leat_graph *graph;
	struct leat_look *look;

	ck_assert_int_eq(leat_pool_create(&pool_opts, &pool, NULL), LEAT_OK);
	ck_assert_int_eq(leat_pool_try_acquire(pool, &taken), LEAT_OK);
	clock_world(&world);
	graph = stuck_graph(&world.env);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_look_create(graph, NULL, &look, NULL), LEAT_OK);
	look_until_stalled(look, &culprit);
	/* it gets on for a while, and stops again */
	ck_assert_int_eq(leat_stage_stats(graph, 0, &before), LEAT_OK);
	leat_frame_release(taken);
	do {
		sched_yield();
		ck_assert_int_eq(leat_stage_stats(graph, 0, &now), LEAT_OK);
	} while (now.out_frames == before.out_frames);
	while (leat_pool_try_acquire(pool, &taken) == LEAT_EAGAIN)
		sched_yield();
	look_until_stalled(look, &culprit);
	for (int k = 0; k < 2; k++) {
		leat__add_relaxed(&clock_ns, SECOND_NS);
		leat_look_tick(look, leat__load_relaxed(&clock_ns));
	}
	page_look(look);
	page_has("\"name\":\"numbers\"");
	page_has("\"in_per_s\":0.000,\"out_per_s\":0.000");
	leat_look_destroy(look);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
	leat_frame_release(taken);
	leat_pool_destroy(pool);
}
END_TEST

/* ---- one whose guard waits ---------------------------------------------- */

static int
gate_before(struct leat_hook *hook, const struct leat_call *call)
{
	(void)hook;
	leat__store_release(&has_stopped, 1);
	return leat_call_wait(call, LEAT_NEVER);
}

static const struct leat_hook_ops gate_ops = {LEAT_HOOK_OPS_INIT("gate"),
	.flags = LEAT_HOOK_WAITS, .before = gate_before};

START_TEST(who_waits_in_a_guard_is_told_to_do_so)
{
	struct leat_hook_step gate = {&gate_ops, NULL};
	struct leat_culprit culprit;
	struct fail_env world;
	struct leat_graph *graph;
	struct leat_look *look;
	char why[512];

	clock_world(&world);
	graph = stuck_graph(&world.env);
	ck_assert_int_eq(leat_stage_set_hooks(graph->stages[1], &gate, 1, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_look_create(graph, NULL, &look, NULL), LEAT_OK);
	look_until_stalled(look, &culprit);
	leat_look_why(look, why, sizeof(why));
	ck_assert_msg(strstr(why, "'stuck' has waited in a guard for") == why,
		"%s", why);
	page_dump(graph, 0);
	page_has("waits in a guard, 'stuck', for ");
	leat_look_destroy(look);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- after the end ------------------------------------------------------ */

START_TEST(rates_are_those_of_the_time_that_was)
{
	struct fail_env world;
	struct leat_culprit culprit;
	struct leat_graph *graph;
	struct leat_look *look;
	char why[64];

	clock_world(&world);
	/* 400 frames of 7 in 2 stages of 1.75 ms: 1.4 s */
	graph = clock_graph(&world.env, 400, 1000000, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_look_create(graph, NULL, &look, NULL), LEAT_OK);
	page_look(look);
	page_has("\"state\":\"done\",\"seconds\":1.400,"
		 "\"started\":1700000004.000");
	page_has("\"read\":2800,\"made\":0,\"written\":2800");
	/* 2800 in 1.4 s */
	page_has("\"name\":\"takes\",\"ops\":\"takes\",\"kind\":\"filter\"");
	page_has("\"in_per_s\":2000.000,\"out_per_s\":2000.000,"
		 "\"in_bytes_per_s\":16000.000,\"out_bytes_per_s\":16000.000,"
		 "\"read_per_s\":0.000,\"written_per_s\":0.000");
	page_has("\"in_per_s\":2000.000,\"out_per_s\":2000.000,"
		 "\"in_bytes_per_s\":16000.000,\"out_bytes_per_s\":0.000,"
		 "\"read_per_s\":0.000,\"written_per_s\":2000.000");
	page_has("\"p50_ns\":10");
	page_has("\"from\":\"takes\",\"out\":0,\"to\":\"end\",\"in\":0,"
		 "\"is_fused\":true");
	leat_look_culprit(look, &culprit);
	ck_assert_ptr_null(culprit.name);
	ck_assert_uint_eq(culprit.stage, LEAT_LOAD_NONE);
	ck_assert_uint_eq(leat_look_why(look, why, sizeof(why)),
		strlen("all stages have ended"));
	ck_assert_str_eq(why, "all stages have ended");
	leat_look_destroy(look);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- slow --------------------------------------------------------------- */

START_TEST(who_is_slow_is_the_culprit)
{
	/* the second of two that take time has all but nothing to do */
	struct takes_opts slow = {LEAT_OPTS_INIT(takes_opts), .ns = 40000000};
	struct takes_opts fast = {LEAT_OPTS_INIT(takes_opts), .ns = 1000};
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	struct leat_step steps[] = {{&numbers_ops, &numbers},
		{&takes_ops, &slow}, {&takes_end_ops, &fast}};
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct leat_culprit culprit;
	struct fail_env world;
	struct leat_graph *graph;
	struct leat_look *look;
	char why[512];

	clock_world(&world);
	ck_assert_int_eq(
		leat__graph_create(&world.env, &opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_look_create(graph, NULL, &look, NULL), LEAT_OK);
	do {
		leat_look_tick(look, leat__load_relaxed(&clock_ns));
		leat_look_culprit(look, &culprit);
		sched_yield();
	} while (!culprit.name);
	ck_assert_str_eq(culprit.name, "takes");
	ck_assert_uint_eq(culprit.flags, 0);
	leat_look_why(look, why, sizeof(why));
	ck_assert_msg(strstr(why, "'takes' is the slowest: busy for ") == why,
		"%s", why);
	ck_assert_ptr_nonnull(
		strstr(why, "; 'numbers' before it waited for room for "));
	ck_assert_ptr_nonnull(
		strstr(why, "; 'end' behind it waited for its frames for "));
	page_look(look);
	page_has("\"culprit\":\"takes\",\"is_stalled\":false");
	leat_look_destroy(look);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

/* ---- life --------------------------------------------------------------- */

START_TEST(what_cannot_be_is_refused)
{
	struct leat_look_opts opts = {LEAT_OPTS_INIT(leat_look_opts)};
	struct leat_look *look = NULL;
	struct leat_error err;
	struct fail_env world;
	struct leat_graph *graph;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, 0);
	ck_assert_int_eq(
		leat_look_create(graph, NULL, &look, &err), LEAT_ESTATE);
	ck_assert_int_eq(
		leat_graph_dump(graph, 0, page_write, &page), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	opts.flags = 2;
	ck_assert_int_eq(
		leat_look_create(graph, &opts, &look, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "flags are 0x2"));
	opts.flags = 0;
	opts.window_ns = 999999;
	ck_assert_int_eq(
		leat_look_create(graph, &opts, &look, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "window_ns is 999999"));
	opts.window_ns = 0;
	opts.stall_ns = UINT64_C(86400) * 1000000000 + 1;
	ck_assert_int_eq(
		leat_look_create(graph, &opts, &look, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "stall_ns is"));
	opts.stall_ns--;
	ck_assert_int_eq(leat_look_create(graph, &opts, &look, &err), LEAT_OK);
	ck_assert_int_eq(
		leat_look_write(look, 1, page_write, &page), LEAT_EINVAL);
	ck_assert_int_eq(
		leat_graph_dump(graph, 2, page_write, &page), LEAT_EINVAL);
	leat_look_destroy(look);
	leat_look_destroy(NULL);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(without_memory_there_is_no_look)
{
	struct leat_look *look = NULL;
	struct fail_env world;
	struct leat_graph *graph;
	uint32_t n = 0;

	clock_world(&world);
	graph = clock_graph(&world.env, 10, 1, 0);
	ck_assert_int_eq(leat_graph_run(graph, NULL), LEAT_OK);
	for (uint64_t k = 1; !look; k++) {
		world.alloc_fail_at = world.alloc_n + k;
		n += leat_look_create(graph, NULL, &look, NULL) == LEAT_ENOMEM;
	}
	ck_assert_uint_gt(n, 2);
	leat_look_destroy(look);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

TEST_MAIN("watch/look", rates_are_those_of_the_last_window,
	who_waits_for_a_pool_is_the_culprit,
	who_waits_in_a_guard_is_told_to_do_so,
	rates_are_those_of_the_time_that_was, who_is_slow_is_the_culprit,
	what_cannot_be_is_refused, without_memory_there_is_no_look)
