/*
 * env/posix.h -- what the files share that name the operating system. What
 * each function of the table does stands in env.h.
 */
#ifndef LEAT_SRC_ENV_POSIX_H
#define LEAT_SRC_ENV_POSIX_H

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "env/env.h"

#define POSIX_NS_PER_S 1000000000

/* 0 or errno of a call that returns -1 on failure; again if interrupted. */
#define POSIX_CALL(call)                                                       \
	__extension__({                                                        \
		int posix_rc_;                                                 \
		do                                                             \
			posix_rc_ = (call);                                    \
		while (posix_rc_ < 0 && errno == EINTR);                       \
		posix_rc_ < 0 ? errno : 0;                                     \
	})

/* Count or negative errno of a call that moves bytes. */
#define POSIX_MOVE(call)                                                       \
	__extension__({                                                        \
		int64_t posix_n_;                                              \
		do                                                             \
			posix_n_ = (call);                                     \
		while (posix_n_ < 0 && errno == EINTR);                        \
		posix_n_ < 0 ? -(int64_t)errno : posix_n_;                     \
	})

static inline int64_t
leat__posix_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * POSIX_NS_PER_S + ts.tv_nsec;
}

/* A length of time, or a point of it; what is below 0 is 0. */
static inline struct timespec
leat__posix_timespec(int64_t ns)
{
	struct timespec ts = {0, 0};

	if (ns > 0) {
		ts.tv_sec = ns / POSIX_NS_PER_S;
		ts.tv_nsec = ns % POSIX_NS_PER_S;
	}
	return ts;
}

/* ---- posix.c ---- */

/* The signals that come from outside a thread: all but those of a crash. */
void leat__posix_outside(sigset_t *signals_out);

/* ---- posix_memory.c ---- */

void *leat__posix_alloc(const struct leat__env *env, size_t n_bytes);
void leat__posix_free(const struct leat__env *env, void *memory);
int leat__posix_map(const struct leat__env *env, size_t n_bytes,
	const char *name, void **memory_out, int *fd_out);
void leat__posix_unmap(
	const struct leat__env *env, void *memory, size_t n_bytes, int fd);
int leat__posix_map_stacks(const struct leat__env *env, size_t n_bytes,
	uint32_t n, bool may_split, void **memory_out, bool *is_guarded_out);
void leat__posix_discard(
	const struct leat__env *env, void *memory, size_t n_bytes);

/* ---- posix_file.c ---- */

int leat__posix_open(const struct leat__env *env, const char *path,
	uint32_t how, int *fd_out);
int leat__posix_close(const struct leat__env *env, int fd);
int64_t leat__posix_read(
	const struct leat__env *env, int fd, void *buf, size_t n_bytes);
int64_t leat__posix_read_at(const struct leat__env *env, int fd, void *buf,
	size_t n_bytes, uint64_t offset);
int64_t leat__posix_write(
	const struct leat__env *env, int fd, const void *buf, size_t n_bytes);
int leat__posix_sync(const struct leat__env *env, int fd);
int leat__posix_sync_dir(const struct leat__env *env, const char *dir);
int leat__posix_rename(
	const struct leat__env *env, const char *from, const char *to);
int leat__posix_unlink(const struct leat__env *env, const char *path);
int leat__posix_resolve(const struct leat__env *env, const char *path,
	char *buf, size_t n_bytes);
int leat__posix_stat(
	const struct leat__env *env, const char *path, struct leat__stat *out);
int leat__posix_fstat(
	const struct leat__env *env, int fd, struct leat__stat *out);
int leat__posix_chmod(const struct leat__env *env, int fd, uint32_t mode_bits);
int leat__posix_list(const struct leat__env *env, const char *folder,
	leat__listed_fn fn, void *user);
int leat__posix_poll(const struct leat__env *env, struct leat__poll *polls,
	uint32_t n, int64_t deadline_ns);
int leat__posix_event_create(const struct leat__env *env, int *fd_out);
void leat__posix_event_set(const struct leat__env *env, int fd);
int leat__posix_lock(const struct leat__env *env, int fd);
int leat__posix_unlock(const struct leat__env *env, int fd);
int leat__posix_truncate(const struct leat__env *env, int fd, uint64_t n_bytes);

#endif
