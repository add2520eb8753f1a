/*
 * unit/graph/path.c -- what holds on the way from a source to a sink.
 */
#include "graph/graph.h"
#include "support/test.h"
#include <leat/path.h>

static struct leat_graph *g;
static struct leat_path path;
static char folder[] = "/tmp/leat-path.XXXXXX";

static void
checked(const char *text)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2};
	struct leat_error err = {0};

	ck_assert_int_eq(leat_graph_create(&opts, &g, &err), 0);
	ck_assert_msg(leat_graph_parse(g, text, &err) == 0, "%s", err.text);
	ck_assert_msg(leat_graph_check(g, &err) == 0, "%s", err.text);
}

static void
the_path(uint32_t k)
{
	ck_assert_int_eq(leat_graph_path(g, k, &path), LEAT_OK);
}

/* Facts of the stage with this name on the path. */
static uint32_t
facts(const char *name)
{
	struct leat_path_stage st;

	for (uint32_t j = 0; j < path.n_stages; j++) {
		ck_assert_int_eq(leat_path_stage(g, &path, j, &st), LEAT_OK);
		if (strcmp(st.name, name) == 0)
			return st.facts;
	}
	ck_abort_msg("no stage %s on the path", name);
	return 0;
}

START_TEST(a_source_that_reads_again_and_a_whole_file_are_exactly_once)
{
	checked("gen 10 count=5 ! csv.format ! write /tmp/leat-path.csv");
	the_path(0);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_EXACTLY_ONCE);
	ck_assert_uint_eq(path.flags,
		LEAT_PATH_AGAIN | LEAT_PATH_WHOLE | LEAT_PATH_STOPS);
	ck_assert_uint_eq(facts("write") & LEAT_FACT_BLOCKS, LEAT_FACT_BLOCKS);
	ck_assert_int_eq(leat_graph_path(g, 1, &path), LEAT_EINVAL);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(what_is_out_at_once_comes_twice_or_is_lost)
{
	checked("gen 10 count=5 ! csv.format ! write -");
	the_path(0);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_AT_LEAST_ONCE);
	leat_graph_destroy(g);
	checked("read - ! write -");
	the_path(0);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_AT_MOST_ONCE);
	leat_graph_destroy(g);
	checked("read - ! write /tmp/leat-path.csv");
	the_path(0);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_AT_MOST_ONCE);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(who_sheds_loses_and_lets_go_of_its_branch_alone)
{
	checked("gen 10 count=5 ! tee block,shed name=t ! csv.format ! "
		"write /tmp/leat-path.a\n"
		"t. ! csv.format ! write /tmp/leat-path.b");
	the_path(0);
	ck_assert_uint_eq(path.flags & LEAT_PATH_STOPS, LEAT_PATH_STOPS);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_EXACTLY_ONCE);
	ck_assert_uint_eq(facts("t") & LEAT_FACT_SHEDS, 0);
	the_path(1);
	ck_assert_uint_eq(path.flags & LEAT_PATH_STOPS, 0);
	ck_assert_uint_eq(path.flags & LEAT_PATH_LOSES, LEAT_PATH_LOSES);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_AT_MOST_ONCE);
	ck_assert_uint_eq(facts("t") & LEAT_FACT_SHEDS, LEAT_FACT_SHEDS);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(guards_that_shed_and_records_that_are_skipped_are_lost)
{
	checked("gen 10 count=5 ! @rate(items=5, over=shed) csv.format ! "
		"write /tmp/leat-path.a");
	the_path(0);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_AT_MOST_ONCE);
	ck_assert_uint_eq(
		facts("csv.format") & LEAT_FACT_SHEDS, LEAT_FACT_SHEDS);
	leat_graph_destroy(g);
	checked("gen 10 count=5 ! @rate(items=5) csv.format ! "
		"write /tmp/leat-path.a");
	the_path(0);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_EXACTLY_ONCE);
	leat_graph_destroy(g);
	checked("gen 10 count=5 ! derive x=n*n on_error=skip(3) ! csv.format ! "
		"write /tmp/leat-path.a");
	the_path(0);
	ck_assert_uint_eq(path.delivery, LEAT_DELIVERY_AT_MOST_ONCE);
	ck_assert_uint_eq(facts("derive") & LEAT_FACT_SKIPS, LEAT_FACT_SKIPS);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(order_is_lost_where_branches_come_together_as_they_come)
{
	checked("gen 10 count=5 ! split name=s ! m.  s. ! m.\n"
		"merge name=m ! csv.format ! write /tmp/leat-path.a");
	the_path(0);
	ck_assert_uint_eq(
		path.flags & LEAT_PATH_UNORDERED, LEAT_PATH_UNORDERED);
	ck_assert_uint_eq(facts("m") & LEAT_FACT_MIXES, LEAT_FACT_MIXES);
	leat_graph_destroy(g);
	checked("gen 10 count=5 ! split name=s ! m.  s. ! m.\n"
		"merge stamp name=m ! csv.format ! write /tmp/leat-path.a");
	the_path(0);
	ck_assert_uint_eq(path.flags & LEAT_PATH_UNORDERED, 0);
	leat_graph_destroy(g);
	/* of two sources each keeps its own */
	checked("gen 10 count=5 ! m.  gen 10 count=5 ! m.\n"
		"merge name=m ! csv.format ! write /tmp/leat-path.a");
	the_path(0);
	ck_assert_uint_eq(path.flags & LEAT_PATH_UNORDERED, 0);
	the_path(1);
	ck_assert_uint_eq(path.source, 1);
	leat_graph_destroy(g);
	checked("gen 10 count=5 ! sort n ! csv.format ! write "
		"/tmp/leat-path.a");
	the_path(0);
	ck_assert_uint_eq(path.flags & LEAT_PATH_SORTED, LEAT_PATH_SORTED);
	ck_assert_uint_eq(facts("sort") & LEAT_FACT_HOLDS, LEAT_FACT_HOLDS);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(who_writes_into_what_others_read_copies)
{
	checked("gen 10 count=5 ! tee block name=t ! derive x=n*n ! csv.format "
		"! write /tmp/leat-path.a\n"
		"t. ! csv.format ! write /tmp/leat-path.b");
	the_path(0);
	ck_assert_uint_eq(facts("derive") & LEAT_FACT_COPIES, LEAT_FACT_COPIES);
	leat_graph_destroy(g);
	checked("gen 10 count=5 ! derive x=n*n ! csv.format ! "
		"write /tmp/leat-path.a");
	the_path(0);
	ck_assert_uint_eq(facts("derive") & LEAT_FACT_COPIES, 0);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(bytes_of_the_stages_are_those_of_the_path_and_in_the_bound)
{
	struct leat_path_stage st;
	uint64_t pool = 0, side = 0;

	checked("gen 10 count=5 ! tee block name=t ! sort n ! csv.format ! "
		"write /tmp/leat-path.a\n"
		"t. ! csv.format ! write /tmp/leat-path.b");
	the_path(0);
	for (uint32_t j = 0; j < path.n_stages; j++) {
		ck_assert_int_eq(leat_path_stage(g, &path, j, &st), LEAT_OK);
		pool += st.pool_bytes;
		side += st.side_bytes;
	}
	ck_assert_uint_eq(pool, path.pool_bytes);
	ck_assert_uint_eq(side, path.side_bytes);
	ck_assert_uint_gt(pool, 0);
	ck_assert_uint_lt(pool + side, leat_graph_bound_bytes(g));
	ck_assert_int_eq(
		leat_path_stage(g, &path, path.n_stages, &st), LEAT_EINVAL);
	leat_graph_destroy(g);
}
END_TEST

START_TEST(before_the_check_there_are_no_paths)
{
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(NULL, &g, &err), 0);
	ck_assert_int_eq(leat_graph_parse(g, "gen 1 ! write -", &err), 0);
	ck_assert_int_eq(leat_graph_path(g, 0, &path), LEAT_ESTATE);
	leat_graph_destroy(g);
}
END_TEST

/* ---- probes -------------------------------------------------------------- */

START_TEST(a_probe_looks_and_leaves_nothing)
{
	char text[256], path_[128];
	struct leat_error err = {0};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path_, sizeof(path_), "%s/out.csv", folder);
	snprintf(text, sizeof(text), "gen 10 count=5 ! csv.format ! write %s",
		path_);
	checked(text);
	for (uint32_t k = 0; k < g->n_stages; k++)
		ck_assert_msg(
			leat_graph_probe(g, k, &err) == 0, "%s", err.text);
	ck_assert_int_eq(leat_graph_probe(g, g->n_stages, &err), LEAT_EINVAL);
	leat_graph_destroy(g);
	/* not even what it was written beside */
	ck_assert_int_eq(remove(folder), 0);
}
END_TEST

START_TEST(a_probe_tells_what_cannot_be_opened_and_where_it_stands)
{
	struct leat_error err = {0};

	checked("gen 10 count=5 ! csv.format ! write /nowhere/out.csv");
	ck_assert_int_eq(leat_graph_probe(g, g->n_stages - 1, &err), LEAT_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere"));
	ck_assert_str_eq(err.stage, "write");
	leat_graph_destroy(g);
	checked("gen 10 count=5 ! derive x=n*n dead_letters=/nowhere/d.json ! "
		"csv.format ! write -");
	ck_assert_int_eq(leat_graph_probe(g, 1, &err), LEAT_EIO);
	leat_graph_destroy(g);
}
END_TEST

TEST_MAIN("graph/path",
	a_source_that_reads_again_and_a_whole_file_are_exactly_once,
	what_is_out_at_once_comes_twice_or_is_lost,
	who_sheds_loses_and_lets_go_of_its_branch_alone,
	guards_that_shed_and_records_that_are_skipped_are_lost,
	order_is_lost_where_branches_come_together_as_they_come,
	who_writes_into_what_others_read_copies,
	bytes_of_the_stages_are_those_of_the_path_and_in_the_bound,
	before_the_check_there_are_no_paths, a_probe_looks_and_leaves_nothing,
	a_probe_tells_what_cannot_be_opened_and_where_it_stands)
