/*
 * unit/exec/tasks.c -- tasks, groups and timers of leat/task.h.
 */
#include "support/test.h"

#include <errno.h>

#include <leat/channel.h>

#include "exec/workers.h"
#include "support/fail.h"

#define MS 1000000

static struct leat_workers *
make_opts(const struct leat__env *env, const struct leat_workers_opts *opts)
{
	struct leat_workers *workers = NULL;
	struct leat_error err;

	ck_assert_msg(leat__workers_create(env, NULL, opts, &workers, &err) ==
			LEAT_OK,
		"%s", err.text);
	return workers;
}

static struct leat_workers *
make(uint32_t n_workers)
{
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = n_workers};

	return make_opts(leat__env_posix(), &opts);
}

static struct leat_workers_stats
stats_of(struct leat_workers *workers)
{
	struct leat_workers_stats stats;

	leat_workers_stats(workers, &stats);
	return stats;
}

/* A latch that tasks wait at without blocking their worker. */
static void
await_flag(uint32_t *flag)
{
	while (!leat__load_acquire(flag))
		leat_yield();
}

static int
answer(struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	(void)ctx;
	(void)err;
	*result = arg;
	return LEAT_OK;
}

static int
be_bad(struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	(void)ctx;
	(void)result;
	if (!arg)
		return LEAT_EIO;
	return leat__error(err, LEAT_EDATA, "row %d is bad", *(int *)arg);
}

static int
until_canceled(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	(void)result;
	(void)err;
	if (arg)
		leat__store_release((uint32_t *)arg, 1u);
	return leat_sleep_until(ctx, LEAT_NEVER);
}

struct gate {
	uint32_t is_open;   /* atomic */
	uint32_t n_waiting; /* atomic: tasks that have begun */
};

static int
at_gate(struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	struct gate *gate = arg;

	(void)ctx;
	(void)result;
	(void)err;
	leat__add_acq_rel(&gate->n_waiting, 1u);
	await_flag(&gate->is_open);
	return LEAT_OK;
}

/* ---- results ------------------------------------------------------------ */

START_TEST(a_task_hands_out_what_it_left)
{
	struct leat_workers *workers = make(2);
	struct leat_task *task;
	void *result = NULL;
	int x;

	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, answer, &x, &task, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_task_wait(task, LEAT_NEVER, &result, NULL), LEAT_OK);
	ck_assert_ptr_eq(result, &x);
	ck_assert_int_eq(leat_task_state(task), LEAT_TASK_DONE);
	ck_assert_int_eq(leat_task_wait(task, 0, NULL, NULL), LEAT_OK);
	leat_workers_destroy(workers);
	/* it stays readable */
	ck_assert_int_eq(leat_task_state(task), LEAT_TASK_DONE);
	ck_assert_int_eq(leat_task_wait(task, 0, &result, NULL), LEAT_OK);
	leat_task_release(task);
	leat_task_release(NULL);
}
END_TEST

START_TEST(a_failed_task_says_why)
{
	struct leat_workers *workers = make(1);
	struct leat_task *task, *silent;
	struct leat_error err;
	int row = 7;

	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, be_bad, &row, &task, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, be_bad, NULL, &silent, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_task_wait(task, LEAT_NEVER, NULL, &err), LEAT_EDATA);
	ck_assert_str_eq(err.text, "row 7 is bad");
	ck_assert_int_eq(leat_task_state(task), LEAT_TASK_FAILED);
	ck_assert_int_eq(
		leat_task_wait(silent, LEAT_NEVER, NULL, &err), LEAT_EIO);
	ck_assert_str_eq(err.text, leat_err_text(LEAT_EIO));
	ck_assert_uint_eq(stats_of(workers).n_failed, 2);
	leat_task_release(task);
	leat_task_release(silent);
	leat_workers_destroy(workers);
}
END_TEST

START_TEST(a_wait_has_a_deadline)
{
	struct leat_workers *workers = make(1);
	struct leat_task *task;
	struct gate gate = {0, 0};

	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, at_gate, &gate, &task, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_task_wait(task, leat_now_ns() + MS, NULL, NULL),
		LEAT_ETIMEDOUT);
	leat__store_release(&gate.is_open, 1u);
	ck_assert_int_eq(leat_task_wait(task, LEAT_NEVER, NULL, NULL), LEAT_OK);
	leat_task_release(task);
	leat_workers_destroy(workers);
}
END_TEST

static int
wait_for_other(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	(void)ctx;
	return leat_task_wait(arg, LEAT_NEVER, result, err);
}

START_TEST(a_task_waits_for_another_on_its_fiber)
{
	struct leat_workers *workers = make(1);
	struct leat_task *first, *second;
	void *result;
	int x;

	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, answer, &x, &first, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_workers_submit(workers, NULL, wait_for_other,
				 first, &second, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_task_wait(second, LEAT_NEVER, &result, NULL), LEAT_OK);
	ck_assert_ptr_eq(result, &x);
	leat_task_release(first);
	leat_task_release(second);
	leat_workers_destroy(workers);
}
END_TEST

struct itself {
	struct leat_task *task;
	uint32_t is_set; /* atomic */
};

static int
wait_for_itself(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	struct itself *itself = arg;

	(void)ctx;
	await_flag(&itself->is_set);
	return leat_task_wait(itself->task, LEAT_NEVER, result, err);
}

static void
expect_own_wait_fails(uint32_t flags)
{
	struct leat_task_opts opts = {
		LEAT_OPTS_INIT(leat_task_opts), .flags = flags};
	struct leat_workers *workers = make(1);
	struct itself itself = {NULL, 0};
	struct leat_task *task;

	ck_assert_int_eq(leat_workers_submit(workers, &opts, wait_for_itself,
				 &itself, &task, NULL),
		LEAT_OK);
	itself.task = task;
	leat__store_release(&itself.is_set, 1u);
	ck_assert_int_eq(
		leat_task_wait(task, LEAT_NEVER, NULL, NULL), LEAT_EDEADLOCK);
	leat_task_release(task);
	leat_workers_destroy(workers);
}

START_TEST(a_task_that_waits_for_itself_is_told_so)
{
	expect_own_wait_fails(0);
	expect_own_wait_fails(LEAT_TASK_BLOCKING);
}
END_TEST

/* ---- canceling ---------------------------------------------------------- */

START_TEST(a_canceled_task_is_stopped)
{
	struct leat_workers *workers = make(1);
	struct leat_task *task;
	uint32_t has_begun = 0;

	ck_assert_int_eq(leat_workers_submit(workers, NULL, until_canceled,
				 &has_begun, &task, NULL),
		LEAT_OK);
	await_flag(&has_begun);
	ck_assert_int_eq(leat_task_state(task), LEAT_TASK_RUNNING);
	leat_task_cancel(task);
	ck_assert_int_eq(
		leat_task_wait(task, LEAT_NEVER, NULL, NULL), LEAT_ECANCELED);
	ck_assert_int_eq(leat_task_state(task), LEAT_TASK_STOPPED);
	leat_task_cancel(task);
	ck_assert_uint_eq(stats_of(workers).n_stopped, 1);
	leat_task_release(task);
	leat_workers_destroy(workers);
}
END_TEST

START_TEST(a_task_canceled_in_the_queue_never_starts)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_running = 1};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct gate gate = {0, 0};
	struct leat_task *first, *second;

	ck_assert_int_eq(leat_workers_submit(
				 workers, NULL, at_gate, &gate, &first, NULL),
		LEAT_OK);
	await_flag(&gate.n_waiting);
	ck_assert_int_eq(leat_workers_submit(
				 workers, NULL, at_gate, &gate, &second, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_task_state(second), LEAT_TASK_IDLE);
	leat_task_cancel(second);
	ck_assert_int_eq(leat_task_state(second), LEAT_TASK_STOPPED);
	ck_assert_int_eq(leat_task_wait(second, 0, NULL, NULL), LEAT_ECANCELED);
	leat__store_release(&gate.is_open, 1u);
	ck_assert_int_eq(
		leat_task_wait(first, LEAT_NEVER, NULL, NULL), LEAT_OK);
	ck_assert_uint_eq(gate.n_waiting, 1);
	leat_task_release(first);
	leat_task_release(second);
	leat_workers_destroy(workers);
}
END_TEST

/* One whose deadline is near, but has not passed before it is submitted. */
static struct leat_task *
submit_for_a_while(struct leat_workers *workers)
{
	struct leat_task_opts opts = {LEAT_OPTS_INIT(leat_task_opts)};
	struct leat_task *task = NULL;

	for (int64_t most_ns = MS; !task; most_ns *= 2) {
		int rc;

		opts.deadline_ns = leat_now_ns() + most_ns;
		rc = leat_workers_submit(
			workers, &opts, until_canceled, NULL, &task, NULL);
		ck_assert(rc == LEAT_OK ||
			(rc == LEAT_ECANCELED &&
				leat_now_ns() >= opts.deadline_ns));
	}
	return task;
}

START_TEST(a_task_ends_with_the_context_it_was_given_and_at_its_deadline)
{
	struct leat_workers *workers = make(1);
	struct leat_task_opts opts = {LEAT_OPTS_INIT(leat_task_opts)};
	struct leat_task *by_ctx, *by_time, *late;
	struct leat_ctx *ctx;
	uint32_t has_begun = 0;

	ck_assert_int_eq(leat_ctx_create(&ctx, NULL), LEAT_OK);
	opts.ctx = ctx;
	ck_assert_int_eq(leat_workers_submit(workers, &opts, until_canceled,
				 &has_begun, &by_ctx, NULL),
		LEAT_OK);
	opts.ctx = NULL;
	by_time = submit_for_a_while(workers);
	ck_assert_int_eq(leat_task_wait(by_time, LEAT_NEVER, NULL, NULL),
		LEAT_ECANCELED);
	await_flag(&has_begun);
	leat_ctx_cancel(ctx, LEAT_ECANCELED, NULL);
	ck_assert_int_eq(
		leat_task_wait(by_ctx, LEAT_NEVER, NULL, NULL), LEAT_ECANCELED);
	opts.deadline_ns = 0;
	opts.ctx = ctx;
	ck_assert_int_eq(
		leat_workers_submit(workers, &opts, answer, NULL, &late, NULL),
		LEAT_ECANCELED);
	leat_task_release(by_ctx);
	leat_task_release(by_time);
	leat_workers_destroy(workers);
	leat_ctx_destroy(ctx);
}
END_TEST

/* ---- the queue ---------------------------------------------------------- */

START_TEST(a_full_queue_rejects_waits_and_gives_room)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_running = 1, .max_queued = 2};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct gate gate = {0, 0};
	struct leat_error err;

	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, at_gate, &gate, NULL, NULL),
		LEAT_OK);
	await_flag(&gate.n_waiting);
	for (int k = 0; k < 2; k++)
		ck_assert_int_eq(leat_workers_try_submit(workers, NULL, at_gate,
					 &gate, NULL, NULL),
			LEAT_OK);
	ck_assert_int_eq(leat_workers_try_submit(
				 workers, NULL, at_gate, &gate, NULL, &err),
		LEAT_EAGAIN);
	ck_assert_ptr_nonnull(strstr(err.text, "full"));
	ck_assert_int_eq(leat_workers_submit_until(workers, NULL, at_gate,
				 &gate, leat_now_ns() + MS, NULL, NULL),
		LEAT_ETIMEDOUT);
	ck_assert_uint_eq(stats_of(workers).n_rejected, 2);
	ck_assert_uint_eq(stats_of(workers).n_queued, 2);
	ck_assert_uint_eq(stats_of(workers).n_running, 1);
	leat__store_release(&gate.is_open, 1u);
	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, at_gate, &gate, NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(gate.n_waiting, 4);
	ck_assert_uint_eq(stats_of(workers).n_done, 4);
	leat_workers_destroy(workers);
}
END_TEST

struct submitter {
	struct leat_workers *workers;
	struct gate *gate;
	uint32_t n; /* to be submitted */
	int rc;
};

static int
submit_more(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	struct submitter *s = arg;

	(void)ctx;
	(void)result;
	s->rc = LEAT_OK;
	for (uint32_t k = 0; k < s->n && s->rc == LEAT_OK; k++)
		s->rc = leat_workers_submit(
			s->workers, NULL, at_gate, s->gate, NULL, err);
	return LEAT_OK;
}

static void
expect_deadlock_is_told(uint32_t flags)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_running = 1, .max_queued = 2};
	struct leat_task_opts task_opts = {
		LEAT_OPTS_INIT(leat_task_opts), .flags = flags};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct gate gate = {1, 0};
	struct submitter s = {workers, &gate, 3, 1};

	ck_assert_int_eq(leat_workers_submit(workers, &task_opts, submit_more,
				 &s, NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(s.rc, LEAT_EDEADLOCK);
	ck_assert_uint_eq(gate.n_waiting, 2);
	leat_workers_destroy(workers);
}

START_TEST(a_task_that_would_wait_for_room_for_ever_is_told_so)
{
	expect_deadlock_is_told(0);
	expect_deadlock_is_told(LEAT_TASK_BLOCKING);
}
END_TEST

START_TEST(the_last_of_two_that_would_wait_for_ever_is_told_so)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 2, .max_running = 2, .max_queued = 2};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct gate gate = {1, 0};
	struct submitter s[2] = {
		{workers, &gate, 4, 1}, {workers, &gate, 4, 1}};

	for (int k = 0; k < 2; k++)
		ck_assert_int_eq(leat_workers_submit(workers, NULL, submit_more,
					 &s[k], NULL, NULL),
			LEAT_OK);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	/* what was accepted has run */
	ck_assert_uint_eq(
		stats_of(workers).n_done, (uint64_t)gate.n_waiting + 2);
	ck_assert(s[0].rc == LEAT_EDEADLOCK || s[1].rc == LEAT_EDEADLOCK ||
		gate.n_waiting == 8);
	leat_workers_destroy(workers);
}
END_TEST

/* ---- groups ------------------------------------------------------------- */

struct order {
	char names[256];
	uint32_t n;
};

struct named {
	struct order *order;
	char name;
};

static int
note_name(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	struct named *named = arg;

	(void)ctx;
	(void)result;
	(void)err;
	named->order->names[named->order->n++] = named->name;
	return LEAT_OK;
}

/* Queue n tasks of each group behind a gate, one worker, one running. */
static void
run_groups(const struct leat_group *groups, uint32_t n_groups, uint32_t n,
	struct order *order)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_running = 1, .n_groups = n_groups,
		.groups = groups};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct leat_task_opts task_opts = {LEAT_OPTS_INIT(leat_task_opts)};
	struct named named[8];
	struct gate gate = {0, 0};

	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, at_gate, &gate, NULL, NULL),
		LEAT_OK);
	await_flag(&gate.n_waiting);
	for (uint32_t g = 0; g < n_groups; g++) {
		named[g] = (struct named){order, (char)('a' + g)};
		task_opts.group = g;
		for (uint32_t k = 0; k < n; k++)
			ck_assert_int_eq(
				leat_workers_submit(workers, &task_opts,
					note_name, &named[g], NULL, NULL),
				LEAT_OK);
	}
	leat__store_release(&gate.is_open, 1u);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	leat_workers_destroy(workers);
}

START_TEST(a_group_of_lower_rank_comes_first)
{
	const struct leat_group groups[] = {
		{.name = "late", .rank = 2}, {.name = "soon", .rank = 1}};
	struct order order = {.n = 0};

	run_groups(groups, 2, 5, &order);
	ck_assert_str_eq(order.names, "bbbbbaaaaa");
}
END_TEST

START_TEST(groups_of_one_rank_share_by_weight)
{
	const struct leat_group groups[] = {
		{.name = "big", .weight = 3}, {.name = "small", .weight = 1}};
	struct order order = {.n = 0};
	uint32_t n_big = 0;

	run_groups(groups, 2, 40, &order);
	ck_assert_uint_eq(order.n, 80);
	for (uint32_t k = 0; k < 40; k++)
		n_big += order.names[k] == 'a';
	ck_assert_uint_ge(n_big, 29);
	ck_assert_uint_le(n_big, 31);
}
END_TEST

START_TEST(a_group_has_limits_of_its_own)
{
	const struct leat_group groups[] = {
		{.name = "one", .max_running = 1, .max_queued = 1},
		{.name = "any"}};
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .n_groups = 2, .groups = groups};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct leat_task_opts one = {LEAT_OPTS_INIT(leat_task_opts)};
	struct leat_task_opts any = {
		LEAT_OPTS_INIT(leat_task_opts), .group = 1};
	struct gate gate = {0, 0}, other = {0, 0};

	ck_assert_int_eq(
		leat_workers_submit(workers, &one, at_gate, &gate, NULL, NULL),
		LEAT_OK);
	await_flag(&gate.n_waiting);
	ck_assert_int_eq(leat_workers_try_submit(
				 workers, &one, at_gate, &gate, NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_workers_try_submit(
				 workers, &one, at_gate, &gate, NULL, NULL),
		LEAT_EAGAIN);
	ck_assert_int_eq(leat_workers_try_submit(
				 workers, &any, at_gate, &other, NULL, NULL),
		LEAT_OK);
	await_flag(&other.n_waiting);
	ck_assert_uint_eq(gate.n_waiting, 1);
	leat__store_release(&gate.is_open, 1u);
	leat__store_release(&other.is_open, 1u);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(gate.n_waiting, 2);
	leat_workers_destroy(workers);
}
END_TEST

/* ---- blocking ----------------------------------------------------------- */

static int
on_thread(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	(void)arg;
	(void)err;
	*result = leat_is_fiber() ? NULL : "thread";
	return leat_sleep_until(ctx, leat_now_ns() + MS);
}

START_TEST(blocking_tasks_run_on_threads_that_end_when_idle)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_blocking = 3, .idle_ns = 2 * MS};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct leat_task_opts blocking = {
		LEAT_OPTS_INIT(leat_task_opts), .flags = LEAT_TASK_BLOCKING};
	struct leat_task *tasks[20];

	for (int k = 0; k < 20; k++)
		ck_assert_int_eq(leat_workers_submit(workers, &blocking,
					 on_thread, NULL, &tasks[k], NULL),
			LEAT_OK);
	for (int k = 0; k < 20; k++) {
		void *result = NULL;

		ck_assert_int_eq(
			leat_task_wait(tasks[k], LEAT_NEVER, &result, NULL),
			LEAT_OK);
		ck_assert_ptr_nonnull(result);
		leat_task_release(tasks[k]);
		ck_assert_uint_le(stats_of(workers).n_blocking, 3);
	}
	while (stats_of(workers).n_blocking > 0)
		leat_yield();
	leat_workers_destroy(workers);
}
END_TEST

START_TEST(without_a_thread_a_blocking_task_fails_with_the_errno)
{
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = 1};
	struct leat_task_opts blocking = {
		LEAT_OPTS_INIT(leat_task_opts), .flags = LEAT_TASK_BLOCKING};
	struct leat_workers *workers;
	struct leat_task *task;
	struct leat_error err;
	struct fail_env world;

	fail_env_init(&world);
	world.thread.fail_at = 2; /* the worker has one */
	world.thread.fail_for_ever = true;
	workers = make_opts(&world.env, &opts);
	ck_assert_int_eq(leat_workers_submit(
				 workers, &blocking, answer, NULL, &task, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_task_wait(task, LEAT_NEVER, NULL, &err), LEAT_ELIMIT);
	ck_assert_int_eq(err.sys_errno, EAGAIN);
	leat_task_release(task);
	leat_workers_destroy(workers);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

/* ---- the workers' end --------------------------------------------------- */

START_TEST(closed_workers_take_nothing_new_but_from_their_own)
{
	struct leat_workers *workers = make(1);
	struct gate gate = {1, 0};
	struct submitter s = {workers, &gate, 3, 1};
	struct gate first = {0, 0};

	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, at_gate, &first, NULL, NULL),
		LEAT_OK);
	await_flag(&first.n_waiting);
	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, submit_more, &s, NULL, NULL),
		LEAT_OK);
	leat_workers_close(workers);
	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, at_gate, &gate, NULL, NULL),
		LEAT_ECLOSED);
	leat__store_release(&first.is_open, 1u);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(s.rc, LEAT_OK);
	ck_assert_uint_eq(gate.n_waiting, 3);
	leat_workers_destroy(workers);
	leat_workers_destroy(NULL);
}
END_TEST

START_TEST(canceled_workers_stop_what_waits_and_what_looks)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_running = 1};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct leat_task *running, *queued;
	uint32_t has_begun = 0;

	ck_assert_int_eq(leat_workers_submit(workers, NULL, until_canceled,
				 &has_begun, &running, NULL),
		LEAT_OK);
	await_flag(&has_begun);
	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, answer, NULL, &queued, NULL),
		LEAT_OK);
	leat_workers_cancel(workers);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(leat_task_state(running), LEAT_TASK_STOPPED);
	ck_assert_int_eq(leat_task_state(queued), LEAT_TASK_STOPPED);
	ck_assert_int_eq(leat_go(workers, NULL, NULL, NULL), LEAT_ECLOSED);
	ck_assert_uint_eq(stats_of(workers).n_stopped, 2);
	leat_task_release(running);
	leat_task_release(queued);
	leat_workers_destroy(workers);
}
END_TEST

struct inner {
	struct leat_workers *own;
	struct leat_workers *other;
	int own_rc;
	int other_rc;
};

static int
wait_for_workers(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	struct inner *inner = arg;

	(void)ctx;
	(void)result;
	(void)err;
	inner->own_rc = leat_workers_wait(inner->own, LEAT_NEVER);
	inner->other_rc = leat_workers_wait(inner->other, LEAT_NEVER);
	return LEAT_OK;
}

START_TEST(workers_are_waited_for_by_others_not_by_their_own)
{
	struct inner inner = {make(1), make(1), 1, 1};
	struct gate gate = {0, 0};

	ck_assert_int_eq(leat_workers_submit(
				 inner.other, NULL, at_gate, &gate, NULL, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_workers_submit(inner.own, NULL, wait_for_workers,
				 &inner, NULL, NULL),
		LEAT_OK);
	await_flag(&gate.n_waiting);
	leat__store_release(&gate.is_open, 1u);
	ck_assert_int_eq(leat_workers_wait(inner.own, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(inner.own_rc, LEAT_ESTATE);
	ck_assert_int_eq(inner.other_rc, LEAT_OK);
	leat_workers_destroy(inner.own);
	leat_workers_destroy(inner.other);
}
END_TEST

/* ---- options ------------------------------------------------------------ */

static void
expect_refused(const struct leat_workers_opts *opts, const char *field)
{
	struct leat_workers *workers;
	struct leat_error err;

	ck_assert_int_eq(
		leat_workers_create(NULL, opts, &workers, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, field), "%s: %s", field, err.text);
}

START_TEST(options_out_of_range_are_refused_by_name)
{
	const struct leat_group heavy = {.weight = UINT32_MAX};
	struct leat_workers_opts o = {LEAT_OPTS_INIT(leat_workers_opts)};
	struct leat_workers_opts flags = o, most = o, start = o, stack = o,
				 groups = o, none = o, weight = o, rest = o;

	flags.flags = 1u << 31;
	expect_refused(&flags, "flags");
	most.max_workers = LEAT_WORKERS_MAX + 1;
	expect_refused(&most, "max_workers");
	start.max_workers = 2;
	start.start_workers = 3;
	expect_refused(&start, "start_workers");
	stack.stack_bytes = LEAT_STACK_BYTES_LEAST - 1;
	expect_refused(&stack, "stack_bytes");
	groups.n_groups = LEAT_GROUPS_MAX + 1;
	groups.groups = &heavy;
	expect_refused(&groups, "n_groups");
	none.n_groups = 1;
	expect_refused(&none, "groups");
	weight.n_groups = 1;
	weight.groups = &heavy;
	expect_refused(&weight, "weight");
	rest.reserved = 1;
	expect_refused(&rest, "reserved");
}
END_TEST

START_TEST(task_options_out_of_range_are_refused_by_name)
{
	struct leat_workers *workers = make(1);
	struct leat_task_opts o = {LEAT_OPTS_INIT(leat_task_opts)};
	struct leat_error err;

	o.flags = 1u << 31;
	ck_assert_int_eq(
		leat_workers_submit(workers, &o, answer, NULL, NULL, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "flags"));
	o.flags = 0;
	o.group = 1;
	ck_assert_int_eq(
		leat_workers_submit(workers, &o, answer, NULL, NULL, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "group"));
	o.group = 0;
	ck_assert_int_eq(
		leat_workers_submit(workers, &o, NULL, NULL, NULL, &err),
		LEAT_EINVAL);
	leat_workers_destroy(workers);
}
END_TEST

/* Every allocation fails once; nothing is left over. */
START_TEST(no_memory_leaves_nothing_behind)
{
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = 2};
	bool has_failed = true;

	for (uint64_t at = 1; has_failed; at++) {
		struct leat_workers *workers;
		struct leat_task *task = NULL;
		struct fail_env world;
		int rc;

		fail_env_init(&world);
		world.alloc_fail_at = at;
		rc = leat__workers_create(
			&world.env, NULL, &opts, &workers, NULL);
		has_failed = rc < 0;
		if (rc == LEAT_OK) {
			rc = leat_workers_submit(
				workers, NULL, answer, NULL, &task, NULL);
			if (rc == LEAT_OK)
				rc = leat_task_wait(
					task, LEAT_NEVER, NULL, NULL);
			has_failed = rc < 0;
			leat_task_release(task);
			leat_workers_destroy(workers);
		}
		if (has_failed)
			ck_assert_int_eq(rc, LEAT_ENOMEM);
		ck_assert_uint_eq(world.alloc_live, 0);
		ck_assert_uint_lt(at, 100);
	}
}
END_TEST

#define N_MORE_THAN_A_QUEUE 300

START_TEST(what_is_new_begins_where_more_yield_than_a_queue_holds)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_queued = 1000};
	struct leat_workers *workers = make_opts(leat__env_posix(), &opts);
	struct gate gate = {0, 0};

	for (uint32_t k = 0; k < N_MORE_THAN_A_QUEUE; k++) {
		ck_assert_int_eq(leat_workers_submit(workers, NULL, at_gate,
					 &gate, NULL, NULL),
			LEAT_OK);
		/* none ends before all have begun */
		while (leat__load_acquire(&gate.n_waiting) <= k)
			leat_yield();
	}
	leat__store_release(&gate.is_open, 1u);
	leat_workers_close(workers);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(stats_of(workers).n_done, N_MORE_THAN_A_QUEUE);
	leat_workers_destroy(workers);
}
END_TEST

static uint32_t n_maps_before_failure;

static int
failing_map_stacks(const struct leat__env *env, size_t n_bytes, uint32_t n,
	bool may_split, void **memory_out, bool *is_guarded_out)
{
	const struct leat__env *real = leat__env_posix();

	(void)env;
	if (n_maps_before_failure == 0)
		return ENOMEM;
	n_maps_before_failure--;
	return real->map_stacks(
		real, n_bytes, n, may_split, memory_out, is_guarded_out);
}

/* What is accepted can be started; what is not, or never starts, costs
 * nothing. */
START_TEST(a_task_for_which_there_is_no_stack_is_not_accepted)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_queued = 1000000};
	struct gate gate = {0, 0};
	struct leat_workers *workers;
	struct leat_task *task;
	struct fail_env world;
	struct leat_error err;
	uint32_t n_accepted = 0;
	int rc;

	fail_env_init(&world);
	world.env.map_stacks = failing_map_stacks;
	n_maps_before_failure = 4;
	workers = make_opts(&world.env, &opts);
	for (int k = 0; k < 10000; k++) {
		ck_assert_int_eq(leat_workers_submit(workers, NULL, answer,
					 NULL, &task, NULL),
			LEAT_OK);
		leat_task_cancel(task);
		leat_task_release(task);
	}
	while ((rc = leat_workers_try_submit(
			workers, NULL, at_gate, &gate, NULL, &err)) == LEAT_OK)
		n_accepted++;
	ck_assert_int_eq(rc, LEAT_ENOMEM);
	ck_assert_uint_ge(n_accepted, 1);
	ck_assert_uint_eq(stats_of(workers).n_rejected, 1);
	while (leat__load_acquire(&gate.n_waiting) < n_accepted)
		leat_yield();
	leat__store_release(&gate.is_open, 1u);
	leat_workers_close(workers);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	ck_assert_uint_eq(stats_of(workers).n_failed, 0);
	leat_workers_destroy(workers);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

/* What a full queue rejects costs nothing. */
START_TEST(a_task_that_is_rejected_leaves_its_stack_to_others)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .max_queued = 1, .max_running = 1};
	struct gate gate = {0, 0};
	struct leat_workers *workers;
	struct fail_env world;

	fail_env_init(&world);
	world.env.map_stacks = failing_map_stacks;
	n_maps_before_failure = 4;
	workers = make_opts(&world.env, &opts);
	for (int k = 0; k < 2; k++)
		ck_assert_int_eq(leat_workers_submit(workers, NULL, at_gate,
					 &gate, NULL, NULL),
			LEAT_OK);
	while (!leat__load_acquire(&gate.n_waiting))
		leat_yield();
	for (int k = 0; k < 10000; k++) {
		int rc = leat_workers_try_submit(
			workers, NULL, at_gate, &gate, NULL, NULL);

		ck_assert_int_eq(rc, LEAT_EAGAIN);
	}
	leat__store_release(&gate.is_open, 1u);
	leat_workers_destroy(workers);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

START_TEST(without_any_thread_there_are_no_workers)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts)};
	struct leat_workers *workers;
	struct leat_error err;
	struct fail_env world;

	fail_env_init(&world);
	world.thread.fail_at = 1;
	world.thread.fail_for_ever = true;
	ck_assert_int_eq(
		leat__workers_create(&world.env, NULL, &opts, &workers, &err),
		LEAT_ELIMIT);
	ck_assert_int_eq(err.sys_errno, EAGAIN);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

/* ---- timers ------------------------------------------------------------- */

struct rings {
	struct leat_workers *workers;
	uint32_t n; /* atomic */
	uint32_t n_wanted;
	int rc;
};

static void
ring(struct leat_timer *timer, void *user)
{
	struct rings *rings = user;

	if (leat__add_acq_rel(&rings->n, 1u) + 1 < rings->n_wanted)
		rings->rc = leat_timer_start(
			rings->workers, timer, leat_now_ns() + MS / 10);
}

START_TEST(a_timer_rings_once_and_may_start_itself_again)
{
	struct rings rings = {.workers = make(1), .n_wanted = 3};
	struct leat_timer timer = {.fn = ring, .user = &rings};

	ck_assert_int_eq(
		leat_timer_start(rings.workers, &timer, LEAT_NEVER - 1),
		LEAT_OK);
	ck_assert_int_eq(leat_timer_start(rings.workers, &timer, leat_now_ns()),
		LEAT_ESTATE);
	ck_assert(leat_timer_stop(rings.workers, &timer));
	ck_assert_int_eq(
		leat_timer_start(rings.workers, &timer, leat_now_ns() + MS),
		LEAT_OK);
	while (leat__load_acquire(&rings.n) < 3)
		leat_yield();
	ck_assert(!leat_timer_stop(rings.workers, &timer));
	ck_assert_int_eq(rings.rc, LEAT_OK);
	ck_assert_uint_eq(rings.n, 3);
	ck_assert_uint_eq(stats_of(rings.workers).n_timers, 0);
	leat_workers_destroy(rings.workers);
}
END_TEST

START_TEST(a_stopped_timer_does_not_ring)
{
	struct rings rings = {.workers = make(1)};
	struct leat_timer timer = {.fn = ring, .user = &rings};

	ck_assert(!leat_timer_stop(rings.workers, &timer));
	ck_assert_int_eq(
		leat_timer_start(rings.workers, &timer, LEAT_NEVER - 1),
		LEAT_OK);
	ck_assert_uint_eq(stats_of(rings.workers).n_timers, 1);
	ck_assert(leat_timer_stop(rings.workers, &timer));
	ck_assert(!leat_timer_stop(rings.workers, &timer));
	ck_assert_uint_eq(stats_of(rings.workers).n_timers, 0);
	leat_workers_destroy(rings.workers);
	ck_assert_uint_eq(rings.n, 0);
}
END_TEST

START_TEST(a_timer_that_cannot_be_served_is_refused)
{
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = 1};
	struct leat_timer timer = {.fn = ring};
	struct leat_workers *workers;
	struct fail_env world;

	fail_env_init(&world);
	world.thread.fail_at = 2;
	workers = make_opts(&world.env, &opts);
	ck_assert_int_eq(
		leat_timer_start(workers, &timer, leat_now_ns()), LEAT_ENOMEM);
	ck_assert(!leat_timer_stop(workers, &timer));
	leat_workers_destroy(workers);
}
END_TEST

/* ---- what is left ------------------------------------------------------- */

struct page {
	char text[8192];
	size_t n;
};

static void
write_page(void *user, const char *text, size_t n_bytes)
{
	struct page *page = user;

	ck_assert_uint_lt(page->n + n_bytes, sizeof(page->text));
	memcpy(page->text + page->n, text, n_bytes);
	page->n += n_bytes;
	page->text[page->n] = '\0';
}

static void
sleep_away(struct leat_ctx *ctx, void *arg)
{
	leat__store_release((uint32_t *)arg, 1u);
	(void)!leat_sleep_until(ctx, LEAT_NEVER);
}

START_TEST(what_is_left_is_named_by_its_place)
{
	struct leat_workers *workers = make(1);
	struct leat_timer timer = {.fn = ring};
	struct leat_task *task;
	struct leat_error err;
	uint32_t has_begun = 0;

	ck_assert_int_eq(leat_workers_leaks(workers, &err), LEAT_OK);
	ck_assert_int_eq(
		leat_workers_submit(workers, NULL, answer, NULL, &task, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_task_wait(task, LEAT_NEVER, NULL, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_go(workers, sleep_away, &has_begun, NULL), LEAT_OK);
	await_flag(&has_begun);
	ck_assert_int_eq(
		leat_timer_start(workers, &timer, LEAT_NEVER - 1), LEAT_OK);
	ck_assert_int_eq(leat_workers_leaks(workers, &err), LEAT_ESTATE);
	ck_assert_ptr_nonnull(strstr(err.text, "1 fiber not ended (" __FILE__));
	ck_assert_ptr_nonnull(
		strstr(err.text, "1 task not released (" __FILE__));
	ck_assert_ptr_nonnull(strstr(err.text, "1 timer armed (" __FILE__));
	leat_task_release(task);
	ck_assert(leat_timer_stop(workers, &timer));
	leat_workers_cancel(workers);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	ck_assert_int_eq(leat_workers_leaks(workers, &err), LEAT_OK);
	leat_workers_destroy(workers);
}
END_TEST

START_TEST(a_dump_shows_tasks_and_fibers)
{
	struct leat_workers *workers = make(1);
	struct leat_task_opts opts = {
		LEAT_OPTS_INIT(leat_task_opts), .name = "the \"slow\" one"};
	struct leat_task *task;
	struct page text = {.n = 0}, json = {.n = 0};
	uint32_t has_begun = 0, is_awake = 0;

	ck_assert_int_eq(leat_workers_submit(workers, &opts, until_canceled,
				 &has_begun, &task, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_go(workers, sleep_away, &is_awake, NULL), LEAT_OK);
	await_flag(&has_begun);
	await_flag(&is_awake);
	leat_workers_dump(workers, 0, write_page, &text);
	ck_assert_ptr_nonnull(
		strstr(text.text, "task the \"slow\" one: running"));
	ck_assert_ptr_nonnull(strstr(text.text, "fiber "));
	leat_workers_dump(workers, LEAT_DUMP_JSON, write_page, &json);
	ck_assert_ptr_nonnull(strstr(json.text, "\"the \\\"slow\\\" one\""));
	ck_assert_ptr_nonnull(strstr(json.text, "\"fiber\": "));
	ck_assert_int_eq(json.text[json.n - 1], '\n');
	leat_workers_cancel(workers);
	leat_task_release(task);
	leat_workers_destroy(workers);
}
END_TEST

/* What fibers wait for, each in its way. */
struct ways {
	struct leat_workers *workers;
	struct leat_channel *empty;
	struct leat_channel *full;
	struct leat_channel *met; /* a rendezvous */
	uint32_t n_back;          /* atomic: woken again */
	uint32_t may_end;         /* atomic */
};

static void
ways_back(struct ways *w)
{
	leat__add_acq_rel(&w->n_back, 1u);
	while (!leat__load_acquire(&w->may_end))
		leat_yield();
}

static void
way_recv(struct leat_ctx *ctx, void *arg)
{
	struct ways *w = arg;
	uint64_t item;

	(void)ctx;
	(void)!leat_channel_recv(w->empty, &item);
	ways_back(w);
}

static void
way_send(struct leat_ctx *ctx, void *arg)
{
	struct ways *w = arg;
	uint64_t item = 2;

	(void)!leat_channel_send_until(w->full, &item, ctx, LEAT_NEVER);
	ways_back(w);
}

static void
way_select(struct leat_ctx *ctx, void *arg)
{
	struct ways *w = arg;
	uint64_t items[2];
	struct leat_select_case cases[] = {
		{.channel = w->met, .item = &items[0]}, {.item = &items[1]}};
	uint32_t at;

	(void)!leat_select(cases, 2, ctx, LEAT_NEVER, &at);
	ways_back(w);
}

static void
way_ctx(struct leat_ctx *ctx, void *arg)
{
	(void)!leat_ctx_wait(ctx, LEAT_NEVER);
	ways_back(arg);
}

static void
way_task(struct leat_ctx *ctx, void *arg)
{
	struct ways *w = arg;
	struct leat_task *task;
	uint32_t has_begun = 0;

	(void)ctx;
	if (leat_workers_submit(w->workers, NULL, until_canceled, &has_begun,
		    &task, NULL) < 0)
		abort();
	(void)!leat_task_wait(task, LEAT_NEVER, NULL, NULL);
	leat_task_release(task);
	ways_back(w);
}

static struct leat_channel *
ways_channel(uint32_t capacity)
{
	struct leat_channel_opts opts = {LEAT_OPTS_INIT(leat_channel_opts),
		.item_bytes = sizeof(uint64_t), .capacity = capacity};
	struct leat_channel *ch = NULL;

	ck_assert_int_eq(leat_channel_create(NULL, &opts, &ch, NULL), LEAT_OK);
	return ch;
}

static void
ways_await(struct ways *w, const char *text)
{
	struct page page = {.n = 0};

	do {
		page.n = 0;
		leat_workers_dump(w->workers, 0, write_page, &page);
	} while (!strstr(page.text, text));
}

static const char *const ways_said[] = {"): receives from a channel",
	"): sends to a channel", "): selects", "): waits for a task",
	"): waits for the end of a context", "): sleeps"};

START_TEST(a_dump_says_on_what_fibers_wait_and_only_while_they_do)
{
	static void (*const all[])(struct leat_ctx *, void *) = {
		way_recv, way_send, way_select, way_task, way_ctx};
	struct ways w = {.workers = make(1),
		.empty = ways_channel(1),
		.full = ways_channel(1),
		.met = ways_channel(0)};
	struct page page = {.n = 0};
	uint64_t item = 1;

	ck_assert_int_eq(leat_channel_send(w.full, &item), LEAT_OK);
	for (size_t k = 0; k < leat__array_len(all); k++)
		ck_assert_int_eq(leat_go(w.workers, all[k], &w, NULL), LEAT_OK);
	for (size_t k = 0; k < leat__array_len(ways_said); k++)
		ways_await(&w, ways_said[k]);
	leat_channel_close_send(w.empty);
	leat_workers_cancel(w.workers);
	while (leat__load_acquire(&w.n_back) < leat__array_len(all))
		leat_yield();
	leat_workers_dump(w.workers, LEAT_DUMP_JSON, write_page, &page);
	ck_assert_ptr_null(strstr(page.text, "waits_for"));
	leat__store_release(&w.may_end, 1u);
	leat_workers_destroy(w.workers);
	leat_channel_destroy(w.empty);
	leat_channel_destroy(w.full);
	leat_channel_destroy(w.met);
}
END_TEST

/* A fiber that makes others, and looks before they begin. */
struct look {
	struct leat_workers *workers;
	struct page text;
	struct leat_error err;
};

static void
look_at_new(struct leat_ctx *ctx, void *arg)
{
	struct look *look = arg;
	uint32_t unused = 0;

	(void)ctx;
	if (leat_go(look->workers, sleep_away, &unused, NULL) < 0)
		abort();
	leat_workers_dump(look->workers, 0, write_page, &look->text);
	(void)!leat_workers_leaks(look->workers, &look->err);
	leat_workers_cancel(look->workers);
	while (!leat__load_acquire(&unused))
		leat_yield();
}

START_TEST(a_fiber_that_has_not_begun_is_in_the_dump_and_in_the_leaks)
{
	static struct look look;

	look.workers = make(1);
	ck_assert_int_eq(
		leat_go(look.workers, look_at_new, &look, NULL), LEAT_OK);
	ck_assert_int_eq(leat_workers_wait(look.workers, LEAT_NEVER), LEAT_OK);
	ck_assert_ptr_nonnull(strstr(look.text.text, "): running"));
	ck_assert_ptr_nonnull(strstr(look.text.text, "): ready\n"));
	ck_assert_ptr_nonnull(
		strstr(look.err.text, "2 fibers not ended (" __FILE__));
	leat_workers_destroy(look.workers);
}
END_TEST

TEST_MAIN("exec/tasks", a_task_hands_out_what_it_left, a_failed_task_says_why,
	a_wait_has_a_deadline, a_task_waits_for_another_on_its_fiber,
	a_task_that_waits_for_itself_is_told_so, a_canceled_task_is_stopped,
	a_task_canceled_in_the_queue_never_starts,
	a_task_ends_with_the_context_it_was_given_and_at_its_deadline,
	a_full_queue_rejects_waits_and_gives_room,
	a_task_that_would_wait_for_room_for_ever_is_told_so,
	the_last_of_two_that_would_wait_for_ever_is_told_so,
	a_group_of_lower_rank_comes_first, groups_of_one_rank_share_by_weight,
	a_group_has_limits_of_its_own,
	blocking_tasks_run_on_threads_that_end_when_idle,
	without_a_thread_a_blocking_task_fails_with_the_errno,
	closed_workers_take_nothing_new_but_from_their_own,
	canceled_workers_stop_what_waits_and_what_looks,
	workers_are_waited_for_by_others_not_by_their_own,
	options_out_of_range_are_refused_by_name,
	task_options_out_of_range_are_refused_by_name,
	no_memory_leaves_nothing_behind,
	what_is_new_begins_where_more_yield_than_a_queue_holds,
	a_task_for_which_there_is_no_stack_is_not_accepted,
	a_task_that_is_rejected_leaves_its_stack_to_others,
	without_any_thread_there_are_no_workers,
	a_timer_rings_once_and_may_start_itself_again,
	a_stopped_timer_does_not_ring, a_timer_that_cannot_be_served_is_refused,
	what_is_left_is_named_by_its_place, a_dump_shows_tasks_and_fibers,
	a_dump_says_on_what_fibers_wait_and_only_while_they_do,
	a_fiber_that_has_not_begun_is_in_the_dump_and_in_the_leaks)
