/*
 * write: complete or not there, whatever stands in the way.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/pipe.h"
#include "support/test.h"

static void
run_holds(const char *text)
{
	struct leat_error err;

	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s: %s", text,
		err.text);
}

/* It fails with this text, and nothing but n_files files is left. */
static void
run_fails(const char *text, const char *wanted, uint32_t n_files)
{
	struct leat_error err;

	ck_assert_int_lt(pipe_run(text, NULL, &err), 0);
	ck_assert_msg(strstr(err.text, wanted) != NULL, "%s", err.text);
	ck_assert_uint_eq(pipe_count_files(), n_files);
}

START_TEST(a_new_file_holds_all_and_nothing_else_is_left)
{
	struct stat info;
	mode_t mask = umask(027);

	pipe_enter_folder();
	pipe_put_text("in", "a\nb\n");
	run_holds("read in ! write out");
	pipe_file_holds("out", "a\nb\n");
	ck_assert_uint_eq(pipe_count_files(), 2);
	ck_assert_int_eq(stat("out", &info), 0);
	ck_assert_uint_eq(info.st_mode & 07777u, 0640);
	umask(mask);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_file_that_is_there_is_replaced_and_keeps_its_mode)
{
	struct stat info;

	pipe_enter_folder();
	pipe_put_text("in", "new");
	pipe_put_text("out", "what was there before");
	ck_assert_int_eq(chmod("out", 0604), 0);
	run_holds("read in ! write out");
	pipe_file_holds("out", "new");
	ck_assert_int_eq(stat("out", &info), 0);
	ck_assert_uint_eq(info.st_mode & 07777u, 0604);
	pipe_leave_folder();
}
END_TEST

START_TEST(the_input_may_be_the_output)
{
	size_t n = 500000;
	char *text = malloc(n + 1);

	pipe_enter_folder();
	for (size_t k = 0; k < n; k++)
		text[k] = "abcdefg\n"[k % 8];
	text[n] = '\0';
	pipe_put_text("same", text);
	run_holds("read same ! upper ! write same");
	for (size_t k = 0; k < n; k++)
		text[k] = "ABCDEFG\n"[k % 8];
	pipe_file_holds("same", text);
	free(text);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_failed_run_leaves_what_was_there)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n1,2\n3\n");
	pipe_put_text("out.csv", "before");
	run_fails("read in.csv ! head ! write out.csv", "in.csv:3:1:", 2);
	pipe_file_holds("out.csv", "before");
	run_fails("read in.csv ! head ! write new.csv", "in.csv:3:1:", 2);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_link_stays_and_its_file_is_replaced)
{
	struct stat info;

	pipe_enter_folder();
	pipe_put_text("in", "new");
	ck_assert_int_eq(mkdir("deep", 0700), 0);
	pipe_put_text("deep/file", "old");
	ck_assert_int_eq(symlink("deep/file", "link"), 0);
	run_holds("read in ! write link");
	ck_assert_int_eq(lstat("link", &info), 0);
	ck_assert(S_ISLNK(info.st_mode));
	pipe_file_holds("deep/file", "new");
	ck_assert_uint_eq(pipe_count_files(), 3);
	ck_assert_int_eq(unlink("deep/file"), 0);
	pipe_leave_folder();
}
END_TEST

START_TEST(folders_and_missing_folders_are_refused)
{
	pipe_enter_folder();
	pipe_put_text("in", "x");
	run_fails("read in ! write .", "is a folder", 1);
	run_fails("read in ! write no/out", "its folder does not exist", 1);
	run_fails("read in ! write no/", "its folder does not exist", 1);
	run_fails("read in ! write in/out", "in/out", 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_read_only_file_is_refused)
{
	pipe_enter_folder();
	pipe_put_text("in", "x");
	pipe_put_text("out", "keep");
	ck_assert_int_eq(chmod("out", 0444), 0);
	run_fails("read in ! write out", "read-only", 2);
	pipe_file_holds("out", "keep");
	pipe_leave_folder();
}
END_TEST

START_TEST(long_names_get_a_shorter_temporary_one)
{
	char text[400], name[256];

	pipe_enter_folder();
	pipe_put_text("in", "x");
	memset(name, 'n', 255);
	name[255] = '\0';
	snprintf(text, sizeof(text), "read in ! write %s", name);
	run_holds(text);
	pipe_file_holds(name, "x");
	pipe_leave_folder();
}
END_TEST

START_TEST(devices_are_written_directly)
{
	struct stat info;

	pipe_enter_folder();
	pipe_put_text("in", "x");
	run_holds("read in ! write /dev/null");
	ck_assert_int_eq(stat("/dev/null", &info), 0);
	ck_assert(S_ISCHR(info.st_mode));
	run_fails("read in ! write /dev/full", "after 0 bytes", 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_dash_is_standard_output)
{
	int saved = dup(1);
	int fd;

	pipe_enter_folder();
	pipe_put_text("in", "a\nb\n");
	fd = open("out", O_CREAT | O_WRONLY, 0600);
	fflush(stdout);
	ck_assert_int_eq(dup2(fd, 1), 1);
	run_holds("read in ! write -");
	ck_assert_int_eq(dup2(saved, 1), 1);
	pipe_file_holds("out", "a\nb\n");
	pipe_leave_folder();
}
END_TEST

/* ---- a pipe that nobody empties ----------------------------------------- */

struct full_pipe {
	struct leat_graph *graph;
	int fd; /* its reading end */
};

/* Start writing more than a pipe holds, and wait until it is full. */
static void
full_pipe_start(struct full_pipe *p)
{
	static char text[1000000];
	struct leat_error err;
	int n;

	pipe_enter_folder();
	memset(text, '\n', sizeof(text));
	pipe_put_file("in", text, sizeof(text));
	ck_assert_int_eq(mkfifo("out", 0600), 0);
	p->fd = open("out", O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(p->fd, 0);
	ck_assert_int_eq(leat_graph_create(NULL, &p->graph, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_parse(p->graph,
				 "read in ! lines.parse ! lines.format ! "
				 "write out",
				 &err),
		LEAT_OK);
	ck_assert_msg(
		leat_graph_start(p->graph, &err) == LEAT_OK, "%s", err.text);
	do {
		sched_yield();
		ck_assert_int_eq(ioctl(p->fd, FIONREAD, &n), 0);
	} while (n < 65536);
}

START_TEST(a_cancel_ends_the_wait_for_a_full_pipe)
{
	struct leat_graph_stats stats;
	struct leat_error err;
	struct full_pipe p;

	full_pipe_start(&p);
	leat_graph_cancel(p.graph);
	ck_assert_int_eq(
		leat_graph_wait(p.graph, LEAT_NEVER, &err), LEAT_ECANCELED);
	leat_graph_stats(p.graph, &stats);
	ck_assert_uint_gt(stats.unfinished, 0);
	leat_graph_destroy(p.graph);
	close(p.fd);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_reader_that_goes_away_is_named)
{
	struct leat_error err;
	struct full_pipe p;

	full_pipe_start(&p);
	close(p.fd);
	ck_assert_int_eq(leat_graph_wait(p.graph, LEAT_NEVER, &err), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(
		err.text, "out was closed by its reader after 65536 bytes"));
	leat_graph_destroy(p.graph);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_pipe_without_reader_is_refused)
{
	pipe_enter_folder();
	pipe_put_text("in", "x");
	ck_assert_int_eq(mkfifo("out", 0600), 0);
	run_fails("read in ! write out", "nobody reads from this pipe", 2);
	pipe_leave_folder();
}
END_TEST

/* ---- drains ------------------------------------------------------------- */

/* Drain a run that has read "a\nb\nc" from a pipe which stays open. */
static void
drain(const char *on_drain, struct leat_graph_stats *stats)
{
	struct leat_graph *graph;
	struct leat_error err;
	char text[200];
	int fd;

	ck_assert_int_eq(mkfifo("in", 0600), 0);
	fd = open("in", O_RDWR);
	ck_assert_int_eq(write(fd, "a\nb\nc", 5), 5);
	ck_assert_int_eq(leat_graph_create(NULL, &graph, &err), LEAT_OK);
	snprintf(text, sizeof(text),
		"read in ! lines.parse ! lines.format ! write out %s",
		on_drain);
	ck_assert_msg(
		leat_graph_parse(graph, text, &err) == LEAT_OK, "%s", err.text);
	ck_assert_msg(leat_graph_start(graph, &err) == LEAT_OK, "%s", err.text);
	do {
		sched_yield();
		leat_graph_stats(graph, stats);
	} while (stats->source_bytes < 5);
	leat_graph_drain(graph);
	ck_assert_int_eq(leat_graph_wait(graph, LEAT_NEVER, &err), LEAT_OK);
	leat_graph_stats(graph, stats);
	ck_assert_uint_eq(stats->is_balanced, 1);
	leat_graph_destroy(graph);
	close(fd);
}

START_TEST(a_drained_run_leaves_a_partial_file)
{
	struct leat_graph_stats stats;

	pipe_enter_folder();
	drain("", &stats);
	pipe_file_holds("out.partial", "a\nb\n");
	ck_assert_uint_eq(pipe_count_files(), 2);
	ck_assert_uint_eq(stats.written, 2);
	pipe_leave_folder();
}
END_TEST

START_TEST(on_drain_commit_gives_it_its_name)
{
	struct leat_graph_stats stats;

	pipe_enter_folder();
	drain("on_drain=commit", &stats);
	pipe_file_holds("out", "a\nb\n");
	ck_assert_uint_eq(pipe_count_files(), 2);
	ck_assert_uint_eq(stats.written, 2);
	pipe_leave_folder();
}
END_TEST

START_TEST(on_drain_discard_leaves_nothing)
{
	struct leat_graph_stats stats;

	pipe_enter_folder();
	drain("on_drain=discard", &stats);
	ck_assert_uint_eq(pipe_count_files(), 1);
	ck_assert_uint_eq(stats.written, 0);
	ck_assert_uint_eq(stats.filtered, 2);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/write", a_new_file_holds_all_and_nothing_else_is_left,
	a_file_that_is_there_is_replaced_and_keeps_its_mode,
	the_input_may_be_the_output, a_failed_run_leaves_what_was_there,
	a_link_stays_and_its_file_is_replaced,
	folders_and_missing_folders_are_refused, a_read_only_file_is_refused,
	long_names_get_a_shorter_temporary_one, devices_are_written_directly,
	a_dash_is_standard_output, a_cancel_ends_the_wait_for_a_full_pipe,
	a_reader_that_goes_away_is_named, a_pipe_without_reader_is_refused,
	a_drained_run_leaves_a_partial_file, on_drain_commit_gives_it_its_name,
	on_drain_discard_leaves_nothing)
