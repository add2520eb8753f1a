/*
 * graph/errors.c: what went wrong in a graph is told, the cause first, and
 * nothing is kept back: neither what fails while a run is ended nor what is
 * left behind when a file is closed.
 */
#include <errno.h>
#include <unistd.h>

#include <leat/io.h>
#include <leat/leat.h>

#include "graph/graph.h"
#include "support/fail.h"
#include "support/pipe.h"
#include "support/test.h"

/* ---- sources of one function --------------------------------------------- */

typedef int (*source_fn)(struct leat_stage *st);

struct source_opts {
	uint32_t size;
	uint32_t flags;
	source_fn fn;
	source_fn open;
};

static const struct source_opts *
source_of(struct leat_stage *st)
{
	return *(const struct source_opts **)leat_stage_state(st);
}

static int
source_init(struct leat_stage *st, const void *opts)
{
	*(const void **)leat_stage_state(st) = opts;
	return LEAT_OK;
}

static int
source_open(struct leat_stage *st)
{
	return source_of(st)->open ? source_of(st)->open(st) : LEAT_OK;
}

static int
source_produce(struct leat_stage *st)
{
	int rc = source_of(st)->fn(st);

	return rc < 0 ? rc : LEAT_EOS;
}

static const struct leat_stage_ops source_ops = {
	LEAT_STAGE_OPS_INIT("source"),
	.flags = LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct source_opts),
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = 4096},
	.init = source_init,
	.open = source_open,
	.produce = source_produce,
};

static int
ignore_process(struct leat_stage *st, struct leat_frame *in)
{
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops ignore_ops = {
	LEAT_STAGE_OPS_INIT("ignore"),
	.flags = LEAT_STAGE_SINK,
	.process = ignore_process,
};

static int
fail_at_once(struct leat_stage *st)
{
	return leat_stage_fail_errno(st, LEAT_EIO, EPIPE, "the first");
}

/* Sources that wait for the end. */
static uint32_t n_inside;

static void
enter(void)
{
	const struct leat__env *env = leat__env_posix();

	leat__add_acq_rel(&n_inside, 1u); /* pairs with await_inside */
	env->wake(env, &n_inside);
}

static void
await_inside(uint32_t n)
{
	const struct leat__env *env = leat__env_posix();
	uint32_t is;

	/* acquire: pairs with enter */
	while ((is = leat__load_acquire(&n_inside)) < n)
		env->park(env, &n_inside, is, LEAT_NEVER);
}

static int
fail_after_one(struct leat_stage *st)
{
	await_inside(1);
	return fail_at_once(st);
}

static int
fail_when_ended(struct leat_stage *st)
{
	enter();
	ck_assert_int_eq(leat_sleep_until(leat_stage_ctx(st), LEAT_NEVER),
		LEAT_ECANCELED);
	return leat_stage_fail(st, LEAT_EDATA, "could not be put away");
}

static int
end_when_ended(struct leat_stage *st)
{
	return leat_sleep_until(leat_stage_ctx(st), LEAT_NEVER);
}

/* ---- graphs of them -------------------------------------------------------- */

static struct leat_graph *
graph_of(const struct leat__env *env)
{
	struct leat_graph *graph;

	ck_assert_int_eq(leat__graph_create(env, NULL, &graph, NULL), LEAT_OK);
	return graph;
}

static void
add_source(struct leat_graph *graph, const char *name, source_fn fn,
	source_fn open)
{
	struct source_opts opts = {
		LEAT_OPTS_INIT(source_opts), .fn = fn, .open = open};
	struct leat_step step = {&source_ops, &opts};
	struct leat_step sink = {&ignore_ops, NULL};
	struct leat_stage *from, *to;
	struct leat_error err;

	ck_assert_msg(leat_graph_add(graph, name, &step, &from, &err) == 0,
		"%s", err.text);
	ck_assert_int_eq(leat_graph_add(graph, NULL, &sink, &to, NULL), 0);
	ck_assert_int_eq(leat_graph_link(graph, leat_out(from, 0),
				 leat_in(to, 0), NULL, NULL),
		LEAT_OK);
}

static struct leat_error
error_of(struct leat_graph *graph, uint32_t k)
{
	struct leat_error err;

	ck_assert_int_eq(leat_graph_error(graph, k, &err), LEAT_OK);
	return err;
}

static void
check_same(const struct leat_error *a, const struct leat_error *b)
{
	ck_assert_int_eq(a->code, b->code);
	ck_assert_str_eq(a->stage, b->stage);
	ck_assert_str_eq(a->text, b->text);
	ck_assert_int_eq(a->time_ns, b->time_ns);
}

/* ---- the cause, and what came of it ---------------------------------------- */

START_TEST(what_fails_while_the_run_is_ended_stands_behind_the_cause)
{
	struct leat_graph *graph = graph_of(leat__env_posix());
	int64_t before_ns = graph->env->wall_ns(graph->env);
	struct leat_error err, first, second;

	add_source(graph, "late", fail_when_ended, NULL);
	add_source(graph, "early", fail_after_one, NULL);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_EIO);
	ck_assert_uint_eq(leat_graph_n_errors(graph), 2);
	first = error_of(graph, 0);
	second = error_of(graph, 1);
	check_same(&first, &err);
	ck_assert_str_eq(first.stage, "early");
	ck_assert_int_eq(first.sys_errno, EPIPE);
	ck_assert_int_ge(first.time_ns, before_ns);
	ck_assert_str_eq(second.stage, "late");
	ck_assert_str_eq(second.text, "could not be put away");
	ck_assert_int_ge(second.time_ns, first.time_ns);
	ck_assert_int_le(second.time_ns, graph->env->wall_ns(graph->env));
	ck_assert_int_eq(leat_graph_error(graph, 2, &err), LEAT_EINVAL);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(of_many_errors_the_first_are_kept_and_all_are_counted)
{
	struct leat_graph *graph = graph_of(leat__env_posix());
	struct leat_error err;
	char name[16];

	for (int k = 0; k < 12; k++) {
		snprintf(name, sizeof(name), "late%d", k);
		add_source(graph, name, fail_when_ended, NULL);
	}
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	await_inside(12);
	leat_ctx_cancel(leat_graph_ctx(graph), LEAT_ELIMIT, "enough of it");
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_ELIMIT);
	ck_assert_uint_eq(leat_graph_n_errors(graph), 13);
	err = error_of(graph, 0);
	ck_assert_str_eq(err.text, "enough of it");
	ck_assert_int_ne(err.time_ns, 0);
	for (uint32_t k = 1; k < LEAT_GRAPH_ERRORS_MAX; k++)
		ck_assert_int_eq(error_of(graph, k).code, LEAT_EDATA);
	ck_assert_int_eq(leat_graph_error(graph, LEAT_GRAPH_ERRORS_MAX, &err),
		LEAT_EINVAL);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(that_others_were_cancelled_is_no_error_of_its_own)
{
	struct leat_graph *graph = graph_of(leat__env_posix());

	add_source(graph, "a", end_when_ended, NULL);
	add_source(graph, "b", end_when_ended, NULL);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	ck_assert_uint_eq(leat_graph_n_errors(graph), 1);
	ck_assert_int_eq(error_of(graph, 0).code, LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_start_that_fails_leads_with_its_cause)
{
	struct leat_graph *graph = graph_of(leat__env_posix());
	struct leat_error err, first;

	add_source(graph, "a", end_when_ended, NULL);
	add_source(graph, "b", end_when_ended, fail_at_once);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_EIO);
	ck_assert_uint_eq(leat_graph_n_errors(graph), 1);
	first = error_of(graph, 0);
	check_same(&first, &err);
	ck_assert_str_eq(first.stage, "b");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(a_run_that_goes_well_has_no_errors)
{
	struct leat_graph *graph = graph_of(leat__env_posix());
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in", "abc");
	ck_assert_int_eq(
		leat_graph_parse(graph, "read in ! write out", &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_OK);
	ck_assert_uint_eq(leat_graph_n_errors(graph), 0);
	ck_assert_int_eq(leat_graph_error(graph, 0, &err), LEAT_EINVAL);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

static struct fail_env *world_of_tests;

/* From here on there is no memory. */
static int
fail_without_memory(struct leat_stage *st)
{
	world_of_tests->alloc_fail_at = world_of_tests->alloc_n + 1;
	world_of_tests->alloc_fail_for_ever = true;
	return fail_at_once(st);
}

START_TEST(a_cause_without_memory_for_its_words_has_them_all_the_same)
{
	struct leat_graph *graph;
	struct fail_env world;
	struct leat_error err;

	fail_env_init(&world);
	world_of_tests = &world;
	graph = graph_of(&world.env);
	add_source(graph, "a", fail_without_memory, NULL);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_EIO);
	ck_assert_str_eq(err.stage, "a");
	ck_assert_str_eq(err.text, "the first");
	ck_assert_uint_eq(leat_graph_n_errors(graph), 1);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(world.alloc_live, 0);
}
END_TEST

/* ---- the place in the data -------------------------------------------------- */

static struct leat_error
error_of_job(const char *text, int code)
{
	struct leat_graph *graph = graph_of(leat__env_posix());
	struct leat_error err;
	int rc = leat_graph_parse(graph, text, &err);

	ck_assert_msg(rc == LEAT_OK, "%s", err.text);
	rc = leat_graph_run(graph, &err);
	ck_assert_msg(rc == code, "%s: %s", text, err.text);
	leat_graph_destroy(graph);
	return err;
}

static void
check_place(const struct leat_error *err, const char *origin, uint64_t line,
	uint64_t column, uint64_t offset)
{
	ck_assert_str_eq(err->origin, origin);
	ck_assert_uint_eq(err->line, line);
	ck_assert_uint_eq(err->column, column);
	ck_assert_uint_eq(err->offset, offset);
}

START_TEST(an_error_says_in_fields_where_in_the_data_it_lies)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n1,2\n3\n");
	err = error_of_job("read in.csv ! write out.csv", LEAT_EDATA);
	check_place(&err, "in.csv", 3, 1, 8);
	pipe_put_text("open.csv", "a,b\n1,\"2\n");
	err = error_of_job("read open.csv ! write out.csv", LEAT_EDATA);
	check_place(&err, "open.csv", 2, 3, 6);
	pipe_put_text("x.csv", "a\n7\n\nx\n");
	err = error_of_job(
		"read x.csv ! where \"a::int64 > 1\" ! write out.csv",
		LEAT_EDATA);
	ck_assert_str_eq(err.origin, "x.csv");
	ck_assert_uint_eq(err.line, 4);
	pipe_put_text("in", "abc");
	err = error_of_job("read in ! write /dev/full", LEAT_EIO);
	check_place(&err, "/dev/full", 0, 0, 0);
	ck_assert_int_eq(err.sys_errno, ENOSPC);
	pipe_leave_folder();
}
END_TEST

/* ---- files ------------------------------------------------------------------ */

static int
write_some(struct leat_stage *st)
{
	struct leat_file *file;
	int rc;

	LEAT_TRY(leat_file_create(st, "out", LEAT_FILE_NO_SYNC, &file));
	rc = leat_file_write(file, "abc", 3);
	if (rc == LEAT_OK)
		rc = leat_file_commit(file);
	leat_file_close(file);
	return rc;
}

static int
write_in_two(struct leat_stage *st)
{
	struct leat_file *file;
	int rc;

	LEAT_TRY(leat_file_create(st, "out", LEAT_FILE_NO_SYNC, &file));
	rc = leat_file_write(file, "abc", 3);
	leat_file_suspend(file);
	leat_file_suspend(file);
	if (rc == LEAT_OK)
		rc = leat_file_write(file, "def", 3);
	leat_file_close(file);
	return rc;
}

static int
write_and_keep(struct leat_stage *st)
{
	struct leat_file *file;

	LEAT_TRY(leat_file_create(st, "out", 0, &file));
	LEAT_TRY(leat_file_write(file, "abc", 3));
	leat_file_keep_partial(file);
	leat_file_close(file);
	return LEAT_OK;
}

/* What the graph tells when fn is run in this world; n of them, the last. */
static struct leat_error
error_of_file(struct fail_env *world, source_fn fn, int code, uint32_t n)
{
	struct leat_graph *graph = graph_of(&world->env);
	struct leat_error err;

	add_source(graph, "a", fn, NULL);
	ck_assert_int_eq(leat_graph_run(graph, &err), code);
	ck_assert_uint_eq(leat_graph_n_errors(graph), n);
	err = error_of(graph, n - 1);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(world->fd_live, 0);
	return err;
}

START_TEST(a_file_that_cannot_be_closed_is_not_given_its_name)
{
	struct fail_env world;
	struct leat_error err;

	pipe_enter_folder();
	fail_env_init(&world);
	world.close = (struct fail_call){.fail_at = 1, .sys_errno = EDQUOT};
	err = error_of_file(&world, write_some, LEAT_EIO, 1);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot close 'out'"));
	ck_assert_int_eq(err.sys_errno, EDQUOT);
	check_place(&err, "out", 0, 0, 3);
	ck_assert_uint_eq(pipe_count_files(), 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_suspended_file_that_was_not_closed_well_takes_no_more)
{
	struct fail_env world;
	struct leat_error err;

	pipe_enter_folder();
	fail_env_init(&world);
	world.close = (struct fail_call){.fail_at = 1, .sys_errno = ENOSPC};
	err = error_of_file(&world, write_in_two, LEAT_EIO, 1);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot close 'out'"));
	ck_assert_uint_eq(pipe_count_files(), 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_temporary_file_that_cannot_be_removed_is_told_of)
{
	struct fail_env world;
	struct leat_error err;

	pipe_enter_folder();
	fail_env_init(&world);
	world.write = (struct fail_call){.fail_at = 1, .sys_errno = ENOSPC};
	world.unlink = (struct fail_call){.fail_at = 1, .sys_errno = EROFS};
	err = error_of_file(&world, write_some, LEAT_EIO, 2);
	ck_assert_ptr_nonnull(strstr(err.text, "could not be removed"));
	ck_assert_str_eq(err.stage, "a");
	ck_assert_int_eq(err.sys_errno, EROFS);
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_somebody_else_has_removed_is_nothing_to_tell)
{
	struct fail_env world;
	struct leat_error err;

	pipe_enter_folder();
	fail_env_init(&world);
	world.write = (struct fail_call){.fail_at = 1, .sys_errno = ENOSPC};
	world.unlink = (struct fail_call){.fail_at = 1, .sys_errno = ENOENT};
	err = error_of_file(&world, write_some, LEAT_EIO, 1);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot write 'out'"));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_partial_file_without_its_name_is_told_of_though_all_went_well)
{
	struct fail_env world;
	struct leat_error err;

	pipe_enter_folder();
	fail_env_init(&world);
	world.rename = (struct fail_call){.fail_at = 1, .sys_errno = EACCES};
	err = error_of_file(&world, write_and_keep, LEAT_OK, 1);
	ck_assert_ptr_nonnull(strstr(err.text, "'out' stays under the name"));
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("graph/errors",
	what_fails_while_the_run_is_ended_stands_behind_the_cause,
	of_many_errors_the_first_are_kept_and_all_are_counted,
	that_others_were_cancelled_is_no_error_of_its_own,
	a_start_that_fails_leads_with_its_cause,
	a_run_that_goes_well_has_no_errors,
	a_cause_without_memory_for_its_words_has_them_all_the_same,
	an_error_says_in_fields_where_in_the_data_it_lies,
	a_file_that_cannot_be_closed_is_not_given_its_name,
	a_suspended_file_that_was_not_closed_well_takes_no_more,
	a_temporary_file_that_cannot_be_removed_is_told_of,
	what_somebody_else_has_removed_is_nothing_to_tell,
	a_partial_file_without_its_name_is_told_of_though_all_went_well)
