/*
 * cli/serve/page.h -- the server of --page, among its own files.
 */
#ifndef LEAT_SRC_CLI_PAGE_H
#define LEAT_SRC_CLI_PAGE_H

#include "http.h"

struct MHD_Connection;
struct MHD_Daemon;

/* ---- page_guard.c: who may ask ---- */

#define LEAT__CLI_TOKEN_BYTES 33u /* 128 bits in hexadecimal, and a NUL */

/* 0, or -1: no random numbers are to be had. */
int leat__cli_page_token(char token[LEAT__CLI_TOKEN_BYTES]);
/* Is it "Bearer TOKEN"? Takes as long whatever stands there; NULL = nothing. */
bool leat__cli_page_token_is(
	const char *header, const char token[LEAT__CLI_TOKEN_BYTES]);
/* May a browser have come here by this name? own: a name that was given; "" =
 * none. */
bool leat__cli_page_host_is_ours(const char *host, const char *own);
/* Does a page of this host ask? Also if none says so. */
bool leat__cli_page_origin_is_ours(const char *origin, const char *host);

/* ---- page_events.c: who is told each second ---- */

#define LEAT__CLI_STREAMS 16u

/* Of one look, as it is sent; shared by all that have not sent it. */
struct leat__cli_look {
	uint32_t n_users;
	size_t n_bytes;
	char text[];
};

struct leat__cli_events;

struct leat__cli_stream {
	struct leat__cli_events *events;
	struct MHD_Connection *connection; /* NULL = free */
	int fd;
	struct leat__cli_look *now, *next; /* is being sent; is sent then */
	size_t at;                         /* of now */
	int64_t since_ns;                  /* it is being sent */
	bool is_suspended;
};

struct leat__cli_events {
	struct leat__cli_crowd *crowd;
	int left_fd;          /* readable when one has gone */
	pthread_mutex_t lock; /* guards those below */
	bool is_over;
	uint32_t n_streams;
	struct leat__cli_stream streams[LEAT__CLI_STREAMS];
};

int leat__cli_events_init(
	struct leat__cli_events *events, struct leat__cli_crowd *crowd);
void leat__cli_events_fini(struct leat__cli_events *events);
/* Has anybody to be told? */
bool leat__cli_events_is_wanted(struct leat__cli_events *events);
/* One more to be told, first of this look. 0 = MHD_NO, as MHD_queue_response;
 * -1: there are too many. */
int leat__cli_events_join(struct leat__cli_events *events,
	struct MHD_Connection *connection, const char *text);
/* Tell all. Who has not got one look for 5 s is ended. */
void leat__cli_events_tell(struct leat__cli_events *events, const char *text);
/* Tell all for the last time, and wait until they have it, for 1 s. */
void leat__cli_events_end(struct leat__cli_events *events, const char *text);

/* ---- page_rows.c: rows that pass links ---- */

#define LEAT__CLI_TAPS 16u

/* A link that somebody looks at. */
struct leat__cli_page_tap {
	struct leat_tap *tap; /* NULL = free */
	uint32_t link;
	int64_t asked_ns; /* for the last time */
	char *text;       /* the last that was taken, as JSON; or NULL */
};

struct leat__cli_page;

/* The last rows of a link, as JSON, to be freed; NULL: no memory. Whoever asks
 * makes that the next ones are looked at. */
char *leat__cli_page_rows(struct leat__cli_page *page, uint32_t link);
/* With the lock: links that nobody has asked for lately are let go; and all. */
void leat__cli_page_rows_tick(struct leat__cli_page *page, int64_t now_ns);
void leat__cli_page_rows_end(struct leat__cli_page *page);

/* ---- page.c ---- */

struct leat__cli_page {
	struct leat_graph *graph;
	struct leat__cli_job *job; /* that knows secrets, or NULL */
	int fd; /* that it listens at, until the daemon does */
	struct MHD_Daemon *daemon;
	struct leat_page_html html;
	char token[LEAT__CLI_TOKEN_BYTES];
	char host[256];
	struct leat__cli_crowd crowd;
	struct leat__cli_events events;
	int64_t next_ns;      /* of the run's thread */
	int64_t next_look_ns; /* the same */
	pthread_mutex_t lock; /* guards those below */
	struct leat_load *load;
	struct leat_watchdog *dog;
	struct leat_stall stall;
	enum leat__cli_wish asked;
	struct leat__cli_page_tap taps[LEAT__CLI_TAPS];
};

/* What is answered for a path of /api, to be freed; NULL: there is no such
 * path, or no memory. Any thread. */
char *leat__cli_page_text(struct leat__cli_page *page, const char *path);
/* The page wants it to end. Any thread. */
void leat__cli_page_ask(struct leat__cli_page *page, enum leat__cli_wish asked);

/* ---- page_http.c ---- */

/* Answer. Exit status. */
int leat__cli_page_serve(struct leat__cli_page *page);
void leat__cli_page_unserve(struct leat__cli_page *page);

#endif
