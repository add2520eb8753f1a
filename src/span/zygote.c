/*
 * span/zygote.c -- a process that makes children, as many as are needed.
 *
 * It is forked when the run begins, before any of its threads, so that a child
 * made later finds all memory as it was then, at equal addresses, and nobody
 * in the middle of anything. It has one thread and does nothing but fork and
 * reap when it is told to. It ends when its parent does or has nothing more to
 * say, and its children with it.
 * Keeps: a child is reaped only when the parent asks, so its number is nobody
 * else's before.
 * Threads: the parent's side, one at a time.
 */
#include <errno.h>

#include "span/span.h"

#define ZYGOTE_PATIENCE_NS 10000000000

enum zygote_order { ZYGOTE_BEAR = 1, ZYGOTE_REAP };

struct zygote_order_message {
	uint32_t order;
	uint32_t reserved;
	int64_t pid;
};

struct zygote_answer {
	int32_t sys_errno;
	int32_t reserved;
	int64_t pid;
	struct leat__ended ended;
};

/* ---- in the zygote ------------------------------------------------------ */

static int
zygote_child(void *arg)
{
	return leat__child_main(arg);
}

static void
fds_sort(int *fds, uint32_t n)
{
	for (uint32_t k = 1; k < n; k++)
		for (uint32_t j = k; j > 0 && fds[j] < fds[j - 1]; j--) {
			int fd = fds[j];

			fds[j] = fds[j - 1];
			fds[j - 1] = fd;
		}
}

/* What a stage may need: the bell's other end, and to be told of a cancel and
 * a drain. */
static uint32_t
child_fds(const struct leat__span *span, int fds[5])
{
	const struct leat__run *run = span->st->graph->run;

	fds[0] = span->map.event_fd;
	fds[1] = run->cancel_fd;
	fds[2] = run->drain_fd;
	fds_sort(fds, 3);
	return 3;
}

static void
zygote_bear(struct leat__span *span, struct zygote_answer *answer)
{
	int fds[5];
	struct leat__fork how = {.fn = zygote_child, .arg = span, .fds = fds};

	how.n_fds = child_fds(span, fds);
	answer->sys_errno = span->processes->fork(&how, false, &answer->pid);
}

/* false: nobody wants anything any more. */
static bool
zygote_await(const struct leat__span *span)
{
	const struct leat__env *env = span->env;
	struct leat__poll polls[2] = {
		{.fd = span->zygote_end, .want = LEAT__POLL_READ},
		{.fd = span->parent_watch, .want = LEAT__POLL_READ}};

	return env->poll(env, polls, 2, LEAT_NEVER) > 0 && !polls[1].got;
}

static int
zygote_main(void *arg)
{
	struct leat__span *span = arg;
	const struct leat__processes *processes = span->processes;
	struct zygote_order_message order;

	while (zygote_await(span)) {
		struct zygote_answer answer = {0};

		if (processes->receive(span->zygote_end, &order, sizeof(order)))
			break;
		if (order.order == ZYGOTE_BEAR)
			zygote_bear(span, &answer);
		else
			answer.sys_errno =
				processes->reap(order.pid, -1, &answer.ended);
		if (processes->send(span->zygote_end, &answer, sizeof(answer)))
			break;
	}
	return 0;
}

/* ---- in the parent ------------------------------------------------------ */

static int
zygote_fork(struct leat__span *span)
{
	int fds[8];
	struct leat__fork how = {.fn = zygote_main, .arg = span, .fds = fds};

	how.n_fds = child_fds(span, fds);
	fds[how.n_fds++] = span->zygote_end;
	fds[how.n_fds++] = span->parent_watch;
	fds_sort(fds, how.n_fds);
	return span->processes->fork(&how, true, &span->zygote_pid);
}

int
leat__zygote_start(struct leat__span *span, struct leat_error *err)
{
	const struct leat__env *env = span->env;
	int ends[2];
	char why[64];
	int sys_errno = span->processes->watch(0, &span->parent_watch);

	if (!sys_errno) {
		sys_errno = span->processes->pair(ends);
		if (!sys_errno) {
			span->zygote_fd = ends[0];
			span->zygote_end = ends[1];
			sys_errno = zygote_fork(span);
			env->close(env, ends[1]);
			if (sys_errno)
				env->close(env, ends[0]);
		}
		env->close(env, span->parent_watch);
	}
	if (sys_errno)
		return leat__error_errno(err, LEAT_ELIMIT, sys_errno,
			"cannot make a process for stage '%s': %s",
			span->st->name,
			leat__env_strerror(sys_errno, why, sizeof(why)));
	if (span->processes->watch(span->zygote_pid, &span->zygote_watch))
		span->zygote_watch = -1;
	span->is_started = true;
	return LEAT_OK;
}

void
leat__zygote_stop(struct leat__span *span)
{
	struct leat__ended ended;

	if (!span->is_started)
		return;
	span->env->close(span->env, span->zygote_fd);
	(void)!span->processes->reap(
		span->zygote_pid, span->zygote_watch, &ended);
	if (span->zygote_watch >= 0)
		span->env->close(span->env, span->zygote_watch);
	span->is_started = false;
}

static int
zygote_ask(struct leat__span *span, const struct zygote_order_message *order,
	struct zygote_answer *answer)
{
	const struct leat__env *env = span->env;
	struct leat__poll poll = {
		.fd = span->zygote_fd, .want = LEAT__POLL_READ};
	int sys_errno =
		span->processes->send(span->zygote_fd, order, sizeof(*order));

	/* one that does not answer has been stopped, or worse */
	if (!sys_errno &&
		env->poll(env, &poll, 1,
			env->now_ns(env) + ZYGOTE_PATIENCE_NS) <= 0)
		sys_errno = ETIMEDOUT;
	if (!sys_errno)
		sys_errno = span->processes->receive(
			span->zygote_fd, answer, sizeof(*answer));
	return sys_errno ? sys_errno : answer->sys_errno;
}

int
leat__zygote_bear(struct leat__span *span)
{
	struct zygote_order_message order = {.order = ZYGOTE_BEAR};
	struct zygote_answer answer;
	struct leat__ended ended;
	int sys_errno = zygote_ask(span, &order, &answer);

	if (sys_errno)
		return sys_errno;
	span->child_pid = answer.pid;
	sys_errno = span->processes->watch(answer.pid, &span->watch_fd);
	if (sys_errno) {
		span->watch_fd = -1;
		(void)!leat__zygote_reap(span, &ended);
	}
	return sys_errno;
}

int
leat__zygote_reap(struct leat__span *span, struct leat__ended *ended_out)
{
	struct zygote_order_message order = {
		.order = ZYGOTE_REAP, .pid = span->child_pid};
	struct zygote_answer answer;
	int sys_errno = zygote_ask(span, &order, &answer);

	if (!sys_errno)
		*ended_out = answer.ended;
	return sys_errno;
}
