/*
 * control/control.c -- the thread that answers who asks a graph how it goes.
 *
 * It looks at the graph four times a second, and else waits in one poll for who
 * connects, for requests, for room to send, for what is due and for the end.
 * Keeps: nobody who is connected can hold it up: it never waits for one file
 * alone, and reads and sends only what is there.
 * Threads: open and close by any, one at a time; the rest is the thread's own.
 */
#include <stdio.h>
#include <string.h>

#include "control/control.h"

#define CONTROL_LOOK_NS INT64_C(250000000)
#define CONTROL_REST_NS INT64_C(250000000) /* after a call that failed */
#define CONTROL_TAKE_NS INT64_C(250000000) /* to take a part of an answer */
#define CONTROL_OTHERS  2u                 /* files before connections */
#define CONTROL_ROOT    0u
#define CONTROL_POLLS   (CONTROL_OTHERS + LEAT_CONTROL_CONNECTIONS)

/* ---- who connects ------------------------------------------------------- */

/* Does it wait for an answer that it does take, or is it told again and again?
 */
static bool
control_is_served(const struct leat__control_connection *c, int64_t now_ns)
{
	if (c->set.is_under_way)
		return true;
	if (c->out.n_bytes)
		return now_ns - c->heard_ns < CONTROL_TAKE_NS;
	return c->stream.period_ns != 0;
}

/* A place for one more: a free one, or that of the most silent of those who are
 * not being served. NULL = there is none. */
static struct leat__control_connection *
control_place(struct leat_control *control, int64_t now_ns)
{
	struct leat__control_connection *silent = NULL;

	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS; k++) {
		struct leat__control_connection *c = &control->connections[k];

		if (c->fd < 0)
			return c;
		if (!control_is_served(c, now_ns) &&
			(!silent || c->heard_ns < silent->heard_ns))
			silent = c;
	}
	return silent;
}

/* Is there going to be one, as soon as somebody does not take its answer? */
static bool
control_is_place_near(const struct leat_control *control)
{
	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS; k++)
		if (control->connections[k].out.n_bytes)
			return true;
	return false;
}

static void
control_refuse(struct leat_control *control, int fd, const char *text)
{
	char line[256];
	int n = snprintf(line, sizeof(line),
		"{\"leat\":1,\"ok\":false,\"more\":false,\"error\":{\"code\":"
		"\"LEAT_ELIMIT\",\"text\":\"%s\"}}\n",
		text);

	/* nothing has been sent before: there is room for it */
	(void)control->env->sockets->send(fd, line, (size_t)n);
	control->env->close(control->env, fd);
}

static void
control_welcome(struct leat_control *control,
	struct leat__control_connection *c, int fd, int64_t now_ns)
{
	if (!c) {
		control_refuse(
			control, fd, "8 are connected, and being served");
		return;
	}
	leat__control_disconnect(c);
	leat__control_connect(c, fd, now_ns);
	/* what it asks for may be there already */
	leat__control_move(c, LEAT__POLL_READ, now_ns);
}

/* false: nobody waits to be accepted, or it cannot be done now. */
static bool
control_accept(struct leat_control *control, int64_t now_ns)
{
	const struct leat__sockets *sockets = control->env->sockets;
	struct leat__control_connection *c = control_place(control, now_ns);
	uint32_t user;
	int fd;

	if ((!c && control_is_place_near(control)) ||
		sockets->accept(control->fd, &fd, &user))
		return false;
	if (user == sockets->user() || user == CONTROL_ROOT)
		control_welcome(control, c, fd, now_ns);
	else
		control_refuse(control, fd,
			"only the user whose process this is may ask");
	return true;
}

/* ---- the loop ----------------------------------------------------------- */

struct turn {
	struct leat__poll polls[CONTROL_POLLS];
	int64_t deadline_ns;
};

static void
turn_make(const struct leat_control *control, struct turn *turn)
{
	turn->deadline_ns = control->look_ns;
	turn->polls[0] = (struct leat__poll){
		.fd = control->over_fd, .want = LEAT__POLL_READ};
	turn->polls[1] = (struct leat__poll){
		.fd = control->is_resting ? -1 : control->fd,
		.want = LEAT__POLL_READ};
	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS; k++) {
		const struct leat__control_connection *c =
			&control->connections[k];
		int64_t due_ns = leat__control_due_ns(c);

		turn->polls[CONTROL_OTHERS + k] = leat__control_wants(c);
		if (due_ns < turn->deadline_ns)
			turn->deadline_ns = due_ns;
	}
}

static void
control_serve(
	struct leat_control *control, const struct turn *turn, int64_t now_ns)
{
	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS; k++) {
		struct leat__control_connection *c = &control->connections[k];
		uint32_t got = turn->polls[CONTROL_OTHERS + k].got;

		if (got && c->fd >= 0)
			leat__control_move(c, got, now_ns);
		leat__control_due(c, now_ns);
	}
	if (!turn->polls[1].got)
		return;
	/* one that cannot be accepted now is readable for ever */
	control->is_resting = !control_accept(control, now_ns);
	for (uint32_t k = 1; k < LEAT_CONTROL_CONNECTIONS; k++)
		if (!control_accept(control, now_ns))
			break;
}

static void
control_look(struct leat_control *control, int64_t now_ns)
{
	if (now_ns < control->look_ns)
		return;
	control->look_ns = now_ns + CONTROL_LOOK_NS;
	control->is_resting = false;
	leat_look_tick(control->look, now_ns);
}

/* What is asked for is answered from the last look. */
static void
control_loop(void *arg)
{
	struct leat_control *control = arg;
	const struct leat__env *env = control->env;
	struct turn turn;
	int64_t now_ns;
	int n;

	for (;;) {
		turn_make(control, &turn);
		n = env->poll(env, turn.polls, CONTROL_POLLS, turn.deadline_ns);
		if (turn.polls[0].got)
			return;
		now_ns = env->now_ns(env);
		control_look(control, now_ns);
		if (n >= 0)
			control_serve(control, &turn, now_ns);
		else
			env->park(env, &control->never, 0,
				now_ns + CONTROL_REST_NS);
	}
}

/* ---- life --------------------------------------------------------------- */

static int
control_opts(struct leat_control *control, const struct leat_control_opts *opts,
	struct leat_error *err)
{
	struct leat_control_opts *full = &control->opts;
	const char *job;

	LEAT_TRY(leat__opts_copy(
		full, sizeof(*full), opts, "leat_control_opts", err));
	if (full->flags)
		return leat__error(err, LEAT_EINVAL,
			"leat_control_opts: flags are 0x%x; none is known yet",
			full->flags);
	job = full->job ? full->job : "";
	snprintf(control->job, sizeof(control->job), "%s", job);
	full->job = NULL; /* the caller's */
	return LEAT_OK;
}

static int
control_begin(struct leat_control *control, struct leat_error *err)
{
	const struct leat__env *env = control->env;
	int sys_errno;

	LEAT_TRY(leat_look_create(control->graph, NULL, &control->look, err));
	control->look_ns = env->now_ns(env);
	sys_errno = env->event_create(env, &control->over_fd);
	if (sys_errno)
		return leat__error_errno(err, LEAT_EIO, sys_errno,
			"control: there is no file for its end");
	LEAT_TRY(leat__control_listen(
		env, control->opts.folder, &control->fd, control->path, err));
	control->opts.folder = NULL; /* the caller's */
	snprintf(control->thread.name, sizeof(control->thread.name),
		"leat control");
	control->thread.fn = control_loop;
	control->thread.arg = control;
	sys_errno = env->thread_start(env, &control->thread);
	if (sys_errno)
		return leat__error_errno(err, LEAT_ELIMIT, sys_errno,
			"control: there is no thread for it");
	control->has_thread = true;
	return LEAT_OK;
}

static struct leat_control *
control_alloc(struct leat_graph *graph)
{
	struct leat_control *control =
		graph->env->alloc(graph->env, sizeof(*control));

	if (!control)
		return NULL;
	control->env = graph->env;
	control->graph = graph;
	control->fd = control->over_fd = -1;
	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS; k++) {
		control->connections[k].control = control;
		control->connections[k].out.control = control;
		control->connections[k].fd = -1;
	}
	return control;
}

int
leat_control_open(struct leat_graph *graph,
	const struct leat_control_opts *opts, struct leat_control **control_out,
	struct leat_error *err)
{
	struct leat_control *control;
	int code;

	if (!graph->run)
		return leat__error(err, LEAT_ESTATE,
			"control: this graph has not been started");
	if (!graph->env->sockets)
		return leat__error(
			err, LEAT_ENOTSUP, "control: there are no sockets");
	control = control_alloc(graph);
	if (!control)
		return leat__graph_no_memory(err, "the control");
	code = control_opts(control, opts, err);
	if (code == LEAT_OK)
		code = control_begin(control, err);
	if (code) {
		leat_control_close(control);
		return code;
	}
	*control_out = control;
	return LEAT_OK;
}

const char *
leat_control_path(const struct leat_control *control)
{
	return control->path;
}

void
leat_control_close(struct leat_control *control)
{
	const struct leat__env *env;

	if (!control)
		return;
	env = control->env;
	if (control->has_thread) {
		env->event_set(env, control->over_fd);
		env->thread_join(env, &control->thread);
	}
	if (control->fd >= 0) {
		(void)env->unlink(env, control->path);
		env->close(env, control->fd);
	}
	for (uint32_t k = 0; k < LEAT_CONTROL_CONNECTIONS; k++) {
		leat__control_set_end(&control->connections[k]);
		leat__control_disconnect(&control->connections[k]);
	}
	if (control->over_fd >= 0)
		env->close(env, control->over_fd);
	leat_look_destroy(control->look);
	env->free(env, control);
}
