/*
 * unit/ctx/dump.c -- what dumps say of a tree.
 */
#include "unit/ctx/tree.h"

/* ---- reading what was written ---------------------------------------------- */

#define OUT_BYTES (1u << 25)

static char *out;
static size_t n_out;

static void
collect(void *user, const char *text, size_t n_bytes)
{
	ck_assert_ptr_eq(user, &n_out);
	ck_assert_uint_gt(n_bytes, 0);
	ck_assert_uint_le(n_bytes, 512);
	ck_assert_uint_lt(n_out + n_bytes, OUT_BYTES);
	memcpy(out + n_out, text, n_bytes);
	n_out += n_bytes;
	out[n_out] = '\0';
}

static const char *
dump(struct leat_ctx *ctx, uint32_t flags, uint64_t max_contexts)
{
	if (!out)
		out = malloc(OUT_BYTES);
	ck_assert_ptr_nonnull(out);
	n_out = 0;
	ck_assert_int_eq(
		leat_ctx_dump(ctx, flags, max_contexts, collect, &n_out),
		LEAT_OK);
	return out;
}

/* Without strstr: a sanitizer that is strict with strings looks at the whole
 * rest of a text at each call. */
static uint32_t
count_of(const char *text, const char *word)
{
	size_t n_word = strlen(word);
	uint32_t n = 0;

	for (size_t k = strlen(text); k-- > 0; text++)
		n += *text == *word && strncmp(text, word, n_word) == 0;
	return n;
}

/* A clock that stands still. */
static int64_t
still_clock(const struct leat__env *env)
{
	(void)env;
	return 5 * SECOND_NS;
}

static void
setup_still(void)
{
	fail_env_init(&world);
	world.env.now_ns = still_clock;
	ck_assert_int_eq(leat__ctx_create(&world.env, &root, &err), LEAT_OK);
}

static void
after_nothing(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	(void)user;
}

static void
describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	leat__text_add(text, "fiber %d on channel 7 (recv)",
		*(const int *)wait->after.user);
}

/* ---- text ------------------------------------------------------------------ */

static const struct leat_ctx_key key_a = {"user"}, key_b = {NULL};

START_TEST(a_lone_root_is_one_line)
{
	setup_still();
	ck_assert_str_eq(dump(root, 0, 0), "- live, created at ?\n");
	teardown();
}
END_TEST

START_TEST(a_line_says_all_that_is_known)
{
	struct leat_ctx_after after = {.fn = after_nothing};
	int number = 3;
	struct leat__ctx_wait wait = {
		.after = {.fn = after_nothing, .user = &number},
		.describe = describe,
		.since_ns = 3800000000};
	struct leat_ctx *a, *b;

	setup_still();
	ck_assert_int_eq(leat_ctx_child_at(root, 6500000000, &a, NULL,
				 "/far/away/job.c:41"),
		LEAT_OK);
	b = child(a);
	ck_assert_int_eq(leat_ctx_set_name(a, "load \"x\""), LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_value(a, &key_a, a, NULL), LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_value(a, &key_b, a, NULL), LEAT_OK);
	leat_ctx_after(a, &after);
	leat__ctx_wait_begin(a, &wait);
	ck_assert_str_eq(dump(root, 0, 0),
		"- live, created at ?, 1 child\n"
		"  - live \"load \\\"x\\\"\", created at job.c:41, deadline in "
		"1.500 s, 1 child, values \"?\" \"user\", 1 callback, waits: "
		"fiber 3 on channel 7 (recv) for 1.200 s\n"
		"    - live, created at tree.c:1\n");
	ck_assert(leat__ctx_wait_end(a, &wait));
	ck_assert(leat_ctx_after_stop(a, &after));
	leat_ctx_destroy(b);
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

START_TEST(what_has_ended_is_there_with_its_cause_until_it_is_destroyed)
{
	struct leat_ctx *a, *b;

	setup_still();
	a = child(root);
	b = child(a);
	leat_ctx_cancel(a, LEAT_EDATA, "line\n7");
	leat_ctx_destroy(a);
	ck_assert_str_eq(dump(root, 0, 0),
		"- live, created at ?, 1 child\n"
		"  - ended (LEAT_EDATA \"line\\n7\") destroyed, created at "
		"tree.c:1, 1 child\n"
		"    - ended (LEAT_EDATA \"line\\n7\"), created at tree.c:1\n");
	leat_ctx_destroy(b);
	ck_assert_str_eq(dump(root, 0, 0), "- live, created at ?\n");
	teardown();
}
END_TEST

START_TEST(a_deadline_behind_the_clock_is_negative)
{
	setup_still();
	ck_assert_int_eq(leat_ctx_set_deadline(root, 3500000000), LEAT_OK);
	ck_assert_ptr_nonnull(strstr(dump(root, 0, 0), "in -1.500 s"));
	teardown();
}
END_TEST

START_TEST(only_what_is_below_is_written)
{
	struct leat_ctx *a, *a1, *b;

	setup_still();
	a = child(root);
	a1 = child(a);
	b = child(root);
	ck_assert_uint_eq(count_of(dump(a, 0, 0), "\n"), 2);
	ck_assert_uint_eq(count_of(dump(a1, 0, 0), "\n"), 1);
	ck_assert_uint_eq(count_of(dump(root, 0, 0), "\n"), 4);
	leat_ctx_destroy(a1);
	leat_ctx_destroy(a);
	leat_ctx_destroy(b);
	teardown();
}
END_TEST

START_TEST(an_unknown_flag_is_refused)
{
	setup();
	ck_assert_int_eq(
		leat_ctx_dump(root, 2, 0, collect, &n_out), LEAT_EINVAL);
	teardown();
}
END_TEST

START_TEST(a_context_created_by_the_macro_knows_its_line)
{
	char expected[64];

	ck_assert_int_eq(leat_ctx_create(&root, NULL), LEAT_OK);
	snprintf(expected, sizeof(expected), "- live, created at dump.c:%d\n",
		__LINE__ - 2);
	ck_assert_str_eq(dump(root, 0, 0), expected);
	leat_ctx_destroy(root);
}
END_TEST

/* ---- bounds ---------------------------------------------------------------- */

#define MANY 3000

START_TEST(the_rest_is_counted_not_written)
{
	static struct leat_ctx *many[MANY];

	setup();
	for (int k = 0; k < MANY; k++)
		many[k] = child(k % 10 ? many[k - 1] : root);
	dump(root, 0, 0); /* 1000 unless it is said */
	ck_assert_uint_eq(count_of(out, "- live"), 1000);
	ck_assert_ptr_nonnull(strstr(out, "\n2001 more left out\n"));
	dump(root, 0, MANY + 1);
	ck_assert_uint_eq(count_of(out, "- live"), MANY + 1);
	ck_assert_ptr_null(strstr(out, "left out"));
	dump(root, 0, 1);
	ck_assert_uint_eq(count_of(out, "\n"), 2);
	dump(root, LEAT_DUMP_JSON, 2);
	ck_assert_uint_eq(count_of(out, "\"live\""), 2);
	ck_assert_ptr_nonnull(strstr(out, "\"n_left_out\":2999}"));
	for (int k = 0; k < MANY; k++)
		leat_ctx_destroy(many[k]);
	teardown();
}
END_TEST

#define DEEP 100000

START_TEST(a_deep_chain_is_written_without_recursion)
{
	static struct leat_ctx *chain[DEEP];

	setup();
	for (int k = 0; k < DEEP; k++)
		chain[k] = child(k ? chain[k - 1] : root);
	dump(root, 0, DEEP + 1);
	ck_assert_uint_eq(count_of(out, "\n"), DEEP + 1);
	ck_assert_ptr_nonnull(strstr(out, "[100000] - live"));
	dump(chain[DEEP - 10], LEAT_DUMP_JSON, 0);
	ck_assert_ptr_nonnull(strstr(out, "\"depth\":9,"));
	for (int k = DEEP; k-- > 0;)
		leat_ctx_destroy(chain[k]);
	teardown();
}
END_TEST

START_TEST(of_many_waits_some_are_described)
{
	static struct leat__ctx_wait waits[5000];
	int number = 1;

	setup_still();
	for (int k = 0; k < 5000; k++) {
		waits[k].after.fn = after_nothing;
		waits[k].after.user = &number;
		waits[k].describe = k ? describe : NULL;
		leat__ctx_wait_begin(root, &waits[k]);
	}
	dump(root, 0, 0);
	ck_assert_ptr_nonnull(strstr(out, "waits: ?; fiber 1"));
	ck_assert_uint_eq(count_of(out, "fiber 1 on"), 7);
	ck_assert_ptr_nonnull(strstr(out, "; 4088 more\n")); /* of 4096 */
	dump(root, LEAT_DUMP_JSON, 0);
	ck_assert_ptr_nonnull(strstr(out, "\"n_waits\":4096"));
	for (int k = 0; k < 5000; k++)
		ck_assert(leat__ctx_wait_end(root, &waits[k]));
	teardown();
}
END_TEST

/* ---- JSON ------------------------------------------------------------------ */

START_TEST(json_says_the_same)
{
	int number = 3;
	struct leat__ctx_wait wait = {
		.after = {.fn = after_nothing, .user = &number},
		.describe = describe,
		.since_ns = 3800000000};
	struct leat_ctx *a;

	setup_still();
	ck_assert_int_eq(
		leat_ctx_child_at(root, 6500000000, &a, NULL, "job.c:41"),
		LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_value(root, &key_a, a, NULL), LEAT_OK);
	ck_assert_int_eq(leat_ctx_set_value(root, &key_b, a, NULL), LEAT_OK);
	leat__ctx_wait_begin(root, &wait);
	leat_ctx_cancel(a, LEAT_EDATA, "line 7");
	ck_assert_str_eq(dump(root, LEAT_DUMP_JSON, 0),
		"{\"contexts\":[\n"
		"{\"depth\":0,\"state\":\"live\",\"name\":null,"
		"\"created\":\"?\",\"destroyed\":false,\"cause\":null,"
		"\"text\":null,\"stage\":null,\"deadline_in_ns\":null,"
		"\"n_children\":1,\"n_callbacks\":0,"
		"\"values\":[\"?\",\"user\"],"
		"\"waits\":[{\"what\":\"fiber 3 on channel 7 (recv)\","
		"\"for_ns\":1200000000}],\"n_waits\":1},\n"
		"{\"depth\":1,\"state\":\"ended\",\"name\":null,"
		"\"created\":\"job.c:41\",\"destroyed\":false,"
		"\"cause\":\"LEAT_EDATA\",\"text\":\"line 7\",\"stage\":null,"
		"\"deadline_in_ns\":1500000000,\"n_children\":0,"
		"\"n_callbacks\":0,\"values\":[],\"waits\":[],\"n_waits\":0}\n"
		"],\"n_left_out\":0}\n");
	ck_assert(leat__ctx_wait_end(root, &wait));
	leat_ctx_destroy(a);
	teardown();
}
END_TEST

static const struct {
	const char *name, *json;
} strings[] = {
	{"", "\"\""},
	{"a\"b\\c", "\"a\\\"b\\\\c\""},
	{"\n\t\x01\x7f", "\"\\n\\u0009\\u0001\\u007f\""},
	{"z\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		"\"z\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\""},
	{"\xc3", "\"\\ufffd\""},                       /* cut off */
	{"\x80z", "\"\\ufffdz\""},                     /* no first byte */
	{"\xc0\xaf", "\"\\ufffd\\ufffd\""},            /* too long */
	{"\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""}, /* too long */
	{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
	{"\xf4\x90\x80\x80",                           /* beyond the last */
		"\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	{"\xf0\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	{"\xff", "\"\\ufffd\""},
};

START_TEST(every_name_becomes_a_valid_string)
{
	char expected[200];

	for (size_t k = 0; k < sizeof(strings) / sizeof(strings[0]); k++) {
		setup();
		ck_assert_int_eq(
			leat_ctx_set_name(root, strings[k].name), LEAT_OK);
		snprintf(expected, sizeof(expected), "\"name\":%s,\"created\"",
			strings[k].json);
		ck_assert_ptr_nonnull(
			strstr(dump(root, LEAT_DUMP_JSON, 0), expected));
		teardown();
	}
}
END_TEST

START_TEST(a_long_text_is_written_whole)
{
	char text[LEAT_ERROR_TEXT_BYTES];

	setup();
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	leat_ctx_cancel(root, LEAT_EDATA, text);
	ck_assert_ptr_nonnull(strstr(dump(root, 0, 0), text));
	ck_assert_ptr_nonnull(strstr(dump(root, LEAT_DUMP_JSON, 0), text));
	teardown();
}
END_TEST

TEST_MAIN("ctx/dump", a_lone_root_is_one_line, a_line_says_all_that_is_known,
	what_has_ended_is_there_with_its_cause_until_it_is_destroyed,
	a_deadline_behind_the_clock_is_negative, only_what_is_below_is_written,
	an_unknown_flag_is_refused,
	a_context_created_by_the_macro_knows_its_line,
	the_rest_is_counted_not_written,
	a_deep_chain_is_written_without_recursion,
	of_many_waits_some_are_described, json_says_the_same,
	every_name_becomes_a_valid_string, a_long_text_is_written_whole)
