/*
 * Columns that nobody looks at: csv.parse and json.parse leave them out, and
 * everything else is as if they did not.
 */
#include "graph/graph.h"
#include "support/pipe.h"
#include "support/test.h"
#include <leat/stages.h>

#define HEADER "a,b,c,d,e,f,g,h\n"
#define JSON                                                                   \
	"{\"a\":1,\"b\":\"x\",\"c\":null,\"d\":4}\n"                           \
	"{\"a\":5,\"b\":\"y\\n\",\"c\":7,\"d\":8}\n"

/* The columns that a stage of a graph gives, "a b c". */
static void
columns_are(const char *text, const char *stage, const char *names)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .stages = &leat_stages};
	const struct leat_schema *schema = NULL;
	struct leat_graph *graph = NULL;
	struct leat_error err;
	char found[256] = "";

	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_msg(
		leat_graph_parse(graph, text, &err) == LEAT_OK, "%s", err.text);
	ck_assert_msg(leat_graph_check(graph, &err) == LEAT_OK, "%s", err.text);
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (!strcmp(graph->stages[k]->name, stage))
			schema = graph->stages[k]->out_shape.schema;
	ck_assert_ptr_nonnull(schema);
	for (uint32_t k = 0; k < schema->n_columns; k++) {
		strcat(found, k ? " " : "");
		strcat(found, schema->columns[k].name);
	}
	ck_assert_str_eq(found, names);
	leat_graph_destroy(graph);
}

START_TEST(a_parser_has_the_columns_that_somebody_looks_at)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", HEADER "1,2,3,4,5,6,7,8\n");
	columns_are("read in.csv ! where \"b > 1\" ! select c ! write o.csv",
		"csv.parse", "b c");
	columns_are("read in.csv ! head ! select x=d,a ! sample every=1 ! "
		    "write o.csv",
		"csv.parse", "a d");
	columns_are("read in.csv ! group by=b n=count() x=sum(a) ! write o.csv",
		"csv.parse", "a b");
	pipe_put_text("in.ndjson", JSON);
	columns_are("read in.ndjson ! where \"d > 1\" ! select b ! write o.csv",
		"json.parse", "b d");
	pipe_leave_folder();
}
END_TEST

START_TEST(it_has_all_where_somebody_may_look_at_all)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", HEADER "1,2,3,4,5,6,7,8\n");
	columns_are("read in.csv ! where \"b > 1\" ! write o.csv", "csv.parse",
		"a b c d e f g h");
	columns_are("read in.csv ! derive x=a ! select x ! write o.csv",
		"csv.parse", "a b c d e f g h");
	columns_are("read in.csv ! tee name=t slow=block ! select a ! "
		    "write o.csv "
		    "t. ! select b ! write p.csv",
		"csv.parse", "a b c d e f g h");
	columns_are("read in.csv strict=on ! select a ! write o.csv",
		"csv.parse", "a b c d e f g h");
	columns_are("read in.csv ! select h ! write o.csv", "csv.parse",
		"a b c d e f g h");
	pipe_leave_folder();
}
END_TEST

/* What is added is no column of the parser's, and may be looked at. */
START_TEST(a_lookup_looks_at_its_keys_and_lets_the_rest_pass)
{
	pipe_enter_folder();
	pipe_put_text("in.csv", HEADER "1,2,3,4,5,6,7,8\n");
	pipe_put_text("side.csv", "k,v,w\n2,x,y\n");
	columns_are("read in.csv ! lookup side.csv on=b=k take=v,w ! "
		    "where \"w = 'y'\" ! select v,c ! write o.csv",
		"csv.parse", "b c");
	columns_are("read in.csv ! lookup side.csv on=b=k take=c=v prefix=p_ ! "
		    "select p_c,a ! write o.csv",
		"csv.parse", "a b");
	columns_are("read in.csv ! lookup side.csv on=b=k kind=anti ! "
		    "select a ! write o.csv",
		"csv.parse", "a b");
	columns_are("read in.csv ! lookup side.csv on=b=k take=v ! "
		    "write o.csv",
		"csv.parse", "a b c d e f g h");
	columns_are("read in.csv ! lookup side.csv on=b=k ! select v ! "
		    "write o.csv",
		"csv.parse", "a b c d e f g h");
	pipe_put_text("in.ndjson", JSON);
	columns_are("read in.ndjson ! lookup side.csv on=d=k take=v ! "
		    "select v,b ! write o.csv",
		"json.parse", "b d");
	pipe_leave_folder();
}
END_TEST

/* Be it that nobody looks at the column, either. */
START_TEST(a_name_that_a_lookup_adds_a_second_time_is_told)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv", HEADER "1,2,3,4,5,6,7,8\n");
	pipe_put_text("side.csv", "b,c\n2,x\n");
	ck_assert_int_eq(pipe_run("read in.csv ! lookup side.csv on=b take=c ! "
				  "select a ! write o.csv",
				 NULL, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "a column 'c' already"));
	ck_assert_int_eq(pipe_run("read in.csv ! lookup side.csv on=bb=b "
				  "take=z=c ! select a ! write o.csv",
				 NULL, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "a, b, c, d, e, f, g, h"));
	pipe_leave_folder();
}
END_TEST

START_TEST(a_name_that_is_not_there_is_told_with_all_that_are)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv", "delay,x,y,z\n1,2,3,4\n");
	ck_assert_int_eq(pipe_run("read in.csv ! where \"dely > 1\" ! "
				  "select x ! write o.csv",
				 NULL, &err),
		LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'delay'"));
	ck_assert_ptr_nonnull(strstr(err.text, "delay, x, y, z"));
	pipe_leave_folder();
}
END_TEST

/* Lines of a file by some stages. NULL: they fail at the second line. */
static void
lines_give(const char *stages, const char *lines, const char *out)
{
	struct leat_error err;
	char text[256];
	int rc;

	snprintf(text, sizeof(text), "read in.ndjson ! %s ! write o.csv",
		stages);
	pipe_enter_folder();
	pipe_put_text("in.ndjson", lines);
	rc = pipe_run(text, NULL, &err);
	if (out) {
		ck_assert_msg(rc == LEAT_OK, "%s", err.text);
		pipe_file_holds("o.csv", out);
	} else {
		ck_assert_int_eq(rc, LEAT_EDATA);
		ck_assert_ptr_nonnull(strstr(err.text, "in.ndjson:2:"));
	}
	pipe_leave_folder();
}

static void
runs(const char *text)
{
	struct leat_error err;

	ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s", err.text);
}

START_TEST(rows_are_what_they_were)
{
	pipe_gives("csv.parse ! where \"b > 1\" ! select c,a ! csv.format",
		HEADER "1,2,\"x,y\",4,5,6,7,8\n\n9,1,z,4,5,6,7,8\r\n"
		       "\"q\"\"\",3,,\"4\n4\",5,6,7,8\r\n",
		"c,a\n\"x,y\",1\n,\"q\"\"\"\n");
	pipe_enter_folder();
	pipe_put_text("side.csv", "k,v\n1,p\n4,\"q,\"\n4,\n");
	pipe_put_text("in.csv",
		HEADER
		"4,2,\"x,y\",4,5,6,7,8\r\n\"1\",,\"\"\"\",4,5,\"6\n\",7,8"
		"\n,3,z,4,5,6,7,8\n");
	runs("read in.csv ! lookup side.csv on=a=k take=v kind=left ! "
	     "select c,v,b ! write o.csv");
	pipe_file_holds("o.csv",
		"c,v,b\n\"x,y\",\"q,\",2\n\"x,y\",,2\n\"\"\"\",p,\nz,,3\n");
	runs("read in.csv ! lookup side.csv on=a=k take=v "
	     "duplicates=first ! select v,b ! write o.csv");
	pipe_file_holds("o.csv", "v,b\n\"q,\",2\np,\n");
	pipe_leave_folder();
	lines_give("where \"d > 3\" ! select b", JSON, "b\nx\n\"y\n\"\n");
	lines_give("select c ! json.format", JSON, "{\"c\":null}\n{\"c\":7}\n");
}
END_TEST

START_TEST(a_row_that_is_bad_behind_what_is_looked_at_is_found)
{
	pipe_fails("csv.parse ! select a ! csv.format",
		HEADER "1,2,3,4,5,6,7,8\n1,2,3,4,5,6,7\n",
		"pipe:3:1: row has 7 fields, the header has 8");
	pipe_gives("csv.parse on_error=skip ! select b ! csv.format",
		HEADER "1,2,3,4,5,6,7,8\n1,2,3\n3,4,5,6,7,8,9,0\n"
		       "5,6,7,8,9,0,1,\"2\"3\n7,8,9,0,1,2,3,4\n",
		"b\n2\n4\n8\n");
	lines_give("select a", "{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":02}\n", NULL);
	lines_give("select a",
		"{\"a\":1,\"b\":\"x\"}\n{\"a\":1,\"b\":\"\\ud800\"}\n", NULL);
}
END_TEST

/* What is kept is the whole record, and the place that of the value. */
START_TEST(a_letter_has_all_of_its_record)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.csv", HEADER "1,2,3,4,5,6,7,8\n9,x,7,6,5,4,3,2\n");
	ck_assert_msg(pipe_run("read in.csv ! where \"b > 1\" "
			       "on_error=dead-letter dead_letters=dead ! "
			       "select a ! write out.csv",
			      NULL, &err) == LEAT_OK,
		"%s", err.text);
	pipe_file_holds("out.csv", "a\n1\n");
	pipe_letters_are("dead",
		"\"stage\":\"where\",\"code\":\"LEAT_EDATA\","
		"\"class\":\"data\",\"reason\":\"column 'b' has 'x', where a "
		"number is wanted\",\"attempts\":1,\"file\":\"in.csv\","
		"\"line\":3,\"column\":3,\"offset\":34,"
		"\"head\":\"a,b,c,d,e,f,g,h\","
		"\"record\":\"9,x,7,6,5,4,3,2\"}\n");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/wanted", a_parser_has_the_columns_that_somebody_looks_at,
	it_has_all_where_somebody_may_look_at_all,
	a_lookup_looks_at_its_keys_and_lets_the_rest_pass,
	a_name_that_a_lookup_adds_a_second_time_is_told,
	a_name_that_is_not_there_is_told_with_all_that_are,
	rows_are_what_they_were,
	a_row_that_is_bad_behind_what_is_looked_at_is_found,
	a_letter_has_all_of_its_record)
