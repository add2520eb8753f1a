/*
 * unit/graph/explain.c -- the plan for people.
 */
#include "unit/graph/fake.h"

static char buf[8192];

static void
says(const char *line)
{
	ck_assert_msg(strstr(buf, line) != NULL, "no '%s' in:\n%s", line, buf);
}

START_TEST(nothing_is_explained_before_the_check)
{
	struct leat_graph *g = fake_parsed("read a ! drop");

	buf[0] = 'x';
	ck_assert_uint_eq(leat_graph_explain(g, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "");
	leat__graph_free(g);
}
END_TEST

START_TEST(segments_links_pool_and_side_memory_are_listed)
{
	struct leat_graph *g =
		fake_checked("read a.csv ! where x ! csv.format ! write b");
	size_t n = leat_graph_explain(g, buf, sizeof(buf));

	ck_assert_uint_eq(n, strlen(buf));
	says("segments: 3 on 3 threads (1 worker)\n");
	says("  1   thread  read\n");
	says("  2   worker  csv.parse -> where -> csv.format\n");
	says("  3   thread  write\n");
	says("  read -> csv.parse    bytes  4 frames   of 97.7 KiB\n");
	says("  csv.parse -> where   table  fused      of 195.3 KiB, in 97.7 "
	     "KiB\n");
	says("frames of 64 KiB    = ");
	says("links 4, held 1, reserved 1");
	says("  csv.parse  1 MiB\n");
	says("at most ");
	leat__graph_free(g);
}
END_TEST

START_TEST(the_sums_add_up)
{
	struct leat_graph *g = fake_checked("read a.csv ! head ! drop");
	char words[64], size[32];

	leat_graph_explain(g, buf, sizeof(buf));
	snprintf(words, sizeof(words), "at most %s: ",
		leat__size_text(leat_graph_bound_bytes(g), size));
	says(words);
	leat__graph_free(g);
}
END_TEST

START_TEST(ends_have_numbers_where_there_are_several)
{
	struct leat_graph *g =
		fake_checked("numbers ! tee ! merge ! drop tee.1 ! merge.");

	leat_graph_explain(g, buf, sizeof(buf));
	says("  tee.0 -> merge.0");
	says("  tee.1 -> merge.1");
	leat__graph_free(g);
}
END_TEST

START_TEST(text_is_cut_where_there_is_no_room)
{
	struct leat_graph *g = fake_checked("read a ! drop");
	size_t n = leat_graph_explain(g, buf, sizeof(buf));
	char small[9];

	ck_assert_uint_eq(leat_graph_explain(g, small, sizeof(small)), n);
	ck_assert_str_eq(small, "segments");
	ck_assert_uint_eq(leat_graph_explain(g, NULL, 0), n);
	leat__graph_free(g);
}
END_TEST

TEST_MAIN("graph/explain", nothing_is_explained_before_the_check,
	segments_links_pool_and_side_memory_are_listed, the_sums_add_up,
	ends_have_numbers_where_there_are_several,
	text_is_cut_where_there_is_no_room)
