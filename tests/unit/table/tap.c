/*
 * unit/table/tap.c -- rows that pass a link, written down as they go by.
 */
#include <sched.h>
#include <string.h>

#include <leat/watch.h>

#include "base/atomic.h"
#include "support/numbers.h"
#include "support/pipe.h"
#include "support/test.h"

/* A job of which nothing has passed yet. */
static struct leat_graph *
job_of(const char *text)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 1};
	struct leat_error err = {0};
	struct leat_graph *graph;

	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_msg(
		leat_graph_parse(graph, text, &err) == LEAT_OK, "%s", err.text);
	ck_assert_msg(leat_graph_check(graph, &err) == LEAT_OK, "%s", err.text);
	return graph;
}

static struct leat_tap *
tap_on(struct leat_graph *graph, uint32_t link, uint32_t rows)
{
	struct leat_tap_opts opts = {
		LEAT_OPTS_INIT(leat_tap_opts), .rows = rows};
	struct leat_error err = {0};
	struct leat_tap *tap;

	ck_assert_msg(leat_tap_open(graph, link, &opts, &tap, &err) == LEAT_OK,
		"%s", err.text);
	return tap;
}

/* What passed a link of the job first: as text, which stays with the tap. */
static struct leat_tap_rows
rows_of(struct leat_graph *graph, struct leat_tap *tap)
{
	struct leat_tap_rows rows;
	struct leat_error err = {0};

	ck_assert_msg(leat_graph_run(graph, &err) == LEAT_OK, "%s", err.text);
	ck_assert(leat_tap_take(tap, &rows));
	ck_assert_uint_eq(rows.size, sizeof(rows));
	return rows;
}

static void
check_text(const struct leat_tap_rows *rows, const char *text)
{
	ck_assert_uint_eq(rows->n_bytes, strlen(text));
	ck_assert_msg(!memcmp(rows->text, text, rows->n_bytes), "%.*s",
		(int)rows->n_bytes, rows->text);
}

static void
put_file(const char *text)
{
	pipe_put_file("a.csv", text, strlen(text));
}

START_TEST(columns_are_told_by_their_types)
{
	struct leat_tap_rows rows;
	struct leat_graph *graph;
	struct leat_tap *tap;
	char buf[256];

	pipe_enter_folder();
	put_file("id,a b,day,ok,price\n"
		 "1,\"say \"\"hi\"\"\",2024-02-29,true,1.50\n"
		 "2,,,,\n");
	graph = job_of("read a.csv ! csv.parse "
		       "schema=\"id:int64,day:date,ok:bool,price:decimal(2)\" "
		       "! derive \"n = id * 2.5\" ! write b.csv sync=off");
	tap = tap_on(graph, 2, 0);
	rows = rows_of(graph, tap);
	check_text(&rows,
		"{\"id\":1,\"a b\":\"say \\\"hi\\\"\",\"day\":\"2024-02-29\","
		"\"ok\":true,\"price\":1.50,\"n\":2.5}\n"
		"{\"id\":2,\"a b\":\"\",\"day\":null,\"ok\":null,"
		"\"price\":null,\"n\":5}\n");
	ck_assert_uint_eq(rows.n, 2);
	ck_assert_uint_eq(rows.n_of, 2);
	leat_tap_columns(tap, buf, sizeof(buf));
	ck_assert_str_eq(buf,
		"`id`:int64,`a b`:string,`day`:date,`ok`:bool,"
		"`price`:decimal(2),`n`:float64");
	leat_tap_close(tap);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(text_and_bytes_are_told_too)
{
	struct leat_tap_rows rows;
	struct leat_graph *graph;
	struct leat_tap *tap;

	pipe_enter_folder();
	put_file("x\ny\xff\n");
	graph = job_of("read a.csv ! lines.parse ! upper ! lines.format ! "
		       "write b.txt sync=off");
	tap = tap_on(graph, 1, 0);
	rows = rows_of(graph, tap);
	check_text(&rows, "{\"text\":\"x\"}\n{\"text\":\"y\\ufffd\"}\n");
	leat_tap_close(tap);
	leat_graph_destroy(graph);
	graph = job_of("read a.csv ! write b.txt sync=off");
	tap = tap_on(graph, 0, 0);
	rows = rows_of(graph, tap);
	check_text(&rows, "{\"bytes\":5,\"text\":\"x\\ny\\ufffd\\n\"}\n");
	ck_assert_uint_eq(leat_tap_columns(tap, NULL, 0), 0);
	leat_tap_close(tap);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

static struct leat_graph *
numbers_graph(uint64_t n, struct sink_seen *seen)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 2, .capacity_frames = 2};
	struct numbers_opts numbers = {
		LEAT_OPTS_INIT(numbers_opts), .n = n, .per_frame = 10};
	struct sink_opts sink = {LEAT_OPTS_INIT(sink_opts), .seen = seen};
	struct leat_step steps[] = {{&numbers_blocking_ops, &numbers},
		{&add_ops, NULL}, {&sink_ops, &sink}};
	struct leat_graph *graph;

	memset(seen, 0, sizeof(*seen));
	ck_assert_int_eq(leat_graph_create(&opts, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, NULL), LEAT_OK);
	return graph;
}

START_TEST(rows_of_a_frame_are_evenly_spread)
{
	struct sink_seen seen;
	struct leat_graph *graph = numbers_graph(10, &seen);
	struct leat_tap *tap = tap_on(graph, 0, 3);
	struct leat_tap_rows rows = rows_of(graph, tap);

	/* 1, 4 and 7 of 1 to 10 */
	check_text(&rows,
		"{\"item\":\"0100000000000000\"}\n"
		"{\"item\":\"0400000000000000\"}\n"
		"{\"item\":\"0700000000000000\"}\n");
	ck_assert_uint_eq(rows.n, 3);
	ck_assert_uint_eq(rows.n_of, 10);
	leat_tap_close(tap);
	leat_graph_destroy(graph);
}
END_TEST

/* Values of more than a line wants, rows of more than there is room. */
START_TEST(what_is_long_is_cut_and_what_does_not_fit_left_out)
{
	static char text[200 * 2001 + 1];
	struct leat_tap_rows rows;
	struct leat_graph *graph;
	struct leat_tap *tap;
	size_t n_line = 0;

	for (size_t k = 0; k < 200 * 2001; k++)
		text[k] = k % 2001 == 2000 ? '\n' : 'x';
	/* the last character before the cut would be half a one */
	memcpy(text + LEAT_TAP_VALUE_BYTES - 1, "\xc3\xa9", 2);
	pipe_enter_folder();
	put_file(text);
	graph = job_of("read a.csv ! lines.parse ! lines.format ! write b.txt "
		       "sync=off");
	tap = tap_on(graph, 1, 200);
	rows = rows_of(graph, tap);
	ck_assert_uint_gt(rows.n, 50);
	ck_assert_uint_lt(rows.n, rows.n_of);
	ck_assert_int_eq(rows.text[rows.n_bytes - 1], '\n');
	while (rows.text[n_line] != '\n')
		n_line++;
	ck_assert_uint_eq(n_line,
		strlen("{\"text\":\"\"}") + LEAT_TAP_VALUE_BYTES - 1 + 3);
	ck_assert(!memcmp(rows.text + n_line - 5, "\xe2\x80\xa6\"}", 5));
	leat_tap_close(tap);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_link_has_one_reader_and_then_another)
{
	struct sink_seen seen;
	struct leat_graph *graph = numbers_graph(10, &seen);
	struct leat_tap *tap = tap_on(graph, 1, 0), *other = NULL;
	struct leat_error err = {0};

	ck_assert_int_eq(
		leat_tap_open(graph, 1, NULL, &other, &err), LEAT_ESTATE);
	ck_assert_str_eq(err.text,
		"tap: another one looks at the link from 'add' to 'sink'");
	leat_tap_close(tap);
	tap = tap_on(graph, 1, 0);
	leat_tap_close(tap);
	leat_tap_close(NULL);
	ck_assert_int_eq(
		leat_tap_open(graph, 2, NULL, &other, &err), LEAT_EINVAL);
	ck_assert_str_eq(
		err.text, "tap: there is no link 2; there are 2, from 0 on");
	leat_graph_destroy(graph);
}
END_TEST

START_TEST(nobody_looks_before_the_links_are_known)
{
	struct leat_graph *graph;
	struct leat_tap *tap;
	struct leat_error err = {0};

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_tap_open(graph, 0, NULL, &tap, &err), LEAT_ESTATE);
	ck_assert_ptr_nonnull(strstr(err.text, "neither been checked"));
	leat_graph_destroy(graph);
}
END_TEST

/* One that was made while the frame was there: no gap, no frame of before. */
static uint64_t
number_at(const struct leat_tap_rows *rows, uint32_t k)
{
	/* {"item":"0100000000000000"} and a newline */
	const char *hex = rows->text + (size_t)k * 28 + 9;
	uint64_t n = 0;

	for (int at = 14; at >= 0; at -= 2) {
		char byte[3] = {hex[at], hex[at + 1], '\0'};

		n = n << 8 | strtoul(byte, NULL, 16);
	}
	return n;
}

START_TEST(a_graph_that_runs_is_looked_at_again_and_again)
{
	struct sink_seen seen;
	struct leat_graph *graph = numbers_graph(0, &seen);
	struct leat_tap_rows rows;
	uint64_t last = 0;

	ck_assert_int_eq(leat_graph_start(graph, NULL), LEAT_OK);
	for (uint32_t round = 0; round < 100; round++) {
		struct leat_tap *tap = tap_on(graph, round & 1, 10);

		for (uint32_t n = 0; n < round % 4;) {
			if (!leat_tap_take(tap, &rows)) {
				sched_yield();
				continue;
			}
			ck_assert_uint_eq(rows.n, 10);
			for (uint32_t k = 1; k < 10; k++)
				ck_assert_uint_eq(number_at(&rows, k),
					number_at(&rows, 0) + k);
			ck_assert_uint_gt(number_at(&rows, 0), n ? last : 0);
			last = number_at(&rows, 0);
			n++;
		}
		leat_tap_close(tap);
	}
	leat_graph_cancel(graph);
	ck_assert_int_eq(
		leat_graph_wait(graph, LEAT_NEVER, NULL), LEAT_ECANCELED);
	leat_graph_destroy(graph);
}
END_TEST

TEST_MAIN("table/tap", columns_are_told_by_their_types,
	text_and_bytes_are_told_too, rows_of_a_frame_are_evenly_spread,
	what_is_long_is_cut_and_what_does_not_fit_left_out,
	a_link_has_one_reader_and_then_another,
	nobody_looks_before_the_links_are_known,
	a_graph_that_runs_is_looked_at_again_and_again)
