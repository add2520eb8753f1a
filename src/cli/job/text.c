/*
 * cli/job/text.c -- the text of a graph as it is written down, and where in
 * the job's files its words come from.
 *
 * Keeps: marks are in the order of the text and do not overlap.
 */
#include <stdlib.h>
#include <string.h>

#include "job.h"

static bool
text_room(struct leat__cli_job *job, size_t n_bytes)
{
	size_t room = job->n_room ? job->n_room : 1024;
	char *text;

	while (room < job->n_text + n_bytes + 1)
		room *= 2;
	if (room == job->n_room)
		return true;
	text = realloc(job->text, room);
	if (!text)
		return false;
	job->text = text;
	job->n_room = room;
	return true;
}

bool
leat__job_add(struct leat__cli_job *job, const char *text)
{
	size_t n = strlen(text);

	if (!text_room(job, n))
		return false;
	memcpy(job->text + job->n_text, text, n + 1);
	job->n_text += n;
	return true;
}

static bool
text_mark(struct leat__cli_job *job, struct leat__job_mark mark, size_t at)
{
	if (job->n_marks == job->n_marks_room) {
		uint32_t room = job->n_marks_room ? 2 * job->n_marks_room : 64;
		struct leat__job_mark *marks =
			realloc(job->marks, room * sizeof(*marks));

		if (!marks)
			return false;
		job->marks = marks;
		job->n_marks_room = room;
	}
	mark.at = (uint32_t)at;
	mark.n_bytes = (uint32_t)(job->n_text - at);
	job->marks[job->n_marks++] = mark;
	return true;
}

bool
leat__job_add_name(
	struct leat__cli_job *job, const char *name, struct leat__job_mark mark)
{
	size_t at = job->n_text;

	return leat__job_add(job, name) && text_mark(job, mark, at);
}

bool
leat__job_add_value(struct leat__cli_job *job, const char *value,
	struct leat__job_mark mark)
{
	size_t at = job->n_text;

	if (!text_room(job, 2 * strlen(value) + 2))
		return false;
	job->text[job->n_text++] = '"';
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			job->text[job->n_text++] = '\\';
		job->text[job->n_text++] = *value;
	}
	job->text[job->n_text++] = '"';
	job->text[job->n_text] = '\0';
	return text_mark(job, mark, at);
}
