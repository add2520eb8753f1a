/*
 * watch/trace.h -- who reads what a run records: a file, and an exporter.
 *
 * Each has a thread of its own, which looks at the rings a few times a second
 * and once more when all others have gone.
 */
#ifndef LEAT_SRC_WATCH_TRACE_H
#define LEAT_SRC_WATCH_TRACE_H

#include "run/trace.h"

/* ---- trace.c: a thread that looks now and then ------------------------------- */

struct leat__looker {
	const struct leat__env *env;
	/* false: look again; true: that was the last time */
	void (*look)(struct leat__looker *looker, bool is_last);
	uint64_t every_ns;
	struct leat__parker parker;
	struct leat__thread thread;
	bool is_started;
	uint32_t is_over; /* atomic */
};

/* 0 or errno. */
int leat__looker_start(struct leat__looker *looker, const char *name);
/* It has looked for the last time. Also if it was not started. */
void leat__looker_stop(struct leat__looker *looker);
/* For look(): wait until then, or the stop. true: the stop. */
bool leat__looker_sleep(struct leat__looker *looker, int64_t until_ns);

/* ---- the graph's -------------------------------------------------------------- */

struct leat__trace_file;
struct leat__trace_export;

struct leat__watch_trace {
	struct leat__tracing tracing;      /* graph->tracing */
	struct leat__trace_file *file;     /* or NULL */
	struct leat__trace_export *export; /* or NULL */
};

static inline struct leat__watch_trace *
leat__watch_trace(const struct leat_graph *graph)
{
	return leat__container_of(
		graph->tracing, struct leat__watch_trace, tracing);
}

/* Of the graph, made if it has none. LEAT_OK, LEAT_ESTATE, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__watch_trace_get(struct leat_graph *graph,
	const char *what, struct leat__watch_trace **trace_out,
	struct leat_error *err);

/* trace_file.c */
uint64_t leat__trace_file_bytes(const struct leat__trace_file *file);
LEAT_MUST_CHECK int leat__trace_file_start(struct leat__trace_file *file,
	struct leat_graph *graph, struct leat_error *err);
void leat__trace_file_stop(struct leat__trace_file *file);
void leat__trace_file_destroy(struct leat__trace_file *file);
void leat__trace_file_stats(
	const struct leat__trace_file *file, struct leat_trace_stats *stats);

/* trace_export.c */
uint64_t leat__trace_export_bytes(const struct leat__trace_export *x);
LEAT_MUST_CHECK int leat__trace_export_start(struct leat__trace_export *x,
	struct leat_graph *graph, struct leat_error *err);
void leat__trace_export_stop(struct leat__trace_export *x);
void leat__trace_export_destroy(struct leat__trace_export *x);
void leat__trace_export_stats(
	const struct leat__trace_export *x, struct leat_trace_stats *stats);

/* trace_otlp.c: the body of a request. Cut if the text is too short; at then
 * says what it would take. */
void leat__trace_otlp(const struct leat_graph *graph, const char *service,
	const struct leat__trace_span *spans, uint32_t n_spans,
	struct leat__text *text);
/* Bytes that are enough for a request of so many. */
size_t leat__trace_otlp_bytes(
	const struct leat_graph *graph, const char *service, uint32_t n_spans);

#endif
