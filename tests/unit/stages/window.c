/*
 * window: which rows fall into which windows, when these end, and who is late.
 */
#include "support/typed.h"

#define HEADER "ts:timestamp,k,x:int64\n"

START_TEST(tumbling_windows_stand_beside_each_other)
{
	typed_gives("window tumbling size=1h time=ts n=count() s=sum(x)",
		HEADER "2001-01-01T00:00:00Z,a,1\n2001-01-01T00:59:59Z,b,2\n"
		       "2001-01-01T01:00:00Z,a,3\n2001-01-01T05:30:00Z,a,4\n",
		"window_start,window_end,n,s\n"
		"2001-01-01T00:00:00Z,2001-01-01T01:00:00Z,2,3\n"
		"2001-01-01T01:00:00Z,2001-01-01T02:00:00Z,1,3\n"
		"2001-01-01T05:00:00Z,2001-01-01T06:00:00Z,1,4\n");
}
END_TEST

START_TEST(groups_of_a_window_come_as_they_appeared)
{
	typed_gives("window tumbling size=1h time=ts by=k n=count()",
		HEADER "2001-01-01T00:00:00Z,b,1\n2001-01-01T00:01:00Z,a,2\n"
		       "2001-01-01T00:02:00Z,b,3\n2001-01-01T01:00:00Z,a,4\n",
		"window_start,window_end,k,n\n"
		"2001-01-01T00:00:00Z,2001-01-01T01:00:00Z,b,2\n"
		"2001-01-01T00:00:00Z,2001-01-01T01:00:00Z,a,1\n"
		"2001-01-01T01:00:00Z,2001-01-01T02:00:00Z,a,1\n");
}
END_TEST

START_TEST(times_before_1970_fall_into_their_windows)
{
	typed_gives("window tumbling size=1h time=ts n=count()",
		HEADER "1969-12-31T22:30:00Z,,\n1969-12-31T23:00:00Z,,\n"
		       "1969-12-31T23:59:59Z,,\n1970-01-01T00:00:00Z,,\n",
		"window_start,window_end,n\n"
		"1969-12-31T22:00:00Z,1969-12-31T23:00:00Z,1\n"
		"1969-12-31T23:00:00Z,1970-01-01T00:00:00Z,2\n"
		"1970-01-01T00:00:00Z,1970-01-01T01:00:00Z,1\n");
}
END_TEST

START_TEST(sliding_windows_overlap)
{
	typed_gives("window sliding size=1h step=20m time=ts n=count()",
		HEADER "2001-01-01T00:10:00Z,,\n2001-01-01T00:30:00Z,,\n"
		       "2001-01-01T01:00:00Z,,\n",
		"window_start,window_end,n\n"
		"2000-12-31T23:20:00Z,2001-01-01T00:20:00Z,1\n"
		"2000-12-31T23:40:00Z,2001-01-01T00:40:00Z,2\n"
		"2001-01-01T00:00:00Z,2001-01-01T01:00:00Z,2\n"
		"2001-01-01T00:20:00Z,2001-01-01T01:20:00Z,2\n"
		"2001-01-01T00:40:00Z,2001-01-01T01:40:00Z,1\n"
		"2001-01-01T01:00:00Z,2001-01-01T02:00:00Z,1\n");
}
END_TEST

START_TEST(a_step_need_not_divide_the_size)
{
	typed_gives("window sliding size=50m step=20m time=ts n=count()",
		HEADER "2001-01-01T00:00:00Z,,\n2001-01-01T00:45:00Z,,\n",
		"window_start,window_end,n\n"
		"2000-12-31T23:20:00Z,2001-01-01T00:10:00Z,1\n"
		"2000-12-31T23:40:00Z,2001-01-01T00:30:00Z,1\n"
		"2001-01-01T00:00:00Z,2001-01-01T00:50:00Z,2\n"
		"2001-01-01T00:20:00Z,2001-01-01T01:10:00Z,1\n"
		"2001-01-01T00:40:00Z,2001-01-01T01:30:00Z,1\n");
}
END_TEST

START_TEST(windows_by_rows_count_them)
{
	typed_gives("window tumbling rows=2 n=count() s=sum(x)",
		"x:int64\n1\n2\n3\n4\n5\n",
		"window_first,window_last,n,s\n1,2,2,3\n3,4,2,7\n5,5,1,5\n");
	typed_gives("window sliding rows=3 step_rows=2 s=sum(x) by=k",
		"x:int64,k\n1,a\n2,b\n3,a\n4,a\n",
		"window_first,window_last,k,s\n1,1,a,1\n1,3,a,4\n1,3,b,2\n"
		"3,4,a,7\n");
}
END_TEST

START_TEST(a_day_may_be_a_time_and_so_may_text)
{
	typed_gives("window tumbling size=48h time=d n=count()",
		"d:date\n2001-01-01\n2001-01-02\n2001-01-03\n",
		"window_start,window_end,n\n"
		"2000-12-31T00:00:00Z,2001-01-02T00:00:00Z,1\n"
		"2001-01-02T00:00:00Z,2001-01-04T00:00:00Z,2\n");
	typed_gives("window tumbling size=1h time=d n=count()",
		"d:string\n2001-01-01 00:10\n2001-01-01T00:20:00Z\n",
		"window_start,window_end,n\n"
		"2001-01-01T00:00:00Z,2001-01-01T01:00:00Z,2\n");
}
END_TEST

/* ---- lateness ------------------------------------------------------------ */

START_TEST(a_row_may_come_late_while_its_window_is_open)
{
	typed_gives("window tumbling size=1h lateness=10m time=ts n=count()",
		HEADER "2001-01-01T00:50:00Z,,\n2001-01-01T01:09:59Z,,\n"
		       "2001-01-01T00:00:00Z,,\n2001-01-01T01:10:00Z,,\n",
		"window_start,window_end,n\n"
		"2001-01-01T00:00:00Z,2001-01-01T01:00:00Z,2\n"
		"2001-01-01T01:00:00Z,2001-01-01T02:00:00Z,2\n");
}
END_TEST

START_TEST(a_row_that_comes_too_late_is_rejected)
{
	typed_fails("window tumbling size=1h lateness=10m time=ts n=count()",
		HEADER "2001-01-01T00:50:00Z,,\n2001-01-01T01:10:00Z,,\n"
		       "2001-01-01T00:57:00Z,,\n",
		"in.csv:4:1: late by 3 min 0 s: its window has ended");
	typed_fails("window tumbling size=1h time=ts n=count()",
		HEADER "2001-01-01T01:00:00Z,,\n2001-01-01T00:00:00Z,,\n",
		"late by 60 min 0 s");
	typed_fails("window session gap=1h time=ts n=count()",
		HEADER "2001-01-09T01:00:00Z,,\n2001-01-01T00:00:00Z,,\n",
		"late by 8 d 1 h");
}
END_TEST

START_TEST(late_rows_that_are_skipped_are_counted)
{
	struct leat_graph_stats stats;
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv",
		HEADER
		"2001-01-01T00:50:00Z,,\n2001-01-01T01:10:00Z,,\n"
		"2001-01-01T00:57:00Z,,\n,,\nx,,\n2001-01-01T01:57:00Z,,\n");
	ck_assert_int_eq(
		typed_run_stages("window tumbling size=1h time=ts n=count() "
				 "on_error=skip",
			131072, &stats, &err),
		LEAT_OK);
	pipe_file_holds("out.csv",
		"window_start,window_end,n\n"
		"2001-01-01T00:00:00Z,2001-01-01T01:00:00Z,1\n"
		"2001-01-01T01:00:00Z,2001-01-01T02:00:00Z,2\n");
	ck_assert_uint_eq(stats.failed, 3);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_late_row_counts_in_the_windows_that_are_open)
{
	typed_gives("window sliding size=1h step=30m time=ts n=count()",
		HEADER "2001-01-01T00:20:00Z,,\n2001-01-01T00:40:00Z,,\n"
		       "2001-01-01T00:25:00Z,,\n",
		"window_start,window_end,n\n"
		"2000-12-31T23:30:00Z,2001-01-01T00:30:00Z,1\n"
		"2001-01-01T00:00:00Z,2001-01-01T01:00:00Z,3\n"
		"2001-01-01T00:30:00Z,2001-01-01T01:30:00Z,1\n");
}
END_TEST

/* ---- sessions ------------------------------------------------------------ */

START_TEST(sessions_last_as_long_as_rows_follow)
{
	typed_gives("window session gap=30m time=ts by=k n=count() f=first(x)",
		HEADER "2001-01-01T00:00:00Z,a,1\n2001-01-01T00:10:00Z,b,2\n"
		       "2001-01-01T00:29:59Z,a,3\n2001-01-01T00:40:00Z,b,4\n"
		       "2001-01-01T02:00:00Z,a,5\n",
		"window_start,window_end,k,n,f\n"
		"2001-01-01T00:10:00Z,2001-01-01T00:40:00Z,b,1,2\n"
		"2001-01-01T00:00:00Z,2001-01-01T00:59:59Z,a,2,1\n"
		"2001-01-01T00:40:00Z,2001-01-01T01:10:00Z,b,1,4\n"
		"2001-01-01T02:00:00Z,2001-01-01T02:30:00Z,a,1,5\n");
}
END_TEST

START_TEST(rows_of_a_session_may_come_late)
{
	typed_gives("window session gap=10m lateness=1h time=ts n=count() "
		    "f=first(x) l=last(x)",
		HEADER "2001-01-01T00:20:00Z,,3\n2001-01-01T00:05:00Z,,1\n"
		       "2001-01-01T00:12:00Z,,2\n2001-01-01T00:40:00Z,,4\n",
		"window_start,window_end,n,f,l\n"
		"2001-01-01T00:05:00Z,2001-01-01T00:30:00Z,3,1,3\n"
		"2001-01-01T00:40:00Z,2001-01-01T00:50:00Z,1,4,4\n");
}
END_TEST

/* Times that go to and fro within lateness; the answer needs no order. */
START_TEST(sessions_of_many_rows_are_those_of_the_rows_in_order)
{
	char *text = malloc(1 << 20), *at = text;
	char *in_order, *to_and_fro;
	size_t n;

	for (uint32_t pass = 0; pass < 2; pass++) {
		struct leat_error err = {0};

		pipe_enter_folder();
		at = text + sprintf(text, HEADER);
		for (uint32_t k = 0; k < 6016; k++) {
			uint32_t s = pass ? k ^ 31u : k;

			s = s * 7 + s / 50 * 40;
			at += sprintf(at,
				"2001-01-%02uT%02u:%02u:%02uZ,k%u,%u\n",
				1 + s / 86400, s / 3600 % 24, s / 60 % 60,
				s % 60, s / 7 % 13, s);
		}
		pipe_put_file("in.csv", text, (size_t)(at - text));
		ck_assert_msg(
			typed_run_stages("window session gap=100s lateness=1h "
					 "time=ts by=k n=count() s=sum(x)",
				4096, NULL, &err) == LEAT_OK,
			"%s", err.text);
		if (!pass)
			in_order = pipe_get_file("out.csv", &n);
		else
			to_and_fro = pipe_get_file("out.csv", &n);
		pipe_leave_folder();
	}
	ck_assert_uint_gt(n, 1000);
	ck_assert(strcmp(in_order, to_and_fro) == 0);
	free(in_order);
	free(to_and_fro);
	free(text);
}
END_TEST

/* ---- frames, limits, mistakes -------------------------------------------- */

START_TEST(windows_do_not_depend_on_frames)
{
	pipe_gives("csv.parse ! window tumbling rows=2 by=k n=count() ! "
		   "csv.format",
		"k\na\nb\na\na\nb\n",
		"window_first,window_last,k,n\n1,2,a,1\n1,2,b,1\n3,4,a,2\n"
		"5,5,b,1\n");
}
END_TEST

START_TEST(without_rows_there_is_no_window)
{
	typed_gives("window tumbling size=1h time=ts n=count()", HEADER,
		"window_start,window_end,n\n");
}
END_TEST

START_TEST(more_results_than_a_frame_holds_all_come)
{
	char *text = malloc(30000 * 8), *at = text;
	struct leat_graph_stats stats;
	struct leat_error err;

	pipe_enter_folder();
	at += sprintf(at, "x:int64\n");
	for (uint32_t k = 0; k < 30000; k++)
		at += sprintf(at, "%u\n", k);
	pipe_put_file("in.csv", text, (size_t)(at - text));
	ck_assert_int_eq(typed_run_stages("window tumbling rows=1 s=sum(x)",
				 131072, &stats, &err),
		LEAT_OK);
	ck_assert_uint_eq(stats.made, 30000);
	ck_assert_uint_eq(stats.written, 30000);
	pipe_leave_folder();
	free(text);
}
END_TEST

START_TEST(more_windows_than_memory_holds_fail)
{
	char *text = malloc(30000 * 32), *at = text;
	struct leat_error err;

	pipe_enter_folder();
	at += sprintf(at, "ts:timestamp\n");
	for (uint32_t k = 0; k < 30000; k++)
		at += sprintf(at, "2001-01-01T%02u:%02u:%02uZ\n", k / 3600,
			k / 60 % 60, k % 60);
	pipe_put_file("in.csv", text, (size_t)(at - text));
	ck_assert_int_eq(
		typed_run_stages("window tumbling size=1s lateness=24h "
				 "time=ts n=count() memory=256k",
			131072, NULL, &err),
		LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "the windows that are open"));
	ck_assert_ptr_nonnull(strstr(err.text, "memory="));
	ck_assert_int_eq(typed_run_stages("window session gap=1s lateness=24h "
					  "time=ts n=count() memory=256k",
				 131072, NULL, &err),
		LEAT_ELIMIT);
	pipe_leave_folder();
	free(text);
}
END_TEST

START_TEST(windows_stand_beside_each_other_if_nobody_says_otherwise)
{
	typed_gives("window rows=2 n=count()", "x:int64\n1\n2\n3\n",
		"window_first,window_last,n\n1,2,2\n3,3,1\n");
	typed_gives("window n=count() rows=2 s=sum(x)", "x:int64\n1\n2\n3\n",
		"window_first,window_last,n,s\n1,2,2,3\n3,3,1,3\n");
	typed_gives("window size=7d time=d n=count()",
		"d:date\n2001-01-04\n2001-01-10\n2001-01-11\n",
		"window_start,window_end,n\n"
		"2001-01-04T00:00:00Z,2001-01-11T00:00:00Z,2\n"
		"2001-01-11T00:00:00Z,2001-01-18T00:00:00Z,1\n");
}
END_TEST

START_TEST(a_window_that_makes_no_sense_is_refused)
{
	static const char *const cases[][2] = {
		{"window tumbling time=ts n=count()", "either a size="},
		{"window tumbling size=1h rows=5 time=ts n=count()",
			"either a size="},
		{"window tumbling size=1h gap=1s time=ts n=count()",
			"gap= is for sessions"},
		{"window tumbling size=1h n=count()", "need time=COLUMN"},
		{"window tumbling rows=5 time=ts n=count()",
			"those by rows none"},
		{"window tumbling size=1h step=1m time=ts n=count()",
			"are sliding ones"},
		{"window sliding size=1h time=ts n=count()",
			"a sliding window needs a step"},
		{"window sliding size=1h step=2h time=ts n=count()",
			"at most the size"},
		{"window sliding size=24h step=1ms time=ts n=count()",
			"a 10000th part"},
		{"window sliding size=1h step_rows=2 time=ts n=count()",
			"step_rows= with rows="},
		{"window session time=ts n=count()", "told by its gap alone"},
		{"window session gap=1h size=1h time=ts n=count()",
			"told by its gap alone"},
		{"window tumbling rows=5 lateness=1h n=count()",
			"knows no lateness"},
		{"window tumbling rows=5", "no result is given"},
		{"window tumbling size=1h time=x n=count()",
			"column 'x' is int64, where a timestamp or a date"},
		{"window tumbling size=1h time=ts,x n=count()",
			"the name of one column is wanted"},
		{"window tumbling size=1h time=tx n=count()", "no column 'tx'"},
		{"window tumbling rows=5 window_first=count()",
			"two columns would be called 'window_first'"},
		{"window tumbling rows=5 sum(z)", "no column 'z'"},
	};

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		typed_fails(
			cases[k][0], HEADER "2001-01-01,a,1\n", cases[k][1]);
}
END_TEST

TEST_MAIN("stages/window", tumbling_windows_stand_beside_each_other,
	windows_stand_beside_each_other_if_nobody_says_otherwise,
	groups_of_a_window_come_as_they_appeared,
	times_before_1970_fall_into_their_windows, sliding_windows_overlap,
	a_step_need_not_divide_the_size, windows_by_rows_count_them,
	a_day_may_be_a_time_and_so_may_text,
	a_row_may_come_late_while_its_window_is_open,
	a_row_that_comes_too_late_is_rejected,
	late_rows_that_are_skipped_are_counted,
	a_late_row_counts_in_the_windows_that_are_open,
	sessions_last_as_long_as_rows_follow, rows_of_a_session_may_come_late,
	sessions_of_many_rows_are_those_of_the_rows_in_order,
	windows_do_not_depend_on_frames, without_rows_there_is_no_window,
	more_results_than_a_frame_holds_all_come,
	more_windows_than_memory_holds_fail,
	a_window_that_makes_no_sense_is_refused)
