/*
 * env/posix_process.c -- child processes as Linux has them: fork, descriptors
 * of processes, words that two of them wait on.
 *
 * Keeps: a child has no file of its parent but those that it is given, no
 * handler, and no signal from outside; unless it is the first, it is killed
 * with the process that made it.
 * Threads: fork and reap by one at a time for each child; the rest any.
 * Source: Linux 5.3 (pidfd_open), 5.9 (close_range).
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "env/posix.h"

/* ---- what a child begins with ------------------------------------------- */

static void
child_reset_signals(void)
{
	struct sigaction usual;
	stack_t none = {.ss_flags = SS_DISABLE};
	sigset_t blocked;

	memset(&usual, 0, sizeof(usual));
	usual.sa_handler = SIG_DFL;
	for (int k = 1; k < NSIG; k++)
		(void)sigaction(k, &usual, NULL);
	(void)sigaltstack(&none, NULL);
	leat__posix_outside(&blocked);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* Files from first to last, both included. */
static void
child_close(unsigned first, unsigned last)
{
	if (first <= last)
		(void)syscall(SYS_close_range, first, last, 0u);
}

static void
child_close_others(const struct leat__fork *how)
{
	unsigned from = 3;

	for (uint32_t k = 0; k < how->n_fds; k++) {
		unsigned fd = (unsigned)how->fds[k];

		if (fd > from)
			child_close(from, fd - 1);
		if (fd >= from)
			from = fd + 1;
	}
	child_close(from, UINT_MAX);
}

static _Noreturn void
child_run(const struct leat__fork *how, bool is_first, pid_t parent)
{
	if (!is_first)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	child_reset_signals();
	/* it may have gone before it was asked to take this child along */
	if (getppid() != parent)
		_exit(1);
	__fpurge(stdout);
	__fpurge(stderr);
	child_close_others(how);
	_exit(how->fn(how->arg));
}

static int
process_fork(const struct leat__fork *how, bool is_first, int64_t *pid_out)
{
	pid_t parent = getpid();
	sigset_t all, before;
	int sys_errno;
	pid_t pid;

	/* no handler of the program runs in the child */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		child_run(how, is_first, parent);
	sys_errno = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	*pid_out = pid;
	return pid < 0 ? sys_errno : 0;
}

/* ---- looking after it --------------------------------------------------- */

static int
process_watch(int64_t pid, int *fd_out)
{
	int64_t of = pid ? pid : (int64_t)getpid();
	long fd = syscall(SYS_pidfd_open, (pid_t)of, 0u);

	*fd_out = (int)fd;
	return fd < 0 ? errno : 0;
}

static int
process_reap(int64_t pid, int watch_fd, struct leat__ended *ended_out)
{
	int status = 0;
	int sys_errno;

	if (watch_fd >= 0)
		(void)syscall(
			SYS_pidfd_send_signal, watch_fd, SIGKILL, NULL, 0u);
	else
		(void)kill((pid_t)pid, SIGKILL);
	sys_errno = POSIX_CALL(waitpid((pid_t)pid, &status, 0));
	if (sys_errno)
		return sys_errno;
	ended_out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	ended_out->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	return 0;
}

static const char *
process_signal_name(int sys_signal, char buf[24])
{
	const char *name = sigabbrev_np(sys_signal);

	if (name)
		snprintf(buf, 24, "SIG%s", name);
	else
		snprintf(buf, 24, "signal %d", sys_signal);
	return buf;
}

/* ---- messages ----------------------------------------------------------- */

static int
process_pair(int fds_out[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds_out) <
			0
		? errno
		: 0;
}

static int
process_send(int fd, const void *message, size_t n_bytes)
{
	int64_t n = POSIX_MOVE(send(fd, message, n_bytes, MSG_NOSIGNAL));

	return n < 0 ? (int)-n : 0;
}

static int
process_receive(int fd, void *message, size_t n_bytes)
{
	int64_t n = POSIX_MOVE(recv(fd, message, n_bytes, 0));

	if (n < 0)
		return (int)-n;
	return (size_t)n == n_bytes ? 0 : EPIPE;
}

/* ---- memory and words --------------------------------------------------- */

static int
process_protect(void *memory, size_t n_bytes, uint32_t how)
{
	static const int protections[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};

	return mprotect(memory, n_bytes, protections[how]) < 0 ? errno : 0;
}

static void
process_park(const uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
	struct timespec deadline = leat__posix_timespec(deadline_ns);

	syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected,
		deadline_ns == LEAT_NEVER ? NULL : &deadline, NULL,
		FUTEX_BITSET_MATCH_ANY);
}

static void
process_wake(const uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

const struct leat__processes leat__posix_processes = {
	.fork = process_fork,
	.watch = process_watch,
	.reap = process_reap,
	.signal_name = process_signal_name,
	.pair = process_pair,
	.send = process_send,
	.receive = process_receive,
	.protect = process_protect,
	.park = process_park,
	.wake = process_wake,
};
