/*
 * cli/new.c -- leat new: a job, or a stage in C, that is ready to be built on.
 *
 * Keeps: nothing that is there is written over; on an error what was begun is
 * taken away again.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "new.h"

#define NEW_NAME_MAX  48
#define NEW_FILES_MAX 4

struct new_file {
	const char *suffix; /* behind the name; "/x" = in a folder, without */
	const char *text;
};

struct new_kind {
	const char *name;
	bool is_folder; /* its files stand in one of its own */
	struct new_file files[NEW_FILES_MAX];
	const char *next; /* what to do then */
};

static const struct new_kind new_kinds[] = {
	{"job", false,
		{{".yaml", leat__new_job}, {".test.yaml", leat__new_cases}},
		"leat test @N@.test.yaml"},
	{"stage", true,
		{{".h", leat__new_header}, {".c", leat__new_stage},
			{"_test.c", leat__new_check}, {NULL, leat__new_cmake}},
		"cmake -S @N@ -B @N@/build && cmake --build @N@/build && "
		"ctest --test-dir @N@/build"},
};

/* ---- texts --------------------------------------------------------------- */

static void
text_name(FILE *to, const char *name, char how)
{
	for (; *name; name++) {
		char c = *name;

		if (how != 'N' && (c == '-' || c == '.'))
			c = '_';
		putc(how == 'U' ? toupper((unsigned char)c) : c, to);
	}
}

/* With @N@, @I@ and @U@ filled in. */
static void
text_put(FILE *to, const char *text, const char *name)
{
	for (; *text; text++) {
		bool is_mark = text[0] == '@' && text[1] &&
			strchr("NIU", text[1]) && text[2] == '@';

		if (!is_mark) {
			putc(*text, to);
			continue;
		}
		text_name(to, name, text[1]);
		text += 2;
	}
}

/* ---- files --------------------------------------------------------------- */

static void
file_path(const struct new_kind *kind, const struct new_file *file,
	const char *name, char *buf, size_t n_bytes)
{
	char folder[NEW_NAME_MAX + 2] = "";

	if (kind->is_folder)
		snprintf(folder, sizeof(folder), "%s/", name);
	snprintf(buf, n_bytes, "%s%s%s", folder,
		file->suffix ? name : "CMakeLists.txt",
		file->suffix ? file->suffix : "");
}

/* false: it was told why not. */
static bool
file_write(const char *path, const char *text, const char *name)
{
	FILE *to = fopen(path, "wx");
	bool is_good;

	if (!to) {
		leat__cli_error("%s: %s%s", path, strerror(errno),
			errno == EEXIST ? "; it is not written over" : "");
		return false;
	}
	text_put(to, text, name);
	is_good = !ferror(to);
	if (fclose(to) == 0 && is_good)
		return true;
	leat__cli_error("%s: %s", path, strerror(errno));
	unlink(path);
	return false;
}

static uint32_t
kind_n_files(const struct new_kind *kind)
{
	uint32_t n = 0;

	while (n < NEW_FILES_MAX && kind->files[n].text)
		n++;
	return n;
}

/* All of them, or none. */
static int
kind_write(const struct new_kind *kind, const char *name)
{
	uint32_t n = kind_n_files(kind), k = 0;
	char path[256];

	if (kind->is_folder && mkdir(name, 0777)) {
		leat__cli_error("%s: %s%s", name, strerror(errno),
			errno == EEXIST ? "; it is not written over" : "");
		return LEAT__CLI_FAILED;
	}
	for (; k < n; k++) {
		file_path(kind, &kind->files[k], name, path, sizeof(path));
		if (!file_write(path, kind->files[k].text, name))
			break;
	}
	if (k == n)
		return LEAT__CLI_DONE;
	while (k-- > 0) {
		file_path(kind, &kind->files[k], name, path, sizeof(path));
		unlink(path);
	}
	if (kind->is_folder)
		rmdir(name);
	return LEAT__CLI_FAILED;
}

static void
kind_tell(const struct new_kind *kind, const char *name)
{
	char path[256];

	for (uint32_t k = 0; k < kind_n_files(kind); k++) {
		file_path(kind, &kind->files[k], name, path, sizeof(path));
		printf("wrote %s\n", path);
	}
	fputs("next: ", stdout);
	text_put(stdout, kind->next, name);
	putchar('\n');
}

/* ---- the command --------------------------------------------------------- */

/* A name of a stage, of a file and, but for - and ., of C. */
static bool
name_is_good(const char *name)
{
	size_t n = strlen(name);

	if (!isalpha((unsigned char)name[0]) || n > NEW_NAME_MAX ||
		!isalnum((unsigned char)name[n - 1]))
		return false;
	for (size_t k = 0; k < n; k++)
		if (!isalnum((unsigned char)name[k]) && !strchr("_-.", name[k]))
			return false;
	return true;
}

/* Who gives the name of a job's file means its job. */
static void
name_take(const struct new_kind *kind, const char *word,
	char name[NEW_NAME_MAX + 2])
{
	const char *suffix = kind->files[0].suffix;
	size_t n = strlen(word), n_suffix = strlen(suffix);

	if (!kind->is_folder && n > n_suffix &&
		strcmp(word + n - n_suffix, suffix) == 0)
		n -= n_suffix;
	snprintf(name, NEW_NAME_MAX + 2, "%.*s", (int)n, word);
}

int
leat__cli_new(const struct leat__cli_args *args)
{
	const struct new_kind *kind = NULL;
	char name[NEW_NAME_MAX + 2];
	int status;

	for (size_t k = 0; k < sizeof(new_kinds) / sizeof(new_kinds[0]); k++)
		if (args->n_words &&
			strcmp(args->words[0], new_kinds[k].name) == 0)
			kind = &new_kinds[k];
	if (!kind || args->n_words != 2) {
		leat__cli_error("new: a job or a stage, and its name, as in "
				"leat new job late");
		return LEAT__CLI_USAGE;
	}
	name_take(kind, args->words[1], name);
	if (!name_is_good(name)) {
		leat__cli_error("new: '%s' is no name; accepted: letters, "
				"digits, _ - ., a letter first, up to %d",
			args->words[1], NEW_NAME_MAX);
		return LEAT__CLI_USAGE;
	}
	status = kind_write(kind, name);
	if (!status && !args->is_quiet)
		kind_tell(kind, name);
	return leat__cli_flush() == LEAT__CLI_DONE ? status : LEAT__CLI_FAILED;
}
