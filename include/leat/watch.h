/*
 * leat/watch.h -- counters of a graph and its balance sheet.
 *
 * Every record ends in exactly one way. Over a run that came to its end
 *
 *	read + made = written + filtered + failed + folded
 *
 * holds for the graph, and for every stage
 *
 *	in + read + made = out + written + filtered + failed + folded.
 *
 * Both sides are counted independently (the framework counts in and out, the
 * stages the rest), so a stage that loses a record is found out.
 */
#ifndef LEAT_WATCH_H
#define LEAT_WATCH_H

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

#ifdef __cplusplus
}
#endif
#endif
