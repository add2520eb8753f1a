/*
 * leat/graph.h -- build a graph of stages, check it, run it.
 *
 * Every call up to leat_graph_start() belongs to one thread. After it,
 * leat_graph_wait, _drain, _cancel and _stats may be called from any.
 *
 *	struct leat_graph *g;
 *	struct leat_error err;
 *
 *	if (leat_graph_create(NULL, &g, &err) ||
 *	    leat_graph_parse(g, "read a.csv ! where \"n > 3\" ! write b.csv",
 *		    &err) ||
 *	    leat_graph_run(g, &err))
 *		fprintf(stderr, "%s\n", err.text);
 *	leat_graph_destroy(g);
 */
#ifndef LEAT_GRAPH_H
#define LEAT_GRAPH_H

#include <leat/base.h>
#include <leat/ctx.h>
#include <leat/stage.h>
#include <leat/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_graph;
struct leat_stage_set;

#define LEAT_GRAPH_STAGES_MAX  4096
#define LEAT_GRAPH_WORKERS_MAX 256
#define LEAT_GRAPH_TEXT_MAX    (1u << 20) /* bytes of a description */

/* Priorities of stages, 0 = first: as the rank of a struct leat_group. */
#define LEAT_PRIORITIES      8u
#define LEAT_PRIORITY_HIGH   2u
#define LEAT_PRIORITY_NORMAL 4u
#define LEAT_PRIORITY_LOW    6u

/* schedule of leat_graph_opts */
#define LEAT_SCHEDULE_STRICT   0u /* nothing of a later one while one waits */
#define LEAT_SCHEDULE_WEIGHTED 1u /* each gets time by its weight */

#define LEAT_WEIGHT_MAX 1000u

/* flags of leat_graph_opts: how long things take is not kept (see
 * leat/metrics.h), and needs no memory */
#define LEAT_GRAPH_NO_LATENCY (1u << 0)
/*
 * For tests: the graph's clock goes on only while all of its threads wait, and
 * then at once to the first moment that one of them waits for. So an hour of
 * waiting takes no time, and threads, queues and guards are the real ones. Not
 * with a parent: contexts of one tree go by one clock.
 */
#define LEAT_GRAPH_VIRTUAL_TIME (1u << 1)

struct leat_graph_opts {
	uint32_t size;            /* by LEAT_OPTS_INIT(leat_graph_opts) */
	uint32_t flags;           /* LEAT_GRAPH_*; unknown bits are refused */
	uint32_t workers;         /* threads for segments; 0 = one per core */
	uint32_t capacity_frames; /* of every link not told otherwise; 0 = 4, */
				  /* 2 of frames over 1 MiB */
	uint64_t memory_bytes;    /* refuse a plan over this; 0 = no limit */
	uint64_t spin_ns;        /* busy wait before a worker parks; 0 = none */
	uint64_t quantum_ns;     /* a segment yields after this; 0 = 100 us */
	struct leat_ctx *parent; /* ends the run when it ends; NULL = none */
	const struct leat_stage_set *stages; /* [lent] outlives the graph; */
					     /* NULL = leat_stages */
	uint32_t schedule;                   /* LEAT_SCHEDULE_* */
	uint32_t reserved;                   /* 0 */
	/* of the priorities, up to LEAT_WEIGHT_MAX; 0 = 128, 64, ... 1 */
	uint32_t weights[LEAT_PRIORITIES];
	/* where dead letters go, of stages that have no dead_letters of their
	 * own: see leat/dead.h; NULL = nowhere. Copied.               [lent] */
	const char *dead_letters;
	uint64_t hash_seed; /* see leat_stage_hash_seed(); 0 = drawn anew */
	/* worker k stays on the k-th of these cores, over and over: "off";
	 * "cores", all that the process may run on; or a list, "0-3,8".
	 * Threads of blocking stages stay on none. NULL = off          [lent]
	 */
	const char *pin;
};

/** What becomes of a record that a stage cannot deal with. */
enum leat_on_error {
	LEAT_ON_ERROR_STOP = 0,   /* the run fails with it */
	LEAT_ON_ERROR_SKIP,       /* it is left out */
	LEAT_ON_ERROR_DEAD_LETTER /* it is written to the stage's dead_letters,
				   * or the graph's */
};

struct leat_link_opts {
	uint32_t size;            /* by LEAT_OPTS_INIT(leat_link_opts) */
	uint32_t flags;           /* none yet */
	uint32_t capacity_frames; /* 0 = the graph's */
	uint64_t capacity_bytes;  /* payload in flight; 0 = no own limit */
};

/** One end of a link; made by leat_out() and leat_in(). */
struct leat_end {
	struct leat_stage *stage;
	uint32_t index;
};

/** One step of leat_graph_chain(). */
struct leat_step {
	const struct leat_stage_ops *ops;
	const void *opts; /* NULL = defaults */
};

static inline struct leat_end
leat_out(struct leat_stage *stage, uint32_t index)
{
	struct leat_end end = {stage, index};

	return end;
}

static inline struct leat_end
leat_in(struct leat_stage *stage, uint32_t index)
{
	struct leat_end end = {stage, index};

	return end;
}

/**
 * Create an empty graph with its root context.
 *
 * @param opts       NULL = all defaults                                 [lent]
 * @param graph_out  to be ended by leat_graph_destroy()                [given]
 *
 * @return LEAT_OK, LEAT_EINVAL (the text names the field), LEAT_ENOTSUP
 * (options of a newer version), or LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_create(
	const struct leat_graph_opts *opts, struct leat_graph **graph_out,
	struct leat_error *err);

/**
 * Cancel if it runs, wait for its threads, free everything. NULL is accepted;
 * so is a graph that was never started.
 */
LEAT_API void leat_graph_destroy(struct leat_graph *graph);

/**
 * Put a stage into the graph.
 *
 * @param name   unique in the graph; NULL = the ops' name, numbered    [lent]
 * @param opts   the stage's options struct, size first; NULL = defaults.
 *               Strings in it are copied.                             [lent]
 * @param stage_out  lives as long as the graph                         [lent]
 *
 * @return LEAT_OK, or
 *   LEAT_EINVAL  bad ops, a name in use, an option outside its range
 *   LEAT_ENOTSUP ops or opts of a newer version
 *   LEAT_ELIMIT  LEAT_GRAPH_STAGES_MAX reached
 *   LEAT_ESTATE  the graph has started
 *   LEAT_ENOMEM
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_add(struct leat_graph *graph,
	const char *name, const struct leat_step *step,
	struct leat_stage **stage_out, struct leat_error *err);

/**
 * Say what becomes of records that a stage cannot deal with; in a graph's text
 * on_error=stop|skip|skip(MAX)|dead-letter. Each is counted as failed.
 *
 * Of a stage with LEAT_STAGE_REPEATS, a frame that it failed with because of
 * its data (class DATA) is tried in halves, each in its order, until only the
 * records are left that are wrong: at most 2 n calls for n records, and for k
 * wrong ones about 2 k log2(n). Bytes are not cut: such a frame is one letter.
 *
 * @param how  enum leat_on_error; of DEAD_LETTER the check makes sure that
 *             there is a place for them
 * @param max  of SKIP: one more fails the run; 0 = any number
 *
 * @return LEAT_OK, LEAT_EINVAL (a stage with neither LEAT_STAGE_REJECTS nor
 * LEAT_STAGE_REPEATS), LEAT_ESTATE (the graph has started).
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_set_on_error(struct leat_stage *stage,
	uint32_t how, uint64_t max, struct leat_error *err);

/**
 * Say where a stage's dead letters go, in place of the graph's dead_letters; in
 * a graph's text dead_letters=FILE. Unless it is told another on_error, it has
 * dead letters then. Several stages may share a path.
 *
 * @param path  see leat/dead.h; NULL = the graph's. Copied.            [lent]
 *
 * @return as leat_stage_set_on_error(), or LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_set_dead_letters(
	struct leat_stage *stage, const char *path, struct leat_error *err);

/**
 * Say when a stage is run, if several are ready. Without it a stage has the
 * priority of those that it is fused with (see leat_graph_explain), and where
 * none was given any, LEAT_PRIORITY_NORMAL.
 *
 * By LEAT_SCHEDULE_STRICT a worker leaves what it runs between two frames, or
 * after the quantum, for what is of an earlier priority, so that never waits
 * for longer; and what is of a later one may wait for ever. By
 * LEAT_SCHEDULE_WEIGHTED all that are ready share the workers' time.
 *
 * @param priority  0 (first) to LEAT_PRIORITIES - 1
 *
 * @return LEAT_OK, LEAT_EINVAL (a greater one; or the stage has a thread of
 * its own, LEAT_STAGE_BLOCKING), LEAT_ESTATE (the graph has started).
 */
LEAT_API LEAT_MUST_CHECK int leat_stage_set_priority(
	struct leat_stage *stage, uint32_t priority, struct leat_error *err);

/**
 * Join an out to an in. Each end takes one link.
 *
 * @return LEAT_OK, LEAT_EINVAL (no such end, or in use), LEAT_ESTATE,
 * LEAT_ENOTSUP, or LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_link(struct leat_graph *graph,
	struct leat_end out, struct leat_end in,
	const struct leat_link_opts *opts, struct leat_error *err);

/** Add n_steps stages and link each to the next. Codes as add and link. */
LEAT_API LEAT_MUST_CHECK int leat_graph_chain(struct leat_graph *graph,
	const struct leat_step *steps, uint32_t n_steps,
	struct leat_error *err);

/**
 * Add what a description says.
 *
 *	stage positional key=value ! next stage
 *
 * Double quotes hold spaces, a backslash escapes inside them; `#` starts a
 * comment to the end of the line. name=t names a stage, `t.` continues from its
 * next free out and `t.1` from its out 1; priority=high|normal|low or 0 to 7
 * says when it is run. `parallel n..m { a ! b }` stands for replicas of a chain
 * (leat/parallel.h). Files with a known extension bring their parser or
 * formatter along, and a chain that ends without a sink is written to standard
 * output.
 *
 * @param text  UTF-8, at most LEAT_GRAPH_TEXT_MAX bytes; copied        [lent]
 *
 * @return LEAT_OK, or LEAT_EINVAL with the place for a caret (draw it with
 * leat_error_caret(text, err)), LEAT_ELIMIT, LEAT_ESTATE, LEAT_ENOMEM.
 * On an error the graph is to be destroyed.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_parse(
	struct leat_graph *graph, const char *text, struct leat_error *err);

/**
 * As leat_graph_parse, for a description one chain of which has no sink: its
 * end stays open, for leat_graph_link() or leat_arrow_out().
 *
 * @return also LEAT_EINVAL if it is none, or more than one.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_parse_open(struct leat_graph *graph,
	const char *text, struct leat_end *end_out, struct leat_error *err);

/**
 * Check the graph and make its plan, without reading or writing data: ends,
 * cycles, layouts, options, columns (where the source can be looked at),
 * memory. leat_graph_start() does the same first.
 *
 * @return LEAT_OK, or the code of the first finding, with text and place.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_check(
	struct leat_graph *graph, struct leat_error *err);

/**
 * Would a stage find what it is to open: its files, a folder that it may write
 * to and space there, connections? It looks, and changes nothing; its dead
 * letters' folder is looked at too. After leat_graph_check().
 *
 * @param stage  its number, 0 to n_stages - 1
 *
 * @return LEAT_OK, or what opening it would return, with text and place;
 * LEAT_EINVAL, LEAT_ESTATE.
 *
 * Threads: one. Waits: for the outside world, until the graph is cancelled.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_probe(
	struct leat_graph *graph, uint32_t stage, struct leat_error *err);

/**
 * Write the graph in its full form, as text that parses to the same graph.
 *
 * @return length without the NUL; cut if n_bytes is too short.
 */
LEAT_API size_t leat_graph_show(
	const struct leat_graph *graph, char *buf, size_t n_bytes);

/**
 * Write the plan: segments, links, frames, bytes proved. Needs a check first.
 *
 * @return length without the NUL; cut if n_bytes is too short.
 */
LEAT_API size_t leat_graph_explain(
	const struct leat_graph *graph, char *buf, size_t n_bytes);

/** Write the graph as a picture, in Graphviz' dot language. */
LEAT_API size_t leat_graph_write_dot(
	const struct leat_graph *graph, char *buf, size_t n_bytes);

/** Bytes that the plan proved: pool and side memory. 0 before the check. */
LEAT_API uint64_t leat_graph_bound_bytes(const struct leat_graph *graph);

/**
 * Check, freeze, open and run; returns as soon as all threads are started.
 *
 * @return LEAT_OK, or what check and the stages' open return. LEAT_ESTATE if
 * it was started before.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_start(
	struct leat_graph *graph, struct leat_error *err);

/**
 * Wait for the end.
 *
 * @param deadline_ns  absolute; LEAT_NEVER = no limit
 * @param err          the first cause, with stage, place and text
 *
 * @return LEAT_OK when everything arrived (also after a drain);
 *   LEAT_ETIMEDOUT  deadline_ns passed, it still runs; or, if
 *                   leat_graph_is_over(), that was how it failed
 *   LEAT_ECANCELED  cancelled from outside
 *   LEAT_ESTATE     never started
 *   else the code of the first failure
 *
 * Threads: any; a fiber (leat/task.h) gives its worker away until all work has
 * ended. The first one to come then joins the graph's threads and calls the
 * stages' fini, on its own stack; the others wait for that. Waits: yes.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_wait(
	struct leat_graph *graph, int64_t deadline_ns, struct leat_error *err);

#define LEAT_GRAPH_ERRORS_MAX 8u /* that are kept of one graph */

/**
 * What went wrong, one after the other: first the cause, as leat_graph_wait()
 * or a failed leat_graph_start() tells it; then what failed after it or because
 * of it, in the order of time: other stages while the run was ended, what was
 * to be cleaned up. After a run that ended well all of them are such that have
 * cost no record: a temporary file that could not be removed, say.
 *
 * Settled when leat_graph_wait() or leat_graph_start() has returned; before, in
 * the order of time. Codes of the class EXPECTED are there if they are the
 * cause, or a deadline that a stage has missed.
 *
 * @param k        0 to leat_graph_n_errors(), below LEAT_GRAPH_ERRORS_MAX
 *
 * @return LEAT_OK, LEAT_EINVAL: there is none, or it was not kept.
 *
 * Threads: any. Waits: no.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_error(
	struct leat_graph *graph, uint32_t k, struct leat_error *err_out);

/** How many there were; those over LEAT_GRAPH_ERRORS_MAX were not kept. */
LEAT_API uint32_t leat_graph_n_errors(struct leat_graph *graph);

/**
 * A file that becomes readable, for good, once leat_graph_wait() has nothing
 * left to wait for: to wait for the end beside other things, in a poll().
 *
 * @param fd_out  not to be read or closed; lives as long as the graph   [lent]
 *
 * @return LEAT_OK, LEAT_ESTATE (never started), or LEAT_ELIMIT (no file to be
 * had). From any thread.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_end_fd(
	struct leat_graph *graph, int *fd_out, struct leat_error *err);

/** Has leat_graph_wait() come to the end? From any thread. */
LEAT_API bool leat_graph_is_over(const struct leat_graph *graph);

/** Start and wait for the end. */
LEAT_API LEAT_MUST_CHECK int leat_graph_run(
	struct leat_graph *graph, struct leat_error *err);

/**
 * End it, and lose nothing: sources stop, what was accepted arrives, stages
 * finish, and then, when no other stage is left, sinks complete their outputs.
 * Returns at once; the order of these is that of enum leat_drain_phase.
 *
 * Whatever holds data back for a time lets go of it: a source that waits for
 * input or in a guard ends, and @retry goes on without its delays. What a guard
 * promises to others stands: @rate keeps its rate, @breaker its pause.
 *
 * Threads: any. Before the start, and after the end, it does nothing.
 */
LEAT_API void leat_graph_drain(struct leat_graph *graph);

/**
 * As leat_graph_drain, for a limited time: then it is cancelled, and fails with
 * LEAT_ETIMEDOUT and a text that names whom it waited for and counts what had
 * not arrived. Called again it moves the deadline.
 *
 * @param deadline_ns  of leat_now_ns(), which steps of the wall clock do not
 *                     move, and which goes on while the process is stopped
 *                     (SIGSTOP): one that passed meanwhile counts as it goes
 *                     on. LEAT_NEVER = no limit any more
 *
 * @return LEAT_OK, or
 *   LEAT_ESTATE  never started, or it has ended
 *   LEAT_ENOMEM  no memory or no thread for the deadline; it drains without
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_drain_until(
	struct leat_graph *graph, int64_t deadline_ns);

/** How far a drain is; each begins when those before are over. */
enum leat_drain_phase {
	LEAT_DRAIN_NONE = 0, /* none was asked for */
	LEAT_DRAIN_SOURCES,  /* sources stop */
	LEAT_DRAIN_ARRIVE,   /* what they gave arrives */
	LEAT_DRAIN_FINISH,   /* stages tell what they held, and it arrives */
	LEAT_DRAIN_COMMIT,   /* sinks complete their outputs */
	LEAT_DRAIN_OVER
};

#define LEAT_DRAIN_PHASES 6u

struct leat_drain_stats {
	uint32_t size;  /* filled by the library */
	uint32_t phase; /* enum leat_drain_phase */
	/* when each began; 0 = not yet, or a cancel has left it out. One that
	 * there was nothing to do in began as the next did. */
	int64_t began_ns[LEAT_DRAIN_PHASES];
	int64_t deadline_ns; /* LEAT_NEVER = none */
	uint64_t n_left;     /* records that have not come to their end */
	uint32_t n_awaited;  /* stages with LEAT_STATS_AWAITED */
	uint32_t is_late;    /* 1: the deadline has cancelled it */
};

/** Where a drain stands; whom it waits for say leat_stage_stats() in their
 * flags, LEAT_STATS_AWAITED. From any thread, at any time. */
LEAT_API void leat_graph_drain_stats(
	const struct leat_graph *graph, struct leat_drain_stats *stats_out);

/** "what was read arrives"; "?" for a number that is none. */
LEAT_API const char *leat_drain_phase_text(uint32_t phase);

/** End it now. The outputs are not completed. Returns at once. */
LEAT_API void leat_graph_cancel(struct leat_graph *graph);

/** Its root context, to hang other work on. [lent] */
LEAT_API struct leat_ctx *leat_graph_ctx(struct leat_graph *graph);

/** A snapshot of the counters; exact once leat_graph_wait() has returned. */
LEAT_API void leat_graph_stats(
	const struct leat_graph *graph, struct leat_graph_stats *stats_out);

/** Counters of the stage with this number, 0 to n_stages - 1. */
LEAT_API LEAT_MUST_CHECK int leat_stage_stats(const struct leat_graph *graph,
	uint32_t stage, struct leat_stage_stats *stats_out);

#ifdef __cplusplus
}
#endif
#endif
