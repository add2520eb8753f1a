/*
 * run/scratch.c -- bytes that wait on the disk, in files that have no name.
 *
 * A file is unlinked as soon as it is open, so none is left behind, however
 * the process ends. What has been read gives its room back file by file: each
 * has at most an eighth of the bound.
 * Keeps: n_bytes is what all files hold, and at most the bound; only the last
 * file is written to; the first is read.
 * Threads: one at a time, that of the stage.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"
#include "run/scratch.h"

#define SCRATCH_SHARES      8u
#define SCRATCH_PIECE_LEAST 65536u
#define SCRATCH_PATH_MAX    4096
#define SCRATCH_NAME_TRIES  100u
#define SCRATCH_MANY        (1u << 20) /* bytes between two looks */

void
leat__scratch_init(struct leat__scratch *scratch, struct leat_stage *st,
	const char *folder, uint64_t most_bytes)
{
	*scratch = (struct leat__scratch){
		.st = st,
		.env = st->graph->env,
		.folder = folder,
		.most_bytes = most_bytes,
		.piece_bytes = leat__max_u64(
			most_bytes / SCRATCH_SHARES, SCRATCH_PIECE_LEAST),
	};
}

/* ---- files ----------------------------------------------------------------- */

int
leat__scratch_fail(
	const struct leat__scratch *scratch, int sys_errno, const char *what)
{
	char why[128];

	return leat_stage_fail_errno(scratch->st, LEAT_EIO, sys_errno,
		"cannot %s a file in '%s': %s, with %llu bytes of it in use",
		what, scratch->folder,
		leat__env_strerror(sys_errno, why, sizeof(why)),
		(unsigned long long)scratch->n_bytes);
}

int
leat__scratch_open(const struct leat__scratch *scratch, int *fd_out)
{
	const struct leat__env *env = scratch->env;
	char path[SCRATCH_PATH_MAX];
	int sys_errno = EEXIST;

	for (uint32_t k = 0; k < SCRATCH_NAME_TRIES && sys_errno == EEXIST;
		k++) {
		int n = snprintf(path, sizeof(path), "%s/.leat-%016llx",
			scratch->folder, (unsigned long long)env->random(env));

		sys_errno = n < (int)sizeof(path)
			? env->open(env, path, LEAT__OPEN_SCRATCH, fd_out)
			: ENAMETOOLONG;
	}
	if (sys_errno)
		return leat__scratch_fail(scratch, sys_errno, "create");
	sys_errno = env->unlink(env, path);
	if (!sys_errno)
		return LEAT_OK;
	(void)env->close(env, *fd_out); /* there is nothing in it */
	return leat__scratch_fail(scratch, sys_errno, "take the name from");
}

int
leat__scratch_try(struct leat__scratch *scratch)
{
	int fd;

	LEAT_TRY(leat__scratch_open(scratch, &fd));
	(void)scratch->env->close(
		scratch->env, fd); /* there is nothing in it */
	return LEAT_OK;
}

static void
scratch_drop_first(struct leat__scratch *scratch)
{
	struct leat__scratch_piece *pieces = scratch->pieces;

	/* what it held has been read, or nobody wants it */
	(void)scratch->env->close(scratch->env, pieces[0].fd);
	scratch->n_bytes -= pieces[0].n_bytes;
	scratch->at = 0;
	scratch->n_pieces--;
	memmove(&pieces[0], &pieces[1], scratch->n_pieces * sizeof(*pieces));
}

void
leat__scratch_fini(struct leat__scratch *scratch)
{
	while (scratch->n_pieces)
		scratch_drop_first(scratch);
}

/* ---- bytes ----------------------------------------------------------------- */

bool
leat__scratch_has_room(const struct leat__scratch *scratch, uint64_t n_bytes)
{
	return n_bytes <= scratch->most_bytes - scratch->n_bytes;
}

/* The file that is written to; NULL = a new one has to be made. */
static struct leat__scratch_piece *
scratch_last(struct leat__scratch *scratch)
{
	struct leat__scratch_piece *last;

	if (!scratch->n_pieces)
		return NULL;
	last = &scratch->pieces[scratch->n_pieces - 1];
	return last->n_bytes < scratch->piece_bytes ? last : NULL;
}

static int
scratch_add(struct leat__scratch *scratch)
{
	struct leat__scratch_piece *piece = &scratch->pieces[scratch->n_pieces];

	LEAT_INVARIANT(scratch->n_pieces < LEAT__SCRATCH_PIECES_MAX);
	LEAT_TRY(leat__scratch_open(scratch, &piece->fd));
	piece->n_bytes = 0;
	scratch->n_pieces++;
	return LEAT_OK;
}

int
leat__scratch_look(const struct leat__scratch *scratch)
{
	return leat_ctx_is_done(leat_stage_ctx(scratch->st)) ? LEAT_ECANCELED
							     : LEAT_OK;
}

static bool
scratch_is_again(int64_t n)
{
	return n == -EINTR || n == -EAGAIN;
}

int
leat__scratch_write(
	struct leat__scratch *scratch, const void *buf, size_t n_bytes)
{
	const uint8_t *at = buf;

	while (n_bytes) {
		struct leat__scratch_piece *last = scratch_last(scratch);
		uint64_t most = leat__min_u64(n_bytes, SCRATCH_MANY);
		int64_t n;

		LEAT_TRY(leat__scratch_look(scratch));
		if (!last) {
			LEAT_TRY(scratch_add(scratch));
			continue;
		}
		most = leat__min_u64(
			most, scratch->piece_bytes - last->n_bytes);
		n = scratch->env->write(
			scratch->env, last->fd, at, (size_t)most);
		if (scratch_is_again(n))
			continue;
		if (n <= 0)
			return leat__scratch_fail(
				scratch, n ? (int)-n : EIO, "write to");
		at += n;
		n_bytes -= (size_t)n;
		last->n_bytes += (uint64_t)n;
		scratch->n_bytes += (uint64_t)n;
	}
	return LEAT_OK;
}

int
leat__scratch_read(struct leat__scratch *scratch, void *buf, size_t n_bytes)
{
	uint8_t *to = buf;

	while (n_bytes) {
		struct leat__scratch_piece *first = scratch->pieces;
		uint64_t most = leat__min_u64(n_bytes, SCRATCH_MANY);
		int64_t n;

		LEAT_INVARIANT(scratch->n_pieces);
		LEAT_TRY(leat__scratch_look(scratch));
		most = leat__min_u64(most, first->n_bytes - scratch->at);
		n = scratch->env->read_at(
			scratch->env, first->fd, to, (size_t)most, scratch->at);
		if (scratch_is_again(n))
			continue;
		if (n <= 0)
			return leat__scratch_fail(
				scratch, n ? (int)-n : EIO, "read back");
		to += n;
		n_bytes -= (size_t)n;
		scratch->at += (uint64_t)n;
		if (scratch->at == first->n_bytes)
			scratch_drop_first(scratch);
	}
	return LEAT_OK;
}
