/*
 * run/dead_change.c -- dead letters in a file of lines: reading and changing.
 *
 * Keeps: a change is written beside the file, brought to the disk and put in
 * its place under the file's lock: there are the old letters or the new ones,
 * and those that others wait to add come to the new ones. A line that is no
 * letter stays as it is, unless it is dropped.
 * Threads: one at a time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run/dead_lines.h"
#include "run/letter.h"

#define CHANGE_LINE_BYTES 65536u

/* ---- lines, one after the other ----------------------------------------- */

/* What has been read and not yet been looked at is buffer[at .. n). */
struct reader {
	const struct leat__env *env;
	int fd;
	uint64_t offset, end; /* of the file: what to read next, up to there */
	char *buffer;
	size_t at, n, n_room;
};

static int
reader_open(struct reader *r, struct leat_dead *dead)
{
	struct leat__stat info;
	int sys_errno;

	*r = (struct reader){.env = dead->env, .fd = -1};
	r->buffer = r->env->alloc(r->env, CHANGE_LINE_BYTES);
	if (!r->buffer)
		return ENOMEM;
	r->n_room = CHANGE_LINE_BYTES;
	sys_errno = r->env->open(r->env, dead->path, LEAT__OPEN_READ, &r->fd);
	if (sys_errno) {
		r->fd = -1;
		return sys_errno;
	}
	sys_errno = r->env->fstat(r->env, r->fd, &info);
	r->end = info.size_bytes;
	return sys_errno;
}

static void
reader_close(struct reader *r)
{
	if (r->fd >= 0)
		r->env->close(r->env, r->fd);
	r->env->free(r->env, r->buffer);
}

/* The rest goes to the front of a buffer that has room behind it. */
static int
reader_make_room(struct reader *r)
{
	char *buffer = r->buffer;

	if (!r->at && r->n == r->n_room) {
		buffer = r->env->alloc(r->env, 2 * r->n_room);
		if (!buffer)
			return ENOMEM;
		r->n_room *= 2;
	}
	memmove(buffer, r->buffer + r->at, r->n - r->at);
	r->n -= r->at;
	r->at = 0;
	if (buffer != r->buffer) {
		r->env->free(r->env, r->buffer);
		r->buffer = buffer;
	}
	return 0;
}

/* 0, an errno, or -1: there is no more. */
static int
reader_fill(struct reader *r)
{
	uint64_t n_left = r->end - r->offset;
	int64_t n;

	if (!n_left)
		return -1;
	if (r->n == r->n_room || r->at) {
		int sys_errno = reader_make_room(r);

		if (sys_errno)
			return sys_errno;
	}
	n = r->env->read_at(r->env, r->fd, r->buffer + r->n,
		leat__min_u64(n_left, r->n_room - r->n), r->offset);
	if (n == -EINTR)
		return 0;
	if (n <= 0)
		return n ? (int)-n : -1;
	r->n += (size_t)n;
	r->offset += (uint64_t)n;
	return 0;
}

/* A line without its newline; the last one may have none. As reader_fill(). */
static int
reader_next(struct reader *r, char **line_out, size_t *n_out)
{
	size_t n_seen = 0;
	int rc = 0;

	for (;;) {
		size_t n = r->n - r->at;
		char *end = n > n_seen
			? memchr(r->buffer + r->at + n_seen, '\n', n - n_seen)
			: NULL;

		*line_out = r->buffer + r->at;
		*n_out = end ? (size_t)(end - *line_out) : n;
		if (end || (rc < 0 && n)) {
			r->at += *n_out + (end != NULL);
			return 0;
		}
		if (rc)
			return rc;
		n_seen = n;
		rc = reader_fill(r);
		if (rc > 0)
			return rc;
	}
}

/* ---- letters ------------------------------------------------------------ */

/* A letter and the line that it came from. */
struct letter_line {
	struct leat_letter letter;
	const char *line; /* as it was */
	char *copy;       /* that is decoded in its place */
	size_t n_copy;    /* its room */
	size_t n;
};

static int
line_copy(const struct leat__env *env, struct letter_line *l, const char *line,
	size_t n)
{
	if (n + 1 > l->n_copy) {
		env->free(env, l->copy);
		l->n_copy = leat__max_u64(2 * (n + 1), 4096);
		l->copy = env->alloc(env, l->n_copy);
	}
	if (!l->copy) {
		l->n_copy = 0;
		return ENOMEM;
	}
	memcpy(l->copy, line, n);
	l->copy[n] = '\0';
	l->line = line;
	l->n = n;
	return 0;
}

/* As reader_next(). */
static int
letter_next(struct reader *r, struct letter_line *l)
{
	char *line;
	size_t n;
	int rc;

	do
		rc = reader_next(r, &line, &n);
	while (!rc && !n);
	if (!rc)
		rc = line_copy(r->env, l, line, n);
	if (!rc && !leat__letter_parse(l->copy, n, &l->letter))
		l->letter = (struct leat_letter){.data = line,
			.n_bytes = n,
			.n_records = 1,
			.flags = LEAT_LETTER_DAMAGED};
	return rc;
}

/* Where the file ends now; of what others are adding nothing is seen. */
static int
lines_settle(struct leat_dead *dead)
{
	uint64_t size;
	int sys_errno = leat__lines_lock(dead, &size);

	if (!sys_errno)
		leat__lines_unlock(dead);
	/* who may only read it can do so all the same */
	return sys_errno == EACCES || sys_errno == EROFS ? 0 : sys_errno;
}

int
leat__lines_each(struct leat_dead *dead, leat_letter_fn fn, void *user,
	struct leat_error *err)
{
	struct letter_line l = {0};
	struct reader r = {.env = dead->env, .fd = -1};
	int sys_errno = lines_settle(dead);
	int rc = LEAT_OK;

	if (!sys_errno)
		sys_errno = reader_open(&r, dead);
	while (!sys_errno && !rc) {
		sys_errno = letter_next(&r, &l);
		if (!sys_errno)
			rc = fn(&l.letter, user);
	}
	reader_close(&r);
	dead->env->free(dead->env, l.copy);
	return sys_errno > 0 ? leat__lines_error(dead, "read", sys_errno, err)
			     : rc;
}

/* ---- a new file --------------------------------------------------------- */

/* What is being written, beside the path behind all links. */
struct change {
	struct leat_dead *dead;
	char path[LEAT__LINES_PATH_MAX];
	char beside[LEAT__LINES_PATH_MAX + 32];
	struct leat__lines_out out;
};

static int
change_begin(struct change *c)
{
	struct leat_dead *dead = c->dead;
	const struct leat__env *env = dead->env;
	struct leat__lines *s = dead->state;
	struct leat__stat info;
	int sys_errno = env->resolve(env, dead->path, c->path, sizeof(c->path));

	c->out = (struct leat__lines_out){
		.dead = dead, .fd = -1, .buffer = (char *)(s + 1)};
	if (sys_errno)
		return sys_errno;
	snprintf(c->beside, sizeof(c->beside), "%s.%016llx", c->path,
		(unsigned long long)env->random(env));
	sys_errno = env->open(env, c->beside, LEAT__OPEN_CREATE, &c->out.fd);
	if (sys_errno) {
		c->out.fd = -1;
		return sys_errno;
	}
	if (env->fstat(env, s->fd, &info) == 0)
		(void)env->chmod(env, c->out.fd, info.mode_bits);
	return 0;
}

/* The new one stands where the old one stood, or all is as it was. */
static int
change_end(struct change *c, int sys_errno)
{
	const struct leat__env *env = c->dead->env;

	if (c->out.fd < 0)
		return sys_errno;
	if (!sys_errno) {
		leat__lines_flush(&c->out);
		sys_errno = c->out.sys_errno;
	}
	if (!sys_errno)
		sys_errno = env->sync(env, c->out.fd);
	env->close(env, c->out.fd);
	if (!sys_errno)
		sys_errno = env->rename(env, c->beside, c->path);
	if (sys_errno) {
		(void)env->unlink(env, c->beside);
		return sys_errno;
	}
	return leat__lines_sync_folder(c->dead, c->path);
}

static int
change_letter(struct change *c, const struct letter_line *l,
	leat_letter_change_fn fn, void *user)
{
	struct leat_letter changed = l->letter;
	int fate = fn(&l->letter, &changed, user);

	if (fate == LEAT_LETTER_KEEP) {
		leat__lines_write(&c->out, l->line, l->n);
		leat__lines_write(&c->out, "\n", 1);
	} else if (fate == LEAT_LETTER_CHANGE) {
		leat_letter_print(&changed, leat__lines_write, &c->out);
	}
	return fate < 0 ? fate : LEAT_OK;
}

/* Under the lock. errno, or a code of fn in *rc. */
static int
change_all(struct change *c, leat_letter_change_fn fn, void *user, int *rc)
{
	const struct leat__env *env = c->dead->env;
	struct letter_line l = {0};
	struct reader r;
	int sys_errno = reader_open(&r, c->dead);

	while (!sys_errno && !*rc) {
		sys_errno = letter_next(&r, &l);
		if (!sys_errno)
			*rc = change_letter(c, &l, fn, user);
		if (!sys_errno)
			sys_errno = c->out.sys_errno;
	}
	reader_close(&r);
	env->free(env, l.copy);
	return sys_errno > 0 ? sys_errno : 0;
}

int
leat__lines_change(struct leat_dead *dead, leat_letter_change_fn fn, void *user,
	struct leat_error *err)
{
	struct change *c = dead->env->alloc(dead->env, sizeof(*c));
	int rc = LEAT_OK, sys_errno = ENOMEM;
	uint64_t size;

	if (!c)
		return leat__lines_error(dead, "change", sys_errno, err);
	c->dead = dead;
	sys_errno = leat__lines_lock(dead, &size);
	if (!sys_errno) {
		sys_errno = change_begin(c);
		if (!sys_errno)
			sys_errno = change_all(c, fn, user, &rc);
		sys_errno = change_end(c, rc ? ECANCELED : sys_errno);
		leat__lines_unlock(dead);
	}
	dead->env->free(dead->env, c);
	if (rc)
		return rc;
	return sys_errno ? leat__lines_error(dead, "write", sys_errno, err)
			 : LEAT_OK;
}
