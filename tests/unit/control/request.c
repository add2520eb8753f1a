/*
 * unit/control/request.c -- lines as requests: what is understood, what is
 * refused and with which words, and that nothing outside of a line is touched.
 */
#include "support/test.h"

#include "control/control.h"

static struct leat__control_request request;
static char line[512];

/* In memory of just that size, so that a sanitizer sees what goes beyond. */
static const char *
parse(const char *text)
{
	size_t n = strlen(text);
	static char *exact;
	const char *wrong;

	free(exact);
	exact = malloc(n ? n : 1);
	memcpy(exact, text, n);
	wrong = leat__control_request_parse(exact, n, &request);
	return wrong;
}

static void
refuses(const char *text, const char *words)
{
	const char *wrong = parse(text);

	ck_assert_msg(wrong && strstr(wrong, words), "%s: %s", text,
		wrong ? wrong : "is taken");
}

START_TEST(every_key_has_its_place)
{
	ck_assert_ptr_null(
		parse("{\"leat\":1,\"id\":18446744073709551615,"
		      "\"ask\":\"set\",\"stage\":\"a\",\"guard\":\"b\","
		      "\"option\":\"c\",\"value\":\"d\",\"link\":\"e\","
		      "\"where\":\"f\",\"every_ms\":2,\"n\":3,"
		      "\"within_ms\":4,\"text\":true}"));
	ck_assert_uint_eq(request.version, 1);
	ck_assert_uint_eq(request.id, UINT64_MAX);
	ck_assert_str_eq(request.ask, "set");
	ck_assert_str_eq(request.stage, "a");
	ck_assert_str_eq(request.guard, "b");
	ck_assert_str_eq(request.option, "c");
	ck_assert_str_eq(request.value, "d");
	ck_assert_str_eq(request.link, "e");
	ck_assert_str_eq(request.where, "f");
	ck_assert_uint_eq(request.every_ms, 2);
	ck_assert_uint_eq(request.n, 3);
	ck_assert_uint_eq(request.within_ms, 4);
	ck_assert(request.is_text);
}
END_TEST

START_TEST(white_space_and_unknown_keys_are_passed_over)
{
	ck_assert_ptr_null(
		parse(" { \"later\" : \"x\" , \"more\":9,\"even\":false,"
		      "\"id\":null,\t\"ask\" : \"why\" } \r"));
	ck_assert_str_eq(request.ask, "why");
	ck_assert_uint_eq(request.id, 0);
	ck_assert_ptr_null(request.stage);
	ck_assert(!request.is_text);
}
END_TEST

START_TEST(escapes_are_resolved)
{
	ck_assert_ptr_null(parse("{\"\\u0061sk\":\"a\\n\\\"\\u00e4\\ud83d"
				 "\\ude00\"}"));
	ck_assert_str_eq(request.ask, "a\n\"\xc3\xa4\xf0\x9f\x98\x80");
}
END_TEST

START_TEST(what_is_no_request_is_refused_with_the_reason)
{
	refuses("", "an object of JSON");
	refuses("why", "an object of JSON");
	refuses("[]", "an object of JSON");
	refuses("{}", "\"ask\" says");
	refuses("{\"id\":1}", "\"ask\" says");
	refuses("{\"ask\":\"why\"", "ends with }");
	refuses("{\"ask\":\"why\",}", "\"key\":value");
	refuses("{\"ask\" \"why\"}", "\"key\":value");
	refuses("{\"ask\":\"why\"} x", "end of the line");
	refuses("{\"ask\":\"why", "has no end");
	refuses("{\"ask\":\"\\x\"}", "an escape");
	refuses("{\"ask\":\"\\ud800\"}", "an escape");
	refuses("{\"ask\":\"\xff\"}", "not UTF-8");
	refuses("{\"ask\":\"w\\u0000hy\"}", "NUL");
	refuses("{\"ask\":1}", "are strings");
	refuses("{\"ask\":true}", "are strings");
	refuses("{\"id\":\"1\",\"ask\":\"why\"}", "whole numbers");
	refuses("{\"id\":true,\"ask\":\"why\"}", "whole numbers");
	refuses("{\"id\":-1,\"ask\":\"why\"}", "a whole number");
	refuses("{\"id\":1.5,\"ask\":\"why\"}", "ends with }");
	refuses("{\"id\":18446744073709551616,\"ask\":\"why\"}",
		"a whole number");
	refuses("{\"id\":99999999999999999999,\"ask\":\"why\"}",
		"a whole number");
	refuses("{\"ask\":{\"a\":1}}", "a value is");
	refuses("{\"x\":}", "a value is");
}
END_TEST

START_TEST(no_beginning_of_a_request_is_one)
{
	static const char whole[] =
		"{\"leat\":1,\"ask\":\"s\\u00e4t\",\"text\":true,\"n\":12}";

	ck_assert_ptr_null(parse(whole));
	for (size_t n = 0; n + 1 < sizeof(whole); n++) {
		memcpy(line, whole, n);
		line[n] = '\0';
		ck_assert_msg(parse(line) != NULL, "%s", line);
	}
}
END_TEST

TEST_MAIN("control/request", every_key_has_its_place,
	white_space_and_unknown_keys_are_passed_over, escapes_are_resolved,
	what_is_no_request_is_refused_with_the_reason,
	no_beginning_of_a_request_is_one)
