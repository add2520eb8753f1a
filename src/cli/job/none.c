/*
 * cli/job/none.c -- where libfyaml is left out: jobs in YAML or JSON are told
 * that they cannot be read.
 */
#include <stdlib.h>

#include "cli.h"

static int
job_none(const char *path)
{
	leat__cli_error("%s: built without libfyaml (LEAT_WITH_FYAML), so jobs "
			"in YAML and JSON cannot be read; a graph's text can: "
			"leat help graphs",
		path);
	return LEAT__CLI_USAGE;
}

int
leat__cli_job_read(const char *path, char *text, struct leat__cli_args *args,
	struct leat__cli_job **job_out)
{
	(void)args;
	*job_out = NULL;
	free(text);
	return job_none(path);
}

int
leat__cli_test(const struct leat__cli_args *args)
{
	return job_none(args->n_words ? args->words[0] : "test");
}

const char *
leat__cli_job_text(const struct leat__cli_job *job)
{
	(void)job;
	return NULL;
}

void
leat__cli_job_error(
	const struct leat__cli_job *job, const struct leat_error *err)
{
	(void)job;
	leat__cli_error_object(NULL, err);
}

void
leat__cli_job_mask(const struct leat__cli_job *job, char *text, size_t n_bytes)
{
	(void)job;
	(void)text;
	(void)n_bytes;
}

void
leat__cli_job_inherit(struct leat__cli_job *job, struct leat__cli_job *heir)
{
	(void)job;
	(void)heir;
}

void
leat__cli_job_free(struct leat__cli_job *job)
{
	(void)job;
}

const char *
leat__cli_job_path(const struct leat__cli_job *job, uint32_t k)
{
	(void)job;
	(void)k;
	return NULL;
}
