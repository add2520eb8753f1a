/*
 * unit/control/client.h -- a graph that stands still until it is told to go on,
 * its control socket in a folder of the test's, and one who connects.
 */
#ifndef LEAT_TESTS_UNIT_CONTROL_CLIENT_H
#define LEAT_TESTS_UNIT_CONTROL_CLIENT_H

#include "support/test.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/control.h"
#include "support/fail.h"
#include "support/numbers.h"

#define CLIENT_PATIENCE_NS INT64_C(60000000000)
#define CLIENT_BYTES       (1u << 20)

static char client_folder[64];

static inline void
client_make_folder(void)
{
	snprintf(client_folder, sizeof(client_folder), "/tmp/leat-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(client_folder));
}

static inline void
client_drop_folder(void)
{
	/* empty: every socket has been taken away */
	ck_assert_int_eq(rmdir(client_folder), 0);
}

/* Runs until it is cancelled: a source without end. */
static inline struct leat_graph *
client_graph(const struct leat__env *env, struct sink_seen *seen)
{
	struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts)};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {
		{&numbers_blocking_ops, &numbers}, {&sink_ops, &sink}};
	struct leat_graph *graph;

	ck_assert_int_eq(leat__graph_create(env, NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 2, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	return graph;
}

static inline struct leat_control *
client_open(struct leat_graph *graph)
{
	struct leat_control_opts opts = {LEAT_OPTS_INIT(leat_control_opts),
		.job = "a \"job\"", .folder = client_folder};
	struct leat_control *control = NULL;
	struct leat_error err = {0};

	ck_assert_msg(
		leat_control_open(graph, &opts, &control, &err) == LEAT_OK,
		"%s", err.text);
	return control;
}

/* ---- one who connects --------------------------------------------------- */

struct client {
	int fd;
	size_t n;
	char text[CLIENT_BYTES];
};

static inline void
client_connect(struct client *c, const struct leat_control *control)
{
	c->n = 0;
	ck_assert_int_eq(leat__env_posix()->sockets->connect(
				 leat_control_path(control), &c->fd),
		0);
}

static inline void
client_send(struct client *c, const char *text, size_t n_bytes)
{
	while (n_bytes) {
		int64_t n = leat__posix_sockets.send(c->fd, text, n_bytes);
		struct leat__poll poll = {c->fd, LEAT__POLL_WRITE, 0};

		if (n == -EAGAIN) {
			leat__env_posix()->poll(leat__env_posix(), &poll, 1,
				leat_now_ns() + CLIENT_PATIENCE_NS);
			continue;
		}
		if (n <= 0) /* it was dropped, and learns that by reading */
			return;
		text += n;
		n_bytes -= (size_t)n;
	}
}

static inline void
client_say(struct client *c, const char *text)
{
	client_send(c, text, strlen(text));
}

/* The next line, NUL-terminated; NULL: the other end is closed. */
static inline const char *
client_line(struct client *c)
{
	static char line[CLIENT_BYTES];
	const struct leat__env *env = leat__env_posix();
	int64_t deadline_ns = leat_now_ns() + CLIENT_PATIENCE_NS;
	char *end;

	while (!(end = memchr(c->text, '\n', c->n))) {
		struct leat__poll poll = {c->fd, LEAT__POLL_READ, 0};
		int64_t n;

		ck_assert_int_gt(env->poll(env, &poll, 1, deadline_ns), 0);
		n = leat__posix_sockets.receive(
			c->fd, c->text + c->n, CLIENT_BYTES - c->n);
		if (n == 0 || n == -ECONNRESET)
			return NULL;
		ck_assert_int_gt(n, 0);
		c->n += (size_t)n;
	}
	memcpy(line, c->text, (size_t)(end - c->text));
	line[end - c->text] = '\0';
	c->n -= (size_t)(end + 1 - c->text);
	memmove(c->text, end + 1, c->n);
	return line;
}

/* The answer to one line, which comes in two pieces. */
static inline const char *
client_ask(struct client *c, const char *request)
{
	client_say(c, request);
	client_say(c, "\n");
	return client_line(c);
}

static inline void
client_gets(struct client *c, const char *request, const char *part)
{
	const char *answer = client_ask(c, request);

	ck_assert_msg(answer && strstr(answer, part), "fd %d, %s: %s", c->fd,
		request, answer ? answer : "nothing");
}

static inline void
client_close(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

#endif
