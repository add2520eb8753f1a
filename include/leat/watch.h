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
	/* of those that failed; the rest of them ended the run */
	uint64_t dead_lettered; /* written to the dead letters */
	uint64_t skipped;       /* as on_error=skip asks for */
	uint64_t given_up;      /* by a guard, with the whole frame */
};

#define LEAT_STATS_SOURCE (1u << 0)
#define LEAT_STATS_SINK   (1u << 1)
#define LEAT_STATS_DONE   (1u << 2)
#define LEAT_STATS_HELPER (1u << 3) /* put there for one beside it */
/* whom a drain waits for: all before it have ended, or it holds them up */
#define LEAT_STATS_AWAITED (1u << 4)

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
	uint64_t dead_lettered; /* of failed, as above */
	uint64_t skipped;
	uint64_t given_up;
};

/**
 * Check the balance of one stage at rest.
 * @return in + read + made - (out + written + filtered + failed + folded +
 * shed); 0 = balanced.
 */
LEAT_API int64_t leat_stage_balance(const struct leat_stage_stats *stats);

/* ---- in flight: the sheet while it runs ----------------------------------- */

struct leat_graph;

#define LEAT_FLIGHT_NONE UINT32_MAX

/**
 * How many records have begun (read, made) and not ended yet. While a graph
 * runs
 *
 *	read + made = written + filtered + failed + folded + shed + in flight
 *
 * holds at every moment, but nobody sees all counters at one moment: what is
 * known are bounds, and the number itself if nothing has changed meanwhile.
 */
struct leat_flight {
	uint32_t size;     /* filled by the library */
	uint32_t is_exact; /* 1: least and most are the number */
	uint64_t least;
	uint64_t most;
	/* 1: no stage has told of more than it had, no link has delivered more
	 * than was sent. True of every stage that counts a record as read or
	 * made before it emits it, as the ready-made ones do. */
	uint32_t is_sound;
	uint32_t fault; /* the first stage of which that is not true, by
			   number; LEAT_FLIGHT_NONE */
};

/**
 * Look at the balance of a graph while it runs.
 *
 * A record that a stage has lost stays in flight for ever; at the end it is
 * found out (is_balanced). One that was invented is found at once, here.
 *
 * Threads: any. Waits: no. Cost: O(stages).
 */
LEAT_API void leat_graph_flight(
	const struct leat_graph *graph, struct leat_flight *flight_out);

/* ---- load: who is slow ------------------------------------------------------ */

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

/* ---- links ------------------------------------------------------------------ */

/**
 * One link. credit_frames + queued_frames + held_frames = window_frames, where
 * it has a channel; all are 0 where it is fused.
 */
struct leat_link_stats {
	uint32_t size;         /* filled by the library */
	uint32_t flags;        /* LEAT_LINK_* */
	uint32_t from, to;     /* stages, by number */
	uint32_t out, in;      /* which end of each */
	const char *from_name; /* [lent] by the graph */
	const char *to_name;
	uint64_t records; /* that went in, so far */
	uint64_t bytes;
	uint64_t frames;
	uint64_t refused;       /* records: the receiver had closed */
	uint32_t window_frames; /* most on their way at once */
	uint32_t credit_frames; /* that may go now */
	uint32_t queued_frames; /* sent, and not yet taken */
	uint32_t held_frames;   /* in the receiver's hands */
	uint64_t window_bytes;  /* 0 = no own limit */
	uint64_t flight_bytes;  /* queued or held */
};

#define LEAT_LINK_FUSED   (1u << 0) /* inside a segment: no channel */
#define LEAT_LINK_ENDED   (1u << 1) /* the sender has closed */
#define LEAT_LINK_CLOSED  (1u << 2) /* the receiver wants no more */
#define LEAT_LINK_ORDERED (1u << 3) /* leads to an ordered merge */

/**
 * Counters of the link with this number, from 0 on, in the order of their
 * making. While the graph runs they may be a few frames apart.
 *
 * @return LEAT_OK, LEAT_EINVAL: there is none.
 *
 * Threads: any, after the start. Waits: no.
 */
LEAT_API LEAT_MUST_CHECK int leat_link_stats(const struct leat_graph *graph,
	uint32_t link, struct leat_link_stats *stats_out);

/* ---- rows that go by --------------------------------------------------------- */

struct leat_tap;

struct leat_tap_opts {
	uint32_t size;  /* by LEAT_OPTS_INIT(leat_tap_opts) */
	uint32_t flags; /* 0 */
	uint32_t rows;  /* of a frame, evenly spread; 0 = 8 */
};

/** What a tap has seen of one frame. */
struct leat_tap_rows {
	uint32_t size;    /* filled by the library */
	uint32_t n;       /* rows that are told */
	uint32_t n_of;    /* rows that the frame had */
	uint32_t n_bytes; /* of text */
	/* A row is a JSON object in a line. Of a table its columns: numbers and
	 * bool as they are, other types as strings, null; of rows of text
	 * {"text":...}; of items {"item":"0011..."}, in hexadecimal; of bytes
	 * {"bytes":N,"text":...}, the beginning. A value is cut after
	 * LEAT_TAP_VALUE_BYTES, and ends in an ellipsis then. */
	const char *text; /* [lent] until the next take, or the close */
};

#define LEAT_TAP_VALUE_BYTES 1024

/**
 * Look at the rows that pass a link, now and then. The frame is not kept: who
 * sends it next writes some rows of it down, in about a microsecond each, and
 * goes on; nobody ever waits for the reader. A link with no tap costs a load a
 * frame.
 *
 * @param link     its number, as for leat_link_stats()
 * @param tap_out  to be closed by leat_tap_close(), before the graph is
 *                 destroyed
 *
 * @return LEAT_OK; LEAT_EINVAL (no such link; the text says how many there
 * are); LEAT_ESTATE (neither checked nor started, or another one looks at this
 * link); LEAT_ENOMEM
 * (64 KiB beside the plan, which stay with the graph).
 *
 * Threads: any. Waits: no.
 */
LEAT_API LEAT_MUST_CHECK int leat_tap_open(struct leat_graph *graph,
	uint32_t link, const struct leat_tap_opts *opts,
	struct leat_tap **tap_out, struct leat_error *err);

/**
 * Rows of a frame that has passed since the last call, which asks for the next.
 *
 * @return true: rows_out is filled; false: none has passed yet.
 *
 * Threads: one at a time. Waits: no.
 */
LEAT_API bool leat_tap_take(
	struct leat_tap *tap, struct leat_tap_rows *rows_out);

/** Columns of the table that was taken last, as `schema=` of `json.parse`
 * wants them: "id:int64,day:date". @return length without the NUL; cut if
 * n_bytes is too short; 0: it was none. */
LEAT_API size_t leat_tap_columns(
	const struct leat_tap *tap, char *buf, size_t n_bytes);

/** NULL is accepted. Waits for a sender that is writing rows down. */
LEAT_API void leat_tap_close(struct leat_tap *tap);

/* ---- why nothing moves ------------------------------------------------------ */

struct leat_watchdog;

/**
 * Say in one sentence who waits for whom, on what, since when, and what stops
 * next: from the stage with work that has waited for longest to the one that
 * all wait for, which is named first. Of a graph that moves it is that of a
 * moment.
 *
 * @return length without the NUL; cut if n_bytes is too short. 0 before the
 * start.
 *
 * Threads: any. Waits: no. Allocates: no. Cost: O(stages^2) at the most.
 */
LEAT_API size_t leat_graph_why(
	const struct leat_graph *graph, char *buf, size_t n_bytes);

/**
 * What a watchdog has found.
 *
 * Stages that are fused count as one. One has work while a frame was sent to it
 * with which it is not through, or while it has something and waits to get rid
 * of it, or is in a call; but a source in its call to produce has none, and
 * none has what a stage keeps for later. It makes progress when a frame comes
 * in or goes out, or a record is counted. It stands still from the first look
 * that finds it with work and as the look before it did. So a graph without
 * input never stands still, and one stage that does is found while others go
 * on.
 */
struct leat_stall {
	uint32_t size;     /* filled by the library */
	uint32_t stage;    /* that it waits for in the end, by number */
	uint64_t ns;       /* the one for longest has stood still; 0 = none */
	uint32_t n_stages; /* that stand still */
	uint32_t reserved;
};

/** Watch a graph that was started. To be ended by leat_watchdog_destroy(),
 * before the graph. LEAT_OK, LEAT_ESTATE, LEAT_ENOMEM. */
LEAT_API LEAT_MUST_CHECK int leat_watchdog_create(struct leat_graph *graph,
	struct leat_watchdog **dog_out, struct leat_error *err);

/** NULL is accepted. */
LEAT_API void leat_watchdog_destroy(struct leat_watchdog *dog);

/**
 * Look at the graph; to be called again and again: what is found is late by the
 * time between two looks at the most, and never early.
 *
 * @param now_ns  leat_now_ns()
 *
 * Threads: one at a time. Waits: no. Cost: O(stages).
 */
LEAT_API void leat_watchdog_tick(struct leat_watchdog *dog, int64_t now_ns,
	struct leat_stall *stall_out);

/** As leat_graph_why(), from the one that has stood still for longest; the
 * same where none does. */
LEAT_API size_t leat_watchdog_why(
	const struct leat_watchdog *dog, char *buf, size_t n_bytes);

#ifdef __cplusplus
}
#endif
#endif
