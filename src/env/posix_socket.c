/*
 * env/posix_socket.c -- sockets of one machine as Linux has them, and the
 * folders that they stand in.
 *
 * Keeps: a socket's name is seen by others only once it can be connected to,
 * so that a refused connection always means that who listened is gone; nobody
 * but the owner can reach it from the moment on at which it has a name.
 * Threads: any.
 * Source: unix(7); XDG Base Directory Specification 0.8, $XDG_RUNTIME_DIR.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "env/posix.h"

/* ---- the folder --------------------------------------------------------- */

/* One that is named by the environment is the only one. */
static int
socket_folder(uint32_t k, char *buf, size_t n_bytes)
{
	const char *own = getenv("LEAT_RUNTIME_DIR");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	bool has_own = own && own[0] == '/';
	bool has_runtime = runtime && runtime[0] == '/';
	int n;

	if (k > (has_runtime && !has_own ? 1u : 0u))
		return ENOENT;
	if (has_own)
		n = snprintf(buf, n_bytes, "%s", own);
	else if (has_runtime && k == 0)
		n = snprintf(buf, n_bytes, "%s/leat", runtime);
	else
		n = snprintf(buf, n_bytes, "/tmp/leat-%u", (unsigned)geteuid());
	return n < 0 || (size_t)n >= n_bytes ? ENAMETOOLONG : 0;
}

/* A link to a folder of somebody else is none of ours. */
static int
socket_make_folder(const char *folder)
{
	struct stat st;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return errno;
	if (lstat(folder, &st) < 0)
		return errno;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	return st.st_uid == geteuid() && (st.st_mode & 077) == 0 ? 0 : EPERM;
}

/* ---- both ends ---------------------------------------------------------- */

static int
socket_address(const char *path, struct sockaddr_un *address)
{
	size_t n = strlen(path) + 1;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (n > sizeof(address->sun_path))
		return ENAMETOOLONG;
	memcpy(address->sun_path, path, n);
	return 0;
}

static int
socket_make(int *fd_out)
{
	*fd_out =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return *fd_out < 0 ? errno : 0;
}

/* The errno of what went wrong before is kept. */
static int
socket_drop(int fd, int sys_errno)
{
	close(fd);
	return sys_errno;
}

/* ---- who listens -------------------------------------------------------- */

/* Under a name that nobody looks for, and then under its own: link() fails
 * where that is taken, as rename() would not. */
static int
socket_name(int fd, const char *draft, const char *path, uint32_t backlog)
{
	struct sockaddr_un address;
	int sys_errno = socket_address(draft, &address);

	if (sys_errno)
		return sys_errno;
	(void)unlink(draft); /* of a process that had this number before */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno;
	if (chmod(draft, 0600) < 0 || listen(fd, (int)backlog) < 0 ||
		link(draft, path) < 0)
		sys_errno = errno;
	(void)unlink(draft);
	return sys_errno;
}

static int
socket_listen(const char *path, uint32_t backlog, int *fd_out)
{
	char draft[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int sys_errno, fd;
	int n;

	sys_errno = socket_make(&fd);
	if (sys_errno)
		return sys_errno;
	/* its number tells it from others that this process is making */
	n = snprintf(draft, sizeof(draft), "%s~%d", path, fd);
	sys_errno = n < 0 || (size_t)n >= sizeof(draft)
		? ENAMETOOLONG
		: socket_name(fd, draft, path, backlog);
	if (sys_errno)
		return socket_drop(fd, sys_errno);
	*fd_out = fd;
	return 0;
}

static int
socket_accept(int fd, int *fd_out, uint32_t *user_out)
{
	struct ucred peer = {0};
	socklen_t n_bytes = sizeof(peer);
	int other = -1;
	int sys_errno = POSIX_CALL(
		other = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));

	if (sys_errno)
		return sys_errno;
	if (getsockopt(other, SOL_SOCKET, SO_PEERCRED, &peer, &n_bytes) < 0)
		return socket_drop(other, errno);
	*fd_out = other;
	*user_out = (uint32_t)peer.uid;
	return 0;
}

/* ---- who connects ------------------------------------------------------- */

static int
socket_connect(const char *path, int *fd_out)
{
	struct sockaddr_un address;
	int sys_errno = socket_address(path, &address), fd;

	if (!sys_errno)
		sys_errno = socket_make(&fd);
	if (sys_errno)
		return sys_errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return socket_drop(fd, errno);
	*fd_out = fd;
	return 0;
}

/* ---- bytes -------------------------------------------------------------- */

static int64_t
socket_send(int fd, const void *data, size_t n_bytes)
{
	return POSIX_MOVE(send(fd, data, n_bytes, MSG_NOSIGNAL));
}

static int64_t
socket_receive(int fd, void *data, size_t n_bytes)
{
	return POSIX_MOVE(recv(fd, data, n_bytes, 0));
}

static uint32_t
socket_user(void)
{
	return (uint32_t)geteuid();
}

static int64_t
socket_process(void)
{
	return getpid();
}

const struct leat__sockets leat__posix_sockets = {
	.folder = socket_folder,
	.make_folder = socket_make_folder,
	.listen = socket_listen,
	.connect = socket_connect,
	.accept = socket_accept,
	.send = socket_send,
	.receive = socket_receive,
	.user = socket_user,
	.process = socket_process,
};
