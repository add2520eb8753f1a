/*
 * unit/exec/exec.c -- the executor: jobs, queues, threads that come and go.
 */
#include "support/test.h"

#include <errno.h>

#include "exec/exec.h"
#include "support/fail.h"

#define MS 1000000

struct counter {
	struct leat__job job;
	uint32_t n_steps; /* atomic */
	uint32_t n_wanted;
	uint32_t n_again;
	struct leat__parker *done;
};

static enum leat__step
counter_step(struct leat__job *job, struct leat__worker *worker)
{
	struct counter *c = leat__container_of(job, struct counter, job);
	uint32_t n = leat__add_acq_rel(&c->n_steps, 1u) + 1;

	(void)worker;
	if (n >= c->n_wanted)
		return LEAT__STEP_DONE;
	return n <= c->n_again ? LEAT__STEP_AGAIN : LEAT__STEP_IDLE;
}

static void
counter_done(struct leat__job *job)
{
	struct counter *c = leat__container_of(job, struct counter, job);

	leat__parker_wake(c->done);
}

static void
counter_init(struct counter *c, struct leat__exec *exec,
	struct leat__parker *done, uint32_t n_wanted)
{
	*c = (struct counter){.n_wanted = n_wanted, .done = done};
	c->job.step = counter_step;
	c->job.done = counter_done;
	leat__job_init(&c->job, exec);
}

static void
counter_await(struct counter *c)
{
	for (;;) {
		uint32_t ticket = leat__parker_ticket(c->done);

		if (leat__load_acquire(&c->job.state) == LEAT__JOB_DONE)
			return;
		leat__parker_wait(c->done, ticket, LEAT_NEVER);
	}
}

static void
exec_setup(struct leat__exec *exec, const struct leat__env *env, uint32_t n,
	uint64_t idle_ns)
{
	struct leat__exec_opts opts = {
		.n_workers = n, .idle_ns = idle_ns, .name = "test"};

	ck_assert_int_eq(leat__exec_init(exec, env, &opts), LEAT_OK);
}

static void
exec_teardown(struct leat__exec *exec)
{
	leat__exec_stop(exec);
	leat__exec_join(exec);
	leat__exec_fini(exec);
}

/* Until the number of threads is n; the test's time limit is the limit. */
static void
await_threads(struct leat__exec *exec, uint32_t n)
{
	while (leat__exec_n_threads(exec) != n)
		exec->env->yield(exec->env);
}

START_TEST(a_job_is_stepped_once_for_a_wake_and_again_while_it_says_so)
{
	struct leat__exec exec;
	struct leat__parker done;
	struct counter c;

	exec_setup(&exec, leat__env_posix(), 2, 0);
	leat__parker_init(&done, exec.env);
	ck_assert_int_eq(leat__exec_start(&exec, 1), 0);
	counter_init(&c, &exec, &done, 5);
	c.n_again = 5;
	leat__job_ready(&c.job, NULL);
	counter_await(&c);
	ck_assert_uint_eq(c.n_steps, 5);
	leat__job_ready(&c.job, NULL); /* done: nothing more */
	exec_teardown(&exec);
	ck_assert_uint_eq(c.n_steps, 5);
}
END_TEST

struct own {
	struct leat__entry entry;
	struct own *next;
	uint32_t n;    /* of them */
	uint32_t *sum; /* atomic */
	struct leat__parker *done;
};

static struct leat__context *
own_run(struct leat__entry *entry, struct leat__worker *worker)
{
	struct own *own = leat__container_of(entry, struct own, entry);
	uint32_t *sum = own->sum;
	uint32_t n = own->n;
	struct leat__parker *done = own->done;

	(void)worker;
	if (leat__add_acq_rel(sum, 1u) + 1 == n)
		leat__parker_wake(done);
	return NULL;
}

/* Pushes all the others from a worker, more than its queue holds. */
static struct leat__context *
own_run_first(struct leat__entry *entry, struct leat__worker *worker)
{
	struct own *own = leat__container_of(entry, struct own, entry);

	for (uint32_t k = 1; k < own->n; k++)
		leat__exec_push(worker->exec, worker, &own[k].entry);
	return own_run(entry, worker);
}

static void
run_many(uint32_t n_workers, uint32_t n)
{
	struct leat__exec exec;
	struct leat__parker done;
	struct own *all = calloc(n, sizeof(*all));
	uint32_t sum = 0;

	exec_setup(&exec, leat__env_posix(), n_workers, 0);
	leat__parker_init(&done, exec.env);
	for (uint32_t k = 0; k < n; k++)
		all[k] = (struct own){.entry = {NULL, own_run, 0},
			.n = n,
			.sum = &sum,
			.done = &done};
	all[0].entry.run = own_run_first;
	ck_assert_int_eq(leat__exec_start(&exec, 1), 0);
	leat__exec_push(&exec, NULL, &all[0].entry);
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&done);

		if (leat__load_acquire(&sum) == n)
			break;
		leat__parker_wait(&done, ticket, LEAT_NEVER);
	}
	exec_teardown(&exec);
	ck_assert_uint_eq(sum, n);
	free(all);
}

START_TEST(what_overflows_a_queue_is_run_all_the_same)
{
	run_many(1, 10000);
	run_many(3, 10000);
}
END_TEST

struct turn {
	struct leat__entry entry;
	uint32_t *order; /* what ran, in order */
	uint32_t *n;
	uint32_t name;
	bool is_repeated;
	struct leat__parker *done;
};

static struct leat__context *
turn_run(struct leat__entry *entry, struct leat__worker *worker)
{
	struct turn *turn = leat__container_of(entry, struct turn, entry);

	if (*turn->n >= 1000)
		return NULL;
	turn->order[(*turn->n)++] = turn->name;
	if (turn->is_repeated)
		leat__worker_push(worker, entry);
	else
		leat__parker_wake(turn->done);
	return NULL;
}

/* The stranger is in the common queue while one entry keeps the worker busy
 * for ever through its own. */
START_TEST(the_common_queue_is_looked_at_every_61st_time)
{
	struct leat__exec exec;
	struct leat__parker done;
	uint32_t order[1000], n = 0, at;
	struct turn busy = {.entry = {NULL, turn_run, 0},
		.order = order,
		.n = &n,
		.name = 1,
		.is_repeated = true,
		.done = &done};
	struct turn stranger = busy;

	stranger.name = 2;
	stranger.is_repeated = false;
	exec_setup(&exec, leat__env_posix(), 1, 0);
	leat__parker_init(&done, exec.env);
	leat__worker_push(&exec.workers[0], &busy.entry);
	leat__exec_push(&exec, NULL, &stranger.entry);
	await_threads(&exec, 1); /* the push started it */
	for (;;) {
		uint32_t ticket = leat__parker_ticket(&done);

		if (leat__load_acquire(&exec.n_common) == 0)
			break;
		leat__parker_wait(&done, ticket, leat_now_ns() + MS);
	}
	exec_teardown(&exec);
	for (at = 0; at < n && order[at] != 2; at++)
		;
	ck_assert_uint_lt(at, n);
	ck_assert_uint_le(at, 61);
}
END_TEST

START_TEST(threads_are_started_when_needed_and_end_when_idle_but_the_first)
{
	struct fail_env world; /* it counts the starts; the first may be idle
				* and gone before the last */
	struct leat__exec exec;
	struct leat__parker done;
	struct counter c;

	fail_env_init(&world);
	exec_setup(&exec, &world.env, 3, 2 * MS);
	leat__parker_init(&done, exec.env);
	ck_assert_uint_eq(leat__exec_n_threads(&exec), 0);
	ck_assert_int_eq(leat__exec_start(&exec, 3), 0);
	ck_assert_uint_eq(leat__load_seq(&world.thread.n), 3);
	await_threads(&exec, 1);
	for (int k = 0; k < 20; k++) {
		counter_init(&c, &exec, &done, 1);
		leat__job_ready(&c.job, NULL);
		counter_await(&c);
	}
	exec_teardown(&exec);
}
END_TEST

START_TEST(a_thread_that_cannot_be_started_is_reported)
{
	struct fail_env world;
	struct leat__exec exec;

	fail_env_init(&world);
	world.thread.fail_at = 2;
	exec_setup(&exec, &world.env, 3, 0);
	ck_assert_int_eq(leat__exec_start(&exec, 3), EAGAIN);
	ck_assert_uint_eq(leat__exec_n_threads(&exec), 1);
	exec_teardown(&exec);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

START_TEST(work_goes_on_with_the_threads_there_are)
{
	struct fail_env world;
	struct leat__exec exec;
	struct leat__parker done;
	struct counter c[50];

	fail_env_init(&world);
	world.thread.fail_at = 2;
	world.thread.fail_for_ever = true;
	exec_setup(&exec, &world.env, 4, 0);
	leat__parker_init(&done, exec.env);
	ck_assert_int_eq(leat__exec_start(&exec, 1), 0);
	for (int k = 0; k < 50; k++) {
		counter_init(&c[k], &exec, &done, 1);
		leat__job_ready(&c[k].job, NULL);
	}
	for (int k = 0; k < 50; k++)
		counter_await(&c[k]);
	exec_teardown(&exec);
}
END_TEST

START_TEST(without_any_thread_the_caller_can_be_the_worker)
{
	struct fail_env world;
	struct leat__exec exec;
	uint32_t order[1000], n = 0;
	struct turn busy = {.entry = {NULL, turn_run, 0},
		.order = order,
		.n = &n,
		.is_repeated = true};

	fail_env_init(&world);
	world.thread.fail_at = 1;
	world.thread.fail_for_ever = true;
	exec_setup(&exec, &world.env, 1, 0);
	ck_assert_int_eq(leat__exec_start(&exec, 1), EAGAIN);
	leat__exec_push(&exec, NULL, &busy.entry);
	leat__exec_stop(&exec); /* it runs what is ready before it goes */
	leat__exec_run_here(&exec);
	leat__exec_join(&exec);
	leat__exec_fini(&exec);
	ck_assert_uint_eq(n, 1000);
}
END_TEST

START_TEST(no_memory_leaves_nothing_behind)
{
	struct leat__exec_opts opts = {.n_workers = 3, .name = "test"};

	for (uint64_t at = 1; at <= 4; at++) {
		struct fail_env world;
		struct leat__exec exec;

		fail_env_init(&world);
		world.alloc_fail_at = at;
		ck_assert_int_eq(
			leat__exec_init(&exec, &world.env, &opts), LEAT_ENOMEM);
		ck_assert_uint_eq(world.alloc_live, 0);
	}
}
END_TEST

TEST_MAIN("exec/exec",
	a_job_is_stepped_once_for_a_wake_and_again_while_it_says_so,
	what_overflows_a_queue_is_run_all_the_same,
	the_common_queue_is_looked_at_every_61st_time,
	threads_are_started_when_needed_and_end_when_idle_but_the_first,
	a_thread_that_cannot_be_started_is_reported,
	work_goes_on_with_the_threads_there_are,
	without_any_thread_the_caller_can_be_the_worker,
	no_memory_leaves_nothing_behind)
