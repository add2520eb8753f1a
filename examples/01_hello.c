/*
 * Lines in, upper case, lines out.
 *
 *	printf 'hello\n' | 01_hello
 */
#include <stdio.h>

#include <leat/leat.h>

int
main(void)
{
	struct leat_read_opts from = {
		LEAT_OPTS_INIT(leat_read_opts), .path = "-"};
	struct leat_write_opts to = {
		LEAT_OPTS_INIT(leat_write_opts), .path = "-"};
	struct leat_step steps[] = {{&leat_read_ops, &from},
		{&leat_lines_parse_ops, NULL}, {&leat_upper_ops, NULL},
		{&leat_lines_format_ops, NULL}, {&leat_write_ops, &to}};
	struct leat_graph *graph = NULL;
	struct leat_error err;

	if (leat_graph_create(NULL, &graph, &err) ||
		leat_graph_chain(graph, steps, 5, &err) ||
		leat_graph_run(graph, &err))
		fprintf(stderr, "%s\n", err.text);
	leat_graph_destroy(graph);
}
