/*
 * unit/env/posix.c -- the world as Linux has it.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env/env.h"
#include "support/test.h"

static const struct leat__env *env;
static char dir[] = "/tmp/leat-posix-XXXXXX";
static char path[PATH_MAX], other[PATH_MAX];

static void
setup(void)
{
	env = leat__env_posix();
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
}

static void
teardown(void)
{
	unlink(path);
	unlink(other);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* ---- clock, random, cores ------------------------------------------------- */

START_TEST(the_clock_does_not_go_back)
{
	int64_t last = 0;

	env = leat__env_posix();
	for (int k = 0; k < 1000; k++) {
		int64_t now = k % 2 ? env->now_ns(env) : leat_now_ns();

		ck_assert_int_ge(now, last);
		last = now;
	}
	ck_assert_int_gt(env->wall_ns(env), 1577836800000000000);
}
END_TEST

START_TEST(random_numbers_differ)
{
	env = leat__env_posix();
	ck_assert_uint_ne(env->random(env), env->random(env));
}
END_TEST

START_TEST(there_is_at_least_one_core)
{
	env = leat__env_posix();
	ck_assert_uint_ge(env->n_cores(env), 1);
	ck_assert_uint_le(
		env->n_cores(env), (uint32_t)sysconf(_SC_NPROCESSORS_CONF));
}
END_TEST

/* ---- park and wake -------------------------------------------------------- */

START_TEST(parking_on_another_value_returns_at_once)
{
	uint32_t word = 7;

	env = leat__env_posix();
	env->park(env, &word, 8, LEAT_NEVER);
	env->wake(env, &word);
}
END_TEST

START_TEST(parking_ends_at_the_deadline_and_not_before)
{
	uint32_t word = 7;
	int64_t deadline_ns = leat_now_ns() + 3000000;

	env = leat__env_posix();
	while (leat_now_ns() < deadline_ns) {
		env->park(env, &word, 7, deadline_ns);
	}
	env->park(env, &word, 7, deadline_ns); /* past: at once */
	env->park(env, &word, 7, -5);
	env->park(env, &word, 7, INT64_MIN);
}
END_TEST

/* A wait refused by the system would return at once, over and over. */
START_TEST(parking_without_a_deadline_sleeps)
{
	uint32_t word = 7;
	struct rusage before, after;

	env = leat__env_posix();
	getrusage(RUSAGE_THREAD, &before);
	/* a busy machine may let a deadline pass before the wait begins */
	for (int k = 0; k < 100; k++) {
		env->park(env, &word, 7, leat_now_ns() + 20000000);
		getrusage(RUSAGE_THREAD, &after);
		if (after.ru_nvcsw > before.ru_nvcsw)
			return;
	}
	ck_abort_msg("it never sleeps");
}
END_TEST

/* ---- threads -------------------------------------------------------------- */

static sigset_t blocked_in_thread;
static char name_in_thread[16];

static void
look_around(void *arg)
{
	*(int *)arg = 1;
	pthread_sigmask(SIG_BLOCK, NULL, &blocked_in_thread);
	pthread_getname_np(
		pthread_self(), name_in_thread, sizeof(name_in_thread));
}

START_TEST(a_thread_has_its_name_and_no_signals_from_outside)
{
	static const int outside[] = {
		SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGCHLD, SIGALRM};
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
	int has_run = 0;
	struct leat__thread thread = {
		.fn = look_around, .arg = &has_run, .name = "looker"};
	sigset_t before, after;

	env = leat__env_posix();
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	ck_assert_int_eq(env->thread_start(env, &thread), 0);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	env->thread_join(env, &thread);
	ck_assert_int_eq(has_run, 1);
	ck_assert_str_eq(name_in_thread, "looker");
	ck_assert_ptr_eq(thread.env, env);
	for (size_t k = 0; k < leat__array_len(outside); k++) {
		ck_assert(sigismember(&blocked_in_thread, outside[k]));
		ck_assert_int_eq(sigismember(&before, outside[k]),
			sigismember(&after, outside[k]));
	}
	for (size_t k = 0; k < leat__array_len(crashes); k++)
		ck_assert(!sigismember(&blocked_in_thread, crashes[k]));
}
END_TEST

/* ---- memory --------------------------------------------------------------- */

static bool
is_zero(const uint8_t *p, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (p[k])
			return false;
	return true;
}

START_TEST(memory_is_zeroed_and_aligned)
{
	static const size_t sizes[] = {
		0, 1, 63, 64, 65, 4096, 1000003, 1 << 20, (3 << 20) + 1};

	env = leat__env_posix();
	for (int round = 0; round < 3; round++) {
		for (size_t k = 0; k < leat__array_len(sizes); k++) {
			uint8_t *p = env->alloc(env, sizes[k]);

			ck_assert_ptr_nonnull(p);
			ck_assert_uint_eq((uintptr_t)p % 64, 0);
			ck_assert(is_zero(p, sizes[k]));
			memset(p, 0xff, sizes[k]);
			env->free(env, p);
		}
	}
	env->free(env, NULL);
	ck_assert_ptr_null(env->alloc(env, SIZE_MAX));
}
END_TEST

START_TEST(a_mapping_can_be_shared_but_not_resized)
{
	size_t n_bytes = 1 << 20;
	void *memory, *again;
	int fd;

	env = leat__env_posix();
	ck_assert_int_eq(env->map(env, n_bytes, "test", &memory, &fd), 0);
	ck_assert_uint_eq((uintptr_t)memory % 4096, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(ftruncate(fd, 4096), 0);
	ck_assert_int_ne(ftruncate(fd, 2 << 20), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	again = mmap(NULL, n_bytes, PROT_READ, MAP_SHARED, fd, 0);
	((uint8_t *)memory)[n_bytes - 1] = 42;
	ck_assert_uint_eq(((uint8_t *)again)[n_bytes - 1], 42);
	munmap(again, n_bytes);
	env->unmap(env, memory, n_bytes, fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(a_mapping_falls_back_to_private_memory)
{
	struct rlimit small = {4096, RLIM_INFINITY};
	void *memory;
	int fd;

	env = leat__env_posix();
	getrlimit(RLIMIT_FSIZE, &small);
	small.rlim_cur = 4096;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(env->map(env, 4 << 20, "test", &memory, &fd), 0);
	ck_assert_int_eq(fd, -1);
	((uint8_t *)memory)[(4 << 20) - 1] = 42;
	env->unmap(env, memory, 4 << 20, fd);
}
END_TEST

START_TEST(a_mapping_beyond_the_address_space_is_refused)
{
	void *memory;
	int fd;

	env = leat__env_posix();
	ck_assert_int_ne(
		env->map(env, (size_t)1 << 62, "test", &memory, &fd), 0);
}
END_TEST

/* ---- files ---------------------------------------------------------------- */

static void
write_file(const char *to, const char *text)
{
	int fd;

	ck_assert_int_eq(env->open(env, to, LEAT__OPEN_CREATE, &fd), 0);
	ck_assert_int_eq(
		env->write(env, fd, text, strlen(text)), (int64_t)strlen(text));
	ck_assert_int_eq(env->sync(env, fd), 0);
	env->close(env, fd);
}

START_TEST(what_was_written_can_be_read)
{
	char buf[20] = "";
	int fd;

	setup();
	write_file(path, "hello");
	ck_assert_int_eq(env->open(env, path, LEAT__OPEN_READ, &fd), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(env->read(env, fd, buf, 4), 4);
	ck_assert_int_eq(env->read(env, fd, buf + 4, 16), 1);
	ck_assert_int_eq(env->read(env, fd, buf, 16), 0);
	ck_assert_str_eq(buf, "hello");
	ck_assert_int_eq(env->read_at(env, fd, buf, 2, 3), 2);
	ck_assert_int_eq(memcmp(buf, "lo", 2), 0);
	env->close(env, fd);
	teardown();
}
END_TEST

START_TEST(creating_does_not_touch_what_exists)
{
	struct leat__stat stat;
	int fd;

	setup();
	write_file(path, "precious");
	ck_assert_int_eq(env->open(env, path, LEAT__OPEN_CREATE, &fd), EEXIST);
	ck_assert_int_eq(env->stat(env, path, &stat), 0);
	ck_assert_uint_eq(stat.size_bytes, 8);
	teardown();
}
END_TEST

START_TEST(a_pipe_that_nobody_reads_is_refused)
{
	int reader, writer;

	setup();
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(
		env->open(env, path, LEAT__OPEN_WRITE, &writer), ENXIO);
	ck_assert_int_eq(env->open(env, path, LEAT__OPEN_READ, &reader), 0);
	ck_assert_int_eq(env->open(env, path, LEAT__OPEN_WRITE, &writer), 0);
	env->close(env, writer);
	env->close(env, reader);
	teardown();
}
END_TEST

START_TEST(failures_bring_their_errno)
{
	struct leat__stat stat;
	char buf[1] = {0};
	int fd = 0;

	setup();
	ck_assert_int_eq(env->open(env, path, LEAT__OPEN_READ, &fd), ENOENT);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(env->open(env, path, LEAT__OPEN_WRITE, &fd), ENOENT);
	ck_assert_int_eq(env->open(env, path, 99, &fd), EINVAL);
	ck_assert_int_eq(env->read(env, -1, buf, 1), -EBADF);
	ck_assert_int_eq(env->read_at(env, -1, buf, 1, 0), -EBADF);
	ck_assert_int_eq(env->write(env, -1, buf, 1), -EBADF);
	ck_assert_int_eq(env->sync(env, -1), EBADF);
	ck_assert_int_eq(env->sync_dir(env, path), ENOENT);
	ck_assert_int_eq(env->rename(env, path, other), ENOENT);
	ck_assert_int_eq(env->unlink(env, path), ENOENT);
	ck_assert_int_eq(env->stat(env, path, &stat), ENOENT);
	ck_assert_int_eq(env->fstat(env, -1, &stat), EBADF);
	ck_assert_int_eq(env->chmod(env, -1, 0600), EBADF);
	teardown();
}
END_TEST

START_TEST(a_file_is_described_renamed_and_removed)
{
	struct leat__stat stat, fstat;
	int fd;

	setup();
	write_file(path, "12345");
	ck_assert_int_eq(env->open(env, path, LEAT__OPEN_READ, &fd), 0);
	ck_assert_int_eq(env->chmod(env, fd, 0640), 0);
	ck_assert_int_eq(env->rename(env, path, other), 0);
	ck_assert_int_eq(env->sync_dir(env, dir), 0);
	ck_assert_int_eq(env->stat(env, other, &stat), 0);
	ck_assert_int_eq(env->fstat(env, fd, &fstat), 0);
	env->close(env, fd);
	ck_assert_uint_eq(stat.device, fstat.device);
	ck_assert_uint_eq(stat.inode, fstat.inode);
	ck_assert_uint_eq(stat.size_bytes, fstat.size_bytes);
	ck_assert_uint_eq(stat.mode_bits, fstat.mode_bits);
	ck_assert_uint_eq(stat.size_bytes, 5);
	ck_assert_uint_eq(stat.mode_bits, 0640);
	ck_assert_uint_eq(stat.is_regular, 1);
	ck_assert_uint_eq(stat.is_directory, 0);
	ck_assert_int_eq(env->stat(env, dir, &stat), 0);
	ck_assert_uint_eq(stat.is_regular, 0);
	ck_assert_uint_eq(stat.is_directory, 1);
	ck_assert_int_eq(env->unlink(env, other), 0);
	ck_assert_int_eq(env->stat(env, other, &stat), ENOENT);
	teardown();
}
END_TEST

START_TEST(a_path_is_followed_behind_its_links)
{
	char buf[PATH_MAX], want[PATH_MAX];

	setup();
	write_file(path, "x");
	ck_assert_int_eq(symlink("file", other), 0);
	ck_assert_ptr_nonnull(realpath(path, want));
	ck_assert_int_eq(env->resolve(env, other, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, want);
	ck_assert_int_eq(env->resolve(env, other, buf, strlen(want)), ERANGE);
	ck_assert_int_eq(env->resolve(env, other, buf, strlen(want) + 1), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(env->resolve(env, other, buf, sizeof(buf)), ENOENT);
	teardown();
}
END_TEST

/* ---- waiting for files ---------------------------------------------------- */

START_TEST(poll_says_which_files_are_ready)
{
	struct leat__poll polls[3] = {{.want = LEAT__POLL_READ},
		{.want = LEAT__POLL_READ | LEAT__POLL_WRITE}, {.fd = -1}};
	int ends[2];

	env = leat__env_posix();
	polls[2].want = LEAT__POLL_READ;
	ck_assert_int_eq(pipe(ends), 0);
	polls[0].fd = ends[0];
	polls[1].fd = ends[1];
	ck_assert_int_eq(env->poll(env, polls, 3, LEAT_NEVER), 1);
	ck_assert_uint_eq(polls[0].got, 0);
	ck_assert_uint_eq(polls[1].got, LEAT__POLL_WRITE);
	ck_assert_uint_eq(polls[2].got, 0);
	ck_assert_int_eq(env->write(env, ends[1], "x", 1), 1);
	ck_assert_int_eq(env->poll(env, polls, 1, LEAT_NEVER), 1);
	ck_assert_uint_eq(polls[0].got, LEAT__POLL_READ);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(poll_ends_at_its_deadline)
{
	struct leat__poll poll = {.want = LEAT__POLL_READ, .got = 1};
	int64_t deadline_ns = leat_now_ns() + 3000000;
	int ends[2];

	env = leat__env_posix();
	ck_assert_int_eq(pipe(ends), 0);
	poll.fd = ends[0];
	ck_assert_int_eq(env->poll(env, &poll, 1, deadline_ns), 0);
	ck_assert_int_ge(leat_now_ns(), deadline_ns);
	ck_assert_uint_eq(poll.got, 0);
	ck_assert_int_eq(env->poll(env, &poll, 1, 0), 0);
	ck_assert_int_eq(env->poll(env, &poll, 1, INT64_MIN), 0);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(a_hang_up_counts_as_ready)
{
	struct leat__poll poll = {.want = LEAT__POLL_READ};
	int ends[2];

	env = leat__env_posix();
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[1]);
	poll.fd = ends[0];
	ck_assert_int_eq(env->poll(env, &poll, 1, LEAT_NEVER), 1);
	ck_assert_uint_eq(poll.got, LEAT__POLL_READ);
	close(ends[0]);
}
END_TEST

START_TEST(poll_takes_no_more_than_its_limit)
{
	struct leat__poll polls[LEAT__POLL_MAX + 1];

	env = leat__env_posix();
	for (size_t k = 0; k < leat__array_len(polls); k++)
		polls[k] = (struct leat__poll){.fd = -1};
	ck_assert_int_eq(env->poll(env, polls, LEAT__POLL_MAX, 0), 0);
	ck_assert_int_eq(env->poll(env, polls, LEAT__POLL_MAX + 1, 0), -EINVAL);
}
END_TEST

START_TEST(an_event_once_set_stays_readable)
{
	struct leat__poll poll = {.want = LEAT__POLL_READ};

	env = leat__env_posix();
	ck_assert_int_eq(env->event_create(env, &poll.fd), 0);
	ck_assert_int_eq(env->poll(env, &poll, 1, 0), 0);
	for (int k = 0; k < 3; k++) {
		env->event_set(env, poll.fd);
		ck_assert_int_eq(env->poll(env, &poll, 1, LEAT_NEVER), 1);
	}
	env->close(env, poll.fd);
}
END_TEST

START_TEST(an_errno_has_a_text)
{
	char buf[100], small[4];

	ck_assert_str_eq(leat__env_strerror(ENOENT, buf, sizeof(buf)),
		"No such file or directory");
	ck_assert_str_eq(leat__env_strerror(ENOENT, small, 4), "No ");
	ck_assert_ptr_nonnull(leat__env_strerror(99999, buf, sizeof(buf)));
	ck_assert_uint_gt(strlen(buf), 0);
}
END_TEST

TEST_MAIN("env/posix", the_clock_does_not_go_back, random_numbers_differ,
	there_is_at_least_one_core, parking_on_another_value_returns_at_once,
	parking_ends_at_the_deadline_and_not_before,
	parking_without_a_deadline_sleeps,
	a_thread_has_its_name_and_no_signals_from_outside,
	memory_is_zeroed_and_aligned, a_mapping_can_be_shared_but_not_resized,
	a_mapping_falls_back_to_private_memory,
	a_mapping_beyond_the_address_space_is_refused,
	what_was_written_can_be_read, creating_does_not_touch_what_exists,
	a_pipe_that_nobody_reads_is_refused, failures_bring_their_errno,
	a_file_is_described_renamed_and_removed,
	a_path_is_followed_behind_its_links, poll_says_which_files_are_ready,
	poll_ends_at_its_deadline, a_hang_up_counts_as_ready,
	poll_takes_no_more_than_its_limit, an_event_once_set_stays_readable,
	an_errno_has_a_text)
