/*
 * A job: read a table, keep the late flights, take three columns, write them,
 * and account for every record.
 *
 *	02_job examples/data/flights.csv late.csv
 */
#include <inttypes.h>
#include <stdio.h>

#include <leat/leat.h>

static int
build(struct leat_graph *graph, const char *in, const char *out,
	struct leat_error *err)
{
	struct leat_read_opts from = {
		LEAT_OPTS_INIT(leat_read_opts), .path = in};
	struct leat_where_opts late = {
		LEAT_OPTS_INIT(leat_where_opts), .condition = "delay > 60"};
	struct leat_select_opts columns = {LEAT_OPTS_INIT(leat_select_opts),
		.columns = "date,minutes=delay,destination"};
	struct leat_write_opts to = {
		LEAT_OPTS_INIT(leat_write_opts), .path = out};
	struct leat_step steps[] = {
		{&leat_read_ops, &from},
		{&leat_csv_parse_ops, NULL}, /* NULL: all defaults */
		{&leat_where_ops, &late},
		{&leat_select_ops, &columns},
		{&leat_csv_format_ops, NULL},
		{&leat_write_ops, &to},
	};

	/* options are copied: they need not live longer than this call */
	return leat_graph_chain(
		graph, steps, sizeof(steps) / sizeof(steps[0]), err);
}

static void
print_balance(const struct leat_graph *graph)
{
	struct leat_graph_stats total;

	leat_graph_stats(graph, &total);
	for (uint32_t k = 0; k < total.n_stages; k++) {
		struct leat_stage_stats s;

		if (leat_stage_stats(graph, k, &s) < 0)
			continue;
		printf("%-12s in %6" PRIu64 "  read %6" PRIu64
		       "  filtered %6" PRIu64 "  out %6" PRIu64
		       "  written %6" PRIu64 "\n",
			s.name, s.in, s.read, s.filtered, s.out, s.written);
	}
	printf("read %" PRIu64 " = written %" PRIu64 " + filtered %" PRIu64
	       ": %s\n",
		total.read, total.written, total.filtered,
		total.is_balanced ? "balanced" : "NOT balanced");
}

int
main(int argc, char **argv)
{
	struct leat_graph *graph = NULL;
	struct leat_error err;
	int rc;

	if (argc != 3) {
		fprintf(stderr, "usage: 02_job FLIGHTS.csv OUT.csv\n");
		return 2;
	}
	rc = leat_graph_create(NULL, &graph, &err);
	if (rc == LEAT_OK)
		rc = build(graph, argv[1], argv[2], &err);
	if (rc == LEAT_OK)
		rc = leat_graph_run(graph, &err);
	if (rc == LEAT_OK)
		print_balance(graph);
	else
		fprintf(stderr, "%s: %s\n", err.stage, err.text);
	leat_graph_destroy(graph);
	return rc == LEAT_OK ? 0 : 1;
}
