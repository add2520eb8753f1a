/*
 * control/place.c -- where the socket of a graph stands.
 *
 * In the first of the usual folders that is, or can be made, for its owner
 * alone: PID.sock, and PID.2.sock and so on for further graphs of a process.
 * Keeps: a name that somebody listens at is never taken; one whose process is
 * gone (nobody answers there) is.
 * Threads: any.
 */
#include <errno.h>
#include <stdio.h>

#include "control/control.h"

#define PLACE_NUMBERS 64u /* graphs of one process */
#define PLACE_BACKLOG 16u

struct place {
	const struct leat__env *env;
	char *path;
	int fd;
	char folder[LEAT__CONTROL_PATH_BYTES];
};

static bool
place_is_stale(const struct place *place)
{
	int fd;
	int sys_errno = place->env->sockets->connect(place->path, &fd);

	if (sys_errno == 0)
		place->env->close(place->env, fd);
	return sys_errno == ECONNREFUSED;
}

/* 0, EEXIST: another one has it; or an errno. */
static int
place_take(struct place *place)
{
	const struct leat__sockets *sockets = place->env->sockets;
	int sys_errno = sockets->listen(place->path, PLACE_BACKLOG, &place->fd);

	if (sys_errno != EEXIST || !place_is_stale(place))
		return sys_errno;
	(void)place->env->unlink(place->env, place->path);
	return sockets->listen(place->path, PLACE_BACKLOG, &place->fd);
}

static int
place_name(struct place *place, uint32_t number)
{
	long long pid = place->env->sockets->process();
	int n;

	if (number == 1)
		n = snprintf(place->path, LEAT__CONTROL_PATH_BYTES,
			"%s/%lld.sock", place->folder, pid);
	else
		n = snprintf(place->path, LEAT__CONTROL_PATH_BYTES,
			"%s/%lld.%u.sock", place->folder, pid, number);
	return n < 0 || (unsigned)n >= LEAT__CONTROL_PATH_BYTES ? ENAMETOOLONG
								: 0;
}

static int
place_enter(struct place *place)
{
	int sys_errno = place->env->sockets->make_folder(place->folder);

	for (uint32_t k = 1; !sys_errno && k <= PLACE_NUMBERS; k++) {
		sys_errno = place_name(place, k);
		if (!sys_errno)
			sys_errno = place_take(place);
		if (!sys_errno)
			return 0;
		if (sys_errno == EEXIST)
			sys_errno = k < PLACE_NUMBERS ? 0 : EEXIST;
	}
	return sys_errno;
}

static int
place_error(const struct place *place, int sys_errno, struct leat_error *err)
{
	if (sys_errno == EPERM)
		return leat__error_errno(err, LEAT_EIO, sys_errno,
			"control: %s is not this user's alone; accepted: a "
			"folder of the same owner with mode 0700",
			place->folder);
	return leat__error_errno(err, LEAT_EIO, sys_errno,
		"control: there is no place for a socket in %s", place->folder);
}

/* The first that will do; of the others the last says why not. */
static int
place_usual(struct place *place)
{
	const struct leat__sockets *sockets = place->env->sockets;
	int sys_errno = ENOENT, last = ENOENT;

	for (uint32_t k = 0; sys_errno; k++) {
		sys_errno = sockets->folder(
			k, place->folder, sizeof(place->folder));
		if (sys_errno == ENOENT)
			return last;
		if (!sys_errno)
			sys_errno = place_enter(place);
		last = sys_errno;
	}
	return 0;
}

static int
place_own(struct place *place, const char *folder)
{
	int n = snprintf(place->folder, sizeof(place->folder), "%s", folder);

	return n < 0 || (size_t)n >= sizeof(place->folder) ? ENAMETOOLONG
							   : place_enter(place);
}

int
leat__control_listen(const struct leat__env *env, const char *opts_folder,
	int *fd_out, char path[LEAT__CONTROL_PATH_BYTES],
	struct leat_error *err)
{
	struct place place = {.env = env, .path = path, .fd = -1};
	int sys_errno = opts_folder ? place_own(&place, opts_folder)
				    : place_usual(&place);

	*fd_out = place.fd;
	return sys_errno ? place_error(&place, sys_errno, err) : LEAT_OK;
}
