/*
 * watch/trace_parse.c -- traceparent, tracestate and b3, read and written.
 *
 * Keeps: what is read comes from elsewhere: nothing is looked at past its end,
 * and what is not exactly as the specification has it is refused whole.
 * Threads: any. Source: W3C Trace Context 1, openzipkin/b3-propagation.
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include <leat/trace.h>

#define TRACEPARENT_LEN   55u /* of version 00 */
#define TRACE_DIGITS      32u
#define SPAN_DIGITS       16u
#define STATE_MEMBERS     32u
#define STATE_KEY_BYTES   256u
#define STATE_VALUE_BYTES 256u

/* ---- hex -------------------------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
hex_read(const char *text, size_t n_digits, uint8_t *out)
{
	for (size_t k = 0; k < n_digits; k += 2) {
		int high = hex_digit(text[k]), low = hex_digit(text[k + 1]);

		if (high < 0 || low < 0)
			return false;
		out[k / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static char *
hex_write(char *to, const uint8_t *from, size_t n_bytes)
{
	for (size_t k = 0; k < n_bytes; k++, to += 2)
		snprintf(to, 3, "%02x", from[k]);
	return to;
}

static bool
is_zero(const uint8_t *bytes, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (bytes[k])
			return false;
	return true;
}

static int
parse_fail(struct leat_error *err, const char *what, const char *why)
{
	return leat__error(err, LEAT_EINVAL, "%s: %s", what, why);
}

/* ---- traceparent ------------------------------------------------------------- */

static int
traceparent_fail(struct leat_error *err, const char *why)
{
	return parse_fail(err, "traceparent", why);
}

/* Of a later version more may follow, behind another dash. */
static int
traceparent_check_form(const char *text, size_t n_bytes, struct leat_error *err)
{
	uint8_t version;

	if (n_bytes < TRACEPARENT_LEN || text[2] != '-' || text[35] != '-' ||
		text[52] != '-')
		return traceparent_fail(err,
			"it is not of the form 00-TRACE-SPAN-FLAGS, of 2, 32, "
			"16 and 2 digits");
	if (!hex_read(text, 2, &version) || version == 0xff)
		return traceparent_fail(
			err, "its version is not 00 to fe, in lower case");
	if (n_bytes > TRACEPARENT_LEN &&
		(version == 0 || text[TRACEPARENT_LEN] != '-'))
		return traceparent_fail(
			err, "something follows the flags of version 00");
	return LEAT_OK;
}

int
leat_trace_parse_traceparent(const char *text, size_t n_bytes,
	struct leat_trace_context *context_out, struct leat_error *err)
{
	struct leat_trace_context c = {.flags = 0};

	LEAT_TRY(traceparent_check_form(text, n_bytes, err));
	if (!hex_read(text + 3, TRACE_DIGITS, c.trace_id) ||
		!hex_read(text + 36, SPAN_DIGITS, c.span_id) ||
		!hex_read(text + 53, 2, &c.flags))
		return traceparent_fail(
			err, "a digit is none of 0 to 9 and a to f");
	if (is_zero(c.trace_id, sizeof(c.trace_id)) ||
		is_zero(c.span_id, sizeof(c.span_id)))
		return traceparent_fail(err, "an id is zeros");
	c.flags &= LEAT_TRACE_SAMPLED;
	*context_out = c;
	return LEAT_OK;
}

char *
leat_trace_format_traceparent(const struct leat_trace_context *context,
	char buf[LEAT_TRACE_TRACEPARENT_BYTES])
{
	char *to = buf;

	memcpy(to, "00-", 3);
	to = hex_write(to + 3, context->trace_id, sizeof(context->trace_id));
	*to++ = '-';
	to = hex_write(to, context->span_id, sizeof(context->span_id));
	memcpy(to, context->flags & LEAT_TRACE_SAMPLED ? "-01" : "-00", 4);
	return buf;
}

/* ---- tracestate --------------------------------------------------------------- */

struct member {
	const char *text;
	size_t n_bytes;
	size_t n_key;
};

static bool
state_is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool
state_is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
		c == '-' || c == '*' || c == '/' || c == '@';
}

/* Level 2: a letter or digit, then what keys are made of; at most one @. */
static bool
state_key_is_good(const char *key, size_t n)
{
	uint32_t n_at = 0;

	if (n == 0 || n > STATE_KEY_BYTES ||
		!((key[0] >= 'a' && key[0] <= 'z') ||
			(key[0] >= '0' && key[0] <= '9')))
		return false;
	for (size_t k = 0; k < n; k++) {
		if (!state_is_key_char(key[k]))
			return false;
		n_at += key[k] == '@';
	}
	return n_at <= 1;
}

static bool
state_value_is_good(const char *value, size_t n)
{
	if (n == 0 || n > STATE_VALUE_BYTES || value[n - 1] == ' ')
		return false;
	for (size_t k = 0; k < n; k++)
		if (value[k] < ' ' || value[k] > '~' || value[k] == ',' ||
			value[k] == '=')
			return false;
	return true;
}

/* The next between commas, without spaces around; *at moves behind it. */
static struct member
state_next(const char *text, size_t n_bytes, size_t *at)
{
	const char *comma = memchr(text + *at, ',', n_bytes - *at);
	size_t end = comma ? (size_t)(comma - text) : n_bytes;
	size_t from = *at;
	struct member m;
	const char *equals;

	*at = end + 1;
	while (from < end && state_is_space(text[from]))
		from++;
	while (end > from && state_is_space(text[end - 1]))
		end--;
	m.text = text + from;
	m.n_bytes = end - from;
	equals = memchr(m.text, '=', m.n_bytes);
	m.n_key = equals ? (size_t)(equals - m.text) : m.n_bytes;
	return m;
}

static bool
state_has_key(const struct member *members, uint32_t n, const struct member *m)
{
	for (uint32_t k = 0; k < n; k++)
		if (members[k].n_key == m->n_key &&
			memcmp(members[k].text, m->text, m->n_key) == 0)
			return true;
	return false;
}

static const char *
state_fault(const struct member *members, uint32_t n, const struct member *m)
{
	if (n == STATE_MEMBERS)
		return "it has more than 32 members";
	if (!state_key_is_good(m->text, m->n_key))
		return "a key is none";
	if (m->n_key == m->n_bytes ||
		!state_value_is_good(
			m->text + m->n_key + 1, m->n_bytes - m->n_key - 1))
		return "a value is none";
	return state_has_key(members, n, m) ? "a key comes twice" : NULL;
}

int
leat_trace_parse_tracestate(
	const char *text, size_t n_bytes, char *buf, struct leat_error *err)
{
	struct member members[STATE_MEMBERS];
	size_t at = 0, n_out = 0;
	uint32_t n = 0;

	while (at < n_bytes) {
		struct member m = state_next(text, n_bytes, &at);
		const char *fault;

		if (!m.n_bytes) /* may be empty */
			continue;
		fault = state_fault(members, n, &m);
		if (!fault &&
			n_out + m.n_bytes + (n ? 1 : 0) > LEAT_TRACE_STATE_MAX)
			fault = "it is longer than 512 bytes";
		if (fault)
			return parse_fail(err, "tracestate", fault);
		if (n)
			buf[n_out++] = ',';
		memcpy(buf + n_out, m.text, m.n_bytes);
		n_out += m.n_bytes;
		members[n++] = m;
	}
	buf[n_out] = '\0';
	return LEAT_OK;
}

/* ---- b3 ------------------------------------------------------------------------ */

static int
b3_fail(struct leat_error *err, const char *why)
{
	return parse_fail(err, "b3", why);
}

static bool
b3_read_ids(const char *trace, size_t n_trace, const char *span, size_t n_span,
	struct leat_trace_context *c)
{
	uint8_t *to = c->trace_id;

	if (n_trace != TRACE_DIGITS && n_trace != SPAN_DIGITS)
		return false;
	if (n_trace == SPAN_DIGITS)
		to += sizeof(c->trace_id) / 2;
	return n_span == SPAN_DIGITS && hex_read(trace, n_trace, to) &&
		hex_read(span, n_span, c->span_id) &&
		!is_zero(c->trace_id, sizeof(c->trace_id)) &&
		!is_zero(c->span_id, sizeof(c->span_id));
}

/* Whether it is sampled; nothing: who reads it decides, so it is. */
static int
b3_read_sampled(const char *text, size_t n, uint8_t *flags)
{
	*flags = LEAT_TRACE_SAMPLED;
	if (n == 0 || (n == 1 && (*text == '1' || *text == 'd')) ||
		(n == 4 && memcmp(text, "true", 4) == 0))
		return LEAT_OK;
	*flags = 0;
	if ((n == 1 && *text == '0') ||
		(n == 5 && memcmp(text, "false", 5) == 0))
		return LEAT_OK;
	return LEAT_EINVAL;
}

/* Pieces between dashes; their number, or more than max. */
static uint32_t
b3_cut(const char *text, size_t n_bytes, const char **pieces, size_t *lens,
	uint32_t max)
{
	uint32_t n = 0;
	size_t from = 0;

	for (size_t k = 0; k <= n_bytes; k++) {
		if (k < n_bytes && text[k] != '-')
			continue;
		if (n == max)
			return max + 1;
		pieces[n] = text + from;
		lens[n++] = k - from;
		from = k + 1;
	}
	return n;
}

int
leat_trace_parse_b3(const char *text, size_t n_bytes,
	struct leat_trace_context *context_out, struct leat_error *err)
{
	struct leat_trace_context c = {.flags = 0};
	const char *pieces[4];
	size_t lens[4];
	uint8_t parent[8];
	uint32_t n = b3_cut(text, n_bytes, pieces, lens, 4);

	if (n == 1) {
		if (n_bytes != 1 ||
			b3_read_sampled(text, n_bytes, &c.flags) < 0)
			return b3_fail(err,
				"it is none of 0, 1, d, and "
				"TRACE-SPAN[-SAMPLED[-PARENT]]");
		*context_out = c;
		return LEAT_OK;
	}
	if (n > 4 || !b3_read_ids(pieces[0], lens[0], pieces[1], lens[1], &c))
		return b3_fail(err,
			"an id is not 16 digits (of a trace 16 or "
			"32) in lower case, and not zeros");
	if (n > 2 &&
		(lens[2] != 1 || b3_read_sampled(pieces[2], 1, &c.flags) < 0))
		return b3_fail(err, "what is sampled is not 0, 1 or d");
	if (n == 2)
		c.flags = LEAT_TRACE_SAMPLED;
	if (n == 4 &&
		(lens[3] != SPAN_DIGITS ||
			!hex_read(pieces[3], SPAN_DIGITS, parent)))
		return b3_fail(err, "the parent is not 16 digits");
	*context_out = c;
	return LEAT_OK;
}

static size_t
text_len(const char *text)
{
	return text ? strlen(text) : 0;
}

int
leat_trace_parse_b3_headers(const struct leat_trace_b3 *headers,
	struct leat_trace_context *context_out, struct leat_error *err)
{
	struct leat_trace_context c = {.flags = 0};
	bool is_debug = headers->flags && strcmp(headers->flags, "1") == 0;

	if (b3_read_sampled(
		    headers->sampled, text_len(headers->sampled), &c.flags) < 0)
		return b3_fail(err, "X-B3-Sampled is not 0, 1, true or false");
	if (is_debug)
		c.flags = LEAT_TRACE_SAMPLED;
	if (!headers->trace_id && !headers->span_id) {
		*context_out = c;
		return LEAT_OK;
	}
	if (!b3_read_ids(headers->trace_id, text_len(headers->trace_id),
		    headers->span_id, text_len(headers->span_id), &c))
		return b3_fail(err,
			"X-B3-TraceId or X-B3-SpanId is not 16 digits (of a "
			"trace 16 or 32) in lower case, and not zeros");
	*context_out = c;
	return LEAT_OK;
}

char *
leat_trace_format_b3(
	const struct leat_trace_context *context, char buf[LEAT_TRACE_B3_BYTES])
{
	char *to = hex_write(buf, context->trace_id, sizeof(context->trace_id));

	*to++ = '-';
	to = hex_write(to, context->span_id, sizeof(context->span_id));
	memcpy(to, context->flags & LEAT_TRACE_SAMPLED ? "-1" : "-0", 3);
	return buf;
}
