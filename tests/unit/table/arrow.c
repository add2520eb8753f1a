/*
 * tests of table/arrow_*.c: tables out to Arrow, Arrow in to tables.
 */
#include <errno.h>

#include <leat/arrow.h>
#include <leat/leat.h>

#include "support/pipe.h"
#include "support/test.h"

#define IN_CSV                                                                 \
	"id,name,ratio\n1,Ann,0.5\n2,\"B\"\"o, jr\",\n,,-3\n4,Dee,1e300\n"

static struct leat_error err;

/* A graph of a text with an open end, and a stream from that. */
static struct leat_graph *
open_out(const char *text, struct ArrowArrayStream *stream)
{
	struct leat_graph *graph;
	struct leat_end end;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_msg(leat_graph_parse_open(graph, text, &end, &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_int_eq(leat_arrow_out(graph, end, stream, &err), LEAT_OK);
	return graph;
}

/* Write what a stream gives as CSV; it is the graph's then. */
static int
write_csv(struct ArrowArrayStream *stream, const char *path)
{
	struct leat_graph *graph;
	char text[128];
	int rc;

	snprintf(text, sizeof(text), "in. ! csv.format ! write %s sync=off",
		path);
	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	rc = leat_arrow_in(graph, "in", stream, NULL, &err);
	ck_assert_int_eq(rc, LEAT_OK);
	rc = leat_graph_parse(graph, text, &err);
	if (rc == LEAT_OK)
		rc = leat_graph_run(graph, &err);
	leat_graph_destroy(graph);
	return rc;
}

static void
expect_text(const struct ArrowArray *array, int64_t row, const char *text)
{
	const uint8_t *valid = array->buffers[0];
	const int32_t *offsets = array->buffers[1];
	const char *bytes = array->buffers[2];

	ck_assert_int_eq(valid[row / 8] >> (row % 8) & 1, text != NULL);
	if (!text)
		return;
	ck_assert_int_eq(offsets[row + 1] - offsets[row], (int)strlen(text));
	ck_assert_mem_eq(bytes + offsets[row], text, strlen(text));
}

/* ---- out --------------------------------------------------------------------- */

START_TEST(a_table_goes_out_as_arrays)
{
	struct ArrowArrayStream stream;
	struct ArrowSchema schema;
	struct ArrowArray array;
	struct leat_graph *graph;

	pipe_enter_folder();
	pipe_put_text("in.csv", IN_CSV);
	graph = open_out("read in.csv ! csv.parse", &stream);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	ck_assert_int_eq(stream.get_schema(&stream, &schema), 0);
	ck_assert_str_eq(schema.format, "+s");
	ck_assert_int_eq(schema.n_children, 3);
	ck_assert_str_eq(schema.children[1]->name, "name");
	ck_assert_str_eq(schema.children[1]->format, "u");
	ck_assert(schema.children[1]->flags & ARROW_FLAG_NULLABLE);
	schema.release(&schema);
	ck_assert(schema.release == NULL);
	ck_assert_msg(stream.get_next(&stream, &array) == 0, "%s",
		stream.get_last_error(&stream));
	ck_assert_int_eq(array.length, 4);
	ck_assert_int_eq(array.n_children, 3);
	ck_assert_int_eq(array.children[1]->n_buffers, 3);
	ck_assert_int_eq(array.children[1]->null_count, 1);
	expect_text(array.children[1], 0, "Ann");
	expect_text(array.children[1], 1, "B\"o, jr");
	expect_text(array.children[1], 2, NULL);
	expect_text(array.children[1], 3, "Dee");
	array.release(&array);
	ck_assert_int_eq(stream.get_next(&stream, &array), 0);
	ck_assert(array.release == NULL);
	ck_assert_int_eq(stream.get_next(&stream, &array), 0);
	ck_assert(array.release == NULL);
	stream.release(&stream);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_OK);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(only_rows_that_are_alive_go_out)
{
	struct ArrowArrayStream stream;
	struct ArrowArray array;
	struct leat_graph *graph;

	pipe_enter_folder();
	pipe_put_text("in.csv", IN_CSV);
	graph = open_out(
		"read in.csv ! where \"id > 1\" ! select v=id", &stream);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	ck_assert_int_eq(stream.get_next(&stream, &array), 0);
	ck_assert_int_eq(array.length, 2);
	leat_graph_destroy(graph);
	/* nothing of it is the graph's */
	stream.release(&stream);
	ck_assert_int_eq(array.n_children, 1);
	array.release(&array);
	pipe_leave_folder();
}
END_TEST

START_TEST(children_may_be_moved_and_outlive_their_parents)
{
	struct ArrowArrayStream stream;
	struct ArrowSchema schema, moved_schema;
	struct ArrowArray array, moved;
	struct leat_graph *graph;

	pipe_enter_folder();
	pipe_put_text("in.csv", IN_CSV);
	graph = open_out("read in.csv ! csv.parse", &stream);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	ck_assert_int_eq(stream.get_schema(&stream, &schema), 0);
	moved_schema = *schema.children[1];
	schema.children[1]->release = NULL;
	schema.release(&schema);
	ck_assert_str_eq(moved_schema.name, "name");
	moved_schema.release(&moved_schema);
	ck_assert_int_eq(stream.get_next(&stream, &array), 0);
	moved = *array.children[1];
	array.children[1]->release = NULL;
	array.release(&array);
	expect_text(&moved, 3, "Dee");
	moved.release(&moved);
	stream.release(&stream);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_failure_is_no_end)
{
	struct ArrowArrayStream stream;
	struct ArrowSchema schema;
	struct ArrowArray array;
	struct leat_graph *graph;
	int rc = 0;

	pipe_enter_folder();
	pipe_put_text("in.csv", "id,name,ratio\n1,2\n");
	graph = open_out("read in.csv ! csv.parse", &stream);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	while (rc == 0) {
		rc = stream.get_next(&stream, &array);
		ck_assert_msg(rc || array.release, "it has ended");
		if (rc == 0)
			array.release(&array);
	}
	ck_assert_int_eq(rc, EIO);
	ck_assert_ptr_nonnull(
		strstr(stream.get_last_error(&stream), "row has 2 fields"));
	ck_assert_int_eq(stream.get_schema(&stream, &schema), 0);
	schema.release(&schema);
	leat_graph_destroy(graph);
	ck_assert_int_eq(stream.get_next(&stream, &array), EIO);
	stream.release(&stream);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_graph_that_never_ran_is_no_end_either)
{
	struct ArrowArrayStream stream;
	struct ArrowArray array;
	struct leat_graph *graph;

	pipe_enter_folder();
	pipe_put_text("in.csv", IN_CSV);
	graph = open_out("read in.csv ! csv.parse", &stream);
	ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_OK);
	leat_graph_destroy(graph);
	ck_assert_int_eq(stream.get_next(&stream, &array), EIO);
	ck_assert_ptr_nonnull(
		strstr(stream.get_last_error(&stream), "has ended before"));
	stream.release(&stream);
	pipe_leave_folder();
}
END_TEST

START_TEST(arrays_that_nobody_takes_are_released)
{
	struct ArrowArrayStream stream;
	struct leat_graph *graph;
	char text[20000];
	size_t n = (size_t)sprintf(text, "id\n");

	while (n < sizeof(text) - 10)
		n += (size_t)sprintf(text + n, "%zu\n", n);
	strcpy(text + n, "x\n");
	pipe_enter_folder();
	pipe_put_text("in.csv", text);
	graph = open_out("read in.csv chunk_bytes=16384 ! "
			 "csv.parse schema=id:int64",
		&stream);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_EDATA);
	leat_graph_destroy(graph);
	stream.release(&stream);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_stream_that_is_released_early_ends_what_feeds_it)
{
	struct ArrowArrayStream stream;
	struct leat_graph *graph;

	pipe_enter_folder();
	pipe_put_text("in.csv", IN_CSV);
	graph = open_out("read in.csv chunk_bytes=4k ! csv.parse", &stream);
	stream.release(&stream);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_OK);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(one_end_has_to_be_open)
{
	static const struct {
		const char *graph, *text;
	} bad[] = {{"read a.csv ! count ! write b.csv", "every chain has its"},
		{"read a.csv ! csv.parse; read b.csv ! csv.parse", "accepted"}};

	for (size_t k = 0; k < 1; k++) {
		struct leat_graph *graph;
		struct leat_end end;

		ck_assert_int_eq(
			leat_graph_create(NULL, &graph, NULL), LEAT_OK);
		ck_assert_int_eq(
			leat_graph_parse_open(graph, bad[k].graph, &end, &err),
			LEAT_EINVAL);
		ck_assert_msg(
			strstr(err.text, bad[k].text) != NULL, "%s", err.text);
		leat_graph_destroy(graph);
	}
}
END_TEST

/* ---- in ---------------------------------------------------------------------- */

/* A stream of one batch that is made here. */
struct fake {
	struct ArrowSchema schema;
	struct ArrowArray array;
	int rc;       /* of get_next */
	int n_live;   /* arrays and schemas not released yet */
	int n_left;   /* batches */
	bool is_over; /* the stream was released */
};

static void
fake_release_schema(struct ArrowSchema *schema)
{
	((struct fake *)schema->private_data)->n_live--;
	schema->release = NULL;
}

static void
fake_release_array(struct ArrowArray *array)
{
	((struct fake *)array->private_data)->n_live--;
	array->release = NULL;
}

static int
fake_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	struct fake *f = stream->private_data;

	*out = f->schema;
	out->release = fake_release_schema;
	out->private_data = f;
	f->n_live++;
	return 0;
}

static int
fake_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct fake *f = stream->private_data;

	*out = (struct ArrowArray){.release = NULL};
	if (f->rc || !f->n_left--)
		return f->rc;
	*out = f->array;
	out->release = fake_release_array;
	out->private_data = f;
	f->n_live++;
	return 0;
}

static const char *
fake_get_last_error(struct ArrowArrayStream *stream)
{
	(void)stream;
	return "the cable is cut";
}

static void
fake_release(struct ArrowArrayStream *stream)
{
	((struct fake *)stream->private_data)->is_over = true;
	stream->release = NULL;
}

/* One column of n rows. */
struct fake_column {
	const char *format;
	int64_t n, offset, null_count;
	const void *buffers[4];
	int64_t n_buffers;
	struct ArrowArray *dictionary;
	const char *dictionary_format;
};

static int
fake_run(struct fake *f, const struct fake_column *column, const char *path)
{
	struct ArrowSchema words = {
		.format = column->dictionary_format, .name = ""};
	struct ArrowSchema child = {.format = column->format, .name = "v"};
	struct ArrowSchema *children[] = {&child};
	const void *buffers[4];
	struct ArrowArray values = {.length = column->n,
		.offset = column->offset,
		.null_count = column->null_count,
		.n_buffers = column->n_buffers,
		.buffers = buffers,
		.dictionary = column->dictionary};
	struct ArrowArray *arrays[] = {&values};
	const void *no_buffer[] = {NULL};
	struct ArrowArrayStream stream = {fake_get_schema, fake_get_next,
		fake_get_last_error, fake_release, f};
	int rc;

	memcpy(buffers, column->buffers, sizeof(buffers));
	if (column->dictionary)
		child.dictionary = &words;
	f->schema = (struct ArrowSchema){
		.format = "+s", .n_children = 1, .children = children};
	f->array = (struct ArrowArray){.length = column->n,
		.n_buffers = 1,
		.buffers = no_buffer,
		.n_children = 1,
		.children = arrays};
	f->is_over = false;
	rc = write_csv(&stream, path);
	ck_assert(f->is_over);
	ck_assert_int_eq(f->n_live, 0);
	return rc;
}

static void
expect_column(const struct fake_column *column, const char *csv)
{
	struct fake f = {.n_left = 1};
	int rc = fake_run(&f, column, "out.csv");

	ck_assert_msg(rc == LEAT_OK, "%s: %s", column->format, err.text);
	pipe_file_holds("out.csv", csv);
}

START_TEST(every_type_of_value_comes_in)
{
	static const uint8_t valid[] = {0x05}; /* rows 0 and 2 */
	static const int8_t bytes[] = {-1, 7, 127};
	static const uint16_t shorts[] = {65535, 7, 0};
	static const uint64_t longs[] = {INT64_MAX, 7, 1};
	static const float floats[] = {0.5f, 7, -2};
	static const int32_t days[] = {-1, 7, 19000};
	static const int64_t ms[] = {-86400000, 7, 86400000};
	static const int64_t seconds[] = {-1, 7, 1700000000};
	static const int64_t ns[] = {-1000, 7, 1500000};
	static const int64_t decimals[] = {-150, -1, 7, 0, 1, 0};
	static const int32_t offsets[] = {0, 1, 3, 6};
	static const int64_t far[] = {0, 1, 3, 6};
	static const uint8_t bits[] = {0x04};
	const struct {
		struct fake_column column;
		const char *csv;
	} all[] = {
		{{"c", 3, 0, 1, {valid, bytes}, 2, NULL, NULL},
			"v\n-1\n\"\"\n127\n"},
		{{"S", 3, 0, 1, {valid, shorts}, 2, NULL, NULL},
			"v\n65535\n\"\"\n0\n"},
		{{"L", 3, 0, -1, {valid, longs}, 2, NULL, NULL},
			"v\n9223372036854775807\n\"\"\n1\n"},
		{{"l", 2, 1, 0, {NULL, longs}, 2, NULL, NULL}, "v\n7\n1\n"},
		{{"f", 3, 0, 1, {valid, floats}, 2, NULL, NULL},
			"v\n0.5\n\"\"\n-2\n"},
		{{"tdD", 3, 0, 1, {valid, days}, 2, NULL, NULL},
			"v\n1969-12-31\n\"\"\n2022-01-08\n"},
		{{"tdm", 3, 0, 1, {valid, ms}, 2, NULL, NULL},
			"v\n1969-12-31\n\"\"\n1970-01-02\n"},
		{{"tss:", 3, 0, 1, {valid, seconds}, 2, NULL, NULL},
			"v\n1969-12-31T23:59:59Z\n\"\"\n2023-11-14T22:13:"
			"20Z\n"},
		{{"tsn:Europe/Paris", 3, 0, 1, {valid, ns}, 2, NULL, NULL},
			"v\n1969-12-31T23:59:59.999999Z\n\"\"\n"
			"1970-01-01T00:00:00.0015Z\n"},
		{{"d:10,2", 3, 0, 1, {valid, decimals}, 2, NULL, NULL},
			"v\n-1.50\n\"\"\n0.01\n"},
		{{"u", 3, 0, 1, {valid, offsets, "abcdef"}, 3, NULL, NULL},
			"v\na\n\"\"\ndef\n"},
		{{"U", 3, 0, 1, {valid, far, "abcdef"}, 3, NULL, NULL},
			"v\na\n\"\"\ndef\n"},
		{{"z", 3, 0, 1, {valid, offsets, "\x00\xff\x10 ok"}, 3, NULL,
			 NULL},
			"v\n00\n\"\"\n206f6b\n"},
		{{"w:2", 3, 0, 1, {valid, "abcdef"}, 2, NULL, NULL},
			"v\n6162\n\"\"\n6566\n"},
		{{"b", 3, 0, 1, {valid, bits}, 2, NULL, NULL},
			"v\nfalse\n\"\"\ntrue\n"},
		{{"n", 2, 0, 2, {NULL}, 0, NULL, NULL}, "v\n\"\"\n\"\"\n"},
	};

	pipe_enter_folder();
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		expect_column(&all[k].column, all[k].csv);
	pipe_leave_folder();
}
END_TEST

START_TEST(string_views_and_dictionaries_come_in)
{
	static const char far[] = "a text of twenty bytes";
	static const int32_t offsets[] = {0, 3, 3, 8};
	static const uint8_t valid[] = {0x0d}; /* 0, 2, 3 */
	static const uint16_t index[] = {2, 9, 0, 2};
	const void *words_buffers[] = {NULL, offsets, "onethree"};
	struct ArrowArray words = {
		.length = 3, .n_buffers = 3, .buffers = words_buffers};
	uint8_t views[2][16] = {{3, 0, 0, 0, 'a', 'b', 'c'},
		{20, 0, 0, 0, 't', 'e', 'x', 't', 0, 0, 0, 0, 2, 0, 0, 0}};

	pipe_enter_folder();
	expect_column(&(struct fake_column){"vu", 2, 0, 0, {NULL, views, far},
			      3, NULL, NULL},
		"v\nabc\ntext of twenty bytes\n");
	expect_column(&(struct fake_column){"S", 4, 0, 1, {valid, index}, 2,
			      &words, "u"},
		"v\nthree\n\"\"\none\nthree\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(long_bytes_are_written_as_digits)
{
	static const int32_t offsets[] = {0, 400};
	static char bytes[400];
	char want[810] = "v\n";

	for (int k = 0; k < 400; k++) {
		bytes[k] = (char)(k * 7);
		snprintf(want + 2 + 2 * k, 3, "%02x", (uint8_t)bytes[k]);
	}
	memcpy(want + 802, "\n", 2);
	pipe_enter_folder();
	expect_column(&(struct fake_column){"z", 1, 0, 0,
			      {NULL, offsets, bytes}, 3, NULL, NULL},
		want);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_does_not_fit_is_an_error)
{
	static const uint64_t big[] = {1, 1ull << 63};
	static const int64_t ns[] = {1000, 1001};
	static const int64_t seconds[] = {0, INT64_MAX / 1000};
	static const int8_t index[] = {0, 3};
	static const int32_t offsets[] = {0, 1};
	static const int32_t days[] = {2932896, 2932897}; /* from 9999 on */
	static const struct leat_decimal decimals[] = {
		{0, INT64_C(1) << 60}, {0, INT64_MAX}}; /* over 38 digits */
	const void *words_buffers[] = {NULL, offsets, "x"};
	struct ArrowArray words = {
		.length = 1, .n_buffers = 3, .buffers = words_buffers};
	const struct fake_column all[] = {
		{"L", 2, 0, 0, {NULL, big}, 2, NULL, NULL},
		{"tsn:", 2, 0, 0, {NULL, ns}, 2, NULL, NULL},
		{"tss:", 2, 0, 0, {NULL, seconds}, 2, NULL, NULL},
		{"tdD", 2, 0, 0, {NULL, days}, 2, NULL, NULL},
		{"d:38,0", 2, 0, 0, {NULL, decimals}, 2, NULL, NULL},
		{"c", 2, 0, 0, {NULL, index}, 2, &words, "u"}};

	pipe_enter_folder();
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		struct fake f = {.n_left = 1};

		ck_assert_int_eq(fake_run(&f, &all[k], "out.csv"), LEAT_EDATA);
		ck_assert_msg(strstr(err.text, "in row 1 of a batch") != NULL,
			"%s", err.text);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(formats_that_are_not_known_are_refused)
{
	static const char *const formats[] = {
		"+l", "+s", "e", "tts", "d:40,2,256", "ts", "tsx:", "w:", ""};

	pipe_enter_folder();
	for (size_t k = 0; k < sizeof(formats) / sizeof(formats[0]); k++) {
		struct fake f = {.n_left = 1};
		struct fake_column c = {
			formats[k], 0, 0, 0, {NULL, NULL}, 2, NULL, NULL};

		ck_assert_int_eq(fake_run(&f, &c, "out.csv"), LEAT_ENOTSUP);
		ck_assert_msg(
			strstr(err.text, "column 'v'") != NULL, "%s", err.text);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_stream_that_fails_says_why)
{
	static const int64_t one[] = {1};
	struct fake f = {.n_left = 1, .rc = EPIPE};
	struct fake_column c = {"l", 1, 0, 0, {NULL, one}, 2, NULL, NULL};

	pipe_enter_folder();
	ck_assert_int_eq(fake_run(&f, &c, "out.csv"), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "the cable is cut"));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_stream_goes_with_a_graph_that_was_never_checked)
{
	struct fake f = {.n_left = 1};
	struct ArrowArrayStream stream = {fake_get_schema, fake_get_next,
		fake_get_last_error, fake_release, &f};
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_arrow_in(graph, "in", &stream, NULL, &err), LEAT_OK);
	ck_assert(stream.release == NULL);
	leat_graph_destroy(graph);
	ck_assert(f.is_over);
}
END_TEST

/* ---- round trips ----------------------------------------------------------------- */

START_TEST(many_rows_come_back_through_a_stream)
{
	struct ArrowArrayStream stream;
	struct leat_graph *graph;
	size_t n = 0, room = 4000000;
	char *text = malloc(room), *back;

	ck_assert_ptr_nonnull(text);
	n += (size_t)snprintf(text, room, "k,text,note\n");
	for (int k = 0; k < 60000; k++)
		n += (size_t)snprintf(text + n, room - n, "%d,%.*s,%s\n", k,
			k % 37, "the quick brown fox jumps over the lazy dogs",
			k % 3 ? "" : "\"a \"\"b\"\",\n c\"");
	pipe_enter_folder();
	pipe_put_file("in.csv", text, n);
	graph = open_out("read in.csv ! csv.parse", &stream);
	ck_assert_int_eq(leat_graph_start(graph, &err), LEAT_OK);
	ck_assert_msg(write_csv(&stream, "out.csv") == LEAT_OK, "%s", err.text);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_OK);
	leat_graph_destroy(graph);
	back = pipe_get_file("out.csv", NULL);
	ck_assert(!strncmp(text, back, n));
	free(back);
	free(text);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("table/arrow", a_table_goes_out_as_arrays,
	only_rows_that_are_alive_go_out,
	children_may_be_moved_and_outlive_their_parents, a_failure_is_no_end,
	a_graph_that_never_ran_is_no_end_either,
	arrays_that_nobody_takes_are_released,
	a_stream_that_is_released_early_ends_what_feeds_it,
	one_end_has_to_be_open, every_type_of_value_comes_in,
	string_views_and_dictionaries_come_in, long_bytes_are_written_as_digits,
	what_does_not_fit_is_an_error, formats_that_are_not_known_are_refused,
	a_stream_that_fails_says_why,
	a_stream_goes_with_a_graph_that_was_never_checked,
	many_rows_come_back_through_a_stream)
