/*
 * watch/trace_otlp.c -- spans as the body of an OTLP/HTTP request in JSON.
 *
 * Ids are hex, times are strings of nanoseconds since 1970, numbers of 64 bits
 * are strings. Source: OTLP 1.3, "JSON Protobuf Encoding".
 */
#include <string.h>

#include "watch/trace.h"

#define OTLP_HEAD_BYTES 512u
/* numbers, names of fields, and links; names of stages come on top, escaped */
#define OTLP_SPAN_BYTES (768u + LEAT__TRACE_LINKS * 128u)
#define OTLP_KIND       1 /* SPAN_KIND_INTERNAL */
#define OTLP_OK         1
#define OTLP_ERROR      2

static void
otlp_hex(struct leat__text *text, const char *name, const uint8_t *id,
	size_t n_bytes)
{
	leat__text_add(text, "\"%s\":\"", name);
	for (size_t k = 0; k < n_bytes; k++)
		leat__text_add(text, "%02x", id[k]);
	leat__text_add(text, "\"");
}

static bool
otlp_has_parent(const struct leat__trace_span *span)
{
	static const uint8_t none[8];

	return memcmp(span->parent_id, none, sizeof(none)) != 0;
}

static void
otlp_attribute(struct leat__text *text, const char *key, uint64_t value)
{
	leat__text_add(text,
		"{\"key\":\"%s\",\"value\":{\"intValue\":\"%llu\"}}", key,
		(unsigned long long)value);
}

static void
otlp_links(struct leat__text *text, const struct leat__trace_span *span)
{
	if (!span->n_ties)
		return;
	leat__text_add(text, ",\"links\":[");
	for (uint32_t k = 0; k < span->n_ties; k++) {
		const struct leat__trace_tie *tie = &span->ties[k];

		leat__text_add(text, k ? ",{" : "{");
		otlp_hex(text, "traceId", tie->trace_id, 16);
		leat__text_add(text, ",");
		otlp_hex(text, "spanId", tie->span_id, 8);
		leat__text_add(text, "}");
	}
	leat__text_add(text, "],\"droppedLinksCount\":%u", span->n_ties_lost);
}

static void
otlp_name(const struct leat_graph *graph, const struct leat__trace_span *span,
	struct leat__text *text)
{
	leat__text_add(text, ",\"name\":");
	leat__text_add_json(text,
		span->stage == LEAT__TRACE_NOBODY
			? "run"
			: leat__stage_name(graph->stages[span->stage]));
}

static void
otlp_status(struct leat__text *text, int32_t code)
{
	if (!code)
		leat__text_add(text, ",\"status\":{\"code\":%d}", OTLP_OK);
	else
		leat__text_add(text,
			",\"status\":{\"code\":%d,\"message\":\"%s\"}",
			OTLP_ERROR, leat_err_text(code));
}

/* wall_ns: what is to be added to a time of the clock. */
static void
otlp_span(const struct leat_graph *graph, const struct leat__trace_span *span,
	int64_t wall_ns, struct leat__text *text)
{
	leat__text_add(text, "{");
	otlp_hex(text, "traceId", span->context.trace_id, 16);
	leat__text_add(text, ",");
	otlp_hex(text, "spanId", span->context.span_id, 8);
	if (otlp_has_parent(span)) {
		leat__text_add(text, ",");
		otlp_hex(text, "parentSpanId", span->parent_id, 8);
	}
	otlp_name(graph, span, text);
	leat__text_add(text,
		",\"kind\":%d,\"startTimeUnixNano\":\"%lld\","
		"\"endTimeUnixNano\":\"%lld\",\"attributes\":[",
		OTLP_KIND, (long long)((int64_t)span->began_ns + wall_ns),
		(long long)((int64_t)span->ended_ns + wall_ns));
	if (span->stage != LEAT__TRACE_NOBODY)
		otlp_attribute(text, "leat.records", span->n_items);
	leat__text_add(text, "]");
	otlp_links(text, span);
	otlp_status(text, span->code);
	leat__text_add(text, "}");
}

void
leat__trace_otlp(const struct leat_graph *graph, const char *service,
	const struct leat__trace_span *spans, uint32_t n_spans,
	struct leat__text *text)
{
	const struct leat__env *env = graph->env;
	int64_t wall_ns = env->wall_ns(env) - env->now_ns(env);

	leat__text_add(text,
		"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":"
		"\"service.name\",\"value\":{\"stringValue\":");
	leat__text_add_json(text, service);
	leat__text_add(text,
		"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"leat\","
		"\"version\":\"%s\"},\"spans\":[",
		LEAT_VERSION_TEXT);
	for (uint32_t k = 0; k < n_spans; k++) {
		if (k)
			leat__text_add(text, ",");
		otlp_span(graph, &spans[k], wall_ns, text);
	}
	leat__text_add(text, "]}]}]}");
}

size_t
leat__trace_otlp_bytes(
	const struct leat_graph *graph, const char *service, uint32_t n_spans)
{
	size_t n_name = LEAT_ERROR_STAGE_BYTES; /* of one that may come */

	for (uint32_t k = 0; k < graph->n_stages; k++)
		n_name = (size_t)leat__max_u64(
			n_name, strlen(leat__stage_name(graph->stages[k])));
	n_name *= 6; /* so many does a control character become */
	return OTLP_HEAD_BYTES + 6 * strlen(service) +
		n_spans * (OTLP_SPAN_BYTES + n_name);
}
