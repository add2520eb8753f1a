/*
 * run/file.c -- files for stages (leat/io.h): cancellable, complete or absent.
 *
 * Keeps: a file under its final name was committed; until then it stands
 * beside it as .NAME.leat-NNNNNN. Whatever can make a call wait for long is
 * polled for first, together with the run's cancel event and, for reading,
 * its drain event; so pipes are written in pieces that a ready pipe takes at
 * once. A sync that failed is not tried again: the pages are gone.
 * Threads: one at a time, that of the stage.
 * Source: Rebello et al., Can Applications Recover from fsync Failures?, 2020.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "env/env.h"
#include "graph/graph.h"
#include "run/run.h"
#include <leat/io.h>

#define FILE_PATH_MAX   4096 /* bytes of a path, with its NUL */
#define FILE_NAME_KEPT  200  /* bytes of NAME in the temporary name */
#define FILE_NAME_TRIES 100
#define FILE_PIECE      4096       /* what a ready pipe takes without waiting */
#define FILE_MANY       (1u << 20) /* of a regular file between two looks */
#define FILE_STDIN      0
#define FILE_STDOUT     1

struct leat_file {
	struct leat_stage *st;
	const struct leat__env *env;
	int fd;
	bool is_standard; /* not ours to close */
	bool is_reading;
	bool is_staged;   /* under its temporary name */
	bool is_kept;     /* PATH.partial if it is closed without a commit */
	bool is_synced;   /* commit waits for the disk */
	int close_errno;  /* of a suspend that failed; 0 = none */
	uint64_t n_bytes; /* moved so far */
	struct leat_file_info info;
	char path[FILE_PATH_MAX]; /* final, links resolved */
	char temporary[FILE_PATH_MAX];
};

/* ---- saying what is wrong ----------------------------------------------- */

static const char *
file_name(const struct leat_file *file)
{
	if (!file->is_standard)
		return file->path;
	return file->is_reading ? "standard input" : "standard output";
}

/* How far it was moved is where it failed. */
static int
file_locate(struct leat_file *file)
{
	return leat_stage_locate(
		file->st, file_name(file), 0, 0, file->n_bytes);
}

static int
file_fail(struct leat_file *file, int sys_errno, const char *what)
{
	char why[128];

	leat_stage_fail_errno(file->st, LEAT_EIO, sys_errno,
		"cannot %s '%s': %s", what, file_name(file),
		leat__env_strerror(sys_errno, why, sizeof(why)));
	return file_locate(file);
}

static int
file_fail_missing(struct leat_file *file)
{
	const struct leat__env *env = file->env;
	char folder[256];
	bool is_known = env->resolve(env, ".", folder, sizeof(folder)) == 0;

	if (file->path[0] == '/' || !is_known)
		return leat_stage_fail_errno(file->st, LEAT_EIO, ENOENT,
			"cannot open '%s': no such file", file->path);
	return leat_stage_fail_errno(file->st, LEAT_EIO, ENOENT,
		"cannot open '%s': no such file (looked in %s)", file->path,
		folder);
}

static int
file_fail_directory(struct leat_file *file)
{
	return leat_stage_fail_errno(file->st, LEAT_EIO, EISDIR,
		"'%s' is a folder; the path of a file is wanted",
		file_name(file));
}

static int
file_fail_folder(struct leat_file *file, int sys_errno)
{
	char why[128];

	if (sys_errno == ENOENT)
		return leat_stage_fail_errno(file->st, LEAT_EIO, sys_errno,
			"cannot create '%s': its folder does not exist",
			file->path);
	return leat_stage_fail_errno(file->st, LEAT_EIO, sys_errno,
		"cannot create '%s': %s; its folder must be writable",
		file->path, leat__env_strerror(sys_errno, why, sizeof(why)));
}

static int
file_fail_write(struct leat_file *file, int sys_errno)
{
	unsigned long long n = file->n_bytes;
	char why[128];

	if (sys_errno == EPIPE)
		leat_stage_fail_errno(file->st, LEAT_EIO, sys_errno,
			"%s was closed by its reader after %llu bytes",
			file_name(file), n);
	else
		leat_stage_fail_errno(file->st, LEAT_EIO, sys_errno,
			"cannot write '%s': %s, after %llu bytes%s%s",
			file_name(file),
			leat__env_strerror(sys_errno, why, sizeof(why)), n,
			file->is_staged ? " to " : "",
			file->is_staged ? file->temporary : "");
	return file_locate(file);
}

static int
file_fail_sync_dir(struct leat_file *file, int sys_errno)
{
	char why[128];

	return leat_stage_fail_errno(file->st, LEAT_EIO, sys_errno,
		"'%s' is complete, but its folder cannot be brought to the "
		"disk: %s; its name may be lost in a power cut",
		file_name(file),
		leat__env_strerror(sys_errno, why, sizeof(why)));
}

/* ---- waiting ------------------------------------------------------------ */

static uint32_t
file_add_event(struct leat__poll *polls, uint32_t n, int fd)
{
	if (fd < 0)
		return n;
	polls[n].fd = fd;
	polls[n].want = LEAT__POLL_READ;
	return n + 1;
}

/* LEAT_OK, LEAT_EOS when reading is to end, LEAT_ECANCELED: without waiting. */
static int
file_look(struct leat_file *file)
{
	if (leat_ctx_is_done(file->st->graph->ctx))
		return LEAT_ECANCELED;
	if (file->is_reading && leat_stage_is_draining(file->st))
		return LEAT_EOS;
	return LEAT_OK;
}

/* A guard has given the call a deadline, and it has passed. */
static int
file_fail_late(struct leat_file *file)
{
	return leat_stage_fail(file->st, LEAT_ETIMEDOUT,
		file->is_reading
			? "nothing came from '%s' before the deadline "
			  "(@timeout)"
			: "'%s' took nothing before the deadline (@timeout)",
		file_name(file));
}

/* The moment that was waited for has come: whose was it? */
static int
file_end_wait(struct leat_file *file, int64_t until_ns)
{
	int64_t deadline_ns = file->st->call_deadline_ns;

	return deadline_ns && deadline_ns <= until_ns ? file_fail_late(file)
						      : LEAT_EAGAIN;
}

/* Until the file is ready; as file_look(), LEAT_EAGAIN at a moment,
 * LEAT_ETIMEDOUT, and LEAT_EIO. */
static int
file_wait(struct leat_file *file, int64_t until_ns)
{
	struct leat_graph *graph = file->st->graph;
	struct leat__poll polls[3] = {{.fd = file->fd}};
	int64_t deadline_ns = file->st->call_deadline_ns;
	uint32_t n = 1;

	if (!deadline_ns || deadline_ns > until_ns)
		deadline_ns = until_ns;
	polls[0].want = file->is_reading ? LEAT__POLL_READ : LEAT__POLL_WRITE;
	n = file_add_event(polls, n, leat__run_cancel_fd(graph));
	if (file->is_reading)
		n = file_add_event(polls, n, leat__run_drain_fd(graph));
	for (;;) {
		int rc = file_look(file);

		if (rc < 0 || polls[0].got)
			return rc;
		leat__run_wait_begin(file->st,
			file->is_reading ? LEAT__DOING_STARVE
					 : LEAT__DOING_BLOCK);
		rc = file->env->poll(file->env, polls, n, deadline_ns);
		leat__run_wait_end(file->st);
		if (rc == 0)
			return file_end_wait(file, until_ns);
		if (rc < 0 && rc != -EINTR)
			return file_fail(file, -rc, "wait for");
	}
}

/* Before a call that moves bytes. */
static int
file_await(struct leat_file *file, int64_t until_ns)
{
	if (file->info.flags & LEAT_FILE_IS_REGULAR)
		return file_look(file);
	return file_wait(file, until_ns);
}

static bool
file_is_again(int64_t n)
{
	return n == -EINTR || n == -EAGAIN;
}

/* ---- opening ------------------------------------------------------------ */

static struct leat_file *
file_new(struct leat_stage *st, bool is_reading)
{
	const struct leat__env *env = st->graph->env;
	struct leat_file *file = env->alloc(env, sizeof(*file));

	if (!file) {
		leat_stage_fail(st, LEAT_ENOMEM, "no memory for a file");
		return NULL;
	}
	file->st = st;
	file->env = env;
	file->fd = -1;
	file->is_reading = is_reading;
	leat__add_relaxed(&st->original->n_files, 1u);
	return file;
}

static int
file_set_path(struct leat_file *file, const char *path)
{
	size_t len = path ? strlen(path) : 0;

	if (len == 0)
		return leat_stage_fail(file->st, LEAT_EINVAL,
			"the path is empty; give a file, or - for %s",
			file->is_reading ? "standard input"
					 : "standard output");
	if (len >= FILE_PATH_MAX)
		return leat_stage_fail(file->st, LEAT_ELIMIT,
			"the path has %zu bytes; at most %d are possible", len,
			FILE_PATH_MAX - 1);
	memcpy(file->path, path, len + 1);
	return LEAT_OK;
}

/* Of the open file: its kind and size. */
static int
file_learn(struct leat_file *file)
{
	struct leat__stat stat;
	int sys_errno = file->env->fstat(file->env, file->fd, &stat);

	if (sys_errno)
		return file_fail(file, sys_errno, "look at");
	if (stat.is_directory)
		return file_fail_directory(file);
	if (stat.is_regular) {
		file->info.flags = LEAT_FILE_IS_REGULAR;
		file->info.size_bytes = stat.size_bytes;
	}
	return LEAT_OK;
}

static int
file_open_standard(struct leat_file *file, int fd)
{
	file->is_standard = true;
	file->fd = fd;
	return file_learn(file);
}

static int
file_open_fd(struct leat_file *file, const char *path, uint32_t how)
{
	int sys_errno = file->env->open(file->env, path, how, &file->fd);

	if (!sys_errno)
		leat__add_relaxed(&file->st->original->n_open_files, 1u);
	return sys_errno;
}

static int
file_open_path(struct leat_file *file)
{
	int sys_errno = file_open_fd(file, file->path, LEAT__OPEN_READ);

	if (sys_errno == ENOENT)
		return file_fail_missing(file);
	if (sys_errno)
		return file_fail(file, sys_errno, "open");
	return file_learn(file);
}

static int
file_hand_out(struct leat_file *file, int rc, struct leat_file **file_out)
{
	if (rc < 0)
		leat_file_close(file);
	else
		*file_out = file;
	return rc;
}

int
leat_file_open(
	struct leat_stage *st, const char *path, struct leat_file **file_out)
{
	struct leat_file *file = file_new(st, true);
	int rc;

	if (!file)
		return LEAT_ENOMEM;
	rc = file_set_path(file, path);
	if (rc == LEAT_OK)
		rc = strcmp(path, "-") == 0
			? file_open_standard(file, FILE_STDIN)
			: file_open_path(file);
	return file_hand_out(file, rc, file_out);
}

struct leat_file_info
leat_file_info(const struct leat_file *file)
{
	return file->info;
}

/* ---- creating ----------------------------------------------------------- */

/* Where the name begins, behind the folder. */
static size_t
file_folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* FOLDER/.NAME.leat-NNNNNN, a new one on every call. */
static void
file_draw_temporary(struct leat_file *file)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	uint64_t random = file->env->random(file->env);
	int folder = (int)file_folder_len(file->path);
	char tail[7] = "";

	for (uint32_t k = 0; k < 6; k++, random >>= 5)
		tail[k] = digits[random & 31];
	snprintf(file->temporary, sizeof(file->temporary), "%.*s.%.*s.leat-%s",
		folder, file->path, FILE_NAME_KEPT, file->path + folder, tail);
}

static int
file_create_temporary(struct leat_file *file)
{
	int sys_errno = EEXIST;

	if (strlen(file->path) + sizeof("..leat-NNNNNN") > FILE_PATH_MAX)
		return file_fail(file, ENAMETOOLONG, "create");
	for (uint32_t k = 0; k < FILE_NAME_TRIES && sys_errno == EEXIST; k++) {
		file_draw_temporary(file);
		sys_errno =
			file_open_fd(file, file->temporary, LEAT__OPEN_CREATE);
	}
	if (sys_errno)
		return file_fail_folder(file, sys_errno);
	file->is_staged = true;
	return file_learn(file);
}

/* In the place of a file that is there: under the same permissions. */
static int
file_replace(struct leat_file *file, uint32_t mode_bits)
{
	int sys_errno;

	if (!(mode_bits & 0222u))
		return leat_stage_fail_errno(file->st, LEAT_EIO, EACCES,
			"'%s' is there already and read-only", file->path);
	LEAT_TRY(file_create_temporary(file));
	sys_errno = file->env->chmod(file->env, file->fd, mode_bits);
	if (sys_errno)
		return file_fail(file, sys_errno, "keep the permissions of");
	return LEAT_OK;
}

/* A device or a pipe: written directly, nothing to rename. */
static int
file_open_special(struct leat_file *file)
{
	int sys_errno = file_open_fd(file, file->path, LEAT__OPEN_WRITE);

	if (sys_errno == ENXIO)
		return leat_stage_fail_errno(file->st, LEAT_EIO, sys_errno,
			"cannot open '%s': nobody reads from this pipe",
			file->path);
	if (sys_errno)
		return file_fail(file, sys_errno, "open");
	return file_learn(file);
}

/* The file that a link leads to is replaced, not the link. */
static int
file_resolve(struct leat_file *file)
{
	char behind[FILE_PATH_MAX];
	int sys_errno = file->env->resolve(
		file->env, file->path, behind, sizeof(behind));

	if (sys_errno)
		return file_fail(file, sys_errno, "follow");
	memcpy(file->path, behind, strlen(behind) + 1);
	return LEAT_OK;
}

static int
file_create_path(struct leat_file *file)
{
	struct leat__stat stat;
	int sys_errno = file->env->stat(file->env, file->path, &stat);

	if (sys_errno == ENOENT && !file->path[file_folder_len(file->path)])
		return file_fail_folder(file, sys_errno);
	if (sys_errno == ENOENT)
		return file_create_temporary(file);
	if (sys_errno)
		return file_fail_folder(file, sys_errno);
	if (stat.is_directory)
		return file_fail_directory(file);
	if (!stat.is_regular)
		return file_open_special(file);
	LEAT_TRY(file_resolve(file));
	return file_replace(file, stat.mode_bits);
}

int
leat_file_create(struct leat_stage *st, const char *path, uint32_t flags,
	struct leat_file **file_out)
{
	struct leat_file *file;
	int rc;

	if (flags & ~LEAT_FILE_NO_SYNC)
		return leat_stage_fail(st, LEAT_EINVAL,
			"leat_file_create: unknown flags 0x%x", flags);
	file = file_new(st, false);
	if (!file)
		return LEAT_ENOMEM;
	file->is_synced = !(flags & LEAT_FILE_NO_SYNC);
	rc = file_set_path(file, path);
	if (rc == LEAT_OK)
		rc = strcmp(path, "-") == 0
			? file_open_standard(file, FILE_STDOUT)
			: file_create_path(file);
	return file_hand_out(file, rc, file_out);
}

/* ---- moving bytes ------------------------------------------------------- */

int
leat_file_read_until(struct leat_file *file, void *buf, size_t n_bytes,
	int64_t until_ns, size_t *n_out)
{
	int64_t n;

	do {
		LEAT_TRY(file_await(file, until_ns));
		n = file->env->read(file->env, file->fd, buf, n_bytes);
	} while (file_is_again(n));
	if (n < 0)
		return file_fail(file, (int)-n, "read");
	if (n == 0)
		return LEAT_EOS;
	file->n_bytes += (uint64_t)n;
	*n_out = (size_t)n;
	return LEAT_OK;
}

int
leat_file_read(struct leat_file *file, void *buf, size_t n_bytes, size_t *n_out)
{
	return leat_file_read_until(file, buf, n_bytes, LEAT_NEVER, n_out);
}

int
leat_file_peek(struct leat_file *file, uint64_t offset, void *buf,
	size_t n_bytes, size_t *n_out)
{
	int64_t n;

	if (!(file->info.flags & LEAT_FILE_IS_REGULAR))
		return leat_stage_fail(file->st, LEAT_ENOTSUP,
			"'%s' cannot be looked at before it is read",
			file_name(file));
	do {
		LEAT_TRY(file_look(file));
		n = file->env->read_at(
			file->env, file->fd, buf, n_bytes, offset);
	} while (file_is_again(n));
	if (n < 0)
		return file_fail(file, (int)-n, "read");
	if (n == 0)
		return LEAT_EOS;
	*n_out = (size_t)n;
	return LEAT_OK;
}

/* After a suspend: what was written must still be there. */
static int
file_resume(struct leat_file *file)
{
	struct leat__stat stat = {0};
	int sys_errno;

	if (file->close_errno)
		return file_fail(file, file->close_errno, "close");
	if (file->fd >= 0 || !file->is_staged)
		return LEAT_OK;
	sys_errno = file_open_fd(file, file->temporary, LEAT__OPEN_APPEND);
	if (!sys_errno)
		sys_errno = file->env->fstat(file->env, file->fd, &stat);
	if (!sys_errno && stat.size_bytes != file->n_bytes)
		sys_errno = ESTALE;
	return sys_errno ? file_fail(file, sys_errno, "go on writing")
			 : LEAT_OK;
}

int
leat_file_write(struct leat_file *file, const void *buf, size_t n_bytes)
{
	bool is_regular = file->info.flags & LEAT_FILE_IS_REGULAR;
	size_t most = is_regular ? FILE_MANY : FILE_PIECE;
	const uint8_t *at = buf;

	LEAT_TRY(file_resume(file));
	while (n_bytes > 0) {
		size_t piece = n_bytes < most ? n_bytes : most;
		int64_t n;

		LEAT_TRY(file_await(file, LEAT_NEVER));
		n = file->env->write(file->env, file->fd, at, piece);
		if (file_is_again(n))
			continue;
		if (n <= 0)
			return file_fail_write(file, n ? (int)-n : EIO);
		at += n;
		n_bytes -= (size_t)n;
		file->n_bytes += (uint64_t)n;
	}
	return LEAT_OK;
}

/* ---- ending ------------------------------------------------------------- */

static int
file_close_fd(struct leat_file *file)
{
	int fd = file->fd;

	file->fd = -1;
	if (fd < 0 || file->is_standard)
		return 0;
	leat__sub_relaxed(&file->st->original->n_open_files, 1u);
	return file->env->close(file->env, fd);
}

/* If not all of it arrived the next write says so, or the commit. */
void
leat_file_suspend(struct leat_file *file)
{
	if (file->is_staged && !file->close_errno)
		file->close_errno = file_close_fd(file);
}

static int
file_sync_folder(const struct leat_file *file)
{
	size_t len = file_folder_len(file->path);
	char folder[FILE_PATH_MAX] = ".";

	if (len > 0) {
		memcpy(folder, file->path, len);
		folder[len] = '\0';
	}
	return file->env->sync_dir(file->env, folder);
}

int
leat_file_commit(struct leat_file *file)
{
	const struct leat__env *env = file->env;
	int sys_errno;

	if (file->is_reading)
		return leat_stage_fail(file->st, LEAT_ESTATE,
			"commit: '%s' is open for reading", file_name(file));
	if (!file->is_staged)
		return LEAT_OK;
	LEAT_TRY(file_look(file));
	LEAT_TRY(file_resume(file));
	sys_errno = file->is_synced ? env->sync(env, file->fd) : 0;
	if (sys_errno)
		return file_fail(file, sys_errno, "bring to the disk");
	/* some file systems say no earlier that the disk is full */
	sys_errno = file_close_fd(file);
	if (sys_errno)
		return file_fail(file, sys_errno, "close");
	sys_errno = env->rename(env, file->temporary, file->path);
	if (sys_errno)
		return file_fail(file, sys_errno, "give its name to");
	file->is_staged = false;
	sys_errno = file->is_synced ? file_sync_folder(file) : 0;
	return sys_errno ? file_fail_sync_dir(file, sys_errno) : LEAT_OK;
}

void
leat_file_keep_partial(struct leat_file *file)
{
	file->is_kept = true;
}

/* What is left behind where it should not be. */
static void
file_note_left(struct leat_file *file, int sys_errno, const char *what)
{
	char why[128];

	leat__errors_note(file->st, LEAT_EIO, sys_errno,
		"'%s' stays under the name '%s': it could not be %s: %s",
		file->path, file->temporary, what,
		leat__env_strerror(sys_errno, why, sizeof(why)));
}

/* What is kept is as safe as what is committed, or is said not to be. */
static void
file_note_unsafe(struct leat_file *file, int sys_errno)
{
	char why[128];

	if (sys_errno)
		leat__errors_note(file->st, LEAT_EIO, sys_errno,
			"'%s.partial' may be lost in a power cut, in part or "
			"all: %s",
			file->path,
			leat__env_strerror(sys_errno, why, sizeof(why)));
}

/* To the disk, if that was promised, and closed. */
static void
file_settle(struct leat_file *file)
{
	const struct leat__env *env = file->env;
	int sys_errno = file->close_errno, close_errno;

	if (!sys_errno && file->is_synced && file->fd < 0)
		sys_errno =
			file_open_fd(file, file->temporary, LEAT__OPEN_APPEND);
	if (!sys_errno && file->is_synced)
		sys_errno = env->sync(env, file->fd);
	close_errno = file_close_fd(file);
	file_note_unsafe(file, sys_errno ? sys_errno : close_errno);
}

static void
file_keep(struct leat_file *file)
{
	char partial[FILE_PATH_MAX + sizeof(".partial")];
	int sys_errno;

	file_settle(file);
	snprintf(partial, sizeof(partial), "%s.partial", file->path);
	sys_errno = file->env->rename(file->env, file->temporary, partial);
	if (sys_errno)
		file_note_left(file, sys_errno, "renamed");
	else if (file->is_synced)
		file_note_unsafe(file, file_sync_folder(file));
}

/* That somebody else has removed it is as good. */
static void
file_remove(struct leat_file *file)
{
	int sys_errno = file->env->unlink(file->env, file->temporary);

	if (sys_errno && sys_errno != ENOENT)
		file_note_left(file, sys_errno, "removed");
}

void
leat_file_close(struct leat_file *file)
{
	if (!file)
		return;
	if (file->is_staged && file->is_kept)
		file_keep(file);
	/* nobody counts on what is closed here: it was only read, or not
	 * committed */
	(void)file_close_fd(file);
	if (file->is_staged && !file->is_kept)
		file_remove(file);
	leat__sub_relaxed(&file->st->original->n_files, 1u);
	file->env->free(file->env, file);
}
