/*
 * unit/fan/files.h -- graphs over small files: texts in, the text that comes
 * out, or the error.
 */
#ifndef LEAT_TESTS_UNIT_FAN_FILES_H
#define LEAT_TESTS_UNIT_FAN_FILES_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"
#include <leat/leat.h>

#define FILES_TEXT_BYTES 4096

static inline void
files_path(char *path, size_t n_bytes, const char *folder, int k)
{
	if (k < 0)
		snprintf(path, n_bytes, "%s/out", folder);
	else
		snprintf(path, n_bytes, "%s/%d.in", folder, k);
}

static inline void
files_write(const char *folder, int k, const char *text)
{
	char path[128];
	FILE *to;

	files_path(path, sizeof(path), folder, k);
	to = fopen(path, "w");
	ck_assert_ptr_nonnull(to);
	fputs(text, to);
	fclose(to);
}

/* What the graph wrote, and that is removed. */
static inline void
files_read(const char *folder, char *buf, size_t n_bytes)
{
	char path[128];
	FILE *from;

	files_path(path, sizeof(path), folder, -1);
	from = fopen(path, "r");
	buf[0] = '\0';
	if (!from)
		return;
	buf[fread(buf, 1, n_bytes - 1, from)] = '\0';
	fclose(from);
	unlink(path);
}

/* In the graph's text @0 is the path of the first text, and @ alone that of
 * what comes out. */
static inline void
files_graph(const char *graph, const char *folder, char *text)
{
	size_t n = 0;

	for (; *graph; graph++) {
		if (*graph != '@') {
			text[n++] = *graph;
			continue;
		}
		files_path(text + n, FILES_TEXT_BYTES - n, folder,
			graph[1] >= '0' && graph[1] <= '9' ? *++graph - '0'
							   : -1);
		n = strlen(text);
		ck_assert_uint_lt(n + 1, FILES_TEXT_BYTES);
	}
	text[n] = '\0';
}

static inline int
files_run_text(const char *text, struct leat_error *err)
{
	struct leat_graph_stats stats;
	struct leat_graph *graph;
	int rc;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, err), LEAT_OK);
	rc = leat_graph_parse(graph, text, err);
	if (!rc)
		rc = leat_graph_run(graph, err);
	leat_graph_stats(graph, &stats);
	ck_assert(rc || stats.is_balanced);
	leat_graph_destroy(graph);
	return rc;
}

/* What comes out of a graph over texts, the last of them NULL; on an error its
 * text. */
static inline int
files_run(
	const char *graph, const char *const *texts, char *buf, size_t n_bytes)
{
	char folder[] = "/tmp/leat-files-XXXXXX", path[128];
	char text[FILES_TEXT_BYTES];
	struct leat_error err;
	int rc;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (int k = 0; texts[k]; k++)
		files_write(folder, k, texts[k]);
	files_graph(graph, folder, text);
	rc = files_run_text(text, &err);
	files_read(folder, buf, n_bytes);
	if (rc)
		snprintf(buf, n_bytes, "%s", err.text);
	for (int k = 0; texts[k]; k++) {
		files_path(path, sizeof(path), folder, k);
		unlink(path);
	}
	ck_assert_int_eq(rmdir(folder), 0);
	return rc;
}

static inline void
files_expect(const char *graph, const char *const *texts, const char *expected)
{
	char buf[FILES_TEXT_BYTES];
	int rc = files_run(graph, texts, buf, sizeof(buf));

	ck_assert_msg(rc == LEAT_OK, "%s", buf);
	ck_assert_str_eq(buf, expected);
}

static inline void
files_expect_fails(
	const char *graph, const char *const *texts, int code, const char *what)
{
	char buf[FILES_TEXT_BYTES];

	ck_assert_int_eq(files_run(graph, texts, buf, sizeof(buf)), code);
	ck_assert_msg(strstr(buf, what) != NULL, "%s", buf);
}

/* n lines "a,b" from a first number on, by a step. To be freed. */
static inline char *
files_numbers(int first, int step, int n)
{
	char *text = malloc((size_t)n * 32 + 16), *at = text;

	at += sprintf(at, "a,b\n");
	for (int k = 0; k < n; k++)
		at += sprintf(at, "%d,row %d\n", first + k * step, k);
	return text;
}

#endif
