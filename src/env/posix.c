/*
 * env/posix.c -- the world as Linux has it: the only file of the library that
 * names the operating system.
 *
 * Keeps: no call is left interrupted (EINTR) but poll's, whose deadline is
 * absolute; every file is close-on-exec; deadlines are on CLOCK_MONOTONIC.
 * Threads: any; the table is constant and there is no other state.
 */
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "env/env.h"

#define POSIX_NS_PER_S    1000000000
#define POSIX_ALIGN       ((size_t)LEAT__CACHE_LINE)
#define POSIX_LARGE_BYTES ((size_t)256 << 10)
#define POSIX_HUGE_BYTES  ((size_t)2 << 20)
#define POSIX_PAGE_BYTES  ((size_t)4096)
#define POSIX_GUARDS_MAX  64u /* installed by one call */

/* Linux 6.13; newer than the headers of Debian 12 */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* ---- clock and random ----------------------------------------------------- */

static int64_t
posix_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * POSIX_NS_PER_S + ts.tv_nsec;
}

static int64_t
posix_now_ns(const struct leat__env *env)
{
	(void)env;
	return posix_clock(CLOCK_MONOTONIC);
}

static int64_t
posix_wall_ns(const struct leat__env *env)
{
	(void)env;
	return posix_clock(CLOCK_REALTIME);
}

int64_t
leat_now_ns(void)
{
	return posix_clock(CLOCK_MONOTONIC);
}

static uint64_t
posix_random(const struct leat__env *env)
{
	uint64_t random = 0;
	ssize_t n;

	(void)env;
	do
		n = getrandom(&random, sizeof(random), 0);
	while (n < 0 && errno == EINTR);
	LEAT_INVARIANT(n == (ssize_t)sizeof(random));
	return random;
}

/* ---- park and wake -------------------------------------------------------- */

static struct timespec
posix_timespec(int64_t ns)
{
	struct timespec ts = {0, 0};

	if (ns > 0) {
		ts.tv_sec = ns / POSIX_NS_PER_S;
		ts.tv_nsec = ns % POSIX_NS_PER_S;
	}
	return ts;
}

/*
 * FUTEX_WAIT_BITSET takes its deadline as a point of CLOCK_MONOTONIC; without
 * the bit set named in full it fails, and the caller would spin.
 */
static void
posix_park(const struct leat__env *env, const uint32_t *word, uint32_t expected,
	int64_t deadline_ns)
{
	struct timespec deadline = posix_timespec(deadline_ns);

	(void)env;
	syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
		expected, deadline_ns == LEAT_NEVER ? NULL : &deadline, NULL,
		FUTEX_BITSET_MATCH_ANY);
}

static void
posix_wake(const struct leat__env *env, const uint32_t *word)
{
	(void)env;
	syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL,
		NULL, 0);
}

static void
posix_yield(const struct leat__env *env)
{
	(void)env;
	sched_yield();
}

/* The first call of a process must register; that keeps no state here. */
static int
posix_barrier(const struct leat__env *env)
{
	(void)env;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) ==
		0)
		return 0;
	if (errno != EPERM ||
		syscall(SYS_membarrier,
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) < 0)
		return ENOSYS;
	return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
		       0) == 0
		? 0
		: ENOSYS;
}

void **
leat__thread_slot(void)
{
	static _Thread_local void *slot;

	return &slot;
}

/* ---- threads -------------------------------------------------------------- */

/* What comes from outside is the program's; a crash stays this thread's. */
static void
posix_block_signals(sigset_t *before_out)
{
	static const int crashes[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
	sigset_t blocked;

	sigfillset(&blocked);
	for (size_t k = 0; k < leat__array_len(crashes); k++)
		sigdelset(&blocked, crashes[k]);
	pthread_sigmask(SIG_SETMASK, &blocked, before_out);
}

static void *
posix_thread_main(void *arg)
{
	struct leat__thread *thread = arg;

	pthread_setname_np(pthread_self(), thread->name);
	thread->fn(thread->arg);
	return NULL;
}

/* A new thread inherits the mask, so no signal can reach it before its first
 * instruction. */
static int
posix_thread_start(const struct leat__env *env, struct leat__thread *thread)
{
	sigset_t before;
	pthread_t os;
	int sys_errno;

	thread->env = env;
	posix_block_signals(&before);
	sys_errno = pthread_create(&os, NULL, posix_thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!sys_errno)
		thread->os = (uintptr_t)os;
	return sys_errno;
}

static void
posix_thread_join(const struct leat__env *env, struct leat__thread *thread)
{
	(void)env;
	pthread_join((pthread_t)thread->os, NULL);
}

/* Those of the process are its first thread's, which is not ours to pin. */
static int
posix_cores(cpu_set_t *cores)
{
	return sched_getaffinity(getpid(), sizeof(*cores), cores) ? errno : 0;
}

static int64_t
posix_core_at(const struct leat__env *env, uint32_t k)
{
	cpu_set_t cores;

	(void)env;
	if (posix_cores(&cores))
		return -1;
	for (uint32_t core = 0; core < CPU_SETSIZE; core++)
		if (CPU_ISSET(core, &cores) && k-- == 0)
			return core;
	return -1;
}

static int
posix_thread_pin(const struct leat__env *env, uint32_t core)
{
	cpu_set_t cores;
	int sys_errno = 0;

	(void)env;
	CPU_ZERO(&cores);
	if (core == LEAT__CORE_ANY)
		sys_errno = posix_cores(&cores);
	else if (core < CPU_SETSIZE)
		CPU_SET(core, &cores);
	return sys_errno
		? sys_errno
		: pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores);
}

/* The cores this process may run on, not those of the machine. */
static uint32_t
posix_n_cores(const struct leat__env *env)
{
	cpu_set_t cores;
	long n;

	(void)env;
	if (posix_cores(&cores) == 0)
		n = CPU_COUNT(&cores);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (uint32_t)n : 1;
}

/* ---- memory --------------------------------------------------------------- */

/* Zeroes that the kernel puts there when a page is touched, of an allocator
 * that aligns what is large; NULL = of another. What a stage may need is more,
 * as a rule, than what it will. */
static void *
posix_alloc_large(size_t n_bytes)
{
	void *memory = calloc(1, n_bytes);

	if ((uintptr_t)memory % POSIX_ALIGN == 0)
		return memory;
	free(memory);
	return NULL;
}

static void *
posix_alloc(const struct leat__env *env, size_t n_bytes)
{
	size_t n = leat__round_up(n_bytes ? n_bytes : 1, POSIX_ALIGN);
	void *memory = NULL;

	(void)env;
	if (n < n_bytes) /* rounded past the end */
		return NULL;
	if (n >= POSIX_LARGE_BYTES)
		memory = posix_alloc_large(n);
	if (memory)
		return memory;
	memory = aligned_alloc(POSIX_ALIGN, n);
	if (memory)
		memset(memory, 0, n);
	return memory;
}

static void
posix_free(const struct leat__env *env, void *memory)
{
	(void)env;
	free(memory);
}

/* Growing a file past RLIMIT_FSIZE would raise a signal. */
static bool
posix_may_grow(size_t n_bytes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		return false;
	return limit.rlim_cur == RLIM_INFINITY || n_bytes <= limit.rlim_cur;
}

/* A file in memory whose size nobody can change any more; -1 = none. */
static int
posix_memfd(size_t n_bytes, const char *name)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd;

	if (!posix_may_grow(n_bytes))
		return -1;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)n_bytes) == 0 &&
		fcntl(fd, F_ADD_SEALS, seals) == 0)
		return fd;
	close(fd);
	return -1;
}

static void *
posix_map_fd(size_t n_bytes, int fd)
{
	int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	void *memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
		flags | MAP_NORESERVE, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int
posix_map(const struct leat__env *env, size_t n_bytes, const char *name,
	void **memory_out, int *fd_out)
{
	int fd = posix_memfd(n_bytes, name);
	void *memory = posix_map_fd(n_bytes, fd);

	(void)env;
	if (!memory && fd >= 0) {
		close(fd);
		fd = -1;
		memory = posix_map_fd(n_bytes, fd);
	}
	if (!memory)
		return errno;
	if (n_bytes >= POSIX_HUGE_BYTES)
		(void)madvise(memory, n_bytes, MADV_HUGEPAGE); /* a wish */
	*memory_out = memory;
	*fd_out = fd;
	return 0;
}

static void
posix_unmap(const struct leat__env *env, void *memory, size_t n_bytes, int fd)
{
	(void)env;
	munmap(memory, n_bytes);
	if (fd >= 0)
		close(fd);
}

static bool
posix_guard(char *stack, bool may_split)
{
	if (madvise(stack, POSIX_PAGE_BYTES, MADV_GUARD_INSTALL) == 0)
		return true;
	return may_split && mprotect(stack, POSIX_PAGE_BYTES, PROT_NONE) == 0;
}

/* All at once where the system lets a process advise itself (Linux 6.13). */
static bool
posix_guard_together(char *stacks, size_t n_bytes, uint32_t n)
{
	struct iovec pages[POSIX_GUARDS_MAX];
	long n_done;
	int self;

	if (n > POSIX_GUARDS_MAX)
		return false;
	for (uint32_t k = 0; k < n; k++)
		pages[k] =
			(struct iovec){stacks + k * n_bytes, POSIX_PAGE_BYTES};
	self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (self < 0)
		return false;
	n_done = syscall(SYS_process_madvise, self, pages, (size_t)n,
		MADV_GUARD_INSTALL, 0);
	close(self);
	return n_done == (long)(n * POSIX_PAGE_BYTES);
}

static int
posix_map_stacks(const struct leat__env *env, size_t n_bytes, uint32_t n,
	bool may_split, void **memory_out, bool *is_guarded_out)
{
	char *stacks = mmap(NULL, n * n_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool is_guarded = true;

	(void)env;
	if (stacks == MAP_FAILED)
		return errno;
	/* a page at the top of a stack is all that most fibers touch */
	(void)madvise(stacks, n * n_bytes, MADV_NOHUGEPAGE);
	if (!posix_guard_together(stacks, n_bytes, n))
		for (uint32_t k = 0; k < n && is_guarded; k++)
			is_guarded =
				posix_guard(stacks + k * n_bytes, may_split);
	*memory_out = stacks;
	*is_guarded_out = is_guarded;
	return 0;
}

static void
posix_discard(const struct leat__env *env, void *memory, size_t n_bytes)
{
	(void)env;
	(void)madvise(memory, n_bytes, MADV_DONTNEED);
}

/* ---- files ---------------------------------------------------------------- */

/* 0 or errno of a call that returns -1 on failure; again if interrupted. */
#define POSIX_CALL(call)                                                       \
	__extension__({                                                        \
		int posix_rc_;                                                 \
		do                                                             \
			posix_rc_ = (call);                                    \
		while (posix_rc_ < 0 && errno == EINTR);                       \
		posix_rc_ < 0 ? errno : 0;                                     \
	})

/* Count or negative errno of a call that moves bytes. */
#define POSIX_MOVE(call)                                                       \
	__extension__({                                                        \
		int64_t posix_n_;                                              \
		do                                                             \
			posix_n_ = (call);                                     \
		while (posix_n_ < 0 && errno == EINTR);                        \
		posix_n_ < 0 ? -(int64_t)errno : posix_n_;                     \
	})

static int
posix_open(const struct leat__env *env, const char *path, uint32_t how,
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
static int
posix_close(const struct leat__env *env, int fd)
{
	(void)env;
	return close(fd) == 0 || errno == EINTR ? 0 : errno;
}

static int64_t
posix_read(const struct leat__env *env, int fd, void *buf, size_t n_bytes)
{
	(void)env;
	return POSIX_MOVE(read(fd, buf, n_bytes));
}

static int64_t
posix_read_at(const struct leat__env *env, int fd, void *buf, size_t n_bytes,
	uint64_t offset)
{
	(void)env;
	return POSIX_MOVE(pread(fd, buf, n_bytes, (off_t)offset));
}

static int64_t
posix_write(
	const struct leat__env *env, int fd, const void *buf, size_t n_bytes)
{
	(void)env;
	return POSIX_MOVE(write(fd, buf, n_bytes));
}

static int
posix_sync(const struct leat__env *env, int fd)
{
	(void)env;
	return POSIX_CALL(fsync(fd));
}

/* A file system that cannot sync folders says EINVAL; there is then nothing
 * that could be done better. */
static int
posix_sync_dir(const struct leat__env *env, const char *dir)
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

static int
posix_rename(const struct leat__env *env, const char *from, const char *to)
{
	(void)env;
	return POSIX_CALL(rename(from, to));
}

static int
posix_unlink(const struct leat__env *env, const char *path)
{
	(void)env;
	return POSIX_CALL(unlink(path));
}

static int
posix_resolve(const struct leat__env *env, const char *path, char *buf,
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

static int
posix_stat(
	const struct leat__env *env, const char *path, struct leat__stat *out)
{
	struct stat st = {0};
	int sys_errno = POSIX_CALL(stat(path, &st));

	(void)env;
	if (!sys_errno)
		posix_fill_stat(out, &st);
	return sys_errno;
}

static int
posix_fstat(const struct leat__env *env, int fd, struct leat__stat *out)
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

static int
posix_list(const struct leat__env *env, const char *folder, leat__listed_fn fn,
	void *user)
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

static int
posix_chmod(const struct leat__env *env, int fd, uint32_t mode_bits)
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
	int64_t now_ns = posix_clock(CLOCK_MONOTONIC);
	struct timespec left =
		posix_timespec(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
	int n_ready =
		ppoll(fds, n, deadline_ns == LEAT_NEVER ? NULL : &left, NULL);

	return n_ready < 0 ? -errno : n_ready;
}

static int
posix_poll(const struct leat__env *env, struct leat__poll *polls, uint32_t n,
	int64_t deadline_ns)
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

static int
posix_event_create(const struct leat__env *env, int *fd_out)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)env;
	*fd_out = fd;
	return fd < 0 ? errno : 0;
}

/* Cannot fail but by being set already: then it is what it should be. */
static void
posix_event_set(const struct leat__env *env, int fd)
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

static int
posix_lock(const struct leat__env *env, int fd)
{
	(void)env;
	return posix_lock_set(fd, F_WRLCK);
}

static int
posix_unlock(const struct leat__env *env, int fd)
{
	(void)env;
	return posix_lock_set(fd, F_UNLCK);
}

static int
posix_truncate(const struct leat__env *env, int fd, uint64_t n_bytes)
{
	(void)env;
	return POSIX_CALL(ftruncate(fd, (off_t)n_bytes));
}

/* ---- the table ------------------------------------------------------------ */

static const struct leat__env posix_env = {
	.now_ns = posix_now_ns,
	.wall_ns = posix_wall_ns,
	.random = posix_random,
	.park = posix_park,
	.wake = posix_wake,
	.yield = posix_yield,
	.barrier = posix_barrier,
	.thread_start = posix_thread_start,
	.thread_join = posix_thread_join,
	.n_cores = posix_n_cores,
	.core_at = posix_core_at,
	.thread_pin = posix_thread_pin,
	.alloc = posix_alloc,
	.free = posix_free,
	.map = posix_map,
	.unmap = posix_unmap,
	.map_stacks = posix_map_stacks,
	.discard = posix_discard,
	.open = posix_open,
	.close = posix_close,
	.read = posix_read,
	.read_at = posix_read_at,
	.write = posix_write,
	.sync = posix_sync,
	.sync_dir = posix_sync_dir,
	.rename = posix_rename,
	.unlink = posix_unlink,
	.resolve = posix_resolve,
	.stat = posix_stat,
	.fstat = posix_fstat,
	.chmod = posix_chmod,
	.list = posix_list,
	.poll = posix_poll,
	.event_create = posix_event_create,
	.event_set = posix_event_set,
	.lock = posix_lock,
	.unlock = posix_unlock,
	.truncate = posix_truncate,
	.processes = &leat__posix_processes,
	.sockets = &leat__posix_sockets,
};

const struct leat__env *
leat__env_posix(void)
{
	return &posix_env;
}

const char *
leat__env_strerror(int sys_errno, char *buf, size_t n_bytes)
{
	char own[128];

	if (n_bytes > 0)
		snprintf(buf, n_bytes, "%s",
			strerror_r(sys_errno, own, sizeof(own)));
	return buf;
}
