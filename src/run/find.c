/*
 * run/find.c -- the files that a pattern names (leat/io.h).
 *
 * Words in braces are written out first, so that what is left is a path whose
 * parts are matched with the entries of one folder after the other. Links to
 * folders are followed where a part names them, never by **, so the walk ends.
 * Keeps: paths are sorted bytewise, and none is there twice.
 * Threads: the one that builds the graph.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env/env.h"
#include "graph/graph.h"
#include "mem/mem.h"
#include "run/run.h"
#include <leat/io.h>

#define FIND_PATH_MAX   4096
#define FIND_DEPTH_MAX  64   /* folders within each other */
#define FIND_BRACES_MAX 4096 /* patterns that one with braces stands for */
#define FIND_FIRST      65536

struct find {
	struct leat_stage *st;
	const struct leat__env *env;
	const char *pattern; /* as it was given */
	char *text;          /* paths found, each with its NUL */
	size_t n_text, max_text;
	uint32_t n;
	uint32_t n_patterns;
	uint32_t depth;
	uint64_t size_bytes;
	int rc;
	char path[FIND_PATH_MAX]; /* of the folder or file at hand */
};

/* ---- one name ------------------------------------------------------------ */

/* Is the character one of [...]? *at stands behind the bracket, then behind
 * its end. */
static bool
match_class(const char **at, const char *end, char c)
{
	const char *p = *at;
	bool is_not = p < end && (*p == '!' || *p == '^');
	bool is_in = false;
	const char *first = p + is_not;

	for (p = first; p < end && (*p != ']' || p == first); p++) {
		char low = *p;

		if (p + 2 < end && p[1] == '-' && p[2] != ']')
			p += 2;
		is_in |= (unsigned char)low <= (unsigned char)c &&
			(unsigned char)c <= (unsigned char)*p;
	}
	*at = p + 1;
	return is_in != is_not;
}

/* Has the bracket at p an end? Else it is a character like others. */
static bool
class_is_closed(const char *p, const char *end)
{
	p += 1;
	if (p < end && (*p == '!' || *p == '^'))
		p++;
	return p + 1 < end && memchr(p + 1, ']', (size_t)(end - p - 1));
}

/* One character of the name against the pattern; moves both on. */
static bool
match_one(const char **pattern, const char *end, const char **name)
{
	const char *p = *pattern;
	char c = *(*name)++;

	if (*p == '?') {
		while ((**name & 0xc0) == 0x80)
			(*name)++;
		*pattern = p + 1;
		return true;
	}
	if (*p == '[' && class_is_closed(p, end)) {
		*pattern = p + 1;
		return match_class(pattern, end, c);
	}
	if (*p == '\\' && p + 1 < end)
		p++;
	*pattern = p + 1;
	return *p == c;
}

/* A name against a pattern of one part of a path. */
static bool
name_matches(const char *pattern, const char *end, const char *name)
{
	const char *star = NULL, *again = NULL;

	if (*name == '.' && *pattern != '.')
		return false;
	while (*name || pattern < end) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			again = name;
			continue;
		}
		if (*name && pattern < end && match_one(&pattern, end, &name))
			continue;
		if (!star || !*again)
			return false;
		pattern = star;
		name = ++again;
	}
	return true;
}

/* ---- patterns ------------------------------------------------------------- */

static bool
part_is_pattern(const char *part, const char *end)
{
	for (; part < end; part++)
		if (strchr("*?[\\", *part))
			return true;
	return false;
}

bool
leat_file_is_pattern(const char *path)
{
	return path && strpbrk(path, "*?[{") != NULL;
}

/* The comma or brace that ends a word in braces. */
static const char *
brace_word_end(const char *p)
{
	uint32_t depth = 0;

	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{')
			depth++;
		else if (depth == 0 && (*p == ',' || *p == '}'))
			return p;
		else if (*p == '}')
			depth--;
	}
	return NULL;
}

/* The first brace of a pattern that is closed, or NULL. */
static const char *
brace_find(const char *p)
{
	for (; *p; p++) {
		const char *end;

		if (*p == '\\' && p[1]) {
			p++;
			continue;
		}
		if (*p != '{')
			continue;
		for (end = brace_word_end(p + 1); end && *end == ',';)
			end = brace_word_end(end + 1);
		if (end)
			return p;
	}
	return NULL;
}

/* ---- what was found -------------------------------------------------------- */

static int
find_fail(struct find *f, int code, const char *what)
{
	f->rc = leat_stage_fail(
		f->st, code, "cannot look for '%.120s': %s", f->pattern, what);
	return f->rc;
}

static int
find_grow(struct find *f, size_t n_bytes)
{
	size_t max = f->max_text ? 2 * f->max_text : FIND_FIRST;
	char *text;

	while (max < f->n_text + n_bytes)
		max *= 2;
	text = f->env->alloc(f->env, max);
	if (!text)
		return find_fail(f, LEAT_ENOMEM, "no memory for the names");
	if (f->n_text)
		memcpy(text, f->text, f->n_text);
	f->env->free(f->env, f->text);
	f->text = text;
	f->max_text = max;
	return LEAT_OK;
}

static int
find_add(struct find *f, const struct leat__stat *stat)
{
	size_t n_bytes = strlen(f->path) + 1;

	if (f->n == LEAT_FILE_LIST_MAX)
		return find_fail(f, LEAT_ELIMIT, "there are over a million");
	if (f->n_text + n_bytes > f->max_text)
		LEAT_TRY(find_grow(f, n_bytes));
	memcpy(f->text + f->n_text, f->path, n_bytes);
	f->n_text += n_bytes;
	f->size_bytes += stat->is_regular ? stat->size_bytes : 0;
	f->n++;
	return LEAT_OK;
}

/* ---- walking --------------------------------------------------------------- */

static int find_walk(struct find *f, size_t n_path, const char *rest);

/* Put a name behind the path; 0 = it is too long. */
static size_t
path_add(struct find *f, size_t n_path, const char *name, size_t n)
{
	if (n_path + n + 2 > FIND_PATH_MAX) {
		find_fail(f, LEAT_ELIMIT, "a path has over 4095 bytes");
		return 0;
	}
	memcpy(f->path + n_path, name, n);
	f->path[n_path + n] = '\0';
	return n_path + n;
}

/* The path is complete, but for what the rest of the pattern says. */
static int
find_go_on(struct find *f, size_t n_path, const char *rest)
{
	struct leat__stat stat;

	if (*rest == '/') {
		n_path = path_add(f, n_path, "/", 1);
		while (*rest == '/')
			rest++;
		return n_path ? find_walk(f, n_path, rest) : f->rc;
	}
	if (f->env->stat(f->env, f->path, &stat) || stat.is_directory)
		return LEAT_OK;
	return find_add(f, &stat);
}

/* A part of the pattern, for the entries of a folder. */
struct find_part {
	struct find *f;
	size_t n_path;
	const char *part, *end; /* end NULL: ** */
};

static bool
find_entry(const struct leat__listed *entry, void *user)
{
	struct find_part *p = user;
	struct find *f = p->f;
	size_t n;

	if (p->end && !name_matches(p->part, p->end, entry->name))
		return true;
	if (p->end && *p->end && !entry->is_folder)
		return true;
	if (!p->end &&
		(!entry->is_folder || entry->is_link || entry->name[0] == '.'))
		return true;
	n = path_add(f, p->n_path, entry->name, strlen(entry->name));
	if (!n)
		return false;
	if (p->end)
		return find_go_on(f, n, p->end) == LEAT_OK;
	n = path_add(f, n, "/", 1);
	return n && find_walk(f, n, p->part) == LEAT_OK;
}

/* A folder that is none, or none any more, has no files. In one that cannot be
 * read there may be some. */
static int
find_fail_folder(struct find *f, const char *folder, int sys_errno)
{
	char why[128], what[LEAT_ERROR_TEXT_BYTES];

	if (sys_errno == ENOENT || sys_errno == ENOTDIR || f->rc < 0)
		return f->rc;
	snprintf(what, sizeof(what), "the folder '%.200s' cannot be read: %s",
		folder, leat__env_strerror(sys_errno, why, sizeof(why)));
	return find_fail(f, LEAT_EIO, what);
}

/* All entries of the folder at hand that the part fits. */
static int
find_list(struct find *f, size_t n_path, const char *part, const char *end)
{
	struct find_part p = {f, n_path, part, end};
	const char *folder = n_path ? f->path : ".";
	int sys_errno;

	if (f->depth == FIND_DEPTH_MAX)
		return find_fail(f, LEAT_ELIMIT,
			"there are over 64 folders within each other");
	f->path[n_path] = '\0';
	f->depth++;
	sys_errno = f->env->list(f->env, folder, find_entry, &p);
	f->depth--;
	if (!sys_errno)
		return f->rc;
	f->path[n_path] = '\0'; /* entries have come and gone */
	return find_fail_folder(f, folder, sys_errno);
}

/* The rest of a pattern, in the folder whose path is at hand. */
static int
find_walk(struct find *f, size_t n_path, const char *rest)
{
	const char *end = rest + strcspn(rest, "/");
	size_t n;

	if (end - rest == 2 && memcmp(rest, "**", 2) == 0) {
		const char *behind = *end ? end + 1 : "*";

		LEAT_TRY(find_walk(f, n_path, behind));
		return find_list(f, n_path, rest, NULL);
	}
	if (part_is_pattern(rest, end))
		return find_list(f, n_path, rest, end);
	n = path_add(f, n_path, rest, (size_t)(end - rest));
	return n || end == rest ? find_go_on(f, n, end) : f->rc;
}

/* A pattern without braces. */
static int
find_pattern(struct find *f, const char *pattern)
{
	size_t n = 0;

	if (++f->n_patterns > FIND_BRACES_MAX)
		return find_fail(f, LEAT_ELIMIT,
			"its braces stand for over 4096 patterns");
	if (*pattern == '/') {
		n = path_add(f, 0, "/", 1);
		while (*pattern == '/')
			pattern++;
	}
	return find_walk(f, n, pattern);
}

/* Each word of the first braces in turn. */
static int
find_braces(struct find *f, const char *pattern)
{
	const char *brace = brace_find(pattern);
	const char *word, *end, *last;
	char one[FIND_PATH_MAX];

	if (!brace)
		return find_pattern(f, pattern);
	for (last = brace_word_end(brace + 1); *last == ',';)
		last = brace_word_end(last + 1);
	for (word = brace + 1; word <= last; word = end + 1) {
		int n;

		end = brace_word_end(word);
		n = snprintf(one, sizeof(one), "%.*s%.*s%s",
			(int)(brace - pattern), pattern, (int)(end - word),
			word, last + 1);
		if (n >= (int)sizeof(one))
			return find_fail(
				f, LEAT_EINVAL, "it is longer than 4095 bytes");
		LEAT_TRY(find_braces(f, one));
	}
	return LEAT_OK;
}

/* ---- none ------------------------------------------------------------------ */

/* The folder in which patterns begin, and what is nearest in it. */
struct find_near {
	struct leat__suggest suggest;
	char best[256];
};

static bool
near_entry(const struct leat__listed *entry, void *user)
{
	struct find_near *near = user;
	size_t n = strlen(entry->name);

	leat__suggest_look(&near->suggest, entry->name, n);
	if (near->suggest.best == entry->name) {
		snprintf(near->best, sizeof(near->best), "%s", entry->name);
		near->suggest.best = near->best;
	}
	return true;
}

static int
find_fail_none(struct find *f)
{
	size_t n_folder = strcspn(f->pattern, "*?[{\\");
	const char *part, *end;
	char text[400] = "";
	struct leat__text t = {text, sizeof(text), 0};
	struct find_near near;

	while (n_folder > 0 && f->pattern[n_folder - 1] != '/')
		n_folder--;
	part = f->pattern + n_folder;
	end = part + strcspn(part, "/");
	snprintf(f->path, sizeof(f->path), "%.*s", n_folder ? (int)n_folder : 1,
		n_folder ? f->pattern : ".");
	near.suggest = leat__suggest_for(part, (size_t)(end - part));
	if (f->env->list(f->env, f->path, near_entry, &near))
		return leat_stage_fail_errno(f->st, LEAT_EIO, ENOENT,
			"no file is called like '%.100s': there is no folder "
			"'%.100s'",
			f->pattern, f->path);
	leat__suggest_add(&near.suggest, &t);
	return leat_stage_fail_errno(f->st, LEAT_EIO, ENOENT,
		"no file is called like '%.100s'%s", f->pattern, text);
}

/* ---- the list -------------------------------------------------------------- */

static int
path_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of paths that are there twice one goes. */
static uint32_t
paths_unite(const char **paths, uint32_t n)
{
	uint32_t to = 0;

	for (uint32_t k = 0; k < n; k++)
		if (k == 0 || strcmp(paths[k], paths[to - 1]) != 0)
			paths[to++] = paths[k];
	return to;
}

static int
find_hand_out(struct find *f, struct leat_file_list *out)
{
	size_t n_bytes = f->n * sizeof(char *) + f->n_text;
	const char **paths;
	char *text;
	void *memory;

	f->st->needs.side_bytes += leat__round_up(n_bytes, 4096);
	LEAT_TRY(leat_stage_alloc(f->st, n_bytes, &memory));
	paths = memory;
	text = (char *)(paths + f->n);
	memcpy(text, f->text, f->n_text);
	for (uint32_t k = 0; k < f->n; k++) {
		paths[k] = text;
		text += strlen(text) + 1;
	}
	qsort(paths, f->n, sizeof(*paths), path_compare);
	out->paths = paths;
	out->n = paths_unite(paths, f->n);
	out->size_bytes = out->n == f->n ? f->size_bytes : 0;
	return LEAT_OK;
}

int
leat_file_find(struct leat_stage *st, const char *pattern,
	struct leat_file_list *list_out)
{
	struct find *f;
	int rc;

	f = st->graph->env->alloc(st->graph->env, sizeof(*f));
	if (!f)
		return leat_stage_fail(
			st, LEAT_ENOMEM, "no memory to look for files");
	f->st = st;
	f->env = st->graph->env;
	f->pattern = pattern;
	if (strlen(pattern) >= FIND_PATH_MAX) {
		rc = find_fail(f, LEAT_EINVAL, "it is longer than 4095 bytes");
	} else {
		struct leat__stat stat;

		snprintf(f->path, sizeof(f->path), "%s", pattern);
		if (!f->env->stat(f->env, pattern, &stat) && !stat.is_directory)
			rc = find_add(f, &stat);
		else
			rc = find_braces(f, pattern);
	}
	if (rc == LEAT_OK && !f->n)
		rc = find_fail_none(f);
	if (rc == LEAT_OK)
		rc = find_hand_out(f, list_out);
	f->env->free(f->env, f->text);
	f->env->free(f->env, f);
	return rc;
}
