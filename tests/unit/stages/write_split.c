/*
 * write.split: rows to several files, all complete or none there.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "support/pipe.h"
#include "support/test.h"

static void
run_holds(const char *graph, uint64_t n_written)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	ck_assert_msg(pipe_run(graph, &stats, &err) == LEAT_OK, "%s: %s", graph,
		err.text);
	ck_assert_uint_eq(stats.written, n_written);
}

/* It fails, and leaves no more than so many files. */
static void
run_fails(const char *graph, const char *wanted, uint32_t n_files)
{
	struct leat_error err;

	ck_assert_int_lt(pipe_run(graph, NULL, &err), 0);
	ck_assert_msg(strstr(err.text, wanted) != NULL, "%s", err.text);
	ck_assert_uint_eq(pipe_count_files(), n_files);
}

START_TEST(each_value_has_a_file_of_its_own)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "k,v\na,1\nb,2\na,3\nc,\"4,4\"\nb,5\n");
	run_holds("read in.csv ! write.split out-{k}.csv sync=off", 5);
	pipe_file_holds("out-a.csv", "k,v\na,1\na,3\n");
	pipe_file_holds("out-b.csv", "k,v\nb,2\nb,5\n");
	pipe_file_holds("out-c.csv", "k,v\nc,\"4,4\"\n");
	ck_assert_uint_eq(pipe_count_files(), 4);
	run_holds("read in.csv ! head 1 ! "
		  "write.split {k}-{v}.tsv header=off",
		1);
	pipe_file_holds("a-1.tsv", "a\t1\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(few_files_are_open_and_all_are_complete)
{
	char in[40000] = "k,v\n", wanted[1000], path[20];
	size_t n = 4;

	pipe_enter_folder();
	for (uint32_t k = 0; k < 3000; k++)
		n += (size_t)snprintf(
			in + n, sizeof(in) - n, "k%u,%u\n", k % 50, k % 7);
	pipe_put_file("in.csv", in, n);
	run_holds(
		"read in.csv ! write.split {k}.csv max_open=3 sync=off", 3000);
	ck_assert_uint_eq(pipe_count_files(), 51);
	for (uint32_t k = 0; k < 50; k++) {
		n = (size_t)snprintf(wanted, sizeof(wanted), "k,v\n");
		for (uint32_t row = k; row < 3000; row += 50)
			n += (size_t)snprintf(wanted + n, sizeof(wanted) - n,
				"k%u,%u\n", k, row % 7);
		snprintf(path, sizeof(path), "k%u.csv", k);
		pipe_file_holds(path, wanted);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(names_are_safe_and_told_apart)
{
	char in[1000];
	size_t n;

	pipe_enter_folder();
	n = (size_t)snprintf(
		in, sizeof(in), "k\n../x\n.._x\n\"\"\n_\n\"a\nb\"\n\xc3\xa4\n");
	memset(in + n, 'l', 150);
	in[n + 150] = '\n';
	pipe_put_file("in.csv", in, n + 151);
	run_holds("read in.csv ! write.split {k}.csv sync=off", 7);
	ck_assert_uint_eq(pipe_count_files(), 8);
	pipe_file_holds("_._x.csv", "k\n../x\n");
	pipe_file_holds("_._x~2.csv", "k\n.._x\n");
	pipe_file_holds("_.csv", "k\n\"\"\n");
	pipe_file_holds("_~2.csv", "k\n_\n");
	pipe_file_holds("a_b.csv", "k\n\"a\nb\"\n");
	pipe_file_holds("\xc3\xa4.csv", "k\n\xc3\xa4\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(files_are_cut_by_rows_and_by_bytes)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "a\n1\n2\n3\n4\n5\n");
	run_holds("read in.csv ! write.split out-{n}.csv rotate_rows=2", 5);
	pipe_file_holds("out-0001.csv", "a\n1\n2\n");
	pipe_file_holds("out-0002.csv", "a\n3\n4\n");
	pipe_file_holds("out-0003.csv", "a\n5\n");
	run_holds("read in.csv ! write.split by-{n}.csv rotate_bytes=5", 5);
	pipe_file_holds("by-0001.csv", "a\n1\n2\n");
	pipe_file_holds("by-0003.csv", "a\n5\n");
	run_holds("read in.csv ! write.split {a}-{n}.csv rotate_rows=1", 5);
	pipe_file_holds("5-0001.csv", "a\n5\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_row_longer_than_a_buffer_is_written_whole)
{
	size_t n = 200000;
	char *in = malloc(n + 10);

	pipe_enter_folder();
	memcpy(in, "a,b\n1,", 6);
	memset(in + 6, 'x', n);
	in[n + 6] = '\n';
	in[n + 7] = '\0';
	pipe_put_text("in.csv", in);
	run_holds("read in.csv ! write.split out.csv", 1);
	pipe_file_holds("out.csv", in);
	free(in);
	pipe_leave_folder();
}
END_TEST

START_TEST(without_rows_there_is_a_header_where_the_name_is_known)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n");
	run_holds("read in.csv ! write.split out.csv", 0);
	pipe_file_holds("out.csv", "a,b\n");
	run_holds("read in.csv ! write.split {a}.csv", 0);
	ck_assert_uint_eq(pipe_count_files(), 2);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_failed_run_leaves_nothing)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n1,2\n3,4\n5\n");
	run_fails("read in.csv ! write.split {a}.csv max_open=1",
		"in.csv:4:1: row has 1 field", 1);
	pipe_put_text("in.csv", "a,b\n1,2\n3,4\n5,6\n");
	run_fails("read in.csv ! write.split {a}.csv max_files=2",
		"max_files=N allows more", 1);
	run_fails("read in.csv ! write.split no/{a}.csv",
		"its folder does not exist", 1);
	run_holds("read in.csv ! write.split {a}.csv max_files=3", 3);
	pipe_leave_folder();
}
END_TEST

START_TEST(paths_that_cannot_be_are_refused)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n1,2\n");
	run_fails("read in.csv ! write.split {c}.csv",
		"there is no column 'c'; there are: a, b", 1);
	run_fails(
		"read in.csv ! write.split {a.csv", "a brace stands alone", 1);
	run_fails(
		"read in.csv ! write.split a}.csv", "a brace stands alone", 1);
	run_fails(
		"read in.csv ! write.split {}.csv", "a brace stands alone", 1);
	run_fails("read in.csv ! write.split {a}.xml",
		"what is in the files is said by their extension", 1);
	run_fails("read in.csv ! write.split {a}.gz",
		"what is in the files is said by their extension", 1);
	run_fails("read in.csv ! write.split {a}.csv rotate_rows=1",
		"{n} in the path", 1);
	run_fails(
		"read in.csv ! write.split {a}.csv max_open=0", "max_open", 1);
	run_fails("read in.csv ! write.split "
		  "{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}.csv",
		"over 16 columns", 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(the_extension_says_what_is_in_the_files)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "k,v\na,1\nb,\na,\"3\"\"\"\n");
	run_holds("read in.csv infer_rows=9 ! write.split {k}.ndjson", 3);
	pipe_file_holds("a.ndjson",
		"{\"k\":\"a\",\"v\":\"1\"}\n"
		"{\"k\":\"a\",\"v\":\"3\\\"\"}\n");
	pipe_file_holds("b.ndjson", "{\"k\":\"b\",\"v\":null}\n");
	run_holds("read in.csv ! derive \"n = length(v)\" ! "
		  "write.split {k}.jsonl",
		3);
	pipe_file_holds("b.jsonl", "{\"k\":\"b\",\"v\":null,\"n\":null}\n");
	run_holds("read in.csv ! write.split {k}.txt", 3);
	pipe_file_holds("b.txt", "k,v\nb,\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(lines_go_to_files_that_are_cut)
{
	pipe_enter_folder();
	pipe_put_text("in.txt", "one\n\"two\nthree\n");
	run_holds("read in.txt ! write.split {n}.txt rotate_rows=2", 3);
	pipe_file_holds("0001.txt", "one\n\"two\n");
	pipe_file_holds("0002.txt", "three\n");
	run_holds("read in.txt ! write.split {n}.csv rotate_rows=2", 3);
	pipe_file_holds("0002.csv", "three\n");
	run_holds("read in.txt ! write.split {n}.json rotate_rows=2", 3);
	pipe_file_holds(
		"0001.json", "{\"line\":\"one\"}\n{\"line\":\"\\\"two\"}\n");
	run_fails("read in.txt ! write.split {k}.txt",
		"lines have no columns to name files by", 7);
	pipe_leave_folder();
}
END_TEST

/* Written compressed, with files let go of in between, and read again. */
START_TEST(compressed_files_are_what_was_written)
{
	static const char *const ends[] = {
		".csv.gz", ".csv.zst", ".csv.lz4", ".csv.bz2", ".ndjson.zst"};
	char in[9000] = "k,v\n", wanted[3000] = "k,v\n", graph[200];
	size_t n = 4, n_wanted = 4;

	pipe_enter_folder();
	for (uint32_t k = 0; k < 600; k++) {
		char row[40];
		size_t len = (size_t)snprintf(
			row, sizeof(row), "k%u,%u\n", k % 3, k);

		memcpy(in + n, row, len);
		n += len;
		if (k % 3 == 1) {
			memcpy(wanted + n_wanted, row, len);
			n_wanted += len;
		}
	}
	wanted[n_wanted] = '\0';
	pipe_put_file("in.csv", in, n);
	for (uint32_t k = 0; k < 5; k++)
		for (uint32_t max_open = 2; max_open < 4; max_open++) {
			snprintf(graph, sizeof(graph),
				"read in.csv ! write.split {k}%s max_open=%u "
				"sync=off",
				ends[k], max_open);
			run_holds(graph, 600);
			snprintf(graph, sizeof(graph),
				"read k1%s ! write back.csv sync=off", ends[k]);
			run_holds(graph, 200);
			pipe_file_holds("back.csv", wanted);
		}
	pipe_leave_folder();
}
END_TEST

static size_t
file_bytes(const char *path)
{
	struct stat info;

	ck_assert_int_eq(stat(path, &info), 0);
	return (size_t)info.st_size;
}

START_TEST(a_compressed_file_without_rows_is_a_whole_one)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n");
	run_holds("read in.csv ! write.split out.csv.gz header=off", 0);
	ck_assert_uint_gt(file_bytes("out.csv.gz"), 10);
	run_holds("read in.csv ! write.split out.ndjson.bz2", 0);
	ck_assert_uint_gt(file_bytes("out.ndjson.bz2"), 10);
	pipe_leave_folder();
}
END_TEST

START_TEST(write_cuts_files_too)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "a\n1\n2\n3\n4\n5\n");
	run_holds("read in.csv ! write out-{n}.csv rotate_rows=2", 5);
	pipe_file_holds("out-0001.csv", "a\n1\n2\n");
	pipe_file_holds("out-0003.csv", "a\n5\n");
	run_holds("read in.csv ! write out-{n}.json.zst rotate_bytes=20", 5);
	run_holds("read out-0002.json.zst ! write back.csv", 2);
	pipe_file_holds("back.csv", "a\n4\n5\n");
	run_fails("read in.csv ! write out.csv rotate_rows=2",
		"{n} in the path", 7);
	run_fails("read in.csv ! write x-{n}.csv rotate_rows=1 max_files=4",
		"max_files=N allows more", 7);
	run_fails("read in.csv ! csv.format ! write x-{n}.csv rotate_rows=1",
		"takes rows or table", 7);
	pipe_leave_folder();
}
END_TEST

START_TEST(write_with_a_name_in_its_path_splits)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "a,b\n1,x\n2,y\n1,z\n");
	run_holds("read in.csv ! write {a}.csv", 3);
	pipe_file_holds("1.csv", "a,b\n1,x\n1,z\n");
	pipe_file_holds("2.csv", "a,b\n2,y\n");
	run_holds("read in.csv ! write {n}.csv", 3);
	pipe_file_holds("0001.csv", "a,b\n1,x\n2,y\n1,z\n");
	run_fails("read in.csv ! write out-{c}.csv",
		"no column 'c'; there are: a, b", 4);
	run_holds("read in.csv ! write {}{.csv", 3);
	pipe_file_holds("{}{.csv", "a,b\n1,x\n2,y\n1,z\n");
	pipe_leave_folder();
}
END_TEST

/* A name that is taken gets its number before both extensions. */
START_TEST(numbers_stand_before_the_extension)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", "k\n.a\n_a\n");
	run_holds("read in.csv ! write.split {k}.csv.gz", 2);
	run_holds("read _a~2.csv.gz ! write back.csv", 1);
	pipe_file_holds("back.csv", "k\n_a\n");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/write_split", each_value_has_a_file_of_its_own,
	few_files_are_open_and_all_are_complete, names_are_safe_and_told_apart,
	files_are_cut_by_rows_and_by_bytes,
	a_row_longer_than_a_buffer_is_written_whole,
	without_rows_there_is_a_header_where_the_name_is_known,
	a_failed_run_leaves_nothing, paths_that_cannot_be_are_refused,
	the_extension_says_what_is_in_the_files, lines_go_to_files_that_are_cut,
	compressed_files_are_what_was_written,
	a_compressed_file_without_rows_is_a_whole_one, write_cuts_files_too,
	write_with_a_name_in_its_path_splits,
	numbers_stand_before_the_extension)
