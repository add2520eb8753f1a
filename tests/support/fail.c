/*
 * support/fail.c -- a world that fails on purpose, and counts what it gave.
 */
#include "support/fail.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fail_env *
fail_world(const struct leat__env *env)
{
	return env->self;
}

static const struct leat__env *
fail_real(void)
{
	return leat__env_posix();
}

/* Count a call; 0, or the errno it is to fail with. */
static int
fail_next(struct fail_call *call, int usual_errno)
{
	uint64_t n = leat__add_relaxed(&call->n, 1) + 1;
	bool is_meant = call->fail_at != 0 &&
		(call->fail_for_ever ? n >= call->fail_at : n == call->fail_at);

	if (!is_meant)
		return 0;
	return call->sys_errno ? call->sys_errno : usual_errno;
}

/* ---- memory --------------------------------------------------------------- */

static void *
fail_alloc(const struct leat__env *env, size_t n_bytes)
{
	struct fail_env *world = fail_world(env);
	uint64_t n = leat__add_relaxed(&world->alloc_n, 1) + 1;
	uint64_t at = world->alloc_fail_at;
	void *memory;

	if (at != 0 && (n == at || (world->alloc_fail_for_ever && n > at)))
		return NULL;
	memory = fail_real()->alloc(fail_real(), n_bytes);
	if (memory)
		leat__add_relaxed(&world->alloc_live, 1);
	return memory;
}

static void
fail_free(const struct leat__env *env, void *memory)
{
	if (memory)
		leat__sub_relaxed(&fail_world(env)->alloc_live, 1);
	fail_real()->free(fail_real(), memory);
}

static int
fail_map(const struct leat__env *env, size_t n_bytes, const char *name,
	void **memory_out, int *fd_out)
{
	struct fail_env *world = fail_world(env);
	int sys_errno = fail_next(&world->map, ENOMEM);

	if (!sys_errno)
		sys_errno = fail_real()->map(
			fail_real(), n_bytes, name, memory_out, fd_out);
	if (!sys_errno)
		leat__add_relaxed(&world->map_live, 1);
	return sys_errno;
}

static int
fail_map_stacks(const struct leat__env *env, size_t n_bytes, uint32_t n,
	bool may_split, void **memory_out, bool *is_guarded_out)
{
	int sys_errno = fail_real()->map_stacks(
		fail_real(), n_bytes, n, may_split, memory_out, is_guarded_out);

	if (!sys_errno)
		leat__add_relaxed(&fail_world(env)->map_live, 1);
	return sys_errno;
}

static void
fail_unmap(const struct leat__env *env, void *memory, size_t n_bytes, int fd)
{
	leat__sub_relaxed(&fail_world(env)->map_live, 1);
	fail_real()->unmap(fail_real(), memory, n_bytes, fd);
}

/* ---- threads -------------------------------------------------------------- */

static int
fail_thread_start(const struct leat__env *env, struct leat__thread *thread)
{
	int sys_errno = fail_next(&fail_world(env)->thread, EAGAIN);

	return sys_errno ? sys_errno
			 : fail_real()->thread_start(fail_real(), thread);
}

/* ---- files ---------------------------------------------------------------- */

static int
fail_open(const struct leat__env *env, const char *path, uint32_t how,
	int *fd_out)
{
	struct fail_env *world = fail_world(env);
	int sys_errno = fail_next(&world->open, EIO);

	if (!sys_errno)
		sys_errno = fail_real()->open(fail_real(), path, how, fd_out);
	if (!sys_errno)
		leat__add_relaxed(&world->fd_live, 1);
	return sys_errno;
}

static int
fail_close(const struct leat__env *env, int fd)
{
	struct fail_env *world = fail_world(env);
	int sys_errno = fail_next(&world->close, EIO);

	leat__sub_relaxed(&world->fd_live, 1);
	return fail_real()->close(fail_real(), fd) ? EIO : sys_errno;
}

static int
fail_event_create(const struct leat__env *env, int *fd_out)
{
	struct fail_env *world = fail_world(env);
	int sys_errno = fail_next(&world->open, EIO);

	if (!sys_errno)
		sys_errno = fail_real()->event_create(fail_real(), fd_out);
	if (!sys_errno)
		leat__add_relaxed(&world->fd_live, 1);
	return sys_errno;
}

static uint64_t
fail_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u; /* splitmix64 */
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* How much of n_bytes to move: 1 to all, by the seed and the calls so far. */
static size_t
fail_shorten(
	const struct fail_env *world, const struct fail_call *call, size_t n)
{
	if (world->most_bytes && n > world->most_bytes)
		n = world->most_bytes;
	if (!world->short_seed || n < 2)
		return n;
	return 1 +
		(size_t)(fail_mix(world->short_seed +
				 leat__load_relaxed(&call->n)) %
			n);
}

/* As fail_next, and whether it is interrupted. */
static int
fail_next_move(const struct fail_env *world, struct fail_call *call)
{
	int sys_errno = fail_next(call, EIO);

	if (!sys_errno && world->interrupt_seed &&
		fail_mix(world->interrupt_seed + leat__load_relaxed(&call->n)) %
				3 ==
			0)
		return EINTR;
	return sys_errno;
}

static int64_t
fail_read(const struct leat__env *env, int fd, void *buf, size_t n_bytes)
{
	struct fail_env *world = fail_world(env);
	int sys_errno = fail_next_move(world, &world->read);

	return sys_errno ? -sys_errno
			 : fail_real()->read(fail_real(), fd, buf,
				   fail_shorten(world, &world->read, n_bytes));
}

static int64_t
fail_read_at(const struct leat__env *env, int fd, void *buf, size_t n_bytes,
	uint64_t offset)
{
	struct fail_env *world = fail_world(env);
	int sys_errno = fail_next_move(world, &world->read);

	return sys_errno
		? -sys_errno
		: fail_real()->read_at(fail_real(), fd, buf,
			  fail_shorten(world, &world->read, n_bytes), offset);
}

static int64_t
fail_write(const struct leat__env *env, int fd, const void *buf, size_t n_bytes)
{
	struct fail_env *world = fail_world(env);
	int sys_errno = fail_next_move(world, &world->write);

	return sys_errno ? -sys_errno
			 : fail_real()->write(fail_real(), fd, buf,
				   fail_shorten(world, &world->write, n_bytes));
}

static int
fail_sync(const struct leat__env *env, int fd)
{
	int sys_errno = fail_next(&fail_world(env)->sync, EIO);

	return sys_errno ? sys_errno : fail_real()->sync(fail_real(), fd);
}

static int
fail_sync_dir(const struct leat__env *env, const char *dir)
{
	int sys_errno = fail_next(&fail_world(env)->sync, EIO);

	return sys_errno ? sys_errno : fail_real()->sync_dir(fail_real(), dir);
}

static int
fail_rename(const struct leat__env *env, const char *from, const char *to)
{
	int sys_errno = fail_next(&fail_world(env)->rename, EIO);

	return sys_errno ? sys_errno
			 : fail_real()->rename(fail_real(), from, to);
}

static int
fail_unlink(const struct leat__env *env, const char *path)
{
	int sys_errno = fail_next(&fail_world(env)->unlink, EIO);

	return sys_errno ? sys_errno : fail_real()->unlink(fail_real(), path);
}

static int
fail_list(const struct leat__env *env, const char *folder, leat__listed_fn fn,
	void *user)
{
	int sys_errno = fail_next(&fail_world(env)->list, EIO);

	return sys_errno ? sys_errno
			 : fail_real()->list(fail_real(), folder, fn, user);
}

/* ---- clocks ---------------------------------------------------------------- */

static int64_t
fail_wall_ns(const struct leat__env *env)
{
	struct fail_env *world = fail_world(env);
	uint64_t n = leat__add_relaxed(&world->n_looks, 1);

	return fail_real()->wall_ns(fail_real()) +
		(n % 2 ? world->wall_jump_ns : -world->wall_jump_ns);
}

static int64_t
fail_now_ns(const struct leat__env *env)
{
	struct fail_env *world = fail_world(env);
	uint64_t n = leat__add_relaxed(&world->n_looks, 1);

	if (world->leap_ns && n % 64 == 63)
		leat__add_relaxed(&world->leapt_ns, world->leap_ns);
	if (world->is_stalled)
		return 1;
	return fail_real()->now_ns(fail_real()) +
		leat__load_relaxed(&world->leapt_ns);
}

void
fail_env_init(struct fail_env *world)
{
	*world = (struct fail_env){.env = *fail_real()};
	world->env.self = world;
	world->env.alloc = fail_alloc;
	world->env.free = fail_free;
	world->env.map = fail_map;
	world->env.map_stacks = fail_map_stacks;
	world->env.unmap = fail_unmap;
	world->env.thread_start = fail_thread_start;
	world->env.open = fail_open;
	world->env.close = fail_close;
	world->env.event_create = fail_event_create;
	world->env.read = fail_read;
	world->env.read_at = fail_read_at;
	world->env.write = fail_write;
	world->env.sync = fail_sync;
	world->env.sync_dir = fail_sync_dir;
	world->env.rename = fail_rename;
	world->env.unlink = fail_unlink;
	world->env.list = fail_list;
	world->env.wall_ns = fail_wall_ns;
	world->env.now_ns = fail_now_ns;
}

bool
fail_aborts(void (*fn)(void *), void *arg)
{
	const struct rlimit no_core = {0, 0};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		close(STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &no_core);
		fn(arg);
		_exit(EXIT_SUCCESS);
	}
	waitpid(pid, &status, 0);
	return pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
