/*
 * cli/signals.c -- the signals of leat run, out of a file.
 *
 * They are blocked before any thread starts and come out of a signalfd, so
 * nothing runs in a handler. SIGINT and SIGTERM stop, SIGHUP stops or asks for
 * the graph's file to be read again, SIGQUIT ends at once, SIGUSR1 asks how it
 * goes. One that was ignored when the command started (nohup, a shell's
 * background job) stays ignored. SIGPIPE is blocked and never taken: whoever
 * writes to what nobody reads is told by the write.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

static void
signals_watch(sigset_t *set, int number)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) == 0 &&
		action.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

int
leat__cli_signals_open(void)
{
	static const int numbers[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1};
	sigset_t watched, blocked;
	int fd;

	sigemptyset(&watched);
	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
		signals_watch(&watched, numbers[k]);
	blocked = watched;
	sigaddset(&blocked, SIGPIPE);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		leat__cli_error(
			"cannot make a file for signals: %s", strerror(errno));
	return fd;
}

static enum leat__cli_signal
signals_kind(uint32_t number)
{
	return number == SIGQUIT    ? LEAT__CLI_SIGNAL_QUIT
		: number == SIGHUP  ? LEAT__CLI_SIGNAL_HANGUP
		: number == SIGUSR1 ? LEAT__CLI_SIGNAL_TELL
				    : LEAT__CLI_SIGNAL_STOP;
}

enum leat__cli_signal
leat__cli_signals_next(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return LEAT__CLI_SIGNAL_NONE;
	return signals_kind(info.ssi_signo);
}

bool
leat__cli_signals_lost_terminal(void)
{
	struct termios unused;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (tcgetattr(fd, &unused) && errno == EIO)
			return true;
	return false;
}
