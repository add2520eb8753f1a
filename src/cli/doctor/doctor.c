/*
 * cli/doctor/doctor.c -- leat doctor: is everything there that a run can want
 * of this machine and this build, and what to do where it is not?
 *
 * A failure is what some run will fail for; a warning what makes it slow, or
 * what is missing but for some stages. Nothing is changed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "doctor.h"

#define DOCTOR_CLOCK_LOOKS 20000
#define DOCTOR_CLOCK_NS    250 /* for a look, at most */
#define DOCTOR_SPACE_BYTES (UINT64_C(1) << 30)

/* ---- telling ------------------------------------------------------------- */

static void
tell_json(const struct leat__doctor *d, enum leat__doctor_mark mark,
	const char *name, const char *advice, const char *text)
{
	static const char *const marks[] = {"ok", "warn", "fail"};
	uint32_t n = d->n[0] + d->n[1] + d->n[2];

	fputs(n ? ",\n{\"name\":" : "{\"checks\":[\n{\"name\":", stdout);
	leat__cli_json_string(stdout, name);
	printf(",\"status\":\"%s\",\"text\":", marks[mark]);
	leat__cli_json_string(stdout, text);
	fputs(",\"advice\":", stdout);
	leat__cli_json_string(stdout, advice);
	putchar('}');
}

static void
tell_text(const struct leat__doctor *d, enum leat__doctor_mark mark,
	const char *name, const char *advice, const char *text)
{
	static const char *const marks[] = {"ok  ", "warn", "FAIL"};
	static const char *const colours[] = {
		"\033[32m", "\033[33m", "\033[31m"};

	printf("%s%s%s  %-12s ", d->is_coloured ? colours[mark] : "",
		marks[mark], d->is_coloured ? "\033[0m" : "", name);
	leat__cli_wrap(text, strlen(text), 19, 19);
	if (!advice)
		return;
	printf("%19s", "");
	leat__cli_wrap(advice, strlen(advice), 19, 19);
}

void
leat__doctor_tell(struct leat__doctor *d, enum leat__doctor_mark mark,
	const char *name, const char *advice, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (d->is_json)
		tell_json(d, mark, name, advice, text);
	else
		tell_text(d, mark, name, advice, text);
	d->n[mark]++;
}

bool
leat__doctor_line(const char *path, char *buf, size_t n_bytes)
{
	FILE *from = fopen(path, "r");
	bool is_there;

	if (!from)
		return false;
	is_there = fgets(buf, (int)n_bytes, from) != NULL;
	fclose(from);
	if (is_there)
		buf[strcspn(buf, "\n")] = '\0';
	return is_there;
}

/* ---- the machine --------------------------------------------------------- */

static void
doctor_scan(struct leat__doctor *d)
{
	const char *name = leat_text_scan_name();
	bool is_slow = strcmp(name, "portable") == 0;

	leat__doctor_tell(d, is_slow ? LEAT__DOCTOR_WARN : LEAT__DOCTOR_GOOD,
		"scan",
		is_slow ? "text is scanned byte by byte; a processor with "
			  "AVX2 or NEON does it about ten times as fast"
			: NULL,
		"text is scanned with %s", name);
}

/* What a look at the clock costs: of 20 000 the mean. */
static void
doctor_clock(struct leat__doctor *d)
{
	char source[64];
	int64_t began_ns = leat_now_ns(), ns;
	bool is_slow;

	for (uint32_t k = 0; k < DOCTOR_CLOCK_LOOKS; k++)
		ns = leat_now_ns();
	ns = (leat_now_ns() - began_ns) / DOCTOR_CLOCK_LOOKS;
	is_slow = ns > DOCTOR_CLOCK_NS;
	if (!leat__doctor_line("/sys/devices/system/clocksource/clocksource0/"
			       "current_clocksource",
		    source, sizeof(source)))
		snprintf(source, sizeof(source), "unknown");
	leat__doctor_tell(d, is_slow ? LEAT__DOCTOR_WARN : LEAT__DOCTOR_GOOD,
		"clock",
		is_slow ? "a look at the clock is a call of the system; boot "
			  "with clocksource=tsc, if the machine has one"
			: NULL,
		"%s, %lld ns for a look", source, (long long)ns);
}

static void
doctor_pages(struct leat__doctor *d)
{
	char line[128] = "";
	bool is_never;

	if (!leat__doctor_line("/sys/kernel/mm/transparent_hugepage/enabled",
		    line, sizeof(line))) {
		leat__doctor_tell(d, LEAT__DOCTOR_GOOD, "huge pages", NULL,
			"this system has none");
		return;
	}
	is_never = strstr(line, "[never]") != NULL;
	leat__doctor_tell(d, is_never ? LEAT__DOCTOR_WARN : LEAT__DOCTOR_GOOD,
		"huge pages",
		is_never ? "frames lie in small pages; echo madvise > "
			   "/sys/kernel/mm/transparent_hugepage/enabled"
			 : NULL,
		"%s", line);
}

/* ---- folders ------------------------------------------------------------- */

static void
doctor_folder(struct leat__doctor *d, const char *name, const char *path,
	const char *use)
{
	struct statvfs space;
	char bytes[32];
	uint64_t n;

	if (access(path, W_OK | X_OK) != 0 || statvfs(path, &space) != 0) {
		leat__doctor_tell(d, LEAT__DOCTOR_FAIL, name, use, "%s: %s",
			path, strerror(errno));
		return;
	}
	n = (uint64_t)space.f_bavail * space.f_frsize;
	leat__doctor_tell(d,
		n < DOCTOR_SPACE_BYTES ? LEAT__DOCTOR_WARN : LEAT__DOCTOR_GOOD,
		name, n < DOCTOR_SPACE_BYTES ? use : NULL, "%s: %s are free",
		path, leat__cli_bytes(n, bytes, sizeof(bytes)));
}

static void
doctor_folders(struct leat__doctor *d)
{
	const char *tmp = getenv("TMPDIR");

	doctor_folder(d, "TMPDIR", tmp && *tmp ? tmp : "/tmp",
		"leat test and leat dev work there; set TMPDIR to a folder "
		"with space that you may write to");
	doctor_folder(d, "scratch", "/var/tmp",
		"sort, group and tee put there what does not fit in memory; "
		"they have options for another folder");
}

/* Where runs are found by leat ps and others: only its owner may look into it,
 * and without XDG_RUNTIME_DIR anybody could have made it. */
static void
doctor_sockets(struct leat__doctor *d)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	bool has_runtime = runtime && *runtime == '/';
	char path[1024];
	struct stat now;

	if (has_runtime)
		snprintf(path, sizeof(path), "%s", runtime);
	else
		snprintf(path, sizeof(path), "/tmp/leat-%u",
			(unsigned)geteuid());
	if (lstat(path, &now))
		leat__doctor_tell(d,
			has_runtime ? LEAT__DOCTOR_FAIL : LEAT__DOCTOR_GOOD,
			"sockets",
			has_runtime ? "set XDG_RUNTIME_DIR to a folder of "
				      "your own, or to nothing"
				    : NULL,
			"%s: %s", path,
			has_runtime ? strerror(errno)
				    : "made when a run begins");
	else if (now.st_uid != geteuid() || access(path, W_OK | X_OK))
		leat__doctor_tell(d, LEAT__DOCTOR_FAIL, "sockets",
			"runs go on without a socket, and leat ps does not "
			"find them; set XDG_RUNTIME_DIR to a folder of your "
			"own",
			"%s is somebody else's", path);
	else
		leat__doctor_tell(d,
			now.st_mode & 077 ? LEAT__DOCTOR_WARN
					  : LEAT__DOCTOR_GOOD,
			"sockets", now.st_mode & 077 ? "chmod 700 it" : NULL,
			"%s, mode %o", path, now.st_mode & 0777u);
}

/* ---- what is installed beside it ----------------------------------------- */

/* Is one of the endings there, below the command's own prefix or those of the
 * system? */
static bool
beside_find(const char *const *endings, char *found, size_t n_bytes)
{
	char self[1024] = "";
	const char *const prefixes[] = {self, "/usr/local", "/usr", NULL};
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 2; up++) {
		slash = strrchr(self, '/');
		if (slash)
			*slash = '\0';
	}
	for (int p = 0; prefixes[p]; p++) {
		for (int k = 0; endings[k]; k++) {
			snprintf(found, n_bytes, "%s/share/%s", prefixes[p],
				endings[k]);
			if (access(found, R_OK) == 0)
				return true;
		}
	}
	return false;
}

static void
doctor_beside(struct leat__doctor *d)
{
	static const char *const pages[] = {
		"man/man1/leat.1", "man/man1/leat.1.gz", NULL};
	static const char *const scripts[] = {
		"bash-completion/completions/leat", NULL};
	char path[1200];

	if (beside_find(pages, path, sizeof(path)))
		leat__doctor_tell(
			d, LEAT__DOCTOR_GOOD, "man page", NULL, "%s", path);
	else
		leat__doctor_tell(d, LEAT__DOCTOR_WARN, "man page",
			"install leat (cmake --install), or: leat help --man "
			"> ~/.local/share/man/man1/leat.1",
			"not found");
	if (beside_find(scripts, path, sizeof(path)))
		leat__doctor_tell(
			d, LEAT__DOCTOR_GOOD, "completion", NULL, "%s", path);
	else
		leat__doctor_tell(d, LEAT__DOCTOR_WARN, "completion",
			"install leat, or: source <(leat completion bash)",
			"not found");
}

/* ---- the command --------------------------------------------------------- */

int
leat__cli_doctor(const struct leat__cli_args *args)
{
	struct leat__doctor d = {.is_json = args->is_json,
		.is_coloured = leat__cli_has_colour(stdout)};

	if (args->n_words) {
		leat__cli_error("doctor: takes no words; what is '%s'?",
			args->words[0]);
		return LEAT__CLI_USAGE;
	}
	leat__doctor_tell(&d, LEAT__DOCTOR_GOOD, "leat", NULL,
		"%s, built by %s", leat_version(), __VERSION__);
	leat__doctor_build(&d);
	doctor_scan(&d);
	leat__doctor_limits(&d);
	doctor_clock(&d);
	doctor_pages(&d);
	doctor_folders(&d);
	doctor_sockets(&d);
	doctor_beside(&d);
	if (d.is_json)
		printf("],\"n_warn\":%u,\"n_fail\":%u}\n",
			d.n[LEAT__DOCTOR_WARN], d.n[LEAT__DOCTOR_FAIL]);
	else
		printf("%u good, %u to look at, %u that fail\n",
			d.n[LEAT__DOCTOR_GOOD], d.n[LEAT__DOCTOR_WARN],
			d.n[LEAT__DOCTOR_FAIL]);
	if (leat__cli_flush() != LEAT__CLI_DONE)
		return LEAT__CLI_FAILED;
	return d.n[LEAT__DOCTOR_FAIL] ? LEAT__CLI_FAILED : LEAT__CLI_DONE;
}
