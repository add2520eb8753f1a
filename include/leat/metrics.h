/*
 * leat/metrics.h -- how long things take, and everything that is counted in the
 * text form of Prometheus.
 *
 * Of one frame in 64 the calls are timed, and it stands for all of these; while
 * a segment takes 100 us and more for a frame, each of its frames is. So what
 * is told of fast stages is an estimate from a sample drawn by chance;
 * longest_ns is the longest that was in it.
 */
#ifndef LEAT_METRICS_H
#define LEAT_METRICS_H

#include <leat/base.h>
#include <leat/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- latency ---------------------------------------------------------------- */

/* what of leat_latency_read() */
/* CALL: of process, produce and finish, with guards. ARRIVAL: from a frame's
 * birth in its source until a sink is through with it. */
#define LEAT_LATENCY_CALL    0u
#define LEAT_LATENCY_ARRIVAL 1u

#define LEAT_LATENCY_ALL UINT32_MAX /* for a stage: all that have it */

/** Quantiles are at most 2 % off what the sample has. */
struct leat_latency {
	uint32_t size;  /* filled by the library */
	uint32_t flags; /* none yet */
	uint64_t n;     /* calls, or frames, that the sample stands for */
	uint64_t sum_ns;
	uint64_t longest_ns;
	uint64_t p50_ns;
	uint64_t p90_ns;
	uint64_t p99_ns;
	uint64_t p999_ns;
	uint64_t p9999_ns;
};

/**
 * How long it has taken, since the start, over all replicas.
 *
 * @param stage  by number, or LEAT_LATENCY_ALL
 * @param what   LEAT_LATENCY_*
 *
 * @return LEAT_OK, LEAT_EINVAL (no such stage, or for ARRIVAL it is no sink),
 * LEAT_ENOTSUP (a graph with LEAT_GRAPH_NO_LATENCY).
 *
 * Threads: any, after the start. Waits: no. Allocates: no; needs 16 KiB of
 * stack. Source: HdrHistogram.
 */
LEAT_API LEAT_MUST_CHECK int leat_latency_read(const struct leat_graph *graph,
	uint32_t stage, uint32_t what, struct leat_latency *latency_out);

/** So many took more than low_ns and at most high_ns. */
typedef void (*leat_latency_fn)(
	void *user, uint64_t low_ns, uint64_t high_ns, uint64_t n);

/** Call fn for each bucket that is not empty, the shortest first; buckets of
 * all graphs are the same, so that counts can be added up. As above. */
LEAT_API LEAT_MUST_CHECK int leat_latency_each(const struct leat_graph *graph,
	uint32_t stage, uint32_t what, leat_latency_fn fn, void *user);

/* ---- Prometheus ------------------------------------------------------------- */

#define LEAT_METRICS_OPENMETRICS (1u << 0) /* 1.0.0, else text format 0.0.4 */

struct leat_metrics_opts {
	uint32_t size;  /* by LEAT_OPTS_INIT(leat_metrics_opts) */
	uint32_t flags; /* LEAT_METRICS_* */
	/* a label `graph` for all; NULL = none                      [lent] */
	const char *graph;
	/* adds shares and the bottleneck, as of its last look; or NULL [lent]
	 */
	const struct leat_load *load;
	/* adds what stands still; or NULL                           [lent] */
	const struct leat_stall *stall;
};

/**
 * Write what is counted of a graph that was started. Names begin with leat_,
 * units are seconds and bytes, counters end in _total; histograms have a bucket
 * for each power of two from 1 us to 68 s. docs/monitoring.md lists them.
 *
 * @param write  called with pieces of up to 1 KiB
 *
 * @return LEAT_OK, LEAT_EINVAL, LEAT_ENOTSUP, LEAT_ESTATE (not started).
 *
 * Threads: any. Waits: no. Allocates: no; needs 16 KiB of stack.
 */
LEAT_API LEAT_MUST_CHECK int leat_metrics_write(const struct leat_graph *graph,
	const struct leat_metrics_opts *opts, leat_write_fn write, void *user,
	struct leat_error *err);

#ifdef __cplusplus
}
#endif
#endif
