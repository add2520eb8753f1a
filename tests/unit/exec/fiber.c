/*
 * unit/exec/fiber.c -- fibers: leat_go, yields, sleeps, stacks.
 */
#include "support/test.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/workers.h"
#include "support/fail.h"

#define MS 1000000

static struct leat_workers *
make(const struct leat__env *env, uint32_t n_workers)
{
	struct leat_workers_opts opts = {
		LEAT_OPTS_INIT(leat_workers_opts), .max_workers = n_workers};
	struct leat_workers *workers = NULL;
	struct leat_error err;

	ck_assert_msg(leat__workers_create(env, NULL, &opts, &workers, &err) ==
			LEAT_OK,
		"%s", err.text);
	return workers;
}

static void
await_all(struct leat_workers *workers)
{
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
}

/* ---- one after the other ------------------------------------------------ */

static void
bump(struct leat_ctx *ctx, void *arg)
{
	(void)ctx;
	leat__add_relaxed((uint32_t *)arg, 1u);
}

START_TEST(a_fiber_runs_once)
{
	struct leat_workers *workers = make(leat__env_posix(), 2);
	uint32_t n = 0;

	for (int k = 0; k < 1000; k++)
		ck_assert_int_eq(leat_go(workers, bump, &n, NULL), LEAT_OK);
	await_all(workers);
	ck_assert_uint_eq(n, 1000);
	leat_workers_destroy(workers);
}
END_TEST

struct family {
	struct leat_workers *workers;
	uint32_t n; /* atomic */
	uint32_t depth;
};

static void
breed(struct leat_ctx *ctx, void *arg)
{
	struct family *family = arg;
	uint32_t n = leat__add_relaxed(&family->n, 1u);

	(void)ctx;
	if (n < 2000)
		for (int k = 0; k < 2; k++)
			if (leat_go(family->workers, breed, family, NULL) < 0)
				abort();
}

START_TEST(fibers_start_fibers_also_after_the_close)
{
	struct family family = {.workers = make(leat__env_posix(), 3)};

	ck_assert_int_eq(
		leat_go(family.workers, breed, &family, NULL), LEAT_OK);
	leat_workers_close(family.workers);
	await_all(family.workers);
	ck_assert_uint_eq(family.n, 4001);
	ck_assert_int_eq(
		leat_go(family.workers, breed, &family, NULL), LEAT_ECLOSED);
	leat_workers_destroy(family.workers);
}
END_TEST

struct turns {
	char order[64];
	uint32_t n;
	bool has_failed;
};

struct turner {
	struct turns *turns;
	char name;
};

static void
take_turns(struct leat_ctx *ctx, void *arg)
{
	struct turner *self = arg;

	(void)ctx;
	for (int k = 0; k < 3; k++) {
		self->turns->order[self->turns->n++] = self->name;
		leat_yield();
	}
}

static void
start_turns(struct leat_ctx *ctx, void *arg)
{
	(void)ctx;
	struct family *family = arg;
	static struct turns turns;
	static struct turner a, b;

	memset(&turns, 0, sizeof(turns));
	a = (struct turner){&turns, 'a'};
	b = (struct turner){&turns, 'b'};
	if (leat_go(family->workers, take_turns, &a, NULL) < 0 ||
		leat_go(family->workers, take_turns, &b, NULL) < 0)
		abort();
	while (turns.n < 6)
		leat_yield();
	family->n = strcmp(turns.order, "ababab") == 0;
}

START_TEST(a_yield_lets_the_others_run)
{
	struct family family = {.workers = make(leat__env_posix(), 1)};

	ck_assert_int_eq(
		leat_go(family.workers, start_turns, &family, NULL), LEAT_OK);
	await_all(family.workers);
	ck_assert_uint_eq(family.n, 1);
	leat_workers_destroy(family.workers);
	leat_yield(); /* on a thread it does no harm */
	leat_yield_if_due();
}
END_TEST

/* A wait that was over before it began. */
static void
wait_for_nothing(void)
{
	struct leat__waiter waiter;

	leat__waiter_init(&waiter, leat__env_posix());
	ck_assert(leat__waiter_claim(&waiter, LEAT__TOKEN_LEFT));
	ck_assert_uint_eq(
		leat__waiter_wait(&waiter, LEAT_NEVER), LEAT__TOKEN_LEFT);
}

static void
start_and_wait_for_nothing(struct leat_ctx *ctx, void *arg)
{
	struct family *family = arg;

	(void)ctx;
	for (int k = 0; k < 3; k++)
		if (leat_go(family->workers, bump, &family->n, NULL) < 0)
			abort();
	for (int k = 0; k < 3; k++)
		wait_for_nothing();
}

START_TEST(who_waits_for_nothing_keeps_nobody_from_running)
{
	struct family family = {.workers = make(leat__env_posix(), 1)};

	ck_assert_int_eq(leat_go(family.workers, start_and_wait_for_nothing,
				 &family, NULL),
		LEAT_OK);
	await_all(family.workers);
	ck_assert_uint_eq(family.n, 3);
	leat_workers_destroy(family.workers);
}
END_TEST

static void
set_flag(struct leat_ctx *ctx, void *arg)
{
	(void)ctx;
	leat__store_release((uint32_t *)arg, 1u);
}

static void
hog(struct leat_ctx *ctx, void *arg)
{
	struct family *family = arg;

	(void)ctx;
	if (leat_go(family->workers, set_flag, &family->n, NULL) < 0)
		abort();
	/* its quantum ends some time, and only then the other runs */
	while (!leat__load_acquire(&family->n))
		leat_yield_if_due();
}

START_TEST(a_fiber_whose_quantum_is_spent_yields)
{
	struct family family = {.workers = make(leat__env_posix(), 1)};

	ck_assert_int_eq(leat_go(family.workers, hog, &family, NULL), LEAT_OK);
	await_all(family.workers);
	ck_assert_uint_eq(family.n, 1);
	leat_workers_destroy(family.workers);
}
END_TEST

static void
note_kind(struct leat_ctx *ctx, void *arg)
{
	(void)ctx;
	*(bool *)arg = leat_is_fiber();
}

START_TEST(a_fiber_knows_that_it_is_one)
{
	struct leat_workers *workers = make(leat__env_posix(), 1);
	bool is_fiber = false;

	ck_assert(!leat_is_fiber());
	ck_assert_int_eq(leat_go(workers, note_kind, &is_fiber, NULL), LEAT_OK);
	await_all(workers);
	ck_assert(is_fiber);
	leat_workers_destroy(workers);
}
END_TEST

/* ---- sleeping ----------------------------------------------------------- */

struct sleep {
	struct leat_ctx *ctx;
	int64_t deadline_ns;
	int64_t woke_ns;
	int rc;
	uint32_t is_over; /* atomic */
};

static void
sleep_once(struct leat_ctx *ctx, void *arg)
{
	struct sleep *sleep = arg;

	sleep->rc = leat_sleep_until(
		sleep->ctx ? sleep->ctx : ctx, sleep->deadline_ns);
	sleep->woke_ns = leat_now_ns();
	leat__store_release(&sleep->is_over, 1u);
}

START_TEST(a_sleep_ends_at_its_deadline)
{
	struct leat_workers *workers = make(leat__env_posix(), 1);
	struct sleep sleeps[3] = {{.deadline_ns = leat_now_ns() + 3 * MS},
		{.deadline_ns = leat_now_ns() + 5 * MS}, {.deadline_ns = 1}};
	int64_t end_ns = leat_now_ns() + MS;

	for (int k = 0; k < 3; k++)
		ck_assert_int_eq(leat_go(workers, sleep_once, &sleeps[k], NULL),
			LEAT_OK);
	await_all(workers);
	for (int k = 0; k < 3; k++) {
		ck_assert_int_eq(sleeps[k].rc, LEAT_OK);
		ck_assert_int_ge(sleeps[k].woke_ns, sleeps[k].deadline_ns);
	}
	ck_assert_int_eq(leat_sleep_until(NULL, end_ns), LEAT_OK);
	ck_assert_int_ge(leat_now_ns(), end_ns);
	leat_workers_destroy(workers);
}
END_TEST

START_TEST(a_sleep_ends_with_its_context)
{
	struct leat_workers *workers = make(leat__env_posix(), 2);
	struct leat_ctx *ctx;
	struct sleep own = {.deadline_ns = LEAT_NEVER};
	struct sleep other = {.deadline_ns = LEAT_NEVER};

	ck_assert_int_eq(leat_ctx_create(&ctx, NULL), LEAT_OK);
	own.ctx = ctx;
	ck_assert_int_eq(leat_go(workers, sleep_once, &own, NULL), LEAT_OK);
	ck_assert_int_eq(leat_go(workers, sleep_once, &other, NULL), LEAT_OK);
	leat_ctx_cancel(ctx, LEAT_ECANCELED, NULL);
	while (!leat__load_acquire(&own.is_over))
		leat_yield();
	ck_assert_int_eq(own.rc, LEAT_ECANCELED);
	ck_assert_int_eq(
		leat_workers_wait(workers, leat_now_ns() + MS), LEAT_ETIMEDOUT);
	leat_workers_cancel(workers);
	await_all(workers);
	ck_assert_int_eq(other.rc, LEAT_ECANCELED);
	ck_assert_int_eq(leat_sleep_until(ctx, LEAT_NEVER), LEAT_ECANCELED);
	leat_workers_destroy(workers);
	leat_ctx_destroy(ctx);
}
END_TEST

START_TEST(without_a_timer_thread_sleeps_end_all_the_same)
{
	struct fail_env world;
	struct leat_workers *workers;
	struct sleep sleep = {.deadline_ns = leat_now_ns() + 3 * MS};

	fail_env_init(&world);
	world.thread.fail_at = 2; /* the worker has one */
	world.thread.fail_for_ever = true;
	workers = make(&world.env, 1);
	ck_assert_int_eq(leat_go(workers, sleep_once, &sleep, NULL), LEAT_OK);
	await_all(workers);
	ck_assert_int_eq(sleep.rc, LEAT_OK);
	ck_assert_int_ge(sleep.woke_ns, sleep.deadline_ns);
	leat_workers_destroy(workers);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

/* ---- stacks ------------------------------------------------------------- */

static uint32_t n_stacks_before_failure;
static int64_t n_stacks_live;

static int
failing_map_stacks(const struct leat__env *env, size_t n_bytes, uint32_t n,
	bool may_split, void **memory_out, bool *is_guarded_out)
{
	const struct leat__env *real = leat__env_posix();

	(void)env;
	if (n_stacks_before_failure == 0)
		return ENOMEM;
	n_stacks_before_failure--;
	n_stacks_live++;
	return real->map_stacks(
		real, n_bytes, n, may_split, memory_out, is_guarded_out);
}

static void
counting_unmap(
	const struct leat__env *env, void *memory, size_t n_bytes, int fd)
{
	const struct leat__env *real = leat__env_posix();

	(void)env;
	n_stacks_live--;
	real->unmap(real, memory, n_bytes, fd);
}

static void
sleep_for_ever(struct leat_ctx *ctx, void *arg)
{
	(void)arg;
	(void)!leat_sleep_until(ctx, LEAT_NEVER);
}

START_TEST(without_memory_for_a_stack_go_says_so_and_nothing_is_lost)
{
	struct fail_env world;
	struct leat_workers *workers;
	uint32_t n_started = 0;
	struct leat_error err;
	int rc;

	fail_env_init(&world);
	world.env.map_stacks = failing_map_stacks;
	world.env.unmap = counting_unmap;
	n_stacks_before_failure = 4;
	n_stacks_live = 0;
	workers = make(&world.env, 1);
	/* those that sleep keep theirs */
	while ((rc = leat_go(workers, sleep_for_ever, NULL, &err)) == LEAT_OK &&
		n_started < 1000)
		n_started++;
	ck_assert_int_eq(rc, LEAT_ENOMEM);
	ck_assert_uint_ge(n_started, 1);
	leat_workers_destroy(workers);
	ck_assert_uint_eq(world.alloc_live, 0);
	ck_assert_int_eq(n_stacks_live, 0);
}
END_TEST

/* Keeps its worker, and what that keeps, until it is let go. */
struct hog_till {
	uint32_t has_begun; /* atomic */
	uint32_t is_over;   /* atomic */
	uint32_t n_begun;   /* atomic: of the others */
};

static void
hog_till(struct leat_ctx *ctx, void *arg)
{
	const struct leat__env *env = leat__env_posix();
	struct hog_till *till = arg;

	(void)ctx;
	leat__store_release(&till->has_begun, 1u);
	while (!leat__load_acquire(&till->is_over))
		env->yield(env);
}

static void
begin_and_sleep(struct leat_ctx *ctx, void *arg)
{
	struct hog_till *till = arg;

	leat__add_relaxed(&till->n_begun, 1u);
	(void)!leat_sleep_until(ctx, LEAT_NEVER);
}

/* Also where another worker keeps some stacks that it does not need. */
START_TEST(what_was_accepted_begins_though_there_is_no_memory_any_more)
{
	struct fail_env world;
	struct leat_workers *workers;
	struct hog_till till = {0};
	uint32_t n_accepted = 0;

	fail_env_init(&world);
	world.env.map_stacks = failing_map_stacks;
	world.env.unmap = counting_unmap;
	n_stacks_before_failure = 4;
	n_stacks_live = 0;
	workers = make(&world.env, 2);
	ck_assert_int_eq(leat_go(workers, hog_till, &till, NULL), LEAT_OK);
	while (!leat__load_acquire(&till.has_begun))
		leat_yield();
	while (leat_go(workers, begin_and_sleep, &till, NULL) == LEAT_OK)
		n_accepted++;
	ck_assert_uint_ge(n_accepted, 1);
	while (leat__load_relaxed(&till.n_begun) < n_accepted)
		leat_yield();
	leat__store_release(&till.is_over, 1u);
	leat_workers_destroy(workers);
	ck_assert_uint_eq(world.alloc_live, 0);
	ck_assert_int_eq(n_stacks_live, 0);
}
END_TEST

#define SHORT_FIBERS 1000

/* Where on its stack each of many stood. */
struct places {
	struct leat_workers *workers;
	uintptr_t at[SHORT_FIBERS];
	uint32_t n;
};

static void
note_place(struct leat_ctx *ctx, void *arg)
{
	struct places *places = arg;

	(void)ctx;
	places->at[places->n++] = (uintptr_t)__builtin_frame_address(0);
}

static void
start_short_ones(struct leat_ctx *ctx, void *arg)
{
	struct places *places = arg;

	(void)ctx;
	for (int k = 0; k < SHORT_FIBERS; k++)
		if (leat_go(places->workers, note_place, places, NULL) < 0)
			abort();
}

START_TEST(fibers_that_never_wait_run_on_one_stack)
{
	static struct places places;

	places.workers = make(leat__env_posix(), 1);
	ck_assert_int_eq(
		leat_go(places.workers, start_short_ones, &places, NULL),
		LEAT_OK);
	await_all(places.workers);
	ck_assert_uint_eq(places.n, SHORT_FIBERS);
	for (int k = 1; k < SHORT_FIBERS; k++)
		ck_assert_uint_eq(places.at[k], places.at[0]);
	leat_workers_destroy(places.workers);
}
END_TEST

static uint64_t
recurse(uint32_t depth)
{
	volatile char room[512];

	room[0] = (char)depth;
	return depth ? recurse(depth - 1) + (uint64_t)room[0] : 1;
}

static void
go_deep(struct leat_ctx *ctx, void *arg)
{
	(void)ctx;
	*(uint64_t *)arg = recurse(40);
	leat_yield();
	*(uint64_t *)arg = recurse(40);
}

START_TEST(a_stack_holds_what_it_is_said_to_hold)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.stack_bytes = 128 << 10, .start_stacks = 100};
	struct leat_workers *workers;
	uint64_t sums[200] = {0};

	ck_assert_int_eq(
		leat_workers_create(NULL, &opts, &workers, NULL), LEAT_OK);
	for (int k = 0; k < 200; k++)
		ck_assert_int_eq(
			leat_go(workers, go_deep, &sums[k], NULL), LEAT_OK);
	await_all(workers);
	for (int k = 0; k < 200; k++)
		ck_assert_uint_ne(sums[k], 0);
	leat_workers_destroy(workers);
}
END_TEST

static void
grow_down(char *limit)
{
	volatile char room[1024];

	room[0] = 1;
	if ((char *)room > limit)
		grow_down(limit);
	room[1] = room[0];
}

static void
overrun_and_yield(struct leat_ctx *ctx, void *arg)
{
	struct leat__fiber *self = leat__fiber_self();

	(void)ctx;
	(void)arg;
	grow_down(self->stack->low - 1);
	leat_yield();
}

static void
run_overrun(void *arg)
{
	struct leat_workers *workers = make(leat__env_posix(), 1);

	(void)arg;
	if (leat_go(workers, overrun_and_yield, NULL, NULL) == LEAT_OK)
		(void)!leat_workers_wait(workers, LEAT_NEVER);
}

START_TEST(a_stack_that_is_overrun_ends_the_process)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		fclose(stderr);
		run_overrun(NULL);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}
END_TEST

TEST_MAIN("exec/fiber", a_fiber_runs_once,
	fibers_start_fibers_also_after_the_close, a_yield_lets_the_others_run,
	who_waits_for_nothing_keeps_nobody_from_running,
	a_fiber_whose_quantum_is_spent_yields, a_fiber_knows_that_it_is_one,
	a_sleep_ends_at_its_deadline, a_sleep_ends_with_its_context,
	without_a_timer_thread_sleeps_end_all_the_same,
	without_memory_for_a_stack_go_says_so_and_nothing_is_lost,
	what_was_accepted_begins_though_there_is_no_memory_any_more,
	fibers_that_never_wait_run_on_one_stack,
	a_stack_holds_what_it_is_said_to_hold,
	a_stack_that_is_overrun_ends_the_process)
