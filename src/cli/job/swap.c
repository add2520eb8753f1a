/*
 * cli/job/swap.c -- for leat test: files of a test take the place of those that
 * a job reads and writes.
 */
#include <stdlib.h>
#include <string.h>

#include "job.h"

struct leat__cli_swap *
leat__job_swap_find(
	struct leat__cli_job *job, const char *kind, const char *name)
{
	uint32_t *n = strcmp(kind, "read") == 0 ? &job->n_reads
		: strcmp(kind, "write") == 0    ? &job->n_writes
						: NULL;
	char numbered[32];

	if (!n)
		return NULL;
	++*n;
	snprintf(numbered, sizeof(numbered), *n > 1 ? "%s%u" : "%s", kind, *n);
	for (uint32_t k = 0; k < job->args->n_swaps; k++)
		if (!strcmp(job->args->swaps[k].stage, name ? name : numbered))
			return &job->args->swaps[k];
	return NULL;
}

/* ".csv" of "logs/a.csv.gz"; "" = none. */
static void
swap_extension(const char *path, char *extension, size_t n_bytes)
{
	const struct leat_compression *packed = leat_stages.compressions;
	const char *slash = strrchr(path, '/');
	char base[256];
	char *dot;

	snprintf(base, sizeof(base), "%s", slash ? slash + 1 : path);
	dot = strrchr(base, '.');
	for (; dot && packed && packed->suffix; packed++) {
		if (strcmp(dot, packed->suffix) != 0)
			continue;
		*dot = '\0';
		dot = strrchr(base, '.');
		break;
	}
	snprintf(extension, n_bytes, "%s", dot ? dot : "");
}

char *
leat__job_swap_path(struct leat__cli_swap *swap, const char *path)
{
	char extension[32];
	size_t n = strlen(swap->folder) + strlen(swap->stage) +
		sizeof(extension) + 2;

	swap_extension(path, extension, sizeof(extension));
	if (!swap->path) {
		swap->path = malloc(n);
		if (swap->path)
			snprintf(swap->path, n, "%s/%s%s", swap->folder,
				swap->stage, extension);
	}
	return swap->path ? strdup(swap->path) : NULL;
}
