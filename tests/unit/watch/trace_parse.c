/*
 * unit/watch/trace_parse.c -- traceparent, tracestate and b3 as their
 * specifications have them, and what they refuse.
 */
#include "support/test.h"

#include <leat/trace.h>

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"
#define ZEROS "0000000000000000"

static int
traceparent(const char *text, struct leat_trace_context *c)
{
	struct leat_error err;
	int rc = leat_trace_parse_traceparent(text, strlen(text), c, &err);

	if (rc < 0)
		ck_assert_int_eq(strncmp(err.text, "traceparent: ", 13), 0);
	return rc;
}

START_TEST(a_traceparent_is_read_and_written_as_it_was)
{
	struct leat_trace_context c;
	char buf[LEAT_TRACE_TRACEPARENT_BYTES];

	ck_assert_int_eq(traceparent("00-" TRACE "-" SPAN "-01", &c), LEAT_OK);
	ck_assert_uint_eq(c.trace_id[0], 0x4b);
	ck_assert_uint_eq(c.span_id[7], 0xb7);
	ck_assert_uint_eq(c.flags, LEAT_TRACE_SAMPLED);
	ck_assert_str_eq(leat_trace_format_traceparent(&c, buf),
		"00-" TRACE "-" SPAN "-01");
	ck_assert_int_eq(traceparent("00-" TRACE "-" SPAN "-fe", &c), LEAT_OK);
	ck_assert_uint_eq(c.flags, 0);
	ck_assert_str_eq(leat_trace_format_traceparent(&c, buf),
		"00-" TRACE "-" SPAN "-00");
}
END_TEST

START_TEST(of_a_later_version_what_is_known_is_read)
{
	struct leat_trace_context c;

	ck_assert_int_eq(
		traceparent("cc-" TRACE "-" SPAN "-01-what", &c), LEAT_OK);
	ck_assert_uint_eq(c.flags, LEAT_TRACE_SAMPLED);
	ck_assert_int_eq(traceparent("01-" TRACE "-" SPAN "-01", &c), LEAT_OK);
	ck_assert_int_eq(
		traceparent("01-" TRACE "-" SPAN "-01.x", &c), LEAT_EINVAL);
}
END_TEST

START_TEST(what_is_no_traceparent_is_refused)
{
	static const char *const wrong[] = {"", "00", "00-" TRACE "-" SPAN "-0",
		"00-" TRACE "-" SPAN "-01-", "00-" TRACE "-" SPAN "-01-more",
		"ff-" TRACE "-" SPAN "-01", "0-" TRACE "-" SPAN "-01-",
		"FE-" TRACE "-" SPAN "-01", "00_" TRACE "-" SPAN "-01",
		"00-" TRACE "_" SPAN "-01", "00-" TRACE "-" SPAN "_01",
		"00-" ZEROS ZEROS "-" SPAN "-01", "00-" TRACE "-" ZEROS "-01",
		"00-" TRACE "-" SPAN "-0G",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
		"00-" TRACE "-00F067AA0BA902B7-01",
		" 00-" TRACE "-" SPAN "-01"};

	for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++) {
		struct leat_trace_context c = {.flags = 7};

		ck_assert_msg(traceparent(wrong[k], &c) == LEAT_EINVAL,
			"accepted: %s", wrong[k]);
		ck_assert_uint_eq(c.flags, 7); /* and nothing was written */
	}
}
END_TEST

static const char *
tracestate(const char *text)
{
	static char buf[LEAT_TRACE_STATE_MAX + 1];
	int rc = leat_trace_parse_tracestate(text, strlen(text), buf, NULL);

	ck_assert(rc == LEAT_OK || rc == LEAT_EINVAL);
	return rc == LEAT_OK ? buf : NULL;
}

START_TEST(a_tracestate_is_written_without_what_says_nothing)
{
	ck_assert_str_eq(tracestate(""), "");
	ck_assert_str_eq(tracestate("a=1"), "a=1");
	ck_assert_str_eq(tracestate(" a=1 ,\t, b@c=x y ,"), "a=1,b@c=x y");
	ck_assert_str_eq(tracestate("0*_-/=!\"#$%&'()*+-./:;<>?@[]^_`{|}~"),
		"0*_-/=!\"#$%&'()*+-./:;<>?@[]^_`{|}~");
}
END_TEST

START_TEST(what_is_no_tracestate_is_refused)
{
	static const char *const wrong[] = {"a", "=1", "a=", "A=1", "a=1,a=2",
		"a b=1", "a=1=2", "a=\x7f", "a=\n1", "a@b@c=1", "@a=1", "a=1,c",
		"-a=1"};
	char longer[LEAT_TRACE_STATE_MAX + 64];
	char many[300] = "";
	size_t at = 0;

	for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++)
		ck_assert_msg(!tracestate(wrong[k]), "accepted: %s", wrong[k]);
	for (int k = 0; k < 32; k++)
		at += (size_t)snprintf(many + at, sizeof(many) - at, "%sk%d=1",
			k ? "," : "", k);
	ck_assert_ptr_nonnull(tracestate(many));
	snprintf(many + at, sizeof(many) - at, ",k33=1");
	ck_assert_ptr_null(tracestate(many));
	/* two members of 256 and 255 bytes, a comma: as long as may be */
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "a=", 2);
	memcpy(longer + 256, ",b=", 3);
	longer[LEAT_TRACE_STATE_MAX] = '\0';
	ck_assert_uint_eq(strlen(tracestate(longer)), LEAT_TRACE_STATE_MAX);
	longer[LEAT_TRACE_STATE_MAX] = 'x';
	longer[LEAT_TRACE_STATE_MAX + 1] = '\0';
	ck_assert_ptr_null(tracestate(longer));
}
END_TEST

static int
b3(const char *text, struct leat_trace_context *c)
{
	return leat_trace_parse_b3(text, strlen(text), c, NULL);
}

START_TEST(a_b3_header_is_read_and_written)
{
	struct leat_trace_context c;
	char buf[LEAT_TRACE_B3_BYTES];

	ck_assert_int_eq(b3(TRACE "-" SPAN "-1-" ZEROS, &c), LEAT_OK);
	ck_assert_uint_eq(c.flags, LEAT_TRACE_SAMPLED);
	ck_assert_str_eq(leat_trace_format_b3(&c, buf), TRACE "-" SPAN "-1");
	ck_assert_int_eq(b3(TRACE "-" SPAN "-0", &c), LEAT_OK);
	ck_assert_str_eq(leat_trace_format_b3(&c, buf), TRACE "-" SPAN "-0");
	ck_assert_int_eq(b3(TRACE "-" SPAN "-d", &c), LEAT_OK);
	ck_assert_uint_eq(c.flags, LEAT_TRACE_SAMPLED);
	/* nobody has decided: it is recorded */
	ck_assert_int_eq(b3(SPAN "-" SPAN, &c), LEAT_OK);
	ck_assert_str_eq(
		leat_trace_format_b3(&c, buf), ZEROS SPAN "-" SPAN "-1");
	ck_assert_int_eq(b3("0", &c), LEAT_OK);
	ck_assert(!leat_trace_is_set(&c));
	ck_assert_uint_eq(c.flags, 0);
}
END_TEST

START_TEST(what_is_no_b3_header_is_refused)
{
	static const char *const wrong[] = {"", "2", "00", TRACE, TRACE "-",
		TRACE "-" SPAN "-", TRACE "-" SPAN "-2", TRACE "-" SPAN "-true",
		TRACE "-" SPAN "-1-", TRACE "-" SPAN "-1-" SPAN "-",
		TRACE "-" SPAN "-1-0", ZEROS "-" SPAN, TRACE "-" ZEROS,
		"4BF92F3577B34DA6-" SPAN, TRACE "0-" SPAN};

	for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++) {
		struct leat_trace_context c;

		ck_assert_msg(b3(wrong[k], &c) == LEAT_EINVAL, "accepted: %s",
			wrong[k]);
	}
}
END_TEST

START_TEST(b3_in_several_headers_is_the_same)
{
	struct leat_trace_b3 h = {.trace_id = TRACE, .span_id = SPAN};
	struct leat_trace_context c;

	ck_assert_int_eq(leat_trace_parse_b3_headers(&h, &c, NULL), LEAT_OK);
	ck_assert_uint_eq(c.flags, LEAT_TRACE_SAMPLED);
	h.sampled = "0";
	ck_assert_int_eq(leat_trace_parse_b3_headers(&h, &c, NULL), LEAT_OK);
	ck_assert_uint_eq(c.flags, 0);
	ck_assert(leat_trace_is_set(&c));
	h.flags = "1";
	ck_assert_int_eq(leat_trace_parse_b3_headers(&h, &c, NULL), LEAT_OK);
	ck_assert_uint_eq(c.flags, LEAT_TRACE_SAMPLED);
	h.sampled = "maybe";
	ck_assert_int_eq(
		leat_trace_parse_b3_headers(&h, &c, NULL), LEAT_EINVAL);
	h = (struct leat_trace_b3){.trace_id = TRACE, .sampled = "true"};
	ck_assert_int_eq(
		leat_trace_parse_b3_headers(&h, &c, NULL), LEAT_EINVAL);
	h = (struct leat_trace_b3){.sampled = "false"};
	ck_assert_int_eq(leat_trace_parse_b3_headers(&h, &c, NULL), LEAT_OK);
	ck_assert(!leat_trace_is_set(&c));
}
END_TEST

TEST_MAIN("watch/trace_parse", a_traceparent_is_read_and_written_as_it_was,
	of_a_later_version_what_is_known_is_read,
	what_is_no_traceparent_is_refused,
	a_tracestate_is_written_without_what_says_nothing,
	what_is_no_tracestate_is_refused, a_b3_header_is_read_and_written,
	what_is_no_b3_header_is_refused, b3_in_several_headers_is_the_same)
