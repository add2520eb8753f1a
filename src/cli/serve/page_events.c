/*
 * cli/serve/page_events.c -- streams of events: each second one look, to few.
 *
 * A stream is a response without an end, whose connection sleeps while there is
 * nothing to send. A look is made once for all.
 * Keeps: a stream holds two looks at most, the one that it sends and the
 * latest; those between are left out. Who does not get one look for 5 s is
 * ended. So streams hold at most LEAT__CLI_STREAMS + 1 looks.
 * Threads: the server's, and the one that tells; the lock stands between.
 */
#include "page.h"

#ifdef LEAT_WITH_MICROHTTPD

#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_SLOW_NS     INT64_C(5000000000)
#define EVENTS_END_NS      INT64_C(1000000000)
#define EVENTS_BLOCK_BYTES 4096u
/* In the kernel's hands for one stream: what is more is late anyhow. */
#define EVENTS_SEND_BYTES 65536

/* ---- looks -------------------------------------------------------------- */

static struct leat__cli_look *
look_make(const char *text)
{
	static const char head[] = "event: look\ndata: ", tail[] = "\n\n";
	size_t n = strlen(text) + sizeof(head) + sizeof(tail);
	struct leat__cli_look *look = malloc(sizeof(*look) + n);

	if (!look)
		return NULL;
	look->n_users = 1;
	look->n_bytes =
		(size_t)snprintf(look->text, n, "%s%s%s", head, text, tail);
	return look;
}

/* With the lock. */
static void
look_release(struct leat__cli_look *look)
{
	if (look && --look->n_users == 0)
		free(look);
}

/* ---- a stream ----------------------------------------------------------- */

/* With the lock. The look's own count is that of who made it. */
static void
stream_give(struct leat__cli_stream *stream, struct leat__cli_look *look)
{
	look_release(stream->next);
	stream->next = look;
	look->n_users++;
}

static void
stream_wake(struct leat__cli_stream *stream)
{
	if (!stream->is_suspended)
		return;
	stream->is_suspended = false;
	MHD_resume_connection(stream->connection);
}

static size_t
stream_copy(struct leat__cli_stream *stream, char *buf, size_t max)
{
	struct leat__cli_look *look = stream->now;
	size_t n = look->n_bytes - stream->at;

	n = n < max ? n : max;
	memcpy(buf, look->text + stream->at, n);
	stream->at += n;
	if (stream->at == look->n_bytes) {
		look_release(look);
		stream->now = NULL;
	}
	return n;
}

/* The connection sleeps until there is something, or it is over. */
static ssize_t
stream_read(void *user, uint64_t at, char *buf, size_t max)
{
	struct leat__cli_stream *stream = user;
	struct leat__cli_events *events = stream->events;
	ssize_t n = 0;

	(void)at;
	pthread_mutex_lock(&events->lock);
	if (!stream->now && stream->next) {
		stream->now = stream->next;
		stream->next = NULL;
		stream->at = 0;
		stream->since_ns = leat_now_ns();
	}
	if (stream->now) {
		n = (ssize_t)stream_copy(stream, buf, max);
	} else if (events->is_over) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		stream->is_suspended = true;
		MHD_suspend_connection(stream->connection);
	}
	pthread_mutex_unlock(&events->lock);
	return n;
}

static void
stream_free(void *user)
{
	struct leat__cli_stream *stream = user;
	struct leat__cli_events *events = stream->events;
	uint64_t one = 1;

	pthread_mutex_lock(&events->lock);
	look_release(stream->now);
	look_release(stream->next);
	memset(stream, 0, sizeof(*stream));
	events->n_streams--;
	/* where there is no room for more it is readable already */
	(void)!write(events->left_fd, &one, sizeof(one));
	pthread_mutex_unlock(&events->lock);
}

/* ---- all of them -------------------------------------------------------- */

int
leat__cli_events_init(
	struct leat__cli_events *events, struct leat__cli_crowd *crowd)
{
	events->crowd = crowd;
	pthread_mutex_init(&events->lock, NULL);
	events->left_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return events->left_fd < 0 ? -1 : 0;
}

void
leat__cli_events_fini(struct leat__cli_events *events)
{
	if (events->left_fd >= 0)
		close(events->left_fd);
	pthread_mutex_destroy(&events->lock);
}

bool
leat__cli_events_is_wanted(struct leat__cli_events *events)
{
	bool is_wanted;

	pthread_mutex_lock(&events->lock);
	is_wanted = events->n_streams > 0;
	pthread_mutex_unlock(&events->lock);
	return is_wanted;
}

static struct leat__cli_stream *
events_take(struct leat__cli_events *events, struct MHD_Connection *connection,
	struct leat__cli_look *look)
{
	struct leat__cli_stream *stream = NULL;

	pthread_mutex_lock(&events->lock);
	for (uint32_t k = 0; k < LEAT__CLI_STREAMS && !stream; k++)
		if (!events->streams[k].connection)
			stream = &events->streams[k];
	if (stream) {
		stream->events = events;
		stream->connection = connection;
		stream->fd = MHD_get_connection_info(
			connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				     ->connect_fd;
		stream_give(stream, look);
		events->n_streams++;
	}
	look_release(look);
	pthread_mutex_unlock(&events->lock);
	return stream;
}

static struct MHD_Response *
stream_response(struct leat__cli_stream *stream)
{
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
			EVENTS_BLOCK_BYTES, stream_read, stream, stream_free);

	if (!response) {
		stream_free(stream);
		return NULL;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
		"text/event-stream; charset=utf-8");
	MHD_add_response_header(
		response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	return response;
}

int
leat__cli_events_join(struct leat__cli_events *events,
	struct MHD_Connection *connection, const char *text)
{
	struct leat__cli_look *look = look_make(text);
	struct leat__cli_stream *stream =
		look ? events_take(events, connection, look) : NULL;
	int n_send = EVENTS_SEND_BYTES, result;
	struct MHD_Response *response;

	if (!stream)
		return look ? -1 : 0;
	setsockopt(stream->fd, SOL_SOCKET, SO_SNDBUF, &n_send, sizeof(n_send));
	leat__cli_crowd_keep(events->crowd, stream->fd);
	response = stream_response(stream);
	if (!response)
		return 0;
	result = (int)MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* With the lock. */
static void
events_give(struct leat__cli_events *events, struct leat__cli_look *look)
{
	int64_t now_ns = leat_now_ns();

	for (uint32_t k = 0; k < LEAT__CLI_STREAMS; k++) {
		struct leat__cli_stream *stream = &events->streams[k];

		if (!stream->connection)
			continue;
		if (look)
			stream_give(stream, look);
		if (stream->now && now_ns - stream->since_ns > EVENTS_SLOW_NS)
			leat__cli_crowd_shut(events->crowd, stream->fd);
		stream_wake(stream);
	}
	look_release(look);
}

void
leat__cli_events_tell(struct leat__cli_events *events, const char *text)
{
	struct leat__cli_look *look = look_make(text);

	pthread_mutex_lock(&events->lock);
	events_give(events, look);
	pthread_mutex_unlock(&events->lock);
}

/* Each that goes is looked for anew. */
static void
events_wait(struct leat__cli_events *events)
{
	struct pollfd poll_fd = {.fd = events->left_fd, .events = POLLIN};
	int64_t end_ns = leat_now_ns() + EVENTS_END_NS, left_ns;
	uint64_t n;

	while (leat__cli_events_is_wanted(events)) {
		left_ns = end_ns - leat_now_ns();
		if (left_ns <= 0 ||
			poll(&poll_fd, 1, (int)(left_ns / 1000000) + 1) < 0)
			return;
		if (read(events->left_fd, &n, sizeof(n)) < 0)
			continue; /* it was none: until the end */
	}
}

void
leat__cli_events_end(struct leat__cli_events *events, const char *text)
{
	struct leat__cli_look *look = text ? look_make(text) : NULL;

	pthread_mutex_lock(&events->lock);
	events->is_over = true;
	events_give(events, look);
	pthread_mutex_unlock(&events->lock);
	events_wait(events);
}

#endif
