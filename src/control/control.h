/*
 * control/control.h -- the socket of a graph: what its thread holds.
 */
#ifndef LEAT_SRC_CONTROL_CONTROL_H
#define LEAT_SRC_CONTROL_CONTROL_H

#include "env/env.h"
#include "graph/graph.h"
#include <leat/control.h>
#include <leat/look.h>

#define LEAT__CONTROL_PATH_BYTES 128u
#define LEAT__CONTROL_JOB_BYTES  256u

/* ---- request.c ---------------------------------------------------------- */

/* A line, as it was understood. Texts lie in the line; NULL = not given. */
struct leat__control_request {
	uint64_t version; /* 0 = not given */
	uint64_t id;      /* 0 = not given */
	uint64_t every_ms;
	uint64_t n;
	uint64_t within_ms; /* of drain; 0 = no limit */
	bool is_text;       /* as people read it, where there is a choice */
	const char *ask;
	const char *stage;
	const char *guard;
	const char *option;
	const char *value;
	const char *link;
	const char *where;
};

/* A line without its newline, with room for one byte behind it; its bytes are
 * changed. NULL, or what is wrong with it. */
const char *leat__control_request_parse(
	char *line, size_t n_bytes, struct leat__control_request *request_out);

/* ---- connection.c ------------------------------------------------------- */

/* A text that grows as it is written; all of them together have a limit. */
struct leat__control_answer {
	struct leat_control *control;
	char *text; /* NULL = nothing */
	size_t n_bytes, max_bytes;
	size_t at;     /* sent */
	bool is_short; /* no memory, or more than may wait */
};

/* An answer that is given again and again. */
struct leat__control_stream {
	int64_t period_ns; /* 0 = none */
	int64_t next_ns;
	uint64_t id;
	const char *ask;
};

/* An option that is being changed: by a thread of its own, for that may wait
 * until what is on its way has arrived. */
struct leat__control_set {
	struct leat__control_request request; /* its line stays where it is */
	struct leat__thread thread;
	bool is_under_way; /* until the thread has been joined */
	int over_fd;       /* readable once the rest is there */
	int code;
	struct leat_error err;
};

struct leat__control_connection {
	struct leat_control *control;
	int fd;         /* -1 = free */
	bool is_ending; /* goes once what waits to be sent has gone */
	bool has_asked; /* a whole request has come */
	size_t n_in;
	size_t n_line;    /* of in: of the request that is under way */
	int64_t begun_ns; /* the line came that is not whole yet */
	int64_t heard_ns; /* a request came, or a part of an answer went */
	struct leat__control_answer out;
	struct leat__control_stream stream;
	struct leat__control_set set;
	struct leat_tap *tap; /* NULL = none */
	uint32_t tap_link, tap_rows;
	char in[LEAT_CONTROL_REQUEST_BYTES + 1];
};

void leat__control_connect(
	struct leat__control_connection *c, int fd, int64_t now_ns);
void leat__control_disconnect(struct leat__control_connection *c);
/* What to wait for; nothing: fd is -1. */
struct leat__poll leat__control_wants(const struct leat__control_connection *c);
/* It can be read or written, or what was asked for has been done. */
void leat__control_move(
	struct leat__control_connection *c, uint32_t got, int64_t now_ns);
/* What is due: a stream's next answer, or the end of patience. */
void leat__control_due(struct leat__control_connection *c, int64_t now_ns);
/* When that is so; LEAT_NEVER = there is nothing. */
int64_t leat__control_due_ns(const struct leat__control_connection *c);

/* leat_write_fn, of a struct leat__control_answer. */
void leat__control_write(void *answer, const char *text, size_t n_bytes);
void leat__control_free(struct leat__control_answer *answer);

/* ---- answer.c ----------------------------------------------------------- */

/* One request, answered with one line; of a set that is under way, later. */
void leat__control_answer(struct leat__control_connection *c,
	const struct leat__control_request *request, int64_t now_ns);
/* What has come of the set. */
void leat__control_answer_set(
	struct leat__control_connection *c, int64_t now_ns);
/* {"leat":1,"ok":false,"error":...}, about a line that was no request. */
void leat__control_complain(
	struct leat__control_connection *c, int code, const char *text);
/* The next of a stream. */
void leat__control_repeat(struct leat__control_connection *c);

/* ---- set.c -------------------------------------------------------------- */

/* An option of a stage, or of a guard around it, begins to be changed. false:
 * it cannot, and the set says why. */
bool leat__control_set_begin(struct leat__control_connection *c,
	const struct leat__control_request *request);
/* Wait for the thread: until it is over, what the set says is not there. */
void leat__control_set_end(struct leat__control_connection *c);

/* ---- tap.c -------------------------------------------------------------- */

struct leat__json;

/* Rows of the link that the request names, or, if it names none, of the one
 * that was named last: "data" of the answer. */
LEAT_MUST_CHECK int leat__control_tap(struct leat__control_connection *c,
	const struct leat__control_request *request, struct leat__json *j,
	struct leat_error *err);
void leat__control_tap_close(struct leat__control_connection *c);

/* ---- place.c ------------------------------------------------------------ */

/* A socket that listens, and its path. opts_folder: NULL = the usual ones. */
LEAT_MUST_CHECK int leat__control_listen(const struct leat__env *env,
	const char *opts_folder, int *fd_out,
	char path[LEAT__CONTROL_PATH_BYTES], struct leat_error *err);

/* ---- control.c ---------------------------------------------------------- */

struct leat_control {
	const struct leat__env *env;
	struct leat_graph *graph;
	struct leat_control_opts opts;
	char job[LEAT__CONTROL_JOB_BYTES];
	char path[LEAT__CONTROL_PATH_BYTES];
	int fd;      /* listens */
	int over_fd; /* readable once it is to end */
	struct leat__thread thread;
	bool has_thread;
	/* of the thread alone: */
	struct leat_look *look;
	int64_t look_ns;  /* the next one */
	bool is_resting;  /* until then nobody is accepted */
	uint32_t never;   /* 0: what is waited on for a time alone */
	size_t out_bytes; /* of all answers that wait to be sent */
	struct leat__control_connection connections[LEAT_CONTROL_CONNECTIONS];
};

#endif
