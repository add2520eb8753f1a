/*
 * run/scratch.h -- bytes that wait on the disk: written at one end, read back
 * at the other, in files that have no name.
 *
 * Bounded: so many bytes of files at most. For blocking stages; a write and a
 * read end early when the run is cancelled.
 * Threads: one at a time, that of the stage.
 */
#ifndef LEAT_SRC_RUN_SCRATCH_H
#define LEAT_SRC_RUN_SCRATCH_H

#include "env/env.h"
#include <leat/stage.h>

#define LEAT__SCRATCH_PIECES_MAX 16u

/* One file. */
struct leat__scratch_piece {
	int fd;
	uint64_t n_bytes; /* written */
};

/* All fields are private. */
struct leat__scratch {
	struct leat_stage *st;
	const struct leat__env *env;
	const char *folder;
	uint64_t most_bytes;
	uint64_t piece_bytes; /* of one file, at most */
	uint64_t n_bytes;     /* of all files */
	uint64_t at;          /* read, of the oldest */
	uint32_t n_pieces;
	struct leat__scratch_piece
		pieces[LEAT__SCRATCH_PIECES_MAX]; /* the oldest first */
};

/* Nothing is opened. folder lives as long as the stage. */
void leat__scratch_init(struct leat__scratch *scratch, struct leat_stage *st,
	const char *folder, uint64_t most_bytes);
/* Also of zeroed memory. */
void leat__scratch_fini(struct leat__scratch *scratch);
/* Can files be made there? LEAT_OK, or LEAT_EIO after leat_stage_fail(). */
LEAT_MUST_CHECK int leat__scratch_try(struct leat__scratch *scratch);

/* For those that keep files of their own: one without a name; what a call
 * failed with, as LEAT_EIO after leat_stage_fail_errno(); LEAT_ECANCELED when
 * the run has been cancelled. */
LEAT_MUST_CHECK int leat__scratch_open(
	const struct leat__scratch *scratch, int *fd_out);
int leat__scratch_fail(
	const struct leat__scratch *scratch, int sys_errno, const char *what);
LEAT_MUST_CHECK int leat__scratch_look(const struct leat__scratch *scratch);

bool leat__scratch_has_room(
	const struct leat__scratch *scratch, uint64_t n_bytes);
/* There is room. LEAT_OK, LEAT_EIO (a full disk, ...) or LEAT_ECANCELED. */
LEAT_MUST_CHECK int leat__scratch_write(
	struct leat__scratch *scratch, const void *buf, size_t n_bytes);
/* As many bytes as were written, and not more. As above. */
LEAT_MUST_CHECK int leat__scratch_read(
	struct leat__scratch *scratch, void *buf, size_t n_bytes);

#endif
