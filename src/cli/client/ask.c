/*
 * cli/client/ask.c -- a request to a graph that runs, and its answer: lines of
 * JSON.
 *
 * Nothing here waits for longer than it was told to: a process that is stopped
 * takes connections and never answers.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "peer.h"

#define ASK_PATIENCE_NS INT64_C(5000000000)
#define ASK_LINE_MOST   (64u << 20)
#define ASK_LEAST       4096u

int
leat__cli_peer_send(struct leat__cli_peer *peer, const char *request)
{
	size_t n_bytes = strlen(request);
	char *line = malloc(n_bytes + 1);
	ssize_t n;
	int code;

	if (!line)
		return ENOMEM;
	memcpy(line, request, n_bytes);
	line[n_bytes] = '\n';
	/* one that is longer than what a socket takes at once is refused
	 * anyway */
	n = send(peer->fd, line, n_bytes + 1, MSG_NOSIGNAL);
	code = n < 0 ? errno : 0;
	/* who has closed may have said why: that can still be read */
	if (code == EPIPE || code == ECONNRESET)
		code = 0;
	free(line);
	return code;
}

/* ---- lines -------------------------------------------------------------- */

static bool
in_grow(struct leat__cli_peer *peer)
{
	size_t max = peer->max_in ? 2 * peer->max_in : ASK_LEAST;
	char *in;

	if (max > ASK_LINE_MOST)
		return false;
	in = realloc(peer->in, max);
	if (!in)
		return false;
	peer->in = in;
	peer->max_in = max;
	return true;
}

/* false: the other one has gone, or says too much. */
static bool
in_read(struct leat__cli_peer *peer)
{
	for (;;) {
		ssize_t n;

		if (peer->n_in == peer->max_in && !in_grow(peer))
			return false;
		n = recv(peer->fd, peer->in + peer->n_in,
			peer->max_in - peer->n_in, 0);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		peer->n_in += (size_t)n;
	}
}

int
leat__cli_peer_look(struct leat__cli_peer *peer)
{
	bool is_there = in_read(peer);

	if (peer->n_in && memchr(peer->in, '\n', peer->n_in))
		return 1;
	return is_there ? 0 : -1;
}

static char *
in_take(struct leat__cli_peer *peer)
{
	size_t n =
		(size_t)((char *)memchr(peer->in, '\n', peer->n_in) - peer->in);
	char *line = malloc(n + 1);

	if (!line)
		return NULL;
	memcpy(line, peer->in, n);
	line[n] = '\0';
	peer->n_in -= n + 1;
	memmove(peer->in, peer->in + n + 1, peer->n_in);
	return line;
}

char *
leat__cli_peer_line(struct leat__cli_peer *peer, int64_t deadline_ns)
{
	struct pollfd poll_fd = {.fd = peer->fd, .events = POLLIN};
	int64_t left_ns;
	int look;

	while ((look = leat__cli_peer_look(peer)) == 0) {
		left_ns = deadline_ns - leat_now_ns();
		if (left_ns <= 0) {
			errno = ETIMEDOUT;
			return NULL;
		}
		poll(&poll_fd, 1, (int)(left_ns / 1000000) + 1);
	}
	errno = 0;
	return look > 0 ? in_take(peer) : NULL;
}

/* ---- answers ------------------------------------------------------------ */

void
leat__cli_reply_free(struct leat__cli_reply *reply)
{
	leat__cli_doc_free(&reply->doc);
	free(reply->text);
	memset(reply, 0, sizeof(*reply));
}

int
leat__cli_reply_read(struct leat__cli_reply *reply, char *line)
{
	const struct leat__cli_node *error;

	memset(reply, 0, sizeof(*reply));
	reply->text = line;
	if (!leat__cli_doc_read(&reply->doc, line)) {
		leat__cli_error("the answer is no JSON: %.60s", line);
		return LEAT__CLI_FAILED;
	}
	reply->data = leat__cli_node_get(reply->doc.root, "data");
	if (leat__cli_node_is(reply->doc.root, "ok"))
		return 0;
	error = leat__cli_node_get(reply->doc.root, "error");
	leat__cli_error("%s", leat__cli_node_text(error, "text"));
	return !strcmp(leat__cli_node_text(error, "code"), "LEAT_EINVAL")
		? LEAT__CLI_USAGE
		: LEAT__CLI_FAILED;
}

int
leat__cli_peer_ask(struct leat__cli_peer *peer, const char *request,
	struct leat__cli_reply *reply)
{
	int code = leat__cli_peer_send(peer, request);
	char *line;

	memset(reply, 0, sizeof(*reply));
	line = code
		? NULL
		: leat__cli_peer_line(peer, leat_now_ns() + ASK_PATIENCE_NS);
	if (line)
		return leat__cli_reply_read(reply, line);
	if (code || !errno)
		leat__cli_error("%s has ended", peer->name);
	else
		leat__cli_error(
			"%s does not answer; is it stopped?", peer->name);
	return LEAT__CLI_FAILED;
}

int
leat__cli_reply_print(const struct leat__cli_reply *reply)
{
	if (reply->data)
		fwrite(reply->data->raw, 1, reply->data->raw_bytes, stdout);
	putchar('\n');
	return leat__cli_flush();
}
