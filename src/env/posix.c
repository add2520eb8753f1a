/*
 * env/posix.c -- the world as Linux has it: clocks, waits, threads, and the
 * table. Only this file and its sisters name the operating system.
 *
 * Keeps: deadlines are on CLOCK_MONOTONIC.
 * Threads: any; the table is constant and there is no other state.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "env/posix.h"

/* ---- clock and random ----------------------------------------------------- */

static int64_t
posix_now_ns(const struct leat__env *env)
{
	(void)env;
	return leat__posix_clock(CLOCK_MONOTONIC);
}

static int64_t
posix_wall_ns(const struct leat__env *env)
{
	(void)env;
	return leat__posix_clock(CLOCK_REALTIME);
}

int64_t
leat_now_ns(void)
{
	return leat__posix_clock(CLOCK_MONOTONIC);
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

/*
 * FUTEX_WAIT_BITSET takes its deadline as a point of CLOCK_MONOTONIC; without
 * the bit set named in full it fails, and the caller would spin.
 */
static void
posix_park(const struct leat__env *env, const uint32_t *word, uint32_t expected,
	int64_t deadline_ns)
{
	struct timespec deadline = leat__posix_timespec(deadline_ns);

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

void
leat__posix_outside(sigset_t *signals_out)
{
	static const int crashes[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};

	sigfillset(signals_out);
	for (size_t k = 0; k < leat__array_len(crashes); k++)
		sigdelset(signals_out, crashes[k]);
}

/* What comes from outside is the program's; a crash stays this thread's. */
static void
posix_block_signals(sigset_t *before_out)
{
	sigset_t blocked;

	leat__posix_outside(&blocked);
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
	.alloc = leat__posix_alloc,
	.free = leat__posix_free,
	.map = leat__posix_map,
	.unmap = leat__posix_unmap,
	.map_stacks = leat__posix_map_stacks,
	.discard = leat__posix_discard,
	.open = leat__posix_open,
	.close = leat__posix_close,
	.read = leat__posix_read,
	.read_at = leat__posix_read_at,
	.write = leat__posix_write,
	.sync = leat__posix_sync,
	.sync_dir = leat__posix_sync_dir,
	.rename = leat__posix_rename,
	.unlink = leat__posix_unlink,
	.resolve = leat__posix_resolve,
	.stat = leat__posix_stat,
	.fstat = leat__posix_fstat,
	.chmod = leat__posix_chmod,
	.list = leat__posix_list,
	.poll = leat__posix_poll,
	.event_create = leat__posix_event_create,
	.event_set = leat__posix_event_set,
	.lock = leat__posix_lock,
	.unlock = leat__posix_unlock,
	.truncate = leat__posix_truncate,
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
