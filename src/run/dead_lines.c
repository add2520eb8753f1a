/*
 * run/dead_lines.c -- dead letters in a file of lines: adding.
 *
 * Whoever adds or changes has the file's lock, and makes sure behind it that
 * the path still leads to that file; who changes all puts a new one in its
 * place (dead_change.c). So several runs share a file, and none loses a letter.
 * Keeps: a letter is a whole line or not there. What a write that failed has
 * left is cut off again; what a process that was killed has left, an end
 * without a newline, gets one before the next letter.
 * Threads: one at a time.
 */
#include <errno.h>
#include <string.h>

#include "run/dead_lines.h"

#define LINES_AGAIN_NS 1000000 /* between two looks at a lock */

/* ---- the lock ----------------------------------------------------------- */

static int
lines_wait(struct leat_dead *dead)
{
	const struct leat__env *env = dead->env;
	uint32_t nobody_wakes = 0;

	if (dead->ctx && leat_ctx_is_done(dead->ctx))
		return ECANCELED;
	env->park(env, &nobody_wakes, 0, env->now_ns(env) + LINES_AGAIN_NS);
	return 0;
}

/* A file system without locks is no reason to lose letters. */
static int
lines_lock_file(struct leat_dead *dead, int fd)
{
	const struct leat__env *env = dead->env;
	int sys_errno;

	while ((sys_errno = env->lock(env, fd)) == EAGAIN) {
		sys_errno = lines_wait(dead);
		if (sys_errno)
			return sys_errno;
	}
	return sys_errno == ENOLCK || sys_errno == EOPNOTSUPP ||
			sys_errno == EINVAL
		? 0
		: sys_errno;
}

static int
lines_open_file(struct leat_dead *dead)
{
	const struct leat__env *env = dead->env;
	struct leat__lines *s = dead->state;
	struct leat__stat info;
	int sys_errno = env->open(env, dead->path, LEAT__OPEN_LOG, &s->fd);

	if (sys_errno) {
		s->fd = -1;
		return sys_errno;
	}
	sys_errno = env->fstat(env, s->fd, &info);
	s->is_regular = info.is_regular;
	s->device = info.device;
	s->inode = info.inode;
	s->end = 0;
	return sys_errno;
}

/* By its end alone a lock would stay as long as a child has the file too. */
void
leat__lines_close_file(struct leat_dead *dead)
{
	struct leat__lines *s = dead->state;

	leat__lines_unlock(dead);
	if (s->fd >= 0)
		dead->env->close(dead->env, s->fd);
	s->fd = -1;
}

int
leat__lines_lock(struct leat_dead *dead, uint64_t *size_out)
{
	const struct leat__env *env = dead->env;
	struct leat__lines *s = dead->state;
	struct leat__stat info;
	int sys_errno;

	for (*size_out = 0;; leat__lines_close_file(dead)) {
		sys_errno = s->fd < 0 ? lines_open_file(dead) : 0;
		if (sys_errno || !s->is_regular)
			return sys_errno;
		sys_errno = lines_lock_file(dead, s->fd);
		if (sys_errno)
			return sys_errno;
		sys_errno = env->stat(env, dead->path, &info);
		if (sys_errno && sys_errno != ENOENT)
			break;
		*size_out = info.size_bytes;
		if (!sys_errno && info.inode == s->inode &&
			info.device == s->device)
			return 0;
	}
	leat__lines_unlock(dead);
	return sys_errno;
}

void
leat__lines_unlock(struct leat_dead *dead)
{
	struct leat__lines *s = dead->state;

	if (s->fd >= 0 && s->is_regular)
		(void)dead->env->unlock(dead->env, s->fd);
}

/* ---- writing ------------------------------------------------------------ */

/* A pipe or a device may take nothing just now. */
static int
lines_await(struct leat_dead *dead, int fd)
{
	const struct leat__env *env = dead->env;
	struct leat__poll poll = {.fd = fd, .want = LEAT__POLL_WRITE};
	int rc = env->poll(
		env, &poll, 1, env->now_ns(env) + 100 * LINES_AGAIN_NS);

	if (dead->ctx && leat_ctx_is_done(dead->ctx))
		return ECANCELED;
	return rc < 0 && rc != -EINTR ? -rc : 0;
}

static int
lines_move(struct leat_dead *dead, struct leat__lines_out *out, int64_t n)
{
	if (n == -EINTR)
		return 0;
	if (n == -EAGAIN)
		return lines_await(dead, out->fd);
	if (n <= 0)
		return n ? (int)-n : EIO;
	out->n_written += (uint64_t)n;
	return 0;
}

void
leat__lines_flush(struct leat__lines_out *out)
{
	const struct leat__env *env = out->dead->env;
	uint64_t end = out->n_written + out->n;
	const char *at = out->buffer;

	while (out->n_written < end && !out->sys_errno) {
		uint64_t from = out->n_written;

		out->sys_errno = lines_move(out->dead, out,
			env->write(env, out->fd, at, end - from));
		at += out->n_written - from;
	}
	out->n = 0;
}

void
leat__lines_write(void *user, const char *text, size_t n_bytes)
{
	struct leat__lines_out *out = user;

	while (n_bytes) {
		size_t n = leat__min_u64(n_bytes, LEAT__LINES_BYTES - out->n);

		memcpy(out->buffer + out->n, text, n);
		out->n += (uint32_t)n;
		text += n;
		n_bytes -= n;
		if (out->n == LEAT__LINES_BYTES)
			leat__lines_flush(out);
	}
}

/* Does what is there end in the middle of a line? */
static bool
lines_is_cut(struct leat_dead *dead, uint64_t size)
{
	const struct leat__env *env = dead->env;
	struct leat__lines *s = dead->state;
	char last = '\n';

	if (!s->is_regular || !size || size == s->end)
		return false;
	return env->read_at(env, s->fd, &last, 1, size - 1) == 1 &&
		last != '\n';
}

static int
lines_put_locked(
	struct leat_dead *dead, const struct leat_letter *letter, uint64_t size)
{
	const struct leat__env *env = dead->env;
	struct leat__lines *s = dead->state;
	struct leat__lines_out *out = &s->out;

	*out = (struct leat__lines_out){
		.dead = dead, .fd = s->fd, .buffer = (char *)(s + 1)};
	if (lines_is_cut(dead, size))
		leat__lines_write(out, "\n", 1);
	leat_letter_print(letter, leat__lines_write, out);
	leat__lines_flush(out);
	if (out->sys_errno && out->n_written && s->is_regular)
		(void)env->truncate(env, s->fd, size);
	s->end = size + out->n_written;
	return out->sys_errno;
}

static int
lines_put(struct leat_dead *dead, const struct leat_letter *letter,
	struct leat_error *err)
{
	uint64_t size;
	int sys_errno = leat__lines_lock(dead, &size);

	if (sys_errno)
		return leat__lines_error(dead, "write", sys_errno, err);
	sys_errno = lines_put_locked(dead, letter, size);
	leat__lines_unlock(dead);
	return sys_errno ? leat__lines_error(dead, "write", sys_errno, err)
			 : LEAT_OK;
}

/* ---- life --------------------------------------------------------------- */

int
leat__lines_error(struct leat_dead *dead, const char *what, int sys_errno,
	struct leat_error *err)
{
	char why[128];

	if (sys_errno == ECANCELED)
		return leat__error(err, LEAT_ECANCELED, "canceled");
	if (sys_errno == ENOMEM)
		return leat__error(
			err, LEAT_ENOMEM, "no memory to %s dead letters", what);
	return leat__error_errno(err, LEAT_EIO, sys_errno,
		"cannot %s dead letters %s '%s': %s", what,
		what[0] == 'r' ? "from" : "to", dead->path,
		leat__env_strerror(sys_errno, why, sizeof(why)));
}

static int
lines_open(struct leat_dead *dead, uint32_t how, struct leat_error *err)
{
	const struct leat__env *env = dead->env;
	struct leat__lines *s = dead->state;
	struct leat__stat info;
	char why[128];
	int sys_errno;

	s->fd = -1;
	sys_errno = how == LEAT_DEAD_READ ? env->stat(env, dead->path, &info)
					  : lines_open_file(dead);
	if (!sys_errno && how == LEAT_DEAD_READ && !info.is_regular)
		return leat__error(err, LEAT_EIO,
			"'%s' is no file that dead letters could be read from",
			dead->path);
	return sys_errno
		? leat__error_errno(err, LEAT_EIO, sys_errno,
			  "cannot open '%s' for dead letters: %s", dead->path,
			  leat__env_strerror(sys_errno, why, sizeof(why)))
		: LEAT_OK;
}

int
leat__lines_sync_folder(struct leat_dead *dead, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[LEAT__LINES_PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (n >= sizeof(folder))
		return ENAMETOOLONG;
	memcpy(folder, path, n);
	folder[n] = '\0';
	return dead->env->sync_dir(dead->env, n ? folder : slash ? "/" : ".");
}

static int
lines_sync(struct leat_dead *dead, struct leat_error *err)
{
	struct leat__lines *s = dead->state;
	int sys_errno = 0;

	if (s->fd >= 0 && s->is_regular) {
		sys_errno = dead->env->sync(dead->env, s->fd);
		if (!sys_errno)
			sys_errno = leat__lines_sync_folder(dead, dead->path);
	}
	return sys_errno ? leat__lines_error(dead, "sync", sys_errno, err)
			 : LEAT_OK;
}

const struct leat_dead_ops leat_dead_lines_ops = {
	LEAT_DEAD_OPS_INIT("lines"),
	.suffixes = "",
	.state_bytes = sizeof(struct leat__lines) + LEAT__LINES_BYTES,
	.open = lines_open,
	.put = lines_put,
	.sync = lines_sync,
	.each = leat__lines_each,
	.change = leat__lines_change,
	.close = leat__lines_close_file,
};
