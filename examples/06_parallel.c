/*
 * Between one and four replicas of a chain, in order: lines in, upper case,
 * lines out.
 *
 *	printf 'a\nb\n' | 06_parallel
 */
#include <stdio.h>

#include <leat/leat.h>

static int
build(struct leat_graph *graph, struct leat_error *err)
{
	struct leat_read_opts from = {
		LEAT_OPTS_INIT(leat_read_opts), .path = "-"};
	struct leat_write_opts to = {
		LEAT_OPTS_INIT(leat_write_opts), .path = "-"};
	struct leat_parallel_opts opts = {LEAT_OPTS_INIT(leat_parallel_opts),
		.is_ordered = 1, .least = 1, .most = 4};
	struct leat_step chain[] = {{&leat_upper_ops, NULL}};
	struct leat_step steps[] = {{&leat_read_ops, &from},
		{&leat_lines_parse_ops, NULL}, {&leat_lines_format_ops, NULL},
		{&leat_write_ops, &to}};
	struct leat_stage *stages[4];
	struct leat_end in, out;

	for (int k = 0; k < 4; k++)
		if (leat_graph_add(graph, NULL, &steps[k], &stages[k], err))
			return err->code;
	if (leat_parallel(graph, &opts, chain, 1, &in, &out, err) ||
		leat_graph_link(graph, leat_out(stages[0], 0),
			leat_in(stages[1], 0), NULL, err) ||
		leat_graph_link(graph, leat_out(stages[1], 0), in, NULL, err) ||
		leat_graph_link(graph, out, leat_in(stages[2], 0), NULL, err) ||
		leat_graph_link(graph, leat_out(stages[2], 0),
			leat_in(stages[3], 0), NULL, err))
		return err->code;
	return LEAT_OK;
}

static void
print_resizes(const struct leat_graph *graph)
{
	struct leat_resize all[LEAT_RESIZES_KEPT];
	uint32_t n = leat_graph_resizes(graph, 0, all, LEAT_RESIZES_KEPT);

	for (uint32_t k = 0; k < n; k++)
		fprintf(stderr, "%s: %u -> %u, %s\n", all[k].stage,
			all[k].n_before, all[k].n_after,
			leat_resize_text(all[k].why));
}

int
main(void)
{
	struct leat_graph *graph = NULL;
	struct leat_error err;

	if (leat_graph_create(NULL, &graph, &err) || build(graph, &err) ||
		leat_graph_run(graph, &err))
		fprintf(stderr, "%s\n", err.text);
	else
		print_resizes(graph);
	leat_graph_destroy(graph);
}
