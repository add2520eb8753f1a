/*
 * control/connection.c -- one who has connected: lines in, answers out.
 *
 * Keeps: while an answer waits to be sent nothing more is read, so whoever does
 * not take answers gets none, and holds one at the most. While an option is
 * changed for one, nothing at all is done with it. What is heard counts only
 * when it is whole: bytes that trickle in do not buy time.
 * Threads: the control's own.
 */
#include <errno.h>
#include <string.h>

#include "control/control.h"

#define CONNECTION_SHORT_NS                                                    \
	INT64_C(5000000000)                     /* for a request, or a part of \
						   an answer to be taken */
#define CONNECTION_LONG_NS INT64_C(60000000000) /* between requests */
#define CONNECTION_LEAST   4096u

/* ---- what is written ---------------------------------------------------- */

void
leat__control_free(struct leat__control_answer *answer)
{
	const struct leat__env *env = answer->control->env;

	answer->control->out_bytes -= answer->max_bytes;
	env->free(env, answer->text);
	*answer = (struct leat__control_answer){.control = answer->control};
}

static bool
answer_grow(struct leat__control_answer *answer, size_t n_bytes)
{
	struct leat_control *control = answer->control;
	const struct leat__env *env = control->env;
	size_t max = answer->max_bytes ? answer->max_bytes : CONNECTION_LEAST;
	char *text;

	while (max < n_bytes)
		max *= 2;
	if (control->out_bytes + max - answer->max_bytes >
		LEAT_CONTROL_ANSWER_BYTES)
		return false;
	text = env->alloc(env, max);
	if (!text)
		return false;
	if (answer->n_bytes)
		memcpy(text, answer->text, answer->n_bytes);
	env->free(env, answer->text);
	control->out_bytes += max - answer->max_bytes;
	answer->text = text;
	answer->max_bytes = max;
	return true;
}

void
leat__control_write(void *user, const char *text, size_t n_bytes)
{
	struct leat__control_answer *answer = user;

	if (answer->n_bytes + n_bytes > answer->max_bytes &&
		!answer->is_short &&
		!answer_grow(answer, answer->n_bytes + n_bytes))
		answer->is_short = true;
	if (answer->is_short)
		return;
	memcpy(answer->text + answer->n_bytes, text, n_bytes);
	answer->n_bytes += n_bytes;
}

/* ---- life --------------------------------------------------------------- */

void
leat__control_connect(
	struct leat__control_connection *c, int fd, int64_t now_ns)
{
	struct leat_control *control = c->control;

	memset(c, 0, offsetof(struct leat__control_connection, in));
	c->control = control;
	c->out.control = control;
	c->fd = fd;
	c->heard_ns = now_ns;
}

void
leat__control_disconnect(struct leat__control_connection *c)
{
	const struct leat__env *env = c->control->env;

	if (c->fd < 0)
		return;
	leat__control_free(&c->out);
	leat__control_tap_close(c);
	env->close(env, c->fd);
	c->fd = -1;
	c->stream.period_ns = 0;
}

/* ---- moving ------------------------------------------------------------- */

/* false: nothing waits any more, or nobody is there. */
static bool
connection_send(struct leat__control_connection *c, int64_t now_ns)
{
	struct leat__control_answer *out = &c->out;

	while (out->at < out->n_bytes) {
		int64_t n = c->control->env->sockets->send(
			c->fd, out->text + out->at, out->n_bytes - out->at);

		if (n == -EAGAIN)
			return true;
		if (n <= 0) {
			leat__control_disconnect(c);
			return false;
		}
		out->at += (size_t)n;
		c->heard_ns = now_ns;
	}
	if (out->max_bytes)
		leat__control_free(out);
	return false;
}

static void
connection_line(
	struct leat__control_connection *c, size_t n_bytes, int64_t now_ns)
{
	struct leat__control_request request;
	const char *wrong =
		leat__control_request_parse(c->in, n_bytes, &request);

	c->heard_ns = now_ns;
	c->has_asked = true;
	if (wrong)
		leat__control_complain(c, LEAT_EINVAL, wrong);
	else
		leat__control_answer(c, &request, now_ns);
}

/* The first line has been answered. */
static void
connection_drop_line(
	struct leat__control_connection *c, size_t n, int64_t now_ns)
{
	c->n_in -= n;
	c->begun_ns = now_ns; /* what is behind it */
	memmove(c->in, c->in + n, c->n_in);
}

/* The first line that has come; false: there is none, or it takes time. */
static bool
connection_next(struct leat__control_connection *c, int64_t now_ns)
{
	char *end = memchr(c->in, '\n', c->n_in);
	size_t n;

	if (c->is_ending && !end)
		return false;
	if (!end && c->n_in == LEAT_CONTROL_REQUEST_BYTES) {
		c->is_ending = true;
		c->n_in = 0;
		leat__control_complain(c, LEAT_ELIMIT,
			"a request has 16384 bytes at the most");
		return true;
	}
	if (!end)
		return false;
	n = (size_t)(end + 1 - c->in);
	if (n > 1)
		connection_line(c, n - 1, now_ns);
	c->n_line = n;
	if (c->set.is_under_way)
		return false;
	connection_drop_line(c, n, now_ns);
	return true;
}

static void
connection_set_is_over(struct leat__control_connection *c, int64_t now_ns)
{
	leat__control_set_end(c);
	leat__control_answer_set(c, now_ns);
	connection_drop_line(c, c->n_line, now_ns);
	c->heard_ns = now_ns;
}

static void
connection_receive(struct leat__control_connection *c, int64_t now_ns)
{
	int64_t n = c->control->env->sockets->receive(
		c->fd, c->in + c->n_in, LEAT_CONTROL_REQUEST_BYTES - c->n_in);

	if (n > 0 && !c->n_in)
		c->begun_ns = now_ns;
	if (n > 0)
		c->n_in += (size_t)n;
	else if (n == 0)
		c->is_ending = true;
	else if (n != -EAGAIN)
		leat__control_disconnect(c);
}

void
leat__control_move(
	struct leat__control_connection *c, uint32_t got, int64_t now_ns)
{
	if (c->set.is_under_way)
		connection_set_is_over(c, now_ns);
	else if (got & LEAT__POLL_READ)
		connection_receive(c, now_ns);
	while (c->fd >= 0) {
		if (connection_send(c, now_ns) || c->fd < 0)
			return;
		if (!connection_next(c, now_ns))
			break;
	}
	if (c->set.is_under_way)
		return;
	if (c->fd >= 0 && c->is_ending && !c->stream.period_ns)
		leat__control_disconnect(c);
}

struct leat__poll
leat__control_wants(const struct leat__control_connection *c)
{
	struct leat__poll poll = {.fd = c->fd, .want = LEAT__POLL_READ};

	if (c->set.is_under_way)
		poll.fd = c->set.over_fd;
	else if (c->out.at < c->out.n_bytes)
		poll.want = LEAT__POLL_WRITE;
	else if (c->is_ending)
		/* it would be told of at once, again and again */
		poll.fd = -1;
	return poll;
}

/* ---- time --------------------------------------------------------------- */

/* A line that has begun has its time from then on, however long the silence
 * before it was. */
static int64_t
connection_patience(const struct leat__control_connection *c)
{
	if (c->n_in && !c->out.n_bytes)
		return c->begun_ns + CONNECTION_SHORT_NS;
	return c->heard_ns +
		(c->out.n_bytes || !c->has_asked ? CONNECTION_SHORT_NS
						 : CONNECTION_LONG_NS);
}

int64_t
leat__control_due_ns(const struct leat__control_connection *c)
{
	if (c->fd < 0 || c->set.is_under_way)
		return LEAT_NEVER;
	if (!c->stream.period_ns || c->out.n_bytes)
		return connection_patience(c);
	return c->stream.next_ns;
}

/* One who does not take what is sent misses some. */
static void
connection_stream(struct leat__control_connection *c, int64_t now_ns)
{
	struct leat__control_stream *stream = &c->stream;

	stream->next_ns += stream->period_ns;
	if (stream->next_ns <= now_ns)
		stream->next_ns = now_ns + stream->period_ns;
	c->heard_ns = now_ns;
	leat__control_repeat(c);
	leat__control_move(c, 0, now_ns);
}

void
leat__control_due(struct leat__control_connection *c, int64_t now_ns)
{
	if (leat__control_due_ns(c) > now_ns)
		return;
	if (c->stream.period_ns && !c->out.n_bytes)
		connection_stream(c, now_ns);
	else
		leat__control_disconnect(c);
}
