/*
 * unit/run/spool.c -- one file without a name: appended to, read anywhere.
 */
#include <errno.h>
#include <string.h>

#include <leat/io.h>

#include "graph/graph.h"
#include "support/fail.h"
#include "support/pipe.h"
#include "support/test.h"

#define BOUND 100000u

static struct fail_env world;
static struct leat_graph *graph;
static struct leat_stage *st;
static struct leat_scratch *scratch;

static void
setup(void)
{
	struct leat_step step = {&leat_upper_ops, NULL};

	fail_env_init(&world);
	ck_assert_int_eq(
		leat__graph_create(&world.env, NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &step, &st, NULL), LEAT_OK);
	leat__account_init(&st->account, graph->arena, 65536);
	graph->state = LEAT__GRAPH_RUNNING; /* it may have side memory */
	pipe_enter_folder();
	ck_assert_int_eq(leat_scratch_open(st, ".", BOUND, &scratch), LEAT_OK);
}

static void
teardown(void)
{
	leat_scratch_close(scratch);
	leat_scratch_close(NULL);
	ck_assert_uint_eq(world.fd_live, 0);
	ck_assert_uint_eq(pipe_count_files(), 0);
	pipe_leave_folder();
	graph->state = LEAT__GRAPH_BUILDING;
	leat_graph_destroy(graph);
}

static uint8_t
byte_at(uint64_t k)
{
	return (uint8_t)(k * 7 + k / 251);
}

static int
append(size_t n)
{
	static uint8_t buf[BOUND];
	uint64_t at, from = leat_scratch_bytes(scratch);
	int rc;

	for (size_t k = 0; k < n && k < sizeof(buf); k++)
		buf[k] = byte_at(from + k);
	rc = leat_scratch_append(scratch, buf, n, &at);
	if (rc == LEAT_OK)
		ck_assert_uint_eq(at, from);
	return rc;
}

static void
expect(uint64_t from, size_t n)
{
	static uint8_t buf[BOUND];

	ck_assert_int_eq(leat_scratch_read(scratch, from, buf, n), LEAT_OK);
	for (size_t k = 0; k < n; k++)
		ck_assert_uint_eq(buf[k], byte_at(from + k));
}

START_TEST(what_was_appended_is_read_anywhere)
{
	setup();
	world.short_seed = 5; /* the disk moves less than it is asked to */
	for (size_t n = 1; n < 400; n++)
		ck_assert_int_eq(append(n), LEAT_OK);
	expect(70000, 9000);
	expect(0, 300);
	expect(79799, 1);
	expect(5, 0);
	ck_assert_int_eq(append(17), LEAT_OK);
	expect(79700, 117);
	teardown();
}
END_TEST

START_TEST(the_bound_is_exact)
{
	setup();
	ck_assert_int_eq(append(BOUND), LEAT_OK);
	ck_assert_int_eq(append(1), LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(st->error.text,
		"more than 100000 bytes would have to wait in '.'"));
	expect(0, BOUND);
	teardown();
}
END_TEST

START_TEST(a_full_disk_and_a_bad_one_are_said)
{
	setup();
	ck_assert_int_eq(append(50), LEAT_OK);
	world.write.fail_at = 2;
	world.write.sys_errno = ENOSPC;
	ck_assert_int_eq(append(10), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(st->error.text, "No space left"));
	world.read.fail_at = 1;
	ck_assert_int_eq(leat_scratch_read(scratch, 0, st->name, 1), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(st->error.text, "cannot read back"));
	teardown();
}
END_TEST

START_TEST(a_cancelled_run_moves_nothing_more)
{
	uint8_t byte;

	setup();
	ck_assert_int_eq(append(10), LEAT_OK);
	leat_ctx_cancel(graph->ctx, LEAT_ECANCELED, "enough");
	ck_assert_int_eq(append(10), LEAT_ECANCELED);
	ck_assert_int_eq(
		leat_scratch_read(scratch, 0, &byte, 1), LEAT_ECANCELED);
	teardown();
}
END_TEST

START_TEST(a_folder_that_does_not_do_is_named)
{
	struct leat_scratch *other;

	setup();
	ck_assert_int_eq(
		leat_scratch_open(st, "/nowhere", BOUND, &other), LEAT_EIO);
	ck_assert_ptr_nonnull(
		strstr(st->error.text, "cannot create a file in '/nowhere'"));
	teardown();
}
END_TEST

TEST_MAIN("run/spool", what_was_appended_is_read_anywhere, the_bound_is_exact,
	a_full_disk_and_a_bad_one_are_said, a_cancelled_run_moves_nothing_more,
	a_folder_that_does_not_do_is_named)
