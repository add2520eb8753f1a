/*
 * leat/leaks.h -- what was not given back: at the end of a run, and by its
 * growth while it goes on; with who made it.
 *
 *	leat_graph_wait(graph, LEAT_NEVER, &err);
 *	if (leat_graph_leaks(graph, &err))
 *		fprintf(stderr, "%s\n", err.text);
 */
#ifndef LEAT_LEAKS_H
#define LEAT_LEAKS_H

#include <stdbool.h>

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_graph;
struct leat_workers;

/**
 * Was all given back that the stages of a graph took? After its end.
 *
 * Frames that are out, by the stages that had them last; files of leat/io.h
 * that their stage has not closed; contexts below the graph's that nobody
 * destroyed, by the places that made them, callbacks on them and their timers.
 * Side memory and files without a name go with their stage anyway.
 *
 * @return LEAT_OK, or
 *   LEAT_EBUG    something was not; the text counts it and names who
 *   LEAT_ESTATE  it was not started, or leat_graph_wait() has not come to the
 * end
 *
 * Threads: any. Waits: no. Allocates: no. Cost: O(slots + contexts).
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_leaks(
	const struct leat_graph *graph, struct leat_error *err);

/* ---- growth: while it runs ------------------------------------------------ */

struct leat_growth;

/** Of what there is more and more. */
enum leat_leak {
	LEAT_LEAK_CONTEXTS = 0, /* below the graph's, by where they were made */
	LEAT_LEAK_CALLBACKS,    /* on these, and on the graph's own */
	LEAT_LEAK_TIMERS,       /* of these, likewise */
	LEAT_LEAK_FRAMES,       /* by the stage that has them */
	LEAT_LEAK_FILES,        /* open ones of leat/io.h, by stage */
	LEAT_LEAK_DESCRIPTORS,  /* of the process; what the newest one is */
	LEAT_LEAK_FIBERS,       /* of the workers given */
	LEAT_LEAK_ARMED         /* timers of the workers given */
};

#define LEAT_LEAKS 8u

struct leat_growth_opts {
	uint32_t size;      /* by LEAT_OPTS_INIT(leat_growth_opts) */
	uint32_t flags;     /* none yet */
	uint64_t window_ns; /* 0 = 10 s; from 1 ms to an hour */
	uint32_t n_windows; /* in a row in which there were more; 0 = 6 */
	uint32_t least;     /* more by so many in all these; 0 = 8 */
	const struct leat_workers *workers; /* watched, too; NULL = none
					       [lent] */
};

#define LEAT_GROWTH_CREATOR_BYTES 256

/** Something of which there is more and more. */
struct leat_growth_report {
	uint32_t size;    /* filled by the library */
	uint32_t kind;    /* enum leat_leak */
	uint64_t n_first; /* there were, at least, in the window before */
	uint64_t n_now;   /* and in the last one */
	int64_t over_ns;  /* from the first window to the last */
	char creator[LEAT_GROWTH_CREATOR_BYTES];
};

/**
 * Watch a graph that was started for what is not given back.
 *
 * What counts is the least number in a window: what comes and goes has been
 * gone once in each, and only what stays lifts it. If it rises in n_windows in
 * a row, by `least` in all, that is told; and again when there is twice as
 * much.
 *
 * @param growth_out  to be ended by leat_growth_destroy(), before the graph
 *
 * @return LEAT_OK, LEAT_EINVAL (the text names the field), LEAT_ESTATE (the
 * graph was not started), LEAT_ENOTSUP, LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_growth_create(const struct leat_graph *graph,
	const struct leat_growth_opts *opts, struct leat_growth **growth_out,
	struct leat_error *err);

/** NULL is accepted. */
LEAT_API void leat_growth_destroy(struct leat_growth *growth);

/**
 * Look around; to be called a few times a window.
 *
 * @param now_ns  leat_now_ns()
 *
 * Threads: one at a time. Waits: no. Cost: O(slots + contexts).
 */
LEAT_API void leat_growth_tick(struct leat_growth *growth, int64_t now_ns);

/** The next thing that was found; false = there is nothing new. */
LEAT_API bool leat_growth_next(
	struct leat_growth *growth, struct leat_growth_report *report_out);

/** "contexts", "frames", ...; "?" for a number that is none. */
LEAT_API const char *leat_leak_text(uint32_t kind);

#ifdef __cplusplus
}
#endif
#endif
