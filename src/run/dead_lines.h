/*
 * run/dead_lines.h -- a file of dead letters, a line each.
 */
#ifndef LEAT_SRC_RUN_DEAD_LINES_H
#define LEAT_SRC_RUN_DEAD_LINES_H

#include "run/dead.h"

#define LEAT__LINES_BYTES    16384u
#define LEAT__LINES_PATH_MAX 4096u

/* Bytes on their way into a file. */
struct leat__lines_out {
	struct leat_dead *dead;
	int fd;
	int sys_errno;      /* of the write that failed; 0 = none */
	uint32_t n;         /* in the buffer */
	uint64_t n_written; /* by the system */
	char *buffer;       /* LEAT__LINES_BYTES */
};

/* The state of the store; a buffer stands behind it. */
struct leat__lines {
	int fd; /* -1 = it is to be opened */
	bool is_regular;
	uint64_t device, inode;
	uint64_t end; /* behind the last letter of our own; 0 = none */
	struct leat__lines_out out;
};

/* Have the file for oneself; then it is what the path leads to. 0 or errno. */
LEAT_MUST_CHECK int leat__lines_lock(
	struct leat_dead *dead, uint64_t *size_out);
void leat__lines_unlock(struct leat_dead *dead);
void leat__lines_close_file(struct leat_dead *dead);

/* A leat_write_fn; what does not get through is noted in sys_errno. */
void leat__lines_write(void *user, const char *text, size_t n_bytes);
void leat__lines_flush(struct leat__lines_out *out);
/* The folder that a path lies in, to the disk. 0 or errno. */
LEAT_MUST_CHECK int leat__lines_sync_folder(
	struct leat_dead *dead, const char *path);

int leat__lines_error(struct leat_dead *dead, const char *what, int sys_errno,
	struct leat_error *err);

/* ---- dead_change.c ---- */

LEAT_MUST_CHECK int leat__lines_each(struct leat_dead *dead, leat_letter_fn fn,
	void *user, struct leat_error *err);
LEAT_MUST_CHECK int leat__lines_change(struct leat_dead *dead,
	leat_letter_change_fn fn, void *user, struct leat_error *err);

#endif
