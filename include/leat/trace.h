/*
 * leat/trace.h -- where time goes: a trace of the scheduler, and spans.
 *
 * Two things that do not need each other, both asked for before the start:
 *
 * - leat_graph_trace_file(): what every thread of a run did, and what every
 *   segment waited for, in a file that Perfetto and chrome://tracing read.
 * - leat_graph_trace_export(): spans, as OpenTelemetry has them, of the run and
 *   of the calls of stages for some frames, with the traces of whoever calls
 *   and is called (W3C traceparent and tracestate, B3).
 *
 * docs/tracing.md shows both.
 */
#ifndef LEAT_TRACE_H
#define LEAT_TRACE_H

#include <stdbool.h>

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_frame;
struct leat_graph;
struct leat_stage;

/* ---- contexts ---------------------------------------------------------------- */

/** Which span something belongs to. A trace_id of zeros = none. */
struct leat_trace_context {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t flags; /* LEAT_TRACE_SAMPLED */
	uint8_t reserved[7];
};

#define LEAT_TRACE_SAMPLED (1u << 0) /* its spans are recorded */

#define LEAT_TRACE_STATE_MAX         512u /* bytes of a tracestate */
#define LEAT_TRACE_TRACEPARENT_BYTES 56u  /* with the NUL */
#define LEAT_TRACE_B3_BYTES          52u

/**
 * Read a traceparent header or environment variable, "00-4bf9...-00f0...-01".
 * Of a version above 00 what is known is read, and what follows it is not.
 *
 * @return LEAT_OK, or LEAT_EINVAL; the text says what is wrong with it.
 * Source: W3C Trace Context, section 3.2.
 */
LEAT_API LEAT_MUST_CHECK int leat_trace_parse_traceparent(const char *text,
	size_t n_bytes, struct leat_trace_context *context_out,
	struct leat_error *err);

/** Write it, version 00; returns buf. */
LEAT_API char *leat_trace_format_traceparent(
	const struct leat_trace_context *context,
	char buf[LEAT_TRACE_TRACEPARENT_BYTES]);

/**
 * Read a tracestate, and write it in its shortest form.
 *
 * @param buf  LEAT_TRACE_STATE_MAX + 1 bytes; NUL-terminated
 *
 * @return LEAT_OK, or LEAT_EINVAL: a member that is none, a key that comes
 * twice, more than 32 members or LEAT_TRACE_STATE_MAX bytes. Then it is to be
 * dropped, and the traceparent kept. Source: W3C Trace Context, section 3.3.
 */
LEAT_API LEAT_MUST_CHECK int leat_trace_parse_tracestate(
	const char *text, size_t n_bytes, char *buf, struct leat_error *err);

/**
 * Read a b3 header, "TRACE-SPAN-SAMPLED-PARENT", the last two of which can be
 * left out. "0" alone: not sampled, and no trace; trace_id is zeros then. Trace
 * ids of 16 digits are filled up with zeros.
 *
 * @return LEAT_OK or LEAT_EINVAL. Source: openzipkin/b3-propagation.
 */
LEAT_API LEAT_MUST_CHECK int leat_trace_parse_b3(const char *text,
	size_t n_bytes, struct leat_trace_context *context_out,
	struct leat_error *err);

/** The same in several headers; each NUL-terminated, or NULL = not there. */
struct leat_trace_b3 {
	const char *trace_id; /* X-B3-TraceId */
	const char *span_id;  /* X-B3-SpanId */
	const char *sampled;  /* X-B3-Sampled: 0, 1, true or false */
	const char *flags;    /* X-B3-Flags: 1 = sampled, whatever that says */
};

/** As leat_trace_parse_b3(). None of them there: LEAT_OK, and no trace. */
LEAT_API LEAT_MUST_CHECK int leat_trace_parse_b3_headers(
	const struct leat_trace_b3 *headers,
	struct leat_trace_context *context_out, struct leat_error *err);

/** Write a b3 header, which has all that the several have; returns buf. */
LEAT_API char *leat_trace_format_b3(const struct leat_trace_context *context,
	char buf[LEAT_TRACE_B3_BYTES]);

/** Is there a trace at all? */
LEAT_API bool leat_trace_is_set(const struct leat_trace_context *context);

/* ---- contexts of frames ------------------------------------------------------ */

/**
 * Say what trace a frame belongs to, which a message brought, say. When it is
 * emitted, the stage's span for it is a child of context's, and what becomes of
 * the frame belongs to the same trace.
 *
 * @param frame    held alone, and not emitted yet
 * @param state    its tracestate, of up to LEAT_TRACE_STATE_MAX bytes; or NULL
 *
 * @return LEAT_OK, LEAT_EINVAL (no trace, a longer state), or LEAT_ENOTSUP: the
 * run is not traced, and there is no need to.
 *
 * Threads: who holds the frame. Waits: no. Allocates: no.
 */
LEAT_API int leat_frame_trace_set(struct leat_frame *frame,
	const struct leat_trace_context *context, const char *state);

/** The trace of a frame, and the last span by which it was changed. false:
 * none. */
LEAT_API bool leat_frame_trace_get(
	const struct leat_frame *frame, struct leat_trace_context *context_out);

/** Its tracestate, to go out with it; "" = none. [lent] as long as the frame is
 * held. */
LEAT_API const char *leat_frame_trace_state(const struct leat_frame *frame);

/**
 * In a callback: the span of the call under way. What the stage sends to others
 * carries this, and their spans are its children then. false: none.
 */
LEAT_API bool leat_stage_trace(
	const struct leat_stage *st, struct leat_trace_context *context_out);

/* ---- the scheduler ----------------------------------------------------------- */

#define LEAT_TRACE_RING_EVENTS_MAX (1u << 20)

struct leat_trace_file_opts {
	uint32_t size;        /* by LEAT_OPTS_INIT(leat_trace_file_opts) */
	uint32_t flags;       /* none yet; unknown bits are refused */
	const char *path;     /* what was there is gone; copied */
	uint32_t ring_events; /* of each thread, that are not written yet; */
	/* rounded up to 2^n; 0 = 16384 */
	uint32_t reserved;
	uint64_t max_bytes; /* of the file; 0 = 1 GiB */
};

/**
 * Write what the threads of a run do into a file, as a JSON array of trace
 * events (Chrome's format). Threads: what each of them ran, which calls of
 * stages were timed, that it was parked or took work of another. Segments: what
 * each waited for, and how long it was ready before it ran. Links: frames that
 * wait, and credit.
 *
 * The threads write into rings of a fixed size, and never wait: what finds no
 * room is counted, and the file says how much that was. A file that cannot be
 * written any more is left as it is, the run goes on, and leat_graph_error()
 * tells of it.
 *
 * Before the start; its memory is part of what the plan proves.
 *
 * @return LEAT_OK, LEAT_EINVAL (the text names the field), LEAT_ESTATE (it has
 * been asked for, or the graph has been checked), LEAT_ENOTSUP, LEAT_ENOMEM. A
 * file that cannot be made fails the start.
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_trace_file(struct leat_graph *graph,
	const struct leat_trace_file_opts *opts, struct leat_error *err);

/* ---- spans ------------------------------------------------------------------- */

#define LEAT_TRACE_WHOLE 1000000u /* parts of all frames */

/** Begin no traces: follow those that frames are given. */
#define LEAT_TRACE_FOLLOW (1u << 0)
/** A frame's trace is its own, with a link to the run, not a part of the run's;
 * for runs that do not end. */
#define LEAT_TRACE_APART (1u << 1)

/**
 * Send spans: the body of an OTLP/HTTP request in JSON, to POST to
 * .../v1/traces as application/json.
 *
 * @return LEAT_OK; LEAT_EAGAIN: it is to be sent again, later; any other code:
 * it is given up.
 *
 * Threads: one of the library's own, and may wait: for the end of a run that
 * is at most linger_ns.
 */
typedef int (*leat_trace_send_fn)(void *user, const char *json, size_t n_bytes);

struct leat_trace_export_opts {
	uint32_t size;  /* by LEAT_OPTS_INIT(leat_trace_export_opts) */
	uint32_t flags; /* LEAT_TRACE_FOLLOW, _APART */
	leat_trace_send_fn send;
	void *user;
	const char *service; /* that spans are of; NULL = "leat"; copied */
	/* the run's span is a child of this; NULL = of none         [copied] */
	const struct leat_trace_context *parent;
	uint32_t sample_parts; /* of LEAT_TRACE_WHOLE: frames of sources that
				  are traced; 0 = 10 000: one in a hundred */
	uint32_t ring_spans;   /* of each thread, that are not taken yet; 0 =
				  1024; rounded up to 2^n, up to 65536 */
	uint32_t batch_spans;  /* most in one request; 0 = 256; up to 4096 */
	uint32_t attempts;     /* to send one; 0 = 5; up to 100 */
	uint64_t back_off_ns;  /* before the second, twice as much before each
				  further one, at most 30 s; 0 = 200 ms */
	uint64_t delay_ns;     /* spans wait so long for others; 0 = 1 s */
	uint64_t linger_ns;    /* the end of the run waits so long for the last
				  to go; 0 = 3 s */
};

/**
 * Export spans of the run, and of the calls of stages for a share of all
 * frames: a source's call that made the frame, then those of each stage that
 * it, or what was made of it, came to. Frames that are absorbed into one result
 * are links of the span that emits it.
 *
 * No stage waits for it: rings have a fixed size, and what finds no room, or
 * could not be sent, is counted (leat_trace_stats()).
 *
 * As leat_graph_trace_file().
 */
LEAT_API LEAT_MUST_CHECK int leat_graph_trace_export(struct leat_graph *graph,
	const struct leat_trace_export_opts *opts, struct leat_error *err);

/** The run's own span, as soon as leat_graph_trace_export() was called; false:
 * it was not. */
LEAT_API bool leat_graph_trace_context(
	const struct leat_graph *graph, struct leat_trace_context *context_out);

struct leat_trace_stats {
	uint32_t size;        /* filled by the library */
	uint32_t is_cut;      /* 1: the file could not be written to its end */
	uint64_t events;      /* in the file */
	uint64_t events_lost; /* no room in a ring, or in the file */
	uint64_t bytes;       /* of the file */
	uint64_t spans;       /* that were sent */
	uint64_t spans_lost;  /* no room in a ring */
	uint64_t spans_dropped; /* could not be sent */
	uint64_t requests;      /* that were tried, again or not */
};

/** From any thread; settled when leat_graph_wait() has returned. All are 0
 * where nothing is traced. */
LEAT_API void leat_trace_stats(
	const struct leat_graph *graph, struct leat_trace_stats *stats_out);

#ifdef __cplusplus
}
#endif
#endif
