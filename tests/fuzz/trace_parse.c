/*
 * trace_parse.c -- headers of traces, from whoever sends them.
 *
 * What is accepted is written again and read again, and is the same; what is
 * written has the length that it must have, whatever was read.
 */
#include "fuzz/support/fuzz.h"

static void
try_traceparent(const char *text, size_t n)
{
	struct leat_trace_context c, again;
	char buf[LEAT_TRACE_TRACEPARENT_BYTES];

	if (leat_trace_parse_traceparent(text, n, &c, NULL) < 0)
		return;
	fuzz_check(leat_trace_is_set(&c), "a trace of zeros");
	leat_trace_format_traceparent(&c, buf);
	fuzz_check(strlen(buf) == 55, "a traceparent of %zu", strlen(buf));
	fuzz_check(leat_trace_parse_traceparent(buf, 55, &again, NULL) ==
				LEAT_OK &&
			memcmp(&c, &again, sizeof(c)) == 0,
		"%s is read as another", buf);
	fuzz_check(n >= 55 && memcmp(text + 3, buf + 3, 50) == 0,
		"other ids than those that came");
}

static void
try_tracestate(const char *text, size_t n)
{
	char buf[LEAT_TRACE_STATE_MAX + 1], again[LEAT_TRACE_STATE_MAX + 1];

	if (leat_trace_parse_tracestate(text, n, buf, NULL) < 0)
		return;
	fuzz_check(strlen(buf) <= n, "it has become longer");
	fuzz_check(leat_trace_parse_tracestate(buf, strlen(buf), again, NULL) ==
				LEAT_OK &&
			strcmp(buf, again) == 0,
		"'%s' is written as '%s'", buf, again);
}

static void
try_b3(const char *text, size_t n)
{
	struct leat_trace_context c, again;
	char buf[LEAT_TRACE_B3_BYTES];

	if (leat_trace_parse_b3(text, n, &c, NULL) < 0 ||
		!leat_trace_is_set(&c))
		return;
	leat_trace_format_b3(&c, buf);
	fuzz_check(leat_trace_parse_b3(buf, strlen(buf), &again, NULL) ==
				LEAT_OK &&
			memcmp(&c, &again, sizeof(c)) == 0,
		"%s is read as another", buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	/* of exactly this length: what is read past it is found */
	char *text = malloc(n_bytes ? n_bytes : 1);

	fuzz_check(text, "no memory");
	memcpy(text, data, n_bytes);
	try_traceparent(text, n_bytes);
	try_tracestate(text, n_bytes);
	try_b3(text, n_bytes);
	free(text);
	return 0;
}
