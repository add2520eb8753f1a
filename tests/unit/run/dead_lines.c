/*
 * unit/run/dead_lines.c -- dead letters in a file of lines: what is there is
 * whole, whoever else is at it and whatever fails.
 */
#include "stores.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "run/dead.h"
#include "run/dead_lines.h"
#include "support/fail.h"

/* In a world that fails. */
static struct leat_dead *
open_in(struct fail_env *world, struct leat_error *err)
{
	struct leat_dead *dead = NULL;

	if (leat__dead_open_store(&world->env, &leat_dead_lines_ops, "d",
		    LEAT_DEAD_ADD, &dead, err) < 0)
		return NULL;
	return dead;
}

START_TEST(letters_are_added_behind_those_that_are_there)
{
	struct leat_dead *dead;

	pipe_enter_folder();
	for (int k = 0; k < 2; k++) {
		dead = store_open("d");
		ck_assert_int_eq(store_put(dead, k ? "2" : "1", "a"), LEAT_OK);
		ck_assert_int_eq(leat_dead_sync(dead, NULL), LEAT_OK);
		leat_dead_close(dead);
	}
	store_holds("d", "1a 2a ");
	pipe_leave_folder();
}
END_TEST

START_TEST(an_id_is_drawn_where_there_is_none)
{
	struct leat_dead *dead;
	char *text;

	pipe_enter_folder();
	dead = store_open("d");
	ck_assert_int_eq(store_put(dead, NULL, "a"), LEAT_OK);
	ck_assert_int_eq(store_put(dead, NULL, "a"), LEAT_OK);
	leat_dead_close(dead);
	text = pipe_get_file("d", NULL);
	ck_assert_ptr_nonnull(strstr(text, "-1\",\"time\""));
	ck_assert_ptr_nonnull(strstr(text, "-2\",\"time\""));
	free(text);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_line_that_was_cut_off_is_not_glued_to_the_next)
{
	struct leat_dead *dead;

	pipe_enter_folder();
	pipe_put_text("d", "{\"v\":1,\"id\":\"0\",\"rec");
	dead = store_open("d");
	ck_assert_int_eq(store_put(dead, "1", "a"), LEAT_OK);
	store_holds("d", "?{\"v\":1,\"id\":\"0\",\"rec 1a ");
	/* and so also in the middle of a run */
	pipe_put_text("d", "{\"v\":1");
	ck_assert_int_eq(store_put(dead, "2", "b"), LEAT_OK);
	store_holds("d", "?{\"v\":1 2b ");
	leat_dead_close(dead);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_letter_that_cannot_be_written_leaves_nothing)
{
	static char record[60000];

	memset(record, 'r', sizeof(record) - 1);
	pipe_enter_folder();
	/* 60000 bytes are four writes: each fails once */
	for (uint64_t at = 2; at <= 5; at++) {
		struct fail_env world;
		struct leat_dead *dead;
		struct leat_error err = {0};
		struct leat_letter letter = {.id = "2",
			.data = record,
			.n_bytes = sizeof(record) - 1};

		unlink("d");
		fail_env_init(&world);
		dead = open_in(&world, &err);
		ck_assert_int_eq(store_put(dead, "1", "a"), LEAT_OK);
		world.write.fail_at = at;
		world.write.sys_errno = ENOSPC;
		ck_assert_int_eq(leat_dead_put(dead, &letter, &err), LEAT_EIO);
		ck_assert_int_eq(err.sys_errno, ENOSPC);
		store_holds("d", "1a ");
		/* the run ends: no later one stands there without it */
		ck_assert_int_eq(store_put(dead, "3", "c"), LEAT_EIO);
		leat_dead_close(dead);
		ck_assert_uint_eq(world.fd_live, 0);
		ck_assert_uint_eq(world.alloc_live, 0);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(short_writes_make_whole_lines)
{
	struct fail_env world;
	struct leat_dead *dead;

	pipe_enter_folder();
	fail_env_init(&world);
	world.short_seed = 1;
	dead = open_in(&world, NULL);
	ck_assert_int_eq(store_put(dead, "1", "some text"), LEAT_OK);
	ck_assert_int_eq(store_put(dead, "2", "more"), LEAT_OK);
	leat_dead_close(dead);
	store_holds("d", "1some text 2more ");
	pipe_leave_folder();
}
END_TEST

START_TEST(what_fails_is_said)
{
	struct fail_env world;
	struct leat_error err = {0};
	struct leat_dead *dead;

	pipe_enter_folder();
	fail_env_init(&world);
	world.open.fail_at = 1;
	ck_assert_ptr_null(open_in(&world, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "cannot open 'd'"));
	fail_env_init(&world);
	world.alloc_fail_at = 1;
	ck_assert_ptr_null(open_in(&world, &err));
	ck_assert_int_eq(err.code, LEAT_ENOMEM);
	for (uint64_t k = 1; k <= 2; k++) { /* the file, its folder */
		fail_env_init(&world);
		world.sync.fail_at = k;
		dead = open_in(&world, &err);
		ck_assert_int_eq(leat_dead_sync(dead, &err), LEAT_EIO);
		ck_assert_ptr_nonnull(strstr(err.text, "cannot sync"));
		leat_dead_close(dead);
	}
	ck_assert_int_eq(
		leat_dead_open(NULL, "none", LEAT_DEAD_READ, &dead, &err),
		LEAT_EIO);
	ck_assert_int_eq(leat_dead_open(NULL, ".", LEAT_DEAD_READ, &dead, &err),
		LEAT_EIO);
	ck_assert_int_eq(
		leat_dead_open(NULL, "d", 7, &dead, &err), LEAT_EINVAL);
	ck_assert_int_eq(leat_dead_open(NULL, "", LEAT_DEAD_ADD, &dead, &err),
		LEAT_EINVAL);
	ck_assert_uint_eq(world.fd_live, 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_process_that_is_killed_loses_no_letter_that_it_was_told_of)
{
	uint32_t n_cut = 0;

	pipe_enter_folder();
	for (useconds_t k = 0; k < 12; k++) {
		struct counted c;
		struct leat_dead *dead;
		uint64_t last;

		unlink("d");
		last = store_killed_while_adding("d", 300 * k);
		dead = store_open("d"); /* nobody has the lock any more */
		ck_assert_int_eq(store_put(dead, "1", "a"), LEAT_OK);
		leat_dead_close(dead);
		c = store_count("d");
		ck_assert_uint_ge(c.n, last);
		ck_assert_uint_le(c.n, last + 1);
		n_cut += c.n_damaged;
	}
	ck_assert_uint_le(n_cut, 12); /* each at most one */
	pipe_leave_folder();
}
END_TEST

/* The file is another one now; a child may have the old one open. */
START_TEST(a_file_that_was_put_aside_is_not_locked_any_more)
{
	const struct leat__env *env = leat__env_posix();
	struct leat_dead *dead;
	int old, of_a_child;

	pipe_enter_folder();
	dead = store_open("d");
	ck_assert_int_eq(store_put(dead, "1", "a"), LEAT_OK);
	old = open("d", O_RDWR);
	/* what a fork would give it */
	of_a_child = dup(((const struct leat__lines *)dead->state)->fd);
	ck_assert_int_ge(old, 0);
	ck_assert_int_ge(of_a_child, 0);
	ck_assert_int_eq(rename("d", "old"), 0);
	ck_assert_int_eq(store_put(dead, "2", "b"), LEAT_OK);
	ck_assert_int_eq(env->lock(env, old), 0);
	close(of_a_child);
	close(old);
	leat_dead_close(dead);
	store_holds("old", "1a ");
	store_holds("d", "2b ");
	pipe_leave_folder();
}
END_TEST

START_TEST(two_that_write_and_one_that_changes_lose_nothing)
{
	pipe_enter_folder();
	store_has_all_of_two_writers("d");
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_full_disk_holds_whole_letters)
{
	static char record[3000];
	struct leat_dead *dead;
	uint64_t n = 0;
	char id[32];

	memset(record, 'r', sizeof(record) - 1);
	pipe_enter_folder();
	ck_assert_int_eq(mkdir("small", 0777), 0);
	/* who may not mount has the fault of the write above */
	if (mount("none", "small", "tmpfs", 0, "size=64k") != 0) {
		pipe_leave_folder();
		return;
	}
	dead = store_open("small/d");
	do
		snprintf(id, sizeof(id), "%llu", (unsigned long long)++n);
	while (store_put(dead, id, record) == LEAT_OK && n < 1000);
	leat_dead_close(dead);
	ck_assert_uint_gt(n, 2);
	ck_assert_uint_lt(n, 1000);
	{
		struct counted c = store_count("small/d");
		struct stat info;

		ck_assert_uint_eq(c.n_damaged, 0);
		ck_assert_int_eq(stat("small/d", &info), 0);
		ck_assert_int_eq(info.st_size % (off_t)(n - 1) >= 0, 1);
	}
	umount("small");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_pipe_takes_letters_too)
{
	struct leat_dead *dead;
	char text[512];
	ssize_t n;
	int fd;

	pipe_enter_folder();
	ck_assert_int_eq(mkfifo("p", 0666), 0);
	fd = open("p", O_RDWR | O_NONBLOCK);
	dead = store_open("p");
	ck_assert_int_eq(store_put(dead, "1", "a"), LEAT_OK);
	ck_assert_int_eq(leat_dead_sync(dead, NULL), LEAT_OK);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "\"record\":\"a\"}\n"));
	leat_dead_close(dead);
	close(fd);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/dead_lines", letters_are_added_behind_those_that_are_there,
	an_id_is_drawn_where_there_is_none,
	a_line_that_was_cut_off_is_not_glued_to_the_next,
	a_letter_that_cannot_be_written_leaves_nothing,
	short_writes_make_whole_lines, what_fails_is_said,
	a_process_that_is_killed_loses_no_letter_that_it_was_told_of,
	a_file_that_was_put_aside_is_not_locked_any_more,
	two_that_write_and_one_that_changes_lose_nothing,
	a_full_disk_holds_whole_letters, a_pipe_takes_letters_too)
