/*
 * unit/env/socket.c -- sockets as files: a name that can be seen can be
 * connected to, one that is taken stays, who is at the other end is known.
 */
#include "support/test.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env/env.h"

static const struct leat__sockets *const sockets = &leat__posix_sockets;
static char folder[64], path[96];

static void
place_make(void)
{
	snprintf(folder, sizeof(folder), "/tmp/leat-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.sock", folder);
}

START_TEST(both_ends_know_each_other)
{
	uint32_t user = ~0u;
	int listens, here, there;
	char buf[8] = "";

	place_make();
	ck_assert_int_eq(sockets->listen(path, 4, &listens), 0);
	ck_assert_int_eq(sockets->accept(listens, &there, &user), EAGAIN);
	ck_assert_int_eq(sockets->connect(path, &here), 0);
	ck_assert_int_eq(sockets->accept(listens, &there, &user), 0);
	ck_assert_uint_eq(user, geteuid());
	ck_assert_uint_eq(sockets->user(), geteuid());
	ck_assert_int_eq(sockets->process(), getpid());
	ck_assert_int_eq(sockets->receive(there, buf, 8), -EAGAIN);
	ck_assert_int_eq(sockets->send(here, "hello", 5), 5);
	ck_assert_int_eq(sockets->receive(there, buf, 8), 5);
	ck_assert_str_eq(buf, "hello");
	close(there);
	/* no signal, though nobody blocks it */
	ck_assert_int_eq(sockets->send(here, "x", 1), -EPIPE);
	ck_assert_int_eq(sockets->receive(here, buf, 8), 0);
	close(here);
	close(listens);
	/* the name is there, and nobody behind it */
	ck_assert_int_eq(sockets->connect(path, &here), ECONNREFUSED);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(sockets->connect(path, &here), ENOENT);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(a_name_that_is_taken_stays)
{
	int first, second, here;
	struct stat st;

	place_make();
	ck_assert_int_eq(sockets->listen(path, 4, &first), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777u, 0600);
	ck_assert_int_eq(sockets->listen(path, 4, &second), EEXIST);
	ck_assert_int_eq(sockets->connect(path, &here), 0);
	close(here);
	close(first);
	unlink(path);
	/* nothing else was left behind */
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(folders_are_their_owners_alone)
{
	char own[96], link[96];

	place_make();
	snprintf(own, sizeof(own), "%s/own", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	ck_assert_int_eq(sockets->make_folder(own), 0);
	ck_assert_int_eq(sockets->make_folder(own), 0);
	ck_assert_int_eq(chmod(own, 0701), 0);
	ck_assert_int_eq(sockets->make_folder(own), EPERM);
	ck_assert_int_eq(symlink(folder, link), 0);
	ck_assert_int_eq(sockets->make_folder(link), ENOTDIR);
	unlink(link);
	rmdir(own);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(sockets->make_folder(own), ENOENT);
}
END_TEST

START_TEST(the_environment_says_where_they_stand)
{
	char buf[64], tmp[64];

	snprintf(tmp, sizeof(tmp), "/tmp/leat-%u", (unsigned)geteuid());
	unsetenv("LEAT_RUNTIME_DIR");
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	ck_assert_int_eq(sockets->folder(0, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "/run/user/7/leat");
	ck_assert_int_eq(sockets->folder(0, buf, 8), ENAMETOOLONG);
	ck_assert_int_eq(sockets->folder(1, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, tmp);
	ck_assert_int_eq(sockets->folder(2, buf, sizeof(buf)), ENOENT);
	setenv("XDG_RUNTIME_DIR", "here", 1);
	ck_assert_int_eq(sockets->folder(0, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, tmp);
	ck_assert_int_eq(sockets->folder(1, buf, sizeof(buf)), ENOENT);
	setenv("LEAT_RUNTIME_DIR", "/srv/leat", 1);
	ck_assert_int_eq(sockets->folder(0, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "/srv/leat");
	ck_assert_int_eq(sockets->folder(1, buf, sizeof(buf)), ENOENT);
}
END_TEST

TEST_MAIN("env/socket", both_ends_know_each_other, a_name_that_is_taken_stays,
	folders_are_their_owners_alone, the_environment_says_where_they_stand)
