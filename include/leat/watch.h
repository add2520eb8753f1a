/*
 * leat/watch.h -- counters of a graph and its balance sheet.
 *
 * Every record ends in exactly one way. Over a run that came to its end
 *
 *	read + made = written + filtered + failed + folded + shed
 *
 * holds for the graph, and for every stage
 *
 *	in + read + made = out + written + filtered + failed + folded + shed.
 *
 * Both sides are counted independently (the framework counts in and out, the
 * stages the rest), so a stage that loses a record is found out.
 */
#ifndef LEAT_WATCH_H
#define LEAT_WATCH_H

#include <stdbool.h>

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Counters of one stage; records unless the name says otherwise. */
struct leat_stage_stats {
	uint32_t size;    /* filled by the library */
	uint32_t flags;   /* LEAT_STATS_* */
	const char *name; /* [lent] by the graph */
	uint64_t in;      /* received */
	uint64_t out;     /* emitted */
	uint64_t read;    /* came into being from bytes or the outside */
	uint64_t made;    /* results */
	uint64_t
		filtered; /* dropped on purpose, or sent to a closed receiver */
	uint64_t failed;
	uint64_t folded; /* absorbed into a result */
	uint64_t written;
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t in_frames;
	uint64_t out_frames;
	uint64_t copied_bytes;   /* payload copied because a shared frame was
				    written */
	uint64_t wait_input_ns;  /* of its segment: nothing to do */
	uint64_t wait_credit_ns; /* of its segment: held up by the receiver */
	uint64_t shed;           /* dropped because a branch was slow */
};

#define LEAT_STATS_SOURCE (1u << 0)
#define LEAT_STATS_SINK   (1u << 1)
#define LEAT_STATS_DONE   (1u << 2)
#define LEAT_STATS_HELPER (1u << 3) /* put there for one beside it */

/** Counters of a whole graph. */
struct leat_graph_stats {
	uint32_t size;
	uint32_t n_stages;
	uint64_t read;
	uint64_t made;
	uint64_t written;
	uint64_t filtered;
	uint64_t failed;
	uint64_t folded;
	uint64_t unfinished;         /* lost hold of by a cancel or a failure */
	uint64_t source_bytes;       /* taken from sources so far */
	uint64_t source_bytes_total; /* what they hold; 0 = unknown */
	uint64_t memory_bytes;       /* pool in use now, and side memory */
	uint64_t memory_high_bytes;  /* most that was ever in use */
	uint64_t memory_bound_bytes; /* proved before the start */
	uint32_t is_balanced;        /* 1: every equation holds */
	uint32_t is_done;            /* 1: the run has ended */
	uint32_t is_drained;         /* 1: it was ended by a drain */
	uint32_t reserved;
	uint64_t shed;
};

/**
 * Check the balance of one stage at rest.
 * @return in + read + made - (out + written + filtered + failed + folded +
 * shed); 0 = balanced.
 */
LEAT_API int64_t leat_stage_balance(const struct leat_stage_stats *stats);

/* ---- load: who is slow ------------------------------------------------------ */

struct leat_graph;
struct leat_load;

#define LEAT_LOAD_WHOLE 1000000u /* parts of all the time */
#define LEAT_LOAD_NONE  UINT32_MAX

struct leat_load_opts {
	uint32_t size;        /* by LEAT_OPTS_INIT(leat_load_opts) */
	uint32_t flags;       /* none yet */
	uint64_t window_ns;   /* 0 = 1 s; from 1 ms to an hour */
	uint32_t n_windows;   /* in a row that make a bottleneck; 0 = 3 */
	uint32_t least_score; /* above which; 0 = 400 000 */
};

/**
 * What a stage did with its time, in parts of LEAT_LOAD_WHOLE; the four are
 * the whole together. Of several instances the mean.
 *
 * Stages that are fused run in turns: while one of them works, those before it
 * are held up by it, and those behind it wait for its output. How much of their
 * segment's time each has is measured on one frame of 64.
 */
struct leat_load_shares {
	uint32_t busy;    /* in its callbacks, and the framework for it */
	uint32_t starved; /* waited for input */
	uint32_t blocked; /* waited for credit */
	uint32_t idle; /* not begun, ended, or ready and waited for a worker */
};

/**
 * The load of one stage.
 *
 * score: the share of all delay that this stage causes. Who waits for a stage
 * is blocked before it or starved behind it; so a stage that is busy for a
 * share b of the window, the senders to which are blocked for u of it and the
 * receivers of which starve for d (of several the mean), causes a delay of
 * b (u + d), and its score is that divided by the sum over all stages, or by a
 * quarter of the window if that is more: where nobody is busy, nobody is slow.
 */
struct leat_stage_load {
	uint32_t size;                  /* filled by the library */
	uint32_t flags;                 /* LEAT_LOAD_BOTTLENECK */
	const char *name;               /* [lent] by the graph */
	struct leat_load_shares window; /* the last that was complete */
	struct leat_load_shares total;  /* from the start to the last look */
	uint32_t score;                 /* of that window */
	uint32_t n_above;     /* such in a row with a greater one than asked */
	uint32_t total_score; /* from the start to the last look */
	uint32_t reserved;
};

#define LEAT_LOAD_BOTTLENECK (1u << 0)

/**
 * Watch the load of a graph that was started.
 *
 * The graph counts anyhow; what this holds is the counts of the last window,
 * so any number may watch one graph.
 *
 * @param load_out  to be ended by leat_load_destroy(), before the graph
 *
 * @return LEAT_OK, LEAT_EINVAL (the text names the field), LEAT_ESTATE (the
 * graph has not been started), LEAT_ENOTSUP, LEAT_ENOMEM.
 */
LEAT_API LEAT_MUST_CHECK int leat_load_create(struct leat_graph *graph,
	const struct leat_load_opts *opts, struct leat_load **load_out,
	struct leat_error *err);

/** NULL is accepted. */
LEAT_API void leat_load_destroy(struct leat_load *load);

/**
 * Look at the graph; to be called again and again, a few times a window.
 *
 * @param now_ns  leat_now_ns()
 * @return true: a window has come to its end, and what is told is new. One that
 * was looked at late is as long as that took.
 *
 * Threads: one at a time. Waits: no. Cost: O(stages).
 */
LEAT_API bool leat_load_tick(struct leat_load *load, int64_t now_ns);

/** As of the last leat_load_tick(). LEAT_OK, LEAT_EINVAL (no such stage). */
LEAT_API LEAT_MUST_CHECK int leat_load_stage(const struct leat_load *load,
	uint32_t stage, struct leat_stage_load *load_out);

/** The stage that is one, by number, with the greatest score; LEAT_LOAD_NONE
 * = none. */
LEAT_API uint32_t leat_load_bottleneck(const struct leat_load *load);

#ifdef __cplusplus
}
#endif
#endif
