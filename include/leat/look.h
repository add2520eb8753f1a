/*
 * leat/look.h -- a graph while it runs, as people want to see it: rates, loads,
 * queues, who holds the others up and why, and all that as JSON or text.
 *
 *	struct leat_look *look;
 *
 *	leat_look_create(graph, NULL, &look, &err);
 *	... a few times a second: leat_look_tick(look, leat_now_ns());
 *	leat_look_why(look, buf, sizeof(buf));
 *	leat_look_destroy(look);
 *
 * A look changes nothing in the graph; any number may look at one.
 */
#ifndef LEAT_LOOK_H
#define LEAT_LOOK_H

#include <leat/base.h>
#include <leat/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_look;

struct leat_look_opts {
	uint32_t size;      /* by LEAT_OPTS_INIT(leat_look_opts) */
	uint32_t flags;     /* none yet */
	uint64_t window_ns; /* of rates and loads; 0 = 1 s; from 1 ms to 1 h */
	uint64_t stall_ns;  /* what stands still for so long is told before what
			       is slow; 0 = 1 s */
};

/**
 * Look at a graph that was started.
 *
 * @param opts      NULL = all defaults                                  [lent]
 * @param look_out  to be ended by leat_look_destroy(), before the graph
 *                                                                      [given]
 *
 * @return LEAT_OK, LEAT_EINVAL (the text names the field), LEAT_ENOTSUP,
 * LEAT_ESTATE (the graph has not been started), LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_look_create(struct leat_graph *graph,
	const struct leat_look_opts *opts, struct leat_look **look_out,
	struct leat_error *err);

/** NULL is accepted. */
LEAT_API void leat_look_destroy(struct leat_look *look);

/**
 * Look; to be called again and again, a few times a window.
 *
 * @param now_ns  leat_now_ns()
 *
 * Threads: one at a time, and so all that follow. Waits: no.
 * Cost: O(stages + links).
 */
LEAT_API void leat_look_tick(struct leat_look *look, int64_t now_ns);

#define LEAT_CULPRIT_STALLED (1u << 0) /* nothing moves; else it is slow */

/** Whom the others wait for. */
struct leat_culprit {
	uint32_t size;     /* filled by the library */
	uint32_t flags;    /* LEAT_CULPRIT_* */
	uint32_t stage;    /* by number; LEAT_LOAD_NONE = nobody */
	uint32_t n_stages; /* that stand still */
	const char *name; /* of the stage; NULL = nobody  [lent] by the graph */
	uint64_t stall_ns; /* the one for longest has stood still; 0 = none */
};

/**
 * Who holds the others up, as of the last tick: the one that all wait for that
 * stand still, if one has for stall_ns; else the bottleneck of the load.
 */
LEAT_API void leat_look_culprit(
	const struct leat_look *look, struct leat_culprit *culprit_out);

/**
 * Say it in a sentence: of what stands still as leat_watchdog_why() does; of
 * what is slow, how busy it is, and who waits for it.
 *
 * @return length without the NUL; cut if n_bytes is too short.
 */
LEAT_API size_t leat_look_why(
	const struct leat_look *look, char *buf, size_t n_bytes);

/**
 * Write all that is to be seen, as one JSON object in one line without a
 * newline; docs/control.md lists its fields. Rates are those of the last whole
 * window, and of the time since the start before there was one.
 *
 * @param flags  none yet
 * @param write  called with pieces of at most 512 bytes
 *
 * @return LEAT_OK, LEAT_EINVAL: unknown flags.
 *
 * Waits: no. Allocates: no; needs 16 KiB of stack.
 */
LEAT_API LEAT_MUST_CHECK int leat_look_write(const struct leat_look *look,
	uint32_t flags, leat_write_fn write, void *user);

/**
 * Write what only whoever looks for a mistake wants to see: the tree of
 * contexts, what each segment does and whom it waits for, its stages, and the
 * links with their credit.
 *
 * @param flags  0, or LEAT_DUMP_JSON
 * @param write  called with pieces of at most 512 bytes
 *
 * @return LEAT_OK, LEAT_EINVAL (unknown flags), LEAT_ESTATE (not started).
 *
 * Threads: any. Waits: no. Allocates: no.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_dump(struct leat_graph *graph,
	uint32_t flags, leat_write_fn write, void *user);

#ifdef __cplusplus
}
#endif
#endif
