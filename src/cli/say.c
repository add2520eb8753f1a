/*
 * cli/say.c -- what the command says to people: errors, notices, numbers.
 *
 * Colour only on a terminal, and never when NO_COLOR is set (no-color.org).
 * A closed stderr is no reason to stop; a stdout that did not take
 * everything is an error, told by leat__cli_flush().
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define SAY_RED   "\033[1;31m"
#define SAY_GREEN "\033[1;32m"
#define SAY_PLAIN "\033[0m"

static FILE *say_copy; /* NULL = to nobody else */

void
leat__cli_say_copy(FILE *to)
{
	say_copy = to;
}

static void
say_copy_line(const char *head, const char *format, va_list args)
{
	if (!say_copy)
		return;
	fputs(head, say_copy);
	vfprintf(say_copy, format, args);
	fputc('\n', say_copy);
}

bool
leat__cli_has_colour(FILE *to)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_colour && *no_colour)
		return false;
	if (term && strcmp(term, "dumb") == 0)
		return false;
	return isatty(fileno(to)) == 1;
}

static void
say_error_head(void)
{
	if (leat__cli_has_colour(stderr))
		fputs("leat: " SAY_RED "error:" SAY_PLAIN " ", stderr);
	else
		fputs("leat: error: ", stderr);
}

void
leat__cli_error(const char *format, ...)
{
	va_list args;

	say_error_head();
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	va_start(args, format);
	say_copy_line("error: ", format, args);
	va_end(args);
}

void
leat__cli_say(const char *format, ...)
{
	va_list args;

	fputs("leat: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	va_start(args, format);
	say_copy_line("", format, args);
	va_end(args);
}

/* The graph's line, then the caret line in green. */
static void
say_caret(const char *caret)
{
	const char *second = strchr(caret, '\n');

	if (!second || !leat__cli_has_colour(stderr)) {
		fputs(caret, stderr);
	} else {
		fwrite(caret, 1, (size_t)(second + 1 - caret), stderr);
		fprintf(stderr, SAY_GREEN "%s" SAY_PLAIN, second + 1);
	}
	if (caret[strlen(caret) - 1] != '\n')
		fputc('\n', stderr);
	if (say_copy)
		fprintf(say_copy, "%s%s", caret,
			caret[strlen(caret) - 1] == '\n' ? "" : "\n");
}

void
leat__cli_error_object(const char *graph_text, const struct leat_error *err)
{
	char caret[1024];

	if (err->stage[0])
		leat__cli_error("%s: %s", err->stage, err->text);
	else
		leat__cli_error("%s", err->text);
	if (graph_text &&
		leat_error_caret(graph_text, err, caret, sizeof(caret)))
		say_caret(caret);
}

void
leat__cli_json_char(FILE *to, char c)
{
	if (c == '"' || c == '\\')
		fprintf(to, "\\%c", c);
	else if ((unsigned char)c < 0x20)
		fprintf(to, "\\u%04x", (unsigned)c);
	else
		fputc(c, to);
}

void
leat__cli_json_string(FILE *to, const char *text)
{
	if (!text) {
		fputs("null", to);
		return;
	}
	fputc('"', to);
	for (; *text; text++)
		leat__cli_json_char(to, *text);
	fputc('"', to);
}

int
leat__cli_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return LEAT__CLI_DONE;
	leat__cli_error("standard output: %s", strerror(errno));
	return LEAT__CLI_FAILED;
}

/* In the greatest unit of which there is one; each is `step` of the last. */
static const char *
say_scaled(uint64_t n, double step, const char *const units[4], char *buf,
	size_t n_bytes)
{
	double x = (double)n / step;
	size_t unit = 0;

	for (; x >= 1000 && unit < 3; unit++)
		x /= step;
	snprintf(buf, n_bytes, "%.*f %s", x < 100 ? 1 : 0, x, units[unit]);
	return buf;
}

const char *
leat__cli_bytes(uint64_t n, char *buf, size_t n_bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};

	if (n >= 1024)
		return say_scaled(n, 1024, units, buf, n_bytes);
	snprintf(buf, n_bytes, "%u B", (unsigned)n);
	return buf;
}

const char *
leat__cli_count(uint64_t n, char *buf, size_t n_bytes)
{
	static const char *const units[] = {"k", "M", "G", "T"};

	if (n >= 10000)
		return say_scaled(n, 1000, units, buf, n_bytes);
	snprintf(buf, n_bytes, "%u", (unsigned)n);
	return buf;
}

const char *
leat__cli_seconds(double seconds, char *buf, size_t n_bytes)
{
	unsigned whole = seconds < 1e9 ? (unsigned)(seconds + 0.5) : 0;

	if (seconds < 10)
		snprintf(buf, n_bytes, "%.2f s", seconds);
	else if (seconds < 60)
		snprintf(buf, n_bytes, "%u s", whole);
	else if (seconds < 3600)
		snprintf(buf, n_bytes, "%u min %u s", whole / 60, whole % 60);
	else
		snprintf(buf, n_bytes, "%u h %u min", whole / 3600,
			whole / 60 % 60);
	return buf;
}
