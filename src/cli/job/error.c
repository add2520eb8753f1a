/*
 * cli/job/error.c -- what is wrong with a job, told of the file it was written
 * in: FILE:LINE:COLUMN, the line, a caret.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

static void
error_say(const struct leat__cli_job *job, struct leat__job_mark mark,
	struct leat_error *err)
{
	const struct leat__job_file *file = &job->files[mark.file];
	struct leat__cli_place place =
		leat__cli_place_of(file->path, file->text, mark.pos, mark.len);
	char text[sizeof(err->text) + 512];

	if (job->args->report) {
		leat__cli_report(job->args->report, &place, err);
		return;
	}
	snprintf(text, sizeof(text), "%.200s:%u:%u: %s%s%s", place.path,
		place.line, place.column, err->stage, err->stage[0] ? ": " : "",
		err->text);
	err->stage[0] = '\0';
	snprintf(err->text, sizeof(err->text), "%.*s",
		(int)sizeof(err->text) - 1, text);
	err->at_offset = mark.pos;
	err->at_bytes = mark.len ? mark.len : 1;
	leat__cli_error_object(file->text, err);
}

void
leat__job_error(const struct leat__cli_job *job, struct leat__job_mark mark,
	const char *format, ...)
{
	struct leat_error err = {.code = LEAT_EINVAL};
	va_list args;

	va_start(args, format);
	vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	error_say(job, mark, &err);
}

/* ---- from the graph's text ----------------------------------------------- */

static const struct leat__job_mark *
error_mark(const struct leat__cli_job *job, uint32_t offset)
{
	const struct leat__job_mark *found = NULL;

	for (uint32_t k = 0; k < job->n_marks; k++)
		if (job->marks[k].at <= offset)
			found = &job->marks[k];
	return found;
}

/* How many bytes of the value stand before this byte of the quoted word. */
static uint32_t
error_unquoted(
	const char *text, const struct leat__job_mark *mark, uint32_t offset)
{
	uint32_t n = 0;

	if (text[mark->at] != '"')
		return offset - mark->at;
	for (uint32_t k = mark->at + 1; k < offset; k++, n++)
		k += text[k] == '\\';
	return n;
}

/* The piece of the file for a piece of the text. */
static struct leat__job_mark
error_narrow(const struct leat__cli_job *job, const struct leat__job_mark *mark,
	const struct leat_error *err)
{
	struct leat__job_mark narrow = *mark;
	uint32_t end = mark->at + mark->n_bytes, from, to;

	if (!mark->is_same || err->at_offset >= end)
		return narrow;
	from = error_unquoted(job->text, mark, err->at_offset);
	to = err->at_offset + err->at_bytes < end
		? error_unquoted(
			  job->text, mark, err->at_offset + err->at_bytes)
		: mark->len;
	if (from < mark->len && to > from) {
		narrow.pos += from;
		narrow.len = to < mark->len ? to - from : mark->len - from;
	}
	return narrow;
}

void
leat__cli_job_error(
	const struct leat__cli_job *job, const struct leat_error *err)
{
	const struct leat__job_mark *mark =
		err->at_bytes ? error_mark(job, err->at_offset) : NULL;
	struct leat_error told = *err;

	leat__cli_job_mask(job, told.text, sizeof(told.text));
	if (mark)
		error_say(job, error_narrow(job, mark, err), &told);
	else if (job->args->report)
		error_say(job, (struct leat__job_mark){.len = 1}, &told);
	else
		leat__cli_error_object(NULL, &told);
}

/* ---- secrets ------------------------------------------------------------- */

static void
mask_one(char *text, size_t n_bytes, const char *secret)
{
	size_t n = strlen(secret);
	char *at = n ? strstr(text, secret) : NULL;

	for (; at; at = strstr(at + 3, secret)) {
		size_t rest = strlen(at + n);

		if (n < 3 && (size_t)(at - text) + 3 + rest >= n_bytes)
			return;
		memmove(at + 3, at + n, rest + 1);
		memcpy(at, "***", 3);
	}
}

void
leat__cli_job_mask(const struct leat__cli_job *job, char *text, size_t n_bytes)
{
	for (; job; job = job->heir)
		for (uint32_t k = 0; k < job->n_vars; k++)
			if (job->vars[k].is_secret && job->vars[k].value)
				mask_one(text, n_bytes, job->vars[k].value);
}

void
leat__cli_job_inherit(struct leat__cli_job *job, struct leat__cli_job *heir)
{
	if (!job || !heir) {
		leat__cli_job_free(heir);
		return;
	}
	leat__cli_job_free(job->heir);
	job->heir = heir;
}
