/*
 * cli/trace.c -- leat run --trace and --otlp: what is asked for, who the
 * caller is (TRACEPARENT), and what is told at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static struct leat_trace_context
trace_caller(bool *is_there_out)
{
	const char *text = getenv("TRACEPARENT");
	struct leat_trace_context caller = {.flags = 0};
	struct leat_error err = {0};

	*is_there_out = text && *text &&
		leat_trace_parse_traceparent(
			text, strlen(text), &caller, &err) == LEAT_OK;
	if (text && *text && !*is_there_out)
		leat__cli_say("TRACEPARENT is not used: %s", err.text);
	return caller;
}

static int
trace_export(struct leat__cli_otlp *otlp, const struct leat__cli_args *args,
	struct leat_graph *graph, struct leat_error *err)
{
	bool is_called;
	const struct leat_trace_context caller = trace_caller(&is_called);
	const char *service = getenv("OTEL_SERVICE_NAME");
	struct leat_trace_export_opts opts = {
		LEAT_OPTS_INIT(leat_trace_export_opts),
		.flags = args->has_trace_sample && !args->trace_sample
			? LEAT_TRACE_FOLLOW
			: 0,
		.send = leat__cli_otlp_send, .user = otlp,
		.service = service && *service ? service : NULL,
		.parent = is_called ? &caller : NULL,
		.sample_parts = args->trace_sample};

	return leat_graph_trace_export(graph, &opts, err);
}

int
leat__cli_trace_open(struct leat__cli_trace *trace,
	const struct leat__cli_args *args, struct leat_graph *graph)
{
	struct leat_trace_file_opts file = {
		LEAT_OPTS_INIT(leat_trace_file_opts), .path = args->trace};
	struct leat_error err = {0};
	int code = 0, status = 0;

	trace->file = args->trace;
	trace->url = args->otlp;
	if (args->trace)
		code = leat_graph_trace_file(graph, &file, &err);
	if (!code && args->otlp)
		status = leat__cli_otlp_open(&trace->otlp, args->otlp);
	if (!code && !status && args->otlp)
		code = trace_export(trace->otlp, args, graph, &err);
	if (!code)
		return status;
	leat__cli_error("%s", err.text);
	return leat__cli_status_before(code);
}

static void
trace_tell_file(
	const struct leat__cli_trace *trace, const struct leat_trace_stats *s)
{
	if (s->events_lost)
		leat__cli_say("trace: %llu events in %s; %llu did not fit",
			(unsigned long long)s->events, trace->file,
			(unsigned long long)s->events_lost);
	else
		leat__cli_say("trace: %llu events in %s",
			(unsigned long long)s->events, trace->file);
}

static void
trace_tell_spans(const struct leat__cli_trace *trace,
	const struct leat_graph *graph, const struct leat_trace_stats *s)
{
	struct leat_trace_context root;
	char text[LEAT_TRACE_TRACEPARENT_BYTES] = "";

	if (leat_graph_trace_context(graph, &root))
		leat_trace_format_traceparent(&root, text);
	leat__cli_say("trace %.32s: %llu spans to %s", text + 3,
		(unsigned long long)s->spans, trace->url);
	if (s->spans_lost || s->spans_dropped)
		leat__cli_say("trace %.32s: %llu spans did not fit, %llu could "
			      "not be sent%s%s",
			text + 3, (unsigned long long)s->spans_lost,
			(unsigned long long)s->spans_dropped,
			s->spans_dropped ? ": " : "",
			s->spans_dropped ? leat__cli_otlp_why(trace->otlp)
					 : "");
}

void
leat__cli_trace_tell(
	const struct leat__cli_trace *trace, const struct leat_graph *graph)
{
	struct leat_trace_stats stats;

	leat_trace_stats(graph, &stats);
	if (trace->file)
		trace_tell_file(trace, &stats);
	if (trace->otlp)
		trace_tell_spans(trace, graph, &stats);
}

void
leat__cli_trace_close(struct leat__cli_trace *trace)
{
	leat__cli_otlp_close(trace->otlp);
	trace->otlp = NULL;
}
