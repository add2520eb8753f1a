/*
 * unit/exec/block.c -- how a task on a thread of its own waits.
 */
#include "support/test.h"

#include <sched.h>

#include "env/waiter.h"
#include "exec/workers.h"

#define MS 1000000

struct waits {
	struct leat__waiter first, second;
	uint32_t is_begun; /* atomic: there is a first one */
	uint32_t tokens[2];
};

/* One that another thread ends, and one that nobody ends. */
static int
wait_twice(
	struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	const struct leat__env *env = leat__env_posix();
	struct waits *waits = arg;

	(void)ctx;
	(void)err;
	leat__waiter_init(&waits->first, env);
	leat__store_release(&waits->is_begun, 1u);
	waits->tokens[0] = leat__waiter_wait(&waits->first, LEAT_NEVER);
	leat__waiter_init(&waits->second, env);
	waits->tokens[1] =
		leat__waiter_wait(&waits->second, env->now_ns(env) + MS);
	*result = leat_is_fiber() ? NULL : waits;
	return LEAT_OK;
}

START_TEST(a_wake_is_for_one_wait)
{
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = 1};
	struct leat_task_opts blocking = {
		LEAT_OPTS_INIT(leat_task_opts), .flags = LEAT_TASK_BLOCKING};
	struct waits waits = {.is_begun = 0};
	struct leat_workers *workers;
	struct leat_task *task;
	void *result = NULL;

	ck_assert_int_eq(leat__workers_create(leat__env_posix(), NULL, &opts,
				 &workers, NULL),
		LEAT_OK);
	ck_assert_int_eq(leat_workers_submit(workers, &blocking, wait_twice,
				 &waits, &task, NULL),
		LEAT_OK);
	while (!leat__load_acquire(&waits.is_begun) ||
		leat__waiter_token(&waits.first) != LEAT__TOKEN_PARKED)
		sched_yield();
	ck_assert(leat__waiter_claim(&waits.first, LEAT__TOKEN_HINT | 3));
	ck_assert_int_eq(
		leat_task_wait(task, LEAT_NEVER, &result, NULL), LEAT_OK);
	ck_assert_ptr_eq(result, &waits);
	ck_assert_uint_eq(waits.tokens[0], LEAT__TOKEN_HINT | 3);
	ck_assert_uint_eq(waits.tokens[1], LEAT__TOKEN_DEADLINE);
	leat_task_release(task);
	leat_workers_destroy(workers);
}
END_TEST

TEST_MAIN("exec/block", a_wake_is_for_one_wait)
