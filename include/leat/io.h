/*
 * leat/io.h -- files for stages: cancellable, and complete or not there.
 *
 * For blocking stages only. Every wait ends when the stage's context ends;
 * reading also ends, as if the input had ended, when the graph is drained. A
 * file that is being written stands under a temporary name beside its final
 * one until leat_file_commit().
 */
#ifndef LEAT_IO_H
#define LEAT_IO_H

#include <stdbool.h>

#include <leat/base.h>
#include <leat/stage.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_file;

#define LEAT_FILE_IS_REGULAR (1u << 0) /* has a size, can be looked at */

struct leat_file_info {
	uint64_t size_bytes; /* of a regular file when it was opened; else 0 */
	uint32_t flags;      /* LEAT_FILE_IS_REGULAR */
};

/**
 * Open for reading.
 *
 * @param path      "-" = standard input                                [lent]
 * @param file_out  to be ended by leat_file_close()                   [given]
 *
 * @return LEAT_OK, or a code after leat_stage_fail_errno() has said what is
 * wrong (missing, a directory, not allowed, ...). So do all below.
 *
 * Threads: one at a time. Waits: not for data.
 */
LEAT_API LEAT_MUST_CHECK int leat_file_open(
	struct leat_stage *st, const char *path, struct leat_file **file_out);

#define LEAT_FILE_NO_SYNC (1u << 0) /* commit does not wait for the disk */

/**
 * Create for writing, beside its final name. Refuses a directory, and a path
 * whose folder is missing or not writable.
 *
 * @param path   "-" = standard output                                  [lent]
 * @param flags  0 or LEAT_FILE_NO_SYNC
 */
LEAT_API LEAT_MUST_CHECK int leat_file_create(struct leat_stage *st,
	const char *path, uint32_t flags, struct leat_file **file_out);

/**
 * Is what leat_file_create() is given there out at once: standard output, a
 * pipe, a device? Else it gets its name when it is complete. From negotiate on.
 */
LEAT_API bool leat_file_is_stream(struct leat_stage *st, const char *path);

/**
 * For probe: would leat_file_create() go well, and is there any space? Makes a
 * file beside PATH, writes a block, and takes it away; what is there already
 * stays as it is, and a stream is not opened.
 *
 * @return LEAT_OK, or a code after leat_stage_fail_errno(). Waits: for the
 * disk.
 */
LEAT_API LEAT_MUST_CHECK int leat_file_probe(
	struct leat_stage *st, const char *path);

/** Size and kind. */
LEAT_API struct leat_file_info leat_file_info(const struct leat_file *file);

/**
 * Read the next bytes.
 *
 * @param n_out  bytes read, 1 to n_bytes
 *
 * @return LEAT_OK; LEAT_EOS at the end or when draining; LEAT_ECANCELED; or
 * LEAT_EIO.
 *
 * Waits: yes, cancellable.
 */
LEAT_API LEAT_MUST_CHECK int leat_file_read(
	struct leat_file *file, void *buf, size_t n_bytes, size_t *n_out);

/** As leat_file_read, but LEAT_EAGAIN if nothing has come until a moment, by
 * the clock of leat_stage_now_ns(). A regular file never lets wait. */
LEAT_API LEAT_MUST_CHECK int leat_file_read_until(struct leat_file *file,
	void *buf, size_t n_bytes, int64_t until_ns, size_t *n_out);

/** Read from a place without moving on; regular files only. As above. */
LEAT_API LEAT_MUST_CHECK int leat_file_peek(struct leat_file *file,
	uint64_t offset, void *buf, size_t n_bytes, size_t *n_out);

/** Write all of it. LEAT_OK, LEAT_ECANCELED, or LEAT_EIO. */
LEAT_API LEAT_MUST_CHECK int leat_file_write(
	struct leat_file *file, const void *buf, size_t n_bytes);

/**
 * Of a file that is being written beside its final name: let go of the system's
 * handle for a while. The next write, or the commit, opens it again. For those
 * who write more files than may be open at once.
 */
LEAT_API void leat_file_suspend(struct leat_file *file);

/** To the disk, then under the final name. Once; then only close is left. */
LEAT_API LEAT_MUST_CHECK int leat_file_commit(struct leat_file *file);

/**
 * Keep what is written, complete or not, as PATH.partial when it is closed
 * without a commit; on the disk before, as a commit, or with a warning.
 */
LEAT_API void leat_file_keep_partial(struct leat_file *file);

/** Close; what was not committed is removed. NULL is accepted. */
LEAT_API void leat_file_close(struct leat_file *file);

/* ---- several files -------------------------------------------------------- */

/** Paths, sorted by name. [lent] by the stage, as long as it lives */
struct leat_file_list {
	const char *const *paths;
	uint32_t n;
	uint64_t size_bytes; /* of all regular ones; 0 = unknown */
};

#define LEAT_FILE_LIST_MAX (1u << 20) /* files of one pattern */

/**
 * Find the files that a pattern names. ? is any character, * any of a name,
 * [a-z] and [!a-z] one of some, {a,b} one of these words, and ** between
 * slashes any folders; a backslash takes from the next character what it
 * means. Names that begin with a dot are found by patterns that do. A file
 * that is called just like the pattern is the only one.
 *
 * For negotiate. The list lies in side memory; the needs grow with it.
 *
 * @return LEAT_OK; LEAT_EIO: there is none, and the text names the nearest;
 * LEAT_ELIMIT: there are over LEAT_FILE_LIST_MAX; LEAT_EINVAL, LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_file_find(struct leat_stage *st,
	const char *pattern, struct leat_file_list *list_out);

/** Has a path anything in it that makes it a pattern? */
LEAT_API bool leat_file_is_pattern(const char *path);

/* ---- what does not fit in memory ----------------------------------------- */

/** A file without a name: gone with the process, however it ends. */
struct leat_scratch;

/**
 * Open one; for blocking stages.
 *
 * @param folder  NULL = /var/tmp                                       [lent]
 * @param most_bytes  a write beyond is LEAT_ELIMIT
 * @param scratch_out  to be ended by leat_scratch_close()             [given]
 *
 * @return LEAT_OK, or a code after leat_stage_fail_errno(). So do all below.
 *
 * Threads: one at a time.
 */
LEAT_API LEAT_MUST_CHECK int leat_scratch_open(struct leat_stage *st,
	const char *folder, uint64_t most_bytes,
	struct leat_scratch **scratch_out);

/** Append; *offset_out says where. LEAT_EIO (a full disk, ...), LEAT_ELIMIT,
 * LEAT_ECANCELED. */
LEAT_API LEAT_MUST_CHECK int leat_scratch_append(struct leat_scratch *scratch,
	const void *buf, size_t n_bytes, uint64_t *offset_out);

/** Read what was appended there: all of it. */
LEAT_API LEAT_MUST_CHECK int leat_scratch_read(struct leat_scratch *scratch,
	uint64_t offset, void *buf, size_t n_bytes);

/** Appended so far. */
LEAT_API uint64_t leat_scratch_bytes(const struct leat_scratch *scratch);

/** NULL is accepted. */
LEAT_API void leat_scratch_close(struct leat_scratch *scratch);

#ifdef __cplusplus
}
#endif
#endif
