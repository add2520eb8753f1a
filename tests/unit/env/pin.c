/*
 * unit/env/pin.c -- which cores threads stay on: texts, and threads that do.
 */
#define _GNU_SOURCE /* CPU_COUNT, sched_getcpu */
#include "support/test.h"

#include <sched.h>

#include "env/pin.h"
#include <leat/leat.h>

/* A world with the cores 1, 2, 3, 5 and 9. */
static int64_t
some_core_at(const struct leat__env *env, uint32_t k)
{
	static const int64_t cores[] = {1, 2, 3, 5, 9};

	(void)env;
	return k < 5 ? cores[k] : -1;
}

static struct leat__env
some_cores(void)
{
	struct leat__env env = *leat__env_posix();

	env.core_at = some_core_at;
	return env;
}

static void
is_pin(const char *text, uint32_t n, const uint32_t *cores)
{
	struct leat__env env = some_cores();
	struct leat__pin pin;
	struct leat_error err;
	int rc = leat__pin_parse(&env, "pin", text, &pin, &err);

	ck_assert_msg(rc == LEAT_OK, "%s: %s", text, err.text);
	ck_assert_uint_eq(pin.n, n);
	for (uint32_t k = 0; k < n; k++)
		ck_assert_uint_eq(pin.cores[k], cores[k]);
}

START_TEST(a_list_names_cores_and_ranges_of_them)
{
	is_pin("2", 1, (const uint32_t[]){2});
	is_pin("1-3,9", 4, (const uint32_t[]){1, 2, 3, 9});
	is_pin("9,1", 2, (const uint32_t[]){9, 1});
	is_pin("5-5", 1, (const uint32_t[]){5});
	is_pin("cores", 5, (const uint32_t[]){1, 2, 3, 5, 9});
	is_pin("off", 0, NULL);
	is_pin("", 0, NULL);
	is_pin(NULL, 0, NULL);
}
END_TEST

static void
is_refused(const char *text, const char *words)
{
	struct leat__env env = some_cores();
	struct leat__pin pin;
	struct leat_error err;

	ck_assert_int_eq(
		leat__pin_parse(&env, "pin", text, &pin, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, words), "'%s' of %s", err.text, text);
	ck_assert_ptr_nonnull(strstr(err.text, "1-3,5,9"));
}

START_TEST(what_is_no_list_or_not_allowed_is_refused)
{
	is_refused("0", "may not run on core 0");
	is_refused("1-4", "may not run on core 4");
	is_refused("99999999999", "off, cores, or a list");
	is_refused("777", "may not run on core 777");
	is_refused("core", "off, cores, or a list");
	is_refused("1,", "off, cores, or a list");
	is_refused(",1", "off, cores, or a list");
	is_refused("3-1", "off, cores, or a list");
	is_refused("1-", "off, cores, or a list");
	is_refused("1 2", "off, cores, or a list");
}
END_TEST

START_TEST(a_list_that_is_too_long_is_refused)
{
	struct leat__env env = some_cores();
	char text[2 * (LEAT__PIN_MAX + 1)] = "";
	struct leat__pin pin;

	for (uint32_t k = 0; k <= LEAT__PIN_MAX; k++)
		memcpy(text + 2 * k, "1,", 2);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(
		leat__pin_parse(&env, "pin", text, &pin, NULL), LEAT_ELIMIT);
	text[sizeof(text) - 3] = '\0';
	ck_assert_int_eq(
		leat__pin_parse(&env, "pin", text, &pin, NULL), LEAT_OK);
}
END_TEST

/* ---- threads ------------------------------------------------------------- */

/* Of the thread that asks. */
static int
n_own_cores(void)
{
	cpu_set_t cores;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(cores), &cores), 0);
	return CPU_COUNT(&cores);
}

struct seen {
	int n_cores;
	int core;
};

static int
look(struct leat_ctx *ctx, void *arg, void **result, struct leat_error *err)
{
	struct seen *seen = arg;

	(void)ctx;
	(void)result;
	(void)err;
	seen->n_cores = n_own_cores();
	seen->core = sched_getcpu();
	return LEAT_OK;
}

/* Where a task is run by workers on the last core, or by a thread of theirs. */
static struct seen
look_pinned(const char *pin, uint32_t flags)
{
	struct leat_workers_opts opts = {LEAT_OPTS_INIT(leat_workers_opts),
		.max_workers = 1, .pin = pin};
	struct leat_task_opts task = {
		LEAT_OPTS_INIT(leat_task_opts), .flags = flags};
	struct leat_workers *workers;
	struct seen seen = {0, -1};

	ck_assert_int_eq(
		leat_workers_create(NULL, &opts, &workers, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_workers_submit(workers, &task, look, &seen, NULL, NULL),
		LEAT_OK);
	leat_workers_close(workers);
	ck_assert_int_eq(leat_workers_wait(workers, LEAT_NEVER), LEAT_OK);
	leat_workers_destroy(workers);
	return seen;
}

/* Needs a machine of which this process may use more than one core. */
START_TEST(a_worker_stays_on_its_core_and_other_threads_do_not)
{
	const struct leat__env *env = leat__env_posix();
	uint32_t n = env->n_cores(env);
	int64_t last = env->core_at(env, n - 1);
	struct seen seen;
	char pin[24];

	ck_assert_int_eq(env->core_at(env, n), -1);
	ck_assert_int_ge(last, 0);
	snprintf(pin, sizeof(pin), "%lld", (long long)last);
	seen = look_pinned(pin, 0);
	ck_assert_int_eq(seen.n_cores, 1);
	ck_assert_int_eq(seen.core, last);
	seen = look_pinned("off", 0);
	ck_assert_int_eq(seen.n_cores, n);
	seen = look_pinned(pin, LEAT_TASK_BLOCKING);
	ck_assert_int_eq(seen.n_cores, n);
	ck_assert_int_eq(n_own_cores(), n);
}
END_TEST

/* From a thread that is pinned: what the process may do does not change. */
START_TEST(cores_are_those_of_the_process)
{
	const struct leat__env *env = leat__env_posix();
	uint32_t n = env->n_cores(env);
	struct leat__pin pin;

	ck_assert_int_eq(
		leat__pin_parse(env, "pin", "cores", &pin, NULL), LEAT_OK);
	ck_assert_uint_eq(pin.n, n);
	ck_assert_int_ne(env->thread_pin(env, 1000000), 0);
	ck_assert_int_eq(n_own_cores(), n);
}
END_TEST

START_TEST(a_graph_refuses_a_core_that_there_is_not)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .pin = "100000"};
	struct leat_graph *graph;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "pin: "));
	opts.pin = "cores";
	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("env/pin", a_list_names_cores_and_ranges_of_them,
	what_is_no_list_or_not_allowed_is_refused,
	a_list_that_is_too_long_is_refused,
	a_worker_stays_on_its_core_and_other_threads_do_not,
	cores_are_those_of_the_process,
	a_graph_refuses_a_core_that_there_is_not)
