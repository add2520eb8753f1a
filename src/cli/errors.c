/*
 * cli/errors.c -- why a run failed, and what came of it.
 *
 * The cause first, with the piece of the graph that it is about, then where in
 * the data it lies, of which class it is, and when it was. Below it what failed
 * after it, a line each. What went wrong without any harm to the records is a
 * warning.
 */
#include <string.h>
#include <time.h>

#include "cli.h"

#define ERRORS_WHEN_BYTES 40

/* "2026-01-31 12:00:00.125 UTC" */
static const char *
errors_when(int64_t time_ns, char *buf)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm = {0};
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(buf, ERRORS_WHEN_BYTES, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buf + n, ERRORS_WHEN_BYTES - n, ".%03d UTC",
		(int)(time_ns / 1000000 % 1000));
	return buf;
}

static void
errors_number(const char *name, uint64_t value)
{
	if (value)
		fprintf(stderr, ", %s %llu", name, (unsigned long long)value);
}

/* "      data error (LEAT_EDATA) at a.csv, line 3, column 2, byte 20; WHEN" */
static void
errors_place(const struct leat_error *err)
{
	char when[ERRORS_WHEN_BYTES];

	fprintf(stderr, "      %s error (%s)",
		leat_err_class_name(leat_err_class(err->code)),
		leat_err_name(err->code));
	if (err->origin[0]) {
		fprintf(stderr, " at %s", err->origin);
		errors_number("line", err->line);
		errors_number("column", err->column);
		if (err->line)
			fprintf(stderr, ", byte %llu",
				(unsigned long long)err->offset);
		else
			errors_number("byte", err->offset);
	}
	if (err->time_ns)
		fprintf(stderr, "; %s", errors_when(err->time_ns, when));
	fputc('\n', stderr);
}

static void
errors_say(const char *what, const struct leat_error *err)
{
	leat__cli_say("%s: %s%s%s", what, err->stage, err->stage[0] ? ": " : "",
		err->text);
}

void
leat__cli_errors(
	const struct leat__cli_graph *g, int code, const struct leat_error *err)
{
	const char *what = code ? "then" : "warning";
	uint32_t n = leat_graph_n_errors(g->graph);
	struct leat_error next;

	if (code == LEAT_ECANCELED) {
		leat__cli_say("ended before the end of the input; no output "
			      "was completed");
	} else if (code) {
		leat__cli_graph_error(g, err);
		errors_place(err);
	}
	for (uint32_t k = code ? 1 : 0;
		leat_graph_error(g->graph, k, &next) == 0; k++) {
		leat__cli_job_mask(g->job, next.text, sizeof(next.text));
		errors_say(what, &next);
	}
	if (n > LEAT_GRAPH_ERRORS_MAX)
		leat__cli_say("%s: %u more", what, n - LEAT_GRAPH_ERRORS_MAX);
}

/* ---- JSON ---- */

static void
json_text(const char *name, const char *text)
{
	fprintf(stderr, "\"%s\":", name);
	leat__cli_json_string(stderr, text);
	fputc(',', stderr);
}

static void
json_place(const struct leat_error *err)
{
	if (!err->origin[0])
		return;
	json_text("file", err->origin);
	if (err->line)
		fprintf(stderr, "\"line\":%llu,",
			(unsigned long long)err->line);
	if (err->column)
		fprintf(stderr, "\"column\":%llu,",
			(unsigned long long)err->column);
	fprintf(stderr, "\"offset\":%llu,", (unsigned long long)err->offset);
}

static void
json_error(const struct leat_error *err)
{
	fputc('{', stderr);
	if (err->stage[0])
		json_text("stage", err->stage);
	json_text("code", leat_err_name(err->code));
	json_text("class", leat_err_class_name(leat_err_class(err->code)));
	json_place(err);
	if (err->sys_errno)
		fprintf(stderr, "\"errno\":%d,", err->sys_errno);
	fprintf(stderr, "\"time\":%.3f,", (double)err->time_ns / 1e9);
	fputs("\"text\":", stderr);
	leat__cli_json_string(stderr, err->text);
	fputc('}', stderr);
}

/* One that did not start may have none in its list. */
static void
json_refused(const struct leat_error *err)
{
	fputs(",\"errors\":[", stderr);
	json_error(err);
	fputs("],\"n_errors\":1", stderr);
}

void
leat__cli_errors_json(
	struct leat_graph *graph, const struct leat_error *refused)
{
	struct leat_error err;

	if (refused && leat_graph_n_errors(graph) == 0) {
		json_refused(refused);
		return;
	}
	fputs(",\"errors\":[", stderr);
	for (uint32_t k = 0; leat_graph_error(graph, k, &err) == 0; k++) {
		if (k)
			fputc(',', stderr);
		json_error(&err);
	}
	fprintf(stderr, "],\"n_errors\":%u", leat_graph_n_errors(graph));
}
