/*
 * leat/control.h -- let others ask a graph that runs how it goes, and drain or
 * cancel it: a Unix socket for each graph, found by itself, that `leat ps`,
 * `top`, `why`, `dump`, `set`, `drain` and `cancel` talk to.
 *
 *	struct leat_control *control;
 *
 *	leat_graph_start(graph, &err);
 *	leat_control_open(graph, NULL, &control, &err);
 *	...
 *	leat_control_close(control);
 *	leat_graph_destroy(graph);
 *
 * The socket stands in $LEAT_RUNTIME_DIR where that is set, or else in
 * $XDG_RUNTIME_DIR/leat, or where that cannot be in /tmp/leat-UID, as
 * PID.sock (PID.2.sock, ... for further graphs of a process); folder and socket
 * are for their owner alone, and who connects must be of the same user, or
 * root. What is said there is in docs/control.md.
 */
#ifndef LEAT_CONTROL_H
#define LEAT_CONTROL_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAT_CONTROL_VERSION 1 /* of the protocol */

#define LEAT_CONTROL_CONNECTIONS   8u     /* at once; the most silent goes */
#define LEAT_CONTROL_REQUEST_BYTES 16384u /* a line, at most */
#define LEAT_CONTROL_ANSWER_BYTES  (16u << 20) /* all that wait to be sent */

struct leat_graph;
struct leat_control;

/** What somebody asks for, that a program may want to see to itself. */
struct leat_control_request {
	uint32_t size;     /* filled by the library */
	uint32_t flags;    /* none yet */
	const char *ask;   /* "drain", "cancel", or a word of its own  [lent] */
	const char *value; /* "" = none                                [lent] */
};

/**
 * Do what is asked for.
 *
 * @param write  for text that goes into the answer; with its `to`
 *
 * @return LEAT_OK; LEAT_ENOTSUP: the library is to do it, if it can; or a code
 * with a text. From the control's thread: it must not wait.
 */
typedef int (*leat_control_fn)(void *user,
	const struct leat_control_request *request, leat_write_fn write,
	void *to, struct leat_error *err);

struct leat_control_opts {
	uint32_t size;  /* by LEAT_OPTS_INIT(leat_control_opts) */
	uint32_t flags; /* none yet */
	/* what `leat ps` shows of it; NULL = "". Copied, up to 255 bytes [lent]
	 */
	const char *job;
	const char *folder; /* of the socket; NULL = as above          [lent] */
	leat_control_fn ask; /* NULL = the library drains and cancels */
	void *user;          /* of ask                                 [lent] */
};

/**
 * Open the socket of a graph that was started, and answer from a thread of its
 * own, which looks at the graph four times a second and holds no lock that the
 * data waits for.
 *
 * @param opts         NULL = all defaults                              [lent]
 * @param control_out  to be ended by leat_control_close(), before the graph
 *                                                                     [given]
 *
 * @return LEAT_OK, or
 *   LEAT_EINVAL  the text names the field
 *   LEAT_ENOTSUP opts of a newer version, or no sockets here
 *   LEAT_ESTATE  the graph has not been started
 *   LEAT_EIO     no folder or no socket; the text says which and why
 *   LEAT_ELIMIT  no thread
 *   LEAT_ENOMEM
 *
 * Allocates: 150 KiB, and up to LEAT_CONTROL_ANSWER_BYTES while answers are
 * under way; not part of the graph's bound.
 */
LEAT_API LEAT_MUST_CHECK int leat_control_open(struct leat_graph *graph,
	const struct leat_control_opts *opts, struct leat_control **control_out,
	struct leat_error *err);

/** Where it listens. [lent] */
LEAT_API const char *leat_control_path(const struct leat_control *control);

/** Who is connected is told nothing more; the socket is gone. NULL is accepted.
 * Waits for an option that is being changed: 3 s at most, or until others that
 * change the graph are through. */
LEAT_API void leat_control_close(struct leat_control *control);

#ifdef __cplusplus
}
#endif
#endif
