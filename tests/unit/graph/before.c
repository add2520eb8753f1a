/*
 * Stages that others need right before them, who looks at values, and options
 * that a source hands to its parser: with the ready-made stages.
 */
#include "graph/graph.h"
#include "support/pipe.h"
#include "support/test.h"

static struct leat_graph *graph;
static struct leat_error err;

static void
begin(void)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &leat_stages, .workers = 2};

	pipe_enter_folder();
	pipe_put_text("a.csv", "a;b\n1;2\n");
	pipe_put_text("b.csv", "a,b\n1,2\n");
	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
}

static void
end(void)
{
	leat_graph_destroy(graph);
	pipe_leave_folder();
}

/* Parse and check; 0 or the code. */
static int
check(const char *text)
{
	int rc = leat_graph_parse(graph, text, &err);

	return rc ? rc : leat_graph_check(graph, &err);
}

static struct leat_stage *
stage(const char *name)
{
	return leat__graph_find(graph, name, strlen(name));
}

START_TEST(what_a_parser_needs_is_put_before_it)
{
	begin();
	ck_assert_int_eq(check("read b.csv ! csv.parse ! count"), LEAT_OK);
	ck_assert_ptr_nonnull(stage("csv.cut"));
	ck_assert_ptr_eq(stage("csv.cut")->ins[0]->from, stage("read"));
	ck_assert_ptr_eq(stage("csv.cut")->outs[0]->to, stage("csv.parse"));
	end();
}
END_TEST

START_TEST(so_it_is_in_a_chain_of_ops)
{
	struct leat_read_opts read = {
		LEAT_OPTS_INIT(leat_read_opts), .path = "a.csv"};
	struct leat_csv_parse_opts parse = {
		LEAT_OPTS_INIT(leat_csv_parse_opts), .sep = ';'};
	struct leat_write_opts write = {
		LEAT_OPTS_INIT(leat_write_opts), .path = "out"};
	struct leat_step steps[] = {{&leat_read_ops, &read},
		{&leat_csv_parse_ops, &parse}, {&leat_csv_format_ops, NULL},
		{&leat_write_ops, &write}};

	begin();
	ck_assert_int_eq(leat_graph_chain(graph, steps, 4, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_OK);
	pipe_file_holds("out", "a,b\n1,2\n");
	end();
}
END_TEST

START_TEST(one_that_stands_there_is_enough)
{
	begin();
	ck_assert_int_eq(check("read a.csv ! csv.cut sep=; ! "
			       "csv.parse sep=; ! count"),
		LEAT_OK);
	ck_assert_ptr_null(stage("csv.cut2"));
	end();
}
END_TEST

START_TEST(what_a_formatter_needs_is_put_behind_it)
{
	begin();
	ck_assert_int_eq(
		check("read b.csv ! csv.format sep=; ! write c.csv"), LEAT_OK);
	ck_assert_ptr_nonnull(stage("csv.gather"));
	ck_assert_ptr_eq(
		stage("csv.gather")->ins[0]->from, stage("csv.format"));
	ck_assert_ptr_eq(stage("csv.gather")->outs[0]->to, stage("write"));
	ck_assert_uint_eq(stage("csv.format")->segment->n_replicas, 2);
	ck_assert_uint_eq(stage("csv.gather")->segment->n_replicas, 1);
	ck_assert_uint_eq(
		((const struct leat_csv_format_opts *)stage("csv.gather")->opts)
			->sep,
		';');
	ck_assert_int_eq(leat_graph_check(graph, &err), LEAT_OK);
	ck_assert_ptr_null(stage("csv.gather2"));
	end();
}
END_TEST

START_TEST(it_has_the_options_of_the_stage)
{
	const struct leat_csv_parse_opts *opts;

	begin();
	ck_assert_int_eq(check("read a.csv ! csv.parse sep=; header=off "
			       "max_record_bytes=99 schema=c1:string ! count"),
		LEAT_OK);
	opts = stage("csv.cut")->opts;
	ck_assert_uint_eq(opts->sep, ';');
	ck_assert_uint_eq(opts->header, 1);
	ck_assert_uint_eq(opts->max_record_bytes, 99);
	ck_assert_str_eq(opts->schema, "c1:string");
	end();
}
END_TEST

START_TEST(what_is_said_of_it_is_said_of_the_stage)
{
	const char *text = "read b.csv ! csv.parse schema=c:date ! count";

	begin();
	ck_assert_int_eq(check(text), LEAT_EINVAL);
	ck_assert_str_eq(err.stage, "csv.parse");
	ck_assert_int_eq(err.at_offset, strstr(text, "c:date") - text);
	end();
}
END_TEST

START_TEST(a_light_stage_rides_on_the_thread_of_a_source)
{
	begin();
	ck_assert_int_eq(check("read b.csv ! count"), LEAT_OK);
	ck_assert(stage("csv.cut")->segment->is_blocking);
	ck_assert_ptr_eq(stage("csv.cut")->segment, stage("read")->segment);
	ck_assert(!stage("csv.parse")->segment->is_blocking);
	ck_assert_uint_eq(stage("csv.parse")->segment->n_replicas, 2);
	end();
}
END_TEST

/* Else rows would stay there for as long as the source waits outside. */
START_TEST(what_holds_something_back_does_not_ride_on_a_source)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &leat_stages, .workers = 1};

	begin();
	leat_graph_destroy(graph);
	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_int_eq(
		check("read b.csv ! where \"a = 1\" ! write c.csv"), LEAT_OK);
	ck_assert_ptr_eq(stage("where")->segment, stage("read")->segment);
	ck_assert(!stage("csv.gather")->ins[0]->is_fused);
	ck_assert(!stage("csv.gather")->segment->is_blocking);
	end();
}
END_TEST

/* Unless somebody has said how much. */
START_TEST(behind_a_source_that_lets_frames_gather_there_is_room_for_them)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &leat_stages, .workers = 1, .capacity_frames = 5};

	begin();
	ck_assert_int_eq(check("read b.csv ! count"), LEAT_OK);
	ck_assert_uint_eq(stage("csv.parse")->ins[0]->capacity_frames,
		leat__max_u64(3 * graph->opts.capacity_frames, 4));
	ck_assert_uint_eq(stage("write")->ins[0]->capacity_frames,
		graph->opts.capacity_frames);
	leat_graph_destroy(graph);
	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_int_eq(check("read b.csv ! count"), LEAT_OK);
	ck_assert_uint_eq(stage("csv.parse")->ins[0]->capacity_frames, 5);
	end();
}
END_TEST

START_TEST(behind_anything_else_it_is_a_stage_like_others)
{
	begin();
	ck_assert_int_eq(
		check("read b.csv ! upper ! csv.parse ! count"), LEAT_OK);
	ck_assert(!stage("csv.cut")->segment->is_blocking);
	end();
}
END_TEST

START_TEST(values_are_wanted_where_somebody_looks)
{
	static const struct {
		const char *text;
		bool is_wanted;
	} cases[] = {{"read b.csv ! count", false},
		{"read b.csv ! where \"a = 1\" ! count", true},
		{"read b.csv ! write c.csv", true},
		{"read b.csv ! tee block name=t ! count ! write c.csv "
		 "t. ! write d.csv",
			true}};

	for (size_t k = 0; k < leat__array_len(cases); k++) {
		begin();
		ck_assert_msg(check(cases[k].text) == LEAT_OK, "%s", err.text);
		ck_assert(leat_stage_values_wanted(stage("csv.parse")) ==
			cases[k].is_wanted);
		end();
	}
}
END_TEST

START_TEST(a_source_hands_options_to_its_parser)
{
	const struct leat_csv_parse_opts *opts;

	begin();
	ck_assert_int_eq(
		check("read sep=; a.csv on_error=skip ! count"), LEAT_OK);
	opts = stage("csv.parse")->opts;
	ck_assert_uint_eq(opts->sep, ';');
	ck_assert_uint_eq(stage("csv.parse")->on_error, LEAT_ON_ERROR_SKIP);
	end();
}
END_TEST

static void
fails(const char *text, const char *said, const char *at)
{
	begin();
	ck_assert_int_eq(check(text), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, said) != NULL, "%s", err.text);
	ck_assert_int_eq(err.at_offset, strstr(text, at) - text);
	end();
}

START_TEST(an_option_that_nobody_knows_is_an_error)
{
	fails("read a.csv chunk_byte=4k ! count",
		"of stage 'read' (did you mean 'chunk_bytes'?)", "chunk_byte");
	fails("read a.csv strickt=on ! count",
		"of stage 'csv.parse' (did you mean 'strict'?)", "strickt");
	fails("read a.csv header=maybe ! count", "on", "maybe");
	fails("read a.bin sep=; ! csv.parse ! count",
		"as in read PATH ! csv.parse sep=...", "sep");
	fails("read a.csv sep=; ! csv.parse ! count",
		"as in read PATH ! csv.parse sep=...", "sep");
	fails("read a.csv sep=; sep=, ! count", "twice", ", !");
}
END_TEST

TEST_MAIN("graph/before", what_a_parser_needs_is_put_before_it,
	so_it_is_in_a_chain_of_ops, one_that_stands_there_is_enough,
	what_a_formatter_needs_is_put_behind_it,
	it_has_the_options_of_the_stage,
	what_is_said_of_it_is_said_of_the_stage,
	a_light_stage_rides_on_the_thread_of_a_source,
	what_holds_something_back_does_not_ride_on_a_source,
	behind_a_source_that_lets_frames_gather_there_is_room_for_them,
	behind_anything_else_it_is_a_stage_like_others,
	values_are_wanted_where_somebody_looks,
	a_source_hands_options_to_its_parser,
	an_option_that_nobody_knows_is_an_error)
