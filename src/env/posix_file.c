/*
 * env/posix_file.c -- files as Linux has them, waiting for them, locks on them.
 *
 * Keeps: no call is left interrupted (EINTR) but poll's, whose deadline is
 * absolute; every file is close-on-exec.
 * Threads: any.
 */
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env/posix.h"

/* ---- files ---------------------------------------------------------------- */

int
leat__posix_open(const struct leat__env *env, const char *path, uint32_t how,
	int *fd_out)
{
	static const int flags[] = {
		[LEAT__OPEN_READ] = O_RDONLY,
		[LEAT__OPEN_CREATE] = O_WRONLY | O_CREAT | O_EXCL,
		[LEAT__OPEN_WRITE] = O_WRONLY,
		[LEAT__OPEN_SCRATCH] = O_RDWR | O_CREAT | O_EXCL,
		[LEAT__OPEN_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
		[LEAT__OPEN_LOG] = O_RDWR | O_CREAT | O_APPEND,
	};
	mode_t mode = how == LEAT__OPEN_SCRATCH ? 0600 : 0666;
	int fd = -1;
	int sys_errno;

	(void)env;
	if (how >= leat__array_len(flags))
		return EINVAL;
	sys_errno = POSIX_CALL(
		fd = open(path, flags[how] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			mode));
	*fd_out = fd;
	return sys_errno;
}

/* Not made again when interrupted: Linux has closed the file by then. */
int
leat__posix_close(const struct leat__env *env, int fd)
{
	(void)env;
	return close(fd) == 0 || errno == EINTR ? 0 : errno;
}

int64_t
leat__posix_read(const struct leat__env *env, int fd, void *buf, size_t n_bytes)
{
	(void)env;
	return POSIX_MOVE(read(fd, buf, n_bytes));
}

int64_t
leat__posix_read_at(const struct leat__env *env, int fd, void *buf,
	size_t n_bytes, uint64_t offset)
{
	(void)env;
	return POSIX_MOVE(pread(fd, buf, n_bytes, (off_t)offset));
}

int64_t
leat__posix_write(
	const struct leat__env *env, int fd, const void *buf, size_t n_bytes)
{
	(void)env;
	return POSIX_MOVE(write(fd, buf, n_bytes));
}

int
leat__posix_sync(const struct leat__env *env, int fd)
{
	(void)env;
	return POSIX_CALL(fsync(fd));
}

/* A file system that cannot sync folders says EINVAL; there is then nothing
 * that could be done better. */
int
leat__posix_sync_dir(const struct leat__env *env, const char *dir)
{
	int fd = -1;
	int sys_errno;

	(void)env;
	sys_errno =
		POSIX_CALL(fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (sys_errno)
		return sys_errno;
	sys_errno = POSIX_CALL(fsync(fd));
	close(fd);
	return sys_errno == EINVAL ? 0 : sys_errno;
}

int
leat__posix_rename(
	const struct leat__env *env, const char *from, const char *to)
{
	(void)env;
	return POSIX_CALL(rename(from, to));
}

int
leat__posix_unlink(const struct leat__env *env, const char *path)
{
	(void)env;
	return POSIX_CALL(unlink(path));
}

int
leat__posix_resolve(const struct leat__env *env, const char *path, char *buf,
	size_t n_bytes)
{
	char *real = realpath(path, NULL);
	size_t n;

	(void)env;
	if (!real)
		return errno;
	n = strlen(real) + 1;
	if (n <= n_bytes)
		memcpy(buf, real, n);
	free(real);
	return n <= n_bytes ? 0 : ERANGE;
}

static void
posix_fill_stat(struct leat__stat *out, const struct stat *st)
{
	*out = (struct leat__stat){
		.size_bytes = (uint64_t)st->st_size,
		.device = st->st_dev,
		.inode = st->st_ino,
		.mode_bits = st->st_mode & 07777u,
		.is_regular = S_ISREG(st->st_mode),
		.is_directory = S_ISDIR(st->st_mode),
	};
}

int
leat__posix_stat(
	const struct leat__env *env, const char *path, struct leat__stat *out)
{
	struct stat st = {0};
	int sys_errno = POSIX_CALL(stat(path, &st));

	(void)env;
	if (!sys_errno)
		posix_fill_stat(out, &st);
	return sys_errno;
}

int
leat__posix_fstat(const struct leat__env *env, int fd, struct leat__stat *out)
{
	struct stat st = {0};
	int sys_errno = POSIX_CALL(fstat(fd, &st));

	(void)env;
	if (!sys_errno)
		posix_fill_stat(out, &st);
	return sys_errno;
}

static bool
posix_is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Not every file system tells what its entries are. */
static void
posix_fill_entry(struct leat__listed *out, DIR *dir, const struct dirent *entry)
{
	struct stat st = {0};

	*out = (struct leat__listed){.name = entry->d_name,
		.is_folder = entry->d_type == DT_DIR,
		.is_link = entry->d_type == DT_LNK};
	if (entry->d_type == DT_UNKNOWN &&
		!fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
		out->is_folder = S_ISDIR(st.st_mode);
		out->is_link = S_ISLNK(st.st_mode);
	}
	if (out->is_link && !fstatat(dirfd(dir), entry->d_name, &st, 0))
		out->is_folder = S_ISDIR(st.st_mode);
}

int
leat__posix_list(const struct leat__env *env, const char *folder,
	leat__listed_fn fn, void *user)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct leat__listed found;
	int sys_errno = 0;

	(void)env;
	if (!dir)
		return errno;
	while (errno = 0, (entry = readdir(dir))) {
		if (posix_is_dots(entry->d_name))
			continue;
		posix_fill_entry(&found, dir, entry);
		if (!fn(&found, user))
			break;
	}
	if (!entry)
		sys_errno = errno;
	closedir(dir);
	return sys_errno;
}

int
leat__posix_chmod(const struct leat__env *env, int fd, uint32_t mode_bits)
{
	(void)env;
	return POSIX_CALL(fchmod(fd, (mode_t)mode_bits));
}

/* ---- waiting for files ---------------------------------------------------- */

/* An error or a hang-up is for the next read or write to report. */
static uint32_t
posix_got(uint32_t want, short events)
{
	uint32_t got = 0;

	if (events & (POLLERR | POLLHUP | POLLNVAL))
		return want;
	if (events & POLLIN)
		got |= LEAT__POLL_READ;
	if (events & POLLOUT)
		got |= LEAT__POLL_WRITE;
	return got & want;
}

static short
posix_events(uint32_t want)
{
	int events = 0;

	if (want & LEAT__POLL_READ)
		events |= POLLIN;
	if (want & LEAT__POLL_WRITE)
		events |= POLLOUT;
	return (short)events;
}

static int
posix_poll_once(struct pollfd *fds, uint32_t n, int64_t deadline_ns)
{
	int64_t now_ns = leat__posix_clock(CLOCK_MONOTONIC);
	struct timespec left = leat__posix_timespec(
		deadline_ns > now_ns ? deadline_ns - now_ns : 0);
	int n_ready =
		ppoll(fds, n, deadline_ns == LEAT_NEVER ? NULL : &left, NULL);

	return n_ready < 0 ? -errno : n_ready;
}

int
leat__posix_poll(const struct leat__env *env, struct leat__poll *polls,
	uint32_t n, int64_t deadline_ns)
{
	struct pollfd fds[LEAT__POLL_MAX];
	int n_ready;

	(void)env;
	if (n > LEAT__POLL_MAX)
		return -EINVAL;
	for (uint32_t k = 0; k < n; k++)
		fds[k] = (struct pollfd){
			polls[k].fd, posix_events(polls[k].want), 0};
	do
		n_ready = posix_poll_once(fds, n, deadline_ns);
	while (n_ready == -EINTR);
	for (uint32_t k = 0; k < n; k++)
		polls[k].got = n_ready > 0
			? posix_got(polls[k].want, fds[k].revents)
			: 0;
	return n_ready;
}

int
leat__posix_event_create(const struct leat__env *env, int *fd_out)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)env;
	*fd_out = fd;
	return fd < 0 ? errno : 0;
}

/* Cannot fail but by being set already: then it is what it should be. */
void
leat__posix_event_set(const struct leat__env *env, int fd)
{
	const uint64_t one = 1;

	(void)env;
	(void)POSIX_MOVE(write(fd, &one, sizeof(one)));
}

/* ---- locks ---------------------------------------------------------------- */

/* Of the open file and not of the process: so two graphs of one process keep
 * out of each other's way, and a close of another descriptor frees nothing. */
static int
posix_lock_set(int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
	int sys_errno = POSIX_CALL(fcntl(fd, F_OFD_SETLK, &lock));

	return sys_errno == EACCES ? EAGAIN : sys_errno;
}

int
leat__posix_lock(const struct leat__env *env, int fd)
{
	(void)env;
	return posix_lock_set(fd, F_WRLCK);
}

int
leat__posix_unlock(const struct leat__env *env, int fd)
{
	(void)env;
	return posix_lock_set(fd, F_UNLCK);
}

int
leat__posix_truncate(const struct leat__env *env, int fd, uint64_t n_bytes)
{
	(void)env;
	return POSIX_CALL(ftruncate(fd, (off_t)n_bytes));
}
