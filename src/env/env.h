/*
 * env/env.h -- the outside world behind one table of functions.
 *
 * Nothing else in the library names the operating system, reads a clock,
 * draws a random number, waits, allocates or touches a file. posix.c fills
 * the table for production; tests copy it and replace entries, and a
 * simulator fills its own. The table is constant and shared; self is for
 * whoever replaces functions.
 * Functions return 0 or a positive errno unless they say otherwise.
 */
#ifndef LEAT_SRC_ENV_ENV_H
#define LEAT_SRC_ENV_ENV_H

#include "base/atomic.h"
#include "base/base.h"

struct leat__env;

typedef void (*leat__thread_fn)(void *arg);

struct leat__thread {
	uintptr_t os; /* the operating system's name of it */
	leat__thread_fn fn;
	void *arg;
	const struct leat__env *env;
	char name[16];
};

/* CREATE: for writing, must not exist yet, mode 0666 & ~umask. WRITE: must
 * exist, a device or a pipe. SCRATCH: for both, must not exist yet, nobody
 * else's. APPEND: for writing at its end, made if it is missing. LOG: as
 * APPEND, and for reading. */
#define LEAT__OPEN_READ    0u
#define LEAT__OPEN_CREATE  1u
#define LEAT__OPEN_WRITE   2u
#define LEAT__OPEN_SCRATCH 3u
#define LEAT__OPEN_APPEND  4u
#define LEAT__OPEN_LOG     5u

#define LEAT__CORE_ANY UINT32_MAX

#define LEAT__POLL_MAX 64u /* files in one call of poll */

#define LEAT__POLL_READ  1u
#define LEAT__POLL_WRITE 2u

struct leat__poll {
	int fd;
	uint32_t want; /* LEAT__POLL_* */
	uint32_t got;  /* any of want; errors and hang-ups count as ready */
};

/* What stands in a folder; a link is what it leads to. */
struct leat__listed {
	const char *name;
	bool is_folder;
	bool is_link;
};

/* false = that was enough. */
typedef bool (*leat__listed_fn)(const struct leat__listed *entry, void *user);

struct leat__stat {
	uint64_t size_bytes;
	uint64_t device;
	uint64_t inode;
	uint32_t mode_bits; /* permissions */
	uint32_t is_regular;
	uint32_t is_directory;
};

/* A child process, made by fork(). */
struct leat__fork {
	/* what it does; the result is its exit status */
	int (*fn)(void *arg);
	void *arg;
	/* all files that it keeps, besides 0 to 2; ascending */
	const int *fds;
	uint32_t n_fds;
};

/* How a process ended: by a signal, or by an exit with a status. */
struct leat__ended {
	int signal; /* 0 = none */
	int status;
};

#define LEAT__PROTECT_NONE  0u
#define LEAT__PROTECT_READ  1u
#define LEAT__PROTECT_WRITE 2u

/*
 * Child processes. What comes from outside as a signal is blocked in them,
 * all handlers are the system's, what stdio had buffered is dropped, and they
 * are killed when the thread that made them ends, unless that is of the
 * process that called first (is_first): one that watches it by self().
 */
struct leat__processes {
	int (*fork)(
		const struct leat__fork *how, bool is_first, int64_t *pid_out);
	/* a file that is readable once the process has ended; before it is
	 * reaped. The calling process: pid 0 */
	int (*watch)(int64_t pid, int *fd_out);
	/* kill it, if it has not ended, by what watches it, or by its number
	 * if that is -1; wait for that. 0, or the errno: no such child */
	int (*reap)(int64_t pid, int watch_fd, struct leat__ended *ended_out);
	/* "SIGSEGV"; a number where it has no name. Returns buf. */
	const char *(*signal_name)(int sys_signal, char buf[24]);
	/* two ends of messages; no signal where the other is gone: EPIPE */
	int (*pair)(int fds_out[2]);
	int (*send)(int fd, const void *message, size_t n_bytes);
	int (*receive)(int fd, void *message, size_t n_bytes); /* waits */
	/* pages of this process: LEAT__PROTECT_*; memory is page-aligned */
	int (*protect)(void *memory, size_t n_bytes, uint32_t how);
	/* as park and wake, on a word that processes share */
	void (*park)(
		const uint32_t *word, uint32_t expected, int64_t deadline_ns);
	void (*wake)(const uint32_t *word);
};

/*
 * Sockets between processes of one machine, that stand as files in a folder.
 * Counts, or negative errnos, of send and receive; neither waits.
 */
struct leat__sockets {
	/* where such files stand: candidate k; ENOENT: there are no more */
	int (*folder)(uint32_t k, char *buf, size_t n_bytes);
	/* make it, for its owner alone, if it is not there. EPERM: it belongs
	 * to somebody else, or others may enter; ENOTDIR */
	int (*make_folder)(const char *folder);
	/* as path, mode 0600, which is not there (EEXIST) before others can
	 * connect; backlog: that wait to be accepted */
	int (*listen)(const char *path, uint32_t backlog, int *fd_out);
	/* ECONNREFUSED: who listened there is gone; EAGAIN: too many wait */
	int (*connect)(const char *path, int *fd_out);
	/* and whose process the other end is; EAGAIN: nobody waits */
	int (*accept)(int fd, int *fd_out, uint32_t *user_out);
	int64_t (*send)(int fd, const void *data, size_t n_bytes);
	int64_t (*receive)(int fd, void *data, size_t n_bytes);
	uint32_t (*user)(void); /* of this process */
	int64_t (*process)(void);
};

struct leat__env {
	void *self;

	/* clock and random */
	int64_t (*now_ns)(const struct leat__env *env); /* monotonic */
	/* since 1970, for logs */
	int64_t (*wall_ns)(const struct leat__env *env);
	uint64_t (*random)(const struct leat__env *env);

	/*
	 * Park and wake on a word (a futex): wait returns when *word is not
	 * expected, on a wake, at the deadline, or for no reason.
	 */
	void (*park)(const struct leat__env *env, const uint32_t *word,
		uint32_t expected, int64_t deadline_ns);
	void (*wake)(const struct leat__env *env, const uint32_t *word);
	void (*yield)(const struct leat__env *env);
	/* a full fence on every running thread of the process; 0, or ENOSYS */
	int (*barrier)(const struct leat__env *env);

	/* threads; the signals that come from outside are blocked in them.
	 * fn, arg and name are the caller's to fill. */
	int (*thread_start)(
		const struct leat__env *env, struct leat__thread *thread);
	void (*thread_join)(
		const struct leat__env *env, struct leat__thread *thread);
	uint32_t (*n_cores)(const struct leat__env *env);
	/* the k-th of the cores that this process may run on, ascending,
	 * whatever the calling thread is pinned to; -1 = there are no more */
	int64_t (*core_at)(const struct leat__env *env, uint32_t k);
	/* the calling thread stays on a core, or LEAT__CORE_ANY: on any that
	 * the process may run on; 0 or errno. Threads that it starts then
	 * begin there too */
	int (*thread_pin)(const struct leat__env *env, uint32_t core);

	/* memory; alloc is zeroed and aligned to 64 bytes; NULL = none left */
	void *(*alloc)(const struct leat__env *env, size_t n_bytes);
	void (*free)(const struct leat__env *env, void *memory);
	/* shared mapping behind a sealed memfd (fd_out) or, where there is
	 * none, a private one (fd_out = -1); untouched pages cost nothing */
	int (*map)(const struct leat__env *env, size_t n_bytes,
		const char *name, void **memory_out, int *fd_out);
	void (*unmap)(const struct leat__env *env, void *memory, size_t n_bytes,
		int fd);
	/*
	 * n stacks side by side, of n_bytes each, private, committed as they
	 * are touched, given back by unmap with fd -1. The lowest page of each
	 * is a guard where the system can do that without a mapping for each
	 * (Linux 6.13), or where may_split allows two mappings a stack;
	 * is_guarded_out says whether they are. 0 or errno.
	 */
	int (*map_stacks)(const struct leat__env *env, size_t n_bytes,
		uint32_t n, bool may_split, void **memory_out,
		bool *is_guarded_out);
	/* the contents of pages are not needed any more */
	void (*discard)(
		const struct leat__env *env, void *memory, size_t n_bytes);

	/*
	 * Files. Read and write return a count or a negative errno. open()
	 * does not wait for the other end of a pipe (ENXIO: nobody reads), and
	 * on what it opened read and write return -EAGAIN instead of waiting.
	 */
	int (*open)(const struct leat__env *env, const char *path, uint32_t how,
		int *fd_out);
	/* the file is gone, whatever comes back: what was written to it may
	 * not have arrived */
	int (*close)(const struct leat__env *env, int fd);
	int64_t (*read)(
		const struct leat__env *env, int fd, void *buf, size_t n_bytes);
	int64_t (*read_at)(const struct leat__env *env, int fd, void *buf,
		size_t n_bytes, uint64_t offset);
	int64_t (*write)(const struct leat__env *env, int fd, const void *buf,
		size_t n_bytes);
	int (*sync)(const struct leat__env *env, int fd);
	int (*sync_dir)(const struct leat__env *env, const char *dir);
	int (*rename)(
		const struct leat__env *env, const char *from, const char *to);
	int (*unlink)(const struct leat__env *env, const char *path);
	/* the path behind all links, absolute; ERANGE if it does not fit */
	int (*resolve)(const struct leat__env *env, const char *path, char *buf,
		size_t n_bytes);
	int (*stat)(const struct leat__env *env, const char *path,
		struct leat__stat *out);
	int (*fstat)(
		const struct leat__env *env, int fd, struct leat__stat *out);
	int (*chmod)(const struct leat__env *env, int fd, uint32_t mode_bits);
	/* each entry of a folder but . and .., in no order; 0 or errno */
	int (*list)(const struct leat__env *env, const char *folder,
		leat__listed_fn fn, void *user);

	/* waiting for at most LEAT__POLL_MAX files: count of ready ones, 0 at
	 * the deadline, or a negative errno; fd -1 is passed over; an event is
	 * a file that becomes readable for good */
	int (*poll)(const struct leat__env *env, struct leat__poll *polls,
		uint32_t n, int64_t deadline_ns);
	int (*event_create)(const struct leat__env *env, int *fd_out);
	void (*event_set)(const struct leat__env *env, int fd);

	/* a file for oneself, among those who ask for it: EAGAIN = another one
	 * has it; by unlock, close, or the end of the process it is free */
	int (*lock)(const struct leat__env *env, int fd);
	int (*unlock)(const struct leat__env *env, int fd);
	/* what stands behind so many bytes is gone */
	int (*truncate)(const struct leat__env *env, int fd, uint64_t n_bytes);

	const struct leat__processes *processes; /* NULL = there are none */
	const struct leat__sockets *sockets;     /* the same */
};

/* The operating system's table. */
const struct leat__env *leat__env_posix(void);
extern const struct leat__processes leat__posix_processes;
extern const struct leat__sockets leat__posix_sockets;

/*
 * One word of the calling thread's own: which fiber it runs, NULL = none. The
 * only thread-local memory of the library. A fiber may move between threads,
 * so the address must not be kept across a wait.
 */
void **leat__thread_slot(void);

/* Text of an errno, into buf; returns buf. */
const char *leat__env_strerror(int sys_errno, char *buf, size_t n_bytes);

/* ---- lock (lock.c): for slow paths of a few instructions ------------------- */

/* Zero = free. A waiter spins a little, then parks. */
struct leat__lock {
	uint32_t word; /* 0 free, 1 held, 2 held and somebody may be parked */
};

void leat__lock_wait(struct leat__lock *lock, const struct leat__env *env);

static inline void
leat__lock_take(struct leat__lock *lock, const struct leat__env *env)
{
	uint32_t was = 0;

	/* acquire: pairs with the release in leat__lock_drop */
	if (leat__unlikely(!leat__cas_acq_rel(&lock->word, &was, 1)))
		leat__lock_wait(lock, env);
}

static inline void
leat__lock_drop(struct leat__lock *lock, const struct leat__env *env)
{
	/* release: pairs with the acquire in leat__lock_take and _wait */
	if (leat__unlikely(leat__swap_acq_rel(&lock->word, 0) == 2))
		env->wake(env, &lock->word);
}

/* ---- timers (timer.c): deadlines by the million, one thread when needed --- */

struct leat__timers;

/* In a circular list whose head is one too. */
struct leat__timer_link {
	struct leat__timer_link *next; /* NULL = in none */
	struct leat__timer_link *prev;
};

/* Place of a timer, in its owner's memory; it does not move while armed. */
struct leat__timer {
	int64_t deadline_ns;
	void (*fn)(struct leat__timer *timer);
	struct leat__timer_link link; /* private */
};

int leat__timers_create(
	const struct leat__env *env, struct leat__timers **timers_out);
void leat__timers_destroy(struct leat__timers *timers);
/*
 * Arm a timer that is not armed; deadline_ns and fn are filled, the rest zero.
 * fn runs once, on the timer thread, never early and without locks held;
 * afterwards the timer's memory is not touched again, so fn may arm or free it.
 * Timers fire in the order of their deadlines; equal ones, and those whose time
 * had come already, in the order of starting. Cost: O(1), no memory. 0, or the
 * errno of the thread that could not be started.
 */
int leat__timer_start(struct leat__timers *timers, struct leat__timer *timer);
/*
 * false: it has run or is running; then waits until fn has returned. Not from
 * fn itself. Cost: O(1); nothing of the timer stays behind.
 */
bool leat__timer_stop(struct leat__timers *timers, struct leat__timer *timer);
/*
 * Move an armed timer to another deadline, as if it were started now; by
 * LEAT_NEVER it is taken back. false: it is not armed (it has run, is running,
 * or was stopped), and nothing has changed. Never waits. Cost: O(1).
 */
bool leat__timer_reset(struct leat__timers *timers, struct leat__timer *timer,
	int64_t deadline_ns);
/* How many are armed now. */
uint32_t leat__timers_count(struct leat__timers *timers);

/* ---- parker (parker.c): one thread's eventcount over ck_ec ----------------- */

#include <ck_ec.h>

struct leat__parker {
	struct ck_ec32 count;
	struct ck_ec_ops ops;
	struct ck_ec_mode mode;
	const struct leat__env *env;
};

void leat__parker_init(
	struct leat__parker *parker, const struct leat__env *env);

/*
 * The protocol: ticket = leat__parker_ticket(); look once more for work;
 * leat__parker_wait(ticket). A wake after the ticket was drawn makes the wait
 * return at once, so none is lost.
 */
uint32_t leat__parker_ticket(const struct leat__parker *parker);
/* 0 = woken, -1 = deadline */
int leat__parker_wait(
	struct leat__parker *parker, uint32_t ticket, int64_t deadline_ns);
void leat__parker_wake(struct leat__parker *parker);

#endif
