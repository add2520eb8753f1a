/*
 * cli/serve/http.c -- the server of --metrics, by libmicrohttpd.
 *
 * One thread for all connections, which touches the graph only to read what is
 * counted. Each request has a connection of its own.
 * Who is connected, and for how long, is told by crowd.c.
 */
#include <string.h>

#include "http.h"

#ifdef LEAT_WITH_MICROHTTPD

#include "crowd_http.h"
#include <microhttpd.h>
#include <stdlib.h>
#include <unistd.h>

#define HTTP_HEADER_BYTES 8192u
#define HTTP_IDLE_SECONDS 10u

struct leat__cli_http {
	struct leat__cli_watch *watch;
	int fd; /* that it listens at, until the daemon does */
	struct MHD_Daemon *daemon;
	struct leat__cli_crowd crowd;
};

void
leat__cli_http_tick(struct leat__cli_http *http)
{
	if (http)
		leat__cli_crowd_tick(&http->crowd);
}

/* ---- requests ----------------------------------------------------------- */

static enum MHD_Result
http_send(struct MHD_Connection *connection, unsigned status, const char *type,
	struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(
			response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
http_refuse(struct MHD_Connection *connection, unsigned status, char *text)
{
	return http_send(connection, status, "text/plain; charset=utf-8",
		MHD_create_response_from_buffer(
			strlen(text), text, MHD_RESPMEM_PERSISTENT));
}

static bool
wants_open_metrics(struct MHD_Connection *connection)
{
	const char *accept = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

	return accept && strstr(accept, "application/openmetrics-text");
}

static enum MHD_Result
http_answer(void *user, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload,
	size_t *n_upload, void **request)
{
	static char no_method[] = "only GET and HEAD\n";
	static char no_path[] = "try /metrics, /healthz or /readyz\n";
	struct leat__cli_http *http = user;
	struct leat__cli_answer answer;

	(void)version;
	(void)upload;
	(void)n_upload;
	if (!*request) { /* the headers are there; the body, if any, is not */
		*request = http;
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return http_refuse(
			connection, MHD_HTTP_METHOD_NOT_ALLOWED, no_method);
	if (!leat__cli_watch_answer(
		    http->watch, url, wants_open_metrics(connection), &answer))
		return http_refuse(connection, MHD_HTTP_NOT_FOUND, no_path);
	if (!answer.text)
		return MHD_NO;
	return http_send(connection, answer.status, answer.type,
		MHD_create_response_from_buffer(
			answer.n_bytes, answer.text, MHD_RESPMEM_MUST_FREE));
}

/* ---- life --------------------------------------------------------------- */

int
leat__cli_http_open(struct leat__cli_http **http_out, const char *address,
	struct leat__cli_watch *watch, bool is_quiet)
{
	int fd = leat__cli_listen("metrics", address);
	char where[LEAT__CLI_ADDRESS_BYTES];
	struct leat__cli_http *http;

	if (fd < 0)
		return LEAT__CLI_USAGE;
	http = calloc(1, sizeof(*http));
	if (!http) {
		leat__cli_error("--metrics: no memory");
		close(fd);
		return LEAT__CLI_FAILED;
	}
	http->watch = watch;
	http->fd = fd;
	leat__cli_crowd_init(&http->crowd);
	if (!is_quiet && leat__cli_listen_where(fd, where, sizeof(where)))
		leat__cli_say("metrics at http://%s/metrics", where);
	*http_out = http;
	return 0;
}

/* What it listens at is the daemon's from then on. */
int
leat__cli_http_start(struct leat__cli_http *http)
{
	http->daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0,
		leat__cli_crowd_on_accept, &http->crowd, http_answer, http,
		MHD_OPTION_LISTEN_SOCKET, http->fd, MHD_OPTION_CONNECTION_LIMIT,
		LEAT__CLI_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_HEADER_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
		HTTP_IDLE_SECONDS, MHD_OPTION_NOTIFY_CONNECTION,
		leat__cli_crowd_on_notify, &http->crowd, MHD_OPTION_END);
	if (http->daemon) {
		http->fd = -1;
		return 0;
	}
	leat__cli_error("--metrics: the server does not start");
	return LEAT__CLI_FAILED;
}

void
leat__cli_http_end(struct leat__cli_http *http)
{
	if (!http)
		return;
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	if (http->fd >= 0)
		close(http->fd);
	leat__cli_crowd_fini(&http->crowd);
	free(http);
}

#else

int
leat__cli_http_open(struct leat__cli_http **http_out, const char *address,
	struct leat__cli_watch *watch, bool is_quiet)
{
	(void)http_out;
	(void)address;
	(void)watch;
	(void)is_quiet;
	leat__cli_error("--metrics: built without libmicrohttpd "
			"(LEAT_WITH_MICROHTTPD)");
	return LEAT__CLI_USAGE;
}

int
leat__cli_http_start(struct leat__cli_http *http)
{
	(void)http;
	return 0;
}

void
leat__cli_http_tick(struct leat__cli_http *http)
{
	(void)http;
}

void
leat__cli_http_end(struct leat__cli_http *http)
{
	(void)http;
}

#endif
