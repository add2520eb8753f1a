/*
 * cli/dev/watch.c -- files that change: has one been saved?
 *
 * Editors write into a file, or put another in its place, or take it away for a
 * moment. So folders are watched, and what counts is what stands under the
 * names: number, size and time. Where inotify is not there, or has no more
 * watches, the same is looked at now and then.
 * Keeps: a change is told once, and after a rest of REST_MS in which there was
 * no other; a file that is not there has not changed.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev.h"

#define REST_MS        60
#define RESTS          40 /* at most, then it is told all the same */
#define PATH_MAX_BYTES 4096

struct mark {
	char path[PATH_MAX_BYTES];
	uint64_t inode, size;
	int64_t changed_ns;
};

struct leat__dev_watch {
	int fd; /* -1 = there is no inotify */
	struct mark marks[LEAT__DEV_FILES_MAX];
	uint32_t n;
};

/* false: nothing stands there. */
static bool
mark_read(const char *path, struct mark *mark)
{
	struct stat now;

	if (stat(path, &now))
		return false;
	mark->inode = (uint64_t)now.st_ino;
	mark->size = (uint64_t)now.st_size;
	mark->changed_ns =
		(int64_t)now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec;
	return true;
}

static void
watch_folder(struct leat__dev_watch *watch, const char *path)
{
	char folder[PATH_MAX_BYTES];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	else
		snprintf(folder, sizeof(folder), ".");
	if (watch->fd >= 0 &&
		inotify_add_watch(watch->fd, folder,
			IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_CREATE |
				IN_ATTRIB) < 0) {
		close(watch->fd);
		watch->fd = -1;
	}
}

struct leat__dev_watch *
leat__dev_watch_make(void)
{
	struct leat__dev_watch *watch = calloc(1, sizeof(*watch));

	if (watch)
		watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return watch;
}

void
leat__dev_watch_free(struct leat__dev_watch *watch)
{
	if (watch && watch->fd >= 0)
		close(watch->fd);
	free(watch);
}

void
leat__dev_watch_add(struct leat__dev_watch *watch, const char *path)
{
	struct mark *mark = &watch->marks[watch->n];

	for (uint32_t k = 0; k < watch->n; k++)
		if (strcmp(watch->marks[k].path, path) == 0)
			return;
	if (watch->n == LEAT__DEV_FILES_MAX)
		return;
	watch->n++;
	memset(mark, 0, sizeof(*mark));
	snprintf(mark->path, sizeof(mark->path), "%s", path);
	watch_folder(watch, mark->path);
	mark_read(mark->path, mark);
}

int
leat__dev_watch_fd(const struct leat__dev_watch *watch)
{
	return watch->fd;
}

static void
watch_empty(struct leat__dev_watch *watch)
{
	char events[4096];

	while (watch->fd >= 0 && read(watch->fd, events, sizeof(events)) > 0)
		;
}

/* Take in what stands there now. */
static bool
watch_look(struct leat__dev_watch *watch)
{
	bool has_changed = false;

	for (uint32_t k = 0; k < watch->n; k++) {
		struct mark *mark = &watch->marks[k], now;

		if (!mark_read(mark->path, &now) ||
			(now.inode == mark->inode && now.size == mark->size &&
				now.changed_ns == mark->changed_ns))
			continue;
		mark->inode = now.inode;
		mark->size = now.size;
		mark->changed_ns = now.changed_ns;
		has_changed = true;
	}
	return has_changed;
}

bool
leat__dev_watch_changed(struct leat__dev_watch *watch)
{
	watch_empty(watch);
	if (!watch_look(watch))
		return false;
	for (uint32_t k = 0; k < RESTS; k++) {
		poll(NULL, 0, REST_MS);
		watch_empty(watch);
		if (!watch_look(watch))
			break;
	}
	return true;
}
