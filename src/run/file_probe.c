/*
 * run/file_probe.c -- what would become of a file that is to be written.
 *
 * Keeps: nothing that was there is touched, and nothing new stays.
 * Threads: that of the stage, or the one that builds the graph.
 */
#include <string.h>

#include "graph/graph.h"
#include <leat/io.h>

#define PROBE_BYTES 4096

bool
leat_file_is_stream(struct leat_stage *st, const char *path)
{
	const struct leat__env *env = st->graph->env;
	struct leat__stat stat;

	if (strcmp(path, "-") == 0)
		return true;
	return env->stat(env, path, &stat) == 0 && !stat.is_regular &&
		!stat.is_directory;
}

int
leat_file_probe(struct leat_stage *st, const char *path)
{
	static const char block[PROBE_BYTES];
	struct leat_file *file;
	int rc;

	if (leat_file_is_stream(st, path))
		return LEAT_OK;
	rc = leat_file_create(st, path, LEAT_FILE_NO_SYNC, &file);
	if (rc)
		return rc;
	rc = leat_file_write(file, block, sizeof(block));
	leat_file_close(file);
	return rc;
}
