/*
 * unit/run/letter_print.c -- dead letters as lines, and back; moments.
 */
#include "run/letter.h"
#include "support/test.h"

struct text {
	char bytes[16384];
	size_t n;
};

static void
text_write(void *user, const char *data, size_t n_bytes)
{
	struct text *text = user;

	ck_assert_uint_lt(text->n + n_bytes, sizeof(text->bytes));
	memcpy(text->bytes + text->n, data, n_bytes);
	text->n += n_bytes;
	text->bytes[text->n] = '\0';
}

/* What a letter becomes on its way through a line. */
static void
there_and_back(const struct leat_letter *letter, struct text *text,
	struct leat_letter *back)
{
	text->n = 0;
	leat_letter_print(letter, text_write, text);
	ck_assert_ptr_eq(
		memchr(text->bytes, '\n', text->n), text->bytes + text->n - 1);
	ck_assert(leat__letter_parse(text->bytes, text->n - 1, back));
}

static bool
is_read(const char *line, struct leat_letter *letter)
{
	static char copy[4096];

	strcpy(copy, line);
	return leat__letter_parse(copy, strlen(copy), letter);
}

START_TEST(all_that_is_in_a_letter_comes_back)
{
	struct leat_letter letter = {.id = "0123-1",
		.stage = "csv.parse",
		.code = "LEAT_EDATA",
		.class_name = "data",
		.reason = "a \"quote\", a \\ and a\ttab",
		.origin = "a \x01 b.csv",
		.head = "a,\xc3\xbc",
		.data = "1,\"x\ny\"",
		.n_bytes = 7,
		.time_ns = 1772366400123456789,
		.n_attempts = 3,
		.line = 7,
		.column = 2,
		.offset = 1ull << 40,
		.n_records = 5,
		.flags = LEAT_LETTER_VALUES,
		.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-"
			 "00f067aa0ba902b7-01"};
	struct leat_letter back;
	struct text text;

	there_and_back(&letter, &text, &back);
	ck_assert_str_eq(back.id, letter.id);
	ck_assert_str_eq(back.stage, letter.stage);
	ck_assert_str_eq(back.code, letter.code);
	ck_assert_str_eq(back.class_name, letter.class_name);
	ck_assert_str_eq(back.reason, letter.reason);
	ck_assert_str_eq(back.origin, letter.origin);
	ck_assert_str_eq(back.head, letter.head);
	ck_assert_mem_eq(back.data, letter.data, 7);
	ck_assert_uint_eq(back.n_bytes, 7);
	ck_assert_int_eq(back.time_ns, letter.time_ns);
	ck_assert_uint_eq(back.n_attempts, 3);
	ck_assert_uint_eq(back.line, 7);
	ck_assert_uint_eq(back.column, 2);
	ck_assert_uint_eq(back.offset, 1ull << 40);
	ck_assert_uint_eq(back.n_records, 5);
	ck_assert_uint_eq(back.flags, LEAT_LETTER_VALUES);
	ck_assert_str_eq(back.trace, letter.trace);
}
END_TEST

START_TEST(so_does_every_record_whatever_its_bytes)
{
	static uint8_t record[4000];
	struct leat_letter letter = {.id = "1", .data = record}, back;
	static struct text text;

	srand(1);
	for (uint32_t k = 0; k < 2000; k++) {
		uint32_t mask = k % 3 == 0 ? 0x7f : 0xff;

		letter.n_bytes = (size_t)rand() % (k % 50 ? 40 : 2000);
		for (size_t i = 0; i < letter.n_bytes; i++)
			record[i] = (uint8_t)((uint32_t)rand() & mask);
		there_and_back(&letter, &text, &back);
		ck_assert_uint_eq(back.n_bytes, letter.n_bytes);
		ck_assert_mem_eq(back.data, record, letter.n_bytes);
	}
}
END_TEST

START_TEST(what_is_not_known_is_left_out)
{
	struct leat_letter letter = {.id = "1"}, back;
	struct text text = {.n = 0};

	leat_letter_print(&letter, text_write, &text);
	ck_assert_str_eq(text.bytes, "{\"v\":1,\"id\":\"1\"}\n");
	there_and_back(&letter, &text, &back);
	ck_assert_ptr_null(back.stage);
	ck_assert_ptr_null(back.trace);
	ck_assert_ptr_null(back.data);
	ck_assert_uint_eq(back.line, 0);
}
END_TEST

START_TEST(a_name_that_is_no_text_comes_back_too)
{
	struct leat_letter letter = {.id = "1", .origin = "\xff.csv"}, back;
	struct text text;

	there_and_back(&letter, &text, &back);
	ck_assert_str_eq(back.origin, "\xff.csv");
}
END_TEST

START_TEST(what_is_no_letter_is_not_taken_for_one)
{
	static const char *const bad[] = {"", "{", "{}", "x", "{\"v\":1}",
		"{\"id\":\"1\"}", "{\"v\":2,\"id\":\"1\"}",
		"{\"v\":1,\"id\":\"1\"", "{\"v\":1,\"id\":\"1\"}}",
		"{\"v\":1,\"id\":\"1\",}", "{\"v\":1,\"id\":\"1\\q\"}",
		"{\"v\":1,\"id\":\"\\u12\"}", "{\"v\":1,\"id\":\"\\udc00\"}",
		"{\"v\":1,\"id\":\"\\ud800x\"}", "{\"v\":1,\"id\":1,\"x\":}",
		"{\"v\":1,\"id\":\"1\",\"record_hex\":\"123\"}",
		"{\"v\":1,\"id\":\"1\",\"record_hex\":\"1g\"}",
		"{\"v\":1,\"id\":\"1\",\"time\":\"noon\"}",
		"{\"v\":1,\"id\":\"1\",\"a\":[1]}"};
	struct leat_letter letter;

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		ck_assert_msg(!is_read(bad[k], &letter), "%s", bad[k]);
}
END_TEST

START_TEST(keys_of_later_versions_are_passed_over)
{
	struct leat_letter letter;

	ck_assert(is_read("{\"v\":1,\"new\":\"x\",\"other\":12,\"is\":true,"
			  "\"not\":false,\"none\":null,\"id\":\"1\","
			  "\"record\":\"\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\"}",
		&letter));
	ck_assert_str_eq(letter.data, "\xf0\x9f\x98\x80/\b\f\n\r\t");
	ck_assert_uint_eq(letter.flags, 0);
}
END_TEST

START_TEST(moments_are_those_of_the_calendar)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} all[] = {{"1970-01-01T00:00:00.000000000Z", 0},
		{"1969-12-31T23:59:59.000000000Z", -1},
		{"2000-02-29T12:34:56.000000000Z", 951827696},
		{"2026-03-01T00:00:00.000000000Z", 1772323200},
		{"1900-03-01T00:00:00.000000000Z", -2203891200},
		{"2100-12-31T23:59:59.000000000Z", 4133980799}};
	char buf[LEAT_LETTER_TIME_BYTES];
	int64_t ns;

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		ck_assert_str_eq(leat_letter_time_print(
					 all[k].seconds * 1000000000, buf),
			all[k].text);
		ck_assert(leat_letter_time_parse(buf, strlen(buf), &ns));
		ck_assert_int_eq(ns, all[k].seconds * 1000000000);
	}
	ck_assert_str_eq(leat_letter_time_print(-1, buf),
		"1969-12-31T23:59:59.999999999Z");
	ck_assert(leat_letter_time_parse(buf, strlen(buf), &ns));
	ck_assert_int_eq(ns, -1);
}
END_TEST

START_TEST(a_moment_may_be_said_in_short)
{
	static const struct {
		const char *text;
		int64_t ns; /* of that day; -1: it is none */
	} all[] = {{"2026-03-01", 0}, {"2026-03-01T01:00", 3600000000000},
		{"2026-03-01 00:00:01.5", 1500000000},
		{"2026-03-01T00:00:01Z", 1000000000}, {"2026-3-1", -1},
		{"2026-02-29", -1}, {"2026-13-01", -1}, {"2026-03-01T", -1},
		{"2026-03-01T25:00", -1}, {"2026-03-01T00:00+01", -1}, {"", -1},
		{"now", -1}};
	int64_t ns;

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		bool is_good = leat_letter_time_parse(
			all[k].text, strlen(all[k].text), &ns);

		ck_assert_msg(is_good == (all[k].ns >= 0), "%s", all[k].text);
		if (is_good)
			ck_assert_int_eq(ns, 1772323200000000000 + all[k].ns);
	}
}
END_TEST

TEST_MAIN("run/letter_print", all_that_is_in_a_letter_comes_back,
	so_does_every_record_whatever_its_bytes, what_is_not_known_is_left_out,
	a_name_that_is_no_text_comes_back_too,
	what_is_no_letter_is_not_taken_for_one,
	keys_of_later_versions_are_passed_over,
	moments_are_those_of_the_calendar, a_moment_may_be_said_in_short)
