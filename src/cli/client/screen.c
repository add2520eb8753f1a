/*
 * cli/client/screen.c -- a terminal, taken over and given back.
 *
 * Keys come one by one, signals out of a file, so nothing runs in a handler and
 * every way out but SIGKILL goes by leat__cli_screen_close(). Ctrl-Z gives the
 * terminal back before it stops, and takes it again after.
 * Keeps: after close the terminal is as it was before open.
 * Source: ECMA-48; xterm's alternate screen (1049).
 */
#define _GNU_SOURCE

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "top.h"

#define SCREEN_ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define SCREEN_KEYS  64u

struct leat__cli_screen {
	struct termios before;
	sigset_t mask;
	int signal_fd;
	int ended_by;
	bool has_resized;
	char keys[SCREEN_KEYS];
	uint32_t n_keys;
};

static void
screen_write(const char *text, size_t n_bytes)
{
	while (n_bytes) {
		ssize_t n = write(STDOUT_FILENO, text, n_bytes);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (n < 0)
			continue;
		text += n;
		n_bytes -= (size_t)n;
	}
}

/* ---- taking and giving back --------------------------------------------- */

static void
screen_take(const struct leat__cli_screen *screen)
{
	struct termios raw = screen->before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	screen_write(SCREEN_ENTER, strlen(SCREEN_ENTER));
}

static void
screen_give(const struct leat__cli_screen *screen)
{
	screen_write(SCREEN_LEAVE, strlen(SCREEN_LEAVE));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->before);
}

static void
screen_stop(struct leat__cli_screen *screen)
{
	screen_give(screen);
	kill(getpid(), SIGSTOP);
	screen_take(screen);
	screen->has_resized = true;
}

static int
screen_signals(struct leat__cli_screen *screen)
{
	static const int numbers[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
	sigset_t all;

	sigemptyset(&all);
	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
		sigaddset(&all, numbers[k]);
	sigprocmask(SIG_BLOCK, &all, &screen->mask);
	screen->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return screen->signal_fd < 0 ? errno : 0;
}

struct leat__cli_screen *
leat__cli_screen_open(void)
{
	struct leat__cli_screen *screen = calloc(1, sizeof(*screen));
	int code = screen ? 0 : ENOMEM;

	if (!code && !isatty(STDOUT_FILENO))
		code = ENOTTY;
	if (!code && tcgetattr(STDIN_FILENO, &screen->before))
		code = errno;
	if (!code)
		code = screen_signals(screen);
	if (code) {
		leat__cli_error("top: standard input and output are to be a "
				"terminal (%s); --once prints one picture",
			strerror(code));
		free(screen);
		return NULL;
	}
	screen_take(screen);
	return screen;
}

void
leat__cli_screen_close(struct leat__cli_screen *screen)
{
	if (!screen)
		return;
	screen_give(screen);
	close(screen->signal_fd);
	sigprocmask(SIG_SETMASK, &screen->mask, NULL);
	free(screen);
}

int
leat__cli_screen_signal(const struct leat__cli_screen *screen)
{
	return screen->ended_by;
}

/* ---- showing ------------------------------------------------------------ */

void
leat__cli_screen_size(uint32_t *width_out, uint32_t *height_out)
{
	struct winsize size = {0};

	*width_out = 80;
	*height_out = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ||
		!size.ws_row)
		return;
	*width_out = size.ws_col;
	*height_out = size.ws_row;
}

/* In one write, each line over what stood there: nothing flickers. */
void
leat__cli_screen_show(struct leat__cli_screen *screen, const char *lines)
{
	char *text = NULL;
	size_t n_bytes;
	FILE *to = open_memstream(&text, &n_bytes);

	(void)screen;
	if (!to)
		return;
	fputs("\033[H", to);
	for (; *lines; lines++)
		if (*lines == '\n')
			fputs("\033[K\r\n", to);
		else
			fputc(*lines, to);
	fputs("\033[K\033[J", to);
	if (fclose(to) == 0)
		screen_write(text, n_bytes);
	free(text);
}

/* ---- keys --------------------------------------------------------------- */

static int
signal_key(struct leat__cli_screen *screen)
{
	struct signalfd_siginfo info;

	while (read(screen->signal_fd, &info, sizeof(info)) ==
		(ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			screen->has_resized = true;
		} else if (info.ssi_signo == SIGTSTP) {
			screen_stop(screen);
		} else {
			screen->ended_by = (int)info.ssi_signo;
			return LEAT__CLI_KEY_END;
		}
	}
	if (!screen->has_resized)
		return LEAT__CLI_KEY_NONE;
	screen->has_resized = false;
	return LEAT__CLI_KEY_RESIZE;
}

static void
keys_drop(struct leat__cli_screen *screen, uint32_t n)
{
	screen->n_keys -= n;
	memmove(screen->keys, screen->keys + n, screen->n_keys);
}

/* Escape [ A and its like; a lone Escape is itself. */
static int
keys_take(struct leat__cli_screen *screen)
{
	static const struct {
		const char *text;
		int key;
	} known[] = {{"\033[A", LEAT__CLI_KEY_UP}, {"\033OA", LEAT__CLI_KEY_UP},
		{"\033[B", LEAT__CLI_KEY_DOWN}, {"\033OB", LEAT__CLI_KEY_DOWN},
		{"\033[5~", LEAT__CLI_KEY_PAGE_UP},
		{"\033[6~", LEAT__CLI_KEY_PAGE_DOWN}};
	int key;

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		size_t n = strlen(known[k].text);

		if (screen->n_keys >= n &&
			memcmp(screen->keys, known[k].text, n) == 0) {
			keys_drop(screen, (uint32_t)n);
			return known[k].key;
		}
	}
	key = (unsigned char)screen->keys[0];
	keys_drop(screen, 1);
	if (key == 26) { /* Ctrl-Z */
		screen_stop(screen);
		return signal_key(screen);
	}
	if (key == 3) /* Ctrl-C */
		return 'q';
	if (key == '\n' || key == LEAT__CLI_KEY_ENTER)
		return LEAT__CLI_KEY_ENTER;
	if (key == 8)
		return LEAT__CLI_KEY_BACKSPACE;
	return key == LEAT__CLI_KEY_ESCAPE || key >= LEAT__CLI_KEY_FIRST
		? key
		: LEAT__CLI_KEY_RESIZE;
}

/* A terminal that has gone is readable, and empty. */
static int
keys_read(struct leat__cli_screen *screen)
{
	ssize_t n = read(STDIN_FILENO, screen->keys + screen->n_keys,
		SCREEN_KEYS - screen->n_keys);

	if (n <= 0)
		return LEAT__CLI_KEY_END;
	screen->n_keys += (uint32_t)n;
	return keys_take(screen);
}

int
leat__cli_screen_key(
	struct leat__cli_screen *screen, int fd, int64_t deadline_ns)
{
	struct pollfd polls[] = {{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = screen->signal_fd, .events = POLLIN},
		{.fd = fd, .events = POLLIN}};
	int64_t left_ns = deadline_ns - leat_now_ns();
	int key;

	if (screen->n_keys)
		return keys_take(screen);
	if (poll(polls, 3, left_ns <= 0 ? 0 : (int)(left_ns / 1000000) + 1) <=
		0)
		return LEAT__CLI_KEY_NONE;
	key = polls[1].revents ? signal_key(screen) : LEAT__CLI_KEY_NONE;
	if (key)
		return key;
	if (polls[0].revents)
		return keys_read(screen);
	return polls[2].revents ? LEAT__CLI_KEY_OTHER : LEAT__CLI_KEY_NONE;
}
