/*
 * unit/run/scratch.c -- bytes to the disk and back, bounded, without a trace.
 */
#include <errno.h>
#include <string.h>

#include "graph/graph.h"
#include "run/scratch.h"
#include "support/fail.h"
#include "support/pipe.h"
#include "support/test.h"

#define BOUND 524288u

static struct fail_env world;
static struct leat_graph *graph;
static struct leat_stage *st;
static struct leat__scratch scratch;

static void
setup(const char *folder, uint64_t most_bytes)
{
	struct leat_step step = {&leat_upper_ops, NULL};

	fail_env_init(&world);
	ck_assert_int_eq(
		leat__graph_create(&world.env, NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_add(graph, NULL, &step, &st, NULL), LEAT_OK);
	leat__scratch_init(&scratch, st, folder, most_bytes);
	pipe_enter_folder();
}

static void
teardown(void)
{
	leat__scratch_fini(&scratch);
	ck_assert_uint_eq(world.fd_live, 0);
	ck_assert_uint_eq(pipe_count_files(), 0);
	pipe_leave_folder();
	leat_graph_destroy(graph);
}

static uint8_t
byte_at(uint64_t k)
{
	return (uint8_t)(k * 7 + k / 251);
}

static int
write_bytes(uint64_t from, size_t n)
{
	static uint8_t buf[BOUND];

	for (size_t k = 0; k < n; k++)
		buf[k] = byte_at(from + k);
	return leat__scratch_write(&scratch, buf, n);
}

static void
expect_bytes(uint64_t from, size_t n)
{
	static uint8_t buf[BOUND];

	ck_assert_int_eq(leat__scratch_read(&scratch, buf, n), LEAT_OK);
	while (n > 0 && buf[n - 1] == byte_at(from + n - 1))
		n--;
	ck_assert_uint_eq(n, 0);
}

/* Ten times the bound goes through, written and read in odd pieces. */
static void
pass_through(void)
{
	uint64_t n_written = 0, n_read = 0;

	while (n_read < 5ull * BOUND) {
		size_t n = 1 + (size_t)(n_written % 40001);

		if (leat__scratch_has_room(&scratch, n)) {
			ck_assert_int_eq(write_bytes(n_written, n), LEAT_OK);
			n_written += n;
			ck_assert_uint_le(scratch.n_bytes, BOUND);
			continue;
		}
		n = 1 + (size_t)(n_read % 30011);
		n = n < n_written - n_read ? n : (size_t)(n_written - n_read);
		expect_bytes(n_read, n);
		n_read += n;
	}
}

START_TEST(what_was_written_comes_back_and_gives_its_room_back)
{
	setup(".", BOUND);
	pass_through();
	teardown();
}
END_TEST

START_TEST(the_disk_may_move_less_than_was_asked)
{
	setup(".", BOUND);
	world.short_seed = 5;
	pass_through();
	teardown();
}
END_TEST

START_TEST(the_bound_is_exact_until_something_is_read)
{
	setup(".", BOUND);
	ck_assert(leat__scratch_has_room(&scratch, BOUND));
	ck_assert(!leat__scratch_has_room(&scratch, BOUND + 1));
	ck_assert_int_eq(write_bytes(0, BOUND), LEAT_OK);
	ck_assert(!leat__scratch_has_room(&scratch, 1));
	expect_bytes(0, BOUND);
	ck_assert(leat__scratch_has_room(&scratch, BOUND));
	ck_assert_uint_eq(world.fd_live, 0);
	teardown();
}
END_TEST

START_TEST(a_folder_can_be_tried_and_is_named_if_it_does_not_do)
{
	setup(".", BOUND);
	ck_assert_int_eq(leat__scratch_try(&scratch), LEAT_OK);
	teardown();
	setup("/nowhere", BOUND);
	ck_assert_int_eq(leat__scratch_try(&scratch), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(st->error.text,
		"cannot create a file in '/nowhere': No such file"));
	ck_assert_int_eq(st->error.sys_errno, ENOENT);
	teardown();
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
	static char folder[5000];

	memset(folder, 'x', sizeof(folder) - 1);
	setup(folder, BOUND);
	ck_assert_int_eq(write_bytes(0, 1), LEAT_EIO);
	ck_assert_int_eq(st->error.sys_errno, ENAMETOOLONG);
	teardown();
}
END_TEST

START_TEST(a_full_disk_and_a_bad_one_are_said)
{
	setup(".", BOUND);
	world.write.fail_at = 2;
	world.write.sys_errno = ENOSPC;
	ck_assert_int_eq(write_bytes(0, 100), LEAT_OK);
	ck_assert_int_eq(write_bytes(100, 100), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(st->error.text,
		"cannot write to a file in '.': No space left on device, with "
		"100 bytes of it in use"));
	world.read.fail_at = 1;
	ck_assert_int_eq(leat__scratch_read(&scratch, st->name, 1), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(st->error.text, "cannot read back"));
	teardown();
}
END_TEST

START_TEST(a_cancelled_run_moves_nothing_more)
{
	setup(".", BOUND);
	ck_assert_int_eq(write_bytes(0, 10), LEAT_OK);
	leat_ctx_cancel(graph->ctx, LEAT_ECANCELED, "enough");
	ck_assert_int_eq(write_bytes(10, 10), LEAT_ECANCELED);
	ck_assert_int_eq(
		leat__scratch_read(&scratch, st->name, 1), LEAT_ECANCELED);
	teardown();
}
END_TEST

TEST_MAIN("run/scratch", what_was_written_comes_back_and_gives_its_room_back,
	the_disk_may_move_less_than_was_asked,
	the_bound_is_exact_until_something_is_read,
	a_folder_can_be_tried_and_is_named_if_it_does_not_do,
	a_path_that_is_too_long_is_refused, a_full_disk_and_a_bad_one_are_said,
	a_cancelled_run_moves_nothing_more)
