/*
 * unit/run/dead_change.c -- a file of dead letters, read and changed.
 */
#include "stores.h"

#include <errno.h>
#include <sys/stat.h>

#include "run/dead.h"
#include "support/fail.h"

static void
put_some(const char *path)
{
	struct leat_dead *dead = store_open(path);

	unlink(path);
	ck_assert_int_eq(store_put(dead, "1", "a"), LEAT_OK);
	ck_assert_int_eq(store_put(dead, "2", "d"), LEAT_OK);
	ck_assert_int_eq(store_put(dead, "3", "c"), LEAT_OK);
	ck_assert_int_eq(store_put(dead, "4", "b"), LEAT_OK);
	leat_dead_close(dead);
}

START_TEST(each_letter_becomes_what_was_decided)
{
	struct leat_dead *dead;
	char *text;

	pipe_enter_folder();
	put_some("d");
	ck_assert_int_eq(leat_dead_open(NULL, "d", LEAT_DEAD_READ, &dead, NULL),
		LEAT_OK);
	ck_assert_int_eq(
		leat_dead_change(dead, store_decide, NULL, NULL), LEAT_OK);
	store_holds("d", "1a 3changed 4b ");
	text = pipe_get_file("d", NULL);
	ck_assert_ptr_nonnull(strstr(text, "\"attempts\":2,"));
	free(text);
	/* and others can be added by the same one */
	ck_assert_int_eq(store_put(dead, "5", "e"), LEAT_OK);
	store_holds("d", "1a 3changed 4b 5e ");
	leat_dead_close(dead);
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(whoever_has_the_old_file_open_adds_to_the_new_one)
{
	struct leat_dead *run, *dead;

	pipe_enter_folder();
	put_some("d");
	run = store_open("d");
	ck_assert_int_eq(store_put(run, "5", "e"), LEAT_OK);
	dead = store_open("d");
	ck_assert_int_eq(
		leat_dead_change(dead, store_decide, NULL, NULL), LEAT_OK);
	ck_assert_int_eq(store_put(run, "6", "f"), LEAT_OK);
	leat_dead_close(dead);
	store_holds("d", "1a 3changed 4b 5e 6f ");
	/* also if the file is gone */
	unlink("d");
	ck_assert_int_eq(store_put(run, "7", "g"), LEAT_OK);
	store_holds("d", "7g ");
	leat_dead_close(run);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_is_no_letter_stays_as_it_is)
{
	struct leat_dead *dead;

	pipe_enter_folder();
	pipe_put_text("d",
		"noise\n\n{\"v\":1,\"id\":\"1\",\"record\":\"d\"}\n"
		"{\"v\":9,\"id\":\"2\"}\n{\"v\":1,\"cut");
	store_holds("d", "?noise 1d ?{\"v\":9,\"id\":\"2\"} ?{\"v\":1,\"cut ");
	dead = store_open("d");
	ck_assert_int_eq(
		leat_dead_change(dead, store_decide, NULL, NULL), LEAT_OK);
	leat_dead_close(dead);
	store_holds("d", "?noise ?{\"v\":9,\"id\":\"2\"} ?{\"v\":1,\"cut ");
	pipe_leave_folder();
}
END_TEST

START_TEST(who_refuses_changes_nothing)
{
	struct leat_dead *dead;

	pipe_enter_folder();
	put_some("d");
	dead = store_open("d");
	ck_assert_int_eq(
		leat_dead_change(dead, store_refuse, NULL, NULL), LEAT_ESTATE);
	leat_dead_close(dead);
	store_holds("d", "1a 2d 3c 4b ");
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_leave_folder();
}
END_TEST

/* One change in a world in which call number at of one kind fails. */
static int
change_in(struct fail_env *world)
{
	struct leat_dead *dead;
	int rc;

	if (leat__dead_open_store(&world->env, &leat_dead_lines_ops, "d",
		    LEAT_DEAD_ADD, &dead, NULL) < 0)
		return LEAT_EIO;
	rc = leat_dead_change(dead, store_decide, NULL, NULL);
	leat_dead_close(dead);
	ck_assert_uint_eq(world->fd_live, 0);
	ck_assert_uint_eq(world->alloc_live, 0);
	return rc;
}

static void
the_old_ones_or_the_new_ones_are_there(int rc)
{
	static struct seen seen;
	struct leat_dead *dead = store_open("d");

	seen = (struct seen){.n = 0};
	ck_assert_int_eq(
		leat_dead_each(dead, seen_letter, &seen, NULL), LEAT_OK);
	leat_dead_close(dead);
	if (strcmp(seen.text, "1a 3changed 4b ") != 0) {
		ck_assert_str_eq(seen.text, "1a 2d 3c 4b ");
		ck_assert_int_ne(rc, LEAT_OK);
	}
	ck_assert_uint_eq(pipe_count_files(), 1);
}

START_TEST(a_change_that_fails_anywhere_leaves_the_old_letters_or_the_new)
{
	pipe_enter_folder();
	for (uint32_t kind = 0; kind < 6; kind++)
		for (uint64_t at = 1; at < 6; at++) {
			struct fail_env world;
			struct fail_call *calls[] = {&world.open, &world.read,
				&world.write, &world.sync, &world.rename};

			put_some("d");
			fail_env_init(&world);
			if (kind < 5)
				calls[kind]->fail_at = at;
			else
				world.alloc_fail_at = at;
			the_old_ones_or_the_new_ones_are_there(
				change_in(&world));
		}
	pipe_leave_folder();
}
END_TEST

START_TEST(the_file_keeps_its_permissions_and_its_link)
{
	struct leat_dead *dead;
	struct stat info;

	pipe_enter_folder();
	put_some("d");
	ck_assert_int_eq(chmod("d", 0640), 0);
	ck_assert_int_eq(symlink("d", "l"), 0);
	dead = store_open("l");
	ck_assert_int_eq(
		leat_dead_change(dead, store_decide, NULL, NULL), LEAT_OK);
	leat_dead_close(dead);
	ck_assert_int_eq(lstat("l", &info), 0);
	ck_assert(S_ISLNK(info.st_mode));
	ck_assert_int_eq(stat("d", &info), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0640);
	store_holds("d", "1a 3changed 4b ");
	pipe_leave_folder();
}
END_TEST

START_TEST(long_lines_are_read_too)
{
	size_t n = 300000;
	char *record = calloc(1, n + 1);
	struct leat_dead *dead;
	struct counted c;

	memset(record, '\x01', n); /* six bytes each in the line */
	pipe_enter_folder();
	dead = store_open("d");
	ck_assert_int_eq(store_put(dead, "1", record), LEAT_OK);
	ck_assert_int_eq(store_put(dead, "2", "c"), LEAT_OK);
	ck_assert_int_eq(
		leat_dead_change(dead, store_decide, NULL, NULL), LEAT_OK);
	leat_dead_close(dead);
	c = store_count("d");
	ck_assert_uint_eq(c.n_damaged, 0);
	free(record);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("run/dead_change", each_letter_becomes_what_was_decided,
	whoever_has_the_old_file_open_adds_to_the_new_one,
	what_is_no_letter_stays_as_it_is, who_refuses_changes_nothing,
	a_change_that_fails_anywhere_leaves_the_old_letters_or_the_new,
	the_file_keeps_its_permissions_and_its_link, long_lines_are_read_too)
