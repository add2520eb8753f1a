/*
 * cli/serve/page_http.c -- the server of --page, by libmicrohttpd.
 *
 * One thread for all connections, which touches the graph only to read what is
 * counted; a wish to end the run is left for the run's own thread.
 * Keeps: nothing is answered to who names another host, and nothing is changed
 * for who has no token (page_guard.c).
 */
#include <string.h>

#include "page.h"

#ifdef LEAT_WITH_MICROHTTPD

#include "crowd_http.h"
#include <microhttpd.h>
#include <stdlib.h>

#define PAGE_MEMORY_BYTES 16384u /* of a connection: 8 KiB for a head */
#define PAGE_IDLE_SECONDS 10u

/* ---- answers ------------------------------------------------------------ */

static const char *
header_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Headers for whatever is sent; the response is gone then. */
static enum MHD_Result
page_send(struct MHD_Connection *connection, unsigned status, const char *type,
	struct MHD_Response *response)
{
	static const struct {
		const char *name, *value;
	} headers[] = {{MHD_HTTP_HEADER_CONNECTION, "close"},
		{MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"}, {"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"}};
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t k = 0; k < sizeof(headers) / sizeof(headers[0]); k++)
		MHD_add_response_header(
			response, headers[k].name, headers[k].value);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(
			response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST");
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(
			response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* words: without characters that JSON has escapes for */
static enum MHD_Result
page_say(struct MHD_Connection *connection, unsigned status, const char *words)
{
	char text[256];

	snprintf(text, sizeof(text), "{\"%s\":\"%s\"}\n",
		status < 400 ? "ok" : "error", words);
	return page_send(connection, status, "application/json",
		MHD_create_response_from_buffer(
			strlen(text), text, MHD_RESPMEM_MUST_COPY));
}

/* text is freed; NULL: there is no memory. */
static enum MHD_Result
page_text(struct MHD_Connection *connection, char *text)
{
	if (!text)
		return MHD_NO;
	return page_send(connection, MHD_HTTP_OK,
		"application/json; charset=utf-8",
		MHD_create_response_from_buffer(
			strlen(text), text, MHD_RESPMEM_MUST_FREE));
}

/* "gzip" among what it accepts, and not with a weight of 0. */
static bool
takes_gzip(struct MHD_Connection *connection)
{
	const char *accept =
		header_of(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	const char *at = accept ? strstr(accept, "gzip") : NULL;

	if (!at)
		return false;
	at += strlen("gzip");
	at += strspn(at, " ");
	return strncmp(at, ";q=0", 4) != 0 || strncmp(at, ";q=0.", 5) == 0;
}

static enum MHD_Result
answer_html(struct leat__cli_page *page, struct MHD_Connection *connection)
{
	bool is_packed = takes_gzip(connection);
	const void *text =
		is_packed ? (const void *)page->html.packed : page->html.text;
	size_t n = is_packed ? page->html.n_packed : page->html.n_bytes;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		n, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	if (is_packed)
		MHD_add_response_header(
			response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY,
		MHD_HTTP_HEADER_ACCEPT_ENCODING);
	MHD_add_response_header(
		response, "Content-Security-Policy", page->html.policy);
	return page_send(
		connection, MHD_HTTP_OK, "text/html; charset=utf-8", response);
}

static enum MHD_Result
answer_events(struct leat__cli_page *page, struct MHD_Connection *connection)
{
	char *text = leat__cli_page_text(page, "/api/stats");
	int result;

	if (!text)
		return MHD_NO;
	result = leat__cli_events_join(&page->events, connection, text);
	free(text);
	if (result < 0)
		return page_say(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"16 pages are open already");
	return (enum MHD_Result)result;
}

static enum MHD_Result
answer_text(struct leat__cli_page *page, struct MHD_Connection *connection,
	const char *path)
{
	char *text = leat__cli_page_text(page, path);

	if (!text)
		return page_say(connection, MHD_HTTP_NOT_FOUND,
			"no such path; see docs/page.md");
	return page_text(connection, text);
}

static bool
has_token(struct leat__cli_page *page, struct MHD_Connection *connection)
{
	return leat__cli_page_token_is(
		header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION),
		page->token);
}

static enum MHD_Result
refuse_stranger(struct MHD_Connection *connection)
{
	return page_say(connection, MHD_HTTP_UNAUTHORIZED,
		"needs Authorization: Bearer TOKEN, as leat run told it");
}

/* "/api/rows/3": rows are somebody's data. */
static enum MHD_Result
answer_rows(struct leat__cli_page *page, struct MHD_Connection *connection,
	const char *number)
{
	size_t n = strspn(number, "0123456789");
	char *text;

	if (!has_token(page, connection))
		return refuse_stranger(connection);
	if (n == 0 || n > 6 || number[n])
		return page_say(connection, MHD_HTTP_NOT_FOUND,
			"there is no such link");
	text = leat__cli_page_rows(page, (uint32_t)atoi(number));
	return page_text(connection, text);
}

static enum MHD_Result
answer_get(struct leat__cli_page *page, struct MHD_Connection *connection,
	const char *path, bool is_head)
{
	static const char rows[] = "/api/rows/";

	if (strcmp(path, "/") == 0)
		return answer_html(page, connection);
	if (strcmp(path, "/api/events") == 0 && !is_head)
		return answer_events(page, connection);
	if (strncmp(path, rows, strlen(rows)) == 0)
		return answer_rows(page, connection, path + strlen(rows));
	return answer_text(page, connection, path);
}

static enum MHD_Result
answer_post(struct leat__cli_page *page, struct MHD_Connection *connection,
	const char *path)
{
	bool is_drain = strcmp(path, "/api/drain") == 0;

	if (!is_drain && strcmp(path, "/api/cancel") != 0)
		return page_say(connection, MHD_HTTP_NOT_FOUND,
			"POST is for /api/drain and /api/cancel");
	if (!has_token(page, connection))
		return refuse_stranger(connection);
	leat__cli_page_ask(
		page, is_drain ? LEAT__CLI_WISH_DRAIN : LEAT__CLI_WISH_CANCEL);
	return page_say(connection, MHD_HTTP_ACCEPTED,
		is_drain ? "draining" : "ending at once");
}

/* ---- requests ----------------------------------------------------------- */

static enum MHD_Result
page_dispatch(struct leat__cli_page *page, struct MHD_Connection *connection,
	const char *path, const char *method)
{
	const char *host = header_of(connection, MHD_HTTP_HEADER_HOST);
	bool is_head = strcmp(method, "HEAD") == 0;

	if (!leat__cli_page_host_is_ours(host, page->host))
		return page_say(connection, MHD_HTTP_MISDIRECTED_REQUEST,
			"this is not that host; use its address, or the name "
			"that --page was given");
	if (!leat__cli_page_origin_is_ours(
		    header_of(connection, MHD_HTTP_HEADER_ORIGIN), host))
		return page_say(connection, MHD_HTTP_FORBIDDEN,
			"another page has no business here");
	if (is_head || strcmp(method, "GET") == 0)
		return answer_get(page, connection, path, is_head);
	if (strcmp(method, "POST") == 0)
		return answer_post(page, connection, path);
	return page_say(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		"only GET, HEAD and POST");
}

/* Called for the head, for each piece of a body, which is left unread, and
 * then once more. */
static enum MHD_Result
page_answer(void *user, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *upload,
	size_t *n_upload, void **request)
{
	(void)version;
	(void)upload;
	if (!*request) {
		*request = user;
		return MHD_YES;
	}
	if (*n_upload) {
		*n_upload = 0;
		return MHD_YES;
	}
	return page_dispatch(user, connection, path, method);
}

/* ---- life --------------------------------------------------------------- */

int
leat__cli_page_serve(struct leat__cli_page *page)
{
	page->daemon = MHD_start_daemon(
		MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
		leat__cli_crowd_on_accept, &page->crowd, page_answer, page,
		MHD_OPTION_LISTEN_SOCKET, page->fd, MHD_OPTION_CONNECTION_LIMIT,
		LEAT__CLI_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)PAGE_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
		PAGE_IDLE_SECONDS, MHD_OPTION_NOTIFY_CONNECTION,
		leat__cli_crowd_on_notify, &page->crowd, MHD_OPTION_END);
	if (page->daemon) {
		page->fd = -1;
		return 0;
	}
	leat__cli_error("--page: the server does not start");
	return LEAT__CLI_FAILED;
}

void
leat__cli_page_unserve(struct leat__cli_page *page)
{
	if (page->daemon)
		MHD_stop_daemon(page->daemon);
	page->daemon = NULL;
}

#endif
