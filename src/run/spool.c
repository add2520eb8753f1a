/*
 * run/spool.c -- what does not fit in memory (leat/io.h, leat_scratch): one
 * file without a name, appended to, read anywhere.
 *
 * Keeps: n_bytes is what the file holds, and at most the bound; nothing is
 * read but what was appended.
 * Threads: one at a time, that of the stage.
 */
#include <errno.h>
#include <stdio.h>

#include "graph/graph.h"
#include "run/scratch.h"
#include <leat/io.h>

#define SPOOL_FOLDER "/var/tmp"
#define SPOOL_MANY   (1u << 20) /* bytes between two looks at the context */

struct leat_scratch {
	struct leat__scratch at; /* where, and how to say what is wrong */
	int fd;
};

int
leat_scratch_open(struct leat_stage *st, const char *folder,
	uint64_t most_bytes, struct leat_scratch **scratch_out)
{
	struct leat_scratch *scratch;
	void *memory;
	int rc = leat_stage_alloc(st, sizeof(*scratch), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for a scratch file");
	scratch = memory;
	leat__scratch_init(
		&scratch->at, st, folder ? folder : SPOOL_FOLDER, most_bytes);
	rc = leat__scratch_open(&scratch->at, &scratch->fd);
	if (rc) {
		leat_stage_free(st, memory);
		return rc;
	}
	*scratch_out = scratch;
	return LEAT_OK;
}

int
leat_scratch_append(struct leat_scratch *scratch, const void *buf,
	size_t n_bytes, uint64_t *offset_out)
{
	const struct leat__env *env = scratch->at.env;
	const uint8_t *at = buf;

	if (!leat__scratch_has_room(&scratch->at, n_bytes))
		return leat_stage_fail(scratch->at.st, LEAT_ELIMIT,
			"more than %llu bytes would have to wait in '%s'; "
			"give more by memory= or spill_bytes=",
			(unsigned long long)scratch->at.most_bytes,
			scratch->at.folder);
	*offset_out = scratch->at.n_bytes;
	while (n_bytes) {
		size_t most = (size_t)leat__min_u64(n_bytes, SPOOL_MANY);
		int64_t n;

		LEAT_TRY(leat__scratch_look(&scratch->at));
		n = env->write(env, scratch->fd, at, most);
		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n <= 0)
			return leat__scratch_fail(
				&scratch->at, n ? (int)-n : EIO, "write to");
		at += n;
		n_bytes -= (size_t)n;
		scratch->at.n_bytes += (uint64_t)n;
	}
	return LEAT_OK;
}

int
leat_scratch_read(struct leat_scratch *scratch, uint64_t offset, void *buf,
	size_t n_bytes)
{
	const struct leat__env *env = scratch->at.env;
	uint8_t *to = buf;

	LEAT_ASSERT(offset + n_bytes <= scratch->at.n_bytes);
	while (n_bytes) {
		size_t most = (size_t)leat__min_u64(n_bytes, SPOOL_MANY);
		int64_t n;

		LEAT_TRY(leat__scratch_look(&scratch->at));
		n = env->read_at(env, scratch->fd, to, most, offset);
		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n <= 0)
			return leat__scratch_fail(
				&scratch->at, n ? (int)-n : EIO, "read back");
		to += n;
		offset += (uint64_t)n;
		n_bytes -= (size_t)n;
	}
	return LEAT_OK;
}

uint64_t
leat_scratch_bytes(const struct leat_scratch *scratch)
{
	return scratch->at.n_bytes;
}

void
leat_scratch_close(struct leat_scratch *scratch)
{
	if (!scratch)
		return;
	/* what it held has been read, or nobody wants it */
	(void)scratch->at.env->close(scratch->at.env, scratch->fd);
	leat_stage_free(scratch->at.st, scratch);
}
