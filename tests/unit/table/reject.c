/*
 * tests of table/reject.c: the record as it stood in its source.
 */
#include "support/pipe.h"
#include "support/test.h"

/* Dead letters of a graph over a file. */
static void
letters_are(const char *path, const char *data, const char *stages,
	const char *letters)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &leat_stages, .dead_letters = "dead.ndjson"};
	struct leat_graph *graph = NULL;
	struct leat_error err = {0};
	char text[512];

	pipe_enter_folder();
	pipe_put_text(path, data);
	snprintf(text, sizeof(text), "read %s ! %s ! write out.csv", path,
		stages);
	if (leat_graph_create(&opts, &graph, &err) ||
		leat_graph_parse(graph, text, &err) ||
		leat_graph_run(graph, &err))
		ck_abort_msg("%s: %s", text, err.text);
	leat_graph_destroy(graph);
	pipe_letters_are("dead.ndjson", letters);
	pipe_leave_folder();
}

START_TEST(fields_are_handed_on_with_their_quotes)
{
	letters_are("a.csv", "n,s\n1,x\nn/a,\"y \"\"z\"\"\"\n3,\n",
		"cast n:int64 on_error=dead-letter",
		"\"stage\":\"cast\",\"code\":\"LEAT_EDATA\",\"class\":"
		"\"data\",\"reason\":"
		"\"column 'n' has 'n/a', where a whole number (int64) is "
		"wanted\",\"attempts\":1,\"file\":\"a.csv\",\"line\":3,"
		"\"column\":1,"
		"\"offset\":8,\"head\":\"n,s\",\"record\":\"n/a,\\\"y "
		"\\\"\\\"z\\\"\\\"\\\"\"}"
		"\n");
}
END_TEST

START_TEST(a_line_is_handed_on_where_values_are_pieces_of_it)
{
	letters_are("a.ndjson", "{\"n\":\"1\"}\n{\"n\":\"x\"}\n",
		"cast n:int64 on_error=dead-letter",
		"\"stage\":\"cast\",\"code\":\"LEAT_EDATA\",\"class\":"
		"\"data\",\"reason\":"
		"\"column 'n' has 'x', where a whole number (int64) is "
		"wanted\",\"attempts\":1,\"file\":\"a.ndjson\",\"line\":2,"
		"\"column\":7,"
		"\"offset\":16,\"record\":\"{\\\"n\\\":\\\"x\\\"}\"}\n");
}
END_TEST

START_TEST(values_are_handed_on_where_there_is_no_source)
{
	letters_are("a.csv", "n\n1\n2\n",
		"group s=sum(n),n=count() ! derive x=1/(n-2) "
		"on_error=dead-letter",
		"\"stage\":\"derive\",\"code\":\"LEAT_EDATA\",\"class\":"
		"\"data\",\"reason\":"
		"\"'1/(n-2)': division by zero; nullif(b, 0) makes it null\","
		"\"attempts\":1,\"file\":\"a.csv\",\"values\":true,"
		"\"record\":\"3,2\"}\n");
}
END_TEST

TEST_MAIN("table/reject", fields_are_handed_on_with_their_quotes,
	a_line_is_handed_on_where_values_are_pieces_of_it,
	values_are_handed_on_where_there_is_no_source)
