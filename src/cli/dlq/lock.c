/*
 * cli/dlq/lock.c -- one command at a time takes letters away.
 *
 * FILE.lock is made, locked, and removed at the end; one that a command that
 * was killed has left is free. Keeps: who has the lock has the file that the
 * path leads to, for it looks again behind the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dlq.h"

static bool
lock_is_there(const struct leat__cli_lock *lock)
{
	struct stat ours, there;

	return fstat(lock->fd, &ours) == 0 && stat(lock->path, &there) == 0 &&
		ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

int
leat__cli_lock_take(struct leat__cli_lock *lock, const char *letters)
{
	lock->fd = -1;
	lock->path = malloc(strlen(letters) + 6);
	if (!lock->path) {
		leat__cli_error("out of memory");
		return LEAT__CLI_FAILED;
	}
	stpcpy(stpcpy(lock->path, letters), ".lock");
	for (;;) {
		lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (lock->fd < 0) {
			leat__cli_error("cannot make '%s': %s", lock->path,
				strerror(errno));
			return LEAT__CLI_FAILED;
		}
		if (flock(lock->fd, LOCK_EX | LOCK_NB) != 0) {
			leat__cli_error("another leat dlq is at work on '%s' "
					"(it has %s)",
				letters, lock->path);
			close(lock->fd);
			lock->fd = -1;
			return LEAT__CLI_FAILED;
		}
		if (lock_is_there(lock))
			return LEAT__CLI_DONE;
		close(lock->fd);
	}
}

void
leat__cli_lock_drop(struct leat__cli_lock *lock)
{
	if (lock->fd >= 0) {
		unlink(lock->path);
		close(lock->fd);
	}
	free(lock->path);
}
