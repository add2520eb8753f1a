/*
 * unit/watch/json.c -- what is written piece by piece is one value, whatever
 * the texts are and wherever the buffer ends.
 */
#include "support/test.h"

#include <math.h>

#include "watch/json.h"
#include <leat/json.h>

struct page {
	char text[8192];
	size_t n;
};

static void
page_write(void *user, const char *text, size_t n_bytes)
{
	struct page *p = user;

	ck_assert_uint_le(n_bytes, LEAT__JSON_BUF_BYTES);
	ck_assert_uint_lt(p->n + n_bytes, sizeof(p->text));
	memcpy(p->text + p->n, text, n_bytes);
	p->n += n_bytes;
	p->text[p->n] = '\0';
}

static struct page page;
static struct leat__json j;

static void
page_begin(void)
{
	page.n = 0;
	leat__json_init(&j, page_write, &page);
}

static void
page_is(const char *text)
{
	leat__json_end(&j);
	ck_assert_str_eq(page.text, text);
}

START_TEST(commas_stand_between_values)
{
	page_begin();
	leat__json_open(&j, NULL, '{');
	leat__json_number(&j, "a", UINT64_MAX);
	leat__json_open(&j, "b", '[');
	leat__json_open(&j, NULL, '{');
	leat__json_close(&j, '}');
	leat__json_open(&j, NULL, '[');
	leat__json_close(&j, ']');
	leat__json_bool(&j, NULL, true);
	leat__json_bool(&j, NULL, false);
	leat__json_close(&j, ']');
	leat__json_real(&j, "c", -0.0625);
	leat__json_text(&j, "d", NULL);
	leat__json_raw(&j, "e", "[1]", 3);
	leat__json_close(&j, '}');
	page_is("{\"a\":18446744073709551615,\"b\":[{},[],true,false],"
		"\"c\":-0.062,\"d\":null,\"e\":[1]}");
}
END_TEST

START_TEST(what_is_no_number_of_json_is_none)
{
	page_begin();
	leat__json_open(&j, NULL, '[');
	leat__json_real(&j, NULL, nan(""));
	leat__json_real(&j, NULL, 1e300);
	leat__json_real(&j, NULL, -1e300);
	leat__json_real(&j, NULL, 1e15);
	leat__json_close(&j, ']');
	page_is("[0.000,0.000,0.000,1000000000000000.000]");
}
END_TEST

START_TEST(texts_are_escaped)
{
	page_begin();
	leat__json_text(
		&j, NULL, "\"\\\n\t\x7f\x01 \xc3\xa4 \xff \xc3 \xed\xa0\x80");
	page_is("\"\\\"\\\\\\n\\u0009\\u007f\\u0001 \xc3\xa4 \\ufffd \\ufffd "
		"\\ufffd\\ufffd\\ufffd\"");
}
END_TEST

START_TEST(where_the_buffer_ends_makes_no_difference)
{
	char text[600];

	for (size_t n = LEAT__JSON_BUF_BYTES - 8; n < 540; n++) {
		struct leat_json_fault fault;

		memset(text, 'x', n);
		memcpy(text + n, "\xc3\xa4\n\"", 5);
		page_begin();
		leat__json_open(&j, NULL, '[');
		leat__json_text(&j, NULL, text);
		leat__json_number(&j, NULL, 7);
		leat__json_close(&j, ']');
		leat__json_end(&j);
		ck_assert_uint_eq(page.n, n + 2 + 4 + 2 + 4);
		ck_assert_int_eq(
			leat_json_check(
				(struct leat_text){(const uint8_t *)page.text,
					(uint32_t)page.n},
				&fault),
			LEAT_OK);
	}
}
END_TEST

TEST_MAIN("watch/json", commas_stand_between_values,
	what_is_no_number_of_json_is_none, texts_are_escaped,
	where_the_buffer_ends_makes_no_difference)
