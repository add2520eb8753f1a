/*
 * env/posix_memory.c -- memory as Linux has it: zeroed, mapped, guarded.
 *
 * Keeps: what is not touched costs nothing; a mapping that is shared has a size
 * that nobody can change.
 * Threads: any.
 * Source: Linux 6.13 (guard pages without mappings of their own).
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "env/posix.h"

#define POSIX_ALIGN       ((size_t)LEAT__CACHE_LINE)
#define POSIX_LARGE_BYTES ((size_t)256 << 10)
#define POSIX_HUGE_BYTES  ((size_t)2 << 20)
#define POSIX_PAGE_BYTES  ((size_t)4096)
#define POSIX_GUARDS_MAX  64u /* installed by one call */

/* Linux 6.13; newer than the headers of Debian 12 */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* Zeroes that the kernel puts there when a page is touched, of an allocator
 * that aligns what is large; NULL = of another. What a stage may need is more,
 * as a rule, than what it will. */
static void *
posix_alloc_large(size_t n_bytes)
{
	void *memory = calloc(1, n_bytes);

	if ((uintptr_t)memory % POSIX_ALIGN == 0)
		return memory;
	free(memory);
	return NULL;
}

void *
leat__posix_alloc(const struct leat__env *env, size_t n_bytes)
{
	size_t n = leat__round_up(n_bytes ? n_bytes : 1, POSIX_ALIGN);
	void *memory = NULL;

	(void)env;
	if (n < n_bytes) /* rounded past the end */
		return NULL;
	if (n >= POSIX_LARGE_BYTES)
		memory = posix_alloc_large(n);
	if (memory)
		return memory;
	memory = aligned_alloc(POSIX_ALIGN, n);
	if (memory)
		memset(memory, 0, n);
	return memory;
}

void
leat__posix_free(const struct leat__env *env, void *memory)
{
	(void)env;
	free(memory);
}

/* Growing a file past RLIMIT_FSIZE would raise a signal. */
static bool
posix_may_grow(size_t n_bytes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		return false;
	return limit.rlim_cur == RLIM_INFINITY || n_bytes <= limit.rlim_cur;
}

/* A file in memory whose size nobody can change any more; -1 = none. */
static int
posix_memfd(size_t n_bytes, const char *name)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd;

	if (!posix_may_grow(n_bytes))
		return -1;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)n_bytes) == 0 &&
		fcntl(fd, F_ADD_SEALS, seals) == 0)
		return fd;
	close(fd);
	return -1;
}

static void *
posix_map_fd(size_t n_bytes, int fd)
{
	int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	void *memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
		flags | MAP_NORESERVE, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int
leat__posix_map(const struct leat__env *env, size_t n_bytes, const char *name,
	void **memory_out, int *fd_out)
{
	int fd = posix_memfd(n_bytes, name);
	void *memory = posix_map_fd(n_bytes, fd);

	(void)env;
	if (!memory && fd >= 0) {
		close(fd);
		fd = -1;
		memory = posix_map_fd(n_bytes, fd);
	}
	if (!memory)
		return errno;
	if (n_bytes >= POSIX_HUGE_BYTES)
		(void)madvise(memory, n_bytes, MADV_HUGEPAGE); /* a wish */
	*memory_out = memory;
	*fd_out = fd;
	return 0;
}

void
leat__posix_unmap(
	const struct leat__env *env, void *memory, size_t n_bytes, int fd)
{
	(void)env;
	munmap(memory, n_bytes);
	if (fd >= 0)
		close(fd);
}

static bool
posix_guard(char *stack, bool may_split)
{
	if (madvise(stack, POSIX_PAGE_BYTES, MADV_GUARD_INSTALL) == 0)
		return true;
	return may_split && mprotect(stack, POSIX_PAGE_BYTES, PROT_NONE) == 0;
}

/* All at once where the system lets a process advise itself (Linux 6.13). */
static bool
posix_guard_together(char *stacks, size_t n_bytes, uint32_t n)
{
	struct iovec pages[POSIX_GUARDS_MAX];
	long n_done;
	int self;

	if (n > POSIX_GUARDS_MAX)
		return false;
	for (uint32_t k = 0; k < n; k++)
		pages[k] =
			(struct iovec){stacks + k * n_bytes, POSIX_PAGE_BYTES};
	self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (self < 0)
		return false;
	n_done = syscall(SYS_process_madvise, self, pages, (size_t)n,
		MADV_GUARD_INSTALL, 0);
	close(self);
	return n_done == (long)(n * POSIX_PAGE_BYTES);
}

int
leat__posix_map_stacks(const struct leat__env *env, size_t n_bytes, uint32_t n,
	bool may_split, void **memory_out, bool *is_guarded_out)
{
	char *stacks = mmap(NULL, n * n_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool is_guarded = true;

	(void)env;
	if (stacks == MAP_FAILED)
		return errno;
	/* a page at the top of a stack is all that most fibers touch */
	(void)madvise(stacks, n * n_bytes, MADV_NOHUGEPAGE);
	if (!posix_guard_together(stacks, n_bytes, n))
		for (uint32_t k = 0; k < n && is_guarded; k++)
			is_guarded =
				posix_guard(stacks + k * n_bytes, may_split);
	*memory_out = stacks;
	*is_guarded_out = is_guarded;
	return 0;
}

void
leat__posix_discard(const struct leat__env *env, void *memory, size_t n_bytes)
{
	(void)env;
	(void)madvise(memory, n_bytes, MADV_DONTNEED);
}
