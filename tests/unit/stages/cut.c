/*
 * tests of stages/filter/cut.c: how long a pipe's parser waits for its sample.
 * Where records are cut is tested with csv.cut, json.cut and lines.cut.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leat/table.h>

#include "base/atomic.h"
#include "support/pipe.h"
#include "support/test.h"

#define SECOND_NS INT64_C(1000000000)

/* ---- in virtual time ----------------------------------------------------- */

/* What came first, and when. */
static struct seen {
	struct leat_graph *graph;
	int64_t began_ns;
	int64_t at_ns;
	uint32_t n_rows;
	uint32_t type; /* of the first column */
} seen;

static int
witness_process(struct leat_stage *st, struct leat_frame *in)
{
	struct leat_table t;

	leat_table_open(in, &t);
	if (in->n_items && !seen.n_rows) {
		seen.at_ns = leat_stage_now_ns(st);
		seen.n_rows = in->n_items;
		seen.type = t.schema->columns[0].type;
		leat_graph_drain(seen.graph);
	}
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
witness_init(struct leat_stage *st, const void *opts)
{
	(void)opts;
	seen.began_ns = leat_stage_now_ns(st);
	return LEAT_OK;
}

static const struct leat_stage_ops witness_ops = {
	LEAT_STAGE_OPS_INIT("witness"),
	.flags = LEAT_STAGE_SINK,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = witness_init,
	.process = witness_process,
};

/* This is in a pipe, and nothing more comes. */
static void
watch(const struct leat_step *parser, const char *data)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.flags = LEAT_GRAPH_VIRTUAL_TIME};
	struct leat_read_opts from = {
		LEAT_OPTS_INIT(leat_read_opts), .path = "in"};
	struct leat_step steps[] = {
		{&leat_read_ops, &from}, *parser, {&witness_ops, NULL}};
	struct leat_error err;
	int fd;

	pipe_enter_folder();
	ck_assert_int_eq(mkfifo("in", 0600), 0);
	fd = open("in", O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, strlen(data)), (ssize_t)strlen(data));
	seen = (struct seen){0};
	ck_assert_int_eq(leat_graph_create(&opts, &seen.graph, &err), LEAT_OK);
	ck_assert_msg(leat_graph_chain(seen.graph, steps, 3, &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_msg(
		leat_graph_run(seen.graph, &err) == LEAT_OK, "%s", err.text);
	leat_graph_destroy(seen.graph);
	close(fd);
	pipe_leave_folder();
}

static void
check_seen(uint32_t n_rows, int64_t wait_ns)
{
	ck_assert_uint_eq(seen.n_rows, n_rows);
	ck_assert_uint_eq(seen.type, LEAT_TYPE_INT64);
	ck_assert_int_ge(seen.at_ns - seen.began_ns, wait_ns);
	ck_assert_int_lt(seen.at_ns - seen.began_ns, wait_ns + SECOND_NS);
}

START_TEST(rows_go_on_when_they_have_been_waited_for_long_enough)
{
	struct leat_csv_parse_opts opts = {LEAT_OPTS_INIT(leat_csv_parse_opts)};
	struct leat_step step = {&leat_csv_parse_ops, &opts};

	watch(&step, "a,b\n1,x\n2,yy\n3.5");
	check_seen(2, 10 * SECOND_NS);
	opts.infer_wait_ns = 3600 * SECOND_NS;
	watch(&step, "a,b\n1,x\n2,yy\n3.5");
	check_seen(2, 3600 * SECOND_NS);
	opts.header = 1;
	watch(&step, "1,x\n");
	check_seen(1, 3600 * SECOND_NS);
	opts.sniff = 1;
	watch(&step, "1|x\n2|y\n3");
	check_seen(2, 3600 * SECOND_NS);
}
END_TEST

START_TEST(so_do_lines_of_json)
{
	struct leat_json_parse_opts opts = {
		LEAT_OPTS_INIT(leat_json_parse_opts)};
	struct leat_step step = {&leat_json_parse_ops, &opts};

	watch(&step, "{\"a\":1}\n{\"a\":2}\n{\"a\":3.5");
	check_seen(2, 10 * SECOND_NS);
	opts.infer_wait_ns = 3600 * SECOND_NS;
	watch(&step, "\n{\"a\":1}\n");
	check_seen(1, 3600 * SECOND_NS);
}
END_TEST

START_TEST(what_needs_no_sample_does_not_wait)
{
	struct leat_csv_parse_opts opts = {LEAT_OPTS_INIT(leat_csv_parse_opts),
		.schema = "a:int64,b:string"};
	struct leat_step step = {&leat_csv_parse_ops, &opts};

	watch(&step, "a,b\n1,x\n2,yy\n3");
	check_seen(2, 0);
}
END_TEST

/* ---- a row at a time ------------------------------------------------------ */

static uint64_t n_taken; /* atomic: rows that have come to the end */

static int
tally_process(struct leat_stage *st, struct leat_frame *in)
{
	leat__add_relaxed(&n_taken, (uint64_t)in->n_items);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops tally_ops = {
	LEAT_STAGE_OPS_INIT("tally"),
	.flags = LEAT_STAGE_SINK,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.process = tally_process,
};

/* A graph that reads from a pipe which stays open. */
struct open_pipe {
	struct leat_graph *graph;
	int fd;
	uint64_t n_bytes;
};

static void
open_start(struct open_pipe *p, const struct leat_step *parser)
{
	struct leat_read_opts from = {
		LEAT_OPTS_INIT(leat_read_opts), .path = "in"};
	struct leat_step steps[] = {
		{&leat_read_ops, &from}, *parser, {&tally_ops, NULL}};
	struct leat_error err;

	pipe_enter_folder();
	*p = (struct open_pipe){0};
	n_taken = 0;
	ck_assert_int_eq(mkfifo("in", 0600), 0);
	p->fd = open("in", O_RDWR);
	ck_assert_int_ge(p->fd, 0);
	ck_assert_int_eq(leat_graph_create(NULL, &p->graph, &err), LEAT_OK);
	ck_assert_msg(leat_graph_chain(p->graph, steps, 3, &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_msg(
		leat_graph_start(p->graph, &err) == LEAT_OK, "%s", err.text);
}

/* Write, and wait until all of it was read and so many rows have come. */
static void
open_give(struct open_pipe *p, const char *data, uint64_t n_rows)
{
	struct leat_graph_stats stats;
	size_t n = strlen(data);

	ck_assert_int_eq(write(p->fd, data, n), (ssize_t)n);
	p->n_bytes += n;
	do {
		sched_yield();
		leat_graph_stats(p->graph, &stats);
	} while (stats.source_bytes < p->n_bytes ||
		leat__load_relaxed(&n_taken) < n_rows);
	ck_assert_uint_eq(leat__load_relaxed(&n_taken), n_rows);
}

static int
open_end(struct open_pipe *p, struct leat_error *err)
{
	int rc;

	leat_graph_drain(p->graph);
	rc = leat_graph_wait(p->graph, LEAT_NEVER, err);
	leat_graph_destroy(p->graph);
	close(p->fd);
	return rc;
}

START_TEST(a_header_alone_is_no_sample_however_long_it_was_waited_for)
{
	struct leat_csv_parse_opts opts = {
		LEAT_OPTS_INIT(leat_csv_parse_opts), .infer_wait_ns = 1};
	struct leat_step step = {&leat_csv_parse_ops, &opts};
	struct leat_error err;
	struct open_pipe p;

	open_start(&p, &step);
	open_give(&p, "a,", 0);
	open_give(&p, "b\n", 0);
	open_give(&p, "1,", 0);
	open_give(&p, "x\n", 1);
	open_give(&p, "2,yy\n", 2);
	ck_assert_int_eq(open_end(&p, &err), LEAT_OK);
	pipe_leave_folder();
}
END_TEST

START_TEST(types_are_those_of_the_rows_that_have_come)
{
	struct leat_csv_parse_opts opts = {LEAT_OPTS_INIT(leat_csv_parse_opts),
		.infer_wait_ns = 1, .strict = 1};
	struct leat_step step = {&leat_csv_parse_ops, &opts};
	struct leat_error err;
	struct open_pipe p;

	open_start(&p, &step);
	open_give(&p, "a,b\n", 0);
	open_give(&p, "1,x\n", 1);
	ck_assert_int_eq(write(p.fd, "z,x\n", 4), 4);
	ck_assert_int_eq(
		leat_graph_wait(p.graph, LEAT_NEVER, &err), LEAT_EDATA);
	ck_assert_msg(
		strstr(err.text, "where its type is int64"), "%s", err.text);
	(void)open_end(&p, &err);
	pipe_leave_folder();
}
END_TEST

START_TEST(no_line_that_is_json_is_no_sample)
{
	struct leat_json_parse_opts opts = {
		LEAT_OPTS_INIT(leat_json_parse_opts), .infer_wait_ns = 1};
	struct leat_step step = {&leat_json_parse_ops, &opts};
	struct leat_error err;
	struct open_pipe p;

	open_start(&p, &step);
	open_give(&p, "\n", 0);
	open_give(&p, "{\"a\"", 0);
	open_give(&p, ":0}\n", 1);
	open_give(&p, "{\"a\":1}\n", 2);
	ck_assert_int_eq(open_end(&p, &err), LEAT_OK);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/cut", rows_go_on_when_they_have_been_waited_for_long_enough,
	so_do_lines_of_json, what_needs_no_sample_does_not_wait,
	a_header_alone_is_no_sample_however_long_it_was_waited_for,
	types_are_those_of_the_rows_that_have_come,
	no_line_that_is_json_is_no_sample)
