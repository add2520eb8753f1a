/*
 * sim/process.c -- child processes as virtual threads: struct leat__processes.
 *
 * What is forked here sees all memory of its parent, not a copy: what two
 * processes share behaves as it does outside, store buffers included; what
 * they must not share has to be left alone by who plays the child. So a fork
 * by the first process runs its own function, and one by that the function
 * that the scenario gave.
 * Keeps: a process may end between any two of its steps; what waited in its
 * store buffer is seen then, as the hardware has it; its ends of messages are
 * closed, and its children end with it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "sim/internal.h"

#define PROCESSES_MAX      32u
#define FILES_MAX          32u
#define PROCESS_FDS        8u
#define PROCESS_FILE_FD    (1 << 25)
#define PAIR_MESSAGES      4u
#define PAIR_MESSAGE_BYTES 64u

struct process {
	struct sim_thread *thread; /* NULL = none yet */
	int (*fn)(void *arg);
	void *arg;
	uint32_t parent; /* its place; PROCESSES_MAX = the first of all */
	bool is_ended;
	struct leat__ended ended;
	uint32_t n_fds;
	int fds[PROCESS_FDS];
};

/* Watches a process, or is one end of messages. */
struct file {
	uint32_t n_refs;  /* 0 = free */
	uint32_t watched; /* place of a process + 1; 0 = an end */
	uint32_t other;   /* of the pair */
	uint32_t n_messages;
	size_t sizes[PAIR_MESSAGES];
	uint8_t messages[PAIR_MESSAGES][PAIR_MESSAGE_BYTES];
};

static struct {
	struct process processes[PROCESSES_MAX];
	uint32_t n_processes;
	struct file files[FILES_MAX];
	int (*child)(void *arg);
} world;

void
sim_processes_reset(void)
{
	memset(&world, 0, sizeof(world));
}

void
sim_play_child(int (*child)(void *arg))
{
	world.child = child;
}

static void
process_step(void)
{
	sim_point_full(NULL, 0, SIM_OP_FENCE);
}

/* Whoever waits for files looks again. */
static void
files_changed(void)
{
	sim.epoch++;
	sim_env()->wake(sim_env(), &sim.epoch);
}

/* ---- files -------------------------------------------------------------- */

static struct file *
file_of(int fd)
{
	return fd >= PROCESS_FILE_FD ? &world.files[fd - PROCESS_FILE_FD]
				     : NULL;
}

static int
file_take(int *fd_out)
{
	for (uint32_t k = 0; k < FILES_MAX; k++)
		if (!world.files[k].n_refs) {
			world.files[k] = (struct file){.n_refs = 1};
			*fd_out = PROCESS_FILE_FD + (int)k;
			return 0;
		}
	return EMFILE;
}

static bool
file_is_alone(const struct file *file)
{
	return world.files[file->other].n_refs == 0;
}

bool
sim_file_is_ready(int fd, bool *is_ready_out)
{
	const struct file *file = file_of(fd);

	if (!file)
		return false;
	*is_ready_out = file->watched
		? world.processes[file->watched - 1].is_ended
		: file->n_messages > 0 || file_is_alone(file);
	return true;
}

bool
sim_file_close(int fd)
{
	struct file *file = file_of(fd);

	if (!file)
		return false;
	LEAT_INVARIANT(file->n_refs > 0);
	file->n_refs--;
	files_changed();
	return true;
}

bool
sim_files_are_closed(void)
{
	for (uint32_t k = 0; k < FILES_MAX; k++)
		if (world.files[k].n_refs)
			return false;
	return true;
}

/* ---- life --------------------------------------------------------------- */

static struct process *
process_of(int64_t pid)
{
	return &world.processes[pid - 1];
}

/* It is no more, and what it had is nobody's. */
static void
process_bury(struct process *p)
{
	uint32_t place = (uint32_t)(p - world.processes);

	p->is_ended = true;
	for (uint32_t k = 0; k < p->n_fds; k++)
		(void)sim_file_close(p->fds[k]);
	for (uint32_t k = place + 1; k < world.n_processes; k++)
		if (world.processes[k].parent == place)
			sim_kill(k + 1);
	files_changed();
}

void
sim_kill(int64_t pid)
{
	struct process *p = process_of(pid);

	process_step();
	if (p->is_ended)
		return;
	sim_thread_kill(p->thread);
	p->ended.signal = SIGKILL;
	process_bury(p);
}

int64_t
sim_last_pid(void)
{
	return world.n_processes;
}

static void
process_main(void *arg)
{
	struct process *p = arg;
	int status = p->fn(p->arg);

	process_step();
	p->ended.status = status < 0 ? 0 : status;
	p->ended.signal = status < 0 ? -status : 0;
	process_bury(p);
}

/* Of whom the running thread is; PROCESSES_MAX = the first. */
static uint32_t
process_self(void)
{
	for (uint32_t k = 0; k < world.n_processes; k++)
		if (world.processes[k].thread == sim.current)
			return k;
	return PROCESSES_MAX;
}

static int
process_fork(const struct leat__fork *how, bool is_first, int64_t *pid_out)
{
	struct process *p = &world.processes[world.n_processes];

	process_step();
	if (world.n_processes == PROCESSES_MAX)
		return EAGAIN;
	*p = (struct process){.fn = is_first ? how->fn : world.child,
		.arg = how->arg,
		.parent = process_self()};
	for (uint32_t k = 0; k < how->n_fds; k++)
		if (file_of(how->fds[k])) {
			file_of(how->fds[k])->n_refs++;
			p->fds[p->n_fds++] = how->fds[k];
		}
	world.n_processes++;
	p->thread = sim_thread_create(
		is_first ? "zygote" : "child", process_main, p);
	LEAT_INVARIANT(p->thread != NULL);
	*pid_out = world.n_processes;
	process_step();
	return 0;
}

static int
process_watch(int64_t pid, int *fd_out)
{
	int sys_errno = file_take(fd_out);

	process_step();
	/* the first one never ends: who watches it waits for its messages */
	if (!sys_errno && pid)
		file_of(*fd_out)->watched = (uint32_t)pid;
	else if (!sys_errno)
		file_of(*fd_out)->other = (uint32_t)(*fd_out - PROCESS_FILE_FD);
	return sys_errno;
}

static int
process_reap(int64_t pid, int watch_fd, struct leat__ended *ended_out)
{
	(void)watch_fd;
	sim_kill(pid);
	*ended_out = process_of(pid)->ended;
	return 0;
}

static const char *
process_signal_name(int sys_signal, char buf[24])
{
	return leat__posix_processes.signal_name(sys_signal, buf);
}

/* ---- messages ----------------------------------------------------------- */

static int
process_pair(int fds_out[2])
{
	int sys_errno = file_take(&fds_out[0]);

	if (sys_errno)
		return sys_errno;
	sys_errno = file_take(&fds_out[1]);
	if (sys_errno) {
		(void)sim_file_close(fds_out[0]);
		return sys_errno;
	}
	for (int k = 0; k < 2; k++)
		file_of(fds_out[k])->other =
			(uint32_t)(fds_out[1 - k] - PROCESS_FILE_FD);
	return 0;
}

static int
process_send(int fd, const void *message, size_t n_bytes)
{
	struct file *to = &world.files[file_of(fd)->other];

	process_step();
	if (!to->n_refs)
		return EPIPE;
	LEAT_INVARIANT(to->n_messages < PAIR_MESSAGES &&
		n_bytes <= PAIR_MESSAGE_BYTES);
	memcpy(to->messages[to->n_messages], message, n_bytes);
	to->sizes[to->n_messages++] = n_bytes;
	files_changed();
	return 0;
}

static int
process_receive(int fd, void *message, size_t n_bytes)
{
	struct file *file = file_of(fd);
	struct leat__poll poll = {.fd = fd, .want = LEAT__POLL_READ};

	(void)sim_env()->poll(sim_env(), &poll, 1, LEAT_NEVER);
	if (!file->n_messages || file->sizes[0] != n_bytes)
		return EPIPE;
	memcpy(message, file->messages[0], n_bytes);
	file->n_messages--;
	memmove(file->messages, file->messages + 1,
		sizeof(file->messages) - sizeof(file->messages[0]));
	memmove(file->sizes, file->sizes + 1,
		sizeof(file->sizes) - sizeof(file->sizes[0]));
	return 0;
}

/* ---- memory and words --------------------------------------------------- */

static int
process_protect(void *memory, size_t n_bytes, uint32_t how)
{
	(void)memory;
	(void)n_bytes;
	(void)how;
	return 0;
}

static void
process_park(const uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
	sim_env()->park(sim_env(), word, expected, deadline_ns);
}

static void
process_wake(const uint32_t *word)
{
	sim_env()->wake(sim_env(), word);
}

const struct leat__processes sim_processes = {
	.fork = process_fork,
	.watch = process_watch,
	.reap = process_reap,
	.signal_name = process_signal_name,
	.pair = process_pair,
	.send = process_send,
	.receive = process_receive,
	.protect = process_protect,
	.park = process_park,
	.wake = process_wake,
};
