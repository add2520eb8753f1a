/*
 * read: files, pipes, standard input, drains and cancels.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/graph.h"
#include "support/fail.h"
#include "support/pipe.h"
#include "support/test.h"

#define COPY "read in ! write out sync=off"

static int
run_fails(const char *text, struct leat_error *err)
{
	int rc = pipe_run(text, NULL, err);

	ck_assert_msg(rc < 0, "%s: does not fail", text);
	return rc;
}

/* A file of n bytes arrives as it is. */
static void
check_copy(size_t n, const char *text)
{
	uint8_t *data = malloc(n + 1);
	struct leat_graph_stats stats;
	struct leat_error err;
	size_t n_got;
	char *got;

	for (size_t k = 0; k < n; k++)
		data[k] = (uint8_t)(k * 31 ^ k >> 8);
	pipe_put_file("in", data, n);
	ck_assert_msg(pipe_run(text, &stats, &err) == LEAT_OK, "%s", err.text);
	ck_assert_uint_eq(stats.source_bytes, n);
	ck_assert_uint_eq(stats.source_bytes_total, n);
	got = pipe_get_file("out", &n_got);
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(n_got, n);
	ck_assert_mem_eq(got, data, n);
	free(got);
	free(data);
}

START_TEST(a_file_of_any_size_arrives_as_it_is)
{
	pipe_enter_folder();
	check_copy(1, COPY);
	check_copy(131071, COPY);
	check_copy(262144, COPY);
	check_copy(131073, COPY);
	check_copy(1000003, COPY);
	check_copy(0, "read in ! write out sync=off");
	check_copy(10000, "read in chunk_bytes=4096 ! write out sync=off");
	check_copy(1000003, "read in chunk_bytes=1M ! write out sync=off");
	pipe_leave_folder();
}
END_TEST

START_TEST(chunks_outside_the_range_are_refused)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in", "x");
	run_fails("read in chunk_bytes=4095 ! write out", &err);
	ck_assert_ptr_nonnull(strstr(err.text, "chunk_bytes"));
	run_fails("read in chunk_bytes=65M ! write out", &err);
	ck_assert_ptr_nonnull(strstr(err.text, "chunk_bytes"));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_missing_file_is_named_with_the_folder)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_int_eq(
		run_fails("read nothing.csv ! write out.csv", &err), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text,
		"cannot open 'nothing.csv': no such file (looked in "
		"/tmp/leat-test-"));
	ck_assert_str_eq(err.stage, "read");
	ck_assert_uint_eq(pipe_count_files(), 0);
	run_fails("read /no/such/file ! write out", &err);
	ck_assert_ptr_nonnull(
		strstr(err.text, "cannot open '/no/such/file': no such file"));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_folder_is_refused)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_int_eq(run_fails("read . ! write out", &err), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "'.' is a folder"));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_path_of_no_bytes_is_refused)
{
	struct leat_error err;

	run_fails("read \"\" ! write out", &err);
	ck_assert_ptr_nonnull(strstr(err.text, "path"));
}
END_TEST

START_TEST(a_file_without_a_size_is_read_to_its_end)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	/* of a made-up file the system says that it has 0 bytes */
	ck_assert_msg(pipe_run("read /proc/self/status ! lines.parse ! "
			       "lines.format ! write /dev/null",
			      &stats, &err) == LEAT_OK,
		"%s", err.text);
	ck_assert_uint_gt(stats.written, 10);
	ck_assert_uint_eq(stats.source_bytes_total, 0);
}
END_TEST

START_TEST(a_dash_is_standard_input)
{
	struct leat_error err;
	int ends[2];

	pipe_enter_folder();
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "a\nb", 3), 3);
	close(ends[1]);
	ck_assert_int_eq(dup2(ends[0], 0), 0);
	ck_assert_msg(pipe_run("read - ! lines.parse ! lines.format ! "
			       "write out sync=off",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("out", "a\nb\n");
	pipe_leave_folder();
}
END_TEST

/* ---- a graph that reads from a pipe which stays open -------------------- */

struct pipe_graph {
	struct leat_graph *graph;
	int fd; /* both ends of the pipe, so that it never ends */
};

static void
pipe_graph_start(struct pipe_graph *p, const char *text, const char *data)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_int_eq(mkfifo("in", 0600), 0);
	p->fd = open("in", O_RDWR);
	ck_assert_int_ge(p->fd, 0);
	ck_assert_int_eq(leat_graph_create(NULL, &p->graph, &err), LEAT_OK);
	ck_assert_msg(leat_graph_parse(p->graph, text, &err) == LEAT_OK, "%s",
		err.text);
	ck_assert_msg(
		leat_graph_start(p->graph, &err) == LEAT_OK, "%s", err.text);
	ck_assert_int_eq(
		write(p->fd, data, strlen(data)), (ssize_t)strlen(data));
	do {
		sched_yield();
		leat_graph_stats(p->graph, &stats);
	} while (stats.source_bytes < strlen(data));
}

static int
pipe_graph_end(struct pipe_graph *p, struct leat_graph_stats *stats,
	struct leat_error *err)
{
	int rc = leat_graph_wait(p->graph, LEAT_NEVER, err);

	leat_graph_stats(p->graph, stats);
	leat_graph_destroy(p->graph);
	close(p->fd);
	return rc;
}

START_TEST(a_drain_ends_the_wait_and_drops_the_half_record)
{
	struct leat_graph_stats stats;
	struct pipe_graph p;
	struct leat_error err;

	pipe_graph_start(&p,
		"read in ! lines.parse ! lines.format ! "
		"write out sync=off on_drain=commit",
		"a\nb\nhal");
	leat_graph_drain(p.graph);
	ck_assert_int_eq(pipe_graph_end(&p, &stats, &err), LEAT_OK);
	ck_assert_uint_eq(stats.is_drained, 1);
	ck_assert_uint_eq(stats.is_balanced, 1);
	ck_assert_uint_eq(stats.written, 2);
	pipe_file_holds("out", "a\nb\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_drain_drops_the_half_record_of_a_csv_too)
{
	struct leat_graph_stats stats;
	struct pipe_graph p;
	struct leat_error err;

	pipe_graph_start(&p,
		"read in ! csv.parse ! csv.format ! "
		"write out sync=off on_drain=commit",
		"a,b\n1,2\n3,\"4");
	leat_graph_drain(p.graph);
	ck_assert_int_eq(pipe_graph_end(&p, &stats, &err), LEAT_OK);
	ck_assert_uint_eq(stats.written, 1);
	pipe_file_holds("out", "a,b\n1,2\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_cancel_ends_the_wait_at_once)
{
	struct leat_graph_stats stats;
	struct pipe_graph p;
	struct leat_error err;

	pipe_graph_start(&p, "read in ! write out", "abc");
	leat_graph_cancel(p.graph);
	ck_assert_int_eq(pipe_graph_end(&p, &stats, &err), LEAT_ECANCELED);
	/* the pipe alone is left */
	ck_assert_uint_eq(pipe_count_files(), 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(what_a_pipe_gave_is_passed_on_at_once)
{
	struct leat_graph_stats stats;
	struct pipe_graph p;
	struct leat_error err;

	/* written goes up although the chunk is far from full */
	pipe_graph_start(&p,
		"read in ! lines.parse ! lines.format ! write /dev/null",
		"a\nb\n");
	do {
		sched_yield();
		leat_graph_stats(p.graph, &stats);
	} while (stats.written < 2);
	leat_graph_drain(p.graph);
	ck_assert_int_eq(pipe_graph_end(&p, &stats, &err), LEAT_OK);
	pipe_leave_folder();
}
END_TEST

/* Reading a file of 100 lines in chunks of 4 KiB, where read number at fails
 * twice. */
static int
read_again(uint64_t at, const char *guard, struct leat_error *err)
{
	struct leat_graph *graph;
	struct fail_env world;
	char text[128];
	int rc;

	fail_env_init(&world);
	snprintf(text, sizeof(text),
		"%sread in chunk_bytes=4k decode=off ! write out "
		"sync=off",
		guard);
	ck_assert_int_eq(
		leat__graph_create(&world.env, NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_parse(graph, text, err), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(graph, err), LEAT_OK);
	world.read.fail_at = world.read.n + at;
	rc = leat_graph_run(graph, err);
	leat_graph_destroy(graph);
	ck_assert_uint_eq(world.fd_live, 0);
	return rc;
}

START_TEST(reading_goes_on_at_the_same_byte_after_a_failure)
{
	char text[20000];
	struct leat_error err;

	for (size_t k = 0; k < sizeof(text); k++)
		text[k] = (char)('a' + k % 23);
	text[sizeof(text) - 1] = '\0';
	pipe_enter_folder();
	pipe_put_text("in", text);
	ck_assert_int_eq(read_again(2, "", &err), LEAT_EIO);
	for (uint64_t at = 1; at < 9; at++) {
		int rc = read_again(at, "@retry(3, base=1us) ", &err);

		size_t n = 0;
		char *out;

		ck_assert_msg(rc == LEAT_OK, "%s", err.text);
		out = pipe_get_file("out", &n);
		ck_assert_uint_eq(n, sizeof(text) - 1);
		ck_assert_int_eq(memcmp(out, text, n), 0);
		free(out);
	}
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/read", a_file_of_any_size_arrives_as_it_is,
	chunks_outside_the_range_are_refused,
	a_missing_file_is_named_with_the_folder, a_folder_is_refused,
	a_path_of_no_bytes_is_refused, a_file_without_a_size_is_read_to_its_end,
	a_dash_is_standard_input,
	a_drain_ends_the_wait_and_drops_the_half_record,
	a_drain_drops_the_half_record_of_a_csv_too,
	a_cancel_ends_the_wait_at_once, what_a_pipe_gave_is_passed_on_at_once,
	reading_goes_on_at_the_same_byte_after_a_failure)
