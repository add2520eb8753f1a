/*
 * leat/live.h -- a running graph is changed: its options, between two calls of
 * a stage or for all stages at one moment; and it becomes like another graph,
 * when it has been told what the differences are.
 *
 *	struct leat_set sets[] = {{"where", "condition", "n > 5"},
 *		{"derive", "columns", "k=2"}};
 *
 *	if (leat_graph_set_options(graph, sets, 2, deadline_ns, "me", &err))
 *		fprintf(stderr, "all is as it was: %s\n", err.text);
 */
#ifndef LEAT_LIVE_H
#define LEAT_LIVE_H

#include <leat/base.h>
#include <leat/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- options ------------------------------------------------------------ */

/** How an option of a running graph can be changed. */
enum leat_way {
	LEAT_WAY_NONE = 0, /* not at all: the graph is to be started anew */
	LEAT_WAY_LIVE,     /* between two calls of its stage, LEAT_OPTION_LIVE;
			    * options of guards, too */
	LEAT_WAY_STAMP     /* while nothing is on its way, LEAT_OPTION_RENEWS */
};

/**
 * Ask for the way of an option.
 *
 * @param option  as in struct leat_set
 * @param why     of NONE: the reason; NULL = not asked for
 *
 * @return enum leat_way. Threads: any.
 */
LEAT_API uint32_t leat_graph_option_way(struct leat_graph *graph,
	const char *stage, const char *option, struct leat_error *why);

/** One option and what it is to be. All [lent] for the call. */
struct leat_set {
	const char *stage;  /* its name in the graph */
	const char *option; /* "condition"; of a guard "@rate.items", the
			     * second of that name "@rate#2.items" */
	const char *value;  /* as in the graph's text; "" = the default */
};

/**
 * Change options of a running graph: all of them, or none.
 *
 * If all are LIVE it stops nothing: each instance of a stage has the new ones
 * from its next call on. If one is not, the sources take nothing more in, what
 * they had given arrives, all options change at that moment, and the sources go
 * on: so every record went by the old options in all stages, or by the new ones
 * in all. What is kept of it: leat_graph_changes().
 *
 * @param n            1 to LEAT_SETS_MAX
 * @param deadline_ns  when it is given up that what is on its way arrives;
 *                     LEAT_NEVER = not at all
 * @param who          for the record; NULL = ""                        [lent]
 *
 * @return LEAT_OK, or, and nothing has changed,
 *   LEAT_EINVAL    no such stage or option, a value that is not accepted, or
 *                  columns would change that others go by
 *   LEAT_ENOTSUP   this option cannot change while the graph runs
 *   LEAT_ELIMIT    more memory than memory_bytes allows; over LEAT_SETS_MAX
 *   LEAT_ETIMEDOUT something was still on its way at deadline_ns
 *   LEAT_ESTATE    it does not run, or is drained
 *   LEAT_ENOMEM
 *
 * Threads: any, not from a callback. One after the other. Waits: yes.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_set_options(struct leat_graph *graph,
	const struct leat_set *sets, uint32_t n, int64_t deadline_ns,
	const char *who, struct leat_error *err);

#define LEAT_SETS_MAX 256u /* of one call */

/** One option, without a limit of time. */
LEAT_API LEAT_MUST_CHECK int leat_graph_set_option(struct leat_graph *graph,
	const char *stage, const char *option, const char *value,
	const char *who, struct leat_error *err);

/* ---- standing still ------------------------------------------------------ */

/**
 * Sources take nothing more in until leat_graph_resume(), as often as this. A
 * drain, or a cancel, ends it as it ends all. Before the start and after the
 * end it does nothing.
 */
LEAT_API void leat_graph_pause(struct leat_graph *graph);
LEAT_API void leat_graph_resume(struct leat_graph *graph);

/**
 * Wait until what the sources had given has arrived.
 *
 * @return LEAT_OK: nothing is on its way, as long as it is paused;
 *   LEAT_ETIMEDOUT  something still is; the text says where
 *   LEAT_ESTATE     it is not paused, it has ended, or is drained
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_wait_paused(
	struct leat_graph *graph, int64_t deadline_ns, struct leat_error *err);

/* ---- differences --------------------------------------------------------- */

enum leat_difference_kind {
	LEAT_DIFFERENCE_OPTION = 1, /* of a stage or guard has another value */
	LEAT_DIFFERENCE_ADDED,      /* a stage that was not there */
	LEAT_DIFFERENCE_REMOVED,    /* a stage that is not there any more */
	LEAT_DIFFERENCE_LINKED,     /* a link that was not there: its stage is
				     * where it begins, after says where it
				     * leads */
	LEAT_DIFFERENCE_UNLINKED,
	LEAT_DIFFERENCE_GUARDS, /* other guards stand around a stage, or in
				 * another order: before and after name them */
	LEAT_DIFFERENCE_STAGE   /* its priority, on_error, dead letters, or
				 * replicas are others */
};

/** All [lent] for the call. */
struct leat_difference {
	uint32_t size; /* filled by the library */
	uint32_t kind; /* enum leat_difference_kind */
	uint32_t way;  /* enum leat_way */
	uint32_t reserved;
	const char *stage;
	const char *option; /* as in struct leat_set; or what is another */
	const char *before; /* as text; "" = the default */
	const char *after;
	const char *why; /* of LEAT_WAY_NONE: why not; else "" */
	/* where it stands in the text of next; 0 bytes = nowhere */
	uint32_t at_offset, at_bytes;
};

/**
 * Tell what would have to change for a graph to be like another one. Stages are
 * known by their names.
 *
 * @param now   runs, or was parsed
 * @param next  was parsed; both are checked, or neither is
 * @param fn    called for each difference                              [lent]
 *
 * @return how many there are. Threads: any.
 */
LEAT_API uint32_t leat_graph_compare(struct leat_graph *now,
	struct leat_graph *next,
	void (*fn)(const struct leat_difference *difference, void *user),
	void *user);

/**
 * Make a running graph like another one: all that leat_graph_compare() tells of
 * the two, or nothing. The other one goes on being the caller's, and nothing of
 * it is used afterwards but its stages' ops.
 *
 * Options change as by leat_graph_set_options(), and guards with them. Between
 * two stages that both graphs have a stage of one in and one out goes, or comes
 * in the place of one that goes or of `pass`: at the same moment, if it needs
 * no more of the plan than the stage that the place was planned with, and the
 * same columns go out. Where none comes, `pass` does. A place keeps its number
 * and its counters, and gets the name of who comes.
 *
 * @param next  parsed, and checked                                     [lent]
 * @param who   for the record; NULL = ""                               [lent]
 *
 * @return as leat_graph_set_options(); LEAT_OK too where there is nothing to
 *   do. The error's place is one in the text of next.
 *   LEAT_ENOTSUP   a difference cannot be made while the graph runs: the first
 *                  of them, with its reason
 *
 * Threads, waits: as leat_graph_set_options().
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_become(struct leat_graph *graph,
	struct leat_graph *next, int64_t deadline_ns, const char *who,
	struct leat_error *err);

#ifdef __cplusplus
}
#endif
#endif
