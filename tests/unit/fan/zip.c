/*
 * unit/fan/zip.c -- rows of several ins side by side.
 */
#include "unit/fan/files.h"
#include "unit/fan/stages.h"

#define TWO                                                                    \
	"read @0 chunk_bytes=4096 ! csv.parse ! z. "                           \
	"read @1 chunk_bytes=4096 ! csv.parse ! z. "
#define TO_OUT " ! csv.format ! write @"

START_TEST(rows_stand_side_by_side_and_names_stay_unique)
{
	static const char *const texts[] = {
		"a,b\n1,x\n2,\"y,\"\"z\"\n", "b,c\n3,\n4,q\n", NULL};

	files_expect(TWO "zip name=z" TO_OUT, texts,
		"a,b,b_2,c\n1,x,3,\n2,\"y,\"\"z\",4,q\n");
}
END_TEST

START_TEST(typed_columns_become_text)
{
	static const char *const texts[] = {"a\nx\ny\n", "b\n1\n", NULL};

	files_expect("read @0 ! csv.parse ! count ! z. "
		     "read @1 ! csv.parse ! z. zip name=z" TO_OUT,
		texts, "count,b\n2,1\n");
}
END_TEST

/* Text of JSON stands in no source as it has to be written. */
START_TEST(text_of_vectors_is_quoted_where_it_has_to_be)
{
	static const char *const texts[] = {
		"{\"a\":\"x,y\"}\n{\"a\":\"\\\"q\\\"\"}\n"
		"{\"a\":\"two\\nlines\"}\n{\"a\":\"plain\"}\n",
		"b\n1\n2\n3\n4\n", NULL};

	files_expect("read @0 ! json.parse ! z. read @1 ! csv.parse ! z. "
		     "zip name=z" TO_OUT,
		texts,
		"a,b\n\"x,y\",1\n\"\"\"q\"\"\",2\n"
		"\"two\nlines\",3\nplain,4\n");
}
END_TEST

START_TEST(it_ends_with_the_shortest)
{
	static const char *const texts[] = {
		"a\n1\n2\n3\n", "b\n4\n", "b\n", NULL};

	files_expect(TWO "zip name=z" TO_OUT, texts, "a,b\n1,4\n");
	files_expect("read @1 ! csv.parse ! z. read @0 ! csv.parse ! z. "
		     "zip shortest name=z" TO_OUT,
		texts, "b,a\n4,1\n");
	files_expect("read @2 ! csv.parse ! z. read @0 ! csv.parse ! z. "
		     "zip name=z" TO_OUT,
		texts, "b,a\n");
}
END_TEST

START_TEST(strict_wants_the_same_number_of_rows)
{
	static const char *const texts[] = {"a\n1\n2\n", "b\n4\n", NULL};
	static const char *const alike[] = {"a\n1\n2\n", "b\n4\n5\n", NULL};

	files_expect_fails(TWO "zip strict name=z" TO_OUT, texts, LEAT_EDATA,
		"in 1 ('csv.parse2') has ended after 1 rows, and in 0 "
		"('csv.parse') has more");
	files_expect(TWO "zip strict name=z" TO_OUT, alike, "a,b\n1,4\n2,5\n");
}
END_TEST

START_TEST(a_long_zip_is_that_of_the_lines)
{
	char *a = files_numbers(0, 1, 9000), *b = files_numbers(7, 2, 9500);
	const char *const texts[] = {a, b, NULL};
	char *buf = malloc(1 << 20), *at;

	ck_assert_int_eq(
		files_run(TWO "zip name=z" TO_OUT, texts, buf, 1 << 20),
		LEAT_OK);
	at = strchr(buf, '\n') + 1;
	for (int k = 0; k < 9000; k++) {
		char line[96];
		int n = sprintf(
			line, "%d,row %d,%d,row %d\n", k, k, 7 + 2 * k, k);

		ck_assert_int_eq(strncmp(at, line, (size_t)n), 0);
		at += n;
	}
	ck_assert_int_eq(*at, 0);
	free(a);
	free(b);
	free(buf);
}
END_TEST

START_TEST(a_row_longer_than_any_frame_is_refused)
{
	size_t n = (1u << 20) - 4096;
	char *a = malloc(n + 16), *b = malloc(n + 16);
	const char *const texts[] = {a, b, a, NULL};

	memcpy(a, "a\n", 2);
	memset(a + 2, 'x', n);
	strcpy(a + 2 + n, "\n");
	strcpy(b, a);
	files_expect_fails(TWO "read @2 ! csv.parse ! z. zip name=z" TO_OUT,
		texts, LEAT_ELIMIT, "a record of more than ");
	free(a);
	free(b);
}
END_TEST

/* A second row of n bytes, behind a short one and before another. */
static char *
three_rows(size_t n_first, size_t n)
{
	char *text = malloc(n_first + n + 32), *at = text;

	at += sprintf(at, "a\n");
	memset(at, 'f', n_first);
	at[n_first] = '\n';
	memset(at + n_first + 1, 's', n);
	strcpy(at + n_first + 1 + n, "\nend\n");
	return text;
}

/* All rows in one frame, so that none is emitted before the next comes. */
#define WIDE(k) "read @" k " chunk_bytes=1000000 ! csv.parse ! z. "

START_TEST(a_row_that_does_not_fit_goes_to_the_next_frame_as_a_whole)
{
	char *a = three_rows(40000, 800000), *buf = malloc(1 << 22);
	const char *const texts[] = {a, a, a, NULL};
	const char *at;

	ck_assert_int_eq(
		files_run(WIDE("0") WIDE("1") WIDE("2") "zip name=z" TO_OUT,
			texts, buf, 1 << 22),
		LEAT_OK);
	at = strchr(buf, '\n') + 1;
	ck_assert_uint_eq(strspn(at, "f,"), 120002);
	at += 120003;
	ck_assert_uint_eq(strspn(at, "s,"), 2400002);
	ck_assert_str_eq(at + 2400003, "end,end,end\n");
	free(a);
	free(buf);
}
END_TEST

/* ---- items ---------------------------------------------------------------- */

struct pairs {
	uint64_t n;
	uint64_t n_bad;
};

struct pairs_opts {
	uint32_t size;
	uint32_t flags;
	struct pairs *pairs;
};

static int
pairs_init(struct leat_stage *st, const void *opts)
{
	*(struct pairs **)leat_stage_state(st) =
		((const struct pairs_opts *)opts)->pairs;
	return LEAT_OK;
}

/* Both halves are the number of the item. */
static int
pairs_process(struct leat_stage *st, struct leat_frame *in)
{
	struct pairs *pairs = *(struct pairs **)leat_stage_state(st);
	const uint64_t *items = (const uint64_t *)(const void *)in->data;

	for (uint32_t k = 0; k < in->n_items; k++) {
		pairs->n++;
		pairs->n_bad += items[2 * k] != pairs->n ||
			items[2 * k + 1] != pairs->n;
	}
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops pairs_ops = {LEAT_STAGE_OPS_INIT("pairs"),
	.flags = LEAT_STAGE_SINK, .state_bytes = sizeof(void *),
	.opts_bytes = sizeof(struct pairs_opts),
	.in_layouts = LEAT_LAYOUT_ITEMS, .item_bytes = 16, .init = pairs_init,
	.process = pairs_process};

START_TEST(items_are_put_behind_each_other)
{
	struct leat_graph_opts graph_opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct pairs pairs = {0};
	struct pairs_opts opts = {LEAT_OPTS_INIT(pairs_opts), .pairs = &pairs};
	struct fan fan;

	memset(&fan, 0, sizeof(fan));
	ck_assert_int_eq(
		leat_graph_create(&graph_opts, &fan.graph, &fan.err), LEAT_OK);
	fan.out = fan_add(&fan, &leat_zip_ops, NULL);
	for (uint32_t k = 0; k < 2; k++) {
		struct numbers_opts numbers = {LEAT_OPTS_INIT(numbers_opts),
			.n = 20000 + 7 * k, .per_frame = 3 + 4 * k};

		fan_link(&fan,
			fan_add(&fan, k ? &numbers_ops : &numbers_blocking_ops,
				&numbers),
			0, fan.out, k, 1);
	}
	fan_link(&fan, fan.out, 0, fan_add(&fan, &pairs_ops, &opts), 0, 1);
	fan_run(&fan);
	ck_assert_uint_eq(pairs.n, 20000);
	ck_assert_uint_eq(pairs.n_bad, 0);
	leat_graph_destroy(fan.graph);
}
END_TEST

START_TEST(branches_of_one_tee_are_refused_with_a_hint)
{
	static const char *const texts[] = {"a\n1\n", NULL};

	files_expect_fails("read @0 ! csv.parse ! tee block name=t  t. ! z. "
			   "t. ! z. zip name=z" TO_OUT,
		texts, LEAT_EINVAL, "(or join) brings the branches");
}
END_TEST

TEST_MAIN("fan/zip", rows_stand_side_by_side_and_names_stay_unique,
	typed_columns_become_text, text_of_vectors_is_quoted_where_it_has_to_be,
	it_ends_with_the_shortest, strict_wants_the_same_number_of_rows,
	a_long_zip_is_that_of_the_lines, a_row_longer_than_any_frame_is_refused,
	a_row_that_does_not_fit_goes_to_the_next_frame_as_a_whole,
	items_are_put_behind_each_other,
	branches_of_one_tee_are_refused_with_a_hint)
