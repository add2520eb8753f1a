/*
 * unit/graph/implied.c -- what file names and open ends bring along.
 */
#include "unit/graph/fake.h"

START_TEST(a_known_suffix_brings_its_parser)
{
	fake_shows("read a.csv ! head ! drop",
		"read a.csv ! csv.parse ! head ! drop\n");
	fake_shows("read dir.x/A.CSV ! head ! drop",
		"read dir.x/A.CSV ! csv.parse ! head ! drop\n");
	fake_shows("read a.tsv ! where x ! drop",
		"read a.tsv ! csv.parse sep=tab ! where x ! drop\n");
}
END_TEST

START_TEST(a_parser_is_not_put_before_a_filter_that_takes_bytes)
{
	fake_shows("read a.csv ! lines.parse ! drop",
		"read a.csv ! lines.parse ! drop\n");
}
END_TEST

START_TEST(a_file_of_records_is_read_as_records_on_its_way_into_a_file)
{
	fake_shows("read a.csv ! write b.csv",
		"read a.csv ! csv.parse ! csv.format ! write b.csv\n");
	fake_shows("read a.csv ! write b.json",
		"read a.csv ! csv.parse ! json.format ! write b.json\n");
	fake_shows("read a ! write b", "read a ! write b\n");
}
END_TEST

START_TEST(an_unknown_suffix_brings_nothing)
{
	fake_shows("read a ! drop", "read a ! drop\n");
	fake_shows("read a.xyz ! drop", "read a.xyz ! drop\n");
	fake_shows("read .csv ! drop", "read .csv ! drop\n");
	fake_shows("read a.json ! drop", "read a.json ! drop\n");
	fake_shows("read - ! drop", "read - ! drop\n");
}
END_TEST

START_TEST(a_known_suffix_brings_its_formatter)
{
	fake_shows("read a.csv ! head ! write b.json",
		"read a.csv ! csv.parse ! head ! json.format ! write b.json\n");
	fake_shows("read a.csv ! head ! head ! write b.tsv",
		"read a.csv ! csv.parse ! head ! head ! csv.format sep=tab ! "
		"write b.tsv\n");
}
END_TEST

START_TEST(the_longest_suffix_wins)
{
	fake_shows("read a.s.txt ! head ! write b.s.txt",
		"read a.s.txt ! csv.parse ! head ! json.format ! write "
		"b.s.txt\n");
	fake_shows("read a.txt ! head ! write b.txt",
		"read a.txt ! lines.parse ! head ! lines.format ! write "
		"b.txt\n");
}
END_TEST

START_TEST(a_formatter_that_does_not_fit_gives_way_to_one_that_does)
{
	fake_shows("read a.csv ! head ! write b.txt",
		"read a.csv ! csv.parse ! head ! csv.format ! write b.txt\n");
	fake_shows("read a.csv ! head ! write b.xyz",
		"read a.csv ! csv.parse ! head ! csv.format ! write b.xyz\n");
}
END_TEST

START_TEST(standard_output_gets_what_fits)
{
	fake_shows("read a.csv ! head ! write -",
		"read a.csv ! csv.parse ! head ! csv.format ! write -\n");
	fake_shows("read a.txt ! head ! write -",
		"read a.txt ! lines.parse ! head ! lines.format ! write -\n");
	fake_shows("read a ! head ! write -", "read a ! head ! write -\n");
}
END_TEST

START_TEST(a_formatter_is_not_put_behind_one)
{
	fake_shows("read a.csv ! csv.parse ! json.format ! write b.csv",
		"read a.csv ! csv.parse ! json.format ! write b.csv\n");
}
END_TEST

START_TEST(an_open_end_goes_to_standard_output)
{
	fake_shows("read a.csv ! where x",
		"read a.csv ! csv.parse ! where x ! csv.format ! write -\n");
	fake_shows("read a.txt ! head",
		"read a.txt ! lines.parse ! head ! lines.format ! write -\n");
	fake_shows("read a", "read a ! write -\n");
	fake_shows("read a.csv",
		"read a.csv ! csv.parse ! csv.format ! write -\n");
	fake_shows("read a ! tee name=t t.1 ! drop",
		"read a ! tee name=t ! write -\nt.1 ! drop\n");
}
END_TEST

START_TEST(implied_stages_are_marked_and_have_no_place)
{
	struct leat_graph *g = fake_parsed("read a.csv ! head");
	uint32_t n = 0;

	for (uint32_t k = 0; k < g->n_stages; k++) {
		const struct leat_stage *st = g->stages[k];
		bool is_written = st->place.n_bytes > 0;

		ck_assert(st->is_implied == !is_written);
		n += st->is_implied;
	}
	ck_assert_uint_eq(n, 3);
	leat__graph_free(g);
}
END_TEST

START_TEST(stages_added_by_calls_bring_nothing)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *numbers = fake_add(g, &fake_numbers, NULL);
	struct leat_error err;

	ck_assert_int_eq(leat_graph_parse(g, "read a ! drop", NULL), LEAT_OK);
	ck_assert_ptr_null(numbers->outs[0]);
	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_EINVAL);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_set_without_formatters_and_sinks_adds_none)
{
	static const struct leat_stage_ops *const stages[] = {
		&fake_read, &fake_lines_parse};
	static const struct leat_stage_set set = {
		.size = (uint32_t)sizeof(set), .n_stages = 2, .stages = stages};
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .stages = &set};
	struct leat_graph *g;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(&opts, &g, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_parse(g, "read a.csv ! lines.parse", NULL), LEAT_OK);
	ck_assert_uint_eq(g->n_stages, 2);
	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "put a sink behind it"));
	leat__graph_free(g);
}
END_TEST

START_TEST(a_set_that_names_a_wrong_parser_is_told_so)
{
	static const struct leat_extension extensions[] = {
		{".csv", "csv.pars", NULL}, {NULL, NULL, NULL}};
	struct leat_stage_set set = fake_set;
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .stages = &set};
	struct leat_graph *g;
	struct leat_error err;

	set.extensions = extensions;
	ck_assert_int_eq(leat_graph_create(&opts, &g, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_graph_parse(g, "read a.csv ! head", &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "csv.pars"));
	ck_assert_uint_eq(err.at_bytes, 0);
	leat__graph_free(g);
}
END_TEST

TEST_MAIN("graph/implied", a_known_suffix_brings_its_parser,
	a_parser_is_not_put_before_a_filter_that_takes_bytes,
	a_file_of_records_is_read_as_records_on_its_way_into_a_file,
	an_unknown_suffix_brings_nothing, a_known_suffix_brings_its_formatter,
	the_longest_suffix_wins,
	a_formatter_that_does_not_fit_gives_way_to_one_that_does,
	standard_output_gets_what_fits, a_formatter_is_not_put_behind_one,
	an_open_end_goes_to_standard_output,
	implied_stages_are_marked_and_have_no_place,
	stages_added_by_calls_bring_nothing,
	a_set_without_formatters_and_sinks_adds_none,
	a_set_that_names_a_wrong_parser_is_told_so)
