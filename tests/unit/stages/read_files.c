/*
 * read: several files, each with its own beginning and end.
 */
#include <unistd.h>

#include "support/pipe.h"
#include "support/test.h"

static void
gives(const char *graph, const char *wanted, uint64_t n_written)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	ck_assert_msg(pipe_run(graph, &stats, &err) == LEAT_OK, "%s: %s", graph,
		err.text);
	pipe_file_holds("out", wanted);
	ck_assert_uint_eq(stats.written, n_written);
}

static void
fails(const char *graph, const char *wanted)
{
	struct leat_error err;

	ck_assert_int_lt(pipe_run(graph, NULL, &err), 0);
	ck_assert_msg(strstr(err.text, wanted) != NULL, "%s", err.text);
}

#define TO_CSV " ! csv.format ! write out sync=off"
#define TO_TXT " ! lines.format ! write out sync=off"

START_TEST(headers_of_all_files_are_taken_away)
{
	pipe_enter_folder();
	pipe_put_text("1.csv", "a,b\n1,2\n");
	pipe_put_text("2.csv",
		"\xef\xbb\xbf"
		"a,b\r\n3,\"4\n4\"\r\n");
	pipe_put_text("3.csv", "\n\na,b\n5,6");
	pipe_put_text("4.csv", "a,b");
	pipe_put_text("5.csv", "");
	pipe_put_text("6.csv", "a,b\n7,8");
	gives("read *.csv" TO_CSV, "a,b\n1,2\n3,\"4\n4\"\n5,6\n7,8\n", 4);
	gives("read {6,1}.csv chunk_bytes=4096" TO_CSV, "a,b\n1,2\n7,8\n", 2);
	gives("read *.csv ! count" TO_CSV, "count\n4\n", 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_header_that_differs_is_told_with_both_files)
{
	pipe_enter_folder();
	pipe_put_text("1.csv", "a,b\n1,2\n");
	pipe_put_text("2.csv", "a,c\n3,4\n");
	fails("read *.csv" TO_CSV,
		"2.csv: its column 2 is 'c', that of '1.csv' is 'b'");
	pipe_put_text("2.csv", "a,b,c\n3,4,5\n");
	fails("read *.csv" TO_CSV,
		"2.csv: it has 3 columns, '1.csv' has 2; all files must have "
		"the same: a, b");
	pipe_put_text("2.csv", "a,b\n3,4,5\n");
	fails("read *.csv" TO_CSV, "2.csv:2:1: row has 3 fields");
	pipe_put_text("2.csv", "a,b\n3,4\n5,\"6");
	fails("read *.csv" TO_CSV, "2.csv:3:3: this quote is not closed");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_quote_left_open_ends_with_its_file)
{
	pipe_enter_folder();
	pipe_put_text("1.csv", "a,b\n1,\"2\n");
	pipe_put_text("2.csv", "a,b\n3,4\n");
	gives("read *.csv ! csv.parse on_error=skip" TO_CSV, "a,b\n3,4\n", 1);
	pipe_leave_folder();
}
END_TEST

START_TEST(columns_may_stand_in_another_order)
{
	pipe_enter_folder();
	pipe_put_text("1.csv", "a,b,c\n1,2,3\n");
	pipe_put_text("2.csv", "c,a,b\n6,4,5\n");
	pipe_put_text("3.csv", "c,a,b\n9,7,8\n");
	pipe_put_text("4.csv", "a,b,c\n10,11,12\n");
	gives("read *.csv by_name=on" TO_CSV,
		"a,b,c\n1,2,3\n4,5,6\n7,8,9\n10,11,12\n", 4);
	gives("read *.csv by_name=on filename=f ! where \"a > 3\" ! "
	      "select c,f" TO_CSV,
		"c,f\n6,2.csv\n9,3.csv\n12,4.csv\n", 3);
	pipe_put_text("3.csv", "c,a,d\n9,7,8\n");
	fails("read *.csv by_name=on" TO_CSV,
		"3.csv: its column 1 is 'c', that of '1.csv' is 'a'");
	pipe_put_text("3.csv", "c,a,b\n9,x,8\n");
	fails("read *.csv by_name=on strict=on" TO_CSV,
		"3.csv:2:3: column 'a' has 'x'");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_column_says_which_file_a_row_is_of)
{
	pipe_enter_folder();
	pipe_put_text("1.csv", "a,b\n1,2\n3,4\n");
	pipe_put_text("2.csv", "a,b\n5,\"6\"\n");
	gives("read *.csv ! csv.parse filename=from" TO_CSV,
		"a,b,from\n1,2,1.csv\n3,4,1.csv\n5,\"6\",2.csv\n", 3);
	gives("read *.csv filename=from strict=on ! select from,a" TO_CSV,
		"from,a\n1.csv,1\n1.csv,3\n2.csv,5\n", 3);
	gives("read 1.csv ! csv.parse filename=f ! head 1" TO_CSV,
		"a,b,f\n1,2,1.csv\n", 1);
	gives("read *.csv ! csv.parse filename=f ! count" TO_CSV, "count\n3\n",
		1);
	fails("read *.csv ! csv.parse filename=b" TO_CSV,
		"the file has a column 'b' already");
	pipe_leave_folder();
}
END_TEST

START_TEST(every_parser_can_say_which_file_a_row_is_of)
{
	pipe_enter_folder();
	pipe_put_text("1.ndjson", "{\"a\":1}\n{\"a\":2}\n");
	pipe_put_text("2.ndjson", "{\"a\":3}\n");
	gives("read *.ndjson filename=f" TO_CSV,
		"a,f\n1,1.ndjson\n2,1.ndjson\n3,2.ndjson\n", 3);
	gives("read *.ndjson filename=f ! where \"a > 1\" ! select f" TO_CSV,
		"f\n1.ndjson\n2.ndjson\n", 2);
	gives("read *.ndjson filename=f strict=on ! json.format ! write out",
		"{\"a\":1,\"f\":\"1.ndjson\"}\n"
		"{\"a\":2,\"f\":\"1.ndjson\"}\n"
		"{\"a\":3,\"f\":\"2.ndjson\"}\n",
		3);
	gives("read *.ndjson filename=f ! count" TO_CSV, "count\n3\n", 1);
	fails("read *.ndjson filename=a" TO_CSV,
		"the file has a column 'a' already");
	pipe_put_text("1.log", "x,1\r\ny");
	pipe_put_text("2.log", "z\n");
	gives("read *.log filename=f" TO_CSV,
		"line,f\n\"x,1\",1.log\ny,1.log\nz,2.log\n", 3);
	gives("read *.log filename=f ! where \"line > 'x'\" ! "
	      "derive \"n = length(line)\"" TO_CSV,
		"line,f,n\n\"x,1\",1.log,3\ny,1.log,1\nz,2.log,1\n", 3);
	gives("read *.log ! fixed.parse widths=1,* names=a,b filename=f" TO_CSV,
		"a,b,f\nx,\",1\",1.log\ny,,1.log\nz,,2.log\n", 3);
	gives("read *.log filename=f ! write out",
		"line,f\n\"x,1\",1.log\n"
		"y,1.log\nz,2.log\n",
		3);
	pipe_leave_folder();
}
END_TEST

START_TEST(records_with_lengths_say_which_file_they_are_of)
{
	pipe_enter_folder();
	pipe_put_file("1.bin", "\1x\3a\nb\0", 7);
	pipe_put_file("2.bin", "", 0);
	pipe_put_file("3.bin", "\2yz", 3);
	gives("read *.bin ! length.parse u8 filename=f" TO_CSV,
		"record,f\nx,1.bin\n\"a\nb\",1.bin\n,1.bin\nyz,3.bin\n", 4);
	gives("read *.bin ! length.parse u8 filename=f ! "
	      "where \"record >= 'x'\" ! derive \"n = length(record)\"" TO_CSV,
		"record,f,n\nx,1.bin,1\nyz,3.bin,2\n", 2);
	gives("read 2.bin ! length.parse u8 filename=f" TO_CSV, "record,f\n",
		0);
	gives("read *.bin ! length.parse u8 filename=f ! count" TO_CSV,
		"count\n4\n", 1);
	fails("read *.bin ! length.parse u8 filename=record" TO_CSV,
		"the file has a column 'record' already");
	pipe_put_file("4.bin", "\3x", 2);
	fails("read *.bin ! length.parse u8 filename=f" TO_CSV,
		"4.bin: truncated: ");
	pipe_leave_folder();
}
END_TEST

/* The bytes between its neighbours are no part of it. */
START_TEST(a_record_that_is_rejected_is_no_more_than_itself)
{
	pipe_enter_folder();
	pipe_put_file("1.bin", "\0011\003a\nb\0012", 8);
	fails("read *.bin ! length.parse u8 filename=f ! "
	      "where \"record::int64 > 1\"" TO_CSV,
		"1.bin");
	gives("read *.bin ! length.parse u8 filename=f ! "
	      "where \"record::int64 > 1\" on_error=dead-letter "
	      "dead_letters=dead.ndjson" TO_CSV,
		"record,f\n2,1.bin\n", 1);
	gives("read dead.ndjson ! json.parse ! select record" TO_CSV,
		"record\n\"a\nb,1.bin\"\n", 1);
	pipe_leave_folder();
}
END_TEST

/* Of a file that is compressed, too. */
START_TEST(messages_name_the_file_and_its_own_line)
{
	pipe_enter_folder();
	pipe_put_text("1.csv", "a,b\n1,2\n3,4\n");
	pipe_put_text("2.csv", "a,b\n5,6\nx,8\n");
	fails("read *.csv schema=a:int64 ! where \"a > 1\"" TO_CSV,
		"2.csv:3:1: ");
	fails("read *.csv schema=a:int64 ! derive \"c = b\" ! "
	      "where \"a > 1\"" TO_CSV,
		"2.csv:3:1: ");
	pipe_put_text("1.txt", "ab\nabc\n");
	pipe_put_text("2.txt", "ab\nab\nabcd\n");
	fails("read *.txt ! fixed.parse widths=3" TO_CSV, "2.txt:3:4: ");
	fails("read *.txt ! sample 1 ! fixed.parse widths=3" TO_CSV,
		"2.txt:3:4: ");
	ck_assert_int_eq(
		pipe_run("read 2.csv ! write 3.csv.gz sync=off", NULL, NULL),
		LEAT_OK);
	fails("read {1.csv,3.csv.gz} ! csv.parse schema=a:int64 ! "
	      "where \"a > 1\"" TO_CSV,
		"3.csv.gz:3:1: ");
	pipe_leave_folder();
}
END_TEST

START_TEST(lines_do_not_run_on_into_the_next_file)
{
	pipe_enter_folder();
	pipe_put_text("1.log", "a\nb");
	pipe_put_text("2.log", "");
	pipe_put_text("3.log", "c\n");
	pipe_put_text("4.log", "d");
	gives("read *.log" TO_TXT, "a\nb\nc\nd\n", 4);
	pipe_leave_folder();
}
END_TEST

START_TEST(each_line_of_json_is_of_one_file)
{
	pipe_enter_folder();
	pipe_put_text("1.ndjson", "{\"a\":1}");
	pipe_put_text("2.ndjson", "\xef\xbb\xbf{\"a\":2}\n");
	pipe_put_text("3.ndjson", "{\"a\":3}\n{\"a\":");
	fails("read *.ndjson ! json.parse" TO_CSV, "3.ndjson:2:");
	gives("read {1,2}.ndjson ! json.parse" TO_CSV, "a\n1\n2\n", 2);
	pipe_leave_folder();
}
END_TEST

START_TEST(every_file_has_its_own_decoder)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("a.csv", "a\n1\n");
	ck_assert_int_eq(
		pipe_run("read a.csv ! write 1.csv.gz", NULL, &err), 0);
	ck_assert_int_eq(
		pipe_run("read a.csv ! write 2.csv.zst", NULL, &err), 0);
	ck_assert_int_eq(
		pipe_run("read a.csv ! write 3.csv.zst", NULL, &err), 0);
	gives("read *.zst ! csv.parse" TO_CSV, "a\n1\n1\n", 2);
	gives("read *.csv.zst" TO_CSV, "a\n1\n1\n", 2);
	gives("read *.csv* ! csv.parse" TO_CSV, "a\n1\n1\n1\n1\n", 4);
	gives("read {1,2}.csv.* ! csv.parse ! count" TO_CSV, "count\n2\n", 1);
	/* known by the content of the first */
	ck_assert_int_eq(rename("1.csv.gz", "0.csv"), 0);
	gives("read {0,a}.csv" TO_CSV, "a\n1\n1\n", 2);
	pipe_put_text("4.csv.zst", "");
	fails("read *.csv.zst" TO_CSV, "4.csv.zst: truncated: an empty file");
	pipe_put_text("4.csv.zst", "a\n1\n");
	fails("read *.csv.zst" TO_CSV, "4.csv.zst: this is not zstd");
	pipe_leave_folder();
}
END_TEST

START_TEST(without_glob_a_path_is_a_path)
{
	pipe_enter_folder();
	pipe_put_text("1.log", "a\n");
	pipe_put_text("[1].log", "b\n");
	gives("read [1].log" TO_TXT, "b\n", 1);
	gives("read ?.log" TO_TXT, "a\n", 1);
	fails("read ?.log glob=off" TO_TXT, "cannot open '?.log'");
	unlink("[1].log");
	gives("read [1].log" TO_TXT, "a\n", 1);
	fails("read *.txt" TO_TXT, "no file is called like '*.txt'");
	pipe_leave_folder();
}
END_TEST

START_TEST(bytes_of_all_files_stand_behind_each_other)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("1", "a");
	pipe_put_text("2", "");
	pipe_put_text("3", "b\n");
	ck_assert_int_eq(pipe_run("read [1-3] ! write out", &stats, &err), 0);
	pipe_file_holds("out", "ab\n");
	ck_assert_uint_eq(stats.source_bytes, 3);
	ck_assert_uint_eq(stats.source_bytes_total, 3);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/read_files", headers_of_all_files_are_taken_away,
	a_header_that_differs_is_told_with_both_files,
	a_quote_left_open_ends_with_its_file,
	columns_may_stand_in_another_order,
	a_column_says_which_file_a_row_is_of,
	every_parser_can_say_which_file_a_row_is_of,
	records_with_lengths_say_which_file_they_are_of,
	a_record_that_is_rejected_is_no_more_than_itself,
	messages_name_the_file_and_its_own_line,
	lines_do_not_run_on_into_the_next_file,
	each_line_of_json_is_of_one_file, every_file_has_its_own_decoder,
	without_glob_a_path_is_a_path,
	bytes_of_all_files_stand_behind_each_other)
